//! The logo and the signature of a customer: pictures in the form that enters or changes him, and the
//! places where they are read, by who may see the customer.

use std::collections::BTreeMap;

use axum::{
    body::Body as HttpBody,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use dx_actors::domain::{Customer, CustomerChange, CustomerDetails, CustomerId, file::FileKey};
use serde_json::Value;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{Content, Ref, RefOr, Response as Document},
};

use super::{
    Fields, Id,
    body::UploadedFile,
    customers::find,
    file_reply::{add_caching, names},
    limits::{PICTURE_BYTES_MAX, PICTURE_TOO_LARGE},
    query::BaseUrl,
};
use crate::{
    auth::CurrentAgent,
    error::{ApiError, ApiResult},
    files::{ReceiveError, Received, kind::PICTURES},
    openapi::schemas::FileOut,
    state::AppState,
    wire::customer::PictureAddresses,
};

const NOT_PICTURE: &str = "Envie uma imagem PNG, JPEG ou WebP, com a extensão correspondente.";
const NOT_FILE: &str = "O dado submetido não é um arquivo. Certifique-se do tipo de codificação no \
                        formulário.";

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    Logo,
    Signature,
}

impl Picture {
    const ALL: [Self; 2] = [Self::Logo, Self::Signature];

    const fn field(self) -> &'static str {
        match self {
            Self::Logo => "logo",
            Self::Signature => "assinatura_digital",
        }
    }

    fn path(self, id: CustomerId) -> String {
        let name = match self {
            Self::Logo => "logo",
            Self::Signature => "assinatura-digital",
        };
        format!("/api/v1/clientes/{id}/{name}/")
    }

    const fn of(self, details: &CustomerDetails) -> Option<&FileKey> {
        match self {
            Self::Logo => details.logo.as_ref(),
            Self::Signature => details.signature.as_ref(),
        }
    }

    const fn change(self, key: Option<FileKey>) -> CustomerChange {
        match self {
            Self::Logo => CustomerChange::Logo(key),
            Self::Signature => CustomerChange::Signature(key),
        }
    }
}

/// A picture that gets another file, or none.
#[derive(Debug)]
pub(super) struct NewPicture {
    picture: Picture,
    file: Option<Received>,
}

/// Where the pictures of a customer are read, with a token.
pub(super) fn addresses(base: &BaseUrl, customer: &Customer) -> PictureAddresses {
    let address = |picture: Picture| {
        let is_there = picture.of(&customer.details).is_some();
        is_there.then(|| base.join(&picture.path(customer.id)))
    };
    PictureAddresses { logo: address(Picture::Logo), signature: address(Picture::Signature) }
}

/// Takes in the pictures of a form and notes what is wrong with them. `null` and a blank take a picture
/// away; its present address, as a row that is sent back has it, leaves it.
pub(super) async fn receive(
    app: &AppState,
    fields: &mut Fields,
    customer: Option<CustomerId>,
) -> ApiResult<Vec<NewPicture>> {
    let mut pictures = Vec::new();
    for picture in Picture::ALL {
        if let Some(file) = fields.optional_file(picture.field()) {
            let file = receive_file(app, fields, picture, file).await?;
            pictures.extend(file.map(|file| NewPicture { picture, file: Some(file) }));
        } else if !fields.has_error(picture.field()) && is_cleared(fields, picture, customer) {
            pictures.push(NewPicture { picture, file: None });
        }
    }
    Ok(pictures)
}

async fn receive_file(
    app: &AppState,
    fields: &mut Fields,
    picture: Picture,
    file: UploadedFile,
) -> ApiResult<Option<Received>> {
    if file.bytes.len() > PICTURE_BYTES_MAX {
        fields.error(picture.field(), PICTURE_TOO_LARGE);
        return Ok(None);
    }
    match app.files.receive_bytes(&file.name, PICTURES, file.bytes).await {
        Ok(received) => Ok(Some(received)),
        Err(ReceiveError::Empty | ReceiveError::Unfit(_)) => {
            fields.error(picture.field(), NOT_PICTURE);
            Ok(None)
        }
        Err(ReceiveError::TooLarge) => {
            fields.error(picture.field(), PICTURE_TOO_LARGE);
            Ok(None)
        }
        Err(ReceiveError::Source(error) | ReceiveError::Disk(error)) => {
            Err(ApiError::internal(error))
        }
    }
}

