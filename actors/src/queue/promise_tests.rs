//! What customers are promised, over closed nights, changed hours and hand-overs, in the queue and in
//! reports.

use std::time::Duration;

use time::{OffsetDateTime, macros::datetime};

use super::Place;
use crate::{
    Clock as _, HubConfig, HubError, both_databases,
    chat::{Outgoing, TransferRequest},
    domain::{
        DepartmentChanges, DepartmentId, Timestamp,
        queue::ServiceLevel,
        report::{Days, ReportGrouping},
        settings::{Interval, OpeningHours},
    },
    events::HubEvent,
    store::{ReportFilter, Scope},
    testing::{TestDatabase, TestHub, eventually},
};

both_databases!(
    a_closed_night_between_makes_nobody_late,
    promises_follow_hours_and_targets_while_the_chat_waits,
    another_department_promises_anew_from_the_same_arrival,
    reports_tell_what_was_promised_then,
    rows_from_before_are_renewed_at_the_start,
);

const CHAT: &str = "5511988880001";
const OTHER: &str = "5511988880002";

fn at(local: OffsetDateTime) -> Timestamp {
    Timestamp::from_offset_date_time(local)
}

/// Monday 5 January 2026, five minutes before the company closes.
async fn start(database: &TestDatabase) -> TestHub {
    let queue_tick = Duration::from_millis(5);
    let config = HubConfig { queue_tick, sweep_every: queue_tick, ..HubConfig::default() };
    let hub = TestHub::start_with(database, std::sync::Arc::default(), config).await;
    go_to(&hub, datetime!(2026-01-05 17:55 -3));
    hub
}

fn go_to(hub: &TestHub, local: OffsetDateTime) {
    hub.clock.advance(at(local).since(hub.clock.now()));
}

async fn place(hub: &TestHub, department: DepartmentId) -> Place {
    hub.hub.queues().places(department).await.unwrap().remove(0)
}

/// The instant, but for the microseconds that readings of the clock differ by.
fn near(found: Timestamp, local: OffsetDateTime) -> bool {
    let (early, late) = (found.min(at(local)), found.max(at(local)));
    late.since(early) < Duration::from_millis(100)
}

async fn change(hub: &TestHub, id: DepartmentId, changes: DepartmentChanges) {
    hub.hub.presence().update_department(None, id, changes).await.unwrap();
}

async fn answer(hub: &TestHub, chat: &str) {
    let text = Outgoing::text(chat.to_owned(), "Olá".to_owned());
    let outgoing = Outgoing { agent_id: Some(TestHub::ADMIN), ..text };
    hub.hub.chats().send(&TestHub::key(chat), outgoing).await.unwrap();
}

/// Promises that were kept, of all, on a day.
async fn kept(hub: &TestHub, day: time::Date) -> (i64, i64) {
    let filter = ReportFilter {
        scope: Scope::All,
        days: Days { first: day, last: day },
        department_id: None,
        agent_id: None,
        grouping: ReportGrouping::Total,
    };
    let figures = hub.hub.store().report(&filter).await.unwrap().remove(0).figures;
    (figures.sla_met, figures.sla_total)
}

