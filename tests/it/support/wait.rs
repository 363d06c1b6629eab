//! Waiting for a state, never for a duration.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Generous: a loaded machine is no failure.
const STATE_DEADLINE: Duration = Duration::from_secs(10);
const PROBE_EVERY: Duration = Duration::from_millis(20);

/// Asks again and again until there is an answer; `what` is the sentence that must come true.
pub(crate) async fn eventually<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    within(STATE_DEADLINE, what, probe).await
}

/// The same for what has a time of its own.
pub(crate) async fn within<T>(
    deadline: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let give_up_at = Instant::now() + deadline;
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(Instant::now() < give_up_at, "within {deadline:?} this came not true: {what}");
        sleep(PROBE_EVERY).await;
    }
}
