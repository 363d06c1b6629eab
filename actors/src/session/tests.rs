//! Numbers on the sandbox network: the order of states, what goes wrong, and what is not lost.

use std::time::Duration;

use super::SandboxFault;
use crate::{
    both_databases,
    chat::Outgoing,
    clock::Clock,
    domain::{
        ChangeKind, MessageChange, MessageKind, MessageStatus, SessionStatus, Side,
        session::COLD_REST,
    },
    events::HubEvent,
    store::Fault,
    testing::{TestDatabase, TestHub, eventually},
};

both_databases!(
    states_come_in_order,
    starting_twice_changes_nothing,
    stopping_while_connecting_leaves_it_stopped,
    codes_that_nobody_scans_end_in_an_error,
    a_code_to_type_takes_the_place_of_the_one_to_scan,
    a_code_that_nobody_types_ends_in_an_error,
    a_suspension_stops_the_number_and_spares_strangers_for_a_day_longer,
    a_change_is_answered_after_its_commit,
    a_dropped_connection_comes_back_and_sends_what_waited,
    a_dropped_connection_comes_back_although_that_could_not_be_stored,
    logging_out_on_the_phone_is_final,
    a_refused_message_fails_and_says_why,
    what_could_not_be_stored_does_not_hold_a_message_back,
    ticks_out_of_order_do_not_go_back,
    a_message_delivered_twice_is_stored_once,
    a_crashed_session_comes_back,
    a_restarted_hub_sends_what_was_queued,
);

const CHAT: &str = "5511988880001";

async fn ready(hub: &TestHub) {
    hub.connect().await;
}

async fn send(hub: &TestHub, text: &str) -> crate::domain::Message {
    let outgoing = Outgoing {
        agent_id: Some(TestHub::ADMIN),
        phone: CHAT.to_owned(),
        kind: MessageKind::Text,
        text: text.to_owned(),
        media_url: None,
        media: None,
        details: None,
        quoted_message_id: None,
        client_message_id: None,
        is_automatic: false,
    };
    hub.hub.chats().send(&TestHub::key(CHAT), outgoing).await.unwrap()
}

async fn stored(hub: &TestHub, message_id: &str) -> crate::domain::Message {
    let found = hub.hub.store().find_message_by_provider_id(TestHub::SESSION, message_id).await;
    found.unwrap().unwrap()
}

async fn status(hub: &TestHub) -> SessionStatus {
    hub.hub.sessions().resolve(None).await.unwrap().status
}

async fn states_come_in_order(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let started = hub.hub.sessions().start(TestHub::SESSION).await.unwrap();
    assert_eq!(started.status, SessionStatus::Connecting);
    let mut states = Vec::new();
    while states.last() != Some(&"Ready".to_owned()) {
        let state = hub.event(|event| match event {
            HubEvent::SessionStatusChanged { status, .. } => Some(format!("{status:?}")),
            HubEvent::QrCode { code, .. } => Some(code[..2].to_owned()),
            _ => None,
        });
        states.push(state.await);
    }
    assert_eq!(states, ["Connecting", "QrCode", "2@", "Authenticated", "Ready"]);
    let session = hub.hub.sessions().resolve(None).await.unwrap();
    assert_eq!(session.phone_number, "5511900000001");
    assert!(session.connected_at.is_some());
    let stopped = hub.hub.sessions().stop(TestHub::SESSION).await.unwrap();
    assert_eq!(stopped.status, SessionStatus::Disconnected);
    assert!(stopped.disconnected_at.is_some() && !hub.hub.sessions().is_ready(TestHub::SESSION));
    hub.stop().await;
}

async fn starting_twice_changes_nothing(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    let again = hub.hub.sessions().start(TestHub::SESSION).await.unwrap();
    assert_eq!(again.status, SessionStatus::Ready);
    hub.stop().await;
}

async fn stopping_while_connecting_leaves_it_stopped(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    for _ in 0..20 {
        hub.hub.sessions().start(TestHub::SESSION).await.unwrap();
        hub.hub.sessions().stop(TestHub::SESSION).await.unwrap();
        assert_eq!(status(&hub).await, SessionStatus::Disconnected);
    }
    ready(&hub).await;
    hub.stop().await;
}

async fn codes_that_nobody_scans_end_in_an_error(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    hub.network.fault(TestHub::SESSION, SandboxFault::QrExpires).await;
    hub.hub.sessions().start(TestHub::SESSION).await.unwrap();
    for _ in 0..6 {
        hub.event(|event| matches!(event, HubEvent::QrCode { .. }).then_some(())).await;
    }
    eventually(async || status(&hub).await == SessionStatus::Error).await;
    let session = hub.hub.sessions().resolve(None).await.unwrap();
    assert_eq!(session.last_error, "qr_expirado");
    assert_eq!(session.reconnect_attempts, 0, "an expired code is no lost connection");
    ready(&hub).await;
    hub.stop().await;
}

