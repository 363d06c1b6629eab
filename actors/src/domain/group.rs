//! Groups of people and the rights they give.
//!
//! What a right means is for the edge to know, with three exceptions; here it is a number that never changes
//! its meaning.

use super::{Agent, AgentId, GroupId, PermissionId, Role, Timestamp};

/// The right to start, stop and pair numbers: the one that the hub itself asks for, when it tells of codes
/// to scan.
pub const MANAGE_SESSIONS: PermissionId = PermissionId(11);
/// The right to act on chats of colleagues, within what one's role reaches: for somebody without a higher one the chats
/// of the own departments, which he then sees.
pub const ACT_ON_OTHERS_CHATS: PermissionId = PermissionId(17);
/// The right to manage webhooks of other systems: whoever has it is told when one fails.
pub const MANAGE_WEBHOOKS: PermissionId = PermissionId(19);

/// A group with its rights and its members, both in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    /// The role whose rights the group carries; such a group is built in: it keeps its name and stays.
    pub role: Option<Role>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[sqlx(skip)]
    pub permissions: Vec<PermissionId>,
    #[sqlx(skip)]
    pub members: Vec<AgentId>,
}

/// What it takes to create a group.
#[derive(Debug, Clone)]
pub struct NewGroup {
    pub name: String,
    pub permissions: Vec<PermissionId>,
}

/// What may change on a group; `None` leaves the value as it is.
#[derive(Debug, Clone, Default)]
pub struct GroupChanges {
    pub name: Option<String>,
    pub permissions: Option<Vec<PermissionId>>,
}

impl Group {
    /// It carries the rights of a role.
    pub const fn is_built_in(&self) -> bool {
        self.role.is_some()
    }
}

/// The role of somebody who is in exactly these groups: that of the highest built-in one, or the basic
/// one. An administrator is one whatever his groups.
pub fn role_in<'g>(agent: &Agent, groups: impl IntoIterator<Item = &'g Group>) -> Role {
    if agent.role == Role::Admin {
        return Role::Admin;
    }
    groups.into_iter().filter_map(|group| group.role).max().unwrap_or(Role::Agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: i64, role: Option<Role>) -> Group {
        Group {
            id: GroupId(id),
            name: format!("Grupo {id}"),
            role,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            permissions: Vec::new(),
            members: Vec::new(),
        }
    }

    fn agent(role: Role) -> Agent {
        Agent {
            id: AgentId(1),
            username: String::new(),
            email: String::new(),
            display_name: String::new(),
            phone_number: String::new(),
            role,
            is_active: true,
            skills: crate::domain::List::default(),
            tokens_valid_from: Timestamp::EPOCH,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn the_highest_built_in_group_is_the_role() {
        let [basic, middle, own] =
            [Some(Role::Agent), Some(Role::Supervisor), None].map(|role| group(1, role));
        let cases: [(Role, &[&Group], Role); 5] = [
            (Role::Manager, &[], Role::Agent),
            (Role::Manager, &[&own], Role::Agent),
            (Role::Agent, &[&middle, &basic, &own], Role::Supervisor),
            (Role::Admin, &[], Role::Admin),
            (Role::Admin, &[&basic], Role::Admin),
        ];
        for (before, groups, expected) in cases {
            assert_eq!(role_in(&agent(before), groups.iter().copied()), expected);
        }
    }
}
