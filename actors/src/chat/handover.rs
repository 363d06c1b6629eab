//! From one to the next: hand-overs by people, and chats that come back because nobody is there.

use std::sync::Arc;

use super::{
    actor::{State, Step},
    decisions::check_right,
};
use crate::{
    domain::{
        Agent, AgentId, DecisionKind, DepartmentId, NewDecision, Reasons, Rejected, Ticket,
        TicketId, TicketStatus, Timestamp, Transfer, TransferId,
    },
    error::HubError,
    events::OfferEnd,
    hub::Context,
    store::{EntryChange, NewTransfer},
};

/// A hand-over as it was asked for: to an agent, or into a department's queue.
#[derive(Debug, Clone)]
pub struct TransferRequest {
    pub by: AgentId,
    /// `None`: whoever of the department gets it next.
    pub to_agent_id: Option<AgentId>,
    pub to_department_id: Option<DepartmentId>,
    pub reason: String,
}

/// What somebody says to a chat that was handed over to him.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferAnswer {
    Take { by: AgentId },
    SendBack { by: AgentId },
}

impl State {
    pub(super) async fn transfer(
        &mut self,
        ticket_id: TicketId,
        request: TransferRequest,
    ) -> Result<(Ticket, Transfer), HubError> {
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::NotTransferable.into());
        }
        let Some(before) = self.open.as_ref().map(|open| open.ticket.clone()) else {
            return Err(Rejected::NotTransferable.into());
        };
        let context = Arc::clone(&self.context);
        let check = |ticket: &Ticket| {
            ticket.check_transfer(request.to_agent_id)?;
            check_right(&context, ticket, Some(request.by))?;
            check_target(&context, &request)
        };
        check(&before)?;
        let decision = self.decision_of(&request, &before).await?;
        let (changed, transfer) = self
            .change(now, |ticket| {
                let target = check(ticket)?;
                let transfer = new_transfer(&context, ticket, &request, now);
                ticket.department_id = transfer.to_department_id;
                ticket.agent_id = target.as_ref().map(|agent| agent.id);
                ticket.owned_since = target.as_ref().map(|_| now);
                let entry = match target {
                    // The state stays (contract §15): who is handed a waiting chat accepts it.
                    Some(agent) if ticket.status == TicketStatus::Waiting => {
                        EntryChange::HandedTo(agent.id)
                    }
                    Some(_) => EntryChange::Assigned(now),
                    None => {
                        ticket.status = TicketStatus::Waiting;
                        // Who was only asked whether he takes it has given nothing away.
                        let from = before.agent_id.filter(|_| !before.is_offered());
                        given_away(&context, from, before.department_id, now)
                    }
                };
                let decision = Some(decision.clone());
                Ok(Step { transfer: Some(transfer), decision, ..entry.into() })
            })
            .await?;
        let transfer = transfer.ok_or(HubError::Conflict)?;
        let asked = before.agent_id.filter(|_| before.is_offered());
        if let Some(asked) = asked.filter(|asked| Some(*asked) != changed.agent_id) {
            self.tell_offer_ended(asked, OfferEnd::Withdrawn, now);
        }
        self.tell_transferred(transfer.clone(), now);
        let waits = changed.status == TicketStatus::Waiting;
        if before.department_id != changed.department_id || !waits {
            self.context.queues.withdraw(before.department_id, changed.id);
        }
        match changed.agent_id {
            Some(agent_id) => self.context.presence.charged(agent_id, changed.id),
            None => self.context.presence.freed(changed.id),
        }
        if waits {
            self.enqueue().await;
        }
        Ok((changed, transfer))
    }

    async fn decision_of(
        &self,
        request: &TransferRequest,
        ticket: &Ticket,
    ) -> Result<NewDecision, HubError> {
        let kind = DecisionKind::Transferred;
        let mut decision = if let Some(agent_id) = request.to_agent_id {
            self.by_hand(kind, request.by, agent_id).await?
        } else {
            let from_agent_id = ticket.agent_id.map(|id| id.0);
            let reasons = Reasons { from_agent_id, ..Reasons::default() };
            NewDecision { kind, agent_id: None, decided_by: Some(request.by), reasons }
        };
        decision.reasons.from_department_id = Some(ticket.department_id.0);
        Ok(decision)
    }

    /// The person to whom it was handed over says what he does with it.
    pub(super) async fn answer_transfer(
        &mut self,
        ticket_id: TicketId,
        answer: TransferAnswer,
    ) -> Result<Ticket, HubError> {
        let (TransferAnswer::Take { by } | TransferAnswer::SendBack { by }) = answer;
        let Some(open) = self.open.as_ref().filter(|open| open.ticket.id == ticket_id) else {
            return Err(Rejected::NoTransfer.into());
        };
        let is_his = open.ticket.agent_id == Some(by);
        let Some(transfer) = open.transfer.clone().filter(|_| is_his) else {
            return Err(Rejected::NoTransfer.into());
        };
        match answer {
            TransferAnswer::Take { .. } => self.take_transfer(by).await?,
            TransferAnswer::SendBack { .. } => self.send_back(&transfer, Some(by)).await?,
        }
        self.open.as_ref().map(|open| open.ticket.clone()).ok_or(HubError::Conflict)
    }

    /// The owner works on what was handed over to him: it stays.
    pub(super) async fn take_transfer(&mut self, by: AgentId) -> Result<(), HubError> {
        let Some(open) = self.open.as_mut().filter(|open| open.ticket.agent_id == Some(by)) else {
            return Ok(());
        };
        let Some(transfer) = open.transfer.take() else { return Ok(()) };
        let now = self.context.clock.now();
        self.context.store.accept_transfer(transfer.id, now).await?;
        Ok(())
    }

    /// Nobody has taken a hand-over in time. It goes back if a customer waits; else it may lie.
    pub(super) async fn return_due(
        &mut self,
        ticket_id: TicketId,
        transfer_id: TransferId,
    ) -> Result<(), HubError> {
        let now = self.context.clock.now();
        let store = &self.context.store;
        let found = store.find_open_transfer(ticket_id).await?;
        let open = self.open.as_ref().filter(|open| open.ticket.id == ticket_id);
        let (Some(transfer), Some(open)) = (found.filter(|t| t.id == transfer_id), open) else {
            // Handed over again, taken, or over.
            return Ok(store.postpone_transfer(transfer_id, None).await?);
        };
        let ticket = &open.ticket;
        let is_still_there = ticket.department_id == transfer.to_department_id
            && match transfer.to_agent_id {
                Some(_) => ticket.agent_id == transfer.to_agent_id,
                None => ticket.is_unassigned(),
            };
        if !is_still_there {
            return Ok(store.postpone_transfer(transfer_id, None).await?);
        }
        if transfer.returns_at.is_none_or(|due| due > now) {
            return Ok(());
        }
        if ticket.awaiting_since.is_none() {
            let wait = return_time(&self.context, transfer.from_department_id);
            let until = wait.map(|wait| now.plus(wait));
            return Ok(store.postpone_transfer(transfer_id, until).await?);
        }
        self.send_back(&transfer, None).await
    }

    /// Back into the queue of the department that it came from, with its age.
    async fn send_back(
        &mut self,
        transfer: &Transfer,
        by: Option<AgentId>,
    ) -> Result<(), HubError> {
        let now = self.context.clock.now();
        let Some(before) = self.open.as_ref().map(|open| open.ticket.clone()) else {
            return Ok(());
        };
        let context = Arc::clone(&self.context);
        let decision = NewDecision {
            kind: DecisionKind::TransferReturned,
            agent_id: None,
            decided_by: by,
            reasons: Reasons {
                from_agent_id: before.agent_id.map(|id| id.0),
                from_department_id: Some(before.department_id.0),
                ..Reasons::default()
            },
        };
        let (changed, _) = self
            .change(now, |ticket| {
                if ticket.agent_id != before.agent_id || !ticket.status.is_open() {
                    return Err(HubError::Conflict);
                }
                ticket.agent_id = None;
                ticket.owned_since = None;
                ticket.status = TicketStatus::Waiting;
                ticket.department_id = transfer.from_department_id;
                let (returned, decision) = (Some(transfer.id), Some(decision.clone()));
                let entry = given_away(&context, before.agent_id, transfer.from_department_id, now);
                Ok(Step { returned, decision, ..entry.into() })
            })
            .await?;
        self.context.queues.withdraw(before.department_id, changed.id);
        self.context.presence.freed(changed.id);
        self.tell_requeued(&changed, &before, now);
        self.enqueue().await;
        Ok(())
    }

    /// The owner of a chat whose customer waits has gone: back to the queue, with its age.
    pub(super) async fn requeue(
        &mut self,
        ticket_id: TicketId,
        gone_since: Timestamp,
    ) -> Result<(), HubError> {
        let Some(before) = self.open.as_ref().map(|open| open.ticket.clone()) else {
            return Ok(());
        };
        let owner = before.agent_id;
        let is_still_so = before.id == ticket_id
            && before.status.is_load()
            && before.awaiting_since.is_some()
            && before.owned_since.is_none_or(|owned| owned <= gone_since)
            && owner.is_some_and(|id| self.context.presence.gone_since(id).is_some());
        if !is_still_so {
            return Ok(());
        }
        let now = self.context.clock.now();
        let decision = NewDecision {
            kind: DecisionKind::Requeued,
            agent_id: None,
            decided_by: None,
            reasons: Reasons { from_agent_id: owner.map(|id| id.0), ..Reasons::default() },
        };
        let (changed, _) = self
            .change(now, |ticket| {
                if ticket.agent_id != owner || !ticket.status.is_load() {
                    return Err(HubError::Conflict);
                }
                ticket.agent_id = None;
                ticket.status = TicketStatus::Waiting;
                ticket.owned_since = None;
                let decision = Some(decision.clone());
                Ok(Step { decision, ..EntryChange::Waiting.into() })
            })
            .await?;
        self.context.presence.freed(changed.id);
        self.tell_requeued(&changed, &before, now);
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

    /// It waited too long in one department; in the next one it keeps its age.
    pub(super) async fn overflow(
        &mut self,
        ticket_id: TicketId,
        from: DepartmentId,
        to: DepartmentId,
    ) -> Result<(), HubError> {
        let is_still_so = self.open.as_ref().is_some_and(|open| {
            let ticket = &open.ticket;
            ticket.id == ticket_id && ticket.is_unassigned() && ticket.department_id == from
        });
        if !is_still_so {
            return Ok(());
        }
        let now = self.context.clock.now();
        let reasons = Reasons { from_department_id: Some(from.0), ..Reasons::default() };
        let kind = DecisionKind::Overflowed;
        let decision = NewDecision { kind, agent_id: None, decided_by: None, reasons };
        let (changed, _) = self
            .change(now, |ticket| {
                if !ticket.is_unassigned() || ticket.department_id != from {
                    return Err(HubError::Conflict);
                }
                ticket.department_id = to;
                let decision = Some(decision.clone());
                Ok(Step { decision, ..EntryChange::Overflowed(from).into() })
            })
            .await?;
        self.context.queues.withdraw(from, changed.id);
        self.tell_overflowed(&changed, from, now);
        self.enqueue().await;
        Ok(())
    }
}

