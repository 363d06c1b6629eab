//! What is counted is what was done.

use std::sync::Arc;

use bytes::Bytes;
use prometheus_client::{encoding::prometheus_text, registry::Registry};

use super::*;
use crate::{
    both_databases,
    domain::{DepartmentId, Timestamp},
    events::{Audience, HubEvent},
    presence::outbox::{HISTORY_EVENTS_MAX, OutFrame, Outbox, ResumeFrom},
    queue::Depth,
    testing::{TestDatabase, TestHub, eventually},
};

both_databases!(
    a_crash_and_the_messages_around_it_are_counted,
    a_return_that_cannot_be_served_is_a_gap,
    departments_beyond_a_hundred_share_a_series,
);

const CHAT: &str = "5511988880001";

fn page(hub: &TestHub) -> String {
    let mut registry = Registry::with_prefix("dx");
    registry.register_collector(Box::new(hub.hub.metrics()));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).unwrap();
    text
}

/// The value of one series.
#[track_caller]
fn figure(hub: &TestHub, series: &str) -> f64 {
    let page = page(hub);
    let mut values = page.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    values.next().unwrap_or_else(|| panic!("no {series} in {page}")).parse().unwrap()
}

fn assert_figures(hub: &TestHub, expected: &[(&str, f64)]) {
    for (series, value) in expected {
        let found = figure(hub, series);
        assert!((found - value).abs() < f64::EPSILON, "{series} {found}, not {value}");
    }
}

