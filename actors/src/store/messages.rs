//! Messages: lists, single rows, and figures computed by the database.

use std::collections::HashSet;

use super::{
    Scope, Store, StoreError,
    db::Db,
    fold::statement_chunks,
    page::{Order, Page, Slice, push_order},
    sql::{Sql, sql},
};
use crate::domain::{
    AgentId, Direction, Message, MessageKind, MessageRowId, MessageStatus, SessionId, TicketId,
};

/// Which messages are wanted.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    pub direction: Option<Direction>,
    pub kind: Option<MessageKind>,
    pub status: Option<MessageStatus>,
    pub chat_id: Option<String>,
    pub session_id: Option<SessionId>,
    pub is_from_me: Option<bool>,
    pub search: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageSort {
    CreatedAt,
    SentAt,
    DeliveredAt,
}

/// Latencies over the messages that somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, sqlx::FromRow)]
pub struct LatencyStats {
    pub total: i64,
    pub outbound: i64,
    pub inbound: i64,
    pub to_sent_ms: Option<f64>,
    pub to_delivered_ms: Option<f64>,
    /// Outbound messages that took longer than 5 s to be sent.
    pub slow: i64,
}

/// Figures of one number.
#[derive(Debug, Clone, Copy, PartialEq, sqlx::FromRow)]
pub struct SessionMetrics {
    pub total: i64,
    pub outbound: i64,
    pub inbound: i64,
    pub failed: i64,
    pub to_sent_ms: Option<f64>,
    pub slow: i64,
}

impl MessageFilter {
    fn push(&self, sql: Sql) -> Sql {
        sql.push_bind_if(" AND m.direction = ", self.direction)
            .push_bind_if(" AND m.kind = ", self.kind)
            .push_bind_if(" AND m.status = ", self.status)
            .push_bind_if(" AND m.chat_id = ", self.chat_id.as_deref())
            .push_bind_if(" AND m.session_id = ", self.session_id)
            .push_bind_if(" AND (m.direction = 'outbound') = ", self.is_from_me)
            .push_search(&self.search, &["m.text", "m.phone", "m.contact_name"])
    }
}

/// Messages that a person sent, and those of chats that he or she may see.
pub(super) fn push_scope(scope: &Scope, viewer: AgentId, sql: Sql) -> Sql {
    if *scope == Scope::All {
        return sql;
    }
    let sql = sql
        .push_bind(" AND (m.agent_id = ", viewer)
        .push(" OR m.ticket_id IN (SELECT t.id FROM tickets t WHERE TRUE");
    scope.push(sql).push("))")
}

/// Milliseconds from `queued_at` to a stamp; times are integers on SQLite.
const fn latency(db: &Db) -> (&'static str, &'static str) {
    match db {
        Db::Sqlite(_) => {
            ("(m.sent_at - m.queued_at) / 1000.0", "(m.delivered_at - m.queued_at) / 1000.0")
        }
        Db::Postgres(_) => (
            "EXTRACT(EPOCH FROM (m.sent_at - m.queued_at)) * 1000.0",
            "EXTRACT(EPOCH FROM (m.delivered_at - m.queued_at)) * 1000.0",
        ),
    }
}

