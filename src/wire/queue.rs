//! Places in the departments' queues (filas).

use dx_actors::{
    directory::Roster,
    domain::{Priority, QueueEntry, Timestamp, queue::ServiceLevel},
    store::QueueRow,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{time::At, words::Word};
use crate::openapi::schemas::{described, word};

/// Um lugar na fila de um departamento.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 9, "departamento": 1, "departamento_nome": "Suporte", "cliente": 3,
    "cliente_nome": "Maria Souza", "atendimento": 7, "chat_id": "5511999990001",
    "numero_whatsapp": "5511999990001", "mensagem_inicial": "Olá!", "prioridade": "normal",
    "entrou_na_fila_em": "2026-01-02T12:00:00Z", "atribuido_em": null, "removido_em": null,
    "tempo_espera_minutos": 4, "esta_atrasado": false, "tempo_espera_segundos": 251,
    "posicao": 1, "estado_prazo": "no_prazo", "prazo_em": "2026-01-02T12:10:00Z",
    "competencias": ["ingles"], "oferecido_a": null, "oferecido_ate": null, "priorizado_em": null,
}))]
pub struct QueueEntryOut {
    pub id: i64,
    #[serde(rename = "departamento")]
    pub department_id: i64,
    #[serde(rename = "departamento_nome")]
    pub department_name: String,
    #[serde(rename = "cliente")]
    pub customer_id: i64,
    #[serde(rename = "cliente_nome")]
    pub customer_name: String,
    #[serde(rename = "atendimento")]
    pub ticket_id: i64,
    pub chat_id: String,
    #[serde(rename = "numero_whatsapp")]
    pub phone: String,
    #[serde(rename = "mensagem_inicial")]
    pub first_message: String,
    #[serde(rename = "prioridade")]
    #[schema(schema_with = word::<Priority>)]
    pub priority: &'static str,
    #[serde(rename = "entrou_na_fila_em")]
    pub entered_at: At,
    #[serde(rename = "atribuido_em")]
    pub assigned_at: Option<At>,
    #[serde(rename = "removido_em")]
    pub removed_at: Option<At>,
    #[serde(rename = "tempo_espera_minutos")]
    pub waited_minutes: u64,
    #[serde(rename = "esta_atrasado")]
    pub is_late: bool,
    #[serde(rename = "tempo_espera_segundos")]
    pub waited_seconds: u64,
    /// Lugar na ordem de atendimento, a partir de 1; `null` para quem não espera mais.
    #[serde(rename = "posicao")]
    pub position: Option<usize>,
    #[serde(rename = "estado_prazo")]
    #[schema(schema_with = service_level)]
    pub level: &'static str,
    /// O tempo de resposta esperado, contado desde a chegada e só no horário de atendimento.
    #[serde(rename = "prazo_em")]
    pub due_at: At,
    /// O que se pede do atendente, o mais importante primeiro.
    #[serde(rename = "competencias")]
    pub skills: Vec<String>,
    /// O atendente que foi perguntado e ainda pode responder.
    #[serde(rename = "oferecido_a")]
    pub offered_agent_id: Option<i64>,
    #[serde(rename = "oferecido_ate")]
    pub offered_until: Option<At>,
    /// Um supervisor o pôs à frente de todos.
    #[serde(rename = "priorizado_em")]
    pub pinned_at: Option<At>,
}

impl QueueEntryOut {
    /// `position` is that of the live queue.
    pub fn new(row: QueueRow, position: Option<usize>, roster: &Roster, now: Timestamp) -> Self {
        let QueueRow { entry, customer_name } = row;
        let waited = entry.waited(now).as_secs();
        let (level, due_at) = (entry.service_level(now), entry.promise.due_at);
        let QueueEntry {
            id,
            ticket_id,
            department_id,
            customer_id,
            chat_id,
            phone,
            first_message,
            priority,
            entered_at,
            assigned_at,
            removed_at,
            skills,
            offered_agent_id,
            offered_until,
            pinned_at,
            ..
        } = entry;
        Self {
            id: id.0,
            department_id: department_id.0,
            department_name: roster.department_name(department_id),
            customer_id: customer_id.0,
            customer_name,
            ticket_id: ticket_id.0,
            chat_id,
            phone,
            first_message,
            priority: priority.word(),
            entered_at: entered_at.into(),
            assigned_at: assigned_at.map(At),
            removed_at: removed_at.map(At),
            waited_minutes: waited / 60,
            is_late: level == ServiceLevel::Late,
            waited_seconds: waited,
            position,
            level: level.word(),
            due_at: At(due_at),
            skills: skills.0.iter().map(ToString::to_string).collect(),
            offered_agent_id: offered_agent_id.map(|id| id.0),
            offered_until: offered_until.map(At),
            pinned_at: pinned_at.map(At),
        }
    }
}

