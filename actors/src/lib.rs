//! The hub of DX Connect: the rules, the live state and all SQL.
//!
//! Actors own what is alive (WhatsApp sessions, chats, department queues, the roster of agents) and
//! persist it; whoever is outside only holds handles ([`Hub`]) and never an actor. This crate knows
//! neither HTTP nor JSON: what leaves it is a [`HubEvent`] that the edge encodes.

pub mod clock;
pub mod directory;
pub mod domain;
pub mod error;
pub mod events;
pub mod presence;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use clock::{Clock, SystemClock};
pub use directory::Directory;
pub use error::HubError;
pub use events::{Audience, EncodeEvent, HubEvent};
