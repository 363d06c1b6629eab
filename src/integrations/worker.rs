//! The task that tells other systems: it puts events together as they are committed, and keeps a lane for
//! each endpoint that has something due.
//!
//! One request at a time per endpoint, in the order of the events; a delivery that failed waits for its next
//! attempt and holds nobody up. Rows say what is due, so a lane that ends early forgets nothing.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use dx_actors::{
    HubError,
    domain::{
        Timestamp, WebhookEndpoint, WebhookId,
        webhook::{Health, KEPT_DAYS, PENDING_DAYS},
    },
    events::WebhookTrouble,
    store::StoreError,
};
use tokio::task::{Id, JoinSet};

use crate::{state::AppState, wire::events::integration_body};

/// Events that are put together in one transaction.
const EVENTS_AT_ONCE: i64 = 100;
/// Transactions of them before lanes are looked at again.
const ROUNDS_MAX: usize = 10;
/// Endpoints that are asked at once.
const LANES_MAX: usize = 8;
/// Deliveries that a lane makes before others may have its place.
const LANE_DELIVERIES_MAX: i64 = 50;
/// How often it is looked for what has become due; new events do not wait for it.
const TICK: Duration = Duration::from_secs(1);
/// How often old rows are given up and removed.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Tells others until the server stops. What is under way then is sent again after the next start.
pub async fn run(app: AppState) {
    tokio::join!(tell(app.clone()), clean(app));
}

async fn tell(app: AppState) {
    let (stop, store) = (app.stop.clone(), app.hub.store().clone());
    let mut worker =
        Worker { app, lanes: JoinSet::new(), by_task: HashMap::new(), last: WebhookId(0) };
    loop {
        let turn = async {
            worker.publish().await;
            worker.begin().await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = turn => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = store.integration_events() => {}
            Some(ended) = worker.lanes.join_next_with_id() => {
                worker.by_task.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
            }
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

/// Gives up and removes old rows now and then, beside the telling: a large clean-up holds nobody up.
async fn clean(app: AppState) {
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        let swept = tokio::select! {
            () = app.stop.cancelled() => return,
            swept = sweep(&app) => swept,
        };
        if let Err(error) = swept {
            tracing::warn!(%error, "old deliveries could not be removed");
        }
    }
}

struct Worker {
    app: AppState,
    lanes: JoinSet<()>,
    by_task: HashMap<Id, WebhookId>,
    /// Whose lane was begun last: the next ones come first.
    last: WebhookId,
}

impl Worker {
    /// Puts together what has been committed.
    async fn publish(&self) {
        for _ in 0..ROUNDS_MAX {
            match publish_some(&self.app).await {
                Ok(count) if count == EVENTS_AT_ONCE => {}
                Ok(_) => return,
                Err(error) => return tracing::warn!(%error, "events wait to be put together"),
            }
        }
    }

    /// Begins lanes for endpoints that have something due and none yet.
    async fn begin(&mut self) {
        if self.lanes.len() >= LANES_MAX {
            return;
        }
        let now = self.app.hub.clock().now();
        let mut due = match self.app.hub.store().list_due_endpoints(now).await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "due deliveries could not be read"),
        };
        let had_their_turn = due.partition_point(|id| *id <= self.last);
        due.rotate_left(had_their_turn);
        let busy: HashSet<WebhookId> = self.by_task.values().copied().collect();
        let room = LANES_MAX.saturating_sub(self.lanes.len());
        for id in due.into_iter().filter(|id| !busy.contains(id)).take(room) {
            let app = self.app.clone();
            let task = self.lanes.spawn(async move {
                if let Err(error) = lane(&app, id).await {
                    tracing::warn!(%error, webhook.id = %id, "deliveries wait");
                }
            });
            self.by_task.insert(task.id(), id);
            self.last = id;
        }
    }
}

async fn publish_some(app: &AppState) -> Result<i64, HubError> {
    let events = app.hub.next_integration_events(EVENTS_AT_ONCE).await?;
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    if count > 0 {
        let bodies = events.into_iter().map(|(event, what)| {
            let body = what.map(|what| integration_body(&event, &what));
            (event, body)
        });
        app.hub.store().publish_events(bodies.collect(), app.hub.clock().now()).await?;
    }
    Ok(count)
}

pub(super) async fn sweep(app: &AppState) -> Result<(), StoreError> {
    let now = app.hub.clock().now();
    let ago = |days| now.minus(Duration::from_hours(24 * days));
    let swept = app.hub.store().sweep_deliveries(ago(PENDING_DAYS), ago(KEPT_DAYS)).await?;
    if swept.given_up > 0 {
        tracing::warn!(deliveries = swept.given_up, "deliveries were given up");
    }
    Ok(())
}

/// Delivers to one endpoint what is due, one after the other, until it has had its share or is to be left
/// in peace.
async fn lane(app: &AppState, id: WebhookId) -> Result<(), StoreError> {
    let (store, clock) = (app.hub.store(), app.hub.clock());
    let Some(mut endpoint) = store.find_webhook_endpoint(id).await? else { return Ok(()) };
    for due in store.list_due_deliveries(id, clock.now(), LANE_DELIVERIES_MAX).await? {
        if !endpoint.is_active || endpoint.is_paused(clock.now()) {
            return Ok(());
        }
        let attempt = app.integrations.attempt(&endpoint, &due.delivery, due.body, clock.now());
        let attempt = tokio::select! {
            () = app.stop.cancelled() => return Ok(()),
            attempt = attempt => attempt,
        };
        app.metrics.delivered(attempt.verdict);
        if !attempt.error.is_empty() {
            let (event, error) = (due.delivery.kind.as_str(), &attempt.error);
            tracing::info!(webhook.id = %id, event, error, "a delivery was not taken");
        }
        let settled = store.settle_delivery(&due.delivery, attempt, rand::random()).await?;
        let Some((after, health)) = settled else { return Ok(()) };
        tell_trouble(app, &endpoint, &after, health, clock.now());
        endpoint = after;
    }
    Ok(())
}

/// Those who manage webhooks hear it when one stops working, not each time it is tried again in vain.
fn tell_trouble(
    app: &AppState,
    before: &WebhookEndpoint,
    after: &WebhookEndpoint,
    health: Health,
    now: Timestamp,
) {
    let trouble = if before.is_active && !health.is_active {
        WebhookTrouble::Gone
    } else if before.pauses == 0 && health.pauses > 0 {
        WebhookTrouble::Paused
    } else {
        return;
    };
    tracing::warn!(webhook.id = %after.id, failures = after.failures, "a webhook does not work");
    app.hub.tell_webhook_trouble(after, trouble, now);
}
