//! One story for every kind of number: what an agent sees must not depend on the network behind it.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::support::{
    Client, Database, Server, Socket,
    client::results,
    eventually,
    fake_graph::{Delivery, FakeGraph},
    fake_whatsapp::{Customer, FakeWhatsapp},
    on_both_databases,
    wire::{CHATS, MESSAGES, SEND, TICKETS},
};

const MARIA: &str = "5511999990001";
/// One grey pixel.
const PNG: &[u8] = include_bytes!("support/fake_graph/pixel.png");

on_both_databases!(
    it_is_told_over_the_simulated_network,
    it_is_told_over_the_cloud_api,
    it_is_told_over_whatsapp_web,
);

/// What stands in for a network, as far as the story needs it.
trait Network {
    /// Connects the default number.
    async fn connects(&self, server: &Server, admin: &Client);
    /// The customer writes; the id of the message.
    async fn customer_writes(&self, admin: &Client, said: &str) -> String;
    /// Waits until the customer has got so many messages; the text of the last one, where somebody
    /// can look at the customer's phone.
    async fn customer_gets(&self, count: usize) -> Option<String>;
    /// The customer's phone has the n-th message, and the customer has read it.
    async fn customer_reads(&self, admin: &Client, n: usize);
    /// Waits until the customer is shown that this message was read.
    async fn is_shown_as_read(&self, id: &str);
    /// The number loses its network; what it takes to come back is done.
    async fn is_lost_and_back(&self, admin: &Client);
    /// Nothing was sent that the network would not take.
    fn assert_well_used(&self);
}

async fn the_story(network: &impl Network, server: Server) {
    let admin = server.admin().await;
    network.connects(&server, &admin).await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let support = admin.department("Suporte").await;
    admin.set_members(support, &[ana.id]).await;
    ana.set_status("online").await;
    let mut socket = Socket::connect(&server, &ana).await;

    // A customer writes and is given to whoever is there.
    let said = network.customer_writes(&admin, "Olá, preciso de ajuda").await;
    let received = socket.next_event("message_received").await;
    assert_eq!((&received["chat_id"], &received["message_id"]), (&json!(MARIA), &json!(said)));
    admin.chat_opens(MARIA).await;
    admin.chat_gets_agent(MARIA, ana.id).await;

    // The agent reads, answers, and sees how far the answer comes.
    ana.post_nothing(&format!("{CHATS}{MARIA}/lido/")).expect(200).await;
    network.is_shown_as_read(&said).await;
    let answer = ana.send_text(MARIA, "Bom dia, em que posso ajudar?").await;
    let got = network.customer_gets(1).await;
    assert!(got.is_none_or(|got| got == "Bom dia, em que posso ajudar?"));
    network.customer_reads(&admin, 0).await;
    let row = admin.message_becomes(&answer["database_id"], "read").await;
    for moment in ["sent_at", "read_at"] {
        assert!(row[moment].is_string(), "{moment}: {row}");
    }

    // A file goes out.
    let part = reqwest::multipart::Part::bytes(PNG).file_name("a.png").mime_str("image/png");
    let form = reqwest::multipart::Form::new().part("arquivo", part.expect("a media type"));
    let file = ana.post_nothing("/api/v1/whatsapp/media/").multipart(form).expect(201).await;
    let body = json!({"to": MARIA, "type": "image", "media_file_id": file["file_id"]});
    let picture = ana.post(SEND, body).expect(202).await;
    network.customer_gets(2).await;
    network.customer_reads(&admin, 1).await;
    admin.message_becomes(&picture["database_id"], "read").await;

    // The number is lost and comes back: the same chat goes on.
    network.is_lost_and_back(&admin).await;
    network.customer_writes(&admin, "Ainda está aí?").await;
    admin.has_received(2).await;
    let still = ana.send_text(MARIA, "Estou sim").await;
    let got = network.customer_gets(3).await;
    assert!(got.is_none_or(|got| got == "Estou sim"));
    network.customer_reads(&admin, 2).await;
    admin.message_becomes(&still["database_id"], "read").await;

    // The agent closes, and everything is there once.
    ana.close_chat(MARIA).await;
    let tickets = admin.get(TICKETS).expect(200).await;
    assert_eq!(tickets["count"], 1, "{tickets}");
    assert_eq!(results(&tickets)[0]["atendente"], ana.id, "{tickets}");
    for (direction, count) in [("inbound", 2), ("outbound", 3)] {
        let page = admin.get(&format!("{MESSAGES}?direction={direction}")).expect(200).await;
        assert_eq!(results(&page).len(), count, "{page}");
    }
    network.assert_well_used();
}

