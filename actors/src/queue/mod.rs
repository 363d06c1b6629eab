//! One queue per department: who waits, in which order, and giving them to agents.

mod actor;
mod deadlines;
mod distribute;
mod handle;
mod place;
#[cfg(test)]
mod promise_tests;
mod promises;
#[cfg(test)]
mod routing_tests;
#[cfg(test)]
mod tests;

pub use handle::{Depth, Queues};
pub use place::{Explanation, Place};
