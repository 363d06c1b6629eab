//! `/documentos/`: documents of customers, their files and links to them.

pub(super) mod download;
pub(super) mod generate;
pub(super) mod link;
#[cfg(test)]
mod tests;

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{
        CustomerId, Document, DocumentChanges, DocumentId, DocumentKind, DocumentOrigin,
        DocumentStatus, NewDocument, Timestamp, file::StoredFile,
    },
    store::{DocumentFilter, DocumentSort, Order},
};
use serde_json::{Map, Value};
use time::Date;

use super::{
    Fields, Id, Listing, Query,
    query::BaseUrl,
    reply::{Created, NoContent},
    syntax,
    upload::{Upload, UploadedFile},
};
use crate::{
    auth::{CurrentAgent, scope::document_scope},
    error::{ApiError, ApiResult},
    files::FilesError,
    openapi::schemas::PageParams,
    state::AppState,
    wire::{
        document::{DocumentChangesIn, DocumentFormIn, DocumentIn, DocumentOut, DocumentParams},
        time::local_date,
        words::Word,
    },
};

const NAME_CHARS_MAX: usize = 255;
/// A few paragraphs.
const DESCRIPTION_CHARS_MAX: usize = 2000;
const PAST_DATE: &str = "A data de vencimento não pode estar no passado.";
const NOT_OBJECT: &str = "Informe um objeto JSON.";
const SORTS: [(&str, DocumentSort); 4] = [
    ("nome", DocumentSort::Name),
    ("data_upload", DocumentSort::CreatedAt),
    ("data_vencimento", DocumentSort::DueDate),
    ("status", DocumentSort::Status),
];

/// `GET documentos/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Documentos",
    summary = "Lista os documentos",
    description = "Os dos clientes que a pessoa pode ver e os que ela mesma enviou; os mais novos primeiro.",
    params(PageParams, DocumentParams),
    responses((status = 200, body = Listing<DocumentOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<DocumentOut>> {
    let filter = filter(&mut query)?;
    let mut orders = query.orders(&SORTS);
    if orders.is_empty() {
        orders.push(Order { by: DocumentSort::CreatedAt, is_descending: true });
    }
    let (store, scope) = (app.hub.store(), document_scope(&me));
    let page = query.fetch(|page| store.list_documents(&scope, &filter, &orders, page)).await?;
    let shown = |document| shown(&app, &query.base, document);
    Ok(page.map(shown))
}

/// `GET documentos/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Documentos",
    summary = "Mostra um documento",
    description = "Os dados do documento; o arquivo está em `arquivo/`.",
    responses((status = 200, body = DocumentOut)),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    Id(id): Id,
) -> ApiResult<Json<DocumentOut>> {
    let document = find(&app, &me, DocumentId(id)).await?;
    Ok(Json(shown(&app, &base, document)))
}

/// `POST documentos/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Documentos",
    summary = "Envia um documento",
    description = "Um formulário `multipart/form-data` com o arquivo, cujas partes podem vir em qualquer ordem.",
    request_body(content = DocumentFormIn, content_type = "multipart/form-data"),
    responses((status = 201, body = DocumentOut)),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    mut upload: Upload,
) -> ApiResult<Created<DocumentOut>> {
    upload.require_file();
    let Upload { mut fields, file, .. } = upload;
    let now = app.hub.clock().now();
    let customer_id = CustomerId(fields.required_id("cliente"));
    require_customer(&app, &me, &mut fields, customer_id).await?;
    let name = fields.required_text("nome", NAME_CHARS_MAX);
    let kind = fields.choice_or("tipo_documento", DocumentKind::Other, DocumentKind::parse);
    let status = fields.choice_or("status", DocumentStatus::Generated, DocumentStatus::parse);
    let description = fields.text_or("descricao", DESCRIPTION_CHARS_MAX, "");
    let due_date = due_date(&mut fields, now);
    let filled_data = filled_data(&mut fields).unwrap_or_else(|| "{}".to_owned());
    fields.check()?;
    let Some(UploadedFile { name: file_name, received }) = file else {
        return Err(ApiError::field("arquivo", super::fields::NO_FILE));
    };
    let file = app.files.store(received).await?;
    let new = NewDocument {
        customer_id,
        name,
        kind,
        status,
        origin: DocumentOrigin::Manual,
        file,
        file_name,
        description,
        template_name: String::new(),
        filled_data,
        due_date,
        uploaded_by: me.id,
    };
    let document = app.hub.store().insert_document(new, now).await?;
    Ok(Created(shown(&app, &base, document)))
}

