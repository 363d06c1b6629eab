//! What other systems are told: events of the outbox, put together from the rows that they speak of. The
//! values are those of the events over the socket, so that the edge encodes both with the same words.

use std::collections::HashMap;

use crate::{
    directory::Roster,
    domain::{
        IntegrationEvent, Message, MessageRowId, TicketId, TicketView, Timestamp, Transfer,
        TransferId, WebhookEndpoint, group::MANAGE_WEBHOOKS, message_change::StoredChange,
        notification::Topic, webhook::EventKind,
    },
    error::HubError,
    events::{Audience, HubEvent, WebhookTrouble},
    hub::Hub,
    store::Subjects,
};

impl Hub {
    /// Puts together the next events of the outbox, in their order; `None` for one that tells of
    /// something that is not there any more.
    pub async fn next_integration_events(
        &self,
        limit: i64,
    ) -> Result<Vec<(IntegrationEvent, Option<HubEvent>)>, HubError> {
        let context = self.context();
        let events = context.store.list_new_events(limit).await?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let facts = Facts {
            rows: context.store.read_subjects(&events).await?,
            roster: context.roster(),
            idle_minutes: context.settings().chat.inactivity_timeout_minutes,
        };
        let told = events.into_iter().map(|event| {
            let what = facts.tell(&event);
            (event, what)
        });
        Ok(told.collect())
    }

    /// Tells those who manage webhooks that one no longer works.
    pub fn tell_webhook_trouble(
        &self,
        endpoint: &WebhookEndpoint,
        trouble: WebhookTrouble,
        at: Timestamp,
    ) {
        let event = HubEvent::WebhookFailing {
            endpoint_id: endpoint.id,
            name: endpoint.name.clone(),
            trouble,
            failures: endpoint.failures,
            paused_until: endpoint.paused_until,
            at,
        };
        self.context().publish(&Audience::Right(MANAGE_WEBHOOKS), event);
    }
}

struct Facts {
    rows: Subjects,
    roster: std::sync::Arc<Roster>,
    idle_minutes: i64,
}

fn of<K: Eq + std::hash::Hash, V>(rows: &HashMap<K, V>, key: Option<K>) -> Option<&V> {
    rows.get(&key?)
}

impl Facts {
    fn message(&self, event: &IntegrationEvent) -> Option<Message> {
        let id: Option<MessageRowId> = event.subject.message_id;
        of(&self.rows.messages, id).cloned()
    }

    fn ticket(&self, event: &IntegrationEvent) -> Option<&TicketView> {
        let id: Option<TicketId> = event.subject.ticket_id;
        of(&self.rows.tickets, id)
    }

    fn first_message(&self, event: &IntegrationEvent) -> String {
        let text = of(&self.rows.first_messages, event.subject.ticket_id);
        crate::chat::preview(text.map_or("", String::as_str))
    }

    fn tell(&self, event: &IntegrationEvent) -> Option<HubEvent> {
        let at = event.at;
        match event.kind {
            EventKind::MessageReceived => Some(HubEvent::MessageReceived {
                message: self.message(event)?,
                topic: Some(Topic::Message),
                at,
            }),
            EventKind::MessageSent => {
                // As far as it had come then; it may have come further meanwhile.
                let message = self.message(event)?;
                let status = event.subject.message_status.unwrap_or(message.status);
                Some(HubEvent::MessageSent { message: Message { status, ..message }, at })
            }
            EventKind::MessageStatus => {
                let Message { message_id, chat_id, .. } = self.message(event)?;
                let status = event.subject.message_status?;
                Some(HubEvent::MessageStatusChanged { message_id, chat_id, status, at })
            }
            EventKind::MessageUpdated => {
                let change: &StoredChange = of(&self.rows.changes, event.subject.change_id)?;
                Some(HubEvent::MessageChanged {
                    message: self.message(event)?,
                    change: change.clone(),
                })
            }
            EventKind::MediaStatus => {
                Some(HubEvent::MediaChanged { message: self.message(event)?, at })
            }
            EventKind::SessionStatus => Some(HubEvent::SessionStatusChanged {
                session_id: event.subject.session_id?,
                status: event.subject.session_status?,
                at,
            }),
            // Its body is written with it.
            EventKind::Ping => None,
            EventKind::NewChat
            | EventKind::ChatAssigned
            | EventKind::ChatTransferred
            | EventKind::ChatRequeued
            | EventKind::ChatOverflowed
            | EventKind::ChatClosed
            | EventKind::ChatAutoClosed
            | EventKind::ChatRated => self.tell_of_chat(event),
        }
    }

