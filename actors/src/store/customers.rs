//! Customers: kept by people, met in chats, listed and counted.

use super::{
    Order, Page, Scope, Slice, Store, StoreError, audit, customer_lookup,
    customer_pictures as pictures,
    db::Tx,
    fold::statement_chunks,
    page::push_order,
    sql::{Arg, Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, CompanyGroupId, Customer, CustomerChange, CustomerDetails, CustomerId, CustomerStatus,
    PersonType, TaxRegime, Timestamp,
    audit::{AuditAction, AuditSubject, Differences, FieldChange, NewAuditEntry},
    phone,
    plain::plain,
};

/// Rows whose plain texts are filled in one transaction when the database is opened.
const FILL_ROWS: i64 = 500;
/// Cities and states that the statistics name.
const TOP_PLACES: i64 = 10;

/// A customer with the name of his group.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CustomerView {
    #[sqlx(flatten)]
    pub customer: Customer,
    pub company_group_name: Option<String>,
}

/// Which customers a person may see. Deleted ones nobody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerScope {
    All,
    /// Those whom this person created or is responsible for, also if they were merged into others since, and
    /// those of the tickets of the scope.
    Of(AgentId, Scope),
}

impl CustomerScope {
    /// ` AND (…)` over the table alias `c`.
    pub(super) fn push(&self, sql: Sql) -> Sql {
        match self {
            Self::All => sql,
            Self::Of(agent, tickets) => {
                let sql = sql
                    .push_bind(" AND (c.created_by = ", *agent)
                    .push_bind(" OR c.responsible_agent_id = ", *agent)
                    .push(" OR c.id IN (SELECT x.merged_into FROM customers x")
                    .push(" WHERE x.merged_into IS NOT NULL")
                    .push_bind(" AND (x.created_by = ", *agent)
                    .push_bind(" OR x.responsible_agent_id = ", *agent)
                    .push(")) OR c.id IN (SELECT t.customer_id FROM tickets t WHERE TRUE");
                tickets.push(sql).push("))")
            }
        }
    }
}

/// Which customers are wanted; `None` and empty leave a column free.
#[derive(Debug, Clone, Default)]
pub struct CustomerFilter {
    pub status: Option<CustomerStatus>,
    pub person_type: Option<PersonType>,
    pub tax_regime: Option<TaxRegime>,
    pub company_group_id: Option<CompanyGroupId>,
    pub responsible_agent_id: Option<AgentId>,
    /// Contained, without regard to accents, case and punctuation.
    pub name: Option<String>,
    pub trade_name: Option<String>,
    pub city: Option<String>,
    pub business_line: Option<String>,
    /// Contained, without punctuation.
    pub tax_id: Option<String>,
    pub email: Option<String>,
    /// Digits; with and without the ninth one.
    pub phone: Option<String>,
    /// The whole of it, in any case.
    pub state: Option<String>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
    pub updated_after: Option<Timestamp>,
    pub updated_before: Option<Timestamp>,
    /// Each has to be found in one of the searched texts.
    pub terms: Vec<String>,
}

impl CustomerFilter {
    fn push(&self, sql: Sql) -> Sql {
        let phones = self.phone.as_deref().map(phones_like).unwrap_or_default();
        let emails: Vec<String> = self.email.iter().map(|text| text.to_lowercase()).collect();
        let tax_ids: Vec<String> = self.tax_id.iter().map(|id| plain(id).to_uppercase()).collect();
        let sql = sql
            .push_bind_if(" AND c.status = ", self.status)
            .push_bind_if(" AND c.person_type = ", self.person_type)
            .push_bind_if(" AND c.tax_regime = ", self.tax_regime)
            .push_bind_if(" AND c.company_group_id = ", self.company_group_id)
            .push_bind_if(" AND c.responsible_agent_id = ", self.responsible_agent_id)
            .push_bind_if(" AND c.state = ", self.state.as_ref().map(|state| state.to_uppercase()))
            .push_bind_if(" AND c.created_at >= ", self.created_after)
            .push_bind_if(" AND c.created_at <= ", self.created_before)
            .push_bind_if(" AND c.updated_at >= ", self.updated_after)
            .push_bind_if(" AND c.updated_at <= ", self.updated_before)
            .push_any_of(&tax_ids, &["c.tax_id"])
            .push_any_of(&emails, &["LOWER(c.email)"])
            .push_any_of(&phones, &["c.phone", "c.whatsapp", "c.merged_text"])
            .push_plain_search(
                &self.terms,
                &["c.search_text", "c.merged_text"],
                &["c.name", "c.trade_name", "c.email", "c.city"],
            );
        let texts = [
            (&self.name, "c.name_plain", "c.name"),
            (&self.trade_name, "c.trade_name_plain", "c.trade_name"),
            (&self.city, "c.city_plain", "c.city"),
            (&self.business_line, "c.business_line_plain", "c.business_line"),
        ];
        texts.into_iter().fold(sql, |sql, (text, plain_column, column)| match text {
            Some(text) => {
                sql.push_plain_search(std::slice::from_ref(text), &[plain_column], &[column])
            }
            None => sql,
        })
    }
}

