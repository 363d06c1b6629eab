//! Templates of Meta's Cloud API: synchronised, listed, and judged anew by the network.

use serde_json::{Value, json};

use crate::support::{
    Database,
    client::{results, text},
    eventually,
    fake_graph::FakeGraph,
    on_both_databases,
    wire::SEND,
};

const TEMPLATES: &str = "/api/v1/whatsapp/templates/";

on_both_databases!(templates_are_those_that_the_network_shows);

pub(crate) fn template(id: u64, name: &str, status: &str, body: &str) -> Value {
    json!({
        "id": id.to_string(), "name": name, "language": "pt_BR", "category": "UTILITY",
        "status": status, "rejected_reason": "NONE",
        "components": [{"type": "BODY", "text": body}],
    })
}

async fn templates_are_those_that_the_network_shows(database: Database) {
    let graph = FakeGraph::start().await;
    graph.set_templates(vec![
        template(1, "boas_vindas", "APPROVED", "Olá {{1}}"),
        template(2, "cobranca", "PENDING", "Sua fatura vence em {{1}}"),
        template(3, "pesquisa", "APPROVED", "Como foi?"),
        template(4, "promocao", "REJECTED", "Compre!"),
        template(5, "aviso", "SOMETHING_NEW", "Atenção"),
    ]);
    let server = graph.hub_on(&database).start().await;
    let admin = server.admin().await;
    admin.make_session_ready().await;
    let names = async |query: &str| -> Vec<String> {
        let page = admin.get(&format!("{TEMPLATES}{query}")).expect(200).await;
        results(&page).iter().map(|row| text(&row["name"]).to_owned()).collect()
    };
    eventually("a number that connects reads its templates", async || {
        (names("").await == ["aviso", "boas_vindas", "cobranca", "pesquisa", "promocao"])
            .then_some(())
    })
    .await;
    assert_eq!(graph.template_requests(), 3, "five templates are three pages");
    assert_eq!(names("?status=approved").await, ["boas_vindas", "pesquisa"]);
    assert_eq!(names("?search=pesq&language=pt_BR").await, ["pesquisa"]);
    assert_eq!(names("?session=99").await, [] as [&str; 0]);
    // What is gone there is gone here.
    graph.set_templates(vec![template(1, "boas_vindas", "APPROVED", "Olá {{1}}!")]);
    let path = format!("{TEMPLATES}sincronizar/");
    let answer = admin.post_nothing(&path).expect(200).await;
    assert_eq!((&answer["total"], &answer["removed"]), (&json!(1), &json!(4)));
    let page = admin.get(TEMPLATES).expect(200).await;
    let row = &results(&page)[0];
    assert_eq!(row["components"][0]["text"], "Olá {{1}}!");
    assert_eq!(row["rejected_reason"], "");
    // Meta judges anew, and says so over the webhook.
    let change = json!({
        "field": "message_template_status_update",
        "value": {
            "event": "PAUSED", "message_template_id": 1, "message_template_name": "boas_vindas",
            "message_template_language": "pt_BR", "reason": "NONE",
        },
    });
    crate::support::fake_graph::Delivery::new().change(change).post(&admin).await.expect(200);
    assert_eq!(names("?status=paused").await, ["boas_vindas"]);
    let agent = admin.create_agent("bia", "atendente", &[]).await;
    agent.get(TEMPLATES).expect(200).await;
    agent.post_nothing(&path).expect(403).await;
    graph.revoke_tokens(true);
    let refusal = admin.post_nothing(&path).expect_failure(400).await;
    assert!(text(&refusal["detail"]).starts_with("190: "), "{refusal}");
    graph.assert_well_used();
}

#[tokio::test]
async fn a_template_goes_out_at_any_time_and_is_checked_before() {
    const MARIA: &str = "5511999990001";
    let graph = FakeGraph::start().await;
    graph.set_templates(vec![
        template(1, "pedido", "APPROVED", "Olá {{1}}, o pedido {{2}} saiu."),
        template(2, "novo", "PENDING", "Olá"),
    ]);
    let server = graph.hub_on(&Database::Sqlite).start().await;
    let admin = server.admin().await;
    admin.make_session_ready().await;
    admin.post_nothing(&format!("{TEMPLATES}sincronizar/")).expect(200).await;
    let send = |template: Value| {
        admin.post(SEND, json!({"to": MARIA, "type": "template", "template": template}))
    };
    // Nobody has written: free text is refused, the template goes.
    admin.post(SEND, json!({"to": MARIA, "text": "oi"})).expect_failure(409).await;
    let text_of = |value: &str| json!({"type": "text", "text": value});
    let body = |values: &[&str]| {
        let parameters: Vec<Value> = values.iter().map(|value| text_of(value)).collect();
        json!([{"type": "body", "parameters": parameters}])
    };
    let whole = json!({
        "name": "pedido", "language": {"code": "pt_BR"}, "components": body(&["Maria", "42"]),
    });
    let queued = send(whole).expect(202).await;
    let taken = graph.takes(1).await;
    assert_eq!(taken["template"]["language"]["code"], "pt_BR");
    assert_eq!(taken["template"]["components"], body(&["Maria", "42"]));
    let path = format!("/api/v1/whatsapp/messages/{}/", queued["database_id"]);
    let row = admin.get(&path).expect(200).await;
    assert_eq!(row["text_content"], "Olá Maria, o pedido 42 saiu.");
    assert_eq!(row["message_type"], "template");
    let refused = [
        (json!({"name": "pedido"}), "pede 2 parâmetro(s); foram enviados 0"),
        (json!({"name": "novo"}), "ainda aguarda a aprovação da Meta"),
        (json!({"name": "pedido", "language": "en"}), "não existe no idioma en"),
    ];
    for (template, expected) in refused {
        let answer = send(template).expect_invalid("template").await;
        assert!(text(&answer["template"][0]).contains(expected), "{answer}");
    }
    admin.post(SEND, json!({"to": MARIA, "type": "template"})).expect_invalid("template").await;
    send(json!({"language": "pt_BR"})).expect_invalid("template.name").await;
    assert_eq!(graph.sent().len(), 1);
    graph.assert_well_used();
}
