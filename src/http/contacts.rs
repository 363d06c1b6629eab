//! `/contatos/`: the people at customers. A deleted one is inactive and not found any more.

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{ContactChange, ContactDetails, ContactId, CustomerId, phone::Phone},
    store::{ContactFilter, ContactSort, ContactView, StoreError},
};

use super::{
    Body, Fields, Id, Listing, Query,
    change_reader::{ChangeReader, no_such, required_phone},
    fields::REQUIRED,
    reply::{Created, NoContent},
};
use crate::{
    auth::{CurrentAgent, scope::contact_scope},
    error::{ApiError, ApiResult, FieldErrors},
    openapi::schemas::PageParams,
    state::AppState,
    wire::contact::{ContactChangesIn, ContactIn, ContactOut, ContactParams},
};

pub(super) const NAME_CHARS_MAX: usize = 255;
pub(super) const POSITION_CHARS_MAX: usize = 100;
const TAKEN: &str = "Os campos cliente, whatsapp devem criar um set único.";
const SORTS: [(&str, ContactSort); 4] = [
    ("nome", ContactSort::Name),
    ("criado_em", ContactSort::CreatedAt),
    ("created_at", ContactSort::CreatedAt),
    ("ativo", ContactSort::Activity),
];

/// `GET contatos/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Contatos",
    summary = "Lista os contatos",
    description = "Por nome; os de clientes ativos, para administradores os de todos. Um `cliente` que não existe dá \
        uma lista vazia.",
    params(PageParams, ContactParams),
    responses((status = 200, body = Listing<ContactOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<ContactOut>> {
    let text = |query: &Query, name| query.text(name).map(str::to_owned);
    let filter = ContactFilter {
        customer_id: query.number("cliente").map(CustomerId),
        is_active: query.boolean("ativo"),
        is_primary: query.boolean("is_principal"),
        name: text(&query, "nome"),
        position: text(&query, "cargo"),
        email: text(&query, "email"),
        whatsapp: text(&query, "whatsapp"),
        terms: query.search_terms(),
    };
    query.check()?;
    let (scope, orders) = (contact_scope(&me), query.orders(&SORTS));
    let store = app.hub.store();
    let page = query.fetch(|page| store.list_contacts(scope, &filter, &orders, page)).await?;
    Ok(page.map(ContactOut::new))
}

/// `GET contatos/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Contatos",
    summary = "Mostra um contato",
    description = "Um de um cliente que não está ativo só administradores encontram.",
    responses((status = 200, body = ContactOut)),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<ContactOut>> {
    Ok(Json(ContactOut::new(find(&app, &me, ContactId(id)).await?)))
}

/// `POST contatos/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Contatos",
    summary = "Cadastra um contato",
    description = "Um número que o cliente já tem é 400.",
    request_body = ContactIn,
    responses((status = 201, body = ContactOut)),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Created<ContactOut>> {
    let mut fields = body.fields();
    let customer_id = CustomerId(fields.required_id("cliente"));
    let name = fields.required_text("nome", NAME_CHARS_MAX);
    let whatsapp = required_phone(&mut fields, "whatsapp");
    let changes = read(&app, &mut fields).await?;
    // Wrong ones are refused by `finish`.
    let whatsapp = whatsapp.unwrap_or(Phone { canonical: String::new(), written: String::new() });
    let mut details = ContactDetails::new(customer_id, name, whatsapp);
    details.apply(changes);
    let details = fields.finish(details)?;
    let now = app.hub.clock().now();
    let created = app.hub.store().insert_contact(details, me.id, now).await;
    Ok(Created(ContactOut::new(created.map_err(|error| named(error, customer_id))?)))
}

/// `PATCH contatos/{id}/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Contatos",
    summary = "Altera um contato",
    description = "O que não vem fica como está.",
    request_body = ContactChangesIn,
    responses((status = 200, body = ContactOut)),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<ContactOut>> {
    change(&app, &me, ContactId(id), body.fields()).await
}

/// `PUT contatos/{id}/`: like `PATCH`, but customer, name and number have to be there.
#[utoipa::path(
    put,
    path = "",
    tag = "Contatos",
    summary = "Substitui um contato",
    description = "Como PATCH, mas `cliente`, `nome` e `whatsapp` são obrigatórios.",
    request_body = ContactIn,
    responses((status = 200, body = ContactOut)),
)]
pub(super) async fn replace(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<ContactOut>> {
    let mut fields = body.fields();
    for name in ["cliente", "nome", "whatsapp"] {
        if !fields.is_present(name) {
            fields.error(name, REQUIRED);
        }
    }
    change(&app, &me, ContactId(id), fields).await
}

/// `DELETE contatos/{id}/`.
#[utoipa::path(
    delete,
    path = "",
    tag = "Contatos",
    summary = "Exclui um contato",
    description = "Fica inativo e não é mais encontrado.",
    responses((status = 204)),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    let id = find(&app, &me, ContactId(id)).await?.contact.id;
    let is_deleted = app.hub.store().delete_contact(id, me.id, app.hub.clock().now()).await?;
    if is_deleted { Ok(NoContent) } else { Err(missing(id)) }
}

