//! What a chat tells the world, and who may hear it.

use super::actor::State;
use crate::{
    domain::{CustomerCard, DepartmentId, Message, Ticket, Timestamp, Transfer},
    events::{Audience, ChatAudience, HubEvent},
    hub::Context,
};

/// Characters of a text in `new_chat` and `new_message` (contract §21).
const PREVIEW_CHARS_MAX: usize = 200;

/// Whoever may see this ticket.
pub fn audience_of(ticket: &Ticket) -> ChatAudience {
    ChatAudience {
        department_id: Some(ticket.department_id),
        agent_id: ticket.agent_id,
        is_unassigned: ticket.is_unassigned(),
        ..ChatAudience::default()
    }
}

pub(crate) fn preview(text: &str) -> String {
    text.chars().take(PREVIEW_CHARS_MAX).collect()
}

impl State {
    /// A chat begins.
    pub(super) fn tell_opened(&self, first_message: &str, at: Timestamp) {
        let Some(open) = &self.open else { return };
        let ticket = &open.ticket;
        let event = HubEvent::ChatOpened {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            phone: ticket.phone.clone(),
            customer_id: ticket.customer_id,
            customer_name: open.customer.customer_name.clone(),
            department_id: ticket.department_id,
            department_name: self.context.roster().department_name(ticket.department_id),
            first_message: preview(first_message),
            priority: ticket.priority,
            at,
        };
        self.context.publish(&Audience::Chat(audience_of(ticket)), event);
    }

    /// A message in a chat that was open already.
    pub(super) fn tell_inbound(&self, message: &Message, at: Timestamp) {
        let Some(open) = &self.open else { return };
        let ticket = &open.ticket;
        let audience = ChatAudience { responsible_only: true, ..audience_of(ticket) };
        let event = HubEvent::ChatMessage {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            message_id: message.message_id.clone(),
            text: preview(&message.text),
            kind: message.kind,
            phone: message.phone.clone(),
            at,
        };
        self.context.publish(&Audience::Chat(audience), event);
        self.tell_received(message, at);
    }

    /// The message itself, to whoever may read the chat.
    pub(super) fn tell_received(&self, message: &Message, at: Timestamp) {
        let Some(open) = &self.open else { return };
        let audience = Audience::Chat(audience_of(&open.ticket));
        self.context.publish(&audience, self.received(message, at));
    }

    pub(super) fn received(&self, message: &Message, at: Timestamp) -> HubEvent {
        let topic = Some(self.context.sessions.topic_of(message, at));
        HubEvent::MessageReceived { message: message.clone(), topic, at }
    }

    /// A person took the chat: the department hears that it waits no longer, its new owner that he
    /// has it.
    pub(super) async fn tell_accepted(&self, at: Timestamp) {
        let Some(open) = &self.open else { return };
        let ticket = &open.ticket;
        let Some(agent_id) = ticket.agent_id else { return };
        let roster = self.context.roster();
        let agent_name = roster.agent_name(Some(agent_id));
        let accepted = HubEvent::ChatAccepted {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            agent_id,
            agent_name,
            status: ticket.status,
            at,
        };
        let department = ChatAudience { is_unassigned: true, ..audience_of(ticket) };
        self.context.publish(&Audience::Chat(department), accepted);
        let first_message = self.context.store.find_queue_entry_of(ticket.id).await;
        let first_message = first_message.ok().flatten().map(|entry| entry.first_message);
        let (customer, first_message) =
            (&open.customer.customer_name, first_message.unwrap_or_default());
        let assigned = HubEvent::assigned(&roster, ticket, customer, first_message, at);
        if let Some(assigned) = assigned {
            self.context.publish(&Audience::Chat(audience_of(ticket)), assigned);
        }
    }

    pub(super) fn tell_transferred(&self, transfer: Transfer, at: Timestamp) {
        let Some(open) = &self.open else { return };
        let roster = self.context.roster();
        let (from, to) = (transfer.from_department_id, transfer.to_department_id);
        let audience = ChatAudience {
            also: transfer.from_agent_id,
            left_department_id: (from != to).then_some(from),
            ..audience_of(&open.ticket)
        };
        let event = HubEvent::ChatTransferred {
            chat_id: open.ticket.chat_id.clone(),
            customer_name: open.customer.customer_name.clone(),
            from_agent_name: roster.agent_name(transfer.from_agent_id),
            to_agent_name: roster.agent_name(transfer.to_agent_id),
            transfer,
            at,
        };
        self.context.publish(&Audience::Chat(audience), event);
    }

    /// Back in the queue: its department hears it, whoever had it, and where it came from.
    pub(super) fn tell_requeued(&self, ticket: &Ticket, before: &Ticket, at: Timestamp) {
        let left = (before.department_id != ticket.department_id).then_some(before.department_id);
        let audience =
            ChatAudience { also: before.agent_id, left_department_id: left, ..audience_of(ticket) };
        let event = HubEvent::ChatRequeued {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            department_id: ticket.department_id,
            at,
        };
        self.context.publish(&Audience::Chat(audience), event);
    }

    pub(super) fn tell_overflowed(&self, ticket: &Ticket, from: DepartmentId, at: Timestamp) {
        let audience = ChatAudience { left_department_id: Some(from), ..audience_of(ticket) };
        let event = HubEvent::ChatOverflowed {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            from_department_id: from,
            to_department_id: ticket.department_id,
            to_department_name: self.context.roster().department_name(ticket.department_id),
            at,
        };
        self.context.publish(&Audience::Chat(audience), event);
    }

    /// Closed by a person: the department's members hear it, like the acceptance.
    pub(super) fn tell_closed(&self, ticket: &Ticket, at: Timestamp) {
        let department = ChatAudience { is_unassigned: true, ..audience_of(ticket) };
        let event = HubEvent::ChatClosed {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            agent_id: ticket.agent_id,
            at,
        };
        self.context.publish(&Audience::Chat(department), event);
    }

    pub(super) fn tell_auto_closed(
        &self,
        ticket: &Ticket,
        customer: &CustomerCard,
        idle_minutes: i64,
        at: Timestamp,
    ) {
        let event = HubEvent::ChatAutoClosed {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            customer_name: customer.customer_name.clone(),
            idle_minutes,
            at,
        };
        self.context.publish(&Audience::Chat(audience_of(ticket)), event);
    }
}

/// Whoever may see the chat of a message, and its sender.
pub(crate) async fn audience_of_message(context: &Context, message: &Message) -> Audience {
    let ticket = match message.ticket_id {
        Some(id) => context.store.find_ticket(id).await.ok().flatten(),
        None => None,
    };
    let chat = ticket.map(|view| audience_of(&view.ticket)).unwrap_or_default();
    Audience::Chat(ChatAudience { also: message.agent_id, ..chat })
}
