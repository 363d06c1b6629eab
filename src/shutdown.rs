//! How the process ends: the first signal asks for an orderly end, the second for one at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What everybody who runs for long listens to.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Accept nothing new, finish what has been started.
    pub graceful: CancellationToken,
    /// Leave now.
    pub now: CancellationToken,
}

impl Shutdown {
    /// Takes one step further towards the end.
    pub fn advance(&self) {
        if self.graceful.is_cancelled() {
            self.now.cancel();
        } else {
            self.graceful.cancel();
        }
    }
}

/// Turns SIGINT and SIGTERM into steps of a [`Shutdown`].
pub fn listen() -> io::Result<Shutdown> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = Shutdown::default();
    let steps = shutdown.clone();
    tokio::spawn(async move {
        while !steps.now.is_cancelled() {
            let name = next_signal(&mut interrupt, &mut terminate).await;
            steps.advance();
            tracing::info!(signal = name, at_once = steps.now.is_cancelled(), "ending");
        }
    });
    Ok(shutdown)
}

async fn next_signal(interrupt: &mut Signal, terminate: &mut Signal) -> &'static str {
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_signal_ends_at_once() {
        let shutdown = Shutdown::default();
        shutdown.advance();
        assert!(shutdown.graceful.is_cancelled() && !shutdown.now.is_cancelled());
        shutdown.advance();
        assert!(shutdown.now.is_cancelled());
    }
}
