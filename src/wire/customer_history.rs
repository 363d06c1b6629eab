//! What was done to a customer, in the words of its fields.

use dx_actors::domain::{
    CustomerStatus, PersonType, TaxRegime,
    audit::{AuditAction, AuditEntry, FieldChange},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{time::At, words::Word};
use crate::openapi::schemas::one_of;

/// Columns that have another name on the wire.
pub(super) const FIELDS: [(&str, &str); 26] = [
    ("name", "razao_social"),
    ("trade_name", "nome_fantasia"),
    ("person_type", "tipo_pessoa"),
    ("tax_id", "cnpj_cpf"),
    ("phone", "telefone"),
    ("street", "endereco"),
    ("street_number", "numero"),
    ("complement", "complemento"),
    ("district", "bairro"),
    ("city", "cidade"),
    ("state", "estado"),
    ("postal_code", "cep"),
    ("company_group_id", "grupo_empresa"),
    ("state_registration", "inscricao_estadual"),
    ("municipal_registration", "inscricao_municipal"),
    ("business_line", "ramo_atividade"),
    ("tax_regime", "regime_tributario"),
    ("representative_name", "responsavel_legal_nome"),
    ("representative_cpf", "responsavel_legal_cpf"),
    ("representative_position", "responsavel_legal_cargo"),
    ("notes", "observacoes"),
    ("responsible_agent_id", "agente_responsavel"),
    ("signature", "assinatura_digital"),
    ("is_active", "ativo"),
    ("merged", "unido"),
    ("merged_into", "unido_a"),
];

/// Uma alteração de um cliente.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 81, "data": "2026-01-02T12:00:00.000000Z", "usuario": 4, "usuario_nome": "Ana Lima",
    "acao": "atualizado", "motivo": "Encerrou o contrato",
    "alteracoes": [{"campo": "status", "valor_anterior": "ativo", "valor_novo": "inativo"}],
}))]
pub struct HistoryOut {
    pub id: i64,
    #[serde(rename = "data")]
    pub at: At,
    /// Id de quem alterou; `null`: o próprio sistema, quando alguém escreveu pela primeira vez.
    #[serde(rename = "usuario")]
    pub agent_id: Option<i64>,
    #[serde(rename = "usuario_nome")]
    pub agent_name: Option<String>,
    #[serde(rename = "acao")]
    #[schema(schema_with = action_words)]
    pub action: &'static str,
    /// O que foi informado com um novo status; muitas vezes vazio.
    #[serde(rename = "motivo")]
    pub note: String,
    #[serde(rename = "alteracoes")]
    pub changes: Vec<ChangeOut>,
}

fn action_words() -> utoipa::openapi::Object {
    one_of(&["criado", "atualizado", "excluido", "gerado", "exportado", "importado"])
}

/// Um campo, antes e depois.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"campo": "status", "valor_anterior": "ativo", "valor_novo": "inativo"}))]
pub struct ChangeOut {
    /// O nome do campo nesta API.
    #[serde(rename = "campo")]
    pub field: String,
    #[serde(rename = "valor_anterior")]
    pub old_value: Option<String>,
    #[serde(rename = "valor_novo")]
    pub new_value: Option<String>,
}

impl HistoryOut {
    pub fn new(entry: AuditEntry) -> Self {
        let AuditEntry {
            id,
            at,
            agent_id,
            agent_name,
            action,
            subject: _,
            subject_id: _,
            subject_name: _,
            note,
            changes,
        } = entry;
        Self {
            id,
            at: at.into(),
            agent_id: agent_id.map(|id| id.0),
            agent_name,
            action: action_word(action),
            note,
            changes: changes.into_iter().map(ChangeOut::new).collect(),
        }
    }
}

impl ChangeOut {
    fn new(change: FieldChange) -> Self {
        let FieldChange { field, old_value, new_value } = change;
        let [old_value, new_value] =
            [old_value, new_value].map(|value| value.map(|value| shown(&field, value)));
        let word = FIELDS.iter().find(|(column, _)| *column == field).map(|(_, word)| *word);
        Self { field: word.map_or(field, str::to_owned), old_value, new_value }
    }
}

/// Closed vocabularies are stored in English.
pub(super) fn shown(field: &str, stored: String) -> String {
    let word = match field {
        "status" => word_of::<CustomerStatus>(&stored),
        "person_type" => word_of::<PersonType>(&stored),
        "tax_regime" => word_of::<TaxRegime>(&stored),
        _ => None,
    };
    word.map_or(stored, str::to_owned)
}

fn word_of<W: Word + ToString>(stored: &str) -> Option<&'static str> {
    let found = W::WORDS.iter().find(|(value, _)| value.to_string() == stored);
    found.map(|(_, word)| *word)
}

fn action_word(action: AuditAction) -> &'static str {
    match action {
        AuditAction::Created => "criado",
        AuditAction::Updated => "atualizado",
        AuditAction::Deleted => "excluido",
        AuditAction::Generated => "gerado",
        AuditAction::Exported => "exportado",
        AuditAction::Imported => "importado",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_the_words_of_the_wire() {
        let change = |field: &str, old: &str| FieldChange {
            field: field.to_owned(),
            old_value: Some(old.to_owned()),
            new_value: None,
        };
        let told = |field, old| {
            let out = ChangeOut::new(change(field, old));
            (out.field, out.old_value.unwrap())
        };
        let expected = |field: &str, old: &str| (field.to_owned(), old.to_owned());
        assert_eq!(told("status", "suspended"), expected("status", "suspenso"));
        assert_eq!(told("person_type", "individual"), expected("tipo_pessoa", "fisica"));
        assert_eq!(told("name", "active"), expected("razao_social", "active"));
        assert_eq!(told("email", "a@b.br"), expected("email", "a@b.br"));
    }
}
