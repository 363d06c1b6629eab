//! A database for one test: a file that vanishes, or a PostgreSQL database of its own.

use std::{
    io::{self, Write},
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, postgres::PgConnectOptions};
use tempfile::TempDir;

use crate::store::Store;

const SERVER_VARIABLE: &str = "TEST_POSTGRES_URL";

/// Makes the names of databases of one process differ.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database that belongs to one test.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    /// The folder of a SQLite file, removed when the test ends.
    _folder: Option<TempDir>,
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("hub.sqlite3").display());
        Self { url, _folder: Some(folder) }
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
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("dx_actors_{}_{number}", std::process::id());
    let server = PgConnectOptions::from_str(&server_url).expect("a PostgreSQL address");
    execute(&server, format!("CREATE DATABASE {name}")).await;
    let url = server.clone().database(&name).to_url_lossy().to_string();
    body(TestDatabase { url, _folder: None }).await;
    execute(&server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

/// Past the capture of the test harness: a skipped test has to be seen.
fn say_skipped() {
    // Without a terminal there is nobody to see it.
    let _ = writeln!(io::stderr(), "skipped: {SERVER_VARIABLE} is not set");
}
