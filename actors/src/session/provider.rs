//! The port to a network: what a provider of messages must do, and what it tells.
//!
//! The sandbox is the executable specification of this port.

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::domain::{
    Inbound, Message, MessageChange, MessageStatus, Timestamp, WhatsAppSession,
    session::DisconnectReason,
};

/// Events that may wait for the hub; beyond it the provider has to wait, and so its source.
pub const EVENTS_MAX: usize = 1024;

/// How a connection begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connect {
    /// A person starts the number: it is paired by a code to scan, unless the network still knows it.
    Fresh,
    /// The same, by a code that is typed on the phone of this number (canonical digits).
    Pair { phone: String },
    /// The number is paired and comes back.
    Resume,
}

/// A message that came over the network, and whom to tell that it is durable.
#[derive(Debug)]
pub struct Delivery {
    pub message: Inbound,
    /// Answered `true` after the commit, also for a repeat; `false` when it could not be stored. A
    /// provider that acknowledges to its network waits for it.
    pub stored: Option<oneshot::Sender<bool>>,
}

impl From<Inbound> for Delivery {
    /// For networks that do not wait for an answer.
    fn from(message: Inbound) -> Self {
        Self { message, stored: None }
    }
}

/// Something that became of a message, and whom to tell that it is durable.
#[derive(Debug)]
pub struct ChangeDelivery {
    pub change: MessageChange,
    /// As with [`Delivery::stored`].
    pub stored: Option<oneshot::Sender<bool>>,
}

impl From<MessageChange> for ChangeDelivery {
    /// For networks that do not wait for an answer.
    fn from(change: MessageChange) -> Self {
        Self { change, stored: None }
    }
}

/// What a provider tells. States come in the order (`QrCode` | `PairingCode`)* → `Authenticated` →
/// `Ready`.
#[derive(Debug)]
pub enum ProviderEvent {
    /// A code to scan; replaces the one before.
    QrCode {
        code: String,
        expires_at: Timestamp,
    },
    /// A code to type on the phone; replaces the one before.
    PairingCode {
        code: String,
        expires_at: Timestamp,
    },
    Authenticated,
    Ready {
        phone_number: String,
    },
    /// The connection is over; the provider does nothing more until it is connected again.
    Disconnected(DisconnectReason),
    /// A message of a customer, or of the company from its phone. The provider may deliver it twice; the
    /// hub stores it once.
    Inbound(Box<Delivery>),
    /// Something became of a message. May come before its original, and twice.
    Change(Box<ChangeDelivery>),
    /// How far a sent message has come. May come out of order.
    Status {
        message_id: String,
        status: MessageStatus,
        at: Timestamp,
        error: String,
    },
    /// The network knows the person of a chat by another address as well.
    Alias {
        chat_id: String,
        alias: String,
    },
    /// A customer types, or has stopped.
    Typing {
        chat_id: String,
        is_typing: bool,
    },
}

/// The network has taken a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// The network's own id, where it does not take ours. Its reports may name either.
    pub network_id: Option<String>,
    /// The address under which the network knows the recipient, where it differs from the chat's.
    pub address: Option<String>,
}

/// Why a message could not be handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The network has not taken it; trying again makes sense.
    #[error("temporary failure: {text}")]
    Temporary {
        text: String,
        /// The network asks for at least this wait.
        retry_after: Option<Duration>,
    },
    /// Not its turn yet: a limit of the network's, which is no failure and uses up no attempt.
    #[error("{text}")]
    NotNow { text: String, wait: Duration },
    /// The connection broke before the network said whether it has taken it.
    #[error("{0}")]
    Unknown(String),
    /// Refused for good, and with it every message to people who never wrote, until then.
    #[error("{text}")]
    ColdBlocked { text: String, until: Timestamp },
    /// Refused for good; the text is shown to the sender.
    #[error("{0}")]
    Refused(String),
    /// This build or configuration cannot serve that kind of number.
    #[error("{0}")]
    Unsupported(String),
}

impl ProviderError {
    /// A failure that may pass at any time.
    pub fn temporary(text: impl Into<String>) -> Self {
        Self::Temporary { text: text.into(), retry_after: None }
    }
}

pub type ProviderFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One connection to a network. Dropping it ends it.
pub trait Provider: Send + Sync + 'static {
    /// Hands a message over under its reserved `message_id`. `Ok` means that the network has taken it.
    fn send<'a>(&'a self, message: &'a Message)
    -> ProviderFuture<'a, Result<Taken, ProviderError>>;

    /// Whether a message that is handed over a second time under the same id cannot reach the customer
    /// twice. Where it could, one of which it is not known is left to the network's reports.
    fn is_idempotent(&self) -> bool;

    /// Shows the customer a reaction, an edit or that a message was taken back. `target` is the message
    /// that changes.
    fn change<'a>(
        &'a self,
        change: &'a MessageChange,
        target: &'a Message,
    ) -> ProviderFuture<'a, Result<(), ProviderError>>;

    /// Fetches the file of a message, piece by piece; a receiver that is gone ends it.
    fn download<'a>(
        &'a self,
        message: &'a Message,
        chunks: mpsc::Sender<Bytes>,
    ) -> ProviderFuture<'a, Result<(), ProviderError>>;

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

    /// The network has answered within the last two minutes, or need not be asked. Told apart from being
    /// connected: a dead socket looks connected until somebody asks. Costs nothing and changes nothing.
    fn is_alive(&self) -> bool {
        true
    }

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
