//! What comes into a chat: messages of the customer, and customers whom a person puts into a queue.

use tokio::time::Instant;

use super::{
    actor::{Open, State},
    handle::ManualEntry,
};
use crate::{
    domain::{
        Customer, CustomerCard, DepartmentId, Inbound, Message, NewDepartment, NewMessage,
        Priority, QueueEntry, Rejected, RoutingRules, Side, Ticket, Timestamp, ids::ChatKey,
    },
    error::HubError,
    events::HubEvent,
    store::{NewTicket, OpenedTicket, OpeningCustomer, StoreError},
};

/// Characters of the first message that the queue shows (contract §12).
const FIRST_MESSAGE_CHARS_MAX: usize = 500;

/// What became of a message that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub message: Message,
    /// It had been stored before; nothing was done again.
    pub is_repeat: bool,
    /// When its commit was answered.
    pub stored_at: Instant,
}

/// The department that is there when there is no other (contract §12).
fn support() -> NewDepartment {
    NewDepartment {
        name: "Suporte".to_owned(),
        description: String::new(),
        color: "#3B82F6".to_owned(),
        capacity: 5,
        response_target_minutes: 15,
        is_active: true,
        opening_hours: None,
        routing: RoutingRules::default(),
        members: Vec::new(),
    }
}

impl State {
    pub(super) async fn deliver(&mut self, inbound: Inbound) -> Result<Delivered, HubError> {
        let now = self.context.clock.now();
        for _attempt in 0..2 {
            let mut new = inbound.to_new_message(self.key.session_id, now);
            if inbound.by == Side::Company || self.is_read_only() {
                return self.append_beside(inbound.by, new, now).await;
            }
            if let Some(open) = &self.open {
                new.ticket_id = Some(open.ticket.id);
                return self.append_inbound(new, now).await;
            }
            if let Some(delivered) = self.deliver_rating(&inbound, new.clone(), now).await? {
                return Ok(delivered);
            }
            match self.open_ticket(&inbound, new, now).await {
                // Somebody opened it behind our back: read it and append.
                Err(HubError::Store(StoreError::Unique { .. })) => self.reload().await?,
                outcome => return outcome,
            }
        }
        Err(HubError::Conflict)
    }

    pub(super) async fn append_inbound(
        &mut self,
        new: NewMessage,
        now: Timestamp,
    ) -> Result<Delivered, HubError> {
        let Some(message) = self.append(&new).await? else {
            return self.repeat(&new.message_id).await;
        };
        let stored_at = Instant::now();
        if let Some(open) = &mut self.open {
            open.ticket.customer_messages += 1;
            open.ticket.awaiting_since.get_or_insert(now);
            open.ticket.last_message_at = Some(now);
            if open.ticket.is_unassigned() {
                self.context.queues.heard(open.ticket.department_id, open.ticket.id, now);
            }
        }
        self.tell_inbound(&message, now);
        self.requeue_if_owner_is_gone().await?;
        Ok(Delivered { message, is_repeat: false, stored_at })
    }

    /// Nothing is opened by it and nobody is called: what the company wrote on its phone, beside us, is an
    /// answer like any other, and what is said in a group is only read.
    async fn append_beside(
        &mut self,
        by: Side,
        mut new: NewMessage,
        now: Timestamp,
    ) -> Result<Delivered, HubError> {
        if by == Side::Company {
            new.ticket_id = self.open.as_ref().map(|open| open.ticket.id);
        }
        let Some(message) = self.append(&new).await? else {
            return self.repeat(&new.message_id).await;
        };
        let stored_at = Instant::now();
        let (told, at) = (message.clone(), now);
        let event = match by {
            Side::Company => {
                self.remember_answer(&message, now);
                HubEvent::MessageSent { message: told, at }
            }
            Side::Customer => HubEvent::MessageReceived { message: told, topic: None, at },
        };
        let audience = super::audience_of_message(&self.context, &message).await;
        self.context.publish(&audience, event);
        Ok(Delivered { message, is_repeat: false, stored_at })
    }

    /// A group over a real network.
    pub(super) fn is_read_only(&self) -> bool {
        let ChatKey { session_id, chat_id } = &self.key;
        self.context.sessions.group_rule(*session_id, chat_id).is_some()
    }

