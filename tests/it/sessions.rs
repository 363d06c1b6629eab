//! The company's WhatsApp numbers: pairing, state, metrics.

use std::io::Cursor;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{
    Database, Server, Socket,
    client::{assert_keys, id, results, text},
    on_both_databases,
    wire::start_with_ready_session,
};

const SESSIONS: &str = "/api/v1/whatsapp/sessions/";
const START: &str = "/api/v1/whatsapp/sessions/start/";
const STOP: &str = "/api/v1/whatsapp/sessions/stop/";
const STATUS: &str = "/api/v1/whatsapp/sessions/status/";

on_both_databases!(
    starting_walks_through_all_states_in_order,
    fresh_server_has_one_disconnected_session,
    stopped_session_can_be_started_again,
    second_number_is_a_session_of_its_own,
    a_number_explains_itself_also_after_a_crash,
);

async fn fresh_server_has_one_disconnected_session(database: Database) {
    let server = Server::start(&database).await;
    let ana = server.admin().await.create_agent("ana", "atendente", &[]).await;
    let status = ana.get(STATUS).expect(200).await;
    assert_eq!(status["status"], "disconnected");
    assert_eq!(status["is_connected"], false);
    assert_eq!(status["uptime_seconds"], Value::Null);
    assert_eq!(status["total_messages_sent"], 0);
    assert_eq!(status["total_messages_received"], 0);
    let page = ana.get(SESSIONS).expect(200).await;
    assert_eq!(page["count"], 1);
    assert_eq!(results(&page)[0]["id"], status["session_id"]);
}

/// Waits for `session_status ready` and returns all session events so far, as `name status`.
async fn session_events_until_ready(socket: &mut Socket) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let frame = socket.next_frame().await;
        match text(&frame["event"]) {
            "session_status" => {
                seen.push(format!("session_status {}", text(&frame["data"]["status"])));
            }
            "qrcode" => seen.push("qrcode".to_owned()),
            _ => {}
        }
        if frame["data"]["status"] == "ready" {
            return seen;
        }
    }
}

async fn starting_walks_through_all_states_in_order(database: Database) {
    let server = Server::start(&database).await;
    let manager = server.admin().await.create_agent("gil", "gerente", &[]).await;
    let mut socket = Socket::connect(&server, &manager).await;
    let answer = manager.post_nothing(START).expect(202).await;
    assert_eq!(answer["status"], "connecting");
    assert_eq!(answer["message"], "Sessão iniciada com sucesso");

    let expected = [
        "session_status connecting",
        "session_status qrcode",
        "qrcode",
        "session_status authenticated",
        "session_status ready",
    ];
    assert_eq!(session_events_until_ready(&mut socket).await, expected);

    let status = manager.session_becomes("ready").await;
    assert_eq!(status["session_id"], answer["session_id"]);
    assert_eq!(status["is_connected"], true);
    assert!(status["uptime_seconds"].is_u64(), "{status}");
    assert!(text(&status["phone_number"]).len() >= 10, "{status}");
    assert_keys(&status, &["device_name", "connected_at", "last_message_at", "error_count"]);
    assert!(text(&status["connected_at"]).ends_with('Z'), "{status}");

    let again = manager.post_nothing(START).expect(202).await;
    assert_eq!(again["status"], "ready", "an active session stays as it is");
    socket.expect_no("session_status").await;
}

#[tokio::test]
async fn code_to_scan_is_a_real_picture() {
    let server = Server::start(&Database::Sqlite).await;
    let manager = server.admin().await.create_agent("gil", "gerente", &[]).await;
    let mut socket = Socket::connect(&server, &manager).await;
    manager.post_nothing(START).expect(202).await;

    let frame = socket.next_event_frame("qrcode").await;
    assert_eq!(frame["type"], "qrcode", "flat keys for older clients");
    assert_eq!(frame["image_b64"], frame["data"]["image_b64"]);
    assert_keys(&frame, &["ts"]);
    let image = STANDARD.decode(text(&frame["data"]["image_b64"])).expect("plain base64");
    let picture = png::Decoder::new(Cursor::new(image)).read_info().expect("a PNG");
    let (width, height) = picture.info().size();
    assert!(width > 100 && width == height, "{width} × {height}");
}

#[tokio::test]
async fn code_to_scan_goes_to_managers_and_the_status_to_everybody() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let supervisor = admin.create_agent("sueli", "supervisor", &[]).await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let mut sockets =
        [Socket::connect(&server, &supervisor).await, Socket::connect(&server, &ana).await];
    admin.post_nothing(START).expect(202).await;
    for socket in &mut sockets {
        let seen = session_events_until_ready(socket).await;
        assert!(!seen.contains(&"qrcode".to_owned()), "{seen:?}");
        assert_eq!(seen.first().unwrap(), "session_status connecting");
    }
}

async fn stopped_session_can_be_started_again(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let answer = admin.post_nothing(STOP).expect(200).await;
    assert_eq!(
        answer["message"], "Sessão encerrada com sucesso",
        "also when there is nothing to stop"
    );
    for _ in 0..2 {
        admin.make_session_ready().await;
        admin.post_nothing(STOP).expect(200).await;
        let status = admin.session_becomes("disconnected").await;
        assert_eq!(status["is_connected"], false);
        assert_eq!(status["uptime_seconds"], Value::Null);
    }
}

