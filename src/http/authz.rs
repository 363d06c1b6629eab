//! `/authz/`: rights, the groups that give them, and who is in which group (contract §3).

use std::sync::Arc;

use axum::{Json, extract::State};
use dx_actors::domain::{
    AgentId, Group, GroupChanges, GroupId, NewGroup, PermissionId, group::role_in,
};

use super::{
    Body, Fields, Id,
    agents::check_rank,
    fields::REQUIRED,
    reply::{Created, NoContent},
};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden},
    state::AppState,
    wire::authz::{AgentGroupsIn, GroupChangesIn, GroupIn, GroupOut, PermissionOut},
};

const NAME_CHARS_MAX: usize = 150;

/// `GET /authz/permissions/`: what groups can give, in the order of app, model and codename.
#[utoipa::path(
    get,
    path = "",
    tag = "Permissões",
    summary = "Lista os direitos",
    description = "Uma lista simples do que grupos podem dar; também o que falta aqui é só de administradores.",
    responses((status = 200, body = Vec<PermissionOut>)),
)]
pub(super) async fn permissions(_me: CurrentAgent) -> Json<Vec<PermissionOut>> {
    let can_be_given = |permission: &Permission| !permission.is_for_admins_only();
    let mut rows: Vec<PermissionOut> =
        Permission::ALL.into_iter().filter(can_be_given).map(PermissionOut::from).collect();
    rows.sort_by_key(|row| (row.app_label, row.model, row.codename));
    Json(rows)
}

/// `GET /authz/groups/`: by name.
#[utoipa::path(
    get,
    path = "",
    tag = "Permissões",
    summary = "Lista os grupos",
    description = "Uma lista simples, por nome. Para quem tem o direito `accounts.manage_auth`, de início administradores.",
    responses((status = 200, body = Vec<GroupOut>), Forbidden),
)]
pub(super) async fn groups(me: CurrentAgent) -> ApiResult<Json<Vec<GroupOut>>> {
    me.require(Permission::ManageAuth)?;
    Ok(Json(rows(me.roster.groups())))
}

/// `POST /authz/groups/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Permissões",
    summary = "Cria um grupo",
    description = "O nome é único. Só dá direitos que quem o cria tem; senão 403.",
    request_body = GroupIn,
    responses((status = 201, body = GroupOut), Forbidden),
)]
pub(super) async fn create_group(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Created<GroupOut>> {
    me.require(Permission::ManageAuth)?;
    let mut fields = body.fields();
    let new = NewGroup {
        name: fields.required_text("name", NAME_CHARS_MAX),
        permissions: permission_ids(&mut fields).unwrap_or_default(),
    };
    let new = fields.finish(new)?;
    check_grant(&me, &new.permissions)?;
    let group = app.hub.presence().create_group(Some(me.id), new).await?;
    Ok(Created(group.into()))
}

/// `GET /authz/groups/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Permissões",
    summary = "Mostra um grupo",
    description = "Com os direitos que dá.",
    responses((status = 200, body = GroupOut), Forbidden),
)]
pub(super) async fn group(me: CurrentAgent, Id(id): Id) -> ApiResult<Json<GroupOut>> {
    me.require(Permission::ManageAuth)?;
    let group = me.roster.group(GroupId(id)).ok_or_else(ApiError::not_found)?;
    Ok(Json(Group::clone(group).into()))
}

/// `PATCH /authz/groups/{id}/`: `permissions` replaces the list.
#[utoipa::path(
    patch,
    path = "",
    tag = "Permissões",
    summary = "Altera um grupo",
    description = "Só acrescenta direitos que quem altera tem; senão 403. Vale na hora para quem está nele. Atendente, Supervisor e Gerente não podem ser renomeados: 409.",
    request_body = GroupChangesIn,
    responses((status = 200, body = GroupOut), Forbidden, Conflict),
)]
pub(super) async fn update_group(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<GroupOut>> {
    me.require(Permission::ManageAuth)?;
    change(&app, &me, GroupId(id), body.fields()).await
}

/// `PUT /authz/groups/{id}/`: like `PATCH`, but the name has to be there.
#[utoipa::path(
    put,
    path = "",
    tag = "Permissões",
    summary = "Substitui um grupo",
    description = "Como PATCH, mas `name` é obrigatório.",
    request_body = GroupIn,
    responses((status = 200, body = GroupOut), Forbidden, Conflict),
)]
pub(super) async fn replace_group(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<GroupOut>> {
    me.require(Permission::ManageAuth)?;
    let mut fields = body.fields();
    if !fields.is_present("name") {
        fields.error("name", REQUIRED);
    }
    change(&app, &me, GroupId(id), fields).await
}

/// `DELETE /authz/groups/{id}/`: its members lose what it gave.
#[utoipa::path(
    delete,
    path = "",
    tag = "Permissões",
    summary = "Exclui um grupo",
    description = "Quem está nele perde o que ele dava. Atendente, Supervisor e Gerente ficam: 409.",
    responses((status = 204), Forbidden, Conflict),
)]
pub(super) async fn remove_group(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    me.require(Permission::ManageAuth)?;
    app.hub.presence().delete_group(Some(me.id), GroupId(id)).await?;
    Ok(NoContent)
}

