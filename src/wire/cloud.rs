//! The webhook bodies of Meta's Cloud API: batches of messages and of statuses.
//!
//! Lenient on purpose: what is refused comes again for a week, so a part that cannot be understood is
//! kept as far as possible and never stops the rest of its batch.

use dx_actors::{
    domain::{Inbound, MessageKind, MessageStatus, SessionId, Timestamp},
    store::StatusReport,
};
use serde_json::{Map, Value};

use super::{
    incoming::{CONTACT_NAME_CHARS_MAX, Incoming, TEXT_CHARS_MAX, invalid, is_web_address},
    time,
    words::Word,
};

/// Longer reasons for a failure are cut.
const ERROR_CHARS_MAX: usize = 500;

/// One delivery: its entries, each with changes.
#[derive(Debug)]
pub struct CloudIn(Vec<Value>);

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
        StatusReport {
            session_id,
            message_id,
            status,
            at: at.unwrap_or(now),
            error,
            network_id: None,
        }
    }
}

impl CloudIn {
    pub(super) fn read(mut body: Map<String, Value>) -> Result<Self, String> {
        match body.remove("entry") {
            Some(Value::Array(entries)) => Ok(Self(entries)),
            _ => Err(invalid("entry", "deve ser uma lista")),
        }
    }

    /// What is about messages, number by number.
    pub fn into_batches(self) -> Vec<CloudBatch> {
        let changes = self.0.iter().flat_map(|entry| list(&entry["changes"]));
        let batches = changes.map(|change| batch(&change["value"]));
        batches.filter(|batch| !batch.inbound.is_empty() || !batch.statuses.is_empty()).collect()
    }
}

fn batch(value: &Value) -> CloudBatch {
    let contacts = list(&value["contacts"]);
    let messages = list(&value["messages"]).iter().map(|message| inbound(message, contacts));
    let readable = messages.filter_map(|message| {
        let skipped = |reason: &String| tracing::warn!(reason, "a network's message is skipped");
        message.inspect_err(skipped).ok()
    });
    CloudBatch {
        inbound: readable.collect(),
        statuses: list(&value["statuses"]).iter().filter_map(status).collect(),
        phone_number: text_at(value, "/metadata/display_phone_number").unwrap_or_default(),
    }
}

fn inbound(message: &Value, contacts: &[Value]) -> Result<Inbound, String> {
    // People with a user name may hide their number.
    let from = text_at(message, "/from").or_else(|| text_at(message, "/from_user_id"));
    let from = from.ok_or("no sender")?;
    let (kind, text) = content(message);
    let media = &message[message["type"].as_str().unwrap_or_default()];
    let media_url = text_at(media, "/url").or_else(|| text_at(media, "/link"));
    let incoming = Incoming {
        chat_id: None,
        contact_name: contact_name(&from, contacts).map(|name| cut(name, CONTACT_NAME_CHARS_MAX)),
        from,
        message_id: Some(text_at(message, "/id").ok_or("no id")?),
        kind,
        text: cut(&text, TEXT_CHARS_MAX),
        media_url: media_url.filter(|url| is_web_address(url)),
        media_mime_type: text_at(media, "/mime_type"),
        media_size: media["file_size"].as_i64(),
        details: None,
        quoted_message_id: None,
        // Carries the media's id.
        raw_payload: Some(message.to_string()),
        protocol_version: None,
        provider_at: time::instant(&message["timestamp"]),
    };
    incoming.into_inbound("text")
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
    let names =
        list(contacts).iter().filter_map(|contact| text_at(contact, "/name/formatted_name"));
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
        // No id of ours holds a NUL, and PostgreSQL takes none.
        message_id: status["id"].as_str().filter(|id| !id.contains('\0'))?.to_owned(),
        status: known?,
        at: time::instant(&status["timestamp"]),
        error: error(&status["errors"][0]),
    })
}

/// `131047: Re-engagement message`; empty when there is none.
fn error(error: &Value) -> String {
    error_text(error).replace('\0', "")
}

fn error_text(error: &Value) -> String {
    let paths = ["/error_data/details", "/message", "/title"];
    let text = paths.iter().find_map(|path| text_at(error, path));
    match (error["code"].as_i64(), text) {
        (None, None) => String::new(),
        (Some(code), None) => code.to_string(),
        (None, Some(text)) => cut(&text, ERROR_CHARS_MAX),
        (Some(code), Some(text)) => cut(&format!("{code}: {text}"), ERROR_CHARS_MAX),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
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
