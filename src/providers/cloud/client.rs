//! Meta's Graph API over HTTP: bounded in time and size; what is known of a failure is kept apart from
//! what is not.

use std::time::Duration;

use serde_json::Value;

use super::errors::{self, Class};
use crate::config::Secret;

/// The version of the Graph API that all of this was written for.
pub const API_VERSION: &str = "v24.0";
/// Longest wait for an answer: the hub waits for 30 s and must hear from us before.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest wait for an answer to a transferred file.
const TRANSFER_TIMEOUT: Duration = Duration::from_mins(2);
/// A page of a hundred templates has about 200 KiB.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Why the Graph did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// It said no, and why.
    #[error("{0}")]
    Refused(Refusal),
    /// It was never asked: no connection came about.
    #[error("no connection to the network")]
    NotReached(#[source] reqwest::Error),
    /// It was asked, and nobody knows what became of that.
    #[error("no usable answer from the network: {0}")]
    Unknown(String),
}

/// An error document of the Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    /// Meta's words: the details where there are some.
    pub said: String,
    /// What Meta's support asks for.
    pub trace: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&errors::explain(self.code, &self.said))
    }
}

impl Refusal {
    pub fn class(&self) -> Class {
        errors::class(self.code, self.status)
    }

    /// `None` when this is no error document.
    fn read(status: u16, body: &Value) -> Option<Self> {
        let error = body.get("error")?;
        let details = error.pointer("/error_data/details").or_else(|| error.get("message"));
        let subcode = error["error_subcode"].as_i64();
        Some(Self {
            status,
            code: error["code"].as_i64(),
            subcode,
            said: details.and_then(Value::as_str).unwrap_or_default().to_owned(),
            trace: error["fbtrace_id"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// The Graph at one address.
#[derive(Debug, Clone)]
pub struct Graph {
    http: reqwest::Client,
    /// Scheme, server and port.
    origin: String,
    base: String,
}

impl Graph {
    pub fn new(http: reqwest::Client, api_url: &str) -> Self {
        let base = format!("{}/{API_VERSION}", api_url.trim_end_matches('/'));
        let origin = api_url
            .parse::<reqwest::Url>()
            .map_or_else(|_| api_url.to_owned(), |url| url.origin().ascii_serialization());
        Self { http, origin, base }
    }

    /// The document at `path`, such as `{id}?fields=…`.
    pub async fn get(&self, token: &Secret, path: &str) -> Result<Value, GraphError> {
        self.call(self.http.get(format!("{}/{path}", self.base)), token).await
    }

    /// What `path` answers to `body`, such as `{id}/messages`.
    pub async fn post(
        &self,
        token: &Secret,
        path: &str,
        body: &Value,
    ) -> Result<Value, GraphError> {
        self.call(self.http.post(format!("{}/{path}", self.base)).json(body), token).await
    }

    /// Hands a file over.
    pub async fn upload(
        &self,
        token: &Secret,
        path: &str,
        form: reqwest::multipart::Form,
    ) -> Result<Value, GraphError> {
        let request = self.http.post(format!("{}/{path}", self.base)).multipart(form);
        let request = request.timeout(TRANSFER_TIMEOUT).bearer_auth(token.reveal());
        answer(request.send().await).await
    }

    /// The file at an address that the Graph gave. The token goes to nobody but Meta: over TLS, or to the
    /// server that is configured as Meta.
    pub async fn fetch(&self, token: &Secret, url: &str) -> Result<reqwest::Response, GraphError> {
        let is_ours = url.strip_prefix(&self.origin).is_some_and(|path| path.starts_with('/'));
        if !is_ours && !is_meta(url) {
            return Err(GraphError::Unknown("the address of a file is not Meta's".to_owned()));
        }
        let request = self.http.get(url).timeout(TRANSFER_TIMEOUT).bearer_auth(token.reveal());
        let response = request.send().await.map_err(failure)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body = read_bounded(response).await?;
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        Err(Refusal::read(status, &document)
            .map_or_else(|| without_document(status), GraphError::Refused))
    }

    async fn call(
        &self,
        request: reqwest::RequestBuilder,
        token: &Secret,
    ) -> Result<Value, GraphError> {
        let request = request.timeout(ANSWER_TIMEOUT).bearer_auth(token.reveal());
        answer(request.send().await).await
    }
}

/// Where Meta keeps files.
fn is_meta(url: &str) -> bool {
    let Ok(url) = url.parse::<reqwest::Url>() else { return false };
    let host = url.host_str().unwrap_or_default();
    let is_host = ["facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net"].iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    url.scheme() == "https" && is_host
}

async fn answer(outcome: Result<reqwest::Response, reqwest::Error>) -> Result<Value, GraphError> {
    let response = outcome.map_err(failure)?;
    let status = response.status();
    let body = read_bounded(response).await?;
    let document: Result<Value, _> = serde_json::from_slice(&body);
    match document {
        Ok(document) => match Refusal::read(status.as_u16(), &document) {
            Some(refusal) => {
                let Refusal { code, subcode, trace, .. } = &refusal;
                tracing::info!(?code, ?subcode, trace, "the network refused");
                Err(GraphError::Refused(refusal))
            }
            None if status.is_success() => Ok(document),
            None => Err(without_document(status.as_u16())),
        },
        Err(_) if status.is_success() => {
            Err(GraphError::Unknown("the answer cannot be understood".to_owned()))
        }
        Err(_) => Err(without_document(status.as_u16())),
    }
}

/// A gateway in between answered. One that says 4xx has not let the request pass.
fn without_document(status: u16) -> GraphError {
    if (400..500).contains(&status) && status != 408 {
        let (said, trace) = (format!("HTTP {status}"), String::new());
        GraphError::Refused(Refusal { status, code: None, subcode: None, said, trace })
    } else {
        GraphError::Unknown(format!("HTTP {status}"))
    }
}

/// Tokens and numbers in addresses are nothing for logs.
fn failure(error: reqwest::Error) -> GraphError {
    let error = error.without_url();
    if error.is_connect() {
        GraphError::NotReached(error)
    } else {
        GraphError::Unknown(crate::error::chain(&error))
    }
}

async fn read_bounded(mut response: reqwest::Response) -> Result<Vec<u8>, GraphError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failure)? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(GraphError::Unknown("the answer is too large".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_meta_only() {
        for good in ["https://lookaside.fbsbx.com/a?b=1", "https://graph.facebook.com/x"] {
            assert!(is_meta(good), "{good}");
        }
        let bad = [
            "http://lookaside.fbsbx.com/a",
            "https://fbsbx.com.evil.br/",
            "https://evilfbsbx.com/",
            "https://evil.br/?fbsbx.com",
            "file:///etc/passwd",
            "",
        ];
        for bad in bad {
            assert!(!is_meta(bad), "{bad}");
        }
    }

    #[test]
    fn an_error_document_is_read_with_its_details() {
        let body = serde_json::json!({"error": {
            "message": "(#131030) not in the list", "code": 131_030, "error_subcode": 7,
            "error_data": {"details": "Recipient not in allowed list"}, "fbtrace_id": "A1",
        }});
        let refusal = Refusal::read(400, &body).unwrap();
        assert_eq!(
            (refusal.code, refusal.subcode, &*refusal.trace),
            (Some(131_030), Some(7), "A1")
        );
        assert_eq!(refusal.to_string(), "131030: Recipient not in allowed list");
        assert_eq!(Refusal::read(400, &serde_json::json!({"data": []})), None);
    }
}
