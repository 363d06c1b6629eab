//! Departments, queues and tickets: the reference's `/atendimento/`.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{assert_keys, id, list, results, text},
    on_both_databases,
    wire::{DEPARTMENTS, QUEUES, TICKETS, customer_number, queue_body},
};

on_both_databases!(
    departments_are_created_listed_and_edited,
    department_in_use_is_not_deleted,
    queueing_a_waiting_chat_again_returns_its_entry,
    finishing_happens_once,
    transfer_checks_in_the_documented_order,
    transfer_moves_the_ticket_and_tells_both,
    rating_is_a_whole_number_from_1_to_5,
);

#[tokio::test]
async fn empty_database_gets_the_department_suporte_with_the_admin() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let page = admin.get(DEPARTMENTS).expect(200).await;
    let row = &results(&page)[0];
    assert_eq!(page["count"], 1);
    assert_eq!(row["nome"], "Suporte");
    assert_eq!(row["ativo"], true);
    assert_eq!(row["atendentes"], json!([admin.id]));
    assert_eq!(row["total_atendentes"], 1);
}

async fn departments_are_created_listed_and_edited(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let row = admin.post(DEPARTMENTS, json!({ "nome": "Vendas" })).expect(201).await;
    assert_eq!(row["descricao"], "");
    assert_eq!(row["cor"], "#3B82F6");
    assert_eq!(row["max_atendimentos_simultaneos"], 5);
    assert_eq!(row["tempo_resposta_esperado_minutos"], 15);
    assert_eq!(row["ativo"], true);
    assert_eq!(row["atendentes"], json!([]));
    for key in ["total_atendentes", "total_em_fila", "total_em_atendimento"] {
        assert_eq!(row[key], 0, "{key}");
    }
    let path = format!("{DEPARTMENTS}{}/", id(&row));
    let changes = json!({
        "descricao": "Atendimento comercial", "cor": "#10B981", "ativo": false,
        "max_atendimentos_simultaneos": 3, "atendentes": [ana.id],
    });
    let row = admin.patch(&path, changes).expect(200).await;
    assert_eq!(row["cor"], "#10B981");
    assert_eq!(row["total_atendentes"], 1);
    assert_eq!(row["nome"], "Vendas", "what is not named stays");
    assert_eq!(ana.get(&path).expect(200).await, row);

    let inactive = admin.get(&format!("{DEPARTMENTS}?ativo=false")).expect(200).await;
    assert_eq!(inactive["count"], 1);
    let all = admin.get(DEPARTMENTS).expect(200).await;
    let names: Vec<_> = results(&all).iter().map(|row| text(&row["nome"])).collect();
    assert_eq!(names, ["Suporte", "Vendas"], "ordered by name");
    let agents = admin.get(&format!("/api/v1/agents/{}/", ana.id)).expect(200).await;
    assert_eq!(list(&agents["departamentos"]).len(), 1);
    admin.delete(&path).expect(204).await;
    admin.get(&path).expect_failure(404).await;
}

#[tokio::test]
async fn bad_departments_are_refused_by_field() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let cases = [
        ("nome", json!({})),
        ("nome", json!({ "nome": "  " })),
        ("nome", json!({ "nome": "x".repeat(101) })),
        ("nome", json!({ "nome": "Suporte" })),
        ("cor", json!({ "nome": "A", "cor": "azul" })),
        ("cor", json!({ "nome": "A", "cor": "#12345G" })),
        ("max_atendimentos_simultaneos", json!({ "nome": "A", "max_atendimentos_simultaneos": 0 })),
        (
            "max_atendimentos_simultaneos",
            json!({ "nome": "A", "max_atendimentos_simultaneos": "x" }),
        ),
        (
            "tempo_resposta_esperado_minutos",
            json!({ "nome": "A", "tempo_resposta_esperado_minutos": -1 }),
        ),
        ("atendentes", json!({ "nome": "A", "atendentes": [999_999] })),
        ("atendentes", json!({ "nome": "A", "atendentes": "ana" })),
    ];
    for (field, body) in cases {
        admin.post(DEPARTMENTS, body).expect_invalid(field).await;
    }
    let sales = admin.create_department("Vendas", 3, &[]).await;
    let path = format!("{DEPARTMENTS}{sales}/");
    admin.patch(&path, json!({ "nome": "Suporte" })).expect_invalid("nome").await;
    assert_eq!(admin.get(DEPARTMENTS).expect(200).await["count"], 2);
}

