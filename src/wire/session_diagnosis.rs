//! Why a number is as it is (diagnóstico), and how long its messages take.

use dx_actors::domain::{
    ProviderKind, SessionStatus, Timestamp,
    diagnosis::{
        Cold, Diagnosis, Facts, FailureCount, Finding, Level, SessionState, Unsent, Words,
        reason_words,
    },
    latency::{Histogram, Hop, LIMITS_MS},
    session::RECONNECT_WAITS_SECONDS,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{message::two_decimals, time::At, words::Word};
use crate::openapi::schemas::word;

/// Latest states that are shown; the history keeps more.
const STATES_SHOWN: usize = 50;

/// Como um número está, por quê, e o que fazer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "session_id": 1, "provider": "web", "status": "connecting", "desde": "2026-01-02T12:00:00Z",
    "motivo": {"codigo": "conexao_perdida", "texto": "A conexão com a rede caiu ou não pôde ser feita.",
        "o_que_fazer": "Confira a internet do servidor e, no WhatsApp Web, a do celular; depois use \"reconectar\"."},
    "reconecta_sozinho": true, "tentativas": 3, "tentativas_max": 6,
    "ultima_tentativa_em": "2026-01-02T12:00:30Z", "proxima_tentativa_em": "2026-01-02T12:02:00Z",
    "ultima_mensagem_recebida_em": "2026-01-02T11:58:00Z",
    "ultima_mensagem_enviada_em": "2026-01-02T11:57:00Z",
    "fila": {"aguardando": 2, "enviando": 0, "mais_antiga_desde": "2026-01-02T12:00:10Z",
        "mais_antiga_ha_segundos": 80},
    "contatos_novos": {"usados": 3, "limite": 25, "restantes": 22, "bloqueado_ate": null,
        "libera_em": null},
    "ritmo_ms": 800, "tem_janela_de_24h": false, "modelos_aprovados": null, "escritas_24h": 40,
    "falhas_24h": [], "historico": [{"status": "connecting", "motivo": null, "tentativas": 0,
        "em": "2026-01-02T12:00:00Z"}],
    "diagnostico": [{"nivel": "aviso", "texto": "Sem conexão há 1 min.", "o_que_fazer": null}],
}))]
pub struct DiagnosisOut {
    pub session_id: i64,
    #[schema(schema_with = word::<ProviderKind>)]
    pub provider: &'static str,
    #[schema(schema_with = word::<SessionStatus>)]
    pub status: &'static str,
    /// Desde quando o status é este.
    #[serde(rename = "desde")]
    pub since: At,
    /// O que deu errado por último, também quando já passou.
    #[serde(rename = "motivo")]
    pub reason: Option<ReasonOut>,
    #[serde(rename = "reconecta_sozinho")]
    pub reconnects: bool,
    /// Tentativas automáticas seguidas de voltar.
    #[serde(rename = "tentativas")]
    pub attempts: i64,
    #[serde(rename = "tentativas_max")]
    pub attempts_max: usize,
    #[serde(rename = "ultima_tentativa_em")]
    pub last_attempt_at: Option<At>,
    /// `null` quando nenhuma está marcada.
    #[serde(rename = "proxima_tentativa_em")]
    pub next_attempt_at: Option<At>,
    #[serde(rename = "ultima_mensagem_recebida_em")]
    pub last_received_at: Option<At>,
    #[serde(rename = "ultima_mensagem_enviada_em")]
    pub last_sent_at: Option<At>,
    #[serde(rename = "fila")]
    pub queue: OutboundQueueOut,
    #[serde(rename = "contatos_novos")]
    pub cold: ColdOut,
    /// Milissegundos entre duas mensagens.
    #[serde(rename = "ritmo_ms")]
    pub pace_ms: u64,
    /// Texto livre só até 24 horas depois da última mensagem do cliente.
    #[serde(rename = "tem_janela_de_24h")]
    pub has_window: bool,
    /// `null` em números sem modelos.
    #[serde(rename = "modelos_aprovados")]
    pub approved_templates: Option<i64>,
    /// Mensagens escritas nas últimas 24 horas.
    #[serde(rename = "escritas_24h")]
    pub written: i64,
    /// As que falharam entre elas, por motivo, o mais comum primeiro.
    #[serde(rename = "falhas_24h")]
    pub failures: Vec<FailureOut>,
    /// Os últimos estados da conexão, até 50, o mais novo primeiro.
    #[serde(rename = "historico")]
    pub states: Vec<SessionStateOut>,
    /// O que há a saber, o mais grave primeiro; nunca vazio.
    #[serde(rename = "diagnostico")]
    pub findings: Vec<FindingOut>,
}

