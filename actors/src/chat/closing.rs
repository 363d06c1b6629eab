//! How a chat ends: by a person, out of the queue, or because the customer fell silent.

use super::{
    actor::{self, State},
    decisions::check_right,
};
use crate::{
    domain::{
        AgentId, CustomerCard, Rejected, Ticket, TicketId, TicketStatus, Timestamp,
        automatic::Notice,
        inactivity::{self, Reach, Step},
        rating::RATING_REQUESTS_MAX,
    },
    error::HubError,
    events::OfferEnd,
    hub::Context,
    store::{EntryChange, NewNotice},
};

/// How a chat is closed by a person.
#[derive(Debug, Clone, Default)]
pub struct Closing {
    /// Who closes; `None` is the hub itself, which then tells the customer nothing.
    pub by: Option<AgentId>,
    pub notes: Option<String>,
    /// Whether the customer is asked for a rating; `None`: as the settings say.
    pub asks_for_rating: Option<bool>,
}

/// What may be due for a ticket whose customer may have fallen silent: its chat knows more.
pub(crate) fn silence_step(context: &Context, ticket: &Ticket, now: Timestamp) -> Option<Step> {
    let is_ready = context.sessions.is_ready(ticket.session_id);
    let reach = if is_ready { Reach::Reachable } else { Reach::Unreachable };
    silence_step_of(context, ticket, reach, now)
}

fn silence_step_of(
    context: &Context,
    ticket: &Ticket,
    reach: Reach,
    now: Timestamp,
) -> Option<Step> {
    let settings = context.settings();
    context.by_calendar(ticket.department_id, |calendar| {
        inactivity::due(ticket, &settings.chat, calendar, reach, now)
    })
}

impl State {
    pub(super) async fn close(
        &mut self,
        ticket_id: TicketId,
        closing: Closing,
    ) -> Result<Ticket, HubError> {
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::TicketAlreadyClosed.into());
        }
        let mut farewell = self.farewell(&closing, now);
        if !farewell.is_empty() && !self.may_write_freely(now).await? {
            farewell.clear();
        }
        let context = std::sync::Arc::clone(&self.context);
        let changed = self.end_with(now, TicketStatus::Closed, farewell, |ticket| {
            ticket.check_close()?;
            check_right(&context, ticket, closing.by)?;
            if let Some(notes) = &closing.notes {
                ticket.notes.clone_from(notes);
            }
            Ok(())
        });
        let (changed, _customer) = changed.await?;
        self.tell_closed(&changed, now);
        Ok(changed)
    }

    /// What a customer reads when a person closes the chat.
    fn farewell(&self, closing: &Closing, now: Timestamp) -> Vec<NewNotice> {
        let Some(open) = self.open.as_ref().filter(|_| closing.by.is_some()) else {
            return Vec::new();
        };
        let ticket = &open.ticket;
        let asks = || self.context.settings().chat.asks_for_rating;
        let is_asked = closing.asks_for_rating.unwrap_or_else(asks)
            // Whoever was never served has nothing to rate.
            && ticket.started_at.is_some()
            && ticket.rating.is_none()
            && ticket.told.rating_requests < RATING_REQUESTS_MAX;
        let notices = [Some(Notice::Closing), is_asked.then_some(Notice::RatingRequest)];
        self.notices(notices.into_iter().flatten(), now)
    }

    pub(super) async fn cancel(&mut self, ticket_id: TicketId) -> Result<Ticket, HubError> {
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::NotInQueue.into());
        }
        let changed = self.end_with(now, TicketStatus::Cancelled, Vec::new(), |ticket| {
            let waits = ticket.id == ticket_id && ticket.is_unassigned();
            if waits { Ok(()) } else { Err(Rejected::NotInQueue.into()) }
        });
        let (changed, _customer) = changed.await?;
        self.tell_closed(&changed, now);
        Ok(changed)
    }

    /// The sweep saw a row; what has been said since then counts, and so does what is being typed.
    pub(super) async fn check_silence(&mut self, ticket_id: TicketId) -> Result<(), HubError> {
        let now = self.context.clock.now();
        let reach = self.reach(now).await?;
        let open = self.open.as_ref().filter(|open| open.ticket.id == ticket_id);
        let step = open.and_then(|open| silence_step_of(&self.context, &open.ticket, reach, now));
        let Some(step) = step else { return Ok(()) };
        if self.context.presence.is_typing(self.key.chat_id.clone()).await? {
            return Ok(());
        }
        match step {
            Step::Warn => {
                let warning = self.notices([Notice::Inactivity], now);
                self.tell_customer(warning, now).await
            }
            Step::Close => self.close_silent(reach, now).await,
        }
    }

    /// Whether this customer can be told anything now.
    async fn reach(&self, now: Timestamp) -> Result<Reach, HubError> {
        let is_reachable = self.context.sessions.is_ready(self.key.session_id)
            && self.may_write_freely(now).await?;
        Ok(if is_reachable { Reach::Reachable } else { Reach::Unreachable })
    }

    async fn close_silent(&mut self, reach: Reach, now: Timestamp) -> Result<(), HubError> {
        let context = std::sync::Arc::clone(&self.context);
        let minutes = context.settings().chat.inactivity_timeout_minutes;
        let closing = self.end_with(now, TicketStatus::Closed, Vec::new(), |ticket| {
            if silence_step_of(&context, ticket, reach, now) != Some(Step::Close) {
                return Err(HubError::Conflict);
            }
            ticket.is_auto_closed = true;
            if !ticket.notes.is_empty() {
                ticket.notes.push('\n');
            }
            let why = format!(
                "Encerrado automaticamente por inatividade ({minutes} minutos sem resposta)"
            );
            ticket.notes.push_str(&why);
            Ok(())
        });
        let (changed, customer) = closing.await?;
        self.tell_auto_closed(&changed, &customer, minutes, now);
        Ok(())
    }

    /// Ends the open ticket, with what its customer is told about it, and forgets it; the next message opens
    /// a new one.
    pub(super) async fn end_with(
        &mut self,
        now: Timestamp,
        status: TicketStatus,
        notices: Vec<NewNotice>,
        check: impl Fn(&mut Ticket) -> Result<(), HubError>,
    ) -> Result<(Ticket, CustomerCard), HubError> {
        let asked = self.offered_to();
        let (changed, _) = self
            .change(now, |ticket| {
                check(ticket)?;
                ticket.status = status;
                ticket.closed_at = Some(now);
                let notices = notices.clone();
                Ok(actor::Step { notices, ..EntryChange::Removed(now).into() })
            })
            .await?;
        if let Some(asked) = asked {
            self.tell_offer_ended(asked, OfferEnd::Withdrawn, now);
        }
        let customer = self.open.take().map(|open| open.customer);
        self.context.queues.withdraw(changed.department_id, changed.id);
        self.context.presence.freed(changed.id);
        Ok((changed, customer.ok_or(HubError::Conflict)?))
    }

    /// Whether the ticket that a person decided about is still the open one.
    pub(super) fn is_open_now(&self, ticket_id: TicketId) -> bool {
        self.open.as_ref().is_some_and(|open| open.ticket.id == ticket_id)
    }
}
