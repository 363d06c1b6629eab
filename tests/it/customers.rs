//! Customers, groups of companies and contacts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Database, Server,
    client::{assert_keys, id, results},
    on_both_databases,
    wire::customer_number,
};

const CUSTOMERS: &str = "/api/v1/clientes/";
const CONTACTS: &str = "/api/v1/contatos/";
const GROUPS: &str = "/api/v1/grupos-empresa/";

on_both_databases!(
    the_bodies_of_the_reference_work_as_written,
    older_clients_find_all_their_endpoints,
    roles_see_their_own_customers,
    of_requests_at_the_same_time_one_wins,
    a_deleted_customer_who_writes_again_is_a_new_one,
);

/// The reference's body of `POST /clientes/`.
fn reference_customer() -> Value {
    json!({
        "razao_social": "Empresa XYZ Ltda", "nome_fantasia": "XYZ", "tipo_pessoa": "juridica",
        "cnpj_cpf": "12345678000190", "email": "contato@xyz.com.br", "telefone": "11999999999",
        "endereco": "Rua das Flores, 123", "numero": "123", "bairro": "Centro",
        "cidade": "São Paulo", "estado": "SP", "cep": "01234-567",
    })
}

/// The reference's body of `POST /contatos/`.
fn reference_contact(customer: i64) -> Value {
    json!({
        "cliente": customer, "nome": "João Silva", "cargo": "Gerente",
        "email": "joao@xyz.com.br", "telefone": "11988887777", "whatsapp": "11988887777",
        "is_principal": true,
    })
}

fn path_of(row: &Value) -> String {
    format!("{CUSTOMERS}{}/", id(row))
}

#[track_caller]
fn assert_contains(row: &Value, sent: &Value) {
    for (key, value) in sent.as_object().expect("a body") {
        assert_eq!(&row[key], value, "{key}");
    }
}

async fn the_bodies_of_the_reference_work_as_written(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let row = admin.post(CUSTOMERS, reference_customer()).expect(201).await;
    assert_contains(&row, &reference_customer());
    admin.post(CUSTOMERS, reference_customer()).expect_invalid("cnpj_cpf").await;
    admin
        .post(CUSTOMERS, json!({ "razao_social": "Ágil", "tipo_pessoa": "fisica" }))
        .expect(201)
        .await;
    for query in [
        "?status=ativo&tipo_pessoa=juridica&ordering=-updated_at",
        "?search=empresa%20xyz&ordering=razao_social",
        "?search=12.345.678/0001-90&ordering=created_at",
        "?search=contato@xyz.com.br",
        "?search=sao%20paulo",
    ] {
        let page = admin.get(&format!("{CUSTOMERS}{query}")).expect(200).await;
        assert_eq!(results(&page).iter().map(id).collect::<Vec<_>>(), [id(&row)], "{query}");
    }
    let page =
        admin.get(&format!("{CUSTOMERS}?ordering=razao_social&page_size=1")).expect(200).await;
    assert_eq!((&page["count"], &results(&page)[0]["razao_social"]), (&json!(2), &json!("Ágil")));
    let next = page["next"].as_str().expect("a second page");
    assert!(next.contains("page=2") && next.contains("ordering=razao_social"), "{next}");

    let contact = admin.post(CONTACTS, reference_contact(id(&row))).expect(201).await;
    assert_contains(&contact, &reference_contact(id(&row)));
    let page = admin.get(&format!("{CONTACTS}?cliente={}", id(&row))).expect(200).await;
    assert_eq!(results(&page), [contact]);
    admin.post(CONTACTS, reference_contact(id(&row))).expect_invalid("non_field_errors").await;
}

