//! Webhooks for other systems: endpoints, and what was delivered to them.

use dx_actors::domain::{
    Delivery, Timestamp, WebhookEndpoint,
    webhook::{Attempt, DeliveryCounts, DeliveryStatus, EventKind, Verdict},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{time::At, words::Word};
use crate::openapi::schemas::{one_of, word};

/// The events that an endpoint can ask for.
pub fn wanted_events() -> Vec<&'static str> {
    let wanted = EventKind::ALL.iter().filter(|kind| kind.can_be_wanted());
    wanted.map(|kind| kind.word()).collect()
}

fn event_list() -> utoipa::openapi::schema::Array {
    let items = one_of(&wanted_events());
    utoipa::openapi::schema::ArrayBuilder::new().items(items).build()
}

/// Um webhook: um endereço de outro sistema que é avisado do que acontece.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 1, "nome": "CRM", "url": "https://crm.exemplo.com.br/dx",
    "eventos": ["message_received", "chat_closed"], "ativo": true, "falhas_seguidas": 0,
    "pausado_ate": null, "pendentes": 0, "em_nova_tentativa": 0, "entregues": 120,
    "desistencias": 0, "ultimo_sucesso_em": "2026-01-02T12:00:00Z", "ultima_falha_em": null,
    "ultimo_erro": "", "segredo_anterior_ate": null, "criado_por": 1,
    "criado_em": "2026-01-02T12:00:00Z", "atualizado_em": "2026-01-02T12:00:00Z",
}))]
pub struct WebhookOut {
    pub id: i64,
    #[serde(rename = "nome")]
    pub name: String,
    pub url: String,
    #[serde(rename = "eventos")]
    #[schema(schema_with = event_list)]
    pub events: Vec<&'static str>,
    #[serde(rename = "ativo")]
    pub is_active: bool,
    /// Tentativas que falharam desde o último sucesso.
    #[serde(rename = "falhas_seguidas")]
    pub failures: i64,
    /// Falhou vezes demais: antes disso nada é enviado.
    #[serde(rename = "pausado_ate")]
    pub paused_until: Option<At>,
    /// Entregas que esperam, pela primeira tentativa ou por outra.
    #[serde(rename = "pendentes")]
    pub pending: i64,
    /// Das pendentes: as que já falharam.
    #[serde(rename = "em_nova_tentativa")]
    pub failing: i64,
    #[serde(rename = "entregues")]
    pub delivered: i64,
    /// Entregas de que se desistiu; podem ser reenviadas.
    #[serde(rename = "desistencias")]
    pub dead: i64,
    #[serde(rename = "ultimo_sucesso_em")]
    pub last_success_at: Option<At>,
    #[serde(rename = "ultima_falha_em")]
    pub last_failure_at: Option<At>,
    #[serde(rename = "ultimo_erro")]
    pub last_error: String,
    /// Até quando o segredo anterior também assina.
    #[serde(rename = "segredo_anterior_ate")]
    pub previous_secret_until: Option<At>,
    #[serde(rename = "criado_por")]
    pub created_by: Option<i64>,
    #[serde(rename = "criado_em")]
    pub created_at: At,
    #[serde(rename = "atualizado_em")]
    pub updated_at: At,
}

impl WebhookOut {
    pub fn new(endpoint: WebhookEndpoint, counts: DeliveryCounts, now: Timestamp) -> Self {
        let WebhookEndpoint {
            id,
            name,
            url,
            events,
            is_active,
            // Shown once, when it is made.
            secret: _,
            previous_secret: _,
            previous_secret_until,
            failures,
            paused_until,
            pauses: _,
            last_success_at,
            last_failure_at,
            last_error,
            created_by,
            created_at,
            updated_at,
        } = endpoint;
        let ahead = |at: Option<Timestamp>| at.filter(|at| *at > now).map(At);
        let DeliveryCounts { pending, failing, delivered, dead } = counts;
        Self {
            id: id.0,
            name,
            url,
            events: events.0.into_iter().map(Word::word).collect(),
            is_active,
            failures,
            paused_until: ahead(paused_until),
            pending,
            failing,
            delivered,
            dead,
            last_success_at: last_success_at.map(At),
            last_failure_at: last_failure_at.map(At),
            last_error,
            previous_secret_until: ahead(previous_secret_until),
            created_by: created_by.map(|id| id.0),
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}

/// Um webhook novo, com o segredo que não é mostrado outra vez.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 1, "nome": "CRM", "url": "https://crm.exemplo.com.br/dx",
    "eventos": ["message_received", "chat_closed"], "ativo": true, "falhas_seguidas": 0,
    "pausado_ate": null, "pendentes": 0, "em_nova_tentativa": 0, "entregues": 0,
    "desistencias": 0, "ultimo_sucesso_em": null, "ultima_falha_em": null, "ultimo_erro": "",
    "segredo_anterior_ate": null, "criado_por": 1, "criado_em": "2026-01-02T12:00:00Z",
    "atualizado_em": "2026-01-02T12:00:00Z",
    "segredo": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYq",
}))]
pub struct NewWebhookOut {
    #[serde(flatten)]
    pub webhook: WebhookOut,
    /// Com ele se confere `X-DX-Signature`. Só é mostrado agora.
    #[serde(rename = "segredo")]
    pub secret: String,
}

