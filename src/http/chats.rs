//! `/chats/`: the agent's view. A chat is the newest ticket of a chat id, an open one first.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use dx_actors::{
    HubError,
    chat::{Acceptance, Closing},
    domain::{
        AgentId, DepartmentId, Rejected, Ticket, TicketStatus, TicketView, phone, remark::tag,
        ticket::Viewer,
    },
    store::{ChatRow, ChatSort, Order, Page, TicketFilter},
};

use super::{
    Body, Query,
    tickets::{new_notes, transfer_request},
};
use crate::{
    auth::{CurrentAgent, Permission, scope::chat_scope},
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden},
    state::AppState,
    wire::{
        chat::{
            AcceptIn, ChatAttendedOut, ChatClosedOut, ChatNotAvailableOut, ChatOut, ChatParams,
            ChatRowOut, ChatTransferredOut, CloseIn,
        },
        chat_history::{ChatHistoryOut, HistoryParams},
        ticket::TransferIn,
        words::Word,
    },
};

const TOTAL_HEADER: &str = "x-total-count";
/// What a screen holds; clients that name no size expect everything they work on.
const CHATS_DEFAULT: i64 = 100;
const CHATS_MAX: i64 = 200;
/// Contract §14.
const MESSAGES_DEFAULT: i64 = 50;
const MESSAGES_MAX: i64 = 200;
/// What is listed when no status is asked for.
const LISTED: [TicketStatus; 4] =
    [TicketStatus::Waiting, TicketStatus::Active, TicketStatus::Paused, TicketStatus::Cancelled];
pub(super) const NO_CHAT: &str = "Chat não encontrado";

/// The chat id in a path, as it was written before it was encoded.
pub(super) struct ChatId(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for ChatId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let text = path.ok().map(|Path(text)| text).filter(|text| !text.contains('\0'));
        text.map(Self).ok_or_else(|| ApiError::missing(NO_CHAT))
    }
}

/// `GET chats/`: a plain array; how many there are in all is in a header.
#[utoipa::path(
    get,
    path = "",
    tag = "Chats",
    summary = "Lista os chats",
    description = "Um array simples; `X-Total-Count` diz quantos há ao todo.",
    params(ChatParams),
    responses(
        (
            status = 200,
            body = Vec<ChatRowOut>,
            headers(("X-Total-Count" = i64, description = "Chats ao todo."))
        )
    ),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<impl IntoResponse> {
    let filter = filter(&mut query);
    let order = order(&mut query);
    let number = whole(&mut query, "page", 1, 1);
    let limit = whole(&mut query, "size", 1, CHATS_DEFAULT).min(CHATS_MAX);
    query.check()?;
    let page = Page { limit, offset: (number - 1).saturating_mul(limit) };
    let slice = app.hub.store().list_chats(&chat_scope(&me), me.id, &filter, order, page).await?;
    let rows = slice.rows.into_iter().map(|row| ChatRowOut::new(row, &me.roster));
    let rows: Vec<ChatRowOut> = rows.collect();
    Ok(([(TOTAL_HEADER, slice.total.to_string())], Json(rows)))
}

/// `GET chats/{chat_id}/`: only as long as it is open.
#[utoipa::path(
    get,
    path = "",
    tag = "Chats",
    summary = "Mostra um chat aberto",
    description = "404 depois do encerramento.",
    responses((status = 200, body = ChatOut), Forbidden),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
) -> ApiResult<Json<ChatOut>> {
    let view = find(&app, &chat_id).await?;
    if !view.ticket.status.is_open() {
        return Err(ApiError::missing(NO_CHAT));
    }
    permit(&me, &view.ticket, Viewer::may_see, "visualizar")?;
    shown(&app, &me, view).await.map(Json)
}

/// `GET chats/{chat_id}/messages/`: what was said in the present ticket, newest first.
#[utoipa::path(
    get,
    path = "",
    tag = "Chats",
    summary = "Mostra o histórico de um chat",
    description = "O que foi dito no atendimento atual, o mais novo primeiro.",
    params(HistoryParams),
    responses((status = 200, body = ChatHistoryOut), Forbidden),
)]
pub(super) async fn messages(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
    mut query: Query,
) -> ApiResult<Json<ChatHistoryOut>> {
    let limit = whole(&mut query, "limit", 1, MESSAGES_DEFAULT).min(MESSAGES_MAX);
    let offset = whole(&mut query, "offset", 0, 0);
    query.check()?;
    let ticket = find(&app, &chat_id).await?.ticket;
    permit(&me, &ticket, Viewer::may_see, "visualizar")?;
    let page = Page { limit, offset };
    let slice = app.hub.store().list_ticket_messages(ticket.id, page).await?;
    Ok(Json(ChatHistoryOut::new(slice, limit, offset, &me.roster)))
}

