//! The roster on a real store: status, grace, typing, people.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::outbox::{Attached, CloseReason, HISTORY_BYTES_MAX, OutFrame, Outbox, ResumeFrom};
use crate::{
    both_databases,
    chat::Acceptance,
    clock::Clock,
    domain::{
        AgentChanges, AgentId, Device, NotificationChanges, Notify, PresenceCause, PresencePeriod,
        PresenceStatus, Rejected, Role, TicketStatus, Timestamp,
    },
    error::HubError,
    events::{Audience, ChatAudience, HubEvent},
    hub::HubConfig,
    presence::Force,
    store::{Fault, Page, PresenceFilter, Scope},
    testing::{TestDatabase, TestHub, eventually},
};

both_databases!(
    silence_ends_in_offline_and_says_why,
    a_gone_agent_gives_back_the_chats_that_wait_for_an_answer,
    back_within_the_grace_nothing_moves,
    a_status_survives_a_crash_of_the_roster,
    typing_ends_by_itself,
    a_deactivated_agent_loses_the_sockets,
    a_deactivated_agent_keeps_no_chat,
    a_deactivated_agent_keeps_no_chat_over_a_start,
    what_was_given_to_somebody_absent_is_his_after_a_start,
    the_last_administrator_stays,
    events_are_resumed_without_a_hole,
    long_events_push_older_ones_out,
    a_slow_socket_is_closed_and_others_go_on,
    a_replayed_event_calls_as_it_did,
    an_audience_is_the_same_among_few_and_among_many,
    only_the_last_socket_is_told_to_reconnect,
    a_second_device_neither_flaps_nor_haunts,
    a_grace_that_runs_out_is_told_once,
    every_status_is_kept_with_its_cause,
    after_a_crash_no_stretches_overlap,
    heartbeats_write_nothing_by_themselves,
    what_cannot_be_written_is_not_told,
);

const CHAT: &str = "5511988880001";

async fn shown(hub: &TestHub, id: AgentId) -> PresenceStatus {
    hub.hub.presence().view(id).await.unwrap().status
}

fn presence_of(id: AgentId) -> impl Fn(&HubEvent) -> Option<(PresenceStatus, String)> {
    move |event| match event {
        HubEvent::PresenceChanged { agent_id, status, message, .. } if *agent_id == id => {
            Some((*status, message.clone()))
        }
        _ => None,
    }
}

async fn silence_ends_in_offline_and_says_why(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    assert_eq!(shown(&hub, ana.id).await, PresenceStatus::Offline, "never reported");
    hub.online(ana.id).await;
    assert_eq!(hub.event(presence_of(ana.id)).await.0, PresenceStatus::Online);
    hub.clock.advance(Duration::from_secs(121));
    assert_eq!(shown(&hub, ana.id).await, PresenceStatus::Offline, "before any sweep");
    let told = hub.event(presence_of(ana.id)).await;
    assert_eq!(told, (PresenceStatus::Offline, "Desconectado por inatividade".to_owned()));
    hub.hub.presence().heartbeat(ana.id, Device::default()).await.unwrap();
    assert_eq!(shown(&hub, ana.id).await, PresenceStatus::Online, "the wish still stands");
    hub.stop().await;
}

async fn a_gone_agent_gives_back_the_chats_that_wait_for_an_answer(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    eventually(async || hub.ticket(CHAT).await.agent_id == Some(ana.id)).await;
    let entered = {
        let id = hub.ticket(CHAT).await.id;
        hub.hub.store().find_queue_entry_of(id).await.unwrap().unwrap().entered_at
    };
    hub.clock.advance(Duration::from_secs(121));
    hub.event(presence_of(ana.id)).await;
    hub.event(|e| {
        matches!(e, HubEvent::PresenceChanged { status: PresenceStatus::Offline, .. }).then_some(())
    })
    .await;
    assert_eq!(hub.ticket(CHAT).await.agent_id, Some(ana.id), "within the grace nothing moves");
    hub.clock.advance(Duration::from_secs(16));
    hub.event(|event| matches!(event, HubEvent::ChatRequeued { .. }).then_some(())).await;
    let ticket = hub.ticket(CHAT).await;
    assert_eq!((ticket.status, ticket.agent_id), (TicketStatus::Waiting, None));
    let waiting = async || hub.hub.queues().waiting(TestHub::SUPPORT).await.unwrap();
    eventually(async || waiting().await.len() == 1).await;
    assert_eq!(waiting().await[0].entered_at, entered, "with its original age");
    hub.check_invariants().await;
    hub.stop().await;
}

