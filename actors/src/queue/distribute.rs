//! From the waiting list to agents: choose and charge, commit, tell.

use std::{
    collections::{HashMap, HashSet},
    slice::Chunks,
    time::Duration,
};

use super::actor::{State, ToQueue};
use crate::{
    domain::{
        AgentId, AssignmentMode, Department, QueueEntry, Reasons, Skill, TicketId, TicketView,
        Timestamp,
    },
    error::HubError,
    events::{Audience, ChatAudience, HubEvent},
    presence::{Claimed, Claims, Wanted},
    store::Assignment,
};

/// Tickets that are claimed and committed together.
const BATCH_MAX: usize = 256;

/// The wait after a distribution that failed; doubled for each one more.
const REST_FIRST: Duration = Duration::from_millis(100);
/// No wait is longer.
const REST_MAX: Duration = Duration::from_secs(5);

/// A waiting ticket and its place in the order of service.
type Placed = (usize, TicketId);

/// Tickets for which agents are charged, to be committed together.
struct Batch {
    owners: Vec<(TicketId, AgentId)>,
    assignments: Vec<Assignment>,
    at: Timestamp,
    /// The agents are only asked, until then.
    until: Option<Timestamp>,
    /// Somebody may take more.
    has_room: bool,
}

/// Tickets that have been committed and nobody knows of yet.
struct Committed {
    owners: Vec<(TicketId, AgentId)>,
    views: Vec<TicketView>,
    until: Option<Timestamp>,
}

impl State {
    pub(super) async fn distribute_by_itself(&mut self) -> Result<usize, HubError> {
        if self.waiting.is_empty() || self.is_resting || !self.context.distributes() {
            Ok(0)
        } else {
            self.distribute().await
        }
    }

    /// Gives waiting tickets to agents (or asks agents, where the department offers) until nobody waits
    /// or nobody has room; how many. After a failure nothing is tried for a while: agents of whom the claims
    /// are taken back wake the queue, which would fail and take them back again without a pause.
    pub(super) async fn distribute(&mut self) -> Result<usize, HubError> {
        let outcome = self.assign_waiting().await;
        if outcome.is_ok() {
            (self.failures, self.is_resting) = (0, false);
        } else if !std::mem::replace(&mut self.is_resting, true) {
            self.me.send_after(rest_after(self.failures), || ToQueue::Rested);
            self.failures += 1;
        }
        outcome
    }

    /// While some are committed, those before them are told of and the next ones are claimed.
    async fn assign_waiting(&mut self) -> Result<usize, HubError> {
        let Some(department) = self.department() else { return Ok(0) };
        let order = (1..).zip(self.in_order()).filter(|(_, entry)| !entry.is_offered());
        let open: Vec<Placed> =
            order.map(|(position, entry)| (position, entry.ticket_id)).collect();
        let mut chunks = open.chunks(BATCH_MAX);
        let store = self.context.store.clone();
        let (mut assigned, mut committed) = (0, None);
        let mut claimed = self.claim(&mut chunks, &department).await?;
        while let Some(batch) = claimed {
            let committing = store.assign_tickets(batch.assignments, batch.at);
            let meanwhile = async {
                let told = self.settle(committed.take()).await?;
                let next =
                    if batch.has_room { self.claim(&mut chunks, &department).await? } else { None };
                Ok((told, next))
            };
            let (outcome, meanwhile) = tokio::join!(biased; committing, meanwhile);
            match outcome {
                Ok(views) => {
                    committed = Some(Committed { owners: batch.owners, views, until: batch.until });
                }
                Err(error) => {
                    // First what is certain: doubts are resolved when no claim is under way.
                    if let Ok((_, Some(next))) = meanwhile {
                        self.give_back(&next.owners, true);
                    }
                    self.give_back(&batch.owners, error.certainly_aborted());
                    return Err(error.into());
                }
            }
            match meanwhile {
                Ok((told, next)) => {
                    assigned += told;
                    claimed = next;
                }
                Err(error) => {
                    self.settle(committed).await?;
                    return Err(error);
                }
            }
        }
        Ok(assigned + self.settle(committed).await?)
    }

    /// Finds agents for the next tickets for which there are any, and charges them.
    async fn claim(
        &self,
        chunks: &mut Chunks<'_, Placed>,
        department: &Department,
    ) -> Result<Option<Batch>, HubError> {
        for chunk in chunks {
            let at = self.context.clock.now();
            let entries = chunk.iter().filter_map(|(_, ticket)| self.waiting.get(ticket));
            let wanted = entries.map(|entry| wanted(entry, department, at)).collect();
            let Claims { made, has_room } =
                self.context.presence.claim(self.department_id, wanted).await?;
            if !made.is_empty() {
                let until = offers(department).then(|| at.plus(department.routing.offer_time()));
                let owners = made.iter().map(|claim| (claim.ticket_id, claim.agent_id)).collect();
                let positions: HashMap<TicketId, usize> =
                    chunk.iter().map(|(position, ticket)| (*ticket, *position)).collect();
                let assignments = made.into_iter().map(|claim| {
                    let position = positions.get(&claim.ticket_id).copied();
                    self.assignment(claim, department, position, until)
                });
                let assignments = assignments.collect();
                return Ok(Some(Batch { owners, assignments, at, until, has_room }));
            }
            if !has_room {
                break;
            }
        }
        Ok(None)
    }

    /// Agents are charged no longer for what was not committed, or, where that is not known, for what the rows say.
    fn give_back(&self, owners: &[(TicketId, AgentId)], is_aborted: bool) {
        let tickets = owners.iter().map(|(ticket, _)| *ticket).collect();
        if is_aborted {
            self.context.presence.released(tickets);
        } else {
            self.context.presence.doubtful(tickets);
        }
    }

    /// Tells of what was committed; how many. A ticket that somebody else took meanwhile is given up.
    async fn settle(&mut self, committed: Option<Committed>) -> Result<usize, HubError> {
        let Some(Committed { owners, mut views, until }) = committed else { return Ok(0) };
        // Told in the order of service, whatever order the database answered in.
        let place: HashMap<TicketId, usize> =
            owners.iter().enumerate().map(|(place, (ticket, _))| (*ticket, place)).collect();
        views.sort_by_key(|view| place.get(&view.ticket.id).copied());
        let kept: HashSet<TicketId> = views.iter().map(|view| view.ticket.id).collect();
        let (won, lost): (Vec<_>, Vec<_>) =
            owners.into_iter().partition(|(ticket, _)| kept.contains(ticket));
        let lost: Vec<TicketId> = lost.into_iter().map(|(ticket, _)| ticket).collect();
        if !lost.is_empty() {
            self.context.presence.released(lost.clone());
        }
        self.context.presence.assigned(won);
        for view in &views {
            self.context.chats.refresh(&view.ticket.chat_key(), view.ticket.clone());
            match until {
                Some(until) => self.tell_offered(view, until),
                None => self.tell_assigned(view),
            }
        }
        // Taken, handed to somebody, or moved: the rows say which.
        for ticket in lost {
            self.enqueue(ticket).await?;
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

fn rest_after(failures: u32) -> Duration {
    REST_FIRST.saturating_mul(2_u32.saturating_pow(failures)).min(REST_MAX)
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
