//! Which rows a person may list (contract §3). Whether one row may be seen or changed is decided by
//! `Viewer` in the hub.

use dx_actors::{
    domain::{AgentId, Role},
    store::{ContactScope, CustomerScope, DocumentScope, Scope},
};

use super::{CurrentAgent, Permission};

/// Tickets: one's own; supervisors, and whoever may act on chats of colleagues, see their departments, managers all.
pub fn ticket_scope(me: &CurrentAgent) -> Scope {
    department_scope(me).unwrap_or_else(|| figure_scope(me))
}

/// Reports and presence over time: one's own; supervisors see their departments, managers all.
pub fn figure_scope(me: &CurrentAgent) -> Scope {
    match me.role {
        Role::Admin | Role::Manager => Scope::All,
        Role::Supervisor => Scope::Departments(me.id, me.viewer().departments),
        Role::Agent => Scope::Own(me.id),
    }
}

/// Whose presence over time one may see, and whom one may set offline: one's own; supervisors watch the
/// members of their departments, managers everybody.
pub fn watches(me: &CurrentAgent, id: AgentId) -> bool {
    match me.role {
        Role::Admin | Role::Manager => true,
        Role::Supervisor => {
            let of = me.roster.departments_of(me.id);
            id == me.id || of.iter().any(|department| me.roster.is_member(id, *department))
        }
        Role::Agent => id == me.id,
    }
}

/// Chats, and the messages in them: agents also see what waits for somebody to take it.
pub fn chat_scope(me: &CurrentAgent) -> Scope {
    match me.role {
        Role::Admin | Role::Manager => Scope::All,
        Role::Supervisor => Scope::Departments(me.id, me.viewer().departments),
        Role::Agent => department_scope(me)
            .unwrap_or_else(|| Scope::OwnAndWaiting(me.id, me.viewer().departments)),
    }
}

/// Everything of one's departments, for an agent who may act on the chats of colleagues there.
fn department_scope(me: &CurrentAgent) -> Option<Scope> {
    let viewer = me.viewer();
    let is_agent = me.role == Role::Agent;
    let has_any = is_agent && viewer.acts_on_others && !viewer.departments.is_empty();
    has_any.then_some(Scope::Departments(me.id, viewer.departments))
}

/// Messages by themselves: those of chats that one may see, or all. The search keeps to the chats.
pub fn message_scope(me: &CurrentAgent) -> Scope {
    if me.can(Permission::SeeAllMessages) { Scope::All } else { chat_scope(me) }
}

/// Documents: those of customers whom one may see, and one's own uploads. Also for which customers one
/// may file documents.
pub fn document_scope(me: &CurrentAgent) -> DocumentScope {
    match customer_scope(me) {
        CustomerScope::All => DocumentScope::All,
        customers @ CustomerScope::Of(..) => DocumentScope::Of { agent_id: me.id, customers },
    }
}

/// Customers: supervisors and above see all, agents those whom they created or are responsible for
/// and those of chats that they may see.
pub fn customer_scope(me: &CurrentAgent) -> CustomerScope {
    if me.can(Permission::SeeAllCustomers) {
        CustomerScope::All
    } else {
        CustomerScope::Of(me.id, chat_scope(me))
    }
}

/// Contacts (contract §6): only administrators see those of customers who are not active.
pub fn contact_scope(me: &CurrentAgent) -> ContactScope {
    if me.role == Role::Admin { ContactScope::All } else { ContactScope::ActiveCustomers }
}
