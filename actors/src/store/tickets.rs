//! Tickets: opening, every change of state or owner, and what is asked about them.

use std::collections::HashMap;

use super::{
    Store, StoreError, customers,
    db::Tx,
    decisions, fold,
    page::{Order, Page, Slice, push_order},
    queue_entries, segments,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, Customer, CustomerId, DecisionKind, DepartmentId, Message, NewDecision, NewMessage,
    Priority, QueueEntry, Reasons, Ticket, TicketId, TicketStatus, TicketView, Timestamp,
    customer::placeholder_name,
    ids::ChatKey,
    plain::plain,
    queue::{Promise, STICKY_WINDOW},
    rating::RATING_WINDOW,
};

/// Rows whose plain texts are written in one transaction.
const FILL_ROWS: i64 = 500;

/// Whom a new ticket is for.
#[derive(Debug, Clone)]
pub enum OpeningCustomer {
    Known(CustomerId),
    /// Found by the number, or created with this name (or "Cliente" and the number when empty).
    ByPhone {
        name: String,
    },
}

/// A chat that begins: the customer wrote, or somebody put him into a queue.
#[derive(Debug, Clone)]
pub struct NewTicket {
    pub key: ChatKey,
    pub phone: String,
    pub customer: OpeningCustomer,
    pub department_id: DepartmentId,
    pub priority: Priority,
    pub first_message: String,
    /// The message that opens it; a chat opened by hand has none.
    pub message: Option<NewMessage>,
    pub promise: Promise,
    pub at: Timestamp,
}

