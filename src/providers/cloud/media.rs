//! Files: handed to Meta before the message that carries them, and fetched with the id that a customer's
//! message names.

use bytes::Bytes;
use dx_actors::{
    domain::{Message, file::FileKey},
    session::ProviderError,
};
use reqwest::multipart::{Form, Part};
use ring::digest::{Context, SHA256};
use tokio::sync::mpsc;

use super::{
    body::MediaPlace,
    client::{Graph, GraphError},
    numbers::Account,
};
use crate::{
    files::Files,
    providers::uploads::Uploads,
    secrets::encode_hex,
    wire::content::{Content, MediaDetails},
};

const GONE: &str = "A Meta não tem mais este arquivo. Peça ao cliente que o envie de novo.";
const NOT_NAMED: &str = "A mensagem não diz onde está o arquivo.";
const NOT_READ: &str = "o arquivo não pôde ser lido do armazenamento";
const DAMAGED: &str = "o arquivo chegou danificado da Meta";
const UPLOADING: &str = "o arquivo está sendo enviado à Meta";
const FALLBACK_NAME: &str = "arquivo";

/// Files that are being handed over, with the id that Meta gives each.
pub(super) fn uploads() -> Uploads<String> {
    Uploads::new(UPLOADING, NOT_READ)
}

/// Where Meta finds the file of a message that goes out; ours are uploaded first.
pub(super) async fn place(
    (graph, files): (&Graph, &Files),
    uploads: &Uploads<String>,
    account: &Account,
    message: &Message,
) -> Result<MediaPlace, ProviderError> {
    let key = match (&message.media_key, &message.media_url) {
        (Some(key), _) => key.clone(),
        (None, Some(link)) => return Ok(MediaPlace::Link(link.clone())),
        (None, None) => return Ok(MediaPlace::None),
    };
    let start = || {
        let (graph, files) = (graph.clone(), files.clone());
        let (account, message) = (account.clone(), message.clone());
        async move { upload(&graph, &files, &account, &message, &key).await }
    };
    uploads.get(message.id, start).await.map(MediaPlace::Uploaded)
}

async fn upload(
    graph: &Graph,
    files: &Files,
    account: &Account,
    message: &Message,
    key: &FileKey,
) -> Result<String, ProviderError> {
    let content = files.read(key, None).await.map_err(|error| {
        tracing::warn!(error = crate::error::chain(&error), message.id = %message.id, NOT_READ);
        ProviderError::temporary(NOT_READ)
    })?;
    let media_type = message.media_mime_type.as_deref().unwrap_or("application/octet-stream");
    let body = reqwest::Body::wrap_stream(content.stream);
    let part = Part::stream_with_length(body, content.bytes).file_name(file_name(message));
    let part = part
        .mime_str(media_type)
        .map_err(|_| ProviderError::Refused(format!("\"{media_type}\" não é um tipo de mídia.")))?;
    let form = Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", media_type.to_owned())
        .part("file", part);
    let path = format!("{}/media", account.phone_number_id);
    match graph.upload(&account.access_token, &path, form).await {
        Ok(answer) => match answer["id"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => Err(ProviderError::temporary("a Meta não deu um id ao arquivo")),
        },
        Err(error) => Err(failure(error)),
    }
}

fn file_name(message: &Message) -> String {
    let details = message.details.as_deref().and_then(Content::read);
    match details {
        Some(Content::Media(MediaDetails { filename, .. })) if !filename.is_empty() => filename,
        _ => FALLBACK_NAME.to_owned(),
    }
}

/// Nothing of the message has left yet: whatever failed may be tried again.
fn failure(error: GraphError) -> ProviderError {
    use super::errors::Class;
    match error {
        GraphError::Refused(refusal) => match refusal.class() {
            Class::Retry | Class::Throttled | Class::PairThrottled => {
                ProviderError::temporary(refusal.to_string())
            }
            Class::Refused | Class::Credentials | Class::Locked => {
                ProviderError::Refused(refusal.to_string())
            }
        },
        GraphError::NotReached(_) | GraphError::Unknown(_) => {
            ProviderError::temporary("a Meta não recebeu o arquivo")
        }
    }
}

/// Fetches the file that a customer's message names. A receiver that is gone ends it.
pub(super) async fn download(
    graph: &Graph,
    account: &Account,
    message: &Message,
    chunks: mpsc::Sender<Bytes>,
) -> Result<(), ProviderError> {
    let details = message.details.as_deref().and_then(Content::read);
    let Some(Content::Media(MediaDetails { reference, .. })) = details else {
        return Err(ProviderError::Refused(NOT_NAMED.to_owned()));
    };
    let Some(id) = reference["media_id"].as_str().filter(|id| crate::config::is_graph_id(id))
    else {
        return Err(ProviderError::Refused(NOT_NAMED.to_owned()));
    };
    let path = format!("{id}?phone_number_id={}", account.phone_number_id);
    let document = graph.get(&account.access_token, &path).await.map_err(gone)?;
    let url = document["url"].as_str().unwrap_or_default();
    let mut response = graph.fetch(&account.access_token, url).await.map_err(gone)?;
    let mut digest = Context::new(&SHA256);
    while let Some(chunk) = response.chunk().await.map_err(|_| broken())? {
        digest.update(&chunk);
        if chunks.send(chunk).await.is_err() {
            return Ok(());
        }
    }
    let digest = encode_hex(digest.finish().as_ref());
    match document["sha256"].as_str() {
        Some(expected) if !expected.eq_ignore_ascii_case(&digest) => {
            Err(ProviderError::temporary(DAMAGED))
        }
        _ => Ok(()),
    }
}

fn gone(error: GraphError) -> ProviderError {
    match error {
        GraphError::Refused(refusal) if matches!(refusal.code, Some(100 | 131_052)) => {
            ProviderError::Refused(GONE.to_owned())
        }
        GraphError::Refused(refusal) if refusal.status == 404 => {
            ProviderError::Refused(GONE.to_owned())
        }
        other => failure(other),
    }
}

fn broken() -> ProviderError {
    ProviderError::temporary("a conexão com a Meta caiu durante a transferência")
}
