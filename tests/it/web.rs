//! Numbers of WhatsApp Web, with a network that has real keys: conversations from the phone of a
//! customer to the screen of an agent and back.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{list, results, text},
    eventually,
    fake_whatsapp::{FakeWhatsapp, File, Manner, PHONE_NUMBER, Presence, text_message},
    on_both_databases,
    wire::{CHATS, MESSAGES, SEND},
};

const MARIA: &str = "5511999990001";
const JOSE: &str = "5521999990002";
const GROUP: &str = "120363021033254949@g.us";
/// One grey pixel.
const PNG: &[u8] = include_bytes!("support/fake_graph/pixel.png");

on_both_databases!(
    a_conversation_over_whatsapp_web,
    number_and_lid_are_one_chat,
    ten_messages_that_waited_are_one_chat_in_order,
    what_comes_twice_is_stored_once,
    groups_are_read_only_where_they_are_kept,
);

/// A hub whose default number is paired and ready, its network, and the admin.
async fn scene(database: &Database) -> (Server, FakeWhatsapp, Client) {
    let fake = FakeWhatsapp::start().await;
    let server = fake.hub_on(database).start().await;
    let admin = server.admin().await;
    fake.pair(&server, &admin).await;
    (server, fake, admin)
}

fn texts(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(&row["text_content"]).to_owned()).collect()
}

async fn open_chats(admin: &Client) -> usize {
    list(&admin.get(CHATS).expect(200).await).len()
}

async fn a_conversation_over_whatsapp_web(database: Database) {
    let (server, fake, admin) = scene(&database).await;
    let status = admin.session_becomes("ready").await;
    assert_eq!(status["phone_number"], PHONE_NUMBER);
    let maria = fake.customer(MARIA, "Maria Souza");
    let mut socket = Socket::connect(&server, &admin).await;
    let said = maria.says("Olá, preciso de ajuda").await;
    let received = socket.next_event("message_received").await;
    assert_eq!((&received["message_id"], &received["chat_id"]), (&json!(said), &json!(MARIA)));
    let chat = admin.chat_opens(MARIA).await;
    assert_eq!(chat["cliente_nome"], "Maria Souza");
    fake.acknowledges(&said).await;
    let sent = admin.send_text(MARIA, "Bom dia").await;
    let taken = maria.receives(1).await;
    assert_eq!(taken.text(), "Bom dia");
    assert_eq!(sent["message_id"], taken.id, "the id that was promised");
    admin.message_becomes(&sent["database_id"], "sent").await;
    maria.got(&taken.id);
    admin.message_becomes(&sent["database_id"], "delivered").await;
    maria.reads(&taken.id);
    admin.message_becomes(&sent["database_id"], "read").await;
    socket.expect_statuses(&["sent", "delivered", "read"]).await;
    assert!(fake.copies()[0].device_sent_message.is_set(), "the phone shows it, too");
    // Reading, by whoever is responsible.
    admin.accept(MARIA).await;
    admin.post_nothing(&format!("{CHATS}{MARIA}/lido/")).expect(200).await;
    eventually("the customer is shown that it was read", async || {
        fake.read().contains(&said).then_some(())
    })
    .await;
    fake.assert_well_used();
}

async fn number_and_lid_are_one_chat(database: Database) {
    let (_server, fake, admin) = scene(&database).await;
    let (maria, jose) = (fake.customer(MARIA, "Maria"), fake.customer(JOSE, "José"));
    maria.says("do número").await;
    maria.writes_by_lid().says("do LID, com o número").await;
    maria.hides_number().says("só do LID").await;
    jose.writes_by_lid().says("do LID, com o número").await;
    jose.writes_by_number().says("do número").await;
    admin.has_received(5).await;
    let chat = admin.chat_opens(MARIA).await;
    assert_eq!(chat["total_mensagens_cliente"], 3, "{chat}");
    admin.chat_opens(JOSE).await;
    assert_eq!(open_chats(&admin).await, 2);
    for (number, customer) in [(MARIA, &maria), (JOSE, &jose)] {
        admin.send_text(number, "resposta").await;
        assert_eq!(customer.receives(1).await.text(), "resposta");
    }
    fake.assert_well_used();
}

