//! People as their colleagues see them.

use dx_actors::{
    directory::Roster,
    domain::{Agent, PresenceView},
};
use serde::Serialize;

use super::{time::At, words::Word};

/// A row of `/agents/`.
#[derive(Debug, Serialize)]
pub struct AgentOut {
    pub id: i64,
    pub username: String,
    pub display_name: String,
    pub email: String,
    pub phone_number: String,
    pub role: &'static str,
    pub is_active: bool,
    #[serde(rename = "departamentos")]
    pub departments: Vec<i64>,
    pub presence: &'static str,
    pub presence_message: String,
    /// Open chats over all departments.
    #[serde(rename = "atendimentos_ativos")]
    pub load: usize,
    pub created_at: At,
    pub updated_at: At,
}

impl AgentOut {
    pub fn new(agent: Agent, roster: &Roster, presence: PresenceView) -> Self {
        let Agent {
            id,
            username,
            email,
            display_name,
            phone_number,
            role,
            is_active,
            tokens_valid_from: _,
            created_at,
            updated_at,
        } = agent;
        Self {
            id: id.0,
            username,
            display_name,
            email,
            phone_number,
            role: role.word(),
            is_active,
            departments: roster.departments_of(id).iter().map(|department| department.0).collect(),
            presence: presence.status.word(),
            presence_message: presence.message,
            load: presence.load,
            created_at: At(created_at),
            updated_at: At(updated_at),
        }
    }
}
