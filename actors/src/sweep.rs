//! Deadlines live in the rows: from time to time the store is asked what is due, and the chat that it
//! concerns decides again. Nothing sleeps per ticket, so nothing is forgotten by a restart.

use std::{sync::Arc, time::Duration};

use crate::hub::Context;

/// Chats that one sweep closes at most; the rest is due at the next one.
const IDLE_CHATS_MAX: i64 = 500;

/// Hand-overs that one sweep lets go back at most.
const TRANSFERS_MAX: i64 = 500;

/// Sweeps until the hub stops.
pub(crate) async fn run(context: Arc<Context>) {
    let mut ticks = tokio::time::interval(context.config.sweep_every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = context.stop.cancelled() => return,
            _ = ticks.tick() => once(&context).await,
        }
    }
}

/// One sweep.
pub(crate) async fn once(context: &Context) {
    let minutes = context.settings().chat.inactivity_timeout_minutes;
    let timeout = Duration::from_mins(u64::try_from(minutes).unwrap_or(1).max(1));
    let idle_since = context.clock.now().minus(timeout);
    match context.store.list_idle_tickets(idle_since, IDLE_CHATS_MAX).await {
        Ok(due) => {
            for view in due {
                let key = view.ticket.chat_key();
                context.chats.close_if_idle(&key, view.ticket.id, idle_since, minutes).await;
            }
        }
        Err(error) => tracing::warn!(%error, "idle chats could not be read"),
    }
    return_transfers(context).await;
    context.outboxes.forget_old();
}

/// Tells chats of hand-overs that nobody has taken in time.
async fn return_transfers(context: &Context) {
    let due = context.store.list_due_transfers(context.clock.now(), TRANSFERS_MAX).await;
    let due = match due {
        Ok(due) => due,
        Err(error) => return tracing::warn!(%error, "hand-overs could not be read"),
    };
    for (key, transfer) in due {
        context.chats.return_transfer(&key, transfer.ticket_id, transfer.id).await;
    }
}
