//! What people note about a chat without changing its course: `lido/`, `notas/`, `etiquetas/`.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
};
use dx_actors::{
    HubError,
    domain::{
        NoteId, Ticket, TicketId,
        remark::{NOTE_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, tags},
        ticket::Viewer,
    },
};

use super::{
    Body, Listing, Query,
    chats::{ChatId, NO_CHAT, find, permit},
    reply::{Created, NoContent},
};
use crate::{
    auth::{CurrentAgent, scope::chat_scope},
    error::{ApiError, ApiResult},
    openapi::{Forbidden, schemas::PageParams},
    state::AppState,
    wire::remark::{
        ChatReadOut, ChatTagsIn, ChatTagsOut, NoteIn, NoteOut, NoteParams, ReadIn, TagCountOut,
        TagParams,
    },
};

/// Contract §10: the longest id of a message.
const MESSAGE_ID_CHARS_MAX: usize = 255;
const NOT_IN_CHAT: &str = "Esta mensagem não está no atendimento atual deste chat.";

/// `POST chats/{chat_id}/lido/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Chats",
    summary = "Marca um chat como lido",
    description = "Para quem pede; os outros aparelhos da pessoa recebem `chat_read`. Quando ela é a \
        responsável, o cliente vê que a mensagem foi lida. Responder também marca como lido, para todos.",
    request_body = ReadIn,
    responses((status = 200, body = ChatReadOut), Forbidden),
)]
pub(super) async fn read(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
    body: Body,
) -> ApiResult<Json<ChatReadOut>> {
    let mut fields = body.fields();
    let until = fields.optional_text("ate", MESSAGE_ID_CHARS_MAX);
    let until = fields.finish(until)?.filter(|id| !id.is_empty());
    let ticket = find(&app, &chat_id).await?.ticket;
    permit(&me, &ticket, Viewer::may_see, "visualizar")?;
    let mark = app.hub.chats().mark_read(&ticket, me.id, until).await?;
    let mark = mark.ok_or_else(|| ApiError::field("ate", NOT_IN_CHAT))?;
    Ok(Json(ChatReadOut::new(&mark, &ticket)))
}

/// `GET chats/{chat_id}/notas/`, oldest first.
#[utoipa::path(
    get,
    path = "",
    tag = "Chats",
    summary = "Lista as notas internas",
    description = "Do atendimento atual, as mais antigas primeiro. O cliente nunca as vê.",
    params(PageParams, NoteParams),
    responses((status = 200, body = Listing<NoteOut>), Forbidden),
)]
pub(super) async fn notes(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
    mut query: Query,
) -> ApiResult<Listing<NoteOut>> {
    let earlier = query.number("atendimento").map(TicketId);
    query.check()?;
    let mut ticket = find(&app, &chat_id).await?.ticket;
    if let Some(id) = earlier {
        ticket = of_chat(&app, id, &ticket.chat_id).await?;
    }
    permit(&me, &ticket, Viewer::may_see, "visualizar")?;
    let page = query.fetch(|page| app.hub.store().list_notes(ticket.id, page)).await?;
    Ok(page.map(|note| NoteOut::new(note, &me.roster)))
}

/// `POST chats/{chat_id}/notas/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Chats",
    summary = "Escreve uma nota interna",
    description = "Quem pode ver o chat recebe `note_added`. Não conta como mensagem.",
    request_body = NoteIn,
    responses((status = 201, body = NoteOut), Forbidden),
)]
pub(super) async fn add_note(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
    body: Body,
) -> ApiResult<Created<NoteOut>> {
    let mut fields = body.fields();
    let text = fields.required_text("texto", NOTE_CHARS_MAX);
    let ticket = find(&app, &chat_id).await?.ticket;
    permit(&me, &ticket, Viewer::may_see, "anotar")?;
    let text = fields.finish(text)?;
    let note = app.hub.chats().add_note(&ticket, me.id, text).await?;
    Ok(Created(NoteOut::new(note, &me.roster)))
}

/// `DELETE chats/{chat_id}/notas/{id}/`, also of an earlier ticket of the chat.
#[utoipa::path(
    delete,
    path = "",
    tag = "Chats",
    summary = "Exclui uma nota interna",
    description = "Só quem a escreveu, ou um gerente. O texto fica na auditoria.",
    responses((status = 204), Forbidden),
)]
pub(super) async fn remove_note(
    State(app): State<AppState>,
    me: CurrentAgent,
    NoteInChat(chat_id, id): NoteInChat,
) -> ApiResult<NoContent> {
    let chat = find(&app, &chat_id).await?.ticket;
    let missing = || HubError::not_found("Nota", &id);
    let note = app.hub.store().find_note(id).await?.ok_or_else(missing)?;
    let ticket = of_chat(&app, note.ticket_id, &chat.chat_id).await.map_err(|_| missing())?;
    permit(&me, &ticket, Viewer::may_see, "visualizar")?;
    if !me.viewer().may_remove(&note) {
        return Err(ApiError::forbidden());
    }
    if !app.hub.chats().remove_note(&ticket, note, me.id).await? {
        return Err(missing().into());
    }
    Ok(NoContent)
}

