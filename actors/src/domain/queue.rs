//! The order in which waiting chats are served.

use std::{cmp::Reverse, time::Duration};

use super::{
    AgentId, CustomerId, DepartmentId, List, QueueEntryId, SessionId, Skill, TicketId, Timestamp,
    calendar::Calendar, ids::ChatKey,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum Priority {
    Low,
    Normal,
    High,
    Urgent,
}

impl Priority {
    /// The rank before ageing (decisions: urgente > alta > normal > baixa).
    pub const fn rank(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
            Self::Urgent => 3,
        }
    }
}

/// The place of a ticket in a department's queue. It stays when the ticket is assigned
/// (`assigned_at`), so that the time waited is not forgotten.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct QueueEntry {
    pub id: QueueEntryId,
    pub ticket_id: TicketId,
    pub department_id: DepartmentId,
    pub customer_id: CustomerId,
    pub chat_id: String,
    pub phone: String,
    pub first_message: String,
    pub priority: Priority,
    /// The agent who served this customer last, within [`STICKY_WINDOW`] before entering.
    pub sticky_agent_id: Option<AgentId>,
    pub entered_at: Timestamp,
    pub assigned_at: Option<Timestamp>,
    /// Left the queue without being assigned (closed, cancelled).
    pub removed_at: Option<Timestamp>,
    /// What an agent should be good at, the most important first.
    #[sqlx(try_from = "String")]
    pub skills: List<Skill>,
    /// In this department's queue since then.
    pub queued_at: Option<Timestamp>,
    /// Who is asked at present whether he takes it, and until when.
    pub offered_agent_id: Option<AgentId>,
    pub offered_until: Option<Timestamp>,
    /// Who refused it, or let the offer pass.
    #[sqlx(try_from = "String")]
    pub declined_by: List<AgentId>,
    /// Departments that it overflowed from; it never goes back to them by itself.
    #[sqlx(try_from = "String")]
    pub visited: List<DepartmentId>,
    /// A supervisor put it first.
    pub pinned_at: Option<Timestamp>,
    #[sqlx(flatten)]
    pub promise: Promise,
    /// Who had it and gave it into this queue, and until when it does not come back to him by itself.
    pub given_by: Option<AgentId>,
    pub given_until: Option<Timestamp>,
    /// Of the ticket.
    pub session_id: SessionId,
    /// The customer's last message where the network lets one answer for 24 hours only (Cloud API).
    pub window_from: Option<Timestamp>,
}

/// How long a customer's last agent is preferred.
pub const STICKY_WINDOW: Duration = Duration::from_hours(24);

/// The customer-service window of the Cloud API: from the customer's last message on.
pub const REPLY_WINDOW: Duration = Duration::from_hours(24);
/// A window that closes within this time makes a chat go first among its equals.
const WINDOW_CLOSING: Duration = Duration::from_hours(2);

impl QueueEntry {
    pub fn is_waiting(&self) -> bool {
        self.assigned_at.is_none() && self.removed_at.is_none()
    }

    /// Somebody is being asked whether he takes it.
    pub fn is_offered(&self) -> bool {
        self.offered_agent_id.is_some()
    }

    /// Who gave it away lately: not given to him, even if nobody else is there.
    pub fn spared(&self, now: Timestamp) -> Option<AgentId> {
        self.given_by.filter(|_| self.given_until.is_some_and(|until| now < until))
    }

    pub fn waited(&self, now: Timestamp) -> Duration {
        self.assigned_at.or(self.removed_at).unwrap_or(now).since(self.entered_at)
    }

    /// How long it has been in this department's queue.
    pub fn queued(&self, now: Timestamp) -> Duration {
        now.since(self.queued_at.unwrap_or(self.entered_at))
    }

    pub fn chat_key(&self) -> ChatKey {
        ChatKey { session_id: self.session_id, chat_id: self.chat_id.clone() }
    }

    /// How it stands against the promise, or stood when it left the queue.
    pub fn service_level(&self, now: Timestamp) -> ServiceLevel {
        self.promise.level_at(self.assigned_at.or(self.removed_at).unwrap_or(now))
    }

