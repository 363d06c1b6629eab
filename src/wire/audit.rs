//! The audit trail as administrators read it: fields and values under the names of the wire.

use dx_actors::domain::{
    PermissionId, Role,
    audit::{AuditAction, AuditEntry, AuditSubject, FieldChange},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{time::At, words::Word};
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

/// Columns whose key on the wire is another one.
const FIELD_NAMES: [(AuditSubject, &str, &str); 10] = [
    (AuditSubject::Agent, "departments", "departamentos"),
    (AuditSubject::Agent, "groups", "grupos"),
    (AuditSubject::Department, "name", "nome"),
    (AuditSubject::Department, "description", "descricao"),
    (AuditSubject::Department, "color", "cor"),
    (AuditSubject::Department, "capacity", "max_atendimentos_simultaneos"),
    (AuditSubject::Department, "response_target_minutes", "tempo_resposta_esperado_minutos"),
    (AuditSubject::Department, "is_active", "ativo"),
    (AuditSubject::Department, "members", "atendentes"),
    (AuditSubject::Session, "department_id", "departamento"),
];

fn translated(subject: AuditSubject, change: FieldChange) -> FieldChangeOut {
    let FieldChange { field, old_value, new_value } = change;
    let value = |value: Option<String>| value.map(|value| translated_value(subject, &field, value));
    let (old_value, new_value) = (value(old_value), value(new_value));
    let known = FIELD_NAMES.iter().find(|(of, column, _)| *of == subject && *column == field);
    let field = known.map_or(field, |(_, _, key)| (*key).to_owned());
    FieldChangeOut { field, old_value, new_value }
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
        _ => value,
    }
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
