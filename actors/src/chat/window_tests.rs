//! The window in which a customer of the Cloud API may be answered freely, with a clock that the test
//! moves.

use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        ProviderKind, Rejected, SessionId, TicketStatus,
        cloud::{CloudNumberChanges, NetworkTemplate, TemplateStatus},
        ids::ChatKey,
    },
    error::HubError,
    events::HubEvent,
    store::{Page, StoreError, TemplateFilter},
    testing::{MuteNetwork, TestDatabase, TestHub},
};

both_databases!(
    a_window_that_closes_is_told_once,
    whom_nobody_may_write_to_is_not_warned_but_closed,
    free_text_is_refused_outside_the_window_and_a_repeat_is_answered,
    numbers_and_templates_are_kept,
);

const CHAT: &str = "5511988880001";

async fn cloud_number(hub: &TestHub) -> SessionId {
    let sessions = hub.hub.sessions();
    let name = "nuvem".to_owned();
    sessions.create(ProviderKind::Cloud, name, None, TestHub::ADMIN).await.unwrap().id
}

async fn writes(hub: &TestHub, session_id: SessionId, id: &str) {
    let inbound = TestHub::inbound(CHAT, id);
    hub.hub.sessions().receive(hub.hub.chats(), session_id, inbound).await.unwrap();
}

async fn sweep_after(hub: &TestHub, minutes: u64) {
    hub.clock.advance(Duration::from_mins(minutes));
    crate::sweep::once(hub.hub.context()).await;
}

async fn a_window_that_closes_is_told_once(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    hub.silence().await;
    let session_id = cloud_number(&hub).await;
    writes(&hub, session_id, "m1").await;
    writes(&hub, TestHub::SESSION, "of a number without a window").await;
    let first = hub.clock.now();
    let mut tap = hub.hub.outboxes().tap();
    sweep_after(&hub, 22 * 60 + 59).await;
    while let Ok(event) = tap.try_recv() {
        assert!(!matches!(event, HubEvent::ReplyWindowClosing { .. }), "too early: {event:?}");
    }
    sweep_after(&hub, 1).await;
    sweep_after(&hub, 1).await;
    writes(&hub, session_id, "m2").await;
    let second = hub.clock.now();
    sweep_after(&hub, 23 * 60).await;
    sweep_after(&hub, 2 * 60).await;
    let mut told = Vec::new();
    while told.len() < 2 {
        let until = hub.event(|event| match event {
            HubEvent::ReplyWindowClosing { open_until, .. } => Some(*open_until),
            _ => None,
        });
        told.push(until.await.millis());
    }
    let day = Duration::from_hours(24);
    let ends = [first, second].map(|from| from.plus(day).millis());
    assert_eq!(told, ends, "once for each window");
    let mut count = 0;
    while let Ok(event) = tap.try_recv() {
        count += usize::from(matches!(event, HubEvent::ReplyWindowClosing { .. }));
    }
    assert_eq!(count, 2);
}

async fn whom_nobody_may_write_to_is_not_warned_but_closed(database: TestDatabase) {
    let network = Arc::new(MuteNetwork::confirming());
    let mut hub = TestHub::start_over(&database, ProviderKind::Cloud, network).await;
    hub.silence().await;
    let warning = hub.hub.change_settings(None, |settings| {
        settings.chat.inactivity_message = "Fecha em {{minutos}} min.".to_owned();
        Ok::<_, HubError>(())
    });
    warning.await.unwrap();
    writes(&hub, TestHub::SESSION, "m1").await;
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(TestHub::ADMIN)).await.unwrap();
    hub.clock.advance(Duration::from_mins(23 * 60 + 50));
    let answer = Outgoing {
        agent_id: Some(TestHub::ADMIN),
        ..Outgoing::text(CHAT.to_owned(), "resolvido?".to_owned())
    };
    hub.hub.chats().send(&TestHub::key(CHAT), answer).await.unwrap();
    sweep_after(&hub, 29).await;
    assert_eq!(hub.ticket(CHAT).await.status, TicketStatus::Active, "the timeout is 30 minutes");
    sweep_after(&hub, 1).await;
    let minutes = hub.event(|event| match event {
        HubEvent::ChatAutoClosed { idle_minutes, .. } => Some(*idle_minutes),
        _ => None,
    });
    assert_eq!(minutes.await, 30);
    let closed = hub.ticket(CHAT).await;
    assert_eq!((closed.status, closed.told.nudged_at), (TicketStatus::Closed, None));
    assert!(closed.is_auto_closed);
    hub.stop().await;
}

