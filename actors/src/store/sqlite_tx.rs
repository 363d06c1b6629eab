//! A transaction on SQLite.
//!
//! SQLite runs on a thread of its own, so that each statement costs two wakes: of that thread, and of whoever
//! waits for the answer. On a machine with nothing else to do those wakes, not SQLite, are what a single message
//! waits for. A statement whose outcome decides nothing is therefore put ahead of the next one, and both go over
//! together.

use futures_util::{Stream, TryStreamExt};
use sqlx::{
    Arguments, Database, Either, Executor, Sqlite,
    pool::PoolConnection,
    sqlite::{SqliteQueryResult, SqliteRow},
};

use super::{
    StoreError,
    db::{Row, arguments},
    sql::{Arg, Spelling, Sql, join, sql},
};

/// Statements that go over with the next one. Each number of them is a text of its own.
const AHEAD_MAX: usize = 8;

/// An open transaction. Dropping it without an end is the caller's fault: the connection keeps it open.
pub(crate) struct SqliteTx {
    connection: PoolConnection<Sqlite>,
    /// What runs with the next statement, in this order.
    ahead: Vec<Sql>,
    /// Where savepoints are among them.
    savepoints_ahead: Vec<usize>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// `BEGIN` is still ahead.
    Fresh,
    Open,
    /// `BEGIN`, or what went with it, was refused or never got there; or SQLite may have taken everything back by
    /// itself. What came now might be outside of any transaction.
    Broken,
}

/// The rows of all statements that went over together, and what the last one did.
#[derive(Default)]
pub(super) struct Answer {
    rows: Vec<SqliteRow>,
    pub(super) done: SqliteQueryResult,
    /// How many of them have come to their end.
    ended: usize,
}

impl Answer {
    pub(super) fn all<T: Row>(&self) -> Result<Vec<T>, sqlx::Error> {
        self.rows.iter().map(T::from_row).collect()
    }

    /// The first row of all, which the others follow.
    pub(super) fn take_first<T: Row>(&mut self) -> Result<Option<T>, sqlx::Error> {
        let first = self.first()?;
        self.rows.drain(..self.rows.len().min(1));
        Ok(first)
    }

    pub(super) fn first<T: Row>(&self) -> Result<Option<T>, sqlx::Error> {
        self.rows.first().map(T::from_row).transpose()
    }
}

impl SqliteTx {
    /// The lock is taken with the first statement, whose error a refusal is.
    pub(super) fn new(connection: PoolConnection<Sqlite>) -> Self {
        let ahead = vec![sql("BEGIN IMMEDIATE")];
        Self { connection, ahead, savepoints_ahead: Vec::new(), state: State::Fresh }
    }

    /// Has a statement run just before the next one. When it is refused, so is the next one; rows that it returns
    /// are among those of the next one.
    pub(super) fn put_ahead(&mut self, statement: Sql) {
        self.ahead.push(statement);
    }

    /// The same for any number of statements: when many are ahead they run now.
    pub(super) async fn run_ahead(&mut self, statement: Sql) -> Result<(), StoreError> {
        if self.ahead.len() < AHEAD_MAX {
            self.put_ahead(statement);
            Ok(())
        } else {
            self.run(statement).await.map(drop)
        }
    }

    /// Runs what was put ahead, and this.
    ///
    /// # Errors
    ///
    /// What one of them was refused for; those before it have run.
    pub(super) async fn run(&mut self, last: Sql) -> Result<Answer, StoreError> {
        self.run_with(last, |_| Ok(())).await
    }

