//! Addresses of other systems that are told of events.

use std::collections::BTreeMap;

use super::{
    Store, StoreError, audit,
    db::Tx,
    dialect::{lock_row, lock_text},
    sql::{Sql, sql},
    unit,
    webhook_deliveries::SWEEP_ROWS,
};
use crate::domain::{
    AgentId, Timestamp, WebhookId,
    audit::{AuditAction, AuditSubject, Differences, NewAuditEntry},
    webhook::{
        DeliveryCounts, DeliveryStatus, ENDPOINTS_MAX, EndpointChanges, NewEndpoint,
        WebhookEndpoint,
    },
};

/// The section of the settings under which changes stand in the trail.
const SECTION: &str = "webhooks";

impl Store {
    /// All of them, the oldest first; there are few.
    pub async fn list_webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StoreError> {
        self.reader.all(sql("SELECT * FROM webhook_endpoints ORDER BY id")).await
    }

    pub async fn find_webhook_endpoint(
        &self,
        id: WebhookId,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        self.reader.opt(one(id)).await
    }

    /// `None` when there are as many as there may be.
    pub async fn insert_webhook_endpoint(
        &self,
        new: NewEndpoint,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        let inserted = self.unit(unit!(tx => insert(tx, new, by, now).await)).await?;
        self.follow_wishes().await?;
        Ok(inserted)
    }

    /// `None` when there is none of this id. One that is switched on begins anew: what it did before is
    /// not held against it.
    pub async fn update_webhook_endpoint(
        &self,
        id: WebhookId,
        changes: EndpointChanges,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        let updated = self.unit(unit!(tx => update(tx, id, changes, by, now).await)).await?;
        self.follow_wishes().await?;
        self.ring();
        Ok(updated)
    }

    /// With all its deliveries, which are removed in small steps; `false` when there is none of this id.
    pub async fn delete_webhook_endpoint(
        &self,
        id: WebhookId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = self.unit(unit!(tx => {
            lock_row(tx, "webhook_endpoints", id).await?;
            let found = find(tx, id).await?;
            // Nothing new is made for it meanwhile.
            let update = sql("UPDATE webhook_endpoints SET is_active = $1 WHERE id = $2");
            tx.run(update.bind(false).bind(id)).await?;
            Ok(found)
        }));
        let Some(before) = found.await? else { return Ok(false) };
        self.follow_wishes().await?;
        while self.unit(unit!(tx => delete_some(tx, id).await)).await? > 0 {}
        self.unit(unit!(tx => {
            let delete = sql("DELETE FROM webhook_endpoints WHERE id = $1").bind(id);
            if tx.run(delete).await? == 0 {
                return Ok(false);
            }
            let changes = differences(Some(&before), None);
            audit::insert(tx, entry(&before, AuditAction::Deleted, changes, by), now).await?;
            Ok(true)
        }))
        .await
    }

    /// A new secret; the present one signs beside it until then. `None` when there is none of this id.
    pub async fn rotate_webhook_secret(
        &self,
        id: WebhookId,
        sealed: String,
        previous_until: Timestamp,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        self.unit(unit!(tx => {
            lock_row(tx, "webhook_endpoints", id).await?;
            let Some(before) = find(tx, id).await? else { return Ok(None) };
            let update = sql("UPDATE webhook_endpoints SET secret = $1, previous_secret = $2, \
                 previous_secret_until = $3, updated_at = $4 WHERE id = $5 RETURNING *")
                .bind(sealed)
                .bind(before.secret.as_str())
                .bind(previous_until)
                .bind(now)
                .bind(id);
            let after: WebhookEndpoint = tx.one(update).await?;
            let changes = differences(Some(&before), Some(&after));
            audit::insert(tx, entry(&after, AuditAction::Updated, changes, by), now).await?;
            Ok(Some(after))
        }))
        .await
    }

    /// How many deliveries of each endpoint stand where.
    pub async fn count_deliveries(&self) -> Result<Vec<(WebhookId, DeliveryCounts)>, StoreError> {
        let select = sql("SELECT endpoint_id, status, COUNT(*) FROM webhook_deliveries \
             GROUP BY endpoint_id, status");
        let rows: Vec<(WebhookId, DeliveryStatus, i64)> = self.reader.all(select).await?;
        let failing = sql("SELECT endpoint_id, COUNT(*) FROM webhook_deliveries \
             WHERE status = 'pending' AND attempts > 0 GROUP BY endpoint_id");
        let failing: Vec<(WebhookId, i64)> = self.reader.all(failing).await?;
        let mut counts: BTreeMap<WebhookId, DeliveryCounts> = BTreeMap::new();
        for (id, status, count) in rows {
            let counts = counts.entry(id).or_default();
            match status {
                DeliveryStatus::Pending => counts.pending = count,
                DeliveryStatus::Delivered => counts.delivered = count,
                DeliveryStatus::Dead => counts.dead = count,
            }
        }
        for (id, count) in failing {
            counts.entry(id).or_default().failing = count;
        }
        Ok(counts.into_iter().collect())
    }
}

