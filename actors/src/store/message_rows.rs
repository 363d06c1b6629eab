//! Rows of new messages, put together where the messages come from: for the writer everybody waits.

use super::sql::{Sql, Values, sql};
use crate::domain::{Direction, NewMessage, search::index_words};

pub(super) type MessageValues = Values<30>;

/// A message as the tables take it.
pub(super) struct NewRow {
    values: MessageValues,
    words: Vec<String>,
}

impl NewRow {
    pub(super) fn of(message: &NewMessage) -> Self {
        Self { values: values_of(message), words: index_words(&message.text) }
    }

    /// The values of the row, and the words that it is found by.
    pub(super) fn into_parts(self) -> (MessageValues, Vec<String>) {
        (self.values, self.words)
    }
}

/// Inserts those that are not there yet.
pub(super) fn insert(rows: Vec<MessageValues>) -> Sql {
    sql("INSERT INTO messages").push_values(rows).push(" ON CONFLICT DO NOTHING")
}

fn values_of(message: &NewMessage) -> MessageValues {
    let status = message.first_status();
    let delivered_at = (message.direction == Direction::Inbound).then_some(message.at);
    [
        ("session_id", message.session_id.into()),
        ("ticket_id", message.ticket_id.into()),
        ("agent_id", message.agent_id.into()),
        ("chat_id", message.chat_id.as_str().into()),
        ("message_id", message.message_id.as_str().into()),
        ("client_message_id", message.client_message_id.as_deref().into()),
        ("task_id", message.task_id.as_deref().into()),
        ("direction", message.direction.into()),
        ("kind", message.kind.into()),
        ("status", status.into()),
        ("status_rank", status.rank().into()),
        ("phone", message.phone.as_str().into()),
        ("contact_name", message.contact_name.as_str().into()),
        ("text", message.text.as_str().into()),
        ("media_url", message.media_url.as_deref().into()),
        ("media_mime_type", message.media_mime_type.as_deref().into()),
        ("media_size", message.media_size.into()),
        ("raw_payload", message.raw_payload.as_deref().into()),
        ("protocol_version", message.protocol_version.as_str().into()),
        ("is_automatic", message.is_automatic.into()),
        ("error", "".into()),
        ("provider_at", message.provider_at.into()),
        ("created_at", message.at.into()),
        ("queued_at", message.at.into()),
        ("delivered_at", delivered_at.into()),
        ("sent_at", message.is_sent.then_some(message.at).into()),
        ("media_key", message.media_key.as_ref().into()),
        ("media_status", message.media_status.into()),
        ("details", message.details.as_deref().into()),
        ("quoted_message_id", message.quoted_message_id.as_deref().into()),
    ]
}