/// `PUT chats/{chat_id}/etiquetas/`.
#[utoipa::path(
    put,
    path = "",
    tag = "Chats",
    summary = "Define as etiquetas de um chat",
    description = "No máximo 10, de até 30 caracteres; quem pode ver o chat recebe `chat_tags_changed`. \
        Pertencem ao atendimento: um novo começa sem etiquetas.",
    request_body = ChatTagsIn,
    responses((status = 200, body = ChatTagsOut), Forbidden),
)]
pub(super) async fn set_tags(
    State(app): State<AppState>,
    me: CurrentAgent,
    ChatId(chat_id): ChatId,
    body: Body,
) -> ApiResult<Json<ChatTagsOut>> {
    let mut fields = body.fields();
    let written = fields.required_texts("etiquetas", TAG_CHARS_MAX);
    let tags = tags(written.iter().map(String::as_str));
    if tags.len() > TAGS_MAX {
        fields.error("etiquetas", format!("No máximo {TAGS_MAX} etiquetas."));
    }
    let ticket = find(&app, &chat_id).await?.ticket;
    permit(&me, &ticket, Viewer::may_see, "alterar")?;
    let tags = fields.finish(tags)?;
    let tags = app.hub.chats().set_tags(&ticket, me.id, tags).await?;
    Ok(Json(ChatTagsOut { ticket_id: ticket.id.0, chat_id: ticket.chat_id, tags }))
}

/// `GET etiquetas/`: those that are in use, the most frequent first.
#[utoipa::path(
    get,
    path = "",
    tag = "Chats",
    summary = "Lista as etiquetas em uso",
    description = "Com a contagem dos chats que a pessoa pode ver; as mais usadas primeiro.",
    params(PageParams, TagParams),
    responses((status = 200, body = Listing<TagCountOut>)),
)]
pub(super) async fn known_tags(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
) -> ApiResult<Listing<TagCountOut>> {
    let (scope, search) = (chat_scope(&me), query.text("search").map(str::to_lowercase));
    let fetch = |page| app.hub.store().list_tags(&scope, search.as_deref(), page);
    Ok(query.fetch(fetch).await?.map(TagCountOut::from))
}

/// A ticket of this chat.
async fn of_chat(app: &AppState, id: TicketId, chat_id: &str) -> ApiResult<Ticket> {
    let found = app.hub.store().find_ticket(id).await?.map(|view| view.ticket);
    let found = found.filter(|ticket| ticket.chat_id == chat_id);
    Ok(found.ok_or_else(|| HubError::not_found("Atendimento", &id))?)
}

/// A note in a path.
pub(super) struct NoteInChat(String, NoteId);

