//! Offers, skills, overflow, hand-overs to a queue, supervisors, and why: over HTTP and the socket.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::offset};

use crate::support::{
    Client, Database, Server, Socket,
    client::{id, list, results},
    eventually, on_both_databases,
    wire::{CHATS, DEPARTMENTS, QUEUES, TICKETS, customer_number},
};

on_both_databases!(
    an_offer_is_refused_and_taken_by_the_next,
    an_offer_nobody_answers_sets_the_agent_away,
    skills_decide_and_the_record_says_so,
    a_chat_overflows_to_another_department,
    a_hand_over_to_a_queue_and_back,
    supervisors_move_put_first_and_assign,
    a_waiting_chat_says_why_nobody_gets_it,
    rules_that_make_no_sense_are_refused,
    a_closed_night_is_not_part_of_the_promise,
);

async fn set_rules(admin: &Client, department: i64, rules: Value) {
    admin.patch(&format!("{DEPARTMENTS}{department}/"), rules).expect(200).await;
}

async fn why(person: &Client, chat: &str) -> Value {
    person.get(&format!("{CHATS}{chat}/porque/")).expect(200).await
}

async fn an_offer_is_refused_and_taken_by_the_next(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let bia = admin.create_agent("bia", "atendente", &[support]).await;
    set_rules(&admin, support, json!({"modo_atribuicao": "oferta", "oferta_segundos": 600})).await;
    let mut of_ana = Socket::connect(&server, &ana).await;
    ana.set_status("online").await;
    let number = customer_number(1);
    admin.receive(&number, "Olá?", "m1").await;
    let offer = of_ana.next_event("chat_offered").await;
    assert_eq!((&offer["chat_id"], &offer["atendente_id"]), (&json!(number), &json!(ana.id)));
    assert!(offer["expira_em"].as_str().unwrap() > offer["timestamp"].as_str().unwrap());
    let chat = ana.chat(&number).await;
    assert_eq!(chat["status"], "aguardando", "not hers before she accepts");

    let mut of_bia = Socket::connect(&server, &bia).await;
    bia.set_status("online").await;
    let refuse = format!("{CHATS}{number}/recusar/");
    let stranger = bia.post_nothing(&refuse).send().await;
    assert_eq!(
        (stranger.status.as_u16(), &stranger.body["error"]),
        (400, &json!("Este chat não está oferecido a você"))
    );
    ana.post_nothing(&refuse).expect(200).await;
    let ended = of_ana.next_event("chat_offer_ended").await;
    assert_eq!((&ended["chat_id"], &ended["motivo"]), (&json!(number), &json!("recusada")));
    let offer = of_bia.next_event("chat_offered").await;
    assert_eq!(offer["atendente_id"], bia.id, "not to the one who refused");
    bia.accept(&number).await;
    let kinds: Vec<Value> = list(&why(&bia, &number).await["decisoes"])
        .iter()
        .rev()
        .map(|decision| decision["tipo"].clone())
        .collect();
    assert_eq!(json!(kinds), json!(["oferecido", "oferta_recusada", "oferecido", "aceito"]));
}

async fn an_offer_nobody_answers_sets_the_agent_away(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let rules = json!({
        "modo_atribuicao": "oferta", "oferta_segundos": 1, "ofertas_sem_resposta_max": 1,
    });
    set_rules(&admin, support, rules).await;
    let mut socket = Socket::connect(&server, &ana).await;
    ana.set_status("online").await;
    admin.receive(&customer_number(1), "Olá?", "m1").await;
    socket.next_event("chat_offered").await;
    assert_eq!(socket.next_event("chat_offer_ended").await["motivo"], "sem_resposta");
    let away = socket.next_event("agent_presence_changed").await;
    assert_eq!((&away["agent_id"], &away["status"]), (&json!(ana.id), &json!("away")));
    assert_eq!(away["message"], "Ausente automaticamente: 1 ofertas sem resposta");
    ana.set_status("online").await;
    socket.next_event("chat_offered").await;
}

