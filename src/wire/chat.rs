//! Chats: the agent's view of tickets, with what was said in them.

use dx_actors::{
    directory::Roster,
    domain::{
        CustomerCard, Direction, MessageKind, Priority, Ticket, TicketStatus, TicketView,
        Timestamp, Transfer, cloud::ReplyWindow,
    },
    store::{ChatActivity, ChatRow},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema, openapi::Object};

use super::{
    ticket::{TransferOut, name_of},
    time::At,
    words::Word,
};
use crate::openapi::schemas::{described, one_of, word, word_or_null};

/// Um chat em uma lista.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_id": "5511999990001", "numero_whatsapp": "5511999990001", "cliente_id": 3,
    "cliente_nome": "Maria Souza", "cliente_email": null, "atendimento_id": 7,
    "status": "em_atendimento", "prioridade": "normal", "atendente_id": 4,
    "atendente_nome": "Ana Lima", "departamento_id": 1, "departamento_nome": "Suporte",
    "ultima_mensagem_texto": "Olá!", "ultima_mensagem_em": "2026-01-02T12:00:00Z",
    "ultima_mensagem_tipo": "text", "ultima_mensagem_direcao": "inbound", "total_mensagens": 5,
    "mensagens_nao_lidas": 1, "etiquetas": ["vip"], "criado_em": "2026-01-02T12:00:00Z",
    "atualizado_em": "2026-01-02T12:00:00Z",
}))]
pub struct ChatRowOut {
    pub chat_id: String,
    #[serde(rename = "numero_whatsapp")]
    pub phone: String,
    #[serde(rename = "cliente_id")]
    pub customer_id: i64,
    #[serde(rename = "cliente_nome")]
    pub customer_name: String,
    #[serde(rename = "cliente_email")]
    pub customer_email: Option<String>,
    #[serde(rename = "atendimento_id")]
    pub ticket_id: i64,
    #[schema(schema_with = word::<TicketStatus>)]
    pub status: &'static str,
    #[serde(rename = "prioridade")]
    #[schema(schema_with = word::<Priority>)]
    pub priority: &'static str,
    #[serde(rename = "atendente_id")]
    pub agent_id: Option<i64>,
    #[serde(rename = "atendente_nome")]
    pub agent_name: Option<String>,
    #[serde(rename = "departamento_id")]
    pub department_id: i64,
    #[serde(rename = "departamento_nome")]
    pub department_name: String,
    #[serde(rename = "ultima_mensagem_texto")]
    pub last_message_text: Option<String>,
    #[serde(rename = "ultima_mensagem_em")]
    pub last_message_at: Option<At>,
    #[serde(rename = "ultima_mensagem_tipo")]
    #[schema(schema_with = word_or_null::<MessageKind>)]
    pub last_message_kind: Option<&'static str>,
    #[serde(rename = "ultima_mensagem_direcao")]
    #[schema(schema_with = word_or_null::<Direction>)]
    pub last_message_direction: Option<&'static str>,
    #[serde(rename = "total_mensagens")]
    pub messages_total: i64,
    /// Para quem pergunta: depois da sua leitura e da última resposta de uma pessoa.
    #[serde(rename = "mensagens_nao_lidas")]
    pub unread_total: i64,
    #[serde(rename = "etiquetas")]
    pub tags: Vec<String>,
    #[serde(rename = "criado_em")]
    pub created_at: At,
    #[serde(rename = "atualizado_em")]
    pub updated_at: At,
}

