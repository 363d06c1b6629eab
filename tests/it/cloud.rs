//! Numbers of Meta's Cloud API, with a Graph that checks what it gets: sending, receiving, reports, and
//! what is said when something goes wrong.

use dx_actors::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{id, results, text},
    eventually,
    fake_graph::{Delivery, FakeGraph, Manner, PHONE_NUMBER, SECRET, message_from, status_of},
    on_both_databases,
    wire::{CHATS, SEND},
};

const SESSIONS: &str = "/api/v1/whatsapp/sessions/";
const MESSAGES: &str = "/api/v1/whatsapp/messages/";
const MARIA: &str = "5511999990001";

on_both_databases!(
    a_conversation_over_the_cloud_api,
    a_report_finds_its_message_by_our_id_in_any_order,
    a_second_number_has_its_own_access_and_secret,
    what_nobody_knows_is_not_sent_twice
);

/// A hub whose default number is ready, its Graph, and the admin.
async fn scene(database: &Database) -> (Server, FakeGraph, Client) {
    let graph = FakeGraph::start().await;
    let server = graph.hub_on(database).start().await;
    let admin = server.admin().await;
    admin.make_session_ready().await;
    (server, graph, admin)
}

async fn message(client: &Client, id: &Value) -> Value {
    client.get(&format!("{MESSAGES}{id}/")).expect(200).await
}

/// Waits until a message has this status; its row.
async fn becomes(client: &Client, id: &Value, status: &str) -> Value {
    eventually(&format!("message {id} becomes {status}"), async || {
        let row = message(client, id).await;
        (row["status"] == status).then_some(row)
    })
    .await
}

async fn a_conversation_over_the_cloud_api(database: Database) {
    let (server, graph, admin) = scene(&database).await;
    let status = admin.session_becomes("ready").await;
    assert_eq!(status["phone_number"], PHONE_NUMBER);
    let mut socket = Socket::connect(&server, &admin).await;
    graph.customer_writes(&admin, MARIA, "wamid.in1", "Olá!").await;
    let received = socket.next_event("message_received").await;
    assert_eq!(received["message_id"], "wamid.in1");
    let chat = admin.chat_opens(MARIA).await;
    assert_eq!(chat["cliente_nome"], "Maria Souza");
    assert_eq!(chat["janela_aberta"], true);
    let sent = admin.send_text(MARIA, "Bom dia").await;
    let body = graph.takes(1).await;
    assert_eq!((&body["to"], &body["text"]["body"]), (&json!(MARIA), &json!("Bom dia")));
    assert_eq!(body["biz_opaque_callback_data"], sent["message_id"]);
    becomes(&admin, &sent["database_id"], "sent").await;
    for word in ["delivered", "read"] {
        Delivery::of(&[], &[graph.report(0, word)]).post(&admin).await.expect(200);
        becomes(&admin, &sent["database_id"], word).await;
    }
    socket.expect_statuses(&["sent", "delivered", "read"]).await;
    // Reading, and typing, are shown with the customer's message.
    admin.accept(MARIA).await;
    let mark = eventually("the customer is shown that it was read", async || {
        graph.marks().first().cloned()
    });
    admin.post_nothing(&format!("{CHATS}{MARIA}/lido/")).expect(200).await;
    assert_eq!(mark.await["message_id"], "wamid.in1");
    admin.post("/api/v1/typing/", json!({"chat_id": MARIA})).send().await;
    eventually("the customer is shown that somebody types", async || {
        graph.marks().iter().any(|mark| mark.get("typing_indicator").is_some()).then_some(())
    })
    .await;
    graph.assert_well_used();
}

async fn a_report_finds_its_message_by_our_id_in_any_order(database: Database) {
    let (_server, graph, admin) = scene(&database).await;
    graph.customer_writes(&admin, MARIA, "wamid.in1", "Olá!").await;
    admin.chat_opens(MARIA).await;
    let sent = admin.send_text(MARIA, "um").await;
    graph.takes(1).await;
    becomes(&admin, &sent["database_id"], "sent").await;
    let statuses = ["read", "delivered", "sent", "delivered"].map(|word| graph.report(0, word));
    let answer = Delivery::of(&[], &statuses).post(&admin).await.expect(200).body;
    assert_eq!(answer["statuses"], 4);
    let row = becomes(&admin, &sent["database_id"], "read").await;
    assert!(row["read_at"].is_string(), "{row}");
    // A failure after the fact, with Meta's code, is explained.
    let sent = admin.send_text(MARIA, "dois").await;
    graph.takes(2).await;
    becomes(&admin, &sent["database_id"], "sent").await;
    let mut failed = graph.report(1, "failed");
    failed["errors"] = json!([{
        "code": 131_049, "title": "This message was not delivered to maintain healthy ecosystem",
        "error_data": {"details": "In order to maintain a healthy ecosystem engagement"},
    }]);
    Delivery::of(&[], &[failed]).post(&admin).await.expect(200);
    let row = becomes(&admin, &sent["database_id"], "failed").await;
    let said = text(&row["error_message"]);
    assert!(said.starts_with("131049: A Meta não entregou") && said.contains("24 horas"), "{said}");
    graph.assert_well_used();
}

