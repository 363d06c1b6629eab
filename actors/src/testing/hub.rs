//! A whole hub on a test's database, with the sandbox network and a clock moved by hand.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::broadcast;

use super::{ManualClock, TestDatabase};
use crate::{
    clock::Clock,
    domain::{
        Agent, AgentChanges, AgentId, Department, DepartmentChanges, DepartmentId, Inbound, List,
        NewAgent, NewDepartment, PresenceStatus, ProviderKind, Role, RoutingChanges, RoutingRules,
        SessionId, Ticket, ids::ChatKey,
    },
    error::HubError,
    events::{EncodeEvent, HubEvent},
    hub::{Hub, HubConfig},
    session::{ProviderFactory, SandboxNetwork},
    store::Seed,
};

/// How long a test waits for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running hub for one test.
pub struct TestHub {
    pub hub: Hub,
    pub clock: Arc<ManualClock>,
    pub network: SandboxNetwork,
    tap: broadcast::Receiver<HubEvent>,
}

/// Encodes nothing worth reading: tests listen to the events themselves.
struct DebugEncoder;

impl EncodeEvent for DebugEncoder {
    fn encode(&self, event: &HubEvent) -> Bytes {
        Bytes::from(format!("{event:?}"))
    }
}

/// The hub itself tells customers nothing from now on.
pub async fn silence(hub: &Hub) {
    let silenced = hub.change_settings(None, |settings| {
        for text in [
            &mut settings.chat.greeting,
            &mut settings.chat.out_of_hours_message,
            &mut settings.chat.absence_message,
            &mut settings.chat.closing_message,
            &mut settings.chat.inactivity_message,
        ] {
            text.clear();
        }
        Ok::<_, HubError>(())
    });
    silenced.await.expect("the settings are saved");
}

/// An agent of `Suporte` without a password, not yet created.
pub fn new_agent(username: &str) -> NewAgent {
    NewAgent {
        username: username.to_owned(),
        email: String::new(),
        display_name: username.to_owned(),
        phone_number: String::new(),
        role: Role::Agent,
        is_active: true,
        skills: List::default(),
        password_hash: String::new(),
        departments: vec![TestHub::SUPPORT],
    }
}

