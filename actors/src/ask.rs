//! How actors are asked, and how an actor settles what it was asked.

use std::time::Duration;

use ractor::{ActorProcessingErr, RpcReplyPort};

use crate::error::HubError;

/// How long a caller waits for an actor. Longer than a database that is waited for (10 s for a
/// connection would be a failure anyway), shorter than an HTTP request may take (30 s).
pub(crate) const ASK_TIMEOUT: Duration = Duration::from_secs(8);

/// A message that took longer to handle is worth a line in the log.
const SLOW_MESSAGE: Duration = Duration::from_millis(250);

/// Where the answer goes.
pub(crate) type Reply<T> = RpcReplyPort<Result<T, HubError>>;

/// Sends the answer. When the outcome of a write is in doubt the actor's memory may disagree with the
/// rows: then the actor ends, is started again by its supervisor and reloads.
pub(crate) fn settle<T>(
    reply: Reply<T>,
    outcome: Result<T, HubError>,
) -> Result<(), ActorProcessingErr> {
    let doubt = doubt_of(&outcome);
    // A caller that has given up does not need the answer.
    let _ = reply.send(outcome);
    doubt.map_or(Ok(()), Err)
}

/// The same for a message that nobody waits for.
pub(crate) fn settle_cast<T>(
    what: &str,
    outcome: Result<T, HubError>,
) -> Result<(), ActorProcessingErr> {
    let doubt = doubt_of(&outcome);
    if let Err(error) = outcome {
        tracing::warn!(%error, what, "a message was not carried out");
    }
    doubt.map_or(Ok(()), Err)
}

fn doubt_of<T>(outcome: &Result<T, HubError>) -> Option<ActorProcessingErr> {
    match outcome {
        Err(error) if error.needs_reload() => Some(error.to_string().into()),
        _ => None,
    }
}

/// Warns when handling one message takes suspiciously long.
pub(crate) async fn watched<T>(actor: &'static str, work: impl Future<Output = T>) -> T {
    let started = tokio::time::Instant::now();
    let outcome = work.await;
    let took = started.elapsed();
    if took > SLOW_MESSAGE {
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(actor, duration_ms, "handling a message took long");
    }
    outcome
}