async fn a_code_to_type_takes_the_place_of_the_one_to_scan(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let phone = "5511900000001".to_owned();
    hub.hub.sessions().start_by_phone(TestHub::SESSION, phone).await.unwrap();
    let mut states = Vec::new();
    while states.last() != Some(&"Ready".to_owned()) {
        let state = hub.event(|event| match event {
            HubEvent::SessionStatusChanged { status, .. } => Some(format!("{status:?}")),
            HubEvent::PairingCode { code, .. } => Some(format!("{} characters", code.len())),
            HubEvent::QrCode { .. } => panic!("nobody asked for a code to scan"),
            _ => None,
        });
        states.push(state.await);
    }
    assert_eq!(states, ["Connecting", "QrCode", "8 characters", "Authenticated", "Ready"]);
    let live = hub.hub.sessions().live(TestHub::SESSION).unwrap();
    assert_eq!(live.pairing, crate::session::Pairing::default(), "it is of no use any more");
    hub.stop().await;
}

async fn a_code_that_nobody_types_ends_in_an_error(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    hub.network.fault(TestHub::SESSION, SandboxFault::QrExpires).await;
    let phone = "5511900000001".to_owned();
    hub.hub.sessions().start_by_phone(TestHub::SESSION, phone).await.unwrap();
    eventually(async || status(&hub).await == SessionStatus::Error).await;
    let session = hub.hub.sessions().resolve(None).await.unwrap();
    assert_eq!(session.last_error, "qr_expirado");
    ready(&hub).await;
    hub.stop().await;
}

async fn a_suspension_stops_the_number_and_spares_strangers_for_a_day_longer(
    database: TestDatabase,
) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    let now = hub.clock.now();
    hub.network.fault(TestHub::SESSION, SandboxFault::TemporaryBan).await;
    eventually(async || status(&hub).await == SessionStatus::Error).await;
    let session = hub.hub.sessions().resolve(None).await.unwrap();
    assert_eq!(session.last_error, "numero_banido_temporariamente");
    assert_eq!(session.reconnect_attempts, 0, "it does not come back by itself");
    let until = session.banned_until().unwrap();
    let left = until.since(now);
    assert!(left >= Duration::from_hours(1) && left < Duration::from_mins(61), "{left:?}");
    assert_eq!(session.cold_blocked_until, Some(until.plus(COLD_REST)));
    hub.stop().await;
}

async fn a_change_is_answered_after_its_commit(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let change = MessageChange {
        chat_id: CHAT.to_owned(),
        target_id: "m1".to_owned(),
        change_id: "c1".to_owned(),
        side: Side::Customer,
        agent_id: None,
        kind: ChangeKind::Reaction,
        value: "👍".to_owned(),
        at: hub.clock.now(),
    };
    assert!(hub.network.customer_changes(TestHub::SESSION, change.clone()).await);
    assert_eq!(stored(&hub, "m1").await.customer_reaction, "👍");
    assert!(hub.network.customer_changes(TestHub::SESSION, change).await, "a repeat is stored");
    hub.stop().await;
}

async fn a_dropped_connection_comes_back_and_sends_what_waited(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    hub.network.fault(TestHub::SESSION, SandboxFault::Drop).await;
    let message = send(&hub, "ainda chega?").await;
    eventually(async || stored(&hub, &message.message_id).await.status == MessageStatus::Read)
        .await;
    let session = hub.hub.sessions().resolve(None).await.unwrap();
    assert_eq!((session.status, session.reconnect_attempts), (SessionStatus::Ready, 0));
    hub.stop().await;
}

async fn a_dropped_connection_comes_back_although_that_could_not_be_stored(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    hub.hub.store().fail_next_of("save_session_state", Fault::Refuse);
    hub.network.fault(TestHub::SESSION, SandboxFault::Drop).await;
    eventually(async || !hub.hub.store().awaits_fault()).await;
    let message = send(&hub, "ainda chega?").await;
    eventually(async || stored(&hub, &message.message_id).await.status == MessageStatus::Read)
        .await;
    assert_eq!(status(&hub).await, SessionStatus::Ready);
    hub.stop().await;
}

async fn logging_out_on_the_phone_is_final(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    hub.network.fault(TestHub::SESSION, SandboxFault::LoggedOut).await;
    eventually(async || status(&hub).await == SessionStatus::Error).await;
    let session = hub.hub.sessions().resolve(None).await.unwrap();
    assert_eq!(
        (session.last_error.as_str(), session.error_count),
        ("desconectado_pelo_celular", 1)
    );
    hub.stop().await;
}

