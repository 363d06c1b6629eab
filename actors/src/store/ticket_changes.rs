//! Every change of a ticket's state or owner, with its place in the queue, its hand-over and the record
//! of why: one transaction, refused when the ticket is not what it was planned for.

use super::{
    Store, StoreError,
    db::Tx,
    decisions, fold,
    notices::NewNotice,
    queue_entries, ratings, segments,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, DepartmentId, Message, NewDecision, SessionId, Ticket, TicketId, Timestamp, Transfer,
    TransferId, automatic::Notice, ids::ChatKey, plain::plain, queue::Promise,
};

/// What happens to the ticket's place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryChange {
    /// Somebody has it now.
    Assigned(Timestamp),
    /// It is over without having been assigned.
    Removed(Timestamp),
    /// Waits (again) in the ticket's department, with the age it had.
    Waiting,
    /// This agent does not take it; it goes on waiting.
    Declined(AgentId),
    /// Waits in the ticket's department for this agent to accept it: an offer without an end.
    HandedTo(AgentId),
    /// Waits in the ticket's department from now on, because nobody was there for it in this one.
    Overflowed(DepartmentId),
    /// A person put it into the ticket's queue: what was before is forgotten, but for its age. Whoever
    /// gave it away is asked last, and not before `until`.
    Queued { from: Option<AgentId>, until: Option<Timestamp> },
}

/// A hand-over to record.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    pub from_agent_id: Option<AgentId>,
    pub to_agent_id: Option<AgentId>,
    pub from_department_id: DepartmentId,
    pub to_department_id: DepartmentId,
    pub reason: String,
    pub created_by: Option<AgentId>,
    /// Goes back then unless somebody takes it.
    pub returns_at: Option<Timestamp>,
}

/// A change of one ticket: the new values, carrying the version that they were planned for.
#[derive(Debug, Clone)]
pub struct TicketPlan {
    pub ticket: Ticket,
    pub entry: EntryChange,
    pub transfer: Option<NewTransfer>,
    /// A hand-over that ends with this change, without having been taken.
    pub returned: Option<TransferId>,
    pub decision: Option<NewDecision>,
    /// What the customer is told about it.
    pub notices: Vec<NewNotice>,
    /// What holds in the department that has it from now on.
    pub promise: Option<Promise>,
    pub at: Timestamp,
}

/// What a change has stored.
#[derive(Debug, Clone)]
pub struct Changed {
    pub ticket: Ticket,
    pub transfer: Option<Transfer>,
    /// To be sent.
    pub messages: Vec<Message>,
}

#[derive(sqlx::FromRow)]
struct DueTransfer {
    #[sqlx(flatten)]
    transfer: Transfer,
    session_id: SessionId,
    chat_id: String,
}

impl Store {
    /// Carries out a change if the ticket is still in the version it was planned for, else
    /// [`StoreError::Stale`].
    pub async fn change_ticket(&self, plan: TicketPlan) -> Result<Changed, StoreError> {
        self.unit(unit!(tx => change(tx, plan).await)).await
    }

    /// Hand-overs of one ticket, oldest first.
    pub async fn list_transfers(&self, id: TicketId) -> Result<Vec<Transfer>, StoreError> {
        self.reader
            .all(sql("SELECT * FROM transfers WHERE ticket_id = $1 ORDER BY id").bind(id))
            .await
    }

    /// The last hand-over of a ticket if it is still open: not taken, not gone back.
    pub async fn find_open_transfer(&self, id: TicketId) -> Result<Option<Transfer>, StoreError> {
        let select = sql("SELECT * FROM transfers WHERE ticket_id = $1 AND accepted_at IS NULL \
             AND returned_at IS NULL \
             AND id = (SELECT MAX(id) FROM transfers WHERE ticket_id = $1)");
        self.reader.opt(select.bind(id)).await
    }

    /// Hand-overs that nobody has taken in time, with the chats that they are about.
    pub async fn list_due_transfers(
        &self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<(ChatKey, Transfer)>, StoreError> {
        let select = sql("SELECT x.*, t.session_id, t.chat_id FROM transfers x \
             JOIN tickets t ON t.id = x.ticket_id WHERE x.returns_at <= $1 \
             AND x.accepted_at IS NULL AND x.returned_at IS NULL ORDER BY x.returns_at LIMIT $2");
        let rows: Vec<DueTransfer> = self.reader.all(select.bind(now).bind(limit)).await?;
        let due = rows.into_iter().map(|row| {
            let DueTransfer { transfer, session_id, chat_id } = row;
            (ChatKey { session_id, chat_id }, transfer)
        });
        Ok(due.collect())
    }

    /// Somebody has taken a hand-over; nothing happens when it was taken or has gone back already.
    pub async fn accept_transfer(&self, id: TransferId, at: Timestamp) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE transfers SET accepted_at = $1 \
                 WHERE id = $2 AND accepted_at IS NULL AND returned_at IS NULL");
            tx.run(update.bind(at).bind(id)).await.map(drop)
        }))
        .await
    }

    /// A hand-over may lie for longer: nothing is owed to the customer at present.
    pub async fn postpone_transfer(
        &self,
        id: TransferId,
        until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE transfers SET returns_at = $1 WHERE id = $2");
            tx.run(update.bind(until).bind(id)).await?;
            Ok(())
        }))
        .await
    }
}

