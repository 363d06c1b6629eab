//! `/auditoria/`: who changed what, for administrators.

use axum::extract::State;
use dx_actors::{
    domain::{
        AgentId,
        audit::{AuditAction, AuditSubject},
    },
    store::AuditFilter,
};

use super::{Listing, Query};
use crate::{
    auth::{CurrentAgent, Permission},
    error::ApiResult,
    openapi::{Forbidden, schemas::PageParams},
    state::AppState,
    wire::{
        audit::{AuditEntryOut, AuditParams},
        words::Word,
    },
};

/// `GET /auditoria/`: latest first.
#[utoipa::path(
    get,
    path = "",
    tag = "Auditoria",
    summary = "Lista as alterações",
    description = "As mais recentes primeiro; só para administradores. A trilha nunca é alterada nem apagada.",
    params(PageParams, AuditParams),
    responses((status = 200, body = Listing<AuditEntryOut>), Forbidden),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    me: CurrentAgent,
    mut query: Query,
) -> ApiResult<Listing<AuditEntryOut>> {
    me.require(Permission::ReadAudit)?;
    let filter = AuditFilter {
        agent_id: query.number("agente").map(AgentId),
        action: query.choice("acao", AuditAction::parse),
        subject: query.choice("assunto", AuditSubject::parse),
        subject_id: query.number("assunto_id"),
        after: query.datetime("criado_apos"),
        before: query.datetime("criado_antes"),
        terms: query.search_terms(),
    };
    query.check()?;
    let store = app.hub.store();
    let page = query.fetch(|page| store.list_audit_entries(filter.clone(), page)).await?;
    Ok(page.map(AuditEntryOut::from))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::{http::testing::Office, test_support::TestApp, wire::time::rfc3339};

    const AUDIT: &str = "/api/v1/auditoria/";
    const ADMIN: dx_actors::domain::AgentId = TestApp::ADMIN;

    #[tokio::test]
    async fn a_change_of_a_person_is_told_with_its_fields_and_without_secrets() {
        let office = Office::open().await;
        let path = format!("/api/v1/agents/{}/", office.ana);
        let body = json!({"role": "supervisor", "password": "outra-senha-boa-7",
            "departamentos": [office.others.0]});
        assert_eq!(office.patch(office.manager, &path, body).await.status, 200);
        let page = office.read(ADMIN, &format!("{AUDIT}?page_size=1")).await;
        let row = &page["results"][0];
        let changes = json!([
            {"campo": "departamentos", "de": "Vendas", "para": "Outros"},
            {"campo": "password", "de": null, "para": "***"},
            {"campo": "role", "de": "atendente", "para": "supervisor"},
        ]);
        assert_eq!(row["alteracoes"], changes);
        let keys = ["agente", "agente_nome", "acao", "assunto", "assunto_id", "assunto_nome"];
        let expected = json!([
            office.manager.0,
            "Pessoa gil",
            "alterado",
            "agente",
            office.ana.0,
            "Pessoa ana"
        ]);
        assert_eq!(Value::from(keys.map(|key| row[key].clone()).to_vec()), expected);
        assert!(row["em"].as_str().unwrap().ends_with('Z') && row["motivo"] == "");
        // What changes nothing leaves no trace.
        office.patch(office.manager, &path, json!({"role": "supervisor"})).await;
        let again = office.read(ADMIN, &format!("{AUDIT}?page_size=1")).await;
        assert_eq!(again["count"], page["count"]);
    }

    fn now(office: &Office) -> String {
        rfc3339(office.app.state.hub.clock().now())
    }

    #[tokio::test]
    async fn the_trail_is_filtered() {
        let office = Office::open().await;
        let before = now(&office);
        office.app.clock.advance(Duration::from_mins(1));
        let after = now(&office);
        let path = format!("/api/v1/atendimento/departamentos/{}/", office.others);
        office.patch(office.supervisor, &path, json!({"nome": "Pós-venda"})).await;
        office.delete(office.manager, &path).await;
        let roster = office.app.state.hub.directory().roster();
        let author = &roster.agent(office.manager).unwrap().username;
        let cases = [
            (format!("?assunto=departamento&search={author}"), 1),
            (format!("?agente={}", office.supervisor), 1),
            (format!("?assunto=departamento&assunto_id={}", office.others), 3),
            ("?acao=excluido".to_owned(), 1),
            ("?assunto=departamento&acao=criado".to_owned(), 2),
            (format!("?criado_apos={after}"), 2),
            (format!("?criado_antes={before}&assunto=departamento"), 2),
            ("?search=venda".to_owned(), 3),
            ("?assunto=grupo".to_owned(), 0),
        ];
        for (query, count) in cases {
            let page = office.read(ADMIN, &format!("{AUDIT}{query}")).await;
            assert_eq!(page["count"], count, "{query}: {page}");
        }
        let answer = office.get(ADMIN, &format!("{AUDIT}?acao=zz&assunto=zz&agente=a")).await;
        assert_eq!((answer.status, answer.json().as_object().unwrap().len()), (400, 3));
    }

    #[tokio::test]
    async fn only_administrators_read_it() {
        let office = Office::open().await;
        for who in [office.ana, office.supervisor, office.manager] {
            assert_eq!(office.get(who, AUDIT).await.status, 403);
        }
        assert_eq!(office.app.get(AUDIT).send().await.status, 401);
    }
}
