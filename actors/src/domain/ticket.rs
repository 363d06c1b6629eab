//! Tickets (atendimentos): one attendance of a customer, from the first message to the closing.

use super::{
    AgentId, CustomerCard, CustomerId, DepartmentId, Rejected, Role, SessionId, TicketId,
    Timestamp, TransferId, automatic::Told, ids::ChatKey, queue::Priority,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum TicketStatus {
    Waiting,
    Active,
    Paused,
    Closed,
    Cancelled,
}

impl TicketStatus {
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Active | Self::Paused)
    }

    /// Counts against the owner's capacity.
    pub const fn is_load(self) -> bool {
        matches!(self, Self::Waiting | Self::Active)
    }

    /// The word that people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "aguardando",
            Self::Active => "em_atendimento",
            Self::Paused => "pausado",
            Self::Closed => "finalizado",
            Self::Cancelled => "cancelado",
        }
    }
}

/// One attendance.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Ticket {
    pub id: TicketId,
    pub session_id: SessionId,
    pub chat_id: String,
    pub phone: String,
    pub customer_id: CustomerId,
    pub department_id: DepartmentId,
    pub agent_id: Option<AgentId>,
    pub status: TicketStatus,
    pub priority: Priority,
    /// Grows with every change of state or owner; writers compare it (compare-and-set).
    pub version: i64,
    pub customer_messages: i64,
    pub agent_messages: i64,
    pub rating: Option<i64>,
    pub rating_comment: String,
    pub rated_by: Option<AgentId>,
    pub notes: String,
    pub created_at: Timestamp,
    /// Since when the present owner has it.
    pub owned_since: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub first_response_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    /// The hub itself closed it, because nobody wrote any more.
    pub is_auto_closed: bool,
    pub updated_at: Timestamp,
    pub last_message_at: Option<Timestamp>,
    /// The customer waits for an answer since then; `None` when the customer owes one.
    pub awaiting_since: Option<Timestamp>,
    /// What the hub itself has told the customer.
    #[sqlx(flatten)]
    pub told: Told,
}

impl Ticket {
    pub fn chat_key(&self) -> ChatKey {
        ChatKey { session_id: self.session_id, chat_id: self.chat_id.clone() }
    }

    /// Waiting in the queue: nobody owns it.
    pub fn is_unassigned(&self) -> bool {
        self.status == TicketStatus::Waiting && self.agent_id.is_none()
    }

    /// Offered to an agent who has not answered yet.
    pub fn is_offered(&self) -> bool {
        self.status == TicketStatus::Waiting && self.agent_id.is_some()
    }

    /// A person takes the chat.
    pub fn check_accept(&self) -> Result<(), Rejected> {
        if self.status == TicketStatus::Waiting {
            Ok(())
        } else {
            Err(Rejected::NotWaiting(self.status))
        }
    }

    pub fn check_transfer(&self, target: Option<AgentId>) -> Result<(), Rejected> {
        if !self.status.is_open() {
            return Err(Rejected::NotTransferable);
        }
        if target.is_some() && target == self.agent_id { Err(Rejected::SameAgent) } else { Ok(()) }
    }

    pub fn check_close(&self) -> Result<(), Rejected> {
        if self.status.is_open() { Ok(()) } else { Err(Rejected::TicketAlreadyClosed) }
    }

    pub fn first_response_seconds(&self) -> Option<u64> {
        Some(self.first_response_at?.since(self.started_at?).as_secs())
    }

    /// From creation to closing, in seconds.
    pub fn total_seconds(&self) -> Option<u64> {
        Some(self.closed_at?.since(self.created_at).as_secs())
    }

    /// From creation until somebody took it (or until now), in whole minutes.
    pub fn waited_minutes(&self, now: Timestamp) -> u64 {
        self.started_at
            .unwrap_or_else(|| self.closed_at.unwrap_or(now))
            .since(self.created_at)
            .as_secs()
            / 60
    }

    /// From the start to closing or now, in whole minutes; 0 when not started.
    pub fn duration_minutes(&self, now: Timestamp) -> u64 {
        self.started_at
            .map_or(0, |started| self.closed_at.unwrap_or(now).since(started).as_secs() / 60)
    }
}

/// A ticket with what lists show of its customer and its last message.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TicketView {
    #[sqlx(flatten)]
    pub ticket: Ticket,
    #[sqlx(flatten)]
    pub customer: CustomerCard,
}

/// One hand-over, kept for ever.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Transfer {
    pub id: TransferId,
    pub ticket_id: TicketId,
    pub from_agent_id: Option<AgentId>,
    pub to_agent_id: Option<AgentId>,
    pub from_department_id: DepartmentId,
    pub to_department_id: DepartmentId,
    pub reason: String,
    pub created_by: Option<AgentId>,
    pub accepted_at: Option<Timestamp>,
    /// Goes back then unless the target takes it.
    pub returns_at: Option<Timestamp>,
    /// Over without having been taken.
    pub returned_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A stretch of a ticket with one department and one owner; without an owner it waited.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Segment {
    pub ticket_id: TicketId,
    pub department_id: DepartmentId,
    pub agent_id: Option<AgentId>,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// Who looks at a ticket: as much of a person as the right to see depends on.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub agent_id: AgentId,
    pub role: Role,
    pub departments: Vec<DepartmentId>,
    /// [`ACT_ON_OTHERS_CHATS`](super::group::ACT_ON_OTHERS_CHATS).
    pub acts_on_others: bool,
}

impl Viewer {
    /// Contract §3: one's own; supervisors, and whoever may act on chats of colleagues, their departments; managers
    /// all.
    pub fn watches(&self, ticket: &Ticket) -> bool {
        let is_member = self.departments.contains(&ticket.department_id);
        self.owns(ticket)
            || match self.role {
                Role::Admin | Role::Manager => true,
                Role::Supervisor => is_member,
                Role::Agent => self.acts_on_others && is_member,
            }
    }

    /// Besides, agents see what waits in their departments (in all of them when they belong to none).
    pub fn may_see(&self, ticket: &Ticket) -> bool {
        let helps = self.role == Role::Agent
            && (self.departments.is_empty() || self.departments.contains(&ticket.department_id));
        self.watches(ticket) || (helps && ticket.is_unassigned())
    }

    /// The responsible agent, or whoever may act on chats of colleagues.
    pub fn may_act(&self, ticket: &Ticket) -> bool {
        self.owns(ticket) || (self.acts_on_others && self.watches(ticket))
    }

    fn owns(&self, ticket: &Ticket) -> bool {
        ticket.agent_id == Some(self.agent_id)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A ticket that waits, with nothing but an id.
    pub(crate) fn ticket(id: i64) -> Ticket {
        Ticket {
            id: TicketId(id),
            session_id: SessionId(1),
            chat_id: id.to_string(),
            phone: id.to_string(),
            customer_id: CustomerId(1),
            department_id: DepartmentId(1),
            agent_id: None,
            status: TicketStatus::Waiting,
            priority: Priority::Normal,
            version: 1,
            customer_messages: 0,
            agent_messages: 0,
            rating: None,
            rating_comment: String::new(),
            rated_by: None,
            notes: String::new(),
            created_at: Timestamp::EPOCH,
            owned_since: None,
            started_at: None,
            first_response_at: None,
            closed_at: None,
            is_auto_closed: false,
            updated_at: Timestamp::EPOCH,
            last_message_at: None,
            awaiting_since: None,
            told: Told::default(),
        }
    }
}