async fn a_refused_message_fails_and_says_why(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    ready(&hub).await;
    hub.network.fault(TestHub::SESSION, SandboxFault::SendRefused).await;
    let refused = send(&hub, "primeira").await;
    let event = hub.event(|event| match event {
        HubEvent::MessageSent { message, .. } => Some(message.clone()),
        _ => None,
    });
    let event = event.await;
    assert_eq!((event.message_id, event.status), (refused.message_id, MessageStatus::Failed));
    assert!(event.error.contains("recusada"));
    let next = send(&hub, "segunda").await;
    eventually(async || stored(&hub, &next.message_id).await.status == MessageStatus::Read).await;
    hub.stop().await;
}

/// Neither that it is being sent nor, one report later, that it has been.
async fn what_could_not_be_stored_does_not_hold_a_message_back(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    let mut reached = hub.network.sent();
    for fault in [Fault::Refuse, Fault::UncertainNotWritten, Fault::UncertainWritten] {
        for passes in [0, 1] {
            hub.hub.store().fail_after(passes, "report_statuses", fault);
            let first = send(&hub, "primeira").await;
            let second = send(&hub, "segunda").await;
            for message in [first, second] {
                let is_read =
                    async || stored(&hub, &message.message_id).await.status == MessageStatus::Read;
                eventually(is_read).await;
                let sent = reached.recv().await.unwrap();
                assert_eq!(sent.message_id, message.message_id, "{fault:?} after {passes}");
            }
            assert!(!hub.hub.store().awaits_fault());
        }
    }
    assert!(reached.try_recv().is_err(), "each reached the customer once");
    hub.stop().await;
}

async fn ticks_out_of_order_do_not_go_back(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    hub.network.fault(TestHub::SESSION, SandboxFault::OutOfOrderStatus).await;
    let message = send(&hub, "oi").await;
    eventually(async || stored(&hub, &message.message_id).await.status == MessageStatus::Read)
        .await;
    let next = send(&hub, "depois").await;
    eventually(async || stored(&hub, &next.message_id).await.status == MessageStatus::Read).await;
    assert_eq!(stored(&hub, &message.message_id).await.status, MessageStatus::Read);
    hub.stop().await;
}

async fn a_message_delivered_twice_is_stored_once(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    hub.network.fault(TestHub::SESSION, SandboxFault::DuplicateDelivery).await;
    assert!(hub.network.customer_writes(TestHub::SESSION, TestHub::inbound(CHAT, "m1")).await);
    assert!(hub.network.customer_writes(TestHub::SESSION, TestHub::inbound(CHAT, "m2")).await);
    eventually(async || {
        let found = hub.hub.store().find_chat_ticket(CHAT).await.unwrap();
        found.is_some_and(|view| view.ticket.customer_messages == 2)
    })
    .await;
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_crashed_session_comes_back(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    ready(&hub).await;
    hub.event(|e| {
        matches!(e, HubEvent::SessionStatusChanged { status: SessionStatus::Ready, .. })
            .then_some(())
    })
    .await;
    hub.hub.sessions().crash(TestHub::SESSION);
    hub.event(|e| {
        matches!(e, HubEvent::SessionStatusChanged { status: SessionStatus::Ready, .. })
            .then_some(())
    })
    .await;
    let message = send(&hub, "oi").await;
    eventually(async || stored(&hub, &message.message_id).await.status == MessageStatus::Read)
        .await;
    hub.stop().await;
}

async fn a_restarted_hub_sends_what_was_queued(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    ready(&hub).await;
    hub.network.fault(TestHub::SESSION, SandboxFault::LoggedOut).await;
    eventually(async || status(&hub).await == SessionStatus::Error).await;
    // The edge would refuse it; a message accepted a moment earlier is in this state.
    let waiting = send(&hub, "antes da queda").await;
    assert_eq!(stored(&hub, &waiting.message_id).await.status, MessageStatus::Queued);
    let clock = hub.stop().await;
    clock.advance(Duration::from_mins(1));
    let hub = TestHub::start_with(&database, clock, crate::HubConfig::default()).await;
    let mut reached = hub.network.sent();
    ready(&hub).await;
    eventually(async || stored(&hub, &waiting.message_id).await.status == MessageStatus::Read)
        .await;
    assert_eq!(reached.try_recv().unwrap().message_id, waiting.message_id);
    assert!(reached.try_recv().is_err(), "it reached the customer once");
    hub.stop().await;
}
