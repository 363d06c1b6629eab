//! `/config/documents/`: the templates of contracts and charges.

use axum::{Json, extract::State};
use dx_actors::domain::{document_template::TEMPLATES_MAX, settings::DocumentSettings};
use serde_json::{Map, Value, json};

use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiResult, FieldErrors},
    http::{Body, fields::not_object},
    openapi::Forbidden,
    state::AppState,
    wire::document_template::{
        DocumentTemplateOut, TemplatesIn, TemplatesOut, templates_in, templates_out,
    },
};

/// The key of the map in `/config/`, and around it in a change.
pub(super) const KEY: &str = "document_templates";

/// `GET documents/`: the map of templates, with the built-in ones.
#[utoipa::path(
    get,
    path = "",
    tag = "Configurações",
    summary = "Mostra os modelos de documento",
    description = "Um objeto de chave para modelo, com os dois que sempre existem (`contrato_padrao`, \
        `boleto_padrao`). A chave é o `template_nome` de quem gera documentos.",
    responses((status = 200, body = TemplatesOut), Forbidden),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<TemplatesOut>> {
    me.require(Permission::ViewConfig)?;
    Ok(Json(templates_out(app.hub.settings().documents.all())))
}

/// `PATCH documents/`: adds templates, changes keys of templates, removes those that are `null`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Configurações",
    summary = "Altera os modelos de documento",
    description = "Acrescenta modelos e muda o que vem dos que existem; `null` remove um, ou restaura o \
        original de um dos dois que sempre existem. O objeto também pode vir dentro de \
        `document_templates`. De início só para administradores.",
    request_body = TemplatesIn,
    responses((status = 200, body = TemplatesOut), Forbidden),
)]
pub(super) async fn change(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<TemplatesOut>> {
    me.require(Permission::ManageConfigDocuments)?;
    let sent = body.into_values();
    let map = sent.get(KEY).cloned().unwrap_or(Value::Object(sent));
    let settings = app.hub.change_settings(Some(me.id), |settings| {
        let mut errors = FieldErrors::default();
        for (field, text) in read(&map, &mut settings.documents) {
            errors.add(field, text);
        }
        errors.finish(())
    });
    Ok(Json(templates_out(settings.await?.documents.all())))
}

/// Takes over what was sent; a key of a template that was not sent stays as it is. Faults are field and
/// sentence.
pub(super) fn read(sent: &Value, documents: &mut DocumentSettings) -> Vec<(String, String)> {
    let Value::Object(sent) = sent else { return vec![(KEY.to_owned(), not_object(sent))] };
    let all = documents.all();
    let mut changed = Map::new();
    for (key, value) in sent {
        if value.is_null() {
            documents.remove(key);
            continue;
        }
        let present = all.get(key).cloned().map(DocumentTemplateOut::from);
        changed.insert(key.clone(), merged(present, value));
    }
    let mut faults = match templates_in(&Value::Object(changed)) {
        Ok(templates) => {
            for (key, template) in templates {
                documents.put(key, template);
            }
            Vec::new()
        }
        Err(faults) => faults,
    };
    if documents.all().len() > TEMPLATES_MAX {
        let text = format!("São permitidos no máximo {TEMPLATES_MAX} modelos.");
        faults.push((KEY.to_owned(), text));
    }
    faults
}

/// What was sent on top of what is there.
fn merged(present: Option<DocumentTemplateOut>, sent: &Value) -> Value {
    let (Some(present), Value::Object(sent)) = (present, sent) else { return sent.clone() };
    let DocumentTemplateOut { name, kind, content, variables } = present;
    let mut merged =
        json!({"nome": name, "tipo": kind, "conteudo": content, "variaveis": variables});
    for (key, value) in sent {
        merged[key.as_str()] = value.clone();
    }
    merged
}
