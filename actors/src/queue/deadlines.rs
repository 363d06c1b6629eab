//! What time alone does to those who wait: offers run out, skills are relaxed, chats overflow, and
//! screens are kept up to date. Looked at by the queue's ticker; nothing sleeps per chat, and what was
//! due while the hub was down is due at its start.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{Depth, actor::State, distribute::skills_asked};
use crate::{
    domain::{Department, DepartmentId, QueueEntry, TicketId, Timestamp, queue::ServiceLevel},
    error::HubError,
    events::{Audience, ChatAudience, HubEvent},
};

/// How long a chat has to act before it is told again.
const TELL_AGAIN: Duration = Duration::from_secs(5);

impl State {
    pub(super) async fn tick(&mut self) -> Result<(), HubError> {
        let now = self.context.clock.now();
        let since = std::mem::replace(&mut self.looked_at, now);
        if let Some(department) = self.department() {
            self.end_offers(now);
            self.overflow(&department, now);
            if self.skills_were_relaxed(&department, since, now)
                || self.somebody_may_have_it_again(since, now)
            {
                self.distribute_by_itself().await?;
            }
            self.is_changed |= self.somebody_became_late(since, now);
        }
        self.tell_changed(now);
        Ok(())
    }

    /// Lets the chats know whose offer ran out; the chat decides, for it may have been answered.
    fn end_offers(&mut self, now: Timestamp) {
        let is_due = |entry: &&QueueEntry| entry.offered_until.is_some_and(|until| until <= now);
        for entry in self.waiting.values().filter(is_due) {
            let (Some(until), Some(agent_id)) = (entry.offered_until, entry.offered_agent_id)
            else {
                continue;
            };
            if !may_tell(&mut self.told, entry.ticket_id, now) {
                continue;
            }
            // Not awaited here: the chat may be asking this queue.
            let (context, key, id) = (Arc::clone(&self.context), entry.chat_key(), entry.ticket_id);
            self.context.tasks.spawn(async move {
                context.chats.offer_expired(&key, id, agent_id, until).await;
            });
        }
    }

    /// Lets the chats know that waited too long here where to go.
    fn overflow(&mut self, department: &Department, now: Timestamp) {
        let Some((to, wait)) = department.routing.overflow() else { return };
        let roster = self.context.roster();
        if roster.department(to).is_none_or(|target| !target.is_active) {
            return;
        }
        let from = self.department_id;
        let is_due = |entry: &&QueueEntry| {
            !entry.is_offered()
                && entry.pinned_at.is_none()
                && !entry.visited.contains(&to)
                && to != from
                && entry.queued(now) >= wait
        };
        for entry in self.waiting.values().filter(is_due) {
            if !may_tell(&mut self.told, entry.ticket_id, now) {
                continue;
            }
            let (context, key, id) = (Arc::clone(&self.context), entry.chat_key(), entry.ticket_id);
            self.context.tasks.spawn(async move {
                context.chats.overflow(&key, id, from, to).await;
            });
        }
    }

    /// Somebody asks for less than at the last look.
    fn skills_were_relaxed(
        &self,
        department: &Department,
        since: Timestamp,
        now: Timestamp,
    ) -> bool {
        let asks_less = |entry: &QueueEntry| {
            let asked = |at| skills_asked(entry, department, at).len();
            !entry.skills.0.is_empty() && asked(now) < asked(since)
        };
        self.waiting.values().any(asks_less)
    }

    /// Whoever gave a chat away is spared no longer.
    fn somebody_may_have_it_again(&self, since: Timestamp, now: Timestamp) -> bool {
        let is_over = |entry: &QueueEntry| entry.spared(since) != entry.spared(now);
        self.waiting.values().any(is_over)
    }

    fn somebody_became_late(&self, since: Timestamp, now: Timestamp) -> bool {
        self.waiting.values().any(|entry| entry.service_level(now) != entry.service_level(since))
    }

    /// The counters of the department, at most once per tick (contract: four times a second).
    fn tell_changed(&mut self, at: Timestamp) {
        // A department that has been deleted is told of no more.
        if !std::mem::take(&mut self.is_changed) || self.department().is_none() {
            return;
        }
        let depth = self.depth(at);
        self.context.queues.note(self.department_id, depth);
        let Depth { waiting, offered, late, oldest_entered_at } = depth;
        let event = HubEvent::QueueChanged {
            department_id: self.department_id,
            department_name: self.context.roster().department_name(self.department_id),
            waiting,
            offered,
            late,
            oldest_entered_at,
            at,
        };
        self.context.publish(&members_of(self.department_id), event);
    }

    pub(super) fn depth(&self, at: Timestamp) -> Depth {
        let late = |entry: &&QueueEntry| entry.service_level(at) == ServiceLevel::Late;
        Depth {
            waiting: self.waiting.len(),
            offered: self.waiting.values().filter(|entry| entry.is_offered()).count(),
            late: self.waiting.values().filter(late).count(),
            oldest_entered_at: self.waiting.values().map(|entry| entry.entered_at).min(),
        }
    }
}

/// Whether a chat may be told (again); it is given some time to act on what it was told.
fn may_tell(told: &mut HashMap<TicketId, Timestamp>, id: TicketId, now: Timestamp) -> bool {
    if told.get(&id).is_some_and(|at| now.since(*at) < TELL_AGAIN) {
        return false;
    }
    told.insert(id, now);
    true
}

/// The department's members, and whoever oversees it.
fn members_of(id: DepartmentId) -> Audience {
    let department_id = Some(id);
    let chat = ChatAudience { department_id, is_unassigned: true, ..ChatAudience::default() };
    Audience::Chat(chat)
}
