use dx_actors::domain::AgentId;
use serde_json::{Value, json};

use super::*;
use crate::{
    http::testing::{Office, number},
    test_support::TestApp,
};

const ADMIN: AgentId = TestApp::ADMIN;
const CONTACTS: &str = "/api/v1/contatos/";
const CUSTOMERS: &str = "/api/v1/clientes/";
const GROUPS: &str = "/api/v1/grupos-empresa/";
const LOOKUP: &str = "/api/v1/clientes/chat/buscar-contato/";
const CAPTURED: &str = "/api/v1/clientes/chat/dados-capturados/";
const REGISTER: &str = "/api/v1/clientes/cadastro-manual/";

fn example(customer: i64) -> Value {
    json!({
        "cliente": customer, "nome": "João Silva", "cargo": "Gerente",
        "email": "joao@xyz.com.br", "telefone": "11988887777", "whatsapp": "11988887777",
        "is_principal": true,
    })
}

#[tokio::test]
async fn the_example_of_the_reference_creates_the_first_to_turn_to() {
    let office = Office::open().await;
    let customer = office.customer("XYZ").await;
    let answer = office.post(office.ana, CONTACTS, example(customer)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let first = answer.json();
    for (key, value) in example(customer).as_object().unwrap() {
        assert_eq!(&first[key], value, "{key}");
    }
    assert_eq!(first["whatsapp_e164"], "+5511988887777");
    let again = office.post(ADMIN, CONTACTS, {
        let mut body = example(customer);
        body["whatsapp"] = "+55 (11) 98888-7777".into();
        body
    });
    assert_eq!(again.await.json(), json!({"non_field_errors": [TAKEN]}));
    let mut second = example(customer);
    second["whatsapp"] = number(1).into();
    let second = office.post(ADMIN, CONTACTS, second).await.json();
    let path = format!("{CONTACTS}{}/", first["id"]);
    assert_eq!(office.read(ADMIN, &path).await["is_principal"], false, "there is one only");
    assert_eq!(second["is_principal"], true);
    let page = office.read(office.ana, &format!("{CONTACTS}?cliente={customer}")).await;
    assert_eq!(page["count"], 2);
    assert_eq!(office.get(ADMIN, &format!("{CONTACTS}?cliente=x")).await.status, 400);
    for query in ["?search=joao%20xyz", "?whatsapp=551188887777", "?cargo=GERENTE&nome=joão"] {
        assert_ne!(office.read(ADMIN, &format!("{CONTACTS}{query}")).await["count"], 0, "{query}");
    }
    for query in ["?search=%25", "?nome=_", "?cargo=-", "?whatsapp=-"] {
        assert_eq!(office.read(ADMIN, &format!("{CONTACTS}{query}")).await["count"], 0, "{query}");
    }
    for query in ["?ativo=zz", "?is_principal=zz"] {
        assert_eq!(office.get(ADMIN, &format!("{CONTACTS}{query}")).await.status, 400, "{query}");
    }
    assert_eq!(office.delete(ADMIN, &path).await.status, 204);
    assert_eq!(office.get(ADMIN, &path).await.status, 404);
    let again = office.post(ADMIN, CONTACTS, example(customer)).await;
    assert_eq!(again.status, 201, "the number is free again");
}

#[tokio::test]
async fn each_bad_field_is_named_once() {
    let office = Office::open().await;
    let customer = office.customer("XYZ").await;
    let cases = [
        ("cliente", json!(999)),
        ("cliente", json!("x")),
        ("cliente", Value::Null),
        ("nome", json!("")),
        ("whatsapp", json!("123")),
        ("whatsapp", Value::Null),
        ("telefone", json!("12")),
        ("email", json!("x")),
        ("is_principal", json!("talvez")),
    ];
    let whole = office.post(ADMIN, CONTACTS, example(customer)).await.json();
    let path = format!("{CONTACTS}{}/", whole["id"]);
    for (field, value) in cases {
        let mut body = example(customer);
        body[field] = value.clone();
        let answer = office.post(ADMIN, CONTACTS, body).await;
        let errors = answer.json();
        assert_eq!((answer.status, errors[field].as_array().unwrap().len()), (400, 1), "{errors}");
        let answer = office.patch(ADMIN, &path, json!({field: value})).await;
        let errors = answer.json();
        assert_eq!((answer.status, errors[field].as_array().unwrap().len()), (400, 1), "{errors}");
    }
}

#[tokio::test]
async fn contacts_go_out_of_sight_with_their_customer() {
    let office = Office::open().await;
    let customer = office.customer("XYZ").await;
    office.post(ADMIN, CONTACTS, example(customer)).await;
    let path = format!("{CUSTOMERS}{customer}/");
    office.patch(ADMIN, &path, json!({"status": "inativo"})).await;
    assert_eq!(office.read(office.manager, CONTACTS).await["count"], 0);
    assert_eq!(office.read(ADMIN, CONTACTS).await["count"], 1);
    assert_eq!(office.delete(ADMIN, &path).await.status, 204);
    assert_eq!(office.read(ADMIN, CONTACTS).await["count"], 0);
}

#[tokio::test]
async fn a_message_of_a_contact_belongs_to_his_customer() {
    let office = Office::open().await;
    let customer = office.customer("XYZ").await;
    office.post(ADMIN, CONTACTS, example(customer)).await;
    office.receive("5511988887777", "m1", "oi").await;
    let chat = office.read(ADMIN, "/api/v1/chats/5511988887777/").await;
    assert_eq!(chat["cliente"], customer, "{chat}");
    // Without the ninth digit it is somebody else.
    office.receive("551188887777", "m2", "oi").await;
    let chat = office.read(ADMIN, "/api/v1/chats/551188887777/").await;
    assert_ne!(chat["cliente"], customer);
}

#[tokio::test]
async fn groups_count_their_companies_and_leave_them_behind() {
    let office = Office::open().await;
    let body = json!({"nome": "Grupo São João", "descricao": "Padarias"});
    let group = office.post(office.ana, GROUPS, body).await.json();
    let company = json!({"nome": "Padaria", "grupo_empresa": group["id"]});
    let company = office.post(ADMIN, CUSTOMERS, company).await.json();
    assert_eq!(company["grupo_empresa_nome"], "Grupo São João");
    let path = format!("{GROUPS}{}/", group["id"]);
    assert_eq!(office.read(ADMIN, &path).await["empresas_count"], 1);
    for (query, count) in [("sao%20padarias", 1), ("sao%20-", 1), ("-", 0), ("%25", 0)] {
        let found = office.read(ADMIN, &format!("{GROUPS}?search={query}")).await;
        assert_eq!(found["count"], count, "{query}");
    }
    assert_eq!(office.get(ADMIN, &format!("{GROUPS}?ativo=zz")).await.status, 400);
    let changed = office.patch(ADMIN, &path, json!({"ativo": false, "descricao": null})).await;
    assert_eq!(
        (&changed.json()["ativo"], &changed.json()["descricao"]),
        (&json!(false), &Value::Null)
    );
    assert!(office.post(ADMIN, GROUPS, json!({})).await.json()["nome"].is_array());
    assert_eq!(office.delete(ADMIN, &path).await.status, 204);
    assert_eq!(office.get(ADMIN, &path).await.status, 404);
    let company = office.read(ADMIN, &format!("{CUSTOMERS}{}/", company["id"])).await;
    assert!(company["grupo_empresa"].is_null() && company.get("grupo_empresa_nome").is_none());
}

#[tokio::test]
async fn a_chat_looks_people_up_and_a_person_registers_them() {
    let office = Office::open().await;
    let anonymous = async |path: &str, body: Value| {
        let answer = office.app.post(path).json(&body).send().await;
        (answer.status, answer.json())
    };
    let (status, body) = anonymous(LOOKUP, json!({"numero": "11988887777"})).await;
    assert_eq!((status, &body["encontrado"]), (200, &json!(false)));
    assert!(body["message"].is_string());
    assert!(anonymous(LOOKUP, json!({"whatsapp": "x"})).await.1["whatsapp"].is_array());
    let person = json!({"whatsapp": "11 98888-7777", "nome": "Ana", "empresa_nome": "Nova Ltda"});
    let (status, body) = anonymous(CAPTURED, person.clone()).await;
    assert_eq!((status, &body["dados_capturados"]["empresa_nome"]), (200, &json!("Nova Ltda")));
    let homeless = json!({"whatsapp": "11988887777", "nome": "A"});
    let refused = office.post(ADMIN, REGISTER, homeless).await.json();
    assert!(refused["non_field_errors"].is_array(), "{refused}");
    let answer = office.post(office.ana, REGISTER, person.clone()).await;
    assert_eq!(
        (answer.status, &answer.json()["contato"]["cliente_nome"]),
        (201, &json!("Nova Ltda"))
    );
    let again = office.post(office.ana, REGISTER, person.clone()).await;
    assert_eq!((again.status, &again.json()["message"]), (400, &json!("WhatsApp já cadastrado")));
    let mut colleague = person;
    colleague["whatsapp"] = number(2).into();
    colleague["empresa_nome"] = "NOVA LTDA.".into();
    let other = office.post(ADMIN, REGISTER, colleague.clone()).await.json();
    assert_eq!(
        other["contato"]["cliente"],
        answer.json()["contato"]["cliente"],
        "the same company"
    );
    colleague["empresa_id"] = json!(999);
    colleague["whatsapp"] = number(3).into();
    let unknown = office.post(ADMIN, REGISTER, colleague).await;
    assert_eq!(unknown.json(), json!({"empresa_id": ["Empresa não encontrada"]}));
    let (_, body) = anonymous(LOOKUP, json!({"whatsapp": "+5511988887777"})).await;
    assert_eq!((&body["encontrado"], &body["contatos"][0]["nome"]), (&json!(true), &json!("Ana")));
}

#[tokio::test]
async fn a_lookup_can_demand_a_token() {
    let app = TestApp::with_environment(&[("PUBLIC_CHAT_LOOKUP", "0")]).await;
    let body = json!({"whatsapp": "11988887777"});
    assert_eq!(app.post(LOOKUP).json(&body).send().await.status, 401);
    assert_eq!(app.post(LOOKUP).signed_in().json(&body).send().await.status, 200);
}
