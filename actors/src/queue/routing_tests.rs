//! Offers, skills, overflow, hand-overs that come back, supervisors, and the records of it all.

use std::time::Duration;

use crate::{
    HubConfig, HubError, both_databases,
    chat::{Acceptance, Closing, TransferAnswer, TransferRequest},
    domain::{
        AgentId, AssignmentMode, DecisionKind, DepartmentId, Device, List, PresenceStatus,
        Rejected, RoutingChanges, TicketStatus, Verdict,
    },
    events::{HubEvent, OfferEnd},
    store::EntryEdit,
    testing::{TestDatabase, TestHub, eventually},
};

both_databases!(
    an_offer_is_taken,
    a_refusal_goes_to_the_next_with_the_same_age,
    who_lets_offers_pass_is_set_away_and_told_why,
    an_offer_costs_capacity_and_ends_when_somebody_else_takes_the_chat,
    an_offer_survives_a_crash_and_a_restart,
    skills_are_asked_for_and_relaxed,
    a_chat_overflows_once_and_keeps_its_age,
    a_circle_of_overflows_is_refused,
    a_hand_over_to_a_department_waits_there_with_its_age,
    whoever_gave_it_away_is_asked_last,
    whoever_gave_it_away_alone_gets_it_back_after_the_return_time,
    a_hand_over_that_nobody_takes_comes_back,
    a_hand_over_that_was_answered_stays,
    a_hand_over_may_be_sent_back,
    a_supervisor_puts_a_chat_first,
    more_than_the_capacity_is_a_persons_decision_and_noted,
    why_nobody_gets_it,
    counters_are_told,
    coming_and_going_moves_nothing,
);

const CHAT: &str = "5511988880001";
const OTHER: &str = "5511988880002";

fn quick() -> HubConfig {
    let queue_tick = Duration::from_millis(5);
    HubConfig { queue_tick, sweep_every: queue_tick, ..HubConfig::default() }
}

async fn start(database: &TestDatabase) -> TestHub {
    TestHub::start_with(database, std::sync::Arc::default(), quick()).await
}

fn offering() -> RoutingChanges {
    RoutingChanges { mode: Some(AssignmentMode::Offer), ..RoutingChanges::default() }
}

async fn offered(hub: &mut TestHub) -> (String, AgentId) {
    hub.event(|event| match event {
        HubEvent::ChatOffered { chat_id, agent_id, .. } => Some((chat_id.clone(), *agent_id)),
        _ => None,
    })
    .await
}

async fn offer_ended(hub: &mut TestHub) -> (AgentId, OfferEnd) {
    hub.event(|event| match event {
        HubEvent::ChatOfferEnded { agent_id, reason, .. } => Some((*agent_id, *reason)),
        _ => None,
    })
    .await
}

async fn kinds(hub: &TestHub, chat_id: &str) -> Vec<DecisionKind> {
    let ticket = hub.ticket(chat_id).await;
    let decisions = hub.hub.store().list_decisions(ticket.id, 100).await.unwrap();
    decisions.iter().rev().map(|decision| decision.kind).collect()
}

async fn position_of(hub: &TestHub, chat_id: &str) -> Option<usize> {
    let waiting = hub.hub.queues().waiting(TestHub::SUPPORT).await.unwrap();
    waiting.iter().position(|entry| entry.chat_id == chat_id)
}

fn to(by: AgentId, agent: Option<AgentId>, department: Option<DepartmentId>) -> TransferRequest {
    let reason = "férias".to_owned();
    TransferRequest { by, to_agent_id: agent, to_department_id: department, reason }
}

