//! Chats on a real store: routing, decisions, and what happens when something dies in between.

use std::time::Duration;

use tokio::task::JoinSet;

use super::*;
use crate::{
    both_databases,
    domain::{AgentId, MessageKind, MessageStatus, Rejected, Segment, SessionStatus, TicketStatus},
    error::HubError,
    events::HubEvent,
    store::{Fault, Page},
    testing::{TestDatabase, TestHub, eventually},
};

both_databases!(
    twenty_first_messages_at_once_open_one_ticket,
    a_repeated_delivery_does_nothing_again,
    only_one_of_many_wins_the_race_to_accept,
    a_certain_refusal_leaves_the_actor_alive,
    after_a_doubtful_commit_the_chat_agrees_with_its_rows,
    a_panic_costs_at_most_one_answer,
    a_returning_customer_opens_a_second_ticket,
    only_somebody_who_waits_is_taken_out_of_the_queue,
    a_decision_about_an_earlier_ticket_does_not_touch_the_present_one,
    a_transfer_is_checked_in_the_order_of_the_contract,
    a_client_message_id_is_sent_once,
    a_chat_is_closed_only_when_the_customer_owes_the_answer,
    a_new_timeout_holds_at_once,
    an_idle_chat_leaves_and_comes_back,
    segments_follow_every_owner,
);

const CHAT: &str = "5511988880001";

fn outgoing(text: &str, client_message_id: Option<&str>) -> Outgoing {
    Outgoing {
        agent_id: Some(TestHub::ADMIN),
        phone: CHAT.to_owned(),
        kind: MessageKind::Text,
        text: text.to_owned(),
        media_url: None,
        media: None,
        details: None,
        quoted_message_id: None,
        client_message_id: client_message_id.map(str::to_owned),
        is_automatic: false,
    }
}

async fn accepted(hub: &TestHub, agent_id: AgentId) -> crate::domain::Ticket {
    hub.receive(CHAT, "m1").await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(agent_id)).await.unwrap()
}