#[tokio::test]
async fn reconnecting_leads_back_to_ready() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let mut socket = Socket::connect(&server, &admin).await;
    let session = admin.get(STATUS).expect(200).await["session_id"].take();
    let answer = admin.post_nothing(&format!("{SESSIONS}{session}/reconnect/")).expect(202).await;
    assert_eq!(answer["message"], "Reconexão iniciada");
    assert_eq!(answer["session_id"], session);
    assert_eq!(answer["status"], "connecting");
    assert_keys(&answer, &["task_id"]);
    let seen = session_events_until_ready(&mut socket).await;
    assert!(seen.contains(&"session_status connecting".to_owned()), "{seen:?}");
    admin.session_becomes("ready").await;
    admin.post_nothing(&format!("{SESSIONS}999999/reconnect/")).expect_failure(404).await;
}

#[tokio::test]
async fn metrics_count_what_came_and_went() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let session = admin.get(STATUS).expect(200).await["session_id"].take();
    let path = format!("{SESSIONS}{session}/metrics/");
    let metrics = admin.get(&path).expect(200).await;
    assert_eq!(metrics["total_messages"], 0);
    assert_eq!(metrics["avg_latency_ms"], Value::Null);
    assert_eq!(metrics["latency_acceptable_rate"], 100.0);

    let mut socket = Socket::connect(&server, &admin).await;
    admin.receive("5511988880001", "oi", "m1").await;
    admin.send_text("5511988880002", "olá").await;
    socket.next_event("message_sent").await;
    let metrics = admin.get(&path).expect(200).await;
    assert_eq!(metrics["session_id"], session);
    assert_eq!(metrics["messages_received"], 1);
    assert_eq!(metrics["messages_sent"], 1);
    assert_eq!(metrics["total_messages"], 2);
    assert_eq!(metrics["messages_with_error"], 0);
    assert_keys(&metrics, &["uptime_seconds", "error_count"]);
    admin.get(&format!("{SESSIONS}999999/metrics/")).expect_failure(404).await;
}

async fn a_number_explains_itself_also_after_a_crash(database: Database) {
    let (mut server, admin) = start_with_ready_session(&database).await;
    let session = admin.get(STATUS).expect(200).await["session_id"].take();
    let path = format!("{SESSIONS}{session}/diagnostico/");
    admin.receive("5511988880001", "oi", "m1").await;
    let before = admin.get(&path).expect(200).await;
    assert_eq!(before["status"], "ready");
    assert!(before["ultima_mensagem_recebida_em"].is_string(), "{before}");
    assert_eq!(before["diagnostico"][0]["nivel"], "info");
    let states = before["historico"].as_array().expect("a list").clone();
    assert_eq!((&states[0]["status"], &states[0]["em"]), (&json!("ready"), &before["desde"]));
    server.kill9().await;
    server.start_again().await;
    let admin = server.admin().await;
    admin.session_becomes("ready").await;
    let after = admin.get(&path).expect(200).await;
    let later = after["historico"].as_array().expect("a list");
    assert!(later.len() > states.len() && later.ends_with(&states), "{after}");
    assert_eq!(after["ultima_mensagem_recebida_em"], before["ultima_mensagem_recebida_em"]);
    admin.get(&format!("{SESSIONS}999999/diagnostico/")).expect_failure(404).await;
}

async fn second_number_is_a_session_of_its_own(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let body = json!({ "device_name": "Loja 2", "status": "ready", "usuario": 999 });
    let second = admin.post(SESSIONS, body).expect(201).await;
    assert_eq!(second["status"], "disconnected", "nobody forges a ready session");
    assert_eq!(second["device_name"], "Loja 2");
    let second = id(&second);
    let page = admin.get(SESSIONS).expect(200).await;
    assert_eq!(page["count"], 2);

    let started = admin.post(START, json!({ "session_id": second })).expect(202).await;
    assert_eq!(started["session_id"], second);
    let path = format!("{STATUS}?session_id={second}");
    let status = admin.get(&path).expect(200).await;
    assert_eq!(status["session_id"], second);
    let default = admin.get(STATUS).expect(200).await;
    assert_ne!(default["session_id"], second);
    assert_eq!(default["status"], "disconnected");

    let detail = admin.get(&format!("{SESSIONS}{second}/")).expect(200).await;
    assert!(detail.get("session_data").is_none(), "key material stays inside");
    let path = format!("{SESSIONS}{second}/");
    let changed = admin.patch(&path, json!({ "device_name": "Loja 3", "status": "error" }));
    let changed = changed.expect(200).await;
    assert_eq!(changed["device_name"], "Loja 3");
    assert_ne!(changed["status"], "error");
    admin.delete(&path).expect(204).await;
    let row = admin.get(&path).send().await;
    assert!(row.status == 404 || row.body["is_active"] == false, "{row:?}");
}

#[tokio::test]
async fn older_clients_find_their_endpoints() {
    let server = Server::start(&Database::Sqlite).await;
    let manager = server.admin().await.create_agent("gil", "gerente", &[]).await;
    let session = "/api/v1/whatsapp/session";
    let answer = manager.post_nothing(&format!("{session}/start")).expect(202).await;
    assert_eq!(answer["status"], "connecting");
    manager.session_becomes("ready").await;
    let status = manager.get(&format!("{session}/status")).expect(200).await;
    assert_eq!(status["status"], "ready");

    let messages = "/api/v1/whatsapp/messages";
    let body = json!({ "to": "5511988880001", "type": "text", "text": "olá" });
    let answer = manager.post(messages, body.clone()).expect(202).await;
    assert!(!text(&answer["message_id"]).is_empty());
    let image = json!({
        "to": "5511988880001", "type": "image",
        "image_url": "https://example.com/a.jpg", "caption": "foto",
    });
    manager.post(messages, image).expect(202).await;
    for missing in ["to", "text"] {
        let mut bad = body.clone();
        bad.as_object_mut().unwrap().remove(missing);
        manager.post(messages, bad).expect(400).await;
    }
    manager.delete(session).expect(204).await;
    manager.session_becomes("disconnected").await;
    manager.post(messages, body).expect_failure(423).await;
}
