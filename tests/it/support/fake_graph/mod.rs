//! Meta's Graph API for one business, on a free port: it checks everything that it gets, answers like
//! Meta, delivers signed webhooks, and misbehaves when it is told to.

mod checks;
mod deliveries;
mod media;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Database, Server, eventually, server::Setup};

pub(crate) use deliveries::{Delivery, message_from, status_of};

/// The version that the product is written for.
const VERSION: &str = "v24.0";
pub(crate) const PHONE_NUMBER_ID: &str = "106540352242922";
pub(crate) const BUSINESS_ACCOUNT_ID: &str = "102290129340398";
pub(crate) const TOKEN: &str = "EAAJBtestToken0123456789";
pub(crate) const SECRET: &str = "app-secret-of-the-tests";
/// As Meta writes it, and its canonical form.
pub(crate) const DISPLAY_PHONE_NUMBER: &str = "+55 11 4000-2000";
pub(crate) const PHONE_NUMBER: &str = "551140002000";
/// Templates on one page.
const TEMPLATES_PER_PAGE: usize = 2;

/// What happens to the next message instead of its being taken.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// An error document of this status and code.
    Refuse(u16, i64),
    /// This status and text, whatever it is; the message is not taken.
    Text(u16, &'static str),
    /// The message is taken, and the answer is cut off.
    TakeAndBreak,
    /// The message is taken, and the answer is no JSON.
    TakeAndBabble,
    /// The message is read and not taken, and no answer ever comes.
    HoldBack,
    /// The message is taken, and no answer ever comes.
    TakeAndHold,
}

/// The server.
#[derive(Debug, Clone)]
pub(crate) struct FakeGraph(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    url: String,
    state: Mutex<Fake>,
}

#[derive(Debug, Default)]
struct Fake {
    /// By the id of the number: what it is called, and the token that may use it.
    numbers: HashMap<String, (String, String)>,
    manners: VecDeque<Manner>,
    /// The token has been revoked.
    is_revoked: bool,
    /// Bodies that were taken, with the id that each got.
    sent: Vec<(String, Value)>,
    /// Our ids of messages that were read, taken or not.
    seen: Vec<String>,
    /// Read marks, with or without an indicator.
    marks: Vec<Value>,
    templates: Vec<Value>,
    template_requests: usize,
    media: media::Library,
    /// Everything that was wrong with a request.
    violations: Vec<String>,
}

impl FakeGraph {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let number = (DISPLAY_PHONE_NUMBER.to_owned(), TOKEN.to_owned());
        let numbers = HashMap::from([(PHONE_NUMBER_ID.to_owned(), number)]);
        let state = Mutex::new(Fake { numbers, ..Fake::default() });
        let shared = Arc::new(Shared { url: format!("http://{address}"), state });
        let routes = Router::new()
            .route("/{version}/{id}", get(node))
            .route("/{version}/{id}/messages", post(messages))
            .route("/{version}/{id}/message_templates", get(message_templates))
            .route("/{version}/{id}/media", post(media::upload))
            .route("/files/{name}", get(media::download))
            .fallback(unknown)
            .layer(DefaultBodyLimit::max(100 * 1024 * 1024))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self(shared)
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// A hub whose default number is of the Cloud API, and this its Graph.
    pub(crate) fn hub_on(&self, database: &Database) -> Setup {
        Server::on(database)
            .env("WHATSAPP_MODE", "cloud")
            .env("WHATSAPP_CLOUD_API_URL", self.url())
            .env("WHATSAPP_CLOUD_PHONE_NUMBER_ID", PHONE_NUMBER_ID)
            .env("WHATSAPP_CLOUD_BUSINESS_ACCOUNT_ID", BUSINESS_ACCOUNT_ID)
            .env("WHATSAPP_CLOUD_ACCESS_TOKEN", TOKEN)
            .env("WHATSAPP_WEBHOOK_SECRET", SECRET)
    }

    /// One more number of the business.
    pub(crate) fn add_number(&self, id: &str, display: &str, token: &str) {
        let number = (display.to_owned(), token.to_owned());
        self.0.lock().numbers.insert(id.to_owned(), number);
    }

