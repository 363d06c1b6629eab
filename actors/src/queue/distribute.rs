//! From the waiting list to agents: choose and charge, commit, tell.

use std::collections::HashMap;

use super::actor::State;
use crate::{
    domain::{
        AssignmentMode, Department, QueueEntry, Reasons, Skill, TicketId, TicketView, Timestamp,
    },
    error::HubError,
    events::{Audience, ChatAudience, HubEvent},
    presence::{Claimed, Wanted},
    store::Assignment,
};

/// Tickets that are claimed and committed together.
const BATCH_MAX: usize = 256;

impl State {
    pub(super) async fn distribute_by_itself(&mut self) -> Result<usize, HubError> {
        if self.waiting.is_empty() || !self.context.distributes() {
            Ok(0)
        } else {
            self.distribute().await
        }
    }

    /// Gives waiting tickets to agents (or asks agents, where the department offers) until nobody waits
    /// or nobody has room; how many.
    pub(super) async fn distribute(&mut self) -> Result<usize, HubError> {
        let Some(department) = self.department() else { return Ok(0) };
        let order = (1..).zip(self.in_order()).filter(|(_, entry)| !entry.is_offered());
        let open: Vec<(usize, TicketId)> =
            order.map(|(position, entry)| (position, entry.ticket_id)).collect();
        let mut assigned = 0;
        for batch in open.chunks(BATCH_MAX) {
            let now = self.context.clock.now();
            let entries = batch.iter().filter_map(|(_, ticket)| self.waiting.get(ticket));
            let wanted = entries.map(|entry| wanted(entry, &department, now)).collect();
            let claims = self.context.presence.claim(self.department_id, wanted).await?;
            if !claims.made.is_empty() {
                let positions = batch.iter().map(|(position, ticket)| (*ticket, *position));
                assigned += self.assign(claims.made, &department, &positions.collect()).await?;
            }
            if !claims.has_room {
                break;
            }
        }
        Ok(assigned)
    }

    /// Commits claims and tells of them. A ticket that somebody else took meanwhile is given up.
    async fn assign(
        &mut self,
        claims: Vec<Claimed>,
        department: &Department,
        positions: &HashMap<TicketId, usize>,
    ) -> Result<usize, HubError> {
        let tickets: Vec<TicketId> = claims.iter().map(|claim| claim.ticket_id).collect();
        let owners: Vec<_> = claims.iter().map(|claim| (claim.ticket_id, claim.agent_id)).collect();
        let now = self.context.clock.now();
        let offered_until = offers(department).then(|| now.plus(department.routing.offer_time()));
        let assignments = claims
            .into_iter()
            .map(|claim| {
                let position = positions.get(&claim.ticket_id).copied();
                self.assignment(claim, department, position, offered_until)
            })
            .collect();
        let committed = self.context.store.assign_tickets(assignments, now).await;
        let mut views = match committed {
            Ok(views) => views,
            Err(error) => {
                if error.certainly_aborted() {
                    self.context.presence.released(tickets);
                } else {
                    self.context.presence.doubtful(tickets);
                }
                return Err(error.into());
            }
        };
        // Told in the order of service, whatever order the database answered in.
        let place: HashMap<TicketId, usize> =
            tickets.iter().enumerate().map(|(place, ticket)| (*ticket, place)).collect();
        views.sort_by_key(|view| place.get(&view.ticket.id).copied());
        let (won, lost): (Vec<_>, Vec<_>) = owners
            .into_iter()
            .partition(|(ticket, _)| views.iter().any(|view| view.ticket.id == *ticket));
        let lost: Vec<TicketId> = lost.into_iter().map(|(ticket, _)| ticket).collect();
        // Taken, handed to somebody, or moved: the rows say which.
        for ticket in &lost {
            self.enqueue(*ticket).await?;
        }
        if !lost.is_empty() {
            self.context.presence.released(lost);
        }
        self.context.presence.assigned(won);
        for view in &views {
            self.context.chats.refresh(&view.ticket.chat_key(), view.ticket.clone());
            match offered_until {
                Some(until) => self.tell_offered(view, until),
                None => self.tell_assigned(view),
            }
        }
        Ok(views.len())
    }

