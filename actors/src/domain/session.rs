//! The company's WhatsApp numbers and the states their connection goes through.

use std::time::Duration;

use super::{AgentId, DepartmentId, SessionId, Timestamp};

/// `disconnected → connecting → qrcode → authenticated → ready`; any may become `error`, and
/// `disconnected` when stopped. A paired number that comes back skips `qrcode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum SessionStatus {
    Disconnected,
    Connecting,
    #[sqlx(rename = "qrcode")]
    QrCode,
    Authenticated,
    Ready,
    Error,
}

impl SessionStatus {
    /// A connection exists or is being made: starting again changes nothing.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Connecting | Self::QrCode | Self::Authenticated | Self::Ready)
    }
}

/// Who carries the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum ProviderKind {
    /// Simulated network, the port's executable specification.
    Sandbox,
    /// WhatsApp Web multi-device.
    Web,
    /// Meta's Cloud API.
    Cloud,
}

impl ProviderKind {
    /// Milliseconds between two messages where the number says nothing else. Unofficial clients that
    /// write faster than people are looked at; the others have limits of their own.
    pub const fn pace_ms(self) -> u64 {
        match self {
            Self::Sandbox | Self::Cloud => 0,
            Self::Web => 800,
        }
    }

    /// Domain facts §3.5: 30 to 40 messages to people who never wrote can block a number for a day.
    pub const fn cold_contacts_per_day(self) -> Option<i64> {
        match self {
            Self::Sandbox | Self::Cloud => None,
            Self::Web => Some(25),
        }
    }
}

/// What becomes of the messages of a group that a number of a real network is in. Most groups on a phone are
/// private, and none is a customer: nothing opens a chat or calls anybody, and nobody writes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupRule {
    /// Acknowledged and not stored.
    Dropped,
    /// Stored for those who see all chats.
    ReadOnly,
}

/// People who never wrote are left alone for so long after a suspension: what led to it is mostly writing
/// to them (domain facts §3.2 and §3.5).
pub const COLD_REST: Duration = Duration::from_hours(24);

/// The budget for people who never wrote counts whoever was added within this time.
pub const COLD_WINDOW: Duration = Duration::from_hours(24);

/// One WhatsApp number of the company.
#[expect(clippy::struct_excessive_bools, reason = "columns of one row, independent of each other")]
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct WhatsAppSession {
    pub id: SessionId,
    pub provider: ProviderKind,
    /// Decides the queue of what comes in here; the company's default where absent.
    pub department_id: Option<DepartmentId>,
    pub created_by: Option<AgentId>,
    pub device_name: String,
    pub phone_number: String,
    pub status: SessionStatus,
    pub is_default: bool,
    /// Deactivated numbers are kept for their history.
    pub is_active: bool,
    pub auto_reconnect: bool,
    pub proxy_enabled: bool,
    pub proxy_url: String,
    pub messages_sent: i64,
    pub messages_received: i64,
    pub error_count: i64,
    pub last_error: String,
    pub reconnect_attempts: i64,
    pub last_reconnect_at: Option<Timestamp>,
    pub last_message_at: Option<Timestamp>,
    pub connected_at: Option<Timestamp>,
    pub disconnected_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// At least so long between two messages; `None`: as its kind asks.
    pub pace_ms: Option<i64>,
    /// People who never wrote that may be written to in a day; `None`: as its kind asks.
    pub cold_contacts_per_day: Option<i64>,
    /// The network takes no messages to people who never wrote until then.
    pub cold_blocked_until: Option<Timestamp>,
    /// Messages of groups are stored, to be read only; else they are dropped. See [`GroupRule`].
    pub keeps_groups: bool,
}

impl WhatsAppSession {
    /// The shortest time between two messages.
    pub fn pace(&self) -> Duration {
        let ms = self.pace_ms.and_then(|ms| u64::try_from(ms).ok());
        Duration::from_millis(ms.unwrap_or_else(|| self.provider.pace_ms()))
    }

    /// How many people who never wrote may be written to within 24 hours; `None` is any number.
    pub fn cold_budget(&self) -> Option<i64> {
        self.cold_contacts_per_day.or_else(|| self.provider.cold_contacts_per_day())
    }

