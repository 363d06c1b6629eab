//! What other systems are told is what the sockets are told, whatever happens to the process in between.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;

use crate::{
    both_databases,
    chat::{Closing, Outgoing, TransferRequest},
    clock::Clock,
    domain::{
        ChangeKind, List, MessageChange, MessageStatus, PresenceStatus, Side, Ticket,
        webhook::{EventKind, NewEndpoint},
    },
    events::HubEvent,
    testing::{TestDatabase, TestHub, eventually},
};

both_databases!(
    other_systems_are_told_what_the_sockets_are_told,
    what_was_committed_is_told_after_the_process_has_died,
);

const CHAT: &str = "5511988880001";

async fn listening(database: &TestDatabase) -> TestHub {
    let hub = TestHub::start(database).await;
    hub.silence().await;
    let new = NewEndpoint {
        name: "CRM".to_owned(),
        url: "https://crm.example.com/".to_owned(),
        events: List(EventKind::ALL.to_vec()),
        is_active: true,
        secret: String::new(),
    };
    let now = hub.clock.now();
    hub.hub.store().insert_webhook_endpoint(new, TestHub::ADMIN, now).await.unwrap().unwrap();
    hub
}

/// An event without its instant; of a message only what does not go on changing.
fn gist(event: &HubEvent) -> Option<String> {
    match event {
        HubEvent::MessageReceived { message, .. } => {
            Some(format!("received {} {}", message.message_id, message.text))
        }
        HubEvent::MessageSent { message, .. } => Some(format!("sent {}", message.message_id)),
        HubEvent::MessageStatusChanged { message_id, status, .. } => {
            Some(format!("status {message_id} {status:?}"))
        }
        HubEvent::MessageChanged { message, change } => {
            Some(format!("changed {} {:?}", message.message_id, change))
        }
        HubEvent::ChatOpened { .. }
        | HubEvent::ChatAssigned { .. }
        | HubEvent::ChatTransferred { .. }
        | HubEvent::ChatRequeued { .. }
        | HubEvent::ChatOverflowed { .. }
        | HubEvent::ChatClosed { .. }
        | HubEvent::ChatAutoClosed { .. }
        | HubEvent::ChatRated { .. }
        | HubEvent::SessionStatusChanged { .. } => {
            let text = format!("{event:?}");
            text.rsplit_once(", at: ").map(|(gist, _)| gist.to_owned())
        }
        _ => None,
    }
}

async fn composed(hub: &TestHub) -> Vec<String> {
    let events = hub.hub.next_integration_events(1000).await.unwrap();
    let mut gists: Vec<String> =
        events.iter().map(|(_, what)| gist(what.as_ref().unwrap()).unwrap()).collect();
    gists.sort();
    gists
}

fn tapped(tap: &mut Receiver<HubEvent>, gists: &mut Vec<String>) {
    while let Ok(event) = tap.try_recv() {
        gists.extend(gist(&event));
    }
    gists.sort();
}

async fn other_systems_are_told_what_the_sockets_are_told(database: TestDatabase) {
    let hub = listening(&database).await;
    let mut tap = hub.hub.outboxes().tap();
    hub.connect().await;
    hub.receive(CHAT, "m1").await.unwrap();
    hub.online(TestHub::ADMIN).await;
    eventually(async || hub.ticket(CHAT).await.agent_id.is_some()).await;
    let key = TestHub::key(CHAT);
    let mut outgoing = Outgoing::text(CHAT.to_owned(), "olá".to_owned());
    outgoing.agent_id = Some(TestHub::ADMIN);
    let sent = hub.hub.chats().send(&key, outgoing).await.unwrap();
    hub.receive(CHAT, "m2").await.unwrap();
    let heart = MessageChange {
        chat_id: CHAT.to_owned(),
        target_id: "m2".to_owned(),
        change_id: "c1".to_owned(),
        side: Side::Customer,
        agent_id: None,
        kind: ChangeKind::Edit,
        value: "oi, bom dia".to_owned(),
        at: hub.clock.now(),
    };
    hub.hub.chats().change(TestHub::SESSION, heart).await.unwrap();
    let read = async || {
        let store = hub.hub.store();
        let found = store.find_message_by_provider_id(TestHub::SESSION, &sent.message_id).await;
        found.unwrap().unwrap().status == MessageStatus::Read
    };
    eventually(read).await;
    let sales = hub.department("Vendas", vec![TestHub::ADMIN], 3).await;
    let presence = hub.hub.presence();
    presence.set_status(TestHub::ADMIN, PresenceStatus::Busy, None, None).await.unwrap();
    let request = TransferRequest {
        by: TestHub::ADMIN,
        to_agent_id: None,
        to_department_id: Some(sales.id),
        reason: "vendas".to_owned(),
    };
    hub.hub.chats().transfer(&hub.ticket(CHAT).await, request).await.unwrap();
    let acceptance = crate::chat::Acceptance::own(TestHub::ADMIN);
    hub.hub.chats().accept(&hub.ticket(CHAT).await, acceptance).await.unwrap();
    hub.clock.advance(Duration::from_mins(1));
    let open: Ticket = hub.ticket(CHAT).await;
    hub.hub.chats().rate(&open, 5, String::new(), Some(TestHub::ADMIN)).await.unwrap();
    hub.hub.chats().close(&open, Closing::default()).await.unwrap();
    let mut told = Vec::new();
    let agrees = async || composed(&hub).await.iter().any(|gist| gist.starts_with("ChatClosed"));
    eventually(agrees).await;
    tapped(&mut tap, &mut told);
    // The text has been corrected by the time both were read.
    let corrected = told.iter().position(|gist| gist == "received m2 oi").unwrap();
    told[corrected] = "received m2 oi, bom dia".to_owned();
    told.sort();
    assert_eq!(composed(&hub).await, told);
    for kind in ["ChatOpened", "ChatAssigned", "ChatTransferred", "ChatRated", "changed", "sent "] {
        assert!(told.iter().any(|gist| gist.starts_with(kind)), "{kind} in {told:#?}");
    }
    assert_eq!(told.iter().filter(|gist| gist.starts_with("ChatAssigned")).count(), 2);
    hub.stop().await;
}

async fn what_was_committed_is_told_after_the_process_has_died(database: TestDatabase) {
    let hub = listening(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let before = composed(&hub).await;
    assert_eq!(before.len(), 2, "{before:?}");
    // Nobody has put anything together or sent it; the next process does.
    let clock = hub.stop().await;
    let hub = TestHub::start_with(&database, clock, crate::HubConfig::default()).await;
    assert_eq!(composed(&hub).await, before);
    hub.receive(CHAT, "m2").await.unwrap();
    assert_eq!(composed(&hub).await.len(), 3);
    hub.stop().await;
}
