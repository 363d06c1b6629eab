//! The company of the demonstration.

use dx_actors::{
    domain::{
        DepartmentId, List, NewAgent, NewDepartment, Role, RoutingRules, SessionChanges, Timestamp,
    },
    store::Store,
};

use super::PASSWORD;
use crate::{auth::Passwords, run_error::RunError};

/// The person by whom a database of the demonstration is recognised.
pub(super) const MARK: &str = "gabriela";

/// Username, name, role, and the index of the department in [`seed`]'s order.
const PEOPLE: [(&str, &str, Role, Option<usize>); 5] = [
    (MARK, "Gabriela Souza", Role::Manager, None),
    ("sergio", "Sérgio Lima", Role::Supervisor, Some(0)),
    ("ana", "Ana Ribeiro", Role::Agent, Some(0)),
    ("bruno", "Bruno Castro", Role::Agent, Some(0)),
    ("carla", "Carla Mendes", Role::Agent, Some(1)),
];

/// Customers who are known already; others are met when they write.
const KNOWN: [(&str, &str, &str); 3] = [
    ("Padaria Pão Quente Ltda", "contato@paoquente.example", "5511970000001"),
    ("Mercado São João", "compras@saojoao.example", "5511970000002"),
    ("Oficina do Zé", "ze@oficina.example", "5521970000003"),
];

/// Fills a database that has only what every first start has.
pub(super) async fn seed(
    store: &Store,
    passwords: &Passwords,
    now: Timestamp,
) -> Result<(), RunError> {
    let support = store.list_departments().await?.first().map(|department| department.id);
    let sales = store.insert_department(department("Vendas", "#10B981", 3), None, now).await?.id;
    store.insert_department(department("Financeiro", "#F59E0B", 4), None, now).await?;
    if let Some(session) = store.find_default_session().await? {
        let changes = SessionChanges { department_id: Some(support), ..SessionChanges::default() };
        store.update_session(session.id, changes, None, now).await?;
    }
    let departments = [support, Some(sales)];
    let hash = passwords.hash(PASSWORD.to_owned()).await?;
    for (username, name, role, department) in PEOPLE {
        let member_of = department.and_then(|at| departments[at]).into_iter().collect();
        store.insert_agent(agent(username, name, role, hash.clone(), member_of), None, now).await?;
    }
    for (name, email, phone) in KNOWN {
        let (email, phone) = (Some(email.to_owned()), Some(phone.to_owned()));
        store.insert_customer(name.to_owned(), email, phone, now).await?;
    }
    Ok(())
}

fn department(name: &str, color: &str, capacity: i64) -> NewDepartment {
    NewDepartment {
        name: name.to_owned(),
        description: format!("Departamento de {name}"),
        color: color.to_owned(),
        capacity,
        response_target_minutes: 10,
        is_active: true,
        opening_hours: None,
        routing: RoutingRules::default(),
        members: Vec::new(),
    }
}

fn agent(
    username: &str,
    name: &str,
    role: Role,
    password_hash: String,
    departments: Vec<DepartmentId>,
) -> NewAgent {
    NewAgent {
        username: username.to_owned(),
        email: format!("{username}@dxconnect.example"),
        display_name: name.to_owned(),
        phone_number: String::new(),
        role,
        is_active: true,
        skills: List::default(),
        password_hash,
        departments,
    }
}
