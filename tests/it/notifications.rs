//! What people chose about sounds, desktop notices and badges decides what their event frames say.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket, client::assert_keys, on_both_databases, wire::customer_number,
};

on_both_databases!(preferences_decide_and_survive_a_restart);

const PREFERENCES: &str = "/api/v1/me/preferencias-notificacao/";

fn calls(sound: bool, desktop: bool, badge: bool) -> Value {
    json!({ "sound": sound, "desktop": desktop, "badge": badge })
}

/// What the frame of the next message from a customer says to this person.
async fn next_message(socket: &mut Socket) -> Value {
    socket.next_event_frame("message_received").await["notify"].take()
}

async fn preferences_decide_and_survive_a_restart(database: Database) {
    let mut server = Server::start(&database).await;
    let admin = server.admin().await;
    let shown = admin.get(PREFERENCES).expect(200).await;
    assert_keys(&shown, &["id", "som_nova_mensagem", "mostrar_badge_mensagens"]);
    assert_eq!(shown["esta_em_nao_perturbe"], false);
    let mut socket = Socket::connect(&server, &admin).await;
    admin.receive(&customer_number(1), "oi", "m1").await;
    assert_eq!(next_message(&mut socket).await, calls(true, true, true));

    let choice = json!({ "som_nova_mensagem": false, "desktop_nova_mensagem": false });
    admin.patch(PREFERENCES, choice).expect(200).await;
    admin.receive(&customer_number(1), "alguém?", "m2").await;
    assert_eq!(next_message(&mut socket).await, calls(false, false, true));

    drop(socket);
    server.kill9().await;
    server.start_again().await;
    let admin = server.admin().await;
    let mut socket = Socket::connect(&server, &admin).await;
    admin.receive(&customer_number(1), "por favor", "m3").await;
    assert_eq!(next_message(&mut socket).await, calls(false, false, true));
}

#[tokio::test]
async fn quiet_time_silences_sounds_only() {
    let (server, admin) = start().await;
    let mut socket = Socket::connect(&server, &admin).await;
    let all_day = json!({
        "modo_nao_perturbe": true, "nao_perturbe_inicio": "00:00", "nao_perturbe_fim": "23:59:59",
    });
    let row = admin.patch(PREFERENCES, all_day).expect(200).await;
    assert_eq!(row["esta_em_nao_perturbe"], true);
    admin.receive(&customer_number(1), "oi", "m1").await;
    let frame = socket.next_event_frame("new_chat").await;
    assert_eq!(frame["notify"], calls(false, true, true));
    admin.patch(PREFERENCES, json!({ "modo_nao_perturbe": false })).expect(200).await;
    admin.receive(&customer_number(2), "oi", "m2").await;
    let frame = socket.next_event_frame("new_chat").await;
    assert_eq!(frame["notify"], calls(true, true, true));
}

/// A supervisor sees the chats of the department; they ring for the one who has them.
#[tokio::test]
async fn chat_of_a_colleague_does_not_ring() {
    let (server, admin) = start().await;
    let ana = admin.create_agent("ana", "atendente", &[1]).await;
    let mut watching = Socket::connect(&server, &admin).await;
    let mut serving = Socket::connect(&server, &ana).await;
    ana.set_status("online").await;
    admin.receive(&customer_number(1), "oi", "m1").await;
    let assigned = serving.next_event_frame("chat_assigned").await;
    assert_eq!(assigned["notify"], calls(true, true, true));
    admin.receive(&customer_number(1), "alô?", "m2").await;
    let is_second = |frame: &Value| frame["data"]["message_id"] == "m2";
    for (socket, expected) in
        [(&mut watching, calls(false, false, false)), (&mut serving, calls(true, true, true))]
    {
        let frame = loop {
            let frame = socket.next_event_frame("message_received").await;
            if is_second(&frame) {
                break frame;
            }
        };
        assert_eq!(frame["notify"], expected);
        let repeated = socket.events_until_now().await;
        let repeated = repeated.iter().filter(|frame| frame["event"] == "new_message");
        assert!(repeated.clone().all(|frame| frame["notify"] == calls(false, false, false)));
    }
}

async fn start() -> (Server, Client) {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    (server, admin)
}
