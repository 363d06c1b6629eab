//! What a place for files has to be able to do.

use std::{fmt, io, ops::Range};

use bytes::Bytes;
use dx_actors::domain::file::FileKey;
use futures_util::{future::BoxFuture, stream::BoxStream};

use super::Received;

/// Why a storage did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("there is no such file")]
    Missing,
    #[error("the disk does not work")]
    Disk(#[from] io::Error),
    /// An answer of a remote storage that says no.
    #[error("the remote storage answered {0}")]
    Status(u16),
    #[error("the remote storage cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the remote storage did not answer in time")]
    Timeout,
}

/// The bytes of a file, or of a part of it.
pub struct Content {
    /// How many bytes the stream yields.
    pub bytes: u64,
    pub stream: BoxStream<'static, io::Result<Bytes>>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// A place for files. A key is written once and never changed.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Takes the file over; durable when it returns.
    fn put<'a>(
        &'a self,
        key: &'a FileKey,
        file: Received,
    ) -> BoxFuture<'a, Result<(), StorageError>>;

    /// Opens the file, or the bytes `part` of it, which have to lie within it.
    fn read<'a>(
        &'a self,
        key: &'a FileKey,
        part: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<Content, StorageError>>;

    /// Deletes the file; one that is not there is as good as deleted.
    fn delete<'a>(&'a self, key: &'a FileKey) -> BoxFuture<'a, Result<(), StorageError>>;
}
