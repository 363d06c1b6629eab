//! The fields of a customer, under the names of the reference, of the earlier system and of its
//! older clients.

use dx_actors::domain::{
    AgentId, CompanyGroupId, Customer, CustomerChange, CustomerDetails, CustomerStatus, PersonType,
    TaxRegime,
    postal_code::PostalCode,
    tax_id::{TaxId, TaxIdKind},
};

use super::{
    Fields,
    change_reader::{ChangeReader, CheckDigits, no_such, optional_tax_id},
    customer_pictures as pictures,
    fields::REQUIRED,
};
use crate::{auth::CurrentAgent, error::ApiResult, state::AppState, wire::words::Word};

/// The lengths are those of contract §4.
const NAME_CHARS_MAX: usize = 255;
const STREET_CHARS_MAX: usize = 500;
const NUMBER_CHARS_MAX: usize = 10;
const PLACE_CHARS_MAX: usize = 100;
const STATE_CHARS: usize = 2;
const POSTAL_CODE_CHARS_MAX: usize = 12;
const REGISTRATION_CHARS_MAX: usize = 20;
/// A few pages.
const NOTES_CHARS_MAX: usize = 10_000;

const NAME: [&str; 2] = ["razao_social", "nome"];
const TAX_ID: [&str; 3] = ["cnpj_cpf", "cnpj", "documento"];
const RESPONSIBLE: [&str; 3] = ["agente_responsavel", "responsavel", "atendente"];

const NOT_STATE: &str = "Informe a sigla do estado com duas letras.";
const NOT_POSTAL_CODE: &str = "Informe um CEP no formato 01234-567.";
const NOT_CPF: &str = "Informe um CPF com 11 dígitos.";
const COMPANY_NEEDS_CNPJ: &str = "Uma pessoa jurídica tem um CNPJ de 14 caracteres.";
const INDIVIDUAL_NEEDS_CPF: &str = "Uma pessoa física tem um CPF de 11 dígitos.";
const KIND_DIFFERS: &str = "O tipo de pessoa não combina com o CPF ou CNPJ do cliente.";

/// The changes for a new customer: the name has to be there.
pub(super) async fn new_customer(
    app: &AppState,
    me: &CurrentAgent,
    mut fields: Fields,
) -> ApiResult<CustomerDetails> {
    require_name(&mut fields);
    let mut details = CustomerDetails::default();
    let changes = read(app, me, &mut fields, &details).await?;
    let new_pictures = pictures::receive(app, &mut fields, None).await?;
    details.apply(changes);
    let mut details = fields.finish(details)?;
    details.apply(pictures::store(app, new_pictures).await?);
    Ok(details)
}

/// Notes when there is no name.
pub(super) fn require_name(fields: &mut Fields) {
    if !NAME.iter().any(|name| fields.is_present(name)) {
        fields.error(NAME[0], REQUIRED);
    }
}

/// What the fields change in a customer.
pub(super) async fn changes(
    app: &AppState,
    me: &CurrentAgent,
    mut fields: Fields,
    current: &Customer,
) -> ApiResult<Vec<CustomerChange>> {
    let changes = read(app, me, &mut fields, &current.details).await?;
    let new_pictures = pictures::receive(app, &mut fields, Some(current.id)).await?;
    let mut changes = fields.finish(changes)?;
    changes.extend(pictures::store(app, new_pictures).await?);
    Ok(changes)
}

async fn read(
    app: &AppState,
    me: &CurrentAgent,
    fields: &mut Fields,
    current: &CustomerDetails,
) -> ApiResult<Vec<CustomerChange>> {
    let check_digits = CheckDigits::of(&app.config);
    let mut reader = ChangeReader::new(fields);
    if let Some(name) = reader.sent(&NAME) {
        let text = reader.fields.changed_text(name, NAME_CHARS_MAX);
        reader.changes.extend(text.map(CustomerChange::Name));
    }
    reader.text(&["nome_fantasia"], NAME_CHARS_MAX, CustomerChange::TradeName);
    read_identity(&mut reader, check_digits, current);
    reader.email(&["email", "email_principal"], CustomerChange::Email);
    reader.phone(&["telefone", "telefone_principal"], CustomerChange::Phone);
    reader.phone(&["whatsapp", "celular"], CustomerChange::WhatsApp);
    read_address(&mut reader);
    reader.choice(&["status"], CustomerStatus::parse, CustomerChange::Status);
    read_company(&mut reader, check_digits);
    reader.text(&["observacoes"], NOTES_CHARS_MAX, CustomerChange::Notes);
    let mut changes = reader.changes;
    if let Some(group) = read_group(app, fields).await? {
        changes.push(group);
    }
    changes.extend(read_responsible(me, fields));
    Ok(changes)
}

