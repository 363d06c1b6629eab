//! Places in the departments' queues (filas).

use dx_actors::{
    directory::Roster,
    domain::{QueueEntry, Timestamp},
    store::QueueRow,
};
use serde::Serialize;

use super::{time::At, words::Word};

#[derive(Debug, Serialize)]
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
}

impl QueueEntryOut {
    pub fn new(row: QueueRow, roster: &Roster, now: Timestamp) -> Self {
        let QueueRow { entry, customer_name } = row;
        let waited = entry.waited(now).as_secs();
        let target = roster.department(entry.department_id).map(|d| d.response_target_minutes);
        let target_seconds = target.and_then(|minutes| u64::try_from(minutes * 60).ok());
        let QueueEntry {
            id,
            ticket_id,
            department_id,
            customer_id,
            chat_id,
            phone,
            first_message,
            priority,
            sticky_agent_id: _,
            entered_at,
            assigned_at,
            removed_at,
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
            is_late: target_seconds.is_some_and(|target| waited > target),
        }
    }
}

/// What a distribution has done.
#[derive(Debug, Serialize)]
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