/// O que uma distribuição fez.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"message": "3 atendimentos distribuídos", "distribuidos": 3}))]
pub struct DistributedOut {
    pub message: String,
    #[serde(rename = "distribuidos")]
    pub assigned: usize,
}

impl From<usize> for DistributedOut {
    fn from(assigned: usize) -> Self {
        Self { message: format!("{assigned} atendimentos distribuídos"), assigned }
    }
}

/// Quem entra na fila de um departamento.
#[derive(ToSchema)]
#[schema(example = json!({
    "departamento": 1, "cliente": 3, "chat_id": "5511999990001",
    "numero_whatsapp": "5511999990001", "mensagem_inicial": "Olá!", "prioridade": "alta",
}))]
pub struct QueueEntryIn {
    /// Um departamento ativo.
    pub departamento: i64,
    pub cliente: i64,
    #[schema(min_length = 1, max_length = 100)]
    pub chat_id: String,
    /// Com DDD; sem código de país vale +55.
    #[schema(min_length = 1, max_length = 20)]
    pub numero_whatsapp: String,
    #[schema(max_length = 4096)]
    pub mensagem_inicial: Option<String>,
    #[schema(schema_with = priority_of_new, required = false)]
    pub prioridade: String,
}

/// A nova prioridade, e o que se pede do atendente.
#[derive(ToSchema)]
#[schema(example = json!({"prioridade": "urgente", "competencias": ["ingles"]}))]
pub struct QueueEntryChangesIn {
    #[schema(schema_with = word::<Priority>, required = false)]
    pub prioridade: String,
    /// Até 20, a mais importante primeiro; só enquanto espera.
    #[schema(max_items = 20)]
    pub competencias: Option<Vec<String>>,
}

/// O departamento que passa a ter o chat.
#[derive(ToSchema)]
#[schema(example = json!({"departamento": 2, "motivo": "É assunto do financeiro"}))]
pub struct MoveIn {
    /// Um departamento ativo.
    pub departamento: i64,
    /// Padrão: `Movido na fila`.
    #[schema(max_length = 1000)]
    pub motivo: Option<String>,
}

/// Pôr à frente, ou desfazer.
#[derive(ToSchema)]
#[schema(example = json!({"ativo": true}))]
pub struct PinIn {
    /// Padrão: `true`.
    #[schema(nullable = false)]
    pub ativo: Option<bool>,
}

/// Quem recebe o chat.
#[derive(ToSchema)]
#[schema(example = json!({"atendente": 4}))]
pub struct AssignIn {
    /// Uma pessoa ativa.
    pub atendente: i64,
}

/// O departamento cuja fila é distribuída.
#[derive(ToSchema)]
#[schema(example = json!({"departamento_id": 1}))]
pub struct DistributeIn {
    pub departamento_id: i64,
}

/// Filtros da lista de filas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueueParams {
    /// Id de um departamento.
    pub departamento: Option<i64>,
    #[param(schema_with = word::<Priority>, required = false)]
    pub prioridade: String,
    /// `true`: só quem ainda espera.
    pub aguardando: Option<bool>,
    /// `entrou_na_fila_em` (padrão) ou `prioridade`.
    pub ordering: Option<String>,
}

described! {
    service_level = word::<ServiceLevel>(),
        "Contra o tempo de resposta esperado do departamento, contado no horário de atendimento: `vencendo` a \
         partir de três quartos dele.";
    priority_of_new = word::<Priority>(), "Padrão: `normal`.";
}
