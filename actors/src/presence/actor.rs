//! The roster's actor: one for the hub. It alone changes people, departments, presence and loads, so
//! that capacity is exact without a lock.

use std::{collections::HashSet, sync::Arc, time::Duration};

use dashmap::DashMap;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::{
    claims::{Claims, Wanted},
    force::Force,
    live::{Behind, Change, Live, LiveAgent},
    outbox::CloseReason,
    people::ToPeople,
    typing::{Indicator, Typing},
};
use crate::{
    ask::{Reply, settle, settle_cast, watched},
    domain::{
        AgentId, Considered, DepartmentId, Device, Liveness, PresenceCause, PresenceStatus,
        PresenceView, TicketId, Timestamp,
    },
    error::HubError,
    events::{Audience, HubEvent},
    hub::Context,
    store::StoreError,
    supervisor::{Child, Restart},
};

/// How often signs of life and indicators are looked at.
const TICK: Duration = Duration::from_millis(500);
/// Ticks between two comparisons of the loads with the rows (30 s).
const TICKS_PER_RECONCILE: u32 = 60;

/// Who went away, and when; read by chats without asking the actor.
pub(super) type Gone = DashMap<AgentId, Timestamp>;

/// What the roster is told.
pub(crate) enum ToPresence {
    /// From a socket that was attached.
    SocketOpened { agent_id: AgentId, device: Device },
    /// From a socket that has ended.
    SocketClosed { agent_id: AgentId, device: Device },
    /// From a socket that heard its client.
    SocketAlive(AgentId),
    /// From HTTP: the client lives.
    Heartbeat { agent_id: AgentId, device: Device, reply: Reply<()> },
    /// The agent says what he wants to be; answered with the shown status before and after.
    SetStatus {
        agent_id: AgentId,
        status: PresenceStatus,
        message: Option<String>,
        /// Why, for the history.
        reason: Option<String>,
        reply: Reply<(PresenceStatus, PresenceStatus)>,
    },
    /// Somebody sets an agent offline; answered with the shown status before.
    ForceOffline { force: Force, reply: Reply<PresenceStatus> },
    /// From HTTP, before the history is read: write what has not been written yet.
    Flush(Reply<()>),
    /// Presence of one agent, or of all.
    View { agent_id: Option<AgentId>, reply: Reply<Vec<PresenceView>> },
    /// From a queue: choose agents for these tickets and charge them. The queue then reports either
    /// `Assigned`, `Released` or `Doubtful` for each of them.
    Claim { department_id: DepartmentId, wanted: Vec<Wanted>, reply: Reply<Claims> },
    /// From a queue: what would be thought of each member for this ticket, and how many are left out.
    Explain {
        department_id: DepartmentId,
        wanted: Box<Wanted>,
        reply: Reply<(Vec<Considered>, usize)>,
    },
    /// From a queue: these claims are committed.
    Assigned(Vec<(TicketId, AgentId)>),
    /// From a queue: nothing came of these claims.
    Released(Vec<TicketId>),
    /// From a queue: whether these claims were committed is not known.
    Doubtful(Vec<TicketId>),
    /// From a chat: a person took or was given this ticket.
    Charged { agent_id: AgentId, ticket_id: TicketId },
    /// From a chat: the ticket no longer counts against anybody.
    Freed(TicketId),
    /// From a chat: an agent took or refused what was offered to him.
    OfferAnswered(AgentId),
    /// From a chat: an offer ran out. `max` in a row set the agent away.
    OfferMissed { agent_id: AgentId, max: i64 },
    /// Somebody types; told to the audience once until it stops or expires.
    TypingStarted { indicator: IndicatorIn, reply: Reply<()> },
    /// Answered with whether an indicator was shown.
    TypingStopped { chat_id: String, agent_id: AgentId, reply: Reply<bool> },
    /// From a chat: what was typed has been sent.
    TypingSent { chat_id: String, agent_id: AgentId },
    /// From a chat that waits: whether it has been given to somebody, or could be now.
    CanBeTaken { department_id: DepartmentId, ticket_id: TicketId, reply: Reply<bool> },
    /// From a chat: whether an agent types in it.
    IsTyping { chat_id: String, reply: Reply<bool> },
    /// Changes of people, departments and groups.
    People(Box<ToPeople>),
    /// From the actor's own ticker.
    Tick,
    /// For tests: who owns what.
    #[cfg(feature = "testing")]
    Dump(Reply<std::collections::HashMap<TicketId, AgentId>>),
    /// For tests: fail as a defect would.
    #[cfg(feature = "testing")]
    Panic,
}

