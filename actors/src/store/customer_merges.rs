//! Merging customers and parting them again: what goes over, in one transaction, and its record.
//!
//! The merged row stays as it is, hidden like a deleted one and marked with whom it was merged into. Rows
//! that refer to it go over and are noted by id; parting takes those back that are still where they were
//! put. What is written afterwards stays with the survivor.

use super::{
    Page, Slice, Store, StoreError, audit, customer_lookup, customers,
    db::Tx,
    dialect, merged_rows as rows,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, Customer, CustomerDetails, CustomerId, MergeId, SessionId, Timestamp,
    audit::{AuditAction, Differences},
    customer_merge::{
        CustomerMerge, MergeRecord, MergeRefused, NewMerge, OnDifferentTaxIds, give_back, take_over,
    },
    ids::ChatKey,
    tax_id::TaxId,
};

/// A merge with what people are told of it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MergeView {
    #[sqlx(flatten)]
    pub merge: CustomerMerge,
    pub survivor_name: String,
    pub merged_name: String,
    pub merged_tax_id: Option<TaxId>,
    pub merged_phone: Option<String>,
    pub merged_whatsapp: Option<String>,
    pub merged_by_name: Option<String>,
    pub separated_by_name: Option<String>,
    /// The merge that has to be undone first, and into whom it merged the survivor.
    pub blocked_by: Option<MergeId>,
    pub blocked_into: Option<CustomerId>,
}

/// A merge, or parting, that is done; and the open chats that belong to another customer now.
#[derive(Debug, Clone)]
pub struct Rearranged {
    pub id: MergeId,
    pub open_chats: Vec<ChatKey>,
}

/// What a merge came to.
pub(super) type Outcome = Result<Rearranged, MergeRefused>;

const VIEWS: &str = "SELECT x.*, s.name AS survivor_name, m.name AS merged_name, \
    m.tax_id AS merged_tax_id, m.phone AS merged_phone, m.whatsapp AS merged_whatsapp, \
    COALESCE(NULLIF(a.display_name, ''), a.username) AS merged_by_name, \
    COALESCE(NULLIF(b.display_name, ''), b.username) AS separated_by_name, \
    k.id AS blocked_by, k.survivor_id AS blocked_into \
    FROM customer_merges x JOIN customers s ON s.id = x.survivor_id \
    JOIN customers m ON m.id = x.merged_id \
    LEFT JOIN agents a ON a.id = x.merged_by LEFT JOIN agents b ON b.id = x.separated_by \
    LEFT JOIN customer_merges k ON k.merged_id = x.survivor_id AND k.separated_at IS NULL \
    AND x.separated_at IS NULL WHERE TRUE";

/// Merges into this customer, and into those who were merged into him: ` AND (…)` over `x` and `s`.
fn of(sql: Sql, survivor: CustomerId) -> Sql {
    sql.push_bind(" AND (x.survivor_id = ", survivor)
        .push_bind(" OR s.merged_into = ", survivor)
        .push(")")
}

impl Store {
    /// Makes two customers one.
    pub(crate) async fn merge_customers(
        &self,
        new: NewMerge,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.unit(unit!(tx => merge(tx, &new, now).await)).await
    }

