//! Reading marks, badges that agree on every device, and quick replies.

use serde_json::{Value, json};

use crate::support::{
    Client, Database, Server, Socket,
    client::{id, list, results, text},
    on_both_databases,
    wire::{CHATS, customer_number, start_with_ready_session},
};

on_both_databases!(
    badges_agree_on_every_device_without_a_reload,
    a_new_owner_reads_for_herself,
    quick_replies_are_filled_in_for_a_chat,
);

const REPLIES: &str = "/api/v1/respostas-rapidas/";

/// Ana owns the first customer's chat; gil, a manager, watches.
async fn ana_with_a_chat(database: &Database) -> (Server, Client, Client, Client, String) {
    let (server, admin) = start_with_ready_session(database).await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let manager = admin.create_agent("gil", "gerente", &[]).await;
    let number = customer_number(1);
    admin.customer_writes(&number).await;
    ana.accept(&number).await;
    (server, admin, ana, manager, number)
}

async fn read(person: &Client, chat_id: &str, body: Value) -> Value {
    person.post(&format!("{CHATS}{chat_id}/lido/"), body).expect(200).await
}

/// What the list and the single chat say; they have to agree.
async fn unread(person: &Client, chat_id: &str) -> i64 {
    let one = person.chat(chat_id).await["mensagens_nao_lidas"].as_i64().unwrap();
    let rows = person.get(CHATS).expect(200).await;
    let row = list(&rows).iter().find(|row| row["chat_id"] == chat_id).unwrap().clone();
    assert_eq!(row["mensagens_nao_lidas"], one);
    one
}

async fn badges_agree_on_every_device_without_a_reload(database: Database) {
    let (mut server, admin, ana, manager, chat_id) = ana_with_a_chat(&database).await;
    let mut desk = Socket::connect(&server, &ana).await;
    let mut phone = Socket::connect(&server, &ana).await;
    let mut watcher = Socket::connect(&server, &manager).await;
    let second = admin.receive(&chat_id, "está aí?", "m2").await;
    admin.receive(&chat_id, "olá?", "m3").await;
    assert_eq!((unread(&ana, &chat_id).await, unread(&manager, &chat_id).await), (3, 3));

    let answer = read(&ana, &chat_id, json!({ "ate": "m2" })).await;
    assert_eq!((&answer["ate"], &answer["mensagens_nao_lidas"]), (&second["id"], &json!(1)));
    for socket in [&mut desk, &mut phone] {
        let event = socket.next_event("chat_read").await;
        assert_eq!((&event["chat_id"], &event["ate"]), (&json!(chat_id), &second["id"]));
        assert_eq!(
            (&event["mensagens_nao_lidas"], &event["causa"]),
            (&json!(1), &json!("leitura"))
        );
        assert_eq!(event["atendente_id"], ana.id);
    }
    watcher.expect_no("chat_read").await;
    assert_eq!((unread(&ana, &chat_id).await, unread(&manager, &chat_id).await), (1, 3));
    read(&ana, &chat_id, json!({ "ate": "m2" })).await;
    desk.expect_no("chat_read").await;

    // An answer counts for everybody who sees the chat.
    ana.send_text(&chat_id, "Pois não?").await;
    for socket in [&mut desk, &mut phone, &mut watcher] {
        let event = socket.next_event("chat_read").await;
        assert_eq!(
            (&event["mensagens_nao_lidas"], &event["causa"]),
            (&json!(0), &json!("resposta"))
        );
    }
    assert_eq!((unread(&ana, &chat_id).await, unread(&manager, &chat_id).await), (0, 0));

    // A device that was away gets what it missed, and the rows say the same after a restart.
    let (epoch, seq) = (phone.epoch.clone(), phone.seq);
    phone.close().await;
    admin.receive(&chat_id, "mais uma coisa", "m4").await;
    read(&ana, &chat_id, json!({})).await;
    let mut back = Socket::resume(&server, &ana, &epoch, seq).await;
    assert_eq!(back.next_event("chat_read").await["mensagens_nao_lidas"], 0);
    admin.receive(&chat_id, "e outra", "m5").await;
    server.restart().await;
    let ana = server.anonymous().with_token(&ana.access);
    assert_eq!(unread(&ana, &chat_id).await, 1);
}

