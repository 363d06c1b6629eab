//! Automatic messages: each is stored together with the stamp that says so, or not at all.

use super::{Store, StoreError, db::Tx, fold, sql::sql, ticket_changes, unit};
use crate::domain::{Message, NewMessage, Ticket, TicketId, Timestamp, automatic::Notice};

use super::ticket_changes::TicketPlan;

/// An automatic message to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    pub notice: Notice,
    pub message: NewMessage,
}

impl Store {
    /// Stores those of the messages that are still due, in their order: the ticket is open and was not told
    /// the same before. A warning is due once for each silence. The rows, to be sent, and what the ticket's
    /// customer has been told now.
    pub async fn tell_customer(
        &self,
        id: TicketId,
        notices: Vec<NewNotice>,
        at: Timestamp,
    ) -> Result<(Option<Ticket>, Vec<Message>), StoreError> {
        self.unit(unit!(tx => {
            let mut messages = Vec::with_capacity(notices.len());
            for NewNotice { notice, message } in notices {
                if mark(tx, id, notice, at).await? {
                    messages.push(append(tx, message).await?);
                }
            }
            let ticket = tx.opt(sql("SELECT * FROM tickets WHERE id = $1").bind(id)).await?;
            Ok((ticket, messages))
        }))
        .await
    }

    /// Ends a ticket as planned and stores what its customer is told about it, in one commit.
    /// [`StoreError::Stale`] when the ticket is no longer in the version it was planned for.
    pub async fn end_ticket(
        &self,
        plan: TicketPlan,
        notices: Vec<NewNotice>,
    ) -> Result<(Ticket, Vec<Message>), StoreError> {
        self.unit(unit!(tx => {
            let is_asked = notices.iter().any(|new| new.notice == Notice::RatingRequest);
            if is_asked {
                let update = sql("UPDATE tickets SET rating_asked_at = $1 WHERE id = $2");
                tx.run(update.bind(plan.at).bind(plan.ticket.id)).await?;
            }
            let (ticket, _) = ticket_changes::change(tx, &plan).await?;
            // Rated while it was open: everybody who has had it by now is credited.
            super::ratings::credit(tx, &ticket, plan.at).await?;
            let mut messages = Vec::with_capacity(notices.len());
            for new in notices {
                messages.push(append(tx, new.message).await?);
            }
            Ok((ticket, messages))
        }))
        .await
    }
}

/// Claims the right to say something; `false` when it has been said or is not due any more.
async fn mark(
    tx: &mut Tx,
    id: TicketId,
    notice: Notice,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let update = match notice {
        Notice::Greeting => sql("UPDATE tickets SET greeted_at = $1 WHERE id = $2 \
             AND greeted_at IS NULL AND status IN ('waiting', 'active', 'paused')"),
        Notice::OutOfHours => sql("UPDATE tickets SET out_of_hours_told_at = $1 WHERE id = $2 \
             AND out_of_hours_told_at IS NULL AND status IN ('waiting', 'active', 'paused')"),
        Notice::Absence => sql("UPDATE tickets SET absence_told_at = $1 WHERE id = $2 \
             AND absence_told_at IS NULL AND status = 'waiting' AND agent_id IS NULL"),
        Notice::Inactivity => sql("UPDATE tickets SET nudged_at = $1 WHERE id = $2 \
             AND status = 'active' AND awaiting_since IS NULL \
             AND (nudged_at IS NULL OR nudged_at < last_message_at)"),
        // Their stamps are those of the closing and of the rating.
        Notice::Closing | Notice::RatingRequest | Notice::RatingThanks => return Ok(false),
    };
    Ok(tx.run(update.bind(at).bind(id)).await? > 0)
}

pub(super) async fn append(tx: &mut Tx, message: NewMessage) -> Result<Message, StoreError> {
    let id = fold::append_one(tx, &message).await?;
    Ok(message.into_stored(id))
}