async fn groups_are_read_only_where_they_are_kept(database: Database) {
    let (server, fake, admin) = scene(&database).await;
    let agent = admin.create_agent("ana", "atendente", &[1]).await;
    let (maria, group) = (fake.customer(MARIA, "Maria Souza"), fake.group(GROUP));
    let (mut for_admin, mut for_agent) =
        (Socket::connect(&server, &admin).await, Socket::connect(&server, &agent).await);
    let unwanted = group.hears(&maria, text_message("Quem traz o bolo?")).await;
    fake.acknowledges(&unwanted).await;
    let keep = json!({"keep_groups": true});
    let changed = admin.patch("/api/v1/whatsapp/sessions/1/", &keep).expect(200).await;
    assert_eq!(changed["keep_groups"], true);
    maria.writes_by_lid();
    let kept = group.hears(&maria, text_message("Entrega amanhã?")).await;
    let mut frame = for_admin.next_event_frame("message_received").await;
    let told = frame["data"].take();
    let shown = ["message_id", "chat_id", "contact_name"].map(|key| &told[key]);
    assert_eq!(shown, [&json!(kept), &json!(GROUP), &json!("Maria Souza")], "{told}");
    let silent = json!({"sound": false, "desktop": false, "badge": false});
    assert_eq!(frame["notify"], silent);
    fake.acknowledges(&kept).await;
    let reaction = group.hears(&maria, maria.reaction_to_own(&kept, "👍")).await;
    fake.acknowledges(&reaction).await;
    for_agent.expect_no("message_received").await;
    // The customer's own chat is another.
    maria.says("Bom dia").await;
    admin.chat_opens(MARIA).await;
    assert_eq!(open_chats(&admin).await, 1);
    let of_group = format!("{MESSAGES}?chat_id={GROUP}");
    let page = admin.get(&of_group).expect(200).await;
    let rows = results(&page);
    assert_eq!(texts(rows), ["Entrega amanhã?"]);
    assert_eq!(
        (&rows[0]["contact_number"], &rows[0]["atendimento"]),
        (&json!(MARIA), &Value::Null)
    );
    assert_eq!(results(&agent.get(&of_group).expect(200).await), Vec::<Value>::new());
    let refused = json!({"to": GROUP, "text": "Bom dia a todos"});
    let answer = admin.post(SEND, &refused).expect(400).await;
    assert!(answer.to_string().contains("só de leitura"), "{answer}");
    fake.assert_well_used();
}

async fn ten_messages_that_waited_are_one_chat_in_order(database: Database) {
    let (_server, fake, admin) = scene(&database).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    let first = maria.says("Bom dia").await;
    fake.acknowledges(&first).await;
    fake.hold_deliveries();
    fake.drop_connections();
    let mut expected = vec!["Bom dia".to_owned()];
    for n in 1..=10 {
        maria.says(&format!("mensagem {n}")).await;
        expected.push(format!("mensagem {n}"));
    }
    let rows = admin.has_received(11).await;
    assert_eq!(texts(&rows), expected);
    assert_eq!(open_chats(&admin).await, 1);
    eventually("all are acknowledged", async || fake.unacknowledged().is_empty().then_some(()))
        .await;
    assert_eq!(fake.pairings(), 1, "it came back with its keys");
    fake.assert_well_used();
}

