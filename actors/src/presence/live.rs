//! The live state of all agents: wishes, signs of life and loads. Plain values; the actor owns one.

use std::{collections::HashMap, time::Duration};

use crate::{
    domain::{
        AgentId, Liveness, NewPresencePeriod, PresenceCause, PresencePeriod, PresenceStatus,
        PresenceView, TicketId, Timestamp, Verdict, presence::effective,
    },
    store::StoredPresence,
};

/// A queue reports within one transaction; after this long it has died in between.
const CLAIM_AGE_MAX: Duration = Duration::from_secs(30);
/// How long somebody is missing before it is told that he reconnects, at most half of the grace: when all lose
/// their connection at once, each telling would go to everybody, and most are back by then.
const MISSED_AFTER_MAX: Duration = Duration::from_secs(3);
/// Stretches that wait for a database that does not answer; a status flips once in a timeout at most.
const BEGUN_MAX: usize = 10_000;
/// What others read when an agent fell silent (contract §17).
const TIMEOUT_MESSAGE: &str = "Desconectado por inatividade";

/// What is behind a change of the shown status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// A sign of life, or that there was none for too long.
    Life,
    /// A new wish, and who forced it.
    Wish(PresenceCause, Option<AgentId>),
}

/// What others have to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) is_new_status: bool,
    /// The grace after the last socket has begun or ended.
    pub(super) is_new_connection: bool,
}

impl Change {
    pub(super) fn is_any(self) -> bool {
        self.is_new_status || self.is_new_connection
    }
}

#[derive(Debug, Clone)]
pub(super) struct LiveAgent {
    pub(super) wish: Option<PresenceStatus>,
    pub(super) message: String,
    /// Why he wishes so; empty when nothing was said.
    pub(super) reason: String,
    pub(super) life: Liveness,
    /// What was last said to everybody.
    pub(super) shown: PresenceStatus,
    pub(super) is_reconnecting: bool,
    /// Since when nothing but the grace is behind the status.
    missing_since: Option<Timestamp>,
    pub(super) status_changed_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// When the last chat was given to this agent.
    pub(super) idle_since: Timestamp,
    /// Went offline then (a transition: who never was online never went).
    pub(super) offline_since: Option<Timestamp>,
    /// Offers in a row that he let pass.
    pub(super) missed_offers: i64,
    /// The chats of this absence have been looked at.
    pub(super) is_handled: bool,
    /// Something changed that is not stored yet.
    pub(super) is_dirty: bool,
    /// How many sockets were known and how many there were, when these differed the last time.
    miscounted: Option<(u32, u32)>,
}

impl LiveAgent {
    fn new(now: Timestamp) -> Self {
        Self {
            wish: None,
            message: String::new(),
            reason: String::new(),
            life: Liveness::default(),
            shown: PresenceStatus::Offline,
            is_reconnecting: false,
            missing_since: None,
            status_changed_at: now,
            updated_at: now,
            idle_since: Timestamp::EPOCH,
            offline_since: None,
            missed_offers: 0,
            is_handled: false,
            is_dirty: false,
            miscounted: None,
        }
    }

    /// Whether the known number of sockets is wrong, when so many are open. What differs for the first time may be on
    /// its way here, and would be counted twice: it has to be the same the next time.
    pub(super) fn is_miscounted(&mut self, open: u32) -> bool {
        let known = self.life.sockets();
        let difference = (known != open).then_some((known, open));
        let before = std::mem::replace(&mut self.miscounted, difference);
        difference.is_some() && before == difference
    }

    fn restored(row: StoredPresence, now: Timestamp, timeout: Duration) -> Self {
        let life = Liveness::restored(row.last_seen, timeout);
        let shown = effective(row.wish, life.is_alive(now));
        // Who fell silent while the hub was down gets the grace time to come back.
        let offline_since = match row.wish {
            None => None,
            Some(PresenceStatus::Offline) => Some(row.status_changed_at),
            Some(_) => (shown == PresenceStatus::Offline).then_some(now),
        };
        Self {
            wish: row.wish,
            message: row.message,
            life,
            shown,
            status_changed_at: row.status_changed_at,
            updated_at: row.updated_at,
            offline_since,
            missed_offers: row.missed_offers,
            ..Self::new(now)
        }
    }

