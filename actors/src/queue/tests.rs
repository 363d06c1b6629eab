//! Queues on a real store: order, capacity, and recovery.

use tokio::task::JoinSet;

use crate::{
    both_databases,
    domain::{DepartmentChanges, Priority, settings::ChatSettings},
    events::HubEvent,
    store::Fault,
    testing::{TestDatabase, TestHub, eventually},
};

both_databases!(
    the_waiting_list_survives_a_crash_and_a_restart,
    nobody_gets_more_than_his_capacity,
    twenty_parallel_calls_assign_every_entry_once,
    a_free_slot_is_filled_by_itself,
    urgent_chats_go_first,
    without_automatic_distribution_only_the_endpoint_assigns,
    a_failed_assignment_is_made_good,
    a_database_that_refuses_is_not_asked_without_a_pause,
    what_was_claimed_meanwhile_is_given_back,
);

fn chat(number: usize) -> String {
    format!("55119888{number:05}")
}

async fn wait_for(hub: &TestHub, numbers: std::ops::Range<usize>) {
    for number in numbers {
        hub.receive(&chat(number), &format!("m{number}")).await.unwrap();
    }
}

async fn waiting(hub: &TestHub) -> Vec<String> {
    let entries = hub.hub.queues().waiting(TestHub::SUPPORT).await.unwrap();
    entries.into_iter().map(|entry| entry.chat_id).collect()
}

async fn the_waiting_list_survives_a_crash_and_a_restart(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    wait_for(&hub, 0..5).await;
    let before = waiting(&hub).await;
    assert_eq!(before, (0..5).map(chat).collect::<Vec<_>>());
    let old = hub.hub.queues().crash(TestHub::SUPPORT);
    eventually(async || {
        let new = hub.hub.queues().actor_id(TestHub::SUPPORT);
        new.is_some() && new != old
    })
    .await;
    assert_eq!(waiting(&hub).await, before);
    let clock = hub.stop().await;
    let hub = TestHub::start_with(&database, clock, crate::HubConfig::default()).await;
    assert_eq!(waiting(&hub).await, before);
    hub.stop().await;
}

async fn nobody_gets_more_than_his_capacity(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    wait_for(&hub, 0..13).await;
    hub.online(ana.id).await;
    eventually(async || waiting(&hub).await.len() == 8).await;
    hub.online(bia.id).await;
    eventually(async || waiting(&hub).await.len() == 3).await;
    let loads = hub.hub.store().list_loads().await.unwrap();
    for agent in [ana.id, bia.id] {
        assert_eq!(loads.iter().filter(|(owner, _)| *owner == agent).count(), 5);
    }
    hub.check_invariants().await;
    hub.stop().await;
}

async fn twenty_parallel_calls_assign_every_entry_once(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let settings = ChatSettings { auto_distribute: false, ..ChatSettings::default() };
    hub.hub.save_chat_settings(settings).await.unwrap();
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    wait_for(&hub, 0..10).await;
    hub.online(ana.id).await;
    hub.online(bia.id).await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let running = hub.hub.clone();
        calls.spawn(async move { running.queues().distribute(TestHub::SUPPORT).await.unwrap() });
    }
    assert_eq!(calls.join_all().await.iter().sum::<usize>(), 10);
    let mut told = std::collections::HashSet::new();
    for _ in 0..10 {
        let ticket = hub
            .event(|event| match event {
                HubEvent::ChatAssigned { ticket_id, .. } => Some(*ticket_id),
                _ => None,
            })
            .await;
        assert!(told.insert(ticket), "each assignment is told once");
    }
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_free_slot_is_filled_by_itself(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    wait_for(&hub, 0..6).await;
    eventually(async || waiting(&hub).await == [chat(5)]).await;
    let first = hub.ticket(&chat(0)).await;
    hub.hub.chats().close(&first, crate::chat::Closing::default()).await.unwrap();
    eventually(async || hub.ticket(&chat(5)).await.agent_id == Some(ana.id)).await;
    hub.check_invariants().await;
    hub.stop().await;
}

