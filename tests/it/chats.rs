//! The agent's view: chats, their messages, taking and closing them.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{Request, assert_keys, id, list, text},
    eventually, on_both_databases,
    wire::{CHATS, customer_number, start_with_ready_session},
};

on_both_databases!(
    history_shows_the_first_message_too,
    unread_messages_are_those_after_the_last_answer,
    accepting_makes_the_chat_mine,
    closing_happens_once,
    returning_customer_opens_a_second_ticket,
    everybody_sees_what_the_role_allows,
);

/// `Vendas` with two members, `Outros` with one, a supervisor of `Vendas`, a manager.
struct Office {
    server: Server,
    admin: Client,
    ana: Client,
    bia: Client,
    outsider: Client,
    supervisor: Client,
    manager: Client,
    sales: i64,
}

async fn open_office(database: &Database) -> Office {
    let server = Server::start_without_auto_distribution(database).await;
    let admin = server.admin().await;
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let bia = admin.create_agent("bia", "atendente", &[]).await;
    let outsider = admin.create_agent("otto", "atendente", &[]).await;
    let supervisor = admin.create_agent("sueli", "supervisor", &[]).await;
    let manager = admin.create_agent("gil", "gerente", &[]).await;
    let sales = admin.create_department("Vendas", 5, &[ana.id, bia.id, supervisor.id]).await;
    admin.create_department("Outros", 5, &[outsider.id]).await;
    Office { server, admin, ana, bia, outsider, supervisor, manager, sales }
}

fn act(person: &Client, chat_id: &str, action: &str, body: Value) -> Request {
    person.post(&format!("{CHATS}{chat_id}/{action}/"), body)
}

#[tokio::test]
async fn chats_are_a_plain_list_with_their_last_message() {
    let (_server, admin) = start_with_ready_session(&Database::Sqlite).await;
    for n in 1..=3 {
        admin.customer_writes(&customer_number(n)).await;
    }
    admin.receive(&customer_number(1), "e a última", "last").await;
    let chats = eventually("the first customer's chat is on top", async || {
        let chats = admin.get(CHATS).expect(200).await;
        (list(&chats)[0]["ultima_mensagem_texto"] == "e a última").then_some(chats)
    })
    .await;
    let row = &list(&chats)[0];
    assert_eq!(row["chat_id"], customer_number(1));
    assert_eq!(row["status"], "aguardando");
    assert_eq!(row["ultima_mensagem_tipo"], "text");
    assert_eq!(row["ultima_mensagem_direcao"], "inbound");
    assert_eq!(row["total_mensagens"], 2);
    assert_eq!(row["mensagens_nao_lidas"], 2);
    assert_keys(
        row,
        &[
            "numero_whatsapp",
            "cliente_id",
            "cliente_nome",
            "cliente_email",
            "atendimento_id",
            "prioridade",
            "atendente_id",
            "atendente_nome",
            "departamento_id",
            "departamento_nome",
            "ultima_mensagem_em",
            "criado_em",
            "atualizado_em",
        ],
    );
}

#[tokio::test]
async fn list_of_chats_is_cut_into_pages_and_counted_in_a_header() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    for n in 1..=3 {
        admin.customer_writes(&customer_number(n)).await;
    }
    let page =
        |n: usize| admin.get(&format!("{CHATS}?page={n}&size=2&sort=created&order=asc")).send();
    let (first, second) = (page(1).await.expect(200), page(2).await.expect(200));
    assert_eq!(first.header("x-total-count"), "3");
    assert_eq!(second.header("x-total-count"), "3");
    let rows = [list(&first.body), list(&second.body)].concat();
    let chats: Vec<_> = rows.iter().map(|row| text(&row["chat_id"]).to_owned()).collect();
    assert_eq!(chats, [1, 2, 3].map(customer_number));
    for query in ["atendente=abc", "departamento=abc", "status=zz"] {
        admin.get(&format!("{CHATS}?{query}")).expect(400).await;
    }
}

#[tokio::test]
async fn chats_are_sorted_by_what_the_priority_means() {
    let office = open_office(&Database::Sqlite).await;
    for (n, priority) in ["normal", "alta", "baixa", "urgente"].into_iter().enumerate() {
        office.admin.enqueue(office.sales, &customer_number(n), priority).await;
    }
    for (order, expected) in [
        ("desc", ["urgente", "alta", "normal", "baixa"]),
        ("asc", ["baixa", "normal", "alta", "urgente"]),
    ] {
        let path = format!("{CHATS}?sort=priority&order={order}");
        let chats = office.admin.get(&path).expect(200).await;
        let priorities: Vec<_> = list(&chats).iter().map(|row| text(&row["prioridade"])).collect();
        assert_eq!(priorities, expected, "{order}");
    }
}

