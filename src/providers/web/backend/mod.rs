//! Where the client of WhatsApp Web keeps what it must not lose: keys, ratchets, addresses.
//!
//! One [`Backend`] per number implements the library's storage traits on the hub's store, one file per
//! family. Values are sealed before they reach the database. A backend owns its number until another
//! one is made for it, here or by another process on the same database, or until a backup is imported:
//! from then on its writes are refused and [`Backend::lost`] completes.

use std::sync::Arc;

use dx_actors::{
    domain::SessionId,
    store::{Claim, Store, StoreError},
};
use tokio_util::sync::CancellationToken;

use crate::secrets::{MasterKey, RecordSealer};

/// The door to what all numbers of WhatsApp Web have stored. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WebStore {
    store: Store,
    sealer: Arc<RecordSealer>,
}

impl WebStore {
    pub fn new(store: Store, master: &MasterKey) -> Self;

    /// What the library's client of this number stores in: `Bot::builder().with_backend(..)`. Whoever
    /// had one before cannot write any more.
    pub async fn backend(&self, session_id: SessionId) -> Result<Arc<Backend>, StoreError>;

    /// After a logout: all key material of the number is deleted, and whoever holds a backend of it
    /// cannot write any more.
    pub async fn forget(&self, session_id: SessionId) -> Result<(), StoreError>;

    /// A phone has linked this number, and it was not forgotten since.
    pub async fn is_paired(&self, session_id: SessionId) -> Result<bool, StoreError>;
}

/// Storage of one number, owned by one connection.
#[derive(Debug)]
pub struct Backend {
    store: Store,
    sealer: Arc<RecordSealer>,
    claim: Claim,
    lost: CancellationToken,
}

impl Backend {
    /// Completes when another copy of the number has taken over: hang up and do not come back by
    /// yourself.
    pub async fn lost(&self);

    /// Another copy of the number has taken over.
    pub fn is_lost(&self) -> bool;
}

/// Whether a failure of the library comes from a write that was refused because another copy of the
/// number has taken over.
pub fn is_fenced(error: &(dyn std::error::Error + 'static)) -> bool;
