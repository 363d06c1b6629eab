//! Which web pages of other origins may call us (contract §1). No credentials: clients send tokens.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, header},
};

const METHODS: &str = "DELETE, GET, OPTIONS, PATCH, POST, PUT";
const REQUEST_HEADERS: &str = "accept, accept-encoding, authorization, content-type, dnt, origin, \
                               user-agent, x-backup-passphrase, x-csrftoken, x-requested-with, \
                               x-request-id";
const EXPOSED_HEADERS: &str = "X-Request-Id, X-Total-Count, Content-Disposition";
/// One day, as the earlier system answered.
const MAX_AGE_SECONDS: &str = "86400";

/// What an answer has to say about the page that asks.
pub(super) struct Caller {
    /// An origin that may read answers.
    origin: Option<HeaderValue>,
    /// The browser asks before the page does; nobody else answers that.
    pub(super) is_preflight: bool,
}

impl Caller {
    pub(super) fn of(request: &Request, allowed: &[String]) -> Self {
        let headers = request.headers();
        let is_preflight = request.method() == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let is_allowed = |origin: &&HeaderValue| {
            allowed.iter().any(|allowed| origin.as_bytes() == allowed.as_bytes())
        };
        let origin = headers.get(header::ORIGIN).filter(is_allowed).cloned();
        Self { origin, is_preflight }
    }

    /// Marks an answer that an allowed origin may read.
    pub(super) fn mark(self, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let Some(origin) = self.origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED_HEADERS),
        );
        if self.is_preflight {
            add_preflight_headers(headers);
        }
    }
}

fn add_preflight_headers(headers: &mut HeaderMap) {
    let pairs = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS),
    ];
    for (name, value) in pairs {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::TestApp;

    const OURS: &str = "http://localhost:5173";

    #[tokio::test]
    async fn an_allowed_origin_may_read_answers_and_errors() {
        let app = TestApp::new().await;
        for path in ["/api/v1/health/", "/nowhere"] {
            let answer = app.get(path).header("origin", OURS).send().await;
            assert_eq!(answer.headers["access-control-allow-origin"], OURS);
            assert_eq!(answer.headers["access-control-expose-headers"], EXPOSED_HEADERS);
            assert_eq!(answer.headers["vary"], "origin");
        }
    }

    #[tokio::test]
    async fn another_origin_gets_no_permission() {
        let app = TestApp::new().await;
        for origin in ["http://evil.example", "http://localhost:5173.evil.example", "null"] {
            let answer = app.get("/api/v1/health/").header("origin", origin).send().await;
            assert_eq!(answer.status, 200);
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
        }
    }

    #[tokio::test]
    async fn a_preflight_is_answered_before_routing() {
        let app = TestApp::new().await;
        let preflight = |origin: &str| {
            app.request(Method::OPTIONS, "/api/v1/me/")
                .header("origin", origin)
                .header("access-control-request-method", "PATCH")
        };
        let answer = preflight(OURS).send().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["access-control-allow-methods"], METHODS);
        assert_eq!(answer.headers["access-control-max-age"], "86400");
        let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.contains("authorization") && allowed.contains("x-request-id"));
        let answer = preflight("http://evil.example").send().await;
        assert_eq!(answer.status, 200);
        assert!(!answer.headers.contains_key("access-control-allow-methods"));
    }
}