async fn skills_decide_and_the_record_says_so(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    set_rules(&admin, support, json!({"relaxar_competencias_segundos": []})).await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let bia = admin.create_agent("bia", "atendente", &[support]).await;
    let path = format!("/api/v1/agents/{}/", bia.id);
    let row = admin.patch(&path, json!({"competencias": ["Inglês", "ingles"]})).expect(200).await;
    assert_eq!(row["competencias"], json!(["ingles"]), "one spelling, once");
    let bad = admin.patch(&path, json!({"competencias": ["a;b"]})).send().await;
    assert_eq!(bad.status, 400, "{}", bad.body);
    let number = customer_number(1);
    let entry = admin.enqueue(support, &number, "normal").await;
    let path = format!("{QUEUES}{}/", id(&entry));
    let entry = admin.patch(&path, json!({"competencias": ["INGLÊS"]})).expect(200).await;
    assert_eq!((&entry["competencias"], &entry["posicao"]), (&json!(["ingles"]), &json!(1)));
    let _socket = Socket::connect(&server, &ana).await;
    ana.set_status("online").await;
    let waiting = why(&admin, &number).await;
    let considered = list(&waiting["espera"]["motivos"]["avaliados"]);
    let of_ana = considered.iter().find(|agent| agent["atendente_id"] == ana.id).unwrap();
    assert_eq!(of_ana["resultado"], "sem_competencia", "{waiting}");
    let _socket = Socket::connect(&server, &bia).await;
    bia.set_status("online").await;
    admin.chat_gets_agent(&number, bia.id).await;
    let decided = why(&admin, &number).await;
    assert!(decided["espera"].is_null());
    let decision = &decided["decisoes"][0];
    assert_eq!(
        (&decision["tipo"], &decision["atendente_id"]),
        (&json!("atribuido"), &json!(bia.id))
    );
    assert_eq!(decision["motivos"]["competencias"], json!(["ingles"]));
}

async fn a_chat_overflows_to_another_department(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let bia = admin.create_agent("bia", "atendente", &[]).await;
    let night = admin.create_department("Tarde", 5, &[bia.id]).await;
    let rules = json!({"transbordo_departamento": night, "transbordo_espera_segundos": 1});
    set_rules(&admin, support, rules).await;
    let _socket = Socket::connect(&server, &bia).await;
    bia.set_status("online").await;
    let mut socket = Socket::connect(&server, &admin).await;
    let number = customer_number(1);
    admin.receive(&number, "Olá?", "m1").await;
    let moved = socket.next_event("chat_overflowed").await;
    let expected = (&json!(support), &json!(night));
    assert_eq!((&moved["departamento_origem_id"], &moved["departamento_id"]), expected);
    admin.chat_gets_agent(&number, bia.id).await;
    let parts = bia.get(&format!("{CHATS}{number}/segmentos/")).expect(200).await;
    let parts: Vec<Value> = list(&parts)
        .iter()
        .map(|part| json!([part["departamento_id"], part["atendente_id"]]))
        .collect();
    assert_eq!(json!(parts), json!([[support, null], [night, null], [night, bia.id]]));
}

async fn a_hand_over_to_a_queue_and_back(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let bia = admin.create_agent("bia", "atendente", &[]).await;
    let sales = admin.create_department("Vendas", 5, &[bia.id]).await;
    let mut of_bia = Socket::connect(&server, &bia).await;
    let number = customer_number(1);
    admin.customer_writes(&number).await;
    ana.accept(&number).await;
    let transfer = format!("{CHATS}{number}/transferir/");
    let nobody = ana.post(&transfer, json!({"motivo": "?"})).send().await;
    assert_eq!(
        (nobody.status.as_u16(), nobody.body["atendente_destino_id"].is_array()),
        (400, true)
    );
    let body = json!({"departamento_destino_id": sales, "motivo": "quer comprar"});
    ana.post(&transfer, body).expect(200).await;
    let moved = of_bia.next_event("chat_transferred").await;
    assert_eq!(
        (&moved["motivo"], &moved["atendente_destino_id"]),
        (&json!("quer comprar"), &Value::Null)
    );
    let chat = bia.accept(&number).await;
    assert_eq!(chat["departamento"], sales);

    let body = json!({"atendente_destino_id": ana.id, "motivo": "de volta"});
    bia.post(&transfer, body).expect(200).await;
    let back = format!("{CHATS}{number}/transferencia/recusar/");
    let asked = ana.chat(&number).await;
    assert_eq!(asked["transferencia_pendente"]["motivo"], "de volta");
    let foreign = bia.post_nothing(&back).send().await;
    assert_eq!(foreign.status, 400, "{}", foreign.body);
    ana.post_nothing(&back).expect(200).await;
    let chat = bia.chat(&number).await;
    assert_eq!((&chat["status"], &chat["departamento"]), (&json!("aguardando"), &json!(sales)));
    bia.accept(&number).await;
    let body = json!({"atendente_destino_id": ana.id, "motivo": "agora sim"});
    bia.post(&transfer, body).expect(200).await;
    let take = format!("{CHATS}{number}/transferencia/aceitar/");
    let taken = ana.post_nothing(&take).expect(200).await;
    assert_eq!(taken["transferencia_pendente"], Value::Null);
    assert_eq!(ana.post_nothing(&back).send().await.status, 400, "taken is taken");
}