/// The sequence of folder 14 of the collection that the earlier system was tested with.
async fn older_clients_find_all_their_endpoints(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    results(&admin.get(CUSTOMERS).expect(200).await);
    let body = json!({
        "nome": "João Silva", "tipo_documento": "cpf", "documento": "123.456.789-01",
        "email": "joao@email.com", "telefone": "(11) 3333-3333", "celular": "(11) 99999-9999",
        "whatsapp": "(11) 99999-9999", "status": "ativo", "observacoes": "Cliente VIP",
    });
    let row = admin.post(CUSTOMERS, &body).expect(201).await;
    let path = path_of(&row);
    assert_eq!(admin.get(&path).expect(200).await["nome"], "João Silva");
    let put = json!({ "nome": "João Silva Santos", "tipo_documento": "cpf",
        "documento": "12345678901", "email": "joao@email.com" });
    let changed = admin.request(Method::PUT, &path).json(&put).expect(200).await;
    assert_eq!(changed["nome"], "João Silva Santos");
    let changed = admin.patch(&path, json!({ "nome": "J. Santos" })).expect(200).await;
    assert_eq!(
        (&changed["nome"], &changed["observacoes"]),
        (&json!("J. Santos"), &json!("Cliente VIP"))
    );
    for list in ["search/?q=Santos", "status/ativo/"] {
        let page = admin.get(&format!("{CUSTOMERS}{list}")).expect(200).await;
        assert_eq!(results(&page).len(), 1, "{list}");
    }
    admin.get(&format!("{CUSTOMERS}status/nada/")).expect_failure(400).await;
    let status = json!({ "status": "inativo", "motivo": "Pediu" });
    let changed = admin.patch(&format!("{path}status/"), status).expect(200).await;
    assert_eq!(changed["status"], "inativo");
    let nobody = json!({ "agente_responsavel": 0 });
    let changed = admin.patch(&format!("{path}responsavel/"), nobody).expect(200).await;
    assert_eq!(changed["agente_responsavel"], Value::Null);
    let numbers = admin.get(&format!("{CUSTOMERS}stats/")).expect(200).await;
    assert_keys(
        &numbers,
        &["total", "por_status", "ativos", "por_cidade", "por_estado", "recentes"],
    );
    assert_eq!(numbers["por_status"]["inativo"], 1);
    let history = admin.get(&format!("{path}historico/?page_size=2")).expect(200).await;
    assert_eq!((&history["count"], &results(&history)[0]["motivo"]), (&json!(4), &json!("Pediu")));
    admin.delete(&path).expect(204).await;
    for path in [path.clone(), format!("{path}historico/"), format!("{CUSTOMERS}x/")] {
        admin.get(&path).expect_failure(404).await;
    }
}

async fn roles_see_their_own_customers(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let elsewhere = admin.create_department("Vendas", 3, &[]).await;
    let outsider = admin.create_agent("otto", "atendente", &[elsewhere]).await;
    let supervisor = admin.create_agent("sueli", "supervisor", &[]).await;
    let count = async |who: &crate::support::Client| {
        who.get(CUSTOMERS).expect(200).await["count"].as_i64().expect("a number")
    };
    server.anonymous().get(CUSTOMERS).expect_failure(401).await;
    let created = ana.post(CUSTOMERS, reference_customer()).expect(201).await;
    assert_eq!(created["criado_por"], ana.id);
    admin.customer_writes(&customer_number(1)).await;
    assert_eq!((count(&ana).await, count(&outsider).await, count(&supervisor).await), (2, 0, 2));
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        outsider.request(method, &path_of(&created)).json(&json!({})).expect_failure(404).await;
    }
    outsider.post(GROUPS, json!({ "nome": "Grupo" })).expect(201).await;
    let contact = outsider.post(CONTACTS, reference_contact(id(&created))).expect(201).await;
    supervisor.patch(&path_of(&created), json!({ "status": "bloqueado" })).expect(200).await;
    outsider.get(&format!("{CONTACTS}{}/", id(&contact))).expect_failure(404).await;
    admin.get(&format!("{CONTACTS}{}/", id(&contact))).expect(200).await;
}

async fn of_requests_at_the_same_time_one_wins(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let all = (0..8).map(|_| admin.post(CUSTOMERS, reference_customer()).send());
    let mut customers = Vec::new();
    for answer in futures_util::future::join_all(all).await {
        match answer.status.as_u16() {
            201 => customers.push(id(&answer.body)),
            _ => assert!(answer.expect(400).body["cnpj"][0].is_string()),
        }
    }
    assert_eq!(customers.len(), 1);
    let all = (0..8).map(|n| {
        let mut contact = reference_contact(customers[0]);
        contact["whatsapp"] = json!(customer_number(n));
        admin.post(CONTACTS, contact).send()
    });
    for answer in futures_util::future::join_all(all).await {
        answer.expect(201);
    }
    let page = admin.get(&format!("{CONTACTS}?cliente={}", customers[0])).expect(200).await;
    let first = results(&page).iter().filter(|row| row["is_principal"] == true).count();
    assert_eq!((results(&page).len(), first), (8, 1));
}

async fn a_deleted_customer_who_writes_again_is_a_new_one(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let number = customer_number(1);
    let before = admin.customer_of(&number).await;
    admin.delete(&format!("{CUSTOMERS}{before}/")).expect(204).await;
    admin.get(&format!("{CUSTOMERS}{before}/")).expect_failure(404).await;
    let chat = admin.customer_writes(&number).await;
    assert_ne!(chat["cliente"], before);
    let page = admin.get(&format!("{CUSTOMERS}?search={number}")).expect(200).await;
    assert_eq!(
        results(&page).iter().map(id).collect::<Vec<_>>(),
        [chat["cliente"].as_i64().unwrap()]
    );
}
