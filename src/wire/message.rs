//! Messages as lists and single rows show them, and the answers to a send.

use dx_actors::{
    directory::Roster,
    domain::{Direction, MediaStatus, Message, MessageKind, MessageStatus},
    store::LatencyStats,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema, openapi::Object};

use super::{
    content::{ContactCard, Content, Interactive, Place, Template},
    time::At,
    words::Word,
};
use crate::openapi::schemas::{described, one_of, word, word_or_null};

/// Uma mensagem em uma lista.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 51, "session": 1, "atendimento": 7, "message_id": "3EB0C0FFEE",
    "client_message_id": null, "direction": "inbound", "message_type": "text",
    "chat_id": "5511999990001", "contact_number": "5511999990001", "contact_name": "Maria Souza",
    "text_content": "Olá!", "media_url": null, "details": null, "quoted_message_id": null,
    "media_file_id": null, "media_status": null, "customer_reaction": "", "company_reaction": "",
    "edited_at": null, "deleted_at": null, "status": "delivered",
    "created_at": "2026-01-02T12:00:00Z", "sent_at": null, "is_from_me": false,
    "total_latency_ms": null, "is_latency_acceptable": true,
}))]
pub struct MessageRowOut {
    pub id: i64,
    pub session: i64,
    #[serde(rename = "atendimento")]
    pub ticket: Option<i64>,
    pub message_id: String,
    pub client_message_id: Option<String>,
    #[schema(schema_with = word::<Direction>)]
    pub direction: &'static str,
    #[schema(schema_with = word::<MessageKind>)]
    pub message_type: &'static str,
    pub chat_id: String,
    pub contact_number: String,
    pub contact_name: String,
    pub text_content: String,
    pub media_url: Option<String>,
    #[serde(flatten)]
    pub more: MoreOut,
    #[schema(schema_with = word::<MessageStatus>)]
    pub status: &'static str,
    pub created_at: At,
    pub sent_at: Option<At>,
    pub is_from_me: bool,
    pub total_latency_ms: Option<i64>,
    pub is_latency_acceptable: bool,
}

/// Uma mensagem com tudo o que se sabe dela.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 51, "session": 1, "atendimento": 7, "usuario": null, "usuario_nome": "",
    "message_id": "3EB0C0FFEE", "client_message_id": null, "task_id": null,
    "direction": "inbound", "message_type": "text", "chat_id": "5511999990001",
    "contact_number": "5511999990001", "contact_name": "Maria Souza", "text_content": "Olá!",
    "media_url": null, "media_mime_type": null, "media_size": null, "details": null,
    "quoted_message_id": null, "media_file_id": null, "media_status": null,
    "customer_reaction": "", "company_reaction": "", "edited_at": null, "deleted_at": null, "payload": {"type": "text",
    "text": "Olá!"}, "raw_payload": null, "protocol_version": "v1", "status": "delivered",
    "timestamp": null, "created_at": "2026-01-02T12:00:00Z", "queued_at": null, "sent_at": null,
    "delivered_at": null, "read_at": null, "error_message": "", "is_from_me": false,
    "is_automatic": false, "latency_to_sent_ms": null, "latency_to_delivered_ms": null,
    "latency_to_read_ms": null, "total_latency_ms": null, "is_latency_acceptable": true,
}))]
pub struct MessageOut {
    pub id: i64,
    pub session: i64,
    #[serde(rename = "atendimento")]
    pub ticket: Option<i64>,
    #[serde(rename = "usuario")]
    pub agent: Option<i64>,
    #[serde(rename = "usuario_nome")]
    pub agent_name: String,
    pub message_id: String,
    pub client_message_id: Option<String>,
    pub task_id: Option<String>,
    #[schema(schema_with = word::<Direction>)]
    pub direction: &'static str,
    #[schema(schema_with = word::<MessageKind>)]
    pub message_type: &'static str,
    pub chat_id: String,
    pub contact_number: String,
    pub contact_name: String,
    pub text_content: String,
    pub media_url: Option<String>,
    pub media_mime_type: Option<String>,
    pub media_size: Option<i64>,
    #[serde(flatten)]
    pub more: MoreOut,
    pub payload: PayloadOut,
    pub raw_payload: Value,
    pub protocol_version: String,
    #[schema(schema_with = word::<MessageStatus>)]
    pub status: &'static str,
    pub timestamp: Option<At>,
    pub created_at: At,
    pub queued_at: Option<At>,
    pub sent_at: Option<At>,
    pub delivered_at: Option<At>,
    pub read_at: Option<At>,
    pub error_message: String,
    pub is_from_me: bool,
    pub is_automatic: bool,
    #[serde(flatten)]
    pub latency: LatencyOut,
}

