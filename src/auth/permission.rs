//! What each role may do (contract §3).

use dx_actors::domain::Role;

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
    /// Messages of everybody, not only of chats one may see.
    SeeAllMessages,
    /// Customers of everybody, with their documents and contacts.
    SeeAllCustomers,
    /// Departments and queue entries: create and edit; distribute.
    ManageDepartments,
    /// Departments and queue entries: delete.
    DeleteDepartments,
    /// Accept a chat on behalf of a colleague.
    AcceptForOthers,
    /// Transfer, close and rate chats of colleagues.
    ActOnOthersChats,
}

impl Permission {
    pub const ALL: [Self; 17] = [
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
    ];

    /// The lowest role that has it; every role above has it too.
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
            | Self::DeleteDepartments => Role::Manager,
            Self::ManageConfigDocuments | Self::ManageAuth | Self::ManageAdmins => Role::Admin,
        }
    }

    /// The name that `/authz/permissions/` shows; `None` for rights that only roles give.
    pub const fn codename(self) -> Option<&'static str> {
        match self {
            Self::ViewConfig => Some("core.view_config"),
            Self::ManageConfigCompany => Some("core.manage_config_company"),
            Self::ManageConfigChat => Some("core.manage_config_chat"),
            Self::ManageConfigEmail => Some("core.manage_config_email"),
            Self::ManageConfigAppearance => Some("core.manage_config_appearance"),
            Self::ManageConfigWhatsApp => Some("core.manage_config_whatsapp"),
            Self::ManageConfigDocuments => Some("core.manage_config_documents"),
            Self::ManageAuth => Some("accounts.manage_auth"),
            Self::ManageAgents
            | Self::ManageAdmins
            | Self::ManageSessions
            | Self::SeeAllMessages
            | Self::SeeAllCustomers
            | Self::ManageDepartments
            | Self::DeleteDepartments
            | Self::AcceptForOthers
            | Self::ActOnOthersChats => None,
        }
    }

    pub fn is_given_to(self, role: Role) -> bool {
        role >= self.lowest_role()
    }
}

/// All rights of a role.
pub fn permissions_of(role: Role) -> impl Iterator<Item = Permission> {
    Permission::ALL.into_iter().filter(move |permission| permission.is_given_to(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codenames(role: Role) -> Vec<&'static str> {
        permissions_of(role)
            .filter_map(Permission::codename)
            .map(|name| name.rsplit('_').next().unwrap())
            .collect()
    }

    #[test]
    fn each_role_has_the_rights_of_the_contract() {
        assert_eq!(codenames(Role::Agent), ["config"]);
        assert_eq!(codenames(Role::Supervisor), ["config", "chat"]);
        let manager = ["config", "company", "chat", "email", "appearance", "whatsapp"];
        assert_eq!(codenames(Role::Manager), manager);
        assert_eq!(permissions_of(Role::Admin).count(), Permission::ALL.len());
    }

    #[test]
    fn numbers_are_for_managers_and_admins_for_admins() {
        assert!(!Permission::ManageSessions.is_given_to(Role::Supervisor));
        assert!(Permission::ManageSessions.is_given_to(Role::Manager));
        assert!(!Permission::ManageAdmins.is_given_to(Role::Manager));
    }
}
