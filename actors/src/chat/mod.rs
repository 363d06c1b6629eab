//! One actor per open chat: the router of what customers write and the owner of the ticket.

mod actor;
mod decisions;
mod handle;
mod handover;
mod intake;
mod offers;
#[cfg(test)]
mod remark_tests;
mod remarks;
mod send;
mod tell;
#[cfg(test)]
mod tests;

pub use decisions::{Acceptance, Closing};
pub use handle::{Chats, ManualEntry};
pub use handover::{TransferAnswer, TransferRequest};
pub use intake::Delivered;
pub use send::Outgoing;

pub use tell::audience_of;
pub(crate) use tell::audience_of_message;
