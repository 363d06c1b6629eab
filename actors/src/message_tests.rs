//! What real networks do to messages: changes in any order, doubt, strangers, phones beside us.

use std::{sync::Arc, time::Duration};

use crate::{
    both_databases,
    chat::Outgoing,
    clock::Clock,
    domain::{
        ChangeKind, Direction, Inbound, Message, MessageChange, MessageKind, MessageStatus,
        ProviderKind, SessionChanges, Side, notification::Topic,
    },
    events::HubEvent,
    testing::{MuteNetwork, TestDatabase, TestHub, eventually},
};

both_databases!(
    changes_count_by_their_time_and_are_all_kept,
    a_change_before_its_message_waits_for_it,
    only_the_author_corrects_and_a_repeat_is_nothing,
    what_the_company_says_on_its_phone_is_an_answer,
    an_album_of_ten_is_one_chat_and_ten_messages_in_order,
    what_a_network_kept_for_long_calls_nobody,
    strangers_have_a_daily_budget,
    a_number_keeps_its_pace,
    two_addresses_of_one_person_are_one_chat,
    doubt_is_never_sent_twice,
    what_waits_can_be_cancelled_and_what_failed_sent_again,
);

const CHAT: &str = "5511988880001";

async fn ready(database: &TestDatabase) -> TestHub {
    let hub = TestHub::start(database).await;
    hub.connect().await;
    hub
}

fn change(hub: &TestHub, target: &str, id: &str, kind: ChangeKind, value: &str) -> MessageChange {
    MessageChange {
        chat_id: CHAT.to_owned(),
        target_id: target.to_owned(),
        change_id: id.to_owned(),
        side: Side::Customer,
        agent_id: None,
        kind,
        value: value.to_owned(),
        at: hub.clock.now(),
    }
}

async fn stored(hub: &TestHub, message_id: &str) -> Message {
    let store = hub.hub.store();
    store.find_message_by_provider_id(TestHub::SESSION, message_id).await.unwrap().unwrap()
}

