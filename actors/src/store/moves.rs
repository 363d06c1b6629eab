//! How far messages have come: reports of the networks, folded into a few statements per batch.

use std::collections::{BTreeMap, HashSet};

use tokio::sync::oneshot;

use super::{
    StoreError,
    db::Tx,
    fold::{in_savepoint, statement_chunks},
    sql::sql,
    writer::{Finish, finish},
};
use crate::domain::{Message, MessageStatus, SessionId, Timestamp, webhook::EventKind};

/// A status that the provider reported for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    pub session_id: SessionId,
    pub message_id: String,
    pub status: MessageStatus,
    pub at: Timestamp,
    pub error: String,
    /// The network's own id, when it becomes known by this.
    pub network_id: Option<String>,
}

impl StatusReport {
    /// That this message has come so far, without more to say.
    pub fn of(message: &Message, status: MessageStatus, at: Timestamp) -> Self {
        let (session_id, message_id) = (message.session_id, message.message_id.clone());
        Self { session_id, message_id, status, at, error: String::new(), network_id: None }
    }
}

/// A message that has moved up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub message: Message,
    /// The first proof that the provider has it: `sent`, or what came instead of it.
    pub is_first_proof: bool,
}

/// A status move and whom to tell what moved; `None` when nothing did.
pub(super) struct Move {
    pub(super) report: StatusReport,
    pub(super) reply: oneshot::Sender<Result<Option<Moved>, StoreError>>,
}

/// Moves at most one status per message, so that each step is told; the rest waits for its round.
pub(super) async fn round(tx: &mut Tx, moves: Vec<Move>, told: &mut Vec<Finish>) -> Vec<Move> {
    let mut seen = HashSet::new();
    let (mut round, mut later) = (Vec::new(), Vec::new());
    for job in moves {
        let key = (job.report.session_id, job.report.message_id.clone());
        if seen.insert(key) { round.push(job) } else { later.push(job) }
    }
    let reports: Vec<&StatusReport> = round.iter().map(|job| &job.report).collect();
    let outcome = in_savepoint(tx, async |tx| move_all(tx, &reports).await).await;
    let mut rows = match outcome {
        Ok(rows) => rows,
        Err(error) if round.len() == 1 => {
            tracing::error!(%error, "a status report was refused");
            if let Some(job) = round.pop() {
                told.push(finish(job.reply, Err(error)));
            }
            return later;
        }
        Err(_) => {
            // One of them is bad: each gets a round of its own, so that it fails alone.
            for job in round {
                Box::pin(self::round(tx, vec![job], told)).await;
            }
            return later;
        }
    };
    for job in round {
        let row = rows.remove(&(job.report.session_id, job.report.message_id));
        told.push(finish(job.reply, Ok(row)));
    }
    later
}

type RowsByKey = BTreeMap<(SessionId, String), Moved>;

/// Reports name a message by our id or by the network's; the rows are keyed by the id that was named.
pub(super) async fn move_all(
    tx: &mut Tx,
    reports: &[&StatusReport],
) -> Result<RowsByKey, StoreError> {
    let mut rows = RowsByKey::new();
    move_named(tx, reports, NamedBy::Us, &mut rows).await?;
    let is_left = |report: &&&StatusReport| {
        !rows.contains_key(&(report.session_id, report.message_id.clone()))
    };
    let left: Vec<&StatusReport> = reports.iter().filter(is_left).copied().collect();
    move_named(tx, &left, NamedBy::Network, &mut rows).await?;
    Ok(rows)
}

/// Whose id a report uses.
#[derive(Clone, Copy)]
enum NamedBy {
    Us,
    Network,
}

async fn move_named(
    tx: &mut Tx,
    reports: &[&StatusReport],
    named_by: NamedBy,
    rows: &mut RowsByKey,
) -> Result<(), StoreError> {
    let mut sent: BTreeMap<SessionId, (i64, Option<Timestamp>)> = BTreeMap::new();
    for chunk in statement_chunks(reports) {
        let update = sql("UPDATE messages SET status = v.column3, status_rank = v.column4, \
             sent_at = COALESCE(messages.sent_at, v.column5), \
             delivered_at = COALESCE(messages.delivered_at, v.column6), \
             read_at = COALESCE(messages.read_at, v.column7), error = v.column8, \
             network_id = COALESCE(messages.network_id, v.column9) FROM (VALUES ")
        .push_rows(chunk, |row, report| {
            let stamp = |status| (report.status == status).then_some(report.at);
            row.push_bind("", report.session_id)
                .push_bind(", ", report.message_id.as_str())
                .push_bind(", ", report.status)
                .push_bind(", ", report.status.rank())
                .push_bind(", ", stamp(MessageStatus::Sent))
                .push_bind(", ", stamp(MessageStatus::Delivered))
                .push_bind(", ", stamp(MessageStatus::Read))
                .push_bind(", ", report.error.as_str())
                .push_bind(", ", report.network_id.as_deref())
        });
        let update = update
            .push(") AS v WHERE messages.session_id = v.column1 ")
            .push(match named_by {
                NamedBy::Us => "AND messages.message_id = v.column2 ",
                NamedBy::Network => "AND messages.network_id = v.column2 ",
            })
            .push("AND messages.direction = 'outbound' AND messages.status_rank < v.column4 ")
            .push("RETURNING *");
        for mut message in tx.all::<Message>(update).await? {
            let is_first_proof = match message.status {
                MessageStatus::Sent => true,
                MessageStatus::Delivered | MessageStatus::Read => message.sent_at.is_none(),
                MessageStatus::Queued | MessageStatus::Sending | MessageStatus::Failed => false,
            };
            if is_first_proof {
                fill_sent_at(tx, &mut message).await?;
                let (count, last) = sent.entry(message.session_id).or_default();
                *count += 1;
                *last = message.sent_at.max(*last);
            }
            let named = match named_by {
                NamedBy::Us => Some(message.message_id.clone()),
                NamedBy::Network => message.network_id.clone(),
            };
            let key = (message.session_id, named.unwrap_or_default());
            if tx.outbox.wants(EventKind::MessageSent) || tx.outbox.wants(EventKind::MessageStatus)
            {
                let is_its = |report: &&&StatusReport| {
                    report.session_id == key.0 && report.message_id == key.1
                };
                let at = chunk.iter().find(is_its).map_or(message.created_at, |report| report.at);
                tx.outbox.message_moved(&message, is_first_proof, at);
            }
            rows.insert(key, Moved { message, is_first_proof });
        }
    }
    for (session, (count, last)) in sent {
        let update = sql("UPDATE sessions SET messages_sent = messages_sent + ")
            .push_bind("", count)
            .push_bind(", last_message_at = COALESCE(", last)
            .push_bind(", last_message_at), last_sent_at = COALESCE(", last)
            .push_bind(", last_sent_at) WHERE id = ", session);
        tx.run_ahead(update).await?;
    }
    Ok(())
}

/// What was delivered has been sent, even when nobody said so.
async fn fill_sent_at(tx: &mut Tx, message: &mut Message) -> Result<(), StoreError> {
    if message.sent_at.is_none() {
        message.sent_at = message.delivered_at.or(message.read_at);
        let update = sql("UPDATE messages SET sent_at = ")
            .push_bind("", message.sent_at)
            .push_bind(" WHERE id = ", message.id);
        tx.run_ahead(update).await?;
    }
    Ok(())
}
