//! The store's suite: every test runs on both databases.

use std::{collections::HashSet, time::Duration};

use super::*;
use crate::domain::{Reasons, queue::Promise};
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        AgentId, ChangeKind, DepartmentId, Direction, DocumentChanges, DocumentKind,
        DocumentOrigin, DocumentStatus, Inbound, Message, MessageChange, MessageKind,
        MessageStatus, NewDocument, Priority, ProviderKind, SessionId, Side, TicketStatus,
        Timestamp,
        audit::{AuditAction, AuditSubject, FieldChange, NewAuditEntry},
        file::{FileKey, StoredFile},
        ids::ChatKey,
        settings::{Interval, Sealed, Settings},
    },
    testing::{ManualClock, TestDatabase, on_postgres},
};

both_databases!(
    an_empty_database_is_seeded_once,
    a_chat_opens_with_all_its_rows_or_none,
    a_second_open_ticket_of_a_chat_is_refused,
    appended_messages_bring_their_ticket_up_to_date,
    a_repeated_message_is_recognised,
    a_refused_unit_does_not_take_the_others_along,
    what_a_unit_put_ahead_is_refused_with_all_of_it_and_nothing_else,
    a_change_planned_for_an_old_version_is_refused,
    a_status_never_goes_back,
    a_delivery_proves_that_a_message_was_sent,
    reports_of_one_call_are_taken_in_their_order,
    a_report_that_the_database_refuses_fails_alone,
    many_writers_share_commits_without_loss,
    a_change_that_waited_is_carried_out_once_however_often_its_message_comes,
    every_list_can_be_read,
    what_was_answered_survives_reopening,
    faults_do_what_they_say,
    the_audit_trail_only_grows,
    every_section_is_stored_with_its_entry_in_the_trail,
    documents_of_older_versions_keep_reading,
    files_are_kept_or_doomed,
    documents_are_filed_found_and_numbered,
    the_case_of_accented_letters_does_not_count,
    both_schemas_have_the_same_tables_and_columns,
);

const ADMIN: AgentId = AgentId(1);
const SUPPORT: DepartmentId = DepartmentId(1);
const SESSION: SessionId = SessionId(1);

pub(super) struct Fixture {
    pub(super) store: Store,
    pub(super) clock: ManualClock,
}

pub(super) async fn seeded(database: &TestDatabase) -> Fixture {
    let store = database.open().await;
    let clock = ManualClock::default();
    store.seed(seed(), clock.now()).await.unwrap();
    Fixture { store, clock }
}

fn seed() -> Seed {
    Seed { admin_password_hash: "hash".to_owned(), provider: ProviderKind::Sandbox }
}

fn inbound(chat_id: &str, message_id: &str) -> Inbound {
    Inbound {
        by: Side::Customer,
        chat_id: chat_id.to_owned(),
        phone: chat_id.to_owned(),
        contact_name: "Ana".to_owned(),
        message_id: message_id.to_owned(),
        kind: MessageKind::Text,
        text: "Olá, João".to_owned(),
        media_url: None,
        media_mime_type: None,
        media_size: None,
        media_status: None,
        details: None,
        quoted_message_id: None,
        raw_payload: Some("{}".to_owned()),
        protocol_version: "v1".to_owned(),
        provider_at: None,
    }
}

/// To the only agent there is.
pub(super) fn assignment(opened: &OpenedTicket) -> Assignment {
    Assignment {
        ticket_id: opened.ticket.id,
        department_id: opened.ticket.department_id,
        agent_id: ADMIN,
        offered_until: None,
        reasons: Reasons::default(),
    }
}

impl Fixture {
    pub(super) fn message(&self, chat_id: &str, message_id: &str) -> NewMessage {
        inbound(chat_id, message_id).to_new_message(SESSION, self.clock.now())
    }

    pub(super) fn opening(&self, chat_id: &str, message_id: &str) -> NewTicket {
        NewTicket {
            key: ChatKey { session_id: SESSION, chat_id: chat_id.to_owned() },
            phone: chat_id.to_owned(),
            customer: OpeningCustomer::ByPhone { name: "Ana".to_owned() },
            department_id: SUPPORT,
            priority: Priority::Normal,
            first_message: "Olá".to_owned(),
            message: Some(self.message(chat_id, message_id)),
            promise: Promise { closing_at: self.clock.now(), due_at: self.clock.now() },
            at: self.clock.now(),
        }
    }

    pub(super) async fn open(&self, chat_id: &str, message_id: &str) -> OpenedTicket {
        self.store.open_ticket(self.opening(chat_id, message_id)).await.unwrap().unwrap()
    }

    pub(super) fn answer(&self, opened: &OpenedTicket, message_id: &str) -> NewMessage {
        NewMessage {
            ticket_id: Some(opened.ticket.id),
            agent_id: Some(ADMIN),
            direction: Direction::Outbound,
            client_message_id: Some(message_id.to_owned()),
            ..self.message(&opened.ticket.chat_id, message_id)
        }
    }

