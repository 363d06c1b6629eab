use axum::http::Method;
use dx_actors::{
    domain::{AgentId, NewAgent, Role},
    store::RecordChange,
    testing::eventually,
};
use serde_json::{Map, Value, json};
use whatsapp_rust::wacore::store::{
    Device,
    traits::{DeviceStore as _, SignalStore as _},
};

use super::*;
use crate::{
    providers::web::backend::is_fenced,
    test_support::{Answer, TestApp},
};

const SESSIONS: &str = "/api/v1/whatsapp/sessions/";
const IMPORT: &str = "/api/v1/whatsapp/sessions/import/";
const PASSPHRASE: &str = "correto cavalo bateria";
const SECRET: &[u8] = b"what opens the number";

/// A file that another test may take apart.
type File = Map<String, Value>;

async fn create(app: &TestApp, body: &Value) -> i64 {
    let answer = app.post(SESSIONS).signed_in().json(body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_i64().unwrap()
}

async fn export(app: &TestApp, id: i64, passphrase: Option<&str>) -> Answer {
    let mut call = app.get(&format!("{SESSIONS}{id}/export/")).signed_in();
    if let Some(passphrase) = passphrase {
        call = call.header("X-Backup-Passphrase", passphrase);
    }
    call.send().await
}

async fn exported(app: &TestApp, id: i64, passphrase: Option<&str>) -> File {
    let answer = export(app, id, passphrase).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

async fn import(app: &TestApp, file: &File, passphrase: Option<&str>) -> Answer {
    let mut call = app.post(IMPORT).signed_in().json(&Value::Object(file.clone()));
    if let Some(passphrase) = passphrase {
        call = call.header("X-Backup-Passphrase", passphrase);
    }
    call.send().await
}

async fn row(app: &TestApp, id: i64) -> Value {
    app.get(&format!("{SESSIONS}{id}/")).signed_in().send().await.json()
}

/// A number of WhatsApp Web with a record, as its connection would write it.
async fn web_number(app: &TestApp) -> i64 {
    let body = json!({
        "provider": "web", "device_name": "Loja 2", "auto_reconnect": false,
        "proxy_enabled": true, "proxy_url": "socks5://usuario:senha-do-proxy@proxy:1080",
    });
    let id = create(app, &body).await;
    write(app, id, b"key", SECRET).await;
    id
}

async fn write(app: &TestApp, id: i64, key: &[u8], value: &[u8]) {
    let store = app.state.hub.store();
    let claim = store.claim_records(SessionId(id)).await.unwrap();
    let record = Record {
        kind: "session".to_owned(),
        key: key.to_vec(),
        value: value.to_vec(),
        stamp: 5,
        other_stamp: 6,
    };
    let record = app.state.web_store.vault(SessionId(id)).seal(record).unwrap();
    store.change_records(claim, vec![RecordChange::Put(record)]).await.unwrap();
}

/// The opened records of a number.
async fn records(app: &TestApp, id: i64) -> Vec<(Vec<u8>, Vec<u8>, i64)> {
    let id = SessionId(id);
    let vault = app.state.web_store.vault(id);
    let found = app.state.hub.store().list_records(id, "session", b"").await.unwrap();
    found.iter().map(|r| (r.key.clone(), vault.open(r).unwrap(), r.stamp)).collect()
}

#[tokio::test]
async fn a_file_has_the_documented_keys_and_no_secrets() {
    let app = TestApp::new().await;
    let id = web_number(&app).await;
    let answer = export(&app, id, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let name = format!("attachment; filename=\"whatsapp_session_{id}_backup.json\"");
    assert_eq!(answer.headers["content-disposition"], name.as_str());
    let mut file = answer.json();
    let sealed = file["session_data"].take();
    assert!(sealed.as_str().unwrap().starts_with("dxb1.servidor."));
    let row = row(&app, id).await;
    let expected = json!({
        "session_id": id, "usuario_id": 1, "device_name": "Loja 2", "phone_number": "",
        "session_data": null, "auto_reconnect": false, "proxy_enabled": true,
        "proxy_url": "socks5://***@proxy:1080", "created_at": row["created_at"],
        "connected_at": null, "export_timestamp": file["export_timestamp"],
    });
    assert_eq!(file, expected);
    for secret in ["senha-do-proxy", "usuario:", std::str::from_utf8(SECRET).unwrap()] {
        assert!(!answer.text.contains(secret), "{secret}");
    }
    let trail = app.get("/api/v1/auditoria/?acao=exportado").signed_in().send().await.json();
    assert_eq!(trail["results"][0]["assunto_id"], id, "{trail}");
}

#[tokio::test]
async fn a_number_comes_back_with_everything_and_once() {
    let app = TestApp::new().await;
    let id = web_number(&app).await;
    let file = exported(&app, id, None).await;
    let change = json!({"device_name": "Outro", "proxy_url": ""});
    let path = format!("{SESSIONS}{id}/");
    let changed = app.request(Method::PATCH, &path).signed_in().json(&change).send().await;
    assert_eq!(changed.status, 200);
    let answer = import(&app, &file, None).await;
    let expected =
        json!({"message": "Sessão importada com sucesso", "session_id": id, "created": false});
    assert_eq!((answer.status, answer.json()), (200, expected));
    let row = row(&app, id).await;
    assert_eq!(row["device_name"], "Loja 2");
    assert_eq!(row["proxy_url"], "socks5://usuario:senha-do-proxy@proxy:1080");
    assert_eq!((&row["status"], &row["is_active"]), (&json!("disconnected"), &json!(true)));
    assert_eq!(records(&app, id).await, [(b"key".to_vec(), SECRET.to_vec(), 5)]);
    let again = import(&app, &file, None).await;
    assert_eq!((again.status, again.json()["error"].as_str()), (409, Some(OUTDATED)));
    let trail = app.get("/api/v1/auditoria/?acao=importado").signed_in().send().await.json();
    assert_eq!(trail["count"], 1, "{trail}");
}

#[tokio::test]
async fn the_body_of_the_reference_is_enough() {
    let app = TestApp::new().await;
    let id = web_number(&app).await;
    let mut file = exported(&app, id, None).await;
    file.retain(|key, _| ["device_name", "session_data", "auto_reconnect"].contains(&key.as_str()));
    assert_eq!(import(&app, &file, None).await.status, 200);
    assert_eq!(row(&app, id).await["proxy_enabled"], true);
}

#[tokio::test]
async fn a_file_with_a_passphrase_opens_on_another_server_and_is_restored_there() {
    let (here, there) = (TestApp::new().await, TestApp::with_secret(b"another secret").await);
    let id = web_number(&here).await;
    let device = Device { pn: Some("5511@s.whatsapp.net".parse().unwrap()), ..Device::new() };
    let backend = here.state.web_store.backend(SessionId(id)).await.unwrap();
    backend.save(&device).await.unwrap();
    let own = exported(&here, id, None).await;
    let answer = import(&there, &own, None).await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(NOT_OURS)));

    // Browsers send it as Latin-1.
    let file = exported(&here, id, Some("senha com ação")).await;
    assert!(file[SEALED_KEY].as_str().unwrap().starts_with("dxb1.argon2id,m=19456,t=2,p=1,s="));
    for (passphrase, text) in [
        (None, NEEDS_PASSPHRASE),
        (Some("outra senha qualquer"), DOES_NOT_OPEN),
        (Some("curta"), "A senha do backup (X-Backup-Passphrase) deve ter de 12 a 128 caracteres."),
    ] {
        let answer = import(&there, &file, passphrase).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(text)));
    }
    let answer = import(&here, &own, Some(PASSPHRASE)).await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(HAS_NO_PASSPHRASE)));
    assert_eq!(there.get(SESSIONS).signed_in().send().await.json()["count"], 1, "nothing changed");

    let call = there.post(IMPORT).signed_in().json(&Value::Object(file));
    let latin: Vec<u8> = "senha com ação".chars().map(|c| u8::try_from(c).unwrap()).collect();
    let answer = call.header_bytes("X-Backup-Passphrase", &latin).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let new = answer.json()["session_id"].as_i64().unwrap();
    assert_eq!(answer.json()["created"], true);
    assert_eq!(row(&there, new).await["provider"], "web");
    assert_eq!(records(&there, new).await, [(b"key".to_vec(), SECRET.to_vec(), 5)]);
    assert!(there.state.web_store.is_paired(SessionId(new)).await.unwrap());
    // It lives there now: what it has become comes back here, but not what it was.
    write(&there, new, b"newer", b"there").await;
    let newer = exported(&there, new, Some(PASSPHRASE)).await;
    assert_eq!(import(&here, &newer, Some(PASSPHRASE)).await.status, 200);
    assert_eq!(records(&here, id).await.len(), 2);
    assert_eq!(import(&here, &own, None).await.status, 409);
}