async fn department_in_use_is_not_deleted(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    admin.customer_writes(&customer_number(1)).await;
    let path = format!("{DEPARTMENTS}{}/", admin.department("Suporte").await);
    let row = admin.get(&path).expect(200).await;
    assert_eq!(row["total_em_fila"], 1);
    admin.delete(&path).expect_failure(409).await;
    admin.get(&path).expect(200).await;
    admin.chat(&customer_number(1)).await;
}

/// The department `Vendas` with these members, and no automatic distribution.
async fn start_with_sales(
    database: &Database,
    members: &[&str],
) -> (Server, Client, i64, Vec<Client>) {
    let server = Server::start_without_auto_distribution(database).await;
    let admin = server.admin().await;
    let mut people = Vec::new();
    for name in members {
        people.push(admin.create_agent(name, "atendente", &[]).await);
    }
    let ids: Vec<_> = people.iter().map(|person| person.id).collect();
    let sales = admin.create_department("Vendas", 5, &ids).await;
    (server, admin, sales, people)
}

#[tokio::test]
async fn queued_customer_is_a_waiting_chat() {
    let (server, admin, sales, _) = start_with_sales(&Database::Sqlite, &[]).await;
    let chat_id = customer_number(1);
    let customer = admin.customer_of(&chat_id).await;
    let mut socket = Socket::connect(&server, &admin).await;
    let entry = admin.enqueue(sales, &chat_id, "alta").await;
    assert_eq!(entry["departamento"], sales);
    assert_eq!(entry["departamento_nome"], "Vendas");
    assert_eq!(entry["cliente"], customer);
    assert_eq!(entry["chat_id"], chat_id);
    assert_eq!(entry["prioridade"], "alta");
    assert_eq!(entry["atribuido_em"], Value::Null);
    assert_eq!(entry["tempo_espera_minutos"], 0);
    assert_eq!(entry["esta_atrasado"], false);
    assert_keys(&entry, &["id", "cliente_nome", "mensagem_inicial", "entrou_na_fila_em"]);

    let opened = socket.next_event("new_chat").await;
    assert_eq!(opened["chat_id"], chat_id);
    assert_eq!(opened["prioridade"], "alta");
    let chat = admin.chat(&chat_id).await;
    assert_eq!(chat["status"], "aguardando");
    assert_eq!(chat["prioridade"], "alta");
    assert_eq!(chat["departamento"], sales);
    let page = admin.get(&format!("{QUEUES}?departamento={sales}")).expect(200).await;
    assert_eq!(page["count"], 1);
    admin.get(&format!("{QUEUES}{}/", id(&entry))).expect(200).await;
    let row = admin.get(&format!("{DEPARTMENTS}{sales}/")).expect(200).await;
    assert_eq!(row["total_em_fila"], 1);
}

async fn queueing_a_waiting_chat_again_returns_its_entry(database: Database) {
    let (_server, admin, sales, _) = start_with_sales(&database, &[]).await;
    let chat_id = customer_number(1);
    let first = admin.enqueue(sales, &chat_id, "normal").await;
    let customer = first["cliente"].as_i64().unwrap();
    let body = queue_body(sales, customer, &chat_id, "normal");
    let requests = (0..5).map(|_| admin.post(QUEUES, body.clone()).send());
    for answer in futures_util::future::join_all(requests).await {
        assert!([200, 201].contains(&answer.status.as_u16()), "{answer:?}");
        assert_eq!(id(&answer.body), id(&first));
    }
    let page = admin.get(&format!("{QUEUES}?departamento={sales}")).expect(200).await;
    assert_eq!(page["count"], 1);
    let tickets = admin.get(&format!("{TICKETS}?status=aguardando")).expect(200).await;
    assert_eq!(tickets["count"], 1);
}

