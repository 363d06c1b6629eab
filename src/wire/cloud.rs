//! The webhook bodies of Meta's Cloud API: batches of messages and of statuses.
//!
//! Lenient on purpose: what is refused comes again for a week, so a part that cannot be understood is
//! kept as far as possible and never stops the rest of its batch.

use dx_actors::{
    domain::{
        ChangeKind, Inbound, MessageChange, MessageStatus, SessionId, Side, Timestamp,
        cloud::TemplateStatus, phone,
    },
    store::StatusReport,
};
use serde_json::{Map, Value};

use super::{
    cloud_content::{self, Content},
    incoming::{
        CHAT_ID_CHARS_MAX, CONTACT_NAME_CHARS_MAX, Incoming, MESSAGE_ID_CHARS_MAX, TEXT_CHARS_MAX,
        invalid, is_web_address,
    },
    time,
    words::Word,
};
use crate::providers::cloud::errors;

/// Longer reasons for a failure are cut.
const ERROR_CHARS_MAX: usize = 500;
const TEMPLATE_ID_CHARS_MAX: usize = 64;

/// One delivery: its entries, each with changes.
#[derive(Debug)]
pub struct CloudIn(Vec<Value>);

/// What one delivery says about one number.
#[derive(Debug)]
pub struct CloudBatch {
    /// Meta's id of the company's number.
    pub phone_number_id: String,
    /// The number itself, as Meta writes it.
    pub phone_number: String,
    pub inbound: Vec<CloudInbound>,
    pub statuses: Vec<CloudStatus>,
}

/// What a customer did.
#[derive(Debug)]
pub enum CloudInbound {
    Message(Box<Inbound>),
    Change(CloudChange),
}

impl CloudInbound {
    pub fn chat_id(&self) -> &str {
        match self {
            Self::Message(message) => &message.chat_id,
            Self::Change(change) => &change.chat_id,
        }
    }
}

/// A reaction, an edit, or that a message was taken back.
#[derive(Debug)]
pub struct CloudChange {
    chat_id: String,
    target_id: String,
    change_id: String,
    kind: ChangeKind,
    value: String,
    at: Option<Timestamp>,
}

impl CloudChange {
    pub fn into_change(self, now: Timestamp) -> MessageChange {
        let Self { chat_id, target_id, change_id, kind, value, at } = self;
        MessageChange {
            chat_id,
            target_id,
            change_id,
            side: Side::Customer,
            agent_id: None,
            kind,
            value,
            at: at.unwrap_or(now),
        }
    }
}

/// How far a message has come.
#[derive(Debug, PartialEq, Eq)]
pub struct CloudStatus {
    message_id: String,
    /// Meta's own id.
    network_id: Option<String>,
    status: MessageStatus,
    at: Option<Timestamp>,
    error: String,
}