async fn what_comes_twice_is_stored_once(database: Database) {
    let (_server, fake, admin) = scene(&database).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    let said = maria.says("Oi").await;
    fake.acknowledges(&said).await;
    for _ in 0..2 {
        maria.repeats(&said, "Oi").await;
        eventually("the repeat is acknowledged", async || {
            fake.unacknowledged().is_empty().then_some(())
        })
        .await;
    }
    maria.says("fim").await;
    let rows = admin.has_received(2).await;
    assert_eq!(texts(&rows), ["Oi", "fim"]);
    fake.assert_well_used();
}

#[tokio::test]
async fn an_album_is_one_chat_and_ten_pictures_in_order() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    for n in 0..10 {
        let caption = format!("foto {n}");
        maria.sends_file(File::Image { caption: &caption }, PNG, "image/png").await;
    }
    let rows = admin.has_received(10).await;
    let expected: Vec<_> = (0..10).map(|n| format!("foto {n}")).collect();
    assert_eq!(texts(&rows), expected);
    for row in &rows {
        eventually("the picture is fetched", async || {
            let row = admin.message(&row["id"]).await;
            (row["media_status"] == "ready").then_some(())
        })
        .await;
    }
    assert_eq!(open_chats(&admin).await, 1);
    fake.assert_well_used();
}

#[tokio::test]
async fn files_go_both_ways_byte_for_byte() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    let document: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    fake.fail_files([503]);
    maria.sends_file(File::Document { name: "nota.txt" }, &document, "text/plain").await;
    let rows = admin.has_received(1).await;
    let row = eventually("the document is fetched", async || {
        let row = admin.message(&rows[0]["id"]).await;
        (row["media_status"] == "ready").then_some(row)
    })
    .await;
    assert_eq!(row["media_size"], document.len());
    let path = format!("/api/v1/whatsapp/media/{}/", text(&row["media_file_id"]));
    let fetched = admin.get(&path).send_for_bytes().await;
    assert!(fetched == document, "{} bytes instead of {}", fetched.len(), document.len());

    let part = reqwest::multipart::Part::bytes(PNG).file_name("a.png").mime_str("image/png");
    let form = reqwest::multipart::Form::new().part("arquivo", part.expect("a media type"));
    let file = admin.post_nothing("/api/v1/whatsapp/media/").multipart(form).expect(201).await;
    let body = json!({
        "to": MARIA, "type": "image", "media_file_id": file["file_id"], "text": "legenda",
    });
    let sent = admin.post(SEND, body).expect(202).await;
    let taken = maria.receives(1).await;
    assert_eq!(maria.opens(&taken), PNG);
    let image = taken.message.image_message.as_option().expect("an image");
    assert_eq!(image.caption.as_deref(), Some("legenda"));
    admin.message_becomes(&sent["database_id"], "sent").await;
    fake.assert_well_used();
}

#[tokio::test]
async fn every_kind_of_message_comes_in_with_what_it_carries() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    let first = maria.says("Olá").await;
    maria.answers(&first, "sim").await;
    maria.shows_location(-23.5, -46.6, "MASP").await;
    maria.shares_contact("Eva", "5511988887777").await;
    maria.sends_file(File::Voice, b"OggS", "audio/ogg; codecs=opus").await;
    maria.sends_file(File::Sticker, PNG, "image/webp").await;
    let rows = admin.has_received(6).await;
    let mut whole = Vec::new();
    for row in &rows {
        whole.push(admin.message(&row["id"]).await);
    }
    let kinds: Vec<_> = whole.iter().map(|row| text(&row["message_type"])).collect();
    assert_eq!(kinds, ["text", "text", "location", "contact", "audio", "sticker"]);
    assert_eq!(whole[1]["quoted_message_id"], first);
    assert_eq!(whole[2]["details"]["latitude"], -23.5);
    assert_eq!(whole[3]["details"]["contacts"][0]["phones"][0], "5511988887777");
    fake.assert_well_used();
}

