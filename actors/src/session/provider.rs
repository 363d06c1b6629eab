//! The port to a network: what a provider of messages must do, and what it tells.
//!
//! The sandbox is the executable specification of this port.

use std::{pin::Pin, sync::Arc};

use tokio::sync::mpsc;

use crate::domain::{
    Inbound, Message, MessageStatus, Timestamp, WhatsAppSession, session::DisconnectReason,
};

/// Events that may wait for the hub; beyond it the provider has to wait, and so its source.
pub const EVENTS_MAX: usize = 1024;

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connect {
    /// A person starts the number: it is paired anew.
    Fresh,
    /// The number is paired and comes back.
    Resume,
}

/// What a provider tells. States come in the order `QrCode`* → `Authenticated` → `Ready`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderEvent {
    /// A code to scan; replaces the one before.
    QrCode {
        code: String,
        expires_at: Timestamp,
    },
    Authenticated,
    Ready {
        phone_number: String,
    },
    /// The connection is over; the provider does nothing more until it is connected again.
    Disconnected(DisconnectReason),
    /// A customer's message. The provider may deliver it twice; the hub stores it once.
    Inbound(Box<Inbound>),
    /// How far a sent message has come. May come out of order.
    Status {
        message_id: String,
        status: MessageStatus,
        at: Timestamp,
        error: String,
    },
    /// A customer types, or has stopped.
    Typing {
        chat_id: String,
        is_typing: bool,
    },
}

/// Why a message could not be handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Trying again makes sense.
    #[error("temporary failure: {0}")]
    Temporary(String),
    /// Refused for good; the text is shown to the sender.
    #[error("{0}")]
    Refused(String),
    /// This build or configuration cannot serve that kind of number.
    #[error("{0}")]
    Unsupported(String),
}

pub type ProviderFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One connection to a network. Dropping it ends it.
pub trait Provider: Send + Sync + 'static {
    /// Hands a message over under its reserved `message_id`; a second time with the same id must not
    /// reach the customer twice. `Ok` means that the network has taken it.
    fn send<'a>(&'a self, message: &'a Message) -> ProviderFuture<'a, Result<(), ProviderError>>;

    /// Shows the customer that somebody types, or no longer does. Called at most every three seconds per
    /// chat with `true`, and afterwards with `false`. Stopping has to leave no trace of a device in use
    /// (on WhatsApp: `paused`, then `unavailable`), or the owner's phone does not ring. Best effort.
    fn set_typing<'a>(
        &'a self,
        chat_id: &'a str,
        is_typing: bool,
    ) -> ProviderFuture<'a, Result<(), ProviderError>>;

    /// Shows the customer that these of his messages were read. The same ids may come again. Best effort.
    fn mark_read<'a>(
        &'a self,
        chat_id: &'a str,
        message_ids: &'a [String],
    ) -> ProviderFuture<'a, Result<(), ProviderError>>;

    /// Ends the connection and whatever it shows; nothing is told any more.
    fn disconnect(&self);
}

/// Makes connections.
pub trait ProviderFactory: Send + Sync + 'static {
    /// Begins to connect a number; what happens is told through `events`.
    fn connect(
        &self,
        session: &WhatsAppSession,
        how: Connect,
        events: mpsc::Sender<ProviderEvent>,
    ) -> Result<Arc<dyn Provider>, ProviderError>;
}
