//! The whole hub under random events in virtual time. Each seed is one story: messages, offers, hand-overs,
//! people who come and go, ratings, silence, notes, actors that fail, time that jumps. After each step the
//! invariants must hold.
//!
//! `DX_SEEDS=<n>` runs n seeds (default 200, nine of ten on SQLite), `DX_SEED=<n>` only that one and prints
//! its story. Seeds that once failed are kept in [`KEPT`] and always run.

mod conversation;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt::Write as _,
    sync::Arc,
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::{
    Clock as _, HubConfig, HubError,
    chat::{Acceptance, Closing, Delivered, Outgoing, TransferAnswer, TransferRequest},
    domain::{
        AgentId, AssignmentMode, DecisionKind, DepartmentId, Device, Inbound, MessageKind,
        PresenceStatus, Priority, QueueEntry, RoutingChanges, Ticket, Verdict, queue,
    },
    presence::outbox::{OutFrame, Outbox},
    store::EntryEdit,
    testing::{TestDatabase, TestHub, eventually, on_postgres, on_sqlite},
};

/// Seeds that found something once.
const KEPT: &[u64] = &[1, 2, 21, 40, 100_012];
const SEEDS_DEFAULT: u64 = 200;
/// How long what is under way may take to arrive. Every commit waits for the disk, and one that is shared with
/// compilers has been seen to stand still for twenty seconds.
const PATIENCE: Duration = Duration::from_mins(1);
const STEPS: usize = 40;
const CHATS: usize = 7;
const CAPACITY: usize = 2;

/// The stories that fall to one test of several, so that they run side by side.
macro_rules! stories {
    ($($name:ident: $runner:ident, $first:literal, $share:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            for seed in seeds($first, $share) {
                $runner(|database| story(database, seed)).await;
            }
        }
    )*};
}

stories! {
    sqlite_1: on_sqlite, 1, 45;
    sqlite_2: on_sqlite, 100_001, 45;
    sqlite_3: on_sqlite, 200_001, 45;
    sqlite_4: on_sqlite, 300_001, 45;
    postgres: on_postgres, 1_000_001, 20;
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// `share` of every [`SEEDS_DEFAULT`] seeds, from `first` on.
fn seeds(first: u64, share: u64) -> Vec<u64> {
    if let Some(seed) = number("DX_SEED") {
        return vec![seed];
    }
    let count = number("DX_SEEDS").map_or(share, |all| all * share / SEEDS_DEFAULT);
    KEPT.iter().copied().chain(first..first + count).collect()
}

/// A hub with three agents in two departments, and what a careful observer remembers.
struct World {
    hub: TestHub,
    rng: StdRng,
    agents: Vec<AgentId>,
    departments: [DepartmentId; 2],
    /// Message ids that were acknowledged.
    acknowledged: Vec<String>,
    /// Sockets of each agent, open or not, and what they were sent.
    sockets: HashMap<AgentId, Vec<Arc<Outbox>>>,
    observer: Arc<Outbox>,
    next_message: usize,
    log: String,
}

/// Prints the story of a seed that failed.
struct OnFailure {
    seed: u64,
}

impl Drop for OnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}: run it alone with DX_SEED={}", self.seed, self.seed);
        }
    }
}

async fn story(database: TestDatabase, seed: u64) {
    let _guard = OnFailure { seed };
    let mut world = World::open(&database, seed).await;
    for step in 0..STEPS {
        world.step(step).await;
        world.check().await;
    }
    world.check_history().await;
    world.hub.stop().await;
}

fn config() -> HubConfig {
    let queue_tick = Duration::from_millis(2);
    HubConfig { queue_tick, sweep_every: queue_tick, ..HubConfig::default() }
}

