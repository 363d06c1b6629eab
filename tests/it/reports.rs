//! What happened in the service, in figures; and who may read them.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server,
    client::list,
    on_both_databases,
    wire::{TICKETS, customer_number},
};

const REPORTS: &str = "/api/v1/atendimento/relatorios/";

on_both_databases!(a_hand_over_credits_each_with_his_part, figures_outlive_the_process);

/// `Vendas` with ana and bia, who share a chat that bia closes with five stars.
async fn office(database: &Database) -> (Server, Client, i64, [Client; 2]) {
    let server = Server::start_without_auto_distribution(database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let bia = admin.create_agent("bia", "atendente", &[]).await;
    let department = admin.create_department("Vendas", 5, &[ana.id, bia.id]).await;
    let number = customer_number(1);
    admin.enqueue(department, &number, "normal").await;
    let ticket = admin.chat(&number).await["id"].as_i64().unwrap();
    ana.accept(&number).await;
    let body = json!({ "atendente_destino_id": bia.id, "motivo": "férias" });
    ana.post(&format!("{TICKETS}{ticket}/transferir/"), body).expect(200).await;
    bia.close_chat(&number).await;
    let body = json!({ "avaliacao": 5 });
    admin.post(&format!("{TICKETS}{ticket}/avaliar/"), body).expect(200).await;
    (server, admin, department, [ana, bia])
}

async fn lines(client: &Client, query: &str) -> Vec<Value> {
    let report = client.get(&format!("{REPORTS}{query}")).expect(200).await;
    list(&report["linhas"]).to_vec()
}

async fn a_hand_over_credits_each_with_his_part(database: Database) {
    let (_server, admin, department, [ana, bia]) = office(&database).await;
    let by_agent = lines(&admin, "?agrupar=atendente").await;
    let of = |id: i64| by_agent.iter().find(|line| line["atendente"] == id).unwrap().clone();
    let figures = |line: &Value| {
        json!([
            line["abertos"],
            line["encerrados"],
            line["espera"]["atendimentos"],
            line["atendimento"]["atendimentos"],
            line["avaliacoes"]["total"],
            line["transferencias"],
        ])
    };
    let out = json!({ "recebidas": 0, "enviadas": 1 });
    assert_eq!(figures(&of(ana.id)), json!([1, 0, 1, 1, 1, out]));
    let into = json!({ "recebidas": 1, "enviadas": 0 });
    assert_eq!(figures(&of(bia.id)), json!([0, 1, 0, 1, 1, into]));
    // One rating of one ticket, credited to both who had it.
    assert_eq!(of(bia.id)["avaliacoes"]["distribuicao"]["5"], 1);
    assert_eq!(lines(&admin, "").await[0]["avaliacoes"]["total"], 1);
    let query = format!("?agrupar=departamento&departamento={department}");
    let by_department = lines(&admin, &query).await;
    assert_eq!(by_department.len(), 1);
    assert_eq!(by_department[0]["departamento"], department);
    assert_eq!(by_department[0]["departamento_nome"], "Vendas");
    // The same ticket once, whoever had it.
    assert_eq!(by_department[0]["atendimento"]["atendimentos"], 1);
    let own = lines(&ana, "").await;
    assert_eq!((own.len(), &own[0]["abertos"], &own[0]["encerrados"]), (1, &json!(1), &json!(0)));
    ana.get(&format!("{REPORTS}?atendente={}", bia.id)).expect_failure(403).await;
}

async fn figures_outlive_the_process(database: Database) {
    let (mut server, admin, ..) = office(&database).await;
    let before = lines(&admin, "?agrupar=dia").await;
    assert_eq!(before.len(), 7, "also the days without anything");
    server.kill9().await;
    server.start_again().await;
    assert_eq!(lines(&server.admin().await, "?agrupar=dia").await, before);
}

#[tokio::test]
async fn a_report_is_also_a_spreadsheet() {
    let (_server, admin, _, [ana, _]) = office(&Database::Sqlite).await;
    let path = format!("{REPORTS}?agrupar=atendente&formato=csv");
    let answer = admin.get(&path).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert!(answer.header("content-disposition").starts_with("attachment; filename="));
    let text = answer.raw.strip_prefix('\u{feff}').expect("the mark of UTF-8");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(';').collect()).collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    assert_eq!(rows[0][..3], ["atendente_id", "atendente", "abertos"]);
    assert_eq!(rows[1][0], ana.id.to_string());
}

#[tokio::test]
async fn what_cannot_be_asked_is_named() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    for (query, field) in [
        ("?de=ontem", "de"),
        ("?de=2026-01-02&ate=2026-01-01", "ate"),
        ("?de=2025-01-01&ate=2026-01-02", "de"),
        ("?agrupar=semana", "agrupar"),
        ("?formato=xls", "formato"),
        ("?departamento=x", "departamento"),
    ] {
        admin.get(&format!("{REPORTS}{query}")).expect_invalid(field).await;
    }
}