async fn twenty_first_messages_at_once_open_one_ticket(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let mut deliveries = JoinSet::new();
    for number in 0..20 {
        let inbound = TestHub::inbound(CHAT, &format!("m{number}"));
        let running = hub.hub.clone();
        deliveries.spawn(async move {
            running.sessions().receive(running.chats(), TestHub::SESSION, inbound).await
        });
    }
    let delivered: Vec<_> = deliveries.join_all().await;
    assert!(delivered.iter().all(|outcome| outcome.as_ref().is_ok_and(|d| !d.is_repeat)));
    let ticket = hub.ticket(CHAT).await;
    assert_eq!(ticket.customer_messages, 20);
    let page = Page { limit: 50, offset: 0 };
    let messages = hub.hub.store().list_ticket_messages(ticket.id, page).await.unwrap();
    assert_eq!(messages.total, 20);
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_repeated_delivery_does_nothing_again(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let first = hub.receive(CHAT, "m1").await.unwrap();
    let again = hub.receive(CHAT, "m1").await.unwrap();
    assert!(again.is_repeat);
    assert_eq!(again.message.id, first.message.id);
    // Not even after the chat is over does an old message open a new one.
    hub.hub.chats().close(&hub.ticket(CHAT).await, Closing::default()).await.unwrap();
    assert!(hub.receive(CHAT, "m1").await.unwrap().is_repeat);
    assert_eq!(hub.ticket(CHAT).await.status, TicketStatus::Closed);
    hub.stop().await;
}

async fn only_one_of_many_wins_the_race_to_accept(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    let mut racers = JoinSet::new();
    for _ in 0..200 {
        let (running, ticket) = (hub.hub.clone(), ticket.clone());
        racers.spawn(async move {
            running.chats().accept(&ticket, Acceptance::own(TestHub::ADMIN)).await
        });
    }
    let outcomes = racers.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let losers = outcomes.iter().filter(|outcome| {
        matches!(outcome, Err(HubError::Rejected(Rejected::NotWaiting(TicketStatus::Active))))
    });
    assert_eq!(losers.count(), 199);
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_certain_refusal_leaves_the_actor_alive(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    accepted(&hub, TestHub::ADMIN).await;
    hub.hub.store().fail_next_of("append_message", Fault::Refuse);
    assert!(matches!(hub.receive(CHAT, "m2").await, Err(HubError::Store(_))));
    assert!(!hub.receive(CHAT, "m2").await.unwrap().is_repeat, "the sender's repeat is stored");
    assert_eq!(hub.ticket(CHAT).await.customer_messages, 2);
    hub.stop().await;
}

async fn after_a_doubtful_commit_the_chat_agrees_with_its_rows(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    for (message_id, fault, is_written) in
        [("written", Fault::UncertainWritten, true), ("lost", Fault::UncertainNotWritten, false)]
    {
        let chat_id = format!("55119888800{}", message_id.len());
        hub.hub.store().fail_next_of("open_ticket", fault);
        assert!(hub.receive(&chat_id, message_id).await.is_err());
        let again = hub.receive(&chat_id, message_id).await.unwrap();
        assert_eq!(again.is_repeat, is_written, "{fault:?}");
        assert_eq!(hub.ticket(&chat_id).await.customer_messages, 1, "{fault:?}");
    }
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_panic_costs_at_most_one_answer(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    accepted(&hub, TestHub::ADMIN).await;
    hub.hub.chats().crash(&TestHub::key(CHAT));
    let outcomes = [hub.receive(CHAT, "m2").await, hub.receive(CHAT, "m2").await];
    let failures = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert!(failures <= 1, "{outcomes:?}");
    let ticket = hub.ticket(CHAT).await;
    assert_eq!((ticket.customer_messages, ticket.agent_id), (2, Some(TestHub::ADMIN)));
    hub.check_invariants().await;
    hub.stop().await;
}

async fn only_somebody_who_waits_is_taken_out_of_the_queue(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let waiting = hub.ticket(CHAT).await;
    let cancelled = hub.hub.chats().cancel(&waiting).await.unwrap();
    assert_eq!(cancelled.status, TicketStatus::Cancelled);
    let not_in_queue = |outcome| matches!(outcome, Err(HubError::Rejected(Rejected::NotInQueue)));
    assert!(not_in_queue(hub.hub.chats().cancel(&waiting).await));
    let served = accepted_again(&hub).await;
    assert!(not_in_queue(hub.hub.chats().cancel(&served).await));
    assert!(not_in_queue(hub.hub.chats().cancel(&waiting).await));
    hub.check_invariants().await;
    hub.stop().await;
}

async fn accepted_again(hub: &TestHub) -> crate::domain::Ticket {
    hub.receive(CHAT, "m2").await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(TestHub::ADMIN)).await.unwrap()
}

async fn a_decision_about_an_earlier_ticket_does_not_touch_the_present_one(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let seen = hub.ticket(CHAT).await;
    hub.hub.chats().cancel(&seen).await.unwrap();
    hub.receive(CHAT, "m2").await.unwrap();
    let present = hub.ticket(CHAT).await;
    let accepted = hub.hub.chats().accept(&seen, Acceptance::own(TestHub::ADMIN)).await;
    assert!(matches!(accepted, Err(HubError::Rejected(Rejected::NotWaiting(_)))));
    let request = TransferRequest {
        by: TestHub::ADMIN,
        to_agent_id: Some(TestHub::ADMIN),
        to_department_id: None,
        reason: String::new(),
    };
    let transferred = hub.hub.chats().transfer(&seen, request).await;
    assert!(matches!(transferred, Err(HubError::Rejected(Rejected::NotTransferable))));
    assert_eq!(hub.ticket(CHAT).await, present);
    hub.stop().await;
}

async fn a_returning_customer_opens_a_second_ticket(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let first = accepted(&hub, TestHub::ADMIN).await;
    hub.hub.chats().close(&first, Closing::default()).await.unwrap();
    let again = hub.hub.chats().close(&first, Closing::default()).await;
    assert!(matches!(again, Err(HubError::Rejected(Rejected::TicketAlreadyClosed))));
    hub.receive(CHAT, "m2").await.unwrap();
    let second = hub.ticket(CHAT).await;
    assert_ne!(second.id, first.id);
    assert_eq!(second.customer_id, first.customer_id, "the same customer");
    let entry = hub.hub.store().find_queue_entry_of(second.id).await.unwrap().unwrap();
    assert_eq!(entry.sticky_agent_id, Some(TestHub::ADMIN));
    hub.event(|event| matches!(event, HubEvent::ChatClosed { .. }).then_some(())).await;
    hub.event(|event| match event {
        HubEvent::ChatOpened { ticket_id, .. } if *ticket_id == second.id => Some(()),
        _ => None,
    })
    .await;
    hub.stop().await;
}

async fn a_transfer_is_checked_in_the_order_of_the_contract(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let bia = hub.agent("bia").await;
    let sales = hub.department("Vendas", vec![], 3).await;
    let ticket = accepted(&hub, TestHub::ADMIN).await;
    let request = |to: AgentId, department| TransferRequest {
        by: TestHub::ADMIN,
        to_agent_id: Some(to),
        to_department_id: department,
        reason: "especialista".to_owned(),
    };
    let transfer = async |request| hub.hub.chats().transfer(&ticket, request).await;
    let outcome = transfer(request(AgentId(99), None)).await;
    assert!(matches!(outcome, Err(HubError::NotFound { what: "Atendente", .. })));
    let outcome = transfer(request(TestHub::ADMIN, None)).await;
    assert!(matches!(outcome, Err(HubError::Rejected(Rejected::SameAgent))));
    let outcome = transfer(request(bia.id, Some(sales.id))).await;
    assert!(matches!(outcome, Err(HubError::Rejected(Rejected::TargetNotInDepartment))));
    let stranger = TransferRequest { by: AgentId(99), ..request(bia.id, None) };
    assert!(matches!(transfer(stranger).await, Err(HubError::Rejected(Rejected::NotYours))));
    let (moved, record) = transfer(request(bia.id, Some(TestHub::SUPPORT))).await.unwrap();
    assert_eq!((moved.agent_id, moved.status), (Some(bia.id), TicketStatus::Active));
    assert_eq!(record.from_agent_id, Some(TestHub::ADMIN));
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().close(&ticket, Closing::default()).await.unwrap();
    let closed = hub.ticket(CHAT).await;
    let outcome = hub.hub.chats().transfer(&closed, request(bia.id, None)).await;
    assert!(matches!(outcome, Err(HubError::Rejected(Rejected::NotTransferable))));
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_client_message_id_is_sent_once(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    hub.silence().await;
    hub.connect().await;
    accepted(&hub, TestHub::ADMIN).await;
    let mut reached = hub.network.sent();
    let key = TestHub::key(CHAT);
    let first = hub.hub.chats().send(&key, outgoing("olá", Some("c1"))).await.unwrap();
    let again = hub.hub.chats().send(&key, outgoing("olá", Some("c1"))).await.unwrap();
    assert_eq!((first.message_id, first.task_id), (again.message_id, again.task_id));
    let other = hub.hub.chats().send(&key, outgoing("outro texto", Some("c1"))).await;
    assert!(matches!(other, Err(HubError::Rejected(Rejected::ClientMessageIdReused))));
    for expected in [MessageStatus::Sent, MessageStatus::Delivered, MessageStatus::Read] {
        let told = hub.event(|event| match event {
            HubEvent::MessageStatusChanged { status, .. } => Some(*status),
            _ => None,
        });
        assert_eq!(told.await, expected);
    }
    assert_eq!(reached.try_recv().unwrap().text, "olá");
    assert!(reached.try_recv().is_err(), "it reached the customer once");
    let ticket = hub.ticket(CHAT).await;
    assert_eq!((ticket.agent_messages, ticket.awaiting_since), (1, None));
    assert!(ticket.first_response_at.is_some());
    let session = hub.hub.store().find_session(TestHub::SESSION).await.unwrap().unwrap();
    assert_eq!((session.messages_sent, session.status), (1, SessionStatus::Ready));
    hub.stop().await;
}

async fn a_chat_is_closed_only_when_the_customer_owes_the_answer(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    accepted(&hub, TestHub::ADMIN).await;
    let sweep = async |hub: &TestHub| {
        hub.clock.advance(Duration::from_mins(31));
        crate::sweep::once(hub.hub.context()).await;
    };
    sweep(&hub).await;
    assert_eq!(hub.ticket(CHAT).await.status, TicketStatus::Active, "the company owes an answer");
    hub.hub.chats().send(&TestHub::key(CHAT), outgoing("resolvido?", None)).await.unwrap();
    sweep(&hub).await;
    let minutes = hub
        .event(|event| match event {
            HubEvent::ChatAutoClosed { idle_minutes, .. } => Some(*idle_minutes),
            _ => None,
        })
        .await;
    assert_eq!(minutes, 30);
    let closed = hub.ticket(CHAT).await;
    assert_eq!(closed.status, TicketStatus::Closed);
    assert!(closed.notes.starts_with("Encerrado automaticamente por inatividade"));
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_new_timeout_holds_at_once(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    accepted(&hub, TestHub::ADMIN).await;
    hub.hub.chats().send(&TestHub::key(CHAT), outgoing("resolvido?", None)).await.unwrap();
    hub.clock.advance(Duration::from_mins(6));
    crate::sweep::once(hub.hub.context()).await;
    assert_eq!(hub.ticket(CHAT).await.status, TicketStatus::Active, "30 minutes by default");
    let set = |minutes| {
        hub.hub.change_settings(None, move |settings| {
            settings.chat.inactivity_timeout_minutes = minutes;
            Ok::<_, HubError>(())
        })
    };
    hub.hub.store().fail_next_of("save_settings", Fault::Refuse);
    set(5).await.unwrap_err();
    crate::sweep::once(hub.hub.context()).await;
    assert_eq!(hub.ticket(CHAT).await.status, TicketStatus::Active, "nothing was stored");
    hub.hub.store().fail_next_of("save_settings", Fault::UncertainWritten);
    set(5).await.unwrap_err();
    assert_eq!(hub.hub.chat_settings().inactivity_timeout_minutes, 5, "as the rows say");
    set(7).await.unwrap();
    crate::sweep::once(hub.hub.context()).await;
    assert_eq!(hub.ticket(CHAT).await.status, TicketStatus::Active);
    set(6).await.unwrap();
    crate::sweep::once(hub.hub.context()).await;
    eventually(async || hub.ticket(CHAT).await.status == TicketStatus::Closed).await;
    hub.stop().await;
}

async fn an_idle_chat_leaves_and_comes_back(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    accepted(&hub, TestHub::ADMIN).await;
    assert_eq!(hub.hub.chats().len(), 1);
    hub.hub.chats().retire_now(&TestHub::key(CHAT));
    eventually(async || hub.hub.chats().is_empty()).await;
    assert!(!hub.receive(CHAT, "m2").await.unwrap().is_repeat);
    let ticket = hub.ticket(CHAT).await;
    assert_eq!((ticket.customer_messages, ticket.agent_id), (2, Some(TestHub::ADMIN)));
    hub.stop().await;
}

async fn segments_follow_every_owner(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    hub.receive(CHAT, "m1").await.unwrap();
    hub.clock.advance(Duration::from_secs(10));
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(ana.id)).await.unwrap();
    hub.clock.advance(Duration::from_secs(20));
    let request = TransferRequest {
        by: ana.id,
        to_agent_id: Some(bia.id),
        to_department_id: None,
        reason: "férias".to_owned(),
    };
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().transfer(&ticket, request).await.unwrap();
    hub.clock.advance(Duration::from_secs(30));
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().close(&ticket, Closing::default()).await.unwrap();
    let segments = hub.hub.store().list_segments(ticket.id).await.unwrap();
    let seconds = |s: &Segment| s.ended_at.unwrap().since(s.started_at).as_secs();
    let shown: Vec<_> = segments.iter().map(|s| (s.agent_id, seconds(s))).collect();
    assert_eq!(shown, [(None, 10), (Some(ana.id), 20), (Some(bia.id), 30)]);
    assert!(segments.windows(2).all(|pair| pair[0].ended_at == Some(pair[1].started_at)));
    hub.stop().await;
}
