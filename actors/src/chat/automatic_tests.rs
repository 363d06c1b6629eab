//! What the hub itself tells customers, how it closes silent chats, and what it makes of ratings, with a clock
//! that the test moves. It starts at nine on a Monday morning in São Paulo; the company opens from eight to
//! six.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;

use super::*;
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        AgentId, Direction, Message, MessageKind, Ticket, TicketStatus, settings::ChatSettings,
    },
    error::HubError,
    events::HubEvent,
    hub::HubConfig,
    session::SandboxSent,
    store::{Fault, Page},
    testing::{TestDatabase, TestHub, eventually},
};

both_databases!(
    a_new_chat_is_greeted_once,
    nothing_is_said_while_the_number_is_not_ready,
    outside_the_hours_the_customer_is_told_so_instead,
    a_department_has_hours_of_its_own,
    who_waits_hears_of_it_with_place_and_time,
    a_waiting_customer_is_told_when_the_company_closes,
    what_the_hub_says_is_no_answer,
    a_restart_repeats_nothing_and_loses_nothing,
    a_doubtful_commit_says_it_once,
    a_silent_customer_is_reminded_and_then_the_chat_is_closed,
    who_types_is_not_interrupted,
    a_late_answer_begins_anew_with_the_same_agent,
    a_person_says_goodbye_and_asks_for_a_rating,
    the_first_rating_counts_and_opens_nothing,
    something_else_opens_a_chat_and_is_asked_once_again,
    whoever_closes_may_ask_although_that_is_not_usual,
    a_rating_is_credited_to_those_who_had_the_ticket,
);

const CHAT: &str = "5511988880001";
const GREETING: &str = "Olá! Como podemos ajudar?";

async fn ready(database: &TestDatabase) -> TestHub {
    let hub = TestHub::start(database).await;
    hub.connect().await;
    hub
}

async fn set(hub: &TestHub, change: impl FnOnce(&mut ChatSettings)) {
    let saved = hub.hub.change_settings(None, |settings| {
        change(&mut settings.chat);
        Ok::<_, HubError>(())
    });
    saved.await.unwrap();
}

/// Everything that was said in a ticket, oldest first.
async fn said(hub: &TestHub, ticket: &Ticket) -> Vec<Message> {
    let page = Page { limit: 100, offset: 0 };
    let mut rows = hub.hub.store().list_ticket_messages(ticket.id, page).await.unwrap().rows;
    rows.sort_by_key(|message| message.id);
    rows
}

async fn automatic(hub: &TestHub, ticket: &Ticket) -> Vec<String> {
    let all = said(hub, ticket).await.into_iter();
    all.filter(|message| message.is_automatic).map(|message| message.text).collect()
}

/// Waits until the hub has said so much in the chat's present ticket, and no more once everything before has
/// been handled.
async fn hears(hub: &TestHub, expected: &[&str]) {
    eventually(async || automatic(hub, &hub.ticket(CHAT).await).await.len() >= expected.len())
        .await;
    settled(hub).await;
    assert_eq!(automatic(hub, &hub.ticket(CHAT).await).await, expected);
}

/// The chat's actor has handled everything that it was told until now.
async fn settled(hub: &TestHub) {
    let ticket = hub.ticket(CHAT).await;
    let stored = hub.hub.store().find_ticket(ticket.id).await.unwrap().unwrap().ticket;
    hub.hub.chats().edit(stored.id, None, Some(stored.priority), hub.clock.now()).await.unwrap();
}

async fn writes(hub: &TestHub, id: &str, text: &str) -> Delivered {
    let inbound = crate::domain::Inbound { text: text.to_owned(), ..TestHub::inbound(CHAT, id) };
    hub.hub.sessions().receive(hub.hub.chats(), TestHub::SESSION, inbound).await.unwrap()
}

async fn accept(hub: &TestHub, agent: AgentId) -> Ticket {
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(agent)).await.unwrap()
}

