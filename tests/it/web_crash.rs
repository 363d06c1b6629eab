//! `kill -9` at every step of a message's way over WhatsApp Web, in and out: nothing is lost, and nobody
//! sees anything twice.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server,
    client::{results, text},
    database::{on_postgres, run_on_postgres},
    eventually,
    fake_whatsapp::{Customer, FakeWhatsapp, Manner, text_message},
    on_both_databases,
    wire::MESSAGES,
    within,
};

const MARIA: &str = "5511999990001";
const CUSTOMERS: usize = 4;
/// Kills in the middle of traffic, and what each customer writes and is written between two of them.
const KILLS: usize = 3;
const MESSAGES_EACH: usize = 5;

on_both_databases!(
    a_kill_at_any_step_of_receiving_loses_and_doubles_nothing,
    what_was_opened_before_a_kill_and_not_kept_is_asked_for_again,
    what_could_not_be_kept_comes_again,
    a_kill_at_any_step_of_sending_loses_and_doubles_nothing,
    kills_in_the_middle_of_traffic_lose_and_double_nothing,
);

struct Scene {
    server: Server,
    fake: FakeWhatsapp,
    admin: Client,
}

impl Scene {
    async fn on(database: &Database) -> Self {
        let fake = FakeWhatsapp::start().await;
        let server = fake.hub_on(database).start().await;
        let admin = server.admin().await;
        fake.pair(&server, &admin).await;
        // No pause between messages, which protects real numbers from being banned.
        let no_pace = json!({"pace_ms": 0});
        admin.patch("/api/v1/whatsapp/sessions/1/", no_pace).expect(200).await;
        Self { server, fake, admin }
    }

    async fn kill_and_come_back(&mut self) {
        self.server.kill9().await;
        self.come_back().await;
    }

    async fn come_back(&mut self) {
        self.server.start_again().await;
        // The token is still good: the secret is kept.
        self.admin = self.server.anonymous().with_token(&self.admin.access);
        self.admin.session_becomes("ready").await;
    }

    /// Rows of customers' messages, once there are at least so many and nothing waits any more.
    async fn received(&self, count: usize) -> Vec<Value> {
        let rows = self.admin.has_received(count).await;
        eventually("everything is acknowledged", async || {
            self.fake.unacknowledged().is_empty().then_some(())
        })
        .await;
        assert_eq!(self.admin.has_received(count).await.len(), rows.len());
        rows
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(&row["message_id"]).to_owned()).collect()
}

async fn a_kill_at_any_step_of_receiving_loses_and_doubles_nothing(database: Database) {
    let mut scene = Scene::on(&database).await;
    let maria = scene.fake.customer(MARIA, "Maria Souza");
    let mut expected = Vec::new();

    // It has not left the network.
    scene.server.kill9().await;
    expected.push(maria.says("enquanto ninguém ouvia").await);
    scene.come_back().await;
    assert_eq!(ids(&scene.received(1).await), expected);

    // It has been delivered, and may or may not be stored.
    scene.fake.hold_deliveries();
    expected.push(maria.says("no meio").await);
    scene.fake.release_deliveries(&[]);
    scene.kill_and_come_back().await;
    assert_eq!(ids(&scene.received(2).await), expected);

    // It is stored, and the network has not heard of it.
    scene.fake.lose_receipts(true);
    let id = maria.says("quase lá").await;
    eventually("the hub says that it has it", async || {
        scene.fake.lost_receipts().contains(&id).then_some(())
    })
    .await;
    expected.push(id);
    scene.server.kill9().await;
    scene.fake.lose_receipts(false);
    scene.come_back().await;
    assert_eq!(ids(&scene.received(3).await), expected);

    // All is done.
    let id = maria.says("pronto").await;
    scene.fake.acknowledges(&id).await;
    expected.push(id);
    scene.kill_and_come_back().await;
    assert_eq!(ids(&scene.received(4).await), expected);
    let chat = scene.admin.chat_opens(MARIA).await;
    assert_eq!(chat["total_mensagens_cliente"], 4, "{chat}");
    scene.fake.assert_well_used();
}