async fn urgent_chats_go_first(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    let ana = hub.agent("ana").await;
    wait_for(&hub, 0..3).await;
    for (number, priority) in [(1, Priority::High), (2, Priority::Urgent)] {
        let (ticket, now) = (hub.ticket(&chat(number)).await, crate::Clock::now(&*hub.clock));
        hub.hub.chats().edit(ticket.id, None, Some(priority), now).await.unwrap();
    }
    hub.online(ana.id).await;
    for expected in [2, 1, 0] {
        let chat_id = hub
            .event(|event| match event {
                HubEvent::ChatAssigned { chat_id, .. } => Some(chat_id.clone()),
                _ => None,
            })
            .await;
        assert_eq!(chat_id, chat(expected));
    }
    hub.stop().await;
}

async fn without_automatic_distribution_only_the_endpoint_assigns(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let settings = ChatSettings { auto_distribute: false, ..ChatSettings::default() };
    hub.hub.save_chat_settings(settings).await.unwrap();
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    wait_for(&hub, 0..2).await;
    // Asked after the messages, so whatever they set off has been handled.
    assert_eq!(waiting(&hub).await.len(), 2);
    assert_eq!(hub.hub.queues().distribute(TestHub::SUPPORT).await.unwrap(), 2);
    assert_eq!(hub.hub.queues().distribute(TestHub::SUPPORT).await.unwrap(), 0);
    hub.stop().await;
}

async fn a_failed_assignment_is_made_good(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let settings = ChatSettings { auto_distribute: false, ..ChatSettings::default() };
    hub.hub.save_chat_settings(settings).await.unwrap();
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    wait_for(&hub, 0..2).await;
    for fault in [Fault::Refuse, Fault::UncertainNotWritten] {
        hub.hub.store().fail_next_of("assign_tickets", fault);
        assert!(hub.hub.queues().distribute(TestHub::SUPPORT).await.is_err(), "{fault:?}");
        hub.check_invariants().await;
    }
    assert_eq!(hub.hub.queues().distribute(TestHub::SUPPORT).await.unwrap(), 2);
    hub.check_invariants().await;
    hub.stop().await;
}

/// What is refused is tried again, but not without a pause.
async fn a_database_that_refuses_is_not_asked_without_a_pause(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    hub.hub.store().fail_all_of("assign_tickets", Fault::Refuse);
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    wait_for(&hub, 0..2).await;
    eventually(async || hub.hub.store().failed_times() > 0).await;
    for _ in 0..500 {
        assert_eq!(waiting(&hub).await.len(), 2);
    }
    let times = hub.hub.store().failed_times();
    assert!(times < 20, "{times} times");
    hub.hub.store().heal();
    eventually(async || waiting(&hub).await.is_empty()).await;
    hub.check_invariants().await;
    hub.stop().await;
}

async fn what_was_claimed_meanwhile_is_given_back(database: TestDatabase) {
    let hub = TestHub::start(&database).await;
    let settings = ChatSettings { auto_distribute: false, ..ChatSettings::default() };
    hub.hub.save_chat_settings(settings).await.unwrap();
    let changes = DepartmentChanges { capacity: Some(1_000), ..DepartmentChanges::default() };
    hub.hub.presence().update_department(None, TestHub::SUPPORT, changes).await.unwrap();
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    // More than are committed together.
    wait_for(&hub, 0..260).await;
    assert_eq!(waiting(&hub).await.len(), 260);
    for fault in [Fault::Refuse, Fault::UncertainNotWritten] {
        hub.hub.store().fail_next_of("assign_tickets", fault);
        assert!(hub.hub.queues().distribute(TestHub::SUPPORT).await.is_err(), "{fault:?}");
        hub.check_invariants().await;
    }
    assert_eq!(hub.hub.queues().distribute(TestHub::SUPPORT).await.unwrap(), 260);
    assert_eq!(waiting(&hub).await.len(), 0);
    hub.check_invariants().await;
    hub.stop().await;
}
