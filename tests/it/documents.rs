//! Documents of customers: upload, download, links, and what a kill leaves behind.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    Client, Database, Server,
    client::{Answer, id, results, text},
    eventually, on_both_databases,
    wire::{customer_number, start_with_ready_session},
};

const DOCUMENTS: &str = "/api/v1/documentos/";
const PDF: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
const FORM: &str = "multipart/form-data; boundary=x";
const MIB: usize = 1024 * 1024;
const UPLOADS_AT_ONCE: usize = 6;

on_both_databases!(
    the_example_of_the_reference_is_uploaded_and_read_again,
    the_case_of_accented_letters_does_not_count,
    a_kill_in_the_middle_of_an_upload_leaves_nothing,
);

fn head(name: &str, file: Option<&str>) -> String {
    let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n")
}

/// The reference's upload.
fn form(customer: i64, file_name: &str, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(file.len() + 1024);
    let customer = customer.to_string();
    let texts = [
        ("cliente", customer.as_str()),
        ("nome", "Contrato de Serviços 2025"),
        ("tipo_documento", "contrato"),
        ("descricao", "Contrato anual de manutenção"),
    ];
    for (name, value) in texts {
        body.extend_from_slice(format!("{}{value}\r\n", head(name, None)).as_bytes());
    }
    body.extend_from_slice(head("arquivo", Some(file_name)).as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--x--\r\n");
    body
}

async fn upload(client: &Client, customer: i64, name: &str, file: &[u8]) -> Answer {
    client
        .request(reqwest::Method::POST, DOCUMENTS)
        .raw(FORM, form(customer, name, file))
        .send()
        .await
}

fn path_of<'u>(server: &Server, url: &'u Value) -> &'u str {
    text(url).strip_prefix(&server.base_url).expect("an address of this server")
}

fn files_in(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files_in(&entry.path()) } else { 1 }).sum()
}

async fn the_example_of_the_reference_is_uploaded_and_read_again(database: Database) {
    let (mut server, admin) = start_with_ready_session(&database).await;
    let customer = admin.customer_of(&customer_number(1)).await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let row = upload(&admin, customer, "Serviços \u{2014} ação.pdf", PDF).await.expect(201).body;
    assert_eq!(row["ativo"], true);
    assert_eq!(row["nome"], "Contrato de Serviços 2025");
    let filters = format!("{DOCUMENTS}?cliente={customer}&tipo_documento=contrato&origem=manual");
    let page = admin.get(&filters).expect(200).await;
    assert_eq!(results(&page), std::slice::from_ref(&row));
    // Another person has nothing to do with it.
    let one = format!("{DOCUMENTS}{}/", id(&row));
    ana.get(&one).expect_failure(404).await;
    assert_eq!(ana.get(DOCUMENTS).expect(200).await["count"], 0);
    let file = path_of(&server, &row["arquivo"]).to_owned();
    ana.get(&file).expect_failure(404).await;
    server.anonymous().get(&file).expect_failure(401).await;

    let link = admin.post(&format!("{one}link/"), json!({})).expect(200).await;
    let link = path_of(&server, &link["url"]).to_owned();
    server.restart().await;
    let admin = server.admin().await;
    let answer = admin.get(&file).send().await.expect(200);
    assert_eq!(answer.raw.as_bytes(), PDF);
    assert_eq!(answer.header("content-type"), "application/pdf");
    let beyond = admin.get(&file).header("Range", "bytes=9999-").send().await.expect(416);
    beyond.assert_error_and_detail();
    assert_eq!(beyond.header("content-range"), format!("bytes */{}", PDF.len()));
    let name = answer.header("content-disposition");
    assert!(
        name.ends_with("filename*=UTF-8''Servi%C3%A7os%20%E2%80%94%20a%C3%A7%C3%A3o.pdf"),
        "{name}"
    );
    let anybody = server.anonymous();
    assert_eq!(
        anybody.get(&link).send().await.expect(200).raw.as_bytes(),
        PDF,
        "links outlive a restart"
    );
    anybody.get(&link.replace("assinatura=", "assinatura=0")).expect_failure(403).await;
    admin.delete(&one).send().await.expect(204);
    anybody.get(&link).expect_failure(404).await;
    assert_eq!(admin.get(DOCUMENTS).expect(200).await["count"], 0);
}

