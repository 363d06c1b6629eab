//! Counts statements, for tests that prove that a list costs the same whatever its length.

use std::cell::Cell;

use super::sql::Sql;

tokio::task_local! {
    static STATEMENTS: Cell<u64>;
}

/// What `work` answers, and how many statements its own task has run. Units of work run in another
/// task and are not counted.
pub async fn count_statements<T>(work: impl Future<Output = T>) -> (T, u64) {
    let counting = async {
        let outcome = work.await;
        (outcome, STATEMENTS.with(Cell::get))
    };
    STATEMENTS.scope(Cell::new(0), counting).await
}

/// Called with every statement that is about to run.
pub(super) fn counted(sql: Sql) -> Sql {
    // Nobody counts outside of the scope above.
    let _ = STATEMENTS.try_with(|count| count.set(count.get() + 1));
    sql
}
