//! Another system that is told of events: a real server on a free port whose manners a test sets.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;

use super::hex;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Status(u16),
    /// Takes the request and never answers.
    Silent,
}

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) raw: String,
    pub(crate) body: Value,
    /// It was taken: answered with 2xx.
    pub(crate) is_taken: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Receiver(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    url: String,
    manner: Mutex<Manner>,
    received: Mutex<Vec<Received>>,
}

impl Receiver {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let shared = Arc::new(Shared {
            url: format!("http://{address}/dx"),
            manner: Mutex::new(manner),
            received: Mutex::default(),
        });
        let routes = Router::new().route("/dx", post(take)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self(shared)
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.0.manner.lock().unwrap() = manner;
    }

    /// Everything that came, also what was not taken.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.0.received.lock().unwrap().clone()
    }

    /// What was taken of one event.
    pub(crate) fn taken(&self, event: &str) -> Vec<Received> {
        let all = self.received().into_iter();
        all.filter(|one| one.is_taken && one.body["event"] == event).collect()
    }
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The `v1` of its signature.
    pub(crate) fn signatures(&self) -> Vec<&str> {
        let parts = self.header("X-DX-Signature").split(',');
        parts.filter_map(|part| part.strip_prefix("v1=")).collect()
    }

    /// Whether this secret has signed it.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let header = self.header("X-DX-Signature");
        let at = header.split(',').find_map(|part| part.strip_prefix("t=")).expect("an instant");
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        mac.update(format!("{at}.{}", self.raw).as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        self.signatures().contains(&signature.as_str())
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, raw: Bytes) -> Response {
    let manner = *shared.manner.lock().unwrap();
    let raw = String::from_utf8(raw.to_vec()).expect("a text");
    let body = serde_json::from_str(&raw).expect("a document");
    let is_taken = matches!(manner, Manner::Status(200..=299));
    shared.received.lock().unwrap().push(Received { headers, raw, body, is_taken });
    match manner {
        Manner::Status(status) => {
            (StatusCode::from_u16(status).expect("a status"), "recebido").into_response()
        }
        Manner::Silent => std::future::pending().await,
    }
}
