//! The calendar against a plain minute-by-minute count, and the cases that people asked for.

use proptest::prelude::*;
use time::{OffsetDateTime, macros::date, macros::datetime};

use super::{holidays::Holiday, *};

const MINUTE: Duration = Duration::from_mins(1);

fn interval(start: u16, end: u16) -> Interval {
    Interval { start_minute: start, end_minute: end }
}

fn at(local: OffsetDateTime) -> Timestamp {
    Timestamp::from_offset_date_time(local)
}

fn hours_of(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

fn calendar<'s>(hours: &'s OpeningHours, own: &'s OwnHolidays) -> Calendar<'s> {
    let holidays = Holidays { own, has_national: true, has_optional: false };
    Calendar { hours, holidays, zone: TimeZone::SaoPaulo }
}

#[test]
fn lunch_weekend_and_holiday_stop_the_clock() {
    let thursday = vec![interval(8 * 60, 12 * 60), interval(13 * 60, 18 * 60)];
    let hours = OpeningHours { thursday, ..OpeningHours::default() };
    let own = OwnHolidays::default();
    let calendar = calendar(&hours, &own);
    // Thursday 2 April 2026; Friday is Good Friday.
    assert!(calendar.is_open(at(datetime!(2026-04-02 08:00 -3))));
    assert!(!calendar.is_open(at(datetime!(2026-04-02 07:59:59 -3))));
    assert!(!calendar.is_open(at(datetime!(2026-04-02 12:00 -3))));
    assert!(!calendar.is_open(at(datetime!(2026-04-03 10:00 -3))));
    let (from, until) = (at(datetime!(2026-04-02 11:30 -3)), at(datetime!(2026-04-06 08:10 -3)));
    assert_eq!(calendar.open_between(from, until), hours_of(30 + 5 * 60 + 10));
    assert_eq!(calendar.plus_open(from, hours_of(45)), at(datetime!(2026-04-02 13:15 -3)));
    assert_eq!(calendar.plus_open(from, hours_of(340)), until);
    let next = calendar.next_opening(at(datetime!(2026-04-02 18:00 -3)));
    assert_eq!(next, Some(at(datetime!(2026-04-06 08:00 -3))));
    assert_eq!(calendar.next_opening(from), Some(from));
}

#[test]
fn a_night_shift_runs_on_into_a_holiday_and_none_begins_on_it() {
    let night = vec![interval(22 * 60, 6 * 60)];
    let hours = OpeningHours { thursday: night.clone(), friday: night, ..OpeningHours::default() };
    let own = OwnHolidays::default();
    let calendar = calendar(&hours, &own);
    // Good Friday.
    assert!(calendar.is_open(at(datetime!(2026-04-03 05:59 -3))));
    assert!(!calendar.is_open(at(datetime!(2026-04-03 06:00 -3))));
    assert!(!calendar.is_open(at(datetime!(2026-04-03 23:00 -3))));
    let from = at(datetime!(2026-04-02 23:00 -3));
    assert_eq!(calendar.open_between(from, at(datetime!(2026-04-04 12:00 -3))), hours_of(7 * 60));
}

#[test]
fn own_days_win_over_the_country() {
    let half =
        |date, is_yearly, intervals| Holiday { date, name: "x".to_owned(), is_yearly, intervals };
    let own = OwnHolidays(vec![
        half(date!(2020 - 12 - 24), true, vec![interval(8 * 60, 12 * 60)]),
        half(date!(2026 - 11 - 20), false, vec![interval(9 * 60, 10 * 60)]),
        half(date!(2026 - 01 - 25), true, vec![]),
    ]);
    let hours = OpeningHours::default();
    let calendar = calendar(&hours, &own);
    let of_day = |midnight: OffsetDateTime| {
        calendar.open_between(at(midnight), at(midnight + time::Duration::DAY))
    };
    assert_eq!(of_day(datetime!(2026-12-24 00:00 -3)), hours_of(240));
    assert_eq!(of_day(datetime!(2026-11-20 00:00 -3)), hours_of(60));
    assert_eq!(of_day(datetime!(2027-01-25 00:00 -3)), Duration::ZERO);
    assert_eq!(of_day(datetime!(2026-02-17 00:00 -3)), hours_of(600), "Carnival is optional");
    let holidays = Holidays { has_optional: true, ..calendar.holidays };
    let resting = Calendar { holidays, ..calendar };
    assert!(!resting.is_open(at(datetime!(2026-02-17 10:00 -3))));
    let holidays = Holidays { has_national: false, ..calendar.holidays };
    assert!(Calendar { holidays, ..calendar }.is_open(at(datetime!(2026-09-07 10:00 -3))));
}

#[test]
fn the_day_begins_at_the_company() {
    let (hours, own) = (OpeningHours::default(), OwnHolidays::default());
    for (zone, opens) in [
        (TimeZone::Noronha, datetime!(2026-01-05 10:00 UTC)),
        (TimeZone::SaoPaulo, datetime!(2026-01-05 11:00 UTC)),
        (TimeZone::Manaus, datetime!(2026-01-05 12:00 UTC)),
        (TimeZone::RioBranco, datetime!(2026-01-05 13:00 UTC)),
    ] {
        let calendar = Calendar { zone, ..calendar(&hours, &own) };
        let sunday = at(datetime!(2026-01-04 12:00 UTC));
        assert_eq!(calendar.next_opening(sunday), Some(at(opens)), "{zone}");
    }
}

#[test]
fn one_that_never_opens_has_an_end_all_the_same() {
    let closed: Vec<Interval> = Vec::new();
    let hours = OpeningHours {
        monday: closed.clone(),
        tuesday: closed.clone(),
        wednesday: closed.clone(),
        thursday: closed.clone(),
        friday: closed.clone(),
        ..OpeningHours::default()
    };
    let own = OwnHolidays::default();
    let calendar = calendar(&hours, &own);
    let now = at(datetime!(2026-01-05 12:00 UTC));
    assert_eq!(calendar.next_opening(now), None);
    assert_eq!(calendar.open_between(now, now.plus(Duration::from_hours(10_000))), Duration::ZERO);
    let end = calendar.plus_open(now, MINUTE);
    assert!(end > now && end.to_offset_date_time().year() == 2036);
    for odd in [Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX)] {
        assert!(!calendar.is_open(odd));
        assert_eq!(
            calendar.open_between(odd, now).max(calendar.open_between(now, odd)),
            Duration::ZERO
        );
    }
}

