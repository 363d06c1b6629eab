//! Reports as clients and spreadsheets read them.

use dx_actors::{
    directory::Roster,
    domain::report::{Durations, Figures, ReportGrouping, ReportKey, ReportLine},
    store::ReportFilter,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    csv::{self, Cell},
    words::Word,
};
use crate::openapi::schemas::{described, word};

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    Json,
    Csv,
}

/// Do que e como o relatório fala.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportParams {
    /// Primeiro dia (horário de Brasília). Padrão: seis dias antes de `ate`.
    #[param(format = Date)]
    pub de: Option<String>,
    /// Último dia, incluído; no máximo 366 dias ao todo. Padrão: hoje.
    #[param(format = Date)]
    pub ate: Option<String>,
    /// Id do departamento.
    pub departamento: Option<i64>,
    /// Id da pessoa.
    pub atendente: Option<i64>,
    #[param(schema_with = grouping, required = false)]
    pub agrupar: String,
    #[param(schema_with = format, required = false)]
    pub formato: String,
}

described! {
    grouping = word::<ReportGrouping>(), "O que cada linha conta. Padrão: `total`, uma só linha.";
    format = word::<ReportFormat>(), "Padrão: `json`.";
}

/// Os números do período.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "de": "2026-01-02", "ate": "2026-01-02", "agrupar": "departamento", "linhas": [{
        "dia": null, "departamento": 1, "departamento_nome": "Suporte", "atendente": null,
        "atendente_nome": null, "abertos": 12, "encerrados": 10, "encerrados_automaticamente": 2,
        "abandonados": 1,
        "espera": {"atendimentos": 11, "media_segundos": 42.5, "p50_segundos": 30.0, "p90_segundos": 95.0},
        "primeira_resposta": {"atendimentos": 10, "media_segundos": 88.1, "p50_segundos": 70.0, "p90_segundos": 180.0},
        "atendimento": {"atendimentos": 10, "total_segundos": 5400.0, "media_segundos": 540.0},
        "sla": {"no_prazo": 9, "total": 10, "percentual": 90.0},
        "avaliacoes": {"total": 4, "media": 4.75, "distribuicao": {"1": 0, "2": 0, "3": 0, "4": 1, "5": 3}},
        "transferencias": {"recebidas": 1, "enviadas": 2},
        "mensagens": {"recebidas": 80, "enviadas": 75, "automaticas": 12},
        "ofertas": {"feitas": 11, "recusadas": 1, "expiradas": 0},
    }],
}))]
pub struct ReportOut {
    #[serde(rename = "de")]
    #[schema(format = Date)]
    pub first: String,
    #[serde(rename = "ate")]
    #[schema(format = Date)]
    pub last: String,
    #[serde(rename = "agrupar")]
    #[schema(schema_with = word::<ReportGrouping>)]
    pub grouping: &'static str,
    /// Cada dia do período, ou os departamentos ou pessoas de que há o que contar.
    #[serde(rename = "linhas")]
    pub lines: Vec<ReportLineOut>,
}

/// Os números de um dia, de um departamento, de uma pessoa ou de tudo.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportLineOut {
    #[serde(rename = "dia")]
    #[schema(format = Date)]
    pub day: Option<String>,
    #[serde(rename = "departamento")]
    pub department: Option<i64>,
    #[serde(rename = "departamento_nome")]
    pub department_name: Option<String>,
    #[serde(rename = "atendente")]
    pub agent: Option<i64>,
    #[serde(rename = "atendente_nome")]
    pub agent_name: Option<String>,
    /// Por pessoa: os que ela foi a primeira a ter.
    #[serde(rename = "abertos")]
    pub opened: i64,
    /// Por pessoa: os que ela tinha ao encerrar.
    #[serde(rename = "encerrados")]
    pub closed: i64,
    /// Por inatividade, pelo próprio sistema; também estão em `encerrados`.
    #[serde(rename = "encerrados_automaticamente")]
    pub auto_closed: i64,
    /// Terminados, encerrados ou cancelados, sem que alguém os tivesse tido.
    #[serde(rename = "abandonados")]
    pub abandoned: i64,
    /// Da abertura até alguém ter o atendimento pela primeira vez.
    #[serde(rename = "espera")]
    pub wait: DurationsOut,
    /// Da abertura até a primeira resposta de uma pessoa.
    #[serde(rename = "primeira_resposta")]
    pub first_answer: DurationsOut,
    #[serde(rename = "atendimento")]
    pub handling: HandlingOut,
    pub sla: SlaOut,
    #[serde(rename = "avaliacoes")]
    pub ratings: RatingsOut,
    #[serde(rename = "transferencias")]
    pub transfers: TransfersOut,
    #[serde(rename = "mensagens")]
    pub messages: MessagesOut,
    #[serde(rename = "ofertas")]
    pub offers: OffersOut,
}

