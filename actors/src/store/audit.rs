//! The audit trail. Entries are written in the transaction of the change that they tell of.

use std::collections::HashMap;

use super::{
    Page, Slice, Store, StoreError,
    db::Tx,
    fold::{run_chunked, statement_chunks},
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, Timestamp,
    audit::{AuditAction, AuditEntry, AuditSubject, FieldChange, NewAuditEntry},
};

/// Which entries are wanted; `None` leaves a column free.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub agent_id: Option<AgentId>,
    pub action: Option<AuditAction>,
    pub subject: Option<AuditSubject>,
    pub subject_id: Option<i64>,
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
    pub terms: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    entry_id: i64,
    #[sqlx(flatten)]
    change: FieldChange,
}

impl Store {
    /// Notes something that changed no row of the hub, such as an export.
    pub async fn insert_audit_entry(
        &self,
        entry: NewAuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => insert(tx, entry, now).await)).await
    }

    /// A page of the trail, latest first, with the changed fields: three statements.
    pub async fn list_audit_entries(
        &self,
        filter: AuditFilter,
        page: Page,
    ) -> Result<Slice<AuditEntry>, StoreError> {
        let count = sql("SELECT COUNT(*) FROM audit_entries AS e WHERE TRUE");
        let (total,): (i64,) = self.reader.one(push_filter(count, &filter)).await?;
        let select = sql("SELECT e.*, \
             COALESCE(NULLIF(a.display_name, ''), a.username) AS agent_name \
             FROM audit_entries AS e LEFT JOIN agents AS a ON a.id = e.agent_id WHERE TRUE");
        let select = push_filter(select, &filter)
            .push(" ORDER BY e.id DESC")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        let mut rows: Vec<AuditEntry> = self.reader.all(select).await?;
        let changes = sql("SELECT * FROM audit_changes WHERE entry_id IN")
            .push_in("", rows.iter().map(|entry| entry.id))
            .push(" ORDER BY entry_id, field");
        let changes: Vec<ChangeRow> = self.reader.all(changes).await?;
        let mut by_entry: HashMap<i64, Vec<FieldChange>> = HashMap::new();
        for ChangeRow { entry_id, change } in changes {
            by_entry.entry(entry_id).or_default().push(change);
        }
        for entry in &mut rows {
            entry.changes = by_entry.remove(&entry.id).unwrap_or_default();
        }
        Ok(Slice { total, rows })
    }
}

/// Notes `entry` as part of a larger transaction.
pub(super) async fn insert(
    tx: &mut Tx,
    entry: NewAuditEntry,
    now: Timestamp,
) -> Result<(), StoreError> {
    insert_all(tx, vec![entry], now).await
}

/// Several at once.
pub(super) async fn insert_all(
    tx: &mut Tx,
    entries: Vec<NewAuditEntry>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut changes = Vec::new();
    for chunk in statement_chunks(&entries) {
        let insert = sql("INSERT INTO audit_entries (at, agent_id, action, subject, \
             subject_id, subject_name, note) VALUES ")
        .push_rows(chunk, |row, entry| {
            row.push_bind("", now)
                .push_bind(", ", entry.agent_id)
                .push_bind(", ", entry.action)
                .push_bind(", ", entry.subject)
                .push_bind(", ", entry.subject_id)
                .push_bind(", ", entry.subject_name.as_str())
                .push_bind(", ", entry.note.as_str())
        });
        for (id, entry) in tx.insert_rows(insert, chunk.len()).await?.into_iter().zip(chunk) {
            changes.extend(entry.changes.iter().map(|change| (id, change)));
        }
    }
    run_chunked(tx, &changes, |chunk| {
        sql("INSERT INTO audit_changes (entry_id, field, old_value, new_value) VALUES ").push_rows(
            chunk,
            |row, (id, change)| {
                row.push_bind("", *id)
                    .push_bind(", ", change.field.as_str())
                    .push_bind(", ", change.old_value.as_deref())
                    .push_bind(", ", change.new_value.as_deref())
            },
        )
    })
    .await
}

/// Notes a change, unless nothing has changed.
pub(super) async fn insert_change(
    tx: &mut Tx,
    entry: NewAuditEntry,
    now: Timestamp,
) -> Result<(), StoreError> {
    if entry.changes.is_empty() { Ok(()) } else { insert(tx, entry, now).await }
}

/// Several values in one field of the trail.
pub(super) fn list_of(values: impl IntoIterator<Item = impl ToString>) -> String {
    let texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    texts.join(", ")
}

/// Who did it, by both of his names.
const AUTHOR: &str =
    "(SELECT a.display_name || ' ' || a.username FROM agents a WHERE a.id = e.agent_id)";

fn push_filter(sql: Sql, filter: &AuditFilter) -> Sql {
    sql.push_bind_if(" AND e.agent_id = ", filter.agent_id)
        .push_bind_if(" AND e.action = ", filter.action)
        .push_bind_if(" AND e.subject = ", filter.subject)
        .push_bind_if(" AND e.subject_id = ", filter.subject_id)
        .push_bind_if(" AND e.at >= ", filter.after)
        .push_bind_if(" AND e.at <= ", filter.before)
        .push_search(&filter.terms, &["e.subject_name", "e.note", AUTHOR])
}
