//! The store's suite of customers, groups and contacts, on both databases.

use super::{
    tests::{Fixture, seeded},
    *,
};
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        AgentId, CompanyGroupDetails, ContactChange, ContactDetails, CustomerChange,
        CustomerDetails, CustomerId, CustomerStatus, DepartmentId, Timestamp,
        audit::{AuditAction, AuditEntry, AuditSubject},
        file::{FileKey, StoredFile},
        phone::Phone,
        tax_id::TaxId,
    },
    testing::TestDatabase,
};

both_databases!(
    every_detail_of_a_customer_is_kept,
    a_tax_id_belongs_to_one_customer_until_he_is_deleted,
    of_many_who_enter_one_tax_id_one_wins,
    changes_at_the_same_time_are_not_lost,
    every_filter_and_order_can_be_asked_for,
    a_scope_shows_created_entrusted_and_seen_customers,
    deleting_erases_or_hides,
    a_number_is_found_at_its_customer_or_contact,
    there_is_one_contact_to_turn_to_first,
    a_registration_is_all_or_nothing,
    older_rows_get_their_plain_texts,
    companies_are_told_that_their_group_is_deleted,
    no_company_joins_a_group_unnoticed_while_it_is_deleted,
    a_picture_is_kept_with_its_customer_or_not_at_all,
);

const ADMIN: AgentId = AgentId(1);
const ALL: Page = Page { limit: 100, offset: 0 };

fn named(name: &str) -> CustomerDetails {
    CustomerDetails { name: name.to_owned(), ..CustomerDetails::default() }
}

fn with_tax_id(name: &str, tax_id: &str) -> CustomerDetails {
    CustomerDetails { tax_id: TaxId::parse(tax_id).ok(), ..named(name) }
}

fn person(customer_id: CustomerId, whatsapp: &str) -> ContactDetails {
    ContactDetails::new(customer_id, "João".to_owned(), Phone::parse(whatsapp).unwrap())
}

impl Fixture {
    async fn add(&self, details: CustomerDetails) -> crate::domain::Customer {
        self.store.add_customer(details, Some(ADMIN), self.clock.now()).await.unwrap()
    }

    async fn change(&self, id: CustomerId, changes: Vec<CustomerChange>) {
        let now = self.clock.now();
        let outcome = self.store.update_customer(id, changes, String::new(), ADMIN, now).await;
        outcome.unwrap().unwrap();
    }

    async fn customers(&self, scope: &CustomerScope, filter: &CustomerFilter) -> Vec<CustomerId> {
        let slice = self.store.list_customers(scope, filter, &[], ALL).await.unwrap();
        assert_eq!(slice.total, i64::try_from(slice.rows.len()).unwrap());
        slice.rows.iter().map(|view| view.customer.id).collect()
    }
}

async fn every_detail_of_a_customer_is_kept(database: TestDatabase) {
    let hub = seeded(&database).await;
    let text = |text: &str| Some(text.to_owned());
    let mut details = with_tax_id("Padaria São João", "12.ABC.345/01DE-35");
    details.apply([
        CustomerChange::TradeName(text("Pão")),
        CustomerChange::Phone(Phone::parse("(11) 3333-4444")),
        CustomerChange::WhatsApp(Phone::parse("11988887777")),
        CustomerChange::StreetNumber(text("1A")),
        CustomerChange::State(text("SP")),
        CustomerChange::RepresentativeCpf(TaxId::parse("11144477735").ok()),
        CustomerChange::RepresentativePosition(text("Sócia")),
        CustomerChange::Notes(text("Só à tarde")),
        CustomerChange::ResponsibleAgent(Some(ADMIN)),
    ]);
    let customer = hub.add(details.clone()).await;
    assert_eq!(customer.details, details);
    let changes = vec![CustomerChange::City(text("Niterói")), CustomerChange::Notes(None)];
    hub.change(customer.id, changes.clone()).await;
    details.apply(changes);
    let stored = hub.store.find_customer(customer.id).await.unwrap().unwrap();
    assert_eq!(stored.details, details, "an update writes every column where it belongs");
}

