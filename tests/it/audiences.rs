//! Who is told of what, and who is not: every event of a chat's life against every kind of person, on
//! real sockets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket, eventually, on_both_databases,
    wire::{CHATS, customer_number},
};

on_both_databases!(
    each_event_reaches_whom_it_should_and_nobody_else,
    a_cut_at_any_event_is_made_good,
);

type Sockets = BTreeMap<&'static str, Socket>;
type Heard = BTreeMap<String, BTreeSet<&'static str>>;

/// One of each: who owns the chat, who watches over it, who has nothing to do with it.
const PEOPLE: [(&str, &str, &[&str]); 9] = [
    ("gerente", "gerente", &[]),
    ("sup", "supervisor", &["Vendas"]),
    ("sup_fora", "supervisor", &["Suporte"]),
    ("dona", "atendente", &["Vendas"]),
    ("colega", "atendente", &["Vendas"]),
    ("destino", "atendente", &["Vendas"]),
    ("fora", "atendente", &["Suporte"]),
    ("solto", "atendente", &[]),
    ("saiu", "atendente", &["Vendas"]),
];

struct Office {
    server: Server,
    admin: Client,
    people: BTreeMap<&'static str, Client>,
    sales: i64,
}

impl Office {
    async fn open(database: &Database) -> Self {
        let server = Server::start(database).await;
        let admin = server.admin().await;
        let support = admin.department("Suporte").await;
        let sales = admin.create_department("Vendas", 5, &[]).await;
        let mut people = BTreeMap::new();
        for (name, role, departments) in PEOPLE {
            let ids: Vec<i64> = departments
                .iter()
                .map(|department| if *department == "Vendas" { sales } else { support })
                .collect();
            people.insert(name, admin.create_agent(name, role, &ids).await);
        }
        Self { server, admin, people, sales }
    }

    async fn connect_all(&self) -> Sockets {
        let mut sockets = Sockets::new();
        for (name, person) in &self.people {
            sockets.insert(*name, Socket::connect(&self.server, person).await);
        }
        sockets.insert("admin", Socket::connect(&self.server, &self.admin).await);
        sockets
    }

    fn person(&self, name: &str) -> &Client {
        &self.people[name]
    }
}

/// Which people heard of which event of this chat since the last call.
async fn heard(sockets: &mut Sockets, chat: &str) -> Heard {
    let mut heard = Heard::new();
    for (name, socket) in sockets.iter_mut() {
        for frame in socket.events_until_now().await {
            if frame["data"]["chat_id"] == chat {
                let event = frame["event"].as_str().unwrap_or_default().to_owned();
                heard.entry(event).or_default().insert(*name);
            }
        }
    }
    heard
}