/// O que a mensagem traz além do texto, e o que aconteceu com ela depois.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "details": null, "quoted_message_id": null, "media_file_id": null, "media_status": null,
    "customer_reaction": "", "company_reaction": "", "edited_at": null, "deleted_at": null,
}))]
pub struct MoreOut {
    pub details: Option<Content>,
    /// A mensagem a que esta responde.
    pub quoted_message_id: Option<String>,
    /// O arquivo, em `/api/v1/whatsapp/media/{file_id}/`.
    pub media_file_id: Option<String>,
    #[schema(schema_with = word_or_null::<MediaStatus>)]
    pub media_status: Option<&'static str>,
    pub customer_reaction: String,
    pub company_reaction: String,
    /// Quando o texto foi alterado pela última vez.
    pub edited_at: Option<At>,
    /// Quando foi apagada para todos; o texto fica guardado.
    pub deleted_at: Option<At>,
}

impl From<&Message> for MoreOut {
    fn from(message: &Message) -> Self {
        let details = message.details.as_deref().and_then(Content::read);
        Self {
            details: details.map(Content::public),
            quoted_message_id: message.quoted_message_id.clone(),
            media_file_id: message.media_key.as_ref().map(|key| key.as_str().to_owned()),
            media_status: message.media_status.map(Word::word),
            customer_reaction: message.customer_reaction.clone(),
            company_reaction: message.company_reaction.clone(),
            edited_at: message.edited_at.map(At),
            deleted_at: message.deleted_at.map(At),
        }
    }
}

/// Quanto uma mensagem demorou desde que entrou na fila de envio.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "latency_to_sent_ms": null, "latency_to_delivered_ms": null, "latency_to_read_ms": null,
    "total_latency_ms": null, "is_latency_acceptable": true,
}))]
pub struct LatencyOut {
    pub latency_to_sent_ms: Option<i64>,
    pub latency_to_delivered_ms: Option<i64>,
    pub latency_to_read_ms: Option<i64>,
    pub total_latency_ms: Option<i64>,
    pub is_latency_acceptable: bool,
}

impl From<&Message> for LatencyOut {
    fn from(message: &Message) -> Self {
        Self {
            latency_to_sent_ms: message.latency_to_sent_ms(),
            latency_to_delivered_ms: message.latency_to_delivered_ms(),
            latency_to_read_ms: message.latency_to_read_ms(),
            total_latency_ms: message.total_latency_ms(),
            is_latency_acceptable: message.is_latency_acceptable(),
        }
    }
}

/// Só o conteúdo, como clientes o enviam.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"type": "text", "text": "Olá!"}))]
pub struct PayloadOut {
    #[serde(rename = "type")]
    #[schema(schema_with = word::<MessageKind>)]
    pub kind: &'static str,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub media_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mime_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub media_size: Option<i64>,
}

impl From<Message> for MessageRowOut {
    fn from(message: Message) -> Self {
        let more = MoreOut::from(&message);
        let (total_latency_ms, is_latency_acceptable) =
            (message.total_latency_ms(), message.is_latency_acceptable());
        let Message {
            id,
            session_id,
            ticket_id,
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
            media_mime_type: _,
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
            is_automatic: _,
            error: _,
            provider_at: _,
            created_at,
            queued_at: _,
            sent_at,
            delivered_at: _,
            read_at: _,
        } = message;
        Self {
            id: id.0,
            session: session_id.0,
            ticket: ticket_id.map(|id| id.0),
            message_id,
            client_message_id,
            direction: direction.word(),
            message_type: kind.word(),
            chat_id,
            contact_number: phone,
            contact_name,
            text_content: text,
            media_url,
            more,
            status: status.word(),
            created_at: At(created_at),
            sent_at: sent_at.map(At),
            is_from_me: direction == Direction::Outbound,
            total_latency_ms,
            is_latency_acceptable,
        }
    }
}

