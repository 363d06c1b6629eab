//! Documents that the hub makes from templates: contracts, charges, and previews of templates.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use dx_actors::domain::{
    Customer, CustomerId, CustomerStatus, DocumentKind, DocumentOrigin, DocumentStatus,
    DocumentTemplate, NewDocument, TemplateKind, Timestamp,
    customer::CustomerDetails,
    document_template::{DEFAULT_BOLETO, DEFAULT_CONTRACT, is_amount, placeholders},
    file::FileKey,
    settings::{CompanySettings, Settings},
    time::SAO_PAULO,
};
use futures_util::TryStreamExt;
use serde_json::{Map, Number, Value, json};
use time::Date;

use super::shown;
use crate::{
    auth::{CurrentAgent, Permission, scope::customer_scope},
    documents::{
        SheetStamp, TypesetError,
        compose::{self, Composed, Order, Values},
    },
    error::{ApiError, ApiResult, FieldErrors},
    files::{FileKind, ReceiveError},
    http::{Body, Fields, limits::PICTURE_BYTES_MAX, query::BaseUrl, reply::Created},
    openapi::{Forbidden, Missing, schemas::FileOut},
    state::AppState,
    wire::{
        document::{BoletoIn, ContractIn, GeneratedOut},
        document_template::templates_in,
        settings_in::PreviewIn,
        time::local_date,
        words::Word,
    },
};

/// The key of a template in the settings.
const TEMPLATE_KEY_CHARS_MAX: usize = 100;
/// Values of one request.
const VALUES_MAX: usize = 200;
/// Characters of one value: several pages.
const VALUE_CHARS_MAX: usize = 20_000;
const NOT_OBJECT: &str = "Informe um objeto com textos ou números.";
const NOT_CENTAVOS: &str = "Informe um valor com no máximo duas casas decimais.";

/// What a request of either kind is about.
struct Wanted {
    customer: Customer,
    template: DocumentTemplate,
    data: Values,
}

impl Wanted {
    fn order<'a>(
        &'a self,
        company: &'a CompanySettings,
        logo: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Order<'a> {
        Order {
            template: &self.template,
            company,
            logo,
            customer: &self.customer,
            data: &self.data,
            now: now.to_offset_date_time().to_offset(SAO_PAULO),
            stamp: SheetStamp::None,
        }
    }
}

/// `POST documentos/gerar-contrato/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Documentos",
    summary = "Gera um contrato",
    description = "Faz um PDF de um modelo e o guarda como documento do cliente. O que falta fica em branco e é dito em \
        `variaveis_faltantes`. 404: o cliente não existe ou não está ativo, ou o modelo não existe.",
    request_body = ContractIn,
    responses((status = 201, body = GeneratedOut), Missing),
)]
pub(in crate::http) async fn contract(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    body: Body,
) -> ApiResult<Created<GeneratedOut>> {
    let keys = ("dados_contrato", DEFAULT_CONTRACT, TemplateKind::Contract);
    let wanted = read(&app, &me, body.fields(), keys).await?;
    let settings = app.hub.settings();
    let order = wanted.order(&settings.company, logo(&app, &settings).await, app.hub.clock().now());
    let Composed { document, values, missing } = compose::letter(order);
    let pdf = app.typesetter.render_letter(document).await?;
    let values = serde_json::to_value(values).map_err(ApiError::internal)?;
    let document = file(&app, &me, &wanted, DocumentKind::Contract, pdf, &values).await?;
    Ok(Created(GeneratedOut::contract(shown(&app, &base, document), missing)))
}

