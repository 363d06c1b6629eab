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
            let update = update.bind(status).bind(status.rank()).bind(now).bind(id);
            let requeued: Option<Message> = tx.opt(update).await?;
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
            let update = sql("UPDATE messages SET status = $1, status_rank = $2, error = $3 \
                 WHERE id = $4 AND direction = 'outbound' AND status = 'queued' RETURNING *");
            let status = MessageStatus::Failed;
            let update = update.bind(status).bind(status.rank()).bind(error).bind(id);
            let cancelled: Option<Message> = tx.opt(update).await?;
            if let Some(message) = &cancelled {
                tx.outbox.message_moved(message, false, now);
            }
            Ok(cancelled)
        }))
        .await
    }
}
