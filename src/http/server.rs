//! The accept loop: connections in, requests to the router, an orderly end.
//!
//! Ours and not axum's because of what it has to bound: how many connections there are, how long a
//! client may take over its headers, and how long the end may take.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    extract::{ConnectInfo, Request},
    response::Response,
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

use crate::shutdown::Shutdown;

/// One socket per agent and tab, plus HTTP; each costs a few KiB and one descriptor.
const CONNECTIONS_MAX: usize = 20_000;
/// Slow clients send their headers within a few seconds; also ends idle connections.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(15);
/// Browsers open about this many.
const HTTP2_STREAMS_MAX: u32 = 100;
/// Also bounds all headers of a request; browsers and proxies stay below 16 KiB.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Answers take at most 30 s, nearly all of them milliseconds; supervisors kill after 30 s or less.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// After an error of `accept` (no descriptors left), until some are free again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Time that an answer may stay unread before the connection is given up, and its place is free again.
const UNREAD_TIME_MAX: Duration = Duration::from_secs(90);

/// The place of a connection among those allowed. An upgraded socket keeps it as long as it lives.
#[derive(Debug, Clone)]
pub struct ConnectionSlot(
    #[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>,
);

/// Serves until `shutdown`; then finishes what has been started, for at most ten seconds.
///
/// Upgraded sockets are not waited for: who upgrades them ends them.
pub async fn serve<S: Answers>(listener: TcpListener, routes: S, shutdown: &Shutdown) {
    let server = Server::new(routes);
    server.accept_until(&listener, &shutdown.graceful).await;
    // Whoever tries from now on is refused at once instead of waiting in the backlog.
    drop(listener);
    server.drain(&shutdown.now).await;
}

/// What answers requests: a router, or what surrounds it.
pub trait Answers:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Answers for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

struct Server<S> {
    routes: S,
    http: auto::Builder<TokioExecutor>,
    slots: Arc<Semaphore>,
    connections: GracefulShutdown,
}

impl<S: Answers> Server<S> {
    fn new(routes: S) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ_TIMEOUT)
            .max_buf_size(BUFFER_BYTES_MAX);
        // The builder cannot serve upgrades without HTTP/2, so that is bounded as well.
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(HEADER_READ_TIMEOUT)
            .max_concurrent_streams(HTTP2_STREAMS_MAX);
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { routes, http, slots, connections: GracefulShutdown::new() }
    }

    async fn accept_until(&self, listener: &TcpListener, end: &CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = end.cancelled() => return,
                (stream, peer, slot) = self.next_connection(listener) => {
                    self.spawn(stream, peer, slot);
                }
            }
        }
    }

    /// Waits for a free place first, so that excess clients queue in the kernel.
    async fn next_connection(
        &self,
        listener: &TcpListener,
    ) -> (TcpStream, SocketAddr, ConnectionSlot) {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = ConnectionSlot(Arc::new(slot.expect("the semaphore is never closed")));
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, slot),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn spawn(&self, stream: TcpStream, peer: SocketAddr, slot: ConnectionSlot) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY cannot be set");
        }
        #[cfg(target_os = "linux")]
        if let Err(error) = SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD_TIME_MAX)) {
            tracing::debug!(%error, "TCP_USER_TIMEOUT cannot be set");
        }
        let routes = self.routes.clone();
        let begun = CancellationToken::new();
        let has_begun = begun.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            has_begun.cancel();
            let mut request: Request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(slot.clone());
            routes.clone().oneshot(request)
        });
        let connection =
            self.http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let connection = self.connections.watch(connection);
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let outcome = tokio::select! {
                biased;
                outcome = &mut connection => outcome,
                () = is_late(&begun) => return,
                () = begun.cancelled() => connection.await,
            };
            if let Err(error) = outcome {
                tracing::debug!(error, "connection ended early");
            }
        });
    }

    async fn drain(self, now: &CancellationToken) {
        tokio::select! {
            () = self.connections.shutdown() => {}
            () = now.cancelled() => tracing::warn!("open requests are given up"),
            () = tokio::time::sleep(DRAIN_TIMEOUT) => tracing::warn!("requests did not end in time"),
        }
    }
}

