//! Templates and questions with buttons or a list, as a person sends them: read, and checked against
//! what Meta accepts before anything is queued.

use std::collections::HashSet;

use dx_actors::{
    chat::Outgoing,
    domain::{MessageKind, ProviderKind, SessionId},
};
use serde_json::Value;

use super::{Fields, fields::REQUIRED};
use crate::{
    error::{ApiError, ApiResult, FieldErrors},
    providers::cloud::template,
    state::AppState,
    wire::content::{Action, Choice, Content, Interactive, Section, Template},
};

const NAME_CHARS_MAX: usize = 512;
const LANGUAGE_CHARS_MAX: usize = 15;
const LANGUAGE_DEFAULT: &str = "pt_BR";
/// Parts of a template, and what fills one of them in.
const COMPONENTS_MAX: usize = 20;
// Meta's limits of an interactive message.
const BODY_CHARS_MAX: usize = 1024;
const HEADER_CHARS_MAX: usize = 60;
const FOOTER_CHARS_MAX: usize = 60;
const BUTTONS_MAX: usize = 3;
const BUTTON_ID_CHARS_MAX: usize = 256;
const BUTTON_CHARS_MAX: usize = 20;
const SECTIONS_MAX: usize = 10;
const SECTION_CHARS_MAX: usize = 24;
const ROWS_MAX: usize = 10;
const ROW_ID_CHARS_MAX: usize = 200;
const ROW_CHARS_MAX: usize = 24;
const ROW_DESCRIPTION_CHARS_MAX: usize = 72;
const TEXT_REQUIRED: &str = "Campo obrigatório para mensagens do tipo interactive";
const NOT_INTERACTIVE: &str = "Informe action com buttons (lista de id e title) ou list (button e sections \
                               com title e rows).";
const NOT_CLOUD: &str = "Só números da Cloud API enviam modelos.";

/// `{"name": …, "language": …, "components": […]}`; the language may be an object with `code`, as Meta
/// writes it.
pub(super) fn template(fields: &mut Fields) -> Option<Content> {
    if !fields.is_present("template") {
        fields.error("template", REQUIRED);
        return None;
    }
    let mut template = None;
    fields.within("template", |fields| {
        let name = fields.required_text("name", NAME_CHARS_MAX);
        let code = fields.json("language").and_then(|language| language["code"].as_str());
        let language = match code.map(str::to_owned) {
            Some(code) => code,
            None => fields.text_or("language", LANGUAGE_CHARS_MAX, LANGUAGE_DEFAULT),
        };
        let components = fields.items("components", COMPONENTS_MAX).unwrap_or_default();
        template = Some(Template { name, language, components });
    });
    template.map(Content::Template)
}

/// The question itself is the message's text.
pub(super) fn interactive(fields: &mut Fields, text: &str) -> Option<Content> {
    if text.is_empty() && !fields.has_error("text") {
        fields.error("text", TEXT_REQUIRED);
    }
    too_long(fields, "text", "O texto", text, BODY_CHARS_MAX);
    let Some(value) = fields.json("interactive").filter(|value| !value.is_null()).cloned() else {
        fields.error("interactive", REQUIRED);
        return None;
    };
    let Ok(interactive) = serde_json::from_value::<Interactive>(without_nul(value)) else {
        fields.error("interactive", NOT_INTERACTIVE);
        return None;
    };
    for fault in faults(&interactive) {
        fields.error("interactive", fault);
    }
    Some(Content::Interactive(interactive))
}

/// Databases take no NUL.
fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "")),
        Value::Array(list) => list.into_iter().map(without_nul).collect(),
        Value::Object(object) => {
            object.into_iter().map(|(key, value)| (key, without_nul(value))).collect()
        }
        other => other,
    }
}

fn too_long(fields: &mut Fields, name: &str, what: &str, text: &str, chars_max: usize) {
    if let Some(fault) = length_fault(what, text, chars_max) {
        fields.error(name, fault);
    }
}

fn length_fault(what: &str, text: &str, chars_max: usize) -> Option<String> {
    let is_long = text.chars().count() > chars_max;
    is_long.then(|| format!("{what} pode ter até {chars_max} caracteres."))
}

fn faults(interactive: &Interactive) -> Vec<String> {
    let Interactive { header, footer, action } = interactive;
    let mut faults: Vec<String> = [
        length_fault("O cabeçalho", header, HEADER_CHARS_MAX),
        length_fault("O rodapé", footer, FOOTER_CHARS_MAX),
    ]
    .into_iter()
    .flatten()
    .collect();
    match action {
        Action::Buttons(buttons) => {
            if buttons.is_empty() || buttons.len() > BUTTONS_MAX {
                faults.push(format!("Informe de 1 a {BUTTONS_MAX} botões."));
            }
            faults.extend(choice_faults(buttons, "botão", BUTTON_ID_CHARS_MAX, BUTTON_CHARS_MAX));
        }
        Action::List { button, sections } => faults.extend(list_faults(button, sections)),
    }
    faults
}