/// A typing indicator to show.
pub(crate) struct IndicatorIn {
    pub(crate) chat_id: String,
    pub(crate) agent_id: AgentId,
    pub(crate) username: String,
    pub(crate) audience: Audience,
}

pub(crate) struct PresenceChild {
    pub(super) context: Arc<Context>,
    pub(super) gone: Arc<Gone>,
}

impl Child for PresenceChild {
    type Key = ();
    type Msg = ToPresence;
    const NAME: &'static str = "presence";
    const RESTART: Restart = Restart::Always;

    async fn start(&self, (): (), parent: ActorCell) -> Result<ActorRef<ToPresence>, SpawnErr> {
        let arguments = (Arc::clone(&self.context), Arc::clone(&self.gone));
        let (actor, _) =
            PresenceActor::spawn_linked(None, PresenceActor, arguments, parent).await?;
        Ok(actor)
    }
}

struct PresenceActor;

pub(super) struct State {
    pub(super) context: Arc<Context>,
    pub(super) live: Live,
    typing: Typing,
    gone: Arc<Gone>,
    ticks: u32,
}

impl Actor for PresenceActor {
    type Msg = ToPresence;
    type State = State;
    type Arguments = (Arc<Context>, Arc<Gone>);

    async fn pre_start(
        &self,
        me: ActorRef<ToPresence>,
        (context, gone): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let state = State::load(context, gone).await?;
        me.send_interval(TICK, || ToPresence::Tick);
        Ok(state)
    }

    /// Queues that asked while the roster was away were told to try again, and by nobody when.
    async fn post_start(
        &self,
        _me: ActorRef<ToPresence>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.context.queues.wake_all();
        Ok(())
    }

    async fn handle(
        &self,
        _me: ActorRef<ToPresence>,
        message: ToPresence,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        watched("presence", state.handle(message)).await
    }

