//! Logins and one's own profile. These keys are English on the wire, too.

use dx_actors::domain::Agent;
use serde::Serialize;

use super::words::Word;
use crate::auth::token::TokenPair;

#[derive(Debug, Serialize)]
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

#[derive(Debug, Serialize)]
pub struct AccessOut {
    pub access: String,
}

/// `{}`.
#[derive(Debug, Serialize)]
pub struct EmptyOut {}

/// A person as he or she sees himself or herself.
#[derive(Debug, Serialize)]
pub struct MeOut {
    pub id: i64,
    pub username: String,
    pub email: String,
    pub display_name: String,
    pub phone_number: String,
    pub role: &'static str,
}

impl From<Agent> for MeOut {
    fn from(agent: Agent) -> Self {
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
            updated_at: _,
        } = agent;
        Self { id: id.0, username, email, display_name, phone_number, role: role.word() }
    }
}
