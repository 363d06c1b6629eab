//! `/grupos-empresa/`: groups of companies, kept by everybody.

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{CompanyGroup, CompanyGroupChange, CompanyGroupDetails, CompanyGroupId},
    store::{CompanyGroupFilter, CompanyGroupSort},
};

use super::{
    Body, Fields, Id, Listing, Query,
    change_reader::ChangeReader,
    fields::REQUIRED,
    reply::{Created, NoContent},
};
use crate::{
    auth::CurrentAgent,
    error::{ApiError, ApiResult},
    openapi::schemas::PageParams,
    state::AppState,
    wire::company_group::{
        CompanyGroupChangesIn, CompanyGroupIn, CompanyGroupOut, CompanyGroupParams,
    },
};

const NAME_CHARS_MAX: usize = 255;
/// A few paragraphs.
const DESCRIPTION_CHARS_MAX: usize = 2000;
const SORTS: [(&str, CompanyGroupSort); 3] = [
    ("nome", CompanyGroupSort::Name),
    ("criado_em", CompanyGroupSort::CreatedAt),
    ("created_at", CompanyGroupSort::CreatedAt),
];

/// `GET grupos-empresa/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Grupos de empresas",
    summary = "Lista os grupos de empresas",
    description = "Todos, por nome.",
    params(PageParams, CompanyGroupParams),
    responses((status = 200, body = Listing<CompanyGroupOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    _me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<CompanyGroupOut>> {
    let filter =
        CompanyGroupFilter { is_active: query.boolean("ativo"), terms: query.search_terms() };
    query.check()?;
    let orders = query.orders(&SORTS);
    let store = app.hub.store();
    let page = query.fetch(|page| store.list_company_groups(&filter, &orders, page)).await?;
    Ok(page.map(CompanyGroupOut::new))
}

/// `GET grupos-empresa/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Grupos de empresas",
    summary = "Mostra um grupo de empresas",
    description = "Com o número dos seus clientes.",
    responses((status = 200, body = CompanyGroupOut)),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    _me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<CompanyGroupOut>> {
    let id = CompanyGroupId(id);
    let found = app.hub.store().find_company_group(id).await?;
    shown(id, found)
}

/// `POST grupos-empresa/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Grupos de empresas",
    summary = "Cria um grupo de empresas",
    description = "Clientes entram no grupo pelo seu campo `grupo_empresa`.",
    request_body = CompanyGroupIn,
    responses((status = 201, body = CompanyGroupOut)),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Created<CompanyGroupOut>> {
    let mut details = CompanyGroupDetails::default();
    details.apply(complete(body.fields())?);
    let now = app.hub.clock().now();
    let group = app.hub.store().insert_company_group(details, me.id, now).await?;
    Ok(Created(CompanyGroupOut::new(group)))
}

/// `PATCH grupos-empresa/{id}/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Grupos de empresas",
    summary = "Altera um grupo de empresas",
    description = "O que não vem fica como está.",
    request_body = CompanyGroupChangesIn,
    responses((status = 200, body = CompanyGroupOut)),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<CompanyGroupOut>> {
    change(&app, &me, CompanyGroupId(id), changes(body.fields())?).await
}

/// `PUT grupos-empresa/{id}/`: like `PATCH`, but the name has to be there.
#[utoipa::path(
    put,
    path = "",
    tag = "Grupos de empresas",
    summary = "Substitui um grupo de empresas",
    description = "Como PATCH, mas `nome` é obrigatório.",
    request_body = CompanyGroupIn,
    responses((status = 200, body = CompanyGroupOut)),
)]
pub(super) async fn replace(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<CompanyGroupOut>> {
    change(&app, &me, CompanyGroupId(id), complete(body.fields())?).await
}

/// `DELETE grupos-empresa/{id}/`: its companies stay, without a group.
#[utoipa::path(
    delete,
    path = "",
    tag = "Grupos de empresas",
    summary = "Exclui um grupo de empresas",
    description = "Os seus clientes ficam, sem grupo.",
    responses((status = 204)),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    let (id, now) = (CompanyGroupId(id), app.hub.clock().now());
    let is_deleted = app.hub.store().delete_company_group(id, me.id, now).await?;
    if is_deleted { Ok(NoContent) } else { Err(missing(id)) }
}

fn complete(mut fields: Fields) -> ApiResult<Vec<CompanyGroupChange>> {
    if !fields.is_present("nome") {
        fields.error("nome", REQUIRED);
    }
    changes(fields)
}

fn changes(mut fields: Fields) -> ApiResult<Vec<CompanyGroupChange>> {
    let mut reader = ChangeReader::new(&mut fields);
    let name = reader.fields.changed_text("nome", NAME_CHARS_MAX);
    reader.changes.extend(name.map(CompanyGroupChange::Name));
    reader.text(&["descricao"], DESCRIPTION_CHARS_MAX, CompanyGroupChange::Description);
    reader.switch("ativo", CompanyGroupChange::Activity);
    let changes = reader.changes;
    fields.finish(changes)
}

async fn change(
    app: &AppState,
    me: &CurrentAgent,
    id: CompanyGroupId,
    changes: Vec<CompanyGroupChange>,
) -> ApiResult<Json<CompanyGroupOut>> {
    let now = app.hub.clock().now();
    let group = app.hub.store().update_company_group(id, changes, me.id, now).await?;
    shown(id, group)
}

fn shown(id: CompanyGroupId, group: Option<CompanyGroup>) -> ApiResult<Json<CompanyGroupOut>> {
    let group = group.ok_or_else(|| missing(id))?;
    Ok(Json(CompanyGroupOut::new(group)))
}

fn missing(id: CompanyGroupId) -> ApiError {
    HubError::not_found("Grupo de empresas", &id).into()
}