/// The intervals of a day, possibly past midnight and possibly into those of the next day.
fn day() -> impl Strategy<Value = Vec<Interval>> {
    prop::collection::vec((0_u16..1440, 1_u16..=1440), 0..4).prop_map(|pairs| {
        let intervals = pairs.into_iter().map(|(start, end)| interval(start, end));
        Interval::in_order(intervals.collect()).unwrap_or_default()
    })
}

fn week() -> impl Strategy<Value = OpeningHours> {
    prop::array::uniform7(day()).prop_map(
        |[monday, tuesday, wednesday, thursday, friday, saturday, sunday]| OpeningHours {
            monday,
            tuesday,
            wednesday,
            thursday,
            friday,
            saturday,
            sunday,
        },
    )
}

fn own() -> impl Strategy<Value = OwnHolidays> {
    let holiday = (0_i32..20, any::<bool>(), day()).prop_map(|(offset, is_yearly, intervals)| {
        let date = Date::from_julian_day(date!(2026 - 03 - 25).to_julian_day() + offset).unwrap();
        Holiday { date, name: String::new(), is_yearly, intervals }
    });
    prop::collection::vec(holiday, 0..4).prop_map(OwnHolidays)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// 25 March 2026 and what follows: Good Friday is among it.
    #[test]
    fn the_clock_agrees_with_counting_minutes(
        hours in week(), own in own(), zone in 0_usize..16, first in 0_i64..7200, length in 0_i64..4320,
    ) {
        let calendar = Calendar { zone: TimeZone::ALL[zone], ..calendar(&hours, &own) };
        let start = at(datetime!(2026-03-25 00:00 UTC));
        let minute = |n: i64| Timestamp::from_micros(start.micros() + n * MINUTE_MICROS);
        let (from, until) = (minute(first), minute(first + length));
        let counted = (first..first + length).filter(|n| calendar.is_open(minute(*n))).count();
        let open = calendar.open_between(from, until);
        prop_assert_eq!(open, hours_of(counted as u64));

        let next = calendar.next_opening(from);
        let expected = (first..).take(60 * 24 * 30).find(|n| calendar.is_open(minute(*n))).map(minute);
        if expected.is_some() {
            prop_assert_eq!(next, expected);
        }
        if !open.is_zero() {
            let reached = calendar.plus_open(from, open);
            prop_assert!(reached <= until);
            prop_assert_eq!(calendar.open_between(from, reached), open);
            let before = Timestamp::from_micros(reached.micros() - 1);
            prop_assert!(calendar.open_between(from, before) < open, "the first such instant");
        }
    }

    #[test]
    fn stretches_add_up(
        hours in week(), own in own(), a in 0_i64..20_000, b in 0_i64..20_000, c in 0_i64..20_000,
    ) {
        let calendar = calendar(&hours, &own);
        let mut points = [a, b, c].map(|n| {
            at(datetime!(2026-03-25 00:00 UTC)).plus(Duration::from_secs(u64::try_from(n).unwrap() * 37))
        });
        points.sort_unstable();
        let [a, b, c] = points;
        let parts = calendar.open_between(a, b) + calendar.open_between(b, c);
        prop_assert_eq!(calendar.open_between(a, c), parts);
        prop_assert_eq!(calendar.open_between(c, a), Duration::ZERO);
        prop_assert_eq!(calendar.plus_open(a, Duration::ZERO), a);
    }
}
