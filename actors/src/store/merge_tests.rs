//! The store's suite of merging customers and parting them, on both databases.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{
    customer_lookup::find_by_phones,
    customer_merges::Outcome,
    tests::{Fixture, seeded},
    *,
};
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        AgentId, Contact, ContactChange, ContactDetails, Customer, CustomerChange, CustomerDetails,
        CustomerId, DepartmentId, DocumentKind, DocumentOrigin, DocumentStatus, MergeId,
        NewDocument, PersonType, Priority, SessionId, Ticket, Timestamp,
        audit::AuditSubject,
        customer_merge::{MergeRefused, NewMerge, OnDifferentTaxIds, Part},
        file::{FileKey, StoredFile},
        ids::ChatKey,
        phone::Phone,
        queue::Promise,
        tax_id::TaxId,
    },
    testing::TestDatabase,
};

both_databases!(
    merging_and_parting_leaves_every_row_as_it_was,
    what_came_later_stays_and_what_was_changed_stays,
    whoever_was_merged_is_found_as_the_survivor,
    different_tax_ids_are_two_customers_until_somebody_says_otherwise,
    a_tax_id_in_use_keeps_a_merge_from_being_undone,
    chains_are_undone_from_the_last_to_the_first,
    nobody_is_lost_when_two_are_merged_into_each_other_at_once,
    no_ticket_is_left_behind_by_a_merge_at_the_same_time,
    a_picture_changes_hands_and_comes_back,
    a_merge_is_noted_at_both,
);

const ADMIN: AgentId = AgentId(1);
const ALL: Page = Page { limit: 100, offset: 0 };
/// Random groups of three customers per database.
const ROUNDS: u64 = 12;

fn named(name: &str) -> CustomerDetails {
    CustomerDetails { name: name.to_owned(), ..CustomerDetails::default() }
}

fn with_tax_id(name: &str, tax_id: &str) -> CustomerDetails {
    CustomerDetails { tax_id: TaxId::parse(tax_id).ok(), ..named(name) }
}

fn with_phone(name: &str, number: &str) -> CustomerDetails {
    let mut details = named(name);
    details.apply([CustomerChange::Phone(Phone::parse(number))]);
    details
}

/// One row of each table that knows of customers, with what a merge may touch.
#[derive(Debug, PartialEq)]
struct Rows {
    customers: Vec<(Customer, Option<CustomerId>, Option<Timestamp>, String)>,
    tickets: Vec<Ticket>,
    queue_entries: Vec<(i64, CustomerId)>,
    contacts: Vec<Contact>,
    documents: Vec<(i64, CustomerId, Timestamp)>,
    files: Vec<(String, String)>,
}

#[derive(sqlx::FromRow)]
struct CustomerRow {
    #[sqlx(flatten)]
    customer: Customer,
    merged_into: Option<CustomerId>,
    deleted_at: Option<Timestamp>,
    merged_text: String,
}

impl Fixture {
    async fn enter(&self, details: CustomerDetails) -> CustomerId {
        self.store.add_customer(details, Some(ADMIN), self.clock.now()).await.unwrap().id
    }

    async fn contact(&self, at: CustomerId, number: &str, is_primary: bool) -> Contact {
        let phone = Phone::parse(number).unwrap();
        let new =
            ContactDetails { is_primary, ..ContactDetails::new(at, "João".to_owned(), phone) };
        self.store.insert_contact(new, ADMIN, self.clock.now()).await.unwrap().contact
    }

    async fn ticket(&self, of: CustomerId, chat_id: &str) -> Ticket {
        let now = self.clock.now();
        let new = NewTicket {
            key: ChatKey { session_id: SessionId(1), chat_id: chat_id.to_owned() },
            phone: chat_id.to_owned(),
            customer: OpeningCustomer::Known(of),
            department_id: DepartmentId(1),
            priority: Priority::Normal,
            first_message: String::new(),
            message: None,
            promise: Promise { closing_at: now, due_at: now },
            at: now,
        };
        self.store.open_ticket(new).await.unwrap().unwrap().ticket
    }

    async fn file(&self) -> StoredFile {
        let key = FileKey::random();
        let file = StoredFile {
            bytes: 10,
            sha256: key.as_str().repeat(2),
            media_type: "application/pdf".to_owned(),
            created_at: self.clock.now(),
            key,
        };
        self.store.insert_pending_file(file.clone()).await.unwrap();
        file
    }

