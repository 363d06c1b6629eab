//! From a GET to an open socket: what the request asks for, the 101, and the task that serves it.
//!
//! Decides neither whether a token is good nor how a refusal over HTTP looks; both are the caller's.

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use dx_actors::{domain::Device, presence::outbox::ResumeFrom};
use fastwebsockets::upgrade::{IncomingUpgrade, UpgradeFut};
use hyper_util::{rt::TokioIo, server::conn::auto::upgrade};
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;
use tracing::{debug, error};

use super::{
    close::Farewell,
    connection::{self, Commands, Terms},
    transport,
};
use crate::metrics::OpenSocket;

/// The subprotocol by which browsers send a token: they cannot set other headers.
const BEARER: &str = "bearer";
/// The only version there is (RFC 6455 §4.1).
const VERSION: &[u8] = b"13";
/// Bytes of a key (§4.1).
const KEY_BYTES: usize = 16;

/// A request for a socket, every rule of the handshake checked.
pub struct Opening {
    /// The token that was given, in whichever of the three places.
    pub token: Option<String>,
    /// Where the client says it runs.
    pub device: Device,
    /// Where the client says it has been interrupted.
    pub resume: Option<ResumeFrom>,
    subprotocol: Option<HeaderValue>,
    upgrade: IncomingUpgrade,
}

/// Why a request cannot become a socket. It is answered over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSocket {
    /// An ordinary request: 426 with `Upgrade: websocket`.
    NotAnUpgrade,
    /// Another version of the protocol: 426 with `Sec-WebSocket-Version: 13`.
    OtherVersion,
    /// The key is missing or wrong, or the connection cannot be upgraded: 400.
    Malformed,
}

impl Opening {
    /// Reads a request's head.
    pub async fn read(parts: &mut Parts) -> Result<Self, NoSocket> {
        check(&parts.headers)?;
        let subprotocol = subprotocols(&parts.headers)
            .contains(&BEARER)
            .then(|| HeaderValue::from_static(BEARER));
        let token = token(parts);
        let resume = query_value(parts, "resume").map(|value| resume_from(&value));
        let upgrade = IncomingUpgrade::from_request_parts(parts, &()).await;
        let upgrade = upgrade.map_err(|_| NoSocket::Malformed)?;
        let device = query_value(parts, "device").map(|name| Device::named(&name));
        let device = device.unwrap_or_default();
        Ok(Self { token, device, resume, subprotocol, upgrade })
    }

    /// Answers with 101 and serves the socket in a task of its own; it counts as `open` until its end.
    pub fn serve<C>(
        self,
        terms: Terms,
        commands: C,
        open: OpenSocket,
        tracker: &TaskTracker,
    ) -> Response
    where
        C: Commands + 'static,
    {
        let (response, upgraded) = self.accept();
        tracker.spawn(async move {
            let Some((tcp, early)) = take_over(upgraded).await else { return };
            let end = connection::run(tcp, early, terms, commands).await;
            open.ended(end);
            debug!(ws.end = ?end, "socket closed");
        });
        response
    }

    /// Answers with 101 and closes the socket: a browser can read the code of a close, not a 401.
    pub fn refuse(self, farewell: Farewell, tracker: &TaskTracker) -> Response {
        let (response, upgraded) = self.accept();
        tracker.spawn(async move {
            let Some((tcp, _)) = take_over(upgraded).await else { return };
            let parted = transport::part(&tcp, farewell).await;
            debug!(ws.code = farewell.code(), ws.heard = parted.is_ok(), "socket refused");
        });
        response
    }