/// The digits of a filter, in every form that may be stored.
fn phones_like(written: &str) -> Vec<String> {
    match phone::canonical(written) {
        Some(canonical) => phone::search_forms(&canonical),
        None => vec![written.chars().filter(char::is_ascii_digit).collect()],
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerSort {
    Name,
    CreatedAt,
    UpdatedAt,
    Status,
}

/// How a customer was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Nothing referred to the row.
    Erased,
    /// The row stays for its history and is shown to nobody.
    Hidden,
}

/// How many customers there are, of which kind and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerStats {
    pub by_status: Vec<(CustomerStatus, i64)>,
    pub by_person_type: Vec<(PersonType, i64)>,
    /// The most frequent ones, with the numbers of their customers.
    pub by_city: Vec<(String, i64)>,
    pub by_state: Vec<(String, i64)>,
    /// Created since the given instant.
    pub recent: i64,
}

const VIEWS: &str = "SELECT c.*, g.name AS company_group_name FROM customers c \
    LEFT JOIN company_groups g ON g.id = c.company_group_id WHERE c.deleted_at IS NULL";
const COUNT: &str = "SELECT COUNT(*) FROM customers c WHERE c.deleted_at IS NULL";

impl Store {
    /// A customer who is not deleted.
    pub async fn find_customer(&self, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        self.reader.opt(one(id)).await
    }

    /// Like [`Store::find_customer`], for somebody who may not see all.
    pub async fn find_customer_view(
        &self,
        scope: &CustomerScope,
        id: CustomerId,
    ) -> Result<Option<CustomerView>, StoreError> {
        self.reader.opt(scope.push(sql(VIEWS).push_bind(" AND c.id = ", id))).await
    }