    async fn document(&self, of: CustomerId) {
        let new = NewDocument {
            customer_id: of,
            name: "Contrato".to_owned(),
            kind: DocumentKind::Contract,
            status: DocumentStatus::Generated,
            origin: DocumentOrigin::Manual,
            file: self.file().await,
            file_name: "contrato.pdf".to_owned(),
            description: String::new(),
            template_name: String::new(),
            filled_data: "{}".to_owned(),
            due_date: None,
            uploaded_by: ADMIN,
        };
        self.store.insert_document(new, self.clock.now()).await.unwrap();
    }

    async fn try_merge(
        &self,
        survivor: CustomerId,
        merged: CustomerId,
        on_different_tax_ids: OnDifferentTaxIds,
    ) -> Outcome {
        let reason = "Cadastrado duas vezes".to_owned();
        let new = NewMerge { survivor, merged, reason, on_different_tax_ids, by: ADMIN };
        self.store.merge_customers(new, self.clock.now()).await.unwrap()
    }

    async fn merge(&self, survivor: CustomerId, merged: CustomerId) -> MergeId {
        self.try_merge(survivor, merged, OnDifferentTaxIds::Refuse).await.unwrap().id
    }

    async fn try_separate(&self, survivor: CustomerId, id: MergeId) -> Option<Outcome> {
        let now = self.clock.now();
        self.store.separate_customers(survivor, id, ADMIN, now).await.unwrap()
    }

    async fn separate(&self, survivor: CustomerId, id: MergeId) {
        self.try_separate(survivor, id).await.unwrap().unwrap();
    }

    async fn customer(&self, id: CustomerId) -> Option<Customer> {
        self.store.find_customer(id).await.unwrap()
    }

    async fn by_phone(&self, phone: &str) -> Option<CustomerId> {
        let phone = phone.to_owned();
        let found = self.store.unit(unit!(tx => find_by_phones(tx, &[&phone]).await));
        found.await.unwrap().into_values().next().map(|customer| customer.id)
    }

    async fn rows(&self) -> Rows {
        let reader = &self.store.reader;
        let all = "SELECT * FROM customers ORDER BY id";
        let customers: Vec<CustomerRow> = reader.all(sql(all)).await.unwrap();
        let unstamped = |mut row: CustomerRow| {
            // Who was changed last, and when, is not part of what comes back.
            row.customer.updated_at = Timestamp::EPOCH;
            row.customer.updated_by = None;
            (row.customer, row.merged_into, row.deleted_at, row.merged_text)
        };
        let read = |text| sql(text);
        Rows {
            customers: customers.into_iter().map(unstamped).collect(),
            tickets: reader.all(read("SELECT * FROM tickets ORDER BY id")).await.unwrap(),
            queue_entries: reader
                .all(read("SELECT id, customer_id FROM queue_entries ORDER BY id"))
                .await
                .unwrap(),
            contacts: reader.all(read("SELECT * FROM contacts ORDER BY id")).await.unwrap(),
            documents: reader
                .all(read("SELECT id, customer_id, updated_at FROM documents ORDER BY id"))
                .await
                .unwrap(),
            files: reader.all(read("SELECT key, state FROM files ORDER BY key")).await.unwrap(),
        }
    }

