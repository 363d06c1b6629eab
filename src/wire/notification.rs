//! How one wants to be told (preferências de notificação).

use dx_actors::domain::{NotificationPreferences, Timestamp};
use serde::Serialize;
use time::Time;
use utoipa::ToSchema;

use super::time::At;
use crate::http::reply;

/// Como uma pessoa quer ser avisada.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "one switch per key of the reference")]
#[schema(example = json!({
    "id": 4, "usuario": 4, "som_nova_mensagem": true, "som_novo_atendimento": true,
    "som_transferencia": true, "desktop_nova_mensagem": true, "desktop_novo_atendimento": true,
    "desktop_transferencia": true, "mostrar_badge_mensagens": true,
    "mostrar_badge_atendimentos": true, "modo_nao_perturbe": true,
    "nao_perturbe_inicio": "22:00:00", "nao_perturbe_fim": "08:00:00",
    "esta_em_nao_perturbe": false, "criado_em": "2026-01-02T12:00:00Z",
    "atualizado_em": "2026-01-02T12:00:00Z",
}))]
pub struct NotificationPreferencesOut {
    /// O mesmo que `usuario`: há uma linha por pessoa.
    pub id: i64,
    #[serde(rename = "usuario")]
    pub agent_id: i64,
    #[serde(rename = "som_nova_mensagem")]
    pub sound_message: bool,
    #[serde(rename = "som_novo_atendimento")]
    pub sound_chat: bool,
    #[serde(rename = "som_transferencia")]
    pub sound_transfer: bool,
    #[serde(rename = "desktop_nova_mensagem")]
    pub desktop_message: bool,
    #[serde(rename = "desktop_novo_atendimento")]
    pub desktop_chat: bool,
    #[serde(rename = "desktop_transferencia")]
    pub desktop_transfer: bool,
    #[serde(rename = "mostrar_badge_mensagens")]
    pub badge_messages: bool,
    #[serde(rename = "mostrar_badge_atendimentos")]
    pub badge_chats: bool,
    #[serde(rename = "modo_nao_perturbe")]
    pub do_not_disturb: bool,
    /// `HH:MM:SS`, no horário de Brasília.
    #[serde(rename = "nao_perturbe_inicio")]
    pub quiet_from: Option<String>,
    /// `HH:MM:SS`; antes do início, é no dia seguinte.
    #[serde(rename = "nao_perturbe_fim")]
    pub quiet_until: Option<String>,
    /// Neste momento não se toca nenhum som; avisos e contadores ficam como escolhidos.
    #[serde(rename = "esta_em_nao_perturbe")]
    pub is_quiet: bool,
    /// `null` até que algo seja escolhido.
    #[serde(rename = "criado_em")]
    pub created_at: Option<At>,
    #[serde(rename = "atualizado_em")]
    pub updated_at: Option<At>,
}

impl NotificationPreferencesOut {
    pub fn new(preferences: &NotificationPreferences, now: Timestamp) -> Self {
        let is_quiet = preferences.is_quiet(now);
        let NotificationPreferences {
            agent_id,
            sound_message,
            sound_chat,
            sound_transfer,
            desktop_message,
            desktop_chat,
            desktop_transfer,
            badge_messages,
            badge_chats,
            do_not_disturb,
            quiet_from_second,
            quiet_until_second,
            created_at,
            updated_at,
        } = *preferences;
        Self {
            id: agent_id.0,
            agent_id: agent_id.0,
            sound_message,
            sound_chat,
            sound_transfer,
            desktop_message,
            desktop_chat,
            desktop_transfer,
            badge_messages,
            badge_chats,
            do_not_disturb,
            quiet_from: quiet_from_second.and_then(time_text),
            quiet_until: quiet_until_second.and_then(time_text),
            is_quiet,
            created_at: created_at.map(At),
            updated_at: updated_at.map(At),
        }
    }
}

/// O que se muda nas preferências; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({
    "modo_nao_perturbe": true, "nao_perturbe_inicio": "22:00", "nao_perturbe_fim": "08:00",
}))]
pub struct NotificationPreferencesIn {
    #[schema(nullable = false)]
    pub som_nova_mensagem: Option<bool>,
    #[schema(nullable = false)]
    pub som_novo_atendimento: Option<bool>,
    #[schema(nullable = false)]
    pub som_transferencia: Option<bool>,
    #[schema(nullable = false)]
    pub desktop_nova_mensagem: Option<bool>,
    #[schema(nullable = false)]
    pub desktop_novo_atendimento: Option<bool>,
    #[schema(nullable = false)]
    pub desktop_transferencia: Option<bool>,
    #[schema(nullable = false)]
    pub mostrar_badge_mensagens: Option<bool>,
    #[schema(nullable = false)]
    pub mostrar_badge_atendimentos: Option<bool>,
    #[schema(nullable = false)]
    pub modo_nao_perturbe: Option<bool>,
    /// `HH:MM` ou `HH:MM:SS`, no horário de Brasília; `null` apaga.
    #[schema(pattern = "^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$")]
    pub nao_perturbe_inicio: Option<String>,
    /// Como `nao_perturbe_inicio`.
    #[schema(pattern = "^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$")]
    pub nao_perturbe_fim: Option<String>,
}

/// `HH:MM:SS` of a second of the day.
fn time_text(second: i64) -> Option<String> {
    let second = u32::try_from(second).ok()?;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let time = Time::from_hms(
        u8::try_from(hour).ok()?,
        u8::try_from(minute).ok()?,
        u8::try_from(second % 60).ok()?,
    );
    time.ok().map(reply::time_of_day)
}