async fn back_within_the_grace_nothing_moves(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    hub.hub.presence().socket_opened(ana.id, Device::default());
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    eventually(async || hub.ticket(CHAT).await.agent_id == Some(ana.id)).await;
    hub.hub.presence().socket_closed(ana.id, Device::default());
    shown(&hub, ana.id).await;
    hub.clock.advance(Duration::from_secs(10));
    assert_eq!(shown(&hub, ana.id).await, PresenceStatus::Online, "within the grace");
    hub.receive("5511988880002", "m2").await.unwrap();
    let second = hub.hub.queues().waiting(TestHub::SUPPORT).await.unwrap();
    assert_eq!(second.len(), 1, "nobody in the grace time is given a new chat");
    hub.hub.presence().socket_opened(ana.id, Device::default());
    eventually(async || hub.ticket("5511988880002").await.agent_id == Some(ana.id)).await;
    hub.clock.advance(Duration::from_mins(10));
    assert_eq!(
        shown(&hub, ana.id).await,
        PresenceStatus::Online,
        "an open socket is a sign of life"
    );
    hub.hub.presence().socket_closed(ana.id, Device::default());
    shown(&hub, ana.id).await;
    hub.clock.advance(Duration::from_secs(16));
    hub.event(|event| matches!(event, HubEvent::ChatRequeued { .. }).then_some(())).await;
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_status_survives_a_crash_of_the_roster(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    let busy = PresenceStatus::Busy;
    let message = Some("Em reunião".to_owned());
    let change = hub.hub.presence().set_status(ana.id, busy, message, None).await.unwrap();
    assert_eq!(change, (PresenceStatus::Offline, busy));
    hub.receive(CHAT, "m1").await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(ana.id)).await.unwrap();
    hub.hub.presence().crash();
    eventually(async || hub.hub.presence().view(ana.id).await.is_ok()).await;
    let view = hub.hub.presence().view(ana.id).await.unwrap();
    assert_eq!((view.status, view.message.as_str(), view.load), (busy, "Em reunião", 1));
    hub.check_invariants().await;
    hub.stop().await;
}

async fn typing_ends_by_itself(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let presence = hub.hub.clone();
    let presence = presence.presence();
    let start = async || {
        presence.start_typing(TestHub::ADMIN, CHAT.to_owned(), Audience::Everyone).await.unwrap();
    };
    start().await;
    start().await;
    hub.clock.advance(Duration::from_secs(11));
    hub.event(|event| matches!(event, HubEvent::TypingStarted { .. }).then_some(())).await;
    let next = hub.event(|event| match event {
        HubEvent::TypingStarted { .. } => Some("started"),
        HubEvent::TypingStopped { .. } => Some("stopped"),
        _ => None,
    });
    assert_eq!(next.await, "stopped", "a renewal is not told again");
    let stopped = presence.stop_typing(TestHub::ADMIN, CHAT.to_owned()).await.unwrap();
    assert!(!stopped, "it had ended");
    hub.stop().await;
}

async fn a_deactivated_agent_loses_the_sockets(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    let outbox = Arc::new(Outbox::default());
    hub.hub.outboxes().attach(ana.id, &outbox, None, |_| Bytes::new());
    let before = hub.clock.now();
    let changes = AgentChanges { is_active: Some(false), ..AgentChanges::default() };
    hub.hub.presence().update_agent(None, ana.id, changes).await.unwrap();
    assert_eq!(outbox.take().close, Some(CloseReason::Unauthorized));
    let row = hub.hub.directory().roster().agent(ana.id).unwrap().clone();
    assert!(!row.is_active);
    assert!(row.tokens_valid_from > before, "also when the person comes back");
    hub.stop().await;
}

