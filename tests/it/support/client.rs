//! An HTTP client whose calls state the status they expect.

use std::{borrow::Borrow, time::Duration};

use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderValue},
    redirect,
};
use serde_json::{Value, json};

/// A server that does not answer is a failure, not a hanging test.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// Somebody who talks to the server: a person with a token, or nobody in particular.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base_url: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    /// 0 for nobody in particular.
    pub(crate) id: i64,
    pub(crate) username: String,
}

impl Client {
    pub(crate) fn anonymous(base_url: &str) -> Self {
        // Of every test that runs in this process, the first one chooses.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(ANSWER_DEADLINE)
            .build()
            .expect("a client without special wishes");
        let none = String::new;
        Self {
            http,
            base_url: base_url.into(),
            access: none(),
            refresh: none(),
            id: 0,
            username: none(),
        }
    }

    /// The same client, as this person.
    pub(crate) async fn login(&self, username: &str, password: &str) -> Self {
        let body = json!({ "username": username, "password": password });
        let tokens = self.post("/api/v1/auth/token/", body).expect(200).await;
        let client = Self { username: username.into(), ..self.with_token(text(&tokens["access"])) };
        let me = client.get("/api/v1/me/").expect(200).await;
        Self { id: id(&me), refresh: text(&tokens["refresh"]).into(), ..client }
    }

    pub(crate) fn with_token(&self, access: &str) -> Self {
        Self { access: access.into(), ..self.clone() }
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: impl Borrow<Value>) -> Request {
        self.request(Method::POST, path).json(body.borrow())
    }

    /// A POST without a body.
    pub(crate) fn post_nothing(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    pub(crate) fn patch(&self, path: &str, body: impl Borrow<Value>) -> Request {
        self.request(Method::PATCH, path).json(body.borrow())
    }

    pub(crate) fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        let call = format!("{method} {path}");
        let builder = self.http.request(method, format!("{}{path}", self.base_url));
        let builder =
            if self.access.is_empty() { builder } else { builder.bearer_auth(&self.access) };
        Request { builder, call }
    }

    /// Makes an agent with this role, a member of these departments, and logs him in.
    pub(crate) async fn create_agent(
        &self,
        username: &str,
        role: &str,
        departments: &[i64],
    ) -> Self {
        let password = format!("Senha-de-{username}-2025");
        let body = json!({
            "username": username, "password": password, "role": role,
            "display_name": format!("Pessoa {username}"), "departamentos": departments,
        });
        self.post("/api/v1/agents/", body).expect(201).await;
        self.login(username, &password).await
    }

    /// Makes a department with these members and returns its id.
    pub(crate) async fn create_department(
        &self,
        name: &str,
        capacity: i64,
        members: &[i64],
    ) -> i64 {
        let body = json!({
            "nome": name, "max_atendimentos_simultaneos": capacity, "atendentes": members,
        });
        id(&self.post("/api/v1/atendimento/departamentos/", body).expect(201).await)
    }

    pub(crate) async fn set_members(&self, department: i64, members: &[i64]) {
        let path = format!("/api/v1/atendimento/departamentos/{department}/");
        self.patch(&path, json!({ "atendentes": members })).expect(200).await;
    }

    pub(crate) async fn set_status(&self, status: &str) {
        self.post("/api/v1/presence/set-status/", json!({ "status": status })).expect(200).await;
    }
}

/// A call that has not been made yet.
#[derive(Debug)]
#[must_use = "nothing is sent before `expect` or `send`"]
pub(crate) struct Request {
    builder: reqwest::RequestBuilder,
    call: String,
}

impl Request {
    pub(crate) fn json(self, body: &Value) -> Self {
        Self { builder: self.builder.json(body), ..self }
    }

    pub(crate) fn multipart(self, form: reqwest::multipart::Form) -> Self {
        Self { builder: self.builder.multipart(form), ..self }
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        Self { builder: self.builder.form(fields), ..self }
    }

    pub(crate) fn raw(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let builder = self.builder.header("Content-Type", content_type).body(body.into());
        Self { builder, ..self }
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.header(name, value), ..self }
    }

    pub(crate) async fn send(self) -> Answer {
        let call = self.call.clone();
        self.try_send().await.unwrap_or_else(|error| panic!("{call}: {error:?}"))
    }

    /// An error when the connection broke before the whole answer was here.
    pub(crate) async fn try_send(self) -> reqwest::Result<Answer> {
        let Self { builder, call } = self;
        let response = builder.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let raw = response.text().await?;
        let body = serde_json::from_str(&raw).unwrap_or_default();
        Ok(Answer { status, headers, body, raw, call })
    }

    /// Sends, and returns the body as it is.
    pub(crate) async fn send_for_bytes(self) -> Vec<u8> {
        let Self { builder, call } = self;
        let response = builder.send().await.unwrap_or_else(|error| panic!("{call}: {error:?}"));
        assert_eq!(response.status(), StatusCode::OK, "{call}");
        response.bytes().await.unwrap_or_else(|error| panic!("{call}: {error:?}")).into()
    }

    /// Sends, and returns the body when the status is the expected one.
    pub(crate) async fn expect(self, status: u16) -> Value {
        self.send().await.expect(status).body
    }

    /// A failure that is no validation error: `error` and `detail`, both texts, `error` first.
    pub(crate) async fn expect_failure(self, status: u16) -> Value {
        let answer = self.send().await.expect(status);
        answer.assert_error_and_detail();
        answer.body
    }

    /// A validation error that names this field.
    pub(crate) async fn expect_invalid(self, field: &str) -> Value {
        let answer = self.send().await.expect(400);
        let problems = &answer.body[field];
        let is_texts = problems
            .as_array()
            .is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string));
        assert!(is_texts, "{}: `{field}` lists no texts in {}", answer.call, answer.body);
        answer.body
    }
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null when it is no JSON.
    pub(crate) body: Value,
    pub(crate) raw: String,
    call: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let Self { call, raw, .. } = &self;
        assert_eq!(self.status.as_u16(), status, "{call} answered {raw}");
        self
    }

    /// Empty when absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value: &HeaderValue| value.to_str().unwrap_or_default())
    }

    #[track_caller]
    pub(crate) fn assert_error_and_detail(&self) {
        for key in ["error", "detail"] {
            let is_text = self.body[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(is_text, "{}: `{key}` is no text in {}", self.call, self.body);
        }
    }
}

#[track_caller]
pub(crate) fn id(value: &Value) -> i64 {
    value["id"].as_i64().unwrap_or_else(|| panic!("no `id` in {value}"))
}

#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The rows of a paginated answer.
#[track_caller]
pub(crate) fn results(page: &Value) -> &[Value] {
    for key in ["count", "next", "previous"] {
        assert!(page.get(key).is_some(), "no `{key}` in {page}");
    }
    list(&page["results"])
}

/// Each of these keys is there, whatever its value.
#[track_caller]
pub(crate) fn assert_keys(value: &Value, keys: &[&str]) {
    let missing: Vec<_> = keys.iter().filter(|key| value.get(**key).is_none()).collect();
    assert!(missing.is_empty(), "without {missing:?}: {value:#}");
}

#[track_caller]
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}
