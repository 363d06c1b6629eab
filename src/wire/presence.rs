//! Presence and typing.

use dx_actors::{
    directory::Roster,
    domain::{PresenceCause, PresencePeriod, PresenceStatus, PresenceView, Timestamp},
    store::{PresenceFilter, PresenceTotal},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{time::At, words::Word};
use crate::{http::Listing, openapi::schemas::word};

/// A presença de uma pessoa.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the answer")]
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 4, "agent": 4, "agent_username": "ana", "agent_name": "Ana Lima", "status": "online",
    "status_message": "", "motivo": "", "is_available": true, "tempo_no_status_atual": 12,
    "websocket_connected": true, "reconectando": false, "last_heartbeat": "2026-01-02T12:00:00Z", "esta_inativo": false,
    "atendimentos_ativos": 2, "status_changed_at": "2026-01-02T11:48:00Z",
    "updated_at": "2026-01-02T12:00:00Z",
}))]
pub struct PresenceOut {
    pub id: i64,
    pub agent: i64,
    pub agent_username: String,
    pub agent_name: String,
    #[schema(schema_with = word::<PresenceStatus>)]
    pub status: &'static str,
    pub status_message: String,
    /// Da pausa, ou de quem colocou a pessoa offline; vazio quando nada foi dito.
    #[serde(rename = "motivo")]
    pub reason: String,
    pub is_available: bool,
    /// Minutos inteiros.
    #[serde(rename = "tempo_no_status_atual")]
    pub minutes_in_status: u64,
    pub websocket_connected: bool,
    /// A última conexão caiu há poucos segundos e ainda pode voltar; o status continua o mesmo.
    #[serde(rename = "reconectando")]
    pub is_reconnecting: bool,
    pub last_heartbeat: Option<At>,
    #[serde(rename = "esta_inativo")]
    pub is_stale: bool,
    #[serde(rename = "atendimentos_ativos")]
    pub load: usize,
    pub status_changed_at: At,
    pub updated_at: At,
}

impl PresenceOut {
    pub fn new(view: PresenceView, roster: &Roster, now: Timestamp) -> Self {
        let PresenceView {
            agent_id,
            status,
            message,
            reason,
            is_connected,
            is_reconnecting,
            last_seen,
            is_stale,
            status_changed_at,
            updated_at,
            load,
        } = view;
        let agent = roster.agent(agent_id);
        Self {
            id: agent_id.0,
            agent: agent_id.0,
            agent_username: agent.map(|agent| agent.username.clone()).unwrap_or_default(),
            agent_name: roster.agent_name(Some(agent_id)),
            status: status.word(),
            status_message: message,
            reason,
            is_available: status == PresenceStatus::Online && is_connected,
            minutes_in_status: now.since(status_changed_at).as_secs() / 60,
            websocket_connected: is_connected,
            is_reconnecting,
            last_heartbeat: last_seen.map(At),
            is_stale,
            load,
            status_changed_at: At(status_changed_at),
            updated_at: At(updated_at),
        }
    }
}

/// Uma frase para pessoas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcknowledgedOut, example = json!({"message": "Heartbeat atualizado"}))]
pub struct MessageOut {
    pub message: String,
}

/// A mudança de status.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Status alterado de offline para online", "status": "online",
}))]
pub struct StatusSetOut {
    pub message: String,
    #[schema(schema_with = word::<PresenceStatus>)]
    pub status: &'static str,
}

/// Um novo status.
#[derive(ToSchema)]
#[schema(example = json!({"status": "busy", "message": "Em reunião"}))]
pub struct StatusIn {
    #[schema(schema_with = word::<PresenceStatus>)]
    pub status: String,
    /// O que os colegas leem; sem ele o texto fica como está.
    #[schema(max_length = 255)]
    pub message: Option<String>,
    /// Por que se faz uma pausa; fica no histórico.
    #[schema(max_length = 255)]
    pub motivo: Option<String>,
}

/// Por que alguém é colocado offline.
#[derive(ToSchema)]
#[schema(example = json!({"motivo": "Saiu sem avisar"}))]
pub struct ForceOfflineIn {
    /// A pessoa o lê; fica no histórico e na trilha de auditoria.
    #[schema(min_length = 1, max_length = 255)]
    pub motivo: String,
}

/// Filtros do histórico.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryParams {
    /// Id da pessoa.
    pub atendente: Option<i64>,
    /// Primeiro dia (horário de Brasília). Padrão: seis dias antes de `ate`.
    #[param(format = Date)]
    pub de: Option<String>,
    /// Último dia, incluído; no máximo 366 dias ao todo. Padrão: hoje.
    #[param(format = Date)]
    pub ate: Option<String>,
}