/// The simulated network of the hub itself: its customers answer by themselves.
#[derive(Default)]
struct Sandbox {
    written: AtomicUsize,
}

async fn it_is_told_over_the_simulated_network(database: Database) {
    let server = Server::start(&database).await;
    the_story(&Sandbox::default(), server).await;
}

impl Network for Sandbox {
    async fn connects(&self, _: &Server, admin: &Client) {
        admin.make_session_ready().await;
    }

    async fn customer_writes(&self, admin: &Client, said: &str) -> String {
        let id = format!("in-{}", self.written.fetch_add(1, Ordering::Relaxed));
        admin.receive(MARIA, said, &id).await;
        id
    }

    async fn customer_gets(&self, _: usize) -> Option<String> {
        None
    }

    async fn customer_reads(&self, _: &Client, _: usize) {}

    async fn is_shown_as_read(&self, _: &str) {}

    async fn is_lost_and_back(&self, admin: &Client) {
        let before = admin.session_becomes("ready").await;
        let drop = json!({"falha": "queda"});
        admin.post("/api/v1/whatsapp/sandbox/falha/", drop).expect(200).await;
        admin.session_comes_back(&before).await;
    }

    fn assert_well_used(&self) {}
}

struct Cloud {
    graph: FakeGraph,
    written: AtomicUsize,
}

async fn it_is_told_over_the_cloud_api(database: Database) {
    let graph = FakeGraph::start().await;
    let server = graph.hub_on(&database).start().await;
    the_story(&Cloud { graph, written: AtomicUsize::new(0) }, server).await;
}

impl Network for Cloud {
    async fn connects(&self, _: &Server, admin: &Client) {
        admin.make_session_ready().await;
    }

    async fn customer_writes(&self, admin: &Client, said: &str) -> String {
        let id = format!("wamid.in{}", self.written.fetch_add(1, Ordering::Relaxed));
        self.graph.customer_writes(admin, MARIA, &id, said).await;
        id
    }

    async fn customer_gets(&self, count: usize) -> Option<String> {
        let body = self.graph.takes(count).await;
        Some(body["text"]["body"].as_str().unwrap_or_default().to_owned())
    }

    async fn customer_reads(&self, admin: &Client, n: usize) {
        for word in ["sent", "delivered", "read"] {
            Delivery::of(&[], &[self.graph.report(n, word)]).post(admin).await.expect(200);
        }
    }

    async fn is_shown_as_read(&self, id: &str) {
        eventually("the customer is shown that it was read", async || {
            self.graph.marks().iter().any(|mark| mark["message_id"] == id).then_some(())
        })
        .await;
    }

    async fn is_lost_and_back(&self, admin: &Client) {
        self.graph.revoke_tokens(true);
        admin.post_nothing("/api/v1/whatsapp/sessions/1/reconnect/").expect(202).await;
        admin.session_becomes("error").await;
        self.graph.revoke_tokens(false);
        admin.post_nothing("/api/v1/whatsapp/sessions/1/reconnect/").expect(202).await;
        admin.session_becomes("ready").await;
    }

    fn assert_well_used(&self) {
        self.graph.assert_well_used();
    }
}

struct Web {
    fake: FakeWhatsapp,
    maria: Customer,
}

async fn it_is_told_over_whatsapp_web(database: Database) {
    let fake = FakeWhatsapp::start().await;
    let maria = fake.customer(MARIA, "Maria Souza");
    let server = fake.hub_on(&database).start().await;
    the_story(&Web { fake, maria }, server).await;
}

impl Network for Web {
    async fn connects(&self, server: &Server, admin: &Client) {
        self.fake.pair(server, admin).await;
    }

    async fn customer_writes(&self, _: &Client, said: &str) -> String {
        self.maria.says(said).await
    }

    async fn customer_gets(&self, count: usize) -> Option<String> {
        Some(self.maria.receives(count).await.text().to_owned())
    }

    async fn customer_reads(&self, _: &Client, n: usize) {
        let id = &self.maria.taken()[n].id;
        self.maria.got(id);
        self.maria.reads(id);
    }

    async fn is_shown_as_read(&self, id: &str) {
        eventually("the customer is shown that it was read", async || {
            self.fake.read().iter().any(|read| read == id).then_some(())
        })
        .await;
    }

    async fn is_lost_and_back(&self, admin: &Client) {
        let before = admin.session_becomes("ready").await;
        self.fake.drop_connections();
        admin.session_comes_back(&before).await;
    }

    fn assert_well_used(&self) {
        self.fake.assert_well_used();
    }
}
