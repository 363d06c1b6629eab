//! Who is told of what, and who is not: every event of a chat's life against every kind of person, on
//! real sockets.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{id, list},
    eventually, on_both_databases,
    wire::{CHATS, DEPARTMENTS, TICKETS, customer_number},
};

on_both_databases!(
    each_event_reaches_whom_it_should_and_nobody_else,
    offers_are_between_the_hub_and_who_is_asked,
    what_waits_is_the_department_s_business,
    what_is_noted_and_read_stays_with_who_may_read,
    ticks_go_to_the_sender_wherever_the_chat_is,
    codes_to_scan_follow_the_right,
    a_cut_at_any_event_is_made_good,
);

/// Who sees a chat of `Vendas` that nobody has, and who one that `dona` has.
const WAITING: &[&str] = &["admin", "colega", "destino", "dona", "gerente", "solto", "sup"];
const OF_DONA: &[&str] = &["admin", "dona", "gerente", "sup"];
const OF_COLEGA: &[&str] = &["admin", "colega", "gerente", "sup"];
const EVERYBODY: &[&str] =
    &["admin", "colega", "destino", "dona", "fora", "gerente", "solto", "sup", "sup_fora"];

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

    /// Everybody on a socket but `saiu`, who has just been deactivated, and a manager by whom it is seen that an
    /// event is being told.
    async fn everybody(&self) -> (Sockets, Socket) {
        let mut sockets = self.connect_all().await;
        let path = format!("/api/v1/agents/{}/", self.person("saiu").id);
        self.admin.patch(&path, json!({"is_active": false})).expect(200).await;
        assert_eq!(sockets.remove("saiu").unwrap().close_code().await, 4001);
        let last = self.admin.create_agent("vigia", "gerente", &[]).await;
        let last = Socket::connect(&self.server, &last).await;
        (sockets, last)
    }

    async fn set_rules(&self, rules: Value) {
        let path = format!("{DEPARTMENTS}{}/", self.sales);
        self.admin.patch(&path, rules).expect(200).await;
    }

    /// A customer whom everybody has heard of already, without an open chat.
    async fn known_customer(&self, sockets: &mut Sockets, n: usize) -> String {
        let chat = customer_number(n);
        self.admin.customer_of(&chat).await;
        heard(sockets, &chat).await;
        chat
    }

    /// A chat of `dona` that everybody has heard of already.
    async fn chat_of_dona(&self, sockets: &mut Sockets, n: usize) -> String {
        let chat = customer_number(n);
        self.admin.enqueue(self.sales, &chat, "normal").await;
        self.admin.receive(&chat, "Oi", &format!("m{n}")).await;
        self.person("dona").accept(&chat).await;
        heard(sockets, &chat).await;
        chat
    }

    fn person(&self, name: &str) -> &Client {
        &self.people[name]
    }
}

/// Which people heard of which event of this chat since the last call.
async fn heard(sockets: &mut Sockets, chat: &str) -> Heard {
    heard_where(sockets, |data| data["chat_id"] == chat).await
}