impl TestHub {
    /// The seeded hub: `admin` in `Suporte`, one sandbox number.
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, Arc::default(), HubConfig::default()).await
    }

    /// A hub on a database that may have been used before, at the time of `clock`.
    pub async fn start_with(
        database: &TestDatabase,
        clock: Arc<ManualClock>,
        config: HubConfig,
    ) -> Self {
        let network = SandboxNetwork::new(clock.clone(), false);
        let providers = Arc::new(network.clone());
        Self::assemble(database, clock, config, network, ProviderKind::Sandbox, providers).await
    }

    /// A hub whose number is of this kind, connected to a network of the test's own; `network` stays unused.
    pub async fn start_over(
        database: &TestDatabase,
        provider: ProviderKind,
        providers: Arc<dyn ProviderFactory>,
    ) -> Self {
        let clock = Arc::<ManualClock>::default();
        let network = SandboxNetwork::new(clock.clone(), false);
        let config = HubConfig::default();
        let started = Self::assemble(database, clock, config, network, provider, providers).await;
        started.connect().await;
        started
    }

    async fn assemble(
        database: &TestDatabase,
        clock: Arc<ManualClock>,
        config: HubConfig,
        network: SandboxNetwork,
        provider: ProviderKind,
        providers: Arc<dyn ProviderFactory>,
    ) -> Self {
        let store = database.open().await;
        let seed = Seed { admin_password_hash: String::new(), provider };
        store.seed(seed, clock.now()).await.expect("an empty database is seeded");
        let hub = Hub::start(config, store, clock.clone(), Arc::new(DebugEncoder), providers);
        let hub = hub.await.expect("the hub starts");
        let tap = hub.outboxes().tap();
        Self { hub, clock, network, tap }
    }

    /// The number is ready.
    pub async fn connect(&self) {
        self.hub.sessions().start(Self::SESSION).await.expect("the number may be started");
        eventually(async || self.hub.sessions().is_ready(Self::SESSION)).await;
    }

    /// The hub itself tells customers nothing from now on.
    pub async fn silence(&self) {
        silence(&self.hub).await;
    }

    pub const ADMIN: AgentId = AgentId(1);
    pub const SUPPORT: DepartmentId = DepartmentId(1);
    pub const SESSION: SessionId = SessionId(1);

    /// A department with these members.
    pub async fn department(&self, name: &str, members: Vec<AgentId>, capacity: i64) -> Department {
        let new = NewDepartment {
            name: name.to_owned(),
            description: String::new(),
            color: "#10B981".to_owned(),
            capacity,
            response_target_minutes: 15,
            is_active: true,
            opening_hours: None,
            routing: RoutingRules::default(),
            members,
        };
        self.hub.presence().create_department(None, new).await.expect("the department is new")
    }

    /// An agent of `Suporte`.
    pub async fn agent(&self, username: &str) -> Agent {
        let new = new_agent(username);
        self.hub.presence().create_agent(None, new).await.expect("the agent is new")
    }

    /// An agent of `Suporte` who is good at something.
    pub async fn skilled(&self, username: &str, skills: &str) -> Agent {
        let agent = self.agent(username).await;
        let skills = Some(List::from(skills.to_owned()));
        let changes = AgentChanges { skills, ..AgentChanges::default() };
        self.hub.presence().update_agent(None, agent.id, changes).await.expect("the agent is there")
    }

    /// Changes how a department's chats find an agent.
    pub async fn rules(&self, id: DepartmentId, routing: RoutingChanges) {
        let changes = DepartmentChanges { routing, ..DepartmentChanges::default() };
        let outcome = self.hub.presence().update_department(None, id, changes).await;
        outcome.expect("the department is there");
    }

    pub async fn online(&self, id: AgentId) {
        let status = PresenceStatus::Online;
        self.hub.presence().set_status(id, status, None, None).await.expect("the status is set");
    }

    pub fn key(chat_id: &str) -> ChatKey {
        ChatKey { session_id: Self::SESSION, chat_id: chat_id.to_owned() }
    }

    pub fn inbound(chat_id: &str, message_id: &str) -> Inbound {
        Inbound { contact_name: "Ana".to_owned(), ..Inbound::text(chat_id, message_id, "oi") }
    }

    /// A customer writes; what became of it.
    pub async fn receive(
        &self,
        chat_id: &str,
        message_id: &str,
    ) -> Result<crate::chat::Delivered, HubError> {
        let inbound = Self::inbound(chat_id, message_id);
        self.hub.sessions().receive(self.hub.chats(), Self::SESSION, inbound).await
    }

    /// The ticket that a chat id means now.
    pub async fn ticket(&self, chat_id: &str) -> Ticket {
        let found = self.hub.store().find_chat_ticket(chat_id).await.expect("the store answers");
        found.expect("there is a ticket").ticket
    }

    /// Waits for an event that satisfies the condition.
    pub async fn event<T>(&mut self, pick: impl Fn(&HubEvent) -> Option<T>) -> T {
        let wait = async {
            loop {
                let event = self.tap.recv().await.expect("the hub runs and the test keeps up");
                if let Some(found) = pick(&event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the event happens in time")
    }

    /// Stops the hub in order; the database stays.
    pub async fn stop(self) -> Arc<ManualClock> {
        self.hub.stop().await;
        self.clock
    }

    /// Memory must agree with the rows: loads, waiting lists, one owner per chat, nobody over capacity.
    pub async fn check_invariants(&self) {
        eventually(async || self.loads_agree().await).await;
        for department in self.hub.directory().roster().departments() {
            // What was committed a moment ago may still be on its way to the queue.
            eventually(async || self.queue_agrees(department.id).await).await;
        }
    }

    /// Who owns what in memory is what the rows say. Both are read in each call: what was told of before
    /// may still be followed by more.
    pub async fn loads_agree(&self) -> bool {
        let rows = self.hub.store().list_loads().await.expect("loads are read");
        let by_row = rows.iter().map(|(agent, ticket)| (*ticket, *agent)).collect();
        self.hub.presence().owners().await.ok() == Some(by_row)
    }

    /// The queue's waiting list is the one of the rows.
    async fn queue_agrees(&self, id: DepartmentId) -> bool {
        let stored = self.hub.store().list_waiting(id).await.expect("the queue is read");
        let Ok(waiting) = self.hub.queues().waiting(id).await else { return false };
        let ids = |entries: &[crate::domain::QueueEntry]| {
            let mut ids: Vec<_> = entries.iter().map(|entry| (entry.id, entry.promise)).collect();
            ids.sort_unstable_by_key(|(id, _)| *id);
            ids
        };
        ids(&waiting) == ids(&stored)
    }
}

/// Waits until a condition holds, yielding in between.
pub async fn eventually(condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the condition comes true in time");
}
