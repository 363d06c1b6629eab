//! Coming back without a hole: a whole client, whose screen is made of what it loaded once and of events, is
//! held against what the server says.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::http::Method;
use bytes::Bytes;
use dx_actors::{
    Audience, HubEvent,
    domain::{AgentId, Device, SessionId},
    presence::outbox::{
        Attached, HISTORY_AGE_MAX, HISTORY_EVENTS_MAX, OutFrame, Outbox, ResumeFrom,
    },
    testing::eventually,
};
use serde_json::{Value, json};

use super::testing::{CHATS, DEPARTMENTS, Office, QUEUES, number};
use crate::test_support::TestApp;

/// A chat as a client shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Chat {
    ticket: Value,
    status: Value,
    agent: Value,
    department: Value,
    tags: Value,
    unread: Value,
    /// By id: text and status.
    messages: BTreeMap<String, (Value, Value)>,
    notes: BTreeMap<i64, Value>,
}

/// All that a client shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Screen {
    chats: BTreeMap<String, Chat>,
    /// By person: status, and whether a connection may come back.
    presence: BTreeMap<i64, (Value, Value)>,
    waiting: Value,
}

impl Screen {
    /// What the server says over HTTP.
    async fn load(office: &Office, who: AgentId) -> Self {
        let mut screen = Self::default();
        for row in office.read(who, CHATS).await.as_array().unwrap() {
            let chat_id = row["chat_id"].as_str().unwrap().to_owned();
            let chat = Self::load_chat(office, who, &chat_id, row).await;
            screen.chats.insert(chat_id, chat);
        }
        for row in
            office.read(who, "/api/v1/presence/?page_size=100").await["results"].as_array().unwrap()
        {
            let state = (row["status"].clone(), row["reconectando"].clone());
            screen.presence.insert(row["agent"].as_i64().unwrap(), state);
        }
        let path = format!("{DEPARTMENTS}{}/", office.sales);
        screen.waiting = office.read(who, &path).await["total_em_fila"].clone();
        screen
    }

    async fn load_chat(office: &Office, who: AgentId, chat_id: &str, row: &Value) -> Chat {
        let mut chat = Chat {
            ticket: row["atendimento_id"].clone(),
            status: row["status"].clone(),
            agent: row["atendente_id"].clone(),
            department: row["departamento_id"].clone(),
            tags: row["etiquetas"].clone(),
            unread: row["mensagens_nao_lidas"].clone(),
            ..Chat::default()
        };
        let path = format!("{CHATS}{chat_id}/messages/?page_size=200");
        for message in office.read(who, &path).await["results"].as_array().unwrap() {
            let id = message["message_id"].as_str().unwrap().to_owned();
            let shown = (message["text_content"].clone(), message["status"].clone());
            chat.messages.insert(id, shown);
        }
        let path = format!("{CHATS}{chat_id}/notas/?page_size=200");
        for note in office.read(who, &path).await["results"].as_array().unwrap() {
            chat.notes.insert(note["id"].as_i64().unwrap(), note["texto"].clone());
        }
        chat
    }

    /// Follows one event; the chat that has to be loaded because it came from elsewhere.
    fn follow(&mut self, frame: &Value, sales: i64) -> Option<String> {
        let (event, data) = (frame["event"].as_str().unwrap(), &frame["data"]);
        match event {
            "agent_presence_changed" => {
                let state = (data["status"].clone(), data["reconectando"].clone());
                self.presence.insert(data["agent_id"].as_i64().unwrap(), state);
                return None;
            }
            "queue_changed" => {
                if data["departamento_id"] == sales {
                    self.waiting = data["aguardando"].clone();
                }
                return None;
            }
            _ => {}
        }
        let chat_id = data["chat_id"].as_str()?.to_owned();
        if event == "new_chat" {
            let chat = Chat {
                ticket: data["atendimento_id"].clone(),
                status: json!("aguardando"),
                department: data["departamento_id"].clone(),
                tags: json!([]),
                unread: json!(0),
                ..Chat::default()
            };
            self.chats.insert(chat_id, chat);
            return None;
        }
        let has_left = ["departamento_id", "departamento_destino_id"]
            .iter()
            .any(|key| data[*key].as_i64().is_some_and(|id| id != sales));
        if has_left || ["chat_closed", "chat_auto_closed"].contains(&event) {
            self.chats.remove(&chat_id);
            return None;
        }
        let has_come = ["chat_transferred", "chat_overflowed", "chat_requeued"];
        match self.chats.get_mut(&chat_id) {
            Some(chat) => chat.follow(event, data),
            None if has_come.contains(&event) => return Some(chat_id),
            None => {}
        }
        None
    }
}

