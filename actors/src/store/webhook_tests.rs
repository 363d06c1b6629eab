//! The outbox and the deliveries made from it, on both databases.

use std::time::Duration;

use super::{
    tests::{Fixture, seeded},
    *,
};
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        AgentId, Delivery, IntegrationEvent, List, SessionId, Timestamp, WebhookEndpoint,
        audit::AuditSubject,
        webhook::{
            Attempt, DeliveryStatus, ENDPOINTS_MAX, EndpointChanges, EventKind, FAILURES_MAX,
            KEPT_DAYS, NewEndpoint, PENDING_DAYS, PENDING_MAX, Verdict,
        },
    },
    testing::TestDatabase,
};

both_databases!(
    nothing_is_written_while_nobody_listens,
    a_change_and_its_event_are_stored_together_or_not_at_all,
    an_event_goes_to_whoever_wants_it_once,
    a_failed_delivery_waits_and_the_others_do_not,
    an_endpoint_that_fails_is_left_in_peace_and_comes_back,
    what_is_gone_is_told_nothing_more,
    deliveries_are_sent_again_by_id_and_by_time,
    an_attempt_under_way_does_not_end_what_was_sent_again,
    too_old_and_too_many_are_given_up_and_removed,
    endpoints_are_few_and_their_secrets_stay_out_of_the_trail,
    what_was_not_put_together_is_there_after_a_restart,
);

const ADMIN: AgentId = AgentId(1);
const PAGE: Page = Page { limit: 100, offset: 0 };

fn wanting(events: &[EventKind]) -> NewEndpoint {
    NewEndpoint {
        name: "CRM".to_owned(),
        url: "https://crm.example.com/".to_owned(),
        events: List(events.to_vec()),
        is_active: true,
        secret: "v1:one".to_owned(),
    }
}

impl Fixture {
    async fn endpoint(&self, events: &[EventKind]) -> WebhookEndpoint {
        let new = wanting(events);
        let inserted = self.store.insert_webhook_endpoint(new, ADMIN, self.clock.now()).await;
        inserted.unwrap().unwrap()
    }

    async fn kinds(&self) -> Vec<EventKind> {
        let events = self.store.list_new_events(1000).await.unwrap();
        events.iter().map(|event| event.kind).collect()
    }

    /// Makes deliveries of everything that is in the outbox.
    async fn publish(&self) -> Vec<IntegrationEvent> {
        let events = self.store.list_new_events(1000).await.unwrap();
        let bodies = events.iter().map(|event| (event.clone(), Some(event.event_id.clone())));
        self.store.publish_events(bodies.collect(), self.clock.now()).await.unwrap();
        events
    }

    async fn due(&self, endpoint: &WebhookEndpoint) -> Vec<Delivery> {
        let due = self.store.list_due_deliveries(endpoint.id, self.clock.now(), 1000).await;
        due.unwrap().into_iter().map(|due| due.delivery).collect()
    }

    async fn settle(&self, delivery: &Delivery, verdict: Verdict) {
        let attempt = self.attempt(verdict);
        self.store.settle_delivery(delivery, attempt, 0.5).await.unwrap().unwrap();
    }

    fn attempt(&self, verdict: Verdict) -> Attempt {
        let is_taken = verdict == Verdict::Taken;
        Attempt {
            verdict,
            status_code: Some(if is_taken { 200 } else { 500 }),
            error: if is_taken { String::new() } else { "respondeu 500".to_owned() },
            answer: "…".to_owned(),
            duration: Duration::from_millis(12),
            at: self.clock.now(),
        }
    }

    async fn found(&self, endpoint: &WebhookEndpoint) -> WebhookEndpoint {
        self.store.find_webhook_endpoint(endpoint.id).await.unwrap().unwrap()
    }

    async fn statuses(&self, endpoint: &WebhookEndpoint) -> Vec<DeliveryStatus> {
        let filter = DeliveryFilter::default();
        let page = self.store.list_deliveries(endpoint.id, &filter, PAGE).await.unwrap();
        page.rows.iter().rev().map(|delivery| delivery.status).collect()
    }
}

const FAILED: Verdict = Verdict::Failed { retry_after: None };

