//! When a number asks the network for what could not be stored. A full disk, or one message that is refused for
//! ever, must not become a storm of new sockets: the pauses grow.

use std::time::Duration;

use tokio::time::Instant;

/// Before the first new socket; each further one is waited for twice as long.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(5);

#[derive(Debug, Clone)]
pub(super) struct Redelivery {
    /// When the network is to be asked.
    due: Option<Instant>,
    /// When it was asked last.
    asked_at: Option<Instant>,
    wait: Duration,
}

impl Default for Redelivery {
    fn default() -> Self {
        Self { due: None, asked_at: None, wait: FIRST }
    }
}

impl Redelivery {
    /// Something was not stored.
    pub(super) fn wanted(&mut self, now: Instant) {
        if self.due.is_some() {
            return;
        }
        // After a time without trouble it begins anew.
        if self.asked_at.is_some_and(|at| now.saturating_duration_since(at) > LONGEST) {
            self.wait = FIRST;
        }
        self.due = Some(now + self.wait);
        self.wait = (self.wait * 2).min(LONGEST);
    }

    /// Ends when the network is to be asked. Cancel-safe.
    pub(super) async fn due(&self) {
        match self.due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// When the network may be asked, if something was not stored; it is asked then.
    pub(super) fn take_due(&mut self) -> Option<Instant> {
        let due = self.due?;
        self.asked(due);
        Some(due)
    }

    /// The network is asked.
    pub(super) fn asked(&mut self, now: Instant) {
        (self.due, self.asked_at) = (None, Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_begin_anew_after_a_quiet_time() {
        let mut redelivery = Redelivery::default();
        let mut waited = Vec::new();
        for _ in 0..11 {
            let begun = Instant::now();
            redelivery.wanted(begun);
            redelivery.wanted(begun);
            redelivery.due().await;
            redelivery.asked(Instant::now());
            waited.push(begun.elapsed().as_secs());
        }
        assert_eq!(waited, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        let nothing = tokio::time::timeout(LONGEST * 2, redelivery.due()).await;
        assert!(nothing.is_err(), "asked once");
        let begun = Instant::now();
        redelivery.wanted(begun);
        redelivery.due().await;
        assert_eq!(begun.elapsed(), FIRST);
    }
}