impl ChatRowOut {
    pub fn new(row: ChatRow, roster: &Roster) -> Self {
        let ChatRow { view: TicketView { ticket, customer }, activity } = row;
        let CustomerCard { customer_name, customer_email, customer_phone: _ } = customer;
        let ChatActivity { last_message, messages, unread, tags } = activity;
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
            customer_messages: _,
            agent_messages: _,
            rating: _,
            rating_comment: _,
            rated_by: _,
            notes: _,
            created_at,
            owned_since: _,
            started_at: _,
            first_response_at: _,
            closed_at: _,
            updated_at,
            last_message_at: _,
            told: _,
            awaiting_since: _,
            is_auto_closed: _,
        } = ticket;
        let last = last_message.as_ref();
        Self {
            chat_id,
            phone,
            customer_id: customer_id.0,
            customer_name,
            customer_email,
            ticket_id: id.0,
            status: status.word(),
            priority: priority.word(),
            agent_id: agent_id.map(|id| id.0),
            agent_name: name_of(roster, agent_id),
            department_id: department_id.0,
            department_name: roster.department_name(department_id),
            last_message_at: last.map(|message| At(message.created_at)),
            last_message_kind: last.map(|message| message.kind.word()),
            last_message_direction: last.map(|message| message.direction.word()),
            last_message_text: last_message.map(|message| message.text),
            messages_total: messages,
            unread_total: unread,
            tags,
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}

/// Um chat inteiro.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 7, "chat_id": "5511999990001", "numero_whatsapp": "5511999990001",
    "status": "em_atendimento", "prioridade": "normal", "cliente": 3,
    "cliente_nome": "Maria Souza", "cliente_email": null, "cliente_telefone": "5511999990001",
    "atendente": 4, "atendente_nome": "Ana Lima", "atendente_username": "ana", "departamento": 1,
    "departamento_nome": "Suporte", "departamento_cor": "#3B82F6", "duracao_minutos": 12,
    "tempo_primeira_resposta_minutos": 0, "total_mensagens_cliente": 3,
    "total_mensagens_atendente": 2, "total_mensagens": 5, "mensagens_nao_lidas": 1,
    "etiquetas": ["vip"], "avaliacao": null, "comentario_avaliacao": "", "observacoes": "",
    "janela_aberta": null, "janela_aberta_ate": null, "transferencia_pendente": null,
    "criado_em": "2026-01-02T12:00:00Z", "iniciado_em": "2026-01-02T12:01:00Z",
    "primeira_resposta_em": "2026-01-02T12:01:42Z", "finalizado_em": null,
    "atualizado_em": "2026-01-02T12:10:00Z",
}))]
pub struct ChatOut {
    pub id: i64,
    pub chat_id: String,
    #[serde(rename = "numero_whatsapp")]
    pub phone: String,
    #[schema(schema_with = word::<TicketStatus>)]
    pub status: &'static str,
    #[serde(rename = "prioridade")]
    #[schema(schema_with = word::<Priority>)]
    pub priority: &'static str,
    #[serde(rename = "cliente")]
    pub customer_id: i64,
    #[serde(rename = "cliente_nome")]
    pub customer_name: String,
    #[serde(rename = "cliente_email")]
    pub customer_email: Option<String>,
    #[serde(rename = "cliente_telefone")]
    pub customer_phone: Option<String>,
    #[serde(rename = "atendente")]
    pub agent_id: Option<i64>,
    #[serde(rename = "atendente_nome")]
    pub agent_name: Option<String>,
    #[serde(rename = "atendente_username")]
    pub agent_username: Option<String>,
    #[serde(rename = "departamento")]
    pub department_id: i64,
    #[serde(rename = "departamento_nome")]
    pub department_name: String,
    #[serde(rename = "departamento_cor")]
    pub department_color: Option<String>,
    #[serde(rename = "duracao_minutos")]
    pub age_minutes: u64,
    #[serde(rename = "tempo_primeira_resposta_minutos")]
    pub first_response_minutes: Option<u64>,
    #[serde(rename = "total_mensagens_cliente")]
    pub customer_messages: i64,
    #[serde(rename = "total_mensagens_atendente")]
    pub agent_messages: i64,
    #[serde(rename = "total_mensagens")]
    pub messages_total: i64,
    /// Para quem pergunta: depois da sua leitura e da última resposta de uma pessoa.
    #[serde(rename = "mensagens_nao_lidas")]
    pub unread_total: i64,
    #[serde(rename = "etiquetas")]
    pub tags: Vec<String>,
    #[serde(rename = "avaliacao")]
    pub rating: Option<i64>,
    #[serde(rename = "comentario_avaliacao")]
    pub rating_comment: String,
    #[serde(rename = "observacoes")]
    pub notes: String,
    /// Se o cliente pode ser respondido livremente agora; `null` em números sem janela (só a Cloud API
    /// tem).
    #[serde(rename = "janela_aberta")]
    pub is_window_open: Option<bool>,
    /// 24 horas depois da última mensagem do cliente.
    #[serde(rename = "janela_aberta_ate")]
    pub window_open_until: Option<At>,
    /// Quem o recebeu ainda não disse se fica com ele (`transferencia/aceitar/`, `transferencia/recusar/`).
    #[serde(rename = "transferencia_pendente")]
    pub open_transfer: Option<TransferOut>,
    #[serde(rename = "criado_em")]
    pub created_at: At,
    #[serde(rename = "iniciado_em")]
    pub started_at: Option<At>,
    #[serde(rename = "primeira_resposta_em")]
    pub first_response_at: Option<At>,
    #[serde(rename = "finalizado_em")]
    pub closed_at: Option<At>,
    #[serde(rename = "atualizado_em")]
    pub updated_at: At,
}

