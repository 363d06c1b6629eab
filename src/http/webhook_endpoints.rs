//! `/integracoes/webhooks/`: addresses of other systems, their secrets, and how they are doing.

use std::time::Duration;

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{
        List, WebhookEndpoint, WebhookId,
        webhook::{
            DeliveryCounts, ENDPOINTS_MAX, EndpointChanges, EventKind, NewEndpoint, ROTATION_HOURS,
            ROTATION_HOURS_MAX,
        },
    },
};

use super::{
    Body, Fields, Id, Listing, Query,
    fields::REQUIRED,
    reply::{Created, NoContent},
};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    integrations::{check_url, new_secret},
    openapi::{Forbidden, schemas::PageParams},
    state::AppState,
    wire::{
        events::ping_body,
        webhook_endpoint::{
            NewWebhookOut, PingOut, RotationIn, SecretOut, WebhookChangesIn, WebhookIn, WebhookOut,
        },
        words::Word,
    },
};

const NAME_CHARS_MAX: usize = 100;
/// What is longer is refused with a text of its own.
const URL_TEXT_CHARS_MAX: usize = 4000;
const EVENT_CHARS_MAX: usize = 50;
const NO_EVENTS: &str = "Informe pelo menos um evento.";

/// `GET integracoes/webhooks/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Webhooks",
    summary = "Lista os webhooks",
    description = "Com o que espera, o que chegou e o último erro de cada um. Segredos não são mostrados.",
    params(PageParams),
    responses((status = 200, body = Listing<WebhookOut>), Forbidden),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    query: Query,
) -> ApiResult<Listing<WebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    let endpoints = app.hub.store().list_webhook_endpoints().await?;
    let counts = app.hub.store().count_deliveries().await?;
    let now = app.hub.clock().now();
    let rows = endpoints.into_iter().map(|endpoint| {
        let found = counts.iter().find(|(id, _)| *id == endpoint.id);
        let counts = found.map(|(_, counts)| *counts).unwrap_or_default();
        WebhookOut::new(endpoint, counts, now)
    });
    query.paginate(rows)
}

/// `GET integracoes/webhooks/{id}/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Webhooks",
    summary = "Mostra um webhook",
    description = "Como na lista.",
    responses((status = 200, body = WebhookOut), Forbidden),
)]
pub(super) async fn detail(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<WebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    let endpoint = find(&app, WebhookId(id)).await?;
    shown(&app, endpoint).await
}

/// `POST integracoes/webhooks/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Cadastra um webhook",
    description = "A resposta traz o `segredo` das assinaturas, que não é mostrado outra vez. No máximo \
        20 webhooks. Só o que acontece de agora em diante é entregue.",
    request_body = WebhookIn,
    responses((status = 201, body = NewWebhookOut), Forbidden),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Created<NewWebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    let mut fields = body.fields();
    for name in ["nome", "url", "eventos"] {
        if !fields.is_present(name) {
            fields.error(name, REQUIRED);
        }
    }
    let changes = read(&app, fields).await?;
    let secret = new_secret().map_err(ApiError::internal)?;
    let new = NewEndpoint {
        name: changes.name.unwrap_or_default(),
        url: changes.url.unwrap_or_default(),
        events: changes.events.unwrap_or_default(),
        is_active: changes.is_active.unwrap_or(true),
        secret: app.integrations.seal(&secret).map_err(ApiError::internal)?,
    };
    let now = app.hub.clock().now();
    let inserted = app.hub.store().insert_webhook_endpoint(new, me.id, now).await?;
    let endpoint = inserted.ok_or_else(|| {
        ApiError::refused(format!("Há {ENDPOINTS_MAX} webhooks; exclua um antes de criar outro."))
    })?;
    let webhook = WebhookOut::new(endpoint, DeliveryCounts::default(), now);
    Ok(Created(NewWebhookOut { webhook, secret }))
}

/// `PATCH integracoes/webhooks/{id}/`.
#[utoipa::path(
    patch,
    path = "",
    tag = "Webhooks",
    summary = "Altera um webhook",
    description = "O que não vem fica como está. Enquanto está desativado nada é guardado para ele; o que \
        esperava continua esperando.",
    request_body = WebhookChangesIn,
    responses((status = 200, body = WebhookOut), Forbidden),
)]
pub(super) async fn update(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<WebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    find(&app, WebhookId(id)).await?;
    let changes = read(&app, body.fields()).await?;
    change(&app, &me, WebhookId(id), changes).await
}

