//! The settings as everybody reads them: a snapshot in memory, replaced after each commit.
//!
//! The hub is the only writer of their rows, so what is in memory is what is stored. Whoever acts on a
//! setting reads it when it acts; nobody keeps a copy.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    domain::{AgentId, Timestamp, settings::Settings},
    error::HubError,
    store::{Store, StoreError},
};

pub(crate) struct LiveSettings {
    current: RwLock<Arc<Settings>>,
    /// One change at a time, so that none is planned on what another is about to replace. Held over a
    /// commit, by callers from outside only: no actor changes settings.
    gate: tokio::sync::Mutex<()>,
}

impl LiveSettings {
    pub(crate) async fn load(store: &Store) -> Result<Self, StoreError> {
        let current = RwLock::new(Arc::new(store.get_settings().await?));
        Ok(Self { current, gate: tokio::sync::Mutex::new(()) })
    }

    pub(crate) fn current(&self) -> Arc<Settings> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Plans a change on a copy, stores what differs and makes it the present; a refusal changes nothing.
    pub(crate) async fn change<E: From<HubError>>(
        &self,
        store: &Store,
        by: Option<AgentId>,
        now: Timestamp,
        change: impl FnOnce(&mut Settings) -> Result<(), E>,
    ) -> Result<Arc<Settings>, E> {
        let _one_at_a_time = self.gate.lock().await;
        let old = self.current();
        let mut new = Settings::clone(&old);
        change(&mut new)?;
        if new == *old {
            return Ok(old);
        }
        new.updated_at = Some(now);
        let new = Arc::new(new);
        match store.save_settings(Arc::clone(&old), Arc::clone(&new), by, now).await {
            Ok(()) => {
                self.replace(Arc::clone(&new));
                Ok(new)
            }
            Err(error) => {
                if !error.certainly_aborted() {
                    self.reload(store).await;
                }
                Err(E::from(error.into()))
            }
        }
    }

    /// After a commit whose outcome is not known: the rows decide.
    async fn reload(&self, store: &Store) {
        match store.get_settings().await {
            Ok(settings) => self.replace(Arc::new(settings)),
            Err(error) => tracing::error!(%error, "settings could not be read again"),
        }
    }

    fn replace(&self, settings: Arc<Settings>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}
