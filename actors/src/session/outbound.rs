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
    provider::{Provider, ProviderError, Taken},
};
use crate::{
    domain::{Message, MessageRowId, MessageStatus, SessionId, Timestamp, ids::ChatKey},
    hub::Context,
    store::{StatusReport, StoreError},
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
/// No wait before what could not be stored is tried again is longer.
const STORE_RETRY_MAX: Duration = Duration::from_secs(30);
/// How often it is tried to store what became of a message, for some three minutes: what is refused for good must not
/// hold its chat.
const RECORD_ATTEMPTS_MAX: u32 = 10;

/// Waits that a network may ask for in a row before a message fails.
const NOT_NOW_MAX: u32 = 60;
/// How long the network's own report is waited for, when it is not known whether it took a message.
const UNKNOWN_WAIT: Duration = Duration::from_mins(2);
/// What people read when it never came.
const UNKNOWN_TEXT: &str = "A conexão caiu durante o envio e a rede não confirmou a mensagem. \
     Verifique com o cliente antes de reenviar.";

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

    /// A message could be handed over now.
    pub(super) fn has_next(&self) -> bool {
        self.busy.len() < CHATS_AT_ONCE_MAX && !self.turn.is_empty()
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

/// How handing a message over ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum HandOver {
    Taken(Taken),
    Refused(String),
    /// Until then, people who never wrote cannot be written to.
    ColdBlocked {
        text: String,
        until: Timestamp,
    },
    /// It is not known whether the network has it, and asking again might double it.
    Unknown,
    /// The connection ended first: the next one sends it.
    Postponed,
}

impl HandOver {
    /// Its name where figures are counted.
    const fn word(&self) -> &'static str {
        match self {
            Self::Taken(_) => "taken",
            Self::Refused(_) => "refused",
            Self::ColdBlocked { .. } => "cold_blocked",
            Self::Unknown => "unknown",
            Self::Postponed => "postponed",
        }
    }
}

/// Hands one message over and records and tells how it went; until when the network blocks people who
/// never wrote, if it said so. What the network reports of the message before that is told afterwards: a
/// fast network's `delivered` must not overtake our `sent`.
pub(super) async fn hand_over(
    context: &Arc<Context>,
    provider: &Arc<dyn Provider>,
    message: &Message,
    connection: &CancellationToken,
) -> Option<Timestamp> {
    if !begin(context, message, connection).await {
        return None;
    }
    let begun_at = context.clock.now();
    let hops = context.sessions.hops();
    if let Some(queued_at) = message.queued_at {
        hops.waited(message.session_id, begun_at.since(queued_at));
    }
    let early = context.sessions.early_reports();
    early.expect(message);
    let outcome = try_to_send(provider, message, connection).await;
    let network = context.sessions.provider_of(message.session_id);
    context.sessions.meters().handed_over(network, outcome.word());
    let recorded_at = record(context, message, &outcome, connection).await;
    if let (HandOver::Taken(_), Some(at)) = (&outcome, recorded_at) {
        hops.handed_over(message.session_id, at.since(begun_at));
    }
    while let Some(reports) = early.take(message) {
        let due = reports.into_iter().map(|report| {
            // Nothing is delivered before it is sent, whatever the clocks say.
            let at = report.at.max(recorded_at.unwrap_or(report.at));
            StatusReport { at, ..report }
        });
        // A failure has been logged; the network does not report twice, so the row stays behind.
        let _ = intake::report(context, due.collect()).await;
    }
    match outcome {
        HandOver::ColdBlocked { until, .. } => Some(until),
        HandOver::Unknown => {
            await_report(context, message.clone(), context.stop.clone());
            None
        }
        HandOver::Taken(Taken { address: Some(alias), .. }) => {
            let ChatKey { session_id, chat_id } = message.chat_key();
            context.sessions.learn_alias(session_id, chat_id, alias).await;
            None
        }
        HandOver::Taken(_) | HandOver::Refused(_) | HandOver::Postponed => None,
    }
}

/// Notes that the message is being sent, before the first byte leaves. Not if it was cancelled, or has
/// arrived already. While that cannot be stored the chat waits, so that nothing overtakes it.
async fn begin(context: &Arc<Context>, message: &Message, connection: &CancellationToken) -> bool {
    if message.status == MessageStatus::Sending {
        return true;
    }
    let report = StatusReport::of(message, MessageStatus::Sending, context.clock.now());
    let mut failures = 0;
    loop {
        let moved = context.store.report_statuses(vec![report.clone()]).await;
        match moved.into_iter().next() {
            Some(Ok(Some(_))) => return true,
            Some(Ok(None)) if failures == 0 => return false,
            // It may have been written although the commit was in doubt.
            Some(Ok(None)) => match is_sending(context, message).await {
                Ok(is_sending) => return is_sending,
                Err(error) => cannot_send(&error, message),
            },
            Some(Err(error)) => cannot_send(&error, message),
            None => return false,
        }
        failures += 1;
        if !wait_to_store(failures, connection).await {
            return false;
        }
    }
}