async fn nothing_is_written_while_nobody_listens(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    hub.store.append_message(hub.answer(&opened, "a1")).await.unwrap();
    assert_eq!(hub.kinds().await, []);
    let endpoint = hub.endpoint(&[EventKind::ChatClosed]).await;
    hub.open("5511988880002", "m2").await;
    assert_eq!(hub.kinds().await, [], "of another kind");
    let (new_chats, off) = (vec![EventKind::NewChat], Some(false));
    let changes = EndpointChanges { events: Some(List(new_chats)), ..EndpointChanges::default() };
    hub.store.update_webhook_endpoint(endpoint.id, changes, ADMIN, hub.clock.now()).await.unwrap();
    hub.open("5511988880003", "m3").await;
    assert_eq!(hub.kinds().await, [EventKind::NewChat]);
    let changes = EndpointChanges { is_active: off, ..EndpointChanges::default() };
    hub.store.update_webhook_endpoint(endpoint.id, changes, ADMIN, hub.clock.now()).await.unwrap();
    hub.open("5511988880004", "m4").await;
    assert_eq!(hub.kinds().await.len(), 1, "it is switched off");
    assert!(hub.store.delete_webhook_endpoint(endpoint.id, ADMIN, hub.clock.now()).await.unwrap());
    assert!(!hub.store.delete_webhook_endpoint(endpoint.id, ADMIN, hub.clock.now()).await.unwrap());
}

async fn a_change_and_its_event_are_stored_together_or_not_at_all(database: TestDatabase) {
    let hub = seeded(&database).await;
    hub.endpoint(EventKind::ALL).await;
    let opened = hub.open("5511988880001", "m1").await;
    assert_eq!(hub.kinds().await, [EventKind::NewChat, EventKind::MessageReceived]);
    // A refused unit takes its events along, and nobody else's.
    let open_again = hub.store.open_ticket(hub.opening("5511988880001", "m2"));
    let other = hub.store.open_ticket(hub.opening("5511988880002", "m3"));
    let (open_again, other) = tokio::join!(open_again, other);
    assert!(open_again.is_err() && other.unwrap().is_some());
    // So does a refused message among others of one fold.
    let bad = NewMessage { session_id: SessionId(999), ..hub.message("5511988880001", "m4") };
    let good = hub.answer(&opened, "a1");
    let (bad, good) = tokio::join!(hub.store.append_message(bad), hub.store.append_message(good));
    assert!(bad.is_err() && good.unwrap().is_some());
    hub.store.fail_next(Fault::Refuse);
    assert!(hub.store.append_message(hub.message("5511988880001", "m5")).await.is_err());
    let mut kinds = hub.kinds().await;
    kinds.sort();
    let two = [EventKind::NewChat, EventKind::MessageReceived].map(|kind| [kind; 2]);
    assert_eq!(kinds, two.concat(), "what goes out is told when it has left");
    // A repeat is no event.
    assert_eq!(hub.store.append_message(hub.message("5511988880001", "m1")).await.unwrap(), None);
    assert_eq!(hub.kinds().await.len(), 4);
    hub.moved("a1", crate::domain::MessageStatus::Sending).await.unwrap();
    hub.moved("a1", crate::domain::MessageStatus::Sent).await.unwrap();
    hub.moved("a1", crate::domain::MessageStatus::Delivered).await.unwrap();
    let kinds = hub.kinds().await.split_off(4);
    let told = [EventKind::MessageSent, EventKind::MessageStatus, EventKind::MessageStatus];
    assert_eq!(kinds, told);
}

