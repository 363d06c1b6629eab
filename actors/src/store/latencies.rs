//! How long messages took, and why some failed, out of the instants of their rows.

use super::{
    Store, StoreError,
    db::Db,
    sql::{Sql, sql},
};
use crate::domain::{
    SessionId, Timestamp,
    diagnosis::FailureCount,
    latency::{Histogram, Hop, LIMITS_MS},
};

/// The newest messages of a number that are looked at, whatever the window: half a second of work.
const MESSAGES_MAX: i64 = 50_000;
/// Different texts of failures that are told.
const FAILURES_MAX: i64 = 20;

#[derive(sqlx::FromRow)]
struct BucketRow {
    hop: i64,
    bucket: i64,
    number: i64,
    sum_ms: f64,
    max_ms: f64,
}

/// A hop that rows know, with the milliseconds it took on either database and where it is known.
struct Measure {
    hop: Hop,
    sqlite: &'static str,
    postgres: &'static str,
    known: &'static str,
}

const MEASURES: [Measure; 4] = [
    Measure {
        hop: Hop::Sending,
        sqlite: "(sent_at - queued_at) / 1000.0",
        postgres: "EXTRACT(EPOCH FROM (sent_at - queued_at)) * 1000.0",
        known: "direction = 'outbound' AND sent_at IS NOT NULL AND queued_at IS NOT NULL",
    },
    Measure {
        hop: Hop::Delivering,
        sqlite: "(delivered_at - sent_at) / 1000.0",
        postgres: "EXTRACT(EPOCH FROM (delivered_at - sent_at)) * 1000.0",
        known: "direction = 'outbound' AND delivered_at IS NOT NULL AND sent_at IS NOT NULL",
    },
    Measure {
        hop: Hop::Reading,
        sqlite: "(read_at - delivered_at) / 1000.0",
        postgres: "EXTRACT(EPOCH FROM (read_at - delivered_at)) * 1000.0",
        known: "direction = 'outbound' AND read_at IS NOT NULL AND delivered_at IS NOT NULL",
    },
    Measure {
        hop: Hop::Receiving,
        sqlite: "(created_at - provider_at) / 1000.0",
        postgres: "EXTRACT(EPOCH FROM (created_at - provider_at)) * 1000.0",
        known: "direction = 'inbound' AND provider_at IS NOT NULL",
    },
];

impl Store {
    /// The hops of a number's messages since then, in one statement.
    pub async fn session_latencies(
        &self,
        id: SessionId,
        since: Timestamp,
    ) -> Result<Vec<(Hop, Histogram)>, StoreError> {
        // By time, not by all that the number ever had: hence the sign, which keeps its index out.
        let mut select = sql("WITH m AS (SELECT direction, provider_at, created_at, queued_at, \
             sent_at, delivered_at, read_at FROM messages WHERE +session_id = $1 \
             AND created_at >= $2 ORDER BY created_at DESC, id DESC LIMIT $3), h AS (")
        .bind(id)
        .bind(since)
        .bind(MESSAGES_MAX);
        let mut separator = "";
        for (number, measure) in (0_i64..).zip(&MEASURES) {
            let took = match self.reader {
                Db::Sqlite(_) => measure.sqlite,
                Db::Postgres(_) => measure.postgres,
            };
            select = select
                .push(separator)
                .push_bind("SELECT CAST(", number)
                .push(" AS BIGINT) AS hop, CAST(")
                .push(took)
                .push(" AS DOUBLE PRECISION) AS took FROM m WHERE ")
                .push(measure.known);
            separator = " UNION ALL ";
        }
        // Clocks differ: what came before it was written took no time.
        let select = select.push(
            "), p AS (SELECT hop, CASE WHEN took < 0 THEN 0.0 ELSE took END AS took FROM h), \
             b AS (SELECT hop, took, ",
        );
        let select = push_bucket(select).push(
            " AS bucket FROM p) SELECT hop, bucket, COUNT(*) AS number, \
             CAST(SUM(took) AS DOUBLE PRECISION) AS sum_ms, \
             CAST(MAX(took) AS DOUBLE PRECISION) AS max_ms FROM b GROUP BY hop, bucket",
        );
        let rows: Vec<BucketRow> = self.reader.all(select).await?;
        let mut found: Vec<_> =
            MEASURES.iter().map(|measure| (measure.hop, Histogram::default())).collect();
        for BucketRow { hop, bucket, number, sum_ms, max_ms } in rows {
            let place = |index: i64| usize::try_from(index).unwrap_or(usize::MAX);
            let Some((_, histogram)) = found.get_mut(place(hop)) else { continue };
            let Some(count) = histogram.counts.get_mut(place(bucket)) else { continue };
            *count = u64::try_from(number).unwrap_or_default();
            histogram.sum_ms += sum_ms;
            histogram.max_ms = histogram.max_ms.max(max_ms);
        }
        Ok(found)
    }

    /// Why messages of a number failed that were written since then, the most frequent first.
    pub async fn session_failures(
        &self,
        id: SessionId,
        since: Timestamp,
    ) -> Result<Vec<FailureCount>, StoreError> {
        let select = sql("SELECT error, COUNT(*) AS number, MAX(created_at) AS last_at \
             FROM messages WHERE +session_id = $1 AND created_at >= $2 \
             AND direction = 'outbound' AND status = 'failed' \
             GROUP BY error ORDER BY number DESC, error LIMIT $3");
        self.reader.all(select.bind(id).bind(since).bind(FAILURES_MAX)).await
    }
}

/// The index of the first limit that is not exceeded.
fn push_bucket(sql: Sql) -> Sql {
    let mut sql = sql.push("CAST(CASE");
    for (bucket, limit) in (0_i64..).zip(LIMITS_MS) {
        sql = sql.push_bind(" WHEN took <= ", limit).push_bind(" THEN ", bucket);
    }
    sql.push_bind(" ELSE ", i64::try_from(LIMITS_MS.len()).unwrap_or(i64::MAX))
        .push(" END AS BIGINT)")
}