/// Tempos; `null` quando não há nenhum.
#[derive(Debug, Serialize, ToSchema)]
pub struct DurationsOut {
    /// De quantos atendimentos.
    #[serde(rename = "atendimentos")]
    pub count: i64,
    #[serde(rename = "media_segundos")]
    pub mean: Option<f64>,
    /// Metade não passou disto.
    #[serde(rename = "p50_segundos")]
    pub p50: Option<f64>,
    /// Nove em dez não passaram disto.
    #[serde(rename = "p90_segundos")]
    pub p90: Option<f64>,
}

/// Trechos em que alguém tinha o atendimento, contados quando terminam.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandlingOut {
    #[serde(rename = "atendimentos")]
    pub tickets: i64,
    #[serde(rename = "total_segundos")]
    pub total: f64,
    /// Por atendimento.
    #[serde(rename = "media_segundos")]
    pub mean: Option<f64>,
}

/// Primeiras respostas dentro de `tempo_resposta_esperado_minutos` do departamento.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlaOut {
    #[serde(rename = "no_prazo")]
    pub met: i64,
    /// Com os que terminaram sem resposta depois do prazo.
    pub total: i64,
    #[serde(rename = "percentual")]
    pub percent: Option<f64>,
}

/// Avaliações dos atendimentos terminados; por pessoa, de quem os teve por último.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatingsOut {
    pub total: i64,
    #[serde(rename = "media")]
    pub mean: Option<f64>,
    #[serde(rename = "distribuicao")]
    pub distribution: StarsOut,
}

/// Quantas avaliações de cada nota.
#[derive(Debug, Serialize, ToSchema)]
pub struct StarsOut {
    #[serde(rename = "1")]
    pub one: i64,
    #[serde(rename = "2")]
    pub two: i64,
    #[serde(rename = "3")]
    pub three: i64,
    #[serde(rename = "4")]
    pub four: i64,
    #[serde(rename = "5")]
    pub five: i64,
}

