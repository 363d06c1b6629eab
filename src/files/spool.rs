//! Where a file waits while it comes in: a temporary file that deletes itself unless it is taken over.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    pin::pin,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use ring::digest::{Context, SHA256};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::{
    FileKind,
    kind::{self, Unfit},
};
use crate::secrets::encode_hex;

/// Below the folder of the files, so that a finished one can be moved without being copied.
const FOLDER: &str = "tmp";
/// How much is gathered before the disk is asked; chunks of a socket are smaller.
const BUFFER_BYTES: usize = 256 * 1024;

/// Why a file was not taken in. `E` is what can go wrong with the stream that it comes from.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError<E> {
    #[error("the file is empty")]
    Empty,
    #[error("the file is larger than allowed")]
    TooLarge,
    #[error("the file is not accepted: {0:?}")]
    Unfit(Unfit),
    #[error("the file did not arrive")]
    Source(E),
    #[error("the disk does not work")]
    Disk(#[from] io::Error),
}

/// The folder of the files that are coming in.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// Opens the spool below `folder` and empties it: what is in it was given up by an earlier run.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let folder = folder.join(FOLDER);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        for entry in fs::read_dir(&folder)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(Self { folder })
    }

    pub(super) async fn receive<S, E>(
        &self,
        name: &str,
        accepted: &'static [FileKind],
        bytes_max: u64,
        chunks: S,
    ) -> Result<Received, ReceiveError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        // What has the wrong name is not worth the disk.
        kind::declared(name, accepted).map_err(ReceiveError::Unfit)?;
        let name = name.to_owned();
        self.receive_as(bytes_max, chunks, move |path| kind::identify(path, &name, accepted)).await
    }

    pub(super) async fn receive_media<S, E>(
        &self,
        media_type: &str,
        bytes_max: u64,
        chunks: S,
    ) -> Result<Received, ReceiveError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let media_type = media_type.to_owned();
        self.receive_as(bytes_max, chunks, move |path| kind::recognise(path, &media_type)).await
    }

    async fn receive_as<S, E>(
        &self,
        bytes_max: u64,
        chunks: S,
        look: impl FnOnce(&Path) -> io::Result<Result<FileKind, Unfit>> + Send + 'static,
    ) -> Result<Received, ReceiveError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let temporary = Temporary(self.folder.join(Uuid::new_v4().simple().to_string()));
        let (bytes, sha256) = write(&temporary, bytes_max, chunks).await?;
        let path = temporary.0.clone();
        let found =
            tokio::task::spawn_blocking(move || look(&path)).await.map_err(io::Error::other)??;
        let kind = found.map_err(ReceiveError::Unfit)?;
        Ok(Received { bytes, sha256, kind, temporary })
    }
}

async fn write<S, E>(
    temporary: &Temporary,
    bytes_max: u64,
    chunks: S,
) -> Result<(u64, String), ReceiveError<E>>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let mut options = tokio::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(&temporary.0).await?;
    let mut file = tokio::io::BufWriter::with_capacity(BUFFER_BYTES, file);
    let (mut bytes, mut digest) = (0_u64, Context::new(&SHA256));
    let mut chunks = pin!(chunks);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(ReceiveError::Source)?;
        bytes = bytes.saturating_add(chunk.len().try_into().unwrap_or(u64::MAX));
        if bytes > bytes_max {
            return Err(ReceiveError::TooLarge);
        }
        digest.update(&chunk);
        file.write_all(&chunk).await?;
    }
    if bytes == 0 {
        return Err(ReceiveError::Empty);
    }
    file.flush().await?;
    file.get_ref().sync_all().await?;
    Ok((bytes, encode_hex(digest.finish().as_ref())))
}

/// A whole file in the spool, known by its bytes. Deleted when dropped.
#[derive(Debug)]
pub struct Received {
    pub bytes: u64,
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
    pub kind: FileKind,
    temporary: Temporary,
}

impl Received {
    /// Whoever moves the file away from here has taken it over.
    pub fn path(&self) -> &Path {
        &self.temporary.0
    }
}

#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "a temporary file stays until the next start");
            }
            _ => {}
        }
    }
}
