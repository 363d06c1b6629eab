//! The actor of one department's queue. It owns the waiting list and assigns; capacity is the
//! roster's, the ticket's row is the last word.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use crate::{
    ask::{Reply, settle, settle_cast, watched},
    domain::{AgentId, DepartmentId, QueueEntry, TicketId, TicketView, queue},
    error::HubError,
    events::{Audience, ChatAudience, HubEvent},
    hub::Context,
    presence::Wanted,
    store::Assignment,
    supervisor::{Child, Restart},
};

/// Tickets that are claimed and committed together.
const BATCH_MAX: usize = 256;

/// What a queue is told.
pub(crate) enum ToQueue {
    /// From a chat, after its commit: this ticket waits now (or again), or its entry was edited. The row
    /// is read anew, for it may have been assigned before this message was handled. Answered when the
    /// queue knows of it; distribution follows.
    Enqueue { ticket_id: TicketId, reply: Reply<()> },
    /// From a chat, after its commit: the ticket waits no longer.
    Withdraw(TicketId),
    /// Assign as many as possible; answered with how many this call assigned.
    Distribute { reply: Reply<usize> },
    /// Something changed (an agent became available, a slot is free, the department was edited):
    /// distribute if that happens by itself.
    Wake,
    /// The waiting tickets in the order of service.
    Waiting { reply: Reply<Vec<QueueEntry>> },
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

struct State {
    context: Arc<Context>,
    department_id: DepartmentId,
    waiting: HashMap<TicketId, QueueEntry>,
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
        me.send_message(ToQueue::Wake)?;
        Ok(State { context, department_id, waiting })
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
                settle_cast("distribute", self.distribute_by_itself().await)
            }
            ToQueue::Withdraw(ticket_id) => {
                self.waiting.remove(&ticket_id);
                Ok(())
            }
            ToQueue::Distribute { reply } => settle(reply, self.distribute().await),
            ToQueue::Wake => settle_cast("distribute", self.distribute_by_itself().await),
            ToQueue::Waiting { reply } => settle(reply, Ok(self.in_order())),
            #[cfg(feature = "testing")]
            ToQueue::Panic => panic!("asked to by a test"),
        }
    }

    async fn enqueue(&mut self, ticket_id: TicketId) -> Result<(), HubError> {
        let row = self.context.store.find_queue_entry_of(ticket_id).await?;
        let is_ours =
            |entry: &QueueEntry| entry.is_waiting() && entry.department_id == self.department_id;
        match row.filter(is_ours) {
            Some(entry) => self.waiting.insert(ticket_id, entry),
            None => self.waiting.remove(&ticket_id),
        };
        Ok(())
    }

    /// Everybody who waits, in the order of service.
    fn in_order(&self) -> Vec<QueueEntry> {
        let roster = self.context.roster();
        let target = roster.department(self.department_id).map_or(1, |d| d.response_target_minutes);
        let mut entries: Vec<&QueueEntry> = self.waiting.values().collect();
        queue::order(&mut entries, target, self.context.clock.now());
        entries.into_iter().cloned().collect()
    }

    async fn distribute_by_itself(&mut self) -> Result<usize, HubError> {
        if self.waiting.is_empty() || !self.context.distributes() {
            Ok(0)
        } else {
            self.distribute().await
        }
    }

    /// Gives waiting tickets to agents until nobody waits or nobody has room.
    async fn distribute(&mut self) -> Result<usize, HubError> {
        let mut assigned = 0;
        loop {
            let wanted: Vec<Wanted> = self
                .in_order()
                .iter()
                .take(BATCH_MAX)
                .map(|e| Wanted { ticket_id: e.ticket_id, sticky: e.sticky_agent_id })
                .collect();
            if wanted.is_empty() {
                return Ok(assigned);
            }
            let asked = wanted.len();
            let claims = self.context.presence.claim(self.department_id, wanted).await?;
            if claims.is_empty() {
                return Ok(assigned);
            }
            let was_last = claims.len() < asked;
            assigned += self.assign(claims).await?;
            if was_last {
                return Ok(assigned);
            }
        }
    }

    /// Commits claims and tells of them. A ticket that somebody else took meanwhile is given up.
    async fn assign(&mut self, claims: Vec<(TicketId, AgentId)>) -> Result<usize, HubError> {
        let tickets: Vec<TicketId> = claims.iter().map(|(ticket, _)| *ticket).collect();
        let assignments = claims
            .iter()
            .map(|(ticket_id, agent_id)| Assignment { ticket_id: *ticket_id, agent_id: *agent_id })
            .collect();
        let now = self.context.clock.now();
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
        views.sort_by_key(|view| tickets.iter().position(|ticket| *ticket == view.ticket.id));
        let taken: HashSet<TicketId> = views.iter().map(|view| view.ticket.id).collect();
        let (won, lost): (Vec<_>, Vec<_>) =
            claims.into_iter().partition(|(ticket, _)| taken.contains(ticket));
        let lost: Vec<TicketId> = lost.into_iter().map(|(ticket, _)| ticket).collect();
        for ticket in &lost {
            self.waiting.remove(ticket);
        }
        if !lost.is_empty() {
            self.context.presence.released(lost);
        }
        self.context.presence.assigned(won);
        for view in &views {
            self.tell_assigned(view);
        }
        Ok(views.len())
    }

    fn tell_assigned(&mut self, view: &TicketView) {
        let ticket = &view.ticket;
        let entry = self.waiting.remove(&ticket.id);
        self.context.chats.refresh(&ticket.chat_key(), ticket.clone());
        let Some(agent_id) = ticket.agent_id else { return };
        let roster = self.context.roster();
        let audience = ChatAudience {
            department_id: Some(ticket.department_id),
            agent_id: Some(agent_id),
            ..ChatAudience::default()
        };
        let event = HubEvent::ChatAssigned {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            customer_name: view.customer.customer_name.clone(),
            agent_id,
            agent_name: roster.agent_name(Some(agent_id)),
            department_id: ticket.department_id,
            department_name: roster.department_name(ticket.department_id),
            priority: ticket.priority,
            first_message: entry.map(|entry| entry.first_message).unwrap_or_default(),
            at: self.context.clock.now(),
        };
        self.context.publish(&Audience::Chat(audience), event);
    }
}
