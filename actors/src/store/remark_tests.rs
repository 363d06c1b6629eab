//! Reading marks, notes, tags and quick replies on both databases.

use super::{tests::seeded, *};
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        AgentId, DepartmentId, NewAgent, NewDepartment, QuickReplyChanges, QuickReplyDetails, Role,
        RoutingRules, TicketId,
        audit::{AuditAction, AuditSubject},
        list::List,
    },
    testing::TestDatabase,
};

both_databases!(
    unread_is_what_came_after_the_mark_and_the_last_answer,
    a_receipt_names_what_the_network_was_not_told_of,
    notes_and_tags_belong_to_their_ticket,
    a_shortcut_is_taken_once_per_department,
    what_is_deleted_leaves_its_text_in_the_trail,
);

const ADMIN: AgentId = AgentId(1);
const SUPPORT: DepartmentId = DepartmentId(1);
const CHAT: &str = "5511988880001";
const PAGE: Page = Page { limit: 10, offset: 0 };

async fn another_agent(store: &Store, clock: &impl Clock) -> AgentId {
    let new = NewAgent {
        username: "ana".to_owned(),
        email: String::new(),
        display_name: String::new(),
        phone_number: String::new(),
        role: Role::Agent,
        is_active: true,
        skills: List::default(),
        password_hash: String::new(),
        departments: vec![SUPPORT],
    };
    store.insert_agent(new, None, clock.now()).await.unwrap().id
}

async fn unread(store: &Store, who: AgentId, ticket: TicketId) -> i64 {
    store.chat_activities(who, &[ticket]).await.unwrap()[&ticket].unread
}

async fn unread_is_what_came_after_the_mark_and_the_last_answer(database: TestDatabase) {
    let hub = seeded(&database).await;
    let store = &hub.store;
    let ana = another_agent(store, &hub.clock).await;
    let opened = hub.open(CHAT, "m1").await;
    let ticket = opened.ticket.id;
    let receive = async |id: &str| {
        let message = NewMessage { ticket_id: Some(ticket), ..hub.message(CHAT, id) };
        store.append_message(message).await.unwrap().unwrap().id
    };
    let read = async |who, until: Option<&str>| {
        let until = until.map(str::to_owned);
        store.mark_read(ticket, who, until, hub.clock.now()).await.unwrap()
    };
    let second = receive("m2").await;
    let third = receive("m3").await;
    let both = async || (unread(store, ADMIN, ticket).await, unread(store, ana, ticket).await);
    assert_eq!(both().await, (3, 3));
    let mark = read(ADMIN, Some("m2")).await.unwrap();
    assert_eq!((mark.until, mark.unread, mark.is_news), (Some(second), 1, true));
    assert_eq!(both().await, (1, 3), "a mark is one person's");
    let mark = read(ADMIN, Some("m1")).await.unwrap();
    assert_eq!((mark.until, mark.unread, mark.is_news), (Some(second), 1, false), "never back");
    let mark = read(ADMIN, Some(&third.to_string())).await.unwrap();
    assert_eq!((mark.until, mark.unread), (Some(third), 0), "by the number of the row as well");
    assert_eq!(read(ADMIN, Some("m9")).await, None);
    let other = hub.open("5511988880002", "of another chat").await;
    assert_eq!(read(ADMIN, Some("of another chat")).await, None);
    assert_eq!(unread(store, ADMIN, other.ticket.id).await, 1);
    let automatic = NewMessage { is_automatic: true, agent_id: None, ..hub.answer(&opened, "a0") };
    store.append_message(automatic).await.unwrap();
    assert_eq!(both().await, (0, 3), "the hub's own messages are no answer");
    store.append_message(hub.answer(&opened, "a1")).await.unwrap();
    assert_eq!(both().await, (0, 0), "an answer counts for everybody");
    receive("m4").await;
    assert_eq!(both().await, (1, 1));
    let mark = read(ana, None).await.unwrap();
    assert_eq!((mark.unread, mark.is_news), (0, true));
    assert_eq!(both().await, (1, 0));
}