/// `POST documentos/gerar-boleto/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Documentos",
    summary = "Gera um boleto",
    description = "Como um contrato. Com a conta da empresa, o valor e o vencimento traz código de barras; com a chave Pix, o \
        Pix copia e cola. Sem conta, o PDF é um aviso de cobrança que nenhum banco recebe.",
    request_body = BoletoIn,
    responses((status = 201, body = GeneratedOut), Missing),
)]
pub(in crate::http) async fn boleto(
    State(app): State<AppState>,
    me: CurrentAgent,
    base: BaseUrl,
    body: Body,
) -> ApiResult<Created<GeneratedOut>> {
    let keys = ("dados_boleto", DEFAULT_BOLETO, TemplateKind::Boleto);
    let wanted = read(&app, &me, body.fields(), keys).await?;
    let settings = app.hub.settings();
    let order = wanted.order(&settings.company, logo(&app, &settings).await, app.hub.clock().now());
    let number = app.hub.store().next_our_number().await?;
    let composed =
        compose::charge(order, number).map_err(|faults| faulty("dados_boleto", faults))?;
    let Composed { document, values, missing } = composed;
    let pdf = app.typesetter.render_boleto(document).await?;
    let values = serde_json::to_value(values).map_err(ApiError::internal)?;
    let document = file(&app, &me, &wanted, DocumentKind::Boleto, pdf, &values).await?;
    Ok(Created(GeneratedOut::boleto(shown(&app, &base, document), &values, missing)))
}

/// `POST config/documents/preview/`: a stored template (`template_nome`) or one that is being written
/// (`nome`, `tipo`, `conteudo`, `variaveis`) with made-up values, as PDF. Nothing is stored.
#[utoipa::path(
    post,
    path = "",
    tag = "Configurações",
    summary = "Mostra a prévia de um modelo",
    description = "O PDF com valores inventados, marcado como prévia; nada é guardado. De início só para administradores.",
    request_body = PreviewIn,
    responses(
        (
            status = 200,
            description = "O PDF.",
            body = FileOut,
            content_type = "application/pdf",
            example = "%PDF-1.7…"
        ),
        Forbidden,
        Missing,
    ),
)]
pub(in crate::http) async fn preview(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Response> {
    me.require(Permission::ManageConfigDocuments)?;
    let template = previewed(&app, body.into_values())?;
    let now = app.hub.clock().now();
    let data = sample_values(&template, local_date(now));
    let wanted = Wanted { customer: sample_customer(), template, data };
    let settings = app.hub.settings();
    let order = wanted.order(&settings.company, logo(&app, &settings).await, now);
    let order = Order { stamp: SheetStamp::Preview, ..order };
    let pdf = if wanted.template.kind == TemplateKind::Boleto {
        let composed = compose::charge(order, 1);
        let composed = composed.map_err(|faults| faulty("company_data.dados_bancarios", faults))?;
        app.typesetter.render_boleto(composed.document).await?
    } else {
        app.typesetter.render_letter(compose::letter(order).document).await?
    };
    let headers = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"previa.pdf\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Bytes::from(pdf)).into_response())
}

async fn read(
    app: &AppState,
    me: &CurrentAgent,
    mut fields: Fields,
    (data_key, default_template, kind): (&str, &str, TemplateKind),
) -> ApiResult<Wanted> {
    if fields.json("cliente_id").is_none_or(Value::is_null) {
        return Err(ApiError::refused("cliente_id é obrigatório"));
    }
    let customer_id = CustomerId(fields.required_id("cliente_id"));
    let template_key = fields.optional_text("template_nome", TEMPLATE_KEY_CHARS_MAX);
    let template_key = template_key.filter(|key| !key.is_empty());
    let data = values(&mut fields, data_key);
    fields.check()?;
    let found = app.hub.store().find_customer_view(&customer_scope(me), customer_id).await?;
    let customer = found.map(|view| view.customer);
    let customer = customer.filter(|c| c.details.status == CustomerStatus::Active);
    let customer = customer.ok_or_else(|| {
        ApiError::missing(format!("Cliente {customer_id} não existe ou não está ativo"))
    })?;
    let template_key = template_key.unwrap_or_else(|| default_template.to_owned());
    let template = app.hub.settings().documents.all().remove(&template_key);
    let template = template
        .ok_or_else(|| ApiError::missing(format!("Template \"{template_key}\" não encontrado")))?;
    if template.kind != kind {
        let text = format!(
            "O template \"{template_key}\" é de {}, não de {}",
            template.kind.word(),
            kind.word()
        );
        return Err(ApiError::refused(text));
    }
    Ok(Wanted { customer, template, data })
}

/// The values of the request: texts, numbers and switches; `null` is none.
fn values(fields: &mut Fields, name: &str) -> Values {
    let object = match fields.json(name) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(object)) => object.clone(),
        // A form carries it as text.
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(object)) => object,
            _ => return refuse(fields, name, NOT_OBJECT.to_owned()),
        },
        Some(_) => return refuse(fields, name, NOT_OBJECT.to_owned()),
    };
    if object.len() > VALUES_MAX {
        return refuse(fields, name, format!("São permitidos no máximo {VALUES_MAX} valores."));
    }
    let mut values = Values::new();
    for (key, value) in object {
        // PostgreSQL takes no NUL.
        let key = key.replace('\0', "");
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text.replace('\0', "")),
            Value::Number(number) if is_amount(&key) && has_parts_of_centavos(&number) => {
                fields.error(format!("{name}.{key}").as_str(), NOT_CENTAVOS);
                continue;
            }
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is_so) => Some(if is_so { "Sim" } else { "Não" }.to_owned()),
            Value::Array(_) | Value::Object(_) => {
                fields.error(format!("{name}.{key}").as_str(), NOT_OBJECT);
                continue;
            }
        };
        if text.as_ref().is_some_and(|text| text.chars().count() > VALUE_CHARS_MAX) {
            let text = crate::http::fields::too_long(VALUE_CHARS_MAX);
            fields.error(format!("{name}.{key}").as_str(), text);
            continue;
        }
        values.insert(key, text);
    }
    values
}

