//! Webhooks for other systems of the company: what they may be told, and when a delivery is tried again,
//! held back or given up. Pure: the caller brings the time and the chance.

use std::{fmt, str::FromStr, time::Duration};

use super::{
    AgentId, DeliveryId, DepartmentId, IntegrationEventId, List, MessageRowId, MessageStatus,
    SessionId, SessionStatus, TicketId, Timestamp, TransferId, WebhookId,
};

/// Endpoints of one company: a few systems with a few addresses each.
pub const ENDPOINTS_MAX: i64 = 20;
/// Deliveries that may wait for one endpoint; a sweep gives the oldest of more up. About a day of a busy
/// company.
pub const PENDING_MAX: i64 = 100_000;
/// A delivery that could not even be tried is given up after this long: a weekend, and a Monday to notice.
pub const PENDING_DAYS: u64 = 3;
/// Events, and what became of their deliveries, are kept for this long, and can be sent again until then.
pub const KEPT_DAYS: u64 = 14;
/// Deliveries that one request sends again at most.
pub const REPLAY_MAX: i64 = 10_000;

/// How long to wait after each failed attempt, in seconds: the schedule of Standard Webhooks
/// (standardwebhooks.com), 27 h 35 min in all.
const RETRY_SECONDS: [u64; 7] = [5, 300, 1800, 7200, 18_000, 36_000, 36_000];
/// One more than there are waits.
pub const ATTEMPTS_MAX: i64 = 8;
/// Waits are longer or shorter by up to this share, so that a receiver that comes back is not asked by all
/// at once.
const RETRY_JITTER: f64 = 0.1;
/// A receiver may ask for more patience than that, up to a day.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// Failures in a row, of whatever deliveries, after which an endpoint is left in peace.
pub const FAILURES_MAX: i64 = 5;
/// For how long at first; doubled with each trial that fails, up to an hour.
const PAUSE_FIRST: Duration = Duration::from_mins(1);
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// How long the secret before the present one still signs, at most and unless something else is asked for.
pub const ROTATION_HOURS_MAX: i64 = 168;
pub const ROTATION_HOURS: i64 = 24;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal),* $(,)?) => {
        /// What happened. The words are those of the events over the socket.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::Type)]
        #[sqlx(type_name = "TEXT", rename_all = "snake_case")]
        pub enum EventKind {
            $($(#[$doc])* $kind),*
        }

        impl EventKind {
            /// All of them; a test is told to nobody who did not ask for it.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];
            /// Each with its word.
            pub const WORDS: &'static [(Self, &'static str)] = &[$((Self::$kind, $word)),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word),* }
            }
        }
    };
}

kinds! {
    NewChat = "new_chat",
    MessageReceived = "message_received",
    MessageSent = "message_sent",
    MessageStatus = "message_status",
    MessageUpdated = "message_updated",
    MediaStatus = "media_status",
    ChatAssigned = "chat_assigned",
    ChatTransferred = "chat_transferred",
    ChatRequeued = "chat_requeued",
    ChatOverflowed = "chat_overflowed",
    ChatClosed = "chat_closed",
    ChatAutoClosed = "chat_auto_closed",
    ChatRated = "chat_rated",
    SessionStatus = "session_status",
    /// Nothing happened: somebody tries an endpoint out.
    Ping = "ping",
}

impl EventKind {
    /// Whether an endpoint can ask for it.
    pub const fn can_be_wanted(self) -> bool {
        !matches!(self, Self::Ping)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        let known = Self::ALL.iter().find(|kind| kind.as_str() == word);
        known.copied().ok_or(UnknownKind)
    }
}

/// There is no event of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no event of this name")]
pub struct UnknownKind;

/// The kinds that somebody wants to hear of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted(pub u32);

impl Wanted {
    pub const fn contains(self, kind: EventKind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }
}

impl FromIterator<EventKind> for Wanted {
    fn from_iter<I: IntoIterator<Item = EventKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | (1 << kind as u32)))
    }
}

