//! The settings, section by section: what the reference and its clients send, who may change what, and
//! that secrets stay secret.

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use crate::support::{
    Client, Database, Server,
    client::{assert_keys, text},
};

const CONFIG: &str = "/api/v1/config/";
const COMPANY: &str = "/api/v1/config/company/";
const CHAT: &str = "/api/v1/config/chat/";
const EMAIL: &str = "/api/v1/config/email/";
const EMAIL_TEST: &str = "/api/v1/config/email/test/";
const APPEARANCE: &str = "/api/v1/config/appearance/";
const WHATSAPP: &str = "/api/v1/config/whatsapp/";
const UPLOAD: &str = "/api/v1/config/appearance/upload/";
const DOCUMENTS: &str = "/api/v1/config/documents/";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";
const NUMBER: &str = "5511988880001";
const SECTIONS: [&str; 6] = [COMPANY, CHAT, EMAIL, APPEARANCE, WHATSAPP, DOCUMENTS];

#[tokio::test]
async fn the_examples_of_the_reference_work_on_a_fresh_database() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let company = json!({
        "nome": "DX Connect", "cnpj": "12345678000190", "telefone": "11999999999",
        "email": "contato@dxconnect.com.br",
    });
    let row = admin.patch(COMPANY, &company).expect(200).await;
    for (key, value) in company.as_object().unwrap() {
        assert_eq!(&row[key], value, "{key}");
    }
    assert_eq!(row["nome_fantasia"], "DX Connect");
    let chat = json!({
        "timeout_inatividade_minutos": 30,
        "mensagem_boas_vindas": "Olá! Como posso ajudar?",
        "mensagem_ausente": "No momento não há atendentes disponíveis.",
    });
    let row = admin.patch(CHAT, &chat).expect(200).await;
    for (key, value) in chat.as_object().unwrap() {
        assert_eq!(&row[key], value, "{key}");
    }
    assert_eq!(row["mensagem_saudacao"], "Olá! Como posso ajudar?");
    let all = admin.get(CONFIG).expect(200).await;
    assert_eq!((&all["id"], &all["chat_settings"]), (&json!(1), &row));
    assert_keys(&all, &["email_settings", "appearance_settings", "whatsapp_settings"]);
    assert_keys(&all, &["created_at", "updated_at"]);
    assert_eq!(all["company_data"], admin.get(COMPANY).expect(200).await);
    let templates = &all["document_templates"];
    for key in ["contrato_padrao", "boleto_padrao"] {
        assert_keys(&templates[key], &["nome", "tipo", "conteudo", "variaveis"]);
    }
}

#[tokio::test]
async fn the_requests_of_the_earlier_collection_work() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let put = json!({
        "company_data": {"razao_social": "Empresa Ltda", "cnpj": "00000000000191"},
        "chat_settings": {"mensagem_saudacao": "Oi", "timeout_inatividade_minutos": 15},
        "email_settings": {"smtp_host": "smtp.empresa.com.br", "smtp_port": 587},
    });
    let all = admin.request(Method::PUT, CONFIG).json(&put).expect(200).await;
    assert_eq!(all["company_data"]["razao_social"], "Empresa Ltda");
    assert_eq!(all["chat_settings"]["timeout_inatividade_minutos"], 15);
    let answer = admin.request(Method::PUT, CONFIG).json(&json!({"invalid": "data"})).send().await;
    let answer = answer.expect(400);
    assert_keys(&answer.body, &["company_data", "chat_settings", "email_settings"]);

    let company = json!({
        "razao_social": "Empresa Exemplo Ltda", "nome_fantasia": "Exemplo",
        "cnpj": "00.000.000/0001-91", "inscricao_estadual": "123", "inscricao_municipal": "456",
        "regime_tributario": "3", "cnae_principal": "6201-5/01", "telefone": "(11) 99999-9999",
        "email": "a@b.com.br", "site": "https://exemplo.com.br",
        "endereco": {"cep": "01234-567", "logradouro": "Rua A", "numero": "1", "complemento": "",
            "bairro": "Centro", "cidade": "São Paulo", "uf": "sp"},
        "dados_bancarios": {"banco": "001", "agencia": "1234", "agencia_digito": "x",
            "conta": "56789", "conta_digito": "0", "carteira": "17", "convenio": "1234567"},
        "pix": {"chave": "a@b.com.br", "nome": "Exemplo", "cidade": "SAO PAULO"},
    });
    let row = admin.patch(COMPANY, &company).expect(200).await;
    assert_eq!(
        (&row["cnpj"], &row["cnae_principal"]),
        (&json!("00000000000191"), &json!("6201501"))
    );
    assert_eq!(
        (&row["endereco"]["cep"], &row["endereco"]["uf"]),
        (&json!("01234567"), &json!("SP"))
    );
    assert_eq!(row["dados_bancarios"]["agencia_digito"], "X");
    let row = admin.patch(COMPANY, json!({"endereco": {"numero": "2"}})).expect(200).await;
    let address = &row["endereco"];
    assert_eq!((&address["numero"], &address["logradouro"]), (&json!("2"), &json!("Rua A")));

    admin.patch(CHAT, json!({"mensagem_saudacao": "Olá"})).expect(200).await;
    let email = json!({"smtp_host": "smtp.x.com.br", "smtp_port": 465, "smtp_usuario": "u"});
    admin.patch(EMAIL, email).expect(200).await;
    let colors = json!({
        "primary_color": "#0EA5E9", "secondary_color": "#111827",
        "logo_url": "https://x.com.br/logo.png",
    });
    let row = admin.patch(APPEARANCE, colors).expect(200).await;
    assert_eq!(row["login_logo_url"], "https://x.com.br/logo.png");
    assert_eq!(admin.patch(WHATSAPP, json!({"enabled": true})).expect(200).await["enabled"], true);
    admin.patch(COMPANY, json!({"cnpj": "invalid_cnpj"})).expect_invalid("cnpj").await;
}

