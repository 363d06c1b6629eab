//! One-for-one supervision: children by key, restarted with backoff, found through a registry that
//! survives restarts. Callers hold [`Doors`] and never learn that an actor was replaced.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Debug,
    hash::Hash,
    sync::{Arc, OnceLock},
    time::Duration,
};

use dashmap::DashMap;
use ractor::{
    Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, MessagingErr, RpcReplyPort, SpawnErr,
    SupervisionEvent,
};
use tokio::time::Instant;

use crate::{
    ask::{ASK_TIMEOUT, Reply},
    error::HubError,
    metrics::Actors,
};

/// A kind of supervised actor.
pub(crate) trait Child: Send + Sync + 'static {
    /// What one of them is responsible for.
    type Key: Clone + Eq + Hash + Debug + Send + Sync + 'static;
    type Msg: Send + 'static;
    /// In logs.
    const NAME: &'static str;
    /// What happens when one fails.
    const RESTART: Restart;

    fn start(
        &self,
        key: Self::Key,
        parent: ActorCell,
    ) -> impl Future<Output = Result<ActorRef<Self::Msg>, SpawnErr>> + Send;
}

/// What happens when a child fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    /// Started again at once; failing too often ends the supervisor, and with it the hub. One that does not
    /// even start is tried again without end: what it reads may be out of reach for a while.
    Always,
    /// Started when somebody asks for it, and again when it fails; failing too often makes only this
    /// key unavailable for a while. One broken chat must not end the others.
    OnDemand,
}

/// Failures of one child within [`FAILURE_WINDOW`] that are more than bad luck.
const FAILURES_MAX: usize = 5;
const FAILURE_WINDOW: Duration = Duration::from_mins(1);
/// Wait before the second restart within the window; doubled for each one after it. The first restart
/// does not wait, so that a caller sees at most one failure.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// Callers that may wait for one child to come up.
const WAITING_MAX: usize = 1024;

type Ensured<C> = RpcReplyPort<Result<ActorRef<<C as Child>::Msg>, HubError>>;

/// What a supervisor is told.
pub(crate) enum ToSupervisor<C: Child> {
    /// Answer with the running child of this key, starting it if need be.
    Ensure(C::Key, Ensured<C>),
    /// The backoff of this key is over.
    Restart(C::Key),
    /// The child has nothing to do: let it finish what is queued and go. Nobody new is started for
    /// the key until it is gone.
    Retire(C::Key, ActorId),
}

type Registry<C> = DashMap<<C as Child>::Key, ActorRef<<C as Child>::Msg>>;

/// The way to the actors of one kind. Cheap to clone.
pub(crate) struct Doors<C: Child> {
    registry: Arc<Registry<C>>,
    supervisor: Arc<OnceLock<ActorRef<ToSupervisor<C>>>>,
    meters: Actors,
}

impl<C: Child> Clone for Doors<C> {
    fn clone(&self) -> Self {
        let (registry, supervisor) = (Arc::clone(&self.registry), Arc::clone(&self.supervisor));
        Self { registry, supervisor, meters: self.meters.clone() }
    }
}

impl<C: Child> Default for Doors<C> {
    fn default() -> Self {
        let (registry, supervisor) = (Arc::default(), Arc::default());
        Self { registry, supervisor, meters: Actors::default() }
    }
}

impl<C: Child> Doors<C> {
    /// Starts the supervisor under `parent`.
    pub(crate) async fn open(
        &self,
        child: C,
        parent: ActorCell,
    ) -> Result<ActorRef<ToSupervisor<C>>, SpawnErr> {
        let arguments = (child, Arc::clone(&self.registry), self.meters.clone());
        let (actor, _) =
            Supervisor::<C>::spawn_linked(None, Supervisor::default(), arguments, parent).await?;
        // Opened once per hub; a second opening would be a second hub on the same doors.
        let _ = self.supervisor.set(actor.clone());
        Ok(actor)
    }

