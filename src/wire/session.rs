//! The company's numbers: rows, status, figures, and the answers to starting and stopping.

use dx_actors::{
    domain::{ProviderKind, SessionStatus, Timestamp, WhatsAppSession, diagnosis::reason_words},
    session::{Pairing, SandboxFault},
    store::SessionMetrics,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    cloud_number::{CloudNumberIn, CloudNumberOut},
    message::{acceptable_rate, two_decimals},
    qr_image,
    session_diagnosis::{FailureOut, HopOut},
    time::At,
    words::Word,
};
use crate::openapi::schemas::{described, word};

/// Um número com tudo o que pessoas podem saber dele.
#[expect(clippy::struct_excessive_bools, reason = "keys of one row, independent of each other")]
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 1, "usuario": 1, "usuario_nome": "Administrador", "departamento": null,
    "provider": "sandbox", "status": "ready", "device_name": "DX Connect Web",
    "phone_number": "5511900000001", "qr_code": null, "pairing_code": null, "is_default": true, "is_active": true,
    "is_connected": true, "uptime_seconds": 3600, "total_messages_sent": 10,
    "total_messages_received": 12, "last_message_at": "2026-01-02T12:00:00Z", "last_error": "",
    "error_count": 0, "auto_reconnect": true, "reconnect_attempts": 0, "last_reconnect_at": null,
    "proxy_enabled": false, "proxy_url": "", "cloud": null, "connected_at": "2026-01-02T11:00:00Z",
    "disconnected_at": null, "created_at": "2026-01-01T12:00:00Z",
    "updated_at": "2026-01-02T11:00:00Z", "pace_ms": null, "cold_contacts_per_day": null,
    "cold_blocked_until": null, "banned_until": null, "keep_groups": false,
}))]
pub struct SessionOut {
    pub id: i64,
    #[serde(rename = "usuario")]
    pub created_by: Option<i64>,
    #[serde(rename = "usuario_nome")]
    pub created_by_name: String,
    #[serde(rename = "departamento")]
    pub department: Option<i64>,
    #[schema(schema_with = word::<ProviderKind>)]
    pub provider: &'static str,
    #[schema(schema_with = word::<SessionStatus>)]
    pub status: &'static str,
    pub device_name: String,
    pub phone_number: String,
    /// Imagem PNG em base64; só para quem conecta números.
    pub qr_code: Option<String>,
    /// O código a digitar no celular; só para quem conecta números.
    pub pairing_code: Option<String>,
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
    /// Pode conter uma senha; só para quem conecta números.
    pub proxy_url: String,
    /// Só em números da Cloud API e para quem conecta números.
    pub cloud: Option<CloudNumberOut>,
    pub connected_at: Option<At>,
    pub disconnected_at: Option<At>,
    pub created_at: At,
    pub updated_at: At,
    /// Milissegundos entre duas mensagens; `null` segue o tipo do número (`web`: 800).
    pub pace_ms: Option<i64>,
    /// Pessoas que nunca escreveram e podem ser contatadas por dia; `null` segue o tipo do número
    /// (`web`: 25).
    pub cold_contacts_per_day: Option<i64>,
    /// Até quando a rede não aceita mensagens a quem nunca escreveu.
    pub cold_blocked_until: Option<At>,
    /// O fim de uma suspensão, se a rede o disse.
    pub banned_until: Option<At>,
    /// Mensagens de grupos são guardadas, só para leitura; senão são descartadas.
    #[serde(rename = "keep_groups")]
    pub keeps_groups: bool,
}

impl SessionOut {
    /// The row as everybody may see it.
    pub fn new(session: WhatsAppSession, created_by_name: String, now: Timestamp) -> Self {
        let (is_connected, uptime_seconds) = (session.is_connected(), session.uptime_seconds(now));
        let banned_until = session.banned_until().map(At);
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
            pace_ms,
            cold_contacts_per_day,
            cold_blocked_until,
            keeps_groups,
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
            pairing_code: None,
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
            cloud: None,
            connected_at: connected_at.map(At),
            disconnected_at: disconnected_at.map(At),
            created_at: At(created_at),
            updated_at: At(updated_at),
            pace_ms,
            cold_contacts_per_day,
            cold_blocked_until: cold_blocked_until.map(At),
            banned_until,
            keeps_groups,
        }
    }

    /// Adds what only those see who pair numbers.
    #[must_use]
    pub fn with_secrets(
        self,
        Pairing { qr_code, pairing_code }: Pairing,
        proxy_url: String,
        cloud: Option<CloudNumberOut>,
    ) -> Self {
        let qr_code = qr_code.map(|code| qr_image::png_base64(&code));
        Self { qr_code, pairing_code, proxy_url, cloud, ..self }
    }
}

