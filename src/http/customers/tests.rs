use axum::http::Method;
use dx_actors::{domain::AgentId, store::count_statements};
use serde_json::{Value, json};

use super::*;
use crate::{
    files::{samples::PNG, sweep},
    http::testing::{CHATS, DEPARTMENTS, Office, QUEUES, TICKETS, number},
    test_support::TestApp,
};

const ADMIN: AgentId = TestApp::ADMIN;
const CUSTOMERS: &str = "/api/v1/clientes/";

fn example() -> Value {
    json!({
        "razao_social": "Empresa XYZ Ltda", "nome_fantasia": "XYZ", "tipo_pessoa": "juridica",
        "cnpj_cpf": "12345678000190", "email": "contato@xyz.com.br", "telefone": "11999999999",
        "endereco": "Rua das Flores, 123", "numero": "123", "bairro": "Centro",
        "cidade": "São Paulo", "estado": "SP", "cep": "01234-567",
    })
}

async fn created(office: &Office, who: AgentId, body: Value) -> Value {
    let answer = office.post(who, CUSTOMERS, body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

fn path_of(row: &Value) -> String {
    format!("{CUSTOMERS}{}/", row["id"])
}

async fn names(office: &Office, query: &str) -> Vec<String> {
    let page = office.read(ADMIN, &format!("{CUSTOMERS}{query}")).await;
    let rows = page["results"].as_array().unwrap();
    rows.iter().map(|row| row["nome"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_example_of_the_reference_comes_back_under_all_names() {
    let office = Office::open().await;
    let row = created(&office, ADMIN, example()).await;
    for (key, value) in example().as_object().unwrap() {
        assert_eq!(&row[key], value, "{key}");
    }
    let expected = [
        ("nome", json!("Empresa XYZ Ltda")),
        ("cnpj", json!("12345678000190")),
        ("documento_formatado", json!("12.345.678/0001-90")),
        ("documento_valido", json!(false)),
        ("email_principal", json!("contato@xyz.com.br")),
        ("telefone_principal", json!("11999999999")),
        ("telefone_e164", json!("+5511999999999")),
        ("nome_display", json!("XYZ")),
        ("contatos_principais", json!(["Email: contato@xyz.com.br", "Tel: 11999999999"])),
        ("status", json!("ativo")),
        ("regime_tributario", json!("simples_nacional")),
        ("grupo_empresa", Value::Null),
        ("criado_por", json!(1)),
        ("atualizado_por", json!(1)),
    ];
    for (key, value) in expected {
        assert_eq!(row[key], value, "{key}");
    }
    let address = "Rua das Flores, 123 - nº 123 - Centro - São Paulo - SP - CEP: 01234-567";
    assert_eq!(row["endereco_completo"], address);
    assert!(row.get("grupo_empresa_nome").is_none());
    assert_eq!(office.read(ADMIN, &path_of(&row)).await, row);
    let again = office.post(ADMIN, CUSTOMERS, example()).await;
    let expected = json!({"cnpj_cpf": [TAKEN], "cnpj": [TAKEN]});
    assert_eq!((again.status, again.json()), (400, expected));
}

#[tokio::test]
async fn each_bad_field_is_named_as_it_was_sent() {
    let office = Office::open().await;
    let cases = [
        (json!({}), "razao_social"),
        (json!({"nome": " "}), "nome"),
        (json!({"nome": "A", "cnpj": "123"}), "cnpj"),
        (json!({"nome": "A", "documento": "11111111111"}), "documento"),
        (json!({"nome": "A", "tipo_pessoa": "juridica", "cnpj_cpf": "11144477735"}), "cnpj_cpf"),
        (json!({"nome": "A", "tipo_pessoa": "x"}), "tipo_pessoa"),
        (json!({"nome": "A", "telefone": "123"}), "telefone"),
        (json!({"nome": "A", "celular": "abc"}), "celular"),
        (json!({"nome": "A", "email": "x"}), "email"),
        (json!({"nome": "A", "cep": "123"}), "cep"),
        (json!({"nome": "A", "estado": "S1"}), "estado"),
        (json!({"nome": "A", "numero": "12345678901"}), "numero"),
        (json!({"nome": "A", "status": "zz"}), "status"),
        (json!({"nome": "A", "grupo_empresa": 99}), "grupo_empresa"),
        (json!({"nome": "A", "agente_responsavel": 99}), "agente_responsavel"),
        (json!({"nome": "A", "responsavel_legal_cpf": "12345678000190"}), "responsavel_legal_cpf"),
    ];
    for (body, field) in cases {
        let answer = office.post(ADMIN, CUSTOMERS, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        let errors = answer.json();
        assert_eq!(errors.as_object().unwrap().len(), 1, "{body}: {errors}");
        assert!(errors[field][0].is_string(), "{body}: {errors}");
    }
    assert_eq!(office.read(ADMIN, CUSTOMERS).await["count"], 0);
}

#[tokio::test]
async fn strict_documents_refuse_wrong_check_digits() {
    let app = TestApp::with_environment(&[("STRICT_DOCUMENTS", "1")]).await;
    let refused = app.post(CUSTOMERS).signed_in().json(&example()).send().await;
    assert_eq!((refused.status, refused.json()["cnpj_cpf"].is_array()), (400, true));
    let mut body = example();
    body["cnpj_cpf"] = "12.345.678/0001-95".into();
    let answer = app.post(CUSTOMERS).signed_in().json(&body).send().await;
    assert_eq!((answer.status, &answer.json()["documento_valido"]), (201, &json!(true)));
}

#[tokio::test]
async fn the_requests_of_older_clients_work() {
    let office = Office::open().await;
    let body = json!({
        "nome": "João da Silva", "tipo_documento": "cpf", "documento": "529.982.247-25",
        "email": "joao@x.com.br", "telefone": "1133334444", "celular": "(11) 98888-7777",
    });
    let row = created(&office, ADMIN, body).await;
    assert_eq!((&row["tipo_pessoa"], &row["documento"]), (&json!("fisica"), &json!("52998224725")));
    assert_eq!(row["whatsapp_e164"], "+5511988887777");
    let path = path_of(&row);
    let put = office.call(ADMIN, Method::PUT, &path, json!({"nome": "João S."})).await;
    assert_eq!((put.status, &put.json()["nome"]), (200, &json!("João S.")));
    assert_eq!(put.json()["email"], "joao@x.com.br", "what is not sent stays");
    for query in ["search/?q=João", "search/?q=joao", "status/ativo/", "?search=98888-7777"] {
        assert_eq!(names(&office, query).await, ["João S."], "{query}");
    }
    let motive = json!({"status": "suspenso", "motivo": "Sem pagamento"});
    let answer = office.patch(ADMIN, &format!("{path}status/"), motive).await;
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("suspenso")));
    for (body, text) in [
        (json!({}), NO_STATUS),
        (
            json!({"status": "x"}),
            "Status inválido. Opções: ['ativo', 'inativo', 'suspenso', 'bloqueado']",
        ),
    ] {
        let answer = office.patch(ADMIN, &format!("{path}status/"), body).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!(text)));
    }
    let responsible = format!("{path}responsavel/");
    let answer = office.patch(ADMIN, &responsible, json!({"agente_responsavel": 0})).await;
    assert_eq!((answer.status, &answer.json()["agente_responsavel"]), (200, &Value::Null));
    let stats = office.read(ADMIN, &format!("{CUSTOMERS}stats/")).await;
    assert_eq!((&stats["total"], &stats["suspensos"]), (&json!(1), &json!(1)));
    assert_eq!((&stats["por_status"]["suspenso"], &stats["pessoa_fisica"]), (&json!(1), &json!(1)));

    let history = office.read(ADMIN, &format!("{path}historico/")).await;
    assert_eq!(history["count"], 3, "{history}");
    let latest = &history["results"][0];
    assert_eq!((&latest["motivo"], &latest["usuario"]), (&json!("Sem pagamento"), &json!(1)));
    let expected =
        json!([{"campo": "status", "valor_anterior": "ativo", "valor_novo": "suspenso"}]);
    assert_eq!(latest["alteracoes"], expected);
    assert_eq!(office.delete(ADMIN, &path).await.status, 204);
    assert_eq!(office.get(ADMIN, &path).await.status, 404);
}

#[tokio::test]
async fn lists_are_filtered_searched_and_ordered() {
    let office = Office::open().await;
    created(&office, ADMIN, example()).await;
    let other = json!({"nome": "ágil Móveis", "cidade": "Niterói", "estado": "rj",
        "ramo_atividade": "Móveis", "regime_tributario": "mei", "status": "inativo"});
    created(&office, ADMIN, other).await;
    let cases: [(&str, &[&str]); 23] = [
        ("?ordering=razao_social", &["ágil Móveis", "Empresa XYZ Ltda"]),
        ("?ordering=-nome", &["Empresa XYZ Ltda", "ágil Móveis"]),
        ("?search=sao%20paulo", &["Empresa XYZ Ltda"]),
        ("?search=12.345.678/0001", &["Empresa XYZ Ltda"]),
        ("?search=1199999999", &["Empresa XYZ Ltda"]),
        ("?busca_geral=contato@xyz", &["Empresa XYZ Ltda"]),
        ("?cidade=NITEROI", &["ágil Móveis"]),
        ("?razao_social=agil%20m", &["ágil Móveis"]),
        ("?estado=RJ&ramo_atividade=moveis", &["ágil Móveis"]),
        ("?regime_tributario=mei", &["ágil Móveis"]),
        ("?status=inativo", &["ágil Móveis"]),
        ("?cnpj=345678&email=XYZ&telefone=11999999999", &["Empresa XYZ Ltda"]),
        ("?search=%25", &[]),
        ("?search=@", &["Empresa XYZ Ltda"]),
        ("?search=@%20-", &[]),
        ("?search=xyz%20-", &["Empresa XYZ Ltda"]),
        ("search/?q=_", &[]),
        ("?cidade=%25", &[]),
        ("?nome=-", &[]),
        ("?cnpj=-", &[]),
        ("?telefone=-", &[]),
        ("?whatsapp=abc", &[]),
        ("?criado_apos=2999-01-01", &[]),
    ];
    for (query, expected) in cases {
        let mut found = names(&office, query).await;
        if !query.contains("ordering") {
            found.sort_by_key(|name| std::cmp::Reverse(name.clone()));
        }
        assert_eq!(found, expected, "{query}");
    }
    for query in ["?status=zz", "?criado_apos=ontem", "?grupo_empresa=a"] {
        assert_eq!(office.get(ADMIN, &format!("{CUSTOMERS}{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn agents_see_those_they_created_answer_for_or_talk_to() {
    let office = Office::open().await;
    let mine = created(&office, office.ana, json!({"nome": "De Ana"})).await;
    let foreign = created(&office, ADMIN, json!({"nome": "De outros"})).await;
    office.enqueue(&number(1), "normal").await;
    let list = |who| office.read(who, CUSTOMERS);
    assert_eq!(list(office.ana).await["count"], 2, "her own and the one who waits");
    assert_eq!(list(office.outsider).await["count"], 0);
    assert_eq!(list(office.supervisor).await["count"], 3);
    for method in [Method::GET, Method::PATCH, Method::PUT, Method::DELETE] {
        let answer = office.call(office.ana, method, &path_of(&foreign), json!({})).await;
        assert_eq!(answer.status, 404, "{}", answer.text);
    }
    let history = format!("{}historico/", path_of(&foreign));
    assert_eq!(office.get(office.ana, &history).await.status, 404);
    office.post(office.bia, &format!("{CHATS}{}/aceitar/", number(1)), json!({})).await;
    assert_eq!(list(office.ana).await["count"], 1, "a colleague has the chat");
    let responsible = json!({"agente_responsavel": office.ana.0});
    office.patch(ADMIN, &format!("{}responsavel/", path_of(&foreign)), responsible).await;
    assert_eq!(office.get(office.ana, &path_of(&foreign)).await.status, 200);
    assert_eq!(office.delete(office.ana, &path_of(&mine)).await.status, 204);
}

#[tokio::test]
async fn one_with_a_history_is_hidden_and_a_deleted_one_begins_anew() {
    let office = Office::open().await;
    office.receive(&number(1), "m1", "oi").await;
    let row = office.read(ADMIN, CUSTOMERS).await["results"][0].clone();
    office.patch(ADMIN, &path_of(&row), json!({"cnpj": "12345678000190"})).await;
    assert_eq!(office.delete(ADMIN, &path_of(&row)).await.status, 204);
    assert_eq!(office.get(ADMIN, &path_of(&row)).await.status, 404);
    assert_eq!(office.read(ADMIN, CUSTOMERS).await["count"], 0);
    created(&office, ADMIN, json!({"nome": "Novo", "cnpj": "12345678000190"})).await;
    let chat = format!("{CHATS}{}/encerrar/", number(1));
    assert_eq!(office.post(ADMIN, &chat, json!({})).await.status, 200);
    office.receive(&number(1), "m2", "oi de novo").await;
    let found = office.read(ADMIN, &format!("{CUSTOMERS}?search={}", number(1))).await;
    assert_eq!(found["count"], 1, "a new customer");
    assert_ne!(found["results"][0]["id"], row["id"]);
}

#[tokio::test]
async fn a_page_costs_the_same_whatever_its_length() {
    let office = Office::open().await;
    let group = office.post(ADMIN, "/api/v1/grupos-empresa/", json!({"nome": "Grupo"})).await;
    let group = group.json()["id"].clone();
    let paths = [CUSTOMERS, "/api/v1/contatos/", "/api/v1/grupos-empresa/"];
    let mut costs = [0; 3];
    for round in 0..50 {
        let body = json!({"nome": format!("C{round}"), "grupo_empresa": group});
        let row = created(&office, ADMIN, body).await;
        let contact = json!({"cliente": row["id"], "nome": "Zé", "whatsapp": number(round)});
        assert_eq!(office.post(ADMIN, paths[1], contact).await.status, 201);
        if round > 0 {
            let new = json!({"nome": format!("G{round}")});
            assert_eq!(office.post(ADMIN, paths[2], new).await.status, 201);
        }
        if round == 0 || round == 49 {
            for (path, cost) in paths.iter().zip(&mut costs) {
                let path = format!("{path}?page_size=100");
                let (page, statements) = count_statements(office.read(ADMIN, &path)).await;
                assert_eq!(page["results"].as_array().unwrap().len(), round + 1);
                assert!(statements > 0, "{path}: nothing was counted");
                if round == 0 {
                    *cost = statements;
                }
                assert_eq!(statements, *cost, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn the_pages_of_chats_cost_the_same_whatever_their_length() {
    let office = Office::open().await;
    let paths = [QUEUES, TICKETS, CHATS, DEPARTMENTS, "/api/v1/whatsapp/messages/"];
    let cost = async |path: &str| {
        let path = format!("{path}?page_size=100&size=100");
        let (page, statements) = count_statements(office.read(ADMIN, &path)).await;
        let rows = page.as_array().or_else(|| page["results"].as_array()).unwrap().len();
        (rows, statements)
    };
    office.receive(&number(0), "m0", "oi").await;
    let mut before = Vec::new();
    for path in paths {
        before.push(cost(path).await);
    }
    for round in 1..20 {
        office.receive(&number(round), &format!("m{round}"), "oi").await;
        office.post(ADMIN, DEPARTMENTS, json!({"nome": format!("D{round}")})).await;
    }
    for (path, (rows, statements)) in paths.iter().zip(before) {
        let (rows_now, statements_now) = cost(path).await;
        assert!(statements > 0 && rows_now > rows + 15, "{path}: {rows} to {rows_now}");
        assert_eq!(statements_now, statements, "{path}");
    }
}

/// A form with a logo of these bytes.
async fn with_logo(office: &Office, method: Method, path: &str, bytes: &[u8]) -> Value {
    let head = "--x\r\nContent-Disposition: form-data; name=\"nome\"\r\n\r\nA\r\n--x\r\n\
                Content-Disposition: form-data; name=\"logo\"; filename=\"a.png\"\r\n\r\n";
    let form = [head.as_bytes(), bytes, b"\r\n--x--\r\n"].concat();
    let call = office.app.request(method, path).signed_in_as(ADMIN);
    let answer = call.raw("multipart/form-data; boundary=x", form).send().await;
    assert!(answer.status < 300, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn a_picture_that_is_replaced_removed_or_of_a_deleted_customer_is_swept() {
    let office = Office::open().await;
    let store = office.app.state.hub.store();
    let swept = async || {
        office.app.clock.advance(sweep::GRACE + Duration::from_secs(1));
        office.app.state.files.sweep().await.unwrap()
    };
    let row = with_logo(&office, Method::POST, CUSTOMERS, PNG).await;
    let id = CustomerId(row["id"].as_i64().unwrap());
    let logo = async || store.find_customer(id).await.unwrap().unwrap().details.logo;
    let first = logo().await.unwrap();
    assert_eq!(swept().await, 0, "the row keeps it");
    let other = [PNG, b"other"].concat();
    with_logo(&office, Method::PATCH, &path_of(&row), &other).await;
    assert_ne!(logo().await, Some(first.clone()));
    assert_eq!(swept().await, 1);
    assert_eq!(store.find_file(&first).await.unwrap(), None);
    // The same bytes again are no change; the second copy goes.
    let second = logo().await;
    with_logo(&office, Method::PATCH, &path_of(&row), &other).await;
    assert_eq!((logo().await, swept().await), (second, 1));
    office.patch(ADMIN, &path_of(&row), json!({"logo": null})).await;
    assert_eq!((logo().await, swept().await), (None, 1));
    with_logo(&office, Method::PATCH, &path_of(&row), PNG).await;
    assert_eq!(office.delete(ADMIN, &path_of(&row)).await.status, 204);
    assert_eq!(swept().await, 1);

    // One whose row stays for its history, too.
    office.accepted(office.ana, &number(1)).await;
    let page = office.read(ADMIN, CUSTOMERS).await;
    let known = path_of(&page["results"][0]);
    with_logo(&office, Method::PATCH, &known, PNG).await;
    assert_eq!(office.delete(ADMIN, &known).await.status, 204);
    assert_eq!(swept().await, 1);
}