#[tokio::test]
async fn a_form_that_is_sent_back_changes_what_was_edited() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    for (path, key, alias) in [
        (COMPANY, "nome_fantasia", "nome"),
        (CHAT, "mensagem_saudacao", "mensagem_boas_vindas"),
        (APPEARANCE, "login_logo_url", "logo_url"),
    ] {
        for (edited, value) in [(key, "/um"), (alias, "/dois")] {
            let mut form = admin.get(path).expect(200).await;
            form[edited] = value.into();
            let row = admin.patch(path, &form).expect(200).await;
            assert_eq!((&row[key], &row[alias]), (&json!(value), &json!(value)), "{edited}");
        }
    }
    let hours = json!({"horario_funcionamento": {
        "segunda": [{"inicio": "13:00", "fim": "18:00"}, {"inicio": "08:00", "fim": "12:00"}],
        "terca": null, "sabado": {"inicio": "22:00", "fim": "02:00"},
    }});
    let row = admin.patch(CHAT, hours).expect(200).await;
    let hours = &row["horario_funcionamento"];
    assert_eq!(hours["segunda"][0], json!({"inicio": "08:00", "fim": "12:00"}));
    assert_eq!(hours["terca"], json!({"inicio": null, "fim": null}));
    assert_eq!(hours["sabado"], json!({"inicio": "22:00", "fim": "02:00"}));
    assert_eq!(hours["quarta"], json!({"inicio": "08:00", "fim": "18:00"}));
    assert_eq!(admin.patch(CHAT, &row).expect(200).await, row);
}

