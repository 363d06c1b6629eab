//! What a client asked for, before the path is made ready for routing.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Request},
    http::{Uri, request::Parts, uri::PathAndQuery},
};

/// Whether the path ended with a slash. Two legacy routes differ only in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slash {
    With,
    Without,
}

/// The address as it was asked for.
#[derive(Debug, Clone)]
pub struct Target {
    pub uri: Uri,
    pub slash: Slash,
}

/// Remembers the address in the request's extensions and takes one trailing slash off the path.
pub(super) fn normalise(mut request: Request) -> Request {
    let uri = request.uri().clone();
    let trimmed = uri.path().strip_suffix('/').filter(|path| !path.is_empty());
    let slash = if uri.path().ends_with('/') { Slash::With } else { Slash::Without };
    if let Some(uri) = trimmed.and_then(|path| with_path(&uri, path)) {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(Target { uri, slash });
    request
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}

impl Target {
    pub(super) fn of(parts: &Parts) -> Self {
        parts
            .extensions
            .get()
            .cloned()
            .unwrap_or_else(|| Self { uri: parts.uri.clone(), slash: Slash::Without })
    }
}

impl<S: Sync> FromRequestParts<S> for Target {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl<S: Sync> FromRequestParts<S> for Slash {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Target::of(parts).slash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_is_taken_off_and_remembered() {
        let cases = [
            ("/a/b/", "/a/b", Slash::With),
            ("/a/b", "/a/b", Slash::Without),
            ("/a/?q=/x/", "/a?q=/x/", Slash::With),
            ("/a//", "/a/", Slash::With),
            ("/", "/", Slash::With),
            ("http://h:1/a/?q", "http://h:1/a?q", Slash::With),
        ];
        for (asked, routed, slash) in cases {
            let request = Request::builder().uri(asked).body(axum::body::Body::empty()).unwrap();
            let request = normalise(request);
            let target = request.extensions().get::<Target>().unwrap();
            assert_eq!(request.uri().to_string(), routed);
            assert_eq!((target.uri.to_string().as_str(), target.slash), (asked, slash));
        }
    }
}
