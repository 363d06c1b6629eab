//! Logging in, keeping a login alive, and one's own profile.

use axum::{Json, extract::State};
use dx_actors::domain::{Agent, AgentChanges};

use super::Body;
use crate::{
    auth::{
        AuthFailure, CurrentAgent, Permission, password::PASSWORD_CHARS_MAX, resolve,
        token::TokenType,
    },
    error::ApiResult,
    openapi::{TooManyRequests, Unauthorized},
    state::AppState,
    wire::account::{AccessOut, EmptyOut, LoginIn, MeIn, MeOut, RefreshIn, TokensOut, VerifyIn},
};

pub(super) const USERNAME_CHARS_MAX: usize = 150;
pub(super) const DISPLAY_NAME_CHARS_MAX: usize = 150;
pub(super) const PHONE_NUMBER_CHARS_MAX: usize = 30;
/// Longer than any token of ours.
const TOKEN_CHARS_MAX: usize = 4096;

/// `POST /auth/token/`: username and password for a pair of tokens.
#[utoipa::path(
    post,
    path = "",
    tag = "Autenticação",
    summary = "Entra no sistema",
    description = "Troca nome e senha por um par de tokens. O `access` vale uma hora, o `refresh` um dia.",
    request_body = LoginIn,
    responses((status = 200, body = TokensOut), Unauthorized, TooManyRequests),
    security(()),
)]
pub(super) async fn log_in(State(app): State<AppState>, body: Body) -> ApiResult<Json<TokensOut>> {
    let mut fields = body.fields();
    let username = fields.required_text("username", USERNAME_CHARS_MAX);
    let password = fields.required_secret("password", PASSWORD_CHARS_MAX);
    let (username, password) = fields.finish((username, password))?;
    let login = app.hub.store().find_login(&username).await?;
    let (agent, hash) =
        login.map_or((None, None), |login| (Some(login.agent), Some(login.password_hash)));
    let is_right = app.passwords.verify(password, hash).await?;
    let agent = agent.filter(|agent| is_right && agent.is_active);
    let agent = agent.ok_or(AuthFailure::BadCredentials)?;
    meet(&app, &agent).await?;
    Ok(Json(app.tokens.issue_pair(agent.id).into()))
}

/// People who were created or changed at the command line are noticed when they sign in.
async fn meet(app: &AppState, agent: &Agent) -> ApiResult<()> {
    let roster = app.hub.directory().roster();
    if roster.agent(agent.id).is_none_or(|known| **known != *agent) {
        app.hub.presence().reload_people().await?;
    }
    Ok(())
}

/// `POST /auth/refresh/`: a refresh token for a new access token.
#[utoipa::path(
    post,
    path = "",
    tag = "Autenticação",
    summary = "Renova o acesso",
    description = "Troca um `refresh` por um novo `access`. `/auth/refresh/` e `/auth/token/refresh/` são o \
        mesmo.",
    request_body = RefreshIn,
    responses((status = 200, body = AccessOut), Unauthorized, TooManyRequests),
    security(()),
)]
pub(super) async fn refresh(State(app): State<AppState>, body: Body) -> ApiResult<Json<AccessOut>> {
    let token = token_field(body, "refresh")?;
    let claims = app.tokens.verify(&token, TokenType::Refresh).map_err(AuthFailure::of_body)?;
    let agent = resolve(&app, claims).map_err(AuthFailure::of_body)?;
    Ok(Json(AccessOut { access: app.tokens.issue(TokenType::Access, agent.id) }))
}

/// `POST /auth/token/verify/`: 200 as long as the token of either type would be accepted.
#[utoipa::path(
    post,
    path = "",
    tag = "Autenticação",
    summary = "Confere um token",
    description = "200 enquanto o token, de qualquer tipo, for aceito.",
    request_body = VerifyIn,
    responses((status = 200, body = EmptyOut), Unauthorized, TooManyRequests),
    security(()),
)]
pub(super) async fn verify(State(app): State<AppState>, body: Body) -> ApiResult<Json<EmptyOut>> {
    let token = token_field(body, "token")?;
    let claims = app.tokens.verify_any(&token).map_err(AuthFailure::of_body)?;
    resolve(&app, claims).map_err(AuthFailure::of_body)?;
    Ok(Json(EmptyOut {}))
}

fn token_field(body: Body, name: &str) -> ApiResult<String> {
    let mut fields = body.fields();
    let token = fields.required_secret(name, TOKEN_CHARS_MAX);
    fields.finish(token)
}

/// `GET /me/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Perfil",
    summary = "Mostra o próprio perfil",
    description = "A pessoa a quem o token pertence.",
    responses((status = 200, body = MeOut)),
)]
pub(super) async fn me(me: CurrentAgent) -> Json<MeOut> {
    Json(shown(&me, Agent::clone(&me.agent)))
}

fn shown(me: &CurrentAgent, agent: Agent) -> MeOut {
    MeOut::new(agent, Permission::ALL.into_iter().filter(|permission| me.can(*permission)))
}

