//! From a person to a customer: what is asked is checked, the number has to be ready, and the message
//! is a durable row when this answers.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use dx_actors::{
    HubError,
    chat::{Outgoing, OutgoingMedia},
    domain::{AgentId, Message, MessageKind, SessionId, file::FileKey, phone},
};

use super::{Body, Fields, Slash, cloud_content, content, fields::too_long};
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::{Conflict, Forbidden, Locked},
    state::AppState,
    wire::{
        incoming::{
            CHAT_ID_CHARS_MAX, MEDIA_URL_CHARS_MAX, MESSAGE_ID_CHARS_MAX, PHONE_CHARS_MAX,
            TEXT_CHARS_MAX,
        },
        message::{LEGACY_SENDABLE, LegacySendIn, MessageIdOut, QueuedOut, SENDABLE, SendIn},
        words::Word,
    },
};

/// Contract §10.
const CLIENT_MESSAGE_ID_CHARS_MAX: usize = 255;
const NO_FILE: &str =
    "Este arquivo não existe ou já expirou; envie-o de novo em /api/v1/whatsapp/media/.";
const TEXT_REQUIRED: &str = "Campo obrigatório para mensagens de texto";
const BAD_RECIPIENT: &str =
    "Informe um número com DDD e código do país (10 a 15 dígitos) ou o endereço de um grupo.";

/// `POST /send/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Mensagens",
    summary = "Envia uma mensagem",
    description = "A mensagem está guardada quando a resposta chega; o estado da entrega vem por evento. \
        Com `client_message_id` um pedido pode ser repetido sem enviar duas vezes.",
    request_body = SendIn,
    responses((status = 202, body = QueuedOut), Forbidden, Conflict, Locked),
)]
pub(super) async fn send(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<(StatusCode, Json<QueuedOut>)> {
    let (mut outgoing, file_id) = read(body, me.id)?;
    if let Some(key) = file_id {
        outgoing.media = Some(stored(&app, key).await?);
    }
    let message = queue(&app, outgoing).await?;
    Ok((StatusCode::ACCEPTED, Json(message.into())))
}

/// `POST /messages`, for older clients. With a trailing slash the path is the list's alone.
#[utoipa::path(
    post,
    path = "",
    tag = "Mensagens",
    summary = "Envia uma mensagem (forma antiga)",
    description = "Para clientes mais antigos; sem barra final.",
    request_body = LegacySendIn,
    responses((status = 202, body = MessageIdOut), Forbidden, Conflict, Locked),
)]
pub(super) async fn send_legacy(
    State(app): State<AppState>,
    me: CurrentAgent,
    slash: Slash,
    body: Body,
) -> ApiResult<Response> {
    if slash == Slash::With {
        let refusal = ApiError::MethodNotAllowed("POST".to_owned());
        return Ok(([(header::ALLOW, "GET,HEAD")], refusal).into_response());
    }
    me.require(Permission::ManageConfigWhatsApp)?;
    let Message { message_id, .. } = queue(&app, read_legacy(body, me.id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(MessageIdOut { message_id })).into_response())
}

/// Over the number that the customer knows, if that is ready.
async fn queue(app: &AppState, mut outgoing: Outgoing) -> ApiResult<Message> {
    // A person's chat has the person's number as its id, a group's its address.
    let chat_id = outgoing.phone.clone();
    let session_id = session_of(app, &chat_id).await?;
    cloud_content::prepare(app, session_id, &mut outgoing).await?;
    if !app.hub.sessions().is_ready(session_id) {
        return Err(ApiError::SessionNotReady);
    }
    let key = app.hub.sessions().chat_of(session_id, chat_id);
    Ok(app.hub.chats().send(&key, outgoing).await?)
}