    /// A page of customers in two statements; without an order the latest come first.
    pub async fn list_customers(
        &self,
        scope: &CustomerScope,
        filter: &CustomerFilter,
        orders: &[Order<CustomerSort>],
        page: Page,
    ) -> Result<Slice<CustomerView>, StoreError> {
        let (total,): (i64,) = self.reader.one(filter.push(scope.push(sql(COUNT)))).await?;
        let latest = [Order { by: CustomerSort::CreatedAt, is_descending: true }];
        let orders = if orders.is_empty() { &latest } else { orders };
        let column = |by| match by {
            CustomerSort::Name => "c.name_plain",
            CustomerSort::CreatedAt => "c.created_at",
            CustomerSort::UpdatedAt => "c.updated_at",
            CustomerSort::Status => "c.status",
        };
        let select = push_order(filter.push(scope.push(sql(VIEWS))), orders, column, "c.id DESC")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    /// Numbers over the customers of a scope.
    pub async fn customer_stats(
        &self,
        scope: &CustomerScope,
        recent_since: Timestamp,
    ) -> Result<CustomerStats, StoreError> {
        let from = " FROM customers c WHERE c.deleted_at IS NULL";
        let groups = |select| scope.push(sql(select).push(from));
        let by_status = groups("SELECT c.status, COUNT(*)").push(" GROUP BY c.status");
        let by_type = groups("SELECT c.person_type, COUNT(*)").push(" GROUP BY c.person_type");
        let by_city = groups("SELECT MIN(c.city), COUNT(*) AS number")
            .push(" AND c.city_plain <> '' GROUP BY c.city_plain ORDER BY number DESC, 1")
            .push_bind(" LIMIT ", TOP_PLACES);
        let by_state = groups("SELECT c.state, COUNT(*) AS number")
            .push(" AND c.state IS NOT NULL GROUP BY c.state ORDER BY number DESC, 1")
            .push_bind(" LIMIT ", TOP_PLACES);
        let recent = scope.push(sql(COUNT).push_bind(" AND c.created_at >= ", recent_since));
        let (recent,): (i64,) = self.reader.one(recent).await?;
        Ok(CustomerStats {
            by_status: self.reader.all(by_status).await?,
            by_person_type: self.reader.all(by_type).await?,
            by_city: self.reader.all(by_city).await?,
            by_state: self.reader.all(by_state).await?,
            recent,
        })
    }

    /// Adds a customer of whom little is known; `phone` is canonical.
    pub async fn insert_customer(
        &self,
        name: String,
        email: Option<String>,
        phone: Option<String>,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        let details = known_by(&name, email.as_deref(), phone.as_deref());
        self.add_customer(details, None, now).await
    }

    /// Adds a customer and keeps his pending pictures; a tax id that another one has is
    /// [`StoreError::Unique`], a picture that was swept meanwhile [`StoreError::Stale`].
    pub async fn add_customer(
        &self,
        details: CustomerDetails,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.unit(unit!(tx => insert(tx, &details, by, now).await)).await
    }

    /// Changes a customer; `None` when there is none of this id. `note` goes into the audit trail. A
    /// pending picture is kept and the one before it released; [`StoreError::Stale`] when it was swept
    /// meanwhile.
    pub async fn update_customer(
        &self,
        id: CustomerId,
        changes: Vec<CustomerChange>,
        note: String,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<Customer>, StoreError> {
        self.unit(unit!(tx => {
            customer_lookup::lock(tx, id).await?;
            let Some(before) = get(tx, id).await? else { return Ok(None) };
            let mut details = before.details.clone();
            details.apply(changes);
            let mut differences = details.differences_from(&before.details);
            differences.extend(pictures::differences(tx, &before.details, &details).await?);
            if differences.is_empty() {
                return Ok(Some(before));
            }
            pictures::exchange(tx, &before.details, &details, now).await?;
            let customer: Customer = tx.one(update(id, &details, by, now)).await?;
            let entry = entry(&customer, AuditAction::Updated, Some(by), note, differences);
            audit::insert(tx, entry, now).await?;
            Ok(Some(customer))
        }))
        .await
    }

    /// Deletes a customer and his pictures: the row itself when nothing refers to it. `None` when there
    /// is none.
    pub async fn delete_customer(
        &self,
        id: CustomerId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<Deletion>, StoreError> {
        let erased = self
            .unit(unit!(tx => {
                let delete = sql("DELETE FROM customers WHERE id = $1 AND deleted_at IS NULL \
                     RETURNING *");
                remove(tx, id, delete.bind(id), by, now).await
            }))
            .await;
        match erased {
            Ok(is_found) => return Ok(is_found.then_some(Deletion::Erased)),
            Err(StoreError::ForeignKey { .. }) => {}
            Err(error) => return Err(error),
        }
        let is_found = self
            .unit(unit!(tx => {
                let hide = sql("UPDATE customers SET deleted_at = $1, updated_by = $2, \
                     logo = NULL, signature = NULL WHERE id = $3 AND deleted_at IS NULL RETURNING *");
                remove(tx, id, hide.bind(now).bind(by).bind(id), by, now).await
            }))
            .await?;
        Ok(is_found.then_some(Deletion::Hidden))
    }

    /// Writes the plain texts of rows that are older than these columns.
    pub(super) async fn fill_plain_texts(&self) -> Result<(), StoreError> {
        let mut after = CustomerId(0);
        loop {
            let last = self.unit(unit!(tx => fill_plain_texts_after(tx, after).await)).await?;
            let Some(last) = last else { return Ok(()) };
            after = last;
        }
    }
}

async fn fill_plain_texts_after(
    tx: &mut Tx,
    after: CustomerId,
) -> Result<Option<CustomerId>, StoreError> {
    let select = sql("SELECT * FROM customers WHERE search_text = '' AND id > $1 ORDER BY id");
    let rows: Vec<Customer> = tx.all(select.bind(after).push_bind(" LIMIT ", FILL_ROWS)).await?;
    for customer in &rows {
        let sql = sql("UPDATE customers SET name_plain = $1, search_text = $2 WHERE id = $3")
            .bind(plain(&customer.details.name))
            .bind(customer.details.search_text())
            .bind(customer.id);
        tx.run(sql).await?;
    }
    Ok(rows.last().map(|customer| customer.id))
}

/// What a chat or a demonstration knows of somebody.
pub(super) fn known_by(name: &str, email: Option<&str>, phone: Option<&str>) -> CustomerDetails {
    CustomerDetails {
        name: name.to_owned(),
        email: email.map(str::to_owned),
        phone: phone.map(str::to_owned),
        phone_written: phone.map(str::to_owned),
        ..CustomerDetails::default()
    }
}

fn one(id: CustomerId) -> Sql {
    sql("SELECT * FROM customers WHERE id = $1 AND deleted_at IS NULL").bind(id)
}

pub(super) async fn get(tx: &mut Tx, id: CustomerId) -> Result<Option<Customer>, StoreError> {
    tx.opt(one(id)).await
}

pub(super) async fn insert(
    tx: &mut Tx,
    details: &CustomerDetails,
    by: Option<AgentId>,
    now: Timestamp,
) -> Result<Customer, StoreError> {
    insert_all(tx, &[details], by, now).await?.pop().ok_or(StoreError::Stale)
}

/// Several at once; they come back in their order.
pub(super) async fn insert_all(
    tx: &mut Tx,
    details: &[&CustomerDetails],
    by: Option<AgentId>,
    now: Timestamp,
) -> Result<Vec<Customer>, StoreError> {
    let nobody = CustomerDetails::default();
    let mut customers: Vec<Customer> = Vec::with_capacity(details.len());
    for chunk in statement_chunks(details) {
        let insert =
            sql("INSERT INTO customers (name, trade_name, person_type, tax_id, email, phone, \
             phone_written, whatsapp, whatsapp_written, street, street_number, complement, \
             district, city, state, postal_code, status, company_group_id, state_registration, \
             municipal_registration, business_line, tax_regime, representative_name, \
             representative_cpf, representative_position, notes, responsible_agent_id, logo, \
             signature, name_plain, trade_name_plain, city_plain, business_line_plain, \
             search_text, created_by, updated_by, created_at, updated_at) VALUES ")
            .push_rows(chunk, |mut row, details| {
                for value in values_of(details) {
                    row = row.push_bind("", value).push(", ");
                }
                row.push_bind("", by).push_bind(", ", by).push_bind(", ", now).push_bind(", ", now)
            });
        customers.extend(tx.all::<Customer>(insert.push(" RETURNING *")).await?);
    }
    customers.sort_by_key(|customer| customer.id);
    let mut entries = Vec::with_capacity(customers.len());
    for customer in &customers {
        let mut changes = customer.details.differences_from(&nobody);
        changes.extend(pictures::differences(tx, &nobody, &customer.details).await?);
        pictures::exchange(tx, &nobody, &customer.details, now).await?;
        entries.push(entry(customer, AuditAction::Created, by, String::new(), changes));
    }
    audit::insert_all(tx, entries, now).await?;
    Ok(customers)
}

pub(super) fn update(
    id: CustomerId,
    details: &CustomerDetails,
    by: AgentId,
    now: Timestamp,
) -> Sql {
    let update = sql("UPDATE customers SET name = $1, trade_name = $2, person_type = $3, \
         tax_id = $4, email = $5, phone = $6, phone_written = $7, whatsapp = $8, \
         whatsapp_written = $9, street = $10, street_number = $11, complement = $12, \
         district = $13, city = $14, state = $15, postal_code = $16, status = $17, \
         company_group_id = $18, state_registration = $19, municipal_registration = $20, \
         business_line = $21, tax_regime = $22, representative_name = $23, \
         representative_cpf = $24, representative_position = $25, notes = $26, \
         responsible_agent_id = $27, logo = $28, signature = $29, name_plain = $30, \
         trade_name_plain = $31, city_plain = $32, business_line_plain = $33, search_text = $34, \
         updated_by = $35, updated_at = $36 WHERE id = $37 RETURNING *");
    let update = values_of(details).into_iter().fold(update, Sql::bind);
    update.bind(by).bind(now).bind(id)
}

/// The columns of the two statements above, in their order.
fn values_of(details: &CustomerDetails) -> [Arg; 34] {
    let plain_of = |text: &Option<String>| plain(text.as_deref().unwrap_or_default());
    [
        details.name.as_str().into(),
        details.trade_name.as_deref().into(),
        details.person_type.into(),
        details.tax_id.as_ref().into(),
        details.email.as_deref().into(),
        details.phone.as_deref().into(),
        details.phone_written.as_deref().into(),
        details.whatsapp.as_deref().into(),
        details.whatsapp_written.as_deref().into(),
        details.street.as_deref().into(),
        details.street_number.as_deref().into(),
        details.complement.as_deref().into(),
        details.district.as_deref().into(),
        details.city.as_deref().into(),
        details.state.as_deref().into(),
        details.postal_code.as_ref().into(),
        details.status.into(),
        details.company_group_id.into(),
        details.state_registration.as_deref().into(),
        details.municipal_registration.as_deref().into(),
        details.business_line.as_deref().into(),
        details.tax_regime.into(),
        details.representative_name.as_deref().into(),
        details.representative_cpf.as_ref().into(),
        details.representative_position.as_deref().into(),
        details.notes.as_deref().into(),
        details.responsible_agent_id.into(),
        details.logo.as_ref().into(),
        details.signature.as_ref().into(),
        plain(&details.name).into(),
        plain_of(&details.trade_name).into(),
        plain_of(&details.city).into(),
        plain_of(&details.business_line).into(),
        details.search_text().into(),
    ]
}

/// Takes every customer out of a group and notes it at each of them; a group has a few dozens.
pub(super) async fn leave_group(
    tx: &mut Tx,
    id: CompanyGroupId,
    by: AgentId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let update = sql("UPDATE customers SET company_group_id = NULL, updated_by = $1, \
         updated_at = $2 WHERE company_group_id = $3 AND deleted_at IS NULL RETURNING *");
    let left: Vec<Customer> = tx.all(update.bind(by).bind(now).bind(id)).await?;
    for customer in left {
        let gone = None::<CompanyGroupId>;
        let changes = Differences::default().field("company_group_id", Some(id), gone);
        let changes = changes.into_changes();
        let entry = entry(&customer, AuditAction::Updated, Some(by), String::new(), changes);
        audit::insert(tx, entry, now).await?;
    }
    Ok(())
}

/// Runs the statement that makes a customer vanish; `false` when there was none.
async fn remove(
    tx: &mut Tx,
    id: CustomerId,
    statement: Sql,
    by: AgentId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    customer_lookup::lock(tx, id).await?;
    let Some(before) = get(tx, id).await? else { return Ok(false) };
    let removed: Option<Customer> = tx.opt(statement).await?;
    let Some(customer) = removed else { return Ok(false) };
    pictures::exchange(tx, &before.details, &CustomerDetails::default(), now).await?;
    let changes = Vec::new();
    let entry = entry(&customer, AuditAction::Deleted, Some(by), String::new(), changes);
    audit::insert(tx, entry, now).await?;
    Ok(true)
}

pub(super) fn entry(
    customer: &Customer,
    action: AuditAction,
    agent_id: Option<AgentId>,
    note: String,
    changes: Vec<FieldChange>,
) -> NewAuditEntry {
    NewAuditEntry {
        agent_id,
        action,
        subject: AuditSubject::Customer,
        subject_id: Some(customer.id.0),
        subject_name: customer.details.name.clone(),
        note,
        changes,
    }
}
