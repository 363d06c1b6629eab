//! The company's WhatsApp numbers: rows, starting and stopping, figures. Everybody sees them; whoever
//! manages numbers changes them.

use std::collections::HashMap;

use axum::{Json, extract::State, http::StatusCode};
use dx_actors::{
    HubError,
    directory::Roster,
    domain::{
        DepartmentId, ProviderKind, SessionChanges, SessionId, SessionStatus, WhatsAppSession,
        cloud::CloudNumberChanges, phone,
    },
    store::{Order, SessionFilter, SessionSort},
};
use uuid::Uuid;

use super::{
    Body, Fields, Id, Listing, Query,
    cloud_numbers::{self, Completeness},
    reply::{Created, NoContent},
    session_diagnosis,
};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden, Missing, schemas::PageParams},
    providers::web::proxy::Proxy,
    state::AppState,
    wire::{
        cloud_number::CloudNumberOut,
        session::{
            ReconnectingOut, SentenceOut, SessionChangesIn, SessionChoiceIn, SessionChoiceParams,
            SessionIn, SessionMetricsOut, SessionOut, SessionParams, SessionStatusOut, StartIn,
            StartedOut, StatusWordOut,
        },
        words::Word,
    },
};

const DEVICE_NAME_DEFAULT: &str = "DX Connect Web";
pub(super) const DEVICE_NAME_CHARS_MAX: usize = 100;
/// Contract §9.
pub(super) const PROXY_URL_CHARS_MAX: usize = 500;
/// Longer than any way to write a number.
const PHONE_CHARS_MAX: usize = 30;
const NOT_A_PHONE: &str = "Informe o número do celular com DDD, como +55 11 98888-7777.";
const NOT_PAIRED: &str =
    "Números da Cloud API não são pareados: ficam prontos com o token e os ids.";
const NOT_A_PROXY: &str =
    "Informe um endereço como socks5://usuario:senha@servidor:1080 ou http://servidor:3128.";
const NOT_CLOUD: &str = "Só para números da Cloud API (provider \"cloud\").";
/// A minute between two messages is slow enough for anybody.
const PACE_MS_MAX: i64 = 60_000;
const COLD_CONTACTS_MAX: i64 = 100_000;
const SORTS: [(&str, SessionSort); 3] = [
    ("created_at", SessionSort::CreatedAt),
    ("updated_at", SessionSort::UpdatedAt),
    ("connected_at", SessionSort::ConnectedAt),
];

