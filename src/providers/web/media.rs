//! Files: sealed and uploaded before the message that carries them, fetched and opened by what a message
//! of a customer says of them.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use dx_actors::{
    domain::{Direction, Message, MessageKind},
    session::ProviderError,
};
use tempfile::NamedTempFile;
use tokio::{io::AsyncReadExt, sync::mpsc};
use whatsapp_rust::{
    Client, ErrorChainExt, Jid, MediaRetryResult, MediaReuploadRequest, anyhow,
    download::DownloadWriter,
    upload::UploadResponse,
    wacore::upload::{EncryptedMediaInfo, UploadSource, encrypt_media_streaming},
};

use super::{
    connection::Connection,
    reference::{FileReference, MediaKind},
};
use crate::{
    media::MEDIA_BYTES_MAX,
    providers::uploads::Uploads,
    wire::content::{Content, MediaDetails},
};

/// WhatsApp's limits (its help pages): 16 MB for pictures, recordings and videos, stickers as far as phones
/// show them; documents may be larger than what we carry.
const MEGABYTE: u64 = 1024 * 1024;
const PICTURE_BYTES_MAX: u64 = 16 * MEGABYTE;
const STICKER_BYTES_MAX: u64 = MEGABYTE;
/// How much of a fetched file is handed on at once.
const CHUNK_BYTES: usize = 64 * 1024;

const UPLOADING: &str = "o arquivo está sendo enviado ao WhatsApp";
const NOT_UPLOADED: &str = "o WhatsApp não recebeu o arquivo";
const GONE: &str = "O WhatsApp não tem mais este arquivo. Peça ao cliente que o envie de novo.";
const NOT_NAMED: &str = "A mensagem não diz onde está o arquivo.";
const TOO_LARGE: &str = "O arquivo tem mais de 100 MB.";
const NOT_FETCHED: &str = "o WhatsApp não entregou o arquivo";
const NO_DISK: &str = "o arquivo não pode ser guardado agora";

/// Files that are being handed over.
pub(super) fn uploads() -> Uploads<UploadResponse> {
    Uploads::new(UPLOADING, NOT_UPLOADED)
}

/// The file of a message that goes out, as WhatsApp has it.
pub(super) async fn uploaded(
    connection: &Connection,
    client: &Arc<Client>,
    message: &Message,
) -> Result<UploadResponse, ProviderError> {
    let start = || {
        let (connection, client) = (connection.clone(), Arc::clone(client));
        let message = message.clone();
        async move { upload(&connection, &client, &message).await }
    };
    connection.0.uploads.get(message.id, start).await
}

async fn upload(
    connection: &Connection,
    client: &Client,
    message: &Message,
) -> Result<UploadResponse, ProviderError> {
    let (kind, bytes_max) = kind_and_limit(message.kind);
    let file = connection.0.network.0.media.open(message).await.map_err(|error| {
        if error.may_pass() {
            ProviderError::temporary(error.to_string())
        } else {
            ProviderError::Refused(error.to_string())
        }
    })?;
    if u64::try_from(file.bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        let text =
            format!("O WhatsApp aceita até {} MB deste tipo de arquivo.", bytes_max / MEGABYTE);
        return Err(ProviderError::Refused(text));
    }
    let sealing = tokio::task::spawn_blocking(move || Sealed::new(&file.bytes, kind));
    let (sealed, info) = match sealing.await {
        Ok(Ok(sealed)) => sealed,
        Ok(Err(error)) => {
            tracing::warn!(%error, message.id = %message.id, "a file cannot be sealed");
            return Err(ProviderError::temporary(NO_DISK));
        }
        Err(_) => return Err(ProviderError::temporary(NO_DISK)),
    };
    client.upload_stream(sealed, info, kind.media_type()).await.map_err(|error| {
        tracing::info!(error = describe(&error), message.id = %message.id, "a file was not uploaded");
        ProviderError::temporary(NOT_UPLOADED)
    })
}