/// `PATCH documentos/{id}/`. A file in the form takes the place of the present one.
#[utoipa::path(
    patch,
    path = "",
    tag = "Documentos",
    summary = "Altera um documento",
    description = "O que não vem fica como está. Um novo arquivo toma o lugar do atual, e links feitos antes deixam de valer.",
    request_body(content((DocumentChangesIn = "application/json"), (DocumentChangesIn = "multipart/form-data"))),
    responses((status = 200, body = DocumentOut)),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    Id(id): Id,
    upload: Upload,
) -> ApiResult<Json<DocumentOut>> {
    change(&app, &me, DocumentId(id), upload).await.map(|row| Json(shown(&app, &base, row)))
}

/// `PUT documentos/{id}/`: like `PATCH`, but customer and name have to be there.
#[utoipa::path(
    put,
    path = "",
    tag = "Documentos",
    summary = "Substitui um documento",
    description = "Como PATCH, mas `cliente` e `nome` são obrigatórios; o arquivo não.",
    request_body(content((DocumentIn = "application/json"), (DocumentIn = "multipart/form-data"))),
    responses((status = 200, body = DocumentOut)),
)]
pub(super) async fn replace(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    Id(id): Id,
    mut upload: Upload,
) -> ApiResult<Json<DocumentOut>> {
    for name in ["cliente", "nome"] {
        if !upload.fields.is_present(name) {
            upload.fields.error(name, super::fields::REQUIRED);
        }
    }
    change(&app, &me, DocumentId(id), upload).await.map(|row| Json(shown(&app, &base, row)))
}

/// `DELETE documentos/{id}/`: the document is no longer shown and its links no longer work.
#[utoipa::path(
    delete,
    path = "",
    tag = "Documentos",
    summary = "Exclui um documento",
    description = "Deixa de ser mostrado, e os seus links deixam de valer.",
    responses((status = 204)),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    let (id, now) = (DocumentId(id), app.hub.clock().now());
    let scope = document_scope(&me);
    if app.hub.store().delete_document(scope, id, me.id, now).await? {
        Ok(NoContent)
    } else {
        Err(missing(id).into())
    }
}

async fn change(
    app: &AppState,
    me: &CurrentAgent,
    id: DocumentId,
    upload: Upload,
) -> ApiResult<Document> {
    let before = find(app, me, id).await?;
    let Upload { mut fields, file, .. } = upload;
    let now = app.hub.clock().now();
    let customer_id = fields.optional_id("cliente").map(CustomerId);
    let customer_id = customer_id.filter(|customer| *customer != before.customer_id);
    if let Some(customer) = customer_id {
        require_customer(app, me, &mut fields, customer).await?;
    }
    let is_same_date = fields.json("data_vencimento").and_then(Value::as_str)
        == before.due_date.map(super::reply::date).as_deref();
    let mut changes = DocumentChanges {
        customer_id,
        name: fields.changed_text("nome", NAME_CHARS_MAX),
        kind: fields.optional_choice("tipo_documento", DocumentKind::parse),
        status: fields.optional_choice("status", DocumentStatus::parse),
        description: fields.optional_text("descricao", DESCRIPTION_CHARS_MAX),
        filled_data: filled_data(&mut fields),
        due_date: None,
        file: None,
    };
    // A date that has passed meanwhile may be sent back as it was read.
    if fields.is_present("data_vencimento") && !is_same_date {
        changes.due_date = Some(due_date(&mut fields, now));
    }
    fields.check()?;
    if let Some(UploadedFile { name, received }) = file {
        let stored: StoredFile = app.files.store(received).await?;
        changes.file = Some((stored, name));
    }
    let scope = document_scope(me);
    let document = app.hub.store().update_document(scope, id, changes, me.id, now).await?;
    document.ok_or_else(|| missing(id).into())
}

