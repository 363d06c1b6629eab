//! The hub's HTTP interface as the test uses it to make and remove what it needs: one call after the
//! other, each with the status that it must have.

use axum::http::{HeaderValue, Method};
use bytes::Bytes;
use serde_json::{Value, json};
use thiserror::Error;

use super::{
    http::{Call, CallError, Connection},
    sources::Source,
};

/// As much of a refusal as is shown.
const TEXT_CHARS_MAX: usize = 300;

/// Somebody who is logged in.
#[derive(Debug)]
pub(super) struct Api {
    connection: Connection,
    bearer: HeaderValue,
}

/// Why a call did not do what it should. For people.
#[derive(Debug, Error)]
pub(super) enum ApiError {
    #[error("a central não respondeu")]
    Call(#[from] CallError),
    #[error("a central recusou {path} com {status}: {text}")]
    Refused { path: String, status: u16, text: String },
    #[error("a resposta de {path} não foi entendida: falta `{key}`")]
    Shape { path: String, key: &'static str },
}

impl ApiError {
    /// In a word, to be counted.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Call(_) => "no answer",
            Self::Refused { .. } => "refused",
            Self::Shape { .. } => "not understood",
        }
    }

    /// The status of a refusal.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Call(_) | Self::Shape { .. } => None,
        }
    }
}

/// Trades name and password for an `Authorization` header.
pub(super) async fn log_in(
    connection: &mut Connection,
    username: &str,
    password: &str,
) -> Result<HeaderValue, ApiError> {
    let path = "/api/v1/auth/token/";
    let body = json!({ "username": username, "password": password });
    let answer = exchange(connection, None, Method::POST, path, Some(&body), &[200]).await?;
    let shape = || ApiError::Shape { path: path.to_owned(), key: "access" };
    let access = answer["access"].as_str().ok_or_else(shape)?;
    HeaderValue::from_str(&format!("Bearer {access}")).map_err(|_| shape())
}

impl Api {
    pub(super) async fn log_in(
        source: Source,
        username: &str,
        password: &str,
    ) -> Result<Self, ApiError> {
        let mut connection = Connection::new(source);
        let bearer = log_in(&mut connection, username, password).await?;
        Ok(Self { connection, bearer })
    }

    /// The same person over another connection.
    pub(super) fn beside(&self, source: Source) -> Self {
        Self { connection: Connection::new(source), bearer: self.bearer.clone() }
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Value, ApiError> {
        self.ask(Method::GET, path, None, &[200]).await
    }

    pub(super) async fn post(&mut self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.ask(Method::POST, path, Some(body), &[200, 201, 202]).await
    }

    pub(super) async fn patch(&mut self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.ask(Method::PATCH, path, Some(body), &[200]).await
    }

    pub(super) async fn delete(&mut self, path: &str) -> Result<Value, ApiError> {
        self.ask(Method::DELETE, path, None, &[204]).await
    }

    /// The id of what a call has made.
    pub(super) async fn make(&mut self, path: &str, body: &Value) -> Result<i64, ApiError> {
        let made = self.post(path, body).await?;
        made["id"].as_i64().ok_or(ApiError::Shape { path: path.to_owned(), key: "id" })
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        good: &[u16],
    ) -> Result<Value, ApiError> {
        exchange(&mut self.connection, Some(&self.bearer), method, path, body, good).await
    }
}

async fn exchange(
    connection: &mut Connection,
    bearer: Option<&HeaderValue>,
    method: Method,
    path: &str,
    body: Option<&Value>,
    good: &[u16],
) -> Result<Value, ApiError> {
    let body = body.map(|body| Bytes::from(body.to_string()));
    let answer = connection.call(Call { method, path, bearer, body }).await?;
    let value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    if good.contains(&answer.status) {
        return Ok(value);
    }
    let text = match &value["error"] {
        Value::String(text) => text.clone(),
        // What is wrong with each field.
        _ => value.to_string(),
    };
    let text = text.chars().take(TEXT_CHARS_MAX).collect();
    Err(ApiError::Refused { path: path.to_owned(), status: answer.status, text })
}
