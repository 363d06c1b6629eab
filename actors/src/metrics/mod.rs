//! What the hub counts of itself while it works. Each part holds its own instruments and writes to them
//! where the thing happens; [`HubMetrics`] reads them all, and what is only known at that moment, when
//! somebody asks.
//!
//! Instruments cost a few nanoseconds: counters are atomic, histograms lock for one addition. Nothing here is
//! written once per socket and event.

mod collector;

use std::time::Duration;

use prometheus_client::metrics::{
    counter::Counter, family::Family, gauge::Gauge, histogram::Histogram,
};
use tokio::time::Instant;

pub use collector::HubMetrics;

use crate::{
    domain::{ProviderKind, latency},
    store::BATCH_JOBS_MAX,
};

/// Upper limits in seconds of what happens inside the hub. Beyond them come those of
/// [`latency::LIMITS_MS`], which tell networks and people.
const INSIDE_SECONDS: [f64; 6] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025];
/// Upper limits in seconds of one commit: a disk syncs in 0.5 to 4 ms, a slow one in 100.
const COMMIT_SECONDS: [f64; 11] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Two labels of a closed vocabulary.
type TwoWords = [(&'static str, &'static str); 2];

/// The limits of all hops: [`INSIDE_SECONDS`], then [`latency::LIMITS_MS`].
fn hop_limits() -> impl Iterator<Item = f64> {
    INSIDE_SECONDS.into_iter().chain(latency::limits_seconds())
}

/// Commits of the store.
#[derive(Debug, Clone)]
pub(crate) struct Commits {
    /// How many jobs one commit had.
    jobs: Histogram,
    /// From `BEGIN` to the end of the sync.
    seconds: Histogram,
    failed: Counter,
}

impl Default for Commits {
    fn default() -> Self {
        let sizes = std::iter::successors(Some(1.0), |size| Some(size * 2.0));
        let sizes = sizes.take(BATCH_JOBS_MAX.ilog2() as usize + 1);
        let seconds = Histogram::new(COMMIT_SECONDS);
        Self { jobs: Histogram::new(sizes), seconds, failed: Counter::default() }
    }
}

impl Commits {
    /// One transaction has ended, with so many jobs in it.
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    pub(crate) fn ended(&self, jobs: usize, took: Duration, is_committed: bool) {
        self.jobs.observe(jobs as f64);
        self.seconds.observe(took.as_secs_f64());
        if !is_committed {
            self.failed.inc();
        }
    }
}

/// Actors of one kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Actors {
    pub(crate) failures: Counter,
    pub(crate) restarts: Counter,
    /// Nobody answered in time.
    pub(crate) timeouts: Counter,
    asked: Gauge,
}

impl Actors {
    /// Somebody waits for an answer until this is dropped, however the waiting ends.
    pub(crate) fn asking(&self) -> Asking {
        self.asked.inc();
        Asking(self.asked.clone())
    }
}

/// A question that has not been answered yet.
pub(crate) struct Asking(Gauge);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Messages in and out.
#[derive(Debug, Clone)]
pub(crate) struct Messages {
    /// From the network's instant to us.
    provider: Histogram,
    /// From us to the end of the commit.
    durable: Histogram,
    /// From the commit until the queue knows and the events are published.
    routed: Histogram,
    received: Family<TwoWords, Counter>,
    handed_over: Family<TwoWords, Counter>,
}

impl Default for Messages {
    fn default() -> Self {
        let hop = || Histogram::new(hop_limits());
        let (received, handed_over) = (Family::default(), Family::default());
        Self { provider: hop(), durable: hop(), routed: hop(), received, handed_over }
    }
}

/// When a message passed the hops inside the hub.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passed {
    pub(crate) come_at: Instant,
    pub(crate) stored_at: Instant,
}

impl Messages {
    /// A message that is stored and routed now. `under_way` is how long it was, as far as its network says.
    pub(crate) fn received(
        &self,
        provider: Option<ProviderKind>,
        passed: Passed,
        under_way: Option<Duration>,
    ) {
        let Passed { come_at, stored_at } = passed;
        if let Some(under_way) = under_way {
            self.provider.observe(under_way.as_secs_f64());
        }
        self.durable.observe(stored_at.duration_since(come_at).as_secs_f64());
        self.routed.observe(stored_at.elapsed().as_secs_f64());
        self.count_received(provider, "stored");
    }

    /// It was known, or could not be stored.
    pub(crate) fn not_received(&self, provider: Option<ProviderKind>, is_repeat: bool) {
        self.count_received(provider, if is_repeat { "repeat" } else { "failed" });
    }

    fn count_received(&self, provider: Option<ProviderKind>, outcome: &'static str) {
        let labels = [("provider", word_of(provider)), ("outcome", outcome)];
        self.received.get_or_create(&labels).inc();
    }

    /// How handing one over ended.
    pub(crate) fn handed_over(&self, provider: Option<ProviderKind>, outcome: &'static str) {
        let labels = [("provider", word_of(provider)), ("outcome", outcome)];
        self.handed_over.get_or_create(&labels).inc();
    }
}

/// `unknown` for a number that nobody has started.
const fn word_of(provider: Option<ProviderKind>) -> &'static str {
    match provider {
        Some(ProviderKind::Sandbox) => "sandbox",
        Some(ProviderKind::Web) => "web",
        Some(ProviderKind::Cloud) => "cloud",
        None => "unknown",
    }
}

/// Events on their way to sockets.
#[derive(Debug)]
pub struct Events {
    pub(crate) published: Counter,
    /// Frames of events that were written to sockets.
    delivered: Counter,
    /// Holes in what a socket was told.
    gaps: Counter,
    /// By whether what was missed could be told.
    resumed: Family<[(&'static str, &'static str); 1], Counter>,
    /// From the publishing to the write at the socket that was told last.
    socket: Histogram,
}

impl Default for Events {
    fn default() -> Self {
        let socket = Histogram::new(hop_limits());
        let counter = Counter::default;
        let (published, delivered, gaps) = (counter(), counter(), counter());
        let resumed = Family::default();
        for outcome in [Resumed::Recovered, Resumed::TooOld, Resumed::Unknown] {
            let _seen = resumed.get_or_create(&[("outcome", outcome.word())]);
        }
        Self { published, delivered, gaps, resumed, socket }
    }
}

/// How a return of a client ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumed {
    Recovered,
    /// A position of this run that the history does not reach: events are missed for good.
    TooOld,
    /// A position of another run, one that nobody was told of, or none: the client starts afresh.
    Unknown,
}

impl Resumed {
    const fn word(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::TooOld => "too_old",
            Self::Unknown => "unknown",
        }
    }
}

impl Events {
    /// So many events were written to one socket at once.
    pub fn deliver(&self, events: u64) {
        self.delivered.inc_by(events);
    }

    /// Events that were written so far, once per socket.
    pub fn delivered(&self) -> u64 {
        self.delivered.get()
    }

    /// Holes so far.
    pub fn gaps(&self) -> u64 {
        self.gaps.get()
    }

    /// A socket was told an event that does not follow the one before.
    pub fn miss(&self) {
        self.gaps.inc();
    }

    /// The event that was timed has been written.
    pub fn written(&self, published_at: Instant) {
        self.socket.observe(published_at.elapsed().as_secs_f64());
    }

    pub(crate) fn resumed(&self, outcome: Resumed) {
        if outcome == Resumed::TooOld {
            self.gaps.inc();
        }
        self.resumed.get_or_create(&[("outcome", outcome.word())]).inc();
    }
}

#[cfg(test)]
mod tests;
