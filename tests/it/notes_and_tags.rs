//! Internal notes and tags of chats.

use reqwest::Method;
use serde_json::json;

use crate::support::{
    Client, Database, Server, Socket,
    client::{id, list, results, text},
    on_both_databases,
    wire::{CHATS, customer_number},
};

on_both_databases!(notes_are_for_colleagues_only, tags_are_shown_filtered_and_told);

async fn office(database: &Database) -> (Server, Client, Client, Client, String) {
    let server = Server::start_without_auto_distribution(database).await;
    let admin = server.admin().await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let bia = admin.create_agent("bia", "atendente", &[support]).await;
    let number = customer_number(1);
    admin.customer_writes(&number).await;
    ana.accept(&number).await;
    (server, admin, ana, bia, number)
}

async fn notes_are_for_colleagues_only(database: Database) {
    let (server, admin, ana, bia, chat_id) = office(&database).await;
    let mut watcher = Socket::connect(&server, &admin).await;
    let mut stranger = Socket::connect(&server, &bia).await;
    let notes = format!("{CHATS}{chat_id}/notas/");
    let note = ana.post(&notes, json!({ "texto": "Prefere ligação" })).expect(201).await;
    let event = watcher.next_event("note_added").await;
    assert_eq!(
        (&event["texto"], &event["autor_nome"]),
        (&json!("Prefere ligação"), &json!("Pessoa ana"))
    );
    assert_eq!((&event["id"], &event["chat_id"]), (&note["id"], &json!(chat_id)));
    stranger.expect_no("note_added").await;
    bia.get(&notes).expect_failure(403).await;
    bia.post(&notes, json!({ "texto": "x" })).expect_failure(403).await;

    let chat = ana.chat(&chat_id).await;
    assert_eq!(
        (&chat["total_mensagens"], &chat["total_mensagens_atendente"]),
        (&json!(1), &json!(0))
    );
    let messages = admin.get("/api/v1/whatsapp/messages/?search=Prefere").expect(200).await;
    assert_eq!(messages["count"], 0, "a note is no message");
    let found = admin.get("/api/v1/messages/busca/?q=Prefere").expect(200).await;
    assert_eq!(found["count"], 0);

    let supervisor =
        admin.create_agent("sueli", "supervisor", &[admin.department("Suporte").await]).await;
    let one = format!("{notes}{}/", id(&note));
    supervisor.delete(&one).expect_failure(403).await;
    let page = supervisor.get(&notes).expect(200).await;
    assert_eq!(results(&page)[0], note);
    ana.delete(&one).expect(204).await;
    let event = watcher.next_event("note_removed").await;
    assert_eq!((&event["id"], &event["atendente_id"]), (&note["id"], &json!(ana.id)));
    ana.delete(&one).expect_failure(404).await;
    let trail = admin.get("/api/v1/auditoria/?assunto=nota").expect(200).await;
    let changes = list(&results(&trail)[0]["alteracoes"]);
    let is_kept = |change: &&serde_json::Value| change["de"] == "Prefere ligação";
    assert!(changes.iter().find(is_kept).is_some(), "{trail}");
}

async fn tags_are_shown_filtered_and_told(database: Database) {
    let (server, admin, ana, bia, chat_id) = office(&database).await;
    admin.customer_writes(&customer_number(2)).await;
    let mut watcher = Socket::connect(&server, &admin).await;
    let path = format!("{CHATS}{chat_id}/etiquetas/");
    let put = |who: &Client, tags: serde_json::Value| {
        who.request(Method::PUT, &path).json(&json!({ "etiquetas": tags }))
    };
    let answer = put(&ana, json!([" VIP", "vip", "Segunda  via"])).expect(200).await;
    assert_eq!(answer["etiquetas"], json!(["segunda via", "vip"]));
    let event = watcher.next_event("chat_tags_changed").await;
    assert_eq!(
        (&event["etiquetas"], &event["atendente_id"]),
        (&answer["etiquetas"], &json!(ana.id))
    );
    put(&ana, json!(["vip", "segunda via"])).expect(200).await;
    watcher.expect_no("chat_tags_changed").await;
    put(&bia, json!(["x"])).expect_failure(403).await;
    put(&ana, json!(["x".repeat(31)])).expect_invalid("etiquetas").await;
    put(&ana, json!((0..11).collect::<Vec<_>>())).expect_invalid("etiquetas").await;

    assert_eq!(ana.chat(&chat_id).await["etiquetas"], answer["etiquetas"]);
    for (query, expected) in [("?etiqueta=VIP", 1), ("?etiqueta=nada", 0), ("", 2)] {
        let rows = admin.get(&format!("{CHATS}{query}")).expect(200).await;
        assert_eq!(list(&rows).len(), expected, "{query}");
    }
    let known = admin.get("/api/v1/etiquetas/").expect(200).await;
    let tags: Vec<_> = results(&known).iter().map(|row| text(&row["etiqueta"])).collect();
    assert_eq!(tags, ["segunda via", "vip"]);
    assert_eq!(bia.get("/api/v1/etiquetas/").expect(200).await["count"], 0);
    // A new attendance begins without tags, the old one keeps its own.
    ana.close_chat(&chat_id).await;
    admin.receive(&chat_id, "voltei", "again").await;
    assert_eq!(admin.chat_opens(&chat_id).await["etiquetas"], json!([]));
    let known = admin.get("/api/v1/etiquetas/").expect(200).await;
    assert_eq!(results(&known)[0], json!({ "etiqueta": "segunda via", "chats": 1, "abertos": 0 }));
}
