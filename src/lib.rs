//! The edge of DX Connect: HTTP and WebSockets in front of the hub.

pub mod ws;
