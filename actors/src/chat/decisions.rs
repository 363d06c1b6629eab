//! Who takes a chat: decisions of people.

use super::actor::{State, Step};
use crate::{
    domain::{
        AgentId, DecisionKind, NewDecision, Reasons, Rejected, Ticket, TicketId, TicketStatus,
    },
    error::HubError,
    events::OfferEnd,
    hub::Context,
    store::EntryChange,
};

/// Who is to have a chat that waits.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// Who decides.
    pub by: AgentId,
    /// Who gets it.
    pub agent_id: AgentId,
    pub notes: Option<String>,
}

impl Acceptance {
    /// Somebody takes it for himself.
    pub fn own(agent_id: AgentId) -> Self {
        Self { by: agent_id, agent_id, notes: None }
    }
}

impl State {
    pub(super) async fn accept(
        &mut self,
        ticket_id: TicketId,
        acceptance: Acceptance,
    ) -> Result<Ticket, HubError> {
        let Acceptance { by, agent_id, notes } = acceptance;
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::NotWaiting(TicketStatus::Closed).into());
        }
        let asked = self.offered_to();
        let decision = self.by_hand(DecisionKind::Accepted, by, agent_id).await?;
        let changed = self
            .change(now, |ticket| {
                ticket.check_accept()?;
                ticket.agent_id = Some(agent_id);
                ticket.status = TicketStatus::Active;
                ticket.owned_since = Some(now);
                ticket.started_at.get_or_insert(now);
                if let Some(notes) = &notes {
                    ticket.notes.clone_from(notes);
                }
                let decision = Some(decision.clone());
                Ok(Step { decision, ..EntryChange::Assigned(now).into() })
            })
            .await?
            .0;
        self.context.queues.withdraw(changed.department_id, changed.id);
        self.context.presence.charged(agent_id, changed.id);
        match asked {
            Some(asked) if asked == agent_id => self.context.presence.offer_answered(asked),
            Some(asked) => self.tell_offer_ended(asked, OfferEnd::Withdrawn, now),
            None => {}
        }
        self.tell_accepted(now).await;
        Ok(changed)
    }

    /// The record of a person's decision to give the chat to somebody; that he had no room is noted.
    pub(super) async fn by_hand(
        &self,
        kind: DecisionKind,
        by: AgentId,
        agent_id: AgentId,
    ) -> Result<NewDecision, HubError> {
        let Some(open) = &self.open else { return Err(Rejected::NotOpen.into()) };
        let ticket = &open.ticket;
        let load = self.context.presence.view(agent_id).await?.load;
        let roster = self.context.roster();
        let capacity = roster.department(ticket.department_id).map_or(0, |d| d.capacity);
        let reasons = Reasons {
            waited_seconds: self.context.clock.now().since(ticket.created_at).as_secs(),
            from_agent_id: ticket.agent_id.map(|id| id.0),
            is_over_capacity: i64::try_from(load).unwrap_or(i64::MAX) >= capacity,
            ..Reasons::default()
        };
        Ok(NewDecision { kind, agent_id: Some(agent_id), decided_by: Some(by), reasons })
    }
}

/// Whoever decides must still be the one who may: the edge looked at an older row.
pub(super) fn check_right(
    context: &Context,
    ticket: &Ticket,
    by: Option<AgentId>,
) -> Result<(), HubError> {
    let Some(by) = by else { return Ok(()) };
    let viewer = context.roster().viewer(by);
    if viewer.is_some_and(|viewer| viewer.may_act(ticket)) {
        Ok(())
    } else {
        Err(Rejected::NotYours.into())
    }
}