#[tokio::test]
async fn nothing_in_a_file_can_be_changed() {
    let app = TestApp::new().await;
    let id = web_number(&app).await;
    let file = exported(&app, id, None).await;
    let before = row(&app, id).await;
    let mut damaged = Vec::new();
    for key in file.keys().filter(|key| *key != SEALED_KEY) {
        let mut other = file.clone();
        other[key] = match &file[key] {
            Value::Bool(value) => json!(!value),
            Value::Number(_) => json!(99),
            _ => json!("outro"),
        };
        damaged.push(other);
        let mut renamed = file.clone();
        let value = renamed.remove(key).unwrap();
        renamed.insert(format!("{key}_"), value);
        damaged.push(renamed);
    }
    let sealed = file[SEALED_KEY].as_str().unwrap();
    let places = (0..sealed.len()).filter(|n| n % 40 == 0 || *n < 3 || n + 3 > sealed.len());
    for place in places {
        let mut text = sealed.as_bytes().to_vec();
        text[place] = if text[place] == b'A' { b'B' } else { b'A' };
        let mut other = file.clone();
        other[SEALED_KEY] = json!(String::from_utf8(text).unwrap());
        damaged.push(other);
    }
    for other in damaged {
        let answer = import(&app, &other, None).await;
        assert_eq!(answer.status, 400, "{other:?} {}", answer.text);
        assert!(answer.json()["error"].as_str().is_some_and(|text| !text.is_empty()));
    }
    assert_eq!(row(&app, id).await, before);
    assert_eq!(import(&app, &file, None).await.status, 200, "the file itself is good");
}

