//! What all suites share: servers, databases, clients, sockets.

pub(crate) mod client;
pub(crate) mod database;
pub(crate) mod exposition;
pub(crate) mod fake_graph;
pub(crate) mod fake_whatsapp;
pub(crate) mod postal;
pub(crate) mod receiver;
pub(crate) mod server;
pub(crate) mod socket;
pub(crate) mod wait;
pub(crate) mod wire;

pub(crate) use client::Client;
pub(crate) use database::{Database, on_both_databases};
pub(crate) use server::Server;
pub(crate) use socket::{RawSocket, Socket};
pub(crate) use wait::{eventually, within};

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
