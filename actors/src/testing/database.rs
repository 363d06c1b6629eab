//! A database for one test: a file that vanishes, or a PostgreSQL database of its own.

use std::{
    io::{self, Write},
    str::FromStr,
};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, postgres::PgConnectOptions};
use tempfile::TempDir;

use crate::store::Store;

const SERVER_VARIABLE: &str = "TEST_POSTGRES_URL";

/// A database that belongs to one test.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    /// The folder of a SQLite file, removed when the test ends.
    _folder: Option<TempDir>,
    /// Removes a PostgreSQL database when the test ends, however it does.
    _dropped: Option<DropDatabase>,
}

#[derive(Debug)]
struct DropDatabase {
    server: PgConnectOptions,
    name: String,
}

impl Drop for DropDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A thread of its own: this one may be inside a runtime that is unwinding.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(execute(&server, drop));
        });
        // A second panic would hide the first; what is left then is only clutter.
        let _ = dropped.join();
    }
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("hub.sqlite3").display());
        Self { url, _folder: Some(folder), _dropped: None }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Opens it; a second call is like a restart of the hub.
    pub async fn open(&self) -> Store {
        Store::open(&self.url).await.expect("the test's database opens")
    }
}

async fn execute(server: &PgConnectOptions, text: String) {
    let mut connection = server.connect().await.expect("the test server answers");
    sqlx::query(AssertSqlSafe(text)).execute(&mut connection).await.expect("the statement runs");
    connection.close().await.expect("the connection closes");
}

/// Runs a test body on SQLite.
pub async fn on_sqlite<F: Future<Output = ()>>(body: impl FnOnce(TestDatabase) -> F) {
    body(TestDatabase::sqlite()).await;
}

/// Runs a test body on PostgreSQL, or says that it was skipped.
pub async fn on_postgres<F: Future<Output = ()>>(body: impl FnOnce(TestDatabase) -> F) {
    let Ok(server_url) = std::env::var(SERVER_VARIABLE) else {
        assert!(
            std::env::var("DX_REQUIRE_POSTGRES").as_deref() != Ok("1"),
            "{SERVER_VARIABLE} is not set, but DX_REQUIRE_POSTGRES is"
        );
        say_skipped();
        return;
    };
    // Not a process id: one that was killed may have left a database behind, and ids come back.
    let name = format!("dx_actors_{:016x}", rand::random::<u64>());
    let server = PgConnectOptions::from_str(&server_url).expect("a PostgreSQL address");
    execute(&server, format!("CREATE DATABASE {name}")).await;
    let url = server.clone().database(&name).to_url_lossy().to_string();
    let dropped = Some(DropDatabase { server, name });
    body(TestDatabase { url, _folder: None, _dropped: dropped }).await;
}

/// Past the capture of the test harness: a skipped test has to be seen.
fn say_skipped() {
    // Without a terminal there is nobody to see it.
    let _ = writeln!(io::stderr(), "skipped: {SERVER_VARIABLE} is not set");
}
