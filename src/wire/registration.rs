//! What the widget of a chat is told, and the answers to a registration by hand.

use dx_actors::{
    domain::{CompanyGroupId, ContactDetails, tax_id::TaxId},
    store::ContactView,
};
use serde::Serialize;

use super::{contact::ContactOut, customer::e164};

const NOT_FOUND: &str = "Nenhum contato encontrado com este WhatsApp.";
const CAPTURED: &str = "Dados capturados com sucesso";
const NEXT_STEP: &str = "Confirme o cadastro com o atendente.";
const REGISTERED: &str = "Contato cadastrado com sucesso";
const KNOWN: &str = "WhatsApp já cadastrado";

/// `POST clientes/chat/buscar-contato/`.
#[derive(Debug, Serialize)]
pub struct FoundContactsOut {
    #[serde(rename = "encontrado")]
    pub is_found: bool,
    #[serde(rename = "contatos")]
    pub contacts: Vec<ContactOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'static str>,
}

impl FoundContactsOut {
    pub fn new(found: Vec<ContactView>) -> Self {
        let is_found = !found.is_empty();
        let contacts = found.into_iter().map(ContactOut::new).collect();
        Self { is_found, contacts, message: (!is_found).then_some(NOT_FOUND) }
    }
}

/// `POST clientes/chat/dados-capturados/`.
#[derive(Debug, Serialize)]
pub struct CapturedOut {
    pub message: &'static str,
    #[serde(rename = "dados_capturados")]
    pub captured: CapturedData,
    #[serde(rename = "proximo_passo")]
    pub next_step: &'static str,
}

#[derive(Debug, Serialize)]
pub struct CapturedData {
    pub whatsapp: String,
    pub whatsapp_e164: String,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "cargo")]
    pub position: Option<String>,
    pub email: Option<String>,
    #[serde(rename = "empresa_nome")]
    pub company_name: String,
    #[serde(rename = "empresa_cnpj")]
    pub company_tax_id: Option<String>,
    #[serde(rename = "grupo_empresa_id")]
    pub company_group_id: Option<i64>,
}

impl CapturedOut {
    pub fn new(
        contact: ContactDetails,
        company_name: String,
        tax_id: Option<&TaxId>,
        group: Option<CompanyGroupId>,
    ) -> Self {
        let captured = CapturedData {
            whatsapp: contact.whatsapp_written,
            whatsapp_e164: e164(&contact.whatsapp),
            name: contact.name,
            position: contact.position,
            email: contact.email,
            company_name,
            company_tax_id: tax_id.map(ToString::to_string),
            company_group_id: group.map(|id| id.0),
        };
        Self { message: CAPTURED, captured, next_step: NEXT_STEP }
    }
}

/// 201 of `POST clientes/cadastro-manual/`.
#[derive(Debug, Serialize)]
pub struct RegisteredOut {
    pub message: &'static str,
    #[serde(rename = "contato")]
    pub contact: ContactOut,
}

impl RegisteredOut {
    pub fn new(contact: ContactOut) -> Self {
        Self { message: REGISTERED, contact }
    }
}

/// 400 of the same: a failure as all others, with the contact that is there.
#[derive(Debug, Serialize)]
pub struct KnownContactOut {
    pub error: &'static str,
    pub detail: &'static str,
    pub message: &'static str,
    #[serde(rename = "contato")]
    pub contact: ContactOut,
}

impl KnownContactOut {
    pub fn new(contact: ContactOut) -> Self {
        Self { error: KNOWN, detail: KNOWN, message: KNOWN, contact }
    }
}
