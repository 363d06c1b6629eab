//! Whom a number belongs to, held until the end of the transaction.

use std::collections::HashMap;

use super::{StoreError, customers, db::Tx, dialect, fold::statement_chunks, sql::sql};
use crate::domain::{Customer, CustomerId};

/// How often a customer is looked for who is merged and parted at this very moment.
const HOLD_ATTEMPTS: usize = 3;

/// Makes changes of one customer, and of whom there is to turn to first, wait for each other.
pub(super) async fn lock(tx: &mut Tx, id: CustomerId) -> Result<(), StoreError> {
    dialect::lock_text(tx, &lock_name(id)).await
}

fn lock_name(id: CustomerId) -> String {
    format!("customer {id}")
}

/// The customer, or whom he was merged into; he is neither deleted nor merged until the end of the
/// transaction.
pub(super) async fn hold(tx: &mut Tx, id: CustomerId) -> Result<Option<Customer>, StoreError> {
    // Again only if he was merged, or parted, between the two statements.
    for _attempt in 0..HOLD_ATTEMPTS {
        let shown = sql("SELECT s.id FROM customers m \
             JOIN customers s ON s.id = COALESCE(m.merged_into, m.id) \
             WHERE m.id = $1 AND s.deleted_at IS NULL");
        let found: Option<(CustomerId,)> = tx.opt(shown.bind(id)).await?;
        let Some((shown,)) = found else { return Ok(None) };
        lock(tx, shown).await?;
        if let Some(customer) = customers::get(tx, shown).await? {
            return Ok(Some(customer));
        }
    }
    Err(StoreError::Stale)
}

/// Whom each of these numbers belongs to: the oldest customer with it, else whom a customer with it was merged
/// into, else the customer of the oldest contact with it. The numbers are held until the end of the transaction,
/// so that two chats of one number do not create two customers.
pub(super) async fn find_by_phones(
    tx: &mut Tx,
    phones: &[&str],
) -> Result<HashMap<String, Customer>, StoreError> {
    let mut phones = phones.to_vec();
    // Always in the same order, so that nobody waits for whoever waits for him.
    phones.sort_unstable();
    dialect::lock_texts(tx, &phones).await?;
    let mut owners = HashMap::new();
    for chunk in statement_chunks(&phones) {
        // Found first, whatever the planner thinks: until PostgreSQL has counted a new table it would compare all
        // customers with all.
        let select = sql("WITH m AS MATERIALIZED (SELECT id, phone, whatsapp, merged_into \
             FROM customers WHERE ")
        .push_in("phone IN", chunk.iter().copied())
        .push_in(" OR whatsapp IN", chunk.iter().copied())
        .push(
            ") SELECT m.phone, m.whatsapp, s.id FROM m \
             JOIN customers s ON s.id = COALESCE(m.merged_into, m.id) \
             WHERE s.deleted_at IS NULL \
             ORDER BY CASE WHEN m.merged_into IS NULL THEN 0 ELSE 1 END, m.id",
        );
        let rows: Vec<(Option<String>, Option<String>, CustomerId)> = tx.all(select).await?;
        for (phone, whatsapp, id) in rows {
            let is_asked = |number: &String| phones.binary_search(&number.as_str()).is_ok();
            for number in [phone, whatsapp].into_iter().flatten().filter(is_asked) {
                owners.entry(number).or_insert(id);
            }
        }
    }
    phones.retain(|phone| !owners.contains_key(*phone));
    for chunk in statement_chunks(&phones) {
        let select = sql("SELECT p.whatsapp, c.id FROM contacts p \
             JOIN customers c ON c.id = p.customer_id WHERE p.is_active AND c.deleted_at IS NULL AND ")
        .push_in("p.whatsapp IN", chunk.iter().copied())
        .push(" ORDER BY p.id");
        for (number, id) in tx.all::<(String, CustomerId)>(select).await? {
            owners.entry(number).or_insert(id);
        }
    }
    let held = hold_all(tx, owners.values().copied().collect()).await?;
    let of_number = |(number, id)| Some((number, held.get(&id)?.clone()));
    Ok(owners.into_iter().filter_map(of_number).collect())
}

/// Each of them, or whom he was merged into, as [`hold`] does for one.
async fn hold_all(
    tx: &mut Tx,
    mut ids: Vec<CustomerId>,
) -> Result<HashMap<CustomerId, Customer>, StoreError> {
    ids.sort_unstable();
    ids.dedup();
    let names: Vec<String> = ids.iter().map(|id| lock_name(*id)).collect();
    dialect::lock_texts(tx, &names.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let mut held = HashMap::with_capacity(ids.len());
    for chunk in statement_chunks(&ids) {
        let select = sql("SELECT * FROM customers WHERE deleted_at IS NULL AND ")
            .push_in("id IN", chunk.iter().copied());
        held.extend(tx.all::<Customer>(select).await?.into_iter().map(|found| (found.id, found)));
    }
    // Merged or deleted between the two statements.
    for id in ids {
        if !held.contains_key(&id)
            && let Some(customer) = hold(tx, id).await?
        {
            held.insert(id, customer);
        }
    }
    Ok(held)
}
