//! The rules of the business: plain values and functions, no I/O, no actors.
//!
//! Entities derive sqlx's row traits so that one definition serves the rules and the rows (ADR 0002);
//! nothing else of the outside world is known here.

pub mod address;
pub mod agent;
pub mod audit;
pub mod automatic;
pub mod boleto;
pub mod calendar;
pub mod cloud;
pub mod company_group;
pub mod contact;
pub mod customer;
pub mod customer_merge;
pub mod department;
pub mod diagnosis;
pub mod document;
pub mod document_template;
pub mod file;
pub mod group;
pub mod ids;
pub mod inactivity;
pub mod latency;
pub mod list;
pub mod message;
pub mod message_change;
pub mod money;
pub mod notification;
pub mod phone;
pub mod pix;
pub mod plain;
pub mod postal_code;
pub mod presence;
pub mod queue;
pub mod quick_reply;
pub mod rating;
pub mod rejected;
pub mod remark;
pub mod report;
pub mod routing;
pub mod search;
pub mod session;
pub mod settings;
pub mod skill;
pub mod tax_id;
pub mod ticket;
pub mod time;
pub mod time_zone;
pub mod waiting_time;
pub mod webhook;

pub use agent::{Agent, AgentChanges, NewAgent, Role};
pub use company_group::{CompanyGroup, CompanyGroupChange, CompanyGroupDetails};
pub use contact::{Contact, ContactChange, ContactDetails};
pub use customer::{
    Customer, CustomerCard, CustomerChange, CustomerDetails, CustomerStatus, PersonType, TaxRegime,
};
pub use department::{
    AssignmentMode, Department, DepartmentChanges, NewDepartment, RoutingChanges, RoutingRules,
};
pub use document::{
    Document, DocumentChanges, DocumentKind, DocumentOrigin, DocumentStatus, NewDocument,
};
pub use document_template::{DocumentTemplate, TemplateKind, Templates};
pub use group::{Group, GroupChanges, NewGroup};
pub use ids::{
    AgentId, CompanyGroupId, ContactId, CustomerId, DeliveryId, DepartmentId, DocumentId, GroupId,
    IntegrationEventId, MergeId, MessageRowId, NoteId, PermissionId, QueueEntryId, QuickReplyId,
    SessionId, TicketId, TransferId, WebhookId,
};
pub use list::List;
pub use message::{
    Direction, Inbound, MediaStatus, Message, MessageKind, MessageStatus, NewMessage, Side,
};
pub use message_change::{ChangeKind, MessageChange};
pub use money::Centavos;
pub use notification::{NotificationChanges, NotificationPreferences, Notify};
pub use presence::{
    Device, Liveness, NewPresencePeriod, PresenceCause, PresencePeriod, PresenceStatus,
    PresenceView,
};
pub use queue::{Priority, QueueEntry};
pub use quick_reply::{QuickReply, QuickReplyChanges, QuickReplyDetails};
pub use rejected::Rejected;
pub use remark::{Note, ReadMark, Receipt};
pub use routing::{Considered, DecisionKind, NewDecision, Reasons, RoutingDecision, Verdict};
pub use search::SearchQuery;
pub use session::{ProviderKind, SessionChanges, SessionStatus, WhatsAppSession};
pub use skill::Skill;
pub use ticket::{Segment, Ticket, TicketStatus, TicketView, Transfer};
pub use time::Timestamp;
pub use webhook::{Delivery, IntegrationEvent, WebhookEndpoint};
