//! One actor per open chat: the router of what customers write and the owner of the ticket.

mod actor;
mod handle;
mod tell;
#[cfg(test)]
mod tests;

pub use actor::{Closing, Delivered, Outgoing, TransferRequest};
pub use handle::{Chats, ManualEntry};

pub use tell::audience_of;
pub(crate) use tell::audience_of_message;
