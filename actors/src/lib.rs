//! The hub of DX Connect: the rules, the live state and all SQL.
//!
//! Actors own what is alive (WhatsApp sessions, chats, department queues, the roster of agents) and
//! persist it; whoever is outside only holds handles ([`Hub`]) and never an actor. This crate knows
//! neither HTTP nor JSON: what leaves it is a [`HubEvent`] that the edge encodes.

mod ask;
pub mod chat;
pub mod clock;
pub mod directory;
pub mod domain;
pub mod error;
pub mod events;
pub mod hub;
#[cfg(test)]
mod integration_tests;
mod integrations;
mod live_settings;
#[cfg(test)]
mod message_tests;
mod messages;
pub mod metrics;
pub mod presence;
pub mod queue;
#[cfg(test)]
mod seeded_tests;
pub mod session;
pub mod store;
mod supervisor;
mod sweep;
#[cfg(feature = "testing")]
#[expect(clippy::missing_panics_doc, reason = "a tool of tests fails the test by panicking")]
pub mod testing;

pub use clock::{Clock, SystemClock};
pub use directory::Directory;
pub use error::HubError;
pub use events::{Audience, EncodeEvent, HubEvent};
pub use hub::{Hub, HubConfig};
