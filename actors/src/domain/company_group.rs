//! Groups of companies (grupos-empresa): customers that belong together.

use super::{AgentId, CompanyGroupId, Timestamp, audit::Differences, audit::FieldChange};

/// What people enter of a group.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CompanyGroupDetails {
    pub name: String,
    pub description: Option<String>,
    pub is_active: bool,
}

impl Default for CompanyGroupDetails {
    fn default() -> Self {
        Self { name: String::new(), description: None, is_active: true }
    }
}

/// A group with the number of its companies.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CompanyGroup {
    pub id: CompanyGroupId,
    #[sqlx(flatten)]
    pub details: CompanyGroupDetails,
    pub companies_total: i64,
    pub created_by: Option<AgentId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One detail that gets another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompanyGroupChange {
    Name(String),
    Description(Option<String>),
    Activity(bool),
}

impl CompanyGroupDetails {
    pub fn apply(&mut self, changes: impl IntoIterator<Item = CompanyGroupChange>) {
        for change in changes {
            match change {
                CompanyGroupChange::Name(value) => self.name = value,
                CompanyGroupChange::Description(value) => self.description = value,
                CompanyGroupChange::Activity(value) => self.is_active = value,
            }
        }
    }

    /// The columns that differ from `old`, for the audit trail.
    pub fn differences_from(&self, old: &Self) -> Vec<FieldChange> {
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Differences::default()
            .field("name", filled(&old.name), filled(&self.name))
            .field("description", old.description.as_ref(), self.description.as_ref())
            .field("is_active", Some(old.is_active), Some(self.is_active))
            .into_changes()
    }
}