fn given_to(agent_id: AgentId) -> Acceptance {
    Acceptance { by: TestHub::ADMIN, agent_id, notes: None }
}

/// Also somebody who never said that he is there, and what was given to him while he was away.
async fn a_deactivated_agent_keeps_no_chat(database: TestDatabase) {
    deactivated_agents_keep_no_chat(&database, false).await;
}

async fn a_deactivated_agent_keeps_no_chat_over_a_start(database: TestDatabase) {
    deactivated_agents_keep_no_chat(&database, true).await;
}

async fn deactivated_agents_keep_no_chat(database: &TestDatabase, is_restarted: bool) {
    let mut hub = TestHub::start(database).await;
    let never = hub.agent("nunca").await;
    let away = hub.agent("fora").await;
    hub.online(away.id).await;
    let offline = PresenceStatus::Offline;
    hub.hub.presence().set_status(away.id, offline, None, None).await.unwrap();
    let chats = [("5511988880011", never.id), ("5511988880012", away.id)];
    for (chat, owner) in chats {
        hub.receive(chat, chat).await.unwrap();
        let ticket = hub.ticket(chat).await;
        hub.hub.chats().accept(&ticket, given_to(owner)).await.unwrap();
        let changes = AgentChanges { is_active: Some(false), ..AgentChanges::default() };
        hub.hub.presence().update_agent(None, owner, changes).await.unwrap();
    }
    if is_restarted {
        let clock = hub.stop().await;
        hub = TestHub::start_with(database, clock, HubConfig::default()).await;
    }
    hub.clock.advance(Duration::from_secs(16));
    for (chat, _) in chats {
        eventually(async || hub.ticket(chat).await.agent_id.is_none()).await;
        assert_eq!(hub.ticket(chat).await.status, TicketStatus::Waiting);
    }
    hub.check_invariants().await;
    hub.stop().await;
}

/// A start is no new absence: what was given to somebody who had gone before stays his.
async fn what_was_given_to_somebody_absent_is_his_after_a_start(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    hub.clock.advance(Duration::from_secs(121));
    hub.event(|e| {
        matches!(e, HubEvent::PresenceChanged { status: PresenceStatus::Offline, .. }).then_some(())
    })
    .await;
    hub.clock.advance(Duration::from_mins(5));
    hub.receive(CHAT, "m1").await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, given_to(ana.id)).await.unwrap();
    let clock = hub.stop().await;
    clock.advance(Duration::from_mins(5));
    let hub = TestHub::start_with(&database, clock, HubConfig::default()).await;
    hub.clock.advance(Duration::from_mins(5));
    eventually(async || hub.hub.presence().gone_since(ana.id).is_some()).await;
    hub.receive(CHAT, "m2").await.unwrap();
    assert_eq!(hub.ticket(CHAT).await.agent_id, Some(ana.id));
    hub.stop().await;
}

async fn the_last_administrator_stays(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    for changes in [
        AgentChanges { is_active: Some(false), ..AgentChanges::default() },
        AgentChanges { role: Some(Role::Agent), ..AgentChanges::default() },
    ] {
        let outcome = hub.hub.presence().update_agent(None, TestHub::ADMIN, changes).await;
        assert!(matches!(outcome, Err(HubError::Rejected(Rejected::LastAdmin))));
    }
    let taken = hub.hub.presence().create_agent(
        None,
        crate::domain::NewAgent {
            username: "admin".to_owned(),
            email: String::new(),
            display_name: String::new(),
            phone_number: String::new(),
            role: Role::Agent,
            is_active: true,
            skills: crate::domain::List::default(),
            password_hash: String::new(),
            departments: vec![],
        },
    );
    assert!(matches!(taken.await, Err(HubError::Taken { field: "username" })));
    hub.stop().await;
}

