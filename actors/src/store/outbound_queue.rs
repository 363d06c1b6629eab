//! What people decide about messages on their way out.

use super::{Store, StoreError, sql::sql, unit};
use crate::domain::{Message, MessageRowId, Timestamp};

impl Store {
    /// A message that failed is to be sent again, under the id that it has. `None` when it has not failed.
    pub(crate) async fn requeue_failed(
        &self,
        id: MessageRowId,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE messages SET status = 'queued', status_rank = 0, error = '', \
                 queued_at = $1 WHERE id = $2 AND direction = 'outbound' AND status = 'failed' \
                 RETURNING *");
            tx.opt(update.bind(now).bind(id)).await
        }))
        .await
    }

    /// A message that waits to be sent is not sent any more. `None` when it waits no longer.
    pub(crate) async fn cancel_queued(
        &self,
        id: MessageRowId,
        error: &'static str,
    ) -> Result<Option<Message>, StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE messages SET status = 'failed', status_rank = 3, error = $1 \
                 WHERE id = $2 AND direction = 'outbound' AND status = 'queued' RETURNING *");
            tx.opt(update.bind(error).bind(id)).await
        }))
        .await
    }
}
