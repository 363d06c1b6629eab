//! Contacts (contatos).

use dx_actors::{
    domain::{Contact, ContactDetails},
    store::ContactView,
};
use serde::Serialize;

use super::{customer::e164, time::At};

/// A row of `/contatos/`.
#[derive(Debug, Serialize)]
pub struct ContactOut {
    pub id: i64,
    #[serde(rename = "cliente")]
    pub customer: i64,
    #[serde(rename = "cliente_nome")]
    pub customer_name: String,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "cargo")]
    pub position: Option<String>,
    pub email: Option<String>,
    #[serde(rename = "telefone")]
    pub phone: Option<String>,
    #[serde(rename = "telefone_e164")]
    pub phone_e164: Option<String>,
    pub whatsapp: String,
    pub whatsapp_e164: String,
    pub is_principal: bool,
    #[serde(rename = "ativo")]
    pub is_active: bool,
    #[serde(rename = "criado_por")]
    pub created_by: Option<i64>,
    pub created_at: At,
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
