//! A message that a test pretends to have come from a customer (contract §12 and §21).

use dx_actors::domain::{Inbound, MessageKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{incoming::Incoming, message::MessageOut, words::Word};

/// Uma mensagem a simular.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(example = json!({
    "from": "5511999990001",
    "payload": {"type": "text", "text": "Olá!", "contact_name": "Maria Souza"},
}))]
pub struct InjectIn {
    pub from: String,
    pub chat_id: Option<String>,
    pub payload: InjectPayloadIn,
}

/// O conteúdo de uma mensagem simulada.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct InjectPayloadIn {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub text: Option<String>,
    pub contact_name: Option<String>,
    pub media_url: Option<String>,
    pub mime_type: Option<String>,
    pub media_size: Option<i64>,
    pub message_id: Option<String>,
}

impl InjectIn {
    /// Reads the body of a request; the reason for a refusal names the field.
    pub fn read(mut body: Map<String, Value>) -> Result<Self, String> {
        let mut take = |name: &str| body.remove(name).filter(|value| !value.is_null());
        let from = text("from", take("from"))?.ok_or(FROM_REQUIRED)?;
        let payload = take("payload").ok_or("Campo 'payload' é obrigatório")?;
        if !payload.is_object() {
            return Err("Campo 'payload' inválido: deve ser um objeto".to_owned());
        }
        let payload = serde_json::from_value(payload)
            .map_err(|_| "Campo 'payload' inválido: há valores de tipo errado".to_owned())?;
        Ok(Self { from, chat_id: text("chat_id", take("chat_id"))?, payload })
    }
}

const FROM_REQUIRED: &str = "Campo 'from' é obrigatório";

fn text(name: &str, value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(format!("Campo '{name}' inválido: deve ser um texto")),
    }
}

/// The message as a provider would hand it in, or the reason why it cannot be one.
pub fn inbound(
    from: String,
    chat_id: Option<String>,
    payload: InjectPayloadIn,
) -> Result<Inbound, String> {
    let InjectPayloadIn { kind, text, contact_name, media_url, mime_type, media_size, message_id } =
        payload;
    if from.trim().is_empty() {
        return Err(FROM_REQUIRED.to_owned());
    }
    let kind = kind.as_deref().unwrap_or("text");
    let kind = injectable(kind).ok_or_else(|| {
        format!("Tipo de mensagem inválido: {}", kind.chars().take(50).collect::<String>())
    })?;
    let text = text.filter(|text| !text.trim().is_empty());
    if kind == MessageKind::Text && text.is_none() {
        return Err("Campo 'text' é obrigatório em 'payload'".to_owned());
    }
    let incoming = Incoming {
        from,
        chat_id,
        contact_name,
        message_id,
        kind,
        text: text.unwrap_or_default(),
        media_url,
        media_mime_type: mime_type,
        media_size,
        details: None,
        quoted_message_id: None,
        raw_payload: None,
        protocol_version: None,
        provider_at: None,
    };
    incoming.into_inbound("text")
}

fn injectable(word: &str) -> Option<MessageKind> {
    use MessageKind::{Audio, Document, Image, Text, Video};
    MessageKind::parse(word).filter(|kind| [Text, Image, Audio, Video, Document].contains(kind))
}

/// Uma mensagem simulada, guardada como se tivesse chegado.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Mensagem de teste injetada com sucesso", "message_id": "3EB0C0FFEE",
    "database_id": 51, "data": {"id": 51, "session": 1, "atendimento": 7, "usuario": null,
    "usuario_nome": "", "message_id": "3EB0C0FFEE", "client_message_id": null, "task_id": null,
    "direction": "inbound", "message_type": "text", "chat_id": "5511999990001",
    "contact_number": "5511999990001", "contact_name": "Maria Souza", "text_content": "Olá!",
    "media_url": null, "media_mime_type": null, "media_size": null, "details": null,
    "quoted_message_id": null, "media_file_id": null, "media_status": null,
    "customer_reaction": "", "company_reaction": "", "edited_at": null, "deleted_at": null,
    "payload": {"type": "text",
    "text": "Olá!"}, "raw_payload": null, "protocol_version": "v1", "status": "delivered",
    "timestamp": null, "created_at": "2026-01-02T12:00:00Z", "queued_at": null, "sent_at": null,
    "delivered_at": null, "read_at": null, "error_message": "", "is_from_me": false,
    "is_automatic": false, "latency_to_sent_ms": null, "latency_to_delivered_ms": null,
    "latency_to_read_ms": null, "total_latency_ms": null, "is_latency_acceptable": true},
}))]
pub struct InjectedOut {
    pub message: &'static str,
    pub message_id: String,
    pub database_id: i64,
    pub data: MessageOut,
}

impl From<MessageOut> for InjectedOut {
    fn from(data: MessageOut) -> Self {
        Self {
            message: "Mensagem de teste injetada com sucesso",
            message_id: data.message_id.clone(),
            database_id: data.id,
            data,
        }
    }
}
