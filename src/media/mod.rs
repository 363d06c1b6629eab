//! The files of messages: fetched from the networks after their message is stored, and opened for those
//! that go out. They are stored like all files; who may see the message may read them.

mod address;
mod details;
mod fetch;
#[cfg(test)]
mod tests;
pub mod thumbnail;

use bytes::Bytes;
use dx_actors::{
    Clock,
    domain::{Message, file::StoredFile},
    store::{Store, StoreError},
};
use futures_util::StreamExt;
use std::sync::Arc;

use crate::files::{Files, FilesError, ReceiveError, StorageError};

pub use address::{AddressRules, Refusal, public_only};
pub use fetch::run;

/// The largest file that WhatsApp carries for the Cloud API (a document); more is not fetched.
pub const MEDIA_BYTES_MAX: u64 = 100 * 1024 * 1024;

/// Why a file cannot be used. The texts are for the person who sends or reads it.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("O endereço do arquivo não pode ser usado: {0}")]
    Address(#[from] Refusal),
    #[error("O servidor do arquivo respondeu {0}.")]
    Status(u16),
    #[error("O servidor do arquivo não respondeu.")]
    Unreachable(#[source] reqwest::Error),
    #[error("O arquivo tem mais de 100 MB.")]
    TooLarge,
    #[error("O arquivo está vazio.")]
    Empty,
    #[error("Este tipo de arquivo não é aceito.")]
    Unfit,
    #[error("O arquivo não existe mais.")]
    Missing,
    #[error("O arquivo não pode ser guardado agora.")]
    Disk(#[source] std::io::Error),
    #[error("O arquivo não pode ser lido agora.")]
    Storage(#[from] StorageError),
    #[error("O arquivo não pode ser guardado agora.")]
    Files(#[from] FilesError),
    #[error("O arquivo não pode ser lido agora.")]
    Store(#[from] StoreError),
}

impl MediaError {
    /// Trying again may help.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => *status >= 500 || *status == 429,
            Self::Unreachable(_)
            | Self::Disk(_)
            | Self::Storage(_)
            | Self::Files(_)
            | Self::Store(_) => true,
            Self::Address(_) | Self::TooLarge | Self::Empty | Self::Unfit | Self::Missing => false,
        }
    }
}

impl<E> From<ReceiveError<E>> for MediaError
where
    Self: From<E>,
{
    fn from(error: ReceiveError<E>) -> Self {
        match error {
            ReceiveError::Empty => Self::Empty,
            ReceiveError::TooLarge => Self::TooLarge,
            ReceiveError::Unfit(_) => Self::Unfit,
            ReceiveError::Source(error) => error.into(),
            ReceiveError::Disk(error) => Self::Disk(error),
        }
    }
}

/// A file that goes out, whole: networks want it encrypted or in a form.
#[derive(Debug, Clone)]
pub struct MediaFile {
    pub media_type: String,
    pub bytes: Bytes,
}

/// Opens the files of messages that go out. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MediaSource {
    files: Files,
    store: Store,
    clock: Arc<dyn Clock>,
    client: address::Client,
}

impl MediaSource {
    pub fn new(
        files: Files,
        store: Store,
        clock: Arc<dyn Clock>,
        rules: AddressRules,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self { files, store, clock, client: address::Client::new(rules)? })
    }

    /// The file of a message. One that is named by its address is fetched and kept first, so that it
    /// is fetched once.
    pub async fn open(&self, message: &Message) -> Result<MediaFile, MediaError> {
        if let Some(key) = &message.media_key {
            let file = self.store.find_file(key).await?.ok_or(MediaError::Missing)?;
            return self.read(&file).await;
        }
        let url = message.media_url.as_deref().ok_or(MediaError::Missing)?;
        let (media_type, chunks) = self.client.get(url).await?;
        let received = self.files.receive_media(&media_type, MEDIA_BYTES_MAX, chunks).await?;
        let file = self.files.store(received).await?;
        self.store.keep_media(message.id, file.clone(), None, self.clock.now()).await?;
        self.read(&file).await
    }

    async fn read(&self, file: &StoredFile) -> Result<MediaFile, MediaError> {
        let mut content = self.files.read(&file.key, None).await?;
        let mut bytes = Vec::with_capacity(usize::try_from(content.bytes).unwrap_or_default());
        while let Some(chunk) = content.stream.next().await {
            bytes.extend_from_slice(&chunk.map_err(MediaError::Disk)?);
        }
        Ok(MediaFile { media_type: file.media_type.clone(), bytes: bytes.into() })
    }
}
