//! The files of messages: uploaded to be sent, read by who may see the message.

use std::sync::Arc;

use axum::{
    body::Body as HttpBody,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use dx_actors::domain::file::{FileKey, StoredFile};

use super::{
    Query,
    file_reply::{self, SentFile},
    reply::Created,
    upload::{Accepts, Upload},
};
use crate::{
    auth::{CurrentAgent, scope::message_scope},
    error::{ApiError, ApiResult},
    files::{FileKind, kind::MEDIA},
    media::thumbnail,
    openapi::{NoSuchRange, schemas::FileOut},
    state::AppState,
    wire::{
        content::Content,
        media::{MediaIn, MediaOut, MediaParams},
    },
};

/// A picture of this size is as much as a thumbnail is made of.
const PICTURE_BYTES_MAX: i64 = 32 * 1024 * 1024;

/// What can be sent with messages.
#[derive(Debug)]
pub(super) struct Media;

impl Accepts for Media {
    const KINDS: &'static [FileKind] = MEDIA;
    const OTHERS: &'static str = "Tipo de arquivo não permitido. Envie imagem (png, jpg, webp, gif), áudio \
                                  (ogg, mp3, m4a, aac, amr), vídeo (mp4, 3gp) ou documento (pdf, doc, \
                                  docx, xls, xlsx, odt, txt, csv).";
}

/// `POST /media/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Mensagens",
    summary = "Guarda um arquivo para enviar",
    description = "Formulário com o arquivo em `arquivo`. O `file_id` da resposta vai em `media_file_id` \
        do envio, dentro de uma hora.",
    request_body(content = MediaIn, content_type = "multipart/form-data"),
    responses((status = 201, body = MediaOut)),
)]
pub(super) async fn upload(
    State(app): State<AppState>,
    _me: CurrentAgent,
    mut upload: Upload<Media>,
) -> ApiResult<Created<MediaOut>> {
    upload.require_file();
    let Upload { fields, file, .. } = upload;
    let file = fields.finish(file)?;
    let file = file.ok_or_else(|| ApiError::refused("Nenhum arquivo foi enviado."))?;
    let name = file.name;
    let stored = app.files.store(file.received).await.map_err(ApiError::unavailable)?;
    Ok(Created(MediaOut::new(&stored, name)))
}

/// `GET /media/{file_id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Mensagens",
    summary = "Baixa o arquivo de uma mensagem",
    description = "Para quem pode ver a mensagem. Um só intervalo (`Range`) é atendido com 206; \
        `If-None-Match` com o `ETag` de antes é respondido com 304. `miniatura=1` dá um JPEG de até 300 × \
        300 pontos de uma imagem.",
    params(("file_id" = String, Path, description = "Do campo `media_file_id` da mensagem."), MediaParams),
    responses(
        (status = 200, description = "O arquivo.", body = FileOut, content_type = "*/*", example = "…"),
        (status = 206, description = "Uma parte do arquivo.", body = FileOut, content_type = "*/*",
            example = "…"),
        (status = 304, description = "O arquivo não mudou."),
        NoSuchRange,
    ),
)]
pub(super) async fn download(
    State(app): State<AppState>,
    me: CurrentAgent,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
    mut query: Query,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let is_small = query.boolean("miniatura") == Some(true);
    let is_saved = query.boolean("baixar") == Some(true);
    query.check()?;
    let key = path.ok().and_then(|Path(text)| FileKey::try_from(text).ok());
    let key = key.ok_or_else(ApiError::not_found)?;
    let store = app.hub.store();
    let message = store.find_media_message(&message_scope(&me), me.id, &key).await?;
    let message = message.ok_or_else(ApiError::not_found)?;
    let file = store.find_file(&key).await?.ok_or_else(ApiError::not_found)?;
    if is_small {
        return small(&app, &headers, file).await;
    }
    let details = message.details.as_deref().and_then(Content::read);
    let name = match details {
        Some(Content::Media(media)) if !media.filename.is_empty() => media.filename,
        _ => format!("{}.{}", message.message_id, extension(&file.media_type)),
    };
    let sent = SentFile {
        key: &key,
        name: &name,
        media_type: &file.media_type,
        sha256: &file.sha256,
        bytes: file.bytes,
    };
    file_reply::send(&app, &headers, sent, !is_saved).await
}

/// The usual extension of a type.
fn extension(media_type: &str) -> &'static str {
    let kind = MEDIA.iter().find(|kind| kind.media_type() == media_type);
    kind.and_then(|kind| kind.extensions().first()).copied().unwrap_or("bin")
}

/// A small picture of a picture.
async fn small(app: &AppState, headers: &HeaderMap, file: StoredFile) -> ApiResult<Response> {
    if !thumbnail::is_possible(&file.media_type) || file.bytes > PICTURE_BYTES_MAX {
        return Err(ApiError::refused("Este arquivo não tem miniatura."));
    }
    let etag = format!("\"{}-300\"", file.sha256);
    if file_reply::names(headers, header::IF_NONE_MATCH, &etag) {
        let mut response = axum::http::StatusCode::NOT_MODIFIED.into_response();
        file_reply::add_caching(response.headers_mut(), &etag);
        return Ok(response);
    }
    // One at a time per core: unpacking takes memory.
    let turn = Arc::clone(&app.thumbnails).acquire_owned().await;
    let turn = turn.map_err(ApiError::unavailable)?;
    let content = app.files.read(&file.key, None).await.map_err(ApiError::unavailable)?;
    let bytes = axum::body::to_bytes(HttpBody::from_stream(content.stream), usize::MAX).await;
    let bytes = bytes.map_err(ApiError::unavailable)?;
    // Whoever asked may be gone before it is made; the turn ends with the work.
    let making = move || {
        let _turn = turn;
        thumbnail::make(&bytes)
    };
    let made = tokio::task::spawn_blocking(making).await;
    let made = made.map_err(ApiError::internal)?;
    let jpeg = made.ok_or_else(|| ApiError::refused("Este arquivo não tem miniatura."))?;
    let mut response = HttpBody::from(jpeg).into_response();
    let out = response.headers_mut();
    file_reply::add_caching(out, &etag);
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(thumbnail::MEDIA_TYPE));
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
