//! What the network is told beside messages: that an agent types, and what was read. Best effort, one
//! signal at a time per chat so that their order is kept, a bounded number of chats at once.
//!
//! Typing is a state, not a queue: what the network was told last is compared with who types now, so that
//! nothing piles up and every "types" is followed by a "has stopped".

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::provider::{Provider, ProviderError};
use crate::{
    domain::{AgentId, Receipt, Timestamp},
    hub::Context,
};

/// A network is told at most this often that somebody types in a chat; clients renew with each key.
const TYPING_EVERY: Duration = Duration::from_secs(3);
/// Chats that are kept at once; in others nobody is shown to type.
const CHATS_MAX: usize = 10_000;
/// Signals that are under way at once.
const SIGNALS_AT_ONCE_MAX: usize = 16;
/// A stop that the network did not take is tried this often: a phone that believes that its owner is
/// writing does not ring.
const STOPS_MAX: u32 = 3;
/// How long a network may take for one signal; what comes later than this helps nobody.
const SIGNAL_TIMEOUT: Duration = Duration::from_secs(5);

/// One thing to tell the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signal {
    Typing { chat_id: String, is_typing: bool },
    Read(Receipt),
}

impl Signal {
    pub(super) fn chat_id(&self) -> &str {
        match self {
            Self::Typing { chat_id, .. } => chat_id,
            Self::Read(receipt) => &receipt.chat_id,
        }
    }
}

/// Everything that is to be told over one connection.
#[derive(Debug)]
pub(super) struct Signals {
    /// An agent who does not renew has stopped after this long.
    ttl: Duration,
    chats: HashMap<String, Chat>,
    busy: HashSet<String>,
}

#[derive(Debug, Default)]
struct Chat {
    /// Who types, and until when if nothing more is heard.
    typists: HashMap<AgentId, Timestamp>,
    /// Somebody has renewed since the network was told.
    is_renewed: bool,
    /// The network shows that somebody types.
    is_shown: bool,
    shown_at: Option<Timestamp>,
    /// Stops in a row that the network did not take.
    failed_stops: u32,
    receipt: Option<Receipt>,
}

impl Signals {
    pub(super) fn new(ttl: Duration) -> Self {
        Self { ttl, chats: HashMap::new(), busy: HashSet::new() }
    }

    /// An agent types, or still does.
    pub(super) fn typing(&mut self, chat_id: &str, agent_id: AgentId, now: Timestamp) {
        let until = now.plus(self.ttl);
        if let Some(chat) = self.chat(chat_id) {
            chat.typists.insert(agent_id, until);
            chat.is_renewed = true;
        }
    }

    /// An agent has stopped, or has sent what he typed.
    pub(super) fn stopped(&mut self, chat_id: &str, agent_id: AgentId) {
        if let Some(chat) = self.chats.get_mut(chat_id) {
            chat.typists.remove(&agent_id);
        }
    }

    /// A later receipt names what an earlier one did that has not been told yet.
    pub(super) fn read(&mut self, receipt: Receipt) {
        if let Some(chat) = self.chat(&receipt.chat_id)
            && chat.receipt.as_ref().is_none_or(|known| known.until < receipt.until)
        {
            chat.receipt = Some(receipt);
        }
    }

    fn chat(&mut self, chat_id: &str) -> Option<&mut Chat> {
        if self.chats.len() >= CHATS_MAX && !self.chats.contains_key(chat_id) {
            return None;
        }
        Some(self.chats.entry(chat_id.to_owned()).or_default())
    }

    /// What is to be told now; each of it has to be reported as [`Signals::done`].
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Signal> {
        let mut due = Vec::new();
        for (chat_id, chat) in &mut self.chats {
            if self.busy.len() >= SIGNALS_AT_ONCE_MAX {
                break;
            }
            if self.busy.contains(chat_id) {
                continue;
            }
            if let Some(signal) = chat.next(chat_id, now) {
                self.busy.insert(chat_id.clone());
                due.push(signal);
            }
        }
        self.chats.retain(|chat_id, chat| self.busy.contains(chat_id) || !chat.is_over(now));
        due
    }

    /// What became of a signal.
    pub(super) fn done(&mut self, signal: &Signal, is_taken: bool) {
        self.busy.remove(signal.chat_id());
        let Signal::Typing { chat_id, is_typing: false } = signal else { return };
        if let Some(chat) = self.chats.get_mut(chat_id) {
            chat.failed_stops = if is_taken { 0 } else { chat.failed_stops + 1 };
            // Who has begun again meanwhile is shown by his own signal.
            chat.is_shown = !is_taken && chat.failed_stops < STOPS_MAX;
        }
    }

    /// Nothing will become due by the mere passing of time.
    pub(super) fn is_idle(&self) -> bool {
        self.chats.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.ttl);
    }
}

impl Chat {
    fn next(&mut self, chat_id: &str, now: Timestamp) -> Option<Signal> {
        self.typists.retain(|_, until| *until > now);
        let chat_id = || chat_id.to_owned();
        if self.typists.is_empty() {
            if self.is_shown {
                return Some(Signal::Typing { chat_id: chat_id(), is_typing: false });
            }
        } else if self.is_renewed && self.may_show(now) {
            self.is_renewed = false;
            self.is_shown = true;
            self.shown_at = Some(now);
            self.failed_stops = 0;
            return Some(Signal::Typing { chat_id: chat_id(), is_typing: true });
        }
        self.receipt.take().map(Signal::Read)
    }

    fn may_show(&self, now: Timestamp) -> bool {
        self.shown_at.is_none_or(|at| now >= at.plus(TYPING_EVERY))
    }

