//! A number as it leaves for a backup, and as it comes back from one.

use super::{
    Store, StoreError, audit, cloud_numbers,
    db::Tx,
    dialect, session_states, sessions,
    sql::sql,
    unit,
    web_records::{self, Owner, Record},
};
use crate::domain::{
    AgentId, ProviderKind, SessionId, SessionStatus, Timestamp, WhatsAppSession,
    audit::AuditAction,
    cloud::{CloudNumber, CloudNumberChanges},
};

/// Everything that a copy of a number consists of, as it was at one instant.
#[derive(Debug, Clone)]
pub struct SessionDump {
    pub session: WhatsAppSession,
    /// With sealed secrets.
    pub cloud: Option<CloudNumber>,
    /// The same in every copy of the number.
    pub lineage: String,
    /// How many changes the records had seen; of two copies the one with more is the younger one.
    pub revision: i64,
    /// Sealed.
    pub records: Vec<Record>,
}

/// What a backup brings.
#[derive(Debug, Clone)]
pub struct SessionCopy {
    pub lineage: String,
    pub revision: i64,
    pub provider: ProviderKind,
    pub device_name: String,
    pub phone_number: String,
    pub auto_reconnect: bool,
    pub proxy_enabled: bool,
    pub proxy_url: String,
    /// With sealed secrets.
    pub cloud: Option<CloudNumberChanges>,
}

/// How a restoring has ended.
#[derive(Debug, Clone)]
pub enum Restored {
    Done {
        session: Box<WhatsAppSession>,
        is_new: bool,
    },
    /// This database knows a later state of the number: nothing was changed.
    Outdated,
}

