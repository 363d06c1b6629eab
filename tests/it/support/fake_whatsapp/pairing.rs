//! Linking a companion: a phone scans its QR code, or somebody types its code on the phone. Either way
//! the phone signs the companion's identity, and the server tells the companion who it is now.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wacore_libsignal::{
    crypto::aes_256_gcm_decrypt,
    protocol::{KeyPair, PublicKey},
};
use whatsapp_rust::{
    NodeBuilder,
    anyhow::{self, Context as _, ensure},
    buffa::Message as _,
    wacore::{crypto::hkdf_sha256_into, pair_code::PairCodeUtils},
    wacore_binary::Node,
    waproto::whatsapp as wa,
};

use super::{
    link::NoiseKey,
    nodes::{SERVER, attr, bytes_node, content_of, refusal, request, result},
    signal::randomness,
    state::{ConnectionId, Device, Out, State, jid},
};

/// QR codes that a connection can show, one after the other.
pub(super) const CODES: u64 = 6;
/// What the phone signs begins with this.
const ACCOUNT_SIGNATURE: [u8; 2] = [6, 0];
/// The key with which a typed code's companion sends its identity.
const BUNDLE_KEY: &[u8] = b"link_code_pairing_key_bundle_encryption_key";

/// A code that waits to be typed.
pub(super) struct LinkCode {
    pub(super) number: String,
    reference: Vec<u8>,
    companion_ephemeral: Vec<u8>,
    /// Once it has been typed: the phone's half.
    typed: Option<Typed>,
}

struct Typed {
    phone: usize,
    ephemeral: KeyPair,
    companion_ephemeral: PublicKey,
}

/// What a QR code says.
struct Scanned<'q> {
    reference: &'q str,
    noise_key: Vec<u8>,
    identity: Vec<u8>,
    secret: Vec<u8>,
}

impl<'q> Scanned<'q> {
    fn parse(code: &'q str) -> anyhow::Result<Self> {
        let fields: Vec<_> = code.rsplit('#').next().unwrap_or_default().split(',').collect();
        let [reference, noise_key, identity, secret, _] = fields[..] else {
            anyhow::bail!("{} fields", fields.len());
        };
        let [noise_key, identity, secret] =
            [noise_key, identity, secret].map(|field| BASE64_STANDARD.decode(field));
        let (noise_key, identity, secret) = (noise_key?, identity?, secret?);
        ensure!([&noise_key, &identity, &secret].iter().all(|key| key.len() == 32), "short keys");
        Ok(Self { reference, noise_key, identity, secret })
    }
}