#[tokio::test]
async fn detail_has_all_fields_and_only_open_chats_have_one() {
    let server = Server::start(&Database::Sqlite).await;
    let admin = server.admin().await;
    let chat = admin.customer_writes(&customer_number(1)).await;
    assert_keys(
        &chat,
        &[
            "id",
            "chat_id",
            "numero_whatsapp",
            "status",
            "prioridade",
            "cliente",
            "cliente_nome",
            "cliente_email",
            "cliente_telefone",
            "atendente",
            "atendente_nome",
            "atendente_username",
            "departamento",
            "departamento_nome",
            "departamento_cor",
            "duracao_minutos",
            "tempo_primeira_resposta_minutos",
            "total_mensagens_cliente",
            "total_mensagens_atendente",
            "total_mensagens",
            "mensagens_nao_lidas",
            "avaliacao",
            "comentario_avaliacao",
            "observacoes",
            "criado_em",
            "iniciado_em",
            "primeira_resposta_em",
            "finalizado_em",
            "atualizado_em",
        ],
    );
    admin.get(&format!("{CHATS}5511900000000/")).expect_failure(404).await;
    admin.close_chat(&customer_number(1)).await;
    admin.get(&format!("{CHATS}{}/", customer_number(1))).expect_failure(404).await;
}

async fn history_shows_the_first_message_too(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let chat_id = customer_number(1);
    admin.customer_writes(&chat_id).await;
    admin.receive(&chat_id, "segunda", "second").await;
    admin.send_text(&chat_id, "resposta").await;
    let path = format!("{CHATS}{chat_id}/messages/");
    let page = eventually("three messages are in the history", async || {
        let page = admin.get(&path).expect(200).await;
        (page["total"] == 3).then_some(page)
    })
    .await;
    assert_eq!(page["limit"], 50);
    assert_eq!(page["offset"], 0);
    let texts: Vec<_> =
        list(&page["results"]).iter().map(|row| text(&row["text_content"])).collect();
    assert_eq!(texts, ["resposta", "segunda", "Bom dia, preciso de ajuda"], "newest first");
    let answer = &page["results"][0];
    assert_eq!(answer["is_from_agent"], true);
    assert!(!text(&answer["from_name"]).is_empty());
    assert_keys(
        answer,
        &["id", "message_id", "direction", "status", "created_at", "latency_ms", "is_latency_ok"],
    );
    let page = admin.get(&format!("{path}?limit=1&offset=1")).expect(200).await;
    assert_eq!(page["total"], 3);
    assert_eq!(list(&page["results"]).len(), 1);
    assert_eq!(page["results"][0]["text_content"], "segunda");
    for query in ["limit=abc", "limit=-1", "offset=abc", "offset=-1"] {
        admin.get(&format!("{path}?{query}")).expect(400).await;
    }
}

async fn unread_messages_are_those_after_the_last_answer(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let chat_id = customer_number(1);
    admin.customer_writes(&chat_id).await;
    admin.accept(&chat_id).await;
    admin.receive(&chat_id, "alô?", "second").await;
    let becomes = async |unread: i64| {
        eventually(&format!("{unread} messages are unread"), async || {
            let chat = admin.chat(&chat_id).await;
            (chat["mensagens_nao_lidas"] == unread).then_some(chat)
        })
        .await
    };
    let chat = becomes(2).await;
    assert_eq!(chat["total_mensagens_atendente"], 0);
    assert_eq!(chat["primeira_resposta_em"], Value::Null);
    admin.send_text(&chat_id, "bom dia!").await;
    let chat = becomes(0).await;
    assert_eq!(chat["total_mensagens_atendente"], 1);
    assert!(chat["primeira_resposta_em"].is_string(), "{chat}");
    admin.receive(&chat_id, "obrigado", "third").await;
    becomes(1).await;
}

