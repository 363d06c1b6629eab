//! `/clientes/chat/…` and `/clientes/cadastro-manual/`: what the widget of a chat asks before anybody
//! is signed in, and the person and the company entered in one go.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use dx_actors::{
    domain::{CompanyGroupId, ContactChange, ContactDetails, CustomerId, phone::Phone},
    store::{Company, ContactScope, NewRegistration, Registered, StoreError},
};

use super::{
    Body, Fields,
    change_reader::{CheckDigits, no_such, optional_tax_id, required_phone},
    contacts::{NAME_CHARS_MAX, POSITION_CHARS_MAX},
    reply::Created,
};
use crate::{
    auth::CurrentAgent,
    error::{ApiError, ApiResult, FieldErrors},
    openapi::{TooManyRequests, Unauthorized},
    state::AppState,
    wire::{
        contact::ContactOut,
        registration::{
            CapturedIn, CapturedOut, FindContactIn, FoundContactsOut, KnownContactOut,
            RegisteredOut, RegistrationIn, RegistrationRefused,
        },
    },
};

/// One number belongs to a handful of people at most.
const CONTACTS_MAX: i64 = 20;
const WHATSAPP: [&str; 3] = ["whatsapp", "numero", "numero_whatsapp"];
const NO_COMPANY: &str = "Informe empresa_id ou empresa_nome.";
const UNKNOWN_COMPANY: &str = "Empresa não encontrada";
const TAKEN_TAX_ID: &str = "Já existe um cliente com este CPF ou CNPJ.";

/// Anybody, unless the configuration demands a token (`PUBLIC_CHAT_LOOKUP`).
pub(super) struct MayLookUp;

impl FromRequestParts<AppState> for MayLookUp {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        if !app.config.public_chat_lookup {
            CurrentAgent::from_request_parts(parts, app).await?;
        }
        Ok(Self)
    }
}

/// `POST clientes/chat/buscar-contato/`: the people of active customers with exactly this number.
#[utoipa::path(
    post,
    path = "",
    tag = "Contatos",
    summary = "Procura quem tem um número",
    description = "Para a conversa na página da empresa: sem token, a não ser que a instalação o \
        exija (então 401); limitado por endereço.",
    request_body = FindContactIn,
    responses((status = 200, body = FoundContactsOut), Unauthorized, TooManyRequests),
    security(()),
)]
pub(super) async fn find_contact(
    State(app): State<AppState>,
    _: MayLookUp,
    body: Body,
) -> ApiResult<Json<FoundContactsOut>> {
    let mut fields = body.fields();
    let whatsapp = whatsapp(&mut fields);
    let whatsapp = fields.finish(whatsapp)?;
    let scope = ContactScope::ActiveCustomers;
    let store = app.hub.store();
    let found = store.list_contacts_by_whatsapp(scope, &whatsapp.canonical, CONTACTS_MAX).await?;
    Ok(Json(FoundContactsOut::new(found)))
}

/// `POST clientes/chat/dados-capturados/`: says back what was understood; stores nothing.
#[utoipa::path(
    post,
    path = "",
    tag = "Contatos",
    summary = "Confere dados digitados",
    description = "Devolve o que foi entendido e não grava nada. Sem token, a não ser que a \
        instalação o exija (então 401); limitado por endereço.",
    request_body = CapturedIn,
    responses((status = 200, body = CapturedOut), Unauthorized, TooManyRequests),
    security(()),
)]
pub(super) async fn captured(
    State(app): State<AppState>,
    _: MayLookUp,
    body: Body,
) -> ApiResult<Json<CapturedOut>> {
    let mut fields = body.fields();
    let contact = contact(&mut fields);
    let company_name = fields.required_text("empresa_nome", NAME_CHARS_MAX);
    let tax_id = optional_tax_id(&mut fields, "empresa_cnpj", CheckDigits::of(&app.config));
    let group = group(&app, &mut fields).await?;
    fields.check()?;
    Ok(Json(CapturedOut::new(contact, company_name, tax_id.as_ref(), group)))
}

