//! Why a chat went where it went, and with whom it was (porquê, segmentos).

use dx_actors::{
    directory::Roster,
    domain::{
        AgentId, Considered, DecisionKind, DepartmentId, Reasons, RoutingDecision, Segment,
        TicketId, Timestamp, Verdict,
    },
    queue::Explanation,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{time::At, words::Word};
use crate::openapi::schemas::word;

/// Por que um chat está onde está.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "chat_id": "5511999990001", "atendimento_id": 7,
    "espera": {
        "posicao": 1, "aguardando": 3, "distribuicao_automatica": true,
        "departamento_ativo": true, "oferecido_ate": null,
        "explicacao": "Ninguém pode receber agora: 1 offline, 1 sem vaga.",
        "motivos": {
            "posicao": 1, "esperou_segundos": 240, "nivel": 1, "janela_fechando": false,
            "prazo_vencendo": false, "priorizado": false, "competencias": [],
            "avaliados": [{
                "atendente_id": 4, "atendente_nome": "Ana Lima", "resultado": "sem_vaga",
                "carga": 5, "capacidade": 5, "ocioso_segundos": 30, "ultimo_atendente": false,
            }],
            "omitidos": 0, "de_atendente_id": null, "de_departamento_id": null,
            "acima_da_capacidade": false,
        },
    },
    "decisoes": [],
}))]
pub struct WhyOut {
    pub chat_id: String,
    #[serde(rename = "atendimento_id")]
    pub ticket_id: i64,
    /// Só enquanto espera na fila.
    #[serde(rename = "espera")]
    pub waiting: Option<WaitingOut>,
    /// As decisões sobre este atendimento, a mais nova primeiro; no máximo 100.
    #[serde(rename = "decisoes")]
    pub decisions: Vec<DecisionOut>,
}

/// Como está na fila agora, e o que impede que alguém o receba.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingOut {
    /// A partir de 1, na ordem de atendimento.
    #[serde(rename = "posicao")]
    pub position: Option<usize>,
    /// Quantos esperam no departamento.
    #[serde(rename = "aguardando")]
    pub waiting: usize,
    #[serde(rename = "distribuicao_automatica")]
    pub is_distributing: bool,
    #[serde(rename = "departamento_ativo")]
    pub is_active: bool,
    /// Alguém foi perguntado se aceita, até este instante.
    #[serde(rename = "oferecido_ate")]
    pub offered_until: Option<At>,
    /// Em uma frase, para pessoas.
    #[serde(rename = "explicacao")]
    pub text: String,
    #[serde(rename = "motivos")]
    pub reasons: ReasonsOut,
}

/// Uma decisão, com os motivos como eram naquele instante.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionOut {
    pub id: i64,
    #[serde(rename = "tipo")]
    #[schema(schema_with = word::<DecisionKind>)]
    pub kind: &'static str,
    #[serde(rename = "departamento_id")]
    pub department_id: i64,
    #[serde(rename = "departamento_nome")]
    pub department_name: String,
    /// Quem recebeu, se alguém recebeu.
    #[serde(rename = "atendente_id")]
    pub agent_id: Option<i64>,
    #[serde(rename = "atendente_nome")]
    pub agent_name: Option<String>,
    /// A pessoa que decidiu; `null` quando foi o sistema.
    #[serde(rename = "decidido_por_id")]
    pub decided_by: Option<i64>,
    #[serde(rename = "motivos")]
    pub reasons: ReasonsOut,
    #[serde(rename = "criado_em")]
    pub created_at: At,
}

