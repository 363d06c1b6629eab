//! Other addresses of the same person, as networks tell them.

use super::{Store, StoreError, db::Tx, sql::sql, unit};
use crate::domain::{CustomerId, MessageRowId, SessionId, TicketStatus, Timestamp, ids::ChatKey};

/// What became of something that a network said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learnt {
    New,
    Known,
    /// The other address has a history of its own: two chats are never joined behind people's backs. Once
    /// somebody has merged their customers and the other chat is closed, the next one is one.
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
            let is_used = tx.opt::<(MessageRowId,)>(used).await?.is_some();
            if is_used && !is_one_customer(tx, &key, &alias).await? {
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

/// The other address is that of a customer whom a person has merged with the one of the chat, and nothing
/// is going on there.
async fn is_one_customer(tx: &mut Tx, key: &ChatKey, alias: &str) -> Result<bool, StoreError> {
    let select =
        sql("SELECT customer_id, status FROM tickets WHERE session_id = $1 AND chat_id = $2 \
         ORDER BY id DESC LIMIT 1");
    let of = |chat_id: &str| select.clone().bind(key.session_id).bind(chat_id);
    let here: Option<(CustomerId, TicketStatus)> = tx.opt(of(&key.chat_id)).await?;
    let there: Option<(CustomerId, TicketStatus)> = tx.opt(of(alias)).await?;
    Ok(match (here, there) {
        (Some((here, _)), Some((there, status))) => here == there && !status.is_open(),
        _ => false,
    })
}
