//! Webhooks for other systems: signed, in order, not lost by a kill, and managed by those who may.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    sync::Arc,
};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command, sync::Semaphore, task::JoinSet};

use crate::support::{
    Client, Database, Server, Socket,
    client::{id, results, text},
    eventually, on_both_databases,
    receiver::{Manner, Received, Receiver},
    wire::{SEND, TICKETS, WEBHOOK, customer_number, webhook_body},
};

const WEBHOOKS: &str = "/api/v1/integracoes/webhooks/";
const ALL: [&str; 14] = [
    "new_chat",
    "message_received",
    "message_sent",
    "message_status",
    "message_updated",
    "media_status",
    "chat_assigned",
    "chat_transferred",
    "chat_requeued",
    "chat_overflowed",
    "chat_closed",
    "chat_auto_closed",
    "chat_rated",
    "session_status",
];

on_both_databases!(
    the_course_of_a_chat_reaches_another_system_signed,
    what_was_answered_is_delivered_after_a_kill,
    what_was_not_taken_is_sent_again_by_itself_and_by_hand,
    a_receiver_that_fails_is_left_in_peace_and_managers_hear_of_it,
);

/// A server that may talk to receivers of this machine.
async fn start(database: &Database) -> (Server, Client) {
    let server = Server::on(database)
        .env("WEBHOOK_ALLOW_PRIVATE", "1")
        .env("AUTO_DISTRIBUTE", "0")
        .start()
        .await;
    let admin = server.admin().await;
    admin.make_session_ready().await;
    (server, admin)
}

impl Client {
    /// A webhook for these events; its path and its secret.
    async fn webhook(&self, receiver: &Receiver, events: &[&str]) -> (String, String) {
        let body = json!({"nome": "CRM", "url": receiver.url(), "eventos": events});
        let created = self.post(WEBHOOKS, body).expect(201).await;
        (format!("{WEBHOOKS}{}/", id(&created)), text(&created["segredo"]).to_owned())
    }

    async fn deliveries(&self, webhook: &str) -> Vec<Value> {
        let page = self.get(&format!("{webhook}entregas/?page_size=100")).expect(200).await;
        results(&page).to_vec()
    }
}

async fn taken(receiver: &Receiver, event: &str) -> Received {
    eventually(&format!("{event} is delivered"), async || receiver.taken(event).pop()).await
}