fn is_cleared(fields: &mut Fields, picture: Picture, customer: Option<CustomerId>) -> bool {
    let own = customer.map(|id| picture.path(id));
    let is_own = |text: &str| own.as_deref().is_some_and(|path| text.trim().ends_with(path));
    match fields.json(picture.field()) {
        None => false,
        Some(Value::Null) => true,
        Some(Value::String(text)) if text.trim().is_empty() => true,
        Some(Value::String(text)) if is_own(text) => false,
        Some(_) => {
            fields.error(picture.field(), NOT_FILE);
            false
        }
    }
}

/// Puts the pictures into the storage. Nothing is wrong with any other field any more.
pub(super) async fn store(
    app: &AppState,
    pictures: Vec<NewPicture>,
) -> ApiResult<Vec<CustomerChange>> {
    let mut changes = Vec::new();
    for NewPicture { picture, file } in pictures {
        let key = match file {
            Some(received) => Some(app.files.store(received).await?.key),
            None => None,
        };
        changes.push(picture.change(key));
    }
    Ok(changes)
}

/// `GET clientes/{id}/logo/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Clientes",
    summary = "Baixa o logo de um cliente",
    description = "O endereço em `logo`. Com `If-None-Match` uma imagem que não mudou é 304. Um cliente sem \
        logo é 404.",
    responses(PictureOut)
)]
pub(super) async fn logo(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    headers: HeaderMap,
) -> ApiResult<Response> {
    serve(&app, &me, CustomerId(id), Picture::Logo, &headers).await
}

/// `GET clientes/{id}/assinatura-digital/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Clientes",
    summary = "Baixa a assinatura de um cliente",
    description = "O endereço em `assinatura_digital`. Com `If-None-Match` uma imagem que não mudou é 304. \
        Um cliente sem assinatura é 404.",
    responses(PictureOut)
)]
pub(super) async fn signature(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    headers: HeaderMap,
) -> ApiResult<Response> {
    serve(&app, &me, CustomerId(id), Picture::Signature, &headers).await
}

/// What a route that serves a picture answers.
struct PictureOut;

impl IntoResponses for PictureOut {
    fn responses() -> BTreeMap<String, RefOr<Document>> {
        let examples = [
            ("image/png", "\u{89}PNG…"),
            ("image/jpeg", "\u{ff}\u{d8}\u{ff}…"),
            ("image/webp", "RIFF…WEBP…"),
        ];
        let picture = Document::builder().description("A imagem: PNG, JPEG ou WebP.");
        let picture = examples.into_iter().fold(picture, |picture, (media_type, example)| {
            let content = Content::builder().schema(Some(Ref::from_schema_name(FileOut::name())));
            picture.content(media_type, content.example(Some(example.into())).build())
        });
        let unchanged = Document::builder().description("Não mudou.");
        [("200", picture), ("304", unchanged)]
            .map(|(status, answer)| (status.to_owned(), RefOr::T(answer.build())))
            .into()
    }
}

async fn serve(
    app: &AppState,
    me: &CurrentAgent,
    id: CustomerId,
    picture: Picture,
    headers: &HeaderMap,
) -> ApiResult<Response> {
    let customer = find(app, me, id).await?.customer;
    let key = picture.of(&customer.details).ok_or_else(|| missing(picture, id))?;
    let file = app.hub.store().find_file(key).await?.ok_or_else(|| missing(picture, id))?;
    let etag = format!("\"{}\"", file.sha256);
    if names(headers, header::IF_NONE_MATCH, &etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        add_caching(response.headers_mut(), &etag);
        return Ok(response);
    }
    let content = app.files.read(key, None).await.map_err(ApiError::unavailable)?;
    let mut response = HttpBody::from_stream(content.stream).into_response();
    let out = response.headers_mut();
    add_caching(out, &etag);
    let media_type = HeaderValue::from_str(&file.media_type).map_err(ApiError::internal)?;
    out.insert(header::CONTENT_TYPE, media_type);
    out.insert(header::CONTENT_LENGTH, content.bytes.into());
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn missing(picture: Picture, id: CustomerId) -> ApiError {
    let name = match picture {
        Picture::Logo => "logo",
        Picture::Signature => "assinatura",
    };
    ApiError::missing(format!("O cliente {id} não tem {name}."))
}
