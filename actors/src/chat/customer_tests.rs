//! What live chats know of customers who are merged and parted.

use crate::{
    both_databases,
    clock::Clock,
    domain::{
        CustomerId, MergeId,
        customer_merge::{NewMerge, OnDifferentTaxIds},
    },
    events::HubEvent,
    testing::{TestDatabase, TestHub},
};

both_databases!(
    open_chats_belong_to_the_survivor_at_once_and_go_back,
    two_chats_become_one_when_network_and_person_say_so,
);

const ONE: &str = "5511988880001";
const OTHER: &str = "551188880001";

async fn merge(hub: &TestHub, survivor: CustomerId, merged: CustomerId) -> MergeId {
    let new = NewMerge {
        survivor,
        merged,
        reason: String::new(),
        on_different_tax_ids: OnDifferentTaxIds::Refuse,
        by: TestHub::ADMIN,
    };
    hub.hub.chats().merge_customers(new, hub.clock.now()).await.unwrap()
}

/// The customer that the live chat of this address tells when it is taken.
async fn told(hub: &mut TestHub, chat_id: &str) -> String {
    let ticket = hub.ticket(chat_id).await;
    let chats = hub.hub.chats();
    let closing = crate::chat::Closing::default();
    let acceptance =
        crate::chat::Acceptance { by: TestHub::ADMIN, agent_id: TestHub::ADMIN, notes: None };
    chats.accept(&ticket, acceptance).await.unwrap();
    let assigned = |event: &HubEvent| match event {
        HubEvent::ChatAssigned { chat_id: id, customer_name, .. } if id == chat_id => {
            Some(customer_name.clone())
        }
        _ => None,
    };
    let name = hub.event(assigned).await;
    hub.hub.chats().close(&ticket, closing).await.unwrap();
    name
}

async fn open_chats_belong_to_the_survivor_at_once_and_go_back(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    hub.receive(ONE, "m1").await.unwrap();
    hub.receive(OTHER, "m2").await.unwrap();
    let (survivor, merged) =
        (hub.ticket(ONE).await.customer_id, hub.ticket(OTHER).await.customer_id);
    let store = hub.hub.store().clone();
    let name = |name: &str| vec![crate::domain::CustomerChange::Name(name.to_owned())];
    let now = hub.clock.now();
    for (id, text) in [(survivor, "Padaria"), (merged, "Zé")] {
        store.update_customer(id, name(text), String::new(), TestHub::ADMIN, now).await.unwrap();
    }
    let id = merge(&hub, survivor, merged).await;
    assert_eq!(hub.ticket(OTHER).await.customer_id, survivor, "two threads of one customer");
    assert_eq!(told(&mut hub, OTHER).await, "Padaria");
    // The next chat of the address is the survivor's, too, and the one before goes back.
    let before = hub.hub.store().find_chat_ticket(OTHER).await.unwrap().unwrap().ticket;
    hub.receive(OTHER, "m3").await.unwrap();
    assert_eq!(hub.ticket(OTHER).await.customer_id, survivor);
    let (chats, now) = (hub.hub.chats(), hub.clock.now());
    chats.separate_customers(survivor, id, TestHub::ADMIN, now).await.unwrap();
    let owner = store.find_ticket(before.id).await.unwrap().unwrap().ticket.customer_id;
    assert_eq!(owner, merged);
    assert_eq!(hub.ticket(OTHER).await.customer_id, survivor, "what came later stays");
    // One that goes back while it is open.
    assert_eq!(told(&mut hub, OTHER).await, "Padaria");
    hub.receive(OTHER, "m4").await.unwrap();
    assert_eq!(hub.ticket(OTHER).await.customer_id, merged);
    let id = merge(&hub, survivor, merged).await;
    let (chats, now) = (hub.hub.chats(), hub.clock.now());
    chats.separate_customers(survivor, id, TestHub::ADMIN, now).await.unwrap();
    assert_eq!(told(&mut hub, OTHER).await, "Zé");
    hub.check_invariants().await;
    hub.stop().await;
}

async fn two_chats_become_one_when_network_and_person_say_so(database: TestDatabase) {
    let mut hub = TestHub::start(&database).await;
    hub.receive(ONE, "m1").await.unwrap();
    hub.receive(OTHER, "m2").await.unwrap();
    let (survivor, merged) =
        (hub.ticket(ONE).await.customer_id, hub.ticket(OTHER).await.customer_id);
    let running = hub.hub.clone();
    let learn = async || {
        let sessions = running.sessions();
        sessions.learn_alias(TestHub::SESSION, ONE.to_owned(), OTHER.to_owned()).await;
        sessions.chat_of(TestHub::SESSION, OTHER.to_owned()).chat_id
    };
    assert_eq!(learn().await, OTHER, "two customers");
    merge(&hub, survivor, merged).await;
    assert_eq!(learn().await, OTHER, "somebody is in this chat");
    told(&mut hub, OTHER).await;
    assert_eq!(learn().await, ONE);
    let delivered = hub.receive(OTHER, "m3").await.unwrap();
    assert_eq!(delivered.message.chat_id, ONE);
    hub.stop().await;
}
