//! What a person sees while the test runs: one line that is written over, or one line now and then where
//! nobody watches.

use std::{io::IsTerminal, sync::Arc, time::Duration};

use tokio::time::interval;

use super::{
    meter::{Count, Hop},
    run::Run,
};
use crate::terminal;

const EVERY_ON_A_TERMINAL: Duration = Duration::from_secs(1);
const EVERY_IN_A_LOG: Duration = Duration::from_secs(5);

/// A line on standard error.
pub(super) fn say(text: &str) {
    terminal::print_error(text);
}

/// Until it is stopped.
pub(super) async fn show(run: Arc<Run>) {
    let is_terminal = std::io::stderr().is_terminal();
    let mut ticks = interval(if is_terminal { EVERY_ON_A_TERMINAL } else { EVERY_IN_A_LOG });
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let line = line(&run);
        if is_terminal { terminal::print_over(&line) } else { say(&line) }
    }
}

/// What comes next has a line of its own.
pub(super) fn end() {
    if std::io::stderr().is_terminal() {
        say("");
    }
}

fn line(run: &Run) -> String {
    let meter = &run.meter;
    let (webhook, shown) = (meter.quantiles(Hop::Webhook), meter.quantiles(Hop::MessageShown));
    format!(
        "{:>4} s de {} s  mensagens {}  webhook p99 {:.1} ms  tela p99 {:.1} ms  em aberto {}  \
         WebSockets {}  erros {}",
        run.elapsed().as_secs(),
        run.sending_time().as_secs(),
        webhook.count,
        millis(webhook.p99_us),
        millis(shown.p99_us),
        run.open(),
        meter.counted(Count::Sockets),
        meter.error_count(),
    )
}

#[expect(clippy::cast_precision_loss, reason = "a latency is below 2^53 µs")]
pub(super) fn millis(us: u64) -> f64 {
    us as f64 / 1000.0
}
