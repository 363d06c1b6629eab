//! What became of the connection of each number: written with the state itself, kept for a while.

use std::time::Duration;

use super::{Store, StoreError, db::Tx, sql::sql};
use crate::domain::{
    ProviderKind, SessionId, Timestamp, WhatsAppSession,
    diagnosis::{Facts, SessionState, Unsent},
    session::COLD_WINDOW,
};

/// Changes that are kept of each number: a number that comes and goes all day stays readable.
pub(super) const STATES_MAX: i64 = 200;
/// And for how long: a quarter, the span of most questions.
pub(super) const STATES_KEPT: Duration = Duration::from_hours(90 * 24);
/// What happened within this time explains the present.
const RECENT: Duration = Duration::from_hours(24);

/// A number with what only this knows of its row.
#[derive(sqlx::FromRow)]
struct SessionRow {
    #[sqlx(flatten)]
    session: WhatsAppSession,
    last_received_at: Option<Timestamp>,
    last_sent_at: Option<Timestamp>,
}

impl Store {
    /// What became of a number, the latest first.
    pub async fn list_session_states(
        &self,
        id: SessionId,
        limit: i64,
    ) -> Result<Vec<SessionState>, StoreError> {
        let select = sql("SELECT status, reason, attempts, at FROM session_states \
             WHERE session_id = $1 ORDER BY id DESC LIMIT $2");
        self.reader.all(select.bind(id).bind(limit)).await
    }

    /// Everything that explains how a number is at present; `None` when there is none of this id.
    pub async fn find_session_facts(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Result<Option<Facts>, StoreError> {
        let row = self.reader.opt(sql("SELECT * FROM sessions WHERE id = $1").bind(id)).await?;
        let Some(SessionRow { session, last_received_at, last_sent_at }) = row else {
            return Ok(None);
        };
        let since = now.minus(RECENT);
        let unsent = sql("SELECT COUNT(CASE WHEN status = 'queued' THEN 1 END) AS waiting, \
             COUNT(CASE WHEN status = 'sending' THEN 1 END) AS sending, \
             MIN(COALESCE(queued_at, created_at)) AS oldest_at \
             FROM messages WHERE session_id = $1 AND status IN ('queued', 'sending')");
        let unsent: Unsent = self.reader.one(unsent.bind(id)).await?;
        let cold = sql("SELECT COUNT(*), MIN(at) FROM cold_contacts \
             WHERE session_id = $1 AND at > $2");
        let cold = cold.bind(id).bind(now.minus(COLD_WINDOW));
        let (cold_spent, cold_first_at) = self.reader.one(cold).await?;
        // By time, not by all that the number ever had: hence the sign, which keeps its index out.
        let written = sql("SELECT COUNT(*) FROM messages WHERE +session_id = $1 \
             AND created_at >= $2 AND direction = 'outbound'");
        let (written,): (i64,) = self.reader.one(written.bind(id).bind(since)).await?;
        let approved_templates = match session.provider {
            ProviderKind::Cloud => {
                let count = sql("SELECT COUNT(*) FROM message_templates \
                     WHERE session_id = $1 AND status = 'approved'");
                let (count,): (i64,) = self.reader.one(count.bind(id)).await?;
                Some(count)
            }
            ProviderKind::Sandbox | ProviderKind::Web => None,
        };
        Ok(Some(Facts {
            states: self.list_session_states(id, STATES_MAX).await?,
            failures: self.session_failures(id, since).await?,
            session,
            last_received_at,
            last_sent_at,
            unsent,
            cold_spent,
            cold_first_at,
            written,
            approved_templates,
        }))
    }
}

/// Notes the state that was just written, if it is another one, and lets go of what is old.
pub(super) async fn note(tx: &mut Tx, session: &WhatsAppSession) -> Result<(), StoreError> {
    let id = session.id;
    let newest = sql("SELECT status, reason, attempts, at FROM session_states \
         WHERE session_id = $1 ORDER BY id DESC LIMIT 1");
    let newest: Option<SessionState> = tx.opt(newest.bind(id)).await?;
    let is_known = newest.is_some_and(|state| {
        state.status == session.status
            && state.reason == session.last_error
            && state.attempts == session.reconnect_attempts
    });
    if is_known {
        return Ok(());
    }
    let insert = sql("INSERT INTO session_states (session_id, status, reason, attempts, at) \
         VALUES ($1, $2, $3, $4, $5)")
    .bind(id)
    .bind(session.status)
    .bind(session.last_error.as_str())
    .bind(session.reconnect_attempts)
    .bind(session.updated_at);
    tx.run(insert).await?;
    let delete = sql("DELETE FROM session_states WHERE session_id = $1 AND (at < $2 OR id NOT IN \
         (SELECT id FROM session_states WHERE session_id = $1 ORDER BY id DESC LIMIT $3))");
    let delete = delete.bind(id).bind(session.updated_at.minus(STATES_KEPT)).bind(STATES_MAX);
    tx.run(delete).await.map(drop)
}
