//! Pages of a list: which rows are wanted and how the answer is wrapped.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use dx_actors::store::{self, Order, Slice, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::{Direction, Query};
use crate::error::{ApiError, ApiResult};

/// Contract §1.
const PAGE_SIZE_DEFAULT: u64 = 20;
const PAGE_SIZE_MAX: u64 = 100;

/// What a client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    number: PageNumber,
    size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageNumber {
    At(u64),
    Last,
}

/// The rows of a page of a list whose length is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub offset: u64,
    pub limit: u64,
    number: u64,
    pages: u64,
    count: u64,
}

impl Page {
    /// Which rows the page holds; 404 past the end.
    pub fn window(self, count: u64) -> ApiResult<Window> {
        // An empty list has one empty page.
        let pages = count.div_ceil(self.size).max(1);
        let number = match self.number {
            PageNumber::At(number) => number,
            PageNumber::Last => pages,
        };
        if number > pages {
            return Err(no_such_page());
        }
        let offset = (number - 1) * self.size;
        Ok(Window { offset, limit: self.size, number, pages, count })
    }

    /// The rows of the page if the list is long enough; none as long as nobody knows the last page.
    fn first_guess(self) -> store::Page {
        let (number, limit) = match self.number {
            PageNumber::At(number) => (number, self.size),
            PageNumber::Last => (1, 0),
        };
        let offset = (number - 1).saturating_mul(self.size);
        let [limit, offset] = [limit, offset].map(|n| n.try_into().unwrap_or(i64::MAX));
        store::Page { limit, offset }
    }
}

impl Window {
    fn rows(self) -> store::Page {
        let [limit, offset] = [self.limit, self.offset].map(|n| n.try_into().unwrap_or(i64::MAX));
        store::Page { limit, offset }
    }
}

/// Uma página de uma lista.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T> {
    /// Linhas em todas as páginas.
    pub count: u64,
    /// Endereço da página seguinte.
    pub next: Option<String>,
    /// Endereço da página anterior.
    pub previous: Option<String>,
    pub results: Vec<T>,
}

impl<T> Listing<T> {
    /// The same page with its rows as the client reads them.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Listing<U> {
        let Self { count, next, previous, results } = self;
        Listing { count, next, previous, results: results.into_iter().map(convert).collect() }
    }
}

impl<T: Serialize> IntoResponse for Listing<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl Query {
    /// `page` and `page_size`. A size out of range is corrected, a page that cannot be is 404.
    pub fn page(&self) -> ApiResult<Page> {
        let size = self.text("page_size").and_then(|text| text.parse().ok()).filter(|n| *n > 0);
        let size = size.unwrap_or(PAGE_SIZE_DEFAULT).min(PAGE_SIZE_MAX);
        let number = match self.text("page") {
            None => PageNumber::At(1),
            Some("last") => PageNumber::Last,
            Some(text) => {
                let number = text.parse().ok().filter(|number| *number > 0);
                PageNumber::At(number.ok_or_else(no_such_page)?)
            }
        };
        Ok(Page { number, size })
    }

    /// Wraps the rows of a window with links to its neighbours.
    pub fn listing<T>(&self, window: Window, results: Vec<T>) -> Listing<T> {
        let Window { number, pages, count, .. } = window;
        Listing {
            count,
            next: (number < pages).then(|| self.link_to(number + 1)),
            previous: (number > 1).then(|| self.link_to(number - 1)),
            results,
        }
    }

    /// One page of a list that is in memory.
    pub fn paginate<T>(&self, rows: impl IntoIterator<Item = T>) -> ApiResult<Listing<T>> {
        let rows: Vec<T> = rows.into_iter().collect();
        let window = self.page()?.window(rows.len().try_into().unwrap_or(u64::MAX))?;
        let [skip, take] =
            [window.offset, window.limit].map(|n| n.try_into().unwrap_or(usize::MAX));
        Ok(self.listing(window, rows.into_iter().skip(skip).take(take).collect()))
    }

