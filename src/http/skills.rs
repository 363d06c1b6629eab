//! `competencias` in a body, and waits in seconds: short lists of plain values.

use dx_actors::domain::{List, Skill, skill::SKILLS_MAX};
use serde_json::Value;

use super::Fields;

/// More than the longest skill has, so that its own text says what is wrong.
const SKILL_CHARS_MAX: usize = 100;
/// Rings of relaxing; more would be finer than anybody can tell.
const WAITS_MAX: usize = 10;
/// A day.
const WAIT_SECONDS_MAX: i64 = 86_400;

/// The skills in a body, each once; `None` when they are not sent.
pub(super) fn skills(fields: &mut Fields) -> Option<List<Skill>> {
    const NAME: &str = "competencias";
    let texts = fields.optional_texts(NAME, SKILL_CHARS_MAX)?;
    if texts.len() > SKILLS_MAX {
        fields.error(NAME, format!("No máximo {SKILLS_MAX} competências."));
        return None;
    }
    let mut skills = List::default();
    for text in texts {
        match text.parse::<Skill>() {
            Ok(skill) => skills.add(skill),
            Err(error) => fields.error(NAME, error.to_string()),
        }
    }
    Some(skills)
}

/// Growing numbers of seconds; `None` when they are not sent.
pub(super) fn waits(fields: &mut Fields, name: &str) -> Option<List<i64>> {
    let items = fields.items(name, WAITS_MAX)?;
    let waits: Vec<i64> = items.iter().filter_map(Value::as_i64).collect();
    let is_good = waits.len() == items.len()
        && waits.iter().all(|wait| (1..=WAIT_SECONDS_MAX).contains(wait))
        && waits.windows(2).all(|pair| pair[0] < pair[1]);
    if !is_good {
        let text = format!("Informe números crescentes de segundos, de 1 a {WAIT_SECONDS_MAX}.");
        fields.error(name, text);
        return None;
    }
    Some(List(waits))
}
