//! Tickets: who gets them, every change of state or owner, and what is asked about them.

use std::collections::{HashMap, HashSet};

use super::{
    Store, StoreError,
    db::{Db, Tx},
    decisions,
    fold::all_chunked,
    page::{Order, Page, Slice, push_order},
    queue_entries, segments,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, CustomerId, DecisionKind, DepartmentId, NewDecision, Priority, Reasons, Ticket,
    TicketId, TicketStatus, TicketView, Timestamp, ids::ChatKey, plain::plain,
};

/// Rows whose plain texts are written in one transaction.
const FILL_ROWS: i64 = 500;
/// Tickets that are gathered and sorted for a page: 5 ms. Of more, the page is found sooner in their order.
const SORTED_MAX: i64 = 5_000;

/// A waiting ticket and the agent who is to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub ticket_id: TicketId,
    /// Whose queue assigns it; a ticket that has moved on is left alone.
    pub department_id: DepartmentId,
    pub agent_id: AgentId,
    /// He is only asked, until then.
    pub offered_until: Option<Timestamp>,
    pub reasons: Reasons,
}

impl Assignment {
    fn into_decision(self) -> NewDecision {
        let kind = match self.offered_until {
            Some(_) => DecisionKind::Offered,
            None => DecisionKind::Assigned,
        };
        let (agent_id, reasons) = (Some(self.agent_id), self.reasons);
        NewDecision { kind, agent_id, decided_by: None, reasons }
    }
}

/// Which tickets a person may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    All,
    Own(AgentId),
    /// Own ones and all of these departments.
    Departments(AgentId, Vec<DepartmentId>),
    /// Own ones and what waits in these departments (in all when there are none).
    OwnAndWaiting(AgentId, Vec<DepartmentId>),
}

impl Scope {
    /// ` AND (…)` over the table alias `t`.
    pub(super) fn push(&self, sql: Sql) -> Sql {
        self.push_by(By::Index, sql)
    }

    fn push_by(&self, by: By, sql: Sql) -> Sql {
        match self {
            Self::All => sql,
            Self::Own(agent) => {
                sql.push_bind(by.pick(" AND t.agent_id = ", " AND +t.agent_id = "), *agent)
            }
            Self::Departments(agent, departments) => sql
                .push_bind(by.pick(" AND (t.agent_id = ", " AND (+t.agent_id = "), *agent)
                .push_in(
                    by.pick(" OR t.department_id IN", " OR +t.department_id IN"),
                    departments.iter().copied(),
                )
                .push(")"),
            Self::OwnAndWaiting(agent, departments) => {
                let sql = sql
                    .push_bind(by.pick(" AND (t.agent_id = ", " AND (+t.agent_id = "), *agent)
                    .push(" OR (t.status = 'waiting' AND t.agent_id IS NULL");
                if departments.is_empty() {
                    sql.push("))")
                } else {
                    sql.push_in(" AND t.department_id IN", departments.iter().copied()).push("))")
                }
            }
        }
    }
}

/// How the tickets of a page are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Those of an agent or a department, then sorted.
    Index,
    /// All in their order, until the page is full.
    Order,
}

impl By {
    /// SQLite has no statistics to choose by; it uses no index for a column with a sign. PostgreSQL has.
    fn choose(db: &Db, found: i64) -> Self {
        match db {
            Db::Sqlite(_) if found > SORTED_MAX => Self::Order,
            Db::Sqlite(_) | Db::Postgres(_) => Self::Index,
        }
    }

    const fn pick(self, index: &'static str, order: &'static str) -> &'static str {
        match self {
            Self::Index => index,
            Self::Order => order,
        }
    }
}

/// Which tickets are wanted.
#[derive(Debug, Clone, Default)]
pub struct TicketFilter {
    /// Empty means any.
    pub statuses: Vec<TicketStatus>,
    pub department_id: Option<DepartmentId>,
    pub agent_id: Option<AgentId>,
    pub priority: Option<Priority>,
    pub chat_id: Option<String>,
    pub customer_id: Option<CustomerId>,
    /// Has this tag.
    pub tag: Option<String>,
    pub search: Vec<String>,
}

