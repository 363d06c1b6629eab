//! Customers (clientes), under the names of the reference and those of the earlier system.

use std::collections::BTreeMap;

use dx_actors::{
    domain::{
        Customer, CustomerDetails, CustomerStatus, PersonType, TaxRegime,
        tax_id::{TaxId, TaxIdKind},
    },
    store::{CustomerStats, CustomerView},
};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{
        Object,
        schema::{ObjectBuilder, SchemaType, Type},
    },
};

use super::{time::At, words::Word};
use crate::openapi::schemas::word;

/// A canonical number as E.164 writes it.
pub(super) fn e164(canonical: &str) -> String {
    format!("+{canonical}")
}

/// Um cliente. Alguns dados vêm com mais de um nome, para clientes mais antigos da API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 12, "razao_social": "Empresa XYZ Ltda", "nome": "Empresa XYZ Ltda",
    "nome_fantasia": "XYZ", "nome_display": "XYZ", "tipo_pessoa": "juridica",
    "cnpj_cpf": "12345678000195", "cnpj": "12345678000195", "documento": "12345678000195",
    "tipo_documento": "cnpj", "documento_formatado": "12.345.678/0001-95",
    "documento_valido": true, "email": "contato@xyz.com.br",
    "email_principal": "contato@xyz.com.br", "telefone": "11999999999",
    "telefone_principal": "11999999999", "telefone_e164": "+5511999999999", "whatsapp": null,
    "whatsapp_e164": null,
    "contatos_principais": ["Email: contato@xyz.com.br", "Tel: 11999999999"],
    "endereco": "Rua das Flores", "numero": "123", "complemento": null, "bairro": "Centro",
    "cidade": "São Paulo", "estado": "SP", "cep": "01234-567",
    "endereco_completo": "Rua das Flores - nº 123 - Centro - São Paulo - SP - CEP: 01234-567",
    "status": "ativo", "grupo_empresa": 3, "grupo_empresa_nome": "Grupo XYZ",
    "inscricao_estadual": null, "inscricao_municipal": null, "ramo_atividade": "Padaria",
    "regime_tributario": "simples_nacional", "responsavel_legal_nome": "Maria Souza",
    "responsavel_legal_cpf": "52998224725", "responsavel_legal_cargo": "Sócia",
    "logo": "https://hub.empresa.com.br/api/v1/clientes/12/logo/",
    "assinatura_digital": null, "observacoes": null, "agente_responsavel": 4, "criado_por": 1,
    "atualizado_por": 1, "created_at": "2026-01-02T12:00:00.000000Z",
    "updated_at": "2026-01-02T12:00:00.000000Z", "criado_em": "2026-01-02T12:00:00.000000Z",
    "atualizado_em": "2026-01-02T12:00:00.000000Z",
}))]
pub struct CustomerOut {
    pub id: i64,
    /// Razão social, ou o nome da pessoa.
    #[serde(rename = "razao_social")]
    pub legal_name: String,
    /// O mesmo que `razao_social`.
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "nome_fantasia")]
    pub trade_name: Option<String>,
    /// O nome para mostrar: `nome_fantasia`, sem ele `razao_social`.
    #[serde(rename = "nome_display")]
    pub display_name: String,
    #[serde(rename = "tipo_pessoa")]
    #[schema(schema_with = word::<PersonType>)]
    pub person_type: &'static str,
    /// CPF ou CNPJ sem pontuação.
    #[serde(rename = "cnpj_cpf")]
    pub tax_id: Option<String>,
    /// O mesmo que `cnpj_cpf`.
    pub cnpj: Option<String>,
    /// O mesmo que `cnpj_cpf`.
    #[serde(rename = "documento")]
    pub document: Option<String>,
    /// O que `documento` é; `null` sem ele.
    #[serde(rename = "tipo_documento")]
    #[schema(schema_with = document_type)]
    pub document_type: Option<&'static str>,
    /// Com a pontuação usual.
    #[serde(rename = "documento_formatado")]
    pub formatted_document: Option<String>,
    /// Se os dígitos verificadores conferem; `null` sem documento.
    #[serde(rename = "documento_valido")]
    pub is_document_valid: Option<bool>,
    pub email: Option<String>,
    /// O mesmo que `email`.
    #[serde(rename = "email_principal")]
    pub main_email: Option<String>,
    #[serde(flatten)]
    pub numbers: CustomerNumbersOut,
    /// E-mail e telefone em palavras, os que há.
    #[serde(rename = "contatos_principais")]
    pub main_contacts: Vec<String>,
    #[serde(flatten)]
    pub address: CustomerAddressOut,
    #[schema(schema_with = word::<CustomerStatus>)]
    pub status: &'static str,
    /// Id do grupo de empresas.
    #[serde(rename = "grupo_empresa")]
    pub company_group: Option<i64>,
    /// Falta quando o cliente não está em um grupo.
    #[serde(rename = "grupo_empresa_nome", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub company_group_name: Option<String>,
    #[serde(flatten)]
    pub company: CustomerCompanyOut,
    /// Onde a imagem é lida, com um token.
    pub logo: Option<String>,
    /// Onde a imagem da assinatura é lida, com um token.
    #[serde(rename = "assinatura_digital")]
    pub signature: Option<String>,
    #[serde(rename = "observacoes")]
    pub notes: Option<String>,
    /// Id da pessoa responsável.
    #[serde(rename = "agente_responsavel")]
    pub responsible_agent: Option<i64>,
    /// Id de quem cadastrou; `null` quando o cliente chegou por uma mensagem.
    #[serde(rename = "criado_por")]
    pub created_by: Option<i64>,
    /// Id de quem alterou por último.
    #[serde(rename = "atualizado_por")]
    pub updated_by: Option<i64>,
    /// O mesmo que `criado_em`.
    pub created_at: At,
    /// O mesmo que `atualizado_em`.
    pub updated_at: At,
    #[serde(rename = "criado_em")]
    pub created: At,
    #[serde(rename = "atualizado_em")]
    pub updated: At,
}