    /// Nothing is known here that still matters.
    fn is_over(&self, now: Timestamp) -> bool {
        self.typists.is_empty() && !self.is_shown && self.receipt.is_none() && self.may_show(now)
    }
}

/// Tells the network one thing and remembers what it has taken. Whether it has.
pub(super) async fn tell(
    context: &Arc<Context>,
    provider: &Arc<dyn Provider>,
    signal: &Signal,
) -> bool {
    let telling = async {
        match signal {
            Signal::Typing { chat_id, is_typing } => provider.set_typing(chat_id, *is_typing).await,
            Signal::Read(receipt) => {
                provider.mark_read(&receipt.chat_id, &receipt.message_ids).await
            }
        }
    };
    let outcome = tokio::time::timeout(SIGNAL_TIMEOUT, telling).await;
    let late = || ProviderError::temporary("a rede não respondeu a tempo");
    if let Err(error) = outcome.unwrap_or_else(|_| Err(late())) {
        tracing::debug!(%error, "the network did not take a signal");
        return false;
    }
    if let Signal::Read(receipt) = signal
        && let Err(error) = context.store.save_receipt(receipt.ticket_id, receipt.until).await
    {
        // The network is told again with the next receipt, which does no harm.
        tracing::warn!(%error, ticket.id = %receipt.ticket_id, "a receipt was not remembered");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MessageRowId, TicketId};

    const CHAT: &str = "5511988880001";
    const ANA: AgentId = AgentId(2);
    const BIA: AgentId = AgentId(3);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(seconds))
    }

    fn signals() -> Signals {
        Signals::new(Duration::from_secs(10))
    }

    /// What is told at this second, everything being taken at once.
    fn told(signals: &mut Signals, seconds: u64) -> Vec<bool> {
        let due = signals.due(at(seconds));
        let typing = due.iter().map(|signal| {
            signals.done(signal, true);
            matches!(signal, Signal::Typing { is_typing: true, .. })
        });
        typing.collect()
    }

    #[test]
    fn many_keys_are_one_signal_every_three_seconds_and_a_stop() {
        let mut signals = signals();
        let mut all = Vec::new();
        for second in 0..=9 {
            signals.typing(CHAT, ANA, at(second));
            all.extend(told(&mut signals, second).into_iter().map(|on| (second, on)));
        }
        assert_eq!(all, [(0, true), (3, true), (6, true), (9, true)]);
        assert_eq!(
            told(&mut signals, 18),
            [] as [bool; 0],
            "the last key was ten seconds ago at 19"
        );
        assert_eq!(told(&mut signals, 19), [false]);
        assert_eq!(told(&mut signals, 20), [] as [bool; 0]);
        assert!(signals.is_idle());
    }

    #[test]
    fn a_chat_shows_typing_as_long_as_anybody_types() {
        let mut signals = signals();
        signals.typing(CHAT, ANA, at(0));
        signals.typing(CHAT, BIA, at(0));
        assert_eq!(told(&mut signals, 0), [true]);
        signals.stopped(CHAT, ANA);
        assert_eq!(told(&mut signals, 1), [] as [bool; 0]);
        signals.stopped(CHAT, BIA);
        assert_eq!(told(&mut signals, 1), [false]);
        // Beginning again at once waits for its turn.
        signals.typing(CHAT, ANA, at(2));
        assert_eq!(told(&mut signals, 2), [] as [bool; 0]);
        assert_eq!(told(&mut signals, 3), [true]);
        signals.stopped("somebody else", ANA);
    }

    #[test]
    fn one_signal_of_a_chat_is_under_way_and_the_next_says_what_is_so_then() {
        let mut signals = signals();
        signals.typing(CHAT, ANA, at(0));
        let first = signals.due(at(0));
        signals.stopped(CHAT, ANA);
        signals.typing("another", ANA, at(0));
        assert_eq!(signals.due(at(0)).len(), 1, "the other chat does not wait");
        signals.done(&first[0], false);
        let stop = signals.due(at(0));
        assert!(matches!(&stop[..], [Signal::Typing { is_typing: false, .. }]), "{stop:?}");
    }

    #[test]
    fn a_stop_that_failed_is_told_again_but_not_for_ever() {
        let mut signals = signals();
        signals.typing(CHAT, ANA, at(0));
        told(&mut signals, 0);
        signals.stopped(CHAT, ANA);
        let mut stops = 0;
        while let [stop] = &signals.due(at(1))[..] {
            stops += 1;
            signals.done(stop, false);
        }
        assert_eq!(stops, STOPS_MAX);
    }

    #[test]
    fn the_latest_receipt_stands_for_those_before_it() {
        let mut signals = signals();
        let receipt = |until: i64| Receipt {
            ticket_id: TicketId(1),
            chat_id: CHAT.to_owned(),
            message_ids: vec![until.to_string()],
            until: MessageRowId(until),
        };
        for until in [2, 5, 3] {
            signals.read(receipt(until));
        }
        let due = signals.due(at(0));
        assert_eq!(due, [Signal::Read(receipt(5))]);
        signals.read(receipt(6));
        assert_eq!(signals.due(at(0)), [], "the first one is under way");
        signals.done(&due[0], true);
        assert_eq!(signals.due(at(0)), [Signal::Read(receipt(6))]);
    }

    #[test]
    fn a_bounded_number_is_under_way_and_kept() {
        let mut signals = signals();
        for chat in 0..CHATS_MAX + 10 {
            signals.typing(&chat.to_string(), ANA, at(0));
        }
        assert_eq!(signals.chats.len(), CHATS_MAX);
        assert_eq!(signals.due(at(0)).len(), SIGNALS_AT_ONCE_MAX);
        assert_eq!(signals.due(at(0)).len(), 0);
    }
}