/// `GET /sessions/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Sessões",
    summary = "Lista os números",
    description = "O QR code e o proxy só aparecem para quem conecta números.",
    params(PageParams, SessionParams),
    responses((status = 200, body = Listing<SessionOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<SessionOut>> {
    let filter = SessionFilter {
        status: query.choice("status", SessionStatus::parse),
        is_active: query.boolean("is_active"),
        search: query.search_terms(),
    };
    query.check()?;
    let mut orders = query.orders(&SORTS);
    if orders.is_empty() {
        orders.push(Order { by: SessionSort::UpdatedAt, is_descending: true });
    }
    let fetch = |page| app.hub.store().list_sessions(&filter, &orders, page);
    let page = query.fetch(fetch).await?;
    let mut cloud = cloud_of(&app, &me, &page.results).await?;
    Ok(page.map(|session| {
        let cloud = cloud.remove(&session.id);
        row(&app, &me, session, cloud)
    }))
}

/// `POST /sessions/`: one more number, not connected.
#[utoipa::path(
    post,
    path = "",
    tag = "Sessões",
    summary = "Cria um número",
    description = "Ainda não conectado: `sessions/start/` o conecta.",
    request_body = SessionIn,
    responses((status = 201, body = SessionOut), Forbidden),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Created<SessionOut>> {
    me.require(Permission::ManageSessions)?;
    let mut fields = body.fields();
    let provider = fields.choice_or("provider", app.config.whatsapp_mode, ProviderKind::parse);
    let changes = changes(&mut fields, &me.roster);
    let cloud = match provider {
        ProviderKind::Cloud => Some(cloud_numbers::read(&app, &mut fields, Completeness::Whole)?),
        ProviderKind::Sandbox | ProviderKind::Web => {
            refuse_cloud(&mut fields);
            None
        }
    };
    let changes = fields.finish(changes)?;
    if let Some(cloud) = &cloud {
        cloud_numbers::check_free(&app, cloud).await?;
    }
    let device_name = changes.device_name.clone().unwrap_or(DEVICE_NAME_DEFAULT.to_owned());
    let department = changes.department_id.flatten();
    let sessions = app.hub.sessions();
    let session = sessions.create(provider, device_name, department, me.id).await?;
    if let Some(cloud) = cloud
        && let Err(error) = cloud_numbers::save(&app, session.id, cloud, me.id).await
    {
        sessions.deactivate(session.id, me.id).await?;
        return Err(error);
    }
    let session = sessions.update(session.id, changes, me.id).await?;
    Ok(Created(whole_row(&app, &me, session).await?))
}

/// `GET /sessions/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Sessões",
    summary = "Mostra um número",
    description = "O QR code e o proxy só aparecem para quem conecta números.",
    responses((status = 200, body = SessionOut)),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<SessionOut>> {
    let session = app.hub.sessions().resolve(Some(SessionId(id))).await?;
    Ok(Json(whole_row(&app, &me, session).await?))
}

/// `PUT` and `PATCH /sessions/{id}/`: what is not sent stays; status and counters are nobody's to set.
#[utoipa::path(
    method(put, patch),
    path = "",
    tag = "Sessões",
    summary = "Altera um número",
    description = "O que não vem fica como está; estado e contadores não se alteram.",
    request_body = SessionChangesIn,
    responses((status = 200, body = SessionOut), Forbidden, Conflict),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<SessionOut>> {
    me.require(Permission::ManageSessions)?;
    let session = app.hub.sessions().resolve(Some(SessionId(id))).await?;
    let mut fields = body.fields();
    let changes = changes(&mut fields, &me.roster);
    let cloud = match session.provider {
        ProviderKind::Cloud => cloud_numbers::read(&app, &mut fields, Completeness::Partial)?,
        ProviderKind::Sandbox | ProviderKind::Web => {
            refuse_cloud(&mut fields);
            CloudNumberChanges::default()
        }
    };
    let changes = fields.finish(changes)?;
    let is_other_access = !cloud.is_empty();
    if is_other_access {
        cloud_numbers::save(&app, session.id, cloud, me.id).await?;
    }
    let mut session = app.hub.sessions().update(session.id, changes, me.id).await?;
    if is_other_access && session.status.is_active() {
        session = app.hub.sessions().reconnect(session.id).await?;
    }
    Ok(Json(whole_row(&app, &me, session).await?))
}

/// `DELETE /sessions/{id}/`: out of use; its history stays.
#[utoipa::path(
    delete,
    path = "",
    tag = "Sessões",
    summary = "Tira um número de uso",
    description = "O seu histórico fica. O número padrão não pode sair: 409.",
    responses((status = 204), Forbidden, Conflict),
)]
pub(super) async fn deactivate(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    me.require(Permission::ManageSessions)?;
    let session = app.hub.sessions().resolve(Some(SessionId(id))).await?;
    app.hub.sessions().deactivate(session.id, me.id).await?;
    Ok(NoContent)
}

/// `POST /sessions/start/`: of the named number, else of the default one.
#[utoipa::path(
    post,
    path = "",
    tag = "Sessões",
    summary = "Conecta um número",
    description = "O indicado no corpo ou na consulta, senão o padrão. O estado chega por evento. Com \
                   `pairing_phone` vem, em vez do QR code, um código a digitar no celular.",
    params(SessionChoiceParams),
    request_body = Option<StartIn>,
    responses((status = 202, body = StartedOut), Forbidden, Conflict, Missing),
)]
pub(super) async fn start(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
    body: Body,
) -> ApiResult<(StatusCode, Json<StartedOut>)> {
    me.require(Permission::ManageSessions)?;
    let mut fields = body.fields();
    let id = fields.optional_id("session_id").or_else(|| query.number("session_id"));
    query.check()?;
    let pairing_phone = pairing_phone(&mut fields);
    let (id, pairing_phone) = fields.finish((id.map(SessionId), pairing_phone))?;
    let sessions = app.hub.sessions();
    let session = sessions.resolve(id).await?;
    let session = match pairing_phone {
        Some(_) if session.provider == ProviderKind::Cloud => {
            return Err(ApiError::field("pairing_phone", NOT_PAIRED));
        }
        Some(phone) => sessions.start_by_phone(session.id, phone).await?,
        None => sessions.start(session.id).await?,
    };
    Ok((StatusCode::ACCEPTED, Json(session.into())))
}

