//! Departments (departamentos).

use dx_actors::{domain::Department, store::DepartmentLoad};
use serde::Serialize;

use super::time::At;

#[derive(Debug, Serialize)]
pub struct DepartmentOut {
    pub id: i64,
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "descricao")]
    pub description: String,
    #[serde(rename = "cor")]
    pub color: String,
    #[serde(rename = "atendentes")]
    pub members: Vec<i64>,
    #[serde(rename = "total_atendentes")]
    pub members_total: usize,
    #[serde(rename = "total_em_fila")]
    pub waiting_total: i64,
    #[serde(rename = "total_em_atendimento")]
    pub active_total: i64,
    #[serde(rename = "max_atendimentos_simultaneos")]
    pub capacity: i64,
    #[serde(rename = "tempo_resposta_esperado_minutos")]
    pub response_target_minutes: i64,
    #[serde(rename = "ativo")]
    pub is_active: bool,
    #[serde(rename = "criado_em")]
    pub created_at: At,
    #[serde(rename = "atualizado_em")]
    pub updated_at: At,
}

impl DepartmentOut {
    pub fn new(department: Department, load: DepartmentLoad) -> Self {
        let Department {
            id,
            name,
            description,
            color,
            capacity,
            response_target_minutes,
            is_active,
            created_at,
            updated_at,
            members,
        } = department;
        let DepartmentLoad { waiting, active } = load;
        Self {
            id: id.0,
            name,
            description,
            color,
            members_total: members.len(),
            members: members.into_iter().map(|member| member.0).collect(),
            waiting_total: waiting,
            active_total: active,
            capacity,
            response_target_minutes,
            is_active,
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}
