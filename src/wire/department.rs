//! Departments (departamentos).

use dx_actors::{
    domain::{AssignmentMode, Department},
    store::DepartmentLoad,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    opening_hours::{OpeningHoursIn, OpeningHoursOut},
    time::At,
    words::Word,
};
use crate::openapi::schemas::{described, word};

/// Um departamento com a sua carga atual.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 1, "nome": "Suporte", "descricao": "Suporte técnico", "cor": "#3B82F6",
    "atendentes": [4, 5], "total_atendentes": 2, "total_em_fila": 1, "total_em_atendimento": 3,
    "max_atendimentos_simultaneos": 5, "tempo_resposta_esperado_minutos": 10, "ativo": true,
    "horario_atendimento": null,
    "modo_atribuicao": "automatico", "oferta_segundos": 30, "ofertas_sem_resposta_max": 3,
    "relaxar_competencias_segundos": [60, 180], "transbordo_departamento": null,
    "transbordo_espera_segundos": 600, "transferencia_retorno_segundos": 600,
    "criado_em": "2026-01-02T12:00:00Z", "atualizado_em": "2026-01-02T12:00:00Z",
}))]
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
    /// `null`: o da empresa.
    #[serde(rename = "horario_atendimento")]
    pub opening_hours: Option<OpeningHoursOut>,
    #[serde(rename = "modo_atribuicao")]
    #[schema(schema_with = mode)]
    pub mode: &'static str,
    #[serde(rename = "oferta_segundos")]
    pub offer_seconds: i64,
    #[serde(rename = "ofertas_sem_resposta_max")]
    pub offer_timeouts_max: i64,
    #[serde(rename = "relaxar_competencias_segundos")]
    pub skill_waits: Vec<i64>,
    #[serde(rename = "transbordo_departamento")]
    pub overflow_department_id: Option<i64>,
    #[serde(rename = "transbordo_espera_segundos")]
    pub overflow_wait_seconds: i64,
    #[serde(rename = "transferencia_retorno_segundos")]
    pub transfer_return_seconds: i64,
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
            opening_hours,
            routing,
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
            opening_hours: opening_hours.as_ref().map(OpeningHoursOut::new),
            mode: routing.mode.word(),
            offer_seconds: routing.offer_seconds,
            offer_timeouts_max: routing.offer_timeouts_max,
            skill_waits: routing.skill_waits.0,
            overflow_department_id: routing.overflow_department_id.map(|id| id.0),
            overflow_wait_seconds: routing.overflow_wait_seconds,
            transfer_return_seconds: routing.transfer_return_seconds,
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}

/// Um novo departamento, ou um que é substituído.
#[derive(ToSchema)]
#[schema(example = json!({
    "nome": "Suporte", "descricao": "Suporte técnico", "cor": "#3B82F6",
    "max_atendimentos_simultaneos": 5, "tempo_resposta_esperado_minutos": 10,
}))]
pub struct DepartmentIn {
    /// Único.
    #[schema(min_length = 1, max_length = 100)]
    pub nome: String,
    #[schema(max_length = 2000)]
    pub descricao: Option<String>,
    /// `#RRGGBB`; padrão: `#3B82F6`.
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$")]
    pub cor: Option<String>,
    /// Por pessoa; padrão: 5.
    #[schema(minimum = 1, maximum = 1000, nullable = false)]
    pub max_atendimentos_simultaneos: Option<i64>,
    /// Padrão: 15.
    #[schema(minimum = 1, maximum = 43200, nullable = false)]
    pub tempo_resposta_esperado_minutos: Option<i64>,
    /// Padrão: `true`.
    #[schema(nullable = false)]
    pub ativo: Option<bool>,
    /// `null` ou ausente: o da empresa. Dias que não vêm são como os da empresa.
    pub horario_atendimento: Option<OpeningHoursIn>,
    /// Ids das pessoas que atendem aqui.
    #[schema(max_items = 1000)]
    pub atendentes: Option<Vec<i64>>,
    #[schema(schema_with = mode, required = false)]
    pub modo_atribuicao: String,
    /// Quanto dura uma oferta; padrão: 30.
    #[schema(minimum = 1, maximum = 3600, nullable = false)]
    pub oferta_segundos: Option<i64>,
    /// Ofertas seguidas sem resposta até o atendente ficar ausente; padrão: 3.
    #[schema(minimum = 1, maximum = 100, nullable = false)]
    pub ofertas_sem_resposta_max: Option<i64>,
    /// Segundos de espera depois dos quais a última, as duas últimas, … competências do chat deixam de ser
    /// exigidas; depois do último, nenhuma é. Padrão: `[60, 180]`; `[]`: nunca.
    #[schema(max_items = 10)]
    pub relaxar_competencias_segundos: Option<Vec<i64>>,
    /// Para onde vão os chats que esperaram demais aqui; `null`: ficam. Um círculo é recusado.
    pub transbordo_departamento: Option<i64>,
    /// Padrão: 600.
    #[schema(minimum = 1, maximum = 604_800, nullable = false)]
    pub transbordo_espera_segundos: Option<i64>,
    /// Uma transferência que ninguém assume volta depois disto; 0: nunca. Padrão: 600.
    #[schema(minimum = 0, maximum = 604_800, nullable = false)]
    pub transferencia_retorno_segundos: Option<i64>,
}