    /// What happens to the next messages, one after the other.
    pub(crate) fn behave(&self, manners: impl IntoIterator<Item = Manner>) {
        self.0.lock().manners.extend(manners);
    }

    /// From now on no token is known, or all are known again.
    pub(crate) fn revoke_tokens(&self, is_revoked: bool) {
        self.0.lock().is_revoked = is_revoked;
    }

    pub(crate) fn set_templates(&self, templates: Vec<Value>) {
        self.0.lock().templates = templates;
    }

    pub(crate) fn template_requests(&self) -> usize {
        self.0.lock().template_requests
    }

    /// Bodies that were taken so far, in order.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.0.lock().sent.iter().map(|(_, body)| body.clone()).collect()
    }

    /// Waits until a message with this id of ours was read, taken or not.
    pub(crate) async fn sees(&self, our_id: &str) {
        eventually(&format!("the Graph has seen {our_id}"), async || {
            self.0.lock().seen.iter().any(|seen| seen == our_id).then_some(())
        })
        .await;
    }

    /// How often a message with this id of ours was taken.
    pub(crate) fn times_taken(&self, our_id: &str) -> usize {
        let sent = self.sent();
        sent.iter().filter(|body| body["biz_opaque_callback_data"] == our_id).count()
    }

    /// The id that the n-th message got.
    pub(crate) fn wamid(&self, n: usize) -> String {
        self.0.lock().sent[n].0.clone()
    }

    pub(crate) fn marks(&self) -> Vec<Value> {
        self.0.lock().marks.clone()
    }

    /// Waits until so many messages were taken; the last of them.
    pub(crate) async fn takes(&self, count: usize) -> Value {
        eventually(&format!("the Graph has taken {count} messages"), async || {
            let sent = self.sent();
            (sent.len() == count).then(|| sent.last().cloned().unwrap_or_default())
        })
        .await
    }

    /// Fails the test when a request was not what Meta documents.
    #[track_caller]
    pub(crate) fn assert_well_used(&self) {
        let violations = self.0.lock().violations.clone();
        assert!(violations.is_empty(), "the Graph was misused: {violations:#?}");
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Fake> {
        self.state.lock().expect("nobody panics in a request")
    }
}

impl Fake {
    /// `None` when the token may use this number, account or file.
    fn refusal(&mut self, version: &str, id: &str, headers: &HeaderMap) -> Option<Response> {
        if version != VERSION {
            self.violations.push(format!("version {version}"));
            return Some(error(400, 2635, "unknown version"));
        }
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let is_known = self.numbers.values().any(|(_, known)| known == token);
        if self.is_revoked || !is_known {
            return Some(error(401, 190, "Invalid OAuth access token"));
        }
        match self.numbers.get(id) {
            Some((_, owner)) if owner != token => Some(error(403, 10, "no permission")),
            Some(_) => None,
            None if id == BUSINESS_ACCOUNT_ID || self.media.has(id) => None,
            None => {
                let said = format!("Object with ID '{id}' does not exist");
                Some(error(400, 100, &said))
            }
        }
    }

    fn violation(&mut self, what: String) -> Response {
        let response = error(400, 100, &what);
        self.violations.push(what);
        response
    }
}

/// An error document as Meta writes it.
fn error(status: u16, code: i64, details: &str) -> Response {
    let document = json!({"error": {
        "message": format!("(#{code}) {details}"), "type": "OAuthException", "code": code,
        "error_subcode": 2_494_010,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": "AwzmAc7AtZzXHuPYVjcJ5fM",
    }});
    let status = StatusCode::from_u16(status).expect("a status");
    (status, Json(document)).into_response()
}

async fn unknown(State(shared): State<Arc<Shared>>, uri: axum::http::Uri) -> Response {
    shared.lock().violation(format!("no such path: {uri}"))
}

