//! What every handler can reach. Built once at the start, shared by all requests.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use dx_actors::{Hub, session::SandboxNetwork};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    auth::{Links, Passwords, Tokens},
    config::Config,
    documents::Typesetter,
    files::Files,
    http::throttle::Throttle,
    integrations::Integrations,
    metrics::Metrics,
    postal::PostalCodes,
    providers::{cloud::CloudNetwork, web::backend::WebStore},
    secrets::{Envelopes, Sealer},
};

/// A cheap handle to what is shared; fields are reached through `Deref`.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

impl AppState {
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// The parts of the edge.
pub struct Shared {
    pub config: Config,
    pub tokens: Tokens,
    pub passwords: Passwords,
    pub throttle: Throttle,
    pub postal_codes: PostalCodes,
    pub hub: Hub,
    pub files: Files,
    /// Thumbnails that are made at once.
    pub thumbnails: Arc<Semaphore>,
    /// Seals secrets that are stored.
    pub sealer: Sealer,
    /// Signs links to files that expire.
    pub links: Links,
    /// Makes PDF files.
    pub typesetter: Typesetter,
    /// The simulated network, for faults on demand.
    pub network: SandboxNetwork,
    /// Meta's Cloud API.
    pub cloud: CloudNetwork,
    /// What numbers of WhatsApp Web have stored.
    pub web_store: WebStore,
    /// Seals numbers that leave in a file.
    pub envelopes: Envelopes,
    /// Tells other systems what happens.
    pub integrations: Integrations,
    /// What is counted.
    pub metrics: Metrics,
    /// The tasks of all sockets, waited for at the end.
    pub sockets: TaskTracker,
    /// Cancelled when sockets have to close.
    pub stop: CancellationToken,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}

/// Two pictures at once: unpacking takes memory.
pub const THUMBNAILS_AT_ONCE: usize = 2;

/// A balancer asks every few seconds; a database that is slower than this is not ready.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

impl Shared {
    /// The database answers within two seconds.
    pub async fn database_is_up(&self) -> bool {
        match tokio::time::timeout(PROBE_TIMEOUT, self.hub.store().ping()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(error = crate::error::chain(&error), "database does not answer");
                false
            }
            Err(_) => {
                tracing::warn!("database does not answer in time");
                false
            }
        }
    }
}