async fn a_closed_night_between_makes_nobody_late(database: TestDatabase) {
    let mut hub = start(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let promised = place(&hub, TestHub::SUPPORT).await;
    assert!(near(promised.due_at, datetime!(2026-01-06 08:10 -3)), "{promised:?}");
    assert_eq!(promised.level, ServiceLevel::OnTime);
    go_to(&hub, datetime!(2026-01-06 07:59 -3));
    assert_eq!(place(&hub, TestHub::SUPPORT).await.level, ServiceLevel::OnTime, "a whole night");
    go_to(&hub, datetime!(2026-01-06 08:08 -3));
    assert_eq!(place(&hub, TestHub::SUPPORT).await.level, ServiceLevel::Closing);
    go_to(&hub, datetime!(2026-01-06 08:11 -3));
    let late = |event: &HubEvent| match event {
        HubEvent::QueueChanged { late, .. } if *late > 0 => Some(*late),
        _ => None,
    };
    assert_eq!(hub.event(late).await, 1, "screens are told when time alone makes it late");
    // Neither a crash nor a restart gives the customer another promise.
    let old = hub.hub.queues().crash(TestHub::SUPPORT);
    eventually(async || {
        let new = hub.hub.queues().actor_id(TestHub::SUPPORT);
        new.is_some() && new != old
    })
    .await;
    assert_eq!(place(&hub, TestHub::SUPPORT).await.due_at, promised.due_at);
    let clock = hub.stop().await;
    let hub = TestHub::start_with(&database, clock, HubConfig::default()).await;
    let now = place(&hub, TestHub::SUPPORT).await;
    assert_eq!((now.due_at, now.level), (promised.due_at, ServiceLevel::Late));
    hub.stop().await;
}

async fn promises_follow_hours_and_targets_while_the_chat_waits(database: TestDatabase) {
    let hub = start(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let due = async |local: OffsetDateTime| {
        let is_due = async || near(place(&hub, TestHub::SUPPORT).await.due_at, local);
        eventually(is_due).await;
        // The row says the same as the queue.
        let rows = hub.hub.store().list_waiting(TestHub::SUPPORT).await.unwrap();
        assert!(near(rows[0].promise.due_at, local), "{:?}", rows[0].promise);
    };
    due(datetime!(2026-01-06 08:10 -3)).await;
    let response_target_minutes = Some(30);
    let longer = DepartmentChanges { response_target_minutes, ..DepartmentChanges::default() };
    change(&hub, TestHub::SUPPORT, longer).await;
    due(datetime!(2026-01-06 08:25 -3)).await;
    let night = Interval { start_minute: 17 * 60, end_minute: 2 * 60 };
    let monday = OpeningHours { monday: vec![night], ..OpeningHours::default() };
    let opening_hours = Some(Some(monday));
    let own = DepartmentChanges { opening_hours, ..DepartmentChanges::default() };
    change(&hub, TestHub::SUPPORT, own).await;
    due(datetime!(2026-01-05 18:25 -3)).await;
    let none = DepartmentChanges { opening_hours: Some(None), ..DepartmentChanges::default() };
    change(&hub, TestHub::SUPPORT, none).await;
    due(datetime!(2026-01-06 08:25 -3)).await;
    let holidays = hub.hub.change_settings(None, |settings| {
        settings.chat.opening_hours.tuesday.clear();
        Ok::<_, HubError>(())
    });
    holidays.await.unwrap();
    due(datetime!(2026-01-07 08:25 -3)).await;
    hub.check_invariants().await;
    hub.stop().await;
}

async fn another_department_promises_anew_from_the_same_arrival(database: TestDatabase) {
    let hub = start(&database).await;
    let night = hub.department("Noite", vec![], 5).await.id;
    let day = vec![Interval { start_minute: 0, end_minute: 24 * 60 }];
    let opening_hours = Some(Some(OpeningHours { monday: day, ..OpeningHours::default() }));
    let hours = DepartmentChanges { opening_hours, ..DepartmentChanges::default() };
    change(&hub, night, hours).await;
    hub.receive(CHAT, "m1").await.unwrap();
    hub.clock.advance(Duration::from_mins(3));
    let request = TransferRequest {
        by: TestHub::ADMIN,
        to_agent_id: None,
        to_department_id: Some(night),
        reason: "noite".to_owned(),
    };
    hub.hub.chats().transfer(&hub.ticket(CHAT).await, request).await.unwrap();
    let there = place(&hub, night).await;
    assert!(near(there.due_at, datetime!(2026-01-05 18:10 -3)), "{there:?}");
    answer(&hub, CHAT).await;
    assert_eq!(kept(&hub, time::macros::date!(2026 - 01 - 05)).await, (1, 1));
    hub.check_invariants().await;
    hub.stop().await;
}

async fn reports_tell_what_was_promised_then(database: TestDatabase) {
    let hub = start(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    hub.receive(OTHER, "m2").await.unwrap();
    go_to(&hub, datetime!(2026-01-06 08:09 -3));
    answer(&hub, CHAT).await;
    go_to(&hub, datetime!(2026-01-06 08:12 -3));
    answer(&hub, OTHER).await;
    let tuesday = time::macros::date!(2026 - 01 - 06);
    assert_eq!(kept(&hub, tuesday).await, (1, 2));
    // What was promised is not changed by what is promised now.
    let longer =
        DepartmentChanges { response_target_minutes: Some(1), ..DepartmentChanges::default() };
    change(&hub, TestHub::SUPPORT, longer).await;
    eventually(async || place(&hub, TestHub::SUPPORT).await.due_at < hub.clock.now()).await;
    assert_eq!(kept(&hub, tuesday).await, (1, 2));
    hub.stop().await;
}

/// What the migration left for a ticket that had been opened before: the queue reckons anew at its start.
async fn rows_from_before_are_renewed_at_the_start(database: TestDatabase) {
    let hub = start(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    let wall = ticket.created_at.plus(Duration::from_mins(15));
    let of_wall = crate::domain::queue::Promise { closing_at: wall, due_at: wall };
    hub.hub.store().keep_promises(vec![(ticket.id, of_wall)]).await.unwrap();
    let clock = hub.stop().await;
    let hub = TestHub::start_with(&database, clock, HubConfig::default()).await;
    let is_renewed = async || {
        let due = place(&hub, TestHub::SUPPORT).await.due_at;
        near(due, datetime!(2026-01-06 08:10 -3))
    };
    eventually(is_renewed).await;
    hub.check_invariants().await;
    hub.stop().await;
}
