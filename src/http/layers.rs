//! What surrounds every request, outermost first: request id with access log and security headers,
//! CORS, panics, the form of the path.

use std::{
    any::Any,
    sync::{Arc, OnceLock},
    time::Instant,
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{Next, from_fn_with_state, map_request},
    response::{IntoResponse, Response},
};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use super::{cors, target};
use crate::{error::ApiError, state::AppState};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A client's own id is echoed up to this length; UUIDs and trace ids are shorter.
const REQUEST_ID_CHARS_MAX: usize = 64;

/// Puts the layers around the finished routes. They sit on a router of their own, because a router
/// routes before it runs its layers and the path has to be normalised first.
pub(super) fn surround(routes: Router, app: &AppState) -> Router {
    // The layer added last is the outermost.
    Router::new()
        .fallback_service(routes)
        .layer(map_request(async |request: Request| target::normalise(request)))
        .layer(CatchPanicLayer::custom(|panic: Box<dyn Any + Send>| answer_panic(&*panic)))
        .layer(from_fn_with_state(app.clone(), cors::apply))
        .layer(from_fn_with_state(app.clone(), envelope))
}

/// Where the router leaves the path, as it is written in the table, for the layers around it.
#[derive(Clone, Default)]
struct Routed(Arc<OnceLock<MatchedPath>>);

/// A layer of the routes themselves: only they know where a request was routed to.
pub(super) async fn note_route(request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    if let (Some(routed), Some(path)) =
        (extensions.get::<Routed>(), extensions.get::<MatchedPath>())
    {
        // A request is routed once.
        let _ = routed.0.set(path.clone());
    }
    next.run(request).await
}

async fn envelope(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let span = tracing::info_span!("request", request.id = id.to_str().unwrap_or_default());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let routed = Routed::default();
    request.extensions_mut().insert(routed.clone());
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = started.elapsed();
    let route = routed.0.get().map(MatchedPath::as_str);
    app.metrics.answered(&method, route, response.status(), took);
    // Without the query: it may hold a token.
    tracing::debug!(
        parent: &span,
        method = %method,
        path,
        status = response.status().as_u16(),
        duration_ms = took.as_secs_f64() * 1000.0,
        "answered"
    );
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

const SECURITY_HEADERS: [(HeaderName, &str); 3] = [
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
];

/// The client's id if it is harmless in a log, else a new one.
fn request_id(request: &Request) -> HeaderValue {
    let is_harmless = |value: &&HeaderValue| {
        (1..=REQUEST_ID_CHARS_MAX).contains(&value.len())
            && value.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    request.headers().get(REQUEST_ID).filter(is_harmless).cloned().unwrap_or_else(|| {
        // Not a UUID: each of those asks the kernel for its bytes.
        HeaderValue::from_str(&format!("{:032x}", rand::random::<u128>()))
            .expect("hexadecimal digits are a header value")
    })
}

fn answer_panic(panic: &(dyn Any + Send)) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    ApiError::internal(format!("panic: {}", text.unwrap_or_default())).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{middleware::from_fn, routing::get};

    use super::*;
    use crate::test_support::{TestApp, send};

    #[tokio::test]
    async fn every_answer_carries_an_id_and_the_security_headers() {
        let app = TestApp::new().await;
        for path in ["/api/v1/health/", "/nowhere", "/api/v1/me/"] {
            let answer = app.get(path).send().await;
            assert_eq!(answer.headers["x-request-id"].len(), 32);
            assert_eq!(answer.headers["x-frame-options"], "DENY");
            assert_eq!(answer.headers["x-content-type-options"], "nosniff");
            assert_eq!(answer.headers["referrer-policy"], "same-origin");
        }
    }

    #[tokio::test]
    async fn only_a_harmless_id_is_echoed() {
        let app = TestApp::new().await;
        let long = "x".repeat(65);
        for (id, echoed) in [("abc-1.2_Z", true), ("a b", false), (&long, false), ("ação", false)]
        {
            let answer = app.get("/nowhere").header("x-request-id", id).send().await;
            assert_eq!(answer.headers["x-request-id"] == id, echoed, "{id}");
        }
    }

    #[tokio::test]
    async fn a_panic_becomes_an_answer_in_json() {
        let app = TestApp::new().await;
        let routes = Router::new()
            .route("/boom", get(async || -> () { std::panic::panic_any("secret detail") }));
        let request = Request::get("/boom/").body(axum::body::Body::empty()).unwrap();
        let answer = send(surround(routes, &app.state), request).await;
        assert_eq!(answer.status, 500);
        assert_eq!(answer.json()["error"], "Ocorreu um erro de servidor.");
        assert_eq!(answer.headers["x-request-id"].len(), 32);
        assert!(!answer.text.contains("secret"));
    }

    #[tokio::test]
    async fn requests_are_counted_by_the_path_in_the_table() {
        let app = TestApp::new().await;
        for path in
            ["/api/v1/chats/5511988887777/", "/api/v1/chats/1/?x=2", "/nowhere/5511988887777"]
        {
            app.get(path).signed_in().send().await;
        }
        app.post("/api/v1/health").send().await;
        let boom = from_fn(note_route);
        let routes = Router::new()
            .route("/boom/{id}", get(async || -> () { std::panic::panic_any("") }))
            .layer(boom);
        let request = Request::get("/boom/5511988887777").body(axum::body::Body::empty()).unwrap();
        send(surround(routes, &app.state), request).await;
        let text = app.state.metrics.encode().unwrap();
        for line in [
            r#"dx_http_requests_total{method="GET",route="/api/v1/chats/{chat_id}",status="4xx"} 2"#,
            r#"dx_http_requests_total{method="GET",route="none",status="4xx"} 1"#,
            r#"dx_http_requests_total{method="POST",route="/api/v1/health",status="4xx"} 1"#,
            r#"dx_http_requests_total{method="GET",route="/boom/{id}",status="5xx"} 1"#,
            r#"dx_http_request_seconds_count{method="GET",route="/api/v1/chats/{chat_id}"} 2"#,
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in {text}");
        }
        assert!(!text.contains("5511988887777"));
    }
}
