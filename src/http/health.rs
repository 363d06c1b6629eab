//! Whether the hub is alive and whether it can work.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// Se o servidor está vivo.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok", "version": "0.1.0", "database": "ok"}))]
pub(super) struct HealthOut {
    status: &'static str,
    version: &'static str,
    database: &'static str,
}

/// For people and the clients of the earlier system: always 200 while the process answers.
#[utoipa::path(
    get,
    path = "",
    tag = "Saúde",
    summary = "Resume a saúde",
    description = "Sempre 200 enquanto o processo responde.",
    responses((status = 200, body = HealthOut)),
    security(()),
)]
pub(super) async fn summary(State(app): State<AppState>) -> Json<HealthOut> {
    let database = if app.database_is_up().await { "ok" } else { "unavailable" };
    Json(HealthOut { status: "ok", version: env!("CARGO_PKG_VERSION"), database })
}

/// Só o estado.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub(super) struct StatusOut {
    status: &'static str,
}

/// For whoever restarts a process that hangs.
#[utoipa::path(
    get,
    path = "",
    tag = "Saúde",
    summary = "O processo está vivo",
    description = "Para quem reinicia um processo que travou.",
    responses((status = 200, body = StatusOut)),
    security(()),
)]
pub(super) async fn live() -> Json<StatusOut> {
    Json(StatusOut { status: "ok" })
}

/// For a balancer: 503 while the database does not answer.
#[utoipa::path(
    get,
    path = "",
    tag = "Saúde",
    summary = "O servidor pode trabalhar",
    description = "503 enquanto o banco de dados não responde.",
    responses((status = 200, body = StatusOut), (status = 503, body = StatusOut)),
    security(()),
)]
pub(super) async fn ready(State(app): State<AppState>) -> (StatusCode, Json<StatusOut>) {
    if app.database_is_up().await {
        (StatusCode::OK, Json(StatusOut { status: "ok" }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(StatusOut { status: "unavailable" }))
    }
}

#[cfg(test)]
mod tests {
    use crate::test_support::TestApp;

    #[tokio::test]
    async fn only_readiness_depends_on_the_database() {
        let app = TestApp::new().await;
        let status = async |path: &str| app.get(path).send().await.status;
        let summary = app.get("/api/v1/health/").send().await.json();
        assert_eq!((&summary["status"], &summary["database"]), (&"ok".into(), &"ok".into()));
        assert!(summary["version"].is_string());
        assert_eq!(status("/api/v1/health/ready/").await, 200);
        app.close_database().await;
        assert_eq!(status("/api/v1/health/ready/").await, 503);
        assert_eq!(status("/api/v1/health/live/").await, 200);
        let summary = app.get("/api/v1/health/").send().await.json();
        assert_eq!(
            (&summary["status"], &summary["database"]),
            (&"ok".into(), &"unavailable".into())
        );
    }
}
