//! Choosing agents for waiting chats, and what they answer to offers.

use std::collections::HashSet;

use super::{
    actor::State,
    live::{Behind, Claim, Live},
};
use crate::{
    directory::Roster,
    domain::{
        AgentId, Considered, Department, DepartmentId, PresenceCause, PresenceStatus, Skill,
        TicketId, Timestamp, Verdict,
        routing::{Candidate, Candidates, Demand},
    },
    error::HubError,
};

/// A waiting ticket that wants an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) ticket_id: TicketId,
    /// Whom it would like best.
    pub(crate) sticky: Option<AgentId>,
    /// What he has to be good at.
    pub(crate) skills: Vec<Skill>,
    pub(crate) declined_by: Vec<AgentId>,
    /// Who has just given it away.
    pub(crate) spared: Option<AgentId>,
}

impl Wanted {
    fn demand(&self) -> Demand<'_> {
        let Self { sticky, skills, declined_by, spared, .. } = self;
        Demand { sticky: *sticky, skills, declined_by, spared: *spared }
    }
}

/// A ticket with the agent who was chosen and charged, and what was thought of the others.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) ticket_id: TicketId,
    pub(crate) agent_id: AgentId,
    pub(crate) considered: Vec<Considered>,
    pub(crate) omitted: usize,
}

/// What became of the tickets that wanted an agent.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    pub(crate) made: Vec<Claimed>,
    /// Somebody could still take another one, if it asked for less.
    pub(crate) has_room: bool,
}

impl Live {
    /// Chooses an agent for each of these tickets in turn and charges him.
    pub(super) fn claim(
        &mut self,
        department: &Department,
        roster: &Roster,
        wanted: &[Wanted],
        now: Timestamp,
    ) -> Claims {
        let mut candidates = self.candidates(department, roster, now);
        let mut made = Vec::new();
        for want in wanted {
            if !candidates.have_room() {
                return Claims { made, has_room: false };
            }
            let Some(id) = candidates.choose(want.demand()) else { continue };
            let (considered, omitted) = candidates.consider(want.demand(), Some(id), now);
            let owner_before = self.owners.get(&want.ticket_id).copied();
            self.charge(id, want.ticket_id);
            self.pending.insert(want.ticket_id, Claim { at: now, owner_before });
            self.agent_mut(id, now).idle_since = now;
            candidates.charge(id, now);
            made.push(Claimed { ticket_id: want.ticket_id, agent_id: id, considered, omitted });
        }
        Claims { made, has_room: candidates.have_room() }
    }

    /// Somebody has this ticket, or is about to.
    fn is_owned(&self, ticket: TicketId) -> bool {
        self.owners.contains_key(&ticket)
    }

    /// Somebody in an active department could be given one more chat now.
    fn has_room(&self, department: &Department, roster: &Roster, now: Timestamp) -> bool {
        department.is_active && self.candidates(department, roster, now).have_room()
    }

    /// The members of a department as they stand now.
    fn candidates(&self, department: &Department, roster: &Roster, now: Timestamp) -> Candidates {
        let capacity = usize::try_from(department.capacity).unwrap_or(0);
        let members: HashSet<AgentId> = department.members.iter().copied().collect();
        let candidate = |id: AgentId| {
            let row = roster.agent(id)?;
            let live = self.agents.get(&id);
            let absence = match live {
                _ if !row.is_active => Some(Verdict::Inactive),
                Some(agent) => agent.absence(now),
                None => Some(Verdict::Offline),
            };
            Some(Candidate {
                agent_id: id,
                load: self.load(id),
                capacity,
                idle_since: live.map_or(Timestamp::EPOCH, |agent| agent.idle_since),
                skills: row.skills.clone(),
                absence,
            })
        };
        Candidates::new(members.into_iter().filter_map(candidate).collect())
    }
}

impl State {
    pub(super) fn claim(&mut self, id: DepartmentId, wanted: &[Wanted]) -> Claims {
        let roster = self.context.roster();
        match roster.department(id) {
            Some(department) if department.is_active => {
                self.live.claim(department, &roster, wanted, self.context.clock.now())
            }
            _ => Claims::default(),
        }
    }

    /// What would be thought of each member for this ticket now; nobody is charged.
    pub(super) fn explain(&self, id: DepartmentId, want: &Wanted) -> (Vec<Considered>, usize) {
        let roster = self.context.roster();
        let Some(department) = roster.department(id) else { return (Vec::new(), 0) };
        let now = self.context.clock.now();
        self.live.candidates(department, &roster, now).consider(want.demand(), None, now)
    }

    /// Whether a waiting ticket has been given to somebody, or could be now.
    pub(super) fn can_be_taken(&self, id: DepartmentId, ticket_id: TicketId) -> bool {
        let roster = self.context.roster();
        let now = self.context.clock.now();
        self.live.is_owned(ticket_id)
            || roster
                .department(id)
                .is_some_and(|department| self.live.has_room(department, &roster, now))
    }

    pub(super) fn release(&mut self, tickets: &[TicketId]) {
        for ticket in tickets {
            if let Some(owner) = self.live.release(*ticket) {
                self.offer_to(owner);
            }
        }
    }

    pub(super) fn charge(&mut self, agent_id: AgentId, ticket_id: TicketId) {
        let now = self.context.clock.now();
        self.live.agent_mut(agent_id, now).idle_since = now;
        if let Some(before) = self.live.charge(agent_id, ticket_id) {
            self.offer_to(before);
        }
    }

    pub(super) fn free(&mut self, ticket_id: TicketId) {
        if let Some(owner) = self.live.free(ticket_id) {
            self.offer_to(owner);
        }
    }

    /// He has answered an offer, one way or the other.
    pub(super) fn offer_answered(&mut self, id: AgentId) {
        let agent = self.live.agent_mut(id, self.context.clock.now());
        if agent.missed_offers > 0 {
            agent.missed_offers = 0;
            agent.is_dirty = true;
        }
    }

    /// He let an offer pass. After too many in a row he is set away, and told why: whoever does not
    /// look at the screen is not asked again until he says that he is back.
    pub(super) async fn offer_missed(&mut self, id: AgentId, max: i64) -> Result<(), HubError> {
        let now = self.context.clock.now();
        let agent = self.live.agent_mut(id, now);
        agent.missed_offers += 1;
        agent.is_dirty = true;
        let missed = agent.missed_offers;
        if missed < max || agent.wish != Some(PresenceStatus::Online) {
            return Ok(());
        }
        // If it cannot be stored, the next offer that he lets pass tries again.
        let before = agent.clone();
        let begun = self.live.begun.len();
        let agent = self.live.agent_mut(id, now);
        agent.wish = Some(PresenceStatus::Away);
        agent.message = format!("Ausente automaticamente: {missed} ofertas sem resposta");
        agent.reason.clear();
        agent.missed_offers = 0;
        agent.updated_at = now;
        let change = self.live.refresh(id, now, Behind::Wish(PresenceCause::Offers, None));
        self.commit(id, &before, begun, now).await?;
        self.tell_change(id, change, now);
        Ok(())
    }
}
