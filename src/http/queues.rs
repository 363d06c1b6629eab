//! `/atendimento/filas/`: who waits in which department, and giving those chats to agents.

use std::collections::{BTreeSet, HashMap};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use dx_actors::{
    HubError,
    chat::ManualEntry,
    directory::Roster,
    domain::{
        CustomerId, Department, DepartmentId, Priority, QueueEntry, QueueEntryId, Rejected,
        SessionId, ids::ChatKey, phone,
    },
    store::{EntryEdit, Order, QueueFilter, QueueRow, QueueSort},
};

use super::{
    Body, Fields, Id, Listing, Query,
    reply::{Created, NoContent},
    skills::skills,
};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden, schemas::PageParams},
    state::AppState,
    wire::{
        queue::{
            DistributeIn, DistributedOut, QueueEntryChangesIn, QueueEntryIn, QueueEntryOut,
            QueueParams,
        },
        words::Word,
    },
};

const CHAT_ID_CHARS_MAX: usize = 100;
const PHONE_CHARS_MAX: usize = 20;
/// A text message of WhatsApp; the hub keeps its beginning.
const FIRST_MESSAGE_CHARS_MAX: usize = 4096;
const NOT_PHONE: &str = "Informe um número de telefone válido, com DDD.";
const SORTS: [(&str, QueueSort); 2] =
    [("entrou_na_fila_em", QueueSort::EnteredAt), ("prioridade", QueueSort::Priority)];

/// `GET filas/`, in the order of arrival.
#[utoipa::path(
    get,
    path = "",
    tag = "Filas",
    summary = "Lista quem espera",
    description = "Na ordem de chegada; `posicao` é o lugar na ordem de atendimento, agora.",
    params(PageParams, QueueParams),
    responses((status = 200, body = Listing<QueueEntryOut>)),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<QueueEntryOut>> {
    let filter = QueueFilter {
        department_id: query.number("departamento").map(DepartmentId),
        priority: query.choice("prioridade", Priority::parse),
        is_waiting: query.boolean("aguardando"),
    };
    query.check()?;
    let mut orders = query.orders(&SORTS);
    if orders.is_empty() {
        orders.push(Order { by: QueueSort::EnteredAt, is_descending: false });
    }
    let (store, now) = (app.hub.store(), app.hub.clock().now());
    let page = query.fetch(|page| store.list_queue(&filter, &orders, page)).await?;
    let entries = page.results.iter().map(|row| &row.entry);
    let positions = positions(&app, entries).await?;
    Ok(page.map(|row| {
        let position = positions.get(&row.entry.id).copied();
        QueueEntryOut::new(row, position, &me.roster, now)
    }))
}

/// `GET filas/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Filas",
    summary = "Mostra um lugar na fila",
    description = "Também um que já foi atendido.",
    responses((status = 200, body = QueueEntryOut)),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<QueueEntryOut>> {
    shown(&app, &me, QueueEntryId(id)).await.map(Json)
}

/// `POST filas/`: 201 for a customer who waits now, 200 for one who waited already.
#[utoipa::path(
    post,
    path = "",
    tag = "Filas",
    summary = "Põe um cliente na fila",
    description = "201 para quem passa a esperar, 200 para quem já esperava.",
    request_body = QueueEntryIn,
    responses(
        (status = 201, body = QueueEntryOut),
        (status = 200, body = QueueEntryOut),
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
    let (entry, is_new) = enqueue(&app, &me.roster, &mut body.fields()).await?;
    let row = shown(&app, &me, entry.id).await?;
    Ok(if is_new { Created(row).into_response() } else { Json(row).into_response() })
}

/// `PATCH|PUT filas/{id}/`: priority and skills; everything else in the body is ignored.
#[utoipa::path(
    method(patch, put),
    path = "",
    tag = "Filas",
    summary = "Muda a prioridade ou as competências pedidas",
    description = "O resto do corpo é ignorado.",
    request_body = QueueEntryChangesIn,
    responses((status = 200, body = QueueEntryOut), Forbidden, Conflict),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<QueueEntryOut>> {
    me.require(Permission::ManageDepartments)?;
    let mut fields = body.fields();
    let priority = fields.optional_choice("prioridade", Priority::parse);
    let skills = skills(&mut fields);
    let (priority, skills) = fields.finish((priority, skills))?;
    let entry = find(&app, QueueEntryId(id)).await?.entry;
    if skills.is_some() {
        let view = app.hub.store().find_ticket(entry.ticket_id).await?;
        let view = view.ok_or_else(|| HubError::not_found("Atendimento", &entry.ticket_id))?;
        let changes = EntryEdit { skills, ..EntryEdit::default() };
        app.hub.chats().edit_place(&view.ticket, changes).await?;
    }
    if priority.is_some() {
        let now = app.hub.clock().now();
        app.hub.chats().edit(entry.ticket_id, None, priority, now).await?;
    }
    shown(&app, &me, entry.id).await.map(Json)
}