fn list_faults(button: &str, sections: &[Section]) -> Vec<String> {
    let mut faults = Vec::new();
    if button.trim().is_empty() {
        faults.push("A lista precisa de um texto em button.".to_owned());
    }
    faults.extend(length_fault("O texto de button", button, BUTTON_CHARS_MAX));
    let rows: Vec<Choice> = sections.iter().flat_map(|section| section.rows.clone()).collect();
    if sections.is_empty() || sections.len() > SECTIONS_MAX {
        faults.push(format!("Informe de 1 a {SECTIONS_MAX} seções."));
    }
    if rows.is_empty() || rows.len() > ROWS_MAX {
        faults.push(format!("Informe de 1 a {ROWS_MAX} opções no total."));
    }
    for Section { title, rows } in sections {
        if sections.len() > 1 && title.trim().is_empty() {
            faults.push("Com mais de uma seção, cada uma precisa de um título.".to_owned());
        }
        if rows.is_empty() {
            faults.push("Cada seção precisa de pelo menos uma opção.".to_owned());
        }
        faults.extend(length_fault("O título da seção", title, SECTION_CHARS_MAX));
    }
    for Choice { description, .. } in &rows {
        faults.extend(length_fault("A descrição da opção", description, ROW_DESCRIPTION_CHARS_MAX));
    }
    faults.extend(choice_faults(&rows, "opção", ROW_ID_CHARS_MAX, ROW_CHARS_MAX));
    faults
}

fn choice_faults(choices: &[Choice], what: &str, id_max: usize, title_max: usize) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
    for Choice { id, title, .. } in choices {
        if id.trim().is_empty() || title.trim().is_empty() {
            faults.push(format!("Cada {what} precisa de id e title."));
        } else if !ids.insert(id) {
            faults.push(format!("O id \"{id}\" se repete."));
        } else if !titles.insert(title) && what == "botão" {
            faults.push(format!("O título \"{title}\" se repete."));
        }
        faults.extend(length_fault(&format!("O id de cada {what}"), id, id_max));
        faults.extend(length_fault(&format!("O título de cada {what}"), title, title_max));
    }
    faults
}

/// Fills a template in, or says what it lacks. Other messages stay as they are.
pub(super) async fn prepare(
    app: &AppState,
    session_id: SessionId,
    outgoing: &mut Outgoing,
) -> ApiResult<()> {
    if outgoing.kind != MessageKind::Template {
        return Ok(());
    }
    let live = app.hub.sessions().live(session_id);
    if live.is_none_or(|live| live.provider != ProviderKind::Cloud) {
        return Err(ApiError::field("type", NOT_CLOUD));
    }
    let details = outgoing.details.as_deref().and_then(Content::read);
    let Some(Content::Template(given)) = details else {
        return Err(ApiError::field("template", REQUIRED));
    };
    let Template { name, language, components } = given;
    let store = app.hub.store();
    let Some(stored) = store.find_message_template(session_id, &name, &language).await? else {
        let text = format!(
            "O modelo \"{name}\" não existe no idioma {language} neste número; sincronize os modelos."
        );
        return Err(ApiError::field("template", text));
    };
    match template::fill(&stored, &Value::Array(components)) {
        Ok(template::Filled { components, text }) => {
            let components = components.as_array().cloned().unwrap_or_default();
            let content = Content::Template(Template { name, language, components });
            outgoing.details = Some(content.to_json());
            outgoing.text = text;
            Ok(())
        }
        Err(faults) => {
            let mut errors = FieldErrors::default();
            for fault in faults {
                errors.add("template", fault);
            }
            Err(ApiError::Invalid(errors))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(value: Value) -> Vec<String> {
        faults(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn what_meta_accepts_has_no_fault() {
        let buttons = json!({"action": {"buttons": [{"id": "s", "title": "Sim"}]}});
        assert_eq!(said(buttons), [] as [&str; 0]);
        let rows = json!([{"id": "1", "title": "Segunda via", "description": "Do boleto"}]);
        let list = json!({"action": {"list": {"button": "Ver", "sections": [{"rows": rows}]}}});
        assert_eq!(said(list), [] as [&str; 0]);
    }

    #[test]
    fn everything_that_meta_refuses_is_said() {
        let buttons = json!([
            {"id": "s", "title": "Sim"}, {"id": "s", "title": "Não"}, {"id": "", "title": "x"},
            {"id": "d", "title": "x".repeat(21)},
        ]);
        let faults = said(json!({"header": "x".repeat(61), "action": {"buttons": buttons}}));
        let expected = [
            "O cabeçalho pode ter até 60 caracteres.",
            "Informe de 1 a 3 botões.",
            "O id \"s\" se repete.",
            "Cada botão precisa de id e title.",
            "O título de cada botão pode ter até 20 caracteres.",
        ];
        assert_eq!(faults, expected);
        let rows: Vec<_> =
            (0..11).map(|n| json!({"id": n.to_string(), "title": "Opção"})).collect();
        let sections = json!([{"title": "A", "rows": rows}, {"rows": []}]);
        let faults = said(json!({"action": {"list": {"button": " ", "sections": sections}}}));
        let expected = [
            "A lista precisa de um texto em button.",
            "Informe de 1 a 10 opções no total.",
            "Com mais de uma seção, cada uma precisa de um título.",
            "Cada seção precisa de pelo menos uma opção.",
        ];
        assert_eq!(faults, expected);
    }
}
