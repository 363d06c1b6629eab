//! The whole hub: started in order, stopped in reverse, one accessor per kind of actor.

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    chat::Chats,
    clock::Clock,
    directory::{Directory, Roster},
    domain::{
        AgentId, DepartmentId, Timestamp,
        calendar::Calendar,
        queue::Promise,
        settings::{ChatSettings, Settings},
    },
    error::HubError,
    events::{Audience, EncodeEvent, HubEvent},
    live_settings::LiveSettings,
    presence::{
        Presence,
        outbox::{CloseReason, Outboxes},
    },
    queue::Queues,
    session::{self, ProviderFactory, Sessions},
    store::{StatusReport, Store},
    sweep,
};

/// How the hub behaves; the values come from the configuration.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// A heartbeat keeps an agent alive for this long (reference: 2 minutes).
    pub presence_timeout: Duration,
    /// After the last socket closed, and before an offline agent's chats move.
    pub presence_grace: Duration,
    /// A typing indicator ends by itself after this long.
    pub typing_ttl: Duration,
    /// `false` leaves distribution to the endpoint, whatever the settings say.
    pub auto_distribute: bool,
    /// A chat actor with nothing to do leaves after this long.
    pub chat_idle: Duration,
    /// How often deadlines in the rows are looked at.
    pub sweep_every: Duration,
    /// How often a queue looks at its deadlines, and at most tells of its counters.
    pub queue_tick: Duration,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            presence_timeout: Duration::from_mins(2),
            presence_grace: Duration::from_secs(15),
            typing_ttl: Duration::from_secs(10),
            auto_distribute: true,
            chat_idle: Duration::from_mins(10),
            sweep_every: Duration::from_secs(30),
            queue_tick: Duration::from_millis(250),
        }
    }
}

/// How long actors may take to finish what is queued when the hub stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// What all actors share.
pub(crate) struct Context {
    pub(crate) config: HubConfig,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) outboxes: Arc<Outboxes>,
    pub(crate) providers: Arc<dyn ProviderFactory>,
    pub(crate) presence: Presence,
    pub(crate) queues: Queues,
    pub(crate) chats: Chats,
    pub(crate) sessions: Sessions,
    /// Work outside of actors: calls to providers, deliveries.
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    failed: CancellationToken,
    settings: LiveSettings,
}

impl Context {
    /// Says an event to its audience. After the commit, never before.
    pub(crate) fn publish(&self, audience: &Audience, event: HubEvent) {
        self.outboxes.publish(audience, event);
    }

    pub(crate) fn roster(&self) -> Arc<Roster> {
        self.directory.roster()
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.current()
    }

    /// What `ask` finds in the calendar that holds for a department: its own hours, else the company's.
    pub(crate) fn by_calendar<T>(
        &self,
        id: DepartmentId,
        ask: impl FnOnce(&Calendar<'_>) -> T,
    ) -> T {
        let (settings, roster) = (self.settings(), self.roster());
        let own_hours = roster.department(id).and_then(|d| d.opening_hours.as_ref());
        ask(&settings.chat.calendar(own_hours))
    }

    /// What a department promises somebody who has waited since then; one that is gone promises a minute.
    pub(crate) fn promise(&self, id: DepartmentId, since: Timestamp) -> Promise {
        let target = self.roster().department(id).map_or(1, |d| d.response_target_minutes);
        self.by_calendar(id, |calendar| Promise::new(calendar, since, target))
    }

    /// Whether chats are assigned by themselves.
    pub(crate) fn distributes(&self) -> bool {
        self.config.auto_distribute && self.settings().chat.auto_distribute
    }
}

/// The running hub. Cheap to clone; hold it and you can ask for anything.
#[derive(Clone)]
pub struct Hub {
    context: Arc<Context>,
    supervisors: Arc<Supervisors>,
}

struct Supervisors {
    root: ActorCell,
    /// In the order of their start.
    started: Vec<ActorCell>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("chats", &self.context.chats.len()).finish_non_exhaustive()
    }
}

impl Hub {
    /// Starts everything on an opened store: people, queues with those who wait, numbers that were
    /// connected. Sources of traffic start last.
    pub async fn start(
        config: HubConfig,
        store: Store,
        clock: Arc<dyn Clock>,
        encoder: Arc<dyn EncodeEvent>,
        providers: Arc<dyn ProviderFactory>,
    ) -> Result<Self, HubError> {
        let directory = Arc::new(Directory::default());
        directory.replace(Roster::read(&store).await?);
        let outboxes = Arc::new(Outboxes::new(Arc::clone(&directory), encoder, Arc::clone(&clock)));
        let settings = LiveSettings::load(&store).await?;
        let context = Arc::new(Context {
            presence: Presence::new(Arc::clone(&directory)),
            queues: Queues::default(),
            chats: Chats::new(store.clone()),
            sessions: Sessions::new(store.clone(), Arc::clone(&clock)),
            config,
            store,
            clock,
            directory,
            outboxes,
            providers,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            failed: CancellationToken::new(),
            settings,
        });
        let failed = context.failed.clone();
        let (root, _) =
            Actor::spawn(None, Root, failed).await.map_err(|_| HubError::Unavailable)?;
        let started = start_supervisors(&context, &root).await?;
        let supervisors = Arc::new(Supervisors { root: root.get_cell(), started });
        context.tasks.spawn(sweep::run(Arc::clone(&context)));
        context.tasks.spawn(index_older_messages(Arc::clone(&context)));
        Ok(Self { context, supervisors })
    }

