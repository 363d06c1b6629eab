//! The webhook bodies of Meta's Cloud API: batches of messages and of statuses.
//!
//! Lenient on purpose: what is refused comes again for a week, so a part that cannot be understood is
//! kept as far as possible and never stops the rest of its batch.

use dx_actors::{
    domain::{Inbound, MessageKind, MessageStatus, SessionId, Timestamp},
    store::StatusReport,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    incoming::{CONTACT_NAME_CHARS_MAX, Incoming, TEXT_CHARS_MAX},
    time,
    words::Word,
};

/// Longer reasons for a failure are cut.
const ERROR_CHARS_MAX: usize = 500;

/// One delivery.
#[derive(Debug, Deserialize)]
pub struct CloudIn {
    #[serde(default)]
    entry: Vec<EntryIn>,
}

#[derive(Debug, Deserialize)]
struct EntryIn {
    #[serde(default)]
    changes: Vec<ChangeIn>,
}

#[derive(Debug, Deserialize)]
struct ChangeIn {
    /// Has another shape for what is not about messages.
    #[serde(default)]
    value: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ValueIn {
    metadata: MetadataIn,
    contacts: Vec<Value>,
    messages: Vec<Value>,
    statuses: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MetadataIn {
    display_phone_number: String,
}

/// What one delivery says about one number.
#[derive(Debug)]
pub struct CloudBatch {
    /// The company's number, as Meta writes it.
    pub phone_number: String,
    pub inbound: Vec<Inbound>,
    pub statuses: Vec<CloudStatus>,
}

/// How far a message has come.
#[derive(Debug, PartialEq, Eq)]
pub struct CloudStatus {
    message_id: String,
    status: MessageStatus,
    at: Option<Timestamp>,
    error: String,
}

impl CloudStatus {
    pub fn into_report(self, session_id: SessionId, now: Timestamp) -> StatusReport {
        let Self { message_id, status, at, error } = self;
        StatusReport { session_id, message_id, status, at: at.unwrap_or(now), error }
    }
}

impl CloudIn {
    pub(super) fn read(body: Map<String, Value>) -> Result<Self, String> {
        serde_json::from_value(Value::Object(body))
            .map_err(|error| format!("Corpo inválido: {error}"))
    }

    /// What is about messages, number by number.
    pub fn into_batches(self) -> Vec<CloudBatch> {
        let changes = self.entry.into_iter().flat_map(|entry| entry.changes);
        let values = changes.filter_map(|change| serde_json::from_value(change.value).ok());
        let batches = values.map(|value: ValueIn| CloudBatch {
            inbound: value.messages.iter().filter_map(|m| inbound(m, &value.contacts)).collect(),
            statuses: value.statuses.iter().filter_map(status).collect(),
            phone_number: value.metadata.display_phone_number,
        });
        batches.filter(|batch| !batch.inbound.is_empty() || !batch.statuses.is_empty()).collect()
    }
}

fn inbound(message: &Value, contacts: &[Value]) -> Option<Inbound> {
    // People with a user name may hide their number.
    let from = message["from"].as_str().or_else(|| message["from_user_id"].as_str())?;
    let (kind, text) = content(message);
    let media = &message[message["type"].as_str().unwrap_or_default()];
    let incoming = Incoming {
        from: from.to_owned(),
        chat_id: None,
        contact_name: contact_name(from, contacts).map(|name| cut(name, CONTACT_NAME_CHARS_MAX)),
        message_id: Some(message["id"].as_str()?.to_owned()),
        kind,
        text: cut(&text, TEXT_CHARS_MAX),
        media_url: text_at(media, "/url").or_else(|| text_at(media, "/link")),
        media_mime_type: text_at(media, "/mime_type"),
        media_size: media["file_size"].as_i64(),
        // Carries the media's id.
        raw_payload: Some(message.to_string()),
        protocol_version: None,
        provider_at: time::instant(&message["timestamp"]),
    };
    let inbound = incoming.into_inbound("text");
    inbound.inspect_err(|reason| tracing::warn!(reason, "a message of the network is skipped")).ok()
}

/// The kind of a message and what people read of it.
fn content(message: &Value) -> (MessageKind, String) {
    let kind = message["type"].as_str().unwrap_or_default();
    let part = &message[kind];
    let first = |paths: &[&str]| paths.iter().find_map(|path| text_at(part, path));
    match kind {
        "text" => (MessageKind::Text, first(&["/body"]).unwrap_or_default()),
        "image" | "audio" | "video" | "document" | "sticker" => {
            let kind = MessageKind::parse(kind).unwrap_or(MessageKind::Document);
            (kind, first(&["/caption", "/filename"]).unwrap_or_default())
        }
        "location" => {
            let written = first(&["/name", "/address"]);
            let place = || format!("{}, {}", part["latitude"], part["longitude"]);
            (MessageKind::Location, written.unwrap_or_else(place))
        }
        "contacts" => (MessageKind::Contact, names(part)),
        other => {
            let title = first(&[
                "/text",
                "/button_reply/title",
                "/list_reply/title",
                "/nfm_reply/body",
                "/emoji",
            ]);
            let other = if other.is_empty() { "desconhecido" } else { other };
            (MessageKind::Text, title.unwrap_or_else(|| format!("[{other}]")))
        }
    }
}

fn names(contacts: &Value) -> String {
    let contacts = contacts.as_array().map_or(&[][..], Vec::as_slice);
    let names = contacts.iter().filter_map(|contact| text_at(contact, "/name/formatted_name"));
    names.collect::<Vec<_>>().join(", ")
}

/// The sender's name: of the contact with the same id, else of the only one.
fn contact_name<'c>(from: &str, contacts: &'c [Value]) -> Option<&'c str> {
    let is_sender = |contact: &&Value| ["wa_id", "user_id"].iter().any(|key| contact[key] == from);
    let only = if let [only] = contacts { Some(only) } else { None };
    contacts.iter().find(is_sender).or(only)?.pointer("/profile/name")?.as_str()
}

/// Unknown statuses mean nothing to us.
fn status(status: &Value) -> Option<CloudStatus> {
    let word = status["status"].as_str()?;
    let known =
        MessageStatus::parse(word).filter(|status| status.rank() >= MessageStatus::Sent.rank());
    Some(CloudStatus {
        message_id: status["id"].as_str()?.to_owned(),
        status: known?,
        at: time::instant(&status["timestamp"]),
        error: error(&status["errors"][0]),
    })
}

/// `131047: Re-engagement message`; empty when there is none.
fn error(error: &Value) -> String {
    let paths = ["/error_data/details", "/message", "/title"];
    let text = paths.iter().find_map(|path| text_at(error, path));
    match (error["code"].as_i64(), text) {
        (None, None) => String::new(),
        (Some(code), None) => code.to_string(),
        (None, Some(text)) => cut(&text, ERROR_CHARS_MAX),
        (Some(code), Some(text)) => cut(&format!("{code}: {text}"), ERROR_CHARS_MAX),
    }
}

/// A text that is not blank.
fn text_at(value: &Value, path: &str) -> Option<String> {
    let text = value.pointer(path)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// Databases take no NUL.
fn cut(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(chars_max).collect()
}
