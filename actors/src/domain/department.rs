//! Departments: who serves what, how many chats at once, how fast.

use super::{AgentId, DepartmentId, Timestamp, settings::OpeningHours};

/// A department with its members.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Department {
    pub id: DepartmentId,
    pub name: String,
    pub description: String,
    /// `#RRGGBB`.
    pub color: String,
    /// Open chats that one agent may have before automatic assignment passes him over.
    pub capacity: i64,
    /// Minutes within which a customer should get an answer.
    pub response_target_minutes: i64,
    pub is_active: bool,
    /// Its own hours; `None` keeps the company's.
    #[sqlx(json(nullable))]
    pub opening_hours: Option<OpeningHours>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[sqlx(skip)]
    pub members: Vec<AgentId>,
}

/// What it takes to create a department.
#[derive(Debug, Clone)]
pub struct NewDepartment {
    pub name: String,
    pub description: String,
    pub color: String,
    pub capacity: i64,
    pub response_target_minutes: i64,
    pub is_active: bool,
    pub opening_hours: Option<OpeningHours>,
    pub members: Vec<AgentId>,
}

/// What may change on a department; `None` leaves the value as it is.
#[derive(Debug, Clone, Default)]
pub struct DepartmentChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    pub color: Option<String>,
    pub capacity: Option<i64>,
    pub response_target_minutes: Option<i64>,
    pub is_active: Option<bool>,
    /// `Some(None)` goes back to the company's.
    pub opening_hours: Option<Option<OpeningHours>>,
    pub members: Option<Vec<AgentId>>,
}
