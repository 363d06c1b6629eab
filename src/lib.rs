//! The edge of DX Connect: HTTP, people and their rights, configuration.
//!
//! Everything here speaks to the outside and only sends messages to the hub (`dx_actors`). This crate
//! holds no SQL and no actor.

pub mod args;
pub mod auth;
pub mod config;
pub mod error;
pub mod http;
pub mod secrets;
pub mod serve;
pub mod shutdown;
pub mod state;
pub mod telemetry;
pub mod terminal;
pub mod wire;

#[cfg(test)]
mod test_support;
