//! Which rows a person may list (contract §3). Whether one row may be seen or changed is decided by
//! `Viewer` in the hub.

use dx_actors::{domain::Role, store::Scope};

use super::CurrentAgent;

/// Tickets: one's own; supervisors see their departments, managers all.
pub fn ticket_scope(me: &CurrentAgent) -> Scope {
    match me.role {
        Role::Admin | Role::Manager => Scope::All,
        Role::Supervisor => Scope::Departments(me.id, me.viewer().departments),
        Role::Agent => Scope::Own(me.id),
    }
}

/// Chats, and the messages in them: agents also see what waits for somebody to take it.
pub fn chat_scope(me: &CurrentAgent) -> Scope {
    match me.role {
        Role::Admin | Role::Manager => Scope::All,
        Role::Supervisor => Scope::Departments(me.id, me.viewer().departments),
        Role::Agent => Scope::OwnAndWaiting(me.id, me.viewer().departments),
    }
}