    async fn report(&self, message_id: &str, status: MessageStatus) -> Option<Message> {
        self.moved(message_id, status).await.map(|moved| moved.message)
    }

    pub(super) async fn moved(&self, message_id: &str, status: MessageStatus) -> Option<Moved> {
        let at = self.clock.now();
        let message_id = message_id.to_owned();
        let error = String::new();
        let report =
            StatusReport { session_id: SESSION, message_id, status, at, error, network_id: None };
        self.store.report_statuses(vec![report]).await.remove(0).unwrap()
    }
}

async fn an_empty_database_is_seeded_once(database: TestDatabase) {
    let Fixture { store, clock } = seeded(&database).await;
    assert!(!store.is_empty().await.unwrap());
    assert!(!store.seed(seed(), clock.now()).await.unwrap(), "a second time does nothing");
    let departments = store.list_departments().await.unwrap();
    assert_eq!(departments.len(), 1);
    assert_eq!(
        (departments[0].name.as_str(), &departments[0].members[..]),
        ("Suporte", &[ADMIN][..])
    );
    assert!(store.find_default_session().await.unwrap().unwrap().is_default);
    assert_eq!(store.find_login("admin").await.unwrap().unwrap().password_hash, "hash");
}

async fn a_chat_opens_with_all_its_rows_or_none(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    assert_eq!(opened.customer.details.name, "Ana");
    assert_eq!(opened.ticket.status, TicketStatus::Waiting);
    assert_eq!((opened.ticket.customer_messages, opened.ticket.version), (1, 1));
    assert!(opened.ticket.awaiting_since.is_some(), "the customer waits for an answer");
    assert_eq!(opened.message.unwrap().ticket_id, Some(opened.ticket.id));
    assert_eq!(hub.store.list_waiting(SUPPORT).await.unwrap(), [opened.entry]);
    // The message is there already: nothing at all is stored for the other chat.
    let again = hub.store.open_ticket(hub.opening("5511988880002", "m1")).await.unwrap();
    assert!(again.is_none());
    assert!(hub.store.find_chat_ticket("5511988880002").await.unwrap().is_none());
}

async fn a_second_open_ticket_of_a_chat_is_refused(database: TestDatabase) {
    let hub = seeded(&database).await;
    hub.open("5511988880001", "m1").await;
    let second = hub.store.open_ticket(hub.opening("5511988880001", "m2")).await;
    assert!(matches!(second, Err(StoreError::Unique { .. })), "{second:?}");
    assert_eq!(hub.store.list_waiting(SUPPORT).await.unwrap().len(), 1);
}

async fn appended_messages_bring_their_ticket_up_to_date(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    hub.store.append_message(hub.answer(&opened, "a1")).await.unwrap().unwrap();
    let answered = hub.store.find_ticket(opened.ticket.id).await.unwrap().unwrap().ticket;
    assert_eq!((answered.customer_messages, answered.agent_messages), (1, 1));
    assert!(answered.first_response_at.is_some() && answered.awaiting_since.is_none());
    let mut automatic = hub.answer(&opened, "a2");
    automatic.is_automatic = true;
    hub.store.append_message(automatic).await.unwrap().unwrap();
    let mut more = hub.message("5511988880001", "m2");
    more.ticket_id = Some(opened.ticket.id);
    hub.store.append_message(more).await.unwrap().unwrap();
    let waiting = hub.store.find_ticket(opened.ticket.id).await.unwrap().unwrap().ticket;
    assert_eq!((waiting.customer_messages, waiting.agent_messages), (2, 1));
    assert!(waiting.awaiting_since > answered.first_response_at);
    let session = hub.store.find_session(SESSION).await.unwrap().unwrap();
    assert_eq!(session.messages_received, 2);
}

async fn a_repeated_message_is_recognised(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    let mut repeat = hub.message("5511988880001", "m1");
    repeat.ticket_id = Some(opened.ticket.id);
    assert_eq!(hub.store.append_message(repeat.clone()).await.unwrap(), None);
    let mut client_repeat = hub.answer(&opened, "a1");
    hub.store.append_message(client_repeat.clone()).await.unwrap().unwrap();
    client_repeat.message_id = "another".to_owned();
    assert_eq!(hub.store.append_message(client_repeat).await.unwrap(), None);
    let ticket = hub.store.find_ticket(opened.ticket.id).await.unwrap().unwrap().ticket;
    assert_eq!((ticket.customer_messages, ticket.agent_messages), (1, 1));
}