/// Three decimals would be read as thousands, which is how people write those.
fn has_parts_of_centavos(number: &Number) -> bool {
    let text = number.to_string();
    match text.split_once('e') {
        Some((_, exponent)) => exponent.starts_with('-'),
        None => text.split_once('.').is_some_and(|(_, decimals)| decimals.len() > 2),
    }
}

fn refuse(fields: &mut Fields, name: &str, text: String) -> Values {
    fields.error(name, text);
    Values::new()
}

fn faulty(within: &str, faults: compose::Faults) -> ApiError {
    let mut errors = FieldErrors::default();
    for (field, text) in faults {
        errors.add(format!("{within}.{field}"), text);
    }
    ApiError::Invalid(errors)
}

/// Stores the file and its row.
async fn file(
    app: &AppState,
    me: &CurrentAgent,
    wanted: &Wanted,
    kind: DocumentKind,
    pdf: Vec<u8>,
    values: &Value,
) -> ApiResult<dx_actors::domain::Document> {
    let customer = &wanted.customer;
    let tag: u32 = rand::random();
    let file_name = format!("{}_{}_{tag:08x}.pdf", kind.word(), customer.id);
    let received = app.files.receive_bytes(&file_name, &[FileKind::Pdf], pdf).await;
    let received = received.map_err(|error| match error {
        ReceiveError::Disk(error) => ApiError::unavailable(error),
        other => ApiError::internal(other.to_string()),
    })?;
    let stored = app.files.store(received).await?;
    let name = format!("{} - {}", wanted.template.name, customer.details.name);
    let new = NewDocument {
        customer_id: customer.id,
        name: name.chars().take(super::NAME_CHARS_MAX).collect(),
        kind,
        status: DocumentStatus::Generated,
        origin: DocumentOrigin::Generated,
        file: stored,
        file_name,
        description: wanted.data.get("descricao_servicos").cloned().flatten().unwrap_or_default(),
        template_name: wanted.template.name.clone(),
        filled_data: values.to_string(),
        due_date: compose::due_date(&wanted.data),
        uploaded_by: me.id,
    };
    Ok(app.hub.store().insert_document(new, app.hub.clock().now()).await?)
}

