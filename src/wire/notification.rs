//! How one wants to be told (preferências de notificação).

use dx_actors::domain::{NotificationPreferences, Timestamp};
use serde::Serialize;
use time::Time;

use super::time::At;
use crate::http::reply;

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "one switch per key of the reference")]
pub struct NotificationPreferencesOut {
    /// There is one row per person, so it has the person's id.
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
    #[serde(rename = "nao_perturbe_inicio")]
    pub quiet_from: Option<String>,
    #[serde(rename = "nao_perturbe_fim")]
    pub quiet_until: Option<String>,
    /// Sounds are silent at this moment.
    #[serde(rename = "esta_em_nao_perturbe")]
    pub is_quiet: bool,
    /// `null` until something was chosen.
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