/// The number of the customer's newest attendance while it is in use, else the default one.
async fn session_of(app: &AppState, chat_id: &str) -> ApiResult<SessionId> {
    let newest = app.hub.store().find_chat_ticket(chat_id).await?;
    let named = newest.map(|view| view.ticket.session_id);
    Ok(app.hub.sessions().meant(named, None).ok_or(HubError::NoSession)?)
}

fn read(body: Body, by: AgentId) -> ApiResult<(Outgoing, Option<FileKey>)> {
    let mut fields = body.fields();
    let phone = recipient(&mut fields);
    let kind = fields.choice_or("type", MessageKind::Text, |word| kind_of(&SENDABLE, word));
    let text = fields.text_or("text", TEXT_CHARS_MAX, "");
    let details = match kind {
        MessageKind::Template => cloud_content::template(&mut fields),
        MessageKind::Interactive => cloud_content::interactive(&mut fields, &text),
        kind => content::read(&mut fields, kind),
    };
    let quoted = fields.optional_text("quoted_message_id", MESSAGE_ID_CHARS_MAX);
    let file_id = media_file_id(&mut fields);
    let media_url = fields.optional_url("media_url", MEDIA_URL_CHARS_MAX);
    let media_url = media_url.filter(|url| !url.is_empty());
    if kind == MessageKind::Text {
        if text.is_empty() && !fields.has_error("text") && !fields.has_error("type") {
            fields.error("text", TEXT_REQUIRED);
        }
    } else if kind.is_media()
        && media_url.is_none()
        && file_id.is_none()
        && !fields.has_error("media_url")
        && !fields.has_error("media_file_id")
    {
        let kind = kind.word();
        fields.error("media_url", format!("Campo obrigatório para mensagens do tipo {kind}"));
    }
    let client_id = fields.optional_text("client_message_id", CLIENT_MESSAGE_ID_CHARS_MAX);
    let outgoing = Outgoing {
        agent_id: Some(by),
        phone,
        kind,
        text,
        media_url: media_url.filter(|_| kind.is_media() && file_id.is_none()),
        media: None,
        details: details.map(|details| details.to_json()),
        quoted_message_id: quoted.filter(|id| !id.is_empty()),
        client_message_id: client_id.filter(|id| !id.is_empty()),
        is_automatic: false,
    };
    let file_id = file_id.filter(|_| kind.is_media());
    fields.finish((outgoing, file_id))
}

/// The key of a file that was uploaded before.
fn media_file_id(fields: &mut Fields) -> Option<FileKey> {
    let text = fields.optional_text("media_file_id", MESSAGE_ID_CHARS_MAX);
    let key = FileKey::try_from(text.filter(|text| !text.is_empty())?).ok();
    if key.is_none() {
        fields.error("media_file_id", NO_FILE);
    }
    key
}

async fn stored(app: &AppState, key: FileKey) -> ApiResult<OutgoingMedia> {
    let found = app.hub.store().find_file(&key).await?;
    let file = found.ok_or_else(|| ApiError::field("media_file_id", NO_FILE))?;
    Ok(OutgoingMedia { key: file.key, media_type: file.media_type, bytes: file.bytes })
}

