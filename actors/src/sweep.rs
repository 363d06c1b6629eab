//! Deadlines live in the rows: from time to time the store is asked what is due, and the chat that it
//! concerns decides again. Nothing sleeps per ticket, so nothing is forgotten by a restart.

use std::{sync::Arc, time::Duration};

use crate::{
    chat,
    domain::inactivity,
    hub::Context,
    store::{PARKED_DAYS, StoreError},
};

/// Silent chats that are read at once.
const SILENT_CHATS_PAGE: i64 = 500;
/// Pages of them that one sweep reads at most; the rest is due at the next one.
const SILENT_PAGES_MAX: usize = 20;

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
    if let Err(error) = look_at_silent_chats(context).await {
        tracing::warn!(%error, "silent chats could not be read");
    }
    return_transfers(context).await;
    forget_parked_changes(context).await;
    context.outboxes.forget_old();
}

/// Tells the chats in which the customer should be reminded, or which should be closed.
async fn look_at_silent_chats(context: &Context) -> Result<(), StoreError> {
    let settings = context.settings();
    let now = context.clock.now();
    let warning = inactivity::warning_time(&settings.chat).unwrap_or_default();
    let silent_since = now.minus(inactivity::timeout(&settings.chat).saturating_sub(warning));
    let mut after = None;
    for _page in 0..SILENT_PAGES_MAX {
        let page = context.store.list_idle_tickets(silent_since, after, SILENT_CHATS_PAGE).await?;
        for ticket in &page {
            if chat::silence_step(context, ticket, now).is_some() {
                context.chats.check_silence(&ticket.chat_key(), ticket.id).await;
            }
        }
        let is_full = i64::try_from(page.len()).unwrap_or(i64::MAX) >= SILENT_CHATS_PAGE;
        let last = page.last().filter(|_| is_full);
        let Some(position) = last.and_then(|last| Some((last.last_message_at?, last.id))) else {
            return Ok(());
        };
        after = Some(position);
    }
    Ok(())
}

/// What became of messages that never came is not waited for for ever.
async fn forget_parked_changes(context: &Context) {
    let before = context.clock.now().minus(Duration::from_hours(24 * PARKED_DAYS));
    if let Err(error) = context.store.forget_parked_changes(before).await {
        tracing::warn!(%error, "old changes of messages could not be removed");
    }
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