/// An address of another system, and how it has been doing.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct WebhookEndpoint {
    pub id: WebhookId,
    pub name: String,
    pub url: String,
    #[sqlx(try_from = "String")]
    pub events: List<EventKind>,
    pub is_active: bool,
    /// Sealed.
    pub secret: String,
    /// Sealed; empty when there is none.
    pub previous_secret: String,
    /// Until when the previous one signs, too.
    pub previous_secret_until: Option<Timestamp>,
    /// Failed attempts since the last success.
    pub failures: i64,
    /// Nothing is sent before this instant.
    pub paused_until: Option<Timestamp>,
    /// Pauses since the last success.
    pub pauses: i64,
    pub last_success_at: Option<Timestamp>,
    pub last_failure_at: Option<Timestamp>,
    pub last_error: String,
    pub created_by: Option<AgentId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl WebhookEndpoint {
    /// Failed so often that it is left in peace.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| until > now)
    }

    /// The sealed secrets that sign now, the newest first.
    pub fn signing_secrets(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let is_kept = self.previous_secret_until.is_some_and(|until| until > now);
        let previous =
            (is_kept && !self.previous_secret.is_empty()).then_some(&*self.previous_secret);
        std::iter::once(&*self.secret).chain(previous)
    }
}

/// What it takes to add an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    pub name: String,
    pub url: String,
    pub events: List<EventKind>,
    pub is_active: bool,
    /// Sealed.
    pub secret: String,
}

/// What may change; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointChanges {
    pub name: Option<String>,
    pub url: Option<String>,
    pub events: Option<List<EventKind>>,
    pub is_active: Option<bool>,
}

/// How many deliveries of an endpoint stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    pub pending: i64,
    /// Of those: failed at least once.
    pub failing: i64,
    pub delivered: i64,
    pub dead: i64,
}

/// An event on its way into the outbox: what it speaks of, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntegrationEvent {
    pub kind: EventKind,
    pub at: Timestamp,
    pub subject: Subject,
}

/// What an event speaks of. What may have changed by the time it is told is noted; the rest is read then.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Subject {
    pub session_id: Option<SessionId>,
    pub ticket_id: Option<TicketId>,
    pub message_id: Option<MessageRowId>,
    pub change_id: Option<i64>,
    pub transfer_id: Option<TransferId>,
    pub department_id: Option<DepartmentId>,
    pub from_department_id: Option<DepartmentId>,
    pub agent_id: Option<AgentId>,
    pub rated_by: Option<AgentId>,
    pub rating: Option<i64>,
    pub message_status: Option<MessageStatus>,
    pub session_status: Option<SessionStatus>,
}

/// An event of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct IntegrationEvent {
    pub id: IntegrationEventId,
    /// The same at every attempt and every replay: receivers know repeats by it.
    pub event_id: String,
    pub kind: EventKind,
    pub at: Timestamp,
    #[sqlx(flatten)]
    pub subject: Subject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// To be tried, for the first time or again.
    Pending,
    Delivered,
    /// Given up; somebody may have it sent again.
    Dead,
}

/// One event for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint_id: WebhookId,
    pub event_row_id: IntegrationEventId,
    pub event_id: String,
    pub kind: EventKind,
    pub event_at: Timestamp,
    pub status: DeliveryStatus,
    /// Since it was made, or last sent again by somebody.
    pub attempts: i64,
    pub replays: i64,
    pub next_attempt_at: Option<Timestamp>,
    pub last_attempt_at: Option<Timestamp>,
    pub last_status_code: Option<i64>,
    pub last_duration_ms: Option<i64>,
    pub last_error: String,
    /// The beginning of what the receiver answered.
    pub last_answer: String,
    pub delivered_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub verdict: Verdict,
    pub status_code: Option<i64>,
    /// For people; empty after a success.
    pub error: String,
    pub answer: String,
    pub duration: Duration,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx.
    Taken,
    /// Anything else; the receiver may have said how long it wants to be left in peace.
    Failed { retry_after: Option<Duration> },
    /// 410: nobody is there any more, and nobody will be.
    Gone,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterAttempt {
    pub status: DeliveryStatus,
    pub attempts: i64,
    pub next_attempt_at: Option<Timestamp>,
}