    /// The same, where `add` adds to the values of the last one.
    pub(super) async fn run_with(
        &mut self,
        last: Sql,
        add: impl FnOnce(&mut <Sqlite as Database>::Arguments) -> Result<(), sqlx::Error>,
    ) -> Result<Answer, StoreError> {
        let before = std::mem::replace(&mut self.state, State::Broken);
        if before == State::Broken {
            return Err(StoreError::Refused(sqlx::Error::BeginFailed));
        }
        let mut statements = std::mem::take(&mut self.ahead);
        self.savepoints_ahead.clear();
        statements.push(last);
        let count = statements.len();
        let (text, args) = join(statements, Spelling::Plain);
        let mut arguments = arguments!(Sqlite, args);
        add(&mut arguments)?;
        let mut answer = Answer::default();
        let answers = self.connection.fetch_many(sqlx::query_with(text, arguments));
        let outcome = collect(answers, count, &mut answer).await;
        // `BEGIN` is the first of its text.
        let has_begun = before == State::Open || answer.ended > 0;
        if has_begun && outcome.as_ref().err().is_none_or(|error| !may_end_transaction(error)) {
            self.state = State::Open;
        }
        outcome?;
        Ok(answer)
    }

    /// Begins with the next statement.
    pub(super) fn set_savepoint(&mut self, statement: Sql) {
        self.savepoints_ahead.push(self.ahead.len());
        self.put_ahead(statement);
    }

    /// Keeps what came since a savepoint.
    ///
    /// # Errors
    ///
    /// What something that is ahead was refused for: it runs now, so that it is known whose fault it is.
    pub(super) async fn release(&mut self, statement: Sql) -> Result<(), StoreError> {
        if self.ahead.is_empty() {
            self.put_ahead(statement);
            return Ok(());
        }
        self.run(statement).await.map(drop)
    }

    /// Takes back what came since a savepoint, with what is ahead.
    pub(super) async fn roll_back_to(&mut self, statement: Sql) -> Result<(), StoreError> {
        if let Some(place) = self.savepoints_ahead.pop() {
            // Nothing has run since.
            self.ahead.truncate(place);
            return Ok(());
        }
        self.ahead.clear();
        self.run(statement).await.map(drop)
    }

    /// Runs what was put ahead, and keeps everything. The connection is free for the next transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::Uncertain`] when SQLite does not let it be taken back; any other says that nothing was kept.
    pub(super) async fn commit(mut self) -> Result<PoolConnection<Sqlite>, StoreError> {
        if self.state == State::Fresh && self.ahead.len() == 1 {
            return Ok(self.connection);
        }
        let Err(error) = self.run(sql("COMMIT")).await else { return Ok(self.connection) };
        match self.end("ROLLBACK").await {
            Ok(()) => Err(error),
            // It may be SQLite that has taken it back; or it was kept.
            Err(_) => Err(StoreError::Uncertain(error.to_string())),
        }
    }

    /// Takes everything back.
    pub(super) async fn rollback(mut self) {
        if self.state != State::Fresh {
            // A refused one means that SQLite has taken it back by itself, or that it never began.
            let _ = self.end("ROLLBACK").await;
        }
    }

    async fn end(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        self.connection.execute(sqlx::query(statement)).await.map(drop)
    }
}

/// Whether SQLite may have taken the whole transaction back, not only the statement (see its documentation of
/// transactions, "Response To Errors Within A Transaction").
fn may_end_transaction(error: &sqlx::Error) -> bool {
    const BUSY: i32 = 5;
    const NO_MEMORY: i32 = 7;
    const INTERRUPTED: i32 = 9;
    const INPUT_OUTPUT: i32 = 10;
    const FULL: i32 = 13;
    let sqlx::Error::Database(error) = error else { return true };
    // The lowest byte of an extended code is the error, the others say more of it.
    let code = error.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
    matches!(code, None | Some(BUSY | NO_MEMORY | INTERRUPTED | INPUT_OUTPUT | FULL))
}

