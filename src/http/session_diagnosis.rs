//! `/whatsapp/sessions/{id}/diagnostico/`: why a number is as it is and what to do about it; and the part of
//! its metrics that says how long messages take and why some fail.

use std::time::Duration;

use axum::{Json, extract::State};
use dx_actors::{
    HubError,
    domain::{SessionId, latency::Hop},
};

use super::Id;
use crate::{
    auth::CurrentAgent,
    error::ApiResult,
    state::AppState,
    wire::session_diagnosis::{DiagnosisOut, FailureOut, HopOut},
};

/// What happened within this time is measured.
const WINDOW: Duration = Duration::from_hours(24);

/// `GET /sessions/{id}/diagnostico/`.
#[utoipa::path(
    get,
    path = "",
    tag = "Sessões",
    summary = "Explica como um número está",
    description = "O estado e desde quando, o último motivo em palavras, as tentativas de voltar, a fila de \
        mensagens por enviar, os limites de contatos novos, as falhas das últimas 24 horas, o histórico da \
        conexão, e em `diagnostico` o que isso significa e o que fazer.",
    responses((status = 200, body = DiagnosisOut)),
)]
pub(super) async fn show(
    State(app): State<AppState>,
    _me: CurrentAgent,
    Id(id): Id,
) -> ApiResult<Json<DiagnosisOut>> {
    let now = app.hub.clock().now();
    let facts = app.hub.store().find_session_facts(SessionId(id), now).await?;
    let facts = facts.ok_or_else(|| HubError::not_found("Sessão", &id))?;
    let diagnosis = facts.diagnose(app.hub.chat_settings().time_zone, now);
    Ok(Json(DiagnosisOut::new(facts, diagnosis, now)))
}

