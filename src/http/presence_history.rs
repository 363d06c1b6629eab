//! `/presence/historico/` and `/presence/{id}/forcar-offline/`: for those who stand above.

use axum::{Json, extract::State};
use dx_actors::{
    domain::{AgentId, Role},
    presence::Force,
    store::PresenceFilter,
};

use super::{Body, Id, Query};
use crate::{
    auth::{CurrentAgent, scope},
    error::{ApiError, ApiResult},
    openapi::{Forbidden, Missing, schemas::PageParams},
    state::AppState,
    wire::presence::{
        ForceOfflineIn, HistoryParams, PresenceHistoryOut, PresencePeriodOut, StatusSetOut,
        forced_offline,
    },
};

const REASON_CHARS_MAX: usize = 255;

/// `GET presence/historico/`: latest first.
#[utoipa::path(
    get,
    path = "",
    tag = "Presença",
    summary = "Lista as mudanças de status",
    description = "As mais recentes primeiro, com os segundos em cada status dentro do período. Cada pessoa vê \
        as suas; supervisores as dos seus departamentos; gerentes e administradores todas.",
    params(PageParams, HistoryParams),
    responses((status = 200, body = PresenceHistoryOut), Forbidden),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Json<PresenceHistoryOut>> {
    let now = app.hub.clock().now();
    let agent_id = query.number("atendente").map(AgentId);
    let days = query.days(now);
    query.check()?;
    if agent_id.is_some_and(|id| !scope::watches(&me, id)) {
        return Err(ApiError::forbidden());
    }
    let filter = PresenceFilter {
        scope: scope::figure_scope(&me),
        agent_id,
        from: days.from(),
        to: days.to().min(now),
    };
    app.hub.presence().flush().await?;
    let store = app.hub.store();
    let page = query.fetch(|page| store.list_presence_history(&filter, page)).await?;
    let totals = store.total_presence(&filter).await?;
    let page = page.map(|period| PresencePeriodOut::new(period, &filter, &me.roster));
    Ok(Json(PresenceHistoryOut::new(page, &totals)))
}

