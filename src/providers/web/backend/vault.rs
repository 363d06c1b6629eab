//! How records are named, sealed and opened.

use std::sync::Arc;

use dx_actors::{
    domain::SessionId,
    store::{Record, RecordChange, StoreError},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::secrets::{RecordPlace, RecordSealer, SealError};

/// PostgreSQL takes up to 2,700 bytes into an index. Addresses and ids of messages have less than a
/// hundred; a sender may choose longer ids, though, and must not stop the number by it.
const KEY_BYTES_MAX: usize = 1024;
/// The stamp of what no sweep removes.
pub(super) const KEPT: i64 = i64::MAX;
/// The stamp of what does not keep a record alive.
pub(super) const DEAD: i64 = i64::MIN;

/// What a record is. The words are stored, and authenticated with the value: they stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Identity,
    Session,
    PreKey,
    SignedPreKey,
    SenderKey,
    SyncKey,
    /// Which of the sync keys came last.
    LatestSyncKey,
    AppState,
    MutationMac,
    SenderKeyDevice,
    LidMapping,
    /// The other way round: from a phone number to the entry of [`Kind::LidMapping`].
    PhoneMapping,
    BaseKey,
    DeviceList,
    GroupMetadata,
    TcToken,
    SentMessage,
    PendingInbound,
    MessageSecret,
    Device,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Session => "session",
            Self::PreKey => "prekey",
            Self::SignedPreKey => "signed_prekey",
            Self::SenderKey => "sender_key",
            Self::SyncKey => "sync_key",
            Self::LatestSyncKey => "latest_sync_key",
            Self::AppState => "app_state",
            Self::MutationMac => "mutation_mac",
            Self::SenderKeyDevice => "sender_key_device",
            Self::LidMapping => "lid_mapping",
            Self::PhoneMapping => "phone_mapping",
            Self::BaseKey => "base_key",
            Self::DeviceList => "device_list",
            Self::GroupMetadata => "group_metadata",
            Self::TcToken => "tc_token",
            Self::SentMessage => "sent_message",
            Self::PendingInbound => "pending_inbound",
            Self::MessageSecret => "message_secret",
            Self::Device => "device",
        }
    }

    pub(super) fn delete(self, key: Vec<u8>) -> RecordChange {
        RecordChange::Delete { kind: self.as_str(), key }
    }

    /// All whose keys begin like this.
    pub(super) fn delete_all(self, prefix: Vec<u8>) -> RecordChange {
        RecordChange::DeleteAll { kind: self.as_str(), prefix }
    }
}

/// A key of several parts, all but the last one with their lengths; see [`prefix`]. One that is too
/// long for an index is replaced by its digest.
pub(super) fn key(parts: &[&[u8]]) -> Vec<u8> {
    let Some((last, first)) = parts.split_last() else { return Vec::new() };
    let mut key = prefix(first);
    key.extend_from_slice(last);
    if key.len() <= KEY_BYTES_MAX {
        return key;
    }
    ring::digest::digest(&ring::digest::SHA256, &key).as_ref().to_vec()
}

/// How the keys begin whose first parts are these.
pub(super) fn prefix(parts: &[&[u8]]) -> Vec<u8> {
    let mut prefix = Vec::new();
    for part in parts {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        prefix.extend_from_slice(&length.to_be_bytes());
        prefix.extend_from_slice(part);
    }
    prefix
}

/// The parts of a key of two parts.
pub(super) fn halves(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = key.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// Seals and opens the records of one number. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vault {
    session_id: SessionId,
    sealer: Arc<RecordSealer>,
}

impl Vault {
    pub(super) fn new(session_id: SessionId, sealer: Arc<RecordSealer>) -> Self {
        Self { session_id, sealer }
    }

    /// What is behind a record; [`StoreError::Corrupt`] when it does not open.
    pub fn open(&self, record: &Record) -> Result<Vec<u8>, StoreError> {
        let place = self.place(&record.kind, &record.key);
        self.sealer.open(place, &record.value).map_err(|_| self.corrupt())
    }

    /// The record with its value sealed for this number.
    pub fn seal(&self, record: Record) -> Result<Record, StoreError> {
        let place = self.place(&record.kind, &record.key);
        match self.sealer.seal(place, &record.value) {
            Ok(value) => Ok(Record { value, ..record }),
            Err(error) => Err(unsealable(error)),
        }
    }

    /// What is behind a record of a structured kind.
    pub(super) fn read<T: DeserializeOwned>(&self, record: &Record) -> Result<T, StoreError> {
        self.parse(&self.open(record)?)
    }

    pub(super) fn parse<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, StoreError> {
        serde_json::from_slice(bytes).map_err(|_| self.corrupt())
    }

    /// A record that no sweep removes.
    pub(super) fn put(
        &self,
        kind: Kind,
        key: Vec<u8>,
        value: &[u8],
    ) -> Result<RecordChange, StoreError> {
        self.put_stamped(kind, key, value, [KEPT, KEPT])
    }

    pub(super) fn put_stamped(
        &self,
        kind: Kind,
        key: Vec<u8>,
        value: &[u8],
        [stamp, other_stamp]: [i64; 2],
    ) -> Result<RecordChange, StoreError> {
        let kind = kind.as_str().to_owned();
        let record = Record { kind, key, value: value.to_vec(), stamp, other_stamp };
        self.seal(record).map(RecordChange::Put)
    }

    /// A record of a structured kind.
    pub(super) fn put_value<T: Serialize>(
        &self,
        kind: Kind,
        key: Vec<u8>,
        value: &T,
        stamps: [i64; 2],
    ) -> Result<RecordChange, StoreError> {
        let bytes = serde_json::to_vec(value).map_err(|_| self.corrupt())?;
        self.put_stamped(kind, key, &bytes, stamps)
    }

    pub(super) fn corrupt(&self) -> StoreError {
        StoreError::Corrupt { table: "web_records", id: self.session_id.0 }
    }

    fn place<'a>(&self, kind: &'a str, key: &'a [u8]) -> RecordPlace<'a> {
        RecordPlace { session_id: self.session_id.0, kind, key }
    }
}

/// Nothing has been written, and the next attempt may find random numbers.
fn unsealable(error: SealError) -> StoreError {
    tracing::error!(%error, "a record cannot be sealed");
    StoreError::Closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_several_parts_are_not_mixed_up() {
        assert_ne!(key(&[b"ab", b"c"]), key(&[b"a", b"bc"]));
        assert_ne!(key(&[b"a", b"", b"b"]), key(&[b"a", b"b", b""]));
        assert!(key(&[b"group", b"device"]).starts_with(&prefix(&[b"group"])));
        assert!(!key(&[b"group2", b"device"]).starts_with(&prefix(&[b"group"])));
        assert_eq!(halves(&key(&[b"group", b"device"])), Some((&b"group"[..], &b"device"[..])));
        assert_eq!(halves(b"abc"), None);
        assert_eq!(halves(&[0, 0, 0, 9, 1]), None);
    }

    #[test]
    fn a_key_that_no_index_takes_is_shortened_without_meeting_another() {
        let (one, two) = ([b'x'; 5000], [b'x'; 5001]);
        assert_eq!(key(&[b"chat", &one]).len(), 32);
        assert_ne!(key(&[b"chat", &one]), key(&[b"chat", &two]));
        assert_eq!(key(&[b"chat", &one]), key(&[b"chat", &one]));
    }
}
