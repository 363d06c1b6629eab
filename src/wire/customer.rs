//! Customers (clientes), under the names of the reference and those of the earlier system.

use std::collections::BTreeMap;

use dx_actors::{
    domain::{
        Customer, CustomerDetails, CustomerStatus, PersonType,
        tax_id::{TaxId, TaxIdKind},
    },
    store::{CustomerStats, CustomerView},
};
use serde::Serialize;

use super::{time::At, words::Word};

/// A canonical number as E.164 writes it.
pub(super) fn e164(canonical: &str) -> String {
    format!("+{canonical}")
}

/// A row of `/clientes/`.
#[derive(Debug, Serialize)]
pub struct CustomerOut {
    pub id: i64,
    #[serde(rename = "razao_social")]
    pub legal_name: String,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "nome_fantasia")]
    pub trade_name: Option<String>,
    #[serde(rename = "nome_display")]
    pub display_name: String,
    #[serde(rename = "tipo_pessoa")]
    pub person_type: &'static str,
    #[serde(rename = "cnpj_cpf")]
    pub tax_id: Option<String>,
    pub cnpj: Option<String>,
    #[serde(rename = "documento")]
    pub document: Option<String>,
    #[serde(rename = "tipo_documento")]
    pub document_type: Option<&'static str>,
    #[serde(rename = "documento_formatado")]
    pub formatted_document: Option<String>,
    /// The check digits are right; absent numbers are neither.
    #[serde(rename = "documento_valido")]
    pub is_document_valid: Option<bool>,
    pub email: Option<String>,
    #[serde(rename = "email_principal")]
    pub main_email: Option<String>,
    #[serde(flatten)]
    pub numbers: Numbers,
    #[serde(rename = "contatos_principais")]
    pub main_contacts: Vec<String>,
    #[serde(flatten)]
    pub address: Address,
    pub status: &'static str,
    #[serde(rename = "grupo_empresa")]
    pub company_group: Option<i64>,
    #[serde(rename = "grupo_empresa_nome", skip_serializing_if = "Option::is_none")]
    pub company_group_name: Option<String>,
    #[serde(flatten)]
    pub company: CompanyData,
    pub logo: Option<String>,
    #[serde(rename = "assinatura_digital")]
    pub signature: Option<String>,
    #[serde(rename = "observacoes")]
    pub notes: Option<String>,
    #[serde(rename = "agente_responsavel")]
    pub responsible_agent: Option<i64>,
    #[serde(rename = "criado_por")]
    pub created_by: Option<i64>,
    #[serde(rename = "atualizado_por")]
    pub updated_by: Option<i64>,
    pub created_at: At,
    pub updated_at: At,
    #[serde(rename = "criado_em")]
    pub created: At,
    #[serde(rename = "atualizado_em")]
    pub updated: At,
}

/// As they were typed, and in the one form in which they are compared.
#[derive(Debug, Serialize)]
pub struct Numbers {
    #[serde(rename = "telefone")]
    pub phone: Option<String>,
    #[serde(rename = "telefone_principal")]
    pub main_phone: Option<String>,
    #[serde(rename = "telefone_e164")]
    pub phone_e164: Option<String>,
    pub whatsapp: Option<String>,
    pub whatsapp_e164: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Address {
    #[serde(rename = "endereco")]
    pub street: Option<String>,
    #[serde(rename = "numero")]
    pub number: Option<String>,
    #[serde(rename = "complemento")]
    pub complement: Option<String>,
    #[serde(rename = "bairro")]
    pub district: Option<String>,
    #[serde(rename = "cidade")]
    pub city: Option<String>,
    #[serde(rename = "estado")]
    pub state: Option<String>,
    #[serde(rename = "cep")]
    pub postal_code: Option<String>,
    #[serde(rename = "endereco_completo")]
    pub full: String,
}

#[derive(Debug, Serialize)]
pub struct CompanyData {
    #[serde(rename = "inscricao_estadual")]
    pub state_registration: Option<String>,
    #[serde(rename = "inscricao_municipal")]
    pub municipal_registration: Option<String>,
    #[serde(rename = "ramo_atividade")]
    pub business_line: Option<String>,
    #[serde(rename = "regime_tributario")]
    pub tax_regime: &'static str,
    #[serde(rename = "responsavel_legal_nome")]
    pub representative_name: Option<String>,
    #[serde(rename = "responsavel_legal_cpf")]
    pub representative_cpf: Option<String>,
    #[serde(rename = "responsavel_legal_cargo")]
    pub representative_position: Option<String>,
}

impl CustomerOut {
    pub fn new(view: CustomerView) -> Self {
        let CustomerView { customer, company_group_name } = view;
        let Customer {
            id,
            details,
            logo: _,
            signature: _,
            created_by,
            updated_by,
            created_at,
            updated_at,
        } = customer;
        let address = Address::of(&details);
        let company = CompanyData::of(&details);
        let main_contacts = main_contacts(&details);
        let numbers = Numbers::of(&details);
        let tax_id = details.tax_id.as_ref();
        let document = tax_id.map(|id| id.as_str().to_owned());
        let trade_name = details.trade_name;
        Self {
            id: id.0,
            display_name: trade_name.clone().unwrap_or_else(|| details.name.clone()),
            legal_name: details.name.clone(),
            name: details.name,
            trade_name,
            person_type: details.person_type.word(),
            document_type: tax_id.map(|id| kind_word(id.kind())),
            formatted_document: tax_id.map(TaxId::formatted),
            is_document_valid: tax_id.map(TaxId::is_valid),
            tax_id: document.clone(),
            cnpj: document.clone(),
            document,
            email: details.email.clone(),
            main_email: details.email,
            numbers,
            main_contacts,
            address,
            status: details.status.word(),
            company_group: details.company_group_id.map(|id| id.0),
            company_group_name,
            company,
            // Files are not served yet.
            logo: None,
            signature: None,
            notes: details.notes,
            responsible_agent: details.responsible_agent_id.map(|id| id.0),
            created_by: created_by.map(|id| id.0),
            updated_by: updated_by.map(|id| id.0),
            created_at: created_at.into(),
            updated_at: updated_at.into(),
            created: created_at.into(),
            updated: updated_at.into(),
        }
    }
}

fn kind_word(kind: TaxIdKind) -> &'static str {
    match kind {
        TaxIdKind::Cpf => "cpf",
        TaxIdKind::Cnpj => "cnpj",
    }
}