#[tokio::test]
async fn each_bad_value_is_named_and_changes_nothing() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let before = admin.get(CONFIG).expect(200).await;
    let cases = [
        (COMPANY, json!({"razao_social": "x", "endereco": {"cep": "1"}}), "endereco.cep"),
        (COMPANY, json!({"endereco": {"uf": "XX"}}), "endereco.uf"),
        (COMPANY, json!({"endereco": "Rua A"}), "endereco"),
        (COMPANY, json!({"dados_bancarios": {"banco": "1"}}), "dados_bancarios.banco"),
        (COMPANY, json!({"regime_tributario": "4"}), "regime_tributario"),
        (COMPANY, json!({"email": "x"}), "email"),
        (CHAT, json!({"timeout_inatividade_minutos": 0}), "timeout_inatividade_minutos"),
        (CHAT, json!({"limite_chats_simultaneos": 0}), "limite_chats_simultaneos"),
        (CHAT, json!({"mensagem_saudacao": "Oi {{fulano}}"}), "mensagem_saudacao"),
        (
            CHAT,
            json!({"horario_funcionamento": {"segunda": {"inicio": "8h", "fim": "18:00"}}}),
            "horario_funcionamento.segunda",
        ),
        (EMAIL, json!({"smtp_port": 70000}), "smtp_port"),
        (EMAIL, json!({"smtp_host": "http://x/y"}), "smtp_host"),
        (EMAIL, json!({"email_from": "x"}), "email_from"),
        (APPEARANCE, json!({"primary_color": "blue"}), "primary_color"),
        (APPEARANCE, json!({"logo_url": "javascript:alert(1)"}), "logo_url"),
        (WHATSAPP, json!({"reconnect_backoff_seconds": -1}), "reconnect_backoff_seconds"),
        (WHATSAPP, json!({"proxy_url": "proxy"}), "proxy_url"),
        (
            DOCUMENTS,
            json!({"x": {"nome": "X", "tipo": "contrato", "conteudo": "sem variáveis"}}),
            "document_templates.x.conteudo",
        ),
        (DOCUMENTS, json!({"x": 1}), "document_templates.x"),
    ];
    for (path, body, field) in cases {
        admin.patch(path, body).expect_invalid(field).await;
    }
    let put = json!({
        "company_data": {"razao_social": "x"}, "chat_settings": {}, "email_settings": {"smtp_port": 0},
    });
    let put = admin.request(Method::PUT, CONFIG).json(&put);
    put.expect_invalid("email_settings.smtp_port").await;
    assert_eq!(admin.get(CONFIG).expect(200).await, before);
    for path in SECTIONS {
        admin.request(Method::PUT, path).json(&json!({})).expect_failure(405).await;
    }
}

#[tokio::test]
async fn everybody_reads_and_each_role_changes_its_sections() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let manager = admin.create_agent("gil", "gerente", &[]).await;
    let supervisor = admin.create_agent("sueli", "supervisor", &[]).await;
    let agent = admin.create_agent("ana", "atendente", &[]).await;
    let all = [(&agent, 0), (&supervisor, 1), (&manager, 5), (&admin, 6)];
    // From the section that most may change to the one that only the administrator may.
    let sections = [CHAT, COMPANY, EMAIL, APPEARANCE, WHATSAPP, DOCUMENTS];
    for (who, allowed) in all {
        for (index, path) in sections.into_iter().enumerate() {
            who.get(path).expect(200).await;
            let status = if index < allowed { 200 } else { 403 };
            who.patch(path, json!({})).expect(status).await;
        }
        who.get(CONFIG).expect(200).await;
        let put = json!({"company_data": {}, "chat_settings": {}, "email_settings": {}});
        let status = if allowed >= 5 { 200 } else { 403 };
        who.request(Method::PUT, CONFIG).json(&put).expect(status).await;
    }
    let put = json!({
        "company_data": {}, "chat_settings": {}, "email_settings": {}, "document_templates": {},
    });
    manager.request(Method::PUT, CONFIG).json(&put).expect_failure(403).await;
    supervisor.post(EMAIL_TEST, json!({})).expect_failure(403).await;
    for path in SECTIONS {
        server.anonymous().get(path).expect_failure(401).await;
        server.anonymous().patch(path, json!({})).expect_failure(401).await;
    }
}

#[tokio::test]
async fn secrets_are_written_masked_kept_and_cleared() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let (password, session, proxy) =
        (" s3nha secreta ", "eyJhbGciOi-Postman", "http://u:segredo@p:1");
    assert_eq!(admin.get(WHATSAPP).expect(200).await["proxy_url"], "");
    let row = admin.patch(EMAIL, json!({"smtp_senha": password})).expect(200).await;
    assert_eq!(row["smtp_senha"], "***");
    let secrets = json!({"session_data": session, "proxy_url": proxy});
    let row = admin.patch(WHATSAPP, secrets).expect(200).await;
    assert_eq!((&row["session_data"], &row["proxy_url"]), (&json!("***"), &json!("***")));
    let answer = admin.get(CONFIG).send().await.expect(200);
    assert_eq!(answer.body["email_settings"].get("smtp_senha"), None);
    let kept = [json!({}), json!({"smtp_senha": "***"}), json!({"smtp_senha": null})];
    for body in kept {
        assert_eq!(admin.patch(EMAIL, body).expect(200).await["smtp_senha"], "***");
    }
    let folder = std::fs::read_dir(server.data_dir()).unwrap();
    let files = folder.map(|entry| std::fs::read(entry.unwrap().path()).unwrap_or_default());
    let stored: Vec<u8> = files.flatten().collect();
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("smtp_password"), "the database was read");
    for secret in [password, session, proxy, "segredo"] {
        assert!(!holds(secret) && !answer.raw.contains(secret), "{secret}");
    }
    let row = admin.patch(EMAIL, json!({"smtp_senha": ""})).expect(200).await;
    assert_eq!(row["smtp_senha"], "");
    assert!(!server.log().contains("segredo"));
}

