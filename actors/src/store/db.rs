//! Both databases behind the same four verbs.

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use serde::Serialize;
use sqlx::{
    Arguments, Database, FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
    types::Json,
};

use super::{
    StoreError,
    outbox::{Outbox, Recorder},
    revision::Changing,
    sql::{Arg, Spelling, Sql},
    sqlite_tx::{Answer, SqliteTx},
};

/// Readers on SQLite: two cores have no use for more, and each keeps its own page cache.
const SQLITE_READERS_MAX: u32 = 4;
/// Connections to PostgreSQL for units and reads.
const POSTGRES_CONNECTIONS_MAX: u32 = 10;
/// And for the writer, who uses one at a time: the pool tests the last one before it can be used again.
const POSTGRES_WRITER_CONNECTIONS_MAX: u32 = 2;
/// Texts that SQLite's writer keeps ready: each statement of a fold comes in sixteen lengths, the first of them with
/// others before it.
const SQLITE_WRITER_STATEMENTS: usize = 800;
/// The same on PostgreSQL, where a text that is not ready costs one more round trip.
const POSTGRES_WRITER_STATEMENTS: usize = 500;
/// KiB of pages that SQLite's writer keeps in memory. With fewer than one transaction changes, some would be written twice.
const SQLITE_WRITER_CACHE: &str = "-16384";
/// How long a statement waits for a connection before the caller is told to try again.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long SQLite waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A write-ahead log is cut back to this size when it is checkpointed.
const JOURNAL_BYTES_MAX: &str = "67108864";
/// Pages in the log before a commit checkpoints it by itself (measured: 24 k instead of 14 k rows/s).
const AUTOCHECKPOINT_PAGES: &str = "10000";