impl Store {
    pub async fn list_messages(
        &self,
        scope: &Scope,
        viewer: AgentId,
        filter: &MessageFilter,
        orders: &[Order<MessageSort>],
        page: Page,
    ) -> Result<Slice<Message>, StoreError> {
        let count = push_scope(scope, viewer, sql("SELECT COUNT(*) FROM messages m WHERE TRUE"));
        let (total,): (i64,) = self.reader.one(filter.push(count)).await?;
        let select = push_scope(scope, viewer, sql("SELECT m.* FROM messages m WHERE TRUE"));
        let column = |by| match by {
            MessageSort::CreatedAt => "m.created_at",
            MessageSort::SentAt => "m.sent_at",
            MessageSort::DeliveredAt => "m.delivered_at",
        };
        let select = push_order(filter.push(select), orders, column, "m.id DESC")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    pub async fn find_message(
        &self,
        scope: &Scope,
        viewer: AgentId,
        id: MessageRowId,
    ) -> Result<Option<Message>, StoreError> {
        let select = sql("SELECT m.* FROM messages m WHERE m.id = $1").bind(id);
        self.reader.opt(push_scope(scope, viewer, select)).await
    }

    /// The newest message of this id that somebody may see: the network's or his own name for it.
    pub async fn find_message_by_any_id(
        &self,
        scope: &Scope,
        viewer: AgentId,
        id: &str,
    ) -> Result<Option<Message>, StoreError> {
        let by_id = sql("SELECT m.* FROM messages m WHERE (m.message_id = $1 OR \
             (m.client_message_id = $1 AND m.agent_id = $2))");
        let by_id = by_id.bind(id).bind(viewer);
        let select = push_scope(scope, viewer, by_id).push(" ORDER BY m.id DESC LIMIT 1");
        self.reader.opt(select).await
    }

    pub async fn find_message_by_provider_id(
        &self,
        session_id: SessionId,
        message_id: &str,
    ) -> Result<Option<Message>, StoreError> {
        let select = sql("SELECT * FROM messages WHERE session_id = $1 AND message_id = $2");
        self.reader.opt(select.bind(session_id).bind(message_id)).await
    }

    /// Those of these ids of the network under which a message is stored.
    pub async fn list_stored_provider_ids(
        &self,
        session_id: SessionId,
        message_ids: &[&str],
    ) -> Result<HashSet<String>, StoreError> {
        let mut stored = HashSet::new();
        for chunk in statement_chunks(message_ids) {
            let select = sql("SELECT message_id FROM messages")
                .push_bind(" WHERE session_id = ", session_id)
                .push_in(" AND message_id IN", chunk.iter().copied());
            let found: Vec<(String,)> = self.reader.all(select).await?;
            stored.extend(found.into_iter().map(|(id,)| id));
        }
        Ok(stored)
    }

    /// The network's id of the last message that came in from a chat.
    pub async fn find_last_inbound_id(
        &self,
        session_id: SessionId,
        chat_id: &str,
    ) -> Result<Option<String>, StoreError> {
        let select = sql("SELECT message_id FROM messages WHERE chat_id = $1 AND session_id = $2 \
             AND direction = 'inbound' ORDER BY id DESC LIMIT 1");
        let found: Option<(String,)> =
            self.reader.opt(select.bind(chat_id).bind(session_id)).await?;
        Ok(found.map(|(id,)| id))
    }

    /// The message that an agent sent under his own id.
    pub async fn find_message_by_client_id(
        &self,
        agent_id: AgentId,
        client_message_id: &str,
    ) -> Result<Option<Message>, StoreError> {
        let select = sql("SELECT * FROM messages WHERE agent_id = $1 AND client_message_id = $2");
        self.reader.opt(select.bind(agent_id).bind(client_message_id)).await
    }

    /// The messages of one ticket, newest first.
    pub async fn list_ticket_messages(
        &self,
        ticket_id: TicketId,
        page: Page,
    ) -> Result<Slice<Message>, StoreError> {
        let count = sql("SELECT COUNT(*) FROM messages WHERE ticket_id = $1").bind(ticket_id);
        let (total,): (i64,) = self.reader.one(count).await?;
        let select = sql("SELECT * FROM messages WHERE ticket_id = $1 ORDER BY id DESC \
             LIMIT $2 OFFSET $3");
        let select = select.bind(ticket_id).bind(page.limit).bind(page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    /// What is still to be sent over a number, in the order of acceptance.
    pub async fn list_unsent(
        &self,
        session_id: SessionId,
        limit: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let select = sql("SELECT * FROM messages WHERE session_id = $1 \
             AND status IN ('queued', 'sending') ORDER BY id LIMIT $2");
        self.reader.all(select.bind(session_id).bind(limit)).await
    }

    /// Outbound messages that took longer than 5 s to be sent, newest first.
    pub async fn list_slow_messages(
        &self,
        scope: &Scope,
        viewer: AgentId,
        limit: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let select = sql("SELECT m.* FROM messages m WHERE m.direction = 'outbound' AND ")
            .push(latency(&self.reader).0)
            .push(" > 5000");
        let select =
            push_scope(scope, viewer, select).push_bind(" ORDER BY m.id DESC LIMIT ", limit);
        self.reader.all(select).await
    }

    pub async fn latency_stats(
        &self,
        scope: &Scope,
        viewer: AgentId,
    ) -> Result<LatencyStats, StoreError> {
        let (to_sent, to_delivered) = latency(&self.reader);
        let select = sql("SELECT COUNT(*) AS total, \
             COUNT(CASE WHEN m.direction = 'outbound' THEN 1 END) AS outbound, \
             COUNT(CASE WHEN m.direction = 'inbound' THEN 1 END) AS inbound, \
             CAST(AVG(CASE WHEN m.direction = 'outbound' THEN ")
        .push(to_sent)
        .push(" END) AS DOUBLE PRECISION) AS to_sent_ms, CAST(AVG(CASE WHEN m.direction = 'outbound' THEN ")
        .push(to_delivered)
        .push(" END) AS DOUBLE PRECISION) AS to_delivered_ms, COUNT(CASE WHEN m.direction = 'outbound' AND ")
        .push(to_sent)
        .push(" > 5000 THEN 1 END) AS slow FROM messages m WHERE TRUE");
        self.reader.one(push_scope(scope, viewer, select)).await
    }

    pub async fn session_metrics(&self, id: SessionId) -> Result<SessionMetrics, StoreError> {
        let to_sent = latency(&self.reader).0;
        let select = sql("SELECT COUNT(*) AS total, \
             COUNT(CASE WHEN m.direction = 'outbound' THEN 1 END) AS outbound, \
             COUNT(CASE WHEN m.direction = 'inbound' THEN 1 END) AS inbound, \
             COUNT(CASE WHEN m.status = 'failed' THEN 1 END) AS failed, \
             CAST(AVG(CASE WHEN m.direction = 'outbound' THEN ")
        .push(to_sent)
        .push(" END) AS DOUBLE PRECISION) AS to_sent_ms, COUNT(CASE WHEN m.direction = 'outbound' AND ")
        .push(to_sent)
        .push(" >= 5000 THEN 1 END) AS slow FROM messages m WHERE m.session_id = ");
        self.reader.one(select.push_bind("", id)).await
    }
}