    async fn post_stop(
        &self,
        _me: ActorRef<ToPresence>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.flush().await?;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _me: ActorRef<ToPresence>,
        _event: SupervisionEvent,
        _state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl State {
    async fn load(context: Arc<Context>, gone: Arc<Gone>) -> Result<Self, HubError> {
        let store = &context.store;
        let now = context.clock.now();
        let (timeout, grace) = (context.config.presence_timeout, context.config.presence_grace);
        let (rows, starts) = (store.list_presence().await?, store.last_starts().await?);
        let mut live = Live::restore(rows, &starts, now, timeout, grace);
        live.reconcile(&store.list_loads().await?, now);
        // After a crash of this actor alone the sockets are still there.
        for (agent_id, devices) in context.outboxes.open_sockets() {
            let alive = &mut live.agent_mut(agent_id, now).life;
            alive.last_seen = Some(now);
            alive.recount(&devices, now, grace);
            live.refresh(agent_id, now, Behind::Life);
        }
        live.resume_history(store.list_open_presence().await?, now);
        let roster = context.roster();
        let owners: HashSet<AgentId> = live.owners.values().copied().collect();
        for id in owners.into_iter().filter(|id| !roster.agent(*id).is_some_and(|a| a.is_active)) {
            live.dismiss(id, now);
        }
        for preferences in store.list_notification_preferences().await? {
            context.outboxes.set_preferences(preferences);
        }
        gone.clear();
        Ok(Self { context, live, typing: Typing::default(), gone, ticks: 0 })
    }

    async fn handle(&mut self, message: ToPresence) -> Result<(), ActorProcessingErr> {
        match message {
            ToPresence::SocketOpened { agent_id, device } => {
                self.alive(agent_id, |life, now, _| life.socket_opened(&device, now));
            }
            ToPresence::SocketClosed { agent_id, device } => {
                let grace = self.context.config.presence_grace;
                self.alive(agent_id, |life, now, _| life.socket_closed(&device, now, grace));
            }
            ToPresence::SocketAlive(id) => {
                self.alive(id, |life, now, _| life.last_seen = Some(now));
            }
            ToPresence::Heartbeat { agent_id, device, reply } => {
                self.heartbeat(agent_id, &device);
                settle(reply, Ok(()))?;
            }
            ToPresence::SetStatus { agent_id, status, message, reason, reply } => {
                settle(reply, self.set_status(agent_id, status, message, reason).await)?;
            }
            ToPresence::ForceOffline { force, reply } => {
                settle(reply, self.force_offline(force).await)?;
            }
            ToPresence::Flush(reply) => settle(reply, self.flush().await)?,
            ToPresence::View { agent_id, reply } => settle(reply, Ok(self.views(agent_id)))?,
            ToPresence::Claim { department_id, wanted, reply } => {
                settle(reply, Ok(self.claim(department_id, &wanted)))?;
            }
            ToPresence::Explain { department_id, wanted, reply } => {
                settle(reply, Ok(self.explain(department_id, &wanted)))?;
            }
            ToPresence::OfferAnswered(id) => self.offer_answered(id),
            ToPresence::OfferMissed { agent_id, max } => {
                settle_cast("offer missed", self.offer_missed(agent_id, max).await)?;
            }
            ToPresence::Assigned(claims) => self.live.charge_all(claims),
            ToPresence::Doubtful(tickets) => {
                self.live.doubt(&tickets);
                settle_cast("reconcile", self.reconcile().await)?;
            }
            ToPresence::Released(tickets) => self.release(&tickets),
            ToPresence::Charged { agent_id, ticket_id } => self.charge(agent_id, ticket_id),
            ToPresence::Freed(ticket_id) => self.free(ticket_id),
            ToPresence::TypingStarted { indicator, reply } => {
                self.start_typing(indicator);
                settle(reply, Ok(()))?;
            }
            ToPresence::TypingStopped { chat_id, agent_id, reply } => {
                settle(reply, Ok(self.stop_typing(&chat_id, agent_id)))?;
            }
            ToPresence::TypingSent { chat_id, agent_id } => {
                self.stop_typing(&chat_id, agent_id);
            }
            ToPresence::CanBeTaken { department_id, ticket_id, reply } => {
                settle(reply, Ok(self.can_be_taken(department_id, ticket_id)))?;
            }
            ToPresence::IsTyping { chat_id, reply } => {
                let is_typing = self.typing.is_shown(&chat_id, self.context.clock.now());
                settle(reply, Ok(is_typing))?;
            }
            ToPresence::People(message) => self.handle_people(*message).await?,
            ToPresence::Tick => settle_cast("tick", self.tick().await)?,
            #[cfg(feature = "testing")]
            ToPresence::Dump(reply) => settle(reply, Ok(self.live.owners()))?,
            #[cfg(feature = "testing")]
            ToPresence::Panic => panic!("asked to by a test"),
        }
        Ok(())
    }

    /// Applies a sign of life (or of its end) and tells what changed by it.
    fn alive(&mut self, id: AgentId, sign: impl FnOnce(&mut Liveness, Timestamp, Duration)) {
        let now = self.context.clock.now();
        let timeout = self.context.config.presence_timeout;
        let agent = self.live.agent_mut(id, now);
        let could_receive = agent.life.can_receive(now);
        sign(&mut agent.life, now, timeout);
        agent.is_dirty = true;
        let can_receive = agent.life.can_receive(now);
        let change = self.announce_change(id, now, Behind::Life);
        // Who leaves may make room for those who refused while he was there.
        if can_receive != could_receive && !change.is_new_status {
            self.offer_to(id);
        }
    }

    fn heartbeat(&mut self, id: AgentId, device: &Device) {
        let now = self.context.clock.now();
        let agent = self.live.agent_mut(id, now);
        // Who has a socket open and says that he lives has reported presence (contract §17).
        if agent.wish.is_none() && agent.life.is_connected(now) {
            agent.wish = Some(PresenceStatus::Online);
            agent.updated_at = now;
        }
        self.alive(id, |life, now, timeout| life.heartbeat(device, now, timeout));
    }

    async fn set_status(
        &mut self,
        id: AgentId,
        status: PresenceStatus,
        message: Option<String>,
        reason: Option<String>,
    ) -> Result<(PresenceStatus, PresenceStatus), HubError> {
        let now = self.context.clock.now();
        let timeout = self.context.config.presence_timeout;
        let before = self.live.agent_mut(id, now).clone();
        let begun = self.live.begun.len();
        let agent = self.live.agent_mut(id, now);
        let is_change = agent.wish != Some(status);
        agent.wish = Some(status);
        agent.missed_offers = 0;
        agent.life.status_set(now, timeout);
        agent.updated_at = now;
        // A new status without a text does not keep the text of the old one, nor its reason.
        match message {
            Some(message) => agent.message = message,
            None if is_change => agent.message.clear(),
            None => {}
        }
        match reason {
            Some(reason) => agent.reason = reason,
            None if is_change => agent.reason.clear(),
            None => {}
        }
        let is_new_reason = agent.reason != before.reason;
        let behind = Behind::Wish(PresenceCause::Own, None);
        let change = self.live.refresh(id, now, behind);
        if is_new_reason && !change.is_new_status {
            // One pause after another.
            self.live.begin(id, before.shown, now, behind);
        }
        self.commit(id, &before, begun, now).await?;
        let agent = self.live.agent_mut(id, now);
        let is_new_text = agent.message != before.message;
        let shown = agent.shown;
        if is_new_text && !change.is_any() {
            self.tell_presence(id, now);
        }
        self.tell_change(id, change, now);
        if shown == PresenceStatus::Online && !change.is_new_status {
            self.offer_to(id);
        }
        Ok((before.shown, shown))
    }

    /// Writes one agent with his history; as nothing is told yet, a refusal leaves everything as it was.
    pub(super) async fn commit(
        &mut self,
        id: AgentId,
        before: &LiveAgent,
        begun: usize,
        now: Timestamp,
    ) -> Result<(), HubError> {
        let row = self.live.stored(id, now);
        let saved = self.context.store.save_presence(vec![row], self.live.begun.clone()).await;
        self.settle_commit(id, before, begun, saved)
    }

    pub(super) fn settle_commit(
        &mut self,
        id: AgentId,
        before: &LiveAgent,
        begun: usize,
        saved: Result<(), StoreError>,
    ) -> Result<(), HubError> {
        match saved {
            Ok(()) => self.live.begun.clear(),
            Err(error) => {
                self.live.agents.insert(id, before.clone());
                self.live.begun.truncate(begun);
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Tells everybody when what is shown of an agent has changed; what has.
    pub(super) fn announce_change(
        &mut self,
        id: AgentId,
        now: Timestamp,
        behind: Behind,
    ) -> Change {
        let change = self.live.refresh(id, now, behind);
        self.tell_change(id, change, now);
        change
    }

    /// Tells everybody, and wakes his queues when he came or went.
    pub(super) fn tell_change(&mut self, id: AgentId, change: Change, now: Timestamp) {
        if change.is_any() {
            self.tell_presence(id, now);
        }
        if !change.is_new_status {
            return;
        }
        let status = self.live.agent_mut(id, now).shown;
        if status != PresenceStatus::Offline {
            self.gone.remove(&id);
        }
        self.offer_to(id);
    }

    pub(super) fn tell_presence(&mut self, agent_id: AgentId, at: Timestamp) {
        let agent = self.live.agent_mut(agent_id, at);
        let event = HubEvent::PresenceChanged {
            agent_id,
            status: agent.shown,
            message: agent.shown_message(),
            is_reconnecting: agent.is_reconnecting,
            at,
        };
        self.context.publish(&Audience::Everyone, event);
    }

    fn views(&mut self, agent_id: Option<AgentId>) -> Vec<PresenceView> {
        let now = self.context.clock.now();
        let timeout = self.context.config.presence_timeout;
        let ids: Vec<AgentId> = match agent_id {
            Some(id) => vec![id],
            None => self.context.roster().agents().map(|agent| agent.id).collect(),
        };
        for id in &ids {
            self.live.agent_mut(*id, now);
        }
        ids.into_iter().filter_map(|id| self.live.view(id, now, timeout)).collect()
    }

    /// Lets the queues of an agent's departments know that he may have room.
    pub(super) fn offer_to(&self, id: AgentId) {
        for department in self.context.roster().departments_of(id) {
            self.context.queues.wake(*department);
        }
    }

    fn start_typing(&mut self, new: IndicatorIn) {
        let now = self.context.clock.now();
        let indicator = Indicator {
            chat_id: new.chat_id,
            agent_id: new.agent_id,
            username: new.username,
            audience: new.audience,
        };
        if self.typing.start(indicator.clone(), now, self.context.config.typing_ttl) {
            let Indicator { chat_id, username: from, audience, .. } = indicator;
            self.context.publish(&audience, HubEvent::TypingStarted { chat_id, from, at: now });
        }
    }

    fn stop_typing(&mut self, chat_id: &str, agent_id: AgentId) -> bool {
        let stopped = self.typing.stop(chat_id, agent_id);
        let was_shown = stopped.is_some();
        if let Some(indicator) = stopped {
            self.tell_typing_stopped(indicator);
        }
        was_shown
    }

    fn tell_typing_stopped(&self, indicator: Indicator) {
        let at = self.context.clock.now();
        let Indicator { chat_id, username: from, audience, .. } = indicator;
        self.context.publish(&audience, HubEvent::TypingStopped { chat_id, from, at });
    }

    async fn tick(&mut self) -> Result<(), HubError> {
        let now = self.context.clock.now();
        for indicator in self.typing.expire(now) {
            self.tell_typing_stopped(indicator);
        }
        for id in self.live.ids() {
            self.announce_change(id, now, Behind::Life);
        }
        if !self.live.begun.is_empty() {
            self.flush().await?;
        }
        for (id, since) in self.live.take_gone(now, self.context.config.presence_grace) {
            self.gone.insert(id, since);
            if let Err(error) = self.requeue_chats_of(id, since).await {
                tracing::warn!(%error, agent.id = %id, "chats are looked at again");
                self.live.agent_mut(id, now).is_handled = false;
            }
        }
        self.ticks += 1;
        if self.ticks.is_multiple_of(TICKS_PER_RECONCILE) {
            self.recount_sockets();
            self.reconcile().await?;
        }
        Ok(())
    }

    /// The chats of somebody who has gone in which a customer waits for an answer go back to their
    /// queues; the chat itself decides again.
    async fn requeue_chats_of(&self, id: AgentId, since: Timestamp) -> Result<(), HubError> {
        for view in self.context.store.list_open_tickets_of(id).await? {
            let ticket = view.ticket;
            let is_his_from_before = ticket.owned_since.is_none_or(|owned| owned <= since);
            let waits_for_him = ticket.status.is_load() && ticket.awaiting_since.is_some();
            if waits_for_him && is_his_from_before {
                // Not awaited here: the chat may be asking its queue, and the queue the roster.
                let context = Arc::clone(&self.context);
                self.context.tasks.spawn(async move {
                    context.chats.requeue(&ticket.chat_key(), ticket.id, since).await;
                });
            }
        }
        Ok(())
    }

    async fn reconcile(&mut self) -> Result<(), HubError> {
        self.flush().await?;
        self.reload_people().await?;
        let rows = self.context.store.list_loads().await?;
        let now = self.context.clock.now();
        let freed: HashSet<AgentId> = self.live.reconcile(&rows, now).into_iter().collect();
        for id in freed {
            self.offer_to(id);
        }
        Ok(())
    }

    /// A socket that opened or closed while this actor was being restarted is not known here.
    fn recount_sockets(&mut self) {
        let mut open = self.context.outboxes.open_sockets();
        let now = self.context.clock.now();
        for id in self.live.ids() {
            let actual = open.remove(&id).unwrap_or_default();
            if !self.live.agent_mut(id, now).is_miscounted(actual.values().sum()) {
                continue;
            }
            let grace = self.context.config.presence_grace;
            self.alive(id, |life, now, _| life.recount(&actual, now, grace));
        }
    }

    async fn flush(&mut self) -> Result<(), HubError> {
        let dirty = self.live.take_dirty();
        if dirty.is_empty() && self.live.begun.is_empty() {
            return Ok(());
        }
        let ids: Vec<AgentId> = dirty.iter().map(|row| row.agent_id).collect();
        let saved = self.context.store.save_presence(dirty, self.live.begun.clone()).await;
        if saved.is_ok() {
            self.live.begun.clear();
        } else {
            self.live.mark_dirty(&ids);
        }
        Ok(saved?)
    }

    /// Ends the sockets of somebody who may no longer be here.
    pub(super) fn expel(&mut self, id: AgentId) {
        self.context.outboxes.close_all_of(id, CloseReason::Unauthorized);
        let now = self.context.clock.now();
        let roster = self.context.roster();
        let is_active = roster.agent(id).is_some_and(|agent| agent.is_active);
        let agent = self.live.agent_mut(id, now);
        if !is_active && agent.wish.is_some() {
            agent.wish = Some(PresenceStatus::Offline);
            agent.reason.clear();
            agent.is_dirty = true;
            self.announce_change(id, now, Behind::Wish(PresenceCause::Deactivated, None));
        } else {
            self.announce_change(id, now, Behind::Life);
        }
        if !is_active {
            self.live.dismiss(id, now);
        }
    }
}
