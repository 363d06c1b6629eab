//! What survives: a kill in the middle of work, a polite stop, and the commands beside `serve`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    task::{JoinSet, yield_now},
};

use crate::support::{
    Client, Database, Server, Socket,
    client::{list, results, text},
    eventually, on_both_databases,
    server::ADMIN_PASSWORD,
    wire::{SEND, TICKETS, WEBHOOK, customer_number, start_with_ready_session, webhook_body},
};

const MESSAGES: &str = "/api/v1/whatsapp/messages/";
const CUSTOMERS: usize = 16;
/// Answered calls after which the server is killed.
const KILL_AFTER: usize = 100;
const CALLERS: usize = 8;

on_both_databases!(
    every_answered_message_survives_a_kill_exactly_once,
    waiting_order_and_loads_survive_a_kill,
    polite_stop_says_goodbye_and_keeps_everything,
    people_are_made_and_get_passwords_from_the_command_line,
    a_second_hub_on_the_same_folder_changes_nothing,
);

/// It would take the numbers and the queues for its own.
async fn a_second_hub_on_the_same_folder_changes_nothing(database: Database) {
    let (mut server, admin) = start_with_ready_session(&database).await;
    let second = server.command(&["serve"], "").await;
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("outro dx-connect já usa a pasta"), "{said}");
    let status = admin.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
    assert_eq!((&status["status"], &status["is_connected"]), (&json!("ready"), &json!(true)));
    // Nothing is left behind by one that was killed.
    server.kill9().await;
    server.start_again().await;
}

/// What the server said yes to before it died.
#[derive(Debug, Default)]
struct Answered {
    /// Ids that customers' messages came with.
    received: Vec<String>,
    /// Ids that the server gave to messages of agents.
    sent: Vec<String>,
}

/// Two calls, one in and one out, for each customer in turn.
fn number_of_call(n: usize) -> String {
    customer_number(n / 2 % CUSTOMERS)
}

/// Calls until the server is gone; even numbers are webhooks, odd ones are sends.
async fn call_until_it_dies(
    client: Client,
    numbers: Arc<AtomicUsize>,
    answered: Arc<Semaphore>,
) -> Answered {
    let mut all = Answered::default();
    loop {
        let n = numbers.fetch_add(1, Ordering::Relaxed);
        let number = number_of_call(n);
        let (request, status) = if n.is_multiple_of(2) {
            (client.post(WEBHOOK, webhook_body(&number, "oi", &format!("in-{n}"))), 200)
        } else {
            let body =
                json!({ "to": number, "text": "olá", "client_message_id": format!("out-{n}") });
            (client.post(SEND, body), 202)
        };
        let Ok(answer) = request.try_send().await else { return all };
        let answer = answer.expect(status);
        let message_id = text(&answer.body["message_id"]).to_owned();
        if status == 200 {
            all.received.push(message_id);
        } else {
            all.sent.push(message_id);
        }
        answered.add_permits(1);
    }
}

/// Works hard, kills the server in the middle, and returns what had been promised.
async fn kill_under_load(server: &mut Server, client: &Client) -> Answered {
    let (numbers, count) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(call_until_it_dies(client.clone(), Arc::clone(&numbers), Arc::clone(&count)));
    }
    let enough = u32::try_from(KILL_AFTER).expect("a small number");
    let _ = count.acquire_many(enough).await.expect("the semaphore stays open");
    server.kill9().await;
    let mut answered = Answered::default();
    for part in callers.join_all().await {
        answered.received.extend(part.received);
        answered.sent.extend(part.sent);
    }
    answered
}

/// Every row of a paginated list.
async fn all_rows(client: &Client, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1.. {
        let answer = client.get(&format!("{path}page_size=100&page={page}")).expect(200).await;
        rows.extend_from_slice(results(&answer));
        if answer["next"].is_null() {
            break;
        }
    }
    rows
}