    /// A customer of whom this and that is known, with some rows; no two of a round share a tax id.
    async fn random_customer(&self, rng: &mut StdRng, round: u64, at: u64) -> CustomerId {
        let number = format!("119{:08}", round * 100 + at * 10);
        let mut details = if rng.random_bool(0.3) {
            // As the hub calls whom it does not know.
            let canonical = Phone::parse(&number).unwrap().canonical;
            named(&crate::domain::customer::placeholder_name(&canonical))
        } else {
            named(&format!("Cliente {round} {at}"))
        };
        let text = |rng: &mut StdRng| {
            rng.random_bool(0.5).then(|| format!("texto {}", rng.random_range(0..3)))
        };
        details.apply([
            CustomerChange::Phone(rng.random_bool(0.6).then(|| Phone::parse(&number)).flatten()),
            CustomerChange::WhatsApp(rng.random_bool(0.5).then(|| Phone::parse(&number)).flatten()),
            CustomerChange::Email(text(rng)),
            CustomerChange::Street(text(rng)),
            CustomerChange::City(text(rng)),
            CustomerChange::Notes(text(rng)),
            CustomerChange::TradeName(text(rng)),
            CustomerChange::RepresentativeName(text(rng)),
        ]);
        if rng.random_bool(0.5) {
            details.person_type = PersonType::Individual;
        }
        if at == round % 3 {
            details.tax_id = TaxId::parse(&format!("1234567{:04}", round * 10 + at)).ok();
        }
        if rng.random_bool(0.4) {
            details.logo = Some(self.file().await.key);
        }
        let id = self.enter(details).await;
        for n in 0..rng.random_range(0..4u64) {
            // Some numbers are known at several of a round.
            let number = format!("119{:08}", 50_000_000 + round * 10 + rng.random_range(0..4u64));
            let phone = Phone::parse(&number).unwrap();
            let details = ContactDetails::new(id, format!("Pessoa {n}"), phone);
            let details = ContactDetails { is_primary: rng.random_bool(0.5), ..details };
            let inserted = self.store.insert_contact(details, ADMIN, self.clock.now()).await;
            if let Ok(view) = inserted
                && rng.random_bool(0.2)
            {
                let now = self.clock.now();
                self.store.delete_contact(view.contact.id, ADMIN, now).await.unwrap();
            }
        }
        for n in 0..rng.random_range(0..3u64) {
            self.ticket(id, &format!("55119{:08}", round * 100 + at * 10 + n)).await;
        }
        for _ in 0..rng.random_range(0..2) {
            self.document(id).await;
        }
        id
    }
}

async fn merging_and_parting_leaves_every_row_as_it_was(database: TestDatabase) {
    let hub = seeded(&database).await;
    for round in 0..ROUNDS {
        let rng = &mut StdRng::seed_from_u64(round);
        let mut ids = Vec::new();
        for at in 0..3 {
            ids.push(hub.random_customer(rng, round, at).await);
        }
        let before = hub.rows().await;
        // Two into one after the other, or one into the other into the third.
        let pairs = if rng.random_bool(0.5) {
            [(ids[0], ids[1]), (ids[0], ids[2])]
        } else {
            [(ids[1], ids[0]), (ids[2], ids[1])]
        };
        let mut done = Vec::new();
        for (survivor, merged) in pairs {
            done.push((survivor, hub.merge(survivor, merged).await));
        }
        let merged = hub.rows().await;
        let shown = |rows: &Rows| rows.customers.iter().filter(|row| row.2.is_none()).count();
        assert_eq!(shown(&merged), shown(&before) - 2, "round {round}");
        let left = |owner: CustomerId| owner == pairs[0].1 || owner == pairs[1].1;
        assert!(!merged.tickets.iter().any(|ticket| left(ticket.customer_id)), "round {round}");
        for (survivor, merge) in done.into_iter().rev() {
            hub.separate(survivor, merge).await;
        }
        assert_eq!(hub.rows().await, before, "round {round}");
    }
}

