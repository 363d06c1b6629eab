//! The stretches of a ticket: with which department and owner it was, from when to when.

use super::{Store, StoreError, db::Tx, sql::sql};
use crate::domain::{Segment, Ticket, TicketId, TicketStatus, Timestamp};

impl Store {
    /// The stretches of one ticket, oldest first.
    pub async fn list_segments(&self, id: TicketId) -> Result<Vec<Segment>, StoreError> {
        let select = sql("SELECT * FROM ticket_segments WHERE ticket_id = $1 ORDER BY id");
        self.reader.all(select.bind(id)).await
    }
}

/// Brings the stretches in line with a ticket that was opened or changed at `at`. Part of that change's
/// transaction. An offer is no owner yet: the ticket goes on waiting.
pub(super) async fn follow(tx: &mut Tx, ticket: &Ticket, at: Timestamp) -> Result<(), StoreError> {
    let owner = ticket.agent_id.filter(|_| ticket.status != TicketStatus::Waiting);
    let is_open = ticket.status.is_open();
    let end = sql("UPDATE ticket_segments SET ended_at = $1 WHERE ticket_id = $2 \
         AND ended_at IS NULL AND (department_id <> $3 OR agent_id IS DISTINCT FROM $4 OR NOT $5)");
    let end = end.bind(at).bind(ticket.id).bind(ticket.department_id).bind(owner).bind(is_open);
    tx.run(end).await?;
    if is_open {
        let begin = sql("INSERT INTO ticket_segments \
             (ticket_id, department_id, agent_id, started_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (ticket_id) WHERE ended_at IS NULL DO NOTHING");
        tx.run(begin.bind(ticket.id).bind(ticket.department_id).bind(owner).bind(at)).await?;
    }
    Ok(())
}
