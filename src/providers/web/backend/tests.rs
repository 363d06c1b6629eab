//! The library's storage traits on both databases: each family there and back, what is written together,
//! what expires, what another owner may not do, and what a copy of the database shows.

mod model;

use std::sync::Arc;

use bytes::Bytes;
use dx_actors::{
    Clock, both_databases,
    domain::{ProviderKind, SessionId},
    store::{Fault, Record, RecordChange, Seed, Store, StoreError},
    testing::{ManualClock, TestDatabase},
};
use whatsapp_rust::{
    Jid,
    wacore::{
        appstate::{hash::HashState, processor::AppStateMutationMAC},
        store::{
            Device,
            traits::{
                AppStateSyncKey, AppSyncStore, DeviceInfo, DeviceListRecord, DeviceStore,
                LidPnMappingEntry, MsgSecretEntry, MsgSecretStore, PendingInboundKey,
                PendingInboundRow, ProtocolStore, SignalStore, TcTokenEntry,
            },
        },
        time::now_secs,
    },
};

use super::{Backend, Kind, WebStore, is_fenced};
use crate::secrets::MasterKey;

both_databases!(
    keys_and_ratchets_come_back_after_a_restart,
    the_state_of_the_app_comes_back_after_a_restart,
    addresses_devices_and_groups_come_back_after_a_restart,
    messages_under_way_are_taken_once_and_expire,
    writes_are_carried_out_in_the_order_in_which_they_were_asked_for,
    no_ratchet_is_written_once_a_message_could_not_be,
    what_is_refused_together_is_tried_one_by_one,
    what_was_opened_before_and_is_not_kept_is_named_to_be_asked_for,
    secrets_of_messages_keep_the_later_deadline,
    tokens_are_changed_by_both_sides_without_losing_one,
    a_device_is_made_once_and_paired_when_a_phone_has_linked_it,
    a_batch_is_written_whole_or_not_at_all,
    an_older_owner_writes_nothing_and_learns_why,
    a_forgotten_number_has_nothing_left,
    nobody_finds_key_material_in_the_database,
    a_record_that_was_moved_or_altered_does_not_open,
);

const NUMBER: SessionId = SessionId(1);
const ADDRESS: &str = "5511988880001:2@s.whatsapp.net";
const GROUP: &str = "120363021033254949@g.us";

/// A number in a database, whose client is restarted now and then.
struct Number<'d> {
    database: &'d TestDatabase,
    store: Store,
    web: WebStore,
    backend: Arc<Backend>,
}

impl<'d> Number<'d> {
    async fn open(database: &'d TestDatabase) -> Self {
        let store = database.open().await;
        let seed = Seed { admin_password_hash: String::new(), provider: ProviderKind::Web };
        store.seed(seed, ManualClock::default().now()).await.unwrap();
        let web = WebStore::new(store.clone(), &MasterKey::new(b"a key of the tests"));
        let backend = web.backend(NUMBER).await.unwrap();
        Self { database, store, web, backend }
    }

    async fn restarted(self) -> Self {
        self.store.close().await;
        Self::open(self.database).await
    }

    async fn record(&self, kind: Kind) -> Record {
        let mut records = self.store.list_records(NUMBER, kind.as_str(), b"").await.unwrap();
        assert_eq!(records.len(), 1, "{kind:?}");
        records.remove(0)
    }
}

fn shared(text: &str) -> Arc<str> {
    Arc::from(text)
}

