//! One file as it is sent: its type, its mark, its packed form.

use std::{
    io::Write,
    sync::{Arc, LazyLock, OnceLock},
};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use dashmap::DashMap;
use flate2::{Compression, write::GzEncoder};
use ring::digest::{SHA256, digest};

/// Files that were asked for already, by name: packing costs more than sending. Bounded by the number
/// of embedded files. A debug build does not use it.
static KNOWN: LazyLock<DashMap<String, Arc<Asset>>> = LazyLock::new(DashMap::new);

/// A body that never changes while the process runs.
pub(super) struct Asset {
    content_type: &'static str,
    plain: Bytes,
    /// Made when somebody takes it.
    packed: OnceLock<Option<Bytes>>,
    etag: HeaderValue,
}

/// The type of a file by its extension; `None` for what is not for browsers.
pub(super) fn content_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        "webmanifest" => Some("application/manifest+json"),
        _ => None,
    }
}

/// The asset of this name, made the first time.
pub(super) fn cached(name: &str, make: impl FnOnce() -> Option<Asset>) -> Option<Arc<Asset>> {
    if let Some(known) = KNOWN.get(name).filter(|_| !cfg!(debug_assertions)) {
        return Some(Arc::clone(&known));
    }
    let asset = Arc::new(make()?);
    KNOWN.insert(name.to_owned(), Arc::clone(&asset));
    Some(asset)
}

impl Asset {
    pub(super) fn new(name: &str, plain: Vec<u8>) -> Option<Self> {
        let content_type = content_type(name)?;
        let mark = format!("\"{}\"", hexadecimal(&digest(&SHA256, &plain).as_ref()[..8]));
        let etag = HeaderValue::try_from(mark).ok()?;
        Some(Self { content_type, plain: plain.into(), packed: OnceLock::new(), etag })
    }

    /// The body, packed for whoever understands it, or 304 for whoever has it.
    pub(super) fn answer(&self, request: &HeaderMap, caching: &'static str) -> Response {
        let common = [
            (header::ETAG, self.etag.clone()),
            (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
        ];
        let text = |name: HeaderName| request.get(name).and_then(|value| value.to_str().ok());
        let known = text(header::IF_NONE_MATCH).unwrap_or_default();
        if self.etag.to_str().is_ok_and(|etag| known.contains(etag)) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let kind = [(header::CONTENT_TYPE, self.content_type)];
        let takes_gzip =
            text(header::ACCEPT_ENCODING).is_some_and(|accepted| accepted.contains("gzip"));
        let packed = takes_gzip.then(|| self.packed.get_or_init(|| pack(&self.plain))).cloned();
        if let Some(packed) = packed.flatten() {
            let encoding = [(header::CONTENT_ENCODING, "gzip")];
            return (common, kind, encoding, packed).into_response();
        }
        (common, kind, self.plain.clone()).into_response()
    }
}

fn pack(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