impl World {
    async fn open(database: &TestDatabase, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let hub = TestHub::start_with(database, Arc::default(), config()).await;
        let mut agents = Vec::new();
        for name in ["ana", "bia", "caio"] {
            agents.push(hub.agent(name).await.id);
        }
        let second = hub.department("Vendas", agents[1..].to_vec(), 2).await.id;
        let mode =
            if rng.random_bool(0.5) { AssignmentMode::Offer } else { AssignmentMode::Assign };
        let overflow = rng.random_bool(0.5).then_some(second);
        let rules = RoutingChanges {
            mode: Some(mode),
            overflow_department_id: Some(overflow),
            overflow_wait_seconds: Some(120),
            ..RoutingChanges::default()
        };
        let changes = crate::domain::DepartmentChanges {
            capacity: Some(i64::try_from(CAPACITY).unwrap()),
            routing: rules,
            ..crate::domain::DepartmentChanges::default()
        };
        let presence = hub.hub.presence();
        presence.update_department(None, TestHub::SUPPORT, changes).await.unwrap();
        let observer = Arc::new(Outbox::default());
        hub.hub.outboxes().attach(TestHub::ADMIN, &observer, None, |_| bytes::Bytes::new());
        let mut world = Self {
            hub,
            rng,
            agents,
            departments: [TestHub::SUPPORT, second],
            acknowledged: Vec::new(),
            sockets: HashMap::new(),
            observer,
            next_message: 0,
            log: String::new(),
        };
        world.open_conversations().await;
        world
    }

    fn agent(&mut self) -> AgentId {
        self.agents[self.rng.random_range(0..self.agents.len())]
    }

    fn chat(&mut self) -> String {
        format!("55119888{:05}", self.rng.random_range(0..CHATS))
    }

    async fn ticket(&self, chat: &str) -> Option<Ticket> {
        Some(self.hub.hub.store().find_chat_ticket(chat).await.unwrap()?.ticket)
    }

    fn note(&mut self, step: usize, what: &str) {
        let _ = writeln!(self.log, "{step}: {what}");
        if number("DX_SEED").is_some() {
            eprintln!("{step}: {what}");
        }
    }

    async fn step(&mut self, step: usize) {
        match self.rng.random_range(0..100) {
            0..30 => self.customer_writes(step).await,
            30..38 => self.agent_answers(step).await,
            38..46 => self.agent_takes(step).await,
            46..52 => self.agent_refuses(step).await,
            52..60 => self.agent_hands_over(step).await,
            60..66 => self.agent_closes(step).await,
            66..78 => self.agent_comes_or_goes(step).await,
            78..82 => self.supervisor_decides(step).await,
            82..86 => self.somebody_remarks(step).await,
            86..94 => self.time_passes(step),
            _ => self.something_fails(step),
        }
    }

    async fn customer_writes(&mut self, step: usize) {
        let chat = self.chat();
        let id = format!("m{}", self.next_message);
        self.next_message += 1;
        let text = self.words();
        self.note(step, &format!("customer {chat} writes {id}: {text}"));
        match self.write(&chat, &id, text).await {
            Ok(delivered) => assert!(!delivered.is_repeat),
            Err(error) => {
                // Not acknowledged: the network sends it again.
                self.note(step, &format!("not acknowledged: {error}"));
                eventually(async || self.write(&chat, &id, text).await.is_ok()).await;
            }
        }
        self.acknowledged.push(id);
    }

    async fn write(&self, chat: &str, id: &str, text: &str) -> Result<Delivered, HubError> {
        let inbound = Inbound { text: text.to_owned(), ..TestHub::inbound(chat, id) };
        self.hub.hub.sessions().receive(self.hub.hub.chats(), TestHub::SESSION, inbound).await
    }

