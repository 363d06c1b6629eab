//! `/config/appearance/`: colours, pictures and a style sheet, which are only stored and served.

use axum::{Json, extract::State};
use dx_actors::domain::settings::AppearanceSettings;

use super::{set, set_aliased};
use crate::{
    auth::{CurrentAgent, Permission},
    error::ApiResult,
    http::{
        Body, Fields,
        syntax::{self, COLOR_CHARS, NOT_COLOR},
    },
    openapi::Forbidden,
    state::AppState,
    wire::{settings::AppearanceOut, settings_in::AppearanceIn},
};

const URL_CHARS_MAX: usize = 500;
const BAD_URL: &str = "Informe um endereço http(s):// ou um caminho que comece com /.";
/// A long style sheet; those of whole frameworks do not belong here.
const CUSTOM_CSS_CHARS_MAX: usize = 50_000;

/// `GET appearance/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Configurações",
    summary = "Mostra a aparência",
    description = "Cores, imagens e CSS da tela de login; só são guardados e servidos.",
    responses((status = 200, body = AppearanceOut), Forbidden),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<AppearanceOut>> {
    me.require(Permission::ViewConfig)?;
    Ok(Json(AppearanceOut::new(app.hub.settings().appearance.clone())))
}

/// `PATCH appearance/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Configurações",
    summary = "Altera a aparência",
    description = "Só muda o que vem. Imagens são enviadas com `POST upload/`, ou indicadas pelo endereço. \
        De início para gerentes.",
    request_body = AppearanceIn,
    responses((status = 200, body = AppearanceOut), Forbidden),
)]
pub(super) async fn change(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<AppearanceOut>> {
    me.require(Permission::ManageConfigAppearance)?;
    let mut fields = body.fields();
    let settings = app.hub.change_settings(Some(me.id), |settings| {
        read(&mut fields, &mut settings.appearance);
        fields.finish(())
    });
    Ok(Json(AppearanceOut::new(settings.await?.appearance.clone())))
}

/// Takes over what was sent.
pub(super) fn read(fields: &mut Fields, appearance: &mut AppearanceSettings) {
    let AppearanceSettings {
        logo_url,
        favicon_url,
        primary_color,
        secondary_color,
        custom_css,
        logo_file: _,
        favicon_file: _,
    } = appearance;
    set_aliased(logo_url, fields, &["login_logo_url", "logo_url"], picture);
    set(favicon_url, picture(fields, "favicon_url"));
    set(primary_color, color(fields, "primary_color"));
    set(secondary_color, color(fields, "secondary_color"));
    set(custom_css, fields.cleared_text("custom_css", CUSTOM_CSS_CHARS_MAX));
}

/// An address of the web or a path on this server; nothing that a browser would run.
fn picture(fields: &mut Fields, name: &str) -> Option<String> {
    let url = fields.cleared_text(name, URL_CHARS_MAX)?;
    let is_path = url.starts_with('/')
        && !url.starts_with("//")
        && !url.contains('\\')
        && !url.chars().any(|c| c.is_whitespace() || c.is_control());
    if url.is_empty() || is_path || syntax::is_url(&url) {
        return Some(url);
    }
    fields.error(name, BAD_URL);
    None
}

fn color(fields: &mut Fields, name: &str) -> Option<String> {
    let color = fields.changed_text(name, COLOR_CHARS)?;
    if syntax::is_color(&color) {
        return Some(color);
    }
    fields.error(name, NOT_COLOR);
    None
}
