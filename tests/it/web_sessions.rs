//! Numbers of WhatsApp Web: how they are paired, how a connection ends, and what follows from each end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::text,
    eventually,
    fake_whatsapp::{Failure, FakeWhatsapp, PHONE_NUMBER},
    on_both_databases, within,
};

const SESSIONS: &str = "/api/v1/whatsapp/sessions/";
const START: &str = "/api/v1/whatsapp/sessions/start/";
const STOP: &str = "/api/v1/whatsapp/sessions/stop/";
const MARIA: &str = "5511999990001";

on_both_databases!(
    a_number_is_paired_once_and_comes_back_after_stops_and_restarts,
    a_removed_companion_asks_for_a_new_pairing,
);

async fn hub() -> (Server, FakeWhatsapp, Client) {
    hub_on(&Database::Sqlite).await
}

async fn hub_on(database: &Database) -> (Server, FakeWhatsapp, Client) {
    let fake = FakeWhatsapp::start().await;
    let server = fake.hub_on(database).start().await;
    let admin = server.admin().await;
    (server, fake, admin)
}

async fn paired() -> (Server, FakeWhatsapp, Client) {
    let (server, fake, admin) = hub().await;
    fake.pair(&server, &admin).await;
    (server, fake, admin)
}

/// Waits until the default number is no more connected, for this reason.
async fn ends(admin: &Client, reason: &str) -> Value {
    eventually(&format!("the number ends with {reason}"), async || {
        let status = admin.get(&format!("{SESSIONS}status/")).expect(200).await;
        (status["last_error"] == reason && status["is_connected"] == false).then_some(status)
    })
    .await
}

/// A message goes in and an answer out.
async fn assert_it_works(fake: &FakeWhatsapp, admin: &Client, number: &str) {
    let customer = fake.customer(number, "Cliente");
    customer.says("Oi").await;
    admin.chat_opens(number).await;
    admin.send_text(number, "Bom dia").await;
    assert_eq!(customer.receives(1).await.text(), "Bom dia");
}

#[tokio::test]
async fn pairing_by_a_code_to_scan_is_told_step_by_step() {
    let (server, fake, admin) = hub().await;
    admin.keep_hub_quiet().await;
    let mut socket = Socket::connect(&server, &admin).await;
    let answer = admin.post_nothing(START).expect(202).await;
    assert_eq!(answer["status"], "connecting");
    let shown = socket.next_event("qrcode").await;
    assert!(text(&shown["expires_at"]).ends_with('Z'), "{shown}");
    let before: Vec<_> = statuses(&socket);
    assert_eq!(before, ["connecting", "qrcode"]);
    fake.scan(text(&shown["code"]));
    let status = admin.session_becomes("ready").await;
    assert_eq!(status["phone_number"], PHONE_NUMBER);
    socket.events_until_now().await;
    let all = statuses(&socket);
    assert_eq!(all, ["connecting", "qrcode", "authenticated", "ready"]);
    let again = admin.post_nothing(START).expect(202).await;
    assert_eq!(again["status"], "ready", "an active number stays as it is");
    assert_it_works(&fake, &admin, MARIA).await;
    assert_eq!(fake.pairings(), 1);
    fake.assert_well_used();
}

fn statuses(socket: &Socket) -> Vec<String> {
    let told = socket.frames.iter().filter(|frame| frame["event"] == "session_status");
    told.map(|frame| text(&frame["data"]["status"]).to_owned()).collect()
}

#[tokio::test]
async fn pairing_by_a_code_to_type_works_as_well() {
    let (server, fake, admin) = hub().await;
    admin.keep_hub_quiet().await;
    let mut socket = Socket::connect(&server, &admin).await;
    let wrong = json!({"pairing_phone": "meu celular"});
    admin.post(START, wrong).expect_invalid("pairing_phone").await;
    admin.post(START, json!({"pairing_phone": "+55 11 4000-2000"})).expect(202).await;
    // Slow on purpose, so that codes cannot be guessed.
    let status = eventually("there is a code to type", async || {
        let status = admin.get(&format!("{SESSIONS}status/")).expect(200).await;
        status["pairing_code"].is_string().then_some(status)
    })
    .await;
    let shown = socket.next_event("pairing_code").await;
    assert_eq!(shown["pairing_code"], status["pairing_code"]);
    fake.types_code(text(&shown["pairing_code"])).await;
    admin.session_becomes("ready").await;
    assert_it_works(&fake, &admin, MARIA).await;
    fake.assert_well_used();
}

