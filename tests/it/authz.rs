//! Groups and the rights they give, over restarts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server,
    client::{id, list},
    on_both_databases,
};

const GROUPS: &str = "/api/v1/authz/groups/";
const PERMISSIONS: &str = "/api/v1/authz/permissions/";

on_both_databases!(
    the_collection_of_the_earlier_system_passes,
    rights_of_a_group_survive_a_restart,
    people_of_the_command_line_are_in_the_group_of_their_role,
    nobody_gives_a_right_that_he_does_not_have,
);

fn groups_path(agent: i64) -> String {
    format!("/api/v1/authz/agents/{agent}/groups/")
}

async fn permission(client: &Client, codename: &str) -> i64 {
    let rows = client.get(PERMISSIONS).expect(200).await;
    let row = list(&rows).iter().find(|row| row["codename"] == codename);
    id(row.unwrap_or_else(|| panic!("no `{codename}` in {rows}")))
}

fn names(groups: &Value) -> Vec<&str> {
    list(groups).iter().filter_map(|group| group["name"].as_str()).collect()
}

async fn the_collection_of_the_earlier_system_passes(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    admin.get(PERMISSIONS).expect(200).await;
    assert_eq!(names(&admin.get(GROUPS).expect(200).await), ["Atendente", "Gerente", "Supervisor"]);
    let group = admin.post(GROUPS, json!({"name": "Vendas", "permissions": []})).expect(201).await;
    let path = format!("{GROUPS}{}/", id(&group));
    admin.get(&path).expect(200).await;
    let renamed = admin.patch(&path, json!({"name": "Pós-venda"})).expect(200).await;
    assert_eq!(renamed["name"], "Pós-venda");
    admin.request(Method::PUT, &path).json(&json!({"name": "Vendas"})).expect(200).await;
    admin.get(&groups_path(admin.id)).expect(200).await;
    let body = json!({"group_ids": [id(&group), 999_999]});
    let listed = admin.patch(&groups_path(admin.id), body).expect(200).await;
    assert_eq!(names(&listed), ["Vendas"]);
    admin.delete(&path).expect(204).await;
    assert_eq!(admin.get(&groups_path(admin.id)).expect(200).await, json!([]));
    admin.get(&path).expect_failure(404).await;
    admin.get(&groups_path(999_999)).expect_failure(404).await;
    admin.post(GROUPS, json!({"name": "Gerente"})).expect_invalid("name").await;
    let bad = json!({"name": "Outro", "permissions": [999]});
    admin.post(GROUPS, bad).expect_invalid("permissions").await;
    server.anonymous().get(PERMISSIONS).expect_failure(401).await;
}

async fn rights_of_a_group_survive_a_restart(database: Database) {
    let mut server = Server::start(&database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let right = permission(&admin, "manage_departamentos").await;
    let body = json!({"name": "Filas", "permissions": [right]});
    let group = admin.post(GROUPS, body).expect(201).await;
    let departments = "/api/v1/atendimento/departamentos/";
    ana.post(departments, json!({"nome": "Cedo"})).expect_failure(403).await;
    let body = json!({"group_ids": [id(&group)]});
    admin.patch(&groups_path(ana.id), body).expect(200).await;
    ana.post(departments, json!({"nome": "Agora"})).expect(201).await;
    server.kill9().await;
    server.start_again().await;
    let ana = server.login("ana", "Senha-de-ana-2025").await;
    ana.post(departments, json!({"nome": "Depois"})).expect(201).await;
    let admin = server.admin().await;
    let path = format!("{GROUPS}{}/", id(&group));
    admin.patch(&path, json!({"permissions": []})).expect(200).await;
    ana.post(departments, json!({"nome": "Tarde"})).expect_failure(403).await;
}

async fn people_of_the_command_line_are_in_the_group_of_their_role(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let args = ["user", "create", "gil", "--role", "gerente", "--password-stdin"];
    let output = server.command(&args, "Senha-de-gil-2025\n").await;
    assert!(output.status.success(), "{output:?}");
    let gil = server.login("gil", "Senha-de-gil-2025").await;
    assert_eq!(names(&admin.get(&groups_path(gil.id)).expect(200).await), ["Gerente"]);
    let body = json!({"group_ids": [1]});
    admin.patch(&groups_path(gil.id), body).expect(200).await;
    assert_eq!(gil.get("/api/v1/me/").expect(200).await["role"], "atendente");
}

async fn nobody_gives_a_right_that_he_does_not_have(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let rita = admin.create_agent("rita", "supervisor", &[]).await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let (keep, numbers, queues) = (
        permission(&admin, "manage_auth").await,
        permission(&admin, "manage_sessions").await,
        permission(&admin, "manage_departamentos").await,
    );
    let make = async |client: &Client, name: &str, rights: &[i64]| {
        let body = json!({"name": name, "permissions": rights});
        id(&client.post(GROUPS, body).expect(201).await)
    };
    let keepers = make(&admin, "Grupos", &[keep]).await;
    let lines = make(&admin, "Números", &[numbers]).await;
    admin.patch(&groups_path(rita.id), json!({"group_ids": [2, keepers]})).expect(200).await;
    let refused = |body: Value| {
        let text = "Você não pode dar o direito \"Gerenciar os números do WhatsApp\", que não tem.";
        assert_eq!(body, json!({"error": text, "detail": text}));
    };
    let body = json!({"name": "Meu", "permissions": [queues, numbers]});
    refused(rita.post(GROUPS, body).expect_failure(403).await);
    let own = make(&rita, "Meu", &[queues, keep]).await;
    let path = format!("{GROUPS}{own}/");
    let body = json!({"permissions": [queues, numbers]});
    refused(rita.patch(&path, body).expect_failure(403).await);
    for who in [rita.id, ana.id] {
        let body = json!({"group_ids": [own, lines]});
        refused(rita.patch(&groups_path(who), body).expect_failure(403).await);
    }
    rita.patch(&groups_path(ana.id), json!({"group_ids": [own]})).expect(200).await;
    // What others gave stays in the hands of who has the right to change it, and may be taken away.
    admin.patch(&groups_path(ana.id), json!({"group_ids": [own, lines]})).expect(200).await;
    rita.patch(&groups_path(ana.id), json!({"group_ids": [1, own, lines]})).expect(200).await;
    let path = format!("{GROUPS}{lines}/");
    rita.patch(&path, json!({"permissions": [numbers, queues]})).expect(200).await;
    rita.patch(&path, json!({"permissions": [queues]})).expect(200).await;
    refused(rita.patch(&path, json!({"permissions": [numbers]})).expect_failure(403).await);
    admin.patch(&path, json!({"permissions": [numbers]})).expect(200).await;
}
