//! `/atendimento/departamentos/`: departments, read from memory with their present load.

use std::sync::Arc;

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    directory::Roster,
    domain::{
        AgentId, Department, DepartmentChanges, DepartmentId, NewDepartment, plain::plain,
        settings::OpeningHours,
    },
};

use super::{
    Body, Fields, Id, Listing, Query, department_routing,
    fields::REQUIRED,
    opening_hours,
    query::Direction,
    reply::{Created, NoContent},
    syntax::{self, COLOR_CHARS, NOT_COLOR},
};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden, schemas::PageParams},
    state::AppState,
    wire::department::{DepartmentChangesIn, DepartmentIn, DepartmentOut, DepartmentParams},
};

const NAME_CHARS_MAX: usize = 100;
/// A few paragraphs.
const DESCRIPTION_CHARS_MAX: usize = 2000;
const COLOR_DEFAULT: &str = "#3B82F6";
/// Chats of one agent; nobody serves a thousand at once.
const CAPACITY_MAX: i64 = 1000;
const CAPACITY_DEFAULT: i64 = 5;
/// A month.
const RESPONSE_TARGET_MINUTES_MAX: i64 = 43_200;
const RESPONSE_TARGET_MINUTES_DEFAULT: i64 = 15;
/// The hub's names of fields that it checks, and those of the wire.
const FIELD_NAMES: [(&str, &str); 3] = [
    ("name", "nome"),
    ("members", "atendentes"),
    ("overflow_department_id", "transbordo_departamento"),
];

/// `GET departamentos/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Departamentos",
    summary = "Lista os departamentos",
    description = "Com a carga de cada um.",
    params(PageParams, DepartmentParams),
    responses((status = 200, body = Listing<DepartmentOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<DepartmentOut>> {
    let departments = wanted(&me.roster, &mut query);
    query.check()?;
    let loads = app.hub.store().department_loads().await?;
    let page = query.paginate(departments)?;
    Ok(page.map(|department| {
        let load = loads.get(&department.id).copied().unwrap_or_default();
        DepartmentOut::new(Arc::unwrap_or_clone(department), load)
    }))
}

/// `GET departamentos/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Departamentos",
    summary = "Mostra um departamento",
    description = "Com a sua carga atual.",
    responses((status = 200, body = DepartmentOut)),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<DepartmentOut>> {
    let id = DepartmentId(id);
    let department = me.roster.department(id).ok_or_else(|| missing(id))?;
    with_load(&app, Department::clone(department)).await.map(Json)
}

/// `POST departamentos/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Departamentos",
    summary = "Cria um departamento",
    description = "Para supervisores e acima. O nome é único.",
    request_body = DepartmentIn,
    responses((status = 201, body = DepartmentOut), Forbidden),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Created<DepartmentOut>> {
    me.require(Permission::ManageDepartments)?;
    let new = new_department(body.fields(), app.hub.chat_settings().opening_hours)?;
    let department = app.hub.presence().create_department(Some(me.id), new).await.map_err(named)?;
    with_load(&app, department).await.map(Created)
}

/// `PATCH departamentos/{id}/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Departamentos",
    summary = "Altera um departamento",
    description = "O que não vem fica como está.",
    request_body = DepartmentChangesIn,
    responses((status = 200, body = DepartmentOut), Forbidden),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<DepartmentOut>> {
    me.require(Permission::ManageDepartments)?;
    change(&app, &me, DepartmentId(id), body.fields()).await.map(Json)
}

/// `PUT departamentos/{id}/`: like `PATCH`, but the name has to be there.
#[utoipa::path(
    put,
    path = "",
    tag = "Departamentos",
    summary = "Substitui um departamento",
    description = "Como PATCH, mas `nome` é obrigatório.",
    request_body = DepartmentIn,
    responses((status = 200, body = DepartmentOut), Forbidden),
)]
pub(super) async fn replace(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<DepartmentOut>> {
    me.require(Permission::ManageDepartments)?;
    let mut fields = body.fields();
    if !fields.is_present("nome") {
        fields.error("nome", REQUIRED);
    }
    change(&app, &me, DepartmentId(id), fields).await.map(Json)
}

/// `DELETE departamentos/{id}/`: only one that nothing refers to.
#[utoipa::path(
    delete,
    path = "",
    tag = "Departamentos",
    summary = "Exclui um departamento",
    description = "Só um a que nada se refere; senão 409: desative-o.",
    responses((status = 204), Forbidden, Conflict),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    me.require(Permission::DeleteDepartments)?;
    app.hub.presence().delete_department(Some(me.id), DepartmentId(id)).await?;
    Ok(NoContent)
}