async fn heard_where(sockets: &mut Sockets, is_meant: impl Fn(&Value) -> bool) -> Heard {
    let mut heard = Heard::new();
    // People are told in no order: who is not told yet when the first round begins is by the second one.
    for _round in 0..2 {
        for (name, socket) in sockets.iter_mut() {
            for frame in socket.events_until_now().await {
                if is_meant(&frame["data"]) {
                    let event = frame["event"].as_str().unwrap_or_default().to_owned();
                    heard.entry(event).or_default().insert(*name);
                }
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
    let (mut sockets, _) = office.everybody().await;

    // Nobody has it: the department, who watches over it, and whoever is in no department.
    let chat = customer_number(1);
    admin.enqueue(*sales, &chat, "normal").await;
    // Getting to know the customer made events in the default department; they are not meant here.
    heard(&mut sockets, &chat).await;
    admin.receive(&chat, "Oi", "m1").await;
    let waiting = WAITING;
    let members: &[&str] = &["colega", "destino", "dona", "sup"];
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("message_received", waiting), ("new_message", members)]);

    // Somebody has it: she, and who watches over her.
    office.person("dona").accept(&chat).await;
    let owned = OF_DONA;
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
    check(&heard(&mut sockets, &chat).await, &[("chat_transferred", EVERYBODY)]);

    // Closed: the department it is in.
    office.person("fora").accept(&chat).await;
    heard(&mut sockets, &chat).await;
    office.person("fora").close_chat(&chat).await;
    let there: &[&str] = &["admin", "fora", "gerente", "solto", "sup_fora"];
    check(&heard(&mut sockets, &chat).await, &[("chat_closed", there)]);
}

async fn offers_are_between_the_hub_and_who_is_asked(database: Database) {
    let office = Office::open(&database).await;
    let (mut sockets, mut last) = office.everybody().await;
    let offers = json!({"modo_atribuicao": "oferta", "oferta_segundos": 600});
    office.set_rules(offers).await;
    let chat = office.known_customer(&mut sockets, 1).await;
    office.person("dona").set_status("online").await;
    office.admin.enqueue(office.sales, &chat, "normal").await;
    last.next_event("chat_offered").await;
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("new_chat", WAITING), ("chat_offered", OF_DONA)]);
    // While she is asked, nobody else may read what the customer writes.
    office.admin.receive(&chat, "Alguém?", "m1").await;
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("message_received", OF_DONA), ("new_message", &["dona"])]);

    // Refused: told to her; the next one is asked, and now only for a second.
    office.set_rules(json!({"oferta_segundos": 1, "ofertas_sem_resposta_max": 1})).await;
    office.person("colega").set_status("online").await;
    let refuse = format!("{CHATS}{chat}/recusar/");
    office.person("dona").post_nothing(&refuse).expect(200).await;
    let ended = last.next_event("chat_offer_ended").await;
    assert_eq!(ended["motivo"], "recusada");
    office.person("dona").set_status("away").await;
    last.next_event("chat_offered").await;
    let ended = last.next_event("chat_offer_ended").await;
    assert_eq!(
        (&ended["motivo"], &ended["atendente_id"]),
        (&json!("sem_resposta"), &json!(office.person("colega").id),)
    );
    let ended: &[&str] = &["admin", "colega", "dona", "gerente", "sup"];
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("chat_offered", OF_COLEGA), ("chat_offer_ended", ended)]);
}

async fn what_waits_is_the_department_s_business(database: Database) {
    let office = Office::open(&database).await;
    let (mut sockets, mut last) = office.everybody().await;
    let chat = office.known_customer(&mut sockets, 1).await;
    let support = office.admin.department("Suporte").await;
    office.admin.enqueue(office.sales, &chat, "normal").await;
    while last.next_event("queue_changed").await["departamento_id"] != office.sales {}
    let of_sales = |data: &Value| data["departamento_id"] == office.sales;
    let counters = |heard: Heard| {
        heard.into_iter().filter(|(event, _)| event == "queue_changed").collect::<Heard>()
    };
    let now = heard_where(&mut sockets, of_sales).await;
    check(&counters(now), &[("queue_changed", WAITING)]);

    // It waits too long: both departments hear where it went.
    let rules = json!({"transbordo_departamento": support, "transbordo_espera_segundos": 1});
    office.set_rules(rules).await;
    last.next_event("chat_overflowed").await;
    check(&heard(&mut sockets, &chat).await, &[("chat_overflowed", EVERYBODY)]);
    office.admin.receive(&chat, "Oi?", "m1").await;
    let there: &[&str] = &["admin", "fora", "gerente", "solto", "sup_fora"];
    let now = heard(&mut sockets, &chat).await;
    // The administrator is a member of it, too.
    let members: &[&str] = &["admin", "fora", "sup_fora"];
    check(&now, &[("message_received", there), ("new_message", members)]);
}

