//! The audit trail of people, groups and departments.

use serde_json::json;

use crate::support::{
    Database, Server,
    client::{id, results},
    on_both_databases,
};

const AUDIT: &str = "/api/v1/auditoria/";

on_both_databases!(every_change_leaves_an_entry);

async fn every_change_leaves_an_entry(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let path = format!("/api/v1/agents/{}/", ana.id);
    admin
        .patch(&path, json!({"password": "Outra-senha-2025", "is_active": false}))
        .expect(200)
        .await;
    let department = admin.create_department("Vendas", 3, &[ana.id]).await;
    admin.delete(&format!("/api/v1/atendimento/departamentos/{department}/")).expect(204).await;
    let group = json!({"name": "Filas", "permissions": [8]});
    let group = id(&admin.post("/api/v1/authz/groups/", group).expect(201).await);
    let groups = format!("/api/v1/authz/agents/{}/groups/", ana.id);
    admin.patch(&groups, json!({"group_ids": [group, 2]})).expect(200).await;
    admin.delete(&format!("/api/v1/authz/groups/{group}/")).expect(204).await;
    let args = ["user", "create", "gil", "--role", "gerente", "--password-stdin"];
    server.command(&args, "Senha-de-gil-2025\n").await;

    let page = admin.get(AUDIT).expect(200).await;
    let rows = results(&page);
    let told: Vec<_> = rows
        .iter()
        .map(|row| [&row["acao"], &row["assunto"], &row["agente"]].map(ToString::to_string))
        .map(|[action, subject, agent]| format!("{action} {subject} {agent}"))
        .collect();
    let me = admin.id;
    let expected = [
        "\"criado\" \"agente\" null".to_owned(),
        format!("\"excluido\" \"grupo\" {me}"),
        format!("\"alterado\" \"agente\" {me}"),
        format!("\"criado\" \"grupo\" {me}"),
        format!("\"excluido\" \"departamento\" {me}"),
        format!("\"criado\" \"departamento\" {me}"),
        format!("\"alterado\" \"agente\" {me}"),
        format!("\"criado\" \"agente\" {me}"),
    ];
    assert_eq!(told, expected);
    let moved = json!([
        {"campo": "grupos", "de": "Atendente", "para": "Filas, Supervisor"},
        {"campo": "role", "de": "atendente", "para": "supervisor"},
    ]);
    assert_eq!(rows[2]["alteracoes"], moved);
    let changed = json!([
        {"campo": "is_active", "de": "true", "para": "false"},
        {"campo": "password", "de": null, "para": "***"},
    ]);
    assert_eq!(rows[6]["alteracoes"], changed);
    assert!(!page.to_string().contains("argon2"));
    let gil = server.login("gil", "Senha-de-gil-2025").await;
    gil.get(AUDIT).expect_failure(403).await;
    let page = admin.get(&format!("{AUDIT}?assunto=departamento&search=vendas")).expect(200).await;
    assert_eq!(page["count"], 2);
}