impl Chat {
    fn follow(&mut self, event: &str, data: &Value) {
        match event {
            "message_received" => {
                let id = data["message_id"].as_str().unwrap().to_owned();
                let shown = (data["message"].clone(), json!("delivered"));
                if self.messages.insert(id, shown).is_none() {
                    self.unread = json!(self.unread.as_i64().unwrap() + 1);
                }
            }
            "message_sent" => {
                let id = data["message_id"].as_str().unwrap().to_owned();
                self.messages.insert(id, (data["message"].clone(), data["status"].clone()));
            }
            "message_status" => {
                if let Some(known) = self.messages.get_mut(data["message_id"].as_str().unwrap()) {
                    known.1 = data["status"].clone();
                }
            }
            "chat_read" => self.unread = data["mensagens_nao_lidas"].clone(),
            "chat_accepted" => {
                self.status = data["status"].clone();
                self.agent = data["atendente_id"].clone();
            }
            "chat_assigned" => {
                self.status = json!("em_atendimento");
                self.agent = data["atendente_id"].clone();
            }
            "chat_transferred" => {
                self.agent = data["atendente_destino_id"].clone();
                if self.agent.is_null() {
                    self.status = json!("aguardando");
                }
            }
            "chat_requeued" => {
                self.agent = Value::Null;
                self.status = json!("aguardando");
            }
            "chat_tags_changed" => self.tags = data["etiquetas"].clone(),
            "note_added" => {
                self.notes.insert(data["id"].as_i64().unwrap(), data["texto"].clone());
            }
            "note_removed" => {
                self.notes.remove(&data["id"].as_i64().unwrap());
            }
            _ => {}
        }
    }
}

/// A tab: its socket, its position, and its screen.
struct Tab {
    who: AgentId,
    outbox: Arc<Outbox>,
    epoch: String,
    seq: u64,
    screen: Screen,
    /// What it was told, for cutting it later.
    told: Vec<(u64, Value)>,
}

impl Tab {
    async fn open(office: &Office, who: AgentId) -> Self {
        let mut tab = Self {
            who,
            outbox: Arc::default(),
            epoch: String::new(),
            seq: 0,
            screen: Screen::default(),
            told: Vec::new(),
        };
        tab.connect(office, None);
        tab.screen = Screen::load(office, who).await;
        tab
    }

    /// A socket, fresh or after the position; whether nothing is missing.
    fn connect(&mut self, office: &Office, from: Option<&ResumeFrom>) -> bool {
        let outboxes = office.app.state.hub.outboxes();
        self.outbox = Arc::default();
        let mut attached = None;
        outboxes.attach(self.who, &self.outbox, from, |how| {
            attached = Some(how);
            Bytes::new()
        });
        office.app.state.hub.presence().socket_opened(self.who, Device::default());
        self.epoch = outboxes.epoch().to_owned();
        match attached.unwrap() {
            Attached::Resumed { recovered: true, missed, seq } => {
                assert_eq!(self.seq + missed, seq);
                true
            }
            Attached::Connected { seq } | Attached::Resumed { recovered: false, seq, .. } => {
                self.seq = seq;
                false
            }
        }
    }

    fn cut(&self, office: &Office) {
        office.app.state.hub.outboxes().detach(self.who, &self.outbox);
        office.app.state.hub.presence().socket_closed(self.who, Device::default());
    }

    /// Comes back as the protocol says: the missed events, or everything anew.
    async fn come_back(&mut self, office: &Office) -> bool {
        let position = ResumeFrom::Position { epoch: self.epoch.clone(), seq: self.seq };
        let recovered = self.connect(office, Some(&position));
        if !recovered {
            self.screen = Screen::load(office, self.who).await;
        }
        recovered
    }

    /// Handles what has come.
    async fn read(&mut self, office: &Office) {
        let taken = self.outbox.take();
        assert_eq!(taken.close, None);
        for frame in taken.frames {
            let OutFrame::Event { body, seq, .. } = frame else { continue };
            assert_eq!(seq, self.seq + 1, "no hole, no repeat");
            self.seq = seq;
            let text = format!("{}}}", String::from_utf8(body.to_vec()).unwrap());
            let frame: Value = serde_json::from_str(&text).unwrap();
            if let Some(chat_id) = self.screen.follow(&frame, office.sales.0) {
                self.load_one(office, &chat_id).await;
            }
            self.told.push((seq, frame));
        }
    }

