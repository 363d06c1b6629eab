//! Pages of lists that the store keeps.

use dx_actors::store::{self, Order, Slice, StoreError};

use super::{
    paging::{Listing, Page},
    query::{Direction, Query},
};
use crate::error::ApiResult;

impl Query {
    /// The wanted page out of the store, each row made into what travels.
    pub async fn rows<T, O, F>(
        &self,
        fetch: impl Fn(store::Page) -> F,
        convert: impl FnMut(T) -> O,
    ) -> ApiResult<Listing<O>>
    where
        F: Future<Output = Result<Slice<T>, StoreError>>,
    {
        let page = self.page()?;
        let wanted = match page.rows() {
            Some(rows) => rows,
            None => last(page, &fetch).await?,
        };
        let Slice { total, rows } = fetch(wanted).await?;
        let window = page.window(total.try_into().unwrap_or_default())?;
        Ok(self.listing(window, rows.into_iter().map(convert).collect()))
    }

    /// `ordering` in the terms of the store.
    pub fn orders<S: Copy>(&self, known: &[(&str, S)]) -> Vec<Order<S>> {
        let orders = self.ordering(known).into_iter();
        let order =
            |(by, direction)| Order { by, is_descending: direction == Direction::Descending };
        orders.map(order).collect()
    }
}

/// Where the last page is depends on how many rows there are.
async fn last<T, F>(page: Page, fetch: &impl Fn(store::Page) -> F) -> ApiResult<store::Page>
where
    F: Future<Output = Result<Slice<T>, StoreError>>,
{
    let Slice { total, .. } = fetch(store::Page { limit: 0, offset: 0 }).await?;
    let window = page.window(total.try_into().unwrap_or_default())?;
    let number = |n: u64| n.try_into().unwrap_or(i64::MAX);
    Ok(store::Page { limit: number(window.limit), offset: number(window.offset) })
}
