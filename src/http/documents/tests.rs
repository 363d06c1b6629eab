use std::time::Duration;

use axum::http::Method;
use dx_actors::{
    domain::{AgentId, audit::AuditSubject},
    store::AuditFilter,
};
use serde_json::{Value, json};

use crate::{
    files::samples::{self, PDF, PNG},
    http::testing::{Office, number, problem},
    test_support::{Answer, TestApp},
};

const DOCUMENTS: &str = "/api/v1/documentos/";
const ADMIN: AgentId = TestApp::ADMIN;

/// A form whose parts are in this order; a part with a file name is a file.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--x--\r\n");
    body
}

async fn send(
    office: &Office,
    who: AgentId,
    method: Method,
    path: &str,
    parts: &[(&str, Option<&str>, &[u8])],
) -> Answer {
    let call = office.app.request(method, path).signed_in_as(who);
    call.raw("multipart/form-data; boundary=x", form(parts)).send().await
}

async fn upload(office: &Office, who: AgentId, customer: i64, name: &str, file: &[u8]) -> Answer {
    let customer = customer.to_string();
    let parts: [(&str, Option<&str>, &[u8]); 3] = [
        ("arquivo", Some(name), file),
        ("cliente", None, customer.as_bytes()),
        ("nome", None, b"Contrato"),
    ];
    send(office, who, Method::POST, DOCUMENTS, &parts).await
}

