//! The door to the departments' queues.

use std::sync::Arc;

use dashmap::DashMap;
use ractor::ActorCell;

use super::{
    actor::{QueueChild, ToQueue},
    place::{Explanation, Place},
};
use crate::{
    domain::{DepartmentId, QueueEntry, TicketId, Timestamp},
    error::HubError,
    hub::Context,
    metrics::Actors,
    supervisor::Doors,
};

/// Asks and tells the queue of a department.
#[derive(Default)]
pub struct Queues {
    doors: Doors<QueueChild>,
    /// As each queue last told of itself.
    depths: DashMap<DepartmentId, Depth>,
}

/// How many wait in a department.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    pub waiting: usize,
    /// Of those: agents are being asked.
    pub offered: usize,
    /// Of those: beyond the response target.
    pub late: usize,
    pub oldest_entered_at: Option<Timestamp>,
}

impl Depth {
    /// Those of another department as well.
    pub fn add(&mut self, other: Self) {
        self.waiting += other.waiting;
        self.offered += other.offered;
        self.late += other.late;
        let both = [self.oldest_entered_at, other.oldest_entered_at];
        self.oldest_entered_at = both.into_iter().flatten().min();
    }
}

impl Queues {
    pub(crate) async fn start(
        &self,
        context: &Arc<Context>,
        parent: ActorCell,
    ) -> Result<ActorCell, HubError> {
        let supervisor = self.doors.open(QueueChild(Arc::clone(context)), parent).await;
        Ok(supervisor.map_err(|_| HubError::Unavailable)?.get_cell())
    }

    pub(crate) async fn ready(&self, id: DepartmentId) -> Result<(), HubError> {
        self.doors.ensure(&id).await.map(drop)
    }

    /// A ticket waits, or its entry was edited.
    pub(crate) async fn enqueue(
        &self,
        id: DepartmentId,
        ticket_id: TicketId,
    ) -> Result<(), HubError> {
        self.doors.ask(&id, |reply| ToQueue::Enqueue { ticket_id, reply }).await
    }

    /// A ticket waits no longer.
    pub(crate) fn withdraw(&self, id: DepartmentId, ticket_id: TicketId) {
        self.doors.tell(&id, ToQueue::Withdraw(ticket_id));
    }

    /// Assigns as many waiting tickets as there is room for; how many this call assigned.
    pub async fn distribute(&self, id: DepartmentId) -> Result<usize, HubError> {
        self.doors.ask(&id, |reply| ToQueue::Distribute { reply }).await
    }

    /// The waiting tickets of a department in the order of service.
    pub async fn waiting(&self, id: DepartmentId) -> Result<Vec<QueueEntry>, HubError> {
        self.doors.ask(&id, |reply| ToQueue::Waiting { reply }).await
    }

    /// Where those who wait stand, in the order of service.
    pub async fn places(&self, id: DepartmentId) -> Result<Vec<Place>, HubError> {
        self.doors.ask(&id, |reply| ToQueue::Places { reply }).await
    }

    /// Why a waiting ticket is where it is, and what would be thought of each agent now; `None` when it
    /// does not wait there.
    pub async fn explain(
        &self,
        id: DepartmentId,
        ticket_id: TicketId,
    ) -> Result<Option<Explanation>, HubError> {
        self.doors.ask(&id, |reply| ToQueue::Explain { ticket_id, reply }).await
    }

    /// The customer of a waiting ticket wrote again.
    pub(crate) fn heard(&self, id: DepartmentId, ticket_id: TicketId, at: Timestamp) {
        self.doors.tell(&id, ToQueue::Heard { ticket_id, at });
    }

    /// There may be room for somebody who waits here.
    pub(crate) fn wake(&self, id: DepartmentId) {
        self.doors.tell(&id, ToQueue::Wake);
    }

    pub(crate) fn wake_all(&self) {
        for id in self.doors.keys() {
            self.wake(id);
        }
    }

    /// Its department has been deleted: nobody waits here, and nobody will.
    pub(crate) fn close(&self, id: DepartmentId) {
        self.doors.close(id);
        self.depths.remove(&id);
    }

    /// Told by the queue itself when its list has changed.
    pub(crate) fn note(&self, id: DepartmentId, depth: Depth) {
        self.depths.insert(id, depth);
    }

    /// How many wait, by department in the order of their ids; as of each queue's last tick.
    pub fn depths(&self) -> Vec<(DepartmentId, Depth)> {
        let mut depths: Vec<_> = self.depths.iter().map(|one| (*one.key(), *one.value())).collect();
        depths.sort_unstable_by_key(|(id, _)| *id);
        depths
    }

    /// How many actors are up, and what is counted of them.
    pub(crate) fn actors(&self) -> (usize, &Actors) {
        (self.doors.len(), self.doors.meters())
    }

    /// Makes a queue's actor fail, and says which one it was.
    #[cfg(feature = "testing")]
    pub fn crash(&self, id: DepartmentId) -> Option<ractor::ActorId> {
        let actor = self.doors.actor_id(&id);
        self.doors.tell(&id, ToQueue::Panic);
        actor
    }

    /// Which actor serves a department at present.
    #[cfg(feature = "testing")]
    pub fn actor_id(&self, id: DepartmentId) -> Option<ractor::ActorId> {
        self.doors.actor_id(&id)
    }
}