async fn what_came_later_stays_and_what_was_changed_stays(database: TestDatabase) {
    let hub = seeded(&database).await;
    let text = |text: &str| Some(text.to_owned());
    let survivor = hub.enter(named("A")).await;
    let details = CustomerDetails { email: text("b@x.com"), ..with_phone("B", "11988880001") };
    let merged = hub.enter(CustomerDetails { notes: text("VIP"), ..details }).await;
    let (old, phone) = (hub.ticket(merged, "5511988880001").await, "5511988880001");
    let (kept, first) = (
        hub.contact(merged, "11977770001", false).await,
        hub.contact(merged, "11977770002", true).await,
    );
    let id = hub.merge(survivor, merged).await;
    let after = hub.customer(survivor).await.unwrap();
    assert_eq!(after.details.phone.as_deref(), Some(phone));
    assert_eq!(hub.by_phone(phone).await, Some(survivor));
    let later = hub.ticket(merged, "5511988880009").await;
    assert_eq!(later.customer_id, survivor, "a form that was open when he was merged");
    hub.document(merged).await;
    let changes = vec![CustomerChange::Email(text("novo@x.com"))];
    let now = hub.clock.now();
    hub.store.update_customer(survivor, changes, String::new(), ADMIN, now).await.unwrap();
    let other = hub.enter(named("C")).await;
    let away = vec![ContactChange::Customer(other)];
    hub.store.update_contact(kept.id, away, ADMIN, now).await.unwrap().unwrap();
    hub.separate(survivor, id).await;
    let (stays, returns) =
        (hub.customer(survivor).await.unwrap(), hub.customer(merged).await.unwrap());
    let known = |customer: &Customer| {
        let details = customer.details.clone();
        (details.email, details.phone, details.notes)
    };
    assert_eq!(known(&stays), (text("novo@x.com"), None, None), "what was changed since stays");
    assert_eq!(known(&returns), (text("b@x.com"), text(phone), text("VIP")));
    assert_eq!(hub.by_phone(phone).await, Some(merged));
    let rows = hub.rows().await;
    let owner = |id| rows.tickets.iter().find(|ticket| ticket.id == id).unwrap().customer_id;
    assert_eq!((owner(old.id), owner(later.id)), (merged, survivor));
    assert_eq!(rows.documents[0].1, survivor);
    let at = |id| rows.contacts.iter().find(|contact| contact.id == id).unwrap();
    assert_eq!(at(kept.id).details.customer_id, other, "somebody put it elsewhere");
    assert_eq!(at(first.id).details, first.details);
    let again = hub.try_separate(survivor, id).await.unwrap();
    assert_eq!(again.unwrap_err(), MergeRefused::AlreadySeparated);
    assert!(hub.try_separate(other, id).await.is_none(), "a merge of somebody else");
}

async fn whoever_was_merged_is_found_as_the_survivor(database: TestDatabase) {
    let hub = seeded(&database).await;
    let survivor = hub.enter(with_phone("Padaria", "11988880001")).await;
    let merged = hub.enter(with_phone("Zé do Pão", "11988880002")).await;
    let twin = hub.contact(survivor, "11977770001", true).await;
    let repeated = hub.contact(merged, "11977770001", true).await;
    let id = hub.merge(survivor, merged).await;
    assert_eq!(hub.customer(merged).await, None);
    assert_eq!(hub.store.find_merged_into(merged).await.unwrap(), Some(survivor));
    let found = async |filter: CustomerFilter| {
        let scope = CustomerScope::All;
        let slice = hub.store.list_customers(&scope, &filter, &[], ALL).await.unwrap();
        slice.rows.iter().map(|view| view.customer.id).collect::<Vec<_>>()
    };
    let terms = vec!["ze do pao".to_owned()];
    assert_eq!(found(CustomerFilter { terms, ..CustomerFilter::default() }).await, [survivor]);
    let phone = Some("11988880002".to_owned());
    assert_eq!(found(CustomerFilter { phone, ..CustomerFilter::default() }).await, [survivor]);
    assert_eq!(hub.by_phone("5511988880002").await, Some(survivor));
    let views = hub.store.list_customer_merges(survivor, ALL).await.unwrap();
    let view = &views.rows[0];
    assert_eq!((views.total, view.merge.id, view.merge.merged_id), (1, id, merged));
    assert_eq!(view.merge.record.repeated_contacts, [repeated.id.0], "nobody is deleted");
    assert_eq!(view.merge.record.parts, [] as [Part; 0]);
    let rows = hub.rows().await;
    assert_eq!(rows.contacts, [twin.clone(), repeated.clone()]);
    // Changing the survivor does not forget them.
    let changes = vec![CustomerChange::City(Some("Niterói".to_owned()))];
    hub.store
        .update_customer(survivor, changes, String::new(), ADMIN, hub.clock.now())
        .await
        .unwrap();
    let terms = vec!["ze do pao".to_owned()];
    assert_eq!(found(CustomerFilter { terms, ..CustomerFilter::default() }).await, [survivor]);
    // With the survivor all of him is deleted; who writes then is new.
    hub.store.delete_customer(survivor, ADMIN, hub.clock.now()).await.unwrap().unwrap();
    assert_eq!(hub.by_phone("5511988880002").await, None);
    assert!(hub.try_separate(survivor, id).await.is_none());
}