fn new_transfer(
    context: &Context,
    ticket: &Ticket,
    request: &TransferRequest,
    now: Timestamp,
) -> NewTransfer {
    // What somebody takes for himself is taken.
    let may_return = request.to_agent_id != Some(request.by);
    let wait = return_time(context, ticket.department_id).filter(|_| may_return);
    NewTransfer {
        from_agent_id: ticket.agent_id,
        to_agent_id: request.to_agent_id,
        from_department_id: ticket.department_id,
        to_department_id: request.to_department_id.unwrap_or(ticket.department_id),
        reason: request.reason.clone(),
        created_by: Some(request.by),
        returns_at: wait.map(|wait| now.plus(wait)),
    }
}

/// Into the queue, and for as long as a hand-over may lie not back to whoever gave it away.
fn given_away(
    context: &Context,
    from: Option<AgentId>,
    department_id: DepartmentId,
    now: Timestamp,
) -> EntryChange {
    let until = return_time(context, department_id).map(|wait| now.plus(wait));
    EntryChange::Queued { from, until }
}

/// How long a hand-over from this department may lie.
fn return_time(context: &Context, from: DepartmentId) -> Option<std::time::Duration> {
    context.roster().department(from)?.routing.return_time()
}

/// Who is to have the chat: a person who is there, active, and in the department that was named; or
/// nobody yet, and then the department has to be named.
fn check_target(
    context: &Context,
    request: &TransferRequest,
) -> Result<Option<Arc<Agent>>, HubError> {
    let roster = context.roster();
    let target = match request.to_agent_id {
        Some(id) => {
            let agent = roster.agent(id).filter(|agent| agent.is_active);
            Some(agent.ok_or_else(|| HubError::not_found("Atendente", &id))?)
        }
        None => None,
    };
    if let Some(id) = request.to_department_id {
        let department = roster.department(id).filter(|department| department.is_active);
        department.ok_or_else(|| HubError::not_found("Departamento", &id))?;
        if target.is_some_and(|agent| !roster.is_member(agent.id, id)) {
            return Err(Rejected::TargetNotInDepartment.into());
        }
    } else if target.is_none() {
        return Err(Rejected::NoTarget.into());
    }
    Ok(target.map(Arc::clone))
}