/// `POST chats/{chat_id}/aceitar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Chats",
    summary = "Aceita um chat que espera",
    description = "Quem perde a corrida recebe 400.",
    request_body = AcceptIn,
    responses((status = 200, body = ChatOut), Forbidden, Conflict),
)]
pub(super) async fn accept(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
    body: Body,
) -> ApiResult<Json<ChatOut>> {
    let view = find(&app, &chat_id).await?;
    let view = take(&app, &me, view, body).await?;
    shown(&app, &me, view).await.map(Json)
}

/// `POST chats/{chat_id}/attend/`: the same in the words of other clients.
#[utoipa::path(
    post,
    path = "",
    tag = "Chats",
    summary = "Aceita um chat que espera (outra forma)",
    description = "O mesmo que `aceitar/`, com a resposta que outros clientes esperam.",
    request_body = AcceptIn,
    responses((status = 200, body = ChatAttendedOut), Forbidden, Conflict),
)]
pub(super) async fn attend(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
    body: Body,
) -> ApiResult<Response> {
    let view = find(&app, &chat_id).await?;
    match take(&app, &me, view, body).await {
        Ok(view) => Ok(Json(ChatAttendedOut::new(&view.ticket, &me.roster)).into_response()),
        Err(Refusal::Rejected(Rejected::NotWaiting(status))) => {
            let body = Json(ChatNotAvailableOut::from(status));
            Ok((StatusCode::BAD_REQUEST, body).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// `POST chats/{chat_id}/transferir/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Chats",
    summary = "Transfere um chat",
    description = "Para outra pessoa, e se preciso para outro departamento.",
    request_body = TransferIn,
    responses((status = 200, body = ChatTransferredOut), Forbidden, Conflict),
)]
pub(super) async fn transfer(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
    body: Body,
) -> ApiResult<Json<ChatTransferredOut>> {
    let ticket = find(&app, &chat_id).await?.ticket;
    permit(&me, &ticket, Viewer::may_act, "transferir")?;
    let request = transfer_request(me.id, body.fields())?;
    let (_, transfer) = app.hub.chats().transfer(&ticket, request).await?;
    Ok(Json(ChatTransferredOut::new(&transfer, &me.roster)))
}

/// `POST chats/{chat_id}/encerrar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Chats",
    summary = "Encerra um chat",
    description = "O cliente recebe a despedida do departamento.",
    request_body = CloseIn,
    responses((status = 200, body = ChatClosedOut), Forbidden, Conflict),
)]
pub(super) async fn close(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
    body: Body,
) -> ApiResult<Json<ChatClosedOut>> {
    let ticket = find(&app, &chat_id).await?.ticket;
    permit(&me, &ticket, Viewer::may_act, "encerrar")?;
    let mut fields = body.fields();
    let notes = new_notes(&mut fields);
    let asks_for_rating = fields.optional_bool("solicitar_avaliacao");
    let closing = fields.finish(Closing { by: Some(me.id), notes, asks_for_rating })?;
    let closed = app.hub.chats().close(&ticket, closing).await;
    let closed = closed.map_err(|error| in_words_of_chats(error, ticket.status))?;
    Ok(Json(ChatClosedOut::from(&closed)))
}