async fn a_refused_unit_does_not_take_the_others_along(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    let mut bad = hub.message("5511988880001", "bad");
    bad.ticket_id = Some(crate::domain::TicketId(99_999));
    let mut good = hub.message("5511988880001", "good");
    good.ticket_id = Some(opened.ticket.id);
    let (bad, good, department) = tokio::join!(
        hub.store.append_message(bad),
        hub.store.append_message(good),
        hub.store.delete_department(SUPPORT, None, hub.clock.now()),
    );
    assert!(matches!(bad, Err(StoreError::ForeignKey { .. })), "{bad:?}");
    assert!(good.unwrap().is_some());
    assert!(matches!(department, Err(StoreError::ForeignKey { .. })), "{department:?}");
}

async fn a_change_planned_for_an_old_version_is_refused(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    let at = hub.clock.now();
    let mut ticket = opened.ticket.clone();
    ticket.status = TicketStatus::Active;
    ticket.agent_id = Some(ADMIN);
    let plan = TicketPlan {
        ticket,
        entry: EntryChange::Assigned(at),
        transfer: None,
        returned: None,
        decision: None,
        notices: Vec::new(),
        promise: None,
        at,
    };
    let changed = hub.store.change_ticket(plan.clone()).await.unwrap().ticket;
    assert_eq!((changed.version, changed.agent_id), (2, Some(ADMIN)));
    assert!(matches!(hub.store.change_ticket(plan).await, Err(StoreError::Stale)));
    let assigned = hub.store.assign_tickets(vec![assignment(&opened)], at).await.unwrap();
    assert!(assigned.is_empty(), "somebody has it already");
    assert!(hub.store.list_waiting(SUPPORT).await.unwrap().is_empty());
}

async fn a_status_never_goes_back(database: TestDatabase) {
    use MessageStatus::{Delivered, Failed, Read, Sent};
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    hub.store.append_message(hub.answer(&opened, "a1")).await.unwrap().unwrap();
    assert_eq!(hub.report("a1", Sent).await.unwrap().status, Sent);
    assert!(hub.report("a1", Sent).await.is_none(), "a repeat moves nothing");
    assert_eq!(hub.report("a1", Failed).await.unwrap().status, Failed);
    assert_eq!(hub.report("a1", Delivered).await.unwrap().status, Delivered, "proof beats failed");
    let read = hub.report("a1", Read).await.unwrap();
    assert!(read.sent_at.is_some() && read.delivered_at.is_some() && read.read_at.is_some());
    assert!(hub.report("a1", Delivered).await.is_none());
    assert!(hub.report("unknown", Read).await.is_none());
    assert_eq!(hub.store.find_session(SESSION).await.unwrap().unwrap().messages_sent, 1);
}

async fn a_delivery_proves_that_a_message_was_sent(database: TestDatabase) {
    use MessageStatus::{Delivered, Failed, Read, Sent};
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    for (message_id, steps) in [
        ("usual", vec![(Sent, true), (Delivered, false), (Read, false)]),
        ("unannounced", vec![(Delivered, true), (Read, false)]),
        ("late proof", vec![(Failed, false), (Delivered, true)]),
    ] {
        hub.store.append_message(hub.answer(&opened, message_id)).await.unwrap().unwrap();
        for (status, is_first_proof) in steps {
            let moved = hub.moved(message_id, status).await.unwrap();
            assert_eq!(moved.is_first_proof, is_first_proof, "{message_id} {status:?}");
            assert_eq!(moved.message.sent_at.is_some(), status != Failed);
        }
    }
    assert_eq!(hub.store.find_session(SESSION).await.unwrap().unwrap().messages_sent, 3);
}

async fn reports_of_one_call_are_taken_in_their_order(database: TestDatabase) {
    use MessageStatus::{Delivered, Read, Sent};
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    hub.store.append_message(hub.answer(&opened, "a1")).await.unwrap().unwrap();
    let reports = [Sent, Delivered, Read].map(|status| StatusReport {
        session_id: SESSION,
        message_id: "a1".to_owned(),
        status,
        at: hub.clock.now(),
        error: String::new(),
        network_id: None,
    });
    let moved = hub.store.report_statuses(reports.to_vec()).await;
    let statuses: Vec<_> =
        moved.into_iter().map(|step| step.unwrap().unwrap().message.status).collect();
    assert_eq!(statuses, [Sent, Delivered, Read]);
}

async fn what_a_unit_put_ahead_is_refused_with_all_of_it_and_nothing_else(database: TestDatabase) {
    let hub = seeded(&database).await;
    let store = &hub.store;
    let set = |up_to: i64| {
        store.unit(unit!(tx => {
            tx.run(sql("UPDATE search_backlog SET up_to = $1").bind(up_to)).await.map(drop)
        }))
    };
    let bad = || {
        store.unit(unit!(tx => {
            tx.run(sql("UPDATE search_backlog SET up_to = $1").bind(77)).await?;
            tx.run_ahead(sql("UPDATE search_backlog SET up_to = NULL")).await
        }))
    };
    // In one transaction where units share one; then alone.
    let (first, refused, last) =
        tokio::join!(set(5), bad(), store.append_message(hub.message("5511988880001", "m1")));
    first.unwrap();
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert!(last.unwrap().is_some());
    assert!(matches!(bad().await, Err(StoreError::Refused(_))));
    let (up_to,): (i64,) = store.reader.one(sql("SELECT up_to FROM search_backlog")).await.unwrap();
    assert_eq!(up_to, 5);
}