/// Ends when no request has begun in time. The header timeout does not cover that: it starts only
/// after the builder has seen enough bytes to tell the version of HTTP.
async fn is_late(begun: &CancellationToken) {
    if tokio::time::timeout(HEADER_READ_TIMEOUT, begun.cancelled()).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

/// The client was gone before it was accepted; the next one may be fine.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        http::{StatusCode, header},
        response::IntoResponse,
        routing::get,
    };
    use hyper_util::server::conn::auto::upgrade;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::mpsc,
    };

    use super::*;

    struct Running {
        address: SocketAddr,
        shutdown: Shutdown,
        task: tokio::task::JoinHandle<()>,
    }

    async fn start(router: Router) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::default());
        let token = shutdown.clone();
        let task = tokio::spawn(async move { serve(listener, router, &token).await });
        Running { address, shutdown, task }
    }

    async fn ask(address: SocketAddr, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    async fn read_all(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn a_handler_learns_who_is_asking() {
        let answer = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string();
        let running = start(Router::new().route("/", get(answer))).await;
        let text = read_all(ask(running.address, GET).await).await;
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("127.0.0.1"), "{text}");
    }

    #[tokio::test]
    async fn what_has_been_started_is_finished_before_the_end() {
        let (started, mut has_started) = mpsc::channel::<()>(1);
        let finish = CancellationToken::new();
        let may_finish = finish.clone();
        let handler = async move || {
            started.send(()).await.unwrap();
            may_finish.cancelled().await;
            "done"
        };
        let running = start(Router::new().route("/", get(handler))).await;
        let stream = ask(running.address, GET).await;
        has_started.recv().await.unwrap();
        running.shutdown.advance();
        finish.cancel();
        assert!(read_all(stream).await.ends_with("done"));
        running.task.await.unwrap();
        assert!(TcpStream::connect(running.address).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_no_headers_is_cut_off() {
        let running = start(Router::new().route("/", get(async || "done"))).await;
        let heads = ["", "P", "GET / HTTP/1.1\r\nHost: x\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"];
        for head in heads {
            // Ends only when the server closes the connection, also an idle one.
            let text = read_all(ask(running.address, head).await).await;
            assert_eq!(text.contains("done"), head.ends_with("\r\n\r\n"), "{head}");
        }
    }

    #[tokio::test]
    async fn headers_without_end_are_refused() {
        let running = start(Router::new()).await;
        let head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(2 * BUFFER_BYTES_MAX));
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        // The server may close while we are still writing.
        let _outcome = stream.write_all(head.as_bytes()).await;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 431");
    }

    #[tokio::test]
    async fn a_second_signal_does_not_wait() {
        let (started, mut has_started) = mpsc::channel::<()>(1);
        let handler = async move || {
            started.send(()).await.unwrap();
            std::future::pending::<()>().await;
        };
        let running = start(Router::new().route("/", get(handler))).await;
        let _stream = ask(running.address, GET).await;
        has_started.recv().await.unwrap();
        running.shutdown.advance();
        running.shutdown.advance();
        running.task.await.unwrap();
    }

    #[tokio::test]
    async fn an_upgraded_socket_is_the_stream_itself_and_keeps_its_place() {
        let (sender, mut upgraded) = mpsc::channel(1);
        let handler = async move |mut request: Request| -> Response {
            let slot = request.extensions().get::<ConnectionSlot>().cloned();
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let parts =
                    upgrade::downcast::<TokioIo<TcpStream>>(upgrade.await.unwrap()).unwrap();
                sender.send((parts.io.into_inner(), slot.unwrap())).await.unwrap();
            });
            let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "test")];
            (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
        };
        let running = start(Router::new().route("/", get(handler))).await;
        let head = "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: test\r\n\r\n";
        let client = ask(running.address, head).await;
        let (mut socket, _slot) = upgraded.recv().await.unwrap();
        socket.write_all(b"raw").await.unwrap();
        drop(socket);
        let text = read_all(client).await;
        assert!(text.starts_with("HTTP/1.1 101") && text.ends_with("raw"), "{text}");
    }
}
