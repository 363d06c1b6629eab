//! `/config/`: the settings, a section at a time or all at once.
//!
//! Everybody reads them; each section has a right of its own to change it. A change is merged into what is
//! there: only the keys that were sent are looked at.

mod appearance;
mod chat;
mod company;
mod documents;
mod email;
mod pictures;
mod whatsapp;

use axum::{Json, extract::State};
use dx_actors::domain::settings::{Sealed, Settings};

use super::{
    Body, Fields,
    change_reader::CheckDigits,
    fields::REQUIRED,
    table::{Table, handlers},
};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::Forbidden,
    secrets::{Place, Sealer},
    state::AppState,
    wire::{
        settings::{MASK, SettingsOut},
        settings_in::SettingsIn,
        time::At,
    },
};

/// A proxy's address or an exported connection; both far shorter.
const SECRET_CHARS_MAX: usize = 64 * 1024;

/// The table of paths below `/api/v1/config`.
pub(super) fn routes() -> Table {
    let routes = Table::new()
        .at("/company", handlers!(company::show, company::change))
        .at("/chat", handlers!(chat::show, chat::change))
        .at("/email", handlers!(email::show, email::change))
        .at("/email/test", handlers!(email::test))
        .at("/appearance", handlers!(appearance::show, appearance::change))
        .at("/whatsapp", handlers!(whatsapp::show, whatsapp::change))
        .at("/documents", handlers!(documents::show, documents::change));
    Table::new()
        .at("/api/v1/config", handlers!(show_all, change_all))
        .nest("/api/v1/config", routes)
}

/// Pictures of the company: put up by managers, seen by everybody.
pub(super) fn picture_routes() -> Table {
    Table::new()
        .at("/api/v1/config/appearance/upload", handlers!(pictures::upload, pictures::remove))
        .at("/media/appearance/{name}", handlers!(pictures::serve))
}

/// `GET /config/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Configurações",
    summary = "Mostra todas as configurações",
    description = "Todas as seções de uma vez. Segredos nunca são mostrados.",
    responses((status = 200, body = SettingsOut), Forbidden),
)]
async fn show_all(State(app): State<AppState>, me: CurrentAgent) -> ApiResult<Json<SettingsOut>> {
    me.require(Permission::ViewConfig)?;
    Ok(Json(all(&me, Settings::clone(&app.hub.settings()))))
}

/// What a `PUT` has to name. Within a section it changes only what it sends, like a `PATCH`.
const REQUIRED_SECTIONS: [&str; 3] = ["company_data", "chat_settings", "email_settings"];
/// It speaks of all of them.
const RIGHTS_FOR_ALL: [Permission; 5] = [
    Permission::ManageConfigCompany,
    Permission::ManageConfigChat,
    Permission::ManageConfigEmail,
    Permission::ManageConfigAppearance,
    Permission::ManageConfigWhatsApp,
];