impl ChatOut {
    pub fn new(
        row: ChatRow,
        window: Option<ReplyWindow>,
        open_transfer: Option<Transfer>,
        roster: &Roster,
        now: Timestamp,
    ) -> Self {
        let ChatRow { view: TicketView { ticket, customer }, activity } = row;
        let first_response_minutes = ticket.first_response_seconds().map(|seconds| seconds / 60);
        let agent = ticket.agent_id.and_then(|id| roster.agent(id));
        let department = roster.department(ticket.department_id);
        let CustomerCard { customer_name, customer_email, customer_phone } = customer;
        let ChatActivity { last_message: _, messages, unread, tags } = activity;
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
            updated_at,
            last_message_at: _,
            told: _,
            awaiting_since: _,
            is_auto_closed: _,
        } = ticket;
        Self {
            id: id.0,
            chat_id,
            phone,
            status: status.word(),
            priority: priority.word(),
            customer_id: customer_id.0,
            customer_name,
            customer_email,
            customer_phone,
            agent_id: agent_id.map(|id| id.0),
            agent_name: name_of(roster, agent_id),
            agent_username: agent.map(|agent| agent.username.clone()),
            department_id: department_id.0,
            department_name: roster.department_name(department_id),
            department_color: department.map(|department| department.color.clone()),
            age_minutes: closed_at.unwrap_or(now).since(created_at).as_secs() / 60,
            first_response_minutes,
            customer_messages,
            agent_messages,
            messages_total: messages,
            unread_total: unread,
            tags,
            rating,
            rating_comment,
            notes,
            is_window_open: window.map(|window| window.is_open(now)),
            window_open_until: window.and_then(|window| window.open_until).map(At),
            open_transfer: open_transfer.map(|transfer| TransferOut::new(transfer, roster)),
            created_at: created_at.into(),
            started_at: started_at.map(At),
            first_response_at: first_response_at.map(At),
            closed_at: closed_at.map(At),
            updated_at: updated_at.into(),
        }
    }
}

/// Uma pessoa, com o nome.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": 4, "nome": "Ana Lima"}))]
pub struct AgentNameOut {
    pub id: Option<i64>,
    #[serde(rename = "nome")]
    pub name: Option<String>,
}

/// Um chat aceito.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Chat atendido com sucesso", "chat_id": "5511999990001",
    "assigned_agent": {"id": 4, "nome": "Ana Lima"}, "status": "em_atendimento",
    "assigned_at": "2026-01-02T12:01:00Z",
}))]
pub struct ChatAttendedOut {
    pub message: &'static str,
    pub chat_id: String,
    pub assigned_agent: AgentNameOut,
    #[schema(schema_with = word::<TicketStatus>)]
    pub status: &'static str,
    pub assigned_at: Option<At>,
}

impl ChatAttendedOut {
    pub fn new(ticket: &Ticket, roster: &Roster) -> Self {
        let id = ticket.agent_id;
        Self {
            message: "Chat atendido com sucesso",
            chat_id: ticket.chat_id.clone(),
            assigned_agent: AgentNameOut { id: id.map(|id| id.0), name: name_of(roster, id) },
            status: ticket.status.word(),
            assigned_at: ticket.owned_since.map(At),
        }
    }
}

