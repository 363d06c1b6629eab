//! Texts that people send often, with placeholders that are filled in for a chat.

use super::{
    AgentId, DepartmentId, QuickReplyId, Role, Timestamp,
    document_template::{Malformed, Segment, scan},
    plain::search_text,
    ticket::Viewer,
};

/// What a text may leave open.
pub const QUICK_REPLY_PLACEHOLDERS: [&str; 5] =
    ["nome", "atendente", "departamento", "protocolo", "saudacao"];
/// A word that is quickly typed.
pub const SHORTCUT_CHARS_MAX: usize = 30;

/// When the day, the afternoon and the evening are greeted from, in hours of local time.
const MORNING_FROM: i64 = 5;
const AFTERNOON_FROM: i64 = 12;
const EVENING_FROM: i64 = 18;
const SECONDS_PER_HOUR: i64 = 3600;

/// A stored text.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct QuickReply {
    pub id: QuickReplyId,
    /// `None`: for everybody.
    pub department_id: Option<DepartmentId>,
    pub title: String,
    /// `/ola`.
    pub shortcut: String,
    pub text: String,
    pub created_by: Option<AgentId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a person says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuickReplyDetails {
    pub department_id: Option<DepartmentId>,
    pub title: String,
    pub shortcut: String,
    pub text: String,
}

/// What changes; `None` leaves it as it is. The department may become `Some(None)`: everybody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuickReplyChanges {
    pub department_id: Option<Option<DepartmentId>>,
    pub title: Option<String>,
    pub shortcut: Option<String>,
    pub text: Option<String>,
}

impl QuickReplyChanges {
    /// The reply as it will be.
    pub fn applied_to(self, old: &QuickReply) -> QuickReplyDetails {
        QuickReplyDetails {
            department_id: self.department_id.unwrap_or(old.department_id),
            title: self.title.unwrap_or_else(|| old.title.clone()),
            shortcut: self.shortcut.unwrap_or_else(|| old.shortcut.clone()),
            text: self.text.unwrap_or_else(|| old.text.clone()),
        }
    }
}

impl QuickReplyDetails {
    /// What is searched, in plain form.
    pub(crate) fn search_text(&self) -> String {
        search_text([self.title.as_str(), &self.shortcut, &self.text])
    }
}

/// Why a text cannot be kept; the sentence is for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    #[error("Variável desconhecida: {{{{{0}}}}}. Use {known}.", known = known())]
    Unknown(String),
    #[error("Chaves sem par ou sem nome de variável. Use {known}.", known = known())]
    Malformed,
}

fn known() -> String {
    QUICK_REPLY_PLACEHOLDERS.map(|name| format!("{{{{{name}}}}}")).join(", ")
}

/// Says no to placeholders that nothing will fill in.
pub fn check_text(text: &str) -> Result<(), BadText> {
    for segment in scan(text) {
        match segment {
            Segment::Placeholder(name) if !QUICK_REPLY_PLACEHOLDERS.contains(&name) => {
                return Err(BadText::Unknown(name.to_owned()));
            }
            Segment::Malformed(Malformed::BadName(name)) if !name.trim().is_empty() => {
                return Err(BadText::Unknown(name.trim().to_owned()));
            }
            Segment::Malformed(_) => return Err(BadText::Malformed),
            Segment::Placeholder(_) | Segment::Text(_) => {}
        }
    }
    Ok(())
}

/// `Ola` and `/ola` are `/ola`; `None` unless it is one word of letters without accents, digits, `-`
/// and `_`.
pub fn shortcut(written: &str) -> Option<String> {
    let word = written.trim().strip_prefix('/').unwrap_or(written.trim()).to_ascii_lowercase();
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_word = !word.is_empty() && word.len() <= SHORTCUT_CHARS_MAX && word.chars().all(is_good);
    is_word.then(|| format!("/{word}"))
}

/// What is known of a chat for its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyFacts {
    pub customer_name: String,
    pub agent_name: String,
    pub department_name: String,
    /// The number of the ticket.
    pub protocol: String,
    pub now: Timestamp,
}

impl ReplyFacts {
    fn value(&self, name: &str) -> &str {
        match name {
            "nome" => &self.customer_name,
            "atendente" => &self.agent_name,
            "departamento" => &self.department_name,
            "protocolo" => &self.protocol,
            "saudacao" => greeting(self.now),
            // Refused when the text was stored.
            _ => "",
        }
    }