#[tokio::test]
async fn reactions_edits_and_deletions_find_their_message() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    let said = maria.says("Ola").await;
    let row = admin.has_received(1).await.remove(0);
    let sent = admin.send_text(MARIA, "Bom dia").await;
    let taken = maria.receives(1).await;
    admin.message_becomes(&sent["database_id"], "sent").await;
    maria.reacts(&taken.id, "👍").await;
    eventually("the reaction is shown with our message", async || {
        let row = admin.message(&sent["database_id"]).await;
        (row["customer_reaction"] == "👍").then_some(())
    })
    .await;
    maria.edits(&said, "Olá").await;
    eventually("the text is changed", async || {
        let row = admin.message(&row["id"]).await;
        (row["text_content"] == "Olá" && row["edited_at"].is_string()).then_some(())
    })
    .await;
    let path = format!("{MESSAGES}{}/reacao/", row["id"]);
    admin.post(&path, json!({"emoji": "❤️"})).expect(200).await;
    let reaction = maria.receives(2).await.message.reaction_message;
    let reaction = reaction.as_option().expect("a reaction");
    assert_eq!(reaction.text.as_deref(), Some("❤️"));
    let key = reaction.key.as_option().expect("what it is about");
    assert_eq!((key.id.as_deref(), key.from_me), (Some(said.as_str()), Some(false)));
    maria.deletes(&said).await;
    eventually("the message is gone", async || {
        admin.message(&row["id"]).await["deleted_at"].is_string().then_some(())
    })
    .await;
    fake.assert_well_used();
}

#[tokio::test]
async fn typing_is_seen_on_both_sides() {
    let (server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    let said = maria.says("Oi").await;
    fake.acknowledges(&said).await;
    admin.chat_opens(MARIA).await;
    admin.accept(MARIA).await;
    let mut socket = Socket::connect(&server, &admin).await;
    maria.types();
    let shown = socket.next_event("typing_start").await;
    assert_eq!(shown["chat_id"], MARIA);
    maria.stops_typing();
    assert_eq!(socket.next_event("typing_stop").await["chat_id"], MARIA);
    admin.post("/api/v1/typing/", json!({"chat_id": MARIA})).expect(200).await;
    eventually("the customer sees that somebody types", async || {
        maria.chat_states().contains(&"composing".to_owned()).then_some(())
    })
    .await;
    admin.delete(&format!("/api/v1/typing/?chat_id={MARIA}")).send().await.expect(204);
    eventually("the customer sees that nobody types any more", async || {
        (maria.chat_states().last().map(String::as_str) == Some("paused")).then_some(())
    })
    .await;
    // A companion in use keeps the owner's phone from ringing.
    eventually("no device is in use any more", async || {
        (fake.presences().last() == Some(&Presence::Unavailable)).then_some(())
    })
    .await;
    // Or nobody would be told that she types.
    eventually("the network is asked to tell her signals", async || {
        let is_hers = |to: &String| to.contains(MARIA) || to.contains(&maria.lid());
        fake.subscriptions().iter().any(is_hers).then_some(())
    })
    .await;
    fake.assert_well_used();
}

#[tokio::test]
async fn ticks_never_go_back() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    maria.says("Oi").await;
    admin.chat_opens(MARIA).await;
    let sent = admin.send_text(MARIA, "um").await;
    let taken = maria.receives(1).await;
    admin.message_becomes(&sent["database_id"], "sent").await;
    maria.reads(&taken.id);
    admin.message_becomes(&sent["database_id"], "read").await;
    maria.got(&taken.id);
    // A second message shows that the late tick has been seen.
    let second = admin.send_text(MARIA, "dois").await;
    let taken = maria.receives(2).await;
    admin.message_becomes(&second["database_id"], "sent").await;
    maria.got(&taken.id);
    admin.message_becomes(&second["database_id"], "delivered").await;
    let row = admin.message(&sent["database_id"]).await;
    assert_eq!(row["status"], "read");
    fake.assert_well_used();
}