/// `DELETE integracoes/webhooks/{id}/`.
#[utoipa::path(
    delete,
    path = "",
    tag = "Webhooks",
    summary = "Exclui um webhook",
    description = "Com todas as suas entregas, também as que esperam.",
    responses((status = 204), Forbidden),
)]
pub(super) async fn remove(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<NoContent> {
    me.require(Permission::ManageWebhooks)?;
    let (id, now) = (WebhookId(id), app.hub.clock().now());
    if !app.hub.store().delete_webhook_endpoint(id, me.id, now).await? {
        return Err(missing(id).into());
    }
    Ok(NoContent)
}

/// `POST integracoes/webhooks/{id}/ping/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Testa um webhook",
    description = "Envia um evento `ping` agora, também a um webhook desativado ou em pausa, e mostra o \
        que o destino respondeu (espera até 10 segundos). Não há nova tentativa.",
    responses((status = 200, body = PingOut), Forbidden),
)]
pub(super) async fn ping(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<PingOut>> {
    me.require(Permission::ManageWebhooks)?;
    let endpoint = find(&app, WebhookId(id)).await?;
    let (store, now) = (app.hub.store(), app.hub.clock().now());
    let event_id = format!("evt_{}", uuid::Uuid::new_v4().simple());
    let body = ping_body(&event_id, &endpoint, now);
    let delivery = store.insert_ping(endpoint.id, event_id, body.clone(), me.id, now).await?;
    let attempt = app.integrations.ping(store, &endpoint, &delivery, body, now).await?;
    Ok(Json(PingOut::new(delivery.id.0, attempt)))
}

/// `POST integracoes/webhooks/{id}/segredo/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Troca o segredo de um webhook",
    description = "O novo é mostrado só agora. O anterior também assina por `horas` (padrão: 24): cada \
        envio leva então duas assinaturas `v1`. Um terceiro segredo, mais antigo, deixa de valer.",
    request_body = RotationIn,
    responses((status = 200, body = SecretOut), Forbidden),
)]
pub(super) async fn rotate(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<SecretOut>> {
    me.require(Permission::ManageWebhooks)?;
    let id = WebhookId(id);
    find(&app, id).await?;
    let mut fields = body.fields();
    let hours = fields.int_or("horas", 0..=ROTATION_HOURS_MAX, ROTATION_HOURS);
    let hours = fields.finish(hours)?;
    let secret = new_secret().map_err(ApiError::internal)?;
    let sealed = app.integrations.seal(&secret).map_err(ApiError::internal)?;
    let now = app.hub.clock().now();
    let until = now.plus(Duration::from_hours(u64::try_from(hours).unwrap_or_default()));
    let rotated = app.hub.store().rotate_webhook_secret(id, sealed, until, me.id, now).await?;
    rotated.ok_or_else(|| missing(id))?;
    Ok(Json(SecretOut { secret, previous_until: until.into() }))
}

/// `POST integracoes/webhooks/{id}/reativar/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhooks",
    summary = "Reativa um webhook",
    description = "Ativa, zera as falhas e termina a pausa; o que espera é enviado já.",
    responses((status = 200, body = WebhookOut), Forbidden),
)]
pub(super) async fn resume(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<WebhookOut>> {
    me.require(Permission::ManageWebhooks)?;
    let changes = EndpointChanges { is_active: Some(true), ..EndpointChanges::default() };
    change(&app, &me, WebhookId(id), changes).await
}

async fn change(
    app: &AppState,
    me: &CurrentAgent,
    id: WebhookId,
    changes: EndpointChanges,
) -> ApiResult<Json<WebhookOut>> {
    let now = app.hub.clock().now();
    let updated = app.hub.store().update_webhook_endpoint(id, changes, me.id, now).await?;
    shown(app, updated.ok_or_else(|| missing(id))?).await
}

async fn shown(app: &AppState, endpoint: WebhookEndpoint) -> ApiResult<Json<WebhookOut>> {
    let counts = app.hub.store().count_deliveries().await?;
    let found = counts.into_iter().find(|(id, _)| *id == endpoint.id);
    let counts = found.map(|(_, counts)| counts).unwrap_or_default();
    Ok(Json(WebhookOut::new(endpoint, counts, app.hub.clock().now())))
}

async fn read(app: &AppState, mut fields: Fields) -> ApiResult<EndpointChanges> {
    let name = fields.changed_text("nome", NAME_CHARS_MAX);
    let written = fields.changed_text("url", URL_TEXT_CHARS_MAX);
    let events = fields.is_present("eventos").then(|| read_events(&mut fields));
    if events.as_ref().is_some_and(|events| events.0.is_empty()) && !fields.has_error("eventos") {
        fields.error("eventos", NO_EVENTS);
    }
    let is_active = fields.optional_bool("ativo");
    fields.check()?;
    let url = match written {
        Some(text) => {
            let checked = check_url(&text, app.integrations.rules()).await;
            Some(checked.map_err(|fault| ApiError::field("url", fault.to_string()))?)
        }
        None => None,
    };
    Ok(EndpointChanges { name, url, events, is_active })
}

/// Each once; what is not known is named.
pub(super) fn read_events(fields: &mut Fields) -> List<EventKind> {
    let mut events = List::default();
    for word in fields.optional_texts("eventos", EVENT_CHARS_MAX).unwrap_or_default() {
        match EventKind::parse(&word).filter(|kind| kind.can_be_wanted()) {
            Some(kind) => events.add(kind),
            None => fields.error("eventos", format!("\"{word}\" não é um escolha válida.")),
        }
    }
    events
}

pub(super) async fn find(app: &AppState, id: WebhookId) -> ApiResult<WebhookEndpoint> {
    let found = app.hub.store().find_webhook_endpoint(id).await?;
    Ok(found.ok_or_else(|| missing(id))?)
}

fn missing(id: WebhookId) -> HubError {
    HubError::not_found("Webhook", &id)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        http::testing::{Office, number},
        test_support::TestApp,
    };

    const WEBHOOKS: &str = "/api/v1/integracoes/webhooks/";

    fn body() -> Value {
        json!({"nome": "CRM", "url": "https://8.8.8.8/dx", "eventos": ["new_chat", "chat_closed"]})
    }

    async fn create(office: &Office) -> String {
        let answer = office.post(office.manager, WEBHOOKS, body()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        format!("{WEBHOOKS}{}/", answer.json()["id"])
    }

    #[tokio::test]
    async fn the_secret_is_shown_once_and_kept_sealed() {
        let office = Office::open().await;
        let created = office.post(office.manager, WEBHOOKS, body()).await.json();
        let secret = created["segredo"].as_str().unwrap();
        assert!(secret.starts_with("whsec_"), "{secret}");
        let one = format!("{WEBHOOKS}{}/", created["id"]);
        let mut shown = created.clone();
        shown.as_object_mut().unwrap().remove("segredo");
        assert_eq!(office.read(office.manager, &one).await, shown);
        assert_eq!(office.read(office.manager, WEBHOOKS).await["results"], json!([shown]));
        let stored = app_endpoint(&office).await;
        assert!(stored.secret.starts_with("v1:") && !stored.secret.contains(secret));
        let rotated = office.post(office.manager, &format!("{one}segredo/"), json!({})).await;
        let rotated = rotated.json();
        assert_ne!(rotated["segredo"], created["segredo"]);
        let shown = office.read(office.manager, &one).await;
        assert_eq!(shown["segredo_anterior_ate"], rotated["segredo_anterior_ate"]);
        let path = format!("{one}segredo/");
        assert_eq!(office.post(office.manager, &path, json!({"horas": 0})).await.status, 200);
        let shown = office.read(office.manager, &one).await;
        assert_eq!(shown["segredo_anterior_ate"], Value::Null);
        let trail = office.read(TestApp::ADMIN, "/api/v1/auditoria/").await.to_string();
        assert!(trail.contains("webhooks/1") && !trail.contains("whsec_"), "{trail}");
    }

    async fn app_endpoint(office: &Office) -> WebhookEndpoint {
        office.app.state.hub.store().list_webhook_endpoints().await.unwrap().remove(0)
    }

    #[tokio::test]
    async fn what_cannot_be_told_or_reached_is_refused() {
        let office = Office::open().await;
        let post = async |body: Value| office.post(office.manager, WEBHOOKS, body).await;
        let with = |name: &str, value: Value| {
            let mut body = body();
            body[name] = value;
            body
        };
        for (body, field, text) in [
            (json!({}), "nome", REQUIRED),
            (json!({}), "url", REQUIRED),
            (json!({}), "eventos", REQUIRED),
            (with("eventos", json!([])), "eventos", NO_EVENTS),
            (with("eventos", json!(["qrcode"])), "eventos", "\"qrcode\" não é um escolha válida."),
            (with("eventos", json!(["ping"])), "eventos", "\"ping\" não é um escolha válida."),
            (
                with("url", json!("http://8.8.8.8/")),
                "url",
                "Informe um endereço que comece com https://.",
            ),
            (
                with("url", json!("https://192.168.0.10/")),
                "url",
                "O endereço não é público: redes internas não são aceitas.",
            ),
            (
                with("url", json!("https://localhost/")),
                "url",
                "O endereço não é público: redes internas não são aceitas.",
            ),
            (
                with("url", json!("https://ana:senha@8.8.8.8/")),
                "url",
                "O endereço não pode ter usuário nem senha.",
            ),
        ] {
            let answer = post(body.clone()).await;
            assert_eq!((answer.status, &answer.json()[field][0]), (400, &json!(text)), "{body}");
        }
        let one = create(&office).await;
        let private = json!({"url": "https://10.0.0.1/"});
        assert_eq!(office.patch(office.manager, &one, private).await.status, 400);
        assert_eq!(office.patch(office.manager, &one, json!({"nome": ""})).await.status, 400);
        for horas in [json!(-1), json!(169), json!("x")] {
            let (path, body) = (format!("{one}segredo/"), json!({"horas": horas}));
            assert_eq!(office.post(office.manager, &path, body).await.status, 400, "{horas}");
        }
        for _ in 1..ENDPOINTS_MAX {
            create(&office).await;
        }
        let answer = post(body()).await;
        assert_eq!(answer.status, 400);
        assert!(answer.json()["error"].as_str().unwrap().starts_with("Há 20 webhooks"));
    }

    #[tokio::test]
    async fn managers_manage_and_nobody_below_sees_anything() {
        let office = Office::open().await;
        let one = create(&office).await;
        for who in [office.ana, office.supervisor] {
            for path in [WEBHOOKS, &one, &format!("{one}entregas/"), &format!("{one}entregas/1/")] {
                assert_eq!(office.get(who, path).await.status, 403, "{path}");
            }
            for path in ["ping/", "segredo/", "reativar/", "reenviar/", "entregas/1/reenviar/"] {
                let answer = office.post(who, &format!("{one}{path}"), json!({})).await;
                assert_eq!(answer.status, 403, "{path}");
            }
            assert_eq!(office.post(who, WEBHOOKS, body()).await.status, 403);
            assert_eq!(office.delete(who, &one).await.status, 403);
        }
        let off = office.patch(office.manager, &one, json!({"ativo": false})).await;
        assert_eq!((off.status, &off.json()["ativo"]), (200, &json!(false)));
        let range = json!({"de": "2026-01-01T00:00:00Z"});
        let again = office.post(office.manager, &format!("{one}reenviar/"), range).await;
        assert_eq!(again.status, 400);
        assert!(again.json()["error"].as_str().unwrap().contains("reative-o"));
        let on = office.post(TestApp::ADMIN, &format!("{one}reativar/"), json!({})).await;
        assert_eq!((on.status, &on.json()["ativo"]), (200, &json!(true)));
        assert_eq!(office.delete(office.manager, &one).await.status, 204);
        assert_eq!(office.delete(office.manager, &one).await.status, 404);
        assert_eq!(office.get(office.manager, &one).await.status, 404);
    }

    #[tokio::test]
    async fn a_span_that_makes_no_sense_is_refused() {
        let office = Office::open().await;
        let one = create(&office).await;
        let path = format!("{one}reenviar/");
        for (body, field) in [
            (json!({}), "de"),
            (json!({"de": "ontem"}), "de"),
            (json!({"de": "2026-01-02T00:00:00Z", "ate": "2026-01-01T00:00:00Z"}), "ate"),
            (json!({"de": "2026-01-01T00:00:00Z", "eventos": ["nada"]}), "eventos"),
            (json!({"de": "2026-01-01T00:00:00Z", "situacao": "nada"}), "situacao"),
        ] {
            let answer = office.post(office.manager, &path, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}");
            assert!(answer.json()[field].is_array(), "{body}: {}", answer.text);
        }
        office.enqueue(&number(1), "alta").await;
        let body = json!({"de": "2026-01-01T00:00:00Z"});
        let answer = office.post(office.manager, &path, body).await;
        let none = json!({"reenviadas": 0});
        assert_eq!((answer.status, answer.json()), (200, none), "it is not put together yet");
        let bad = format!("{one}entregas/?situacao=nada");
        assert_eq!(office.get(office.manager, &bad).await.status, 400);
        assert_eq!(office.get(office.manager, &format!("{one}entregas/9/")).await.status, 404);
        let missing = format!("{one}entregas/9/reenviar/");
        assert_eq!(office.post(office.manager, &missing, json!({})).await.status, 404);
    }
}
