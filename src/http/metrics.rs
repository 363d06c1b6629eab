//! What the server counts of itself, for Prometheus. Figures tell much about a company, so not everybody reads
//! them: programs of the same machine, and whoever has the key.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};

use crate::{
    auth::{AuthFailure, bearer_token, signature::is_secret},
    config::Secret,
    error::{ApiError, ApiResult},
    metrics::CONTENT_TYPE,
    openapi::{Forbidden, Unauthorized},
    state::AppState,
};

/// What proxies add. A request that carries one comes from somewhere else than its peer.
const FORWARDED: [HeaderName; 6] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// All figures, in the text format of Prometheus.
#[utoipa::path(
    get,
    path = "",
    tag = "Saúde",
    summary = "Números do servidor para o Prometheus",
    description = "No formato de texto do Prometheus (0.0.4). Quem pede do próprio computador, sem proxy no \
                   caminho, não precisa de token; os outros enviam `Authorization: Bearer` com a chave \
                   `METRICS_TOKEN` do servidor, que não é o token de uma pessoa. Sem essa chave, 403.",
    responses(
        (
            status = 200,
            body = String,
            content_type = "text/plain",
            example = json!("# HELP dx_events_published_total Events that were published\n\
                             # TYPE dx_events_published_total counter\n\
                             dx_events_published_total 42\n"),
        ),
        Unauthorized,
        Forbidden,
    ),
    security(()),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    admit(app.config.metrics_token.as_ref(), peer, &headers)?;
    // Each socket is looked at, and the kernel asked.
    let encoded = tokio::task::spawn_blocking(move || app.metrics.encode()).await;
    let text = encoded.map_err(ApiError::internal)?.map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

/// The key decides where there is one and something was presented; else where the request comes from.
fn admit(key: Option<&Secret>, peer: SocketAddr, headers: &HeaderMap) -> ApiResult<()> {
    let presented = headers.get(header::AUTHORIZATION);
    if let (Some(key), Some(presented)) = (key, presented) {
        let presented = presented.to_str().map_err(|_| AuthFailure::BadHeader)?;
        let is_it = is_secret(key.reveal(), bearer_token(presented)?);
        return if is_it { Ok(()) } else { Err(AuthFailure::Invalid.into()) };
    }
    let is_direct = !FORWARDED.iter().any(|name| headers.contains_key(name));
    match key {
        _ if is_direct && peer.ip().to_canonical().is_loopback() => Ok(()),
        Some(_) => Err(AuthFailure::Missing.into()),
        None => Err(ApiError::Forbidden(
            "Só do próprio computador do servidor, sem proxy, ou com a chave METRICS_TOKEN.".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const KEY: &str = "uma-chave-de-verdade";

    /// A peer, its headers, and the answer's status.
    type Case<'a> = (&'a str, &'a [(&'static str, &'a str)], u16);

    /// The status of a refusal; 200 when it is none.
    fn asked(key: Option<&str>, peer: &str, headers: &[(&'static str, &str)]) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let key = key.map(Secret::new);
        match admit(key.as_ref(), peer.parse().unwrap(), &map) {
            Ok(()) => 200,
            Err(error) => error.into_response().status().as_u16(),
        }
    }

    #[test]
    fn without_a_key_only_this_machine_reads_figures() {
        let person = ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x");
        let cases: [Case<'_>; 10] = [
            ("127.0.0.1:9", &[], 200),
            ("[::1]:9", &[], 200),
            ("[::ffff:127.0.0.1]:9", &[], 200),
            ("127.0.0.1:9", &[person], 200),
            ("10.0.0.9:9", &[], 403),
            ("10.0.0.9:9", &[person], 403),
            ("10.0.0.9:9", &[("x-forwarded-for", "127.0.0.1")], 403),
            ("127.0.0.1:9", &[("x-forwarded-for", "127.0.0.1")], 403),
            ("127.0.0.1:9", &[("forwarded", "for=127.0.0.1")], 403),
            ("127.0.0.1:9", &[("via", "1.1 proxy")], 403),
        ];
        for (peer, headers, status) in cases {
            assert_eq!(asked(None, peer, headers), status, "{peer} {headers:?}");
        }
    }

    #[test]
    fn with_a_key_its_owner_reads_them_from_anywhere() {
        let right = ("authorization", "Bearer uma-chave-de-verdade");
        let cases: [Case<'_>; 9] = [
            ("10.0.0.9:9", &[right], 200),
            ("127.0.0.1:9", &[right, ("x-forwarded-for", "1.2.3.4")], 200),
            ("127.0.0.1:9", &[], 200),
            ("10.0.0.9:9", &[], 401),
            ("127.0.0.1:9", &[("x-forwarded-for", "1.2.3.4")], 401),
            ("10.0.0.9:9", &[("authorization", "Bearer uma-chave-de-verdadE")], 401),
            ("127.0.0.1:9", &[("authorization", "Bearer uma-chave")], 401),
            ("10.0.0.9:9", &[("authorization", "Basic dW1hOmNoYXZl")], 401),
            ("10.0.0.9:9", &[("authorization", "Bearer a b")], 401),
        ];
        for (peer, headers, status) in cases {
            assert_eq!(asked(Some(KEY), peer, headers), status, "{peer} {headers:?}");
        }
    }
}
