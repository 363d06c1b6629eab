//! `/chats/{chat_id}/…`: offers, answers to hand-overs, and why a chat is where it is.

use axum::{Json, extract::State};
use dx_actors::{
    chat::TransferAnswer,
    domain::{Ticket, ticket::Viewer},
};

use super::chats::{self, ChatId};
use crate::{
    auth::CurrentAgent,
    error::ApiResult,
    openapi::{Conflict, Forbidden, Refused},
    state::AppState,
    wire::{
        chat::ChatOut,
        routing::{SegmentOut, WhyOut},
    },
};

/// Decisions that one answer carries.
const DECISIONS_MAX: i64 = 100;

/// `POST chats/{chat_id}/recusar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Chats",
    summary = "Recusa um chat oferecido",
    description = "Só quem recebeu a oferta (`chat_offered`). O chat continua na fila com a mesma idade e é \
        oferecido primeiro aos outros. 400 quando não há oferta.",
    responses((status = 200, body = Recusado), Refused, Forbidden, Conflict),
)]
pub(super) async fn decline(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
) -> ApiResult<Json<Recusado>> {
    let ticket = chats::find(&app, &chat_id).await?.ticket;
    app.hub.chats().decline(&ticket, me.id).await?;
    Ok(Json(Recusado { message: "Oferta recusada", chat_id: ticket.chat_id }))
}

/// O chat continua na fila.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(example = json!({"message": "Oferta recusada", "chat_id": "5511999990001"}))]
pub(super) struct Recusado {
    pub message: &'static str,
    pub chat_id: String,
}

/// `POST chats/{chat_id}/transferencia/aceitar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Chats",
    summary = "Fica com um chat transferido",
    description = "Só o destinatário. Sem isto (ou uma resposta ao cliente), o chat volta à fila de origem \
        depois de `transferencia_retorno_segundos`.",
    responses((status = 200, body = ChatOut), Refused, Forbidden, Conflict),
)]
pub(super) async fn take_transfer(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
) -> ApiResult<Json<ChatOut>> {
    let view = chats::find(&app, &chat_id).await?;
    let answer = TransferAnswer::Take { by: me.id };
    app.hub.chats().answer_transfer(&view.ticket, answer).await?;
    let view = chats::find(&app, &chat_id).await?;
    chats::shown(&app, &me, view).await.map(Json)
}

/// `POST chats/{chat_id}/transferencia/recusar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Chats",
    summary = "Devolve um chat transferido",
    description = "Só o destinatário, antes de aceitar ou responder. O chat volta à fila do departamento de \
        origem com a mesma idade.",
    responses((status = 200, body = Recusado), Refused, Forbidden, Conflict),
)]
pub(super) async fn send_back(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
) -> ApiResult<Json<Recusado>> {
    let ticket = chats::find(&app, &chat_id).await?.ticket;
    let answer = TransferAnswer::SendBack { by: me.id };
    app.hub.chats().answer_transfer(&ticket, answer).await?;
    Ok(Json(Recusado { message: "Transferência devolvida", chat_id: ticket.chat_id }))
}

/// `GET chats/{chat_id}/porque/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Chats",
    summary = "Diz por que um chat está onde está",
    description = "Cada decisão automática ou de uma pessoa, com quem foi avaliado e por que não recebeu; e, \
        enquanto o chat espera, por que ninguém o recebe.",
    responses((status = 200, body = WhyOut), Forbidden),
)]
pub(super) async fn why(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
) -> ApiResult<Json<WhyOut>> {
    let ticket = seen(&app, &me, &chat_id).await?;
    let waiting = app.hub.queues().explain(ticket.department_id, ticket.id).await?;
    let decisions = app.hub.store().list_decisions(ticket.id, DECISIONS_MAX).await?;
    Ok(Json(WhyOut::new(ticket.chat_id, ticket.id, waiting, decisions, &me.roster)))
}

/// `GET chats/{chat_id}/segmentos/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Chats",
    summary = "Mostra por quem um chat passou",
    description = "Os trechos do atendimento atual, do mais antigo ao mais novo.",
    responses((status = 200, body = Vec<SegmentOut>), Forbidden),
)]
pub(super) async fn segments(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
) -> ApiResult<Json<Vec<SegmentOut>>> {
    let ticket = seen(&app, &me, &chat_id).await?;
    let now = app.hub.clock().now();
    let segments = app.hub.store().list_segments(ticket.id).await?;
    Ok(Json(segments.iter().map(|segment| SegmentOut::new(segment, &me.roster, now)).collect()))
}

/// The ticket of a chat, for whoever may see it.
async fn seen(app: &AppState, me: &CurrentAgent, chat_id: &str) -> ApiResult<Ticket> {
    let ticket = chats::find(app, chat_id).await?.ticket;
    chats::permit(me, &ticket, Viewer::may_see, "visualizar")?;
    Ok(ticket)
}