    /// What the order of service is made of. Ageing runs on the wall clock, the promise while it is open.
    pub fn score(&self, response_target_minutes: i64, now: Timestamp) -> Score {
        let level = self.service_level(now);
        let window_ends = self.window_from.map(|from| from.plus(REPLY_WINDOW));
        Score {
            rank: aged_rank(self, response_target_minutes, now),
            window_is_closing: window_ends.is_some_and(|end| end <= now.plus(WINDOW_CLOSING)),
            promise_is_closing: level != ServiceLevel::OnTime,
        }
    }
}

/// What a customer is promised when he enters a department's queue: its response target, in the hours in
/// which it is open (decisions: business hours steer the SLA clock).
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Promise {
    /// Three quarters of the target are gone from then on.
    pub closing_at: Timestamp,
    /// Late is whoever waits for longer than until then.
    pub due_at: Timestamp,
}

impl Promise {
    /// The promise to somebody who has waited since `since`. A target of less than a minute is one minute.
    pub fn new(calendar: &Calendar<'_>, since: Timestamp, response_target_minutes: i64) -> Self {
        let target =
            Duration::from_mins(u64::try_from(response_target_minutes).unwrap_or(1).max(1));
        let (until_closing, rest) = (target * 3 / 4, target / 4);
        let closing_at = calendar.plus_open(since, until_closing);
        // Goes on from there: a night in between is looked at once.
        Self { closing_at, due_at: calendar.plus_open(closing_at, rest) }
    }

    pub fn level_at(&self, at: Timestamp) -> ServiceLevel {
        if at > self.due_at {
            ServiceLevel::Late
        } else if at >= self.closing_at {
            ServiceLevel::Closing
        } else {
            ServiceLevel::OnTime
        }
    }
}

/// How a waiting chat stands against the department's response target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceLevel {
    OnTime,
    /// Three quarters of the target are gone.
    Closing,
    Late,
}

/// The parts of a waiting chat's place; more is served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// Priority, and one more for every two response targets waited.
    pub rank: i64,
    pub window_is_closing: bool,
    pub promise_is_closing: bool,
}

impl Score {
    /// The rank decides; a closing window and a closing promise only among equal ranks.
    pub fn total(self) -> i64 {
        self.rank * 4 + i64::from(self.window_is_closing) * 2 + i64::from(self.promise_is_closing)
    }
}

/// The rank of a chat after ageing: one more for every two response targets waited.
pub fn aged_rank(entry: &QueueEntry, response_target_minutes: i64, now: Timestamp) -> i64 {
    let step_micros = response_target_minutes.max(1) * 2 * 60 * 1_000_000;
    let waited = now.micros().saturating_sub(entry.entered_at.micros()).max(0);
    entry.priority.rank() + waited / step_micros
}