    /// What is to be shown now: the wish, as far as there is life behind it.
    fn status_at(&self, now: Timestamp) -> PresenceStatus {
        effective(self.wish, self.life.is_alive(now))
    }

    /// Within the grace, with nothing but it behind the status.
    fn is_reconnecting_at(&self, now: Timestamp) -> bool {
        self.status_at(now) != PresenceStatus::Offline && self.life.is_reconnecting(now)
    }

    /// What others read beside the shown status.
    pub(super) fn shown_message(&self) -> String {
        let fell_silent = self.shown == PresenceStatus::Offline
            && self.wish.is_some_and(|wish| wish != PresenceStatus::Offline);
        if fell_silent { TIMEOUT_MESSAGE.to_owned() } else { self.message.clone() }
    }

    /// The reason belongs to the wish, not to silence.
    fn shown_reason(&self) -> String {
        if self.wish == Some(self.shown) { self.reason.clone() } else { String::new() }
    }

    /// Why he is given nothing now; `None` when he is there.
    pub(super) fn absence(&self, now: Timestamp) -> Option<Verdict> {
        match self.wish {
            Some(wish) if !self.life.is_alive(now) || wish == PresenceStatus::Offline => {
                Some(Verdict::Offline)
            }
            Some(PresenceStatus::Busy) => Some(Verdict::Busy),
            Some(PresenceStatus::Away) => Some(Verdict::Away),
            Some(_) => (!self.life.can_receive(now)).then_some(Verdict::Reconnecting),
            None => Some(Verdict::Offline),
        }
    }
}

/// A ticket that a queue wants to assign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) at: Timestamp,
    /// Who had it before, in case the queue was mistaken and it does not wait at all.
    pub(super) owner_before: Option<AgentId>,
}

/// All agents and who owns which open ticket.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) agents: HashMap<AgentId, LiveAgent>,
    pub(super) owners: HashMap<TicketId, AgentId>,
    loads: HashMap<AgentId, usize>,
    /// Stretches of presence that are not stored yet, in their order.
    pub(super) begun: Vec<NewPresencePeriod>,
    /// Claims of which has not been reported yet what became of them.
    pub(super) pending: HashMap<TicketId, Claim>,
    /// How long somebody has to be missing before it is told that he reconnects.
    missed_after: Duration,
}

impl Live {
    pub(super) fn restore(
        rows: Vec<StoredPresence>,
        last_starts: &HashMap<AgentId, Timestamp>,
        now: Timestamp,
        timeout: Duration,
        grace: Duration,
    ) -> Self {
        let missed_after = MISSED_AFTER_MAX.min(grace / 2);
        let mut live = Self { missed_after, ..Self::default() };
        for row in rows {
            let id = row.agent_id;
            live.agents.insert(id, LiveAgent::restored(row, now, timeout));
        }
        for (id, started) in last_starts {
            live.agent_mut(*id, now).idle_since = *started;
        }
        live
    }

    pub(super) fn agent_mut(&mut self, id: AgentId, now: Timestamp) -> &mut LiveAgent {
        self.agents.entry(id).or_insert_with(|| LiveAgent::new(now))
    }

    pub(super) fn ids(&self) -> Vec<AgentId> {
        self.agents.keys().copied().collect()
    }

    /// Brings what is shown up to date; a new status begins a stretch of the agent's history.
    pub(super) fn refresh(&mut self, id: AgentId, now: Timestamp, behind: Behind) -> Change {
        let missed_after = self.missed_after;
        let agent = self.agent_mut(id, now);
        let status = agent.status_at(now);
        let is_missing = agent.is_reconnecting_at(now);
        agent.missing_since = is_missing.then(|| agent.missing_since.unwrap_or(now));
        let is_reconnecting =
            agent.missing_since.is_some_and(|since| now.since(since) >= missed_after);
        let is_new_connection = is_reconnecting != agent.is_reconnecting;
        agent.is_reconnecting = is_reconnecting;
        if status == agent.shown {
            return Change { is_new_status: false, is_new_connection };
        }
        if status == PresenceStatus::Offline {
            agent.offline_since = Some(now);
        } else {
            agent.offline_since = None;
        }
        agent.is_handled = false;
        let previous = std::mem::replace(&mut agent.shown, status);
        agent.status_changed_at = now;
        agent.updated_at = now;
        agent.is_dirty = true;
        self.begin(id, previous, now, behind);
        Change { is_new_status: true, is_new_connection }
    }