async fn an_event_goes_to_whoever_wants_it_once(database: TestDatabase) {
    let hub = seeded(&database).await;
    let chats = hub.endpoint(&[EventKind::NewChat]).await;
    let all = hub.endpoint(EventKind::ALL).await;
    hub.open("5511988880001", "m1").await;
    let events = hub.publish().await;
    assert_ne!(events[0].event_id, events[1].event_id);
    assert_eq!(hub.publish().await, [], "each is put together once");
    let (of_chats, of_all) = (hub.due(&chats).await, hub.due(&all).await);
    assert_eq!((of_chats.len(), of_all.len()), (1, 2));
    assert_eq!(of_chats[0].event_id, of_all[0].event_id);
    let due = hub.store.list_due_endpoints(hub.clock.now()).await.unwrap();
    assert_eq!(due, [chats.id, all.id]);
    let one = hub.store.find_delivery(chats.id, of_chats[0].id).await.unwrap().unwrap();
    assert_eq!(one.body, events[0].event_id, "what is sent is what was put together");
    assert!(hub.store.find_delivery(all.id, of_chats[0].id).await.unwrap().is_none());
    // What is not there any more is not told.
    hub.open("5511988880002", "m2").await;
    let events = hub.store.list_new_events(10).await.unwrap();
    let nothing = events.into_iter().map(|event| (event, None)).collect();
    hub.store.publish_events(nothing, hub.clock.now()).await.unwrap();
    assert_eq!((hub.kinds().await.len(), hub.due(&all).await.len()), (0, 2));
}

async fn a_failed_delivery_waits_and_the_others_do_not(database: TestDatabase) {
    let hub = seeded(&database).await;
    let endpoint = hub.endpoint(&[EventKind::NewChat]).await;
    for n in 1..=3 {
        hub.open(&format!("551198888000{n}"), &format!("m{n}")).await;
    }
    hub.publish().await;
    let due = hub.due(&endpoint).await;
    hub.settle(&due[0], FAILED).await;
    let left: Vec<_> = hub.due(&endpoint).await.iter().map(|delivery| delivery.id).collect();
    assert_eq!(left, [due[1].id, due[2].id], "a blocked head holds nobody up");
    let counts = hub.store.count_deliveries().await.unwrap();
    assert_eq!((counts[0].1.pending, counts[0].1.failing, counts[0].1.dead), (3, 1, 0));
    hub.clock.advance(Duration::from_secs(5));
    let again = hub.due(&endpoint).await;
    assert_eq!((again[0].id, again[0].attempts), (due[0].id, 1), "in its old place");
    assert_eq!(again[0].last_error, "respondeu 500");
    for _ in 1..7 {
        let one = hub.store.find_delivery(endpoint.id, due[0].id).await.unwrap().unwrap();
        hub.settle(&one.delivery, FAILED).await;
    }
    let one = hub.store.find_delivery(endpoint.id, due[0].id).await.unwrap().unwrap();
    assert_eq!((one.delivery.status, one.delivery.attempts), (DeliveryStatus::Pending, 7));
    hub.settle(&one.delivery, FAILED).await;
    let dead = hub.store.find_delivery(endpoint.id, due[0].id).await.unwrap().unwrap().delivery;
    assert_eq!((dead.status, dead.next_attempt_at), (DeliveryStatus::Dead, None));
    let counts = hub.store.count_deliveries().await.unwrap();
    assert_eq!((counts[0].1.pending, counts[0].1.dead), (2, 1));
}

async fn an_endpoint_that_fails_is_left_in_peace_and_comes_back(database: TestDatabase) {
    let hub = seeded(&database).await;
    let endpoint = hub.endpoint(&[EventKind::NewChat]).await;
    for n in 1..=6 {
        hub.open(&format!("551198888000{n}"), &format!("m{n}")).await;
    }
    hub.publish().await;
    let due = hub.due(&endpoint).await;
    for delivery in &due[..usize::try_from(FAILURES_MAX).unwrap()] {
        hub.settle(delivery, FAILED).await;
    }
    let paused = hub.found(&endpoint).await;
    assert!(paused.is_paused(hub.clock.now()) && paused.last_error == "respondeu 500");
    assert_eq!(hub.store.list_due_endpoints(hub.clock.now()).await.unwrap(), []);
    hub.clock.advance(Duration::from_mins(1));
    assert_eq!(hub.store.list_due_endpoints(hub.clock.now()).await.unwrap(), [endpoint.id]);
    // The second attempt of the first one would be due; let the third fail once more.
    let third = hub.store.find_delivery(endpoint.id, due[2].id).await.unwrap().unwrap().delivery;
    hub.settle(&third, FAILED).await;
    assert!(hub.found(&endpoint).await.is_paused(hub.clock.now()));
    hub.clock.advance(Duration::from_mins(2));
    let trial = hub.due(&endpoint).await.remove(0);
    hub.settle(&trial, Verdict::Taken).await;
    let healthy = hub.found(&endpoint).await;
    assert_eq!((healthy.failures, healthy.pauses, healthy.paused_until), (0, 0, None));
    assert!(healthy.last_success_at.is_some());
    let due: Vec<_> = hub.due(&endpoint).await.iter().map(|d| d.event_row_id).collect();
    assert_eq!(due.len(), 5, "what failed meanwhile waits no longer");
    assert!(due.is_sorted());
}

