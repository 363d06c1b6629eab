//! What people note about a chat without changing its course: how far they have read, notes to each
//! other, tags. It passes through the chat's actor so that what is told has the order of what is stored,
//! and comes in line with the customer's messages.

use std::sync::Arc;

use ractor::ActorProcessingErr;

use super::{
    actor::{State, ToChat},
    handle::Chats,
    tell::audience_of,
};
use crate::{
    ask::{Reply, settle},
    domain::{AgentId, Message, Note, ReadMark, Rejected, Ticket, TicketId},
    error::HubError,
    events::{Audience, ChatAudience, HubEvent, ReadCause},
};

/// What a chat is told that does not change its course. All of it comes from HTTP.
pub(crate) enum ToRemark {
    /// An agent has read the ticket, up to a message or to the last one; `None` is answered when it has
    /// no such message.
    Read {
        ticket_id: TicketId,
        agent_id: AgentId,
        until: Option<String>,
        reply: Reply<Option<ReadMark>>,
    },
    AddNote {
        ticket_id: TicketId,
        agent_id: AgentId,
        text: String,
        reply: Reply<Note>,
    },
    /// Answered with whether it was still there.
    RemoveNote {
        note: Box<Note>,
        agent_id: AgentId,
        reply: Reply<bool>,
    },
    /// Normalised already; replaces what was there.
    SetTags {
        ticket_id: TicketId,
        agent_id: AgentId,
        tags: Vec<String>,
        reply: Reply<Vec<String>>,
    },
}

impl Chats {
    /// Notes that an agent has read a ticket, up to a message (by either of its ids) or to the last one.
    /// `None` when the ticket has no such message. When the chat is his, the customer is shown it.
    pub async fn mark_read(
        &self,
        ticket: &Ticket,
        agent_id: AgentId,
        until: Option<String>,
    ) -> Result<Option<ReadMark>, HubError> {
        let ticket_id = ticket.id;
        self.remark(ticket, |reply| ToRemark::Read { ticket_id, agent_id, until, reply }).await
    }

    /// Adds a note for colleagues. It does not count as a message.
    pub async fn add_note(
        &self,
        ticket: &Ticket,
        agent_id: AgentId,
        text: String,
    ) -> Result<Note, HubError> {
        let ticket_id = ticket.id;
        self.remark(ticket, |reply| ToRemark::AddNote { ticket_id, agent_id, text, reply }).await
    }

    /// Removes a note in the name of its author or of a manager; whether it was still there.
    pub async fn remove_note(
        &self,
        ticket: &Ticket,
        note: Note,
        agent_id: AgentId,
    ) -> Result<bool, HubError> {
        let note = Box::new(note);
        self.remark(ticket, |reply| ToRemark::RemoveNote { note, agent_id, reply }).await
    }

    /// Replaces the tags of a ticket; `tags` as `domain::remark::tags` makes them.
    pub async fn set_tags(
        &self,
        ticket: &Ticket,
        agent_id: AgentId,
        tags: Vec<String>,
    ) -> Result<Vec<String>, HubError> {
        let ticket_id = ticket.id;
        self.remark(ticket, |reply| ToRemark::SetTags { ticket_id, agent_id, tags, reply }).await
    }

    async fn remark<T: Send + 'static>(
        &self,
        ticket: &Ticket,
        message: impl FnOnce(Reply<T>) -> ToRemark,
    ) -> Result<T, HubError> {
        self.ask(&ticket.chat_key(), |reply| ToChat::Remark(message(reply))).await
    }
}

impl State {
    pub(super) async fn handle_remark(&self, message: ToRemark) -> Result<(), ActorProcessingErr> {
        match message {
            ToRemark::Read { ticket_id, agent_id, until, reply } => {
                settle(reply, self.mark_read(ticket_id, agent_id, until).await)
            }
            ToRemark::AddNote { ticket_id, agent_id, text, reply } => {
                settle(reply, self.add_note(ticket_id, agent_id, text).await)
            }
            ToRemark::RemoveNote { note, agent_id, reply } => {
                settle(reply, self.remove_note(*note, agent_id).await)
            }
            ToRemark::SetTags { ticket_id, agent_id, tags, reply } => {
                settle(reply, self.set_tags(ticket_id, agent_id, tags).await)
            }
        }
    }

    async fn mark_read(
        &self,
        ticket_id: TicketId,
        agent_id: AgentId,
        until: Option<String>,
    ) -> Result<Option<ReadMark>, HubError> {
        let ticket = self.seen_by(ticket_id, agent_id).await?;
        let at = self.context.clock.now();
        let mark = self.context.store.mark_read(ticket_id, agent_id, until, at).await?;
        let Some(mark) = mark else { return Ok(None) };
        if mark.is_news {
            let event = HubEvent::ChatRead {
                ticket_id,
                chat_id: ticket.chat_id.clone(),
                agent_id,
                until: mark.until,
                unread: mark.unread,
                cause: ReadCause::Mark,
                at,
            };
            let only_reader = ChatAudience { only: Some(agent_id), ..audience_of(&ticket) };
            self.context.publish(&Audience::Chat(only_reader), event);
        }
        if ticket.agent_id == Some(agent_id) {
            self.tell_customer_of_reading(&ticket, mark.until);
        }
        Ok(Some(mark))
    }