impl State {
    /// Gives a stranger what its QR codes begin with.
    pub(super) fn offer_pairing(&mut self, connection: ConnectionId) {
        let references: Vec<_> =
            (0..self.codes_offered).map(|_| format!("2@ref{:06}", self.next_number())).collect();
        let children = references.iter().map(|it| bytes_node("ref", it.as_bytes()));
        let offer = NodeBuilder::new("pair-device").children(children).build();
        let id = format!("pair-{}", self.next_number());
        self.write(connection, request(&id, offer));
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.references = references;
        }
    }

    /// A phone scans a code.
    pub(super) fn scan(&mut self, phone: usize, code: &str) -> anyhow::Result<()> {
        let scanned = Scanned::parse(code)?;
        let shows = |connection: &super::state::Connection| {
            connection.noise_key[..] == scanned.noise_key
                && connection.references.iter().any(|it| it == scanned.reference)
        };
        let found = self.connections.iter().find(|(_, connection)| shows(connection));
        let connection = *found.context("nobody shows this code, or not any more")?.0;
        self.vouch(connection, phone, &scanned.identity, &scanned.secret);
        Ok(())
    }

    /// The phone signs the companion's identity, and the server hands that over.
    fn vouch(&mut self, connection: ConnectionId, phone: usize, identity: &[u8], secret: &[u8]) {
        let account = &mut self.phones[phone];
        account.last_device += 1;
        let index = account.last_device;
        let details = wa::ADVDeviceIdentity {
            raw_id: Some(1),
            timestamp: Some(1_760_000_000),
            key_index: Some(u32::from(index)),
            ..wa::ADVDeviceIdentity::default()
        };
        let details = details.encode_to_vec();
        let signer = account.peer.identity();
        let claim = [&ACCOUNT_SIGNATURE[..], &details, identity].concat();
        let signature = signer
            .private_key()
            .calculate_signature(&claim, &mut randomness())
            .expect("the phone's key signs");
        let public = signer.identity_key().public_key().public_key_bytes().to_vec();
        let vouched = wa::ADVSignedDeviceIdentity {
            details: Some(details),
            account_signature_key: Some(public),
            account_signature: Some(signature.to_vec()),
            ..wa::ADVSignedDeviceIdentity::default()
        };
        let vouched = vouched.encode_to_vec();
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("any length will do");
        mac.update(&vouched);
        let sealed = wa::ADVSignedDeviceIdentityHMAC {
            hmac: Some(mac.finalize().into_bytes().to_vec()),
            details: Some(vouched),
            ..wa::ADVSignedDeviceIdentityHMAC::default()
        };
        let (number, lid) = (&account.number, &account.lid);
        let device = NodeBuilder::new("device")
            .attr("jid", jid(&format!("{number}:{index}@{SERVER}")))
            .attr("lid", jid(&format!("{lid}:{index}@lid")));
        let success = NodeBuilder::new("pair-success").children([
            bytes_node("device-identity", sealed.encode_to_vec()),
            NodeBuilder::new("biz").attr("name", "Loja de Testes").build(),
            device.build(),
            NodeBuilder::new("platform").attr("name", "smba").build(),
        ]);
        if let Some(connection) = self.connections.get_mut(&connection) {
            connection.linking = Some((phone, index));
        }
        let id = format!("pair-{}", self.next_number());
        self.write(connection, request(&id, success.build()));
    }

    /// The companion has countersigned: it is known from now on, and has to log in as who it is.
    pub(super) fn finish_pairing(&mut self, connection: ConnectionId) {
        let Some(stranger) = self.connections.get_mut(&connection) else { return };
        let Some((phone, index)) = stranger.linking.take() else {
            return self.violation("a companion signed without being linked");
        };
        let noise_key: NoiseKey = stranger.noise_key;
        stranger.references.clear();
        self.devices.push(Device::new(phone, index, noise_key));
        let restart = NodeBuilder::new("stream:error").attr("code", "515").build();
        self.write(connection, restart);
        self.put(connection, Out::Close);
    }

    /// A companion asks for a code to be typed, or sends its identity after that was done.
    pub(super) fn on_link_code(&mut self, connection: ConnectionId, id: &str, registration: &Node) {
        match attr(registration, "stage").as_str() {
            "companion_hello" => {
                let number = attr(registration, "jid").split('@').next().unwrap_or("").to_owned();
                if !self.phones.iter().any(|phone| phone.number == number) {
                    return self.write(connection, refusal(id, 400, "bad-request"));
                }
                let reference = format!("code-ref-{}", self.next_number()).into_bytes();
                let wrapped = "link_code_pairing_wrapped_companion_ephemeral_pub";
                let code = LinkCode {
                    number,
                    reference: reference.clone(),
                    companion_ephemeral: content_of(registration, wrapped).to_vec(),
                    typed: None,
                };
                if let Some(connection) = self.connections.get_mut(&connection) {
                    connection.link_code = Some(code);
                }
                let answer = NodeBuilder::new("link_code_companion_reg")
                    .children([bytes_node("link_code_pairing_ref", reference)]);
                self.write(connection, result(id).children([answer.build()]).build());
            }
            "companion_finish" => {
                self.write(connection, result(id).build());
                if let Err(error) = self.finish_link_code(connection, registration) {
                    self.violation(format!("companion_finish: {error:#}"));
                }
            }
            other => self.violation(format!("no such stage of linking: {other}")),
        }
    }

    /// Which connection waits for a code of this account.
    pub(super) fn waits_for_code(&self, phone: usize) -> Option<ConnectionId> {
        let number = &self.phones[phone].number;
        let waits = |code: &LinkCode| code.number == *number && code.typed.is_none();
        let mut all = self.connections.iter();
        all.find(|(_, it)| it.link_code.as_ref().is_some_and(waits)).map(|(id, _)| *id)
    }

    /// The code is typed on the phone. A wrong one shows only when the companion cannot go on.
    pub(super) fn type_code(&mut self, phone: usize, code: &str) -> anyhow::Result<()> {
        let connection = self.waits_for_code(phone).context("nobody waits for a code")?;
        let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        let identity = *self.phones[phone].peer.identity().identity_key().public_key();
        let id = format!("code-{}", self.next_number());
        let stranger = self.connections.get_mut(&connection).context("it is gone")?;
        let waiting = stranger.link_code.as_mut().context("it waits no more")?;
        let theirs =
            PairCodeUtils::decrypt_primary_ephemeral_pub(&waiting.companion_ephemeral, &code)?;
        let ephemeral = KeyPair::generate(&mut randomness());
        let ours: [u8; 32] = ephemeral.public_key.public_key_bytes().try_into()?;
        let wrapped = PairCodeUtils::encrypt_ephemeral_pub(&ours, &code);
        let companion_ephemeral = PublicKey::from_djb_public_key_bytes(&theirs)?;
        let reference = waiting.reference.clone();
        waiting.typed = Some(Typed { phone, ephemeral, companion_ephemeral });
        let hello =
            NodeBuilder::new("link_code_companion_reg").attr("stage", "primary_hello").children([
                bytes_node("link_code_pairing_wrapped_primary_ephemeral_pub", wrapped),
                bytes_node("primary_identity_pub", identity.public_key_bytes()),
                bytes_node("link_code_pairing_ref", reference),
            ]);
        let notification = NodeBuilder::new("notification")
            .attr("from", SERVER)
            .attr("type", "link_code_companion_reg")
            .attr("id", id)
            .children([hello.build()]);
        self.write(connection, notification.build());
        Ok(())
    }

    fn finish_link_code(
        &mut self,
        connection: ConnectionId,
        registration: &Node,
    ) -> anyhow::Result<()> {
        let stranger = self.connections.get_mut(&connection).context("it is gone")?;
        let code = stranger.link_code.take().context("it asked for no code")?;
        ensure!(content_of(registration, "link_code_pairing_ref") == code.reference, "reference");
        let Typed { phone, ephemeral, companion_ephemeral } =
            code.typed.context("no code was typed")?;
        let bundle = content_of(registration, "link_code_pairing_wrapped_key_bundle");
        ensure!(bundle.len() > 44, "a bundle of {} bytes", bundle.len());
        let (salt, rest) = bundle.split_at(32);
        let (nonce, sealed) = rest.split_at(12);
        let shared = ephemeral.private_key.calculate_agreement(&companion_ephemeral)?;
        let mut key = [0; 32];
        hkdf_sha256_into(&shared, Some(salt), BUNDLE_KEY, &mut key)?;
        let mut opened = Vec::new();
        aes_256_gcm_decrypt(&key, nonce.try_into()?, b"", sealed, &mut opened)?;
        ensure!(opened.len() == 96, "an opened bundle of {} bytes", opened.len());
        let (identity, rest) = opened.split_at(32);
        ensure!(content_of(registration, "companion_identity_public") == identity, "identities");
        let own = self.phones[phone].peer.identity();
        let companion = PublicKey::from_djb_public_key_bytes(identity)?;
        let agreed = own.private_key().calculate_agreement(&companion)?;
        let mut secret = [0; 32];
        let combined = [&shared[..], &agreed, &rest[32..]].concat();
        hkdf_sha256_into(&combined, None, b"adv_secret", &mut secret)?;
        self.vouch(connection, phone, identity, &secret);
        Ok(())
    }
}
