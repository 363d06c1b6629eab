//! The actor of one department's queue. It owns the waiting list; capacity is the roster's, the ticket's
//! row is the last word.

use std::{collections::HashMap, sync::Arc};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::{
    place::{Explanation, Place},
    promises::Terms,
};
use crate::{
    ask::{Reply, settle, settle_cast, watched},
    domain::{Department, DepartmentId, QueueEntry, TicketId, Timestamp, queue},
    error::HubError,
    hub::Context,
    supervisor::{Child, Restart},
};

/// What a queue is told.
pub(crate) enum ToQueue {
    /// From a chat, after its commit: this ticket waits now (or again), or its entry was edited. The row
    /// is read anew, for it may have been assigned before this message was handled. Answered when the
    /// queue knows of it; distribution follows.
    Enqueue { ticket_id: TicketId, reply: Reply<()> },
    /// From a chat, after its commit: the ticket waits no longer.
    Withdraw(TicketId),
    /// From a chat: the customer of a waiting ticket wrote again.
    Heard { ticket_id: TicketId, at: Timestamp },
    /// Assign as many as possible; answered with how many this call assigned.
    Distribute { reply: Reply<usize> },
    /// Something changed (an agent became available, a slot is free, the department was edited):
    /// distribute if that happens by itself.
    Wake,
    /// The waiting tickets in the order of service.
    Waiting { reply: Reply<Vec<QueueEntry>> },
    /// Where they stand, in the order of service.
    Places { reply: Reply<Vec<Place>> },
    /// Why a waiting ticket is where it is; `None` when it does not wait here.
    Explain { ticket_id: TicketId, reply: Reply<Option<Explanation>> },
    /// From the actor itself: somebody has come since the list was last gone through.
    Due,
    /// From the actor itself: some time has passed since a distribution failed.
    Rested,
    /// From the actor's own ticker.
    Tick,
    /// For tests: fail as a defect would.
    #[cfg(feature = "testing")]
    Panic,
}

pub(crate) struct QueueChild(pub(super) Arc<Context>);

impl Child for QueueChild {
    type Key = DepartmentId;
    type Msg = ToQueue;
    const NAME: &'static str = "queue";
    const RESTART: Restart = Restart::Always;

    async fn start(
        &self,
        key: DepartmentId,
        parent: ActorCell,
    ) -> Result<ActorRef<ToQueue>, SpawnErr> {
        let arguments = (Arc::clone(&self.0), key);
        let (actor, _) = QueueActor::spawn_linked(None, QueueActor, arguments, parent).await?;
        Ok(actor)
    }
}

struct QueueActor;

pub(super) struct State {
    pub(super) me: ActorRef<ToQueue>,
    pub(super) context: Arc<Context>,
    pub(super) department_id: DepartmentId,
    pub(super) waiting: HashMap<TicketId, QueueEntry>,
    /// The actor has told itself that somebody has come. Those who come before it gets there are assigned
    /// together, in one commit.
    is_due: bool,
    /// Distributions in a row that failed.
    pub(super) failures: u32,
    /// After one that failed nothing is assigned until [`ToQueue::Rested`].
    pub(super) is_resting: bool,
    /// What the promises of those who wait were reckoned with; nothing before the first look.
    pub(super) terms: Option<Terms>,
    /// The list has changed since it was last told of.
    pub(super) is_changed: bool,
    /// Chats that were told what is due, and when.
    pub(super) told: HashMap<TicketId, Timestamp>,
    /// When deadlines were last looked at.
    pub(super) looked_at: Timestamp,
}

impl Actor for QueueActor {
    type Msg = ToQueue;
    type State = State;
    type Arguments = (Arc<Context>, DepartmentId);

    async fn pre_start(
        &self,
        me: ActorRef<ToQueue>,
        (context, department_id): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let rows = context.store.list_waiting(department_id).await?;
        let waiting = rows.into_iter().map(|entry| (entry.ticket_id, entry)).collect();
        me.send_interval(context.config.queue_tick, || ToQueue::Tick);
        me.send_message(ToQueue::Wake)?;
        let looked_at = context.clock.now();
        let state = State {
            me,
            context,
            department_id,
            waiting,
            is_due: false,
            failures: 0,
            is_resting: false,
            terms: None,
            is_changed: false,
            told: HashMap::new(),
            looked_at,
        };
        state.context.queues.note(department_id, state.depth(looked_at));
        Ok(state)
    }

