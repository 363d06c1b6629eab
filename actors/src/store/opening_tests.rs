//! The store's suite of chats that begin at the same time, on both databases.

use std::collections::{BTreeMap, HashSet};

use tokio::task::JoinSet;

use super::{
    tests::{Fixture, seeded},
    *,
};
use crate::{
    both_databases,
    domain::{CustomerId, SessionId, TicketId, audit::AuditSubject},
    testing::TestDatabase,
};

both_databases!(
    many_chats_open_together_each_with_its_own,
    one_number_is_one_customer_however_many_chats_it_opens,
    a_bad_one_among_many_fails_alone,
    ids_belong_to_the_messages_that_were_handed_in,
);

type Outcome = Result<Option<OpenedTicket>, StoreError>;

impl Fixture {
    /// Opens all of them at once; how each ended, in their order.
    async fn open_together(&self, news: Vec<NewTicket>) -> Vec<Outcome> {
        let mut opening = JoinSet::new();
        for (number, new) in news.into_iter().enumerate() {
            let store = self.store.clone();
            opening.spawn(async move { (number, store.open_ticket(new).await) });
        }
        let outcomes: BTreeMap<usize, Outcome> = opening.join_all().await.into_iter().collect();
        outcomes.into_values().collect()
    }
}

fn phone(number: usize) -> String {
    format!("55119{number:08}")
}

async fn many_chats_open_together_each_with_its_own(database: TestDatabase) {
    const CHATS: usize = 150;
    let hub = seeded(&database).await;
    // One of them is known already.
    let known = hub.open(&phone(7), "before").await;
    let close = TicketFilter { chat_id: Some(phone(7)), ..TicketFilter::default() };
    let news = (0..CHATS).filter(|number| *number != 7).map(|number| {
        let mut new = hub.opening(&phone(number), &format!("m{number}"));
        new.first_message = format!("Sou {number}");
        new.customer = OpeningCustomer::ByPhone { name: format!("Cliente {number}") };
        new
    });
    let outcomes = hub.open_together(news.collect()).await;
    let opened: Vec<OpenedTicket> = outcomes.into_iter().map(|one| one.unwrap().unwrap()).collect();
    let mut tickets = HashSet::from([known.ticket.id]);
    for one in &opened {
        let number: usize = one.ticket.chat_id[5..].parse().unwrap();
        let message = one.message.as_ref().unwrap();
        assert_eq!(message.message_id, format!("m{number}"));
        assert_eq!(
            (message.ticket_id, &message.chat_id),
            (Some(one.ticket.id), &one.ticket.chat_id)
        );
        assert_eq!(one.entry.ticket_id, one.ticket.id);
        assert_eq!(one.entry.first_message, format!("Sou {number}"));
        assert_eq!(one.customer.details.name, format!("Cliente {number}"));
        assert_eq!(one.customer.details.phone, Some(phone(number)));
        assert_eq!(one.ticket.customer_id, one.customer.id);
        assert_eq!(one.ticket.customer_messages, 1);
        let segments = hub.store.list_segments(one.ticket.id).await.unwrap();
        assert_eq!(segments.len(), 1);
        assert!(tickets.insert(one.ticket.id), "a ticket of its own");
    }
    assert_eq!(tickets.len(), CHATS);
    let all = hub.store.list_tickets(&Scope::All, &close, &[], Page { limit: 10, offset: 0 });
    assert_eq!(all.await.unwrap().total, 1);
    let trail = AuditFilter { subject: Some(AuditSubject::Customer), ..AuditFilter::default() };
    let trail = hub.store.list_audit_entries(trail, Page { limit: 200, offset: 0 }).await.unwrap();
    assert_eq!(trail.total, i64::try_from(CHATS).unwrap(), "each new customer is noted");
    let (entry, customer) = (&trail.rows[0], &opened.last().unwrap().customer);
    assert!(entry.changes.iter().any(|change| change.field == "phone"), "{entry:?}");
    assert!(trail.rows.iter().any(|row| row.subject_id == Some(customer.id.0)));
}

async fn one_number_is_one_customer_however_many_chats_it_opens(database: TestDatabase) {
    let hub = seeded(&database).await;
    let news = (0..20).map(|number| {
        let mut new = hub.opening(&format!("chat-{number}"), &format!("m{number}"));
        new.phone = phone(number % 4);
        new
    });
    let outcomes = hub.open_together(news.collect()).await;
    let mut customers: BTreeMap<String, HashSet<CustomerId>> = BTreeMap::new();
    for opened in outcomes.into_iter().map(|one| one.unwrap().unwrap()) {
        customers.entry(opened.ticket.phone).or_default().insert(opened.customer.id);
    }
    assert_eq!(customers.len(), 4);
    assert!(customers.values().all(|ids| ids.len() == 1), "{customers:?}");
}

async fn a_bad_one_among_many_fails_alone(database: TestDatabase) {
    let hub = seeded(&database).await;
    hub.open(&phone(100), "there").await;
    let mut news: Vec<NewTicket> =
        (0..30).map(|number| hub.opening(&phone(number), &format!("m{number}"))).collect();
    // A chat that is open, a message that is there, and a number that does not exist.
    news.push(hub.opening(&phone(100), "again"));
    news.push(hub.opening(&phone(101), "there"));
    let mut nowhere = hub.opening(&phone(102), "nowhere");
    nowhere.key.session_id = SessionId(999);
    news.push(nowhere);
    let mut outcomes = hub.open_together(news).await;
    let nowhere = outcomes.pop().unwrap();
    assert!(matches!(nowhere, Err(StoreError::ForeignKey { .. })), "{nowhere:?}");
    assert!(matches!(outcomes.pop(), Some(Ok(None))), "it is there already");
    let open = outcomes.pop().unwrap();
    assert!(matches!(open, Err(StoreError::Unique { .. })), "{open:?}");
    let tickets: HashSet<TicketId> =
        outcomes.into_iter().map(|one| one.unwrap().unwrap().ticket.id).collect();
    assert_eq!(tickets.len(), 30);
    for gone in [101, 102] {
        assert!(hub.store.find_chat_ticket(&phone(gone)).await.unwrap().is_none());
    }
    let (all, page) = (CustomerFilter::default(), Page { limit: 1, offset: 0 });
    let customers = hub.store.list_customers(&CustomerScope::All, &all, &[], page).await.unwrap();
    assert_eq!(customers.total, 31, "nothing is left of those that failed");
}

async fn ids_belong_to_the_messages_that_were_handed_in(database: TestDatabase) {
    let hub = seeded(&database).await;
    hub.open(&phone(1), "m0").await;
    let mut writes = JoinSet::new();
    for number in 0..200 {
        // Every third is a repeat.
        let id = format!("m{}", if number % 3 == 0 { number / 2 } else { number });
        let (store, message) = (hub.store.clone(), hub.message(&phone(1), &id));
        writes.spawn(async move { (id, store.append_message(message).await.unwrap()) });
    }
    let mut seen = HashSet::from(["m0".to_owned()]);
    for (message_id, appended) in writes.join_all().await {
        if let Some(appended) = appended {
            assert!(seen.insert(message_id.clone()), "stored once");
            let stored = hub.store.find_message_by_provider_id(SessionId(1), &message_id);
            assert_eq!(stored.await.unwrap().unwrap().id, appended.id);
        }
    }
    let expected = (0..200).map(|number| if number % 3 == 0 { number / 2 } else { number });
    let expected: HashSet<String> = expected.map(|number| format!("m{number}")).collect();
    assert_eq!(seen, expected);
}
