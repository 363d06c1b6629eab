//! What becomes of a message after it was sent: reactions, edits, being taken back, votes.

use super::{AgentId, MessageRowId, SessionId, Side, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum ChangeKind {
    /// `value` is the emoji; empty takes the reaction of that side away.
    Reaction,
    /// `value` is the new text.
    Edit,
    /// Taken back for both sides; `value` is empty.
    Deletion,
    /// `value` is the list of the chosen options, as JSON text.
    Vote,
}

/// One change, as it came or as it goes out. A second one of the same `change_id` has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageChange {
    pub chat_id: String,
    /// The id of the message that changes, ours or the network's.
    pub target_id: String,
    /// The change's own id, unique per number.
    pub change_id: String,
    pub side: Side,
    /// Whoever did it here.
    pub agent_id: Option<AgentId>,
    pub kind: ChangeKind,
    pub value: String,
    pub at: Timestamp,
}

/// A change as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredChange {
    pub id: i64,
    pub session_id: SessionId,
    pub chat_id: String,
    pub target_id: String,
    pub change_id: String,
    pub side: Side,
    pub agent_id: Option<AgentId>,
    pub kind: ChangeKind,
    pub value: String,
    /// What the value replaced: the earlier text or emoji.
    pub previous: String,
    pub at: Timestamp,
    /// `None`: the message has not come yet.
    pub message_row_id: Option<MessageRowId>,
}
