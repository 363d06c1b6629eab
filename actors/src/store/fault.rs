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
pub(super) struct Faults(Arc<Mutex<Option<Planned>>>);

#[derive(Debug)]
struct Planned {
    /// Part of the name of the write that is to fail; empty for whichever comes next.
    write: &'static str,
    fault: Fault,
    /// It goes wrong until [`super::Store::heal`], not once.
    lasts: bool,
    /// So many are let pass first.
    passes: usize,
    /// How often it has gone wrong.
    times: usize,
}

impl Planned {
    /// What goes wrong with a write of this name now.
    fn happen(&mut self) -> Option<Fault> {
        if self.passes > 0 {
            self.passes -= 1;
            return None;
        }
        self.times += 1;
        Some(self.fault)
    }
}

impl Faults {
    /// Called before a write, with a name that holds the method's: fails here when nothing is to be written.
    pub(super) fn before(&self, write: &str) -> Result<Option<Fault>, StoreError> {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = planned.as_mut().filter(|planned| write.contains(planned.write));
        let fault = hit.and_then(Planned::happen);
        if fault.is_some() {
            planned.take_if(|planned| !planned.lasts);
        }
        match fault {
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
        self.fail_next_of("", fault);
    }

    /// Makes the next write of this method of the store fail; what others write until then is written.
    pub fn fail_next_of(&self, write: &'static str, fault: Fault) {
        self.fail_after(0, write, fault);
    }

    /// The same, after so many of them that are written.
    pub fn fail_after(&self, passes: usize, write: &'static str, fault: Fault) {
        self.plan(Planned { write, fault, lasts: false, passes, times: 0 });
    }

    /// Makes all writes of this method fail until [`Self::heal`].
    pub fn fail_all_of(&self, write: &'static str, fault: Fault) {
        self.plan(Planned { write, fault, lasts: true, passes: 0, times: 0 });
    }

    /// What was planned goes wrong no longer.
    pub fn heal(&self) {
        *self.faults.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How often what lasts has gone wrong.
    pub fn failed_times(&self) -> usize {
        let planned = self.faults.0.lock().unwrap_or_else(PoisonError::into_inner);
        planned.as_ref().map_or(0, |planned| planned.times)
    }

    fn plan(&self, planned: Planned) {
        *self.faults.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(planned);
    }

    /// Whether what was planned has not happened yet.
    pub fn awaits_fault(&self) -> bool {
        self.faults.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}
