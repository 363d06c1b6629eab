//! What people note about a chat without changing its course: reading marks, notes, tags.

use std::collections::HashMap;

use super::{
    Page, Scope, Slice, Store, StoreError, audit,
    db::Tx,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, MessageRowId, Note, NoteId, ReadMark, Receipt, TicketId, Timestamp,
    audit::{AuditAction, AuditSubject, Differences, NewAuditEntry},
};

/// Messages that one receipt names: the newest of a customer who wrote even more.
const RECEIPT_MESSAGES_MAX: i64 = 100;

/// A tag and the chats that have it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TagCount {
    pub tag: String,
    pub chats: i64,
    /// Those of them that are open.
    pub open: i64,
}

/// What is left to read for an agent: what the customer wrote after his mark and after the last answer
/// of a person. Over the table alias `m` with `r` (his mark) and `a` (the last answer) joined.
pub(super) const IS_UNREAD: &str =
    "m.direction = 'inbound' AND m.id > COALESCE(a.id, 0) AND m.id > COALESCE(r.message_id, 0)";

impl Store {
    /// Notes that an agent has read a ticket, up to a message (by either of its ids) or to the last one.
    /// A mark never goes back. `None` when the ticket has no such message.
    pub async fn mark_read(
        &self,
        ticket_id: TicketId,
        agent_id: AgentId,
        until: Option<String>,
        at: Timestamp,
    ) -> Result<Option<ReadMark>, StoreError> {
        self.unit(unit!(tx => mark_read(tx, ticket_id, agent_id, until, at).await)).await
    }

    /// What the network has not been told of yet, up to a message; `None` when that is nothing.
    pub(crate) async fn find_receipt(
        &self,
        ticket_id: TicketId,
        chat_id: &str,
        until: MessageRowId,
    ) -> Result<Option<Receipt>, StoreError> {
        let select = sql("SELECT id, message_id FROM messages WHERE ticket_id = $1 \
             AND direction = 'inbound' AND id <= $2 AND id > COALESCE( \
             (SELECT message_id FROM chat_receipts WHERE ticket_id = $1), 0) \
             ORDER BY id DESC LIMIT $3");
        let select = select.bind(ticket_id).bind(until).bind(RECEIPT_MESSAGES_MAX);
        let mut rows: Vec<(MessageRowId, String)> = self.reader.all(select).await?;
        rows.reverse();
        let Some(until) = rows.last().map(|(id, _)| *id) else { return Ok(None) };
        let message_ids = rows.into_iter().map(|(_, message_id)| message_id).collect();
        Ok(Some(Receipt { ticket_id, chat_id: chat_id.to_owned(), message_ids, until }))
    }

    /// The network has taken a receipt.
    pub(crate) async fn save_receipt(
        &self,
        ticket_id: TicketId,
        until: MessageRowId,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            let upsert = sql("INSERT INTO chat_receipts (ticket_id, message_id) VALUES ($1, $2) \
                 ON CONFLICT (ticket_id) DO UPDATE SET message_id = excluded.message_id \
                 WHERE chat_receipts.message_id < excluded.message_id");
            tx.run(upsert.bind(ticket_id).bind(until)).await.map(drop)
        }))
        .await
    }

    /// The notes of one ticket, oldest first.
    pub async fn list_notes(
        &self,
        ticket_id: TicketId,
        page: Page,
    ) -> Result<Slice<Note>, StoreError> {
        let count = sql("SELECT COUNT(*) FROM chat_notes WHERE ticket_id = $1").bind(ticket_id);
        let (total,): (i64,) = self.reader.one(count).await?;
        let select = sql("SELECT * FROM chat_notes WHERE ticket_id = $1 ORDER BY id \
             LIMIT $2 OFFSET $3");
        let select = select.bind(ticket_id).bind(page.limit).bind(page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    pub async fn find_note(&self, id: NoteId) -> Result<Option<Note>, StoreError> {
        self.reader.opt(sql("SELECT * FROM chat_notes WHERE id = $1").bind(id)).await
    }

    pub(crate) async fn insert_note(
        &self,
        ticket_id: TicketId,
        agent_id: AgentId,
        text: String,
        at: Timestamp,
    ) -> Result<Note, StoreError> {
        self.unit(unit!(tx => {
            let insert = sql("INSERT INTO chat_notes (ticket_id, agent_id, text, created_at) \
                 VALUES ($1, $2, $3, $4) RETURNING *");
            tx.one(insert.bind(ticket_id).bind(agent_id).bind(text).bind(at)).await
        }))
        .await
    }

    /// Deletes a note and keeps its text in the audit trail; `false` when it is gone already.
    pub(crate) async fn delete_note(
        &self,
        note: Note,
        by: AgentId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            let deleted = tx.run(sql("DELETE FROM chat_notes WHERE id = $1").bind(note.id)).await?;
            if deleted == 0 {
                return Ok(false);
            }
            let changes = Differences::default()
                .field("ticket_id", Some(note.ticket_id), None::<TicketId>)
                .field("agent_id", Some(note.agent_id), None::<AgentId>)
                .field("text", Some(&note.text), None::<&str>);
            let entry = NewAuditEntry {
                agent_id: Some(by),
                action: AuditAction::Deleted,
                subject: AuditSubject::Note,
                subject_id: Some(note.id.0),
                subject_name: format!("Nota do atendimento {}", note.ticket_id),
                note: String::new(),
                changes: changes.into_changes(),
            };
            audit::insert(tx, entry, now).await?;
            Ok(true)
        }))
        .await
    }

    /// Makes these the tags of a ticket. Whether anything has changed.
    pub(crate) async fn set_tags(
        &self,
        ticket_id: TicketId,
        tags: Vec<String>,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            let select = sql("SELECT tag FROM chat_tags WHERE ticket_id = $1 ORDER BY tag");
            let before: Vec<(String,)> = tx.all(select.bind(ticket_id)).await?;
            if before.iter().map(|(tag,)| tag).eq(&tags) {
                return Ok(false);
            }
            tx.run(sql("DELETE FROM chat_tags WHERE ticket_id = $1").bind(ticket_id)).await?;
            for tag in tags {
                let insert = sql("INSERT INTO chat_tags (ticket_id, tag) VALUES ($1, $2)");
                tx.run(insert.bind(ticket_id).bind(tag)).await?;
            }
            Ok(true)
        }))
        .await
    }

    /// The tags of each of these tickets, in order.
    pub(super) async fn tags_of(
        &self,
        ids: &[TicketId],
    ) -> Result<HashMap<TicketId, Vec<String>>, StoreError> {
        let select = sql("SELECT ticket_id, tag FROM chat_tags WHERE ticket_id IN")
            .push_in("", ids.iter().copied())
            .push(" ORDER BY ticket_id, tag");
        let mut tags: HashMap<TicketId, Vec<String>> = HashMap::new();
        for (id, tag) in self.reader.all::<(TicketId, String)>(select).await? {
            tags.entry(id).or_default().push(tag);
        }
        Ok(tags)
    }

    /// The tags of the chats that somebody may see, the most frequent first.
    pub async fn list_tags(
        &self,
        scope: &Scope,
        search: Option<&str>,
        page: Page,
    ) -> Result<Slice<TagCount>, StoreError> {
        let from = |select: Sql| {
            let select =
                select.push(" FROM chat_tags g JOIN tickets t ON t.id = g.ticket_id WHERE TRUE");
            let terms: Vec<String> = search.into_iter().map(str::to_owned).collect();
            scope.push(select).push_any_of(&terms, &["g.tag"])
        };
        let (total,): (i64,) = self.reader.one(from(sql("SELECT COUNT(DISTINCT g.tag)"))).await?;
        let select = from(sql("SELECT g.tag, COUNT(*) AS chats, COUNT(CASE WHEN t.status IN \
             ('waiting', 'active', 'paused') THEN 1 END) AS open"))
        .push(" GROUP BY g.tag ORDER BY chats DESC, g.tag")
        .push_bind(" LIMIT ", page.limit)
        .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }
}

