//! `/config/whatsapp/`: how the numbers present themselves. Its secrets are only ever written.

use axum::{Json, extract::State};
use dx_actors::domain::settings::{Section, WhatsAppSettings};

use super::{SECRET_CHARS_MAX, set, set_secret};
use crate::{
    auth::{CurrentAgent, Permission},
    error::ApiResult,
    http::{Body, Fields},
    openapi::Forbidden,
    secrets::{Place, Sealer},
    state::AppState,
    wire::{
        settings::{MASK, WhatsAppOut},
        settings_in::WhatsAppIn,
    },
};

const DEVICE_NAME_CHARS_MAX: usize = 100;
/// An hour.
const RECONNECT_BACKOFF_SECONDS_MAX: i64 = 3600;
const PROXY_SCHEMES: [&str; 3] = ["http://", "https://", "socks5://"];
const NOT_PROXY: &str = "Informe um endereço que comece com http://, https:// ou socks5://.";

const SESSION_DATA: Place = Place { section: Section::WhatsApp.name(), key: "session_data" };
const PROXY_URL: Place = Place { section: Section::WhatsApp.name(), key: "proxy_url" };

/// `GET whatsapp/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Configurações",
    summary = "Mostra as configurações do WhatsApp",
    description = "Segredos são mostrados como `***`, ou vazios quando não há.",
    responses((status = 200, body = WhatsAppOut), Forbidden),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<WhatsAppOut>> {
    me.require(Permission::ViewConfig)?;
    Ok(Json(WhatsAppOut::new(app.hub.settings().whatsapp.clone())))
}

/// `PATCH whatsapp/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Configurações",
    summary = "Altera as configurações do WhatsApp",
    description = "Só muda o que vem. Em segredos, `***` e `null` mantêm o que há, vazio apaga. De início para gerentes.",
    request_body = WhatsAppIn,
    responses((status = 200, body = WhatsAppOut), Forbidden),
)]
pub(super) async fn change(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<WhatsAppOut>> {
    me.require(Permission::ManageConfigWhatsApp)?;
    let mut fields = body.fields();
    let settings = app.hub.change_settings(Some(me.id), |settings| {
        read(&mut fields, &app.sealer, &mut settings.whatsapp)?;
        fields.finish(())
    });
    Ok(Json(WhatsAppOut::new(settings.await?.whatsapp.clone())))
}

/// Takes over what was sent.
pub(super) fn read(
    fields: &mut Fields,
    sealer: &Sealer,
    whatsapp: &mut WhatsAppSettings,
) -> ApiResult<()> {
    let WhatsAppSettings {
        is_enabled,
        device_name,
        stealth_mode,
        human_delays,
        reconnect_backoff_seconds,
        session_data,
        proxy_url,
    } = whatsapp;
    set(is_enabled, fields.optional_bool("enabled"));
    set(device_name, fields.changed_text("device_name", DEVICE_NAME_CHARS_MAX));
    set(stealth_mode, fields.optional_bool("stealth_mode"));
    set(human_delays, fields.optional_bool("human_delays"));
    let backoff = 0..=RECONNECT_BACKOFF_SECONDS_MAX;
    set(reconnect_backoff_seconds, fields.changed_int("reconnect_backoff_seconds", backoff));
    let sent = fields.optional_secret("session_data", SECRET_CHARS_MAX);
    set_secret(session_data, sealer, SESSION_DATA, sent)?;
    let sent = proxy(fields);
    set_secret(proxy_url, sealer, PROXY_URL, sent)
}

fn proxy(fields: &mut Fields) -> Option<String> {
    let sent = fields.optional_secret("proxy_url", SECRET_CHARS_MAX)?;
    let is_proxy = PROXY_SCHEMES.iter().any(|scheme| sent.starts_with(scheme));
    if sent.is_empty() || sent == MASK || is_proxy {
        return Some(sent);
    }
    fields.error("proxy_url", NOT_PROXY);
    None
}
