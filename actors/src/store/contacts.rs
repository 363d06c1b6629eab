//! Contacts: the people at customers. A deleted one stays as an inactive row.

use super::{
    Order, Page, Slice, Store, StoreError, audit, customer_lookup, customers,
    db::Tx,
    dialect,
    page::push_order,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, CompanyGroupId, Contact, ContactChange, ContactDetails, ContactId, CustomerDetails,
    CustomerId, PersonType, Timestamp,
    audit::{AuditAction, AuditSubject, FieldChange, NewAuditEntry},
    phone,
    plain::plain,
    tax_id::TaxId,
};

/// A contact with the name of the customer.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ContactView {
    #[sqlx(flatten)]
    pub contact: Contact,
    pub customer_name: String,
}

/// Whose contacts a person may see. Those of deleted customers nobody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactScope {
    All,
    ActiveCustomers,
}

impl ContactScope {
    fn push(self, sql: Sql) -> Sql {
        match self {
            Self::All => sql,
            Self::ActiveCustomers => sql.push(" AND c.status = 'active'"),
        }
    }
}

/// Which contacts are wanted; `None` and empty leave a column free.
#[derive(Debug, Clone, Default)]
pub struct ContactFilter {
    pub customer_id: Option<CustomerId>,
    pub is_active: Option<bool>,
    pub is_primary: Option<bool>,
    /// Contained, without regard to accents, case and punctuation.
    pub name: Option<String>,
    pub position: Option<String>,
    pub email: Option<String>,
    /// Digits; with and without the ninth one.
    pub whatsapp: Option<String>,
    /// Each has to be found in one of the searched texts.
    pub terms: Vec<String>,
}

impl ContactFilter {
    fn push(&self, sql: Sql) -> Sql {
        let emails: Vec<String> = self.email.iter().map(|text| text.to_lowercase()).collect();
        let numbers = self.whatsapp.as_deref().map(numbers_like).unwrap_or_default();
        let names: Vec<String> = self.name.iter().cloned().collect();
        let positions: Vec<String> = self.position.iter().cloned().collect();
        let searched = ["p.search_text", "c.name_plain", "c.trade_name_plain"];
        let written = ["p.name", "p.position", "p.email", "c.name", "c.trade_name"];
        sql.push_bind_if(" AND p.customer_id = ", self.customer_id)
            .push_bind_if(" AND p.is_active = ", self.is_active)
            .push_bind_if(" AND p.is_primary = ", self.is_primary)
            .push_any_of(&emails, &["LOWER(p.email)"])
            .push_any_of(&numbers, &["p.whatsapp"])
            .push_plain_search(&names, &["p.name_plain"], &["p.name"])
            .push_plain_search(&positions, &["p.position_plain"], &["p.position"])
            .push_plain_search(&self.terms, &searched, &written)
    }
}