/// The hops of a number's messages in the order of their way, and why some failed.
pub(super) async fn measures(
    app: &AppState,
    id: SessionId,
) -> ApiResult<(Vec<HopOut>, Vec<FailureOut>)> {
    let since = app.hub.clock().now().minus(WINDOW);
    let store = app.hub.store();
    let rows = store.session_latencies(id, since).await?;
    let (started_at, live) = app.hub.sessions().latencies(id);
    let known = live.iter().map(|(hop, histogram)| (*hop, histogram, started_at));
    let known = known.chain(rows.iter().map(|(hop, histogram)| (*hop, histogram, since)));
    let mut hops: Vec<_> = known.collect();
    hops.sort_by_key(|(hop, ..)| Hop::ALL.iter().position(|known| known == hop));
    let hops = hops.into_iter().map(|(hop, histogram, since)| HopOut::new(hop, histogram, since));
    let failures = store.session_failures(id, since).await?;
    Ok((hops.collect(), failures.into_iter().map(FailureOut::from).collect()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dx_actors::{session::SandboxFault, testing::eventually};
    use serde_json::{Value, json};

    use super::*;
    use crate::test_support::TestApp;

    const SESSIONS: &str = "/api/v1/whatsapp/sessions/";

    async fn diagnosis(app: &TestApp) -> Value {
        let path = format!("{SESSIONS}1/diagnostico/");
        let answer = app.get(&path).signed_in_as(TestApp::AGENT).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    async fn start(app: &TestApp) {
        let answer = app.post(&format!("{SESSIONS}start/")).signed_in().send().await;
        assert_eq!(answer.status, 202);
        eventually(async || app.state.hub.sessions().is_ready(SessionId(1))).await;
    }

    fn states(diagnosis: &Value) -> Vec<&str> {
        let rows = diagnosis["historico"].as_array().unwrap();
        rows.iter().map(|row| row["status"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_number_says_how_it_is_from_the_first_day_on() {
        let app = TestApp::new().await;
        let told = diagnosis(&app).await;
        assert_eq!((&told["status"], states(&told).len()), (&json!("disconnected"), 0));
        assert_eq!(told["diagnostico"][0]["texto"], "O número nunca foi conectado.");
        start(&app).await;
        app.clock.advance(Duration::from_hours(2));
        let told = diagnosis(&app).await;
        assert_eq!(states(&told), ["ready", "authenticated", "qrcode", "connecting"]);
        let expected = [
            ("session_id", json!(1)),
            ("provider", json!("sandbox")),
            ("status", json!("ready")),
            ("desde", told["historico"][0]["em"].clone()),
            ("motivo", Value::Null),
            ("reconecta_sozinho", json!(true)),
            ("tentativas", json!(0)),
            ("tentativas_max", json!(6)),
            ("proxima_tentativa_em", Value::Null),
            ("ultima_mensagem_recebida_em", Value::Null),
            ("ritmo_ms", json!(0)),
            ("tem_janela_de_24h", json!(false)),
            ("modelos_aprovados", Value::Null),
            ("escritas_24h", json!(0)),
            ("falhas_24h", json!([])),
            (
                "fila",
                json!({"aguardando": 0, "enviando": 0, "mais_antiga_desde": null,
                    "mais_antiga_ha_segundos": null}),
            ),
            (
                "contatos_novos",
                json!({"usados": 0, "limite": null, "restantes": null, "bloqueado_ate": null,
                    "libera_em": null}),
            ),
            (
                "diagnostico",
                json!([{"nivel": "info", "texto": "Conectado há 2 h, sem problemas.",
                    "o_que_fazer": null}]),
            ),
        ];
        for (key, value) in expected {
            assert_eq!(told[key], value, "{key}");
        }
        let nobody = app.get(&format!("{SESSIONS}999/diagnostico/")).signed_in().send().await;
        assert_eq!(nobody.status, 404);
    }

    #[tokio::test]
    async fn what_went_wrong_is_told_in_words() {
        let app = TestApp::new().await;
        start(&app).await;
        app.state.network.fault(SessionId(1), SandboxFault::LoggedOut).await;
        let is_error = async || diagnosis(&app).await["status"] == "error";
        eventually(is_error).await;
        let told = diagnosis(&app).await;
        assert_eq!(told["motivo"]["codigo"], "desconectado_pelo_celular");
        assert_eq!(told["historico"][0]["motivo"], told["motivo"]);
        let finding = &told["diagnostico"][0];
        assert_eq!(finding["nivel"], "erro");
        assert_eq!(finding["o_que_fazer"], told["motivo"]["o_que_fazer"]);
    }

    #[tokio::test]
    async fn metrics_say_how_long_each_hop_took() {
        let app = TestApp::new().await;
        start(&app).await;
        let body = json!({"to": "5511988880001", "type": "text", "text": "Oi"});
        let sent = app.post("/api/v1/whatsapp/send/").signed_in().json(&body).send().await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let metrics = async || {
            let path = format!("{SESSIONS}1/metrics/");
            app.get(&path).signed_in_as(TestApp::AGENT).send().await.json()
        };
        let of = |metrics: &Value, hop: &str| {
            let hops = metrics["latency_hops"].as_array().unwrap();
            hops.iter().find(|row| row["hop"] == hop).unwrap().clone()
        };
        eventually(async || of(&metrics().await, "reading")["total"] == 1).await;
        let told = metrics().await;
        let names: Vec<_> =
            told["latency_hops"].as_array().unwrap().iter().map(|row| &row["hop"]).collect();
        let expected = ["waiting", "handing_over", "sending", "delivering", "reading", "receiving"];
        assert_eq!(names, expected);
        for hop in &expected[..5] {
            let row = of(&told, hop);
            assert_eq!(row["total"], 1, "{row}");
            let buckets = row["buckets"].as_array().unwrap();
            let total: u64 = buckets.iter().map(|row| row["count"].as_u64().unwrap()).sum();
            assert_eq!((total, buckets.len(), &buckets[12]["le_ms"]), (1, 13, &Value::Null));
        }
        let none = of(&told, "receiving");
        assert_eq!(
            (&none["total"], &none["avg_ms"], &none["max_ms"]),
            (&json!(0), &Value::Null, &Value::Null)
        );
        assert_eq!(told["failures"], json!([]));
        app.clock.advance(Duration::from_hours(25));
        let later = metrics().await;
        assert_eq!(of(&later, "sending")["total"], 0, "the rows of a day");
        assert_eq!(of(&later, "waiting")["total"], 1, "since the start");
    }
}
