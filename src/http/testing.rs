//! What the tests of departments, queues, tickets and chats share: an office with people in it.

use axum::http::Method;
use dx_actors::domain::{AgentId, DepartmentId, Inbound, NewAgent, NewDepartment, Role, SessionId};
use serde_json::{Value, json};

use crate::test_support::{Answer, TestApp};

pub(super) const DEPARTMENTS: &str = "/api/v1/atendimento/departamentos/";
pub(super) const QUEUES: &str = "/api/v1/atendimento/filas/";
pub(super) const TICKETS: &str = "/api/v1/atendimento/atendimentos/";
pub(super) const CHATS: &str = "/api/v1/chats/";

/// The number of the n-th customer.
pub(super) fn number(n: usize) -> String {
    format!("55119888{n:05}")
}

/// `Vendas` with two agents and a supervisor, `Outros` with one agent, a manager. Nobody is online.
pub(super) struct Office {
    pub(super) app: TestApp,
    pub(super) ana: AgentId,
    pub(super) bia: AgentId,
    pub(super) outsider: AgentId,
    pub(super) supervisor: AgentId,
    pub(super) manager: AgentId,
    pub(super) sales: DepartmentId,
    pub(super) others: DepartmentId,
}

impl Office {
    pub(super) async fn open() -> Self {
        let app = TestApp::new().await;
        let ana = person(&app, "ana", Role::Agent).await;
        let bia = person(&app, "bia", Role::Agent).await;
        let outsider = person(&app, "otto", Role::Agent).await;
        let supervisor = person(&app, "sueli", Role::Supervisor).await;
        let manager = person(&app, "gil", Role::Manager).await;
        let sales = department(&app, "Vendas", vec![ana, bia, supervisor]).await;
        let others = department(&app, "Outros", vec![outsider]).await;
        Self { app, ana, bia, outsider, supervisor, manager, sales, others }
    }

    pub(super) async fn call(
        &self,
        who: AgentId,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.app.token_of(who));
        let call = self.app.request(method, path).header("authorization", &bearer);
        if body.is_null() { call.send().await } else { call.json(&body).send().await }
    }

    pub(super) async fn get(&self, who: AgentId, path: &str) -> Answer {
        self.call(who, Method::GET, path, Value::Null).await
    }

    pub(super) async fn post(&self, who: AgentId, path: &str, body: Value) -> Answer {
        self.call(who, Method::POST, path, body).await
    }

    pub(super) async fn patch(&self, who: AgentId, path: &str, body: Value) -> Answer {
        self.call(who, Method::PATCH, path, body).await
    }

    pub(super) async fn delete(&self, who: AgentId, path: &str) -> Answer {
        self.call(who, Method::DELETE, path, Value::Null).await
    }

    /// The body of an answer that has to be 200.
    pub(super) async fn read(&self, who: AgentId, path: &str) -> Value {
        let answer = self.get(who, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    pub(super) async fn customer(&self, name: &str) -> i64 {
        let now = self.app.state.hub.clock().now();
        let store = self.app.state.hub.store();
        store.insert_customer(name.to_owned(), None, None, now).await.unwrap().id.0
    }

    /// The reference's body of `POST filas/`.
    pub(super) async fn entry_body(&self, chat_id: &str, priority: &str) -> Value {
        json!({
            "departamento": self.sales.0, "cliente": self.customer("Empresa XYZ").await,
            "chat_id": chat_id, "numero_whatsapp": chat_id,
            "mensagem_inicial": "Preciso de ajuda com...", "prioridade": priority,
        })
    }

    /// Puts a new customer into the queue of `Vendas`; the row.
    pub(super) async fn enqueue(&self, chat_id: &str, priority: &str) -> Value {
        let body = self.entry_body(chat_id, priority).await;
        let answer = self.post(TestApp::ADMIN, QUEUES, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// A chat that `who` has taken from the queue of `Vendas`; the path of its ticket.
    pub(super) async fn accepted(&self, who: AgentId, chat_id: &str) -> String {
        let row = self.enqueue(chat_id, "alta").await;
        let answer = self.post(who, &format!("{CHATS}{chat_id}/aceitar/"), json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        format!("{TICKETS}{}/", row["atendimento"])
    }

    /// A customer writes; it goes to the first department by name.
    pub(super) async fn receive(&self, chat_id: &str, message_id: &str, text: &str) {
        let contact_name = "Zé".to_owned();
        let inbound = Inbound { contact_name, ..Inbound::text(chat_id, message_id, text) };
        let hub = &self.app.state.hub;
        hub.sessions().receive(hub.chats(), SessionId(1), inbound).await.unwrap();
    }
}

async fn person(app: &TestApp, username: &str, role: Role) -> AgentId {
    let new = NewAgent {
        username: username.to_owned(),
        email: String::new(),
        display_name: format!("Pessoa {username}"),
        phone_number: String::new(),
        role,
        is_active: true,
        skills: dx_actors::domain::List::default(),
        password_hash: String::new(),
        departments: Vec::new(),
    };
    app.state.hub.presence().create_agent(None, new).await.unwrap().id
}

async fn department(app: &TestApp, name: &str, members: Vec<AgentId>) -> DepartmentId {
    let new = NewDepartment {
        name: name.to_owned(),
        description: String::new(),
        color: "#10B981".to_owned(),
        capacity: 3,
        response_target_minutes: 15,
        is_active: true,
        opening_hours: None,
        routing: dx_actors::domain::RoutingRules::default(),
        members,
    };
    app.state.hub.presence().create_department(None, new).await.unwrap().id
}

/// `{"error": text, "detail": text}`.
pub(super) fn problem(text: &str) -> Value {
    json!({"error": text, "detail": text})
}