/// The rows, and what the last of so many statements says of itself. The end of the stream, which says nothing
/// more, is not waited for: that would be one more wake.
async fn collect(
    mut answers: impl Stream<Item = Result<Either<SqliteQueryResult, SqliteRow>, sqlx::Error>> + Unpin,
    count: usize,
    answer: &mut Answer,
) -> Result<(), sqlx::Error> {
    while answer.ended < count {
        // One that ends before means that SQLite's thread has.
        match answers.try_next().await?.ok_or(sqlx::Error::WorkerCrashed)? {
            Either::Right(row) => answer.rows.push(row),
            Either::Left(done) => {
                answer.done = done;
                answer.ended += 1;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::{Db, open};

    async fn table() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("x.db").display());
        let db = open(&url).await.unwrap().writer;
        db.run(sql("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL UNIQUE)"))
            .await
            .unwrap();
        (folder, db)
    }

    async fn begin(db: &Db) -> SqliteTx {
        let Db::Sqlite(pool) = db else { panic!("this is SQLite") };
        SqliteTx::new(pool.acquire().await.unwrap())
    }

    fn insert(b: &'static str) -> Sql {
        sql("INSERT INTO t (b) VALUES (").push_bind("", b).push(")")
    }

    async fn texts(db: &Db) -> Vec<String> {
        let rows: Vec<(String,)> = db.all(sql("SELECT b FROM t ORDER BY a")).await.unwrap();
        rows.into_iter().map(|(b,)| b).collect()
    }

    #[tokio::test]
    async fn what_is_ahead_runs_before_and_the_answer_is_that_of_the_last() {
        let (_folder, db) = table().await;
        let mut tx = begin(&db).await;
        tx.put_ahead(insert("x"));
        tx.put_ahead(insert("y"));
        let done = tx.run(insert("z")).await.unwrap().done;
        assert_eq!((done.rows_affected(), done.last_insert_rowid()), (1, 3));
        tx.put_ahead(sql("UPDATE t SET b = $2 WHERE b = $1").bind("y").bind("v"));
        let select = sql("SELECT b FROM t WHERE b > $1").bind("w");
        assert_eq!(tx.run(select).await.unwrap().rows.len(), 2);
        tx.put_ahead(insert("last"));
        tx.commit().await.unwrap();
        assert_eq!(texts(&db).await, ["x", "v", "z", "last"]);
    }

    #[tokio::test]
    async fn when_what_is_ahead_is_refused_so_is_the_next_one_and_nothing_is_kept() {
        let (_folder, db) = table().await;
        let mut tx = begin(&db).await;
        tx.run(insert("x")).await.unwrap();
        tx.put_ahead(insert("x"));
        let error = tx.commit().await.unwrap_err();
        assert!(matches!(error, StoreError::Unique { .. }), "{error}");
        assert!(texts(&db).await.is_empty());
        // The connection is free for the next one.
        let mut tx = begin(&db).await;
        tx.run(insert("y")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(texts(&db).await, ["y"]);
    }

    #[tokio::test]
    async fn a_savepoint_is_taken_back_with_what_is_ahead() {
        let (_folder, db) = table().await;
        let mut tx = begin(&db).await;
        tx.run(insert("x")).await.unwrap();
        tx.set_savepoint(sql("SAVEPOINT s"));
        tx.run(insert("y")).await.unwrap();
        tx.put_ahead(insert("x"));
        tx.roll_back_to(sql("ROLLBACK TO SAVEPOINT s")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(texts(&db).await, ["x"]);
    }

    #[tokio::test]
    async fn a_savepoint_that_is_still_ahead_is_taken_back_alone() {
        let (_folder, db) = table().await;
        let mut tx = begin(&db).await;
        tx.put_ahead(insert("w"));
        tx.set_savepoint(sql("SAVEPOINT outer_one"));
        tx.put_ahead(insert("x"));
        tx.set_savepoint(sql("SAVEPOINT inner_one"));
        tx.put_ahead(insert("y"));
        tx.roll_back_to(sql("ROLLBACK TO SAVEPOINT inner_one")).await.unwrap();
        tx.release(sql("RELEASE SAVEPOINT outer_one")).await.unwrap();
        tx.set_savepoint(sql("SAVEPOINT outer_one"));
        tx.put_ahead(insert("z"));
        tx.roll_back_to(sql("ROLLBACK TO SAVEPOINT outer_one")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(texts(&db).await, ["w", "x"]);
    }

    #[tokio::test]
    async fn the_first_statement_may_be_refused_in_its_savepoint_and_the_others_are_kept() {
        let (_folder, db) = table().await;
        db.run(insert("x")).await.unwrap();
        let mut tx = begin(&db).await;
        for (text, is_new) in [("x", false), ("y", true), ("y", false), ("z", true)] {
            tx.set_savepoint(sql("SAVEPOINT s"));
            assert_eq!(tx.run(insert(text)).await.is_ok(), is_new, "{text}");
            if is_new {
                tx.release(sql("RELEASE SAVEPOINT s")).await.unwrap();
            } else {
                tx.roll_back_to(sql("ROLLBACK TO SAVEPOINT s")).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
        assert_eq!(texts(&db).await, ["x", "y", "z"]);
    }

    #[tokio::test]
    async fn what_is_ahead_of_the_end_of_a_savepoint_is_refused_there() {
        let (_folder, db) = table().await;
        let mut tx = begin(&db).await;
        tx.run(insert("x")).await.unwrap();
        tx.set_savepoint(sql("SAVEPOINT s"));
        tx.run(insert("y")).await.unwrap();
        tx.put_ahead(insert("x"));
        tx.release(sql("RELEASE SAVEPOINT s")).await.unwrap_err();
        tx.roll_back_to(sql("ROLLBACK TO SAVEPOINT s")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(texts(&db).await, ["x"]);
    }

    #[tokio::test]
    async fn nothing_runs_outside_of_a_transaction_that_did_not_begin() {
        let (folder, db) = table().await;
        let url = format!("sqlite://{}", folder.path().join("x.db").display());
        let other = open(&url).await.unwrap().writer;
        let mut writing = begin(&other).await;
        writing.run(insert("y")).await.unwrap();
        db.run(sql("PRAGMA busy_timeout = 0")).await.unwrap();
        let mut tx = begin(&db).await;
        assert!(tx.run(insert("x")).await.is_err(), "the other one writes");
        writing.commit().await.unwrap();
        assert!(tx.run(insert("x")).await.is_err());
        tx.put_ahead(insert("x"));
        assert!(tx.commit().await.is_err());
        assert_eq!(texts(&db).await, ["y"]);
    }

    #[tokio::test]
    async fn whatever_the_first_statement_is_refused_for_its_transaction_has_begun() {
        let (_folder, db) = table().await;
        let mut tx = begin(&db).await;
        tx.set_savepoint(sql("SAVEPOINT s"));
        assert!(tx.run(sql("SELECT nothing")).await.is_err());
        tx.roll_back_to(sql("ROLLBACK TO SAVEPOINT s")).await.unwrap();
        tx.run(insert("x")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(texts(&db).await, ["x"]);
    }

    #[tokio::test]
    async fn nothing_runs_after_sqlite_has_taken_everything_back() {
        let (_folder, db) = table().await;
        db.run(sql("PRAGMA max_page_count = 8")).await.unwrap();
        let mut tx = begin(&db).await;
        tx.run(insert("x")).await.unwrap();
        let large = sql("INSERT INTO t (b) VALUES (").push_bind("", "x".repeat(100_000)).push(")");
        assert!(tx.run(large).await.is_err(), "the disk is full");
        assert!(tx.run(insert("y")).await.is_err());
        assert!(tx.commit().await.is_err());
        assert!(texts(&db).await.is_empty());
    }

    #[tokio::test]
    async fn what_has_done_nothing_takes_no_lock() {
        let (_folder, db) = table().await;
        begin(&db).await.commit().await.unwrap();
        begin(&db).await.rollback().await;
        let mut tx = begin(&db).await;
        tx.run(insert("x")).await.unwrap();
        tx.rollback().await;
        assert!(texts(&db).await.is_empty());
    }
}