async fn keys_and_ratchets_come_back_after_a_restart(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    backend.put_identity(ADDRESS, [7; 32]).await.unwrap();
    let others = [(shared("a@lid"), [1; 32]), (shared("b@lid"), [2; 32])];
    backend.put_identities_batch(&others).await.unwrap();
    backend.put_session(ADDRESS, b"old").await.unwrap();
    let sessions = [
        (shared(ADDRESS), Bytes::from_static(b"new")),
        (shared("c:1@lid"), Bytes::from_static(b"other")),
    ];
    backend.put_sessions_batch(&sessions).await.unwrap();
    backend.store_prekey(3, b"three", false).await.unwrap();
    let keys: Vec<_> = (250..=300).map(|id| (id, Bytes::from(vec![7; 90]))).collect();
    backend.store_prekeys_batch(&keys, false).await.unwrap();
    backend.remove_prekey(260).await.unwrap();
    backend.mark_prekeys_uploaded(&[3, 260, 299]).await.unwrap();
    backend.store_signed_prekey(1, b"signed").await.unwrap();
    backend.store_signed_prekey(2, b"signed too").await.unwrap();
    backend.put_sender_key("g::a", b"sender").await.unwrap();
    let senders = [(shared("g::b"), Bytes::from_static(b"sender too"))];
    backend.put_sender_keys_batch(&senders).await.unwrap();

    let number = number.restarted().await;
    let backend = &number.backend;
    assert_eq!(backend.load_identity(ADDRESS).await.unwrap(), Some([7; 32]));
    assert_eq!(backend.load_identity("b@lid").await.unwrap(), Some([2; 32]));
    assert_eq!(backend.load_identity("c@lid").await.unwrap(), None);
    assert_eq!(backend.get_session(ADDRESS).await.unwrap().unwrap(), &b"new"[..]);
    assert!(backend.has_session("c:1@lid").await.unwrap());
    for (user, has_state) in
        [("c", true), ("a", true), ("5511988880001", true), ("551198888", false), ("d", false)]
    {
        assert_eq!(backend.has_signal_state_for_user(user).await.unwrap(), has_state, "{user}");
    }
    backend.delete_session("c:1@lid").await.unwrap();
    assert!(!backend.has_session("c:1@lid").await.unwrap());
    assert_eq!(backend.load_prekey(3).await.unwrap().unwrap(), &b"three"[..]);
    assert_eq!(backend.load_prekey(260).await.unwrap(), None, "used, and not back");
    let mut found = backend.load_prekeys_batch(&[299, 260, 250]).await.unwrap();
    found.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [250, 299]);
    assert_eq!(backend.get_max_prekey_id().await.unwrap(), 300, "by number, not by text");
    assert_eq!(backend.load_signed_prekey(1).await.unwrap().unwrap(), b"signed");
    backend.remove_signed_prekey(1).await.unwrap();
    let left = backend.load_all_signed_prekeys().await.unwrap();
    assert_eq!(left, [(2, b"signed too".to_vec())]);
    assert_eq!(backend.get_sender_key("g::b").await.unwrap().unwrap(), b"sender too");
    backend.delete_sender_key("g::b").await.unwrap();
    assert_eq!(backend.get_sender_key("g::b").await.unwrap(), None);
    backend.delete_identity(ADDRESS).await.unwrap();
    assert_eq!(backend.load_identity(ADDRESS).await.unwrap(), None);
}

async fn the_state_of_the_app_comes_back_after_a_restart(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    assert_eq!(backend.get_latest_sync_key_id().await.unwrap(), None);
    assert_eq!(backend.get_version("regular").await.unwrap().version, 0);
    for id in [&[9, 0][..], &[1, 0][..]] {
        let key_data = id.to_vec();
        let key = AppStateSyncKey { key_data, fingerprint: vec![5], timestamp: 77 };
        backend.set_sync_key(id, key).await.unwrap();
    }
    let state = HashState { version: 12, hash: [3; 128], ..HashState::default() };
    backend.set_version("regular", state).await.unwrap();
    let macs: Vec<_> = (0..150_u8)
        .map(|n| AppStateMutationMAC { index_mac: vec![n; 32], value_mac: vec![n, 1] })
        .collect();
    backend.put_mutation_macs("regular", 12, &macs).await.unwrap();
    backend.put_mutation_macs("regular2", 1, &macs[..2]).await.unwrap();
    backend.delete_mutation_macs("regular", &[vec![3; 32]]).await.unwrap();

    let number = number.restarted().await;
    let backend = &number.backend;
    assert_eq!(backend.get_latest_sync_key_id().await.unwrap(), Some(vec![1, 0]));
    let key = backend.get_sync_key(&[9, 0]).await.unwrap().unwrap();
    assert_eq!((key.key_data, key.fingerprint, key.timestamp), (vec![9, 0], vec![5], 77));
    let state = backend.get_version("regular").await.unwrap();
    assert_eq!((state.version, state.hash), (12, [3; 128]));
    let found = backend.get_mutation_macs("regular", &[[2; 32], [3; 32], [149; 32]]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[&[149; 32]], [149, 1]);
    backend.clear_mutation_macs("regular").await.unwrap();
    assert_eq!(backend.get_mutation_mac("regular", &[2; 32]).await.unwrap(), None);
    assert_eq!(backend.get_mutation_mac("regular2", &[1; 32]).await.unwrap(), Some(vec![1, 1]));
}