    /// Asks the child of a key and waits for its answer. A message that was not delivered because the
    /// child went away is delivered to its successor; one that was delivered is never repeated.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        key: &C::Key,
        message: impl FnOnce(Reply<T>) -> C::Msg,
    ) -> Result<T, HubError> {
        let _asking = self.meters.asking();
        let (port, answer) = ractor::concurrency::oneshot();
        let mut message = message(port.into());
        for _attempt in 0..2 {
            let actor = self.ensure(key).await?;
            match actor.send_message(message) {
                Ok(()) => {
                    return match tokio::time::timeout(ASK_TIMEOUT, answer).await {
                        Ok(Ok(outcome)) => outcome,
                        Ok(Err(_)) => Err(HubError::Unavailable),
                        Err(_) => {
                            self.meters.timeouts.inc();
                            Err(HubError::Timeout)
                        }
                    };
                }
                Err(MessagingErr::SendErr(returned)) => message = returned,
                Err(_) => return Err(HubError::Unavailable),
            }
            self.forget(key, actor.get_id());
        }
        Err(HubError::Unavailable)
    }

    /// Tells the child of a key, if it is running. What must not be lost is a row before it is a
    /// message, and found by the child when it starts.
    pub(crate) fn tell(&self, key: &C::Key, message: C::Msg) {
        let actor = self.registry.get(key).map(|actor| actor.clone());
        if let Some(actor) = actor {
            // Gone meanwhile: its successor reads the row.
            let _ = actor.send_message(message);
        }
    }

    /// Tells the child of a key, starting it if need be.
    pub(crate) async fn tell_started(&self, key: &C::Key, message: C::Msg) -> Result<(), HubError> {
        let actor = self.ensure(key).await?;
        actor.send_message(message).map_err(|_| HubError::Unavailable)
    }

    /// The running child of a key.
    pub(crate) async fn ensure(&self, key: &C::Key) -> Result<ActorRef<C::Msg>, HubError> {
        if let Some(actor) = self.registry.get(key).map(|actor| actor.clone()) {
            return Ok(actor);
        }
        let supervisor = self.supervisor.get().ok_or(HubError::Unavailable)?;
        let (port, answer) = ractor::concurrency::oneshot();
        supervisor
            .send_message(ToSupervisor::Ensure(key.clone(), port.into()))
            .map_err(|_| HubError::Unavailable)?;
        match tokio::time::timeout(ASK_TIMEOUT, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(HubError::Unavailable),
            Err(_) => Err(HubError::Timeout),
        }
    }

    /// Lets an idle child go.
    pub(crate) fn retire(&self, key: C::Key, id: ActorId) {
        if let Some(supervisor) = self.supervisor.get() {
            // A supervisor that is gone lets nobody go.
            let _ = supervisor.send_message(ToSupervisor::Retire(key, id));
        }
    }

    /// Lets the child of a key go: there is nothing left that it is responsible for.
    pub(crate) fn close(&self, key: C::Key) {
        let running = self.registry.get(&key).map(|actor| actor.get_id());
        if let Some(id) = running {
            self.retire(key, id);
        }
    }

    /// Keys of all running children.
    pub(crate) fn keys(&self) -> Vec<C::Key> {
        self.registry.iter().map(|entry| entry.key().clone()).collect()
    }

    pub(crate) fn meters(&self) -> &Actors {
        &self.meters
    }

    /// How many children run.
    pub(crate) fn len(&self) -> usize {
        self.registry.len()
    }

    /// The child's own id, for tests of restarts.
    #[cfg(feature = "testing")]
    pub(crate) fn actor_id(&self, key: &C::Key) -> Option<ActorId> {
        self.registry.get(key).map(|actor| actor.get_id())
    }

    /// A reference that leads nowhere is taken out, so that the next one is asked for.
    fn forget(&self, key: &C::Key, id: ActorId) {
        self.registry.remove_if(key, |_, actor| actor.get_id() == id);
    }
}

/// The actor that owns the children of one kind.
pub(crate) struct Supervisor<C>(std::marker::PhantomData<fn() -> C>);

impl<C> Default for Supervisor<C> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

pub(crate) struct State<C: Child> {
    child: C,
    registry: Arc<Registry<C>>,
    /// All children that are not gone yet, the retiring ones included.
    alive: HashMap<ActorId, C::Key>,
    current: HashMap<C::Key, ActorId>,
    /// Times of recent failures; no key stays that had none within the window.
    failures: HashMap<C::Key, VecDeque<Instant>>,
    /// Who waits for a child whose backoff runs or whose predecessor is still going.
    waiting: HashMap<C::Key, Vec<Ensured<C>>>,
    meters: Actors,
}

impl<C: Child> State<C> {
    async fn ensure(&mut self, key: C::Key, reply: Ensured<C>, me: &ActorRef<ToSupervisor<C>>) {
        if let Some(actor) = self.registry.get(&key).map(|actor| actor.clone()) {
            let _ = reply.send(Ok(actor));
        } else if self.is_quarantined(&key) {
            let _ = reply.send(Err(HubError::Unavailable));
        } else if self.waiting.contains_key(&key) || self.current.contains_key(&key) {
            let waiting = self.waiting.entry(key).or_default();
            if waiting.len() < WAITING_MAX {
                waiting.push(reply);
            } else {
                let _ = reply.send(Err(HubError::Unavailable));
            }
        } else {
            self.waiting.insert(key.clone(), vec![reply]);
            self.start(key, me).await;
        }
    }

    /// Starts a child and tells those who wait for it. A child that cannot start counts as failed.
    async fn start(&mut self, key: C::Key, me: &ActorRef<ToSupervisor<C>>) {
        let started = self.child.start(key.clone(), me.get_cell()).await;
        let waiting = self.waiting.remove(&key).unwrap_or_default();
        match started {
            Ok(actor) => {
                self.alive.insert(actor.get_id(), key.clone());
                self.current.insert(key.clone(), actor.get_id());
                self.registry.insert(key, actor.clone());
                for reply in waiting {
                    let _ = reply.send(Ok(actor.clone()));
                }
            }
            Err(error) => {
                tracing::error!(kind = C::NAME, ?key, %error, "child does not start");
                for reply in waiting {
                    let _ = reply.send(Err(HubError::Unavailable));
                }
                self.note_failure(&key);
                if C::RESTART == Restart::Always {
                    self.restart_later(key, me);
                }
            }
        }
    }