async fn many_writers_share_commits_without_loss(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m0").await;
    let mut writes = tokio::task::JoinSet::new();
    for number in 0..300 {
        let mut message = hub.message("5511988880001", &format!("n{}", number % 150));
        message.ticket_id = Some(opened.ticket.id);
        let store = hub.store.clone();
        writes.spawn(async move { store.append_message(message).await.unwrap() });
    }
    let ids: Vec<_> = writes.join_all().await.into_iter().flatten().collect();
    assert_eq!(ids.len(), 150, "each message once, its repeat recognised");
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 150);
    let ticket = hub.store.find_ticket(opened.ticket.id).await.unwrap().unwrap().ticket;
    assert_eq!(ticket.customer_messages, 151);
}

async fn a_change_that_waited_is_carried_out_once_however_often_its_message_comes(
    database: TestDatabase,
) {
    let hub = seeded(&database).await;
    let chat = "5511988880001";
    hub.open(chat, "m0").await;
    let change = MessageChange {
        chat_id: chat.to_owned(),
        target_id: "m1".to_owned(),
        change_id: "c1".to_owned(),
        side: Side::Customer,
        agent_id: None,
        kind: ChangeKind::Edit,
        value: "novo".to_owned(),
        at: hub.clock.now(),
    };
    let parked = hub.store.change_message(SESSION, change).await.unwrap();
    assert!(matches!(parked, ChangeOutcome::Stored { message: None, .. }), "{parked:?}");
    let append = |id: &str| hub.store.append_message(hub.message(chat, id));
    let (first, other, again) = tokio::join!(append("m1"), append("x"), append("m1"));
    let first = first.unwrap().expect("it is new");
    assert!(first.is_changed);
    assert!(other.unwrap().is_some());
    assert_eq!(again.unwrap(), None);
    let message = hub.store.find_message(&Scope::All, ADMIN, first.id).await.unwrap().unwrap();
    assert_eq!(message.text, "novo");
    let changes = hub.store.list_message_changes(first.id).await.unwrap();
    let previous: Vec<&str> = changes.iter().map(|change| change.previous.as_str()).collect();
    assert_eq!(previous, [hub.message(chat, "m1").text]);
}

/// As in the program; in the other tests everything has one thread, and the writer none of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_thread_of_its_own_the_writer_loses_nothing_and_ends() {
    many_writers_share_commits_without_loss(TestDatabase::sqlite()).await;
    what_was_answered_survives_reopening(TestDatabase::sqlite()).await;
    on_postgres(many_writers_share_commits_without_loss).await;
    on_postgres(what_was_answered_survives_reopening).await;
}

