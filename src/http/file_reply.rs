//! A stored file as an answer: whole or in part (`Range`), or not at all when the client has it already.

use std::ops::Range;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use dx_actors::domain::file::FileKey;

use crate::{
    error::{ApiError, ApiResult},
    state::AppState,
};

/// A browser may show or play these in place; everything else is saved.
const SHOWN: [&str; 12] = [
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "audio/ogg",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/amr",
    "video/mp4",
    "video/3gpp",
];

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct SentFile<'f> {
    pub key: &'f FileKey,
    pub name: &'f str,
    pub media_type: &'f str,
    /// The tag of the answer: a file never changes under its key.
    pub sha256: &'f str,
    pub bytes: i64,
}

/// 200, 206, 304 or 416 (RFC 9110). `is_shown`: a browser may show it in place.
pub(super) async fn send(
    app: &AppState,
    headers: &HeaderMap,
    file: SentFile<'_>,
    is_shown: bool,
) -> ApiResult<Response> {
    let etag = format!("\"{}\"", file.sha256);
    if names(headers, header::IF_NONE_MATCH, &etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        add_caching(response.headers_mut(), &etag);
        return Ok(response);
    }
    let total = u64::try_from(file.bytes).unwrap_or_default();
    let part = match wanted(headers, &etag, total) {
        Wanted::Nothing => return Err(ApiError::NoSuchRange { bytes: total }),
        Wanted::All => None,
        Wanted::Part(part) => Some(part),
    };
    let content = app.files.read(file.key, part.clone()).await.map_err(ApiError::unavailable)?;
    let mut response = Body::from_stream(content.stream).into_response();
    let out = response.headers_mut();
    add_caching(out, &etag);
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(content.bytes));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_TYPE, text_value(file.media_type));
    let disposition = disposition(file.name, file.media_type, is_shown);
    out.insert(header::CONTENT_DISPOSITION, text_value(&disposition));
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(Range { start, end }) = part {
        let range = format!("bytes {start}-{}/{total}", end - 1);
        out.insert(header::CONTENT_RANGE, text_value(&range));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// A header of conditional requests names this tag.
pub(super) fn names(headers: &HeaderMap, header: header::HeaderName, etag: &str) -> bool {
    let Some(text) = headers.get(header).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    text.split(',')
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*")
}

/// Nobody but the client keeps it, and asks again each time: a document may be deleted.
pub(super) fn add_caching(headers: &mut HeaderMap, etag: &str) {
    headers.insert(header::ETAG, text_value(etag));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

fn text_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
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
fn disposition(name: &str, media_type: &str, is_shown: bool) -> String {
    let may_be_shown = is_shown && SHOWN.contains(&media_type);
    let way = if may_be_shown { "inline" } else { "attachment" };
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ';
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let encoded: String = name.bytes().map(spelled).collect();
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
