//! What goes out over a number: one message at a time per chat, so that their order is kept, and a
//! bounded number of chats at once.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use dashmap::DashMap;
use tokio_util::sync::CancellationToken;

use super::{
    intake,
    provider::{Provider, ProviderError},
};
use crate::{
    domain::{Message, MessageRowId, MessageStatus, SessionId, Timestamp},
    hub::Context,
    store::StatusReport,
};

/// Chats that are served at once.
const CHATS_AT_ONCE_MAX: usize = 16;
/// How long a network may take to accept one message.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Attempts for a message whose failure may pass (contract §10: 4 attempts).
const ATTEMPTS_MAX: u32 = 4;
/// Wait before the second attempt; doubled for each one after it, with jitter.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// No wait is longer (contract §10).
const RETRY_MAX: Duration = Duration::from_mins(10);

/// Reports on messages that are being handed over, kept until that has been recorded.
#[derive(Debug, Default)]
pub(super) struct EarlyReports(DashMap<(SessionId, String), Vec<StatusReport>>);

impl EarlyReports {
    fn expect(&self, message: &Message) {
        self.0.entry((message.session_id, message.message_id.clone())).or_default();
    }

    /// What was kept so far. `None` when that was nothing: from then on reports are no longer kept.
    fn take(&self, message: &Message) -> Option<Vec<StatusReport>> {
        let key = (message.session_id, message.message_id.clone());
        if self.0.remove_if(&key, |_, kept| kept.is_empty()).is_some() {
            return None;
        }
        self.0.get_mut(&key).map(|mut kept| std::mem::take(&mut *kept))
    }

    /// Keeps a report that comes too early; gives one back that does not.
    pub(super) fn keep(&self, report: StatusReport) -> Option<StatusReport> {
        match self.0.get_mut(&(report.session_id, report.message_id.clone())) {
            Some(mut kept) => {
                kept.push(report);
                None
            }
            None => Some(report),
        }
    }
}

/// The lanes of one number. Messages wait here and in their rows; what is only in the rows is read
/// again when the number is ready.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    waiting: HashMap<String, VecDeque<Message>>,
    /// Chats with something to send, in the order of their first message.
    turn: VecDeque<String>,
    /// Chats whose message is with the provider.
    busy: HashSet<String>,
    /// Everything that is waiting or busy, so that nothing is queued twice.
    known: HashSet<MessageRowId>,
}

impl Lanes {
    pub(super) fn push(&mut self, message: Message) {
        if !self.known.insert(message.id) {
            return;
        }
        let lane = self.waiting.entry(message.chat_id.clone()).or_default();
        if lane.is_empty() && !self.busy.contains(&message.chat_id) {
            self.turn.push_back(message.chat_id.clone());
        }
        lane.push_back(message);
    }

    /// The next message to hand over, if a place is free.
    pub(super) fn next(&mut self) -> Option<Message> {
        if self.busy.len() >= CHATS_AT_ONCE_MAX {
            return None;
        }
        let chat_id = self.turn.pop_front()?;
        let message = self.waiting.get_mut(&chat_id)?.pop_front()?;
        self.busy.insert(chat_id);
        Some(message)
    }

