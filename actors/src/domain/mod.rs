//! The rules of the business: plain values and functions, no I/O, no actors.
//!
//! Entities derive sqlx's row traits so that one definition serves the rules and the rows (ADR 0002);
//! nothing else of the outside world is known here.

pub mod agent;
pub mod audit;
pub mod customer;
pub mod department;
pub mod document;
pub mod file;
pub mod ids;
pub mod message;
pub mod phone;
pub mod presence;
pub mod queue;
pub mod rejected;
pub mod routing;
pub mod session;
pub mod settings;
pub mod ticket;
pub mod time;

pub use agent::{Agent, AgentChanges, NewAgent, Role};
pub use customer::{Customer, CustomerCard};
pub use department::{Department, DepartmentChanges, NewDepartment};
pub use document::{
    Document, DocumentChanges, DocumentKind, DocumentOrigin, DocumentStatus, NewDocument,
};
pub use ids::{
    AgentId, CustomerId, DepartmentId, DocumentId, MessageRowId, QueueEntryId, SessionId, TicketId,
    TransferId,
};
pub use message::{Direction, Inbound, Message, MessageKind, MessageStatus, NewMessage};
pub use presence::{Liveness, PresenceStatus, PresenceView};
pub use queue::{Priority, QueueEntry};
pub use rejected::Rejected;
pub use session::{ProviderKind, SessionChanges, SessionStatus, WhatsAppSession};
pub use ticket::{Ticket, TicketStatus, TicketView, Transfer};
pub use time::Timestamp;