#[tokio::test]
async fn templates_are_added_changed_and_removed() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let own = json!({
        "nome": "Proposta", "tipo": "proposta",
        "conteudo": "{{empresa_nome}} para {{cliente_nome}}",
    });
    let map = admin.patch(DOCUMENTS, json!({"minha": own})).expect(200).await;
    assert_eq!(map["minha"]["conteudo"], own["conteudo"]);
    let changes = json!({"document_templates": {
        "minha": {"nome": "Outra"}, "contrato_padrao": {"nome": "Contrato da casa"},
    }});
    let map = admin.patch(DOCUMENTS, changes).expect(200).await;
    assert_eq!(
        (&map["minha"]["nome"], &map["minha"]["tipo"]),
        (&json!("Outra"), &json!("proposta"))
    );
    assert_eq!(map["contrato_padrao"]["nome"], "Contrato da casa");
    assert_eq!(admin.get(CONFIG).expect(200).await["document_templates"], map);
    let gone = json!({"minha": null, "contrato_padrao": null});
    let map = admin.patch(DOCUMENTS, gone).expect(200).await;
    assert_eq!((map.get("minha"), map.as_object().unwrap().len()), (None, 2));
    assert_eq!(map["contrato_padrao"]["nome"], "Contrato de Prestação de Serviços Padrão");
}

/// Answers one SMTP conversation without TLS; gives what the client said.
async fn smtp_server(login_reply: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let conversation = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = socket.split();
        let mut lines = BufReader::new(reader).lines();
        let (mut said, mut is_letter) = (String::new(), false);
        writer.write_all(b"220 fake\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            said.push_str(&line);
            said.push('\n');
            let reply = match line.split(' ').next().unwrap_or_default() {
                "." if is_letter => {
                    is_letter = false;
                    "250 taken"
                }
                _ if is_letter => continue,
                "EHLO" => "250-fake\r\n250 AUTH PLAIN LOGIN",
                "AUTH" => login_reply,
                "DATA" => {
                    is_letter = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            if writer.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
                break;
            }
            if reply.starts_with("221") {
                break;
            }
        }
        said
    });
    (port, conversation)
}

async fn set_up(who: &Client, port: u16) {
    let email = json!({
        "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_ssl": false, "smtp_usuario": "u",
        "smtp_senha": "segredo", "email_from": "dx@empresa.com.br",
    });
    who.patch(EMAIL, email).expect(200).await;
}

#[tokio::test]
async fn email_settings_can_be_tried() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let problems = admin.post(EMAIL_TEST, json!({"para": "a@b.com.br"})).send().await.expect(400);
    assert_keys(&problems.body, &["smtp_host", "email_from"]);
    let (port, conversation) = smtp_server("235 welcome").await;
    set_up(&admin, port).await;
    admin.post(EMAIL_TEST, json!({"para": "x"})).expect_invalid("para").await;
    let sent = admin.post(EMAIL_TEST, json!({"para": "ana@cliente.com.br"})).expect(200).await;
    assert_eq!(sent["para"], "ana@cliente.com.br");
    admin.patch("/api/v1/me/", json!({"email": "admin@empresa.com.br"})).expect(200).await;
    let said = conversation.await.unwrap();
    for part in
        ["EHLO empresa.com.br", "MAIL FROM:<dx@empresa.com.br>", "RCPT TO:<ana@cliente.com.br>"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }

    let (port, _conversation) = smtp_server("535 AUTH PLAIN AHUAc2VncmVkbw== segredo").await;
    set_up(&admin, port).await;
    let refused = admin.post(EMAIL_TEST, json!({})).send().await.expect(400);
    refused.assert_error_and_detail();
    assert!(
        text(&refused.body["detail"]).contains("recusou o login (código 535)"),
        "{}",
        refused.raw
    );
    assert!(!refused.raw.contains("segredo") && !refused.raw.contains("AHUA"));
    assert!(!server.log().contains("segredo"));
}

