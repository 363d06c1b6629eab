//! Hot writes folded into a few statements per batch: new messages, moves of their status, new chats.

use std::collections::{BTreeMap, HashSet};

use tokio::sync::oneshot;

use super::{
    StoreError,
    db::{Connection, Inserted, Row, Rows, Tx},
    files, message_changes,
    message_rows::{self, MessageValues, NewRow},
    moves::{self, Move},
    openings::{self, Opening},
    search,
    sql::{Sql, sql},
    writer::{Finish, Ran, finish},
};
use crate::domain::{
    Direction, Message, MessageRowId, NewMessage, SessionId, TicketId, Timestamp,
    message_change::StoredChange,
};

/// How many rows a multi-row statement has: few texts, and hardly ever more than two for what is less than the most.
const LENGTHS: [usize; 16] = [256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];

/// A message to append and whom to tell its row id; `None` says that it is there already.
pub(super) struct Append {
    message: NewMessage,
    row: NewRow,
    reply: oneshot::Sender<Result<Option<Appended>, StoreError>>,
}

impl Append {
    pub(super) fn new(
        message: NewMessage,
        reply: oneshot::Sender<Result<Option<Appended>, StoreError>>,
    ) -> Self {
        Self { row: NewRow::of(&message), message, reply }
    }
}

/// A message that was stored now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Appended {
    pub id: MessageRowId,
    /// Something that had become of it came before it: the row is not what was handed in.
    pub is_changed: bool,
}

pub(super) enum Folded {
    Append(Box<Append>),
    Open(Box<Opening>),
    Move(Box<Move>),
}

/// Writes everything inside the open transaction. Each kind has a savepoint: when the folded
/// statement is refused its rows are tried one by one, so that a bad one fails alone.
pub(super) async fn run(tx: &mut Tx, folded: Vec<Folded>, told: &mut Vec<Finish>) {
    let (mut appends, mut openings, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for job in folded {
        match job {
            Folded::Append(append) => appends.push(*append),
            Folded::Open(opening) => openings.push(*opening),
            Folded::Move(job) => reports.push(*job),
        }
    }
    if !appends.is_empty() {
        append_all(tx, appends, told).await;
    }
    while !openings.is_empty() {
        openings = openings::round(tx, openings, told).await;
    }
    while !reports.is_empty() {
        reports = moves::round(tx, reports, told).await;
    }
}

/// Writes the only job of a transaction: when it is refused, all is to be taken back.
pub(super) async fn run_one(tx: &mut Tx, folded: Folded) -> Ran {
    match folded {
        Folded::Append(append) => {
            let Append { message, row, reply } = *append;
            let outcome = append_folded(tx, &[&message], vec![row]).await;
            Ran::of(reply, outcome.map(|ids| ids.into_iter().next().flatten()))
        }
        Folded::Open(opening) => {
            let outcome = openings::open_one(tx, &opening.new).await;
            Ran::of(opening.reply, outcome)
        }
        Folded::Move(job) => {
            let outcome = moves::move_all(tx, &[&job.report]).await;
            if let Err(error) = &outcome {
                tracing::error!(%error, "a status report was refused");
            }
            Ran::of(job.reply, outcome.map(|rows| rows.into_values().next()))
        }
    }
}

async fn append_all(tx: &mut Tx, appends: Vec<Append>, told: &mut Vec<Finish>) {
    let (mut messages, mut rows) = (Vec::new(), Vec::with_capacity(appends.len()));
    let mut replies = Vec::with_capacity(appends.len());
    for Append { message, row, reply } in appends {
        messages.push(message);
        rows.push(row);
        replies.push(reply);
    }
    let messages: Vec<&NewMessage> = messages.iter().collect();
    let outcome = in_savepoint(tx, async |tx| append_folded(tx, &messages, rows).await).await;
    let ids = match outcome {
        Ok(ids) => ids.into_iter().map(Ok).collect(),
        Err(error) if messages.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut ids = Vec::with_capacity(messages.len());
            for message in messages {
                let row = vec![NewRow::of(message)];
                let one = in_savepoint(tx, async |tx| append_folded(tx, &[message], row).await);
                ids.push(one.await.map(|ids| ids.into_iter().next().flatten()));
            }
            ids
        }
    };
    told.extend(replies.into_iter().zip(ids).map(|(reply, id)| finish(reply, id)));
}