/// What becomes of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    pub is_active: bool,
    pub failures: i64,
    pub paused_until: Option<Timestamp>,
    pub pauses: i64,
    /// It works again after a pause: what failed meanwhile need not wait any longer.
    pub has_recovered: bool,
}

impl Attempt {
    /// `chance` is between 0 and 1.
    pub fn delivery_after(&self, attempts: i64, chance: f64) -> AfterAttempt {
        let attempts = attempts + 1;
        let over = |status| AfterAttempt { status, attempts, next_attempt_at: None };
        match self.verdict {
            Verdict::Taken => over(DeliveryStatus::Delivered),
            Verdict::Gone => over(DeliveryStatus::Dead),
            Verdict::Failed { retry_after } => match retry_wait(attempts, chance) {
                None => over(DeliveryStatus::Dead),
                Some(wait) => {
                    let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
                    let next_attempt_at = Some(self.at.plus(wait.max(asked)));
                    AfterAttempt { status: DeliveryStatus::Pending, attempts, next_attempt_at }
                }
            },
        }
    }

    /// The breaker: after [`FAILURES_MAX`] failures in a row the endpoint is left in peace, then one
    /// delivery tries; its failure makes the next pause longer, its success ends all that.
    pub fn health_after(&self, before: &WebhookEndpoint) -> Health {
        let healthy = Health {
            is_active: before.is_active,
            failures: 0,
            paused_until: None,
            pauses: 0,
            has_recovered: false,
        };
        match self.verdict {
            Verdict::Taken => Health { has_recovered: before.failures > 0, ..healthy },
            Verdict::Gone => Health { is_active: false, failures: before.failures + 1, ..healthy },
            Verdict::Failed { retry_after } => {
                let failures = before.failures + 1;
                let breaks = failures >= FAILURES_MAX;
                let pause = breaks.then(|| pause(before.pauses));
                // Too busy for this one is too busy for the others.
                let asked = retry_after.map(|wait| wait.min(PAUSE_MAX));
                let pauses = before.pauses + i64::from(breaks);
                let paused_until = pause.max(asked).map(|pause| self.at.plus(pause));
                Health { failures, paused_until, pauses, ..healthy }
            }
        }
    }
}

/// How long to wait after so many failed attempts; `None` when there is no further one.
fn retry_wait(attempts: i64, chance: f64) -> Option<Duration> {
    let made = usize::try_from(attempts).ok()?;
    let seconds = RETRY_SECONDS.get(made.checked_sub(1)?)?;
    let spread = 1.0 + RETRY_JITTER * (2.0 * chance.clamp(0.0, 1.0) - 1.0);
    Some(Duration::from_secs(*seconds).mul_f64(spread))
}