async fn accepting_makes_the_chat_mine(database: Database) {
    let office = open_office(&database).await;
    let Office { admin, ana, bia, .. } = &office;
    let chat_id = customer_number(1);
    admin.enqueue(office.sales, &chat_id, "normal").await;
    let mut watcher = Socket::connect(&office.server, &office.manager).await;
    let mut anas = Socket::connect(&office.server, ana).await;
    let chat = act(ana, &chat_id, "aceitar", json!({ "observacoes": "vou" })).expect(200).await;
    assert_eq!(chat["status"], "em_atendimento");
    assert_eq!(chat["atendente"], ana.id);
    assert_eq!(chat["atendente_nome"], "Pessoa ana");
    assert!(chat["iniciado_em"].is_string());
    let assigned = anas.next_event("chat_assigned").await;
    assert_eq!(assigned["chat_id"], chat_id);
    assert_keys(
        &assigned,
        &["atendimento_id", "cliente_nome", "departamento", "prioridade", "mensagem_inicial"],
    );
    let accepted = watcher.next_event("chat_accepted").await;
    assert_eq!(accepted["atendente_id"], ana.id);
    assert_eq!(accepted["status"], "em_atendimento");

    let late = act(bia, &chat_id, "aceitar", json!({})).expect_failure(400).await;
    assert_eq!(late["error"], "Este chat já está em_atendimento");
    act(ana, "5511900000000", "aceitar", json!({})).expect_failure(404).await;
    let row = admin.get(&format!("/api/v1/atendimento/filas/?departamento={}", office.sales));
    let row = row.expect(200).await;
    for entry in list(&row["results"]) {
        assert!(entry["atribuido_em"].is_string(), "no longer waiting: {entry}");
    }
}

#[tokio::test]
async fn only_those_above_accept_for_somebody_else() {
    let office = open_office(&Database::Sqlite).await;
    let Office { admin, ana, bia, supervisor, .. } = &office;
    let chat_id = customer_number(1);
    admin.enqueue(office.sales, &chat_id, "normal").await;
    let for_bia = json!({ "atendente_id": bia.id });
    act(ana, &chat_id, "aceitar", for_bia.clone()).expect_failure(403).await;
    assert_eq!(admin.chat(&chat_id).await["status"], "aguardando");
    let chat = act(supervisor, &chat_id, "aceitar", for_bia).expect(200).await;
    assert_eq!(chat["atendente"], bia.id);
}

#[tokio::test]
async fn attend_is_another_word_for_accept() {
    let office = open_office(&Database::Sqlite).await;
    let chat_id = customer_number(1);
    office.admin.enqueue(office.sales, &chat_id, "normal").await;
    let path = format!("{CHATS}{chat_id}/attend/");
    let answer = office.ana.post_nothing(&path).expect(200).await;
    assert_eq!(answer["chat_id"], chat_id);
    assert_eq!(answer["status"], "em_atendimento");
    office.bia.post_nothing(&path).expect_failure(400).await;
}

#[tokio::test]
async fn transferring_a_chat_follows_the_rules_of_tickets() {
    let office = open_office(&Database::Sqlite).await;
    let Office { admin, ana, bia, .. } = &office;
    let chat_id = customer_number(1);
    admin.enqueue(office.sales, &chat_id, "normal").await;
    ana.accept(&chat_id).await;
    let to_bia = json!({ "atendente_destino_id": bia.id, "motivo": "almoço" });
    act(bia, &chat_id, "transferir", to_bia.clone()).expect_failure(403).await;
    act(ana, &chat_id, "transferir", json!({})).expect_invalid("motivo").await;
    let to_nobody = json!({ "atendente_destino_id": 999_999, "motivo": "x" });
    act(ana, &chat_id, "transferir", to_nobody).expect_failure(404).await;
    let to_herself = json!({ "atendente_destino_id": ana.id, "motivo": "x" });
    act(ana, &chat_id, "transferir", to_herself).expect_failure(400).await;

    let answer = act(ana, &chat_id, "transferir", to_bia).expect(200).await;
    assert_eq!(answer["message"], "Chat transferido com sucesso");
    assert_eq!(answer["atendente_destino"]["id"], bia.id);
    assert_eq!(answer["atendente_destino"]["nome"], "Pessoa bia");
    assert_keys(&answer, &["transferencia_id"]);
    assert_eq!(bia.chat(&chat_id).await["atendente"], bia.id);
    ana.get(&format!("{CHATS}{chat_id}/")).expect_failure(403).await;
}