/// Uma página do histórico e as somas de todo o período.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "count": 1, "next": null, "previous": null,
    "results": [{
        "id": 7, "atendente": 4, "atendente_nome": "Ana Lima", "de": "online", "para": "away",
        "mensagem": "", "motivo": "Almoço", "causa": "proprio", "por": null, "por_nome": null,
        "inicio": "2026-01-02T15:00:00Z", "fim": "2026-01-02T16:00:00Z", "segundos": 3600,
    }],
    "segundos_por_status": {"online": 0, "busy": 0, "away": 3600, "offline": 0},
}))]
pub struct PresenceHistoryOut {
    /// Linhas em todas as páginas.
    pub count: u64,
    /// Endereço da página seguinte.
    pub next: Option<String>,
    /// Endereço da página anterior.
    pub previous: Option<String>,
    pub results: Vec<PresencePeriodOut>,
    /// De todas as páginas, até agora.
    #[serde(rename = "segundos_por_status")]
    pub totals: PresenceTotalsOut,
}

/// Um trecho com o mesmo status.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresencePeriodOut {
    pub id: i64,
    #[serde(rename = "atendente")]
    pub agent: i64,
    #[serde(rename = "atendente_nome")]
    pub agent_name: String,
    /// O status de antes.
    #[serde(rename = "de")]
    #[schema(schema_with = word::<PresenceStatus>)]
    pub previous: &'static str,
    /// O status deste trecho; o mesmo de antes quando só o motivo mudou.
    #[serde(rename = "para")]
    #[schema(schema_with = word::<PresenceStatus>)]
    pub status: &'static str,
    #[serde(rename = "mensagem")]
    pub message: String,
    #[serde(rename = "motivo")]
    pub reason: String,
    /// `proprio`: a própria pessoa; `silencio`: sem sinal de vida; `forcado`: por quem está acima;
    /// `ofertas`: não respondeu a ofertas; `desativado`.
    #[serde(rename = "causa")]
    #[schema(schema_with = word::<PresenceCause>)]
    pub cause: &'static str,
    /// Quem forçou.
    #[serde(rename = "por")]
    pub changed_by: Option<i64>,
    #[serde(rename = "por_nome")]
    pub changed_by_name: Option<String>,
    #[serde(rename = "inicio")]
    pub started_at: At,
    /// `null`: dura ainda.
    #[serde(rename = "fim")]
    pub ended_at: Option<At>,
    /// Dentro do período pedido, até agora.
    #[serde(rename = "segundos")]
    pub seconds: u64,
}

/// Segundos em cada status.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct PresenceTotalsOut {
    pub online: i64,
    pub busy: i64,
    pub away: i64,
    pub offline: i64,
}

impl PresenceHistoryOut {
    pub fn new(page: Listing<PresencePeriodOut>, totals: &[PresenceTotal]) -> Self {
        let Listing { count, next, previous, results } = page;
        Self { count, next, previous, results, totals: PresenceTotalsOut::new(totals) }
    }
}

impl PresenceTotalsOut {
    fn new(totals: &[PresenceTotal]) -> Self {
        let mut out = Self::default();
        for PresenceTotal { status, micros } in totals {
            let seconds = match status {
                PresenceStatus::Online => &mut out.online,
                PresenceStatus::Busy => &mut out.busy,
                PresenceStatus::Away => &mut out.away,
                PresenceStatus::Offline => &mut out.offline,
            };
            *seconds = micros / 1_000_000;
        }
        out
    }
}

impl PresencePeriodOut {
    pub fn new(period: PresencePeriod, asked: &PresenceFilter, roster: &Roster) -> Self {
        let PresencePeriod {
            id,
            agent_id,
            previous,
            status,
            message,
            reason,
            cause,
            changed_by,
            started_at,
            ended_at,
        } = period;
        let end = ended_at.unwrap_or(asked.to).min(asked.to);
        Self {
            id,
            agent: agent_id.0,
            agent_name: roster.agent_name(Some(agent_id)),
            previous: previous.word(),
            status: status.word(),
            message,
            reason,
            cause: cause.word(),
            changed_by: changed_by.map(|id| id.0),
            changed_by_name: changed_by.map(|id| roster.agent_name(Some(id))),
            started_at: At(started_at),
            ended_at: ended_at.map(At),
            seconds: end.since(started_at.max(asked.from)).as_secs(),
        }
    }
}

/// What a supervisor reads who set somebody offline.
pub fn forced_offline(before: PresenceStatus) -> StatusSetOut {
    let after = PresenceStatus::Offline;
    StatusSetOut { message: status_changed(before, after), status: after.word() }
}

/// A change of status in words.
pub fn status_changed(before: PresenceStatus, after: PresenceStatus) -> String {
    format!("Status alterado de {} para {}", before.word(), after.word())
}

/// O chat em que se digita.
#[derive(ToSchema)]
#[schema(example = json!({"chat_id": "5511999990001"}))]
pub struct TypingIn {
    #[schema(min_length = 1, max_length = 100)]
    pub chat_id: String,
}

/// De onde vem um sinal de vida.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeviceParams {
    /// O nome que o cliente dá ao aparelho ou navegador, o mesmo do endereço do WebSocket. Quando a última
    /// conexão dele cai, os sinais de vida dele já não contam.
    #[param(max_length = 64)]
    pub device: Option<String>,
}

/// O chat em que se digitava.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TypingParams {
    /// O chat em que se digitava.
    #[param(min_length = 1)]
    pub chat_id: String,
}
