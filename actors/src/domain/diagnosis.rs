//! Why a number is as it is and what to do about it, in words: facts of rows in, findings out.

mod rules;
#[cfg(test)]
mod tests;
mod words;

use super::{
    SessionStatus, Timestamp, WhatsAppSession,
    session::{COLD_WINDOW, RECONNECT_WAITS_SECONDS},
    time_zone::TimeZone,
};
pub use words::{Words, reason_words};

/// A state that the connection entered.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SessionState {
    pub status: SessionStatus,
    /// The code or text of what ended the state before; empty when nothing had gone wrong.
    pub reason: String,
    /// Automatic attempts to come back in a row.
    pub attempts: i64,
    pub at: Timestamp,
}

/// Messages that have not left yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Unsent {
    pub waiting: i64,
    /// Handed over, and not yet taken.
    pub sending: i64,
    /// Since when the oldest of them waits.
    pub oldest_at: Option<Timestamp>,
}

impl Unsent {
    pub const fn total(&self) -> i64 {
        self.waiting + self.sending
    }
}

/// How many messages failed for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FailureCount {
    /// As it is shown with the messages.
    pub error: String,
    pub number: i64,
    /// When the latest of them was written.
    pub last_at: Timestamp,
}

impl FailureCount {
    /// The network's code, with which its texts begin; `None` where there is none.
    pub fn code(&self) -> Option<&str> {
        let (code, _) = self.error.split_once(':')?;
        let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then_some(code)
    }
}

/// What rows say about a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub session: WhatsAppSession,
    /// The latest first.
    pub states: Vec<SessionState>,
    pub last_received_at: Option<Timestamp>,
    pub last_sent_at: Option<Timestamp>,
    pub unsent: Unsent,
    /// People who never wrote and were written to within 24 hours, and when the first of them was.
    pub cold_spent: i64,
    pub cold_first_at: Option<Timestamp>,
    /// Messages written within 24 hours, and why some of them failed, the most frequent first.
    pub written: i64,
    pub failures: Vec<FailureCount>,
    /// Where there are templates.
    pub approved_templates: Option<i64>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// As it should be, or waiting for somebody.
    Info,
    /// Something suffers, or soon will.
    Warning,
    /// Nothing goes on until somebody does something.
    Error,
}

/// One thing that is to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub level: Level,
    pub text: String,
    /// Empty when there is nothing to do.
    pub advice: String,
}

/// What is limited about people who never wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cold {
    /// `None`: any number.
    pub per_day: Option<i64>,
    pub spent: i64,
    /// Only while it lies ahead.
    pub blocked_until: Option<Timestamp>,
    /// When the budget that is used up has a place again.
    pub frees_at: Option<Timestamp>,
}

/// How a number is and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Since when the status is what it is.
    pub since: Timestamp,
    /// Why it last went wrong; `None` when nothing has.
    pub reason: Option<Words>,
    /// When the hub comes back by itself.
    pub next_attempt_at: Option<Timestamp>,
    pub cold: Cold,
    /// The worst first; never empty.
    pub findings: Vec<Finding>,
}

impl Facts {
    /// What people are told, in the time of `zone`.
    pub fn diagnose(&self, zone: TimeZone, now: Timestamp) -> Diagnosis {
        let (since, next_attempt_at, cold) =
            (self.since(), self.next_attempt_at(now), self.cold(now));
        let findings = rules::findings(self, &cold, next_attempt_at, zone, now);
        let reason = self.last_reason().map(reason_words);
        Diagnosis { since, reason, next_attempt_at, cold, findings }
    }

    /// The beginning of the run of entries with the present status.
    fn since(&self) -> Timestamp {
        let status = self.session.status;
        let run = self.states.iter().take_while(|state| state.status == status);
        run.last().map_or(self.session.created_at, |state| state.at)
    }

    /// What went wrong last: of the state itself, else of the newest one with a reason.
    fn last_reason(&self) -> Option<&str> {
        let own = Some(self.session.last_error.as_str());
        let earlier = self.states.iter().map(|state| state.reason.as_str());
        own.into_iter().chain(earlier).find(|reason| !reason.is_empty())
    }

    /// It waits before an attempt while nothing was tried since the connection was lost.
    fn next_attempt_at(&self, now: Timestamp) -> Option<Timestamp> {
        let (session, lost) = (&self.session, self.states.first()?);
        let attempt = usize::try_from(session.reconnect_attempts).ok()?.checked_sub(1)?;
        let is_waiting = session.is_active
            && session.status == SessionStatus::Connecting
            && session.last_reconnect_at.is_none_or(|tried| tried < lost.at);
        let wait = std::time::Duration::from_secs(*RECONNECT_WAITS_SECONDS.get(attempt)?);
        // The wait is up to a part longer than that.
        Some(lost.at.plus(wait).max(now)).filter(|_| is_waiting)
    }

    fn cold(&self, now: Timestamp) -> Cold {
        let per_day = self.session.cold_budget();
        // Of a budget that was lowered the first place is not the next one that is free.
        let is_used_up = per_day == Some(self.cold_spent);
        Cold {
            per_day,
            spent: self.cold_spent,
            blocked_until: self.session.cold_blocked_until.filter(|until| *until > now),
            frees_at: self.cold_first_at.filter(|_| is_used_up).map(|at| at.plus(COLD_WINDOW)),
        }
    }
}
