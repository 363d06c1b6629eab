//! From an agent to a customer: accepting, sending, ticks, listing.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{assert_keys, id, list, results, text},
    eventually, on_both_databases,
    wire::{CHATS, SEND, start_with_ready_session},
};

const MESSAGES: &str = "/api/v1/whatsapp/messages/";
const TO: &str = "5511999999999";

on_both_databases!(
    ticks_arrive_in_order_and_the_row_ends_read,
    repeated_send_with_the_same_client_id_is_one_message,
    same_client_id_with_other_content_is_refused,
    messages_are_listed_filtered_and_shown,
    what_a_colleague_wrote_is_not_ones_own,
);

/// Whoever sees a chat that waits may not take back what somebody else said in it.
async fn what_a_colleague_wrote_is_not_ones_own(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let ana = admin.create_agent("ana", "atendente", &[1]).await;
    let bia = admin.create_agent("bia", "atendente", &[1]).await;
    let boss = admin.create_agent("caio", "supervisor", &[1]).await;
    admin.customer_writes(TO).await;
    let chat = format!("{CHATS}{TO}/");
    ana.post_nothing(&format!("{chat}aceitar/")).expect(200).await;
    let sent = ana.send_text(TO, "Bom dia").await["database_id"].clone();
    message_becomes(&admin, &sent, "read").await;
    let body = json!({"departamento_destino_id": 1, "motivo": "fim do turno"});
    ana.post(&format!("{chat}transferir/"), body).expect(200).await;
    let path = format!("{MESSAGES}{sent}/");
    bia.get(&path).expect(200).await;
    let edit = json!({ "text": "Boa noite" });
    bia.post(&format!("{path}editar/"), &edit).expect_failure(403).await;
    for action in ["apagar/", "cancelar/"] {
        bia.post_nothing(&format!("{path}{action}")).expect_failure(403).await;
    }
    for person in [&ana, &boss] {
        person.post_nothing(&format!("{path}cancelar/")).expect_failure(409).await;
    }
    assert_eq!(admin.get(&path).expect(200).await["text_content"], "Bom dia");
}

fn text_to(to: &str, text: &str) -> Value {
    json!({ "to": to, "type": "text", "text": text })
}

/// Waits until a message has this status; the full row.
async fn message_becomes(client: &Client, message: &Value, status: &str) -> Value {
    let path = format!("{MESSAGES}{message}/");
    eventually(&format!("message {message} becomes {status}"), async || {
        let row = client.get(&path).expect(200).await;
        (row["status"] == status).then_some(row)
    })
    .await
}

#[tokio::test]
async fn accepted_message_is_answered_as_documented() {
    let (_server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let mut body = text_to(TO, "Olá! Como posso ajudar?");
    let answer = admin.post(SEND, body.clone()).expect(202).await;
    assert_eq!(answer["message"], "Mensagem enfileirada para envio");
    assert_eq!(answer["to"], TO);
    assert_eq!(answer["status"], "queued");
    assert_eq!(answer["client_message_id"], Value::Null);
    assert_eq!(text(&answer["task_id"]).len(), 36, "a UUID");
    assert!(!text(&answer["message_id"]).is_empty());
    assert!(answer["database_id"].is_i64());
    body["client_message_id"] = json!("custom-id-123");
    let answer = admin.post(SEND, body).expect(202).await;
    assert_eq!(answer["client_message_id"], "custom-id-123");
}

async fn ticks_arrive_in_order_and_the_row_ends_read(database: Database) {
    let (server, admin) = start_with_ready_session(&database).await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let mut socket = Socket::connect(&server, &ana).await;
    let mut body = text_to(TO, "Olá!");
    body["client_message_id"] = json!("meu-1");
    let answer = ana.post(SEND, body).expect(202).await;

    let sent = socket.next_event("message_sent").await;
    assert_eq!(sent["message_id"], answer["message_id"]);
    assert_eq!(sent["client_message_id"], "meu-1");
    assert_eq!(sent["to"], TO);
    assert_eq!(sent["status"], "sent");
    assert_keys(&sent, &["timestamp", "chat_id", "task_id"]);
    for expected in ["sent", "delivered", "read"] {
        let frame = socket.next_event_frame("message_status").await;
        assert_eq!(frame["data"]["message_id"], answer["message_id"]);
        assert_eq!(frame["data"]["status"], expected);
        assert_eq!(frame["type"], "message_status", "flat keys for older clients");
        assert_eq!(frame["status"], expected);
        assert_eq!(frame["message_id"], answer["message_id"]);
    }

    let row = message_becomes(&ana, &answer["database_id"], "read").await;
    let stamps =
        ["queued_at", "sent_at", "delivered_at", "read_at"].map(|key| text(&row[key]).to_owned());
    assert!(stamps.is_sorted(), "{stamps:?}");
    let latencies = ["latency_to_sent_ms", "latency_to_delivered_ms", "latency_to_read_ms"];
    assert!(latencies.iter().all(|key| row[key].is_number()), "{row:#}");
    assert_eq!(row["total_latency_ms"], row["latency_to_read_ms"]);
    assert_eq!(row["is_latency_acceptable"], true);
    assert_eq!(row["direction"], "outbound");
    assert_eq!(row["is_from_me"], true);
    assert_eq!(row["text_content"], "Olá!");
}

#[tokio::test]
async fn nothing_is_accepted_while_the_session_is_not_ready() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let answer = admin.post(SEND, text_to(TO, "olá")).expect_failure(423).await;
    assert_eq!(answer["error"], "Sessão não está pronta");
    let page = admin.get(MESSAGES).expect(200).await;
    assert_eq!(page["count"], 0);
    // What is wrong with the message is said first: waiting would not help.
    admin.post(SEND, json!({ "to": TO })).expect_invalid("text").await;
}