    /// The text as it can be sent.
    pub fn fill(&self, text: &str) -> String {
        let part = |segment| match segment {
            Segment::Text(text) => text,
            Segment::Placeholder(name) => self.value(name),
            Segment::Malformed(_) => "",
        };
        scan(text).into_iter().map(part).collect()
    }
}

/// How people greet each other at this hour.
pub fn greeting(now: Timestamp) -> &'static str {
    match now.second_of_local_day() / SECONDS_PER_HOUR {
        MORNING_FROM..AFTERNOON_FROM => "Bom dia",
        AFTERNOON_FROM..EVENING_FROM => "Boa tarde",
        _ => "Boa noite",
    }
}

impl Viewer {
    /// Those of one's departments and the general ones; managers all.
    pub fn may_read_replies_of(&self, department_id: Option<DepartmentId>) -> bool {
        self.role >= Role::Manager || department_id.is_none_or(|id| self.departments.contains(&id))
    }

    /// Supervisors those of their departments; what is for everybody, managers only.
    pub fn may_write_replies_of(&self, department_id: Option<DepartmentId>) -> bool {
        self.role >= Role::Manager
            || (self.role == Role::Supervisor
                && department_id.is_some_and(|id| self.departments.contains(&id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_filled_in_is_kept() {
        assert_eq!(check_text("{{saudacao}}, {{ nome }}! Sou {{atendente}}."), Ok(()));
        assert_eq!(check_text("{{cpf}}"), Err(BadText::Unknown("cpf".to_owned())));
        assert_eq!(check_text("{{Nome}}"), Err(BadText::Unknown("Nome".to_owned())));
        assert_eq!(check_text("{{saudação}}"), Err(BadText::Unknown("saudação".to_owned())));
        for text in ["{{nome", "nome}}", "{{}}"] {
            assert_eq!(check_text(text), Err(BadText::Malformed), "{text}");
        }
        let text = BadText::Unknown("cpf".to_owned()).to_string();
        assert!(text.starts_with("Variável desconhecida: {{cpf}}. Use {{nome}}, "), "{text}");
    }

    #[test]
    fn a_shortcut_is_one_word() {
        assert_eq!(shortcut(" Ola ").as_deref(), Some("/ola"));
        assert_eq!(shortcut("/bom-dia_2").as_deref(), Some("/bom-dia_2"));
        for text in ["", "/", "//x", "a b", "olá", &"x".repeat(31)] {
            assert_eq!(shortcut(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_is_filled_in_for_a_chat() {
        // 2026-01-05 12:00 UTC is nine in the morning in São Paulo.
        let now = Timestamp::from_micros(1_767_614_400_000_000);
        let facts = ReplyFacts {
            customer_name: "Maria".to_owned(),
            agent_name: "Ana Lima".to_owned(),
            department_name: "Suporte".to_owned(),
            protocol: "7".to_owned(),
            now,
        };
        let text = "{{saudacao}}, {{nome}}! {{atendente}}, {{departamento}}, nº {{protocolo}}.";
        assert_eq!(facts.fill(text), "Bom dia, Maria! Ana Lima, Suporte, nº 7.");
        let hour = std::time::Duration::from_hours(1);
        for (hours, expected) in
            [(2, "Bom dia"), (3, "Boa tarde"), (9, "Boa noite"), (19, "Boa noite"), (20, "Bom dia")]
        {
            assert_eq!(greeting(now.plus(hour * hours)), expected, "after {hours} hours");
        }
    }

    #[test]
    fn supervisors_write_for_their_departments_and_managers_for_all() {
        let of = |role| Viewer {
            agent_id: AgentId(1),
            role,
            departments: vec![DepartmentId(1)],
            acts_on_others: false,
        };
        let (own, other, general) = (Some(DepartmentId(1)), Some(DepartmentId(2)), None);
        let cases = [
            (Role::Agent, [true, false, true], [false, false, false]),
            (Role::Supervisor, [true, false, true], [true, false, false]),
            (Role::Manager, [true, true, true], [true, true, true]),
        ];
        for (role, reads, writes) in cases {
            let viewer = of(role);
            assert_eq!([own, other, general].map(|id| viewer.may_read_replies_of(id)), reads);
            assert_eq!([own, other, general].map(|id| viewer.may_write_replies_of(id)), writes);
        }
    }
}
