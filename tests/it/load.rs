//! `dx-connect load` against real hubs, and against one that loses a message.

use std::{
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

use crate::support::{
    Database, Server,
    client::{list, results},
    server::ADMIN_PASSWORD,
    wire::DEPARTMENTS,
};

const AGENTS: &str = "/api/v1/agents/?page_size=100";
const NUMBERS: &str = "/api/v1/whatsapp/sessions/";

/// Short, on a machine that is busy with other tests: lateness is no reason to fail.
const SHORT: [&str; 15] = [
    "--agents",
    "3",
    "--customers",
    "12",
    "--connections",
    "8",
    "--rate",
    "20",
    "--warmup",
    "0s",
    "--duration",
    "2s",
    "--lag-max",
    "60s",
    "--json",
];

async fn load(server: &Server, url: &str, more: &[&str]) -> Output {
    let mut args = vec!["load", "--url", url, "--password", ADMIN_PASSWORD];
    args.extend(SHORT);
    args.push("result.json");
    args.extend(more);
    server.command(&args, "").await
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn result(server: &Server, output: &Output) -> Value {
    let text = std::fs::read_to_string(server.data_dir().join("result.json"));
    let text = text.unwrap_or_else(|error| panic!("no result ({error}): {}", stderr(output)));
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn a_hub_is_measured_checked_and_left_as_it_was() {
    let server = Server::start(&Database::Sqlite).await;
    let more = ["--storm-every", "500ms", "--frozen-percent", "100", "--tabs", "2"];
    let output = load(&server, &server.base_url, &more).await;
    let result = result(&server, &output);
    assert_eq!(output.status.code(), Some(0), "{result:#}\n{}", stderr(&output));
    assert_eq!((&result["verdict"], &result["is_valid"]), (&json!("ok"), &json!(true)));
    let expected = json!({"asked": 40, "accepted": 40, "unknown": 0, "lost": 0, "misdirected": 0});
    assert_eq!(result["messages"], expected);
    assert_eq!((&result["replies"]["lost"], &result["replies"]["unknown"]), (&json!(0), &json!(0)));
    let hops = [
        "webhook_to_200",
        "message_to_socket",
        "send_to_202",
        "send_to_message_sent",
        "connect_to_connected",
        "break_to_resumed",
        "client_lag",
    ];
    for hop in hops {
        let measured = &result["hops"][hop];
        let (count, p50, max) = (&measured["count"], &measured["p50_us"], &measured["max_us"]);
        assert!(count.as_u64() > Some(0) && p50.as_u64() <= max.as_u64(), "{hop}: {measured}");
    }
    assert_eq!(result["hops"]["webhook_to_200"]["count"], 40);
    assert_eq!(result["streams"]["frozen_sockets_opened"], 3);
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("Resultado: válido, nada se perdeu."), "{table}");
    if cfg!(target_os = "linux") {
        assert!(result["server"]["process"]["resident_peak_bytes"].as_u64() > Some(0), "{result}");
    }
    assert_nothing_is_left(&server).await;
}

/// Everything that the test made is out of use.
async fn assert_nothing_is_left(server: &Server) {
    let admin = server.admin().await;
    let people = admin.get(AGENTS).expect(200).await;
    let of_the_test = |row: &&Value| row["username"].as_str().unwrap().starts_with("carga-");
    let agents: Vec<_> = results(&people).iter().filter(of_the_test).collect();
    assert_eq!(agents.len(), 3);
    assert!(agents.iter().all(|agent| agent["is_active"] == false), "{agents:#?}");
    let departments = admin.get(DEPARTMENTS).expect(200).await;
    let in_use = results(&departments).iter().filter(|row| row["ativo"] == true);
    assert_eq!(in_use.map(|row| &row["nome"]).collect::<Vec<_>>(), ["Suporte"]);
    let numbers = admin.get(&format!("{NUMBERS}?is_active=true")).expect(200).await;
    assert_eq!(numbers["count"], 1);
    let chats = admin.get("/api/v1/chats/").expect(200).await;
    assert_eq!(list(&chats).len(), 0, "{chats:#}");
}

#[tokio::test]
async fn a_message_that_the_hub_loses_is_noticed() {
    let server = Server::start(&Database::Sqlite).await;
    let url = start_lossy_proxy(server.address(), 15).await;
    let more = ["--wait", "1s", "--reply-rate", "0"];
    let output = load(&server, &url, &more).await;
    let result = result(&server, &output);
    assert_eq!(output.status.code(), Some(1), "{result:#}");
    assert_eq!((&result["verdict"], &result["errors_total"]), (&json!("faults"), &json!(0)));
    assert_eq!(
        (&result["messages"]["accepted"], &result["messages"]["lost"]),
        (&json!(40), &json!(1))
    );
    assert_eq!(
        (&result["lost_messages"]["missing"], &result["lost_messages"]["stored"]),
        (&json!(1), &json!(0))
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("FALHA"));
}

/// A hub that answers the n-th message of a customer with 200 and forgets it.
async fn start_lossy_proxy(hub: &str, forgets: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    let (hub, messages) = (hub.to_owned(), Arc::new(AtomicU64::new(0)));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (hub, messages) = (hub.clone(), Arc::clone(&messages));
            tokio::spawn(async move {
                let server = TcpStream::connect(hub).await.expect("the hub listens");
                let (from_client, to_client) = client.into_split();
                let (mut from_server, to_server) = server.into_split();
                let to_client = Arc::new(tokio::sync::Mutex::new(to_client));
                let answers = Arc::clone(&to_client);
                tokio::spawn(async move {
                    let mut buffer = vec![0; 65_536];
                    while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                        if answers.lock().await.write_all(&buffer[..read]).await.is_err() {
                            return;
                        }
                    }
                });
                pass_on(from_client, to_server, &to_client, &messages, forgets).await;
            });
        }
    });
    format!("http://{address}")
}