/// Sorts waiting chats into the order of service: those a supervisor put first, then by [`Score`], then
/// first come first served.
pub fn order(entries: &mut [&QueueEntry], response_target_minutes: i64, now: Timestamp) {
    entries.sort_by_cached_key(|entry| {
        let score = entry.score(response_target_minutes, now).total();
        let pinned = (entry.pinned_at.is_none(), entry.pinned_at);
        (pinned, Reverse(score), entry.entered_at, entry.id)
    });
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;
    use crate::domain::settings::{ChatSettings, Interval, OpeningHours};

    pub(crate) fn entry(id: i64, priority: Priority, entered_second: i64) -> QueueEntry {
        QueueEntry {
            id: QueueEntryId(id),
            ticket_id: TicketId(id),
            department_id: DepartmentId(1),
            customer_id: CustomerId(id),
            chat_id: id.to_string(),
            phone: id.to_string(),
            first_message: String::new(),
            priority,
            sticky_agent_id: None,
            entered_at: Timestamp::from_micros(entered_second * 1_000_000),
            assigned_at: None,
            removed_at: None,
            skills: List::default(),
            queued_at: None,
            offered_agent_id: None,
            offered_until: None,
            declined_by: List::default(),
            visited: List::default(),
            pinned_at: None,
            promise: always_open(entered_second, 15),
            given_by: None,
            given_until: None,
            session_id: SessionId(1),
            window_from: None,
        }
    }

    /// What a department promises that never closes.
    fn always_open(since_second: i64, target_minutes: i64) -> Promise {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        Promise {
            closing_at: at(since_second + target_minutes * 45),
            due_at: at(since_second + target_minutes * 60),
        }
    }

    fn served(entries: &[QueueEntry], target_minutes: i64, second: i64) -> Vec<i64> {
        let mut entries = entries.to_vec();
        for entry in &mut entries {
            entry.promise = always_open(entry.entered_at.micros() / 1_000_000, target_minutes);
        }
        let mut order_of = entries.iter().collect::<Vec<_>>();
        order(&mut order_of, target_minutes, Timestamp::from_micros(second * 1_000_000));
        order_of.iter().map(|entry| entry.id.0).collect()
    }

    #[test]
    fn priority_counts_by_meaning_not_by_spelling() {
        use Priority::{High, Low, Normal, Urgent};
        let entries =
            [entry(1, Low, 0), entry(2, Normal, 0), entry(3, High, 0), entry(4, Urgent, 0)];
        assert_eq!(served(&entries, 15, 1), [4, 3, 2, 1]);
    }

    #[test]
    fn equal_ranks_are_served_in_order_of_arrival() {
        let entries = [
            entry(3, Priority::Normal, 5),
            entry(1, Priority::Normal, 9),
            entry(2, Priority::Normal, 5),
        ];
        assert_eq!(served(&entries, 15, 10), [2, 3, 1]);
    }

    #[test]
    fn a_chat_rises_one_rank_for_every_two_targets_waited() {
        let old = entry(1, Priority::Low, 0);
        let now = |minutes: i64| Timestamp::from_micros(minutes * 60 * 1_000_000);
        assert_eq!(aged_rank(&old, 15, now(29)), 0);
        assert_eq!(aged_rank(&old, 15, now(30)), 1);
        assert_eq!(aged_rank(&old, 15, now(90)), 3);
    }

    #[test]
    fn among_equal_ranks_a_closing_window_goes_first() {
        let hours = |count: i64| count * 3600;
        let (first, mut cloud) = (entry(1, Priority::Normal, 0), entry(2, Priority::Normal, 1));
        cloud.window_from = Some(Timestamp::from_micros(0));
        let target = 60 * 24;
        let served_at = |second| served(&[first.clone(), cloud.clone()], target, second);
        assert_eq!(served_at(hours(21)), [1, 2], "three hours are left");
        assert_eq!(served_at(hours(22)), [2, 1], "two hours are left");
        let urgent = entry(3, Priority::High, hours(22));
        assert_eq!(served(&[urgent, cloud], target, hours(22)), [3, 2], "the rank still decides");
    }

    #[test]
    fn whoever_a_supervisor_put_first_is_served_first() {
        let (urgent, mut low) = (entry(1, Priority::Urgent, 0), entry(2, Priority::Low, 5));
        low.pinned_at = Some(Timestamp::from_micros(9_000_000));
        let mut earlier = entry(3, Priority::Low, 6);
        earlier.pinned_at = Some(Timestamp::from_micros(8_000_000));
        assert_eq!(served(&[urgent, low, earlier], 15, 10), [3, 2, 1]);
    }

    #[test]
    fn the_promise_closes_after_three_quarters() {
        let mut waiting = entry(1, Priority::Normal, 0);
        waiting.promise = always_open(0, 10);
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let level = |second| waiting.service_level(at(second));
        assert_eq!(level(449), ServiceLevel::OnTime);
        assert_eq!(level(450), ServiceLevel::Closing);
        assert_eq!(level(600), ServiceLevel::Closing);
        assert_eq!(level(601), ServiceLevel::Late);
        waiting.assigned_at = Some(at(500));
        assert_eq!(waiting.service_level(at(9_000)), ServiceLevel::Closing, "as it was taken");
    }

    /// Ten minutes, asked for five minutes before the end of a Friday before a holiday on Monday.
    #[test]
    fn a_closed_night_is_not_waited_through() {
        let settings = ChatSettings::default();
        let at = Timestamp::from_offset_date_time;
        let asked = at(datetime!(2026-09-04 17:55 -3));
        let promise = Promise::new(&settings.calendar(None), asked, 10);
        assert_eq!(promise.due_at, at(datetime!(2026-09-08 08:05 -3)));
        assert_eq!(promise.closing_at, at(datetime!(2026-09-08 08:02:30 -3)));
        assert_eq!(promise.level_at(at(datetime!(2026-09-07 12:00 -3))), ServiceLevel::OnTime);
        assert_eq!(promise.level_at(at(datetime!(2026-09-08 08:06 -3))), ServiceLevel::Late);
    }

    fn weekdays(intervals: &[Interval]) -> OpeningHours {
        let day = || intervals.to_vec();
        let [monday, tuesday, wednesday, thursday, friday] = std::array::from_fn(|_| day());
        OpeningHours { monday, tuesday, wednesday, thursday, friday, ..OpeningHours::default() }
    }

    proptest! {
        /// Whenever it is open: the level is what the open time that was waited says.
        #[test]
        fn a_promise_counts_open_time(
            start in 0_u16..1_300, length in 10_u16..1_000, target in 1_i64..900,
            asked in 0_i64..20_160, later in 0_i64..20_160,
        ) {
            let interval = Interval { start_minute: start, end_minute: (start + length) % 1_440 };
            let opening_hours = weekdays(&[interval]);
            let settings = ChatSettings { opening_hours, ..ChatSettings::default() };
            let calendar = settings.calendar(None);
            let since = Timestamp::from_micros(1_767_614_400_000_000 + asked * 60_000_000);
            let now = since.plus(Duration::from_mins(u64::try_from(later).unwrap()));
            let promise = Promise::new(&calendar, since, target);
            let minutes = Duration::from_mins(u64::try_from(target).unwrap());
            prop_assert_eq!(promise.due_at, calendar.plus_open(since, minutes));
            prop_assert_eq!(calendar.open_between(since, promise.due_at), minutes);
            let waited = calendar.open_between(since, now);
            let expected = if waited > minutes {
                ServiceLevel::Late
            } else if waited >= minutes * 3 / 4 {
                ServiceLevel::Closing
            } else {
                ServiceLevel::OnTime
            };
            prop_assert!(!calendar.is_open(now) || promise.level_at(now) == expected);
        }

        #[test]
        fn nobody_starves(
            priority in 0_usize..4, later in 0_usize..4, target in 1_i64..120, is_cloud: bool,
        ) {
            let all = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];
            let waiting = entry(1, all[priority], 0);
            // Whoever comes later than the bound never goes first again: four ranks, for the three of
            // the priority and the part that counts among equals.
            let bound = 4 * 2 * target * 60;
            let mut newcomer = entry(2, all[later], bound);
            newcomer.window_from = is_cloud.then_some(Timestamp::from_micros(1));
            for second in [bound, bound + 1, bound * 2, bound * 10] {
                prop_assert_eq!(served(&[newcomer.clone(), waiting.clone()], target, second)[0], 1);
            }
        }

        #[test]
        fn the_order_does_not_depend_on_how_the_list_was_kept(
            mut rows in prop::collection::vec((0_usize..4, 0_i64..5000), 1..40), second in 5000_i64..90_000,
        ) {
            let all = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];
            rows.sort_unstable();
            let entries: Vec<_> =
                (0_i64..).zip(&rows).map(|(id, (p, at))| entry(id, all[*p], *at)).collect();
            let mut shuffled = entries.clone();
            shuffled.reverse();
            prop_assert_eq!(served(&entries, 15, second), served(&shuffled, 15, second));
        }
    }
}
