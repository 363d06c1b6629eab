//! One actor per WhatsApp number: its connection, what it sends, and the intake of what it receives.

mod actor;
mod customer_typing;
mod handle;
mod intake;
mod outbound;
pub mod provider;
pub mod sandbox;
#[cfg(test)]
mod signal_tests;
mod signals;
#[cfg(test)]
mod tests;

pub use handle::{LiveSession, Sessions};
pub(crate) use intake::report;
pub use provider::{Provider, ProviderError, ProviderEvent, ProviderFactory};
pub use sandbox::{SandboxFault, SandboxNetwork, SandboxSent, SandboxSignal};
