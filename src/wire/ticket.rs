//! Tickets (atendimentos) and their hand-overs.

use dx_actors::{
    directory::Roster,
    domain::{AgentId, CustomerCard, Ticket, TicketId, TicketView, Timestamp, Transfer},
};
use serde::Serialize;

use super::{time::At, words::Word};

/// What colleagues see of a person; `null` when nobody is named.
pub(super) fn name_of(roster: &Roster, id: Option<AgentId>) -> Option<String> {
    id.map(|_| roster.agent_name(id))
}

/// A ticket in a list.
#[derive(Debug, Serialize)]
pub struct TicketRowOut {
    pub id: i64,
    #[serde(rename = "cliente_nome")]
    pub customer_name: String,
    #[serde(rename = "atendente")]
    pub agent_id: Option<i64>,
    #[serde(rename = "atendente_nome")]
    pub agent_name: Option<String>,
    #[serde(rename = "departamento")]
    pub department_id: i64,
    #[serde(rename = "departamento_nome")]
    pub department_name: String,
    pub chat_id: String,
    pub status: &'static str,
    #[serde(rename = "prioridade")]
    pub priority: &'static str,
    #[serde(rename = "duracao_minutos")]
    pub duration_minutes: u64,
    #[serde(rename = "criado_em")]
    pub created_at: At,
}

impl TicketRowOut {
    /// A short row shows a part of the long one, so that both always agree.
    pub fn new(view: TicketView, roster: &Roster, now: Timestamp) -> Self {
        let row = TicketOut::new(view, roster, now);
        Self {
            id: row.id,
            customer_name: row.customer_name,
            agent_id: row.agent_id,
            agent_name: row.agent_name,
            department_id: row.department_id,
            department_name: row.department_name,
            chat_id: row.chat_id,
            status: row.status,
            priority: row.priority,
            duration_minutes: row.duration_minutes,
            created_at: row.created_at,
        }
    }
}

/// A whole ticket.
#[derive(Debug, Serialize)]
pub struct TicketOut {
    pub id: i64,
    #[serde(rename = "departamento")]
    pub department_id: i64,
    #[serde(rename = "departamento_nome")]
    pub department_name: String,
    #[serde(rename = "cliente")]
    pub customer_id: i64,
    #[serde(rename = "cliente_nome")]
    pub customer_name: String,
    #[serde(rename = "atendente")]
    pub agent_id: Option<i64>,
    #[serde(rename = "atendente_nome")]
    pub agent_name: Option<String>,
    pub chat_id: String,
    #[serde(rename = "numero_whatsapp")]
    pub phone: String,
    pub status: &'static str,
    #[serde(rename = "prioridade")]
    pub priority: &'static str,
    #[serde(rename = "tempo_primeira_resposta_segundos")]
    pub first_response_seconds: Option<u64>,
    #[serde(rename = "tempo_total_atendimento_segundos")]
    pub total_seconds: Option<u64>,
    #[serde(rename = "total_mensagens_cliente")]
    pub customer_messages: i64,
    #[serde(rename = "total_mensagens_atendente")]
    pub agent_messages: i64,
    #[serde(rename = "avaliacao")]
    pub rating: Option<i64>,
    #[serde(rename = "comentario_avaliacao")]
    pub rating_comment: String,
    #[serde(rename = "observacoes")]
    pub notes: String,
    #[serde(rename = "criado_em")]
    pub created_at: At,
    #[serde(rename = "iniciado_em")]
    pub started_at: Option<At>,
    #[serde(rename = "primeira_resposta_em")]
    pub first_response_at: Option<At>,
    #[serde(rename = "finalizado_em")]
    pub closed_at: Option<At>,
    #[serde(rename = "tempo_espera_minutos")]
    pub waited_minutes: u64,
    #[serde(rename = "duracao_minutos")]
    pub duration_minutes: u64,
    #[serde(rename = "esta_ativo")]
    pub is_open: bool,
}

