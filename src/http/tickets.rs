//! `/atendimento/atendimentos/`: tickets, for those who are responsible for them.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use dx_actors::{
    HubError,
    chat::{Closing, TransferRequest},
    domain::{
        AgentId, CustomerId, DepartmentId, Priority, TicketId, TicketStatus, TicketView, phone,
    },
    store::{TicketFilter, TicketSort},
};
use serde_json::Value;

use super::{Body, Fields, Id, Listing, Query, queues, reply::Created};
use crate::{
    auth::{CurrentAgent, Permission, scope::ticket_scope},
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden, schemas::PageParams},
    state::AppState,
    wire::{
        queue::QueueEntryIn,
        ticket::{
            FinishIn, RatingIn, TicketChangesIn, TicketFinishedOut, TicketOut, TicketParams,
            TicketRatedOut, TicketRowOut, TicketTransferredOut, TransferIn,
        },
        words::Word,
    },
};

/// Several pages of text.
pub(super) const NOTES_CHARS_MAX: usize = 10_000;
const REASON_CHARS_MAX: usize = 1000;
const COMMENT_CHARS_MAX: usize = 2000;
const SORTS: [(&str, TicketSort); 3] = [
    ("criado_em", TicketSort::CreatedAt),
    ("iniciado_em", TicketSort::StartedAt),
    ("finalizado_em", TicketSort::ClosedAt),
];

/// `GET atendimentos/`, newest first.
#[utoipa::path(
    get,
    path = "",
    tag = "Atendimentos",
    summary = "Lista os atendimentos",
    description = "Os que a pessoa pode ver, os mais novos primeiro.",
    params(PageParams, TicketParams),
    responses((status = 200, body = Listing<TicketRowOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<TicketRowOut>> {
    let filter = filter(&mut query)?;
    let (scope, orders) = (ticket_scope(&me), query.orders(&SORTS));
    let (store, now) = (app.hub.store(), app.hub.clock().now());
    let page = query.fetch(|page| store.list_tickets(&scope, &filter, &orders, page)).await?;
    Ok(page.map(|view| TicketRowOut::new(view, &me.roster, now)))
}

/// `GET atendimentos/meus-atendimentos/`: one's own open ones, not in pages.
#[utoipa::path(
    get,
    path = "",
    tag = "Atendimentos",
    summary = "Lista os próprios atendimentos abertos",
    description = "Sem páginas.",
    responses((status = 200, body = Vec<TicketOut>)),
)]
pub(super) async fn mine(
    State(app): State<AppState>,
    me: CurrentAgent,
) -> ApiResult<Json<Vec<TicketOut>>> {
    let views = app.hub.store().list_open_tickets_of(me.id).await?;
    Ok(Json(views.into_iter().map(|view| shown(&app, &me, view)).collect()))
}

/// `GET atendimentos/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Atendimentos",
    summary = "Mostra um atendimento",
    description = "Para quem é responsável por ele.",
    responses((status = 200, body = TicketOut)),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<TicketOut>> {
    let view = find(&app, TicketId(id)).await?;
    if !me.viewer().watches(&view.ticket) {
        return Err(missing(TicketId(id)).into());
    }
    Ok(Json(shown(&app, &me, view)))
}

/// `POST atendimentos/`: the same as putting the customer into a queue.
#[utoipa::path(
    post,
    path = "",
    tag = "Atendimentos",
    summary = "Abre um atendimento",
    description = "O mesmo que pôr o cliente na fila: 201 para quem passa a esperar, 200 para quem já \
        esperava.",
    request_body = QueueEntryIn,
    responses(
        (status = 201, body = TicketOut),
        (status = 200, body = TicketOut),
        Forbidden,
        Conflict
    ),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Response> {
    me.require(Permission::ManageDepartments)?;
    let (entry, is_new) = queues::enqueue(&app, &me.roster, &mut body.fields()).await?;
    let row = shown(&app, &me, find(&app, entry.ticket_id).await?);
    Ok(if is_new { Created(row).into_response() } else { Json(row).into_response() })
}

