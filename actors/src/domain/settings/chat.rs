//! How chats are handled: texts that customers get, limits, opening hours.

use serde::{Deserialize, Serialize};

use super::{OpeningHours, note};
use crate::domain::audit::{Differences, FieldChange};

/// How chats are handled; absent keys take the defaults below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatSettings {
    /// What a customer reads when a chat begins.
    pub greeting: String,
    /// When it begins outside the opening hours.
    pub out_of_hours_message: String,
    /// When nobody is there to answer; empty sends nothing.
    pub absence_message: String,
    /// When an agent has closed the chat.
    pub closing_message: String,
    /// When a chat is closed because the customer fell silent.
    pub inactivity_message: String,
    /// Minutes without an answer of the customer after which a chat is closed.
    pub inactivity_timeout_minutes: i64,
    /// Chats that one agent should have at a time, as people are shown it; distribution follows the
    /// capacity of the department.
    pub chats_per_agent: i64,
    /// Chats are assigned by themselves, not only by the endpoint.
    pub auto_distribute: bool,
    pub opening_hours: OpeningHours,
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
            inactivity_message:
                "Encerramos o atendimento por falta de resposta. Se precisar, é só \
                                 escrever de novo."
                    .to_owned(),
            // Contract C28: 30 minutes when unset.
            inactivity_timeout_minutes: 30,
            chats_per_agent: 5,
            auto_distribute: true,
            opening_hours: OpeningHours::default(),
        }
    }
}

impl ChatSettings {
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
                chats_per_agent,
                auto_distribute,
                opening_hours,
            ]
        )
        .into_changes()
    }
}