/// `PATCH /me/`: name, phone and e-mail; everything else in the body is ignored.
#[utoipa::path(
    patch,
    path = "",
    tag = "Perfil",
    summary = "Altera o próprio perfil",
    description = "Muda nome, telefone e e-mail; o resto do corpo é ignorado.",
    request_body = MeIn,
    responses((status = 200, body = MeOut)),
)]
pub(super) async fn update_me(
    State(app): State<AppState>,
    me: CurrentAgent,
    body: Body,
) -> ApiResult<Json<MeOut>> {
    let mut fields = body.fields();
    let changes = AgentChanges {
        email: fields.optional_email("email"),
        display_name: fields.optional_text("display_name", DISPLAY_NAME_CHARS_MAX),
        phone_number: fields.optional_text("phone_number", PHONE_NUMBER_CHARS_MAX),
        ..AgentChanges::default()
    };
    let changes = fields.finish(changes)?;
    let agent = app.hub.presence().update_agent(Some(me.id), me.id, changes).await?;
    Ok(Json(shown(&me, agent)))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::{Value, json};

    use super::*;
    use crate::test_support::{Answer, TestApp};

    async fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
        app.post(path).json(body).send().await
    }

    #[tokio::test]
    async fn a_login_gives_tokens_that_work() {
        let app = TestApp::new().await;
        let credentials = json!({"username": "admin", "password": "senha123"});
        let answer = post(&app, "/api/v1/auth/token/", &credentials).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let pair = answer.json();
        let bearer = format!("Bearer {}", pair["access"].as_str().unwrap());
        let me = app.get("/api/v1/me/").header("authorization", &bearer).send().await;
        assert_eq!((me.status, &me.json()["username"]), (200, &json!("admin")));
        for path in ["/api/v1/auth/refresh/", "/api/v1/auth/token/refresh/"] {
            let answer = post(&app, path, &json!({"refresh": pair["refresh"]})).await;
            assert_eq!(answer.status, 200);
            let token = answer.json()["access"].as_str().unwrap().to_owned();
            assert!(crate::auth::authenticate(&app.state, &token).is_ok());
        }
        for token in ["access", "refresh"] {
            let body = json!({"token": pair[token]});
            assert_eq!(post(&app, "/api/v1/auth/token/verify/", &body).await.status, 200);
        }
    }

    #[tokio::test]
    async fn a_login_may_come_as_a_form() {
        let app = TestApp::new().await;
        let form = "username=admin&password=senha123";
        assert_eq!(app.post("/api/v1/auth/token/").form(form).send().await.status, 200);
    }

    #[tokio::test]
    async fn wrong_logins_cannot_be_told_apart() {
        let app = TestApp::new().await;
        for (username, password) in [
            ("admin", "wrong"),
            ("nobody", "senha123"),
            ("inativa", "senha123"),
            ("admin", " senha123"),
        ] {
            let body = json!({"username": username, "password": password});
            let answer = post(&app, "/api/v1/auth/token/", &body).await;
            let text = "Usuário e/ou senha incorreto(s)";
            assert_eq!(answer.status, 401, "{username}");
            assert_eq!(answer.json(), json!({"error": text, "detail": text}));
        }
    }

    #[tokio::test]
    async fn a_login_without_its_fields_is_not_valid() {
        let app = TestApp::new().await;
        let answer = post(&app, "/api/v1/auth/token/", &json!({"username": " "})).await;
        let expected = json!({
            "username": ["Este campo não pode ser em branco."],
            "password": ["Este campo é obrigatório."],
        });
        assert_eq!((answer.status, answer.json()), (400, expected));
        let answer = post(&app, "/api/v1/auth/refresh/", &json!({})).await;
        assert_eq!(answer.json(), json!({"refresh": ["Este campo é obrigatório."]}));
        let answer = post(&app, "/api/v1/auth/token/verify/", &json!({})).await;
        assert_eq!(answer.json(), json!({"token": ["Este campo é obrigatório."]}));
    }

    #[tokio::test]
    async fn a_token_that_is_no_good_is_not_refreshed() {
        let app = TestApp::new().await;
        let issue = |token_type, id| app.state.tokens.issue(token_type, id);
        let unknown = dx_actors::domain::AgentId(99);
        let cases = [
            ("garbage".to_owned(), "O token é inválido ou expirado", "token_not_valid"),
            (issue(TokenType::Access, TestApp::ADMIN), "Token tem tipo errado", "token_not_valid"),
            (issue(TokenType::Refresh, TestApp::INACTIVE), "Usuário está inativo", "user_inactive"),
            (issue(TokenType::Refresh, unknown), "Usuário não encontrado", "user_not_found"),
        ];
        for (token, text, code) in cases {
            let answer = post(&app, "/api/v1/auth/refresh/", &json!({"refresh": token})).await;
            assert_eq!(answer.status, 401, "{text}");
            assert_eq!(answer.json(), json!({"error": text, "detail": text, "code": code}));
        }
    }

    #[tokio::test]
    async fn people_change_their_own_name_phone_and_email_only() {
        let app = TestApp::new().await;
        let patch = |body: Value| app.request(Method::PATCH, "/api/v1/me/").signed_in().json(&body);
        let answer = patch(json!({
            "display_name": " Ana ", "email": "ana@x.br", "username": "root", "role": "admin"
        }));
        let me = answer.send().await;
        let expected = json!({
            "id": 1, "username": "admin", "email": "ana@x.br", "display_name": "Ana",
            "phone_number": "", "role": "admin",
        });
        let mut profile = me.json();
        let rights = profile.as_object_mut().unwrap().remove("permissions").unwrap();
        assert!(rights.as_array().unwrap().contains(&json!("accounts.manage_agents")));
        assert_eq!((me.status, profile), (200, expected));
        let answer = patch(json!({"email": "x", "phone_number": "9".repeat(31)})).send().await;
        let expected = json!({
            "email": ["Insira um endereço de email válido."],
            "phone_number": ["Certifique-se de que este campo não tenha mais de 30 caracteres."],
        });
        assert_eq!((answer.status, answer.json()), (400, expected));
    }

    #[tokio::test]
    async fn a_database_that_does_not_answer_is_not_a_wrong_password() {
        let app = TestApp::new().await;
        app.close_database().await;
        let body = json!({"username": "admin", "password": "senha123"});
        let answer = post(&app, "/api/v1/auth/token/", &body).await;
        assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (503, "1"));
    }
}
