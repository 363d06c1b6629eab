//! Contacts (contatos).

use dx_actors::{
    domain::{Contact, ContactDetails},
    store::ContactView,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{customer::e164, time::At};

/// Uma pessoa em um cliente.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 21, "cliente": 12, "cliente_nome": "Empresa XYZ Ltda", "nome": "João Silva",
    "cargo": "Gerente", "email": "joao@xyz.com.br", "telefone": "11988887777",
    "telefone_e164": "+5511988887777", "whatsapp": "11988887777",
    "whatsapp_e164": "+5511988887777", "is_principal": true, "ativo": true, "criado_por": 4,
    "created_at": "2026-01-02T12:00:00.000000Z", "updated_at": "2026-01-02T12:00:00.000000Z",
    "criado_em": "2026-01-02T12:00:00.000000Z", "atualizado_em": "2026-01-02T12:00:00.000000Z",
}))]
pub struct ContactOut {
    pub id: i64,
    /// Id do cliente.
    #[serde(rename = "cliente")]
    pub customer: i64,
    #[serde(rename = "cliente_nome")]
    pub customer_name: String,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "cargo")]
    pub position: Option<String>,
    pub email: Option<String>,
    /// Como foi digitado.
    #[serde(rename = "telefone")]
    pub phone: Option<String>,
    /// `telefone` em E.164, tal como `+5511999999999`.
    #[serde(rename = "telefone_e164")]
    pub phone_e164: Option<String>,
    /// Como foi digitado.
    pub whatsapp: String,
    /// `whatsapp` em E.164.
    pub whatsapp_e164: String,
    /// A primeira pessoa a procurar no cliente; há no máximo uma.
    pub is_principal: bool,
    #[serde(rename = "ativo")]
    pub is_active: bool,
    /// Id de quem cadastrou.
    #[serde(rename = "criado_por")]
    pub created_by: Option<i64>,
    /// O mesmo que `criado_em`.
    pub created_at: At,
    /// O mesmo que `atualizado_em`.
    pub updated_at: At,
    #[serde(rename = "criado_em")]
    pub created: At,
    #[serde(rename = "atualizado_em")]
    pub updated: At,
}

impl ContactOut {
    pub fn new(view: ContactView) -> Self {
        let ContactView { contact, customer_name } = view;
        let Contact { id, details, created_by, created_at, updated_at } = contact;
        let ContactDetails {
            customer_id,
            name,
            position,
            email,
            phone,
            phone_written,
            whatsapp,
            whatsapp_written,
            is_primary,
            is_active,
        } = details;
        Self {
            id: id.0,
            customer: customer_id.0,
            customer_name,
            name,
            position,
            email,
            phone: phone_written,
            phone_e164: phone.as_deref().map(e164),
            whatsapp: whatsapp_written,
            whatsapp_e164: e164(&whatsapp),
            is_principal: is_primary,
            is_active,
            created_by: created_by.map(|id| id.0),
            created_at: created_at.into(),
            updated_at: updated_at.into(),
            created: created_at.into(),
            updated: updated_at.into(),
        }
    }
}

/// Um novo contato, ou um que é substituído.
#[derive(ToSchema)]
#[schema(example = json!({
    "cliente": 12, "nome": "João Silva", "cargo": "Gerente", "email": "joao@xyz.com.br",
    "telefone": "11988887777", "whatsapp": "11988887777", "is_principal": true,
}))]
pub struct ContactIn {
    /// Id do cliente.
    pub cliente: i64,
    #[schema(min_length = 1, max_length = 255)]
    pub nome: String,
    /// Com DDD, com ou sem DDI e pontuação. Um cliente tem um número só uma vez.
    #[schema(min_length = 10, max_length = 20)]
    pub whatsapp: String,
    #[schema(max_length = 100)]
    pub cargo: Option<String>,
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Com DDD, com ou sem DDI e pontuação.
    #[schema(max_length = 20)]
    pub telefone: Option<String>,
    /// Com `true` deixa de ser principal quem era. Padrão: `false`.
    #[schema(nullable = false)]
    pub is_principal: Option<bool>,
    /// Padrão: `true`.
    #[schema(nullable = false)]
    pub ativo: Option<bool>,
}

/// O que se muda em um contato; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"cargo": "Diretor", "is_principal": true}))]
pub struct ContactChangesIn {
    /// Id do cliente.
    #[schema(nullable = false)]
    pub cliente: Option<i64>,
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    pub nome: Option<String>,
    #[schema(min_length = 10, max_length = 20, nullable = false)]
    pub whatsapp: Option<String>,
    /// `null` ou um texto vazio apaga o cargo; e assim também `email` e `telefone`.
    #[schema(max_length = 100)]
    pub cargo: Option<String>,
    #[schema(max_length = 254)]
    pub email: Option<String>,
    #[schema(max_length = 20)]
    pub telefone: Option<String>,
    /// Com `true` deixa de ser principal quem era.
    #[schema(nullable = false)]
    pub is_principal: Option<bool>,
    #[schema(nullable = false)]
    pub ativo: Option<bool>,
}

/// Filtros da lista de contatos.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContactParams {
    /// Id de um cliente.
    pub cliente: Option<i64>,
    pub ativo: Option<bool>,
    pub is_principal: Option<bool>,
    /// Parte do nome.
    pub nome: Option<String>,
    /// Parte do cargo.
    pub cargo: Option<String>,
    /// Parte do e-mail.
    pub email: Option<String>,
    /// Parte do número.
    pub whatsapp: Option<String>,
    /// Palavras no nome, no WhatsApp, no e-mail ou no nome do cliente.
    pub search: Option<String>,
    /// `nome` (padrão), `criado_em` ou `ativo`, também `created_at`.
    pub ordering: Option<String>,
}
