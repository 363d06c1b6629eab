//! From a customer to the hub: webhook bodies, signatures, duplicates, injected messages.

use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{
    Database, Server, Socket,
    client::{assert_keys, id, text},
    eventually, on_both_databases,
    wire::{CHATS, WEBHOOK, start_with_ready_session, webhook_body},
};

const INJECT: &str = "/api/v1/whatsapp/inject-incoming/";
const FROM: &str = "5511999999999";
const SECRET: &str = "segredo-do-webhook";

on_both_databases!(
    webhook_stores_and_routes_the_message,
    duplicate_is_answered_with_the_stored_row_and_nothing_else,
    message_is_kept_while_no_session_is_ready,
    injected_message_takes_the_same_way,
);

async fn webhook_stores_and_routes_the_message(database: Database) {
    let (server, admin) = start_with_ready_session(&database).await;
    let manager = admin.create_agent("gil", "gerente", &[]).await;
    let mut socket = Socket::connect(&server, &manager).await;
    let body = webhook_body(FROM, "Texto da mensagem", "abc123");
    let row = server.anonymous().post(WEBHOOK, body.clone()).expect(200).await;
    assert_eq!(row["message_id"], "abc123");
    assert_eq!(row["direction"], "inbound");
    assert_eq!(row["message_type"], "text");
    assert_eq!(row["chat_id"], FROM);
    assert_eq!(row["contact_number"], FROM);
    assert_eq!(row["text_content"], "Texto da mensagem");
    assert_eq!(row["status"], "delivered");
    assert_eq!(row["is_from_me"], false);
    assert_eq!(row["protocol_version"], "v1");
    assert_eq!(row["raw_payload"], body);
    assert!(text(&row["delivered_at"]).ends_with('Z'));

    let opened = socket.next_event_frame("new_chat").await;
    assert_eq!(opened["play_sound"], true);
    assert_eq!(opened["data"]["chat_id"], FROM);
    assert_eq!(opened["data"]["departamento_nome"], "Suporte");
    assert_eq!(opened["data"]["mensagem_inicial"], "Texto da mensagem");
    assert_keys(
        &opened["data"],
        &[
            "atendimento_id",
            "cliente_id",
            "cliente_nome",
            "departamento_id",
            "criado_em",
            "prioridade",
        ],
    );
    let received = socket.next_event_frame("message_received").await;
    assert_eq!(received["data"]["from"], FROM);
    assert_eq!(received["data"]["message"], "Texto da mensagem");
    assert_eq!(received["data"]["message_id"], "abc123");
    assert_keys(&received["data"], &["timestamp", "chat_id", "media_url", "media_type"]);
    assert_eq!(received["type"], "message_received", "flat keys for older clients");
    assert_eq!(received["from"], FROM);
    assert_eq!(received["chat_id"], FROM);

    let chat = admin.chat_opens(FROM).await;
    assert_eq!(chat["status"], "aguardando");
    assert_eq!(chat["total_mensagens_cliente"], 1);
    assert_eq!(chat["cliente_nome"], format!("Cliente {FROM}"));
    let status = admin.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
    assert_eq!(status["total_messages_received"], 1);
}

#[tokio::test]
async fn second_message_joins_the_open_chat() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let manager = admin.create_agent("gil", "gerente", &[]).await;
    let first = admin.customer_writes(FROM).await;
    let mut socket = Socket::connect(&server, &manager).await;
    admin.receive(FROM, "Ainda aí?", "second").await;
    let received = socket.next_event("message_received").await;
    assert_eq!(received["message"], "Ainda aí?");
    socket.expect_no("new_chat").await;
    let chat = admin.chat(FROM).await;
    assert_eq!(id(&chat), id(&first));
    assert_eq!(chat["total_mensagens_cliente"], 2);
}

#[tokio::test]
async fn owner_of_the_chat_hears_of_new_messages() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let bia = admin.create_agent("bia", "atendente", &[support]).await;
    admin.customer_writes(FROM).await;
    ana.accept(FROM).await;
    let mut anas = Socket::connect(&server, &ana).await;
    let mut bias = Socket::connect(&server, &bia).await;
    admin.receive(FROM, "Ainda aí?", "second").await;
    let frame = anas.next_event_frame("new_message").await;
    assert_eq!(frame["play_sound"], false);
    assert_eq!(frame["data"]["texto"], "Ainda aí?");
    assert_eq!(frame["data"]["message_id"], "second");
    assert_keys(&frame["data"], &["chat_id", "atendimento_id", "tipo", "de", "criado_em"]);
    bias.expect_no("new_message").await;
    bias.expect_no("message_received").await;
}

async fn duplicate_is_answered_with_the_stored_row_and_nothing_else(database: Database) {
    let (server, admin) = start_with_ready_session(&database).await;
    let manager = admin.create_agent("gil", "gerente", &[]).await;
    let first = admin.receive(FROM, "oi", "abc123").await;
    admin.chat_opens(FROM).await;
    let mut socket = Socket::connect(&server, &manager).await;
    for _ in 0..3 {
        let again = admin.receive(FROM, "oi", "abc123").await;
        assert_eq!(id(&again), id(&first));
    }
    let events = socket.events_until_now().await;
    for frame in &events {
        let is_told_again = ["new_chat", "new_message", "message_received"]
            .into_iter()
            .any(|event| frame["event"] == event);
        assert!(!is_told_again, "{frame}");
    }
    assert_eq!(admin.chat(FROM).await["total_mensagens_cliente"], 1);
    let status = admin.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
    assert_eq!(status["total_messages_received"], 1);
}

