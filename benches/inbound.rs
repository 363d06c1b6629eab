//! Durable messages per second through the actors, in one process: a customer's message → its chat → row,
//! ticket and queue → the outboxes of whoever may see it.
//!
//! `cargo bench --bench inbound`. PostgreSQL, too, where `TEST_POSTGRES_URL` names a server; one that really
//! syncs, or the figures mean nothing.

#[expect(dead_code, reason = "each bench needs a part of it")]
mod support;

use std::time::Duration;

use dx_actors::{
    Hub, HubConfig,
    testing::{TestDatabase, on_postgres},
};
use support::{
    figures::{Samples, figure, heading},
    in_process::{path_of, receive, runtime, start},
    yardstick::{Rows, fsyncs_per_second},
};

const ROUNDS: usize = 5;
/// Messages of one round.
const MESSAGES: usize = 20_000;
/// And where each has a transaction of its own.
const MESSAGES_ALONE: usize = 2_000;
/// New customers of one round: each opens a chat with a ticket and a place in the queue.
const NEW_CUSTOMERS: usize = 2_000;
const IN_FLIGHT: usize = 512;
/// Rows of SQLite's own transactions.
const BATCH: usize = 256;
/// Customers among whom the messages are spread; all have open chats when it begins.
const CUSTOMERS: usize = 500;

/// What one round measured.
#[derive(Default)]
struct Round {
    shared: f64,
    alone: f64,
    opening: f64,
}

fn main() {
    let runtime = runtime();
    heading("inbound: SQLite, synchronous=FULL, messages per second, stored and routed");
    let (mut rounds, mut bulk, mut fsyncs) = (Vec::new(), Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let (database, empty) = (TestDatabase::sqlite(), TestDatabase::sqlite());
        runtime.block_on(async {
            let hub = start(&database, quiet()).await;
            rounds.push(round(&hub, 0).await);
            hub.stop().await;
            empty.open().await.close().await;
        });
        bulk.extend([Rows::of(&path_of(&database)).insert_into(&path_of(&empty), BATCH)]);
        fsyncs.extend([fsyncs_per_second(path_of(&empty).parent().expect("a folder"))]);
    }
    let more = [
        ("rusqlite, the same rows, 256 in a transaction", &bulk),
        ("fsync, one after the other", &fsyncs),
    ];
    print(&rounds, &more);

    runtime.block_on(on_postgres(async |database| {
        heading("inbound: PostgreSQL, messages per second, stored and routed");
        let hub = start(&database, quiet()).await;
        let mut rounds = Vec::new();
        for number in 0..ROUNDS {
            rounds.push(round(&hub, number).await);
        }
        hub.stop().await;
        print(&rounds, &[]);
    }));
}

/// Nothing is assigned by itself, and nothing is looked for meanwhile.
fn quiet() -> HubConfig {
    HubConfig {
        auto_distribute: false,
        sweep_every: Duration::from_hours(1),
        ..HubConfig::default()
    }
}

async fn round(hub: &Hub, number: usize) -> Round {
    let first = number * (CUSTOMERS + MESSAGES + MESSAGES_ALONE);
    receive(hub, first..first + CUSTOMERS, CUSTOMERS, IN_FLIGHT.min(CUSTOMERS)).await;
    let first = first + CUSTOMERS;
    let shared = receive(hub, first..first + MESSAGES, CUSTOMERS, IN_FLIGHT).await;
    let first = first + MESSAGES;
    let alone = receive(hub, first..first + MESSAGES_ALONE, CUSTOMERS, 1).await;
    // Numbers that no other customer has, so that each is a new one.
    let first = 10_000_000 + number * NEW_CUSTOMERS;
    let opening = receive(hub, first..first + NEW_CUSTOMERS, usize::MAX, IN_FLIGHT).await;
    Round { shared, alone, opening }
}

fn print(rounds: &[Round], more: &[(&str, &Samples)]) {
    let of = |pick: fn(&Round) -> f64| rounds.iter().map(pick).collect::<Samples>();
    let alone = of(|round| round.alone);
    let mut yardsticks = vec![("one transaction per message (one in flight)", &alone)];
    yardsticks.extend(more);
    figure("512 in flight, open chats", "/s", &of(|round| round.shared), &yardsticks);
    figure("512 in flight, each opens a chat", "/s", &of(|round| round.opening), &[]);
}