async fn a_new_owner_reads_for_herself(database: Database) {
    let (server, admin, ana, _, chat_id) = ana_with_a_chat(&database).await;
    let support = admin.department("Suporte").await;
    let bia = admin.create_agent("bia", "atendente", &[support]).await;
    let mut stranger = Socket::connect(&server, &bia).await;
    read(&ana, &chat_id, json!({})).await;
    stranger.expect_no("chat_read").await;
    bia.post(&format!("{CHATS}{chat_id}/lido/"), json!({})).expect_failure(403).await;
    let body = json!({ "atendente_destino_id": bia.id, "motivo": "almoço" });
    ana.post(&format!("{CHATS}{chat_id}/transferir/"), body).expect(200).await;
    assert_eq!(unread(&bia, &chat_id).await, 1);
    read(&bia, &chat_id, json!({})).await;
    assert_eq!(unread(&bia, &chat_id).await, 0);
    ana.post(&format!("{CHATS}{chat_id}/lido/"), json!({})).expect_failure(403).await;
}

#[tokio::test]
async fn what_cannot_be_marked_is_refused() {
    let (_server, admin, ana, _, chat_id) = ana_with_a_chat(&Database::Sqlite).await;
    let path = format!("{CHATS}{chat_id}/lido/");
    ana.post(&path, json!({ "ate": "de outro chat" })).expect_invalid("ate").await;
    ana.post(&path, json!({ "ate": [1] })).expect_invalid("ate").await;
    ana.post(&format!("{CHATS}{}/lido/", customer_number(9)), json!({})).expect_failure(404).await;
    admin.customer_writes(&customer_number(2)).await;
    let other = admin.get(&format!("{CHATS}{}/messages/", customer_number(2))).expect(200).await;
    let foreign = id(&results(&json!({
        "count": 1, "next": null, "previous": null, "results": other["results"],
    }))[0]);
    ana.post(&path, json!({ "ate": foreign })).expect_invalid("ate").await;
    // After the end it can still be marked.
    ana.close_chat(&chat_id).await;
    read(&ana, &chat_id, json!({})).await;
}

async fn quick_replies_are_filled_in_for_a_chat(database: Database) {
    let (_server, admin, ana, manager, chat_id) = ana_with_a_chat(&database).await;
    let support = admin.department("Suporte").await;
    let supervisor = admin.create_agent("sueli", "supervisor", &[support]).await;
    let body = json!({
        "titulo": "Boas-vindas", "atalho": "/ola", "departamento": support,
        "texto": "{{saudacao}}, {{nome}}! {{atendente}}, {{departamento}}, protocolo {{protocolo}}.",
    });
    ana.post(REPLIES, &body).expect_failure(403).await;
    let created = supervisor.post(REPLIES, &body).expect(201).await;
    supervisor.post(REPLIES, &body).expect_invalid("atalho").await;
    let mut general = body.clone();
    general["departamento"] = Value::Null;
    supervisor.post(REPLIES, &general).expect_failure(403).await;
    manager.post(REPLIES, &general).expect(201).await;
    general["texto"] = "{{senha}}".into();
    general["atalho"] = "/senha".into();
    manager.post(REPLIES, &general).expect_invalid("texto").await;
    let page = ana.get(REPLIES).expect(200).await;
    let shortcuts: Vec<_> = results(&page).iter().map(|row| text(&row["atalho"])).collect();
    assert_eq!(shortcuts, ["/ola", "/ola"]);
    assert_eq!(results(&page)[0]["departamento_nome"], "Suporte", "the department's own first");

    let path = format!("{REPLIES}{}/preencher/", created["id"]);
    let filled = ana.post(&path, json!({ "chat_id": chat_id })).expect(200).await;
    let chat = ana.chat(&chat_id).await;
    let expected = format!(
        ", {}! Pessoa ana, Suporte, protocolo {}.",
        text(&chat["cliente_nome"]),
        chat["id"]
    );
    assert!(text(&filled["texto"]).ends_with(&expected), "{filled}");
    assert!(text(&filled["texto"]).starts_with("Bo"), "{filled}");
    let one = format!("{REPLIES}{}/", created["id"]);
    supervisor.patch(&one, json!({ "titulo": "Oi" })).expect(200).await;
    supervisor.delete(&one).expect(204).await;
    ana.get(&one).expect_failure(404).await;
    let trail = admin.get("/api/v1/auditoria/?assunto=resposta_rapida").expect(200).await;
    let actions: Vec<_> = results(&trail).iter().map(|row| text(&row["acao"]).to_owned()).collect();
    assert_eq!(actions, ["excluido", "alterado", "criado", "criado"]);
}
