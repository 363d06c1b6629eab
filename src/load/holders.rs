//! Which agent has which chat, as far as the sockets have told. What is uncertain for a moment (a chat
//! on its way from one to another) is known to be uncertain.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ledger::{AgentIndex, ChatIndex, NOBODY};

#[derive(Debug)]
pub(super) struct Holders(Box<[Mutex<Hold>]>);

#[derive(Debug, Clone, Copy)]
struct Hold {
    agent: AgentIndex,
    /// Counts the changes.
    version: u32,
    /// A transfer or closing was asked for, and no socket has told of its outcome.
    is_moving: bool,
    /// A request about it is on its way.
    is_in_hand: bool,
}

/// An agent who had a chat at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) agent: AgentIndex,
    version: u32,
}

/// What a request about a chat may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    Keep,
    GiveAway,
}

impl Holders {
    pub(super) fn new(chats: u32) -> Self {
        let hold =
            || Mutex::new(Hold { agent: NOBODY, version: 0, is_moving: false, is_in_hand: false });
        Self((0..chats).map(|_| hold()).collect())
    }

    /// A socket of `agent` says that he has the chat now.
    pub(super) fn gained(&self, chat: ChatIndex, agent: AgentIndex) {
        if let Some(mut hold) = self.hold(chat) {
            hold.agent = agent;
            hold.version = hold.version.wrapping_add(1);
            hold.is_moving = false;
        }
    }

    /// A socket of `agent` says that he has the chat no longer. Somebody else's may have been faster.
    pub(super) fn lost(&self, chat: ChatIndex, agent: AgentIndex) {
        if let Some(mut hold) = self.hold(chat)
            && hold.agent == agent
        {
            hold.agent = NOBODY;
            hold.version = hold.version.wrapping_add(1);
            hold.is_moving = false;
        }
    }

    /// Who has the chat, if that is certain.
    pub(super) fn held(&self, chat: ChatIndex) -> Option<Held> {
        let hold = self.hold(chat)?;
        let is_certain = hold.agent != NOBODY && !hold.is_moving;
        is_certain.then_some(Held { agent: hold.agent, version: hold.version })
    }

    /// Nothing has changed since.
    pub(super) fn is_still(&self, chat: ChatIndex, held: Held) -> bool {
        self.held(chat) == Some(held)
    }

    /// The agent in whose name a request about the chat may be made; one at a time.
    pub(super) fn take_in_hand(&self, chat: ChatIndex, intent: Intent) -> Option<AgentIndex> {
        let mut hold = self.hold(chat)?;
        if hold.agent == NOBODY || hold.is_moving || hold.is_in_hand {
            return None;
        }
        hold.is_in_hand = true;
        hold.is_moving = intent == Intent::GiveAway;
        Some(hold.agent)
    }

    /// The request has been answered. One that failed has moved nothing.
    pub(super) fn put_down(&self, chat: ChatIndex, has_failed: bool) {
        if let Some(mut hold) = self.hold(chat) {
            hold.is_in_hand = false;
            hold.is_moving &= !has_failed;
        }
    }

    fn hold(&self, chat: ChatIndex) -> Option<MutexGuard<'_, Hold>> {
        let hold = self.0.get(usize::try_from(chat).ok()?)?;
        Some(hold.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: AgentIndex = 0;
    const BIA: AgentIndex = 1;

    #[test]
    fn a_holder_is_certain_until_something_changes() {
        let holders = Holders::new(1);
        assert_eq!(holders.held(0), None);
        holders.gained(0, ANA);
        let held = holders.held(0).unwrap();
        assert!(held.agent == ANA && holders.is_still(0, held));
        holders.lost(0, ANA);
        holders.gained(0, ANA);
        assert!(!holders.is_still(0, held), "she had it, lost it and has it again");
    }

    #[test]
    fn the_former_holder_s_late_word_takes_nothing_from_the_new_one() {
        let holders = Holders::new(1);
        holders.gained(0, ANA);
        holders.gained(0, BIA);
        holders.lost(0, ANA);
        assert_eq!(holders.held(0).unwrap().agent, BIA);
    }

    #[test]
    fn a_chat_that_is_given_away_is_nobody_s_for_certain_until_a_socket_tells() {
        let holders = Holders::new(1);
        holders.gained(0, ANA);
        let held = holders.held(0).unwrap();
        assert_eq!(holders.take_in_hand(0, Intent::GiveAway), Some(ANA));
        assert_eq!(holders.take_in_hand(0, Intent::Keep), None);
        holders.put_down(0, false);
        assert!(holders.held(0).is_none() && !holders.is_still(0, held));
        holders.gained(0, BIA);
        assert_eq!(holders.held(0).unwrap().agent, BIA);
    }

    #[test]
    fn a_request_that_fails_moves_nothing() {
        let holders = Holders::new(1);
        holders.gained(0, ANA);
        let held = holders.held(0).unwrap();
        for intent in [Intent::GiveAway, Intent::Keep] {
            assert_eq!(holders.take_in_hand(0, intent), Some(ANA));
            holders.put_down(0, true);
        }
        assert!(holders.is_still(0, held));
    }
}