/// `PUT /config/`: several sections, all or none.
#[utoipa::path(
    put,
    path = "",
    tag = "Configurações",
    summary = "Altera várias seções",
    description = "`company_data`, `chat_settings` e `email_settings` são obrigatórios, as outras seções não. \
        Dentro de uma seção só muda o que vem. Tudo é gravado ou nada: um erro em uma seção \
        (`secao.campo`) recusa todas. Exige o direito de cada seção; o de `document_templates` só quando vem.",
    request_body = SettingsIn,
    responses((status = 200, body = SettingsOut), Forbidden),
)]
async fn change_all(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<SettingsOut>> {
    RIGHTS_FOR_ALL.iter().try_for_each(|right| me.require(*right))?;
    let mut fields = body.fields();
    if fields.is_present(documents::KEY) {
        me.require(Permission::ManageConfigDocuments)?;
    }
    for section in REQUIRED_SECTIONS {
        if !fields.is_present(section) {
            fields.error(section, REQUIRED);
        }
    }
    let check_digits = CheckDigits::of(&app.config);
    let change = |settings: &mut Settings| {
        let mut failure = Ok(());
        fields.within("company_data", |f| company::read(f, check_digits, &mut settings.company));
        fields.within("chat_settings", |f| chat::read(f, &mut settings.chat));
        fields.within("email_settings", |f| {
            failure = email::read(f, &app.sealer, &mut settings.email);
        });
        failure?;
        fields.within("appearance_settings", |f| appearance::read(f, &mut settings.appearance));
        let mut failure = Ok(());
        fields.within("whatsapp_settings", |f| {
            failure = whatsapp::read(f, &app.sealer, &mut settings.whatsapp);
        });
        failure?;
        if let Some(map) = fields.json(documents::KEY).cloned() {
            for (field, text) in documents::read(&map, &mut settings.documents) {
                fields.error(&field, text);
            }
        }
        fields.finish(())
    };
    let settings = app.hub.change_settings(Some(me.id), change).await?;
    Ok(Json(all(&me, Settings::clone(&settings))))
}

/// The settings exist since the first person does.
fn all(me: &CurrentAgent, settings: Settings) -> SettingsOut {
    let created_at = me.roster.agents().map(|agent| agent.created_at).min();
    SettingsOut::new(settings, At(created_at.unwrap_or(me.agent.created_at)))
}

/// `slot` becomes what was sent, if anything was.
fn set<T>(slot: &mut T, sent: Option<T>) {
    if let Some(value) = sent {
        *slot = value;
    }
}

/// For a text with several names. Clients that send back all that they were shown change one of them: the
/// first that is not what is there counts.
fn set_aliased(
    slot: &mut String,
    fields: &mut Fields,
    names: &[&str],
    read: impl Fn(&mut Fields, &str) -> Option<String>,
) {
    let sent: Vec<String> = names.iter().filter_map(|name| read(fields, name)).collect();
    set(slot, sent.into_iter().find(|text| text != slot));
}

/// A secret: nothing, `null` and the mask keep what is stored, empty removes it. It stays as it is when
/// the same is sent again.
fn set_secret(
    slot: &mut Sealed,
    sealer: &Sealer,
    place: Place,
    sent: Option<String>,
) -> ApiResult<()> {
    let Some(secret) = sent.filter(|secret| secret != MASK) else { return Ok(()) };
    let is_same = sealer.open(place, slot.as_str()).is_ok_and(|present| present == secret);
    if !is_same || secret.is_empty() {
        *slot = Sealed::new(sealer.seal(place, &secret).map_err(ApiError::internal)?);
    }
    Ok(())
}

/// Digits with the punctuation that people write between them; blank and `null` give a blank.
fn digits(
    fields: &mut Fields,
    name: &str,
    count: std::ops::RangeInclusive<usize>,
) -> Option<String> {
    let text = fields.cleared_text(name, DIGITS_CHARS_MAX)?;
    let digits: String = text.chars().filter(|c| !PUNCTUATION.contains(c)).collect();
    let is_good = digits.bytes().all(|byte| byte.is_ascii_digit()) && count.contains(&digits.len());
    if digits.is_empty() || is_good {
        return Some(digits);
    }
    let (min, max) = (count.start(), count.end());
    let length = if min == max { max.to_string() } else { format!("{min} a {max}") };
    fields.error(name, format!("Informe {length} dígitos."));
    None
}

/// The longest of them has 20 digits.
const DIGITS_CHARS_MAX: usize = 40;
const PUNCTUATION: [char; 4] = ['.', '-', '/', ' '];

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use dx_actors::{
        domain::audit::AuditSubject,
        store::{AuditFilter, Page},
    };
    use serde_json::json;

    use crate::test_support::TestApp;

    #[tokio::test]
    async fn each_save_is_noted_with_who_and_what_and_without_secrets() {
        let app = TestApp::new().await;
        let patch = async |path: &str, body: serde_json::Value| {
            let path = format!("/api/v1/config/{path}/");
            let answer = app.request(Method::PATCH, &path).signed_in().json(&body).send().await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        };
        patch("company", json!({"nome": "DX", "endereco": {"cep": "01234-567"}})).await;
        patch("company", json!({"nome": "DX"})).await;
        patch("email", json!({"smtp_senha": "eyJsegredo", "smtp_port": 465})).await;
        patch("email", json!({"smtp_senha": "eyJsegredo"})).await;
        let page = Page { limit: 20, offset: 0 };
        let store = app.state.hub.store();
        let filter =
            AuditFilter { subject: Some(AuditSubject::Settings), ..AuditFilter::default() };
        let rows = store.list_audit_entries(filter, page).await.unwrap().rows;
        let noted: Vec<_> = rows
            .iter()
            .map(|entry| {
                let fields = entry.changes.iter().map(|change| change.field.as_str());
                (entry.agent_id, entry.subject_name.as_str(), fields.collect::<Vec<_>>())
            })
            .collect();
        let admin = Some(TestApp::ADMIN);
        let expected = [
            (admin, "email", vec!["smtp_password", "smtp_port"]),
            (admin, "company", vec!["address.postal_code", "trade_name"]),
        ];
        assert_eq!(noted, expected, "the same again is no change");
        assert!(!format!("{rows:?}").contains("segredo"));
        let email = &app.state.hub.settings().email;
        let opened = app.state.sealer.open(crate::mail::PASSWORD, email.smtp_password.as_str());
        assert_eq!(opened.unwrap(), "eyJsegredo");
    }
}
