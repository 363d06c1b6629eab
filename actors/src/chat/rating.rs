//! What customers think of a ticket: their own answer in the chat, or a person's note of it.

use tokio::time::Instant;

use super::{actor::State, intake::Delivered, tell::audience_of};
use crate::{
    domain::{
        AgentId, Inbound, Message, MessageKind, NewMessage, Ticket, TicketId, TicketView,
        Timestamp,
        automatic::{Notice, fill},
        rating::{RATING_WINDOW, understand},
    },
    error::HubError,
    events::{Audience, HubEvent},
    store::RatingReply,
};

/// A rating that a person enters.
#[derive(Debug, Clone)]
pub(crate) struct ManualRating {
    pub(crate) rating: i64,
    pub(crate) comment: String,
    pub(crate) by: Option<AgentId>,
}

impl State {
    /// A customer without an open chat answers the request for a rating: kept with the closed ticket, nothing
    /// is opened. `None` when it is no such answer.
    pub(super) async fn deliver_rating(
        &self,
        inbound: &Inbound,
        message: NewMessage,
        now: Timestamp,
    ) -> Result<Option<Delivered>, HubError> {
        if inbound.kind != MessageKind::Text {
            return Ok(None);
        }
        let Some(rating) = understand(&inbound.text) else { return Ok(None) };
        let store = &self.context.store;
        let found = store.find_rating_request(&self.key, now.minus(RATING_WINDOW)).await?;
        let Some(view) = found else { return Ok(None) };
        let id = view.ticket.id;
        let thanks = self.thanks(view, now);
        let rated = store.rate_by_reply(id, rating, message, thanks, now).await?;
        let stored_at = Instant::now();
        match rated {
            RatingReply::Rated { ticket, message, thanks } => {
                self.tell_rating_received(&ticket, &message, now);
                self.tell_rated(&ticket, now);
                if let Some(thanks) = thanks {
                    self.context.sessions.outbound(*thanks);
                }
                Ok(Some(Delivered { message: *message, is_repeat: false, stored_at }))
            }
            RatingReply::Kept { ticket, message } => {
                self.tell_rating_received(&ticket, &message, now);
                Ok(Some(Delivered { message: *message, is_repeat: false, stored_at }))
            }
            RatingReply::Repeat => self.repeat(&inbound.message_id).await.map(Some),
        }
    }

    fn thanks(&self, view: TicketView, now: Timestamp) -> Option<NewMessage> {
        let TicketView { ticket, customer } = view;
        if !self.context.sessions.is_ready(self.key.session_id) {
            return None;
        }
        let settings = self.context.settings();
        let facts = self.facts(&ticket, &customer);
        let text = fill(Notice::RatingThanks.text(&settings.chat), &facts)?;
        let message = self.automatic(ticket.phone, text, now);
        Some(NewMessage {
            ticket_id: Some(ticket.id),
            contact_name: customer.customer_name,
            ..message
        })
    }

    /// A person enters what the customer thought; repeatable, the last one counts.
    pub(super) async fn rate_by_hand(
        &mut self,
        id: TicketId,
        new: ManualRating,
    ) -> Result<Ticket, HubError> {
        let now = self.context.clock.now();
        let ManualRating { rating, comment, by } = new;
        let rated = self.context.store.rate_ticket(id, rating, comment, by, now).await?;
        let ticket = rated.ok_or_else(|| HubError::not_found("Atendimento", &id))?;
        if let Some(open) = self.open.as_mut().filter(|open| open.ticket.id == id) {
            open.ticket.rating = ticket.rating;
            open.ticket.rating_comment.clone_from(&ticket.rating_comment);
            open.ticket.rated_by = ticket.rated_by;
        }
        self.tell_rated(&ticket, now);
        Ok(ticket)
    }

    fn tell_rating_received(&self, ticket: &Ticket, message: &Message, at: Timestamp) {
        let audience = Audience::Chat(audience_of(ticket));
        self.context.publish(&audience, self.received(message, at));
    }

    fn tell_rated(&self, ticket: &Ticket, at: Timestamp) {
        let Some(rating) = ticket.rating else { return };
        let event = HubEvent::ChatRated {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            agent_id: ticket.agent_id,
            rating,
            rated_by: ticket.rated_by,
            at,
        };
        self.context.publish(&Audience::Chat(audience_of(ticket)), event);
    }
}