#[tokio::test]
async fn what_the_phone_writes_is_part_of_the_chat() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    maria.says("Oi").await;
    admin.chat_opens(MARIA).await;
    let written = fake.phone_writes(&maria, "Respondi do celular").await;
    fake.acknowledges(&written).await;
    let row = eventually("it is stored as ours", async || {
        let page = admin.get(&format!("{MESSAGES}?direction=outbound")).expect(200).await;
        results(&page).first().cloned()
    })
    .await;
    assert_eq!(row["text_content"], "Respondi do celular");
    assert_eq!(row["message_id"], written);
    assert_eq!(open_chats(&admin).await, 1);
    assert!(maria.taken().is_empty(), "it is not sent again");
    fake.assert_well_used();
}

#[tokio::test]
async fn a_refusal_fails_one_message_and_says_why() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    maria.says("Oi").await;
    admin.chat_opens(MARIA).await;
    fake.behave([Manner::Refuse(479)]);
    let sent = admin.send_text(MARIA, "não passa").await;
    let row = admin.message_becomes(&sent["database_id"], "failed").await;
    assert!(text(&row["error_message"]).contains("479"), "{row}");
    let sent = admin.send_text(MARIA, "passa").await;
    admin.message_becomes(&sent["database_id"], "sent").await;
    assert_eq!(maria.receives(1).await.text(), "passa");
    fake.assert_well_used();
}

#[tokio::test]
async fn the_reachout_lock_stops_those_who_never_wrote_and_nobody_else() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let (maria, jose) = (fake.customer(MARIA, "Maria"), fake.customer(JOSE, "José"));
    maria.says("Oi").await;
    admin.chat_opens(MARIA).await;
    fake.lock_reachout(true);
    let cold = admin.send_text(JOSE, "Conhece a nossa loja?").await;
    let row = admin.message_becomes(&cold["database_id"], "failed").await;
    assert!(text(&row["error_message"]).contains("nunca escreveu"), "{row}");
    let warm = admin.send_text(MARIA, "Bom dia").await;
    admin.message_becomes(&warm["database_id"], "sent").await;
    assert!(jose.taken().is_empty());
    admin.session_becomes("ready").await;
    fake.assert_well_used();
}

#[tokio::test]
async fn a_late_acknowledgement_is_one_message_all_the_same() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    maria.says("Oi").await;
    admin.chat_opens(MARIA).await;
    fake.behave([Manner::TakeAndHold]);
    let sent = admin.send_text(MARIA, "devagar").await;
    maria.receives(1).await;
    assert_eq!(admin.message(&sent["database_id"]).await["status"], "sending");
    fake.release_acks();
    admin.message_becomes(&sent["database_id"], "sent").await;
    assert_eq!((maria.taken().len(), maria.repeated().len()), (1, 0));
    fake.assert_well_used();
}

#[tokio::test]
async fn a_cut_connection_neither_loses_nor_doubles_what_was_on_its_way() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    maria.says("Oi").await;
    admin.chat_opens(MARIA).await;
    for (n, manner) in [Manner::TakeAndCut, Manner::CutBefore, Manner::Take].iter().enumerate() {
        let before = admin.session_becomes("ready").await;
        fake.behave([*manner]);
        let sent = admin.send_text(MARIA, &format!("mensagem {}", n + 1)).await;
        assert_eq!(sent["message_id"], maria.receives(n + 1).await.id);
        admin.message_becomes(&sent["database_id"], "sent").await;
        if *manner != Manner::Take {
            admin.session_comes_back(&before).await;
        }
    }
    let seen: Vec<_> = maria.taken().iter().map(|taken| taken.text().to_owned()).collect();
    assert_eq!(seen, ["mensagem 1", "mensagem 2", "mensagem 3"]);
    fake.assert_well_used();
}

