//! Waking up at an instant. The runtime's own timers are good to a millisecond, which is as much as
//! many answers take; a thread of its own that the kernel wakes is good to some hundred microseconds.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::Instant,
};

use tokio::sync::oneshot;

/// The thread that wakes everybody; it ends with the last of its handles. What waits is bounded by who
/// waits: each has one wish at a time.
#[derive(Debug, Clone)]
pub(super) struct Alarm(Sender<Wish>);

#[derive(Debug)]
struct Wish {
    at: Instant,
    wake: oneshot::Sender<()>,
}

impl Alarm {
    pub(super) fn start() -> io::Result<Self> {
        let (sender, wishes) = channel();
        thread::Builder::new().name("load-alarm".to_owned()).spawn(move || wake_all(&wishes))?;
        Ok(Self(sender))
    }

    /// Returns at `at`, or at once when that is past. May be given up at any time.
    pub(super) async fn wait_until(&self, at: Instant) {
        if at <= Instant::now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        if self.0.send(Wish { at, wake }).is_err() || woken.await.is_err() {
            // The thread cannot be gone before its handles; if it is, nobody waits for ever.
            tokio::time::sleep_until(at.into()).await;
        }
    }
}

fn wake_all(wishes: &Receiver<Wish>) {
    let mut pending = BinaryHeap::new();
    loop {
        let now = Instant::now();
        while pending.peek().is_some_and(|Reverse(wish): &Reverse<Wish>| wish.at <= now) {
            if let Some(Reverse(wish)) = pending.pop() {
                // Whoever has given up does not want to know.
                let _ = wish.wake.send(());
            }
        }
        let wish = match pending.peek() {
            Some(Reverse(next)) => wishes.recv_timeout(next.at.saturating_duration_since(now)),
            None => wishes.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match wish {
            Ok(wish) => pending.push(Reverse(wish)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Ord for Wish {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Wish {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Wish {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Wish {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn everybody_is_woken_in_turn_and_no_earlier_than_asked() {
        let alarm = Alarm::start().unwrap();
        let begin = Instant::now();
        alarm.wait_until(begin).await;
        let waits = [5, 1, 3].map(|ms| {
            let (alarm, at) = (alarm.clone(), begin + Duration::from_millis(ms));
            tokio::spawn(async move {
                alarm.wait_until(at).await;
                Instant::now() >= at
            })
        });
        for wait in waits {
            assert!(wait.await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_wait_may_be_given_up() {
        let alarm = Alarm::start().unwrap();
        let later = Instant::now() + Duration::from_hours(1);
        let given_up = tokio::time::timeout(Duration::ZERO, alarm.wait_until(later)).await;
        assert!(given_up.is_err());
        let at = Instant::now() + Duration::from_millis(1);
        alarm.wait_until(at).await;
        assert!(Instant::now() >= at);
    }
}
