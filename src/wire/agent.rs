//! People as their colleagues see them.

use dx_actors::{
    directory::Roster,
    domain::{Agent, PresenceStatus, PresenceView, Role},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{time::At, words::Word};
use crate::openapi::schemas::{described, word};

/// Uma pessoa como os colegas a veem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 4, "username": "ana", "display_name": "Ana Lima", "email": "ana@empresa.com.br",
    "phone_number": "5511988880001", "role": "atendente", "is_active": true, "departamentos": [1],
    "competencias": ["ingles"], "presence": "online", "presence_message": "", "atendimentos_ativos": 2,
    "created_at": "2026-01-02T12:00:00Z", "updated_at": "2026-01-02T12:00:00Z",
}))]
pub struct AgentOut {
    pub id: i64,
    pub username: String,
    pub display_name: String,
    pub email: String,
    pub phone_number: String,
    #[schema(schema_with = word::<Role>)]
    pub role: &'static str,
    pub is_active: bool,
    #[serde(rename = "departamentos")]
    pub departments: Vec<i64>,
    /// No que é bom; um chat pode exigir.
    #[serde(rename = "competencias")]
    pub skills: Vec<String>,
    #[schema(schema_with = word::<PresenceStatus>)]
    pub presence: &'static str,
    pub presence_message: String,
    /// Chats abertos em todos os departamentos.
    #[serde(rename = "atendimentos_ativos")]
    pub load: usize,
    pub created_at: At,
    pub updated_at: At,
}

impl AgentOut {
    pub fn new(agent: Agent, roster: &Roster, presence: PresenceView) -> Self {
        let Agent {
            id,
            username,
            email,
            display_name,
            phone_number,
            role,
            is_active,
            skills,
            tokens_valid_from: _,
            created_at,
            updated_at,
        } = agent;
        Self {
            id: id.0,
            username,
            display_name,
            email,
            phone_number,
            role: role.word(),
            is_active,
            departments: roster.departments_of(id).iter().map(|department| department.0).collect(),
            skills: skills.0.iter().map(ToString::to_string).collect(),
            presence: presence.status.word(),
            presence_message: presence.message,
            load: presence.load,
            created_at: At(created_at),
            updated_at: At(updated_at),
        }
    }
}

/// Uma nova pessoa.
#[derive(ToSchema)]
#[schema(example = json!({
    "username": "ana", "password": "uma-senha-boa", "role": "atendente",
    "display_name": "Ana Lima", "departamentos": [1],
}))]
pub struct AgentIn {
    /// Letras, números e `@.+-_`; único.
    #[schema(min_length = 1, max_length = 150)]
    pub username: String,
    #[schema(min_length = 8, max_length = 128, format = Password)]
    pub password: String,
    #[schema(max_length = 254)]
    pub email: Option<String>,
    #[schema(max_length = 150)]
    pub display_name: Option<String>,
    #[schema(max_length = 30)]
    pub phone_number: Option<String>,
    #[schema(schema_with = role_of_new, required = false)]
    pub role: String,
    /// Padrão: `true`.
    #[schema(nullable = false)]
    pub is_active: Option<bool>,
    /// Ids dos departamentos em que atende.
    #[schema(max_items = 1000)]
    pub departamentos: Option<Vec<i64>>,
    /// Até 20, de 1 a 30 letras, números ou hifens; acentos e maiúsculas não contam.
    #[schema(max_items = 20)]
    pub competencias: Option<Vec<String>>,
}

/// O que se muda em uma pessoa; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"display_name": "Ana Lima", "departamentos": [1, 2]}))]
pub struct AgentChangesIn {
    /// Encerra todos os logins da pessoa.
    #[schema(min_length = 8, max_length = 128, format = Password, nullable = false)]
    pub password: Option<String>,
    #[schema(max_length = 254)]
    pub email: Option<String>,
    #[schema(max_length = 150)]
    pub display_name: Option<String>,
    #[schema(max_length = 30)]
    pub phone_number: Option<String>,
    #[schema(schema_with = word::<Role>, required = false)]
    pub role: String,
    /// `false` encerra todos os logins da pessoa.
    #[schema(nullable = false)]
    pub is_active: Option<bool>,
    /// Substitui a lista inteira.
    #[schema(max_items = 1000)]
    pub departamentos: Option<Vec<i64>>,
    /// Substitui a lista inteira.
    #[schema(max_items = 20)]
    pub competencias: Option<Vec<String>>,
}

/// Filtros da lista de pessoas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AgentParams {
    #[param(schema_with = word::<Role>, required = false)]
    pub role: String,
    pub is_active: Option<bool>,
    /// Id de um departamento em que a pessoa atende.
    pub departamento: Option<i64>,
    /// Palavras em `username`, `display_name` ou `email`.
    pub search: Option<String>,
}

described! {
    role_of_new = word::<Role>(), "Padrão: `atendente`. Só quem é `admin` cria outro `admin`.";
}
