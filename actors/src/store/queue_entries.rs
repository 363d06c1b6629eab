//! Places in the departments' queues.

use std::collections::HashMap;

use super::{
    Store, StoreError,
    db::Tx,
    decisions,
    fold::{run_chunked, statement_chunks},
    page::{Order, Page, Slice, push_order},
    sql::{Sql, sql},
    tickets::Assignment,
    unit,
};
use crate::domain::{
    DepartmentId, List, NewDecision, Priority, QueueEntry, QueueEntryId, Skill, TicketId,
    Timestamp, queue::Promise, waiting_time::Served,
};

/// An entry with the name that lists show.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct QueueRow {
    #[sqlx(flatten)]
    pub entry: QueueEntry,
    pub customer_name: String,
}

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    pub department_id: Option<DepartmentId>,
    pub priority: Option<Priority>,
    /// Only those that still wait, or only those that do not.
    pub is_waiting: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueSort {
    EnteredAt,
    /// By meaning: urgente, alta, normal, baixa when descending.
    Priority,
}

/// Entries with what they need of their ticket; the beginning of each select.
macro_rules! entries {
    ($more:literal, $joins:literal) => {
        concat!(
            "SELECT q.*, t.session_id, \
             CASE WHEN s.provider = 'cloud' THEN t.last_message_at END AS window_from",
            $more,
            " FROM queue_entries q JOIN tickets t ON t.id = q.ticket_id \
             JOIN sessions s ON s.id = t.session_id",
            $joins,
            " WHERE TRUE"
        )
    };
}

const ENTRIES: &str = entries!("", "");
const ROWS: &str =
    entries!(", c.name AS customer_name", " JOIN customers c ON c.id = q.customer_id");

/// Ranks priorities by meaning; the alphabet would put `high` before `low`.
pub(super) const QUEUE_PRIORITY_RANK: &str = "CASE q.priority WHEN 'urgent' THEN 3 \
    WHEN 'high' THEN 2 WHEN 'normal' THEN 1 ELSE 0 END";

impl QueueFilter {
    fn push(&self, sql: Sql) -> Sql {
        let sql = sql
            .push_bind_if(" AND q.department_id = ", self.department_id)
            .push_bind_if(" AND q.priority = ", self.priority);
        match self.is_waiting {
            Some(true) => sql.push(" AND q.assigned_at IS NULL AND q.removed_at IS NULL"),
            Some(false) => sql.push(" AND (q.assigned_at IS NOT NULL OR q.removed_at IS NOT NULL)"),
            None => sql,
        }
    }
}

impl Store {
    pub async fn list_queue(
        &self,
        filter: &QueueFilter,
        orders: &[Order<QueueSort>],
        page: Page,
    ) -> Result<Slice<QueueRow>, StoreError> {
        let count = filter.push(sql("SELECT COUNT(*) FROM queue_entries q WHERE TRUE"));
        let (total,): (i64,) = self.reader.one(count).await?;
        let column = |by| match by {
            QueueSort::EnteredAt => "q.entered_at",
            QueueSort::Priority => QUEUE_PRIORITY_RANK,
        };
        let select = push_order(filter.push(sql(ROWS)), orders, column, "q.id")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    pub async fn find_queue_entry(&self, id: QueueEntryId) -> Result<Option<QueueRow>, StoreError> {
        self.reader.opt(sql(ROWS).push_bind(" AND q.id = ", id)).await
    }

    pub async fn find_queue_entry_of(
        &self,
        ticket_id: TicketId,
    ) -> Result<Option<QueueEntry>, StoreError> {
        self.reader.opt(sql(ENTRIES).push_bind(" AND q.ticket_id = ", ticket_id)).await
    }

    /// Everybody who waits in a department: what its queue actor starts from.
    pub async fn list_waiting(&self, id: DepartmentId) -> Result<Vec<QueueEntry>, StoreError> {
        let select = sql(ENTRIES).push_bind(" AND q.department_id = ", id).push(
            " AND q.assigned_at IS NULL AND q.removed_at IS NULL ORDER BY q.entered_at, q.id",
        );
        self.reader.all(select).await
    }

    /// Who was given to somebody in a department since then, the newest first.
    pub async fn list_served(
        &self,
        id: DepartmentId,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<Served>, StoreError> {
        let select = sql("SELECT entered_at, assigned_at FROM queue_entries \
             WHERE department_id = $1 AND assigned_at IS NOT NULL AND assigned_at >= $2 \
             ORDER BY assigned_at DESC LIMIT $3");
        self.reader.all(select.bind(id).bind(since).bind(limit)).await
    }

    /// Departments in which somebody waits, active or not.
    pub async fn list_departments_with_waiting(&self) -> Result<Vec<DepartmentId>, StoreError> {
        let select = sql("SELECT DISTINCT department_id FROM queue_entries \
             WHERE assigned_at IS NULL AND removed_at IS NULL");
        let rows: Vec<(DepartmentId,)> = self.reader.all(select).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Brings what customers were promised in line with new hours or a new target. The promise of the first
    /// answer is settled once there is one.
    pub async fn keep_promises(
        &self,
        promises: Vec<(TicketId, Promise)>,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            for (id, promise) in &promises {
                store_promise(tx, *id, *promise).await?;
            }
            Ok(())
        }))
        .await
    }