/// As partes de uma decisão.
#[derive(Debug, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts side by side, not the states of a machine"
)]
pub struct ReasonsOut {
    /// Lugar na ordem de atendimento, a partir de 1.
    #[serde(rename = "posicao")]
    pub position: Option<usize>,
    #[serde(rename = "esperou_segundos")]
    pub waited_seconds: u64,
    /// A prioridade (0 baixa a 3 urgente) e um a mais a cada dois prazos de resposta esperados.
    #[serde(rename = "nivel")]
    pub rank: i64,
    /// A janela de 24 horas do WhatsApp fecha em menos de duas horas; conta entre níveis iguais.
    #[serde(rename = "janela_fechando")]
    pub window_is_closing: bool,
    /// Três quartos do prazo de resposta passaram; conta entre níveis iguais.
    #[serde(rename = "prazo_vencendo")]
    pub promise_is_closing: bool,
    /// Um supervisor o pôs na frente.
    #[serde(rename = "priorizado")]
    pub is_pinned: bool,
    /// O que se exigia do atendente naquele momento.
    #[serde(rename = "competencias")]
    pub skills: Vec<String>,
    /// Quem foi avaliado; no máximo 20.
    #[serde(rename = "avaliados")]
    pub considered: Vec<ConsideredOut>,
    /// Membros do departamento que não estão na lista.
    #[serde(rename = "omitidos")]
    pub omitted: usize,
    #[serde(rename = "de_atendente_id")]
    pub from_agent_id: Option<i64>,
    #[serde(rename = "de_departamento_id")]
    pub from_department_id: Option<i64>,
    /// O atendente não tinha vaga e uma pessoa decidiu assim mesmo.
    #[serde(rename = "acima_da_capacidade")]
    pub is_over_capacity: bool,
}

/// O que se achou de um atendente.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsideredOut {
    #[serde(rename = "atendente_id")]
    pub agent_id: i64,
    #[serde(rename = "atendente_nome")]
    pub agent_name: String,
    #[serde(rename = "resultado")]
    #[schema(schema_with = word::<Verdict>)]
    pub verdict: &'static str,
    #[serde(rename = "carga")]
    pub load: usize,
    #[serde(rename = "capacidade")]
    pub capacity: usize,
    /// Desde o último chat que recebeu; `null` se nunca recebeu.
    #[serde(rename = "ocioso_segundos")]
    pub idle_seconds: Option<u64>,
    /// Atendeu este cliente por último.
    #[serde(rename = "ultimo_atendente")]
    pub is_sticky: bool,
}

/// Um trecho do atendimento com um departamento e um responsável.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "departamento_id": 1, "departamento_nome": "Suporte", "atendente_id": 4,
    "atendente_nome": "Ana Lima", "inicio": "2026-01-02T12:00:00Z",
    "fim": "2026-01-02T12:10:00Z", "segundos": 600,
}))]
pub struct SegmentOut {
    #[serde(rename = "departamento_id")]
    pub department_id: i64,
    #[serde(rename = "departamento_nome")]
    pub department_name: String,
    /// `null`: esperava na fila.
    #[serde(rename = "atendente_id")]
    pub agent_id: Option<i64>,
    #[serde(rename = "atendente_nome")]
    pub agent_name: Option<String>,
    #[serde(rename = "inicio")]
    pub started_at: At,
    /// `null`: ainda dura.
    #[serde(rename = "fim")]
    pub ended_at: Option<At>,
    #[serde(rename = "segundos")]
    pub seconds: u64,
}

impl WhyOut {
    pub fn new(
        chat_id: String,
        ticket_id: TicketId,
        waiting: Option<Explanation>,
        decisions: Vec<RoutingDecision>,
        roster: &Roster,
    ) -> Self {
        Self {
            chat_id,
            ticket_id: ticket_id.0,
            waiting: waiting.map(|explanation| WaitingOut::new(explanation, roster)),
            decisions: decisions.into_iter().map(|d| DecisionOut::new(d, roster)).collect(),
        }
    }
}

impl WaitingOut {
    fn new(explanation: Explanation, roster: &Roster) -> Self {
        let text = sentence(&explanation);
        let Explanation { reasons, waiting, offered_until, is_distributing, is_active } =
            explanation;
        Self {
            position: reasons.position,
            waiting,
            is_distributing,
            is_active,
            offered_until: offered_until.map(At),
            text,
            reasons: ReasonsOut::new(reasons, roster),
        }
    }
}