    async fn load_one(&mut self, office: &Office, chat_id: &str) {
        let rows = office.read(self.who, CHATS).await;
        let row = rows.as_array().unwrap().iter().find(|row| row["chat_id"] == chat_id);
        if let Some(row) = row {
            let chat = Screen::load_chat(office, self.who, chat_id, row).await;
            self.screen.chats.insert(chat_id.to_owned(), chat);
        }
    }

    /// Reads until it shows what the server says; what is under way arrives meanwhile.
    async fn agrees(&mut self, office: &Office) {
        let give_up = std::time::Instant::now() + Duration::from_secs(10);
        loop {
            self.read(office).await;
            let server = Screen::load(office, self.who).await;
            if self.screen == server {
                return;
            }
            if std::time::Instant::now() > give_up {
                assert_eq!(self.screen, server);
            }
            tokio::task::yield_now().await;
        }
    }
}

/// An office whose number is ready; the hub says nothing to customers by itself.
async fn office() -> Office {
    let office = Office::open().await;
    ready(&office).await;
    office
}

async fn ready(office: &Office) {
    let hub = &office.app.state.hub;
    hub.sessions().start(SessionId(1)).await.unwrap();
    eventually(async || hub.sessions().is_ready(SessionId(1))).await;
}

/// One step of a story with everything that a screen shows.
async fn step(office: &Office, step: usize) {
    let chat = number(step / 12 + 1);
    let path = |what: &str| format!("{CHATS}{chat}/{what}/");
    let ok = async |who: AgentId, method: Method, path: &str, body: Value| {
        let answer = office.call(who, method, path, body).await;
        assert!(answer.status < 300, "{path}: {}", answer.text);
        answer.json()
    };
    match step % 12 {
        0 => drop(office.enqueue(&chat, "alta").await),
        1 => office.receive(&chat, &format!("a{step}"), "Oi").await,
        2 => drop(ok(office.ana, Method::POST, &path("aceitar"), json!({})).await),
        3 => drop(ok(office.ana, Method::POST, &path("notas"), json!({"texto": "nota"})).await),
        4 => {
            let tags = json!({"etiquetas": ["vip"]});
            ok(office.ana, Method::PUT, &path("etiquetas"), tags).await;
        }
        5 => {
            let body = json!({"to": chat, "type": "text", "text": "Pois não?"});
            ok(office.ana, Method::POST, "/api/v1/whatsapp/send/", body).await;
        }
        6 => office.receive(&chat, &format!("b{step}"), "Preciso de ajuda").await,
        7 => drop(ok(office.supervisor, Method::POST, &path("lido"), json!({})).await),
        8 => {
            let to = if step.is_multiple_of(8) { office.others } else { office.sales };
            let body = json!({"departamento_destino_id": to.0, "motivo": "troca"});
            ok(office.ana, Method::POST, &path("transferir"), body).await;
        }
        9 => office.receive(&chat, &format!("c{step}"), "Alguém?").await,
        10 => {
            let status = ["busy", "away", "offline"][step / 12 % 3];
            let body = json!({ "status": status });
            ok(office.bia, Method::POST, "/api/v1/presence/set-status/", body).await;
        }
        _ => {
            let manager = office.manager;
            let rows = office.read(manager, &format!("{QUEUES}?aguardando=true")).await;
            let rows = rows["results"].as_array().unwrap();
            let row = rows.iter().find(|row| row["chat_id"] == chat.as_str());
            if let Some(row) = row.filter(|row| row["departamento"] == office.others.0) {
                let path = format!("{QUEUES}{}/mover/", row["id"]);
                ok(manager, Method::POST, &path, json!({"departamento": office.sales.0})).await;
            } else {
                ok(manager, Method::POST, &path("encerrar"), json!({})).await;
            }
        }
    }
}

const STEPS: usize = 36;

