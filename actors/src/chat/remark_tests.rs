//! What people note about a chat: in which order it is told, and who may.

use super::*;
use crate::{
    both_databases,
    domain::{AgentId, NoteId, Rejected, TicketStatus, remark::tags},
    error::HubError,
    events::{HubEvent, ReadCause},
    store::Page,
    testing::{TestDatabase, TestHub},
};

both_databases!(
    reading_is_told_with_what_is_left_and_only_when_it_changes_something,
    a_new_owner_has_not_read_anything_yet,
    notes_and_tags_are_told_and_stay_with_the_ticket,
    whoever_may_not_see_the_chat_may_not_note_anything,
);

const CHAT: &str = "5511988880001";
const PAGE: Page = Page { limit: 10, offset: 0 };

async fn accepted_by(hub: &TestHub, agent_id: AgentId) -> crate::domain::Ticket {
    hub.receive(CHAT, "m1").await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(agent_id)).await.unwrap()
}

async fn unread(hub: &TestHub, who: AgentId) -> i64 {
    let id = hub.ticket(CHAT).await.id;
    hub.hub.store().chat_activities(who, &[id]).await.unwrap()[&id].unread
}

async fn next_reading(hub: &mut TestHub) -> (AgentId, i64, ReadCause) {
    hub.event(|event| match event {
        HubEvent::ChatRead { agent_id, unread, cause, .. } => Some((*agent_id, *unread, *cause)),
        _ => None,
    })
    .await
}

async fn reading_is_told_with_what_is_left_and_only_when_it_changes_something(
    database: TestDatabase,
) {
    let mut hub = TestHub::start(&database).await;
    let ticket = accepted_by(&hub, TestHub::ADMIN).await;
    for id in ["m2", "m3"] {
        hub.receive(CHAT, id).await.unwrap();
    }
    let chats = hub.hub.clone();
    let read = async |until: Option<&str>| {
        let until = until.map(str::to_owned);
        chats.chats().mark_read(&ticket, TestHub::ADMIN, until).await.unwrap()
    };
    assert_eq!(read(Some("m9")).await, None);
    assert_eq!(read(Some("m1")).await.unwrap().unread, 2);
    assert_eq!(next_reading(&mut hub).await, (TestHub::ADMIN, 2, ReadCause::Mark));
    assert!(!read(Some("m1")).await.unwrap().is_news);
    assert_eq!(read(None).await.unwrap().unread, 0);
    assert_eq!(next_reading(&mut hub).await, (TestHub::ADMIN, 0, ReadCause::Mark));
    hub.receive(CHAT, "m4").await.unwrap();
    assert_eq!(unread(&hub, TestHub::ADMIN).await, 1);
    // The mark survives a restart of the hub.
    drop(chats);
    let clock = hub.stop().await;
    let hub = TestHub::start_with(&database, clock, crate::HubConfig::default()).await;
    assert_eq!(unread(&hub, TestHub::ADMIN).await, 1);
    hub.stop().await;
}

async fn a_new_owner_has_not_read_anything_yet(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await.id;
    let ticket = accepted_by(&hub, TestHub::ADMIN).await;
    hub.hub.chats().mark_read(&ticket, TestHub::ADMIN, None).await.unwrap();
    let request = TransferRequest {
        by: TestHub::ADMIN,
        to_agent_id: Some(ana),
        to_department_id: None,
        reason: "almoço".to_owned(),
    };
    hub.hub.chats().transfer(&ticket, request).await.unwrap();
    assert_eq!((unread(&hub, TestHub::ADMIN).await, unread(&hub, ana).await), (0, 1));
    hub.stop().await;
}

async fn notes_and_tags_are_told_and_stay_with_the_ticket(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let ticket = accepted_by(&hub, TestHub::ADMIN).await;
    let running = hub.hub.clone();
    let chats = running.chats();
    let note = chats.add_note(&ticket, TestHub::ADMIN, "é o sócio".to_owned()).await.unwrap();
    let told = hub.event(|event| match event {
        HubEvent::NoteAdded { note, agent_name, .. } => Some((note.clone(), agent_name.clone())),
        _ => None,
    });
    assert_eq!(told.await, (note.clone(), "Administrador".to_owned()));
    assert_eq!(hub.ticket(CHAT).await.agent_messages, 0);
    let set = async |list: &[&str]| {
        let list = tags(list.iter().copied());
        chats.set_tags(&ticket, TestHub::ADMIN, list).await.unwrap()
    };
    set(&["vip"]).await;
    set(&["vip"]).await;
    set(&["retorno"]).await;
    let mut told = Vec::new();
    while told.len() < 2 {
        told.push(
            hub.event(|event| match event {
                HubEvent::ChatTagsChanged { tags, .. } => Some(tags.join(" ")),
                _ => None,
            })
            .await,
        );
    }
    assert_eq!(told, ["vip", "retorno"], "what stays as it is is not told");
    // After the closing the ticket is still written on; a new one begins without anything.
    chats.close(&ticket, Closing::default()).await.unwrap();
    hub.receive(CHAT, "m2").await.unwrap();
    let new = hub.ticket(CHAT).await;
    assert_ne!(new.id, ticket.id);
    chats.add_note(&ticket, TestHub::ADMIN, "ligou depois".to_owned()).await.unwrap();
    let store = hub.hub.store();
    assert_eq!(store.list_notes(ticket.id, PAGE).await.unwrap().total, 2);
    assert_eq!(store.list_notes(new.id, PAGE).await.unwrap().total, 0);
    let activities = store.chat_activities(TestHub::ADMIN, &[ticket.id, new.id]).await.unwrap();
    assert_eq!([ticket.id, new.id].map(|id| activities[&id].tags.len()), [1, 0]);
    assert!(chats.remove_note(&ticket, note.clone(), TestHub::ADMIN).await.unwrap());
    assert!(!chats.remove_note(&ticket, note.clone(), TestHub::ADMIN).await.unwrap());
    let removed = hub.event(|event| match event {
        HubEvent::NoteRemoved { note_id, .. } => Some(*note_id),
        _ => None,
    });
    assert_eq!(removed.await, note.id);
    drop(running);
    hub.stop().await;
}

async fn whoever_may_not_see_the_chat_may_not_note_anything(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let (ana, bia) = (hub.agent("ana").await.id, hub.agent("bia").await.id);
    let ticket = accepted_by(&hub, ana).await;
    assert_eq!(ticket.status, TicketStatus::Active);
    let chats = hub.hub.chats();
    let is_refused = |outcome: Result<(), HubError>| {
        assert!(matches!(outcome, Err(HubError::Rejected(Rejected::NotYours))), "{outcome:?}");
    };
    is_refused(chats.mark_read(&ticket, bia, None).await.map(drop));
    is_refused(chats.add_note(&ticket, bia, "x".to_owned()).await.map(drop));
    is_refused(chats.set_tags(&ticket, bia, Vec::new()).await.map(drop));
    let note = chats.add_note(&ticket, TestHub::ADMIN, "x".to_owned()).await.unwrap();
    is_refused(chats.remove_note(&ticket, note.clone(), bia).await.map(drop));
    // She sees it, but it is not hers.
    is_refused(chats.remove_note(&ticket, note, ana).await.map(drop));
    assert!(hub.hub.store().find_note(NoteId(1)).await.unwrap().is_some());
    hub.stop().await;
}
