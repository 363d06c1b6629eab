//! What the network is told beside messages, and what it tells: typing and reading.

use std::{sync::Arc, time::Duration};

use tokio::sync::broadcast;

use super::{SandboxFault, SandboxSignal};
use crate::{
    both_databases,
    chat::{Acceptance, Outgoing},
    domain::{AgentId, MessageKind, ProviderKind},
    events::HubEvent,
    testing::{MuteNetwork, TestDatabase, TestHub, eventually},
};

both_databases!(
    typing_is_shown_sparingly_and_always_ends,
    sending_ends_typing,
    a_stop_that_was_not_taken_is_told_again,
    reading_is_shown_when_the_responsible_agent_reads,
    an_answer_shows_that_everything_before_it_was_read,
    a_receipt_that_was_not_taken_is_part_of_the_next,
    a_network_that_never_answers_holds_nobody_up,
    a_customer_who_types_is_told_once_and_stops,
);

const CHAT: &str = "5511988880001";
const TTL: Duration = Duration::from_secs(10);

async fn ready(database: &TestDatabase) -> (TestHub, broadcast::Receiver<SandboxSignal>) {
    let hub = TestHub::start(database).await;
    hub.connect().await;
    let signals = hub.network.signals();
    (hub, signals)
}

fn types(hub: &TestHub, is_typing: bool) {
    let (id, chat_id) = (TestHub::SESSION, CHAT.to_owned());
    hub.hub.sessions().set_typing(id, chat_id, TestHub::ADMIN, is_typing);
}

fn shows(hub: &TestHub) -> bool {
    hub.network.shows_typing(TestHub::SESSION, CHAT)
}

fn typing(is_typing: bool) -> SandboxSignal {
    SandboxSignal::Typing { session_id: TestHub::SESSION, chat_id: CHAT.to_owned(), is_typing }
}

fn read(ids: &[&str]) -> SandboxSignal {
    let message_ids = ids.iter().map(|id| (*id).to_owned()).collect();
    SandboxSignal::Read { session_id: TestHub::SESSION, chat_id: CHAT.to_owned(), message_ids }
}

async fn accepted(hub: &TestHub, agent_id: AgentId) {
    hub.receive(CHAT, "m1").await.unwrap();
    hub.hub.chats().accept(&hub.ticket(CHAT).await, Acceptance::own(agent_id)).await.unwrap();
}

fn outgoing(is_automatic: bool) -> Outgoing {
    Outgoing {
        agent_id: (!is_automatic).then_some(TestHub::ADMIN),
        phone: CHAT.to_owned(),
        kind: MessageKind::Text,
        text: "olá".to_owned(),
        media_url: None,
        media: None,
        details: None,
        quoted_message_id: None,
        client_message_id: None,
        is_automatic,
    }
}

async fn send(hub: &TestHub, is_automatic: bool) {
    hub.hub.chats().send(&TestHub::key(CHAT), outgoing(is_automatic)).await.unwrap();
}

/// Waits until the number's actor has dealt with what it was told before.
async fn settled(hub: &TestHub) {
    hub.hub.sessions().start(TestHub::SESSION).await.unwrap();
}

async fn mark_read(hub: &TestHub, who: AgentId) {
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().mark_read(&ticket, who, None).await.unwrap().unwrap();
}

async fn typing_is_shown_sparingly_and_always_ends(database: TestDatabase) {
    let (hub, mut signals) = ready(&database).await;
    types(&hub, true);
    assert_eq!(signals.recv().await.unwrap(), typing(true));
    for _ in 0..20 {
        types(&hub, true);
    }
    settled(&hub).await;
    hub.clock.advance(Duration::from_secs(3));
    types(&hub, true);
    assert_eq!(signals.recv().await.unwrap(), typing(true));
    hub.clock.advance(TTL);
    assert_eq!(signals.recv().await.unwrap(), typing(false), "nobody renewed it");
    assert!(!shows(&hub) && signals.try_recv().is_err());
    // By hand as well, and a second stop says nothing.
    hub.clock.advance(TTL);
    types(&hub, true);
    assert_eq!(signals.recv().await.unwrap(), typing(true));
    types(&hub, false);
    types(&hub, false);
    assert_eq!(signals.recv().await.unwrap(), typing(false));
    settled(&hub).await;
    assert!(signals.try_recv().is_err());
    // A connection that ends takes what it shows along.
    hub.clock.advance(TTL);
    types(&hub, true);
    eventually(async || shows(&hub)).await;
    hub.hub.sessions().stop(TestHub::SESSION).await.unwrap();
    assert!(!shows(&hub));
    hub.stop().await;
}

async fn sending_ends_typing(database: TestDatabase) {
    let (hub, mut signals) = ready(&database).await;
    accepted(&hub, TestHub::ADMIN).await;
    types(&hub, true);
    assert_eq!(signals.recv().await.unwrap(), typing(true));
    send(&hub, true).await;
    settled(&hub).await;
    assert!(shows(&hub), "the hub's own messages were typed by nobody");
    send(&hub, false).await;
    eventually(async || !shows(&hub)).await;
    hub.stop().await;
}