async fn mark_read(
    tx: &mut Tx,
    ticket_id: TicketId,
    agent_id: AgentId,
    until: Option<String>,
    at: Timestamp,
) -> Result<Option<ReadMark>, StoreError> {
    let target = match until {
        None => {
            let select = sql("SELECT MAX(id) FROM messages WHERE ticket_id = $1").bind(ticket_id);
            let (last,): (Option<MessageRowId>,) = tx.one(select).await?;
            last
        }
        Some(id) => {
            let Some(found) = find_in_ticket(tx, ticket_id, &id).await? else { return Ok(None) };
            Some(found)
        }
    };
    let Some(target) = target else {
        return Ok(Some(ReadMark { until: None, unread: 0, is_news: false }));
    };
    let before = unread(tx, ticket_id, agent_id).await?;
    let upsert = sql("INSERT INTO chat_reads (ticket_id, agent_id, message_id, read_at) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (ticket_id, agent_id) DO UPDATE \
         SET message_id = excluded.message_id, read_at = excluded.read_at \
         WHERE chat_reads.message_id < excluded.message_id");
    tx.run(upsert.bind(ticket_id).bind(agent_id).bind(target).bind(at)).await?;
    let select = sql("SELECT message_id FROM chat_reads WHERE ticket_id = $1 AND agent_id = $2");
    let (until,): (MessageRowId,) = tx.one(select.bind(ticket_id).bind(agent_id)).await?;
    let unread = unread(tx, ticket_id, agent_id).await?;
    Ok(Some(ReadMark { until: Some(until), unread, is_news: unread < before }))
}

/// The message of a ticket that is named by the network's id, or by the number of its row.
async fn find_in_ticket(
    tx: &mut Tx,
    ticket_id: TicketId,
    id: &str,
) -> Result<Option<MessageRowId>, StoreError> {
    let select = sql("SELECT id FROM messages WHERE ticket_id = $1 \
         AND (message_id = $2 OR id = $3) ORDER BY CASE WHEN message_id = $2 THEN 0 ELSE 1 END \
         LIMIT 1");
    let number: Option<i64> = id.parse().ok();
    let found: Option<(MessageRowId,)> =
        tx.opt(select.bind(ticket_id).bind(id).bind(number)).await?;
    Ok(found.map(|(id,)| id))
}

async fn unread(tx: &mut Tx, ticket_id: TicketId, agent_id: AgentId) -> Result<i64, StoreError> {
    let select = sql("SELECT COUNT(*) FROM messages m \
         LEFT JOIN chat_reads r ON r.ticket_id = m.ticket_id AND r.agent_id = $2 \
         CROSS JOIN (SELECT MAX(id) AS id FROM messages WHERE ticket_id = $1 \
         AND direction = 'outbound' AND NOT is_automatic) a WHERE m.ticket_id = $1 AND ")
    .push(IS_UNREAD);
    let (count,): (i64,) = tx.one(select.bind(ticket_id).bind(agent_id)).await?;
    Ok(count)
}