fn mapping(lid: &str, phone: &str, at: i64) -> LidPnMappingEntry {
    LidPnMappingEntry {
        lid: lid.to_owned(),
        phone_number: phone.to_owned(),
        created_at: at,
        updated_at: at,
        learning_source: "usync".to_owned(),
    }
}

async fn addresses_devices_and_groups_come_back_after_a_restart(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    let entries = [mapping("100", "5511", 1), mapping("200", "5511", 2)];
    backend.put_lid_mappings(&entries).await.unwrap();
    // It has moved; whoever took its number keeps it.
    backend.put_lid_mapping(&mapping("100", "5522", 3)).await.unwrap();
    let list = |user: &str| DeviceListRecord {
        user: user.to_owned(),
        devices: vec![DeviceInfo::new(0, None), DeviceInfo::new(3, Some(1)).with_hosting(true)],
        timestamp: 5,
        phash: Some("2:abc".to_owned()),
        raw_id: Some(9),
    };
    backend.update_device_lists(vec![list("5511"), list("5522")]).await.unwrap();
    backend.put_group_metadata(GROUP, b"group").await.unwrap();
    backend.set_sender_key_status(GROUP, &[("a:1@lid", true), ("b:1@lid", false)]).await.unwrap();
    backend.set_sender_key_status("other@g.us", &[("a:1@lid", true)]).await.unwrap();
    backend.save_base_key(ADDRESS, "m1", b"base").await.unwrap();

    let number = number.restarted().await;
    let backend = &number.backend;
    let lid_of =
        async |phone: &str| backend.get_pn_mapping(phone).await.unwrap().map(|entry| entry.lid);
    assert_eq!(lid_of("5511").await.as_deref(), Some("200"));
    assert_eq!(lid_of("5522").await.as_deref(), Some("100"));
    backend.put_lid_mapping(&mapping("200", "5533", 4)).await.unwrap();
    assert_eq!(lid_of("5511").await, None, "nobody has it any more");
    assert_eq!(backend.get_lid_mapping("100").await.unwrap().unwrap().updated_at, 3);
    assert_eq!(backend.get_all_lid_mappings().await.unwrap().len(), 2);
    let devices = backend.get_devices("5522").await.unwrap().unwrap();
    assert_eq!((devices.devices.len(), devices.raw_id), (2, Some(9)));
    assert!(devices.devices[1].is_hosted);
    backend.delete_devices("5522").await.unwrap();
    assert!(backend.get_devices("5522").await.unwrap().is_none());
    assert_eq!(backend.get_group_metadata(GROUP).await.unwrap().unwrap(), b"group");
    backend.delete_group_metadata(GROUP).await.unwrap();
    assert_eq!(backend.get_group_metadata(GROUP).await.unwrap(), None);
    let status = async |group: &str| backend.get_sender_key_devices(group).await.unwrap();
    let expected = [("a:1@lid".to_owned(), true), ("b:1@lid".to_owned(), false)];
    assert_eq!(status(GROUP).await, expected);
    backend.delete_sender_key_device_rows(&["a:1@lid"]).await.unwrap();
    assert_eq!((status(GROUP).await.len(), status("other@g.us").await.len()), (1, 0));
    backend.clear_sender_key_devices(GROUP).await.unwrap();
    assert!(status(GROUP).await.is_empty());
    backend.set_sender_key_status(GROUP, &[("a:1@lid", true)]).await.unwrap();
    backend.clear_all_sender_key_devices().await.unwrap();
    assert!(status(GROUP).await.is_empty());
    assert!(backend.has_same_base_key(ADDRESS, "m1", b"base").await.unwrap());
    assert!(!backend.has_same_base_key(ADDRESS, "m1", b"other").await.unwrap());
    backend.delete_base_key(ADDRESS, "m1").await.unwrap();
    assert!(!backend.has_same_base_key(ADDRESS, "m1", b"base").await.unwrap());
}

