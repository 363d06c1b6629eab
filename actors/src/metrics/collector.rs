//! The names under which the hub's figures are read, and what each of them means.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric, NoLabelSet},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        family::Family,
        histogram::Histogram,
    },
    registry::Unit,
};

use super::{Actors, TwoWords, word_of};
use crate::{
    Hub,
    domain::{
        SessionStatus,
        latency::{self, Hop},
    },
    queue::Depth,
};

/// Departments that have a series of their own; the rest is added up as `other`. Companies have a dozen.
const DEPARTMENTS_MAX: usize = 100;

type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// All figures of a hub, read when they are asked for. Names get the prefix of the registry.
#[derive(Debug)]
pub struct HubMetrics(pub(crate) Hub);

impl Hub {
    /// What this hub counts of itself, for a registry.
    pub fn metrics(&self) -> HubMetrics {
        HubMetrics(self.clone())
    }
}

impl Collector for HubMetrics {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.messages(&mut page)?;
        self.events(&mut page)?;
        self.queues(&mut page)?;
        self.actors(&mut page)?;
        self.store(&mut page)?;
        self.sessions(&mut page)
    }
}

impl HubMetrics {
    fn messages(&self, page: &mut Page<'_>) -> fmt::Result {
        let messages = self.0.sessions().meters();
        let events = self.0.outboxes().meters();
        let hops = [
            ("provider", &messages.provider),
            ("durable", &messages.durable),
            ("routed", &messages.routed),
            ("socket", &events.socket),
        ];
        page.histograms(
            "message_hop",
            "How long a customer's message took from hop to hop",
            Some(&Unit::Seconds),
            hops.map(|(hop, histogram)| (labels([("hop", hop)]), histogram)),
        )?;
        page.latencies(
            "outbound_hop",
            "How long messages to customers waited for their turn and for the network to take them",
            &self.0.sessions().hops().of_all(),
        )?;
        page.counted(
            "messages_received",
            "Messages of customers by network and what became of them",
            &messages.received,
        )?;
        page.counted(
            "messages_handed_over",
            "Messages to customers by network and how handing them over ended",
            &messages.handed_over,
        )
    }

    fn events(&self, page: &mut Page<'_>) -> fmt::Result {
        let outboxes = self.0.outboxes();
        let events = outboxes.meters();
        page.counter("events_published", "Events that were published", events.published.get())?;
        page.counter(
            "events_delivered",
            "Events that were written to sockets, once per socket",
            events.delivered.get(),
        )?;
        page.counter(
            "event_gaps",
            "Holes in what clients were told: a sequence number that does not follow the one before, \
             or a return for which the history was too short",
            events.gaps.get(),
        )?;
        let help = "Returns of clients by whether what they missed could be told";
        page.counted("resumes", help, &events.resumed)?;
        let waiting = outboxes.waiting();
        let bytes = Some(&Unit::Bytes);
        page.gauge("outbox", "What waits for all sockets", bytes, whole(waiting.bytes))?;
        page.gauge("outbox_largest", "What waits for one socket", bytes, whole(waiting.bytes_max))
    }

