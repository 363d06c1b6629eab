//! The store's suite of what explains a number: its states, its latencies, its failures.

use std::time::Duration;

use super::{
    session_states::{STATES_KEPT, STATES_MAX},
    tests::{Fixture, seeded},
    *,
};
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        Direction, MessageStatus, NewMessage, SessionId, SessionStatus, Timestamp, WhatsAppSession,
        diagnosis::Facts,
        latency::{Histogram, Hop},
    },
    testing::TestDatabase,
};

both_databases!(
    each_state_is_noted_once_and_with_its_reason,
    the_history_of_a_number_is_bounded,
    what_waits_and_what_failed_is_counted,
    each_hop_is_counted_in_its_bucket,
);

const SESSION: SessionId = SessionId(1);

impl Fixture {
    async fn session(&self) -> WhatsAppSession {
        self.store.find_session(SESSION).await.unwrap().unwrap()
    }

    async fn state(&self, status: SessionStatus, error: &str, attempts: i64) {
        let session = WhatsAppSession {
            status,
            last_error: error.to_owned(),
            reconnect_attempts: attempts,
            updated_at: self.clock.now(),
            ..self.session().await
        };
        self.store.save_session_state(session).await.unwrap();
    }

    async fn facts(&self) -> Facts {
        self.store.find_session_facts(SESSION, self.clock.now()).await.unwrap().unwrap()
    }

    async fn outbound(&self, id: &str) -> NewMessage {
        let new =
            NewMessage { direction: Direction::Outbound, ..self.message("5511988880001", id) };
        self.store.append_message(new.clone()).await.unwrap().unwrap();
        new
    }

    async fn moves(&self, id: &str, status: MessageStatus, error: &str) {
        let report = StatusReport {
            session_id: SESSION,
            message_id: id.to_owned(),
            status,
            at: self.clock.now(),
            error: error.to_owned(),
            network_id: None,
        };
        self.store.report_statuses(vec![report]).await.remove(0).unwrap().unwrap();
    }
}

async fn each_state_is_noted_once_and_with_its_reason(database: TestDatabase) {
    let hub = seeded(&database).await;
    hub.state(SessionStatus::Connecting, "", 0).await;
    hub.state(SessionStatus::Ready, "", 0).await;
    // The same again, as when a block is noted, is no other state.
    hub.state(SessionStatus::Ready, "", 0).await;
    hub.state(SessionStatus::Connecting, "conexao_perdida", 1).await;
    hub.state(SessionStatus::Connecting, "conexao_perdida", 2).await;
    let states = hub.store.list_session_states(SESSION, 100).await.unwrap();
    let told: Vec<_> = states.iter().map(|s| (s.status, s.reason.as_str(), s.attempts)).collect();
    let lost = "conexao_perdida";
    let expected = [
        (SessionStatus::Connecting, lost, 2),
        (SessionStatus::Connecting, lost, 1),
        (SessionStatus::Ready, "", 0),
        (SessionStatus::Connecting, "", 0),
    ];
    assert_eq!(told, expected);
    assert!(states.windows(2).all(|pair| pair[0].at > pair[1].at));
    // A state that was not written is not noted.
    hub.store.fail_next(Fault::Refuse);
    let refused = WhatsAppSession { status: SessionStatus::Error, ..hub.session().await };
    hub.store.save_session_state(refused).await.unwrap_err();
    assert_eq!(hub.store.list_session_states(SESSION, 100).await.unwrap(), states);
    assert_eq!(hub.store.list_session_states(SESSION, 1).await.unwrap(), states[..1]);
    let nobody = hub.store.find_session_facts(SessionId(999), hub.clock.now()).await.unwrap();
    assert_eq!(nobody, None);
}

async fn the_history_of_a_number_is_bounded(database: TestDatabase) {
    let hub = seeded(&database).await;
    for attempt in 0..STATES_MAX + 5 {
        hub.state(SessionStatus::Connecting, "conexao_perdida", attempt).await;
    }
    let states = hub.store.list_session_states(SESSION, 1000).await.unwrap();
    let attempts: Vec<i64> = states.iter().map(|state| state.attempts).collect();
    assert_eq!(attempts, (5..STATES_MAX + 5).rev().collect::<Vec<_>>());
    hub.clock.advance(STATES_KEPT + Duration::from_secs(1));
    hub.state(SessionStatus::Ready, "", 0).await;
    let states = hub.store.list_session_states(SESSION, 1000).await.unwrap();
    assert_eq!(states.len(), 1);
    assert_eq!(states[0].status, SessionStatus::Ready);
}

