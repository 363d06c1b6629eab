//! `/respostas-rapidas/`: texts that people send often. What somebody may not read is not found.

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{
        DepartmentId, QuickReply, QuickReplyChanges, QuickReplyDetails, QuickReplyId, Role,
        quick_reply::{ReplyFacts, SHORTCUT_CHARS_MAX, check_text, shortcut},
        ticket::Viewer,
    },
    store::{QuickReplyFilter, StoreError},
};

use super::{
    Body, Fields, Id, Listing, Query,
    chats::{find as find_chat, permit},
    fields::REQUIRED,
    reply::{Created, NoContent},
};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::{Forbidden, schemas::PageParams},
    state::AppState,
    wire::quick_reply::{
        FillIn, FilledOut, QuickReplyChangesIn, QuickReplyIn, QuickReplyOut, QuickReplyParams,
    },
};

const TITLE_CHARS_MAX: usize = 100;
/// A long message; networks take more, nobody reads more.
const TEXT_CHARS_MAX: usize = 4000;
const CHAT_ID_CHARS_MAX: usize = 100;
const NOT_SHORTCUT: &str = "Use até 30 letras sem acento, números, - e _.";
const TAKEN: &str = "Esse campo deve ser único.";

/// `GET respostas-rapidas/`, by shortcut.
#[utoipa::path(
    get,
    path = "",
    tag = "Respostas rápidas",
    summary = "Lista as respostas rápidas",
    description = "As gerais e as dos próprios departamentos; gerentes veem todas.",
    params(PageParams, QuickReplyParams),
    responses((status = 200, body = Listing<QuickReplyOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<QuickReplyOut>> {
    let filter = QuickReplyFilter {
        departments: (me.role < Role::Manager).then(|| me.viewer().departments),
        department_id: query.number("departamento").map(DepartmentId),
        shortcut: query
            .text("atalho")
            .map(|text| shortcut(text).unwrap_or_else(|| text.to_owned())),
        search: query.search_terms(),
    };
    query.check()?;
    let page = query.fetch(|page| app.hub.store().list_quick_replies(&filter, page)).await?;
    Ok(page.map(|reply| QuickReplyOut::new(reply, &me.roster)))
}

/// `GET respostas-rapidas/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Respostas rápidas",
    summary = "Mostra uma resposta rápida",
    description = "Como está guardada, com as variáveis.",
    responses((status = 200, body = QuickReplyOut)),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<QuickReplyOut>> {
    let reply = find(&app, &me, QuickReplyId(id)).await?;
    Ok(Json(QuickReplyOut::new(reply, &me.roster)))
}

/// `POST respostas-rapidas/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Respostas rápidas",
    summary = "Cadastra uma resposta rápida",
    description = "Supervisores, nos seus departamentos; gerentes também as gerais. Uma variável \
        desconhecida é 400.",
    request_body = QuickReplyIn,
    responses((status = 201, body = QuickReplyOut), Forbidden),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Created<QuickReplyOut>> {
    me.require(Permission::ManageDepartments)?;
    let mut fields = body.fields();
    for name in ["titulo", "atalho", "texto"] {
        require(&mut fields, name);
    }
    let changes = read(&me, fields)?;
    let new = QuickReplyDetails {
        department_id: changes.department_id.flatten(),
        title: changes.title.unwrap_or_default(),
        shortcut: changes.shortcut.unwrap_or_default(),
        text: changes.text.unwrap_or_default(),
    };
    may_write(&me, new.department_id)?;
    let now = app.hub.clock().now();
    let reply = app.hub.store().insert_quick_reply(new, me.id, now).await.map_err(named)?;
    Ok(Created(QuickReplyOut::new(reply, &me.roster)))
}

/// `PATCH respostas-rapidas/{id}/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Respostas rápidas",
    summary = "Altera uma resposta rápida",
    description = "O que não vem fica como está.",
    request_body = QuickReplyChangesIn,
    responses((status = 200, body = QuickReplyOut), Forbidden),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<QuickReplyOut>> {
    me.require(Permission::ManageDepartments)?;
    change(&app, &me, QuickReplyId(id), body.fields()).await
}

/// `PUT respostas-rapidas/{id}/`: title, shortcut and text have to be there.
#[utoipa::path(
    put,
    path = "",
    tag = "Respostas rápidas",
    summary = "Substitui uma resposta rápida",
    description = "Como PATCH, mas `titulo`, `atalho` e `texto` são obrigatórios.",
    request_body = QuickReplyIn,
    responses((status = 200, body = QuickReplyOut), Forbidden),
)]
pub(super) async fn replace(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<QuickReplyOut>> {
    me.require(Permission::ManageDepartments)?;
    let mut fields = body.fields();
    for name in ["titulo", "atalho", "texto"] {
        require(&mut fields, name);
    }
    change(&app, &me, QuickReplyId(id), fields).await
}

/// `DELETE respostas-rapidas/{id}/`.
#[utoipa::path(
    delete,
    path = "",
    tag = "Respostas rápidas",
    summary = "Exclui uma resposta rápida",
    description = "O texto fica na auditoria.",
    responses((status = 204), Forbidden),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    me.require(Permission::ManageDepartments)?;
    let id = QuickReplyId(id);
    may_write(&me, find(&app, &me, id).await?.department_id)?;
    let now = app.hub.clock().now();
    if !app.hub.store().delete_quick_reply(id, me.id, now).await? {
        return Err(missing(id).into());
    }
    Ok(NoContent)
}