async fn a_receipt_names_what_the_network_was_not_told_of(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open(CHAT, "m1").await;
    let ticket = opened.ticket.id;
    let mut last = opened.message.unwrap().id;
    for number in 2..=120 {
        let new = hub.message(CHAT, &format!("m{number}"));
        let new = NewMessage { ticket_id: Some(ticket), ..new };
        last = hub.store.append_message(new).await.unwrap().unwrap().id;
    }
    let first = crate::domain::MessageRowId(last.0 - 118);
    let receipt = hub.store.find_receipt(ticket, CHAT, first).await.unwrap().unwrap();
    assert_eq!((receipt.message_ids, receipt.until), (vec!["m1".into(), "m2".into()], first));
    hub.store.save_receipt(ticket, first).await.unwrap();
    let receipt = hub.store.find_receipt(ticket, CHAT, last).await.unwrap().unwrap();
    assert_eq!((receipt.message_ids.len(), receipt.until), (100, last));
    assert_eq!(receipt.message_ids[99], "m120", "the newest ones, oldest first");
    hub.store.save_receipt(ticket, last).await.unwrap();
    hub.store.save_receipt(ticket, first).await.unwrap();
    assert_eq!(hub.store.find_receipt(ticket, CHAT, last).await.unwrap(), None);
}

async fn notes_and_tags_belong_to_their_ticket(database: TestDatabase) {
    let hub = seeded(&database).await;
    let (one, two) = (hub.open(CHAT, "m1").await, hub.open("5511988880002", "m2").await);
    let ids = [one.ticket.id, two.ticket.id];
    let note = |id, text: &str| hub.store.insert_note(id, ADMIN, text.to_owned(), hub.clock.now());
    note(ids[0], "liga depois das 14h").await.unwrap();
    note(ids[0], "é o sócio").await.unwrap();
    let notes = hub.store.list_notes(ids[0], PAGE).await.unwrap();
    let texts: Vec<_> = notes.rows.iter().map(|note| note.text.as_str()).collect();
    assert_eq!((notes.total, texts), (2, vec!["liga depois das 14h", "é o sócio"]));
    assert_eq!(hub.store.list_notes(ids[1], PAGE).await.unwrap().total, 0);
    let before = hub.store.chat_activities(ADMIN, &ids).await.unwrap();
    assert_eq!(before[&ids[0]].messages, 1, "a note is no message");

    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    let set = |id, list: &[&str]| hub.store.set_tags(id, tags(list));
    assert!(set(ids[0], &["retorno", "vip"]).await.unwrap());
    assert!(!set(ids[0], &["retorno", "vip"]).await.unwrap(), "nothing has changed");
    assert!(set(ids[1], &["vip", "100%"]).await.unwrap());
    assert!(set(ids[0], &["vip"]).await.unwrap());
    let now = hub.store.chat_activities(ADMIN, &ids).await.unwrap();
    assert_eq!(
        ids.map(|id| now[&id].tags.clone()),
        [tags(&["vip"]), tags(&["vip", "100%"]).into_iter().rev().collect()]
    );
    let filter = TicketFilter { tag: Some("100%".to_owned()), ..TicketFilter::default() };
    let order = Order { by: ChatSort::CreatedAt, is_descending: false };
    let found = hub.store.list_chats(&Scope::All, ADMIN, &filter, order, PAGE).await.unwrap();
    assert_eq!((found.total, found.rows[0].view.ticket.id), (1, ids[1]));
    let known = hub.store.list_tags(&Scope::All, None, PAGE).await.unwrap();
    let known: Vec<_> = known.rows.into_iter().map(|t| (t.tag, t.chats, t.open)).collect();
    assert_eq!(known, [("vip".to_owned(), 2, 2), ("100%".to_owned(), 1, 1)]);
    let starred = hub.store.list_tags(&Scope::All, Some("0%"), PAGE).await.unwrap();
    assert_eq!(starred.total, 1);
    let nobodys = hub.store.list_tags(&Scope::Own(AgentId(99)), None, PAGE).await.unwrap();
    assert_eq!((nobodys.total, nobodys.rows.len()), (0, 0));
}

fn reply(department_id: Option<DepartmentId>, shortcut: &str) -> QuickReplyDetails {
    QuickReplyDetails {
        department_id,
        title: "Saudação".to_owned(),
        shortcut: shortcut.to_owned(),
        text: "{{saudacao}}!".to_owned(),
    }
}

