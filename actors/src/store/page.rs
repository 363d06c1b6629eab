//! Parts of long lists.

/// Which rows of a list are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub limit: i64,
    pub offset: i64,
}

/// The rows of one page and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice<T> {
    pub total: i64,
    pub rows: Vec<T>,
}

/// One column of an ordering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<S> {
    pub by: S,
    pub is_descending: bool,
}

/// ` ORDER BY …, id`: the orderings, then the id so that pages never overlap.
pub(super) fn push_order<S: Copy>(
    mut sql: super::sql::Sql,
    orders: &[Order<S>],
    column: impl Fn(S) -> &'static str,
    tie: &'static str,
) -> super::sql::Sql {
    sql = sql.push(" ORDER BY ");
    for order in orders {
        sql = sql.push(column(order.by)).push(if order.is_descending { " DESC, " } else { ", " });
    }
    sql.push(tie)
}
