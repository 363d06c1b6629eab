//! Presence and typing.

use dx_actors::{
    directory::Roster,
    domain::{PresenceStatus, PresenceView, Timestamp},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{time::At, words::Word};
use crate::openapi::schemas::word;

/// A presença de uma pessoa.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 4, "agent": 4, "agent_username": "ana", "agent_name": "Ana Lima", "status": "online",
    "status_message": "", "is_available": true, "tempo_no_status_atual": 12,
    "websocket_connected": true, "last_heartbeat": "2026-01-02T12:00:00Z", "esta_inativo": false,
    "atendimentos_ativos": 2, "status_changed_at": "2026-01-02T11:48:00Z",
    "updated_at": "2026-01-02T12:00:00Z",
}))]
pub struct PresenceOut {
    pub id: i64,
    pub agent: i64,
    pub agent_username: String,
    pub agent_name: String,
    #[schema(schema_with = word::<PresenceStatus>)]
    pub status: &'static str,
    pub status_message: String,
    pub is_available: bool,
    /// Minutos inteiros.
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

/// Uma frase para pessoas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcknowledgedOut, example = json!({"message": "Heartbeat atualizado"}))]
pub struct MessageOut {
    pub message: String,
}

/// A mudança de status.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Status alterado de offline para online", "status": "online",
}))]
pub struct StatusSetOut {
    pub message: String,
    #[schema(schema_with = word::<PresenceStatus>)]
    pub status: &'static str,
}

/// Um novo status.
#[derive(ToSchema)]
#[schema(example = json!({"status": "busy", "message": "Em reunião"}))]
pub struct StatusIn {
    #[schema(schema_with = word::<PresenceStatus>)]
    pub status: String,
    /// O que os colegas leem; sem ele o texto fica como está.
    #[schema(max_length = 255)]
    pub message: Option<String>,
}

/// O chat em que se digita.
#[derive(ToSchema)]
#[schema(example = json!({"chat_id": "5511999990001"}))]
pub struct TypingIn {
    #[schema(min_length = 1, max_length = 100)]
    pub chat_id: String,
}

/// O chat em que se digitava.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TypingParams {
    /// O chat em que se digitava.
    #[param(min_length = 1)]
    pub chat_id: String,
}
