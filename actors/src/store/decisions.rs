//! Why chats went where they went: one record per decision.

use super::{Store, StoreError, db::Tx, sql::sql};
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
    decision: &NewDecision,
    at: Timestamp,
) -> Result<(), StoreError> {
    let insert = sql("INSERT INTO routing_decisions (ticket_id, department_id, kind, agent_id, \
         decided_by, created_at, document) VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(ticket_id)
    .bind(department_id)
    .bind(decision.kind)
    .bind(decision.agent_id)
    .bind(decision.decided_by)
    .bind(at);
    tx.run_with_document(insert, &decision.reasons).await?;
    Ok(())
}
