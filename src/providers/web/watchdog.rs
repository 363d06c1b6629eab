//! Finds connections that look well and hear nothing. The library's own keepalive sees a socket that does
//! not answer; this one also sees a network that answers pings and takes no messages, and does not rely
//! on the keepalive's task being alive.
//!
//! Ping, then a new socket, then a new client. From the last sign of life to the decision that the socket
//! is dead it takes at most 30 + 15 + 10 + 15 + 10 = 80 seconds, and 30 more until the client is replaced.

use std::time::Duration;

use tokio::time::Instant;

/// How often it looks.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How long a ping may take; whatsmeow's deadline (domain facts §3.2).
pub(super) const PING_DEADLINE: Duration = Duration::from_secs(10);
/// Without a sign of life for longer than this, one is asked for; WhatsApp Web asks every 15 to 30 s.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Pings in a row without an answer that make a dead socket.
const MISSES_MAX: u32 = 2;
/// Messages in a row that the network did not confirm, while it answered everything else.
const UNANSWERED_MAX: u32 = 2;
/// How long a new socket may take until the network has taken the number in again.
const COMING_BACK: Duration = Duration::from_secs(30);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    Ping,
    /// A new socket for the same client.
    Reconnect,
    /// A new client.
    Restart,
}

/// What is known of the connection at one look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) is_connected: bool,
    /// Since the last byte of the network.
    pub(super) silence: Duration,
    /// Messages in a row that were not confirmed.
    pub(super) unanswered: u32,
}

#[derive(Debug, Default)]
pub(super) struct Watchdog {
    misses: u32,
    /// A ping is under way.
    is_asking: bool,
    /// A new socket was ordered then.
    reconnecting_since: Option<Instant>,
}

impl Watchdog {
    pub(super) fn look(&mut self, now: Instant, look: Look) -> Step {
        if let Some(since) = self.reconnecting_since {
            let is_late = now.saturating_duration_since(since) >= COMING_BACK;
            return if is_late { Step::Restart } else { Step::Nothing };
        }
        if !look.is_connected {
            // Whatever ended it is told by the library; this is for when it is not.
            return self.reconnect(now);
        }
        if look.unanswered >= UNANSWERED_MAX || self.misses >= MISSES_MAX {
            return self.reconnect(now);
        }
        if look.silence < SILENCE_MAX {
            self.misses = 0;
            return Step::Nothing;
        }
        if self.is_asking {
            return Step::Nothing;
        }
        self.is_asking = true;
        Step::Ping
    }

    fn reconnect(&mut self, now: Instant) -> Step {
        self.reconnecting_since = Some(now);
        Step::Reconnect
    }

    /// The end of a ping.
    pub(super) fn asked(&mut self, is_answered: bool) {
        self.is_asking = false;
        self.misses = if is_answered { 0 } else { self.misses + 1 };
    }

    /// The network has taken the number in.
    pub(super) fn is_back(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Look = Look { is_connected: true, silence: Duration::from_secs(1), unanswered: 0 };

    /// Looks as often as the connection does until something other than a ping is to be done; pings are
    /// answered by `network`.
    async fn until_decided(look: impl Fn(Duration) -> Look, network: bool) -> (Step, Duration) {
        let start = Instant::now();
        let mut watchdog = Watchdog::default();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match watchdog.look(Instant::now(), look(start.elapsed())) {
                Step::Nothing => {}
                Step::Ping => {
                    tokio::time::sleep(PING_DEADLINE).await;
                    watchdog.asked(network);
                }
                step => return (step, start.elapsed()),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_deaf_socket_is_found_within_two_minutes() {
        let look = |silence| Look { silence, ..WELL };
        let (step, after) = until_decided(look, false).await;
        assert_eq!(step, Step::Reconnect);
        assert!(after + COMING_BACK <= Duration::from_mins(2), "{after:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_confirms_no_message_is_deaf_as_well() {
        let (step, after) = until_decided(|_| Look { unanswered: 2, ..WELL }, true).await;
        assert_eq!((step, after), (Step::Reconnect, LOOK_EVERY));
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_night_is_no_fault() {
        let look = |silence| Look { silence, ..WELL };
        let night = tokio::time::timeout(Duration::from_hours(8), until_decided(look, true));
        assert!(night.await.is_err(), "every ping was answered");
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_does_not_come_back_costs_the_client() {
        let mut watchdog = Watchdog::default();
        let gone = Look { is_connected: false, ..WELL };
        assert_eq!(watchdog.look(Instant::now(), gone), Step::Reconnect);
        assert_eq!(watchdog.look(Instant::now(), gone), Step::Nothing);
        tokio::time::advance(COMING_BACK).await;
        assert_eq!(watchdog.look(Instant::now(), gone), Step::Restart);
        watchdog.is_back();
        assert_eq!(watchdog.look(Instant::now(), WELL), Step::Nothing);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_is_an_answer() {
        let mut watchdog = Watchdog::default();
        let quiet = Look { silence: SILENCE_MAX, ..WELL };
        assert_eq!(watchdog.look(Instant::now(), quiet), Step::Ping);
        assert_eq!(watchdog.look(Instant::now(), quiet), Step::Nothing, "one at a time");
        watchdog.asked(false);
        assert_eq!(watchdog.look(Instant::now(), WELL), Step::Nothing);
        assert_eq!(watchdog.look(Instant::now(), quiet), Step::Ping, "it counts from nought again");
    }
}
