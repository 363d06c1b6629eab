//! The paths of sockets: who may open one, and what the hub does for it.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use dx_actors::{
    domain::{AgentId, Timestamp},
    presence::outbox::{CloseReason, OutFrame, Outbox, ResumeFrom},
};
use serde_json::json;
use tokio::time::Instant;

use super::{
    AgentCommands, AgentSocket, Commands, Farewell, InjectIn, NoSocket, Opening, Terms, error,
    greeting, inject_error, inject_success,
};
use crate::{
    auth::{self, CurrentAgent, token::TokenType},
    error::{ApiError, chain},
    http::server::ConnectionSlot,
    metrics::SocketKind,
    state::AppState,
    wire,
};

/// Signs of life of one socket are passed on this often at most.
const ALIVE_EVERY: Duration = Duration::from_secs(10);
const INJECT_IS_OFF: &str = "A injeção de mensagens está desativada neste servidor.";

/// `/ws/whatsapp/` and its alias `/ws/atendimento/`: the events of an agent.
pub async fn events(State(app): State<AppState>, request: Request) -> Response {
    open(&app, request, SocketKind::Events, |app, agent, resume, slot| {
        AgentCommands(HubSocket::new(app, agent, resume, slot))
    })
    .await
}

/// `/ws/echo/`: for trying out a client. Answers every JSON text with itself.
pub async fn echo(State(app): State<AppState>, request: Request) -> Response {
    open(&app, request, SocketKind::Echo, |_, _, _, slot| Echo { _slot: slot }).await
}

/// Checks the handshake and the token, then serves the socket with what `serve_with` makes.
async fn open<C: Commands + 'static>(
    app: &AppState,
    request: Request,
    kind: SocketKind,
    serve_with: impl FnOnce(&AppState, &CurrentAgent, Option<ResumeFrom>, Option<ConnectionSlot>) -> C,
) -> Response {
    let (mut parts, _body) = request.into_parts();
    let slot = parts.extensions.get::<ConnectionSlot>().cloned();
    let mut opening = match Opening::read(&mut parts).await {
        Ok(opening) => opening,
        Err(reason) => return no_socket(reason),
    };
    let token = opening.token.take().unwrap_or_default();
    let Ok((agent, lifetime)) = authenticate(app, &token) else {
        app.metrics.sockets().refused(Farewell::UNAUTHORIZED.code());
        return opening.refuse(Farewell::UNAUTHORIZED, &app.sockets);
    };
    let terms = Terms {
        epoch: app.hub.outboxes().epoch().into(),
        device: std::mem::take(&mut opening.device),
        expires_at: Some(Instant::now() + lifetime),
        stop: app.stop.clone(),
        events: Arc::clone(app.hub.outboxes().meters()),
    };
    let commands = serve_with(app, &agent, opening.resume.take(), slot);
    opening.serve(terms, commands, app.metrics.sockets().opened(kind), &app.sockets)
}

/// The person behind a token and how long it is still valid.
fn authenticate(
    app: &AppState,
    token: &str,
) -> Result<(CurrentAgent, Duration), auth::AuthFailure> {
    let claims = app.tokens.verify(token, TokenType::Access)?;
    let agent = auth::resolve(app, claims)?;
    Ok((agent, claims.expires_at().since(app.hub.clock().now())))
}

/// An ordinary answer to what cannot become a socket (RFC 6455 §4.2.2).
fn no_socket(reason: NoSocket) -> Response {
    let (status, text) = match reason {
        NoSocket::NotAnUpgrade => {
            (StatusCode::UPGRADE_REQUIRED, "Este endereço só aceita conexões WebSocket.")
        }
        NoSocket::OtherVersion => {
            (StatusCode::UPGRADE_REQUIRED, "Versão do WebSocket não suportada; use a 13.")
        }
        NoSocket::Malformed => (StatusCode::BAD_REQUEST, "Pedido de WebSocket inválido."),
    };
    let mut answer = (status, Json(json!({"error": text, "detail": text}))).into_response();
    let headers = answer.headers_mut();
    if status == StatusCode::UPGRADE_REQUIRED {
        headers.insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, header::HeaderValue::from_static("13"));
    }
    answer
}

