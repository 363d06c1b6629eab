//! What a run has come to: every figure, and the one word. The keys of the JSON are part of the interface.

use std::{collections::BTreeMap, num::NonZero, thread, time::Duration};

use serde::Serialize;

use super::{
    ledger::Findings,
    meter::{Count, Hop, Quantiles},
    process::Used,
    run::Run,
    stored::Whereabouts,
};

/// From this share of all processors on, the test's own process is what is measured.
const CLIENT_CPU_SHARE_MAX: f64 = 0.85;
/// Ids of lost messages that are named.
const EXAMPLES_MAX: usize = 10;

/// The one word. The exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Nothing lost, nothing wrong, and the figures can be trusted.
    Ok,
    /// Something was lost, repeated, out of order, or shown to the wrong person.
    Faults,
    /// Requests failed, or could not be made at the rate that was asked for.
    Errors,
    /// The test itself was too slow: its figures say nothing of the hub.
    ClientSaturated,
}

impl Verdict {
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Faults | Self::Errors => 1,
            Self::ClientSaturated => 3,
        }
    }
}

/// What the machine had to do while messages were sent and measured.
#[derive(Debug, Default)]
pub(super) struct Machine {
    pub(super) server: Option<Used>,
    pub(super) client: Option<Used>,
    pub(super) server_sockets: Option<u64>,
    pub(super) measured: Duration,
}

/// Sockets that never read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frozens {
    pub(super) open: usize,
    pub(super) cut_off: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) url: String,
    pub(super) run: String,
    pub(super) verdict: Verdict,
    pub(super) is_valid: bool,
    pub(super) was_interrupted: bool,
    pub(super) measured_seconds: f64,
    pub(super) settings: Settings,
    /// By [`Hop::key`].
    pub(super) hops: BTreeMap<&'static str, Measured>,
    pub(super) messages: Checked,
    pub(super) replies: Checked,
    pub(super) streams: Streams,
    pub(super) lost_messages: Lost,
    pub(super) lost_replies: Lost,
    pub(super) requests: Requests,
    pub(super) errors: BTreeMap<String, u64>,
    pub(super) errors_total: u64,
    pub(super) client: Client,
    pub(super) server: Option<Server>,
    pub(super) cleanup_error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Settings {
    pub(super) agents: u32,
    pub(super) sockets: u64,
    pub(super) frozen_sockets: u64,
    pub(super) customers: u32,
    pub(super) connections: u32,
    pub(super) messages_per_second: f64,
    pub(super) replies_per_second: f64,
    pub(super) transfers_per_second: f64,
    pub(super) closings_per_second: f64,
    pub(super) warmup_seconds: f64,
    pub(super) duration_seconds: f64,
    pub(super) storm_every_seconds: Option<f64>,
    pub(super) storm_percent: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Measured {
    pub(super) per_second: f64,
    #[serde(flatten)]
    pub(super) quantiles: Quantiles,
}

/// Messages in one direction, from the first to the last of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Checked {
    pub(super) asked: u64,
    pub(super) accepted: u64,
    /// Refused or not answered.
    pub(super) unknown: u64,
    /// Accepted, and not shown to whoever had to be told.
    pub(super) lost: u64,
    pub(super) misdirected: u64,
}

/// What the sockets saw, in both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Streams {
    pub(super) events: u64,
    pub(super) events_replayed: u64,
    pub(super) duplicated: u64,
    pub(super) reordered: u64,
    pub(super) seq_gaps: u64,
    pub(super) seq_missing: u64,
    pub(super) seq_repeated: u64,
    /// Resumes that the hub's history did not reach back to.
    pub(super) not_recovered: u64,
    /// Sockets that found another run of the hub.
    pub(super) restarts_seen: u64,
    pub(super) chats_requeued: u64,
    pub(super) frozen_sockets_opened: usize,
    pub(super) frozen_sockets_cut_off: usize,
}