async fn insert(
    tx: &mut Tx,
    new: NewEndpoint,
    by: AgentId,
    now: Timestamp,
) -> Result<Option<WebhookEndpoint>, StoreError> {
    lock_text(tx, "webhook_endpoints").await?;
    let (count,): (i64,) = tx.one(sql("SELECT COUNT(*) FROM webhook_endpoints")).await?;
    if count >= ENDPOINTS_MAX {
        return Ok(None);
    }
    let insert = sql("INSERT INTO webhook_endpoints (name, url, events, is_active, secret, \
         previous_secret, failures, pauses, last_error, created_by, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, '', 0, 0, '', $6, $7, $7) RETURNING *")
    .bind(new.name)
    .bind(new.url)
    .bind(new.events.to_string())
    .bind(new.is_active)
    .bind(new.secret)
    .bind(by)
    .bind(now);
    let endpoint: WebhookEndpoint = tx.one(insert).await?;
    let changes = differences(None, Some(&endpoint));
    audit::insert(tx, entry(&endpoint, AuditAction::Created, changes, by), now).await?;
    Ok(Some(endpoint))
}

async fn delete_some(tx: &mut Tx, id: WebhookId) -> Result<u64, StoreError> {
    let delete = sql("DELETE FROM webhook_deliveries WHERE id IN \
         (SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 ORDER BY status, id LIMIT $2)");
    tx.run(delete.bind(id).bind(SWEEP_ROWS)).await
}

async fn update(
    tx: &mut Tx,
    id: WebhookId,
    changes: EndpointChanges,
    by: AgentId,
    now: Timestamp,
) -> Result<Option<WebhookEndpoint>, StoreError> {
    lock_row(tx, "webhook_endpoints", id).await?;
    let Some(before) = find(tx, id).await? else { return Ok(None) };
    let EndpointChanges { name, url, events, is_active } = changes;
    let mut update = sql("UPDATE webhook_endpoints SET updated_at = $1")
        .bind(now)
        .push_bind_if(", name = ", name)
        .push_bind_if(", url = ", url)
        .push_bind_if(", events = ", events.map(|events| events.to_string()))
        .push_bind_if(", is_active = ", is_active);
    if is_active == Some(true) {
        update = update.push(", failures = 0, pauses = 0, paused_until = NULL");
    }
    let update = update.push_bind(" WHERE id = ", id).push(" RETURNING *");
    let after: WebhookEndpoint = tx.one(update).await?;
    if is_active == Some(true) {
        super::webhook_deliveries::hurry(tx, id, now).await?;
    }
    let changes = differences(Some(&before), Some(&after));
    audit::insert_change(tx, entry(&after, AuditAction::Updated, changes, by), now).await?;
    Ok(Some(after))
}

fn one(id: WebhookId) -> Sql {
    sql("SELECT * FROM webhook_endpoints WHERE id = $1").bind(id)
}

pub(super) async fn find(
    tx: &mut Tx,
    id: WebhookId,
) -> Result<Option<WebhookEndpoint>, StoreError> {
    tx.opt(one(id)).await
}

fn differences(old: Option<&WebhookEndpoint>, new: Option<&WebhookEndpoint>) -> Differences {
    let secret = |one: Option<&WebhookEndpoint>| one.map(|e| e.secret.clone()).unwrap_or_default();
    Differences::default()
        .field("name", old.map(|e| &e.name), new.map(|e| &e.name))
        .field("url", old.map(|e| &e.url), new.map(|e| &e.url))
        .field("events", old.map(|e| &e.events), new.map(|e| &e.events))
        .field("is_active", old.map(|e| e.is_active), new.map(|e| e.is_active))
        .secret("secret", &secret(old), &secret(new))
}

fn entry(
    endpoint: &WebhookEndpoint,
    action: AuditAction,
    changes: Differences,
    by: AgentId,
) -> NewAuditEntry {
    NewAuditEntry {
        agent_id: Some(by),
        action,
        subject: AuditSubject::Settings,
        subject_id: None,
        subject_name: format!("{SECTION}/{}", endpoint.id),
        note: String::new(),
        changes: changes.into_changes(),
    }
}
