//! `GET /documentos/{id}/arquivo/`: the file itself, for who has a token or a signed link.

use std::ops::Range;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use dx_actors::{
    domain::{AgentId, Document, DocumentId},
    store::DocumentScope,
};

use super::{find, missing};
use crate::{
    auth::{CurrentAgent, Links, link::Presented},
    error::{ApiError, ApiResult},
    http::{Id, Query},
    openapi::{Forbidden, Unauthorized, schemas::FileOut},
    state::AppState,
    wire::document::DownloadParams,
};

/// A browser may show these in place; everything else is saved.
const SHOWN: [&str; 4] = ["application/pdf", "image/png", "image/jpeg", "image/webp"];

/// `GET documentos/{id}/arquivo/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Documentos",
    summary = "Baixa o arquivo",
    description = "Com um token, ou sem ele com as partes de um link de `POST link/` (403 quando expirou, foi alterado, ou quem o criou foi desativado). Um \
        só intervalo (`Range`) é atendido com 206; `If-None-Match` com o `ETag` de antes é respondido com \
        304.",
    params(DownloadParams),
    responses(
        (
            status = 200,
            description = "O arquivo, no tipo que `tipo_mime` do documento diz.",
            body = FileOut,
            content_type = "*/*",
            headers(
                ("ETag" = String, description = "O SHA-256 do arquivo."),
                ("Content-Disposition" = String, description = "O nome do arquivo."),
                ("Accept-Ranges" = String, description = "`bytes`")
            ),
            example = "%PDF-1.7…"
        ),
        (
            status = 206,
            description = "Uma parte do arquivo.",
            body = FileOut,
            content_type = "*/*",
            headers(("Content-Range" = String, description = "Qual parte, como `bytes 0-99/2560`.")),
            example = "%PDF-1.7…"
        ),
        (status = 304, description = "O arquivo não mudou."),
        (
            status = 416,
            description = "O intervalo não existe.",
            headers(("Content-Range" = String, description = "O tamanho, como `bytes */2560`.")),
        ),
        Unauthorized,
        Forbidden,
    ),
    security((), ("bearer" = [])),
)]
pub(in crate::http) async fn download(
    State(app): State<AppState>,
    me: ApiResult<CurrentAgent>,
    Id(id): Id,
    query: Query,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let id = DocumentId(id);
    let is_link = !headers.contains_key(header::AUTHORIZATION);
    let document = match query.text("assinatura").filter(|_| is_link) {
        Some(signature) => find_linked(&app, id, &query, signature).await?,
        None => find(&app, &me?, id).await?,
    };
    let etag = format!("\"{}\"", document.sha256);
    if names(&headers, header::IF_NONE_MATCH, &etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        add_caching(response.headers_mut(), &etag);
        return Ok(response);
    }
    let total = u64::try_from(document.bytes).unwrap_or_default();
    let asked = wanted(&headers, &etag, total);
    let part = match asked {
        Wanted::Nothing => return Ok(unsatisfiable(total)),
        Wanted::All => None,
        Wanted::Part(part) => Some(part),
    };
    let content = app.files.read(&document.file_key, part.clone()).await;
    let content = content.map_err(ApiError::unavailable)?;
    let is_shown = query.boolean("inline") == Some(true);
    let mut response = Body::from_stream(content.stream).into_response();
    let out = response.headers_mut();
    add_caching(out, &etag);
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(content.bytes));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_TYPE, text_value(&document.media_type));
    out.insert(header::CONTENT_DISPOSITION, text_value(&disposition(&document, is_shown)));
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(Range { start, end }) = part {
        let range = format!("bytes {start}-{}/{total}", end - 1);
        out.insert(header::CONTENT_RANGE, text_value(&range));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// The signature is checked before anything is looked up.
async fn find_linked(
    app: &AppState,
    id: DocumentId,
    query: &Query,
    signature: &str,
) -> ApiResult<Document> {
    let version = query.text("versao").unwrap_or_default();
    let number = |name| query.text(name).and_then(|text| text.parse().ok()).unwrap_or_default();
    let (maker, expires_at) = (AgentId(number("autor")), number("expira"));
    let link = Presented { maker, version, expires_at, signature };
    if !app.links.is_signed(id, link) {
        return Err(ApiError::Forbidden("O link não é válido.".into()));
    }
    if link.is_expired(app.hub.clock().now()) {
        return Err(ApiError::Forbidden("O link expirou. Peça um novo.".into()));
    }
    if !app.hub.directory().roster().agent(maker).is_some_and(|agent| agent.is_active) {
        return Err(ApiError::Forbidden(
            "Quem criou o link não tem mais acesso. Peça um novo.".into(),
        ));
    }
    let document = app.hub.store().find_document(&DocumentScope::All, id).await?;
    let document = document.filter(|found| Links::version(&found.file_key) == version);
    document.ok_or_else(|| missing(id).into())
}

/// A header of conditional requests names this tag.
pub(in crate::http) fn names(headers: &HeaderMap, header: header::HeaderName, etag: &str) -> bool {
    let Some(text) = headers.get(header).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    text.split(',')
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*")
}

/// Nobody but the client keeps it, and asks again each time: a document may be deleted.
pub(in crate::http) fn add_caching(headers: &mut HeaderMap, etag: &str) {
    headers.insert(header::ETAG, text_value(etag));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

fn text_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

fn unsatisfiable(total: u64) -> Response {
    let range = [(header::CONTENT_RANGE, format!("bytes */{total}"))];
    (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response()
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(Range<u64>),
    /// Bytes that are not there.
    Nothing,
}

/// One range (RFC 9110, 14.2). Several at once, and what is not understood, get the whole file.
fn wanted(headers: &HeaderMap, etag: &str, total: u64) -> Wanted {
    let text = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let is_other =
        headers.contains_key(header::IF_RANGE) && !names(headers, header::IF_RANGE, etag);
    let Some(range) = text.filter(|_| !is_other).and_then(|text| text.strip_prefix("bytes="))
    else {
        return Wanted::All;
    };
    let Some((first, last)) = range.trim().split_once('-') else { return Wanted::All };
    let part = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(total),
        (Ok(first), Err(_)) if last.is_empty() => first..total,
        (Err(_), Ok(count)) if first.is_empty() => total.saturating_sub(count)..total,
        _ => return Wanted::All,
    };
    if part.start < part.end { Wanted::Part(part) } else { Wanted::Nothing }
}

/// RFC 6266: a plain name for old clients, the real one in RFC 8187's spelling.
fn disposition(document: &Document, is_shown: bool) -> String {
    let may_be_shown = is_shown && SHOWN.contains(&document.media_type.as_str());
    let way = if may_be_shown { "inline" } else { "attachment" };
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ';
    let plain: String =
        document.file_name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let encoded: String = document.file_name.bytes().map(spelled).collect();
    format!("{way}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// A byte as RFC 8187 spells it.
fn spelled(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let cases = [
            (None, Wanted::All),
            (Some("bytes=0-0"), Wanted::Part(0..1)),
            (Some("bytes=2-"), Wanted::Part(2..10)),
            (Some("bytes=-3"), Wanted::Part(7..10)),
            (Some("bytes=-99"), Wanted::Part(0..10)),
            (Some("bytes=5-99"), Wanted::Part(5..10)),
            (Some("bytes=10-"), Wanted::Nothing),
            (Some("bytes=-0"), Wanted::Nothing),
            (Some("bytes=5-2"), Wanted::All),
            (Some("bytes=0-1,3-4"), Wanted::All),
            (Some("lines=0-1"), Wanted::All),
        ];
        for (range, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(range) = range {
                headers.insert(header::RANGE, range.parse().unwrap());
            }
            assert_eq!(wanted(&headers, "\"a\"", 10), expected, "{range:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=0-0".parse().unwrap());
        headers.insert(header::IF_RANGE, "\"other\"".parse().unwrap());
        assert_eq!(wanted(&headers, "\"a\"", 10), Wanted::All);
    }
}
