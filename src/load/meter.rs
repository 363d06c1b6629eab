//! What a run measures: how long each hop takes, what goes wrong, what is counted. Shared by all tasks.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hdrhistogram::Histogram;

/// Longer than any wait of the test; what takes longer counts as this long.
const LATENCY_US_MAX: u64 = 120_000_000;
/// A thousandth of the value: finer than what two runs differ by.
const SIGNIFICANT_DIGITS: u8 = 3;
/// Kinds of errors that are told apart; the texts of some come from the other side.
const ERROR_KINDS_MAX: usize = 100;
const OTHER_ERRORS: &str = "other";

/// A part of the way that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hop {
    /// A customer's message: from its due time to the webhook's 200.
    Webhook,
    /// From its due time to `message_received` on a socket.
    MessageShown,
    /// An answer: from its due time to 202.
    Send,
    /// From its due time to `message_sent` on a socket of its author.
    AnswerShown,
    Transfer,
    Close,
    /// A socket: from the start to `connected`.
    Connect,
    /// From the break to `resumed`.
    Resume,
    /// From `ping` to `pong`, in line with all events before.
    Ping,
    /// How late the test itself was: from the due time to the moment at which its task ran, with its
    /// connection free.
    ClientLag,
}

impl Hop {
    pub(super) const ALL: [Self; 10] = [
        Self::Webhook,
        Self::MessageShown,
        Self::Send,
        Self::AnswerShown,
        Self::Transfer,
        Self::Close,
        Self::Connect,
        Self::Resume,
        Self::Ping,
        Self::ClientLag,
    ];

    /// In the result's JSON.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Webhook => "webhook_to_200",
            Self::MessageShown => "message_to_socket",
            Self::Send => "send_to_202",
            Self::AnswerShown => "send_to_message_sent",
            Self::Transfer => "transfer_to_200",
            Self::Close => "close_to_200",
            Self::Connect => "connect_to_connected",
            Self::Resume => "break_to_resumed",
            Self::Ping => "ping_to_pong",
            Self::ClientLag => "client_lag",
        }
    }

    /// In the table.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Webhook => "mensagem → 200 do webhook",
            Self::MessageShown => "mensagem → tela do atendente",
            Self::Send => "resposta → 202",
            Self::AnswerShown => "resposta → message_sent",
            Self::Transfer => "transferência → 200",
            Self::Close => "encerramento → 200",
            Self::Connect => "conexão → connected",
            Self::Resume => "queda → resumed",
            Self::Ping => "ping → pong",
            Self::ClientLag => "atraso do próprio teste",
        }
    }

    fn index(self) -> usize {
        self as usize
    }
}

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Events,
    Replayed,
    Duplicated,
    Reordered,
    SeqGaps,
    SeqMissing,
    SeqRepeated,
    NotRecovered,
    /// Greetings of another run of the hub.
    Restarts,
    /// Chats that the hub took back from an agent.
    Requeued,
    /// Sockets that are open.
    Sockets,
    /// A due request found its connection busy and started late.
    Late,
    /// A due request was never made: the run ended first.
    Unsent,
    /// Nobody had a chat for which the due request could be made.
    Idle,
    /// What was measured, by the end of the measured time.
    Asked,
}

impl Count {
    const LEN: usize = Self::Asked as usize + 1;
}

#[derive(Debug)]
pub(super) struct Meter {
    hops: Vec<Mutex<Histogram<u64>>>,
    counts: [AtomicU64; Count::LEN],
    errors: Mutex<BTreeMap<String, u64>>,
}

impl Meter {
    pub(super) fn new() -> Self {
        let histogram = || {
            let made = Histogram::new_with_bounds(1, LATENCY_US_MAX, SIGNIFICANT_DIGITS);
            Mutex::new(made.expect("the bounds are constants that the crate accepts"))
        };
        Self {
            hops: Hop::ALL.iter().map(|_| histogram()).collect(),
            counts: Default::default(),
            errors: Mutex::default(),
        }
    }