/// A number, or a file that was uploaded or received.
async fn node(
    State(shared): State<Arc<Shared>>,
    Path((version, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut fake = shared.lock();
    if let Some(refusal) = fake.refusal(&version, &id, &headers) {
        return refusal;
    }
    if let Some((display, _)) = fake.numbers.get(&id) {
        let document = json!({
            "id": id, "display_phone_number": display, "verified_name": "Loja de Testes",
        });
        return Json(document).into_response();
    }
    match fake.media.document(&id, &shared.url) {
        Some(document) => Json(document).into_response(),
        None => error(400, 100, "Unsupported get request"),
    }
}

async fn messages(
    State(shared): State<Arc<Shared>>,
    Path((version, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut fake = shared.lock();
    if let Some(refusal) = fake.refusal(&version, &id, &headers) {
        return refusal;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return fake.violation("the body is no JSON".to_owned());
    };
    if body["status"] == "read" {
        return match checks::mark(&body) {
            Ok(()) => {
                fake.marks.push(body);
                Json(json!({"success": true})).into_response()
            }
            Err(what) => fake.violation(what),
        };
    }
    if let Err(what) = checks::message(&body, &|media| fake.media.has(media)) {
        return fake.violation(what);
    }
    fake.seen.extend(body["biz_opaque_callback_data"].as_str().map(str::to_owned));
    match fake.manners.pop_front() {
        Some(Manner::HoldBack) => Body::from_stream(silence()).into_response(),
        Some(Manner::TakeAndHold) => {
            fake.take(body);
            Body::from_stream(silence()).into_response()
        }
        Some(Manner::Refuse(status, code)) => error(status, code, "as the test wants it"),
        Some(Manner::Text(status, text)) => {
            (StatusCode::from_u16(status).expect("a status"), text).into_response()
        }
        Some(Manner::TakeAndBreak) => {
            fake.take(body);
            let broken = stream::iter([
                Ok(Bytes::from_static(b"{\"messaging_product\":")),
                Err(std::io::Error::other("the line is cut")),
            ]);
            Body::from_stream(broken).into_response()
        }
        Some(Manner::TakeAndBabble) => {
            fake.take(body);
            (StatusCode::OK, "<html>").into_response()
        }
        None => {
            let (input, name) = match body["to"].as_str() {
                Some(to) => (to.to_owned(), "wa_id"),
                None => (body["recipient"].as_str().unwrap_or_default().to_owned(), "user_id"),
            };
            let wamid = fake.take(body);
            let mut answer = json!({
                "messaging_product": "whatsapp", "contacts": [{"input": input}],
                "messages": [{"id": wamid}],
            });
            answer["contacts"][0][name] = json!(input);
            Json(answer).into_response()
        }
    }
}

/// A body of which nothing comes.
fn silence() -> stream::Pending<Result<Bytes, std::io::Error>> {
    stream::pending()
}

impl Fake {
    fn take(&mut self, body: Value) -> String {
        let wamid = format!("wamid.HBgN{:012}", self.sent.len() + 1);
        self.sent.push((wamid.clone(), body));
        wamid
    }
}

async fn message_templates(
    State(shared): State<Arc<Shared>>,
    Path((version, id)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut fake = shared.lock();
    if let Some(refusal) = fake.refusal(&version, &id, &headers) {
        return refusal;
    }
    if id != BUSINESS_ACCOUNT_ID {
        return fake.violation(format!("templates belong to the account, not to {id}"));
    }
    fake.template_requests += 1;
    let after = query.get("after").map(|cursor| cursor.trim_start_matches("cursor-"));
    let Ok(start) = after.unwrap_or("0").parse::<usize>() else {
        return fake.violation(format!("no such cursor: {after:?}"));
    };
    let end = (start + TEMPLATES_PER_PAGE).min(fake.templates.len());
    let mut page = json!({"data": fake.templates[start.min(end)..end]});
    if !fake.templates.is_empty() {
        page["paging"] = json!({"cursors": {"before": format!("cursor-{start}"), "after": format!("cursor-{end}")}});
        if end < fake.templates.len() {
            page["paging"]["next"] = json!(format!("{}/{VERSION}/{id}/next", shared.url));
        }
    }
    Json(page).into_response()
}
