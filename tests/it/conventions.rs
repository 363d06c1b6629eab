//! What holds for every call: paths, methods, bodies, headers, lists.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server,
    client::{results, text},
    wire::{DEPARTMENTS, TICKETS, WEBHOOK},
};

const ME: &str = "/api/v1/me/";
const TOKEN: &str = "/api/v1/auth/token/";

#[tokio::test]
async fn health_is_public() {
    let server = Server::start(&Database::Sqlite).await;
    let health = server.anonymous().get("/api/v1/health/").expect(200).await;
    assert_eq!(health["status"], "ok");
}

#[tokio::test]
async fn what_is_not_there_is_404_with_error_and_detail() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    server.anonymous().get("/api/v1/nada/").expect_failure(404).await;
    server.anonymous().get("/nada").expect_failure(404).await;
    for id in ["999999", "abc", "-1", "99999999999999999999"] {
        admin.get(&format!("{DEPARTMENTS}{id}/")).expect_failure(404).await;
        admin.get(&format!("{TICKETS}{id}/")).expect_failure(404).await;
        admin.get(&format!("/api/v1/whatsapp/messages/{id}/")).expect_failure(404).await;
        admin.get(&format!("/api/v1/whatsapp/sessions/{id}/")).expect_failure(404).await;
    }
}

#[tokio::test]
async fn text_for_people_comes_first_in_a_failure() {
    let server = Server::start(&Database::Sqlite).await;
    let answer = server.anonymous().get(ME).send().await.expect(401);
    assert!(answer.raw.trim_start().starts_with(r#"{"error":"#), "{}", answer.raw);
    let answer = server.anonymous().with_token("lixo").get(ME).send().await.expect(401);
    assert!(answer.raw.trim_start().starts_with(r#"{"error":"#), "{}", answer.raw);
}

#[tokio::test]
async fn wrong_method_is_405_and_names_the_allowed_ones() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let answer = admin.get(TOKEN).send().await.expect(405);
    answer.assert_error_and_detail();
    assert!(answer.header("allow").contains("POST"), "{answer:?}");
    let answer = admin.delete(ME).send().await.expect(405);
    answer.assert_error_and_detail();
    assert!(answer.header("allow").contains("PATCH"), "{answer:?}");
    admin.delete("/api/v1/whatsapp/messages/").expect_failure(405).await;
}

#[tokio::test]
async fn body_that_is_no_json_is_refused() {
    let server = Server::start(&Database::Sqlite).await;
    let post = |path: &str| server.anonymous().request(Method::POST, path);
    post(TOKEN).raw("text/plain", "oi").expect_failure(415).await;
    post(TOKEN).raw("application/json", "{nada").expect_failure(400).await;
    post(TOKEN).raw("application/json", [0xff, 0xfe]).expect_failure(400).await;
    let is_refused = post(TOKEN).raw("application/json", "[]").send().await.expect(400);
    assert!(is_refused.body.is_object());
    post(WEBHOOK).raw("application/json", "").expect_failure(400).await;
    let deep = "[".repeat(100_000);
    post(WEBHOOK).raw("application/json", deep).expect_failure(400).await;
}

#[tokio::test]
async fn form_without_a_boundary_is_refused_in_portuguese() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    for path in [TOKEN, "/api/v1/documentos/", "/api/v1/clientes/"] {
        let form = admin.request(Method::POST, path).raw("multipart/form-data", "x");
        let refused = form.expect_failure(400).await;
        let expected = "Multipart form parse error - falta o `boundary` no Content-Type.";
        assert_eq!(refused["detail"], expected, "{path}");
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let server = Server::start(&Database::Sqlite).await;
    let body = json!({ "nome": "Vendas", "id": 77, "total_em_fila": 9, "desconhecido": [1] });
    let row = server.admin().await.post(DEPARTMENTS, body).expect(201).await;
    assert_ne!(row["id"], 77);
    assert_eq!(row["total_em_fila"], 0);
}

#[tokio::test]
async fn both_forms_of_a_path_are_served_without_redirect() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    for path in [ME, DEPARTMENTS, TICKETS, "/api/v1/chats/", "/api/v1/whatsapp/sessions/status/"] {
        let with = admin.get(path).expect(200).await;
        let without = admin.get(path.trim_end_matches('/')).expect(200).await;
        assert_eq!(without, with, "{path}");
    }
    admin.get("/api/v1/chats?page=1&size=20&sort=lastMessage&order=desc").expect(200).await;
    admin.post("/api/v1/presence/heartbeat", json!({})).expect(200).await;
}

#[tokio::test]
async fn allowed_origins_get_cors_headers_and_others_do_not() {
    let allowed = "https://painel.example.com";
    let setup = Server::on(&Database::Sqlite).env("CORS_ALLOWED_ORIGINS", allowed);
    let server = setup.start().await;
    let preflight = |origin: &str| {
        let request = server.anonymous().request(Method::OPTIONS, ME).header("Origin", origin);
        let request = request.header("Access-Control-Request-Method", "PATCH");
        request.header("Access-Control-Request-Headers", "authorization,content-type")
    };
    let answer = preflight(allowed).send().await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), allowed);
    assert!(answer.header("access-control-allow-methods").contains("PATCH"));
    let headers = answer.header("access-control-allow-headers").to_lowercase();
    assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
    assert_eq!(answer.header("access-control-allow-credentials"), "");

    let answer = preflight("https://outro.example.com").send().await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "");

    // Also on failures, or the front end cannot read why.
    let answer = server.anonymous().get(ME).header("Origin", allowed).send().await.expect(401);
    assert_eq!(answer.header("access-control-allow-origin"), allowed);
}