/// O novo segredo de um webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "segredo": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYq",
    "segredo_anterior_ate": "2026-01-03T12:00:00Z",
}))]
pub struct SecretOut {
    /// Só é mostrado agora.
    #[serde(rename = "segredo")]
    pub secret: String,
    /// Até quando o anterior também assina.
    #[serde(rename = "segredo_anterior_ate")]
    pub previous_until: At,
}

/// Um novo webhook.
#[derive(ToSchema)]
#[schema(example = json!({
    "nome": "CRM", "url": "https://crm.exemplo.com.br/dx",
    "eventos": ["message_received", "chat_closed"],
}))]
pub struct WebhookIn {
    #[schema(min_length = 1, max_length = 100)]
    pub nome: String,
    /// Público e com `https://`, sem usuário nem senha.
    #[schema(min_length = 1, max_length = 2000)]
    pub url: String,
    #[schema(schema_with = event_list)]
    pub eventos: Vec<String>,
    /// Padrão: `true`.
    #[schema(nullable = false)]
    pub ativo: Option<bool>,
}

/// O que se muda em um webhook; o que não vem fica como está.
#[derive(ToSchema)]
#[schema(example = json!({"ativo": false}))]
pub struct WebhookChangesIn {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    pub nome: Option<String>,
    #[schema(min_length = 1, max_length = 2000, nullable = false)]
    pub url: Option<String>,
    #[schema(schema_with = event_list, required = false)]
    pub eventos: Option<Vec<String>>,
    /// `true` também zera as falhas e termina uma pausa.
    #[schema(nullable = false)]
    pub ativo: Option<bool>,
}

/// Como se troca o segredo.
#[derive(ToSchema)]
#[schema(example = json!({"horas": 24}))]
pub struct RotationIn {
    /// Por quantas horas o segredo anterior ainda assina. Padrão: 24; 0: já não assina.
    #[schema(minimum = 0, maximum = 168, nullable = false)]
    pub horas: Option<i64>,
}

/// O que se reenvia: tudo o que aconteceu de `de` até `ate`, no máximo 10.000 entregas.
#[derive(ToSchema)]
#[schema(example = json!({
    "de": "2026-01-02T12:00:00Z", "ate": "2026-01-02T14:00:00Z", "situacao": "desistiu",
}))]
pub struct ReplayIn {
    pub de: String,
    /// Padrão: agora.
    #[schema(nullable = false)]
    pub ate: Option<String>,
    /// Padrão: todos os que o webhook pede.
    #[schema(schema_with = event_list, required = false)]
    pub eventos: Option<Vec<String>>,
    /// Só entregas nesta situação. Sem ela também o que ainda não foi entregue a este webhook.
    #[schema(schema_with = word::<DeliveryStatus>, required = false)]
    pub situacao: Option<String>,
}

/// Quantas entregas são reenviadas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"reenviadas": 12}))]
pub struct ReplayOut {
    #[serde(rename = "reenviadas")]
    pub count: u64,
}

/// O resultado de um teste.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "entregue": false, "status_http": 500, "erro": "Respondeu 500.", "resposta": "erro interno",
    "duracao_ms": 84, "entrega_id": 31,
}))]
pub struct PingOut {
    #[serde(rename = "entregue")]
    pub is_taken: bool,
    /// `null`: não houve resposta.
    #[serde(rename = "status_http")]
    pub status_code: Option<i64>,
    /// Vazio depois de um sucesso.
    #[serde(rename = "erro")]
    pub error: String,
    /// O começo da resposta.
    #[serde(rename = "resposta")]
    pub answer: String,
    #[serde(rename = "duracao_ms")]
    pub duration_ms: u64,
    #[serde(rename = "entrega_id")]
    pub delivery_id: i64,
}

