//! People who work with the hub, and what their role lets them do.

use super::{AgentId, DepartmentId, List, Skill, Timestamp};

/// What a person is in the company; each role may do all that the roles below it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum Role {
    /// Serves customers (atendente).
    Agent,
    /// Watches over the departments he or she is a member of.
    Supervisor,
    /// Runs the company's service: all departments, numbers, people (gerente).
    Manager,
    /// The superuser.
    Admin,
}

impl Role {
    /// Its word in the rows and in the audit trail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

/// A person's row, without the password.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Agent {
    pub id: AgentId,
    pub username: String,
    pub email: String,
    pub display_name: String,
    pub phone_number: String,
    pub role: Role,
    pub is_active: bool,
    /// What he is good at; chats may ask for it.
    #[sqlx(try_from = "String")]
    pub skills: List<Skill>,
    /// Tokens issued before this instant are refused (password changed).
    pub tokens_valid_from: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Agent {
    /// What colleagues see: the display name, or the username where there is none.
    pub fn name(&self) -> &str {
        if self.display_name.is_empty() { &self.username } else { &self.display_name }
    }
}

/// What it takes to create a person. The password comes hashed.
#[derive(Debug, Clone)]
pub struct NewAgent {
    pub username: String,
    pub email: String,
    pub display_name: String,
    pub phone_number: String,
    pub role: Role,
    pub is_active: bool,
    pub skills: List<Skill>,
    pub password_hash: String,
    pub departments: Vec<DepartmentId>,
}

/// What may change on a person; `None` leaves the value as it is.
#[derive(Debug, Clone, Default)]
pub struct AgentChanges {
    pub email: Option<String>,
    pub display_name: Option<String>,
    pub phone_number: Option<String>,
    pub role: Option<Role>,
    pub is_active: Option<bool>,
    pub skills: Option<List<Skill>>,
    pub password_hash: Option<String>,
    pub departments: Option<Vec<DepartmentId>>,
}