/// The logo that was uploaded; a document is made without one rather than not at all.
async fn logo(app: &AppState, settings: &Settings) -> Option<Vec<u8>> {
    let key = FileKey::try_from(settings.appearance.logo_file.clone()).ok()?;
    let content = match app.files.read(&key, None).await {
        Ok(content) if content.bytes <= PICTURE_BYTES_MAX as u64 => content,
        Ok(_) => return None,
        Err(error) => {
            tracing::warn!(error = crate::error::chain(&error), "logo cannot be read");
            return None;
        }
    };
    let bytes = content.stream.try_fold(Vec::new(), async |mut all, chunk| {
        all.extend_from_slice(&chunk);
        Ok(all)
    });
    bytes.await.ok()
}

fn previewed(app: &AppState, mut sent: Map<String, Value>) -> ApiResult<DocumentTemplate> {
    if let Some(Value::String(key)) = sent.get("template_nome") {
        let template = app.hub.settings().documents.all().remove(key);
        return template
            .ok_or_else(|| ApiError::missing(format!("Template \"{key}\" não encontrado")));
    }
    sent.entry("nome").or_insert_with(|| "Prévia".into());
    let map = json!({"previa": Value::Object(sent)});
    match templates_in(&map) {
        Ok(mut templates) => templates.remove("previa").ok_or_else(ApiError::not_found),
        Err(faults) => {
            let mut errors = FieldErrors::default();
            for (field, text) in faults {
                let field = field.replace("document_templates.previa.", "");
                errors.add(field, text);
            }
            Err(ApiError::Invalid(errors))
        }
    }
}

/// The customer of a preview.
fn sample_customer() -> Customer {
    let text = |text: &str| Some(text.to_owned());
    Customer {
        id: CustomerId(0),
        details: CustomerDetails {
            email: text("cliente@exemplo.com.br"),
            phone_written: text("(11) 99999-0000"),
            street: text("Rua das Acácias"),
            street_number: text("100"),
            district: text("Centro"),
            city: text("São Paulo"),
            state: text("SP"),
            name: "Cliente de Exemplo Ltda".to_owned(),
            ..CustomerDetails::default()
        },
        created_by: None,
        updated_by: None,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
    }
}

/// A value for every placeholder: an amount, a day soon, a term, else its own name.
fn sample_values(template: &DocumentTemplate, today: Date) -> Values {
    let soon = today.saturating_add(time::Duration::days(10));
    let value = |name: &str| match name {
        _ if is_amount(name) => "1500.00".to_owned(),
        _ if name.starts_with("data_") => crate::http::reply::date(soon),
        _ if name.starts_with("prazo") => "12 meses".to_owned(),
        "descricao_servicos" => "Descrição dos serviços".to_owned(),
        _ => format!("[{name}]"),
    };
    let bank = ["banco", "agencia", "conta", "nosso_numero"];
    let mut names = placeholders(&template.content);
    names.extend(["valor_total", "data_vencimento"]);
    // The account of a preview is the one of the settings.
    let names = names.into_iter().filter(|name| !bank.contains(name));
    names.map(|name| (name.to_owned(), Some(value(name)))).collect()
}

impl From<TypesetError> for ApiError {
    fn from(error: TypesetError) -> Self {
        match error {
            TypesetError::TooSlow => Self::unavailable(error),
            TypesetError::Failed(_) => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_centavos_are_told_from_zeros() {
        let cases = [
            ("33.333", true),
            ("1.005", true),
            ("-0.001", true),
            ("1e-7", true),
            ("33.33", false),
            ("33.330", false),
            ("5.000", false),
            ("1500", false),
            ("1e20", false),
            ("15e-1", false),
        ];
        for (text, expected) in cases {
            let number = serde_json::from_str(text).unwrap();
            assert_eq!(has_parts_of_centavos(&number), expected, "{text}");
        }
    }
}
