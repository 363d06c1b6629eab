//! The files of messages: which are still to be fetched, where they are, and who may read them.

use super::{Scope, Store, StoreError, files, sql::sql, unit};
use crate::domain::{
    AgentId, MediaStatus, Message, MessageRowId, SessionId, Timestamp,
    file::{FileKey, StoredFile},
};

impl Store {
    /// Messages of these numbers whose file is still with the network, the oldest first, after one that was
    /// read before.
    pub async fn list_pending_media(
        &self,
        sessions: &[SessionId],
        after: MessageRowId,
        limit: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let select = sql("SELECT * FROM messages WHERE media_status = 'pending' AND id > $1");
        let select = select
            .bind(after)
            .push_in(" AND session_id IN", sessions.iter().copied())
            .push_bind(" ORDER BY id LIMIT ", limit);
        self.reader.all(select).await
    }

    /// The file of a message has been put into the storage: kept and shown from now on. `details` replaces
    /// what the kind carries, where more is known now.
    pub async fn keep_media(
        &self,
        id: MessageRowId,
        file: StoredFile,
        details: Option<String>,
        now: Timestamp,
    ) -> Result<Message, StoreError> {
        self.unit(unit!(tx => {
            files::keep(tx, &file.key, now).await?;
            let update = sql("UPDATE messages SET media_key = $1, media_status = $2, \
                 media_mime_type = $3, media_size = $4, details = COALESCE($5, details) \
                 WHERE id = $6 RETURNING *")
                .bind(&file.key)
                .bind(MediaStatus::Ready)
                .bind(file.media_type)
                .bind(file.bytes)
                .bind(details)
                .bind(id);
            let message: Message = tx.one(update).await?;
            tx.outbox.media_changed(&message, now);
            Ok(message)
        }))
        .await
    }

    /// The file of a message will not come.
    pub async fn fail_media(
        &self,
        id: MessageRowId,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE messages SET media_status = 'failed' \
                 WHERE id = $1 AND media_status = 'pending' RETURNING *");
            let failed: Option<Message> = tx.opt(update.bind(id)).await?;
            if let Some(message) = &failed {
                tx.outbox.media_changed(message, now);
            }
            Ok(failed)
        }))
        .await
    }

    /// A file that did not come is asked for again.
    pub async fn renew_media(
        &self,
        id: MessageRowId,
        now: Timestamp,
    ) -> Result<Option<Message>, StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE messages SET media_status = 'pending' \
                 WHERE id = $1 AND media_status = 'failed' RETURNING *");
            let renewed: Option<Message> = tx.opt(update.bind(id)).await?;
            if let Some(message) = &renewed {
                tx.outbox.media_changed(message, now);
            }
            Ok(renewed)
        }))
        .await
    }

    /// A message with this file that somebody may see: it decides about the file.
    pub async fn find_media_message(
        &self,
        scope: &Scope,
        viewer: AgentId,
        key: &FileKey,
    ) -> Result<Option<Message>, StoreError> {
        let select = sql("SELECT m.* FROM messages m WHERE m.media_key = $1").bind(key);
        let select = super::messages::push_scope(scope, viewer, select);
        self.reader.opt(select.push(" ORDER BY m.id LIMIT 1")).await
    }
}
