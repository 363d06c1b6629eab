//! What the server counts of itself: a page that Prometheus can read, figures that are what was done, and
//! nothing for those who may not know.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Client, Database, Server, Socket,
    client::text,
    eventually,
    exposition::Exposition,
    on_both_databases,
    receiver::{Manner, Receiver},
    wire::{WEBHOOK, customer_number},
};

const METRICS: &str = "/metrics";
const DASHBOARD: &str = include_str!("../../docs/grafana/dx-connect.json");
const SUPPORT: &str = "1";
const KEY: &str = "uma-chave-de-verdade";

on_both_databases!(
    figures_are_what_was_done,
    every_name_in_the_dashboard_is_served,
    figures_are_for_this_machine_and_whoever_has_the_key,
);

async fn scrape(server: &Server) -> Exposition {
    let answer = server.anonymous().get(METRICS).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    Exposition::parse(&answer.raw)
}

/// Seven customers write three times each, one message comes twice, the admin answers two of them.
async fn story(server: &Server, admin: &Client) -> Socket {
    let mut socket = Socket::connect(server, admin).await;
    admin.set_status("online").await;
    for customer in 0..7 {
        for message in 0..3 {
            let id = format!("m-{customer}-{message}");
            admin.receive(&customer_number(customer), "Bom dia", &id).await;
        }
    }
    admin.receive(&customer_number(0), "Bom dia", "m-0-0").await;
    for customer in 0..2 {
        let sent = admin.send_text(&customer_number(customer), "Já vejo isso.").await;
        admin.message_becomes(&sent["database_id"], "read").await;
    }
    socket.events_until_now().await;
    socket
}

async fn figures_are_what_was_done(database: Database) {
    let (server, admin) = start(&database).await;
    let before = scrape(&server).await;
    let mut socket = story(&server, &admin).await;
    let department = [("department", SUPPORT)];
    // Five of seven are given to the admin at once. Queues tell of themselves a little later.
    let page = eventually("two wait, and the one socket was told everything", async || {
        socket.events_until_now().await;
        let page = scrape(&server).await;
        let is_settled = page.count("dx_queue_waiting", &department) == 2
            && page.count("dx_events_delivered_total", &[]) == socket.seq;
        is_settled.then_some(page)
    })
    .await;
    let count = |name: &str, labels: &[(&str, &str)]| {
        (page.count(name, labels) - before.count(name, labels), format!("{name} {labels:?}"))
    };
    let webhook = WEBHOOK.trim_end_matches('/');
    let sandbox = |outcome| [("provider", "sandbox"), ("outcome", outcome)];
    let routed = [("route", webhook), ("method", "POST"), ("status", "2xx")];
    let expected = [
        (21, count("dx_messages_received_total", &sandbox("stored"))),
        (1, count("dx_messages_received_total", &sandbox("repeat"))),
        (0, count("dx_messages_received_total", &sandbox("failed"))),
        (21, count("dx_message_hop_seconds_count", &[("hop", "provider")])),
        (21, count("dx_message_hop_seconds_count", &[("hop", "durable")])),
        (21, count("dx_message_hop_seconds_count", &[("hop", "routed")])),
        (2, count("dx_messages_handed_over_total", &sandbox("taken"))),
        (2, count("dx_outbound_hop_seconds_count", &[("hop", "waiting")])),
        (2, count("dx_outbound_hop_seconds_count", &[("hop", "handing_over")])),
        (22, count("dx_http_requests_total", &routed)),
        (22, count("dx_http_request_seconds_count", &routed[..2])),
        (7, count("dx_actors", &[("kind", "chat")])),
        (0, count("dx_actor_restarts_total", &[])),
        (0, count("dx_actor_failures_total", &[])),
        (0, count("dx_actor_timeouts_total", &[])),
        (0, count("dx_event_gaps_total", &[])),
        (0, count("dx_commit_failures_total", &[])),
        (1, count("dx_sockets", &[("kind", "events")])),
        (0, count("dx_outbox_bytes", &[])),
    ];
    for (wanted, (found, name)) in expected {
        assert_eq!(found, wanted, "{name}");
    }
    let timed = page.count("dx_message_hop_seconds_count", &[("hop", "socket")]);
    assert!((1..=socket.seq).contains(&timed), "{timed} of {} events", socket.seq);
    assert!(page.sum("dx_queue_oldest_seconds", &department) > 0.0);
    check_process(&page);

    // Without a code, which RFC 6455 calls 1005; read to the end, so that nothing is cut off.
    socket.send(Message::Close(None)).await;
    socket.close_code().await;
    drop(socket);
    eventually("the socket is closed", async || {
        let page = scrape(&server).await;
        let is_counted = page.count("dx_socket_closes_total", &[("code", "1005")]) == 1;
        (is_counted && page.count("dx_sockets", &[("kind", "events")]) == 0).then_some(())
    })
    .await;
    let raw = server.anonymous().get(METRICS).send().await.raw;
    let secrets = [customer_number(0), "Bom dia".to_owned(), "admin\"".to_owned()];
    assert!(secrets.iter().all(|secret| !raw.contains(secret.as_str())), "{raw}");
}

