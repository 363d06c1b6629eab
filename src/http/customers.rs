//! `/clientes/`: customers as people keep them. Whom somebody may not see is not found.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, State},
};
use dx_actors::{
    HubError,
    domain::{
        Customer, CustomerChange, CustomerId, CustomerStatus, Timestamp, audit::AuditSubject,
    },
    store::{AuditFilter, CustomerFilter, CustomerView, StoreError},
};

use super::{
    Body, Id, Listing, Query,
    customer_fields::{changes, new_customer, read_responsible, require_name},
    customer_filter::{customer_filter, customer_orders},
    customer_merges as merges, customer_pictures as pictures,
    fields::REQUIRED,
    query::BaseUrl,
    reply::{Created, NoContent},
};
use crate::{
    auth::{CurrentAgent, scope::customer_scope},
    error::{ApiError, ApiResult, FieldErrors},
    openapi::schemas::PageParams,
    state::AppState,
    wire::{
        customer::{CustomerOut, CustomerStatsOut},
        customer_history::HistoryOut,
        customer_input::{
            CustomerChangesFormIn, CustomerChangesIn, CustomerFormIn, CustomerIn, CustomerParams,
            CustomerResponsibleIn, CustomerSearchParams, CustomerStatusIn, CustomerStatusParams,
        },
        words::Word,
    },
};

/// New customers count as recent for this long (contract §4).
const RECENT: Duration = Duration::from_hours(30 * 24);
/// Why a status was changed; a few paragraphs.
const REASON_CHARS_MAX: usize = 2000;
const TAKEN: &str = "Já existe um cliente com este CPF ou CNPJ.";
const NO_STATUS: &str = "Campo \"status\" é obrigatório";

/// `GET clientes/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Clientes",
    summary = "Lista os clientes",
    description = "Os que a pessoa pode ver, os mais novos primeiro: supervisores e acima todos; os outros os que \
        cadastraram, pelos quais são responsáveis e cujos chats podem ver.",
    params(PageParams, CustomerStatusParams, CustomerParams),
    responses((status = 200, body = Listing<CustomerOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<CustomerOut>> {
    let filter = customer_filter(&mut query)?;
    page(&app, &me, &query, &filter).await
}

/// `GET clientes/search/?q=`.
#[utoipa::path(
    get,
    path = "",
    tag = "Clientes",
    summary = "Procura clientes",
    description = "A mesma lista, com os mesmos filtros, e com `q`.",
    params(PageParams, CustomerSearchParams, CustomerStatusParams, CustomerParams),
    responses((status = 200, body = Listing<CustomerOut>)),
)]
pub(super) async fn search(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<CustomerOut>> {
    let mut filter = customer_filter(&mut query)?;
    filter.terms.extend(query.terms_of("q"));
    page(&app, &me, &query, &filter).await
}

/// `GET clientes/status/{status}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Clientes",
    summary = "Lista os clientes em um status",
    description = "A mesma lista, com os mesmos filtros; um status desconhecido é 400.",
    params(PageParams, CustomerParams),
    responses((status = 200, body = Listing<CustomerOut>)),
)]
pub(super) async fn by_status(
    State(app): State<AppState>,
    me: CurrentAgent,
    Path(status): Path<String>,
    mut query: Query,
) -> ApiResult<Listing<CustomerOut>> {
    let mut filter = customer_filter(&mut query)?;
    filter.status = Some(CustomerStatus::parse(&status).ok_or_else(bad_status)?);
    page(&app, &me, &query, &filter).await
}

/// `GET clientes/stats/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Clientes",
    summary = "Conta os clientes",
    description = "Entre os que a pessoa pode ver.",
    responses((status = 200, body = CustomerStatsOut)),
)]
pub(super) async fn stats(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<CustomerStatsOut>> {
    let since = app.hub.clock().now().minus(RECENT);
    let stats = app.hub.store().customer_stats(&customer_scope(&me), since).await?;
    Ok(Json(stats.into()))
}

/// `POST clientes/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Clientes",
    summary = "Cadastra um cliente",
    description = "Um CPF ou CNPJ que outro cliente já tem é 400.",
    request_body(
        content(
            (CustomerIn = "application/json"),
            (CustomerFormIn = "multipart/form-data"),
        ),
    ),
    responses((status = 201, body = CustomerOut)),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    body: Body,
) -> ApiResult<Created<CustomerOut>> {
    let details = new_customer(&app, &me, body.fields()).await?;
    let now = app.hub.clock().now();
    let created = app.hub.store().add_customer(details, Some(me.id), now).await;
    Ok(Created(row(&app, &base, created.map_err(named)?).await?))
}