async fn change(tx: &mut Tx, plan: TicketPlan) -> Result<Changed, StoreError> {
    let TicketPlan { ticket: planned, entry, transfer, returned, decision, notices, promise, at } =
        plan;
    if notices.iter().any(|new| new.notice == Notice::RatingRequest) {
        let update = sql("UPDATE tickets SET rating_asked_at = $1 WHERE id = $2");
        tx.run(update.bind(at).bind(planned.id)).await?;
    }
    let ticket = update_ticket(tx, &planned, at).await?;
    change_entry(tx, &ticket, entry, at).await?;
    if let Some(promise) = promise {
        queue_entries::store_promise(tx, ticket.id, promise).await?;
    }
    segments::follow(tx, &[(&ticket, at)]).await?;
    let transfer = match transfer {
        Some(new) => Some(insert_transfer(tx, ticket.id, &new, at).await?),
        None => None,
    };
    if let Some(transfer) = &transfer {
        tx.outbox.chat_transferred(&ticket, transfer);
    }
    let from = match entry {
        EntryChange::Overflowed(from) => Some(from),
        _ => None,
    };
    tx.outbox.chat_decided(&ticket, decision.as_ref().map(|decision| decision.kind), from, at);
    if let Some(id) = returned {
        let update = sql("UPDATE transfers SET returned_at = $1 WHERE id = $2");
        tx.run(update.bind(at).bind(id)).await?;
    }
    if let Some(decision) = decision {
        decisions::insert(tx, ticket.id, ticket.department_id, decision, at).await?;
    }
    if !ticket.status.is_open() {
        // Rated while it was open: everybody who has had it by now is credited.
        ratings::credit(tx, &ticket, at).await?;
    }
    let mut messages = Vec::with_capacity(notices.len());
    for new in notices {
        messages.push(fold::append_one(tx, new.message).await?);
    }
    Ok(Changed { ticket, transfer, messages })
}

async fn update_ticket(tx: &mut Tx, ticket: &Ticket, at: Timestamp) -> Result<Ticket, StoreError> {
    let update = sql("UPDATE tickets SET department_id = $1, agent_id = $2, status = $3, \
         priority = $4, notes = $5, started_at = $6, closed_at = $7, owned_since = $8, \
         updated_at = $9, is_auto_closed = $10, notes_plain = $11, version = version + 1 \
         WHERE id = $12 AND version = $13 RETURNING *")
    .bind(ticket.department_id)
    .bind(ticket.agent_id)
    .bind(ticket.status)
    .bind(ticket.priority)
    .bind(ticket.notes.as_str())
    .bind(ticket.started_at)
    .bind(ticket.closed_at)
    .bind(ticket.owned_since)
    .bind(at)
    .bind(ticket.is_auto_closed)
    .bind(plain(&ticket.notes))
    .bind(ticket.id)
    .bind(ticket.version);
    tx.opt(update).await?.ok_or(StoreError::Stale)
}

async fn change_entry(
    tx: &mut Tx,
    ticket: &Ticket,
    change: EntryChange,
    at: Timestamp,
) -> Result<(), StoreError> {
    let handed_to = match change {
        EntryChange::HandedTo(agent) => Some(agent),
        _ => None,
    };
    let update = sql("UPDATE queue_entries SET offered_until = NULL")
        .push_bind(", offered_agent_id = ", handed_to);
    let update = match change {
        EntryChange::Assigned(at) => update
            .push_bind(", assigned_at = COALESCE(assigned_at, ", at)
            .push("), given_by = NULL"),
        EntryChange::Removed(at) => update
            .push_bind(", removed_at = CASE WHEN assigned_at IS NULL THEN ", at)
            .push(" ELSE removed_at END"),
        EntryChange::Waiting | EntryChange::HandedTo(_) => {
            back_in_queue(update, ticket.department_id, at)
        }
        EntryChange::Declined(agent) => back_in_queue(update, ticket.department_id, at)
            .push_bind(", declined_by = TRIM(declined_by || ' ' || ", agent.to_string())
            .push(")"),
        EntryChange::Overflowed(from) => back_in_queue(update, ticket.department_id, at)
            .push_bind(", declined_by = '', visited = TRIM(visited || ' ' || ", from.to_string())
            .push(")"),
        EntryChange::Queued { from, until } => back_in_queue(update, ticket.department_id, at)
            .push_bind(", declined_by = ", from.map(|id| id.to_string()).unwrap_or_default())
            .push_bind(", given_by = ", from)
            .push_bind(", given_until = ", until)
            .push(", visited = '', pinned_at = NULL"),
    };
    tx.run(update.push_bind(" WHERE ticket_id = ", ticket.id)).await?;
    Ok(())
}

/// Waits in this department; since when it does there is kept if it has not left.
fn back_in_queue(update: Sql, department_id: DepartmentId, at: Timestamp) -> Sql {
    update
        .push(", assigned_at = NULL, removed_at = NULL")
        .push_bind(
            ", queued_at = CASE WHEN assigned_at IS NULL AND department_id = ",
            department_id,
        )
        .push_bind(" THEN queued_at ELSE ", at)
        .push_bind(" END, department_id = ", department_id)
}

async fn insert_transfer(
    tx: &mut Tx,
    ticket_id: TicketId,
    new: &NewTransfer,
    at: Timestamp,
) -> Result<Transfer, StoreError> {
    let insert = sql("INSERT INTO transfers (ticket_id, from_agent_id, to_agent_id, \
         from_department_id, to_department_id, reason, created_by, created_at, returns_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *")
    .bind(ticket_id)
    .bind(new.from_agent_id)
    .bind(new.to_agent_id)
    .bind(new.from_department_id)
    .bind(new.to_department_id)
    .bind(new.reason.as_str())
    .bind(new.created_by)
    .bind(at)
    .bind(new.returns_at);
    tx.one(insert).await
}
