//! Which customers are shown to type over one connection: told once, until they stop, write, or fall
//! silent for as long as an indicator lasts. Networks repeat themselves and sometimes forget the end.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use crate::domain::Timestamp;

/// Indicators kept at once; beyond it new ones are not shown.
const INDICATORS_MAX: usize = 10_000;

#[derive(Debug)]
pub(super) struct CustomerTyping {
    ttl: Duration,
    until: HashMap<String, Timestamp>,
}

impl CustomerTyping {
    pub(super) fn new(ttl: Duration) -> Self {
        Self { ttl, until: HashMap::new() }
    }

    /// Whether it is new and has to be told.
    pub(super) fn start(&mut self, chat_id: &str, now: Timestamp) -> bool {
        if self.until.len() >= INDICATORS_MAX && !self.until.contains_key(chat_id) {
            return false;
        }
        self.until.insert(chat_id.to_owned(), now.plus(self.ttl)).is_none()
    }

    /// Whether it was shown.
    pub(super) fn stop(&mut self, chat_id: &str) -> bool {
        self.until.remove(chat_id).is_some()
    }

    /// Takes out those who have fallen silent, in order.
    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<String> {
        let expired: BTreeMap<String, Timestamp> =
            self.until.extract_if(|_, until| *until <= now).collect();
        expired.into_keys().collect()
    }

    /// The connection is over: nobody types over it any more.
    pub(super) fn take_all(&mut self) -> Vec<String> {
        let mut all: Vec<String> = self.until.drain().map(|(chat_id, _)| chat_id).collect();
        all.sort_unstable();
        all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.until.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indicator_is_told_once_and_ends_by_itself() {
        let at = |seconds| Timestamp::EPOCH.plus(Duration::from_secs(seconds));
        let mut typing = CustomerTyping::new(Duration::from_secs(10));
        assert!(typing.start("a", at(0)));
        assert!(!typing.start("a", at(5)), "a repeat only renews it");
        assert!(typing.start("b", at(6)));
        assert!(typing.expire(at(14)).is_empty());
        assert_eq!(typing.expire(at(15)), ["a"]);
        assert!(typing.stop("b") && !typing.stop("b"));
        assert!(typing.is_empty() && typing.start("c", at(20)));
        assert_eq!(typing.take_all(), ["c"]);
    }
}