async fn messages_under_way_are_taken_once_and_expire(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    backend.store_sent_message("chat", "m1", b"sent").await.unwrap();
    backend.store_sent_message("chat", "m2", b"sent too").await.unwrap();
    // An id that no index would take.
    let long = "x".repeat(5000);
    let rows = [("m1", &b"one"[..]), (long.as_str(), b"long")]
        .map(|(id, message)| PendingInboundRow { chat: "chat", sender: "sender", id, message });
    backend.store_pending_inbound_batch(&rows).await.unwrap();
    backend.store_pending_inbound("chat", "sender", "m2", b"two").await.unwrap();

    let number = number.restarted().await;
    let backend = &number.backend;
    assert_eq!(backend.take_sent_message("chat", "m1").await.unwrap().unwrap(), b"sent");
    assert_eq!(backend.take_sent_message("chat", "m1").await.unwrap(), None, "only once");
    let pending =
        async |id: &str| backend.get_pending_inbound("chat", "sender", id).await.ok().flatten();
    assert_eq!(pending(&long).await.unwrap(), b"long");
    assert_eq!(pending("m2").await.unwrap(), b"two");
    backend.delete_pending_inbound("chat", "sender", "m2").await.unwrap();
    let keys = [PendingInboundKey { chat: "chat", sender: "sender", id: &long }];
    backend.delete_pending_inbound_batch(&keys).await.unwrap();
    assert_eq!((pending(&long).await, pending("m2").await), (None, None));

    let (past, future) = (now_secs() - 60, now_secs() + 60);
    assert_eq!(backend.delete_expired_sent_messages(past).await.unwrap(), 0);
    assert_eq!(backend.delete_expired_sent_messages(future).await.unwrap(), 1);
    assert_eq!(backend.delete_expired_pending_inbound(past).await.unwrap(), 0);
    assert_eq!(backend.delete_expired_pending_inbound(future).await.unwrap(), 3);
    assert_eq!(pending("m1").await, None);
}

async fn writes_are_carried_out_in_the_order_in_which_they_were_asked_for(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    let writes = (0..200_u8).map(|n| {
        let backend = Arc::clone(backend);
        async move {
            match n % 10 {
                // What looks before it writes keeps its place.
                9 => backend.touch_tc_token_sender_timestamp("a@lid", n.into()).await,
                _ => backend.put_session(ADDRESS, &[n]).await,
            }
        }
    });
    for outcome in futures_util::future::join_all(writes).await {
        outcome.unwrap();
    }
    assert_eq!(backend.get_session(ADDRESS).await.unwrap().unwrap(), &[198][..]);
    let token = backend.get_tc_token("a@lid").await.unwrap().unwrap();
    assert_eq!(token.sender_timestamp, Some(199));
}

async fn no_ratchet_is_written_once_a_message_could_not_be(database: TestDatabase) {
    for fault in [Fault::Refuse, Fault::UncertainNotWritten, Fault::UncertainWritten] {
        let number = Number::open(&database).await;
        let backend = &number.backend;
        backend.put_session(ADDRESS, b"old").await.unwrap();
        number.store.fail_next_of("change_records", fault);
        backend.store_pending_inbound("chat", "sender", "m1", b"one").await.unwrap_err();
        backend.broken().await;
        backend.put_session(ADDRESS, b"ahead").await.unwrap_err();
        backend.touch_tc_token_sender_timestamp("a@lid", 1).await.unwrap_err();
        assert!(!backend.is_lost(), "nobody else has taken over");
        let anew = number.web.backend(NUMBER).await.unwrap();
        assert_eq!(anew.get_session(ADDRESS).await.unwrap().unwrap(), &b"old"[..]);
        anew.store_pending_inbound("chat", "sender", "m1", b"one").await.unwrap();
        anew.put_session(ADDRESS, b"new").await.unwrap();
        number.store.close().await;
    }
}

async fn what_is_refused_together_is_tried_one_by_one(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    number.store.fail_next_of("change_records", Fault::Refuse);
    let (sent, session, kept) = tokio::join!(
        backend.store_sent_message("chat", "m1", b"sent"),
        backend.put_session(ADDRESS, b"session"),
        backend.store_pending_inbound("chat", "sender", "m2", b"two"),
    );
    for outcome in [sent, session, kept] {
        outcome.unwrap();
    }
    assert!(!number.store.awaits_fault());
    assert_eq!(backend.get_session(ADDRESS).await.unwrap().unwrap(), &b"session"[..]);
    assert!(backend.get_pending_inbound("chat", "sender", "m2").await.unwrap().is_some());
}