    /// A stretch of an agent's history begins, as he is shown now.
    pub(super) fn begin(
        &mut self,
        id: AgentId,
        previous: PresenceStatus,
        at: Timestamp,
        behind: Behind,
    ) {
        if self.begun.len() == BEGUN_MAX {
            tracing::warn!("the oldest change of presence is dropped: nothing can be written");
            self.begun.remove(0);
        }
        let agent = self.agent_mut(id, at);
        let (cause, changed_by) = match behind {
            Behind::Wish(cause, by) => (cause, by),
            Behind::Life if agent.shown == PresenceStatus::Offline => {
                (PresenceCause::Silence, None)
            }
            Behind::Life => (PresenceCause::Own, None),
        };
        let period = NewPresencePeriod {
            agent_id: id,
            previous,
            status: agent.shown,
            message: agent.shown_message(),
            reason: agent.shown_reason(),
            cause,
            changed_by,
            at,
        };
        self.begun.push(period);
    }

    /// Brings the history in line with how agents are after a start: what was shown until the hub
    /// ended goes on if it is still shown, else it ended with the last that was known of the agent.
    pub(super) fn resume_history(&mut self, open: Vec<PresencePeriod>, now: Timestamp) {
        self.begun.clear();
        let mut open: HashMap<AgentId, PresencePeriod> =
            open.into_iter().map(|period| (period.agent_id, period)).collect();
        for id in self.ids() {
            let agent = self.agent_mut(id, now);
            let (since, previous) = match open.remove(&id) {
                Some(period) if period.status == agent.shown => {
                    agent.reason = period.reason;
                    // He was away before the hub was: what he was handed since then is not from before.
                    agent.offline_since = agent.offline_since.map(|at| at.min(period.started_at));
                    continue;
                }
                Some(period) => (period.started_at, period.status),
                None if agent.shown == PresenceStatus::Offline => continue,
                None => (Timestamp::EPOCH, PresenceStatus::Offline),
            };
            let is_silent = agent.shown == PresenceStatus::Offline
                && agent.wish != Some(PresenceStatus::Offline);
            let known = if is_silent { agent.life.last_seen } else { Some(agent.updated_at) };
            let at = known.unwrap_or(now).max(since).min(now);
            let behind =
                if is_silent { Behind::Life } else { Behind::Wish(PresenceCause::Own, None) };
            self.begin(id, previous, at, behind);
        }
    }

    /// Somebody who may no longer be here has gone, whatever he showed and whenever he was given a chat.
    pub(super) fn dismiss(&mut self, id: AgentId, now: Timestamp) {
        let agent = self.agent_mut(id, now);
        agent.offline_since = Some(now);
        agent.is_handled = false;
    }

    /// Agents who have been offline for the grace time and whose chats have to be looked at now, each
    /// with the instant at which he went.
    pub(super) fn take_gone(
        &mut self,
        now: Timestamp,
        grace: Duration,
    ) -> Vec<(AgentId, Timestamp)> {
        let mut gone = Vec::new();
        for (id, agent) in &mut self.agents {
            let Some(since) = agent.offline_since.filter(|_| !agent.is_handled) else { continue };
            let wait = if agent.life.grace_is_spent() { Duration::ZERO } else { grace };
            if since.plus(wait) <= now {
                agent.is_handled = true;
                gone.push((*id, since));
            }
        }
        gone
    }

