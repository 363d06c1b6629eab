//! A network that says little.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{
    domain::{Message, MessageChange, WhatsAppSession},
    session::{
        Connect, Provider, ProviderError, ProviderEvent, ProviderFactory, ProviderFuture, Taken,
    },
};

/// Takes messages of any kind of number, and never answers anything else.
#[derive(Debug, Clone)]
pub struct MuteNetwork {
    says_so: bool,
    taken: Arc<Mutex<Vec<String>>>,
}

impl MuteNetwork {
    /// It confirms each message.
    pub fn confirming() -> Self {
        Self { says_so: true, taken: Arc::default() }
    }

    /// It never says that it has taken a message, and does not know ours by their ids.
    pub fn doubtful() -> Self {
        Self { says_so: false, taken: Arc::default() }
    }

    /// How often it was handed this message.
    pub fn times(&self, message_id: &str) -> usize {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.iter().filter(|taken| *taken == message_id).count()
    }
}

impl ProviderFactory for MuteNetwork {
    fn connect(
        &self,
        _: &WhatsAppSession,
        _: Connect,
        events: mpsc::Sender<ProviderEvent>,
    ) -> Result<Arc<dyn Provider>, ProviderError> {
        tokio::spawn(async move {
            let phone_number = "5511900000001".to_owned();
            let _ = events.send(ProviderEvent::Ready { phone_number }).await;
            // Stays open as long as the hub wants it.
            events.closed().await;
        });
        Ok(Arc::new(self.clone()))
    }
}

impl Provider for MuteNetwork {
    fn send<'a>(
        &'a self,
        message: &'a Message,
    ) -> ProviderFuture<'a, Result<Taken, ProviderError>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.push(message.message_id.clone());
        let lost = || ProviderError::Unknown("a conexão caiu".to_owned());
        let answer = if self.says_so { Ok(Taken::default()) } else { Err(lost()) };
        Box::pin(async { answer })
    }

    fn is_idempotent(&self) -> bool {
        self.says_so
    }

    fn change<'a>(
        &'a self,
        _: &'a MessageChange,
        _: &'a Message,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(std::future::pending())
    }

    fn download<'a>(
        &'a self,
        _: &'a Message,
        _: mpsc::Sender<Bytes>,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(std::future::pending())
    }

    fn set_typing<'a>(
        &'a self,
        _: &'a str,
        _: bool,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(std::future::pending())
    }

    fn mark_read<'a>(
        &'a self,
        _: &'a str,
        _: &'a [String],
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(std::future::pending())
    }

    fn disconnect(&self) {}
}