async fn what_was_opened_before_and_is_not_kept_is_named_to_be_asked_for(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    let own: Jid = "5511988880001@s.whatsapp.net".parse().unwrap();
    backend.save(&Device { pn: Some(own), ..Device::new() }).await.unwrap();
    let (customer, phone) = ("5511999990001@s.whatsapp.net", "5511988880001@s.whatsapp.net");
    backend.store_pending_inbound(customer, customer, "m1", b"one").await.unwrap();
    let kept = backend.get_pending_inbound(customer, customer, "m1").await.unwrap();
    assert_eq!(kept.unwrap(), b"one");
    // A failure: nobody is to tell the network that it has arrived.
    backend.get_pending_inbound(customer, customer, "m2").await.unwrap_err();
    backend.get_pending_inbound(customer, phone, "m3").await.unwrap_err();
    let [first, second] = [backend.unkept().await.unwrap(), backend.unkept().await.unwrap()];
    assert_eq!((first.id.as_str(), first.is_own), ("m2", false));
    assert_eq!((second.id.as_str(), second.is_own), ("m3", true));
    assert_eq!((second.chat.as_str(), second.sender.as_str()), (customer, phone));
    // What the hub has and is no row of messages is known when it comes again, until that is swept.
    backend.delete_pending_inbound(customer, customer, "m1").await.unwrap();
    assert_eq!(backend.get_pending_inbound(customer, customer, "m1").await.unwrap(), None);
    // Nobody is asked for ever.
    for _ in 1..5 {
        backend.get_pending_inbound(customer, customer, "m2").await.unwrap_err();
        assert_eq!(backend.unkept().await.unwrap().id, "m2");
    }
    assert_eq!(backend.get_pending_inbound(customer, customer, "m2").await.unwrap(), None);
    // It has come after all.
    backend.store_pending_inbound(customer, customer, "m3", b"three").await.unwrap();
    let kept = backend.get_pending_inbound(customer, customer, "m3").await.unwrap();
    assert_eq!(kept.unwrap(), b"three");
    assert_eq!(backend.delete_expired_pending_inbound(now_secs() + 60).await.unwrap(), 4);
}

fn secret(id: &str, byte: u8, expires_at: i64, message_ts: i64) -> MsgSecretEntry {
    let (chat, sender, msg_id) = (shared("chat"), shared("sender"), shared(id));
    MsgSecretEntry { chat, sender, msg_id, secret: [byte; 32], expires_at, message_ts }
}

async fn secrets_of_messages_keep_the_later_deadline(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    let entries = vec![
        secret("m1", 1, 100, 50),
        secret("m2", 2, 200, 0),
        secret("m3", 3, 0, 0),
        secret("m2", 4, 150, 60),
    ];
    assert_eq!(backend.put_msg_secrets(entries).await.unwrap(), 4);
    backend.put_msg_secrets(vec![secret("m1", 5, 90, 0)]).await.unwrap();

    let number = number.restarted().await;
    let backend = &number.backend;
    let get = async |id: &str| {
        let found = backend.get_msg_secret_with_ts("chat", "sender", id).await.unwrap();
        found.map(|(secret, at)| (secret[0], at))
    };
    assert_eq!(get("m1").await, Some((5, 50)));
    assert_eq!(get("m2").await, Some((4, 60)));
    assert_eq!(backend.delete_expired_msg_secrets(99).await.unwrap(), 0);
    assert_eq!(backend.delete_expired_msg_secrets(100).await.unwrap(), 1);
    assert_eq!(backend.delete_expired_msg_secrets(i64::MAX).await.unwrap(), 1);
    assert_eq!((get("m1").await, get("m2").await, get("m3").await), (None, None, Some((3, 0))));
}

async fn tokens_are_changed_by_both_sides_without_losing_one(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    let touches = (0..10).map(|n| {
        let backend = Arc::clone(backend);
        tokio::spawn(async move {
            backend.touch_tc_token_sender_timestamp("a@lid", 100 + n).await.unwrap();
            backend.store_received_tc_token("a@lid", &[1], 50 + n).await.unwrap();
        })
    });
    for touch in touches.collect::<Vec<_>>() {
        touch.await.unwrap();
    }
    backend.store_received_tc_token("a@lid", &[2], 10).await.unwrap();
    backend.touch_tc_token_sender_timestamp("b@lid", 30).await.unwrap();
    let entry = TcTokenEntry { token: vec![3], token_timestamp: 40, sender_timestamp: None };
    backend.put_tc_token("c@lid", &entry).await.unwrap();

    let number = number.restarted().await;
    let backend = &number.backend;
    let get = async |jid: &str| {
        let TcTokenEntry { token, token_timestamp, sender_timestamp } =
            backend.get_tc_token(jid).await.unwrap().unwrap();
        (token, token_timestamp, sender_timestamp)
    };
    assert_eq!(get("a@lid").await, (vec![1], 59, Some(109)));
    assert_eq!(get("b@lid").await, (Vec::new(), 30, Some(30)), "only that ours was given");
    assert_eq!(get("c@lid").await, (vec![3], 40, None));
    assert_eq!(backend.delete_expired_tc_tokens(40, 30).await.unwrap(), 0);
    assert_eq!(backend.delete_expired_tc_tokens(41, 31).await.unwrap(), 2);
    assert_eq!(backend.get_all_tc_token_jids().await.unwrap(), ["a@lid"]);
    backend.delete_tc_token("a@lid").await.unwrap();
    assert!(backend.get_tc_token("a@lid").await.unwrap().is_none());
}

