//! Roles under their names on the wire.

use dx_actors::domain::Role;

pub const fn name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Manager => "gerente",
        Role::Supervisor => "supervisor",
        Role::Agent => "atendente",
    }
}

pub fn parse(text: &str) -> Option<Role> {
    [Role::Admin, Role::Manager, Role::Supervisor, Role::Agent]
        .into_iter()
        .find(|role| name(*role) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_role() {
        for role in [Role::Admin, Role::Manager, Role::Supervisor, Role::Agent] {
            assert_eq!(parse(name(role)), Some(role));
        }
        assert_eq!(parse("chefe"), None);
    }
}
