//! The event stream: who may listen, what a frame looks like, coming back, hostile peers.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::support::{
    Client, Database, RawSocket, Server, Socket,
    client::{assert_keys, text},
    on_both_databases,
    socket::{client_fragment, client_frame, opcode, unmasked_frame},
    wire::customer_number,
};

const UNAUTHORIZED: u16 = 4001;
const PROTOCOL_ERROR: u16 = 1002;
const TOO_BIG: u16 = 1009;
const TOO_SLOW: u16 = 4008;
const PING: &[u8] = br#"{"type":"ping"}"#;
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

on_both_databases!(returning_client_gets_exactly_what_it_missed);

async fn start() -> (Server, Client) {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let manager = admin.create_agent("gil", "gerente", &[]).await;
    (server, manager)
}

#[tokio::test]
async fn token_may_come_in_three_places() {
    let (server, manager) = start().await;
    let bearer = format!("Bearer {}", manager.access);
    let protocols = format!("bearer, {}", manager.access);
    let query = format!("?token={}", manager.access);
    let mut sockets = [
        Socket::open(&server, &query, &[]).await,
        Socket::open(&server, "", &[("Authorization", &bearer)]).await,
        Socket::open(&server, "", &[("Sec-WebSocket-Protocol", &protocols)]).await,
    ];
    for socket in &mut sockets {
        let greeting = socket.next_event("connected").await;
        assert_eq!(greeting["user_id"], manager.id);
        assert_keys(&greeting, &["epoch", "seq"]);
        socket.events_until_now().await;
    }
}

#[tokio::test]
async fn whoever_has_no_valid_token_is_told_by_the_close_code() {
    let (server, manager) = start().await;
    let (head, _) = manager.access.rsplit_once('.').unwrap();
    for token in ["", "lixo", &manager.refresh, head] {
        let mut socket = Socket::open(&server, &format!("?token={token}"), &[]).await;
        assert_eq!(socket.close_code().await, UNAUTHORIZED, "{token}");
        assert_eq!(socket.frames, Vec::<Value>::new());
    }
    let mut socket = Socket::open(&server, "", &[]).await;
    assert_eq!(socket.close_code().await, UNAUTHORIZED);
}

#[tokio::test]
async fn ping_is_answered_whatever_else_it_says() {
    let (server, manager) = start().await;
    let mut socket = Socket::connect(&server, &manager).await;
    for ping in [json!({ "type": "ping" }), json!({ "type": "ping", "ts": 1, "extra": [] })] {
        socket.send_json(ping).await;
        let answer = loop {
            let frame = socket.next_frame().await;
            if frame.get("event").is_none() {
                break frame;
            }
        };
        assert_eq!(answer, json!({ "type": "pong" }));
    }
}

#[tokio::test]
async fn every_event_has_the_documented_envelope() {
    let (server, manager) = start().await;
    let mut socket = Socket::connect(&server, &manager).await;
    manager.make_session_ready().await;
    manager.receive(&customer_number(1), "oi", "m1").await;
    socket.next_event("message_received").await;
    let sent = manager.send_text(&customer_number(1), "olá").await;
    loop {
        let event = socket.next_event("message_status").await;
        if event["message_id"] == sent["message_id"] && event["status"] == "read" {
            break;
        }
    }
    for frame in &socket.frames {
        assert!(frame["event"].is_string() && frame["data"].is_object(), "{frame}");
        if frame["event"] == "connected" {
            continue;
        }
        assert_eq!(frame["version"], "v1", "{frame}");
        assert_keys(frame, &["notify", "seq", "epoch"]);
        let flat: &[&str] = match text(&frame["event"]) {
            "session_status" | "message_status" => &["type", "status", "ts"],
            "qrcode" => &["type", "image_b64", "ts"],
            "message_received" => &["type", "from", "chat_id", "payload", "ts"],
            _ => &[],
        };
        assert_keys(frame, flat);
        if !flat.is_empty() {
            assert_eq!(frame["type"], frame["event"]);
        }
    }
}