fn say(hub: &TestHub, number: i64) {
    let event = HubEvent::TypingStopped {
        chat_id: number.to_string(),
        from: String::new(),
        at: Timestamp::EPOCH,
    };
    hub.hub.outboxes().publish(&Audience::Everyone, event);
}

fn seqs(outbox: &Outbox) -> Vec<u64> {
    let frames = outbox.take().frames.into_iter();
    frames
        .filter_map(|f| if let OutFrame::Event { seq, .. } = f { Some(seq) } else { None })
        .collect()
}

async fn events_are_resumed_without_a_hole(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let outboxes = hub.hub.outboxes();
    let attach = |resume: Option<ResumeFrom>| {
        let (outbox, mut told) = (Arc::new(Outbox::default()), None);
        outboxes.attach(TestHub::ADMIN, &outbox, resume.as_ref(), |attached| {
            told = Some(attached);
            Bytes::new()
        });
        (outbox, told.unwrap())
    };
    let at = |seq| Some(ResumeFrom::Position { epoch: outboxes.epoch().to_owned(), seq });
    let (first, _) = attach(None);
    (0..5).for_each(|number| say(&hub, number));
    assert_eq!(seqs(&first), [1, 2, 3, 4, 5]);
    outboxes.detach(TestHub::ADMIN, &first);
    (5..8).for_each(|number| say(&hub, number));
    for (reached, missed) in [(0, 8), (5, 3), (8, 0)] {
        let (outbox, told) = attach(at(reached));
        assert_eq!(told, Attached::Resumed { recovered: true, missed, seq: 8 });
        assert_eq!(seqs(&outbox), (reached + 1..=8).collect::<Vec<_>>());
    }
    let unknown = ResumeFrom::Position { epoch: "other".to_owned(), seq: 1 };
    for resume in [at(9), Some(unknown), Some(ResumeFrom::Unreadable)] {
        let (outbox, told) = attach(resume);
        assert!(matches!(told, Attached::Resumed { recovered: false, .. }));
        assert!(seqs(&outbox).is_empty());
    }
    hub.clock.advance(Duration::from_mins(16));
    let (_, told) = attach(at(5));
    assert!(matches!(told, Attached::Resumed { recovered: false, .. }), "too old");
    hub.stop().await;
}

/// What customers write may be long: the history is bounded by its bytes, too.
async fn long_events_push_older_ones_out(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let outboxes = hub.hub.outboxes();
    let attach = |resume: Option<u64>| {
        let epoch = outboxes.epoch().to_owned();
        let resume = resume.map(|seq| ResumeFrom::Position { epoch, seq });
        let (outbox, mut told) = (Arc::new(Outbox::default()), None);
        outboxes.attach(TestHub::ADMIN, &outbox, resume.as_ref(), |attached| {
            told = Some(attached);
            Bytes::new()
        });
        outboxes.detach(TestHub::ADMIN, &outbox);
        told.unwrap()
    };
    attach(None);
    let text = "x".repeat(100_000);
    for _ in 0..100 {
        let (chat_id, from, at) = (text.clone(), String::new(), Timestamp::EPOCH);
        let event = HubEvent::TypingStopped { chat_id, from, at };
        outboxes.publish(&Audience::Everyone, event);
    }
    let kept = HISTORY_BYTES_MAX as u64 / 100_000;
    let recovered = |seq| matches!(attach(Some(seq)), Attached::Resumed { recovered: true, .. });
    assert!(recovered(100 - kept / 2) && !recovered(100 - 2 * kept));
    hub.stop().await;
}

