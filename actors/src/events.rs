//! What happens in the hub, said once, and to whom.

use bytes::Bytes;

use crate::{
    directory::Roster,
    domain::{
        Agent, AgentId, CustomerId, DepartmentId, Message, MessageKind, MessageRowId,
        MessageStatus, Note, NoteId, PermissionId, PresenceStatus, Priority, Role, SessionId,
        SessionStatus, Ticket, TicketId, TicketStatus, Timestamp, Transfer, WebhookId,
        message_change::StoredChange, notification::Topic,
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
        /// `None`: nobody is called and nothing counted. Late ones are only counted.
        topic: Option<Topic>,
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
    /// Something became of a message: a reaction, an edit, it was taken back.
    MessageChanged {
        /// As it is now.
        message: Message,
        change: StoredChange,
    },
    /// The file of a message is there, will not come, or is fetched again.
    MediaChanged {
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
    /// An agent is asked whether he takes a chat.
    ChatOffered {
        ticket_id: TicketId,
        chat_id: String,
        customer_name: String,
        agent_id: AgentId,
        agent_name: String,
        department_id: DepartmentId,
        department_name: String,
        priority: Priority,
        first_message: String,
        expires_at: Timestamp,
        at: Timestamp,
    },
    /// An agent is no longer asked, and does not have the chat.
    ChatOfferEnded {
        ticket_id: TicketId,
        chat_id: String,
        agent_id: AgentId,
        reason: OfferEnd,
        at: Timestamp,
    },
    /// A chat went to another department because nobody was there for it.
    ChatOverflowed {
        ticket_id: TicketId,
        chat_id: String,
        from_department_id: DepartmentId,
        to_department_id: DepartmentId,
        to_department_name: String,
        at: Timestamp,
    },
    /// How many wait in a department.
    QueueChanged {
        department_id: DepartmentId,
        department_name: String,
        waiting: usize,
        /// Of those who wait: agents are being asked.
        offered: usize,
        /// Of those who wait: beyond the response target.
        late: usize,
        oldest_entered_at: Option<Timestamp>,
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
    /// Less is left to read in a chat.
    ChatRead {
        ticket_id: TicketId,
        chat_id: String,
        /// Who has read it, or answered.
        agent_id: AgentId,
        /// Everything up to this message is read.
        until: Option<MessageRowId>,
        /// What is left to read.
        unread: i64,
        cause: ReadCause,
        at: Timestamp,
    },
    /// A colleague has left a note.
    NoteAdded {
        note: Note,
        chat_id: String,
        agent_name: String,
        at: Timestamp,
    },
    NoteRemoved {
        note_id: NoteId,
        ticket_id: TicketId,
        chat_id: String,
        /// Who has removed it.
        agent_id: AgentId,
        at: Timestamp,
    },
    ChatTagsChanged {
        ticket_id: TicketId,
        chat_id: String,
        tags: Vec<String>,
        /// Who has changed them.
        agent_id: AgentId,
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
    /// A customer has rated a chat, or a person has entered what he thought.
    ChatRated {
        ticket_id: TicketId,
        chat_id: String,
        agent_id: Option<AgentId>,
        rating: i64,
        /// `None` is the customer.
        rated_by: Option<AgentId>,
        at: Timestamp,
    },
    /// Soon a customer can no longer be answered freely.
    ReplyWindowClosing {
        ticket_id: TicketId,
        chat_id: String,
        customer_name: String,
        agent_id: Option<AgentId>,
        open_until: Timestamp,
        at: Timestamp,
    },
    PresenceChanged {
        agent_id: AgentId,
        status: PresenceStatus,
        message: String,
        /// The last socket has closed and the grace time runs.
        is_reconnecting: bool,
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
    /// Another system that is told of events no longer takes them.
    WebhookFailing {
        endpoint_id: WebhookId,
        name: String,
        trouble: WebhookTrouble,
        /// In a row.
        failures: i64,
        /// Nothing is sent before.
        paused_until: Option<Timestamp>,
        at: Timestamp,
    },
    /// A code to be scanned with the phone; the edge draws it.
    QrCode {
        session_id: SessionId,
        code: String,
        expires_at: Timestamp,
        at: Timestamp,
    },
    /// A code to be typed on the phone.
    PairingCode {
        session_id: SessionId,
        code: String,
        expires_at: Timestamp,
        at: Timestamp,
    },
}

/// Why less is left to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadCause {
    /// One person has read; it counts for that person.
    Mark,
    /// A person has answered; it counts for everybody.
    Answer,
}

/// Why another system is not told of events for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookTrouble {
    /// It fails again and again; it is tried again later.
    Paused,
    /// It has said that it is gone for good: switched off.
    Gone,
}

/// Why an agent is no longer asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OfferEnd {
    Declined,
    Expired,
    /// Somebody else has it, it moved, or it is over.
    Withdrawn,
}

impl HubEvent {
    /// That a chat belongs to somebody now, as the ticket says; `None` when it belongs to nobody.
    pub(crate) fn assigned(
        roster: &Roster,
        ticket: &Ticket,
        customer_name: &str,
        first_message: String,
        at: Timestamp,
    ) -> Option<Self> {
        let agent_id = ticket.agent_id?;
        Some(Self::ChatAssigned {
            ticket_id: ticket.id,
            chat_id: ticket.chat_id.clone(),
            customer_name: customer_name.to_owned(),
            agent_id,
            agent_name: roster.agent_name(Some(agent_id)),
            department_id: ticket.department_id,
            department_name: roster.department_name(ticket.department_id),
            priority: ticket.priority,
            first_message,
            at,
        })
    }

    /// What it calls people for; `None` when it only keeps screens up to date. A message in a chat
    /// that was open already is told twice (contract §21); the first of the two calls.
    pub fn topic(&self) -> Option<Topic> {
        match self {
            Self::MessageReceived { topic, .. } => *topic,
            Self::ChatOpened { .. }
            | Self::ChatAssigned { .. }
            | Self::ChatOffered { .. }
            | Self::ChatOverflowed { .. }
            | Self::ChatRequeued { .. }
            | Self::ReplyWindowClosing { .. } => Some(Topic::Chat),
            Self::ChatTransferred { .. } => Some(Topic::Transfer),
            Self::ChatMessage { .. }
            | Self::MessageSent { .. }
            | Self::MessageChanged { .. }
            | Self::MediaChanged { .. }
            | Self::MessageStatusChanged { .. }
            | Self::ChatAccepted { .. }
            | Self::ChatRead { .. }
            | Self::NoteAdded { .. }
            | Self::NoteRemoved { .. }
            | Self::ChatTagsChanged { .. }
            | Self::ChatOfferEnded { .. }
            | Self::QueueChanged { .. }
            | Self::ChatClosed { .. }
            | Self::ChatAutoClosed { .. }
            | Self::ChatRated { .. }
            | Self::PresenceChanged { .. }
            | Self::TypingStarted { .. }
            | Self::TypingStopped { .. }
            | Self::SessionStatusChanged { .. }
            | Self::WebhookFailing { .. }
            | Self::QrCode { .. }
            | Self::PairingCode { .. } => None,
        }
    }
}

/// Who gets an event. Resolved against the roster when it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// All active agents.
    Everyone,
    /// Whoever has this right, by role or by a group.
    Right(PermissionId),
    /// Whoever may see a chat (contract §21): its agent, or the department's members while nobody has
    /// it; supervisors of the department; managers.
    Chat(ChatAudience),
}

/// The chat whose viewers are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatAudience {
    pub department_id: Option<DepartmentId>,
    pub agent_id: Option<AgentId>,
    /// The department that it has just left: its members hear of it, too.
    pub left_department_id: Option<DepartmentId>,
    /// Nobody has it: the department's members may see it.
    pub is_unassigned: bool,
    /// Gets the event as well: the sender, the former owner.
    pub also: Option<AgentId>,
    /// Does not get it: the one who types.
    pub except: Option<AgentId>,
    /// Nobody but this one gets it, if he may see the chat: what he does on one device matters to his
    /// others.
    pub only: Option<AgentId>,
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
        match self {
            Self::Everyone => true,
            Self::Right(permission) => roster.has_right(agent_id, *permission),
            Self::Chat(chat) => chat.includes(roster, agent),
        }
    }
}