/// Work that is taken back alone when it is refused. Not within another one.
pub(super) async fn in_savepoint<T>(
    tx: &mut Tx,
    work: impl AsyncFnOnce(&mut Tx) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let savepoint = tx.set_savepoint().await?;
    let outcome = match work(tx).await {
        Ok(value) => tx.release().await.map(|()| value),
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        tx.roll_back_to(savepoint).await?;
    }
    outcome
}

/// Inserts the rows, then brings the tickets and sessions of those that were new up to date.
async fn append_folded(
    tx: &mut Tx,
    messages: &[&NewMessage],
    rows: Vec<NewRow>,
) -> Result<Vec<Option<Appended>>, StoreError> {
    let (values, words): (Vec<_>, Vec<_>) = rows.into_iter().map(NewRow::into_parts).unzip();
    let Inserting { ids: mut rows, parked, .. } = insert_new(tx, messages, values).await?;
    let mut ids = Vec::with_capacity(messages.len());
    let mut fresh = Vec::with_capacity(messages.len());
    for message in messages {
        // Taken out, so that a second one of the same id in this batch counts as a repeat.
        let id = rows.remove(&(message.session_id, message.message_id.clone()));
        if id.is_some() {
            fresh.push(*message);
        }
        ids.push(id);
    }
    for message in &fresh {
        if let Some(key) = &message.media_key {
            files::keep_shared(tx, key, message.at).await?;
        }
    }
    touch_tickets(tx, &fresh).await?;
    count_received(tx, &fresh).await?;
    let new = ids.iter().zip(words).filter_map(|(id, words)| Some(((*id)?, words)));
    search::index(tx, new).await?;
    let changed = join_parked(tx, messages, &ids, parked).await?;
    for (message, id) in messages.iter().zip(&ids) {
        if let Some(id) = id {
            tx.outbox.message_came(message, *id);
        }
    }
    let appended = |id: MessageRowId| Appended { id, is_changed: changed.contains(&id) };
    Ok(ids.into_iter().map(|id| id.map(appended)).collect())
}

type IdsByKey = BTreeMap<(SessionId, String), MessageRowId>;

/// Messages on their way into the table.
#[derive(Default)]
struct Inserting {
    /// Of those that were not there.
    ids: IdsByKey,
    /// The last one, once it is known.
    highest: Option<i64>,
    /// What has waited for them, where it could be asked on the way (SQLite).
    parked: Option<Vec<StoredChange>>,
}

/// Inserts those that are not there yet.
async fn insert_new(
    tx: &mut Tx,
    messages: &[&NewMessage],
    rows: Vec<MessageValues>,
) -> Result<Inserting, StoreError> {
    let (mut inserting, mut rows) = (Inserting::default(), rows.into_iter());
    let mut chunks = statement_chunks(messages)
        .map(|chunk| (chunk, message_rows::insert(rows.by_ref().take(chunk.len()).collect())));
    let mut next = chunks.next();
    while let Some((chunk, insert)) = next {
        // The next one is put together while this one runs.
        let inserted = insert_chunk(tx, chunk, insert, &mut inserting);
        let (keys, following) = tokio::join!(biased; inserted, async { chunks.next() });
        let keys = keys?.into_iter().map(|(id, session, message)| ((session, message), id));
        inserting.ids.extend(keys);
        next = following;
    }
    Ok(inserting)
}

type Key = (MessageRowId, SessionId, String);

/// Those of a statement that were not there yet.
async fn insert_chunk(
    tx: &mut Tx,
    chunk: &[&NewMessage],
    insert: Sql,
    Inserting { highest, parked, .. }: &mut Inserting,
) -> Result<Vec<Key>, StoreError> {
    let ask_highest = (highest.is_none() && chunk.len() > 1)
        .then(|| sql("SELECT COALESCE(MAX(id), 0) FROM messages"));
    let mut targets: Vec<&str> =
        chunk.iter().filter(|one| may_be_awaited(one)).map(|one| one.message_id.as_str()).collect();
    let question = targets.first().copied().map(|first| {
        // As many as rows, whatever they are: each number would be a text of its own, with that of the insertion.
        targets.resize(chunk.len(), first);
        message_changes::select_parked(&targets)
    });
    let asking = tx.insert_in_order(ask_highest, question, insert).await?;
    let Inserted { rows, last_id, highest_before } = match asking {
        Ok((inserted, found)) => {
            parked.get_or_insert_default().extend(found);
            inserted
        }
        Err(insert) => {
            return tx.all(insert.push(" RETURNING id, session_id, message_id")).await;
        }
    };
    *highest = highest.or(highest_before);
    if rows == 0 {
        return Ok(Vec::new());
    }
    let before = highest.replace(last_id);
    if usize::try_from(rows) == Ok(chunk.len()) {
        let key = |(id, message): (i64, &&NewMessage)| {
            (MessageRowId(id), message.session_id, message.message_id.clone())
        };
        return Ok((last_id + 1 - rows.cast_signed()..).zip(chunk).map(key).collect());
    }
    let select = sql("SELECT id, session_id, message_id FROM messages WHERE id > $1");
    tx.all(select.bind(before.unwrap_or_default())).await
}

