//! A hub with 10,000 open chats and 1,000 agents: lists, memory, and coming up after `kill -9`.
//!
//! `cargo bench --bench chats`; SQLite in a temporary folder.

#[expect(dead_code, reason = "each bench needs a part of it")]
mod support;

use std::{sync::Arc, time::Duration};

use dx_actors::{Hub, HubConfig, SystemClock, session::SandboxNetwork, store::Store};
use dx_connect::wire::events::WireEvents;
use support::{
    figures::{Samples, figure, heading},
    in_process::{agents, receive, runtime},
    server::{Server, database, get, one_by_one},
};

const ROUNDS: usize = 5;
const CHATS: usize = 10_000;
const AGENTS: usize = 1_000;
const IN_FLIGHT: usize = 512;
/// Requests of each kind.
const REQUESTS: usize = 300;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The binary makes the database as it makes every other.
    Server::start(folder.path()).kill();
    runtime().block_on(fill(&database(folder.path())));
    heading("chats: 10,000 open and 1,000 agents, after kill -9");
    let (mut starts, mut memory) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let (server, took) = Server::start_timed(folder.path());
        starts.extend([took.as_secs_f64()]);
        #[expect(clippy::cast_precision_loss, reason = "bytes of a process")]
        memory.extend([server.resident_bytes() as f64 / 1_048_576.0]);
        server.kill();
    }
    figure("until a request is answered", "s", &starts, &[]);
    figure("resident memory then", "MiB", &memory, &[]);
    let server = Server::start(folder.path());
    let token = server.token();
    let pages = [
        ("GET /chats/, the first page", "/api/v1/chats/?page=1"),
        ("GET /chats/, 100 of page 50", "/api/v1/chats/?page=50&page_size=100"),
        ("GET /chats/, by status", "/api/v1/chats/?status=aguardando&page=1"),
        ("GET /chats/, search", "/api/v1/chats/?search=cliente%209999&page=1"),
    ];
    for (name, path) in pages {
        let took = one_by_one(server.address(), REQUESTS, |_| get(path, Some(&token)));
        let at = |of: f64| Samples::from_iter([took.quantile(of)]);
        figure(&format!("{name}, p50"), "ms", &at(0.5), &[]);
        figure(&format!("{name}, p99"), "ms", &at(0.99), &[]);
    }
    #[expect(clippy::cast_precision_loss, reason = "bytes of a process")]
    let memory = Samples::from_iter([server.resident_bytes() as f64 / 1_048_576.0]);
    figure("resident memory after all that", "MiB", &memory, &[]);
}

async fn fill(database: &std::path::Path) {
    let url = format!("sqlite://{}", database.display());
    let store = Store::open(&url).await.expect("the database opens");
    let clock = Arc::new(SystemClock);
    let network = Arc::new(SandboxNetwork::new(clock.clone(), false));
    let config = HubConfig {
        auto_distribute: false,
        sweep_every: Duration::from_hours(1),
        ..HubConfig::default()
    };
    let hub = Hub::start(config, store, clock, Arc::new(WireEvents), network);
    let hub = hub.await.expect("the hub starts");
    agents(&hub, AGENTS).await;
    receive(&hub, 0..CHATS, usize::MAX, IN_FLIGHT).await;
    hub.stop().await;
}