impl TicketFilter {
    fn push(&self, by: By, mut sql: Sql) -> Sql {
        if !self.statuses.is_empty() {
            sql = sql.push_in(" AND t.status IN", self.statuses.iter().copied());
        }
        if let Some(tag) = &self.tag {
            sql = sql
                .push(" AND t.id IN (SELECT ticket_id FROM chat_tags")
                .push_bind(" WHERE tag = ", tag.as_str())
                .push(")");
        }
        let department = by.pick(" AND t.department_id = ", " AND +t.department_id = ");
        let agent = by.pick(" AND t.agent_id = ", " AND +t.agent_id = ");
        sql.push_bind_if(department, self.department_id)
            .push_bind_if(agent, self.agent_id)
            .push_bind_if(" AND t.priority = ", self.priority)
            .push_bind_if(" AND t.chat_id = ", self.chat_id.as_deref())
            .push_bind_if(" AND t.customer_id = ", self.customer_id)
            .push_mixed_search(
                &self.search,
                &[("c.name_plain", "c.name"), ("t.notes_plain", "t.notes")],
                &["t.phone"],
            )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketSort {
    CreatedAt,
    StartedAt,
    ClosedAt,
}

/// Tickets with their customers; the beginning of most selects.
pub(super) const TICKET_VIEWS: &str = "SELECT t.*, c.name AS customer_name, \
    c.email AS customer_email, c.phone AS customer_phone \
    FROM tickets t JOIN customers c ON c.id = t.customer_id WHERE TRUE";

/// The same of tickets that a statement changes; its end.
const RETURNING_VIEWS: &str = " RETURNING *, \
    (SELECT c.name FROM customers c WHERE c.id = tickets.customer_id) AS customer_name, \
    (SELECT c.email FROM customers c WHERE c.id = tickets.customer_id) AS customer_email, \
    (SELECT c.phone FROM customers c WHERE c.id = tickets.customer_id) AS customer_phone";

impl Store {
    /// Gives waiting tickets to agents; those that are no longer waiting are left out of the answer.
    pub async fn assign_tickets(
        &self,
        assignments: Vec<Assignment>,
        at: Timestamp,
    ) -> Result<Vec<TicketView>, StoreError> {
        self.unit(unit!(tx => assign(tx, assignments, at).await)).await
    }

    /// Changes what may be edited by hand: notes and priority. `None` when there is no such ticket.
    pub async fn edit_ticket(
        &self,
        id: TicketId,
        notes: Option<String>,
        priority: Option<Priority>,
        at: Timestamp,
    ) -> Result<Option<Ticket>, StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE tickets SET version = version + 1, updated_at = $1")
                .bind(at)
                .push_bind_if(", notes_plain = ", notes.as_deref().map(plain))
                .push_bind_if(", notes = ", notes)
                .push_bind_if(", priority = ", priority)
                .push_bind(" WHERE id = ", id)
                .push(" RETURNING *");
            let ticket: Option<Ticket> = tx.opt(update).await?;
            if let (Some(_), Some(priority)) = (&ticket, priority) {
                let update = sql("UPDATE queue_entries SET priority = $1 WHERE ticket_id = $2");
                tx.run(update.bind(priority).bind(id)).await?;
            }
            Ok(ticket)
        }))
        .await
    }

    pub async fn find_ticket(&self, id: TicketId) -> Result<Option<TicketView>, StoreError> {
        self.reader.opt(sql(TICKET_VIEWS).push_bind(" AND t.id = ", id)).await
    }

    /// The open ticket of a live chat.
    pub async fn find_open_ticket(&self, key: &ChatKey) -> Result<Option<TicketView>, StoreError> {
        let select = sql(TICKET_VIEWS)
            .push_bind(" AND t.session_id = ", key.session_id)
            .push_bind(" AND t.chat_id = ", key.chat_id.as_str())
            .push(" AND t.status IN ('waiting', 'active', 'paused')");
        self.reader.opt(select).await
    }

    /// The ticket that a chat id means: the newest open one, else the newest of all.
    pub async fn find_chat_ticket(&self, chat_id: &str) -> Result<Option<TicketView>, StoreError> {
        let select = sql(TICKET_VIEWS).push_bind(" AND t.chat_id = ", chat_id).push(
            " ORDER BY CASE WHEN t.status IN ('waiting', 'active', 'paused') THEN 0 ELSE 1 END, \
             t.id DESC LIMIT 1",
        );
        self.reader.opt(select).await
    }

    pub async fn list_tickets(
        &self,
        scope: &Scope,
        filter: &TicketFilter,
        orders: &[Order<TicketSort>],
        page: Page,
    ) -> Result<Slice<TicketView>, StoreError> {
        let column = |by| match by {
            TicketSort::CreatedAt => "t.created_at",
            TicketSort::StartedAt => "t.started_at",
            TicketSort::ClosedAt => "t.closed_at",
        };
        self.page_of_tickets(scope, filter, orders, column, page).await
    }

    /// A page of the tickets of this filter. Their order is found by themselves: only what is shown is read whole
    /// and joined.
    pub(super) async fn page_of_tickets<S: Copy>(
        &self,
        scope: &Scope,
        filter: &TicketFilter,
        orders: &[Order<S>],
        column: impl Fn(S) -> &'static str + Copy,
        page: Page,
    ) -> Result<Slice<TicketView>, StoreError> {
        let found = |by: By, sql: Sql| {
            let sql = sql.push(" FROM tickets t");
            let customers = " JOIN customers c ON c.id = t.customer_id";
            let sql = if filter.search.is_empty() { sql } else { sql.push(customers) };
            filter.push(by, scope.push_by(by, sql.push(" WHERE TRUE")))
        };
        let cut = |by: By, sql: Sql| {
            push_order(found(by, sql), orders, column, "t.id DESC")
                .push_bind(" LIMIT ", page.limit)
                .push_bind(" OFFSET ", page.offset)
        };
        let count = async || {
            let count = found(By::Index, sql("SELECT COUNT(*)"));
            self.reader.one::<(i64,)>(count).await.map(|(total,)| total)
        };
        let (total, shown) = if filter.search.is_empty() {
            let total = count().await?;
            let by = By::choose(&self.reader, total);
            (total, cut(by, sql(TICKET_VIEWS).push(" AND t.id IN (SELECT t.id")).push(")"))
        } else {
            // Each row has to be looked through for a term: once, for the number and for the page.
            let ids: Vec<(TicketId, i64)> =
                self.reader.all(cut(By::Index, sql("SELECT t.id, COUNT(*) OVER ()"))).await?;
            let total = match ids.first() {
                Some((_, total)) => *total,
                None if page.offset == 0 && page.limit > 0 => 0,
                None => count().await?,
            };
            (total, sql(TICKET_VIEWS).push_in(" AND t.id IN", ids.into_iter().map(|(id, _)| id)))
        };
        let rows = self.reader.all(push_order(shown, orders, column, "t.id DESC")).await?;
        Ok(Slice { total, rows })
    }

    /// The open tickets of one agent, oldest first.
    pub async fn list_open_tickets_of(&self, id: AgentId) -> Result<Vec<TicketView>, StoreError> {
        let select = sql(TICKET_VIEWS)
            .push_bind(" AND t.agent_id = ", id)
            .push(" AND t.status IN ('waiting', 'active', 'paused') ORDER BY t.created_at, t.id");
        self.reader.all(select).await
    }

    /// Every ticket that counts against its owner's capacity.
    pub async fn list_loads(&self) -> Result<Vec<(AgentId, TicketId)>, StoreError> {
        let select = sql("SELECT agent_id, id FROM tickets WHERE agent_id IS NOT NULL \
             AND status IN ('waiting', 'active')");
        self.reader.all(select).await
    }

    /// When each agent last started a chat, for the longest idle.
    pub async fn last_starts(&self) -> Result<HashMap<AgentId, Timestamp>, StoreError> {
        let select =
            sql("SELECT agent_id, MAX(started_at) FROM tickets WHERE agent_id IS NOT NULL \
             AND started_at IS NOT NULL GROUP BY agent_id");
        Ok(self.reader.all::<(AgentId, Timestamp)>(select).await?.into_iter().collect())
    }

    /// Active chats in which the customer owes the answer and nobody wrote since `idle_since`, the longest
    /// silent first, from behind `after` on.
    pub async fn list_idle_tickets(
        &self,
        idle_since: Timestamp,
        after: Option<(Timestamp, TicketId)>,
        limit: i64,
    ) -> Result<Vec<Ticket>, StoreError> {
        let mut select = sql("SELECT * FROM tickets WHERE status = 'active' \
             AND awaiting_since IS NULL")
        .push_bind(" AND active_period <= ", active_period(idle_since))
        .push_bind(" AND last_message_at <= ", idle_since);
        if let Some((at, id)) = after {
            select = select
                .push_bind(" AND active_period >= ", active_period(at))
                .push_bind(" AND (last_message_at > ", at)
                .push_bind(" OR (last_message_at = ", at)
                .push_bind(" AND id > ", id)
                .push("))");
        }
        self.reader
            .all(
                select
                    .push(" ORDER BY active_period, last_message_at, id")
                    .push_bind(" LIMIT ", limit),
            )
            .await
    }
}