async fn change(
    app: &AppState,
    me: &CurrentAgent,
    id: DepartmentId,
    fields: Fields,
) -> ApiResult<DepartmentOut> {
    let own_hours = me.roster.department(id).and_then(|row| row.opening_hours.clone());
    let present_hours = own_hours.unwrap_or_else(|| app.hub.chat_settings().opening_hours);
    let changes = changes(fields, present_hours)?;
    let updated = app.hub.presence().update_department(Some(me.id), id, changes).await;
    let department = updated.map_err(named)?;
    with_load(app, department).await
}

async fn with_load(app: &AppState, department: Department) -> ApiResult<DepartmentOut> {
    let loads = app.hub.store().department_loads().await?;
    let load = loads.get(&department.id).copied().unwrap_or_default();
    Ok(DepartmentOut::new(department, load))
}

/// What the filters leave, by name.
fn wanted(roster: &Roster, query: &mut Query) -> Vec<Arc<Department>> {
    let (is_active, terms) = (query.boolean("ativo"), query.search_terms());
    let is_wanted = |department: &Department| {
        let texts = [&department.name, &department.description].map(|text| plain(text));
        is_active.is_none_or(|wanted| wanted == department.is_active)
            && terms.iter().all(|term| is_in(&texts, term))
    };
    let mut found: Vec<_> = roster.departments().filter(|d| is_wanted(d)).cloned().collect();
    found.sort_by_cached_key(|department| (plain(&department.name), department.id));
    if let [((), Direction::Descending)] = query.ordering(&[("nome", ())])[..] {
        found.reverse();
    }
    found
}

/// Accents and case do not count. A term of punctuation only is in nothing.
fn is_in(plain_texts: &[String], term: &str) -> bool {
    let term = plain(term);
    !term.is_empty() && plain_texts.iter().any(|text| text.contains(&term))
}

fn new_department(mut fields: Fields, company_hours: OpeningHours) -> ApiResult<NewDepartment> {
    let new = NewDepartment {
        name: fields.required_text("nome", NAME_CHARS_MAX),
        description: fields.text_or("descricao", DESCRIPTION_CHARS_MAX, ""),
        color: color(&mut fields).unwrap_or_else(|| COLOR_DEFAULT.to_owned()),
        capacity: fields.int_or("max_atendimentos_simultaneos", 1..=CAPACITY_MAX, CAPACITY_DEFAULT),
        response_target_minutes: fields.int_or(
            "tempo_resposta_esperado_minutos",
            1..=RESPONSE_TARGET_MINUTES_MAX,
            RESPONSE_TARGET_MINUTES_DEFAULT,
        ),
        is_active: fields.bool_or("ativo", true),
        opening_hours: own_hours(&mut fields, company_hours).flatten(),
        routing: department_routing::rules(&mut fields),
        members: members(&mut fields).unwrap_or_default(),
    };
    fields.finish(new)
}

fn changes(mut fields: Fields, present_hours: OpeningHours) -> ApiResult<DepartmentChanges> {
    let changes = DepartmentChanges {
        name: fields.changed_text("nome", NAME_CHARS_MAX),
        description: fields.optional_text("descricao", DESCRIPTION_CHARS_MAX),
        color: color(&mut fields),
        capacity: fields.changed_int("max_atendimentos_simultaneos", 1..=CAPACITY_MAX),
        response_target_minutes: fields
            .changed_int("tempo_resposta_esperado_minutos", 1..=RESPONSE_TARGET_MINUTES_MAX),
        is_active: fields.optional_bool("ativo"),
        opening_hours: own_hours(&mut fields, present_hours),
        routing: department_routing::changes(&mut fields),
        members: members(&mut fields),
    };
    fields.finish(changes)
}

/// Hours of its own, or `Some(None)` for the company's; days that were not sent are as in `base`.
#[expect(clippy::option_option, reason = "not sent, the company's, or hours of its own")]
fn own_hours(fields: &mut Fields, base: OpeningHours) -> Option<Option<OpeningHours>> {
    if fields.json("horario_atendimento")?.is_null() {
        return Some(None);
    }
    let mut hours = base;
    fields.within("horario_atendimento", |fields| opening_hours::read(fields, &mut hours));
    Some(Some(hours))
}

fn color(fields: &mut Fields) -> Option<String> {
    let color = fields.optional_text("cor", COLOR_CHARS)?;
    if syntax::is_color(&color) {
        return Some(color);
    }
    fields.error("cor", NOT_COLOR);
    None
}

fn members(fields: &mut Fields) -> Option<Vec<AgentId>> {
    Some(fields.optional_ids("atendentes")?.into_iter().map(AgentId).collect())
}

