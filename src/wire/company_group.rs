//! Groups of companies (grupos-empresa).

use dx_actors::domain::{CompanyGroup, CompanyGroupDetails};
use serde::Serialize;

use super::time::At;

#[derive(Debug, Serialize)]
pub struct CompanyGroupOut {
    pub id: i64,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "descricao")]
    pub description: Option<String>,
    #[serde(rename = "ativo")]
    pub is_active: bool,
    #[serde(rename = "empresas_count")]
    pub companies_total: i64,
    #[serde(rename = "criado_por")]
    pub created_by: Option<i64>,
    #[serde(rename = "criado_em")]
    pub created_at: At,
    #[serde(rename = "atualizado_em")]
    pub updated_at: At,
}

impl CompanyGroupOut {
    pub fn new(group: CompanyGroup) -> Self {
        let CompanyGroup { id, details, companies_total, created_by, created_at, updated_at } =
            group;
        let CompanyGroupDetails { name, description, is_active } = details;
        Self {
            id: id.0,
            name,
            description,
            is_active,
            companies_total,
            created_by: created_by.map(|id| id.0),
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}