    /// A message has been dealt with; its chat may send the next one.
    pub(super) fn done(&mut self, chat_id: &str, id: MessageRowId) {
        self.known.remove(&id);
        self.busy.remove(chat_id);
        match self.waiting.get(chat_id) {
            Some(lane) if !lane.is_empty() => self.turn.push_back(chat_id.to_owned()),
            _ => drop(self.waiting.remove(chat_id)),
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Hands one message over and records and tells how it went. What the network reports of it before
/// that is told afterwards: a fast network's `delivered` must not overtake our `sent`.
pub(super) async fn hand_over(
    context: &Arc<Context>,
    provider: &Arc<dyn Provider>,
    message: &Message,
    connection: &CancellationToken,
) {
    let early = context.sessions.early_reports();
    early.expect(message);
    let recorded_at = try_to_send(context, provider, message, connection).await;
    while let Some(reports) = early.take(message) {
        let due = reports.into_iter().map(|report| {
            // Nothing is delivered before it is sent, whatever the clocks say.
            let at = report.at.max(recorded_at.unwrap_or(report.at));
            StatusReport { at, ..report }
        });
        // A failure has been logged; the network does not report twice, so the row stays behind.
        let _ = intake::report(context, due.collect()).await;
    }
}

/// Tries again where that makes sense; when it was recorded. When the connection ends first the row
/// stays as it is and is sent over the next connection.
async fn try_to_send(
    context: &Arc<Context>,
    provider: &Arc<dyn Provider>,
    message: &Message,
    connection: &CancellationToken,
) -> Option<Timestamp> {
    let mut attempt = 1;
    let refusal = loop {
        let sending = tokio::time::timeout(SEND_TIMEOUT, provider.send(message));
        let outcome = tokio::select! {
            () = connection.cancelled() => return None,
            outcome = sending => outcome,
        };
        let error = match outcome {
            Ok(Ok(())) => break None,
            Ok(Err(ProviderError::Refused(text) | ProviderError::Unsupported(text))) => {
                break Some(text);
            }
            Ok(Err(ProviderError::Temporary(text))) => text,
            Err(_) => "a rede não respondeu a tempo".to_owned(),
        };
        if attempt == ATTEMPTS_MAX {
            break Some(error);
        }
        tracing::info!(error, attempt, message.id = %message.id, "sending is tried again");
        tokio::select! {
            () = connection.cancelled() => return None,
            () = tokio::time::sleep(retry_wait(attempt)) => attempt += 1,
        }
    };
    Some(record(context, message, refusal).await)
}

/// 1 s, 2 s, 4 s, …, each up to half longer, so that many do not come back at the same instant.
fn retry_wait(attempt: u32) -> Duration {
    let base = RETRY_FIRST.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(RETRY_MAX);
    base.mul_f64(1.0 + rand::random::<f64>() / 2.0)
}

async fn record(context: &Arc<Context>, message: &Message, refusal: Option<String>) -> Timestamp {
    let at = context.clock.now();
    let report = StatusReport {
        session_id: message.session_id,
        message_id: message.message_id.clone(),
        status: if refusal.is_some() { MessageStatus::Failed } else { MessageStatus::Sent },
        at,
        error: refusal.unwrap_or_default(),
    };
    // A failure has been logged; the row stays as it is and is sent again under its id.
    let _ = intake::report(context, vec![report]).await;
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Direction, MessageKind, NewMessage};

    fn message(id: i64, chat_id: &str) -> Message {
        let new = NewMessage {
            session_id: SessionId(1),
            ticket_id: None,
            agent_id: None,
            chat_id: chat_id.to_owned(),
            message_id: id.to_string(),
            client_message_id: None,
            task_id: None,
            direction: Direction::Outbound,
            kind: MessageKind::Text,
            phone: chat_id.to_owned(),
            contact_name: String::new(),
            text: String::new(),
            media_url: None,
            media_mime_type: None,
            media_size: None,
            raw_payload: None,
            protocol_version: "v1".to_owned(),
            is_automatic: false,
            provider_at: None,
            at: Timestamp::EPOCH,
        };
        new.into_stored(MessageRowId(id))
    }

    #[test]
    fn one_chat_sends_in_order_while_others_go_on() {
        let mut lanes = Lanes::default();
        for (id, chat) in [(1, "a"), (2, "a"), (3, "b"), (2, "a")] {
            lanes.push(message(id, chat));
        }
        let next = |lanes: &mut Lanes| lanes.next().map(|message| message.id.0);
        assert_eq!(next(&mut lanes), Some(1));
        assert_eq!(next(&mut lanes), Some(3), "`a` waits for its first message");
        assert_eq!(next(&mut lanes), None);
        lanes.done("a", MessageRowId(1));
        assert_eq!(next(&mut lanes), Some(2));
        lanes.done("a", MessageRowId(2));
        lanes.done("b", MessageRowId(3));
        assert_eq!(next(&mut lanes), None, "the repeat was not queued");
    }

    #[test]
    fn a_bounded_number_of_chats_is_served_at_once() {
        let mut lanes = Lanes::default();
        for id in 0..40 {
            lanes.push(message(id, &id.to_string()));
        }
        let served = std::iter::from_fn(|| lanes.next()).count();
        assert_eq!(served, CHATS_AT_ONCE_MAX);
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        assert!(retry_wait(1) >= RETRY_FIRST && retry_wait(1) <= RETRY_FIRST * 2);
        assert!(retry_wait(3) >= RETRY_FIRST * 4);
        assert!(retry_wait(60) <= RETRY_MAX * 2);
    }
}