/// Of what we send nobody knows before it is stored.
fn may_be_awaited(message: &NewMessage) -> bool {
    message.direction == Direction::Inbound || message.is_sent
}

/// What became of these messages before they came is theirs from now on; the rows that it changed.
async fn join_parked(
    tx: &mut Tx,
    messages: &[&NewMessage],
    ids: &[Option<MessageRowId>],
    parked: Option<Vec<StoredChange>>,
) -> Result<HashSet<MessageRowId>, StoreError> {
    if parked.as_ref().is_some_and(Vec::is_empty) {
        return Ok(HashSet::new());
    }
    let fresh = messages.iter().zip(ids).filter(|(message, _)| may_be_awaited(message));
    let fresh: BTreeMap<_, _> = fresh
        .filter_map(|(message, id)| {
            Some(((message.session_id, message.message_id.as_str()), (*id)?))
        })
        .collect();
    let parked = if let Some(parked) = parked {
        parked
    } else {
        let targets: Vec<&str> = fresh.keys().map(|(_, target)| *target).collect();
        message_changes::list_parked(tx, &targets).await?
    };
    message_changes::join(tx, parked, &fresh).await
}

/// Appends one message inside a unit of work; the row as it is then. A repeat is a [`StoreError::Unique`].
pub(super) async fn append_one(tx: &mut Tx, message: NewMessage) -> Result<Message, StoreError> {
    append_stored(tx, vec![message]).await?.pop().ok_or(StoreError::Stale)
}

/// Several at once, all or none.
pub(super) async fn append_stored(
    tx: &mut Tx,
    messages: Vec<NewMessage>,
) -> Result<Vec<Message>, StoreError> {
    let rows = messages.iter().map(NewRow::of).collect();
    let appended = append_folded(tx, &messages.iter().collect::<Vec<_>>(), rows).await?;
    let mut stored = Vec::with_capacity(messages.len());
    for (message, appended) in messages.into_iter().zip(appended) {
        stored.push(match appended {
            Some(Appended { id, is_changed: false }) => message.into_stored(id),
            Some(Appended { id, is_changed: true }) => {
                tx.one(sql("SELECT * FROM messages WHERE id = $1").bind(id)).await?
            }
            None => {
                let constraint = "messages_provider_key".to_owned();
                return Err(StoreError::Unique { constraint });
            }
        });
    }
    Ok(stored)
}

/// Whether a message was refused because it is there. PostgreSQL says the name of the index, SQLite its columns.
pub(super) fn is_message_key(constraint: &str) -> bool {
    constraint == "messages_provider_key" || constraint.starts_with("messages.")
}

/// What the messages of one batch change on one ticket.
#[derive(Default)]
struct Touch {
    from_customer: i64,
    from_agent: i64,
    last_at: Option<Timestamp>,
    first_answer_at: Option<Timestamp>,
    /// The batch held an answer: who waited before it waits no longer.
    is_answered: bool,
    awaiting_since: Option<Timestamp>,
}

impl Touch {
    fn add(&mut self, message: &NewMessage) {
        self.last_at = self.last_at.max(Some(message.at));
        match message.direction {
            Direction::Inbound => {
                self.from_customer += 1;
                self.awaiting_since.get_or_insert(message.at);
            }
            Direction::Outbound => {
                self.from_agent += 1;
                self.first_answer_at.get_or_insert(message.at);
                self.is_answered = true;
                self.awaiting_since = None;
            }
        }
    }
}