/// `POST clientes/cadastro-manual/`: 400 with the contact when somebody has the number already.
#[utoipa::path(
    post,
    path = "",
    tag = "Contatos",
    summary = "Cadastra uma pessoa e a sua empresa",
    description = "De uma vez. Quando o número já está cadastrado, a resposta é 400 com o contato \
        que existe.",
    request_body = RegistrationIn,
    responses(
        (status = 201, body = RegisteredOut),
        (status = 400, body = RegistrationRefused, description = "Há algo errado com os dados, ou o número já está cadastrado."),
    ),
)]
pub(super) async fn register(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Response> {
    let mut fields = body.fields();
    let contact = contact(&mut fields);
    let company = company(&app, &mut fields).await?;
    let company = fields.finish(company)?.ok_or_else(no_company)?;
    let now = app.hub.clock().now();
    let new = NewRegistration { contact, company };
    let registered = app.hub.store().register_contact(new, me.id, now).await;
    match registered.map_err(named)? {
        Registered::New(view) => {
            Ok(Created(RegisteredOut::new(ContactOut::new(view))).into_response())
        }
        Registered::Known(view) => {
            let body = KnownContactOut::new(ContactOut::new(view));
            Ok((StatusCode::BAD_REQUEST, Json(body)).into_response())
        }
        Registered::NoSuchCompany => Err(ApiError::field("empresa_id", UNKNOWN_COMPANY)),
    }
}

/// Under whichever name it came; what is wrong is refused by the caller's `finish`.
fn whatsapp(fields: &mut Fields) -> Phone {
    let name = fields.first_present(&WHATSAPP);
    let nothing = || Phone { canonical: String::new(), written: String::new() };
    required_phone(fields, name).unwrap_or_else(nothing)
}

fn contact(fields: &mut Fields) -> ContactDetails {
    let whatsapp = whatsapp(fields);
    let name = fields.required_text("nome", NAME_CHARS_MAX);
    let mut contact = ContactDetails::new(CustomerId(0), name, whatsapp);
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    contact.apply([
        ContactChange::Position(filled(fields.optional_text("cargo", POSITION_CHARS_MAX))),
        ContactChange::Email(filled(fields.optional_email("email"))),
    ]);
    contact
}

async fn company(app: &AppState, fields: &mut Fields) -> ApiResult<Option<Company>> {
    let id = fields.optional_id("empresa_id").map(CustomerId);
    let name = fields.optional_text("empresa_nome", NAME_CHARS_MAX);
    let tax_id = optional_tax_id(fields, "empresa_cnpj", CheckDigits::of(&app.config));
    let company_group_id = group(app, fields).await?;
    if let Some(id) = id {
        return Ok(Some(Company::Known(id)));
    }
    let name = name.filter(|name| !name.is_empty());
    Ok(name.map(|name| Company::Named { name, tax_id, company_group_id }))
}

async fn group(app: &AppState, fields: &mut Fields) -> ApiResult<Option<CompanyGroupId>> {
    let id = fields.optional_id("grupo_empresa_id").map(CompanyGroupId);
    if let Some(id) = id
        && app.hub.store().find_company_group(id).await?.is_none()
    {
        fields.error("grupo_empresa_id", no_such(id.0));
    }
    Ok(id)
}

fn no_company() -> ApiError {
    ApiError::field(FieldErrors::WHOLE, NO_COMPANY)
}

/// Somebody else entered the same company, number or group at the same time.
fn named(error: StoreError) -> ApiError {
    match error {
        StoreError::Unique { constraint } if constraint.contains("tax_id") => {
            ApiError::field("empresa_cnpj", TAKEN_TAX_ID)
        }
        StoreError::Unique { .. } => ApiError::field("whatsapp", "WhatsApp já cadastrado"),
        StoreError::ForeignKey { .. } => ApiError::field("empresa_id", UNKNOWN_COMPANY),
        error => error.into(),
    }
}