async fn pass_on(
    mut from_client: OwnedReadHalf,
    mut to_server: OwnedWriteHalf,
    to_client: &tokio::sync::Mutex<OwnedWriteHalf>,
    messages: &AtomicU64,
    forgets: u64,
) {
    let mut request = Vec::new();
    while let Ok(1..) = from_client.read_buf(&mut request).await {
        if !request.starts_with(b"POST /api/v1/whatsapp/webhook/") {
            // Not a connection of customers.
            let passed = to_server.write_all(&request).await.is_ok();
            if passed {
                let _ended = copy(&mut from_client, &mut to_server).await;
            }
            return;
        }
        if !is_whole(&request) {
            continue;
        }
        if messages.fetch_add(1, Ordering::Relaxed) + 1 == forgets {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            to_client.lock().await.write_all(answer).await.expect("the client waits");
        } else if to_server.write_all(&request).await.is_err() {
            return;
        }
        request.clear();
    }
}

/// Head and as much body as it says.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| length.parse() == Ok(body.len()))
}

#[tokio::test]
async fn a_hub_of_another_machine_is_left_alone() {
    let server = Server::start(&Database::Sqlite).await;
    let output = load(&server, "http://192.0.2.1:8001", &[]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--eu-sei-que-nao-e-local"), "{}", stderr(&output));
}

#[tokio::test]
async fn a_hub_with_a_real_number_is_left_alone() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    admin.post(NUMBERS, json!({ "provider": "web" })).expect(201).await;
    let output = load(&server, &server.base_url, &[]).await;
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("rede de verdade"), "{}", stderr(&output));
    let people = admin.get(AGENTS).expect(200).await;
    assert_eq!(people["count"], 1, "nothing was made: {people}");
}

#[tokio::test]
async fn what_cannot_be_begun_says_why() {
    let server = Server::start(&Database::Sqlite).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", nobody.local_addr().expect("a bound listener"));
    drop(nobody);
    let output = load(&server, &url, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("não respondeu"), "{}", stderr(&output));
    let args = ["load", "--url", &server.base_url, "--password", "errada"];
    let output = server.command(&args, "").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("senha errados"), "{}", stderr(&output));
}
