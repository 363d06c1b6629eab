//! Customers, groups of companies and contacts.

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server,
    client::{assert_keys, id, results, text},
    on_both_databases,
    wire::{TICKETS, customer_number},
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
    pictures_are_uploaded_read_replaced_and_removed,
    a_picture_that_is_none_is_refused_and_changes_nothing,
    a_ticket_is_found_by_its_customer_without_accents,
    punctuation_alone_is_looked_for_as_it_is_written,
    merged_customers_stay_merged_after_a_crash_and_can_be_parted,
);

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9";
/// What the pictures of customers may have.
const PICTURE_BYTES_MAX: usize = 2 * 1024 * 1024;

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
    let count = async |who: &Client| {
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

fn picture(form: Form, field: &str, name: &str, bytes: &[u8]) -> Form {
    form.part(field.to_owned(), Part::bytes(bytes.to_vec()).file_name(name.to_owned()))
}

/// The history's latest entry for a field: from, to.
async fn latest_change(client: &Client, path: &str) -> (String, bool, bool) {
    let history = client.get(&format!("{path}historico/")).expect(200).await;
    let change = &results(&history)[0]["alteracoes"][0];
    let is_told = |key: &str| change[key].is_string();
    (text(&change["campo"]).to_owned(), is_told("valor_anterior"), is_told("valor_novo"))
}

async fn pictures_are_uploaded_read_replaced_and_removed(database: Database) {
    let mut server = Server::start(&database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let form = Form::new().text("razao_social", "Empresa XYZ").text("tipo_pessoa", "juridica");
    let form = picture(picture(form, "logo", "l.png", PNG), "assinatura_digital", "a.jpg", JPEG);
    let row = admin.request(Method::POST, CUSTOMERS).multipart(form).expect(201).await;
    assert_eq!(row["razao_social"], "Empresa XYZ");
    let path = path_of(&row);
    let (logo, signature) = (format!("{path}logo/"), format!("{path}assinatura-digital/"));
    assert_eq!(row["logo"], format!("{}{logo}", server.base_url));
    assert_eq!(row["assinatura_digital"], format!("{}{signature}", server.base_url));
    let page = admin.get(CUSTOMERS).expect(200).await;
    assert_eq!(results(&page), std::slice::from_ref(&row));

    let answer = admin.get(&logo).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "image/png");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-length"), PNG.len().to_string());
    let tag = answer.header("etag").to_owned();
    admin.get(&logo).header("if-none-match", &tag).send().await.expect(304);
    assert_eq!(admin.get(&signature).send().await.expect(200).header("content-type"), "image/jpeg");
    // Neither anybody nor who has nothing to do with the customer.
    server.anonymous().get(&logo).expect_failure(401).await;
    ana.get(&logo).expect_failure(404).await;

    // A row that is sent back as it was read changes nothing.
    let same = admin.request(Method::PUT, &path).json(&row).expect(200).await;
    assert_eq!(
        (&same["logo"], &same["assinatura_digital"]),
        (&row["logo"], &row["assinatura_digital"])
    );
    let history = admin.get(&format!("{path}historico/")).expect(200).await;
    assert_eq!(history["count"], 1, "{history}");
    let fields = results(&history)[0]["alteracoes"].as_array().expect("a list");
    for field in ["logo", "assinatura_digital"] {
        assert!(fields.iter().any(|change| change["campo"] == field), "{field}: {history}");
    }

    let form = picture(Form::new(), "logo", "novo.jpeg", JPEG);
    let changed = admin.request(Method::PATCH, &path).multipart(form).expect(200).await;
    assert_eq!((&changed["logo"], &changed["razao_social"]), (&row["logo"], &row["razao_social"]));
    let answer = admin.get(&logo).header("if-none-match", &tag).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "image/jpeg");
    assert_eq!(latest_change(&admin, &path).await, ("logo".to_owned(), true, true));

    server.restart().await;
    let admin = server.admin().await;
    for path in [&logo, &signature] {
        let answer = admin.get(path).send().await.expect(200);
        assert_eq!(answer.raw, String::from_utf8_lossy(JPEG), "{path} outlives a restart");
    }
    let changed = admin.patch(&path, json!({ "logo": null })).expect(200).await;
    assert_eq!(changed["logo"], Value::Null);
    assert!(changed["assinatura_digital"].is_string());
    admin.get(&logo).expect_failure(404).await;
    assert_eq!(latest_change(&admin, &path).await, ("logo".to_owned(), true, false));
    // In a form a blank says the same.
    let form = Form::new().text("nome", "XYZ").text("assinatura_digital", "");
    let changed = admin.request(Method::PUT, &path).multipart(form).expect(200).await;
    assert_eq!((&changed["nome"], &changed["assinatura_digital"]), (&json!("XYZ"), &Value::Null));
    admin.get(&signature).expect_failure(404).await;
}