#[tokio::test]
async fn the_number_that_whatsapp_knows_is_the_one_that_is_written_to() {
    const SHORT: &str = "553188887777";
    const LONG: &str = "5531988887777";
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let ana = fake.customer(SHORT, "Ana");
    fake.add_alias(SHORT, LONG);
    let sent = admin.send_text(LONG, "Olá, Ana").await;
    assert_eq!(ana.receives(1).await.text(), "Olá, Ana");
    admin.message_becomes(&sent["database_id"], "sent").await;
    ana.says("Oi!").await;
    admin.has_received(1).await;
    assert_eq!(open_chats(&admin).await, 1);
    let nobody = admin.send_text("5511988880000", "alguém?").await;
    let row = admin.message_becomes(&nobody["database_id"], "failed").await;
    assert!(text(&row["error_message"]).contains("não tem WhatsApp"), "{row}");
    fake.assert_well_used();
}

#[tokio::test]
async fn a_phone_set_up_anew_is_still_answered() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    maria.says("Oi").await;
    admin.chat_opens(MARIA).await;
    admin.send_text(MARIA, "um").await;
    maria.receives(1).await;
    maria.loses_sessions();
    admin.send_text(MARIA, "dois").await;
    assert_eq!(maria.receives(2).await.text(), "dois");
    maria.says("de um telefone novo").await;
    admin.has_received(2).await;
    fake.assert_well_used();
}

#[tokio::test]
async fn what_cannot_be_read_is_asked_for_again() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    maria.garbles_next();
    let first = maria.says("Bom dia").await;
    let second = maria.says("Alguém aí?").await;
    admin.has_received(2).await;
    maria.garbles_next();
    let third = maria.says("Olá?").await;
    let rows = admin.has_received(3).await;
    let mut stored: Vec<_> = rows.iter().map(|row| text(&row["message_id"])).collect();
    stored.sort_unstable();
    assert_eq!(stored, [&first, &second, &third]);
    assert!(fake.retries().contains(&first) && fake.retries().contains(&third));
    fake.assert_well_used();
}

#[tokio::test]
async fn every_file_is_fetched_once_and_kept() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    maria.sends_file(File::Document { name: "a.txt" }, b"um", "text/plain").await;
    let row = admin.has_received(1).await.remove(0);
    let row = eventually("the document is fetched", async || {
        let row = admin.message(&row["id"]).await;
        (row["media_status"] == "ready").then_some(row)
    })
    .await;
    fake.expire_files();
    let path = format!("/api/v1/whatsapp/media/{}/", text(&row["media_file_id"]));
    for _ in 0..2 {
        assert_eq!(admin.get(&path).send_for_bytes().await, b"um");
    }
    assert_eq!(fake.file_requests(), (1, 0));
    fake.assert_well_used();
}

#[tokio::test]
async fn a_file_that_has_expired_is_asked_of_the_phone() {
    let (_server, fake, admin) = scene(&Database::Sqlite).await;
    let maria = fake.customer(MARIA, "Maria Souza");
    let becomes = async |row: &Value, wanted: &str| {
        eventually(&format!("the file is {wanted}"), async || {
            let row = admin.message(&row["id"]).await;
            (row["media_status"] == wanted).then_some(row)
        })
        .await
    };
    fake.hold_deliveries();
    maria.sends_file(File::Document { name: "a.txt" }, b"um", "text/plain").await;
    fake.expire_files();
    fake.release_deliveries(&[]);
    let row = admin.has_received(1).await.remove(0);
    let row = becomes(&row, "ready").await;
    let path = format!("/api/v1/whatsapp/media/{}/", text(&row["media_file_id"]));
    assert_eq!(admin.get(&path).send_for_bytes().await, b"um");

    fake.phone_forgets_files();
    fake.hold_deliveries();
    maria.sends_file(File::Document { name: "b.txt" }, b"dois", "text/plain").await;
    fake.expire_files();
    fake.release_deliveries(&[]);
    let row = admin.has_received(2).await.remove(1);
    becomes(&row, "failed").await;
    fake.assert_well_used();
}