    /// The end of a suspension that the network has named. It is remembered as the rest after it.
    pub fn banned_until(&self) -> Option<Timestamp> {
        let is_banned = self.last_error == DisconnectReason::BannedUntil(None).as_str();
        let until = self.cold_blocked_until.filter(|_| is_banned).map(|rest| rest.minus(COLD_REST));
        // Else it is the rest after something earlier, and the suspension has no end that is known.
        until.filter(|until| self.disconnected_at.is_some_and(|at| *until > at))
    }

    pub fn is_connected(&self) -> bool {
        self.status == SessionStatus::Ready && self.is_active
    }

    /// Seconds since the connection became ready; `None` while it is not.
    pub fn uptime_seconds(&self, now: Timestamp) -> Option<u64> {
        if self.is_connected() { Some(now.since(self.connected_at?).as_secs()) } else { None }
    }
}

/// What people may change on a number; `None` leaves the value as it is.
#[derive(Debug, Clone, Default)]
pub struct SessionChanges {
    pub device_name: Option<String>,
    pub department_id: Option<Option<DepartmentId>>,
    pub auto_reconnect: Option<bool>,
    pub proxy_enabled: Option<bool>,
    pub proxy_url: Option<String>,
    /// `Some(None)`: as the network's kind asks.
    pub pace_ms: Option<Option<i64>>,
    pub cold_contacts_per_day: Option<Option<i64>>,
    pub keeps_groups: Option<bool>,
}

/// Why a connection ended (domain facts: table of disconnect reasons). The numbers are WhatsApp's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The network dropped it (408, 428, 503): come back with backoff.
    ConnectionLost,
    /// The device was removed on the phone, or the account is locked (401, 403): pair again.
    LoggedOut,
    /// Nobody scanned any of the codes in time, or typed the one to type.
    QrExpired,
    /// The phone or the network did not accept the pairing.
    PairingRefused,
    /// The number is banned (406).
    Banned,
    /// Banned for a while (402); `until` is unknown when the network does not say.
    BannedUntil(Option<Timestamp>),
    /// The network no longer speaks with this version (405, 415, 418): an update is needed.
    Outdated,
    /// The number's own proxy did not let us through: come back with backoff.
    ProxyFailed,
    /// The same keys were used elsewhere (440): whoever took over keeps the connection.
    Replaced,
    /// The keys do not fit what the network knows, twice in a row (409, 411, 500): pair again.
    BadSession,
    /// Cloud API: the token is wrong, has expired or lacks a right.
    CredentialsRefused,
    /// Cloud API: an id or the token is missing.
    NotConfigured,
}

impl DisconnectReason {
    pub const ALL: [Self; 12] = [
        Self::ConnectionLost,
        Self::LoggedOut,
        Self::QrExpired,
        Self::PairingRefused,
        Self::Banned,
        Self::BannedUntil(None),
        Self::Outdated,
        Self::ProxyFailed,
        Self::Replaced,
        Self::BadSession,
        Self::CredentialsRefused,
        Self::NotConfigured,
    ];

    /// What is stored and shown as `last_error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionLost => "conexao_perdida",
            Self::LoggedOut => "desconectado_pelo_celular",
            Self::QrExpired => "qr_expirado",
            Self::PairingRefused => "pareamento_recusado",
            Self::Banned => "numero_banido",
            Self::BannedUntil(_) => "numero_banido_temporariamente",
            Self::Outdated => "versao_desatualizada",
            Self::ProxyFailed => "proxy_indisponivel",
            Self::Replaced => "conectado_em_outro_lugar",
            Self::BadSession => "sessao_corrompida",
            Self::CredentialsRefused => "credenciais_recusadas",
            Self::NotConfigured => "configuracao_incompleta",
        }
    }

    /// Coming back by itself makes sense.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::ConnectionLost | Self::ProxyFailed)
    }
}

/// Seconds to wait before each automatic attempt to come back; after the last one the session is in
/// `error` (contract §9).
pub const RECONNECT_WAITS_SECONDS: [u64; 6] = [0, 30, 60, 120, 240, 480];
