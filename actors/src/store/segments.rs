//! The stretches of a ticket: with which department and owner it was, from when to when.

use super::{Store, StoreError, db::Tx, fold::run_chunked, sql::sql};
use crate::domain::{Segment, Ticket, TicketId, TicketStatus, Timestamp};

impl Store {
    /// The stretches of one ticket, oldest first.
    pub async fn list_segments(&self, id: TicketId) -> Result<Vec<Segment>, StoreError> {
        let select = sql("SELECT * FROM ticket_segments WHERE ticket_id = $1 ORDER BY id");
        self.reader.all(select.bind(id)).await
    }
}

/// Brings the stretches in line with tickets that were opened or changed, each at its time. Part of that
/// change's transaction. An offer is no owner yet: the ticket goes on waiting.
pub(super) async fn follow(
    tx: &mut Tx,
    tickets: &[(&Ticket, Timestamp)],
) -> Result<(), StoreError> {
    let owner =
        |ticket: &Ticket| ticket.agent_id.filter(|_| ticket.status != TicketStatus::Waiting);
    run_chunked(tx, tickets, |chunk| {
        let end = sql("UPDATE ticket_segments SET ended_at = v.column1 FROM (VALUES ").push_rows(
            chunk,
            |row, (ticket, at)| {
                row.push_bind("", *at)
                    .push_bind(", ", ticket.id)
                    .push_bind(", ", ticket.department_id)
                    .push_bind(", ", owner(ticket))
                    .push_bind(", ", ticket.status.is_open())
            },
        );
        end.push(
            ") AS v WHERE ticket_segments.ticket_id = v.column2 AND ended_at IS NULL \
             AND (department_id <> v.column3 OR agent_id IS DISTINCT FROM v.column4 \
             OR NOT v.column5)",
        )
    })
    .await?;
    let open: Vec<_> = tickets.iter().filter(|(ticket, _)| ticket.status.is_open()).collect();
    run_chunked(tx, &open, |chunk| {
        let begin = sql("INSERT INTO ticket_segments \
             (ticket_id, department_id, agent_id, started_at) VALUES ")
        .push_rows(chunk, |row, (ticket, at)| {
            row.push_bind("", ticket.id)
                .push_bind(", ", ticket.department_id)
                .push_bind(", ", owner(ticket))
                .push_bind(", ", *at)
        });
        begin.push(" ON CONFLICT (ticket_id) WHERE ended_at IS NULL DO NOTHING")
    })
    .await
}