    async fn agent_answers(&mut self, step: usize) {
        let chat = self.chat();
        let Some(ticket) = self.ticket(&chat).await else { return };
        let Some(agent) = ticket.agent_id.filter(|_| ticket.status.is_open()) else { return };
        self.note(step, &format!("agent {agent} answers {chat}"));
        let outgoing = Outgoing {
            agent_id: Some(agent),
            phone: chat.clone(),
            kind: MessageKind::Text,
            text: "olá".to_owned(),
            media_url: None,
            media: None,
            details: None,
            quoted_message_id: None,
            client_message_id: None,
            is_automatic: false,
        };
        if let Ok(message) = self.hub.hub.chats().send(&TestHub::key(&chat), outgoing).await {
            self.acknowledged.push(message.message_id);
        }
    }

    async fn agent_takes(&mut self, step: usize) {
        let (chat, agent) = (self.chat(), self.agent());
        let Some(ticket) = self.ticket(&chat).await else { return };
        let taken = if self.rng.random_bool(0.3) {
            let answer = TransferAnswer::Take { by: agent };
            self.hub.hub.chats().answer_transfer(&ticket, answer).await
        } else {
            self.hub.hub.chats().accept(&ticket, Acceptance::own(agent)).await
        };
        self.note(step, &format!("agent {agent} takes {chat}: {}", taken.is_ok()));
        expected(&taken);
    }

    async fn agent_refuses(&mut self, step: usize) {
        let chat = self.chat();
        let Some(ticket) = self.ticket(&chat).await else { return };
        let agent = ticket.agent_id.unwrap_or(self.agents[0]);
        let refused = self.hub.hub.chats().decline(&ticket, agent).await;
        self.note(step, &format!("agent {agent} refuses {chat}: {}", refused.is_ok()));
        expected(&refused);
    }

    async fn agent_hands_over(&mut self, step: usize) {
        let (chat, to) = (self.chat(), self.agent());
        let Some(ticket) = self.ticket(&chat).await else { return };
        let department = self.departments[self.rng.random_range(0..2)];
        let to_queue = self.rng.random_bool(0.4);
        let request = TransferRequest {
            by: TestHub::ADMIN,
            to_agent_id: (!to_queue).then_some(to),
            to_department_id: to_queue.then_some(department),
            reason: "troca".to_owned(),
        };
        let moved = self.hub.hub.chats().transfer(&ticket, request).await;
        let what = if to_queue { format!("queue {department}") } else { format!("agent {to}") };
        self.note(step, &format!("{chat} is handed over to {what}: {}", moved.is_ok()));
        expected(&moved);
    }

    async fn agent_closes(&mut self, step: usize) {
        let chat = self.chat();
        let Some(ticket) = self.ticket(&chat).await else { return };
        let closed = self.hub.hub.chats().close(&ticket, Closing::default()).await;
        self.note(step, &format!("{chat} is closed: {}", closed.is_ok()));
        expected(&closed);
    }

    async fn agent_comes_or_goes(&mut self, step: usize) {
        let agent = self.agent();
        let presence = self.hub.hub.presence();
        let outboxes = self.hub.hub.outboxes();
        match self.rng.random_range(0..6) {
            0 | 1 => {
                let outbox = Arc::new(Outbox::default());
                outboxes.attach(agent, &outbox, None, |_| bytes::Bytes::new());
                presence.socket_opened(agent, Device::default());
                self.sockets.entry(agent).or_default().push(outbox);
                let _ = presence.set_status(agent, PresenceStatus::Online, None, None).await;
                self.note(step, &format!("agent {agent} comes"));
            }
            2 | 3 => {
                if let Some(outbox) = self.sockets.get_mut(&agent).and_then(Vec::pop) {
                    outboxes.detach(agent, &outbox);
                    presence.socket_closed(agent, Device::default());
                    self.note(step, &format!("a socket of agent {agent} closes"));
                }
            }
            4 => {
                let status = [PresenceStatus::Busy, PresenceStatus::Away, PresenceStatus::Offline]
                    [self.rng.random_range(0..3)];
                let _ = presence.set_status(agent, status, None, None).await;
                self.note(step, &format!("agent {agent} is {status:?}"));
            }
            _ => {
                let _ = presence.heartbeat(agent, Device::default()).await;
                self.note(step, &format!("agent {agent} lives"));
            }
        }
    }

