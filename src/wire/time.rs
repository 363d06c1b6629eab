//! Instants as clients read them: RFC 3339 in UTC with `Z` (contract §1).

use dx_actors::domain::{Timestamp, time::SAO_PAULO};
use serde::{Serialize, Serializer};
use serde_json::Value;
use time::{
    Date, OffsetDateTime, PrimitiveDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

const LOCAL_DATETIME: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day][first [T][ ]][hour]:[minute][optional [:[second][optional [.[subsecond]]]]]"
);
/// From here on (year 5138 in seconds, 1973 in milliseconds) a number counts milliseconds.
const EPOCH_MILLIS_MIN: i64 = 100_000_000_000;
/// 9999-12-31, the last day that can be written.
const EPOCH_SECONDS_MAX: i64 = 253_402_300_799;

/// An instant on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(pub Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// As clients of the earlier system know it: no fraction for whole seconds, else always six digits, so
/// that texts sort like the instants.
const WHOLE_SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const MICROSECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// The text of an instant.
pub fn rfc3339(at: Timestamp) -> String {
    let at = at.to_offset_date_time();
    // Years beyond 9999 are already cut by the calendar form.
    if at.microsecond() == 0 { at.format(WHOLE_SECONDS) } else { at.format(MICROSECONDS) }
        .unwrap_or_default()
}

/// The day it is in São Paulo.
pub fn local_date(at: Timestamp) -> Date {
    at.to_offset_date_time().to_offset(SAO_PAULO).date()
}

/// RFC 3339, or local time without an offset.
pub fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| {
        let local = PrimitiveDateTime::parse(text, LOCAL_DATETIME).ok()?;
        Some(local.assume_offset(SAO_PAULO))
    })
}

/// An instant as networks write it: a text, or seconds or milliseconds since 1970.
pub fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => epoch(number.as_i64()?),
        Value::String(text) => match text.trim().parse() {
            Ok(number) => epoch(number),
            Err(_) => parse(text.trim()).map(Timestamp::from_offset_date_time),
        },
        _ => None,
    }
}

fn epoch(number: i64) -> Option<Timestamp> {
    let millis = if number < EPOCH_MILLIS_MIN { number.checked_mul(1000)? } else { number };
    let is_sane = (0..=EPOCH_SECONDS_MAX * 1000).contains(&millis);
    is_sane.then(|| Timestamp::from_micros(millis * 1000))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn instants_are_utc_with_z() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (1_767_323_045_000_000, "2026-01-02T03:04:05Z"),
            (1_767_323_045_120_000, "2026-01-02T03:04:05.120000Z"),
        ];
        for (micros, expected) in cases {
            let at = At(Timestamp::from_micros(micros));
            assert_eq!(serde_json::to_value(at).unwrap(), expected);
        }
    }

    #[test]
    fn networks_write_instants_in_several_ways() {
        let expected = Some(Timestamp::from_micros(1_760_176_800_000_000));
        let ways = [
            json!("2025-10-11T10:00:00Z"),
            json!("2025-10-11T07:00:00-03:00"),
            json!("2025-10-11T07:00:00"),
            json!("1760176800"),
            json!(1_760_176_800),
            json!(1_760_176_800_000_i64),
        ];
        for way in ways {
            assert_eq!(instant(&way), expected, "{way}");
        }
        for nonsense in
            [json!("ontem"), json!(""), json!(-1), json!(i64::MAX), json!({}), json!(1.5)]
        {
            assert_eq!(instant(&nonsense), None, "{nonsense}");
        }
    }
}
