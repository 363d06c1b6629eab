//! What the same machine does at most: the disk, SQLite by itself.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, params_from_iter, types::Value};

use super::figures::{Samples, ms, per_second, wait_until};

/// How long the disk is asked.
const FSYNC_TIME: Duration = Duration::from_secs(1);

/// Appends of 512 bytes that were synced one after the other.
pub(crate) fn fsyncs_per_second(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("yardstick")).expect("a file");
    let (started, mut done) = (Instant::now(), 0);
    while started.elapsed() < FSYNC_TIME {
        append_synced(&mut file);
        done += 1;
    }
    per_second(done, started)
}

/// Milliseconds of so many of them, with pauses in between.
pub(crate) fn paced_fsyncs(folder: &Path, pause: Duration, count: usize) -> Samples {
    let mut file = File::create(folder.join("yardstick")).expect("a file");
    let sync = |_| {
        wait_until(Instant::now() + pause);
        let asked = Instant::now();
        append_synced(&mut file);
        ms(asked.elapsed())
    };
    (0..count).map(sync).collect()
}

fn append_synced(file: &mut File) {
    file.write_all(&[0; 512]).expect("written");
    file.sync_data().expect("synced");
}

/// The rows of the table `messages` as SQLite gives them.
pub(crate) struct Rows {
    insert: String,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    /// Reads them from a closed database.
    pub(crate) fn of(database: &Path) -> Self {
        let connection = Connection::open(database).expect("a database");
        let mut select = connection.prepare("SELECT * FROM messages ORDER BY id").expect("a table");
        let columns = select.column_names().join(", ");
        let count = select.column_count();
        let places = vec!["?"; count].join(", ");
        let rows = select
            .query_map([], |row| (0..count).map(|column| row.get(column)).collect())
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("each row can be read");
        Self { insert: format!("INSERT INTO messages ({columns}) VALUES ({places})"), rows }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Inserts them into an empty table of the same shape, so many in a transaction; rows per second.
    pub(crate) fn insert_into(&self, database: &Path, in_a_transaction: usize) -> f64 {
        let connection = Connection::open(database).expect("a database");
        for (name, value) in [("journal_mode", "WAL"), ("synchronous", "FULL")] {
            connection.pragma_update(None, name, value).expect("a setting");
        }
        connection.pragma_update(None, "foreign_keys", false).expect("a setting");
        connection.pragma_update(None, "wal_autocheckpoint", 10_000).expect("a setting");
        let mut insert = connection.prepare(&self.insert).expect("a statement");
        let started = Instant::now();
        for rows in self.rows.chunks(in_a_transaction) {
            connection.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
            for row in rows {
                insert.execute(params_from_iter(row)).expect("a row");
            }
            connection.execute_batch("COMMIT").expect("committed");
        }
        per_second(self.len(), started)
    }
}
