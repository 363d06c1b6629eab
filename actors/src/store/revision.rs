//! How whoever remembers rows learns that they have changed.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Grows with every transaction that may have changed certain rows. Whoever reads them afterwards, and asks
/// for the revision before he reads, has rows that are at least as new as it.
#[derive(Debug, Clone, Default)]
pub(super) struct Revision(Arc<AtomicU64>);

impl Revision {
    pub(super) fn current(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// For a transaction to hold until it has ended, however it does: a revision too many costs a reading.
    pub(super) fn changing(&self) -> Changing {
        Changing(self.clone())
    }
}

/// A transaction that may change these rows is open.
#[derive(Debug)]
pub(super) struct Changing(Revision);

impl Drop for Changing {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Release);
    }
}