/// The ratchet is ahead of the message, which the network delivers again.
async fn what_was_opened_before_a_kill_and_not_kept_is_asked_for_again(database: Database) {
    let mut scene = Scene::on(&database).await;
    let maria = scene.fake.customer(MARIA, "Maria Souza");
    let bia = scene.fake.customer("5511999990002", "Bia Lima");
    bia.writes_by_lid();
    let first = [maria.says("Oi").await, bia.says("Oi").await];
    scene.received(2).await;
    scene.fake.lose_receipts(true);
    let lost = [maria.says("quase lá").await, bia.says("eu também").await];
    let own = scene.fake.phone_writes(&maria, "Oi, Maria, é a Ana").await;
    // What the hub has, and what it does not want, is no row of messages.
    let reaction = maria.sends(maria.reaction_to_own(&first[0], "👍")).await;
    let group = scene.fake.group("120363021033254949@g.us");
    let in_group = group.hears(&bia, text_message("Bom dia a todos")).await;
    eventually("the hub says that it has them", async || {
        let receipts = scene.fake.lost_receipts();
        let ids = lost.iter().chain([&own, &reaction, &in_group]);
        ids.into_iter().all(|id| receipts.contains(id)).then_some(())
    })
    .await;
    // A copy that is still kept would be read instead of asked for.
    eventually("no copy is kept any more", async || {
        (kept_inbound(&scene.server, &database).await == 0).then_some(())
    })
    .await;
    // Ratchets are written a moment after a message was opened, at the latest before the first one to somebody leaves.
    scene.admin.send_text(MARIA, "Um momento").await;
    maria.receives(1).await;
    scene.server.kill9().await;
    for id in lost.iter().chain([&own]) {
        forget(&scene.server, &database, id).await;
    }
    scene.fake.lose_receipts(false);
    scene.come_back().await;
    // Those of before are there under other ids.
    let stored = ids(&scene.admin.has_received(6).await);
    assert!(first.iter().chain(&lost).all(|id| stored.contains(id)), "{stored:?}");
    eventually("what the phone wrote is there again", async || {
        let page = scene.admin.get(&format!("{MESSAGES}?direction=outbound")).expect(200).await;
        ids(results(&page)).contains(&own).then_some(())
    })
    .await;
    assert!(scene.fake.asked_of_phone().contains(&own));
    // What comes later is read as ever, and at last everything has arrived.
    maria.says("agora sim").await;
    scene.admin.has_received(7).await;
    scene.kill_and_come_back().await;
    scene.received(7).await;
    let asked: BTreeSet<_> = scene.fake.retries().into_iter().collect();
    assert_eq!((asked, scene.fake.retries().len()), (BTreeSet::from(lost), 2), "each once");
    scene.fake.assert_well_used();
}

/// As if the message had never been stored; its row stays, under another id.
async fn forget(server: &Server, database: &Database, id: &str) {
    let rename = format!(
        "UPDATE messages SET message_id = message_id || '-antes' WHERE message_id = '{id}'"
    );
    behind_its_back(server, database, &rename, &rename).await;
}

/// Copies of messages that wait until the hub has them. The marks that stay of some of them are shorter: a byte at
/// most, and 29 of the seal.
async fn kept_inbound(server: &Server, database: &Database) -> i64 {
    const COUNT: &str = "SELECT COUNT(*) FROM web_records \
         WHERE kind = 'pending_inbound' AND LENGTH(value) > 30";
    if let Some(url) = database.url() {
        let row = on_postgres(url, async |client| client.query_one(COUNT, &[]).await).await;
        row.expect("a count").get(0)
    } else {
        file_of(server).query_row(COUNT, [], |row| row.get(0)).expect("a count")
    }
}

/// Runs a statement of PostgreSQL or SQLite on the database of a hub.
async fn behind_its_back(server: &Server, database: &Database, postgres: &str, sqlite: &str) {
    if let Some(url) = database.url() {
        let done = on_postgres(url, async |client| client.batch_execute(postgres).await).await;
        done.expect("it can be done");
    } else {
        file_of(server).execute_batch(sqlite).expect("it can be done");
    }
}

fn file_of(server: &Server) -> rusqlite::Connection {
    let path = server.data_dir().join("dx-connect.db");
    rusqlite::Connection::open(path).expect("a database")
}