    fn assignment(
        &self,
        claim: Claimed,
        department: &Department,
        position: Option<usize>,
        offered_until: Option<Timestamp>,
    ) -> Assignment {
        let Claimed { ticket_id, agent_id, considered, omitted } = claim;
        let reasons = Reasons { position, considered, omitted, ..Reasons::default() };
        let reasons = match self.waiting.get(&ticket_id) {
            Some(entry) => reasons_of(entry, department, self.context.clock.now(), reasons),
            None => reasons,
        };
        let department_id = self.department_id;
        Assignment { ticket_id, department_id, agent_id, offered_until, reasons }
    }

    fn tell_assigned(&mut self, view: &TicketView) {
        let ticket = &view.ticket;
        let entry = self.forget(ticket.id);
        let Some(agent_id) = ticket.agent_id else { return };
        let first_message = entry.map(|entry| entry.first_message).unwrap_or_default();
        let now = self.context.clock.now();
        let customer = &view.customer.customer_name;
        let event =
            HubEvent::assigned(&self.context.roster(), ticket, customer, first_message, now);
        let audience = ChatAudience {
            department_id: Some(ticket.department_id),
            agent_id: Some(agent_id),
            ..ChatAudience::default()
        };
        if let Some(event) = event {
            self.context.publish(&Audience::Chat(audience), event);
        }
    }

    /// The agent is asked; those who stand above see that he is.
    fn tell_offered(&mut self, view: &TicketView, until: Timestamp) {
        let ticket = &view.ticket;
        let Some(agent_id) = ticket.agent_id else { return };
        let Some(entry) = self.waiting.get_mut(&ticket.id) else { return };
        entry.offered_agent_id = Some(agent_id);
        entry.offered_until = Some(until);
        self.is_changed = true;
        let audience = ChatAudience {
            department_id: Some(ticket.department_id),
            agent_id: Some(agent_id),
            ..ChatAudience::default()
        };
        let roster = self.context.roster();
        let event = HubEvent::ChatOffered {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            customer_name: view.customer.customer_name.clone(),
            agent_id,
            agent_name: roster.agent_name(Some(agent_id)),
            department_id: ticket.department_id,
            department_name: roster.department_name(ticket.department_id),
            priority: ticket.priority,
            first_message: entry.first_message.clone(),
            expires_at: until,
            at: self.context.clock.now(),
        };
        self.context.publish(&Audience::Chat(audience), event);
    }
}

fn offers(department: &Department) -> bool {
    department.routing.mode == AssignmentMode::Offer
}

/// What a waiting chat asks of an agent by now.
pub(super) fn wanted(entry: &QueueEntry, department: &Department, now: Timestamp) -> Wanted {
    Wanted {
        ticket_id: entry.ticket_id,
        sticky: entry.sticky_agent_id,
        skills: skills_asked(entry, department, now).to_vec(),
        declined_by: entry.declined_by.0.clone(),
        spared: entry.spared(now),
    }
}

/// The skills that are still asked for, ring by ring fewer.
pub(super) fn skills_asked<'e>(
    entry: &'e QueueEntry,
    department: &Department,
    now: Timestamp,
) -> &'e [Skill] {
    let skills = &entry.skills.0;
    &skills[..department.routing.skills_asked(skills.len(), entry.waited(now))]
}

/// The parts of a chat's place, for the record.
pub(super) fn reasons_of(
    entry: &QueueEntry,
    department: &Department,
    now: Timestamp,
    reasons: Reasons,
) -> Reasons {
    let skills = skills_asked(entry, department, now);
    Reasons {
        waited_seconds: entry.waited(now).as_secs(),
        is_pinned: entry.pinned_at.is_some(),
        skills: skills.iter().map(ToString::to_string).collect(),
        ..reasons
    }
    .with_score(entry.score(department.response_target_minutes, now))
}