async fn a_second_number_has_its_own_access_and_secret(database: Database) {
    let (_server, graph, admin) = scene(&database).await;
    let (second_id, token, secret) = ("209999999999999", "EAAsecondToken", "second-app-secret");
    graph.add_number(second_id, "+55 21 4000-3000", token);
    let cloud = json!({
        "phone_number_id": second_id, "business_account_id": "102290129340398",
        "access_token": token, "app_secret": secret,
    });
    let body = json!({"provider": "cloud", "device_name": "Rio", "cloud": cloud});
    let created = admin.post(SESSIONS, &body).expect(201).await;
    let path = format!("{SESSIONS}{}/", created["id"]);
    let shown = json!({
        "phone_number_id": second_id, "business_account_id": "102290129340398",
        "access_token": "***", "app_secret": "***", "previous_app_secret": "",
    });
    assert_eq!(created["cloud"], shown);
    let whole = admin.get(SESSIONS).send().await.raw + &admin.get(&path).send().await.raw;
    assert!(!whole.contains(token) && !whole.contains(secret), "secrets are only written");
    let trail = admin.get("/api/v1/auditoria/?page_size=50").send().await.raw;
    assert!(trail.contains("access_token") && !trail.contains(token), "{trail}");
    admin.post(SESSIONS, &body).expect_invalid("cloud.phone_number_id").await;
    admin.post(&format!("{SESSIONS}start/"), json!({"session_id": id(&created)})).expect(202).await;
    eventually("the second number is ready", async || {
        let row = admin.get(&path).expect(200).await;
        (row["status"] == "ready" && row["phone_number"] == "552140003000").then_some(())
    })
    .await;
    // One body for two numbers of two applications is signed by one of them only.
    let first = message_from(MARIA, "wamid.a", "text", json!({"body": "São Paulo"}));
    let other = [message_from("5521999990002", "wamid.b", "text", json!({"body": "Rio"}))];
    let second = Delivery::new().to(second_id, "+55 21 4000-3000", &other, &[]);
    second.clone().signed_with(SECRET).post(&admin).await.expect(401);
    second.clone().signed_with("wrong").post(&admin).await.expect(401);
    let both = second.clone().to("106540352242922", "+55 11 4000-2000", &[first], &[]);
    both.signed_with(secret).post(&admin).await.expect(401);
    // Neither by an id that nobody knows beside its telephone number.
    let by_phone = Delivery::new().to("999", "+55 21 4000-3000", &other, &[]);
    by_phone.clone().signed_with(SECRET).post(&admin).await.expect(401);
    by_phone.signed_with(secret).post(&admin).await.expect(200);
    // Nor are its messages refused for those of a number that is not here and would fall to the first.
    let stranger = message_from(MARIA, "wamid.c", "text", json!({"body": "Belo Horizonte"}));
    let more = second.clone().to("998", "+55 31 4000-1000", &[stranger], &[]);
    let answer = more.signed_with(secret).post(&admin).await.expect(200).body;
    assert_eq!(answer["messages"], 1, "{answer}");
    admin.chat_opens("5521999990002").await;
    let row = &results(&admin.get(MESSAGES).expect(200).await)[0].clone();
    assert_eq!((&row["session"], &row["text_content"]), (&created["id"], &json!("Rio")));
    // Both secrets hold while they are exchanged.
    let rotated = json!({"cloud": {"app_secret": "new-secret", "previous_app_secret": secret}});
    admin.patch(&path, rotated).expect(200).await;
    for secret in [secret, "new-secret"] {
        second.clone().signed_with(secret).post(&admin).await.expect(200);
    }
    admin.patch(&path, json!({"cloud": {"previous_app_secret": ""}})).expect(200).await;
    second.clone().signed_with(secret).post(&admin).await.expect(401);
    // The answer goes out over the number that the customer knows, with that number's token.
    eventually("the second number is ready again", async || {
        (admin.get(&path).expect(200).await["status"] == "ready").then_some(())
    })
    .await;
    admin.send_text("5521999990002", "Olá do Rio").await;
    graph.takes(1).await;
    graph.assert_well_used();
}

