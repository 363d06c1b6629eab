//! What can go wrong with the database, and whether anything may have been written.

/// A failure of the store. Its text is for logs, never for clients.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint; `constraint` is its name, or the columns on SQLite.
    #[error("unique constraint `{constraint}`")]
    Unique { constraint: String },
    /// A reference to a row that is not there.
    #[error("foreign key constraint `{constraint}`")]
    ForeignKey { constraint: String },
    /// The row is no longer in the version that the change was planned for.
    #[error("row has changed meanwhile")]
    Stale,
    /// Somebody else has taken over what the writer owned: nothing has been written.
    #[error("somebody else has taken over")]
    Fenced,
    /// A row that cannot be understood.
    #[error("{table} row {id} cannot be understood")]
    Corrupt { table: &'static str, id: i64 },
    /// Refused before the commit: nothing has been written.
    #[error("database refused the statement")]
    Refused(#[source] sqlx::Error),
    /// The commit itself failed: it may or may not have been written. Many units share one commit, so
    /// the cause is kept as text.
    #[error("outcome of the commit is unknown: {0}")]
    Uncertain(String),
    /// The writer has ended because the hub is stopping, or could not begin: nothing was done.
    #[error("writer did not carry it out")]
    Closed,
    /// A unit of work panicked and was rolled back.
    #[error("unit of work panicked")]
    Panicked,
    #[error("migration failed")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("database address cannot be used: {0}")]
    BadUrl(String),
}

impl StoreError {
    /// It is proved that nothing has been written.
    pub const fn certainly_aborted(&self) -> bool {
        !matches!(self, Self::Uncertain(_))
    }
}

impl From<sqlx::Error> for StoreError {
    /// For statements inside a transaction that is not committed yet, and for reads.
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(db) = &error else { return Self::Refused(error) };
        if db.is_unique_violation() {
            return Self::Unique { constraint: constraint_of(db.as_ref()) };
        }
        if db.is_foreign_key_violation() {
            return Self::ForeignKey { constraint: constraint_of(db.as_ref()) };
        }
        Self::Refused(error)
    }
}

/// PostgreSQL names the constraint; SQLite says `UNIQUE constraint failed: table.column, …`.
fn constraint_of(error: &dyn sqlx::error::DatabaseError) -> String {
    match error.constraint() {
        Some(name) => name.to_owned(),
        None => error.message().rsplit(": ").next().unwrap_or_default().to_owned(),
    }
}