async fn change(
    app: &AppState,
    me: &CurrentAgent,
    id: ContactId,
    mut fields: Fields,
) -> ApiResult<Json<ContactOut>> {
    let current = find(app, me, id).await?.contact;
    let changes = read(app, &mut fields).await?;
    let mut details = current.details;
    details.apply(changes.iter().cloned());
    let changes = fields.finish(changes)?;
    let now = app.hub.clock().now();
    let outcome = app.hub.store().update_contact(id, changes, me.id, now).await;
    let contact = outcome.map_err(|error| named(error, details.customer_id))?;
    Ok(Json(ContactOut::new(contact.ok_or_else(|| missing(id))?)))
}

/// What was sent; what must not be empty is wrong when it is.
async fn read(app: &AppState, fields: &mut Fields) -> ApiResult<Vec<ContactChange>> {
    let mut reader = ChangeReader::new(fields);
    if reader.fields.is_present("cliente") && !reader.fields.has_error("cliente") {
        let id = CustomerId(reader.fields.required_id("cliente"));
        let is_known = !reader.fields.has_error("cliente")
            && app.hub.store().find_customer(id).await?.is_some();
        if !is_known && !reader.fields.has_error("cliente") {
            reader.fields.error("cliente", no_such(id.0));
        }
        reader.changes.push(ContactChange::Customer(id));
    }
    if !reader.fields.has_error("nome") {
        let name = reader.fields.changed_text("nome", NAME_CHARS_MAX);
        reader.changes.extend(name.map(ContactChange::Name));
    }
    if reader.fields.is_present("whatsapp") && !reader.fields.has_error("whatsapp") {
        let whatsapp = required_phone(reader.fields, "whatsapp");
        reader.changes.extend(whatsapp.map(ContactChange::WhatsApp));
    }
    reader.text(&["cargo"], POSITION_CHARS_MAX, ContactChange::Position);
    reader.email(&["email"], ContactChange::Email);
    reader.phone(&["telefone"], ContactChange::Phone);
    reader.switch("is_principal", ContactChange::Primacy);
    reader.switch("ativo", ContactChange::Activity);
    Ok(reader.changes)
}

async fn find(app: &AppState, me: &CurrentAgent, id: ContactId) -> ApiResult<ContactView> {
    let found = app.hub.store().find_contact(contact_scope(me), id).await?;
    found.ok_or_else(|| missing(id))
}

/// The number is there already, or the customer is gone meanwhile.
fn named(error: StoreError, customer_id: CustomerId) -> ApiError {
    match error {
        StoreError::Unique { .. } => ApiError::field(FieldErrors::WHOLE, TAKEN),
        StoreError::ForeignKey { .. } => ApiError::field("cliente", no_such(customer_id.0)),
        error => error.into(),
    }
}

fn missing(id: ContactId) -> ApiError {
    HubError::not_found("Contato", &id).into()
}

#[cfg(test)]
mod tests;
