//! The server that e-mails are sent through.

use serde::{Deserialize, Serialize};

use super::{Sealed, note};
use crate::domain::audit::{Differences, FieldChange};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmailSettings {
    pub smtp_host: String,
    pub smtp_port: i64,
    /// Empty: the server wants no login.
    pub smtp_user: String,
    pub smtp_password: Sealed,
    /// TLS is demanded; else it is used where the server offers it.
    pub uses_tls: bool,
    /// The sender's address.
    pub sender: String,
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            smtp_host: String::new(),
            // Submission, RFC 6409.
            smtp_port: 587,
            smtp_user: String::new(),
            smtp_password: Sealed::default(),
            uses_tls: true,
            sender: String::new(),
        }
    }
}

impl EmailSettings {
    pub(super) fn changes_since(&self, old: &Self) -> Vec<FieldChange> {
        note!(
            Differences::default(),
            old,
            self,
            [smtp_host, smtp_port, smtp_user, uses_tls, sender]
        )
        .secret("smtp_password", old.smtp_password.as_str(), self.smtp_password.as_str())
        .into_changes()
    }
}
