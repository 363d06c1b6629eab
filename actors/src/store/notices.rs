//! Automatic messages: each is stored together with the stamp that says so, or not at all.

use super::{Store, StoreError, db::Tx, fold, sql::sql, unit};
use crate::domain::{Message, NewMessage, Ticket, TicketId, Timestamp, automatic::Notice};

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
                    messages.push(fold::append_one(tx, message).await?);
                }
            }
            let ticket = tx.opt(sql("SELECT * FROM tickets WHERE id = $1").bind(id)).await?;
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