#[tokio::test]
async fn what_is_not_an_export_is_refused() {
    let app = TestApp::new().await;
    let call = app.post(IMPORT).signed_in().json(&json!({})).send().await;
    assert_eq!((call.status, call.json()["error"].as_str()), (400, Some(NO_DATA)));
    let call = app.post(IMPORT).signed_in().send().await;
    assert_eq!((call.status, call.json()["error"].as_str()), (400, Some(NO_DATA)));
    let reference = json!({
        "device_name": "DX Connect Web", "session_data": "encrypted_data...",
        "auto_reconnect": true,
    });
    let sealed = |content: &[u8]| {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        io::Write::write_all(&mut encoder, content).unwrap();
        app.state.envelopes.seal(Some(PASSPHRASE), &encoder.finish().unwrap()).unwrap()
    };
    let bodies = [
        (reference, None),
        (json!({"session_data": 5}), None),
        (json!({"session_data": sealed(b"{}")}), Some(PASSPHRASE)),
        (json!({"session_data": sealed(b"no JSON")}), Some(PASSPHRASE)),
        // Whoever knows a passphrase can seal anything.
        (
            json!({"session_data": sealed(strange("pombo").to_string().as_bytes())}),
            Some(PASSPHRASE),
        ),
    ];
    for (body, passphrase) in bodies {
        let mut call = app.post(IMPORT).signed_in().json(&body);
        if let Some(passphrase) = passphrase {
            call = call.header("X-Backup-Passphrase", passphrase);
        }
        let answer = call.send().await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (400, Some(FOREIGN)),
            "{body}"
        );
    }
    let answer = app.post(IMPORT).signed_in().json(&json!({"device_name": "x"})).send().await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json(), json!({"session_data": [REQUIRED]}));
    assert_eq!(app.get(SESSIONS).signed_in().send().await.json()["count"], 1);
}

/// A content of this provider.
fn strange(provider: &str) -> Value {
    json!({
        "version": 1, "lineage": "l", "revision": 1, "provider": provider, "shown": {},
        "device_name": "x", "phone_number": "", "auto_reconnect": true, "proxy_enabled": false,
        "proxy_url": "", "cloud": null, "records": [],
    })
}

#[tokio::test]
async fn a_younger_state_here_is_not_overwritten() {
    let app = TestApp::new().await;
    let id = web_number(&app).await;
    let file = exported(&app, id, None).await;
    write(&app, id, b"key", b"younger").await;
    let answer = import(&app, &file, None).await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (409, Some(OUTDATED)));
    assert_eq!(records(&app, id).await, [(b"key".to_vec(), b"younger".to_vec(), 5)]);
}

#[tokio::test]
async fn whoever_was_connected_is_hung_up_and_cannot_write_any_more() {
    let app = TestApp::new().await;
    let owner = app.state.web_store.backend(SessionId(1)).await.unwrap();
    let sessions = app.state.hub.sessions();
    sessions.start(SessionId(1)).await.unwrap();
    eventually(async || sessions.is_ready(SessionId(1))).await;
    let file = exported(&app, 1, None).await;
    assert_eq!(file["phone_number"], "5511900000001");
    assert!(file["connected_at"].is_string());
    let mut tap = app.state.hub.outboxes().tap();
    assert_eq!(import(&app, &file, None).await.status, 200);
    let event = tap.recv().await.unwrap();
    assert!(
        matches!(
            event,
            dx_actors::HubEvent::SessionStatusChanged {
                status: dx_actors::domain::SessionStatus::Disconnected,
                ..
            }
        ),
        "{event:?}"
    );
    assert!(!sessions.is_ready(SessionId(1)));
    let row = row(&app, 1).await;
    assert_eq!(
        (&row["status"], &row["phone_number"]),
        (&json!("disconnected"), &json!("5511900000001"))
    );
    let error = owner.put_session("a@lid", b"late").await.unwrap_err();
    assert!(is_fenced(&error));
    // It can be connected again, here.
    sessions.start(SessionId(1)).await.unwrap();
    eventually(async || sessions.is_ready(SessionId(1))).await;
}