async fn a_device_is_made_once_and_paired_when_a_phone_has_linked_it(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    assert!(!backend.exists().await.unwrap());
    assert!(!number.web.is_paired(NUMBER).await.unwrap());
    assert_eq!(backend.create().await.unwrap(), 1);
    let mut device = backend.load().await.unwrap().unwrap();
    let identity = device.identity_key.public_key.serialize();
    assert_eq!(backend.create().await.unwrap(), 1);
    let same = backend.load().await.unwrap().unwrap();
    assert_eq!(same.identity_key.public_key.serialize(), identity);
    assert!(!number.web.is_paired(NUMBER).await.unwrap());
    device.pn = Some("5511900000001:3@s.whatsapp.net".parse().unwrap());
    device.next_pre_key_id = 813;
    backend.save(&device).await.unwrap();

    let number = number.restarted().await;
    assert!(number.web.is_paired(NUMBER).await.unwrap());
    let loaded = number.backend.load().await.unwrap().unwrap();
    assert_eq!((loaded.pn, loaded.next_pre_key_id), (device.pn, 813));
    assert_eq!(loaded.identity_key.public_key.serialize(), identity);
}

async fn a_batch_is_written_whole_or_not_at_all(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    let sessions: Vec<_> =
        (0..100).map(|n| (shared(&format!("{n}@lid")), Bytes::from(vec![n; 10]))).collect();
    number.store.fail_next(Fault::Refuse);
    backend.put_sessions_batch(&sessions).await.unwrap_err();
    assert!(!backend.has_session("0@lid").await.unwrap());
    backend.put_sessions_batch(&sessions).await.unwrap();
    for n in [0, 63, 64, 99] {
        assert_eq!(backend.get_session(&format!("{n}@lid")).await.unwrap().unwrap(), vec![n; 10]);
    }
}

async fn an_older_owner_writes_nothing_and_learns_why(database: TestDatabase) {
    let number = Number::open(&database).await;
    let older = Arc::clone(&number.backend);
    older.put_session(ADDRESS, b"older").await.unwrap();
    let younger = number.web.backend(NUMBER).await.unwrap();
    assert!(!older.is_lost(), "it has not tried yet");
    let error = older.put_session(ADDRESS, b"lost").await.unwrap_err();
    assert!(is_fenced(&error), "{error:?}");
    older.lost().await;
    let secrets = vec![secret("m1", 1, 0, 0)];
    assert!(is_fenced(&older.put_msg_secrets(secrets).await.unwrap_err()));
    assert!(is_fenced(&older.save(&Device::new()).await.unwrap_err()));
    assert_eq!(younger.get_session(ADDRESS).await.unwrap().unwrap(), &b"older"[..]);
    assert_eq!(younger.get_msg_secret("chat", "sender", "m1").await.unwrap(), None);
    assert!(!younger.exists().await.unwrap());
    younger.put_session(ADDRESS, b"younger").await.unwrap();
    assert!(older.is_lost() && !younger.is_lost());

    number.store.fail_next(Fault::Refuse);
    let refused = younger.put_session(ADDRESS, b"x").await.unwrap_err();
    assert!(!is_fenced(&refused) && !younger.is_lost(), "another failure is no loss");
}

