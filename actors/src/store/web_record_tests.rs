//! Records of numbers on both databases: what is found, what a void claim may not do, what is swept, and
//! what becomes of a number that is copied.

use std::time::Duration;

use super::{tests::seeded, *};
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        AgentId, ProviderKind, SessionId, SessionStatus, Timestamp,
        audit::{AuditAction, AuditSubject},
    },
    testing::TestDatabase,
};

both_databases!(
    records_are_found_by_key_by_beginning_and_as_the_last_one,
    changes_are_carried_out_all_or_none_and_in_order,
    whoever_has_lost_the_claim_writes_nothing,
    plans_of_one_number_see_each_other,
    sweeping_needs_both_stamps_below_the_limits,
    a_copy_is_restored_once_and_voids_all_claims,
    a_copy_that_is_out_of_date_changes_nothing,
    a_copy_finds_its_number_by_lineage_by_address_or_takes_the_unused_one,
);

const ADMIN: AgentId = AgentId(1);
const NUMBER: SessionId = SessionId(1);
const KIND: &str = "kind";

fn record(key: &[u8], value: &[u8]) -> Record {
    let (key, value) = (key.to_vec(), value.to_vec());
    Record { kind: KIND.to_owned(), key, value, stamp: 0, other_stamp: 0 }
}

fn put(key: &[u8], value: &[u8]) -> RecordChange {
    RecordChange::Put(record(key, value))
}

fn delete(key: &[u8]) -> RecordChange {
    RecordChange::Delete { kind: KIND, key: key.to_vec() }
}

async fn values(store: &Store, prefix: &[u8]) -> Vec<Vec<u8>> {
    let found = store.list_records(NUMBER, KIND, prefix).await.unwrap();
    found.into_iter().map(|record| record.value).collect()
}

async fn records_are_found_by_key_by_beginning_and_as_the_last_one(database: TestDatabase) {
    let hub = seeded(&database).await;
    let store = &hub.store;
    let claim = store.claim_records(NUMBER).await.unwrap();
    let other = Record { kind: "other".to_owned(), ..record(b"a", b"other") };
    let changes = vec![
        put(b"a", b"1"),
        put(b"ab", b"2"),
        put(b"b", b"3"),
        put(&[255, 255], b"4"),
        put(&[255, 0], b"5"),
        RecordChange::Put(other),
    ];
    assert_eq!(store.change_records(claim, changes).await.unwrap(), 0);
    assert_eq!(store.find_record(NUMBER, KIND, b"ab").await.unwrap(), Some(record(b"ab", b"2")));
    assert_eq!(store.find_record(NUMBER, KIND, b"abc").await.unwrap(), None);
    assert_eq!(store.find_record(SessionId(2), KIND, b"ab").await.unwrap(), None);
    assert_eq!(values(store, b"a").await, [b"1", b"2"]);
    assert_eq!(values(store, &[255]).await, [b"5", b"4"]);
    assert_eq!(values(store, &[255, 255]).await, [b"4"]);
    assert_eq!(values(store, b"").await.len(), 5);
    let last = store.find_last_record(NUMBER, KIND).await.unwrap().unwrap();
    assert_eq!(last.key, [255, 255]);
    let keys = [b"b".to_vec(), b"missing".to_vec(), b"a".to_vec()];
    let mut found = store.find_records(NUMBER, KIND, &keys).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found, [record(b"a", b"1"), record(b"b", b"3")]);
    assert_eq!(store.list_record_keys(NUMBER, KIND).await.unwrap().len(), 5);
}

async fn changes_are_carried_out_all_or_none_and_in_order(database: TestDatabase) {
    let hub = seeded(&database).await;
    let store = &hub.store;
    let claim = store.claim_records(NUMBER).await.unwrap();
    let changes = vec![
        put(b"a", b"1"),
        put(b"a", b"2"),
        put(b"b", b"1"),
        delete(b"b"),
        put(b"c", b"1"),
        RecordChange::DeleteAll { kind: KIND, prefix: b"c".to_vec() },
        put(b"c", b"2"),
    ];
    assert_eq!(store.change_records(claim, changes).await.unwrap(), 2);
    assert_eq!(values(store, b"").await, [b"2", b"2"]);
    // Many rows, some of them twice, and a reopened database.
    let many = (0..300_u32).map(|n| put(&(n % 200).to_be_bytes(), &n.to_be_bytes()));
    store.change_records(claim, many.collect()).await.unwrap();
    hub.store.clone().close().await;
    let store = database.open().await;
    let of = async |n: u32| {
        let found = store.find_record(NUMBER, KIND, &n.to_be_bytes()).await.unwrap();
        u32::from_be_bytes(found.unwrap().value.try_into().unwrap())
    };
    assert_eq!((of(0).await, of(99).await, of(100).await), (200, 299, 100));
    // A plan that refuses leaves nothing behind.
    let refused = store.plan_records(claim, KIND, vec![b"a".to_vec()], |found| {
        assert_eq!(found, [record(b"a", b"2")]);
        Err::<(Vec<RecordChange>, ()), _>(StoreError::Stale)
    });
    assert!(matches!(refused.await, Err(StoreError::Stale)));
}