fn pairing_phone(fields: &mut Fields) -> Option<String> {
    let written = fields.optional_text("pairing_phone", PHONE_CHARS_MAX)?;
    if written.is_empty() {
        return None;
    }
    let phone = phone::canonical(&written);
    if phone.is_none() {
        fields.error("pairing_phone", NOT_A_PHONE);
    }
    phone
}

/// `POST /sessions/stop/`: also when there is nothing to stop.
#[utoipa::path(
    post,
    path = "",
    tag = "Sessões",
    summary = "Desconecta um número",
    description = "200 também quando não há o que desconectar.",
    params(SessionChoiceParams),
    request_body = Option<SessionChoiceIn>,
    responses((status = 200, body = SentenceOut), Forbidden, Conflict, Missing),
)]
pub(super) async fn stop(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
    body: Body,
) -> ApiResult<Json<SentenceOut>> {
    me.require(Permission::ManageSessions)?;
    match app.hub.sessions().resolve(named(query, body)?).await {
        Ok(session) => drop(app.hub.sessions().stop(session.id).await?),
        Err(HubError::NoSession) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Json(SentenceOut { message: "Sessão encerrada com sucesso" }))
}

/// `GET /sessions/status/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Sessões",
    summary = "Mostra o estado de um número",
    description = "Do indicado, senão do padrão.",
    params(SessionChoiceParams),
    responses((status = 200, body = SessionStatusOut), Missing),
)]
pub(super) async fn status(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
    body: Body,
) -> ApiResult<Json<SessionStatusOut>> {
    match app.hub.sessions().resolve(named(query, body)?).await {
        Ok(session) => {
            let socket_alive = app.hub.sessions().is_alive(session.id).await;
            let status = row(&app, &me, session, None).into();
            Ok(Json(SessionStatusOut { socket_alive, ..status }))
        }
        Err(HubError::NoSession) => Ok(Json(SessionStatusOut::none())),
        Err(error) => Err(error.into()),
    }
}