async fn is_sending(context: &Arc<Context>, message: &Message) -> Result<bool, StoreError> {
    let Message { session_id, message_id, .. } = message;
    let row = context.store.find_message_by_provider_id(*session_id, message_id).await?;
    Ok(row.is_some_and(|row| row.status == MessageStatus::Sending))
}

fn cannot_send(error: &StoreError, message: &Message) {
    tracing::error!(%error, message.id = %message.id, "a message cannot be sent now");
}

/// Before what could not be stored is tried again; `false` when the connection has ended, and its
/// successor reads the rows.
async fn wait_to_store(failures: u32, connection: &CancellationToken) -> bool {
    tokio::select! {
        () = connection.cancelled() => false,
        () = tokio::time::sleep(retry_wait(failures).min(STORE_RETRY_MAX)) => true,
    }
}

/// A message that may or may not have left: the network's report decides, and after a while a person.
pub(super) fn await_report(context: &Arc<Context>, message: Message, stop: CancellationToken) {
    let context = Arc::clone(context);
    let tasks = context.tasks.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(UNKNOWN_WAIT) => {
                let outcome = HandOver::Refused(UNKNOWN_TEXT.to_owned());
                let _ = record(&context, &message, &outcome, &stop).await;
            }
        }
    });
}

/// Tries again where that makes sense. When the connection ends first the row stays `sending`; the next
/// connection knows what that means.
async fn try_to_send(
    provider: &Arc<dyn Provider>,
    message: &Message,
    connection: &CancellationToken,
) -> HandOver {
    let (mut attempt, mut waits) = (1, 0);
    loop {
        let sending = tokio::time::timeout(SEND_TIMEOUT, provider.send(message));
        let outcome = tokio::select! {
            () = connection.cancelled() => return HandOver::Postponed,
            outcome = sending => outcome,
        };
        let no_answer = || ProviderError::Unknown("a rede não respondeu a tempo".to_owned());
        let error = match outcome.unwrap_or_else(|_| Err(no_answer())) {
            Ok(taken) => return HandOver::Taken(taken),
            Err(error) => error,
        };
        let (text, wait) = match error {
            ProviderError::Refused(text) | ProviderError::Unsupported(text) => {
                return HandOver::Refused(text);
            }
            ProviderError::ColdBlocked { text, until } => {
                return HandOver::ColdBlocked { text, until };
            }
            ProviderError::Unknown(_) if !provider.is_idempotent() => return HandOver::Unknown,
            ProviderError::NotNow { text, wait } if waits < NOT_NOW_MAX => {
                waits += 1;
                (text, wait.min(RETRY_MAX))
            }
            ProviderError::Temporary { text, retry_after } if attempt < ATTEMPTS_MAX => {
                attempt += 1;
                let asked = retry_after.unwrap_or_default().min(RETRY_MAX);
                (text, retry_wait(attempt - 1).max(asked))
            }
            ProviderError::Unknown(text) if attempt < ATTEMPTS_MAX => {
                attempt += 1;
                (text, retry_wait(attempt - 1))
            }
            ProviderError::NotNow { text, .. }
            | ProviderError::Temporary { text, .. }
            | ProviderError::Unknown(text) => return HandOver::Refused(text),
        };
        tracing::info!(text, attempt, message.id = %message.id, "sending is tried again");
        tokio::select! {
            () = connection.cancelled() => return HandOver::Postponed,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// 1 s, 2 s, 4 s, …, each up to half longer, so that many do not come back at the same instant.
fn retry_wait(attempt: u32) -> Duration {
    let base = RETRY_FIRST.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(RETRY_MAX);
    base.mul_f64(1.0 + rand::random::<f64>() / 2.0)
}

/// When it was recorded; `None` when there is nothing to record yet.
async fn record(
    context: &Arc<Context>,
    message: &Message,
    outcome: &HandOver,
    connection: &CancellationToken,
) -> Option<Timestamp> {
    let at = context.clock.now();
    let (status, error, network_id) = match outcome {
        HandOver::Taken(Taken { network_id, .. }) => {
            (MessageStatus::Sent, String::new(), network_id.clone())
        }
        HandOver::Refused(text) | HandOver::ColdBlocked { text, .. } => {
            (MessageStatus::Failed, text.replace('\0', ""), None)
        }
        HandOver::Unknown | HandOver::Postponed => return None,
    };
    let report = StatusReport { error, network_id, ..StatusReport::of(message, status, at) };
    let mut failures = 0;
    // A failure has been logged. What is never stored the next connection takes for under way.
    while intake::report(context, vec![report.clone()]).await.is_err() {
        failures += 1;
        if failures == RECORD_ATTEMPTS_MAX || !wait_to_store(failures, connection).await {
            break;
        }
    }
    Some(at)
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
            media_key: None,
            media_status: None,
            details: None,
            quoted_message_id: None,
            raw_payload: None,
            protocol_version: "v1".to_owned(),
            is_automatic: false,
            is_sent: false,
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