async fn every_answered_message_survives_a_kill_exactly_once(database: Database) {
    let (mut server, admin) = start_with_ready_session(&database).await;
    let answered = kill_under_load(&mut server, &admin).await;
    assert!(!answered.received.is_empty() && !answered.sent.is_empty(), "{answered:?}");
    server.start_again().await;
    // The tokens are still good: the secret is kept.
    let admin = server.anonymous().with_token(&admin.access);
    admin.session_becomes("ready").await;

    // Customers' phones deliver again what they had no answer for.
    let redelivered: BTreeSet<_> = answered.received.iter().take(10).collect();
    for message_id in redelivered {
        let n: usize = message_id.trim_start_matches("in-").parse().expect("our own number");
        admin.receive(&number_of_call(n), "oi", message_id).await;
    }
    let mut rows = BTreeMap::<String, usize>::new();
    for row in all_rows(&admin, &format!("{MESSAGES}?")).await {
        *rows.entry(text(&row["message_id"]).to_owned()).or_default() += 1;
    }
    for message_id in answered.received.iter().chain(&answered.sent) {
        assert_eq!(rows.get(message_id), Some(&1), "{message_id} was answered");
    }
    assert!(rows.values().all(|count| *count == 1), "nothing is there twice");

    eventually("what was promised to be sent is sent", async || {
        let page =
            admin.get(&format!("{MESSAGES}?direction=outbound&status=queued")).expect(200).await;
        (page["count"] == 0).then_some(())
    })
    .await;
    assert_chats_match_messages(&admin).await;
}

/// One ticket per customer, which counts all his messages.
async fn assert_chats_match_messages(admin: &Client) {
    let mut expected = BTreeMap::<String, i64>::new();
    for row in all_rows(admin, &format!("{MESSAGES}?direction=inbound&")).await {
        *expected.entry(text(&row["contact_number"]).to_owned()).or_default() += 1;
    }
    for (number, count) in &expected {
        eventually(&format!("the chat of {number} has {count} messages"), async || {
            let chat = admin.chat_opens(number).await;
            (chat["total_mensagens_cliente"] == *count).then_some(())
        })
        .await;
    }
    let tickets = all_rows(admin, &format!("{TICKETS}?")).await;
    assert_eq!(tickets.len(), expected.len());
}