    pub(super) fn record(&self, hop: Hop, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(LATENCY_US_MAX);
        lock(&self.hops[hop.index()]).saturating_record(took_us.max(1));
    }

    pub(super) fn count(&self, what: Count) {
        self.add(what, 1);
    }

    pub(super) fn add(&self, what: Count, number: u64) {
        self.counts[what as usize].fetch_add(number, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, what: Count, number: u64) {
        self.counts[what as usize].fetch_sub(number, Ordering::Relaxed);
    }

    pub(super) fn counted(&self, what: Count) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    /// Counts a failure: where it happened, and what it was, in a few words.
    pub(super) fn error(&self, place: &str, kind: &str) {
        let mut errors = lock(&self.errors);
        let name = format!("{place}: {kind}");
        let is_known = errors.contains_key(&name) || errors.len() < ERROR_KINDS_MAX;
        *errors.entry(if is_known { name } else { OTHER_ERRORS.to_owned() }).or_default() += 1;
    }

    pub(super) fn errors(&self) -> BTreeMap<String, u64> {
        lock(&self.errors).clone()
    }

    pub(super) fn error_count(&self) -> u64 {
        lock(&self.errors).values().sum()
    }

    /// How often a hop was measured.
    pub(super) fn recorded(&self, hop: Hop) -> u64 {
        lock(&self.hops[hop.index()]).len()
    }

    pub(super) fn quantiles(&self, hop: Hop) -> Quantiles {
        Quantiles::of(&lock(&self.hops[hop.index()]))
    }
}

/// How a hop's times are spread, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Quantiles {
    pub(super) count: u64,
    pub(super) p50_us: u64,
    pub(super) p90_us: u64,
    pub(super) p99_us: u64,
    pub(super) p999_us: u64,
    pub(super) max_us: u64,
}

impl Quantiles {
    fn of(histogram: &Histogram<u64>) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let at = |quantile| histogram.value_at_quantile(quantile).min(histogram.max());
        Self {
            count: histogram.len(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: histogram.max(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let meter = Meter::new();
        for n in 1..=1000 {
            meter.record(Hop::Webhook, Duration::from_micros(n));
        }
        let found = meter.quantiles(Hop::Webhook);
        assert_eq!((found.count, found.p50_us, found.p90_us), (1000, 500, 900));
        assert_eq!((found.p99_us, found.p999_us, found.max_us), (990, 999, 1000));
        assert_eq!(meter.quantiles(Hop::Send), Quantiles::default());
    }

    #[test]
    fn what_is_out_of_bounds_counts_as_the_bound() {
        let meter = Meter::new();
        meter.record(Hop::Ping, Duration::ZERO);
        meter.record(Hop::Ping, Duration::from_hours(1));
        let found = meter.quantiles(Hop::Ping);
        let off_by = found.max_us.abs_diff(LATENCY_US_MAX);
        assert!(
            (found.count, found.p50_us) == (2, 1) && off_by < LATENCY_US_MAX / 1000,
            "{found:?}"
        );
    }

    #[test]
    fn every_hop_has_a_place_and_a_name_of_its_own() {
        let meter = Meter::new();
        for (index, hop) in Hop::ALL.into_iter().enumerate() {
            assert_eq!(hop.index(), index);
            meter.record(hop, Duration::from_millis(1));
        }
        let keys: std::collections::BTreeSet<_> = Hop::ALL.map(Hop::key).into();
        assert_eq!(keys.len(), Hop::ALL.len());
        assert!(Hop::ALL.iter().all(|hop| meter.quantiles(*hop).count == 1));
    }

    #[test]
    fn kinds_of_errors_are_bounded_and_none_is_forgotten() {
        let meter = Meter::new();
        for n in 0..ERROR_KINDS_MAX + 5 {
            meter.error("webhook", &n.to_string());
        }
        assert_eq!(meter.errors().len(), ERROR_KINDS_MAX + 1);
        assert_eq!(meter.errors()[OTHER_ERRORS], 5);
        assert_eq!(meter.error_count(), 105);
    }
}