impl Store {
    /// The number and all its records at one instant, and the note in the audit trail that they have
    /// left. `None` when there is no such number.
    pub async fn dump_session(
        &self,
        id: SessionId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<SessionDump>, StoreError> {
        self.unit(unit!(tx => {
            let select = sql("SELECT * FROM sessions WHERE id = $1").bind(id);
            let Some(session) = tx.opt::<WhatsAppSession>(select).await? else { return Ok(None) };
            // Nobody writes records until the end of this transaction.
            let Owner { lineage, revision, .. } = web_records::owner(tx, id).await?;
            let cloud = sql("SELECT * FROM cloud_numbers WHERE session_id = $1").bind(id);
            let dump = SessionDump {
                cloud: tx.opt(cloud).await?,
                records: web_records::all(tx, id).await?,
                lineage,
                revision,
                session,
            };
            let (action, nothing) = (AuditAction::Exported, Vec::new());
            let entry = sessions::entry(&dump.session, action, Some(by), nothing);
            audit::insert(tx, entry, now).await?;
            Ok(Some(dump))
        }))
        .await
    }

    /// Makes a copy the state of the number here: whoever used it before cannot write any more. The
    /// number is found by its lineage, by its address, or is the default one that nobody has used yet;
    /// else there will be one more. `seal` makes the records for the id that the number has here.
    pub async fn restore_session<F>(
        &self,
        copy: SessionCopy,
        by: AgentId,
        now: Timestamp,
        seal: F,
    ) -> Result<Restored, StoreError>
    where
        F: FnOnce(SessionId) -> Result<Vec<Record>, StoreError> + Send + 'static,
    {
        let changing = self.numbers.changing();
        self.unit(unit!(tx => {
            tx.changing.push(changing);
            dialect::lock_text(tx, &copy.lineage).await?;
            let before = find_target(tx, &copy).await?;
            let is_new = before.is_none();
            let before = if let Some(session) = before {
                session
            } else {
                let (provider, name) = (copy.provider, copy.device_name.clone());
                sessions::insert(tx, provider, name, None, Some(by), now).await?
            };
            let id = before.id;
            let owner = web_records::owner(tx, id).await?;
            if owner.lineage == copy.lineage && copy.revision < owner.revision {
                return Ok(Restored::Outdated);
            }
            web_records::next_generation(tx, id).await?;
            take_over(tx, &copy, id).await?;
            web_records::remove_all(tx, id).await?;
            web_records::put(tx, id, seal(id)?).await?;
            let session = write_session(tx, &copy, id, now).await?;
            if let Some(cloud) = copy.cloud {
                cloud_numbers::save(tx, id, cloud, by, now).await?;
            }
            let changes = sessions::differences(&before, &session);
            let entry = sessions::entry(&session, AuditAction::Imported, Some(by), changes);
            audit::insert(tx, entry, now).await?;
            Ok(Restored::Done { session: Box::new(session), is_new })
        }))
        .await
    }
}

/// The number here that the copy is one of.
async fn find_target(
    tx: &mut Tx,
    copy: &SessionCopy,
) -> Result<Option<WhatsAppSession>, StoreError> {
    let by_lineage =
        sql("SELECT s.* FROM sessions s JOIN session_owners o ON o.session_id = s.id \
         WHERE o.lineage = $1")
        .bind(copy.lineage.as_str());
    if let Some(found) = tx.opt(by_lineage).await? {
        return Ok(Some(found));
    }
    if !copy.phone_number.is_empty() {
        let by_phone = sql("SELECT * FROM sessions WHERE phone_number = $1 AND provider = $2 \
             AND is_active ORDER BY id LIMIT 1")
        .bind(copy.phone_number.as_str())
        .bind(copy.provider);
        if let Some(found) = tx.opt(by_phone).await? {
            return Ok(Some(found));
        }
    }
    let network_id = copy.cloud.as_ref().and_then(|cloud| cloud.phone_number_id.as_deref());
    if let Some(network_id) = network_id.filter(|id| !id.is_empty()) {
        let by_network = sql("SELECT s.* FROM sessions s JOIN cloud_numbers n \
             ON n.session_id = s.id WHERE n.phone_number_id = $1");
        if let Some(found) = tx.opt(by_network.bind(network_id)).await? {
            return Ok(Some(found));
        }
    }
    let unused = sql("SELECT * FROM sessions s WHERE is_default AND is_active AND provider = $1 \
         AND phone_number = '' AND status IN ('disconnected', 'error') \
         AND NOT EXISTS (SELECT 1 FROM cloud_numbers n WHERE n.session_id = s.id)");
    tx.opt(unused.bind(copy.provider)).await
}

/// The copy may be restored once: a second time it is out of date.
async fn take_over(tx: &mut Tx, copy: &SessionCopy, id: SessionId) -> Result<(), StoreError> {
    let update = sql("UPDATE session_owners SET lineage = $1, revision = $2 WHERE session_id = $3")
        .bind(copy.lineage.as_str())
        .bind(copy.revision.saturating_add(1))
        .bind(id);
    tx.run(update).await?;
    Ok(())
}

async fn write_session(
    tx: &mut Tx,
    copy: &SessionCopy,
    id: SessionId,
    now: Timestamp,
) -> Result<WhatsAppSession, StoreError> {
    let update = sql("UPDATE sessions SET device_name = $1, phone_number = $2, \
         auto_reconnect = $3, proxy_enabled = $4, proxy_url = $5, status = $6, is_active = TRUE, \
         error_count = 0, last_error = '', reconnect_attempts = 0, connected_at = NULL, \
         disconnected_at = $7, updated_at = $7 WHERE id = $8 RETURNING *")
    .bind(copy.device_name.as_str())
    .bind(copy.phone_number.as_str())
    .bind(copy.auto_reconnect)
    .bind(copy.proxy_enabled)
    .bind(copy.proxy_url.as_str())
    .bind(SessionStatus::Disconnected)
    .bind(now)
    .bind(id);
    let session: WhatsAppSession = tx.one(update).await?;
    session_states::note(tx, &session).await?;
    Ok(session)
}