#[tokio::test]
async fn bad_queue_entries_are_refused_by_field() {
    let (_server, admin, sales, _) = start_with_sales(&Database::Sqlite, &[]).await;
    let chat_id = customer_number(1);
    let customer = admin.customer_of(&chat_id).await;
    let cases = [
        ("departamento", Value::Null),
        ("departamento", json!(999_999)),
        ("departamento", json!("abc")),
        ("cliente", Value::Null),
        ("cliente", json!(999_999)),
        ("chat_id", json!("")),
        ("chat_id", json!("x".repeat(101))),
        ("numero_whatsapp", Value::Null),
        ("numero_whatsapp", json!("1".repeat(21))),
        ("prioridade", json!("altíssima")),
    ];
    for (field, value) in cases {
        let mut body = queue_body(sales, customer, &chat_id, "normal");
        body[field] = value;
        admin.post(QUEUES, body).expect_invalid(field).await;
    }
    let body = admin.post(QUEUES, json!({})).expect_invalid("departamento").await;
    assert_keys(&body, &["cliente", "chat_id", "numero_whatsapp"]);
    let page = admin.get(&format!("{QUEUES}?departamento={sales}")).expect(200).await;
    assert_eq!(page["count"], 0);
}

#[tokio::test]
async fn distributing_reports_how_many_this_call_assigned() {
    let (_server, admin, sales, people) = start_with_sales(&Database::Sqlite, &["ana"]).await;
    people[0].set_status("online").await;
    for n in 1..=3 {
        admin.enqueue(sales, &customer_number(n), "normal").await;
    }
    let path = format!("{QUEUES}distribuir/");
    let body = json!({ "departamento_id": sales });
    let answer = admin.post(&path, body.clone()).expect(200).await;
    assert_eq!(answer["distribuidos"], 3);
    assert_eq!(answer["message"], "3 atendimentos distribuídos");
    assert_eq!(admin.post(&path, body).expect(200).await["distribuidos"], 0);
    let unknown = json!({ "departamento_id": 999_999 });
    assert_eq!(admin.post(&path, unknown).expect(200).await["distribuidos"], 0);
    admin.post(&path, json!({})).expect_failure(400).await;
    admin.post(&path, json!({ "departamento_id": "abc" })).expect(400).await;
}

#[tokio::test]
async fn my_tickets_are_a_plain_list_of_my_open_ones() {
    let (_server, admin, sales, people) =
        start_with_sales(&Database::Sqlite, &["ana", "bia"]).await;
    let [ana, bia] = &people[..] else { unreachable!("two members") };
    for n in 1..=3 {
        admin.enqueue(sales, &customer_number(n), "alta").await;
    }
    ana.accept(&customer_number(1)).await;
    ana.accept(&customer_number(2)).await;
    bia.accept(&customer_number(3)).await;
    ana.close_chat(&customer_number(2)).await;
    let mine = ana.get(&format!("{TICKETS}meus-atendimentos/")).expect(200).await;
    let [row] = list(&mine) else { panic!("one open ticket, not {mine}") };
    assert_eq!(row["chat_id"], customer_number(1));
    assert_eq!(row["status"], "em_atendimento");
    assert_eq!(row["prioridade"], "alta");
    assert_eq!(row["duracao_minutos"], 0);
    assert_keys(
        row,
        &["id", "cliente_nome", "total_mensagens_cliente", "total_mensagens_atendente"],
    );
}

#[tokio::test]
async fn tickets_are_listed_and_shown_with_their_fields() {
    let (_server, admin, sales, people) = start_with_sales(&Database::Sqlite, &["ana"]).await;
    admin.enqueue(sales, &customer_number(1), "urgente").await;
    admin.enqueue(sales, &customer_number(2), "baixa").await;
    people[0].accept(&customer_number(1)).await;
    for (query, expected) in [
        (format!("?departamento={sales}"), 2),
        (format!("?departamento={sales}&status=aguardando"), 1),
        (format!("?departamento={sales}&prioridade=urgente"), 1),
        (format!("?atendente={}", people[0].id), 1),
        (format!("?departamento={sales}&search={}", customer_number(2)), 1),
    ] {
        let page = admin.get(&format!("{TICKETS}{query}")).expect(200).await;
        assert_eq!(page["count"], expected, "{query}");
    }
    let page = admin.get(&format!("{TICKETS}?status=aguardando")).expect(200).await;
    let row = &results(&page)[0];
    assert_eq!(row["atendente_nome"], Value::Null);
    assert_keys(
        row,
        &["id", "cliente_nome", "status", "prioridade", "duracao_minutos", "criado_em"],
    );
    let detail = admin.get(&format!("{TICKETS}{}/", id(row))).expect(200).await;
    assert_eq!(detail["esta_ativo"], true);
    assert_eq!(detail["atendente"], Value::Null);
    assert_keys(
        &detail,
        &[
            "departamento_nome",
            "numero_whatsapp",
            "tempo_primeira_resposta_segundos",
            "tempo_total_atendimento_segundos",
            "avaliacao",
            "comentario_avaliacao",
            "observacoes",
            "iniciado_em",
            "primeira_resposta_em",
            "finalizado_em",
            "tempo_espera_minutos",
        ],
    );
}