async fn a_number_is_paired_once_and_comes_back_after_stops_and_restarts(database: Database) {
    let (mut server, fake, admin) = hub_on(&database).await;
    fake.pair(&server, &admin).await;
    assert_it_works(&fake, &admin, MARIA).await;
    admin.post_nothing(STOP).expect(200).await;
    admin.session_becomes("disconnected").await;
    eventually("the hub has hung up", async || (fake.connections() == 0).then_some(())).await;
    let waiting = fake.customer("5511999990003", "Rita");
    waiting.says("Alguém aí?").await;
    admin.post_nothing(START).expect(202).await;
    admin.session_becomes("ready").await;
    admin.chat_opens("5511999990003").await;
    server.restart().await;
    let admin = server.admin().await;
    admin.session_becomes("ready").await;
    assert_it_works(&fake, &admin, "5511999990004").await;
    server.kill9().await;
    server.start_again().await;
    let admin = server.admin().await;
    admin.session_becomes("ready").await;
    assert_it_works(&fake, &admin, "5511999990005").await;
    assert_eq!(fake.pairings(), 1);
    fake.assert_well_used();
}

async fn a_removed_companion_asks_for_a_new_pairing(database: Database) {
    let (server, fake, admin) = hub_on(&database).await;
    fake.pair(&server, &admin).await;
    fake.unlink();
    let status = ends(&admin, "desconectado_pelo_celular").await;
    assert!(status["message"].is_string(), "what to do is said: {status}");
    let body = json!({"to": MARIA, "text": "oi"});
    admin.post("/api/v1/whatsapp/send/", body).expect_failure(423).await;
    fake.pair(&server, &admin).await;
    assert_eq!(fake.pairings(), 2);
    assert_it_works(&fake, &admin, MARIA).await;
    fake.assert_well_used();
}

#[tokio::test]
async fn a_companion_removed_while_it_was_away_asks_for_a_new_pairing() {
    let (server, fake, admin) = paired().await;
    admin.post_nothing(STOP).expect(200).await;
    admin.session_becomes("disconnected").await;
    fake.unlink();
    admin.post_nothing(START).expect(202).await;
    ends(&admin, "desconectado_pelo_celular").await;
    fake.pair(&server, &admin).await;
    fake.assert_well_used();
}

#[tokio::test]
async fn whoever_takes_over_keeps_the_connection() {
    let (_server, fake, admin) = paired().await;
    let logins = fake.logins();
    fake.replace();
    ends(&admin, "conectado_em_outro_lugar").await;
    assert_eq!((fake.logins(), fake.connections()), (logins, 0), "it does not fight");
    // Only when a person says so.
    admin.post_nothing(START).expect(202).await;
    admin.session_becomes("ready").await;
    assert_eq!((fake.logins(), fake.pairings()), (logins + 1, 1));
    fake.assert_well_used();
}

#[tokio::test]
async fn a_ban_says_until_when() {
    let (_server, fake, admin) = paired().await;
    fake.refuse_logins(Some(Failure { reason: 402, ban: Some((101, 3600)) }));
    fake.drop_connections();
    ends(&admin, "numero_banido_temporariamente").await;
    fake.refuse_logins(None);
    admin.post_nothing(START).expect(202).await;
    admin.session_becomes("ready").await;
    assert_eq!(fake.pairings(), 1, "the keys are kept");
    fake.assert_well_used();
}

#[tokio::test]
async fn refusals_at_login_say_what_has_to_be_done() {
    let cases =
        [(405, "versao_desatualizada"), (406, "numero_banido"), (403, "desconectado_pelo_celular")];
    for (reason, expected) in cases {
        let (_server, fake, admin) = paired().await;
        fake.refuse_logins(Some(Failure { reason, ban: None }));
        fake.drop_connections();
        let status = ends(&admin, expected).await;
        assert!(status["message"].is_string(), "{status}");
        fake.assert_well_used();
    }
}

#[tokio::test]
async fn what_passes_is_waited_for() {
    let (_server, fake, admin) = paired().await;
    for code in ["515", "503"] {
        let logins = fake.logins();
        fake.stream_error(code);
        eventually("the hub logs in again", async || (fake.logins() > logins).then_some(())).await;
        admin.session_becomes("ready").await;
    }
    assert_it_works(&fake, &admin, MARIA).await;
    assert_eq!(fake.pairings(), 1);
    fake.assert_well_used();
}

