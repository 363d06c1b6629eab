//! What travels: one file per resource, each key renamed once where it is Portuguese.
//!
//! Nothing but serde and conversions; decisions belong to the hub, spelling of values to `http`.

pub mod account;
pub mod agent;
pub mod chat;
pub mod cloud;
pub mod department;
pub mod document;
pub mod events;
pub mod incoming;
pub mod inject;
pub mod message;
pub mod presence;
pub mod qr_image;
pub mod queue;
pub mod session;
pub mod ticket;
pub mod time;
pub mod webhook;
pub mod words;