async fn a_slow_socket_is_closed_and_others_go_on(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let (slow, quick) = (Arc::new(Outbox::default()), Arc::new(Outbox::default()));
    for outbox in [&slow, &quick] {
        hub.hub.outboxes().attach(TestHub::ADMIN, outbox, None, |_| Bytes::new());
    }
    let mut received = 0;
    for number in 0..3000 {
        say(&hub, number);
        received += seqs(&quick).len();
    }
    assert_eq!(received, 3000);
    let taken = slow.take();
    assert_eq!((taken.close, taken.frames.len()), (Some(CloseReason::TooSlow), 0));
    hub.stop().await;
}

async fn a_replayed_event_calls_as_it_did(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let outboxes = hub.hub.outboxes();
    let outbox = Arc::new(Outbox::default());
    outboxes.attach(TestHub::ADMIN, &outbox, None, |_| Bytes::new());
    hub.receive(CHAT, "m1").await.unwrap();
    let changes = NotificationChanges { sound_message: Some(false), ..Default::default() };
    let saved = hub.hub.presence().save_preferences(TestHub::ADMIN, changes).await.unwrap();
    assert_eq!((saved.sound_message, saved.sound_chat), (false, true));
    hub.receive(CHAT, "m2").await.unwrap();
    let told = calls(&outbox);
    assert!(told.contains(&Notify { sound: true, desktop: true, badge: true }));
    assert!(told.contains(&Notify { sound: false, desktop: true, badge: true }));
    let again = Arc::new(Outbox::default());
    let from = ResumeFrom::Position { epoch: outboxes.epoch().to_owned(), seq: 0 };
    outboxes.attach(TestHub::ADMIN, &again, Some(&from), |_| Bytes::new());
    assert_eq!(calls(&again), told);
    hub.stop().await;
}

fn calls(outbox: &Outbox) -> Vec<Notify> {
    let frames = outbox.take().frames.into_iter();
    frames
        .filter_map(|f| if let OutFrame::Event { notify, .. } = f { Some(notify) } else { None })
        .collect()
}

/// Among few everybody is asked, among many a list is made of those who may be meant.
async fn an_audience_is_the_same_among_few_and_among_many(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    let sales = hub.department("Vendas", vec![ana.id], 5).await;
    hub.department("Caixa", vec![bia.id], 5).await;
    let outboxes = hub.hub.outboxes();
    let attach = |id| {
        let outbox = Arc::new(Outbox::default());
        outboxes.attach(id, &outbox, None, |_| Bytes::new());
        (id, outbox)
    };
    let mut attached: Vec<_> = [TestHub::ADMIN, ana.id, bia.id].map(attach).into();
    let chat = ChatAudience { department_id: Some(sales.id), ..ChatAudience::default() };
    let audience = Audience::Chat(ChatAudience { is_unassigned: true, ..chat });
    for _round in ["few", "many"] {
        for (_, outbox) in &attached {
            outbox.take();
        }
        let (chat_id, from, at) = (CHAT.to_owned(), String::new(), Timestamp::EPOCH);
        outboxes.publish(&audience, HubEvent::TypingStopped { chat_id, from, at });
        let told = attached.iter().filter(|(_, outbox)| !outbox.take().frames.is_empty());
        assert_eq!(told.map(|(id, _)| *id).collect::<Vec<_>>(), [TestHub::ADMIN, ana.id]);
        // Users who are unknown to the roster have streams, too.
        attached.extend((1_000..1_100).map(AgentId).map(attach));
    }
    hub.stop().await;
}

/// What is told of one agent: the status, and whether he is reconnecting.
fn told_of(id: AgentId) -> impl Fn(&HubEvent) -> Option<(PresenceStatus, bool)> {
    move |event| match event {
        HubEvent::PresenceChanged { agent_id, status, is_reconnecting, .. } if *agent_id == id => {
            Some((*status, *is_reconnecting))
        }
        _ => None,
    }
}