/// A ticket that `ana` owns; its path.
async fn accepted_ticket(admin: &Client, sales: i64, agent: &Client, chat_id: &str) -> String {
    admin.enqueue(sales, chat_id, "normal").await;
    let chat = agent.accept(chat_id).await;
    format!("{TICKETS}{}/", id(&chat))
}

async fn finishing_happens_once(database: Database) {
    let (server, admin, sales, people) = start_with_sales(&database, &["ana", "bia"]).await;
    let path = accepted_ticket(&admin, sales, &people[0], &customer_number(1)).await;
    let finish = format!("{path}finalizar/");
    people[1].post(&finish, json!({})).expect_failure(404).await;
    let mut socket = Socket::connect(&server, &admin).await;
    let notes = "Cliente satisfeito, problema resolvido";
    let answer = people[0].post(&finish, json!({ "observacoes": notes })).expect(200).await;
    assert_eq!(answer["message"], "Atendimento finalizado");
    assert_eq!(format!("{TICKETS}{}/", answer["atendimento_id"]), path);
    let closed = socket.next_event("chat_closed").await;
    assert_eq!(closed["atendente_id"], people[0].id);
    assert_keys(&closed, &["chat_id", "atendimento_id", "finalizado_em"]);

    let row = people[0].get(&path).expect(200).await;
    assert_eq!(row["status"], "finalizado");
    assert_eq!(row["observacoes"], notes);
    assert_eq!(row["esta_ativo"], false);
    assert!(row["tempo_total_atendimento_segundos"].is_u64());
    let again = people[0].post(&finish, json!({})).expect_failure(400).await;
    assert_eq!(again["error"], "Atendimento já finalizado");
    assert_eq!(people[0].get(&path).expect(200).await, row, "history is not rewritten");
    admin.post(&format!("{TICKETS}999999/finalizar/"), json!({})).expect_failure(404).await;
}

async fn transfer_checks_in_the_documented_order(database: Database) {
    let (_server, admin, sales, people) = start_with_sales(&database, &["ana", "bia"]).await;
    let [ana, bia] = &people[..] else { unreachable!("two members") };
    let gone = admin.create_agent("gone", "atendente", &[]).await;
    let path = format!("/api/v1/agents/{}/", gone.id);
    admin.patch(&path, json!({ "is_active": false })).expect(200).await;
    let closed = admin.create_department("Fechado", 3, &[]).await;
    let path = format!("{DEPARTMENTS}{closed}/");
    admin.patch(&path, json!({ "ativo": false })).expect(200).await;
    let empty = admin.create_department("Vazio", 3, &[]).await;

    let ticket = accepted_ticket(&admin, sales, ana, &customer_number(1)).await;
    let transfer = |agent: i64, department: Option<i64>| {
        let body = json!({
            "atendente_destino_id": agent, "motivo": "especialista",
            "departamento_destino_id": department,
        });
        ana.post(&format!("{ticket}transferir/"), body)
    };
    let fields = ana.post(&format!("{ticket}transferir/"), json!({}));
    let body = fields.expect_invalid("atendente_destino_id").await;
    assert_keys(&body, &["motivo"]);
    transfer(999_999, Some(999_999)).expect_failure(404).await;
    transfer(gone.id, None).expect_failure(404).await;
    // The agent is looked at before the department.
    let same = transfer(ana.id, Some(999_999)).expect_failure(400).await;
    assert_eq!(same["error"], "Não é possível transferir para o mesmo atendente");
    transfer(bia.id, Some(999_999)).expect_failure(404).await;
    transfer(bia.id, Some(closed)).expect_failure(404).await;
    transfer(bia.id, Some(empty)).expect_failure(400).await;
    assert_eq!(ana.get(&ticket).expect(200).await["atendente"], ana.id, "nothing has moved");

    ana.post(&format!("{ticket}finalizar/"), json!({})).expect(200).await;
    let closed = transfer(999_999, None).expect_failure(400).await;
    assert_eq!(closed["error"], "Atendimento não pode ser transferido no estado atual");
    let fields = ana.post(&format!("{ticket}transferir/"), json!({ "motivo": "x" }));
    fields.expect_invalid("atendente_destino_id").await;
}