async fn uploaded(office: &Office, who: AgentId, customer: i64) -> Value {
    let answer = upload(office, who, customer, "Ação \u{2014} 1.pdf", PDF).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

fn path_of(row: &Value) -> String {
    format!("{DOCUMENTS}{}/", row["id"])
}

/// The path and query of an absolute address.
fn local(url: &Value) -> &str {
    url.as_str().unwrap().strip_prefix("http://localhost").unwrap()
}

#[tokio::test]
async fn the_example_of_the_reference_uploads_a_document() {
    let office = Office::open().await;
    let customer = office.customer("Empresa XYZ").await;
    let id = customer.to_string();
    let parts: [(&str, Option<&str>, &[u8]); 5] = [
        ("cliente", None, id.as_bytes()),
        ("nome", None, "Contrato de Serviços 2025".as_bytes()),
        ("tipo_documento", None, b"contrato"),
        ("arquivo", Some("contrato.pdf"), PDF),
        ("descricao", None, "Contrato anual de manutenção".as_bytes()),
    ];
    let answer = send(&office, ADMIN, Method::POST, DOCUMENTS, &parts).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let mut row = answer.json();
    for key in ["data_upload", "atualizado_em"] {
        assert!(row[key].take().as_str().unwrap().ends_with('Z'), "{key}");
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, PDF);
    let expected = json!({
        "id": 1, "cliente": customer, "cliente_nome": "Empresa XYZ",
        "nome": "Contrato de Serviços 2025", "tipo_documento": "contrato", "status": "gerado",
        "origem": "manual", "arquivo": "http://localhost/api/v1/documentos/1/arquivo/",
        "nome_arquivo": "contrato.pdf", "tipo_mime": "application/pdf",
        "tamanho_arquivo": format!("{}.0 B", PDF.len()), "tamanho_bytes": PDF.len(),
        "sha256": crate::secrets::encode_hex(digest.as_ref()),
        "descricao": "Contrato anual de manutenção", "template_usado": "",
        "dados_preenchidos": {}, "data_vencimento": null, "data_upload": null,
        "atualizado_em": null, "usuario_upload": 1, "usuario_upload_nome": "admin",
        "ativo": true, "is_gerado_automaticamente": false, "is_contrato": true,
        "is_boleto": false, "is_vencido": false,
    });
    let name = row["usuario_upload_nome"].take();
    assert!(name.as_str().is_some_and(|name| !name.is_empty()));
    row["usuario_upload_nome"] = "admin".into();
    assert_eq!(row, expected);
    let listed = office.read(ADMIN, &format!("{DOCUMENTS}?cliente={customer}")).await;
    assert_eq!((&listed["count"], &listed["results"][0]["id"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn each_bad_field_is_named() {
    let office = Office::open().await;
    let customer = office.customer("Empresa").await.to_string();
    let good = [("cliente", customer.as_str()), ("nome", "Contrato")];
    let cases = [
        ("cliente", "999", "cliente"),
        ("cliente", "x", "cliente"),
        ("nome", " ", "nome"),
        ("tipo_documento", "nota", "tipo_documento"),
        ("status", "perdido", "status"),
        ("data_vencimento", "2026-01-04", "data_vencimento"),
        ("data_vencimento", "amanhã", "data_vencimento"),
        ("dados_preenchidos", "[1]", "dados_preenchidos"),
        ("dados_preenchidos", "{", "dados_preenchidos"),
    ];
    for (name, value, fault) in cases {
        let mut fields = good.to_vec();
        fields.push((name, value));
        let texts = fields.iter().map(|(name, text)| (*name, None, text.as_bytes()));
        let mut parts: Vec<(&str, Option<&str>, &[u8])> = texts.collect();
        parts.push(("arquivo", Some("a.pdf"), PDF));
        let answer = send(&office, ADMIN, Method::POST, DOCUMENTS, &parts).await;
        assert_eq!((answer.status, answer.json()[fault].is_array()), (400, true), "{name}={value}");
    }
    let today: [(&str, Option<&str>, &[u8]); 5] = [
        ("cliente", None, customer.as_bytes()),
        ("nome", None, b"Boleto"),
        ("data_vencimento", None, b"2026-01-05"),
        ("dados_preenchidos", None, br#"{"valor":"10"}"#),
        ("arquivo", Some("a.pdf"), PDF),
    ];
    let row = send(&office, ADMIN, Method::POST, DOCUMENTS, &today).await.json();
    assert_eq!(
        (&row["is_vencido"], &row["dados_preenchidos"]),
        (&json!(false), &json!({"valor": "10"}))
    );
    office.app.clock.advance(Duration::from_hours(24));
    let row = office.read(ADMIN, &path_of(&row)).await;
    assert_eq!((&row["is_vencido"], &row["data_vencimento"]), (&json!(true), &json!("2026-01-05")));
    // What was read may be sent back, though the day has passed.
    let body = json!({"data_vencimento": "2026-01-05", "status": "cancelado"});
    let answer = office.patch(ADMIN, &path_of(&row), body).await;
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("cancelado")));
}

#[tokio::test]
async fn bad_files_are_refused_and_leave_nothing() {
    let office = Office::open().await;
    let customer = office.customer("Empresa").await;
    let submitted = "Nenhum arquivo foi submetido.";
    let none = json!({"cliente": customer, "nome": "Contrato"});
    let answer = office.post(ADMIN, DOCUMENTS, none).await;
    assert_eq!((answer.status, answer.json()), (400, json!({"arquivo": [submitted]})));
    let cases: [(&str, &[u8]); 5] = [
        ("a.pdf", b""),
        ("virus.exe", samples::ELF),
        ("a.pdf", samples::ELF),
        ("a.html", b"<html></html>"),
        ("a.txt", b"<svg onload=alert(1)/>"),
    ];
    for (name, bytes) in cases {
        let answer = upload(&office, ADMIN, customer, name, bytes).await;
        assert_eq!((answer.status, answer.json()["arquivo"].is_array()), (400, true), "{name}");
    }
    let big = vec![b'a'; office.app.state.config.upload_bytes_max + 1];
    let answer = upload(&office, ADMIN, customer, "a.txt", &big).await;
    assert_eq!((answer.status, answer.json()["detail"].is_string()), (413, true));
    assert_eq!(office.read(ADMIN, DOCUMENTS).await["count"], 0);
    let folder = office.app.state.config.data_dir.join("files");
    let left = std::fs::read_dir(folder.join("tmp")).unwrap().count();
    assert_eq!((left, std::fs::read_dir(folder).unwrap().count()), (0, 1));
}

#[tokio::test]
async fn lists_are_filtered_searched_and_ordered() {
    let office = Office::open().await;
    let customer = office.customer("Empresa").await;
    let mut rows = Vec::new();
    for (name, kind, status) in [
        ("Beta", "boleto", "enviado"),
        ("Alfa 100%", "contrato", "gerado"),
        ("Gama", "outro", "cancelado"),
    ] {
        let row = uploaded(&office, ADMIN, customer).await;
        let body = json!({"nome": name, "tipo_documento": kind, "status": status});
        rows.push(office.patch(ADMIN, &path_of(&row), body).await.json());
    }
    let cases = [
        ("", "Gama,Alfa 100%,Beta"),
        ("?ordering=nome", "Alfa 100%,Beta,Gama"),
        ("?tipo_documento=boleto", "Beta"),
        ("?status=cancelado&origem=manual", "Gama"),
        ("?origem=importado", ""),
        ("?ativo=false", ""),
        ("?nome=ALFA", "Alfa 100%"),
        ("?search=100%25", "Alfa 100%"),
        ("?cliente=999", ""),
        (
            "?data_upload_apos=2026-01-05&data_upload_antes=2026-01-05&ordering=-nome",
            "Gama,Beta,Alfa 100%",
        ),
        ("?data_upload_antes=2026-01-04", ""),
        ("?data_vencimento_apos=2026-01-01", ""),
    ];
    for (query, expected) in cases {
        let page = office.read(ADMIN, &format!("{DOCUMENTS}{query}")).await;
        let rows = page["results"].as_array().unwrap().iter();
        let names: Vec<_> = rows.map(|row| row["nome"].as_str().unwrap()).collect();
        assert_eq!(names.join(","), expected, "{query}");
    }
    let wrong =
        ["?status=x", "?tipo_documento=x", "?data_vencimento_apos=x", "?cliente=x", "?ativo=x"];
    for query in wrong {
        assert_eq!(office.get(ADMIN, &format!("{DOCUMENTS}{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn the_file_comes_with_its_name_and_in_parts() {
    let office = Office::open().await;
    let customer = office.customer("Empresa").await;
    let row = uploaded(&office, ADMIN, customer).await;
    let path = local(&row["arquivo"]).to_owned();
    assert_eq!(office.app.get(&path).send().await.status, 401);
    let answer = office.app.get(&path).signed_in().send().await;
    assert_eq!((answer.status, answer.text.as_bytes()), (200, PDF));
    let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(header("content-length"), PDF.len().to_string());
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"A__o _ 1.pdf\"; filename*=UTF-8''A%C3%A7%C3%A3o%20%E2%80%94%201.pdf"
    );
    assert!(header("cache-control").contains("private"));
    let etag = header("etag");
    let again = office.app.get(&path).signed_in().header("if-none-match", &etag).send().await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let part = office.app.get(&path).signed_in().header("range", "bytes=1-3").send().await;
    assert_eq!((part.status, part.text.as_str()), (206, "PDF"));
    assert_eq!(part.headers["content-range"], format!("bytes 1-3/{}", PDF.len()));
    let beyond = office.app.get(&path).signed_in().header("range", "bytes=9999-").send().await;
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.headers["content-range"], format!("bytes */{}", PDF.len()));
    let detail = format!("O arquivo tem {} byte(s).", PDF.len());
    let error = "O intervalo pedido não existe no arquivo.";
    assert_eq!(beyond.json(), json!({"error": error, "detail": detail}));
    let neither = office.get(ADMIN, &format!("{path}?inline=zz")).await;
    let text = "Faça uma escolha válida. zz não é uma das escolhas disponíveis.";
    assert_eq!((neither.status, neither.json()), (400, json!({"inline": [text]})));
    let inline = office.app.get(&format!("{path}?inline=1")).signed_in().send().await;
    assert!(inline.headers["content-disposition"].to_str().unwrap().starts_with("inline"));
    let text = upload(&office, ADMIN, customer, "a.txt", b"Oi").await.json();
    let answer = office.get(ADMIN, &format!("{}?inline=1", local(&text["arquivo"]))).await;
    assert!(answer.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
}

#[tokio::test]
async fn a_link_works_without_a_login_until_it_ends() {
    let office = Office::open().await;
    let customer = office.customer("Empresa").await;
    let (row, other) =
        (uploaded(&office, ADMIN, customer).await, uploaded(&office, ADMIN, customer).await);
    let make = format!("{}link/", path_of(&row));
    let link = office.post(ADMIN, &make, json!({"minutos": 1})).await.json();
    let path = local(&link["url"]).to_owned();
    let answer = office.app.get(&path).send().await;
    assert_eq!((answer.status, answer.text.as_bytes()), (200, PDF));
    let moved = path.replace(&path_of(&row), &path_of(&other));
    let forged = format!("{}0", &path[..path.len() - 1]);
    let forged = if forged == path { format!("{}1", &path[..path.len() - 1]) } else { forged };
    for wrong in [moved, forged, path.replace("expira=1", "expira=2")] {
        let answer = office.app.get(&wrong).send().await;
        assert_eq!(
            (answer.status, answer.json()),
            (403, problem("O link não é válido.")),
            "{wrong}"
        );
    }
    office.app.clock.advance(Duration::from_mins(1));
    let answer = office.app.get(&path).send().await;
    assert_eq!((answer.status, answer.json()), (403, problem("O link expirou. Peça um novo.")));
    let path = local(&office.post(ADMIN, &make, json!({})).await.json()["url"]).to_owned();
    assert_eq!(office.delete(ADMIN, &path_of(&row)).await.status, 204);
    assert_eq!(office.app.get(&path).send().await.status, 404);
    assert_eq!(office.get(ADMIN, &path_of(&row)).await.status, 404);
    assert_eq!(office.delete(ADMIN, &path_of(&row)).await.status, 404);
    for minutes in [json!(0), json!(1441), json!("x")] {
        let make = format!("{}link/", path_of(&other));
        let answer = office.post(ADMIN, &make, json!({"minutos": minutes})).await;
        assert_eq!((answer.status, answer.json()["minutos"].is_array()), (400, true));
    }
}

#[tokio::test]
async fn a_link_ends_when_its_maker_is_deactivated() {
    let office = Office::open().await;
    let customer = office.customer("Empresa").await;
    let row = uploaded(&office, office.supervisor, customer).await;
    let make = format!("{}link/", path_of(&row));
    let links = [
        office.post(office.supervisor, &make, json!({"minutos": 1440})).await.json(),
        office.post(ADMIN, &make, json!({"minutos": 1440})).await.json(),
    ];
    let [of_supervisor, of_admin] = links.map(|link| local(&link["url"]).to_owned());
    assert_eq!(office.app.get(&of_supervisor).send().await.status, 200);
    let supervisor = format!("/api/v1/agents/{}/", office.supervisor);
    assert_eq!(office.patch(ADMIN, &supervisor, json!({"is_active": false})).await.status, 200);
    let answer = office.app.get(&of_supervisor).send().await;
    let text = "Quem criou o link não tem mais acesso. Peça um novo.";
    assert_eq!((answer.status, answer.json()), (403, problem(text)));
    let renamed =
        of_supervisor.replace(&format!("autor={}", office.supervisor), &format!("autor={ADMIN}"));
    let answer = office.app.get(&renamed).send().await;
    assert_eq!((answer.status, answer.json()), (403, problem("O link não é válido.")));
    assert_eq!(office.app.get(&of_admin).send().await.status, 200, "others go on");
}

#[tokio::test]
async fn another_file_takes_the_place_of_the_first() {
    let office = Office::open().await;
    let customer = office.customer("Empresa").await;
    let row = uploaded(&office, ADMIN, customer).await;
    let path = path_of(&row);
    let link = office.post(ADMIN, &format!("{path}link/"), json!({})).await.json();
    let id = customer.to_string();
    let parts: [(&str, Option<&str>, &[u8]); 3] = [
        ("cliente", None, id.as_bytes()),
        ("nome", None, b"Outro"),
        ("arquivo", Some("foto.png"), PNG),
    ];
    let answer = send(&office, ADMIN, Method::PUT, &path, &parts).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let new = answer.json();
    assert_eq!(
        (&new["nome_arquivo"], &new["tipo_mime"]),
        (&json!("foto.png"), &json!("image/png"))
    );
    assert_eq!(office.app.get(local(&link["url"])).send().await.status, 404, "of the old file");
    let answer = office.call(ADMIN, Method::PUT, &path, json!({"descricao": "x"})).await;
    assert_eq!((answer.status, answer.json().as_object().unwrap().len()), (400, 2));
    office.delete(ADMIN, &path).await;
    let store = office.app.state.hub.store();
    let filter = AuditFilter {
        subject: Some(AuditSubject::Document),
        subject_id: row["id"].as_i64(),
        ..AuditFilter::default()
    };
    let page = dx_actors::store::Page { limit: 10, offset: 0 };
    let trail = store.list_audit_entries(filter, page).await.unwrap().rows;
    let trail: Vec<_> =
        trail.iter().map(|e| (format!("{:?}", e.action), e.changes.len())).collect();
    let expected = [("Deleted", 0), ("Updated", 3), ("Exported", 0), ("Created", 0)]
        .map(|(a, n)| (a.to_owned(), n));
    assert_eq!(trail, expected);
    // The first file is let go after the grace, the second stays with its row.
    office.app.clock.advance(crate::files::sweep::GRACE + Duration::from_secs(1));
    assert_eq!(office.app.state.files.sweep().await.unwrap(), 1);
}

#[tokio::test]
async fn agents_see_what_they_uploaded_and_what_their_chats_are_about() {
    let office = Office::open().await;
    let stranger = office.customer("Desconhecida").await;
    office.accepted(office.ana, &number(1)).await;
    let ticket = office.app.state.hub.store().find_chat_ticket(&number(1)).await.unwrap().unwrap();
    let known = ticket.ticket.customer_id.0;
    let row = uploaded(&office, office.ana, known).await;
    let hidden = uploaded(&office, office.manager, stranger).await;
    let counts = [(office.ana, 1), (office.bia, 0), (office.supervisor, 2), (office.manager, 2)];
    for (who, count) in counts {
        assert_eq!(office.read(who, DOCUMENTS).await["count"], count, "{who}");
    }
    for (who, row, status) in
        [(office.ana, &row, 200), (office.bia, &row, 404), (office.ana, &hidden, 404)]
    {
        let path = path_of(row);
        let file = local(&row["arquivo"]).to_owned();
        for path in [&path, &file] {
            assert_eq!(office.get(who, path).await.status, status, "{who} {path}");
        }
        let link = office.post(who, &format!("{path}link/"), json!({})).await;
        assert_eq!(link.status, status);
        let answer = office.patch(who, &path, json!({"descricao": "x"})).await;
        assert_eq!(answer.status, status);
    }
    let refused = upload(&office, office.ana, stranger, "a.pdf", PDF).await;
    let text = format!("Pk inválido \"{stranger}\" - objeto não existe.");
    assert_eq!((refused.status, refused.json()), (400, json!({"cliente": [text]})));
    let answer = office.patch(office.ana, &path_of(&row), json!({"cliente": stranger})).await;
    assert_eq!(answer.status, 400);
    assert_eq!(office.delete(office.bia, &path_of(&row)).await.status, 404);
}
