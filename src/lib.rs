//! The edge of DX Connect: HTTP, WebSockets, people and their rights, configuration.
//!
//! Everything here speaks to the outside and only sends messages to the hub (`dx_actors`). This crate
//! holds no SQL and no actor.

// `json!` counts its keys, and the example of a customer has many.
#![recursion_limit = "256"]

pub mod admin;
pub mod args;
pub mod auth;
pub mod config;
pub mod console;
pub mod data_lock;
pub mod demo;
pub mod documents;
pub mod error;
pub mod files;
pub mod http;
pub mod integrations;
pub mod load;
pub mod mail;
pub mod media;
pub mod metrics;
pub mod openapi;
pub mod outbound;
pub mod postal;
pub mod providers;
pub mod run_error;
pub mod secrets;
pub mod serve;
pub mod shutdown;
pub mod state;
pub mod telemetry;
pub mod terminal;
pub mod wire;
pub mod ws;

#[cfg(test)]
mod test_support;