/// Um motivo em palavras.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "codigo": "conexao_perdida", "texto": "A conexão com a rede caiu ou não pôde ser feita.",
    "o_que_fazer": "Confira a internet do servidor e, no WhatsApp Web, a do celular; depois use \"reconectar\".",
}))]
pub struct ReasonOut {
    /// Como em `last_error`.
    #[serde(rename = "codigo")]
    pub code: String,
    #[serde(rename = "texto")]
    pub text: String,
    #[serde(rename = "o_que_fazer")]
    pub advice: &'static str,
}

/// As mensagens que ainda não saíram.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "aguardando": 2, "enviando": 0, "mais_antiga_desde": "2026-01-02T12:00:10Z",
    "mais_antiga_ha_segundos": 80,
}))]
pub struct OutboundQueueOut {
    #[serde(rename = "aguardando")]
    pub waiting: i64,
    /// Entregues à rede, que ainda não as confirmou.
    #[serde(rename = "enviando")]
    pub sending: i64,
    #[serde(rename = "mais_antiga_desde")]
    pub oldest_at: Option<At>,
    #[serde(rename = "mais_antiga_ha_segundos")]
    pub oldest_age_seconds: Option<u64>,
}

/// Quantas pessoas que nunca escreveram podem receber mensagens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "usados": 3, "limite": 25, "restantes": 22, "bloqueado_ate": null, "libera_em": null,
}))]
pub struct ColdOut {
    /// Nas últimas 24 horas.
    #[serde(rename = "usados")]
    pub spent: i64,
    /// `null`: sem limite.
    #[serde(rename = "limite")]
    pub per_day: Option<i64>,
    #[serde(rename = "restantes")]
    pub left: Option<i64>,
    /// A rede não aceita contatos novos até lá.
    #[serde(rename = "bloqueado_ate")]
    pub blocked_until: Option<At>,
    /// Com o limite usado: quando cabe o próximo.
    #[serde(rename = "libera_em")]
    pub frees_at: Option<At>,
}

/// Por que mensagens falharam.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "codigo": "131026", "erro": "131026: A mensagem não pode ser entregue a este número.",
    "total": 2, "ultima_em": "2026-01-02T11:00:00Z",
}))]
pub struct FailureOut {
    /// O código da rede, onde há um.
    #[serde(rename = "codigo")]
    pub code: Option<String>,
    /// Como aparece nas mensagens.
    #[serde(rename = "erro")]
    pub error: String,
    pub total: i64,
    #[serde(rename = "ultima_em")]
    pub last_at: At,
}

/// Um estado da conexão.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "status": "connecting", "motivo": null, "tentativas": 0, "em": "2026-01-02T12:00:00Z",
}))]
pub struct SessionStateOut {
    #[schema(schema_with = word::<SessionStatus>)]
    pub status: &'static str,
    /// O que encerrou o estado anterior.
    #[serde(rename = "motivo")]
    pub reason: Option<ReasonOut>,
    #[serde(rename = "tentativas")]
    pub attempts: i64,
    #[serde(rename = "em")]
    pub at: At,
}

/// Algo a saber.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"nivel": "info", "texto": "Conectado há 1 h, sem problemas.", "o_que_fazer": null}))]
pub struct FindingOut {
    #[serde(rename = "nivel")]
    #[schema(schema_with = word::<Level>)]
    pub level: &'static str,
    #[serde(rename = "texto")]
    pub text: String,
    /// `null` quando não há o que fazer.
    #[serde(rename = "o_que_fazer")]
    pub advice: Option<String>,
}

impl DiagnosisOut {
    pub fn new(facts: Facts, diagnosis: Diagnosis, now: Timestamp) -> Self {
        let Facts {
            session,
            states,
            last_received_at,
            last_sent_at,
            unsent,
            cold_spent: _,
            cold_first_at: _,
            written,
            failures,
            approved_templates,
        } = facts;
        let Diagnosis { since, reason, next_attempt_at, cold, findings } = diagnosis;
        Self {
            session_id: session.id.0,
            provider: session.provider.word(),
            status: session.status.word(),
            since: since.into(),
            reason: reason.map(ReasonOut::from),
            reconnects: session.auto_reconnect,
            attempts: session.reconnect_attempts,
            attempts_max: RECONNECT_WAITS_SECONDS.len(),
            last_attempt_at: session.last_reconnect_at.map(At::from),
            next_attempt_at: next_attempt_at.map(At::from),
            last_received_at: last_received_at.map(At::from),
            last_sent_at: last_sent_at.map(At::from),
            queue: OutboundQueueOut::new(unsent, now),
            cold: cold.into(),
            pace_ms: u64::try_from(session.pace().as_millis()).unwrap_or(u64::MAX),
            has_window: session.provider == ProviderKind::Cloud,
            approved_templates,
            written,
            failures: failures.into_iter().map(FailureOut::from).collect(),
            states: states.into_iter().take(STATES_SHOWN).map(SessionStateOut::from).collect(),
            findings: findings.into_iter().map(FindingOut::from).collect(),
        }
    }
}

