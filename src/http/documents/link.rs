//! `POST /documentos/{id}/link/`: a link to the file that works without a login for a while.

use axum::{Json, extract::State};
use dx_actors::domain::{DocumentId, Timestamp};

use super::{file_path, find};
use crate::{
    auth::{CurrentAgent, Links},
    error::ApiResult,
    http::{Body, Id, query::BaseUrl},
    state::AppState,
    wire::document::{LinkIn, LinkOut},
};

/// Long enough to send it on and open it.
const MINUTES_DEFAULT: i64 = 15;
/// One day: a link is to be used, not to be kept.
const MINUTES_MAX: i64 = 1440;

/// `POST documentos/{id}/link/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Documentos",
    summary = "Cria um link para o arquivo",
    description = "Funciona sem token até expirar, ou até que o arquivo seja trocado, o documento excluído ou quem criou o link desativado. O corpo pode faltar.",
    request_body = LinkIn,
    responses((status = 200, body = LinkOut)),
)]
pub(in crate::http) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<LinkOut>> {
    let mut fields = body.fields();
    let minutes = fields.int_or("minutos", 1..=MINUTES_MAX, MINUTES_DEFAULT);
    let minutes = fields.finish(minutes)?;
    let document = find(&app, &me, DocumentId(id)).await?;
    let now = app.hub.clock().now();
    let expires_at = now.micros().div_euclid(1_000_000) + 60 * minutes;
    let version = Links::version(&document.file_key);
    let signature = app.links.sign(document.id, me.id, version, expires_at);
    let note = format!("link de {minutes} min");
    app.hub.store().note_document_link(&document, me.id, &note, now).await?;
    let path = file_path(document.id);
    let maker = me.id;
    let query =
        format!("versao={version}&autor={maker}&expira={expires_at}&assinatura={signature}");
    let expires_at = Timestamp::from_micros(expires_at * 1_000_000).into();
    Ok(Json(LinkOut { url: base.join(&format!("{path}?{query}")), expires_at }))
}
