//! WhatsApp Web: numbers that are linked to a phone, through the crate `whatsapp-rust`.
//!
//! Who brings a lost connection back: the number's actor, and nobody else. It knows whether that is wanted,
//! tells everybody, counts the attempts and waits between them; the library's own reconnecting is off as
//! soon as a number has been taken in. What stays inside one connection is a new socket without a wait
//! where the network asks for one (515, which follows every pairing) or the watchdog finds a dead one.

mod address;
pub mod backend;
mod connection;
mod content;
mod events;
mod hook;
mod http;
mod inbound;
mod life;
mod media;
pub mod proxy;
mod reasons;
mod recipients;
mod redelivery;
mod reference;
mod send;
mod signals;
mod transport;
mod unkept;
mod watchdog;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use dx_actors::{
    Clock,
    domain::{SessionId, WhatsAppSession},
    session::{Connect, Provider, ProviderError, ProviderEvent, ProviderFactory},
    store::Store,
};
use tokio::{sync::mpsc, time::Instant};
use url::Url;

use self::{backend::WebStore, connection::Connection, proxy::Proxy, redelivery::Redelivery};
use crate::{config::WebConfig, media::MediaSource};

/// WhatsApp Web's own server: what `WHATSAPP_WEB_URL` is when nobody has set it.
const REAL_HOST: &str = "web.whatsapp.com";
const NOT_A_PROXY: &str = "O endereço do proxy deste número não é válido.";
const NO_CLIENT: &str = "O cliente HTTP deste número não pôde ser criado.";
const NOT_AN_ADDRESS: &str = "WHATSAPP_WEB_URL não é um endereço.";

/// The network that all numbers of WhatsApp Web are connected to. Cheap to clone.
#[derive(Clone)]
pub struct WebNetwork(Arc<Shared>);

struct Shared {
    config: WebConfig,
    keys: WebStore,
    store: Store,
    media: MediaSource,
    clock: Arc<dyn Clock>,
    numbers: Mutex<HashMap<SessionId, Number>>,
}

/// What outlives a number's connections.
#[derive(Clone, Default)]
struct Number {
    /// Held by the connection that uses the number's keys: the next one waits until they are written.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// The network has refused the keys, and not taken them since.
    are_keys_doubtful: bool,
    /// When the next connection may begin after one that could not store what came in.
    storing: Redelivery,
}

impl std::fmt::Debug for WebNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebNetwork(..)")
    }
}

impl WebNetwork {
    pub fn new(
        config: WebConfig,
        keys: WebStore,
        store: Store,
        media: MediaSource,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let numbers = Mutex::default();
        Self(Arc::new(Shared { config, keys, store, media, clock, numbers }))
    }

    fn turn(&self, id: SessionId) -> Arc<tokio::sync::Mutex<()>> {
        let mut numbers = self.0.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&numbers.entry(id).or_default().turn)
    }

    /// Notes whether the network takes the keys; whether they were doubtful already.
    fn doubt_keys(&self, id: SessionId, are_doubtful: bool) -> bool {
        let mut numbers = self.0.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let number = numbers.entry(id).or_default();
        std::mem::replace(&mut number.are_keys_doubtful, are_doubtful)
    }

    /// A connection has ended because what came in could not be stored: the next one waits, longer each time.
    fn could_not_store(&self, id: SessionId) {
        let mut numbers = self.0.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.entry(id).or_default().storing.wanted(Instant::now());
    }

    /// When the next connection may begin.
    fn pause(&self, id: SessionId) -> Instant {
        let mut numbers = self.0.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.entry(id).or_default().storing.take_due().unwrap_or_else(Instant::now)
    }

    /// The server is WhatsApp's, not a test's.
    fn is_real(&self) -> bool {
        let url = self.0.config.url.parse::<Url>();
        url.is_ok_and(|url| url.host_str() == Some(REAL_HOST))
    }
}

impl ProviderFactory for WebNetwork {
    fn connect(
        &self,
        session: &WhatsAppSession,
        how: Connect,
        events: mpsc::Sender<ProviderEvent>,
    ) -> Result<Arc<dyn Provider>, ProviderError> {
        let unsupported = |text: &str| ProviderError::Unsupported(text.to_owned());
        let is_wanted = session.proxy_enabled && !session.proxy_url.is_empty();
        let proxy = if is_wanted {
            Some(Proxy::parse(&session.proxy_url).ok_or_else(|| unsupported(NOT_A_PROXY))?)
        } else {
            None
        };
        let url = self.0.config.url.parse().map_err(|_| unsupported(NOT_AN_ADDRESS))?;
        let media_url = self.0.config.media_url.as_ref().and_then(|url| url.parse().ok());
        let web = http::Web::new(proxy.as_ref(), media_url).map_err(|error| {
            tracing::error!(%error, session.id = %session.id, "no HTTP client for a number");
            unsupported(NO_CLIENT)
        })?;
        let sockets = transport::Sockets::new(url, proxy);
        let connection = Connection::new(self.clone(), session, events);
        tokio::spawn(life::live(connection.clone(), session.clone(), how, sockets, web));
        Ok(Arc::new(connection))
    }
}
