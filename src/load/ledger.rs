//! Who wrote what and who was told: every message of the run, from its due time to the sockets that
//! showed it. Knows nothing of networks; what it finds is what the run is judged by.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Messages that are named one by one in what was found, and looked up; the rest is only counted.
pub(super) const NAMED_MAX: usize = 1000;

/// An agent of the run, by position.
pub(super) type AgentIndex = u32;
/// A customer of the run, and the chat with him.
pub(super) type ChatIndex = u32;
/// A message within its chat, in the order in which they are due.
pub(super) type Ordinal = u32;

/// Who has to be told of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Some agent; and if one is known to have had the chat all the while, he and nobody else.
    Holder,
    /// The agent who wrote it, whoever else is.
    Author,
}

/// One message.
#[derive(Debug, Clone, Copy)]
struct Record {
    due_us: u64,
    /// Who had the chat when it was written, or wrote it; [`NOBODY`] if that is not known.
    agent: AgentIndex,
    fate: Fate,
    is_expected: bool,
    is_seen_by_agent: bool,
    is_seen_by_others: bool,
}

pub(super) const NOBODY: AgentIndex = AgentIndex::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Asked,
    Accepted,
    /// Refused, or no answer came: whether the hub has it nobody can say.
    Unknown,
}

/// All messages in one direction.
#[derive(Debug)]
pub(super) struct Ledger {
    audience: Audience,
    chats: Box<[Mutex<Vec<Record>>]>,
    /// Asked, or accepted and not yet seen.
    open: AtomicU64,
}

/// What the messages of a ledger have come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Findings {
    pub(super) asked: u64,
    pub(super) accepted: u64,
    /// Not accepted, or nobody knows; some of them may have been seen all the same.
    pub(super) unknown: u64,
    pub(super) lost: u64,
    /// Shown to somebody whose chat it was not.
    pub(super) misdirected: u64,
    /// The first of the lost ones.
    pub(super) lost_named: Vec<(ChatIndex, Ordinal)>,
}

impl Ledger {
    pub(super) fn new(chats: u32, audience: Audience) -> Self {
        let chats = (0..chats).map(|_| Mutex::default()).collect();
        Self { audience, chats, open: AtomicU64::new(0) }
    }

    /// Notes a message that is about to be sent.
    pub(super) fn begin(&self, chat: ChatIndex, due: Duration, agent: AgentIndex) -> Ordinal {
        let due_us = u64::try_from(due.as_micros()).unwrap_or(u64::MAX);
        let mut records = self.records(chat).expect("a chat of the run");
        self.open.fetch_add(1, Ordering::Relaxed);
        records.push(Record {
            due_us,
            agent,
            fate: Fate::Asked,
            is_expected: false,
            is_seen_by_agent: false,
            is_seen_by_others: false,
        });
        // `MESSAGES_MAX` of the options is far below.
        Ordinal::try_from(records.len() - 1).unwrap_or(Ordinal::MAX)
    }

    /// The hub has it. `is_expected`: the agent of [`Ledger::begin`] must be told.
    pub(super) fn accepted(&self, chat: ChatIndex, ordinal: Ordinal, is_expected: bool) {
        self.change(chat, ordinal, |record| {
            record.fate = Fate::Accepted;
            record.is_expected = is_expected;
        });
    }

    pub(super) fn unknown(&self, chat: ChatIndex, ordinal: Ordinal) {
        self.change(chat, ordinal, |record| record.fate = Fate::Unknown);
    }

    /// An agent was told; gives when it was due, or `None` if nobody has written it.
    pub(super) fn seen(
        &self,
        chat: ChatIndex,
        ordinal: Ordinal,
        agent: AgentIndex,
    ) -> Option<Duration> {
        let due_us = self.change(chat, ordinal, |record| {
            let is_by_agent = record.agent == agent;
            record.is_seen_by_agent |= is_by_agent;
            record.is_seen_by_others |= !is_by_agent;
        });
        due_us.map(Duration::from_micros)
    }

    /// The hub itself has moved this chat: who had to be told of its messages is not known any more.
    pub(super) fn relax(&self, chat: ChatIndex) {
        if let Some(mut records) = self.records(chat) {
            records.iter_mut().for_each(|record| record.is_expected = false);
        }
    }

