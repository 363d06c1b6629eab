//! Where networks deliver: anybody may post, so the signature decides when there is a secret. 200
//! means that everything is stored; a repeat is answered like the first delivery.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use dx_actors::{
    HubError,
    domain::{SessionId, phone},
};
use futures_util::future::join_all;

use super::{Body, Query, body::Raw};
use crate::{
    auth::{AuthFailure, CurrentAgent, signature::is_secret},
    error::{ApiError, ApiResult},
    openapi::{Forbidden, Missing, Unauthorized},
    providers::cloud::numbers::Secrets,
    state::AppState,
    wire::{
        cloud::{CloudBatch, CloudIn, CloudInbound, TemplateChange},
        inject::{self, InjectIn, InjectedOut},
        message::MessageOut,
        webhook::{
            BatchOut, VerificationParams, WebhookBodyIn, WebhookIn, WebhookMessageIn, WebhookOut,
        },
    },
};

const SIGNATURE: &str = "x-hub-signature-256";

/// `GET /webhook/`: Meta makes sure that the address is ours.
#[utoipa::path(
    get,
    path = "",
    tag = "Webhook",
    summary = "Confirma o endereço",
    description = "A Meta pergunta assim se o endereço é nosso; a resposta repete `hub.challenge`.",
    params(VerificationParams),
    responses(
        (status = 200, body = String, content_type = "text/plain", example = "1158201444"),
        Forbidden
    ),
    security(()),
)]
pub(super) async fn verify(State(app): State<AppState>, query: Query) -> ApiResult<String> {
    let presented = query.text("hub.verify_token").unwrap_or_default();
    let expected = app.config.whatsapp_webhook_verify_token.as_ref();
    let is_ours = expected.is_some_and(|expected| is_secret(expected.reveal(), presented));
    if !is_ours || query.text("hub.mode") != Some("subscribe") {
        return Err(ApiError::Forbidden("Token de verificação inválido.".into()));
    }
    Ok(query.text("hub.challenge").unwrap_or_default().to_owned())
}

/// `POST /webhook/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhook",
    summary = "Recebe mensagens",
    description = "200 quer dizer que tudo está guardado; uma repetição é respondida como a primeira vez. \
        Havendo um segredo, `X-Hub-Signature-256` tem de conferir. O corpo pode ter até 3 MB.",
    request_body = WebhookBodyIn,
    responses((status = 200, body = inline(WebhookOut)), Unauthorized),
    security(()),
)]
pub(super) async fn receive(
    State(app): State<AppState>,
    headers: HeaderMap,
    Raw(bytes): Raw,
) -> ApiResult<Response> {
    let secrets = app.cloud.numbers().secrets().await.map_err(ApiError::unavailable)?;
    let header = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let signed = Signed { secrets: &secrets, bytes: &bytes, header };
    // Before anything of it is understood.
    accepted(signed.secrets.accept(&bytes, header))?;
    match WebhookIn::read(&bytes).map_err(ApiError::refused)? {
        WebhookIn::Message(message) => {
            Ok(take_message(&app, *message, &signed).await?.into_response())
        }
        WebhookIn::Cloud(delivery) => {
            Ok(take_delivery(&app, delivery, &signed).await?.into_response())
        }
    }
}

/// A delivery as it came, with what may have signed it.
struct Signed<'d> {
    secrets: &'d Secrets,
    bytes: &'d [u8],
    header: Option<&'d str>,
}

impl Signed<'_> {
    /// What one application has signed is no word about the numbers of another.
    fn check_for(&self, session_id: SessionId) -> ApiResult<()> {
        accepted(self.is_for(session_id))
    }

    fn is_for(&self, session_id: SessionId) -> bool {
        self.secrets.accept_for(session_id, self.bytes, self.header)
    }
}

fn accepted(is_signed: bool) -> ApiResult<()> {
    if is_signed { Ok(()) } else { Err(AuthFailure::BadSignature.into()) }
}

