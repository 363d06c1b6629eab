//! People who were written to before they ever wrote: each number has a daily budget of them.

use super::{Store, StoreError, sql::sql, unit};
use crate::domain::{Timestamp, ids::ChatKey, session::COLD_WINDOW};

/// Whether somebody may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColdContact {
    /// He has written, or was written to before.
    Known,
    /// Counted now.
    Spent,
    /// The budget is used up.
    Exhausted,
}

impl Store {
    /// Counts a person who never wrote against the budget of the last 24 hours, once.
    pub(crate) async fn spend_cold_contact(
        &self,
        key: &ChatKey,
        per_day: i64,
        now: Timestamp,
    ) -> Result<ColdContact, StoreError> {
        let key = key.clone();
        self.unit(unit!(tx => {
            let known = sql("SELECT session_id FROM messages WHERE chat_id = $2 AND session_id = $1 \
                 AND direction = 'inbound' UNION ALL \
                 SELECT session_id FROM cold_contacts WHERE session_id = $1 AND chat_id = $2 LIMIT 1");
            let known = known.bind(key.session_id).bind(key.chat_id.as_str());
            if tx.opt::<(i64,)>(known).await?.is_some() {
                return Ok(ColdContact::Known);
            }
            let count = sql("SELECT COUNT(*) FROM cold_contacts WHERE session_id = $1 AND at > $2");
            let (spent,): (i64,) =
                tx.one(count.bind(key.session_id).bind(now.minus(COLD_WINDOW))).await?;
            if spent >= per_day {
                return Ok(ColdContact::Exhausted);
            }
            let insert = sql("INSERT INTO cold_contacts (session_id, chat_id, at) VALUES ($1, $2, $3)");
            tx.run(insert.bind(key.session_id).bind(key.chat_id).bind(now)).await?;
            Ok(ColdContact::Spent)
        }))
        .await
    }
}
