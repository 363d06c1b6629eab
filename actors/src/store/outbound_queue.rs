//! What people decide about messages on their way out.

use super::{Store, StoreError, sql::sql, unit};
use crate::domain::{Message, MessageRowId, MessageStatus, Timestamp};

impl Store {
    /// A message that failed is to be sent again, under the id that it has. `None` when it has not failed.
    pub(crate) async fn requeue_failed(
        &self,
        id: MessageRowId,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE messages SET status = $1, status_rank = $2, error = '', \
                 queued_at = $3 WHERE id = $4 AND direction = 'outbound' AND status = 'failed' \
                 RETURNING *");
            let status = MessageStatus::Queued;
            tx.opt(update.bind(status).bind(status.rank()).bind(now).bind(id)).await
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
            let update = sql("UPDATE messages SET status = $1, status_rank = $2, error = $3 \
                 WHERE id = $4 AND direction = 'outbound' AND status = 'queued' RETURNING *");
            let status = MessageStatus::Failed;
            tx.opt(update.bind(status).bind(status.rank()).bind(error).bind(id)).await
        }))
        .await
    }
}
