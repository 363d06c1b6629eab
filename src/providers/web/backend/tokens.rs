//! Tokens of trusted contacts. What was received and when we gave ours are written by different parts of
//! the library at the same time, so each change looks at what is there.

use dx_actors::store::{RecordChange, StoreError};
use serde::{Deserialize, Serialize};
use whatsapp_rust::wacore::store::traits::TcTokenEntry;

use super::{
    Backend, Kind, Outcome,
    vault::{DEAD, Vault, key},
};

/// An entry and whose it is.
#[derive(Serialize, Deserialize)]
struct Token {
    jid: String,
    entry: TcTokenEntry,
}

impl Token {
    /// Removed when neither of both is young enough.
    fn stamps(&self) -> [i64; 2] {
        let TcTokenEntry { token, token_timestamp, sender_timestamp } = &self.entry;
        let received = if token.is_empty() { DEAD } else { *token_timestamp };
        [received, sender_timestamp.unwrap_or(DEAD)]
    }

    fn put(&self, vault: &Vault) -> Result<RecordChange, StoreError> {
        let key = key(&[self.jid.as_bytes()]);
        vault.put_value(Kind::TcToken, key, self, self.stamps())
    }
}

impl Backend {
    pub(super) async fn token(&self, jid: &str) -> Outcome<Option<TcTokenEntry>> {
        let bytes = self.get(Kind::TcToken, &key(&[jid.as_bytes()])).await?;
        let token = bytes.map(|bytes| self.vault.parse::<Token>(&bytes)).transpose();
        Ok(token.map_err(|error| self.failure(error))?.map(|token| token.entry))
    }

    pub(super) async fn put_token(&self, jid: &str, entry: &TcTokenEntry) -> Outcome<()> {
        let token = Token { jid: jid.to_owned(), entry: entry.clone() };
        let put = token.put(&self.vault).map_err(|error| self.failure(error))?;
        self.change(vec![put]).await
    }

    pub(super) async fn token_jids(&self) -> Outcome<Vec<String>> {
        let found = self.list(Kind::TcToken, b"").await?;
        let read = |record| self.vault.read(record).map(|token: Token| token.jid);
        let jids: Result<Vec<_>, _> = found.iter().map(read).collect();
        jids.map_err(|error| self.failure(error))
    }

    /// We have given our token at this time; the time only moves forward.
    pub(super) async fn touch_token(&self, jid: &str, at: i64) -> Outcome<()> {
        self.change_token(jid, move |known| match known {
            Some(known) => Some(TcTokenEntry {
                sender_timestamp: Some(known.sender_timestamp.map_or(at, |then| then.max(at))),
                ..known
            }),
            None => Some(TcTokenEntry {
                token: Vec::new(),
                token_timestamp: at,
                sender_timestamp: Some(at),
            }),
        })
        .await
    }

    /// A contact has given us this token; an older one does not replace a younger one.
    pub(super) async fn receive_token(&self, jid: &str, token: Vec<u8>, at: i64) -> Outcome<()> {
        self.change_token(jid, move |known| match known {
            Some(known) if !known.token.is_empty() && at < known.token_timestamp => None,
            known => Some(TcTokenEntry {
                token,
                token_timestamp: at,
                sender_timestamp: known.and_then(|known| known.sender_timestamp),
            }),
        })
        .await
    }

    /// Writes what `change` makes of the entry, if it makes anything.
    async fn change_token<F>(&self, jid: &str, change: F) -> Outcome<()>
    where
        F: FnOnce(Option<TcTokenEntry>) -> Option<TcTokenEntry> + Send + 'static,
    {
        let (jid, keys) = (jid.to_owned(), vec![key(&[jid.as_bytes()])]);
        self.plan(Kind::TcToken, keys, move |vault, found| {
            let known = found.first().map(|record| vault.read::<Token>(record)).transpose()?;
            let entry = change(known.map(|token| token.entry));
            let put = entry.map(|entry| Token { jid, entry }.put(vault)).transpose()?;
            Ok((put.into_iter().collect(), ()))
        })
        .await
    }
}
