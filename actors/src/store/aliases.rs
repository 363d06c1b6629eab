//! Other addresses of the same person, as networks tell them.

use super::{Store, StoreError, sql::sql, unit};
use crate::domain::{SessionId, Timestamp, ids::ChatKey};

/// What became of something that a network said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learnt {
    New,
    Known,
    /// The other address has a history of its own: two chats are never joined behind people's backs.
    InUse,
}

/// An address and the chat that it means.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ChatAlias {
    pub session_id: SessionId,
    pub alias: String,
    pub chat_id: String,
}

impl Store {
    /// From now on `alias` means this chat.
    pub(crate) async fn learn_alias(
        &self,
        key: &ChatKey,
        alias: String,
        now: Timestamp,
    ) -> Result<Learnt, StoreError> {
        let key = key.clone();
        self.unit(unit!(tx => {
            let used = sql("SELECT id FROM messages WHERE chat_id = $1 AND session_id = $2 LIMIT 1");
            let used = used.bind(alias.as_str()).bind(key.session_id);
            if tx.opt::<(crate::domain::MessageRowId,)>(used).await?.is_some() {
                return Ok(Learnt::InUse);
            }
            let insert = sql("INSERT INTO chat_aliases (session_id, alias, chat_id, learnt_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
                .bind(key.session_id)
                .bind(alias)
                .bind(key.chat_id)
                .bind(now);
            Ok(if tx.run(insert).await? == 0 { Learnt::Known } else { Learnt::New })
        }))
        .await
    }

    pub(crate) async fn list_aliases(&self) -> Result<Vec<ChatAlias>, StoreError> {
        self.reader.all(sql("SELECT session_id, alias, chat_id FROM chat_aliases")).await
    }
}
