//! `/atendimento/filas/{id}/…`: what supervisors do with those who wait. A person's decision always wins
//! over an automatic one.

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    chat::{Acceptance, TransferRequest},
    domain::{AgentId, DecisionKind, NewDecision, QueueEntryId, Reasons, Rejected, Ticket},
    store::EntryEdit,
};

use super::{Body, Id, queues};
use crate::{
    auth::{CurrentAgent, Permission},
    error::ApiResult,
    openapi::{Conflict, Forbidden},
    state::AppState,
    wire::queue::{AssignIn, MoveIn, PinIn, QueueEntryOut},
};

const REASON_CHARS_MAX: usize = 1000;

/// `POST filas/{id}/mover/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Filas",
    summary = "Move para a fila de outro departamento",
    description = "Com a mesma idade. O atendimento passa a ser do outro departamento.",
    request_body = MoveIn,
    responses((status = 200, body = QueueEntryOut), Forbidden, Conflict),
)]
pub(super) async fn move_entry(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<QueueEntryOut>> {
    me.require(Permission::ManageDepartments)?;
    let mut fields = body.fields();
    let department = queues::department(&me.roster, &mut fields);
    let reason = fields.text_or("motivo", REASON_CHARS_MAX, "");
    let (department, reason) = fields.finish((department, reason))?;
    let ticket = waiting(&app, &me, id).await?;
    let reason = if reason.is_empty() { "Movido na fila".to_owned() } else { reason };
    let request = TransferRequest {
        by: me.id,
        to_agent_id: None,
        to_department_id: Some(department),
        reason,
    };
    app.hub.chats().transfer(&ticket, request).await?;
    queues::shown(&app, &me, QueueEntryId(id)).await.map(Json)
}

/// `POST filas/{id}/priorizar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Filas",
    summary = "Põe à frente de todos",
    description = "Passa à frente de qualquer prioridade; entre vários, o que foi posto primeiro. \
        `{\"ativo\": false}` desfaz.",
    request_body = PinIn,
    responses((status = 200, body = QueueEntryOut), Forbidden, Conflict),
)]
pub(super) async fn pin(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<QueueEntryOut>> {
    me.require(Permission::ManageDepartments)?;
    let mut fields = body.fields();
    let is_on = fields.bool_or("ativo", true);
    let is_on = fields.finish(is_on)?;
    let ticket = waiting(&app, &me, id).await?;
    let now = app.hub.clock().now();
    let decision = NewDecision {
        kind: DecisionKind::Pinned,
        agent_id: None,
        decided_by: Some(me.id),
        reasons: Reasons { is_pinned: is_on, ..Reasons::default() },
    };
    let changes = EntryEdit {
        pinned_at: Some(is_on.then_some(now)),
        decision: Some((decision, now)),
        ..EntryEdit::default()
    };
    app.hub.chats().edit_place(&ticket, changes).await?;
    queues::shown(&app, &me, QueueEntryId(id)).await.map(Json)
}

/// `POST filas/{id}/atribuir/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Filas",
    summary = "Dá a um atendente",
    description = "Mesmo acima da capacidade dele; isso fica registrado.",
    request_body = AssignIn,
    responses((status = 200, body = QueueEntryOut), Forbidden, Conflict),
)]
pub(super) async fn assign(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<QueueEntryOut>> {
    me.require(Permission::ManageDepartments)?;
    let mut fields = body.fields();
    let agent_id = AgentId(fields.required_id("atendente"));
    let agent_id = fields.finish(agent_id)?;
    let colleague = me.roster.agent(agent_id).filter(|agent| agent.is_active);
    colleague.ok_or_else(|| HubError::not_found("Atendente", &agent_id))?;
    let ticket = waiting(&app, &me, id).await?;
    let acceptance = Acceptance { by: me.id, agent_id, notes: None };
    app.hub.chats().accept(&ticket, acceptance).await?;
    queues::shown(&app, &me, QueueEntryId(id)).await.map(Json)
}

/// The ticket of somebody who waits, for a person who watches over it: nobody has it yet.
async fn waiting(app: &AppState, me: &CurrentAgent, id: i64) -> ApiResult<Ticket> {
    let entry = queues::find(app, QueueEntryId(id)).await?.entry;
    if !entry.is_waiting() {
        return Err(Rejected::NotInQueue.into());
    }
    let view = app.hub.store().find_ticket(entry.ticket_id).await?;
    let ticket = view.ok_or_else(|| HubError::not_found("Atendimento", &entry.ticket_id))?.ticket;
    if !me.viewer().watches(&ticket) {
        return Err(crate::error::ApiError::forbidden());
    }
    Ok(ticket)
}