fn numbers_like(written: &str) -> Vec<String> {
    match phone::canonical(written) {
        Some(canonical) => phone::search_forms(&canonical),
        None => vec![written.chars().filter(char::is_ascii_digit).collect()],
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactSort {
    Name,
    CreatedAt,
    Activity,
}

/// A person who is entered together with the company.
#[derive(Debug, Clone)]
pub struct NewRegistration {
    /// Its `customer_id` is not looked at.
    pub contact: ContactDetails,
    pub company: Company,
}

/// Which company somebody is registered for.
#[derive(Debug, Clone)]
pub enum Company {
    Known(CustomerId),
    /// Found by its tax id, else by one of its names, else created.
    Named {
        name: String,
        tax_id: Option<TaxId>,
        company_group_id: Option<CompanyGroupId>,
    },
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    New(ContactView),
    /// Somebody has this number already.
    Known(ContactView),
    NoSuchCompany,
}

const FROM: &str = " FROM contacts p JOIN customers c ON c.id = p.customer_id \
    WHERE p.is_active AND c.deleted_at IS NULL";
const VIEWS: &str = "SELECT p.*, c.name AS customer_name";

fn views() -> Sql {
    sql(VIEWS).push(FROM)
}

fn one(id: ContactId) -> Sql {
    views().push_bind(" AND p.id = ", id)
}

impl Store {
    pub async fn find_contact(
        &self,
        scope: ContactScope,
        id: ContactId,
    ) -> Result<Option<ContactView>, StoreError> {
        self.reader.opt(scope.push(one(id))).await
    }

    /// A page of active contacts in two statements, by name when nothing else is asked for.
    pub async fn list_contacts(
        &self,
        scope: ContactScope,
        filter: &ContactFilter,
        orders: &[Order<ContactSort>],
        page: Page,
    ) -> Result<Slice<ContactView>, StoreError> {
        let count = filter.push(scope.push(sql("SELECT COUNT(*)").push(FROM)));
        let (total,): (i64,) = self.reader.one(count).await?;
        let by_name = [Order { by: ContactSort::Name, is_descending: false }];
        let orders = if orders.is_empty() { &by_name } else { orders };
        let column = |by| match by {
            ContactSort::Name => "p.name_plain",
            ContactSort::CreatedAt => "p.created_at",
            ContactSort::Activity => "p.is_active",
        };
        let select = push_order(filter.push(scope.push(views())), orders, column, "p.id")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    /// The active contacts with exactly this canonical number, at most `limit`.
    pub async fn list_contacts_by_whatsapp(
        &self,
        scope: ContactScope,
        whatsapp: &str,
        limit: i64,
    ) -> Result<Vec<ContactView>, StoreError> {
        let select = scope
            .push(views())
            .push_bind(" AND p.whatsapp = ", whatsapp)
            .push(" ORDER BY p.id")
            .push_bind(" LIMIT ", limit);
        self.reader.all(select).await
    }

    /// Adds a contact; a second one with the number at the same customer is [`StoreError::Unique`].
    pub async fn insert_contact(
        &self,
        details: ContactDetails,
        by: AgentId,
        now: Timestamp,
    ) -> Result<ContactView, StoreError> {
        self.unit(unit!(tx => insert(tx, &details, by, now).await)).await
    }

    /// Changes a contact; `None` when there is none of this id, or no longer.
    pub async fn update_contact(
        &self,
        id: ContactId,
        changes: Vec<ContactChange>,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<ContactView>, StoreError> {
        self.unit(unit!(tx => update(tx, id, changes, by, now).await)).await
    }

    /// Makes a contact inactive; `false` when there is none of this id.
    pub async fn delete_contact(
        &self,
        id: ContactId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            dialect::lock_text(tx, &contact_lock(id)).await?;
            let delete = sql("UPDATE contacts SET is_active = FALSE, updated_at = $1 \
                 WHERE id = $2 AND is_active RETURNING *");
            let deleted: Option<Contact> = tx.opt(delete.bind(now).bind(id)).await?;
            let Some(contact) = deleted else { return Ok(false) };
            audit::insert(tx, entry(&contact, AuditAction::Deleted, by, Vec::new()), now).await?;
            Ok(true)
        }))
        .await
    }

    /// Enters a person and, if need be, the company, all or nothing.
    pub async fn register_contact(
        &self,
        new: NewRegistration,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Registered, StoreError> {
        self.unit(unit!(tx => {
            let NewRegistration { mut contact, company } = new;
            dialect::lock_text(tx, &contact.whatsapp).await?;
            let known = views().push_bind(" AND p.whatsapp = ", contact.whatsapp.as_str());
            if let Some(known) = tx.opt(known.push(" ORDER BY p.id LIMIT 1")).await? {
                return Ok(Registered::Known(known));
            }
            let Some(customer_id) = company_of(tx, company, by, now).await? else {
                return Ok(Registered::NoSuchCompany);
            };
            contact.customer_id = customer_id;
            Ok(Registered::New(insert(tx, &contact, by, now).await?))
        }))
        .await
    }
}

async fn company_of(
    tx: &mut Tx,
    company: Company,
    by: AgentId,
    now: Timestamp,
) -> Result<Option<CustomerId>, StoreError> {
    let (name, tax_id, company_group_id) = match company {
        Company::Known(id) => {
            return Ok(customer_lookup::hold(tx, id).await?.map(|customer| customer.id));
        }
        Company::Named { name, tax_id, company_group_id } => (name, tax_id, company_group_id),
    };
    let plain_name = plain(&name);
    // Two people of one new company may be entered at the same time.
    dialect::lock_text(tx, &format!("company {plain_name}")).await?;
    let mut found: Option<(CustomerId,)> = None;
    if let Some(tax_id) = &tax_id {
        let by_id = sql("SELECT id FROM customers WHERE tax_id = $1 AND deleted_at IS NULL");
        found = tx.opt(by_id.bind(tax_id)).await?;
        if found.is_none() {
            let by_merged = sql("SELECT id FROM customers \
                 WHERE merged_into IS NOT NULL AND tax_id = $1 ORDER BY id LIMIT 1");
            found = tx.opt(by_merged.bind(tax_id)).await?;
        }
    }
    if found.is_none() && !plain_name.is_empty() {
        let by_name = sql("SELECT id FROM customers WHERE deleted_at IS NULL \
             AND (name_plain = $1 OR trade_name_plain = $1) ORDER BY id LIMIT 1");
        found = tx.opt(by_name.bind(plain_name)).await?;
    }
    if let Some((id,)) = found
        && let Some(customer) = customer_lookup::hold(tx, id).await?
    {
        return Ok(Some(customer.id));
    }
    let person_type = tax_id.as_ref().map(|id| PersonType::of(id.kind())).unwrap_or_default();
    let details =
        CustomerDetails { name, person_type, tax_id, company_group_id, ..Default::default() };
    Ok(Some(customers::insert(tx, &details, Some(by), now).await?.id))
}

async fn insert(
    tx: &mut Tx,
    details: &ContactDetails,
    by: AgentId,
    now: Timestamp,
) -> Result<ContactView, StoreError> {
    let customer_name = hold_customer(tx, details.customer_id).await?;
    clear_primary(tx, details, None, by, now).await?;
    let insert = sql("INSERT INTO contacts (customer_id, name, position, email, phone, \
         phone_written, whatsapp, whatsapp_written, is_primary, is_active, name_plain, \
         position_plain, search_text, created_by, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15) \
         RETURNING *");
    let contact: Contact = tx.one(bind_details(insert, details).bind(by).bind(now)).await?;
    let changes = details.differences_from(None);
    audit::insert(tx, entry(&contact, AuditAction::Created, by, changes), now).await?;
    Ok(ContactView { contact, customer_name })
}

/// What changes one contact does so one after the other.
fn contact_lock(id: ContactId) -> String {
    format!("contact {id}")
}

async fn update(
    tx: &mut Tx,
    id: ContactId,
    changes: Vec<ContactChange>,
    by: AgentId,
    now: Timestamp,
) -> Result<Option<ContactView>, StoreError> {
    dialect::lock_text(tx, &contact_lock(id)).await?;
    let Some(seen): Option<ContactView> = tx.opt(one(id)).await? else { return Ok(None) };
    let mut details = seen.contact.details.clone();
    details.apply(changes.clone());
    if details.differences_from(Some(&seen.contact.details)).is_empty() {
        return Ok(Some(seen));
    }
    let held = details.customer_id;
    let customer_name = hold_customer(tx, held).await?;
    // Until the customer was held another contact may have become the first to turn to.
    let Some(before): Option<ContactView> = tx.opt(one(id)).await? else { return Ok(None) };
    let mut details = before.contact.details.clone();
    details.apply(changes);
    if details.customer_id != held {
        // Two customers were merged or parted meanwhile.
        return Err(StoreError::Stale);
    }
    let differences = details.differences_from(Some(&before.contact.details));
    if differences.is_empty() {
        return Ok(Some(before));
    }
    clear_primary(tx, &details, Some(id), by, now).await?;
    let update = sql("UPDATE contacts SET customer_id = $1, name = $2, position = $3, \
         email = $4, phone = $5, phone_written = $6, whatsapp = $7, whatsapp_written = $8, \
         is_primary = $9, is_active = $10, name_plain = $11, position_plain = $12, \
         search_text = $13, updated_at = $14 WHERE id = $15 RETURNING *");
    let contact: Contact = tx.one(bind_details(update, &details).bind(now).bind(id)).await?;
    audit::insert(tx, entry(&contact, AuditAction::Updated, by, differences), now).await?;
    Ok(Some(ContactView { contact, customer_name }))
}

/// Whoever becomes the first to turn to takes that from whoever was it.
async fn clear_primary(
    tx: &mut Tx,
    details: &ContactDetails,
    but: Option<ContactId>,
    by: AgentId,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !details.is_primary || !details.is_active {
        return Ok(());
    }
    let update = sql("UPDATE contacts SET is_primary = FALSE, updated_at = $1 \
         WHERE customer_id = $2 AND is_primary AND is_active")
    .bind(now)
    .bind(details.customer_id)
    .push_bind_if(" AND id <> ", but)
    .push(" RETURNING *");
    for contact in tx.all::<Contact>(update).await? {
        let before = ContactDetails { is_primary: true, ..contact.details.clone() };
        let changes = contact.details.differences_from(Some(&before));
        audit::insert(tx, entry(&contact, AuditAction::Updated, by, changes), now).await?;
    }
    Ok(())
}

/// Nobody deletes or changes the customer until the end of the transaction; the name.
async fn hold_customer(tx: &mut Tx, id: CustomerId) -> Result<String, StoreError> {
    customer_lookup::lock(tx, id).await?;
    let customer = customers::get(tx, id).await?;
    let gone = || StoreError::ForeignKey { constraint: "contacts_customer_id_fkey".to_owned() };
    Ok(customer.ok_or_else(gone)?.details.name)
}

/// The first thirteen placeholders of the statements above.
fn bind_details(sql: Sql, details: &ContactDetails) -> Sql {
    sql.bind(details.customer_id)
        .bind(details.name.as_str())
        .bind(details.position.as_deref())
        .bind(details.email.as_deref())
        .bind(details.phone.as_deref())
        .bind(details.phone_written.as_deref())
        .bind(details.whatsapp.as_str())
        .bind(details.whatsapp_written.as_str())
        .bind(details.is_primary)
        .bind(details.is_active)
        .bind(plain(&details.name))
        .bind(plain(details.position.as_deref().unwrap_or_default()))
        .bind(details.search_text())
}

fn entry(
    contact: &Contact,
    action: AuditAction,
    by: AgentId,
    changes: Vec<FieldChange>,
) -> NewAuditEntry {
    NewAuditEntry {
        agent_id: Some(by),
        action,
        subject: AuditSubject::Contact,
        subject_id: Some(contact.id.0),
        subject_name: contact.details.name.clone(),
        note: String::new(),
        changes,
    }
}