async fn only_the_last_socket_is_told_to_reconnect(database: TestDatabase) {
    use PresenceStatus::{Away, Online};
    let mut hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    let running = hub.hub.clone();
    let presence = running.presence();
    presence.socket_opened(ana.id, Device::default());
    presence.socket_opened(ana.id, Device::default());
    hub.online(ana.id).await;
    assert_eq!(hub.event(told_of(ana.id)).await, (Online, false));
    presence.socket_closed(ana.id, Device::default());
    presence.socket_opened(ana.id, Device::default());
    presence.socket_closed(ana.id, Device::default());
    assert!(!presence.view(ana.id).await.unwrap().is_reconnecting, "one is left");
    presence.socket_closed(ana.id, Device::default());
    assert!(!presence.view(ana.id).await.unwrap().is_reconnecting, "she may be back at once");
    hub.clock.advance(Duration::from_secs(3));
    assert_eq!(hub.event(told_of(ana.id)).await, (Online, true), "and nothing before");
    let view = presence.view(ana.id).await.unwrap();
    assert!(view.is_reconnecting && view.status == Online && view.is_connected);
    hub.clock.advance(Duration::from_secs(10));
    presence.socket_opened(ana.id, Device::default());
    assert_eq!(hub.event(told_of(ana.id)).await, (Online, false));
    presence.socket_opened(ana.id, Device::default());
    presence.set_status(ana.id, Away, None, None).await.unwrap();
    assert_eq!(hub.event(told_of(ana.id)).await, (Away, false), "a second device is no news");
    // Who never said anything has nothing to come back to.
    let bia = hub.agent("bia").await;
    presence.socket_opened(bia.id, Device::default());
    presence.socket_closed(bia.id, Device::default());
    assert!(!presence.view(bia.id).await.unwrap().is_reconnecting);
    hub.stop().await;
}

async fn a_second_device_neither_flaps_nor_haunts(database: TestDatabase) {
    use PresenceStatus::{Offline, Online};
    let mut hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    let running = hub.hub.clone();
    let (presence, outboxes) = (running.presence(), running.outboxes());
    let (desk, phone) = (Device::named("desk"), Device::named("phone"));
    let open = |device: &Device| {
        let outbox = Arc::new(Outbox::of(device.clone()));
        outboxes.attach(ana.id, &outbox, None, |_| Bytes::new());
        presence.socket_opened(ana.id, device.clone());
        outbox
    };
    let close = |outbox: &Arc<Outbox>| {
        outboxes.detach(ana.id, outbox);
        presence.socket_closed(ana.id, outbox.device().clone());
    };
    let tab = open(&desk);
    hub.online(ana.id).await;
    assert_eq!(hub.event(told_of(ana.id)).await, (Online, false));
    // A telephone in a tunnel, and a tab in the background that the browser puts to sleep.
    for _ in 0..5 {
        let pocket = open(&phone);
        let background = open(&desk);
        presence.heartbeat(ana.id, phone.clone()).await.unwrap();
        close(&background);
        close(&pocket);
        hub.clock.advance(Duration::from_secs(30));
        assert_eq!(presence.view(ana.id).await.unwrap().status, Online);
    }
    // The roster starts anew and counts by device.
    presence.crash();
    eventually(async || presence.view(ana.id).await.is_ok_and(|view| view.is_connected)).await;
    presence.heartbeat(ana.id, desk.clone()).await.unwrap();
    close(&tab);
    presence.view(ana.id).await.unwrap();
    hub.clock.advance(Duration::from_secs(3));
    let told = hub.event(told_of(ana.id)).await;
    assert_eq!(told, (Online, true), "nothing was told before, and her heartbeats went with her");
    hub.clock.advance(Duration::from_secs(13));
    assert_eq!(hub.event(told_of(ana.id)).await, (Offline, false));
    // With the telephone alive the desk may come and go.
    presence.heartbeat(ana.id, phone.clone()).await.unwrap();
    assert_eq!(hub.event(told_of(ana.id)).await, (Online, false));
    close(&open(&desk));
    assert!(!presence.view(ana.id).await.unwrap().is_reconnecting);
    hub.clock.advance(Duration::from_secs(121));
    assert_eq!(hub.event(told_of(ana.id)).await, (Offline, false), "and nothing in between");
    hub.stop().await;
}

