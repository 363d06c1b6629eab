//! Random calls, answered by this backend as by the library's own in memory. Its number of sent messages is
//! bounded and that of ours is not; and an address that two people claim in turn leads nowhere there,
//! but to the one who has it last here, as the trait says. Neither occurs in these stories.

use std::fmt::Debug;

use dx_actors::both_databases;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use whatsapp_rust::wacore::store::InMemoryBackend;

use super::*;

both_databases!(random_calls_are_answered_as_by_the_library_itself);

const CALLS: usize = 400;
const KINDS_OF_CALLS: u32 = 34;

struct Story {
    rng: StdRng,
    log: Vec<String>,
}

impl Story {
    fn below(&mut self, end: u32) -> u32 {
        self.rng.random_range(0..end)
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.rng.random_range(0..texts.len())]
    }

    fn address(&mut self) -> &'static str {
        self.pick(&["1@lid", "1:2@lid", "12@lid", "2:1@s.whatsapp.net", "", "ç@lid"])
    }

    fn group(&mut self) -> &'static str {
        self.pick(&["g1@g.us", "g11@g.us", "g@g.us", ""])
    }

    fn id(&mut self) -> &'static str {
        self.pick(&["A", "B", "AB"])
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.rng.random_range(0..40);
        (0..length).map(|_| self.rng.random()).collect()
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.rng.random())
    }

    fn mac(&mut self) -> [u8; 32] {
        [u8::try_from(self.below(4)).unwrap(); 32]
    }

    fn time(&mut self) -> i64 {
        i64::from(self.below(50))
    }

    /// Each person's two numbers are his own.
    fn person(&mut self) -> (String, String) {
        let lid = self.below(4);
        (format!("{lid}"), format!("55{lid}{}", self.below(2)))
    }
}

