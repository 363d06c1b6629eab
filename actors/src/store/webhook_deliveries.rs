//! Deliveries of events to other systems: what is due, what came of an attempt, what is sent again.

use super::{
    Page, Slice, Store, StoreError,
    db::Tx,
    dialect::lock_row,
    fold, outbox,
    sql::{Sql, sql},
    unit, webhook_endpoints,
};
use crate::domain::{
    AgentId, Delivery, DeliveryId, IntegrationEventId, Timestamp, WebhookId,
    webhook::{
        AfterAttempt, Attempt, DeliveryStatus, EventKind, Health, PENDING_MAX, REPLAY_MAX, Verdict,
        WebhookEndpoint,
    },
};

/// Rows that one statement removes or gives up, so that nobody waits for it for long.
pub(super) const SWEEP_ROWS: i64 = 1000;

/// Deliveries with their events, under the aliases `d` and `e`.
const DELIVERIES: &str = "SELECT d.*, e.event_id, e.kind, e.at AS event_at \
     FROM webhook_deliveries d JOIN integration_events e ON e.id = d.event_row_id WHERE TRUE";

/// The same with what is sent.
const DUE: &str = "SELECT d.*, e.event_id, e.kind, e.at AS event_at, e.body \
     FROM webhook_deliveries d JOIN integration_events e ON e.id = d.event_row_id WHERE TRUE";

/// Which deliveries of an endpoint are wanted.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    pub status: Option<DeliveryStatus>,
    pub kind: Option<EventKind>,
    pub event_id: Option<String>,
}

/// Which deliveries are sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Empty: whatever the endpoint wants.
    pub kinds: Vec<EventKind>,
    pub only: Option<DeliveryStatus>,
}

/// A delivery that is due, with what is sent.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DueDelivery {
    #[sqlx(flatten)]
    pub delivery: Delivery,
    pub body: String,
}

/// What the sweep has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub given_up: u64,
    pub removed: u64,
}

impl DeliveryFilter {
    fn push(&self, sql: Sql) -> Sql {
        sql.push_bind_if(" AND d.status = ", self.status)
            .push_bind_if(" AND e.kind = ", self.kind.map(EventKind::as_str))
            .push_bind_if(" AND e.event_id = ", self.event_id.as_deref())
    }
}