/// `POST presence/{id}/forcar-offline/`.
#[utoipa::path(
    post,
    path = "",
    tag = "Presença",
    summary = "Coloca alguém offline",
    description = "Para supervisores de um dos departamentos da pessoa e acima, e não sobre um papel mais alto. A \
        pessoa fica conectada e lê o motivo no evento `agent_presence_changed`; volta quando muda o próprio \
        status. Fica na trilha de auditoria.",
    request_body = ForceOfflineIn,
    responses((status = 200, body = StatusSetOut), Forbidden, Missing),
)]
pub(super) async fn force_offline(
    State(app): State<AppState>,
    me: CurrentAgent,
    Id(id): Id,
    body: Body,
) -> ApiResult<Json<StatusSetOut>> {
    if me.role < Role::Supervisor {
        return Err(ApiError::forbidden());
    }
    let mut fields = body.fields();
    let reason = fields.required_text("motivo", REASON_CHARS_MAX);
    let reason = fields.finish(reason)?;
    let agent_id = AgentId(id);
    let person = me.roster.agent(agent_id).ok_or_else(ApiError::not_found)?;
    if person.role > me.role || !scope::watches(&me, agent_id) {
        return Err(ApiError::forbidden());
    }
    let force = Force { agent_id, by: me.id, reason };
    let before = app.hub.presence().force_offline(force).await?;
    Ok(Json(forced_offline(before)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dx_actors::domain::PresenceStatus;
    use serde_json::{Value, json};

    use crate::{http::testing::Office, test_support::TestApp};

    const HISTORY: &str = "/api/v1/presence/historico/";

    async fn force(office: &Office, who: dx_actors::domain::AgentId, id: i64) -> u16 {
        let path = format!("/api/v1/presence/{id}/forcar-offline/");
        office.post(who, &path, json!({"motivo": "Saiu sem avisar"})).await.status
    }

    #[tokio::test]
    async fn who_stands_above_sets_offline_and_it_is_audited() {
        let office = Office::open().await;
        let presence = office.app.state.hub.presence();
        presence.set_status(office.ana, PresenceStatus::Online, None, None).await.unwrap();
        for (who, id, status) in [
            (office.bia, office.ana.0, 403),
            (office.supervisor, office.outsider.0, 403),
            (office.supervisor, office.manager.0, 403),
            (office.manager, TestApp::ADMIN.0, 403),
            (office.manager, 999, 404),
            (office.manager, office.outsider.0, 200),
            (office.supervisor, office.ana.0, 200),
        ] {
            assert_eq!(force(&office, who, id).await, status, "{who} {id}");
        }
        let path = format!("/api/v1/presence/{}/forcar-offline/", office.ana);
        let empty = office.post(office.supervisor, &path, json!({})).await;
        assert_eq!((empty.status, empty.json()["motivo"].is_array()), (400, true));
        let view = office.read(office.ana, "/api/v1/presence/me/").await;
        assert_eq!(
            (&view["status"], &view["motivo"]),
            (&json!("offline"), &json!("Saiu sem avisar"))
        );
        assert_eq!(view["status_message"], "Colocado offline por Pessoa sueli: Saiu sem avisar");
        let trail = office.read(TestApp::ADMIN, "/api/v1/auditoria/?assunto=agente").await;
        let row = &trail["results"][0];
        let changes = json!([{"campo": "presence", "de": "online", "para": "offline"}]);
        assert_eq!((&row["motivo"], &row["alteracoes"]), (&json!("Saiu sem avisar"), &changes));
        // He stays away until he says otherwise himself.
        office.post(office.ana, "/api/v1/presence/heartbeat/", json!({})).await;
        assert_eq!(office.read(office.ana, "/api/v1/presence/me/").await["status"], "offline");
    }

    #[tokio::test]
    async fn pauses_are_kept_with_their_reason_and_summed() {
        let office = Office::open().await;
        let set = async |body: Value| {
            let answer = office.post(office.ana, "/api/v1/presence/set-status/", body).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        };
        set(json!({"status": "online"})).await;
        office.app.clock.advance(Duration::from_mins(1));
        set(json!({"status": "away", "motivo": "Almoço", "message": "Volto logo"})).await;
        office.app.clock.advance(Duration::from_secs(30));
        set(json!({"status": "away", "motivo": "Médico"})).await;
        office.app.clock.advance(Duration::from_secs(15));
        let page = office.read(office.ana, HISTORY).await;
        let rows: Vec<_> = page["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                json!([row["de"], row["para"], row["motivo"], row["causa"], row["segundos"]])
            })
            .collect();
        let expected = [
            json!(["away", "away", "Médico", "proprio", 15]),
            json!(["online", "away", "Almoço", "proprio", 30]),
            json!(["offline", "online", "", "proprio", 60]),
        ];
        assert_eq!(rows, expected);
        let totals = json!({"online": 60, "busy": 0, "away": 45, "offline": 0});
        assert_eq!(page["segundos_por_status"], totals);
        assert!(page["results"][0]["fim"].is_null());
        assert_eq!(page["results"][1]["mensagem"], "Volto logo");
    }

    #[tokio::test]
    async fn the_history_is_seen_by_oneself_and_those_above() {
        let office = Office::open().await;
        let presence = office.app.state.hub.presence();
        for id in [office.ana, office.bia, office.outsider] {
            presence.set_status(id, PresenceStatus::Busy, None, None).await.unwrap();
        }
        for (who, query, count) in [
            (office.ana, String::new(), Some(1)),
            (office.ana, format!("?atendente={}", office.ana), Some(1)),
            (office.ana, format!("?atendente={}", office.bia), None),
            (office.supervisor, String::new(), Some(2)),
            (office.supervisor, format!("?atendente={}", office.outsider), None),
            (office.manager, String::new(), Some(3)),
            (office.manager, "?ate=2020-01-01".to_owned(), Some(0)),
        ] {
            let answer = office.get(who, &format!("{HISTORY}{query}")).await;
            match count {
                None => assert_eq!(answer.status, 403, "{who}{query}"),
                Some(count) => assert_eq!(answer.json()["count"], count, "{who}{query}"),
            }
        }
        assert_eq!(office.get(office.ana, &format!("{HISTORY}?de=x")).await.status, 400);
    }
}