/// The database takes everything but what comes in: the number begins anew, and again.
async fn what_could_not_be_kept_comes_again(database: Database) {
    let scene = Scene::on(&database).await;
    let maria = scene.fake.customer(MARIA, "Maria Souza");
    let first = maria.says("Oi").await;
    scene.received(1).await;
    behind_its_back(
        &scene.server,
        &database,
        "ALTER TABLE web_records ADD CONSTRAINT full_disk \
         CHECK (kind <> 'pending_inbound') NOT VALID",
        "CREATE TRIGGER full_disk BEFORE INSERT ON web_records WHEN NEW.kind = 'pending_inbound' \
         BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    .await;
    let second = maria.says("Alguém aí?").await;
    scene.admin.session_becomes("connecting").await;
    assert!(!scene.fake.is_acknowledged(&second));
    let free = "ALTER TABLE web_records DROP CONSTRAINT full_disk";
    behind_its_back(&scene.server, &database, free, "DROP TRIGGER full_disk").await;
    // On a busy machine one attempt more may have failed.
    within(Duration::from_mins(1), "the number is there again", async || {
        let status = scene.admin.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
        (status["status"] == "ready").then_some(())
    })
    .await;
    assert_eq!(ids(&scene.received(2).await), [first, second]);
    assert_eq!(scene.fake.retries(), Vec::<String>::new(), "its ratchet was not ahead");
    scene.fake.assert_well_used();
}

async fn a_kill_at_any_step_of_sending_loses_and_doubles_nothing(database: Database) {
    let mut scene = Scene::on(&database).await;
    let maria = scene.fake.customer(MARIA, "Maria Souza");
    maria.says("Oi").await;
    scene.admin.chat_opens(MARIA).await;

    // It was promised, and nothing more.
    let sent = scene.admin.send_text(MARIA, "um").await;
    scene.kill_and_come_back().await;
    expect_sent(&scene, &maria, &sent, 1).await;

    // It has left, and the network has not taken it.
    scene.fake.behave([Manner::Ignore]);
    let sent = scene.admin.send_text(MARIA, "dois").await;
    eventually("it has reached the network", async || scene.fake.has_behaved().then_some(())).await;
    scene.kill_and_come_back().await;
    expect_sent(&scene, &maria, &sent, 2).await;

    // The network has taken it, and the hub does not know.
    scene.fake.behave([Manner::TakeSilently]);
    let sent = scene.admin.send_text(MARIA, "três").await;
    maria.receives(3).await;
    scene.kill_and_come_back().await;
    expect_sent(&scene, &maria, &sent, 3).await;

    // The hub has been told.
    let sent = scene.admin.send_text(MARIA, "quatro").await;
    maria.receives(4).await;
    scene.kill_and_come_back().await;
    expect_sent(&scene, &maria, &sent, 4).await;

    let seen: Vec<_> = maria.taken().iter().map(|taken| taken.text().to_owned()).collect();
    assert_eq!(seen, ["um", "dois", "três", "quatro"]);
    scene.fake.assert_well_used();
}

/// The n-th message of the customer is this one, and the hub knows it.
async fn expect_sent(scene: &Scene, customer: &Customer, sent: &Value, n: usize) {
    let taken = customer.receives(n).await;
    assert_eq!(sent["message_id"], taken.id);
    scene.admin.message_becomes(&sent["database_id"], "sent").await;
}

async fn kills_in_the_middle_of_traffic_lose_and_double_nothing(database: Database) {
    let mut scene = Scene::on(&database).await;
    let customers: Vec<_> = (0..CUSTOMERS)
        .map(|n| scene.fake.customer(&format!("551199999{n:04}"), &format!("Cliente {n}")))
        .collect();
    let (mut said, mut promised) = (BTreeSet::new(), BTreeSet::new());
    for customer in &customers {
        said.insert(customer.says("Oi").await);
        scene.admin.chat_opens(&customer.number()).await;
    }
    for kill in 0..KILLS {
        for n in 0..MESSAGES_EACH {
            for customer in &customers {
                said.insert(customer.says(&format!("{kill}/{n}")).await);
                let sent = scene.admin.send_text(&customer.number(), &format!("{kill}/{n}")).await;
                promised.insert(text(&sent["message_id"]).to_owned());
            }
        }
        scene.kill_and_come_back().await;
    }
    let rows = scene.received(said.len()).await;
    let stored = ids(&rows);
    assert_eq!(stored.iter().cloned().collect::<BTreeSet<_>>(), said);
    assert_eq!(stored.len(), said.len(), "nothing is there twice");
    for customer in &customers {
        customer.receives(KILLS * MESSAGES_EACH).await;
        let mut texts: Vec<_> =
            customer.taken().iter().map(|taken| taken.text().to_owned()).collect();
        let count = texts.len();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!((texts.len(), count), (KILLS * MESSAGES_EACH, KILLS * MESSAGES_EACH));
    }
    let taken = customers.iter().flat_map(|customer| customer.taken().into_iter());
    assert_eq!(taken.map(|taken| taken.id).collect::<BTreeSet<_>>(), promised);
    scene.fake.assert_well_used();
}

/// Somebody else holds the table of messages, so that the hub cannot store what it gets.
async fn nothing_is_acknowledged_before_it_is_stored(database: Database) {
    let url = database.url().expect("a server of its own").to_owned();
    let mut scene = Scene::on(&database).await;
    let maria = scene.fake.customer(MARIA, "Maria Souza");
    let id = on_postgres(&url, async |holder| {
        holder.batch_execute("BEGIN; LOCK TABLE messages").await.expect("the table is free");
        let id = maria.says("Alguém aí?").await;
        eventually("the hub waits for the table", async || {
            let waiting =
                "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'messages'::regclass";
            let rows = holder.query(waiting, &[]).await.expect("it answers");
            (!rows.is_empty()).then_some(())
        })
        .await;
        assert!(!scene.fake.is_acknowledged(&id));
        scene.server.kill9().await;
        assert!(!scene.fake.is_acknowledged(&id));
        holder.batch_execute("ROLLBACK").await.expect("the table is let go");
        id
    })
    .await;
    scene.come_back().await;
    assert_eq!(ids(&scene.received(1).await), [id]);
    scene.fake.assert_well_used();
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_stored_on_postgres() {
    run_on_postgres(nothing_is_acknowledged_before_it_is_stored).await;
}
