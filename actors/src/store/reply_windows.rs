//! The window in which a customer may be answered freely, and warnings before it closes.

use super::{Store, StoreError, sql::sql, unit};
use crate::domain::{
    ProviderKind, TicketId, TicketView, Timestamp,
    cloud::{ClosingWindow, ReplyWindow},
    ids::ChatKey,
};

#[derive(sqlx::FromRow)]
struct ClosingRow {
    #[sqlx(flatten)]
    view: TicketView,
    window_from: Timestamp,
}

/// When a message was written: as the network says, unless that lies in the future.
macro_rules! written_at {
    () => {
        "CASE WHEN m.provider_at < m.created_at THEN m.provider_at ELSE m.created_at END"
    };
}

impl Store {
    /// `None` when the chat's number has no window.
    pub async fn find_reply_window(
        &self,
        key: &ChatKey,
    ) -> Result<Option<ReplyWindow>, StoreError> {
        let session = self.find_session(key.session_id).await?;
        if session.is_none_or(|session| session.provider != ProviderKind::Cloud) {
            return Ok(None);
        }
        let select = sql(concat!(
            "SELECT ",
            written_at!(),
            " FROM messages m WHERE m.chat_id = $1 AND m.session_id = $2 \
             AND m.direction = 'inbound' ORDER BY m.id DESC LIMIT 1"
        ));
        let select = select.bind(key.chat_id.as_str()).bind(key.session_id);
        let last: Option<(Timestamp,)> = self.reader.opt(select).await?;
        Ok(Some(ReplyWindow::since(last.map(|(at,)| at))))
    }

    /// Open chats of numbers with a window, whose window counts from within `from..=until` and was not
    /// warned of yet.
    pub async fn list_closing_windows(
        &self,
        from: Timestamp,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<ClosingWindow>, StoreError> {
        let select = sql(concat!(
            "SELECT * FROM (SELECT t.*, c.name AS customer_name, c.email AS customer_email, \
             c.phone AS customer_phone, (SELECT ",
            written_at!(),
            " FROM messages m WHERE m.ticket_id = t.id AND m.direction = 'inbound' \
             ORDER BY m.id DESC LIMIT 1) AS window_from \
             FROM tickets t JOIN customers c ON c.id = t.customer_id \
             JOIN sessions s ON s.id = t.session_id WHERE s.provider = 'cloud' \
             AND t.status IN ('waiting', 'active', 'paused') AND t.last_message_at >= $1) w \
             WHERE w.window_from > $1 AND w.window_from <= $2 AND NOT EXISTS \
             (SELECT 1 FROM window_warnings told WHERE told.ticket_id = w.id \
             AND told.window_from = w.window_from) ORDER BY w.window_from LIMIT $3"
        ));
        let rows: Vec<ClosingRow> =
            self.reader.all(select.bind(from).bind(until).bind(limit)).await?;
        let windows = rows.into_iter().map(|row| {
            let ClosingRow { view, window_from } = row;
            ClosingWindow { view, window_from }
        });
        Ok(windows.collect())
    }

    /// Notes that a window was warned of. `false` when it was already.
    pub async fn note_window_warning(
        &self,
        ticket_id: TicketId,
        window_from: Timestamp,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            let upsert = sql("INSERT INTO window_warnings (ticket_id, window_from) \
                 VALUES ($1, $2) ON CONFLICT (ticket_id) DO UPDATE \
                 SET window_from = excluded.window_from \
                 WHERE window_warnings.window_from <> excluded.window_from");
            Ok(tx.run(upsert.bind(ticket_id).bind(window_from)).await? > 0)
        }))
        .await
    }
}
