//! Instants as the hub keeps them: microseconds since 1970 in UTC.

use std::time::Duration;

use time::{
    OffsetDateTime, UtcOffset,
    macros::{datetime, offset},
};

/// Local time in São Paulo. Brazil has had no summer time since 2019 (Decreto 9.772).
pub const SAO_PAULO: UtcOffset = offset!(-3);

/// The calendar ends with it.
const LAST_INSTANT: OffsetDateTime = datetime!(9999-12-31 23:59:59.999_999 UTC);

/// An instant in UTC with microseconds: INTEGER in SQLite, TIMESTAMPTZ in PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant there is; sorts before every real one.
    pub const EPOCH: Self = Self(0);

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Drops what is finer than a microsecond; instants beyond the range are cut to its ends.
    pub fn from_offset_date_time(at: OffsetDateTime) -> Self {
        let micros = at.unix_timestamp_nanos().div_euclid(1000);
        Self(i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX }))
    }

    /// The calendar form; what lies after the year 9999 is its last instant, what lies before the calendar 1970.
    pub fn to_offset_date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .unwrap_or(if self.0 > 0 { LAST_INSTANT } else { OffsetDateTime::UNIX_EPOCH })
    }

    /// Seconds since the last midnight in São Paulo.
    pub fn second_of_local_day(self) -> i64 {
        let local = self.0.div_euclid(1_000_000) + i64::from(SAO_PAULO.whole_seconds());
        local.rem_euclid(super::notification::DAY_SECONDS)
    }

    /// The time that has passed since `earlier`, zero when `earlier` lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}