async fn whoever_has_lost_the_claim_writes_nothing(database: TestDatabase) {
    let hub = seeded(&database).await;
    let store = &hub.store;
    let first = store.claim_records(NUMBER).await.unwrap();
    store.change_records(first, vec![put(b"a", b"1")]).await.unwrap();
    let second = store.claim_records(NUMBER).await.unwrap();
    assert_ne!(first, second);
    let refused = store.change_records(first, vec![put(b"a", b"2"), put(b"b", b"2")]).await;
    assert!(matches!(refused, Err(StoreError::Fenced)));
    let planned = store.plan_records(first, KIND, Vec::new(), |_| -> Result<_, StoreError> {
        panic!("whoever may not write is not asked for a plan");
        #[expect(unreachable_code, reason = "says what a plan is")]
        Ok((Vec::new(), ()))
    });
    assert!(matches!(planned.await, Err(StoreError::Fenced)));
    assert_eq!(values(store, b"").await, [b"1"]);
    store.change_records(second, vec![put(b"a", b"3")]).await.unwrap();
    assert_eq!(values(store, b"").await, [b"3"]);

    assert!(matches!(store.forget_records(first).await, Err(StoreError::Fenced)));
    assert_eq!(values(store, b"").await, [b"3"]);
    store.forget_records(second).await.unwrap();
    assert!(values(store, b"").await.is_empty());
    let refused = store.change_records(second, vec![put(b"a", b"4")]).await;
    assert!(matches!(refused, Err(StoreError::Fenced)));
    assert!(values(store, b"").await.is_empty());
}