#[tokio::test]
async fn developers_front_end_is_allowed_by_default() {
    let server = Server::start(&Database::Sqlite).await;
    for origin in ["http://localhost:5173", "http://127.0.0.1:3000"] {
        let request = server.anonymous().get("/api/v1/health/").header("Origin", origin);
        let answer = request.send().await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
}

#[tokio::test]
async fn every_answer_carries_a_request_id_and_security_headers() {
    let server = Server::start(&Database::Sqlite).await;
    let anonymous = server.anonymous();
    for (path, status) in [("/api/v1/health/", 200), (ME, 401), ("/nada", 404), (TOKEN, 405)] {
        let answer = anonymous.get(path).header("X-Request-Id", "pedido-1").send().await;
        let answer = answer.expect(status);
        assert_eq!(answer.header("x-request-id"), "pedido-1", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");

        let answer = anonymous.get(path).send().await.expect(status);
        let generated = answer.header("x-request-id");
        let is_hex = generated.len() == 32 && generated.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(is_hex, "{generated}");
    }
}

async fn server_with_departments() -> (Server, Client) {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    for name in ["Cobrança", "Vendas Atacado", "Vendas Varejo"] {
        admin.create_department(name, 3, &[]).await;
    }
    (server, admin)
}

#[tokio::test]
async fn lists_come_in_pages_that_link_to_each_other() {
    let (server, admin) = server_with_departments().await;
    let path = format!("{DEPARTMENTS}?search=Vendas&page_size=1");
    let first = admin.get(&path).expect(200).await;
    assert_eq!(first["count"], 2);
    assert_eq!(first["previous"], Value::Null);
    assert_eq!(results(&first).len(), 1);

    let next = text(&first["next"]);
    let next = next.strip_prefix(server.base_url.as_str()).expect("an absolute URL of this host");
    assert!(next.contains("search=Vendas") && next.contains("page_size=1"), "{next}");
    let second = admin.get(next).expect(200).await;
    assert_eq!(second["next"], Value::Null);
    let previous = text(&second["previous"]).strip_prefix(server.base_url.as_str()).unwrap();
    let back = admin.get(previous).expect(200).await;
    assert_eq!(results(&back), results(&first));
    let last = admin.get(&format!("{path}&page=last")).expect(200).await;
    assert_eq!(results(&last), results(&second));
}

#[tokio::test]
async fn pages_that_do_not_exist_are_404() {
    let (_server, admin) = server_with_departments().await;
    for page in ["0", "-1", "abc", "99", "1.5"] {
        admin.get(&format!("{DEPARTMENTS}?page={page}")).expect_failure(404).await;
    }
    let empty = admin.get(&format!("{DEPARTMENTS}?search=nenhum&page=1")).expect(200).await;
    assert_eq!(results(&empty).len(), 0);
}

#[tokio::test]
async fn search_joins_terms_and_ignores_case() {
    let (_server, admin) = server_with_departments().await;
    for (search, expected) in [("vendas", 2), ("varejo%20VENDAS", 1), ("vendas%20fila", 0)] {
        let page = admin.get(&format!("{DEPARTMENTS}?search={search}")).expect(200).await;
        assert_eq!(results(&page).len(), expected, "{search}");
    }
    // Wildcards of SQL are letters like any other.
    let page = admin.get(&format!("{DEPARTMENTS}?search=%25")).expect(200).await;
    assert_eq!(results(&page).len(), 0);
}

#[tokio::test]
async fn bad_filters_name_the_field_and_unknown_ones_are_ignored() {
    let (_server, admin) = server_with_departments().await;
    admin.get(&format!("{TICKETS}?status=zz")).expect_invalid("status").await;
    admin.get(&format!("{TICKETS}?prioridade=zz")).expect_invalid("prioridade").await;
    admin.get(&format!("{TICKETS}?departamento=abc")).expect_invalid("departamento").await;
    let messages = "/api/v1/whatsapp/messages/";
    admin.get(&format!("{messages}?direction=zz")).expect_invalid("direction").await;
    for (path, switch) in [
        (DEPARTMENTS, "ativo"),
        ("/api/v1/atendimento/filas/", "aguardando"),
        ("/api/v1/agents/", "is_active"),
        ("/api/v1/whatsapp/sessions/", "is_active"),
        (messages, "is_from_me"),
        ("/api/v1/grupos-empresa/", "ativo"),
        ("/api/v1/contatos/", "ativo"),
        ("/api/v1/contatos/", "is_principal"),
        ("/api/v1/documentos/", "ativo"),
    ] {
        let faults = admin.get(&format!("{path}?{switch}=zz")).expect_invalid(switch).await;
        let text = "Faça uma escolha válida. zz não é uma das escolhas disponíveis.";
        assert_eq!(faults, json!({ switch: [text] }), "{path}");
        for value in ["", "True", "0", "off"] {
            admin.get(&format!("{path}?{switch}={value}")).expect(200).await;
        }
    }
    let page = admin.get(&format!("{DEPARTMENTS}?cor_do_ceu=azul&ordering=nada")).expect(200).await;
    assert_eq!(page["count"], 4);
}

#[tokio::test]
async fn too_many_logins_from_one_address_are_slowed_down() {
    let setup = Server::on(&Database::Sqlite).env("RATE_LIMIT_PER_MINUTE", "3");
    let server = setup.start().await;
    let login = || server.anonymous().post(TOKEN, json!({ "username": "admin", "password": "x" }));
    for _ in 0..3 {
        login().expect(401).await;
    }
    let answer = login().send().await.expect(429);
    answer.assert_error_and_detail();
    let wait: u64 = answer.header("retry-after").parse().expect("seconds to wait");
    assert!((1..=60).contains(&wait), "{wait}");
}