/// Makes `count` events for managers: one `message_received` each, besides others.
async fn customers_write(client: &Client, numbers: std::ops::Range<usize>) {
    for n in numbers {
        client.receive(&customer_number(n), "oi", &format!("m{n}")).await;
    }
}

/// The customers of the `message_received` among these frames.
fn senders(frames: &[Value]) -> Vec<String> {
    let received = frames.iter().filter(|frame| frame["event"] == "message_received");
    received.map(|frame| text(&frame["data"]["from"]).to_owned()).collect()
}

async fn returning_client_gets_exactly_what_it_missed(database: Database) {
    let server = Server::start(&database).await;
    let manager = server.admin().await.create_agent("gil", "gerente", &[]).await;
    let mut first = Socket::connect(&server, &manager).await;
    customers_write(&manager, 0..3).await;
    first.events_until_now().await;
    let (epoch, seq) = (first.epoch.clone(), first.seq);
    assert_eq!(senders(&first.frames), [0, 1, 2].map(customer_number));
    first.close().await;

    customers_write(&manager, 3..8).await;
    let mut second = Socket::resume(&server, &manager, &epoch, seq).await;
    let resumed = second.next_event("resumed").await;
    assert_eq!(resumed["recovered"], true);
    assert_eq!(resumed["missed"], second.seq - seq);
    assert_eq!(senders(&second.frames), [3, 4, 5, 6, 7].map(customer_number));

    // And nothing is missing or doubled afterwards; the socket checks that `seq` has no holes.
    customers_write(&manager, 8..10).await;
    second.events_until_now().await;
    assert_eq!(senders(&second.frames), [3, 4, 5, 6, 7, 8, 9].map(customer_number));
}

#[tokio::test]
async fn client_that_missed_nothing_is_told_so() {
    let (server, manager) = start().await;
    let first = Socket::connect(&server, &manager).await;
    // The second socket of the same person: no event for a status that stays online.
    let mut second = Socket::resume(&server, &manager, &first.epoch, first.seq).await;
    let resumed = second.next_event("resumed").await;
    assert_eq!(resumed["recovered"], true);
    assert_eq!(resumed["missed"], second.seq - first.seq);
}

#[tokio::test]
async fn position_that_means_nothing_leads_to_a_fresh_start() {
    let (server, manager) = start().await;
    let socket = Socket::connect(&server, &manager).await;
    let epoch = socket.epoch.clone();
    let positions = [
        "0123456789abcdef:0".to_owned(),
        format!("{epoch}:999999"),
        format!("{epoch}:-1"),
        format!("{epoch}:abc"),
        format!("{epoch}:"),
        epoch.clone(),
        ":".to_owned(),
        "%00%ff".to_owned(),
    ];
    for position in positions {
        let query = format!("?token={}&resume={position}", manager.access);
        let mut socket = Socket::open(&server, &query, &[]).await;
        let resumed = socket.next_event("resumed").await;
        assert_eq!(resumed["recovered"], false, "{position}");
        socket.send_json(json!({ "type": "ping" })).await;
        while socket.next_frame().await["type"] != "pong" {}
    }
}

#[tokio::test]
async fn all_sockets_of_a_person_get_all_events() {
    let (server, manager) = start().await;
    let mut sockets =
        [Socket::connect(&server, &manager).await, Socket::connect(&server, &manager).await];
    customers_write(&manager, 0..3).await;
    let mut positions = Vec::new();
    for socket in &mut sockets {
        socket.events_until_now().await;
        assert_eq!(senders(&socket.frames), [0, 1, 2].map(customer_number));
        positions.push((socket.epoch.clone(), socket.seq));
    }
    assert_eq!(positions[0], positions[1], "one sequence per person");
}