    /// An answer of a person: the customer's messages before it are read, for everybody. Said when there
    /// were any.
    pub(super) fn tell_answered(&self, message: &Message) {
        let Some(open) = &self.open else { return };
        let Some(agent_id) = message.agent_id else { return };
        let event = HubEvent::ChatRead {
            ticket_id: open.ticket.id,
            chat_id: open.ticket.chat_id.clone(),
            agent_id,
            until: Some(message.id),
            unread: 0,
            cause: ReadCause::Answer,
            at: message.created_at,
        };
        self.context.publish(&Audience::Chat(audience_of(&open.ticket)), event);
        self.tell_customer_of_reading(&open.ticket, Some(message.id));
    }

    /// Lets the number tell the customer what was read up to a message. Not waited for.
    fn tell_customer_of_reading(
        &self,
        ticket: &Ticket,
        until: Option<crate::domain::MessageRowId>,
    ) {
        let Some(until) = until else { return };
        let context = Arc::clone(&self.context);
        let (session_id, ticket_id) = (ticket.session_id, ticket.id);
        let chat_id = ticket.chat_id.clone();
        self.context.tasks.spawn(async move {
            match context.store.find_receipt(ticket_id, &chat_id, until).await {
                Ok(Some(receipt)) => context.sessions.read(session_id, receipt),
                Ok(None) => {}
                // The next receipt names these messages as well.
                Err(error) => tracing::warn!(%error, ticket.id = %ticket_id, "no receipt was sent"),
            }
        });
    }

    async fn add_note(
        &self,
        ticket_id: TicketId,
        agent_id: AgentId,
        text: String,
    ) -> Result<Note, HubError> {
        let ticket = self.seen_by(ticket_id, agent_id).await?;
        let at = self.context.clock.now();
        let note = self.context.store.insert_note(ticket_id, agent_id, text, at).await?;
        let event = HubEvent::NoteAdded {
            chat_id: ticket.chat_id.clone(),
            agent_name: self.context.roster().agent_name(Some(agent_id)),
            note: note.clone(),
            at,
        };
        self.context.publish(&Audience::Chat(audience_of(&ticket)), event);
        Ok(note)
    }

    async fn remove_note(&self, note: Note, agent_id: AgentId) -> Result<bool, HubError> {
        let ticket = self.seen_by(note.ticket_id, agent_id).await?;
        let viewer = self.context.roster().viewer(agent_id);
        if !viewer.is_some_and(|viewer| viewer.may_remove(&note)) {
            return Err(Rejected::NotYours.into());
        }
        let at = self.context.clock.now();
        let note_id = note.id;
        let was_there = self.context.store.delete_note(note, agent_id, at).await?;
        if was_there {
            let (ticket_id, chat_id) = (ticket.id, ticket.chat_id.clone());
            let event = HubEvent::NoteRemoved { note_id, ticket_id, chat_id, agent_id, at };
            self.context.publish(&Audience::Chat(audience_of(&ticket)), event);
        }
        Ok(was_there)
    }

    async fn set_tags(
        &self,
        ticket_id: TicketId,
        agent_id: AgentId,
        tags: Vec<String>,
    ) -> Result<Vec<String>, HubError> {
        let ticket = self.seen_by(ticket_id, agent_id).await?;
        if self.context.store.set_tags(ticket_id, tags.clone()).await? {
            let at = self.context.clock.now();
            let (chat_id, tags) = (ticket.chat_id.clone(), tags.clone());
            let event = HubEvent::ChatTagsChanged { ticket_id, chat_id, tags, agent_id, at };
            self.context.publish(&Audience::Chat(audience_of(&ticket)), event);
        }
        Ok(tags)
    }

    /// The ticket that is meant, if this person may see it: the edge looked at an older row.
    async fn seen_by(&self, ticket_id: TicketId, agent_id: AgentId) -> Result<Ticket, HubError> {
        let ticket = match &self.open {
            Some(open) if open.ticket.id == ticket_id => open.ticket.clone(),
            // An earlier one of this chat.
            _ => {
                let found = self.context.store.find_ticket(ticket_id).await?;
                found.ok_or_else(|| HubError::not_found("Atendimento", &ticket_id))?.ticket
            }
        };
        let viewer = self.context.roster().viewer(agent_id).ok_or(Rejected::NotYours)?;
        viewer.check_sees(&ticket)?;
        Ok(ticket)
    }
}
