//! One queue per department: who waits, in which order, and giving them to agents.

mod actor;
mod handle;
#[cfg(test)]
mod tests;

pub use handle::Queues;