fn main_contacts(details: &CustomerDetails) -> Vec<String> {
    let email = details.email.as_ref().map(|email| format!("Email: {email}"));
    let phone = details.phone_written.as_ref().map(|phone| format!("Tel: {phone}"));
    email.into_iter().chain(phone).collect()
}

impl Numbers {
    fn of(details: &CustomerDetails) -> Self {
        Self {
            phone: details.phone_written.clone(),
            main_phone: details.phone_written.clone(),
            phone_e164: details.phone.as_deref().map(e164),
            whatsapp: details.whatsapp_written.clone(),
            whatsapp_e164: details.whatsapp.as_deref().map(e164),
        }
    }
}

impl Address {
    fn of(details: &CustomerDetails) -> Self {
        let postal_code = details.postal_code.as_ref().map(ToString::to_string);
        let parts = [
            details.street.clone(),
            details.street_number.as_ref().map(|number| format!("nº {number}")),
            details.complement.clone(),
            details.district.clone(),
            details.city.clone(),
            details.state.clone(),
            postal_code.as_ref().map(|code| format!("CEP: {code}")),
        ];
        Self {
            street: details.street.clone(),
            number: details.street_number.clone(),
            complement: details.complement.clone(),
            district: details.district.clone(),
            city: details.city.clone(),
            state: details.state.clone(),
            postal_code,
            full: parts.into_iter().flatten().collect::<Vec<_>>().join(" - "),
        }
    }
}

impl CompanyData {
    fn of(details: &CustomerDetails) -> Self {
        Self {
            state_registration: details.state_registration.clone(),
            municipal_registration: details.municipal_registration.clone(),
            business_line: details.business_line.clone(),
            tax_regime: details.tax_regime.word(),
            representative_name: details.representative_name.clone(),
            representative_cpf: details.representative_cpf.as_ref().map(ToString::to_string),
            representative_position: details.representative_position.clone(),
        }
    }
}

/// `GET /clientes/stats/`: the shapes of all earlier clients at once (C22).
#[derive(Debug, Serialize)]
pub struct CustomerStatsOut {
    pub total: i64,
    #[serde(rename = "ativos")]
    pub active: i64,
    #[serde(rename = "inativos")]
    pub inactive: i64,
    #[serde(rename = "suspensos")]
    pub suspended: i64,
    #[serde(rename = "bloqueados")]
    pub blocked: i64,
    #[serde(rename = "pessoa_fisica")]
    pub individuals: i64,
    #[serde(rename = "pessoa_juridica")]
    pub companies: i64,
    #[serde(rename = "por_status")]
    pub by_status: BTreeMap<&'static str, i64>,
    #[serde(rename = "por_tipo_documento")]
    pub by_document: BTreeMap<&'static str, i64>,
    #[serde(rename = "por_cidade")]
    pub by_city: BTreeMap<String, i64>,
    #[serde(rename = "por_estado")]
    pub by_state: BTreeMap<String, i64>,
    /// Within the last 30 days.
    #[serde(rename = "recentes")]
    pub recent: i64,
}

impl From<CustomerStats> for CustomerStatsOut {
    fn from(stats: CustomerStats) -> Self {
        let CustomerStats { by_status, by_person_type, by_city, by_state, recent } = stats;
        let in_status = |status| count(&by_status, status);
        let (individuals, companies) = (
            count(&by_person_type, PersonType::Individual),
            count(&by_person_type, PersonType::Company),
        );
        let words = CustomerStatus::WORDS.iter();
        Self {
            total: by_status.iter().map(|(_, number)| number).sum(),
            active: in_status(CustomerStatus::Active),
            inactive: in_status(CustomerStatus::Inactive),
            suspended: in_status(CustomerStatus::Suspended),
            blocked: in_status(CustomerStatus::Blocked),
            individuals,
            companies,
            by_status: words.map(|(status, word)| (*word, in_status(*status))).collect(),
            by_document: BTreeMap::from([("cpf", individuals), ("cnpj", companies)]),
            by_city: by_city.into_iter().collect(),
            by_state: by_state.into_iter().collect(),
            recent,
        }
    }
}

fn count<T: PartialEq + Copy>(numbers: &[(T, i64)], wanted: T) -> i64 {
    numbers.iter().find(|(known, _)| *known == wanted).map_or(0, |(_, number)| *number)
}
