//! `/integracoes/webhooks/`: addresses of other systems, their secrets, and how they are doing.

use std::time::Duration;

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{
        List, WebhookEndpoint, WebhookId,
        webhook::{
            DeliveryCounts, ENDPOINTS_MAX, EndpointChanges, EventKind, NewEndpoint, ROTATION_HOURS,
            ROTATION_HOURS_MAX,
        },
    },
};

use super::{
    Body, Fields, Id, Listing, Query,
    fields::REQUIRED,
    reply::{Created, NoContent},
};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    integrations::{check_url, new_secret},
    openapi::{Forbidden, schemas::PageParams},
    state::AppState,
    wire::{
        events::ping_body,
        webhook_endpoint::{
            NewWebhookOut, PingOut, RotationIn, SecretOut, WebhookChangesIn, WebhookIn, WebhookOut,
        },
        words::Word,
    },
};

const NAME_CHARS_MAX: usize = 100;
/// What is longer is refused with a text of its own.
const URL_TEXT_CHARS_MAX: usize = 4000;
const EVENT_CHARS_MAX: usize = 50;
const NO_EVENTS: &str = "Informe pelo menos um evento.";

/// `GET integracoes/webhooks/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Webhooks",
    summary = "Lista os webhooks",
    description = "Com o que espera, o que chegou e o último erro de cada um. Segredos não são mostrados.",
    params(PageParams),
    responses((status = 200, body = Listing<WebhookOut>), Forbidden),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
) -> ApiResult<Listing<WebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    let endpoints = app.hub.store().list_webhook_endpoints().await?;
    let counts = app.hub.store().count_deliveries().await?;
    let now = app.hub.clock().now();
    let rows = endpoints.into_iter().map(|endpoint| {
        let found = counts.iter().find(|(id, _)| *id == endpoint.id);
        let counts = found.map(|(_, counts)| *counts).unwrap_or_default();
        WebhookOut::new(endpoint, counts, now)
    });
    query.paginate(rows)
}

/// `GET integracoes/webhooks/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Webhooks",
    summary = "Mostra um webhook",
    description = "Como na lista.",
    responses((status = 200, body = WebhookOut), Forbidden),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<WebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    let endpoint = find(&app, WebhookId(id)).await?;
    shown(&app, endpoint).await
}

/// `POST integracoes/webhooks/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Cadastra um webhook",
    description = "A resposta traz o `segredo` das assinaturas, que não é mostrado outra vez. No máximo \
        20 webhooks. Só o que acontece de agora em diante é entregue.",
    request_body = WebhookIn,
    responses((status = 201, body = NewWebhookOut), Forbidden),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Created<NewWebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    let mut fields = body.fields();
    for name in ["nome", "url", "eventos"] {
        if !fields.is_present(name) {
            fields.error(name, REQUIRED);
        }
    }
    let changes = read(&app, fields).await?;
    let secret = new_secret().map_err(ApiError::internal)?;
    let new = NewEndpoint {
        name: changes.name.unwrap_or_default(),
        url: changes.url.unwrap_or_default(),
        events: changes.events.unwrap_or_default(),
        is_active: changes.is_active.unwrap_or(true),
        secret: app.integrations.seal(&secret).map_err(ApiError::internal)?,
    };
    let now = app.hub.clock().now();
    let inserted = app.hub.store().insert_webhook_endpoint(new, me.id, now).await?;
    let endpoint = inserted.ok_or_else(|| {
        ApiError::refused(format!("Há {ENDPOINTS_MAX} webhooks; exclua um antes de criar outro."))
    })?;
    let webhook = WebhookOut::new(endpoint, DeliveryCounts::default(), now);
    Ok(Created(NewWebhookOut { webhook, secret }))
}

/// `PATCH integracoes/webhooks/{id}/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Webhooks",
    summary = "Altera um webhook",
    description = "O que não vem fica como está. Enquanto está desativado nada é guardado para ele; o que \
        esperava continua esperando.",
    request_body = WebhookChangesIn,
    responses((status = 200, body = WebhookOut), Forbidden),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<WebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    find(&app, WebhookId(id)).await?;
    let changes = read(&app, body.fields()).await?;
    change(&app, &me, WebhookId(id), changes).await
}

/// `DELETE integracoes/webhooks/{id}/`.
#[utoipa::path(
    delete,
    path = "",
    tag = "Webhooks",
    summary = "Exclui um webhook",
    description = "Com todas as suas entregas, também as que esperam.",
    responses((status = 204), Forbidden),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    me.require(Permission::ManageWebhooks)?;
    let (id, now) = (WebhookId(id), app.hub.clock().now());
    if !app.hub.store().delete_webhook_endpoint(id, me.id, now).await? {
        return Err(missing(id).into());
    }
    Ok(NoContent)
}

