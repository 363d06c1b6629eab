//! Departments: who serves what, how many chats at once, how fast.

use std::time::Duration;

use super::{AgentId, DepartmentId, List, Timestamp, settings::OpeningHours};

/// A department with its members.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Department {
    pub id: DepartmentId,
    pub name: String,
    pub description: String,
    /// `#RRGGBB`.
    pub color: String,
    /// Open chats that one agent may have before automatic assignment passes him over.
    pub capacity: i64,
    /// Minutes within which a customer should get an answer.
    pub response_target_minutes: i64,
    pub is_active: bool,
    /// Its own hours; `None` keeps the company's.
    #[sqlx(json(nullable))]
    pub opening_hours: Option<OpeningHours>,
    #[sqlx(flatten)]
    pub routing: RoutingRules,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[sqlx(skip)]
    pub members: Vec<AgentId>,
}

/// Whether a waiting chat is given to an agent, or offered to him first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum AssignmentMode {
    #[default]
    Assign,
    Offer,
}

impl AssignmentMode {
    /// Its word in the rows and in the audit trail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Offer => "offer",
        }
    }
}

/// How a department's waiting chats find an agent.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RoutingRules {
    #[sqlx(rename = "assignment_mode")]
    pub mode: AssignmentMode,
    /// How long an offer stands.
    pub offer_seconds: i64,
    /// Offers in a row that an agent lets pass before he is set away.
    pub offer_timeouts_max: i64,
    /// Seconds of waiting after which the last, the last two, … skills are no longer asked for; after
    /// the last of them none is.
    #[sqlx(try_from = "String")]
    pub skill_waits: List<i64>,
    /// Where chats go that waited here for [`Self::overflow_wait_seconds`].
    pub overflow_department_id: Option<DepartmentId>,
    pub overflow_wait_seconds: i64,
    /// A hand-over that nobody has taken for so long goes back; 0: never.
    pub transfer_return_seconds: i64,
}

impl Default for RoutingRules {
    fn default() -> Self {
        Self {
            mode: AssignmentMode::Assign,
            offer_seconds: 30,
            offer_timeouts_max: 3,
            skill_waits: List(vec![60, 180]),
            overflow_department_id: None,
            overflow_wait_seconds: 600,
            transfer_return_seconds: 600,
        }
    }
}

impl RoutingRules {
    /// How many of a chat's skills are asked for after it has waited so long: the first ones.
    pub fn skills_asked(&self, skills: usize, waited: Duration) -> usize {
        let waited = i64::try_from(waited.as_secs()).unwrap_or(i64::MAX);
        let passed = self.skill_waits.0.iter().filter(|wait| **wait <= waited).count();
        if passed == self.skill_waits.0.len() && passed > 0 {
            return 0;
        }
        skills.saturating_sub(passed)
    }

    /// How long an offer stands.
    pub fn offer_time(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.offer_seconds).unwrap_or(1))
    }

    /// How long a hand-over may lie; `None`: for ever.
    pub fn return_time(&self) -> Option<Duration> {
        let seconds = u64::try_from(self.transfer_return_seconds).ok()?;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// How long a chat waits before it goes to another department, and to which.
    pub fn overflow(&self) -> Option<(DepartmentId, Duration)> {
        let to = self.overflow_department_id?;
        Some((to, Duration::from_secs(u64::try_from(self.overflow_wait_seconds).unwrap_or(1))))
    }
}

/// What may change on the rules; `None` leaves the value as it is.
#[derive(Debug, Clone, Default)]
pub struct RoutingChanges {
    pub mode: Option<AssignmentMode>,
    pub offer_seconds: Option<i64>,
    pub offer_timeouts_max: Option<i64>,
    pub skill_waits: Option<List<i64>>,
    /// `Some(None)` takes it away.
    pub overflow_department_id: Option<Option<DepartmentId>>,
    pub overflow_wait_seconds: Option<i64>,
    pub transfer_return_seconds: Option<i64>,
}

/// Follows the way of a chat that overflows from department to department; the first one that it would
/// come to again, if there is one.
pub fn overflow_cycle(
    from: DepartmentId,
    next: impl Fn(DepartmentId) -> Option<DepartmentId>,
) -> Option<DepartmentId> {
    let mut visited = vec![from];
    let mut at = from;
    while let Some(to) = next(at) {
        if visited.contains(&to) {
            return Some(to);
        }
        visited.push(to);
        at = to;
    }
    None
}

/// What it takes to create a department.
#[derive(Debug, Clone)]
pub struct NewDepartment {
    pub name: String,
    pub description: String,
    pub color: String,
    pub capacity: i64,
    pub response_target_minutes: i64,
    pub is_active: bool,
    pub opening_hours: Option<OpeningHours>,
    pub routing: RoutingRules,
    pub members: Vec<AgentId>,
}

/// What may change on a department; `None` leaves the value as it is.
#[derive(Debug, Clone, Default)]
pub struct DepartmentChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    pub color: Option<String>,
    pub capacity: Option<i64>,
    pub response_target_minutes: Option<i64>,
    pub is_active: Option<bool>,
    /// `Some(None)` goes back to the company's.
    pub opening_hours: Option<Option<OpeningHours>>,
    pub routing: RoutingChanges,
    pub members: Option<Vec<AgentId>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skills_are_dropped_from_the_end_ring_by_ring() {
        let rules = RoutingRules::default();
        let asked = |seconds| rules.skills_asked(3, Duration::from_secs(seconds));
        assert_eq!([asked(0), asked(59), asked(60), asked(179), asked(180)], [3, 3, 2, 2, 0]);
        let strict = RoutingRules { skill_waits: List::default(), ..rules };
        assert_eq!(strict.skills_asked(2, Duration::from_hours(9)), 2, "never relaxed");
    }

    #[test]
    fn a_chain_that_comes_back_is_found() {
        let chain = |pairs: &'static [(i64, i64)]| {
            move |id: DepartmentId| {
                pairs.iter().find(|(from, _)| *from == id.0).map(|(_, to)| DepartmentId(*to))
            }
        };
        assert_eq!(overflow_cycle(DepartmentId(1), chain(&[(1, 2), (2, 3)])), None);
        assert_eq!(overflow_cycle(DepartmentId(1), chain(&[(1, 1)])), Some(DepartmentId(1)));
        let round = chain(&[(1, 2), (2, 3), (3, 2)]);
        assert_eq!(overflow_cycle(DepartmentId(1), round), Some(DepartmentId(2)));
    }
}
