//! What the hub itself tells a customer: which of its texts are due, filled in, stored and sent.
//!
//! | a customer writes | is told |
//! |---|---|
//! | first, while the company is open | the greeting |
//! | and nobody can take the chat | also that nobody is there, once per ticket |
//! | first, or while he waits, outside the hours | that it is closed, instead of the other two, once per ticket |
//!
//! Nothing is stored while the number is not ready. The stamp that says so is stored with each message, so
//! that nothing is said twice, whatever dies in between.

use std::time::Duration;

use super::{
    actor::{Open, State},
    send::Outgoing,
};
use crate::{
    domain::{
        CustomerCard, NewMessage, Ticket, Timestamp,
        automatic::{Facts, Notice, fill},
        customer::placeholder_name,
        inactivity,
        waiting_time::{self, Estimate, SERVED_MAX, SERVED_WINDOW},
    },
    error::HubError,
    store::NewNotice,
};

/// A chat that is older is not greeted any more: the greeting was kept back because the number was not
/// ready, and the customer has gone on without it.
const GREETING_WINDOW: Duration = Duration::from_mins(10);
/// What customers are called whose name nobody knows.
const NAMELESS: &str = "cliente";

impl State {
    /// After a customer's message: tells him what he does not know yet.
    pub(super) async fn tell_what_is_due(&mut self) -> Result<(), HubError> {
        let now = self.context.clock.now();
        if !self.context.sessions.is_ready(self.key.session_id) {
            return Ok(());
        }
        let Some(open) = &self.open else { return Ok(()) };
        let (told, ticket) = (open.ticket.told, &open.ticket);
        let begins = told.greeted_at.is_none()
            && told.out_of_hours_told_at.is_none()
            && ticket.agent_messages == 0
            && now.since(ticket.created_at) <= GREETING_WINDOW;
        let waits = ticket.is_unassigned();
        let mut due = Vec::new();
        if self.is_closed_at(open, now) {
            if told.out_of_hours_told_at.is_none() && (begins || waits) {
                due = self.notices([Notice::OutOfHours], now);
            }
        } else {
            if begins {
                due = self.notices([Notice::Greeting], now);
            }
            if waits && told.absence_told_at.is_none() {
                due.extend(self.absence(open, now).await?);
            }
        }
        self.tell_customer(due, now).await
    }

    /// Outside the hours; without a text for that there is nothing outside of them.
    fn is_closed_at(&self, open: &Open, now: Timestamp) -> bool {
        let is_told = !self.context.settings().chat.out_of_hours_message.trim().is_empty();
        let id = open.ticket.department_id;
        is_told && !self.context.by_calendar(id, |calendar| calendar.is_open(now))
    }

    /// That nobody is there, if so, with the place in the queue and the time that it will probably take.
    async fn absence(&self, open: &Open, now: Timestamp) -> Result<Option<NewNotice>, HubError> {
        let settings = self.context.settings();
        let text = Notice::Absence.text(&settings.chat);
        let (department_id, ticket_id) = (open.ticket.department_id, open.ticket.id);
        let is_wanted = !text.trim().is_empty();
        if !is_wanted || self.context.presence.can_be_taken(department_id, ticket_id).await? {
            return Ok(None);
        }
        let mut facts = self.facts(&open.ticket, &open.customer);
        if text.contains("posicao") || text.contains("espera") {
            let places = self.context.queues.places(department_id).await?;
            let place = places.iter().find(|place| place.ticket_id == ticket_id);
            // It has been given to somebody in this moment.
            let Some(position) = place.map(|place| place.position) else { return Ok(None) };
            facts.position = Some(position);
            facts.wait = self.estimate(open, position, now).await?;
        }
        Ok(fill(text, &facts).map(|text| self.notice(Notice::Absence, open, text, now)))
    }

    async fn estimate(
        &self,
        open: &Open,
        position: usize,
        now: Timestamp,
    ) -> Result<Option<Estimate>, HubError> {
        let department_id = open.ticket.department_id;
        let since = now.minus(SERVED_WINDOW);
        let served = self.context.store.list_served(department_id, since, SERVED_MAX).await?;
        Ok(self.context.by_calendar(department_id, |calendar| {
            waiting_time::estimate(&served, position, calendar, now)
        }))
    }

    /// Those of these texts that have something to say; none while the number is not ready.
    pub(super) fn notices(
        &self,
        notices: impl IntoIterator<Item = Notice>,
        now: Timestamp,
    ) -> Vec<NewNotice> {
        let Some(open) = &self.open else { return Vec::new() };
        if !self.context.sessions.is_ready(self.key.session_id) {
            return Vec::new();
        }
        let settings = self.context.settings();
        let facts = self.facts(&open.ticket, &open.customer);
        notices
            .into_iter()
            .filter_map(|notice| {
                let text = fill(notice.text(&settings.chat), &facts)?;
                Some(self.notice(notice, open, text, now))
            })
            .collect()
    }

    fn notice(&self, notice: Notice, open: &Open, text: String, now: Timestamp) -> NewNotice {
        let message = self.automatic(open.ticket.phone.clone(), text, now);
        NewNotice { notice, message }
    }

    /// An automatic message in this chat.
    pub(super) fn automatic(&self, phone: String, text: String, now: Timestamp) -> NewMessage {
        let outgoing = Outgoing { is_automatic: true, ..Outgoing::text(phone, text) };
        self.new_outbound(&outgoing, now)
    }

    pub(super) fn facts(&self, ticket: &Ticket, customer: &CustomerCard) -> Facts {
        let is_nameless = customer.customer_name == placeholder_name(&ticket.phone);
        let name = if is_nameless { NAMELESS } else { &customer.customer_name };
        let warning = inactivity::warning_time(&self.context.settings().chat);
        Facts {
            name: name.to_owned(),
            department: self.context.roster().department_name(ticket.department_id),
            protocol: ticket.id.to_string(),
            minutes: warning.map(|time| time.as_secs().div_ceil(60)),
            ..Facts::default()
        }
    }

    /// Commits and sends what is still due of these.
    pub(super) async fn tell_customer(
        &mut self,
        notices: Vec<NewNotice>,
        now: Timestamp,
    ) -> Result<(), HubError> {
        let Some(open) = self.open.as_mut().filter(|_| !notices.is_empty()) else {
            return Ok(());
        };
        let (ticket, messages) =
            self.context.store.tell_customer(open.ticket.id, notices, now).await?;
        if let Some(ticket) = ticket {
            open.ticket.told = ticket.told;
        }
        for message in messages {
            self.context.sessions.outbound(message);
        }
        Ok(())
    }
}
