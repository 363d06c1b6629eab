//! The pictures of customers, which are files of the storage: what changes them and what that means for
//! the files.

use super::{StoreError, db::Tx, files, sql::sql};
use crate::domain::{
    CustomerDetails, Timestamp,
    audit::{Differences, FieldChange},
    file::FileKey,
};

/// The columns with what they hold before and after.
fn columns<'d>(
    old: &'d CustomerDetails,
    new: &'d CustomerDetails,
) -> [(&'static str, Option<&'d FileKey>, Option<&'d FileKey>); 2] {
    [
        ("logo", old.logo.as_ref(), new.logo.as_ref()),
        ("signature", old.signature.as_ref(), new.signature.as_ref()),
    ]
}

/// Which pictures change, for the audit trail: told by the digests of their bytes, for keys stay inside.
pub(super) async fn differences(
    tx: &mut Tx,
    old: &CustomerDetails,
    new: &CustomerDetails,
) -> Result<Vec<FieldChange>, StoreError> {
    let mut differences = Differences::default();
    for (column, before, after) in columns(old, new) {
        if before != after {
            let digests = (digest(tx, before).await?, digest(tx, after).await?);
            differences = differences.field(column, digests.0, digests.1);
        }
    }
    Ok(differences.into_changes())
}

/// Keeps the files that take the place of others, and releases those.
pub(super) async fn exchange(
    tx: &mut Tx,
    old: &CustomerDetails,
    new: &CustomerDetails,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (_, before, after) in columns(old, new) {
        if before == after {
            continue;
        }
        if let Some(key) = after {
            files::keep(tx, key, now).await?;
        }
        if let Some(key) = before {
            files::release(tx, key, now).await?;
        }
    }
    Ok(())
}

async fn digest(tx: &mut Tx, key: Option<&FileKey>) -> Result<Option<String>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    let select = sql("SELECT sha256 FROM files WHERE key = $1").bind(key);
    let row: Option<(String,)> = tx.opt(select).await?;
    Ok(row.map(|(digest,)| digest))
}
