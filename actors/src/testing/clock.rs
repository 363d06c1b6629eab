//! Time that only a test moves.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use crate::{clock::Clock, domain::Timestamp};

/// Starts at a fixed instant and stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

/// 2026-01-05 12:00:00 UTC, a Monday.
const START_MICROS: i64 = 1_767_614_400_000_000;

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicI64::new(START_MICROS))
    }
}

impl ManualClock {
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).expect("tests move by less than 292,000 years");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    /// Two readings never agree, as on a real clock.
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1, Ordering::SeqCst))
    }
}
