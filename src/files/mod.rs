//! Files that people upload and that the hub makes: received, looked at, stored, read.
//!
//! A file takes three steps, so that nothing that is refused ever reaches the storage and nothing that
//! was left half-done stays there: [`Files::receive`] streams it into the spool and says what it is;
//! [`Files::store`] notes it in the database and puts it into the storage; the transaction that writes
//! the row that refers to it keeps it. [`sweep`] deletes what nobody kept.

pub mod kind;
mod local;
mod s3;
#[cfg(test)]
mod s3_tests;
#[cfg(test)]
pub(crate) mod samples;
mod spool;
mod storage;
pub mod sweep;
#[cfg(test)]
mod tests;
mod zip;

use std::{fmt, io, ops::Range, path::PathBuf, sync::Arc};

use bytes::Bytes;
use dx_actors::{
    Clock,
    domain::file::{FileKey, StoredFile},
    store::{Store, StoreError},
};
use futures_util::Stream;

pub use kind::FileKind;
pub use spool::{ReceiveError, Received};
pub use storage::{Content, Storage, StorageError};

use crate::config::{Config, StorageConfig};
use spool::Spool;

/// Below the data folder.
const FOLDER: &str = "files";

#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("the storage does not work")]
    Storage(#[from] StorageError),
    #[error("the file cannot be noted")]
    Store(#[from] StoreError),
}

/// The folder of the files cannot be used, or the remote storage is not configured as it has to be.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("`{path}` cannot be used")]
    Folder { path: PathBuf, source: io::Error },
    #[error("the S3 storage cannot be used: {0}")]
    Remote(String),
}

/// The door to all files. Cheap to clone.
#[derive(Clone)]
pub struct Files(Arc<Shared>);

struct Shared {
    spool: Spool,
    storage: Box<dyn Storage>,
    store: Store,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&self.0.storage).finish()
    }
}

impl Files {
    /// Opens the configured storage and clears the spool of what an earlier run left there.
    pub fn open(config: &Config, store: Store, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let folder = config.data_dir.join(FOLDER);
        let spool = Spool::open(&folder)
            .map_err(|source| OpenError::Folder { path: folder.clone(), source })?;
        let storage: Box<dyn Storage> = match &config.storage {
            StorageConfig::Local => Box::new(local::LocalStorage::new(folder)),
            StorageConfig::S3(config) => {
                Box::new(s3::S3Storage::new(config).map_err(OpenError::Remote)?)
            }
        };
        Ok(Self(Arc::new(Shared { spool, storage, store, clock })))
    }

    /// Takes in a file of at most `bytes_max` bytes, chunk by chunk, and finds out what it is. `name`
    /// is what the client calls it; its extension has to fit what the bytes are, and that has to be
    /// one of `accepted`. Dropping what is returned deletes it.
    pub async fn receive<S, E>(
        &self,
        name: &str,
        accepted: &'static [FileKind],
        bytes_max: u64,
        chunks: S,
    ) -> Result<Received, ReceiveError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        self.0.spool.receive(name, accepted, bytes_max, chunks).await
    }

    /// The same for what comes with messages: `media_type` is what its sender says it is, and what it is
    /// not is found out. Everything but programs is taken.
    pub async fn receive_media<S, E>(
        &self,
        media_type: &str,
        bytes_max: u64,
        chunks: S,
    ) -> Result<Received, ReceiveError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        self.0.spool.receive_media(media_type, bytes_max, chunks).await
    }

    /// The same for bytes that are in memory.
    pub async fn receive_bytes(
        &self,
        name: &str,
        accepted: &'static [FileKind],
        bytes: impl Into<Bytes>,
    ) -> Result<Received, ReceiveError<io::Error>> {
        let chunk = Ok::<_, io::Error>(bytes.into());
        self.receive(name, accepted, u64::MAX, futures_util::stream::iter([chunk])).await
    }

    /// Puts the file into the storage under a new random key. Whoever refers to it has to keep it
    /// ([`Store::keep_file`], or within a transaction of the store) within [`sweep::GRACE`].
    pub async fn store(&self, received: Received) -> Result<StoredFile, FilesError> {
        let file = StoredFile {
            key: FileKey::random(),
            bytes: received.bytes.try_into().unwrap_or(i64::MAX),
            sha256: received.sha256.clone(),
            media_type: received.kind.media_type().to_owned(),
            created_at: self.0.clock.now(),
        };
        self.0.store.insert_pending_file(file.clone()).await?;
        self.0.storage.put(&file.key, received).await?;
        Ok(file)
    }

    /// The bytes of a file, or of a part of it, as a stream.
    pub async fn read(
        &self,
        key: &FileKey,
        part: Option<Range<u64>>,
    ) -> Result<Content, StorageError> {
        self.0.storage.read(key, part).await
    }
}
