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
            let requeued: Option<Message> = tx.opt(update.bind(now).bind(id)).await?;
            if let Some(message) = &requeued {
                tx.outbox.message_moved(message, false, now);
            }
            Ok(requeued)
        }))
        .await
    }

    /// A message that waits to be sent is not sent any more. `None` when it waits no longer.
    pub(crate) async fn cancel_queued(
        &self,
        id: MessageRowId,
        error: &'static str,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE messages SET status = 'failed', status_rank = 3, error = $1 \
                 WHERE id = $2 AND direction = 'outbound' AND status = 'queued' RETURNING *");
            let cancelled: Option<Message> = tx.opt(update.bind(error).bind(id)).await?;
            if let Some(message) = &cancelled {
                tx.outbox.message_moved(message, false, now);
            }
            Ok(cancelled)
        }))
        .await
    }
}