    pub(super) fn view(
        &self,
        id: AgentId,
        now: Timestamp,
        timeout: Duration,
    ) -> Option<PresenceView> {
        let agent = self.agents.get(&id)?;
        Some(PresenceView {
            agent_id: id,
            status: agent.status_at(now),
            message: agent.message.clone(),
            reason: agent.shown_reason(),
            is_connected: agent.life.is_connected(now),
            is_reconnecting: agent.is_reconnecting,
            last_seen: agent.life.last_seen,
            is_stale: agent.life.last_seen.is_none_or(|seen| now.since(seen) > timeout),
            status_changed_at: agent.status_changed_at,
            updated_at: agent.updated_at,
            load: self.load(id),
        })
    }

    /// What is to be stored, marked as stored.
    pub(super) fn take_dirty(&mut self) -> Vec<StoredPresence> {
        let dirty = self.agents.iter_mut().filter(|(_, agent)| agent.is_dirty);
        dirty
            .map(|(id, agent)| {
                agent.is_dirty = false;
                stored(*id, agent)
            })
            .collect()
    }

    /// What was taken to be stored could not be.
    pub(super) fn mark_dirty(&mut self, ids: &[AgentId]) {
        for id in ids {
            if let Some(agent) = self.agents.get_mut(id) {
                agent.is_dirty = true;
            }
        }
    }

    /// The row of one agent as it is now.
    pub(super) fn stored(&mut self, id: AgentId, now: Timestamp) -> StoredPresence {
        stored(id, self.agent_mut(id, now))
    }

    pub(super) fn load(&self, id: AgentId) -> usize {
        self.loads.get(&id).copied().unwrap_or(0)
    }

    /// What a queue has given away, unless a person has given it to somebody since it was claimed.
    pub(super) fn charge_all(&mut self, claims: Vec<(TicketId, AgentId)>) {
        for (ticket, agent) in claims {
            if self.pending.contains_key(&ticket) || !self.owners.contains_key(&ticket) {
                self.charge(agent, ticket);
            }
        }
    }

    /// A ticket belongs to this agent from now on, whoever had or claimed it before. Repeating it
    /// changes nothing. Who had it.
    pub(super) fn charge(&mut self, id: AgentId, ticket: TicketId) -> Option<AgentId> {
        self.pending.remove(&ticket);
        let before = self.owners.insert(ticket, id);
        if before == Some(id) {
            return None;
        }
        *self.loads.entry(id).or_default() += 1;
        self.discharge(before)
    }

    /// A ticket no longer counts against anybody. Who had it.
    pub(super) fn free(&mut self, ticket: TicketId) -> Option<AgentId> {
        self.pending.remove(&ticket);
        let owner = self.owners.remove(&ticket);
        self.discharge(owner)
    }

    /// Nothing came of a claim. A ticket that somebody was given by hand meanwhile stays his.
    pub(super) fn release(&mut self, ticket: TicketId) -> Option<AgentId> {
        let claim = self.pending.remove(&ticket)?;
        match claim.owner_before {
            Some(owner) => self.charge(owner, ticket),
            None => self.free(ticket),
        }
    }

    fn discharge(&mut self, owner: Option<AgentId>) -> Option<AgentId> {
        let load = self.loads.get_mut(&owner?)?;
        *load = load.saturating_sub(1);
        owner
    }

    /// It is not known what became of these claims: the rows have to say.
    pub(super) fn doubt(&mut self, tickets: &[TicketId]) {
        for ticket in tickets {
            self.pending.remove(ticket);
        }
    }

    /// Sets the loads to what the rows say. Agents who have more room than was believed. While claims
    /// are under way the rows do not know them yet, so then nothing is touched; a claim of which
    /// nobody has reported for long is forgotten.
    pub(super) fn reconcile(
        &mut self,
        rows: &[(AgentId, TicketId)],
        now: Timestamp,
    ) -> Vec<AgentId> {
        self.pending.retain(|_, claim| now.since(claim.at) < CLAIM_AGE_MAX);
        if !self.pending.is_empty() {
            return Vec::new();
        }
        let actual: HashMap<TicketId, AgentId> = rows.iter().map(|(a, t)| (*t, *a)).collect();
        if actual == self.owners {
            return Vec::new();
        }
        tracing::debug!(memory = self.owners.len(), rows = actual.len(), "loads are put right");
        let before = std::mem::take(&mut self.loads);
        for owner in actual.values() {
            *self.loads.entry(*owner).or_default() += 1;
        }
        self.owners = actual;
        before.into_iter().filter(|(id, load)| self.load(*id) < *load).map(|(id, _)| id).collect()
    }