/// `DELETE filas/{id}/`: whoever waits is sent home; the row stays, for the record.
#[utoipa::path(
    delete,
    path = "",
    tag = "Filas",
    summary = "Tira um cliente da fila",
    description = "O atendimento é cancelado; a linha fica, para o histórico.",
    responses((status = 204), Forbidden, Conflict),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    me.require(Permission::DeleteDepartments)?;
    let entry = find(&app, QueueEntryId(id)).await?.entry;
    let view = app.hub.store().find_ticket(entry.ticket_id).await?;
    let view = view.ok_or_else(|| HubError::not_found("Atendimento", &entry.ticket_id))?;
    app.hub.chats().cancel(&view.ticket).await?;
    Ok(NoContent)
}

/// `POST filas/distribuir/`: a department that is not there or not active has nothing to give.
#[utoipa::path(
    post,
    path = "",
    tag = "Filas",
    summary = "Distribui uma fila",
    description = "Dá os que esperam a quem está disponível. Um departamento que não existe ou está inativo \
        não tem o que distribuir.",
    request_body = DistributeIn,
    responses((status = 200, body = DistributedOut), Forbidden),
)]
pub(super) async fn distribute(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<DistributedOut>> {
    me.require(Permission::ManageDepartments)?;
    let mut fields = body.fields();
    let id = fields.optional_id("departamento_id");
    let id = fields.finish(id)?.map(DepartmentId);
    let id = id.ok_or_else(|| ApiError::refused("departamento_id é obrigatório"))?;
    let department = me.roster.department(id).filter(|department| department.is_active);
    let assigned = match department {
        Some(department) => app.hub.queues().distribute(department.id).await?,
        None => 0,
    };
    Ok(Json(assigned.into()))
}

/// Puts the customer that the fields name into a queue; `false` when he waited there already.
pub(super) async fn enqueue(
    app: &AppState,
    roster: &Roster,
    fields: &mut Fields,
) -> ApiResult<(QueueEntry, bool)> {
    let session = app.hub.sessions().resolve(None).await?;
    let entry = manual_entry(session.id, roster, fields);
    if !fields.has_error("cliente") {
        let id = entry.customer_id;
        if app.hub.store().find_customer(id).await?.is_none() {
            fields.error("cliente", no_such(id.0));
        }
    }
    fields.check()?;
    Ok(app.hub.chats().open(entry).await?)
}

fn manual_entry(session_id: SessionId, roster: &Roster, fields: &mut Fields) -> ManualEntry {
    let department_id = department(roster, fields);
    let customer_id = CustomerId(fields.required_id("cliente"));
    let chat_id = phone::chat_id(&fields.required_text("chat_id", CHAT_ID_CHARS_MAX));
    ManualEntry {
        key: ChatKey { session_id, chat_id },
        phone: phone_number(fields),
        customer_id,
        department_id,
        priority: fields.choice_or("prioridade", Priority::Normal, Priority::parse),
        first_message: fields.text_or("mensagem_inicial", FIRST_MESSAGE_CHARS_MAX, ""),
    }
}

pub(super) fn department(roster: &Roster, fields: &mut Fields) -> DepartmentId {
    let id = DepartmentId(fields.required_id("departamento"));
    if fields.has_error("departamento") {
        return id;
    }
    match roster.department(id).map(|department| Department::clone(department)) {
        None => fields.error("departamento", no_such(id.0)),
        Some(Department { is_active: false, name, .. }) => {
            fields.error("departamento", Rejected::DepartmentInactive(name).to_string());
        }
        Some(_) => {}
    }
    id
}

fn phone_number(fields: &mut Fields) -> String {
    let written = fields.required_text("numero_whatsapp", PHONE_CHARS_MAX);
    let number = phone::canonical(&written);
    if number.is_none() && !fields.has_error("numero_whatsapp") {
        fields.error("numero_whatsapp", NOT_PHONE);
    }
    number.unwrap_or_default()
}

fn no_such(id: i64) -> String {
    format!("Pk inválido \"{id}\" - objeto não existe.")
}

/// Where those stand who still wait, in the order in which they will be served.
async fn positions(
    app: &AppState,
    entries: impl Iterator<Item = &QueueEntry>,
) -> ApiResult<HashMap<QueueEntryId, usize>> {
    let departments: BTreeSet<DepartmentId> =
        entries.filter(|entry| entry.is_waiting()).map(|entry| entry.department_id).collect();
    let mut positions = HashMap::new();
    for department in departments {
        let places = app.hub.queues().places(department).await?;
        positions.extend(places.into_iter().map(|place| (place.entry_id, place.position)));
    }
    Ok(positions)
}

pub(super) async fn find(app: &AppState, id: QueueEntryId) -> ApiResult<QueueRow> {
    let row = app.hub.store().find_queue_entry(id).await?;
    Ok(row.ok_or_else(|| HubError::not_found("Fila", &id))?)
}

pub(super) async fn shown(
    app: &AppState,
    me: &CurrentAgent,
    id: QueueEntryId,
) -> ApiResult<QueueEntryOut> {
    let row = find(app, id).await?;
    let position = positions(app, std::iter::once(&row.entry)).await?.remove(&id);
    Ok(QueueEntryOut::new(row, position, &me.roster, app.hub.clock().now()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::Method;
    use dx_actors::domain::{AgentId, PresenceStatus};
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        http::testing::{CHATS, DEPARTMENTS, Office, QUEUES, TICKETS, number, problem},
        test_support::TestApp,
    };

    const ADMIN: AgentId = TestApp::ADMIN;

    #[tokio::test]
    async fn the_example_of_the_reference_makes_a_waiting_chat() {
        let office = Office::open().await;
        let body = office.entry_body("5511999999999", "alta").await;
        let customer = body["cliente"].clone();
        let answer = office.post(office.supervisor, QUEUES, body.clone()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let row = answer.json();
        let mut shown = row.clone();
        for key in ["entrou_na_fila_em", "prazo_em"] {
            assert!(shown[key].take().as_str().unwrap().ends_with('Z'), "{key}");
        }
        let expected = json!({
            "id": row["id"], "departamento": office.sales.0, "departamento_nome": "Vendas",
            "cliente": customer, "cliente_nome": "Empresa XYZ", "atendimento": row["atendimento"],
            "chat_id": "5511999999999", "numero_whatsapp": "5511999999999",
            "mensagem_inicial": "Preciso de ajuda com...", "prioridade": "alta",
            "entrou_na_fila_em": null, "atribuido_em": null, "removido_em": null,
            "tempo_espera_minutos": 0, "esta_atrasado": false, "tempo_espera_segundos": 0,
            "posicao": 1, "estado_prazo": "no_prazo", "prazo_em": null, "competencias": [],
            "oferecido_a": null, "oferecido_ate": null, "priorizado_em": null,
        });
        assert_eq!(shown, expected);
        let again = office.post(ADMIN, QUEUES, body.clone()).await;
        assert_eq!((again.status, again.json()), (200, row.clone()), "it waits already");
        assert_eq!(office.read(office.ana, &format!("{QUEUES}{}/", row["id"])).await, row);
        let ticket = office.read(ADMIN, &format!("{TICKETS}{}/", row["atendimento"])).await;
        assert_eq!((&ticket["status"], &ticket["cliente"]), (&json!("aguardando"), &customer));

        office.post(office.ana, &format!("{CHATS}5511999999999/aceitar/"), json!({})).await;
        let busy = office.post(ADMIN, QUEUES, body).await;
        let text = "Este chat já está em_atendimento";
        assert_eq!((busy.status, busy.json()), (409, problem(text)));
    }

    #[tokio::test]
    async fn numbers_are_kept_in_one_form_and_texts_cut() {
        let office = Office::open().await;
        let mut body = office.entry_body("11 98888-0001", "normal").await;
        body["numero_whatsapp"] = "+55 (11) 98888-0001".into();
        body["mensagem_inicial"] = "á".repeat(600).into();
        let row = office.post(ADMIN, QUEUES, body).await.json();
        let expected = json!(["5511988880001", "5511988880001"]);
        assert_eq!(json!([row["chat_id"], row["numero_whatsapp"]]), expected);
        assert_eq!(row["mensagem_inicial"].as_str().unwrap().chars().count(), 500);
    }

    #[tokio::test]
    async fn each_bad_field_is_named() {
        let office = Office::open().await;
        let path = format!("{DEPARTMENTS}{}/", office.others);
        office.patch(ADMIN, &path, json!({"ativo": false})).await;
        let required = "Este campo é obrigatório.";
        let too_long = |max| crate::http::fields::too_long(max);
        let cases = [
            ("departamento", json!(99), no_such(99)),
            (
                "departamento",
                json!("abc"),
                "Tipo incorreto. Esperado valor pk, recebeu str.".into(),
            ),
            (
                "departamento",
                json!(office.others.0),
                "O departamento \"Outros\" está inativo".into(),
            ),
            ("cliente", Value::Null, "Este campo não pode ser nulo.".into()),
            ("cliente", json!(99), no_such(99)),
            ("chat_id", json!(""), "Este campo não pode ser em branco.".into()),
            ("chat_id", json!("x".repeat(101)), too_long(100)),
            ("numero_whatsapp", json!("1".repeat(21)), too_long(20)),
            ("numero_whatsapp", json!("abc"), NOT_PHONE.into()),
            ("prioridade", json!("altíssima"), "\"altíssima\" não é um escolha válido.".into()),
        ];
        for (field, value, text) in cases {
            let mut body = office.entry_body(&number(1), "normal").await;
            body[field] = value;
            for path in [QUEUES, TICKETS] {
                let answer = office.post(ADMIN, path, body.clone()).await;
                assert_eq!((answer.status, answer.json()), (400, json!({field: [text]})), "{body}");
            }
        }
        let fields = ["departamento", "cliente", "chat_id", "numero_whatsapp"];
        let answer = office.post(ADMIN, QUEUES, json!({})).await.json();
        for field in fields {
            assert_eq!(answer[field], json!([required]), "{field}");
        }
        assert_eq!(office.read(ADMIN, QUEUES).await["count"], 0);
    }

    #[tokio::test]
    async fn lists_are_filtered_and_ordered_by_what_priorities_mean() {
        let office = Office::open().await;
        for (n, priority) in ["normal", "alta", "baixa", "urgente"].into_iter().enumerate() {
            office.enqueue(&number(n), priority).await;
        }
        office.post(office.ana, &format!("{CHATS}{}/aceitar/", number(0)), json!({})).await;
        let sales = office.sales;
        let cases: [(&str, &[&str]); 7] = [
            ("", &["normal", "alta", "baixa", "urgente"]),
            ("?ordering=-prioridade", &["urgente", "alta", "normal", "baixa"]),
            ("?ordering=prioridade", &["baixa", "normal", "alta", "urgente"]),
            ("?ordering=-entrou_na_fila_em", &["urgente", "baixa", "alta", "normal"]),
            ("?aguardando=true", &["alta", "baixa", "urgente"]),
            ("?aguardando=false", &["normal"]),
            ("?prioridade=alta", &["alta"]),
        ];
        for (query, expected) in cases {
            let page = office.read(office.ana, &format!("{QUEUES}{query}")).await;
            let rows = page["results"].as_array().unwrap();
            let found: Vec<_> =
                rows.iter().map(|row| row["prioridade"].as_str().unwrap()).collect();
            assert_eq!(found, expected, "{query}");
        }
        let page = office.read(ADMIN, &format!("{QUEUES}?departamento={sales}&page=last")).await;
        assert_eq!((&page["count"], page["results"].as_array().unwrap().len()), (&json!(4), 4));
        let page = format!("{QUEUES}?page=last&page_size=3");
        assert_eq!(office.read(ADMIN, &page).await["results"][0]["prioridade"], "urgente");
        for query in ["departamento=x", "prioridade=x"] {
            let answer = office.get(ADMIN, &format!("{QUEUES}?{query}")).await;
            assert_eq!(answer.status, 400, "{query}");
        }
        assert_eq!(office.get(ADMIN, &format!("{QUEUES}?page=3")).await.status, 404);
    }

    #[tokio::test]
    async fn whoever_waits_longer_than_the_department_promises_is_late() {
        let office = Office::open().await;
        let row = office.enqueue(&number(1), "normal").await;
        let path = format!("{QUEUES}{}/", row["id"]);
        for (minutes, waited, is_late) in [(14, 14, false), (2, 16, true)] {
            office.app.clock.advance(Duration::from_mins(minutes));
            let row = office.read(ADMIN, &path).await;
            let shown = (&row["tempo_espera_minutos"], &row["esta_atrasado"]);
            assert_eq!(shown, (&json!(waited), &json!(is_late)));
        }
    }

    #[tokio::test]
    async fn a_priority_is_edited_for_the_entry_and_its_ticket() {
        let office = Office::open().await;
        let row = office.enqueue(&number(1), "baixa").await;
        let path = format!("{QUEUES}{}/", row["id"]);
        let body = json!({"prioridade": "urgente", "departamento": 99});
        let answer = office.patch(office.supervisor, &path, body).await;
        assert_eq!((answer.status, &answer.json()["prioridade"]), (200, &json!("urgente")));
        let ticket = office.read(ADMIN, &format!("{TICKETS}{}/", row["atendimento"])).await;
        assert_eq!(ticket["prioridade"], "urgente");
        let answer = office.call(ADMIN, Method::PUT, &path, json!({})).await;
        assert_eq!((answer.status, &answer.json()["prioridade"]), (200, &json!("urgente")));
        assert_eq!(office.patch(ADMIN, &path, json!({"prioridade": "x"})).await.status, 400);
        assert_eq!(office.patch(ADMIN, &format!("{QUEUES}99/"), json!({})).await.status, 404);
    }

    #[tokio::test]
    async fn whoever_is_deleted_from_the_queue_waits_no_longer() {
        let office = Office::open().await;
        let row = office.enqueue(&number(1), "normal").await;
        let path = format!("{QUEUES}{}/", row["id"]);
        assert_eq!(office.delete(office.supervisor, &path).await.status, 403);
        assert_eq!(office.delete(office.manager, &path).await.status, 204);
        let ticket = office.read(ADMIN, &format!("{TICKETS}{}/", row["atendimento"])).await;
        assert_eq!(
            (&ticket["status"], &ticket["esta_ativo"]),
            (&json!("cancelado"), &json!(false))
        );
        assert!(office.read(ADMIN, &path).await["removido_em"].is_string());
        let waiting = office.app.state.hub.queues().waiting(office.sales).await.unwrap();
        assert_eq!(waiting, []);
        let again = office.delete(ADMIN, &path).await;
        let text = "Esta entrada já saiu da fila";
        assert_eq!((again.status, again.json()), (409, problem(text)));

        office.accepted(office.ana, &number(2)).await;
        let entries = office.read(ADMIN, &format!("{QUEUES}?ordering=-entrou_na_fila_em")).await;
        let path = format!("{QUEUES}{}/", entries["results"][0]["id"]);
        assert_eq!(office.delete(ADMIN, &path).await.status, 409, "it is being served");
        assert_eq!(office.delete(ADMIN, &format!("{QUEUES}99/")).await.status, 404);
    }

    #[tokio::test]
    async fn distributing_says_how_many_this_call_assigned() {
        let office = Office::open().await;
        let mut settings = office.app.state.hub.chat_settings();
        settings.auto_distribute = false;
        office.app.state.hub.save_chat_settings(settings).await.unwrap();
        for n in 1..=3 {
            office.enqueue(&number(n), "normal").await;
        }
        let presence = office.app.state.hub.presence();
        presence.set_status(office.ana, PresenceStatus::Online, None, None).await.unwrap();
        let path = format!("{QUEUES}distribuir/");
        let distribute = async |id: Value| {
            let body = json!({"departamento_id": id});
            let answer = office.post(office.supervisor, &path, body).await;
            (answer.status, answer.json())
        };
        let said = |n: i64| json!({"message": format!("{n} atendimentos distribuídos"), "distribuidos": n});
        assert_eq!(distribute(json!(office.sales.0)).await, (200, said(3)));
        assert_eq!(distribute(json!(office.sales.0.to_string())).await, (200, said(0)));
        assert_eq!(distribute(json!(999)).await, (200, said(0)));
        let department = format!("{DEPARTMENTS}{}/", office.others);
        office.patch(ADMIN, &department, json!({"ativo": false})).await;
        assert_eq!(distribute(json!(office.others.0)).await, (200, said(0)));
        let missing = (400, problem("departamento_id é obrigatório"));
        assert_eq!(distribute(Value::Null).await, missing);
        let answer = office.post(ADMIN, &path, json!({})).await;
        assert_eq!((answer.status, answer.json()), missing);
        assert_eq!(distribute(json!("abc")).await.0, 400);
    }

    #[tokio::test]
    async fn agents_read_queues_and_supervisors_write_them() {
        let office = Office::open().await;
        let (one, distribute) = (format!("{QUEUES}999/"), format!("{QUEUES}distribuir/"));
        let cases = [
            (Method::GET, QUEUES, [200, 200, 200]),
            (Method::POST, QUEUES, [403, 400, 400]),
            (Method::POST, &distribute, [403, 400, 400]),
            (Method::POST, TICKETS, [403, 400, 400]),
            (Method::PATCH, &one, [403, 404, 404]),
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
