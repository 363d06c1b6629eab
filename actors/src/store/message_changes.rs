//! What becomes of messages after they were sent. Each change is a row of its own and never altered; its
//! effect is on the message, in the same transaction. One that comes before its message waits for it.

use std::collections::{BTreeMap, HashSet};

use super::{
    Store, StoreError,
    db::Tx,
    fold::statement_chunks,
    search,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    ChangeKind, Direction, Message, MessageChange, MessageRowId, SessionId, Side, Timestamp,
    message_change::StoredChange,
};

/// Days after which a change whose message never came is forgotten.
pub const PARKED_DAYS: u64 = 7;

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The message as it is now. `None`: it has not come yet, and the change waits for it.
    Stored { change: StoredChange, message: Option<Box<Message>> },
    /// It had been stored before.
    Repeat,
}

impl Store {
    /// Stores a change and its effect. One that its side may not make (an edit of the other side's
    /// message) is stored without any.
    pub async fn change_message(
        &self,
        session_id: SessionId,
        change: MessageChange,
    ) -> Result<Outcome, StoreError> {
        self.unit(unit!(tx => {
            let Some(stored) = insert(tx, session_id, &change).await? else {
                return Ok(Outcome::Repeat);
            };
            let Some(id) = stored.message_row_id else {
                return Ok(Outcome::Stored { change: stored, message: None });
            };
            let previous = apply(tx, id, &stored).await?;
            let message: Message =
                tx.one(sql("SELECT * FROM messages WHERE id = $1").bind(id)).await?;
            let change = StoredChange { previous, ..stored };
            tx.outbox.message_changed(&message, &change);
            Ok(Outcome::Stored { change, message: Some(Box::new(message)) })
        }))
        .await
    }

    /// Everything that became of a message, in the order of its coming.
    pub async fn list_message_changes(
        &self,
        id: MessageRowId,
    ) -> Result<Vec<StoredChange>, StoreError> {
        let select = sql("SELECT * FROM message_changes WHERE message_row_id = $1 ORDER BY id");
        self.reader.all(select.bind(id)).await
    }

    /// Forgets changes whose message has not come since `before`.
    pub(crate) async fn forget_parked_changes(&self, before: Timestamp) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            let delete = sql("DELETE FROM message_changes WHERE message_row_id IS NULL AND at < $1");
            tx.run(delete.bind(before)).await.map(drop)
        }))
        .await
    }
}

async fn insert(
    tx: &mut Tx,
    session_id: SessionId,
    change: &MessageChange,
) -> Result<Option<StoredChange>, StoreError> {
    let target = sql("SELECT id FROM messages WHERE session_id = $1 AND message_id = $2 \
         UNION ALL SELECT id FROM messages WHERE session_id = $1 AND network_id = $2 LIMIT 1");
    let target = target.bind(session_id).bind(change.target_id.as_str());
    let target: Option<(MessageRowId,)> = tx.opt(target).await?;
    let insert =
        sql("INSERT INTO message_changes (session_id, chat_id, target_id, change_id, side, \
         agent_id, kind, value, previous, at, message_row_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10) ON CONFLICT DO NOTHING RETURNING *")
        .bind(session_id)
        .bind(change.chat_id.as_str())
        .bind(change.target_id.as_str())
        .bind(change.change_id.as_str())
        .bind(change.side)
        .bind(change.agent_id)
        .bind(change.kind)
        .bind(change.value.as_str())
        .bind(change.at)
        .bind(target.map(|(id,)| id));
    tx.opt(insert).await
}

/// Changes that wait for messages with one of these ids.
pub(super) async fn list_parked(
    tx: &mut Tx,
    targets: &[&str],
) -> Result<Vec<StoredChange>, StoreError> {
    let mut parked = Vec::new();
    for chunk in statement_chunks(targets) {
        parked.extend(tx.all::<StoredChange>(select_parked(chunk)).await?);
    }
    Ok(parked)
}

