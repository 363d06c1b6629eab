//! How people want to be told.

use super::{Store, StoreError, sql::sql, unit};
use crate::domain::{NotificationPreferences, Timestamp};

impl Store {
    /// The wishes of everybody who ever had any.
    pub async fn list_notification_preferences(
        &self,
    ) -> Result<Vec<NotificationPreferences>, StoreError> {
        self.reader.all(sql("SELECT * FROM notification_preferences ORDER BY agent_id")).await
    }

    /// Stores all wishes of one person; the row as it is now.
    pub async fn save_notification_preferences(
        &self,
        wanted: NotificationPreferences,
        now: Timestamp,
    ) -> Result<NotificationPreferences, StoreError> {
        self.unit(unit!(tx => {
            let upsert = sql("INSERT INTO notification_preferences (agent_id, sound_message, \
                 sound_chat, sound_transfer, desktop_message, desktop_chat, desktop_transfer, \
                 badge_messages, badge_chats, do_not_disturb, quiet_from_second, \
                 quiet_until_second, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) \
                 ON CONFLICT (agent_id) DO UPDATE SET sound_message = excluded.sound_message, \
                 sound_chat = excluded.sound_chat, sound_transfer = excluded.sound_transfer, \
                 desktop_message = excluded.desktop_message, desktop_chat = excluded.desktop_chat, \
                 desktop_transfer = excluded.desktop_transfer, \
                 badge_messages = excluded.badge_messages, badge_chats = excluded.badge_chats, \
                 do_not_disturb = excluded.do_not_disturb, \
                 quiet_from_second = excluded.quiet_from_second, \
                 quiet_until_second = excluded.quiet_until_second, \
                 updated_at = excluded.updated_at RETURNING *")
                .bind(wanted.agent_id)
                .bind(wanted.sound_message)
                .bind(wanted.sound_chat)
                .bind(wanted.sound_transfer)
                .bind(wanted.desktop_message)
                .bind(wanted.desktop_chat)
                .bind(wanted.desktop_transfer)
                .bind(wanted.badge_messages)
                .bind(wanted.badge_chats)
                .bind(wanted.do_not_disturb)
                .bind(wanted.quiet_from_second)
                .bind(wanted.quiet_until_second)
                .bind(now);
            tx.one(upsert).await
        }))
        .await
    }
}