/// A row type that both drivers can fill.
pub(crate) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// A pool to read from.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A connection inside an open transaction.
pub(crate) enum Connection {
    Sqlite(SqliteTx),
    Postgres(Transaction<'static, Postgres>),
}

/// An open transaction: its connection, what other systems are to be told of it, and which of the rows that
/// somebody remembers it may change.
pub(crate) struct Tx {
    pub(super) connection: Connection,
    pub(super) outbox: Outbox,
    pub(super) changing: Vec<Changing>,
}

impl Deref for Tx {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// The arguments of a statement, as a driver wants them.
macro_rules! arguments {
    ($db:ty, $args:expr) => {{
        let args = $args;
        let mut arguments = <$db as Database>::Arguments::default();
        arguments.reserve(args.len(), 0);
        for arg in args {
            match arg {
                Arg::Int(value) => arguments.add(value),
                Arg::Bool(value) => arguments.add(value),
                Arg::Text(value) => arguments.add(value),
                Arg::Bytes(value) => arguments.add(value),
                Arg::Time(value) => arguments.add(value),
                Arg::Date(value) => arguments.add(value),
                Arg::Hours(value) => arguments.add(value),
                Arg::Reasons(value) => arguments.add(value),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        arguments
    }};
}

pub(super) use arguments;

#[cfg(feature = "testing")]
pub(super) use super::counter::counted;
#[cfg(not(feature = "testing"))]
pub(super) fn counted(sql: Sql) -> Sql {
    sql
}

impl Db {
    /// All rows.
    pub(crate) async fn all<T: Row>(&self, sql: Sql) -> Result<Vec<T>, StoreError> {
        match self {
            Self::Sqlite(pool) => sqlite::all(pool, counted(sql)).await,
            Self::Postgres(pool) => postgres::all(pool, counted(sql)).await,
        }
    }

    /// The first row, if there is one.
    pub(crate) async fn opt<T: Row>(&self, sql: Sql) -> Result<Option<T>, StoreError> {
        match self {
            Self::Sqlite(pool) => sqlite::opt(pool, counted(sql)).await,
            Self::Postgres(pool) => postgres::opt(pool, counted(sql)).await,
        }
    }

    /// The first row, which has to be there.
    pub(crate) async fn one<T: Row>(&self, sql: Sql) -> Result<T, StoreError> {
        Ok(self.opt(sql).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// How many rows were changed.
    pub(crate) async fn run(&self, sql: Sql) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(pool) => sqlite::run(pool, counted(sql)).await,
            Self::Postgres(pool) => postgres::run(pool, counted(sql)).await,
        }
    }
}

/// What one driver does with a statement, over a pool or within a transaction.
macro_rules! driver {
    ($name:ident, $db:ident, $executor:ident, $spelling:ident) => {
        mod $name {
            use sqlx::{Arguments, Database, $db, $executor};

            use super::{Arg, Row, Spelling, Sql, StoreError};

            pub(super) async fn rows(
                on: impl $executor<'_>,
                sql: Sql,
            ) -> Result<Vec<<$db as Database>::Row>, StoreError> {
                let (text, args) = sql.into_parts(Spelling::$spelling);
                Ok(sqlx::query_with(text, arguments!($db, args)).fetch_all(on).await?)
            }

            pub(super) async fn all<T: Row>(
                on: impl $executor<'_>,
                sql: Sql,
            ) -> Result<Vec<T>, StoreError> {
                let rows = rows(on, sql).await?;
                Ok(rows.iter().map(T::from_row).collect::<Result<_, _>>()?)
            }

            pub(super) async fn opt<T: Row>(
                on: impl $executor<'_>,
                sql: Sql,
            ) -> Result<Option<T>, StoreError> {
                let (text, args) = sql.into_parts(Spelling::$spelling);
                Ok(sqlx::query_as_with(text, arguments!($db, args)).fetch_optional(on).await?)
            }

            pub(super) async fn run(on: impl $executor<'_>, sql: Sql) -> Result<u64, StoreError> {
                let (text, args) = sql.into_parts(Spelling::$spelling);
                let done = sqlx::query_with(text, arguments!($db, args)).execute(on).await?;
                Ok(done.rows_affected())
            }
        }
    };
}

driver!(sqlite, Sqlite, SqliteExecutor, Plain);
driver!(postgres, Postgres, PgExecutor, Numbered);

/// The rows that a statement has returned, not read yet.
pub(crate) enum Rows {
    Sqlite(Answer),
    Postgres(Vec<PgRow>),
}

impl Rows {
    pub(crate) fn read<T: Row>(self) -> Result<Vec<T>, StoreError> {
        Ok(match self {
            Self::Sqlite(answer) => answer.all()?,
            Self::Postgres(rows) => rows.iter().map(T::from_row).collect::<Result<_, _>>()?,
        })
    }
}

/// What an insertion left.
pub(crate) struct Inserted {
    pub(crate) rows: u64,
    /// Of the last row, when there was one.
    pub(crate) last_id: i64,
    /// The highest id before it, where that was asked.
    pub(crate) highest_before: Option<i64>,
}

impl Connection {
    /// All rows.
    pub(crate) async fn all<T: Row>(&mut self, sql: Sql) -> Result<Vec<T>, StoreError> {
        self.rows(sql).await?.read()
    }

    /// All rows, for somebody who has something else to do before he reads them.
    pub(crate) async fn rows(&mut self, sql: Sql) -> Result<Rows, StoreError> {
        match self {
            Self::Sqlite(tx) => Ok(Rows::Sqlite(tx.run(counted(sql)).await?)),
            Self::Postgres(tx) => {
                Ok(Rows::Postgres(postgres::rows(&mut **tx, counted(sql)).await?))
            }
        }
    }

    /// The first row, if there is one.
    pub(crate) async fn opt<T: Row>(&mut self, sql: Sql) -> Result<Option<T>, StoreError> {
        match self {
            Self::Sqlite(tx) => Ok(tx.run(counted(sql)).await?.first()?),
            Self::Postgres(tx) => postgres::opt(&mut **tx, counted(sql)).await,
        }
    }

    /// The first row, which has to be there.
    pub(crate) async fn one<T: Row>(&mut self, sql: Sql) -> Result<T, StoreError> {
        Ok(self.opt(sql).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// How many rows were changed.
    pub(crate) async fn run(&mut self, sql: Sql) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(tx) => Ok(tx.run(counted(sql)).await?.done.rows_affected()),
            Self::Postgres(tx) => postgres::run(&mut **tx, counted(sql)).await,
        }
    }

    /// Runs a statement that returns nothing and whose outcome decides nothing. On SQLite it goes over with the
    /// next one ([`SqliteTx`]), to which its error then belongs.
    pub(crate) async fn run_ahead(&mut self, sql: Sql) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.run_ahead(counted(sql)).await,
            Self::Postgres(tx) => postgres::run(&mut **tx, counted(sql)).await.map(drop),
        }
    }

    /// Runs an insertion on SQLite, whose only writer numbers the rows of a statement in their order; gives it
    /// back on PostgreSQL, where others draw numbers in between. Cheaper than having each row returned. What is
    /// asked before comes with it: the highest id, and what a question finds.
    pub(crate) async fn insert_in_order<T: Row>(
        &mut self,
        highest: Option<Sql>,
        question: Option<Sql>,
        insert: Sql,
    ) -> Result<Result<(Inserted, Vec<T>), Sql>, StoreError> {
        let Self::Sqlite(tx) = self else { return Ok(Err(insert)) };
        let is_asked = highest.is_some();
        for ahead in highest.into_iter().chain(question) {
            tx.put_ahead(counted(ahead));
        }
        let mut answer = tx.run(counted(insert)).await?;
        let (rows, last_id) = (answer.done.rows_affected(), answer.done.last_insert_rowid());
        let highest_before = if is_asked { answer.take_first()?.map(|(id,)| id) } else { None };
        Ok(Ok((Inserted { rows, last_id, highest_before }, answer.all()?)))
    }

    /// Inserts so many rows with one statement; their ids, in order.
    pub(crate) async fn insert_rows(
        &mut self,
        insert: Sql,
        count: usize,
    ) -> Result<Vec<i64>, StoreError> {
        match self.insert_in_order::<(i64,)>(None, None, insert).await? {
            Ok((Inserted { rows, last_id, .. }, _)) if usize::try_from(rows) == Ok(count) => {
                Ok((last_id + 1 - rows.cast_signed()..=last_id).collect())
            }
            Ok(_) => Err(StoreError::Stale),
            Err(insert) => {
                let rows: Vec<(i64,)> = self.all(insert.push(" RETURNING id")).await?;
                let mut ids: Vec<i64> = rows.into_iter().map(|(id,)| id).collect();
                ids.sort_unstable();
                Ok(ids)
            }
        }
    }

    /// Runs a statement whose last placeholder is a JSON document.
    pub(crate) async fn run_with_document<D: Serialize + Sync>(
        &mut self,
        sql: Sql,
        document: &D,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => {
                let add = |arguments: &mut <Sqlite as Database>::Arguments| {
                    arguments.add(Json(document)).map_err(sqlx::Error::Encode)
                };
                tx.run_with(counted(sql), add).await.map(drop)
            }
            Self::Postgres(tx) => {
                let (text, args) = counted(sql).into_parts(Spelling::Numbered);
                let query = sqlx::query_with(text, arguments!(Postgres, args)).bind(Json(document));
                query.execute(&mut **tx).await?;
                Ok(())
            }
        }
    }
}

/// SQLite's connection of a transaction that was committed, for the next one. What goes back to the pool is tested
/// there first: one more round trip to SQLite's thread, for which the next transaction would wait.
#[derive(Default)]
pub(crate) struct Kept(pub(super) Option<PoolConnection<Sqlite>>);

/// The pools of one database.
pub(crate) struct Pools {
    /// On PostgreSQL units of work use it, too.
    pub(crate) reader: Db,
    /// The writer's own. On PostgreSQL they are opened where it runs, whose runtime drives them.
    pub(crate) writer: Db,
}

impl Pools {
    /// Where units of work run side by side: on PostgreSQL only.
    pub(crate) fn side_by_side(&self) -> Option<&Db> {
        matches!(self.reader, Db::Postgres(_)).then_some(&self.reader)
    }
}

/// Opens the database that `url` names (`sqlite://…` or `postgres://…`).
pub(crate) async fn open(url: &str) -> Result<Pools, StoreError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return open_postgres(url).await;
    }
    if url.starts_with("sqlite:") {
        return open_sqlite(url).await;
    }
    Err(StoreError::BadUrl("expected sqlite:… or postgres://…".to_owned()))
}

