//! A number that moves from one server to another as a file.

use serde_json::{Value, json};

use crate::support::{Client, Database, Server, client::text, on_both_databases};

const SESSIONS: &str = "/api/v1/whatsapp/sessions/";
const IMPORT: &str = "/api/v1/whatsapp/sessions/import/";
const PASSPHRASE: (&str, &str) = ("X-Backup-Passphrase", "correto cavalo bateria");

on_both_databases!(
    a_number_moves_with_a_passphrase_and_once,
    a_file_without_a_passphrase_belongs_to_its_server,
);

async fn exported(admin: &Client, passphrase: bool) -> Value {
    let call = admin.get(&format!("{SESSIONS}1/export/"));
    let call = if passphrase { call.header(PASSPHRASE.0, PASSPHRASE.1) } else { call };
    let answer = call.send().await.expect(200);
    let name = "attachment; filename=\"whatsapp_session_1_backup.json\"";
    assert_eq!(answer.header("content-disposition"), name);
    answer.body
}

async fn a_number_moves_with_a_passphrase_and_once(database: Database) {
    let here = Server::start(&database).await;
    let admin = here.admin().await;
    admin.make_session_ready().await;
    let file = exported(&admin, true).await;
    assert_eq!(file["phone_number"], "5511900000001");
    admin.post_nothing(&format!("{SESSIONS}stop/")).expect(200).await;

    let mut there = Server::start(&Database::Sqlite).await;
    let admin = there.admin().await;
    admin.post(IMPORT, &file).expect_failure(400).await;
    let wrong = admin.post(IMPORT, &file).header(PASSPHRASE.0, "outra senha qualquer");
    wrong.expect_failure(400).await;
    let mut tampered = file.clone();
    tampered["phone_number"] = json!("5511900000002");
    let tampered = admin.post(IMPORT, &tampered).header(PASSPHRASE.0, PASSPHRASE.1);
    assert!(text(&tampered.expect_failure(400).await["error"]).contains("phone_number"));
    let status = admin.get(&format!("{SESSIONS}status/")).expect(200).await;
    assert_eq!(status["phone_number"], "", "nothing was changed");

    let imported = admin.post(IMPORT, &file).header(PASSPHRASE.0, PASSPHRASE.1).expect(200).await;
    assert_eq!(imported["session_id"], 1, "the default number that nobody had used");
    let again = admin.post(IMPORT, &file).header(PASSPHRASE.0, PASSPHRASE.1);
    again.expect_failure(409).await;

    there.kill9().await;
    there.start_again().await;
    let admin = there.admin().await;
    let status = admin.get(&format!("{SESSIONS}status/")).expect(200).await;
    assert_eq!(status["phone_number"], "5511900000001");
    assert_eq!(status["status"], "disconnected");
    admin.make_session_ready().await;
}

async fn a_file_without_a_passphrase_belongs_to_its_server(database: Database) {
    let here = Server::start(&database).await;
    let admin = here.admin().await;
    admin.patch(&format!("{SESSIONS}1/"), json!({"device_name": "Recepção"})).expect(200).await;
    let file = exported(&admin, false).await;
    let there = Server::start(&Database::Sqlite).await;
    there.admin().await.post(IMPORT, &file).expect_failure(400).await;

    admin.patch(&format!("{SESSIONS}1/"), json!({"device_name": "Outro"})).expect(200).await;
    // The body of the reference.
    let body = json!({
        "device_name": file["device_name"], "session_data": file["session_data"],
        "auto_reconnect": true,
    });
    let imported = admin.post(IMPORT, body).expect(200).await;
    assert_eq!(imported["created"], false);
    let row = admin.get(&format!("{SESSIONS}1/")).expect(200).await;
    assert_eq!(row["device_name"], "Recepção");
}
