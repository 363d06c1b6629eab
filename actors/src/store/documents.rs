//! Documents of customers. Only active ones are ever read; deleting makes a document inactive and
//! leaves its file.

use time::Date;

use super::{
    CustomerScope, Store, StoreError, audit, customer_lookup,
    db::Tx,
    dialect, files,
    page::{Order, Page, Slice, push_order},
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, CustomerId, Document, DocumentChanges, DocumentId, DocumentKind, DocumentOrigin,
    DocumentStatus, NewDocument, Timestamp,
    audit::{AuditAction, AuditSubject, Differences, FieldChange, NewAuditEntry},
};

/// Which documents a person may see, and for which customers he may file some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentScope {
    All,
    /// Those that the agent uploaded, and those of the customers of the scope.
    Of {
        agent_id: AgentId,
        customers: CustomerScope,
    },
}

impl DocumentScope {
    /// ` AND (…)` over the table alias `d`.
    fn push(&self, sql: Sql) -> Sql {
        match self {
            Self::All => sql,
            Self::Of { agent_id, customers } => {
                let sql = sql
                    .push_bind(" AND (d.uploaded_by = ", *agent_id)
                    .push(" OR EXISTS (SELECT 1 FROM customers c WHERE c.id = d.customer_id");
                customers.push(sql).push("))")
            }
        }
    }
}

/// Which documents are wanted; `None` leaves a column free.
#[derive(Debug, Clone, Default)]
pub struct DocumentFilter {
    pub customer_id: Option<CustomerId>,
    pub kind: Option<DocumentKind>,
    pub status: Option<DocumentStatus>,
    pub origin: Option<DocumentOrigin>,
    /// `Some(false)` finds nothing: inactive documents are not shown.
    pub is_active: Option<bool>,
    /// Contained in the name.
    pub name: Vec<String>,
    /// Contained in the name of the template.
    pub template_name: Vec<String>,
    /// From this instant on.
    pub uploaded_from: Option<Timestamp>,
    /// Before this instant.
    pub uploaded_until: Option<Timestamp>,
    /// This day or later.
    pub due_from: Option<Date>,
    /// This day or earlier.
    pub due_until: Option<Date>,
    pub search: Vec<String>,
}

