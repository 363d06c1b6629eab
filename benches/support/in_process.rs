//! A hub inside the bench's own process, on the system's clock, with the texts that the wire has.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use dx_actors::{
    Hub, HubConfig, SystemClock,
    domain::{AgentId, DepartmentId, Inbound, ProviderKind, SessionId},
    session::SandboxNetwork,
    store::{Seed, Store},
    testing::{TestDatabase, TestHub, new_agent, silence},
};
use dx_connect::wire::events::WireEvents;
use tokio::{runtime::Runtime, task::JoinSet};

use super::figures::per_second;

/// As the binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub(crate) const SESSION: SessionId = TestHub::SESSION;
pub(crate) const SUPPORT: DepartmentId = TestHub::SUPPORT;
/// About as long as what customers write.
const TEXT: &str =
    "Olá, bom dia! Gostaria de saber quando chega o meu pedido, que fiz na semana passada.";

/// As the hub has it on a machine with two cores.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// The file of a SQLite database.
pub(crate) fn path_of(database: &TestDatabase) -> PathBuf {
    PathBuf::from(database.url().trim_start_matches("sqlite://"))
}

/// An opened database with an admin, `Suporte` and one number of the sandbox.
pub(crate) async fn seeded(database: &TestDatabase) -> Store {
    let store = database.open().await;
    let seed = Seed { admin_password_hash: String::new(), provider: ProviderKind::Sandbox };
    let now = dx_actors::Clock::now(&SystemClock);
    store.seed(seed, now).await.expect("an empty database is seeded");
    store
}

/// A hub that tells customers nothing by itself.
pub(crate) async fn start(database: &TestDatabase, config: HubConfig) -> Hub {
    let store = seeded(database).await;
    let clock = Arc::new(SystemClock);
    let network = Arc::new(SandboxNetwork::new(clock.clone(), false));
    let hub = Hub::start(config, store, clock, Arc::new(WireEvents), network);
    let hub = hub.await.expect("the hub starts");
    silence(&hub).await;
    hub
}

/// The message of this number, from one of so many customers.
pub(crate) fn message(number: usize, customers: usize) -> Inbound {
    let phone = format!("55119{:08}", number % customers);
    Inbound {
        contact_name: format!("Cliente {}", number % customers),
        ..Inbound::text(&phone, &format!("3EB0{number:016X}"), TEXT)
    }
}

/// Lets the messages of these numbers in, so many at a time; messages per second, each stored and routed.
pub(crate) async fn receive(
    hub: &Hub,
    numbers: std::ops::Range<usize>,
    customers: usize,
    in_flight: usize,
) -> f64 {
    let (count, next) = (numbers.len(), Arc::new(AtomicUsize::new(numbers.start)));
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..in_flight {
        let (hub, next, end) = (hub.clone(), Arc::clone(&next), numbers.end);
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    break;
                }
                let inbound = message(number, customers);
                let delivered = hub.sessions().receive(hub.chats(), SESSION, inbound).await;
                assert!(!delivered.expect("a message is stored").is_repeat);
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.expect("a sender");
    }
    per_second(count, started)
}

/// So many agents of `Suporte`.
pub(crate) async fn agents(hub: &Hub, count: usize) -> Vec<AgentId> {
    let mut ids = Vec::with_capacity(count);
    for number in 0..count {
        let new = new_agent(&format!("agente{number}"));
        ids.push(hub.presence().create_agent(None, new).await.expect("the agent is new").id);
    }
    ids
}

/// User and system time of this process so far.
pub(crate) fn cpu_time() -> Duration {
    cpu_time_of(std::process::id())
}

/// The same of another process; `utime` and `stime` of `/proc/<pid>/stat`, in hundredths of a second.
pub(crate) fn cpu_time_of(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("Linux");
    let (_, after_name) = stat.rsplit_once(") ").expect("a name in parentheses");
    let ticks = after_name.split(' ').skip(11).take(2).map(str::parse::<u64>);
    Duration::from_millis(ticks.map(|ticks| ticks.expect("a number") * 10).sum())
}