impl Audience {
    /// Whether the event may ring for one of those who get it: a chat that somebody has calls that
    /// agent (and who is told beside him), not the colleagues who only watch.
    pub(crate) fn calls(&self, agent_id: AgentId) -> bool {
        match self {
            Self::Everyone | Self::Right(_) => true,
            Self::Chat(chat) => {
                chat.is_unassigned
                    || chat.agent_id.is_none()
                    || chat.agent_id == Some(agent_id)
                    || chat.also == Some(agent_id)
            }
        }
    }

    /// Everybody who may be meant, each once, so that not all users have to be asked; `None` when
    /// that is everybody.
    pub(crate) fn candidates(&self, roster: &Roster) -> Option<Vec<AgentId>> {
        let mut ids: Vec<AgentId> = match self {
            Self::Everyone => return None,
            Self::Right(permission) => {
                let agents = roster.agents().map(|agent| agent.id);
                agents.filter(|id| roster.has_right(*id, *permission)).collect()
            }
            Self::Chat(ChatAudience { only: Some(id), .. }) => vec![*id],
            Self::Chat(chat) => {
                let viewers = roster.possible_viewers(chat.department_id);
                let left = chat.left_department_id.map(|id| roster.possible_viewers(Some(id)));
                let left = left.into_iter().flatten();
                viewers.chain(left).chain(chat.agent_id).chain(chat.also).collect()
            }
        };
        ids.sort_unstable();
        ids.dedup();
        Some(ids)
    }
}

