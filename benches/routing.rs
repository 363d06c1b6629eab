//! How fast waiting chats find agents: durable, through the actors, on SQLite.
//!
//! `cargo bench --bench routing`: 5,000 waiting chats and 500 agents; then what single steps cost when
//! 100,000 wait.

#[expect(dead_code, reason = "each bench needs a part of it")]
mod support;

use std::time::{Duration, Instant};

use dx_actors::{
    Hub, HubConfig,
    domain::{DepartmentChanges, PresenceStatus, queue},
    testing::TestDatabase,
};
use support::{
    figures::{Samples, figure, heading, line, ms},
    in_process::{SUPPORT, agents, path_of, receive, runtime, start},
    yardstick::fsyncs_per_second,
};

const ROUNDS: usize = 3;
const AGENTS: usize = 500;
/// Chats that each agent may have at a time, so that all find one.
const CAPACITY: i64 = 10;
const WAITING: usize = 5_000;
const WAITING_MANY: usize = 100_000;
/// Customers who come while so many wait.
const MORE: usize = 500;
const IN_FLIGHT: usize = 512;

fn main() {
    let runtime = runtime();
    heading("routing: 5,000 waiting chats to 500 agents, SQLite, durable");
    let (mut took, mut fsyncs) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let database = TestDatabase::sqlite();
        took.extend([runtime.block_on(distribute(&database))]);
        let per_second = fsyncs_per_second(path_of(&database).parent().expect("a folder"));
        fsyncs.extend([1e3 / per_second]);
    }
    figure("until all are assigned", "ms", &took, &[("one fsync", &fsyncs)]);

    heading("routing: 100,000 waiting chats");
    runtime.block_on(async {
        let database = TestDatabase::sqlite();
        let hub = start(&database, by_hand()).await;
        let filling = Instant::now();
        receive(&hub, 0..WAITING_MANY, usize::MAX, IN_FLIGHT).await;
        line(&format!("  filled in {:.1} s", filling.elapsed().as_secs_f64()));
        let mut entering = Samples::default();
        for number in 0..MORE {
            let first = WAITING_MANY + number;
            let asked = Instant::now();
            receive(&hub, first..first + 1, usize::MAX, 1).await;
            entering.extend([ms(asked.elapsed())]);
        }
        figure("one more customer, stored and queued", "ms", &entering, &[]);
        let mut places = Samples::default();
        for _ in 0..20 {
            let asked = Instant::now();
            let waiting = hub.queues().places(SUPPORT).await.expect("the queue answers");
            assert_eq!(waiting.len(), WAITING_MANY + MORE);
            places.extend([ms(asked.elapsed())]);
        }
        figure("the place of everybody", "ms", &places, &[]);
        let entries = hub.queues().waiting(SUPPORT).await.expect("the queue answers");
        let mut ordering = Samples::default();
        for _ in 0..20 {
            let mut refs: Vec<_> = entries.iter().collect();
            let asked = Instant::now();
            queue::order(&mut refs, 15, hub.clock().now());
            ordering.extend([ms(asked.elapsed())]);
        }
        figure("the order of service, the rule alone", "ms", &ordering, &[]);
        let assigning = assign_first(&hub).await;
        figure("one agent takes his turn", "ms", &assigning, &[]);
        hub.stop().await;
    });
}

fn by_hand() -> HubConfig {
    HubConfig {
        auto_distribute: false,
        sweep_every: Duration::from_hours(1),
        // Agents of a bench send no heartbeats.
        presence_timeout: Duration::from_hours(1),
        ..HubConfig::default()
    }
}

/// Milliseconds until nobody waits any more.
async fn distribute(database: &TestDatabase) -> f64 {
    let hub = start(database, by_hand()).await;
    let capacity = Some(CAPACITY);
    let changes = DepartmentChanges { capacity, ..DepartmentChanges::default() };
    hub.presence().update_department(None, SUPPORT, changes).await.expect("a department");
    receive(&hub, 0..WAITING, usize::MAX, IN_FLIGHT).await;
    go_online(&hub, AGENTS).await;
    let asked = Instant::now();
    let assigned = hub.queues().distribute(SUPPORT).await.expect("the queue answers");
    let took = ms(asked.elapsed());
    assert_eq!(assigned, WAITING, "everybody finds an agent");
    hub.stop().await;
    took
}

async fn go_online(hub: &Hub, count: usize) {
    for id in agents(hub, count).await {
        let online = hub.presence().set_status(id, PresenceStatus::Online, None, None).await;
        online.expect("an agent");
    }
}

/// Milliseconds of a distribution that one free agent causes; he fills up on the first one.
async fn assign_first(hub: &Hub) -> Samples {
    go_online(hub, 1).await;
    let asked = Instant::now();
    let assigned = hub.queues().distribute(SUPPORT).await.expect("the queue answers");
    assert!(assigned > 0, "he has room");
    std::iter::once(ms(asked.elapsed())).collect()
}
