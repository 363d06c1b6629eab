//! One HTTP/1.1 connection that is kept alive, used by one task at a time. A pool would cost a lock and
//! a search per request, and would hide how many connections there are.

use std::{io, net::SocketAddr, time::Duration};

use axum::http::{
    HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::{net::TcpSocket, time::timeout};

use super::sources::Source;

pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The hub gives up at 30 s; what is later than this is no answer any more.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(35);
/// The longest answer that is asked for is a page of a list.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A connection to the hub, made when it is needed.
#[derive(Debug)]
pub(super) struct Connection {
    source: Source,
    host: HeaderValue,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// What is asked of the hub.
#[derive(Debug)]
pub(super) struct Call<'c> {
    pub(super) method: Method,
    pub(super) path: &'c str,
    /// `Bearer …`
    pub(super) bearer: Option<&'c HeaderValue>,
    /// JSON.
    pub(super) body: Option<Bytes>,
}

/// What the hub said.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// Why there is no answer. Whether the request was carried out, nobody knows, except after `Connect`.
#[derive(Debug, Error)]
pub(super) enum CallError {
    #[error("connect: {}", .0.kind())]
    Connect(io::Error),
    #[error("connect: timed out")]
    ConnectTimeout,
    #[error("no answer in time")]
    Timeout,
    #[error("connection lost")]
    Lost(#[source] hyper::Error),
    #[error("answer not readable")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("request not valid")]
    Request(#[from] axum::http::Error),
}

impl Connection {
    pub(super) fn new(source: Source) -> Self {
        let host = HeaderValue::from_str(source.host());
        let host = host.unwrap_or_else(|_| HeaderValue::from_static("localhost"));
        Self { source, host, sender: None }
    }

    /// The answer; one that was not sent, because the hub had closed the idle connection, is sent once
    /// more over a new one.
    pub(super) async fn call(&mut self, call: Call<'_>) -> Result<Answer, CallError> {
        let mut request = self.request(call)?;
        let mut is_fresh = self.sender.as_ref().is_none_or(SendRequest::is_closed);
        loop {
            let sender = self.ready().await?;
            let answered = timeout(ANSWER_TIMEOUT, sender.try_send_request(request)).await;
            let outcome = match answered {
                Ok(Ok(response)) => read(response).await,
                Ok(Err(mut error)) => match error.take_message() {
                    Some(unsent) if !is_fresh => {
                        self.sender = None;
                        is_fresh = true;
                        request = unsent;
                        continue;
                    }
                    _ => Err(CallError::Lost(error.into_error())),
                },
                Err(_) => Err(CallError::Timeout),
            };
            if outcome.is_err() {
                self.sender = None;
            }
            return outcome;
        }
    }

    fn request(&self, call: Call<'_>) -> Result<Request<Full<Bytes>>, CallError> {
        let Call { method, path, bearer, body } = call;
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        if let Some(bearer) = bearer {
            request = request.header(AUTHORIZATION, bearer);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(request.body(Full::new(body.unwrap_or_default()))?)
    }

    /// The connection that is there, or a new one.
    async fn ready(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, CallError> {
        let is_usable = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !is_usable {
            let stream = connect(&self.source).await?;
            let (sender, connection) =
                handshake(TokioIo::new(stream)).await.map_err(CallError::Lost)?;
            // Ends with the sender; what goes wrong is told to whoever waits for an answer.
            tokio::spawn(async move { drop(connection.await) });
            self.sender = Some(sender);
        }
        Ok(self.sender.as_mut().expect("made above if it was not there"))
    }
}

/// A TCP connection to the hub.
pub(super) async fn connect(source: &Source) -> Result<tokio::net::TcpStream, CallError> {
    let connecting = async {
        let stream = socket(source)?.connect(source.target()).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(connected) => connected.map_err(CallError::Connect),
        Err(_) => Err(CallError::ConnectTimeout),
    }
}

/// A socket that is not connected yet, at the source's own address if it has one.
pub(super) fn socket(source: &Source) -> io::Result<TcpSocket> {
    let socket = match source.target() {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    if let Some(local) = source.local() {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    Ok(socket)
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> Result<Answer, CallError> {
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect();
    let body = timeout(ANSWER_TIMEOUT, body).await.map_err(|_| CallError::Timeout)?;
    Ok(Answer { status, body: body.map_err(CallError::Body)?.to_bytes() })
}
