//! The names by which a run knows its own among everything that a hub tells: numbers of customers, ids
//! of messages.

use super::ledger::{ChatIndex, Ordinal};

/// Numbers that nobody has: no area of Brazil has the code 00.
const NUMBER_PREFIX: &str = "55009";
const NUMBERS: u32 = 100_000_000;

/// One run among all that a hub has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RunId(u32);

impl RunId {
    pub(super) fn random() -> Self {
        Self(rand::random())
    }

    /// For whatever people see of it.
    pub(super) fn word(self) -> String {
        format!("{:08x}", self.0)
    }

    /// The number of a customer, which is also the id of the chat with him.
    pub(super) fn number(self, chat: ChatIndex) -> String {
        let number = (u64::from(self.0) + u64::from(chat)) % u64::from(NUMBERS);
        format!("{NUMBER_PREFIX}{number:08}")
    }

    /// The customer of such a number, if he is one of `customers`.
    pub(super) fn chat(self, number: &str, customers: u32) -> Option<ChatIndex> {
        let number: u32 = number.strip_prefix(NUMBER_PREFIX)?.parse().ok()?;
        let chat = (number + NUMBERS).checked_sub(self.0 % NUMBERS)? % NUMBERS;
        (chat < customers).then_some(chat)
    }

    /// The id of a message, from either side.
    pub(super) fn message(self, chat: ChatIndex, ordinal: Ordinal) -> String {
        format!("carga-{:08x}-{chat:x}-{ordinal:x}", self.0)
    }

    /// The message of such an id, if it is of this run.
    pub(super) fn parse(self, id: &str) -> Option<(ChatIndex, Ordinal)> {
        let mut parts = id.strip_prefix("carga-")?.split('-');
        let mut next = || u32::from_str_radix(parts.next()?, 16).ok();
        let (run, chat, ordinal) = (next()?, next()?, next()?);
        (run == self.0 && parts.next().is_none()).then_some((chat, ordinal))
    }
}

#[cfg(test)]
mod tests {
    use dx_actors::domain::phone;

    use super::*;

    #[test]
    fn numbers_are_their_own_canonical_form_and_found_again() {
        for run in [0, 99_999_999, 100_000_000, u32::MAX].map(RunId) {
            for chat in [0, 1, 999_999] {
                let number = run.number(chat);
                assert_eq!(phone::canonical(&number).as_deref(), Some(number.as_str()));
                assert_eq!(run.chat(&number, 1_000_000), Some(chat), "{run:?} {number}");
                assert_eq!(run.chat(&number, chat), None);
            }
        }
        for other in ["5511988887777", "", "55009", "55009x"] {
            assert_eq!(RunId(7).chat(other, 10), None);
        }
    }

    #[test]
    fn ids_are_read_back_and_those_of_others_are_not() {
        let run = RunId(0xbeef);
        assert_eq!(run.parse(&run.message(255, 70_000)), Some((255, 70_000)));
        let others = [
            RunId(1).message(1, 1),
            "3EB0C0FFEE".to_owned(),
            "carga-0000beef-1".to_owned(),
            "carga-0000beef-1-1-1".to_owned(),
        ];
        for other in others {
            assert_eq!(run.parse(&other), None, "{other}");
        }
    }
}