async fn what_is_gone_is_told_nothing_more(database: TestDatabase) {
    let hub = seeded(&database).await;
    let endpoint = hub.endpoint(&[EventKind::NewChat]).await;
    hub.open("5511988880001", "m1").await;
    hub.open("5511988880002", "m2").await;
    hub.publish().await;
    hub.settle(&hub.due(&endpoint).await[0], Verdict::Gone).await;
    assert!(!hub.found(&endpoint).await.is_active);
    assert_eq!(hub.store.list_due_endpoints(hub.clock.now()).await.unwrap(), []);
    hub.open("5511988880003", "m3").await;
    assert_eq!(hub.kinds().await, []);
    let changes = EndpointChanges { is_active: Some(true), ..EndpointChanges::default() };
    hub.store.update_webhook_endpoint(endpoint.id, changes, ADMIN, hub.clock.now()).await.unwrap();
    let due = hub.store.list_due_endpoints(hub.clock.now()).await.unwrap();
    assert_eq!(due, [endpoint.id], "what waited when it went is still there");
    assert_eq!(hub.found(&endpoint).await.failures, 0);
}

async fn deliveries_are_sent_again_by_id_and_by_time(database: TestDatabase) {
    let hub = seeded(&database).await;
    let early = hub.clock.now();
    let first = hub.endpoint(&[EventKind::NewChat, EventKind::MessageReceived]).await;
    hub.open("5511988880001", "m1").await;
    hub.publish().await;
    for delivery in hub.due(&first).await {
        hub.settle(&delivery, Verdict::Taken).await;
    }
    let one = hub.statuses(&first).await;
    assert_eq!(one, [DeliveryStatus::Delivered; 2]);
    let delivery = hub.store.list_deliveries(first.id, &DeliveryFilter::default(), PAGE).await;
    let delivery = delivery.unwrap().rows.remove(1);
    let again = hub.store.replay_delivery(first.id, delivery.id, hub.clock.now()).await.unwrap();
    let again = again.unwrap();
    assert_eq!((again.attempts, again.replays, &again.event_id), (0, 1, &delivery.event_id));
    assert_eq!(hub.due(&first).await.len(), 1);
    let middle = hub.clock.now();
    hub.open("5511988880002", "m2").await;
    hub.publish().await;
    // Somebody who came later is told what he asks for.
    let late = hub.endpoint(&[EventKind::NewChat]).await;
    let replay = |from, until| Replay { from, until, kinds: Vec::new(), only: None };
    let count = async |endpoint: &WebhookEndpoint, replay: Replay| {
        hub.store.replay_range(endpoint, replay, hub.clock.now()).await.unwrap().unwrap()
    };
    assert_eq!(count(&late, replay(early, hub.clock.now())).await, 2);
    assert_eq!(hub.due(&late).await.len(), 2);
    assert_eq!(count(&first, replay(early, middle)).await, 2);
    let kinds = vec![EventKind::MessageReceived];
    let of_kind = Replay { kinds, ..replay(early, hub.clock.now()) };
    assert_eq!(count(&first, of_kind.clone()).await, 2);
    assert_eq!(count(&late, of_kind).await, 0, "it does not want them");
    let dead = Replay { only: Some(DeliveryStatus::Dead), ..replay(early, hub.clock.now()) };
    assert_eq!(count(&first, dead.clone()).await, 0);
    hub.settle(&hub.due(&first).await[0], Verdict::Gone).await;
    assert_eq!(count(&first, dead).await, 1);
    assert_eq!(count(&first, replay(hub.clock.now(), hub.clock.now())).await, 0);
}

