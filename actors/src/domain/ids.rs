//! One type per kind of identifier, so that a ticket is never looked up by an agent's number.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A person who works with the hub.
    AgentId,
    /// A group of companies (grupo-empresa).
    CompanyGroupId,
    /// A person at a customer (contato).
    ContactId,
    /// A customer (cliente).
    CustomerId,
    /// A department with its own queue.
    DepartmentId,
    /// One event for one endpoint.
    DeliveryId,
    /// A group of people with rights of its own.
    GroupId,
    /// An event for other systems.
    IntegrationEventId,
    /// A document of a customer.
    DocumentId,
    /// Two customers who were made one.
    MergeId,
    /// The row of a message; the provider's own id is `Message::message_id`.
    MessageRowId,
    /// A note of a colleague in a chat.
    NoteId,
    /// A right. Numbers keep their meaning for ever; the edge knows it.
    PermissionId,
    /// A text that people send often.
    QuickReplyId,
    /// The place of a ticket in a department's queue.
    QueueEntryId,
    /// A WhatsApp number of the company.
    SessionId,
    /// One attendance of a customer (atendimento).
    TicketId,
    /// One hand-over of a ticket.
    TransferId,
    /// An address of another system that is told of events.
    WebhookId,
}

/// The key of a live chat: one thread of one customer on one of the company's numbers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatKey {
    pub session_id: SessionId,
    pub chat_id: String,
}

/// Logs show keys; a customer's number has no business there.
impl std::fmt::Debug for ChatKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.chat_id.chars().count();
        let end: String = self.chat_id.chars().skip(digits.saturating_sub(2)).collect();
        write!(f, "session {} chat …{end}", self.session_id)
    }
}