/// What a person would say.
fn sentence(explanation: &Explanation) -> String {
    let considered = &explanation.reasons.considered;
    if !explanation.is_active {
        return "O departamento está inativo: só uma pessoa pode aceitar este chat.".to_owned();
    }
    if explanation.offered_until.is_some() {
        return "Um atendente foi perguntado e ainda pode responder.".to_owned();
    }
    if !explanation.is_distributing {
        return "A distribuição automática está desligada.".to_owned();
    }
    if considered.is_empty() {
        return "O departamento não tem atendentes.".to_owned();
    }
    if considered.iter().any(|agent| agent.verdict == Verdict::Eligible) {
        return "Há um atendente livre: será atribuído em seguida.".to_owned();
    }
    let mut counts: Vec<String> = Vec::new();
    for (verdict, word) in REASONS {
        let count = considered.iter().filter(|agent| agent.verdict == verdict).count();
        if count > 0 {
            counts.push(format!("{count} {word}"));
        }
    }
    format!("Ninguém pode receber agora: {}.", counts.join(", "))
}

/// Why an agent is given nothing, as people say it.
const REASONS: [(Verdict, &str); 9] = [
    (Verdict::NoRoom, "sem vaga"),
    (Verdict::MissingSkill, "sem a competência"),
    (Verdict::Declined, "que já recusou"),
    (Verdict::GaveAway, "que acabou de passar o chat adiante"),
    (Verdict::Reconnecting, "reconectando"),
    (Verdict::Busy, "em ocupado"),
    (Verdict::Away, "ausente"),
    (Verdict::Offline, "offline"),
    (Verdict::Inactive, "desativado"),
];

impl DecisionOut {
    fn new(decision: RoutingDecision, roster: &Roster) -> Self {
        let agent = decision.agent_id;
        Self {
            id: decision.id,
            kind: decision.kind.word(),
            department_id: decision.department_id.0,
            department_name: roster.department_name(decision.department_id),
            agent_id: agent.map(|id| id.0),
            agent_name: agent.map(|id| roster.agent_name(Some(id))),
            decided_by: decision.decided_by.map(|id| id.0),
            reasons: ReasonsOut::new(decision.reasons, roster),
            created_at: At(decision.created_at),
        }
    }
}

impl ReasonsOut {
    fn new(reasons: Reasons, roster: &Roster) -> Self {
        let considered = |agent: Considered| ConsideredOut {
            agent_id: agent.agent_id,
            agent_name: roster.agent_name(Some(AgentId(agent.agent_id))),
            verdict: agent.verdict.word(),
            load: agent.load,
            capacity: agent.capacity,
            idle_seconds: agent.idle_seconds,
            is_sticky: agent.is_sticky,
        };
        Self {
            position: reasons.position,
            waited_seconds: reasons.waited_seconds,
            rank: reasons.rank,
            window_is_closing: reasons.window_is_closing,
            promise_is_closing: reasons.promise_is_closing,
            is_pinned: reasons.is_pinned,
            skills: reasons.skills,
            considered: reasons.considered.into_iter().map(considered).collect(),
            omitted: reasons.omitted,
            from_agent_id: reasons.from_agent_id,
            from_department_id: reasons.from_department_id,
            is_over_capacity: reasons.is_over_capacity,
        }
    }
}

impl SegmentOut {
    pub fn new(segment: &Segment, roster: &Roster, now: Timestamp) -> Self {
        let Segment { department_id, agent_id, started_at, ended_at, .. } = *segment;
        let id: DepartmentId = department_id;
        Self {
            department_id: id.0,
            department_name: roster.department_name(id),
            agent_id: agent_id.map(|id| id.0),
            agent_name: agent_id.map(|id| roster.agent_name(Some(id))),
            started_at: At(started_at),
            ended_at: ended_at.map(At),
            seconds: ended_at.unwrap_or(now).since(started_at).as_secs(),
        }
    }
}