async fn a_stop_that_was_not_taken_is_told_again(database: TestDatabase) {
    let (hub, mut signals) = ready(&database).await;
    types(&hub, true);
    assert_eq!(signals.recv().await.unwrap(), typing(true));
    hub.network.fault(TestHub::SESSION, SandboxFault::SignalFails).await;
    types(&hub, false);
    assert_eq!(signals.recv().await.unwrap(), typing(false));
    hub.stop().await;
}

async fn reading_is_shown_when_the_responsible_agent_reads(database: TestDatabase) {
    let (hub, mut signals) = ready(&database).await;
    let ana = hub.agent("ana").await.id;
    hub.receive(CHAT, "m0").await.unwrap();
    mark_read(&hub, ana).await;
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(ana)).await.unwrap();
    hub.receive(CHAT, "m1").await.unwrap();
    mark_read(&hub, TestHub::ADMIN).await;
    // Neither of the two told the customer anything: the first one is named now.
    mark_read(&hub, ana).await;
    assert_eq!(signals.recv().await.unwrap(), read(&["m0", "m1"]));
    let until = hub.hub.store();
    eventually(async || {
        let receipt = until.find_receipt(ticket.id, CHAT, crate::domain::MessageRowId(i64::MAX));
        receipt.await.unwrap().is_none()
    })
    .await;
    mark_read(&hub, ana).await;
    hub.receive(CHAT, "m2").await.unwrap();
    mark_read(&hub, ana).await;
    assert_eq!(signals.recv().await.unwrap(), read(&["m2"]));
    hub.stop().await;
}

async fn an_answer_shows_that_everything_before_it_was_read(database: TestDatabase) {
    let (mut hub, mut signals) = ready(&database).await;
    accepted(&hub, TestHub::ADMIN).await;
    send(&hub, false).await;
    assert_eq!(signals.recv().await.unwrap(), read(&["m1"]));
    let told = hub.event(|event| match event {
        HubEvent::ChatRead { unread, cause, .. } => Some((*unread, *cause)),
        _ => None,
    });
    assert_eq!(told.await, (0, crate::events::ReadCause::Answer));
    let ticket = hub.ticket(CHAT).await.id;
    let activities = hub.hub.store().chat_activities(TestHub::ADMIN, &[ticket]).await.unwrap();
    assert_eq!(activities[&ticket].unread, 0);
    hub.stop().await;
}

async fn a_receipt_that_was_not_taken_is_part_of_the_next(database: TestDatabase) {
    let (hub, mut signals) = ready(&database).await;
    accepted(&hub, TestHub::ADMIN).await;
    hub.network.fault(TestHub::SESSION, SandboxFault::SignalFails).await;
    mark_read(&hub, TestHub::ADMIN).await;
    hub.receive(CHAT, "m2").await.unwrap();
    // Told until the network takes one: the first may still be on its way.
    eventually(async || {
        mark_read(&hub, TestHub::ADMIN).await;
        !signals.is_empty()
    })
    .await;
    assert_eq!(signals.recv().await.unwrap(), read(&["m1", "m2"]));
    hub.stop().await;
}

async fn a_network_that_never_answers_holds_nobody_up(database: TestDatabase) {
    let network = Arc::new(MuteNetwork::confirming());
    let hub = TestHub::start_over(&database, ProviderKind::Sandbox, network).await.hub;
    let sessions = hub.sessions();
    for number in 0..100 {
        let chat_id = format!("551198888{number:04}");
        sessions.set_typing(TestHub::SESSION, chat_id, TestHub::ADMIN, true);
    }
    // The number answers, sends, and hangs up although a hundred indicators are stuck.
    sessions.start(TestHub::SESSION).await.unwrap();
    let sent = hub.chats().send(&TestHub::key(CHAT), outgoing(false)).await.unwrap();
    eventually(async || {
        let found = hub.store().find_message_by_provider_id(TestHub::SESSION, &sent.message_id);
        found.await.unwrap().is_some_and(|message| message.sent_at.is_some())
    })
    .await;
    sessions.stop(TestHub::SESSION).await.unwrap();
    hub.stop().await;
}

async fn a_customer_who_types_is_told_once_and_stops(database: TestDatabase) {
    let (mut hub, _signals) = ready(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let network = hub.network.clone();
    let types = async |is_typing| {
        assert!(network.customer_types(TestHub::SESSION, CHAT.to_owned(), is_typing).await);
    };
    let next = |event: &HubEvent| match event {
        HubEvent::TypingStarted { .. } => Some(true),
        HubEvent::TypingStopped { .. } => Some(false),
        _ => None,
    };
    types(true).await;
    types(true).await;
    types(false).await;
    types(false).await;
    assert_eq!((hub.event(next).await, hub.event(next).await), (true, false));
    types(true).await;
    network.customer_writes(TestHub::SESSION, TestHub::inbound(CHAT, "m2")).await;
    assert_eq!((hub.event(next).await, hub.event(next).await), (true, false));
    types(true).await;
    assert!(hub.event(next).await);
    hub.clock.advance(TTL);
    assert!(!hub.event(next).await, "a network that forgets the end");
    types(true).await;
    assert!(hub.event(next).await);
    hub.network.fault(TestHub::SESSION, SandboxFault::LoggedOut).await;
    assert!(!hub.event(next).await, "nobody types over a connection that is gone");
    hub.stop().await;
}
