//! Settings: one JSON document per section.

use sqlx::types::Json;

use super::{Store, StoreError, db::Db};
use crate::domain::{Timestamp, settings::ChatSettings};

const CHAT_SECTION: &str = "chat";

impl Store {
    /// How chats are handled; defaults where nothing was stored.
    pub async fn get_chat_settings(&self) -> Result<ChatSettings, StoreError> {
        let text = "SELECT document FROM settings WHERE section = $1";
        let found: Option<(Json<ChatSettings>,)> = match &self.reader {
            Db::Sqlite(pool) => {
                sqlx::query_as(text).bind(CHAT_SECTION).fetch_optional(pool).await?
            }
            Db::Postgres(pool) => {
                sqlx::query_as(text).bind(CHAT_SECTION).fetch_optional(pool).await?
            }
        };
        Ok(found.map(|(Json(settings),)| settings).unwrap_or_default())
    }

    pub async fn save_chat_settings(
        &self,
        settings: ChatSettings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let text = "INSERT INTO settings (section, document, updated_at) VALUES ($1, $2, $3) \
            ON CONFLICT (section) DO UPDATE SET document = excluded.document, \
            updated_at = excluded.updated_at";
        self.unit(super::unit!(tx => {
            let document = Json(settings);
            match tx {
                super::Tx::Sqlite(connection) => {
                    let query = sqlx::query(text).bind(CHAT_SECTION).bind(document).bind(now);
                    query.execute(&mut **connection).await?;
                }
                super::Tx::Postgres(connection) => {
                    let query = sqlx::query(text).bind(CHAT_SECTION).bind(document).bind(now);
                    query.execute(&mut **connection).await?;
                }
            }
            Ok(())
        }))
        .await
    }
}