/// O chat não está mais esperando.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "error": "Chat não está disponível para atendimento",
    "detail": "Este chat já está em_atendimento", "current_status": "em_atendimento",
}))]
pub struct ChatNotAvailableOut {
    pub error: &'static str,
    pub detail: String,
    #[schema(schema_with = word::<TicketStatus>)]
    pub current_status: &'static str,
}

impl From<TicketStatus> for ChatNotAvailableOut {
    fn from(status: TicketStatus) -> Self {
        Self {
            error: "Chat não está disponível para atendimento",
            detail: format!("Este chat já está {}", status.word()),
            current_status: status.word(),
        }
    }
}

/// Uma transferência feita.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Chat transferido com sucesso", "transferencia_id": 2,
    "atendente_destino": {"id": 5, "nome": "Bruno Reis"},
}))]
pub struct ChatTransferredOut {
    pub message: &'static str,
    #[serde(rename = "transferencia_id")]
    pub transfer_id: i64,
    #[serde(rename = "atendente_destino")]
    pub to_agent: AgentNameOut,
}

impl ChatTransferredOut {
    pub fn new(transfer: &Transfer, roster: &Roster) -> Self {
        let id = transfer.to_agent_id;
        Self {
            message: "Chat transferido com sucesso",
            transfer_id: transfer.id.0,
            to_agent: AgentNameOut { id: id.map(|id| id.0), name: name_of(roster, id) },
        }
    }
}

/// Um chat encerrado.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Chat encerrado com sucesso", "atendimento_id": 7,
    "finalizado_em": "2026-01-02T12:30:00Z",
}))]
pub struct ChatClosedOut {
    pub message: &'static str,
    #[serde(rename = "atendimento_id")]
    pub ticket_id: i64,
    #[serde(rename = "finalizado_em")]
    pub closed_at: Option<At>,
}

impl From<&Ticket> for ChatClosedOut {
    fn from(ticket: &Ticket) -> Self {
        Self {
            message: "Chat encerrado com sucesso",
            ticket_id: ticket.id.0,
            closed_at: ticket.closed_at.map(At),
        }
    }
}

/// Quem aceita o chat, e notas.
#[derive(ToSchema)]
#[schema(example = json!({"observacoes": "Retorno de ontem"}))]
pub struct AcceptIn {
    /// Outra pessoa, para quem pode aceitar por outros.
    pub atendente_id: Option<i64>,
    #[schema(max_length = 10000)]
    pub observacoes: Option<String>,
}

/// Notas do encerramento.
#[derive(ToSchema)]
#[schema(example = json!({"observacoes": "Resolvido", "solicitar_avaliacao": true}))]
pub struct CloseIn {
    #[schema(max_length = 10000)]
    pub observacoes: Option<String>,
    /// Se o cliente é convidado a avaliar. Padrão: como dizem as configurações de chat.
    #[schema(nullable = false)]
    pub solicitar_avaliacao: Option<bool>,
}

/// Filtros da lista de chats.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChatParams {
    #[param(schema_with = status_filter, required = false)]
    pub status: String,
    /// Id de um departamento.
    pub departamento: Option<i64>,
    /// Id de uma pessoa.
    pub atendente: Option<i64>,
    /// Uma etiqueta inteira.
    pub etiqueta: Option<String>,
    /// Palavras no nome do cliente, no número ou no chat.
    pub search: Option<String>,
    #[param(schema_with = sort, required = false)]
    pub sort: String,
    #[param(schema_with = direction, required = false)]
    pub order: String,
    #[param(minimum = 1)]
    pub page: Option<i64>,
    /// Padrão: 100; no máximo 200.
    #[param(minimum = 1)]
    pub size: Option<i64>,
}

fn sort() -> Object {
    one_of(&["lastMessage", "priority", "created", "updated"])
}

fn order() -> Object {
    one_of(&["asc", "desc"])
}

described! {
    status_filter = word::<TicketStatus>(), "Sem ele: todos menos os finalizados.";
    direction = order(), "Padrão: `desc`.";
}
