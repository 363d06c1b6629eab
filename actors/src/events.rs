//! What happens in the hub, said once, and to whom.

use bytes::Bytes;

use crate::{
    directory::Roster,
    domain::{
        Agent, AgentId, CustomerId, DepartmentId, Message, MessageKind, MessageStatus,
        PresenceStatus, Priority, Role, SessionId, SessionStatus, TicketId, TicketStatus,
        Timestamp, Transfer,
    },
};

/// Something that clients want to know. Published after its commit, never before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubEvent {
    /// A customer opened a new chat.
    ChatOpened {
        ticket_id: TicketId,
        chat_id: String,
        phone: String,
        customer_id: CustomerId,
        customer_name: String,
        department_id: DepartmentId,
        department_name: String,
        first_message: String,
        priority: Priority,
        at: Timestamp,
    },
    /// A message of a customer has been stored.
    MessageReceived {
        message: Message,
        at: Timestamp,
    },
    /// A message came in for a chat that was open already.
    ChatMessage {
        ticket_id: TicketId,
        chat_id: String,
        message_id: String,
        text: String,
        kind: MessageKind,
        phone: String,
        at: Timestamp,
    },
    /// A message was handed to the provider, or has failed for good.
    MessageSent {
        message: Message,
        at: Timestamp,
    },
    /// A message moved up to another status.
    MessageStatusChanged {
        message_id: String,
        chat_id: String,
        status: MessageStatus,
        at: Timestamp,
    },
    /// A chat was given to an agent, automatically or by hand.
    ChatAssigned {
        ticket_id: TicketId,
        chat_id: String,
        customer_name: String,
        agent_id: AgentId,
        agent_name: String,
        department_id: DepartmentId,
        department_name: String,
        priority: Priority,
        first_message: String,
        at: Timestamp,
    },
    /// A chat was taken out of the queue by a person.
    ChatAccepted {
        ticket_id: TicketId,
        chat_id: String,
        agent_id: AgentId,
        agent_name: String,
        status: TicketStatus,
        at: Timestamp,
    },
    /// A chat was handed over.
    ChatTransferred {
        transfer: Transfer,
        chat_id: String,
        customer_name: String,
        from_agent_name: String,
        to_agent_name: String,
        at: Timestamp,
    },
    /// A chat went back into the queue because its agent is gone.
    ChatRequeued {
        ticket_id: TicketId,
        chat_id: String,
        department_id: DepartmentId,
        at: Timestamp,
    },
    /// A person closed a chat.
    ChatClosed {
        ticket_id: TicketId,
        chat_id: String,
        agent_id: Option<AgentId>,
        at: Timestamp,
    },
    /// The hub closed a chat because the customer did not answer.
    ChatAutoClosed {
        ticket_id: TicketId,
        chat_id: String,
        customer_name: String,
        idle_minutes: i64,
        at: Timestamp,
    },
    PresenceChanged {
        agent_id: AgentId,
        status: PresenceStatus,
        message: String,
        at: Timestamp,
    },
    /// Somebody types: `from` is the username of an agent, or the number of a customer.
    TypingStarted {
        chat_id: String,
        from: String,
        at: Timestamp,
    },
    TypingStopped {
        chat_id: String,
        from: String,
        at: Timestamp,
    },
    SessionStatusChanged {
        session_id: SessionId,
        status: SessionStatus,
        at: Timestamp,
    },
    /// A code to be scanned with the phone; the edge draws it.
    QrCode {
        session_id: SessionId,
        code: String,
        expires_at: Timestamp,
        at: Timestamp,
    },
}

/// Who gets an event. Resolved against the roster when it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// All active agents.
    Everyone,
    /// Managers and admins.
    Managers,
    /// Whoever may see a chat (contract §21): its agent, or the department's members while nobody has
    /// it; supervisors of the department; managers.
    Chat(ChatAudience),
    /// The members of a department, its supervisors, and managers.
    Department(DepartmentId),
}

/// The chat whose viewers are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatAudience {
    pub department_id: Option<DepartmentId>,
    pub agent_id: Option<AgentId>,
    /// Nobody has it: the department's members may see it.
    pub is_unassigned: bool,
    /// Gets the event as well: the sender, the former owner.
    pub also: Option<AgentId>,
    /// Does not get it: the one who types.
    pub except: Option<AgentId>,
    /// Only the agent (or the department while unassigned), not those who stand above.
    pub responsible_only: bool,
}

impl Audience {
    /// Whether this agent is meant. Deactivated agents never are.
    pub fn includes(&self, roster: &Roster, agent_id: AgentId) -> bool {
        let Some(agent) = roster.agent(agent_id) else { return false };
        if !agent.is_active {
            return false;
        }
        let is_manager = agent.role >= Role::Manager;
        match self {
            Self::Everyone => true,
            Self::Managers => is_manager,
            Self::Department(id) => is_manager || roster.is_member(agent_id, *id),
            Self::Chat(chat) => chat.includes(agent, roster.departments_of(agent_id)),
        }
    }
}

impl ChatAudience {
    fn includes(&self, agent: &Agent, departments: &[DepartmentId]) -> bool {
        let id = Some(agent.id);
        if self.except == id {
            return false;
        }
        if self.also == id || self.agent_id == id {
            return true;
        }
        let is_member = self.department_id.is_some_and(|id| departments.contains(&id));
        match agent.role {
            _ if self.responsible_only => self.is_unassigned && is_member,
            Role::Admin | Role::Manager => true,
            Role::Supervisor => is_member,
            Role::Agent => self.is_unassigned && (is_member || departments.is_empty()),
        }
    }
}

/// Turns an event into the text that goes over the wire. Implemented by the edge, so that the hub
/// knows no JSON.
pub trait EncodeEvent: Send + Sync + 'static {
    /// The JSON object of the event **without** its closing brace and without `seq` and `epoch`,
    /// which differ from user to user and are appended by the outbox.
    fn encode(&self, event: &HubEvent) -> Bytes;
}