async fn the_case_of_accented_letters_does_not_count(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let customer = admin.customer_of(&customer_number(1)).await;
    let row = upload(&admin, customer, "a.pdf", PDF).await.expect(201).body;
    let one = format!("{DOCUMENTS}{}/", id(&row));
    for name in ["Índice", "índice", "ÍNDICE"] {
        admin.patch(&one, json!({ "nome": name })).expect(200).await;
        for term in ["%C3%8Dndice", "%C3%ADndice", "%C3%8DNDICE"] {
            for path in [format!("?search={term}"), format!("?nome={term}")] {
                let page = admin.get(&format!("{DOCUMENTS}{path}")).expect(200).await;
                assert_eq!(page["count"], 1, "{name}: {path}");
            }
        }
    }
    admin.receive(&customer_number(1), "É a ÚLTIMA parcela", "last").await;
    for term in ["%C3%BAltima", "%C3%9ALTIMA"] {
        let page =
            admin.get(&format!("/api/v1/whatsapp/messages/?search={term}")).expect(200).await;
        assert_eq!(page["count"], 1, "{term}");
    }
}

async fn a_kill_in_the_middle_of_an_upload_leaves_nothing(database: Database) {
    let (mut server, admin) = start_with_ready_session(&database).await;
    let customer = admin.customer_of(&customer_number(1)).await;
    let whole = form(customer, "a.txt", &vec![b'a'; 2 * MIB]);
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!(
        "POST {DOCUMENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: {FORM}\r\n\
         Content-Length: {}\r\n\r\n",
        admin.access,
        whole.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(&whole[..MIB]).await.unwrap();
    let files = server.data_dir().join("files");
    let spool = files.join("tmp");
    eventually("the upload has begun", async || (files_in(&spool) == 1).then_some(())).await;
    server.kill9().await;
    assert_eq!(files_in(&files), 1, "the kill came in the middle");
    server.start_again().await;
    assert_eq!(files_in(&files), 0);
    let admin = server.admin().await;
    assert_eq!(admin.get(DOCUMENTS).expect(200).await["count"], 0);
    // And it works as before.
    upload(&admin, customer, "a.txt", &vec![b'a'; 2 * MIB]).await.expect(201);
    assert_eq!(files_in(&files), 1);
}

#[tokio::test]
async fn uploads_up_to_the_limit_do_not_grow_the_process() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let customer = admin.customer_of(&customer_number(1)).await;
    upload(&admin, customer, "a.pdf", PDF).await.expect(201);
    let before = server.memory_peak_kib();
    let large = vec![b'a'; 20 * MIB];
    // At once: what the kernel counts of a process, even its peak, is wrong by some MiB, up and down.
    let there_and_back = (0..UPLOADS_AT_ONCE).map(async |_| {
        let row = upload(&admin, customer, "a.txt", &large).await.expect(201).body;
        assert_eq!(row["tamanho_arquivo"], "20.0 MB");
        let file = path_of(&server, &row["arquivo"]);
        assert_eq!(admin.get(file).send().await.expect(200).raw.len(), large.len());
    });
    futures_util::future::join_all(there_and_back).await;
    let grown = server.memory_peak_kib().saturating_sub(before);
    let sent = UPLOADS_AT_ONCE * 20 * 1024;
    assert!(grown < sent as u64 / 2, "{grown} KiB for files of {sent} KiB");
    // One byte more, with its length declared; and far more.
    for bytes in [20 * MIB + 1, 30 * MIB] {
        let answer = upload(&admin, customer, "a.txt", &vec![b'a'; bytes]).await.expect(413);
        answer.assert_error_and_detail();
    }
    let kept = UPLOADS_AT_ONCE + 1;
    assert_eq!(admin.get(DOCUMENTS).expect(200).await["count"], kept);
    assert_eq!(files_in(&server.data_dir().join("files")), kept);
}

/// A client that does not know the length beforehand is heard out, too.
#[tokio::test]
async fn too_much_in_chunks_is_answered() {
    let (server, admin) = start_with_ready_session(&Database::Sqlite).await;
    let customer = admin.customer_of(&customer_number(1)).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!(
        "POST {DOCUMENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: {FORM}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        admin.access
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    for chunk in form(customer, "a.txt", &vec![b'a'; 22 * MIB]).chunks(MIB) {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.unwrap();
        stream.write_all(chunk).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("\"error\"") && answer.contains("\"detail\""), "{answer}");
}
