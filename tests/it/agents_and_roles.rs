//! Who may do what.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server,
    client::{assert_keys, id, results},
    on_both_databases,
    wire::{DEPARTMENTS, QUEUES, SEND, TICKETS},
};

const AGENTS: &str = "/api/v1/agents/";

on_both_databases!(agents_are_created_listed_and_edited, roles_open_what_the_table_says);

async fn agents_are_created_listed_and_edited(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;

    let page = ana.get(AGENTS).expect(200).await;
    let row = results(&page).iter().find(|row| id(row) == ana.id).expect("ana is listed");
    assert_keys(
        row,
        &["id", "username", "display_name", "role", "is_active", "departamentos", "presence"],
    );
    assert_eq!(row["role"], "atendente");
    assert_eq!(row["display_name"], "Pessoa ana");
    assert_eq!(row["is_active"], true);
    assert!(!page.to_string().contains("argon2"), "no password hash leaves the server");

    let path = format!("{AGENTS}{}/", ana.id);
    let changes = json!({ "display_name": "Ana Lúcia", "role": "supervisor" });
    admin.patch(&path, changes).expect(200).await;
    let row = admin.get(&path).expect(200).await;
    assert_eq!(row["display_name"], "Ana Lúcia");
    assert_eq!(row["role"], "supervisor");
    admin.get(&format!("{AGENTS}999999/")).expect_failure(404).await;
    admin.delete(&path).expect_failure(405).await;
}

#[tokio::test]
async fn bad_agents_are_refused_by_field() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let good = json!({ "username": "ana", "password": "Senha-de-ana-2025", "role": "atendente" });
    admin.post(AGENTS, good.clone()).expect(201).await;
    admin.post(AGENTS, good.clone()).expect_invalid("username").await;
    let cases = [
        ("username", json!("")),
        ("username", json!("x".repeat(151))),
        ("password", json!("")),
        ("role", json!("presidente")),
        ("display_name", json!("x".repeat(151))),
    ];
    for (field, value) in cases {
        let mut body = good.clone();
        body["username"] = json!("bia");
        body[field] = value;
        admin.post(AGENTS, body).expect_invalid(field).await;
    }
    let body = admin.post(AGENTS, json!({})).expect_invalid("username").await;
    assert_keys(&body, &["password"]);
}

#[tokio::test]
async fn only_admins_make_admins_or_change_them() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let manager = admin.create_agent("gerente", "gerente", &[]).await;
    let second = json!({ "username": "chefe", "password": "Senha-de-chefe-2025", "role": "admin" });
    manager.post(AGENTS, second.clone()).expect_failure(403).await;
    let admin_path = format!("{AGENTS}{}/", admin.id);
    manager.patch(&admin_path, json!({ "display_name": "Outro" })).expect_failure(403).await;
    let manager_path = format!("{AGENTS}{}/", manager.id);
    manager.patch(&manager_path, json!({ "role": "admin" })).expect_failure(403).await;
    admin.post(AGENTS, second).expect(201).await;
}

#[tokio::test]
async fn last_active_admin_stays_an_active_admin() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let path = format!("{AGENTS}{}/", admin.id);
    for change in [json!({ "is_active": false }), json!({ "role": "gerente" })] {
        let answer = admin.patch(&path, change).send().await;
        assert!([400, 409].contains(&answer.status.as_u16()), "{answer:?}");
        answer.assert_error_and_detail();
    }
    admin.get("/api/v1/me/").expect(200).await;
}

/// From whom on a call is allowed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum From {
    Agent,
    Supervisor,
    Manager,
}

/// Method, path, body and the least role that may (contract §3, "[rec]"). The rows name things that do
/// not exist: rights are checked first, so that whoever may not is told no more than that.
fn rights() -> Vec<(Method, String, Value, From)> {
    let sessions = "/api/v1/whatsapp/sessions/";
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    let none = Value::Null;
    vec![
        (get.clone(), AGENTS.into(), none.clone(), From::Agent),
        (post.clone(), AGENTS.into(), json!({}), From::Manager),
        (patch.clone(), format!("{AGENTS}999999/"), json!({}), From::Manager),
        (get.clone(), DEPARTMENTS.into(), none.clone(), From::Agent),
        (post.clone(), DEPARTMENTS.into(), json!({}), From::Supervisor),
        (patch.clone(), format!("{DEPARTMENTS}999999/"), json!({}), From::Supervisor),
        (delete.clone(), format!("{DEPARTMENTS}999999/"), none.clone(), From::Manager),
        (get.clone(), QUEUES.into(), none.clone(), From::Agent),
        (post.clone(), QUEUES.into(), json!({}), From::Supervisor),
        (post.clone(), format!("{QUEUES}distribuir/"), json!({}), From::Supervisor),
        (get.clone(), TICKETS.into(), none.clone(), From::Agent),
        (post.clone(), TICKETS.into(), json!({}), From::Supervisor),
        (get.clone(), sessions.into(), none.clone(), From::Agent),
        (get.clone(), format!("{sessions}status/"), none.clone(), From::Agent),
        (post.clone(), sessions.into(), json!({ "device_name": "Outro" }), From::Manager),
        (post.clone(), format!("{sessions}start/"), json!({}), From::Manager),
        (post.clone(), format!("{sessions}stop/"), json!({}), From::Manager),
        (post.clone(), format!("{sessions}999999/reconnect/"), json!({}), From::Manager),
        (delete.clone(), format!("{sessions}999999/"), none.clone(), From::Manager),
        (get.clone(), "/api/v1/whatsapp/session/status".into(), none.clone(), From::Agent),
        (post.clone(), "/api/v1/whatsapp/session/start".into(), json!({}), From::Manager),
        (delete, "/api/v1/whatsapp/session".into(), none.clone(), From::Manager),
        (post.clone(), "/api/v1/whatsapp/messages".into(), json!({}), From::Manager),
        (post.clone(), SEND.into(), json!({}), From::Agent),
        (get.clone(), "/api/v1/whatsapp/messages/".into(), none.clone(), From::Agent),
        (post, "/api/v1/whatsapp/inject-incoming/".into(), json!({}), From::Agent),
        (get, "/api/v1/presence/".into(), none, From::Agent),
    ]
}

async fn roles_open_what_the_table_says(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let people: [(From, Client); 3] = [
        (From::Agent, admin.create_agent("ana", "atendente", &[]).await),
        (From::Supervisor, admin.create_agent("sueli", "supervisor", &[]).await),
        (From::Manager, admin.create_agent("gil", "gerente", &[]).await),
    ];
    for (method, path, body, least) in rights() {
        let anonymous = server.anonymous().request(method.clone(), &path);
        anonymous.expect_failure(401).await;
        for (role, person) in &people {
            let answer = person.request(method.clone(), &path).json(&body).send().await;
            let is_refused = answer.status == 403;
            assert_eq!(is_refused, *role < least, "{role:?}: {method} {path}: {answer:?}");
            if is_refused {
                answer.assert_error_and_detail();
            }
        }
    }
}