async fn what_is_noted_and_read_stays_with_who_may_read(database: Database) {
    let office = Office::open(&database).await;
    let (mut sockets, _) = office.everybody().await;
    let chat = office.chat_of_dona(&mut sockets, 1).await;
    let dona = office.person("dona");
    let path = |what: &str| format!("{CHATS}{chat}/{what}/");
    let note = dona.post(&path("notas"), json!({"texto": "Prefere ligação"})).expect(201).await;
    check(&heard(&mut sockets, &chat).await, &[("note_added", OF_DONA)]);
    dona.delete(&format!("{}{}/", path("notas"), id(&note))).expect(204).await;
    check(&heard(&mut sockets, &chat).await, &[("note_removed", OF_DONA)]);
    let tags = json!({"etiquetas": ["vip"]});
    dona.request(Method::PUT, &path("etiquetas")).json(&tags).expect(200).await;
    check(&heard(&mut sockets, &chat).await, &[("chat_tags_changed", OF_DONA)]);
    // What one person has read concerns that person's devices only.
    for name in ["dona", "sup", "gerente"] {
        office.person(name).post(&path("lido"), json!({})).expect(200).await;
        check(&heard(&mut sockets, &chat).await, &[("chat_read", &[name])]);
    }
    for name in ["colega", "fora", "solto", "sup_fora"] {
        office.person(name).post(&path("lido"), json!({})).expect_failure(403).await;
    }
    let ticket = id(&dona.chat(&chat).await);
    dona.close_chat(&chat).await;
    heard(&mut sockets, &chat).await;
    let rating = json!({"avaliacao": 5});
    dona.post(&format!("{TICKETS}{ticket}/avaliar/"), rating).expect(200).await;
    check(&heard(&mut sockets, &chat).await, &[("chat_rated", OF_DONA)]);
}

async fn ticks_go_to_the_sender_wherever_the_chat_is(database: Database) {
    let office = Office::open(&database).await;
    office.admin.make_session_ready().await;
    let (mut sockets, mut last) = office.everybody().await;
    let chat = office.chat_of_dona(&mut sockets, 1).await;
    let dona = office.person("dona");
    dona.send_text(&chat, "Pois não?").await;
    while last.next_event("message_status").await["status"] != "read" {}
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("chat_read", OF_DONA), ("message_sent", OF_DONA), ("message_status", OF_DONA)]);

    // The network takes it at the second attempt only; by then the chat waits elsewhere.
    let fault = json!({"falha": "envio_falha"});
    office.admin.post("/api/v1/whatsapp/sandbox/falha/", fault).expect(200).await;
    dona.send_text(&chat, "Vou passar para o suporte").await;
    let support = office.admin.department("Suporte").await;
    let body = json!({"departamento_destino_id": support, "motivo": "suporte"});
    dona.post(&format!("{CHATS}{chat}/transferir/"), body).expect(200).await;
    heard(&mut sockets, &chat).await;
    while last.next_event("message_status").await["status"] != "read" {}
    let there: &[&str] = &["admin", "dona", "fora", "gerente", "solto", "sup_fora"];
    let now = heard(&mut sockets, &chat).await;
    check(&now, &[("message_sent", there), ("message_status", there)]);
}

async fn codes_to_scan_follow_the_right(database: Database) {
    let office = Office::open(&database).await;
    let Office { admin, .. } = &office;
    let rights = admin.get("/api/v1/authz/permissions/").expect(200).await;
    let right = list(&rights).iter().find(|right| right["codename"] == "manage_sessions");
    let body = json!({"name": "Números", "permissions": [id(right.unwrap())]});
    let group = admin.post("/api/v1/authz/groups/", body).expect(201).await;
    let groups = format!("/api/v1/authz/agents/{}/groups/", office.person("colega").id);
    admin.patch(&groups, json!({"group_ids": [id(&group)]})).expect(200).await;
    let (mut sockets, _) = office.everybody().await;
    admin.post_nothing("/api/v1/whatsapp/sessions/start/").expect(202).await;
    // Everybody is told in any order: each waits for the last of them.
    let mut heard = Heard::new();
    for (name, socket) in &mut sockets {
        loop {
            let frame = socket.next_frame().await;
            let event = frame["event"].as_str().unwrap_or_default().to_owned();
            if ["session_status", "qrcode"].contains(&event.as_str()) {
                heard.entry(event).or_default().insert(*name);
            }
            if frame["data"]["status"] == "ready" {
                break;
            }
        }
    }
    let of_right: &[&str] = &["admin", "colega", "gerente"];
    check(&heard, &[("qrcode", of_right), ("session_status", EVERYBODY)]);
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