async fn answers(hub: &TestHub, agent: AgentId, text: &str) {
    let outgoing = Outgoing {
        agent_id: Some(agent),
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
    hub.hub.chats().send(&TestHub::key(CHAT), outgoing).await.unwrap();
}

async fn closes(hub: &TestHub) -> Ticket {
    let ticket = hub.ticket(CHAT).await;
    let closing = Closing { by: Some(TestHub::ADMIN), ..Closing::default() };
    hub.hub.chats().close(&ticket, closing).await.unwrap()
}

async fn sweep_after(hub: &TestHub, minutes: u64) {
    hub.clock.advance(Duration::from_mins(minutes));
    crate::sweep::once(hub.hub.context()).await;
    if hub.ticket(CHAT).await.status.is_open() {
        settled(hub).await;
    }
}

/// The texts that have reached the customer until nothing is under way any more.
async fn reached(hub: &TestHub, network: &mut Receiver<SandboxSent>) -> Vec<String> {
    eventually(async || {
        hub.hub.store().list_unsent(TestHub::SESSION, 100).await.unwrap().is_empty()
    })
    .await;
    let mut texts = Vec::new();
    while let Ok(message) = network.try_recv() {
        texts.push(message.text);
    }
    texts
}

async fn a_new_chat_is_greeted_once(database: TestDatabase) {
    let hub = ready(&database).await;
    hub.online(TestHub::ADMIN).await;
    set(&hub, |chat| chat.greeting = "Oi, {{nome}}! {{departamento}}, {{protocolo}}.".into()).await;
    let mut network = hub.network.sent();
    writes(&hub, "m1", "oi").await;
    let ticket = hub.ticket(CHAT).await;
    let greeting = format!("Oi, Ana! Suporte, {}.", ticket.id);
    hears(&hub, &[&greeting]).await;
    writes(&hub, "m2", "tudo bem?").await;
    writes(&hub, "m1", "oi").await;
    hears(&hub, &[&greeting]).await;
    assert_eq!(reached(&hub, &mut network).await, [greeting.as_str()]);
    // Empty texts say nothing.
    closes(&hub).await;
    set(&hub, |chat| chat.greeting.clear()).await;
    writes(&hub, "m3", "oi").await;
    hears(&hub, &[]).await;
    hub.stop().await;
}

async fn nothing_is_said_while_the_number_is_not_ready(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    writes(&hub, "m1", "oi").await;
    hears(&hub, &[]).await;
    assert_eq!(hub.ticket(CHAT).await.told, crate::domain::automatic::Told::default());
    let first = accept(&hub, TestHub::ADMIN).await;
    closes(&hub).await;
    assert!(automatic(&hub, &first).await.is_empty());
    // What was kept back is made up for soon, and not when it is no greeting any more.
    writes(&hub, "m2", "oi").await;
    hub.connect().await;
    hub.online(TestHub::ADMIN).await;
    hub.clock.advance(Duration::from_mins(5));
    writes(&hub, "m3", "alguém?").await;
    hears(&hub, &[GREETING]).await;
    hub.stop().await;
}

async fn outside_the_hours_the_customer_is_told_so_instead(database: TestDatabase) {
    let hub = ready(&database).await;
    hub.clock.advance(Duration::from_hours(10));
    writes(&hub, "m1", "oi").await;
    let closed = ChatSettings::default().out_of_hours_message;
    hears(&hub, &[&closed]).await;
    let ticket = hub.ticket(CHAT).await;
    assert_eq!(
        (ticket.status, ticket.agent_id),
        (TicketStatus::Waiting, None),
        "waits all the same"
    );
    writes(&hub, "m2", "oi?").await;
    hears(&hub, &[&closed]).await;
    // In the morning nobody is there yet.
    hub.clock.advance(Duration::from_hours(13));
    writes(&hub, "m3", "bom dia").await;
    let absent = ChatSettings::default().absence_message;
    hears(&hub, &[&closed, &absent]).await;
    closes(&hub).await;
    // Without a text there are no hours.
    set(&hub, |chat| chat.out_of_hours_message.clear()).await;
    hub.clock.advance(Duration::from_hours(12));
    hub.online(TestHub::ADMIN).await;
    writes(&hub, "m4", "oi").await;
    hears(&hub, &[GREETING]).await;
    hub.stop().await;
}

async fn a_department_has_hours_of_its_own(database: TestDatabase) {
    let hub = ready(&database).await;
    hub.online(TestHub::ADMIN).await;
    let night = crate::domain::settings::Interval { start_minute: 22 * 60, end_minute: 6 * 60 };
    let hours = crate::domain::settings::OpeningHours { monday: vec![night], ..Default::default() };
    let changes = crate::domain::DepartmentChanges {
        opening_hours: Some(Some(hours.clone())),
        ..Default::default()
    };
    let presence = hub.hub.presence();
    presence.update_department(None, TestHub::SUPPORT, changes).await.unwrap();
    let stored = hub.hub.store().list_departments().await.unwrap();
    assert_eq!(stored[0].opening_hours, Some(hours), "it is a row");
    writes(&hub, "m1", "oi").await;
    hears(&hub, &[&ChatSettings::default().out_of_hours_message]).await;
    closes(&hub).await;
    let back = crate::domain::DepartmentChanges { opening_hours: Some(None), ..Default::default() };
    presence.update_department(None, TestHub::SUPPORT, back).await.unwrap();
    writes(&hub, "m2", "oi").await;
    hears(&hub, &[GREETING]).await;
    hub.stop().await;
}

async fn who_waits_hears_of_it_with_place_and_time(database: TestDatabase) {
    let hub = ready(&database).await;
    set(&hub, |chat| {
        chat.greeting.clear();
        chat.absence_message = "{{posicao}}º da fila. Espera: {{espera}}.".into();
    })
    .await;
    hub.receive("5511988880002", "x1").await.unwrap();
    writes(&hub, "m1", "oi").await;
    // Nothing is known of the time, so nothing is said of it.
    hears(&hub, &["2º da fila."]).await;
    closes(&hub).await;
    // Six people are served six minutes after they came.
    for number in 0..6 {
        let chat_id = format!("551197777000{number}");
        hub.receive(&chat_id, &format!("n{number}")).await.unwrap();
        hub.clock.advance(Duration::from_mins(6));
        let ticket = hub.ticket(&chat_id).await;
        hub.hub.chats().accept(&ticket, Acceptance::own(TestHub::ADMIN)).await.unwrap();
    }
    writes(&hub, "m2", "oi").await;
    hears(&hub, &["2º da fila. Espera: cerca de 15 minutos."]).await;
    writes(&hub, "m3", "oi").await;
    hears(&hub, &["2º da fila. Espera: cerca de 15 minutos."]).await;
    hub.stop().await;
}

async fn a_waiting_customer_is_told_when_the_company_closes(database: TestDatabase) {
    let hub = ready(&database).await;
    hub.clock.advance(Duration::from_hours(8));
    writes(&hub, "m1", "oi").await;
    let (closed, absent) = {
        let settings = ChatSettings::default();
        (settings.out_of_hours_message, settings.absence_message)
    };
    hears(&hub, &[GREETING, &absent]).await;
    hub.clock.advance(Duration::from_hours(2));
    writes(&hub, "m2", "ainda aí?").await;
    hears(&hub, &[GREETING, &absent, &closed]).await;
    // Somebody who has taken the chat works, whatever the clock says.
    closes(&hub).await;
    hub.clock.advance(Duration::from_hours(14));
    hub.online(TestHub::ADMIN).await;
    writes(&hub, "m3", "bom dia").await;
    hears(&hub, &[GREETING]).await;
    eventually(async || hub.ticket(CHAT).await.agent_id.is_some()).await;
    settled(&hub).await;
    let never = crate::domain::settings::OpeningHours {
        monday: Vec::new(),
        tuesday: Vec::new(),
        wednesday: Vec::new(),
        thursday: Vec::new(),
        friday: Vec::new(),
        ..Default::default()
    };
    set(&hub, |chat| chat.opening_hours = never).await;
    writes(&hub, "m4", "boa noite").await;
    hears(&hub, &[GREETING]).await;
    hub.stop().await;
}

async fn what_the_hub_says_is_no_answer(database: TestDatabase) {
    let hub = ready(&database).await;
    writes(&hub, "m1", "oi").await;
    eventually(async || automatic(&hub, &hub.ticket(CHAT).await).await.len() == 2).await;
    let ticket = hub.ticket(CHAT).await;
    assert_eq!((ticket.agent_messages, ticket.first_response_at), (0, None));
    assert_eq!(ticket.awaiting_since, Some(ticket.created_at));
    assert_eq!(ticket.last_message_at, Some(ticket.created_at));
    let rows = said(&hub, &ticket).await;
    let sent = rows.iter().filter(|row| row.direction == Direction::Outbound);
    assert!(sent.clone().all(|row| row.is_automatic && row.agent_id.is_none()));
    assert_eq!(sent.count(), 2);
    hub.stop().await;
}

async fn a_restart_repeats_nothing_and_loses_nothing(database: TestDatabase) {
    let hub = ready(&database).await;
    let mut network = hub.network.sent();
    writes(&hub, "m1", "oi").await;
    let absent = ChatSettings::default().absence_message;
    hears(&hub, &[GREETING, &absent]).await;
    let mut seen = reached(&hub, &mut network).await;
    let clock = hub.stop().await;
    let hub = TestHub::start_with(&database, clock, HubConfig::default()).await;
    let mut network = hub.network.sent();
    eventually(async || hub.hub.sessions().is_ready(TestHub::SESSION)).await;
    // The sender had no answer and delivers again, and writes more.
    assert!(writes(&hub, "m1", "oi").await.is_repeat);
    writes(&hub, "m2", "oi?").await;
    hears(&hub, &[GREETING, &absent]).await;
    seen.extend(reached(&hub, &mut network).await);
    assert_eq!(seen, [GREETING, absent.as_str()], "each reached the customer once");
    hub.stop().await;
}

async fn a_doubtful_commit_says_it_once(database: TestDatabase) {
    let hub = ready(&database).await;
    set(&hub, |chat| chat.absence_message.clear()).await;
    for fault in [Fault::UncertainWritten, Fault::UncertainNotWritten, Fault::Refuse] {
        let id = format!("{fault:?}");
        hub.hub.store().fail_next_of("tell_customer", fault);
        writes(&hub, &id, "oi").await;
        // The sender delivers again; the chat's actor may have to be started first.
        let inbound = || TestHub::inbound(CHAT, &id);
        let receive = || hub.hub.sessions().receive(hub.hub.chats(), TestHub::SESSION, inbound());
        eventually(async || receive().await.is_ok()).await;
        hears(&hub, &[GREETING]).await;
        assert!(!hub.hub.store().awaits_fault(), "the greeting's write failed");
        hub.hub.chats().close(&hub.ticket(CHAT).await, Closing::default()).await.unwrap();
    }
    hub.stop().await;
}

async fn a_silent_customer_is_reminded_and_then_the_chat_is_closed(database: TestDatabase) {
    let mut hub = ready(&database).await;
    writes(&hub, "m1", "oi").await;
    eventually(async || automatic(&hub, &hub.ticket(CHAT).await).await.len() == 2).await;
    accept(&hub, TestHub::ADMIN).await;
    set(&hub, |chat| chat.inactivity_message = "Fecha em {{minutos}} min.".into()).await;
    sweep_after(&hub, 300).await;
    assert_eq!(hub.ticket(CHAT).await.told.nudged_at, None, "the company owes the answer");
    answers(&hub, TestHub::ADMIN, "resolvido?").await;
    sweep_after(&hub, 24).await;
    assert_eq!(hub.ticket(CHAT).await.told.nudged_at, None);
    sweep_after(&hub, 1).await;
    crate::sweep::once(hub.hub.context()).await;
    settled(&hub).await;
    let texts = automatic(&hub, &hub.ticket(CHAT).await).await;
    assert_eq!(texts.last().map(String::as_str), Some("Fecha em 5 min."));
    assert_eq!(texts.len(), 3, "said once");
    // An answer stops the clock, and the next silence is another one.
    writes(&hub, "m2", "ainda não").await;
    answers(&hub, TestHub::ADMIN, "e agora?").await;
    sweep_after(&hub, 6).await;
    assert_eq!(hub.ticket(CHAT).await.status, TicketStatus::Active);
    sweep_after(&hub, 20).await;
    assert_eq!(automatic(&hub, &hub.ticket(CHAT).await).await.len(), 4);
    sweep_after(&hub, 5).await;
    let minutes = hub.event(|event| match event {
        HubEvent::ChatAutoClosed { idle_minutes, .. } => Some(*idle_minutes),
        _ => None,
    });
    assert_eq!(minutes.await, 30);
    let closed = hub.ticket(CHAT).await;
    assert_eq!((closed.status, closed.told.rating_asked_at), (TicketStatus::Closed, None));
    assert_eq!(automatic(&hub, &closed).await.len(), 4, "no goodbye beside the reminder");
    hub.check_invariants().await;
    hub.stop().await;
}

async fn who_types_is_not_interrupted(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    writes(&hub, "m1", "oi").await;
    accept(&hub, TestHub::ADMIN).await;
    answers(&hub, TestHub::ADMIN, "resolvido?").await;
    hub.clock.advance(Duration::from_mins(31));
    let audience = crate::events::Audience::Everyone;
    hub.hub.presence().start_typing(TestHub::ADMIN, CHAT.to_owned(), audience).await.unwrap();
    sweep_after(&hub, 0).await;
    assert_eq!(hub.ticket(CHAT).await.status, TicketStatus::Active);
    hub.hub.presence().stop_typing(TestHub::ADMIN, CHAT.to_owned()).await.unwrap();
    sweep_after(&hub, 0).await;
    eventually(async || hub.ticket(CHAT).await.status == TicketStatus::Closed).await;
    hub.stop().await;
}

async fn a_late_answer_begins_anew_with_the_same_agent(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let bia = hub.agent("bia").await;
    writes(&hub, "m1", "oi").await;
    accept(&hub, bia.id).await;
    answers(&hub, bia.id, "resolvido?").await;
    sweep_after(&hub, 31).await;
    eventually(async || hub.ticket(CHAT).await.status == TicketStatus::Closed).await;
    let closed = hub.ticket(CHAT).await;
    hub.online(TestHub::ADMIN).await;
    hub.online(bia.id).await;
    writes(&hub, "m2", "voltei").await;
    eventually(async || hub.ticket(CHAT).await.agent_id.is_some()).await;
    let anew = hub.ticket(CHAT).await;
    assert_ne!(anew.id, closed.id);
    assert_eq!((anew.customer_id, anew.agent_id), (closed.customer_id, Some(bia.id)));
    hub.stop().await;
}

/// A served and closed chat whose customer was asked.
async fn asked(hub: &TestHub) -> Ticket {
    set(hub, |chat| {
        chat.asks_for_rating = true;
        chat.greeting.clear();
        chat.absence_message.clear();
    })
    .await;
    writes(hub, "m1", "oi").await;
    accept(hub, TestHub::ADMIN).await;
    closes(hub).await
}

async fn a_person_says_goodbye_and_asks_for_a_rating(database: TestDatabase) {
    let hub = ready(&database).await;
    let mut network = hub.network.sent();
    let ticket = asked(&hub).await;
    let settings = ChatSettings::default();
    let expected = [settings.closing_message.as_str(), settings.rating_request.as_str()];
    assert_eq!(automatic(&hub, &ticket).await, expected);
    assert_eq!(reached(&hub, &mut network).await, expected);
    assert!(ticket.told.rating_asked_at.is_some());
    // Whoever was never served is not asked, and nobody is when the person says so.
    writes(&hub, "m2", "oi").await;
    assert_eq!(closes(&hub).await.told.rating_asked_at, None);
    writes(&hub, "m3", "oi").await;
    let ticket = accept(&hub, TestHub::ADMIN).await;
    let (by, asks_for_rating) = (Some(TestHub::ADMIN), Some(false));
    let closing = Closing { by, asks_for_rating, ..Closing::default() };
    let closed = hub.hub.chats().close(&ticket, closing).await.unwrap();
    assert_eq!(closed.told.rating_asked_at, None);
    assert_eq!(automatic(&hub, &closed).await, [settings.closing_message.as_str()]);
    hub.stop().await;
}

async fn the_first_rating_counts_and_opens_nothing(database: TestDatabase) {
    let mut hub = ready(&database).await;
    let ticket = asked(&hub).await;
    hub.clock.advance(Duration::from_hours(23));
    let answer = writes(&hub, "r1", "⭐⭐⭐⭐").await;
    assert_eq!(answer.message.ticket_id, Some(ticket.id));
    let rating = hub.event(|event| match event {
        HubEvent::ChatRated { rating, rated_by: None, ticket_id, .. } => {
            Some((*ticket_id, *rating))
        }
        _ => None,
    });
    assert_eq!(rating.await, (ticket.id, 4));
    assert!(writes(&hub, "r1", "⭐⭐⭐⭐").await.is_repeat);
    writes(&hub, "r2", "1").await;
    let rated = hub.ticket(CHAT).await;
    assert_eq!((rated.id, rated.rating, rated.rated_by), (ticket.id, Some(4), None));
    assert_eq!((rated.status, rated.awaiting_since), (TicketStatus::Closed, None));
    let texts = automatic(&hub, &rated).await;
    assert_eq!(texts.last(), Some(&ChatSettings::default().rating_thanks));
    assert_eq!(texts.len(), 3, "thanked once");
    let credits = hub.hub.store().list_rating_credits(ticket.id).await.unwrap();
    let credited: Vec<_> = credits.iter().map(|credit| (credit.agent_id, credit.rating)).collect();
    assert_eq!(credited, [(TestHub::ADMIN, 4)]);
    // The day is over.
    hub.clock.advance(Duration::from_hours(2));
    writes(&hub, "r3", "5").await;
    assert_ne!(hub.ticket(CHAT).await.id, ticket.id);
    hub.stop().await;
}

async fn something_else_opens_a_chat_and_is_asked_once_again(database: TestDatabase) {
    let hub = ready(&database).await;
    let first = asked(&hub).await;
    let mut was_asked = Vec::new();
    for number in 0..3 {
        writes(&hub, &format!("q{number}"), "nota 10").await;
        let ticket = accept(&hub, TestHub::ADMIN).await;
        assert_ne!(ticket.id, first.id);
        was_asked.push(closes(&hub).await.told.rating_asked_at.is_some());
    }
    assert_eq!(was_asked, [true, false, true], "once again, then not, then anew");
    writes(&hub, "r", "nota 5").await;
    let rated = hub.ticket(CHAT).await;
    assert_eq!(rated.rating, Some(5));
    let untouched = hub.hub.store().find_ticket(first.id).await.unwrap().unwrap().ticket;
    assert_eq!(untouched.rating, None);
    hub.stop().await;
}

async fn whoever_closes_may_ask_although_that_is_not_usual(database: TestDatabase) {
    let hub = ready(&database).await;
    set(&hub, |chat| chat.asks_for_rating = false).await;
    writes(&hub, "m1", "oi").await;
    accept(&hub, TestHub::ADMIN).await;
    assert_eq!(closes(&hub).await.told.rating_asked_at, None);
    writes(&hub, "m2", "oi").await;
    let ticket = accept(&hub, TestHub::ADMIN).await;
    let (by, asks_for_rating) = (Some(TestHub::ADMIN), Some(true));
    let closing = Closing { by, asks_for_rating, ..Closing::default() };
    hub.hub.chats().close(&ticket, closing).await.unwrap();
    writes(&hub, "m3", "5").await;
    assert_eq!(
        hub.hub.store().find_ticket(ticket.id).await.unwrap().unwrap().ticket.rating,
        Some(5)
    );
    hub.stop().await;
}

async fn a_rating_is_credited_to_those_who_had_the_ticket(database: TestDatabase) {
    let hub = ready(&database).await;
    let bia = hub.agent("bia").await;
    let caio = hub.agent("caio").await;
    set(&hub, |chat| chat.asks_for_rating = true).await;
    writes(&hub, "m1", "oi").await;
    let ticket = accept(&hub, TestHub::ADMIN).await;
    let request = TransferRequest {
        by: TestHub::ADMIN,
        to_agent_id: Some(bia.id),
        to_department_id: None,
        reason: "x".to_owned(),
    };
    hub.hub.chats().transfer(&ticket, request).await.unwrap();
    hub.hub.chats().rate(&ticket, 2, String::new(), Some(TestHub::ADMIN)).await.unwrap();
    let credited = async || -> Vec<_> {
        let credits = hub.hub.store().list_rating_credits(ticket.id).await.unwrap();
        credits.iter().map(|credit| (credit.agent_id, credit.rating)).collect()
    };
    assert_eq!(credited().await, [(TestHub::ADMIN, 2), (bia.id, 2)]);
    // Whoever comes in afterwards is credited at the closing; the one who has the next ticket is not.
    let request = TransferRequest {
        by: TestHub::ADMIN,
        to_agent_id: Some(caio.id),
        to_department_id: None,
        reason: "x".to_owned(),
    };
    hub.hub.chats().transfer(&hub.ticket(CHAT).await, request).await.unwrap();
    let closed = closes(&hub).await;
    assert_eq!(closed.told.rating_asked_at, None, "it is rated already");
    assert_eq!(credited().await, [(TestHub::ADMIN, 2), (bia.id, 2), (caio.id, 2)]);
    hub.hub.chats().rate(&closed, 5, String::new(), Some(TestHub::ADMIN)).await.unwrap();
    assert_eq!(credited().await, [(TestHub::ADMIN, 5), (bia.id, 5), (caio.id, 5)]);
    hub.stop().await;
}
