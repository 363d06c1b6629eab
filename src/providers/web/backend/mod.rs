//! Where the client of WhatsApp Web keeps what it must not lose: keys, ratchets, addresses.
//!
//! One [`Backend`] per number implements the library's storage traits on the hub's store, one file per
//! family. Values are sealed before they reach the database. A backend owns its number until another
//! one is made for it, here or by another process on the same database, or until a backup is imported:
//! from then on its writes are refused and [`Backend::lost`] completes.

mod app_state;
mod device;
mod message_secrets;
mod protocol;
mod signal;
mod tokens;
mod vault;
mod writes;

#[cfg(test)]
mod tests;

use std::{error::Error, sync::Arc};

use dx_actors::{
    domain::SessionId,
    store::{Claim, Record, RecordChange, Store, StoreError},
};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use whatsapp_rust::wacore::store::{Device, error::StoreError as BackendError};

use self::{vault::Kind, writes::Writes};
use crate::secrets::{MasterKey, RecordSealer};

pub use self::vault::Vault;

/// Messages that may wait until somebody asks for them anew; the network delivers others again.
const UNKEPT_MAX: usize = 256;

/// What the library's traits return.
type Outcome<T> = Result<T, BackendError>;

/// The door to what all numbers of WhatsApp Web have stored. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WebStore {
    store: Store,
    sealer: Arc<RecordSealer>,
}

impl WebStore {
    pub fn new(store: Store, master: &MasterKey) -> Self {
        Self { store, sealer: Arc::new(RecordSealer::new(master)) }
    }

    /// What the library's client of this number stores in: `Bot::builder().with_backend(..)`. Whoever
    /// had one before cannot write any more.
    pub async fn backend(&self, session_id: SessionId) -> Result<Arc<Backend>, StoreError> {
        let claim = self.store.claim_records(session_id).await?;
        let (unkept, to_be_asked_for) = mpsc::channel(UNKEPT_MAX);
        Ok(Arc::new(Backend {
            store: self.store.clone(),
            vault: self.vault(session_id),
            claim,
            writes: Writes::spawn(self.store.clone(), claim),
            lost: CancellationToken::new(),
            unkept,
            to_be_asked_for: Mutex::new(to_be_asked_for),
        }))
    }

    /// A phone has linked this number, and it was not forgotten since.
    pub async fn is_paired(&self, session_id: SessionId) -> Result<bool, StoreError> {
        let found = self.store.find_record(session_id, Kind::Device.as_str(), b"").await?;
        let Some(record) = found else { return Ok(false) };
        let device: Device = self.vault(session_id).read(&record)?;
        Ok(device.pn.is_some())
    }

    /// Seals and opens the records of a number, for those that travel in a backup.
    pub fn vault(&self, session_id: SessionId) -> Vault {
        Vault::new(session_id, Arc::clone(&self.sealer))
    }
}

/// Storage of one number, owned by one connection.
#[derive(Debug)]
pub struct Backend {
    store: Store,
    vault: Vault,
    claim: Claim,
    writes: Writes,
    lost: CancellationToken,
    unkept: mpsc::Sender<Unkept>,
    to_be_asked_for: Mutex<mpsc::Receiver<Unkept>>,
}

/// A message that was opened before a crash and that nobody has: its ratchet was stored, and it was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unkept {
    pub chat: String,
    pub sender: String,
    pub id: String,
    /// From a device of the company.
    pub is_own: bool,
}

impl Backend {
    /// Completes when another copy of the number has taken over: hang up and do not come back by
    /// yourself. It is noticed at the first write that is refused.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Completes when a message that came in could not be stored: what the client has in mind is ahead of
    /// what is stored, and nothing of it is written any more. Hang up and begin anew.
    pub async fn broken(&self) {
        self.writes.broken().await;
    }

    /// The next message to be asked for anew: the copy that has come cannot be opened a second time.
    /// Cancel-safe.
    pub async fn unkept(&self) -> Option<Unkept> {
        self.to_be_asked_for.lock().await.recv().await
    }

    /// After a logout: all key material of the number is deleted, unless another copy has taken over.
    /// Nothing can be written through this one any more.
    pub async fn forget(&self) -> Result<(), StoreError> {
        self.store.forget_records(self.claim).await
    }