    pub fn store(&self) -> &Store {
        &self.context.store
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.context.clock
    }

    pub fn directory(&self) -> &Arc<Directory> {
        &self.context.directory
    }

    pub fn outboxes(&self) -> &Arc<Outboxes> {
        &self.context.outboxes
    }

    pub fn presence(&self) -> &Presence {
        &self.context.presence
    }

    pub fn queues(&self) -> &Queues {
        &self.context.queues
    }

    pub fn chats(&self) -> &Chats {
        &self.context.chats
    }

    pub fn sessions(&self) -> &Sessions {
        &self.context.sessions
    }

    /// How far messages have come, as a network's webhook tells it; durable when this answers.
    pub async fn report_statuses(&self, reports: Vec<StatusReport>) -> Result<(), HubError> {
        session::report(&self.context, reports).await
    }

    /// All settings at present.
    pub fn settings(&self) -> Arc<Settings> {
        self.context.settings()
    }

    /// Changes settings in the name of `by`; the actors follow them at once. `change` plans on a copy and
    /// may refuse; what it returns is stored as a whole or not at all.
    pub async fn change_settings<E: From<HubError>>(
        &self,
        by: Option<AgentId>,
        change: impl FnOnce(&mut Settings) -> Result<(), E>,
    ) -> Result<Arc<Settings>, E> {
        let Context { settings, store, clock, queues, .. } = &*self.context;
        let new = settings.change(store, by, clock.now(), change).await?;
        queues.wake_all();
        Ok(new)
    }

    /// How chats are handled at present.
    pub fn chat_settings(&self) -> ChatSettings {
        self.settings().chat.clone()
    }

    /// Stores how chats are handled; the actors follow at once.
    pub async fn save_chat_settings(&self, chat: ChatSettings) -> Result<(), HubError> {
        self.change_settings(None, |settings| {
            settings.chat = chat;
            Ok::<_, HubError>(())
        })
        .await?;
        Ok(())
    }

    /// Ends when an actor failed so often that its supervisor gave up: the process should stop.
    pub async fn failed(&self) {
        self.context.failed.cancelled().await;
    }

    /// Stops in reverse order of the start: numbers, chats, queues, roster, sockets, store. What was
    /// answered is durable already; this only finishes what is queued, for a bounded time.
    pub async fn stop(self) {
        let Self { context, supervisors } = self;
        context.stop.cancel();
        context.sessions.disconnect_all().await;
        for supervisor in supervisors.started.iter().rev() {
            supervisor.drain_children_and_wait(Some(DRAIN_TIMEOUT)).await;
            // One that does not stop in time is left to the end of the process.
            let _ = supervisor.stop_and_wait(None, Some(DRAIN_TIMEOUT)).await;
        }
        let _ = supervisors.root.stop_and_wait(None, Some(DRAIN_TIMEOUT)).await;
        context.outboxes.close_all(CloseReason::GoingAway);
        context.tasks.close();
        if tokio::time::timeout(DRAIN_TIMEOUT, context.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = context.tasks.len(), "tasks did not end in time");
        }
        let store = context.store.clone();
        drop(context);
        store.close().await;
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }
}

/// Makes messages that are older than the index found, beside everything else; it goes on where the last
/// run stopped.
async fn index_older_messages(context: Arc<Context>) {
    loop {
        let indexed = tokio::select! {
            () = context.stop.cancelled() => return,
            indexed = context.store.index_older_messages() => indexed,
        };
        match indexed {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                return tracing::error!(%error, "older messages will be indexed at the next start");
            }
        }
    }
}

async fn start_supervisors(
    context: &Arc<Context>,
    root: &ActorRef<()>,
) -> Result<Vec<ActorCell>, HubError> {
    let parent = root.get_cell();
    let started = vec![
        context.presence.start(context, parent.clone()).await?,
        context.queues.start(context, parent.clone()).await?,
        context.chats.start(context, parent.clone()).await?,
        context.sessions.supervise(context, parent).await?,
    ];
    context.presence.ready().await?;
    let mut departments = context.store.list_departments_with_waiting().await?;
    let roster = context.roster();
    departments.extend(roster.departments().filter(|d| d.is_active).map(|d| d.id));
    for department in departments {
        context.queues.ready(department).await?;
    }
    context.sessions.resume_all().await?;
    Ok(started)
}

/// The top of the tree: when a supervisor gives up, so does the hub.
struct Root;

impl Actor for Root {
    type Msg = ();
    type State = CancellationToken;
    type Arguments = CancellationToken;

    async fn pre_start(
        &self,
        _me: ActorRef<()>,
        failed: CancellationToken,
    ) -> Result<CancellationToken, ActorProcessingErr> {
        Ok(failed)
    }

    async fn handle_supervisor_evt(
        &self,
        _me: ActorRef<()>,
        event: SupervisionEvent,
        failed: &mut CancellationToken,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(_, error) = event {
            tracing::error!(%error, "a supervisor gave up");
            failed.cancel();
        }
        Ok(())
    }
}