impl PingOut {
    pub fn new(delivery_id: i64, attempt: Attempt) -> Self {
        let Attempt { verdict, status_code, error, answer, duration, at: _ } = attempt;
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let is_taken = verdict == Verdict::Taken;
        Self { is_taken, status_code, error, answer, duration_ms, delivery_id }
    }
}

/// Um evento a caminho de um webhook, ou que chegou.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 31, "evento_id": "evt_0f8fad5bd9cb469fa16570867728950e", "evento": "message_received",
    "ocorrido_em": "2026-01-02T12:00:00Z", "situacao": "pendente", "tentativas": 2, "reenvios": 0,
    "proxima_tentativa_em": "2026-01-02T12:05:05Z", "ultima_tentativa_em": "2026-01-02T12:00:05Z",
    "status_http": 500, "duracao_ms": 84, "erro": "Respondeu 500.", "resposta": "erro interno",
    "entregue_em": null, "criado_em": "2026-01-02T12:00:00Z",
}))]
pub struct DeliveryOut {
    pub id: i64,
    /// O mesmo em todas as tentativas e reenvios: por ele se reconhecem repetições.
    #[serde(rename = "evento_id")]
    pub event_id: String,
    #[serde(rename = "evento")]
    #[schema(schema_with = word::<EventKind>)]
    pub event: &'static str,
    #[serde(rename = "ocorrido_em")]
    pub event_at: At,
    #[serde(rename = "situacao")]
    #[schema(schema_with = word::<DeliveryStatus>)]
    pub status: &'static str,
    /// Desde que foi criada ou reenviada por alguém.
    #[serde(rename = "tentativas")]
    pub attempts: i64,
    #[serde(rename = "reenvios")]
    pub replays: i64,
    #[serde(rename = "proxima_tentativa_em")]
    pub next_attempt_at: Option<At>,
    #[serde(rename = "ultima_tentativa_em")]
    pub last_attempt_at: Option<At>,
    #[serde(rename = "status_http")]
    pub status_code: Option<i64>,
    #[serde(rename = "duracao_ms")]
    pub duration_ms: Option<i64>,
    #[serde(rename = "erro")]
    pub error: String,
    /// O começo do que o destino respondeu.
    #[serde(rename = "resposta")]
    pub answer: String,
    #[serde(rename = "entregue_em")]
    pub delivered_at: Option<At>,
    #[serde(rename = "criado_em")]
    pub created_at: At,
}

impl From<Delivery> for DeliveryOut {
    fn from(delivery: Delivery) -> Self {
        let Delivery {
            id,
            endpoint_id: _,
            event_row_id: _,
            event_id,
            kind,
            event_at,
            status,
            attempts,
            replays,
            next_attempt_at,
            last_attempt_at,
            last_status_code,
            last_duration_ms,
            last_error,
            last_answer,
            delivered_at,
            created_at,
        } = delivery;
        Self {
            id: id.0,
            event_id,
            event: kind.word(),
            event_at: event_at.into(),
            status: status.word(),
            attempts,
            replays,
            next_attempt_at: next_attempt_at.map(At),
            last_attempt_at: last_attempt_at.map(At),
            status_code: last_status_code,
            duration_ms: last_duration_ms,
            error: last_error,
            answer: last_answer,
            delivered_at: delivered_at.map(At),
            created_at: created_at.into(),
        }
    }
}

/// Uma entrega com o que é enviado.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 31, "evento_id": "evt_0f8fad5bd9cb469fa16570867728950e", "evento": "session_status",
    "ocorrido_em": "2026-01-02T12:00:00Z", "situacao": "entregue", "tentativas": 1, "reenvios": 0,
    "proxima_tentativa_em": null, "ultima_tentativa_em": "2026-01-02T12:00:01Z",
    "status_http": 204, "duracao_ms": 84, "erro": "", "resposta": "",
    "entregue_em": "2026-01-02T12:00:01Z", "criado_em": "2026-01-02T12:00:00Z",
    "corpo": "{\"id\":\"evt_0f8fad5bd9cb469fa16570867728950e\",\"event\":\"session_status\",…}",
}))]
pub struct DeliveryDetailOut {
    #[serde(flatten)]
    pub delivery: DeliveryOut,
    /// O corpo, byte por byte, em todas as tentativas.
    #[serde(rename = "corpo")]
    pub body: String,
}

/// Filtros da lista de entregas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryParams {
    #[param(schema_with = word::<DeliveryStatus>, required = false)]
    pub situacao: Option<String>,
    #[param(schema_with = word::<EventKind>, required = false)]
    pub evento: Option<String>,
    /// O id de um evento.
    pub evento_id: Option<String>,
}
