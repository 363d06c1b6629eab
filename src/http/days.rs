//! The days that a list or report is about: `de` and `ate` in the query.

use dx_actors::domain::{Timestamp, report::Days};
use time::{Date, Duration};

use super::{Query, syntax};
use crate::wire::time::local_date;

/// A year, also a leap year: what a report may cost has an end.
const DAYS_MAX: i64 = 366;
/// Without `de`: this day and the six before.
const DAYS_DEFAULT: i64 = 7;
const NOT_DATE: &str = "Informe uma data válida (AAAA-MM-DD).";
const TURNED: &str = "A data final não pode ser anterior à inicial.";
const TOO_LONG: &str = "O período pode ter no máximo 366 dias.";

impl Query {
    /// Days in São Paulo, both included; the last seven without a wish. What is wrong is noted.
    pub fn days(&mut self, now: Timestamp) -> Days {
        let last = self.date("ate").unwrap_or_else(|| local_date(now));
        let before = Duration::days(DAYS_DEFAULT - 1);
        let first = self.date("de").unwrap_or_else(|| last.saturating_sub(before));
        let days = Days { first, last };
        if days.count() < 1 {
            self.error("ate", TURNED);
        } else if days.count() > DAYS_MAX {
            self.error("de", TOO_LONG);
        }
        days
    }

    fn date(&mut self, name: &str) -> Option<Date> {
        let date = syntax::date(self.text(name)?);
        if date.is_none() {
            self.error(name, NOT_DATE);
        }
        date
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::{super::query::query_of, *};

    /// 2026-01-10 at 01:00 UTC, which is still the 9th in São Paulo.
    const NOW: Timestamp = Timestamp::from_micros(1_768_006_800_000_000);

    #[test]
    fn the_last_seven_days_without_a_wish() {
        let cases = [
            ("/x", date!(2026 - 01 - 03), date!(2026 - 01 - 09)),
            ("/x?de=2026-01-01", date!(2026 - 01 - 01), date!(2026 - 01 - 09)),
            ("/x?ate=2025-12-31", date!(2025 - 12 - 25), date!(2025 - 12 - 31)),
            ("/x?de=2024-01-01&ate=2024-12-31", date!(2024 - 01 - 01), date!(2024 - 12 - 31)),
        ];
        for (uri, first, last) in cases {
            let mut query = query_of(uri, &[]);
            assert_eq!(query.days(NOW), Days { first, last }, "{uri}");
            assert!(query.check().is_ok(), "{uri}");
        }
    }

    #[test]
    fn days_that_cannot_be_are_refused() {
        for uri in [
            "/x?de=ontem",
            "/x?ate=2026-02-30",
            "/x?de=2026-01-02&ate=2026-01-01",
            "/x?de=2025-01-01&ate=2026-01-02",
            "/x?de=2026-01-10",
        ] {
            let mut query = query_of(uri, &[]);
            query.days(NOW);
            assert!(query.check().is_err(), "{uri}");
        }
    }
}
