//! When a customer who owes the answer is reminded, and when the chat is closed.

use std::time::Duration;

use super::{Ticket, TicketStatus, Timestamp, calendar::Calendar, settings::ChatSettings};

/// What is due for a silent chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Say that it will be closed.
    Warn,
    Close,
}

/// Whether customers can be told anything now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Reachable,
    /// The number is not ready, or the network takes nothing for the customer.
    Unreachable,
}

/// How long before the closing the warning is due: as set, but at most half of the timeout, so that it never
/// comes at once. `None` when no warning is wanted.
pub fn warning_time(settings: &ChatSettings) -> Option<Duration> {
    let wanted =
        u64::try_from(settings.inactivity_notice_minutes).ok().filter(|minutes| *minutes > 0)?;
    let is_wanted = !settings.inactivity_message.trim().is_empty();
    is_wanted.then(|| Duration::from_mins(wanted).min(timeout(settings) / 2))
}

/// How long a customer may be silent.
pub fn timeout(settings: &ChatSettings) -> Duration {
    Duration::from_mins(u64::try_from(settings.inactivity_timeout_minutes).unwrap_or(1).max(1))
}

/// What is due for a ticket. Only the customer's silence counts, since the last message of anybody; with
/// `inactivity_in_hours_only` only while open. The closing keeps its distance from the warning even when that
/// came late.
pub fn due(
    ticket: &Ticket,
    settings: &ChatSettings,
    calendar: &Calendar<'_>,
    reach: Reach,
    now: Timestamp,
) -> Option<Step> {
    if ticket.status != TicketStatus::Active || ticket.awaiting_since.is_some() {
        return None;
    }
    let last = ticket.last_message_at.unwrap_or(ticket.updated_at);
    let in_hours_only = settings.inactivity_in_hours_only;
    if in_hours_only && !calendar.is_open(now) {
        return None;
    }
    let since = |at| if in_hours_only { calendar.open_between(at, now) } else { now.since(at) };
    let (silent, timeout) = (since(last), timeout(settings));
    let warning = warning_time(settings).filter(|_| reach == Reach::Reachable);
    let warned_at = ticket.told.nudged_at.filter(|warned| *warned >= last);
    match (warning, warned_at) {
        (Some(time), None) => (silent >= timeout.saturating_sub(time)).then_some(Step::Warn),
        (Some(time), Some(warned)) => {
            (silent >= timeout && since(warned) >= time).then_some(Step::Close)
        }
        (None, _) => (silent >= timeout).then_some(Step::Close),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ticket::tests::ticket;

    /// 2026-01-05 17:00 in São Paulo, a Monday; the company closes at 18:00.
    const FIVE: Timestamp = Timestamp::from_micros(1_767_643_200_000_000);

    fn after(minutes: u64) -> Timestamp {
        FIVE.plus(Duration::from_mins(minutes))
    }

    fn silent() -> Ticket {
        Ticket {
            status: TicketStatus::Active,
            awaiting_since: None,
            last_message_at: Some(FIVE),
            ..ticket(1)
        }
    }

    fn step(ticket: &Ticket, settings: &ChatSettings, minutes: u64) -> Option<Step> {
        due(ticket, settings, &settings.calendar(None), Reach::Reachable, after(minutes))
    }

    #[test]
    fn the_warning_comes_first_and_the_closing_keeps_its_distance() {
        let settings = ChatSettings::default();
        let mut ticket = silent();
        assert_eq!(step(&ticket, &settings, 24), None);
        assert_eq!(step(&ticket, &settings, 25), Some(Step::Warn));
        assert_eq!(step(&ticket, &settings, 90), Some(Step::Warn), "late, but first");
        ticket.told.nudged_at = Some(after(25));
        assert_eq!(step(&ticket, &settings, 29), None);
        assert_eq!(step(&ticket, &settings, 30), Some(Step::Close));
        ticket.told.nudged_at = Some(after(90));
        assert_eq!(step(&ticket, &settings, 94), None);
        assert_eq!(step(&ticket, &settings, 95), Some(Step::Close));
        // The agent wrote again after it: it is of another silence.
        ticket.last_message_at = Some(after(91));
        assert_eq!(step(&ticket, &settings, 95), None);
        assert_eq!(step(&ticket, &settings, 116), Some(Step::Warn));
    }

    #[test]
    fn only_the_customers_silence_counts() {
        let settings = ChatSettings::default();
        let waits = Ticket { awaiting_since: Some(FIVE), ..silent() };
        let queued = Ticket { status: TicketStatus::Waiting, ..silent() };
        let closed = Ticket { status: TicketStatus::Closed, ..silent() };
        for ticket in [waits, queued, closed] {
            assert_eq!(step(&ticket, &settings, 10_000), None, "{ticket:?}");
        }
    }

    #[test]
    fn without_a_warning_it_is_closed_at_the_timeout() {
        let silent_at = |settings: &ChatSettings, minutes| step(&silent(), settings, minutes);
        let no_text =
            ChatSettings { inactivity_message: " ".to_owned(), ..ChatSettings::default() };
        let no_time = ChatSettings { inactivity_notice_minutes: 0, ..ChatSettings::default() };
        for settings in [no_text, no_time] {
            assert_eq!(silent_at(&settings, 29), None);
            assert_eq!(silent_at(&settings, 30), Some(Step::Close));
        }
        let settings = ChatSettings::default();
        let calendar = settings.calendar(None);
        let unreachable =
            |minutes| due(&silent(), &settings, &calendar, Reach::Unreachable, after(minutes));
        assert_eq!((unreachable(29), unreachable(30)), (None, Some(Step::Close)));
    }

    #[test]
    fn a_short_timeout_is_halved() {
        let settings = ChatSettings { inactivity_timeout_minutes: 2, ..ChatSettings::default() };
        assert_eq!(step(&silent(), &settings, 0), None);
        assert_eq!(step(&silent(), &settings, 1), Some(Step::Warn));
    }

    #[test]
    fn closed_hours_stop_the_clock_if_so_set() {
        let settings = ChatSettings {
            inactivity_in_hours_only: true,
            inactivity_timeout_minutes: 90,
            ..ChatSettings::default()
        };
        let mut ticket = silent();
        // 60 minutes until closing at 18:00; the next day begins at 8:00, 900 minutes after five.
        assert_eq!(step(&ticket, &settings, 500), None);
        assert_eq!(step(&ticket, &settings, 900 + 24), None);
        assert_eq!(step(&ticket, &settings, 900 + 25), Some(Step::Warn));
        ticket.told.nudged_at = Some(after(900 + 25));
        assert_eq!(step(&ticket, &settings, 900 + 30), Some(Step::Close));
    }
}
