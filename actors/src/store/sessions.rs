//! The company's WhatsApp numbers.

use super::{
    Store, StoreError, audit,
    db::Tx,
    page::{Order, Page, Slice, push_order},
    session_states,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, DepartmentId, ProviderKind, SessionChanges, SessionId, SessionStatus, Timestamp,
    WhatsAppSession,
    audit::{AuditAction, AuditSubject, Differences, FieldChange, NewAuditEntry},
    webhook::EventKind,
};

/// Which numbers are wanted.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    pub status: Option<SessionStatus>,
    pub is_active: Option<bool>,
    pub search: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionSort {
    CreatedAt,
    UpdatedAt,
    ConnectedAt,
}

impl SessionFilter {
    fn push(&self, sql: Sql) -> Sql {
        sql.push_bind_if(" AND status = ", self.status)
            .push_bind_if(" AND is_active = ", self.is_active)
            .push_search(&self.search, &["phone_number", "device_name"])
    }
}

impl Store {
    pub async fn list_sessions(
        &self,
        filter: &SessionFilter,
        orders: &[Order<SessionSort>],
        page: Page,
    ) -> Result<Slice<WhatsAppSession>, StoreError> {
        let count = filter.push(sql("SELECT COUNT(*) FROM sessions WHERE TRUE"));
        let (total,): (i64,) = self.reader.one(count).await?;
        let select = filter.push(sql("SELECT * FROM sessions WHERE TRUE"));
        let column = |by| match by {
            SessionSort::CreatedAt => "created_at",
            SessionSort::UpdatedAt => "updated_at",
            SessionSort::ConnectedAt => "connected_at",
        };
        let select = push_order(select, orders, column, "id")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    /// Every number that is in use.
    pub async fn list_active_sessions(&self) -> Result<Vec<WhatsAppSession>, StoreError> {
        self.reader.all(sql("SELECT * FROM sessions WHERE is_active ORDER BY id")).await
    }

    pub async fn find_session(&self, id: SessionId) -> Result<Option<WhatsAppSession>, StoreError> {
        self.reader.opt(sql("SELECT * FROM sessions WHERE id = $1").bind(id)).await
    }

    /// The number that everything goes to which names none.
    pub async fn find_default_session(&self) -> Result<Option<WhatsAppSession>, StoreError> {
        let select =
            sql("SELECT * FROM sessions WHERE is_active ORDER BY is_default DESC, id LIMIT 1");
        self.reader.opt(select).await
    }

    pub async fn insert_session(
        &self,
        provider: ProviderKind,
        device_name: String,
        department_id: Option<DepartmentId>,
        created_by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<WhatsAppSession, StoreError> {
        let changing = self.numbers.changing();
        self.unit(unit!(tx => {
            tx.changing.push(changing);
            let session =
                insert(tx, provider, device_name, department_id, created_by, now).await?;
            let entry = entry(&session, AuditAction::Created, created_by, Vec::new());
            audit::insert(tx, entry, now).await?;
            Ok(session)
        }))
        .await
    }

    /// Takes a number out of use, and notes who did; nothing when it was before.
    pub(crate) async fn deactivate_session(
        &self,
        id: SessionId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changing = self.numbers.changing();
        self.unit(unit!(tx => {
            tx.changing.push(changing);
            let update = sql("UPDATE sessions SET is_active = FALSE, updated_at = $1 \
                 WHERE id = $2 AND is_active RETURNING *");
            let removed: Option<WhatsAppSession> = tx.opt(update.bind(now).bind(id)).await?;
            let Some(session) = removed else { return Ok(()) };
            let entry = entry(&session, AuditAction::Deleted, Some(by), Vec::new());
            audit::insert(tx, entry, now).await
        }))
        .await
    }

    /// What people may change; `None` when there is no such number.
    pub async fn update_session(
        &self,
        id: SessionId,
        changes: SessionChanges,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<Option<WhatsAppSession>, StoreError> {
        self.unit(unit!(tx => {
            let select = sql("SELECT * FROM sessions WHERE id = $1").bind(id);
            let Some(before) = tx.opt::<WhatsAppSession>(select).await? else { return Ok(None) };
            let update = sql("UPDATE sessions SET updated_at = $1")
                .bind(now)
                .push_bind_if(", device_name = ", changes.device_name)
                .push_bind_if(", department_id = ", changes.department_id)
                .push_bind_if(", auto_reconnect = ", changes.auto_reconnect)
                .push_bind_if(", proxy_enabled = ", changes.proxy_enabled)
                .push_bind_if(", proxy_url = ", changes.proxy_url)
                .push_bind_if(", pace_ms = ", changes.pace_ms)
                .push_bind_if(", cold_contacts_per_day = ", changes.cold_contacts_per_day)
                .push_bind_if(", keeps_groups = ", changes.keeps_groups)
                .push_bind(" WHERE id = ", id)
                .push(" RETURNING *");
            let session: WhatsAppSession = tx.one(update).await?;
            let changes = differences(&before, &session);
            let entry = entry(&session, AuditAction::Updated, by, changes);
            audit::insert_change(tx, entry, now).await?;
            Ok(Some(session))
        }))
        .await
    }

    /// Writes the connection's state, and its history; the counters of messages are the writer's own.
    pub async fn save_session_state(
        &self,
        session: WhatsAppSession,
    ) -> Result<WhatsAppSession, StoreError> {
        let changing = self.numbers.changing();
        self.unit(unit!(tx => {
            tx.changing.push(changing);
            let is_wanted = tx.outbox.wants(EventKind::SessionStatus);
            let before = if is_wanted { status_of(tx, session.id).await? } else { None };
            let update = sql("UPDATE sessions SET status = $1, phone_number = $2, is_active = $3, \
                 error_count = $4, last_error = $5, reconnect_attempts = $6, last_reconnect_at = $7, \
                 connected_at = $8, disconnected_at = $9, updated_at = $10, cold_blocked_until = $12 \
                 WHERE id = $11 RETURNING *")
                .bind(session.status)
                .bind(session.phone_number)
                .bind(session.is_active)
                .bind(session.error_count)
                .bind(session.last_error)
                .bind(session.reconnect_attempts)
                .bind(session.last_reconnect_at)
                .bind(session.connected_at)
                .bind(session.disconnected_at)
                .bind(session.updated_at)
                .bind(session.id)
                .bind(session.cold_blocked_until);
            let session: WhatsAppSession = tx.one(update).await?;
            if before != Some(session.status) {
                tx.outbox.session_changed(&session);
            }
            session_states::note(tx, &session).await?;
            Ok(session)
        }))
        .await
    }
}

/// A new number, not connected; the first one is the default one.
pub(super) async fn insert(
    tx: &mut Tx,
    provider: ProviderKind,
    device_name: String,
    department_id: Option<DepartmentId>,
    created_by: Option<AgentId>,
    now: Timestamp,
) -> Result<WhatsAppSession, StoreError> {
    let insert = sql("INSERT INTO sessions (provider, department_id, created_by, device_name, \
         phone_number, status, is_default, is_active, auto_reconnect, proxy_enabled, \
         proxy_url, created_at, updated_at) \
         SELECT $1, $2, $3, $4, '', 'disconnected', NOT EXISTS \
         (SELECT 1 FROM sessions WHERE is_default), TRUE, TRUE, FALSE, '', $5, $5 \
         RETURNING *")
    .bind(provider)
    .bind(department_id)
    .bind(created_by)
    .bind(device_name)
    .bind(now);
    tx.one(insert).await
}

pub(super) fn differences(before: &WhatsAppSession, after: &WhatsAppSession) -> Vec<FieldChange> {
    Differences::default()
        .field("device_name", Some(&before.device_name), Some(&after.device_name))
        .field("phone_number", Some(&before.phone_number), Some(&after.phone_number))
        .field("department_id", before.department_id, after.department_id)
        .field("auto_reconnect", Some(before.auto_reconnect), Some(after.auto_reconnect))
        .field("proxy_enabled", Some(before.proxy_enabled), Some(after.proxy_enabled))
        .secret("proxy_url", &before.proxy_url, &after.proxy_url)
        .field("pace_ms", before.pace_ms, after.pace_ms)
        .field("cold_contacts_per_day", before.cold_contacts_per_day, after.cold_contacts_per_day)
        .field("keeps_groups", Some(before.keeps_groups), Some(after.keeps_groups))
        .into_changes()
}

pub(super) fn entry(
    session: &WhatsAppSession,
    action: AuditAction,
    by: Option<AgentId>,
    changes: Vec<FieldChange>,
) -> NewAuditEntry {
    NewAuditEntry {
        agent_id: by,
        action,
        subject: AuditSubject::Session,
        subject_id: Some(session.id.0),
        subject_name: session.device_name.clone(),
        note: String::new(),
        changes,
    }
}

async fn status_of(tx: &mut Tx, id: SessionId) -> Result<Option<SessionStatus>, StoreError> {
    let found: Option<(SessionStatus,)> =
        tx.opt(sql("SELECT status FROM sessions WHERE id = $1").bind(id)).await?;
    Ok(found.map(|(status,)| status))
}
