//! Templates of generated documents (`document_templates`): a map of key to template.

use std::collections::BTreeMap;

use dx_actors::domain::{
    DocumentTemplate, TemplateKind, Templates, document_template::validate_all,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::words::Word;

/// The key of the map itself, and the first part of every field that is told as wrong.
const MAP: &str = "document_templates";
const REQUIRED: &str = "Este campo é obrigatório.";
const NULL: &str = "Este campo não pode ser nulo.";
const NOT_TEXT: &str = "Não é uma string válida.";
const NOT_OBJECT: &str = "Deve ser um objeto.";
const NOT_TEXTS: &str = "Deve ser uma lista de nomes de variáveis.";

#[derive(Debug, Serialize)]
pub struct DocumentTemplateOut {
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "tipo")]
    pub kind: &'static str,
    #[serde(rename = "conteudo")]
    pub content: String,
    #[serde(rename = "variaveis")]
    pub variables: Vec<String>,
}

impl From<DocumentTemplate> for DocumentTemplateOut {
    fn from(template: DocumentTemplate) -> Self {
        let DocumentTemplate { name, kind, content, variables } = template;
        Self { name, kind: kind.word(), content, variables }
    }
}

/// The map as a client sees it.
pub fn templates_out(templates: Templates) -> BTreeMap<String, DocumentTemplateOut> {
    templates.into_iter().map(|(key, template)| (key, template.into())).collect()
}

/// Reads and checks a map of templates. Faults are field and sentence; the fields are
/// `document_templates[.<key>[.<campo>]]`.
pub fn templates_in(map: &Value) -> Result<Templates, Vec<(String, String)>> {
    let Value::Object(map) = map else {
        return Err(vec![(MAP.to_owned(), NOT_OBJECT.to_owned())]);
    };
    let mut faults = Vec::new();
    let mut templates = Templates::new();
    for (key, value) in map {
        if let Some(template) = template_in(key, value, &mut faults) {
            templates.insert(key.clone(), template);
        }
    }
    faults.extend(validate_all(&templates));
    if faults.is_empty() { Ok(templates) } else { Err(faults) }
}

fn template_in(
    key: &str,
    value: &Value,
    faults: &mut Vec<(String, String)>,
) -> Option<DocumentTemplate> {
    let Value::Object(fields) = value else {
        faults.push((format!("{MAP}.{key}"), NOT_OBJECT.to_owned()));
        return None;
    };
    let mut kept = |field: &str, read: Result<String, String>| {
        read.map_err(|text| faults.push((format!("{MAP}.{key}.{field}"), text))).ok()
    };
    let name = kept("nome", text(fields, "nome").map(|name| name.trim().to_owned()));
    let kind = kept("tipo", text(fields, "tipo").and_then(known_kind));
    let content = kept("conteudo", text(fields, "conteudo"));
    let variables = match variables(fields.get("variaveis")) {
        Ok(variables) => Some(variables),
        Err(text) => {
            faults.push((format!("{MAP}.{key}.variaveis"), text));
            None
        }
    };
    Some(DocumentTemplate {
        name: name?,
        kind: TemplateKind::parse(&kind?)?,
        content: content?,
        variables: variables?,
    })
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<String, String> {
    match fields.get(name) {
        None => Err(REQUIRED.to_owned()),
        Some(Value::Null) => Err(NULL.to_owned()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(NOT_TEXT.to_owned()),
    }
}

fn known_kind(word: String) -> Result<String, String> {
    if TemplateKind::parse(&word).is_some() {
        return Ok(word);
    }
    Err(format!("\"{word}\" não é um escolha válido."))
}

/// Absent and `null` mean none.
fn variables(value: Option<&Value>) -> Result<Vec<String>, String> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let names = value.as_array().and_then(|names| {
        names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    names.ok_or_else(|| NOT_TEXTS.to_owned())
}

#[cfg(test)]
mod tests {
    use dx_actors::domain::document_template::built_in;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_is_read_back() {
        let shown = serde_json::to_value(templates_out(built_in())).unwrap();
        assert_eq!(shown["contrato_padrao"]["tipo"], "contrato");
        assert_eq!(templates_in(&shown), Ok(built_in()));
    }

    #[test]
    fn every_fault_is_told_under_its_field() {
        let faults = templates_in(&json!({
            "a": 1,
            "b": {"nome": null, "tipo": "nota", "variaveis": "x"},
            "c": {"nome": "C", "tipo": "proposta", "conteudo": "{{cliente_nome}}"},
        }));
        let faults = faults.unwrap_err();
        let fields: Vec<_> = faults.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "document_templates.a",
                "document_templates.b.nome",
                "document_templates.b.tipo",
                "document_templates.b.conteudo",
                "document_templates.b.variaveis",
                "document_templates.c.conteudo"
            ]
        );
        assert_eq!(faults[2].1, "\"nota\" não é um escolha válido.");
        assert_eq!(templates_in(&json!([])).unwrap_err()[0].0, "document_templates");
    }
}
