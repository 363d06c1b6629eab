//! Things that go wrong on demand, on the simulated network only.

use axum::{Json, extract::State};
use dx_actors::{
    domain::{ProviderKind, SessionId},
    session::SandboxFault,
};

use super::Body;
use crate::{
    auth::{CurrentAgent, Permission},
    error::{ApiError, ApiResult},
    openapi::{Forbidden, Missing},
    state::AppState,
    wire::{
        session::{FaultIn, SentenceOut},
        words::Word,
    },
};

/// `POST /sandbox/falha/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Webhook",
    summary = "Simula uma falha",
    description = "Só em números simulados, e onde a configuração permite.",
    request_body = FaultIn,
    responses((status = 200, body = SentenceOut), Forbidden, Missing),
)]
pub(super) async fn fault(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<SentenceOut>> {
    me.require(Permission::ManageSessions)?;
    if !app.config.allow_inject {
        return Err(ApiError::Forbidden("A simulação de falhas está desativada.".into()));
    }
    let mut fields = body.fields();
    let id = fields.optional_id("session_id").map(SessionId);
    let fault = fields.required_choice("falha", SandboxFault::Drop, SandboxFault::parse);
    let (id, fault) = fields.finish((id, fault))?;
    let session = app.hub.sessions().resolve(id).await?;
    if session.provider != ProviderKind::Sandbox {
        return Err(ApiError::refused("A sessão não é simulada."));
    }
    if !app.network.fault(session.id, fault).await {
        return Err(ApiError::refused("A sessão não está conectada."));
    }
    Ok(Json(SentenceOut { message: "Falha simulada com sucesso" }))
}

#[cfg(test)]
mod tests {
    use dx_actors::testing::eventually;
    use serde_json::{Value, json};

    use super::*;
    use crate::test_support::{Answer, TestApp};

    async fn fault(app: &TestApp, body: &Value) -> Answer {
        app.post("/api/v1/whatsapp/sandbox/falha/").signed_in().json(body).send().await
    }

    #[tokio::test]
    async fn a_fault_happens_on_the_number_that_is_meant() {
        let app = TestApp::new().await;
        let id = SessionId(1);
        app.state.hub.sessions().start(id).await.unwrap();
        eventually(async || app.state.hub.sessions().is_ready(id)).await;
        let answer = fault(&app, &json!({"falha": "deslogado"})).await;
        let expected = json!({"message": "Falha simulada com sucesso"});
        assert_eq!((answer.status, answer.json()), (200, expected));
        eventually(async || !app.state.hub.sessions().is_ready(id)).await;
        let answer = fault(&app, &json!({"session_id": 1, "falha": "envio_recusado"})).await;
        assert_eq!(answer.status, 200);
    }

    #[tokio::test]
    async fn faults_are_refused_where_they_make_no_sense() {
        let app = TestApp::new().await;
        let cases = [
            (json!({"falha": "tsunami"}), 400),
            (json!({}), 400),
            (json!({"falha": "queda"}), 400),
            (json!({"falha": "lento", "session_id": 99}), 404),
        ];
        for (body, status) in cases {
            assert_eq!(fault(&app, &body).await.status, status, "{body}");
        }
        let path = "/api/v1/whatsapp/sandbox/falha/";
        let body = json!({"falha": "lento"});
        let call = app.post(path).signed_in_as(TestApp::AGENT).json(&body);
        assert_eq!(call.send().await.status, 403);
        let app = TestApp::with_environment(&[("ALLOW_INJECT", "0")]).await;
        assert_eq!(fault(&app, &body).await.status, 403);
    }
}