async fn supervisors_move_put_first_and_assign(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let sup = admin.create_agent("sup", "supervisor", &[support]).await;
    let foreign = admin.create_agent("fora", "supervisor", &[]).await;
    let sales = admin.create_department("Vendas", 5, &[]).await;
    let mut socket = Socket::connect(&server, &sup).await;
    let first = admin.enqueue(support, &customer_number(1), "urgente").await;
    let second = admin.enqueue(support, &customer_number(2), "baixa").await;
    let action = |entry: &Value, name: &str| format!("{QUEUES}{}/{name}/", id(entry));
    let counters = socket.next_event("queue_changed").await;
    assert_eq!(counters["departamento_id"], support);

    assert_eq!(ana.post_nothing(&action(&second, "priorizar")).send().await.status, 403);
    assert_eq!(foreign.post_nothing(&action(&second, "priorizar")).send().await.status, 403);
    let row = sup.post_nothing(&action(&second, "priorizar")).expect(200).await;
    assert_eq!((&row["posicao"], row["priorizado_em"].is_string()), (&json!(1), true));
    let row = sup.post(&action(&second, "priorizar"), json!({"ativo": false})).expect(200).await;
    assert_eq!((&row["posicao"], &row["priorizado_em"]), (&json!(2), &Value::Null));

    let row = sup.post(&action(&first, "mover"), json!({"departamento": sales})).expect(200).await;
    assert_eq!(
        (&row["departamento"], &row["entrou_na_fila_em"]),
        (&json!(sales), &first["entrou_na_fila_em"])
    );
    let gone = sup.post(&action(&first, "mover"), json!({"departamento": support})).send().await;
    assert_eq!(gone.status, 403, "it is another department's now");

    let row =
        sup.post(&action(&second, "atribuir"), json!({"atendente": ana.id})).expect(200).await;
    assert!(row["atribuido_em"].is_string());
    let mine = ana.get(&format!("{TICKETS}meus-atendimentos/")).expect(200).await;
    assert_eq!(list(&mine).len(), 1);
    let late = sup.post(&action(&second, "atribuir"), json!({"atendente": ana.id})).send().await;
    assert_eq!(
        (late.status.as_u16(), &late.body["error"]),
        (409, &json!("Esta entrada já saiu da fila"))
    );
    for body in [json!({}), json!({"atendente": "x"})] {
        assert_eq!(sup.post(&action(&second, "atribuir"), body).send().await.status, 400);
    }
}

async fn a_waiting_chat_says_why_nobody_gets_it(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let other = admin.create_agent("outro", "supervisor", &[]).await;
    let number = customer_number(1);
    admin.customer_writes(&number).await;
    let answer = why(&admin, &number).await;
    assert_eq!(answer["espera"]["explicacao"], "Ninguém pode receber agora: 2 offline.");
    let _socket = Socket::connect(&server, &ana).await;
    ana.set_status("busy").await;
    let answer = eventually("she is seen to be busy", async || {
        let answer = why(&admin, &number).await;
        (answer["espera"]["explicacao"] == "Ninguém pode receber agora: 1 em ocupado, 1 offline.")
            .then_some(answer)
    })
    .await;
    assert_eq!(answer["espera"]["posicao"], 1);
    let queue = ana.get(&format!("{QUEUES}?aguardando=true")).expect(200).await;
    let row = &results(&queue)[0];
    assert_eq!((&row["posicao"], &row["estado_prazo"]), (&json!(1), &json!("no_prazo")));
    assert_eq!(other.get(&format!("{CHATS}{number}/porque/")).send().await.status, 403);
    assert_eq!(admin.get(&format!("{CHATS}000/porque/")).send().await.status, 404);
}

