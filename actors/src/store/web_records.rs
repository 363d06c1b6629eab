//! What a network's client keeps for a number, and who owns the number.
//!
//! The store knows no more of a record than its kind, its key and two stamps to sweep by; the value is
//! sealed by whoever writes it. Whoever claims a number may write until the next one claims it: each
//! write checks the claim in its own transaction, which also puts writes of one number one after another.

use uuid::Uuid;

use super::{
    Store, StoreError,
    db::Tx,
    fold::run_chunked,
    sql::{Sql, sql},
    unit,
};
use crate::domain::SessionId;

/// Keys of one question; both databases take many more placeholders than that.
const KEYS_MAX: usize = 500;
const COLUMNS: &str = "SELECT kind, key, value, stamp, other_stamp FROM web_records WHERE";

/// One record of a number.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Record {
    pub kind: String,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    /// Seconds since 1970 as the kind understands them; see [`RecordChange::Sweep`].
    pub stamp: i64,
    pub other_stamp: i64,
}

/// The right to write the records of a number, until somebody else claims it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub session_id: SessionId,
    generation: i64,
}

/// What becomes of a number's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordChange {
    /// Takes the place of what is there.
    Put(Record),
    Delete {
        kind: &'static str,
        key: Vec<u8>,
    },
    /// All of the kind whose keys begin like this; all of the kind for an empty beginning.
    DeleteAll {
        kind: &'static str,
        prefix: Vec<u8>,
    },
    /// All of the kind whose stamps are both below these.
    Sweep {
        kind: &'static str,
        stamp: i64,
        other_stamp: i64,
    },
}

/// Which number this is a copy of, and how young it is.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Owner {
    pub(super) lineage: String,
    pub(super) revision: i64,
}

impl Store {
    /// From now on only who holds this claim writes the records of the number.
    pub async fn claim_records(&self, session_id: SessionId) -> Result<Claim, StoreError> {
        self.unit(unit!(tx => {
            owner(tx, session_id).await?;
            next_generation(tx, session_id).await
        }))
        .await
    }

    pub async fn find_record(
        &self,
        session_id: SessionId,
        kind: &'static str,
        key: &[u8],
    ) -> Result<Option<Record>, StoreError> {
        let select = of_kind(session_id, kind).push_bind(" AND key = ", key);
        self.reader.opt(select).await
    }

    /// Those of these keys that there are, in no order.
    pub async fn find_records(
        &self,
        session_id: SessionId,
        kind: &'static str,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS_MAX) {
            let select =
                of_kind(session_id, kind).push_in(" AND key IN", keys.iter().map(Vec::as_slice));
            found.append(&mut self.reader.all(select).await?);
        }
        Ok(found)
    }

    /// All of a kind whose keys begin like this, by key.
    pub async fn list_records(
        &self,
        session_id: SessionId,
        kind: &'static str,
        prefix: &[u8],
    ) -> Result<Vec<Record>, StoreError> {
        let select = push_prefix(of_kind(session_id, kind), prefix).push(" ORDER BY key");
        self.reader.all(select).await
    }

    /// The keys of a kind.
    pub async fn list_record_keys(
        &self,
        session_id: SessionId,
        kind: &'static str,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let select = sql("SELECT key FROM web_records WHERE session_id = $1 AND kind = $2");
        let keys: Vec<(Vec<u8>,)> = self.reader.all(select.bind(session_id).bind(kind)).await?;
        Ok(keys.into_iter().map(|(key,)| key).collect())
    }

    /// The one with the highest key.
    pub async fn find_last_record(
        &self,
        session_id: SessionId,
        kind: &'static str,
    ) -> Result<Option<Record>, StoreError> {
        let select = of_kind(session_id, kind).push(" ORDER BY key DESC LIMIT 1");
        self.reader.opt(select).await
    }

    /// Carries out changes in this order, all or none; how many records were removed.
    /// [`StoreError::Fenced`] when the claim is void.
    pub async fn change_records(
        &self,
        claim: Claim,
        changes: Vec<RecordChange>,
    ) -> Result<u64, StoreError> {
        if changes.is_empty() {
            return Ok(0);
        }
        self.unit(unit!(tx => {
            check(tx, claim).await?;
            apply(tx, claim.session_id, changes).await
        }))
        .await
    }

    /// Changes records after a look at what is there, with nobody in between: `plan` gets those of the
    /// keys that exist, in no order, and returns the changes and an answer. What it refuses is not
    /// written.
    pub async fn plan_records<T, F>(
        &self,
        claim: Claim,
        kind: &'static str,
        keys: Vec<Vec<u8>>,
        plan: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(Vec<Record>) -> Result<(Vec<RecordChange>, T), StoreError> + Send + 'static,
    {
        self.unit(unit!(tx => {
            check(tx, claim).await?;
            let mut found = Vec::with_capacity(keys.len());
            for keys in keys.chunks(KEYS_MAX) {
                let select = of_kind(claim.session_id, kind)
                    .push_in(" AND key IN", keys.iter().map(Vec::as_slice));
                found.append(&mut tx.all(select).await?);
            }
            let (changes, answer) = plan(found)?;
            apply(tx, claim.session_id, changes).await?;
            Ok(answer)
        }))
        .await
    }

    /// Removes everything that is kept for the number; from then on all claims to it are void.
    /// [`StoreError::Fenced`] when this one is.
    pub async fn forget_records(&self, claim: Claim) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            check(tx, claim).await?;
            next_generation(tx, claim.session_id).await?;
            remove_all(tx, claim.session_id).await
        }))
        .await
    }
}

