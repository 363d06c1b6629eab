//! What numbers need to reach Meta's Cloud API.

use super::{Store, StoreError, audit, db::Tx, sql::sql, unit};
use crate::domain::{
    AgentId, SessionId, Timestamp,
    audit::{AuditAction, AuditSubject, Differences, NewAuditEntry},
    cloud::{CloudNumber, CloudNumberChanges},
};

impl Store {
    pub async fn find_cloud_number(
        &self,
        session_id: SessionId,
    ) -> Result<Option<CloudNumber>, StoreError> {
        let select = sql("SELECT * FROM cloud_numbers WHERE session_id = $1");
        self.reader.opt(select.bind(session_id)).await
    }

    pub async fn find_cloud_numbers(
        &self,
        ids: &[SessionId],
    ) -> Result<Vec<CloudNumber>, StoreError> {
        let select = sql("SELECT * FROM cloud_numbers WHERE session_id IN");
        self.reader.all(select.push_in("", ids.iter().copied())).await
    }

    /// Of the numbers that are in use, by id.
    pub async fn list_cloud_numbers(&self) -> Result<Vec<CloudNumber>, StoreError> {
        let select = sql("SELECT n.* FROM cloud_numbers n JOIN sessions s ON s.id = n.session_id \
             WHERE s.is_active ORDER BY n.session_id");
        self.reader.all(select).await
    }

    /// Which numbers are in use, and what they need, is at most as old as this: it grows when they change.
    pub fn numbers_revision(&self) -> u64 {
        self.numbers.current()
    }

    /// Stores what was changed, with its entry in the audit trail. An id of a number that another one
    /// has is a [`StoreError::Unique`].
    pub async fn save_cloud_number(
        &self,
        session_id: SessionId,
        changes: CloudNumberChanges,
        by: AgentId,
        now: Timestamp,
    ) -> Result<CloudNumber, StoreError> {
        let changing = self.numbers.changing();
        self.unit(unit!(tx => {
            tx.changing.push(changing);
            save(tx, session_id, changes, by, now).await
        }))
        .await
    }
}

/// Stores what was changed, as part of a larger transaction.
pub(super) async fn save(
    tx: &mut Tx,
    session_id: SessionId,
    changes: CloudNumberChanges,
    by: AgentId,
    now: Timestamp,
) -> Result<CloudNumber, StoreError> {
    let before = find_or_new(tx, session_id, now).await?;
    let mut after = before.clone();
    apply(&mut after, changes);
    let upsert = sql("INSERT INTO cloud_numbers (session_id, phone_number_id, \
         business_account_id, access_token, app_secret, previous_app_secret, created_at, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (session_id) DO UPDATE SET \
         phone_number_id = excluded.phone_number_id, \
         business_account_id = excluded.business_account_id, \
         access_token = excluded.access_token, app_secret = excluded.app_secret, \
         previous_app_secret = excluded.previous_app_secret, \
         updated_at = excluded.updated_at RETURNING *")
    .bind(session_id)
    .bind(after.phone_number_id)
    .bind(after.business_account_id)
    .bind(after.access_token)
    .bind(after.app_secret)
    .bind(after.previous_app_secret)
    .bind(before.created_at)
    .bind(now);
    let after: CloudNumber = tx.one(upsert).await?;
    audit::insert_change(tx, entry(&before, &after, by), now).await?;
    Ok(after)
}

async fn find_or_new(
    tx: &mut Tx,
    session_id: SessionId,
    now: Timestamp,
) -> Result<CloudNumber, StoreError> {
    let select = sql("SELECT * FROM cloud_numbers WHERE session_id = $1").bind(session_id);
    let found = tx.opt(select).await?;
    Ok(found.unwrap_or_else(|| CloudNumber {
        session_id,
        phone_number_id: String::new(),
        business_account_id: String::new(),
        access_token: String::new(),
        app_secret: String::new(),
        previous_app_secret: String::new(),
        created_at: now,
        updated_at: now,
    }))
}

fn apply(number: &mut CloudNumber, changes: CloudNumberChanges) {
    let set = |value: &mut String, change: Option<String>| {
        if let Some(new) = change {
            *value = new;
        }
    };
    set(&mut number.phone_number_id, changes.phone_number_id);
    set(&mut number.business_account_id, changes.business_account_id);
    set(&mut number.access_token, changes.access_token);
    set(&mut number.app_secret, changes.app_secret);
    set(&mut number.previous_app_secret, changes.previous_app_secret);
}

fn entry(before: &CloudNumber, after: &CloudNumber, by: AgentId) -> NewAuditEntry {
    let changes = Differences::default()
        .field("phone_number_id", said(&before.phone_number_id), said(&after.phone_number_id))
        .field(
            "business_account_id",
            said(&before.business_account_id),
            said(&after.business_account_id),
        )
        .secret("access_token", &before.access_token, &after.access_token)
        .secret("app_secret", &before.app_secret, &after.app_secret)
        .secret("previous_app_secret", &before.previous_app_secret, &after.previous_app_secret);
    NewAuditEntry {
        agent_id: Some(by),
        action: AuditAction::Updated,
        subject: AuditSubject::Session,
        subject_id: Some(after.session_id.0),
        subject_name: "Cloud API".to_owned(),
        note: String::new(),
        changes: changes.into_changes(),
    }
}

fn said(value: &str) -> Option<&str> {
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        both_databases,
        clock::Clock,
        domain::{ProviderKind, SessionStatus, WhatsAppSession},
        store::tests::{Fixture, seeded},
        testing::TestDatabase,
    };

    both_databases!(whoever_remembers_numbers_learns_of_every_change);

    async fn whoever_remembers_numbers_learns_of_every_change(database: TestDatabase) {
        let Fixture { store, clock } = seeded(&database).await;
        let (now, by) = (clock.now(), AgentId(1));
        let mut seen = store.numbers_revision();
        let mut has_grown = || {
            let before = std::mem::replace(&mut seen, store.numbers_revision());
            seen > before
        };
        store.ping().await.unwrap();
        assert!(!has_grown());
        let kind = ProviderKind::Cloud;
        let second = store.insert_session(kind, "2".to_owned(), None, Some(by), now).await.unwrap();
        assert!(has_grown(), "there is one more");
        let named = CloudNumberChanges {
            phone_number_id: Some("1".to_owned()),
            ..CloudNumberChanges::default()
        };
        store.save_cloud_number(second.id, named.clone(), by, now).await.unwrap();
        assert!(has_grown(), "it is called so");
        assert_eq!(store.list_cloud_numbers().await.unwrap().len(), 1);
        let error = store.save_cloud_number(SessionId(1), named, by, now).await.unwrap_err();
        assert!(matches!(error, StoreError::Unique { .. }), "{error}");
        let _ = has_grown();
        let (status, is_active) = (SessionStatus::Disconnected, false);
        let gone = WhatsAppSession { status, is_active, ..second };
        store.save_session_state(gone).await.unwrap();
        assert!(has_grown(), "it is out of use");
        assert!(store.list_cloud_numbers().await.unwrap().is_empty());
    }
}
