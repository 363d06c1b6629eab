//! What surrounds every request, outermost first: request id with access log and security headers,
//! CORS, panics, the form of the path.
//!
//! One service and not a stack of layers: each layer of a router clones what is below it and boxes
//! another future, for each request.

use std::{
    any::Any,
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, future::BoxFuture};
use tower::{Service, ServiceExt};
use tracing::Instrument;

use super::{cors, target};
use crate::{error::ApiError, state::AppState};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A client's own id is echoed up to this length; UUIDs and trace ids are shorter.
const REQUEST_ID_CHARS_MAX: usize = 64;

/// The finished routes with what surrounds them.
#[derive(Debug, Clone)]
pub struct Envelope {
    routes: Router,
    app: AppState,
}

/// Where the router leaves the path, as it is written in the table, for what is around it.
#[derive(Clone, Default)]
struct Routed(Arc<OnceLock<MatchedPath>>);

/// Called below the router: only there it is known where a request was routed to.
pub(super) fn note_route(request: &Request) {
    let extensions = request.extensions();
    if let (Some(routed), Some(path)) =
        (extensions.get::<Routed>(), extensions.get::<MatchedPath>())
    {
        // A request is routed once.
        let _ = routed.0.set(path.clone());
    }
}

impl Envelope {
    pub(super) fn new(routes: Router, app: &AppState) -> Self {
        Self { routes, app: app.clone() }
    }

    async fn answer(self, mut request: Request) -> Response {
        let id = request_id(&request);
        let span = tracing::info_span!("request", request.id = id.to_str().unwrap_or_default());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let routed = Routed::default();
        request.extensions_mut().insert(routed.clone());
        let Self { routes, app } = self;
        let started = Instant::now();
        let answer = answer_across_origins(routes, &app, request);
        let mut response = answer.instrument(span.clone()).await;
        let took = started.elapsed();
        let route = routed.0.get().map(MatchedPath::as_str);
        app.metrics.answered(&method, route, response.status(), took);
        // Without the query: it may hold a token.
        tracing::debug!(
            parent: &span,
            method = %method,
            path = uri.path(),
            status = response.status().as_u16(),
            duration_ms = took.as_secs_f64() * 1000.0,
            "answered"
        );
        add_headers(response.headers_mut(), id);
        response
    }
}

impl Service<Request> for Envelope {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().answer(request).map(Ok))
    }
}

/// Preflights are answered before routing.
async fn answer_across_origins(routes: Router, app: &AppState, request: Request) -> Response {
    let caller = cors::Caller::of(&request, &app.config.cors_allowed_origins);
    let mut response = if caller.is_preflight {
        ().into_response()
    } else {
        answer_or_panic(routes, target::normalise(request)).await
    };
    caller.mark(response.headers_mut());
    response
}

async fn answer_or_panic(routes: Router, request: Request) -> Response {
    match AssertUnwindSafe(routes.oneshot(request)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(panic) => answer_panic(&*panic),
    }
}

fn add_headers(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert(REQUEST_ID, id);
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
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
    use axum::routing::get;

    use super::*;
    use crate::{
        http::limits,
        test_support::{TestApp, send},
    };

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
        let answer = send(Envelope::new(routes, &app.state), request).await;
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
        let boom = get(async || -> () { std::panic::panic_any("") });
        let routes =
            limits::none(Router::new().route("/boom/{id}", boom)).with_state(app.state.clone());
        let request = Request::get("/boom/5511988887777").body(axum::body::Body::empty()).unwrap();
        send(Envelope::new(routes, &app.state), request).await;
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
