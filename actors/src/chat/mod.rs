//! One actor per open chat: the router of what customers write and the owner of the ticket.

mod actor;
#[cfg(test)]
mod automatic_tests;
mod changes;
mod closing;
#[cfg(test)]
mod customer_tests;
mod customers;
mod decisions;
mod handle;
mod handover;
mod intake;
mod notices;
mod offers;
mod rating;
#[cfg(test)]
mod remark_tests;
mod remarks;
mod send;
mod tell;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod window_tests;

pub use closing::Closing;
pub use decisions::Acceptance;
pub use handle::{Chats, ManualEntry};
pub use handover::{TransferAnswer, TransferRequest};
pub use intake::Delivered;
pub use send::{Outgoing, OutgoingMedia};

pub(crate) use closing::silence_step;
pub use tell::audience_of;
pub(crate) use tell::{audience_of_message, preview};
