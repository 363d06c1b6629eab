//! Stand-in until the sealed store is merged.
use dx_actors::{domain::SessionId, store::StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use whatsapp_rust::store::traits::DeviceStore as _;
pub use whatsapp_rust::wacore::store::InMemoryBackend as Backend;

#[derive(Clone, Default)]
pub struct WebStore(Arc<std::sync::Mutex<HashMap<SessionId, Arc<Backend>>>>);
impl WebStore {
    pub async fn backend(&self, id: SessionId) -> Result<Arc<Backend>, StoreError> {
        Ok(Arc::clone(
            self.0
                .lock()
                .unwrap_or_else(|p| p.into_inner())
                .entry(id)
                .or_insert_with(|| Arc::new(Backend::new())),
        ))
    }
    pub async fn forget(&self, id: SessionId) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(|p| p.into_inner()).remove(&id);
        Ok(())
    }
    pub async fn is_paired(&self, id: SessionId) -> Result<bool, StoreError> {
        let found = self.0.lock().unwrap_or_else(|p| p.into_inner()).get(&id).cloned();
        Ok(match found {
            Some(b) => b.load().await.ok().flatten().is_some_and(|d| d.pn.is_some()),
            None => false,
        })
    }
}
pub trait Lost {
    fn lost(&self) -> std::future::Pending<()> {
        std::future::pending()
    }
}
impl Lost for Backend {}
