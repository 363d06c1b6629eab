//! Who is there, and who is writing right now.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{assert_keys, results, text},
    eventually, on_both_databases,
    wire::{customer_number, start_with_ready_session},
};

const ME: &str = "/api/v1/presence/me/";
const SET_STATUS: &str = "/api/v1/presence/set-status/";
const HEARTBEAT: &str = "/api/v1/presence/heartbeat/";
const TYPING: &str = "/api/v1/typing/";

const HISTORY: &str = "/api/v1/presence/historico/";

on_both_databases!(
    status_is_shown_to_me_and_told_to_colleagues,
    presence_ends_with_the_heartbeat,
    a_pause_is_kept_with_its_reason_over_a_crash,
);

async fn start_with_ana(database: &Database) -> (Server, Client, Client) {
    let server = Server::start(database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    (server, admin, ana)
}

/// The presence of one agent as everybody sees it. Does not count as a sign of life of that agent.
async fn presence_of(client: &Client, agent: i64) -> Value {
    let page = client.get("/api/v1/presence/?page_size=100").expect(200).await;
    let found = results(&page).iter().find(|row| row["agent"] == agent);
    found.unwrap_or_else(|| panic!("agent {agent} is not in {page}")).clone()
}

async fn presence_becomes(client: &Client, agent: i64, status: &str) -> Value {
    eventually(&format!("agent {agent} becomes {status}"), async || {
        let row = presence_of(client, agent).await;
        (row["status"] == status).then_some(row)
    })
    .await
}

async fn status_is_shown_to_me_and_told_to_colleagues(database: Database) {
    let (server, admin, ana) = start_with_ana(&database).await;
    let me = ana.get(ME).expect(200).await;
    assert_eq!(me["agent"], ana.id);
    assert_eq!(me["agent_username"], "ana");
    assert_eq!(me["status"], "offline", "who never reported is offline");
    assert_eq!(me["is_available"], false);
    assert_eq!(me["websocket_connected"], false);
    assert_keys(
        &me,
        &[
            "id",
            "status_message",
            "tempo_no_status_atual",
            "last_heartbeat",
            "esta_inativo",
            "status_changed_at",
            "updated_at",
        ],
    );
    let colleague = admin.create_agent("bia", "atendente", &[]).await;
    let mut socket = Socket::connect(&server, &colleague).await;
    let body = json!({ "status": "busy", "message": "Em reunião até 15h" });
    let answer = ana.post(SET_STATUS, body).expect(200).await;
    assert_eq!(answer["message"], "Status alterado de offline para busy");
    assert_eq!(answer["status"], "busy");

    let event = loop {
        let event = socket.next_event("agent_presence_changed").await;
        // The colleague's own arrival is told as well.
        if event["agent_id"] == ana.id {
            break event;
        }
    };
    assert_eq!(event["status"], "busy");
    assert_eq!(event["message"], "Em reunião até 15h");
    assert!(text(&event["timestamp"]).ends_with('Z'));

    let me = ana.get(ME).expect(200).await;
    assert_eq!(me["status"], "busy");
    assert_eq!(me["status_message"], "Em reunião até 15h");
    assert_eq!(me["tempo_no_status_atual"], 0);
    ana.set_status("online").await;
    let me = ana.get(ME).expect(200).await;
    assert_eq!(me["status_message"], "", "the text belonged to the earlier status");
}

#[tokio::test]
async fn bad_statuses_are_refused() {
    let (_server, _admin, ana) = start_with_ana(&Database::Sqlite).await;
    for body in [json!({}), json!({ "status": "dormindo" }), json!({ "status": 1 })] {
        let answer = ana.post(SET_STATUS, body).expect_failure(400).await;
        let expected = "Status inválido. Use: online, offline, busy, away";
        assert_eq!(answer["error"], expected);
    }
    let body = json!({ "status": "busy", "message": "x".repeat(256) });
    ana.post(SET_STATUS, body).expect(400).await;
    assert_eq!(ana.get(ME).expect(200).await["status"], "offline");
}

#[tokio::test]
async fn everybodys_presence_is_listed() {
    let (_server, admin, ana) = start_with_ana(&Database::Sqlite).await;
    ana.set_status("away").await;
    let page = ana.get("/api/v1/presence/").expect(200).await;
    assert_eq!(page["count"], 2);
    assert_eq!(presence_of(&ana, ana.id).await["status"], "away");
    assert_eq!(presence_of(&ana, admin.id).await["status"], "offline");
}

#[tokio::test]
async fn online_with_an_open_socket_means_available() {
    let (server, admin, ana) = start_with_ana(&Database::Sqlite).await;
    let _socket = Socket::connect(&server, &ana).await;
    let row = presence_of(&admin, ana.id).await;
    assert_eq!(row["status"], "offline", "a socket alone reports no presence");
    ana.set_status("online").await;
    let row = presence_becomes(&admin, ana.id, "online").await;
    assert_eq!(row["websocket_connected"], true);
    assert_eq!(row["is_available"], true);
    ana.set_status("away").await;
    assert_eq!(presence_of(&admin, ana.id).await["is_available"], false);
}

#[tokio::test]
async fn last_closed_socket_means_offline_after_the_grace_time() {
    let setup = Server::on(&Database::Sqlite).env("PRESENCE_GRACE_SECONDS", "3");
    let server = setup.env("PRESENCE_TIMEOUT_SECONDS", "1").start().await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let first = Socket::connect(&server, &ana).await;
    let second = Socket::connect(&server, &ana).await;
    ana.set_status("online").await;
    presence_becomes(&admin, ana.id, "online").await;
    let mut watcher = Socket::connect(&server, &admin).await;
    first.close().await;
    assert_eq!(presence_of(&admin, ana.id).await["status"], "online", "one socket is left");
    second.close().await;
    let lost = told_of(&mut watcher, ana.id).await;
    assert_eq!((&lost["status"], &lost["reconectando"]), (&json!("online"), &json!(true)));
    let gone = told_of(&mut watcher, ana.id).await;
    assert_eq!((&gone["status"], &gone["reconectando"]), (&json!("offline"), &json!(false)));
    let row = presence_becomes(&admin, ana.id, "offline").await;
    assert_eq!(row["websocket_connected"], false);
}

async fn presence_ends_with_the_heartbeat(database: Database) {
    let setup = Server::on(&database).env("PRESENCE_TIMEOUT_SECONDS", "1");
    let server = setup.env("PRESENCE_GRACE_SECONDS", "1").start().await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let mut watcher = Socket::connect(&server, &admin).await;
    ana.set_status("online").await;
    let mut told = Vec::new();
    while told.len() < 2 {
        let event = watcher.next_event("agent_presence_changed").await;
        if event["agent_id"] == ana.id {
            told.push(text(&event["status"]).to_owned());
        }
    }
    assert_eq!(told, ["online", "offline"]);
    let row = presence_becomes(&admin, ana.id, "offline").await;
    assert_eq!(row["is_available"], false);
}

#[tokio::test]
async fn heartbeats_keep_an_agent_online() {
    let setup = Server::on(&Database::Sqlite).env("PRESENCE_TIMEOUT_SECONDS", "2");
    let server = setup.start().await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let bia = admin.create_agent("bia", "atendente", &[]).await;
    ana.set_status("online").await;
    bia.set_status("online").await;
    // As long as it takes until bia, who is silent, has timed out.
    eventually("bia times out while ana stays", async || {
        let answer = ana.post_nothing(HEARTBEAT).expect(200).await;
        assert_eq!(answer["message"], "Heartbeat atualizado");
        assert_eq!(presence_of(&admin, ana.id).await["status"], "online");
        (presence_of(&admin, bia.id).await["status"] == "offline").then_some(())
    })
    .await;
}

/// What is told of one agent next.
async fn told_of(socket: &mut Socket, agent: i64) -> Value {
    loop {
        let event = socket.next_event("agent_presence_changed").await;
        if event["agent_id"] == agent {
            return event;
        }
    }
}

#[tokio::test]
async fn a_lost_connection_is_told_and_its_return_too_but_not_a_second_tab() {
    let setup = Server::on(&Database::Sqlite).env("PRESENCE_GRACE_SECONDS", "60");
    let server = setup.start().await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let mut watcher = Socket::connect(&server, &admin).await;
    let first = Socket::connect(&server, &ana).await;
    let second = Socket::connect(&server, &ana).await;
    ana.set_status("online").await;
    let event = told_of(&mut watcher, ana.id).await;
    assert_eq!((&event["status"], &event["reconectando"]), (&json!("online"), &json!(false)));
    second.close().await;
    assert_eq!(presence_of(&admin, ana.id).await["reconectando"], false, "one tab is left");
    first.close().await;
    let event = told_of(&mut watcher, ana.id).await;
    assert_eq!((&event["status"], &event["reconectando"]), (&json!("online"), &json!(true)));
    let row = presence_of(&admin, ana.id).await;
    assert_eq!((&row["status"], &row["reconectando"]), (&json!("online"), &json!(true)));
    let _again = Socket::connect(&server, &ana).await;
    let event = told_of(&mut watcher, ana.id).await;
    assert_eq!((&event["status"], &event["reconectando"]), (&json!("online"), &json!(false)));
    let _tab = Socket::connect(&server, &ana).await;
    presence_of(&admin, ana.id).await;
    watcher.expect_no("agent_presence_changed").await;
}

#[tokio::test]
async fn a_supervisor_sets_offline_and_says_why() {
    let (server, admin, ana) = start_with_ana(&Database::Sqlite).await;
    let sueli = admin.create_agent("sueli", "supervisor", &[]).await;
    let outsider = admin.create_agent("otto", "supervisor", &[]).await;
    admin.create_department("Vendas", 5, &[ana.id, sueli.id]).await;
    ana.set_status("online").await;
    let mut anas = Socket::connect(&server, &ana).await;
    let path = format!("/api/v1/presence/{}/forcar-offline/", ana.id);
    let body = json!({ "motivo": "Saiu sem avisar" });
    for who in [&ana, &outsider] {
        who.post(&path, &body).expect_failure(403).await;
    }
    sueli.post(&path, json!({})).expect_invalid("motivo").await;
    let answer = sueli.post(&path, &body).expect(200).await;
    assert_eq!(answer["message"], "Status alterado de online para offline");
    let event = told_of(&mut anas, ana.id).await;
    assert_eq!(event["status"], "offline");
    assert!(text(&event["message"]).ends_with(": Saiu sem avisar"), "{event}");
    assert_eq!(presence_of(&admin, ana.id).await["status"], "offline", "though the socket stays");
    let page = sueli.get(&format!("{HISTORY}?atendente={}", ana.id)).expect(200).await;
    let row = &results(&page)[0];
    assert_eq!((&row["causa"], &row["por"]), (&json!("forcado"), &json!(sueli.id)));
    ana.set_status("online").await;
    assert_eq!(presence_of(&admin, ana.id).await["status"], "online", "she may come back");
}

async fn a_pause_is_kept_with_its_reason_over_a_crash(database: Database) {
    let (mut server, admin, ana) = start_with_ana(&database).await;
    ana.set_status("online").await;
    let body = json!({ "status": "away", "motivo": "Almoço" });
    ana.post(SET_STATUS, body).expect(200).await;
    server.kill9().await;
    server.start_again().await;
    let ana = server.login("ana", "Senha-de-ana-2025").await;
    let me = ana.get(ME).expect(200).await;
    assert_eq!((&me["status"], &me["motivo"]), (&json!("away"), &json!("Almoço")));
    ana.set_status("online").await;
    let page = ana.get(HISTORY).expect(200).await;
    let rows = results(&page);
    let told: Vec<_> = rows.iter().map(|row| (text(&row["para"]), text(&row["motivo"]))).collect();
    assert_eq!(told, [("online", ""), ("away", "Almoço"), ("online", "")]);
    assert!(rows[0]["fim"].is_null());
    for pair in rows.windows(2) {
        assert_eq!(pair[0]["inicio"], pair[1]["fim"], "latest first, without a gap: {page}");
    }
    assert_keys(&page["segundos_por_status"], &["online", "busy", "away", "offline"]);
    ana.get(&format!("{HISTORY}?atendente={}", admin.id)).expect_failure(403).await;
}

/// Ana owns a chat, and gil, a manager, watches.
async fn ana_with_a_chat(server: &Server, admin: &Client) -> (Client, Client, String) {
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let manager = admin.create_agent("gil", "gerente", &[]).await;
    let number = customer_number(1);
    server.admin().await.customer_writes(&number).await;
    ana.accept(&number).await;
    (ana, manager, number)
}

#[tokio::test]
async fn typing_is_told_to_those_who_see_the_chat_but_not_to_the_writer() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let (ana, manager, chat_id) = ana_with_a_chat(&server, &admin).await;
    let outsider = admin.create_agent("otto", "atendente", &[]).await;
    let mut anas = Socket::connect(&server, &ana).await;
    let mut watcher = Socket::connect(&server, &manager).await;
    let mut outsiders = Socket::connect(&server, &outsider).await;

    let answer = ana.post(TYPING, json!({ "chat_id": chat_id })).expect(200).await;
    assert_eq!(answer["message"], "Indicador de digitação ativado");
    let started = watcher.next_event("typing_start").await;
    assert_eq!(started["chat_id"], chat_id);
    assert_eq!(started["from"], "ana");
    assert!(text(&started["timestamp"]).ends_with('Z'));

    ana.delete(&format!("{TYPING}?chat_id={chat_id}")).expect(204).await;
    let stopped = watcher.next_event("typing_stop").await;
    assert_eq!(stopped["chat_id"], chat_id);
    assert_eq!(stopped["from"], "ana");
    for socket in [&mut anas, &mut outsiders] {
        let events = socket.events_until_now().await;
        let typing = events
            .iter()
            .find(|frame| frame["event"].as_str().is_some_and(|event| event.starts_with("typing")));
        assert_eq!(typing, None);
    }
}

