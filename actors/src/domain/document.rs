//! Documents of customers: contracts, boletos and whatever else is filed with a customer.

use time::Date;

use super::{
    AgentId, CustomerId, DocumentId, Timestamp,
    file::{FileKey, StoredFile},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum DocumentKind {
    Contract,
    /// A Brazilian payment slip.
    Boleto,
    Proposal,
    Certificate,
    License,
    /// A municipal permit (alvará).
    Permit,
    /// Proof of a payment, an address, … (comprovante).
    Receipt,
    Other,
}

/// How far a document has come; set by people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum DocumentStatus {
    Generated,
    Sent,
    Signed,
    Cancelled,
    Approved,
    Rejected,
    Expired,
}

/// Where a document comes from; set by the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum DocumentOrigin {
    /// A person uploaded it.
    Manual,
    /// The hub set it from a template.
    Generated,
    Imported,
}

/// A document's row with its file and the names that people read.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Document {
    pub id: DocumentId,
    pub customer_id: CustomerId,
    pub customer_name: String,
    pub name: String,
    pub kind: DocumentKind,
    pub status: DocumentStatus,
    pub origin: DocumentOrigin,
    /// What the file is called when it is saved.
    pub file_name: String,
    pub description: String,
    /// The human name of the template; empty for uploads.
    pub template_name: String,
    /// What was filled in: a JSON object.
    pub filled_data: String,
    pub due_date: Option<Date>,
    pub uploaded_by: Option<AgentId>,
    pub uploader_name: Option<String>,
    pub is_active: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[sqlx(try_from = "String")]
    pub file_key: FileKey,
    pub bytes: i64,
    pub sha256: String,
    pub media_type: String,
}

impl Document {
    /// The due date has passed on the day `today`.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.due_date.is_some_and(|due| due < today)
    }
}

/// What it takes to file a document; the file is in the storage already, pending.
#[derive(Debug, Clone)]
pub struct NewDocument {
    pub customer_id: CustomerId,
    pub name: String,
    pub kind: DocumentKind,
    pub status: DocumentStatus,
    pub origin: DocumentOrigin,
    pub file: StoredFile,
    pub file_name: String,
    pub description: String,
    pub template_name: String,
    pub filled_data: String,
    pub due_date: Option<Date>,
    pub uploaded_by: AgentId,
}

/// What may change on a document; `None` leaves the value as it is.
#[derive(Debug, Clone, Default)]
pub struct DocumentChanges {
    pub customer_id: Option<CustomerId>,
    pub name: Option<String>,
    pub kind: Option<DocumentKind>,
    pub status: Option<DocumentStatus>,
    pub description: Option<String>,
    pub filled_data: Option<String>,
    /// `Some(None)` takes the date away.
    pub due_date: Option<Option<Date>>,
    /// Another file in place of the present one, with its name.
    pub file: Option<(StoredFile, String)>,
}