async fn different_tax_ids_are_two_customers_until_somebody_says_otherwise(database: TestDatabase) {
    let hub = seeded(&database).await;
    let survivor = hub.enter(with_tax_id("A", "11222333000181")).await;
    let merged = hub.enter(with_tax_id("B", "11144477735")).await;
    let before = hub.rows().await;
    let refused = hub.try_merge(survivor, merged, OnDifferentTaxIds::Refuse).await.unwrap_err();
    assert!(matches!(refused, MergeRefused::DifferentTaxIds { .. }), "{refused:?}");
    assert_eq!(hub.rows().await, before);
    hub.try_merge(survivor, merged, OnDifferentTaxIds::Merge).await.unwrap();
    let details = hub.customer(survivor).await.unwrap().details;
    assert_eq!(details.tax_id, TaxId::parse("11222333000181").ok());
    let same = hub.try_merge(survivor, survivor, OnDifferentTaxIds::Merge).await.unwrap_err();
    assert_eq!(same, MergeRefused::SameCustomer);
    let again = hub.try_merge(survivor, merged, OnDifferentTaxIds::Merge).await.unwrap_err();
    assert_eq!(again, MergeRefused::AlreadyMerged { customer: merged, into: survivor });
    let nobody = CustomerId(999);
    let gone = hub.try_merge(survivor, nobody, OnDifferentTaxIds::Merge).await.unwrap_err();
    assert_eq!(gone, MergeRefused::Gone(nobody));
}

async fn a_tax_id_in_use_keeps_a_merge_from_being_undone(database: TestDatabase) {
    let hub = seeded(&database).await;
    let survivor = hub.enter(with_tax_id("A", "11222333000181")).await;
    let merged = hub.enter(with_tax_id("B", "11144477735")).await;
    let merge = hub.try_merge(survivor, merged, OnDifferentTaxIds::Merge).await.unwrap().id;
    let owner = hub.enter(with_tax_id("C", "11144477735")).await;
    let before = hub.rows().await;
    let refused = hub.try_separate(survivor, merge).await.unwrap().unwrap_err();
    assert_eq!(refused, MergeRefused::TaxIdInUse { merged, owner });
    assert_eq!(hub.rows().await, before);
    let changes = vec![CustomerChange::TaxId(None)];
    hub.store.update_customer(owner, changes, String::new(), ADMIN, hub.clock.now()).await.unwrap();
    hub.separate(survivor, merge).await;
    let details = hub.customer(merged).await.unwrap().details;
    assert_eq!(details.tax_id, TaxId::parse("11144477735").ok());
}

async fn chains_are_undone_from_the_last_to_the_first(database: TestDatabase) {
    let hub = seeded(&database).await;
    let (a, b) = (hub.enter(named("A")).await, hub.enter(with_phone("B", "11988880002")).await);
    let c = hub.enter(named("C")).await;
    let ticket = hub.ticket(b, "5511988880002").await;
    let first = hub.merge(a, b).await;
    let second = hub.merge(c, a).await;
    assert_eq!(hub.store.find_merged_into(b).await.unwrap(), Some(c));
    assert_eq!(hub.by_phone("5511988880002").await, Some(c));
    let further = MergeRefused::MergedFurther { survivor: a, into: c, by: second };
    assert_eq!(hub.try_separate(c, first).await.unwrap().unwrap_err(), further);
    let views = hub.store.list_customer_merges(c, ALL).await.unwrap().rows;
    let told: Vec<_> = views.iter().map(|view| (view.merge.id, view.blocked_by)).collect();
    assert_eq!(told, [(second, None), (first, Some(second))]);
    hub.separate(c, second).await;
    assert_eq!(hub.store.find_merged_into(b).await.unwrap(), Some(a));
    assert_eq!(hub.by_phone("5511988880002").await, Some(a));
    hub.separate(a, first).await;
    let owner = hub.store.find_ticket(ticket.id).await.unwrap().unwrap().ticket.customer_id;
    assert_eq!(owner, b);
    // Whoever was parted may be merged again, elsewhere.
    hub.merge(c, b).await;
}