#[tokio::test]
async fn bodies_that_are_no_message_are_refused() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let without = |field: &str| {
        let mut body = webhook_body(FROM, "oi", "m1");
        body["data"].as_object_mut().unwrap().remove(field);
        body
    };
    let mut other_event = webhook_body(FROM, "oi", "m1");
    other_event["event"] = json!("lua_cheia");
    let mut bad_time = webhook_body(FROM, "oi", "m1");
    bad_time["data"]["timestamp"] = json!("ontem");
    let cases = [
        ("no message", without("message")),
        ("no sender", without("from")),
        ("no data", json!({ "event": "message_received" })),
        ("data is a text", json!({ "event": "message_received", "data": "oi" })),
        ("another event", other_event),
        ("bad time", bad_time),
        ("no event", json!({})),
        ("array", json!([webhook_body(FROM, "oi", "m1")])),
        ("text", json!("oi")),
        ("null", Value::Null),
    ];
    for (case, body) in cases {
        let answer = server.anonymous().post(WEBHOOK, body).send().await.expect(400);
        assert!(answer.body.is_object(), "{case}: {answer:?}");
    }
    let answer = server.anonymous().post(WEBHOOK, without("message")).expect_failure(400).await;
    assert!(text(&answer["error"]).contains("message"), "{answer}");
    assert_eq!(admin.get("/api/v1/whatsapp/messages/").expect(200).await["count"], 0);
}

#[tokio::test]
async fn message_without_an_id_gets_one() {
    let (server, _admin) = start_with_ready_session(&Database::Sqlite).await;
    let body = json!({ "event": "message_received", "data": { "from": FROM, "message": "oi" } });
    let first = server.anonymous().post(WEBHOOK, body.clone()).expect(200).await;
    let second = server.anonymous().post(WEBHOOK, body).expect(200).await;
    assert_ne!(text(&first["message_id"]), text(&second["message_id"]));
}

#[tokio::test]
async fn media_kind_follows_the_mime_type() {
    let (server, _admin) = start_with_ready_session(&Database::Sqlite).await;
    let kinds = [
        ("image/jpeg", "image"),
        ("audio/ogg", "audio"),
        ("video/mp4", "video"),
        ("application/pdf", "document"),
    ];
    for (mime, kind) in kinds {
        let mut body = webhook_body(FROM, "veja", &format!("id-{kind}"));
        body["data"]["media_url"] = json!("https://example.com/arquivo");
        body["data"]["media_type"] = json!(mime);
        let row = server.anonymous().post(WEBHOOK, body).expect(200).await;
        assert_eq!(row["message_type"], kind, "{mime}");
    }
}

fn signature(secret: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body);
    tag.as_ref().iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[tokio::test]
async fn signature_is_enforced_when_there_is_a_secret() {
    let setup = Server::on(&Database::Sqlite).env("WHATSAPP_WEBHOOK_SECRET", SECRET);
    let server = setup.start().await;
    let body = webhook_body(FROM, "oi", "m1").to_string().into_bytes();
    let post = |body: &[u8]| {
        server.anonymous().request(Method::POST, WEBHOOK).raw("application/json", body)
    };
    let header = "X-Hub-Signature-256";
    post(&body).expect_failure(401).await;
    let wrong = signature("outro segredo", &body);
    for value in ["", "sha256=", "sha256=zz", "lixo", &wrong] {
        post(&body).header(header, value).expect_failure(401).await;
    }
    let good = signature(SECRET, &body);
    let mut changed = body.clone();
    changed.push(b' ');
    post(&changed).header(header, &good).expect_failure(401).await;
    let row = post(&body).header(header, &good).expect(200).await;
    assert_eq!(row["message_id"], "m1");
}

/// The shape that Meta's Cloud API sends.
fn meta_body(from: &str, text: &str, message_id: &str) -> Value {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{
            "id": "102290129340398",
            "changes": [{
                "field": "messages",
                "value": {
                    "messaging_product": "whatsapp",
                    "metadata": {
                        "display_phone_number": "551130000000", "phone_number_id": "106540352242922",
                    },
                    "contacts": [{ "profile": { "name": "Maria" }, "wa_id": from }],
                    "messages": [{
                        "from": from, "id": message_id, "timestamp": "1760176800",
                        "type": "text", "text": { "body": text },
                    }],
                },
            }],
        }],
    })
}

