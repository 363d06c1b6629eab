//! How the login page and the screens look. Only stored and served.

use serde::{Deserialize, Serialize};

use super::note;
use crate::domain::{
    audit::{Differences, FieldChange},
    file::FileKey,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppearanceSettings {
    /// An address of the web, or a path on this server.
    pub logo_url: String,
    pub favicon_url: String,
    /// `#RRGGBB`.
    pub primary_color: String,
    pub secondary_color: String,
    pub custom_css: String,
    /// The key of the picture that was uploaded as logo; empty when none was.
    pub logo_file: String,
    pub favicon_file: String,
}

impl Default for AppearanceSettings {
    fn default() -> Self {
        Self {
            logo_url: String::new(),
            favicon_url: String::new(),
            // The colours of the earlier system (contract §19).
            primary_color: "#0ea5e9".to_owned(),
            secondary_color: "#111827".to_owned(),
            custom_css: String::new(),
            logo_file: String::new(),
            favicon_file: String::new(),
        }
    }
}

impl AppearanceSettings {
    /// The uploaded pictures, which are public.
    pub fn files(&self) -> Vec<FileKey> {
        let keys = [&self.logo_file, &self.favicon_file];
        keys.into_iter().filter_map(|key| FileKey::try_from(key.clone()).ok()).collect()
    }

    pub(super) fn changes_since(&self, old: &Self) -> Vec<FieldChange> {
        note!(
            Differences::default(),
            old,
            self,
            [
                logo_url,
                favicon_url,
                primary_color,
                secondary_color,
                custom_css,
                logo_file,
                favicon_file,
            ]
        )
        .into_changes()
    }
}
