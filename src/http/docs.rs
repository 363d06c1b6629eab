//! The documentation: the OpenAPI document, and two programs that show it. Everything comes out of
//! the binary; the pages may load nothing from elsewhere.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use ring::digest::{SHA256, digest};

use super::Query;
use crate::{
    error::{ApiError, ApiResult},
    openapi,
};

const JSON: &str = "application/json";
const YAML: &str = "application/vnd.oai.openapi";
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
/// Browsers ask again each time and mostly hear 304: a new version shows at once.
const CACHE: &str = "no-cache";
/// Only what is ours. Both programs style elements one by one; `ReDoc` searches in a worker.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; worker-src blob:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static DOCUMENT_JSON: LazyLock<Option<Asset>> =
    LazyLock::new(|| Some(Asset::new(JSON, Bytes::Made(openapi::json().ok()?))));
static DOCUMENT_YAML: LazyLock<Option<Asset>> =
    LazyLock::new(|| Some(Asset::new(YAML, Bytes::Made(openapi::document().to_yaml().ok()?))));
static SWAGGER_UI: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(HTML, Bytes::Plain(include_bytes!("docs/swagger-ui.html"))));
static REDOC: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(HTML, Bytes::Plain(include_bytes!("docs/redoc.html"))));
static FILES: LazyLock<[(&str, Asset); 4]> = LazyLock::new(|| {
    [
        ("start.js", Asset::new(SCRIPT, Bytes::Plain(include_bytes!("docs/start.js")))),
        (
            "swagger-ui-bundle.js",
            packed(SCRIPT, include_bytes!("../../assets/swagger-ui/swagger-ui-bundle.js.gz")),
        ),
        (
            "swagger-ui.css",
            packed(CSS, include_bytes!("../../assets/swagger-ui/swagger-ui.css.gz")),
        ),
        (
            "redoc.standalone.js",
            packed(SCRIPT, include_bytes!("../../assets/redoc/redoc.standalone.js.gz")),
        ),
    ]
});

/// A body that never changes while the process runs.
struct Asset {
    content_type: &'static str,
    bytes: Bytes,
    etag: String,
}

enum Bytes {
    Made(String),
    Plain(&'static [u8]),
    /// Sent as it is to everybody: each browser of this century unpacks it.
    Packed(&'static [u8]),
}

fn packed(content_type: &'static str, bytes: &'static [u8]) -> Asset {
    Asset::new(content_type, Bytes::Packed(bytes))
}

impl Asset {
    fn new(content_type: &'static str, bytes: Bytes) -> Self {
        let digest = digest(&SHA256, bytes.as_bytes());
        let hex: Vec<String> = digest.as_ref()[..8].iter().map(|b| format!("{b:02x}")).collect();
        Self { content_type, bytes, etag: format!("\"{}\"", hex.concat()) }
    }

    fn answer(&'static self, request: &HeaderMap) -> Response {
        let common = [
            (header::ETAG, self.etag.as_str()),
            (header::CACHE_CONTROL, CACHE),
            (header::CONTENT_SECURITY_POLICY, POLICY),
        ];
        let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        if known.is_some_and(|known| known.contains(&self.etag)) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let kind = [(header::CONTENT_TYPE, self.content_type)];
        match &self.bytes {
            Bytes::Packed(bytes) => {
                let encoding = [(header::CONTENT_ENCODING, "gzip")];
                (common, kind, encoding, *bytes).into_response()
            }
            bytes => (common, kind, bytes.as_bytes()).into_response(),
        }
    }
}

impl Bytes {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Made(text) => text.as_bytes(),
            Self::Plain(bytes) | Self::Packed(bytes) => bytes,
        }
    }
}

/// `GET /api/schema/`: JSON, or YAML for who asks for it by `format` or `Accept`.
pub(super) async fn schema(headers: HeaderMap, query: Query) -> ApiResult<Response> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let accepts_yaml = accepted
        .is_some_and(|text| !text.contains(JSON) && (text.contains("yaml") || text.contains(YAML)));
    let document = match query.text("format") {
        Some("yaml") => &*DOCUMENT_YAML,
        None if accepts_yaml => &*DOCUMENT_YAML,
        None | Some("json") => &*DOCUMENT_JSON,
        Some(_) => return Err(ApiError::missing("Formato desconhecido. Use: json, yaml")),
    };
    let document = document.as_ref().ok_or_else(|| ApiError::internal("document is not made"))?;
    Ok(document.answer(&headers))
}

/// `GET /api/docs/`.
pub(super) async fn swagger_ui(headers: HeaderMap) -> Response {
    SWAGGER_UI.answer(&headers)
}

/// `GET /api/redoc/`.
pub(super) async fn redoc(headers: HeaderMap) -> Response {
    REDOC.answer(&headers)
}

/// `GET /api/docs/{file}`: what the two pages load.
pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> ApiResult<Response> {
    let found = FILES.iter().find(|(known, _)| *known == name);
    Ok(found.ok_or_else(ApiError::not_found)?.1.answer(&headers))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::Value;

    use crate::test_support::TestApp;

    #[tokio::test]
    async fn the_document_is_json_or_yaml_and_known_copies_are_not_sent_again() {
        let app = TestApp::new().await;
        let json = app.get("/api/schema/").send().await;
        assert_eq!(
            (json.status, &json.headers["content-type"]),
            (200, &"application/json".parse().unwrap())
        );
        assert_eq!(json.json()["info"]["title"], "DX Connect API");
        let again = app.request(Method::GET, "/api/schema/");
        let again =
            again.header("if-none-match", json.headers["etag"].to_str().unwrap()).send().await;
        assert_eq!((again.status, again.text.len()), (304, 0));
        let by_name = app.get("/api/schema/?format=yaml").send().await;
        let by_header = app.get("/api/schema/").header("accept", "application/yaml").send().await;
        assert!(by_name.text.starts_with("openapi: 3."), "{}", &by_name.text[..40]);
        assert_eq!(by_name.text, by_header.text);
        assert_eq!(by_name.headers["content-type"], "application/vnd.oai.openapi");
        let browser = app.get("/api/schema/").header("accept", "application/json,*/*").send().await;
        assert_eq!(browser.json(), serde_json::from_str::<Value>(&json.text).unwrap());
        assert_eq!(app.get("/api/schema/?format=xml").send().await.status, 404);
    }

    #[tokio::test]
    async fn pages_load_only_what_is_served_here() {
        let app = TestApp::new().await;
        for page in ["/api/docs/", "/api/redoc/"] {
            let answer = app.get(page).send().await;
            assert_eq!(answer.status, 200, "{page}");
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
            let mut loaded = 0;
            for part in answer.text.split(['"', '\'']).filter(|part| part.starts_with('/')) {
                // Only whether it is there: most are packed.
                let file = app.request(Method::HEAD, part).send().await;
                assert_eq!(file.status, 200, "{page} loads {part}");
                loaded += 1;
            }
            assert!(loaded >= 2, "{page}");
            assert!(!answer.text.contains("//"), "{page} names another host");
        }
        assert_eq!(app.get("/api/docs/nothing.js").send().await.status, 404);
    }
}