async fn a_forgotten_number_has_nothing_left(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    let device = Device { pn: Some("5511@s.whatsapp.net".parse().unwrap()), ..Device::new() };
    backend.save(&device).await.unwrap();
    backend.put_identity(ADDRESS, [7; 32]).await.unwrap();
    backend.forget().await.unwrap();
    assert!(!number.web.is_paired(NUMBER).await.unwrap());
    assert!(is_fenced(&backend.put_identity(ADDRESS, [7; 32]).await.unwrap_err()));
    let fresh = number.web.backend(NUMBER).await.unwrap();
    assert_eq!(fresh.load_identity(ADDRESS).await.unwrap(), None);
    assert!(!fresh.exists().await.unwrap());
}

async fn nobody_finds_key_material_in_the_database(database: TestDatabase) {
    const KNOWN: &[u8; 32] = b"a-secret-that-has-to-stay-hidden";
    let number = Number::open(&database).await;
    let backend = &number.backend;
    assert_eq!(backend.create().await.unwrap(), 1);
    let device = backend.load().await.unwrap().unwrap();
    let noise_key = device.noise_key.private_key.serialize();
    backend.put_identity(ADDRESS, *KNOWN).await.unwrap();
    backend.put_session(ADDRESS, KNOWN).await.unwrap();
    backend.store_prekey(1, KNOWN, true).await.unwrap();
    backend
        .put_msg_secrets(vec![MsgSecretEntry { secret: *KNOWN, ..secret("m1", 0, 0, 0) }])
        .await
        .unwrap();
    let sync_key = AppStateSyncKey { key_data: KNOWN.to_vec(), ..AppStateSyncKey::default() };
    backend.set_sync_key(&[1], sync_key).await.unwrap();
    let entry = TcTokenEntry { token: KNOWN.to_vec(), token_timestamp: 1, sender_timestamp: None };
    backend.put_tc_token("a@lid", &entry).await.unwrap();
    let as_json = serde_json::to_vec(KNOWN).unwrap();
    let hidden = [&KNOWN[..], &noise_key[..], &as_json[1..as_json.len() - 1]];
    let is_hidden = |bytes: &[u8]| {
        hidden.iter().all(|secret| !bytes.windows(secret.len()).any(|part| part == *secret))
    };
    assert!(!is_hidden(&[b"..", &KNOWN[..], b".."].concat()), "the search finds what is there");
    for kind in [Kind::Identity, Kind::Session, Kind::PreKey, Kind::MessageSecret, Kind::Device] {
        assert!(is_hidden(&number.record(kind).await.value), "{kind:?}");
    }
    let Some(path) = database.url().strip_prefix("sqlite://") else { return };
    number.store.close().await;
    let mut read = 0;
    for end in ["", "-wal"] {
        let Ok(bytes) = std::fs::read(format!("{path}{end}")) else { continue };
        assert!(is_hidden(&bytes), "{path}{end}");
        read += bytes.windows(ADDRESS.len()).filter(|part| *part == ADDRESS.as_bytes()).count();
    }
    assert!(read > 0, "the files hold the rows");
}

async fn a_record_that_was_moved_or_altered_does_not_open(database: TestDatabase) {
    let number = Number::open(&database).await;
    let backend = &number.backend;
    backend.put_session("a@lid", b"of a").await.unwrap();
    let good = number.record(Kind::Session).await;
    let mut altered = good.value.clone();
    *altered.last_mut().unwrap() ^= 1;
    let claim = number.store.claim_records(NUMBER).await.unwrap();
    for (kind, key, value) in [
        (Kind::Session, &b"b@lid"[..], &good.value),
        (Kind::SenderKey, b"a@lid", &good.value),
        (Kind::Session, b"c@lid", &altered),
    ] {
        let moved = Record {
            kind: kind.as_str().to_owned(),
            key: key.to_vec(),
            value: value.clone(),
            stamp: 0,
            other_stamp: 0,
        };
        let moved = vec![RecordChange::Put(moved)];
        number.store.change_records(claim, moved).await.unwrap();
    }
    assert_eq!(backend.get_session("a@lid").await.unwrap().unwrap(), &b"of a"[..]);
    for address in ["b@lid", "c@lid"] {
        let error = backend.get_session(address).await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap().downcast_ref::<StoreError>();
        assert!(matches!(source, Some(StoreError::Corrupt { .. })), "{address}: {error:?}");
    }
    backend.get_sender_key("a@lid").await.unwrap_err();
    let other = WebStore::new(number.store.clone(), &MasterKey::new(b"another key"));
    other.backend(NUMBER).await.unwrap().get_session("a@lid").await.unwrap_err();
}