impl DocumentFilter {
    fn push(&self, sql: Sql) -> Sql {
        sql.push_bind_if(" AND d.customer_id = ", self.customer_id)
            .push_bind_if(" AND d.kind = ", self.kind)
            .push_bind_if(" AND d.status = ", self.status)
            .push_bind_if(" AND d.origin = ", self.origin)
            .push_bind_if(" AND d.is_active = ", self.is_active)
            .push_bind_if(" AND d.created_at >= ", self.uploaded_from)
            .push_bind_if(" AND d.created_at < ", self.uploaded_until)
            .push_bind_if(" AND d.due_date >= ", self.due_from)
            .push_bind_if(" AND d.due_date <= ", self.due_until)
            .push_search(&self.name, &["d.name"])
            .push_search(&self.template_name, &["d.template_name"])
            .push_search(&self.search, &["d.name", "d.description", "d.template_name"])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentSort {
    Name,
    CreatedAt,
    DueDate,
    Status,
}

const DOCUMENTS: &str = "SELECT d.*, c.name AS customer_name, \
    COALESCE(NULLIF(a.display_name, ''), a.username) AS uploader_name, \
    f.bytes, f.sha256, f.media_type FROM documents d \
    JOIN customers c ON c.id = d.customer_id JOIN files f ON f.key = d.file_key \
    LEFT JOIN agents a ON a.id = d.uploaded_by WHERE d.is_active";
/// The number that boletos of the company are told apart by (nosso número).
const OUR_NUMBER: &str = "our_number";

impl Store {
    pub async fn list_documents(
        &self,
        scope: &DocumentScope,
        filter: &DocumentFilter,
        orders: &[Order<DocumentSort>],
        page: Page,
    ) -> Result<Slice<Document>, StoreError> {
        let count = sql("SELECT COUNT(*) FROM documents d WHERE d.is_active");
        let (total,): (i64,) = self.reader.one(filter.push(scope.push(count))).await?;
        let column = |by| match by {
            DocumentSort::Name => "d.name",
            DocumentSort::CreatedAt => "d.created_at",
            DocumentSort::DueDate => "d.due_date",
            DocumentSort::Status => "d.status",
        };
        let select = filter.push(scope.push(sql(DOCUMENTS)));
        let select = push_order(select, orders, column, "d.id DESC")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    /// The active document of this id, if it lies within the scope.
    pub async fn find_document(
        &self,
        scope: &DocumentScope,
        id: DocumentId,
    ) -> Result<Option<Document>, StoreError> {
        let select = scope.push(sql(DOCUMENTS)).push_bind(" AND d.id = ", id);
        self.reader.opt(select).await
    }

    /// The customer exists and documents may be filed for him.
    pub async fn may_file_for(
        &self,
        scope: &DocumentScope,
        id: CustomerId,
    ) -> Result<bool, StoreError> {
        let select = sql("SELECT c.id FROM customers c WHERE c.id = $1 AND c.deleted_at IS NULL");
        let select = match scope {
            DocumentScope::All => select.bind(id),
            DocumentScope::Of { customers, .. } => customers.push(select.bind(id)),
        };
        Ok(self.reader.opt::<(CustomerId,)>(select).await?.is_some())
    }

    /// Files a document, keeps its pending file and notes it in the trail: `generated` for what the hub
    /// set from a template, else `created`. [`StoreError::Stale`] when the file was swept meanwhile.
    pub async fn insert_document(
        &self,
        new: NewDocument,
        now: Timestamp,
    ) -> Result<Document, StoreError> {
        self.unit(unit!(tx => {
            files::keep(tx, &new.file.key, now).await?;
            let agent = new.uploaded_by;
            let action = match new.origin {
                DocumentOrigin::Generated => AuditAction::Generated,
                DocumentOrigin::Manual | DocumentOrigin::Imported => AuditAction::Created,
            };
            // Whoever was merged while the document was written has it where his others are.
            let held = customer_lookup::hold(tx, new.customer_id).await?;
            let customer_id = held.map_or(new.customer_id, |customer| customer.id);
            let insert = sql("INSERT INTO documents (customer_id, name, kind, status, origin, \
                 file_key, file_name, description, template_name, filled_data, due_date, \
                 uploaded_by, is_active, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14) \
                 RETURNING id")
                .bind(customer_id)
                .bind(new.name)
                .bind(new.kind)
                .bind(new.status)
                .bind(new.origin)
                .bind(new.file.key.as_str())
                .bind(new.file_name)
                .bind(new.description)
                .bind(new.template_name)
                .bind(new.filled_data)
                .bind(new.due_date)
                .bind(agent)
                .bind(true)
                .bind(now);
            let (id,): (DocumentId,) = tx.one(insert).await?;
            let document = get(tx, id).await?.ok_or(StoreError::Stale)?;
            audit::insert(tx, entry(&document, agent, action, ""), now).await?;
            Ok(document)
        }))
        .await
    }

    /// Changes an active document; `None` when there is none of this id within the scope.
    pub async fn update_document(
        &self,
        scope: DocumentScope,
        id: DocumentId,
        changes: DocumentChanges,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<Document>, StoreError> {
        self.unit(unit!(tx => {
            let Some(old) = locked(tx, &scope, id).await? else { return Ok(None) };
            let customer_id = match changes.customer_id {
                Some(id) => customer_lookup::hold(tx, id).await?.map(|customer| customer.id).or(Some(id)),
                None => None,
            };
            let mut update = sql("UPDATE documents SET updated_at = $1")
                .bind(now)
                .push_bind_if(", customer_id = ", customer_id)
                .push_bind_if(", name = ", changes.name)
                .push_bind_if(", kind = ", changes.kind)
                .push_bind_if(", status = ", changes.status)
                .push_bind_if(", description = ", changes.description)
                .push_bind_if(", filled_data = ", changes.filled_data);
            if let Some(due_date) = changes.due_date {
                update = update.push_bind(", due_date = ", due_date);
            }
            if let Some((file, name)) = changes.file {
                files::keep(tx, &file.key, now).await?;
                files::release(tx, &old.file_key, now).await?;
                update = update
                    .push_bind(", file_key = ", file.key.as_str())
                    .push_bind(", file_name = ", name);
            }
            tx.run(update.push_bind(" WHERE id = ", id)).await?;
            let new = get(tx, id).await?.ok_or(StoreError::Stale)?;
            let changes = differences(&old, &new);
            if !changes.is_empty() {
                let entry = entry(&new, by, AuditAction::Updated, "");
                audit::insert(tx, NewAuditEntry { changes, ..entry }, now).await?;
            }
            Ok(Some(new))
        }))
        .await
    }

    /// Makes a document inactive; `false` when there is none of this id within the scope.
    pub async fn delete_document(
        &self,
        scope: DocumentScope,
        id: DocumentId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            let Some(old) = locked(tx, &scope, id).await? else { return Ok(false) };
            let update = sql("UPDATE documents SET is_active = $1, updated_at = $2 WHERE id = $3");
            tx.run(update.bind(false).bind(now).bind(id)).await?;
            audit::insert(tx, entry(&old, by, AuditAction::Deleted, ""), now).await?;
            Ok(true)
        }))
        .await
    }

    /// Notes that somebody made a link with which anybody may read the file.
    pub async fn note_document_link(
        &self,
        document: &Document,
        by: AgentId,
        note: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.insert_audit_entry(entry(document, by, AuditAction::Exported, note), now).await
    }

    /// A number for a boleto that was never given before, from 1. One that is not used leaves a gap.
    pub async fn next_our_number(&self) -> Result<i64, StoreError> {
        self.unit(unit!(tx => {
            let upsert = sql("INSERT INTO counters (name, value) VALUES ($1, 1) \
                 ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value");
            let (value,): (i64,) = tx.one(upsert.bind(OUR_NUMBER)).await?;
            Ok(value)
        }))
        .await
    }
}

async fn get(tx: &mut Tx, id: DocumentId) -> Result<Option<Document>, StoreError> {
    tx.opt(sql(DOCUMENTS).push_bind(" AND d.id = ", id)).await
}

/// The document as it is before a change that nobody else makes at the same time.
async fn locked(
    tx: &mut Tx,
    scope: &DocumentScope,
    id: DocumentId,
) -> Result<Option<Document>, StoreError> {
    dialect::lock_text(tx, &format!("document {id}")).await?;
    tx.opt(scope.push(sql(DOCUMENTS)).push_bind(" AND d.id = ", id)).await
}

fn entry(document: &Document, by: AgentId, action: AuditAction, note: &str) -> NewAuditEntry {
    NewAuditEntry {
        agent_id: Some(by),
        action,
        subject: AuditSubject::Document,
        subject_id: Some(document.id.0),
        subject_name: document.name.clone(),
        note: note.to_owned(),
        changes: Vec::new(),
    }
}

fn differences(old: &Document, new: &Document) -> Vec<FieldChange> {
    let kind = |document: &Document| format!("{:?}", document.kind).to_lowercase();
    let status = |document: &Document| format!("{:?}", document.status).to_lowercase();
    Differences::default()
        .field("customer_id", Some(old.customer_id), Some(new.customer_id))
        .field("name", Some(&old.name), Some(&new.name))
        .field("kind", Some(kind(old)), Some(kind(new)))
        .field("status", Some(status(old)), Some(status(new)))
        .field("description", Some(&old.description), Some(&new.description))
        .field("filled_data", Some(&old.filled_data), Some(&new.filled_data))
        .field("due_date", old.due_date, new.due_date)
        .field("file_name", Some(&old.file_name), Some(&new.file_name))
        .field("sha256", Some(&old.sha256), Some(&new.sha256))
        .into_changes()
}