#[tokio::test]
async fn message_can_be_injected_over_the_socket() {
    let (server, manager) = start().await;
    let mut socket = Socket::connect(&server, &manager).await;
    let from = customer_number(1);
    let payload = json!({ "type": "text", "text": "Oi!", "contact_name": "Maria" });
    let command = json!({ "type": "inject_incoming", "from": from, "payload": payload });
    socket.send_json(command).await;
    // The answer and the event may come in either order.
    let (mut answer, mut event) = (None, None);
    while answer.is_none() || event.is_none() {
        let frame = socket.next_frame().await;
        match (frame["type"].as_str(), frame["event"].as_str()) {
            (_, Some("message_received")) => event = Some(frame["data"].clone()),
            (Some("inject_success"), _) => answer = Some(frame),
            _ => {}
        }
    }
    let (answer, event) = (answer.unwrap(), event.unwrap());
    assert_eq!(answer["chat_id"], from);
    assert_eq!(answer["message_id"], event["message_id"]);
    assert_eq!(event["message"], "Oi!");

    socket.send_json(json!({ "type": "inject_incoming", "from": from })).await;
    while socket.next_frame().await["type"] != "inject_error" {}
}

#[tokio::test]
async fn what_is_no_command_is_answered_and_the_socket_stays_open() {
    let (server, manager) = start().await;
    let mut socket = Socket::connect(&server, &manager).await;
    let bad = [
        Message::text("{nada"),
        Message::text(""),
        Message::text("[1,2]"),
        Message::text("\"ping\""),
        Message::text("[".repeat(60_000)),
        Message::binary(PING),
    ];
    for message in bad {
        socket.send(message).await;
        let error = loop {
            let frame = socket.next_frame().await;
            if frame["type"] == "error" {
                break frame;
            }
        };
        assert!(!text(&error["error"]).is_empty());
    }
    socket.send_json(json!({ "type": "desconhecido" })).await;
    let events = socket.events_until_now().await;
    assert!(events.iter().all(|frame| frame["event"].is_string()), "ignored: {events:?}");
}

#[tokio::test]
async fn pings_of_the_protocol_are_answered_with_their_payload() {
    let (server, manager) = start().await;
    let mut socket = RawSocket::connect(&server, &manager).await;
    socket.write(&client_frame(opcode::PING, b"123")).await;
    loop {
        let (kind, payload) = socket.read_frame().await.expect("the connection is open");
        if kind == opcode::PONG {
            assert_eq!(payload, b"123");
            break;
        }
    }
    let mut polite = Socket::connect(&server, &manager).await;
    polite.send(Message::Ping(Bytes::from_static(b"oi"))).await;
    polite.events_until_now().await;
}

#[tokio::test]
async fn frame_may_arrive_byte_by_byte_while_events_go_out() {
    let (server, manager) = start().await;
    let mut socket = RawSocket::connect(&server, &manager).await;
    for (n, byte) in client_frame(opcode::TEXT, PING).iter().enumerate() {
        socket.write(&[*byte]).await;
        customers_write(&manager, n..n + 1).await;
    }
    socket.read_until_type("pong").await;
}

#[tokio::test]
async fn message_may_be_cut_into_fragments_with_a_ping_between() {
    let (server, manager) = start().await;
    let mut socket = RawSocket::connect(&server, &manager).await;
    socket.write(&client_fragment(opcode::TEXT, &PING[..5])).await;
    socket.write(&client_frame(opcode::PING, b"")).await;
    socket.write(&client_fragment(opcode::CONTINUATION, &PING[5..9])).await;
    socket.write(&client_frame(opcode::CONTINUATION, &PING[9..])).await;
    socket.read_until_type("pong").await;
}