impl Store {
    /// Endpoints that may be asked now and have something due, by id.
    pub async fn list_due_endpoints(&self, now: Timestamp) -> Result<Vec<WebhookId>, StoreError> {
        let select = sql("SELECT w.id FROM webhook_endpoints w WHERE w.is_active \
             AND (w.paused_until IS NULL OR w.paused_until <= $1) \
             AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = w.id \
             AND d.status = 'pending' AND d.next_attempt_at <= $1) ORDER BY w.id");
        let rows: Vec<(WebhookId,)> = self.reader.all(select.bind(now)).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// What is due for an endpoint, in the order in which it happened.
    pub async fn list_due_deliveries(
        &self,
        endpoint_id: WebhookId,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let select = sql(DUE)
            .push_bind(" AND d.endpoint_id = ", endpoint_id)
            .push_bind(" AND d.status = 'pending' AND d.next_attempt_at <= ", now)
            .push_bind(" ORDER BY d.event_row_id LIMIT ", limit);
        self.reader.all(select).await
    }

    /// One delivery with what is sent.
    pub async fn find_delivery(
        &self,
        endpoint_id: WebhookId,
        id: DeliveryId,
    ) -> Result<Option<DueDelivery>, StoreError> {
        let select =
            sql(DUE).push_bind(" AND d.endpoint_id = ", endpoint_id).push_bind(" AND d.id = ", id);
        self.reader.opt(select).await
    }

    /// The deliveries of an endpoint, the newest first.
    pub async fn list_deliveries(
        &self,
        endpoint_id: WebhookId,
        filter: &DeliveryFilter,
        page: Page,
    ) -> Result<Slice<Delivery>, StoreError> {
        let count = sql("SELECT COUNT(*) FROM webhook_deliveries d \
             JOIN integration_events e ON e.id = d.event_row_id WHERE TRUE")
        .push_bind(" AND d.endpoint_id = ", endpoint_id);
        let (total,): (i64,) = self.reader.one(filter.push(count)).await?;
        let select = sql(DELIVERIES).push_bind(" AND d.endpoint_id = ", endpoint_id);
        let select = filter
            .push(select)
            .push_bind(" ORDER BY d.id DESC LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    /// Keeps what came of an attempt, for the delivery and for its endpoint, as it is then; `None` when
    /// the endpoint has been removed meanwhile. `chance` is between 0 and 1.
    pub async fn settle_delivery(
        &self,
        delivery: &Delivery,
        attempt: Attempt,
        chance: f64,
    ) -> Result<Option<(WebhookEndpoint, Health)>, StoreError> {
        let (delivery, endpoint_id) = (delivery.clone(), delivery.endpoint_id);
        let is_over = attempt.verdict == Verdict::Gone;
        let settled = self
            .unit(unit!(tx => {
                let after = attempt.delivery_after(delivery.attempts, chance);
                settle(tx, &delivery, &attempt, after).await?;
                lock_row(tx, "webhook_endpoints", endpoint_id).await?;
                let Some(endpoint) = webhook_endpoints::find(tx, endpoint_id).await? else {
                    return Ok(None);
                };
                Ok(Some(keep_health(tx, &endpoint, &attempt).await?))
            }))
            .await?;
        if is_over {
            self.follow_wishes().await?;
        }
        Ok(settled)
    }

    /// The outcome of a test: it is not tried again, and says nothing of how the endpoint is doing unless
    /// it went well.
    pub async fn settle_ping(
        &self,
        delivery: &Delivery,
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        let (delivery, endpoint_id) = (delivery.clone(), delivery.endpoint_id);
        self.unit(unit!(tx => {
            let is_taken = attempt.verdict == Verdict::Taken;
            let status = if is_taken { DeliveryStatus::Delivered } else { DeliveryStatus::Dead };
            let after = AfterAttempt { status, attempts: 1, next_attempt_at: None };
            settle(tx, &delivery, &attempt, after).await?;
            lock_row(tx, "webhook_endpoints", endpoint_id).await?;
            if is_taken && let Some(endpoint) = webhook_endpoints::find(tx, endpoint_id).await? {
                keep_health(tx, &endpoint, &attempt).await?;
            }
            Ok(())
        }))
        .await?;
        self.ring();
        Ok(())
    }

    /// A test of one endpoint, which nobody but the caller tries.
    pub async fn insert_ping(
        &self,
        endpoint_id: WebhookId,
        event_id: String,
        body: String,
        by: AgentId,
        now: Timestamp,
    ) -> Result<Delivery, StoreError> {
        self.unit(unit!(tx => {
            let event = outbox::insert_ping(tx, &event_id, &body, now, by).await?;
            outbox::insert_deliveries(tx, &[(endpoint_id, event)], now).await?;
            let update = sql("UPDATE webhook_deliveries SET next_attempt_at = NULL \
                 WHERE endpoint_id = $1 AND event_row_id = $2");
            tx.run(update.bind(endpoint_id).bind(event)).await?;
            tx.one(
                sql(DELIVERIES)
                    .push_bind(" AND d.endpoint_id = ", endpoint_id)
                    .push_bind(" AND d.event_row_id = ", event),
            )
            .await
        }))
        .await
    }

    /// Has one delivery tried again, from the first attempt on; `None` when there is none.
    pub async fn replay_delivery(
        &self,
        endpoint_id: WebhookId,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Delivery>, StoreError> {
        let replayed = self
            .unit(unit!(tx => {
                let update = again(now)
                    .push_bind(" WHERE endpoint_id = ", endpoint_id)
                    .push_bind(" AND id = ", id);
                if tx.run(update).await? == 0 {
                    return Ok(None);
                }
                tx.opt(sql(DELIVERIES).push_bind(" AND d.id = ", id)).await
            }))
            .await?;
        self.ring();
        Ok(replayed)
    }

    /// Sends again what happened in a span of time, also what the endpoint was never told of. How many,
    /// or `None` when that would be more than [`REPLAY_MAX`]; then nothing is done.
    pub async fn replay_range(
        &self,
        endpoint: &WebhookEndpoint,
        replay: Replay,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let endpoint_id = endpoint.id;
        let wanted: Vec<&str> = endpoint
            .events
            .0
            .iter()
            .filter(|kind| replay.kinds.is_empty() || replay.kinds.contains(kind))
            .map(|kind| kind.as_str())
            .collect();
        let select = sql("SELECT e.id FROM integration_events e LEFT JOIN webhook_deliveries d \
             ON d.event_row_id = e.id")
        .push_bind(" AND d.endpoint_id = ", endpoint_id)
        .push_bind(" WHERE e.body IS NOT NULL AND e.at >= ", replay.from)
        .push_bind(" AND e.at <= ", replay.until)
        .push_in(" AND e.kind IN", wanted)
        .push_bind_if(" AND d.status = ", replay.only)
        .push_bind(" ORDER BY e.id LIMIT ", REPLAY_MAX + 1);
        let count = self
            .unit(unit!(tx => {
                let events: Vec<(IntegrationEventId,)> = tx.all(select).await?;
                if i64::try_from(events.len()).unwrap_or(i64::MAX) > REPLAY_MAX {
                    return Ok(None);
                }
                let events: Vec<IntegrationEventId> = events.into_iter().map(|(id,)| id).collect();
                fold::run_chunked(tx, &events, |chunk| {
                    again(now)
                        .push_bind(" WHERE endpoint_id = ", endpoint_id)
                        .push_in(" AND event_row_id IN", chunk.iter().copied())
                })
                .await?;
                let deliveries: Vec<_> = events.iter().map(|event| (endpoint_id, *event)).collect();
                outbox::insert_deliveries(tx, &deliveries, now).await?;
                Ok(Some(events.len() as u64))
            }))
            .await?;
        self.ring();
        Ok(count)
    }

    /// Gives up what has waited since before `waiting_since` and the oldest of too many; removes events
    /// from before `kept_since` with all that became of them. In small steps.
    pub async fn sweep_deliveries(
        &self,
        waiting_since: Timestamp,
        kept_since: Timestamp,
    ) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        loop {
            let late = self.unit(unit!(tx => give_up_late(tx, waiting_since).await)).await?;
            let crowded = self.crowded_endpoints().await?;
            let surplus = self.unit(unit!(tx => give_up_surplus(tx, crowded).await)).await?;
            let given_up = late + surplus;
            let removed = self
                .unit(unit!(tx => {
                    let delete = sql("DELETE FROM integration_events WHERE id IN \
                         (SELECT e.id FROM integration_events e WHERE e.at < $1 \
                         AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d \
                         WHERE d.event_row_id = e.id AND d.status = 'pending') \
                         ORDER BY e.at LIMIT $2)");
                    tx.run(delete.bind(kept_since).bind(SWEEP_ROWS)).await
                }))
                .await?;
            swept.given_up += given_up;
            swept.removed += removed;
            if given_up == 0 && removed == 0 {
                return Ok(swept);
            }
        }
    }

    /// Endpoints for which more than [`PENDING_MAX`] wait, and how many do.
    async fn crowded_endpoints(&self) -> Result<Vec<(WebhookId, i64)>, StoreError> {
        let select = sql("SELECT w.id, (SELECT COUNT(*) FROM webhook_deliveries d \
             WHERE d.endpoint_id = w.id AND d.status = 'pending') FROM webhook_endpoints w");
        let all: Vec<(WebhookId, i64)> = self.reader.all(select).await?;
        Ok(all.into_iter().filter(|(_, waiting)| *waiting > PENDING_MAX).collect())
    }
}

/// Begins anew: due at once, as if it had never been tried.
fn again(now: Timestamp) -> Sql {
    sql("UPDATE webhook_deliveries SET status = 'pending', attempts = 0, replays = replays + 1, \
         delivered_at = NULL")
    .push_bind(", waiting_since = ", now)
    .push_bind(", next_attempt_at = ", now)
}

/// What waits for its next attempt need not wait any longer.
pub(super) async fn hurry(
    tx: &mut Tx,
    endpoint_id: WebhookId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let update = sql("UPDATE webhook_deliveries SET next_attempt_at = $1 \
         WHERE endpoint_id = $2 AND status = 'pending' AND next_attempt_at > $1");
    tx.run(update.bind(now).bind(endpoint_id)).await?;
    Ok(())
}

/// Not a failure of a delivery that somebody has had sent again while it was tried: that begins anew.
async fn settle(
    tx: &mut Tx,
    delivery: &Delivery,
    attempt: &Attempt,
    after: AfterAttempt,
) -> Result<(), StoreError> {
    let AfterAttempt { status, attempts, next_attempt_at } = after;
    let delivered_at = (status == DeliveryStatus::Delivered).then_some(attempt.at);
    let unless_replayed = delivered_at.is_none().then_some(delivery.replays);
    let update = sql("UPDATE webhook_deliveries SET status = $1, attempts = $2, \
         next_attempt_at = $3, last_attempt_at = $4, last_status_code = $5, \
         last_duration_ms = $6, last_error = $7, last_answer = $8, delivered_at = $9 \
         WHERE id = $10")
    .bind(status)
    .bind(attempts)
    .bind(next_attempt_at)
    .bind(attempt.at)
    .bind(attempt.status_code)
    .bind(i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX))
    .bind(attempt.error.as_str())
    .bind(attempt.answer.as_str())
    .bind(delivered_at)
    .bind(delivery.id)
    .push_bind_if(" AND replays = ", unless_replayed);
    tx.run(update).await?;
    Ok(())
}

/// What an attempt says of the endpoint; one that works again gets at once what waits for it.
async fn keep_health(
    tx: &mut Tx,
    before: &WebhookEndpoint,
    attempt: &Attempt,
) -> Result<(WebhookEndpoint, Health), StoreError> {
    let health = attempt.health_after(before);
    let is_failure = health.failures > 0;
    let success_at = if is_failure { before.last_success_at } else { Some(attempt.at) };
    let failure_at = if is_failure { Some(attempt.at) } else { before.last_failure_at };
    // What went wrong last stays to be read after it goes well again.
    let error = if is_failure { &attempt.error } else { &before.last_error };
    let update = sql("UPDATE webhook_endpoints SET is_active = $1, failures = $2, \
         paused_until = $3, pauses = $4, last_success_at = $5, last_failure_at = $6, \
         last_error = $7 WHERE id = $8 RETURNING *")
    .bind(health.is_active)
    .bind(health.failures)
    .bind(health.paused_until)
    .bind(health.pauses)
    .bind(success_at)
    .bind(failure_at)
    .bind(error.as_str())
    .bind(before.id);
    let endpoint = tx.one(update).await?;
    if health.has_recovered {
        hurry(tx, before.id, attempt.at).await?;
    }
    Ok((endpoint, health))
}

const TOO_LATE: &str = "Desistimos: esperou demais pelo destino.";
const TOO_MANY: &str = "Desistimos: havia entregas demais à espera deste destino.";

async fn give_up_late(tx: &mut Tx, waiting_since: Timestamp) -> Result<u64, StoreError> {
    let update = sql("UPDATE webhook_deliveries SET status = 'dead', next_attempt_at = NULL, \
         last_error = $1 WHERE id IN (SELECT id FROM webhook_deliveries \
         WHERE status = 'pending' AND waiting_since < $2 ORDER BY endpoint_id, id LIMIT $3)");
    tx.run(update.bind(TOO_LATE).bind(waiting_since).bind(SWEEP_ROWS)).await
}

/// The oldest ones of each endpoint for which too many wait.
async fn give_up_surplus(tx: &mut Tx, crowded: Vec<(WebhookId, i64)>) -> Result<u64, StoreError> {
    let mut given_up = 0;
    for (id, count) in crowded {
        let surplus = (count - PENDING_MAX).min(SWEEP_ROWS);
        let update = sql("UPDATE webhook_deliveries SET status = 'dead', next_attempt_at = NULL, \
             last_error = $1 WHERE id IN (SELECT id FROM webhook_deliveries \
             WHERE endpoint_id = $2 AND status = 'pending' ORDER BY event_row_id LIMIT $3)");
        given_up += tx.run(update.bind(TOO_MANY).bind(id).bind(surplus)).await?;
    }
    Ok(given_up)
}
