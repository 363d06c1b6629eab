//! Rights and groups. These keys are English on the wire, too.

use dx_actors::domain::Group;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::permission::{Description, Permission};

/// Um direito que um grupo pode dar.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 11, "app_label": "whatsapp", "model": "session", "codename": "manage_sessions",
    "name": "Gerenciar os números do WhatsApp",
}))]
pub struct PermissionOut {
    /// Nunca muda; é o que `permissions` de um grupo lista.
    pub id: i64,
    /// A parte do produto.
    pub app_label: &'static str,
    /// De que se trata.
    pub model: &'static str,
    /// Único; o direito é `<app_label>.<codename>`.
    pub codename: &'static str,
    /// Para pessoas.
    pub name: &'static str,
}

impl From<Permission> for PermissionOut {
    fn from(permission: Permission) -> Self {
        let Description { id, app_label, model, codename, name } = permission.description();
        Self { id, app_label, model, codename, name }
    }
}

/// Um grupo e os direitos que dá.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": 4, "name": "Números", "permissions": [11]}))]
pub struct GroupOut {
    pub id: i64,
    pub name: String,
    /// Ids de direitos, em ordem crescente.
    pub permissions: Vec<i64>,
}

impl From<Group> for GroupOut {
    fn from(group: Group) -> Self {
        let Group { id, name, role: _, created_at: _, updated_at: _, permissions, members: _ } =
            group;
        Self { id: id.0, name, permissions: permissions.into_iter().map(|id| id.0).collect() }
    }
}

/// Um novo grupo, ou um que é substituído.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Números", "permissions": [11]}))]
pub struct GroupIn {
    /// Único.
    #[schema(min_length = 1, max_length = 150)]
    pub name: String,
    /// Ids de `GET permissions/`. Ao criar, o padrão é nenhum; ao alterar, substitui a lista inteira.
    #[schema(max_items = 1000)]
    pub permissions: Option<Vec<i64>>,
}

/// O que se muda em um grupo; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"permissions": [1, 11]}))]
pub struct GroupChangesIn {
    /// Único.
    #[schema(min_length = 1, max_length = 150, nullable = false)]
    pub name: Option<String>,
    /// Ids de `GET permissions/`; substitui a lista inteira.
    #[schema(max_items = 1000)]
    pub permissions: Option<Vec<i64>>,
}

/// Os grupos de uma pessoa.
#[derive(ToSchema)]
#[schema(example = json!({"group_ids": [2, 4]}))]
pub struct AgentGroupsIn {
    /// Substitui a lista inteira; ids que não existem são ignorados.
    #[schema(max_items = 1000)]
    pub group_ids: Vec<i64>,
}