async fn every_list_can_be_read(database: TestDatabase) {
    let hub = seeded(&database).await;
    let store = &hub.store;
    let opened = hub.open("5511988880001", "m1").await;
    store.append_message(hub.answer(&opened, "a1")).await.unwrap();
    hub.clock.advance(Duration::from_secs(6));
    hub.report("a1", MessageStatus::Sent).await.unwrap();
    let page = Page { limit: 10, offset: 0 };
    let search = vec!["ana".to_owned()];
    for scope in [
        Scope::All,
        Scope::Own(ADMIN),
        Scope::Departments(ADMIN, vec![SUPPORT]),
        Scope::OwnAndWaiting(ADMIN, vec![]),
        Scope::OwnAndWaiting(ADMIN, vec![SUPPORT]),
    ] {
        let expected = i64::from(scope != Scope::Own(ADMIN));
        let tickets = TicketFilter { search: search.clone(), ..TicketFilter::default() };
        let order = [Order { by: TicketSort::CreatedAt, is_descending: true }];
        let list = store.list_tickets(&scope, &tickets, &order, page).await.unwrap();
        assert_eq!(list.total, expected, "{scope:?}");
        let by_message = Order { by: ChatSort::LastMessage, is_descending: true };
        let chats = store.list_chats(&scope, ADMIN, &tickets, by_message, page).await.unwrap();
        assert_eq!(i64::try_from(chats.rows.len()), Ok(expected));
        let messages = MessageFilter { search: search.clone(), ..MessageFilter::default() };
        let order = [Order { by: MessageSort::CreatedAt, is_descending: true }];
        store.list_messages(&scope, ADMIN, &messages, &order, page).await.unwrap();
        let sent = MessageFilter { is_from_me: Some(true), ..MessageFilter::default() };
        let sent = store.list_messages(&scope, ADMIN, &sent, &[], page).await.unwrap();
        assert_eq!(sent.total, 1, "{scope:?}");
        let stats = store.latency_stats(&scope, ADMIN).await.unwrap();
        assert_eq!((stats.outbound, stats.slow), (1, 1), "{scope:?}");
        assert!((5000.0..7000.0).contains(&stats.to_sent_ms.unwrap()));
        assert_eq!(store.list_slow_messages(&scope, ADMIN, 5).await.unwrap().len(), 1);
    }
    let priority = Order { by: ChatSort::Priority, is_descending: true };
    let chats = store
        .list_chats(&Scope::All, ADMIN, &TicketFilter::default(), priority, page)
        .await
        .unwrap();
    let activity = &chats.rows[0].activity;
    assert_eq!((activity.messages, activity.unread), (2, 0));
    assert_eq!(activity.last_message.as_ref().unwrap().message_id, "a1");
    let by_priority = [Order { by: QueueSort::Priority, is_descending: true }];
    let filter = QueueFilter { is_waiting: Some(true), ..QueueFilter::default() };
    assert_eq!(store.list_queue(&filter, &by_priority, page).await.unwrap().total, 1);
    let sessions = SessionFilter { search: vec!["dx".to_owned()], ..SessionFilter::default() };
    let order = [Order { by: SessionSort::UpdatedAt, is_descending: true }];
    assert_eq!(store.list_sessions(&sessions, &order, page).await.unwrap().total, 1);
    assert_eq!(store.session_metrics(SESSION).await.unwrap().slow, 1);
    assert_eq!(store.department_loads().await.unwrap()[&SUPPORT].waiting, 1);
    assert!(store.list_loads().await.unwrap().is_empty());
    assert!(store.last_starts().await.unwrap().is_empty());
    assert!(store.list_idle_tickets(hub.clock.now(), None, 10).await.unwrap().is_empty());
    assert_eq!(store.list_departments_with_waiting().await.unwrap(), [SUPPORT]);
    assert!(store.list_unsent(SESSION, 10).await.unwrap().is_empty());
}

async fn what_was_answered_survives_reopening(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    let presence = StoredPresence {
        agent_id: ADMIN,
        wish: None,
        message: String::new(),
        last_seen: Some(Timestamp::from_micros(1_234_567)),
        status_changed_at: hub.clock.now(),
        updated_at: hub.clock.now(),
        missed_offers: 2,
    };
    hub.store.save_presence(vec![presence.clone()], Vec::new()).await.unwrap();
    let now = hub.clock.now();
    let mut settings = Settings { updated_at: Some(now), ..Settings::default() };
    settings.chat.auto_distribute = false;
    let (old, new) = (Arc::default(), Arc::new(settings.clone()));
    hub.store.save_settings(old, new, None, now).await.unwrap();
    hub.store.close().await;
    let store = database.open().await;
    assert_eq!(store.list_waiting(SUPPORT).await.unwrap(), [opened.entry]);
    assert_eq!(store.find_ticket(opened.ticket.id).await.unwrap().unwrap().ticket, opened.ticket);
    assert_eq!(store.list_presence().await.unwrap(), [presence]);
    assert_eq!(store.get_settings().await.unwrap(), settings);
}

async fn faults_do_what_they_say(database: TestDatabase) {
    let hub = seeded(&database).await;
    for (fault, is_certain, is_written) in [
        (Fault::Refuse, true, false),
        (Fault::UncertainNotWritten, false, false),
        (Fault::UncertainWritten, false, true),
    ] {
        hub.store.fail_next(fault);
        let chat_id = format!("{fault:?}");
        let error = hub.store.open_ticket(hub.opening(&chat_id, &chat_id)).await.unwrap_err();
        assert_eq!(error.certainly_aborted(), is_certain, "{fault:?}");
        let found = hub.store.find_chat_ticket(&chat_id).await.unwrap();
        assert_eq!(found.is_some(), is_written, "{fault:?}");
    }
    hub.store.fail_next_of("edit_ticket", Fault::Refuse);
    let opened = hub.store.open_ticket(hub.opening("other", "other")).await.unwrap().unwrap();
    assert!(hub.store.awaits_fault(), "another write went first");
    hub.store.edit_ticket(opened.ticket.id, None, None, hub.clock.now()).await.unwrap_err();
    assert!(!hub.store.awaits_fault());
}

/// Tables and columns of the database, in one order.
/// The index of words is another kind of table on each database.
async fn columns(store: &Store) -> Vec<(String, String)> {
    let select = match &store.reader {
        Db::Sqlite(_) => {
            sql("SELECT m.name, p.name FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) p \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> '_sqlx_migrations' \
             AND m.name NOT LIKE 'message_search%' \
             ORDER BY 1, 2")
        }
        Db::Postgres(_) => sql("SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) \
             FROM information_schema.columns WHERE table_schema = 'public' \
             AND table_name <> '_sqlx_migrations' AND table_name <> 'message_search' ORDER BY 1, 2"),
    };
    let mut columns: Vec<(String, String)> = store.reader.all(select).await.unwrap();
    columns.sort();
    columns
}