/// Uma transferência dentro do mesmo departamento conta nele dos dois lados.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransfersOut {
    #[serde(rename = "recebidas")]
    pub received: i64,
    #[serde(rename = "enviadas")]
    pub sent: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MessagesOut {
    /// Do cliente; por pessoa, enquanto ela tinha o atendimento.
    #[serde(rename = "recebidas")]
    pub received: i64,
    /// Escritas por pessoas.
    #[serde(rename = "enviadas")]
    pub sent: i64,
    /// Do próprio sistema.
    #[serde(rename = "automaticas")]
    pub automatic: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OffersOut {
    #[serde(rename = "feitas")]
    pub made: i64,
    #[serde(rename = "recusadas")]
    pub declined: i64,
    #[serde(rename = "expiradas")]
    pub expired: i64,
}

impl ReportOut {
    pub fn new(filter: &ReportFilter, lines: Vec<ReportLine>, roster: &Roster) -> Self {
        Self {
            first: filter.days.first.to_string(),
            last: filter.days.last.to_string(),
            grouping: filter.grouping.word(),
            lines: lines.into_iter().map(|line| ReportLineOut::new(line, roster)).collect(),
        }
    }
}

impl ReportLineOut {
    fn new(ReportLine { key, figures }: ReportLine, roster: &Roster) -> Self {
        let (mut day, mut department, mut agent) = (None, None, None);
        match key {
            ReportKey::Total => {}
            ReportKey::Day(date) => day = Some(date.to_string()),
            ReportKey::Department(id) => department = Some(id),
            ReportKey::Agent(id) => agent = Some(id),
        }
        Self {
            day,
            department: department.map(|id| id.0),
            department_name: department.map(|id| roster.department_name(id)),
            agent: agent.map(|id| id.0),
            agent_name: agent.map(|id| roster.agent_name(Some(id))),
            opened: figures.opened,
            closed: figures.closed,
            auto_closed: figures.auto_closed,
            abandoned: figures.abandoned,
            wait: DurationsOut::new(figures.wait),
            first_answer: DurationsOut::new(figures.first_answer),
            handling: HandlingOut {
                tickets: figures.handled,
                total: seconds(total(figures.handled_micros)),
                mean: figures.mean_handled_micros().map(seconds),
            },
            sla: SlaOut {
                met: figures.sla_met,
                total: figures.sla_total,
                percent: figures.sla_share().map(|share| rounded(share * 100.0, 10.0)),
            },
            ratings: RatingsOut::new(&figures),
            transfers: TransfersOut { received: figures.transfers_in, sent: figures.transfers_out },
            messages: MessagesOut {
                received: figures.messages_in,
                sent: figures.messages_out,
                automatic: figures.messages_automatic,
            },
            offers: OffersOut {
                made: figures.offers_made,
                declined: figures.offers_declined,
                expired: figures.offers_expired,
            },
        }
    }
}

impl DurationsOut {
    fn new(durations: Durations) -> Self {
        Self {
            count: durations.count,
            mean: durations.mean_micros().map(seconds),
            p50: durations.p50_micros.map(seconds),
            p90: durations.p90_micros.map(seconds),
        }
    }
}

impl RatingsOut {
    fn new(figures: &Figures) -> Self {
        let [one, two, three, four, five] = figures.ratings;
        Self {
            total: figures.rated(),
            mean: figures.mean_rating().map(|mean| rounded(mean, 100.0)),
            distribution: StarsOut { one, two, three, four, five },
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53: 285 years in microseconds")]
fn total(micros: i64) -> f64 {
    micros as f64
}

/// Tenths of a second are as exact as anybody reads.
fn seconds(micros: f64) -> f64 {
    rounded(micros / 1_000_000.0, 10.0)
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// The same as a table; at most one line per day, department or person.
pub fn as_csv(filter: &ReportFilter, lines: Vec<ReportLine>, roster: &Roster) -> String {
    let (de, ate) = (filter.days.first.to_string(), filter.days.last.to_string());
    let keys: &[&str] = match filter.grouping {
        ReportGrouping::Total => &["de", "ate"],
        ReportGrouping::Day => &["dia"],
        ReportGrouping::Department => &["departamento_id", "departamento"],
        ReportGrouping::Agent => &["atendente_id", "atendente"],
    };
    let head = keys.iter().chain(&COLUMNS).map(|name| Cell::Text((*name).to_owned())).collect();
    let rows = lines.into_iter().map(|line| {
        let mut row = match line.key {
            ReportKey::Total => vec![Cell::Text(de.clone()), Cell::Text(ate.clone())],
            ReportKey::Day(day) => vec![Cell::Text(day.to_string())],
            ReportKey::Department(id) => {
                vec![Cell::Count(id.0), Cell::Text(roster.department_name(id))]
            }
            ReportKey::Agent(id) => {
                vec![Cell::Count(id.0), Cell::Text(roster.agent_name(Some(id)))]
            }
        };
        row.extend(cells(&ReportLineOut::new(line, roster)));
        row
    });
    csv::table(std::iter::once(head).chain(rows))
}

const COLUMNS: [&str; 33] = [
    "abertos",
    "encerrados",
    "encerrados_automaticamente",
    "abandonados",
    "espera_atendimentos",
    "espera_media_segundos",
    "espera_p50_segundos",
    "espera_p90_segundos",
    "primeira_resposta_atendimentos",
    "primeira_resposta_media_segundos",
    "primeira_resposta_p50_segundos",
    "primeira_resposta_p90_segundos",
    "atendimento_atendimentos",
    "atendimento_total_segundos",
    "atendimento_media_segundos",
    "sla_no_prazo",
    "sla_total",
    "sla_percentual",
    "avaliacoes_total",
    "avaliacoes_media",
    "avaliacoes_1",
    "avaliacoes_2",
    "avaliacoes_3",
    "avaliacoes_4",
    "avaliacoes_5",
    "transferencias_recebidas",
    "transferencias_enviadas",
    "mensagens_recebidas",
    "mensagens_enviadas",
    "mensagens_automaticas",
    "ofertas_feitas",
    "ofertas_recusadas",
    "ofertas_expiradas",
];

/// The values of [`COLUMNS`].
fn cells(line: &ReportLineOut) -> [Cell; 33] {
    use Cell::{Count, Decimal};
    let stars = &line.ratings.distribution;
    [
        Count(line.opened),
        Count(line.closed),
        Count(line.auto_closed),
        Count(line.abandoned),
        Count(line.wait.count),
        Decimal(line.wait.mean),
        Decimal(line.wait.p50),
        Decimal(line.wait.p90),
        Count(line.first_answer.count),
        Decimal(line.first_answer.mean),
        Decimal(line.first_answer.p50),
        Decimal(line.first_answer.p90),
        Count(line.handling.tickets),
        Decimal(Some(line.handling.total)),
        Decimal(line.handling.mean),
        Count(line.sla.met),
        Count(line.sla.total),
        Decimal(line.sla.percent),
        Count(line.ratings.total),
        Decimal(line.ratings.mean),
        Count(stars.one),
        Count(stars.two),
        Count(stars.three),
        Count(stars.four),
        Count(stars.five),
        Count(line.transfers.received),
        Count(line.transfers.sent),
        Count(line.messages.received),
        Count(line.messages.sent),
        Count(line.messages.automatic),
        Count(line.offers.made),
        Count(line.offers.declined),
        Count(line.offers.expired),
    ]
}