#[tokio::test]
async fn a_client_cut_at_any_event_shows_what_the_server_says() {
    let office = office().await;
    let mut tab = Tab::open(&office, office.supervisor).await;
    let (start, before) = (tab.seq, tab.screen.clone());
    // Two chats are enough: what is replayed is loaded anew for each cut.
    for n in 0..STEPS / 3 * 2 {
        step(&office, n).await;
        tab.read(&office).await;
    }
    tab.agrees(&office).await;
    assert!(tab.seq > start + 25, "a story with something in it: {}", tab.seq - start);
    let (last, server) = (tab.seq, Screen::load(&office, tab.who).await);
    for cut in start..=last {
        let mut back = Tab {
            who: tab.who,
            outbox: Arc::default(),
            epoch: tab.epoch.clone(),
            seq: cut,
            screen: before.clone(),
            told: Vec::new(),
        };
        for (_, frame) in tab.told.iter().filter(|(seq, _)| *seq <= cut) {
            if let Some(chat_id) = back.screen.follow(frame, office.sales.0) {
                let loaded = server.chats.get(&chat_id).map(|chat| (chat_id, chat.clone()));
                back.screen.chats.extend(loaded);
            }
        }
        assert!(back.come_back(&office).await, "after {cut}");
        back.read(&office).await;
        // What the hub tells by itself (counters) may go on meanwhile.
        assert!(back.seq >= last, "cut after {cut}: {} of {last}", back.seq);
        assert_eq!(back.screen, server, "cut after {cut}");
        back.cut(&office);
    }
}

#[tokio::test]
async fn a_second_tab_that_flickers_shows_what_the_first_shows() {
    let office = office().await;
    let mut steady = Tab::open(&office, office.supervisor).await;
    let mut flickering = Tab::open(&office, office.supervisor).await;
    for n in 0..STEPS {
        match n % 3 {
            0 => flickering.cut(&office),
            1 => {}
            _ => assert!(flickering.come_back(&office).await, "step {n}"),
        }
        step(&office, n).await;
        steady.read(&office).await;
        if n % 3 == 2 {
            flickering.read(&office).await;
        }
    }
    steady.agrees(&office).await;
    flickering.agrees(&office).await;
    assert_eq!((steady.seq, &steady.screen), (flickering.seq, &flickering.screen));
}

#[tokio::test]
async fn a_laptop_that_sleeps_gets_everything_or_is_told_that_it_does_not() {
    let office = office().await;
    let mut tab = Tab::open(&office, office.supervisor).await;
    step(&office, 0).await;
    tab.agrees(&office).await;
    // Ten minutes.
    tab.cut(&office);
    for n in 1..11 {
        office.app.clock.advance(Duration::from_mins(1));
        step(&office, n).await;
    }
    assert!(tab.come_back(&office).await);
    tab.agrees(&office).await;
    // Longer than the history.
    tab.cut(&office);
    step(&office, 12).await;
    office.app.clock.advance(HISTORY_AGE_MAX + Duration::from_secs(1));
    step(&office, 13).await;
    assert!(!tab.come_back(&office).await, "the first of them is forgotten");
    tab.agrees(&office).await;
    step(&office, 14).await;
    tab.agrees(&office).await;
    // A quiet night is no hole: nothing was missed.
    tab.cut(&office);
    tab.agrees(&office).await;
}

#[tokio::test]
async fn more_events_than_the_history_holds_are_not_passed_over_in_silence() {
    let office = office().await;
    let mut tab = Tab::open(&office, office.supervisor).await;
    step(&office, 0).await;
    step(&office, 1).await;
    step(&office, 2).await;
    tab.agrees(&office).await;
    tab.cut(&office);
    step(&office, 3).await;
    let hub = &office.app.state.hub;
    for _ in 0..=HISTORY_EVENTS_MAX {
        let (chat_id, from, at) = (number(1), "ana".to_owned(), hub.clock().now());
        let typing = HubEvent::TypingStarted { chat_id, from, at };
        hub.outboxes().publish(&Audience::Everyone, typing);
    }
    assert!(!tab.come_back(&office).await);
    tab.agrees(&office).await;
    step(&office, 4).await;
    tab.agrees(&office).await;
}

#[tokio::test]
async fn a_restart_is_told_and_nothing_is_mixed_up() {
    let mut office = office().await;
    let mut tab = Tab::open(&office, office.supervisor).await;
    for n in 0..8 {
        step(&office, n).await;
    }
    tab.agrees(&office).await;
    office.app = TestApp::restarted(office.app).await;
    eventually(async || office.app.state.hub.sessions().is_ready(SessionId(1))).await;
    for n in 8..10 {
        step(&office, n).await;
    }
    assert!(!tab.come_back(&office).await, "another run of the hub");
    tab.agrees(&office).await;
    for n in 10..14 {
        step(&office, n).await;
    }
    tab.agrees(&office).await;
}