async fn rules_that_make_no_sense_are_refused(database: Database) {
    let server = Server::start(&database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let sales = admin.create_department("Vendas", 5, &[]).await;
    set_rules(&admin, support, json!({"transbordo_departamento": sales})).await;
    let path = format!("{DEPARTMENTS}{sales}/");
    let circle = admin.patch(&path, json!({"transbordo_departamento": support})).send().await;
    let text = "O transbordo voltaria ao departamento \"Vendas\": escolha outro destino";
    assert_eq!((circle.status.as_u16(), &circle.body["error"]), (400, &json!(text)));
    let cases = [
        ("transbordo_departamento", json!(99)),
        ("modo_atribuicao", json!("sorteio")),
        ("oferta_segundos", json!(0)),
        ("ofertas_sem_resposta_max", json!("x")),
        ("relaxar_competencias_segundos", json!([60, 30])),
        ("relaxar_competencias_segundos", json!("60")),
        ("transferencia_retorno_segundos", json!(-1)),
    ];
    for (field, value) in cases {
        let answer = admin.patch(&path, json!({field: value})).send().await;
        assert_eq!(answer.status, 400, "{field} {value}");
        assert!(answer.body[field].is_array(), "{field} {value}: {}", answer.body);
    }
    let row = admin.patch(&path, json!({"transbordo_departamento": null})).expect(200).await;
    assert_eq!(row["transbordo_departamento"], Value::Null);
}

/// The department opens in two hours only, for one: whoever writes now is promised an answer then.
async fn a_closed_night_is_not_part_of_the_promise(database: Database) {
    let server = Server::start_without_auto_distribution(&database).await;
    let admin = server.admin().await;
    admin.patch("/api/v1/config/chat/", json!({"feriados_nacionais": false})).expect(200).await;
    let support = admin.department("Suporte").await;
    let at = |row: &Value, key: &str| {
        let text = row[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {row}"));
        OffsetDateTime::parse(text, &Rfc3339).unwrap().to_offset(offset!(-3))
    };
    let entry = admin.enqueue(support, &customer_number(1), "normal").await;
    let entered = at(&entry, "entrou_na_fila_em");
    let opens = entered + Duration::hours(2);
    let clock = |at: OffsetDateTime| format!("{:02}:{:02}", at.hour(), at.minute());
    let hours = json!({"inicio": clock(opens), "fim": clock(opens + Duration::hours(1))});
    let days = ["segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo"];
    let week: Value = days.iter().map(|day| ((*day).to_owned(), hours.clone())).collect();
    let rules = json!({"horario_atendimento": week, "tempo_resposta_esperado_minutos": 10});
    set_rules(&admin, support, rules).await;
    // The hours have changed while it waits: the promise follows.
    let path = format!("{QUEUES}{}/", id(&entry));
    let row = eventually("the promise follows the hours", async || {
        let row = admin.get(&path).expect(200).await;
        let minutes = (at(&row, "prazo_em") - entered).whole_minutes();
        (129..=130).contains(&minutes).then_some(row)
    })
    .await;
    assert_eq!((&row["estado_prazo"], &row["esta_atrasado"]), (&json!("no_prazo"), &json!(false)));
    // Who comes later is promised the same instant: nothing passes while it is closed.
    let second = admin.enqueue(support, &customer_number(2), "normal").await;
    assert_eq!(second["prazo_em"], row["prazo_em"]);
    // A target that is longer than the shift goes on in the next one, a night later.
    set_rules(&admin, support, json!({"tempo_resposta_esperado_minutos": 70})).await;
    eventually("the promise spans the closed night", async || {
        let row = admin.get(&path).expect(200).await;
        let minutes = (at(&row, "prazo_em") - entered).whole_minutes();
        (26 * 60 + 9..=26 * 60 + 10).contains(&minutes).then_some(())
    })
    .await;
    drop(server);
}
