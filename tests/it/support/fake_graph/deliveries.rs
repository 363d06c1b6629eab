//! What Meta posts to the webhook, signed.

use dx_actors::{Clock, SystemClock};
use ring::hmac;
use serde_json::{Value, json};

use super::{BUSINESS_ACCOUNT_ID, DISPLAY_PHONE_NUMBER, FakeGraph, PHONE_NUMBER_ID, SECRET};
use crate::support::{
    Client,
    client::{Answer, Request},
    hex,
    wire::WEBHOOK,
};

/// A delivery that is being put together: changes of one or more numbers.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    changes: Vec<Value>,
    secret: String,
}

/// A message of a customer: `kind` and what stands under its name.
pub(crate) fn message_from(from: &str, id: &str, kind: &str, part: Value) -> Value {
    let mut message = json!({
        "id": id, "timestamp": now_seconds(), "type": kind,
    });
    let is_number = from.bytes().all(|byte| byte.is_ascii_digit());
    message[if is_number { "from" } else { "from_user_id" }] = json!(from);
    message[kind] = part;
    message
}

/// How far a message of ours has come, as Meta reports it: with our own id.
pub(crate) fn status_of(wamid: &str, our_id: &str, status: &str) -> Value {
    json!({
        "id": wamid, "status": status, "timestamp": now_seconds(),
        "recipient_id": "5511999990001", "biz_opaque_callback_data": our_id,
    })
}

fn now_seconds() -> String {
    (SystemClock.now().millis() / 1000).to_string()
}

impl Delivery {
    pub(crate) fn new() -> Self {
        Self { changes: Vec::new(), secret: SECRET.to_owned() }
    }

    /// To the default number.
    pub(crate) fn of(messages: &[Value], statuses: &[Value]) -> Self {
        Self::new().to(PHONE_NUMBER_ID, DISPLAY_PHONE_NUMBER, messages, statuses)
    }

    pub(crate) fn to(
        mut self,
        phone_number_id: &str,
        display: &str,
        messages: &[Value],
        statuses: &[Value],
    ) -> Self {
        let mut value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": display, "phone_number_id": phone_number_id},
        });
        if !messages.is_empty() {
            value["contacts"] = messages.iter().map(contact).collect();
            value["messages"] = json!(messages);
        }
        if !statuses.is_empty() {
            value["statuses"] = json!(statuses);
        }
        self.changes.push(json!({"field": "messages", "value": value}));
        self
    }

    /// Something else than messages.
    pub(crate) fn change(mut self, change: Value) -> Self {
        self.changes.push(change);
        self
    }

    pub(crate) fn signed_with(self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self }
    }

    pub(crate) fn body(&self) -> String {
        json!({
            "object": "whatsapp_business_account",
            "entry": [{"id": BUSINESS_ACCOUNT_ID, "changes": self.changes}],
        })
        .to_string()
    }

    /// Posts it; the answer is up to the test.
    pub(crate) async fn post(&self, hub: &Client) -> Answer {
        self.signed(hub).send().await
    }

    /// The request that posts it.
    pub(crate) fn signed(&self, hub: &Client) -> Request {
        let body = self.body();
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let tag = hmac::sign(&key, body.as_bytes());
        let tag = hex(tag.as_ref());
        hub.post_nothing(WEBHOOK)
            .raw("application/json", body)
            .header("X-Hub-Signature-256", &format!("sha256={tag}"))
    }
}

impl FakeGraph {
    /// A customer writes to the default number.
    pub(crate) async fn customer_writes(&self, hub: &Client, from: &str, id: &str, text: &str) {
        let message = message_from(from, id, "text", json!({"body": text}));
        Delivery::of(&[message], &[]).post(hub).await.expect(200);
    }

    /// Reports on the n-th message that was taken, with its own id and ours.
    pub(crate) fn report(&self, n: usize, status: &str) -> Value {
        let our_id = self.sent()[n]["biz_opaque_callback_data"].clone();
        status_of(&self.wamid(n), our_id.as_str().unwrap_or_default(), status)
    }
}

fn contact(message: &Value) -> Value {
    match message["from"].as_str() {
        Some(from) => json!({"profile": {"name": "Maria Souza"}, "wa_id": from}),
        None => json!({
            "profile": {"name": "Maria Souza", "username": "@maria"},
            "user_id": message["from_user_id"],
        }),
    }
}