    /// Messages that may still be shown to somebody.
    pub(super) fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) fn findings(&self) -> Findings {
        let mut found = Findings::default();
        for chat in 0..ChatIndex::try_from(self.chats.len()).unwrap_or(ChatIndex::MAX) {
            let records = self.records(chat).expect("a chat of the run");
            for (ordinal, record) in (0..).zip(records.iter()) {
                found.asked += 1;
                if record.fate != Fate::Accepted {
                    found.unknown += 1;
                    continue;
                }
                found.accepted += 1;
                if !self.is_told(record) {
                    found.lost += 1;
                    if found.lost_named.len() < NAMED_MAX {
                        found.lost_named.push((chat, ordinal));
                    }
                }
                let is_private = self.audience == Audience::Holder && record.is_expected;
                found.misdirected += u64::from(is_private && record.is_seen_by_others);
            }
        }
        found
    }

    fn is_told(&self, record: &Record) -> bool {
        match self.audience {
            Audience::Author => record.is_seen_by_agent,
            Audience::Holder if record.is_expected => record.is_seen_by_agent,
            Audience::Holder => record.is_seen_by_agent || record.is_seen_by_others,
        }
    }

    fn is_open(&self, record: &Record) -> bool {
        match record.fate {
            Fate::Asked => true,
            Fate::Accepted => !self.is_told(record),
            Fate::Unknown => false,
        }
    }

    fn change(
        &self,
        chat: ChatIndex,
        ordinal: Ordinal,
        change: impl FnOnce(&mut Record),
    ) -> Option<u64> {
        let mut records = self.records(chat)?;
        let record = records.get_mut(usize::try_from(ordinal).ok()?)?;
        let was_open = self.is_open(record);
        change(record);
        match (was_open, self.is_open(record)) {
            (true, false) => self.open.fetch_sub(1, Ordering::Relaxed),
            (false, true) => self.open.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        Some(record.due_us)
    }

    fn records(&self, chat: ChatIndex) -> Option<MutexGuard<'_, Vec<Record>>> {
        let records = self.chats.get(usize::try_from(chat).ok()?)?;
        Some(records.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUE: Duration = Duration::from_millis(7);
    const ANA: AgentIndex = 0;
    const BIA: AgentIndex = 1;

    /// A ledger with one accepted message in chat 0.
    fn accepted(audience: Audience, agent: AgentIndex, is_expected: bool) -> Ledger {
        let ledger = Ledger::new(2, audience);
        let ordinal = ledger.begin(0, DUE, agent);
        ledger.accepted(0, ordinal, is_expected);
        ledger
    }

    #[test]
    fn a_message_that_its_agent_saw_is_all_right() {
        let ledger = accepted(Audience::Holder, ANA, true);
        assert_eq!(ledger.open(), 1);
        assert_eq!(ledger.seen(0, 0, ANA), Some(DUE));
        assert_eq!(ledger.open(), 0);
        let expected = Findings { asked: 1, accepted: 1, ..Findings::default() };
        assert_eq!(ledger.findings(), expected);
    }

    #[test]
    fn one_that_nobody_saw_is_lost_and_named() {
        for agent in [ANA, NOBODY] {
            let found = accepted(Audience::Holder, agent, agent == ANA).findings();
            assert_eq!((found.lost, &found.lost_named[..]), (1, &[(0, 0)][..]));
        }
    }

    #[test]
    fn one_that_only_a_colleague_saw_is_lost_and_misdirected() {
        let ledger = accepted(Audience::Holder, ANA, true);
        ledger.seen(0, 0, BIA);
        let found = ledger.findings();
        assert_eq!((found.lost, found.misdirected, ledger.open()), (1, 1, 1));
    }

    #[test]
    fn one_that_a_colleague_saw_too_is_misdirected() {
        let ledger = accepted(Audience::Holder, ANA, true);
        ledger.seen(0, 0, BIA);
        ledger.seen(0, 0, ANA);
        assert_eq!((ledger.findings().lost, ledger.findings().misdirected), (0, 1));
    }

    #[test]
    fn while_nobody_surely_has_the_chat_anybody_may_see_it() {
        let ledger = accepted(Audience::Holder, ANA, false);
        ledger.seen(0, 0, BIA);
        assert_eq!((ledger.findings().lost, ledger.findings().misdirected), (0, 0));
        let ledger = accepted(Audience::Holder, ANA, true);
        ledger.relax(0);
        ledger.seen(0, 0, BIA);
        assert_eq!((ledger.findings().lost, ledger.findings().misdirected), (0, 0));
    }

    #[test]
    fn an_answer_is_lost_unless_its_author_is_told() {
        let ledger = accepted(Audience::Author, ANA, true);
        ledger.seen(0, 0, BIA);
        assert_eq!((ledger.findings().lost, ledger.findings().misdirected), (1, 0));
        ledger.seen(0, 0, ANA);
        assert_eq!(ledger.findings().lost, 0);
    }

    #[test]
    fn what_was_not_accepted_cannot_be_lost() {
        let ledger = Ledger::new(1, Audience::Holder);
        let ordinal = ledger.begin(0, DUE, NOBODY);
        assert_eq!(ledger.open(), 1);
        ledger.unknown(0, ordinal);
        let found = ledger.findings();
        assert_eq!((ledger.open(), found.unknown, found.lost), (0, 1, 0));
    }

    #[test]
    fn it_may_be_seen_before_it_is_answered() {
        let ledger = Ledger::new(1, Audience::Holder);
        let ordinal = ledger.begin(0, DUE, NOBODY);
        ledger.seen(0, ordinal, ANA);
        assert_eq!(ledger.open(), 1);
        ledger.accepted(0, ordinal, false);
        assert_eq!((ledger.open(), ledger.findings().lost), (0, 0));
    }

    #[test]
    fn what_nobody_wrote_is_not_known() {
        let ledger = accepted(Audience::Holder, ANA, true);
        for (chat, ordinal) in [(0, 1), (1, 0), (2, 0)] {
            assert_eq!(ledger.seen(chat, ordinal, ANA), None);
        }
    }
}