    /// The open tickets by owner, for tests that compare memory with rows.
    #[cfg(feature = "testing")]
    pub(super) fn owners(&self) -> HashMap<TicketId, AgentId> {
        self.owners.clone()
    }
}

fn stored(id: AgentId, agent: &LiveAgent) -> StoredPresence {
    StoredPresence {
        agent_id: id,
        wish: agent.wish,
        message: agent.message.clone(),
        last_seen: agent.life.last_seen,
        status_changed_at: agent.status_changed_at,
        updated_at: agent.updated_at,
        missed_offers: agent.missed_offers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Device;

    const ANA: AgentId = AgentId(1);
    const BIA: AgentId = AgentId(2);
    const TICKET: TicketId = TicketId(7);

    fn claimed(by: AgentId) -> Live {
        let mut live = Live::default();
        live.charge(by, TICKET);
        live.pending.insert(TICKET, Claim { at: Timestamp::EPOCH, owner_before: None });
        live
    }

    #[test]
    fn sockets_are_counted_anew_when_the_same_is_wrong_twice() {
        let (now, device) = (Timestamp::EPOCH, Device::default());
        let mut ana = LiveAgent::new(now);
        ana.life.socket_opened(&device, now);
        ana.life.socket_opened(&device, now);
        // One has closed, and this is heard of only then.
        assert!(!ana.is_miscounted(1));
        ana.life.socket_closed(&device, now, Duration::ZERO);
        assert!(!ana.is_miscounted(1));
        // One more opened, of which nothing is ever heard.
        assert!(!ana.is_miscounted(2));
        assert!(ana.is_miscounted(2));
        // Another difference is new again, and one that is gone is forgotten.
        assert!(!ana.is_miscounted(0));
        assert!(!ana.is_miscounted(1));
        assert!(!ana.is_miscounted(0));
    }

    #[test]
    fn a_claim_that_came_to_nothing_costs_no_room() {
        let mut live = claimed(ANA);
        assert_eq!((live.release(TICKET), live.load(ANA)), (Some(ANA), 0));
        assert_eq!(live.release(TICKET), None, "once");
    }

    #[test]
    fn a_claim_of_a_ticket_that_does_not_wait_leaves_its_owner_alone() {
        let mut live = Live::default();
        live.charge(ANA, TICKET);
        live.charge(BIA, TICKET);
        live.pending.insert(TICKET, Claim { at: Timestamp::EPOCH, owner_before: Some(ANA) });
        assert_eq!(live.release(TICKET), Some(BIA), "who has room again");
        assert_eq!((live.load(ANA), live.load(BIA)), (1, 0));
    }

    #[test]
    fn what_a_person_took_meanwhile_stays_his() {
        for taker in [ANA, BIA] {
            let mut live = claimed(ANA);
            live.charge(taker, TICKET);
            assert_eq!(live.release(TICKET), None);
            assert_eq!((live.load(taker), live.owners.len()), (1, 1));
        }
    }

    #[test]
    fn rows_are_believed_only_when_no_claim_is_under_way() {
        let mut live = claimed(ANA);
        let soon = Timestamp::EPOCH.plus(Duration::from_secs(1));
        assert!(live.reconcile(&[], soon).is_empty());
        assert_eq!(live.load(ANA), 1);
        let late = Timestamp::EPOCH.plus(CLAIM_AGE_MAX);
        assert_eq!((live.reconcile(&[], late), live.load(ANA)), (vec![ANA], 0));
        live.reconcile(&[(BIA, TICKET)], late);
        assert_eq!((live.load(BIA), live.charge(BIA, TICKET)), (1, None));
    }
}
