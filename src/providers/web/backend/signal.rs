//! Keys and ratchets of end-to-end encryption.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use whatsapp_rust::wacore::store::traits::SignalStore;

use super::{Backend, BackendError, Kind, Outcome, vault::key};

/// Of each one-time key the first byte says whether the server has it.
const UPLOADED: u8 = 1;

fn pre_key(id: u32) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

fn id_of(key: &[u8]) -> Outcome<u32> {
    let bytes = key.try_into();
    let bytes = bytes.map_err(|_| BackendError::Validation("id of a key".to_owned()))?;
    Ok(u32::from_be_bytes(bytes))
}

fn with_flag(record: &[u8], is_uploaded: bool) -> Vec<u8> {
    [&[if is_uploaded { UPLOADED } else { 0 }], record].concat()
}

fn without_flag(mut value: Vec<u8>) -> Bytes {
    if !value.is_empty() {
        value.remove(0);
    }
    value.into()
}

fn address(text: &str) -> Vec<u8> {
    key(&[text.as_bytes()])
}

impl Backend {
    async fn put_all(
        &self,
        kind: Kind,
        records: impl Iterator<Item = (Vec<u8>, &[u8])> + Send,
    ) -> Outcome<()> {
        let changes: Outcome<Vec<_>> =
            records.map(|(key, value)| self.put(kind, key, value)).collect();
        self.change(changes?).await
    }
}

#[async_trait]
impl SignalStore for Backend {
    async fn put_identity(&self, address_text: &str, key: [u8; 32]) -> Outcome<()> {
        self.set(Kind::Identity, address(address_text), &key).await
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Outcome<()> {
        let records = identities.iter().map(|(text, key)| (address(text), &key[..]));
        self.put_all(Kind::Identity, records).await
    }

    async fn load_identity(&self, address_text: &str) -> Outcome<Option<[u8; 32]>> {
        let Some(bytes) = self.get(Kind::Identity, &address(address_text)).await? else {
            return Ok(None);
        };
        let key = bytes.try_into();
        key.map(Some).map_err(|_| BackendError::Validation("length of an identity".to_owned()))
    }

    async fn delete_identity(&self, address_text: &str) -> Outcome<()> {
        self.delete(Kind::Identity, address(address_text)).await
    }

    async fn get_session(&self, address_text: &str) -> Outcome<Option<Bytes>> {
        Ok(self.get(Kind::Session, &address(address_text)).await?.map(Bytes::from))
    }

    async fn put_session(&self, address_text: &str, session: &[u8]) -> Outcome<()> {
        self.set(Kind::Session, address(address_text), session).await
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Outcome<()> {
        let records = sessions.iter().map(|(text, session)| (address(text), &session[..]));
        self.put_all(Kind::Session, records).await
    }

    async fn delete_session(&self, address_text: &str) -> Outcome<()> {
        self.delete(Kind::Session, address(address_text)).await
    }

    async fn has_session(&self, address_text: &str) -> Outcome<bool> {
        Ok(!self.find(Kind::Session, &[address(address_text)]).await?.is_empty())
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Outcome<bool> {
        for kind in [Kind::Session, Kind::Identity] {
            // `user@server` is the phone itself, `user:device@server` what is linked to it.
            for separator in ["@", ":"] {
                let beginning = [user.as_bytes(), separator.as_bytes()].concat();
                if !self.list(kind, &beginning).await?.is_empty() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn store_prekey(&self, id: u32, record: &[u8], uploaded: bool) -> Outcome<()> {
        self.set(Kind::PreKey, pre_key(id), &with_flag(record, uploaded)).await
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], uploaded: bool) -> Outcome<()> {
        let flagged: Vec<_> =
            keys.iter().map(|(id, record)| (pre_key(*id), with_flag(record, uploaded))).collect();
        let records = flagged.iter().map(|(key, value)| (key.clone(), &value[..]));
        self.put_all(Kind::PreKey, records).await
    }

    async fn load_prekey(&self, id: u32) -> Outcome<Option<Bytes>> {
        Ok(self.get(Kind::PreKey, &pre_key(id)).await?.map(without_flag))
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Outcome<Vec<(u32, Bytes)>> {
        let keys: Vec<_> = ids.iter().map(|id| pre_key(*id)).collect();
        let found = self.find(Kind::PreKey, &keys).await?;
        let read = |record| {
            let value = self.open(record)?;
            Ok((id_of(&record.key)?, without_flag(value)))
        };
        found.iter().map(read).collect()
    }

    async fn mark_prekeys_uploaded(&self, ids: &[u32]) -> Outcome<()> {
        let keys = ids.iter().map(|id| pre_key(*id)).collect();
        // Only those that are still there: one that was used meanwhile stays gone.
        self.plan(Kind::PreKey, keys, |vault, found| {
            let mut changes = Vec::with_capacity(found.len());
            for record in found {
                let value = with_flag(&without_flag(vault.open(&record)?), true);
                changes.push(vault.put(Kind::PreKey, record.key, &value)?);
            }
            Ok((changes, ()))
        })
        .await
    }

    async fn remove_prekey(&self, id: u32) -> Outcome<()> {
        self.delete(Kind::PreKey, pre_key(id)).await
    }

    async fn get_max_prekey_id(&self) -> Outcome<u32> {
        let kind = Kind::PreKey.as_str();
        let last = self.store.find_last_record(self.claim.session_id, kind).await;
        let last = last.map_err(|error| self.failure(error))?;
        last.map_or(Ok(0), |record| id_of(&record.key))
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Outcome<()> {
        self.set(Kind::SignedPreKey, pre_key(id), record).await
    }

    async fn load_signed_prekey(&self, id: u32) -> Outcome<Option<Vec<u8>>> {
        self.get(Kind::SignedPreKey, &pre_key(id)).await
    }

    async fn load_all_signed_prekeys(&self) -> Outcome<Vec<(u32, Vec<u8>)>> {
        let found = self.list(Kind::SignedPreKey, b"").await?;
        found.iter().map(|record| Ok((id_of(&record.key)?, self.open(record)?))).collect()
    }

    async fn remove_signed_prekey(&self, id: u32) -> Outcome<()> {
        self.delete(Kind::SignedPreKey, pre_key(id)).await
    }

    async fn put_sender_key(&self, address_text: &str, record: &[u8]) -> Outcome<()> {
        self.set(Kind::SenderKey, address(address_text), record).await
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Outcome<()> {
        let records = sender_keys.iter().map(|(text, record)| (address(text), &record[..]));
        self.put_all(Kind::SenderKey, records).await
    }

    async fn get_sender_key(&self, address_text: &str) -> Outcome<Option<Vec<u8>>> {
        self.get(Kind::SenderKey, &address(address_text)).await
    }

    async fn delete_sender_key(&self, address_text: &str) -> Outcome<()> {
        self.delete(Kind::SenderKey, address(address_text)).await
    }
}