/// O estado de um número.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({
    "session_id": 1, "status": "ready", "is_connected": true, "phone_number": "5511900000001",
    "uptime_seconds": 3600, "total_messages_sent": 10, "total_messages_received": 12,
    "device_name": "DX Connect Web", "connected_at": "2026-01-02T11:00:00Z",
    "last_message_at": null, "last_error": "", "error_count": 0, "socket_alive": true,
    "pairing_code": null, "banned_until": null,
}))]
pub struct SessionStatusOut {
    pub session_id: Option<i64>,
    #[schema(schema_with = word::<SessionStatus>)]
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
    /// A rede respondeu nos últimos dois minutos; `is_connected` diz só que a conexão foi feita.
    pub socket_alive: bool,
    /// O código a digitar no celular; só para quem conecta números.
    pub pairing_code: Option<String>,
    /// O fim de uma suspensão, se a rede o disse.
    pub banned_until: Option<At>,
    /// O que há a fazer, quando algo está errado.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message: Option<String>,
}

impl SessionStatusOut {
    /// There is no number at all.
    pub fn none() -> Self {
        let message = Some("Nenhuma sessão encontrada".to_owned());
        Self { status: "disconnected", message, ..Self::default() }
    }
}

impl From<SessionOut> for SessionStatusOut {
    fn from(session: SessionOut) -> Self {
        // What went wrong before says nothing of a number that was stopped or is being paired.
        let is_wrong = session.status == SessionStatus::Error.word()
            || session.status == SessionStatus::Connecting.word() && session.reconnect_attempts > 0;
        let message = if is_wrong { advice(&session.last_error) } else { None };
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
            socket_alive: false,
            pairing_code: session.pairing_code,
            banned_until: session.banned_until,
            message,
        }
    }
}

/// Why the number is not connected, and what whoever reads it can do.
fn advice(last_error: &str) -> Option<String> {
    let told = Some(last_error).filter(|code| !code.is_empty()).map(reason_words)?;
    Some(format!("{} {}", told.text, told.advice))
}

/// Um número que está se conectando.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "session_id": 1, "status": "connecting", "message": "Sessão iniciada com sucesso",
}))]
pub struct StartedOut {
    pub session_id: i64,
    #[schema(schema_with = word::<SessionStatus>)]
    pub status: &'static str,
    pub message: &'static str,
}

impl From<WhatsAppSession> for StartedOut {
    fn from(session: WhatsAppSession) -> Self {
        let message = "Sessão iniciada com sucesso";
        Self { session_id: session.id.0, status: session.status.word(), message }
    }
}

/// Uma reconexão iniciada.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Reconexão iniciada", "session_id": 1, "status": "connecting",
    "task_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
}))]
pub struct ReconnectingOut {
    pub message: &'static str,
    pub session_id: i64,
    #[schema(schema_with = word::<SessionStatus>)]
    pub status: &'static str,
    pub task_id: String,
}

/// Só o estado, para clientes mais antigos.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ready"}))]
pub struct StatusWordOut {
    #[schema(schema_with = word::<SessionStatus>)]
    pub status: &'static str,
}

/// Uma frase para pessoas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"message": "Sessão encerrada com sucesso"}))]
pub struct SentenceOut {
    pub message: &'static str,
}

