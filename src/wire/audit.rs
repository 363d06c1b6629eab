//! The audit trail as administrators read it: fields and values under the names of the wire.

use dx_actors::domain::{
    DocumentKind, DocumentStatus, PermissionId, Role,
    audit::{AuditAction, AuditEntry, AuditSubject, FieldChange},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{audit_fields, customer_history, time::At, words::Word};
use crate::{auth::Permission, openapi::schemas::word};

/// Uma alteração na trilha.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 42, "em": "2026-01-02T12:00:00Z", "agente": 2, "agente_nome": "Gil Souza",
    "acao": "alterado", "assunto": "agente", "assunto_id": 4, "assunto_nome": "Ana Lima",
    "motivo": "", "alteracoes": [{"campo": "role", "de": "atendente", "para": "supervisor"}],
}))]
pub struct AuditEntryOut {
    pub id: i64,
    #[serde(rename = "em")]
    pub at: At,
    /// Quem; `null`: o próprio sistema, ou a linha de comando.
    #[serde(rename = "agente")]
    pub agent: Option<i64>,
    #[serde(rename = "agente_nome")]
    pub agent_name: Option<String>,
    #[serde(rename = "acao")]
    #[schema(schema_with = word::<AuditAction>)]
    pub action: &'static str,
    #[serde(rename = "assunto")]
    #[schema(schema_with = word::<AuditSubject>)]
    pub subject: &'static str,
    #[serde(rename = "assunto_id")]
    pub subject_id: Option<i64>,
    /// Como se chamava então; em `configuracao`, a seção.
    #[serde(rename = "assunto_nome")]
    pub subject_name: String,
    /// Vazio quando nada foi dito.
    #[serde(rename = "motivo")]
    pub note: String,
    #[serde(rename = "alteracoes")]
    pub changes: Vec<FieldChangeOut>,
}

/// Um campo antes e depois; `null` onde não havia ou não há nada. Segredos aparecem como `***`.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldChangeOut {
    /// Como no corpo de quem o altera; `secao.campo` dentro de um objeto.
    #[serde(rename = "campo")]
    pub field: String,
    #[serde(rename = "de")]
    pub old_value: Option<String>,
    #[serde(rename = "para")]
    pub new_value: Option<String>,
}

/// Filtros da trilha.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// Id de quem fez.
    pub agente: Option<i64>,
    #[param(schema_with = word::<AuditAction>, required = false)]
    pub acao: String,
    #[param(schema_with = word::<AuditSubject>, required = false)]
    pub assunto: String,
    pub assunto_id: Option<i64>,
    /// Um instante, ou um dia desde o seu início.
    pub criado_apos: Option<String>,
    /// Um instante; um dia conta pelo seu início.
    pub criado_antes: Option<String>,
    /// Palavras no nome do assunto, no motivo ou no nome de quem fez.
    pub search: Option<String>,
}

impl From<AuditEntry> for AuditEntryOut {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry {
            id,
            at,
            agent_id,
            agent_name,
            action,
            subject,
            subject_id,
            subject_name,
            note,
            changes,
        } = entry;
        Self {
            id,
            at: At(at),
            agent: agent_id.map(|id| id.0),
            agent_name,
            action: action.word(),
            subject: subject.word(),
            subject_id,
            subject_name,
            note,
            changes: changes.into_iter().map(|change| translated(subject, change)).collect(),
        }
    }
}

fn translated(subject: AuditSubject, change: FieldChange) -> FieldChangeOut {
    let FieldChange { field, old_value, new_value } = change;
    let value = |value: Option<String>| value.map(|value| translated_value(subject, &field, value));
    let (old_value, new_value) = (value(old_value), value(new_value));
    FieldChangeOut { field: audit_fields::key_of(subject, &field), old_value, new_value }
}

fn translated_value(subject: AuditSubject, field: &str, value: String) -> String {
    match (subject, field) {
        (AuditSubject::Agent, "role") => {
            let known = Role::WORDS.iter().find(|(role, _)| role.name() == value);
            known.map_or(value, |(_, word)| (*word).to_owned())
        }
        (AuditSubject::Group, "permissions") => {
            let names = value.split(", ").map(codename);
            names.collect::<Vec<_>>().join(", ")
        }
        (AuditSubject::Customer, _) => customer_history::shown(field, value),
        (AuditSubject::Document, "kind") => word_of::<DocumentKind>(value),
        (AuditSubject::Document, "status") => word_of::<DocumentStatus>(value),
        _ => value,
    }
}

/// The word of a value that is stored by its English name.
fn word_of<W: Word + std::fmt::Debug>(stored: String) -> String {
    let is_it = |value: &W| format!("{value:?}").eq_ignore_ascii_case(&stored);
    let known = W::WORDS.iter().find(|(value, _)| is_it(value));
    known.map_or(stored, |(_, word)| (*word).to_owned())
}

/// The codename of a right that is stored by its number.
fn codename(id: &str) -> &str {
    let permission = id.parse().ok().and_then(|id| Permission::with_id(PermissionId(id)));
    permission.map_or(id, |permission| permission.description().codename)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_values_have_the_words_of_the_wire() {
        let cases = [
            (AuditSubject::Agent, "role", "manager", ("role", "gerente")),
            (AuditSubject::Agent, "departments", "Suporte", ("departamentos", "Suporte")),
            (AuditSubject::Department, "capacity", "3", ("max_atendimentos_simultaneos", "3")),
            (
                AuditSubject::Group,
                "permissions",
                "1, 8",
                ("permissions", "view_config, manage_auth"),
            ),
            (AuditSubject::Group, "permissions", "", ("permissions", "")),
            (AuditSubject::Customer, "role", "manager", ("role", "manager")),
            (AuditSubject::Customer, "name", "Ana", ("razao_social", "Ana")),
            (AuditSubject::Contact, "is_primary", "true", ("is_principal", "true")),
            (AuditSubject::Document, "kind", "permit", ("tipo_documento", "alvara")),
            (AuditSubject::Document, "status", "signed", ("status", "assinado")),
            (AuditSubject::Settings, "pix.name", "XYZ", ("pix.nome", "XYZ")),
            (AuditSubject::Settings, "sender", "a@x.com.br", ("email_from", "a@x.com.br")),
            (AuditSubject::Settings, "curto.content", "Oi", ("curto.conteudo", "Oi")),
            (AuditSubject::Settings, "custom_css", "a{}", ("custom_css", "a{}")),
        ];
        for (subject, field, value, (key, word)) in cases {
            let change = FieldChange {
                field: field.to_owned(),
                old_value: None,
                new_value: Some(value.to_owned()),
            };
            let expected = FieldChangeOut {
                field: key.to_owned(),
                old_value: None,
                new_value: Some(word.to_owned()),
            };
            assert_eq!(translated(subject, change), expected);
        }
    }
}
