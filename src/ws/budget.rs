//! How many frames a peer may send: a steady rate with a burst on top.

use std::time::Duration;

use tokio::time::Instant;

use super::close::Farewell;

/// At the steady rate of 50 frames a second: typing, pings and test injections of a whole console
/// stay far below it.
const FRAME_EVERY: Duration = Duration::from_millis(20);
/// Frames that may come at once after a quiet time.
const BURST_FRAMES: u32 = 200;

/// What a peer may still send, as the moment at which it will have paid for all it sent (the generic
/// cell rate algorithm of ITU-T I.371).
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    paid_at: Instant,
}

impl Budget {
    /// A budget of which nothing is spent.
    pub fn full_at(now: Instant) -> Self {
        Self { paid_at: now }
    }

    /// Takes one frame out, or refuses it.
    pub fn spend(&mut self, now: Instant) -> Result<(), Farewell> {
        let paid_at = self.paid_at.max(now) + FRAME_EVERY;
        if paid_at > now + FRAME_EVERY * BURST_FRAMES {
            return Err(Farewell::TOO_OFTEN);
        }
        self.paid_at = paid_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_one_more_does_not() {
        let now = Instant::now();
        let mut budget = Budget::full_at(now);
        assert!((0..BURST_FRAMES).all(|_| budget.spend(now).is_ok()));
        assert_eq!(budget.spend(now), Err(Farewell::TOO_OFTEN));
        assert_eq!(budget.spend(now + FRAME_EVERY), Ok(()));
        assert_eq!(budget.spend(now + FRAME_EVERY), Err(Farewell::TOO_OFTEN));
    }

    #[test]
    fn the_steady_rate_passes_for_ever() {
        let start = Instant::now();
        let mut budget = Budget::full_at(start);
        assert!((0..10_000).all(|frame| budget.spend(start + FRAME_EVERY * frame).is_ok()));
    }
}
