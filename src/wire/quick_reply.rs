//! Quick replies (respostas rápidas).

use dx_actors::{directory::Roster, domain::QuickReply};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::time::At;

/// Um texto que se envia muitas vezes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 2, "departamento": 1, "departamento_nome": "Suporte", "titulo": "Boas-vindas",
    "atalho": "/ola", "texto": "{{saudacao}}, {{nome}}! Sou {{atendente}}.", "criado_por": 3,
    "criado_em": "2026-01-02T12:00:00Z", "atualizado_em": "2026-01-02T12:00:00Z",
}))]
pub struct QuickReplyOut {
    pub id: i64,
    /// `null`: para todos.
    #[serde(rename = "departamento")]
    pub department_id: Option<i64>,
    #[serde(rename = "departamento_nome")]
    pub department_name: Option<String>,
    #[serde(rename = "titulo")]
    pub title: String,
    #[serde(rename = "atalho")]
    pub shortcut: String,
    #[serde(rename = "texto")]
    pub text: String,
    #[serde(rename = "criado_por")]
    pub created_by: Option<i64>,
    #[serde(rename = "criado_em")]
    pub created_at: At,
    #[serde(rename = "atualizado_em")]
    pub updated_at: At,
}

impl QuickReplyOut {
    pub fn new(reply: QuickReply, roster: &Roster) -> Self {
        let QuickReply {
            id,
            department_id,
            title,
            shortcut,
            text,
            created_by,
            created_at,
            updated_at,
        } = reply;
        Self {
            id: id.0,
            department_id: department_id.map(|id| id.0),
            department_name: department_id.map(|id| roster.department_name(id)),
            title,
            shortcut,
            text,
            created_by: created_by.map(|id| id.0),
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}

/// Uma nova resposta rápida, ou uma que é substituída.
#[derive(ToSchema)]
#[schema(example = json!({
    "titulo": "Boas-vindas", "atalho": "/ola", "departamento": 1,
    "texto": "{{saudacao}}, {{nome}}! Sou {{atendente}}.",
}))]
pub struct QuickReplyIn {
    #[schema(min_length = 1, max_length = 100)]
    pub titulo: String,
    /// Letras sem acento, números, `-` e `_`; único no departamento. A barra pode faltar.
    #[schema(min_length = 1, max_length = 31)]
    pub atalho: String,
    /// Com `{{nome}}`, `{{atendente}}`, `{{departamento}}`, `{{protocolo}}` e `{{saudacao}}`.
    #[schema(min_length = 1, max_length = 4000)]
    pub texto: String,
    /// Sem ele: para todos, o que só gerentes cadastram.
    pub departamento: Option<i64>,
}

/// O que se muda em uma resposta rápida; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"texto": "{{saudacao}}, {{nome}}!"}))]
pub struct QuickReplyChangesIn {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub titulo: Option<String>,
    #[schema(min_length = 1, max_length = 31, nullable = false)]
    pub atalho: Option<String>,
    #[schema(min_length = 1, max_length = 4000, nullable = false)]
    pub texto: Option<String>,
    /// `null`: para todos.
    pub departamento: Option<i64>,
}

/// Filtros da lista de respostas rápidas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuickReplyParams {
    /// Id de um departamento.
    pub departamento: Option<i64>,
    /// O atalho inteiro, com ou sem barra.
    pub atalho: Option<String>,
    /// Palavras em `titulo`, `atalho` ou `texto`.
    pub search: Option<String>,
}

/// O chat para o qual se preenche.
#[derive(ToSchema)]
#[schema(example = json!({"chat_id": "5511999990001"}))]
pub struct FillIn {
    #[schema(min_length = 1, max_length = 100)]
    pub chat_id: String,
}

/// O texto pronto para enviar.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 2, "chat_id": "5511999990001", "texto": "Bom dia, Maria Souza! Sou Ana Lima.",
}))]
pub struct FilledOut {
    pub id: i64,
    pub chat_id: String,
    #[serde(rename = "texto")]
    pub text: String,
}