    async fn supervisor_decides(&mut self, step: usize) {
        let chat = self.chat();
        let Some(ticket) = self.ticket(&chat).await else { return };
        let now = self.hub.clock.now();
        let what = self.rng.random_range(0..3);
        self.note(step, &format!("supervisor decides {what} on {chat}"));
        let agent_id = self.agent();
        let chats = self.hub.hub.chats();
        match what {
            0 => {
                let priority =
                    [Priority::Low, Priority::High, Priority::Urgent][self.rng.random_range(0..3)];
                expected(&chats.edit(ticket.id, None, Some(priority), now).await);
            }
            1 => {
                let edit = EntryEdit { pinned_at: Some(Some(now)), ..EntryEdit::default() };
                expected(&chats.edit_place(&ticket, edit).await);
            }
            _ => {
                let acceptance = Acceptance { by: TestHub::ADMIN, agent_id, notes: None };
                expected(&chats.accept(&ticket, acceptance).await);
            }
        }
    }

    fn time_passes(&mut self, step: usize) {
        let seconds = [1, 10, 20, 45, 130, 700, 1_900][self.rng.random_range(0..7)];
        self.hub.clock.advance(Duration::from_secs(seconds));
        self.note(step, &format!("{seconds} s pass"));
    }

    fn something_fails(&mut self, step: usize) {
        let what = self.rng.random_range(0..3);
        let chat = self.chat();
        self.note(step, &format!("actor {what} ({chat}) fails"));
        match what {
            0 => drop(self.hub.hub.queues().crash(self.departments[self.rng.random_range(0..2)])),
            1 => self.hub.hub.chats().crash(&TestHub::key(&chat)),
            _ => self.hub.hub.presence().crash(),
        }
    }

    /// What must hold after each step, as soon as what is under way has arrived.
    async fn check(&self) {
        self.check_owners().await;
        self.settles("loads", async || self.hub.loads_agree().await).await;
        for department in self.departments {
            self.settles("order", async || self.is_in_order(department).await).await;
            let served = async || self.nobody_waits_for_a_free_agent(department).await;
            self.settles("service", served).await;
        }
    }

