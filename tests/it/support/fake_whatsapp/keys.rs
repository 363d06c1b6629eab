//! The keys that companions upload so that others can write to them while they are away.

use std::collections::VecDeque;

use wacore_libsignal::protocol::{IdentityKey, PreKeyBundle, PublicKey};
use whatsapp_rust::{
    NodeBuilder,
    anyhow::{self, Context as _, ensure},
    wacore::prekeys::compute_key_bundle_digest,
    wacore_binary::Node,
};

use super::nodes::{bytes_node, children, content, content_of, number};

/// Fewer keys than this, and the companion is asked for more.
pub(super) const LOW_KEYS: usize = 5;

/// What one companion has uploaded.
#[derive(Debug)]
pub(super) struct UploadedKeys {
    registration: u32,
    identity: IdentityKey,
    signed: SignedKey,
    one_time: VecDeque<(u32, PublicKey)>,
}

#[derive(Debug)]
struct SignedKey {
    id: u32,
    public: PublicKey,
    signature: Vec<u8>,
}

impl SignedKey {
    fn parse(node: &Node) -> anyhow::Result<Self> {
        let signature = content_of(node, "signature").to_vec();
        ensure!(signature.len() == 64, "a signature of {} bytes", signature.len());
        let public = public_key(content_of(node, "value"))?;
        Ok(Self { id: number(content_of(node, "id")), public, signature })
    }
}

impl UploadedKeys {
    /// Of an upload, or of a request to be written to anew, which carries one key.
    pub(super) fn parse(node: &Node, registration: &[u8]) -> anyhow::Result<Self> {
        let signed = SignedKey::parse(node.get_optional_child("skey").context("no skey")?)?;
        let identity = IdentityKey::new(public_key(content_of(node, "identity"))?);
        let is_signed =
            identity.public_key().verify_signature(&signed.public.serialize(), &signed.signature);
        ensure!(is_signed, "the key is signed by somebody else");
        let list = node.get_optional_child("list").map_or(&[][..], children);
        let single = node.get_optional_child("key");
        let one_time = list.iter().chain(single).map(one_time_key).collect::<Result<_, _>>()?;
        Ok(Self { registration: number(registration), identity, signed, one_time })
    }

    /// Takes over what another upload brings; keys that nobody has used stay.
    pub(super) fn merge(&mut self, new: Self) {
        let Self { registration, identity, signed, one_time } = new;
        if identity != self.identity {
            self.one_time.clear();
        }
        (self.registration, self.identity, self.signed) = (registration, identity, signed);
        let is_known =
            |id: u32, known: &VecDeque<(u32, PublicKey)>| known.iter().any(|key| key.0 == id);
        for key in one_time {
            if !is_known(key.0, &self.one_time) {
                self.one_time.push_back(key);
            }
        }
    }

    pub(super) fn rotate(&mut self, node: &Node) -> anyhow::Result<()> {
        self.signed = SignedKey::parse(node)?;
        Ok(())
    }

    pub(super) fn count(&self) -> usize {
        self.one_time.len()
    }

    /// What is handed to somebody who opens a session; its one-time key is nobody else's.
    pub(super) fn take_bundle(&mut self, device: u16) -> PreKeyBundle {
        let one_time = self.one_time.pop_front().map(|(id, public)| (id.into(), public));
        PreKeyBundle::new(
            self.registration,
            u32::from(device).into(),
            one_time,
            self.signed.id.into(),
            self.signed.public,
            self.signed.signature.clone(),
            self.identity,
        )
        .expect("the keys were checked")
    }

    /// The answer to the question whether the server has what the companion believes.
    pub(super) fn digest(&self) -> Node {
        let publics: Vec<_> =
            self.one_time.iter().map(|(_, public)| public.public_key_bytes()).collect();
        let (identity, signed) = (self.identity.public_key(), &self.signed);
        let hash = compute_key_bundle_digest(
            identity.public_key_bytes(),
            signed.public.public_key_bytes(),
            &signed.signature,
            &publics,
        );
        let ids = self.one_time.iter().map(|(id, _)| bytes_node("id", short(*id)));
        let signed = NodeBuilder::new("skey").children([
            bytes_node("id", short(signed.id)),
            bytes_node("value", signed.public.public_key_bytes()),
            bytes_node("signature", signed.signature.clone()),
        ]);
        NodeBuilder::new("digest")
            .children([
                bytes_node("registration", self.registration.to_be_bytes()),
                bytes_node("type", [5]),
                bytes_node("identity", identity.public_key_bytes()),
                signed.build(),
                NodeBuilder::new("list").children(ids).build(),
                bytes_node("hash", hash),
            ])
            .build()
    }
}

/// Ids of keys are written in three bytes.
fn short(id: u32) -> [u8; 3] {
    let [_, a, b, c] = id.to_be_bytes();
    [a, b, c]
}

fn one_time_key(node: &Node) -> anyhow::Result<(u32, PublicKey)> {
    Ok((number(content_of(node, "id")), public_key(content_of(node, "value"))?))
}

fn public_key(bytes: &[u8]) -> anyhow::Result<PublicKey> {
    PublicKey::from_djb_public_key_bytes(bytes).context("a public key")
}

/// What a phone says to be written to anew.
pub(super) fn for_retry(bundle: &PreKeyBundle) -> Node {
    let complete = "a complete bundle";
    let identity = bundle.identity_key().expect(complete).public_key();
    let one_time = NodeBuilder::new("key").children([
        bytes_node("id", short(bundle.pre_key_id().expect(complete).expect(complete).into())),
        bytes_node(
            "value",
            bundle.pre_key_public().expect(complete).expect(complete).public_key_bytes(),
        ),
    ]);
    let signed = NodeBuilder::new("skey").children([
        bytes_node("id", short(bundle.signed_pre_key_id().expect(complete).into())),
        bytes_node("value", bundle.signed_pre_key_public().expect(complete).public_key_bytes()),
        bytes_node("signature", bundle.signed_pre_key_signature().expect(complete)),
    ]);
    NodeBuilder::new("keys")
        .children([
            bytes_node("type", [5]),
            bytes_node("identity", identity.public_key_bytes()),
            one_time.build(),
            signed.build(),
        ])
        .build()
}

/// The keys of a request to be written to anew.
pub(super) fn of_retry(receipt: &Node) -> Option<anyhow::Result<UploadedKeys>> {
    let keys = receipt.get_optional_child("keys")?;
    let registration = receipt.get_optional_child("registration").map_or(&[][..], content);
    Some(UploadedKeys::parse(keys, registration))
}
