//! A database per test, and the macro that runs a test on both kinds.

use std::{
    env,
    future::Future,
    io::{self, Write},
    time::Duration,
};

use tokio::time::timeout;
use tokio_postgres::NoTls;

/// A hanging test is a failing test.
const TEST_DEADLINE: Duration = Duration::from_mins(3);

/// Where a server under test keeps its rows.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// The default: a file in the server's data folder.
    Sqlite,
    /// A database of this test's own on the server of `TEST_POSTGRES_URL`.
    Postgres { url: String },
}

impl Database {
    /// The value of `DATABASE_URL`; the default needs none.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { url } => Some(url),
        }
    }

    async fn create_postgres(admin_url: String) -> (Self, DropDatabase) {
        // Not a process id: one that was killed may have left a database behind, and ids come back.
        let name = format!("dx_test_{:016x}", rand::random::<u64>());
        run_sql(&admin_url, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        let (server, _) =
            admin_url.rsplit_once('/').expect("TEST_POSTGRES_URL ends in /<database>");
        let url = format!("{server}/{name}");
        (Self::Postgres { url }, DropDatabase { admin_url, name })
    }
}

/// Removes the database of a test when it ends, however it does.
struct DropDatabase {
    admin_url: String,
    name: String,
}

impl Drop for DropDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let admin_url = self.admin_url.clone();
        // A thread of its own: this one may be inside a runtime that is unwinding.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(run_sql(&admin_url, &drop));
        });
        // A second panic would hide the first; what is left then is only clutter.
        let _ = dropped.join();
    }
}

async fn run_sql(url: &str, statement: &str) {
    let done = on_postgres(url, async |client| client.batch_execute(statement).await).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// Works on a database of PostgreSQL over a connection of its own, which has ended afterwards.
pub(crate) async fn on_postgres<T>(
    url: &str,
    work: impl AsyncFnOnce(&tokio_postgres::Client) -> T,
) -> T {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL answers");
    let connection = tokio::spawn(connection);
    let done = work(&client).await;
    drop(client);
    connection.await.expect("no panic").expect("a polite end");
    done
}

pub(crate) async fn run_on_sqlite<F: Future<Output = ()>>(body: impl FnOnce(Database) -> F) {
    timeout(TEST_DEADLINE, body(Database::Sqlite)).await.expect("the test ends in time");
}

pub(crate) async fn run_on_postgres<F: Future<Output = ()>>(body: impl FnOnce(Database) -> F) {
    let Ok(admin_url) = env::var("TEST_POSTGRES_URL") else {
        let is_required = env::var("DX_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        assert!(!is_required, "DX_REQUIRE_POSTGRES=1, but TEST_POSTGRES_URL is not set");
        // Not `println!`, which is kept from sight when a test passes.
        let _ = writeln!(io::stderr(), "skipped: TEST_POSTGRES_URL is not set");
        return;
    };
    let (database, _dropped) = Database::create_postgres(admin_url).await;
    timeout(TEST_DEADLINE, body(database)).await.expect("the test ends in time");
}

/// Makes the tests `<name>::sqlite` and `<name>::postgres` of each `async fn <name>(db: Database)`.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                $crate::support::database::run_on_sqlite(super::$name).await;
            }

            #[tokio::test]
            async fn postgres() {
                $crate::support::database::run_on_postgres(super::$name).await;
            }
        }
    )+};
}
pub(crate) use on_both_databases;
