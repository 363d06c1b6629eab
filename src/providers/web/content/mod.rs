//! The kinds of messages, from WhatsApp's form into ours and back.

pub(super) mod incoming;
pub(super) mod outgoing;
