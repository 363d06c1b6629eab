//! Rights and groups. These keys are English on the wire, too.

use dx_actors::domain::Group;
use serde::Serialize;

use crate::auth::permission::{Description, Permission};

/// A row of `/authz/permissions/`.
#[derive(Debug, Serialize)]
pub struct PermissionOut {
    pub id: i64,
    pub app_label: &'static str,
    pub model: &'static str,
    pub codename: &'static str,
    pub name: &'static str,
}

impl From<Permission> for PermissionOut {
    fn from(permission: Permission) -> Self {
        let Description { id, app_label, model, codename, name } = permission.description();
        Self { id, app_label, model, codename, name }
    }
}

/// A row of `/authz/groups/`.
#[derive(Debug, Serialize)]
pub struct GroupOut {
    pub id: i64,
    pub name: String,
    pub permissions: Vec<i64>,
}

impl From<Group> for GroupOut {
    fn from(group: Group) -> Self {
        let Group { id, name, role: _, created_at: _, updated_at: _, permissions, members: _ } =
            group;
        Self { id: id.0, name, permissions: permissions.into_iter().map(|id| id.0).collect() }
    }
}
