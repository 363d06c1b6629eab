//! What differs between SQLite and PostgreSQL, one function or implementation per difference.

use sqlx::{
    Decode, Encode, Postgres, Sqlite, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef},
    sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef},
};
use time::OffsetDateTime;

use super::{
    StoreError,
    db::{Connection, Tx},
    fold::run_chunked,
    sql::{Arg, sql},
};
use crate::domain::Timestamp;

/// Makes transactions that care for the same text wait for each other. SQLite has one writer anyway.
pub(super) async fn lock_text(tx: &mut Tx, text: &str) -> Result<(), StoreError> {
    lock_texts(tx, &[text]).await
}

/// The same for several, one after the other: whoever takes them in an order of their own waits for others who wait
/// for him.
pub(super) async fn lock_texts(tx: &mut Tx, texts: &[&str]) -> Result<(), StoreError> {
    if let Connection::Sqlite(_) = tx.connection {
        return Ok(());
    }
    run_chunked(tx, texts, |chunk| {
        let lock = sql("SELECT 1 FROM (SELECT \
             pg_advisory_xact_lock(hashtextextended(v.column1, 0)) FROM (VALUES ")
        .push_rows(chunk, |row, text| row.push_bind("", *text));
        lock.push(") AS v) AS l")
    })
    .await
}

/// Keeps others from changing the row with this id, and from referring to it, until the end of the
/// transaction. `table` is one of ours. SQLite has one writer anyway.
pub(super) async fn lock_row(
    tx: &mut Tx,
    table: &'static str,
    id: impl Into<Arg>,
) -> Result<(), StoreError> {
    if let Connection::Postgres(_) = tx.connection {
        let lock = sql("SELECT 1 FROM ").push(table).push_bind(" WHERE id = ", id);
        tx.run(lock.push(" FOR UPDATE")).await?;
    }
    Ok(())
}

impl Type<Sqlite> for Timestamp {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(info: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(info)
    }
}

impl Encode<'_, Sqlite> for Timestamp {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Sqlite>>::encode(self.micros(), buffer)
    }
}

impl Decode<'_, Sqlite> for Timestamp {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self::from_micros(<i64 as Decode<Sqlite>>::decode(value)?))
    }
}

impl Type<Postgres> for Timestamp {
    fn type_info() -> PgTypeInfo {
        <OffsetDateTime as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Timestamp {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <OffsetDateTime as Encode<Postgres>>::encode(self.to_offset_date_time(), buffer)
    }
}

impl Decode<'_, Postgres> for Timestamp {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let at = <OffsetDateTime as Decode<Postgres>>::decode(value)?;
        Ok(Self::from_offset_date_time(at))
    }
}