/// The owner's row, made when it is missing. Until the end of the transaction nobody else writes
/// records of the number.
pub(super) async fn owner(tx: &mut Tx, session_id: SessionId) -> Result<Owner, StoreError> {
    let upsert = sql("INSERT INTO session_owners (session_id, lineage, generation, revision) \
         VALUES ($1, $2, 0, 0) ON CONFLICT (session_id) DO UPDATE SET \
         generation = session_owners.generation RETURNING lineage, revision");
    tx.one(upsert.bind(session_id).bind(Uuid::new_v4().to_string())).await
}

/// Voids all claims to the number but the one that this returns.
pub(super) async fn next_generation(
    tx: &mut Tx,
    session_id: SessionId,
) -> Result<Claim, StoreError> {
    let update = sql("UPDATE session_owners SET generation = generation + 1 \
         WHERE session_id = $1 RETURNING generation");
    let (generation,): (i64,) = tx.one(update.bind(session_id)).await?;
    Ok(Claim { session_id, generation })
}

/// Everything of a number, by kind and key.
pub(super) async fn all(tx: &mut Tx, session_id: SessionId) -> Result<Vec<Record>, StoreError> {
    let select = sql(COLUMNS).push_bind(" session_id = ", session_id).push(" ORDER BY kind, key");
    tx.all(select).await
}

pub(super) async fn remove_all(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    let delete = sql("DELETE FROM web_records WHERE session_id = $1");
    tx.run(delete.bind(session_id)).await?;
    Ok(())
}

/// Refuses a void claim. The row stays locked until the end of the transaction.
async fn check(tx: &mut Tx, claim: Claim) -> Result<(), StoreError> {
    let update = sql("UPDATE session_owners SET revision = revision + 1 \
         WHERE session_id = $1 AND generation = $2");
    let updated = tx.run(update.bind(claim.session_id).bind(claim.generation)).await?;
    if updated == 1 { Ok(()) } else { Err(StoreError::Fenced) }
}

async fn apply(
    tx: &mut Tx,
    session_id: SessionId,
    changes: Vec<RecordChange>,
) -> Result<u64, StoreError> {
    let (mut removed, mut puts) = (0, Vec::new());
    for change in changes {
        let delete = sql("DELETE FROM web_records WHERE").push_bind(" session_id = ", session_id);
        let delete = match change {
            RecordChange::Put(record) => {
                puts.push(record);
                continue;
            }
            RecordChange::Delete { kind, key } => {
                delete.push_bind(" AND kind = ", kind).push_bind(" AND key = ", key)
            }
            RecordChange::DeleteAll { kind, prefix } => {
                push_prefix(delete.push_bind(" AND kind = ", kind), &prefix)
            }
            RecordChange::Sweep { kind, stamp, other_stamp } => delete
                .push_bind(" AND kind = ", kind)
                .push_bind(" AND stamp < ", stamp)
                .push_bind(" AND other_stamp < ", other_stamp),
        };
        put(tx, session_id, std::mem::take(&mut puts)).await?;
        removed += tx.run(delete).await?;
    }
    put(tx, session_id, puts).await?;
    Ok(removed)
}

/// Writes records, many with one statement.
pub(super) async fn put(
    tx: &mut Tx,
    session_id: SessionId,
    mut records: Vec<Record>,
) -> Result<(), StoreError> {
    // One statement may meet a row only once: of several for the same key the last one counts.
    records.reverse();
    records.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));
    records.dedup_by(|b, a| a.kind == b.kind && a.key == b.key);
    run_chunked(tx, &records, |chunk| {
        let insert = sql("INSERT INTO web_records \
             (session_id, kind, key, value, stamp, other_stamp) VALUES ")
        .push_rows(chunk, |row, record| {
            row.push_bind("", session_id)
                .push_bind(", ", record.kind.as_str())
                .push_bind(", ", record.key.as_slice())
                .push_bind(", ", record.value.as_slice())
                .push_bind(", ", record.stamp)
                .push_bind(", ", record.other_stamp)
        });
        insert.push(
            " ON CONFLICT (session_id, kind, key) DO UPDATE SET value = excluded.value, \
             stamp = excluded.stamp, other_stamp = excluded.other_stamp",
        )
    })
    .await
}

fn of_kind(session_id: SessionId, kind: &'static str) -> Sql {
    sql(COLUMNS).push_bind(" session_id = ", session_id).push_bind(" AND kind = ", kind)
}

/// ` AND key >= prefix AND key < the next prefix of that length`.
fn push_prefix(sql: Sql, prefix: &[u8]) -> Sql {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return sql.push_bind(" AND key >= ", prefix).push_bind(" AND key < ", end);
        }
    }
    // Nothing comes after: only the beginning limits it.
    sql.push_bind(" AND key >= ", prefix)
}