/// How long an endpoint is left in peace that was so often before.
fn pause(pauses: i64) -> Duration {
    let doublings = u32::try_from(pauses).unwrap_or(u32::MAX).min(6);
    PAUSE_FIRST.saturating_mul(1 << doublings).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_767_614_400_000_000);

    fn endpoint(failures: i64, pauses: i64) -> WebhookEndpoint {
        WebhookEndpoint {
            id: WebhookId(1),
            name: "CRM".to_owned(),
            url: "https://crm.example.com/dx".to_owned(),
            events: List(vec![EventKind::NewChat]),
            is_active: true,
            secret: "new".to_owned(),
            previous_secret: "old".to_owned(),
            previous_secret_until: Some(NOW),
            failures,
            paused_until: None,
            pauses,
            last_success_at: None,
            last_failure_at: None,
            last_error: String::new(),
            created_by: None,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    fn attempt(verdict: Verdict) -> Attempt {
        let (error, answer) = (String::new(), String::new());
        Attempt { verdict, status_code: None, error, answer, duration: Duration::ZERO, at: NOW }
    }

    fn failed(retry_after: Option<u64>) -> Attempt {
        attempt(Verdict::Failed { retry_after: retry_after.map(Duration::from_secs) })
    }

    fn seconds(at: Option<Timestamp>) -> Option<u64> {
        at.map(|at| at.since(NOW).as_secs())
    }

    #[test]
    fn eight_attempts_are_made_over_a_day_then_it_is_given_up() {
        let waits: Vec<_> =
            (0..ATTEMPTS_MAX).map(|made| failed(None).delivery_after(made, 0.5)).collect();
        let spans: Vec<_> = waits.iter().map(|after| seconds(after.next_attempt_at)).collect();
        let expected = [5, 300, 1800, 7200, 18_000, 36_000, 36_000];
        assert_eq!(spans, [&expected.map(Some)[..], &[None]].concat());
        let total: u64 = expected.iter().sum();
        assert_eq!(total, 27 * 3600 + 35 * 60 + 5);
        assert_eq!(waits[6].status, DeliveryStatus::Pending);
        assert_eq!((waits[7].status, waits[7].attempts), (DeliveryStatus::Dead, ATTEMPTS_MAX));
        assert_eq!(RETRY_SECONDS.len() + 1, usize::try_from(ATTEMPTS_MAX).unwrap());
    }

    #[test]
    fn a_receiver_may_ask_for_patience_but_not_for_ever() {
        let next = |asked| seconds(failed(asked).delivery_after(0, 0.5).next_attempt_at);
        assert_eq!(next(Some(2)), Some(5), "never sooner than by the schedule");
        assert_eq!(next(Some(120)), Some(120));
        assert_eq!(next(Some(999_999)), Some(86_400));
        let held = |asked| seconds(failed(asked).health_after(&endpoint(0, 0)).paused_until);
        assert_eq!(
            (held(None), held(Some(120)), held(Some(99_999))),
            (None, Some(120), Some(3600))
        );
    }

    #[test]
    fn an_endpoint_that_fails_is_left_in_peace_for_longer_and_longer() {
        let mut one = endpoint(0, 0);
        let mut pauses = Vec::new();
        for _ in 0..13 {
            let health = failed(None).health_after(&one);
            (one.failures, one.pauses) = (health.failures, health.pauses);
            pauses.push(seconds(health.paused_until));
        }
        let minutes = |minutes: u64| Some(minutes * 60);
        let mut expected = vec![None; 4];
        expected.extend([1, 2, 4, 8, 16, 32, 60, 60, 60].map(minutes));
        assert_eq!(pauses, expected);
        let health = attempt(Verdict::Taken).health_after(&one);
        assert_eq!((health.failures, health.pauses, health.paused_until), (0, 0, None));
        assert!(health.has_recovered);
        assert!(!attempt(Verdict::Taken).health_after(&endpoint(0, 0)).has_recovered);
    }

    #[test]
    fn what_is_gone_is_asked_no_more() {
        let gone = attempt(Verdict::Gone);
        assert!(!gone.health_after(&endpoint(0, 0)).is_active);
        assert_eq!(gone.delivery_after(0, 0.5).status, DeliveryStatus::Dead);
    }

    #[test]
    fn the_previous_secret_signs_until_its_time_is_over() {
        let mut one = endpoint(0, 0);
        let secrets = |one: &WebhookEndpoint, at| {
            one.signing_secrets(at).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(secrets(&one, NOW.minus(Duration::from_secs(1))), ["new", "old"]);
        assert_eq!(secrets(&one, NOW), ["new"]);
        one.previous_secret.clear();
        assert_eq!(secrets(&one, NOW.minus(Duration::from_secs(1))), ["new"]);
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            let alone: Wanted = [*kind].into_iter().collect();
            let others = EventKind::ALL.iter().filter(|other| *other != kind);
            assert!(alone.contains(*kind) && !others.copied().any(|other| alone.contains(other)));
        }
        assert_eq!("qrcode".parse::<EventKind>(), Err(UnknownKind));
        assert!(EventKind::ALL.len() <= 32, "one bit each");
    }

    proptest! {
        #[test]
        fn waits_stay_near_the_schedule(made in 1_i64..8, chance in 0.0_f64..=1.0) {
            let wait = retry_wait(made, chance).unwrap().as_secs_f64();
            let planned = Duration::from_secs(RETRY_SECONDS[usize::try_from(made).unwrap() - 1]);
            let share = wait / planned.as_secs_f64();
            prop_assert!((0.899..=1.101).contains(&share));
        }
    }
}