async fn free_text_is_refused_outside_the_window_and_a_repeat_is_answered(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let session_id = cloud_number(&hub).await;
    let key = ChatKey { session_id, chat_id: CHAT.to_owned() };
    let outgoing = Outgoing {
        agent_id: Some(TestHub::ADMIN),
        client_message_id: Some("x".to_owned()),
        ..Outgoing::text(CHAT.to_owned(), "oi".to_owned())
    };
    let is_closed = |outcome: Result<_, HubError>| {
        matches!(outcome, Err(HubError::Rejected(Rejected::WindowClosed)))
    };
    let send = async |outgoing: &Outgoing| hub.hub.chats().send(&key, outgoing.clone()).await;
    assert!(is_closed(send(&outgoing).await), "the customer has never written");
    writes(&hub, session_id, "m1").await;
    let first = send(&outgoing).await.unwrap();
    hub.clock.advance(Duration::from_hours(24));
    assert_eq!(send(&outgoing).await.unwrap().id, first.id, "the same request, the same answer");
    let other = Outgoing { client_message_id: None, ..outgoing.clone() };
    assert!(is_closed(send(&other).await));
    let template = Outgoing { kind: crate::domain::MessageKind::Template, ..other };
    send(&template).await.unwrap();
    let window = hub.hub.store().find_reply_window(&key).await.unwrap().unwrap();
    assert!(!window.is_open(hub.clock.now()));
    let sandbox = TestHub::key(CHAT);
    assert_eq!(hub.hub.store().find_reply_window(&sandbox).await.unwrap(), None);
}

async fn numbers_and_templates_are_kept(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let store = hub.hub.store();
    let (one, other) = (cloud_number(&hub).await, cloud_number(&hub).await);
    let now = hub.clock.now();
    let named = |id: &str| CloudNumberChanges {
        phone_number_id: Some(id.to_owned()),
        access_token: Some("v1:sealed".to_owned()),
        ..CloudNumberChanges::default()
    };
    store.save_cloud_number(one, named("1"), TestHub::ADMIN, now).await.unwrap();
    let taken = store.save_cloud_number(other, named("1"), TestHub::ADMIN, now).await;
    assert!(matches!(taken, Err(StoreError::Unique { .. })), "{taken:?}");
    let changes = CloudNumberChanges { app_secret: Some("s".to_owned()), ..Default::default() };
    let kept = store.save_cloud_number(one, changes, TestHub::ADMIN, now).await.unwrap();
    assert_eq!((&*kept.phone_number_id, &*kept.access_token), ("1", "v1:sealed"));
    assert_eq!(store.list_cloud_numbers().await.unwrap(), [kept]);
    let template = |name: &str| NetworkTemplate {
        network_id: name.to_owned(),
        name: name.to_owned(),
        language: "pt_BR".to_owned(),
        category: "UTILITY".to_owned(),
        status: TemplateStatus::Approved,
        rejected_reason: String::new(),
        components: "[]".to_owned(),
    };
    let page = Page { limit: 10, offset: 0 };
    let found = async |filter: TemplateFilter| -> Vec<String> {
        let rows = store.list_message_templates(&filter, page).await.unwrap().rows;
        rows.into_iter().map(|template| template.name).collect()
    };
    let both = vec![template("b"), template("a")];
    assert_eq!(store.replace_message_templates(one, both, now).await.unwrap(), 0);
    assert_eq!(found(TemplateFilter::default()).await, ["a", "b"]);
    let later = now.plus(Duration::from_secs(1));
    let left = vec![template("a")];
    assert_eq!(store.replace_message_templates(one, left, later).await.unwrap(), 1);
    let status = TemplateStatus::Paused;
    let said = || "QUALITY".to_owned();
    store.change_template_status("a".to_owned(), status, said(), vec![one]).await.unwrap();
    let paused = || TemplateFilter { status: Some(status), ..TemplateFilter::default() };
    assert_eq!(found(paused()).await, [""; 0], "not signed for this number");
    store.change_template_status("a".to_owned(), status, said(), vec![other]).await.unwrap();
    assert_eq!(found(paused()).await, ["a"]);
    assert_eq!(store.find_message_template(other, "a", "pt_BR").await.unwrap(), None);
}
