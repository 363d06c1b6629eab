//! Who types in which chat. In memory only: an indicator that is lost is renewed within seconds.

use std::{collections::HashMap, time::Duration};

use crate::{
    domain::{AgentId, Timestamp},
    events::Audience,
};

/// Indicators kept at once; beyond it new ones are not shown.
const INDICATORS_MAX: usize = 10_000;

/// One agent typing in one chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Indicator {
    pub(super) chat_id: String,
    pub(super) agent_id: AgentId,
    pub(super) username: String,
    pub(super) audience: Audience,
}

#[derive(Debug, Default)]
pub(super) struct Typing(HashMap<(String, AgentId), (Indicator, Timestamp)>);

impl Typing {
    /// Begins or renews; `true` when it is new and has to be told.
    pub(super) fn start(&mut self, indicator: Indicator, now: Timestamp, ttl: Duration) -> bool {
        let key = (indicator.chat_id.clone(), indicator.agent_id);
        if self.0.len() >= INDICATORS_MAX && !self.0.contains_key(&key) {
            return false;
        }
        self.0.insert(key, (indicator, now.plus(ttl))).is_none()
    }

    /// Ends; the indicator that was shown, if there was one.
    pub(super) fn stop(&mut self, chat_id: &str, agent_id: AgentId) -> Option<Indicator> {
        self.0.remove(&(chat_id.to_owned(), agent_id)).map(|(indicator, _)| indicator)
    }

    /// Somebody types in this chat.
    pub(super) fn is_shown(&self, chat_id: &str, now: Timestamp) -> bool {
        self.0.values().any(|(indicator, until)| indicator.chat_id == chat_id && *until > now)
    }

    /// Takes out what has not been renewed in time.
    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<Indicator> {
        let expired = self.0.extract_if(|_, (_, until)| *until <= now);
        expired.map(|(_, (indicator, _))| indicator).collect()
    }
}