async fn waiting_order_and_loads_survive_a_kill(database: Database) {
    let mut server = Server::start_without_auto_distribution(&database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let sales = admin.create_department("Vendas", 2, &[ana.id]).await;
    for (n, priority) in ["normal", "alta", "baixa", "urgente", "alta"].into_iter().enumerate() {
        admin.enqueue(sales, &customer_number(n), priority).await;
    }
    ana.accept(&customer_number(0)).await;
    server.kill9().await;
    server.start_again().await;

    let anonymous = server.anonymous();
    let (admin, ana) = (anonymous.with_token(&admin.access), anonymous.with_token(&ana.access));
    ana.set_status("online").await;
    // urgente, both altas by age, baixa; ana has one chat already and takes two.
    for n in [3, 1, 4, 2] {
        assert_eq!(admin.distribute(sales).await, 1, "one slot is free");
        let mine = ana.get(&format!("{TICKETS}meus-atendimentos/")).expect(200).await;
        let chats: BTreeSet<_> =
            list(&mine).iter().map(|row| text(&row["chat_id"]).to_owned()).collect();
        assert_eq!(chats, BTreeSet::from([customer_number(0), customer_number(n)]));
        ana.close_chat(&customer_number(n)).await;
    }
    let ticket = ana.close_chat(&customer_number(0)).await;
    assert!(ticket["finalizado_em"].is_string());
}

async fn polite_stop_says_goodbye_and_keeps_everything(database: Database) {
    let (mut server, admin) = start_with_ready_session(&database).await;
    admin.customer_writes(&customer_number(1)).await;
    let mut socket = Socket::connect(&server, &admin).await;
    let epoch = socket.epoch.clone();
    let goodbye = tokio::spawn(async move { socket.close_code().await });
    yield_now().await;
    let status = server.stop().await;
    assert!(status.success(), "{status}");
    assert_eq!(goodbye.await.unwrap(), 1001);

    server.start_again().await;
    let admin = server.admin().await;
    admin.session_becomes("ready").await;
    admin.chat(&customer_number(1)).await;
    let mut back = Socket::resume(&server, &admin, &epoch, 1).await;
    let resumed = back.next_event("resumed").await;
    assert_eq!(resumed["recovered"], false, "another run has another epoch");
}

#[tokio::test]
async fn stopped_session_stays_stopped_over_a_restart() {
    let (mut server, admin) = start_with_ready_session(&Database::Sqlite).await;
    admin.post_nothing("/api/v1/whatsapp/sessions/stop/").expect(200).await;
    admin.session_becomes("disconnected").await;
    server.restart().await;
    let status = server.admin().await.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
    assert_eq!(status["status"], "disconnected");
}

async fn people_are_made_and_get_passwords_from_the_command_line(database: Database) {
    let setup = Server::on(&database);
    let args = ["user", "create", "carla", "--role", "gerente", "--display-name", "Carla Dias"];
    let args = [&args[..], &["--email", "carla@example.com", "--password-stdin"]].concat();
    let output = setup.command(&args, "Senha-de-carla-1\n").await;
    assert!(output.status.success(), "{output:?}");
    let again = setup.command(&args, "Senha-de-carla-1\n").await;
    assert!(!again.status.success(), "the name is taken");
    let args = ["user", "create", "otto", "--role", "rei", "--password-stdin"];
    assert!(!setup.command(&args, "x\n").await.status.success());
    let args = ["user", "set-password", "ninguem", "--password-stdin"];
    assert!(!setup.command(&args, "Senha-nova-2025\n").await.status.success());

    let server = setup.start().await;
    let carla = server.login("carla", "Senha-de-carla-1").await;
    let me = carla.get("/api/v1/me/").expect(200).await;
    assert_eq!(me["display_name"], "Carla Dias");
    assert_eq!(me["email"], "carla@example.com");
    // An empty folder was seeded as by a first start.
    let admin = server.login("admin", ADMIN_PASSWORD).await;
    admin.department("Suporte").await;
    let row = admin.get(&format!("/api/v1/agents/{}/", carla.id)).expect(200).await;
    assert_eq!(row["role"], "gerente");

    let args = ["user", "set-password", "carla", "--password-stdin"];
    let output = server.command(&args, "Senha-de-carla-2\n").await;
    assert!(output.status.success(), "{output:?}");
    server.login("carla", "Senha-de-carla-2").await;
    let old = json!({ "username": "carla", "password": "Senha-de-carla-1" });
    server.anonymous().post("/api/v1/auth/token/", old).expect_failure(401).await;
}

#[tokio::test]
async fn migrate_prepares_a_folder_and_may_be_repeated() {
    let setup = Server::on(&Database::Sqlite);
    for _ in 0..2 {
        let output = setup.command(&["migrate"], "").await;
        assert!(output.status.success(), "{output:?}");
    }
    setup.start().await.admin().await;
}

#[tokio::test]
async fn wrong_configuration_stops_the_start_and_names_every_key() {
    let setup = Server::on(&Database::Sqlite).env("BIND_ADDR", "em algum lugar");
    let setup = setup.env("TYPING_TTL_SECONDS", "dez").env("WHATSAPP_MODE", "pombo");
    let output = setup.command(&["serve"], "").await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    for key in ["BIND_ADDR", "TYPING_TTL_SECONDS", "WHATSAPP_MODE"] {
        assert!(said.contains(key), "{key} is not in: {said}");
    }
}

#[tokio::test]
async fn cloud_mode_refuses_to_start_without_what_it_needs() {
    let setup = Server::on(&Database::Sqlite).env("WHATSAPP_MODE", "cloud");
    let output = setup.command(&["serve"], "").await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    let keys = [
        "WHATSAPP_WEBHOOK_SECRET",
        "WHATSAPP_CLOUD_PHONE_NUMBER_ID",
        "WHATSAPP_CLOUD_BUSINESS_ACCOUNT_ID",
        "WHATSAPP_CLOUD_ACCESS_TOKEN",
    ];
    for key in keys {
        assert!(said.contains(key), "{key} is not in: {said}");
    }
}

#[tokio::test]
async fn no_subcommand_means_serve() {
    let server = Server::on(&Database::Sqlite).start_without_subcommand().await;
    server.admin().await;
}
