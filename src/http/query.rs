//! The query string of a list: filters, search terms, order. Unknown parameters are ignored and an
//! empty one counts as absent, as clients of the earlier system expect.

use std::collections::HashSet;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Uri, header, request::Parts, uri::Authority},
};
use dx_actors::domain::Timestamp;
use serde_json::Value;

use super::{syntax, target::Target};
use crate::error::{ApiError, ApiResult, FieldErrors};

/// Each term is one more condition for the database.
const SEARCH_TERMS_MAX: usize = 10;

/// The direction of one column of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

/// The parameters of a request, and what is wrong with them so far.
#[derive(Debug)]
pub struct Query {
    pub(super) pairs: Vec<(String, String)>,
    pub(super) base: BaseUrl,
    errors: FieldErrors,
}

impl Query {
    /// The last value of a parameter that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        let pair = self.pairs.iter().rev().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A value of a closed vocabulary.
    pub fn choice<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?.to_owned();
        match parse(&text) {
            None => self.wrong(
                name,
                format!("Faça uma escolha válida. {text} não é uma das escolhas disponíveis."),
            ),
            choice => choice,
        }
    }

    /// A number, also the id of a row.
    pub fn number(&mut self, name: &str) -> Option<i64> {
        let number = self.text(name)?.parse();
        number.map_or_else(|_| self.wrong(name, "Informe um número."), Some)
    }

    /// A switch, in every spelling that a body may have it in.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        self.choice(name, |text| syntax::boolean(&Value::String(text.to_owned())))
    }

    /// An instant; a date alone is its local midnight.
    pub fn datetime(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?.to_owned();
        let at = syntax::datetime(&text).or_else(|| {
            syntax::date(&text).and_then(|_| syntax::datetime(&format!("{text}T00:00")))
        });
        match at {
            None => self.wrong(name, "Informe uma data/hora válida."),
            Some(at) => Some(Timestamp::from_offset_date_time(at)),
        }
    }

    /// The words of `search`; a row has to contain all of them.
    pub fn search_terms(&self) -> Vec<String> {
        self.terms_of("search")
    }

    /// The words of a parameter that is searched like `search`.
    pub fn terms_of(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split_whitespace().take(SEARCH_TERMS_MAX).map(str::to_owned).collect()
    }

    /// `ordering=a,-b` over the names that are known; others are dropped.
    pub fn ordering<T: Copy>(&self, known: &[(&str, T)]) -> Vec<(T, Direction)> {
        let mut seen = HashSet::new();
        let terms = self.text("ordering").unwrap_or_default().split(',').map(str::trim);
        terms
            .filter_map(|term| {
                let (name, direction) = match term.strip_prefix('-') {
                    Some(name) => (name, Direction::Descending),
                    None => (term, Direction::Ascending),
                };
                let (name, column) = known.iter().find(|(known, _)| *known == name)?;
                seen.insert(*name).then_some((*column, direction))
            })
            .collect()
    }

    /// Notes what the handler itself finds wrong.
    pub fn error(&mut self, name: &str, text: impl Into<String>) {
        self.errors.add(name.to_owned(), text);
    }

    /// 400 if any filter was wrong; leaves nothing noted.
    pub fn check(&mut self) -> ApiResult<()> {
        std::mem::take(&mut self.errors).finish(())
    }

    fn wrong<T>(&mut self, name: &str, text: impl Into<String>) -> Option<T> {
        self.error(name, text);
        None
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let mut pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(parts.uri.query().unwrap_or_default())
                .map_err(|_| ApiError::refused("Parâmetros inválidos na URL."))?;
        for (_, value) in &mut pairs {
            // No text of ours holds a NUL, and PostgreSQL takes none.
            value.retain(|c| c != '\0');
        }
        Ok(Self { pairs, base: BaseUrl::of(parts), errors: FieldErrors::default() })
    }
}

/// Where the client reached us, for absolute links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: &'static str,
    host: String,
    path: String,
}

