//! What was said in a chat (histórico).

use dx_actors::{
    directory::Roster,
    domain::{Direction, Message, MessageKind, MessageStatus},
    store::Slice,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{message::MoreOut, time::At, words::Word};
use crate::openapi::schemas::word;

/// Who speaks in a message that the hub sent by itself.
const AUTOMATIC_NAME: &str = "Mensagem automática";

/// Uma parte do que foi dito em um chat, o mais novo primeiro.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "total": 1, "limit": 50, "offset": 0, "results": [{"id": 51, "message_id": "3EB0C0FFEE",
    "client_message_id": null, "direction": "inbound", "message_type": "text", "chat_id": "5511999990001",
    "contact_number": "5511999990001", "contact_name": "Maria Souza", "text_content": "Olá!",
    "media_url": null, "media_mime_type": null, "details": null,
    "quoted_message_id": null, "media_file_id": null, "media_status": null,
    "customer_reaction": "", "company_reaction": "", "edited_at": null, "deleted_at": null,
    "status": "delivered", "is_from_me": false,
    "from_name": "Maria Souza", "is_from_agent": false, "latency_ms": null, "is_latency_ok": true,
    "created_at": "2026-01-02T12:00:00Z", "queued_at": null, "sent_at": null,
    "delivered_at": null, "read_at": null}],
}))]
pub struct ChatHistoryOut {
    pub total: i64,
    pub limit: i64,
    pub offset: i64,
    pub results: Vec<ChatMessageOut>,
}

impl ChatHistoryOut {
    pub fn new(slice: Slice<Message>, limit: i64, offset: i64, roster: &Roster) -> Self {
        let Slice { total, rows } = slice;
        let results = rows.into_iter().map(|row| ChatMessageOut::new(row, roster)).collect();
        Self { total, limit, offset, results }
    }
}

/// Uma mensagem no histórico de um chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 51, "message_id": "3EB0C0FFEE", "client_message_id": null, "direction": "inbound",
    "message_type": "text", "chat_id": "5511999990001", "contact_number": "5511999990001", "contact_name": "Maria Souza",
    "text_content": "Olá!", "media_url": null, "media_mime_type": null, "details": null,
    "quoted_message_id": null, "media_file_id": null, "media_status": null,
    "customer_reaction": "", "company_reaction": "", "edited_at": null, "deleted_at": null,
    "status": "delivered",
    "is_from_me": false, "from_name": "Maria Souza", "is_from_agent": false, "latency_ms": null,
    "is_latency_ok": true, "created_at": "2026-01-02T12:00:00Z", "queued_at": null,
    "sent_at": null, "delivered_at": null, "read_at": null,
}))]
pub struct ChatMessageOut {
    pub id: i64,
    pub message_id: String,
    pub client_message_id: Option<String>,
    #[schema(schema_with = word::<Direction>)]
    pub direction: &'static str,
    #[serde(rename = "message_type")]
    #[schema(schema_with = word::<MessageKind>)]
    pub kind: &'static str,
    pub chat_id: String,
    #[serde(rename = "contact_number")]
    pub phone: String,
    pub contact_name: String,
    #[serde(rename = "text_content")]
    pub text: String,
    pub media_url: Option<String>,
    pub media_mime_type: Option<String>,
    #[serde(flatten)]
    pub more: MoreOut,
    #[schema(schema_with = word::<MessageStatus>)]
    pub status: &'static str,
    pub is_from_me: bool,
    pub from_name: String,
    pub is_from_agent: bool,
    pub latency_ms: Option<i64>,
    pub is_latency_ok: bool,
    pub created_at: At,
    pub queued_at: Option<At>,
    pub sent_at: Option<At>,
    pub delivered_at: Option<At>,
    pub read_at: Option<At>,
}

impl ChatMessageOut {
    pub fn new(message: Message, roster: &Roster) -> Self {
        let (from_name, more) = (speaker(&message, roster), MoreOut::from(&message));
        let (latency_ms, is_latency_ok) =
            (message.total_latency_ms(), message.is_latency_acceptable());
        let Message {
            id,
            session_id: _,
            ticket_id: _,
            agent_id: _,
            chat_id,
            message_id,
            client_message_id,
            task_id: _,
            direction,
            kind,
            status,
            phone,
            contact_name,
            text,
            media_url,
            media_mime_type,
            media_size: _,
            media_key: _,
            media_status: _,
            details: _,
            quoted_message_id: _,
            network_id: _,
            customer_reaction: _,
            company_reaction: _,
            edited_at: _,
            deleted_at: _,
            raw_payload: _,
            protocol_version: _,
            is_automatic,
            error: _,
            provider_at: _,
            created_at,
            queued_at,
            sent_at,
            delivered_at,
            read_at,
        } = message;
        let is_from_me = direction == Direction::Outbound;
        Self {
            id: id.0,
            message_id,
            client_message_id,
            direction: direction.word(),
            kind: kind.word(),
            chat_id,
            phone,
            contact_name,
            text,
            media_url,
            media_mime_type,
            more,
            status: status.word(),
            is_from_me,
            from_name,
            is_from_agent: is_from_me && !is_automatic,
            latency_ms,
            is_latency_ok,
            created_at: created_at.into(),
            queued_at: queued_at.map(At),
            sent_at: sent_at.map(At),
            delivered_at: delivered_at.map(At),
            read_at: read_at.map(At),
        }
    }
}

/// Who says it: the agent, the hub, or the contact (by number where there is no name).
pub(super) fn speaker(message: &Message, roster: &Roster) -> String {
    match (message.direction, message.agent_id) {
        (Direction::Outbound, id @ Some(_)) => roster.agent_name(id),
        (Direction::Outbound, None) => AUTOMATIC_NAME.to_owned(),
        (Direction::Inbound, _) if message.contact_name.is_empty() => message.phone.clone(),
        (Direction::Inbound, _) => message.contact_name.clone(),
    }
}

/// Que parte do histórico.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryParams {
    /// Padrão: 50; no máximo 200.
    #[param(minimum = 1)]
    pub limit: Option<i64>,
    #[param(minimum = 0)]
    pub offset: Option<i64>,
}