impl MessageOut {
    /// The row, with the name of its sender out of the roster.
    pub fn new(message: Message, roster: &Roster) -> Self {
        let more = MoreOut::from(&message);
        let (payload, latency) = (PayloadOut::from(&message), LatencyOut::from(&message));
        let Message {
            id,
            session_id,
            ticket_id,
            agent_id,
            chat_id,
            message_id,
            client_message_id,
            task_id,
            direction,
            kind,
            status,
            phone,
            contact_name,
            text,
            media_url,
            media_mime_type,
            media_size,
            raw_payload,
            protocol_version,
            is_automatic,
            error,
            provider_at,
            created_at,
            queued_at,
            sent_at,
            delivered_at,
            read_at,
            // In `more`, or nothing for people.
            ..
        } = message;
        Self {
            id: id.0,
            session: session_id.0,
            ticket: ticket_id.map(|id| id.0),
            agent: agent_id.map(|id| id.0),
            agent_name: roster.agent_name(agent_id),
            message_id,
            client_message_id,
            task_id,
            direction: direction.word(),
            message_type: kind.word(),
            chat_id,
            contact_number: phone,
            contact_name,
            text_content: text,
            media_url,
            media_mime_type,
            media_size,
            more,
            payload,
            raw_payload: raw_payload.map_or(Value::Null, json_or_text),
            protocol_version,
            status: status.word(),
            timestamp: provider_at.map(At),
            created_at: At(created_at),
            queued_at: queued_at.map(At),
            sent_at: sent_at.map(At),
            delivered_at: delivered_at.map(At),
            read_at: read_at.map(At),
            error_message: error,
            is_from_me: direction == Direction::Outbound,
            is_automatic,
            latency,
        }
    }
}

fn json_or_text(raw: String) -> Value {
    serde_json::from_str(&raw).unwrap_or(Value::String(raw))
}

impl From<&Message> for PayloadOut {
    fn from(message: &Message) -> Self {
        Self {
            kind: message.kind.word(),
            text: message.text.clone(),
            media_url: message.media_url.clone(),
            mime_type: message.media_mime_type.clone(),
            media_size: message.media_size,
        }
    }
}

/// A velocidade das mensagens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "total_messages": 22, "outbound_messages": 10, "inbound_messages": 12,
    "avg_latency_to_sent_ms": 812.5, "avg_latency_to_delivered_ms": 1200.25,
    "messages_over_5s": 0, "latency_acceptable_rate": 100.0,
}))]
pub struct LatencyStatsOut {
    pub total_messages: i64,
    pub outbound_messages: i64,
    pub inbound_messages: i64,
    pub avg_latency_to_sent_ms: Option<f64>,
    pub avg_latency_to_delivered_ms: Option<f64>,
    pub messages_over_5s: i64,
    pub latency_acceptable_rate: f64,
}

impl From<LatencyStats> for LatencyStatsOut {
    fn from(stats: LatencyStats) -> Self {
        let LatencyStats { total, outbound, inbound, to_sent_ms, to_delivered_ms, slow } = stats;
        Self {
            total_messages: total,
            outbound_messages: outbound,
            inbound_messages: inbound,
            avg_latency_to_sent_ms: to_sent_ms.map(two_decimals),
            avg_latency_to_delivered_ms: to_delivered_ms.map(two_decimals),
            messages_over_5s: slow,
            latency_acceptable_rate: acceptable_rate(outbound, slow),
        }
    }
}

/// The share of messages that were not slow, in per cent; all of none.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 messages")]
pub fn acceptable_rate(total: i64, slow: i64) -> f64 {
    if total == 0 { 100.0 } else { two_decimals((total - slow) as f64 * 100.0 / total as f64) }
}

pub fn two_decimals(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Uma mensagem aceita para envio.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Mensagem enfileirada para envio",
    "task_id": "0f8fad5b-d9cb-469f-a165-70867728950e", "to": "5511999990001", "status": "queued",
    "client_message_id": "app-123", "message_id": "3EB0C0FFEE", "database_id": 52,
}))]
pub struct QueuedOut {
    pub message: &'static str,
    pub task_id: Option<String>,
    pub to: String,
    #[schema(schema_with = word::<MessageStatus>)]
    pub status: &'static str,
    pub client_message_id: Option<String>,
    pub message_id: String,
    pub database_id: i64,
}

impl From<Message> for QueuedOut {
    fn from(message: Message) -> Self {
        Self {
            message: "Mensagem enfileirada para envio",
            task_id: message.task_id,
            to: message.chat_id,
            // Also for a repeat: the request has the same answer as before.
            status: "queued",
            client_message_id: message.client_message_id,
            message_id: message.message_id,
            database_id: message.id.0,
        }
    }
}

/// O que clientes mais antigos recebem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"message_id": "3EB0C0FFEE"}))]
pub struct MessageIdOut {
    pub message_id: String,
}