#[tokio::test]
async fn messages_that_cannot_be_sent_name_the_field() {
    let (_server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let too_long = "x".repeat(256);
    let cases = [
        ("to", json!({ "type": "text", "text": "oi" })),
        ("to", json!({ "to": "", "text": "oi" })),
        ("to", json!({ "to": "abc", "text": "oi" })),
        ("to", json!({ "to": "123", "text": "oi" })),
        ("to", json!({ "to": "551199999999955119999", "text": "oi" })),
        ("text", json!({ "to": TO })),
        ("text", json!({ "to": TO, "text": "   " })),
        ("type", json!({ "to": TO, "type": "location", "text": "oi" })),
        ("type", json!({ "to": TO, "type": "carta", "text": "oi" })),
        ("media_url", json!({ "to": TO, "type": "image", "text": "legenda" })),
        ("media_url", json!({ "to": TO, "type": "image", "media_url": "nada" })),
        ("media_url", json!({ "to": TO, "type": "image", "media_url": "file:///etc/passwd" })),
        ("client_message_id", json!({ "to": TO, "text": "oi", "client_message_id": too_long })),
    ];
    for (field, body) in cases {
        admin.post(SEND, body).expect_invalid(field).await;
    }
    assert_eq!(admin.get(MESSAGES).expect(200).await["count"], 0);
}

#[tokio::test]
async fn media_and_groups_are_accepted() {
    let (_server, admin) = start_with_ready_session(&Database::Sqlite).await;
    for kind in ["image", "audio", "video", "document"] {
        let body = json!({
            "to": TO, "type": kind, "media_url": "https://example.com/arquivo", "text": "Legenda",
        });
        let answer = admin.post(SEND, body).expect(202).await;
        let row = admin.get(&format!("{MESSAGES}{}/", answer["database_id"])).expect(200).await;
        assert_eq!(row["message_type"], kind);
        assert_eq!(row["media_url"], "https://example.com/arquivo");
    }
    admin.send_text("120363000000@g.us", "olá, grupo").await;
}

async fn repeated_send_with_the_same_client_id_is_one_message(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let mut body = text_to(TO, "uma vez só");
    body["client_message_id"] = json!("pedido-77");
    let requests = (0..10).map(|_| admin.post(SEND, body.clone()).expect(202));
    let answers = futures_util::future::join_all(requests).await;
    for answer in &answers {
        assert_eq!(answer["task_id"], answers[0]["task_id"]);
        assert_eq!(answer["message_id"], answers[0]["message_id"]);
        assert_eq!(answer["database_id"], answers[0]["database_id"]);
    }
    message_becomes(&admin, &answers[0]["database_id"], "read").await;
    assert_eq!(admin.get(MESSAGES).expect(200).await["count"], 1);
    let status = admin.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
    assert_eq!(status["total_messages_sent"], 1);

    // The id is the sender's own: somebody else may use the same.
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let answer = ana.post(SEND, body).expect(202).await;
    assert_ne!(answer["message_id"], answers[0]["message_id"]);
}

async fn same_client_id_with_other_content_is_refused(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let mut body = text_to(TO, "primeiro");
    body["client_message_id"] = json!("pedido-1");
    admin.post(SEND, body.clone()).expect(202).await;
    body["text"] = json!("segundo");
    admin.post(SEND, body).expect_failure(409).await;
    assert_eq!(admin.get(MESSAGES).expect(200).await["count"], 1);
}

async fn messages_are_listed_filtered_and_shown(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let inbound = admin.receive("5511988880001", "Minha Fatura?", "in-1").await;
    let sent = admin.send_text("5511988880001", "um momento").await;
    admin.send_text("5511988880002", "outra conversa").await;
    message_becomes(&admin, &sent["database_id"], "read").await;
    let counts = [
        ("", 3),
        ("?direction=inbound", 1),
        ("?direction=outbound", 2),
        ("?chat_id=5511988880001", 2),
        ("?chat_id=5511988880001&direction=outbound&status=read&message_type=text", 1),
        ("?message_type=image", 0),
        ("?is_from_me=true", 2),
        ("?search=fatura", 1),
        ("?search=5511988880002", 1),
    ];
    for (query, expected) in counts {
        let page = admin.get(&format!("{MESSAGES}{query}")).expect(200).await;
        assert_eq!(page["count"], expected, "{query}");
    }
    let page = admin.get(MESSAGES).expect(200).await;
    let rows = results(&page);
    assert_eq!(id(rows.last().unwrap()), id(&inbound), "newest first");
    assert_keys(
        &rows[0],
        &[
            "id",
            "message_id",
            "direction",
            "message_type",
            "chat_id",
            "contact_number",
            "text_content",
            "status",
            "created_at",
            "total_latency_ms",
            "is_latency_acceptable",
        ],
    );
    let oldest = admin.get(&format!("{MESSAGES}?ordering=created_at")).expect(200).await;
    assert_eq!(id(&results(&oldest)[0]), id(&inbound));
    let detail = admin.get(&format!("{MESSAGES}{}/", inbound["id"])).expect(200).await;
    assert_eq!(detail["text_content"], "Minha Fatura?");
    assert_keys(&detail, &["session", "usuario", "client_message_id", "raw_payload", "media_url"]);
    admin.get(&format!("{MESSAGES}?status=zz")).expect_invalid("status").await;
}

#[tokio::test]
async fn agents_see_only_messages_that_concern_them() {
    let (_server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let support = admin.department("Suporte").await;
    let sales = admin.create_department("Vendas", 5, &[]).await;
    let ana = admin.create_agent("ana", "atendente", &[sales]).await;
    let bia = admin.create_agent("bia", "atendente", &[support]).await;
    admin.customer_writes("5511988880001").await;
    let sent = ana.send_text("5511988880002", "de ana").await;

    let page = ana.get(MESSAGES).expect(200).await;
    assert_eq!(page["count"], 1, "what she sent, not what waits elsewhere: {page}");
    let page = bia.get(MESSAGES).expect(200).await;
    assert_eq!(page["count"], 1, "what waits in her department: {page}");
    bia.get(&format!("{MESSAGES}{}/", sent["database_id"])).expect_failure(404).await;
    assert_eq!(admin.get(MESSAGES).expect(200).await["count"], 2);
}

#[tokio::test]
async fn latency_statistics_have_the_documented_keys() {
    let (_server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let path = format!("{MESSAGES}latency-stats/");
    let empty = admin.get(&path).expect(200).await;
    assert_eq!(empty["total_messages"], 0);
    assert_eq!(empty["avg_latency_to_sent_ms"], Value::Null);
    assert_eq!(empty["messages_over_5s"], 0);
    assert_eq!(empty["latency_acceptable_rate"], 100.0);

    admin.receive("5511988880001", "oi", "in-1").await;
    let sent = admin.send_text(TO, "olá").await;
    message_becomes(&admin, &sent["database_id"], "read").await;
    let stats = admin.get(&path).expect(200).await;
    assert_eq!(stats["total_messages"], 2);
    assert_eq!(stats["outbound_messages"], 1);
    assert_eq!(stats["inbound_messages"], 1);
    assert!(stats["avg_latency_to_sent_ms"].as_f64().unwrap() >= 0.0);
    assert_keys(&stats, &["avg_latency_to_delivered_ms"]);
    let slow = admin.get(&format!("{MESSAGES}high-latency/")).expect(200).await;
    assert!(list(&slow).is_empty());
}