async fn a_grace_that_runs_out_is_told_once(database: TestDatabase) {
    use PresenceStatus::{Offline, Online};
    let mut hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    let running = hub.hub.clone();
    let presence = running.presence();
    presence.socket_opened(ana.id, Device::default());
    hub.online(ana.id).await;
    presence.socket_closed(ana.id, Device::default());
    presence.view(ana.id).await.unwrap();
    hub.clock.advance(Duration::from_secs(16));
    hub.event(|e| told_of(ana.id)(e).filter(|told| told.0 == Offline)).await;
    presence.heartbeat(ana.id, Device::default()).await.unwrap();
    assert_eq!(hub.event(told_of(ana.id)).await, (Online, false), "offline was told once");
    hub.stop().await;
}

async fn history(hub: &TestHub, id: AgentId) -> Vec<PresencePeriod> {
    hub.hub.presence().flush().await.unwrap();
    stored_history(hub, id).await
}

async fn stored_history(hub: &TestHub, id: AgentId) -> Vec<PresencePeriod> {
    let filter = PresenceFilter {
        scope: Scope::All,
        agent_id: Some(id),
        from: Timestamp::EPOCH,
        to: hub.clock.now().plus(Duration::from_secs(1)),
    };
    let page = Page { limit: 100, offset: 0 };
    let mut rows = hub.hub.store().list_presence_history(&filter, page).await.unwrap().rows;
    rows.reverse();
    rows
}

/// One stretch follows the other, and the last one lasts.
fn assert_unbroken(rows: &[PresencePeriod]) {
    for pair in rows.windows(2) {
        assert_eq!(pair[0].ended_at, Some(pair[1].started_at), "{rows:#?}");
        assert_eq!(pair[0].status, pair[1].previous, "{rows:#?}");
    }
    assert_eq!(rows.last().unwrap().ended_at, None);
}

async fn every_status_is_kept_with_its_cause(database: TestDatabase) {
    use PresenceStatus::{Away, Offline, Online};
    let hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    let running = hub.hub.clone();
    let presence = running.presence();
    let pause = async |reason: &str| {
        let reason = Some(reason.to_owned());
        presence.set_status(ana.id, Away, None, reason).await.unwrap();
        hub.clock.advance(Duration::from_secs(5));
    };
    hub.online(ana.id).await;
    hub.clock.advance(Duration::from_mins(1));
    pause("almoço").await;
    pause("almoço").await;
    pause("médico").await;
    hub.clock.advance(Duration::from_secs(121));
    eventually(async || shown(&hub, ana.id).await == Offline).await;
    eventually(async || stored_history(&hub, ana.id).await.len() == 4).await;
    presence.heartbeat(ana.id, Device::default()).await.unwrap();
    let reason = "fim do turno".to_owned();
    let force = Force { agent_id: ana.id, by: TestHub::ADMIN, reason };
    assert_eq!(presence.force_offline(force).await.unwrap(), Away);
    presence.heartbeat(ana.id, Device::default()).await.unwrap();
    hub.online(ana.id).await;
    let changes = AgentChanges { is_active: Some(false), ..AgentChanges::default() };
    presence.update_agent(None, ana.id, changes).await.unwrap();
    let rows = history(&hub, ana.id).await;
    assert_unbroken(&rows);
    let told: Vec<_> =
        rows.iter().map(|row| (row.status, row.cause, row.reason.as_str())).collect();
    let expected = [
        (Online, PresenceCause::Own, ""),
        (Away, PresenceCause::Own, "almoço"),
        (Away, PresenceCause::Own, "médico"),
        (Offline, PresenceCause::Silence, ""),
        (Away, PresenceCause::Own, "médico"),
        (Offline, PresenceCause::Forced, "fim do turno"),
        (Online, PresenceCause::Own, ""),
        (Offline, PresenceCause::Deactivated, ""),
    ];
    assert_eq!(told, expected);
    assert_eq!(rows[3].message, "Desconectado por inatividade");
    assert_eq!(rows[5].changed_by, Some(TestHub::ADMIN));
    let ended = rows[1].ended_at.unwrap();
    assert_eq!(ended.since(rows[1].started_at).as_secs(), 10, "the same pause goes on");
    let filter = PresenceFilter {
        scope: Scope::Departments(TestHub::ADMIN, vec![TestHub::SUPPORT]),
        agent_id: None,
        from: rows[0].started_at.plus(Duration::from_secs(20)),
        to: rows[1].started_at.plus(Duration::from_secs(4)),
    };
    let totals = hub.hub.store().total_presence(&filter).await.unwrap();
    let mut totals: Vec<_> =
        totals.iter().map(|total| (total.status, total.micros / 1_000_000)).collect();
    totals.sort_by_key(|(_, seconds)| *seconds);
    assert_eq!(totals, [(Away, 4), (Online, 40)], "within the bounds only");
    hub.stop().await;
}