/// The column of this name of a ticket in which something was said last at `at` (migration 0026).
pub(super) fn active_period(at: Timestamp) -> i64 {
    at.micros().div_euclid(300_000_000)
}

impl Store {
    /// Writes the plain form of notes that are older than this column.
    pub(super) async fn fill_plain_notes(&self) -> Result<(), StoreError> {
        let mut after = TicketId(0);
        loop {
            let last = self.unit(unit!(tx => fill_plain_notes_after(tx, after).await)).await?;
            let Some(last) = last else { return Ok(()) };
            after = last;
        }
    }
}

async fn fill_plain_notes_after(
    tx: &mut Tx,
    after: TicketId,
) -> Result<Option<TicketId>, StoreError> {
    let select = sql("SELECT id, notes FROM tickets WHERE notes <> '' AND notes_plain = '' \
         AND id > $1 ORDER BY id");
    let select = select.bind(after).push_bind(" LIMIT ", FILL_ROWS);
    let rows: Vec<(TicketId, String)> = tx.all(select).await?;
    for (id, notes) in &rows {
        let update = sql("UPDATE tickets SET notes_plain = $1 WHERE id = $2");
        tx.run(update.bind(plain(notes)).bind(*id)).await?;
    }
    Ok(rows.last().map(|(id, _)| *id))
}

