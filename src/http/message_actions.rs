//! What people do with a message that exists: react, correct, take back, send again, cancel.

use axum::{Json, extract::State};
use dx_actors::{
    domain::{
        ChangeKind, Direction, Message, MessageChange, MessageKind, MessageRowId, MessageStatus,
        Role, Side,
    },
    session::ProviderError,
};
use std::time::Duration;
use uuid::Uuid;

use super::{
    Body, Id,
    messages::{find, find_of_chat},
};
use crate::{
    auth::{CurrentAgent, scope::chat_scope},
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden, Locked, Missing, Refused},
    state::AppState,
    wire::{
        incoming::{MESSAGE_ID_CHARS_MAX, TEXT_CHARS_MAX},
        message::MessageOut,
        message_change::{EditIn, MessageChangeOut, ReactionIn, RetryIn},
    },
};

/// An emoji may be made of several characters (skin, family, flag).
const EMOJI_CHARS_MAX: usize = 20;
/// A network that does not answer is not waited for longer.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(20);
/// WhatsApp lets texts be corrected this long (its help pages, "edit messages").
const EDIT_WINDOW: Duration = Duration::from_mins(15);
/// And taken back this long (2 days and 12 hours).
const DELETION_WINDOW: Duration = Duration::from_hours(60);

/// `POST /messages/{id}/reacao/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Mensagens",
    summary = "Reage a uma mensagem",
    description = "Com um emoji; vazio retira a reação. A rede já a aceitou quando a resposta chega.",
    request_body = ReactionIn,
    responses((status = 200, body = MessageOut), Locked),
)]
pub(super) async fn react(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<MessageOut>> {
    let mut fields = body.fields();
    let emoji = fields.text_or("emoji", EMOJI_CHARS_MAX, "");
    if emoji.chars().any(|c| c.is_ascii_alphabetic()) {
        fields.error("emoji", "Informe um emoji.");
    }
    let emoji = fields.finish(emoji)?;
    let target = find_of_chat(&app, &me, id).await?;
    change(&app, &me, target, ChangeKind::Reaction, emoji).await
}

/// `POST /messages/{id}/editar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Mensagens",
    summary = "Corrige um texto enviado",
    description = "Até 15 minutos depois do envio, como no WhatsApp. O texto anterior fica nas alterações.",
    request_body = EditIn,
    responses((status = 200, body = MessageOut), Forbidden, Locked),
)]
pub(super) async fn edit(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<MessageOut>> {
    let mut fields = body.fields();
    let text = fields.required_text("text", TEXT_CHARS_MAX);
    let text = fields.finish(text)?;
    let target = find_of_chat(&app, &me, id).await?;
    if target.kind != MessageKind::Text {
        return Err(ApiError::refused("Só textos podem ser corrigidos."));
    }
    check_right(&app, &me, &target, "corrigir").await?;
    check_own(&app, &target, EDIT_WINDOW, "corrigida")?;
    change(&app, &me, target, ChangeKind::Edit, text).await
}

/// `POST /messages/{id}/apagar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Mensagens",
    summary = "Apaga uma mensagem enviada, para todos",
    description = "Até 60 horas depois do envio, como no WhatsApp. O texto fica guardado aqui.",
    responses((status = 200, body = MessageOut), Forbidden, Refused, Locked),
)]
pub(super) async fn take_back(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<MessageOut>> {
    let target = find_of_chat(&app, &me, id).await?;
    check_right(&app, &me, &target, "apagar").await?;
    check_own(&app, &target, DELETION_WINDOW, "apagada")?;
    change(&app, &me, target, ChangeKind::Deletion, String::new()).await
}

/// `GET /messages/{id}/alteracoes/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Mensagens",
    summary = "Mostra o que aconteceu com uma mensagem",
    description = "Reações, correções, exclusões e votos, do cliente e da empresa, na ordem em que chegaram.",
    responses((status = 200, body = Vec<MessageChangeOut>)),
)]
pub(super) async fn changes(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<Vec<MessageChangeOut>>> {
    let message = find(&app, &me, id).await?;
    let changes = app.hub.store().list_message_changes(message.id).await?;
    let out = changes.into_iter().map(|change| MessageChangeOut::new(change, &me.roster));
    Ok(Json(out.collect()))
}

/// `POST /messages/{id}/cancelar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Mensagens",
    summary = "Cancela uma mensagem que ainda não saiu",
    description = "409 quando ela já saiu, ou está saindo.",
    responses((status = 200, body = MessageOut), Forbidden, Conflict),
)]
pub(super) async fn cancel(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<MessageOut>> {
    let message = find_of_chat(&app, &me, id).await?;
    check_right(&app, &me, &message, "cancelar").await?;
    let cancelled = app.hub.cancel_message(message.id).await?;
    Ok(Json(MessageOut::new(cancelled, &me.roster)))
}

/// `POST /retry/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Mensagens",
    summary = "Envia de novo uma mensagem que falhou",
    description = "Com o mesmo identificador: o que a rede já tiver não é duplicado. 409 quando a mensagem \
        não falhou.",
    request_body = RetryIn,
    responses((status = 200, body = MessageOut), Forbidden, Missing, Conflict, Locked),
)]
pub(super) async fn retry(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<MessageOut>> {
    let mut fields = body.fields();
    let message_id = fields.optional_text("message_id", MESSAGE_ID_CHARS_MAX);
    let id = fields.optional_id("id");
    let message_id = message_id.filter(|text| !text.is_empty());
    if message_id.is_none() && id.is_none() && !fields.has_error("id") {
        fields.error("message_id", "Informe message_id ou id.");
    }
    let (message_id, id) = fields.finish((message_id, id))?;
    let (scope, store) = (chat_scope(&me), app.hub.store());
    let found = match (id, message_id) {
        (Some(id), _) => store.find_message(&scope, me.id, MessageRowId(id)).await?,
        (None, Some(text)) => store.find_message_by_any_id(&scope, me.id, &text).await?,
        (None, None) => None,
    };
    let message = found.ok_or_else(ApiError::not_found)?;
    check_right(&app, &me, &message, "reenviar").await?;
    let queued = app.hub.resend(&message).await?;
    Ok(Json(MessageOut::new(queued, &me.roster)))
}

/// `POST /messages/{id}/midia/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Mensagens",
    summary = "Busca de novo o arquivo de uma mensagem",
    description = "Para um arquivo que não veio; o resultado chega em `media_status`.",
    responses((status = 200, body = MessageOut), Refused),
)]
pub(super) async fn fetch_media(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<MessageOut>> {
    let message = find_of_chat(&app, &me, id).await?;
    let renewed = app.hub.fetch_media_again(message.id).await?;
    let text = "Não há arquivo a buscar nesta mensagem.";
    let renewed = renewed.ok_or_else(|| ApiError::refused(text))?;
    Ok(Json(MessageOut::new(renewed, &me.roster)))
}

/// One's own messages, and those of chats that one is responsible for or stands above.
async fn check_right(
    app: &AppState,
    me: &CurrentAgent,
    target: &Message,
    verb: &str,
) -> ApiResult<()> {
    if target.agent_id == Some(me.id) || target.direction == Direction::Inbound {
        return Ok(());
    }
    let found = match target.ticket_id {
        Some(id) => app.hub.store().find_ticket(id).await?,
        None => None,
    };
    let may_act = found.map_or(me.role >= Role::Manager, |view| me.viewer().may_act(&view.ticket));
    if may_act {
        return Ok(());
    }
    let text = format!("Você não tem permissão para {verb} uma mensagem de outra pessoa.");
    Err(ApiError::Forbidden(text.into()))
}

/// Only what the company sent can be changed by it, and not for ever.
fn check_own(app: &AppState, target: &Message, window: Duration, done: &str) -> ApiResult<()> {
    if target.direction != Direction::Outbound {
        return Err(ApiError::refused(format!("Só uma mensagem da empresa pode ser {done}.")));
    }
    if target.deleted_at.is_some() {
        return Err(ApiError::refused("A mensagem já foi apagada."));
    }
    if matches!(
        target.status,
        MessageStatus::Queued | MessageStatus::Sending | MessageStatus::Failed
    ) {
        return Err(ApiError::refused("A mensagem ainda não foi enviada."));
    }
    let sent_at = target.sent_at.unwrap_or(target.created_at);
    if app.hub.clock().now().since(sent_at) > window {
        return Err(ApiError::refused(format!("A mensagem é antiga demais para ser {done}.")));
    }
    Ok(())
}

/// The network first, then the row: what it refuses has not happened.
async fn change(
    app: &AppState,
    me: &CurrentAgent,
    target: Message,
    kind: ChangeKind,
    value: String,
) -> ApiResult<Json<MessageOut>> {
    let change = MessageChange {
        chat_id: target.chat_id.clone(),
        target_id: target.message_id.clone(),
        change_id: Uuid::new_v4().simple().to_string(),
        side: Side::Company,
        agent_id: Some(me.id),
        kind,
        value,
        at: app.hub.clock().now(),
    };
    let provider = app.hub.sessions().connected(target.session_id).await?;
    let told = tokio::time::timeout(CHANGE_TIMEOUT, provider.change(&change, &target)).await;
    match told {
        Ok(Ok(())) => {}
        Ok(Err(ProviderError::Refused(text) | ProviderError::Unsupported(text))) => {
            return Err(ApiError::refused(text));
        }
        Ok(Err(error)) => return Err(ApiError::unavailable(error)),
        Err(late) => return Err(ApiError::unavailable(late)),
    }
    let changed = app.hub.chats().change(target.session_id, change).await?;
    Ok(Json(MessageOut::new(changed.unwrap_or(target), &me.roster)))
}