/// `PATCH|PUT atendimentos/{id}/`: notes and priority; everything else in the body is ignored.
#[utoipa::path(
    method(patch, put),
    path = "",
    tag = "Atendimentos",
    summary = "Altera notas e prioridade",
    description = "O resto do corpo é ignorado.",
    request_body = TicketChangesIn,
    responses((status = 200, body = TicketOut), Forbidden, Conflict),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<TicketOut>> {
    let TicketView { ticket, customer } = responsible(&app, &me, TicketId(id)).await?;
    let mut fields = body.fields();
    let notes = fields.optional_text("observacoes", NOTES_CHARS_MAX);
    let priority = fields.optional_choice("prioridade", Priority::parse);
    let (notes, priority) = fields.finish((notes, priority))?;
    if notes.is_none() && priority.is_none() {
        return Ok(Json(shown(&app, &me, TicketView { ticket, customer })));
    }
    let ticket = app.hub.chats().edit(ticket.id, notes, priority, app.hub.clock().now()).await?;
    Ok(Json(shown(&app, &me, TicketView { ticket, customer })))
}

/// `POST atendimentos/{id}/finalizar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Atendimentos",
    summary = "Encerra um atendimento",
    description = "O cliente recebe `mensagem_encerramento` e, se for o caso, o convite para avaliar.",
    request_body = FinishIn,
    responses((status = 200, body = TicketFinishedOut), Forbidden, Conflict),
)]
pub(super) async fn finish(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<TicketFinishedOut>> {
    let view = responsible(&app, &me, TicketId(id)).await?;
    let mut fields = body.fields();
    let notes = new_notes(&mut fields);
    let asks_for_rating = fields.optional_bool("solicitar_avaliacao");
    let closing = fields.finish(Closing { by: Some(me.id), notes, asks_for_rating })?;
    let ticket = app.hub.chats().close(&view.ticket, closing).await?;
    Ok(Json(ticket.id.into()))
}

/// `POST atendimentos/{id}/transferir/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Atendimentos",
    summary = "Transfere um atendimento",
    description = "Para outra pessoa, e se preciso para outro departamento.",
    request_body = TransferIn,
    responses((status = 200, body = TicketTransferredOut), Forbidden, Conflict),
)]
pub(super) async fn transfer(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<TicketTransferredOut>> {
    let view = responsible(&app, &me, TicketId(id)).await?;
    let request = transfer_request(me.id, body.fields())?;
    let (_, transfer) = app.hub.chats().transfer(&view.ticket, request).await?;
    Ok(Json(TicketTransferredOut::new(transfer, &me.roster)))
}

/// `POST atendimentos/{id}/avaliar/`: in any state, by whoever is responsible; the last one counts.
#[utoipa::path(
    post,
    path = "",
    tag = "Atendimentos",
    summary = "Avalia um atendimento",
    description = "De 1 a 5, em qualquer estado; a última avaliação vale.",
    request_body = RatingIn,
    responses((status = 200, body = TicketRatedOut), Forbidden, Conflict),
)]
pub(super) async fn rate(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<TicketRatedOut>> {
    let view = responsible(&app, &me, TicketId(id)).await?;
    let mut fields = body.fields();
    let comment = fields.text_or("comentario", COMMENT_CHARS_MAX, "");
    // What is not a whole number, also one in quotes, is as wrong as 0.
    let rating = fields.json("avaliacao").and_then(Value::as_i64).unwrap_or_default();
    let comment = fields.finish(comment)?;
    let ticket = app.hub.chats().rate(&view.ticket, rating, comment, Some(me.id)).await?;
    Ok(Json(TicketRatedOut::new(ticket.rating)))
}

fn filter(query: &mut Query) -> ApiResult<TicketFilter> {
    let filter = TicketFilter {
        statuses: query.choice("status", TicketStatus::parse).into_iter().collect(),
        department_id: query.number("departamento").map(DepartmentId),
        agent_id: query.number("atendente").map(AgentId),
        priority: query.choice("prioridade", Priority::parse),
        chat_id: query.text("chat_id").map(phone::chat_id),
        customer_id: query.number("cliente").map(CustomerId),
        tag: None,
        search: query.search_terms(),
    };
    query.check()?;
    Ok(filter)
}

/// Notes that replace the old ones; an empty text box does not wipe them.
pub(super) fn new_notes(fields: &mut Fields) -> Option<String> {
    fields.optional_text("observacoes", NOTES_CHARS_MAX).filter(|notes| !notes.is_empty())
}

/// Whom the ticket is handed to, and why.
pub(super) fn transfer_request(by: AgentId, mut fields: Fields) -> ApiResult<TransferRequest> {
    let request = TransferRequest {
        by,
        to_agent_id: target_agent(&mut fields),
        reason: fields.required_text("motivo", REASON_CHARS_MAX),
        to_department_id: fields.optional_id("departamento_destino_id").map(DepartmentId),
    };
    fields.finish(request)
}

/// The agent may be left out when a department is named: then it waits in that queue.
fn target_agent(fields: &mut Fields) -> Option<AgentId> {
    let is_to_queue = fields.json("departamento_destino_id").is_some_and(|id| !id.is_null());
    let is_named = fields.json("atendente_destino_id").is_some_and(|id| !id.is_null());
    if is_to_queue && !is_named {
        return None;
    }
    Some(AgentId(fields.required_id("atendente_destino_id")))
}

/// The ticket, for whoever may act on it. One that may not even be seen is not there.
async fn responsible(app: &AppState, me: &CurrentAgent, id: TicketId) -> ApiResult<TicketView> {
    let (view, viewer) = (find(app, id).await?, me.viewer());
    if !viewer.may_see(&view.ticket) {
        return Err(missing(id).into());
    }
    if viewer.may_act(&view.ticket) { Ok(view) } else { Err(ApiError::forbidden()) }
}

async fn find(app: &AppState, id: TicketId) -> ApiResult<TicketView> {
    Ok(app.hub.store().find_ticket(id).await?.ok_or_else(|| missing(id))?)
}

fn missing(id: TicketId) -> HubError {
    HubError::not_found("Atendimento", &id)
}

fn shown(app: &AppState, me: &CurrentAgent, view: TicketView) -> TicketOut {
    TicketOut::new(view, &me.roster, app.hub.clock().now())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::Method;
    use serde_json::json;

    use super::*;
    use crate::{
        http::testing::{CHATS, DEPARTMENTS, Office, TICKETS, number, problem},
        test_support::TestApp,
    };

    const ADMIN: AgentId = TestApp::ADMIN;

    async fn count(office: &Office, who: AgentId, query: &str) -> i64 {
        office.read(who, &format!("{TICKETS}{query}")).await["count"].as_i64().unwrap()
    }

    #[tokio::test]
    async fn my_tickets_are_a_plain_list_with_the_keys_of_the_reference() {
        let office = Office::open().await;
        office.accepted(office.ana, &number(1)).await;
        office.accepted(office.bia, &number(2)).await;
        office.app.clock.advance(Duration::from_mins(15));
        let mine = office.read(office.ana, &format!("{TICKETS}meus-atendimentos/")).await;
        let rows = mine.as_array().unwrap();
        assert_eq!(rows.len(), 1);
        let expected = [
            ("cliente_nome", json!("Empresa XYZ")),
            ("status", json!("em_atendimento")),
            ("prioridade", json!("alta")),
            ("chat_id", json!(number(1))),
            ("duracao_minutos", json!(15)),
            ("total_mensagens_cliente", json!(0)),
            ("total_mensagens_atendente", json!(0)),
            ("atendente_nome", json!("Pessoa ana")),
            ("departamento_nome", json!("Vendas")),
            ("tempo_espera_minutos", json!(0)),
            ("esta_ativo", json!(true)),
        ];
        for (key, value) in expected {
            assert_eq!(rows[0][key], value, "{key}");
        }
        let short = office.read(office.ana, TICKETS).await["results"][0].clone();
        for (key, value) in short.as_object().unwrap() {
            assert_eq!(&rows[0][key], value, "{key}");
        }
        assert_eq!(short.as_object().unwrap().len(), 12);
    }

    #[tokio::test]
    async fn filters_search_and_order_choose_the_tickets() {
        let office = Office::open().await;
        office.accepted(office.ana, &number(1)).await;
        let customer = office.enqueue(&number(2), "baixa").await["cliente"].clone();
        let (ana, sales) = (office.ana, office.sales);
        let cases = [
            (String::new(), 2),
            ("?status=aguardando".into(), 1),
            ("?status=finalizado".into(), 0),
            ("?prioridade=alta".into(), 1),
            (format!("?atendente={ana}"), 1),
            (format!("?departamento={sales}"), 2),
            ("?departamento=999".into(), 0),
            (format!("?chat_id={}", number(2)), 1),
            (format!("?cliente={customer}"), 1),
            ("?cliente=999".into(), 0),
            (format!("?search={}", number(2)), 1),
            ("?search=xyz+empresa".into(), 2),
        ];
        for (query, expected) in cases {
            assert_eq!(count(&office, ADMIN, &query).await, expected, "{query}");
        }
        for (ordering, first) in [("criado_em", 1), ("-criado_em", 2), ("", 2)] {
            let path = format!("{TICKETS}?ordering={ordering}");
            let page = office.read(ADMIN, &path).await;
            assert_eq!(page["results"][0]["chat_id"], number(first), "{ordering}");
        }
        let waiting = office.read(ADMIN, &format!("{TICKETS}?status=aguardando")).await;
        assert!(waiting["results"][0]["atendente_nome"].is_null());
        for field in ["status", "prioridade", "departamento", "atendente"] {
            let answer = office.get(ADMIN, &format!("{TICKETS}?{field}=zz")).await;
            assert_eq!((answer.status, answer.json()[field].is_array()), (400, true), "{field}");
        }
    }

    #[tokio::test]
    async fn everybody_sees_the_tickets_that_the_role_allows() {
        let office = Office::open().await;
        let path = office.accepted(office.ana, &number(1)).await;
        let waiting = office.enqueue(&number(2), "normal").await;
        let waiting = format!("{TICKETS}{}/", waiting["atendimento"]);
        office.receive(&number(3), "m1", "oi").await; // goes to `Outros`
        let cases = [
            (ADMIN, 3, 200, 200),
            (office.manager, 3, 200, 200),
            (office.supervisor, 2, 200, 200),
            (office.ana, 1, 200, 404),
            (office.bia, 0, 404, 404),
            (office.outsider, 0, 404, 404),
        ];
        for (who, listed, own, queued) in cases {
            assert_eq!(count(&office, who, "").await, listed, "{who}");
            assert_eq!(office.get(who, &path).await.status, own, "{who}");
            assert_eq!(office.get(who, &waiting).await.status, queued, "{who}");
        }
        // What waits may be seen among the chats, but it is nobody's to close.
        for (who, status) in [(office.ana, 403), (office.outsider, 404), (office.supervisor, 200)] {
            let answer = office.post(who, &format!("{waiting}finalizar/"), json!({})).await;
            assert_eq!(answer.status, status, "{who}");
        }
    }

    #[tokio::test]
    async fn notes_and_priority_are_edited_by_the_responsible() {
        let office = Office::open().await;
        let path = office.accepted(office.ana, &number(1)).await;
        let body =
            json!({"observacoes": "vip", "prioridade": "baixa", "avaliacao": 9, "status": 1});
        for (who, status) in [(office.bia, 404), (office.ana, 200), (office.supervisor, 200)] {
            assert_eq!(office.patch(who, &path, body.clone()).await.status, status);
        }
        let row = office.read(ADMIN, &path).await;
        let keys = ["observacoes", "prioridade", "avaliacao", "status"];
        let expected = json!(["vip", "baixa", null, "em_atendimento"]);
        assert_eq!(json!(keys.map(|key| &row[key])), expected);
        let put = office.call(ADMIN, Method::PUT, &path, json!({})).await;
        assert_eq!((put.status, put.json()), (200, row));
        let bad = office.patch(ADMIN, &path, json!({"prioridade": "x"})).await;
        assert_eq!(bad.json(), json!({"prioridade": ["\"x\" não é um escolha válido."]}));
        let deletion = office.delete(ADMIN, &path).await;
        assert_eq!(deletion.status, 405);
        assert_eq!(deletion.json(), problem("Método \"DELETE\" não é permitido."));
    }

    #[tokio::test]
    async fn a_ticket_is_created_waiting_whatever_the_body_says() {
        let office = Office::open().await;
        let mut body = office.entry_body(&number(1), "alta").await;
        body["status"] = "finalizado".into();
        body["atendente"] = office.ana.0.into();
        body["avaliacao"] = 99.into();
        let answer = office.post(office.supervisor, TICKETS, body.clone()).await;
        let row = answer.json();
        let keys = ["status", "prioridade", "atendente", "atendente_nome", "avaliacao"];
        let expected = json!(["aguardando", "alta", null, null, null]);
        assert_eq!((answer.status, json!(keys.map(|key| &row[key]))), (201, expected));
        let again = office.post(ADMIN, TICKETS, body).await;
        assert_eq!((again.status, &again.json()["id"]), (200, &row["id"]));
    }

    #[tokio::test]
    async fn a_ticket_is_finished_once() {
        let office = Office::open().await;
        let path = office.accepted(office.ana, &number(1)).await;
        let finish = format!("{path}finalizar/");
        let notes = "Cliente satisfeito, problema resolvido";
        office.app.clock.advance(Duration::from_mins(2));
        assert_eq!(office.post(office.bia, &finish, json!({})).await.status, 404);
        let answer = office.post(office.ana, &finish, json!({"observacoes": notes})).await;
        let row = office.read(office.ana, &path).await;
        let expected = json!({"message": "Atendimento finalizado", "atendimento_id": row["id"]});
        assert_eq!((answer.status, answer.json()), (200, expected));
        let keys = ["status", "observacoes", "esta_ativo", "tempo_total_atendimento_segundos"];
        let expected = json!(["finalizado", notes, false, 120]);
        assert_eq!(json!(keys.map(|key| &row[key])), expected);
        let again = office.post(office.ana, &finish, json!({"observacoes": "x"})).await;
        assert_eq!((again.status, again.json()), (400, problem("Atendimento já finalizado")));
        assert_eq!(office.read(office.ana, &path).await, row);
        for id in ["999", "abc", "-1"] {
            let answer = office.post(ADMIN, &format!("{TICKETS}{id}/finalizar/"), json!({})).await;
            assert_eq!(answer.status, 404, "{id}");
        }
    }

    #[tokio::test]
    async fn a_transfer_is_checked_in_the_order_of_the_contract() {
        let office = Office::open().await;
        let (ana, bia) = (office.ana, office.bia);
        let path = office.accepted(ana, &number(1)).await;
        let transfer = format!("{path}transferir/");
        let closed = office.post(ADMIN, DEPARTMENTS, json!({"nome": "F", "ativo": false})).await;
        let closed = closed.json()["id"].clone();
        let required = json!(["Este campo é obrigatório."]);
        let to = |agent: i64, department: Value| {
            json!({
                "atendente_destino_id": agent, "motivo": "especialista",
                "departamento_destino_id": department,
            })
        };
        let same = "Não é possível transferir para o mesmo atendente";
        let not_member = "O atendente de destino não pertence ao departamento de destino";
        let missing = |detail: String| json!({"error": "Não encontrado.", "detail": detail});
        let (nobody, nowhere) = (missing("Atendente 999 não existe".into()), |id: &Value| {
            missing(format!("Departamento {id} não existe"))
        });
        let inactive = TestApp::INACTIVE.0;
        let cases = [
            (json!({}), 400, json!({"atendente_destino_id": required, "motivo": required})),
            (json!({"motivo": "x"}), 400, json!({"atendente_destino_id": required})),
            (to(999, json!(999)), 404, nobody),
            (to(inactive, Value::Null), 404, missing(format!("Atendente {inactive} não existe"))),
            (to(ana.0, json!(999)), 400, problem(same)),
            (to(bia.0, json!(999)), 404, nowhere(&json!(999))),
            (to(bia.0, closed.clone()), 404, nowhere(&closed)),
            (to(bia.0, json!(office.others.0)), 400, problem(not_member)),
        ];
        for (body, status, expected) in cases {
            let answer = office.post(ana, &transfer, body.clone()).await;
            assert_eq!((answer.status, answer.json()), (status, expected), "{body}");
        }
        assert_eq!(office.read(ana, &path).await["atendente"], ana.0, "nothing has moved");
        office.post(ana, &format!("{path}finalizar/"), json!({})).await;
        let late = office.post(ana, &transfer, to(999, Value::Null)).await;
        let text = "Atendimento não pode ser transferido no estado atual";
        assert_eq!((late.status, late.json()), (400, problem(text)));
    }

    #[tokio::test]
    async fn a_transfer_answers_as_the_reference_shows() {
        let office = Office::open().await;
        let (ana, otto) = (office.ana, office.outsider);
        let path = office.accepted(ana, &number(1)).await;
        let body = json!({
            "atendente_destino_id": otto.0, "motivo": "Cliente solicitou especialista",
            "departamento_destino_id": office.others.0,
        });
        let answer = office.post(ana, &format!("{path}transferir/"), body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let mut answer = answer.json();
        assert!(answer["transferencia"]["criado_em"].take().as_str().unwrap().ends_with('Z'));
        let ticket = answer["atendimento_id"].clone();
        let expected = json!({
            "message": "Atendimento transferido com sucesso",
            "transferencia": {
                "id": 1, "atendimento": ticket, "atendente_origem": ana.0,
                "atendente_origem_nome": "Pessoa ana", "atendente_destino": otto.0,
                "atendente_destino_nome": "Pessoa otto", "departamento_origem": office.sales.0,
                "departamento_origem_nome": "Vendas", "departamento_destino": office.others.0,
                "departamento_destino_nome": "Outros",
                "motivo": "Cliente solicitou especialista", "aceito": false, "aceito_em": null,
                "criado_em": null, "foi_entre_departamentos": true,
            },
            "atendimento_id": ticket,
        });
        assert_eq!(answer, expected);
        assert_eq!(office.get(ana, &path).await.status, 404);
        let row = office.read(otto, &path).await;
        let keys = ["atendente", "departamento", "status"];
        let expected = json!([otto.0, office.others.0, "em_atendimento"]);
        assert_eq!(json!(keys.map(|key| &row[key])), expected);
    }

    #[tokio::test]
    async fn a_rating_is_a_whole_number_from_1_to_5() {
        let office = Office::open().await;
        let path = office.accepted(office.ana, &number(1)).await;
        let rate = format!("{path}avaliar/");
        let values = json!(["5", 0, 6, -1, 4.5, 5.0, true, [5], {}, null]);
        for bad in values.as_array().unwrap() {
            let answer = office.post(office.ana, &rate, json!({"avaliacao": bad})).await;
            let expected = (400, problem("Avaliação deve ser de 1 a 5"));
            assert_eq!((answer.status, answer.json()), expected, "{bad}");
        }
        assert_eq!(office.post(office.ana, &rate, json!({})).await.status, 400);
        let body = json!({"avaliacao": 5, "comentario": "Excelente atendimento!"});
        assert_eq!(office.post(office.bia, &rate, body.clone()).await.status, 404);
        office.post(office.ana, &format!("{path}finalizar/"), json!({})).await;
        for who in [office.supervisor, office.ana] {
            let answer = office.post(who, &rate, body.clone()).await;
            let expected = json!({"message": "Avaliação registrada", "avaliacao": 5});
            assert_eq!((answer.status, answer.json()), (200, expected));
            let hub = &office.app.state.hub;
            let ticket = hub.store().find_chat_ticket(&number(1)).await.unwrap().unwrap().ticket;
            assert_eq!(ticket.rated_by, Some(who));
        }
        let row = office.read(ADMIN, &path).await;
        assert_eq!(row["avaliacao"], 5);
        assert_eq!(row["comentario_avaliacao"], "Excelente atendimento!");
        assert_eq!(office.get(ADMIN, &format!("{CHATS}{}/", number(1))).await.status, 404);
    }
}
