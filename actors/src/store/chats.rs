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
        let columns: &[&'static str] = match order.by {
            // On PostgreSQL the index leads to the periods; within one they are sorted.
            ChatSort::LastMessage => {
                &["t.active_period", "COALESCE(t.last_message_at, t.created_at)"]
            }
            ChatSort::Priority => &[PRIORITY_RANK],
            ChatSort::CreatedAt => &["t.created_at"],
            ChatSort::UpdatedAt => &["t.updated_at"],
        };
        let ordered = |by: &&'static str| Order { by: *by, is_descending: order.is_descending };
        let orders: Vec<_> = columns.iter().map(ordered).collect();
        let found = self.page_of_tickets(scope, filter, &orders, |column| column, page).await?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        both_databases,
        clock::Clock as _,
        domain::Timestamp,
        store::{
            tests::{Fixture, assignment, seeded},
            tickets::active_period,
        },
        testing::TestDatabase,
    };

    both_databases!(chats_are_listed_by_what_was_said_last, silent_chats_come_page_by_page);

    const AGENT: AgentId = AgentId(1);
    /// Two of them within the same five minutes, whatever the clock begins with.
    const PAUSES: [Duration; 4] = [
        Duration::from_secs(1),
        Duration::from_mins(7),
        Duration::from_secs(1),
        Duration::from_mins(31),
    ];

    /// Chats that somebody has, opened one after the other, in the order in which they were answered.
    async fn answered(hub: &Fixture) -> Vec<(Timestamp, TicketId)> {
        let mut opened = Vec::new();
        for n in 0..PAUSES.len() {
            opened.push(hub.open(&format!("551198888000{n}"), &format!("m{n}")).await);
            hub.clock.advance(Duration::from_secs(20));
        }
        let assignments = opened.iter().map(assignment).collect();
        hub.store.assign_tickets(assignments, hub.clock.now()).await.unwrap();
        let mut order = Vec::new();
        for (n, pause) in [2, 0, 3, 1].into_iter().zip(PAUSES) {
            let answer = hub.answer(&opened[n], &format!("a{n}"));
            order.push((answer.at, opened[n].ticket.id));
            hub.store.append_message(answer).await.unwrap().unwrap();
            hub.clock.advance(pause);
        }
        order
    }

    async fn chats_are_listed_by_what_was_said_last(database: TestDatabase) {
        let hub = seeded(&database).await;
        let mut expected: Vec<TicketId> =
            answered(&hub).await.into_iter().map(|(_, id)| id).collect();
        // Nothing was said in it but by the customer who opened it.
        expected.push(hub.open("5511988880009", "m9").await.ticket.id);
        for is_descending in [false, true] {
            let order = Order { by: ChatSort::LastMessage, is_descending };
            let mut listed = Vec::new();
            for offset in 0..5 {
                let page = Page { limit: 1, offset };
                let filter = TicketFilter::default();
                let chats = hub.store.list_chats(&Scope::All, AGENT, &filter, order, page).await;
                let chats = chats.unwrap();
                assert_eq!(chats.total, 5);
                listed.extend(chats.rows.iter().map(|row| row.view.ticket.id));
            }
            assert_eq!(listed, expected, "descending: {is_descending}");
            expected.reverse();
        }
    }

    async fn silent_chats_come_page_by_page(database: TestDatabase) {
        let hub = seeded(&database).await;
        let order = answered(&hub).await;
        for (at, id) in &order {
            let select = sql("SELECT active_period FROM tickets WHERE id = $1").bind(*id);
            let (period,): (i64,) = hub.store.reader.one(select).await.unwrap();
            assert_eq!(period, active_period(*at), "the database counts as we do");
        }
        // Up to the last but one, to the microsecond.
        let silent_since = order[2].0;
        let mut after = None;
        let mut found = Vec::new();
        loop {
            let page = hub.store.list_idle_tickets(silent_since, after, 1).await.unwrap();
            let Some(ticket) = page.first() else { break };
            after = Some((ticket.last_message_at.unwrap(), ticket.id));
            found.extend(after);
        }
        assert_eq!(found, order[..3]);
    }
}
