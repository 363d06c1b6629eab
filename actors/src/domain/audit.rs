//! The audit trail: who changed what, when, from what to what.

use super::{AgentId, Timestamp};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum AuditAction {
    Created,
    Updated,
    Deleted,
    /// A document was set from a template.
    Generated,
    /// Data left the hub.
    Exported,
    Imported,
}

/// What it was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum AuditSubject {
    Agent,
    Group,
    Department,
    Session,
    /// One section; `subject_name` says which.
    Settings,
    Customer,
    CompanyGroup,
    Contact,
    Document,
    /// An internal note in a chat.
    Note,
    QuickReply,
}

/// One field that has another value than before. Secrets are noted without their values.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FieldChange {
    /// The name of the column.
    pub field: String,
    pub old_value: Option<String>,
    pub new_value: Option<String>,
}

/// What is about to be noted, in the transaction that makes the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// `None`: the hub itself, or somebody who was not signed in.
    pub agent_id: Option<AgentId>,
    pub action: AuditAction,
    pub subject: AuditSubject,
    pub subject_id: Option<i64>,
    /// A name for people who read the trail when the subject is gone.
    pub subject_name: String,
    /// Why, in the words of the person; empty when nothing was said.
    pub note: String,
    pub changes: Vec<FieldChange>,
}

/// A row of the trail.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditEntry {
    pub id: i64,
    pub at: Timestamp,
    pub agent_id: Option<AgentId>,
    pub agent_name: Option<String>,
    pub action: AuditAction,
    pub subject: AuditSubject,
    pub subject_id: Option<i64>,
    pub subject_name: String,
    pub note: String,
    /// Filled by the store after the rows of a page are read.
    #[sqlx(skip)]
    pub changes: Vec<FieldChange>,
}

/// What stands in the trail for the value of a secret.
const SECRET_MASK: &str = "***";
/// Values are cut in the trail at this many characters: whole templates and style sheets are not what it
/// is for.
const VALUE_CHARS_MAX: usize = 2000;

/// Collects the fields that differ between two versions of a row.
#[derive(Debug, Default)]
pub struct Differences(Vec<FieldChange>);

impl Differences {
    /// Notes `field` when its two values, as people read them, differ.
    #[must_use]
    pub fn field(
        mut self,
        field: impl Into<String>,
        old: Option<impl ToString>,
        new: Option<impl ToString>,
    ) -> Self {
        let (old_value, new_value) = (old.map(|v| v.to_string()), new.map(|v| v.to_string()));
        if old_value != new_value {
            let (old_value, new_value) = (old_value.map(cut), new_value.map(cut));
            self.0.push(FieldChange { field: field.into(), old_value, new_value });
        }
        self
    }

    /// Notes that a secret was set, changed or removed, never its value. Empty means that there is none.
    #[must_use]
    pub fn secret(mut self, field: &'static str, old: &str, new: &str) -> Self {
        if old != new {
            let mask = |value: &str| (!value.is_empty()).then(|| SECRET_MASK.to_owned());
            let (old_value, new_value) = (mask(old), mask(new));
            self.0.push(FieldChange { field: field.to_owned(), old_value, new_value });
        }
        self
    }

    pub fn into_changes(self) -> Vec<FieldChange> {
        self.0
    }
}

fn cut(mut value: String) -> String {
    if let Some((end, _)) = value.char_indices().nth(VALUE_CHARS_MAX) {
        value.truncate(end);
        value.push('…');
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_noted() {
        let none: Option<&str> = None;
        let changes = Differences::default()
            .field("name", Some("Ana"), Some("Ana"))
            .field("email", none, Some("ana@x.com.br"))
            .field("capacity", Some(3), Some(5))
            .into_changes();
        let texts: Vec<_> =
            changes.iter().map(|c| (c.field.as_str(), c.old_value.as_deref())).collect();
        assert_eq!(texts, [("email", None), ("capacity", Some("3"))]);
        assert_eq!(changes[1].new_value.as_deref(), Some("5"));
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = "ç".repeat(VALUE_CHARS_MAX + 1);
        let changes = Differences::default().field("css", Some(""), Some(&long)).into_changes();
        let value = changes[0].new_value.as_deref().unwrap();
        assert_eq!(value.chars().count(), VALUE_CHARS_MAX + 1);
        assert!(value.ends_with("ç…"));
    }
}