/// The older body: texts, and pictures under other names. One sentence says what is wrong first.
fn read_legacy(body: Body, by: AgentId) -> ApiResult<Outgoing> {
    let mut fields = body.fields();
    let required = |name: &str| ApiError::refused(format!("Campo '{name}' é obrigatório"));
    let mut text = |name: &str, chars_max: usize| {
        fields.optional_text(name, chars_max).filter(|text| !text.is_empty())
    };
    let to = text("to", CHAT_ID_CHARS_MAX).ok_or_else(|| required("to"))?;
    let phone = address(&to).ok_or_else(|| ApiError::refused("Campo 'to' inválido"))?;
    let kind =
        text("type", 20).map_or(Some(MessageKind::Text), |word| kind_of(&LEGACY_SENDABLE, &word));
    let kind = kind.ok_or_else(|| ApiError::refused("Campo 'type' inválido"))?;
    let caption = text("text", TEXT_CHARS_MAX).or_else(|| text("caption", TEXT_CHARS_MAX));
    let client_message_id = text("client_message_id", CLIENT_MESSAGE_ID_CHARS_MAX);
    let url = fields.first_present(&["image_url", "media_url"]);
    let media_url = fields.optional_url(url, MEDIA_URL_CHARS_MAX).filter(|url| !url.is_empty());
    let is_text = kind == MessageKind::Text;
    if is_text && caption.is_none() && !fields.has_error("text") {
        return Err(required("text"));
    }
    if !is_text && media_url.is_none() && !fields.has_error(url) {
        return Err(required(url));
    }
    let outgoing = Outgoing {
        agent_id: Some(by),
        phone,
        kind,
        text: caption.unwrap_or_default(),
        media_url: media_url.filter(|_| !is_text),
        media: None,
        details: None,
        quoted_message_id: None,
        client_message_id,
        is_automatic: false,
    };
    fields.finish(outgoing)
}

fn recipient(fields: &mut Fields) -> String {
    let to = fields.required_text("to", CHAT_ID_CHARS_MAX);
    if fields.has_error("to") {
        return to;
    }
    if !to.contains('@') && !is_scoped(&to) && to.chars().count() > PHONE_CHARS_MAX {
        fields.error("to", too_long(PHONE_CHARS_MAX));
        return to;
    }
    address(&to).unwrap_or_else(|| {
        fields.error("to", BAD_RECIPIENT);
        to
    })
}

/// The chat id of a number, a person's address, or a group's.
fn address(to: &str) -> Option<String> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match to.split_once('@') {
        None if is_scoped(to) => Some(to.to_owned()),
        None => phone::canonical(to),
        Some((number, "s.whatsapp.net" | "c.us")) => phone::canonical(number),
        Some(("", _)) => None,
        Some((id, "lid")) if is_digits(id) => Some(to.to_owned()),
        // Older groups are named by their founder's number and the time.
        Some((id, "g.us")) if id.split('-').all(is_digits) => Some(to.to_owned()),
        Some(_) => None,
    }
}