/// O que se muda em um departamento; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"cor": "#10B981", "atendentes": [4, 5]}))]
pub struct DepartmentChangesIn {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub nome: Option<String>,
    #[schema(max_length = 2000)]
    pub descricao: Option<String>,
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$")]
    pub cor: Option<String>,
    #[schema(minimum = 1, maximum = 1000, nullable = false)]
    pub max_atendimentos_simultaneos: Option<i64>,
    #[schema(minimum = 1, maximum = 43200, nullable = false)]
    pub tempo_resposta_esperado_minutos: Option<i64>,
    #[schema(nullable = false)]
    pub ativo: Option<bool>,
    /// `null`: o da empresa. Dias que não vêm ficam como estão.
    pub horario_atendimento: Option<OpeningHoursIn>,
    /// Substitui a lista inteira.
    #[schema(max_items = 1000)]
    pub atendentes: Option<Vec<i64>>,
    #[schema(schema_with = mode, required = false)]
    pub modo_atribuicao: String,
    /// Quanto dura uma oferta; padrão: 30.
    #[schema(minimum = 1, maximum = 3600, nullable = false)]
    pub oferta_segundos: Option<i64>,
    /// Ofertas seguidas sem resposta até o atendente ficar ausente; padrão: 3.
    #[schema(minimum = 1, maximum = 100, nullable = false)]
    pub ofertas_sem_resposta_max: Option<i64>,
    /// Segundos de espera depois dos quais a última, as duas últimas, … competências do chat deixam de ser
    /// exigidas; depois do último, nenhuma é. Padrão: `[60, 180]`; `[]`: nunca.
    #[schema(max_items = 10)]
    pub relaxar_competencias_segundos: Option<Vec<i64>>,
    /// Para onde vão os chats que esperaram demais aqui; `null`: ficam. Um círculo é recusado.
    pub transbordo_departamento: Option<i64>,
    /// Padrão: 600.
    #[schema(minimum = 1, maximum = 604_800, nullable = false)]
    pub transbordo_espera_segundos: Option<i64>,
    /// Uma transferência que ninguém assume volta depois disto; 0: nunca. Padrão: 600.
    #[schema(minimum = 0, maximum = 604_800, nullable = false)]
    pub transferencia_retorno_segundos: Option<i64>,
}

/// Filtros da lista de departamentos.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DepartmentParams {
    pub ativo: Option<bool>,
    /// Palavras em `nome` ou `descricao`.
    pub search: Option<String>,
    /// `nome` (padrão) ou `-nome`.
    pub ordering: Option<String>,
}

described! {
    mode = word::<AssignmentMode>(),
        "`automatico` (padrão): o chat é atribuído; `oferta`: o atendente é perguntado.";
}