async fn what_waits_and_what_failed_is_counted(database: TestDatabase) {
    let hub = seeded(&database).await;
    let empty = hub.facts().await;
    assert_eq!((empty.unsent.total(), empty.unsent.oldest_at, empty.written), (0, None, 0));
    assert_eq!((empty.last_received_at, empty.last_sent_at), (None, None));
    let first = hub.outbound("a").await;
    for id in ["b", "c", "d", "e", "f"] {
        hub.outbound(id).await;
    }
    hub.moves("b", MessageStatus::Sending, "").await;
    hub.moves("c", MessageStatus::Sent, "").await;
    let sent_at = hub.store.find_message_by_provider_id(SESSION, "c").await.unwrap().unwrap();
    for (id, error) in [("d", "131026: Não entregue."), ("e", "131026: Não entregue."), ("f", "")]
    {
        hub.moves(id, MessageStatus::Failed, error).await;
    }
    let inbound = hub.message("5511988880001", "in");
    hub.store.append_message(inbound.clone()).await.unwrap().unwrap();
    let key =
        |chat: &str| crate::domain::ids::ChatKey { session_id: SESSION, chat_id: chat.to_owned() };
    let cold_at = hub.clock.now();
    hub.store.spend_cold_contact(&key("5511900000001"), 10, cold_at).await.unwrap();
    hub.store.spend_cold_contact(&key("5511900000002"), 10, hub.clock.now()).await.unwrap();
    let facts = hub.facts().await;
    assert_eq!((facts.unsent.waiting, facts.unsent.sending), (1, 1));
    assert_eq!(facts.unsent.oldest_at, Some(first.at));
    assert_eq!((facts.last_received_at, facts.last_sent_at), (Some(inbound.at), sent_at.sent_at));
    assert_eq!(facts.written, 6);
    let failures: Vec<_> =
        facts.failures.iter().map(|failure| (failure.code(), failure.number)).collect();
    assert_eq!(failures, [(Some("131026"), 2), (None, 1)]);
    assert_eq!((facts.cold_spent, facts.cold_first_at), (2, Some(cold_at)));
    hub.clock.advance(Duration::from_hours(25));
    let later = hub.facts().await;
    assert_eq!((later.written, later.failures.len(), later.cold_spent), (0, 0, 0));
    assert_eq!(later.unsent, facts.unsent, "what waits counts however old it is");
}

async fn each_hop_is_counted_in_its_bucket(database: TestDatabase) {
    let hub = seeded(&database).await;
    let since = hub.clock.now();
    let wait = |ms: u64| hub.clock.advance(Duration::from_millis(ms));
    for (id, sent_ms, delivered_ms) in [("a", 80, 2000), ("b", 900, 2_000)] {
        hub.outbound(id).await;
        wait(sent_ms);
        hub.moves(id, MessageStatus::Sent, "").await;
        wait(delivered_ms);
        hub.moves(id, MessageStatus::Delivered, "").await;
    }
    wait(4_000_000);
    hub.moves("b", MessageStatus::Read, "").await;
    // The network's clock is ahead of ours by a second, and behind by two.
    for (id, ahead) in [("x", 1_000_000), ("y", -2_000_000)] {
        let new = hub.message("5511988880001", id);
        let provider_at = Some(Timestamp::from_micros(new.at.micros() + ahead));
        hub.store.append_message(NewMessage { provider_at, ..new }).await.unwrap().unwrap();
    }
    let found = hub.store.session_latencies(SESSION, since).await.unwrap();
    let of = |hop: Hop| -> &Histogram {
        &found.iter().find(|(known, _)| *known == hop).expect("rows know this hop").1
    };
    // The manual clock moves by a little with each reading.
    let counts = |hop| {
        let counts = of(hop).counts;
        (0..counts.len())
            .filter(|at| counts[*at] > 0)
            .map(|at| (at, counts[at]))
            .collect::<Vec<_>>()
    };
    assert_eq!(counts(Hop::Sending), [(1, 1), (4, 1)]);
    assert_eq!(counts(Hop::Delivering), [(5, 2)]);
    assert_eq!(counts(Hop::Reading), [(12, 1)]);
    assert_eq!(counts(Hop::Receiving), [(0, 1), (5, 1)]);
    let close = |ms: f64, wanted: f64| (ms - wanted).abs() < 5.0;
    assert!(close(of(Hop::Sending).sum_ms, 980.0), "{:?}", of(Hop::Sending));
    assert!(close(of(Hop::Reading).max_ms, 4_000_000.0), "{:?}", of(Hop::Reading));
    assert!(close(of(Hop::Receiving).sum_ms, 2000.0), "{:?}", of(Hop::Receiving));
    let none = hub.store.session_latencies(SESSION, hub.clock.now()).await.unwrap();
    assert!(none.iter().all(|(_, histogram)| histogram.total() == 0));
}
