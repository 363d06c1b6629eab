//! The web console: pages for a browser, embedded in the binary.
//!
//! It serves files and nothing else. What the pages show and do goes through the public API and the
//! socket, like any other client's. A debug build reads the files from the disk at each request, so
//! that a change shows with the next reload.

mod asset;

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use rust_embed::RustEmbed;

use self::asset::Asset;
use crate::error::{ApiError, ApiResult};

/// Paths of the console's own pages, and what lies below them. All of them are the one page, which looks
/// at the address by itself; `web/js/routes.js` says what it shows there, and a test compares the two.
pub const PAGES: [&str; 14] = [
    "/entrar",
    "/inicio",
    "/conversas",
    "/preferencias",
    "/painel",
    "/relatorios",
    "/numeros",
    "/departamentos",
    "/pessoas",
    "/respostas",
    "/clientes",
    "/modelos",
    "/configuracoes",
    "/auditoria",
];

/// Only what comes from here: no inline script or style, no text that becomes markup, no frame.
/// Pictures and recordings need a token, so the page fetches them and shows a `blob:`. `'self'` is
/// also the socket of this origin (CSP level 3).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; \
                      manifest-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";
/// Of the one page: asked for again each time, mostly answered 304, so that a new version shows at once.
const CHECKED: &str = "no-cache";
/// Of everything else in a release: its path holds the version, so it never changes.
const KEPT: &str = "public, max-age=31536000, immutable";
/// What stands for [`VERSION`] in `index.html`.
const VERSION_MARK: &str = "{version}";
/// What stands for the scripts of the first view in `index.html`: without it a browser would learn of them
/// one import after the other.
const MODULES_MARK: &str = "<!-- modules -->";
/// Folders whose scripts the first view needs. Other pages are loaded when they are opened.
const FIRST_VIEW: [&str; 5] =
    ["vendor/", "js/lib/", "js/store/", "js/components/", "js/pages/chats/"];

#[derive(RustEmbed)]
#[folder = "src/console/web"]
struct Web;

/// Names this version of all files together.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Web::iter().collect();
    names.sort_unstable();
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for name in names {
        context.update(name.as_bytes());
        if let Some(file) = Web::get(&name) {
            context.update(&file.metadata.sha256_hash());
        }
    }
    asset::hexadecimal(&context.finish().as_ref()[..8])
});

/// `GET /` and every page of the console.
pub async fn page(headers: HeaderMap) -> ApiResult<Response> {
    let asset = asset::cached("index.html", || {
        let file = Web::get("index.html")?;
        let text = std::str::from_utf8(&file.data).ok()?;
        let text = text.replace(MODULES_MARK, &modules()).replace(VERSION_MARK, &VERSION);
        Asset::new("index.html", text.into_bytes())
    });
    let asset = asset.ok_or_else(|| ApiError::internal("the console's page is not embedded"))?;
    Ok(guarded(asset.answer(&headers, CHECKED)))
}

/// `GET /console/{version}/{path}`: what the page loads. Another version's is not here any more: the page
/// reloads itself when it hears so.
pub async fn file(
    Path((version, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let is_ours = version == *VERSION && asset::content_type(&path).is_some();
    let asset = is_ours
        .then(|| asset::cached(&path, || Asset::new(&path, Web::get(&path)?.data.into_owned())));
    let asset = asset.flatten().ok_or_else(ApiError::not_found)?;
    let caching = if cfg!(debug_assertions) { CHECKED } else { KEPT };
    Ok(guarded(asset.answer(&headers, caching)))
}

/// Says of each script of the first view that it will be needed.
fn modules() -> String {
    let mut names: Vec<_> = Web::iter().collect();
    names.sort_unstable();
    let wanted = names.iter().filter(|name| {
        name.ends_with(".js") && FIRST_VIEW.iter().any(|folder| name.starts_with(folder))
    });
    let links: Vec<String> = wanted
        .map(|name| format!("<link rel=\"modulepreload\" href=\"/console/{VERSION_MARK}/{name}\">"))
        .collect();
    links.join("\n")
}

/// With what a browser has to keep to. Scripts and styles follow the policy of their page; they are many,
/// and their headers would weigh as much as they do. The other headers are those of every answer.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_part = kind
        .is_some_and(|kind| kind.starts_with("text/javascript") || kind.starts_with("text/css"));
    if !is_part {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    response
}

#[cfg(test)]
mod tests;
