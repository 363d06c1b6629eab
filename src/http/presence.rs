//! Who is there, and who types.

use axum::{Json, extract::State};
use dx_actors::{
    chat::audience_of,
    domain::{Device, PresenceStatus, phone},
    events::{Audience, ChatAudience},
};

use super::{Body, Listing, Query, reply::NoContent};
use crate::{
    auth::CurrentAgent,
    error::{ApiError, ApiResult},
    openapi::{Missing, schemas::PageParams},
    state::AppState,
    wire::{
        presence::{
            DeviceParams, MessageOut, PresenceOut, StatusIn, StatusSetOut, TypingIn, TypingParams,
            status_changed,
        },
        words::Word,
    },
};

const STATUS_MESSAGE_CHARS_MAX: usize = 255;
const REASON_CHARS_MAX: usize = 255;
const CHAT_ID_CHARS_MAX: usize = 100;
const BAD_STATUS: &str = "Status inválido. Use: online, offline, busy, away";
const NO_CHAT: &str = "chat_id é obrigatório";

/// `GET /presence/`: everybody.
#[utoipa::path(
    get,
    path = "",
    tag = "Presença",
    summary = "Lista a presença de todos",
    description = "O status de cada pessoa, e se está mesmo conectada.",
    params(PageParams),
    responses((status = 200, body = Listing<PresenceOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
) -> ApiResult<Json<Listing<PresenceOut>>> {
    let now = app.hub.clock().now();
    let views = app.hub.presence().view_all().await?;
    let rows = views.into_iter().map(|view| PresenceOut::new(view, &me.roster, now));
    Ok(Json(query.paginate(rows)?))
}

/// `GET /presence/me/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Presença",
    summary = "Mostra a própria presença",
    description = "O que os colegas veem.",
    responses((status = 200, body = PresenceOut)),
)]
pub(super) async fn mine(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<PresenceOut>> {
    let view = app.hub.presence().view(me.id).await?;
    Ok(Json(PresenceOut::new(view, &me.roster, app.hub.clock().now())))
}

/// `POST /presence/set-status/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Presença",
    summary = "Muda o próprio status",
    description = "Os colegas recebem o evento `presence`. Quem está `online` recebe novos atendimentos.",
    request_body = StatusIn,
    responses((status = 200, body = StatusSetOut)),
)]
pub(super) async fn set_status(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<StatusSetOut>> {
    let mut fields = body.fields();
    let status = fields.json("status").and_then(|value| PresenceStatus::parse(value.as_str()?));
    let status = status.ok_or_else(|| ApiError::refused(BAD_STATUS))?;
    let message = fields.optional_text("message", STATUS_MESSAGE_CHARS_MAX);
    let reason = fields.optional_text("motivo", REASON_CHARS_MAX);
    let (message, reason) = fields.finish((message, reason))?;
    let (before, after) = app.hub.presence().set_status(me.id, status, message, reason).await?;
    let message = status_changed(before, after);
    Ok(Json(StatusSetOut { message, status: after.word() }))
}

/// `POST /presence/heartbeat/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Presença",
    summary = "Dá um sinal de vida",
    description = "Para clientes sem WebSocket: a cada 30 segundos. Sem sinal por dois minutos a pessoa \
        fica offline.",
    params(DeviceParams),
    responses((status = 200, body = MessageOut)),
)]
pub(super) async fn heartbeat(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
) -> ApiResult<Json<MessageOut>> {
    let device = query.text("device").map(Device::named).unwrap_or_default();
    app.hub.presence().heartbeat(me.id, device).await?;
    Ok(Json(MessageOut { message: "Heartbeat atualizado".to_owned() }))
}

