//! When a company answers: opening hours, holidays and time zone together, and the clocks that run only
//! while it is open.
//!
//! A shift belongs to the day on which it begins: one past midnight runs on into a holiday, and none
//! begins on one unless the company says so. Shifts that overlap count once.

pub mod holidays;
#[cfg(test)]
mod tests;

use std::time::Duration;

use time::{Date, Weekday};

use super::{
    Timestamp,
    settings::{Interval, OpeningHours},
    time_zone::TimeZone,
};
use holidays::OwnHolidays;

const MINUTE_MICROS: i64 = 60 * 1_000_000;
const DAY_MICROS: i64 = 24 * 60 * MINUTE_MICROS;
/// The Julian day of 1 January 1970.
const EPOCH_JULIAN_DAY: i64 = 2_440_588;
/// How far one question reaches, ten years: longer than any ticket lives, and a bound for a calendar that
/// never opens.
const DAYS_MAX: i64 = 3_653;

/// Which holidays are kept.
#[derive(Debug, Clone, Copy)]
pub struct Holidays<'s> {
    /// Those that the company lists; they win over the others.
    pub own: &'s OwnHolidays,
    /// Those of the whole country.
    pub has_national: bool,
    /// Carnival and Corpus Christi.
    pub has_optional: bool,
}

/// The hours of one company or department.
#[derive(Debug, Clone, Copy)]
pub struct Calendar<'s> {
    pub hours: &'s OpeningHours,
    pub holidays: Holidays<'s>,
    pub zone: TimeZone,
}

impl Calendar<'_> {
    /// Open at this instant; the end of a shift is no longer part of it.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let today = self.day_of(at);
        [today - 1, today]
            .into_iter()
            .flat_map(|day| self.shifts(day))
            .any(|(start, end)| start <= at && at < end)
    }

    /// How long it is open between two instants; zero when `until` does not lie after `from`. What lies
    /// beyond ten years after `from` is not counted.
    pub fn open_between(&self, from: Timestamp, until: Timestamp) -> Duration {
        self.runs(from)
            .take_while(|(start, _)| *start < until)
            .map(|(start, end)| end.min(until).since(start))
            .sum()
    }

    /// The instant at which it will have been open for `duration` since `from`; `from` itself for none. When
    /// that does not happen within ten years, the end of those.
    pub fn plus_open(&self, from: Timestamp, duration: Duration) -> Timestamp {
        let mut left = duration;
        if left.is_zero() {
            return from;
        }
        for (start, end) in self.runs(from) {
            let run = end.since(start);
            if left <= run {
                return start.plus(left);
            }
            left -= run;
        }
        from.plus(Duration::from_micros(u64::try_from(DAYS_MAX * DAY_MICROS).unwrap_or(u64::MAX)))
    }

    /// The next instant at which it is open: `from` itself if it is. `None` when that does not happen within
    /// ten years.
    pub fn next_opening(&self, from: Timestamp) -> Option<Timestamp> {
        self.runs(from).next().map(|(start, _)| start)
    }

    /// Stretches of being open from `from` on, in order, none of them twice or empty.
    fn runs(&self, from: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = self.day_of(from);
        let days = if self.never_opens() { 0 } else { DAYS_MAX };
        let mut covered = from;
        // The shift of yesterday may go on.
        (today - 1..today + days).flat_map(|day| self.shifts(day)).filter_map(
            move |(start, end)| {
                let start = start.max(covered);
                covered = covered.max(end);
                (start < end).then_some((start, end))
            },
        )
    }

    fn never_opens(&self) -> bool {
        let weekdays = [
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
            Weekday::Saturday,
            Weekday::Sunday,
        ];
        weekdays.iter().all(|day| self.hours.of(*day).is_empty())
            && self.holidays.own.0.iter().all(|holiday| holiday.intervals.is_empty())
    }

    /// The shifts that begin on a day, counted in days since 1970 in the company's zone.
    fn shifts(&self, day: i64) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let julian = i32::try_from(EPOCH_JULIAN_DAY.saturating_add(day)).ok();
        let date = julian.and_then(|julian| Date::from_julian_day(julian).ok());
        let intervals = date.map_or(&[][..], |date| self.intervals_on(date));
        let midnight = day.saturating_mul(DAY_MICROS).saturating_sub(self.offset_micros());
        let at = move |minute: u16| {
            Timestamp::from_micros(midnight.saturating_add(i64::from(minute) * MINUTE_MICROS))
        };
        intervals.iter().map(move |run| (at(run.start_minute), at(run.end_of_run())))
    }

    fn intervals_on(&self, date: Date) -> &[Interval] {
        let Holidays { own, has_national, has_optional } = self.holidays;
        match own.on(date) {
            Some(holiday) => &holiday.intervals,
            None if has_national && holidays::is_national(date) => &[],
            None if has_optional && holidays::is_optional(date) => &[],
            None => self.hours.of(date.weekday()),
        }
    }

    fn day_of(&self, at: Timestamp) -> i64 {
        at.micros().saturating_add(self.offset_micros()).div_euclid(DAY_MICROS)
    }

    fn offset_micros(&self) -> i64 {
        self.zone.offset_hours() * 60 * MINUTE_MICROS
    }
}