async fn an_offer_is_taken(database: TestDatabase) {
    let mut hub = start(&database).await;
    hub.rules(TestHub::SUPPORT, offering()).await;
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    assert_eq!(offered(&mut hub).await, (CHAT.to_owned(), ana.id));
    let ticket = hub.ticket(CHAT).await;
    assert_eq!((ticket.status, ticket.agent_id), (TicketStatus::Waiting, Some(ana.id)));
    assert_eq!(ticket.started_at, None, "an offer is no start");
    hub.hub.chats().accept(&ticket, Acceptance::own(ana.id)).await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    assert_eq!((ticket.status, ticket.agent_id), (TicketStatus::Active, Some(ana.id)));
    assert_eq!(kinds(&hub, CHAT).await, [DecisionKind::Offered, DecisionKind::Accepted]);
    let late = hub.hub.chats().decline(&ticket, ana.id).await;
    assert!(matches!(late, Err(HubError::Rejected(Rejected::NotOffered))));
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_refusal_goes_to_the_next_with_the_same_age(database: TestDatabase) {
    let mut hub = start(&database).await;
    hub.rules(TestHub::SUPPORT, offering()).await;
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let entered = hub.hub.queues().waiting(TestHub::SUPPORT).await.unwrap()[0].entered_at;
    assert_eq!(offered(&mut hub).await.1, ana.id);
    hub.online(bia.id).await;
    let ticket = hub.ticket(CHAT).await;
    let stranger = hub.hub.chats().decline(&ticket, bia.id).await;
    assert!(matches!(stranger, Err(HubError::Rejected(Rejected::NotOffered))));
    hub.hub.chats().decline(&ticket, ana.id).await.unwrap();
    assert_eq!(offer_ended(&mut hub).await, (ana.id, OfferEnd::Declined));
    assert_eq!(offered(&mut hub).await.1, bia.id, "not to the one who refused");
    let waiting = hub.hub.queues().waiting(TestHub::SUPPORT).await.unwrap();
    assert_eq!((waiting[0].entered_at, &waiting[0].declined_by), (entered, &List(vec![ana.id])));
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().decline(&ticket, bia.id).await.unwrap();
    assert_eq!(offered(&mut hub).await.1, bia.id.min(ana.id), "all refused: from the beginning");
    hub.check_invariants().await;
    hub.stop().await;
}

async fn who_lets_offers_pass_is_set_away_and_told_why(database: TestDatabase) {
    let mut hub = start(&database).await;
    let rules = RoutingChanges { offer_timeouts_max: Some(2), ..offering() };
    hub.rules(TestHub::SUPPORT, rules).await;
    let ana = hub.agent("ana").await;
    hub.hub.presence().socket_opened(ana.id, Device::default());
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    for _ in 0..2 {
        assert_eq!(offered(&mut hub).await.1, ana.id);
        hub.clock.advance(Duration::from_secs(31));
        assert_eq!(offer_ended(&mut hub).await, (ana.id, OfferEnd::Expired));
    }
    let told = hub
        .event(|event| match event {
            HubEvent::PresenceChanged { status: PresenceStatus::Away, message, .. } => {
                Some(message.clone())
            }
            _ => None,
        })
        .await;
    assert_eq!(told, "Ausente automaticamente: 2 ofertas sem resposta");
    eventually(async || hub.ticket(CHAT).await.is_unassigned()).await;
    hub.online(ana.id).await;
    assert_eq!(offered(&mut hub).await.1, ana.id, "back, and asked again");
    hub.check_invariants().await;
    hub.stop().await;
}

async fn an_offer_costs_capacity_and_ends_when_somebody_else_takes_the_chat(
    database: TestDatabase,
) {
    let mut hub = start(&database).await;
    hub.rules(TestHub::SUPPORT, offering()).await;
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    hub.online(ana.id).await;
    for number in 0..7 {
        hub.receive(&format!("551198888{number:04}"), &format!("m{number}")).await.unwrap();
    }
    for _ in 0..5 {
        offered(&mut hub).await;
    }
    let loads = hub.hub.store().list_loads().await.unwrap();
    assert_eq!(loads.len(), 5, "the capacity is spent at the offer");
    let ticket = hub.ticket("5511988880000").await;
    let acceptance = Acceptance { by: TestHub::ADMIN, agent_id: bia.id, notes: None };
    hub.hub.chats().accept(&ticket, acceptance).await.unwrap();
    assert_eq!(offer_ended(&mut hub).await, (ana.id, OfferEnd::Withdrawn));
    assert_eq!(offered(&mut hub).await.1, ana.id, "who has room again");
    hub.check_invariants().await;
    hub.stop().await;
}

async fn an_offer_survives_a_crash_and_a_restart(database: TestDatabase) {
    let mut hub = start(&database).await;
    hub.rules(TestHub::SUPPORT, offering()).await;
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    offered(&mut hub).await;
    let old = hub.hub.queues().crash(TestHub::SUPPORT);
    hub.hub.chats().crash(&TestHub::key(CHAT));
    eventually(async || {
        let new = hub.hub.queues().actor_id(TestHub::SUPPORT);
        new.is_some() && new != old
    })
    .await;
    hub.check_invariants().await;
    let clock = hub.stop().await;
    clock.advance(Duration::from_secs(40));
    let mut hub = TestHub::start_with(&database, clock, quick()).await;
    assert_eq!(offer_ended(&mut hub).await, (ana.id, OfferEnd::Expired));
    hub.check_invariants().await;
    hub.stop().await;
}

async fn skills_are_asked_for_and_relaxed(database: TestDatabase) {
    let hub = start(&database).await;
    let seller = hub.skilled("seller", "vendas").await;
    let expert = hub.skilled("expert", "vendas ingles").await;
    hub.online(seller.id).await;
    let ask = async |chat_id: &str| {
        let ticket = hub.ticket(chat_id).await;
        let skills = Some(List(vec!["ingles".parse().unwrap(), "boletos".parse().unwrap()]));
        let edit = EntryEdit { skills, ..EntryEdit::default() };
        hub.hub.chats().edit_place(&ticket, edit).await
    };
    hub.hub.presence().set_status(seller.id, PresenceStatus::Away, None, None).await.unwrap();
    hub.receive(CHAT, "m1").await.unwrap();
    hub.receive(OTHER, "m2").await.unwrap();
    ask(CHAT).await.unwrap();
    ask(OTHER).await.unwrap();
    hub.online(seller.id).await;
    hub.online(expert.id).await;
    let waiting = hub.hub.queues().waiting(TestHub::SUPPORT).await.unwrap();
    assert_eq!(waiting.len(), 2, "nobody knows both");
    for id in [seller.id, expert.id] {
        hub.hub.presence().heartbeat(id, Device::default()).await.unwrap();
    }
    hub.clock.advance(Duration::from_secs(61));
    eventually(async || hub.ticket(CHAT).await.agent_id == Some(expert.id)).await;
    eventually(async || hub.ticket(OTHER).await.agent_id == Some(expert.id)).await;
    let ticket = hub.ticket(CHAT).await;
    let decision = hub.hub.store().list_decisions(ticket.id, 1).await.unwrap().remove(0);
    assert_eq!(decision.reasons.skills, ["ingles"]);
    let of_seller = decision.reasons.considered.iter().find(|c| c.agent_id == seller.id.0);
    assert_eq!(of_seller.unwrap().verdict, Verdict::MissingSkill);
    assert!(matches!(ask(CHAT).await, Err(HubError::Rejected(Rejected::NotInQueue))));
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_chat_overflows_once_and_keeps_its_age(database: TestDatabase) {
    let mut hub = start(&database).await;
    let second = hub.department("Tarde", vec![], 5).await.id;
    let rules = RoutingChanges {
        overflow_department_id: Some(Some(second)),
        overflow_wait_seconds: Some(60),
        ..RoutingChanges::default()
    };
    hub.rules(TestHub::SUPPORT, rules).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let entered = hub.hub.queues().waiting(TestHub::SUPPORT).await.unwrap()[0].entered_at;
    hub.clock.advance(Duration::from_secs(59));
    assert_eq!(position_of(&hub, CHAT).await, Some(0));
    hub.clock.advance(Duration::from_secs(2));
    let moved = hub
        .event(|event| match event {
            HubEvent::ChatOverflowed { from_department_id, to_department_id, .. } => {
                Some((*from_department_id, *to_department_id))
            }
            _ => None,
        })
        .await;
    assert_eq!(moved, (TestHub::SUPPORT, second));
    eventually(async || hub.hub.queues().waiting(second).await.unwrap().len() == 1).await;
    let entry = hub.hub.queues().waiting(second).await.unwrap().remove(0);
    assert_eq!((entry.entered_at, entry.visited.0.as_slice()), (entered, &[TestHub::SUPPORT][..]));
    assert!(entry.queued_at > Some(entered));
    assert_eq!(position_of(&hub, CHAT).await, None);
    assert_eq!(kinds(&hub, CHAT).await, [DecisionKind::Overflowed]);
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_circle_of_overflows_is_refused(database: TestDatabase) {
    let hub = start(&database).await;
    let second = hub.department("Tarde", vec![], 5).await.id;
    let over =
        |to| RoutingChanges { overflow_department_id: Some(Some(to)), ..RoutingChanges::default() };
    hub.rules(TestHub::SUPPORT, over(second)).await;
    let change = async |id, to| {
        let routing = over(to);
        let changes = crate::domain::DepartmentChanges {
            routing,
            ..crate::domain::DepartmentChanges::default()
        };
        hub.hub.presence().update_department(None, id, changes).await
    };
    let back = change(second, TestHub::SUPPORT).await;
    assert!(matches!(back, Err(HubError::Rejected(Rejected::OverflowCycle(_)))), "{back:?}");
    let itself = change(second, second).await;
    assert!(matches!(itself, Err(HubError::Rejected(Rejected::OverflowCycle(_)))));
    let nowhere = change(second, DepartmentId(99)).await;
    assert!(matches!(nowhere, Err(HubError::BadReference { .. })));
    hub.stop().await;
}

async fn a_hand_over_to_a_department_waits_there_with_its_age(database: TestDatabase) {
    let mut hub = start(&database).await;
    let ana = hub.agent("ana").await;
    let sales = hub.department("Vendas", vec![], 5).await.id;
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    // Told after the chat knows it; the row alone may be ahead of the chat.
    hub.event(|event| matches!(event, HubEvent::ChatAssigned { .. }).then_some(())).await;
    let ticket = hub.ticket(CHAT).await;
    let nowhere = hub.hub.chats().transfer(&ticket, to(ana.id, None, None)).await;
    assert!(matches!(nowhere, Err(HubError::Rejected(Rejected::NoTarget))));
    hub.clock.advance(Duration::from_mins(1));
    let (changed, transfer) =
        hub.hub.chats().transfer(&ticket, to(ana.id, None, Some(sales))).await.unwrap();
    assert_eq!((changed.status, changed.agent_id), (TicketStatus::Waiting, None));
    assert_eq!((transfer.to_agent_id, transfer.to_department_id), (None, sales));
    let entry = hub.hub.queues().waiting(sales).await.unwrap().remove(0);
    assert!(entry.entered_at < transfer.created_at, "it has its age");
    let segments = hub.hub.store().list_segments(ticket.id).await.unwrap();
    let owners: Vec<_> = segments.iter().map(|s| (s.department_id, s.agent_id)).collect();
    let support = TestHub::SUPPORT;
    assert_eq!(owners, [(support, None), (support, Some(ana.id)), (sales, None)]);
    hub.check_invariants().await;
    hub.stop().await;
}

/// A chat of Ana, in which the customer waits, is handed over to Bia, who is not there.
async fn handed_over(hub: &TestHub) -> (AgentId, AgentId) {
    let (ana, bia) = (hub.agent("ana").await.id, hub.agent("bia").await.id);
    hub.receive(CHAT, "m1").await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(ana)).await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().transfer(&ticket, to(ana, Some(bia), None)).await.unwrap();
    (ana, bia)
}

async fn whoever_gave_it_away_is_asked_last(database: TestDatabase) {
    let mut hub = start(&database).await;
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let given = |event: &HubEvent| match event {
        HubEvent::ChatAssigned { agent_id, .. } => Some(*agent_id),
        _ => None,
    };
    assert_eq!(hub.event(given).await, ana.id);
    hub.online(bia.id).await;
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().transfer(&ticket, to(ana.id, None, Some(TestHub::SUPPORT))).await.unwrap();
    hub.event(|event| given(event).filter(|id| *id == bia.id)).await;
    hub.check_invariants().await;
    hub.stop().await;
}

async fn whoever_gave_it_away_alone_gets_it_back_after_the_return_time(database: TestDatabase) {
    let mut hub = start(&database).await;
    let ana = hub.agent("ana").await;
    hub.hub.presence().socket_opened(ana.id, Device::default());
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let given = |event: &HubEvent| match event {
        HubEvent::ChatAssigned { agent_id, .. } => Some(*agent_id),
        _ => None,
    };
    assert_eq!(hub.event(given).await, ana.id);
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().transfer(&ticket, to(ana.id, None, Some(TestHub::SUPPORT))).await.unwrap();
    hub.clock.advance(Duration::from_secs(590));
    hub.hub.queues().distribute(TestHub::SUPPORT).await.unwrap();
    let why = hub.hub.queues().explain(TestHub::SUPPORT, ticket.id).await.unwrap().unwrap();
    let of_ana = why.reasons.considered.iter().find(|agent| agent.agent_id == ana.id.0).unwrap();
    assert_eq!(of_ana.verdict, Verdict::GaveAway);
    hub.clock.advance(Duration::from_secs(11));
    assert_eq!(hub.event(given).await, ana.id, "nobody else has come, and the customer waits");
    hub.check_invariants().await;
    // By her own decision she takes it at any time.
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().transfer(&ticket, to(ana.id, None, Some(TestHub::SUPPORT))).await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().accept(&ticket, Acceptance::own(ana.id)).await.unwrap();
    hub.stop().await;
}

async fn a_hand_over_that_nobody_takes_comes_back(database: TestDatabase) {
    let mut hub = start(&database).await;
    handed_over(&hub).await;
    hub.clock.advance(Duration::from_secs(599));
    hub.clock.advance(Duration::from_secs(2));
    hub.event(|event| matches!(event, HubEvent::ChatRequeued { .. }).then_some(())).await;
    let ticket = hub.ticket(CHAT).await;
    assert!(ticket.is_unassigned());
    let expected =
        [DecisionKind::Accepted, DecisionKind::Transferred, DecisionKind::TransferReturned];
    assert_eq!(kinds(&hub, CHAT).await, expected);
    let transfer = hub.hub.store().list_transfers(ticket.id).await.unwrap().remove(0);
    assert!(transfer.returned_at.is_some() && transfer.accepted_at.is_none());
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_hand_over_that_was_answered_stays(database: TestDatabase) {
    let hub = start(&database).await;
    let (_, bia) = handed_over(&hub).await;
    let outgoing = crate::chat::Outgoing {
        agent_id: Some(bia),
        phone: CHAT.to_owned(),
        kind: crate::domain::MessageKind::Text,
        text: "Olá".to_owned(),
        media_url: None,
        media: None,
        details: None,
        quoted_message_id: None,
        client_message_id: None,
        is_automatic: false,
    };
    hub.hub.chats().send(&TestHub::key(CHAT), outgoing).await.unwrap();
    let ticket = hub.ticket(CHAT).await;
    let transfer = hub.hub.store().list_transfers(ticket.id).await.unwrap().remove(0);
    assert!(transfer.accepted_at.is_some());
    let again = hub.hub.chats().answer_transfer(&ticket, TransferAnswer::Take { by: bia }).await;
    assert!(matches!(again, Err(HubError::Rejected(Rejected::NoTransfer))));
    hub.clock.advance(Duration::from_mins(20));
    hub.receive(CHAT, "m2").await.unwrap();
    crate::sweep::once(hub.hub.context()).await;
    hub.hub.chats().edit(ticket.id, None, None, crate::Clock::now(&*hub.clock)).await.unwrap();
    assert_eq!(hub.ticket(CHAT).await.agent_id, Some(bia));
    hub.stop().await;
}

async fn a_hand_over_may_be_sent_back(database: TestDatabase) {
    let hub = start(&database).await;
    let (ana, bia) = handed_over(&hub).await;
    let ticket = hub.ticket(CHAT).await;
    let foreign = TransferAnswer::SendBack { by: ana };
    let refused = hub.hub.chats().answer_transfer(&ticket, foreign).await;
    assert!(matches!(refused, Err(HubError::Rejected(Rejected::NoTransfer))));
    let back = TransferAnswer::SendBack { by: bia };
    let changed = hub.hub.chats().answer_transfer(&ticket, back).await.unwrap();
    assert!(changed.is_unassigned());
    hub.check_invariants().await;
    hub.stop().await;
}

async fn a_supervisor_puts_a_chat_first(database: TestDatabase) {
    let hub = start(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    hub.receive(OTHER, "m2").await.unwrap();
    assert_eq!(position_of(&hub, OTHER).await, Some(1));
    let ticket = hub.ticket(OTHER).await;
    let now = crate::Clock::now(&*hub.clock);
    let edit = EntryEdit { pinned_at: Some(Some(now)), ..EntryEdit::default() };
    hub.hub.chats().edit_place(&ticket, edit).await.unwrap();
    assert_eq!(position_of(&hub, OTHER).await, Some(0));
    let edit = EntryEdit { pinned_at: Some(None), ..EntryEdit::default() };
    hub.hub.chats().edit_place(&ticket, edit).await.unwrap();
    assert_eq!(position_of(&hub, OTHER).await, Some(1));
    hub.stop().await;
}

async fn more_than_the_capacity_is_a_persons_decision_and_noted(database: TestDatabase) {
    let hub = start(&database).await;
    let ana = hub.agent("ana").await;
    hub.online(ana.id).await;
    for number in 0..6 {
        hub.receive(&format!("551198888{number:04}"), &format!("m{number}")).await.unwrap();
    }
    let last = "5511988880005";
    eventually(async || hub.ticket("5511988880004").await.agent_id.is_some()).await;
    let ticket = hub.ticket(last).await;
    assert!(ticket.is_unassigned());
    hub.hub.chats().accept(&ticket, Acceptance::own(ana.id)).await.unwrap();
    let decision = hub.hub.store().list_decisions(ticket.id, 1).await.unwrap().remove(0);
    assert_eq!(decision.decided_by, Some(ana.id));
    assert!(decision.reasons.is_over_capacity);
    hub.check_invariants().await;
    hub.stop().await;
}

async fn why_nobody_gets_it(database: TestDatabase) {
    let hub = start(&database).await;
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    hub.hub.presence().set_status(bia.id, PresenceStatus::Busy, None, None).await.unwrap();
    hub.receive(CHAT, "m1").await.unwrap();
    hub.clock.advance(Duration::from_secs(12));
    let ticket = hub.ticket(CHAT).await;
    let queues = hub.hub.queues();
    let why = queues.explain(TestHub::SUPPORT, ticket.id).await.unwrap().unwrap();
    assert_eq!((why.waiting, why.reasons.position, why.reasons.waited_seconds), (1, Some(1), 12));
    let verdict =
        |id: AgentId| why.reasons.considered.iter().find(|c| c.agent_id == id.0).map(|c| c.verdict);
    assert_eq!(verdict(ana.id), Some(Verdict::Offline));
    assert_eq!(verdict(bia.id), Some(Verdict::Busy));
    hub.hub.chats().close(&ticket, Closing::default()).await.unwrap();
    assert_eq!(queues.explain(TestHub::SUPPORT, ticket.id).await.unwrap(), None);
    hub.stop().await;
}

async fn counters_are_told(database: TestDatabase) {
    let mut hub = start(&database).await;
    hub.receive(CHAT, "m1").await.unwrap();
    let counters = |event: &HubEvent| match event {
        HubEvent::QueueChanged { waiting, late, oldest_entered_at, .. } => {
            Some((*waiting, *late, oldest_entered_at.is_some()))
        }
        _ => None,
    };
    assert_eq!(hub.event(counters).await, (1, 0, true));
    hub.clock.advance(Duration::from_mins(16));
    assert_eq!(hub.event(counters).await, (1, 1, true), "time alone makes it late");
    let ticket = hub.ticket(CHAT).await;
    hub.hub.chats().close(&ticket, Closing::default()).await.unwrap();
    assert_eq!(hub.event(counters).await, (0, 0, false));
    hub.stop().await;
}

async fn coming_and_going_moves_nothing(database: TestDatabase) {
    let mut hub = start(&database).await;
    let (ana, bia) = (hub.agent("ana").await, hub.agent("bia").await);
    hub.hub.presence().socket_opened(ana.id, Device::default());
    hub.online(ana.id).await;
    hub.receive(CHAT, "m1").await.unwrap();
    eventually(async || hub.ticket(CHAT).await.agent_id == Some(ana.id)).await;
    hub.hub.presence().socket_opened(bia.id, Device::default());
    hub.online(bia.id).await;
    for _ in 0..20 {
        hub.hub.presence().socket_closed(ana.id, Device::default());
        hub.clock.advance(Duration::from_secs(10));
        hub.hub.presence().view(ana.id).await.unwrap();
        hub.hub.presence().socket_opened(ana.id, Device::default());
        hub.clock.advance(Duration::from_secs(1));
    }
    hub.receive(OTHER, "m2").await.unwrap();
    hub.event(|event| {
        matches!(event, HubEvent::ChatAssigned { chat_id, .. } if chat_id == OTHER).then_some(())
    })
    .await;
    assert_eq!(hub.ticket(CHAT).await.agent_id, Some(ana.id));
    assert_eq!(kinds(&hub, CHAT).await, [DecisionKind::Assigned]);
    hub.check_invariants().await;
    hub.stop().await;
}
