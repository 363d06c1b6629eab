//! The order in which waiting chats are served.

use std::{cmp::Reverse, time::Duration};

use super::{AgentId, CustomerId, DepartmentId, QueueEntryId, TicketId, Timestamp};

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
}

/// How long a customer's last agent is preferred.
pub const STICKY_WINDOW: Duration = Duration::from_hours(24);

impl QueueEntry {
    pub fn is_waiting(&self) -> bool {
        self.assigned_at.is_none() && self.removed_at.is_none()
    }

    pub fn waited(&self, now: Timestamp) -> Duration {
        self.assigned_at.or(self.removed_at).unwrap_or(now).since(self.entered_at)
    }
}

/// The rank of a chat after ageing: one more for every two response targets waited.
pub fn aged_rank(entry: &QueueEntry, response_target_minutes: i64, now: Timestamp) -> i64 {
    let step_micros = response_target_minutes.max(1) * 2 * 60 * 1_000_000;
    let waited = now.micros().saturating_sub(entry.entered_at.micros()).max(0);
    entry.priority.rank() + waited / step_micros
}

/// Sorts waiting chats into the order of service: aged rank, then first come first served.
pub fn order(entries: &mut [&QueueEntry], response_target_minutes: i64, now: Timestamp) {
    entries.sort_by_key(|entry| {
        let rank = aged_rank(entry, response_target_minutes, now);
        (Reverse(rank), entry.entered_at, entry.id)
    });
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

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
        }
    }

    fn served(entries: &[QueueEntry], target_minutes: i64, second: i64) -> Vec<i64> {
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

    proptest! {
        #[test]
        fn nobody_starves(priority in 0_usize..4, later in 0_usize..4, target in 1_i64..120) {
            let all = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];
            let waiting = entry(1, all[priority], 0);
            // Whoever comes later than the bound never goes first again.
            let bound = 3 * 2 * target * 60;
            let newcomer = entry(2, all[later], bound);
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
