//! People: listed by everybody, created and changed by managers.

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{Agent, AgentChanges, AgentId, DepartmentId, NewAgent, Role},
};

use super::{
    Body, Fields, Id, Listing, Query,
    auth::{DISPLAY_NAME_CHARS_MAX, PHONE_NUMBER_CHARS_MAX, USERNAME_CHARS_MAX},
    reply::Created,
    skills::skills,
};
use crate::{
    auth::{
        CurrentAgent, Permission,
        password::{self, PASSWORD_CHARS_MAX},
    },
    error::{ApiError, ApiResult},
    openapi::{Forbidden, schemas::PageParams},
    state::AppState,
    wire::{
        agent::{AgentChangesIn, AgentIn, AgentOut, AgentParams},
        words::Word,
    },
};

const BAD_USERNAME: &str =
    "Informe um nome de usuário válido. Use apenas letras, números e os símbolos @/./+/-/_";
/// What the hub calls the fields of a person, and what the wire does.
const FIELD_NAMES: [(&str, &str); 1] = [("departments", "departamentos")];

/// `GET /agents/`: everybody, with what a transfer needs to know.
#[utoipa::path(
    get,
    path = "",
    tag = "Pessoas",
    summary = "Lista as pessoas",
    description = "Todas, com presença e carga: o que uma transferência precisa saber.",
    params(PageParams, AgentParams),
    responses((status = 200, body = Listing<AgentOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Json<Listing<AgentOut>>> {
    let role = query.choice("role", Role::parse);
    let is_active = query.boolean("is_active");
    let department = query.number("departamento").map(DepartmentId);
    let terms = query.search_terms();
    query.check()?;
    let views = app.hub.presence().view_all().await?;
    let rows = views.into_iter().filter_map(|view| {
        let agent = me.roster.agent(view.agent_id)?;
        let is_wanted = role.is_none_or(|role| agent.role == role)
            && is_active.is_none_or(|is_active| agent.is_active == is_active)
            && department.is_none_or(|id| me.roster.is_member(agent.id, id))
            && terms.iter().all(|term| matches(agent, term));
        is_wanted.then(|| AgentOut::new(Agent::clone(agent), &me.roster, view))
    });
    Ok(Json(query.paginate(rows)?))
}

fn matches(agent: &Agent, term: &str) -> bool {
    let term = term.to_lowercase();
    [&agent.username, &agent.display_name, &agent.email]
        .iter()
        .any(|text| text.to_lowercase().contains(&term))
}

/// `POST /agents/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Pessoas",
    summary = "Cria uma pessoa",
    description = "Para quem administra pessoas. O nome de usuário é único.",
    request_body = AgentIn,
    responses((status = 201, body = AgentOut), Forbidden),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Created<AgentOut>> {
    me.require(Permission::ManageAgents)?;
    let mut fields = body.fields();
    let username = fields.required_text("username", USERNAME_CHARS_MAX);
    if !username.is_empty() && !is_username(&username) {
        fields.error("username", BAD_USERNAME);
    }
    let password = fields.required_secret("password", PASSWORD_CHARS_MAX);
    check_password(&mut fields, &password);
    let new = NewAgent {
        username,
        email: fields.email_or("email", ""),
        display_name: fields.text_or("display_name", DISPLAY_NAME_CHARS_MAX, ""),
        phone_number: fields.text_or("phone_number", PHONE_NUMBER_CHARS_MAX, ""),
        role: fields.choice_or("role", Role::Agent, Role::parse),
        is_active: fields.bool_or("is_active", true),
        skills: skills(&mut fields).unwrap_or_default(),
        password_hash: String::new(),
        departments: departments(&mut fields).unwrap_or_default(),
    };
    let new = fields.finish(new)?;
    check_rank(&me, new.role)?;
    let password_hash = app.passwords.hash(password).await?;
    let new = NewAgent { password_hash, ..new };
    let created = app.hub.presence().create_agent(Some(me.id), new).await;
    Ok(Created(row(&app, created.map_err(named)?).await?))
}

/// `GET /agents/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Pessoas",
    summary = "Mostra uma pessoa",
    description = "Para quem administra pessoas.",
    responses((status = 200, body = AgentOut), Forbidden),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<AgentOut>> {
    me.require(Permission::ManageAgents)?;
    let agent = me.roster.agent(AgentId(id)).ok_or_else(ApiError::not_found)?;
    Ok(Json(row(&app, Agent::clone(agent)).await?))
}

/// `PATCH /agents/{id}/`: whoever is deactivated or gets a new password is signed out everywhere.
#[utoipa::path(
    method(patch, put),
    path = "",
    tag = "Pessoas",
    summary = "Altera uma pessoa",
    description = "O que não vem fica como está. Quem é desativado ou recebe uma nova senha sai de todos os \
        aparelhos.",
    request_body = AgentChangesIn,
    responses((status = 200, body = AgentOut), Forbidden),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<AgentOut>> {
    me.require(Permission::ManageAgents)?;
    let id = AgentId(id);
    let target = me.roster.agent(id).ok_or_else(ApiError::not_found)?;
    check_rank(&me, target.role)?;
    let mut fields = body.fields();
    let password = fields.changed_secret("password", PASSWORD_CHARS_MAX);
    check_password(&mut fields, password.as_deref().unwrap_or_default());
    let changes = AgentChanges {
        email: fields.optional_email("email"),
        display_name: fields.optional_text("display_name", DISPLAY_NAME_CHARS_MAX),
        phone_number: fields.optional_text("phone_number", PHONE_NUMBER_CHARS_MAX),
        role: fields.optional_choice("role", Role::parse),
        is_active: fields.optional_bool("is_active"),
        skills: skills(&mut fields),
        password_hash: None,
        departments: departments(&mut fields),
    };
    let mut changes = fields.finish(changes)?;
    check_rank(&me, changes.role.unwrap_or(target.role))?;
    if let Some(password) = password {
        check_rights(&me, id)?;
        changes.password_hash = Some(app.passwords.hash(password).await?);
    }
    let updated = app.hub.presence().update_agent(Some(me.id), id, changes).await;
    let agent = updated.map_err(named)?;
    Ok(Json(row(&app, agent).await?))
}

fn departments(fields: &mut Fields) -> Option<Vec<DepartmentId>> {
    let ids = fields.optional_ids("departamentos")?;
    Some(ids.into_iter().map(DepartmentId).collect())
}

/// Notes what is wrong with a new password, if one was sent.
fn check_password(fields: &mut Fields, password: &str) {
    if let Some(fault) = password::fault_of(password).filter(|_| !password.is_empty()) {
        fields.error("password", fault);
    }
}

/// Only administrators make administrators or change them; nobody makes or changes people above his
/// own role.
pub(super) fn check_rank(me: &CurrentAgent, role: Role) -> ApiResult<()> {
    if role == Role::Admin {
        return me.require(Permission::ManageAdmins);
    }
    if role > me.role { Err(ApiError::forbidden()) } else { Ok(()) }
}

/// Whoever sets somebody's password could log in as him, so nobody does it for a person who may do more.
fn check_rights(me: &CurrentAgent, id: AgentId) -> ApiResult<()> {
    let has_more = Permission::ALL
        .into_iter()
        .any(|right| me.roster.has_right(id, right.id()) && !me.can(right));
    if has_more { Err(ApiError::forbidden()) } else { Ok(()) }
}

/// The characters of Django's usernames, which clients of the earlier system know.
fn is_username(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "@.+-_".contains(c))
}

fn named(error: HubError) -> ApiError {
    ApiError::from(error).with_field_names(&FIELD_NAMES)
}

async fn row(app: &AppState, agent: Agent) -> ApiResult<AgentOut> {
    let presence = app.hub.presence().view(agent.id).await?;
    Ok(AgentOut::new(agent, &app.hub.directory().roster(), presence))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use dx_actors::domain::AgentId;
    use serde_json::json;

    use crate::test_support::TestApp;

    #[tokio::test]
    async fn a_person_is_created_changed_and_listed() {
        let app = TestApp::new().await;
        let body = json!({"username": "maria", "password": "senha-boa-1", "role": "supervisor",
            "display_name": "Maria", "departamentos": [1]});
        let created = app.post("/api/v1/agents/").signed_in().json(&body).send().await;
        assert_eq!(created.status, 201, "{}", created.text);
        let row = created.json();
        assert_eq!((&row["role"], &row["departamentos"]), (&json!("supervisor"), &json!([1])));
        assert!(row.get("password_hash").is_none());
        let path = format!("/api/v1/agents/{}/", row["id"]);
        let request = app.request(Method::PATCH, &path).signed_in();
        let changed = request.json(&json!({"departamentos": [], "display_name": "M"})).send().await;
        assert_eq!((changed.status, &changed.json()["departamentos"]), (200, &json!([])));
        let list = app.get("/api/v1/agents/?search=mar").signed_in().send().await.json();
        assert_eq!(
            (&list["count"], &list["results"][0]["presence"]),
            (&json!(1), &json!("offline"))
        );
    }

    #[tokio::test]
    async fn every_faulty_field_is_named() {
        let app = TestApp::new().await;
        let post = async |body| {
            let answer = app.post("/api/v1/agents/").signed_in().json(&body).send().await;
            (answer.status, answer.json())
        };
        let faulty = json!({"username": "a b", "password": "curta", "role": "chefe", "email": "x"});
        let (status, body) = post(faulty).await;
        assert_eq!(status, 400);
        for field in ["username", "password", "role", "email"] {
            assert!(body[field][0].is_string(), "{field}: {body}");
        }
        let taken = json!({"username": "admin", "password": "senha-boa-1"});
        assert!(post(taken).await.1["username"][0].is_string());
        let nowhere = json!({"username": "x", "password": "senha-boa-1", "departamentos": [99]});
        let text = "Pk inválido \"99\" - objeto não existe.";
        assert_eq!(post(nowhere).await.1["departamentos"][0], text);
    }

    /// Whoever may set a password could log in as that person.
    #[tokio::test]
    async fn nobody_sets_the_password_of_somebody_who_may_do_more() {
        let app = TestApp::new().await;
        let create = async |username: &str, role: &str| {
            let body = json!({"username": username, "password": "senha-boa-1", "role": role});
            app.post("/api/v1/agents/").signed_in().json(&body).send().await.json()["id"].clone()
        };
        let manager = AgentId(create("gil", "gerente").await.as_i64().unwrap());
        let ana = create("ana2", "atendente").await;
        let rights = app.get("/api/v1/authz/permissions/").signed_in().send().await.json();
        let right = rights.as_array().unwrap().iter().find(|row| row["codename"] == "manage_auth");
        let group = json!({"name": "Acessos", "permissions": [right.unwrap()["id"]]});
        let group = app.post("/api/v1/authz/groups/").signed_in().json(&group).send().await.json();
        let path = format!("/api/v1/agents/{ana}/");
        let set = async |who| {
            let body = json!({"password": "senha-nova-1"});
            app.request(Method::PATCH, &path).signed_in_as(who).json(&body).send().await.status
        };
        assert_eq!(set(manager).await, 200);
        let groups = app.request(Method::PATCH, &format!("/api/v1/authz/agents/{ana}/groups/"));
        let groups = groups.signed_in().json(&json!({"group_ids": [group["id"]]})).send().await;
        assert_eq!(groups.status, 200, "{}", groups.text);
        assert_eq!((set(manager).await, set(TestApp::ADMIN).await), (403, 200));
    }
}
