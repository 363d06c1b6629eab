//! Rights: a closed list. Which roles have which at first is written here and seeded by a migration;
//! from then on the groups in the database say who has what (contract §3).

use std::sync::LazyLock;

use dx_actors::domain::{
    PermissionId, Role,
    group::{ACT_ON_OTHERS_CHATS, MANAGE_SESSIONS, MANAGE_WEBHOOKS},
};

/// A right that a request may need. What is not listed here, every active agent may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    ViewConfig,
    ManageConfigCompany,
    ManageConfigChat,
    ManageConfigEmail,
    ManageConfigAppearance,
    ManageConfigWhatsApp,
    ManageConfigDocuments,
    /// Groups and their rights.
    ManageAuth,
    /// Create, edit and deactivate people.
    ManageAgents,
    /// Make administrators and change them.
    ManageAdmins,
    /// Start, stop, pair, export, import, create and delete numbers.
    ManageSessions,
    /// Read the messages of everybody, not only of chats one may see.
    SeeAllMessages,
    /// Customers of everybody, with their documents and contacts.
    SeeAllCustomers,
    /// Departments and queue entries: create and edit; distribute.
    ManageDepartments,
    /// Departments and queue entries: delete.
    DeleteDepartments,
    /// Accept a chat on behalf of a colleague.
    AcceptForOthers,
    /// Transfer, close and rate chats of colleagues: managers all, others those of their departments.
    ActOnOthersChats,
    /// Read the audit trail.
    ReadAudit,
    /// Webhooks for other systems, and what was sent to them.
    ManageWebhooks,
}

/// How a right is shown and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// Stored with the groups: never given to another right.
    pub id: i64,
    /// The part of the product, as clients of the earlier system know it.
    pub app_label: &'static str,
    /// What it is about.
    pub model: &'static str,
    pub codename: &'static str,
    /// For people, in pt-BR.
    pub name: &'static str,
}

impl Permission {
    pub const ALL: [Self; 19] = [
        Self::ViewConfig,
        Self::ManageConfigCompany,
        Self::ManageConfigChat,
        Self::ManageConfigEmail,
        Self::ManageConfigAppearance,
        Self::ManageConfigWhatsApp,
        Self::ManageConfigDocuments,
        Self::ManageAuth,
        Self::ManageAgents,
        Self::ManageAdmins,
        Self::ManageSessions,
        Self::SeeAllMessages,
        Self::SeeAllCustomers,
        Self::ManageDepartments,
        Self::DeleteDepartments,
        Self::AcceptForOthers,
        Self::ActOnOthersChats,
        Self::ReadAudit,
        Self::ManageWebhooks,
    ];

    /// The lowest role whose built-in group has it at first; every role above has it then, too.
    pub const fn lowest_role(self) -> Role {
        match self {
            Self::ViewConfig => Role::Agent,
            Self::ManageConfigChat
            | Self::SeeAllMessages
            | Self::SeeAllCustomers
            | Self::ManageDepartments
            | Self::AcceptForOthers
            | Self::ActOnOthersChats => Role::Supervisor,
            Self::ManageConfigCompany
            | Self::ManageConfigEmail
            | Self::ManageConfigAppearance
            | Self::ManageConfigWhatsApp
            | Self::ManageAgents
            | Self::ManageSessions
            | Self::ManageWebhooks
            | Self::DeleteDepartments => Role::Manager,
            Self::ManageConfigDocuments
            | Self::ManageAuth
            | Self::ManageAdmins
            | Self::ReadAudit => Role::Admin,
        }
    }

    /// Administrators have it and no group can give it.
    pub const fn is_for_admins_only(self) -> bool {
        matches!(self, Self::ManageAdmins | Self::ReadAudit)
    }

    pub const fn id(self) -> PermissionId {
        PermissionId(self.description().id)
    }

