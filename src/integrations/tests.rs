//! The worker and its requests, against receivers that misbehave, with a clock that the tests move.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router, extract,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use dx_actors::{
    Clock,
    domain::{
        AgentId, Delivery, DeliveryId, Inbound, IntegrationEventId, List, SessionId, Timestamp,
        WebhookEndpoint, WebhookId,
        webhook::{Attempt, DeliveryStatus, EventKind, FAILURES_MAX, NewEndpoint, Verdict},
    },
    store::{DeliveryFilter, Page},
    testing::eventually,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{Sender, run};
use crate::{media::AddressRules, test_support::TestApp};

const PAGE: Page = Page { limit: 100, offset: 0 };
/// Long enough for a busy machine, short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

/// What a receiver answers, and what it was sent.
struct State {
    status: u16,
    taken: Vec<(HeaderMap, String)>,
}

/// A receiver whose answer a test sets, with what it was sent.
#[derive(Clone)]
struct Receiver {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    async fn start(status: u16) -> Self {
        let state = Arc::new(Mutex::new(State { status, taken: Vec::new() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/dx", listener.local_addr().unwrap());
        let routes = Router::new().route("/dx", post(take)).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, state }
    }

    fn answer(&self, status: u16) {
        self.state.lock().unwrap().status = status;
    }

    fn count(&self) -> usize {
        self.state.lock().unwrap().taken.len()
    }

    /// The events that it was sent, in their order.
    fn events(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let name = |headers: &HeaderMap| headers["x-dx-event"].to_str().unwrap().to_owned();
        state.taken.iter().map(|(headers, _)| name(headers)).collect()
    }
}

async fn take(
    extract::State(state): extract::State<Arc<Mutex<State>>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let mut state = state.lock().unwrap();
    state.taken.push((headers, body));
    StatusCode::from_u16(state.status).unwrap().into_response()
}

struct Telling {
    app: TestApp,
    endpoint: WebhookId,
}

impl Telling {
    /// A hub that tells a receiver of new chats.
    async fn to(receiver: &Receiver) -> Self {
        let app = TestApp::with_environment(&[("WEBHOOK_ALLOW_PRIVATE", "1")]).await;
        let new = NewEndpoint {
            name: "CRM".to_owned(),
            url: receiver.url.clone(),
            events: List(vec![EventKind::NewChat]),
            is_active: true,
            secret: app.state.integrations.seal("segredo").unwrap(),
        };
        let store = app.state.hub.store();
        let endpoint = store.insert_webhook_endpoint(new, AgentId(1), app.clock.now()).await;
        let endpoint = endpoint.unwrap().unwrap().id;
        tokio::spawn(run(app.state.clone()));
        Self { app, endpoint }
    }

    async fn chat_opens(&self, n: usize) {
        let inbound = Inbound::text(&format!("55119888{n:05}"), &format!("m{n}"), "oi");
        let hub = &self.app.state.hub;
        hub.sessions().receive(hub.chats(), SessionId(1), inbound).await.unwrap();
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        let (store, filter) = (self.app.state.hub.store(), DeliveryFilter::default());
        store.list_deliveries(self.endpoint, &filter, PAGE).await.unwrap().rows
    }

