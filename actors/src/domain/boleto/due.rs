//! The due date as four digits: days since 1997-10-07, which ran out on 2025-02-21 (9999) and began
//! again with 1000 on the next day. A cycle has 9000 days.

use time::{Date, Duration, macros::date};

const BASE: Date = date!(1997 - 10 - 07);
const FACTOR_MIN: i64 = 1000;
const FACTOR_MAX: i64 = 9999;
const CYCLE_DAYS: i64 = FACTOR_MAX - FACTOR_MIN + 1;

/// The factor of a due date; `None` before 2000-07-03, when factors began.
pub fn due_factor(due: Date) -> Option<u16> {
    let days = (due - BASE).whole_days();
    let factor = match days {
        ..FACTOR_MIN => return None,
        FACTOR_MIN..=FACTOR_MAX => days,
        _ => (days - FACTOR_MIN) % CYCLE_DAYS + FACTOR_MIN,
    };
    u16::try_from(factor).ok()
}

/// The due date that a factor means: of all cycles the one nearest to `today`. `None` for factors
/// below 1000, of which 0000 means "no due date".
pub fn due_date(factor: u16, today: Date) -> Option<Date> {
    let factor = i64::from(factor);
    if !(FACTOR_MIN..=FACTOR_MAX).contains(&factor) {
        return None;
    }
    let first = BASE.checked_add(Duration::days(factor))?;
    let ahead = (today - first).whole_days();
    let cycles = (ahead + CYCLE_DAYS / 2).div_euclid(CYCLE_DAYS).max(0);
    first.checked_add(Duration::days(cycles * CYCLE_DAYS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn factors_on_both_sides_of_the_turns() {
        for (due, factor) in [
            (date!(2000 - 07 - 03), 1000),
            (date!(2007 - 12 - 31), 3737),
            (date!(2025 - 02 - 21), 9999),
            (date!(2025 - 02 - 22), 1000),
            (date!(2026 - 07 - 01), 1494),
            (date!(2049 - 10 - 13), 9999),
            (date!(2049 - 10 - 14), 1000),
        ] {
            assert_eq!(due_factor(due), Some(factor), "{due}");
        }
        assert_eq!(due_factor(date!(2000 - 07 - 02)), None);
        assert_eq!(due_factor(date!(1990 - 01 - 01)), None);
    }

    #[test]
    fn a_factor_means_the_nearest_date() {
        assert_eq!(due_date(1000, date!(2025 - 01 - 01)), Some(date!(2025 - 02 - 22)));
        assert_eq!(due_date(1000, date!(2002 - 01 - 01)), Some(date!(2000 - 07 - 03)));
        assert_eq!(due_date(9999, date!(2025 - 03 - 01)), Some(date!(2025 - 02 - 21)));
        assert_eq!(due_date(9999, date!(2049 - 01 - 01)), Some(date!(2049 - 10 - 13)));
        assert_eq!(due_date(0, date!(2025 - 01 - 01)), None);
        assert_eq!(due_date(999, date!(2025 - 01 - 01)), None);
    }

    proptest! {
        #[test]
        fn dates_within_half_a_cycle_come_back(today in 4500_i64..30_000, ahead in -4499_i64..4500) {
            let today = BASE + Duration::days(today);
            let due = today + Duration::days(ahead);
            prop_assume!(due_factor(due).is_some());
            prop_assert_eq!(due_date(due_factor(due).unwrap(), today), Some(due));
        }
    }
}
