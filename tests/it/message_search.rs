//! Searching for words in messages.

use serde_json::Value;

use crate::support::{
    Client, Database,
    client::{results, text},
    on_both_databases,
    wire::{customer_number, start_with_ready_session},
};

on_both_databases!(
    messages_are_found_by_their_words,
    everybody_finds_only_what_he_may_see,
    what_was_found_is_found_after_a_restart,
);

const SEARCH: &str = "/api/v1/messages/busca/";

async fn search(person: &Client, query: &str) -> Value {
    person.get(&format!("{SEARCH}?{query}")).expect(200).await
}

async fn found(person: &Client, query: &str) -> Vec<String> {
    let page = search(person, query).await;
    results(&page).iter().map(|row| text(&row["message_id"]).to_owned()).collect()
}

async fn messages_are_found_by_their_words(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let (one, two) = (customer_number(1), customer_number(2));
    admin.receive(&one, "Olá, preciso da SEGUNDA VIA do boleto", "m1").await;
    admin.receive(&one, "Via expressa, na segunda-feira. É o João", "m2").await;
    admin.receive(&two, "CNPJ 12.345.678/0001-95 <script>", "m3").await;
    let sent = admin.send_text(&one, "Segue a segunda via, João!").await;
    let sent = text(&sent["message_id"]).to_owned();
    let cases = [
        ("q=joao", vec![sent.as_str(), "m2"]),
        ("q=segunda+via", vec![&sent, "m2", "m1"]),
        ("q=%22segunda+via%22", vec![&sent, "m1"]),
        ("q=BOL", vec!["m1"]),
        ("q=12345678000195", vec!["m3"]),
        ("q=segunda&chat_id=%2B5511988800002", vec![]),
        ("q=nada", vec![]),
    ];
    for (query, expected) in cases {
        assert_eq!(found(&admin, query).await, expected, "{query}");
    }
    let page = search(&admin, &format!("q=%22segunda+via%22&chat_id={one}&page_size=1")).await;
    assert_eq!((&page["count"], results(&page).len()), (&2.into(), 1));
    assert!(text(&page["next"]).contains("page=2"));
    let row = &results(&page)[0];
    assert_eq!(row["trecho"], "Segue a <mark>segunda via</mark>, João!");
    assert_eq!(
        (&row["direction"], &row["from_name"]),
        (&"outbound".into(), &"Administrador".into())
    );
    let page = search(&admin, "q=12.345.678/0001-95").await;
    let snippet = "CNPJ <mark>12.345.678/0001-95</mark> &lt;script&gt;";
    assert_eq!(results(&page)[0]["trecho"], snippet);
    assert_eq!(search(&admin, "q=joao&ate=2001-01-01").await["count"], 0);
    assert_eq!(search(&admin, "q=joao&de=2001-01-01").await["count"], 2);
    for (query, field) in [("", "q"), ("q=%22-", "q"), ("q=a&de=ontem", "de"), ("q=a&ate=x", "ate")]
    {
        admin.get(&format!("{SEARCH}?{query}")).expect_invalid(field).await;
    }
    admin.get(&format!("{SEARCH}?q=joao&page=9")).expect_failure(404).await;
}

async fn everybody_finds_only_what_he_may_see(database: Database) {
    let (_server, admin) = start_with_ready_session(&database).await;
    let support = admin.department("Suporte").await;
    let ana = admin.create_agent("ana", "atendente", &[support]).await;
    let bia = admin.create_agent("bia", "atendente", &[support]).await;
    let sales = admin.create_department("Vendas", 5, &[]).await;
    let supervisor = admin.create_agent("sueli", "supervisor", &[sales]).await;
    let number = customer_number(1);
    admin.receive(&number, "agulha", "m1").await;
    admin.chat_opens(&number).await;
    let counts = async || {
        let mut counts = Vec::new();
        for person in [&ana, &bia, &supervisor, &admin] {
            counts.push(search(person, "q=agulha").await["count"].as_i64().unwrap());
        }
        counts
    };
    assert_eq!(counts().await, [1, 1, 0, 1], "it waits in their department");
    ana.accept(&number).await;
    assert_eq!(counts().await, [1, 0, 0, 1]);
    ana.close_chat(&number).await;
    assert_eq!(counts().await, [1, 0, 0, 1]);
}

async fn what_was_found_is_found_after_a_restart(database: Database) {
    let (mut server, admin) = start_with_ready_session(&database).await;
    for n in 1..=30 {
        admin.receive(&customer_number(n), &format!("agulha {n}"), &format!("m{n}")).await;
    }
    let token = admin.access.clone();
    server.restart().await;
    let admin = server.anonymous().with_token(&token);
    assert_eq!(search(&admin, "q=agulha").await["count"], 30);
    assert_eq!(found(&admin, "q=agulha+7").await, ["m7"]);
}
