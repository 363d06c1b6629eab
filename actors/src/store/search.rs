//! The index of the words in messages: an FTS5 table on SQLite, a `tsvector` under GIN on PostgreSQL.
//!
//! Which words a text has is decided in one place for both (`domain/search.rs`); the databases only keep
//! lists of them, each in its own notation. What belongs to a notation is at the end of this file.

use super::{
    Page, Scope, Slice, Store, StoreError,
    db::{Connection, Db, Tx},
    fold::run_chunked,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, Message, MessageRowId, SearchQuery, Timestamp,
    search::{Clause, index_words},
};

/// Rows that are counted and can be leafed through: who has that many results has to say more.
pub const SEARCH_RESULTS_MAX: i64 = 1000;
/// Older messages that are indexed in one transaction, between which others write.
const BACKLOG_ROWS: i64 = 500;

/// Which messages are searched; `None` leaves a column free.
#[derive(Debug, Clone, Default)]
pub struct SearchFilter {
    pub chat_id: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl SearchFilter {
    fn push(&self, sql: Sql) -> Sql {
        sql.push_bind_if(" AND m.chat_id = ", self.chat_id.as_deref())
            .push_bind_if(" AND m.created_at >= ", self.from)
            .push_bind_if(" AND m.created_at <= ", self.until)
    }
}

/// Messages of chats that a person may see, and those that he sent outside of any.
fn push_scope(scope: &Scope, viewer: AgentId, sql: Sql) -> Sql {
    if *scope == Scope::All {
        return sql;
    }
    let sql = sql
        .push_bind(" AND ((m.ticket_id IS NULL AND m.agent_id = ", viewer)
        .push(") OR EXISTS (SELECT 1 FROM tickets t WHERE t.id = m.ticket_id");
    scope.push(sql).push("))")
}

impl Store {
    /// A page of what was found, newest first. `total` stops at [`SEARCH_RESULTS_MAX`].
    pub async fn search_messages(
        &self,
        scope: &Scope,
        viewer: AgentId,
        query: &SearchQuery,
        filter: &SearchFilter,
        page: Page,
    ) -> Result<Slice<Message>, StoreError> {
        let found = |select| {
            let select = push_match(&self.reader, sql(select), query);
            filter.push(push_scope(scope, viewer, select))
        };
        let count = found(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM message_search s \
             JOIN messages m ON m.id = s.rowid WHERE ",
        )
        .push_bind(" LIMIT ", SEARCH_RESULTS_MAX)
        .push(") AS found");
        let (total,): (i64,) = self.reader.one(count).await?;
        let select =
            found("SELECT m.* FROM message_search s JOIN messages m ON m.id = s.rowid WHERE ")
                .push(" ORDER BY s.rowid DESC")
                .push_bind(" LIMIT ", page.limit)
                .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    /// Indexes some messages that are older than the index, the newest of them first. Whether there
    /// may be more.
    pub(crate) async fn index_older_messages(&self) -> Result<bool, StoreError> {
        // Not through `Store::unit`: a failure that a test orders is meant for what the test does.
        let indexed = self.writer.unit(unit!(tx => {
            let (up_to,): (MessageRowId,) = tx.one(sql("SELECT up_to FROM search_backlog")).await?;
            let select = sql("SELECT id, text FROM messages WHERE id <= $1 ORDER BY id DESC LIMIT $2");
            let rows: Vec<(MessageRowId, String)> =
                tx.all(select.bind(up_to).bind(BACKLOG_ROWS)).await?;
            let Some((last, _)) = rows.last() else { return Ok(false) };
            let next = MessageRowId(last.0 - 1);
            index(tx, rows.iter().map(|(id, text)| (*id, index_words(text)))).await?;
            tx.run(sql("UPDATE search_backlog SET up_to = $1").bind(next)).await?;
            Ok(true)
        }));
        indexed.await
    }
}

/// Adds the words ([`index_words`]) of new messages, in the transaction that stores them.
pub(super) async fn index(
    tx: &mut Tx,
    messages: impl Iterator<Item = (MessageRowId, Vec<String>)>,
) -> Result<(), StoreError> {
    let rows: Vec<_> = messages.filter(|(_, words)| !words.is_empty()).collect();
    let push_words = match tx.connection {
        Connection::Sqlite(_) => push_fts5_words,
        Connection::Postgres(_) => push_vector,
    };
    run_chunked(tx, &rows, |chunk| {
        sql("INSERT INTO message_search (rowid, words) VALUES ")
            .push_rows(chunk, |row, (id, words)| push_words(row.push_bind("", *id), words))
    })
    .await
}

/// The words of a message whose text has changed.
pub(super) async fn reindex(tx: &mut Tx, id: MessageRowId, text: &str) -> Result<(), StoreError> {
    tx.run(sql("DELETE FROM message_search WHERE rowid = $1").bind(id)).await?;
    index(tx, std::iter::once((id, index_words(text)))).await
}

// The two notations. Words are letters and digits only, so nothing in them needs to be escaped.

fn push_fts5_words(sql: Sql, words: &[String]) -> Sql {
    sql.push_bind(", ", words.join(" "))
}

fn push_vector(sql: Sql, words: &[String]) -> Sql {
    sql.push_bind(", CAST(CAST(", vector(words)).push(" AS TEXT) AS TSVECTOR)")
}

/// Each word with its position; the database bounds positions by itself.
fn vector(words: &[String]) -> String {
    let positioned = words.iter().zip(1_usize..).map(|(word, at)| format!("'{word}':{at}"));
    positioned.collect::<Vec<_>>().join(" ")
}

fn push_match(db: &Db, sql: Sql, query: &SearchQuery) -> Sql {
    let all = |text: fn(&Clause) -> String, separator: &str| {
        query.clauses().iter().map(text).collect::<Vec<_>>().join(separator)
    };
    match db {
        Db::Sqlite(_) => sql.push_bind("message_search MATCH ", all(fts5, " AND ")),
        Db::Postgres(_) => sql
            .push_bind("s.words @@ CAST(CAST(", all(tsquery, " & "))
            .push(" AS TEXT) AS TSQUERY)"),
    }
}

/// `"segunda via" *`.
fn fts5(clause: &Clause) -> String {
    let star = if clause.is_prefix { " *" } else { "" };
    format!("\"{}\"{star}", clause.words.join(" "))
}

/// `('segunda' <-> 'via':*)`.
fn tsquery(clause: &Clause) -> String {
    let words: Vec<String> = clause.words.iter().map(|word| format!("'{word}'")).collect();
    let star = if clause.is_prefix { ":*" } else { "" };
    format!("({}{star})", words.join(" <-> "))
}
