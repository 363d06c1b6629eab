//! Realtime for agents: WebSockets over bare TCP, one small task each.
//!
//! `handshake` turns a request into a socket, `connection` serves it, `reader` and `frames` know
//! RFC 6455, `transport` knows TCP, `commands` and `greeting` know the JSON. Who an agent is and what
//! the hub does is handed in ([`AgentSocket`], [`Commands`]); events come out of an outbox of the hub.

pub mod budget;
pub mod close;
pub mod commands;
pub mod connection;
pub mod endpoint;
pub mod frames;
pub mod greeting;
pub mod handshake;
#[doc(hidden)]
pub mod hostile;
pub mod reader;
#[cfg(test)]
mod testing;
pub mod transport;
pub mod writer;

pub use close::Farewell;
pub use commands::{
    AgentCommands, AgentSocket, InjectIn, InjectPayloadIn, error, inject_error, inject_success,
};
pub use connection::{Commands, Terms};
pub use greeting::greeting;
pub use handshake::{NoSocket, Opening};
