//! What networks post to the webhook: the reference's body for one message, or a batch of Meta's
//! Cloud API, told apart by their shape.

use dx_actors::domain::{Inbound, MessageKind, SessionId};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema, openapi::Object};

use super::{
    cloud::CloudIn,
    incoming::{Incoming, invalid},
    message::MessageOut,
    time,
};
use crate::openapi::schemas::one_of;

const EVENT: &str = "message_received";
/// As much of a foreign word as an answer repeats.
const ECHO_CHARS_MAX: usize = 50;

/// A body of either shape.
#[derive(Debug)]
pub enum WebhookIn {
    Message(Box<WebhookMessageIn>),
    Cloud(CloudIn),
}

/// One message, and the number it is for as far as the body says.
#[derive(Debug)]
pub struct WebhookMessageIn {
    pub session_id: Option<SessionId>,
    pub to: Option<String>,
    pub inbound: Inbound,
}

/// O que uma entrega da Cloud API continha.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok", "messages": 1, "statuses": 0}))]
pub struct BatchOut {
    pub status: &'static str,
    pub messages: usize,
    pub statuses: usize,
}

impl WebhookIn {
    /// Reads a body, or says what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let body =
            serde_json::from_slice(bytes).map_err(|error| format!("JSON parse error - {error}"))?;
        let Value::Object(body) = body else {
            return Err("O corpo deve ser um objeto JSON".to_owned());
        };
        let has = |key: &str| body.contains_key(key);
        if !has("event") && (has("object") || has("entry")) {
            return CloudIn::read(body).map(Self::Cloud);
        }
        let message = WebhookMessageIn::read(&body, bytes)?;
        Ok(Self::Message(Box::new(message)))
    }
}

impl WebhookMessageIn {
    fn read(body: &Map<String, Value>, bytes: &[u8]) -> Result<Self, String> {
        match text(body, "event")? {
            None => return Err(missing(&["event"])),
            Some(event) if event != EVENT => {
                let event: String = event.chars().take(ECHO_CHARS_MAX).collect();
                return Err(format!("Evento não suportado: {event}"));
            }
            Some(_) => {}
        }
        let empty = Map::new();
        let data = match body.get("data") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(data)) => data,
            Some(_) => return Err(invalid("data", "deve ser um objeto")),
        };
        let incoming = Incoming {
            raw_payload: Some(String::from_utf8_lossy(bytes).into_owned()),
            protocol_version: text(body, "version")?,
            ..read_data(data)?
        };
        Ok(Self {
            session_id: number(body, "session_id").or_else(|| number(data, "session_id")),
            to: text(data, "to")?,
            inbound: incoming.into_inbound("message")?,
        })
    }
}

fn read_data(data: &Map<String, Value>) -> Result<Incoming, String> {
    let (from, message) = (text(data, "from")?, text(data, "message")?);
    let (media_url, media_type) = (text(data, "media_url")?, text(data, "media_type")?);
    // A picture needs no words.
    let absent = [("from", from.is_none()), ("message", message.is_none() && media_url.is_none())];
    let absent: Vec<_> = absent.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    if !absent.is_empty() {
        return Err(missing(&absent));
    }
    let provider_at = match data.get("timestamp").filter(|value| !value.is_null()) {
        None => None,
        Some(value) => {
            let at = time::instant(value);
            Some(at.ok_or_else(|| invalid("timestamp", "use ISO 8601 ou segundos desde 1970"))?)
        }
    };
    Ok(Incoming {
        from: from.unwrap_or_default(),
        chat_id: text(data, "chat_id")?,
        contact_name: text(data, "contact_name")?,
        message_id: text(data, "message_id")?,
        kind: kind_of(media_type.as_deref(), media_url.is_some()),
        text: message.unwrap_or_default(),
        media_url,
        media_mime_type: media_type,
        media_size: None,
        details: None,
        quoted_message_id: None,
        raw_payload: None,
        protocol_version: None,
        provider_at,
    })
}

fn kind_of(media_type: Option<&str>, has_media: bool) -> MessageKind {
    let media_type = media_type.unwrap_or_default().to_ascii_lowercase();
    let by_prefix = [
        ("image", MessageKind::Image),
        ("audio", MessageKind::Audio),
        ("video", MessageKind::Video),
    ];
    let found = by_prefix.iter().find(|(prefix, _)| media_type.starts_with(prefix));
    let otherwise = if has_media { MessageKind::Document } else { MessageKind::Text };
    found.map_or(otherwise, |(_, kind)| *kind)
}

fn missing(names: &[&str]) -> String {
    format!("Campos obrigatórios ausentes: {}", names.join(", "))
}

/// Absent, `null` and blank are the same.
fn text(values: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match values.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(invalid(name, "deve ser um texto")),
    }
}

/// What names no number of ours does not matter: the message is kept all the same.
fn number(values: &Map<String, Value>, name: &str) -> Option<SessionId> {
    let value = values.get(name)?;
    let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    number.map(SessionId)
}

/// Uma mensagem recebida. A Cloud API da Meta pode entregar aqui também, no formato dela
/// (`object` e `entry`).
#[derive(ToSchema)]
#[schema(example = json!({
    "event": "message_received",
    "data": {
        "from": "5511999990001", "message": "Olá!", "contact_name": "Maria Souza",
        "message_id": "3EB0C0FFEE", "timestamp": "2026-01-02T12:00:00Z",
    },
}))]
pub struct WebhookBodyIn {
    #[schema(schema_with = event)]
    pub event: String,
    #[schema(max_length = 20)]
    pub version: Option<String>,
    /// O número que recebeu; um desconhecido não importa.
    pub session_id: Option<i64>,
    pub data: WebhookDataIn,
}

/// O que foi dito, e por quem.
#[derive(ToSchema)]
pub struct WebhookDataIn {
    #[schema(min_length = 1, max_length = 100)]
    pub from: String,
    /// O número que recebeu.
    pub to: Option<String>,
    #[schema(max_length = 100)]
    pub chat_id: Option<String>,
    /// Obrigatório sem `media_url`.
    #[schema(max_length = 65536)]
    pub message: Option<String>,
    #[schema(max_length = 255)]
    pub contact_name: Option<String>,
    /// A mesma mensagem pode chegar de novo sem efeito.
    #[schema(max_length = 255)]
    pub message_id: Option<String>,
    /// ISO 8601, ou segundos ou milissegundos desde 1970.
    pub timestamp: Option<String>,
    #[schema(max_length = 2048, pattern = "^https?://")]
    pub media_url: Option<String>,
    #[schema(max_length = 255)]
    pub media_type: Option<String>,
}

/// A mensagem, ou o que uma entrega da Cloud API continha.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum WebhookOut {
    Message(Box<MessageOut>),
    Batch(BatchOut),
}

fn event() -> Object {
    one_of(&[EVENT])
}

/// A pergunta da Meta, se o endereço é nosso.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerificationParams {
    #[param(rename = "hub.mode", schema_with = mode)]
    pub mode: String,
    #[param(rename = "hub.verify_token")]
    pub verify_token: String,
    /// O que a resposta repete.
    #[param(rename = "hub.challenge")]
    pub challenge: Option<String>,
}

fn mode() -> Object {
    one_of(&["subscribe"])
}
