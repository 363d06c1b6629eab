//! Who has the chat: decisions of people and of the roster.

use std::sync::Arc;

use super::actor::State;
use crate::{
    domain::{
        Agent, AgentId, DepartmentId, Rejected, Ticket, TicketId, TicketStatus, Timestamp, Transfer,
    },
    error::HubError,
    hub::Context,
    store::{EntryChange, NewTransfer},
};

/// A hand-over as it was asked for.
#[derive(Debug, Clone)]
pub struct TransferRequest {
    pub by: AgentId,
    pub to_agent_id: AgentId,
    pub to_department_id: Option<DepartmentId>,
    pub reason: String,
}

impl State {
    pub(super) async fn accept(
        &mut self,
        ticket_id: TicketId,
        agent_id: AgentId,
        notes: Option<String>,
    ) -> Result<Ticket, HubError> {
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::NotWaiting(TicketStatus::Closed).into());
        }
        let changed = self
            .change(now, |ticket| {
                ticket.check_accept()?;
                ticket.agent_id = Some(agent_id);
                ticket.status = TicketStatus::Active;
                ticket.owned_since = Some(now);
                ticket.started_at.get_or_insert(now);
                if let Some(notes) = &notes {
                    ticket.notes.clone_from(notes);
                }
                Ok((EntryChange::Assigned(now), None))
            })
            .await?
            .0;
        self.context.queues.withdraw(changed.department_id, changed.id);
        self.context.presence.charged(agent_id, changed.id);
        self.tell_accepted(now).await;
        Ok(changed)
    }

    pub(super) async fn transfer(
        &mut self,
        ticket_id: TicketId,
        request: TransferRequest,
    ) -> Result<(Ticket, Transfer), HubError> {
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::NotTransferable.into());
        }
        let from_department = self.open.as_ref().map(|open| open.ticket.department_id);
        let context = Arc::clone(&self.context);
        let (changed, transfer) = self
            .change(now, |ticket| {
                ticket.check_transfer(Some(request.to_agent_id))?;
                check_right(&context, ticket, Some(request.by))?;
                let target = check_target(&context, &request)?;
                let transfer = NewTransfer {
                    from_agent_id: ticket.agent_id,
                    to_agent_id: Some(target.id),
                    from_department_id: ticket.department_id,
                    to_department_id: request.to_department_id.unwrap_or(ticket.department_id),
                    reason: request.reason.clone(),
                    created_by: Some(request.by),
                };
                ticket.agent_id = Some(target.id);
                ticket.department_id = transfer.to_department_id;
                ticket.owned_since = Some(now);
                Ok((EntryChange::Assigned(now), Some(transfer)))
            })
            .await?;
        if let Some(department) = from_department {
            self.context.queues.withdraw(department, changed.id);
        }
        self.context.presence.charged(request.to_agent_id, changed.id);
        let transfer = transfer.ok_or(HubError::Conflict)?;
        self.tell_transferred(transfer.clone(), now);
        Ok((changed, transfer))
    }

    /// The owner of a chat whose customer waits has gone: back to the queue, with its age.
    pub(super) async fn requeue(
        &mut self,
        ticket_id: TicketId,
        gone_since: Timestamp,
    ) -> Result<(), HubError> {
        let Some(open) = &self.open else { return Ok(()) };
        let owner = open.ticket.agent_id;
        let is_still_so = open.ticket.id == ticket_id
            && open.ticket.status.is_load()
            && open.ticket.awaiting_since.is_some()
            && open.ticket.owned_since.is_none_or(|owned| owned <= gone_since)
            && owner.is_some_and(|id| self.context.presence.gone_since(id).is_some());
        if !is_still_so {
            return Ok(());
        }
        let now = self.context.clock.now();
        let (changed, _) = self
            .change(now, |ticket| {
                if ticket.agent_id != owner || !ticket.status.is_load() {
                    return Err(HubError::Conflict);
                }
                ticket.agent_id = None;
                ticket.status = TicketStatus::Waiting;
                ticket.owned_since = None;
                Ok((EntryChange::Waiting, None))
            })
            .await?;
        self.context.presence.freed(changed.id);
        self.tell_requeued(&changed, owner, now);
        self.enqueue().await;
        Ok(())
    }

    /// A chat whose owner left while the customer owed the answer stays with him until the customer
    /// writes, which is now.
    pub(super) async fn requeue_if_owner_is_gone(&mut self) -> Result<(), HubError> {
        let Some(open) = &self.open else { return Ok(()) };
        let gone = open.ticket.agent_id.and_then(|id| self.context.presence.gone_since(id));
        match gone {
            Some(since) => self.requeue(open.ticket.id, since).await,
            None => Ok(()),
        }
    }
}

/// Whoever decides must still be the one who may: the edge looked at an older row.
pub(super) fn check_right(
    context: &Context,
    ticket: &Ticket,
    by: Option<AgentId>,
) -> Result<(), HubError> {
    let Some(by) = by else { return Ok(()) };
    let viewer = context.roster().viewer(by);
    if viewer.is_some_and(|viewer| viewer.may_act(ticket)) {
        Ok(())
    } else {
        Err(Rejected::NotYours.into())
    }
}

/// The person who is to have the chat: there, active, and in the department that was named.
fn check_target(context: &Context, request: &TransferRequest) -> Result<Arc<Agent>, HubError> {
    let roster = context.roster();
    let target = roster.agent(request.to_agent_id).filter(|agent| agent.is_active);
    let target = target.ok_or_else(|| HubError::not_found("Atendente", &request.to_agent_id))?;
    if let Some(id) = request.to_department_id {
        let department = roster.department(id).filter(|department| department.is_active);
        department.ok_or_else(|| HubError::not_found("Departamento", &id))?;
        if !roster.is_member(target.id, id) {
            return Err(Rejected::TargetNotInDepartment.into());
        }
    }
    Ok(Arc::clone(target))
}