#[tokio::test]
async fn message_beyond_the_limit_closes_the_socket() {
    let (server, manager) = start().await;
    let mut socket = RawSocket::connect(&server, &manager).await;
    let too_long = vec![b'x'; MESSAGE_BYTES_MAX + 1];
    // The server may close before all of it is written.
    let _ = socket.try_write(&client_frame(opcode::TEXT, &too_long)).await;
    assert_eq!(socket.close_code().await, TOO_BIG);

    let mut socket = RawSocket::connect(&server, &manager).await;
    let third = vec![b'x'; MESSAGE_BYTES_MAX / 3 + 1];
    let mut fragments = client_fragment(opcode::TEXT, &third);
    fragments.extend(client_fragment(opcode::CONTINUATION, &third));
    fragments.extend(client_fragment(opcode::CONTINUATION, &third));
    let _ = socket.try_write(&fragments).await;
    assert_eq!(socket.close_code().await, TOO_BIG, "fragments are counted together");
}

#[tokio::test]
async fn frames_against_the_protocol_close_the_socket() {
    let (server, manager) = start().await;
    let mut reserved_bit = client_frame(opcode::TEXT, PING);
    reserved_bit[0] |= 0x40;
    let mut text_inside_text = client_fragment(opcode::TEXT, b"{");
    text_inside_text.extend(client_frame(opcode::TEXT, PING));
    let cases = [
        ("unmasked", unmasked_frame(opcode::TEXT, PING)),
        ("long ping", client_frame(opcode::PING, &[0; 126])),
        ("long pong", client_frame(opcode::PONG, &[0; 126])),
        ("fragmented ping", client_fragment(opcode::PING, b"")),
        ("continuation of nothing", client_frame(opcode::CONTINUATION, PING)),
        ("text inside a fragmented text", text_inside_text),
        ("reserved bit", reserved_bit),
        ("unknown kind", client_frame(0x3, PING)),
    ];
    for (case, bytes) in cases {
        let mut socket = RawSocket::connect(&server, &manager).await;
        socket.write(&bytes).await;
        assert_eq!(socket.close_code().await, PROTOCOL_ERROR, "{case}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_closes_the_socket() {
    let (server, manager) = start().await;
    let mut socket = RawSocket::connect(&server, &manager).await;
    socket.write(&client_frame(opcode::TEXT, &[0xff, 0xfe])).await;
    assert_eq!(socket.close_code().await, 1007);
}

#[tokio::test]
async fn close_is_answered_with_close() {
    let (server, manager) = start().await;
    let mut socket = RawSocket::connect(&server, &manager).await;
    socket.write(&client_frame(opcode::CLOSE, &1000_u16.to_be_bytes())).await;
    assert_eq!(socket.close_code().await, 1000);
}

#[tokio::test]
async fn slow_reader_is_closed_and_resumes_while_others_are_served() {
    let (server, manager) = start().await;
    let mut reader = Socket::connect(&server, &manager).await;
    let mut slow = RawSocket::connect_with_small_buffer(&server, &manager).await;
    let long = "x".repeat(4_000);
    let last = 400;
    for n in 0..=last {
        manager.receive(&customer_number(1), &long, &format!("m{n}")).await;
        // The other socket of the same person is read all the time, with few enough commands.
        if n % 10 == 0 {
            reader.events_until_now().await;
        }
    }
    reader.events_until_now().await;
    let received = reader.frames.iter().filter(|frame| frame["event"] == "message_received");
    assert_eq!(received.count(), last + 1);

    let mut seq = 0;
    let code = loop {
        match slow.read_frame().await {
            Some((opcode::CLOSE, payload)) => {
                break payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
            Some((opcode::TEXT, payload)) => {
                let frame: Value = serde_json::from_slice(&payload).expect("whole frames only");
                seq = frame["seq"].as_u64().unwrap_or(seq);
            }
            Some(_) => {}
            // The connection was cut in the middle of a frame that nobody read.
            None => break None,
        }
    };
    assert!(code.is_none_or(|code| code == TOO_SLOW), "{code:?}");
    assert!(seq < reader.seq, "the slow one missed something");
    let mut back = Socket::resume(&server, &manager, &reader.epoch, seq).await;
    let resumed = back.next_event("resumed").await;
    assert_eq!(resumed["recovered"], true);
    assert_eq!(back.seq, reader.seq);
}