async fn closing_happens_once(database: Database) {
    let office = open_office(&database).await;
    let Office { admin, ana, bia, .. } = &office;
    let chat_id = customer_number(1);
    admin.enqueue(office.sales, &chat_id, "normal").await;
    ana.accept(&chat_id).await;
    let mut watcher = Socket::connect(&office.server, &office.manager).await;
    act(bia, &chat_id, "encerrar", json!({})).expect_failure(403).await;
    let body = json!({ "observacoes": "resolvido", "solicitar_avaliacao": false });
    let answer = act(ana, &chat_id, "encerrar", body).expect(200).await;
    assert_eq!(answer["message"], "Chat encerrado com sucesso");
    assert!(text(&answer["finalizado_em"]).ends_with('Z'));
    let closed = watcher.next_event("chat_closed").await;
    assert_eq!(closed["atendimento_id"], answer["atendimento_id"]);
    let again = act(ana, &chat_id, "encerrar", json!({})).expect_failure(400).await;
    assert_eq!(again["error"], "Este chat já está finalizado");
    watcher.expect_no("chat_closed").await;
    let finished = ana.get(&format!("{CHATS}?status=finalizado")).expect(200).await;
    assert_eq!(list(&finished).len(), 1);
    assert_eq!(list(&ana.get(CHATS).expect(200).await).len(), 0, "finished ones are left out");
}

async fn returning_customer_opens_a_second_ticket(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let chat_id = customer_number(1);
    let first = admin.customer_writes(&chat_id).await;
    admin.accept(&chat_id).await;
    admin.close_chat(&chat_id).await;
    admin.receive(&chat_id, "voltei", "again").await;
    let second = admin.chat_opens(&chat_id).await;
    assert_ne!(id(&second), id(&first));
    assert_eq!(second["cliente"], first["cliente"]);
    assert_eq!(second["status"], "aguardando");
    assert_eq!(second["total_mensagens"], 1, "the earlier ticket keeps its own history");

    let page = admin.get(&format!("{CHATS}{chat_id}/messages/")).expect(200).await;
    assert_eq!(page["total"], 1);
    assert_eq!(page["results"][0]["text_content"], "voltei");
    assert_eq!(id(&admin.accept(&chat_id).await), id(&second));
    let ana = admin.create_agent("ana", "atendente", &[]).await;
    let to_ana = json!({ "atendente_destino_id": ana.id, "motivo": "turno" });
    act(&admin, &chat_id, "transferir", to_ana).expect(200).await;
    let closed = ana.close_chat(&chat_id).await;
    assert_eq!(closed["atendimento_id"], second["id"]);
    let tickets =
        admin.get("/api/v1/atendimento/atendimentos/?status=finalizado").expect(200).await;
    assert_eq!(tickets["count"], 2);
}

/// How many chats this person lists, and what opening this one says.
async fn view(person: &Client, chat_id: &str) -> (usize, u16) {
    let listed = person.get(CHATS).expect(200).await;
    let detail = person.get(&format!("{CHATS}{chat_id}/")).send().await;
    (list(&listed).len(), detail.status.as_u16())
}

async fn everybody_sees_what_the_role_allows(database: Database) {
    let office = open_office(&database).await;
    let Office { admin, ana, bia, outsider, supervisor, manager, .. } = &office;
    let chat_id = customer_number(1);
    admin.enqueue(office.sales, &chat_id, "normal").await;
    for person in [ana, bia, supervisor, manager, admin] {
        assert_eq!(view(person, &chat_id).await, (1, 200), "{} before accepting", person.username);
    }
    assert_eq!(view(outsider, &chat_id).await, (0, 403), "waits in another department");

    ana.accept(&chat_id).await;
    for person in [ana, supervisor, manager, admin] {
        assert_eq!(view(person, &chat_id).await, (1, 200), "{} after accepting", person.username);
    }
    for person in [bia, outsider] {
        assert_eq!(view(person, &chat_id).await, (0, 403), "{} after accepting", person.username);
        let messages = person.get(&format!("{CHATS}{chat_id}/messages/"));
        messages.expect_failure(403).await;
    }

    ana.close_chat(&chat_id).await;
    let path = format!("{CHATS}{chat_id}/messages/");
    for person in [ana, supervisor, manager, admin] {
        person.get(&path).expect(200).await;
    }
    for person in [bia, outsider] {
        person.get(&path).expect_failure(403).await;
    }
}
