//! Ratings: what customers thought of a ticket, and whom that is credited to.

use super::{
    Store, StoreError,
    db::Tx,
    fold::{append_one, is_message_key},
    sql::sql,
    tickets::TICKET_VIEWS,
    unit,
};
use crate::domain::{
    AgentId, Message, NewMessage, Ticket, TicketId, TicketView, Timestamp, ids::ChatKey,
};

/// A rating of an agent who had the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct RatingCredit {
    pub ticket_id: TicketId,
    pub agent_id: AgentId,
    pub rating: i64,
    pub at: Timestamp,
}

/// What became of a customer's answer to the request for a rating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RatingReply {
    /// It rates the ticket; the thanks are to be sent.
    Rated { ticket: Box<Ticket>, message: Box<Message>, thanks: Option<Box<Message>> },
    /// The ticket had been rated before; the message is kept with it.
    Kept { ticket: Box<Ticket>, message: Box<Message> },
    /// The message had been stored before.
    Repeat,
}

impl Store {
    /// The newest ticket of a chat, if its customer was asked for a rating when it was closed, and not before
    /// `since`.
    pub async fn find_rating_request(
        &self,
        key: &ChatKey,
        since: Timestamp,
    ) -> Result<Option<TicketView>, StoreError> {
        let newest = sql(TICKET_VIEWS)
            .push_bind(" AND t.session_id = ", key.session_id)
            .push_bind(" AND t.chat_id = ", key.chat_id.as_str())
            .push(" ORDER BY t.id DESC LIMIT 1");
        let newest: Option<TicketView> = self.reader.opt(newest).await?;
        Ok(newest.filter(|TicketView { ticket, .. }| {
            !ticket.status.is_open() && ticket.told.rating_asked_at.is_some_and(|at| at >= since)
        }))
    }

    /// Keeps a customer's answer with the closed ticket that it rates; the first rating counts.
    pub async fn rate_by_reply(
        &self,
        id: TicketId,
        rating: i64,
        message: NewMessage,
        thanks: Option<NewMessage>,
        at: Timestamp,
    ) -> Result<RatingReply, StoreError> {
        let message = NewMessage { ticket_id: Some(id), ..message };
        let outcome = self.unit(unit!(tx => {
            let message = Box::new(append_one(tx, message).await?);
            // A closed ticket waits for nothing.
            let update = sql("UPDATE tickets SET awaiting_since = NULL WHERE id = $1 RETURNING *");
            let ticket: Ticket = tx.one(update.bind(id)).await?;
            if ticket.rating.is_some() {
                return Ok(RatingReply::Kept { ticket: Box::new(ticket), message });
            }
            let update = sql("UPDATE tickets SET rating = $1 WHERE id = $2 RETURNING *");
            let ticket: Box<Ticket> = Box::new(tx.one(update.bind(rating).bind(id)).await?);
            credit(tx, &ticket, at).await?;
            tx.outbox.chat_rated(&ticket, at);
            let thanks = match thanks {
                Some(thanks) => Some(Box::new(append_one(tx, thanks).await?)),
                None => None,
            };
            Ok(RatingReply::Rated { ticket, message, thanks })
        }))
        .await;
        match outcome {
            Err(StoreError::Unique { constraint }) if is_message_key(&constraint) => {
                Ok(RatingReply::Repeat)
            }
            outcome => outcome,
        }
    }

    /// Sets a rating by hand; the last one counts.
    pub async fn rate_ticket(
        &self,
        id: TicketId,
        rating: i64,
        comment: String,
        rated_by: Option<AgentId>,
        at: Timestamp,
    ) -> Result<Option<Ticket>, StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE tickets SET rating = $1, rating_comment = $2, rated_by = $3, \
                 updated_at = $4 WHERE id = $5 RETURNING *");
            let update = update.bind(rating).bind(comment).bind(rated_by).bind(at).bind(id);
            let ticket: Option<Ticket> = tx.opt(update).await?;
            if let Some(ticket) = &ticket {
                credit(tx, ticket, at).await?;
                tx.outbox.chat_rated(ticket, at);
            }
            Ok(ticket)
        }))
        .await
    }

    /// Who is credited with the rating of a ticket.
    pub async fn list_rating_credits(&self, id: TicketId) -> Result<Vec<RatingCredit>, StoreError> {
        let select = sql("SELECT * FROM rating_credits WHERE ticket_id = $1 ORDER BY agent_id");
        self.reader.all(select.bind(id)).await
    }
}

/// Credits the ticket's rating, if it has one, to everybody who has had the ticket until now. Part of the
/// transaction that rates or closes it; whoever gets the customer's next ticket has no part in it.
pub(super) async fn credit(tx: &mut Tx, ticket: &Ticket, at: Timestamp) -> Result<(), StoreError> {
    let Some(rating) = ticket.rating else { return Ok(()) };
    tx.run(sql("DELETE FROM rating_credits WHERE ticket_id = $1").bind(ticket.id)).await?;
    let insert = sql("INSERT INTO rating_credits (ticket_id, agent_id, rating, at) \
         SELECT DISTINCT ticket_id, agent_id, CAST($1 AS BIGINT), $2 FROM ticket_segments \
         WHERE ticket_id = $3 AND agent_id IS NOT NULL");
    tx.run(insert.bind(rating).bind(at).bind(ticket.id)).await?;
    Ok(())
}
