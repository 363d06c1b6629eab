//! Meta's Cloud API: what is configured per number, approved templates, and the window in which a
//! customer may be answered freely.

use super::{SessionId, TicketView, Timestamp, queue::REPLY_WINDOW};

/// What a number needs to reach the Cloud API. Secrets are sealed texts; empty means that there is none
/// of its own.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CloudNumber {
    pub session_id: SessionId,
    /// Meta's id of the number, not the number itself.
    pub phone_number_id: String,
    /// Meta's id of the WhatsApp business account, which owns numbers and templates.
    pub business_account_id: String,
    pub access_token: String,
    /// Signs what Meta delivers.
    pub app_secret: String,
    /// Accepted as well while the secret is being exchanged.
    pub previous_app_secret: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What people change of a [`CloudNumber`]; `None` leaves the value as it is. Secrets are sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloudNumberChanges {
    pub phone_number_id: Option<String>,
    pub business_account_id: Option<String>,
    pub access_token: Option<String>,
    pub app_secret: Option<String>,
    pub previous_app_secret: Option<String>,
}

impl CloudNumberChanges {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether the network lets a template be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum TemplateStatus {
    Approved,
    Pending,
    Rejected,
    /// Customers complained; it comes back by itself.
    Paused,
    Disabled,
    /// Something that the network has invented since.
    Other,
}

/// A text that the network has approved for sending outside the window.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MessageTemplate {
    pub id: i64,
    pub session_id: SessionId,
    /// The network's id.
    pub network_id: String,
    pub name: String,
    /// As the network writes it: `pt_BR`.
    pub language: String,
    /// As the network writes it: `MARKETING`, `UTILITY`, `AUTHENTICATION`.
    pub category: String,
    pub status: TemplateStatus,
    pub rejected_reason: String,
    /// JSON text in the network's own form.
    pub components: String,
    pub synced_at: Timestamp,
}

/// A template as the network shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkTemplate {
    pub network_id: String,
    pub name: String,
    pub language: String,
    pub category: String,
    pub status: TemplateStatus,
    pub rejected_reason: String,
    pub components: String,
}

/// Until when a customer may be answered freely: 24 hours from his last message on (domain facts:
/// Cloud API). Only numbers of the Cloud API have a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyWindow {
    /// `None`: the customer has never written over this number.
    pub open_until: Option<Timestamp>,
}

impl ReplyWindow {
    /// The window that the customer's last message opened.
    pub fn since(last_inbound: Option<Timestamp>) -> Self {
        Self { open_until: last_inbound.map(|at| at.plus(REPLY_WINDOW)) }
    }

    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open_until.is_some_and(|until| now < until)
    }
}

/// A chat whose window closes soon.
#[derive(Debug, Clone)]
pub struct ClosingWindow {
    pub view: TicketView,
    /// The customer's message that it counts from.
    pub window_from: Timestamp,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_window_lasts_24_hours_from_the_customers_last_message() {
        let at = |hours: u64| Timestamp::EPOCH.plus(Duration::from_hours(hours));
        let window = ReplyWindow::since(Some(at(1)));
        assert_eq!(window.open_until, Some(at(25)));
        assert!(window.is_open(at(1)) && window.is_open(at(24)));
        assert!(!window.is_open(at(25)), "the end is outside");
        assert!(!ReplyWindow::since(None).is_open(at(0)), "nobody has written");
    }
}
