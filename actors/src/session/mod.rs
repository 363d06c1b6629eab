//! One actor per WhatsApp number: its connection, what it sends, and the intake of what it receives.

mod actor;
mod customer_typing;
mod handle;
mod hops;
mod intake;
mod outbound;
mod pace;
pub mod provider;
pub mod sandbox;
#[cfg(test)]
mod signal_tests;
mod signals;
#[cfg(test)]
mod tests;

pub use handle::{ColdLimits, LiveSession, Pairing, Sessions};
pub(crate) use intake::{report, tell_moved};
pub use provider::{
    ChangeDelivery, Connect, Delivery, EVENTS_MAX, Provider, ProviderError, ProviderEvent,
    ProviderFactory, ProviderFuture, Taken,
};
pub use sandbox::{SandboxFault, SandboxNetwork, SandboxSent, SandboxSignal};