/// Uma mensagem a enviar.
#[derive(ToSchema)]
#[schema(example = json!({
    "to": "5511999990001", "type": "text", "text": "Olá!", "client_message_id": "app-123",
}))]
pub struct SendIn {
    /// Número com DDI e DDD, ou o endereço de um grupo.
    #[schema(min_length = 1, max_length = 100)]
    pub to: String,
    #[schema(rename = "type", schema_with = sent_kind, required = false)]
    pub kind: String,
    /// Obrigatório para `text`; senão a legenda.
    #[schema(max_length = 65536)]
    pub text: Option<String>,
    /// Para imagem, áudio, vídeo, documento e figurinha: o endereço público do arquivo, ou `media_file_id`.
    #[schema(max_length = 2048)]
    pub media_url: Option<String>,
    /// Um arquivo guardado antes com `POST /api/v1/whatsapp/media/`.
    #[schema(max_length = 255)]
    pub media_file_id: Option<String>,
    /// O nome que o cliente vê em um documento.
    #[schema(max_length = 200)]
    pub filename: Option<String>,
    /// Mostra um áudio como nota de voz.
    pub voice: Option<bool>,
    /// Para `location`.
    pub location: Option<Place>,
    /// Para `contact`.
    #[schema(max_items = 10)]
    pub contacts: Option<Vec<ContactCard>>,
    /// Para `template`.
    pub template: Option<Template>,
    /// Para `interactive`; a pergunta vai em `text`.
    pub interactive: Option<Interactive>,
    /// A mensagem a que esta responde: o `message_id` dela.
    #[schema(max_length = 255)]
    pub quoted_message_id: Option<String>,
    /// Um pedido repetido com o mesmo valor não envia de novo.
    #[schema(max_length = 255)]
    pub client_message_id: Option<String>,
}

/// Uma mensagem a enviar, como clientes mais antigos a escrevem.
#[derive(ToSchema)]
#[schema(example = json!({"to": "5511999990001", "type": "text", "text": "Olá!"}))]
pub struct LegacySendIn {
    #[schema(min_length = 1, max_length = 100)]
    pub to: String,
    #[schema(rename = "type", schema_with = legacy_kind, required = false)]
    pub kind: String,
    #[schema(max_length = 65536)]
    pub text: Option<String>,
    /// Vale quando `text` falta.
    #[schema(max_length = 65536)]
    pub caption: Option<String>,
    #[schema(max_length = 2048)]
    pub image_url: Option<String>,
    #[schema(max_length = 2048)]
    pub media_url: Option<String>,
    #[schema(max_length = 255)]
    pub client_message_id: Option<String>,
}

/// The kinds that can be sent.
pub const SENDABLE: [MessageKind; 10] = [
    MessageKind::Text,
    MessageKind::Image,
    MessageKind::Audio,
    MessageKind::Video,
    MessageKind::Document,
    MessageKind::Location,
    MessageKind::Contact,
    MessageKind::Sticker,
    MessageKind::Template,
    MessageKind::Interactive,
];

/// Those that older clients know.
pub const LEGACY_SENDABLE: [MessageKind; 5] = [
    MessageKind::Text,
    MessageKind::Image,
    MessageKind::Audio,
    MessageKind::Video,
    MessageKind::Document,
];

fn legacy_kind() -> Object {
    one_of(&LEGACY_SENDABLE.map(Word::word))
}

/// Filtros da lista de mensagens.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MessageParams {
    #[param(schema_with = word::<Direction>, required = false)]
    pub direction: String,
    #[param(schema_with = word::<MessageKind>, required = false)]
    pub message_type: String,
    #[param(schema_with = status_filter, required = false)]
    pub status: String,
    pub chat_id: Option<String>,
    /// Id de um número.
    pub session: Option<i64>,
    pub is_from_me: Option<bool>,
    /// Palavras no texto, no nome do contato ou no número.
    pub search: Option<String>,
    /// `created_at` (padrão: `-created_at`), `sent_at` ou `delivered_at`.
    pub ordering: Option<String>,
}

described! {
    sent_kind = one_of(&SENDABLE.map(Word::word)), "Padrão: `text`.";
    status_filter = word::<MessageStatus>(), "`error` também é entendido, como `failed`.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_all_messages_with_two_decimals() {
        let rates =
            [(0, 0), (3, 1), (380, 3), (2, 2)].map(|(all, slow)| acceptable_rate(all, slow));
        assert_eq!(rates.map(|rate| format!("{rate}")), ["100", "66.67", "99.21", "0"]);
    }
}