async fn an_attempt_under_way_does_not_end_what_was_sent_again(database: TestDatabase) {
    let hub = seeded(&database).await;
    let endpoint = hub.endpoint(&[EventKind::NewChat]).await;
    hub.open("5511988880001", "m1").await;
    hub.publish().await;
    let made = hub.due(&endpoint).await.remove(0);
    let under_way = Delivery { attempts: 7, ..made.clone() };
    let replayed = hub.store.replay_delivery(endpoint.id, made.id, hub.clock.now()).await.unwrap();
    hub.settle(&under_way, FAILED).await;
    let found = hub.store.find_delivery(endpoint.id, made.id).await.unwrap().unwrap().delivery;
    assert_eq!(Some(&found), replayed.as_ref());
    assert_eq!((found.status, found.attempts), (DeliveryStatus::Pending, 0));
    assert_eq!(found.created_at, made.created_at);
    hub.settle(&under_way, Verdict::Taken).await;
    let found = hub.store.find_delivery(endpoint.id, made.id).await.unwrap().unwrap().delivery;
    assert_eq!(found.status, DeliveryStatus::Delivered, "it has it");
}

async fn too_old_and_too_many_are_given_up_and_removed(database: TestDatabase) {
    let hub = seeded(&database).await;
    let endpoint = hub.endpoint(&[EventKind::NewChat]).await;
    hub.open("5511988880001", "m1").await;
    hub.publish().await;
    let sweep = async || {
        let ago = |days| hub.clock.now().minus(Duration::from_hours(24 * days));
        hub.store.sweep_deliveries(ago(PENDING_DAYS), ago(KEPT_DAYS)).await.unwrap()
    };
    assert_eq!(sweep().await, Swept::default());
    hub.clock.advance(Duration::from_hours(24 * PENDING_DAYS + 1));
    assert_eq!(sweep().await, Swept { given_up: 1, removed: 0 });
    let page = hub.store.list_deliveries(endpoint.id, &DeliveryFilter::default(), PAGE).await;
    let dead = page.unwrap().rows.remove(0);
    assert_eq!(dead.status, DeliveryStatus::Dead);
    assert!(dead.last_error.starts_with("Desistimos"), "{}", dead.last_error);
    hub.clock.advance(Duration::from_hours(24 * KEPT_DAYS));
    assert_eq!(sweep().await, Swept { given_up: 0, removed: 1 });
    assert_eq!(hub.statuses(&endpoint).await, []);
    // More than may wait: the oldest are given up.
    let surplus = 3;
    let (now, rows) = (hub.clock.now(), PENDING_MAX + surplus);
    let filled = hub.store.unit(unit!(tx => {
        let events = sql("INSERT INTO integration_events (event_id, kind, at, body) \
             WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n \
             WHERE i < $1) SELECT 'x', 'new_chat', $2, '{}' FROM n");
        tx.run(events.bind(rows).bind(now)).await?;
        let deliveries = sql("INSERT INTO webhook_deliveries (endpoint_id, event_row_id, status, \
             attempts, replays, next_attempt_at, last_error, last_answer, created_at, \
             waiting_since) \
             SELECT $1, id, 'pending', 0, 0, $2, '', '', $2, $2 FROM integration_events");
        tx.run(deliveries.bind(endpoint.id).bind(now)).await
    }));
    assert_eq!(filled.await.unwrap(), u64::try_from(rows).unwrap());
    assert_eq!(sweep().await, Swept { given_up: 3, removed: 0 });
    let counts = hub.store.count_deliveries().await.unwrap();
    assert_eq!((counts[0].1.pending, counts[0].1.dead), (PENDING_MAX, surplus));
    let first = hub.due(&endpoint).await.remove(0);
    let filter = DeliveryFilter { status: Some(DeliveryStatus::Dead), ..DeliveryFilter::default() };
    let dead = hub.store.list_deliveries(endpoint.id, &filter, PAGE).await.unwrap().rows;
    assert!(dead.iter().all(|dead| dead.id < first.id), "the oldest");
    // And more than may be sent again at once: nothing is.
    let replay =
        Replay { from: Timestamp::EPOCH, until: hub.clock.now(), kinds: Vec::new(), only: None };
    let refused = hub.store.replay_range(&endpoint, replay, hub.clock.now()).await.unwrap();
    assert_eq!(refused, None);
    assert_eq!(hub.store.count_deliveries().await.unwrap()[0].1.dead, surplus);
    // Removing it removes them all.
    assert!(hub.store.delete_webhook_endpoint(endpoint.id, ADMIN, hub.clock.now()).await.unwrap());
    assert_eq!(hub.store.count_deliveries().await.unwrap(), []);
}