async fn changes_count_by_their_time_and_are_all_kept(database: TestDatabase) {
    let mut hub = ready(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let first = change(&hub, "m1", "c1", ChangeKind::Edit, "olá");
    hub.clock.advance(Duration::from_secs(1));
    let second = change(&hub, "m1", "c2", ChangeKind::Edit, "olá, bom dia");
    hub.clock.advance(Duration::from_secs(1));
    let heart = change(&hub, "m1", "c3", ChangeKind::Reaction, "❤");
    let handle = hub.hub.clone();
    let chats = handle.chats();
    // The network brings the later one first.
    for each in [second, first, heart] {
        chats.change(TestHub::SESSION, each).await.unwrap().unwrap();
    }
    let message = stored(&hub, "m1").await;
    assert_eq!((message.text.as_str(), message.customer_reaction.as_str()), ("olá, bom dia", "❤"));
    assert!(message.edited_at.is_some());
    let told = hub
        .event(|event| match event {
            HubEvent::MessageChanged { change, .. } if change.change_id == "c2" => {
                Some((change.previous.clone(), change.value.clone()))
            }
            _ => None,
        })
        .await;
    assert_eq!(told, ("oi".to_owned(), "olá, bom dia".to_owned()));
    let all = hub.hub.store().list_message_changes(message.id).await.unwrap();
    let ids: Vec<_> = all.iter().map(|change| change.change_id.as_str()).collect();
    assert_eq!(ids, ["c2", "c1", "c3"]);
    let away = change(&hub, "m1", "c4", ChangeKind::Reaction, "");
    hub.clock.advance(Duration::from_secs(1));
    chats.change(TestHub::SESSION, MessageChange { at: hub.clock.now(), ..away }).await.unwrap();
    assert_eq!(stored(&hub, "m1").await.customer_reaction, "");
    let gone = change(&hub, "m1", "c5", ChangeKind::Deletion, "");
    chats.change(TestHub::SESSION, gone).await.unwrap();
    let message = stored(&hub, "m1").await;
    assert_eq!((message.text.as_str(), message.deleted_at.is_some()), ("olá, bom dia", true));
    // What was corrected is found by its new words, not by the old ones.
    let found = async |text: &str| {
        let query = crate::domain::SearchQuery::parse(text).unwrap();
        let page = crate::store::Page { limit: 10, offset: 0 };
        let (scope, filter) = (crate::store::Scope::All, crate::store::SearchFilter::default());
        let store = hub.hub.store();
        let admin = crate::domain::AgentId(1);
        store.search_messages(&scope, admin, &query, &filter, page).await.unwrap().total
    };
    assert_eq!((found("dia").await, found("oi").await), (1, 0));
}

async fn a_change_before_its_message_waits_for_it(database: TestDatabase) {
    let hub = ready(&database).await;
    let handle = hub.hub.clone();
    let chats = handle.chats();
    let heart = change(&hub, "m1", "c1", ChangeKind::Reaction, "❤");
    assert_eq!(chats.change(TestHub::SESSION, heart).await.unwrap(), None);
    let delivered = hub.receive(CHAT, "m1").await.unwrap();
    // The first message opens the chat; the second one joins it.
    assert_eq!(stored(&hub, "m1").await.customer_reaction, "❤");
    assert!(!delivered.is_repeat);
    assert_eq!(delivered.message.customer_reaction, "❤", "what is told is what it is now");
    let edit = change(&hub, "m2", "c2", ChangeKind::Edit, "corrigida");
    assert_eq!(chats.change(TestHub::SESSION, edit).await.unwrap(), None);
    let delivered = hub.receive(CHAT, "m2").await.unwrap();
    assert_eq!(delivered.message.text, "corrigida");
    // One whose message never comes is forgotten.
    let lost = change(&hub, "m3", "c3", ChangeKind::Edit, "nunca");
    chats.change(TestHub::SESSION, lost).await.unwrap();
    hub.clock.advance(Duration::from_hours(24 * 8));
    crate::sweep::once(hub.hub.context()).await;
    hub.receive(CHAT, "m3").await.unwrap();
    assert_eq!(stored(&hub, "m3").await.text, "oi");
}

async fn only_the_author_corrects_and_a_repeat_is_nothing(database: TestDatabase) {
    let hub = ready(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let handle = hub.hub.clone();
    let chats = handle.chats();
    let ours = change(&hub, "m1", "c1", ChangeKind::Edit, "nós dissemos");
    let ours = MessageChange { side: Side::Company, ..ours };
    chats.change(TestHub::SESSION, ours.clone()).await.unwrap();
    assert_eq!(stored(&hub, "m1").await.text, "oi");
    assert_eq!(chats.change(TestHub::SESSION, ours).await.unwrap(), None, "a repeat");
    // A reaction is the other side's right.
    let thumb = change(&hub, "m1", "c2", ChangeKind::Reaction, "👍");
    let thumb = MessageChange { side: Side::Company, ..thumb };
    chats.change(TestHub::SESSION, thumb).await.unwrap();
    assert_eq!(stored(&hub, "m1").await.company_reaction, "👍");
}

async fn what_the_company_says_on_its_phone_is_an_answer(database: TestDatabase) {
    let hub = ready(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let from_phone = |id: &str| Inbound { by: Side::Company, ..Inbound::text(CHAT, id, "já vai") };
    let sessions = hub.hub.sessions();
    let receive =
        async |inbound| sessions.receive(hub.hub.chats(), TestHub::SESSION, inbound).await.unwrap();
    let delivered = receive(from_phone("p1")).await;
    let message = delivered.message;
    assert_eq!((message.direction, message.status), (Direction::Outbound, MessageStatus::Sent));
    let ticket = hub.ticket(CHAT).await;
    assert_eq!((ticket.agent_messages, ticket.awaiting_since), (1, None));
    assert!(receive(from_phone("p1")).await.is_repeat);
    // Nothing is opened by it.
    let elsewhere = Inbound { chat_id: "5511977770001".to_owned(), ..from_phone("p2") };
    assert_eq!(receive(elsewhere).await.message.ticket_id, None);
    assert!(hub.hub.store().find_chat_ticket("5511977770001").await.unwrap().is_none());
}

/// A phone sends the pictures of an album one after the other, and a network repeats some of them.
async fn an_album_of_ten_is_one_chat_and_ten_messages_in_order(database: TestDatabase) {
    let mut hub = ready(&database).await;
    let ids: Vec<String> = (0..10).map(|n| format!("album-{n}")).collect();
    for id in &ids {
        let picture = Inbound { kind: MessageKind::Image, ..TestHub::inbound(CHAT, id) };
        assert!(hub.network.customer_writes(TestHub::SESSION, picture.clone()).await);
        assert!(hub.network.customer_writes(TestHub::SESSION, picture).await);
    }
    let mut told = Vec::new();
    while told.len() < ids.len() {
        told.push(
            hub.event(|event| match event {
                HubEvent::MessageReceived { message, .. } => Some(message.message_id.clone()),
                _ => None,
            })
            .await,
        );
    }
    assert_eq!(told, ids);
    let ticket = hub.ticket(CHAT).await;
    assert_eq!(ticket.customer_messages, 10);
    let page = crate::store::Page { limit: 100, offset: 0 };
    let stored = hub.hub.store().list_ticket_messages(ticket.id, page).await.unwrap().rows;
    let mut stored: Vec<_> =
        stored.into_iter().filter(|m| m.direction == Direction::Inbound).collect();
    stored.sort_by_key(|message| message.id);
    assert_eq!(stored.into_iter().map(|message| message.message_id).collect::<Vec<_>>(), ids);
    hub.check_invariants().await;
    hub.stop().await;
}

async fn what_a_network_kept_for_long_calls_nobody(database: TestDatabase) {
    let network = Arc::new(MuteNetwork::confirming());
    let mut real = TestHub::start_over(&database, ProviderKind::Cloud, network).await;
    let now = real.clock.now();
    let written = |minutes| Some(now.minus(Duration::from_mins(minutes)));
    for (id, minutes, topic) in
        [("m1", 0, Topic::Message), ("m2", 9, Topic::Message), ("m3", 11, Topic::LateMessage)]
    {
        let inbound = Inbound { provider_at: written(minutes), ..TestHub::inbound(CHAT, id) };
        let hub = real.hub.clone();
        hub.sessions().receive(hub.chats(), TestHub::SESSION, inbound).await.unwrap();
        let told = real.event(|event| match event {
            HubEvent::MessageReceived { message, topic, .. } => {
                (message.message_id == id).then_some(*topic)
            }
            _ => None,
        });
        assert_eq!(told.await, Some(topic), "{minutes} minutes");
    }
    real.stop().await;
}

async fn strangers_have_a_daily_budget(database: TestDatabase) {
    let hub = ready(&database).await;
    let limit =
        SessionChanges { cold_contacts_per_day: Some(Some(2)), ..SessionChanges::default() };
    hub.hub.sessions().update(TestHub::SESSION, limit, TestHub::ADMIN).await.unwrap();
    let send = async |number: u32| {
        let chat_id = format!("55119777700{number:02}");
        let outgoing = Outgoing::text(chat_id.clone(), "promoção".to_owned());
        hub.hub.chats().send(&TestHub::key(&chat_id), outgoing).await.map(drop)
    };
    send(1).await.unwrap();
    send(2).await.unwrap();
    send(1).await.unwrap();
    let refused = send(3).await.unwrap_err().to_string();
    assert!(refused.starts_with("O limite de 2 novos contatos"), "{refused}");
    // Whoever writes costs nothing.
    hub.receive("5511977770003", "m1").await.unwrap();
    send(3).await.unwrap();
    hub.clock.advance(Duration::from_hours(25));
    send(4).await.unwrap();
}

async fn a_number_keeps_its_pace(database: TestDatabase) {
    const PACE: Duration = Duration::from_millis(150);
    let hub = ready(&database).await;
    let pace_ms = Some(Some(150));
    let slow = SessionChanges { pace_ms, ..SessionChanges::default() };
    hub.hub.sessions().update(TestHub::SESSION, slow, TestHub::ADMIN).await.unwrap();
    let mut sent = hub.network.sent();
    let before = std::time::Instant::now();
    // Different chats, so that only the number's pace holds them back.
    for number in 0..4 {
        let chat_id = format!("551197777010{number}");
        let outgoing = Outgoing::text(chat_id.clone(), "oi".to_owned());
        hub.hub.chats().send(&TestHub::key(&chat_id), outgoing).await.unwrap();
    }
    for _ in 0..4 {
        sent.recv().await.unwrap();
    }
    assert!(before.elapsed() >= PACE * 3, "{:?}", before.elapsed());
}

async fn two_addresses_of_one_person_are_one_chat(database: TestDatabase) {
    const SHORT: &str = "551188880001";
    let hub = ready(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let sessions = hub.hub.sessions();
    let learn = async |chat_id: &str, alias: &str| {
        let alias = alias.to_owned();
        sessions.learn_alias(TestHub::SESSION, chat_id.to_owned(), alias).await;
    };
    learn(CHAT, SHORT).await;
    learn(SHORT, "7700@lid").await;
    for (address, id) in [(SHORT, "m2"), ("7700@lid", "m3")] {
        let delivered = hub.receive(address, id).await.unwrap();
        assert_eq!(delivered.message.chat_id, CHAT, "{address}");
    }
    assert_eq!(hub.ticket(CHAT).await.customer_messages, 3);
    // Whoever has a chat of his own keeps it, whatever the network says.
    hub.receive("551177770001", "m4").await.unwrap();
    learn(CHAT, "551177770001").await;
    let delivered = hub.receive("551177770001", "m5").await.unwrap();
    assert_eq!(delivered.message.chat_id, "551177770001");
    // What was learnt is known after a restart.
    hub.hub.clone().stop().await;
    let again = TestHub::start(&database).await;
    assert_eq!(again.receive(SHORT, "m6").await.unwrap().message.chat_id, CHAT);
}

async fn what_waits_can_be_cancelled_and_what_failed_sent_again(database: TestDatabase) {
    let hub = ready(&database).await;
    let mut sent = hub.network.sent();
    hub.hub.sessions().stop(TestHub::SESSION).await.unwrap();
    let outgoing = Outgoing::text(CHAT.to_owned(), "um".to_owned());
    let key = TestHub::key(CHAT);
    let message = hub.hub.chats().send(&key, outgoing).await.unwrap();
    let cancelled = hub.hub.cancel_message(message.id).await.unwrap();
    assert_eq!(cancelled.status, MessageStatus::Failed);
    assert_eq!(cancelled.error, "Cancelada antes do envio.");
    assert!(hub.hub.cancel_message(message.id).await.is_err(), "once");
    hub.connect().await;
    let other = Outgoing::text(CHAT.to_owned(), "dois".to_owned());
    hub.hub.chats().send(&key, other).await.unwrap();
    assert_eq!(sent.recv().await.unwrap().text, "dois", "what was cancelled does not leave");
    let again = hub.hub.resend(&message).await.unwrap();
    assert_eq!((again.status, again.error.as_str()), (MessageStatus::Queued, ""));
    let arrived = sent.recv().await.unwrap();
    assert_eq!((arrived.text.as_str(), &arrived.message_id), ("um", &message.message_id));
    eventually(async || stored(&hub, &message.message_id).await.status == MessageStatus::Read)
        .await;
    assert!(hub.hub.resend(&message).await.is_err(), "it has not failed");
}

async fn doubt_is_never_sent_twice(database: TestDatabase) {
    let network = Arc::new(MuteNetwork::doubtful());
    let TestHub { hub, clock, .. } =
        TestHub::start_over(&database, ProviderKind::Cloud, network.clone()).await;
    let sessions = hub.sessions();
    // Numbers of this kind answer only whoever has written.
    let inbound = Inbound::text(CHAT, "m1", "oi");
    sessions.receive(hub.chats(), TestHub::SESSION, inbound).await.unwrap();
    let say = async |text: &str| {
        let outgoing = Outgoing::text(CHAT.to_owned(), text.to_owned());
        hub.chats().send(&TestHub::key(CHAT), outgoing).await.unwrap().message_id
    };
    let id = say("uma vez").await;
    let status = async |id: &str| {
        let found = hub.store().find_message_by_provider_id(TestHub::SESSION, id).await;
        found.unwrap().unwrap().status
    };
    eventually(async || network.times(&id) == 1).await;
    // The next one is not held up, and a new connection does not send what may have left.
    let next = say("outra").await;
    eventually(async || network.times(&next) == 1).await;
    sessions.reconnect(TestHub::SESSION).await.unwrap();
    eventually(async || sessions.is_ready(TestHub::SESSION)).await;
    let last = say("mais uma").await;
    eventually(async || network.times(&last) == 1).await;
    assert_eq!((network.times(&id), status(&id).await), (1, MessageStatus::Sending));
    // The network's own report decides.
    let report = crate::store::StatusReport {
        session_id: TestHub::SESSION,
        message_id: id.clone(),
        status: MessageStatus::Delivered,
        at: clock.now(),
        error: String::new(),
        network_id: Some("wamid.1".to_owned()),
    };
    hub.report_statuses(vec![report.clone()]).await.unwrap();
    assert_eq!(status(&id).await, MessageStatus::Delivered);
    // From then on it may be named by the network's id.
    let read = crate::store::StatusReport {
        message_id: "wamid.1".to_owned(),
        status: MessageStatus::Read,
        network_id: None,
        ..report
    };
    hub.report_statuses(vec![read]).await.unwrap();
    assert_eq!(status(&id).await, MessageStatus::Read);
    hub.stop().await;
}
