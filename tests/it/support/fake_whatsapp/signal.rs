//! One end of end-to-end encryption: a phone with its keys and sessions. It encrypts and decrypts for
//! real, so what the hub sends must be what a phone can read.

use std::collections::HashMap;

use futures_util::FutureExt;
use rand::{RngExt, rngs::StdRng};
use wacore_libsignal::{
    protocol::{
        CiphertextMessage, Direction, GenericSignedPreKey, IdentityChange, IdentityKey,
        IdentityKeyPair, IdentityKeyStore, KeyPair, PreKeyBundle, PreKeyId, PreKeyRecord,
        PreKeySignalMessage, PreKeyStore, ProtocolAddress, SenderKeyRecord, SenderKeyStore,
        SessionRecord, SessionStore, SignalMessage, SignalProtocolError, SignedPreKeyId,
        SignedPreKeyRecord, SignedPreKeyStore, Timestamp, UsePQRatchet,
        create_sender_key_distribution_message, group_encrypt, message_decrypt, message_encrypt,
        process_prekey_bundle,
    },
    store::sender_key_name::SenderKeyName,
};
use whatsapp_rust::{
    Jid, async_trait, buffa::Message as _, wacore::messages::MessageUtils, waproto::whatsapp as wa,
};

type Signal<T> = Result<T, SignalProtocolError>;

/// The ids of a phone's only keys.
const KEY_ID: u32 = 1;
/// The phone itself, beside which companions are numbered from 1.
const PRIMARY_DEVICE: u32 = 0;
/// The largest number that a phone registers under.
const REGISTRATION_MAX: u32 = 16_380;
/// How a plaintext is padded (`v` of an `<enc>`).
const PADDING_VERSION: u8 = 2;

/// Randomness for keys.
pub(super) fn randomness() -> StdRng {
    rand::make_rng()
}

/// A phone's keys and sessions.
pub(super) struct Peer {
    identities: Identities,
    keys: Keys,
    signed_keys: SignedKeys,
    sessions: Sessions,
    sender_keys: SenderKeys,
    published: Published,
}

struct Published {
    one_time: KeyPair,
    signed: KeyPair,
    signature: Vec<u8>,
}

/// An encrypted message, and whether it opens a session (`pkmsg`) or goes on with one (`msg`).
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) kind: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Sealed {
    /// Whoever opens it finds that it is not what was sealed.
    pub(super) fn garble(&mut self) {
        let end = match PreKeySignalMessage::try_from(&self.bytes[..]) {
            Ok(opening) if self.kind == "pkmsg" => {
                let inner = opening.message().serialized();
                let mut windows = self.bytes.windows(inner.len());
                windows.position(|window| window == inner).expect("it is inside") + inner.len()
            }
            _ => self.bytes.len(),
        };
        // The last bytes are a checksum.
        self.bytes[end - 1] ^= 1;
    }
}

impl Peer {
    pub(super) fn new() -> Self {
        let mut randomness = randomness();
        let identity = IdentityKeyPair::generate(&mut randomness);
        let one_time = KeyPair::generate(&mut randomness);
        let signed = KeyPair::generate(&mut randomness);
        let signature = identity
            .private_key()
            .calculate_signature(&signed.public_key.serialize(), &mut randomness)
            .expect("a fresh key signs")
            .to_vec();
        let signed_record = SignedPreKeyRecord::new(
            SignedPreKeyId::from(KEY_ID),
            Timestamp::from_epoch_millis(0),
            &signed,
            &signature,
        );
        let registration = randomness.random_range(1..=REGISTRATION_MAX);
        Self {
            identities: Identities { own: identity, registration, known: HashMap::new() },
            keys: Keys([(KEY_ID.into(), PreKeyRecord::new(KEY_ID.into(), &one_time))].into()),
            signed_keys: SignedKeys(signed_record),
            sessions: Sessions::default(),
            sender_keys: SenderKeys::default(),
            published: Published { one_time, signed, signature },
        }
    }