async fn plans_of_one_number_see_each_other(database: TestDatabase) {
    const PLANS: u8 = 20;
    let hub = seeded(&database).await;
    let claim = hub.store.claim_records(NUMBER).await.unwrap();
    let tasks = (0..PLANS).map(|_| {
        let store = hub.store.clone();
        tokio::spawn(async move {
            let plan = |found: Vec<Record>| {
                let count = found.first().map_or(0, |record| record.value[0]);
                Ok((vec![put(b"count", &[count + 1])], ()))
            };
            store.plan_records(claim, KIND, vec![b"count".to_vec()], plan).await.unwrap();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(values(&hub.store, b"").await, [[PLANS]]);
}

async fn sweeping_needs_both_stamps_below_the_limits(database: TestDatabase) {
    let hub = seeded(&database).await;
    let store = &hub.store;
    let claim = store.claim_records(NUMBER).await.unwrap();
    let stamped = |key: &[u8], stamp, other_stamp| {
        RecordChange::Put(Record { stamp, other_stamp, ..record(key, key) })
    };
    let changes = vec![
        stamped(b"a", 9, 99),
        stamped(b"b", 10, 99),
        stamped(b"c", 9, 100),
        stamped(b"d", i64::MIN, i64::MIN),
        stamped(b"e", i64::MAX, i64::MIN),
    ];
    store.change_records(claim, changes).await.unwrap();
    let sweep = RecordChange::Sweep { kind: KIND, stamp: 10, other_stamp: 100 };
    assert_eq!(store.change_records(claim, vec![sweep.clone()]).await.unwrap(), 2);
    assert_eq!(values(store, b"").await, [b"b", b"c", b"e"]);
    assert_eq!(store.change_records(claim, vec![sweep]).await.unwrap(), 0);
}

/// What a backup of this number would bring.
async fn copy_of(store: &Store, id: SessionId, now: Timestamp) -> (SessionCopy, Vec<Record>) {
    let dump = store.dump_session(id, ADMIN, now).await.unwrap().unwrap();
    let SessionDump { session, cloud: _, lineage, revision, records } = dump;
    let copy = SessionCopy {
        lineage,
        revision,
        provider: session.provider,
        device_name: session.device_name,
        phone_number: session.phone_number,
        auto_reconnect: session.auto_reconnect,
        proxy_enabled: session.proxy_enabled,
        proxy_url: session.proxy_url,
        cloud: None,
    };
    (copy, records)
}

async fn restore(
    store: &Store,
    (copy, records): (SessionCopy, Vec<Record>),
    now: Timestamp,
) -> Option<(SessionId, bool)> {
    match store.restore_session(copy, ADMIN, now, |_| Ok(records)).await.unwrap() {
        Restored::Done { session, is_new } => Some((session.id, is_new)),
        Restored::Outdated => None,
    }
}

async fn a_copy_is_restored_once_and_voids_all_claims(database: TestDatabase) {
    let hub = seeded(&database).await;
    let (store, now) = (&hub.store, hub.clock.now());
    let claim = store.claim_records(NUMBER).await.unwrap();
    store.change_records(claim, vec![put(b"a", b"1"), put(b"b", b"1")]).await.unwrap();
    let copy = copy_of(store, NUMBER, now).await;
    assert_eq!(copy.1.len(), 2);
    assert_eq!(restore(store, copy.clone(), now).await, Some((NUMBER, false)));
    let state = store.list_session_states(NUMBER, 1).await.unwrap().remove(0);
    assert_eq!((state.status, state.at), (SessionStatus::Disconnected, now), "in its history");
    assert_eq!(values(store, b"").await, [b"1", b"1"]);
    let refused = store.change_records(claim, vec![put(b"a", b"2")]).await;
    assert!(matches!(refused, Err(StoreError::Fenced)));
    assert_eq!(restore(store, copy, now).await, None, "a second time");

    let filter = AuditFilter { subject: Some(AuditSubject::Session), ..AuditFilter::default() };
    let page = Page { limit: 10, offset: 0 };
    let entries = store.list_audit_entries(filter, page).await.unwrap().rows;
    let told: Vec<_> = entries.iter().map(|e| (e.action, e.agent_id, e.subject_id)).collect();
    let expected = [AuditAction::Imported, AuditAction::Exported];
    assert_eq!(told, expected.map(|action| (action, Some(ADMIN), Some(NUMBER.0))));
}

async fn a_copy_that_is_out_of_date_changes_nothing(database: TestDatabase) {
    let hub = seeded(&database).await;
    let (store, now) = (&hub.store, hub.clock.now());
    let claim = store.claim_records(NUMBER).await.unwrap();
    store.change_records(claim, vec![put(b"a", b"1")]).await.unwrap();
    let copy = copy_of(store, NUMBER, now).await;
    store.change_records(claim, vec![put(b"a", b"2")]).await.unwrap();
    let before = store.find_session(NUMBER).await.unwrap();
    hub.clock.advance(Duration::from_secs(1));
    assert_eq!(restore(store, copy, hub.clock.now()).await, None);
    assert_eq!(store.find_session(NUMBER).await.unwrap(), before);
    store.change_records(claim, vec![put(b"b", b"2")]).await.unwrap();
    assert_eq!(values(store, b"").await, [b"2", b"2"]);
    // One whose records cannot be sealed takes back what was written before them.
    let (copy, _) = copy_of(store, NUMBER, now).await;
    let refused = store.restore_session(copy, ADMIN, now, |_| Err(StoreError::Stale)).await;
    assert!(matches!(refused, Err(StoreError::Stale)));
    store.change_records(claim, vec![put(b"b", b"2")]).await.unwrap();
    // A younger one, as another server would make it, is taken.
    let (mut copy, records) = copy_of(store, NUMBER, now).await;
    copy.revision += 7;
    assert_eq!(restore(store, (copy, records), now).await, Some((NUMBER, false)));
}

async fn a_copy_finds_its_number_by_lineage_by_address_or_takes_the_unused_one(
    database: TestDatabase,
) {
    let hub = seeded(&database).await;
    let (store, now) = (&hub.store, hub.clock.now());
    let foreign = |lineage: &str, phone: &str| SessionCopy {
        lineage: lineage.to_owned(),
        revision: 40,
        provider: ProviderKind::Sandbox,
        device_name: "Loja 2".to_owned(),
        phone_number: phone.to_owned(),
        auto_reconnect: false,
        proxy_enabled: true,
        proxy_url: "socks5://proxy:1080".to_owned(),
        cloud: None,
    };
    let claim = store.claim_records(NUMBER).await.unwrap();
    store.change_records(claim, vec![put(b"old", b"old")]).await.unwrap();
    let first = (foreign("lineage-1", "5511900000009"), vec![record(b"a", b"1")]);
    assert_eq!(restore(store, first, now).await, Some((NUMBER, false)), "the unused default");
    assert_eq!(values(store, b"").await, [b"1"], "what was there is gone");
    let session = store.find_session(NUMBER).await.unwrap().unwrap();
    assert_eq!((session.phone_number.as_str(), session.is_default), ("5511900000009", true));
    assert_eq!((session.proxy_enabled, session.auto_reconnect), (true, false));

    let other = (foreign("lineage-2", "5511900000008"), Vec::new());
    let (second, is_new) = restore(store, other, now).await.unwrap();
    assert!(is_new && second != NUMBER);
    // Linked a second time: another lineage, the same address.
    let again = (foreign("lineage-3", "5511900000008"), Vec::new());
    assert_eq!(restore(store, again, now).await, Some((second, false)));
    // Out of use, and under another address meanwhile.
    let mut session = store.find_session(second).await.unwrap().unwrap();
    session.is_active = false;
    store.save_session_state(session).await.unwrap();
    let mut back = foreign("lineage-3", "5511900000007");
    back.revision = 41;
    assert_eq!(restore(store, (back, Vec::new()), now).await, Some((second, false)));
    let session = store.find_session(second).await.unwrap().unwrap();
    assert_eq!((session.phone_number.as_str(), session.is_active), ("5511900000007", true));
}