    async fn endpoint(&self) -> WebhookEndpoint {
        let found = self.app.state.hub.store().find_webhook_endpoint(self.endpoint).await;
        found.unwrap().unwrap()
    }
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_when_its_time_has_come() {
    let receiver = Receiver::start(500).await;
    let telling = Telling::to(&receiver).await;
    telling.chat_opens(1).await;
    let has_failed = async || telling.deliveries().await.first().is_some_and(|d| d.attempts == 1);
    eventually(has_failed).await;
    let waiting = telling.deliveries().await.remove(0);
    assert_eq!((waiting.last_status_code, &*waiting.last_error), (Some(500), "Respondeu 500."));
    let wait = waiting.next_attempt_at.unwrap().since(waiting.last_attempt_at.unwrap());
    assert!((4500..=5500).contains(&wait.as_millis()), "{wait:?}");
    receiver.answer(204);
    telling.app.clock.advance(Duration::from_secs(6));
    let is_taken = async || telling.deliveries().await[0].status == DeliveryStatus::Delivered;
    eventually(is_taken).await;
    let taken = receiver.state.lock().unwrap().taken.clone();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].1, taken[1].1, "the same body, byte for byte");
    let attempts = taken.iter().map(|(headers, _)| headers["x-dx-attempt"].to_str().unwrap());
    assert_eq!(attempts.collect::<Vec<_>>(), ["1", "2"]);
    assert_ne!(taken[0].0["x-dx-signature"], taken[1].0["x-dx-signature"], "signed anew");
    telling.app.state.stop.cancel();
}

#[tokio::test]
async fn a_failing_receiver_is_left_in_peace_and_then_gets_everything_in_order() {
    let receiver = Receiver::start(500).await;
    let telling = Telling::to(&receiver).await;
    let failures = usize::try_from(FAILURES_MAX).unwrap();
    for n in 1..=failures + 3 {
        telling.chat_opens(n).await;
    }
    eventually(async || telling.endpoint().await.paused_until.is_some()).await;
    let waiting = async || telling.deliveries().await.len() == failures + 3;
    eventually(waiting).await;
    assert_eq!(receiver.count(), failures, "the others are not even tried");
    receiver.answer(200);
    telling.app.clock.advance(Duration::from_mins(1));
    let all = async || {
        let deliveries = telling.deliveries().await;
        deliveries.iter().all(|delivery| delivery.status == DeliveryStatus::Delivered)
    };
    eventually(all).await;
    let healthy = telling.endpoint().await;
    assert_eq!((healthy.failures, healthy.paused_until), (0, None));
    telling.app.state.stop.cancel();
}

#[tokio::test]
async fn who_is_gone_is_asked_no_more() {
    let receiver = Receiver::start(410).await;
    let telling = Telling::to(&receiver).await;
    telling.chat_opens(1).await;
    eventually(async || !telling.endpoint().await.is_active).await;
    telling.chat_opens(2).await;
    assert_eq!(telling.deliveries().await.len(), 1, "nothing is kept for it any more");
    assert_eq!(receiver.events(), ["new_chat"]);
    telling.app.state.stop.cancel();
}

#[tokio::test]
async fn one_receiver_that_never_answers_does_not_hold_up_the_others() {
    let (silent, url) = silent().await;
    let receiver = Receiver::start(200).await;
    let telling = Telling::to(&receiver).await;
    let new = NewEndpoint {
        name: "lento".to_owned(),
        url,
        events: List(vec![EventKind::NewChat]),
        is_active: true,
        secret: telling.app.state.integrations.seal("segredo").unwrap(),
    };
    let (store, now) = (telling.app.state.hub.store(), telling.app.clock.now());
    store.insert_webhook_endpoint(new, AgentId(1), now).await.unwrap().unwrap();
    for n in 1..=3 {
        telling.chat_opens(n).await;
    }
    eventually(async || receiver.count() == 3).await;
    telling.app.state.stop.cancel();
    drop(silent);
}

/// A server that takes connections and never says anything.
async fn silent() -> (tokio::task::JoinHandle<()>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/dx", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    (task, url)
}

/// A server that answers each request with these bytes and hangs up.
async fn saying(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/dx", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            // Whoever has read enough hangs up first.
            let _ = stream.write_all(&answer).await;
        }
    });
    url
}

async fn send_to(url: &str, rules: AddressRules) -> Attempt {
    let at = Timestamp::from_micros(1_767_614_400_000_000);
    let delivery = Delivery {
        id: DeliveryId(1),
        endpoint_id: WebhookId(1),
        event_row_id: IntegrationEventId(1),
        event_id: "evt_1".to_owned(),
        kind: EventKind::Ping,
        event_at: at,
        status: DeliveryStatus::Pending,
        attempts: 0,
        replays: 0,
        next_attempt_at: None,
        last_attempt_at: None,
        last_status_code: None,
        last_duration_ms: None,
        last_error: String::new(),
        last_answer: String::new(),
        delivered_at: None,
        created_at: at,
    };
    let sender = Sender::new(rules, SHORT).unwrap();
    sender.send(url, &delivery, "t=1,v1=x".to_owned(), "{}".to_owned(), at).await
}

fn failed() -> Verdict {
    Verdict::Failed { retry_after: None }
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_given_up() {
    let (_held, url) = silent().await;
    let attempt = send_to(&url, AddressRules::Any).await;
    assert_eq!((attempt.verdict, attempt.status_code), (failed(), None));
    assert!(attempt.error.starts_with("Não respondeu"), "{}", attempt.error);
    assert!(attempt.duration >= SHORT);
}

#[tokio::test]
async fn a_receiver_that_hangs_up_or_is_not_there_has_failed() {
    let attempt = send_to(&saying(Vec::new()).await, AddressRules::Any).await;
    assert_eq!(attempt.error, "A conexão foi interrompida pelo destino.");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    let attempt = send_to(&url, AddressRules::Any).await;
    assert_eq!(attempt.error, "Não foi possível conectar ao destino.");
    let attempt = send_to(&saying(b"nonsense\r\n\r\n".to_vec()).await, AddressRules::Any).await;
    assert_eq!((attempt.verdict, attempt.status_code), (failed(), None));
}

#[tokio::test]
async fn only_the_beginning_of_an_answer_is_read() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n\0";
    let huge = [&head[..], &b"x".repeat(1_000_000)].concat();
    let attempt = send_to(&saying(huge).await, AddressRules::Any).await;
    assert_eq!((attempt.verdict, attempt.status_code), (Verdict::Taken, Some(200)));
    assert_eq!(attempt.answer, "x".repeat(1000), "without what no database takes");
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let elsewhere = Receiver::start(200).await;
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        elsewhere.url
    );
    let attempt = send_to(&saying(answer.into_bytes()).await, AddressRules::Any).await;
    assert_eq!((attempt.verdict, attempt.status_code), (failed(), Some(307)));
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn an_address_that_became_private_is_refused_when_it_is_asked() {
    let receiver = Receiver::start(200).await;
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    for url in [receiver.url.as_str(), &by_name, "https://10.0.0.1/", "nonsense"] {
        let attempt = send_to(url, AddressRules::Public).await;
        assert!(attempt.error.contains("não é público"), "{url}: {}", attempt.error);
    }
    assert_eq!(receiver.count(), 0);
    assert_eq!(send_to(&by_name, AddressRules::Any).await.verdict, Verdict::Taken);
}
