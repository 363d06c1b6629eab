//! Templates that Meta has approved, as lists show them.

use dx_actors::domain::cloud::{MessageTemplate, TemplateStatus};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{time::At, words::Word};
use crate::openapi::schemas::word;

/// Um modelo de mensagem, como a Meta o mostrou na última sincronização.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 1, "session": 1, "network_id": "594425479261596", "name": "pedido_enviado",
    "language": "pt_BR", "category": "UTILITY", "status": "approved", "rejected_reason": "",
    "components": [{"type": "BODY", "text": "Olá {{1}}, seu pedido {{2}} saiu para entrega."}],
    "synced_at": "2026-01-02T12:00:00Z",
}))]
pub struct TemplateOut {
    pub id: i64,
    pub session: i64,
    /// O id da Meta.
    pub network_id: String,
    pub name: String,
    pub language: String,
    pub category: String,
    #[schema(schema_with = word::<TemplateStatus>)]
    pub status: &'static str,
    pub rejected_reason: String,
    /// No formato da Meta.
    #[schema(value_type = Vec<Object>)]
    pub components: Value,
    pub synced_at: At,
}

impl From<MessageTemplate> for TemplateOut {
    fn from(template: MessageTemplate) -> Self {
        Self {
            id: template.id,
            session: template.session_id.0,
            network_id: template.network_id,
            name: template.name,
            language: template.language,
            category: template.category,
            status: template.status.word(),
            rejected_reason: template.rejected_reason,
            components: serde_json::from_str(&template.components).unwrap_or_default(),
            synced_at: At(template.synced_at),
        }
    }
}

/// O que uma sincronização fez.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "message": "Modelos sincronizados", "session_id": 1, "total": 12, "removed": 1,
}))]
pub struct TemplatesSyncedOut {
    pub message: &'static str,
    pub session_id: i64,
    /// Modelos que a Meta mostra.
    pub total: usize,
    /// Modelos que ela não mostra mais.
    pub removed: u64,
}

/// Filtros da lista de modelos.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TemplateParams {
    /// Id de um número.
    pub session: Option<i64>,
    #[param(schema_with = word::<TemplateStatus>, required = false)]
    pub status: String,
    pub language: Option<String>,
    /// Palavras no nome.
    pub search: Option<String>,
}
