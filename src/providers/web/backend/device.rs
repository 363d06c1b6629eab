//! The linked device itself: its long-lived keys and who it belongs to.

use async_trait::async_trait;
use dx_actors::store::RecordChange;
use whatsapp_rust::wacore::{
    stats::StorageResourceReport,
    store::{Device, traits::DeviceStore},
};

use super::{
    Backend, BackendError, Kind, Outcome,
    vault::{KEPT, Vault},
};

/// There is one device per number.
const KEY: &[u8] = b"";

fn put(vault: &Vault, device: &Device) -> Result<RecordChange, dx_actors::store::StoreError> {
    vault.put_value(Kind::Device, KEY.to_vec(), device, [KEPT; 2])
}

#[async_trait]
impl DeviceStore for Backend {
    async fn save(&self, device: &Device) -> Outcome<()> {
        let put = put(&self.vault, device).map_err(|error| self.failure(error))?;
        self.change(vec![put]).await
    }

    async fn load(&self) -> Outcome<Option<Device>> {
        let bytes = self.get(Kind::Device, KEY).await?;
        let device = bytes.map(|bytes| self.vault.parse(&bytes)).transpose();
        device.map_err(|error| self.failure(error))
    }

    async fn exists(&self) -> Outcome<bool> {
        Ok(!self.find(Kind::Device, &[KEY.to_vec()]).await?.is_empty())
    }

    /// The id is that of the number.
    async fn create(&self) -> Outcome<i32> {
        let fresh = Device::new();
        self.plan(Kind::Device, vec![KEY.to_vec()], move |vault, found| {
            let changes = if found.is_empty() { vec![put(vault, &fresh)?] } else { Vec::new() };
            Ok((changes, ()))
        })
        .await?;
        let id = i32::try_from(self.claim.session_id.0);
        id.map_err(|_| BackendError::Validation("id of the number".to_owned()))
    }

    /// The data is the database's.
    async fn resource_report(&self) -> StorageResourceReport {
        StorageResourceReport { memory_bytes: Some(0), ..StorageResourceReport::default() }
    }
}
