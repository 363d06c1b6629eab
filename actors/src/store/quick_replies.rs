//! Texts that people send often.

use super::{
    Page, Slice, Store, StoreError, audit,
    db::Tx,
    dialect,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, DepartmentId, QuickReply, QuickReplyChanges, QuickReplyDetails, QuickReplyId,
    Timestamp,
    audit::{AuditAction, AuditSubject, Differences, NewAuditEntry},
};

/// What changes one reply does so one after the other.
fn reply_lock(id: QuickReplyId) -> String {
    format!("quick reply {id}")
}

/// Which replies are wanted.
#[derive(Debug, Clone, Default)]
pub struct QuickReplyFilter {
    /// Those of these departments and the general ones; `None` is all.
    pub departments: Option<Vec<DepartmentId>>,
    pub department_id: Option<DepartmentId>,
    /// The whole of it, with its slash.
    pub shortcut: Option<String>,
    pub search: Vec<String>,
}

impl QuickReplyFilter {
    fn push(&self, mut sql: Sql) -> Sql {
        if let Some(departments) = &self.departments {
            sql = sql
                .push_in(
                    " AND (q.department_id IS NULL OR q.department_id IN",
                    departments.iter().copied(),
                )
                .push(")");
        }
        sql.push_bind_if(" AND q.department_id = ", self.department_id)
            .push_bind_if(" AND q.shortcut = ", self.shortcut.as_deref())
            .push_plain_search(
                &self.search,
                &["q.search_text"],
                &["q.title", "q.shortcut", "q.text"],
            )
    }
}

impl Store {
    /// By shortcut; of two of the same name the department's own comes first.
    pub async fn list_quick_replies(
        &self,
        filter: &QuickReplyFilter,
        page: Page,
    ) -> Result<Slice<QuickReply>, StoreError> {
        let count = filter.push(sql("SELECT COUNT(*) FROM quick_replies q WHERE TRUE"));
        let (total,): (i64,) = self.reader.one(count).await?;
        let select = filter
            .push(sql("SELECT q.* FROM quick_replies q WHERE TRUE"))
            .push(" ORDER BY q.shortcut, CASE WHEN q.department_id IS NULL THEN 1 ELSE 0 END, q.id")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    pub async fn find_quick_reply(
        &self,
        id: QuickReplyId,
    ) -> Result<Option<QuickReply>, StoreError> {
        self.reader.opt(one(id)).await
    }

    /// A shortcut that is taken is a [`StoreError::Unique`].
    pub async fn insert_quick_reply(
        &self,
        new: QuickReplyDetails,
        by: AgentId,
        now: Timestamp,
    ) -> Result<QuickReply, StoreError> {
        self.unit(unit!(tx => {
            let insert = sql("INSERT INTO quick_replies (department_id, title, shortcut, text, \
                 created_by, created_at, updated_at, search_text) \
                 VALUES ($1, $2, $3, $4, $5, $6, $6, $7) RETURNING *")
                .bind(new.department_id)
                .bind(new.title.as_str())
                .bind(new.shortcut.as_str())
                .bind(new.text.as_str())
                .bind(by)
                .bind(now)
                .bind(new.search_text());
            let reply: QuickReply = tx.one(insert).await?;
            let changes = differences(None, Some(&reply));
            audit::insert(tx, entry(&reply, AuditAction::Created, changes, by), now).await?;
            Ok(reply)
        }))
        .await
    }

    /// `None` when there is none of this id.
    pub async fn update_quick_reply(
        &self,
        id: QuickReplyId,
        changes: QuickReplyChanges,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<QuickReply>, StoreError> {
        self.unit(unit!(tx => {
            dialect::lock_text(tx, &reply_lock(id)).await?;
            let Some(before) = find(tx, id).await? else { return Ok(None) };
            let new = changes.applied_to(&before);
            let update = sql("UPDATE quick_replies SET department_id = $1, title = $2, \
                 shortcut = $3, text = $4, updated_at = $5, search_text = $6 WHERE id = $7 \
                 RETURNING *")
                .bind(new.department_id)
                .bind(new.title.as_str())
                .bind(new.shortcut.as_str())
                .bind(new.text.as_str())
                .bind(now)
                .bind(new.search_text())
                .bind(id);
            let reply: QuickReply = tx.one(update).await?;
            let changes = differences(Some(&before), Some(&reply));
            audit::insert_change(tx, entry(&reply, AuditAction::Updated, changes, by), now).await?;
            Ok(Some(reply))
        }))
        .await
    }

    /// `false` when there is none of this id.
    pub async fn delete_quick_reply(
        &self,
        id: QuickReplyId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            dialect::lock_text(tx, &reply_lock(id)).await?;
            let Some(before) = find(tx, id).await? else { return Ok(false) };
            tx.run(sql("DELETE FROM quick_replies WHERE id = $1").bind(id)).await?;
            let changes = differences(Some(&before), None);
            audit::insert(tx, entry(&before, AuditAction::Deleted, changes, by), now).await?;
            Ok(true)
        }))
        .await
    }
}

fn one(id: QuickReplyId) -> Sql {
    sql("SELECT * FROM quick_replies WHERE id = $1").bind(id)
}

async fn find(tx: &mut Tx, id: QuickReplyId) -> Result<Option<QuickReply>, StoreError> {
    tx.opt(one(id)).await
}

fn differences(old: Option<&QuickReply>, new: Option<&QuickReply>) -> Differences {
    Differences::default()
        .field(
            "department_id",
            old.and_then(|r| r.department_id),
            new.and_then(|r| r.department_id),
        )
        .field("title", old.map(|r| &r.title), new.map(|r| &r.title))
        .field("shortcut", old.map(|r| &r.shortcut), new.map(|r| &r.shortcut))
        .field("text", old.map(|r| &r.text), new.map(|r| &r.text))
}

fn entry(
    reply: &QuickReply,
    action: AuditAction,
    changes: Differences,
    by: AgentId,
) -> NewAuditEntry {
    NewAuditEntry {
        agent_id: Some(by),
        action,
        subject: AuditSubject::QuickReply,
        subject_id: Some(reply.id.0),
        subject_name: reply.shortcut.clone(),
        note: String::new(),
        changes: changes.into_changes(),
    }
}
