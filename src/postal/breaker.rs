//! Leaves a service in peace that does not answer, so that nobody waits for it in vain.

use std::time::Duration;

use dx_actors::domain::Timestamp;

/// Failures one after the other until nobody asks any more: one may be chance, three are not.
const FAILURES_MAX: u32 = 3;
/// How long the service is left in peace.
const OPEN_FOR: Duration = Duration::from_secs(30);
/// A trial of which nothing was heard for so long is given up and the next request is one.
const TRIAL_MAX: Duration = Duration::from_secs(10);

/// The state of one service. Pure: the caller brings the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaker {
    /// Everybody may ask; so many failures since the last answer.
    Closed { failures: u32 },
    /// Nobody asks before this instant.
    Open { until: Timestamp },
    /// One request tries; it is given up at this instant.
    Trial { until: Timestamp },
}

impl Breaker {
    pub(super) const fn new() -> Self {
        Self::Closed { failures: 0 }
    }

    /// Whether a request may ask the service now. It then has to report how it went.
    pub(super) fn admit(&mut self, now: Timestamp) -> bool {
        match *self {
            Self::Closed { .. } => true,
            Self::Open { until } | Self::Trial { until } if now < until => false,
            Self::Open { .. } | Self::Trial { .. } => {
                *self = Self::Trial { until: now.plus(TRIAL_MAX) };
                true
            }
        }
    }

    pub(super) fn succeeded(&mut self) {
        *self = Self::new();
    }

    pub(super) fn failed(&mut self, now: Timestamp) {
        let failures = match *self {
            Self::Closed { failures } => failures + 1,
            // A late report of somebody who was admitted before.
            Self::Open { .. } => return,
            Self::Trial { .. } => FAILURES_MAX,
        };
        *self = if failures >= FAILURES_MAX {
            Self::Open { until: now.plus(OPEN_FOR) }
        } else {
            Self::Closed { failures }
        };
    }
}

#[cfg(test)]
mod tests {
    use dx_actors::Clock;

    use super::*;
    use crate::test_support::ManualClock;

    #[test]
    fn it_opens_after_three_failures_in_a_row() {
        let now = ManualClock::default().now();
        let mut breaker = Breaker::new();
        breaker.failed(now);
        breaker.failed(now);
        breaker.succeeded();
        breaker.failed(now);
        breaker.failed(now);
        assert!(breaker.admit(now), "an answer in between starts the count anew");
        breaker.failed(now);
        assert!(!breaker.admit(now));
    }

    #[test]
    fn after_half_a_minute_one_request_tries() {
        let clock = ManualClock::default();
        let mut breaker = Breaker::new();
        (0..3).for_each(|_| breaker.failed(clock.now()));
        clock.advance(OPEN_FOR.checked_sub(Duration::from_secs(1)).unwrap());
        assert!(!breaker.admit(clock.now()));
        clock.advance(Duration::from_secs(1));
        assert!(breaker.admit(clock.now()));
        assert!(!breaker.admit(clock.now()), "only one");
        breaker.failed(clock.now());
        assert!(!breaker.admit(clock.now()), "one failed trial is enough");
        clock.advance(OPEN_FOR);
        assert!(breaker.admit(clock.now()));
        breaker.succeeded();
        assert!(breaker.admit(clock.now()) && breaker.admit(clock.now()));
    }

    #[test]
    fn a_trial_that_says_nothing_is_given_up() {
        let clock = ManualClock::default();
        let mut breaker = Breaker::new();
        (0..3).for_each(|_| breaker.failed(clock.now()));
        clock.advance(OPEN_FOR);
        assert!(breaker.admit(clock.now()));
        clock.advance(TRIAL_MAX);
        assert!(breaker.admit(clock.now()));
    }
}
