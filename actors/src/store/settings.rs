//! Settings: one JSON document per section.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use sqlx::types::Json;

use super::{Store, StoreError, audit, db::Tx, files, sql::sql, unit};
use crate::domain::{
    AgentId, Timestamp,
    audit::{AuditAction, AuditSubject, NewAuditEntry},
    settings::{Section, Settings},
};

impl Store {
    /// All sections; defaults where nothing was stored.
    pub async fn get_settings(&self) -> Result<Settings, StoreError> {
        let (updated_at,): (Option<Timestamp>,) =
            self.reader.one(sql("SELECT MAX(updated_at) FROM settings")).await?;
        Ok(Settings {
            company: self.section(Section::Company).await?,
            chat: self.section(Section::Chat).await?,
            email: self.section(Section::Email).await?,
            appearance: self.section(Section::Appearance).await?,
            whatsapp: self.section(Section::WhatsApp).await?,
            documents: self.section(Section::Documents).await?,
            updated_at,
        })
    }

    /// Stores the sections in which `new` differs from `old`, each with its entry in the audit trail, in
    /// one transaction; keeps and releases uploaded pictures. [`StoreError::Stale`] when a picture is
    /// gone already.
    pub async fn save_settings(
        &self,
        old: Arc<Settings>,
        new: Arc<Settings>,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed = new.changes_since(&old);
        self.unit(unit!(tx => {
            for (section, changes) in changed {
                save_section(tx, section, &new, now).await?;
                let entry = NewAuditEntry {
                    agent_id: by,
                    action: AuditAction::Updated,
                    subject: AuditSubject::Settings,
                    subject_id: None,
                    subject_name: section.name().to_owned(),
                    note: String::new(),
                    changes,
                };
                audit::insert(tx, entry, now).await?;
            }
            exchange_files(tx, &old, &new, now).await
        }))
        .await
    }

    async fn section<S>(&self, section: Section) -> Result<S, StoreError>
    where
        S: DeserializeOwned + Default + Send + Unpin + 'static,
    {
        let select = sql("SELECT document FROM settings WHERE section = $1").bind(section.name());
        let found: Option<(Json<S>,)> = self.reader.opt(select).await?;
        Ok(found.map(|(Json(document),)| document).unwrap_or_default())
    }
}

/// Uploaded pictures that are referred to from now on are kept, those that no longer are, released.
async fn exchange_files(
    tx: &mut Tx,
    old: &Settings,
    new: &Settings,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (before, after) = (old.appearance.files(), new.appearance.files());
    for key in after.iter().filter(|key| !before.contains(key)) {
        files::keep(tx, key, now).await?;
    }
    for key in before.iter().filter(|key| !after.contains(key)) {
        files::release(tx, key, now).await?;
    }
    Ok(())
}

async fn save_section(
    tx: &mut Tx,
    section: Section,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), StoreError> {
    match section {
        Section::Company => save(tx, section, &settings.company, now).await,
        Section::Chat => save(tx, section, &settings.chat, now).await,
        Section::Email => save(tx, section, &settings.email, now).await,
        Section::Appearance => save(tx, section, &settings.appearance, now).await,
        Section::WhatsApp => save(tx, section, &settings.whatsapp, now).await,
        Section::Documents => save(tx, section, &settings.documents, now).await,
    }
}

async fn save<S: Serialize + Sync>(
    tx: &mut Tx,
    section: Section,
    document: &S,
    now: Timestamp,
) -> Result<(), StoreError> {
    let upsert = sql("INSERT INTO settings (section, updated_at, document) VALUES ($1, $2, $3) \
         ON CONFLICT (section) DO UPDATE SET document = excluded.document, \
         updated_at = excluded.updated_at");
    tx.run_with_document(upsert.bind(section.name()).bind(now), document).await?;
    Ok(())
}