/// `POST integracoes/webhooks/{id}/ping/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Testa um webhook",
    description = "Envia um evento `ping` agora, também a um webhook desativado ou em pausa, e mostra o \
        que o destino respondeu (espera até 10 segundos). Não há nova tentativa.",
    responses((status = 200, body = PingOut), Forbidden),
)]
pub(super) async fn ping(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<PingOut>> {
    me.require(Permission::ManageWebhooks)?;
    let endpoint = find(&app, WebhookId(id)).await?;
    let (store, now) = (app.hub.store(), app.hub.clock().now());
    let event_id = format!("evt_{}", uuid::Uuid::new_v4().simple());
    let body = ping_body(&event_id, &endpoint, now);
    let delivery =
        store.insert_ping(endpoint.id, event_id, body.clone(), me.id, now).await?;
    let attempt = app.integrations.ping(store, &endpoint, &delivery, body, now).await?;
    Ok(Json(PingOut::new(delivery.id.0, attempt)))
}

/// `POST integracoes/webhooks/{id}/segredo/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Troca o segredo de um webhook",
    description = "O novo é mostrado só agora. O anterior também assina por `horas` (padrão: 24): cada \
        envio leva então duas assinaturas `v1`. Um terceiro segredo, mais antigo, deixa de valer.",
    request_body = RotationIn,
    responses((status = 200, body = SecretOut), Forbidden),
)]
pub(super) async fn rotate(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<SecretOut>> {
    me.require(Permission::ManageWebhooks)?;
    let id = WebhookId(id);
    find(&app, id).await?;
    let mut fields = body.fields();
    let hours = fields.int_or("horas", 0..=ROTATION_HOURS_MAX, ROTATION_HOURS);
    let hours = fields.finish(hours)?;
    let secret = new_secret().map_err(ApiError::internal)?;
    let sealed = app.integrations.seal(&secret).map_err(ApiError::internal)?;
    let now = app.hub.clock().now();
    let until = now.plus(Duration::from_hours(u64::try_from(hours).unwrap_or_default()));
    let rotated = app.hub.store().rotate_webhook_secret(id, sealed, until, me.id, now).await?;
    rotated.ok_or_else(|| missing(id))?;
    Ok(Json(SecretOut { secret, previous_until: until.into() }))
}

/// `POST integracoes/webhooks/{id}/reativar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Reativa um webhook",
    description = "Ativa, zera as falhas e termina a pausa; o que espera é enviado já.",
    responses((status = 200, body = WebhookOut), Forbidden),
)]
pub(super) async fn resume(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<WebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    let changes = EndpointChanges { is_active: Some(true), ..EndpointChanges::default() };
    change(&app, &me, WebhookId(id), changes).await
}

async fn change(
    app: &AppState,
    me: &CurrentAgent,
    id: WebhookId,
    changes: EndpointChanges,
) -> ApiResult<Json<WebhookOut>> {
    let now = app.hub.clock().now();
    let updated = app.hub.store().update_webhook_endpoint(id, changes, me.id, now).await?;
    shown(app, updated.ok_or_else(|| missing(id))?).await
}

async fn shown(app: &AppState, endpoint: WebhookEndpoint) -> ApiResult<Json<WebhookOut>> {
    let counts = app.hub.store().count_deliveries().await?;
    let found = counts.into_iter().find(|(id, _)| *id == endpoint.id);
    let counts = found.map(|(_, counts)| counts).unwrap_or_default();
    Ok(Json(WebhookOut::new(endpoint, counts, app.hub.clock().now())))
}

async fn read(app: &AppState, mut fields: Fields) -> ApiResult<EndpointChanges> {
    let name = fields.changed_text("nome", NAME_CHARS_MAX);
    let written = fields.changed_text("url", URL_TEXT_CHARS_MAX);
    let events = fields.is_present("eventos").then(|| read_events(&mut fields));
    if events.as_ref().is_some_and(|events| events.0.is_empty()) && !fields.has_error("eventos") {
        fields.error("eventos", NO_EVENTS);
    }
    let is_active = fields.optional_bool("ativo");
    fields.check()?;
    let url = match written {
        Some(text) => {
            let checked = check_url(&text, app.integrations.rules()).await;
            Some(checked.map_err(|fault| ApiError::field("url", fault.to_string()))?)
        }
        None => None,
    };
    Ok(EndpointChanges { name, url, events, is_active })
}

/// Each once; what is not known is named.
pub(super) fn read_events(fields: &mut Fields) -> List<EventKind> {
    let mut events = List::default();
    for word in fields.optional_texts("eventos", EVENT_CHARS_MAX).unwrap_or_default() {
        match EventKind::parse(&word).filter(|kind| kind.can_be_wanted()) {
            Some(kind) => events.add(kind),
            None => fields.error("eventos", format!("\"{word}\" não é um escolha válida.")),
        }
    }
    events
}

pub(super) async fn find(app: &AppState, id: WebhookId) -> ApiResult<WebhookEndpoint> {
    let found = app.hub.store().find_webhook_endpoint(id).await?;
    Ok(found.ok_or_else(|| missing(id))?)
}

fn missing(id: WebhookId) -> HubError {
    HubError::not_found("Webhook", &id)
}
