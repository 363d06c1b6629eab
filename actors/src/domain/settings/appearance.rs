//! How the login page and the screens look. Only stored and served.

use serde::{Deserialize, Serialize};

use super::note;
use crate::domain::audit::{Differences, FieldChange};

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
        }
    }
}

impl AppearanceSettings {
    pub(super) fn changes_since(&self, old: &Self) -> Vec<FieldChange> {
        note!(
            Differences::default(),
            old,
            self,
            [logo_url, favicon_url, primary_color, secondary_color, custom_css]
        )
        .into_changes()
    }
}