    async fn handle(
        &self,
        _me: ActorRef<ToQueue>,
        message: ToQueue,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        watched("queue", state.handle(message)).await
    }

    async fn handle_supervisor_evt(
        &self,
        _me: ActorRef<ToQueue>,
        _event: SupervisionEvent,
        _state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl State {
    /// Somebody may be there for those who wait, and what they were promised may hold no longer.
    async fn wake(&mut self) -> Result<(), HubError> {
        self.renew_promises().await?;
        self.distribute_by_itself().await.map(drop)
    }

    async fn handle(&mut self, message: ToQueue) -> Result<(), ActorProcessingErr> {
        match message {
            ToQueue::Enqueue { ticket_id, reply } => {
                let outcome = self.enqueue(ticket_id).await;
                let is_known = outcome.is_ok();
                settle(reply, outcome)?;
                if !is_known {
                    // Started anew, it reads the whole list.
                    return Err("an entry could not be read".into());
                }
                if !std::mem::replace(&mut self.is_due, true) {
                    // Refused only when the department has been deleted and this queue ends.
                    let _ = self.me.send_message(ToQueue::Due);
                }
                Ok(())
            }
            ToQueue::Due => {
                self.is_due = false;
                settle_cast("distribute", self.distribute_by_itself().await)
            }
            ToQueue::Rested => {
                self.is_resting = false;
                settle_cast("distribute", self.distribute_by_itself().await)
            }
            ToQueue::Withdraw(ticket_id) => {
                self.forget(ticket_id);
                Ok(())
            }
            ToQueue::Heard { ticket_id, at } => {
                if let Some(entry) = self.waiting.get_mut(&ticket_id) {
                    entry.window_from = entry.window_from.map(|_| at);
                }
                Ok(())
            }
            ToQueue::Distribute { reply } => settle(reply, self.distribute().await),
            ToQueue::Wake => settle_cast("wake", self.wake().await),
            ToQueue::Waiting { reply } => {
                let waiting = self.in_order().into_iter().cloned().collect();
                settle(reply, Ok(waiting))
            }
            ToQueue::Places { reply } => settle(reply, Ok(self.places())),
            ToQueue::Explain { ticket_id, reply } => {
                let explanation = self.explain(ticket_id).await;
                settle(reply, explanation)
            }
            ToQueue::Tick => settle_cast("tick", self.tick().await),
            #[cfg(feature = "testing")]
            ToQueue::Panic => panic!("asked to by a test"),
        }
    }

    /// Reads the row of a ticket anew.
    pub(super) async fn enqueue(&mut self, ticket_id: TicketId) -> Result<(), HubError> {
        let row = self.context.store.find_queue_entry_of(ticket_id).await?;
        let is_ours =
            |entry: &QueueEntry| entry.is_waiting() && entry.department_id == self.department_id;
        match row.filter(is_ours) {
            Some(mut entry) => {
                self.renew_promise(&mut entry).await?;
                self.told.remove(&ticket_id);
                self.waiting.insert(ticket_id, entry);
                self.is_changed = true;
            }
            None => drop(self.forget(ticket_id)),
        }
        Ok(())
    }

    pub(super) fn forget(&mut self, ticket_id: TicketId) -> Option<QueueEntry> {
        self.told.remove(&ticket_id);
        let entry = self.waiting.remove(&ticket_id);
        self.is_changed |= entry.is_some();
        entry
    }

    pub(super) fn department(&self) -> Option<Arc<Department>> {
        self.context.roster().department(self.department_id).cloned()
    }

    /// Minutes within which a customer should get an answer here.
    pub(super) fn response_target(&self) -> i64 {
        self.department().map_or(1, |department| department.response_target_minutes)
    }

    /// Everybody who waits, in the order of service.
    pub(super) fn in_order(&self) -> Vec<&QueueEntry> {
        let mut entries: Vec<&QueueEntry> = self.waiting.values().collect();
        queue::order(&mut entries, self.response_target(), self.context.clock.now());
        entries
    }
}
