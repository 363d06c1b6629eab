//! How chats are handled: texts that customers get, limits, opening hours.

use serde::{Deserialize, Serialize};

use super::{OpeningHours, note};
use crate::domain::{
    audit::{Differences, FieldChange},
    calendar::{Calendar, Holidays, holidays::OwnHolidays},
    time_zone::TimeZone,
};

/// How chats are handled; absent keys take the defaults below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on a screen")]
pub struct ChatSettings {
    /// What a customer reads when a chat begins. An empty text, here and below, sends nothing.
    pub greeting: String,
    /// When the customer writes outside the opening hours.
    pub out_of_hours_message: String,
    /// When nobody can take the chat.
    pub absence_message: String,
    /// When a person has closed the chat.
    pub closing_message: String,
    /// When a chat is about to be closed because the customer fell silent.
    pub inactivity_message: String,
    /// Minutes without an answer of the customer after which a chat is closed.
    pub inactivity_timeout_minutes: i64,
    /// Minutes before that at which `inactivity_message` is sent; 0 sends none.
    pub inactivity_notice_minutes: i64,
    /// The customer's silence counts while the company is open only.
    pub inactivity_in_hours_only: bool,
    /// Customers are asked for a rating when a person has closed the chat.
    pub asks_for_rating: bool,
    /// How they are asked.
    pub rating_request: String,
    /// What they read when they have rated.
    pub rating_thanks: String,
    /// Chats that one agent should have at a time, as people are shown it; distribution follows the
    /// capacity of the department.
    pub chats_per_agent: i64,
    /// Chats are assigned by themselves, not only by the endpoint.
    pub auto_distribute: bool,
    pub opening_hours: OpeningHours,
    /// Days with other hours, which win over the holidays below.
    pub holidays: OwnHolidays,
    /// The holidays of the whole country are kept.
    pub has_national_holidays: bool,
    /// Carnival and Corpus Christi are kept.
    pub has_optional_holidays: bool,
    pub time_zone: TimeZone,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            greeting: "Olá! Como podemos ajudar?".to_owned(),
            out_of_hours_message: "Estamos fora do horário de atendimento. Assim que voltarmos, \
                                   responderemos a sua mensagem."
                .to_owned(),
            absence_message: "No momento não há atendentes disponíveis. Em breve responderemos."
                .to_owned(),
            closing_message: "Atendimento encerrado. Obrigado pelo contato!".to_owned(),
            inactivity_message: "Você ainda está aí? Sem resposta, encerraremos este \
                                 atendimento em {{minutos}} minutos."
                .to_owned(),
            // Contract C28: 30 minutes when unset.
            inactivity_timeout_minutes: 30,
            inactivity_notice_minutes: 5,
            inactivity_in_hours_only: false,
            asks_for_rating: false,
            rating_request: "De 1 a 5, que nota você dá a este atendimento?".to_owned(),
            rating_thanks: "Obrigado pela sua avaliação!".to_owned(),
            chats_per_agent: 5,
            auto_distribute: true,
            opening_hours: OpeningHours::default(),
            holidays: OwnHolidays::default(),
            has_national_holidays: true,
            has_optional_holidays: false,
            time_zone: TimeZone::default(),
        }
    }
}

impl ChatSettings {
    /// The calendar of a department with these hours of its own, else that of the company.
    pub fn calendar<'s>(&'s self, own_hours: Option<&'s OpeningHours>) -> Calendar<'s> {
        Calendar {
            hours: own_hours.unwrap_or(&self.opening_hours),
            holidays: Holidays {
                own: &self.holidays,
                has_national: self.has_national_holidays,
                has_optional: self.has_optional_holidays,
            },
            zone: self.time_zone,
        }
    }

    pub(super) fn changes_since(&self, old: &Self) -> Vec<FieldChange> {
        note!(
            Differences::default(),
            old,
            self,
            [
                greeting,
                out_of_hours_message,
                absence_message,
                closing_message,
                inactivity_message,
                inactivity_timeout_minutes,
                inactivity_notice_minutes,
                inactivity_in_hours_only,
                asks_for_rating,
                rating_request,
                rating_thanks,
                chats_per_agent,
                auto_distribute,
                opening_hours,
                holidays,
                has_national_holidays,
                has_optional_holidays,
                time_zone,
            ]
        )
        .into_changes()
    }
}