/// A password is hashed in 19 MiB, on whatever thread: a morning's logins must not keep them.
#[tokio::test]
async fn logins_give_their_memory_back() {
    const AT_ONCE: usize = 8;
    const TIMES: usize = 4;
    const GROWTH_BYTES_MAX: f64 = 64.0 * 1024.0 * 1024.0;
    let server = Server::start(&Database::Sqlite).await;
    let resident = async || scrape(&server).await.sum("process_resident_memory_bytes", &[]);
    server.admin().await;
    let before = resident().await;
    for _ in 0..TIMES {
        futures_util::future::join_all((0..AT_ONCE).map(|_| server.admin())).await;
    }
    eventually("the memory of the hashes is free again", async || {
        (resident().await - before < GROWTH_BYTES_MAX).then_some(())
    })
    .await;
}

/// What does not depend on the story.
fn check_process(page: &Exposition) {
    let commits = page.count("dx_commit_seconds_count", &[]);
    assert!(commits > 0 && page.count("dx_commit_jobs_sum", &[]) >= commits);
    assert!(page.sum("process_resident_memory_bytes", &[]) > 1e6);
    assert!(page.sum("process_open_fds", &[]) > 3.0);
    assert!(page.sum("process_cpu_seconds_total", &[]) > 0.0);
    let started_at = page.sum("process_start_time_seconds", &[]);
    assert!((1.7e9..1e11).contains(&started_at), "{started_at}");
    assert_eq!(page.count("dx_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1);
}

async fn start(database: &Database) -> (Server, Client) {
    let server = Server::on(database).env("WEBHOOK_ALLOW_PRIVATE", "1").start().await;
    let admin = server.admin().await;
    admin.make_session_ready().await;
    (server, admin)
}

async fn every_name_in_the_dashboard_is_served(database: Database) {
    let (server, admin) = start(&database).await;
    let receiver = Receiver::start(Manner::Status(204)).await;
    let body = json!({"nome": "CRM", "url": receiver.url(), "eventos": ["new_chat"]});
    admin.post("/api/v1/integracoes/webhooks/", body).expect(201).await;
    story(&server, &admin).await.close().await;
    let page = eventually("other systems are told, and the socket is closed", async || {
        let page = scrape(&server).await;
        let told = page.count("dx_webhook_deliveries_total", &[("outcome", "taken")]);
        let closed = page.count("dx_socket_closes_total", &[]);
        (told == 7 && closed > 0).then_some(page)
    })
    .await;
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut expressions = Vec::new();
    collect(&dashboard, &mut expressions);
    assert!(expressions.len() > 20, "{expressions:?}");
    let used: BTreeSet<&str> = expressions.iter().flat_map(|text| names_in(text)).collect();
    let (series, families) = (page.names(), page.families());
    let unknown: Vec<_> = used.iter().filter(|name| !series.contains(**name)).collect();
    assert!(unknown.is_empty(), "not served: {unknown:?}");
    // And the reverse: what is counted can be seen, but for what only explains others.
    let silent = ["process_start_time_seconds", "process_virtual_memory_bytes", "process_threads"];
    let is_shown = |family: &&&str| {
        used.iter().any(|name| name.starts_with(**family)) || silent.contains(*family)
    };
    let hidden: Vec<_> = families.iter().filter(|family| !is_shown(family)).collect();
    assert!(hidden.is_empty(), "in no panel: {hidden:?}");
    // A scrape of an idle hub is some hundred series; each route that is used adds fifteen.
    assert!(page.len() < 1500, "{} series", page.len());
}

/// Every expression of a query, however deep it is.
fn collect<'d>(value: &'d Value, expressions: &mut Vec<&'d str>) {
    match value {
        Value::Object(fields) => {
            expressions.extend(fields.get("expr").map(text));
            fields.values().for_each(|value| collect(value, expressions));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, expressions)),
        _ => {}
    }
}

fn names_in(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("dx_") || word.starts_with("process_"))
}

async fn figures_are_for_this_machine_and_whoever_has_the_key(database: Database) {
    let server = Server::start(&database).await;
    let anonymous = server.anonymous();
    scrape(&server).await;
    anonymous.get("/metrics/").expect(200).await;
    let through_a_proxy =
        |client: &Client| client.get(METRICS).header("X-Forwarded-For", "127.0.0.1");
    through_a_proxy(&anonymous).expect_failure(403).await;
    through_a_proxy(&server.admin().await).expect_failure(403).await;

    let server = Server::on(&database).env("METRICS_TOKEN", KEY).start().await;
    let anonymous = server.anonymous();
    anonymous.get(METRICS).expect(200).await;
    through_a_proxy(&anonymous).expect_failure(401).await;
    through_a_proxy(&server.admin().await).expect_failure(401).await;
    through_a_proxy(&anonymous.with_token(KEY)).expect(200).await;
    anonymous.with_token("outra-chave-qualquer").get(METRICS).expect_failure(401).await;

    let refused = Server::on(&database).env("METRICS_TOKEN", "curta").command(&["serve"], "").await;
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("METRICS_TOKEN"), "{said}");
}
