//! What the hub itself tells customers: calendar, texts, the end of a chat, and ratings in the chat.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server,
    client::{list, results, text},
    eventually, on_both_databases,
    wire::{DEPARTMENTS, TICKETS, start_with_ready_session},
};

const CHAT_SETTINGS: &str = "/api/v1/config/chat/";
const MESSAGES: &str = "/api/v1/whatsapp/messages/";
const NUMBER: &str = "5511988880001";
const DAYS: [&str; 7] = ["segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo"];

on_both_databases!(
    a_customer_is_told_once_whether_the_company_is_open,
    a_customer_rates_in_the_chat,
    what_was_stored_before_a_kill_is_said_once,
);

/// The same hours on every day of the week, holidays or not.
async fn open(admin: &Client, hours: Value) {
    let week: Value = DAYS.iter().map(|day| ((*day).to_owned(), hours.clone())).collect();
    let body = json!({"horario_funcionamento": week, "feriados_nacionais": false});
    admin.patch(CHAT_SETTINGS, body).expect(200).await;
}

/// What was sent to a customer, oldest first.
async fn told(admin: &Client) -> Vec<String> {
    let page = admin.get(&format!("{MESSAGES}?direction=outbound")).expect(200).await;
    let mut rows = results(&page).to_vec();
    rows.sort_by_key(|row| row["id"].as_i64());
    rows.iter().map(|row| text(&row["text_content"]).to_owned()).collect()
}

async fn hears(admin: &Client, expected: &[&str]) {
    eventually(&format!("the customer is told {expected:?}"), async || {
        (told(admin).await == expected).then_some(())
    })
    .await;
}

async fn a_customer_is_told_once_whether_the_company_is_open(database: Database) {
    let (server, admin) = start_with_ready_session(&database).await;
    let texts = json!({
        "mensagem_boas_vindas": "Oi, {{nome}}! Protocolo {{protocolo}}.",
        "mensagem_fora_expediente": "Fechado.",
        "mensagem_ausente": "Ninguém agora. Lugar {{posicao}}. Espera {{espera}}.",
    });
    admin.patch(CHAT_SETTINGS, texts).expect(200).await;
    open(&admin, Value::Null).await;
    admin.receive(NUMBER, "oi", "m1").await;
    hears(&admin, &["Fechado."]).await;
    admin.receive(NUMBER, "oi?", "m2").await;
    let chat = admin.chat(NUMBER).await;
    assert_eq!((&chat["status"], &chat["atendente"]), (&json!("aguardando"), &Value::Null));
    assert_eq!(chat["total_mensagens_atendente"], 0);
    admin.patch(CHAT_SETTINGS, json!({"mensagem_encerramento": "Tchau."})).expect(200).await;
    admin.close_chat(NUMBER).await;
    open(&admin, json!({"inicio": "00:00", "fim": "24:00"})).await;
    admin.receive(NUMBER, "oi", "m3").await;
    let ticket = admin.chat(NUMBER).await["id"].clone();
    let greeting = format!("Oi, cliente! Protocolo {ticket}.");
    hears(&admin, &["Fechado.", "Tchau.", &greeting, "Ninguém agora. Lugar 1."]).await;
    // A department that is closed is closed, whatever the company does.
    let week: Value = DAYS.iter().map(|day| ((*day).to_owned(), Value::Null)).collect();
    let path = format!("{DEPARTMENTS}{}/", admin.department("Suporte").await);
    let row = admin.patch(&path, json!({"horario_atendimento": week})).expect(200).await;
    assert_eq!(row["horario_atendimento"]["segunda"], json!({"inicio": null, "fim": null}));
    admin.receive(NUMBER, "oi?", "m4").await;
    hears(&admin, &["Fechado.", "Tchau.", &greeting, "Ninguém agora. Lugar 1.", "Fechado."]).await;
    let row = admin.patch(&path, json!({"horario_atendimento": null})).expect(200).await;
    assert_eq!(row["horario_atendimento"], Value::Null);
    drop(server);
}

async fn a_customer_rates_in_the_chat(database: Database) {
    let (server, admin) = start_with_ready_session(&database).await;
    let texts = json!({
        "solicitar_avaliacao": true, "mensagem_avaliacao": "Nota?",
        "mensagem_agradecimento_avaliacao": "Valeu!",
    });
    admin.patch(CHAT_SETTINGS, texts).expect(200).await;
    admin.customer_writes(NUMBER).await;
    let ticket = admin.accept(NUMBER).await["id"].clone();
    admin.close_chat(NUMBER).await;
    hears(&admin, &["Nota?"]).await;
    let answer = admin.receive(NUMBER, "nota 4", "r1").await;
    assert_eq!(answer["message_id"], "r1");
    hears(&admin, &["Nota?", "Valeu!"]).await;
    admin.receive(NUMBER, "⭐", "r2").await;
    let row = admin.get(&format!("{TICKETS}{ticket}/")).expect(200).await;
    assert_eq!((&row["avaliacao"], &row["status"]), (&json!(4), &json!("finalizado")));
    let all = admin.get(&format!("{TICKETS}?search={NUMBER}")).expect(200).await;
    assert_eq!(all["count"], 1, "no chat was opened for it");
    // What is no rating is somebody who needs something.
    admin.receive(NUMBER, "nota: 10, mas falta a nota fiscal", "r3").await;
    admin.chat_opens(NUMBER).await;
    drop(server);
}