/// Both answers, which have to be the same.
fn same<T: PartialEq + Debug>(story: &Story, ours: &T, theirs: &T) {
    assert_eq!(ours, theirs, "after {:#?}", story.log);
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

fn shown<T: Debug>(value: &T) -> String {
    format!("{value:?}")
}

macro_rules! both {
    ($story:ident, $ours:ident, $theirs:ident, $($call:tt)*) => {{
        $story.log.push(stringify!($($call)*).to_owned());
        let ours = $ours.$($call)*.await.unwrap();
        let theirs = $theirs.$($call)*.await.unwrap();
        (ours, theirs)
    }};
}

async fn random_calls_are_answered_as_by_the_library_itself(database: TestDatabase) {
    // A commit of PostgreSQL takes a few milliseconds, and both run the same statements.
    let stories = if database.url().starts_with("postgres") { 1 } else { 6 };
    let mut number = Number::open(&database).await;
    for seed in 0..stories {
        number.backend.forget().await.unwrap();
        let theirs = InMemoryBackend::new();
        number = number.restarted().await;
        let mut story = Story { rng: StdRng::seed_from_u64(seed), log: vec![format!("{seed}")] };
        for _ in 0..CALLS {
            match story.below(KINDS_OF_CALLS + 1) {
                kind @ 0..14 => signal(&mut story, kind, &number.backend, &theirs).await,
                kind @ 14..21 => app_state(&mut story, kind, &number.backend, &theirs).await,
                kind @ 30..KINDS_OF_CALLS => {
                    messages(&mut story, kind, &number.backend, &theirs).await;
                }
                kind @ 21..30 => {
                    protocol(&mut story, kind, &number.backend, &theirs).await;
                }
                _ if story.below(10) == 0 => number = number.restarted().await,
                _ => secrets(&mut story, &number.backend, &theirs).await,
            }
        }
        everything_is_the_same(&mut story, &number.backend, &theirs).await;
    }
}

async fn signal(story: &mut Story, kind: u32, ours: &Backend, theirs: &InMemoryBackend) {
    let (address, id, bytes) = (story.address(), story.below(5), story.bytes());
    let other = story.address();
    match kind {
        0 => {
            let key = story.array();
            both!(story, ours, theirs, put_identity(address, key));
        }
        1 => {
            let keys = [(shared(address), story.array()), (shared(other), story.array())];
            both!(story, ours, theirs, put_identities_batch(&keys));
        }
        2 => {
            both!(story, ours, theirs, delete_identity(address));
        }
        3 => {
            both!(story, ours, theirs, put_session(address, &bytes));
        }
        4 => {
            let more = Bytes::from(story.bytes());
            let sessions = [(shared(address), Bytes::from(bytes)), (shared(other), more)];
            both!(story, ours, theirs, put_sessions_batch(&sessions));
        }
        5 => {
            both!(story, ours, theirs, delete_session(address));
        }
        6 => {
            let user = story.pick(&["1", "12", "2", "", "ç", "9"]);
            let (ours, theirs) = both!(story, ours, theirs, has_signal_state_for_user(user));
            same(story, &ours, &theirs);
        }
        7 => {
            both!(story, ours, theirs, store_prekey(id, &bytes, false));
        }
        8 => {
            let more = Bytes::from(story.bytes());
            let keys = [(id, Bytes::from(bytes)), (id + 255, more)];
            both!(story, ours, theirs, store_prekeys_batch(&keys, true));
        }
        9 => {
            both!(story, ours, theirs, mark_prekeys_uploaded(&[id, id + 1]));
        }
        10 => {
            both!(story, ours, theirs, remove_prekey(id));
        }
        11 => {
            let (ours, theirs) = both!(story, ours, theirs, get_max_prekey_id());
            same(story, &ours, &theirs);
        }
        12 if story.below(3) == 0 => {
            both!(story, ours, theirs, remove_signed_prekey(id));
        }
        12 => {
            both!(story, ours, theirs, store_signed_prekey(id, &bytes));
        }
        _ if story.below(3) == 0 => {
            both!(story, ours, theirs, delete_sender_key(address));
        }
        _ => {
            let keys = [(shared(address), Bytes::from(bytes))];
            both!(story, ours, theirs, put_sender_keys_batch(&keys));
        }
    }
    let addresses = (address, other);
    keys_are_the_same(story, addresses, id, ours, theirs).await;
}

async fn keys_are_the_same(
    story: &mut Story,
    (address, other): (&str, &str),
    id: u32,
    ours: &Backend,
    theirs: &InMemoryBackend,
) {
    let (of_ours, of_theirs) = both!(story, ours, theirs, load_identity(address));
    same(story, &of_ours, &of_theirs);
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_session(address));
    same(story, &of_ours, &of_theirs);
    let (of_ours, of_theirs) = both!(story, ours, theirs, has_session(other));
    same(story, &of_ours, &of_theirs);
    let (of_ours, of_theirs) = both!(story, ours, theirs, load_prekeys_batch(&[id, id + 255, 999]));
    same(story, &sorted(of_ours), &sorted(of_theirs));
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_sender_key(address));
    same(story, &of_ours, &of_theirs);
}

async fn app_state(story: &mut Story, kind: u32, ours: &Backend, theirs: &InMemoryBackend) {
    let (name, bytes, mac) = (story.group(), story.bytes(), story.mac());
    match kind {
        14 => {
            let (id, at) = (story.id().as_bytes(), story.time());
            let key = AppStateSyncKey { key_data: bytes, fingerprint: vec![1], timestamp: at };
            both!(story, ours, theirs, set_sync_key(id, key.clone()));
            let (of_ours, of_theirs) = both!(story, ours, theirs, get_sync_key(id));
            same(story, &shown(&of_ours), &shown(&of_theirs));
        }
        15 => {
            let mut state = HashState { version: 7, hash: story.array(), ..HashState::default() };
            state.index_value_map.insert("index".to_owned(), bytes);
            both!(story, ours, theirs, set_version(name, state.clone()));
        }
        16 | 17 => {
            let value_mac = story.bytes();
            let macs = [
                AppStateMutationMAC { index_mac: mac.to_vec(), value_mac: bytes },
                AppStateMutationMAC { index_mac: story.mac().to_vec(), value_mac },
            ];
            both!(story, ours, theirs, put_mutation_macs(name, 1, &macs));
        }
        18 => {
            let macs = [mac.to_vec(), story.mac().to_vec()];
            both!(story, ours, theirs, delete_mutation_macs(name, &macs));
        }
        19 => {
            both!(story, ours, theirs, clear_mutation_macs(name));
        }
        _ => {
            let macs = [mac, story.mac()];
            let (of_ours, of_theirs) = both!(story, ours, theirs, get_mutation_macs(name, &macs));
            same(story, &of_ours, &of_theirs);
        }
    }
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_mutation_mac(name, &mac));
    same(story, &of_ours, &of_theirs);
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_version(name));
    same(story, &shown(&of_ours), &shown(&of_theirs));
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_latest_sync_key_id());
    same(story, &of_ours, &of_theirs);
}