async fn a_shortcut_is_taken_once_per_department(database: TestDatabase) {
    let hub = seeded(&database).await;
    let (store, now) = (&hub.store, hub.clock.now());
    let add = |department, shortcut: &str| {
        store.insert_quick_reply(reply(department, shortcut), ADMIN, now)
    };
    let general = add(None, "/ola").await.unwrap();
    let own = add(Some(SUPPORT), "/ola").await.unwrap();
    for department in [None, Some(SUPPORT)] {
        let again = add(department, "/ola").await;
        assert!(matches!(again, Err(StoreError::Unique { .. })), "{again:?}");
    }
    let other = add(None, "/tchau").await.unwrap();
    let same = QuickReplyChanges { shortcut: Some("/ola".to_owned()), ..Default::default() };
    let taken = store.update_quick_reply(other.id, same, ADMIN, now).await;
    assert!(matches!(taken, Err(StoreError::Unique { .. })));
    let found = async |filter: QuickReplyFilter| {
        let page = store.list_quick_replies(&filter, PAGE).await.unwrap();
        page.rows.into_iter().map(|reply| reply.id).collect::<Vec<_>>()
    };
    let all = QuickReplyFilter::default();
    assert_eq!(found(all.clone()).await, [own.id, general.id, other.id]);
    let of_nobody = QuickReplyFilter { departments: Some(Vec::new()), ..all.clone() };
    assert_eq!(found(of_nobody).await, [general.id, other.id]);
    let searched = QuickReplyFilter { search: vec!["SAUDACAO".to_owned()], ..all.clone() };
    assert_eq!(found(searched).await.len(), 3);
    let by_shortcut = QuickReplyFilter { shortcut: Some("/tchau".to_owned()), ..all };
    assert_eq!(found(by_shortcut).await, [other.id]);
    // With a department go its texts.
    let new = NewDepartment {
        name: "Vendas".to_owned(),
        description: String::new(),
        color: "#10B981".to_owned(),
        capacity: 1,
        response_target_minutes: 1,
        is_active: true,
        opening_hours: None,
        routing: RoutingRules::default(),
        members: Vec::new(),
    };
    let sales = store.insert_department(new, None, now).await.unwrap().id;
    let gone = add(Some(sales), "/ola").await.unwrap();
    assert!(store.delete_department(sales, None, now).await.unwrap());
    assert_eq!(store.find_quick_reply(gone.id).await.unwrap(), None);
}

async fn what_is_deleted_leaves_its_text_in_the_trail(database: TestDatabase) {
    let hub = seeded(&database).await;
    let (store, now) = (&hub.store, hub.clock.now());
    let opened = hub.open(CHAT, "m1").await;
    let note = store.insert_note(opened.ticket.id, ADMIN, "sigilo".to_owned(), now).await.unwrap();
    assert!(store.delete_note(note.clone(), ADMIN, now).await.unwrap());
    assert!(!store.delete_note(note.clone(), ADMIN, now).await.unwrap());
    assert_eq!(store.find_note(note.id).await.unwrap(), None);
    let created = store.insert_quick_reply(reply(None, "/ola"), ADMIN, now).await.unwrap();
    let unchanged = QuickReplyChanges::default();
    store.update_quick_reply(created.id, unchanged, ADMIN, now).await.unwrap().unwrap();
    assert!(store.delete_quick_reply(created.id, ADMIN, now).await.unwrap());
    assert!(!store.delete_quick_reply(created.id, ADMIN, now).await.unwrap());
    let trail = async |subject| {
        let filter = AuditFilter { subject: Some(subject), ..AuditFilter::default() };
        store.list_audit_entries(filter, PAGE).await.unwrap().rows
    };
    let of_notes = trail(AuditSubject::Note).await;
    assert_eq!(of_notes.len(), 1);
    let text = of_notes[0].changes.iter().find(|change| change.field == "text").unwrap();
    assert_eq!(text.old_value.as_deref(), Some("sigilo"));
    let actions: Vec<_> =
        trail(AuditSubject::QuickReply).await.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [AuditAction::Deleted, AuditAction::Created], "no change, no entry");
}