/// All of them in a few statements.
async fn assign(
    tx: &mut Tx,
    assignments: Vec<Assignment>,
    at: Timestamp,
) -> Result<Vec<TicketView>, StoreError> {
    let views = take_waiting(tx, &assignments, at).await?;
    let won: HashSet<TicketId> = views.iter().map(|view| view.ticket.id).collect();
    let taken: Vec<Assignment> =
        assignments.into_iter().filter(|one| won.contains(&one.ticket_id)).collect();
    let tickets: Vec<_> = views.iter().map(|view| (&view.ticket, at)).collect();
    segments::follow(tx, &tickets).await?;
    queue_entries::assign(tx, &taken, at).await?;
    let decided = taken.into_iter();
    let decided = decided.map(|one| (one.ticket_id, one.department_id, one.into_decision()));
    decisions::insert_all(tx, &decided.collect::<Vec<_>>(), at).await?;
    for (ticket, _) in tickets.iter().filter(|(ticket, _)| ticket.status == TicketStatus::Active) {
        tx.outbox.chat_assigned(ticket, at);
    }
    Ok(views)
}

/// Those that still waited there, as they are now.
async fn take_waiting(
    tx: &mut Tx,
    assignments: &[Assignment],
    at: Timestamp,
) -> Result<Vec<TicketView>, StoreError> {
    all_chunked(tx, assignments, |chunk| {
        let update = sql("UPDATE tickets SET agent_id = v.column3, owned_since = v.column5, \
             updated_at = v.column5, \
             status = CASE WHEN v.column4 THEN 'waiting' ELSE 'active' END, \
             started_at = CASE WHEN v.column4 THEN started_at \
             ELSE COALESCE(started_at, v.column5) END, version = version + 1 FROM (VALUES ")
        .push_rows(chunk, |row, one| {
            row.push_bind("", one.ticket_id)
                .push_bind(", ", one.department_id)
                .push_bind(", ", one.agent_id)
                .push_bind(", ", one.offered_until.is_some())
                .push_bind(", ", at)
        });
        update
            .push(
                ") AS v WHERE tickets.id = v.column1 AND department_id = v.column2 \
                 AND status = 'waiting' AND agent_id IS NULL",
            )
            .push(RETURNING_VIEWS)
    })
    .await
}