async fn protocol(story: &mut Story, kind: u32, ours: &Backend, theirs: &InMemoryBackend) {
    let (group, device, id, bytes) = (story.group(), story.address(), story.id(), story.bytes());
    let (other, at) = (story.address(), story.time());
    match kind {
        21 | 22 => {
            let entries = [(device, story.below(2) == 0), (other, story.below(2) == 0)];
            both!(story, ours, theirs, set_sender_key_status(group, &entries));
        }
        23 => match story.below(6) {
            0 => {
                both!(story, ours, theirs, clear_all_sender_key_devices());
            }
            1 | 2 => {
                both!(story, ours, theirs, clear_sender_key_devices(group));
            }
            _ => {
                both!(story, ours, theirs, delete_sender_key_device_rows(&[device, other]));
            }
        },
        24 => {
            let ((lid, phone), (lid2, phone2)) = (story.person(), story.person());
            let entries = [mapping(&lid, &phone, at), mapping(&lid2, &phone2, at + 1)];
            both!(story, ours, theirs, put_lid_mappings(&entries));
        }
        25 => match story.below(3) {
            0 => {
                both!(story, ours, theirs, delete_base_key(device, id));
            }
            _ => {
                both!(story, ours, theirs, save_base_key(device, id, id.as_bytes()));
            }
        },
        26 => {
            let list = DeviceListRecord {
                user: device.to_owned(),
                devices: vec![DeviceInfo::new(3, Some(1)).with_hosting(true)],
                timestamp: at,
                phash: None,
                raw_id: Some(9),
            };
            both!(story, ours, theirs, update_device_lists(vec![list.clone()]));
            if story.below(3) == 0 {
                both!(story, ours, theirs, delete_devices(other));
            }
        }
        27 => match story.below(3) {
            0 => {
                both!(story, ours, theirs, delete_group_metadata(group));
            }
            _ => {
                both!(story, ours, theirs, put_group_metadata(group, &bytes));
            }
        },
        _ => tokens(story, device, at, ours, theirs).await,
    }
    let names = (group, device, id);
    memory_is_the_same(story, names, ours, theirs).await;
}

async fn messages(story: &mut Story, kind: u32, ours: &Backend, theirs: &InMemoryBackend) {
    let (group, device, id, bytes) = (story.group(), story.address(), story.id(), story.bytes());
    let other = story.address();
    match kind {
        30 => {
            both!(story, ours, theirs, store_sent_message(group, id, &bytes));
        }
        31 => {
            let (of_ours, of_theirs) = both!(story, ours, theirs, take_sent_message(group, id));
            same(story, &of_ours, &of_theirs);
        }
        32 => {
            // No message is shorter than a field with a value.
            let bytes = [&[10, 0], &bytes[..]].concat();
            let rows = [device, other].map(|sender| PendingInboundRow {
                chat: group,
                sender,
                id,
                message: &bytes,
            });
            both!(story, ours, theirs, store_pending_inbound_batch(&rows));
        }
        _ => {
            let keys = [PendingInboundKey { chat: group, sender: device, id }];
            both!(story, ours, theirs, delete_pending_inbound_batch(&keys));
            both!(story, ours, theirs, delete_pending_inbound(group, other, id));
        }
    }
    let names = (group, device, id);
    memory_is_the_same(story, names, ours, theirs).await;
}

