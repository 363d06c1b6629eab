//! Holidays: those of the whole country, those on which most of it only may rest, and a company's own.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, Month};

use crate::domain::settings::Interval;

/// Holidays that a company lists: more than one a week all year.
pub const OWN_HOLIDAYS_MAX: usize = 100;
/// 20 November is a holiday of the country from this year on (Lei 14.759/2023).
const BLACK_AWARENESS_SINCE: i32 = 2024;

/// Holidays of the whole country on fixed days (Lei 662/1949, 6.802/1980, 10.607/2002), without
/// 20 November.
const FIXED: [(Month, u8); 8] = [
    (Month::January, 1),
    (Month::April, 21),
    (Month::May, 1),
    (Month::September, 7),
    (Month::October, 12),
    (Month::November, 2),
    (Month::November, 15),
    (Month::December, 25),
];

/// A day on which the company keeps other hours than on that weekday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    #[serde(with = "written_date")]
    pub date: Date,
    pub name: String,
    /// On this day of every year; else on this date only.
    pub is_yearly: bool,
    /// When the company is open on it all the same; empty when it is closed.
    pub intervals: Vec<Interval>,
}

time::serde::format_description!(written_date, Date, "[year]-[month]-[day]");

impl Holiday {
    fn falls_on(&self, date: Date) -> bool {
        self.date == date
            || (self.is_yearly
                && (self.date.month(), self.date.day()) == (date.month(), date.day()))
    }
}

/// What a company lists itself. These win over the holidays of the country.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnHolidays(pub Vec<Holiday>);

impl OwnHolidays {
    /// The entry for a day; one for this very date wins over one for every year.
    pub fn on(&self, date: Date) -> Option<&Holiday> {
        let mut found = self.0.iter().filter(|holiday| holiday.falls_on(date));
        let first = found.next()?;
        Some(if first.is_yearly {
            found.find(|other| !other.is_yearly).unwrap_or(first)
        } else {
            first
        })
    }
}

/// For the audit trail: `2026-12-24 yearly Véspera de Natal 08:00-12:00; …`.
impl fmt::Display for OwnHolidays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for Holiday { date, name, is_yearly, intervals } in &self.0 {
            let yearly = if *is_yearly { " yearly" } else { "" };
            write!(f, "{separator}{date}{yearly} {name}")?;
            separator = "; ";
            for interval in intervals {
                write!(f, " {interval}")?;
            }
        }
        Ok(())
    }
}

/// Whether nobody in the country has to work: the fixed days, 20 November since 2024, Good Friday.
pub fn is_national(date: Date) -> bool {
    let day = (date.month(), date.day());
    FIXED.contains(&day)
        || (day == (Month::November, 20) && date.year() >= BLACK_AWARENESS_SINCE)
        || days_after_easter(date) == Some(-2)
}

/// Carnival Monday and Tuesday and Corpus Christi, on which most companies may but need not rest (ponto
/// facultativo).
pub fn is_optional(date: Date) -> bool {
    matches!(days_after_easter(date), Some(-48 | -47 | 60))
}

fn days_after_easter(date: Date) -> Option<i32> {
    Some(date.to_julian_day() - easter(date.year())?.to_julian_day())
}

/// Easter Sunday of the Gregorian calendar, by the method of Meeus, Jones and Butcher.
fn easter(year: i32) -> Option<Date> {
    let (century, of_century) = (year.div_euclid(100), year.rem_euclid(100));
    let golden = year.rem_euclid(19);
    let correction = (century + 8) / 25;
    let moon = (century - correction + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moon + 15).rem_euclid(30);
    let to_sunday =
        (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4).rem_euclid(7);
    let late = (golden + 11 * epact + 22 * to_sunday) / 451;
    let days = epact + to_sunday - 7 * late + 114;
    let month = Month::try_from(u8::try_from(days / 31).ok()?).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(days % 31 + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn easter_is_where_the_almanacs_have_it() {
        let known = [
            date!(1961 - 04 - 02),
            date!(2000 - 04 - 23),
            date!(2008 - 03 - 23),
            date!(2011 - 04 - 24),
            date!(2024 - 03 - 31),
            date!(2025 - 04 - 20),
            date!(2026 - 04 - 05),
            date!(2027 - 03 - 28),
            date!(2030 - 04 - 21),
            date!(2038 - 04 - 25),
            date!(2285 - 03 - 22),
        ];
        for expected in known {
            assert_eq!(easter(expected.year()), Some(expected));
        }
    }

    #[test]
    fn the_country_rests_on_ten_days_a_year() {
        let of_year = |year: i32, is_one: fn(Date) -> bool| -> Vec<String> {
            let mut day = Date::from_calendar_date(year, Month::January, 1).unwrap();
            let mut found = Vec::new();
            while day.year() == year {
                if is_one(day) {
                    found.push(format!("{:02}-{:02}", u8::from(day.month()), day.day()));
                }
                day = day.next_day().unwrap();
            }
            found
        };
        let expected = [
            "01-01", "04-03", "04-21", "05-01", "09-07", "10-12", "11-02", "11-15", "11-20",
            "12-25",
        ];
        assert_eq!(of_year(2026, is_national), expected);
        assert!(!is_national(date!(2023 - 11 - 20)), "not yet");
        assert!(is_national(date!(2024 - 11 - 20)));
        assert_eq!(of_year(2026, is_optional), ["02-16", "02-17", "06-04"]);
        assert_eq!(of_year(2025, is_optional), ["03-03", "03-04", "06-19"]);
    }

    #[test]
    fn an_entry_for_the_very_date_wins_over_one_for_every_year() {
        let holiday = |date, name: &str, is_yearly| Holiday {
            date,
            name: name.to_owned(),
            is_yearly,
            intervals: Vec::new(),
        };
        let own = OwnHolidays(vec![
            holiday(date!(2020 - 06 - 24), "São João", true),
            holiday(date!(2026 - 06 - 24), "Jogo", false),
            holiday(date!(2024 - 02 - 29), "Bissexto", true),
        ]);
        let name = |date| own.on(date).map(|holiday| holiday.name.as_str());
        assert_eq!(name(date!(2025 - 06 - 24)), Some("São João"));
        assert_eq!(name(date!(2026 - 06 - 24)), Some("Jogo"));
        assert_eq!(name(date!(2025 - 02 - 28)), None);
        assert_eq!(name(date!(2028 - 02 - 29)), Some("Bissexto"));
        assert!(own.to_string().starts_with("2020-06-24 yearly São João; 2026-06-24 Jogo"));
    }
}
