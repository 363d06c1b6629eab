//! Files of messages, through the simulated network and HTTP.

use std::io::Cursor;

use dx_actors::{
    HubEvent,
    domain::{Inbound, MediaStatus, MessageKind, SessionId},
    testing::eventually,
};
use image::{DynamicImage, GenericImageView, ImageFormat};
use serde_json::{Value, json};

use crate::{
    test_support::TestApp,
    wire::content::{Content, MediaDetails},
};

const CHAT: &str = "5511988880001";
const MESSAGES: &str = "/api/v1/whatsapp/messages/";

fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = DynamicImage::new_rgb8(900, 600);
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}

/// A number that is ready, and files that are fetched.
async fn ready() -> TestApp {
    let app = TestApp::new().await;
    app.state.hub.sessions().start(SessionId(1)).await.unwrap();
    eventually(async || app.state.hub.sessions().is_ready(SessionId(1))).await;
    let fetching =
        super::run(app.state.hub.clone(), app.state.files.clone(), app.state.stop.clone());
    tokio::spawn(fetching);
    app
}

fn picture(message_id: &str, media_type: &str) -> Inbound {
    let reference = json!({"path": message_id});
    let details = MediaDetails { filename: "foto.png".to_owned(), reference, ..Default::default() };
    Inbound {
        kind: MessageKind::Image,
        media_mime_type: Some(media_type.to_owned()),
        media_status: Some(MediaStatus::Pending),
        details: Some(Content::Media(details).to_json()),
        ..Inbound::text(CHAT, message_id, "a foto")
    }
}

/// The newest message; the hub itself may have greeted the customer.
async fn row(app: &TestApp, direction: &str) -> Value {
    app.get(&format!("{MESSAGES}?direction={direction}")).signed_in().send().await.json()["results"]
        [0]
    .clone()
}

#[tokio::test]
async fn a_file_comes_after_its_message_and_is_read_by_who_may_see_the_chat() {
    let app = ready().await;
    let mut events = app.state.hub.outboxes().tap();
    let file = png();
    // The network calls it a JPEG; it is looked at.
    let message = picture("m1", "image/jpeg");
    assert!(
        app.state.network.customer_sends_file(SessionId(1), message, file.clone().into()).await
    );
    eventually(async || row(&app, "inbound").await["media_status"] == "ready").await;
    let stored = row(&app, "inbound").await;
    let expected = json!({"type": "media", "filename": "foto.png", "width": 900, "height": 600});
    assert_eq!((&stored["text_content"], &stored["details"]), (&json!("a foto"), &expected));
    let is_told = loop {
        if let HubEvent::MediaChanged { message, .. } = events.recv().await.unwrap() {
            break message.media_status;
        }
    };
    assert_eq!(is_told, Some(MediaStatus::Ready));

    let path = format!("/api/v1/whatsapp/media/{}/", stored["media_file_id"].as_str().unwrap());
    let whole = app.get(&path).signed_in().send().await;
    assert_eq!((whole.status, whole.bytes.as_ref()), (200, file.as_slice()));
    assert_eq!(whole.headers["content-type"], "image/png");
    let part = app.get(&path).signed_in().header("range", "bytes=1-3").send().await;
    assert_eq!((part.status, part.bytes.as_ref()), (206, &b"PNG"[..]));
    let small = app.get(&format!("{path}?miniatura=1")).signed_in().send().await;
    let small = image::load_from_memory(&small.bytes).unwrap();
    assert_eq!(small.dimensions(), (300, 200));
    // Somebody else has the chat.
    let accept = format!("/api/v1/chats/{CHAT}/aceitar/");
    assert_eq!(app.post(&accept).signed_in().json(&json!({})).send().await.status, 200);
    assert_eq!(app.get(&path).signed_in_as(TestApp::AGENT).send().await.status, 404);
    assert_eq!(app.get(&path).send().await.status, 401);
    assert_eq!(app.get("/api/v1/whatsapp/media/..%2Fx/").signed_in().send().await.status, 404);
}

#[tokio::test]
async fn a_file_that_the_network_no_longer_has_is_given_up_and_can_be_asked_for_again() {
    let app = ready().await;
    assert!(app.state.network.customer_writes(SessionId(1), picture("m1", "image/png")).await);
    eventually(async || row(&app, "inbound").await["media_status"] == "failed").await;
    let id = row(&app, "inbound").await["id"].clone();
    let again = format!("{MESSAGES}{id}/midia/");
    app.state.network.put_file(SessionId(1), "m1", png().into());
    assert_eq!(app.post(&again).signed_in().send().await.json()["media_status"], "pending");
    eventually(async || row(&app, "inbound").await["media_status"] == "ready").await;
    assert_eq!(app.post(&again).signed_in().send().await.status, 400, "there is nothing to fetch");
}

#[tokio::test]
async fn an_uploaded_file_is_sent_and_programs_are_not_taken() {
    let app = ready().await;
    let upload = async |name: &str, bytes: &[u8]| {
        app.post("/api/v1/whatsapp/media/").signed_in().file("arquivo", name, bytes).send().await
    };
    let stored = upload("foto.png", &png()).await;
    assert_eq!(stored.status, 201, "{}", stored.text);
    let file_id = stored.json()["file_id"].clone();
    let mut body = json!({
        "to": CHAT, "type": "image", "text": "veja", "media_file_id": file_id,
        "quoted_message_id": "m0", "filename": "foto.png", "client_message_id": "c1",
    });
    let sent = app.post("/api/v1/whatsapp/send/").signed_in().json(&body).send().await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let sent = row(&app, "outbound").await;
    assert_eq!((&sent["media_file_id"], &sent["media_status"]), (&file_id, &json!("ready")));
    assert_eq!(sent["quoted_message_id"], "m0");
    let path = format!("/api/v1/whatsapp/media/{}/", file_id.as_str().unwrap());
    assert_eq!(app.get(&path).signed_in().send().await.status, 200);
    // A repeat is the same message; the same id with another file is refused.
    let repeat = app.post("/api/v1/whatsapp/send/").signed_in().json(&body).send().await;
    assert_eq!((repeat.status, &repeat.json()["database_id"]), (202, &sent["id"]));
    body["media_file_id"] = upload("outra.png", &png()).await.json()["file_id"].clone();
    let other = app.post("/api/v1/whatsapp/send/").signed_in().json(&body).send().await;
    assert_eq!(other.status, 409, "{}", other.text);
    for (name, bytes) in [("foto.png", &b"MZ\x90\0"[..]), ("foto.exe", b"MZ"), ("foto.png", b"")] {
        assert_eq!(upload(name, bytes).await.status, 400, "{name}");
    }
    let unknown = json!({"to": CHAT, "type": "image", "media_file_id": "0".repeat(32)});
    let refused = app.post("/api/v1/whatsapp/send/").signed_in().json(&unknown).send().await;
    assert_eq!((refused.status, refused.json()["media_file_id"].is_array()), (400, true));
}
