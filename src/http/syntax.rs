//! How single values are spelled, in bodies and in query strings.

use serde_json::Value;
use time::{Date, Time, format_description::BorrowedFormatItem, macros::format_description};

pub(super) use crate::wire::time::parse as datetime;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[hour]:[minute][optional [:[second][optional [.[subsecond]]]]]");

/// A whole number, or a text that spells one.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    // Beyond 2^53 a float no longer says which whole number is meant.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() != 0.0 || number.abs() > EXACT_MAX {
        return None;
    }
    format!("{number:.0}").parse().ok()
}

/// `#RRGGBB`.
pub(super) const COLOR_CHARS: usize = 7;
pub(super) const NOT_COLOR: &str = "Informe uma cor no formato #RRGGBB.";

pub(super) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(switch) => Some(*switch),
        Value::Number(number) => match number.as_i64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "t" | "yes" | "y" | "on" => Some(true),
            "false" | "0" | "f" | "no" | "n" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn date(text: &str) -> Option<Date> {
    Date::parse(text, DATE).ok()
}

pub(super) fn time(text: &str) -> Option<Time> {
    Time::parse(text, TIME).ok()
}

/// A colour as screens write it, `#RRGGBB`.
pub(super) fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    digits.len() + 1 == COLOR_CHARS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Good enough to catch slips; only a message proves an address.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    is_local && is_domain(domain)
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let is_top = |label: &str| label.chars().count() >= 2 && !label.chars().all(char::is_numeric);
    match text.rsplit_once('.') {
        Some((rest, top)) => is_top(top) && is_label(top) && rest.split('.').all(is_label),
        None => false,
    }
}

/// An absolute address of the web.
pub fn is_url(text: &str) -> bool {
    let has_web_scheme = text.starts_with("http://") || text.starts_with("https://");
    let has_blank = text.chars().any(|c| c.is_whitespace() || c.is_control());
    let uri = axum::http::Uri::try_from(text).ok();
    has_web_scheme && !has_blank && uri.is_some_and(|uri| uri.host().is_some_and(|h| !h.is_empty()))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn emails() {
        let good = ["a@b.br", "maria.silva+x@empresa.com.br", "a@ação.com"];
        let bad =
            ["", "a", "a@", "@b.br", "a@b", "a b@c.br", "a@b..br", ".a@b.br", "a@-b.br", "a@b.c"];
        assert!(good.iter().all(|text| is_email(text)));
        for text in bad {
            assert!(!is_email(text), "{text}");
        }
    }

    #[test]
    fn urls() {
        assert!(["http://a", "https://a.br:8/x?y#z"].iter().all(|text| is_url(text)));
        for text in ["", "a.br", "ftp://a.br", "http://", "http:// a", "javascript:alert(1)"] {
            assert!(!is_url(text), "{text}");
        }
    }

    #[test]
    fn times_with_and_without_offset() {
        let cases = [
            ("2026-01-02T03:04:05Z", Some(1_767_323_045)),
            ("2026-01-02T03:04:05.5-03:00", Some(1_767_333_845)),
            ("2026-01-02T03:04", Some(1_767_333_840)),
            ("2026-01-02 03:04:05", Some(1_767_333_845)),
            ("2026-13-02T03:04:05Z", None),
            ("2026-01-02", None),
        ];
        for (text, expected) in cases {
            assert_eq!(datetime(text).map(OffsetDateTime::unix_timestamp), expected, "{text}");
        }
        assert_eq!(time("08:30"), Time::from_hms(8, 30, 0).ok());
        assert_eq!(time("08:30:15"), Time::from_hms(8, 30, 15).ok());
        assert!(time("8h").is_none() && date("02/01/2026").is_none());
    }
}
