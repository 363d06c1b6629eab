//! What travels: one file per resource, each key renamed once where it is Portuguese.
//!
//! Nothing but serde and conversions; decisions belong to the hub, spelling of values to `http`.

pub mod account;
pub mod cloud;
pub mod events;
pub mod incoming;
pub mod inject;
pub mod message;
pub mod qr_image;
pub mod session;
pub mod time;
pub mod webhook;
pub mod words;
