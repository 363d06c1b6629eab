//! `/integracoes/webhooks/{id}/entregas/`: what was sent to another system, and sending it again.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
};
use dx_actors::{
    HubError,
    domain::{
        DeliveryId, WebhookEndpoint, WebhookId,
        webhook::{DeliveryStatus, EventKind, REPLAY_MAX},
    },
    store::{DeliveryFilter, Replay},
};

use super::{
    Body, Id, Listing, Query,
    fields::REQUIRED,
    webhook_endpoints::{find, read_events},
};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::{Forbidden, Refused, schemas::PageParams},
    state::AppState,
    wire::{
        webhook_endpoint::{DeliveryDetailOut, DeliveryOut, DeliveryParams, ReplayIn, ReplayOut},
        words::Word,
    },
};

const SWITCHED_OFF: &str = "O webhook está desativado: reative-o antes de reenviar.";

/// The webhook and the delivery in a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeliveryOfWebhook(WebhookId, DeliveryId);

impl<S: Send + Sync> FromRequestParts<S> for DeliveryOfWebhook {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let (webhook, delivery) = path.map_err(|_| ApiError::not_found())?.0;
        let number = |text: &str| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number).ok_or_else(ApiError::not_found)
        };
        Ok(Self(WebhookId(number(&webhook)?), DeliveryId(number(&delivery)?)))
    }
}

/// `GET integracoes/webhooks/{id}/entregas/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Webhooks",
    summary = "Lista as entregas de um webhook",
    description = "As mais novas primeiro. Ficam guardadas por 14 dias.",
    params(PageParams, DeliveryParams),
    responses((status = 200, body = Listing<DeliveryOut>), Forbidden),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    mut query: Query,
) -> ApiResult<Listing<DeliveryOut>> {
    me.require(Permission::ManageWebhooks)?;
    let endpoint = find(&app, WebhookId(id)).await?;
    let filter = DeliveryFilter {
        status: query.choice("situacao", DeliveryStatus::parse),
        kind: query.choice("evento", EventKind::parse),
        event_id: query.text("evento_id").map(str::to_owned),
    };
    query.check()?;
    let store = app.hub.store();
    let page = query.fetch(|page| store.list_deliveries(endpoint.id, &filter, page)).await?;
    Ok(page.map(DeliveryOut::from))
}

/// `GET integracoes/webhooks/{id}/entregas/{delivery_id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Webhooks",
    summary = "Mostra uma entrega",
    description = "Com o corpo que é enviado.",
    responses((status = 200, body = DeliveryDetailOut), Forbidden),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    DeliveryOfWebhook(webhook, id): DeliveryOfWebhook,
) -> ApiResult<Json<DeliveryDetailOut>> {
    me.require(Permission::ManageWebhooks)?;
    find(&app, webhook).await?;
    let found = app.hub.store().find_delivery(webhook, id).await?;
    let due = found.ok_or_else(|| missing(id))?;
    Ok(Json(DeliveryDetailOut { delivery: due.delivery.into(), body: due.body }))
}

/// `POST integracoes/webhooks/{id}/entregas/{delivery_id}/reenviar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Reenvia uma entrega",
    description = "Com o mesmo corpo e o mesmo id do evento; as tentativas começam de novo.",
    responses((status = 200, body = DeliveryOut), Refused, Forbidden),
)]
pub(super) async fn replay(
    State(app): State<AppState>,
    me: CurrentAgent,
    DeliveryOfWebhook(webhook, id): DeliveryOfWebhook,
) -> ApiResult<Json<DeliveryOut>> {
    me.require(Permission::ManageWebhooks)?;
    switched_on(&app, webhook).await?;
    let now = app.hub.clock().now();
    let replayed = app.hub.store().replay_delivery(webhook, id, now).await?;
    Ok(Json(replayed.ok_or_else(|| missing(id))?.into()))
}

/// `POST integracoes/webhooks/{id}/reenviar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Reenvia o que aconteceu em um período",
    description = "Também o que este webhook ainda não tinha recebido, se foi guardado para outro. No \
        máximo 10.000 entregas; se forem mais, nada é reenviado.",
    request_body = ReplayIn,
    responses((status = 200, body = ReplayOut), Forbidden),
)]
pub(super) async fn replay_range(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<ReplayOut>> {
    me.require(Permission::ManageWebhooks)?;
    let endpoint = switched_on(&app, WebhookId(id)).await?;
    let now = app.hub.clock().now();
    let mut fields = body.fields();
    let from = fields.optional_datetime("de");
    if from.is_none() && !fields.has_error("de") {
        fields.error("de", REQUIRED);
    }
    let from = from.unwrap_or(now);
    let until = fields.optional_datetime("ate").unwrap_or(now);
    if until < from && !fields.has_error("de") && !fields.has_error("ate") {
        fields.error("ate", "Deve ser depois de `de`.");
    }
    let kinds = read_events(&mut fields).0;
    let only = fields.optional_choice("situacao", DeliveryStatus::parse);
    let replay = fields.finish(Replay { from, until, kinds, only })?;
    let count = app.hub.store().replay_range(&endpoint, replay, now).await?;
    let too_many = || {
        let text = format!("São mais de {REPLAY_MAX} entregas: escolha um período menor.");
        ApiError::field("de", text)
    };
    Ok(Json(ReplayOut { count: count.ok_or_else(too_many)? }))
}

/// What is sent again to an endpoint that is switched off would lie there unseen.
async fn switched_on(app: &AppState, id: WebhookId) -> ApiResult<WebhookEndpoint> {
    let endpoint = find(app, id).await?;
    if endpoint.is_active { Ok(endpoint) } else { Err(ApiError::refused(SWITCHED_OFF)) }
}

fn missing(id: DeliveryId) -> HubError {
    HubError::not_found("Entrega", &id)
}
