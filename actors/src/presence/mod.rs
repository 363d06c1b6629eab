//! The roster: who is there, who may be given a chat, who types, and the sockets of everybody.

mod actor;
mod claims;
mod force;
mod handle;
mod live;
pub mod outbox;
mod people;
#[cfg(test)]
mod tests;
mod typing;

pub use force::Force;
pub use handle::Presence;

pub(crate) use claims::{Claimed, Claims, Wanted};