/// What was accepted and not shown, looked up afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Lost {
    #[serde(flatten)]
    pub(super) places: Whereabouts,
    pub(super) examples: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Requests {
    /// Found their connection busy.
    pub(super) started_late: u64,
    /// Were due and never made: the hub or the connections were too slow.
    pub(super) unsent: u64,
    /// No chat was there for them.
    pub(super) without_a_chat: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Client {
    pub(super) is_saturated: bool,
    pub(super) lag_p99_us: u64,
    pub(super) lag_max_us: u64,
    pub(super) lag_p99_allowed_us: u64,
    pub(super) cpus: usize,
    pub(super) process: Option<Used>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Server {
    pub(super) process: Used,
    /// Per message of either side that was accepted in the measured time.
    pub(super) cpu_us_per_message: Option<f64>,
    pub(super) sockets: Option<u64>,
}

impl Report {
    pub(super) fn new(
        run: &Run,
        machine: Machine,
        frozens: Frozens,
        [stored_messages, stored_replies]: [Whereabouts; 2],
        was_interrupted: bool,
    ) -> Self {
        let meter = &run.meter;
        let (inbound, outbound) = (run.inbound.findings(), run.outbound.findings());
        let seconds = machine.measured.as_secs_f64();
        let client = client(run, machine.client);
        let messages = meter.recorded(Hop::Webhook) + meter.recorded(Hop::Send);
        let server = machine.server.map(|process| Server {
            cpu_us_per_message: (messages > 0)
                .then(|| process.cpu_seconds * 1e6 / as_f64(messages)),
            process,
            sockets: machine.server_sockets,
        });
        let mut report = Self {
            version: env!("CARGO_PKG_VERSION"),
            url: run.args.url.clone(),
            run: run.id.word(),
            verdict: Verdict::Ok,
            is_valid: true,
            was_interrupted,
            measured_seconds: seconds,
            settings: settings(run),
            hops: hops(run, seconds),
            lost_messages: lost(run, &inbound, stored_messages),
            lost_replies: lost(run, &outbound, stored_replies),
            messages: inbound.into(),
            replies: outbound.into(),
            streams: streams(run, frozens),
            requests: Requests {
                started_late: meter.counted(Count::Late),
                unsent: meter.counted(Count::Unsent),
                without_a_chat: meter.counted(Count::Idle),
            },
            errors: meter.errors(),
            errors_total: meter.error_count(),
            client,
            server,
            cleanup_error: None,
        };
        report.verdict = report.judge();
        report.is_valid = !report.client.is_saturated && seconds > 0.0;
        report
    }

    /// What is lost is lost, however slow the test was; a test that was too slow says nothing else.
    fn judge(&self) -> Verdict {
        let Streams { duplicated, reordered, seq_gaps, seq_repeated, not_recovered, .. } =
            self.streams;
        let faults = self.unexplained(self.messages, &self.lost_messages)
            + self.unexplained(self.replies, &self.lost_replies)
            + duplicated
            + reordered
            + seq_gaps
            + seq_repeated
            + not_recovered;
        let has_unsent = self.requests.unsent > 0 && !self.was_interrupted;
        if faults > 0 {
            Verdict::Faults
        } else if self.client.is_saturated {
            Verdict::ClientSaturated
        } else if self.errors_total > 0 || has_unsent {
            Verdict::Errors
        } else {
            Verdict::Ok
        }
    }
}

impl Report {
    /// What was lost or misdirected. Events end with the hub's run: after a restart a client reloads, so
    /// what is stored is not lost then. Of a hub that is gone nobody can say; that is an error.
    fn unexplained(&self, checked: Checked, lost: &Lost) -> u64 {
        let is_reloaded = self.streams.restarts_seen > 0;
        let reloaded = if is_reloaded { lost.places.stored } else { 0 };
        let explained = reloaded + lost.places.failed;
        checked.lost.saturating_sub(explained) + checked.misdirected
    }
}

impl From<Findings> for Checked {
    fn from(findings: Findings) -> Self {
        let Findings { asked, accepted, unknown, lost, misdirected, lost_named: _ } = findings;
        Self { asked, accepted, unknown, lost, misdirected }
    }
}

fn lost(run: &Run, findings: &Findings, places: Whereabouts) -> Lost {
    let named = findings.lost_named.iter().take(EXAMPLES_MAX);
    let examples = named.map(|(chat, ordinal)| run.id.message(*chat, *ordinal)).collect();
    Lost { places, examples }
}

fn settings(run: &Run) -> Settings {
    let args = &run.args;
    Settings {
        agents: args.agents,
        sockets: args.sockets() - args.frozen(),
        frozen_sockets: args.frozen(),
        customers: args.customers,
        connections: args.connections,
        messages_per_second: args.rate.per_second(),
        replies_per_second: args.reply_rate.per_second(),
        transfers_per_second: args.transfer_rate.per_second(),
        closings_per_second: args.close_rate.per_second(),
        warmup_seconds: args.warmup.as_secs_f64(),
        duration_seconds: args.duration.as_secs_f64(),
        storm_every_seconds: args.storm_every.map(|every| every.as_secs_f64()),
        storm_percent: args.storm_percent,
    }
}

fn hops(run: &Run, seconds: f64) -> BTreeMap<&'static str, Measured> {
    let measured = |hop: Hop| {
        let quantiles = run.meter.quantiles(hop);
        let per_second = if seconds > 0.0 { as_f64(quantiles.count) / seconds } else { 0.0 };
        (hop.key(), Measured { per_second, quantiles })
    };
    Hop::ALL.into_iter().map(measured).collect()
}

fn streams(run: &Run, frozens: Frozens) -> Streams {
    let counted = |what| run.meter.counted(what);
    Streams {
        events: counted(Count::Events),
        events_replayed: counted(Count::Replayed),
        duplicated: counted(Count::Duplicated),
        reordered: counted(Count::Reordered),
        seq_gaps: counted(Count::SeqGaps),
        seq_missing: counted(Count::SeqMissing),
        seq_repeated: counted(Count::SeqRepeated),
        not_recovered: counted(Count::NotRecovered),
        restarts_seen: counted(Count::Restarts),
        chats_requeued: counted(Count::Requeued),
        frozen_sockets_opened: frozens.open,
        frozen_sockets_cut_off: frozens.cut_off,
    }
}

fn client(run: &Run, process: Option<Used>) -> Client {
    let lag = run.meter.quantiles(Hop::ClientLag);
    let cpus = thread::available_parallelism().map_or(1, NonZero::get);
    let allowed_us = u64::try_from(run.args.lag_max.as_micros()).unwrap_or(u64::MAX);
    let cores = process.as_ref().map_or(0.0, |used| used.cpu_cores);
    Client {
        is_saturated: is_saturated(lag.p99_us, allowed_us, cores, cpus),
        lag_p99_us: lag.p99_us,
        lag_max_us: lag.max_us,
        lag_p99_allowed_us: allowed_us,
        cpus,
        process,
    }
}

/// By its lateness, or by what it uses of the machine.
fn is_saturated(lag_p99_us: u64, allowed_us: u64, cores: f64, cpus: usize) -> bool {
    lag_p99_us > allowed_us || cores > CLIENT_CPU_SHARE_MAX * as_f64(cpus as u64)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
pub(super) mod tests {
    use std::{sync::Arc, time::Duration};

    use clap::Parser;

    use super::*;
    use crate::load::{
        ledger::NOBODY,
        names::RunId,
        options::{LoadArgs, Target},
    };

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn run() -> Run {
        let words = ["load", "--password", "x", "--customers", "3", "--warmup", "0s"];
        let args = Line::try_parse_from(words).unwrap().load;
        let target = Target { address: "127.0.0.1:1".parse().unwrap(), host: "x".to_owned() };
        Run::new(RunId::random(), args, Arc::new(target), Vec::new(), 1)
    }

    fn report_of(run: &Run) -> Report {
        let machine = Machine { measured: Duration::from_secs(2), ..Machine::default() };
        Report::new(run, machine, Frozens::default(), Default::default(), false)
    }

    /// A run with one message that went well.
    pub(in crate::load) fn sound_report() -> Report {
        report_of(&sound_run())
    }

    fn sound_run() -> Run {
        let run = run();
        let ordinal = run.inbound.begin(0, Duration::ZERO, NOBODY);
        run.inbound.accepted(0, ordinal, false);
        run.inbound.seen(0, ordinal, 0);
        run.meter.record(Hop::Webhook, Duration::from_millis(3));
        run
    }

    #[test]
    fn a_sound_run_is_ok_and_its_rates_are_of_the_measured_time() {
        let report = sound_report();
        assert_eq!((report.verdict, report.is_valid), (Verdict::Ok, true));
        assert_eq!(report.verdict.exit_code(), 0);
        assert!((report.hops["webhook_to_200"].per_second - 0.5).abs() < 1e-9);
    }

    #[test]
    fn every_fault_is_told_and_fails_the_run() {
        let counts = [
            Count::Duplicated,
            Count::Reordered,
            Count::SeqGaps,
            Count::SeqRepeated,
            Count::NotRecovered,
        ];
        for count in counts {
            let run = sound_run();
            run.meter.count(count);
            assert_eq!(report_of(&run).verdict, Verdict::Faults, "{count:?}");
        }
        let run = sound_run();
        let ordinal = run.inbound.begin(2, Duration::ZERO, NOBODY);
        run.inbound.accepted(2, ordinal, false);
        let report = report_of(&run);
        assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Faults, 1));
        assert_eq!((report.messages.lost, report.messages.accepted), (1, 2));
        assert_eq!(report.lost_messages.examples, [run.id.message(2, 0)]);
    }

    #[test]
    fn what_a_restarted_hub_has_stored_is_not_lost() {
        let run = sound_run();
        let ordinal = run.inbound.begin(2, Duration::ZERO, NOBODY);
        run.inbound.accepted(2, ordinal, false);
        let mut report = report_of(&run);
        report.lost_messages.places =
            Whereabouts { looked_up: 1, stored: 1, ..Whereabouts::default() };
        assert_eq!(report.judge(), Verdict::Faults, "nobody has restarted it");
        report.streams.restarts_seen = 1;
        assert_eq!(report.judge(), Verdict::Ok);
        report.lost_messages.places =
            Whereabouts { looked_up: 1, missing: 1, ..Whereabouts::default() };
        assert_eq!(report.judge(), Verdict::Faults);
        report.lost_messages.places =
            Whereabouts { looked_up: 1, failed: 1, ..Whereabouts::default() };
        assert_eq!(
            report.judge(),
            Verdict::Ok,
            "that it could not be asked is an error of its own"
        );
    }

    #[test]
    fn errors_and_a_rate_that_was_not_reached_fail_it_too() {
        let run = sound_run();
        run.meter.error("webhook", "status 503");
        assert_eq!(report_of(&run).verdict, Verdict::Errors);
        let run = sound_run();
        run.meter.count(Count::Unsent);
        let mut report = report_of(&run);
        assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Errors, 1));
        report.was_interrupted = true;
        assert_eq!(report.judge(), Verdict::Ok, "whoever interrupts it wants no more to be sent");
    }

    #[test]
    fn a_late_test_blames_itself_unless_something_is_lost() {
        let run = sound_run();
        run.meter.error("webhook", "no answer in time");
        run.meter.record(Hop::ClientLag, Duration::from_millis(50));
        let report = report_of(&run);
        assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::ClientSaturated, 3));
        assert!(!report.is_valid && report.client.lag_p99_us >= 49_900);
        run.meter.count(Count::Duplicated);
        assert_eq!(report_of(&run).verdict, Verdict::Faults);
    }

    #[test]
    fn it_is_saturated_by_lateness_or_by_its_own_use_of_the_machine() {
        assert!(!is_saturated(10_000, 10_000, 1.6, 2));
        assert!(is_saturated(10_001, 10_000, 0.1, 2));
        assert!(is_saturated(1, 10_000, 1.8, 2));
    }
}