    fn tell_of_chat(&self, event: &IntegrationEvent) -> Option<HubEvent> {
        let view = self.ticket(event)?;
        let TicketView { ticket, customer } = view;
        let subject = &event.subject;
        let (ticket_id, chat_id, at) = (ticket.id, ticket.chat_id.clone(), event.at);
        let customer_name = customer.customer_name.clone();
        let department_id = subject.department_id.unwrap_or(ticket.department_id);
        let department_name = self.roster.department_name(department_id);
        Some(match event.kind {
            EventKind::NewChat => return Some(self.opened(event, view)),
            EventKind::ChatAssigned => HubEvent::ChatAssigned {
                ticket_id,
                chat_id,
                customer_name,
                agent_id: subject.agent_id?,
                agent_name: self.roster.agent_name(subject.agent_id),
                department_id,
                department_name,
                priority: ticket.priority,
                first_message: self.first_message(event),
                at,
            },
            EventKind::ChatTransferred => return self.transferred(event, view),
            EventKind::ChatRequeued => {
                HubEvent::ChatRequeued { ticket_id, chat_id, department_id, at }
            }
            EventKind::ChatOverflowed => HubEvent::ChatOverflowed {
                ticket_id,
                chat_id,
                from_department_id: subject.from_department_id?,
                to_department_id: department_id,
                to_department_name: department_name,
                at,
            },
            EventKind::ChatClosed => {
                HubEvent::ChatClosed { ticket_id, chat_id, agent_id: subject.agent_id, at }
            }
            EventKind::ChatAutoClosed => HubEvent::ChatAutoClosed {
                ticket_id,
                chat_id,
                customer_name,
                idle_minutes: self.idle_minutes,
                at,
            },
            EventKind::ChatRated => HubEvent::ChatRated {
                ticket_id,
                chat_id,
                agent_id: subject.agent_id,
                rating: subject.rating?,
                rated_by: subject.rated_by,
                at,
            },
            EventKind::MessageReceived
            | EventKind::MessageSent
            | EventKind::MessageStatus
            | EventKind::MessageUpdated
            | EventKind::MediaStatus
            | EventKind::SessionStatus
            | EventKind::Ping => return None,
        })
    }

    fn opened(&self, event: &IntegrationEvent, view: &TicketView) -> HubEvent {
        let TicketView { ticket, customer } = view;
        let department_id = event.subject.department_id.unwrap_or(ticket.department_id);
        HubEvent::ChatOpened {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            phone: ticket.phone.clone(),
            customer_id: ticket.customer_id,
            customer_name: customer.customer_name.clone(),
            department_id,
            department_name: self.roster.department_name(department_id),
            first_message: self.first_message(event),
            priority: ticket.priority,
            at: event.at,
        }
    }

    fn transferred(&self, event: &IntegrationEvent, view: &TicketView) -> Option<HubEvent> {
        let id: Option<TransferId> = event.subject.transfer_id;
        let transfer: Transfer = of(&self.rows.transfers, id)?.clone();
        Some(HubEvent::ChatTransferred {
            chat_id: view.ticket.chat_id.clone(),
            customer_name: view.customer.customer_name.clone(),
            from_agent_name: self.roster.agent_name(transfer.from_agent_id),
            to_agent_name: self.roster.agent_name(transfer.to_agent_id),
            transfer,
            at: event.at,
        })
    }
}