async fn a_crash_and_the_messages_around_it_are_counted(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    hub.connect().await;
    for message in ["m1", "m2", "m1"] {
        hub.receive(CHAT, message).await.unwrap();
    }
    hub.hub.chats().crash(&TestHub::key(CHAT));
    let restarts = r#"dx_actor_restarts_total{kind="chat"}"#;
    eventually(async || figure(&hub, restarts) > 0.0).await;
    hub.receive(CHAT, "m3").await.unwrap();
    eventually(async || figure(&hub, r#"dx_queue_waiting{department="1"}"#) > 0.0).await;
    assert_figures(
        &hub,
        &[
            (restarts, 1.0),
            (r#"dx_actor_failures_total{kind="chat"}"#, 1.0),
            (r#"dx_actor_failures_total{kind="queue"}"#, 0.0),
            (r#"dx_actor_mailbox{kind="chat"}"#, 0.0),
            (r#"dx_actors{kind="chat"}"#, 1.0),
            (r#"dx_actors{kind="presence"}"#, 1.0),
            (r#"dx_messages_received_total{provider="sandbox",outcome="stored"}"#, 3.0),
            (r#"dx_messages_received_total{provider="sandbox",outcome="repeat"}"#, 1.0),
            (r#"dx_message_hop_seconds_count{hop="durable"}"#, 3.0),
            (r#"dx_message_hop_seconds_count{hop="routed"}"#, 3.0),
            (r#"dx_queue_waiting{department="1"}"#, 1.0),
            (r#"dx_sessions{provider="sandbox",status="ready"}"#, 1.0),
            ("dx_event_gaps_total", 0.0),
            ("dx_commit_failures_total", 0.0),
            ("dx_writer_waiting", 0.0),
        ],
    );
    let jobs = figure(&hub, "dx_commit_jobs_sum");
    assert!(jobs >= 4.0 && jobs >= figure(&hub, "dx_commit_seconds_count"), "{jobs} jobs");
    hub.stop().await;
}

fn publish(hub: &TestHub, events: usize) {
    for _ in 0..events {
        let (chat_id, from, at) = (String::new(), String::new(), Timestamp::EPOCH);
        let event = HubEvent::TypingStopped { chat_id, from, at };
        hub.hub.outboxes().publish(&Audience::Everyone, event);
    }
}

async fn a_return_that_cannot_be_served_is_a_gap(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let outboxes = hub.hub.outboxes();
    let attach = |resume: Option<ResumeFrom>| {
        let outbox = Arc::new(Outbox::default());
        outboxes.attach(TestHub::ADMIN, &outbox, resume.as_ref(), |_| Bytes::from_static(b"{}"));
        outbox
    };
    let at = |seq| Some(ResumeFrom::Position { epoch: outboxes.epoch().to_owned(), seq });
    let outbox = attach(None);
    let before = figure(&hub, "dx_outbox_bytes");
    publish(&hub, 3);
    let waiting = figure(&hub, "dx_outbox_bytes");
    assert!(waiting > before && figure(&hub, "dx_outbox_largest_bytes") >= waiting - before);
    let taken = outbox.take();
    assert!(matches!(taken.frames[1..], [OutFrame::Event { seq: 1, .. }, ..]));
    outboxes.meters().written(taken.timed.expect("the last socket is timed"));
    assert!(outbox.take().timed.is_none(), "once");
    outboxes.detach(TestHub::ADMIN, &outbox);
    let other = ResumeFrom::Position { epoch: "other".to_owned(), seq: 1 };
    for resume in [at(2), at(9), Some(other), Some(ResumeFrom::Unreadable)] {
        outboxes.detach(TestHub::ADMIN, &attach(resume));
    }
    assert_figures(
        &hub,
        &[
            ("dx_events_published_total", 3.0),
            (r#"dx_message_hop_seconds_count{hop="socket"}"#, 1.0),
            (r#"dx_resumes_total{outcome="recovered"}"#, 1.0),
            (r#"dx_resumes_total{outcome="unknown"}"#, 3.0),
            ("dx_event_gaps_total", 0.0),
            ("dx_outbox_bytes", 0.0),
        ],
    );
    publish(&hub, HISTORY_EVENTS_MAX);
    attach(at(2));
    let too_old = r#"dx_resumes_total{outcome="too_old"}"#;
    assert_figures(&hub, &[(too_old, 1.0), ("dx_event_gaps_total", 1.0)]);
    hub.stop().await;
}

async fn departments_beyond_a_hundred_share_a_series(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    for id in 1000..1150 {
        let depth = Depth { waiting: 2, ..Depth::default() };
        hub.hub.queues().note(DepartmentId(id), depth);
    }
    let page = page(&hub);
    let series = page.lines().filter(|line| line.starts_with("dx_queue_waiting{"));
    assert_eq!(series.count(), 101);
    // The department that is there from the start is one of the hundred.
    assert_figures(&hub, &[(r#"dx_queue_waiting{department="other"}"#, 102.0)]);
    hub.stop().await;
}

#[test]
fn limits_rise_and_sizes_reach_the_largest_batch() {
    let limits: Vec<f64> = hop_limits().collect();
    assert!(limits.is_sorted() && limits.len() == 18, "{limits:?}");
    let commits = Commits::default();
    commits.ended(BATCH_JOBS_MAX, Duration::from_millis(3), true);
    commits.ended(1, Duration::ZERO, false);
    let (mut registry, mut text) = (Registry::default(), String::new());
    registry.register("jobs", "Jobs", commits.jobs.clone());
    registry.register("failed", "Failures", commits.failed.clone());
    prometheus_text::encode(&mut text, &registry).unwrap();
    let (smallest, largest) = (r#"jobs_bucket{le="1"} 1"#, r#"jobs_bucket{le="256"} 2"#);
    for line in
        [smallest, r#"jobs_bucket{le="128"} 1"#, largest, "jobs_sum 257.0", "failed_total 1"]
    {
        assert!(text.lines().any(|found| found == line), "no {line} in {text}");
    }
}

#[test]
fn who_gives_up_waits_no_longer() {
    let actors = Actors::default();
    let (first, second) = (actors.asking(), actors.asking());
    assert_eq!(actors.asked.get(), 2);
    drop(first);
    assert_eq!(actors.asked.get(), 1);
    drop(second);
    assert_eq!(actors.asked.get(), 0);
}
