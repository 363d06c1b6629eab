//! The socket to WhatsApp: the library's own WebSocket, over the way that the number takes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use axum::http::{HeaderValue, Uri, header::ORIGIN};
use tokio_websockets::ClientBuilder;
use url::Url;
use whatsapp_rust::{
    anyhow::{self, Context},
    async_channel::Receiver,
    transport::{
        Transport, TransportEvent, TransportFactory, default_tls_connector, from_websocket,
    },
    wacore::net::WHATSAPP_WEB_ORIGIN,
};

use super::proxy::{self, Proxy};

/// Makes the sockets of one number.
#[derive(Clone)]
pub(super) struct Sockets {
    url: Url,
    proxy: Option<Proxy>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The last attempt has failed.
    has_failed: AtomicBool,
}

impl Sockets {
    pub(super) fn new(url: Url, proxy: Option<Proxy>) -> Self {
        Self { url, proxy, state: Arc::default() }
    }

    /// The last socket could not be made: nobody was reached, or the proxy did not let us through.
    pub(super) fn has_failed(&self) -> bool {
        self.state.has_failed.load(Ordering::Relaxed)
    }

    pub(super) fn has_proxy(&self) -> bool {
        self.proxy.is_some()
    }

    async fn open(&self) -> anyhow::Result<(Arc<dyn Transport>, Receiver<TransportEvent>)> {
        let host = self.url.host_str().context("the address names no host")?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_secure = self.url.scheme() == "wss";
        let port = self.url.port().unwrap_or(if is_secure { 443 } else { 80 });
        let way = proxy::connect(self.proxy.as_ref(), host, port).await?;
        way.set_nodelay(true)?;
        let uri: Uri = self.url.as_str().parse()?;
        let builder = ClientBuilder::from_uri(uri)
            .add_header(ORIGIN, HeaderValue::from_static(WHATSAPP_WEB_ORIGIN))?;
        if is_secure {
            let way = default_tls_connector().wrap(host, way).await?;
            let (socket, _) = builder.connect_on(way).await?;
            Ok(from_websocket(socket))
        } else {
            let (socket, _) = builder.connect_on(way).await?;
            Ok(from_websocket(socket))
        }
    }
}

#[async_trait]
impl TransportFactory for Sockets {
    async fn create_transport(
        &self,
    ) -> anyhow::Result<(Arc<dyn Transport>, Receiver<TransportEvent>)> {
        let outcome = self.open().await;
        self.state.has_failed.store(outcome.is_err(), Ordering::Relaxed);
        outcome
    }
}
