//! Presence and typing.

use dx_actors::{
    directory::Roster,
    domain::{PresenceStatus, PresenceView, Timestamp},
};
use serde::Serialize;

use super::{time::At, words::Word};

/// A row of `/presence/`, and the answer of `/presence/me/`.
#[derive(Debug, Serialize)]
pub struct PresenceOut {
    pub id: i64,
    pub agent: i64,
    pub agent_username: String,
    pub agent_name: String,
    pub status: &'static str,
    pub status_message: String,
    pub is_available: bool,
    /// Whole minutes.
    #[serde(rename = "tempo_no_status_atual")]
    pub minutes_in_status: u64,
    pub websocket_connected: bool,
    pub last_heartbeat: Option<At>,
    #[serde(rename = "esta_inativo")]
    pub is_stale: bool,
    #[serde(rename = "atendimentos_ativos")]
    pub load: usize,
    pub status_changed_at: At,
    pub updated_at: At,
}

impl PresenceOut {
    pub fn new(view: PresenceView, roster: &Roster, now: Timestamp) -> Self {
        let PresenceView {
            agent_id,
            status,
            message,
            is_connected,
            last_seen,
            is_stale,
            status_changed_at,
            updated_at,
            load,
        } = view;
        let agent = roster.agent(agent_id);
        Self {
            id: agent_id.0,
            agent: agent_id.0,
            agent_username: agent.map(|agent| agent.username.clone()).unwrap_or_default(),
            agent_name: roster.agent_name(Some(agent_id)),
            status: status.word(),
            status_message: message,
            is_available: status == PresenceStatus::Online && is_connected,
            minutes_in_status: now.since(status_changed_at).as_secs() / 60,
            websocket_connected: is_connected,
            last_heartbeat: last_seen.map(At),
            is_stale,
            load,
            status_changed_at: At(status_changed_at),
            updated_at: At(updated_at),
        }
    }
}

/// A text for people.
#[derive(Debug, Serialize)]
pub struct MessageOut {
    pub message: String,
}

#[derive(Debug, Serialize)]
pub struct StatusSetOut {
    pub message: String,
    pub status: &'static str,
}