    fn accept(self) -> (Response, UpgradeFut) {
        let (response, upgraded) =
            self.upgrade.upgrade().expect("the response consists of constants and a digest");
        let mut response = response.map(Body::new);
        if let Some(subprotocol) = self.subprotocol {
            response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        (response, upgraded)
    }
}

/// The bare TCP socket, and what was read from it behind the request.
async fn take_over(upgraded: UpgradeFut) -> Option<(TcpStream, Bytes)> {
    // An error means that the peer left before it got its 101.
    let upgraded = upgraded.await.ok()?.into_inner().into_inner();
    let Ok(parts) = upgrade::downcast::<TokioIo<TcpStream>>(upgraded) else {
        error!("the server does not run on plain TCP sockets, so no socket can be served");
        return None;
    };
    Some((parts.io.into_inner(), parts.read_buf))
}

/// The rules that the extractor of the upgrade leaves out (RFC 6455 §4.2.1).
fn check(headers: &HeaderMap) -> Result<(), NoSocket> {
    let has = |name, wanted| tokens(headers, name).iter().any(|it| it.eq_ignore_ascii_case(wanted));
    if !has(header::UPGRADE, "websocket") || !has(header::CONNECTION, "upgrade") {
        return Err(NoSocket::NotAnUpgrade);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|it| it.as_bytes() != VERSION) {
        return Err(NoSocket::OtherVersion);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NoSocket::Malformed)?;
    match STANDARD.decode(key) {
        Ok(key) if key.len() == KEY_BYTES => Ok(()),
        _ => Err(NoSocket::Malformed),
    }
}

/// The token in the query, else in `Authorization`, else behind `bearer` among the subprotocols.
fn token(parts: &Parts) -> Option<String> {
    query_value(parts, "token").or_else(|| authorization(&parts.headers)).or_else(|| {
        let mut offers = subprotocols(&parts.headers).into_iter();
        offers.find(|offer| *offer == BEARER)?;
        offers.next().map(str::to_owned)
    })
}

fn subprotocols(headers: &HeaderMap) -> Vec<&str> {
    tokens(headers, header::SEC_WEBSOCKET_PROTOCOL)
}

/// The comma-separated tokens of all headers of one name.
fn tokens(headers: &HeaderMap, name: HeaderName) -> Vec<&str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).collect()
}

fn query_value(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?;
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn authorization(headers: &HeaderMap) -> Option<String> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(BEARER).then(|| token.trim().to_owned())
}