fn filter(query: &mut Query) -> ApiResult<DocumentFilter> {
    let words = |text: Option<&str>| text.map(str::to_owned).into_iter().collect();
    let filter = DocumentFilter {
        customer_id: query.number("cliente").map(CustomerId),
        kind: query.choice("tipo_documento", DocumentKind::parse),
        status: query.choice("status", DocumentStatus::parse),
        origin: query.choice("origem", DocumentOrigin::parse),
        is_active: query.boolean("ativo"),
        name: words(query.text("nome")),
        template_name: words(query.text("template_usado")),
        uploaded_from: query.datetime("data_upload_apos"),
        uploaded_until: query.datetime("data_upload_antes").map(|at| day_end(query, at)),
        due_from: date(query, "data_vencimento_apos"),
        due_until: date(query, "data_vencimento_antes"),
        search: query.search_terms(),
    };
    query.check()?;
    Ok(filter)
}

/// A day counts as a whole.
fn day_end(query: &Query, at: Timestamp) -> Timestamp {
    let is_day = query.text("data_upload_antes").is_some_and(|text| syntax::date(text).is_some());
    if is_day { at.plus(std::time::Duration::from_hours(24)) } else { at }
}

fn date(query: &mut Query, name: &str) -> Option<Date> {
    let text = query.text(name)?.to_owned();
    let date = syntax::date(&text);
    if date.is_none() {
        query.error(name, "Informe uma data válida.");
    }
    date
}

fn due_date(fields: &mut Fields, now: Timestamp) -> Option<Date> {
    let date = fields.optional_date("data_vencimento")?;
    if date < local_date(now) {
        fields.error("data_vencimento", PAST_DATE);
    }
    Some(date)
}

/// A JSON object, in a form as its text.
fn filled_data(fields: &mut Fields) -> Option<String> {
    const NAME: &str = "dados_preenchidos";
    let object = match fields.json(NAME)? {
        Value::Null => Some(Map::new()),
        Value::Object(object) => Some(object.clone()),
        Value::String(text) if text.trim().is_empty() => Some(Map::new()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    };
    let Some(object) = object else {
        fields.error(NAME, NOT_OBJECT);
        return None;
    };
    // PostgreSQL takes no NUL in texts; JSON spells it out, which is fine.
    Some(Value::Object(object).to_string())
}

/// Notes it when the customer is none that this person may file documents for.
async fn require_customer(
    app: &AppState,
    me: &CurrentAgent,
    fields: &mut Fields,
    id: CustomerId,
) -> ApiResult<()> {
    if fields.has_error("cliente") || app.hub.store().may_file_for(&document_scope(me), id).await? {
        return Ok(());
    }
    fields.error("cliente", format!("Pk inválido \"{id}\" - objeto não existe."));
    Ok(())
}

async fn find(app: &AppState, me: &CurrentAgent, id: DocumentId) -> ApiResult<Document> {
    let document = app.hub.store().find_document(&document_scope(me), id).await?;
    document.ok_or_else(|| missing(id).into())
}

fn missing(id: DocumentId) -> HubError {
    HubError::not_found("Documento", &id)
}

/// The row as clients read it. Generated documents are shown by it, too.
pub(super) fn shown(app: &AppState, base: &BaseUrl, document: Document) -> DocumentOut {
    let url = base.join(&file_path(document.id));
    DocumentOut::new(document, local_date(app.hub.clock().now()), url)
}

fn file_path(id: DocumentId) -> String {
    format!("/api/v1/documentos/{id}/arquivo/")
}

impl From<FilesError> for ApiError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Storage(error) => Self::unavailable(error),
            FilesError::Store(error) => error.into(),
        }
    }
}
