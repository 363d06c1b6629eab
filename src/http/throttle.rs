//! How often one address may ask for what costs work or can be guessed.
//!
//! Each address has one instant: when it will have paid for what it has asked so far (GCRA). Within a
//! minute it may ask its whole allowance at once, then it is served at the even rate.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use dx_actors::{Clock, domain::Timestamp};

use crate::{error::ApiError, state::AppState};

const WINDOW: Duration = Duration::from_mins(1);
/// About 3 MiB. When even more addresses are active, all start afresh.
const ADDRESSES_MAX: usize = 65_536;

#[derive(Debug)]
pub struct Throttle {
    /// `None` = off.
    interval: Option<Duration>,
    clock: Arc<dyn Clock>,
    paid_until: Mutex<HashMap<IpAddr, Timestamp>>,
}

impl Throttle {
    /// 0 = off.
    pub fn per_minute(requests: u32, clock: Arc<dyn Clock>) -> Self {
        let interval = WINDOW.checked_div(requests);
        Self { interval, clock, paid_until: Mutex::default() }
    }

    /// Lets one request of `address` through, or says how long to wait.
    pub fn admit(&self, address: IpAddr) -> Result<(), Duration> {
        let Some(interval) = self.interval else { return Ok(()) };
        let now = self.clock.now();
        let mut paid_until = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        if paid_until.len() >= ADDRESSES_MAX {
            paid_until.retain(|_, until| *until > now);
            if paid_until.len() >= ADDRESSES_MAX {
                paid_until.clear();
            }
        }
        let until = paid_until.entry(network_of(address)).or_insert(now);
        let next = (*until).max(now).plus(interval);
        let wait = next.since(now.plus(WINDOW));
        if wait.is_zero() {
            *until = next;
            return Ok(());
        }
        Err(wait)
    }
}

/// An IPv6 customer owns a whole /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The layer for routes that are throttled.
pub async fn per_address(State(app): State<AppState>, request: Request, next: Next) -> Response {
    match client_address(&request).map_or(Ok(()), |address| app.throttle.admit(address)) {
        Ok(()) => next.run(request).await,
        Err(retry_after) => ApiError::RateLimited { retry_after }.into_response(),
    }
}

/// The peer; behind a proxy on the same machine, the address that the proxy saw. `X-Forwarded-For` of
/// anybody else is not believed.
fn client_address(request: &Request) -> Option<IpAddr> {
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let forwarded = || {
        let header = request.headers().get_all("x-forwarded-for").iter().next_back()?;
        header.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = peer.ip().to_canonical();
    if peer.is_loopback() { forwarded().or(Some(peer)) } else { Some(peer) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{ManualClock, TestApp};

    fn throttle(per_minute: u32) -> (Throttle, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        (Throttle::per_minute(per_minute, clock.clone()), clock)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_allowance_is_spent_at_once_and_earned_back_evenly() {
        let (throttle, clock) = throttle(3);
        for _ in 0..3 {
            assert_eq!(throttle.admit(ip("10.0.0.1")), Ok(()));
        }
        let wait = throttle.admit(ip("10.0.0.1")).unwrap_err();
        assert_eq!(wait.as_millis().div_ceil(1000), 20);
        assert_eq!(throttle.admit(ip("10.0.0.2")), Ok(()), "another address is not affected");
        clock.advance(Duration::from_secs(20));
        assert_eq!(throttle.admit(ip("10.0.0.1")), Ok(()));
        assert!(throttle.admit(ip("10.0.0.1")).is_err());
    }

    #[test]
    fn zero_is_off() {
        let (throttle, _) = throttle(0);
        assert!((0..1000).all(|_| throttle.admit(ip("10.0.0.1")).is_ok()));
    }

    #[test]
    fn a_v6_network_counts_as_one_and_memory_is_bounded() {
        let (throttle, _) = throttle(1);
        assert!(throttle.admit(ip("2001:db8::1")).is_ok());
        assert!(throttle.admit(ip("2001:db8::ffff")).is_err());
        assert!(throttle.admit(ip("2001:db8:0:1::1")).is_ok());
        for n in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 10 {
            let _outcome = throttle.admit(IpAddr::from(n.to_be_bytes()));
        }
        assert!(throttle.paid_until.lock().unwrap().len() <= ADDRESSES_MAX);
    }

    #[tokio::test]
    async fn the_address_is_that_of_the_peer_or_of_a_local_proxy() {
        let cases = [
            ("10.0.0.9:1", Some("1.1.1.1"), "10.0.0.9"),
            ("127.0.0.1:1", Some("6.6.6.6, 1.1.1.1"), "1.1.1.1"),
            ("127.0.0.1:1", Some("garbage"), "127.0.0.1"),
            ("[::ffff:127.0.0.1]:1", None, "127.0.0.1"),
        ];
        for (peer, forwarded, expected) in cases {
            let mut request = Request::new(axum::body::Body::empty());
            let peer: SocketAddr = peer.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
            if let Some(forwarded) = forwarded {
                request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
            }
            assert_eq!(client_address(&request), Some(ip(expected)));
        }
    }

    #[tokio::test]
    async fn too_many_logins_are_turned_away() {
        let app = TestApp::with_environment(&[("RATE_LIMIT_PER_MINUTE", "2")]).await;
        let log_in = || app.post("/api/v1/auth/token/").json(&serde_json::json!({})).send();
        assert_eq!(log_in().await.status, 400);
        assert_eq!(log_in().await.status, 400);
        let answer = log_in().await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.headers["retry-after"], "30");
        assert_eq!(answer.json()["error"], "Pedido foi limitado.");
    }
}
