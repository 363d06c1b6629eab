//! Messages as people find them again: lists, single rows, latencies. Everybody sees what he or she
//! sent and the chats that he or she may see.

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{Direction, Message, MessageKind, MessageRowId, MessageStatus, SessionId, phone},
    store::{MessageFilter, MessageSort, Scope},
};

use super::{Id, Listing, Query};
use crate::{
    auth::{
        CurrentAgent,
        scope::{chat_scope, message_scope},
    },
    error::ApiResult,
    openapi::schemas::PageParams,
    state::AppState,
    wire::{
        message::{LatencyStatsOut, MessageOut, MessageParams, MessageRowOut},
        words::Word,
    },
};

/// Slow messages that are shown: enough to see a pattern.
const SLOW_MAX: i64 = 100;
const SORTS: [(&str, MessageSort); 3] = [
    ("created_at", MessageSort::CreatedAt),
    ("sent_at", MessageSort::SentAt),
    ("delivered_at", MessageSort::DeliveredAt),
];

/// `GET /messages/`, newest first.
#[utoipa::path(
    get,
    path = "",
    tag = "Mensagens",
    summary = "Lista mensagens",
    description = "As próprias e as dos chats que a pessoa pode ver, com `view_all_messages` todas; as mais novas primeiro.",
    params(PageParams, MessageParams),
    responses((status = 200, body = Listing<MessageRowOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<MessageRowOut>> {
    let filter = filter(&mut query);
    query.check()?;
    let (scope, orders) = (message_scope(&me), query.orders(&SORTS));
    let fetch = |page| app.hub.store().list_messages(&scope, me.id, &filter, &orders, page);
    Ok(query.fetch(fetch).await?.map(MessageRowOut::from))
}

fn filter(query: &mut Query) -> MessageFilter {
    MessageFilter {
        direction: query.choice("direction", Direction::parse),
        kind: query.choice("message_type", MessageKind::parse),
        status: query.choice("status", status),
        chat_id: query.text("chat_id").map(phone::chat_id),
        session_id: query.number("session").map(SessionId),
        is_from_me: query.boolean("is_from_me"),
        search: query.search_terms(),
    }
}

/// The earlier system told two kinds of failure apart.
fn status(word: &str) -> Option<MessageStatus> {
    if word == "error" { Some(MessageStatus::Failed) } else { MessageStatus::parse(word) }
}

/// `GET /messages/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Mensagens",
    summary = "Mostra uma mensagem",
    description = "Com o conteúdo original e os tempos de entrega.",
    responses((status = 200, body = MessageOut)),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<MessageOut>> {
    let message = find(&app, &me, id).await?;
    Ok(Json(MessageOut::new(message, &me.roster)))
}

/// A message that this person may read.
pub(super) async fn find(app: &AppState, me: &CurrentAgent, id: i64) -> ApiResult<Message> {
    find_within(app, me, &message_scope(me), id).await
}

/// A message that this person sent, or in a chat that the person may see: to read all is not to write to all.
pub(super) async fn find_of_chat(app: &AppState, me: &CurrentAgent, id: i64) -> ApiResult<Message> {
    find_within(app, me, &chat_scope(me), id).await
}

async fn find_within(
    app: &AppState,
    me: &CurrentAgent,
    scope: &Scope,
    id: i64,
) -> ApiResult<Message> {
    let found = app.hub.store().find_message(scope, me.id, MessageRowId(id)).await?;
    Ok(found.ok_or_else(|| HubError::not_found("Mensagem", &id))?)
}

/// `GET /messages/latency-stats/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Mensagens",
    summary = "Resume a latência",
    description = "Das mensagens que a pessoa pode ver.",
    responses((status = 200, body = LatencyStatsOut)),
)]
pub(super) async fn latency_stats(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<LatencyStatsOut>> {
    let stats = app.hub.store().latency_stats(&message_scope(&me), me.id).await?;
    Ok(Json(stats.into()))
}

/// `GET /messages/high-latency/`: what took longer than five seconds to be sent.
#[utoipa::path(
    get,
    path = "",
    tag = "Mensagens",
    summary = "Lista mensagens lentas",
    description = "As que levaram mais de cinco segundos para sair; no máximo 100.",
    responses((status = 200, body = Vec<MessageOut>)),
)]
pub(super) async fn high_latency(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<Vec<MessageOut>>> {
    let scope = message_scope(&me);
    let slow = app.hub.store().list_slow_messages(&scope, me.id, SLOW_MAX).await?;
    Ok(Json(slow.into_iter().map(|message| MessageOut::new(message, &me.roster)).collect()))
}

#[cfg(test)]
mod tests {
    use dx_actors::{
        domain::{AgentId, NewAgent, NewDepartment, Role},
        testing::eventually,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::test_support::TestApp;

    const MESSAGES: &str = "/api/v1/whatsapp/messages/";

    async fn get(app: &TestApp, path: &str) -> Value {
        let answer = app.get(&format!("{MESSAGES}{path}")).signed_in().send().await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    async fn receive(app: &TestApp, from: &str, text: &str) -> Value {
        let body = json!({"event": "message_received", "data": {"from": from, "message": text}});
        let answer = app.post("/api/v1/whatsapp/webhook/").json(&body).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    async fn send(app: &TestApp, by: AgentId, to: &str) -> Value {
        app.state.hub.sessions().start(SessionId(1)).await.unwrap();
        eventually(async || app.state.hub.sessions().is_ready(SessionId(1))).await;
        let body = json!({"to": to, "text": "olá"});
        let call = app.post("/api/v1/whatsapp/send/").signed_in_as(by);
        call.json(&body).send().await.json()["database_id"].clone()
    }

    async fn agent(app: &TestApp, name: &str, role: Role) -> AgentId {
        let new = NewAgent {
            username: name.to_owned(),
            email: String::new(),
            display_name: String::new(),
            phone_number: String::new(),
            role,
            is_active: true,
            skills: dx_actors::domain::List::default(),
            password_hash: String::new(),
            departments: Vec::new(),
        };
        app.state.hub.presence().create_agent(None, new).await.unwrap().id
    }

    async fn department(app: &TestApp, members: Vec<AgentId>) {
        let new = NewDepartment {
            name: "Vendas".to_owned(),
            description: String::new(),
            color: "#10B981".to_owned(),
            capacity: 5,
            response_target_minutes: 15,
            is_active: true,
            opening_hours: None,
            routing: dx_actors::domain::RoutingRules::default(),
            members,
        };
        app.state.hub.presence().create_department(None, new).await.unwrap();
    }

    #[tokio::test]
    async fn lists_are_filtered_and_newest_first() {
        let app = TestApp::new().await;
        let inbound = receive(&app, "5511988880001", "Minha Fatura?").await["id"].clone();
        send(&app, TestApp::ADMIN, "5511988880001").await;
        send(&app, TestApp::ADMIN, "5511988880002").await;
        let counts = [
            ("", 3),
            ("?direction=inbound", 1),
            ("?is_from_me=true", 2),
            ("?is_from_me=true&direction=inbound", 0),
            ("?chat_id=5511988880001", 2),
            ("?chat_id=%2B55+11+98888-0001", 2),
            ("?message_type=image", 0),
            ("?status=error", 0),
            ("?session=1", 3),
            ("?session=2", 0),
            ("?search=fatura", 1),
        ];
        for (query, expected) in counts {
            assert_eq!(get(&app, query).await["count"], expected, "{query}");
        }
        assert_eq!(get(&app, "").await["results"][2]["id"], inbound);
        assert_eq!(get(&app, "?ordering=created_at").await["results"][0]["id"], inbound);
        let last = get(&app, "?page_size=2&page=last").await;
        assert_eq!((&last["results"][0]["id"], &last["next"]), (&inbound, &Value::Null));
        let answer = app.get(&format!("{MESSAGES}?status=zz")).signed_in().send().await;
        let text = "Faça uma escolha válida. zz não é uma das escolhas disponíveis.";
        assert_eq!((answer.status, answer.json()), (400, json!({"status": [text]})));
    }

    #[tokio::test]
    async fn a_row_shows_everything_and_a_foreign_one_nothing() {
        let app = TestApp::new().await;
        let id = send(&app, TestApp::ADMIN, "5511988880001").await;
        eventually(async || get(&app, &format!("{id}/")).await["status"] == "read").await;
        let row = get(&app, &format!("{id}/")).await;
        assert_eq!(row["payload"], json!({"type": "text", "text": "olá"}));
        assert_eq!((&row["usuario"], &row["usuario_nome"]), (&json!(1), &json!("Administrador")));
        assert_eq!((&row["is_from_me"], &row["raw_payload"]), (&json!(true), &Value::Null));
        assert_eq!(row["total_latency_ms"], row["latency_to_read_ms"]);
        for path in [format!("{MESSAGES}{id}/"), format!("{MESSAGES}99/")] {
            let answer = app.get(&path).signed_in_as(TestApp::AGENT).send().await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }

    #[tokio::test]
    async fn people_see_what_concerns_them() {
        let app = TestApp::new().await;
        let seller = agent(&app, "vera", Role::Agent).await;
        let chief = agent(&app, "sueli", Role::Supervisor).await;
        let manager = agent(&app, "gil", Role::Manager).await;
        department(&app, vec![seller, chief]).await;
        // Goes to `Suporte`, the first department by name.
        receive(&app, "5511988880001", "oi").await;
        send(&app, seller, "5511988880002").await;
        for (who, expected) in
            [(seller, 1), (chief, 2), (manager, 2), (TestApp::ADMIN, 2), (TestApp::AGENT, 1)]
        {
            let page = app.get(MESSAGES).signed_in_as(who).send().await.json();
            assert_eq!(page["count"], expected, "{who}");
        }
    }

    #[tokio::test]
    async fn latencies_have_the_documented_keys() {
        let app = TestApp::new().await;
        let expected = json!({
            "total_messages": 0, "outbound_messages": 0, "inbound_messages": 0,
            "avg_latency_to_sent_ms": null, "avg_latency_to_delivered_ms": null,
            "messages_over_5s": 0, "latency_acceptable_rate": 100.0,
        });
        assert_eq!(get(&app, "latency-stats/").await, expected);
        receive(&app, "5511988880001", "oi").await;
        let id = send(&app, TestApp::ADMIN, "5511988880001").await;
        eventually(async || get(&app, &format!("{id}/")).await["status"] == "read").await;
        let stats = get(&app, "latency-stats/").await;
        assert_eq!((&stats["total_messages"], &stats["outbound_messages"]), (&json!(2), &json!(1)));
        assert!(stats["avg_latency_to_sent_ms"].is_f64());
        assert_eq!(get(&app, "high-latency/").await, json!([]));
    }
}
