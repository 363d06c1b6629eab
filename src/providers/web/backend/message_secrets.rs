//! Secrets of messages, with which what refers to them later (votes, reactions, edits) is read.

use std::collections::HashMap;

use async_trait::async_trait;
use dx_actors::store::{Record, RecordChange, StoreError};
use whatsapp_rust::wacore::store::traits::{
    MessageSecret, MsgSecretEntry, MsgSecretStore, merge_msg_secret_expiry,
    merge_msg_secret_message_ts,
};

use super::{
    Backend, Kind, Outcome,
    vault::{DEAD, KEPT, Vault, key},
};

fn secret_key(chat: &str, sender: &str, msg_id: &str) -> Vec<u8> {
    key(&[chat.as_bytes(), sender.as_bytes(), msg_id.as_bytes()])
}

/// What is stored: the secret, when it expires (0: never), when its message was written (0: not known).
#[derive(Clone, Copy)]
struct Secret {
    bytes: MessageSecret,
    expires_at: i64,
    message_ts: i64,
}

impl Secret {
    fn to_bytes(self) -> Vec<u8> {
        let Self { bytes, expires_at, message_ts } = self;
        [&bytes[..], &expires_at.to_be_bytes(), &message_ts.to_be_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (secret, rest) = bytes.split_first_chunk()?;
        let (expires_at, rest) = rest.split_first_chunk()?;
        let (message_ts, rest) = rest.split_first_chunk()?;
        rest.is_empty().then_some(Self {
            bytes: *secret,
            expires_at: i64::from_be_bytes(*expires_at),
            message_ts: i64::from_be_bytes(*message_ts),
        })
    }

    fn read(vault: &Vault, record: &Record) -> Result<Self, StoreError> {
        Self::from_bytes(&vault.open(record)?).ok_or_else(|| vault.corrupt())
    }

    /// What is known of both.
    fn joined(self, known: Option<Self>) -> Self {
        let Some(known) = known else { return self };
        Self {
            bytes: self.bytes,
            expires_at: merge_msg_secret_expiry(known.expires_at, self.expires_at),
            message_ts: merge_msg_secret_message_ts(known.message_ts, self.message_ts),
        }
    }

    fn put(self, vault: &Vault, key: Vec<u8>) -> Result<RecordChange, StoreError> {
        let stamp = if self.expires_at == 0 { KEPT } else { self.expires_at };
        vault.put_stamped(Kind::MessageSecret, key, &self.to_bytes(), [stamp, DEAD])
    }
}

#[async_trait]
impl MsgSecretStore for Backend {
    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Outcome<usize> {
        if entries.is_empty() {
            return Ok(0);
        }
        let stored = entries.len();
        let keys = entries
            .iter()
            .map(|entry| secret_key(&entry.chat, &entry.sender, &entry.msg_id))
            .collect();
        self.plan(Kind::MessageSecret, keys, move |vault, found| {
            let mut secrets = HashMap::with_capacity(stored);
            for record in found {
                let secret = Secret::read(vault, &record)?;
                secrets.insert(record.key, secret);
            }
            for MsgSecretEntry { chat, sender, msg_id, secret, expires_at, message_ts } in entries {
                let key = secret_key(&chat, &sender, &msg_id);
                let known = secrets.get(&key).copied();
                secrets.insert(key, Secret { bytes: secret, expires_at, message_ts }.joined(known));
            }
            let puts = secrets.into_iter().map(|(key, secret)| secret.put(vault, key));
            Ok((puts.collect::<Result<_, _>>()?, stored))
        })
        .await
    }

    async fn get_msg_secret(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Outcome<Option<Vec<u8>>> {
        let found = self.get_msg_secret_with_ts(chat, sender, msg_id).await?;
        Ok(found.map(|(secret, _)| secret))
    }

    async fn get_msg_secret_with_ts(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Outcome<Option<(Vec<u8>, i64)>> {
        let bytes = self.get(Kind::MessageSecret, &secret_key(chat, sender, msg_id)).await?;
        let Some(bytes) = bytes else { return Ok(None) };
        let secret = Secret::from_bytes(&bytes);
        let secret = secret.ok_or_else(|| self.failure(self.vault.corrupt()))?;
        Ok(Some((secret.bytes.to_vec(), secret.message_ts)))
    }

    /// Those whose deadline is at or before the cutoff.
    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Outcome<u32> {
        self.sweep(Kind::MessageSecret, cutoff_timestamp.saturating_add(1), KEPT).await
    }
}