async fn after_a_crash_no_stretches_overlap(database: TestDatabase) {
    use PresenceStatus::{Busy, Offline, Online};
    let hub = TestHub::start(&database).await;
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    let presence = hub.hub.presence();
    let reason = Some("reunião".to_owned());
    presence.set_status(ana.id, Busy, None, reason).await.unwrap();
    hub.online(bia.id).await;
    let seen = hub.clock.now();
    presence.crash();
    eventually(async || hub.hub.presence().view(ana.id).await.is_ok()).await;
    let view = hub.hub.presence().view(ana.id).await.unwrap();
    // A status that was set is a lease that a restart does not shorten.
    assert_eq!((view.status, view.reason.as_str()), (Busy, "reunião"));
    assert_eq!(history(&hub, ana.id).await.len(), 1, "it goes on");
    hub.hub.presence().set_status(ana.id, Offline, None, None).await.unwrap();
    // The hub is gone for an hour: what was shown ended with the last sign of life.
    let clock = hub.stop().await;
    clock.advance(Duration::from_hours(1));
    let hub = TestHub::start_with(&database, clock, HubConfig::default()).await;
    for (id, statuses) in [(ana.id, vec![Busy, Offline]), (bia.id, vec![Online, Offline])] {
        let rows = history(&hub, id).await;
        assert_unbroken(&rows);
        assert_eq!(rows.iter().map(|row| row.status).collect::<Vec<_>>(), statuses);
        assert!(rows[1].started_at.since(seen).as_secs() < 60, "not an hour later: {rows:#?}");
    }
    hub.stop().await;
}

async fn heartbeats_write_nothing_by_themselves(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    let before = history(&hub, ana.id).await;
    // A store that refuses everything is not asked.
    hub.hub.store().fail_next_of("save_presence", Fault::Refuse);
    for _ in 0..100 {
        hub.hub.presence().heartbeat(ana.id, Device::default()).await.unwrap();
    }
    assert!(hub.hub.presence().flush().await.is_err(), "the fault was still there");
    assert_eq!(history(&hub, ana.id).await, before);
    hub.stop().await;
}

async fn what_cannot_be_written_is_not_told(database: TestDatabase) {
    use PresenceStatus::{Away, Busy, Online};
    let mut hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    assert_eq!(hub.event(told_of(ana.id)).await.0, Online);
    let running = hub.hub.clone();
    let presence = running.presence();
    running.store().fail_next_of("save_presence", Fault::Refuse);
    assert!(presence.set_status(ana.id, Busy, None, Some("x".to_owned())).await.is_err());
    presence.set_status(ana.id, Away, None, None).await.unwrap();
    assert_eq!(hub.event(told_of(ana.id)).await.0, Away);
    let rows = history(&hub, ana.id).await;
    assert_unbroken(&rows);
    assert_eq!(rows.iter().map(|row| row.status).collect::<Vec<_>>(), [Online, Away]);
    hub.stop().await;
}