async fn memory_is_the_same(
    story: &mut Story,
    (group, device, id): (&str, &str, &str),
    ours: &Backend,
    theirs: &InMemoryBackend,
) {
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_sender_key_devices(group));
    same(story, &sorted(of_ours), &sorted(of_theirs));
    // What is not kept is a failure of ours: another copy is asked for.
    let of_ours = ours.get_pending_inbound(group, device, id).await.ok().flatten();
    let of_theirs = theirs.get_pending_inbound(group, device, id).await.unwrap();
    same(story, &of_ours, &of_theirs);
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_group_metadata(group));
    same(story, &of_ours, &of_theirs);
    let (of_ours, of_theirs) =
        both!(story, ours, theirs, has_same_base_key(device, id, id.as_bytes()));
    same(story, &of_ours, &of_theirs);
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_devices(device));
    same(story, &shown(&of_ours), &shown(&of_theirs));
}

async fn tokens(story: &mut Story, jid: &str, at: i64, ours: &Backend, theirs: &InMemoryBackend) {
    let token = story.bytes();
    match story.below(6) {
        0 | 1 => {
            both!(story, ours, theirs, store_received_tc_token(jid, &token, at));
        }
        2 | 3 => {
            both!(story, ours, theirs, touch_tc_token_sender_timestamp(jid, at));
        }
        4 => {
            let entry = TcTokenEntry { token, token_timestamp: at, sender_timestamp: None };
            both!(story, ours, theirs, put_tc_token(jid, &entry));
        }
        _ => {
            let cutoff = story.time();
            let (of_ours, of_theirs) =
                both!(story, ours, theirs, delete_expired_tc_tokens(at, cutoff));
            same(story, &of_ours, &of_theirs);
            both!(story, ours, theirs, delete_tc_token(jid));
        }
    }
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_tc_token(jid));
    same(story, &shown(&of_ours), &shown(&of_theirs));
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_all_tc_token_jids());
    same(story, &sorted(of_ours), &sorted(of_theirs));
}

async fn secrets(story: &mut Story, ours: &Backend, theirs: &InMemoryBackend) {
    let id = story.id();
    if story.below(4) == 0 {
        let cutoff = story.time();
        let (of_ours, of_theirs) = both!(story, ours, theirs, delete_expired_msg_secrets(cutoff));
        same(story, &of_ours, &of_theirs);
    } else {
        let byte = u8::try_from(story.below(200)).unwrap();
        let entries = vec![
            secret(id, byte, story.time(), story.time()),
            secret(story.id(), byte, story.time(), story.time()),
        ];
        let (of_ours, of_theirs) = both!(story, ours, theirs, put_msg_secrets(entries.clone()));
        same(story, &of_ours, &of_theirs);
    }
    let (of_ours, of_theirs) =
        both!(story, ours, theirs, get_msg_secret_with_ts("chat", "sender", id));
    same(story, &of_ours, &of_theirs);
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_msg_secret("chat", "sender", id));
    same(story, &of_ours, &of_theirs);
}

/// What can be listed, and what leads from one record to another.
async fn everything_is_the_same(story: &mut Story, ours: &Backend, theirs: &InMemoryBackend) {
    let (of_ours, of_theirs) = both!(story, ours, theirs, load_all_signed_prekeys());
    same(story, &sorted(of_ours), &sorted(of_theirs));
    let (of_ours, of_theirs) = both!(story, ours, theirs, get_all_lid_mappings());
    let shown_all = |entries: &[LidPnMappingEntry]| sorted(entries.iter().map(shown).collect());
    same(story, &shown_all(&of_ours), &shown_all(&of_theirs));
    for lid in 0..4 {
        for phone in 0..2 {
            let phone = format!("55{lid}{phone}");
            let (of_ours, of_theirs) = both!(story, ours, theirs, get_pn_mapping(&phone));
            same(story, &shown(&of_ours), &shown(&of_theirs));
        }
        let lid = format!("{lid}");
        let (of_ours, of_theirs) = both!(story, ours, theirs, get_lid_mapping(&lid));
        same(story, &shown(&of_ours), &shown(&of_theirs));
    }
}
