//! `kill -9` between every two steps of a send and of a receive over the Cloud API. Meta does not know our ids,
//! so a message of which nobody knows whether it has left must not leave a second time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::support::{
    Client, Database, Server,
    client::text,
    eventually,
    fake_graph::{Delivery, FakeGraph, Manner, message_from},
    on_both_databases,
    wire::customer_number,
};

const MESSAGES: &str = "/api/v1/whatsapp/messages/";
const MARIA: &str = "5511999990001";
/// Deliveries that were answered when the server is killed.
const KILL_AFTER: u32 = 60;
const CALLERS: usize = 6;

on_both_databases!(
    a_kill_at_any_step_of_a_send_neither_loses_nor_doubles_it,
    a_kill_while_meta_delivers_neither_loses_nor_doubles_a_message,
);

/// Where a send is when the server dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The row is stored and waits for another message of its chat.
    Queued,
    /// Meta has read the request and not taken it.
    Requested,
    /// Meta has taken it and not answered.
    Taken,
    /// Meta's answer is stored.
    Answered,
    /// Meta has reported on it.
    Reported,
}

async fn status(client: &Client, sent: &Value) -> Value {
    client.get(&format!("{MESSAGES}{}/", sent["database_id"])).expect(200).await["status"].clone()
}

async fn becomes(client: &Client, sent: &Value, word: &str) {
    let what = format!("message {} becomes {word}", sent["database_id"]);
    eventually(&what, async || (status(client, sent).await == word).then_some(())).await;
}

/// The server dies and is started again; the number comes back by itself.
async fn kill_and_start_again(server: &mut Server, client: &Client) -> Client {
    server.kill9().await;
    server.start_again().await;
    let client = server.anonymous().with_token(&client.access);
    client.session_becomes("ready").await;
    client
}

/// Reports a message as delivered under our id: Meta's own id of it may never have reached us.
async fn report(graph: &FakeGraph, client: &Client, our_id: &str) {
    let sent = graph.sent();
    let is_ours = |body: &Value| body["biz_opaque_callback_data"] == our_id;
    let n = sent.iter().position(is_ours).expect("Meta has taken it");
    Delivery::of(&[], &[graph.report(n, "delivered")]).post(client).await.expect(200);
}

async fn a_kill_at_any_step_of_a_send_neither_loses_nor_doubles_it(database: Database) {
    let graph = FakeGraph::start().await;
    let mut server = graph.hub_on(&database).start().await;
    let mut client = server.admin().await;
    client.make_session_ready().await;
    for (n, step) in [Step::Answered, Step::Reported, Step::Taken, Step::Queued, Step::Requested]
        .into_iter()
        .enumerate()
    {
        // A chat of its own for each step, in which the customer has written.
        let number = customer_number(n);
        graph.customer_writes(&client, &number, &format!("wamid.in{n}"), "Olá!").await;
        client.chat_opens(&number).await;
        match step {
            Step::Queued | Step::Taken => graph.behave([Manner::TakeAndHold]),
            Step::Requested => graph.behave([Manner::HoldBack]),
            Step::Answered | Step::Reported => {}
        }
        let first = client.send_text(&number, "um").await;
        let second = client.send_text(&number, "dois").await;
        let (first_id, second_id) = (text(&first["message_id"]), text(&second["message_id"]));
        graph.sees(first_id).await;
        match step {
            Step::Queued => assert_eq!(status(&client, &second).await, "queued"),
            Step::Answered => becomes(&client, &second, "sent").await,
            Step::Reported => {
                becomes(&client, &second, "sent").await;
                report(&graph, &client, second_id).await;
            }
            Step::Taken | Step::Requested => {
                assert_eq!(status(&client, &first).await, "sending", "stored before it leaves");
            }
        }
        client = kill_and_start_again(&mut server, &client).await;
        // What had not begun goes out, once; what had ended stays as it was.
        let word = if step == Step::Reported { "delivered" } else { "sent" };
        becomes(&client, &second, word).await;
        assert_eq!(graph.times_taken(second_id), 1, "{step:?}");
        match step {
            Step::Answered | Step::Reported => {
                assert_eq!(status(&client, &first).await, "sent", "{step:?}");
            }
            // Nobody knows: left to Meta's report.
            Step::Queued | Step::Taken => {
                assert_eq!(status(&client, &first).await, "sending", "{step:?}");
                report(&graph, &client, first_id).await;
                becomes(&client, &first, "delivered").await;
            }
            Step::Requested => assert_eq!(status(&client, &first).await, "sending", "{step:?}"),
        }
        let taken = usize::from(step != Step::Requested);
        assert_eq!(graph.times_taken(first_id), taken, "{step:?}");
    }
    graph.assert_well_used();
}