async fn endpoints_are_few_and_their_secrets_stay_out_of_the_trail(database: TestDatabase) {
    let hub = seeded(&database).await;
    let first = hub.endpoint(&[EventKind::NewChat]).await;
    let until = hub.clock.now().plus(Duration::from_hours(24));
    let rotated = hub
        .store
        .rotate_webhook_secret(first.id, "v1:two".to_owned(), until, ADMIN, hub.clock.now())
        .await
        .unwrap()
        .unwrap();
    let secrets: Vec<_> = rotated.signing_secrets(hub.clock.now()).collect();
    assert_eq!(secrets, ["v1:two", "v1:one"]);
    let trail = hub.store.list_audit_entries(AuditFilter::default(), PAGE).await.unwrap().rows;
    let texts = format!("{trail:?}");
    assert!(!texts.contains("v1:") && texts.contains("***"), "{texts}");
    assert!(trail.iter().all(|entry| entry.subject == AuditSubject::Settings));
    for _ in 1..ENDPOINTS_MAX {
        hub.endpoint(&[EventKind::NewChat]).await;
    }
    let new = wanting(&[EventKind::NewChat]);
    let refused = hub.store.insert_webhook_endpoint(new, ADMIN, hub.clock.now()).await.unwrap();
    assert_eq!(refused, None);
    let all = hub.store.list_webhook_endpoints().await.unwrap();
    assert_eq!(i64::try_from(all.len()).unwrap(), ENDPOINTS_MAX);
}

async fn what_was_not_put_together_is_there_after_a_restart(database: TestDatabase) {
    let hub = seeded(&database).await;
    let endpoint = hub.endpoint(&[EventKind::NewChat]).await;
    hub.open("5511988880001", "m1").await;
    let before = hub.store.list_new_events(10).await.unwrap();
    let Fixture { store, clock } = hub;
    store.close().await;
    let hub = Fixture { store: database.open().await, clock };
    assert_eq!(hub.store.list_new_events(10).await.unwrap(), before);
    assert_eq!(hub.publish().await, before);
    assert_eq!(hub.due(&endpoint).await[0].event_id, before[0].event_id);
    // Which kinds are wanted is known again, too.
    hub.open("5511988880002", "m2").await;
    assert_eq!(hub.kinds().await, [EventKind::NewChat]);
}

/// Figures, not a proof: `cargo test -p dx-actors webhook_tests::figures -- --ignored --nocapture`.
mod figures {
    use std::time::Instant;

    use super::*;

    const MESSAGES: usize = 20_000;
    const AT_ONCE: usize = 256;

    #[tokio::test]
    #[ignore = "prints figures of this machine"]
    async fn what_the_outbox_costs() {
        let hub = seeded(&TestDatabase::sqlite()).await;
        hub.open("5511988880001", "m").await;
        for listening in ["nobody listens", "one listens", "nobody listens"] {
            let endpoint = match listening {
                "one listens" => Some(hub.endpoint(&[EventKind::MessageReceived]).await),
                _ => None,
            };
            let begun = Instant::now();
            for first in (0..MESSAGES).step_by(AT_ONCE) {
                let mut appends = tokio::task::JoinSet::new();
                for n in first..first + AT_ONCE {
                    let (store, id) =
                        (hub.store.clone(), format!("{}-{n}", hub.clock.now().micros()));
                    let message = hub.message("5511988880001", &id);
                    appends.spawn(async move { store.append_message(message).await.unwrap() });
                }
                appends.join_all().await;
            }
            let rate = MESSAGES.div_ceil(AT_ONCE) * AT_ONCE * 1000
                / usize::try_from(begun.elapsed().as_millis()).unwrap().max(1);
            eprintln!("{listening}: {rate} messages a second");
            if let Some(endpoint) = endpoint {
                hub.store
                    .delete_webhook_endpoint(endpoint.id, ADMIN, hub.clock.now())
                    .await
                    .unwrap();
            }
        }
    }
}
