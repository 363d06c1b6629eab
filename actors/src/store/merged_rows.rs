//! The rows that refer to a customer, when he is merged into another one and when they are parted.

use super::{StoreError, db::Tx, sql::sql};
use crate::domain::{CustomerId, customer_merge::MergeRecord};

/// Ids in one statement; SQLite takes 32,766 values, PostgreSQL 65,535.
pub(super) const IDS_MAX: usize = 1000;

#[derive(sqlx::FromRow)]
struct ContactRow {
    id: i64,
    whatsapp: String,
    is_primary: bool,
    is_active: bool,
}

/// Puts everything of the merged customer to the survivor and notes what that was.
pub(super) async fn go_over(
    tx: &mut Tx,
    survivor: CustomerId,
    merged: CustomerId,
    record: &mut MergeRecord,
) -> Result<(), StoreError> {
    let moves: [(&'static str, &mut Vec<i64>); 3] = [
        (
            "UPDATE tickets SET customer_id = $1 WHERE customer_id = $2 RETURNING id",
            &mut record.tickets,
        ),
        (
            "UPDATE queue_entries SET customer_id = $1 WHERE customer_id = $2 RETURNING id",
            &mut record.queue_entries,
        ),
        (
            "UPDATE documents SET customer_id = $1 WHERE customer_id = $2 RETURNING id",
            &mut record.documents,
        ),
    ];
    for (update, noted) in moves {
        *noted = ids(tx, update, survivor, merged).await?;
    }
    let follow = "UPDATE customers SET merged_into = $1 WHERE merged_into = $2 RETURNING id";
    record.customers = ids(tx, follow, survivor, merged).await?;
    contacts_go_over(tx, survivor, merged, record).await
}

async fn ids(
    tx: &mut Tx,
    update: &'static str,
    survivor: CustomerId,
    merged: CustomerId,
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = tx.all(sql(update).bind(survivor).bind(merged)).await?;
    let mut ids: Vec<i64> = rows.into_iter().map(|(id,)| id).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// A number is once at a customer, and one person is whom to turn to first: somebody with a number that
/// the survivor knows stays behind, and the survivor's first stays the first.
async fn contacts_go_over(
    tx: &mut Tx,
    survivor: CustomerId,
    merged: CustomerId,
    record: &mut MergeRecord,
) -> Result<(), StoreError> {
    let known = contacts_of(tx, survivor).await?;
    let has_number = |row: &ContactRow| {
        row.is_active && known.iter().any(|k| k.is_active && k.whatsapp == row.whatsapp)
    };
    let has_first = known.iter().any(|row| row.is_active && row.is_primary);
    for row in contacts_of(tx, merged).await? {
        if has_number(&row) {
            record.repeated_contacts.push(row.id);
            continue;
        }
        let is_demoted = row.is_active && row.is_primary && has_first;
        if is_demoted {
            record.demoted_contacts.push(row.id);
        }
        record.contacts.push(row.id);
        put(tx, row.id, survivor, row.is_primary && !is_demoted).await?;
    }
    Ok(())
}

/// Takes back what is still where it was put.
pub(super) async fn go_back(
    tx: &mut Tx,
    survivor: CustomerId,
    merged: CustomerId,
    record: &MergeRecord,
) -> Result<(), StoreError> {
    let moves = [
        ("UPDATE tickets SET customer_id = $1 WHERE customer_id = $2", &record.tickets),
        ("UPDATE queue_entries SET customer_id = $1 WHERE customer_id = $2", &record.queue_entries),
        ("UPDATE documents SET customer_id = $1 WHERE customer_id = $2", &record.documents),
        ("UPDATE customers SET merged_into = $1 WHERE merged_into = $2", &record.customers),
    ];
    for (update, noted) in moves {
        for ids in noted.chunks(IDS_MAX) {
            let update = sql(update).bind(merged).bind(survivor);
            tx.run(update.push_in(" AND id IN", ids.iter().copied())).await?;
        }
    }
    let mut there = contacts_of(tx, merged).await?;
    for row in contacts_of(tx, survivor).await? {
        if !record.contacts.contains(&row.id) {
            continue;
        }
        let is_active = |other: &&ContactRow| other.is_active && row.is_active;
        // Its number was changed since to one that waits there already.
        if there.iter().filter(is_active).any(|other| other.whatsapp == row.whatsapp) {
            continue;
        }
        let has_first = there.iter().filter(is_active).any(|other| other.is_primary);
        let was_first = row.is_primary || record.demoted_contacts.contains(&row.id);
        let is_primary = if row.is_active { was_first && !has_first } else { row.is_primary };
        put(tx, row.id, merged, is_primary).await?;
        there.push(ContactRow { is_primary, ..row });
    }
    Ok(())
}

async fn put(
    tx: &mut Tx,
    id: i64,
    customer: CustomerId,
    is_primary: bool,
) -> Result<(), StoreError> {
    let update = sql("UPDATE contacts SET customer_id = $1, is_primary = $2 WHERE id = $3");
    tx.run(update.bind(customer).bind(is_primary).bind(id)).await.map(drop)
}

/// The people at a customer, those who were deleted too.
async fn contacts_of(tx: &mut Tx, id: CustomerId) -> Result<Vec<ContactRow>, StoreError> {
    let select = sql("SELECT id, whatsapp, is_primary, is_active FROM contacts \
         WHERE customer_id = $1 ORDER BY id");
    tx.all(select.bind(id)).await
}

/// Lets a customer be found by what those are found by who were merged into him.
pub(super) async fn find_by_merged(tx: &mut Tx, id: CustomerId) -> Result<(), StoreError> {
    let select = sql("SELECT search_text FROM customers WHERE merged_into = $1 ORDER BY id");
    let texts: Vec<(String,)> = tx.all(select.bind(id)).await?;
    let texts: Vec<String> = texts.into_iter().map(|(text,)| text).collect();
    let update = sql("UPDATE customers SET merged_text = $1 WHERE id = $2");
    tx.run(update.bind(texts.join(" ")).bind(id)).await.map(drop)
}