    /// Sets what a waiting chat asks of an agent, and whether it goes first. `false` when it waits no
    /// longer.
    pub async fn edit_queue_entry(
        &self,
        ticket_id: TicketId,
        changes: EntryEdit,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE queue_entries SET ticket_id = ticket_id")
                .push_bind_if(", skills = ", changes.skills.map(|skills| skills.to_string()))
                .push_bind_if(", pinned_at = ", changes.pinned_at)
                .push_bind(" WHERE ticket_id = ", ticket_id)
                .push(" AND assigned_at IS NULL AND removed_at IS NULL");
            if tx.run(update).await? == 0 {
                return Ok(false);
            }
            if let Some((decision, at)) = changes.decision {
                let (department_id,): (DepartmentId,) = tx
                    .one(sql("SELECT department_id FROM tickets WHERE id = $1").bind(ticket_id))
                    .await?;
                decisions::insert(tx, ticket_id, department_id, decision, at).await?;
            }
            Ok(true)
        }))
        .await
    }
}

/// What a person changes on a waiting chat; `None` leaves the value as it is.
#[derive(Debug, Clone, Default)]
pub struct EntryEdit {
    pub skills: Option<List<Skill>>,
    /// `Some(None)` takes it away.
    pub pinned_at: Option<Option<Timestamp>>,
    /// Recorded with it.
    pub decision: Option<(NewDecision, Timestamp)>,
}

pub(super) async fn store_promise(
    tx: &mut Tx,
    id: TicketId,
    promise: Promise,
) -> Result<(), StoreError> {
    let Promise { closing_at, due_at } = promise;
    let update = sql("UPDATE queue_entries SET closing_at = $1, due_at = $2 WHERE ticket_id = $3");
    tx.run(update.bind(closing_at).bind(due_at).bind(id)).await?;
    let update = sql("UPDATE tickets SET answer_due_at = $1 \
         WHERE id = $2 AND first_response_at IS NULL AND closed_at IS NULL");
    tx.run(update.bind(due_at).bind(id)).await.map(drop)
}

/// What assignments or offers leave in the queue.
pub(super) async fn assign(
    tx: &mut Tx,
    assignments: &[Assignment],
    at: Timestamp,
) -> Result<(), StoreError> {
    run_chunked(tx, assignments, |chunk| {
        let update = sql("UPDATE queue_entries SET \
             offered_until = COALESCE(v.column2, offered_until), \
             offered_agent_id = CASE WHEN v.column2 IS NULL THEN offered_agent_id \
             ELSE v.column3 END, \
             assigned_at = CASE WHEN v.column2 IS NULL THEN v.column4 ELSE assigned_at END, \
             given_by = CASE WHEN v.column2 IS NULL THEN NULL ELSE given_by END FROM (VALUES ")
        .push_rows(chunk, |row, one| {
            row.push_bind("", one.ticket_id)
                .push_bind(", ", one.offered_until)
                .push_bind(", ", one.agent_id)
                .push_bind(", ", at)
        });
        update.push(") AS v WHERE queue_entries.ticket_id = v.column1")
    })
    .await
}

/// The entries of these tickets, within a transaction.
pub(super) async fn list_of(
    tx: &mut Tx,
    tickets: &[TicketId],
) -> Result<HashMap<TicketId, QueueEntry>, StoreError> {
    let mut entries = HashMap::with_capacity(tickets.len());
    for chunk in statement_chunks(tickets) {
        let select = sql(ENTRIES).push_in(" AND q.ticket_id IN", chunk.iter().copied());
        let rows = tx.all::<QueueEntry>(select).await?;
        entries.extend(rows.into_iter().map(|entry| (entry.ticket_id, entry)));
    }
    Ok(entries)
}
