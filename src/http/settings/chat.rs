//! `/config/chat/`: texts, limits and opening hours. The running actors follow a change at once.

use axum::{Json, extract::State};
use dx_actors::domain::{
    automatic::Notice,
    calendar::holidays::{Holiday, OWN_HOLIDAYS_MAX, OwnHolidays},
    settings::ChatSettings,
    time_zone::TimeZone,
};
use serde_json::Value;

use super::{set, set_aliased};
use crate::{
    auth::{CurrentAgent, Permission},
    error::ApiResult,
    http::{
        Body, Fields,
        fields::{NOT_BOOLEAN, REQUIRED, not_list, not_object, too_long},
        opening_hours, syntax,
    },
    openapi::Forbidden,
    state::AppState,
    wire::{settings::ChatSettingsOut, settings_in::ChatSettingsIn},
};

/// The longest text of a WhatsApp message.
const MESSAGE_CHARS_MAX: usize = 4096;
/// A month.
const TIMEOUT_MINUTES_MAX: i64 = 43_200;
/// Nobody serves a thousand chats at once.
const CHATS_PER_AGENT_MAX: i64 = 1000;
/// The longest name of a zone has 20.
const ZONE_CHARS_MAX: usize = 50;
/// What fits on a calendar's sheet.
const HOLIDAY_NAME_CHARS_MAX: usize = 100;
const NOT_DATE: &str = "Informe uma data no formato AAAA-MM-DD.";
const NOT_ZONE: &str =
    "Fuso horário desconhecido. Informe um do Brasil, por exemplo America/Sao_Paulo.";

/// `GET chat/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Configurações",
    summary = "Mostra as configurações do chat",
    description = "Mensagens automáticas, limites e horário de funcionamento.",
    responses((status = 200, body = ChatSettingsOut), Forbidden),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<ChatSettingsOut>> {
    me.require(Permission::ViewConfig)?;
    Ok(Json(ChatSettingsOut::new(app.hub.chat_settings())))
}

