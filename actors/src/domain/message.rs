//! Messages, their kinds, and the order of their states.

use super::{AgentId, MessageRowId, SessionId, TicketId, Timestamp, file::FileKey, ids::ChatKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum MessageKind {
    Text,
    Image,
    Audio,
    Video,
    Document,
    Location,
    Contact,
    Sticker,
    /// Approved in advance by the network, with variables.
    Template,
    /// With buttons or a list, and the customer's choice of one.
    Interactive,
    Poll,
}

impl MessageKind {
    /// Its content is a file.
    pub const fn is_media(self) -> bool {
        matches!(self, Self::Image | Self::Audio | Self::Video | Self::Document | Self::Sticker)
    }
}

/// What is known of a message's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum MediaStatus {
    /// The network has it; it is being fetched, or will be.
    Pending,
    /// Stored with us.
    Ready,
    /// The network no longer has it, or it is nothing that we keep.
    Failed,
}

/// Who of the two sides of a chat did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum Side {
    Customer,
    Company,
}

/// How far a message has come. States only ever move up in [`MessageStatus::rank`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum MessageStatus {
    /// Stored, not yet with the provider.
    Queued,
    /// Being handed to the provider.
    Sending,
    /// The provider has taken it.
    Sent,
    /// The provider refused it for good.
    Failed,
    Delivered,
    Read,
}

impl MessageStatus {
    /// The place in the lattice: a status replaces only one of lower rank. A late proof of delivery
    /// therefore beats `failed`, and nothing goes back.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Queued => 0,
            Self::Sending => 1,
            Self::Sent => 2,
            Self::Failed => 3,
            Self::Delivered => 4,
            Self::Read => 5,
        }
    }
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Message {
    pub id: MessageRowId,
    pub session_id: SessionId,
    pub ticket_id: Option<TicketId>,
    /// Who sent it (outbound by a person).
    pub agent_id: Option<AgentId>,
    pub chat_id: String,
    /// The provider's id, unique per session; reserved before an outbound message leaves.
    pub message_id: String,
    /// The sender's own id, unique per agent: repeats are answered, not sent again.
    pub client_message_id: Option<String>,
    /// Opaque handle of the send request.
    pub task_id: Option<String>,
    pub direction: Direction,
    pub kind: MessageKind,
    pub status: MessageStatus,
    /// The other side's number.
    pub phone: String,
    pub contact_name: String,
    pub text: String,
    pub media_url: Option<String>,
    pub media_mime_type: Option<String>,
    pub media_size: Option<i64>,
    /// The stored file, once there is one.
    pub media_key: Option<FileKey>,
    /// `None` where there is no file to fetch.
    pub media_status: Option<MediaStatus>,
    /// What the kind carries beside its text, as JSON text; the hub does not read it.
    pub details: Option<String>,
    /// The message that this one answers: its `message_id`.
    pub quoted_message_id: Option<String>,
    /// The id that the network gave, where it does not take ours.
    pub network_id: Option<String>,
    /// Present reactions, an emoji each; empty when there is none.
    pub customer_reaction: String,
    pub company_reaction: String,
    /// When the text was last changed by its author; earlier texts are kept as changes.
    pub edited_at: Option<Timestamp>,
    /// Taken back by its author; the text is kept.
    pub deleted_at: Option<Timestamp>,
    /// The request as it came in (JSON text), for the record.
    pub raw_payload: Option<String>,
    pub protocol_version: String,
    /// Sent by the hub itself: never counts as a person's answer.
    pub is_automatic: bool,
    pub error: String,
    /// The instant the provider gives the message.
    pub provider_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub queued_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub read_at: Option<Timestamp>,
}

/// A latency up to this many milliseconds is acceptable (reference: `messages_over_5s`).
pub const LATENCY_LIMIT_MS: i64 = 5000;

impl Message {
    pub fn chat_key(&self) -> ChatKey {
        ChatKey { session_id: self.session_id, chat_id: self.chat_id.clone() }
    }

    fn latency_to(&self, at: Option<Timestamp>) -> Option<i64> {
        Some(at?.millis() - self.queued_at?.millis())
    }

    pub fn latency_to_sent_ms(&self) -> Option<i64> {
        self.latency_to(self.sent_at)
    }

    pub fn latency_to_delivered_ms(&self) -> Option<i64> {
        self.latency_to(self.delivered_at)
    }

    pub fn latency_to_read_ms(&self) -> Option<i64> {
        self.latency_to(self.read_at)
    }

    /// To the latest known stamp.
    pub fn total_latency_ms(&self) -> Option<i64> {
        self.latency_to(self.read_at.or(self.delivered_at).or(self.sent_at))
    }

    /// Below the limit, or not known yet.
    pub fn is_latency_acceptable(&self) -> bool {
        let measured = match self.direction {
            Direction::Inbound => self.total_latency_ms(),
            Direction::Outbound => self.latency_to_sent_ms(),
        };
        measured.is_none_or(|ms| ms < LATENCY_LIMIT_MS)
    }
}