impl ChatAudience {
    fn includes(&self, roster: &Roster, agent: &Agent) -> bool {
        let id = Some(agent.id);
        if self.except == id || (self.only.is_some() && self.only != id) {
            return false;
        }
        if self.also == id || self.agent_id == id {
            return true;
        }
        let departments = roster.departments_of(agent.id);
        let is_in = |id: Option<DepartmentId>| id.is_some_and(|id| departments.contains(&id));
        let is_member = is_in(self.department_id) || is_in(self.left_department_id);
        match agent.role {
            _ if self.responsible_only => self.is_unassigned && is_member,
            Role::Admin | Role::Manager => true,
            Role::Supervisor => is_member,
            Role::Agent if is_member => self.is_unassigned || roster.acts_on_others(agent.id),
            Role::Agent => self.is_unassigned && departments.is_empty(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Department, Group, GroupId, group::ACT_ON_OTHERS_CHATS};

    const SALES: DepartmentId = DepartmentId(1);
    const SUPPORT: DepartmentId = DepartmentId(2);
    const OF_MANAGERS: PermissionId = PermissionId(1);
    const OF_A_GROUP: PermissionId = PermissionId(2);

    fn agent(id: i64, role: Role, is_active: bool) -> Agent {
        Agent {
            id: AgentId(id),
            username: id.to_string(),
            email: String::new(),
            display_name: String::new(),
            phone_number: String::new(),
            role,
            is_active,
            skills: crate::domain::List::default(),
            tokens_valid_from: Timestamp::EPOCH,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        }
    }

    fn department(id: DepartmentId, members: &[i64]) -> Department {
        Department {
            id,
            name: id.to_string(),
            description: String::new(),
            color: String::new(),
            capacity: 1,
            response_target_minutes: 1,
            is_active: true,
            opening_hours: None,
            routing: crate::domain::RoutingRules::default(),
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            members: members.iter().copied().map(AgentId).collect(),
        }
    }

    /// 1 admin, 2 manager, 3 supervisor and 4, 5 agents of Sales, 6 agent of Support, 7 supervisor of
    /// Support, 8 agent without department, 9 deactivated manager.
    fn roster() -> Roster {
        let agents = vec![
            agent(1, Role::Admin, true),
            agent(2, Role::Manager, true),
            agent(3, Role::Supervisor, true),
            agent(4, Role::Agent, true),
            agent(5, Role::Agent, true),
            agent(6, Role::Agent, true),
            agent(7, Role::Supervisor, true),
            agent(8, Role::Agent, true),
            agent(9, Role::Manager, false),
        ];
        let departments = vec![department(SALES, &[3, 4, 5]), department(SUPPORT, &[6, 7])];
        let group = |id, role, permission, members: &[i64]| Group {
            id: GroupId(id),
            name: id.to_string(),
            role,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            permissions: vec![permission],
            members: members.iter().copied().map(AgentId).collect(),
        };
        let groups =
            vec![group(1, Some(Role::Manager), OF_MANAGERS, &[]), group(2, None, OF_A_GROUP, &[4])];
        Roster::new(agents, departments, groups)
    }

    #[test]
    fn whoever_may_act_on_chats_of_colleagues_hears_of_those_of_the_own_departments() {
        let mut roster = roster();
        let mut group = Group::clone(roster.group(GroupId(2)).unwrap());
        group.permissions = vec![ACT_ON_OTHERS_CHATS];
        group.members = vec![AgentId(5), AgentId(6), AgentId(8)];
        roster.put_group(group);
        let owned = Audience::Chat(ChatAudience {
            department_id: Some(SALES),
            agent_id: Some(AgentId(4)),
            ..ChatAudience::default()
        });
        let meant = |id: &i64| owned.includes(&roster, AgentId(*id));
        assert_eq!((1..=9).filter(meant).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn each_audience_reaches_whom_it_means_and_nobody_else() {
        let roster = roster();
        let chat = ChatAudience { department_id: Some(SALES), ..ChatAudience::default() };
        let owned = ChatAudience { agent_id: Some(AgentId(4)), ..chat.clone() };
        let waiting = ChatAudience { is_unassigned: true, ..chat.clone() };
        let cases = [
            ("everyone", Audience::Everyone, vec![1, 2, 3, 4, 5, 6, 7, 8]),
            ("by role", Audience::Right(OF_MANAGERS), vec![1, 2]),
            ("by a group", Audience::Right(OF_A_GROUP), vec![1, 4]),
            ("owned", Audience::Chat(owned.clone()), vec![1, 2, 3, 4]),
            ("waiting", Audience::Chat(waiting.clone()), vec![1, 2, 3, 4, 5, 8]),
            (
                "sender of another department",
                Audience::Chat(ChatAudience { also: Some(AgentId(6)), ..owned.clone() }),
                vec![1, 2, 3, 4, 6],
            ),
            (
                "but not the one who types",
                Audience::Chat(ChatAudience { except: Some(AgentId(4)), ..owned.clone() }),
                vec![1, 2, 3],
            ),
            (
                "one who may see it, and nobody else",
                Audience::Chat(ChatAudience { only: Some(AgentId(3)), ..owned.clone() }),
                vec![3],
            ),
            (
                "one who may not see it",
                Audience::Chat(ChatAudience { only: Some(AgentId(5)), ..owned.clone() }),
                vec![],
            ),
            (
                "the responsible agent only",
                Audience::Chat(ChatAudience { responsible_only: true, ..owned }),
                vec![4],
            ),
            (
                "the department while nobody is responsible",
                Audience::Chat(ChatAudience { responsible_only: true, ..waiting }),
                vec![3, 4, 5],
            ),
            (
                "an owner who was deactivated",
                Audience::Chat(ChatAudience { agent_id: Some(AgentId(9)), ..chat }),
                vec![1, 2, 3],
            ),
        ];
        for (name, audience, expected) in cases {
            let meant = |id: &i64| audience.includes(&roster, AgentId(*id));
            assert_eq!((1..=9).filter(meant).collect::<Vec<_>>(), expected, "{name}");
            if let Some(candidates) = audience.candidates(&roster) {
                let is_candidate = |id: &i64| candidates.contains(&AgentId(*id));
                assert!(expected.iter().all(is_candidate), "{name}: {candidates:?}");
            }
        }
    }
}