/// `PATCH chat/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Configurações",
    summary = "Altera as configurações do chat",
    description = "Só muda o que vem; `horario_funcionamento` é mesclado por dia. Vale para os chats abertos a partir de \
        agora e para os próximos. De início para supervisores.",
    request_body = ChatSettingsIn,
    responses((status = 200, body = ChatSettingsOut), Forbidden),
)]
pub(super) async fn change(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<ChatSettingsOut>> {
    me.require(Permission::ManageConfigChat)?;
    let mut fields = body.fields();
    let settings = app.hub.change_settings(Some(me.id), |settings| {
        read(&mut fields, &mut settings.chat);
        fields.finish(())
    });
    Ok(Json(ChatSettingsOut::new(settings.await?.chat.clone())))
}

/// Takes over what was sent.
pub(super) fn read(fields: &mut Fields, chat: &mut ChatSettings) {
    let ChatSettings {
        greeting,
        out_of_hours_message,
        absence_message,
        closing_message,
        inactivity_message,
        inactivity_timeout_minutes,
        inactivity_notice_minutes,
        inactivity_in_hours_only,
        asks_for_rating,
        rating_request,
        rating_thanks,
        chats_per_agent,
        auto_distribute,
        opening_hours,
        holidays,
        has_national_holidays,
        has_optional_holidays,
        time_zone,
    } = chat;
    let greeting_names = ["mensagem_saudacao", "mensagem_boas_vindas"];
    set_aliased(greeting, fields, &greeting_names, |fields, name| {
        message(fields, name, Notice::Greeting)
    });
    let texts = [
        (out_of_hours_message, "mensagem_fora_expediente", Notice::OutOfHours),
        (absence_message, "mensagem_ausente", Notice::Absence),
        (closing_message, "mensagem_encerramento", Notice::Closing),
        (inactivity_message, "mensagem_inatividade", Notice::Inactivity),
        (rating_request, "mensagem_avaliacao", Notice::RatingRequest),
        (rating_thanks, "mensagem_agradecimento_avaliacao", Notice::RatingThanks),
    ];
    for (slot, name, notice) in texts {
        set(slot, message(fields, name, notice));
    }
    let minutes = |least: i64| least..=TIMEOUT_MINUTES_MAX;
    set(inactivity_timeout_minutes, fields.changed_int("timeout_inatividade_minutos", minutes(1)));
    set(inactivity_notice_minutes, fields.changed_int("minutos_aviso_inatividade", minutes(0)));
    set(inactivity_in_hours_only, fields.optional_bool("inatividade_somente_expediente"));
    set(asks_for_rating, fields.optional_bool("solicitar_avaliacao"));
    set(chats_per_agent, fields.changed_int("limite_chats_simultaneos", 1..=CHATS_PER_AGENT_MAX));
    set(auto_distribute, fields.optional_bool("distribuicao_automatica"));
    fields.within("horario_funcionamento", |fields| opening_hours::read(fields, opening_hours));
    set(holidays, own_holidays(fields));
    set(has_national_holidays, fields.optional_bool("feriados_nacionais"));
    set(has_optional_holidays, fields.optional_bool("feriados_facultativos"));
    set(time_zone, zone(fields));
}

/// A text that customers get; an empty one, or `null`, sends nothing.
fn message(fields: &mut Fields, name: &str, notice: Notice) -> Option<String> {
    let text = fields.cleared_text(name, MESSAGE_CHARS_MAX)?;
    match notice.check(&text) {
        Ok(()) => Some(text),
        Err(bad) => {
            fields.error(name, bad.to_string());
            None
        }
    }
}

fn zone(fields: &mut Fields) -> Option<TimeZone> {
    let name = fields.changed_text("fuso_horario", ZONE_CHARS_MAX)?;
    let zone = TimeZone::from_name(&name);
    if zone.is_none() {
        fields.error("fuso_horario", NOT_ZONE);
    }
    zone
}

/// The whole list; what is wrong with an item is noted as `feriados.0.data`.
fn own_holidays(fields: &mut Fields) -> Option<OwnHolidays> {
    let list = match fields.json("feriados")?.clone() {
        Value::Null => Vec::new(),
        Value::Array(list) => list,
        other => {
            fields.error("feriados", not_list(&other));
            return None;
        }
    };
    if list.len() > OWN_HOLIDAYS_MAX {
        fields.error("feriados", format!("Informe no máximo {OWN_HOLIDAYS_MAX} feriados."));
        return None;
    }
    let mut holidays: Vec<Holiday> = Vec::with_capacity(list.len());
    for (index, item) in list.iter().enumerate() {
        match holiday(item) {
            Ok(new) => {
                let is_same =
                    |old: &Holiday| (old.date, old.is_yearly) == (new.date, new.is_yearly);
                if holidays.iter().any(is_same) {
                    fields.error(&format!("feriados.{index}.data"), "Esta data já está na lista.");
                }
                holidays.push(new);
            }
            Err(faults) => {
                for (key, text) in faults {
                    let place = if key.is_empty() { String::new() } else { format!(".{key}") };
                    fields.error(&format!("feriados.{index}{place}"), text);
                }
            }
        }
    }
    Some(OwnHolidays(holidays))
}

/// One item, or everything that is wrong with it, each by its key.
fn holiday(item: &Value) -> Result<Holiday, Vec<(&'static str, String)>> {
    let Value::Object(item) = item else { return Err(vec![("", not_object(item))]) };
    let mut faults = Vec::new();
    let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::trim);
    let date = text("data").and_then(syntax::date);
    if date.is_none() {
        let is_sent = item.get("data").is_some_and(|value| !value.is_null());
        faults.push(("data", if is_sent { NOT_DATE } else { REQUIRED }.to_owned()));
    }
    let name = text("nome").filter(|name| !name.is_empty()).unwrap_or_default();
    if name.is_empty() {
        faults.push(("nome", REQUIRED.to_owned()));
    } else if name.chars().count() > HOLIDAY_NAME_CHARS_MAX {
        faults.push(("nome", too_long(HOLIDAY_NAME_CHARS_MAX)));
    }
    let is_yearly = match item.get("anual") {
        None | Some(Value::Null) => Some(false),
        Some(value) => syntax::boolean(value),
    };
    if is_yearly.is_none() {
        faults.push(("anual", NOT_BOOLEAN.to_owned()));
    }
    let intervals = opening_hours::intervals(item.get("horario").unwrap_or(&Value::Null), &[]);
    let intervals = intervals.unwrap_or_else(|text| {
        faults.push(("horario", text));
        Vec::new()
    });
    match (date, is_yearly) {
        (Some(date), Some(is_yearly)) if faults.is_empty() => {
            Ok(Holiday { date, name: name.to_owned(), is_yearly, intervals })
        }
        _ => Err(faults),
    }
}
