//! `GET /documentos/{id}/arquivo/`: the file itself, for who has a token or a signed link.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use dx_actors::{
    domain::{AgentId, Document, DocumentId},
    store::DocumentScope,
};

use super::{find, missing};
use crate::{
    auth::{CurrentAgent, Links, link::Presented},
    error::{ApiError, ApiResult},
    http::{Id, Query, file_reply, file_reply::SentFile},
    openapi::{Forbidden, NoSuchRange, Unauthorized, schemas::FileOut},
    state::AppState,
    wire::document::DownloadParams,
};

/// `GET documentos/{id}/arquivo/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Documentos",
    summary = "Baixa o arquivo",
    description = "Com um token, ou sem ele com as partes de um link de `POST link/` (403 quando expirou, foi alterado, ou quem o criou foi desativado). Um \
        só intervalo (`Range`) é atendido com 206; `If-None-Match` com o `ETag` de antes é respondido com \
        304.",
    params(DownloadParams),
    responses(
        (
            status = 200,
            description = "O arquivo, no tipo que `tipo_mime` do documento diz.",
            body = FileOut,
            content_type = "*/*",
            headers(
                ("ETag" = String, description = "O SHA-256 do arquivo."),
                ("Content-Disposition" = String, description = "O nome do arquivo."),
                ("Accept-Ranges" = String, description = "`bytes`")
            ),
            example = "%PDF-1.7…"
        ),
        (
            status = 206,
            description = "Uma parte do arquivo.",
            body = FileOut,
            content_type = "*/*",
            headers(("Content-Range" = String, description = "Qual parte, como `bytes 0-99/2560`.")),
            example = "%PDF-1.7…"
        ),
        (status = 304, description = "O arquivo não mudou."),
        NoSuchRange,
        Unauthorized,
        Forbidden,
    ),
    security((), ("bearer" = [])),
)]
pub(in crate::http) async fn download(
    State(app): State<AppState>,
    me: ApiResult<CurrentAgent>,
    Id(id): Id,
    mut query: Query,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let id = DocumentId(id);
    let is_shown = query.boolean("inline") == Some(true);
    let is_link = !headers.contains_key(header::AUTHORIZATION);
    let document = match query.text("assinatura").filter(|_| is_link) {
        Some(signature) => find_linked(&app, id, &query, signature).await?,
        None => find(&app, &me?, id).await?,
    };
    query.check()?;
    let file = SentFile {
        key: &document.file_key,
        name: &document.file_name,
        media_type: &document.media_type,
        sha256: &document.sha256,
        bytes: document.bytes,
    };
    file_reply::send(&app, &headers, file, is_shown).await
}

/// The signature is checked before anything is looked up.
async fn find_linked(
    app: &AppState,
    id: DocumentId,
    query: &Query,
    signature: &str,
) -> ApiResult<Document> {
    let version = query.text("versao").unwrap_or_default();
    let number = |name| query.text(name).and_then(|text| text.parse().ok()).unwrap_or_default();
    let (maker, expires_at) = (AgentId(number("autor")), number("expira"));
    let link = Presented { maker, version, expires_at, signature };
    if !app.links.is_signed(id, link) {
        return Err(ApiError::Forbidden("O link não é válido.".into()));
    }
    if link.is_expired(app.hub.clock().now()) {
        return Err(ApiError::Forbidden("O link expirou. Peça um novo.".into()));
    }
    if !app.hub.directory().roster().agent(maker).is_some_and(|agent| agent.is_active) {
        return Err(ApiError::Forbidden(
            "Quem criou o link não tem mais acesso. Peça um novo.".into(),
        ));
    }
    let document = app.hub.store().find_document(&DocumentScope::All, id).await?;
    let document = document.filter(|found| Links::version(&found.file_key) == version);
    document.ok_or_else(|| missing(id).into())
}