impl BaseUrl {
    fn of(parts: &Parts) -> Self {
        let uri = Target::of(parts).uri;
        let scheme = match header_text(&parts.headers, "x-forwarded-proto") {
            Some(proto) if proto.eq_ignore_ascii_case("https") => "https",
            _ => "http",
        };
        let host = host_of(&parts.headers, &uri);
        Self { scheme, host, path: uri.path().to_owned() }
    }

    /// `scheme://host` and a path of ours.
    pub fn join(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.host)
    }

    /// The address of the request itself with other parameters.
    pub(super) fn with_query(&self, pairs: &[(&str, &str)]) -> String {
        let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{query}", self.join(&self.path))
    }
}

impl<S: Sync> FromRequestParts<S> for BaseUrl {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

fn host_of(headers: &HeaderMap, uri: &Uri) -> String {
    let host = header_text(headers, header::HOST.as_str());
    host.or_else(|| uri.authority().map(Authority::as_str)).unwrap_or("localhost").to_owned()
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
pub(super) fn query_of(uri: &str, headers: &[(&str, &str)]) -> Query {
    let mut request = axum::extract::Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (mut parts, ()) =
        super::target::normalise(request.body(axum::body::Body::empty()).unwrap())
            .map(drop)
            .into_parts();
    futures_util::FutureExt::now_or_never(Query::from_request_parts(&mut parts, &()))
        .unwrap()
        .unwrap()
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;
    use crate::test_support::body_text;

    fn query(uri: &str) -> Query {
        query_of(uri, &[("host", "hub.br")])
    }

    #[tokio::test]
    async fn all_wrong_filters_are_named() {
        let mut query = query("/x?status=zz&cliente=a&desde=ontem&ativo=talvez&livre=1");
        let none: Option<u8> = query.choice("status", |_| None);
        assert_eq!((none, query.number("cliente"), query.datetime("desde")), (None, None, None));
        assert_eq!(query.boolean("ativo"), None);
        let body = body_text(query.check().unwrap_err().into_response()).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        let expected = serde_json::json!({
            "status": ["Faça uma escolha válida. zz não é uma das escolhas disponíveis."],
            "cliente": ["Informe um número."],
            "desde": ["Informe uma data/hora válida."],
            "ativo": ["Faça uma escolha válida. talvez não é uma das escolhas disponíveis."],
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn an_empty_parameter_is_absent_and_the_last_one_counts() {
        let mut query = query("/x?a=&b=1&b=2&c=%C3%A7+d&desde=2026-01-02");
        assert_eq!((query.number("a"), query.number("b")), (None, Some(2)));
        assert_eq!(query.text("a"), None);
        assert_eq!(query.text("c"), Some("ç d"));
        assert_eq!(query.datetime("desde").unwrap().millis(), 1_767_322_800_000);
        assert!(query.check().is_ok());
    }

    #[test]
    fn a_switch_has_many_spellings() {
        let mut query = query("/x?a=True&b=1&c=on&d=FALSE&e=0&f=n&g=&h=+");
        for (name, expected) in [
            ("a", Some(true)),
            ("b", Some(true)),
            ("c", Some(true)),
            ("d", Some(false)),
            ("e", Some(false)),
            ("f", Some(false)),
            ("g", None),
            ("h", None),
            ("i", None),
        ] {
            assert_eq!(query.boolean(name), expected, "{name}");
        }
        assert!(query.check().is_ok());
    }

    #[test]
    fn an_order_drops_what_it_does_not_know() {
        let known = [("nome", 1), ("criado_em", 2), ("created_at", 2)];
        let cases = [
            (
                "/x?ordering=nome,-criado_em",
                vec![(1, Direction::Ascending), (2, Direction::Descending)],
            ),
            ("/x?ordering=zz,-zz,, nome,nome", vec![(1, Direction::Ascending)]),
            ("/x", vec![]),
        ];
        for (uri, expected) in cases {
            let uri = uri.replace(' ', "%20");
            assert_eq!(query(&uri).ordering(&known), expected, "{uri}");
        }
    }

    #[test]
    fn a_search_is_split_into_words() {
        assert_eq!(query("/x?search=+ana++silva%00").search_terms(), ["ana", "silva"]);
        assert!(query("/x?search=+").search_terms().is_empty());
    }
}
