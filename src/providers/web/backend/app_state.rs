//! Keys and versions with which the state of the app (archived, muted, …) is synchronised.

use std::collections::HashMap;

use async_trait::async_trait;
use whatsapp_rust::wacore::{
    appstate::{hash::HashState, processor::AppStateMutationMAC},
    store::traits::{AppStateSyncKey, AppSyncStore},
};

use super::{
    Backend, BackendError, Kind, Outcome,
    vault::{KEPT, key, prefix},
};

fn mac_key(collection: &str, index_mac: &[u8]) -> Vec<u8> {
    key(&[collection.as_bytes(), index_mac])
}

#[async_trait]
impl AppSyncStore for Backend {
    async fn get_sync_key(&self, key_id: &[u8]) -> Outcome<Option<AppStateSyncKey>> {
        let bytes = self.get(Kind::SyncKey, &key(&[key_id])).await?;
        let parsed = bytes.map(|bytes| self.vault.parse(&bytes)).transpose();
        parsed.map_err(|error| self.failure(error))
    }

    async fn set_sync_key(&self, key_id: &[u8], sync_key: AppStateSyncKey) -> Outcome<()> {
        let put = self.vault.put_value(Kind::SyncKey, key(&[key_id]), &sync_key, [KEPT; 2]);
        let put = put.map_err(|error| self.failure(error))?;
        let latest = self.put(Kind::LatestSyncKey, Vec::new(), key_id)?;
        self.change(vec![put, latest]).await
    }

    async fn get_latest_sync_key_id(&self) -> Outcome<Option<Vec<u8>>> {
        self.get(Kind::LatestSyncKey, b"").await
    }

    async fn get_version(&self, name: &str) -> Outcome<HashState> {
        let Some(bytes) = self.get(Kind::AppState, &key(&[name.as_bytes()])).await? else {
            return Ok(HashState::default());
        };
        self.vault.parse(&bytes).map_err(|error| self.failure(error))
    }

    async fn set_version(&self, name: &str, state: HashState) -> Outcome<()> {
        let key = key(&[name.as_bytes()]);
        let put = self.vault.put_value(Kind::AppState, key, &state, [KEPT; 2]);
        let put = put.map_err(|error| self.failure(error))?;
        self.change(vec![put]).await
    }

    async fn put_mutation_macs(
        &self,
        name: &str,
        _version: u64,
        mutations: &[AppStateMutationMAC],
    ) -> Outcome<()> {
        let put = |mutation: &AppStateMutationMAC| {
            self.put(Kind::MutationMac, mac_key(name, &mutation.index_mac), &mutation.value_mac)
        };
        let changes: Outcome<Vec<_>> = mutations.iter().map(put).collect();
        self.change(changes?).await
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Outcome<Option<Vec<u8>>> {
        self.get(Kind::MutationMac, &mac_key(name, index_mac)).await
    }

    async fn get_mutation_macs(
        &self,
        name: &str,
        index_macs: &[[u8; 32]],
    ) -> Outcome<HashMap<[u8; 32], Vec<u8>>> {
        let beginning = prefix(&[name.as_bytes()]);
        let keys: Vec<_> = index_macs.iter().map(|mac| mac_key(name, mac)).collect();
        let found = self.find(Kind::MutationMac, &keys).await?;
        let read = |record| {
            let value = self.open(record)?;
            let index_mac = record.key.strip_prefix(&beginning[..]);
            let index_mac = index_mac.and_then(|mac| mac.try_into().ok());
            let wrong = || BackendError::Validation("key of a mutation".to_owned());
            Ok((index_mac.ok_or_else(wrong)?, value))
        };
        found.iter().map(read).collect()
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Outcome<()> {
        let delete = |mac: &Vec<u8>| Kind::MutationMac.delete(mac_key(name, mac));
        self.change(index_macs.iter().map(delete).collect()).await
    }

    async fn clear_mutation_macs(&self, name: &str) -> Outcome<()> {
        let all = Kind::MutationMac.delete_all(prefix(&[name.as_bytes()]));
        self.change(vec![all]).await
    }
}
