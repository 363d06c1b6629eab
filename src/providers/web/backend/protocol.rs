//! What the protocol remembers of devices, groups, addresses and messages under way.

use std::collections::HashSet;

use async_trait::async_trait;
use dx_actors::store::RecordChange;
use whatsapp_rust::{
    Jid,
    wacore::{
        store::{
            Device,
            traits::{
                DeviceListRecord, DeviceStore, LidPnMappingEntry, PendingInboundKey,
                PendingInboundRow, ProtocolStore, TcTokenEntry,
            },
        },
        time::now_secs,
    },
};

use super::{
    Backend, BackendError, Kind, Outcome, Unkept,
    vault::{DEAD, KEPT, halves, key, prefix},
};

/// In the place of a message that the hub has. One byte there says how often it was asked for; no message is
/// as short as that.
const DONE: &[u8] = &[];
/// How often a message is asked for that was opened before and is not kept; each time with another
/// connection.
const ASKED_MAX: u8 = 5;

fn of_one(text: &str) -> Vec<u8> {
    key(&[text.as_bytes()])
}

fn of_two(first: &str, second: &str) -> Vec<u8> {
    key(&[first.as_bytes(), second.as_bytes()])
}

fn inbound(chat: &str, sender: &str, id: &str) -> Vec<u8> {
    key(&[chat.as_bytes(), sender.as_bytes(), id.as_bytes()])
}

#[async_trait]
impl ProtocolStore for Backend {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Outcome<Vec<(String, bool)>> {
        let found = self.list(Kind::SenderKeyDevice, &prefix(&[group_jid.as_bytes()])).await?;
        let mut devices = Vec::with_capacity(found.len());
        for record in &found {
            let has_key = self.open(record)? == [1];
            if let Some((_group, device)) = halves(&record.key) {
                devices.push((String::from_utf8_lossy(device).into_owned(), has_key));
            }
        }
        Ok(devices)
    }