    /// The key that vouches for companions.
    pub(super) fn identity(&self) -> &IdentityKeyPair {
        &self.identities.own
    }

    pub(super) fn registration(&self) -> u32 {
        self.identities.registration
    }

    /// What the server hands out to those who write to this phone for the first time.
    pub(super) fn bundle(&self) -> PreKeyBundle {
        PreKeyBundle::new(
            self.identities.registration,
            PRIMARY_DEVICE.into(),
            Some((KEY_ID.into(), self.published.one_time.public_key)),
            KEY_ID.into(),
            self.published.signed.public_key,
            self.published.signature.clone(),
            *self.identities.own.identity_key(),
        )
        .expect("a complete bundle")
    }

    pub(super) fn has_session(&self, with: &ProtocolAddress) -> bool {
        self.sessions.0.contains_key(with)
    }

    /// Opens a session; whatever there was before is no longer written with.
    pub(super) fn open_session(&mut self, with: &ProtocolAddress, bundle: &PreKeyBundle) {
        let mut randomness = randomness();
        let opened = process_prekey_bundle(
            with,
            &mut self.sessions,
            &mut self.identities,
            bundle,
            &mut randomness,
            UsePQRatchet::No,
        );
        ready(opened).expect("the hub uploads good keys");
    }

    pub(super) fn encrypt(&mut self, to: &ProtocolAddress, message: &wa::Message) -> Sealed {
        let padded = MessageUtils::pad_message_v2(message.encode_to_vec());
        let sealed = message_encrypt(&padded, to, &mut self.sessions, &mut self.identities);
        match ready(sealed).expect("a session was opened") {
            CiphertextMessage::SignalMessage(message) => {
                Sealed { kind: "msg", bytes: message.serialized().to_vec() }
            }
            CiphertextMessage::PreKeySignalMessage(message) => {
                Sealed { kind: "pkmsg", bytes: message.serialized().to_vec() }
            }
            _ => unreachable!("two kinds of messages are encrypted for one reader"),
        }
    }

    /// The key for the members of a group, and a message that it opens.
    pub(super) fn encrypt_for_group(
        &mut self,
        group: &Jid,
        own: &Jid,
        message: &wa::Message,
    ) -> (Vec<u8>, Sealed) {
        let name = SenderKeyName::new(group.to_string(), own.to_string());
        let mut randomness = randomness();
        let key =
            create_sender_key_distribution_message(&name, &mut self.sender_keys, &mut randomness);
        let key = ready(key).expect("a key is made");
        let padded = MessageUtils::pad_message_v2(message.encode_to_vec());
        let sealed = group_encrypt(&mut self.sender_keys, &name, &padded, &mut randomness);
        let bytes = ready(sealed).expect("the key is there").serialized().to_vec();
        (key.serialized().to_vec(), Sealed { kind: "skmsg", bytes })
    }

    pub(super) fn decrypt(
        &mut self,
        from: &ProtocolAddress,
        kind: &str,
        bytes: &[u8],
    ) -> Signal<wa::Message> {
        let sealed = match kind {
            "pkmsg" => {
                CiphertextMessage::PreKeySignalMessage(PreKeySignalMessage::try_from(bytes)?)
            }
            _ => CiphertextMessage::SignalMessage(SignalMessage::try_from(bytes)?),
        };
        let mut randomness = randomness();
        let opened = message_decrypt(
            &sealed,
            from,
            &mut self.sessions,
            &mut self.identities,
            &mut self.keys,
            &self.signed_keys,
            &mut randomness,
            UsePQRatchet::No,
        );
        let plaintext = ready(opened)?.plaintext;
        let unpadded = MessageUtils::unpad_message_ref(&plaintext, PADDING_VERSION)
            .map_err(|error| invalid(&error.to_string()))?;
        wa::Message::decode_from_slice(unpadded).map_err(|error| invalid(&error.to_string()))
    }

    /// The phone was set up anew, from a backup of its keys: it registers again, and the sessions are
    /// gone.
    pub(super) fn forget_sessions(&mut self) {
        self.sessions.0.clear();
        self.identities.registration = self.identities.registration % REGISTRATION_MAX + 1;
    }
}

