//! Calls that many suites make, in the words of the API reference.

use serde_json::{Value, json};

use super::{
    Client, Database, Server,
    client::{id, list, results},
    eventually,
};

pub(crate) const WEBHOOK: &str = "/api/v1/whatsapp/webhook/";
pub(crate) const SEND: &str = "/api/v1/whatsapp/send/";
pub(crate) const DEPARTMENTS: &str = "/api/v1/atendimento/departamentos/";
pub(crate) const QUEUES: &str = "/api/v1/atendimento/filas/";
pub(crate) const TICKETS: &str = "/api/v1/atendimento/atendimentos/";
pub(crate) const CHATS: &str = "/api/v1/chats/";

/// The reference's webhook body.
pub(crate) fn webhook_body(from: &str, message: &str, message_id: &str) -> Value {
    json!({
        "event": "message_received",
        "data": {
            "from": from, "message": message, "message_id": message_id,
            "timestamp": "2025-10-11T10:00:00Z",
        },
        "version": "v1",
    })
}

/// The reference's body of `POST /filas/`.
pub(crate) fn queue_body(department: i64, customer: i64, chat_id: &str, priority: &str) -> Value {
    json!({
        "departamento": department, "cliente": customer, "chat_id": chat_id,
        "numero_whatsapp": chat_id, "mensagem_inicial": "Preciso de ajuda com...",
        "prioridade": priority,
    })
}

/// The number of the n-th customer of a test.
pub(crate) fn customer_number(n: usize) -> String {
    format!("55119888{n:05}")
}

/// A server whose default session is ready, and its admin.
pub(crate) async fn start_with_ready_session(database: &Database) -> (Server, Client) {
    let server = Server::start(database).await;
    let admin = server.admin().await;
    admin.make_session_ready().await;
    (server, admin)
}

impl Client {
    /// A message of a customer, through the webhook; the stored row.
    pub(crate) async fn receive(&self, from: &str, message: &str, message_id: &str) -> Value {
        self.post(WEBHOOK, webhook_body(from, message, message_id)).expect(200).await
    }

    /// A customer writes his first message; waits until his chat is open and returns it.
    pub(crate) async fn customer_writes(&self, from: &str) -> Value {
        self.receive(from, "Bom dia, preciso de ajuda", &format!("first-of-{from}")).await;
        self.chat_opens(from).await
    }

    /// Waits until a customer has an open chat; it must be visible to this person.
    pub(crate) async fn chat_opens(&self, chat_id: &str) -> Value {
        eventually(&format!("{chat_id} has an open chat"), async || {
            let answer = self.get(&format!("{CHATS}{chat_id}/")).send().await;
            (answer.status == 200).then_some(answer.body)
        })
        .await
    }

    /// The customer behind a number. One who is new has written once and been sent home, so that
    /// there is no open chat and nobody knows him yet.
    pub(crate) async fn customer_of(&self, number: &str) -> i64 {
        self.receive(number, "oi", &format!("hello-of-{number}")).await;
        let path = format!("{TICKETS}?search={number}");
        let newest = eventually(&format!("{number} has a ticket"), async || {
            let page = self.get(&path).expect(200).await;
            results(&page).first().map(id)
        })
        .await;
        let path = format!("{TICKETS}{newest}/");
        let ticket = self.get(&path).expect(200).await;
        if ticket["esta_ativo"] == true {
            self.post(&format!("{path}finalizar/"), json!({})).expect(200).await;
        }
        ticket["cliente"].as_i64().unwrap_or_else(|| panic!("no `cliente` in {ticket}"))
    }

    /// The hub itself says nothing over its numbers, unless a test sets a text.
    pub(crate) async fn keep_hub_quiet(&self) {
        let texts = [
            "mensagem_boas_vindas",
            "mensagem_fora_expediente",
            "mensagem_ausente",
            "mensagem_encerramento",
            "mensagem_inatividade",
        ];
        let silence: Value = texts.iter().map(|name| ((*name).to_owned(), json!(""))).collect();
        self.patch("/api/v1/config/chat/", silence).expect(200).await;
    }