    async fn set_sender_key_status(
        &self,
        group_jid: &str,
        entries: &[(&str, bool)],
    ) -> Outcome<()> {
        let put = |(device, has_key): &(&str, bool)| {
            self.put(Kind::SenderKeyDevice, of_two(group_jid, device), &[u8::from(*has_key)])
        };
        let changes: Outcome<Vec<_>> = entries.iter().map(put).collect();
        self.change(changes?).await
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Outcome<()> {
        let all = Kind::SenderKeyDevice.delete_all(prefix(&[group_jid.as_bytes()]));
        self.change(vec![all]).await
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Outcome<()> {
        if device_jids.is_empty() {
            return Ok(());
        }
        let kind = Kind::SenderKeyDevice;
        let keys = self.store.list_record_keys(self.claim.session_id, kind.as_str()).await;
        let keys = keys.map_err(|error| self.failure(error))?;
        let is_named = |key: &Vec<u8>| {
            halves(key).is_some_and(|(_group, device)| {
                device_jids.iter().any(|named| named.as_bytes() == device)
            })
        };
        let changes = keys.into_iter().filter(is_named).map(|key| kind.delete(key)).collect();
        self.change(changes).await
    }

    async fn clear_all_sender_key_devices(&self) -> Outcome<()> {
        self.change(vec![Kind::SenderKeyDevice.delete_all(Vec::new())]).await
    }

    async fn get_lid_mapping(&self, lid: &str) -> Outcome<Option<LidPnMappingEntry>> {
        self.mapping(&of_one(lid)).await
    }

    async fn get_pn_mapping(&self, phone: &str) -> Outcome<Option<LidPnMappingEntry>> {
        let Some(lid) = self.get(Kind::PhoneMapping, &of_one(phone)).await? else {
            return Ok(None);
        };
        Ok(self.mapping(&key(&[&lid])).await?.filter(|entry| entry.phone_number == phone))
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Outcome<()> {
        self.put_mappings(std::slice::from_ref(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Outcome<()> {
        self.put_mappings(entries).await
    }

    async fn get_all_lid_mappings(&self) -> Outcome<Vec<LidPnMappingEntry>> {
        let found = self.list(Kind::LidMapping, b"").await?;
        let read = |record| self.vault.read(record).map_err(|error| self.failure(error));
        found.iter().map(read).collect()
    }

    async fn save_base_key(&self, address: &str, message_id: &str, base_key: &[u8]) -> Outcome<()> {
        self.set(Kind::BaseKey, of_two(address, message_id), base_key).await
    }

    async fn has_same_base_key(
        &self,
        address: &str,
        message_id: &str,
        current_base_key: &[u8],
    ) -> Outcome<bool> {
        let saved = self.get(Kind::BaseKey, &of_two(address, message_id)).await?;
        Ok(saved.is_some_and(|saved| saved == current_base_key))
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Outcome<()> {
        self.delete(Kind::BaseKey, of_two(address, message_id)).await
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Outcome<()> {
        self.update_device_lists(vec![record]).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Outcome<()> {
        let put = |list: &DeviceListRecord| {
            let put = self.vault.put_value(Kind::DeviceList, of_one(&list.user), list, [KEPT; 2]);
            put.map_err(|error| self.failure(error))
        };
        let changes: Outcome<Vec<_>> = records.iter().map(put).collect();
        self.change(changes?).await
    }

    async fn get_devices(&self, user: &str) -> Outcome<Option<DeviceListRecord>> {
        let bytes = self.get(Kind::DeviceList, &of_one(user)).await?;
        let list = bytes.map(|bytes| self.vault.parse(&bytes)).transpose();
        list.map_err(|error| self.failure(error))
    }

    async fn delete_devices(&self, user: &str) -> Outcome<()> {
        self.delete(Kind::DeviceList, of_one(user)).await
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Outcome<Option<Vec<u8>>> {
        self.get(Kind::GroupMetadata, &of_one(group_jid)).await
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Outcome<()> {
        self.set(Kind::GroupMetadata, of_one(group_jid), blob).await
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Outcome<()> {
        self.delete(Kind::GroupMetadata, of_one(group_jid)).await
    }

    async fn get_tc_token(&self, jid: &str) -> Outcome<Option<TcTokenEntry>> {
        self.token(jid).await
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Outcome<()> {
        self.put_token(jid, entry).await
    }

    async fn delete_tc_token(&self, jid: &str) -> Outcome<()> {
        self.delete(Kind::TcToken, of_one(jid)).await
    }

    async fn get_all_tc_token_jids(&self) -> Outcome<Vec<String>> {
        self.token_jids().await
    }

    async fn delete_expired_tc_tokens(
        &self,
        token_cutoff: i64,
        sender_cutoff: i64,
    ) -> Outcome<u32> {
        self.sweep(Kind::TcToken, token_cutoff, sender_cutoff).await
    }

    async fn touch_tc_token_sender_timestamp(
        &self,
        jid: &str,
        sender_timestamp: i64,
    ) -> Outcome<()> {
        self.touch_token(jid, sender_timestamp).await
    }

    async fn store_received_tc_token(
        &self,
        jid: &str,
        token: &[u8],
        token_timestamp: i64,
    ) -> Outcome<()> {
        self.receive_token(jid, token.to_vec(), token_timestamp).await
    }

    async fn store_sent_message(
        &self,
        chat_jid: &str,
        message_id: &str,
        payload: &[u8],
    ) -> Outcome<()> {
        let (key, stamps) = (of_two(chat_jid, message_id), [now_secs(), DEAD]);
        let put = self.vault.put_stamped(Kind::SentMessage, key, payload, stamps);
        self.change(vec![put.map_err(|error| self.failure(error))?]).await
    }

    async fn take_sent_message(
        &self,
        chat_jid: &str,
        message_id: &str,
    ) -> Outcome<Option<Vec<u8>>> {
        let keys = vec![of_two(chat_jid, message_id)];
        self.plan(Kind::SentMessage, keys, |vault, found| {
            let Some(record) = found.into_iter().next() else { return Ok((Vec::new(), None)) };
            let payload = vault.open(&record)?;
            Ok((vec![Kind::SentMessage.delete(record.key)], Some(payload)))
        })
        .await
    }

    async fn delete_expired_sent_messages(&self, cutoff_timestamp: i64) -> Outcome<u32> {
        self.sweep(Kind::SentMessage, cutoff_timestamp, KEPT).await
    }

    async fn store_pending_inbound(
        &self,
        chat: &str,
        sender: &str,
        id: &str,
        message: &[u8],
    ) -> Outcome<()> {
        self.store_pending_inbound_batch(&[PendingInboundRow { chat, sender, id, message }]).await
    }

    async fn get_pending_inbound(
        &self,
        chat: &str,
        sender: &str,
        id: &str,
    ) -> Outcome<Option<Vec<u8>>> {
        let key = inbound(chat, sender, id);
        let kept = self.find_in_order(Kind::PendingInbound, key.clone()).await?;
        let times_asked = match kept.as_deref() {
            Some(DONE) => return Ok(None),
            Some([times]) => *times,
            Some(_message) => return Ok(kept),
            None => 0,
        };
        if self.stored(&[id]).await?.contains(id) {
            return Ok(None);
        }
        self.ask_anew(key, [chat, sender, id], times_asked).await
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Outcome<()> {
        self.delete_pending_inbound_batch(&[PendingInboundKey { chat, sender, id }]).await
    }

    async fn delete_expired_pending_inbound(&self, cutoff_timestamp: i64) -> Outcome<u32> {
        self.sweep(Kind::PendingInbound, cutoff_timestamp, KEPT).await
    }

    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Outcome<()> {
        let stamps = [now_secs(), DEAD];
        let put = |row: &PendingInboundRow<'_>| {
            let key = inbound(row.chat, row.sender, row.id);
            self.vault.put_stamped(Kind::PendingInbound, key, row.message, stamps)
        };
        let changes = rows.iter().map(put).collect();
        self.writes.keep_messages(changes).await.map_err(|error| self.failure(error))
    }

    /// The hub has them. Of those that are no rows of messages (reactions, groups that are not kept, …) a
    /// mark stays until it is swept, so that a copy that comes again is known.
    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Outcome<()> {
        let ids: Vec<&str> = keys.iter().map(|key| key.id).collect();
        let stored = self.stored(&ids).await?;
        let settle = |PendingInboundKey { chat, sender, id }: &PendingInboundKey<'_>| {
            let key = inbound(chat, sender, id);
            if stored.contains(*id) {
                Ok(Kind::PendingInbound.delete(key))
            } else {
                self.mark(key, DONE)
            }
        };
        let changes: Outcome<Vec<_>> = keys.iter().map(settle).collect();
        self.change(changes?).await
    }
}

impl Backend {
    /// Those of these messages that are rows of the hub.
    async fn stored(&self, ids: &[&str]) -> Outcome<HashSet<String>> {
        let found = self.store.list_stored_provider_ids(self.claim.session_id, ids).await;
        found.map_err(|error| self.failure(error))
    }

    /// There is nothing of a message that was opened before. A failure keeps the library from telling the
    /// network that it has arrived (and stands in its log as one of reading); after some attempts nobody
    /// has it, and the network need not keep it.
    async fn ask_anew(
        &self,
        key: Vec<u8>,
        [chat, sender, id]: [&str; 3],
        times_asked: u8,
    ) -> Outcome<Option<Vec<u8>>> {
        if times_asked >= ASKED_MAX {
            tracing::error!(
                session.id = %self.claim.session_id, message.id = %id,
                "a message is lost: nobody has shown it again"
            );
            return Ok(None);
        }
        self.change(vec![self.mark(key, &[times_asked + 1])?]).await?;
        let is_own = self.is_own(sender).await?;
        let (chat, sender, id) = (chat.to_owned(), sender.to_owned(), id.to_owned());
        // Beyond those that may wait it is delivered again, with the next connection.
        let _ = self.unkept.try_send(Unkept { chat, sender, id, is_own });
        Err(BackendError::Validation("opened before and not kept".to_owned()))
    }

    /// What stands in the place of a message.
    fn mark(&self, key: Vec<u8>, mark: &[u8]) -> Outcome<RecordChange> {
        let put = self.vault.put_stamped(Kind::PendingInbound, key, mark, [now_secs(), DEAD]);
        put.map_err(|error| self.failure(error))
    }

    async fn is_own(&self, sender: &str) -> Outcome<bool> {
        let Ok(sender) = sender.parse::<Jid>() else { return Ok(false) };
        let Some(Device { pn: Some(pn), lid, .. }) = self.load().await? else { return Ok(false) };
        Ok(sender.matches_user_or_lid(&pn, lid.as_ref()))
    }

    async fn mapping(&self, key: &[u8]) -> Outcome<Option<LidPnMappingEntry>> {
        let bytes = self.get(Kind::LidMapping, key).await?;
        let entry = bytes.map(|bytes| self.vault.parse(&bytes)).transpose();
        entry.map_err(|error| self.failure(error))
    }

    /// A phone number leads to the entry that was stored last for it. What leads to an entry that has
    /// another number by now is left, and seen through when it is read.
    async fn put_mappings(&self, entries: &[LidPnMappingEntry]) -> Outcome<()> {
        let mut changes = Vec::with_capacity(2 * entries.len());
        for entry in entries {
            let (lid, phone) = (of_one(&entry.lid), of_one(&entry.phone_number));
            let put = self.vault.put_value(Kind::LidMapping, lid, entry, [KEPT; 2]);
            changes.push(put.map_err(|error| self.failure(error))?);
            changes.push(self.put(Kind::PhoneMapping, phone, entry.lid.as_bytes())?);
        }
        self.change(changes).await
    }
}
