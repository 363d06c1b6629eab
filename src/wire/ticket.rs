//! Tickets (atendimentos) and their hand-overs.

use dx_actors::{
    directory::Roster,
    domain::{
        AgentId, CustomerCard, Priority, Ticket, TicketId, TicketStatus, TicketView, Timestamp,
        Transfer,
    },
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{time::At, words::Word};
use crate::openapi::schemas::word;

/// What colleagues see of a person; `null` when nobody is named.
pub(super) fn name_of(roster: &Roster, id: Option<AgentId>) -> Option<String> {
    id.map(|_| roster.agent_name(id))
}

/// Um atendimento em uma lista.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 7, "cliente_nome": "Maria Souza", "atendente": 4, "atendente_nome": "Ana Lima",
    "departamento": 1, "departamento_nome": "Suporte", "chat_id": "5511999990001",
    "status": "em_atendimento", "prioridade": "normal", "duracao_minutos": 12,
    "avaliacao": null, "criado_em": "2026-01-02T12:00:00Z",
}))]
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
    #[schema(schema_with = word::<TicketStatus>)]
    pub status: &'static str,
    #[serde(rename = "prioridade")]
    #[schema(schema_with = word::<Priority>)]
    pub priority: &'static str,
    #[serde(rename = "duracao_minutos")]
    pub duration_minutes: u64,
    #[serde(rename = "avaliacao")]
    pub rating: Option<i64>,
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
            rating: row.rating,
            created_at: row.created_at,
        }
    }
}

/// Um atendimento inteiro.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 7, "departamento": 1, "departamento_nome": "Suporte", "cliente": 3,
    "cliente_nome": "Maria Souza", "atendente": 4, "atendente_nome": "Ana Lima",
    "chat_id": "5511999990001", "numero_whatsapp": "5511999990001", "status": "em_atendimento",
    "prioridade": "normal", "tempo_primeira_resposta_segundos": 42,
    "tempo_total_atendimento_segundos": null, "total_mensagens_cliente": 3,
    "total_mensagens_atendente": 2, "avaliacao": null, "comentario_avaliacao": "",
    "observacoes": "", "criado_em": "2026-01-02T12:00:00Z", "iniciado_em": "2026-01-02T12:01:00Z",
    "primeira_resposta_em": "2026-01-02T12:01:42Z", "finalizado_em": null,
    "tempo_espera_minutos": 1, "duracao_minutos": 12, "esta_ativo": true,
}))]
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
    #[schema(schema_with = word::<TicketStatus>)]
    pub status: &'static str,
    #[serde(rename = "prioridade")]
    #[schema(schema_with = word::<Priority>)]
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
            told: _,
            awaiting_since: _,
            is_auto_closed: _,
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

/// Um atendimento encerrado.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"message": "Atendimento finalizado", "atendimento_id": 7}))]
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

/// Uma avaliação registrada.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"message": "Avaliação registrada", "avaliacao": 5}))]
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

/// Uma transferência feita.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Atendimento transferido com sucesso", "transferencia": {"id": 2, "atendimento": 7,
    "atendente_origem": 4, "atendente_origem_nome": "Ana Lima", "atendente_destino": 5,
    "atendente_destino_nome": "Bruno Reis", "departamento_origem": 1,
    "departamento_origem_nome": "Suporte", "departamento_destino": 1,
    "departamento_destino_nome": "Suporte", "motivo": "Cliente pediu", "aceito": false,
    "aceito_em": null, "criado_em": "2026-01-02T12:00:00Z", "foi_entre_departamentos": false},
    "atendimento_id": 7,
}))]
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

/// Uma transferência.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 2, "atendimento": 7, "atendente_origem": 4, "atendente_origem_nome": "Ana Lima",
    "atendente_destino": 5, "atendente_destino_nome": "Bruno Reis", "departamento_origem": 1,
    "departamento_origem_nome": "Suporte", "departamento_destino": 1,
    "departamento_destino_nome": "Suporte", "motivo": "Cliente pediu", "aceito": false,
    "aceito_em": null, "criado_em": "2026-01-02T12:00:00Z", "foi_entre_departamentos": false,
}))]
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
            returns_at: _,
            returned_at: _,
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

/// O que se muda em um atendimento; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"observacoes": "Pediu segunda via", "prioridade": "alta"}))]
pub struct TicketChangesIn {
    #[schema(max_length = 10000)]
    pub observacoes: Option<String>,
    #[schema(schema_with = word::<Priority>, required = false)]
    pub prioridade: String,
}

/// Notas do encerramento.
#[derive(ToSchema)]
#[schema(example = json!({"observacoes": "Resolvido por telefone"}))]
pub struct FinishIn {
    /// Substituem as anteriores; um texto vazio as deixa como estão.
    #[schema(max_length = 10000)]
    pub observacoes: Option<String>,
    /// Se o cliente é convidado a avaliar. Padrão: como dizem as configurações de chat.
    #[schema(nullable = false)]
    pub solicitar_avaliacao: Option<bool>,
}

/// Para quem vai o atendimento, e por quê.
#[derive(ToSchema)]
#[schema(example = json!({"atendente_destino_id": 5, "motivo": "Cliente pediu"}))]
pub struct TransferIn {
    /// Pode faltar quando há `departamento_destino_id`: o chat vai para a fila dele, com a mesma idade.
    pub atendente_destino_id: Option<i64>,
    #[schema(min_length = 1, max_length = 1000)]
    pub motivo: String,
    /// Sem ele o departamento fica o mesmo.
    pub departamento_destino_id: Option<i64>,
}

/// A opinião de quem foi atendido.
#[derive(ToSchema)]
#[schema(example = json!({"avaliacao": 5, "comentario": "Muito bom"}))]
pub struct RatingIn {
    #[schema(minimum = 1, maximum = 5)]
    pub avaliacao: i64,
    #[schema(max_length = 2000)]
    pub comentario: Option<String>,
}

/// Filtros da lista de atendimentos.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketParams {
    #[param(schema_with = word::<TicketStatus>, required = false)]
    pub status: String,
    /// Id de um departamento.
    pub departamento: Option<i64>,
    /// Id de uma pessoa.
    pub atendente: Option<i64>,
    #[param(schema_with = word::<Priority>, required = false)]
    pub prioridade: String,
    pub chat_id: Option<String>,
    /// Id de um cliente.
    pub cliente: Option<i64>,
    /// Palavras no nome do cliente, no número ou no chat.
    pub search: Option<String>,
    /// `criado_em` (padrão: `-criado_em`), `iniciado_em` ou `finalizado_em`.
    pub ordering: Option<String>,
}