async fn the_audit_trail_only_grows(database: TestDatabase) {
    let Fixture { store, clock } = seeded(&database).await;
    let changes = vec![FieldChange {
        field: "name".to_owned(),
        old_value: None,
        new_value: Some("Vendas".to_owned()),
    }];
    for number in 1..=3 {
        let entry = NewAuditEntry {
            agent_id: (number == 1).then_some(ADMIN),
            action: AuditAction::Updated,
            subject: AuditSubject::Department,
            subject_id: Some(number),
            subject_name: format!("Departamento {number}"),
            note: String::new(),
            changes: changes.clone(),
        };
        store.insert_audit_entry(entry, clock.now()).await.unwrap();
    }
    let all = AuditFilter::default();
    let page = store.list_audit_entries(all, Page { limit: 2, offset: 0 }).await.unwrap();
    assert_eq!((page.total, page.rows.len()), (3, 2));
    assert_eq!((page.rows[0].id, &page.rows[1].changes), (3, &changes), "latest first");
    let by_admin = AuditFilter { agent_id: Some(ADMIN), ..AuditFilter::default() };
    let page = store.list_audit_entries(by_admin, Page { limit: 9, offset: 0 }).await.unwrap();
    assert_eq!(page.rows[0].agent_name.as_deref(), Some("Administrador"));
    for text in [
        "UPDATE audit_entries SET note = 'x'",
        "DELETE FROM audit_entries",
        "UPDATE audit_changes SET field = 'x'",
        "DELETE FROM audit_changes",
    ] {
        let refused = store.unit(unit!(tx => tx.run(sql(text)).await)).await;
        assert!(refused.is_err(), "{text}");
    }
}

async fn every_section_is_stored_with_its_entry_in_the_trail(database: TestDatabase) {
    let Fixture { store, clock } = seeded(&database).await;
    assert_eq!(store.get_settings().await.unwrap(), Settings::default());
    let mut settings = Settings::default();
    settings.company.legal_name = "DX Connect Ltda".to_owned();
    settings.company.address.city = "São Paulo".to_owned();
    settings.company.bank.bank = "001".to_owned();
    settings.company.pix.key = "contato@dxconnect.com.br".to_owned();
    settings.chat.greeting = "Oi!".to_owned();
    settings.chat.opening_hours.saturday = vec![Interval { start_minute: 22 * 60, end_minute: 60 }];
    settings.email.smtp_password = Sealed::new("v1:sealed");
    settings.appearance.primary_color = "#000000".to_owned();
    settings.whatsapp.is_enabled = true;
    let now = clock.now();
    settings.updated_at = Some(now);
    let first = Arc::new(settings.clone());
    store.save_settings(Arc::default(), first.clone(), Some(ADMIN), now).await.unwrap();
    assert_eq!(store.get_settings().await.unwrap(), settings);

    let now = clock.now();
    settings.whatsapp.is_enabled = false;
    settings.updated_at = Some(now);
    let second = Arc::new(settings.clone());
    store.save_settings(first, second, Some(ADMIN), now).await.unwrap();
    assert_eq!(store.get_settings().await.unwrap(), settings);

    let filter = AuditFilter { subject: Some(AuditSubject::Settings), ..AuditFilter::default() };
    let page = store.list_audit_entries(filter, Page { limit: 20, offset: 0 }).await.unwrap();
    let names: Vec<_> = page.rows.iter().map(|entry| entry.subject_name.as_str()).collect();
    assert_eq!(names, ["whatsapp", "whatsapp", "appearance", "email", "chat", "company"]);
    let change = |field: &str, old: &str, new: &str| FieldChange {
        field: field.to_owned(),
        old_value: (old != "-").then(|| old.to_owned()),
        new_value: (new != "-").then(|| new.to_owned()),
    };
    assert_eq!(page.rows[0].changes, [change("is_enabled", "true", "false")]);
    assert_eq!(page.rows[3].changes, [change("smtp_password", "-", "***")]);
    let fields: Vec<_> = page.rows[5].changes.iter().map(|c| c.field.as_str()).collect();
    assert_eq!(fields, ["address.city", "bank.bank", "legal_name", "pix.key"]);
}

async fn documents_of_older_versions_keep_reading(database: TestDatabase) {
    let Fixture { store, clock } = seeded(&database).await;
    let insert = "INSERT INTO settings (section, document, updated_at) \
        VALUES ('chat', '{\"auto_distribute\":false,\"a_key_of_another_version\":1}', $1)";
    let at = clock.now();
    let written = store.unit(unit!(tx => tx.run(sql(insert).bind(at)).await)).await;
    assert_eq!(written.unwrap(), 1);
    let settings = store.get_settings().await.unwrap();
    let mut expected = Settings { updated_at: Some(at), ..Settings::default() };
    expected.chat.auto_distribute = false;
    assert_eq!(settings, expected);
}

