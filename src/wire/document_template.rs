//! Templates of generated documents (`document_templates`): a map of key to template.

use std::collections::BTreeMap;

use dx_actors::domain::{
    DocumentTemplate, TemplateKind, Templates, document_template::validate_all,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr, Schema,
        schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Type},
    },
};

use super::words::Word;
use crate::openapi::schemas::word;

/// The key of the map itself, and the first part of every field that is told as wrong.
const MAP: &str = "document_templates";
const REQUIRED: &str = "Este campo é obrigatório.";
const NULL: &str = "Este campo não pode ser nulo.";
const NOT_TEXT: &str = "Não é uma string válida.";
const NOT_OBJECT: &str = "Deve ser um objeto.";
const NOT_TEXTS: &str = "Deve ser uma lista de nomes de variáveis.";

/// Um modelo de documento.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentTemplateOut {
    #[serde(rename = "nome")]
    pub name: String,
    #[serde(rename = "tipo")]
    #[schema(schema_with = word::<TemplateKind>)]
    pub kind: &'static str,
    /// Markdown simples; `{{nome}}` está por um valor.
    #[serde(rename = "conteudo")]
    pub content: String,
    /// Variáveis próprias deste modelo, além das que todos conhecem.
    #[serde(rename = "variaveis")]
    pub variables: Vec<String>,
}

impl From<DocumentTemplate> for DocumentTemplateOut {
    fn from(template: DocumentTemplate) -> Self {
        let DocumentTemplate { name, kind, content, variables } = template;
        Self { name, kind: kind.word(), content, variables }
    }
}

/// Modelos de documento por chave.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(example = json!({
    "contrato_padrao": {"nome": "Contrato de Prestação de Serviços Padrão", "tipo": "contrato",
        "conteudo": "{{empresa_nome}} e {{cliente_nome}} acordam: …", "variaveis": []},
}))]
pub struct TemplatesOut(BTreeMap<String, DocumentTemplateOut>);

/// The map as a client sees it.
pub fn templates_out(templates: Templates) -> TemplatesOut {
    let templates = templates.into_iter();
    TemplatesOut(templates.map(|(key, template)| (key, template.into())).collect())
}

/// What is changed in the templates, by key.
pub struct TemplatesIn;

impl PartialSchema for TemplatesIn {
    fn schema() -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        let template = Ref::from_schema_name(DocumentTemplateIn::name());
        let either = OneOfBuilder::new().item(null).item(template).build();
        let about = "O que se muda nos modelos, por chave: 1 a 100 letras, números, `_` ou `-`; até \
                     100 modelos ao todo. `null` remove um.";
        let example = json!({
            "contrato_anual": {"nome": "Contrato anual", "tipo": "contrato",
                "conteudo": "{{empresa_nome}} e {{cliente_nome}} acordam: {{objeto}}",
                "variaveis": ["objeto"]},
            "antigo": null,
        });
        let map = ObjectBuilder::new()
            .description(Some(about))
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(either.into()))))
            .examples([example]);
        RefOr::T(map.into())
    }
}

impl ToSchema for TemplatesIn {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((DocumentTemplateIn::name().into_owned(), DocumentTemplateIn::schema()));
    }
}

/// Um modelo novo, com todos os campos menos `variaveis`; ou o que se muda em um que existe.
#[derive(ToSchema)]
pub struct DocumentTemplateIn {
    #[schema(min_length = 1, max_length = 120, nullable = false)]
    pub nome: Option<String>,
    #[schema(schema_with = word::<TemplateKind>, required = false)]
    pub tipo: String,
    /// Markdown simples: títulos, negrito, listas. Deve conter `{{cliente_nome}}` e `{{empresa_nome}}`; toda
    /// variável é conhecida ou está em `variaveis`.
    #[schema(min_length = 1, max_length = 100_000, nullable = false)]
    pub conteudo: Option<String>,
    /// Variáveis próprias: letras sem acento, números e `_`.
    #[schema(max_items = 100)]
    pub variaveis: Option<Vec<String>>,
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