/// What was stored for a new ticket.
#[derive(Debug, Clone)]
pub struct OpenedTicket {
    pub ticket: Ticket,
    pub customer: Customer,
    pub entry: QueueEntry,
    pub message: Option<Message>,
}

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
        match self {
            Self::All => sql,
            Self::Own(agent) => sql.push_bind(" AND t.agent_id = ", *agent),
            Self::Departments(agent, departments) => sql
                .push_bind(" AND (t.agent_id = ", *agent)
                .push_in(" OR t.department_id IN", departments.iter().copied())
                .push(")"),
            Self::OwnAndWaiting(agent, departments) => {
                let sql = sql
                    .push_bind(" AND (t.agent_id = ", *agent)
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
    pub(super) fn push(&self, mut sql: Sql) -> Sql {
        if !self.statuses.is_empty() {
            sql = sql.push_in(" AND t.status IN", self.statuses.iter().copied());
        }
        if let Some(tag) = &self.tag {
            sql = sql
                .push(" AND t.id IN (SELECT ticket_id FROM chat_tags")
                .push_bind(" WHERE tag = ", tag.as_str())
                .push(")");
        }
        sql.push_bind_if(" AND t.department_id = ", self.department_id)
            .push_bind_if(" AND t.agent_id = ", self.agent_id)
            .push_bind_if(" AND t.priority = ", self.priority)
            .push_bind_if(" AND t.chat_id = ", self.chat_id.as_deref())
            .push_bind_if(" AND t.customer_id = ", self.customer_id)
            .push_mixed_search(
                &self.search,
                &["c.name_plain", "t.notes_plain"],
                &["c.name", "t.phone", "t.notes"],
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
pub(super) const TICKET_COUNT: &str =
    "SELECT COUNT(*) FROM tickets t JOIN customers c ON c.id = t.customer_id WHERE TRUE";

impl Store {
    /// Opens a ticket with its queue entry, customer and first message, all or nothing. `None` says
    /// that the message is there already. A second open ticket of the chat is refused by the index
    /// `tickets_open_chat_key` ([`StoreError::Unique`]).
    pub async fn open_ticket(&self, new: NewTicket) -> Result<Option<OpenedTicket>, StoreError> {
        let opened = self.unit(unit!(tx => open(tx, new).await)).await;
        match opened {
            Err(StoreError::Unique { constraint }) if is_message_key(&constraint) => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Gives waiting tickets to agents; those that are no longer waiting are left out of the answer.
    pub async fn assign_tickets(
        &self,
        assignments: Vec<Assignment>,
        at: Timestamp,
    ) -> Result<Vec<TicketView>, StoreError> {
        self.unit(unit!(tx => {
            let mut assigned = Vec::with_capacity(assignments.len());
            for assignment in &assignments {
                if let Some(id) = assign(tx, assignment, at).await? {
                    assigned.push(id);
                }
            }
            tx.all(sql(TICKET_VIEWS).push_in(" AND t.id IN", assigned)).await
        }))
        .await
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
        let count = filter.push(scope.push(sql(TICKET_COUNT)));
        let (total,): (i64,) = self.reader.one(count).await?;
        let column = |by| match by {
            TicketSort::CreatedAt => "t.created_at",
            TicketSort::StartedAt => "t.started_at",
            TicketSort::ClosedAt => "t.closed_at",
        };
        let select = filter.push(scope.push(sql(TICKET_VIEWS)));
        let select = push_order(select, orders, column, "t.id DESC")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
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
        .push_bind(" AND last_message_at <= ", idle_since);
        if let Some((at, id)) = after {
            select = select
                .push_bind(" AND (last_message_at > ", at)
                .push_bind(" OR (last_message_at = ", at)
                .push_bind(" AND id > ", id)
                .push("))");
        }
        self.reader
            .all(select.push(" ORDER BY last_message_at, id").push_bind(" LIMIT ", limit))
            .await
    }
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

/// PostgreSQL says the name of the index, SQLite its columns.
pub(super) fn is_message_key(constraint: &str) -> bool {
    constraint == "messages_provider_key" || constraint.starts_with("messages.")
}

async fn open(tx: &mut Tx, new: NewTicket) -> Result<OpenedTicket, StoreError> {
    let mark = tx.outbox.mark();
    let customer = customer_for(tx, &new).await?;
    let rating_requests = unanswered_requests(tx, &new.key, new.at).await?;
    let insert =
        sql("INSERT INTO tickets (session_id, chat_id, phone, customer_id, department_id, \
         status, priority, version, customer_messages, agent_messages, rating_comment, notes, \
         created_at, updated_at, awaiting_since, rating_requests, answer_due_at) \
         VALUES ($1, $2, $3, $4, $5, 'waiting', $6, 1, 0, 0, '', '', $7, $7, $7, $8, $9) \
         RETURNING id")
        .bind(new.key.session_id)
        .bind(new.key.chat_id.as_str())
        .bind(new.phone.as_str())
        .bind(customer.id)
        .bind(new.department_id)
        .bind(new.priority)
        .bind(new.at)
        .bind(rating_requests)
        .bind(new.promise.due_at);
    let (id,): (TicketId,) = tx.one(insert).await?;
    let message = match new.message {
        Some(mut message) => {
            message.ticket_id = Some(id);
            Some(fold::append_one(tx, message).await?)
        }
        None => None,
    };
    let insert = sql("INSERT INTO queue_entries (ticket_id, department_id, customer_id, chat_id, \
         phone, first_message, priority, entered_at, sticky_agent_id, queued_at, closing_at, due_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
         (SELECT agent_id FROM tickets WHERE customer_id = $3 AND agent_id IS NOT NULL \
         AND updated_at >= $9 ORDER BY id DESC LIMIT 1), $8, $10, $11)")
    .bind(id)
    .bind(new.department_id)
    .bind(customer.id)
    .bind(new.key.chat_id.as_str())
    .bind(new.phone.as_str())
    .bind(new.first_message)
    .bind(new.priority)
    .bind(new.at)
    .bind(new.at.minus(STICKY_WINDOW))
    .bind(new.promise.closing_at)
    .bind(new.promise.due_at);
    tx.run(insert).await?;
    let entry = queue_entries::get(tx, id).await?;
    let ticket = tx.one(sql("SELECT * FROM tickets WHERE id = $1").bind(id)).await?;
    segments::follow(tx, &ticket, new.at).await?;
    tx.outbox.chat_opened(&ticket, new.at, mark);
    Ok(OpenedTicket { ticket, customer, entry, message })
}

/// How many requests for a rating in a row this ticket comes instead of an answer to.
async fn unanswered_requests(
    tx: &mut Tx,
    key: &ChatKey,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let select = sql("SELECT rating, rating_asked_at, rating_requests FROM tickets \
         WHERE session_id = $1 AND chat_id = $2 ORDER BY id DESC LIMIT 1");
    let select = select.bind(key.session_id).bind(key.chat_id.as_str());
    let newest: Option<(Option<i64>, Option<Timestamp>, i64)> = tx.opt(select).await?;
    Ok(match newest {
        Some((None, Some(asked_at), before)) if now.since(asked_at) <= RATING_WINDOW => before + 1,
        _ => 0,
    })
}

async fn customer_for(tx: &mut Tx, new: &NewTicket) -> Result<Customer, StoreError> {
    match &new.customer {
        OpeningCustomer::Known(id) => customers::hold(tx, *id).await?.ok_or_else(|| {
            StoreError::ForeignKey { constraint: "tickets_customer_id_fkey".to_owned() }
        }),
        OpeningCustomer::ByPhone { name } => {
            if let Some(customer) = customers::find_by_phone(tx, &new.phone).await?
                && let Some(held) = customers::hold(tx, customer.id).await?
            {
                return Ok(held);
            }
            let placeholder = placeholder_name(&new.phone);
            let name = if name.is_empty() { &placeholder } else { name };
            let details = customers::known_by(name, None, Some(&new.phone));
            customers::insert(tx, &details, None, new.at).await
        }
    }
}

async fn assign(
    tx: &mut Tx,
    assignment: &Assignment,
    at: Timestamp,
) -> Result<Option<TicketId>, StoreError> {
    let Assignment { ticket_id, department_id, agent_id, offered_until, reasons } = assignment;
    let (is_offer, kind) = match offered_until {
        Some(_) => (true, DecisionKind::Offered),
        None => (false, DecisionKind::Assigned),
    };
    let update = sql("UPDATE tickets SET agent_id = $1, owned_since = $2, updated_at = $2, \
         status = CASE WHEN $3 THEN 'waiting' ELSE 'active' END, \
         started_at = CASE WHEN $3 THEN started_at ELSE COALESCE(started_at, $2) END, \
         version = version + 1 \
         WHERE id = $4 AND department_id = $5 AND status = 'waiting' AND agent_id IS NULL \
         RETURNING *");
    let update = update.bind(*agent_id).bind(at).bind(is_offer).bind(*ticket_id);
    let update = update.bind(*department_id);
    let found: Option<Ticket> = tx.opt(update).await?;
    let Some(ticket) = found else { return Ok(None) };
    segments::follow(tx, &ticket, at).await?;
    let update = match offered_until {
        Some(until) => sql("UPDATE queue_entries SET offered_until = $1, offered_agent_id = $2 \
             WHERE ticket_id = $3")
        .bind(*until)
        .bind(*agent_id),
        None => sql("UPDATE queue_entries SET assigned_at = $1, given_by = NULL \
             WHERE ticket_id = $2")
        .bind(at),
    };
    tx.run(update.bind(*ticket_id)).await?;
    let agent_id = Some(*agent_id);
    let decision = NewDecision { kind, agent_id, decided_by: None, reasons: reasons.clone() };
    if !is_offer {
        tx.outbox.chat_assigned(&ticket, at);
    }
    decisions::insert(tx, ticket.id, ticket.department_id, &decision, at).await?;
    Ok(Some(ticket.id))
}