fn document_type() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("O que `documento` é; `null` sem ele."))
        .enum_values(Some([Some("cpf"), Some("cnpj"), None]))
        .build()
}

/// Os números de um cliente: como foram digitados, e na forma em que são comparados.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerNumbersOut {
    /// Como foi digitado.
    #[serde(rename = "telefone")]
    pub phone: Option<String>,
    /// O mesmo que `telefone`.
    #[serde(rename = "telefone_principal")]
    pub main_phone: Option<String>,
    /// `telefone` em E.164, tal como `+5511999999999`.
    #[serde(rename = "telefone_e164")]
    pub phone_e164: Option<String>,
    /// Como foi digitado.
    pub whatsapp: Option<String>,
    /// `whatsapp` em E.164.
    pub whatsapp_e164: Option<String>,
}

/// O endereço de um cliente.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerAddressOut {
    /// Logradouro.
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
    /// Sigla com duas letras maiúsculas.
    #[serde(rename = "estado")]
    pub state: Option<String>,
    /// No formato `01234-567`.
    #[serde(rename = "cep")]
    pub postal_code: Option<String>,
    /// As partes que há, em uma linha; vazio sem nenhuma.
    #[serde(rename = "endereco_completo")]
    pub full: String,
}

/// O que só empresas têm.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerCompanyOut {
    #[serde(rename = "inscricao_estadual")]
    pub state_registration: Option<String>,
    #[serde(rename = "inscricao_municipal")]
    pub municipal_registration: Option<String>,
    #[serde(rename = "ramo_atividade")]
    pub business_line: Option<String>,
    #[serde(rename = "regime_tributario")]
    #[schema(schema_with = word::<TaxRegime>)]
    pub tax_regime: &'static str,
    #[serde(rename = "responsavel_legal_nome")]
    pub representative_name: Option<String>,
    /// Onze dígitos, sem pontuação.
    #[serde(rename = "responsavel_legal_cpf")]
    pub representative_cpf: Option<String>,
    #[serde(rename = "responsavel_legal_cargo")]
    pub representative_position: Option<String>,
}

/// Where the pictures of a customer are read.
#[derive(Debug, Default)]
pub struct PictureAddresses {
    pub logo: Option<String>,
    pub signature: Option<String>,
}

impl CustomerOut {
    pub fn new(view: CustomerView, pictures: PictureAddresses) -> Self {
        let CustomerView { customer, company_group_name } = view;
        let Customer { id, details, created_by, updated_by, created_at, updated_at } = customer;
        let address = CustomerAddressOut::of(&details);
        let company = CustomerCompanyOut::of(&details);
        let main_contacts = main_contacts(&details);
        let numbers = CustomerNumbersOut::of(&details);
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
            logo: pictures.logo,
            signature: pictures.signature,
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

impl CustomerNumbersOut {
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

impl CustomerAddressOut {
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

impl CustomerCompanyOut {
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

/// Quantos clientes há: os nomes de todos os clientes mais antigos da API de uma vez.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "total": 5, "ativos": 3, "inativos": 1, "suspensos": 1, "bloqueados": 0, "pessoa_fisica": 1,
    "pessoa_juridica": 4,
    "por_status": {"ativo": 3, "bloqueado": 0, "inativo": 1, "suspenso": 1},
    "por_tipo_documento": {"cnpj": 4, "cpf": 1}, "por_cidade": {"São Paulo": 4},
    "por_estado": {"SP": 4}, "recentes": 2,
}))]
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
    /// Quantos em cada status, também onde são 0.
    #[serde(rename = "por_status")]
    #[schema(value_type = BTreeMap<String, i64>)]
    pub by_status: BTreeMap<&'static str, i64>,
    /// `cpf` e `cnpj`: os mesmos números que `pessoa_fisica` e `pessoa_juridica`.
    #[serde(rename = "por_tipo_documento")]
    #[schema(value_type = BTreeMap<String, i64>)]
    pub by_document: BTreeMap<&'static str, i64>,
    /// As dez cidades mais frequentes.
    #[serde(rename = "por_cidade")]
    pub by_city: BTreeMap<String, i64>,
    /// Os dez estados mais frequentes.
    #[serde(rename = "por_estado")]
    pub by_state: BTreeMap<String, i64>,
    /// Cadastrados nos últimos 30 dias.
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
