//! `/atendimento/relatorios/`: what happened in the service, in figures.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use dx_actors::{
    domain::{AgentId, DepartmentId, Role, report::ReportGrouping},
    store::ReportFilter,
};

use super::Query;
use crate::{
    auth::{CurrentAgent, scope},
    error::{ApiError, ApiResult},
    openapi::{Forbidden, schemas::FileOut},
    state::AppState,
    wire::{
        report::{ReportFormat, ReportOut, ReportParams, as_csv},
        words::Word,
    },
};

/// `GET relatorios/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Atendimentos",
    summary = "Mostra os números do atendimento",
    description = "Supervisores veem os seus departamentos, gerentes e administradores tudo, atendentes só a si \
        mesmos. Cada número conta no instante em que aconteceu, com o departamento e a pessoa que tinham o \
        atendimento então: transferências posteriores não mudam o passado. `formato=csv` devolve o mesmo \
        para planilhas (UTF-8, `;`, vírgula decimal).",
    params(ReportParams),
    responses(
        (status = 200, content(
            (ReportOut = "application/json"),
            (FileOut = "text/csv", example = json!("dia;abertos;…"))
        )),
        Forbidden,
    ),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Response> {
    let days = query.days(app.hub.clock().now());
    let format = query.choice("formato", ReportFormat::parse).unwrap_or(ReportFormat::Json);
    let grouping = query.choice("agrupar", ReportGrouping::parse);
    let filter = ReportFilter {
        scope: scope::figure_scope(&me),
        days,
        department_id: query.number("departamento").map(DepartmentId),
        agent_id: query.number("atendente").map(AgentId),
        grouping: grouping.unwrap_or(ReportGrouping::Total),
    };
    query.check()?;
    permit(&me, &filter)?;
    let lines = app.hub.store().report(&filter).await?;
    Ok(match format {
        ReportFormat::Json => Json(ReportOut::new(&filter, lines, &me.roster)).into_response(),
        ReportFormat::Csv => csv(&filter, as_csv(&filter, lines, &me.roster)),
    })
}

/// Nobody is answered with zeros for what he may not see.
fn permit(me: &CurrentAgent, filter: &ReportFilter) -> ApiResult<()> {
    let is_seen = match me.role {
        Role::Admin | Role::Manager => true,
        Role::Supervisor => filter.department_id.is_none_or(|id| me.roster.is_member(me.id, id)),
        Role::Agent => filter.agent_id.is_none_or(|id| id == me.id),
    };
    if is_seen { Ok(()) } else { Err(ApiError::forbidden()) }
}

fn csv(filter: &ReportFilter, text: String) -> Response {
    let name = format!("relatorio_{}_{}.csv", filter.days.first, filter.days.last);
    let mut response = text.into_response();
    let out = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    out.insert(header::CONTENT_TYPE, kind);
    // Digits and dashes only: always a header's text.
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        out.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::http::testing::{CHATS, Office, number};

    const REPORTS: &str = "/api/v1/atendimento/relatorios/";

    #[tokio::test]
    async fn a_day_of_work_in_figures() {
        let office = Office::open().await;
        office.enqueue(&number(1), "normal").await;
        office.app.clock.advance(Duration::from_secs(40));
        let path = format!("{CHATS}{}/aceitar/", number(1));
        assert_eq!(office.post(office.ana, &path, json!({})).await.status, 200);
        office.app.clock.advance(Duration::from_mins(1));
        let path = format!("{CHATS}{}/encerrar/", number(1));
        assert_eq!(office.post(office.ana, &path, json!({})).await.status, 200);
        let report = office.read(office.supervisor, REPORTS).await;
        let line = &report["linhas"][0];
        assert_eq!(report["linhas"].as_array().unwrap().len(), 1);
        assert_eq!((&line["abertos"], &line["encerrados"]), (&json!(1), &json!(1)));
        let wait = json!({"atendimentos": 1, "media_segundos": 40.0, "p50_segundos": 40.0,
            "p90_segundos": 40.0});
        assert_eq!(line["espera"], wait);
        let handling = json!({"atendimentos": 1, "total_segundos": 60.0, "media_segundos": 60.0});
        assert_eq!(line["atendimento"], handling);
        assert!(line["dia"].is_null() && line["avaliacoes"]["media"].is_null());
        let days = office.read(office.ana, &format!("{REPORTS}?agrupar=dia")).await;
        assert_eq!(days["linhas"].as_array().unwrap().len(), 7);
        let by_agent = office.read(office.manager, &format!("{REPORTS}?agrupar=atendente")).await;
        assert_eq!(by_agent["linhas"][0]["atendente_nome"], "Pessoa ana");
    }

    #[tokio::test]
    async fn each_role_sees_its_part() {
        let office = Office::open().await;
        for (who, query, status) in [
            (office.ana, format!("?atendente={}", office.bia), 403),
            (office.ana, format!("?atendente={}&departamento={}", office.ana, office.others), 200),
            (office.supervisor, format!("?departamento={}", office.others), 403),
            (office.supervisor, format!("?departamento={}", office.sales), 200),
            (office.manager, format!("?departamento={}", office.others), 200),
            (office.manager, "?agrupar=semana".to_owned(), 400),
            (office.manager, "?formato=pdf".to_owned(), 400),
            (office.manager, "?de=2020-01-01&ate=2022-01-01".to_owned(), 400),
        ] {
            assert_eq!(
                office.get(who, &format!("{REPORTS}{query}")).await.status,
                status,
                "{query}"
            );
        }
        office.enqueue(&number(1), "normal").await;
        let opened = async |who| office.read(who, REPORTS).await["linhas"][0]["abertos"].clone();
        assert_eq!(opened(office.supervisor).await, 1);
        assert_eq!(opened(office.ana).await, 0, "nobody has it yet");
    }

    #[tokio::test]
    async fn a_spreadsheet_opens_in_brazil_and_runs_no_formula() {
        let office = Office::open().await;
        office.enqueue(&number(1), "normal").await;
        let path = format!("/api/v1/atendimento/departamentos/{}/", office.sales);
        office.patch(office.manager, &path, json!({"nome": "=2+5;\"x\""})).await;
        let path = format!("{REPORTS}?agrupar=departamento&formato=csv");
        let answer = office.get(office.manager, &path).await;
        assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
        let name = answer.headers["content-disposition"].to_str().unwrap();
        assert!(name.starts_with("attachment; filename=\"relatorio_") && name.ends_with(".csv\""));
        let text = answer.text.strip_prefix('\u{feff}').expect("a byte order mark");
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(lines[0].starts_with("departamento_id;departamento;abertos;"), "{}", lines[0]);
        let start = format!("{};\"'=2+5;\"\"x\"\"\";1;0;", office.sales);
        assert!(lines[1].starts_with(&start), "{}", lines[1]);
        assert_eq!((lines.len(), lines[2]), (3, ""));
    }
}
