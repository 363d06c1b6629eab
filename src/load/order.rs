//! What one socket must show: numbers of its user's stream without holes, and the messages of each chat
//! once and in their order.

use std::collections::HashMap;

use super::ledger::{ChatIndex, Ordinal};

/// How far a socket has come in its user's stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) epoch: String,
    pub(super) seq: u64,
}

/// What the number of an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Next,
    /// It had come already.
    Repeated,
    /// So many before it did not come.
    Gap(u64),
    /// It counts in another run of the hub.
    OtherEpoch,
}

impl Position {
    /// Takes an event into account, unless it had come already.
    pub(super) fn take(&mut self, epoch: &str, seq: u64) -> Step {
        if self.epoch != epoch {
            return Step::OtherEpoch;
        }
        let Some(ahead) = seq.checked_sub(self.seq).filter(|ahead| *ahead > 0) else {
            return Step::Repeated;
        };
        self.seq = seq;
        if ahead == 1 { Step::Next } else { Step::Gap(ahead - 1) }
    }
}

/// What showing a message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Showing {
    First,
    Again,
    /// One that was written after it had been shown before.
    Late,
}

/// The messages that a socket has shown, by chat.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: HashMap<ChatIndex, Ordinal>,
    /// First and last ones of what was passed over: most of it was never meant for this socket.
    passed: HashMap<ChatIndex, Vec<(Ordinal, Ordinal)>>,
}

impl Order {
    pub(super) fn show(&mut self, chat: ChatIndex, ordinal: Ordinal) -> Showing {
        let first_after = match self.last.get(&chat) {
            Some(last) if ordinal <= *last => return self.show_earlier(chat, ordinal),
            Some(last) => last + 1,
            None => 0,
        };
        self.last.insert(chat, ordinal);
        if first_after < ordinal {
            self.passed.entry(chat).or_default().push((first_after, ordinal - 1));
        }
        Showing::First
    }

    fn show_earlier(&mut self, chat: ChatIndex, ordinal: Ordinal) -> Showing {
        let Some(passed) = self.passed.get_mut(&chat) else { return Showing::Again };
        let found = passed.iter().position(|(from, to)| (*from..=*to).contains(&ordinal));
        let Some(found) = found else { return Showing::Again };
        let (from, to) = passed.swap_remove(found);
        if from < ordinal {
            passed.push((from, ordinal - 1));
        }
        if ordinal < to {
            passed.push((ordinal + 1, to));
        }
        Showing::Late
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_without_holes_are_fine_and_every_fault_is_told_apart() {
        let mut position = Position { epoch: "e".to_owned(), seq: 3 };
        assert_eq!(position.take("e", 4), Step::Next);
        assert_eq!(position.take("e", 4), Step::Repeated);
        assert_eq!(position.take("e", 1), Step::Repeated);
        assert_eq!(position.take("e", 8), Step::Gap(3));
        assert_eq!(position.take("e", 9), Step::Next);
        assert_eq!(position.take("f", 10), Step::OtherEpoch);
        assert_eq!(position.seq, 9);
    }

    #[test]
    fn messages_in_order_are_first_and_planted_faults_are_found() {
        use Showing::{Again, First, Late};
        let mut order = Order::default();
        let shown = [0, 1, 4, 4, 2, 2, 3, 5].map(|ordinal| order.show(7, ordinal));
        assert_eq!(shown, [First, First, First, Again, Late, Again, Late, First]);
        assert_eq!(order.show(8, 0), First, "another chat has an order of its own");
    }

    proptest! {
        /// Against the plain rule: remember everything.
        #[test]
        fn it_judges_like_a_list_of_all_that_was_shown(shown in proptest::collection::vec(0_u32..20, 0..60)) {
            let (mut order, mut all) = (Order::default(), Vec::new());
            for ordinal in shown {
                let expected = if all.contains(&ordinal) {
                    Showing::Again
                } else if all.iter().any(|before| *before > ordinal) {
                    Showing::Late
                } else {
                    Showing::First
                };
                prop_assert_eq!(order.show(0, ordinal), expected);
                all.push(ordinal);
            }
        }
    }
}