/// `GET clientes/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Clientes",
    summary = "Mostra um cliente",
    description = "Quem a pessoa não pode ver não é encontrado. De quem foi unido a outro vem o outro.",
    responses((status = 200, body = CustomerOut)),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    Id(id): Id,
) -> ApiResult<Json<CustomerOut>> {
    Ok(Json(shown(&base, merges::follow(&app, &me, CustomerId(id)).await?)))
}

/// `PATCH clientes/{id}/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Clientes",
    summary = "Altera um cliente",
    description = "O que não vem fica como está. Cada alteração fica no histórico.",
    request_body(
        content(
            (CustomerChangesIn = "application/json"),
            (CustomerChangesFormIn = "multipart/form-data"),
        ),
    ),
    responses((status = 200, body = CustomerOut)),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<CustomerOut>> {
    let current = find(&app, &me, CustomerId(id)).await?.customer;
    let changes = changes(&app, &me, body.fields(), &current).await?;
    change(&app, &me, &base, current.id, changes, String::new()).await
}

/// `PUT clientes/{id}/`: like `PATCH`, but the name has to be there.
#[utoipa::path(
    put,
    path = "",
    tag = "Clientes",
    summary = "Substitui um cliente",
    description = "Como PATCH, mas `razao_social` (ou `nome`) é obrigatório; o que não vem fica \
        como está.",
    request_body(
        content(
            (CustomerIn = "application/json"),
            (CustomerFormIn = "multipart/form-data"),
        ),
    ),
    responses((status = 200, body = CustomerOut)),
)]
pub(super) async fn replace(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<CustomerOut>> {
    let current = find(&app, &me, CustomerId(id)).await?.customer;
    let mut fields = body.fields();
    require_name(&mut fields);
    let changes = changes(&app, &me, fields, &current).await?;
    change(&app, &me, &base, current.id, changes, String::new()).await
}

/// `DELETE clientes/{id}/`: erased when nothing refers to the row, else shown to nobody any more.
#[utoipa::path(
    delete,
    path = "",
    tag = "Clientes",
    summary = "Exclui um cliente",
    description = "Depois não é mais encontrado, e o seu CPF ou CNPJ volta a estar livre. \
        Atendimentos e documentos dele ficam guardados.",
    responses((status = 204)),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    let id = find(&app, &me, CustomerId(id)).await?.customer.id;
    let deleted = app.hub.store().delete_customer(id, me.id, app.hub.clock().now()).await?;
    deleted.map(|_| NoContent).ok_or_else(|| missing(id))
}

/// `PATCH clientes/{id}/status/`: the `motivo` goes into the history.
#[utoipa::path(
    patch,
    path = "",
    tag = "Clientes",
    summary = "Muda o status de um cliente",
    description = "O motivo fica no histórico.",
    request_body = CustomerStatusIn,
    responses((status = 200, body = CustomerOut)),
)]
pub(super) async fn set_status(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<CustomerOut>> {
    let id = find(&app, &me, CustomerId(id)).await?.customer.id;
    let mut fields = body.fields();
    let reason = fields.text_or("motivo", REASON_CHARS_MAX, "");
    let reason = fields.check().map(|()| reason)?;
    let word = fields.json("status").filter(|value| !value.is_null());
    let word = word.ok_or_else(|| ApiError::refused(NO_STATUS))?;
    let status = word.as_str().and_then(|word| CustomerStatus::parse(word.trim()));
    let change_to = CustomerChange::Status(status.ok_or_else(bad_status)?);
    change(&app, &me, &base, id, vec![change_to], reason).await
}

/// `PATCH clientes/{id}/responsavel/`: `null` or 0 for nobody.
#[utoipa::path(
    patch,
    path = "",
    tag = "Clientes",
    summary = "Muda quem é responsável por um cliente",
    description = "Quem é responsável vê o cliente, também sem um atendimento dele.",
    request_body = CustomerResponsibleIn,
    responses((status = 200, body = CustomerOut)),
)]
pub(super) async fn set_responsible(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<CustomerOut>> {
    let id = find(&app, &me, CustomerId(id)).await?.customer.id;
    let mut fields = body.fields();
    let responsible = read_responsible(&me, &mut fields);
    if responsible.is_none() {
        fields.error("agente_responsavel", REQUIRED);
    }
    let changes = fields.finish(responsible.into_iter().collect())?;
    change(&app, &me, &base, id, changes, String::new()).await
}

/// `GET clientes/{id}/historico/`: who changed what, latest first.
#[utoipa::path(
    get,
    path = "",
    tag = "Clientes",
    summary = "Lista o que mudou em um cliente",
    description = "Quem mudou o quê, o mais novo primeiro.",
    params(PageParams),
    responses((status = 200, body = Listing<HistoryOut>)),
)]
pub(super) async fn history(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    query: Query,
) -> ApiResult<Listing<HistoryOut>> {
    // Who was merged keeps a history of his own, for those who see whom he was merged into.
    merges::follow(&app, &me, CustomerId(id)).await?;
    let filter = AuditFilter {
        subject: Some(AuditSubject::Customer),
        subject_id: Some(id),
        ..AuditFilter::default()
    };
    let fetch = |page| app.hub.store().list_audit_entries(filter.clone(), page);
    Ok(query.fetch(fetch).await?.map(HistoryOut::new))
}