/// One agent's socket and its place in the hub. Dropping it takes it out again.
struct HubSocket {
    app: AppState,
    agent_id: AgentId,
    /// As it was when the token was checked.
    tokens_valid_from: Timestamp,
    resume: Option<ResumeFrom>,
    attached: Option<Arc<Outbox>>,
    last_alive: Option<Instant>,
    _slot: Option<ConnectionSlot>,
}

impl HubSocket {
    fn new(
        app: &AppState,
        agent: &CurrentAgent,
        resume: Option<ResumeFrom>,
        slot: Option<ConnectionSlot>,
    ) -> Self {
        let app = app.clone();
        Self {
            app,
            agent_id: agent.id,
            tokens_valid_from: agent.agent.tokens_valid_from,
            resume,
            attached: None,
            last_alive: None,
            _slot: slot,
        }
    }
}

impl AgentSocket for HubSocket {
    fn opened(&mut self, outbox: &Arc<Outbox>) {
        let (id, outboxes) = (self.agent_id, self.app.hub.outboxes());
        let epoch = outboxes.epoch();
        let resume = self.resume.take();
        outboxes.attach(id, outbox, resume.as_ref(), |attached| greeting(id, epoch, attached));
        self.attached = Some(Arc::clone(outbox));
        self.app.hub.presence().socket_opened(id, outbox.device().clone());
        // Deactivated, or with a new password, between the check of the token and now: nobody else would close it.
        let roster = self.app.hub.directory().roster();
        let may_stay = roster.agent(id).is_some_and(|agent| {
            agent.is_active && agent.tokens_valid_from == self.tokens_valid_from
        });
        if !may_stay {
            outbox.close(CloseReason::Unauthorized);
        }
    }

    fn alive(&mut self) {
        let now = Instant::now();
        if self.last_alive.is_none_or(|last| now.duration_since(last) >= ALIVE_EVERY) {
            self.last_alive = Some(now);
            self.app.hub.presence().socket_alive(self.agent_id);
        }
    }

    fn inject(&mut self, incoming: InjectIn, outbox: &Arc<Outbox>) {
        if !self.app.config.allow_inject {
            outbox.push(OutFrame::Text(inject_error(INJECT_IS_OFF)));
            return;
        }
        let (app, outbox) = (self.app.clone(), Arc::clone(outbox));
        self.app.sockets.spawn(async move {
            outbox.push(OutFrame::Text(inject(&app, incoming).await));
        });
    }
}

impl Drop for HubSocket {
    fn drop(&mut self) {
        if let Some(outbox) = &self.attached {
            self.app.hub.outboxes().detach(self.agent_id, outbox);
            self.app.hub.presence().socket_closed(self.agent_id, outbox.device().clone());
        }
    }
}

/// Lets an injected message in; the text that answers it.
async fn inject(app: &AppState, incoming: InjectIn) -> Bytes {
    let InjectIn { from, chat_id, payload } = incoming;
    let inbound = match wire::inject::inbound(from, chat_id, payload) {
        Ok(inbound) => inbound,
        Err(text) => return inject_error(&text),
    };
    let sessions = app.hub.sessions();
    let delivered = match sessions.resolve(None).await {
        Ok(session) => sessions.receive(app.hub.chats(), session.id, inbound).await,
        Err(error) => Err(error),
    };
    match delivered {
        Ok(delivered) => inject_success(&delivered.message.message_id, &delivered.message.chat_id),
        Err(error) => {
            tracing::warn!(error = chain(&error), "injected message was not stored");
            inject_error(&ApiError::from(error).text())
        }
    }
}

/// Says everything back.
struct Echo {
    _slot: Option<ConnectionSlot>,
}

impl Commands for Echo {
    fn opened(&mut self, _outbox: &Arc<Outbox>) {}

    fn alive(&mut self) {}

    fn on_text(&mut self, text: &str, outbox: &Arc<Outbox>) {
        let answer = match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) if value["type"] == "ping" => json!({"type": "pong"}),
            Ok(value) => json!({"echo": value}),
            Err(_) => {
                outbox.push(OutFrame::Text(error("Mensagem inválida: envie JSON.")));
                return;
            }
        };
        outbox.push(OutFrame::Text(Bytes::from(answer.to_string())));
    }

    fn on_binary(&mut self, outbox: &Arc<Outbox>) {
        outbox.push(OutFrame::Text(error("Mensagem binária não suportada.")));
    }
}
