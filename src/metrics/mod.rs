//! What the server counts of itself: requests, sockets, deliveries, the process, and what the hub counts
//! ([`dx_actors::metrics`]). Written in Prometheus' text format when somebody asks
//! ([`crate::http`] decides who may).
//!
//! No label names a person, a chat or a number: words come from closed lists, ids are those of departments.

mod process;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use dashmap::DashMap;
use dx_actors::{Hub, domain::webhook::Verdict};
use prometheus_client::{
    encoding::prometheus_text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use crate::ws::transport::End;

/// The version of the format that [`Metrics::encode`] writes.
pub use prometheus_text::CONTENT_TYPE;

/// What all names begin with that are ours.
const PREFIX: &str = "dx";
/// Upper limits in seconds. A webhook of a network is answered within milliseconds, a person notices 0.1 s, an
/// answer is given up after 30 s.
const REQUEST_SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];
/// Requests for what is not served.
const NO_ROUTE: &str = "none";
/// Close codes that are told apart: those of RFC 6455 and ours. A peer may choose among thousands.
const CLOSE_CODES: [(u16, &str); 11] = [
    (1000, "1000"),
    (1001, "1001"),
    (1002, "1002"),
    (1003, "1003"),
    (1005, "1005"),
    (1007, "1007"),
    (1008, "1008"),
    (1009, "1009"),
    (1011, "1011"),
    (4001, "4001"),
    (4008, "4008"),
];

/// What stands for a code of its own.
const OTHER_CODE: &str = "other";
const STALLED: &str = "stalled";
const LOST: &str = "lost";

type OneWord = [(&'static str, &'static str); 1];
type NewHistogram = fn() -> Histogram;

/// Everything that is counted, under its names.
pub struct Metrics {
    registry: Registry,
    requests: Family<[(&'static str, String); 3], Counter>,
    request_seconds: Family<[(&'static str, String); 2], Histogram, NewHistogram>,
    /// By path in the table of paths.
    routes: DashMap<String, Arc<RouteMeters>>,
    sockets: Sockets,
    deliveries: Family<OneWord, Counter>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

impl Metrics {
    /// Counts from now on, and reads what this hub counts.
    pub fn new(hub: &Hub) -> Self {
        let requests = Family::default();
        let new: NewHistogram = || Histogram::new(REQUEST_SECONDS);
        let request_seconds = Family::new_with_constructor(new);
        let (sockets, deliveries) = (Sockets::default(), Family::default());
        begin(&deliveries, "outcome", ["taken", "failed", "gone"]);
        let mut registry = Registry::default();
        let ours = registry.sub_registry_with_prefix(PREFIX);
        let build =
            [("version", env!("CARGO_PKG_VERSION")), ("database", hub.store().database_name())];
        ours.register("build", "The program that runs", Info::new(build));
        ours.register("http_requests", "Requests by route and answer", requests.clone());
        ours.register_with_unit(
            "http_request",
            "How long an answer took, until its body began",
            Unit::Seconds,
            request_seconds.clone(),
        );
        ours.register("sockets", "WebSockets that are open", sockets.open.clone());
        ours.register("socket_closes", "Ends of WebSockets by close code", sockets.closed.clone());
        ours.register(
            "webhook_deliveries",
            "Attempts to tell other systems, by outcome",
            deliveries.clone(),
        );
        ours.register_collector(Box::new(hub.metrics()));
        registry.register_collector(Box::new(process::Process));
        let routes = DashMap::new();
        Self { registry, requests, request_seconds, routes, sockets, deliveries }
    }

    /// Everything, as Prometheus reads it. Reads files of the kernel.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// A request has been answered; `route` is its path in the table of paths.
    pub fn answered(
        &self,
        method: &Method,
        route: Option<&str>,
        status: StatusCode,
        took: Duration,
    ) {
        let (route, class) = (route.unwrap_or(NO_ROUTE), status.as_u16() / 100);
        let meters = match self.routes.get(route) {
            Some(meters) => Arc::clone(&meters),
            None => Arc::clone(&self.routes.entry(route.to_owned()).or_default()),
        };
        let place = method_place(method);
        let word = place.map_or(OTHER_METHOD, |place| METHODS[place]);
        let of_method = &meters[place.unwrap_or(METHODS.len())];
        let labels = || [("method", word.to_owned()), ("route", route.to_owned())];
        let counted = || {
            let [method, route] = labels();
            let class = ("status", format!("{class}xx"));
            self.requests.get_or_create_owned(&[method, route, class])
        };
        of_method.answered[usize::from(class.clamp(1, 5)) - 1].get_or_init(counted).inc();
        let seconds =
            of_method.seconds.get_or_init(|| self.request_seconds.get_or_create_owned(&labels()));
        seconds.observe(took.as_secs_f64());
    }

    /// An attempt to tell another system has ended.
    pub fn delivered(&self, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Taken => "taken",
            Verdict::Failed { .. } => "failed",
            Verdict::Gone => "gone",
        };
        self.deliveries.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }
}

/// Others than these are up to the client, who could think of any number of them.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const OTHER_METHOD: &str = "other";

fn method_place(method: &Method) -> Option<usize> {
    METHODS.into_iter().position(|known| method == known)
}

/// The meters of a route by method, found without making labels for each request.
type RouteMeters = [MethodMeters; METHODS.len() + 1];

#[derive(Debug, Default)]
struct MethodMeters {
    /// By class of status, from 1xx.
    answered: [OnceLock<Counter>; 5],
    seconds: OnceLock<Histogram>,
}

/// Open and closed WebSockets.
#[derive(Debug, Clone)]
pub struct Sockets {
    open: Family<OneWord, Gauge>,
    closed: Family<OneWord, Counter>,
}

impl Default for Sockets {
    fn default() -> Self {
        let (open, closed) = (Family::default(), Family::default());
        begin(&open, "kind", [SocketKind::Events.word(), SocketKind::Echo.word()]);
        begin(&closed, "code", CLOSE_CODES.map(|(_, word)| word));
        begin(&closed, "code", [OTHER_CODE, STALLED, LOST]);
        Self { open, closed }
    }
}

/// Series that are there from the start: from nothing to the first one is a rise as well.
fn begin<M: Clone + Default, const N: usize>(
    family: &Family<OneWord, M>,
    label: &'static str,
    words: [&'static str; N],
) {
    for word in words {
        family.get_or_create_owned(&[(label, word)]);
    }
}

/// What a WebSocket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketKind {
    Events,
    Echo,
}

impl SocketKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Echo => "echo",
        }
    }
}

impl Sockets {
    /// One more is open, until what this gives is told its end or dropped.
    pub fn opened(&self, kind: SocketKind) -> OpenSocket {
        let open = self.open.get_or_create_owned(&[("kind", kind.word())]);
        open.inc();
        OpenSocket { open, closed: self.closed.clone() }
    }