/// `GET /authz/agents/{id}/groups/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Permissões",
    summary = "Lista os grupos de uma pessoa",
    description = "Uma lista simples, por nome. O papel aparece como o grupo de mesmo nome.",
    responses((status = 200, body = Vec<GroupOut>), Forbidden),
)]
pub(super) async fn groups_of(me: CurrentAgent, Id(id): Id) -> ApiResult<Json<Vec<GroupOut>>> {
    me.require(Permission::ManageAuth)?;
    let agent = me.roster.agent(AgentId(id)).ok_or_else(ApiError::not_found)?;
    Ok(Json(rows(me.roster.groups_of(agent.id))))
}

/// `PATCH /authz/agents/{id}/groups/`: replaces the list; ids that name no group are dropped. The
/// highest built-in group becomes the person's role, so the rules of roles hold here, too.
#[utoipa::path(
    patch,
    path = "",
    tag = "Permissões",
    summary = "Define os grupos de uma pessoa",
    description = "O mais alto de Atendente, Supervisor e Gerente passa a ser o papel da pessoa; sem nenhum deles ela é \
        atendente. Administradores continuam administradores. Um grupo novo para ela não pode dar um direito que \
        falta a quem o dá: 403.",
    request_body = AgentGroupsIn,
    responses((status = 200, body = Vec<GroupOut>), Forbidden),
)]
pub(super) async fn set_groups(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<Vec<GroupOut>>> {
    me.require(Permission::ManageAuth)?;
    let target = me.roster.agent(AgentId(id)).ok_or_else(ApiError::not_found)?;
    check_rank(&me, target.role)?;
    let mut fields = body.fields();
    let ids = fields.required_ids("group_ids");
    let ids: Vec<GroupId> = fields.finish(ids)?.into_iter().map(GroupId).collect();
    let wanted = || ids.iter().filter_map(|id| me.roster.group(*id));
    check_rank(&me, role_in(target, wanted().map(|group| &**group)))?;
    for group in wanted().filter(|group| !group.members.contains(&target.id)) {
        check_grant(&me, &group.permissions)?;
    }
    let groups = app.hub.presence().set_agent_groups(Some(me.id), target.id, ids).await?;
    let groups: Vec<_> = groups.into_iter().map(Arc::new).collect();
    Ok(Json(rows(&groups)))
}

async fn change(
    app: &AppState,
    me: &CurrentAgent,
    id: GroupId,
    mut fields: Fields,
) -> ApiResult<Json<GroupOut>> {
    let present = me.roster.group(id).ok_or_else(ApiError::not_found)?;
    let changes = GroupChanges {
        name: fields.changed_text("name", NAME_CHARS_MAX),
        permissions: permission_ids(&mut fields),
    };
    let changes = fields.finish(changes)?;
    let added = changes.permissions.iter().flatten();
    let added: Vec<_> = added.filter(|id| !present.permissions.contains(id)).copied().collect();
    check_grant(me, &added)?;
    let group = app.hub.presence().update_group(Some(me.id), id, changes).await?;
    Ok(Json(group.into()))
}

/// Nobody gives a right that he does not have; else he would give it to himself. Administrators have all.
fn check_grant(me: &CurrentAgent, given: &[PermissionId]) -> ApiResult<()> {
    let lacking =
        given.iter().filter_map(|id| Permission::with_id(*id)).find(|right| !me.can(*right));
    lacking.map_or(Ok(()), |right| {
        let name = right.description().name;
        Err(ApiError::Forbidden(
            format!("Você não pode dar o direito \"{name}\", que não tem.").into(),
        ))
    })
}

/// The field `permissions`: ids of rights that a group can give.
fn permission_ids(fields: &mut Fields) -> Option<Vec<PermissionId>> {
    let ids = fields.optional_ids("permissions")?;
    for id in &ids {
        match Permission::with_id(PermissionId(*id)) {
            None => {
                fields.error("permissions", format!("Pk inválido \"{id}\" - objeto não existe."));
            }
            Some(permission) if permission.is_for_admins_only() => {
                let name = permission.description().name;
                let text = format!("\"{name}\" é só dos administradores; nenhum grupo pode dar.");
                fields.error("permissions", text);
            }
            Some(_) => {}
        }
    }
    Some(ids.into_iter().map(PermissionId).collect())
}

/// By name, as people look for them.
fn rows<'g>(groups: impl IntoIterator<Item = &'g Arc<Group>>) -> Vec<GroupOut> {
    let mut rows: Vec<GroupOut> =
        groups.into_iter().map(|group| Group::clone(group).into()).collect();
    rows.sort_by_cached_key(|row| (row.name.to_lowercase(), row.id));
    rows
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use dx_actors::domain::Role;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        http::testing::{Office, number, problem},
        test_support::TestApp,
    };

    const GROUPS: &str = "/api/v1/authz/groups/";
    const ADMIN: AgentId = TestApp::ADMIN;

    fn groups_path(id: AgentId) -> String {
        format!("/api/v1/authz/agents/{id}/groups/")
    }

    async fn create(office: &Office, name: &str, permissions: &[Permission]) -> Value {
        let ids: Vec<i64> = permissions.iter().map(|p| p.id().0).collect();
        let body = json!({"name": name, "permissions": ids});
        let answer = office.post(ADMIN, GROUPS, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    #[tokio::test]
    async fn everybody_lists_what_groups_can_give() {
        let office = Office::open().await;
        let list = office.read(office.ana, "/api/v1/authz/permissions/").await;
        let rows = list.as_array().unwrap();
        assert_eq!(rows.len(), 17);
        let key = |row: &Value| {
            ["app_label", "model", "codename"].map(|key| row[key].as_str().unwrap().to_owned())
        };
        assert!(rows.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "{list}");
        let auth = rows.iter().find(|row| row["codename"] == "manage_auth").unwrap();
        let name = "Gerenciar grupos e permissões";
        assert_eq!((&auth["app_label"], &auth["name"]), (&json!("accounts"), &json!(name)));
        assert_eq!(auth["id"], Permission::ManageAuth.id().0);
    }

    #[tokio::test]
    async fn a_group_is_created_changed_and_deleted() {
        let office = Office::open().await;
        let group = create(&office, "Números", &[Permission::ManageSessions]).await;
        assert_eq!(group["permissions"], json!([11]));
        let path = format!("{GROUPS}{}/", group["id"]);
        assert_eq!(office.read(ADMIN, &path).await, group);
        let names: Vec<Value> = office.read(ADMIN, GROUPS).await.as_array().unwrap().clone();
        let names: Vec<&str> = names.iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["Atendente", "Gerente", "Números", "Supervisor"]);
        let changed = office.patch(ADMIN, &path, json!({"permissions": [9, 1, 9]})).await.json();
        assert_eq!(changed, json!({"id": group["id"], "name": "Números", "permissions": [1, 9]}));
        let renamed = office.call(ADMIN, Method::PUT, &path, json!({"name": "Linhas"})).await;
        assert_eq!((renamed.status, &renamed.json()["permissions"]), (200, &json!([1, 9])));
        assert_eq!(office.delete(ADMIN, &path).await.status, 204);
        for method in [Method::GET, Method::PATCH, Method::PUT, Method::DELETE] {
            let answer = office.call(ADMIN, method.clone(), &path, json!({"name": "x"})).await;
            assert_eq!(answer.status, 404, "{method}");
        }
    }

    #[tokio::test]
    async fn each_bad_field_is_named() {
        let office = Office::open().await;
        let only_admins = "\"Cadastrar e alterar administradores\" é só dos administradores; \
                           nenhum grupo pode dar.";
        let too_long = "Certifique-se de que este campo não tenha mais de 150 caracteres.";
        let cases = [
            (json!({}), "name", REQUIRED),
            (json!({"name": ""}), "name", "Este campo não pode ser em branco."),
            (json!({"name": "x".repeat(151)}), "name", too_long),
            (json!({"name": "Gerente"}), "name", "Esse campo deve ser único."),
            (
                json!({"name": "A", "permissions": [99]}),
                "permissions",
                "Pk inválido \"99\" - objeto não existe.",
            ),
            (json!({"name": "A", "permissions": [10]}), "permissions", only_admins),
        ];
        for (body, field, text) in cases {
            let answer = office.post(ADMIN, GROUPS, body.clone()).await;
            assert_eq!((answer.status, answer.json()), (400, json!({field: [text]})), "{body}");
        }
        let answer = office.patch(ADMIN, &groups_path(office.ana), json!({})).await;
        assert_eq!((answer.status, answer.json()), (400, json!({"group_ids": [REQUIRED]})));
    }

    #[tokio::test]
    async fn a_right_of_a_group_counts_at_once_and_ends_with_it() {
        let office = Office::open().await;
        let start = "/api/v1/whatsapp/sessions/start/";
        assert_eq!(office.post(office.ana, start, json!({})).await.status, 403);
        let group = create(&office, "Números", &[Permission::ManageSessions]).await;
        let path = groups_path(office.ana);
        let body = json!({"group_ids": [group["id"], 9999]});
        let answer = office.patch(ADMIN, &path, body).await;
        assert_eq!((answer.status, answer.json()), (200, json!([group])));
        assert_eq!(office.post(office.ana, start, json!({})).await.status, 202);
        let row = office.read(ADMIN, &format!("/api/v1/agents/{}/", office.ana)).await;
        assert_eq!(row["role"], "atendente");
        // What the role gives stays, though its group is not listed.
        let roster = office.app.state.hub.directory().roster();
        assert!(roster.has_right(office.ana, Permission::ViewConfig.id()));
        office.delete(ADMIN, &format!("{GROUPS}{}/", group["id"])).await;
        assert_eq!(office.post(office.ana, start, json!({})).await.status, 403);
        assert_eq!(office.read(ADMIN, &path).await, json!([]));
    }

    #[tokio::test]
    async fn the_rights_of_a_role_can_be_edited_and_its_group_stays() {
        let office = Office::open().await;
        let roster = office.app.state.hub.directory().roster();
        let built_in = |role| roster.groups().find(|group| group.role == Some(role)).unwrap().id;
        let path = format!("{GROUPS}{}/", built_in(Role::Supervisor));
        let text = "Os grupos Atendente, Supervisor e Gerente não podem ser renomeados nem \
                    excluídos";
        let answer = office.patch(ADMIN, &path, json!({"name": "Chefe"})).await;
        assert_eq!((answer.status, answer.json()), (409, problem(text)));
        assert_eq!(office.delete(ADMIN, &path).await.status, 409);
        let departments = "/api/v1/atendimento/departamentos/";
        assert_eq!(office.post(office.supervisor, departments, json!({})).await.status, 400);
        let body = json!({"name": "Supervisor", "permissions": [1]});
        assert_eq!(office.call(ADMIN, Method::PUT, &path, body).await.status, 200);
        assert_eq!(office.post(office.supervisor, departments, json!({})).await.status, 403);
        assert_eq!(office.post(office.manager, departments, json!({})).await.status, 400);
    }

    #[tokio::test]
    async fn the_rights_over_chats_of_colleagues_reach_as_far_as_they_say() {
        let office = Office::open().await;
        let (chats, messages) = ("/api/v1/chats/", "/api/v1/whatsapp/messages/");
        let ticket = office.accepted(office.bia, &number(1)).await;
        let chat = format!("{chats}{}/", number(1));
        let close = format!("{chat}encerrar/");
        let listed = async |who: AgentId| office.read(who, chats).await.as_array().unwrap().len();
        for who in [office.ana, office.outsider] {
            assert_eq!((listed(who).await, office.get(who, &chat).await.status), (0, 403));
        }
        let group = create(&office, "Cobertura", &[Permission::ActOnOthersChats]).await;
        for who in [office.ana, office.outsider] {
            let body = json!({"group_ids": [group["id"]]});
            assert_eq!(office.patch(ADMIN, &groups_path(who), body).await.status, 200);
        }
        // How colleagues worked is nobody's business for that.
        let history = "/api/v1/presence/historico/";
        let before = office.read(office.outsider, history).await;
        assert_eq!(office.read(office.ana, history).await["count"], before["count"]);
        // Within the own departments.
        assert_eq!(listed(office.outsider).await, 0);
        assert_eq!(office.post(office.outsider, &close, json!({})).await.status, 403);
        assert_eq!(listed(office.ana).await, 1);
        assert_eq!(office.get(office.ana, &chat).await.status, 200);
        // A supervisor whose group has lost it watches.
        let roster = office.app.state.hub.directory().roster();
        let of_role = roster.groups().find(|group| group.role == Some(Role::Supervisor)).unwrap();
        let path = format!("{GROUPS}{}/", of_role.id);
        office.patch(ADMIN, &path, json!({"permissions": [1]})).await;
        assert_eq!(office.get(office.supervisor, &chat).await.status, 200);
        assert_eq!(office.get(office.supervisor, &ticket).await.status, 200);
        assert_eq!(office.post(office.supervisor, &close, json!({})).await.status, 403);
        assert_eq!(office.post(office.ana, &close, json!({})).await.status, 200);

        // To read messages is another right.
        office.receive(&number(2), "m1", "oi").await;
        let read = async |who: AgentId| office.read(who, messages).await["count"].clone();
        assert_ne!(read(office.ana).await, read(ADMIN).await);
        let group = create(&office, "Leitura", &[Permission::SeeAllMessages]).await;
        let body = json!({"group_ids": [group["id"]]});
        office.patch(ADMIN, &groups_path(office.ana), body).await;
        assert_eq!(read(office.ana).await, read(ADMIN).await);
        let other = format!("{chats}{}/", number(2));
        assert_eq!(office.get(office.ana, &other).await.status, 403);
        let page = office.read(office.ana, &format!("{messages}?chat_id={}", number(2))).await;
        let message = format!("{messages}{}/", page["results"][0]["id"]);
        assert_eq!(office.get(office.ana, &message).await.status, 200);
        let path = format!("{message}reacao/");
        let body = json!({"emoji": "👍"});
        assert_eq!(office.post(office.ana, &path, body).await.status, 404);
    }

    #[tokio::test]
    async fn role_and_groups_stay_in_step() {
        let office = Office::open().await;
        let names = async |who: AgentId| {
            let list = office.read(ADMIN, &groups_path(who)).await;
            let names = list.as_array().unwrap().iter().map(|row| row["name"].clone());
            Value::from(names.collect::<Vec<_>>())
        };
        let role = async |who: AgentId| {
            office.read(ADMIN, &format!("/api/v1/agents/{who}/")).await["role"].clone()
        };
        assert_eq!(names(office.manager).await, json!(["Gerente"]));
        assert_eq!(names(ADMIN).await, json!([]));
        let own = create(&office, "Extra", &[]).await;
        let body = json!({"group_ids": [1, 2, own["id"]]});
        office.patch(ADMIN, &groups_path(office.ana), body).await;
        assert_eq!(role(office.ana).await, "supervisor");
        assert_eq!(names(office.ana).await, json!(["Atendente", "Extra", "Supervisor"]));
        let path = format!("/api/v1/agents/{}/", office.ana);
        office.patch(ADMIN, &path, json!({"role": "gerente"})).await;
        assert_eq!(names(office.ana).await, json!(["Extra", "Gerente"]));
        office.patch(ADMIN, &groups_path(office.ana), json!({"group_ids": []})).await;
        assert_eq!(role(office.ana).await, "atendente");
        let answer = office.patch(ADMIN, &groups_path(ADMIN), json!({"group_ids": [1]})).await;
        assert_eq!((answer.status, role(ADMIN).await), (200, json!("admin")));
    }

    #[tokio::test]
    async fn whoever_manages_groups_does_not_rise_above_his_role() {
        let office = Office::open().await;
        let keepers = create(&office, "Grupos", &[Permission::ManageAuth]).await;
        for (method, path) in
            [(Method::GET, GROUPS.to_owned()), (Method::GET, groups_path(office.ana))]
        {
            let answer = office.call(office.manager, method, &path, Value::Null).await;
            assert_eq!(answer.status, 403, "{path}");
        }
        let body = json!({"group_ids": [2, keepers["id"]]});
        office.patch(ADMIN, &groups_path(office.supervisor), body.clone()).await;
        let set = async |who: AgentId, group: i64| {
            let body = json!({"group_ids": [group]});
            office.patch(office.supervisor, &groups_path(who), body).await.status
        };
        assert_eq!(set(office.ana, 2).await, 200, "up to his own role");
        assert_eq!(set(office.ana, 3).await, 403, "not above it");
        assert_eq!(set(office.manager, 1).await, 403, "nor anybody above him");
        assert_eq!(set(ADMIN, 1).await, 403);
        assert_eq!(set(AgentId(999), 1).await, 404);
        office.patch(ADMIN, &groups_path(office.supervisor), json!({"group_ids": [2]})).await;
        assert_eq!(set(office.ana, 1).await, 403, "no longer");
    }
}