fn check(heard: &Heard, expected: &[(&str, &[&'static str])]) {
    for (event, names) in expected {
        let names: BTreeSet<_> = names.iter().copied().collect();
        let told = heard.get(*event).cloned().unwrap_or_default();
        assert_eq!(told, names, "{event}; all: {heard:#?}");
    }
    let known: BTreeSet<_> = expected.iter().map(|(event, _)| *event).collect();
    let unknown: Vec<_> = heard.keys().filter(|event| !known.contains(event.as_str())).collect();
    assert!(unknown.is_empty(), "not in the table: {unknown:?}");
}

async fn each_event_reaches_whom_it_should_and_nobody_else(database: Database) {
    let office = Office::open(&database).await;
    let Office { admin, sales, .. } = &office;
    let mut sockets = office.connect_all().await;
    let path = format!("/api/v1/agents/{}/", office.person("saiu").id);
    admin.patch(&path, json!({"is_active": false})).expect(200).await;
    assert_eq!(sockets.remove("saiu").unwrap().close_code().await, 4001);

    // Nobody has it: the department, who watches over it, and whoever is in no department.
    let chat = customer_number(1);
    admin.enqueue(*sales, &chat, "normal").await;
    // Getting to know the customer made events in the default department; they are not meant here.
    heard(&mut sockets, &chat).await;
    admin.receive(&chat, "Oi", "m1").await;
    let waiting: &[&str] = &["admin", "colega", "destino", "dona", "gerente", "solto", "sup"];
    let members: &[&str] = &["colega", "destino", "dona", "sup"];
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("message_received", waiting), ("new_message", members)]);

    // Somebody has it: she, and who watches over her.
    office.person("dona").accept(&chat).await;
    let owned: &[&str] = &["admin", "dona", "gerente", "sup"];
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("chat_accepted", waiting), ("chat_assigned", owned)]);
    admin.receive(&chat, "Tudo bem?", "m2").await;
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("message_received", owned), ("new_message", &["dona"])]);

    // She types: not to herself.
    let typing = json!({"chat_id": chat});
    office.person("dona").post("/api/v1/typing/", typing).expect(200).await;
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("typing_start", &["admin", "gerente", "sup"])]);

    // Handed over: both, and who watches over them.
    let body = json!({"atendente_destino_id": office.person("destino").id, "motivo": "troca"});
    office.person("dona").post(&format!("{CHATS}{chat}/transferir/"), body).expect(200).await;
    let both: &[&str] = &["admin", "destino", "dona", "gerente", "sup"];
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("chat_transferred", both), ("typing_stop", &[])]);

    // Into another department: the old one hears that it left, the new one that it came.
    let support = admin.department("Suporte").await;
    let body = json!({"departamento_destino_id": support, "motivo": "suporte"});
    office.person("destino").post(&format!("{CHATS}{chat}/transferir/"), body).expect(200).await;
    let everybody: &[&str] =
        &["admin", "colega", "destino", "dona", "fora", "gerente", "solto", "sup", "sup_fora"];
    check(&heard(&mut sockets, &chat).await, &[("chat_transferred", everybody)]);

    // Closed: the department it is in.
    office.person("fora").accept(&chat).await;
    heard(&mut sockets, &chat).await;
    office.person("fora").close_chat(&chat).await;
    let there: &[&str] = &["admin", "fora", "gerente", "solto", "sup_fora"];
    check(&heard(&mut sockets, &chat).await, &[("chat_closed", there)]);
}

/// A chat's life as the sup's client sees it; each cut of the connection leaves it with the same state.
async fn a_cut_at_any_event_is_made_good(database: Database) {
    let office = Office::open(&database).await;
    let Office { server, admin, sales, .. } = &office;
    let sup = office.person("sup");
    let mut whole = Socket::connect(server, sup).await;
    let (epoch, start) = (whole.epoch.clone(), whole.seq);
    for n in 1..=3 {
        let chat = customer_number(n);
        admin.enqueue(*sales, &chat, "normal").await;
        admin.receive(&chat, "Oi", &format!("m{n}")).await;
        office.person("dona").accept(&chat).await;
    }
    office.person("dona").close_chat(&customer_number(2)).await;
    // The counters of the queue are told a moment later.
    eventually("nothing more comes", async || {
        let queue = admin.get(&format!("/api/v1/atendimento/departamentos/{sales}/")).expect(200);
        (queue.await["total_em_fila"] == 0).then_some(())
    })
    .await;
    whole.events_until_now().await;
    let last = whole.seq;
    assert!(last > start + 10, "{start}..{last}");
    let told: Vec<Value> =
        whole.frames.iter().filter(|frame| frame["seq"].is_u64()).cloned().collect();
    for cut in start..=last {
        let mut back = Socket::resume(server, sup, &epoch, cut).await;
        let resumed = back.next_event("resumed").await;
        assert_eq!(resumed["recovered"], true, "after {cut}");
        let replayed: Vec<&Value> = back
            .frames
            .iter()
            .filter(|frame| frame["seq"].as_u64().is_some_and(|seq| seq <= last))
            .collect();
        let missed: Vec<&Value> =
            told.iter().filter(|frame| frame["seq"].as_u64() > Some(cut)).collect();
        assert_eq!(replayed, missed, "after {cut}");
        back.close().await;
    }
    let mut stale = Socket::resume(server, sup, &epoch, last + 1000).await;
    assert_eq!(stale.next_event("resumed").await["recovered"], false);
}