/// Those that wait for one of these new messages are joined to it, in their order. The messages that were
/// changed by it.
pub(super) async fn join(
    tx: &mut Tx,
    parked: Vec<StoredChange>,
    fresh: &BTreeMap<(SessionId, &str), MessageRowId>,
) -> Result<HashSet<MessageRowId>, StoreError> {
    let (mut changed, mut seen) = (HashSet::new(), HashSet::new());
    // A change is found once for each time that its message is in the batch.
    for change in parked.into_iter().filter(|change| seen.insert(change.id)) {
        let Some(id) = fresh.get(&(change.session_id, change.target_id.as_str())) else {
            continue;
        };
        let update = sql("UPDATE message_changes SET message_row_id = $1 WHERE id = $2");
        tx.run(update.bind(*id).bind(change.id)).await?;
        apply(tx, *id, &change).await?;
        changed.insert(*id);
    }
    Ok(changed)
}

/// Statement for [`list_parked`].
pub(super) fn select_parked(targets: &[&str]) -> Sql {
    sql("SELECT * FROM message_changes WHERE message_row_id IS NULL AND ")
        .push_in("target_id IN", targets.iter().copied())
        .push(" ORDER BY id")
}

/// The effect of a change on its message; what it replaced. A later change that came earlier stays.
async fn apply(tx: &mut Tx, id: MessageRowId, change: &StoredChange) -> Result<String, StoreError> {
    let message: Message = tx.one(sql("SELECT * FROM messages WHERE id = $1").bind(id)).await?;
    let author = match message.direction {
        Direction::Inbound => Side::Customer,
        Direction::Outbound => Side::Company,
    };
    let is_authors = change.side == author && change.chat_id == message.chat_id;
    let is_newest = is_newest(tx, id, change).await?;
    let (effect, previous) = match change.kind {
        ChangeKind::Reaction => {
            let (set, previous) = match change.side {
                Side::Customer => (
                    "UPDATE messages SET customer_reaction = $1 WHERE id = $2",
                    message.customer_reaction,
                ),
                Side::Company => (
                    "UPDATE messages SET company_reaction = $1 WHERE id = $2",
                    message.company_reaction,
                ),
            };
            (is_newest.then(|| sql(set).bind(change.value.as_str()).bind(id)), previous)
        }
        ChangeKind::Edit => {
            let set = sql("UPDATE messages SET text = $1, edited_at = $2 WHERE id = $3");
            let set = set.bind(change.value.as_str()).bind(change.at).bind(id);
            ((is_authors && is_newest).then_some(set), message.text)
        }
        ChangeKind::Deletion => {
            let set =
                sql("UPDATE messages SET deleted_at = COALESCE(deleted_at, $1) WHERE id = $2");
            (is_authors.then(|| set.bind(change.at).bind(id)), String::new())
        }
        ChangeKind::Vote => (None, String::new()),
    };
    let Some(effect) = effect else { return Ok(previous) };
    tx.run(effect).await?;
    if change.kind == ChangeKind::Edit {
        search::reindex(tx, id, &change.value).await?;
    }
    let update = sql("UPDATE message_changes SET previous = $1 WHERE id = $2");
    tx.run(update.bind(previous.as_str()).bind(change.id)).await?;
    Ok(previous)
}

/// Networks do not keep the order: what happened later counts, whenever it came.
async fn is_newest(
    tx: &mut Tx,
    id: MessageRowId,
    change: &StoredChange,
) -> Result<bool, StoreError> {
    let select =
        sql("SELECT COUNT(*) FROM message_changes WHERE message_row_id = $1 AND kind = $2 \
         AND side = $3 AND at > $4");
    let select = select.bind(id).bind(change.kind).bind(change.side).bind(change.at);
    let (later,): (i64,) = tx.one(select).await?;
    Ok(later == 0)
}