/// Números de uma sessão.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "session_id": 1, "total_messages": 22, "messages_sent": 10, "messages_received": 12,
    "messages_with_error": 0, "avg_latency_ms": 812.5, "latency_acceptable_rate": 100.0,
    "uptime_seconds": 3600, "error_count": 0, "latency_hops": [], "failures": [],
}))]
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
    /// Cada trecho do caminho das mensagens, em sua ordem.
    pub latency_hops: Vec<HopOut>,
    /// Por que mensagens das últimas 24 horas falharam.
    pub failures: Vec<FailureOut>,
}

impl SessionMetricsOut {
    pub fn new(
        session: &WhatsAppSession,
        metrics: SessionMetrics,
        (latency_hops, failures): (Vec<HopOut>, Vec<FailureOut>),
        now: Timestamp,
    ) -> Self {
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
            latency_hops,
            failures,
        }
    }
}

/// Um novo número.
#[derive(ToSchema)]
#[schema(example = json!({"provider": "sandbox", "device_name": "Recepção", "departamento": 1}))]
pub struct SessionIn {
    #[schema(schema_with = provider_of_new, required = false)]
    pub provider: String,
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub device_name: Option<String>,
    pub departamento: Option<i64>,
    #[schema(nullable = false)]
    pub auto_reconnect: Option<bool>,
    #[schema(nullable = false)]
    pub proxy_enabled: Option<bool>,
    #[schema(max_length = 500)]
    pub proxy_url: Option<String>,
    /// Obrigatório quando `provider` é `cloud`; senão não vem.
    pub cloud: Option<CloudNumberIn>,
}

/// O que se muda em um número; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"device_name": "Recepção", "auto_reconnect": true}))]
pub struct SessionChangesIn {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub device_name: Option<String>,
    /// `null` tira o número do departamento.
    pub departamento: Option<i64>,
    #[schema(nullable = false)]
    pub auto_reconnect: Option<bool>,
    #[schema(nullable = false)]
    pub proxy_enabled: Option<bool>,
    #[schema(max_length = 500)]
    pub proxy_url: Option<String>,
    /// Só em números da Cloud API; conectado, o número se reconecta.
    pub cloud: Option<CloudNumberIn>,
    /// Milissegundos entre duas mensagens; `null` segue o tipo do número.
    #[schema(minimum = 0, maximum = 60_000)]
    pub pace_ms: Option<i64>,
    /// Pessoas que nunca escreveram e podem ser contatadas por dia; `null` segue o tipo do número.
    #[schema(minimum = 0, maximum = 100_000)]
    pub cold_contacts_per_day: Option<i64>,
    /// Guarda mensagens de grupos, só para leitura, para quem vê todos os chats.
    #[schema(nullable = false)]
    pub keep_groups: Option<bool>,
}

/// O número que se conecta, e como é pareado se for preciso.
#[derive(ToSchema)]
#[schema(example = json!({"session_id": 1, "pairing_phone": "+55 11 98888-7777"}))]
pub struct StartIn {
    /// Sem ele: o número padrão.
    pub session_id: Option<i64>,
    /// O número do celular: em vez de um QR code vem um código a digitar nele (evento `pairing_code`).
    pub pairing_phone: Option<String>,
}

/// O número de que se trata.
#[derive(ToSchema)]
#[schema(example = json!({"session_id": 1}))]
pub struct SessionChoiceIn {
    /// Sem ele: o número padrão.
    pub session_id: Option<i64>,
}

/// O número de que se trata.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionChoiceParams {
    /// Sem ele: o número padrão.
    pub session_id: Option<i64>,
}

/// Filtros da lista de números.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionParams {
    #[param(schema_with = word::<SessionStatus>, required = false)]
    pub status: String,
    pub is_active: Option<bool>,
    /// Palavras no nome do aparelho ou no número.
    pub search: Option<String>,
    /// `updated_at` (padrão: `-updated_at`), `created_at` ou `connected_at`.
    pub ordering: Option<String>,
}

/// Uma falha a simular.
#[derive(ToSchema)]
#[schema(example = json!({"falha": "queda"}))]
pub struct FaultIn {
    /// Sem ele: o número padrão.
    pub session_id: Option<i64>,
    #[schema(schema_with = word::<SandboxFault>)]
    pub falha: String,
}

described! {
    provider_of_new = word::<ProviderKind>(), "Padrão: o da configuração.";
}