impl CloudStatus {
    pub fn into_report(self, session_id: SessionId, now: Timestamp) -> StatusReport {
        let Self { message_id, network_id, status, at, error } = self;
        StatusReport {
            session_id,
            status,
            at: at.unwrap_or(now),
            error,
            network_id: network_id.filter(|id| *id != message_id),
            message_id,
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

    /// What is about messages, number by number, and what is about templates.
    pub fn into_parts(self) -> (Vec<CloudBatch>, Vec<TemplateChange>) {
        let changes: Vec<_> = self.0.iter().flat_map(|entry| list(&entry["changes"])).collect();
        let batches = changes.iter().map(|change| batch(&change["value"]));
        let batches =
            batches.filter(|batch| !batch.inbound.is_empty() || !batch.statuses.is_empty());
        let templates = changes.iter().filter_map(|change| template_change(change));
        (batches.collect(), templates.collect())
    }
}

/// The network judges a template anew.
#[derive(Debug, PartialEq, Eq)]
pub struct TemplateChange {
    pub network_id: String,
    pub status: TemplateStatus,
    pub reason: String,
}

fn template_change(change: &Value) -> Option<TemplateChange> {
    if change["field"] != "message_template_status_update" {
        return None;
    }
    let value = &change["value"];
    let network_id = match &value["message_template_id"] {
        Value::Number(id) => id.to_string(),
        id => id.as_str()?.to_owned(),
    };
    let reason = text_at(value, "/reason").filter(|reason| reason != "NONE");
    Some(TemplateChange {
        network_id: cut(&network_id, TEMPLATE_ID_CHARS_MAX),
        status: template_status(value["event"].as_str()?),
        reason: cut(&reason.unwrap_or_default(), ERROR_CHARS_MAX),
    })
}

/// Meta's word for the state of a template.
pub fn template_status(word: &str) -> TemplateStatus {
    match word {
        "APPROVED" => TemplateStatus::Approved,
        "PENDING" | "IN_APPEAL" => TemplateStatus::Pending,
        "REJECTED" => TemplateStatus::Rejected,
        "PAUSED" => TemplateStatus::Paused,
        "DISABLED" => TemplateStatus::Disabled,
        _ => TemplateStatus::Other,
    }
}

fn batch(value: &Value) -> CloudBatch {
    for error in list(&value["errors"]) {
        tracing::warn!(error = error_text(error), "the network reports an error");
    }
    let contacts = list(&value["contacts"]);
    let messages = list(&value["messages"]).iter().map(|message| inbound(message, contacts));
    let readable = messages.filter_map(|message| {
        let skipped = |reason: &String| tracing::warn!(reason, "a network's message is skipped");
        message.inspect_err(skipped).ok()
    });
    CloudBatch {
        inbound: readable.collect(),
        statuses: list(&value["statuses"]).iter().filter_map(status).collect(),
        phone_number_id: text_at(value, "/metadata/phone_number_id").unwrap_or_default(),
        phone_number: text_at(value, "/metadata/display_phone_number").unwrap_or_default(),
    }
}

fn inbound(message: &Value, contacts: &[Value]) -> Result<CloudInbound, String> {
    // People with a user name may hide their number.
    let from = text_at(message, "/from").or_else(|| text_at(message, "/from_user_id"));
    let from = from.ok_or("no sender")?;
    let id = text_at(message, "/id").ok_or("no id")?;
    if let Some(change) = change(message, &from, &id)? {
        return Ok(CloudInbound::Change(change));
    }
    let Content { kind, text, details } = cloud_content::read(message);
    let media = &message[message["type"].as_str().unwrap_or_default()];
    let media_url = text_at(media, "/url").or_else(|| text_at(media, "/link"));
    let incoming = Incoming {
        chat_id: None,
        contact_name: contact_name(&from, contacts).map(|name| cut(name, CONTACT_NAME_CHARS_MAX)),
        from,
        message_id: Some(id),
        kind,
        text: cut(&text, TEXT_CHARS_MAX),
        media_url: media_url.filter(|url| is_web_address(url)),
        media_mime_type: text_at(media, "/mime_type"),
        media_size: media["file_size"].as_i64(),
        details,
        quoted_message_id: text_at(message, "/context/id"),
        raw_payload: Some(message.to_string()),
        protocol_version: None,
        provider_at: time::instant(&message["timestamp"]),
    };
    Ok(CloudInbound::Message(Box::new(incoming.into_inbound("text")?)))
}

/// What became of an earlier message, if this says so.
fn change(message: &Value, from: &str, id: &str) -> Result<Option<CloudChange>, String> {
    let at = |path: &str| text_at(message, path).map(|text| cut(&text, TEXT_CHARS_MAX));
    let (kind, target, value) = match message["type"].as_str().unwrap_or_default() {
        // Without an emoji it is taken away.
        "reaction" => {
            let emoji = at("/reaction/emoji").unwrap_or_default();
            (ChangeKind::Reaction, at("/reaction/message_id"), emoji)
        }
        "edit" => {
            let paths = ["/edit/message/text/body", "/edit/message/image/caption"];
            let more = ["/edit/message/video/caption", "/edit/message/document/caption"];
            let text = paths.iter().chain(&more).find_map(|path| at(path));
            let text = text.ok_or("an edit without a text")?;
            (ChangeKind::Edit, at("/edit/original_message_id"), text)
        }
        "revoke" => (ChangeKind::Deletion, at("/revoke/original_message_id"), String::new()),
        _ => return Ok(None),
    };
    let target_id = target.ok_or("a change that names no message")?;
    if [id, target_id.as_str()].iter().any(|id| id.chars().count() > MESSAGE_ID_CHARS_MAX) {
        return Err("an id that is too long".to_owned());
    }
    Ok(Some(CloudChange {
        chat_id: phone::chat_id(&cut(from, CHAT_ID_CHARS_MAX)),
        target_id,
        change_id: cut(id, MESSAGE_ID_CHARS_MAX),
        kind,
        value,
        at: time::instant(&message["timestamp"]),
    }))
}

/// The sender's name: of the contact with the same id, else of the only one.
fn contact_name<'c>(from: &str, contacts: &'c [Value]) -> Option<&'c str> {
    let is_sender = |contact: &&Value| ["wa_id", "user_id"].iter().any(|key| contact[key] == from);
    let only = if let [only] = contacts { Some(only) } else { None };
    contacts.iter().find(is_sender).or(only)?.pointer("/profile/name")?.as_str()
}

/// Unknown statuses mean nothing to us. Our own id comes back with each report; without it the message
/// is known by Meta's.
fn status(status: &Value) -> Option<CloudStatus> {
    let word = status["status"].as_str()?;
    let known =
        MessageStatus::parse(word).filter(|status| status.rank() >= MessageStatus::Sent.rank());
    Some(CloudStatus {
        // No id of ours holds a NUL, and PostgreSQL takes none.
        message_id: ["/biz_opaque_callback_data", "/id"]
            .iter()
            .find_map(|path| text_at(status, path))
            .filter(|id| !id.contains('\0'))?,
        network_id: text_at(status, "/id").filter(|id| !id.contains('\0')),
        status: known?,
        at: time::instant(&status["timestamp"]),
        error: error(&status["errors"][0]),
    })
}

/// What has happened and what to do; empty when there is no error.
fn error(error: &Value) -> String {
    if error.is_null() { String::new() } else { error_text(error) }
}

fn error_text(error: &Value) -> String {
    let paths = ["/error_data/details", "/message", "/title"];
    let said = paths.iter().find_map(|path| text_at(error, path)).unwrap_or_default();
    cut(&errors::explain(error["code"].as_i64(), &said), ERROR_CHARS_MAX)
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text that is not blank.
pub(super) fn text_at(value: &Value, path: &str) -> Option<String> {
    let text = value.pointer(path)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// Databases take no NUL.
fn cut(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(chars_max).collect()
}