async fn what_nobody_knows_is_not_sent_twice(database: Database) {
    let (_server, graph, admin) = scene(&database).await;
    graph.customer_writes(&admin, MARIA, "wamid.in1", "Olá!").await;
    admin.chat_opens(MARIA).await;
    graph.behave([Manner::TakeAndBreak, Manner::TakeAndBabble]);
    for n in 0..2 {
        let sent = admin.send_text(MARIA, "sem resposta").await;
        graph.takes(n + 1).await;
        becomes(&admin, &sent["database_id"], "sending").await;
        // Meta's own report, with our id, says what became of it.
        Delivery::of(&[], &[graph.report(n, "delivered")]).post(&admin).await.expect(200);
        becomes(&admin, &sent["database_id"], "delivered").await;
    }
    assert_eq!(graph.sent().len(), 2, "nothing was sent again");
    graph.assert_well_used();
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_and_a_lasting_one_explained() {
    let (_server, graph, admin) = scene(&Database::Sqlite).await;
    graph.customer_writes(&admin, MARIA, "wamid.in1", "Olá!").await;
    admin.chat_opens(MARIA).await;
    graph.behave([Manner::Refuse(500, 131_016)]);
    let sent = admin.send_text(MARIA, "passa").await;
    becomes(&admin, &sent["database_id"], "sent").await;
    assert_eq!(graph.sent().len(), 1);
    let lasting = [
        (Manner::Refuse(400, 131_047), "131047: Passaram mais de 24 horas"),
        (Manner::Refuse(400, 131_026), "131026: A mensagem não pode ser entregue"),
        (Manner::Text(403, "<html>no</html>"), "HTTP 403"),
    ];
    for (manner, expected) in lasting {
        graph.behave([manner]);
        let sent = admin.send_text(MARIA, "não passa").await;
        let row = becomes(&admin, &sent["database_id"], "failed").await;
        let said = text(&row["error_message"]);
        assert!(said.starts_with(expected), "{said}");
    }
    graph.assert_well_used();
}

#[tokio::test]
async fn a_revoked_token_stops_the_number_and_says_why() {
    let (server, graph, admin) = scene(&Database::Sqlite).await;
    let mut socket = Socket::connect(&server, &admin).await;
    graph.customer_writes(&admin, MARIA, "wamid.in1", "Olá!").await;
    admin.chat_opens(MARIA).await;
    graph.revoke_tokens(true);
    let sent = admin.send_text(MARIA, "espera").await;
    let row = becomes(&admin, &sent["database_id"], "failed").await;
    let said = text(&row["error_message"]);
    assert!(said.starts_with("190: O token de acesso expirou"), "{said}");
    let event = socket.next_event("session_status").await;
    assert_eq!(event["status"], "error");
    let status = admin.session_becomes("error").await;
    assert_eq!(status["last_error"], "credenciais_recusadas");
    admin.post(SEND, json!({"to": MARIA, "text": "oi"})).expect(423).await;
    graph.revoke_tokens(false);
    admin.post_nothing(&format!("{SESSIONS}1/reconnect/")).expect(202).await;
    admin.session_becomes("ready").await;
    admin.send_text(MARIA, "de novo").await;
    assert_eq!(graph.takes(1).await["text"]["body"], "de novo");
    graph.assert_well_used();
}

#[tokio::test]
async fn free_text_is_refused_a_day_after_the_customers_last_message() {
    let (_server, graph, admin) = scene(&Database::Sqlite).await;
    let mut old = message_from(MARIA, "wamid.old", "text", json!({"body": "ontem"}));
    let seconds = SystemClock.now().millis() / 1000;
    old["timestamp"] = json!((seconds - 25 * 3600).to_string());
    Delivery::of(&[old], &[]).post(&admin).await.expect(200);
    let chat = admin.chat_opens(MARIA).await;
    assert_eq!(chat["janela_aberta"], false);
    let body = json!({"to": MARIA, "text": "tarde demais", "client_message_id": "x"});
    let refusal = admin.post(SEND, &body).expect_failure(409).await;
    assert!(text(&refusal["error"]).contains("24 horas"), "{refusal}");
    admin.post(SEND, json!({"to": "5511999990009", "text": "oi"})).expect_failure(409).await;
    assert_eq!(graph.sent().len(), 0, "nothing was queued");
    graph.customer_writes(&admin, MARIA, "wamid.new", "hoje").await;
    let chat = admin.chat(MARIA).await;
    assert!(chat["janela_aberta"] == true && chat["janela_aberta_ate"].is_string(), "{chat}");
    admin.post(SEND, &body).expect(202).await;
    graph.takes(1).await;
    graph.assert_well_used();
}

#[tokio::test]
async fn a_person_without_a_visible_number_is_served_like_everybody() {
    const SCOPED: &str = "BR.13491208655302741918";
    let (_server, graph, admin) = scene(&Database::Sqlite).await;
    graph.customer_writes(&admin, SCOPED, "wamid.in1", "Olá!").await;
    let chat = admin.chat_opens(SCOPED).await;
    assert_eq!(chat["cliente_nome"], "Maria Souza");
    admin.send_text(SCOPED, "Bom dia").await;
    let body = graph.takes(1).await;
    assert_eq!((&body["recipient"], body.get("to")), (&json!(SCOPED), None));
    graph.assert_well_used();
}

#[tokio::test]
async fn a_batch_with_repeats_of_both_numbers_is_stored_once() {
    let (_server, graph, admin) = scene(&Database::Sqlite).await;
    let one = |from: &str, id: &str| message_from(from, id, "text", json!({"body": id}));
    let batch = [one(MARIA, "wamid.1"), one("5511999990002", "wamid.2"), one(MARIA, "wamid.3")];
    let unknown = status_of("wamid.unknown", "nobody", "read");
    let delivery = Delivery::of(&batch, &[unknown]);
    for _ in 0..3 {
        delivery.post(&admin).await.expect(200);
    }
    let page = admin.get(&format!("{MESSAGES}?direction=inbound")).expect(200).await;
    assert_eq!(page["count"], 3);
    graph.assert_well_used();
}

#[tokio::test]
async fn a_number_that_lacks_something_says_so() {
    let graph = FakeGraph::start().await;
    let setup = graph.hub_on(&Database::Sqlite).env("WHATSAPP_CLOUD_ACCESS_TOKEN", "EAAunknown");
    let server = setup.start().await;
    let admin = server.admin().await;
    admin.post_nothing(&format!("{SESSIONS}start/")).expect(202).await;
    let status = admin.session_becomes("error").await;
    assert_eq!(status["last_error"], "credenciais_recusadas");
    // A token of its own goes before the one of the configuration, and is tried at once.
    let token = json!({"cloud": {"access_token": crate::support::fake_graph::TOKEN}});
    admin.patch(&format!("{SESSIONS}1/"), token).expect(200).await;
    admin.post_nothing(&format!("{SESSIONS}start/")).expect(202).await;
    admin.session_becomes("ready").await;
    let body = json!({"provider": "cloud"});
    admin.post(SESSIONS, &body).expect_invalid("cloud").await;
    let body = json!({"provider": "cloud", "cloud": {"phone_number_id": "+55 11"}});
    let answer = admin.post(SESSIONS, &body).expect_invalid("cloud.phone_number_id").await;
    for field in ["cloud.business_account_id", "cloud.access_token"] {
        assert!(answer.get(field).is_some(), "{answer}");
    }
    assert!(answer.get("cloud.app_secret").is_none(), "the configuration has one: {answer}");
    let body = json!({"provider": "sandbox", "cloud": {}});
    admin.post(SESSIONS, &body).expect_invalid("cloud").await;
    graph.assert_well_used();
}

#[tokio::test]
async fn every_kind_of_message_goes_out_as_meta_wants_it() {
    let (_server, graph, admin) = scene(&Database::Sqlite).await;
    graph.customer_writes(&admin, MARIA, "wamid.in1", "Olá!").await;
    admin.chat_opens(MARIA).await;
    let part = reqwest::multipart::Part::bytes(PNG).file_name("a.png").mime_str("image/png");
    let form = reqwest::multipart::Form::new().part("arquivo", part.expect("a media type"));
    let file = admin.post_nothing("/api/v1/whatsapp/media/").multipart(form).expect(201).await;
    let button = json!({"buttons": [{"id": "s", "title": "Sim"}, {"id": "n", "title": "Não"}]});
    let list = json!({"list": {"button": "Ver", "sections": [{"title": "A", "rows": [
        {"id": "1", "title": "Segunda via", "description": "Do boleto"},
    ]}]}});
    let cases = [
        ("text", json!({"text": "resposta", "quoted_message_id": "wamid.in1"})),
        ("location", json!({"location": {"latitude": -23.5, "longitude": -46.6, "name": "MASP"}})),
        ("contact", json!({"contacts": [{"name": "Eva", "phones": ["11988887777"]}]})),
        ("image", json!({"media_file_id": file["file_id"], "text": "legenda"})),
        ("document", json!({"media_url": "https://example.com/a.pdf", "filename": "a.pdf"})),
        ("interactive", json!({"text": "Confirma?", "interactive": {"action": button}})),
        (
            "interactive",
            json!({"text": "Escolha", "interactive": {
                "header": "Menu", "footer": "Loja", "action": list,
            }}),
        ),
    ];
    let mut count = 0;
    for (kind, rest) in cases {
        let mut body = json!({"to": MARIA, "type": kind});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let sent = admin.post(SEND, &body).expect(202).await;
        count += 1;
        let taken = graph.takes(count).await;
        becomes(&admin, &sent["database_id"], "sent").await;
        let wanted = if kind == "contact" { "contacts" } else { kind };
        assert_eq!(taken["type"], wanted, "{taken}");
    }
    let sent = graph.sent();
    assert_eq!(sent[0]["context"]["message_id"], "wamid.in1");
    assert_eq!(sent[3]["image"]["caption"], "legenda");
    assert!(sent[3]["image"]["id"].is_string(), "{}", sent[3]);
    assert_eq!(sent[4]["document"]["filename"], "a.pdf");
    assert_eq!(sent[5]["interactive"]["action"]["buttons"][1]["reply"]["title"], "Não");
    assert_eq!(sent[6]["interactive"]["header"]["text"], "Menu");
    let wrong = json!({"to": MARIA, "type": "interactive", "text": "?", "interactive": {
        "action": {"buttons": []},
    }});
    admin.post(SEND, &wrong).expect_invalid("interactive").await;
    graph.assert_well_used();
}

#[tokio::test]
async fn every_kind_of_message_comes_in_with_what_it_carries() {
    let (_server, graph, admin) = scene(&Database::Sqlite).await;
    graph.add_media("900000000000001", "image/png", PNG);
    let choice = json!({"type": "list_reply", "list_reply": {
        "id": "2via", "title": "Segunda via", "description": "Do boleto",
    }});
    let cards =
        json!([{"name": {"formatted_name": "Eva"}, "phones": [{"wa_id": "5511988887777"}]}]);
    let order = json!({"text": "rápido", "product_items": [
        {"product_retailer_id": "SKU-1", "quantity": 2, "item_price": 10, "currency": "BRL"},
    ]});
    let mut quoting = message_from(MARIA, "wamid.2", "text", json!({"body": "sim"}));
    quoting["context"] = json!({"from": PHONE_NUMBER, "id": "wamid.1"});
    let system = json!({"body": "Maria changed from 1 to 2", "type": "user_changed_number"});
    let messages = [
        message_from(MARIA, "wamid.1", "text", json!({"body": "Olá"})),
        quoting,
        message_from(MARIA, "wamid.3", "interactive", choice),
        message_from(MARIA, "wamid.4", "contacts", cards),
        message_from(MARIA, "wamid.5", "location", json!({"latitude": -1.5, "longitude": 2.0})),
        message_from(MARIA, "wamid.6", "order", order),
        message_from(MARIA, "wamid.7", "system", system),
        message_from(MARIA, "wamid.8", "hologram", json!({})),
        message_from(
            MARIA,
            "wamid.9",
            "image",
            json!({"id": "900000000000001", "mime_type": "image/png"}),
        ),
    ];
    let answer = Delivery::of(&messages, &[]).post(&admin).await.expect(200).body;
    assert_eq!(answer["messages"], 9);
    admin.chat_opens(MARIA).await;
    let page = admin.get(&format!("{MESSAGES}?ordering=created_at")).expect(200).await;
    let mut rows = Vec::new();
    for row in results(&page) {
        rows.push(message(&admin, &row["id"]).await);
    }
    assert_eq!(rows[1]["quoted_message_id"], "wamid.1");
    assert_eq!(rows[2]["message_type"], "interactive");
    assert_eq!(rows[2]["details"]["id"], "2via");
    assert_eq!(rows[3]["details"]["contacts"][0]["phones"][0], "5511988887777");
    assert_eq!(rows[4]["details"]["latitude"], -1.5);
    assert_eq!(rows[5]["text_content"], "Pedido: 2 × SKU-1 (10 BRL)\nrápido");
    assert_eq!(rows[6]["text_content"], "Maria changed from 1 to 2");
    assert_eq!(rows[7]["text_content"], "[hologram]");
    let picture = eventually("the picture is fetched from Meta", async || {
        let row = message(&admin, &rows[8]["id"]).await;
        (row["media_status"] == "ready").then_some(row)
    })
    .await;
    assert_eq!(picture["media_size"], PNG.len());
    assert_eq!(picture["media_mime_type"], "image/png");
    graph.assert_well_used();
}

/// One grey pixel.
const PNG: &[u8] = include_bytes!("support/fake_graph/pixel.png");

#[tokio::test]
async fn reactions_edits_and_deletions_find_their_message_also_before_it_comes() {
    let (server, graph, admin) = scene(&Database::Sqlite).await;
    let mut socket = Socket::connect(&server, &admin).await;
    let reaction = |id: &str, to: &str, emoji: Value| {
        message_from(MARIA, id, "reaction", json!({"message_id": to, "emoji": emoji}))
    };
    // The reaction is faster than the message that it is about.
    Delivery::of(&[reaction("wamid.r1", "wamid.1", json!("👍"))], &[])
        .post(&admin)
        .await
        .expect(200);
    graph.customer_writes(&admin, MARIA, "wamid.1", "Olá").await;
    admin.chat_opens(MARIA).await;
    let page = admin.get(MESSAGES).expect(200).await;
    let first = results(&page)[0]["id"].clone();
    let row = message(&admin, &first).await;
    assert_eq!(row["customer_reaction"], "👍", "{row}");
    let edit = json!({"original_message_id": "wamid.1", "message": {
        "type": "text", "text": {"body": "Olá, bom dia"},
    }});
    let changes =
        [reaction("wamid.r2", "wamid.1", json!("")), message_from(MARIA, "wamid.e1", "edit", edit)];
    Delivery::of(&changes, &[]).post(&admin).await.expect(200);
    let row = message(&admin, &first).await;
    assert_eq!(row["text_content"], "Olá, bom dia");
    assert!(row["edited_at"].is_string(), "{row}");
    // Ours: a reaction to the customer's message goes out with Meta's id of it.
    let path = format!("{MESSAGES}{first}/reacao/");
    admin.post(&path, json!({"emoji": "❤️"})).expect(200).await;
    let body = graph.takes(1).await;
    assert_eq!(body["reaction"], json!({"message_id": "wamid.1", "emoji": "❤️"}));
    let revoke = json!({"original_message_id": "wamid.1"});
    let gone = message_from(MARIA, "wamid.d1", "revoke", revoke);
    Delivery::of(&[gone], &[]).post(&admin).await.expect(200);
    assert!(message(&admin, &first).await["deleted_at"].is_string());
    assert!(!socket.events_until_now().await.is_empty());
    // The customer reacts to a message of ours, which Meta knows by its own id.
    let sent = admin.send_text(MARIA, "até logo").await;
    graph.takes(2).await;
    becomes(&admin, &sent["database_id"], "sent").await;
    let thanks = reaction("wamid.r3", &graph.wamid(1), json!("🙏"));
    Delivery::of(&[thanks], &[]).post(&admin).await.expect(200);
    let row = message(&admin, &sent["database_id"]).await;
    assert_eq!(row["customer_reaction"], "🙏", "{row}");
    graph.assert_well_used();
}

#[tokio::test]
async fn a_limit_of_the_network_delays_a_message_and_does_not_fail_it() {
    let (_server, graph, admin) = scene(&Database::Sqlite).await;
    graph.customer_writes(&admin, MARIA, "wamid.in1", "Olá!").await;
    admin.chat_opens(MARIA).await;
    graph.behave([Manner::Refuse(400, 131_056)]);
    let sent = admin.send_text(MARIA, "devagar").await;
    becomes(&admin, &sent["database_id"], "sent").await;
    let row = message(&admin, &sent["database_id"]).await;
    let waited = row["latency_to_sent_ms"].as_i64().unwrap_or_default();
    assert!(waited >= 4000, "4^1 seconds, not {waited} ms");
    graph.assert_well_used();
}
