//! Who gets the next chat.

use std::cmp::Ordering;

use super::{AgentId, Timestamp};

/// An agent who may be given a chat now: member, active, online, alive. Whether there is room left
/// is decided here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub agent_id: AgentId,
    /// Open tickets over all departments.
    pub load: usize,
    /// Limit of the department that assigns.
    pub capacity: usize,
    /// When the last chat was given to this agent, or when he became available.
    pub idle_since: Timestamp,
}

impl Candidate {
    fn has_room(&self) -> bool {
        self.load < self.capacity
    }

    /// load/capacity without rounding, then longest idle, then id.
    fn compare(&self, other: &Self) -> Ordering {
        (self.load * other.capacity)
            .cmp(&(other.load * self.capacity))
            .then(self.idle_since.cmp(&other.idle_since))
            .then(self.agent_id.cmp(&other.agent_id))
    }
}

/// Chooses among candidates: the sticky agent when within one chat of the least loaded, else the
/// lowest load relative to capacity, then the longest idle, then the smallest id.
pub fn choose(candidates: &[Candidate], sticky: Option<AgentId>) -> Option<AgentId> {
    let with_room = || candidates.iter().filter(|candidate| candidate.has_room());
    let best = with_room().min_by(|a, b| a.compare(b))?;
    let preferred = with_room().find(|candidate| Some(candidate.agent_id) == sticky);
    match preferred {
        Some(candidate) if candidate.load <= best.load + 1 => Some(candidate.agent_id),
        _ => Some(best.agent_id),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(id: i64, load: usize, idle_since: i64) -> Candidate {
        let idle_since = Timestamp::from_micros(idle_since);
        Candidate { agent_id: AgentId(id), load, capacity: 3, idle_since }
    }

    #[test]
    fn table_of_choices() {
        let sticky = Some(AgentId(9));
        let cases = [
            ("nobody there", vec![], None, None),
            ("all full", vec![candidate(1, 3, 0)], None, None),
            ("least loaded", vec![candidate(1, 2, 0), candidate(2, 1, 9)], None, Some(2)),
            ("longest idle", vec![candidate(1, 1, 8), candidate(2, 1, 5)], None, Some(2)),
            ("sticky within one", vec![candidate(1, 1, 0), candidate(9, 2, 0)], sticky, Some(9)),
            ("sticky too loaded", vec![candidate(1, 0, 0), candidate(9, 2, 0)], sticky, Some(1)),
        ];
        for (name, candidates, sticky, expected) in cases {
            assert_eq!(choose(&candidates, sticky), expected.map(AgentId), "{name}");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_chosen_over_capacity(
            loads in prop::collection::vec((0_usize..6, 1_usize..6, 0_i64..9), 0..20), sticky in 0_i64..20,
        ) {
            let candidates: Vec<_> = (0..).zip(&loads).map(|(id, (load, capacity, idle))| Candidate {
                agent_id: AgentId(id), load: *load, capacity: *capacity,
                idle_since: Timestamp::from_micros(*idle),
            }).collect();
            match choose(&candidates, Some(AgentId(sticky))) {
                Some(id) => {
                    let chosen = candidates.iter().find(|c| c.agent_id == id).unwrap();
                    prop_assert!(chosen.load < chosen.capacity);
                }
                None => prop_assert!(candidates.iter().all(|c| c.load >= c.capacity)),
            }
        }
    }
}
