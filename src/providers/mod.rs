//! The networks that carry messages, behind the port of the hub.

pub mod cloud;
mod uploads;
pub mod web;

use std::sync::Arc;

use dx_actors::{
    domain::{ProviderKind, WhatsAppSession},
    session::{Connect, Provider, ProviderError, ProviderEvent, ProviderFactory, SandboxNetwork},
};
use tokio::sync::mpsc;

use self::{cloud::CloudNetwork, web::WebNetwork};

/// Connects each number to its network: the one place that knows them all.
#[derive(Debug)]
pub struct Providers {
    pub sandbox: SandboxNetwork,
    pub cloud: CloudNetwork,
    pub web: WebNetwork,
}

impl ProviderFactory for Providers {
    fn connect(
        &self,
        session: &WhatsAppSession,
        how: Connect,
        events: mpsc::Sender<ProviderEvent>,
    ) -> Result<Arc<dyn Provider>, ProviderError> {
        match session.provider {
            ProviderKind::Cloud => self.cloud.connect(session, how, events),
            ProviderKind::Sandbox => self.sandbox.connect(session, how, events),
            ProviderKind::Web => self.web.connect(session, how, events),
        }
    }
}
