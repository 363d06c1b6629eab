//! Opening hours (horários) and holidays (feriados): of the company, of a department.

use dx_actors::domain::{
    calendar::holidays::Holiday,
    settings::{Interval, OpeningHours},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Um dia com outro horário.
#[derive(Debug, Serialize, ToSchema)]
pub struct HolidayOut {
    /// `AAAA-MM-DD`.
    #[serde(rename = "data")]
    #[schema(format = Date)]
    pub date: String,
    #[serde(rename = "nome")]
    pub name: String,
    /// Neste dia de todos os anos.
    #[serde(rename = "anual")]
    pub is_yearly: bool,
    /// Como um dia de `horario_funcionamento`.
    #[serde(rename = "horario")]
    pub hours: DayOut,
}

impl HolidayOut {
    pub fn new(holiday: Holiday) -> Self {
        let Holiday { date, name, is_yearly, intervals } = holiday;
        Self { date: date.to_string(), name, is_yearly, hours: DayOut::new(&intervals) }
    }
}

/// Um intervalo; os dois horários `null` em um dia fechado; uma lista quando são vários.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum DayOut {
    Single(IntervalOut),
    Several(Vec<IntervalOut>),
}

/// Um intervalo em um dia.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntervalOut {
    /// `HH:MM`.
    #[serde(rename = "inicio")]
    pub start: Option<String>,
    /// `HH:MM`; `24:00` é o fim do dia.
    #[serde(rename = "fim")]
    pub end: Option<String>,
}

impl DayOut {
    fn new(intervals: &[Interval]) -> Self {
        match intervals {
            [] => Self::Single(IntervalOut { start: None, end: None }),
            [single] => Self::Single(IntervalOut::new(*single)),
            several => Self::Several(several.iter().copied().map(IntervalOut::new).collect()),
        }
    }
}

impl IntervalOut {
    fn new(interval: Interval) -> Self {
        let Interval { start_minute, end_minute } = interval;
        let text = |minute: u16| Some(format!("{:02}:{:02}", minute / 60, minute % 60));
        Self { start: text(start_minute), end: text(end_minute) }
    }
}

/// O horário de funcionamento, por dia da semana. Um intervalo que termina antes de começar vai até o dia
/// seguinte.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpeningHoursOut {
    #[serde(rename = "segunda")]
    pub monday: DayOut,
    #[serde(rename = "terca")]
    pub tuesday: DayOut,
    #[serde(rename = "quarta")]
    pub wednesday: DayOut,
    #[serde(rename = "quinta")]
    pub thursday: DayOut,
    #[serde(rename = "sexta")]
    pub friday: DayOut,
    #[serde(rename = "sabado")]
    pub saturday: DayOut,
    #[serde(rename = "domingo")]
    pub sunday: DayOut,
}

impl OpeningHoursOut {
    pub fn new(hours: &OpeningHours) -> Self {
        let OpeningHours { monday, tuesday, wednesday, thursday, friday, saturday, sunday } = hours;
        Self {
            monday: DayOut::new(monday),
            tuesday: DayOut::new(tuesday),
            wednesday: DayOut::new(wednesday),
            thursday: DayOut::new(thursday),
            friday: DayOut::new(friday),
            saturday: DayOut::new(saturday),
            sunday: DayOut::new(sunday),
        }
    }
}

/// Um dia com outro horário que o do dia da semana.
#[derive(ToSchema)]
#[schema(example = json!({
    "data": "2026-12-24", "nome": "Véspera de Natal", "anual": true,
    "horario": {"inicio": "08:00", "fim": "12:00"},
}))]
pub struct HolidayIn {
    /// `AAAA-MM-DD`.
    #[schema(format = Date)]
    pub data: String,
    #[schema(min_length = 1, max_length = 100)]
    pub nome: String,
    /// Neste dia de todos os anos. Uma data exata vale mais.
    pub anual: Option<bool>,
    /// Como um dia de `horario_funcionamento`; `null` ou ausente: fechado.
    pub horario: Option<DayIn>,
}

/// O que se muda no horário de funcionamento. Um dia que não vem fica como está;
/// `null` fecha o dia.
#[derive(ToSchema)]
pub struct OpeningHoursIn {
    pub segunda: Option<DayIn>,
    pub terca: Option<DayIn>,
    pub quarta: Option<DayIn>,
    pub quinta: Option<DayIn>,
    pub sexta: Option<DayIn>,
    pub sabado: Option<DayIn>,
    pub domingo: Option<DayIn>,
}

/// Um intervalo, ou vários que não se sobrepõem.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum DayIn {
    Single(IntervalIn),
    Several(Vec<IntervalIn>),
}

/// Um intervalo em um dia. Os dois `null`: fechado. Quando o dia tem um só intervalo, um horário que não
/// vem fica como está.
#[derive(ToSchema)]
pub struct IntervalIn {
    /// `HH:MM`.
    #[schema(pattern = "^[0-9]{2}:[0-9]{2}$")]
    pub inicio: Option<String>,
    /// `HH:MM`, depois de `inicio`; `24:00` é o fim do dia.
    #[schema(pattern = "^[0-9]{2}:[0-9]{2}$")]
    pub fim: Option<String>,
}