async fn page(
    app: &AppState,
    me: &CurrentAgent,
    query: &Query,
    filter: &CustomerFilter,
) -> ApiResult<Listing<CustomerOut>> {
    let (scope, orders) = (customer_scope(me), customer_orders(query));
    let store = app.hub.store();
    let page = query.fetch(|page| store.list_customers(&scope, filter, &orders, page)).await?;
    Ok(page.map(|view| shown(&query.base, view)))
}

/// A customer whom this person may see.
pub(super) async fn find(
    app: &AppState,
    me: &CurrentAgent,
    id: CustomerId,
) -> ApiResult<CustomerView> {
    let found = app.hub.store().find_customer_view(&customer_scope(me), id).await?;
    match found {
        Some(view) => Ok(view),
        None => Err(merges::missing(app, me, id).await),
    }
}

async fn change(
    app: &AppState,
    me: &CurrentAgent,
    base: &BaseUrl,
    id: CustomerId,
    changes: Vec<CustomerChange>,
    note: String,
) -> ApiResult<Json<CustomerOut>> {
    let now: Timestamp = app.hub.clock().now();
    let outcome = app.hub.store().update_customer(id, changes, note, me.id, now).await;
    let customer = outcome.map_err(named)?.ok_or_else(|| missing(id))?;
    row(app, base, customer).await.map(Json)
}

/// With the name of the group, as lists show it.
async fn row(app: &AppState, base: &BaseUrl, customer: Customer) -> ApiResult<CustomerOut> {
    let company_group_name = match customer.details.company_group_id {
        Some(id) => app.hub.store().find_company_group(id).await?.map(|group| group.details.name),
        None => None,
    };
    Ok(shown(base, CustomerView { customer, company_group_name }))
}

fn shown(base: &BaseUrl, view: CustomerView) -> CustomerOut {
    let pictures = pictures::addresses(base, &view.customer);
    CustomerOut::new(view, pictures)
}

/// Two requests with one tax id at a time: the index refuses the second one.
fn named(error: StoreError) -> ApiError {
    match error {
        StoreError::Unique { .. } => {
            let mut errors = FieldErrors::default();
            errors.add("cnpj_cpf", TAKEN);
            errors.add("cnpj", TAKEN);
            ApiError::Invalid(errors)
        }
        // Everything else that is referred to was looked up before and is never deleted.
        StoreError::ForeignKey { .. } => {
            ApiError::field("grupo_empresa", "O grupo de empresas não existe mais.")
        }
        error => error.into(),
    }
}

fn bad_status() -> ApiError {
    let words = CustomerStatus::WORDS.iter().map(|(_, word)| format!("'{word}'"));
    let words: Vec<String> = words.collect();
    ApiError::refused(format!("Status inválido. Opções: [{}]", words.join(", ")))
}

fn missing(id: CustomerId) -> ApiError {
    HubError::not_found("Cliente", &id).into()
}

#[cfg(test)]
mod tests;
