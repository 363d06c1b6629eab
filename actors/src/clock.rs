//! Where the hub's timestamps come from. Injected, so that tests move the time themselves.

use std::fmt::Debug;

use crate::domain::Timestamp;

/// A source of wall-clock time for rows, deadlines and events.
pub trait Clock: Send + Sync + Debug + 'static {
    /// The present instant, in UTC with microseconds.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let now = time::OffsetDateTime::now_utc();
        Timestamp::from_offset_date_time(now)
    }
}
