//! What is said and noted in the stories: ratings by customers and by hand, silence, what the hub says by
//! itself, reading marks, notes and tags; and what must hold of it in the rows.

use std::collections::BTreeSet;

use rand::RngExt as _;

use super::{CHATS, PATIENCE, World, expected};
use crate::{
    HubError,
    domain::{AgentId, Direction, Message, Ticket},
    store::{Page, Scope, TicketFilter},
    testing::TestHub,
};

/// More than a story has of anything.
const ALL: Page = Page { limit: 1000, offset: 0 };

impl World {
    /// In most stories the number is connected, so that the hub greets, nudges and asks for ratings.
    pub(super) async fn open_conversations(&mut self) {
        let asks_for_rating = self.rng.random_bool(0.6);
        let changed = self.hub.hub.change_settings(None, |settings| {
            settings.chat.asks_for_rating = asks_for_rating;
            Ok::<_, HubError>(())
        });
        changed.await.unwrap();
        if self.rng.random_bool(0.7) {
            let sessions = self.hub.hub.sessions();
            sessions.start(TestHub::SESSION).await.unwrap();
            let ready = async || sessions.is_ready(TestHub::SESSION);
            crate::testing::eventually(ready).await;
        }
    }

    /// What a customer says: often something, sometimes a rating, asked for or not.
    pub(super) fn words(&mut self) -> &'static str {
        let all = ["oi", "preciso de ajuda", "5", "nota 3", "⭐⭐"];
        all[if self.rng.random_bool(0.7) { 0 } else { self.rng.random_range(1..all.len()) }]
    }

    pub(super) async fn somebody_remarks(&mut self, step: usize) {
        let (chat, agent) = (self.chat(), self.agent());
        let Some(ticket) = self.ticket(&chat).await else { return };
        let what = self.rng.random_range(0..5);
        self.note(step, &format!("agent {agent} remarks {what} on {chat}"));
        let rating = self.rng.random_range(1..=5);
        let chats = self.hub.hub.chats();
        match what {
            0 => expected(&chats.mark_read(&ticket, agent, None).await),
            1 => expected(&chats.add_note(&ticket, agent, "nota".to_owned()).await),
            2 => {
                let notes = self.hub.hub.store().list_notes(ticket.id, ALL).await.unwrap();
                let Some(note) = notes.rows.into_iter().next() else { return };
                expected(&chats.remove_note(&ticket, note, agent).await);
            }
            3 => expected(&chats.set_tags(&ticket, agent, vec!["vip".to_owned()]).await),
            _ => expected(&chats.rate(&ticket, rating, String::new(), Some(agent)).await),
        }
    }

    /// As soon as what is under way has arrived.
    pub(super) async fn check_conversations(&self) {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        while let Err(problem) = self.conversations_hold().await {
            assert!(tokio::time::Instant::now() < give_up, "{problem}\n{}", self.log);
            tokio::task::yield_now().await;
        }
    }

    async fn conversations_hold(&self) -> Result<(), String> {
        let store = self.hub.hub.store();
        for chat in (0..CHATS).map(|n| format!("55119888{n:05}")) {
            let filter = TicketFilter { chat_id: Some(chat), ..TicketFilter::default() };
            let tickets = store.list_tickets(&Scope::All, &filter, &[], ALL).await.unwrap().rows;
            for view in tickets {
                let ticket = view.ticket;
                let said = store.list_ticket_messages(ticket.id, ALL).await.unwrap().rows;
                check_messages(&ticket, &said)?;
                let segments = store.list_segments(ticket.id).await.unwrap();
                let had_it: BTreeSet<AgentId> =
                    segments.iter().filter_map(|s| s.agent_id).collect();
                let credits = store.list_rating_credits(ticket.id).await.unwrap();
                let credited: BTreeSet<AgentId> = credits.iter().map(|c| c.agent_id).collect();
                let is_settled = !ticket.status.is_open();
                let who = if ticket.rating.is_some() { had_it } else { BTreeSet::new() };
                if is_settled && credited != who {
                    return Err(format!("{ticket:?} is credited to {credited:?}, not {who:?}"));
                }
                if credits.iter().any(|credit| Some(credit.rating) != ticket.rating) {
                    return Err(format!("{ticket:?} has {credits:?}"));
                }
            }
        }
        Ok(())
    }
}

/// What the hub says by itself counts for nothing, and nobody is sent home who waits for an answer.
fn check_messages(ticket: &Ticket, said: &[Message]) -> Result<(), String> {
    let count = |is_meant: &dyn Fn(&&Message) -> bool| {
        i64::try_from(said.iter().filter(is_meant).count()).unwrap()
    };
    let inbound = count(&|m| m.direction == Direction::Inbound);
    let answers = count(&|m| m.direction == Direction::Outbound && !m.is_automatic);
    if (inbound, answers) != (ticket.customer_messages, ticket.agent_messages) {
        return Err(format!("{ticket:?} has {inbound} and {answers} messages"));
    }
    if ticket.first_response_at.is_some() != (answers > 0) {
        return Err(format!("{ticket:?} was answered {answers} times"));
    }
    let until = ticket.closed_at.filter(|_| ticket.is_auto_closed);
    let before = |m: &&Message| !m.is_automatic && until.is_some_and(|end| m.created_at <= end);
    let last = said.iter().filter(before).max_by_key(|m| m.id);
    if last.is_some_and(|message| message.direction == Direction::Inbound) {
        return Err(format!("{ticket:?} was closed while its customer waited"));
    }
    let by_customer = ticket.rating.is_some() && ticket.rated_by.is_none();
    if by_customer && ticket.told.rating_asked_at.is_none() {
        return Err(format!("{ticket:?} was rated unasked"));
    }
    Ok(())
}
