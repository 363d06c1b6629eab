//! How large a body may be and how long an answer may take.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::header,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::Route,
};
use futures_util::{
    FutureExt, StreamExt,
    future::{Either, Map},
};
use tokio::time::{Timeout, error::Elapsed};
use tower::{Layer, Service};

use super::envelope;
use crate::{error::ApiError, state::AppState};

/// The largest document of the API (templates) is a tenth of it.
pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Beyond the slowest ask of the hub; browsers and proxies give up after 60 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// 20 MiB over a slow uplink of 1 Mbit/s take 170 s.
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(3);
/// Boundaries and text parts around the file itself.
pub(super) const UPLOAD_OVERHEAD_BYTES: usize = 64 * 1024;
/// How much of an upload that is too large is read and thrown away, so that its sender gets to read the
/// answer. Three times the limit; who sends more is cut off.
pub(super) const DRAIN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// A logo; contract §19.
pub const PICTURE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// What is said of a larger one.
pub const PICTURE_TOO_LARGE: &str = "A imagem deve ter no máximo 2 MB.";
/// The secrets of 300,000 messages, at 200 bytes each, packed and in base64.
pub(super) const BACKUP_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Meta's webhook sends batches of up to 3 MB.
const WEBHOOK_BYTES_MAX: usize = 3 * 1024 * 1024;

#[derive(Debug, Clone, Copy)]
struct Limits {
    body: DefaultBodyLimit,
    /// What may be declared.
    body_bytes_max: usize,
    timeout: Duration,
}

impl Limits {
    fn new(body_bytes_max: usize, timeout: Duration) -> Self {
        Self { body: DefaultBodyLimit::max(body_bytes_max), body_bytes_max, timeout }
    }

    fn are_exceeded_by(&self, request: &Request) -> bool {
        declared_bytes(request).is_some_and(|bytes| bytes > self.body_bytes_max)
    }
}

/// The limits of ordinary routes.
pub fn standard(routes: Router<AppState>) -> Router<AppState> {
    routes.layer(Limits::new(BODY_BYTES_MAX, ANSWER_TIMEOUT))
}

/// The limits of routes that networks deliver to.
pub fn webhook(routes: Router<AppState>) -> Router<AppState> {
    routes.layer(Limits::new(WEBHOOK_BYTES_MAX, ANSWER_TIMEOUT))
}

/// The limits of routes that give and take a number as a file.
pub fn backup(routes: Router<AppState>) -> Router<AppState> {
    routes.layer(Limits::new(BACKUP_BYTES_MAX, UPLOAD_TIMEOUT))
}

/// The limits of routes that take a picture of the company.
pub fn picture(routes: Router<AppState>) -> Router<AppState> {
    routes.layer(Limits::new(PICTURE_BYTES_MAX + UPLOAD_OVERHEAD_BYTES, UPLOAD_TIMEOUT))
}

/// The limits of routes that take both pictures of a customer at once.
pub fn pictures(routes: Router<AppState>) -> Router<AppState> {
    let body_bytes_max = 2 * PICTURE_BYTES_MAX + UPLOAD_OVERHEAD_BYTES;
    patient(routes, Limits::new(body_bytes_max, UPLOAD_TIMEOUT))
}

/// The limits of routes that take files. How large a body may be is up to their extractor,
/// [`super::upload::Upload`].
pub fn upload(routes: Router<AppState>, app: &AppState) -> Router<AppState> {
    let body_bytes_max = app.config.upload_bytes_max.saturating_add(UPLOAD_OVERHEAD_BYTES);
    let limits = Limits::new(body_bytes_max, UPLOAD_TIMEOUT);
    patient(routes, Limits { body: DefaultBodyLimit::disable(), ..limits })
}

/// Routes that stay open all day.
pub fn none(routes: Router<AppState>) -> Router<AppState> {
    let limits = Limits::new(usize::MAX, Duration::MAX);
    routes.layer(Limits { body: DefaultBodyLimit::disable(), ..limits })
}