async fn what_was_stored_before_a_kill_is_said_once(database: Database) {
    let (mut server, admin) = start_with_ready_session(&database).await;
    open(&admin, json!({"inicio": "00:00", "fim": "24:00"})).await;
    admin.patch(CHAT_SETTINGS, json!({"mensagem_boas_vindas": "Oi!"})).expect(200).await;
    let slow = json!({"falha": "lento"});
    admin.post("/api/v1/whatsapp/sandbox/falha/", slow).expect(200).await;
    admin.receive(NUMBER, "oi", "m1").await;
    let leaving = format!("{MESSAGES}?direction=outbound&status=sending");
    eventually("the greeting is leaving", async || {
        (admin.get(&leaving).expect(200).await["count"] == 1).then_some(())
    })
    .await;
    server.kill9().await;
    server.start_again().await;
    let admin = server.anonymous().with_token(&admin.access);
    admin.session_becomes("ready").await;
    admin.receive(NUMBER, "oi", "m1").await;
    admin.receive(NUMBER, "alguém?", "m2").await;
    eventually("the greeting has left", async || {
        (admin.get(&leaving).expect(200).await["count"] == 0).then_some(())
    })
    .await;
    assert_eq!(told(&admin).await, ["Oi!"]);
}

#[tokio::test]
async fn the_calendar_is_kept_and_each_fault_is_named() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let holidays = json!([
        {"data": "2026-12-24", "nome": "Véspera de Natal", "anual": true,
            "horario": {"inicio": "08:00", "fim": "12:00"}},
        {"data": "2026-01-25", "nome": "Aniversário de São Paulo"},
    ]);
    let body = json!({
        "feriados": holidays, "feriados_facultativos": true, "fuso_horario": "America/Manaus",
        "minutos_aviso_inatividade": 10, "inatividade_somente_expediente": true,
    });
    let row = admin.patch(CHAT_SETTINGS, &body).expect(200).await;
    for key in ["feriados_facultativos", "fuso_horario", "minutos_aviso_inatividade"] {
        assert_eq!(row[key], body[key], "{key}");
    }
    let stored = list(&row["feriados"]);
    assert_eq!(stored[0], holidays[0]);
    let closed = json!({"inicio": null, "fim": null});
    assert_eq!((&stored[1]["anual"], &stored[1]["horario"]), (&json!(false), &closed));
    assert_eq!(admin.patch(CHAT_SETTINGS, &row).expect(200).await, row, "sent back as shown");
    let one = |item: Value| json!({"feriados": [holidays[1], item]});
    let cases = [
        (json!({"feriados": "Natal"}), "feriados"),
        (one(json!("Natal")), "feriados.1"),
        (one(json!({"nome": "Natal"})), "feriados.1.data"),
        (one(json!({"data": "25/12/2026", "nome": "Natal"})), "feriados.1.data"),
        (one(json!({"data": "2026-02-30", "nome": "x"})), "feriados.1.data"),
        (one(json!({"data": "2026-01-25", "nome": "x"})), "feriados.1.data"),
        (one(json!({"data": "2026-12-25", "nome": " "})), "feriados.1.nome"),
        (one(json!({"data": "2026-12-25", "nome": "x", "anual": "sim"})), "feriados.1.anual"),
        (one(json!({"data": "2026-12-25", "nome": "x", "horario": "8h"})), "feriados.1.horario"),
        (json!({"fuso_horario": "Brasília"}), "fuso_horario"),
        (json!({"minutos_aviso_inatividade": -1}), "minutos_aviso_inatividade"),
        (json!({"mensagem_boas_vindas": "Oi {{posicao}}"}), "mensagem_boas_vindas"),
        (json!({"mensagem_ausente": "{{tempo}}"}), "mensagem_ausente"),
        (json!({"mensagem_encerramento": "Tchau {{nome"}), "mensagem_encerramento"),
    ];
    for (body, field) in cases {
        admin.patch(CHAT_SETTINGS, body).expect_invalid(field).await;
    }
    assert_eq!(admin.get(CHAT_SETTINGS).expect(200).await, row, "nothing was changed");
    let department = json!({"nome": "Noite", "horario_atendimento": {"segunda": "22h"}});
    let refused = admin.post(DEPARTMENTS, department);
    refused.expect_invalid("horario_atendimento.segunda").await;
    let department = json!({"nome": "Noite", "horario_atendimento": {"segunda": {"inicio": "22:00", "fim": "06:00"}}});
    let row = admin.post(DEPARTMENTS, department).expect(201).await;
    let hours = &row["horario_atendimento"];
    assert_eq!(hours["segunda"], json!({"inicio": "22:00", "fim": "06:00"}));
    assert_eq!(hours["terca"], json!({"inicio": "08:00", "fim": "18:00"}), "as the company's");
}