#[tokio::test]
async fn body_of_metas_cloud_api_is_understood() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let body = meta_body(FROM, "Olá da nuvem", "wamid.HBgN");
    for _ in 0..2 {
        server.anonymous().post(WEBHOOK, body.clone()).expect(200).await;
    }
    let chat = admin.chat_opens(FROM).await;
    assert_eq!(chat["cliente_nome"], "Maria");
    assert_eq!(chat["total_mensagens_cliente"], 1);
    let messages = admin.get(&format!("{CHATS}{FROM}/messages/")).expect(200).await;
    assert_eq!(messages["total"], 1);
    assert_eq!(messages["results"][0]["text_content"], "Olá da nuvem");
    assert_eq!(messages["results"][0]["message_id"], "wamid.HBgN");
}

#[tokio::test]
async fn meta_verifies_the_address_with_the_token() {
    let setup = Server::on(&Database::Sqlite).env("WHATSAPP_WEBHOOK_VERIFY_TOKEN", "ficha");
    let server = setup.start().await;
    let query = "hub.mode=subscribe&hub.challenge=1158201444";
    let path = format!("{WEBHOOK}?{query}&hub.verify_token=ficha");
    let answer = server.anonymous().get(&path).send().await.expect(200);
    assert_eq!(answer.raw, "1158201444");
    for token in ["", "outra"] {
        let path = format!("{WEBHOOK}?{query}&hub.verify_token={token}");
        server.anonymous().get(&path).expect_failure(403).await;
    }
}

#[tokio::test]
async fn verify_token_defaults_to_the_secret() {
    let setup = Server::on(&Database::Sqlite).env("WHATSAPP_WEBHOOK_SECRET", SECRET);
    let server = setup.start().await;
    let query = format!("hub.mode=subscribe&hub.challenge=7&hub.verify_token={SECRET}");
    let answer = server.anonymous().get(&format!("{WEBHOOK}?{query}")).send().await.expect(200);
    assert_eq!(answer.raw, "7");
}

async fn message_is_kept_while_no_session_is_ready(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    server.anonymous().receive(FROM, "oi", "m1").await;
    let chat = admin.chat_opens(FROM).await;
    assert_eq!(chat["status"], "aguardando");
    assert_eq!(chat["total_mensagens_cliente"], 1);
}

#[tokio::test]
async fn one_person_has_one_chat_however_the_number_is_written() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let spellings = ["+5511988887777", "11988887777", "5511988887777@s.whatsapp.net"];
    for (n, from) in spellings.into_iter().enumerate() {
        let row = admin.receive(from, "oi", &format!("m{n}")).await;
        assert_eq!(row["chat_id"], "5511988887777", "{from}");
    }
    eventually("all messages are in one chat", async || {
        let chat = admin.chat_opens("5511988887777").await;
        (chat["total_mensagens_cliente"] == 3).then_some(())
    })
    .await;
}

async fn injected_message_takes_the_same_way(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let mut socket = Socket::connect(&server, &ana).await;
    let payload = json!({ "type": "text", "text": "Oi!", "contact_name": "Maria" });
    let answer = ana.post(INJECT, json!({ "from": FROM, "payload": payload })).expect(200).await;
    assert_eq!(answer["message"], "Mensagem de teste injetada com sucesso");
    assert_eq!(answer["data"]["text_content"], "Oi!");
    assert_eq!(answer["data"]["id"], answer["database_id"]);
    assert_eq!(answer["data"]["message_id"], answer["message_id"]);
    let received = socket.next_event("message_received").await;
    assert_eq!(received["message_id"], answer["message_id"]);
    let chat = admin.chat_opens(FROM).await;
    assert_eq!(chat["cliente_nome"], "Maria");
}

#[tokio::test]
async fn group_message_is_filed_under_the_group() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let group = "120363000000@g.us";
    let body = json!({ "from": FROM, "chat_id": group, "payload": { "text": "oi, grupo" } });
    let answer = admin.post(INJECT, body).expect(200).await;
    assert_eq!(answer["data"]["chat_id"], group);
    let chat = admin.chat_opens("120363000000%40g.us").await;
    assert_eq!(chat["chat_id"], group);
}

#[tokio::test]
async fn bad_injections_say_what_is_wrong() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let cases = [
        ("from", json!({ "payload": { "text": "oi" } })),
        ("payload", json!({ "from": FROM })),
        ("text", json!({ "from": FROM, "payload": { "type": "text" } })),
        ("inválido", json!({ "from": FROM, "payload": { "type": "carta", "text": "oi" } })),
    ];
    for (word, body) in cases {
        let answer = admin.post(INJECT, body).expect_failure(400).await;
        assert!(text(&answer["error"]).contains(word), "{word}: {answer}");
    }
    let body = json!({ "from": FROM, "payload": { "text": "oi" } });
    server.anonymous().post(INJECT, body).expect_failure(401).await;
}

#[tokio::test]
async fn injecting_can_be_switched_off() {
    let server = Server::on(&Database::Sqlite).env("ALLOW_INJECT", "0").start().await;
    let admin = server.admin().await;
    let body = json!({ "from": FROM, "payload": { "text": "oi" } });
    let answer = admin.post(INJECT, body).send().await;
    assert!([403, 404].contains(&answer.status.as_u16()), "{answer:?}");
    assert_eq!(admin.get("/api/v1/whatsapp/messages/").expect(200).await["count"], 0);
}