/// `GET /sessions/{id}/metrics/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Sessões",
    summary = "Mostra as métricas de um número",
    description = "Mensagens, latência e erros; por trecho do caminho e por motivo nas últimas 24 horas.",
    responses((status = 200, body = SessionMetricsOut)),
)]
pub(super) async fn metrics(
    State(app): State<AppState>,
    _me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<SessionMetricsOut>> {
    let session = app.hub.sessions().resolve(Some(SessionId(id))).await?;
    let metrics = app.hub.store().session_metrics(session.id).await?;
    let measures = session_diagnosis::measures(&app, session.id).await?;
    Ok(Json(SessionMetricsOut::new(&session, metrics, measures, app.hub.clock().now())))
}

/// `POST /sessions/{id}/reconnect/`: now, whatever `auto_reconnect` says.
#[utoipa::path(
    post,
    path = "",
    tag = "Sessões",
    summary = "Reconecta um número",
    description = "Agora, diga `auto_reconnect` o que disser.",
    responses((status = 202, body = ReconnectingOut), Forbidden, Conflict),
)]
pub(super) async fn reconnect(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<(StatusCode, Json<ReconnectingOut>)> {
    me.require(Permission::ManageSessions)?;
    let session = app.hub.sessions().resolve(Some(SessionId(id))).await?;
    let session = app.hub.sessions().reconnect(session.id).await?;
    let out = ReconnectingOut {
        message: "Reconexão iniciada",
        session_id: session.id.0,
        status: session.status.word(),
        task_id: Uuid::new_v4().to_string(),
    };
    Ok((StatusCode::ACCEPTED, Json(out)))
}

/// `POST /session/start`, for older clients.
#[utoipa::path(
    post,
    path = "",
    tag = "Sessões",
    summary = "Conecta o número padrão",
    description = "Para clientes mais antigos; sem barra final.",
    responses((status = 202, body = StatusWordOut), Forbidden, Conflict),
)]
pub(super) async fn start_default(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<(StatusCode, Json<StatusWordOut>)> {
    me.require(Permission::ManageConfigWhatsApp)?;
    let session = app.hub.sessions().resolve(None).await?;
    let session = app.hub.sessions().start(session.id).await?;
    Ok((StatusCode::ACCEPTED, Json(StatusWordOut { status: session.status.word() })))
}

/// `DELETE /session`, for older clients: stops the default number.
#[utoipa::path(
    delete,
    path = "",
    tag = "Sessões",
    summary = "Desconecta o número padrão",
    description = "Para clientes mais antigos; sem barra final.",
    responses((status = 204), Forbidden, Conflict),
)]
pub(super) async fn stop_default(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<NoContent> {
    me.require(Permission::ManageConfigWhatsApp)?;
    let session = app.hub.sessions().resolve(None).await?;
    app.hub.sessions().stop(session.id).await?;
    Ok(NoContent)
}

/// `GET /session/status`, for older clients.
#[utoipa::path(
    get,
    path = "",
    tag = "Sessões",
    summary = "Mostra o estado do número padrão",
    description = "Para clientes mais antigos; sem barra final.",
    responses((status = 200, body = StatusWordOut)),
)]
pub(super) async fn status_of_default(
    State(app): State<AppState>,
    _me: CurrentAgent,
) -> ApiResult<Json<StatusWordOut>> {
    let session = app.hub.sessions().resolve(None).await?;
    Ok(Json(StatusWordOut { status: session.status.word() }))
}

/// The number that a request names in its body or its address; `None` means the default one.
pub(super) fn named(mut query: Query, body: Body) -> ApiResult<Option<SessionId>> {
    let mut fields = body.fields();
    let id = fields.optional_id("session_id").or_else(|| query.number("session_id"));
    query.check()?;
    fields.finish(id.map(SessionId))
}

fn changes(fields: &mut Fields, roster: &Roster) -> SessionChanges {
    // `null` takes the number out of its department.
    let is_moved = fields.is_present("departamento");
    let department_id = fields.optional_id("departamento").map(DepartmentId);
    if let Some(id) = department_id.filter(|id| roster.department(*id).is_none()) {
        fields.error("departamento", format!("Pk inválido \"{id}\" - objeto não existe."));
    }
    SessionChanges {
        device_name: fields.changed_text("device_name", DEVICE_NAME_CHARS_MAX),
        department_id: is_moved.then_some(department_id),
        auto_reconnect: fields.optional_bool("auto_reconnect"),
        proxy_enabled: fields.optional_bool("proxy_enabled"),
        proxy_url: proxy_url(fields),
        pace_ms: limit(fields, "pace_ms", PACE_MS_MAX),
        cold_contacts_per_day: limit(fields, "cold_contacts_per_day", COLD_CONTACTS_MAX),
        keeps_groups: fields.optional_bool("keep_groups"),
    }
}

fn proxy_url(fields: &mut Fields) -> Option<String> {
    let url = fields.optional_text("proxy_url", PROXY_URL_CHARS_MAX)?;
    if !url.is_empty() && Proxy::parse(&url).is_none() {
        fields.error("proxy_url", NOT_A_PROXY);
    }
    Some(url)
}

fn refuse_cloud(fields: &mut Fields) {
    if fields.is_present(cloud_numbers::OBJECT) {
        fields.error(cloud_numbers::OBJECT, NOT_CLOUD);
    }
}

/// The access to the Cloud API of those that have one, for those who may see it.
async fn cloud_of(
    app: &AppState,
    me: &CurrentAgent,
    sessions: &[WhatsAppSession],
) -> ApiResult<HashMap<SessionId, CloudNumberOut>> {
    if !me.can(Permission::ManageSessions) {
        return Ok(HashMap::new());
    }
    let is_cloud = |session: &&WhatsAppSession| session.provider == ProviderKind::Cloud;
    let ids: Vec<SessionId> = sessions.iter().filter(is_cloud).map(|session| session.id).collect();
    cloud_numbers::shown(app, &ids).await
}