async fn the_course_of_a_chat_reaches_another_system_signed(database: Database) {
    let (server, admin) = start(&database).await;
    let receiver = Receiver::start(Manner::Status(204)).await;
    let (webhook, secret) = admin.webhook(&receiver, &ALL).await;
    let mut socket = Socket::connect(&server, &admin).await;
    let number = customer_number(1);
    admin.customer_writes(&number).await;
    admin.accept(&number).await;
    let sent = admin.send_text(&number, "Bom dia! Em que posso ajudar?").await;
    eventually("the answer is read", async || {
        let all = receiver.taken("message_status");
        all.into_iter().find(|one| one.body["data"]["status"] == "read")
    })
    .await;
    let chat = admin.chat(&number).await;
    let ticket = format!("{TICKETS}{}/", id(&chat));
    admin.post(&format!("{ticket}avaliar/"), json!({"avaliacao": 5})).expect(200).await;
    admin.close_chat(&number).await;
    taken(&receiver, "chat_closed").await;

    let all = receiver.received();
    let names: Vec<&str> = all.iter().map(|one| text(&one.body["event"])).collect();
    let first = ["new_chat", "message_received", "chat_assigned", "message_sent"];
    let order: Vec<&str> = names.iter().copied().filter(|name| first.contains(name)).collect();
    assert_eq!(order, first, "in the order in which it happened: {names:?}");
    let place = |name| names.iter().position(|known| *known == name).unwrap();
    assert!(
        place("chat_rated") < place("chat_closed") && place("message_sent") < place("chat_rated")
    );
    for one in &all {
        assert!(one.is_signed_with(&secret), "{one:?}");
        assert!(!one.is_signed_with("whsec_outro"));
        assert_eq!(one.header("X-DX-Event"), one.body["event"]);
        assert_eq!(
            (one.header("Content-Type"), one.header("X-DX-Attempt")),
            ("application/json", "1")
        );
        assert_eq!(one.body["version"], "v1");
        assert!(one.raw.starts_with(r#"{"id":"evt_"#), "{}", one.raw);
        assert!(!one.raw.contains(&secret) && !one.raw.contains(&admin.access));
    }
    let ids: BTreeSet<&str> = all.iter().map(|one| text(&one.body["id"])).collect();
    assert_eq!(ids.len(), all.len(), "each once");
    let sequence: Vec<i64> = all.iter().map(|one| one.body["sequence"].as_i64().unwrap()).collect();
    assert!(sequence.is_sorted(), "{sequence:?}");
    let of_answer = &taken(&receiver, "message_sent").await.body["data"];
    assert_eq!(of_answer["message_id"], sent["message_id"]);
    assert_eq!(of_answer["message"], "Bom dia! Em que posso ajudar?");
    // The same words as over the socket.
    for name in ["new_chat", "chat_rated", "chat_closed"] {
        let (mut told, mut here) =
            (socket.next_event(name).await, taken(&receiver, name).await.body["data"].clone());
        for instants in [&mut told, &mut here] {
            for key in ["timestamp", "criado_em", "finalizado_em"] {
                instants.as_object_mut().unwrap().remove(key);
            }
        }
        assert_eq!(here, told, "{name}");
    }
    let shown = admin.get(&webhook).expect(200).await;
    eventually("everything is counted as delivered", async || {
        let shown = admin.get(&webhook).expect(200).await;
        (shown["entregues"] == all.len() && shown["pendentes"] == 0).then_some(())
    })
    .await;
    assert_eq!((&shown["ativo"], &shown["ultimo_erro"]), (&json!(true), &json!("")));
}

/// What the server said yes to before it died.
#[derive(Debug, Default)]
struct Answered(BTreeSet<String>);

async fn call_until_it_dies(
    client: Client,
    run: usize,
    caller: usize,
    answered: Arc<Semaphore>,
) -> Answered {
    let mut all = Answered::default();
    for n in 0.. {
        let number = customer_number(caller);
        let (request, status) = if n % 2 == 0 {
            let id = format!("in-{run}-{caller}-{n}");
            (client.post(WEBHOOK, webhook_body(&number, "oi", &id)), 200)
        } else {
            (client.post(SEND, json!({"to": number, "text": "olá"})), 202)
        };
        let Ok(answer) = request.try_send().await else { break };
        let answer = answer.expect(status);
        all.0.insert(text(&answer.body["message_id"]).to_owned());
        answered.add_permits(1);
    }
    all
}

/// Four callers write and send until the server is killed; the ids of what it answered to.
async fn flood_and_kill(server: &mut Server, admin: &Client, run: usize) -> BTreeSet<String> {
    let answered = Arc::new(Semaphore::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..4 {
        callers.spawn(call_until_it_dies(admin.clone(), run, caller, Arc::clone(&answered)));
    }
    answered.acquire_many(60).await.unwrap().forget();
    server.kill9().await;
    callers.join_all().await.into_iter().flat_map(|Answered(ids)| ids).collect()
}

async fn what_was_answered_is_delivered_after_a_kill(database: Database) {
    let (mut server, admin) = start(&database).await;
    // At first nothing that is sent is taken; later the server dies in the middle of what is.
    let receiver = Receiver::start(Manner::Silent).await;
    admin.webhook(&receiver, &["message_received", "message_sent"]).await;
    for (run, manner) in [Manner::Silent, Manner::Status(200)].into_iter().enumerate() {
        receiver.behave(manner);
        let admin = server.admin().await;
        admin.session_becomes("ready").await;
        let answered = flood_and_kill(&mut server, &admin, run).await;
        assert!(answered.len() >= 60);
        if manner == Manner::Silent {
            assert!(receiver.received().iter().all(|one| !one.is_taken), "nothing was taken yet");
        }
        receiver.behave(Manner::Status(200));
        server.start_again().await;
        eventually("everything that was answered is delivered", async || {
            let taken = receiver.received().into_iter().filter(|one| one.is_taken);
            let told: BTreeSet<String> =
                taken.map(|one| text(&one.body["data"]["message_id"]).to_owned()).collect();
            answered.is_subset(&told).then_some(())
        })
        .await;
    }
    // What came twice is known by its id, and is the same.
    let mut bodies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in receiver.received() {
        bodies.entry(text(&one.body["id"]).to_owned()).or_default().insert(one.raw);
    }
    assert!(bodies.values().all(|bodies| bodies.len() == 1));
    let messages: Vec<String> = bodies
        .values()
        .flatten()
        .map(|raw| serde_json::from_str::<Value>(raw).unwrap())
        .map(|body| format!("{} {}", body["event"], body["data"]["message_id"]))
        .collect();
    let different: BTreeSet<&String> = messages.iter().collect();
    assert_eq!(different.len(), messages.len(), "one event per change, whatever died");
}

async fn what_was_not_taken_is_sent_again_by_itself_and_by_hand(database: Database) {
    let (_server, admin) = start(&database).await;
    let receiver = Receiver::start(Manner::Status(500)).await;
    let (webhook, _) = admin.webhook(&receiver, &["message_received"]).await;
    let early = text(&admin.get(&webhook).expect(200).await["criado_em"]).to_owned();
    admin.receive(&customer_number(1), "oi", "m1").await;
    let failed = eventually("the first attempt has failed", async || {
        admin.deliveries(&webhook).await.into_iter().find(|one| one["tentativas"] == 1)
    })
    .await;
    assert_eq!((&failed["situacao"], &failed["status_http"]), (&json!("pendente"), &json!(500)));
    assert_eq!(
        (&failed["erro"], &failed["resposta"]),
        (&json!("Respondeu 500."), &json!("recebido"))
    );
    receiver.behave(Manner::Status(200));
    let done = eventually("the second attempt is taken", async || {
        let all = admin.deliveries(&webhook).await;
        all.into_iter().find(|one| one["situacao"] == "entregue")
    })
    .await;
    assert_eq!(done["tentativas"], 2);
    let one = format!("{webhook}entregas/{}/", id(&done));
    let detail = admin.get(&one).expect(200).await;
    assert_eq!(detail["corpo"], receiver.received()[0].raw.as_str());

    let again = admin.post(&format!("{one}reenviar/"), json!({})).expect(200).await;
    assert_eq!((&again["evento_id"], &again["reenvios"]), (&done["evento_id"], &json!(1)));
    eventually("it is sent again", async || (receiver.received().len() == 3).then_some(())).await;
    // Somebody who comes later is told of the past when he asks for it.
    let late = Receiver::start(Manner::Status(200)).await;
    let (other, secret) = admin.webhook(&late, &["message_received"]).await;
    let count = admin.post(&format!("{other}reenviar/"), json!({"de": early})).expect(200).await;
    assert_eq!(count, json!({"reenviadas": 1}));
    let told = taken(&late, "message_received").await;
    assert_eq!(told.body["id"], done["evento_id"]);
    assert!(told.is_signed_with(&secret));

    // A new secret: both sign, until the old one's time is over.
    let rotated = admin.post(&format!("{other}segredo/"), json!({"horas": 1})).expect(200).await;
    let new = text(&rotated["segredo"]).to_owned();
    let ping = admin.post(&format!("{other}ping/"), json!({})).expect(200).await;
    assert_eq!((&ping["entregue"], &ping["status_http"]), (&json!(true), &json!(200)));
    let told = taken(&late, "ping").await;
    assert_eq!(told.signatures().len(), 2);
    assert!(told.is_signed_with(&secret) && told.is_signed_with(&new));
    admin.post(&format!("{other}segredo/"), json!({"horas": 0})).expect(200).await;
    late.behave(Manner::Status(503));
    let ping = admin.post(&format!("{other}ping/"), json!({})).expect(200).await;
    assert_eq!((&ping["entregue"], &ping["erro"]), (&json!(false), &json!("Respondeu 503.")));
    let told = late.received().pop().unwrap();
    assert_eq!(told.signatures().len(), 1);
    assert!(!told.is_signed_with(&secret) && !told.is_signed_with(&new));
    let shown = admin.get(&other).expect(200).await;
    assert_eq!(shown["falhas_seguidas"], 0, "a test says nothing of how it is doing");
}

async fn a_receiver_that_fails_is_left_in_peace_and_managers_hear_of_it(database: Database) {
    let (server, admin) = start(&database).await;
    let support = admin.department("Suporte").await;
    let manager = admin.create_agent("gil", "gerente", &[]).await;
    let agent = admin.create_agent("ana", "atendente", &[support]).await;
    let mut office = Socket::connect(&server, &manager).await;
    let mut desk = Socket::connect(&server, &agent).await;
    let receiver = Receiver::start(Manner::Status(500)).await;
    let (webhook, _) = manager.webhook(&receiver, &["message_received"]).await;
    for n in 0..7 {
        admin.receive(&customer_number(n), "oi", &format!("m{n}")).await;
    }
    let told = office.next_event("webhook_failing").await;
    assert_eq!((&told["nome"], &told["motivo"]), (&json!("CRM"), &json!("falhas")));
    assert_eq!(told["falhas_seguidas"], 5);
    assert!(told["pausado_ate"].is_string());
    desk.expect_no("webhook_failing").await;
    eventually("two of them were not even tried", async || {
        let shown = manager.get(&webhook).expect(200).await;
        let counts = (&shown["pendentes"], &shown["em_nova_tentativa"]);
        (counts == (&json!(7), &json!(5))).then_some(())
    })
    .await;
    assert_eq!(receiver.received().len(), 5);
    receiver.behave(Manner::Status(200));
    let back = manager.post(&format!("{webhook}reativar/"), json!({})).expect(200).await;
    assert_eq!((&back["falhas_seguidas"], &back["pausado_ate"]), (&json!(0), &Value::Null));
    eventually("everything is delivered at once", async || {
        (receiver.taken("message_received").len() == 7).then_some(())
    })
    .await;
    let ids = receiver.taken("message_received");
    let ids: Vec<&str> = ids.iter().map(|one| text(&one.body["data"]["message_id"])).collect();
    assert_eq!(ids, ["m0", "m1", "m2", "m3", "m4", "m5", "m6"], "in their order");

    receiver.behave(Manner::Status(410));
    admin.receive(&customer_number(8), "oi", "m8").await;
    let told = office.next_event("webhook_failing").await;
    assert_eq!(told["motivo"], "removido");
    let shown = manager.get(&webhook).expect(200).await;
    assert_eq!((&shown["ativo"], &shown["desistencias"]), (&json!(false), &json!(1)));
    agent.get(&webhook).expect_failure(403).await;
    let receiver_of_ana = json!({"nome": "x", "url": receiver.url(), "eventos": ["new_chat"]});
    agent.post(WEBHOOKS, receiver_of_ana).expect_failure(403).await;
}

#[tokio::test]
async fn private_addresses_are_refused_unless_they_are_allowed() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let receiver = Receiver::start(Manner::Status(200)).await;
    let port = receiver.url().rsplit(':').next().unwrap().to_owned();
    let urls = [
        receiver.url().to_owned(),
        format!("https://127.0.0.1:{port}"),
        format!("https://localhost:{port}"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[::ffff:10.0.0.1]/".to_owned(),
    ];
    for url in urls {
        let body = json!({"nome": "CRM", "url": url, "eventos": ["new_chat"]});
        admin.post(WEBHOOKS, body).expect_invalid("url").await;
    }
    assert!(receiver.received().is_empty());
}

/// The example of the documentation, as it is written there, checks what the server really sends.
#[tokio::test]
async fn the_documented_check_accepts_what_is_sent_and_nothing_else() {
    let guide = include_str!("../../docs/API.md");
    let (_, example) = guide.split_once("```python\nimport hashlib").expect("the example");
    let (example, _) = example.split_once("```").expect("its end");
    let (_server, admin) = start(&Database::Sqlite).await;
    let receiver = Receiver::start(Manner::Status(200)).await;
    let (webhook, secret) = admin.webhook(&receiver, &["new_chat"]).await;
    admin.post(&format!("{webhook}ping/"), json!({})).expect(200).await;
    let told = taken(&receiver, "ping").await;
    let program = format!(
        "import hashlib{example}\n\
         import json, sys\n\
         header, secret, body = json.load(sys.stdin)\n\
         body = body.encode()\n\
         assert is_from_dx_connect(header, body, [secret])\n\
         assert is_from_dx_connect(header, body, ['outro', secret])\n\
         assert not is_from_dx_connect(header, body, ['outro'])\n\
         assert not is_from_dx_connect(header, body + b' ', [secret])\n\
         old = header.replace('t=', 't=1')\n\
         assert not is_from_dx_connect(old, body, [secret])\n\
         assert not is_from_dx_connect('', body, [secret])\n\
         print('ok')"
    );
    let child = Command::new("python3")
        .args(["-c", &program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        let is_required = std::env::var("DX_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
        assert!(!is_required, "DX_REQUIRE_TOOLS=1, but there is no python3");
        eprintln!("skipped: missing [\"python3\"]");
        return;
    };
    let facts = json!([told.header("X-DX-Signature"), secret, told.raw]).to_string();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(facts.as_bytes()).await.unwrap();
    drop(pipe);
    let output = child.wait_with_output().await.unwrap();
    let (out, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(out.trim(), "ok", "{error}");
}
