//! The logo and the favicon: uploaded by whoever may change the appearance, shown to everybody, for the
//! login page needs them before anybody has logged in.
//!
//! Only what the appearance refers to is served: the same storage holds documents that are not public.

use axum::{
    Json,
    body::Body as HttpBody,
    extract::{Path, State},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use dx_actors::domain::{file::FileKey, settings::AppearanceSettings};

use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    files::{ReceiveError, StorageError, kind::IMAGES},
    http::{
        Body, Query,
        fields::REQUIRED,
        limits::{PICTURE_BYTES_MAX, PICTURE_TOO_LARGE},
        reply::NoContent,
    },
    openapi::{Forbidden, schemas::FileOut},
    state::AppState,
    wire::{
        settings::{AppearanceOut, PictureOut},
        settings_in::{PictureIn, PictureParams},
    },
};

const FOLDER: &str = "/media/appearance/";
const NOT_PICTURE: &str = "Envie uma imagem PNG, JPEG, WebP ou ICO.";
const BAD_KIND: &str = "Informe logo ou favicon.";

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Logo,
    Favicon,
}

impl Kind {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "logo" => Some(Self::Logo),
            "favicon" => Some(Self::Favicon),
            _ => None,
        }
    }

    /// The address and the file of this picture.
    fn slots(self, appearance: &mut AppearanceSettings) -> (&mut String, &mut String) {
        match self {
            Self::Logo => (&mut appearance.logo_url, &mut appearance.logo_file),
            Self::Favicon => (&mut appearance.favicon_url, &mut appearance.favicon_file),
        }
    }
}

/// `POST appearance/upload/`: `file` and `kind` (or `type`). The picture before it is deleted.
#[utoipa::path(
    post,
    path = "",
    tag = "Configurações",
    summary = "Envia o logo ou o favicon",
    description = "PNG, JPEG, WebP ou ICO de até 2 MiB, julgado pelo conteúdo; a imagem anterior é apagada. O \
        endereço que volta é público e entra em `login_logo_url` (ou `favicon_url`) por si. `type` é \
        outro nome de `kind`.",
    request_body(content = PictureIn, content_type = "multipart/form-data"),
    responses((status = 200, body = PictureOut), Forbidden),
)]
pub(super) async fn upload(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<PictureOut>> {
    me.require(Permission::ManageConfigAppearance)?;
    let mut fields = body.fields();
    let name = fields.first_present(&["kind", "type"]);
    let kind = match fields.optional_text(name, usize::MAX).as_deref().map(Kind::parse) {
        Some(Some(kind)) => Some(kind),
        Some(None) => {
            fields.error(name, BAD_KIND);
            None
        }
        None => {
            fields.error(name, REQUIRED);
            None
        }
    };
    let file = fields.required_file("file");
    if file.as_ref().is_some_and(|file| file.bytes.len() > PICTURE_BYTES_MAX) {
        fields.error("file", PICTURE_TOO_LARGE);
    }
    fields.check()?;
    let (Some(kind), Some(file)) = (kind, file) else {
        return Err(ApiError::field("file", REQUIRED));
    };
    let received = app.files.receive_bytes(&file.name, IMAGES, file.bytes).await;
    let received = received.map_err(refused)?;
    let extension = received.kind.extensions().first().copied().unwrap_or_default();
    let stored = app.files.store(received).await.map_err(ApiError::internal)?;
    let url = format!("{FOLDER}{}.{extension}", stored.key.as_str());
    let settings = app.hub.change_settings(Some(me.id), |settings| {
        let (address, file) = kind.slots(&mut settings.appearance);
        address.clone_from(&url);
        stored.key.as_str().clone_into(file);
        Ok::<_, ApiError>(())
    });
    let appearance = AppearanceOut::new(settings.await?.appearance.clone());
    Ok(Json(PictureOut { url, appearance }))
}

fn refused(error: ReceiveError<std::io::Error>) -> ApiError {
    match error {
        ReceiveError::Empty | ReceiveError::Unfit(_) => ApiError::field("file", NOT_PICTURE),
        ReceiveError::TooLarge => ApiError::field("file", PICTURE_TOO_LARGE),
        ReceiveError::Source(source) | ReceiveError::Disk(source) => ApiError::internal(source),
    }
}

/// `DELETE appearance/upload/?kind=`: no picture of this kind any more, whether there was one or not.
#[utoipa::path(
    delete,
    path = "",
    tag = "Configurações",
    summary = "Remove o logo ou o favicon",
    description = "Também o endereço, se for de outro servidor. Repetir não é erro. `type` é outro nome de \
        `kind`.",
    params(PictureParams),
    responses((status = 204), Forbidden),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
) -> ApiResult<NoContent> {
    me.require(Permission::ManageConfigAppearance)?;
    let sent = query.text("kind").or_else(|| query.text("type"));
    let kind = sent.and_then(Kind::parse).ok_or_else(|| ApiError::field("kind", BAD_KIND))?;
    let change = app.hub.change_settings(Some(me.id), |settings| {
        let (address, file) = kind.slots(&mut settings.appearance);
        address.clear();
        file.clear();
        Ok::<_, ApiError>(())
    });
    change.await?;
    Ok(NoContent)
}

/// A name is random and never used again, so a copy of it never grows stale.
const CACHE_FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// It is shown as a picture and nothing else, even when it is opened by itself.
const NO_SCRIPTS: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// `GET /media/appearance/{name}`.
#[utoipa::path(
    get,
    path = "",
    tag = "Configurações",
    summary = "Baixa o logo ou o favicon",
    description = "Público, porque a tela de login o mostra. Só as imagens em uso; um nome nunca muda de \
        conteúdo e pode ser guardado para sempre.",
    responses((
        status = 200,
        description = "A imagem.",
        content(
            (FileOut = "image/png", example = "\u{89}PNG…"),
            (FileOut = "image/jpeg", example = "\u{ff}\u{d8}\u{ff}…"),
            (FileOut = "image/webp", example = "RIFF…WEBP…"),
            (FileOut = "image/vnd.microsoft.icon", example = "\u{0}\u{0}\u{1}…"),
        ),
        headers(("Cache-Control" = String, description = "`public, max-age=31536000, immutable`")),
    )),
    security(()),
)]
pub(super) async fn serve(
    State(app): State<AppState>,
    Path(name): Path<String>,
) -> ApiResult<Response> {
    let key = name.split_once('.').map_or(name.as_str(), |(key, _)| key).to_owned();
    let missing = || ApiError::missing("A imagem não existe");
    let key = FileKey::try_from(key).map_err(|_| missing())?;
    if !app.hub.settings().appearance.files().contains(&key) {
        return Err(missing());
    }
    let file = app.hub.store().find_file(&key).await?.ok_or_else(missing)?;
    let content = app.files.read(&key, None).await.map_err(|error| match error {
        StorageError::Missing => missing(),
        error => ApiError::internal(error),
    })?;
    let media_type = HeaderValue::from_str(&file.media_type).map_err(ApiError::internal)?;
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_LENGTH, content.bytes.into()),
        (header::CACHE_CONTROL, CACHE_FOREVER),
        (header::CONTENT_SECURITY_POLICY, NO_SCRIPTS),
    ];
    Ok((headers, HttpBody::from_stream(content.stream)).into_response())
}