/// Reads `<epoch>:<seq>`.
fn resume_from(value: &str) -> ResumeFrom {
    match value.rsplit_once(':').map(|(epoch, seq)| (epoch, seq.parse())) {
        Some((epoch, Ok(seq))) if !epoch.is_empty() => {
            ResumeFrom::Position { epoch: epoch.to_owned(), seq }
        }
        _ => ResumeFrom::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{
        Router,
        extract::{Request, State},
        http::StatusCode,
        response::IntoResponse,
        routing::get,
    };
    use tokio::net::TcpListener;

    use super::{
        super::testing::{PING, Peer, Probe, Seen, TEXT, client_frame, terms},
        *,
    };
    use crate::metrics::{SocketKind, Sockets};

    const UPGRADE: &str = "GET /ws?token=good HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\n";

    async fn open(State(tracker): State<Arc<TaskTracker>>, request: Request) -> Response {
        let (mut parts, _) = request.into_parts();
        match Opening::read(&mut parts).await {
            Ok(opening) if opening.token.as_deref() == Some("good") => {
                let open = Sockets::default().opened(SocketKind::Echo);
                opening.serve(terms(), Probe::default(), open, &tracker)
            }
            Ok(opening) => opening.refuse(Farewell::UNAUTHORIZED, &tracker),
            Err(reason) => (StatusCode::BAD_REQUEST, format!("{reason:?}")).into_response(),
        }
    }

    /// A peer of a real server that has sent `request`, the server's head, and the sockets' tasks.
    async fn ask(request: &str, early: &[u8]) -> (Peer, String, Arc<TaskTracker>) {
        let tracker = Arc::new(TaskTracker::new());
        let router = Router::new().route("/ws", get(open)).with_state(Arc::clone(&tracker));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut peer = Peer { tcp: TcpStream::connect(address).await.unwrap() };
        peer.send(&[request.as_bytes(), b"\r\n", early].concat()).await;
        let head = peer.http_head().await;
        (peer, head, tracker)
    }

    #[tokio::test]
    async fn what_is_sent_behind_the_request_is_not_lost() {
        let (mut peer, head, tracker) = ask(UPGRADE, &client_frame(TEXT, b"early")).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        assert!(!head.contains("sec-websocket-protocol"), "{head}");
        assert_eq!(peer.see().await, Seen::Text("early".into()));
        drop(peer);
        tracker.close();
        tracker.wait().await;
    }

    #[tokio::test]
    async fn a_refusal_is_a_close_that_browsers_can_read() {
        let (mut peer, head, tracker) = ask(&UPGRADE.replace("good", "bad"), b"").await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert_eq!(peer.see().await, Seen::Close(4001));
        assert_eq!(peer.see().await, Seen::Eof);
        drop(peer);
        tracker.close();
        tracker.wait().await;
    }

    #[tokio::test]
    async fn a_token_among_the_subprotocols_selects_bearer() {
        let request =
            UPGRADE.replace("?token=good", "") + "Sec-WebSocket-Protocol: bearer, good\r\n";
        let (mut peer, head, _tracker) = ask(&request, &client_frame(PING, b"")).await;
        assert!(head.contains("sec-websocket-protocol: bearer\r\n"), "{head}");
        assert_eq!(peer.see().await, Seen::Pong(vec![]));
    }

    #[tokio::test]
    async fn what_is_no_upgrade_is_answered_over_http() {
        let table = [
            ("Upgrade: websocket\r\n", "", "NotAnUpgrade"),
            ("Upgrade: websocket", "Upgrade: h2c", "NotAnUpgrade"),
            ("keep-alive, Upgrade", "keep-alive", "NotAnUpgrade"),
            ("Version: 13", "Version: 8", "OtherVersion"),
            ("Sec-WebSocket-Version: 13\r\n", "", "OtherVersion"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==", "Malformed"),
            ("Sec-WebSocket-Key", "Some-Other-Key", "Malformed"),
        ];
        for (from, to, reason) in table {
            let request = UPGRADE.replace(from, to) + "Connection: close\r\n";
            let (mut peer, head, _tracker) = ask(&request, b"").await;
            assert!(head.starts_with("HTTP/1.1 400 "), "{to}: {head}");
            assert_eq!(peer.rest().await, reason, "{to}");
        }
    }

    fn parts(uri: &str, headers: &[(HeaderName, &str)]) -> Parts {
        let mut request = axum::http::Request::get(uri);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_token_is_found_in_all_three_places() {
        let authorization = (header::AUTHORIZATION, "bearer  from-header");
        let subprotocol = (header::SEC_WEBSOCKET_PROTOCOL, "chat, bearer,from.protocol");
        let basic = (header::AUTHORIZATION, "Basic eA==");
        let lone = (header::SEC_WEBSOCKET_PROTOCOL, "bearer");
        let both = [authorization.clone(), subprotocol.clone()];
        let table = [
            ("/ws?a=b&token=from%2Dquery&token=x", &both[..], Some("from-query")),
            ("/ws", &both, Some("from-header")),
            ("/ws?tokens=x", &[basic.clone(), subprotocol], Some("from.protocol")),
            ("/ws", &[lone], None),
            ("/ws", &[basic], None),
            ("/ws", &[], None),
        ];
        for (uri, headers, expected) in table {
            assert_eq!(token(&parts(uri, headers)).as_deref(), expected, "{uri} {headers:?}");
        }
    }

    #[test]
    fn a_position_is_read_and_anything_else_is_unreadable() {
        let position = ResumeFrom::Position { epoch: "00ff".into(), seq: 7 };
        assert_eq!(resume_from("00ff:7"), position);
        for value in
            ["", ":", "00ff", "00ff:", ":7", "00ff:-1", "00ff:7x", "00ff:18446744073709551616"]
        {
            assert_eq!(resume_from(value), ResumeFrom::Unreadable, "{value}");
        }
    }
}