    /// The backoff is over, unless somebody came up meanwhile.
    async fn restart(&mut self, key: C::Key, me: &ActorRef<ToSupervisor<C>>) {
        if self.current.contains_key(&key) {
            return;
        }
        self.start(key.clone(), me).await;
        if self.current.contains_key(&key) {
            self.meters.restarts.inc();
        }
    }

    fn note_failure(&mut self, key: &C::Key) -> usize {
        self.meters.failures.inc();
        let now = Instant::now();
        self.failures.retain(|_, times| {
            times.retain(|at| now.duration_since(*at) <= FAILURE_WINDOW);
            !times.is_empty()
        });
        let recent = self.failures.entry(key.clone()).or_default();
        recent.push_back(now);
        recent.len()
    }

    fn recent_failures(&self, key: &C::Key) -> usize {
        let now = Instant::now();
        let is_recent = |at: &&Instant| now.duration_since(**at) <= FAILURE_WINDOW;
        self.failures.get(key).map_or(0, |times| times.iter().filter(is_recent).count())
    }

    fn is_quarantined(&self, key: &C::Key) -> bool {
        C::RESTART == Restart::OnDemand && self.recent_failures(key) > FAILURES_MAX
    }

    /// Waits out the backoff; whoever asks meanwhile waits with it.
    fn restart_later(&mut self, key: C::Key, me: &ActorRef<ToSupervisor<C>>) {
        let failures = self.recent_failures(&key);
        self.waiting.entry(key.clone()).or_default();
        let delay = match u32::try_from(failures).unwrap_or(u32::MAX) {
            0 | 1 => Duration::ZERO,
            more => BACKOFF_FIRST * 2_u32.saturating_pow((more - 2).min(8)),
        };
        me.send_after(delay, move || ToSupervisor::Restart(key));
    }

    /// A child is gone: takes it out of the books. Its key, if it was the current one.
    fn bury(&mut self, id: ActorId) -> Option<C::Key> {
        let key = self.alive.remove(&id)?;
        self.registry.remove_if(&key, |_, actor| actor.get_id() == id);
        if self.current.get(&key) == Some(&id) {
            self.current.remove(&key);
        }
        Some(key)
    }

    fn failed(
        &mut self,
        id: ActorId,
        error: &ActorProcessingErr,
        me: &ActorRef<ToSupervisor<C>>,
    ) -> Result<(), ActorProcessingErr> {
        let Some(key) = self.bury(id) else { return Ok(()) };
        let failures = self.note_failure(&key);
        tracing::error!(kind = C::NAME, ?key, failures, %error, "child failed");
        if failures > FAILURES_MAX {
            if C::RESTART == Restart::Always {
                return Err(format!("{} {key:?} failed {failures} times: {error}", C::NAME).into());
            }
            for reply in self.waiting.remove(&key).unwrap_or_default() {
                let _ = reply.send(Err(HubError::Unavailable));
            }
            return Ok(());
        }
        self.restart_later(key, me);
        Ok(())
    }

    /// A child went in order. Somebody may be waiting for its successor.
    async fn ended(&mut self, id: ActorId, me: &ActorRef<ToSupervisor<C>>) {
        let Some(key) = self.bury(id) else { return };
        if self.waiting.contains_key(&key) {
            self.start(key, me).await;
        }
    }
}

impl<C: Child> Actor for Supervisor<C> {
    type Msg = ToSupervisor<C>;
    type State = State<C>;
    type Arguments = (C, Arc<Registry<C>>, Actors);

    async fn pre_start(
        &self,
        _me: ActorRef<Self::Msg>,
        (child, registry, meters): Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(State {
            child,
            registry,
            alive: HashMap::new(),
            current: HashMap::new(),
            failures: HashMap::new(),
            waiting: HashMap::new(),
            meters,
        })
    }

    async fn handle(
        &self,
        me: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToSupervisor::Ensure(key, reply) => state.ensure(key, reply, &me).await,
            ToSupervisor::Restart(key) => state.restart(key, &me).await,
            ToSupervisor::Retire(key, id) => {
                if let Some((_, actor)) =
                    state.registry.remove_if(&key, |_, actor| actor.get_id() == id)
                {
                    // Already gone: its end is on the way to us.
                    let _ = actor.drain();
                }
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => {
                state.failed(cell.get_id(), &error, &me)?;
            }
            SupervisionEvent::ActorTerminated(cell, _, reason) => {
                // A kill looks like an end with a reason; it has to be made good like a failure.
                if reason.as_deref() == Some("killed") {
                    let error: ActorProcessingErr = "killed".into();
                    state.failed(cell.get_id(), &error, &me)?;
                } else {
                    state.ended(cell.get_id(), &me).await;
                }
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