async fn whole_row(
    app: &AppState,
    me: &CurrentAgent,
    session: WhatsAppSession,
) -> ApiResult<SessionOut> {
    let cloud = cloud_of(app, me, std::slice::from_ref(&session)).await?.remove(&session.id);
    Ok(row(app, me, session, cloud))
}

/// A limit of one number; `null` goes back to what its kind asks.
#[expect(clippy::option_option, reason = "absent, null and a number are three things")]
fn limit(fields: &mut Fields, name: &str, max: i64) -> Option<Option<i64>> {
    let is_sent = fields.is_present(name);
    let limit = fields.optional_int(name, 0..=max);
    is_sent.then_some(limit)
}

fn row(
    app: &AppState,
    me: &CurrentAgent,
    session: WhatsAppSession,
    cloud: Option<CloudNumberOut>,
) -> SessionOut {
    let name = me.roster.agent_name(session.created_by);
    let (id, proxy_url) = (session.id, session.proxy_url.clone());
    let row = SessionOut::new(session, name, app.hub.clock().now());
    if !me.can(Permission::ManageSessions) {
        return row;
    }
    let pairing = app.hub.sessions().live(id).map(|live| live.pairing);
    row.with_secrets(pairing.unwrap_or_default(), proxy_url, cloud)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use dx_actors::{HubEvent, session::SandboxFault, testing::eventually};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        auth::authenticate,
        test_support::{Answer, TestApp},
    };

    const SESSIONS: &str = "/api/v1/whatsapp/sessions/";
    const START: &str = "/api/v1/whatsapp/sessions/start/";
    const STOP: &str = "/api/v1/whatsapp/sessions/stop/";
    const STATUS: &str = "/api/v1/whatsapp/sessions/status/";

    async fn get(app: &TestApp, path: &str) -> Answer {
        app.get(path).signed_in().send().await
    }

    async fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
        app.post(path).signed_in().json(body).send().await
    }

    async fn ready(app: &TestApp) {
        assert_eq!(app.post(START).signed_in().send().await.status, 202);
        eventually(async || app.state.hub.sessions().is_ready(SessionId(1))).await;
    }

    #[tokio::test]
    async fn a_start_and_a_status_are_answered_as_documented() {
        let app = TestApp::new().await;
        let answer = app.post(START).signed_in().send().await;
        let expected =
            r#"{"session_id":1,"status":"connecting","message":"Sessão iniciada com sucesso"}"#;
        assert_eq!((answer.status, answer.text.as_str()), (202, expected));
        eventually(async || app.state.hub.sessions().is_ready(SessionId(1))).await;
        app.clock.advance(std::time::Duration::from_hours(1));
        let status = app.get(STATUS).signed_in_as(TestApp::AGENT).send().await.json();
        let connected_at = status["connected_at"].as_str().unwrap().to_owned();
        let expected = json!({
            "session_id": 1, "status": "ready", "is_connected": true,
            "phone_number": "5511900000001", "uptime_seconds": 3600, "total_messages_sent": 0,
            "total_messages_received": 0, "device_name": "DX Connect Web",
            "connected_at": connected_at, "last_message_at": null, "last_error": "",
            "error_count": 0, "socket_alive": true, "pairing_code": null, "banned_until": null,
        });
        assert_eq!(status, expected);
        let again = app.post(START).signed_in().send().await.json();
        assert_eq!(again["status"], "ready", "an active number stays as it is");
    }

    #[tokio::test]
    async fn stopping_is_answered_also_when_there_is_nothing_to_stop() {
        let app = TestApp::new().await;
        for _ in 0..2 {
            let answer = app.post(STOP).signed_in().send().await;
            let expected = json!({"message": "Sessão encerrada com sucesso"});
            assert_eq!((answer.status, answer.json()), (200, expected));
            assert_eq!(get(&app, STATUS).await.json()["status"], "disconnected");
            ready(&app).await;
        }
    }

    #[tokio::test]
    async fn changing_numbers_is_for_managers_and_seeing_them_for_everybody() {
        let app = TestApp::new().await;
        let writes = [
            (Method::POST, SESSIONS),
            (Method::POST, START),
            (Method::POST, STOP),
            (Method::PATCH, "/api/v1/whatsapp/sessions/1/"),
            (Method::PUT, "/api/v1/whatsapp/sessions/1/"),
            (Method::DELETE, "/api/v1/whatsapp/sessions/1/"),
            (Method::POST, "/api/v1/whatsapp/sessions/1/reconnect/"),
            (Method::POST, "/api/v1/whatsapp/session/start"),
            (Method::DELETE, "/api/v1/whatsapp/session"),
        ];
        for (method, path) in writes {
            let call = app.request(method.clone(), path).signed_in_as(TestApp::AGENT);
            assert_eq!(call.send().await.status, 403, "{method} {path}");
            assert_eq!(app.request(method.clone(), path).send().await.status, 401, "{path}");
        }
        let reads = [SESSIONS, STATUS, "/api/v1/whatsapp/sessions/1/metrics"];
        for path in reads.into_iter().chain(["/api/v1/whatsapp/session/status"]) {
            let call = app.get(path).signed_in_as(TestApp::AGENT);
            assert_eq!(call.send().await.status, 200, "{path}");
        }
    }

    #[tokio::test]
    async fn a_new_number_takes_what_people_may_set_and_nothing_else() {
        let app = TestApp::new().await;
        let body = json!({
            "device_name": "Loja 2", "departamento": 1, "auto_reconnect": false,
            "proxy_url": "socks5://u:p@proxy:1080", "status": "ready", "usuario": 2,
        });
        let answer = post(&app, SESSIONS, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let row = answer.json();
        let expected = json!({
            "device_name": "Loja 2", "departamento": 1, "auto_reconnect": false,
            "proxy_url": "socks5://u:p@proxy:1080", "status": "disconnected", "usuario": 1,
            "usuario_nome": "Administrador", "is_default": false, "provider": "sandbox", "qr_code": null,
            "is_active": true, "is_connected": false,
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&row[key], value, "{key}");
        }
        assert!(row.get("session_data").is_none());
        let path = format!("{SESSIONS}{}/", row["id"]);
        let seen = app.get(&path).signed_in_as(TestApp::AGENT).send().await.json();
        assert_eq!(seen["proxy_url"], "", "it carries a password");

        let change = json!({"departamento": null, "device_name": "Loja 3", "status": "error"});
        let changed = app.request(Method::PATCH, &path).signed_in().json(&change).send().await;
        let changed = changed.json();
        assert_eq!(changed["departamento"], Value::Null);
        assert_eq!(changed["device_name"], "Loja 3");
        assert_eq!(changed["auto_reconnect"], false);
        assert_eq!(changed["status"], "disconnected");

        let started = post(&app, START, &json!({"session_id": row["id"]})).await.json();
        assert_eq!(started["session_id"], row["id"]);
        assert_eq!(app.request(Method::DELETE, &path).signed_in().send().await.status, 204);
        assert_eq!(get(&app, &path).await.json()["is_active"], false);
        let active = get(&app, &format!("{SESSIONS}?is_active=true")).await.json();
        assert_eq!(active["count"], 1);
    }

    #[tokio::test]
    async fn the_trail_tells_who_added_changed_and_removed_a_number() {
        let app = TestApp::new().await;
        let body = json!({"device_name": "Loja 2", "departamento": 1});
        let row = post(&app, SESSIONS, &body).await.json();
        let path = format!("{SESSIONS}{}/", row["id"]);
        let change = async |body: Value| {
            let call = app.request(Method::PATCH, &path).signed_in().json(&body);
            assert_eq!(call.send().await.status, 200, "{body}");
        };
        let proxy = "socks5://u:segredo@proxy:1080";
        change(json!({"departamento": null, "proxy_url": proxy, "proxy_enabled": true})).await;
        change(json!({"departamento": null})).await;
        app.request(Method::DELETE, &path).signed_in().send().await;
        let trail = format!("/api/v1/auditoria/?assunto=sessao&assunto_id={}", row["id"]);
        let trail = get(&app, &trail).await;
        assert!(!trail.text.contains("segredo"), "{}", trail.text);
        let trail = trail.json();
        let entries = trail["results"].as_array().unwrap();
        let actions: Vec<&Value> = entries.iter().map(|entry| &entry["acao"]).collect();
        assert_eq!(actions, ["excluido", "alterado", "criado"], "{trail}");
        assert!(entries.iter().all(|entry| entry["agente"] == TestApp::ADMIN.0), "{trail}");
        let changed = entries[1]["alteracoes"].as_array().unwrap();
        let fields: Vec<&Value> = changed.iter().map(|one| &one["campo"]).collect();
        assert_eq!(fields, ["departamento", "proxy_enabled", "proxy_url"], "{trail}");
    }

    #[tokio::test]
    async fn wrong_values_name_their_field() {
        let app = TestApp::new().await;
        let cases = [
            ("device_name", json!({"device_name": " "})),
            ("device_name", json!({"device_name": "x".repeat(101)})),
            ("departamento", json!({"departamento": 99})),
            ("provider", json!({"provider": "pombo"})),
            ("auto_reconnect", json!({"auto_reconnect": "talvez"})),
        ];
        for (field, body) in cases {
            let answer = post(&app, SESSIONS, &body).await;
            assert_eq!(answer.status, 400, "{body}");
            assert!(answer.json()[field].is_array(), "{}", answer.text);
        }
        assert_eq!(get(&app, &format!("{SESSIONS}?status=zz")).await.status, 400);
        assert_eq!(post(&app, START, &json!({"session_id": "x"})).await.status, 400);
        for path in ["99/", "99/metrics/", "abc/"] {
            assert_eq!(get(&app, &format!("{SESSIONS}{path}")).await.status, 404, "{path}");
        }
        assert_eq!(post(&app, START, &json!({"session_id": 99})).await.status, 404);
        assert_eq!(get(&app, &format!("{STATUS}?session_id=99")).await.status, 404);
        let default = app.request(Method::DELETE, "/api/v1/whatsapp/sessions/1/").signed_in();
        assert_eq!(default.send().await.status, 409, "everything goes to the default number");
    }

    #[tokio::test]
    async fn lists_are_paged_and_sorted_by_the_database() {
        let app = TestApp::new().await;
        for name in ["b", "c"] {
            post(&app, SESSIONS, &json!({"device_name": name})).await;
        }
        let ids = async |query: &str| {
            let page = get(&app, &format!("{SESSIONS}{query}")).await.json();
            let rows = page["results"].as_array().unwrap().clone();
            rows.iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(ids("").await, [3, 2, 1], "newest first");
        assert_eq!(ids("?ordering=created_at").await, [1, 2, 3]);
        assert_eq!(ids("?page_size=2&page=2").await, [1]);
        assert_eq!(ids("?page_size=2&page=last").await, [1]);
        assert_eq!(ids("?search=c&status=disconnected").await, [3, 1]);
        post(&app, SESSIONS, &json!({"device_name": "Índia"})).await;
        for term in ["%C3%ADndia", "%C3%8DNDIA", "%C3%8D"] {
            assert_eq!(ids(&format!("?search={term}")).await, [4], "{term}");
        }
        assert_eq!(get(&app, &format!("{SESSIONS}?page=2")).await.status, 404);
    }

    #[tokio::test]
    async fn the_code_to_scan_is_a_picture_for_those_who_pair() {
        let app = TestApp::new().await;
        let sessions = app.state.hub.sessions();
        // Nobody scans, so that one code follows another.
        app.state.network.fault(SessionId(1), SandboxFault::QrExpires).await;
        let mut tap = app.state.hub.outboxes().tap();
        let session = sessions.start(SessionId(1)).await.unwrap();
        while !matches!(tap.recv().await.unwrap(), HubEvent::QrCode { .. }) {}
        let code_for = |id| {
            let who = authenticate(&app.state, &app.token_of(id)).unwrap();
            row(&app.state, &who, session.clone(), None).qr_code
        };
        assert!(code_for(TestApp::ADMIN).unwrap().starts_with("iVBORw0KGgo"), "a PNG");
        assert_eq!(code_for(TestApp::AGENT), None);
    }

    #[tokio::test]
    async fn the_code_to_type_is_for_those_who_pair() {
        let app = TestApp::new().await;
        // Nobody types it, so that it stays.
        app.state.network.fault(SessionId(1), SandboxFault::QrExpires).await;
        let mut tap = app.state.hub.outboxes().tap();
        let body = json!({"pairing_phone": "+55 (11) 90000-0001"});
        assert_eq!(post(&app, START, &body).await.status, 202);
        let code = loop {
            if let HubEvent::PairingCode { code, .. } = tap.recv().await.unwrap() {
                break code;
            }
        };
        assert_eq!(code.len(), 8);
        let status = get(&app, STATUS).await.json();
        assert!(status.get("pairing_code").is_some(), "{status}");
        let seen = app.get(STATUS).signed_in_as(TestApp::AGENT).send().await.json();
        assert_eq!(seen["pairing_code"], Value::Null);
        for wrong in ["123", "abc"] {
            let answer = post(&app, START, &json!({"pairing_phone": wrong})).await;
            assert_eq!(answer.status, 400, "{wrong}");
            assert!(answer.json()["pairing_phone"].is_array(), "{}", answer.text);
        }
    }

    #[tokio::test]
    async fn a_status_says_whether_the_network_is_heard_and_what_to_do() {
        let app = TestApp::new().await;
        let status = get(&app, STATUS).await.json();
        assert_eq!(status["socket_alive"], false);
        ready(&app).await;
        let status = get(&app, STATUS).await.json();
        assert_eq!(
            (&status["is_connected"], &status["socket_alive"]),
            (&json!(true), &json!(true))
        );
        assert!(status.get("message").is_none(), "{status}");
        app.state.network.fault(SessionId(1), SandboxFault::LoggedOut).await;
        eventually(async || !app.state.hub.sessions().is_ready(SessionId(1))).await;
        let status = get(&app, STATUS).await.json();
        assert_eq!(status["last_error"], "desconectado_pelo_celular");
        assert!(
            status["message"]
                .as_str()
                .unwrap()
                .contains("Inicie o número e leia o QR code de novo")
        );
    }

    #[tokio::test]
    async fn a_proxy_that_cannot_be_one_is_refused() {
        let app = TestApp::new().await;
        let answer = post(&app, SESSIONS, &json!({"proxy_url": "ftp://x"})).await;
        assert_eq!(answer.status, 400);
        assert!(answer.json()["proxy_url"].is_array(), "{}", answer.text);
    }

    #[tokio::test]
    async fn reconnecting_and_figures_have_the_documented_keys() {
        let app = TestApp::new().await;
        let metrics = get(&app, "/api/v1/whatsapp/sessions/1/metrics/").await.json();
        let expected = json!({
            "session_id": 1, "total_messages": 0, "messages_sent": 0, "messages_received": 0,
            "messages_with_error": 0, "avg_latency_ms": null, "latency_acceptable_rate": 100.0,
            "uptime_seconds": null, "error_count": 0,
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&metrics[key], value, "{key}");
        }
        ready(&app).await;
        let answer = app.post("/api/v1/whatsapp/sessions/1/reconnect/").signed_in().send().await;
        let body = answer.json();
        assert_eq!(answer.status, 202);
        assert_eq!(body["message"], "Reconexão iniciada");
        assert_eq!((&body["session_id"], &body["status"]), (&json!(1), &json!("connecting")));
        assert_eq!(body["task_id"].as_str().unwrap().len(), 36);
    }

    #[tokio::test]
    async fn older_clients_start_stop_and_ask() {
        let app = TestApp::new().await;
        let session = "/api/v1/whatsapp/session";
        let answer = app.post(&format!("{session}/start")).signed_in().send().await;
        assert_eq!((answer.status, answer.json()), (202, json!({"status": "connecting"})));
        eventually(async || app.state.hub.sessions().is_ready(SessionId(1))).await;
        let answer = get(&app, &format!("{session}/status")).await;
        assert_eq!(answer.json(), json!({"status": "ready"}));
        let answer = app.request(Method::DELETE, session).signed_in().send().await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
        assert!(!app.state.hub.sessions().is_ready(SessionId(1)));
    }
}