#[tokio::test]
async fn a_change_reaches_the_actors_at_once() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    admin.set_status("online").await;
    admin.patch(CHAT, json!({"distribuicao_automatica": false})).expect(200).await;
    admin.customer_writes(NUMBER).await;
    assert_eq!(admin.chat_opens(NUMBER).await["status"], "aguardando");
    admin.patch(CHAT, json!({"distribuicao_automatica": true})).expect(200).await;
    admin.chat_gets_agent(NUMBER, admin.id).await;
}

/// A form with a picture, as browsers send it.
fn form(kind: &str, name: &str, bytes: &[u8]) -> reqwest::multipart::Form {
    let file = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name(name.to_owned());
    reqwest::multipart::Form::new().text("kind", kind.to_owned()).part("file", file)
}

#[tokio::test]
async fn a_logo_is_uploaded_shown_to_everybody_replaced_and_removed() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let upload = |form| admin.request(Method::POST, UPLOAD).multipart(form);
    let answer = upload(form("logo", "logo.png", PNG)).expect(200).await;
    let url = text(&answer["url"]).to_owned();
    let name = url.strip_prefix("/media/appearance/").and_then(|name| name.strip_suffix(".png"));
    assert_eq!(name.map(str::len), Some(32), "{url}");
    assert_eq!((&answer["logo_url"], &answer["login_logo_url"]), (&json!(url), &json!(url)));
    assert_keys(&answer, &["favicon_url", "primary_color", "secondary_color", "custom_css"]);
    assert_eq!(admin.get(APPEARANCE).expect(200).await["logo_url"], url.as_str());

    let shown = server.anonymous().get(&url).send().await.expect(200);
    assert_eq!(
        (shown.header("content-type"), shown.header("x-content-type-options")),
        ("image/png", "nosniff")
    );
    assert!(shown.header("cache-control").contains("max-age=31536000"));
    assert_eq!(shown.header("content-length"), PNG.len().to_string());

    let second = upload(form("logo", "logo.png", PNG)).expect(200).await;
    server.anonymous().get(&url).expect_failure(404).await;
    let url = text(&second["url"]).to_owned();
    server.anonymous().get(&url).send().await.expect(200);
    for _ in 0..2 {
        admin.delete(&format!("{UPLOAD}?kind=logo")).send().await.expect(204);
    }
    server.anonymous().get(&url).expect_failure(404).await;
    assert_eq!(admin.get(APPEARANCE).expect(200).await["logo_url"], "");
}

#[tokio::test]
async fn only_small_pictures_of_those_who_may_are_taken() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let upload = |form| admin.request(Method::POST, UPLOAD).multipart(form);
    let page: &[u8] = b"<html><script>alert(1)</script></html>";
    let svg: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'/>";
    for (name, bytes) in [("a.html", page), ("a.svg", svg), ("a.png", page), ("a.png", b"")] {
        upload(form("logo", name, bytes)).expect_invalid("file").await;
    }
    let mut large = PNG.to_vec();
    large.resize(2 * 1024 * 1024 + 1, 0);
    upload(form("logo", "a.png", &large)).expect_invalid("file").await;
    upload(form("banner", "a.png", PNG)).expect_invalid("kind").await;
    let answer = admin.post(UPLOAD, json!({})).send().await.expect(400);
    assert_keys(&answer.body, &["kind", "file"]);
    admin.delete(&format!("{UPLOAD}?kind=banner")).expect_invalid("kind").await;
    let agent = admin.create_agent("ana", "atendente", &[]).await;
    let call = agent.request(Method::POST, UPLOAD).multipart(form("logo", "a.png", PNG));
    call.expect_failure(403).await;
    agent.delete(&format!("{UPLOAD}?kind=logo")).expect_failure(403).await;
    let unknown = format!("/media/appearance/{}.png", "0".repeat(32));
    for path in [unknown.as_str(), "/media/appearance/..%2f..%2fsecret.key"] {
        server.anonymous().get(path).expect_failure(404).await;
    }
}