impl TicketOut {
    pub fn new(view: TicketView, roster: &Roster, now: Timestamp) -> Self {
        let TicketView { ticket, customer } = view;
        let (first_response_seconds, total_seconds) =
            (ticket.first_response_seconds(), ticket.total_seconds());
        let (waited_minutes, duration_minutes) =
            (ticket.waited_minutes(now), ticket.duration_minutes(now));
        let CustomerCard { customer_name, customer_email: _, customer_phone: _ } = customer;
        let Ticket {
            id,
            session_id: _,
            chat_id,
            phone,
            customer_id,
            department_id,
            agent_id,
            status,
            priority,
            version: _,
            customer_messages,
            agent_messages,
            rating,
            rating_comment,
            rated_by: _,
            notes,
            created_at,
            owned_since: _,
            started_at,
            first_response_at,
            closed_at,
            updated_at: _,
            last_message_at: _,
            awaiting_since: _,
        } = ticket;
        Self {
            id: id.0,
            department_id: department_id.0,
            department_name: roster.department_name(department_id),
            customer_id: customer_id.0,
            customer_name,
            agent_id: agent_id.map(|id| id.0),
            agent_name: name_of(roster, agent_id),
            chat_id,
            phone,
            status: status.word(),
            priority: priority.word(),
            first_response_seconds,
            total_seconds,
            customer_messages,
            agent_messages,
            rating,
            rating_comment,
            notes,
            created_at: created_at.into(),
            started_at: started_at.map(At),
            first_response_at: first_response_at.map(At),
            closed_at: closed_at.map(At),
            waited_minutes,
            duration_minutes,
            is_open: status.is_open(),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct TicketFinishedOut {
    pub message: &'static str,
    #[serde(rename = "atendimento_id")]
    pub ticket_id: i64,
}

impl From<TicketId> for TicketFinishedOut {
    fn from(id: TicketId) -> Self {
        Self { message: "Atendimento finalizado", ticket_id: id.0 }
    }
}

#[derive(Debug, Serialize)]
pub struct TicketRatedOut {
    pub message: &'static str,
    #[serde(rename = "avaliacao")]
    pub rating: Option<i64>,
}

impl TicketRatedOut {
    pub fn new(rating: Option<i64>) -> Self {
        Self { message: "Avaliação registrada", rating }
    }
}

#[derive(Debug, Serialize)]
pub struct TicketTransferredOut {
    pub message: &'static str,
    #[serde(rename = "transferencia")]
    pub transfer: TransferOut,
    #[serde(rename = "atendimento_id")]
    pub ticket_id: i64,
}

impl TicketTransferredOut {
    pub fn new(transfer: Transfer, roster: &Roster) -> Self {
        Self {
            message: "Atendimento transferido com sucesso",
            ticket_id: transfer.ticket_id.0,
            transfer: TransferOut::new(transfer, roster),
        }
    }
}

/// One hand-over.
#[derive(Debug, Serialize)]
pub struct TransferOut {
    pub id: i64,
    #[serde(rename = "atendimento")]
    pub ticket_id: i64,
    #[serde(rename = "atendente_origem")]
    pub from_agent_id: Option<i64>,
    #[serde(rename = "atendente_origem_nome")]
    pub from_agent_name: Option<String>,
    #[serde(rename = "atendente_destino")]
    pub to_agent_id: Option<i64>,
    #[serde(rename = "atendente_destino_nome")]
    pub to_agent_name: Option<String>,
    #[serde(rename = "departamento_origem")]
    pub from_department_id: i64,
    #[serde(rename = "departamento_origem_nome")]
    pub from_department_name: String,
    #[serde(rename = "departamento_destino")]
    pub to_department_id: i64,
    #[serde(rename = "departamento_destino_nome")]
    pub to_department_name: String,
    #[serde(rename = "motivo")]
    pub reason: String,
    #[serde(rename = "aceito")]
    pub is_accepted: bool,
    #[serde(rename = "aceito_em")]
    pub accepted_at: Option<At>,
    #[serde(rename = "criado_em")]
    pub created_at: At,
    #[serde(rename = "foi_entre_departamentos")]
    pub is_between_departments: bool,
}

impl TransferOut {
    pub fn new(transfer: Transfer, roster: &Roster) -> Self {
        let Transfer {
            id,
            ticket_id,
            from_agent_id,
            to_agent_id,
            from_department_id,
            to_department_id,
            reason,
            created_by: _,
            accepted_at,
            created_at,
        } = transfer;
        Self {
            id: id.0,
            ticket_id: ticket_id.0,
            from_agent_id: from_agent_id.map(|id| id.0),
            from_agent_name: name_of(roster, from_agent_id),
            to_agent_id: to_agent_id.map(|id| id.0),
            to_agent_name: name_of(roster, to_agent_id),
            from_department_id: from_department_id.0,
            from_department_name: roster.department_name(from_department_id),
            to_department_id: to_department_id.0,
            to_department_name: roster.department_name(to_department_id),
            reason,
            is_accepted: accepted_at.is_some(),
            accepted_at: accepted_at.map(At),
            created_at: created_at.into(),
            is_between_departments: from_department_id != to_department_id,
        }
    }
}