impl From<Words> for ReasonOut {
    fn from(words: Words) -> Self {
        let Words { code, text, advice } = words;
        Self { code, text, advice }
    }
}

impl OutboundQueueOut {
    fn new(unsent: Unsent, now: Timestamp) -> Self {
        let Unsent { waiting, sending, oldest_at } = unsent;
        Self {
            waiting,
            sending,
            oldest_at: oldest_at.map(At::from),
            oldest_age_seconds: oldest_at.map(|at| now.since(at).as_secs()),
        }
    }
}

impl From<Cold> for ColdOut {
    fn from(cold: Cold) -> Self {
        let Cold { per_day, spent, blocked_until, frees_at } = cold;
        Self {
            spent,
            per_day,
            left: per_day.map(|per_day| (per_day - spent).max(0)),
            blocked_until: blocked_until.map(At::from),
            frees_at: frees_at.map(At::from),
        }
    }
}

impl From<FailureCount> for FailureOut {
    fn from(failure: FailureCount) -> Self {
        let code = failure.code().map(str::to_owned);
        let FailureCount { error, number, last_at } = failure;
        Self { code, error, total: number, last_at: last_at.into() }
    }
}

impl From<SessionState> for SessionStateOut {
    fn from(state: SessionState) -> Self {
        let SessionState { status, reason, attempts, at } = state;
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| reason_words(&reason).into());
        Self { status: status.word(), reason, attempts, at: at.into() }
    }
}

impl From<Finding> for FindingOut {
    fn from(finding: Finding) -> Self {
        let Finding { level, text, advice } = finding;
        Self { level: level.word(), text, advice: Some(advice).filter(|text| !text.is_empty()) }
    }
}

/// Quanto demora um trecho do caminho das mensagens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "hop": "sending", "from": "queued", "to": "sent", "since": "2026-01-01T12:00:00Z", "total": 2,
    "avg_ms": 812.5, "p50_ms": 1000.0, "p95_ms": 1000.0, "max_ms": 1000.0,
    "buckets": [{"le_ms": 1000, "count": 2}, {"le_ms": null, "count": 0}],
}))]
pub struct HopOut {
    #[schema(schema_with = word::<Hop>)]
    pub hop: &'static str,
    /// O estado em que o trecho começa.
    pub from: &'static str,
    /// O estado em que termina.
    pub to: &'static str,
    /// Desde quando é medido: `waiting` e `handing_over` desde o início do servidor, os outros nas
    /// mensagens das últimas 24 horas (no máximo as 50.000 mais novas).
    pub since: At,
    pub total: u64,
    pub avg_ms: Option<f64>,
    /// Metade não demorou mais que isto: o limite da faixa.
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub max_ms: Option<f64>,
    pub buckets: Vec<BucketOut>,
}

/// Quantas demoraram mais que a faixa anterior e no máximo `le_ms`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"le_ms": 1000, "count": 2}))]
pub struct BucketOut {
    /// `null`: mais que todas as outras.
    pub le_ms: Option<i64>,
    pub count: u64,
}

impl HopOut {
    pub fn new(hop: Hop, histogram: &Histogram, since: Timestamp) -> Self {
        let (from, to) = hop.ends();
        let limits = LIMITS_MS.iter().copied().map(Some).chain([None]);
        let total = histogram.total();
        Self {
            hop: hop.word(),
            from,
            to,
            since: since.into(),
            total,
            avg_ms: histogram.average_ms().map(two_decimals),
            p50_ms: histogram.percentile_ms(50).map(two_decimals),
            p95_ms: histogram.percentile_ms(95).map(two_decimals),
            max_ms: (total > 0).then(|| two_decimals(histogram.max_ms)),
            buckets: limits
                .zip(histogram.counts)
                .map(|(le_ms, count)| BucketOut { le_ms, count })
                .collect(),
        }
    }
}