async fn both_schemas_have_the_same_tables_and_columns(database: TestDatabase) {
    let reference = TestDatabase::sqlite();
    let expected = columns(&reference.open().await).await;
    assert!(expected.len() > 100, "{}", expected.len());
    assert_eq!(columns(&database.open().await).await, expected);
    assert_eq!(migrations("sqlite"), migrations("postgres"), "same numbers and names");
}

fn migrations(folder: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(folder);
    let entries = std::fs::read_dir(path).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn a_report_that_the_database_refuses_fails_alone(database: TestDatabase) {
    let hub = seeded(&database).await;
    let opened = hub.open("5511988880001", "m1").await;
    hub.store.append_message(hub.answer(&opened, "a1")).await.unwrap().unwrap();
    let report = |message_id: &str| StatusReport {
        session_id: SESSION,
        message_id: message_id.to_owned(),
        status: MessageStatus::Sent,
        at: hub.clock.now(),
        error: String::new(),
        network_id: None,
    };
    // PostgreSQL takes no NUL; SQLite does and knows no such message.
    let outcomes = hub.store.report_statuses(vec![report("x\0"), report("a1")]).await;
    assert!(!matches!(outcomes[0], Ok(Some(_))));
    assert!(matches!(&outcomes[1], Ok(Some(moved)) if moved.is_first_proof));
    let session = hub.store.find_session(SESSION).await.unwrap().unwrap();
    assert!(session.last_message_at.is_some());
}

impl Fixture {
    async fn pending(&self) -> StoredFile {
        let file = StoredFile {
            key: FileKey::random(),
            bytes: 10,
            sha256: "0".repeat(64),
            media_type: "application/pdf".to_owned(),
            created_at: self.clock.now(),
        };
        self.store.insert_pending_file(file.clone()).await.unwrap();
        file
    }
}

async fn files_are_kept_or_doomed(database: TestDatabase) {
    let Fixture { store, clock } = &seeded(&database).await;
    let fixture = Fixture { store: store.clone(), clock: ManualClock::default() };
    let (kept, left) = (fixture.pending().await, fixture.pending().await);
    store.keep_file(kept.key.clone(), None, clock.now()).await.unwrap();
    clock.advance(Duration::from_secs(10));
    assert_eq!(store.doom_files(clock.now(), 10).await.unwrap(), std::slice::from_ref(&left.key));
    // Until the bytes are gone it is named again.
    assert_eq!(store.doom_files(clock.now(), 10).await.unwrap(), std::slice::from_ref(&left.key));
    let late = store.keep_file(left.key.clone(), Some(kept.key.clone()), clock.now()).await;
    assert!(matches!(late, Err(StoreError::Stale)));
    assert!(store.find_file(&kept.key).await.unwrap().is_some(), "nothing was let go");
    assert!(store.find_file(&left.key).await.unwrap().is_none());
    store.delete_file_row(left.key).await.unwrap();
    store.delete_file_row(kept.key.clone()).await.unwrap();
    store.release_file(kept.key.clone(), clock.now()).await.unwrap();
    clock.advance(Duration::from_secs(10));
    assert_eq!(store.doom_files(clock.now(), 10).await.unwrap(), [kept.key]);
}

async fn the_case_of_accented_letters_does_not_count(database: TestDatabase) {
    let hub = seeded(&database).await;
    let (store, now) = (&hub.store, hub.clock.now());
    let opened = hub.open("5511988880001", "m0").await;
    let names = ["Índice", "índice", "O ÍNDICE da Ação"];
    for (name, id) in names.into_iter().zip(["m1", "m2", "m3"]) {
        let new = NewDocument {
            customer_id: opened.ticket.customer_id,
            name: name.to_owned(),
            kind: DocumentKind::Other,
            status: DocumentStatus::Generated,
            origin: DocumentOrigin::Manual,
            file: hub.pending().await,
            file_name: "a.pdf".to_owned(),
            description: String::new(),
            template_name: name.to_owned(),
            filled_data: "{}".to_owned(),
            due_date: None,
            uploaded_by: ADMIN,
        };
        store.insert_document(new, now).await.unwrap();
        let message = hub.message(&opened.ticket.chat_id, id);
        let ticket_id = Some(opened.ticket.id);
        let message = NewMessage { ticket_id, text: name.to_owned(), ..message };
        store.append_message(message).await.unwrap();
    }
    let page = Page { limit: 10, offset: 0 };
    for (term, expected) in [
        ("índice", 3),
        ("Índice", 3),
        ("ÍNDICE", 3),
        ("ação", 1),
        ("AÇÃO", 1),
        ("indice", 0),
        ("índicé", 0),
    ] {
        let terms = || vec![term.to_owned()];
        let documents = [
            DocumentFilter { name: terms(), ..DocumentFilter::default() },
            DocumentFilter { template_name: terms(), ..DocumentFilter::default() },
            DocumentFilter { search: terms(), ..DocumentFilter::default() },
        ];
        for filter in documents {
            let found = store.list_documents(&DocumentScope::All, &filter, &[], page).await;
            assert_eq!(found.unwrap().total, expected, "{filter:?}");
        }
        let messages = MessageFilter { search: terms(), ..MessageFilter::default() };
        let found = store.list_messages(&Scope::All, ADMIN, &messages, &[], page).await;
        assert_eq!(found.unwrap().total, expected, "{term}");
        let trail = AuditFilter { terms: terms(), ..AuditFilter::default() };
        let found = store.list_audit_entries(trail, page).await;
        assert_eq!(found.unwrap().total, expected, "{term}");
    }
}

async fn documents_are_filed_found_and_numbered(database: TestDatabase) {
    let fixture = seeded(&database).await;
    let (store, clock) = (&fixture.store, &fixture.clock);
    let customer =
        store.insert_customer("Ana".to_owned(), None, None, clock.now()).await.unwrap().id;
    let due_date = Some(time::macros::date!(2025 - 11 - 30));
    let new = NewDocument {
        customer_id: customer,
        name: "Boleto - Ana".to_owned(),
        kind: DocumentKind::Boleto,
        status: DocumentStatus::Generated,
        origin: DocumentOrigin::Generated,
        file: fixture.pending().await,
        file_name: "boleto.pdf".to_owned(),
        description: String::new(),
        template_name: "Boleto Padrão".to_owned(),
        filled_data: "{\"valor_total\":\"1500.00\"}".to_owned(),
        due_date,
        uploaded_by: ADMIN,
    };
    let document = store.insert_document(new.clone(), clock.now()).await.unwrap();
    assert_eq!((document.due_date, document.customer_name.as_str()), (due_date, "Ana"));
    assert_eq!(document.file_key, new.file.key);
    let again = store.insert_document(new, clock.now()).await;
    assert!(matches!(again, Err(StoreError::Stale)), "a file belongs to one document");
    let page = Page { limit: 10, offset: 0 };
    let by_template = DocumentFilter {
        kind: Some(DocumentKind::Boleto),
        origin: Some(DocumentOrigin::Generated),
        template_name: vec!["BOLETO".to_owned()],
        due_from: due_date,
        due_until: due_date,
        uploaded_until: Some(clock.now()),
        search: vec!["ana".to_owned()],
        ..DocumentFilter::default()
    };
    let orders = [Order { by: DocumentSort::DueDate, is_descending: true }];
    let all = &DocumentScope::All;
    let found = store.list_documents(all, &by_template, &orders, page).await.unwrap();
    assert_eq!((found.total, found.rows), (1, vec![document.clone()]));
    let of = |agent: AgentId, tickets| DocumentScope::Of {
        agent_id: agent,
        customers: CustomerScope::Of(agent, tickets),
    };
    let others = of(AgentId(99), Scope::Own(AgentId(99)));
    let filter = DocumentFilter::default();
    assert_eq!(store.list_documents(&others, &filter, &orders, page).await.unwrap().total, 0);
    let busy = Scope::OwnAndWaiting(ADMIN, vec![SUPPORT]);
    let own = of(ADMIN, busy);
    assert_eq!(store.list_documents(&own, &filter, &orders, page).await.unwrap().total, 1);
    assert!(store.may_file_for(all, customer).await.unwrap());
    assert!(!store.may_file_for(&own, customer).await.unwrap());
    let changes = DocumentChanges { due_date: Some(None), ..DocumentChanges::default() };
    let row = store.update_document(own, document.id, changes, ADMIN, clock.now()).await.unwrap();
    assert_eq!(row.unwrap().due_date, None);
    let id = document.id;
    assert!(!store.delete_document(others, id, ADMIN, clock.now()).await.unwrap());
    assert!(store.delete_document(all.clone(), id, ADMIN, clock.now()).await.unwrap());
    assert!(store.find_document(all, id).await.unwrap().is_none());
    let of_documents =
        AuditFilter { subject: Some(AuditSubject::Document), ..AuditFilter::default() };
    let trail = store.list_audit_entries(of_documents, page).await.unwrap().rows;
    let actions: Vec<_> = trail.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, [AuditAction::Deleted, AuditAction::Updated, AuditAction::Generated]);
    let mut numbers = HashSet::new();
    for _ in 0..5 {
        assert!(numbers.insert(store.next_our_number().await.unwrap()));
    }
    assert_eq!(numbers, HashSet::from([1, 2, 3, 4, 5]));
}