#[tokio::test]
async fn numbers_of_the_sandbox_move_too_and_one_out_of_use_comes_back() {
    let app = TestApp::new().await;
    let id = create(&app, &json!({"device_name": "Teste"})).await;
    let file = exported(&app, id, None).await;
    let path = format!("{SESSIONS}{id}/");
    assert_eq!(app.request(Method::DELETE, &path).signed_in().send().await.status, 204);
    let answer = import(&app, &file, None).await;
    assert_eq!((answer.status, answer.json()["session_id"].as_i64()), (200, Some(id)));
    assert_eq!(row(&app, id).await["is_active"], true);
    let started = app.post(&format!("{SESSIONS}start/")).signed_in();
    assert_eq!(started.json(&json!({"session_id": id})).send().await.status, 202);
    assert!(app.state.hub.sessions().live(SessionId(id)).is_some());
}

#[tokio::test]
async fn the_access_to_the_cloud_api_travels_sealed() {
    let (here, there) = (TestApp::new().await, TestApp::with_secret(b"another secret").await);
    let body = json!({
        "provider": "cloud", "device_name": "Nuvem",
        "cloud": {
            "phone_number_id": "106540352242922", "business_account_id": "102290129340398",
            "access_token": "token-da-meta", "app_secret": "segredo-do-app",
        },
    });
    let id = create(&here, &body).await;
    let answer = export(&here, id, Some(PASSPHRASE)).await;
    for secret in ["token-da-meta", "segredo-do-app"] {
        assert!(!answer.text.contains(secret), "{secret}");
    }
    let file: File = serde_json::from_str(&answer.text).unwrap();
    let answer = import(&there, &file, Some(PASSPHRASE)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let new = SessionId(answer.json()["session_id"].as_i64().unwrap());
    let cloud = there.state.hub.store().find_cloud_number(new).await.unwrap().unwrap();
    assert_eq!(cloud.phone_number_id, "106540352242922");
    let token = there.state.sealer.open(ACCESS_TOKEN, &cloud.access_token).unwrap();
    assert_eq!(token, "token-da-meta");
    assert!(!cloud.app_secret.contains("segredo"));
}

#[tokio::test]
async fn moving_numbers_is_for_managers() {
    let app = TestApp::new().await;
    let export = format!("{SESSIONS}1/export/");
    for (role, status) in [(Role::Supervisor, 403), (Role::Manager, 200)] {
        let who = person(&app, role).await;
        let answer = app.get(&export).signed_in_as(who).send().await;
        assert_eq!(answer.status, status, "{role:?}");
        let answer = app.post(IMPORT).signed_in_as(who).json(&json!({})).send().await;
        assert_eq!(answer.status, if status == 200 { 400 } else { 403 }, "{role:?}");
    }
    assert_eq!(app.get(&export).send().await.status, 401);
    assert_eq!(app.get(&format!("{SESSIONS}99/export/")).signed_in().send().await.status, 404);
}

async fn person(app: &TestApp, role: Role) -> AgentId {
    let new = NewAgent {
        username: format!("{role:?}"),
        email: String::new(),
        display_name: String::new(),
        phone_number: String::new(),
        role,
        is_active: true,
        skills: dx_actors::domain::List::default(),
        password_hash: String::new(),
        departments: Vec::new(),
    };
    app.state.hub.presence().create_agent(None, new).await.unwrap().id
}

#[tokio::test]
async fn records_that_do_not_open_are_told_in_words() {
    let app = TestApp::new().await;
    let id = web_number(&app).await;
    let store = app.state.hub.store();
    let claim = store.claim_records(SessionId(id)).await.unwrap();
    let foreign = Record {
        kind: "session".to_owned(),
        key: b"key".to_vec(),
        value: b"of another secret".to_vec(),
        stamp: 0,
        other_stamp: 0,
    };
    store.change_records(claim, vec![RecordChange::Put(foreign)]).await.unwrap();
    let answer = export(&app, id, None).await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (409, Some(UNREADABLE)));
}