/// `POST /inject-incoming/`: a message as if a customer had sent it, for tests and demonstrations.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhook",
    summary = "Simula uma mensagem recebida",
    description = "Como se um cliente a tivesse enviado; só onde a configuração permite.",
    request_body = InjectIn,
    responses((status = 200, body = InjectedOut), Forbidden, Missing),
)]
pub(super) async fn inject(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<InjectedOut>> {
    if !app.config.allow_inject {
        let text = "A injeção de mensagens está desativada neste servidor.";
        return Err(ApiError::Forbidden(text.into()));
    }
    let read = InjectIn::read(body.into_values());
    let read = read
        .and_then(|InjectIn { from, chat_id, payload }| inject::inbound(from, chat_id, payload));
    let inbound = read.map_err(ApiError::refused)?;
    let sessions = app.hub.sessions();
    let session_id =
        sessions.meant(None, None).ok_or_else(|| ApiError::missing(NO_SESSION_TO_INJECT))?;
    let delivered = sessions.receive(app.hub.chats(), session_id, inbound).await?;
    Ok(Json(MessageOut::new(delivered.message, &me.roster).into()))
}

const NO_SESSION_TO_INJECT: &str = "Sessão WhatsApp não encontrada. Inicie uma sessão primeiro.";

async fn take_message(
    app: &AppState,
    message: WebhookMessageIn,
    signed: &Signed<'_>,
) -> ApiResult<Json<MessageOut>> {
    let WebhookMessageIn { session_id, to, inbound } = message;
    let session_id = session_of(app, session_id, to.as_deref())?;
    signed.check_for(session_id)?;
    let delivered = app.hub.sessions().receive(app.hub.chats(), session_id, inbound).await?;
    let roster = app.hub.directory().roster();
    Ok(Json(MessageOut::new(delivered.message, &roster)))
}

async fn take_delivery(
    app: &AppState,
    delivery: CloudIn,
    signed: &Signed<'_>,
) -> ApiResult<Json<BatchOut>> {
    let (batches, templates) = delivery.into_parts();
    let parts = batches.len();
    let mut meant = Vec::with_capacity(parts);
    for batch in batches {
        if let Some(id) = number_of(app, &batch, signed)? {
            meant.push((id, batch));
        }
    }
    accepted(parts == 0 || !meant.is_empty())?;
    let others = if templates.is_empty() { Vec::new() } else { others(signed)? };
    let mut out = BatchOut { status: "ok", messages: 0, statuses: 0 };
    for (session_id, batch) in meant {
        let CloudBatch { inbound, statuses, .. } = batch;
        out.messages += inbound.len();
        out.statuses += statuses.len();
        store_all(app, session_id, inbound).await?;
        let now = app.hub.clock().now();
        let reports = statuses.into_iter().map(|status| status.into_report(session_id, now));
        app.hub.report_statuses(reports.collect()).await?;
    }
    for change in templates {
        let TemplateChange { network_id, status, reason } = change;
        let store = app.hub.store();
        store.change_template_status(network_id, status, reason, others.clone()).await?;
    }
    Ok(Json(out))
}

/// The number that a part of a delivery is for, if it is signed for that one. What was written to a number that is not
/// here or out of use falls to another one, and is left out where it is not signed as that one's messages are.
fn number_of(
    app: &AppState,
    batch: &CloudBatch,
    signed: &Signed<'_>,
) -> ApiResult<Option<SessionId>> {
    let phone_number_id = &batch.phone_number_id;
    let named = signed.secrets.number(phone_number_id).map(|number| number.session_id);
    if named.is_none() {
        tracing::warn!(phone_number_id, "no number has this id of the Cloud API");
    }
    let id = session_of(app, named, Some(&batch.phone_number))?;
    if signed.is_for(id) {
        return Ok(Some(id));
    }
    accepted(named != Some(id))?;
    tracing::warn!(
        phone_number_id,
        "what is for a number that is not in use is not signed for another"
    );
    Ok(None)
}

/// The numbers of which a delivery says nothing, for they have secrets that have not signed it.
fn others(signed: &Signed<'_>) -> ApiResult<Vec<SessionId>> {
    let numbers = signed.secrets.numbers.iter().map(|number| number.session_id);
    let (own, others): (Vec<_>, Vec<_>) = numbers.partition(|id| signed.is_for(*id));
    accepted(!own.is_empty() || others.is_empty())?;
    Ok(others)
}

/// Customers side by side, what one customer did one after the other. A failure stops only its own
/// customer; the network delivers again what was not stored.
async fn store_all(app: &AppState, id: SessionId, inbound: Vec<CloudInbound>) -> ApiResult<()> {
    let mut by_chat: BTreeMap<String, Vec<CloudInbound>> = BTreeMap::new();
    for event in inbound {
        by_chat.entry(event.chat_id().to_owned()).or_default().push(event);
    }
    let chats = by_chat.into_values().map(async |events| {
        for event in events {
            match event {
                CloudInbound::Message(message) => {
                    app.hub.sessions().receive(app.hub.chats(), id, *message).await?;
                }
                CloudInbound::Change(change) => {
                    let change = change.into_change(app.hub.clock().now());
                    app.hub.chats().change(id, change).await?;
                }
            }
        }
        Ok::<_, HubError>(())
    });
    Ok(join_all(chats).await.into_iter().collect::<Result<(), _>>()?)
}

/// The number that is named, the one that was written to, or the default one. A message is never
/// refused because of a name that we do not know.
fn session_of(app: &AppState, id: Option<SessionId>, to: Option<&str>) -> ApiResult<SessionId> {
    let phone = to.and_then(phone::canonical);
    app.hub.sessions().meant(id, phone.as_deref()).ok_or_else(|| ApiError::Unavailable {
        error: "Nenhuma sessão ativa disponível".into(),
        source: None,
    })
}

#[cfg(test)]
mod tests {
    use dx_actors::domain::cloud::CloudNumberChanges;
    use ring::hmac;
    use serde_json::{Value, json};

    use super::*;
    use crate::test_support::{Answer, TestApp};

    const WEBHOOK: &str = "/api/v1/whatsapp/webhook/";
    const INJECT: &str = "/api/v1/whatsapp/inject-incoming/";
    const FROM: &str = "5511999999999";

    fn reference_body() -> Value {
        json!({
            "event": "message_received",
            "data": {
                "from": FROM, "message": "Texto da mensagem", "message_id": "abc123",
                "timestamp": "2025-10-11T10:00:00Z",
            },
            "version": "v1",
        })
    }

    async fn post(app: &TestApp, body: &Value) -> Answer {
        app.post(WEBHOOK).json(body).send().await
    }

    async fn inject(app: &TestApp, body: &Value) -> Answer {
        app.post(INJECT).signed_in_as(TestApp::AGENT).json(body).send().await
    }

    async fn stored(app: &TestApp) -> Value {
        app.get("/api/v1/whatsapp/messages/").signed_in().send().await.json()
    }

    #[tokio::test]
    async fn the_example_of_the_reference_is_answered_with_the_row() {
        let app = TestApp::new().await;
        let body = reference_body();
        let first = post(&app, &body).await;
        assert_eq!(first.status, 200, "{}", first.text);
        let row = first.json();
        let expected = json!({
            "message_id": "abc123", "direction": "inbound", "message_type": "text",
            "chat_id": FROM, "contact_number": FROM, "contact_name": "",
            "text_content": "Texto da mensagem", "status": "delivered", "is_from_me": false,
            "protocol_version": "v1", "raw_payload": body, "session": 1, "usuario": null,
            "payload": {"type": "text", "text": "Texto da mensagem"},
            "timestamp": "2025-10-11T10:00:00Z", "is_latency_acceptable": true,
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&row[key], value, "{key}");
        }
        let again = post(&app, &body).await;
        assert_eq!((again.status, &again.json()["id"]), (200, &row["id"]));
        assert_eq!(stored(&app).await["count"], 1);
    }

    #[tokio::test]
    async fn bodies_that_are_no_message_say_why() {
        let app = TestApp::new().await;
        let with = |name: &str, value: Value| {
            let mut body = reference_body();
            body["data"][name] = value;
            body
        };
        let only_event = json!({"event": "message_received"});
        let too_long = |n: usize| json!("x".repeat(n));
        let cases = [
            (with("message", Value::Null), "Campos obrigatórios ausentes: message"),
            (with("from", json!(" ")), "Campos obrigatórios ausentes: from"),
            (only_event, "Campos obrigatórios ausentes: from, message"),
            (json!({}), "Campos obrigatórios ausentes: event"),
            (json!({"event": "lua_cheia"}), "Evento não suportado: lua_cheia"),
            (json!({"event": "message_received", "data": "oi"}), "Campo inválido: data"),
            (with("timestamp", json!("ontem")), "Campo inválido: timestamp"),
            (with("message", json!(["oi"])), "Campo inválido: message"),
            (with("message", too_long(65_537)), "Campo inválido: message"),
            (with("message", json!("a\0b")), "Campo inválido: message"),
            (with("contact_name", too_long(256)), "Campo inválido: contact_name"),
            (with("message_id", too_long(256)), "Campo inválido: message_id"),
            (with("chat_id", too_long(101)), "Campo inválido: chat_id"),
            (with("from", json!("1".repeat(21))), "Campo inválido: from"),
            (with("from", too_long(101)), "Campo inválido: from"),
            (with("media_url", json!("javascript:alert(1)")), "Campo inválido: media_url"),
            (json!([reference_body()]), "O corpo deve ser um objeto JSON"),
            (Value::Null, "O corpo deve ser um objeto JSON"),
        ];
        for (body, text) in cases {
            let answer = post(&app, &body).await;
            assert_eq!(answer.status, 400, "{text}");
            let error = answer.json()["error"].as_str().unwrap().to_owned();
            assert!(error.starts_with(text), "{error} is not {text}");
            assert_eq!(answer.json()["detail"], error);
        }
        let answer = app.post(WEBHOOK).header("content-type", "application/json").send().await;
        assert!(answer.text.contains("JSON parse error - "), "{}", answer.text);
        assert_eq!(stored(&app).await["count"], 0);
    }

    #[tokio::test]
    async fn what_is_missing_is_made_up_and_numbers_have_one_form() {
        let app = TestApp::new().await;
        let event = |data: Value| json!({"event": "message_received", "data": data});
        let bare = event(json!({"from": 11_988_887_777_i64, "message": 5}));
        let (first, second) = (post(&app, &bare).await.json(), post(&app, &bare).await.json());
        assert_ne!(first["message_id"], second["message_id"]);
        assert_eq!(
            (&first["chat_id"], &first["text_content"]),
            (&json!("5511988887777"), &json!("5"))
        );
        let kinds = [
            (json!("image/jpeg"), "image"),
            (json!("AUDIO/ogg; codecs=opus"), "audio"),
            (json!("video/mp4"), "video"),
            (json!("application/pdf"), "document"),
            (Value::Null, "document"),
        ];
        for (media_type, kind) in kinds {
            let url = "https://example.com/arquivo";
            let data = json!({"from": FROM, "media_url": url, "media_type": media_type});
            let row = post(&app, &event(data)).await.json();
            assert_eq!((&row["message_type"], &row["media_url"]), (&json!(kind), &json!(url)));
        }
        let data =
            json!({"from": "120363000000@g.us", "message": "oi", "timestamp": 1_760_176_800});
        let row = post(&app, &event(data)).await.json();
        assert_eq!(row["chat_id"], "120363000000@g.us");
        assert_eq!(row["timestamp"], "2025-10-11T10:00:00Z");
    }

    fn tag(body: &Value, secret: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, body.to_string().as_bytes());
        tag.as_ref().iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// A number of the Cloud API with a secret of its own; its id.
    async fn second_number(app: &TestApp) -> Value {
        let cloud = json!({
            "phone_number_id": "2099", "business_account_id": "1022", "access_token": "EAA",
            "app_secret": "proprio",
        });
        let number = json!({
            "provider": "cloud", "device_name": "Rio", "cloud": cloud,
        });
        let created = app.post("/api/v1/whatsapp/sessions/").signed_in().json(&number).send().await;
        assert_eq!(created.status, 201, "{}", created.text);
        created.json()["id"].clone()
    }

    #[tokio::test]
    async fn a_secret_that_cannot_be_read_stops_its_own_number_only() {
        let app = TestApp::new().await;
        let id = second_number(&app).await;
        let session_id = SessionId(id.as_i64().unwrap());
        let changes =
            CloudNumberChanges { app_secret: Some("v1:lost".to_owned()), ..Default::default() };
        let (store, now) = (app.state.hub.store(), app.state.hub.clock().now());
        store.save_cloud_number(session_id, changes, TestApp::ADMIN, now).await.unwrap();
        assert_eq!(post(&app, &reference_body()).await.status, 200);
        let mut named = reference_body();
        named["session_id"] = id;
        let call = app.post(WEBHOOK).json(&named).header(SIGNATURE, &tag(&named, "proprio"));
        assert_eq!(call.send().await.status, 401);
    }

    /// Whoever holds no secret, or that of another application, says nothing over a number with its own.
    #[tokio::test]
    async fn what_is_for_a_number_is_signed_with_its_own_secret_however_it_is_named() {
        let app = TestApp::new().await;
        let id = second_number(&app).await;
        let mut named = reference_body();
        named["session_id"] = id.clone();
        let entry = |changes: Value| json!({"object": "whatsapp_business_account", "entry": [{"changes": [changes]}]});
        let text = json!({
            "from": FROM, "id": "wamid.1", "type": "text", "timestamp": "1760000000",
            "text": {"body": "oi"},
        });
        let metadata =
            json!({"phone_number_id": "2099", "display_phone_number": "+55 21 4000-3000"});
        let value = json!({"metadata": metadata, "messages": [text]});
        let meta = entry(json!({"field": "messages", "value": value}));
        let judged = entry(json!({"field": "message_template_status_update", "value": {
            "event": "REJECTED", "message_template_id": 1,
        }}));
        for body in [named, meta, judged] {
            assert_eq!(post(&app, &body).await.status, 401, "{body}");
            let signed_with = async |secret| {
                let call = app.post(WEBHOOK).json(&body).header(SIGNATURE, &tag(&body, secret));
                call.send().await.status
            };
            assert_eq!(signed_with("outro").await, 401, "{body}");
            assert_eq!(signed_with("proprio").await, 200, "{body}");
        }
        for row in stored(&app).await["results"].as_array().unwrap() {
            assert_eq!(row["session"], id, "{row}");
        }
        assert_eq!(post(&app, &reference_body()).await.status, 200, "the default one has none");
    }

    #[tokio::test]
    async fn a_signature_is_required_as_soon_as_there_is_a_secret() {
        let app = TestApp::with_environment(&[("WHATSAPP_WEBHOOK_SECRET", "segredo")]).await;
        let body = reference_body();
        let tag = |secret| tag(&body, secret);
        assert_eq!(post(&app, &body).await.status, 401);
        for wrong in ["", "sha256=zz", &tag("outro")] {
            let call = app.post(WEBHOOK).json(&body).header(SIGNATURE, wrong);
            let answer = call.send().await;
            assert_eq!(answer.status, 401, "{wrong}");
            assert_eq!(answer.json()["error"], "Assinatura ausente ou inválida");
        }
        let call = app.post(WEBHOOK).json(&body).header(SIGNATURE, &tag("segredo"));
        assert_eq!(call.send().await.status, 200);
    }

    #[tokio::test]
    async fn the_address_is_verified_with_the_token() {
        let app = TestApp::with_environment(&[("WHATSAPP_WEBHOOK_VERIFY_TOKEN", "ficha")]).await;
        let ask = async |mode: &str, token: &str| {
            let query = format!("hub.mode={mode}&hub.challenge=1158&hub.verify_token={token}");
            app.get(&format!("{WEBHOOK}?{query}")).send().await
        };
        let answer = ask("subscribe", "ficha").await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "1158"));
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
        for (mode, token) in [("subscribe", "outra"), ("subscribe", ""), ("", "ficha")] {
            assert_eq!(ask(mode, token).await.status, 403, "{mode} {token}");
        }
        let app = TestApp::new().await;
        let path = format!("{WEBHOOK}?hub.mode=subscribe&hub.verify_token=");
        assert_eq!(app.get(&path).send().await.status, 403, "there is no token");
    }

    #[tokio::test]
    async fn a_message_goes_to_the_number_that_it_names() {
        let app = TestApp::new().await;
        let sessions = app.state.hub.sessions();
        let kind = dx_actors::domain::ProviderKind::Sandbox;
        let second = sessions.create(kind, "2".to_owned(), None, TestApp::ADMIN).await.unwrap().id;
        sessions.start(second).await.unwrap();
        dx_actors::testing::eventually(async || sessions.is_ready(second)).await;
        let phone = sessions.live(second).unwrap().phone_number;
        let cases = [
            (json!({"session_id": second.0}), json!({}), second.0),
            (json!({}), json!({"session_id": second.0.to_string()}), second.0),
            (json!({}), json!({"to": format!("+{phone}")}), second.0),
            (json!({"session_id": 99}), json!({"to": &phone}), second.0),
            (json!({"session_id": 99}), json!({"to": "5511900000000"}), 1),
            (json!({}), json!({}), 1),
        ];
        for (outer, inner, expected) in cases {
            let mut body =
                json!({"event": "message_received", "data": {"from": FROM, "message": "oi"}});
            body.as_object_mut().unwrap().extend(outer.as_object().unwrap().clone());
            body["data"].as_object_mut().unwrap().extend(inner.as_object().unwrap().clone());
            assert_eq!(post(&app, &body).await.json()["session"], expected, "{body}");
        }
        sessions.deactivate(second, TestApp::ADMIN).await.unwrap();
        let body = json!({
            "event": "message_received", "data": {"from": FROM, "message": "oi", "to": phone},
            "session_id": second.0,
        });
        assert_eq!(post(&app, &body).await.json()["session"], 1, "it is out of use");
    }

    fn meta_body(value: &Value) -> Value {
        let metadata = json!({"display_phone_number": "551130000000", "phone_number_id": "1"});
        let mut value = value.clone();
        value["metadata"] = metadata;
        let changes = json!([{"field": "messages", "value": value}]);
        json!({
            "object": "whatsapp_business_account",
            "entry": [
                {"id": "1", "changes": changes},
                {"id": "2", "changes": [{"field": "account_update", "value": {"messages": 1}}]},
                {"id": "3", "changes": [{"field": "flows", "value": "x"}, {"field": "none"}]},
            ],
        })
    }

    #[tokio::test]
    async fn a_batch_of_meta_is_stored_once_and_whole() {
        let app = TestApp::new().await;
        let message = |id: &str, rest: Value| {
            let mut message = json!({"from": FROM, "id": id, "timestamp": "1760176800"});
            message.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            message
        };
        let media = json!({"id": "m1", "mime_type": "image/jpeg", "caption": "veja"});
        let choice = json!({"type": "button_reply", "button_reply": {"id": "1", "title": "Sim"}});
        let names =
            json!([{"name": {"formatted_name": "Bia"}}, {"name": {"formatted_name": "Eva"}}]);
        let value = json!({
            "contacts": [{"profile": {"name": "Maria"}, "wa_id": FROM}],
            "messages": [
                message("w1", json!({"type": "text", "text": {"body": "Olá"}})),
                message("w2", json!({"type": "image", "image": media})),
                message("w3", json!({"type": "interactive", "interactive": choice})),
                message("w4", json!({"type": "button", "button": {"text": "Não"}})),
                message("w5", json!({"type": "contacts", "contacts": names})),
                message("w6", json!({"type": "location", "location": {"latitude": -1.5, "longitude": 2}})),
                message("w7", json!({"type": "sticker", "sticker": {"mime_type": "image/webp"}})),
                message("w8", json!({"type": "document", "document": {"filename": "a.pdf"}})),
                message("w9", json!({"type": "unsupported"})),
                json!({"type": "text", "text": {"body": "nobody sent this"}}),
                json!("nonsense"),
            ],
        });
        for _ in 0..2 {
            let answer = post(&app, &meta_body(&value)).await;
            let expected = json!({"status": "ok", "messages": 9, "statuses": 0});
            assert_eq!((answer.status, answer.json()), (200, expected));
        }
        let page = app.get("/api/v1/whatsapp/messages/?ordering=created_at").signed_in();
        let page = page.send().await.json();
        let rows: Vec<_> = page["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let text = |key: &str| row[key].as_str().unwrap().to_owned();
                (text("message_id"), text("message_type"), text("text_content"))
            })
            .collect();
        let expected = [
            ("w1", "text", "Olá"),
            ("w2", "image", "veja"),
            ("w3", "interactive", "Sim"),
            ("w4", "interactive", "Não"),
            ("w5", "contact", "Bia, Eva"),
            ("w6", "location", "-1.5, 2"),
            ("w7", "sticker", ""),
            ("w8", "document", "a.pdf"),
            (
                "w9",
                "text",
                "[o WhatsApp não deixou ver esta mensagem: peça que seja enviada de outra forma]",
            ),
        ];
        let rows: Vec<_> = rows
            .iter()
            .map(|(id, kind, text)| (id.as_str(), kind.as_str(), text.as_str()))
            .collect();
        assert_eq!(rows, expected);
        assert_eq!(page["results"][0]["contact_name"], "Maria");
        let id = &page["results"][1]["id"];
        let row = app.get(&format!("/api/v1/whatsapp/messages/{id}/")).signed_in().send().await;
        let row = row.json();
        assert_eq!(row["media_mime_type"], "image/jpeg");
        assert_eq!(row["raw_payload"]["image"]["id"], "m1");
        assert_eq!(row["timestamp"], "2025-10-11T10:00:00Z");
    }

    #[tokio::test]
    async fn what_meta_leaves_out_or_changes_does_not_stop_the_rest() {
        let app = TestApp::new().await;
        let video = json!({"link": "ftp://x", "caption": "veja"});
        let value = json!({
            "contacts": null, "statuses": {},
            "messages": [
                {"from_user_id": "BR.13491208655302741918", "id": "w1", "type": "video", "video": video},
                {"from": FROM, "id": "w2"},
            ],
        });
        let answer = post(&app, &meta_body(&value)).await;
        assert_eq!((answer.status, &answer.json()["messages"]), (200, &json!(2)));
        let page = stored(&app).await;
        let rows = page["results"].as_array().unwrap();
        let row = |id: &str| rows.iter().find(|row| row["message_id"] == id).unwrap();
        assert_eq!(row("w1")["chat_id"], "BR.13491208655302741918");
        assert_eq!(row("w1")["media_url"], Value::Null);
        assert_eq!(row("w2")["text_content"], "[desconhecido]");
        let answer = post(&app, &json!({"object": "whatsapp_business_account", "entry": {}})).await;
        assert_eq!(answer.status, 400);
    }

    #[tokio::test]
    async fn a_delivery_may_have_three_megabytes() {
        let app = TestApp::new().await;
        for (megabytes, status) in [(2, 200), (4, 413)] {
            let mut body = meta_body(&json!({}));
            body["padding"] = json!("x".repeat(megabytes * 1024 * 1024));
            let answer = post(&app, &body).await;
            assert_eq!(answer.status, status, "{megabytes}");
        }
    }

    #[tokio::test]
    async fn statuses_of_meta_move_the_message_up_and_are_told() {
        let app = TestApp::new().await;
        app.state.hub.sessions().start(SessionId(1)).await.unwrap();
        dx_actors::testing::eventually(async || app.state.hub.sessions().is_ready(SessionId(1)))
            .await;
        let body = json!({"to": FROM, "text": "olá"});
        let sent = app.post("/api/v1/whatsapp/send/").signed_in().json(&body).send().await.json();
        let mut tap = app.state.hub.outboxes().tap();
        let status = |word: &str| json!({"id": sent["message_id"], "status": word, "timestamp": "1760176800"});
        let value = json!({"statuses": [
            status("delivered"), status("read"), status("deleted"), {"id": "unknown", "status": "read"},
        ]});
        let answer = post(&app, &meta_body(&value)).await;
        let expected = json!({"status": "ok", "messages": 0, "statuses": 3});
        assert_eq!((answer.status, answer.json()), (200, expected));
        let path = format!("/api/v1/whatsapp/messages/{}/", sent["database_id"]);
        assert_eq!(app.get(&path).signed_in().send().await.json()["status"], "read");
        loop {
            let event = tap.recv().await.unwrap();
            if let dx_actors::HubEvent::MessageStatusChanged { status, .. } = event
                && status == dx_actors::domain::MessageStatus::Read
            {
                break;
            }
        }
    }

    #[tokio::test]
    async fn an_injected_message_takes_the_same_way() {
        let app = TestApp::new().await;
        let payload =
            json!({"type": "text", "text": "Oi!", "contact_name": "Maria", "message_id": "x"});
        let body = json!({"from": FROM, "chat_id": "120363000000@g.us", "payload": payload});
        let answer = inject(&app, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        assert_eq!(body["message"], "Mensagem de teste injetada com sucesso");
        assert_eq!((&body["message_id"], &body["database_id"]), (&json!("x"), &body["data"]["id"]));
        assert_eq!(body["data"]["chat_id"], "120363000000@g.us");
        assert_eq!(body["data"]["contact_number"], FROM);
        assert_eq!(body["data"]["contact_name"], "Maria");
    }

    #[tokio::test]
    async fn a_bad_injection_says_what_is_wrong() {
        let app = TestApp::new().await;
        let cases = [
            (json!({"payload": {"text": "oi"}}), "Campo 'from' é obrigatório"),
            (json!({"from": " ", "payload": {"text": "oi"}}), "Campo 'from' é obrigatório"),
            (json!({"from": FROM}), "Campo 'payload' é obrigatório"),
            (json!({"from": FROM, "payload": "oi"}), "Campo 'payload' inválido"),
            (json!({"from": FROM, "payload": {"text": 1}}), "Campo 'payload' inválido"),
            (json!({"from": FROM, "payload": {}}), "Campo 'text' é obrigatório em 'payload'"),
            (
                json!({"from": FROM, "payload": {"type": "carta", "text": "oi"}}),
                "Tipo de mensagem inválido: carta",
            ),
            (
                json!({"from": FROM, "payload": {"text": "x".repeat(65_537)}}),
                "Campo inválido: text",
            ),
        ];
        for (body, text) in cases {
            let answer = inject(&app, &body).await;
            let error = answer.json()["error"].as_str().unwrap().to_owned();
            assert_eq!(answer.status, 400, "{text}");
            assert!(error.starts_with(text), "{error} is not {text}");
        }
        let body = json!({"from": FROM, "payload": {"text": "oi"}});
        assert_eq!(app.post(INJECT).json(&body).send().await.status, 401);
        let app = TestApp::with_environment(&[("ALLOW_INJECT", "0")]).await;
        assert_eq!(inject(&app, &body).await.status, 403);
        assert_eq!(stored(&app).await["count"], 0);
    }
}