/// Who declares too much and sends it without asking first is heard out.
fn patient(routes: Router<AppState>, limits: Limits) -> Router<AppState> {
    routes.layer(limits).layer(from_fn_with_state(limits, hear_out))
}

impl Layer<Route> for Limits {
    type Service = Limited;

    fn layer(&self, inner: Route) -> Limited {
        Limited { inner, limits: *self }
    }
}

/// A route within its limits.
#[derive(Clone)]
struct Limited {
    inner: Route,
    limits: Limits,
}

type Answer = Result<Response, Infallible>;

impl Service<Request> for Limited {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<
        Ready<Answer>,
        Map<Timeout<<Route as Service<Request>>::Future>, fn(Result<Answer, Elapsed>) -> Answer>,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.inner, context)
    }

    /// A body of unknown length is cut off by `DefaultBodyLimit` while a handler reads it.
    fn call(&mut self, mut request: Request) -> Self::Future {
        envelope::note_route(&request);
        if self.limits.are_exceeded_by(&request) {
            return Either::Left(ready(Ok(ApiError::TooLarge.into_response())));
        }
        self.limits.body.apply(&mut request);
        let answer = tokio::time::timeout(self.limits.timeout, self.inner.call(request));
        Either::Right(answer.map(in_time as fn(_) -> _))
    }
}

fn in_time(answer: Result<Answer, Elapsed>) -> Answer {
    answer.unwrap_or_else(|_| {
        Ok(ApiError::unavailable("no answer within the time limit").into_response())
    })
}

async fn hear_out(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let is_sent_anyway = !request.headers().contains_key(header::EXPECT);
    if limits.are_exceeded_by(&request) && is_sent_anyway {
        envelope::note_route(&request);
        // Whether it ends or not, the answer is the same.
        let _ = tokio::time::timeout(limits.timeout, drain(request.into_body())).await;
        return ApiError::TooLarge.into_response();
    }
    next.run(request).await
}

async fn drain(body: axum::body::Body) {
    let (mut chunks, mut bytes) = (body.into_data_stream(), 0);
    while let Some(Ok(chunk)) = chunks.next().await {
        bytes += chunk.len();
        if bytes > DRAIN_BYTES_MAX {
            return;
        }
    }
}

fn declared_bytes(request: &Request) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, Bytes},
        routing::post,
    };
    use futures_util::stream;

    use super::*;
    use crate::{
        http,
        test_support::{TestApp, send},
    };

    fn routes(app: &TestApp) -> Router {
        let limits = Limits::new(8, Duration::from_millis(5));
        let routes = Router::new()
            .route("/echo", post(async |body: http::Body| drop(body)))
            .route("/stuck", post(std::future::pending::<()>));
        routes.layer(limits).with_state(app.state.clone())
    }

    #[tokio::test]
    async fn a_large_body_is_refused_whether_its_length_is_declared_or_not() {
        let app = TestApp::new().await;
        let chunk = || Ok::<_, std::io::Error>(Bytes::from_static(b"{     }"));
        let bodies = [Body::from("{       }"), Body::from_stream(stream::iter([chunk(), chunk()]))];
        for body in bodies {
            let request = Request::post("/echo")
                .header("content-type", "application/json")
                .body(body)
                .unwrap();
            let answer = send(routes(&app), request).await;
            assert_eq!((answer.status, answer.json()["detail"].is_string()), (413, true));
        }
        let request = Request::post("/echo")
            .header("content-type", "application/json")
            .header("content-length", "9")
            .body(Body::from("{       }"));
        assert_eq!(send(routes(&app), request.unwrap()).await.status, 413);
    }

    #[tokio::test]
    async fn an_answer_that_takes_too_long_is_given_up() {
        let app = TestApp::new().await;
        let answer = send(routes(&app), Request::post("/stuck").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(answer.json()["error"].is_string());
    }
}