/// Why a chat was not taken; `attend` answers one of the reasons in its own way.
enum Refusal {
    Rejected(Rejected),
    Other(ApiError),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejected) => rejected.into(),
            Refusal::Other(error) => error,
        }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl From<Rejected> for Refusal {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl From<HubError> for Refusal {
    fn from(error: HubError) -> Self {
        match error {
            HubError::Rejected(rejected) => Self::Rejected(rejected),
            error => Self::Other(error.into()),
        }
    }
}

/// Gives a waiting chat to whoever asks, or to the colleague in the body. That it waits no longer is
/// said first, to anybody: losers of a race must not read that they have no right.
async fn take(
    app: &AppState,
    me: &CurrentAgent,
    view: TicketView,
    body: Body,
) -> Result<TicketView, Refusal> {
    let TicketView { ticket, customer } = view;
    ticket.check_accept()?;
    let mut fields = body.fields();
    let agent_id = fields.optional_id("atendente_id").map_or(me.id, AgentId);
    let notes = new_notes(&mut fields);
    let notes = fields.finish(notes)?;
    permit(me, &ticket, Viewer::may_see, "aceitar")?;
    if agent_id != me.id {
        me.require(Permission::AcceptForOthers)?;
        let colleague = me.roster.agent(agent_id).filter(|agent| agent.is_active);
        colleague.ok_or_else(|| HubError::not_found("Atendente", &agent_id))?;
    }
    let acceptance = Acceptance { by: me.id, agent_id, notes };
    let ticket = app.hub.chats().accept(&ticket, acceptance).await?;
    Ok(TicketView { ticket, customer })
}

/// 403 in words that say what is not allowed.
pub(super) fn permit(
    me: &CurrentAgent,
    ticket: &Ticket,
    right: fn(&Viewer, &Ticket) -> bool,
    verb: &str,
) -> ApiResult<()> {
    if right(&me.viewer(), ticket) {
        return Ok(());
    }
    let text = format!("Você não tem permissão para {verb} este chat");
    Err(ApiError::Forbidden(text.into()))
}

/// The other API says "Atendimento já finalizado".
fn in_words_of_chats(error: HubError, seen: TicketStatus) -> HubError {
    let status = if seen.is_open() { TicketStatus::Closed } else { seen };
    match error {
        HubError::Rejected(Rejected::TicketAlreadyClosed) => Rejected::AlreadyClosed(status).into(),
        error => error,
    }
}

fn filter(query: &mut Query) -> TicketFilter {
    let status = query.choice("status", TicketStatus::parse);
    TicketFilter {
        statuses: status.map_or_else(|| LISTED.to_vec(), |status| vec![status]),
        department_id: query.number("departamento").map(DepartmentId),
        agent_id: query.number("atendente").map(AgentId),
        tag: query.text("etiqueta").and_then(tag),
        search: query.search_terms(),
        ..TicketFilter::default()
    }
}

fn order(query: &mut Query) -> Order<ChatSort> {
    let sort = |word: &str| match word {
        "lastMessage" => Some(ChatSort::LastMessage),
        "priority" => Some(ChatSort::Priority),
        "created" => Some(ChatSort::CreatedAt),
        "updated" => Some(ChatSort::UpdatedAt),
        _ => None,
    };
    let is_descending = |word: &str| match word {
        "desc" => Some(true),
        "asc" => Some(false),
        _ => None,
    };
    Order {
        by: query.choice("sort", sort).unwrap_or(ChatSort::LastMessage),
        is_descending: query.choice("order", is_descending).unwrap_or(true),
    }
}

/// A number from `min` on.
fn whole(query: &mut Query, name: &str, min: i64, default: i64) -> i64 {
    let number = query.number(name).unwrap_or(default);
    if number < min {
        query.error(name, format!("Certifique-se de que este valor seja maior ou igual a {min}."));
    }
    number.max(min)
}

/// The ticket that a chat id means, as it is written or as a telephone number.
pub(super) async fn find(app: &AppState, chat_id: &str) -> ApiResult<TicketView> {
    let store = app.hub.store();
    let mut found = store.find_chat_ticket(chat_id).await?;
    let canonical = phone::chat_id(chat_id);
    if found.is_none() && canonical != chat_id {
        found = store.find_chat_ticket(&canonical).await?;
    }
    found.ok_or_else(|| ApiError::missing(NO_CHAT))
}

pub(super) async fn shown(
    app: &AppState,
    me: &CurrentAgent,
    view: TicketView,
) -> ApiResult<ChatOut> {
    let (id, agent_id) = (view.ticket.id, view.ticket.agent_id);
    let activity =
        app.hub.store().chat_activities(me.id, &[id]).await?.remove(&id).unwrap_or_default();
    let key = view.ticket.chat_key();
    let window = if app.hub.sessions().has_reply_window(key.session_id) {
        app.hub.store().find_reply_window(&key).await?
    } else {
        None
    };
    // Only a person can answer: what waits in a queue is nobody's yet.
    let open_transfer = app.hub.store().find_open_transfer(id).await?;
    let open_transfer =
        open_transfer.filter(|it| it.to_agent_id.is_some() && it.to_agent_id == agent_id);
    let row = ChatRow { view, activity };
    Ok(ChatOut::new(row, window, open_transfer, &me.roster, app.hub.clock().now()))
}

#[cfg(test)]
mod tests {
    use dx_actors::{
        chat::Outgoing,
        domain::{MessageKind, SessionId, ids::ChatKey},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        http::testing::{CHATS, Office, number, problem},
        test_support::{Answer, TestApp},
    };

    const ADMIN: AgentId = TestApp::ADMIN;

    fn path(chat_id: &str) -> String {
        format!("{CHATS}{chat_id}/")
    }

    async fn act(office: &Office, who: AgentId, action: &str, body: Value) -> Answer {
        office.post(who, &format!("{}{action}/", path(&number(1))), body).await
    }

    /// An agent answers the first customer.
    async fn answer(office: &Office, who: AgentId, text: &str) {
        let key = ChatKey { session_id: SessionId(1), chat_id: number(1) };
        let outgoing = Outgoing {
            agent_id: Some(who),
            phone: number(1),
            kind: MessageKind::Text,
            text: text.to_owned(),
            media_url: None,
            media: None,
            details: None,
            quoted_message_id: None,
            client_message_id: None,
            is_automatic: false,
        };
        office.app.state.hub.chats().send(&key, outgoing).await.unwrap();
    }

    async fn chat_ids(office: &Office, who: AgentId, query: &str) -> Vec<String> {
        let rows = office.read(who, &format!("{CHATS}{query}")).await;
        let rows = rows.as_array().unwrap();
        rows.iter().map(|row| row["chat_id"].as_str().unwrap().to_owned()).collect()
    }

    fn keys_of(row: &Value) -> Vec<&str> {
        row.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[tokio::test]
    async fn the_list_shows_what_was_said_last() {
        let office = Office::open().await;
        for n in 1..=2 {
            office.receive(&number(n), &format!("m{n}"), "oi").await;
        }
        office.receive(&number(1), "last", "e a última").await;
        let rows = office.read(ADMIN, CHATS).await;
        let row = &rows[0];
        let expected = [
            ("chat_id", json!(number(1))),
            ("numero_whatsapp", json!(number(1))),
            ("cliente_nome", json!("Zé")),
            ("cliente_email", Value::Null),
            ("status", json!("aguardando")),
            ("prioridade", json!("normal")),
            ("atendente_id", Value::Null),
            ("atendente_nome", Value::Null),
            ("departamento_nome", json!("Outros")),
            ("ultima_mensagem_texto", json!("e a última")),
            ("ultima_mensagem_tipo", json!("text")),
            ("ultima_mensagem_direcao", json!("inbound")),
            ("total_mensagens", json!(2)),
            ("mensagens_nao_lidas", json!(2)),
        ];
        for (key, value) in expected {
            assert_eq!(row[key], value, "{key}");
        }
        assert_eq!(keys_of(row).len(), 21);
        office.enqueue(&number(3), "normal").await;
        let silent = office.read(ADMIN, &format!("{CHATS}?departamento={}", office.sales)).await;
        assert!(silent[0]["ultima_mensagem_texto"].is_null());
    }

    #[tokio::test]
    async fn the_list_is_cut_filtered_and_sorted() {
        let office = Office::open().await;
        for (n, priority) in ["normal", "alta", "baixa", "urgente"].into_iter().enumerate() {
            office.enqueue(&number(n), priority).await;
        }
        office.post(office.ana, &format!("{}aceitar/", path(&number(2))), json!({})).await;
        let by = |order: [usize; 4]| order.map(number).to_vec();
        let cases = [
            ("?sort=priority".to_owned(), by([3, 1, 0, 2])),
            ("?sort=priority&order=asc".into(), by([2, 0, 1, 3])),
            ("?sort=created&order=asc".into(), by([0, 1, 2, 3])),
            (String::new(), by([3, 2, 1, 0])),
            ("?sort=created&order=asc&size=3&page=2".into(), vec![number(3)]),
            ("?size=999&page=2".into(), vec![]),
            ("?status=em_atendimento".into(), vec![number(2)]),
            (format!("?atendente={}", office.ana), vec![number(2)]),
            ("?departamento=999".into(), vec![]),
        ];
        for (query, expected) in cases {
            assert_eq!(chat_ids(&office, ADMIN, &query).await, expected, "{query}");
        }
        assert_eq!(chat_ids(&office, ADMIN, "?sort=updated").await[0], number(2));
        let answer = office.get(ADMIN, "/api/v1/chats?page=1&size=1&sort=lastMessage&order=desc");
        let answer = answer.await;
        assert_eq!(answer.headers[TOTAL_HEADER], "4");
        assert_eq!(answer.json().as_array().unwrap().len(), 1);
        for name in ["status", "atendente", "departamento", "sort", "order", "page", "size"] {
            for value in ["zz", "-1"] {
                let answer = office.get(ADMIN, &format!("{CHATS}?{name}={value}")).await;
                let is_number = ["atendente", "departamento"].contains(&name) && value == "-1";
                assert_eq!(answer.status, if is_number { 200 } else { 400 }, "{name}={value}");
            }
        }
    }

    #[tokio::test]
    async fn a_chat_is_shown_whole_and_only_while_it_is_open() {
        let office = Office::open().await;
        office.accepted(office.ana, &number(1)).await;
        let chat = office.read(office.ana, &path(&number(1))).await;
        let expected = [
            ("chat_id", json!(number(1))),
            ("status", json!("em_atendimento")),
            ("cliente_nome", json!("Empresa XYZ")),
            ("cliente_telefone", Value::Null),
            ("atendente", json!(office.ana.0)),
            ("atendente_nome", json!("Pessoa ana")),
            ("atendente_username", json!("ana")),
            ("departamento_cor", json!("#10B981")),
            ("tempo_primeira_resposta_minutos", Value::Null),
            ("total_mensagens", json!(0)),
            ("avaliacao", Value::Null),
            ("finalizado_em", Value::Null),
        ];
        for (key, value) in expected {
            assert_eq!(chat[key], value, "{key}");
        }
        assert_eq!(keys_of(&chat).len(), 33);
        for written in [format!("{}%40s.whatsapp.net", number(1)), format!("%2B{}", number(1))] {
            let found = office.read(ADMIN, &path(&written)).await;
            assert_eq!(found["id"], chat["id"], "{written}");
        }
        act(&office, office.ana, "encerrar", json!({})).await;
        for gone in [number(1), number(9), "a%00".into(), "%FF".into()] {
            let answer = office.get(ADMIN, &path(&gone)).await;
            assert_eq!((answer.status, answer.json()), (404, problem(NO_CHAT)), "{gone}");
        }
    }

    #[tokio::test]
    async fn the_history_is_that_of_the_present_ticket() {
        let office = Office::open().await;
        office.receive(&number(1), "old", "antes").await;
        act(&office, ADMIN, "encerrar", json!({})).await;
        office.receive(&number(1), "m1", "voltei").await;
        act(&office, office.outsider, "aceitar", json!({})).await;
        answer(&office, office.outsider, "bom dia").await;
        let history = format!("{}messages/", path(&number(1)));
        let page = office.read(office.outsider, &history).await;
        assert_eq!(json!([page["total"], page["limit"], page["offset"]]), json!([2, 50, 0]));
        let [said, asked] = [&page["results"][0], &page["results"][1]];
        let keys = ["text_content", "from_name", "is_from_me", "is_from_agent", "direction"];
        let expected = json!(["bom dia", "Pessoa otto", true, true, "outbound"]);
        assert_eq!(json!(keys.map(|key| &said[key])), expected);
        let expected = json!(["voltei", "Zé", false, false, "inbound"]);
        assert_eq!(json!(keys.map(|key| &asked[key])), expected);
        assert_eq!(keys_of(said).len(), 30);
        let page = office.read(ADMIN, &format!("{history}?limit=999&offset=1")).await;
        assert_eq!(
            json!([page["limit"], page["results"][0]["text_content"]]),
            json!([200, "voltei"])
        );
        for query in ["limit=abc", "limit=0", "limit=-1", "offset=abc", "offset=-1"] {
            assert_eq!(
                office.get(ADMIN, &format!("{history}?{query}")).await.status,
                400,
                "{query}"
            );
        }
        let missing = office.get(ADMIN, &format!("{}messages/", path(&number(9)))).await;
        assert_eq!(missing.status, 404);
    }

    #[tokio::test]
    async fn unread_is_what_came_after_the_last_answer() {
        let office = Office::open().await;
        office.receive(&number(1), "m1", "oi").await;
        office.receive(&number(1), "m2", "alô?").await;
        act(&office, ADMIN, "aceitar", json!({})).await;
        let unread =
            async || office.read(ADMIN, &path(&number(1))).await["mensagens_nao_lidas"].clone();
        assert_eq!(unread().await, 2);
        answer(&office, ADMIN, "bom dia").await;
        assert_eq!(unread().await, 0);
        office.receive(&number(1), "m3", "obrigado").await;
        assert_eq!(unread().await, 1);
    }

    #[tokio::test]
    async fn everybody_sees_what_the_role_allows() {
        let office = Office::open().await;
        let chat = path(&number(1));
        let see = async |who: AgentId| {
            let listed = chat_ids(&office, who, "").await.len();
            let statuses =
                [office.get(who, &chat).await, office.get(who, &format!("{chat}messages/")).await];
            (listed, statuses.map(|answer| answer.status))
        };
        let refused = "Você não tem permissão para visualizar este chat";
        office.enqueue(&number(1), "normal").await;
        let above = [office.supervisor, office.manager, ADMIN];
        for who in [office.ana, office.bia].into_iter().chain(above) {
            assert_eq!(see(who).await, (1, [200, 200]), "{who} before");
        }
        assert_eq!(see(office.outsider).await, (0, [403, 403]));
        // Whoever belongs to no department helps in all of them.
        assert_eq!(see(TestApp::AGENT).await, (1, [200, 200]));
        act(&office, office.ana, "aceitar", json!({})).await;
        for who in [office.ana].into_iter().chain(above) {
            assert_eq!(see(who).await, (1, [200, 200]), "{who} after");
        }
        for who in [office.bia, office.outsider] {
            assert_eq!(see(who).await, (0, [403, 403]), "{who} after");
            assert_eq!(office.get(who, &chat).await.json(), problem(refused));
        }
        act(&office, office.ana, "encerrar", json!({})).await;
        for (who, status) in [(office.ana, 200), (office.supervisor, 200), (office.bia, 403)] {
            let answer = office.get(who, &format!("{chat}messages/")).await;
            assert_eq!(answer.status, status, "{who} at the end");
        }
        assert_eq!(chat_ids(&office, office.ana, "?status=finalizado").await.len(), 1);
    }

    #[tokio::test]
    async fn a_chat_is_accepted_once_by_somebody_who_may() {
        let office = Office::open().await;
        let (ana, bia) = (office.ana, office.bia);
        office.enqueue(&number(1), "normal").await;
        let for_bia = json!({"atendente_id": bia.0});
        let cases = [
            (office.outsider, json!({}), 403, "Você não tem permissão para aceitar este chat"),
            (ana, for_bia.clone(), 403, "Você não tem permissão para executar essa ação."),
            (office.supervisor, json!({"atendente_id": 999}), 404, "Atendente 999 não existe"),
            (ADMIN, json!({"atendente_id": TestApp::INACTIVE.0}), 404, "Atendente 3 não existe"),
        ];
        for (who, body, status, text) in cases {
            let answer = act(&office, who, "aceitar", body).await;
            assert_eq!((answer.status, answer.json()["detail"].as_str()), (status, Some(text)));
        }
        let mut body = for_bia;
        body["observacoes"] = "vou".into();
        let chat = act(&office, office.supervisor, "aceitar", body).await;
        assert_eq!(chat.status, 200, "{}", chat.text);
        let chat = chat.json();
        let keys = ["status", "atendente", "observacoes"];
        assert_eq!(json!(keys.map(|key| &chat[key])), json!(["em_atendimento", bia.0, "vou"]));
        assert!(chat["iniciado_em"].is_string());
        for who in [ana, bia, office.outsider, ADMIN] {
            let late = act(&office, who, "aceitar", json!({})).await;
            let expected = (400, problem("Este chat já está em_atendimento"));
            assert_eq!((late.status, late.json()), expected, "{who}");
        }
        let missing = office.post(ana, &format!("{}aceitar/", path(&number(9))), json!({})).await;
        assert_eq!((missing.status, missing.json()), (404, problem(NO_CHAT)));
    }

    #[tokio::test]
    async fn attend_is_another_word_for_accept() {
        let office = Office::open().await;
        office.enqueue(&number(1), "normal").await;
        let answer = act(&office, office.ana, "attend", Value::Null).await;
        let mut body = answer.json();
        assert!(body["assigned_at"].take().as_str().unwrap().ends_with('Z'));
        let expected = json!({
            "message": "Chat atendido com sucesso", "chat_id": number(1),
            "assigned_agent": {"id": office.ana.0, "nome": "Pessoa ana"},
            "status": "em_atendimento", "assigned_at": null,
        });
        assert_eq!((answer.status, body), (200, expected));
        let late = act(&office, office.bia, "attend", Value::Null).await;
        let expected = json!({
            "error": "Chat não está disponível para atendimento",
            "detail": "Este chat já está em_atendimento", "current_status": "em_atendimento",
        });
        assert_eq!((late.status, late.json()), (400, expected));
        let missing =
            office.post(ADMIN, &format!("{}attend/", path(&number(9))), Value::Null).await;
        assert_eq!((missing.status, missing.json()), (404, problem(NO_CHAT)));
    }

    #[tokio::test]
    async fn a_chat_is_transferred_by_the_rules_of_tickets() {
        let office = Office::open().await;
        let (ana, bia) = (office.ana, office.bia);
        office.accepted(ana, &number(1)).await;
        let to = |id: AgentId| json!({"atendente_destino_id": id.0, "motivo": "almoço"});
        let refused = act(&office, bia, "transferir", to(bia)).await;
        let text = "Você não tem permissão para transferir este chat";
        assert_eq!((refused.status, refused.json()), (403, problem(text)));
        for (body, status) in [
            (json!({}), 400),
            (to(AgentId(999)), 404),
            (to(TestApp::INACTIVE), 404),
            (to(ana), 400),
        ] {
            assert_eq!(act(&office, ana, "transferir", body).await.status, status);
        }
        let answer = act(&office, ana, "transferir", to(bia)).await;
        let expected = json!({
            "message": "Chat transferido com sucesso", "transferencia_id": 1,
            "atendente_destino": {"id": bia.0, "nome": "Pessoa bia"},
        });
        assert_eq!((answer.status, answer.json()), (200, expected));
        assert_eq!(office.read(bia, &path(&number(1))).await["atendente"], bia.0);
        assert_eq!(office.get(ana, &path(&number(1))).await.status, 403);
    }

    #[tokio::test]
    async fn a_chat_is_closed_once() {
        let office = Office::open().await;
        let ticket = office.accepted(office.ana, &number(1)).await;
        let refused = act(&office, office.bia, "encerrar", json!({})).await;
        let text = "Você não tem permissão para encerrar este chat";
        assert_eq!((refused.status, refused.json()), (403, problem(text)));
        let bad = act(&office, office.ana, "encerrar", json!({"solicitar_avaliacao": "x"})).await;
        assert_eq!(
            bad.json(),
            json!({"solicitar_avaliacao": ["Deve ser um valor booleano válido."]})
        );
        let body = json!({"observacoes": "resolvido", "solicitar_avaliacao": false});
        let answer = act(&office, office.ana, "encerrar", body).await;
        let row = office.read(office.ana, &ticket).await;
        let expected = json!({
            "message": "Chat encerrado com sucesso", "atendimento_id": row["id"],
            "finalizado_em": row["finalizado_em"],
        });
        assert_eq!((answer.status, answer.json()), (200, expected));
        assert_eq!(row["observacoes"], "resolvido");
        let again = act(&office, office.ana, "encerrar", json!({})).await;
        assert_eq!((again.status, again.json()), (400, problem("Este chat já está finalizado")));
        let late = act(&office, office.bia, "aceitar", json!({})).await;
        assert_eq!((late.status, late.json()), (400, problem("Este chat já está finalizado")));
    }

    #[tokio::test]
    async fn nothing_is_shown_to_strangers() {
        let app = TestApp::new().await;
        for path in [CHATS, "/api/v1/chats/1/", "/api/v1/chats/1/messages/"] {
            assert_eq!(app.get(path).send().await.status, 401, "{path}");
        }
    }
}
