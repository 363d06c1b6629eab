//! Logins and one's own profile. These keys are English on the wire, too.

use dx_actors::domain::{Agent, Role};
use serde::Serialize;
use utoipa::ToSchema;

use super::words::Word;
use crate::{
    auth::{Permission, token::TokenPair},
    openapi::schemas::word,
};

/// Um par de tokens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"access": "eyJ0eXAiOiJKV1Qi…", "refresh": "eyJ0eXAiOiJKV1Qi…"}))]
pub struct TokensOut {
    pub access: String,
    pub refresh: String,
}

impl From<TokenPair> for TokensOut {
    fn from(pair: TokenPair) -> Self {
        let TokenPair { access, refresh } = pair;
        Self { access, refresh }
    }
}

/// Um novo token de acesso.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"access": "eyJ0eXAiOiJKV1Qi…"}))]
pub struct AccessOut {
    pub access: String,
}

/// Um objeto vazio.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({}))]
pub struct EmptyOut {}

/// Uma pessoa como ela mesma se vê.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 4, "username": "ana", "email": "ana@empresa.com.br", "display_name": "Ana Lima",
    "phone_number": "5511988880001", "role": "atendente", "permissions": ["core.view_config"],
}))]
pub struct MeOut {
    pub id: i64,
    pub username: String,
    pub email: String,
    pub display_name: String,
    pub phone_number: String,
    #[schema(schema_with = word::<Role>)]
    pub role: &'static str,
    /// Os direitos que o papel e os grupos dão agora, como `<app_label>.<codename>`.
    pub permissions: Vec<&'static str>,
}

impl MeOut {
    pub fn new(agent: Agent, permissions: impl Iterator<Item = Permission>) -> Self {
        let Agent {
            id,
            username,
            email,
            display_name,
            phone_number,
            role,
            is_active: _,
            tokens_valid_from: _,
            created_at: _,
            skills: _,
            updated_at: _,
        } = agent;
        let (role, permissions) = (role.word(), permissions.map(Permission::full_name).collect());
        Self { id: id.0, username, email, display_name, phone_number, role, permissions }
    }
}

/// Nome e senha.
#[derive(ToSchema)]
#[schema(example = json!({"username": "admin", "password": "admin123"}))]
pub struct LoginIn {
    #[schema(min_length = 1, max_length = 150)]
    pub username: String,
    #[schema(min_length = 1, max_length = 128, format = Password)]
    pub password: String,
}

/// Um token de renovação.
#[derive(ToSchema)]
#[schema(example = json!({"refresh": "eyJ0eXAiOiJKV1Qi…"}))]
pub struct RefreshIn {
    #[schema(min_length = 1, max_length = 4096)]
    pub refresh: String,
}

/// Um token de qualquer tipo.
#[derive(ToSchema)]
#[schema(example = json!({"token": "eyJ0eXAiOiJKV1Qi…"}))]
pub struct VerifyIn {
    #[schema(min_length = 1, max_length = 4096)]
    pub token: String,
}

/// O que se muda no próprio perfil; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"display_name": "Ana Lima", "phone_number": "5511988880001"}))]
pub struct MeIn {
    #[schema(max_length = 254)]
    pub email: Option<String>,
    #[schema(max_length = 150)]
    pub display_name: Option<String>,
    #[schema(max_length = 30)]
    pub phone_number: Option<String>,
}
