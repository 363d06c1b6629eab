//! Which rows a person may list (contract §3). Whether one row may be seen or changed is decided by
//! `Viewer` in the hub.

use dx_actors::{
    domain::{AgentId, Role, ticket::Viewer},
    store::{ContactScope, CustomerScope, DocumentScope, Scope},
};

use super::{CurrentAgent, Permission};

/// Tickets: one's own, and what one watches over.
pub fn ticket_scope(me: &CurrentAgent) -> Scope {
    watched(me).unwrap_or(Scope::Own(me.id))
}

/// Reports and presence over time: the same, but of an agent only his own, whatever he may do with chats.
pub fn figure_scope(me: &CurrentAgent) -> Scope {
    if me.role == Role::Agent { Scope::Own(me.id) } else { ticket_scope(me) }
}

/// The rows that [`Viewer::watches`] picks, for whoever watches over more than his own.
fn watched(me: &CurrentAgent) -> Option<Scope> {
    let Viewer { departments, acts_on_others, .. } = me.viewer();
    match me.role {
        Role::Admin | Role::Manager => Some(Scope::All),
        Role::Agent if !acts_on_others || departments.is_empty() => None,
        Role::Supervisor | Role::Agent => Some(Scope::Departments(me.id, departments)),
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
    watched(me).unwrap_or_else(|| Scope::OwnAndWaiting(me.id, me.viewer().departments))
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