async fn a_tax_id_belongs_to_one_customer_until_he_is_deleted(database: TestDatabase) {
    let hub = seeded(&database).await;
    let first = hub.add(with_tax_id("A", "11222333000181")).await;
    let second = hub.add(with_tax_id("B", "11144477735")).await;
    hub.add(named("C")).await;
    hub.add(named("D")).await;
    let now = hub.clock.now();
    let taken = hub.store.add_customer(with_tax_id("E", "11222333000181"), None, now).await;
    assert!(matches!(taken, Err(StoreError::Unique { .. })), "{taken:?}");
    let changes = vec![CustomerChange::TaxId(first.details.tax_id.clone())];
    let taken = hub.store.update_customer(second.id, changes, String::new(), ADMIN, now).await;
    assert!(matches!(taken, Err(StoreError::Unique { .. })), "{taken:?}");
    hub.store.delete_customer(first.id, ADMIN, now).await.unwrap().unwrap();
    hub.add(with_tax_id("E", "11222333000181")).await;
}

async fn of_many_who_enter_one_tax_id_one_wins(database: TestDatabase) {
    let hub = seeded(&database).await;
    let now = hub.clock.now();
    let all: Vec<_> = (0..10)
        .map(|_| {
            let store = hub.store.clone();
            let new = with_tax_id("A", "11222333000181");
            tokio::spawn(async move { store.add_customer(new, Some(ADMIN), now).await })
        })
        .collect();
    let (mut won, mut lost) = (0, 0);
    for task in all {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(StoreError::Unique { .. }) => lost += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((won, lost), (1, 9));
}

async fn changes_at_the_same_time_are_not_lost(database: TestDatabase) {
    let hub = seeded(&database).await;
    let (id, now) = (hub.add(named("A")).await.id, hub.clock.now());
    let change = |change| hub.store.update_customer(id, vec![change], String::new(), ADMIN, now);
    let text = || Some("x".to_owned());
    let (city, notes, street) = tokio::join!(
        change(CustomerChange::City(text())),
        change(CustomerChange::Notes(text())),
        change(CustomerChange::Street(text())),
    );
    for changed in [city, notes, street] {
        changed.unwrap().unwrap();
    }
    let stored = hub.store.find_customer(id).await.unwrap().unwrap().details;
    assert_eq!([&stored.city, &stored.notes, &stored.street], [&text(), &text(), &text()]);
    let filter = AuditFilter {
        subject: Some(AuditSubject::Customer),
        subject_id: Some(id.0),
        ..AuditFilter::default()
    };
    let trail = hub.store.list_audit_entries(filter, ALL).await.unwrap().rows;
    assert_eq!(trail.len(), 4);
    assert!(trail[..3].iter().all(|entry| entry.changes.len() == 1), "{trail:?}");
    assert_eq!((trail[3].action, trail[3].agent_id), (AuditAction::Created, Some(ADMIN)));
}

async fn every_filter_and_order_can_be_asked_for(database: TestDatabase) {
    let hub = seeded(&database).await;
    let mut details = with_tax_id("Padaria São João", "11222333000181");
    details.apply([
        CustomerChange::City(Some("São Paulo".to_owned())),
        CustomerChange::State(Some("SP".to_owned())),
        CustomerChange::Phone(Phone::parse("11988887777")),
        CustomerChange::Email(Some("Pao@joao.com.br".to_owned())),
        CustomerChange::TradeName(Some("Pão".to_owned())),
        CustomerChange::BusinessLine(Some("Alimentação".to_owned())),
        CustomerChange::ResponsibleAgent(Some(ADMIN)),
    ]);
    let id = hub.add(details.clone()).await.id;
    hub.add(named("Outro")).await;
    let (text, at) = (|text: &str| Some(text.to_owned()), hub.clock.now());
    let filter = CustomerFilter {
        status: Some(CustomerStatus::Active),
        person_type: Some(details.person_type),
        tax_regime: Some(details.tax_regime),
        company_group_id: None,
        responsible_agent_id: Some(ADMIN),
        name: text("PADARIA SAO"),
        trade_name: text("pão"),
        city: text("são paulo"),
        business_line: text("alimentacao"),
        tax_id: text("222.333"),
        email: text("pao@JOAO"),
        phone: text("1188887777"),
        state: text("sp"),
        created_after: Some(Timestamp::EPOCH),
        created_before: Some(at),
        updated_after: Some(Timestamp::EPOCH),
        updated_before: Some(at),
        terms: vec!["joão".to_owned(), "paulo".to_owned(), "11222333".to_owned()],
    };
    assert_eq!(hub.customers(&CustomerScope::All, &filter).await, [id]);
    let wildcard = CustomerFilter { email: text("%"), ..CustomerFilter::default() };
    assert_eq!(hub.customers(&CustomerScope::All, &wildcard).await, []);
    let sorts = [
        CustomerSort::Name,
        CustomerSort::CreatedAt,
        CustomerSort::UpdatedAt,
        CustomerSort::Status,
    ];
    for by in sorts {
        let orders = [Order { by, is_descending: false }];
        let all = CustomerFilter::default();
        let slice = hub.store.list_customers(&CustomerScope::All, &all, &orders, ALL).await;
        assert_eq!(slice.unwrap().rows.len(), 2, "{by:?}");
    }
    let stats = hub.store.customer_stats(&CustomerScope::All, Timestamp::EPOCH).await.unwrap();
    assert_eq!((stats.recent, stats.by_status), (2, vec![(CustomerStatus::Active, 2)]));
    assert_eq!(stats.by_city, [("São Paulo".to_owned(), 1)]);
}

async fn a_scope_shows_created_entrusted_and_seen_customers(database: TestDatabase) {
    let hub = seeded(&database).await;
    let someone = |scope| CustomerScope::Of(ADMIN, scope);
    let nobodys = hub.store.insert_customer("N".to_owned(), None, None, hub.clock.now()).await;
    let nobodys = nobodys.unwrap().id;
    let created = hub.add(named("A")).await.id;
    let waiting = hub.open("5511988880001", "m1").await.customer.id;
    let all = CustomerFilter::default();
    assert_eq!(hub.customers(&someone(Scope::Own(ADMIN)), &all).await, [created]);
    let seen = someone(Scope::OwnAndWaiting(ADMIN, vec![DepartmentId(1)]));
    assert_eq!(hub.customers(&seen, &all).await, [waiting, created]);
    hub.change(nobodys, vec![CustomerChange::ResponsibleAgent(Some(ADMIN))]).await;
    assert_eq!(hub.customers(&seen, &all).await, [waiting, created, nobodys]);
    let foreign = CustomerScope::Of(AgentId(99), Scope::Own(AgentId(99)));
    assert_eq!(hub.customers(&foreign, &all).await, []);
    assert!(hub.store.find_customer_view(&foreign, created).await.unwrap().is_none());
}

async fn deleting_erases_or_hides(database: TestDatabase) {
    let hub = seeded(&database).await;
    let now = hub.clock.now();
    let unused = hub.add(named("A")).await.id;
    let used = hub.open("5511988880001", "m1").await.customer.id;
    let delete = |id| hub.store.delete_customer(id, ADMIN, now);
    assert_eq!(delete(unused).await.unwrap(), Some(Deletion::Erased));
    assert_eq!(delete(used).await.unwrap(), Some(Deletion::Hidden));
    for id in [unused, used] {
        assert_eq!(delete(id).await.unwrap(), None, "a second time");
        assert!(hub.store.find_customer(id).await.unwrap().is_none());
    }
    let ticket = hub.store.find_chat_ticket("5511988880001").await.unwrap().unwrap();
    assert_eq!(ticket.customer.customer_name, "Ana", "the chat keeps its customer's name");
    let late = hub.store.insert_contact(person(used, "11988887777"), ADMIN, now).await;
    assert!(matches!(late, Err(StoreError::ForeignKey { .. })), "{late:?}");
}

async fn a_number_is_found_at_its_customer_or_contact(database: TestDatabase) {
    let hub = seeded(&database).await;
    let now = hub.clock.now();
    let company = hub.add(named("A")).await.id;
    let contact = hub.store.insert_contact(person(company, "11988880001"), ADMIN, now).await;
    assert_eq!(hub.open("5511988880001", "m1").await.customer.id, company);
    assert_ne!(hub.open("551188880001", "m2").await.customer.id, company, "no ninth digit");
    let id = contact.unwrap().contact.id;
    let moved = vec![ContactChange::WhatsApp(Phone::parse("11988880003").unwrap())];
    hub.store.update_contact(id, moved, ADMIN, now).await.unwrap().unwrap();
    assert_eq!(hub.open("5511988880003", "m3").await.customer.id, company);
    let inactive = hub.store.insert_contact(person(company, "11988880004"), ADMIN, now).await;
    let inactive = inactive.unwrap().contact.id;
    assert!(hub.store.delete_contact(inactive, ADMIN, now).await.unwrap());
    assert_ne!(hub.open("5511988880004", "m4").await.customer.id, company);
    hub.change(company, vec![CustomerChange::WhatsApp(Phone::parse("11988880005"))]).await;
    assert_eq!(hub.open("5511988880005", "m5").await.customer.id, company);
    hub.store.delete_customer(company, ADMIN, now).await.unwrap();
    hub.store.insert_contact(person(company, "11988880006"), ADMIN, now).await.unwrap_err();
    hub.open("5511988880007", "m7").await;
}

async fn there_is_one_contact_to_turn_to_first(database: TestDatabase) {
    let hub = seeded(&database).await;
    let now = hub.clock.now();
    let company = hub.add(named("A")).await.id;
    let all: Vec<_> = (0..8)
        .map(|n| {
            let store = hub.store.clone();
            let mut new = person(company, &format!("1198888000{n}"));
            new.is_primary = true;
            tokio::spawn(async move { store.insert_contact(new, ADMIN, now).await })
        })
        .collect();
    for task in all {
        task.await.unwrap().unwrap();
    }
    let filter = ContactFilter { customer_id: Some(company), ..ContactFilter::default() };
    let rows = hub.store.list_contacts(ContactScope::All, &filter, &[], ALL).await.unwrap().rows;
    let first = rows.iter().filter(|view| view.contact.details.is_primary).count();
    assert_eq!((rows.len(), first), (8, 1));
    let again = hub.store.insert_contact(person(company, "11 98888-0001"), ADMIN, now).await;
    assert!(matches!(again, Err(StoreError::Unique { .. })), "{again:?}");
}

async fn a_registration_is_all_or_nothing(database: TestDatabase) {
    let hub = seeded(&database).await;
    let register = |whatsapp: &str, company| {
        let contact = person(CustomerId(0), whatsapp);
        let now = hub.clock.now();
        hub.store.register_contact(NewRegistration { contact, company }, ADMIN, now)
    };
    let company = |name: &str, tax_id: &str| Company::Named {
        name: name.to_owned(),
        tax_id: TaxId::parse(tax_id).ok(),
        company_group_id: None,
    };
    let registered = register("11988880001", company("Nova Ltda", "11222333000181")).await.unwrap();
    let Registered::New(first) = registered else { panic!("{registered:?}") };
    for (n, named) in [company("NOVA LTDA.", ""), company("Outro nome", "11.222.333/0001-81")]
        .into_iter()
        .enumerate()
    {
        let registered = register(&format!("1198888001{n}"), named).await.unwrap();
        let Registered::New(other) = registered else { panic!("{registered:?}") };
        assert_eq!(other.contact.details.customer_id, first.contact.details.customer_id);
    }
    let again = register("11988880001", company("Mais uma", "")).await.unwrap();
    assert!(matches!(&again, Registered::Known(view) if view.contact.id == first.contact.id));
    let nowhere = register("11988880009", Company::Known(CustomerId(999))).await.unwrap();
    assert_eq!(nowhere, Registered::NoSuchCompany);
    assert_eq!(hub.customers(&CustomerScope::All, &CustomerFilter::default()).await.len(), 1);
}

async fn older_rows_get_their_plain_texts(database: TestDatabase) {
    let hub = seeded(&database).await;
    let ids = [hub.add(named("Pão & Cia")).await.id, hub.add(named("🙂")).await.id];
    let forget = sql("UPDATE customers SET search_text = '', name_plain = ''");
    hub.store.unit(unit!(tx => tx.run(forget).await)).await.unwrap();
    hub.store.clone().close().await;
    let reopened = Fixture { store: database.open().await, clock: hub.clock };
    let filter = CustomerFilter { name: Some("pao".to_owned()), ..CustomerFilter::default() };
    assert_eq!(reopened.customers(&CustomerScope::All, &filter).await, ids[..1]);
    let filter = CustomerFilter { terms: vec!["PÃO".to_owned()], ..CustomerFilter::default() };
    assert_eq!(reopened.customers(&CustomerScope::All, &filter).await, ids[..1]);
}

async fn history(hub: &Fixture, id: CustomerId) -> Vec<AuditEntry> {
    let filter = AuditFilter {
        subject: Some(AuditSubject::Customer),
        subject_id: Some(id.0),
        ..AuditFilter::default()
    };
    hub.store.list_audit_entries(filter, ALL).await.unwrap().rows
}

async fn companies_are_told_that_their_group_is_deleted(database: TestDatabase) {
    let hub = seeded(&database).await;
    let now = hub.clock.now();
    let details =
        CompanyGroupDetails { name: "Grupo".to_owned(), ..CompanyGroupDetails::default() };
    let group = hub.store.insert_company_group(details, ADMIN, now).await.unwrap();
    let of_group = |name| CustomerDetails { company_group_id: Some(group.id), ..named(name) };
    let members = [hub.add(of_group("A")).await.id, hub.add(of_group("B")).await.id];
    let other = hub.add(named("C")).await.id;
    let gone = hub.add(of_group("D")).await.id;
    hub.store.delete_customer(gone, ADMIN, now).await.unwrap();
    assert!(hub.store.delete_company_group(group.id, ADMIN, now).await.unwrap());
    for id in members {
        let customer = hub.store.find_customer(id).await.unwrap().unwrap();
        assert_eq!(customer.details.company_group_id, None);
        let entry = history(&hub, id).await.swap_remove(0);
        assert_eq!((entry.action, entry.agent_id), (AuditAction::Updated, Some(ADMIN)));
        let change = &entry.changes[0];
        assert_eq!(change.field, "company_group_id");
        assert_eq!(change.old_value, Some(group.id.to_string()));
        assert_eq!(change.new_value, None);
    }
    assert_eq!(history(&hub, other).await.len(), 1);
    assert!(!hub.store.delete_company_group(group.id, ADMIN, now).await.unwrap());
}

async fn no_company_joins_a_group_unnoticed_while_it_is_deleted(database: TestDatabase) {
    let hub = seeded(&database).await;
    let now = hub.clock.now();
    let details =
        CompanyGroupDetails { name: "Grupo".to_owned(), ..CompanyGroupDetails::default() };
    let group = hub.store.insert_company_group(details, ADMIN, now).await.unwrap();
    let join = |at: usize| {
        let (store, name) = (hub.store.clone(), format!("Empresa {at}"));
        let new = CustomerDetails { company_group_id: Some(group.id), ..named(&name) };
        tokio::spawn(async move { store.add_customer(new, Some(ADMIN), now).await })
    };
    let first: Vec<_> = (0..8).map(join).collect();
    let store = hub.store.clone();
    let deleted =
        tokio::spawn(async move { store.delete_company_group(group.id, ADMIN, now).await });
    let last: Vec<_> = (8..16).map(join).collect();
    let mut joined = Vec::new();
    for task in first.into_iter().chain(last) {
        match task.await.unwrap() {
            Ok(customer) => joined.push(customer.id),
            Err(StoreError::ForeignKey { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(deleted.await.unwrap().unwrap());
    for id in joined {
        let customer = hub.store.find_customer(id).await.unwrap().unwrap();
        assert_eq!(customer.details.company_group_id, None);
        let entries = history(&hub, id).await;
        let mut changes = entries.iter().flat_map(|entry| &entry.changes);
        let is_noted = changes.any(|change| change.old_value == Some(group.id.to_string()));
        assert!(is_noted, "{id} left the group without a word");
    }
}

async fn a_picture_is_kept_with_its_customer_or_not_at_all(database: TestDatabase) {
    let hub = seeded(&database).await;
    let now = hub.clock.now();
    let pending = async |digest: char| {
        let key = FileKey::random();
        let file = StoredFile {
            key: key.clone(),
            bytes: 1,
            sha256: digest.to_string().repeat(64),
            media_type: "image/png".to_owned(),
            created_at: now,
        };
        hub.store.insert_pending_file(file).await.unwrap();
        key
    };
    let later = now.plus(std::time::Duration::from_secs(1));
    let doomed = async || hub.store.doom_files(later, 100).await.unwrap();
    let (first, second) = (pending('a').await, pending('b').await);
    let details =
        CustomerDetails { logo: Some(first.clone()), ..with_tax_id("A", "11222333000181") };
    let customer = hub.add(details.clone()).await;
    assert_eq!(customer.details.logo, Some(first.clone()));
    let entry = history(&hub, customer.id).await.swap_remove(0);
    let change = entry.changes.iter().find(|change| change.field == "logo").unwrap();
    assert_eq!(change.new_value, Some("a".repeat(64)), "the key stays inside");
    // A customer who is refused keeps nothing.
    let refused = CustomerDetails { logo: Some(second.clone()), ..details };
    let refused = hub.store.add_customer(refused, Some(ADMIN), now).await;
    assert!(matches!(refused, Err(StoreError::Unique { .. })), "{refused:?}");
    assert_eq!(doomed().await, std::slice::from_ref(&second));
    // And one whose picture was swept is not changed.
    let change = |key| {
        hub.store.update_customer(
            customer.id,
            vec![CustomerChange::Logo(key)],
            String::new(),
            ADMIN,
            now,
        )
    };
    let outcome = change(Some(second)).await;
    assert!(matches!(outcome, Err(StoreError::Stale)), "{outcome:?}");
    let kept = hub.store.find_customer(customer.id).await.unwrap().unwrap();
    assert_eq!(kept.details.logo, Some(first.clone()));
    change(None).await.unwrap().unwrap();
    assert!(doomed().await.contains(&first));
}
