//! `/config/email/`: the server that e-mails are sent through, and a way to try it.

use axum::{Json, extract::State};
use dx_actors::domain::settings::EmailSettings;

use super::{SECRET_CHARS_MAX, set, set_secret};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    http::{Body, Fields, fields::REQUIRED},
    mail::{self, Letter},
    openapi::Forbidden,
    secrets::Sealer,
    state::AppState,
    wire::{
        settings::{EmailOut, EmailTestedOut},
        settings_in::{EmailIn, EmailTestIn},
    },
};

/// RFC 1035.
const HOST_CHARS_MAX: usize = 253;
const NOT_HOST: &str = "Informe só o nome ou o endereço IP do servidor.";
const USER_CHARS_MAX: usize = 254;
const PORT_MAX: i64 = 65_535;
const NOT_SENT: &str = "O e-mail de teste não foi enviado";

/// `GET email/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Configurações",
    summary = "Mostra as configurações de e-mail",
    description = "A senha nunca é mostrada.",
    responses((status = 200, body = EmailOut), Forbidden),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<EmailOut>> {
    me.require(Permission::ViewConfig)?;
    Ok(Json(EmailOut::new(app.hub.settings().email.clone())))
}

/// `PATCH email/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Configurações",
    summary = "Altera as configurações de e-mail",
    description = "Só muda o que vem. A resposta diz com `***` em `smtp_senha` se há uma senha. De início para gerentes.",
    request_body = EmailIn,
    responses((status = 200, body = EmailOut), Forbidden),
)]
pub(super) async fn change(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<EmailOut>> {
    me.require(Permission::ManageConfigEmail)?;
    let mut fields = body.fields();
    let settings = app.hub.change_settings(Some(me.id), |settings| {
        read(&mut fields, &app.sealer, &mut settings.email)?;
        fields.finish(())
    });
    Ok(Json(EmailOut::after_change(settings.await?.email.clone())))
}

/// Takes over what was sent.
pub(super) fn read(
    fields: &mut Fields,
    sealer: &Sealer,
    email: &mut EmailSettings,
) -> ApiResult<()> {
    let EmailSettings { smtp_host, smtp_port, smtp_user, smtp_password, uses_tls, sender } = email;
    set(smtp_host, host(fields));
    set(smtp_port, fields.changed_int("smtp_port", 1..=PORT_MAX));
    set(smtp_user, fields.cleared_text("smtp_usuario", USER_CHARS_MAX));
    set(uses_tls, fields.optional_bool("smtp_ssl"));
    set(sender, fields.optional_email("email_from"));
    let sent = fields.optional_secret("smtp_senha", SECRET_CHARS_MAX);
    set_secret(smtp_password, sealer, mail::PASSWORD, sent)
}

fn host(fields: &mut Fields) -> Option<String> {
    let host = fields.cleared_text("smtp_host", HOST_CHARS_MAX)?;
    if host.chars().all(|c| c.is_alphanumeric() || ['.', '-', '_', ':'].contains(&c)) {
        return Some(host);
    }
    fields.error("smtp_host", NOT_HOST);
    None
}

/// `POST email/test/`: sends one e-mail, to `para` or to whoever asks.
#[utoipa::path(
    post,
    path = "",
    tag = "Configurações",
    summary = "Envia um e-mail de teste",
    description = "Com as configurações gravadas, a `para` ou, sem ele, ao e-mail de quem pede. Um 400 diz em \
        `detail` por que o envio falhou. O corpo pode faltar.",
    request_body = EmailTestIn,
    responses((status = 200, body = EmailTestedOut), Forbidden),
)]
pub(super) async fn test(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<EmailTestedOut>> {
    me.require(Permission::ManageConfigEmail)?;
    let settings = app.hub.settings();
    let mut fields = body.fields();
    let sent = fields.optional_email("para").filter(|to| !to.is_empty());
    let to = sent.unwrap_or_else(|| me.agent.email.clone());
    if to.is_empty() && !fields.has_error("para") {
        fields.error("para", "Informe um endereço: o seu usuário não tem e-mail.");
    }
    for (name, value) in
        [("smtp_host", &settings.email.smtp_host), ("email_from", &settings.email.sender)]
    {
        if value.is_empty() {
            fields.error(name, REQUIRED);
        }
    }
    let to = fields.finish(to)?;
    let letter = Letter {
        to: to.clone(),
        subject: "E-mail de teste do DX Connect".to_owned(),
        text: "Se você recebeu esta mensagem, o envio de e-mails está configurado.".to_owned(),
    };
    let timeout = mail::SEND_TIMEOUT;
    mail::send(&settings.email, &settings.company, &app.sealer, letter, timeout)
        .await
        .map_err(|error| ApiError::refused_because(NOT_SENT, error.to_string()))?;
    Ok(Json(EmailTestedOut { message: format!("E-mail de teste enviado para {to}"), to }))
}
