//! What all tasks of a run share.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::{
    fixture::Agent,
    holders::Holders,
    ledger::{AgentIndex, Audience, ChatIndex, Ledger},
    meter::{Hop, Meter},
    names::RunId,
    options::{LoadArgs, Target},
};

/// Storms that a socket may not have noticed yet.
const STORMS_MAX: usize = 16;

#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) args: LoadArgs,
    pub(super) target: Arc<Target>,
    pub(super) agents: Vec<Agent>,
    pub(super) number_id: i64,
    pub(super) meter: Meter,
    /// What customers wrote.
    pub(super) inbound: Ledger,
    /// What agents wrote.
    pub(super) outbound: Ledger,
    pub(super) holders: Holders,
    /// The n-th storm begins.
    pub(super) storms: broadcast::Sender<u64>,
    /// Nothing more is sent.
    pub(super) sending_ends: CancellationToken,
    /// Sockets close.
    pub(super) sockets_end: CancellationToken,
    start: OnceLock<Instant>,
}

impl Run {
    pub(super) fn new(
        id: RunId,
        args: LoadArgs,
        target: Arc<Target>,
        agents: Vec<Agent>,
        number_id: i64,
    ) -> Self {
        let customers = args.customers;
        Self {
            id,
            target,
            agents,
            number_id,
            meter: Meter::new(),
            inbound: Ledger::new(customers, Audience::Holder),
            outbound: Ledger::new(customers, Audience::Author),
            holders: Holders::new(customers),
            storms: broadcast::Sender::new(STORMS_MAX),
            sending_ends: CancellationToken::new(),
            sockets_end: CancellationToken::new(),
            start: OnceLock::new(),
            args,
        }
    }

    /// From here on times count.
    pub(super) fn begin(&self) -> Instant {
        *self.start.get_or_init(Instant::now)
    }

    /// Since the beginning; nothing before it.
    pub(super) fn elapsed(&self) -> Duration {
        self.start.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    /// What was due then is measured, and not only checked.
    pub(super) fn is_measured(&self, due: Duration) -> bool {
        due >= self.args.warmup
    }

    /// Records how long after its due time something came about.
    pub(super) fn record_since(&self, hop: Hop, due: Duration) {
        if self.is_measured(due) {
            self.meter.record(hop, self.elapsed().saturating_sub(due));
        }
    }

    /// When the last message may be due.
    pub(super) fn sending_time(&self) -> Duration {
        self.args.warmup + self.args.duration
    }

    pub(super) fn chat(&self, number: &str) -> Option<ChatIndex> {
        self.id.chat(number, self.args.customers)
    }

    pub(super) fn agent(&self, agent: AgentIndex) -> Option<&Agent> {
        self.agents.get(usize::try_from(agent).ok()?)
    }

    /// Messages that may still be shown.
    pub(super) fn open(&self) -> u64 {
        self.inbound.open() + self.outbound.open()
    }
}
