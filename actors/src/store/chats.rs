//! The list of chats: tickets with what happened last in them, in a constant number of statements.

use std::collections::HashMap;

use super::{
    Scope, Store, StoreError,
    page::{Order, Page, Slice},
    remarks::IS_UNREAD,
    sql::sql,
    tickets::TicketFilter,
};
use crate::domain::{AgentId, Message, TicketId, TicketView};

/// A chat of the list.
#[derive(Debug, Clone)]
pub struct ChatRow {
    pub view: TicketView,
    pub activity: ChatActivity,
}

/// What was said in a ticket.
#[derive(Debug, Clone, Default)]
pub struct ChatActivity {
    pub last_message: Option<Message>,
    pub messages: i64,
    /// What is left to read for the person who looks: inbound messages after his reading mark and after
    /// the last answer of a person.
    pub unread: i64,
    /// In order.
    pub tags: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatSort {
    LastMessage,
    /// By meaning.
    Priority,
    CreatedAt,
    UpdatedAt,
}

const PRIORITY_RANK: &str = "CASE t.priority WHEN 'urgent' THEN 3 WHEN 'high' THEN 2 \
    WHEN 'normal' THEN 1 ELSE 0 END";

#[derive(sqlx::FromRow)]
struct Counts {
    ticket_id: TicketId,
    messages: i64,
    unread: i64,
}

impl Store {
    pub async fn list_chats(
        &self,
        scope: &Scope,
        viewer: AgentId,
        filter: &TicketFilter,
        order: Order<ChatSort>,
        page: Page,
    ) -> Result<Slice<ChatRow>, StoreError> {
        let column = |by| match by {
            ChatSort::LastMessage => "COALESCE(t.last_message_at, t.created_at)",
            ChatSort::Priority => PRIORITY_RANK,
            ChatSort::CreatedAt => "t.created_at",
            ChatSort::UpdatedAt => "t.updated_at",
        };
        let found = self.page_of_tickets(scope, filter, &[order], column, page).await?;
        let Slice { total, rows: views } = found;
        let ids: Vec<TicketId> = views.iter().map(|view| view.ticket.id).collect();
        let mut activities = self.chat_activities(viewer, &ids).await?;
        let rows = views
            .into_iter()
            .map(|view| {
                let activity = activities.remove(&view.ticket.id).unwrap_or_default();
                ChatRow { view, activity }
            })
            .collect();
        Ok(Slice { total, rows })
    }

    /// What was said in each of these tickets, and what is left of it to read for this person.
    pub async fn chat_activities(
        &self,
        viewer: AgentId,
        ids: &[TicketId],
    ) -> Result<HashMap<TicketId, ChatActivity>, StoreError> {
        let mut activities: HashMap<TicketId, ChatActivity> = HashMap::new();
        let last = sql("SELECT * FROM messages WHERE id IN (SELECT MAX(id) FROM messages \
             WHERE ticket_id IN")
        .push_in("", ids.iter().copied())
        .push(" GROUP BY ticket_id)");
        for message in self.reader.all::<Message>(last).await? {
            if let Some(id) = message.ticket_id {
                activities.entry(id).or_default().last_message = Some(message);
            }
        }
        let counts = sql("WITH answers AS (SELECT ticket_id, MAX(id) AS id FROM messages \
             WHERE direction = 'outbound' AND NOT is_automatic AND ticket_id IN")
        .push_in("", ids.iter().copied())
        .push(
            " GROUP BY ticket_id) SELECT m.ticket_id, COUNT(*) AS messages, \
             COUNT(CASE WHEN ",
        )
        .push(IS_UNREAD)
        .push(
            " THEN 1 END) AS unread FROM messages m \
             LEFT JOIN answers a ON a.ticket_id = m.ticket_id \
             LEFT JOIN chat_reads r ON r.ticket_id = m.ticket_id",
        )
        .push_bind(" AND r.agent_id = ", viewer)
        .push(" WHERE m.ticket_id IN")
        .push_in("", ids.iter().copied())
        .push(" GROUP BY m.ticket_id");
        for row in self.reader.all::<Counts>(counts).await? {
            let activity = activities.entry(row.ticket_id).or_default();
            activity.messages = row.messages;
            activity.unread = row.unread;
        }
        for (id, tags) in self.tags_of(ids).await? {
            activities.entry(id).or_default().tags = tags;
        }
        Ok(activities)
    }
}