    /// Another copy of the number has taken over.
    pub fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }

    /// The opened value of a record.
    async fn get(&self, kind: Kind, key: &[u8]) -> Outcome<Option<Vec<u8>>> {
        let found = self.store.find_record(self.claim.session_id, kind.as_str(), key).await;
        let found = found.map_err(|error| self.failure(error))?;
        let opened = found.map(|record| self.vault.open(&record)).transpose();
        opened.map_err(|error| self.failure(error))
    }

    /// The opened value of a record, after what was asked for before.
    async fn find_in_order(&self, kind: Kind, key: Vec<u8>) -> Outcome<Option<Vec<u8>>> {
        let found = self.writes.alone(move |store, claim| async move {
            store.find_record(claim.session_id, kind.as_str(), &key).await
        });
        let found = found.await.map_err(|error| self.failure(error))?;
        found.map(|record| self.open(&record)).transpose()
    }

    /// The records of a kind whose keys begin like this, still sealed.
    async fn list(&self, kind: Kind, prefix: &[u8]) -> Outcome<Vec<Record>> {
        let found = self.store.list_records(self.claim.session_id, kind.as_str(), prefix).await;
        found.map_err(|error| self.failure(error))
    }

    /// Those of these keys that there are, still sealed and in no order.
    async fn find(&self, kind: Kind, keys: &[Vec<u8>]) -> Outcome<Vec<Record>> {
        let found = self.store.find_records(self.claim.session_id, kind.as_str(), keys).await;
        found.map_err(|error| self.failure(error))
    }

    fn open(&self, record: &Record) -> Outcome<Vec<u8>> {
        self.vault.open(record).map_err(|error| self.failure(error))
    }

    fn put(&self, kind: Kind, key: Vec<u8>, value: &[u8]) -> Outcome<RecordChange> {
        self.vault.put(kind, key, value).map_err(|error| self.failure(error))
    }

    /// Writes one record.
    async fn set(&self, kind: Kind, key: Vec<u8>, value: &[u8]) -> Outcome<()> {
        let change = self.put(kind, key, value)?;
        self.change(vec![change]).await
    }

    async fn delete(&self, kind: Kind, key: Vec<u8>) -> Outcome<()> {
        self.change(vec![kind.delete(key)]).await
    }

    /// Carries out changes, all or none, after what was asked for before.
    async fn change(&self, changes: Vec<RecordChange>) -> Outcome<()> {
        self.writes.change(changes).await.map_err(|error| self.failure(error))
    }

    /// Removes what is older than both limits; how many.
    async fn sweep(&self, kind: Kind, stamp: i64, other_stamp: i64) -> Outcome<u32> {
        let sweep = RecordChange::Sweep { kind: kind.as_str(), stamp, other_stamp };
        let swept = self
            .writes
            .alone(|store, claim| async move { store.change_records(claim, vec![sweep]).await });
        let removed = swept.await.map_err(|error| self.failure(error))?;
        Ok(u32::try_from(removed).unwrap_or(u32::MAX))
    }

    /// Changes records after a look at those that there are, with nobody in between.
    async fn plan<T, F>(&self, kind: Kind, keys: Vec<Vec<u8>>, plan: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: FnOnce(&Vault, Vec<Record>) -> Result<(Vec<RecordChange>, T), StoreError>
            + Send
            + 'static,
    {
        let vault = self.vault.clone();
        let planned = self.writes.alone(move |store, claim| async move {
            let plan = move |found| plan(&vault, found);
            store.plan_records(claim, kind.as_str(), keys, plan).await
        });
        planned.await.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: StoreError) -> BackendError {
        if matches!(error, StoreError::Fenced) {
            self.lost.cancel();
        }
        BackendError::Database(Box::new(error))
    }
}

/// Whether a failure of the library comes from a write that was refused because another copy of the
/// number has taken over.
pub fn is_fenced(error: &(dyn Error + 'static)) -> bool {
    let mut layer = Some(error);
    while let Some(error) = layer {
        if matches!(error.downcast_ref(), Some(StoreError::Fenced)) {
            return true;
        }
        layer = error.source();
    }
    false
}