/// The tax id says what kind of person it is, unless that is said, too.
fn read_identity(
    reader: &mut ChangeReader<'_, CustomerChange>,
    check_digits: CheckDigits,
    current: &CustomerDetails,
) {
    let said = said_person_type(reader.fields);
    let sent = reader.sent(&TAX_ID);
    let tax_id = match sent {
        Some(name) => optional_tax_id(reader.fields, name, check_digits),
        None => current.tax_id.clone(),
    };
    let of_tax_id = tax_id.as_ref().map(|id| PersonType::of(id.kind()));
    if let (Some((name, said)), Some(kind)) = (said, of_tax_id)
        && said != kind
    {
        let text = match (sent, said) {
            (None, _) => KIND_DIFFERS,
            (Some(_), PersonType::Company) => COMPANY_NEEDS_CNPJ,
            (Some(_), PersonType::Individual) => INDIVIDUAL_NEEDS_CPF,
        };
        reader.fields.error(sent.unwrap_or(name), text);
    }
    let person_type = said.map(|(_, said)| said).or(of_tax_id.filter(|_| sent.is_some()));
    reader.changes.extend(person_type.map(CustomerChange::PersonType));
    if sent.is_some() {
        reader.changes.push(CustomerChange::TaxId(tax_id));
    }
}

/// What the client says, with the name of the field.
fn said_person_type(fields: &mut Fields) -> Option<(&'static str, PersonType)> {
    let of_document = |word: &str| match word.to_ascii_lowercase().as_str() {
        "cpf" => Some(PersonType::Individual),
        "cnpj" => Some(PersonType::Company),
        _ => None,
    };
    if fields.is_present("tipo_pessoa") {
        let said = fields.optional_choice("tipo_pessoa", PersonType::parse);
        return said.map(|said| ("tipo_pessoa", said));
    }
    let said = fields.optional_choice("tipo_documento", of_document);
    said.map(|said| ("tipo_documento", said))
}

fn read_address(reader: &mut ChangeReader<'_, CustomerChange>) {
    reader.text(&["endereco"], STREET_CHARS_MAX, CustomerChange::Street);
    reader.text(&["numero"], NUMBER_CHARS_MAX, CustomerChange::StreetNumber);
    reader.text(&["complemento"], PLACE_CHARS_MAX, CustomerChange::Complement);
    reader.text(&["bairro"], PLACE_CHARS_MAX, CustomerChange::District);
    reader.text(&["cidade"], PLACE_CHARS_MAX, CustomerChange::City);
    if reader.fields.is_present("estado") {
        let text = reader.fields.optional_text("estado", STATE_CHARS);
        let state = text.filter(|text| !text.is_empty()).map(|text| text.to_uppercase());
        let is_state = |text: &str| {
            text.len() == STATE_CHARS && text.bytes().all(|byte| byte.is_ascii_uppercase())
        };
        if state.as_deref().is_some_and(|state| !is_state(state)) {
            reader.fields.error("estado", NOT_STATE);
        }
        reader.changes.push(CustomerChange::State(state));
    }
    if reader.fields.is_present("cep") {
        let text = reader.fields.optional_text("cep", POSTAL_CODE_CHARS_MAX);
        let text = text.filter(|text| !text.is_empty());
        let code = text.as_deref().and_then(PostalCode::parse);
        if text.is_some() && code.is_none() {
            reader.fields.error("cep", NOT_POSTAL_CODE);
        }
        reader.changes.push(CustomerChange::PostalCode(code));
    }
}

fn read_company(reader: &mut ChangeReader<'_, CustomerChange>, check_digits: CheckDigits) {
    use CustomerChange as Change;
    reader.text(&["inscricao_estadual"], REGISTRATION_CHARS_MAX, Change::StateRegistration);
    reader.text(&["inscricao_municipal"], REGISTRATION_CHARS_MAX, Change::MunicipalRegistration);
    reader.text(&["ramo_atividade"], NAME_CHARS_MAX, Change::BusinessLine);
    reader.choice(&["regime_tributario"], TaxRegime::parse, Change::TaxRegime);
    reader.text(&["responsavel_legal_nome"], NAME_CHARS_MAX, Change::RepresentativeName);
    reader.text(&["responsavel_legal_cargo"], PLACE_CHARS_MAX, Change::RepresentativePosition);
    let name = "responsavel_legal_cpf";
    if reader.fields.is_present(name) {
        let cpf = optional_tax_id(reader.fields, name, check_digits);
        if cpf.as_ref().map(TaxId::kind) == Some(TaxIdKind::Cnpj) {
            reader.fields.error(name, NOT_CPF);
        }
        reader.changes.push(Change::RepresentativeCpf(cpf));
    }
}

async fn read_group(app: &AppState, fields: &mut Fields) -> ApiResult<Option<CustomerChange>> {
    let name = "grupo_empresa";
    if !fields.is_present(name) {
        return Ok(None);
    }
    let id = fields.optional_id(name).map(CompanyGroupId);
    if let Some(id) = id
        && app.hub.store().find_company_group(id).await?.is_none()
    {
        fields.error(name, no_such(id.0));
    }
    Ok(Some(CustomerChange::CompanyGroup(id)))
}

/// `null` and 0 mean nobody.
pub(super) fn read_responsible(me: &CurrentAgent, fields: &mut Fields) -> Option<CustomerChange> {
    let name = fields.first_present(&RESPONSIBLE);
    if !fields.is_present(name) {
        return None;
    }
    let id = fields.optional_id(name).filter(|id| *id != 0).map(AgentId);
    if let Some(id) = id
        && !me.roster.agent(id).is_some_and(|agent| agent.is_active)
    {
        fields.error(name, no_such(id.0));
    }
    Some(CustomerChange::ResponsibleAgent(id))
}
