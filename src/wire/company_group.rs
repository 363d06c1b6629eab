//! Groups of companies (grupos-empresa).

use dx_actors::domain::{CompanyGroup, CompanyGroupDetails};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::time::At;

/// Um grupo de empresas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 3, "nome": "Grupo XYZ", "descricao": "Matriz e filiais", "ativo": true,
    "empresas_count": 4, "criado_por": 1, "criado_em": "2026-01-02T12:00:00.000000Z",
    "atualizado_em": "2026-01-02T12:00:00.000000Z",
}))]
pub struct CompanyGroupOut {
    pub id: i64,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "descricao")]
    pub description: Option<String>,
    #[serde(rename = "ativo")]
    pub is_active: bool,
    /// Quantos clientes estão no grupo.
    #[serde(rename = "empresas_count")]
    pub companies_total: i64,
    /// Id de quem criou.
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

/// Um novo grupo, ou um que é substituído.
#[derive(ToSchema)]
#[schema(example = json!({"nome": "Grupo XYZ", "descricao": "Matriz e filiais"}))]
pub struct CompanyGroupIn {
    #[schema(min_length = 1, max_length = 255)]
    pub nome: String,
    #[schema(max_length = 2000)]
    pub descricao: Option<String>,
    /// Padrão: `true`.
    #[schema(nullable = false)]
    pub ativo: Option<bool>,
}

/// O que se muda em um grupo; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"descricao": "Matriz e filiais", "ativo": false}))]
pub struct CompanyGroupChangesIn {
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    pub nome: Option<String>,
    /// `null` ou um texto vazio apaga a descrição.
    #[schema(max_length = 2000)]
    pub descricao: Option<String>,
    #[schema(nullable = false)]
    pub ativo: Option<bool>,
}

/// Filtros da lista de grupos.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CompanyGroupParams {
    pub ativo: Option<bool>,
    /// Palavras em `nome` ou `descricao`.
    pub search: Option<String>,
    /// `nome` (padrão) ou `criado_em`, também `created_at`.
    pub ordering: Option<String>,
}