    /// One was closed right after its handshake.
    pub fn refused(&self, code: u16) {
        self.closed.get_or_create(&[("code", code_word(code))]).inc();
    }
}

/// A WebSocket that is open.
#[derive(Debug)]
pub struct OpenSocket {
    open: Gauge,
    closed: Family<OneWord, Counter>,
}

impl OpenSocket {
    /// How it ended.
    pub fn ended(self, end: End) {
        let code = match end {
            End::Closed(farewell) => code_word(farewell.code()),
            End::Stalled => STALLED,
            End::Lost => LOST,
        };
        self.closed.get_or_create(&[("code", code)]).inc();
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.open.dec();
    }
}

fn code_word(code: u16) -> &'static str {
    CLOSE_CODES.into_iter().find(|(known, _)| *known == code).map_or(OTHER_CODE, |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::Farewell;

    #[test]
    fn what_clients_choose_cannot_make_ever_more_series() {
        let sockets = Sockets::default();
        for code in 3000..5000 {
            sockets.opened(SocketKind::Events).ended(End::Closed(Farewell::echo(code)));
        }
        let (mut registry, mut text) = (Registry::default(), String::new());
        registry.register("closed", "Ends", sockets.closed.clone());
        prometheus_text::encode(&mut text, &registry).unwrap();
        let series = text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(series.count(), CLOSE_CODES.len() + 3, "{text}");
        assert_eq!(sockets.closed.get_or_create(&[("code", "other")]).get(), 1998);
        assert_eq!(sockets.open.get_or_create(&[("kind", "events")]).get(), 0);
        for method in ["BREW", "get", "TRACE"] {
            assert_eq!(method_place(&method.parse().unwrap()), None);
        }
    }
}
