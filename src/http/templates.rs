//! `/whatsapp/templates/`: what Meta has approved for sending outside the 24-hour window.

use axum::{Json, extract::State};
use dx_actors::{
    domain::{ProviderKind, SessionId, cloud::TemplateStatus},
    store::TemplateFilter,
};

use super::{Body, Listing, Query, sessions::named};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden, Missing, schemas::PageParams},
    providers::cloud::SyncError,
    state::AppState,
    wire::{
        session::{SessionChoiceIn, SessionChoiceParams},
        template::{TemplateOut, TemplateParams, TemplatesSyncedOut},
        words::Word,
    },
};

const NOT_CLOUD: &str = "Só números da Cloud API têm modelos.";
const NOT_SYNCED: &str = "Os modelos não foram sincronizados";

/// `GET templates/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Modelos",
    summary = "Lista os modelos de mensagem",
    description = "Como a Meta os mostrou na última sincronização; por nome e idioma.",
    params(PageParams, TemplateParams),
    responses((status = 200, body = Listing<TemplateOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    _me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<TemplateOut>> {
    let filter = TemplateFilter {
        session_id: query.number("session").map(SessionId),
        status: query.choice("status", TemplateStatus::parse),
        language: query.text("language").map(str::to_owned),
        search: query.search_terms(),
    };
    query.check()?;
    let fetch = |page| app.hub.store().list_message_templates(&filter, page);
    Ok(query.fetch(fetch).await?.map(Into::into))
}

/// `POST templates/sincronizar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Modelos",
    summary = "Sincroniza os modelos com a Meta",
    description = "Do número indicado, senão do padrão. Acontece também quando ele se conecta e, conectado, a \
        cada hora.",
    params(SessionChoiceParams),
    request_body = Option<SessionChoiceIn>,
    responses((status = 200, body = TemplatesSyncedOut), Forbidden, Conflict, Missing),
)]
pub(super) async fn synchronise(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
    body: Body,
) -> ApiResult<Json<TemplatesSyncedOut>> {
    me.require(Permission::ManageSessions)?;
    let session = app.hub.sessions().resolve(named(query, body)?).await?;
    if session.provider != ProviderKind::Cloud {
        return Err(ApiError::refused(NOT_CLOUD));
    }
    let (total, removed) = app.cloud.sync_templates(&session).await.map_err(refused)?;
    let message = "Modelos sincronizados";
    Ok(Json(TemplatesSyncedOut { message, session_id: session.id.0, total, removed }))
}

fn refused(error: SyncError) -> ApiError {
    match error {
        SyncError::Store(error) => error.into(),
        other => ApiError::refused_because(NOT_SYNCED, other.to_string()),
    }
}