    /// One page of a list in the database; `fetch` reads rows and says how many there are in all. Only
    /// `page=last` has to ask twice.
    pub async fn fetch<T, F>(&self, fetch: impl Fn(store::Page) -> F) -> ApiResult<Listing<T>>
    where
        F: Future<Output = Result<Slice<T>, StoreError>>,
    {
        let page = self.page()?;
        let slice = fetch(page.first_guess()).await?;
        let count = slice.total.try_into().unwrap_or_default();
        let window = page.window(count)?;
        let rows = match page.number {
            PageNumber::At(_) => slice.rows,
            PageNumber::Last => fetch(window.rows()).await?.rows,
        };
        Ok(self.listing(window, rows))
    }

    /// `ordering` as the store understands it.
    pub fn orders<T: Copy>(&self, known: &[(&str, T)]) -> Vec<Order<T>> {
        let is_descending = |direction| direction == Direction::Descending;
        let terms = self.ordering(known).into_iter();
        terms.map(|(by, way)| Order { by, is_descending: is_descending(way) }).collect()
    }

    /// The first page carries no number, as clients of the earlier system expect.
    fn link_to(&self, number: u64) -> String {
        let number_text = number.to_string();
        let others = self.pairs.iter().filter(|(name, _)| name != "page");
        let mut pairs: Vec<_> =
            others.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if number > 1 {
            pairs.push(("page", &number_text));
        }
        self.base.with_query(&pairs)
    }
}

fn no_such_page() -> ApiError {
    ApiError::missing("Página inválida.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query::query_of;

    fn listing(uri: &str, rows: u64) -> ApiResult<Listing<u64>> {
        query_of(uri, &[("host", "hub.br:8001")]).paginate(0..rows)
    }

    #[test]
    fn pages_link_to_their_neighbours_and_keep_other_parameters() {
        let page =
            listing("/api/v1/clientes/?status=ativo&search=a%20b&page=2&page_size=2", 5).unwrap();
        assert_eq!((page.count, page.results), (5, vec![2, 3]));
        let base = "http://hub.br:8001/api/v1/clientes/?status=ativo&search=a+b&page_size=2";
        assert_eq!(page.next.unwrap(), format!("{base}&page=3"));
        assert_eq!(page.previous.unwrap(), base);
        let page = listing("/api/v1/clientes/", 21).unwrap();
        assert_eq!(page.next.unwrap(), "http://hub.br:8001/api/v1/clientes/?page=2");
        assert_eq!((page.previous, page.results.len()), (None, 20));
    }

    #[test]
    fn the_scheme_is_that_of_the_proxy() {
        let headers = [("host", "hub.br"), ("x-forwarded-proto", "https")];
        let page = query_of("/x/?page=last", &headers).paginate(0..40).unwrap();
        assert_eq!(page.previous.unwrap(), "https://hub.br/x/");
    }

    #[test]
    fn sizes_are_corrected() {
        for (size, expected) in [("7", 7), ("0", 20), ("-1", 20), ("x", 20), ("", 20), ("101", 100)]
        {
            let page = listing(&format!("/x?page_size={size}"), 500).unwrap();
            assert_eq!(page.results.len(), expected, "{size}");
        }
    }

    #[test]
    fn the_last_page_and_the_empty_list() {
        assert_eq!(listing("/x?page=last", 45).unwrap().results, [40, 41, 42, 43, 44]);
        assert_eq!(listing("/x?page=last", 40).unwrap().results[0], 20);
        let empty = listing("/x", 0).unwrap();
        assert_eq!((empty.count, empty.next, empty.previous), (0, None, None));
    }

    #[test]
    fn pages_that_do_not_exist_are_not_found() {
        for page in ["0", "-1", "x", "3", "1.5", "99999999999999999999", "18446744073709551615"] {
            let error = listing(&format!("/x?page={page}"), 40).unwrap_err();
            assert_eq!(error.status(), 404, "{page}");
            assert_eq!(error.to_string(), "not found: Página inválida.");
        }
    }
}
