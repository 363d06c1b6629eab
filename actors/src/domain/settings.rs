//! Settings that steer the hub. Stored as one document per section.

use serde::{Deserialize, Serialize};

/// How chats are handled; absent keys take the defaults below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatSettings {
    /// Minutes without an answer of the customer after which a chat is closed.
    pub inactivity_timeout_minutes: i64,
    /// Chats are assigned by themselves, not only by the endpoint.
    pub auto_distribute: bool,
}

impl Default for ChatSettings {
    fn default() -> Self {
        // Contract C28: 30 minutes when unset.
        Self { inactivity_timeout_minutes: 30, auto_distribute: true }
    }
}
