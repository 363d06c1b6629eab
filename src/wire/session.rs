//! The company's numbers: rows, status, figures, and the answers to starting and stopping.

use dx_actors::{
    domain::{Timestamp, WhatsAppSession},
    store::SessionMetrics,
};
use serde::Serialize;

use super::{
    message::{acceptable_rate, two_decimals},
    time::At,
    words::Word,
};

/// A number with all that people may know of it.
#[expect(clippy::struct_excessive_bools, reason = "keys of one row, independent of each other")]
#[derive(Debug, Serialize)]
pub struct SessionOut {
    pub id: i64,
    #[serde(rename = "usuario")]
    pub created_by: Option<i64>,
    #[serde(rename = "usuario_nome")]
    pub created_by_name: String,
    #[serde(rename = "departamento")]
    pub department: Option<i64>,
    pub provider: &'static str,
    pub status: &'static str,
    pub device_name: String,
    pub phone_number: String,
    /// A picture; only for those who pair numbers.
    pub qr_code: Option<String>,
    pub is_default: bool,
    pub is_active: bool,
    pub is_connected: bool,
    pub uptime_seconds: Option<u64>,
    pub total_messages_sent: i64,
    pub total_messages_received: i64,
    pub last_message_at: Option<At>,
    pub last_error: String,
    pub error_count: i64,
    pub auto_reconnect: bool,
    pub reconnect_attempts: i64,
    pub last_reconnect_at: Option<At>,
    pub proxy_enabled: bool,
    /// May carry a password; only for those who pair numbers.
    pub proxy_url: String,
    pub connected_at: Option<At>,
    pub disconnected_at: Option<At>,
    pub created_at: At,
    pub updated_at: At,
}

impl SessionOut {
    /// The row as everybody may see it.
    pub fn new(session: WhatsAppSession, created_by_name: String, now: Timestamp) -> Self {
        let (is_connected, uptime_seconds) = (session.is_connected(), session.uptime_seconds(now));
        let WhatsAppSession {
            id,
            provider,
            department_id,
            created_by,
            device_name,
            phone_number,
            status,
            is_default,
            is_active,
            auto_reconnect,
            proxy_enabled,
            proxy_url: _,
            messages_sent,
            messages_received,
            error_count,
            last_error,
            reconnect_attempts,
            last_reconnect_at,
            last_message_at,
            connected_at,
            disconnected_at,
            created_at,
            updated_at,
        } = session;
        Self {
            id: id.0,
            created_by: created_by.map(|id| id.0),
            created_by_name,
            department: department_id.map(|id| id.0),
            provider: provider.word(),
            status: status.word(),
            device_name,
            phone_number,
            qr_code: None,
            is_default,
            is_active,
            is_connected,
            uptime_seconds,
            total_messages_sent: messages_sent,
            total_messages_received: messages_received,
            last_message_at: last_message_at.map(At),
            last_error,
            error_count,
            auto_reconnect,
            reconnect_attempts,
            last_reconnect_at: last_reconnect_at.map(At),
            proxy_enabled,
            proxy_url: String::new(),
            connected_at: connected_at.map(At),
            disconnected_at: disconnected_at.map(At),
            created_at: At(created_at),
            updated_at: At(updated_at),
        }
    }

    /// Adds what only those see who pair numbers.
    #[must_use]
    pub fn with_secrets(self, qr_code: Option<String>, proxy_url: String) -> Self {
        Self { qr_code, proxy_url, ..self }
    }
}

/// The answer of `status/`.
#[derive(Debug, Default, Serialize)]
pub struct SessionStatusOut {
    pub session_id: Option<i64>,
    pub status: &'static str,
    pub is_connected: bool,
    pub phone_number: String,
    pub uptime_seconds: Option<u64>,
    pub total_messages_sent: i64,
    pub total_messages_received: i64,
    pub device_name: String,
    pub connected_at: Option<At>,
    pub last_message_at: Option<At>,
    pub last_error: String,
    pub error_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<&'static str>,
}

impl SessionStatusOut {
    /// There is no number at all.
    pub fn none() -> Self {
        let message = Some("Nenhuma sessão encontrada");
        Self { status: "disconnected", message, ..Self::default() }
    }
}

impl From<SessionOut> for SessionStatusOut {
    fn from(session: SessionOut) -> Self {
        Self {
            session_id: Some(session.id),
            status: session.status,
            is_connected: session.is_connected,
            phone_number: session.phone_number,
            uptime_seconds: session.uptime_seconds,
            total_messages_sent: session.total_messages_sent,
            total_messages_received: session.total_messages_received,
            device_name: session.device_name,
            connected_at: session.connected_at,
            last_message_at: session.last_message_at,
            last_error: session.last_error,
            error_count: session.error_count,
            message: None,
        }
    }
}

/// The answer to a start.
#[derive(Debug, Serialize)]
pub struct StartedOut {
    pub session_id: i64,
    pub status: &'static str,
    pub message: &'static str,
}

impl From<WhatsAppSession> for StartedOut {
    fn from(session: WhatsAppSession) -> Self {
        let message = "Sessão iniciada com sucesso";
        Self { session_id: session.id.0, status: session.status.word(), message }
    }
}

/// The answer to a forced reconnection.
#[derive(Debug, Serialize)]
pub struct ReconnectingOut {
    pub message: &'static str,
    pub session_id: i64,
    pub status: &'static str,
    pub task_id: String,
}

/// The status alone, for older clients.
#[derive(Debug, Serialize)]
pub struct StatusWordOut {
    pub status: &'static str,
}

/// A sentence for people.
#[derive(Debug, Serialize)]
pub struct SentenceOut {
    pub message: &'static str,
}

/// Figures of one number.
#[derive(Debug, Serialize)]
pub struct SessionMetricsOut {
    pub session_id: i64,
    pub total_messages: i64,
    pub messages_sent: i64,
    pub messages_received: i64,
    pub messages_with_error: i64,
    pub avg_latency_ms: Option<f64>,
    pub latency_acceptable_rate: f64,
    pub uptime_seconds: Option<u64>,
    pub error_count: i64,
}

impl SessionMetricsOut {
    pub fn new(session: &WhatsAppSession, metrics: SessionMetrics, now: Timestamp) -> Self {
        let SessionMetrics { total, outbound, inbound, failed, to_sent_ms, slow } = metrics;
        Self {
            session_id: session.id.0,
            total_messages: total,
            messages_sent: outbound,
            messages_received: inbound,
            messages_with_error: failed,
            avg_latency_ms: to_sent_ms.map(two_decimals),
            latency_acceptable_rate: acceptable_rate(total, slow),
            uptime_seconds: session.uptime_seconds(now),
            error_count: session.error_count,
        }
    }
}
