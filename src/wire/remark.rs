//! What people note about a chat: reading, notes, tags.

use dx_actors::{
    directory::Roster,
    domain::{Note, ReadMark, Ticket},
    store::TagCount,
};
use serde::Serialize;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Object,
        schema::{ObjectBuilder, SchemaType, Type},
    },
};

use super::time::At;

/// Até onde um chat foi lido.
#[derive(ToSchema)]
#[schema(example = json!({"ate": 51}))]
pub struct ReadIn {
    /// A última mensagem lida, pelo `id` ou pelo `message_id`. Sem ela: tudo até agora.
    #[schema(schema_with = message_id, required = false)]
    pub ate: String,
}

fn message_id() -> Object {
    let kinds = [Type::String, Type::Integer, Type::Null];
    ObjectBuilder::new().schema_type(SchemaType::from_iter(kinds)).max_length(Some(255)).build()
}

/// Um chat marcado como lido.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Chat marcado como lido", "chat_id": "5511999990001", "atendimento_id": 7,
    "ate": 51, "mensagens_nao_lidas": 0,
}))]
pub struct ChatReadOut {
    pub message: &'static str,
    pub chat_id: String,
    #[serde(rename = "atendimento_id")]
    pub ticket_id: i64,
    /// Id da última mensagem lida; `null` em um chat sem mensagens.
    #[serde(rename = "ate")]
    pub until: Option<i64>,
    #[serde(rename = "mensagens_nao_lidas")]
    pub unread_total: i64,
}

impl ChatReadOut {
    pub fn new(mark: &ReadMark, ticket: &Ticket) -> Self {
        let ReadMark { until, unread, is_news: _ } = mark;
        Self {
            message: "Chat marcado como lido",
            chat_id: ticket.chat_id.clone(),
            ticket_id: ticket.id.0,
            until: until.map(|id| id.0),
            unread_total: *unread,
        }
    }
}

/// Uma nota interna: o cliente nunca a vê.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 3, "atendimento_id": 7, "autor": 4, "autor_nome": "Ana Lima",
    "texto": "Prefere ligação depois das 14h", "criado_em": "2026-01-02T12:05:00Z",
}))]
pub struct NoteOut {
    pub id: i64,
    #[serde(rename = "atendimento_id")]
    pub ticket_id: i64,
    #[serde(rename = "autor")]
    pub author: i64,
    #[serde(rename = "autor_nome")]
    pub author_name: String,
    #[serde(rename = "texto")]
    pub text: String,
    #[serde(rename = "criado_em")]
    pub created_at: At,
}

impl NoteOut {
    pub fn new(note: Note, roster: &Roster) -> Self {
        let Note { id, ticket_id, agent_id, text, created_at } = note;
        Self {
            id: id.0,
            ticket_id: ticket_id.0,
            author: agent_id.0,
            author_name: roster.agent_name(Some(agent_id)),
            text,
            created_at: created_at.into(),
        }
    }
}

/// Uma nova nota interna.
#[derive(ToSchema)]
#[schema(example = json!({"texto": "Prefere ligação depois das 14h"}))]
pub struct NoteIn {
    #[schema(min_length = 1, max_length = 4000)]
    pub texto: String,
}

/// De que atendimento são as notas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NoteParams {
    /// Um atendimento anterior do mesmo chat; sem ele, o atual.
    pub atendimento: Option<i64>,
}

/// As etiquetas de um chat.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_id": "5511999990001", "atendimento_id": 7, "etiquetas": ["retorno", "vip"],
}))]
pub struct ChatTagsOut {
    pub chat_id: String,
    #[serde(rename = "atendimento_id")]
    pub ticket_id: i64,
    #[serde(rename = "etiquetas")]
    pub tags: Vec<String>,
}

/// As etiquetas que o chat passa a ter.
#[derive(ToSchema)]
#[schema(example = json!({"etiquetas": ["VIP", "retorno"]}))]
pub struct ChatTagsIn {
    /// Substitui a lista inteira; minúsculas, sem repetições.
    #[schema(max_items = 10)]
    pub etiquetas: Vec<String>,
}

/// Uma etiqueta e quantos chats a têm, entre os que a pessoa pode ver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"etiqueta": "vip", "chats": 12, "abertos": 3}))]
pub struct TagCountOut {
    #[serde(rename = "etiqueta")]
    pub tag: String,
    pub chats: i64,
    #[serde(rename = "abertos")]
    pub open: i64,
}

impl From<TagCount> for TagCountOut {
    fn from(count: TagCount) -> Self {
        let TagCount { tag, chats, open } = count;
        Self { tag, chats, open }
    }
}

/// Filtro da lista de etiquetas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TagParams {
    /// Um pedaço da etiqueta.
    pub search: Option<String>,
}