async fn nobody_is_lost_when_two_are_merged_into_each_other_at_once(database: TestDatabase) {
    let hub = seeded(&database).await;
    let (a, b) = (hub.enter(named("A")).await, hub.enter(named("B")).await);
    let (one, other) = tokio::join!(
        hub.try_merge(a, b, OnDifferentTaxIds::Refuse),
        hub.try_merge(b, a, OnDifferentTaxIds::Refuse),
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let refused = one.err().or(other.err()).unwrap();
    assert!(matches!(refused, MergeRefused::AlreadyMerged { .. }), "{refused:?}");
    assert!(hub.customer(a).await.is_some() != hub.customer(b).await.is_some());
}

async fn no_ticket_is_left_behind_by_a_merge_at_the_same_time(database: TestDatabase) {
    let hub = seeded(&database).await;
    for round in 0..8 {
        let survivor = hub.enter(named("A")).await;
        let number = format!("119888810{round:02}");
        let merged = hub.enter(with_phone("B", &number)).await;
        let chat = format!("55{number}");
        let message = format!("m{round}");
        let opening = hub.open(&chat, &message);
        let filed = hub.document(merged);
        let ((), opened, _merge) = tokio::join!(filed, opening, hub.merge(survivor, merged));
        let owner = hub.store.find_ticket(opened.ticket.id).await.unwrap().unwrap();
        assert_eq!(owner.ticket.customer_id, survivor, "round {round}");
        let left = hub.rows().await.documents.iter().filter(|row| row.1 == merged).count();
        assert_eq!(left, 0, "round {round}");
    }
}

async fn a_picture_changes_hands_and_comes_back(database: TestDatabase) {
    let hub = seeded(&database).await;
    let logo = Some(hub.file().await.key);
    let survivor = hub.enter(named("A")).await;
    let merged = hub.enter(CustomerDetails { logo: logo.clone(), ..named("B") }).await;
    let first = hub.merge(survivor, merged).await;
    assert_eq!(hub.customer(survivor).await.unwrap().details.logo, logo);
    hub.separate(survivor, first).await;
    assert_eq!(hub.customer(survivor).await.unwrap().details.logo, None);
    assert_eq!(hub.customer(merged).await.unwrap().details.logo, logo);
    // A picture that was replaced meanwhile is gone for both.
    let second = hub.merge(survivor, merged).await;
    let other = Some(hub.file().await.key);
    let changes = vec![CustomerChange::Logo(other.clone())];
    let now = hub.clock.now();
    hub.store.update_customer(survivor, changes, String::new(), ADMIN, now).await.unwrap();
    hub.separate(survivor, second).await;
    assert_eq!(hub.customer(survivor).await.unwrap().details.logo, other);
    assert_eq!(hub.customer(merged).await.unwrap().details.logo, None);
}

async fn a_merge_is_noted_at_both(database: TestDatabase) {
    let hub = seeded(&database).await;
    let survivor = hub.enter(named("A")).await;
    let merged = hub.enter(with_phone("B", "11988880002")).await;
    let id = hub.merge(survivor, merged).await;
    hub.separate(survivor, id).await;
    let changes = async |id: CustomerId| {
        let filter = AuditFilter {
            subject: Some(AuditSubject::Customer),
            subject_id: Some(id.0),
            ..AuditFilter::default()
        };
        let entries = hub.store.list_audit_entries(filter, ALL).await.unwrap().rows;
        let told = entries.iter().take(2).map(|entry| {
            let changes = entry.changes.iter().map(|change| {
                let values = (change.old_value.clone(), change.new_value.clone());
                (change.field.clone(), values.0, values.1)
            });
            (entry.note.clone(), changes.collect::<Vec<_>>())
        });
        told.collect::<Vec<_>>()
    };
    let change = |field: &str, old: Option<&str>, new: Option<&str>| {
        (field.to_owned(), old.map(str::to_owned), new.map(str::to_owned))
    };
    let (b, phone) = (format!("B ({merged})"), "11988880002");
    let why = "Cadastrado duas vezes".to_owned();
    let expected = [
        (String::new(), vec![change("merged", Some(&b), None), change("phone", Some(phone), None)]),
        (why, vec![change("merged", None, Some(&b)), change("phone", None, Some(phone))]),
    ];
    assert_eq!(changes(survivor).await, expected);
    let a = format!("A ({survivor})");
    let told = changes(merged).await;
    assert_eq!(told[1].1, [change("merged_into", None, Some(&a))]);
    assert_eq!(told[0].1, [change("merged_into", Some(&a), None)]);
}