/// The id that a person who hides the number has for this business: a country and an opaque text.
fn is_scoped(to: &str) -> bool {
    to.split_once('.').is_some_and(|(country, id)| {
        let is_country = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        is_country && !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn kind_of(kinds: &[MessageKind], word: &str) -> Option<MessageKind> {
    MessageKind::parse(word).filter(|kind| kinds.contains(kind))
}

#[cfg(test)]
mod tests {
    use dx_actors::testing::eventually;
    use serde_json::{Value, json};

    use super::*;
    use crate::test_support::{Answer, TestApp};

    const SEND: &str = "/api/v1/whatsapp/send/";
    const LEGACY: &str = "/api/v1/whatsapp/messages";
    const TO: &str = "5511999999999";

    async fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
        app.post(path).signed_in().json(body).send().await
    }

    async fn with_ready_session() -> TestApp {
        let app = TestApp::new().await;
        app.state.hub.sessions().start(SessionId(1)).await.unwrap();
        eventually(async || app.state.hub.sessions().is_ready(SessionId(1))).await;
        app
    }

    async fn stored(app: &TestApp) -> Value {
        app.get("/api/v1/whatsapp/messages/").signed_in().send().await.json()["count"].clone()
    }

    #[tokio::test]
    async fn the_examples_of_the_reference_are_accepted() {
        let app = with_ready_session().await;
        let text = json!({
            "to": TO, "type": "text", "text": "Olá! Como posso ajudar?",
            "client_message_id": "custom-id-123",
        });
        let answer = post(&app, SEND, &text).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        let body = answer.json();
        assert_eq!(body["message"], "Mensagem enfileirada para envio");
        assert_eq!((&body["to"], &body["status"]), (&json!(TO), &json!("queued")));
        assert_eq!(body["client_message_id"], "custom-id-123");
        assert_eq!(body["task_id"].as_str().unwrap().len(), 36);
        assert!(body["database_id"].is_i64() && !body["message_id"].as_str().unwrap().is_empty());
        let image = json!({
            "to": TO, "type": "image", "media_url": "https://example.com/image.jpg",
            "text": "Legenda da imagem",
        });
        let answer = post(&app, SEND, &image).await;
        assert_eq!((answer.status, &answer.json()["client_message_id"]), (202, &Value::Null));
    }

    #[tokio::test]
    async fn what_is_wrong_names_its_field_before_the_number_is_looked_at() {
        let app = TestApp::new().await;
        let long = |n| "x".repeat(n);
        let text_required = "Campo obrigatório para mensagens de texto";
        let image_required = "Campo obrigatório para mensagens do tipo image";
        let cases = [
            ("to", json!({"text": "oi"}), "Este campo é obrigatório."),
            ("to", json!({"to": " ", "text": "oi"}), "Este campo não pode ser em branco."),
            ("to", json!({"to": "abc", "text": "oi"}), BAD_RECIPIENT),
            ("to", json!({"to": "123", "text": "oi"}), BAD_RECIPIENT),
            ("to", json!({"to": "1@nada", "text": "oi"}), BAD_RECIPIENT),
            ("to", json!({"to": "@g.us", "text": "oi"}), BAD_RECIPIENT),
            ("to", json!({"to": "551199999999955119999", "text": "oi"}), &too_long(20)),
            ("text", json!({"to": TO}), text_required),
            ("text", json!({"to": TO, "text": "  "}), text_required),
            ("text", json!({"to": TO, "text": long(65_537)}), &too_long(65_536)),
            ("text", json!({"to": TO, "text": "a\0"}), "Caracteres nulos não são permitidos."),
            ("type", json!({"to": TO, "type": "poll"}), "\"poll\" não é um escolha válido."),
            (
                "type",
                json!({"to": TO, "type": "location"}),
                "Mensagens do tipo location precisam do campo location.",
            ),
            (
                "contacts",
                json!({"to": TO, "type": "contact", "contacts": [{"name": "Ana"}]}),
                "Informe ao menos um contato, com nome e telefone.",
            ),
            ("media_file_id", json!({"to": TO, "type": "image", "media_file_id": "x"}), NO_FILE),
            ("media_url", json!({"to": TO, "type": "image"}), image_required),
            (
                "media_url",
                json!({"to": TO, "type": "image", "media_url": "file:///etc/passwd"}),
                "Entrar um URL válido.",
            ),
            (
                "client_message_id",
                json!({"to": TO, "text": "oi", "client_message_id": long(256)}),
                &too_long(255),
            ),
        ];
        for (field, body, text) in cases {
            let answer = post(&app, SEND, &body).await;
            assert_eq!((answer.status, answer.json()), (400, json!({field: [text]})), "{body}");
        }
        assert_eq!(stored(&app).await, 0);
    }

    #[tokio::test]
    async fn nothing_is_stored_while_the_number_is_not_ready() {
        let app = TestApp::new().await;
        for path in [SEND, LEGACY] {
            let answer = post(&app, path, &json!({"to": TO, "type": "text", "text": "oi"})).await;
            let text = "Sessão não está pronta";
            assert_eq!(
                (answer.status, answer.json()),
                (423, json!({"error": text, "detail": text}))
            );
        }
        assert_eq!(stored(&app).await, 0);
    }

    #[tokio::test]
    async fn a_repeat_is_the_same_message_and_other_content_is_refused() {
        let app = with_ready_session().await;
        let mut body =
            json!({"to": "(11) 99999-9999", "text": "uma vez", "client_message_id": "a"});
        let first = post(&app, SEND, &body).await.json();
        assert_eq!(first["to"], TO, "one form for one number");
        let again = post(&app, SEND, &body).await;
        assert_eq!((again.status, again.json()), (202, first));
        body["text"] = json!("outra coisa");
        assert_eq!(post(&app, SEND, &body).await.status, 409);
        let other = app.post(SEND).signed_in_as(TestApp::AGENT).json(&body).send().await;
        assert_eq!(other.status, 202, "the id is the sender's own");
        assert_eq!(stored(&app).await, 2);
    }

    #[tokio::test]
    async fn groups_and_addresses_are_recipients() {
        let app = with_ready_session().await;
        let cases = [
            ("120363025246125486@g.us", "120363025246125486@g.us"),
            ("5511999999999-1600000000@g.us", "5511999999999-1600000000@g.us"),
            ("5511999999999@s.whatsapp.net", TO),
            ("+5511999999999", TO),
        ];
        for (to, expected) in cases {
            let answer = post(&app, SEND, &json!({"to": to, "text": "oi"})).await;
            assert_eq!((answer.status, &answer.json()["to"]), (202, &json!(expected)), "{to}");
        }
    }

    #[tokio::test]
    async fn a_chat_is_answered_over_the_number_that_the_customer_knows() {
        let app = with_ready_session().await;
        let sessions = app.state.hub.sessions();
        let kind = dx_actors::domain::ProviderKind::Sandbox;
        let second = sessions.create(kind, "2".to_owned(), None, TestApp::ADMIN).await.unwrap().id;
        let event = json!({
            "event": "message_received", "session_id": second.0,
            "data": {"from": TO, "message": "oi"},
        });
        let row = post(&app, "/api/v1/whatsapp/webhook/", &event).await.json();
        assert_eq!(row["session"], second.0);
        let body = json!({"to": TO, "text": "olá"});
        assert_eq!(post(&app, SEND, &body).await.status, 423, "that number is not ready");
        sessions.start(second).await.unwrap();
        eventually(async || sessions.is_ready(second)).await;
        let id = post(&app, SEND, &body).await.json()["database_id"].clone();
        let path = format!("/api/v1/whatsapp/messages/{id}/");
        let sent = app.get(&path).signed_in().send().await.json();
        assert_eq!((&sent["session"], sent["atendimento"].is_i64()), (&json!(second.0), true));
        sessions.deactivate(second, TestApp::ADMIN).await.unwrap();
        assert_eq!(post(&app, SEND, &body).await.status, 202, "over the default number");
    }

    #[tokio::test]
    async fn older_clients_send_without_a_slash() {
        let app = with_ready_session().await;
        let text = json!({"to": TO, "type": "text", "text": "olá"});
        let answer = post(&app, LEGACY, &text).await;
        assert_eq!(answer.status, 202);
        assert!(!answer.json()["message_id"].as_str().unwrap().is_empty());
        let image = json!({
            "to": TO, "type": "image", "image_url": "https://example.com/a.jpg", "caption": "foto",
        });
        assert_eq!(post(&app, LEGACY, &image).await.status, 202);
        let answer = post(&app, "/api/v1/whatsapp/messages/", &text).await;
        assert_eq!((answer.status, answer.headers["allow"].to_str().unwrap()), (405, "GET,HEAD"));
        let cases = [
            (json!({"type": "text", "text": "a"}), "Campo 'to' é obrigatório"),
            (json!({"to": "abc", "text": "a"}), "Campo 'to' inválido"),
            (json!({"to": TO, "type": "carta", "text": "a"}), "Campo 'type' inválido"),
            (json!({"to": TO, "type": "sticker"}), "Campo 'type' inválido"),
            (json!({"to": TO, "type": "text"}), "Campo 'text' é obrigatório"),
            (json!({"to": TO, "type": "image"}), "Campo 'image_url' é obrigatório"),
        ];
        for (body, text) in cases {
            let answer = post(&app, LEGACY, &body).await;
            let expected = json!({"error": text, "detail": text});
            assert_eq!((answer.status, answer.json()), (400, expected), "{body}");
        }
    }
}