/// A file as WhatsApp's servers see it, on disk until they have it.
struct Sealed {
    file: NamedTempFile,
    bytes: u64,
}

impl Sealed {
    fn new(content: &[u8], kind: MediaKind) -> anyhow::Result<(Self, EncryptedMediaInfo)> {
        let mut file = NamedTempFile::new()?;
        let writer = io::BufWriter::new(file.as_file_mut());
        let info = encrypt_media_streaming(content, writer, kind.media_type())?;
        let bytes = file.as_file().metadata()?.len();
        Ok((Self { file, bytes }, info))
    }
}

impl UploadSource for Sealed {
    fn len(&self) -> u64 {
        self.bytes
    }

    fn reader_from(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = self.file.reopen()?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }
}

const fn kind_and_limit(kind: MessageKind) -> (MediaKind, u64) {
    match kind {
        MessageKind::Image => (MediaKind::Image, PICTURE_BYTES_MAX),
        MessageKind::Audio => (MediaKind::Audio, PICTURE_BYTES_MAX),
        MessageKind::Video => (MediaKind::Video, PICTURE_BYTES_MAX),
        MessageKind::Sticker => (MediaKind::Sticker, STICKER_BYTES_MAX),
        _ => (MediaKind::Document, MEDIA_BYTES_MAX),
    }
}

/// Errors of the library may name addresses of files, which open them.
fn describe(error: &anyhow::Error) -> String {
    let status = error.http_status().map(|status| format!("HTTP {status}"));
    status.unwrap_or_else(|| "no answer, or a damaged one".to_owned())
}

/// Fetches the file that a message names. A receiver that is gone ends it.
pub(super) async fn download(
    client: &Client,
    message: &Message,
    chunks: mpsc::Sender<Bytes>,
) -> Result<(), ProviderError> {
    let mut reference = reference_of(message)?;
    if reference.bytes > MEDIA_BYTES_MAX {
        return Err(ProviderError::Refused(TOO_LARGE.to_owned()));
    }
    let file = match fetch(client, &reference).await {
        Ok(file) => file,
        Err(error) if is_gone(&error) => {
            reference.direct_path = uploaded_again(client, message, &reference).await?;
            fetch(client, &reference).await.map_err(|error| failure(&error))?
        }
        Err(error) => return Err(failure(&error)),
    };
    hand_on(file, chunks).await.map_err(|error| {
        tracing::warn!(%error, "a fetched file cannot be read");
        ProviderError::temporary(NO_DISK)
    })
}

fn reference_of(message: &Message) -> Result<FileReference, ProviderError> {
    let details = message.details.as_deref().and_then(Content::read);
    let Some(Content::Media(MediaDetails { reference, .. })) = details else {
        return Err(ProviderError::Refused(NOT_NAMED.to_owned()));
    };
    serde_json::from_value(reference).map_err(|_| ProviderError::Refused(NOT_NAMED.to_owned()))
}

/// The whole file, checked: before its last byte nobody knows whether it is the right one.
async fn fetch(client: &Client, reference: &FileReference) -> anyhow::Result<File> {
    let file = Limited { file: tempfile::tempfile()?, bytes: 0 };
    let params = reference.to_params();
    Ok(client.download_to_writer(&params, file).await?.file)
}

fn is_gone(error: &anyhow::Error) -> bool {
    matches!(error.http_status(), Some(403 | 404 | 410))
}

fn failure(error: &anyhow::Error) -> ProviderError {
    tracing::info!(error = describe(error), "a file was not fetched");
    let is_too_large = error.chain().any(|cause| {
        cause
            .downcast_ref()
            .is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::FileTooLarge)
    });
    if is_too_large {
        return ProviderError::Refused(TOO_LARGE.to_owned());
    }
    ProviderError::temporary(NOT_FETCHED)
}

