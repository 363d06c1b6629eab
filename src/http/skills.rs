//! `competencias` in a body, and waits in seconds: short lists of plain values.

use dx_actors::domain::{List, Skill, skill::SKILLS_MAX};
use serde_json::Value;

use super::Fields;

const NOT_LIST: &str = "Esperava uma lista.";
/// Rings of relaxing; more would be finer than anybody can tell.
const WAITS_MAX: usize = 10;
/// A day.
const WAIT_SECONDS_MAX: i64 = 86_400;

/// The skills in a body, each once; `None` when they are not sent.
pub(super) fn skills(fields: &mut Fields) -> Option<List<Skill>> {
    const NAME: &str = "competencias";
    let items = list(fields, NAME)?;
    if items.len() > SKILLS_MAX {
        fields.error(NAME, format!("No máximo {SKILLS_MAX} competências."));
        return None;
    }
    let mut skills = List::default();
    for item in items {
        let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
        match text.parse::<Skill>() {
            Ok(skill) if item.is_string() => skills.add(skill),
            Ok(_) => fields.error(NAME, "Esperava uma lista de textos."),
            Err(error) => fields.error(NAME, error.to_string()),
        }
    }
    Some(skills)
}

/// Growing numbers of seconds.
pub(super) fn waits(fields: &mut Fields, name: &str) -> Option<List<i64>> {
    let items = list(fields, name)?;
    let waits: Vec<i64> = items.iter().filter_map(Value::as_i64).collect();
    let is_good = waits.len() == items.len()
        && waits.len() <= WAITS_MAX
        && waits.iter().all(|wait| (1..=WAIT_SECONDS_MAX).contains(wait))
        && waits.windows(2).all(|pair| pair[0] < pair[1]);
    if !is_good {
        let text = format!(
            "Informe até {WAITS_MAX} números crescentes de segundos, de 1 a {WAIT_SECONDS_MAX}."
        );
        fields.error(name, text);
        return None;
    }
    Some(List(waits))
}

fn list(fields: &mut Fields, name: &str) -> Option<Vec<Value>> {
    match fields.json(name).cloned() {
        None => None,
        Some(Value::Array(items)) => Some(items),
        Some(_) => {
            fields.error(name, NOT_LIST);
            None
        }
    }
}
