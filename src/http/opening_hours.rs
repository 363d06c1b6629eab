//! Opening hours as clients send them: of the company, of a department, of a holiday.

use dx_actors::domain::settings::{Interval, OpeningHours};
use serde_json::Value;

use super::{
    Fields,
    fields::{REQUIRED, not_object},
    syntax,
};

const NOT_TIME: &str = "Informe um horário no formato HH:MM.";

/// Takes over the days that were sent.
pub(super) fn read(fields: &mut Fields, hours: &mut OpeningHours) {
    let OpeningHours { monday, tuesday, wednesday, thursday, friday, saturday, sunday } = hours;
    let days = [
        ("segunda", monday),
        ("terca", tuesday),
        ("quarta", wednesday),
        ("quinta", thursday),
        ("sexta", friday),
        ("sabado", saturday),
        ("domingo", sunday),
    ];
    for (name, day) in days {
        let Some(sent) = fields.json(name) else { continue };
        match intervals(sent, day) {
            Ok(intervals) => *day = intervals,
            Err(text) => fields.error(name, text),
        }
    }
}

/// A day: an interval, a list of them, or `null` for closed.
pub(super) fn intervals(sent: &Value, present: &[Interval]) -> Result<Vec<Interval>, String> {
    let intervals = match (sent, present) {
        (Value::Null, _) => Vec::new(),
        (Value::Array(list), _) => {
            let read = list.iter().filter_map(|item| interval(item, None).transpose());
            read.collect::<Result<_, _>>()?
        }
        (single, [only]) => interval(single, Some(*only))?.into_iter().collect(),
        (single, _) => interval(single, None)?.into_iter().collect(),
    };
    Interval::in_order(intervals).map_err(|bad| bad.to_string())
}

/// `None` when both times are `null`: closed. A time that was not sent stays as it is.
fn interval(sent: &Value, present: Option<Interval>) -> Result<Option<Interval>, String> {
    let Value::Object(times) = sent else { return Err(not_object(sent)) };
    let (start, end) = (times.get("inicio"), times.get("fim"));
    let is_closed = |time: Option<&Value>| time.is_some_and(is_blank);
    if is_closed(start) && is_closed(end) {
        return Ok(None);
    }
    let start_minute = minute(start, present.map(|interval| interval.start_minute))?;
    let end_minute = minute(end, present.map(|interval| interval.end_minute))?;
    Ok(Some(Interval { start_minute, end_minute }))
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn minute(sent: Option<&Value>, present: Option<u16>) -> Result<u16, String> {
    let Some(sent) = sent else { return present.ok_or_else(|| REQUIRED.to_owned()) };
    let text = sent.as_str().map(str::trim).ok_or(NOT_TIME)?;
    if text == "24:00" {
        return Ok(24 * 60);
    }
    let time = syntax::time(text).ok_or(NOT_TIME)?;
    Ok(u16::from(time.hour()) * 60 + u16::from(time.minute()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_day(sent: &Value, present: &[Interval]) -> Result<String, String> {
        let day = intervals(sent, present)?;
        Ok(day.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_day_has_many_spellings() {
        let nine_to_five = [Interval { start_minute: 540, end_minute: 1020 }];
        let cases = [
            (json!(null), ""),
            (json!({"inicio": null, "fim": null}), ""),
            (json!({"inicio": "", "fim": ""}), ""),
            (json!([]), ""),
            (json!({"inicio": "08:00", "fim": "18:00"}), "08:00-18:00"),
            (json!({"inicio": "08:00:00", "fim": "24:00"}), "08:00-24:00"),
            (json!({"fim": "18:30"}), "09:00-18:30"),
            (json!({"inicio": "22:00", "fim": "06:00"}), "22:00-06:00"),
            (
                json!([{"inicio": "13:00", "fim": "18:00"}, {"inicio": "08:00", "fim": "12:00"}]),
                "08:00-12:00 13:00-18:00",
            ),
        ];
        for (sent, expected) in cases {
            assert_eq!(read_day(&sent, &nine_to_five).as_deref(), Ok(expected), "{sent}");
        }
    }

    #[test]
    fn what_is_no_day_says_why() {
        let cases = [
            (json!("08:00-18:00"), "Dado inválido. Necessário um dicionário mas recebeu str."),
            (json!({"inicio": "8h", "fim": "18:00"}), NOT_TIME),
            (json!({"inicio": null, "fim": "18:00"}), NOT_TIME),
            (json!({"inicio": "08:00"}), REQUIRED),
            (json!([{"fim": "08:00"}]), REQUIRED),
            (
                json!({"inicio": "08:00", "fim": "08:00"}),
                "O fim deve ser diferente do início; para o dia inteiro, use 00:00 a 24:00.",
            ),
        ];
        for (sent, expected) in cases {
            assert_eq!(read_day(&sent, &[]), Err(expected.to_owned()), "{sent}");
        }
    }
}