    /// The right with this number.
    pub fn with_id(id: PermissionId) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.id() == id)
    }

    /// `<app_label>.<codename>`, as clients know it.
    pub fn full_name(self) -> &'static str {
        static NAMES: LazyLock<Vec<(Permission, String)>> = LazyLock::new(|| {
            let name = |permission: Permission| {
                let Description { app_label, codename, .. } = permission.description();
                (permission, format!("{app_label}.{codename}"))
            };
            Permission::ALL.into_iter().map(name).collect()
        });
        NAMES.iter().find(|(permission, _)| *permission == self).map_or("", |(_, name)| name)
    }

    pub const fn description(self) -> Description {
        let (id, app_label, model, codename, name) = match self {
            Self::ViewConfig => config(1, "view_config", "Ver as configurações"),
            Self::ManageConfigCompany => {
                config(2, "manage_config_company", "Alterar os dados da empresa")
            }
            Self::ManageConfigChat => {
                config(3, "manage_config_chat", "Alterar as configurações do chat")
            }
            Self::ManageConfigEmail => {
                config(4, "manage_config_email", "Alterar as configurações de e-mail")
            }
            Self::ManageConfigAppearance => {
                config(5, "manage_config_appearance", "Alterar a aparência")
            }
            Self::ManageConfigWhatsApp => {
                config(6, "manage_config_whatsapp", "Alterar as configurações do WhatsApp")
            }
            Self::ManageConfigDocuments => {
                config(7, "manage_config_documents", "Alterar os modelos de documento")
            }
            Self::ManageAuth => {
                (8, "accounts", "group", "manage_auth", "Gerenciar grupos e permissões")
            }
            Self::ManageAgents => {
                (9, "accounts", "agent", "manage_agents", "Cadastrar e alterar usuários")
            }
            Self::ManageAdmins => {
                (10, "accounts", "agent", "manage_admins", "Cadastrar e alterar administradores")
            }
            Self::ManageSessions => {
                let id = MANAGE_SESSIONS.0;
                (id, "whatsapp", "session", "manage_sessions", "Gerenciar os números do WhatsApp")
            }
            Self::SeeAllMessages => {
                (12, "whatsapp", "message", "view_all_messages", "Ver as mensagens de todos")
            }
            Self::SeeAllCustomers => {
                (13, "clientes", "cliente", "view_all_clientes", "Ver os clientes de todos")
            }
            Self::ManageDepartments => (
                14,
                "atendimento",
                "departamento",
                "manage_departamentos",
                "Cadastrar e alterar departamentos e filas",
            ),
            Self::DeleteDepartments => (
                15,
                "atendimento",
                "departamento",
                "delete_departamentos",
                "Excluir departamentos e entradas da fila",
            ),
            Self::AcceptForOthers => {
                (16, "atendimento", "chat", "accept_for_others", "Aceitar chats por um colega")
            }
            Self::ActOnOthersChats => (
                ACT_ON_OTHERS_CHATS.0,
                "atendimento",
                "chat",
                "act_on_others_chats",
                "Transferir, encerrar e avaliar chats de colegas",
            ),
            Self::ReadAudit => (18, "core", "audit", "view_audit", "Ver a trilha de auditoria"),
            Self::ManageWebhooks => {
                let id = MANAGE_WEBHOOKS.0;
                (id, "integracoes", "webhook", "manage_webhooks", "Gerenciar webhooks")
            }
        };
        Description { id, app_label, model, codename, name }
    }
}

type Parts = (i64, &'static str, &'static str, &'static str, &'static str);

/// A right that is about one section of the settings.
const fn config(id: i64, codename: &'static str, name: &'static str) -> Parts {
    (id, "core", "config", codename, name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dx_actors::testing::TestDatabase;

    use super::*;

    /// What a role has at first.
    fn given_to(role: Role) -> Vec<PermissionId> {
        let is_given = |permission: &Permission| permission.lowest_role() <= role;
        let mut ids: Vec<_> =
            Permission::ALL.into_iter().filter(is_given).map(Permission::id).collect();
        ids.sort_unstable();
        ids
    }

    #[tokio::test]
    async fn the_built_in_groups_are_seeded_with_the_rights_of_the_roles() {
        let database = TestDatabase::sqlite();
        let store = database.open().await;
        let groups = store.list_groups().await.unwrap();
        let seeded: Vec<_> =
            groups.iter().map(|g| (g.name.as_str(), g.role, g.permissions.clone())).collect();
        let expected = [
            ("Atendente", Role::Agent),
            ("Supervisor", Role::Supervisor),
            ("Gerente", Role::Manager),
        ]
        .map(|(name, role)| (name, Some(role), given_to(role)));
        assert_eq!(seeded, expected);
    }

    #[test]
    fn the_roles_have_the_rights_of_the_contract() {
        let config = |role| {
            let of_role = given_to(role).into_iter().filter_map(Permission::with_id);
            let names = of_role.map(|permission| permission.description().codename);
            names.filter_map(|name| name.strip_prefix("manage_config_")).collect::<Vec<_>>()
        };
        assert!(config(Role::Agent).is_empty());
        assert_eq!(config(Role::Supervisor), ["chat"]);
        let manager = ["company", "chat", "email", "appearance", "whatsapp"];
        assert_eq!(config(Role::Manager), manager);
        assert_eq!(given_to(Role::Admin).len(), Permission::ALL.len());
        assert_eq!(given_to(Role::Agent), [Permission::ViewConfig.id()]);
    }

    #[test]
    fn numbers_and_names_are_unique_and_what_is_for_admins_is_given_to_nobody_else() {
        let ids: BTreeSet<_> = Permission::ALL.map(Permission::id).into();
        let names: BTreeSet<_> = Permission::ALL
            .map(|permission| {
                let Description { app_label, codename, .. } = permission.description();
                (app_label, codename)
            })
            .into();
        assert_eq!((ids.len(), names.len()), (Permission::ALL.len(), Permission::ALL.len()));
        for permission in Permission::ALL {
            assert_eq!(Permission::with_id(permission.id()), Some(permission));
            assert!(!permission.is_for_admins_only() || permission.lowest_role() == Role::Admin);
        }
        assert_eq!(Permission::with_id(PermissionId(999)), None);
    }
}
