//! What happened in the service over some days, in figures.
//!
//! Each figure counts at the instant at which it happened, with the department and the agent who had the
//! ticket then: what is past never changes when a ticket is handed over later.

use time::Date;

use super::{AgentId, DepartmentId, Timestamp, time::SAO_PAULO};

/// Ratings are 1 to 5.
pub const RATING_MAX: usize = 5;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// Whole days in São Paulo, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    pub first: Date,
    pub last: Date,
}

impl Days {
    /// The first instant.
    pub fn from(self) -> Timestamp {
        midnight(self.first)
    }

    /// The first instant after the last day.
    pub fn to(self) -> Timestamp {
        Timestamp::from_micros(midnight(self.last).micros().saturating_add(DAY_MICROS))
    }

    /// How many days these are; not positive when the last lies before the first.
    pub fn count(self) -> i64 {
        i64::from(self.last.to_julian_day()) - i64::from(self.first.to_julian_day()) + 1
    }

    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = Date> {
        let days = self.first.to_julian_day()..=self.last.to_julian_day();
        days.filter_map(|day| Date::from_julian_day(day).ok())
    }
}

fn midnight(day: Date) -> Timestamp {
    Timestamp::from_offset_date_time(day.midnight().assume_offset(SAO_PAULO))
}

/// What one line of a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportGrouping {
    Total,
    Day,
    Department,
    Agent,
}

/// Of whom or when a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportKey {
    Total,
    Day(Date),
    Department(DepartmentId),
    Agent(AgentId),
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportLine {
    pub key: ReportKey,
    pub figures: Figures,
}

/// Durations of the same kind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Durations {
    pub count: i64,
    pub total_micros: i64,
    /// Half of them are not longer, in microseconds; between two values in proportion. `None` without any.
    pub p50_micros: Option<f64>,
    /// Nine in ten are not longer.
    pub p90_micros: Option<f64>,
}

/// The figures of one line.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// Tickets that began; credited to whoever had them first.
    pub opened: i64,
    /// Tickets that were closed; credited to whoever had them then.
    pub closed: i64,
    /// Those of them that the hub closed because nobody wrote any more.
    pub auto_closed: i64,
    /// Tickets that ended, closed or cancelled, without anybody ever having had them.
    pub abandoned: i64,
    /// From the opening to the first owner.
    pub wait: Durations,
    /// From the opening to the first answer of a person.
    pub first_answer: Durations,
    /// First answers within the department's response target.
    pub sla_met: i64,
    /// First answers, and tickets that ended unanswered after the target.
    pub sla_total: i64,
    /// Tickets of which a stretch with an owner ended.
    pub handled: i64,
    /// How long those stretches were.
    pub handled_micros: i64,
    /// Tickets with 1, 2, … stars; credited to whoever had them last.
    pub ratings: [i64; RATING_MAX],
    pub transfers_in: i64,
    pub transfers_out: i64,
    pub messages_in: i64,
    /// Written by people.
    pub messages_out: i64,
    /// Written by the hub itself.
    pub messages_automatic: i64,
    pub offers_made: i64,
    pub offers_declined: i64,
    pub offers_expired: i64,
}

impl Durations {
    pub fn mean_micros(&self) -> Option<f64> {
        mean(self.total_micros, self.count)
    }
}

impl Figures {
    pub fn mean_handled_micros(&self) -> Option<f64> {
        mean(self.handled_micros, self.handled)
    }

    pub fn rated(&self) -> i64 {
        self.ratings.iter().sum()
    }

    pub fn mean_rating(&self) -> Option<f64> {
        let stars = (1..).zip(self.ratings).map(|(stars, count)| stars * count).sum();
        mean(stars, self.rated())
    }

    /// Between 0 and 1.
    pub fn sla_share(&self) -> Option<f64> {
        mean(self.sla_met, self.sla_total)
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53: 285 years in microseconds")]
fn mean(total: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| total as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn days_are_those_of_sao_paulo() {
        let days = Days { first: date!(2026 - 01 - 02), last: date!(2026 - 01 - 03) };
        assert_eq!(days.from().micros(), 1_767_322_800_000_000, "03:00 UTC");
        assert_eq!(days.to().since(days.from()).as_secs(), 2 * 86_400);
        assert_eq!((days.count(), days.iter().count()), (2, 2));
        let turned = Days { first: days.last, last: days.first };
        assert_eq!((turned.count(), turned.iter().count()), (0, 0));
    }

    #[test]
    fn shares_of_nothing_are_nothing() {
        let mut figures = Figures::default();
        assert_eq!((figures.mean_rating(), figures.sla_share()), (None, None));
        figures.ratings = [1, 0, 0, 0, 1];
        assert_eq!((figures.rated(), figures.mean_rating()), (2, Some(3.0)));
    }
}