    /// Stores a message; `None` when it is there already.
    pub(super) async fn append(&self, new: &NewMessage) -> Result<Option<Message>, HubError> {
        let store = &self.context.store;
        let Some(appended) = store.append_message(new.clone()).await? else { return Ok(None) };
        if !appended.is_changed {
            return Ok(Some(new.clone().into_stored(appended.id)));
        }
        let session = self.key.session_id;
        Ok(store.find_message_by_provider_id(session, &new.message_id).await?)
    }

    /// The stored row of a message that was delivered before.
    pub(super) async fn repeat(&self, message_id: &str) -> Result<Delivered, HubError> {
        let session = self.key.session_id;
        let stored = self.context.store.find_message_by_provider_id(session, message_id).await?;
        let message = stored.ok_or_else(|| HubError::not_found("Mensagem", message_id))?;
        Ok(Delivered { message, is_repeat: true, stored_at: Instant::now() })
    }

    /// A customer who has no open chat wrote: a ticket, a queue entry and the message, in one commit.
    pub(super) async fn open_ticket(
        &mut self,
        inbound: &Inbound,
        message: NewMessage,
        now: Timestamp,
    ) -> Result<Delivered, HubError> {
        let department_id = self.department_for_new().await?;
        let new = NewTicket {
            key: self.key.clone(),
            phone: inbound.phone.clone(),
            customer: OpeningCustomer::ByPhone { name: inbound.contact_name.clone() },
            department_id,
            priority: Priority::Normal,
            first_message: inbound.text.chars().take(FIRST_MESSAGE_CHARS_MAX).collect(),
            message: Some(message),
            promise: self.context.promise(department_id, now),
            at: now,
        };
        let Some(opened) = self.context.store.open_ticket(new).await? else {
            return self.repeat(&inbound.message_id).await;
        };
        let stored_at = Instant::now();
        let OpenedTicket { ticket, customer, entry, message } = opened;
        self.remember_opened(ticket, customer);
        self.tell_opened(&entry.first_message, now);
        let message = message.ok_or(HubError::Conflict)?;
        self.tell_received(&message, now);
        self.enqueue().await;
        Ok(Delivered { message, is_repeat: false, stored_at })
    }

    /// Creates the waiting pair, or returns the one that waits already (`false`: not created).
    pub(super) async fn open_by_hand(
        &mut self,
        new: ManualEntry,
    ) -> Result<(QueueEntry, bool), HubError> {
        if let Some(open) = &self.open {
            if !open.ticket.is_unassigned() {
                return Err(Rejected::ChatAlreadyOpen(open.ticket.status).into());
            }
            let id = open.ticket.id;
            let entry = self.context.store.find_queue_entry_of(id).await?;
            return Ok((entry.ok_or(HubError::Conflict)?, false));
        }
        let now = self.context.clock.now();
        let new = NewTicket {
            key: self.key.clone(),
            phone: new.phone,
            customer: OpeningCustomer::Known(new.customer_id),
            department_id: new.department_id,
            priority: new.priority,
            first_message: new.first_message.chars().take(FIRST_MESSAGE_CHARS_MAX).collect(),
            message: None,
            promise: self.context.promise(new.department_id, now),
            at: now,
        };
        let opened = self.context.store.open_ticket(new).await?.ok_or(HubError::Conflict)?;
        self.remember_opened(opened.ticket, opened.customer);
        self.tell_opened(&opened.entry.first_message, now);
        self.enqueue().await;
        Ok((opened.entry, true))
    }

    pub(super) fn remember_opened(&mut self, ticket: Ticket, customer: Customer) {
        let customer = CustomerCard {
            customer_name: customer.details.name,
            customer_email: customer.details.email,
            customer_phone: customer.details.phone,
        };
        self.open = Some(Open { ticket, customer, transfer: None });
    }

    /// The number's department, else the first active one by name.
    pub(super) async fn department_for_new(&self) -> Result<DepartmentId, HubError> {
        let of_session = self.context.sessions.department_of(self.key.session_id);
        let roster = self.context.roster();
        let is_active = |id: &DepartmentId| roster.department(*id).is_some_and(|d| d.is_active);
        if let Some(id) = of_session.filter(is_active) {
            return Ok(id);
        }
        if let Some(department) = roster.default_department() {
            return Ok(department.id);
        }
        // A message is never refused for want of a department.
        match roster.departments().next() {
            Some(department) => Ok(department.id),
            None => Ok(self.context.presence.create_department(None, support()).await?.id),
        }
    }
}