/// `POST respostas-rapidas/{id}/preencher/`: the text for one chat. Nothing is sent.
#[utoipa::path(
    post,
    path = "",
    tag = "Respostas rápidas",
    summary = "Preenche uma resposta rápida",
    description = "Com os dados de um chat; nada é enviado.",
    request_body = FillIn,
    responses((status = 200, body = FilledOut), Forbidden),
)]
pub(super) async fn fill(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<FilledOut>> {
    let reply = find(&app, &me, QuickReplyId(id)).await?;
    let mut fields = body.fields();
    let chat_id = fields.required_text("chat_id", CHAT_ID_CHARS_MAX);
    let chat_id = fields.finish(chat_id)?;
    let view = find_chat(&app, &chat_id).await?;
    permit(&me, &view.ticket, Viewer::may_see, "visualizar")?;
    let facts = ReplyFacts {
        customer_name: view.customer.customer_name,
        agent_name: me.agent.name().to_owned(),
        department_name: me.roster.department_name(view.ticket.department_id),
        protocol: view.ticket.id.to_string(),
        now: app.hub.clock().now(),
    };
    let text = facts.fill(&reply.text);
    Ok(Json(FilledOut { id, chat_id: view.ticket.chat_id, text }))
}

async fn change(
    app: &AppState,
    me: &CurrentAgent,
    id: QuickReplyId,
    fields: Fields,
) -> ApiResult<Json<QuickReplyOut>> {
    let old = find(app, me, id).await?;
    may_write(me, old.department_id)?;
    let changes = read(me, fields)?;
    may_write(me, changes.department_id.unwrap_or(old.department_id))?;
    let (store, now) = (app.hub.store(), app.hub.clock().now());
    let updated = store.update_quick_reply(id, changes, me.id, now).await.map_err(named)?;
    let reply = updated.ok_or_else(|| missing(id))?;
    Ok(Json(QuickReplyOut::new(reply, &me.roster)))
}

fn read(me: &CurrentAgent, mut fields: Fields) -> ApiResult<QuickReplyChanges> {
    let title = fields.changed_text("titulo", TITLE_CHARS_MAX);
    // With its slash.
    let written = fields.changed_text("atalho", SHORTCUT_CHARS_MAX + 1);
    let shortcut = written.as_deref().and_then(shortcut);
    if written.is_some() && shortcut.is_none() {
        fields.error("atalho", NOT_SHORTCUT);
    }
    let text = fields.changed_text("texto", TEXT_CHARS_MAX);
    if let Some(Err(fault)) = text.as_deref().map(check_text) {
        fields.error("texto", fault.to_string());
    }
    let is_named = fields.is_present("departamento");
    let department = fields.optional_id("departamento").map(DepartmentId);
    if let Some(id) = department.filter(|id| me.roster.department(*id).is_none()) {
        fields.error("departamento", format!("Pk inválido \"{id}\" - objeto não existe."));
    }
    let department_id = is_named.then_some(department);
    fields.finish(QuickReplyChanges { department_id, title, shortcut, text })
}

fn require(fields: &mut Fields, name: &str) {
    if !fields.is_present(name) {
        fields.error(name, REQUIRED);
    }
}

async fn find(app: &AppState, me: &CurrentAgent, id: QuickReplyId) -> ApiResult<QuickReply> {
    let found = app.hub.store().find_quick_reply(id).await?;
    let found = found.filter(|reply| me.viewer().may_read_replies_of(reply.department_id));
    Ok(found.ok_or_else(|| missing(id))?)
}

fn may_write(me: &CurrentAgent, department_id: Option<DepartmentId>) -> ApiResult<()> {
    if me.viewer().may_write_replies_of(department_id) {
        Ok(())
    } else {
        Err(ApiError::forbidden())
    }
}

fn missing(id: QuickReplyId) -> HubError {
    HubError::not_found("Resposta rápida", &id)
}

/// The only unique columns are those of the shortcut; a department may vanish meanwhile.
fn named(error: StoreError) -> ApiError {
    match error {
        StoreError::Unique { .. } => ApiError::field("atalho", TAKEN),
        StoreError::ForeignKey { .. } => ApiError::field("departamento", "Objeto não existe."),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use dx_actors::domain::AgentId;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        http::testing::{Office, number},
        test_support::TestApp,
    };

    const REPLIES: &str = "/api/v1/respostas-rapidas/";

    fn body(shortcut: &str, department: &Value) -> Value {
        json!({"titulo": "Olá", "atalho": shortcut, "texto": "{{saudacao}}, {{nome}}!", "departamento": department})
    }

    async fn shortcuts(office: &Office, who: AgentId, query: &str) -> Vec<String> {
        let page = office.read(who, &format!("{REPLIES}{query}")).await;
        let rows = page["results"].as_array().unwrap();
        rows.iter().map(|row| row["atalho"].as_str().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn each_role_writes_and_reads_what_concerns_it() {
        let office = Office::open().await;
        let (sales, others) = (json!(office.sales.0), json!(office.others.0));
        let create = async |who, body| office.post(who, REPLIES, body).await;
        for (who, department, status) in [
            (office.ana, &sales, 403),
            (office.supervisor, &sales, 201),
            (office.supervisor, &others, 403),
            (office.supervisor, &Value::Null, 403),
            (office.manager, &Value::Null, 201),
            (office.manager, &others, 201),
            (office.manager, &sales, 400),
        ] {
            let answer = create(who, body("ola", department)).await;
            assert_eq!(answer.status, status, "{who} {department}: {}", answer.text);
        }
        for (who, count) in
            [(office.ana, 2), (office.outsider, 2), (office.supervisor, 2), (office.manager, 3)]
        {
            assert_eq!(shortcuts(&office, who, "").await.len(), count, "{who}");
        }
        let of_others =
            office.read(office.manager, &format!("{REPLIES}?departamento={others}")).await;
        let one = format!("{REPLIES}{}/", of_others["results"][0]["id"]);
        for who in [office.ana, office.supervisor] {
            assert_eq!(office.get(who, &one).await.status, 404, "{who}");
        }
        assert_eq!(office.delete(office.supervisor, &one).await.status, 404);
        let moved = json!({"departamento": sales, "atalho": "tchau"});
        assert_eq!(office.patch(office.manager, &one, moved).await.json()["departamento"], sales);
        assert_eq!(office.get(office.ana, &one).await.status, 200);
        let general = json!({"departamento": null});
        assert_eq!(office.patch(office.supervisor, &one, general).await.status, 403);
        let changed = office.patch(office.supervisor, &one, json!({"titulo": "Até logo"})).await;
        assert_eq!((changed.status, &changed.json()["atalho"]), (200, &json!("/tchau")));
        assert_eq!(office.delete(office.supervisor, &one).await.status, 204);
        assert_eq!(office.delete(office.supervisor, &one).await.status, 404);
    }

    #[tokio::test]
    async fn what_cannot_be_filled_in_or_found_is_refused() {
        let office = Office::open().await;
        let post = async |body| office.post(office.manager, REPLIES, body).await;
        let cases = [
            (json!({}), "titulo", REQUIRED),
            (json!({}), "texto", REQUIRED),
            (body("a b", &Value::Null), "atalho", NOT_SHORTCUT),
            (body("olá", &Value::Null), "atalho", NOT_SHORTCUT),
            (body("ola", &json!(999)), "departamento", "Pk inválido \"999\" - objeto não existe."),
        ];
        for (body, field, text) in cases {
            let answer = post(body.clone()).await;
            assert_eq!((answer.status, &answer.json()[field][0]), (400, &json!(text)), "{body}");
        }
        let mut unknown = body("ola", &Value::Null);
        unknown["texto"] = "Seu CPF é {{cpf}}".into();
        let text = post(unknown).await.json()["texto"][0].as_str().unwrap().to_owned();
        assert!(text.starts_with("Variável desconhecida: {{cpf}}."), "{text}");
        assert_eq!(post(body("/Ola", &Value::Null)).await.status, 201);
        let taken = post(body("ola", &Value::Null)).await;
        assert_eq!((taken.status, taken.json()), (400, json!({"atalho": [TAKEN]})));
        for (query, count) in [
            ("?atalho=OLA", 1),
            ("?atalho=x", 0),
            ("?search=saudacao", 1),
            ("?search=nada", 0),
            ("?search=/", 1),
            ("?search=%25", 0),
        ] {
            assert_eq!(shortcuts(&office, office.ana, query).await.len(), count, "{query}");
        }
        let missing =
            office.call(office.manager, Method::PUT, &format!("{REPLIES}1/"), json!({})).await;
        assert_eq!(missing.status, 400);
    }

    #[tokio::test]
    async fn a_text_is_filled_in_for_a_chat_that_one_may_see() {
        let office = Office::open().await;
        office.accepted(office.ana, &number(1)).await;
        let mut new = body("ola", &Value::Null);
        new["texto"] =
            "{{saudacao}}, {{nome}}! Sou {{atendente}} ({{departamento}}), nº {{protocolo}}."
                .into();
        let id = office.post(TestApp::ADMIN, REPLIES, new).await.json()["id"].clone();
        let path = format!("{REPLIES}{id}/preencher/");
        let body = json!({"chat_id": format!("+{}", number(1))});
        let answer = office.post(office.ana, &path, body.clone()).await;
        let text = "Bom dia, Empresa XYZ! Sou Pessoa ana (Vendas), nº 1.";
        let expected = json!({"id": id, "chat_id": number(1), "texto": text});
        assert_eq!((answer.status, answer.json()), (200, expected));
        assert_eq!(office.post(office.bia, &path, body).await.status, 403);
        for (body, status) in [(json!({}), 400), (json!({"chat_id": number(9)}), 404)] {
            assert_eq!(office.post(office.ana, &path, body).await.status, status);
        }
        assert_eq!(
            office.post(office.ana, &format!("{REPLIES}9/preencher/"), json!({})).await.status,
            404
        );
    }
}
