//! Files in a folder of this machine, for its owner only.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, SeekFrom},
    ops::Range,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use dx_actors::domain::file::FileKey;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{Content, Received, Storage, StorageError};

/// One read of the disk; a socket's buffer takes about as much at once.
const CHUNK_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct LocalStorage {
    folder: PathBuf,
}

impl LocalStorage {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, key: &FileKey) -> PathBuf {
        self.folder.join(key.sharded())
    }
}

impl Storage for LocalStorage {
    fn put<'a>(
        &'a self,
        key: &'a FileKey,
        file: Received,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        let target = self.path(key);
        async move {
            blocking(move || {
                let outcome = move_into_place(file.path(), &target);
                drop(file);
                outcome
            })
            .await
        }
        .boxed()
    }

    fn read<'a>(
        &'a self,
        key: &'a FileKey,
        part: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<Content, StorageError>> {
        async move {
            let mut file = tokio::fs::File::open(self.path(key)).await.map_err(missing_or_disk)?;
            let bytes = match part {
                Some(part) => {
                    file.seek(SeekFrom::Start(part.start)).await?;
                    part.end.saturating_sub(part.start)
                }
                None => file.metadata().await?.len(),
            };
            let stream = ReaderStream::with_capacity(file.take(bytes), CHUNK_BYTES).boxed();
            Ok(Content { bytes, stream })
        }
        .boxed()
    }

    fn delete<'a>(&'a self, key: &'a FileKey) -> BoxFuture<'a, Result<(), StorageError>> {
        async move {
            match tokio::fs::remove_file(self.path(key)).await.map_err(missing_or_disk) {
                Err(StorageError::Missing) => Ok(()),
                outcome => outcome,
            }
        }
        .boxed()
    }
}

/// The bytes are on the disk already; the name has to get there as well.
fn move_into_place(source: &Path, target: &Path) -> io::Result<()> {
    let Some(folder) = target.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::rename(source, target)?;
    // The folder, and those that may just have been made above it.
    for folder in folder.ancestors().take(3) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn missing_or_disk(error: io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::NotFound => StorageError::Missing,
        _ => error.into(),
    }
}

/// Runs what waits for the disk where waiting hurts nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StorageError> {
    let outcome = tokio::task::spawn_blocking(work).await;
    Ok(outcome.map_err(io::Error::other)??)
}
