//! How the numbers present themselves to WhatsApp.

use serde::{Deserialize, Serialize};

use super::{Sealed, note};
use crate::domain::audit::{Differences, FieldChange};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WhatsAppSettings {
    pub is_enabled: bool,
    /// What the phone shows in its list of linked devices.
    pub device_name: String,
    pub stealth_mode: bool,
    pub human_delays: bool,
    pub reconnect_backoff_seconds: i64,
    /// A connection that another system exported.
    pub session_data: Sealed,
    /// May hold a user and a password.
    pub proxy_url: Sealed,
}

impl Default for WhatsAppSettings {
    fn default() -> Self {
        Self {
            is_enabled: false,
            device_name: "DXConnect".to_owned(),
            stealth_mode: true,
            human_delays: true,
            reconnect_backoff_seconds: 5,
            session_data: Sealed::default(),
            proxy_url: Sealed::default(),
        }
    }
}

impl WhatsAppSettings {
    pub(super) fn changes_since(&self, old: &Self) -> Vec<FieldChange> {
        note!(
            Differences::default(),
            old,
            self,
            [is_enabled, device_name, stealth_mode, human_delays, reconnect_backoff_seconds]
        )
        .secret("session_data", old.session_data.as_str(), self.session_data.as_str())
        .secret("proxy_url", old.proxy_url.as_str(), self.proxy_url.as_str())
        .into_changes()
    }
}