impl<S: Send + Sync> FromRequestParts<S> for NoteInChat {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((chat_id, id)) = path.map_err(|_| ApiError::missing(NO_CHAT))?;
        if chat_id.contains('\0') {
            return Err(ApiError::missing(NO_CHAT));
        }
        let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
        let id = id.parse().ok().filter(|_| is_number).ok_or_else(ApiError::not_found)?;
        Ok(Self(chat_id, NoteId(id)))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use dx_actors::domain::AgentId;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        http::testing::{CHATS, Office, number},
        test_support::{Answer, TestApp},
    };

    const ADMIN: AgentId = TestApp::ADMIN;

    fn path(rest: &str) -> String {
        format!("{CHATS}{}/{rest}", number(1))
    }

    async fn unread(office: &Office, who: AgentId) -> Value {
        office.read(who, &path("")).await["mensagens_nao_lidas"].clone()
    }

    async fn put(office: &Office, who: AgentId, tags: Value) -> Answer {
        office.call(who, Method::PUT, &path("etiquetas/"), json!({"etiquetas": tags})).await
    }

    #[tokio::test]
    async fn reading_is_for_oneself_and_up_to_a_message() {
        let office = Office::open().await;
        office.accepted(office.ana, &number(1)).await;
        for n in 1..=3 {
            office.receive(&number(1), &format!("m{n}"), "oi").await;
        }
        let read = async |who, body| office.post(who, &path("lido/"), body).await;
        assert_eq!(read(office.ana, json!({"ate": "m2"})).await.json()["mensagens_nao_lidas"], 1);
        assert_eq!(
            (unread(&office, office.ana).await, unread(&office, ADMIN).await),
            (json!(1), json!(3))
        );
        let history = office.read(office.ana, &path("messages/")).await;
        let last = history["results"][0]["id"].clone();
        let answer = read(office.ana, json!({"ate": last})).await;
        let ticket = office.read(office.ana, &path("")).await["id"].clone();
        let expected = json!({
            "message": "Chat marcado como lido", "chat_id": number(1), "atendimento_id": ticket,
            "ate": last, "mensagens_nao_lidas": 0,
        });
        assert_eq!((answer.status, answer.json()), (200, expected));
        let answer = read(ADMIN, Value::Null).await;
        assert_eq!((answer.status, &answer.json()["ate"]), (200, &last));
        let unknown = read(office.ana, json!({"ate": "m9"})).await;
        assert_eq!((unknown.status, unknown.json()), (400, json!({"ate": [NOT_IN_CHAT]})));
        for (body, status) in [(json!({"ate": true}), 400), (json!({"ate": null}), 200)] {
            assert_eq!(read(office.ana, body).await.status, status);
        }
        assert_eq!(read(office.bia, json!({})).await.status, 403);
    }

    #[tokio::test]
    async fn notes_are_written_read_and_removed_by_whom_they_concern() {
        let office = Office::open().await;
        let ticket = office.accepted(office.ana, &number(1)).await;
        let notes = path("notas/");
        let answer = office.post(office.ana, &notes, json!({"texto": " é o sócio "})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let note = answer.json();
        assert_eq!(
            (&note["texto"], &note["autor_nome"]),
            (&json!("é o sócio"), &json!("Pessoa ana"))
        );
        let page = office.read(office.supervisor, &notes).await;
        assert_eq!((&page["count"], &page["results"][0]), (&json!(1), &note));
        for body in [json!({}), json!({"texto": " "}), json!({"texto": "x".repeat(4001)})] {
            assert_eq!(office.post(office.ana, &notes, body).await.status, 400);
        }
        for who in [office.bia, office.outsider] {
            assert_eq!(office.get(who, &notes).await.status, 403);
            assert_eq!(office.post(who, &notes, json!({"texto": "x"})).await.status, 403);
        }
        let one = path(&format!("notas/{}/", note["id"]));
        assert_eq!(office.delete(office.supervisor, &one).await.status, 403, "not hers");
        for missing in
            [path("notas/999/"), path("notas/x/"), format!("{CHATS}{}/notas/1/", number(2))]
        {
            assert_eq!(office.delete(office.ana, &missing).await.status, 404, "{missing}");
        }
        assert_eq!(office.read(office.ana, &path("")).await["total_mensagens"], 0);
        // Kept with its ticket, also when the customer comes back.
        office.post(office.ana, &path("encerrar/"), json!({})).await;
        office.receive(&number(1), "again", "voltei").await;
        assert_eq!(office.read(ADMIN, &notes).await["count"], 0);
        let id = office.read(ADMIN, &ticket).await["id"].clone();
        let earlier = office.read(ADMIN, &format!("{notes}?atendimento={id}")).await;
        assert_eq!(earlier["count"], 1);
        assert_eq!(office.get(ADMIN, &format!("{notes}?atendimento=999")).await.status, 404);
        assert_eq!(office.delete(office.manager, &one).await.status, 204);
        assert_eq!(office.delete(office.manager, &one).await.status, 404);
    }

    #[tokio::test]
    async fn tags_are_set_shown_filtered_and_counted() {
        let office = Office::open().await;
        office.accepted(office.ana, &number(1)).await;
        office.enqueue(&number(2), "normal").await;
        let answer = put(&office, office.ana, json!([" VIP ", "vip", "Segunda  Via", ""])).await;
        assert_eq!(
            (answer.status, &answer.json()["etiquetas"]),
            (200, &json!(["segunda via", "vip"]))
        );
        assert_eq!(
            office.read(office.ana, &path("")).await["etiquetas"],
            json!(["segunda via", "vip"])
        );
        let rows = office.read(office.ana, &format!("{CHATS}?etiqueta=VIP")).await;
        assert_eq!((rows.as_array().unwrap().len(), &rows[0]["etiquetas"][1]), (1, &json!("vip")));
        assert_eq!(office.read(office.ana, &format!("{CHATS}?etiqueta=vi")).await, json!([]));
        let known = office.read(office.ana, "/api/v1/etiquetas/").await;
        assert_eq!(
            known["results"][0],
            json!({"etiqueta": "segunda via", "chats": 1, "abertos": 1})
        );
        assert_eq!(office.read(office.ana, "/api/v1/etiquetas/?search=VI").await["count"], 2);
        assert_eq!(office.read(office.outsider, "/api/v1/etiquetas/").await["count"], 0);
        let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        for (tags, status) in [
            (json!(many), 400),
            (json!(["x".repeat(31)]), 400),
            (json!("vip"), 400),
            (json!([1]), 200),
            (json!([{}]), 400),
            (Value::Null, 400),
            (json!([]), 200),
        ] {
            assert_eq!(put(&office, office.ana, tags.clone()).await.status, status, "{tags}");
        }
        assert_eq!(office.read(office.ana, &path("")).await["etiquetas"], json!([]));
        assert_eq!(put(&office, office.bia, json!(["x"])).await.status, 403);
        let form = office.app.request(Method::PUT, &path("etiquetas/"));
        let bearer = format!("Bearer {}", office.app.token_of(office.ana));
        let form = form.header("authorization", &bearer).form("etiquetas=b&etiquetas=a");
        assert_eq!(form.send().await.json()["etiquetas"], json!(["a", "b"]));
    }
}
