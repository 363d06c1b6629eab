//! Faults on demand, for tests of what happens when the database does not do as it is told.

use std::sync::{Arc, Mutex, PoisonError};

use super::StoreError;

/// What goes wrong with the next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused: proved not to be written.
    Refuse,
    /// Not written, but the caller cannot know.
    UncertainNotWritten,
    /// Written, but the caller cannot know.
    UncertainWritten,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Option<(usize, Fault)>>>);

impl Faults {
    fn take(&self) -> Option<Fault> {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *planned {
            Some((skip, _)) if *skip > 0 => {
                *skip -= 1;
                None
            }
            _ => planned.take().map(|(_, fault)| fault),
        }
    }

    /// Called before a write: fails here when nothing is to be written.
    pub(super) fn before(&self) -> Result<Option<Fault>, StoreError> {
        match self.take() {
            Some(Fault::Refuse) => {
                Err(StoreError::Refused(sqlx::Error::Protocol("injected refusal".to_owned())))
            }
            Some(Fault::UncertainNotWritten) => Err(uncertain()),
            fault => Ok(fault),
        }
    }
}

/// Called after a write: hides its outcome when that was asked for.
pub(super) fn after<T>(
    fault: Option<Fault>,
    outcome: Result<T, StoreError>,
) -> Result<T, StoreError> {
    if fault == Some(Fault::UncertainWritten) { Err(uncertain()) } else { outcome }
}

fn uncertain() -> StoreError {
    StoreError::Uncertain("injected doubt".to_owned())
}

impl super::Store {
    /// Makes the next write fail in this way.
    pub fn fail_next(&self, fault: Fault) {
        self.fail_after(0, fault);
    }

    /// Lets so many writes pass and makes the one after them fail in this way.
    pub fn fail_after(&self, skip: usize, fault: Fault) {
        *self.faults.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((skip, fault));
    }
}