async fn a_picture_that_is_none_is_refused_and_changes_nothing(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let form = picture(Form::new().text("nome", "XYZ"), "logo", "l.png", PNG);
    let row = admin.request(Method::POST, CUSTOMERS).multipart(form).expect(201).await;
    let path = path_of(&row);
    let before = admin.get(&path).expect(200).await;
    let mut large = PNG.to_vec();
    large.resize(PICTURE_BYTES_MAX + 1, 0);
    let svg: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'/>";
    let cases: [(&str, &[u8]); 7] = [
        ("a.svg", svg),
        ("a.png", svg),
        ("a.png", JPEG),
        ("a", PNG),
        ("a.pdf", b"%PDF-1.4\n%%EOF\n"),
        ("a.png", b""),
        ("a.png", &large),
    ];
    for (name, bytes) in cases {
        let form = || picture(Form::new().text("nome", "Outro"), "logo", name, bytes);
        admin.request(Method::PATCH, &path).multipart(form()).expect_invalid("logo").await;
        admin.request(Method::POST, CUSTOMERS).multipart(form()).expect_invalid("logo").await;
    }
    // Everything that is wrong is told at once.
    let form = picture(Form::new().text("cep", "x"), "assinatura_digital", "a.svg", svg);
    let answer = admin.request(Method::PUT, &path).multipart(form).send().await.expect(400);
    assert_keys(&answer.body, &["razao_social", "cep", "assinatura_digital"]);
    for value in [json!("https://outro.com.br/logo.png"), json!(7), json!({})] {
        admin.patch(&path, json!({ "logo": value })).expect_invalid("logo").await;
    }
    // Two pictures of the largest size fit, three do not.
    large.truncate(PICTURE_BYTES_MAX);
    let both = || {
        let form = picture(Form::new(), "logo", "a.png", &large);
        picture(form, "assinatura_digital", "a.png", &large)
    };
    admin.request(Method::PATCH, &path).multipart(both()).expect(200).await;
    let answer = admin.get(&format!("{path}logo/")).send().await.expect(200);
    assert_eq!(answer.header("content-length"), PICTURE_BYTES_MAX.to_string());
    let three = picture(both(), "outra", "a.png", &large);
    admin.request(Method::PATCH, &path).multipart(three).expect_failure(413).await;
    let after = admin.get(&path).expect(200).await;
    assert_eq!(after["nome"], before["nome"]);
    assert_eq!(admin.get(CUSTOMERS).expect(200).await["count"], 1);
}

async fn punctuation_alone_is_looked_for_as_it_is_written(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let row = admin.post(CUSTOMERS, reference_customer()).expect(201).await;
    admin.post(CONTACTS, reference_contact(id(&row))).expect(201).await;
    admin.post(GROUPS, json!({ "nome": "Grupo & Filhos" })).expect(201).await;
    for (path, expected) in [
        ("clientes/?search=@", 1),
        ("clientes/?search=xyz%20-", 1),
        ("clientes/?search=%25", 0),
        ("clientes/?cidade=%25", 0),
        ("clientes/?cnpj=/", 0),
        ("clientes/?telefone=-", 0),
        ("clientes/search/?q=_", 0),
        ("contatos/?search=@", 1),
        ("contatos/?nome=-", 0),
        ("contatos/?whatsapp=-", 0),
        ("grupos-empresa/?search=%26", 1),
        ("grupos-empresa/?search=-", 0),
    ] {
        let page = admin.get(&format!("/api/v1/{path}")).expect(200).await;
        assert_eq!(page["count"], expected, "{path}");
    }
}

async fn a_ticket_is_found_by_its_customer_without_accents(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let department = admin.department("Suporte").await;
    for (name, chat) in [("Padaria São João", "5511900000001"), ("Açougue", "5511900000002")] {
        let row = admin.post(CUSTOMERS, json!({ "nome": name })).expect(201).await;
        let entry = json!({ "departamento": department, "cliente": id(&row), "chat_id": chat,
            "numero_whatsapp": chat });
        admin.post("/api/v1/atendimento/filas/", entry).expect(201).await;
    }
    for (search, expected) in [
        ("sao%20JOAO", 1),
        ("S%C3%83O", 1),
        ("acougue", 1),
        ("A%C3%87OUGUE", 1),
        ("90000", 2),
        ("sao%20acougue", 0),
        ("%25", 0),
    ] {
        let path = format!("/api/v1/atendimento/atendimentos/?search={search}");
        assert_eq!(admin.get(&path).expect(200).await["count"], expected, "{search}");
    }
}

async fn merged_customers_stay_merged_after_a_crash_and_can_be_parted(database: Database) {
    let mut server = Server::start(&database).await;
    let admin = server.admin().await;
    let numbers = [customer_number(1), customer_number(2)];
    let one = admin.customer_of(&numbers[0]).await;
    let other = admin.customer_of(&numbers[1]).await;
    let body = json!({ "cliente_id": other, "motivo": "Cadastrado duas vezes" });
    let merge = admin.post(&format!("{CUSTOMERS}{one}/unir/"), body).expect(200).await;
    assert_eq!((&merge["unido"], &merge["atendimentos"]), (&json!(other), &json!(1)));
    server.kill9().await;
    server.start_again().await;
    let admin = server.admin().await;
    admin.customer_writes(&numbers[1]).await;
    let owners = async || {
        let page = admin.get(&format!("{TICKETS}?search={}", numbers[1])).expect(200).await;
        let mut owners = Vec::new();
        for row in results(&page) {
            let ticket = admin.get(&format!("{TICKETS}{}/", id(row))).expect(200).await;
            owners.push(id(&json!({ "id": ticket["cliente"] })));
        }
        owners
    };
    assert_eq!(owners().await, [one, one]);
    let page = admin.get(&format!("{CUSTOMERS}?search={}", numbers[1])).expect(200).await;
    assert_eq!(results(&page).iter().map(id).collect::<Vec<_>>(), [one]);
    let body = json!({ "uniao_id": id(&merge) });
    admin.post(&format!("{CUSTOMERS}{one}/separar/"), body).expect(200).await;
    assert_eq!(owners().await, [one, other], "what came later stays");
    assert_eq!(admin.get(&format!("{CUSTOMERS}{other}/")).expect(200).await["id"], other);
}