/// The network keeps files for some weeks; the phone that sent one may have it still.
async fn uploaded_again(
    client: &Client,
    message: &Message,
    reference: &FileReference,
) -> Result<String, ProviderError> {
    let gone = || ProviderError::Refused(GONE.to_owned());
    let chat_jid: Jid = reference.chat.parse().map_err(|_| gone())?;
    let participant: Option<Jid> =
        reference.participant.as_deref().map(str::parse).transpose().map_err(|_| gone())?;
    let request = MediaReuploadRequest {
        msg_id: &message.message_id,
        chat_jid: &chat_jid,
        media_key: &reference.media_key,
        is_from_me: message.direction == Direction::Outbound,
        participant: participant.as_ref(),
    };
    match client.media_reupload().request(&request).await {
        Ok(MediaRetryResult::Success { direct_path }) => Ok(direct_path),
        Ok(_) => Err(gone()),
        Err(error) => {
            tracing::info!(%error, message.id = %message.id, "a file was asked for again in vain");
            Err(ProviderError::temporary(NOT_FETCHED))
        }
    }
}

async fn hand_on(mut file: File, chunks: mpsc::Sender<Bytes>) -> io::Result<()> {
    file.rewind()?;
    let mut file = tokio::fs::File::from_std(file);
    loop {
        let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
        if file.read_buf(&mut chunk).await? == 0 {
            return Ok(());
        }
        if chunks.send(chunk.freeze()).await.is_err() {
            return Ok(());
        }
    }
}

/// A file that does not grow beyond what we keep, whatever the message says of its size.
struct Limited {
    file: File,
    bytes: u64,
}

impl Write for Limited {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.file.write(piece)?;
        self.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        if self.bytes > MEDIA_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Limited {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.file.seek(to)?;
        self.bytes = at;
        Ok(at)
    }
}

impl DownloadWriter for Limited {
    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_grows_too_large_is_given_up() {
        let mut file = Limited { file: tempfile::tempfile().unwrap(), bytes: 0 };
        file.write_all(b"abc").unwrap();
        file.bytes = MEDIA_BYTES_MAX;
        let error = file.write_all(b"d").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        file.truncate(0).unwrap();
        file.rewind().unwrap();
        file.write_all(b"again").unwrap();
    }

    #[tokio::test]
    async fn a_fetched_file_is_handed_on_in_pieces() {
        let mut file = tempfile::tempfile().unwrap();
        let content = vec![7; CHUNK_BYTES + 1];
        file.write_all(&content).unwrap();
        let (sender, mut receiver) = mpsc::channel::<Bytes>(1);
        let reader = tokio::spawn(async move {
            let mut read = Vec::new();
            while let Some(chunk) = receiver.recv().await {
                read.extend_from_slice(&chunk);
            }
            read
        });
        hand_on(file, sender).await.unwrap();
        assert_eq!(reader.await.unwrap(), content);
    }

    #[test]
    fn a_sealed_file_can_be_read_from_anywhere_and_as_often_as_needed() {
        let (sealed, info) = Sealed::new(&[7; 100], MediaKind::Document).unwrap();
        assert_eq!(info.file_length, 100);
        let read_from = |offset| {
            let mut read = Vec::new();
            sealed.reader_from(offset).unwrap().read_to_end(&mut read).unwrap();
            read
        };
        let whole = read_from(0);
        assert_eq!(u64::try_from(whole.len()).unwrap(), UploadSource::len(&sealed));
        assert_eq!(read_from(10), whole[10..]);
    }

    #[test]
    fn only_files_that_are_gone_are_asked_for_again() {
        let of = |status| anyhow::Error::new(whatsapp_rust::http::HttpStatusError { status });
        assert!(is_gone(&of(404)) && is_gone(&of(410)) && is_gone(&of(403)));
        assert!(!is_gone(&of(500)) && !is_gone(&anyhow::anyhow!("no way")));
    }
}
