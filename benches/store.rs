//! Durable messages per second of the store alone: many waiters sharing commits, against one transaction
//! per message and against SQLite by itself with the same rows.
//!
//! `cargo bench --bench store`. PostgreSQL, too, where `TEST_POSTGRES_URL` names a server; one that really
//! syncs, or the figures mean nothing.

#[expect(dead_code, reason = "each bench needs a part of it")]
mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use dx_actors::{
    Clock, SystemClock,
    domain::NewMessage,
    store::Store,
    testing::{TestDatabase, on_postgres},
};
use support::{
    figures::{Samples, figure, heading, per_second},
    in_process::{SESSION, message, path_of, runtime, seeded},
    yardstick::{Rows, fsyncs_per_second},
};
use tokio::task::JoinSet;

const ROUNDS: usize = 5;
/// Messages of one round.
const MESSAGES: usize = 20_000;
/// And where each has a transaction of its own.
const MESSAGES_ALONE: usize = 2_000;
const IN_FLIGHT: usize = 512;
/// Rows of SQLite's own transactions.
const BATCH: usize = 256;
/// Customers among whom the messages are spread.
const CUSTOMERS: usize = 500;

fn main() {
    let runtime = runtime();
    heading("store: SQLite, synchronous=FULL, durable messages per second");
    let (mut shared, mut alone, mut bulk) = (Vec::new(), Vec::new(), Vec::new());
    let mut fsyncs = Vec::new();
    for _ in 0..ROUNDS {
        let (database, empty) = (TestDatabase::sqlite(), TestDatabase::sqlite());
        runtime.block_on(async {
            let store = seeded(&database).await;
            shared.push(append(&store, 0, MESSAGES, IN_FLIGHT).await);
            alone.push(append(&store, MESSAGES, MESSAGES_ALONE, 1).await);
            store.close().await;
            empty.open().await.close().await;
        });
        let rows = Rows::of(&path_of(&database));
        bulk.push(rows.insert_into(&path_of(&empty), BATCH));
        fsyncs.push(fsyncs_per_second(path_of(&empty).parent().expect("a folder")));
    }
    let yardsticks = [
        ("one transaction per message", &alone.into_iter().collect()),
        ("rusqlite, the same rows, 256 in a transaction", &bulk.into_iter().collect()),
        ("fsync, one after the other", &fsyncs.into_iter().collect()),
    ];
    figure("512 waiters", "/s", &shared.into_iter().collect(), &yardsticks);

    runtime.block_on(on_postgres(async |database| {
        heading("store: PostgreSQL, durable messages per second");
        let store = seeded(&database).await;
        let (mut shared, mut alone) = (Samples::default(), Samples::default());
        for round in 0..ROUNDS {
            let first = round * (MESSAGES + MESSAGES_ALONE);
            shared.extend([append(&store, first, MESSAGES, IN_FLIGHT).await]);
            alone.extend([append(&store, first + MESSAGES, MESSAGES_ALONE, 1).await]);
        }
        figure("512 waiters", "/s", &shared, &[("one transaction per message", &alone)]);
        store.close().await;
    }));
}

async fn append(store: &Store, first: usize, count: usize, in_flight: usize) -> f64 {
    let now = SystemClock.now();
    let rows: Vec<NewMessage> = (first..first + count)
        .map(|number| message(number, CUSTOMERS).to_new_message(SESSION, now))
        .collect();
    let (rows, next) = (Arc::new(rows), Arc::new(AtomicUsize::new(0)));
    let started = Instant::now();
    let mut waiters = JoinSet::new();
    for _ in 0..in_flight {
        let (store, rows, next) = (store.clone(), Arc::clone(&rows), Arc::clone(&next));
        waiters.spawn(async move {
            while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                let appended = store.append_message(row.clone()).await;
                assert!(appended.expect("it is stored").is_some(), "a new row");
            }
        });
    }
    while let Some(waiter) = waiters.join_next().await {
        waiter.expect("a waiter");
    }
    per_second(count, started)
}