/// A message to store; ids and states of the row come from the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    pub session_id: SessionId,
    pub ticket_id: Option<TicketId>,
    pub agent_id: Option<AgentId>,
    pub chat_id: String,
    pub message_id: String,
    pub client_message_id: Option<String>,
    pub task_id: Option<String>,
    pub direction: Direction,
    pub kind: MessageKind,
    pub phone: String,
    pub contact_name: String,
    pub text: String,
    pub media_url: Option<String>,
    pub media_mime_type: Option<String>,
    pub media_size: Option<i64>,
    pub media_key: Option<FileKey>,
    pub media_status: Option<MediaStatus>,
    pub details: Option<String>,
    pub quoted_message_id: Option<String>,
    pub raw_payload: Option<String>,
    pub protocol_version: String,
    pub is_automatic: bool,
    /// Outbound, but sent by the company on its phone: the network has it already.
    pub is_sent: bool,
    pub provider_at: Option<Timestamp>,
    pub at: Timestamp,
}

impl NewMessage {
    /// The row that results from storing this message.
    pub fn into_stored(self, id: MessageRowId) -> Message {
        let is_inbound = self.direction == Direction::Inbound;
        Message {
            id,
            queued_at: Some(self.at),
            status: self.first_status(),
            delivered_at: is_inbound.then_some(self.at),
            session_id: self.session_id,
            ticket_id: self.ticket_id,
            agent_id: self.agent_id,
            chat_id: self.chat_id,
            message_id: self.message_id,
            client_message_id: self.client_message_id,
            task_id: self.task_id,
            direction: self.direction,
            kind: self.kind,
            phone: self.phone,
            contact_name: self.contact_name,
            text: self.text,
            media_url: self.media_url,
            media_mime_type: self.media_mime_type,
            media_size: self.media_size,
            media_key: self.media_key,
            media_status: self.media_status,
            details: self.details,
            quoted_message_id: self.quoted_message_id,
            network_id: None,
            customer_reaction: String::new(),
            company_reaction: String::new(),
            edited_at: None,
            deleted_at: None,
            raw_payload: self.raw_payload,
            protocol_version: self.protocol_version,
            is_automatic: self.is_automatic,
            error: String::new(),
            provider_at: self.provider_at,
            created_at: self.at,
            sent_at: self.is_sent.then_some(self.at),
            read_at: None,
        }
    }

    /// What comes in has been delivered; what goes out waits, unless the network has it already.
    pub const fn first_status(&self) -> MessageStatus {
        match self.direction {
            Direction::Inbound => MessageStatus::Delivered,
            Direction::Outbound if self.is_sent => MessageStatus::Sent,
            Direction::Outbound => MessageStatus::Queued,
        }
    }
}

/// A message that came over a network: what a customer sent, as a provider or the webhook hands it in,
/// or what the company sent on its own phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// [`Side::Company`]: written on the company's phone, beside us.
    pub by: Side,
    pub chat_id: String,
    /// The customer's number, canonical digits.
    pub phone: String,
    pub contact_name: String,
    /// The provider's id; unique per session, so a second delivery is recognised.
    pub message_id: String,
    pub kind: MessageKind,
    pub text: String,
    pub media_url: Option<String>,
    pub media_mime_type: Option<String>,
    pub media_size: Option<i64>,
    /// `Pending` when the provider can fetch the file.
    pub media_status: Option<MediaStatus>,
    pub details: Option<String>,
    pub quoted_message_id: Option<String>,
    pub raw_payload: Option<String>,
    pub protocol_version: String,
    pub provider_at: Option<Timestamp>,
}

impl Inbound {
    /// A text of a customer in the chat with himself.
    pub fn text(phone: &str, message_id: &str, text: &str) -> Self {
        Self {
            by: Side::Customer,
            chat_id: phone.to_owned(),
            phone: phone.to_owned(),
            contact_name: String::new(),
            message_id: message_id.to_owned(),
            kind: MessageKind::Text,
            text: text.to_owned(),
            media_url: None,
            media_mime_type: None,
            media_size: None,
            media_status: None,
            details: None,
            quoted_message_id: None,
            raw_payload: None,
            protocol_version: "v1".to_owned(),
            provider_at: None,
        }
    }

    /// The row to store for this message.
    pub fn to_new_message(&self, session_id: SessionId, at: Timestamp) -> NewMessage {
        NewMessage {
            session_id,
            ticket_id: None,
            agent_id: None,
            chat_id: self.chat_id.clone(),
            message_id: self.message_id.clone(),
            client_message_id: None,
            task_id: None,
            direction: match self.by {
                Side::Customer => Direction::Inbound,
                Side::Company => Direction::Outbound,
            },
            kind: self.kind,
            phone: self.phone.clone(),
            contact_name: self.contact_name.clone(),
            text: self.text.clone(),
            media_url: self.media_url.clone(),
            media_mime_type: self.media_mime_type.clone(),
            media_size: self.media_size,
            media_key: None,
            media_status: self.media_status,
            details: self.details.clone(),
            quoted_message_id: self.quoted_message_id.clone(),
            raw_payload: self.raw_payload.clone(),
            protocol_version: self.protocol_version.clone(),
            is_automatic: false,
            is_sent: self.by == Side::Company,
            provider_at: self.provider_at,
            at,
        }
    }
}
