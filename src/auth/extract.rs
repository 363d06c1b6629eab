//! The person behind a request, as an argument of a handler.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use dx_actors::{
    directory::Roster,
    domain::{Agent, AgentId, Role, ticket::Viewer},
};

use super::{
    AuthFailure, Permission,
    token::{Claims, TokenType},
};
use crate::{
    error::{ApiError, ApiResult},
    state::AppState,
};

/// The active agent who sent the request, with the people and departments of that instant.
#[derive(Debug, Clone)]
pub struct CurrentAgent {
    pub id: AgentId,
    pub role: Role,
    pub agent: Arc<Agent>,
    pub roster: Arc<Roster>,
}

impl CurrentAgent {
    /// 403 unless the role or a group gives the right.
    pub fn require(&self, permission: Permission) -> ApiResult<()> {
        if self.can(permission) { Ok(()) } else { Err(ApiError::forbidden()) }
    }

    /// The one place where rights are decided: what the groups in the snapshot of this request give.
    pub fn can(&self, permission: Permission) -> bool {
        self.roster.has_right(self.id, permission.id())
    }

    /// As much of the person as the right to see depends on.
    pub fn viewer(&self) -> Viewer {
        self.roster.viewer_of(&self.agent)
    }
}

impl FromRequestParts<AppState> for CurrentAgent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok()).ok_or(AuthFailure::Missing)?;
        Ok(authenticate(app, bearer_token(header)?)?)
    }
}

/// The person an access token belongs to. Sockets use it too.
pub fn authenticate(app: &AppState, token: &str) -> Result<CurrentAgent, AuthFailure> {
    resolve(app, app.tokens.verify(token, TokenType::Access)?)
}

/// The active person that valid claims name.
pub(crate) fn resolve(app: &AppState, claims: Claims) -> Result<CurrentAgent, AuthFailure> {
    let roster = app.hub.directory().roster();
    let agent = roster.agent(claims.agent_id).cloned().ok_or(AuthFailure::UserNotFound)?;
    if !agent.is_active {
        return Err(AuthFailure::UserInactive);
    }
    if claims.is_revoked_for(&agent) {
        return Err(AuthFailure::Invalid);
    }
    Ok(CurrentAgent { id: agent.id, role: agent.role, agent, roster })
}

/// The token of an `Authorization` header.
pub(crate) fn bearer_token(header: &str) -> Result<&str, AuthFailure> {
    let mut words = header.split_ascii_whitespace();
    if !words.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")) {
        return Err(AuthFailure::Missing);
    }
    match (words.next(), words.next()) {
        (Some(token), None) => Ok(token),
        _ => Err(AuthFailure::BadHeader),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dx_actors::domain::AgentChanges;

    use super::*;
    use crate::test_support::TestApp;

    #[tokio::test]
    async fn each_failure_has_the_body_clients_know() {
        let app = TestApp::new().await;
        let token = |id| app.state.tokens.issue(TokenType::Access, AgentId(id));
        let refresh = app.state.tokens.issue(TokenType::Refresh, TestApp::ADMIN);
        let nobody = app.state.tokens.issue_without_user();
        let invalid = "O token informado não é válido para qualquer tipo de token";
        let missing = "As credenciais de autenticação não foram fornecidas.";
        let header = "Cabeçalho de autorização deve conter dois valores delimitados por espaço";
        let no_user = "O token não continha nenhuma identificação reconhecível do usuário";
        let (inactive, unknown) = (token(TestApp::INACTIVE.0), token(99));
        let cases = [
            ("Basic YTpi".to_owned(), missing, None, None),
            ("Bearer".to_owned(), header, Some("bad_authorization_header"), None),
            ("Bearer a b".to_owned(), header, Some("bad_authorization_header"), None),
            (
                "Bearer garbage".to_owned(),
                invalid,
                Some("token_not_valid"),
                Some("O token é inválido ou expirado"),
            ),
            (
                format!("Bearer {refresh}"),
                invalid,
                Some("token_not_valid"),
                Some("Token tem tipo errado"),
            ),
            (format!("Bearer {nobody}"), no_user, Some("token_not_valid"), None),
            (format!("Bearer {inactive}"), "Usuário está inativo", Some("user_inactive"), None),
            (format!("Bearer {unknown}"), "Usuário não encontrado", Some("user_not_found"), None),
        ];
        for (authorization, text, code, message) in cases {
            let answer =
                app.get("/api/v1/me/").header("authorization", &authorization).send().await;
            assert_eq!(answer.status, 401, "{authorization}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"api\"");
            let body = answer.json();
            assert_eq!(body["error"], text, "{authorization}");
            assert_eq!(body["detail"], text);
            assert_eq!(body["code"].as_str(), code);
            assert_eq!(body["messages"][0]["message"].as_str(), message);
        }
        assert_eq!(app.get("/api/v1/me/").send().await.json()["detail"], missing);
    }

    #[tokio::test]
    async fn a_changed_password_and_an_expired_token_end_access() {
        let app = TestApp::new().await;
        let token = app.token_of(TestApp::ADMIN);
        assert!(authenticate(&app.state, &token).is_ok());
        app.clock.advance(Duration::from_secs(10));
        let changes = AgentChanges { password_hash: Some(String::new()), ..Default::default() };
        app.state.hub.presence().update_agent(None, TestApp::ADMIN, changes).await.unwrap();
        assert_eq!(authenticate(&app.state, &token).unwrap_err(), AuthFailure::Invalid);
        let fresh = app.token_of(TestApp::ADMIN);
        assert!(authenticate(&app.state, &fresh).is_ok());
        app.clock.advance(Duration::from_hours(1));
        assert_eq!(authenticate(&app.state, &fresh).unwrap_err(), AuthFailure::Invalid);
    }

    #[tokio::test]
    async fn a_right_is_required_of_the_role() {
        let app = TestApp::new().await;
        let attendant = authenticate(&app.state, &app.token_of(TestApp::AGENT)).unwrap();
        let refusal = attendant.require(Permission::ManageSessions).unwrap_err();
        assert_eq!(refusal.status(), 403);
        assert!(attendant.require(Permission::ViewConfig).is_ok());
        let admin = authenticate(&app.state, &app.token_of(TestApp::ADMIN)).unwrap();
        assert!(admin.require(Permission::ManageAuth).is_ok());
    }
}