async fn open_postgres(url: &str) -> Result<Pools, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::BadUrl(error.to_string()))?
        .application_name("dx-connect");
    let writer = options.clone().statement_cache_capacity(POSTGRES_WRITER_STATEMENTS);
    let pool = |connections_max| {
        PgPoolOptions::new().max_connections(connections_max).acquire_timeout(ACQUIRE_TIMEOUT)
    };
    let writer = pool(POSTGRES_WRITER_CONNECTIONS_MAX)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(writer);
    let reader = pool(POSTGRES_CONNECTIONS_MAX).connect_with(options).await?;
    Ok(Pools { reader: Db::Postgres(reader), writer: Db::Postgres(writer) })
}

async fn open_sqlite(url: &str) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| StoreError::BadUrl(error.to_string()))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("journal_size_limit", JOURNAL_BYTES_MAX)
        .pragma("wal_autocheckpoint", AUTOCHECKPOINT_PAGES);
    if let Some(folder) = options.get_filename().parent().filter(|p| *p != Path::new("")) {
        // What customers wrote is for the owner of the process only.
        let mut private = tokio::fs::DirBuilder::new();
        private.recursive(true).mode(0o700);
        private.create(folder).await.map_err(sqlx::Error::Io)?;
    }
    let writer = options
        .clone()
        .statement_cache_capacity(SQLITE_WRITER_STATEMENTS)
        .pragma("cache_size", SQLITE_WRITER_CACHE)
        // Before a savepoint changes a page, SQLite puts the page aside: in a file, if it may.
        .pragma("temp_store", "MEMORY");
    let writer = sqlite_pool(1).connect_with(writer).await?;
    let reader = sqlite_pool(SQLITE_READERS_MAX).connect_with(options.pragma("query_only", "ON"));
    Ok(Pools { reader: Db::Sqlite(reader.await?), writer: Db::Sqlite(writer) })
}

fn sqlite_pool(connections_max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

impl Db {
    /// Brings the schema up to date. Concurrent starts on PostgreSQL wait for each other (sqlx takes
    /// an advisory lock).
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(pool) => {
                // What an index is made of may be larger than memory.
                sqlx::query("PRAGMA temp_store = FILE").execute(pool).await?;
                sqlx::migrate!("../migrations/sqlite").run(pool).await?;
                sqlx::query("PRAGMA temp_store = MEMORY").execute(pool).await?;
            }
            Self::Postgres(pool) => sqlx::migrate!("../migrations/postgres").run(pool).await?,
        }
        Ok(())
    }

    pub(crate) async fn begin(
        &self,
        kept: &mut Kept,
        recorder: &Arc<Recorder>,
    ) -> Result<Tx, StoreError> {
        let connection = match self {
            Self::Sqlite(pool) => Connection::Sqlite(SqliteTx::new(match kept.0.take() {
                Some(connection) => connection,
                None => pool.acquire().await?,
            })),
            Self::Postgres(pool) => Connection::Postgres(pool.begin().await?),
        };
        Ok(Tx { connection, outbox: Outbox::new(recorder), changing: Vec::new() })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
