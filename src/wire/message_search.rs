//! What a search in messages finds.

use dx_actors::{
    directory::Roster,
    domain::{Direction, Message, MessageKind, SearchQuery},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{chat_history::speaker, time::At, words::Word};
use crate::openapi::schemas::word;

/// Uma mensagem encontrada.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 51, "message_id": "3EB0C0FFEE", "chat_id": "5511999990001", "atendimento_id": 7,
    "contact_number": "5511999990001", "contact_name": "Maria Souza", "direction": "inbound",
    "message_type": "text", "from_name": "Maria Souza", "created_at": "2026-01-02T12:00:00Z",
    "trecho": "preciso da <mark>segunda via</mark> do boleto",
}))]
pub struct FoundMessageOut {
    pub id: i64,
    pub message_id: String,
    pub chat_id: String,
    #[serde(rename = "atendimento_id")]
    pub ticket_id: Option<i64>,
    pub contact_number: String,
    pub contact_name: String,
    #[schema(schema_with = word::<Direction>)]
    pub direction: &'static str,
    #[schema(schema_with = word::<MessageKind>)]
    pub message_type: &'static str,
    pub from_name: String,
    pub created_at: At,
    /// HTML: o texto em volta do que foi encontrado, escapado, com o encontrado em `<mark>`.
    #[serde(rename = "trecho")]
    pub snippet: String,
}

impl FoundMessageOut {
    pub fn new(message: Message, query: &SearchQuery, roster: &Roster) -> Self {
        Self {
            id: message.id.0,
            from_name: speaker(&message, roster),
            snippet: query.snippet(&message.text),
            message_id: message.message_id,
            chat_id: message.chat_id,
            ticket_id: message.ticket_id.map(|id| id.0),
            contact_number: message.phone,
            contact_name: message.contact_name,
            direction: message.direction.word(),
            message_type: message.kind.word(),
            created_at: message.created_at.into(),
        }
    }
}

/// O que se procura.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchParams {
    /// Palavras que têm de ocorrer todas, e `"frases"` entre aspas; a última palavra pode ser só o
    /// começo. Acentos e maiúsculas não importam.
    #[param(max_length = 200)]
    pub q: String,
    /// Só neste chat.
    pub chat_id: Option<String>,
    /// Desde este instante ou dia.
    pub de: Option<String>,
    /// Até este instante, ou o fim deste dia.
    pub ate: Option<String>,
}
