//! When the company answers: intervals per weekday, several a day, past midnight if need be.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::Weekday;

const MINUTES_PER_DAY: u16 = 24 * 60;
/// Morning, afternoon, evening and as many again.
const INTERVALS_PER_DAY_MAX: usize = 6;

/// From a minute of the day to another; one that ends before it starts ends on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interval {
    pub start_minute: u16,
    /// Up to 1440, the end of the day.
    pub end_minute: u16,
}

/// Why the intervals of a day cannot be kept. The text is for the person who sent them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadInterval {
    #[error("Informe horários de 00:00 a 24:00.")]
    OutOfDay,
    #[error("O fim deve ser diferente do início; para o dia inteiro, use 00:00 a 24:00.")]
    Empty,
    #[error("Os intervalos do dia não podem se sobrepor.")]
    Overlap,
    #[error("No máximo {INTERVALS_PER_DAY_MAX} intervalos por dia.")]
    TooMany,
}

/// The intervals of each weekday, in order; a day without any is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpeningHours {
    pub monday: Vec<Interval>,
    pub tuesday: Vec<Interval>,
    pub wednesday: Vec<Interval>,
    pub thursday: Vec<Interval>,
    pub friday: Vec<Interval>,
    pub saturday: Vec<Interval>,
    pub sunday: Vec<Interval>,
}

impl Default for OpeningHours {
    /// Monday to Friday, 8 to 18 o'clock (contract §19).
    fn default() -> Self {
        let day = vec![Interval { start_minute: 8 * 60, end_minute: 18 * 60 }];
        Self {
            monday: day.clone(),
            tuesday: day.clone(),
            wednesday: day.clone(),
            thursday: day.clone(),
            friday: day,
            saturday: Vec::new(),
            sunday: Vec::new(),
        }
    }
}

impl OpeningHours {
    /// The intervals that begin on a day of the week.
    pub fn of(&self, day: Weekday) -> &[Interval] {
        match day {
            Weekday::Monday => &self.monday,
            Weekday::Tuesday => &self.tuesday,
            Weekday::Wednesday => &self.wednesday,
            Weekday::Thursday => &self.thursday,
            Weekday::Friday => &self.friday,
            Weekday::Saturday => &self.saturday,
            Weekday::Sunday => &self.sunday,
        }
    }
}

impl Interval {
    /// Checks the intervals of one day and puts them in order.
    pub fn in_order(mut intervals: Vec<Self>) -> Result<Vec<Self>, BadInterval> {
        if intervals.len() > INTERVALS_PER_DAY_MAX {
            return Err(BadInterval::TooMany);
        }
        for interval in &intervals {
            interval.check()?;
        }
        intervals.sort_unstable();
        let overlaps = |pair: &[Self]| pair[1].start_minute < pair[0].end_of_run();
        if intervals.windows(2).any(overlaps) {
            return Err(BadInterval::Overlap);
        }
        Ok(intervals)
    }

    fn check(self) -> Result<(), BadInterval> {
        if self.start_minute >= MINUTES_PER_DAY || self.end_minute > MINUTES_PER_DAY {
            return Err(BadInterval::OutOfDay);
        }
        if self.start_minute == self.end_minute {
            return Err(BadInterval::Empty);
        }
        Ok(())
    }

    /// The end in minutes since the day began, beyond 1440 when it is on the next day.
    pub(crate) const fn end_of_run(self) -> u16 {
        if self.end_minute > self.start_minute {
            self.end_minute
        } else {
            self.end_minute + MINUTES_PER_DAY
        }
    }
}

/// `08:00-18:00`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start_minute, self.end_minute);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

/// For the audit trail: the days that are open, with their intervals.
impl fmt::Display for OpeningHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { monday, tuesday, wednesday, thursday, friday, saturday, sunday } = self;
        let days = [
            ("monday", monday),
            ("tuesday", tuesday),
            ("wednesday", wednesday),
            ("thursday", thursday),
            ("friday", friday),
            ("saturday", saturday),
            ("sunday", sunday),
        ];
        let mut separator = "";
        for (name, intervals) in days.into_iter().filter(|(_, intervals)| !intervals.is_empty()) {
            write!(f, "{separator}{name}")?;
            separator = "; ";
            for interval in intervals {
                write!(f, " {interval}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(start_minute: u16, end_minute: u16) -> Interval {
        Interval { start_minute, end_minute }
    }

    #[test]
    fn several_intervals_a_day_are_put_in_order() {
        let day = vec![interval(13 * 60, 18 * 60), interval(8 * 60, 12 * 60)];
        let ordered = Interval::in_order(day).unwrap();
        assert_eq!(ordered, [interval(8 * 60, 12 * 60), interval(13 * 60, 18 * 60)]);
        let hours = OpeningHours { monday: ordered, ..OpeningHours::default() };
        assert!(hours.to_string().starts_with("monday 08:00-12:00 13:00-18:00; tuesday 08:00"));
    }

    #[test]
    fn a_shift_may_go_past_midnight_but_nothing_may_begin_within_it() {
        let night = interval(22 * 60, 6 * 60);
        assert!(Interval::in_order(vec![interval(8 * 60, 22 * 60), night]).is_ok());
        let within = vec![night, interval(23 * 60, 24 * 60)];
        assert_eq!(Interval::in_order(within), Err(BadInterval::Overlap));
    }

    #[test]
    fn what_makes_no_interval_is_refused() {
        let cases = [
            (vec![interval(60, 60)], BadInterval::Empty),
            (vec![interval(1440, 60)], BadInterval::OutOfDay),
            (vec![interval(0, 1441)], BadInterval::OutOfDay),
            (vec![interval(0, 120), interval(60, 180)], BadInterval::Overlap),
            ((0..7).map(|hour| interval(hour * 60, hour * 60 + 1)).collect(), BadInterval::TooMany),
        ];
        for (day, expected) in cases {
            assert_eq!(Interval::in_order(day.clone()), Err(expected), "{day:?}");
        }
        assert!(Interval::in_order(vec![interval(0, 1440)]).is_ok());
    }
}