/// `POST /typing/`: shown to whoever may see the chat, but not to the one who types.
#[utoipa::path(
    post,
    path = "",
    tag = "Presença",
    summary = "Mostra que se está digitando",
    description = "Vale por alguns segundos; repita enquanto se digita.",
    request_body = TypingIn,
    responses((status = 200, body = MessageOut)),
)]
pub(super) async fn start_typing(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<MessageOut>> {
    let mut fields = body.fields();
    let chat_id = fields.optional_text("chat_id", CHAT_ID_CHARS_MAX);
    let chat_id = fields.finish(chat_id)?.filter(|chat_id| !chat_id.is_empty());
    let chat_id = phone::chat_id(&chat_id.ok_or_else(|| ApiError::refused(NO_CHAT))?);
    let audience = typing_audience(&app, &me, &chat_id, true).await?;
    app.hub.presence().start_typing(me.id, chat_id, audience).await?;
    Ok(Json(MessageOut { message: "Indicador de digitação ativado".to_owned() }))
}

/// `DELETE /typing/?chat_id=`: 404 when nothing was shown.
#[utoipa::path(
    delete,
    path = "",
    tag = "Presença",
    summary = "Não se está mais digitando",
    description = "404 quando nada era mostrado.",
    params(TypingParams),
    responses((status = 204), Missing),
)]
pub(super) async fn stop_typing(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
) -> ApiResult<NoContent> {
    let chat_id = phone::chat_id(query.text("chat_id").ok_or_else(|| ApiError::refused(NO_CHAT))?);
    let was_shown = app.hub.presence().stop_typing(me.id, chat_id.clone()).await?;
    if !was_shown {
        return Err(ApiError::not_found());
    }
    typing_audience(&app, &me, &chat_id, false).await?;
    Ok(NoContent)
}

/// Whoever may see the chat, except the one who types; the customer is shown it, too.
async fn typing_audience(
    app: &AppState,
    me: &CurrentAgent,
    chat_id: &str,
    is_typing: bool,
) -> ApiResult<Audience> {
    let found = app.hub.store().find_chat_ticket(chat_id).await?;
    let except = Some(me.id);
    let Some(view) = found else {
        return Ok(Audience::Chat(ChatAudience { except, ..ChatAudience::default() }));
    };
    if view.ticket.status.is_open() && me.viewer().may_see(&view.ticket) {
        let (session_id, chat_id) = (view.ticket.session_id, view.ticket.chat_id.clone());
        app.hub.sessions().set_typing(session_id, chat_id, me.id, is_typing);
    }
    Ok(Audience::Chat(ChatAudience { except, ..audience_of(&view.ticket) }))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use crate::test_support::TestApp;

    #[tokio::test]
    async fn the_reference_example_works() {
        let app = TestApp::new().await;
        let body = json!({"status": "busy", "message": "Em reunião até 15h"});
        let set = app.post("/api/v1/presence/set-status/").signed_in().json(&body).send().await;
        let expected = json!({"message": "Status alterado de offline para busy", "status": "busy"});
        assert_eq!((set.status, set.json()), (200, expected));
        let mine = app.get("/api/v1/presence/me/").signed_in().send().await.json();
        assert_eq!(mine["status_message"], "Em reunião até 15h");
        assert_eq!((&mine["agent"], &mine["websocket_connected"]), (&json!(1), &json!(false)));
        assert_eq!(mine["is_available"], false);
    }

    #[tokio::test]
    async fn bad_input_is_refused_with_the_known_texts() {
        let app = TestApp::new().await;
        let post = async |path: &str, body| {
            let answer = app.post(path).signed_in().json(&body).send().await;
            (answer.status, answer.json())
        };
        let text = "Status inválido. Use: online, offline, busy, away";
        for body in [json!({}), json!({"status": "zz"}), json!({"status": 1})] {
            let (status, answer) = post("/api/v1/presence/set-status/", body).await;
            assert_eq!((status, answer["error"].as_str()), (400, Some(text)));
        }
        let long = json!({"status": "busy", "message": "x".repeat(256)});
        assert!(post("/api/v1/presence/set-status/", long).await.1["message"].is_array());
        let (status, answer) = post("/api/v1/typing/", json!({})).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some("chat_id é obrigatório")));
        let long = json!({"chat_id": "1".repeat(101)});
        assert!(post("/api/v1/typing/", long).await.1["chat_id"].is_array());
    }

    #[tokio::test]
    async fn typing_starts_and_stops() {
        let app = TestApp::new().await;
        // However the number is written.
        for written in ["5511999999999", "+55 11 99999-9999"] {
            let body = json!({ "chat_id": written });
            let started = app.post("/api/v1/typing/").signed_in().json(&body).send().await;
            assert_eq!(started.status, 200);
            let path = "/api/v1/typing/?chat_id=5511999999999";
            let stop = async || app.request(Method::DELETE, path).signed_in().send().await.status;
            assert_eq!((stop().await, stop().await), (204, 404), "{written}");
        }
    }
}
