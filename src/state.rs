//! What every handler can reach. Built once at the start, shared by all requests.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use dx_actors::{
    Clock, Directory, HubError,
    directory::Roster,
    domain::{Agent, AgentChanges, AgentId},
};
use futures_util::future::BoxFuture;

use crate::{
    auth::{Passwords, Tokens},
    config::Config,
    http::throttle::Throttle,
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
    pub clock: Arc<dyn Clock>,
    pub tokens: Tokens,
    pub passwords: Passwords,
    pub throttle: Throttle,
    pub people: Arc<dyn People>,
    pub accounts: Arc<dyn Accounts>,
    pub database: Arc<dyn DatabaseProbe>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}

/// Where the people and departments of this instant are read, without waiting.
pub trait People: Send + Sync + 'static {
    fn roster(&self) -> Arc<Roster>;
}

impl People for Directory {
    fn roster(&self) -> Arc<Roster> {
        Self::roster(self)
    }
}

/// What logging in and one's own profile need of the hub.
pub trait Accounts: Send + Sync + 'static {
    /// The person of that name with the stored hash of the password.
    fn find_login<'a>(
        &'a self,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Option<(Agent, String)>, HubError>>;

    /// Changes a person; answers with the new state.
    fn update_me(
        &self,
        id: AgentId,
        changes: AgentChanges,
    ) -> BoxFuture<'_, Result<Agent, HubError>>;
}

/// Whether the database answers.
pub trait DatabaseProbe: Send + Sync + 'static {
    fn probe(&self) -> BoxFuture<'_, Result<(), HubError>>;
}

/// A balancer asks every few seconds; a database that is slower than this is not ready.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

impl Shared {
    /// The database answers within two seconds.
    pub async fn database_is_up(&self) -> bool {
        match tokio::time::timeout(PROBE_TIMEOUT, self.database.probe()).await {
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