async fn transfer_moves_the_ticket_and_tells_both(database: Database) {
    let (server, admin, sales, people) = start_with_sales(&database, &["ana"]).await;
    let ana = &people[0];
    let maria = admin.create_agent("maria", "atendente", &[]).await;
    let experts = admin.create_department("Especialistas", 3, &[maria.id]).await;
    let ticket = accepted_ticket(&admin, sales, ana, &customer_number(1)).await;
    let mut anas = Socket::connect(&server, ana).await;
    let mut marias = Socket::connect(&server, &maria).await;

    let body = json!({
        "atendente_destino_id": maria.id, "motivo": "Cliente solicitou especialista",
        "departamento_destino_id": experts,
    });
    let answer = ana.post(&format!("{ticket}transferir/"), body).expect(200).await;
    assert_eq!(answer["message"], "Atendimento transferido com sucesso");
    let transfer = &answer["transferencia"];
    assert_eq!(transfer["atendente_origem_nome"], "Pessoa ana");
    assert_eq!(transfer["atendente_destino_nome"], "Pessoa maria");
    assert_eq!(transfer["motivo"], "Cliente solicitou especialista");
    assert_eq!(transfer["foi_entre_departamentos"], true);
    assert_keys(transfer, &["id", "criado_em", "departamento_origem", "departamento_destino"]);

    for socket in [&mut anas, &mut marias] {
        let event = socket.next_event("chat_transferred").await;
        assert_eq!(event["chat_id"], customer_number(1));
        assert_eq!(event["atendente_origem_id"], ana.id);
        assert_eq!(event["atendente_destino_id"], maria.id);
        assert_eq!(event["motivo"], "Cliente solicitou especialista");
        assert_keys(&event, &["atendimento_id", "cliente_nome", "de", "timestamp"]);
    }
    ana.get(&ticket).expect_failure(404).await;
    let row = maria.get(&ticket).expect(200).await;
    assert_eq!(row["atendente"], maria.id);
    assert_eq!(row["departamento"], experts);
    assert_eq!(row["status"], "em_atendimento");
}

async fn rating_is_a_whole_number_from_1_to_5(database: Database) {
    let (_server, admin, sales, people) = start_with_sales(&database, &["ana", "bia"]).await;
    let ticket = accepted_ticket(&admin, sales, &people[0], &customer_number(1)).await;
    people[0].post(&format!("{ticket}finalizar/"), json!({})).expect(200).await;
    let rate = |person: &Client, rating: Value| {
        let body = json!({ "avaliacao": rating, "comentario": "Excelente atendimento!" });
        person.post(&format!("{ticket}avaliar/"), body)
    };
    for bad in [json!("5"), json!(0), json!(6), json!(-1), json!(4.5), json!([5]), Value::Null] {
        let answer = rate(&people[0], bad.clone()).expect_failure(400).await;
        assert_eq!(answer["error"], "Avaliação deve ser de 1 a 5", "{bad}");
    }
    people[0].post(&format!("{ticket}avaliar/"), json!({})).expect_failure(400).await;
    rate(&people[1], json!(5)).expect_failure(404).await;
    assert_eq!(admin.get(&ticket).expect(200).await["avaliacao"], Value::Null);

    let answer = rate(&people[0], json!(5)).expect(200).await;
    assert_eq!(answer["avaliacao"], 5);
    assert_eq!(answer["message"], "Avaliação registrada");
    let row = admin.get(&ticket).expect(200).await;
    assert_eq!(row["avaliacao"], 5);
    assert_eq!(row["comentario_avaliacao"], "Excelente atendimento!");
}