async fn touch_tickets(tx: &mut Tx, messages: &[&NewMessage]) -> Result<(), StoreError> {
    let mut touches: BTreeMap<TicketId, Touch> = BTreeMap::new();
    // What the hub itself says is no answer and ends no silence.
    for message in messages.iter().filter(|message| !message.is_automatic) {
        if let Some(ticket) = message.ticket_id {
            touches.entry(ticket).or_default().add(message);
        }
    }
    let touches: Vec<_> = touches.into_iter().collect();
    run_chunked(tx, &touches, |chunk| {
        let update = sql("UPDATE tickets SET customer_messages = customer_messages + v.column2, \
             agent_messages = agent_messages + v.column3, last_message_at = v.column4, \
             updated_at = v.column4, \
             first_response_at = COALESCE(tickets.first_response_at, v.column5), \
             awaiting_since = CASE WHEN v.column6 THEN v.column7 \
             ELSE COALESCE(tickets.awaiting_since, v.column7) END FROM (VALUES ")
        .push_rows(chunk, |row, (ticket, touch)| {
            row.push_bind("", *ticket)
                .push_bind(", ", touch.from_customer)
                .push_bind(", ", touch.from_agent)
                .push_bind(", ", touch.last_at)
                .push_bind(", ", touch.first_answer_at)
                .push_bind(", ", touch.is_answered)
                .push_bind(", ", touch.awaiting_since)
        });
        update.push(") AS v WHERE tickets.id = v.column1")
    })
    .await
}

async fn count_received(tx: &mut Tx, messages: &[&NewMessage]) -> Result<(), StoreError> {
    let mut received: BTreeMap<SessionId, (i64, Timestamp)> = BTreeMap::new();
    for message in messages.iter().filter(|message| message.direction == Direction::Inbound) {
        let (count, last) = received.entry(message.session_id).or_insert((0, message.at));
        *count += 1;
        *last = message.at.max(*last);
    }
    for (session, (count, last)) in received {
        let update = sql("UPDATE sessions SET messages_received = messages_received + ")
            .push_bind("", count)
            .push_bind(", last_message_at = ", last)
            .push_bind(", last_received_at = ", last)
            .push_bind(" WHERE id = ", session);
        tx.run_ahead(update).await?;
    }
    Ok(())
}

/// Slices whose lengths are some of [`LENGTHS`], so that few statement texts are used.
pub(super) fn statement_chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        if rows.is_empty() {
            return None;
        }
        let length = LENGTHS.into_iter().find(|length| *length <= rows.len()).unwrap_or(1);
        let (chunk, rest) = rows.split_at(length);
        rows = rest;
        Some(chunk)
    })
}

/// Runs what `statement` makes of so many of these rows at a time; each is put together while the one before
/// runs. It returns nothing; that of a single row goes over with what comes next.
pub(super) async fn run_chunked<T>(
    tx: &mut Connection,
    rows: &[T],
    statement: impl Fn(&[T]) -> Sql,
) -> Result<(), StoreError> {
    if rows.len() == 1 {
        return tx.run_ahead(statement(rows)).await;
    }
    all_chunked::<T, ()>(tx, rows, statement).await.map(drop)
}

/// The rows that they return, which the next statement does not depend on: while it runs, those of the one before
/// are read and the one after it is put together.
pub(super) async fn all_chunked<T, R: Row>(
    tx: &mut Connection,
    rows: &[T],
    statement: impl Fn(&[T]) -> Sql,
) -> Result<Vec<R>, StoreError> {
    let mut statements = statement_chunks(rows).map(statement);
    let (mut read, mut before) = (Vec::with_capacity(rows.len()), None);
    let mut next = statements.next();
    while let Some(sql) = next {
        let meanwhile = async {
            let rows = before.take().map_or_else(|| Ok(Vec::new()), Rows::read::<R>);
            (statements.next(), rows)
        };
        let (answer, (following, rows)) = tokio::join!(biased; tx.rows(sql), meanwhile);
        read.extend(rows?);
        (before, next) = (Some(answer?), following);
    }
    if let Some(last) = before {
        read.extend(last.read()?);
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_few_and_complete() {
        let rows: Vec<usize> = (0..256).collect();
        let lengths: Vec<usize> = statement_chunks(&rows[..208]).map(<[usize]>::len).collect();
        assert_eq!(lengths, [192, 16]);
        assert_eq!(statement_chunks(&rows).next(), Some(&rows[..]), "as many as share a commit");
        for count in 0..256 {
            let chunks: Vec<&[usize]> = statement_chunks(&rows[..count]).collect();
            assert!(chunks.len() <= 4, "{chunks:?}");
            assert_eq!(chunks.concat(), rows[..count]);
        }
    }
}