fn missing(id: DepartmentId) -> HubError {
    HubError::not_found("Departamento", &id)
}

fn named(error: HubError) -> ApiError {
    ApiError::from(error).with_field_names(&FIELD_NAMES)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        http::testing::{DEPARTMENTS, Office, number, problem},
        test_support::TestApp,
    };

    const ADMIN: AgentId = TestApp::ADMIN;

    async fn names(office: &Office, query: &str) -> Vec<String> {
        let page = office.read(office.ana, &format!("{DEPARTMENTS}{query}")).await;
        let rows = page["results"].as_array().unwrap();
        rows.iter().map(|row| row["nome"].as_str().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn the_example_of_the_reference_creates_a_department() {
        let app = TestApp::new().await;
        let body = json!({
            "nome": "Suporte", "descricao": "Suporte técnico", "cor": "#3B82F6",
            "max_atendimentos_simultaneos": 5, "tempo_resposta_esperado_minutos": 10,
        });
        // The seed has one of this name already.
        let taken = app.post(DEPARTMENTS).signed_in().json(&body).send().await;
        let expected = json!({"nome": ["Esse campo deve ser único."]});
        assert_eq!((taken.status, taken.json()), (400, expected));
        let mut body = body;
        body["nome"] = "Suporte Técnico".into();
        let answer = app.post(DEPARTMENTS).signed_in().json(&body).send().await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let mut row = answer.json();
        for key in ["criado_em", "atualizado_em"] {
            assert!(row[key].take().as_str().unwrap().ends_with('Z'), "{key}");
        }
        let expected = json!({
            "id": 2, "nome": "Suporte Técnico", "descricao": "Suporte técnico", "cor": "#3B82F6",
            "atendentes": [], "total_atendentes": 0, "total_em_fila": 0,
            "total_em_atendimento": 0, "max_atendimentos_simultaneos": 5,
            "tempo_resposta_esperado_minutos": 10, "ativo": true, "horario_atendimento": null,
            "criado_em": null, "atualizado_em": null, "modo_atribuicao": "automatico",
            "oferta_segundos": 30, "ofertas_sem_resposta_max": 3,
            "relaxar_competencias_segundos": [60, 180], "transbordo_departamento": null,
            "transbordo_espera_segundos": 600, "transferencia_retorno_segundos": 600,
        });
        assert_eq!(row, expected);
    }

    #[tokio::test]
    async fn what_is_not_sent_has_a_default_or_stays() {
        let office = Office::open().await;
        let answer = office.post(ADMIN, DEPARTMENTS, json!({"nome": " Novo "})).await;
        let row = answer.json();
        assert_eq!(row["nome"], "Novo");
        assert_eq!((&row["cor"], &row["ativo"]), (&json!("#3B82F6"), &json!(true)));
        assert_eq!(row["max_atendimentos_simultaneos"], 5);
        assert_eq!(row["tempo_resposta_esperado_minutos"], 15);
        let path = format!("{DEPARTMENTS}{}/", row["id"]);
        let changes = json!({"cor": "#10b981", "atendentes": [office.ana.0], "ativo": false});
        let row = office.patch(office.supervisor, &path, changes).await.json();
        assert_eq!((&row["nome"], &row["cor"]), (&json!("Novo"), &json!("#10b981")));
        assert_eq!(row["total_atendentes"], 1);
        assert_eq!(office.read(office.ana, &path).await, row);
        let answer = office.call(ADMIN, Method::PUT, &path, json!({"descricao": "x"})).await;
        assert_eq!(answer.json(), json!({"nome": [REQUIRED]}));
        let answer = office.call(ADMIN, Method::PUT, &path, json!({"nome": "Outro"})).await;
        assert_eq!((answer.status, &answer.json()["nome"]), (200, &json!("Outro")));
    }

    #[tokio::test]
    async fn each_bad_field_is_named() {
        let office = Office::open().await;
        let too_small = "Certifique-se de que este valor seja maior ou igual a 1.";
        let cases = [
            (json!({}), "nome", REQUIRED),
            (json!({"nome": " "}), "nome", "Este campo não pode ser em branco."),
            (
                json!({"nome": "x".repeat(101)}),
                "nome",
                "Certifique-se de que este campo não tenha mais de 100 caracteres.",
            ),
            (json!({"nome": "Vendas"}), "nome", "Esse campo deve ser único."),
            (json!({"nome": "A", "cor": "azul"}), "cor", NOT_COLOR),
            (json!({"nome": "A", "cor": "#12345G"}), "cor", NOT_COLOR),
            (json!({"nome": "A", "cor": ""}), "cor", NOT_COLOR),
            (
                json!({"nome": "A", "max_atendimentos_simultaneos": 0}),
                "max_atendimentos_simultaneos",
                too_small,
            ),
            (
                json!({"nome": "A", "tempo_resposta_esperado_minutos": -1}),
                "tempo_resposta_esperado_minutos",
                too_small,
            ),
            (
                json!({"nome": "A", "atendentes": [999]}),
                "atendentes",
                "Pk inválido \"999\" - objeto não existe.",
            ),
            (
                json!({"nome": "A", "atendentes": "ana"}),
                "atendentes",
                "Necessário uma lista de itens, mas recebeu tipo \"str\".",
            ),
        ];
        for (body, field, text) in cases {
            let answer = office.post(ADMIN, DEPARTMENTS, body.clone()).await;
            assert_eq!((answer.status, answer.json()), (400, json!({field: [text]})), "{body}");
        }
        let path = format!("{DEPARTMENTS}{}/", office.sales);
        let answer = office.patch(ADMIN, &path, json!({"nome": "Outros"})).await;
        assert_eq!((answer.status, answer.json()["nome"].is_array()), (400, true));
    }

    #[tokio::test]
    async fn lists_are_filtered_searched_and_ordered_by_name() {
        let office = Office::open().await;
        let path = format!("{DEPARTMENTS}{}/", office.others);
        office.patch(ADMIN, &path, json!({"ativo": false, "descricao": "Setor de VENDAS"})).await;
        let cases: [(&str, &[&str]); 8] = [
            ("", &["Outros", "Suporte", "Vendas"]),
            ("?ordering=-nome", &["Vendas", "Suporte", "Outros"]),
            ("?ordering=nada", &["Outros", "Suporte", "Vendas"]),
            ("?ativo=false", &["Outros"]),
            ("?ativo=true&search=vendas", &["Vendas"]),
            ("?search=vendas", &["Outros", "Vendas"]),
            ("?search=v%C3%8Andas", &["Outros", "Vendas"]),
            ("?search=%25", &[]),
        ];
        for (query, expected) in cases {
            assert_eq!(names(&office, query).await, expected, "{query}");
        }
        assert_eq!(office.get(ADMIN, &format!("{DEPARTMENTS}?page=2")).await.status, 404);
    }

    #[tokio::test]
    async fn totals_count_who_waits_and_who_is_served() {
        let office = Office::open().await;
        office.accepted(office.ana, &number(1)).await;
        office.enqueue(&number(2), "normal").await;
        let row = office.read(ADMIN, &format!("{DEPARTMENTS}{}/", office.sales)).await;
        let totals = ["total_atendentes", "total_em_fila", "total_em_atendimento"];
        assert_eq!(totals.map(|key| row[key].as_i64().unwrap()), [3, 1, 1]);
        let page = office.read(ADMIN, DEPARTMENTS).await;
        assert_eq!(page["results"][2], row, "the list says the same");
    }

    #[tokio::test]
    async fn a_department_in_use_stays_and_one_that_is_not_there_is_not_found() {
        let office = Office::open().await;
        office.enqueue(&number(1), "normal").await;
        let text = "O departamento tem atendimentos ou filas e não pode ser excluído; desative-o";
        let answer = office.delete(ADMIN, &format!("{DEPARTMENTS}{}/", office.sales)).await;
        assert_eq!((answer.status, answer.json()), (409, problem(text)));
        let path = format!("{DEPARTMENTS}{}/", office.others);
        assert_eq!(office.delete(office.manager, &path).await.status, 204);
        let expected = format!("Departamento {} não existe", office.others);
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let answer = office.call(ADMIN, method.clone(), &path, json!({})).await;
            assert_eq!(
                (answer.status, answer.json()["detail"].as_str().unwrap()),
                (404, &*expected)
            );
        }
    }

    #[tokio::test]
    async fn supervisors_write_and_managers_delete() {
        let office = Office::open().await;
        let one = format!("{DEPARTMENTS}999/");
        let cases = [
            (Method::GET, DEPARTMENTS, [200, 200, 200]),
            (Method::POST, DEPARTMENTS, [403, 400, 400]),
            (Method::PATCH, &one, [403, 404, 404]),
            (Method::PUT, &one, [403, 400, 400]),
            (Method::DELETE, &one, [403, 403, 404]),
        ];
        for (method, path, expected) in cases {
            let body = if method == Method::GET { Value::Null } else { json!({}) };
            for (who, status) in
                [office.ana, office.supervisor, office.manager].into_iter().zip(expected)
            {
                let answer = office.call(who, method.clone(), path, body.clone()).await;
                assert_eq!(answer.status, status, "{method} {path} {who}");
            }
        }
    }
}
