//! What the widget of a chat is told, and the answers to a registration by hand.

use dx_actors::{
    domain::{CompanyGroupId, ContactDetails, tax_id::TaxId},
    store::ContactView,
};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema, schema::AnyOfBuilder},
};

use super::{contact::ContactOut, customer::e164};

const NOT_FOUND: &str = "Nenhum contato encontrado com este WhatsApp.";
const CAPTURED: &str = "Dados capturados com sucesso";
const NEXT_STEP: &str = "Confirme o cadastro com o atendente.";
const REGISTERED: &str = "Contato cadastrado com sucesso";
const KNOWN: &str = "WhatsApp já cadastrado";

/// Quem tem um número.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "encontrado": false, "contatos": [],
    "message": "Nenhum contato encontrado com este WhatsApp.",
}))]
pub struct FoundContactsOut {
    #[serde(rename = "encontrado")]
    pub is_found: bool,
    /// No máximo 20, de clientes ativos.
    #[serde(rename = "contatos")]
    pub contacts: Vec<ContactOut>,
    /// Só quando não há ninguém.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message: Option<&'static str>,
}

impl FoundContactsOut {
    pub fn new(found: Vec<ContactView>) -> Self {
        let is_found = !found.is_empty();
        let contacts = found.into_iter().map(ContactOut::new).collect();
        Self { is_found, contacts, message: (!is_found).then_some(NOT_FOUND) }
    }
}

/// O que foi entendido; nada foi gravado.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Dados capturados com sucesso",
    "dados_capturados": {
        "whatsapp": "(11) 98888-7777", "whatsapp_e164": "+5511988887777", "nome": "João Silva",
        "cargo": null, "email": null, "empresa_nome": "Empresa XYZ Ltda",
        "empresa_cnpj": "12345678000195", "grupo_empresa_id": null,
    },
    "proximo_passo": "Confirme o cadastro com o atendente.",
}))]
pub struct CapturedOut {
    pub message: &'static str,
    #[serde(rename = "dados_capturados")]
    pub captured: CapturedDataOut,
    #[serde(rename = "proximo_passo")]
    pub next_step: &'static str,
}

/// Os dados, verificados.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapturedDataOut {
    pub whatsapp: String,
    pub whatsapp_e164: String,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "cargo")]
    pub position: Option<String>,
    pub email: Option<String>,
    #[serde(rename = "empresa_nome")]
    pub company_name: String,
    /// CPF ou CNPJ sem pontuação.
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
        let captured = CapturedDataOut {
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

/// Um contato cadastrado.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Contato cadastrado com sucesso",
    "contato": {
        "id": 21, "cliente": 12, "cliente_nome": "Empresa XYZ Ltda", "nome": "João Silva",
        "cargo": null, "email": null, "telefone": null, "telefone_e164": null,
        "whatsapp": "11988887777", "whatsapp_e164": "+5511988887777", "is_principal": false,
        "ativo": true, "criado_por": 4, "created_at": "2026-01-02T12:00:00.000000Z",
        "updated_at": "2026-01-02T12:00:00.000000Z", "criado_em": "2026-01-02T12:00:00.000000Z",
        "atualizado_em": "2026-01-02T12:00:00.000000Z",
    },
}))]
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

/// O número já está cadastrado: um erro como os outros, com o contato que já existe.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "error": "WhatsApp já cadastrado", "detail": "WhatsApp já cadastrado",
    "message": "WhatsApp já cadastrado",
    "contato": {
        "id": 21, "cliente": 12, "cliente_nome": "Empresa XYZ Ltda", "nome": "João Silva",
        "cargo": null, "email": null, "telefone": null, "telefone_e164": null,
        "whatsapp": "11988887777", "whatsapp_e164": "+5511988887777", "is_principal": false,
        "ativo": true, "criado_por": 4, "created_at": "2026-01-02T12:00:00.000000Z",
        "updated_at": "2026-01-02T12:00:00.000000Z", "criado_em": "2026-01-02T12:00:00.000000Z",
        "atualizado_em": "2026-01-02T12:00:00.000000Z",
    },
}))]
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

/// 400 of a registration: wrong fields, a body that cannot be read, or a number that is there already.
#[derive(Debug)]
pub struct RegistrationRefused;

impl PartialSchema for RegistrationRefused {
    fn schema() -> RefOr<Schema> {
        let refused = ["ErrosDeCampos", "Erro"].map(Ref::from_schema_name);
        let known = Ref::from_schema_name(KnownContactOut::name());
        let any = refused.into_iter().chain([known]).fold(AnyOfBuilder::new(), AnyOfBuilder::item);
        RefOr::T(any.into())
    }
}

impl ToSchema for RegistrationRefused {
    fn name() -> std::borrow::Cow<'static, str> {
        "CadastroRecusado".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((KnownContactOut::name().into_owned(), KnownContactOut::schema()));
        KnownContactOut::schemas(schemas);
    }
}

/// Um número de WhatsApp.
#[derive(ToSchema)]
#[schema(example = json!({"whatsapp": "11988887777"}))]
pub struct FindContactIn {
    /// Com DDD, com ou sem DDI e pontuação. Também com os nomes `numero` e `numero_whatsapp`.
    #[schema(min_length = 10, max_length = 20)]
    pub whatsapp: String,
}

/// O que alguém digitou sobre si e a sua empresa.
#[derive(ToSchema)]
#[schema(example = json!({
    "whatsapp": "11988887777", "nome": "João Silva", "cargo": "Gerente",
    "empresa_nome": "Empresa XYZ Ltda", "empresa_cnpj": "12.345.678/0001-95",
}))]
pub struct CapturedIn {
    /// Com DDD, com ou sem DDI e pontuação. Também com os nomes `numero` e `numero_whatsapp`.
    #[schema(min_length = 10, max_length = 20)]
    pub whatsapp: String,
    #[schema(min_length = 1, max_length = 255)]
    pub nome: String,
    #[schema(min_length = 1, max_length = 255)]
    pub empresa_nome: String,
    #[schema(max_length = 100)]
    pub cargo: Option<String>,
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// CNPJ ou CPF, com ou sem pontuação.
    #[schema(max_length = 30)]
    pub empresa_cnpj: Option<String>,
    /// Id de um grupo de empresas.
    pub grupo_empresa_id: Option<i64>,
}

/// Uma pessoa e a sua empresa, que é `empresa_id` ou `empresa_nome`; um dos dois é obrigatório.
#[derive(ToSchema)]
#[schema(example = json!({
    "whatsapp": "11988887777", "nome": "João Silva", "empresa_nome": "Empresa XYZ Ltda",
    "empresa_cnpj": "12345678000195",
}))]
pub struct RegistrationIn {
    /// Com DDD, com ou sem DDI e pontuação. Também com os nomes `numero` e `numero_whatsapp`.
    #[schema(min_length = 10, max_length = 20)]
    pub whatsapp: String,
    #[schema(min_length = 1, max_length = 255)]
    pub nome: String,
    #[schema(max_length = 100)]
    pub cargo: Option<String>,
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Id de um cliente; vale antes de `empresa_nome`.
    pub empresa_id: Option<i64>,
    /// Um cliente é procurado pelo CNPJ, depois pelo nome; quando não há, é criado.
    #[schema(max_length = 255)]
    pub empresa_nome: Option<String>,
    /// CNPJ ou CPF de `empresa_nome`, com ou sem pontuação.
    #[schema(max_length = 30)]
    pub empresa_cnpj: Option<String>,
    /// Id do grupo de empresas de um cliente que é criado.
    pub grupo_empresa_id: Option<i64>,
}