    async fn settles(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let wait = async {
            while !holds().await {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            let mut state = String::new();
            for department in self.departments {
                for row in self.hub.hub.store().list_waiting(department).await.unwrap() {
                    let _ = writeln!(state, "row of {department}: {row:?}");
                }
                let waiting = self.hub.hub.queues().waiting(department).await;
                for entry in waiting.unwrap_or_default() {
                    let id = entry.ticket_id;
                    let why = self.hub.hub.queues().explain(department, id).await;
                    let _ = writeln!(state, "{department}: {entry:?}\n   {why:?}");
                }
            }
            panic!("{what} is wrong\n{}{state}", self.log);
        }
    }

    /// One open ticket per chat, one owner per ticket, one place for each who waits and none for others.
    async fn check_owners(&self) {
        let store = self.hub.hub.store();
        for chat in (0..CHATS).map(|n| format!("55119888{n:05}")) {
            let Some(ticket) = self.ticket(&chat).await else { continue };
            let Some(entry) = store.find_queue_entry_of(ticket.id).await.unwrap() else {
                panic!("ticket {} has no place", ticket.id)
            };
            let now = self.ticket(&chat).await.unwrap();
            if now.version != ticket.version {
                continue;
            }
            assert_eq!(entry.department_id, ticket.department_id, "{}", self.log);
            let waits = ticket.is_unassigned() || ticket.is_offered();
            assert_eq!(entry.is_waiting(), waits, "{chat}\n{}", self.log);
            assert_eq!(entry.offered_agent_id.is_some(), ticket.is_offered(), "{}", self.log);
        }
    }

    /// The live queue is the order of the rules over the rows.
    async fn is_in_order(&self, id: DepartmentId) -> bool {
        let rows = self.hub.hub.store().list_waiting(id).await.unwrap();
        let Ok(live) = self.hub.hub.queues().waiting(id).await else { return false };
        let roster = self.hub.hub.directory().roster();
        let target = roster.department(id).unwrap().response_target_minutes;
        let mut expected: Vec<&QueueEntry> = rows.iter().collect();
        queue::order(&mut expected, target, self.hub.clock.now());
        let ids = |entries: &[&QueueEntry]| entries.iter().map(|e| e.id).collect::<Vec<_>>();
        ids(&live.iter().collect::<Vec<_>>()) == ids(&expected)
    }

    /// Whoever waits unasked has nobody who could take him.
    async fn nobody_waits_for_a_free_agent(&self, id: DepartmentId) -> bool {
        let Ok(waiting) = self.hub.hub.queues().waiting(id).await else { return false };
        for entry in waiting.iter().filter(|entry| !entry.is_offered()) {
            let why = self.hub.hub.queues().explain(id, entry.ticket_id).await;
            let Ok(Some(why)) = why else { return false };
            if why.reasons.considered.iter().any(|agent| agent.verdict == Verdict::Eligible) {
                return false;
            }
        }
        true
    }

    /// What was acknowledged is stored once, the hub never gave beyond the capacity, and the observer's
    /// events have no hole.
    async fn check_history(&self) {
        let store = self.hub.hub.store();
        let mut unique = HashSet::new();
        for id in &self.acknowledged {
            assert!(unique.insert(id), "{id} twice");
            let found = store.find_message_by_provider_id(TestHub::SESSION, id).await.unwrap();
            assert!(found.is_some(), "{id} was acknowledged and is not there\n{}", self.log);
        }
        for chat in (0..CHATS).map(|n| format!("55119888{n:05}")) {
            let Some(ticket) = self.ticket(&chat).await else { continue };
            for decision in store.list_decisions(ticket.id, 1000).await.unwrap() {
                if matches!(decision.kind, DecisionKind::Assigned | DecisionKind::Offered) {
                    let considered = &decision.reasons.considered;
                    let chosen = considered.iter().find(|c| c.verdict == Verdict::Chosen);
                    let chosen = chosen.expect("somebody was chosen");
                    assert!(chosen.load < chosen.capacity, "{decision:?}\n{}", self.log);
                }
            }
            self.check_segments(&ticket).await;
        }
        self.check_conversations().await;
        let taken = self.observer.take();
        let seqs: Vec<u64> = taken
            .frames
            .iter()
            .filter_map(|frame| match frame {
                OutFrame::Event { seq, .. } => Some(*seq),
                _ => None,
            })
            .collect();
        assert!(seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]), "holes in {seqs:?}");
    }

    /// The stretches of a ticket follow each other without a gap, and the last one is open as long as
    /// the ticket is.
    async fn check_segments(&self, ticket: &Ticket) {
        let segments = self.hub.hub.store().list_segments(ticket.id).await.unwrap();
        let now = self.hub.hub.store().find_ticket(ticket.id).await.unwrap().unwrap().ticket;
        if now.version != ticket.version {
            // The sweep closed it in between.
            return;
        }
        let ends: BTreeSet<bool> = segments.iter().map(|s| s.ended_at.is_none()).collect();
        assert!(segments.windows(2).all(|pair| pair[0].ended_at == Some(pair[1].started_at)));
        assert_eq!(ends.contains(&true), ticket.status.is_open(), "{}", self.log);
    }
}

/// A refusal by the rules, or an actor that was being restarted, is part of the story.
fn expected<T>(outcome: &Result<T, HubError>) {
    match outcome {
        Ok(_)
        | Err(
            HubError::Rejected(_)
            | HubError::Conflict
            | HubError::Unavailable
            | HubError::NotFound { .. },
        ) => {}
        Err(error) => panic!("{error}"),
    }
}
