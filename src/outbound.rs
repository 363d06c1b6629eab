//! What every request that the hub itself sends to other servers has in common.

use std::time::Duration;

/// Long enough for a slow provider on the other side of the country, short enough for a person who
/// waits for the answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections kept open to each server.
const IDLE_CONNECTIONS_MAX: usize = 4;

/// Chooses the TLS implementation of the process: ring, which is linked anyway. Two are present in the
/// dependency graph and rustls refuses to guess. Calling it again does nothing.
pub fn install_tls() {
    // Somebody was first: then it is installed, which is what was asked for.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client for servers of others: bounded in time, follows no redirects.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    builder().build()
}

/// The same, to be told more.
pub fn builder() -> reqwest::ClientBuilder {
    install_tls();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("dx-connect/", env!("CARGO_PKG_VERSION")))
}
