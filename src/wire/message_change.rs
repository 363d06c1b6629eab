//! What becomes of messages: what people ask for, and what is shown of it.

use dx_actors::{
    directory::Roster,
    domain::{ChangeKind, Side, message_change::StoredChange},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{time::At, words::Word};
use crate::openapi::schemas::word;

/// Uma reação.
#[derive(ToSchema)]
#[schema(example = json!({"emoji": "👍"}))]
pub struct ReactionIn {
    /// Vazio retira a reação.
    #[schema(max_length = 20)]
    pub emoji: Option<String>,
}

/// Um texto corrigido.
#[derive(ToSchema)]
#[schema(example = json!({"text": "Bom dia!"}))]
pub struct EditIn {
    #[schema(min_length = 1, max_length = 65536)]
    pub text: String,
}

/// Qual mensagem; um dos dois.
#[derive(ToSchema)]
#[schema(example = json!({"message_id": "3EB0C0FFEE"}))]
pub struct RetryIn {
    /// O `message_id` ou o `client_message_id`.
    #[schema(max_length = 255)]
    pub message_id: Option<String>,
    /// O `database_id` que o envio respondeu.
    pub id: Option<i64>,
}

/// Algo que aconteceu com uma mensagem depois de enviada.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 3, "change": "edit", "by": "customer", "usuario": null, "usuario_nome": "",
    "value": "Bom dia!", "previous": "Bon dia!", "timestamp": "2026-01-02T12:00:00Z",
}))]
pub struct MessageChangeOut {
    pub id: i64,
    #[schema(schema_with = word::<ChangeKind>)]
    pub change: &'static str,
    #[schema(schema_with = word::<Side>)]
    pub by: &'static str,
    #[serde(rename = "usuario")]
    pub agent: Option<i64>,
    #[serde(rename = "usuario_nome")]
    pub agent_name: String,
    /// O emoji (vazio: retirado), o texto novo, ou as opções escolhidas.
    pub value: String,
    /// O que foi substituído.
    pub previous: String,
    pub timestamp: At,
}

impl MessageChangeOut {
    pub fn new(change: StoredChange, roster: &Roster) -> Self {
        let agent_name = roster.agent_name(change.agent_id);
        Self {
            id: change.id,
            change: change.kind.word(),
            by: change.side.word(),
            agent: change.agent_id.map(|id| id.0),
            agent_name,
            value: change.value,
            previous: change.previous,
            timestamp: At(change.at),
        }
    }
}