    /// Parts two customers who were made one; `None` when this customer has no such merge.
    pub(crate) async fn separate_customers(
        &self,
        survivor: CustomerId,
        id: MergeId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Option<Outcome>, StoreError> {
        self.unit(unit!(tx => separate(tx, survivor, id, by, now).await)).await
    }

    /// The merges of a customer, those undone too, the latest first.
    pub async fn list_customer_merges(
        &self,
        survivor: CustomerId,
        page: Page,
    ) -> Result<Slice<MergeView>, StoreError> {
        let count = sql("SELECT COUNT(*) FROM customer_merges x \
             JOIN customers s ON s.id = x.survivor_id WHERE TRUE");
        let (total,): (i64,) = self.reader.one(of(count, survivor)).await?;
        let select = of(sql(VIEWS), survivor)
            .push(" ORDER BY x.id DESC")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    pub async fn find_customer_merge(&self, id: MergeId) -> Result<Option<MergeView>, StoreError> {
        self.reader.opt(sql(VIEWS).push_bind(" AND x.id = ", id)).await
    }

    /// Whom this customer was merged into, if he was.
    pub async fn find_merged_into(&self, id: CustomerId) -> Result<Option<CustomerId>, StoreError> {
        let select = sql("SELECT m.merged_into FROM customers m \
             WHERE m.id = $1 AND m.merged_into IS NOT NULL");
        Ok(self.reader.opt::<(CustomerId,)>(select.bind(id)).await?.map(|(into,)| into))
    }
}

/// Both customers are held until the end of the transaction, in an order that all keep to: nobody changes
/// them, and no row begins to refer to them.
async fn lock_both(tx: &mut Tx, one: CustomerId, other: CustomerId) -> Result<(), StoreError> {
    let (first, second) = (one.min(other), one.max(other));
    customer_lookup::lock(tx, first).await?;
    customer_lookup::lock(tx, second).await?;
    dialect::lock_row(tx, "customers", first).await?;
    dialect::lock_row(tx, "customers", second).await
}

async fn merge(tx: &mut Tx, new: &NewMerge, now: Timestamp) -> Result<Outcome, StoreError> {
    if new.survivor == new.merged {
        return Ok(Err(MergeRefused::SameCustomer));
    }
    lock_both(tx, new.survivor, new.merged).await?;
    let (survivor, merged) = match (shown(tx, new.survivor).await?, shown(tx, new.merged).await?) {
        (Ok(survivor), Ok(merged)) => (survivor, merged),
        (Err(refused), _) | (_, Err(refused)) => return Ok(Err(refused)),
    };
    if let (Some(kept), Some(given_up)) = (&survivor.details.tax_id, &merged.details.tax_id)
        && kept != given_up
        && new.on_different_tax_ids == OnDifferentTaxIds::Refuse
    {
        let (kept, given_up) = (kept.formatted(), given_up.formatted());
        return Ok(Err(MergeRefused::DifferentTaxIds { kept, given_up }));
    }
    let (details, mut record) = take_over(&survivor.details, &merged.details);
    rows::go_over(tx, survivor.id, merged.id, &mut record).await?;
    let hide = sql("UPDATE customers SET merged_into = $1, deleted_at = $2, logo = $3, \
         signature = $4 WHERE id = $5")
    .bind(survivor.id)
    .bind(now)
    .bind(merged.details.logo.as_ref().filter(|_| record.logo.is_none()))
    .bind(merged.details.signature.as_ref().filter(|_| record.signature.is_none()))
    .bind(merged.id);
    tx.run(hide).await?;
    let _: Customer = tx.one(customers::update(survivor.id, &details, new.by, now)).await?;
    rows::find_by_merged(tx, survivor.id).await?;
    let insert = sql("INSERT INTO customer_merges (survivor_id, merged_id, reason, merged_by, \
         merged_at, record) VALUES ($1, $2, $3, $4, $5, $6)")
    .bind(survivor.id)
    .bind(merged.id)
    .bind(new.reason.as_str())
    .bind(new.by)
    .bind(now);
    tx.run_with_document(insert, &record).await?;
    let id = open_merge_of(tx, merged.id).await?.ok_or(StoreError::Stale)?.0;
    let named = |customer: &Customer| format!("{} ({})", customer.details.name, customer.id);
    let gone = None::<String>;
    let of_survivor = Differences::default().field("merged", gone.clone(), Some(named(&merged)));
    let of_merged = Differences::default().field("merged_into", gone, Some(named(&survivor)));
    note(tx, &survivor, &details, of_survivor, (new.by, &new.reason), now).await?;
    note(tx, &merged, &merged.details, of_merged, (new.by, &new.reason), now).await?;
    let open_chats = open_chats(tx, &record).await?;
    Ok(Ok(Rearranged { id, open_chats }))
}

async fn separate(
    tx: &mut Tx,
    asked: CustomerId,
    id: MergeId,
    by: AgentId,
    now: Timestamp,
) -> Result<Option<Outcome>, StoreError> {
    let select = sql("SELECT x.* FROM customer_merges x JOIN customers s ON s.id = x.survivor_id \
         WHERE TRUE");
    let find = || of(select.clone(), asked).push_bind(" AND x.id = ", id);
    let found: Option<CustomerMerge> = tx.opt(find()).await?;
    let Some(CustomerMerge { survivor_id, merged_id, .. }) = found else { return Ok(None) };
    lock_both(tx, survivor_id, merged_id).await?;
    let Some(merge): Option<CustomerMerge> = tx.opt(find()).await? else { return Ok(None) };
    if merge.separated_at.is_some() {
        return Ok(Some(Err(MergeRefused::AlreadySeparated)));
    }
    if let Some((by, into)) = open_merge_of(tx, survivor_id).await? {
        let survivor = survivor_id;
        return Ok(Some(Err(MergeRefused::MergedFurther { survivor, into, by })));
    }
    let survivor = customers::get(tx, survivor_id).await?;
    let Some(survivor) = survivor else { return Ok(None) };
    let hidden = sql("SELECT * FROM customers WHERE id = $1").bind(merged_id);
    let merged: Customer = tx.one(hidden).await?;
    let (stays, returns) = give_back(&survivor.details, &merged.details, &merge.record);
    if let Some(owner) = owner_of(tx, &returns, &survivor, &stays).await? {
        return Ok(Some(Err(MergeRefused::TaxIdInUse { merged: merged_id, owner })));
    }
    let _: Customer = tx.one(customers::update(survivor_id, &stays, by, now)).await?;
    let show = sql("UPDATE customers SET merged_into = NULL, deleted_at = NULL, logo = $1, \
         signature = $2 WHERE id = $3")
    .bind(returns.logo.as_ref())
    .bind(returns.signature.as_ref())
    .bind(merged_id);
    tx.run(show).await?;
    rows::go_back(tx, survivor_id, merged_id, &merge.record).await?;
    rows::find_by_merged(tx, survivor_id).await?;
    rows::find_by_merged(tx, merged_id).await?;
    let end = sql("UPDATE customer_merges SET separated_by = $1, separated_at = $2 WHERE id = $3");
    tx.run(end.bind(by).bind(now).bind(id)).await?;
    let named = |customer: &Customer| format!("{} ({})", customer.details.name, customer.id);
    let gone = None::<String>;
    let of_survivor = Differences::default().field("merged", Some(named(&merged)), gone.clone());
    let of_merged = Differences::default().field("merged_into", Some(named(&survivor)), gone);
    note(tx, &survivor, &stays, of_survivor, (by, ""), now).await?;
    note(tx, &merged, &returns, of_merged, (by, ""), now).await?;
    let open_chats = open_chats(tx, &merge.record).await?;
    Ok(Some(Ok(Rearranged { id, open_chats })))
}

/// A customer who is there and was not merged.
async fn shown(tx: &mut Tx, id: CustomerId) -> Result<Result<Customer, MergeRefused>, StoreError> {
    if let Some(customer) = customers::get(tx, id).await? {
        return Ok(Ok(customer));
    }
    let into = open_merge_of(tx, id).await?.map(|(_, into)| into);
    Ok(Err(match into {
        Some(into) => MergeRefused::AlreadyMerged { customer: id, into },
        None => MergeRefused::Gone(id),
    }))
}

/// The merge that this customer was merged by, and into whom.
async fn open_merge_of(
    tx: &mut Tx,
    id: CustomerId,
) -> Result<Option<(MergeId, CustomerId)>, StoreError> {
    let select = sql("SELECT id, survivor_id FROM customer_merges \
         WHERE merged_id = $1 AND separated_at IS NULL");
    tx.opt(select.bind(id)).await
}

/// Who has the tax id that comes back into use.
async fn owner_of(
    tx: &mut Tx,
    returns: &CustomerDetails,
    survivor: &Customer,
    stays: &CustomerDetails,
) -> Result<Option<CustomerId>, StoreError> {
    let Some(tax_id) = &returns.tax_id else { return Ok(None) };
    if stays.tax_id.as_ref() == Some(tax_id) {
        return Ok(Some(survivor.id));
    }
    let select = sql("SELECT id FROM customers WHERE tax_id = $1 AND deleted_at IS NULL \
         AND id <> $2");
    let owner: Option<(CustomerId,)> = tx.opt(select.bind(tax_id).bind(survivor.id)).await?;
    Ok(owner.map(|(id,)| id))
}

/// Notes in the trail what has become of one of the two.
async fn note(
    tx: &mut Tx,
    before: &Customer,
    after: &CustomerDetails,
    differences: Differences,
    (by, reason): (AgentId, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut changes = differences.into_changes();
    changes.extend(after.differences_from(&before.details));
    let entry =
        customers::entry(before, AuditAction::Updated, Some(by), reason.to_owned(), changes);
    audit::insert(tx, entry, now).await
}

/// The open ones among the chats that a merge moved.
async fn open_chats(tx: &mut Tx, record: &MergeRecord) -> Result<Vec<ChatKey>, StoreError> {
    let mut keys = Vec::new();
    for ids in record.tickets.chunks(rows::IDS_MAX) {
        let select = sql("SELECT session_id, chat_id FROM tickets \
             WHERE status IN ('waiting', 'active', 'paused')");
        let open: Vec<(SessionId, String)> =
            tx.all(select.push_in(" AND id IN", ids.iter().copied())).await?;
        keys.extend(open.into_iter().map(|(session_id, chat_id)| ChatKey { session_id, chat_id }));
    }
    Ok(keys)
}