/// Delivers as Meta does, until the server is gone: the ids that were answered with 200.
async fn deliver_until_it_dies(
    client: Client,
    numbers: Arc<AtomicUsize>,
    answered: Arc<Semaphore>,
) -> Vec<usize> {
    let mut stored = Vec::new();
    loop {
        let n = numbers.fetch_add(1, Ordering::Relaxed);
        let Ok(answer) = delivery(n).signed(&client).try_send().await else { return stored };
        answer.expect(200);
        stored.push(n);
        answered.add_permits(1);
    }
}

/// The n-th message of the test, of one of a few customers.
fn delivery(n: usize) -> Delivery {
    let from = customer_number(n % CALLERS);
    let message =
        message_from(&from, &format!("wamid.{n}"), "text", json!({"body": format!("n. {n}")}));
    Delivery::of(&[message], &[])
}

async fn a_kill_while_meta_delivers_neither_loses_nor_doubles_a_message(database: Database) {
    let graph = FakeGraph::start().await;
    let mut server = graph.hub_on(&database).start().await;
    let client = server.admin().await;
    client.make_session_ready().await;
    let (numbers, count) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (numbers, count) = (Arc::clone(&numbers), Arc::clone(&count));
        callers.spawn(deliver_until_it_dies(client.clone(), numbers, count));
    }
    let _ = count.acquire_many(KILL_AFTER).await.expect("the semaphore stays open");
    let client = kill_and_start_again(&mut server, &client).await;
    let answered: Vec<usize> = callers.join_all().await.into_iter().flatten().collect();
    let delivered = numbers.load(Ordering::Relaxed);
    let stored = async |client: &Client| {
        let page = client.get(&format!("{MESSAGES}?direction=inbound&page_size=1"));
        page.expect(200).await["count"].as_u64().expect("a count")
    };
    let before = stored(&client).await;
    assert!(before >= answered.len() as u64, "what was answered is stored: {before}");
    // Meta repeats what had no answer, and now and then what had one.
    for n in 0..delivered {
        delivery(n).post(&client).await.expect(200);
    }
    assert_eq!(stored(&client).await, delivered as u64);
    graph.assert_well_used();
}

/// The answer that names Meta's id never came; the report that overtook it is all that is known.
#[tokio::test]
async fn a_report_that_overtakes_the_answer_survives_the_kill() {
    let graph = FakeGraph::start().await;
    let mut server = graph.hub_on(&Database::Sqlite).start().await;
    let client = server.admin().await;
    client.make_session_ready().await;
    graph.customer_writes(&client, MARIA, "wamid.in", "Olá!").await;
    client.chat_opens(MARIA).await;
    graph.behave([Manner::TakeAndHold]);
    let sent = client.send_text(MARIA, "um").await;
    let our_id = text(&sent["message_id"]);
    graph.sees(our_id).await;
    report(&graph, &client, our_id).await;
    let client = kill_and_start_again(&mut server, &client).await;
    assert_eq!(status(&client, &sent).await, "delivered");
    assert_eq!(graph.times_taken(our_id), 1);
    graph.assert_well_used();
}