#[tokio::test]
async fn codes_that_nobody_scanned_are_no_failure_of_the_connection() {
    let (server, fake, admin) = hub().await;
    // None at all, instead of six that last for 160 s.
    fake.offer_codes(0);
    admin.post_nothing(START).expect(202).await;
    ends(&admin, "qr_expirado").await;
    fake.offer_codes(6);
    fake.pair(&server, &admin).await;
    fake.assert_well_used();
}

#[tokio::test]
async fn two_numbers_are_two_companions() {
    const RIO: &str = "552140003000";
    let (server, fake, admin) = paired().await;
    let rio = fake.add_phone(RIO, "100000000000002");
    let created = admin.post(SESSIONS, json!({"provider": "web"})).expect(201).await;
    let mut socket = Socket::connect(&server, &admin).await;
    admin.post(START, json!({"session_id": created["id"]})).expect(202).await;
    let shown = socket.next_event("qrcode").await;
    assert_eq!(shown["session_id"], created["id"]);
    fake.scan_with(rio, text(&shown["code"]));
    let path = format!("{SESSIONS}{}/", created["id"]);
    eventually("the second number is ready", async || {
        let row = admin.get(&path).expect(200).await;
        (row["status"] == "ready" && row["phone_number"] == RIO).then_some(())
    })
    .await;
    let (maria, jose) = (fake.customer(MARIA, "Maria"), fake.customer("5521999990002", "José"));
    maria.says("Oi, São Paulo").await;
    jose.says_to(rio, "Oi, Rio").await;
    admin.has_received(2).await;
    for customer in [&maria, &jose] {
        admin.send_text(&customer.number(), "Bom dia").await;
        customer.receives(1).await;
    }
    assert_eq!(maria.taken()[0].account(&fake), 0);
    assert_eq!(jose.taken()[0].account(&fake), rio);
    fake.assert_well_used();
}

#[tokio::test]
async fn a_number_moves_to_another_server_and_the_older_one_stops() {
    const PASSPHRASE: (&str, &str) = ("X-Backup-Passphrase", "correto cavalo bateria");
    let (_here, fake, old) = paired().await;
    assert_it_works(&fake, &old, MARIA).await;
    let logins = fake.logins();
    let export = old.get(&format!("{SESSIONS}1/export/")).header(PASSPHRASE.0, PASSPHRASE.1);
    let file = export.expect(200).await;
    let there = fake.hub_on(&Database::Sqlite).start().await;
    let new = there.admin().await;
    new.keep_hub_quiet().await;
    let import = new.post(&format!("{SESSIONS}import/"), &file).header(PASSPHRASE.0, PASSPHRASE.1);
    import.expect(200).await;
    new.post_nothing(START).expect(202).await;
    let status = new.session_becomes("ready").await;
    assert_eq!(status["phone_number"], PHONE_NUMBER);
    ends(&old, "conectado_em_outro_lugar").await;
    assert_it_works(&fake, &new, "5511999990006").await;
    assert_eq!((fake.pairings(), fake.logins(), fake.connections()), (1, logins + 1, 1));
    fake.assert_well_used();
}

/// Of every connection that a number has had nothing is left at the end.
#[tokio::test]
async fn a_server_stops_without_waiting_for_anybody() {
    let (mut server, fake, admin) = paired().await;
    for _ in 0..2 {
        let before = admin.session_becomes("ready").await;
        fake.drop_connections();
        admin.session_comes_back(&before).await;
    }
    assert!(server.stop().await.success());
    let log = server.log();
    assert!(!log.contains("did not end in time") && !log.contains("did not hang up"), "{log}");
}

/// Connected but deaf: found within two minutes, with the real waits.
#[tokio::test]
async fn a_server_that_says_nothing_any_more_is_found_and_left() {
    let (_server, fake, admin) = paired().await;
    assert_it_works(&fake, &admin, MARIA).await;
    let status = async || admin.get("/api/v1/whatsapp/sessions/status/").expect(200).await;
    assert_eq!(status().await["socket_alive"], true);
    fake.set_deaf(true);
    within(Duration::from_mins(2), "the hub finds that nobody answers", async || {
        (status().await["socket_alive"] == false).then_some(())
    })
    .await;
    let waiting = fake.customer("5511999990003", "Rita");
    waiting.says("Alguém aí?").await;
    fake.set_deaf(false);
    within(Duration::from_mins(2), "the number is connected again", async || {
        let status = status().await;
        (status["status"] == "ready" && status["socket_alive"] == true).then_some(())
    })
    .await;
    admin.chat_opens("5511999990003").await;
    assert_eq!(fake.pairings(), 1);
}