#[tokio::test]
async fn typing_ends_by_itself() {
    let setup = Server::on(&Database::Sqlite).env("TYPING_TTL_SECONDS", "1");
    let server = setup.start().await;
    let admin = server.admin().await;
    let (ana, manager, chat_id) = ana_with_a_chat(&server, &admin).await;
    let mut watcher = Socket::connect(&server, &manager).await;
    ana.post(TYPING, json!({ "chat_id": chat_id })).expect(200).await;
    ana.post(TYPING, json!({ "chat_id": chat_id })).expect(200).await;
    watcher.next_event("typing_start").await;
    let stopped = watcher.next_event("typing_stop").await;
    assert_eq!(stopped["from"], "ana");
    watcher.expect_no("typing_stop").await;
}

#[tokio::test]
async fn typing_calls_need_a_chat_and_stopping_needs_a_start() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let (ana, _, chat_id) = ana_with_a_chat(&server, &admin).await;
    for body in [json!({}), json!({ "chat_id": "" }), json!({ "chat_id": "1".repeat(101) })] {
        ana.post(TYPING, body).expect(400).await;
    }
    let answer = ana.post(TYPING, json!({})).expect_failure(400).await;
    assert_eq!(answer["error"], "chat_id é obrigatório");
    ana.delete(TYPING).expect_failure(400).await;
    let stop = || ana.delete(&format!("{TYPING}?chat_id={chat_id}"));
    stop().expect(404).await;
    ana.post(TYPING, json!({ "chat_id": chat_id })).expect(200).await;
    stop().expect(204).await;
}
