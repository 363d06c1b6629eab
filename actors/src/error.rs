//! What a caller of the hub may get instead of an answer.

use crate::{domain::Rejected, store::StoreError};

/// Why the hub did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The rules say no; the text is for the person who asked.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The thing that was named is not there.
    #[error("{what} {id} não existe")]
    NotFound { what: &'static str, id: String },
    /// A value that has to be unique is taken; `field` is the column.
    #[error("`{field}` is taken")]
    Taken { field: &'static str },
    /// A row that was named does not exist; `field` is the reference.
    #[error("`{field}` refers to nothing")]
    BadReference { field: &'static str, id: i64 },
    /// The number is not connected, so nothing can be sent over it.
    #[error("session is not ready")]
    SessionNotReady,
    /// There is no number at all.
    #[error("there is no active session")]
    NoSession,
    /// Somebody else changed it meanwhile; asking again makes sense.
    #[error("changed meanwhile")]
    Conflict,
    /// The responsible actor is being restarted, or too much is waiting; try again.
    #[error("the hub is not able to answer now")]
    Unavailable,
    /// No answer in time; the outcome is not known.
    #[error("no answer in time")]
    Timeout,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HubError {
    pub fn not_found(what: &'static str, id: &(impl ToString + ?Sized)) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    /// The state in memory can no longer be trusted: the actor has to reload it from the rows.
    pub(crate) fn needs_reload(&self) -> bool {
        matches!(self, Self::Store(error) if !error.certainly_aborted())
    }
}
