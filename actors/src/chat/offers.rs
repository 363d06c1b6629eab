//! An agent is asked whether he takes the chat: his refusal, and his silence.

use super::actor::{State, Step};
use crate::{
    domain::{AgentId, DecisionKind, NewDecision, Reasons, Rejected, Ticket, TicketId, Timestamp},
    error::HubError,
    events::{Audience, ChatAudience, HubEvent, OfferEnd},
    store::EntryChange,
};

impl State {
    /// Who is being asked at present.
    pub(super) fn offered_to(&self) -> Option<AgentId> {
        self.open.as_ref().filter(|open| open.ticket.is_offered())?.ticket.agent_id
    }

    pub(super) async fn decline(
        &mut self,
        ticket_id: TicketId,
        agent_id: AgentId,
    ) -> Result<Ticket, HubError> {
        if !self.is_open_now(ticket_id) || self.offered_to() != Some(agent_id) {
            return Err(Rejected::NotOffered.into());
        }
        self.end_offer(agent_id, OfferEnd::Declined).await
    }

    /// The queue saw that the time was up; what was answered since then counts.
    pub(super) async fn offer_expired(
        &mut self,
        ticket_id: TicketId,
        agent_id: AgentId,
        until: Timestamp,
    ) -> Result<(), HubError> {
        if !self.is_open_now(ticket_id) || self.offered_to() != Some(agent_id) {
            return Ok(());
        }
        let entry = self.context.store.find_queue_entry_of(ticket_id).await?;
        if entry.is_none_or(|entry| entry.offered_until.is_none_or(|end| end > until)) {
            return Ok(());
        }
        self.end_offer(agent_id, OfferEnd::Expired).await.map(drop)
    }

    /// He does not have it; it goes on waiting, with its age, and is offered to others first.
    async fn end_offer(&mut self, agent_id: AgentId, end: OfferEnd) -> Result<Ticket, HubError> {
        let now = self.context.clock.now();
        let kind = match end {
            OfferEnd::Expired => DecisionKind::OfferExpired,
            OfferEnd::Declined | OfferEnd::Withdrawn => DecisionKind::OfferDeclined,
        };
        let reasons = Reasons { from_agent_id: Some(agent_id.0), ..Reasons::default() };
        let decided_by = (end == OfferEnd::Declined).then_some(agent_id);
        let decision = NewDecision { kind, agent_id: None, decided_by, reasons };
        let (changed, _) = self
            .change(now, |ticket| {
                if !ticket.is_offered() || ticket.agent_id != Some(agent_id) {
                    return Err(Rejected::NotOffered.into());
                }
                ticket.agent_id = None;
                ticket.owned_since = None;
                let decision = Some(decision.clone());
                Ok(Step { decision, ..EntryChange::Declined(agent_id).into() })
            })
            .await?;
        // Before the chat is offered again: it must not come back to somebody who is set away by this.
        match end {
            OfferEnd::Expired => {
                let roster = self.context.roster();
                let department = roster.department(changed.department_id);
                let max = department.map_or(i64::MAX, |d| d.routing.offer_timeouts_max);
                self.context.presence.offer_missed(agent_id, max);
            }
            OfferEnd::Declined | OfferEnd::Withdrawn => {
                self.context.presence.offer_answered(agent_id);
            }
        }
        self.context.presence.freed(changed.id);
        self.tell_offer_ended(agent_id, end, now);
        self.enqueue().await;
        Ok(changed)
    }

    /// Whoever was asked, and those who stand above, hear that he no longer is.
    pub(super) fn tell_offer_ended(&self, agent_id: AgentId, reason: OfferEnd, at: Timestamp) {
        let Some(open) = &self.open else { return };
        let department_id = Some(open.ticket.department_id);
        let audience =
            ChatAudience { department_id, also: Some(agent_id), ..ChatAudience::default() };
        let event = HubEvent::ChatOfferEnded {
            ticket_id: open.ticket.id,
            chat_id: open.ticket.chat_id.clone(),
            agent_id,
            reason,
            at,
        };
        self.context.publish(&Audience::Chat(audience), event);
    }
}
