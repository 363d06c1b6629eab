//! Templates that the network has approved, as they were at the last synchronisation.

use super::{
    Page, Slice, Store, StoreError,
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    SessionId, Timestamp,
    cloud::{MessageTemplate, NetworkTemplate, TemplateStatus},
};

/// Which templates are wanted.
#[derive(Debug, Clone, Default)]
pub struct TemplateFilter {
    pub session_id: Option<SessionId>,
    pub status: Option<TemplateStatus>,
    pub language: Option<String>,
    pub search: Vec<String>,
}

impl TemplateFilter {
    fn push(&self, sql: Sql) -> Sql {
        sql.push_bind_if(" AND session_id = ", self.session_id)
            .push_bind_if(" AND status = ", self.status)
            .push_bind_if(" AND language = ", self.language.as_deref())
            .push_search(&self.search, &["name"])
    }
}

impl Store {
    /// By name and language.
    pub async fn list_message_templates(
        &self,
        filter: &TemplateFilter,
        page: Page,
    ) -> Result<Slice<MessageTemplate>, StoreError> {
        let count = filter.push(sql("SELECT COUNT(*) FROM message_templates WHERE TRUE"));
        let (total,): (i64,) = self.reader.one(count).await?;
        let select = filter
            .push(sql("SELECT * FROM message_templates WHERE TRUE"))
            .push(" ORDER BY name, language, id")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    pub async fn find_message_template(
        &self,
        session_id: SessionId,
        name: &str,
        language: &str,
    ) -> Result<Option<MessageTemplate>, StoreError> {
        let select = sql("SELECT * FROM message_templates WHERE session_id = $1 AND name = $2 \
             AND language = $3");
        self.reader.opt(select.bind(session_id).bind(name).bind(language)).await
    }

    /// The network judges a template anew; one that was never synchronised is not known here.
    pub async fn change_template_status(
        &self,
        network_id: String,
        status: TemplateStatus,
        rejected_reason: String,
        but_of: Vec<SessionId>,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            let update = sql("UPDATE message_templates SET status = $1, rejected_reason = $2 \
                 WHERE network_id = $3");
            let update = update.bind(status).bind(rejected_reason).bind(network_id);
            let update = if but_of.is_empty() {
                update
            } else {
                update.push_in(" AND session_id NOT IN", but_of)
            };
            tx.run(update).await?;
            Ok(())
        }))
        .await
    }

    /// Takes over what the network shows; what it no longer shows is gone. How many were removed.
    pub async fn replace_message_templates(
        &self,
        session_id: SessionId,
        templates: Vec<NetworkTemplate>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.unit(unit!(tx => {
            for template in templates {
                let upsert = sql("INSERT INTO message_templates (session_id, network_id, name, \
                     language, category, status, rejected_reason, components, synced_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                     ON CONFLICT (session_id, name, language) DO UPDATE SET \
                     network_id = excluded.network_id, category = excluded.category, \
                     status = excluded.status, rejected_reason = excluded.rejected_reason, \
                     components = excluded.components, synced_at = excluded.synced_at")
                    .bind(session_id)
                    .bind(template.network_id)
                    .bind(template.name)
                    .bind(template.language)
                    .bind(template.category)
                    .bind(template.status)
                    .bind(template.rejected_reason)
                    .bind(template.components)
                    .bind(now);
                tx.run(upsert).await?;
            }
            let delete =
                sql("DELETE FROM message_templates WHERE session_id = $1 AND synced_at < $2");
            tx.run(delete.bind(session_id).bind(now)).await
        }))
        .await
    }
}
