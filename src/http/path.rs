//! The id in a path.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use crate::error::ApiError;

/// The only parameter of a path, a positive number; anything else names nothing (404).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let text = path.map_err(|_| ApiError::not_found())?.0;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_number).map(Self).ok_or_else(ApiError::not_found)
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, extract::Request, routing::get};

    use super::*;
    use crate::test_support::send;

    #[tokio::test]
    async fn what_is_not_a_number_is_not_found() {
        let routes = || Router::new().route("/x/{id}", get(async |Id(id): Id| id.to_string()));
        let cases = [
            ("/x/7", 200),
            ("/x/abc", 404),
            ("/x/-1", 404),
            ("/x/+1", 404),
            ("/x/1.5", 404),
            ("/x/99999999999999999999", 404),
        ];
        for (path, status) in cases {
            let request = Request::get(path).body(Body::empty()).unwrap();
            assert_eq!(send(routes(), request).await.status, status, "{path}");
        }
    }
}