    /// Connects the default session. The hub itself says nothing over it, unless a test sets a text.
    pub(crate) async fn make_session_ready(&self) {
        self.keep_hub_quiet().await;
        self.post_nothing("/api/v1/whatsapp/sessions/start/").expect(202).await;
        self.session_becomes("ready").await;
    }

    /// Waits until the default session has this status; the answer of `status/`.
    pub(crate) async fn session_becomes(&self, wanted: &str) -> Value {
        eventually(&format!("the session becomes {wanted}"), async || {
            let status = self.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
            (status["status"] == wanted).then_some(status)
        })
        .await
    }

    /// Waits until the default session is ready again, after it was ready as `before` says.
    pub(crate) async fn session_comes_back(&self, before: &Value) {
        eventually("the session is ready again", async || {
            let status = self.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
            let is_new = status["connected_at"] != before["connected_at"];
            (status["status"] == "ready" && is_new).then_some(())
        })
        .await;
    }

    /// The id of the department of this name.
    pub(crate) async fn department(&self, name: &str) -> i64 {
        let all = self.get(DEPARTMENTS).expect(200).await;
        let found = list(&all["results"]).iter().find(|department| department["nome"] == name);
        id(found.unwrap_or_else(|| panic!("no `{name}` in {all}")))
    }

    /// The open chat of a customer; it must be visible to this person.
    pub(crate) async fn chat(&self, chat_id: &str) -> Value {
        self.get(&format!("{CHATS}{chat_id}/")).expect(200).await
    }

    /// Waits until an open chat has an agent; the chat.
    pub(crate) async fn chat_gets_agent(&self, chat_id: &str, agent: i64) -> Value {
        eventually(&format!("{chat_id} is given to agent {agent}"), async || {
            let chat = self.chat(chat_id).await;
            (chat["atendente"] == agent).then_some(chat)
        })
        .await
    }

    pub(crate) async fn accept(&self, chat_id: &str) -> Value {
        self.post(&format!("{CHATS}{chat_id}/aceitar/"), json!({})).expect(200).await
    }

    pub(crate) async fn close_chat(&self, chat_id: &str) -> Value {
        self.post(&format!("{CHATS}{chat_id}/encerrar/"), json!({})).expect(200).await
    }

    /// Puts a number that has no open chat into a department's queue; the entry.
    pub(crate) async fn enqueue(&self, department: i64, number: &str, priority: &str) -> Value {
        let customer = self.customer_of(number).await;
        self.post(QUEUES, queue_body(department, customer, number, priority)).expect(201).await
    }

    pub(crate) async fn distribute(&self, department: i64) -> i64 {
        let body = json!({ "departamento_id": department });
        let answer = self.post(&format!("{QUEUES}distribuir/"), body).expect(200).await;
        answer["distribuidos"].as_i64().unwrap_or_else(|| panic!("no `distribuidos` in {answer}"))
    }

    /// Sends a text and returns the answer's body.
    pub(crate) async fn send_text(&self, to: &str, text: &str) -> Value {
        let body = json!({ "to": to, "type": "text", "text": text });
        self.post(SEND, body).expect(202).await
    }
}

pub(crate) const MESSAGES: &str = "/api/v1/whatsapp/messages/";

impl Client {
    /// A stored message.
    pub(crate) async fn message(&self, id: &Value) -> Value {
        self.get(&format!("{MESSAGES}{id}/")).expect(200).await
    }

    /// Waits until a message has this status; its row.
    pub(crate) async fn message_becomes(&self, id: &Value, status: &str) -> Value {
        eventually(&format!("message {id} becomes {status}"), async || {
            let row = self.message(id).await;
            (row["status"] == status).then_some(row)
        })
        .await
    }

    /// Waits until so many messages of customers are stored; their rows, the first one first.
    pub(crate) async fn has_received(&self, count: usize) -> Vec<Value> {
        let path = format!("{MESSAGES}?direction=inbound&ordering=created_at&page_size=100");
        eventually(&format!("{count} messages of customers are stored"), async || {
            let page = self.get(&path).expect(200).await;
            (results(&page).len() >= count).then(|| results(&page).to_vec())
        })
        .await
    }
}
