//! What people note about a chat without changing its course: how far they have read, notes to each
//! other, tags.

use super::{
    AgentId, MessageRowId, NoteId, Rejected, Role, Ticket, TicketId, Timestamp, ticket::Viewer,
};

/// Tags of one chat; more say nothing.
pub const TAGS_MAX: usize = 10;
/// A word or two.
pub const TAG_CHARS_MAX: usize = 30;
/// A few paragraphs.
pub const NOTE_CHARS_MAX: usize = 4000;

/// A note of a colleague; customers never see it, and it does not count as a message.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Note {
    pub id: NoteId,
    pub ticket_id: TicketId,
    pub agent_id: AgentId,
    pub text: String,
    pub created_at: Timestamp,
}

/// How far somebody has read, after he said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadMark {
    /// Everything up to this message is read; `None` in a chat without messages.
    pub until: Option<MessageRowId>,
    /// What is left to read for this person.
    pub unread: i64,
    /// Fewer are left than before.
    pub is_news: bool,
}

/// Messages of a customer whose reading the network is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub ticket_id: TicketId,
    pub chat_id: String,
    /// The network's ids, oldest first.
    pub message_ids: Vec<String>,
    /// The last of them.
    pub until: MessageRowId,
}

/// What a chat reads as a tag: lower case, single blanks. `None` when nothing is left.
pub fn tag(written: &str) -> Option<String> {
    let words: Vec<String> = written.split_whitespace().map(str::to_lowercase).collect();
    let tag = words.join(" ");
    (!tag.is_empty()).then_some(tag)
}

/// A list of tags as it is stored: each once, in order.
pub fn tags<'t>(written: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut tags: Vec<String> = written.into_iter().filter_map(tag).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

impl Viewer {
    /// Its author, or a manager.
    pub fn may_remove(&self, note: &Note) -> bool {
        note.agent_id == self.agent_id || self.role >= Role::Manager
    }

    /// [`Rejected::NotYours`] unless the person may see the ticket.
    pub(crate) fn check_sees(&self, ticket: &Ticket) -> Result<(), Rejected> {
        if self.may_see(ticket) { Ok(()) } else { Err(Rejected::NotYours) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_lower_case_and_each_is_there_once() {
        let written = [" VIP ", "vip", "Segunda  Via", "ção", "", "  "];
        assert_eq!(tags(written), ["segunda via", "vip", "ção"]);
        assert_eq!(tag(" \t"), None);
    }
}