    fn queues(&self, page: &mut Page<'_>) -> fmt::Result {
        let now = self.0.clock().now();
        let mut rows: BTreeMap<(usize, Cow<'static, str>), Depth> = BTreeMap::new();
        for (place, (id, depth)) in self.0.queues().depths().into_iter().enumerate() {
            let key = match place {
                ..DEPARTMENTS_MAX => (place, id.to_string().into()),
                _ => (DEPARTMENTS_MAX, "other".into()),
            };
            rows.entry(key).or_default().add(depth);
        }
        let of = |figure: fn(&Depth) -> usize| {
            let row = move |((_, id), depth): (&(usize, Cow<'static, str>), &Depth)| {
                (labels([("department", id.clone())]), whole(figure(depth)))
            };
            rows.iter().map(row).collect::<Vec<_>>()
        };
        let waiting = of(|depth| depth.waiting);
        page.gauges("queue_waiting", "Chats that wait in a department", None, waiting)?;
        let offered = of(|depth| depth.offered);
        page.gauges("queue_offered", "Of those: an agent is being asked", None, offered)?;
        let late = of(|depth| depth.late);
        page.gauges("queue_late", "Of those: beyond the response target", None, late)?;
        let oldest = rows.iter().map(|((_, id), depth)| {
            let age = depth.oldest_entered_at.map_or(0.0, |at| now.since(at).as_secs_f64());
            (labels([("department", id.clone())]), age)
        });
        let help = "Since when the chat has been waiting that came first";
        page.gauges("queue_oldest", help, Some(&Unit::Seconds), oldest)
    }

    fn actors(&self, page: &mut Page<'_>) -> fmt::Result {
        let (presence, queues) = (self.0.presence().actors(), self.0.queues().actors());
        let (chats, sessions) = (self.0.chats().actors(), self.0.sessions().actors());
        let kinds: [(&'static str, (usize, &Actors)); 4] =
            [("presence", presence), ("queue", queues), ("chat", chats), ("session", sessions)];
        let row = |(kind, _): &(&'static str, _)| labels([("kind", *kind)]);
        let running = kinds.iter().map(|one| (row(one), whole(one.1.0)));
        page.gauges("actors", "Actors that are up", None, running)?;
        let asked = kinds.iter().map(|one| (row(one), one.1.1.asked.get()));
        let help = "Questions in mailboxes or being worked on that somebody waits for";
        page.gauges("actor_mailbox", help, None, asked)?;
        let of = |figure: fn(&Actors) -> u64| {
            kinds.iter().map(|one| (row(one), figure(one.1.1))).collect::<Vec<_>>()
        };
        let failures = of(|actors| actors.failures.get());
        page.counters("actor_failures", "Actors that failed or did not start", failures)?;
        let restarts = of(|actors| actors.restarts.get());
        page.counters("actor_restarts", "Actors that were started anew after a failure", restarts)?;
        let timeouts = of(|actors| actors.timeouts.get());
        page.counters("actor_timeouts", "Questions that were not answered in time", timeouts)
    }

    fn store(&self, page: &mut Page<'_>) -> fmt::Result {
        let (commits, waiting) = self.0.store().commits();
        page.histograms(
            "commit_jobs",
            "Jobs that shared one commit",
            None,
            [(Labels::new(), &commits.jobs)],
        )?;
        page.histograms(
            "commit",
            "How long a transaction took with its sync",
            Some(&Unit::Seconds),
            [(Labels::new(), &commits.seconds)],
        )?;
        page.counter(
            "commit_failures",
            "Transactions that were not begun, or whose end is not known",
            commits.failed.get(),
        )?;
        page.gauge("writer_waiting", "Jobs that wait for the writer", None, whole(waiting))
    }

    fn sessions(&self, page: &mut Page<'_>) -> fmt::Result {
        let mut counted: BTreeMap<TwoWords, i64> = BTreeMap::new();
        for (provider, status) in self.0.sessions().states() {
            let key = [("provider", word_of(Some(provider))), ("status", status_word(status))];
            *counted.entry(key).or_default() += 1;
        }
        let rows = counted.into_iter().map(|(key, count)| (labels(key), count));
        page.gauges("sessions", "WhatsApp numbers by network and state", None, rows)
    }
}

/// What is being written.
struct Page<'e>(DescriptorEncoder<'e>);

impl Page<'_> {
    fn histograms<'h>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        rows: impl IntoIterator<Item = (Labels, &'h Histogram)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        for (labels, histogram) in rows {
            histogram.encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }

    /// Histograms that diagnoses are made from as well.
    fn latencies(
        &mut self,
        name: &str,
        help: &str,
        rows: &[(Hop, latency::Histogram)],
    ) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let mut metric = self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        for (hop, histogram) in rows {
            let limits = latency::limits_seconds().chain([f64::INFINITY]);
            let buckets: Vec<(f64, u64)> = limits.zip(histogram.counts).collect();
            let (sum, total) = (histogram.sum_ms / 1000.0, histogram.total());
            let labels = labels([("hop", hop.word())]);
            let mut row = metric.encode_family(&labels)?;
            row.encode_histogram::<NoLabelSet>(sum, total, &buckets, None)?;
        }
        Ok(())
    }

    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: impl EncodeGaugeValue,
    ) -> fmt::Result {
        self.gauges(name, help, unit, [(Labels::new(), value)])
    }

    fn gauges<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        rows: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (labels, value) in rows {
            metric.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.counters(name, help, [(Labels::new(), value)])
    }

    fn counters(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels, u64)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in rows {
            ConstCounter::new(value).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn counted<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        family: &Family<[(&'static str, &'static str); N], Counter>,
    ) -> fmt::Result {
        let metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        family.encode(metric)
    }
}

fn labels<const N: usize, V: Into<Cow<'static, str>>>(pairs: [(&'static str, V); N]) -> Labels {
    pairs.into_iter().map(|(name, value)| (name, value.into())).collect()
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const fn status_word(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::Disconnected => "disconnected",
        SessionStatus::Connecting => "connecting",
        SessionStatus::QrCode => "qrcode",
        SessionStatus::Authenticated => "authenticated",
        SessionStatus::Ready => "ready",
        SessionStatus::Error => "error",
    }
}
