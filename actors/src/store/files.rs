//! What the storage holds and who refers to it. A file is `pending` from before it is put there until
//! a row refers to it (`kept`), and `released` when none does any more. What stays pending or released
//! for long is `doomed` by the sweep and deleted; a doomed file can no longer be kept.

use super::{Store, StoreError, db::Tx, sql::sql, unit};
use crate::domain::{
    Timestamp,
    file::{FileKey, StoredFile},
};

impl Store {
    /// Notes a file that is about to be put into the storage.
    pub async fn insert_pending_file(&self, file: StoredFile) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            let insert = sql("INSERT INTO files \
                 (key, state, bytes, sha256, media_type, created_at, changed_at) \
                 VALUES ($1, 'pending', $2, $3, $4, $5, $5)")
                .bind(file.key.as_str())
                .bind(file.bytes)
                .bind(file.sha256)
                .bind(file.media_type)
                .bind(file.created_at);
            tx.run(insert).await.map(drop)
        }))
        .await
    }

    /// From now on something refers to the pending file, and in exchange nothing to `replaced`.
    /// [`StoreError::Stale`] when the sweep was faster. For what is not a row of a table of the store
    /// (settings); rows do it in the transaction that writes them.
    pub async fn keep_file(
        &self,
        key: FileKey,
        replaced: Option<FileKey>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            keep(tx, &key, now).await?;
            match replaced {
                Some(replaced) => release(tx, &replaced, now).await,
                None => Ok(()),
            }
        }))
        .await
    }

    /// From now on nothing refers to the file; the sweep deletes it.
    pub async fn release_file(&self, key: FileKey, now: Timestamp) -> Result<(), StoreError> {
        self.unit(unit!(tx => release(tx, &key, now).await)).await
    }

    pub async fn find_file(&self, key: &FileKey) -> Result<Option<StoredFile>, StoreError> {
        let select = sql("SELECT key, bytes, sha256, media_type, created_at FROM files \
             WHERE state IN ('pending', 'kept') AND key = $1");
        self.reader.opt(select.bind(key.as_str())).await
    }

    /// Dooms files to which nothing has referred since `before`, oldest first, and returns them with
    /// those doomed earlier of which [`Store::delete_file_row`] has not heard.
    pub async fn doom_files(
        &self,
        before: Timestamp,
        limit: i64,
    ) -> Result<Vec<FileKey>, StoreError> {
        let rows: Vec<KeyRow> = self
            .unit(unit!(tx => {
                let update = sql("UPDATE files SET state = 'doomed' WHERE key IN (SELECT key \
                     FROM files WHERE state <> 'kept' AND changed_at < $1 ORDER BY changed_at \
                     LIMIT $2) AND state <> 'kept' RETURNING key");
                tx.all(update.bind(before).bind(limit)).await
            }))
            .await?;
        Ok(rows.into_iter().map(|row| row.key).collect())
    }

    /// The bytes of a doomed file are gone.
    pub async fn delete_file_row(&self, key: FileKey) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            let delete = sql("DELETE FROM files WHERE key = $1 AND state = 'doomed'");
            tx.run(delete.bind(key.as_str())).await.map(drop)
        }))
        .await
    }
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    key: FileKey,
}

/// Keeps a pending file as part of a larger transaction.
pub(super) async fn keep(tx: &mut Tx, key: &FileKey, now: Timestamp) -> Result<(), StoreError> {
    let update = sql("UPDATE files SET state = 'kept', changed_at = $1 \
         WHERE key = $2 AND state = 'pending'");
    match tx.run(update.bind(now).bind(key.as_str())).await? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// Keeps a file that may belong to something already, as part of a larger transaction.
pub(super) async fn keep_shared(
    tx: &mut Tx,
    key: &FileKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let update = sql("UPDATE files SET state = 'kept', changed_at = $1 \
         WHERE key = $2 AND state IN ('pending', 'kept')");
    match tx.run(update.bind(now).bind(key)).await? {
        1 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

/// Releases a kept file as part of a larger transaction.
pub(super) async fn release(tx: &mut Tx, key: &FileKey, now: Timestamp) -> Result<(), StoreError> {
    let update = sql("UPDATE files SET state = 'released', changed_at = $1 \
         WHERE key = $2 AND state = 'kept'");
    tx.run(update.bind(now).bind(key.as_str())).await.map(drop)
}