fn invalid(what: &str) -> SignalProtocolError {
    SignalProtocolError::InvalidArgument(what.to_owned())
}

/// The stores are maps, so nothing ever waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("stores in memory answer at once")
}

struct Identities {
    own: IdentityKeyPair,
    registration: u32,
    known: HashMap<ProtocolAddress, IdentityKey>,
}

#[async_trait]
impl IdentityKeyStore for Identities {
    async fn get_identity_key_pair(&self) -> Signal<IdentityKeyPair> {
        Ok(self.own.clone())
    }

    async fn get_local_registration_id(&self) -> Signal<u32> {
        Ok(self.registration)
    }

    async fn save_identity(
        &mut self,
        of: &ProtocolAddress,
        identity: &IdentityKey,
    ) -> Signal<IdentityChange> {
        let before = self.known.insert(of.clone(), *identity);
        Ok(IdentityChange::from_changed(before.is_some_and(|before| before != *identity)))
    }

    async fn is_trusted_identity(
        &self,
        _: &ProtocolAddress,
        _: &IdentityKey,
        _: Direction,
    ) -> Signal<bool> {
        Ok(true)
    }

    async fn get_identity(&self, of: &ProtocolAddress) -> Signal<Option<IdentityKey>> {
        Ok(self.known.get(of).copied())
    }
}

struct Keys(HashMap<PreKeyId, PreKeyRecord>);

#[async_trait]
impl PreKeyStore for Keys {
    async fn get_pre_key(&self, id: PreKeyId) -> Signal<PreKeyRecord> {
        self.0.get(&id).cloned().ok_or(SignalProtocolError::InvalidPreKeyId)
    }

    async fn save_pre_key(&mut self, id: PreKeyId, record: &PreKeyRecord) -> Signal<()> {
        self.0.insert(id, record.clone());
        Ok(())
    }

    /// The one key serves every session that is opened with this phone.
    async fn remove_pre_key(&mut self, _: PreKeyId) -> Signal<()> {
        Ok(())
    }
}

struct SignedKeys(SignedPreKeyRecord);

#[async_trait]
impl SignedPreKeyStore for SignedKeys {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Signal<SignedPreKeyRecord> {
        let is_known = id == SignedPreKeyId::from(KEY_ID);
        is_known.then(|| self.0.clone()).ok_or(SignalProtocolError::InvalidSignedPreKeyId)
    }

    async fn save_signed_pre_key(
        &mut self,
        _: SignedPreKeyId,
        record: &SignedPreKeyRecord,
    ) -> Signal<()> {
        self.0 = record.clone();
        Ok(())
    }
}

#[derive(Default)]
struct Sessions(HashMap<ProtocolAddress, SessionRecord>);

#[async_trait]
impl SessionStore for Sessions {
    async fn load_session(&self, with: &ProtocolAddress) -> Signal<Option<SessionRecord>> {
        Ok(self.0.get(with).cloned())
    }

    async fn has_session(&self, with: &ProtocolAddress) -> Signal<bool> {
        Ok(self.0.contains_key(with))
    }

    async fn store_session(
        &mut self,
        with: &ProtocolAddress,
        session: SessionRecord,
    ) -> Signal<()> {
        self.0.insert(with.clone(), session);
        Ok(())
    }
}

/// Keys for groups, of the phone itself only.
#[derive(Default)]
struct SenderKeys(HashMap<String, SenderKeyRecord>);

#[async_trait]
impl SenderKeyStore for SenderKeys {
    async fn store_sender_key(
        &mut self,
        name: &SenderKeyName,
        record: SenderKeyRecord,
    ) -> Signal<()> {
        self.0.insert(name.cache_key().to_owned(), record);
        Ok(())
    }

    async fn load_sender_key(&self, name: &SenderKeyName) -> Signal<Option<SenderKeyRecord>> {
        Ok(self.0.get(name.cache_key()).cloned())
    }
}
