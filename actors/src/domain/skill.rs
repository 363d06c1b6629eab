//! What an agent is good at, and what a chat asks for.

use std::{fmt, str::FromStr};

use super::plain::plain;

/// A tag: small letters, digits and hyphens, without accents, so that `Inglês` and `ingles` are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Skill(String);

/// Skills of one agent or chat.
pub const SKILLS_MAX: usize = 20;
const SKILL_CHARS_MAX: usize = 30;

/// Why a text is no skill. The sentence is for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" não é uma competência válida: use de 1 a {SKILL_CHARS_MAX} letras, números ou hifens."
)]
pub struct BadSkill(String);

impl FromStr for Skill {
    type Err = BadSkill;

    fn from_str(text: &str) -> Result<Self, BadSkill> {
        let words: Vec<String> = text.split([' ', '-', '_']).map(plain).collect();
        let name = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
        let is_known = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let is_good = !name.is_empty()
            && name.chars().count() <= SKILL_CHARS_MAX
            && text.trim().chars().all(is_known);
        if is_good { Ok(Self(name)) } else { Err(BadSkill(text.trim().to_owned())) }
    }
}

impl fmt::Display for Skill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Skill {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_each() {
        for text in ["Inglês", " ingles ", "INGLES"] {
            assert_eq!(text.parse::<Skill>().unwrap().as_str(), "ingles", "{text}");
        }
        assert_eq!("Nota fiscal".parse::<Skill>().unwrap().as_str(), "nota-fiscal");
        for text in ["", " ", "-", "a;b", &"x".repeat(31)] {
            assert!(text.parse::<Skill>().is_err(), "{text:?}");
        }
    }
}
