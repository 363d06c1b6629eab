//! Why chats went where they went: one record per decision.

use super::{Store, StoreError, db::Tx, fold::run_chunked, sql::sql};
use crate::domain::{DepartmentId, NewDecision, RoutingDecision, TicketId, Timestamp};

impl Store {
    /// The newest decisions about one ticket, newest first.
    pub async fn list_decisions(
        &self,
        id: TicketId,
        limit: i64,
    ) -> Result<Vec<RoutingDecision>, StoreError> {
        let select = sql("SELECT * FROM routing_decisions WHERE ticket_id = $1 \
             ORDER BY id DESC LIMIT $2");
        self.reader.all(select.bind(id).bind(limit)).await
    }
}

/// Part of the transaction that carries the decision out.
pub(super) async fn insert(
    tx: &mut Tx,
    ticket_id: TicketId,
    department_id: DepartmentId,
    decision: NewDecision,
    at: Timestamp,
) -> Result<(), StoreError> {
    insert_all(tx, &[(ticket_id, department_id, decision)], at).await
}

/// Several at once.
pub(super) async fn insert_all(
    tx: &mut Tx,
    decisions: &[(TicketId, DepartmentId, NewDecision)],
    at: Timestamp,
) -> Result<(), StoreError> {
    run_chunked(tx, decisions, |chunk| {
        sql("INSERT INTO routing_decisions (ticket_id, department_id, kind, \
             agent_id, decided_by, created_at, document) VALUES ")
        .push_rows(chunk, |row, (ticket_id, department_id, decision)| {
            row.push_bind("", *ticket_id)
                .push_bind(", ", *department_id)
                .push_bind(", ", decision.kind)
                .push_bind(", ", decision.agent_id)
                .push_bind(", ", decision.decided_by)
                .push_bind(", ", at)
                .push_bind(", ", &decision.reasons)
        })
    })
    .await
}
