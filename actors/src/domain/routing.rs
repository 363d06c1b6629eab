//! Who gets the next chat, and why.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{AgentId, DepartmentId, List, Skill, TicketId, Timestamp, queue::Score};

/// Agents that one record names; whoever is beyond is counted.
pub const CONSIDERED_MAX: usize = 20;

/// A member of the department that assigns, and whether he could be given a chat at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub agent_id: AgentId,
    /// Open tickets over all departments.
    pub load: usize,
    /// Limit of the department that assigns.
    pub capacity: usize,
    /// When the last chat was given to this agent, or when he became available.
    pub idle_since: Timestamp,
    pub skills: List<Skill>,
    /// Why he is given nothing at present, whatever the chat; `None` when he is there.
    pub absence: Option<Verdict>,
}

/// What a chat wants of an agent.
#[derive(Debug, Clone, Copy)]
pub struct Demand<'d> {
    /// Whom it would like best.
    pub sticky: Option<AgentId>,
    /// All of these.
    pub skills: &'d [Skill],
    /// Not these, as long as anybody else is there.
    pub declined_by: &'d [AgentId],
    /// Not this one, whoever is there: he has just given it away.
    pub spared: Option<AgentId>,
}

/// What was thought of one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Chosen,
    /// Could have had it, but somebody else was better.
    Eligible,
    NoRoom,
    MissingSkill,
    /// Refused this chat, or let its offer pass.
    Declined,
    /// Has just given this chat away.
    GaveAway,
    Offline,
    Busy,
    Away,
    /// Within the grace time after the last connection.
    Reconnecting,
    /// Deactivated.
    Inactive,
}

impl Candidate {
    fn has_room(&self) -> bool {
        self.load < self.capacity
    }

    fn is_able(&self, skills: &[Skill]) -> bool {
        self.absence.is_none() && skills.iter().all(|skill| self.skills.contains(skill))
    }

    /// load/capacity without rounding, then longest idle, then id.
    fn compare(&self, other: &Self) -> Ordering {
        (self.load * other.capacity)
            .cmp(&(other.load * self.capacity))
            .then(self.idle_since.cmp(&other.idle_since))
            .then(self.agent_id.cmp(&other.agent_id))
    }

    fn judge(&self, demand: Demand<'_>, spares_decliners: bool) -> Verdict {
        if let Some(absence) = self.absence {
            absence
        } else if demand.spared == Some(self.agent_id) {
            Verdict::GaveAway
        } else if !self.is_able(demand.skills) {
            Verdict::MissingSkill
        } else if spares_decliners && demand.declined_by.contains(&self.agent_id) {
            Verdict::Declined
        } else if !self.has_room() {
            Verdict::NoRoom
        } else {
            Verdict::Eligible
        }
    }
}

/// Decliners are spared until everybody who is there and able has declined.
fn spares_decliners(candidates: &[Candidate], demand: Demand<'_>) -> bool {
    let is_asked_first =
        |id: AgentId| !demand.declined_by.contains(&id) && demand.spared != Some(id);
    candidates.iter().any(|c| c.is_able(demand.skills) && is_asked_first(c.agent_id))
}

/// Chooses among the members: the sticky agent when within one chat of the least loaded, else the
/// lowest load relative to capacity, then the longest idle, then the smallest id.
pub fn choose(candidates: &[Candidate], demand: Demand<'_>) -> Option<AgentId> {
    let spares = spares_decliners(candidates, demand);
    let eligible = || candidates.iter().filter(|c| c.judge(demand, spares) == Verdict::Eligible);
    let best = eligible().min_by(|a, b| a.compare(b))?;
    let preferred = eligible().find(|candidate| Some(candidate.agent_id) == demand.sticky);
    match preferred {
        Some(candidate) if candidate.load <= best.load + 1 => Some(candidate.agent_id),
        _ => Some(best.agent_id),
    }
}

/// What was thought of each member: whoever could have it first, and not more than
/// [`CONSIDERED_MAX`]; how many are left out.
pub fn consider(
    candidates: &[Candidate],
    demand: Demand<'_>,
    chosen: Option<AgentId>,
    now: Timestamp,
) -> (Vec<Considered>, usize) {
    let spares = spares_decliners(candidates, demand);
    let verdict = |candidate: &Candidate| {
        let is_chosen = chosen == Some(candidate.agent_id);
        if is_chosen { Verdict::Chosen } else { candidate.judge(demand, spares) }
    };
    let mut judged: Vec<_> = candidates.iter().map(|c| (verdict(c), c)).collect();
    let place = |verdict: Verdict| match verdict {
        Verdict::Chosen => 0,
        Verdict::Eligible => 1,
        Verdict::NoRoom | Verdict::Declined | Verdict::GaveAway | Verdict::MissingSkill => 2,
        _ => 3,
    };
    let order = |(a, x): &(Verdict, &Candidate), (b, y): &(Verdict, &Candidate)| {
        place(*a).cmp(&place(*b)).then_with(|| x.compare(y))
    };
    let omitted = judged.len().saturating_sub(CONSIDERED_MAX);
    if omitted > 0 {
        // Of many only the first are put in order.
        judged.select_nth_unstable_by(CONSIDERED_MAX, order);
        judged.truncate(CONSIDERED_MAX);
    }
    judged.sort_by(order);
    let considered = judged.into_iter().map(|(verdict, candidate)| Considered {
        agent_id: candidate.agent_id.0,
        verdict,
        load: candidate.load,
        capacity: candidate.capacity,
        idle_seconds: match candidate.idle_since {
            Timestamp::EPOCH => None,
            since => Some(now.since(since).as_secs()),
        },
        is_sticky: demand.sticky == Some(candidate.agent_id),
    });
    (considered.collect(), omitted)
}

/// One agent in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    pub agent_id: i64,
    pub verdict: Verdict,
    pub load: usize,
    pub capacity: usize,
    /// Since the last chat was given to him; `None` when there never was one.
    pub idle_seconds: Option<u64>,
    pub is_sticky: bool,
}

/// Why it was decided so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts side by side, not the states of a machine"
)]
pub struct Reasons {
    /// Place in the order of service, from 1; `None` where there was no queue to stand in.
    pub position: Option<usize>,
    pub waited_seconds: u64,
    pub rank: i64,
    pub window_is_closing: bool,
    pub promise_is_closing: bool,
    /// A supervisor had put it first.
    pub is_pinned: bool,
    /// What was asked of the agent, after relaxing.
    pub skills: Vec<String>,
    pub considered: Vec<Considered>,
    /// Members that are not named.
    pub omitted: usize,
    /// Whom it was taken from.
    pub from_agent_id: Option<i64>,
    /// Where it came from.
    pub from_department_id: Option<i64>,
    /// The agent had no room, and a person decided all the same.
    pub is_over_capacity: bool,
}

impl Reasons {
    /// The parts of the chat's place.
    #[must_use]
    pub fn with_score(mut self, score: Score) -> Self {
        self.rank = score.rank;
        self.window_is_closing = score.window_is_closing;
        self.promise_is_closing = score.promise_is_closing;
        self
    }
}

/// What was decided about a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum DecisionKind {
    /// The hub gave it to an agent.
    Assigned,
    /// The hub asked an agent whether he takes it.
    Offered,
    OfferDeclined,
    OfferExpired,
    /// A person took it, or gave it to somebody.
    Accepted,
    Transferred,
    /// A hand-over that nobody took went back.
    TransferReturned,
    /// Its agent is gone.
    Requeued,
    /// It waited too long in the other department.
    Overflowed,
    /// A supervisor put it first.
    Pinned,
}

/// A decision to record, with the change that it led to.
#[derive(Debug, Clone)]
pub struct NewDecision {
    pub kind: DecisionKind,
    pub agent_id: Option<AgentId>,
    /// The person who decided; nobody when the hub did.
    pub decided_by: Option<AgentId>,
    pub reasons: Reasons,
}

/// A decision as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RoutingDecision {
    pub id: i64,
    pub ticket_id: TicketId,
    pub department_id: DepartmentId,
    pub kind: DecisionKind,
    pub agent_id: Option<AgentId>,
    pub decided_by: Option<AgentId>,
    #[sqlx(json, rename = "document")]
    pub reasons: Reasons,
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTHING: Demand<'static> =
        Demand { sticky: None, skills: &[], declined_by: &[], spared: None };

    fn candidate(id: i64, load: usize, idle_since: i64) -> Candidate {
        Candidate {
            agent_id: AgentId(id),
            load,
            capacity: 3,
            idle_since: Timestamp::from_micros(idle_since),
            skills: List::default(),
            absence: None,
        }
    }

    fn skilled(id: i64, load: usize, skills: &str) -> Candidate {
        Candidate { skills: List::from(skills.to_owned()), ..candidate(id, load, 0) }
    }

    #[test]
    fn table_of_choices() {
        let sticky = Demand { sticky: Some(AgentId(9)), ..NOTHING };
        let away = Candidate { absence: Some(Verdict::Away), ..candidate(1, 0, 0) };
        let cases = [
            ("nobody there", vec![], NOTHING, None),
            ("all full", vec![candidate(1, 3, 0)], NOTHING, None),
            ("away", vec![away], NOTHING, None),
            ("least loaded", vec![candidate(1, 2, 0), candidate(2, 1, 9)], NOTHING, Some(2)),
            ("longest idle", vec![candidate(1, 1, 8), candidate(2, 1, 5)], NOTHING, Some(2)),
            ("sticky within one", vec![candidate(1, 1, 0), candidate(9, 2, 0)], sticky, Some(9)),
            ("sticky too loaded", vec![candidate(1, 0, 0), candidate(9, 2, 0)], sticky, Some(1)),
        ];
        for (name, candidates, demand, expected) in cases {
            assert_eq!(choose(&candidates, demand), expected.map(AgentId), "{name}");
        }
    }

    #[test]
    fn whoever_lacks_a_skill_is_passed_over() {
        let agents = [skilled(1, 0, "vendas"), skilled(2, 2, "vendas ingles")];
        let wanted: Vec<Skill> = ["vendas", "ingles"].map(|s| s.parse().unwrap()).into();
        let demand = |skills| Demand { skills, ..NOTHING };
        assert_eq!(choose(&agents, demand(&wanted)), Some(AgentId(2)));
        assert_eq!(choose(&agents, demand(&wanted[..1])), Some(AgentId(1)));
        assert_eq!(choose(&agents[..1], demand(&wanted)), None);
    }

    #[test]
    fn a_decliner_is_asked_again_only_when_everybody_declined() {
        let agents = [candidate(1, 0, 0), candidate(2, 3, 0)];
        let demand = |declined_by| Demand { declined_by, ..NOTHING };
        let (one, both) = ([AgentId(1)], [AgentId(1), AgentId(2)]);
        assert_eq!(choose(&agents, demand(&one)), None, "the other is there, if busy");
        assert_eq!(choose(&agents, demand(&both)), Some(AgentId(1)));
        assert_eq!(choose(&agents[..1], demand(&one)), Some(AgentId(1)));
    }

    #[test]
    fn the_record_names_why_nobody_else_got_it() {
        let agents = [
            Candidate { absence: Some(Verdict::Offline), ..candidate(4, 0, 0) },
            candidate(3, 3, 7),
            candidate(2, 1, 5),
            candidate(1, 0, 0),
        ];
        let now = Timestamp::from_micros(10_000_007);
        let (considered, omitted) = consider(&agents, NOTHING, Some(AgentId(1)), now);
        let shown: Vec<_> = considered.iter().map(|c| (c.agent_id, c.verdict)).collect();
        let expected = [
            (1, Verdict::Chosen),
            (2, Verdict::Eligible),
            (3, Verdict::NoRoom),
            (4, Verdict::Offline),
        ];
        assert_eq!((shown.as_slice(), omitted), (&expected[..], 0));
        assert_eq!((considered[0].idle_seconds, considered[2].idle_seconds), (None, Some(10)));
        let crowd: Vec<_> = (0..50).map(|id| candidate(id, 3, 0)).collect();
        let (named, omitted) = consider(&crowd, NOTHING, None, now);
        assert_eq!((named.len(), omitted), (CONSIDERED_MAX, 30));
    }

    proptest! {
        #[test]
        fn nobody_is_chosen_over_capacity(
            rows in prop::collection::vec(
                (0_usize..6, 1_usize..6, 0_i64..9, any::<bool>(), any::<bool>(), any::<bool>()), 0..20,
            ),
            sticky in 0_i64..20, wants_skill: bool,
        ) {
            let skill: Skill = "vendas".parse().unwrap();
            let candidates: Vec<_> = (0..).zip(&rows).map(|(id, row)| Candidate {
                agent_id: AgentId(id), load: row.0, capacity: row.1,
                idle_since: Timestamp::from_micros(row.2),
                skills: List(row.3.then(|| skill.clone()).into_iter().collect()),
                absence: row.4.then_some(Verdict::Away),
            }).collect();
            let declined: Vec<_> =
                (0..).zip(&rows).filter(|(_, row)| row.5).map(|(id, _)| AgentId(id)).collect();
            let skills = if wants_skill { std::slice::from_ref(&skill) } else { &[] };
            let sticky = Some(AgentId(sticky));
            let demand = Demand { sticky, skills, declined_by: &declined, spared: None };
            if let Some(id) = choose(&candidates, demand) {
                let chosen = candidates.iter().find(|c| c.agent_id == id).unwrap();
                prop_assert!(chosen.load < chosen.capacity && chosen.absence.is_none());
                prop_assert!(!wants_skill || chosen.skills.contains(&skill));
            } else {
                let spares = spares_decliners(&candidates, demand);
                let is_free = |c: &Candidate| c.judge(demand, spares) == Verdict::Eligible;
                prop_assert!(!candidates.iter().any(is_free));
            }
        }

        #[test]
        fn the_choice_does_not_depend_on_the_order_of_the_list(
            loads in prop::collection::vec((0_usize..4, 0_i64..3), 1..12), turn in 0_usize..12,
        ) {
            let candidates: Vec<_> = (0..).zip(&loads)
                .map(|(id, (load, idle))| candidate(id, *load, *idle)).collect();
            let mut turned = candidates.clone();
            turned.rotate_left(turn % loads.len());
            prop_assert_eq!(choose(&candidates, NOTHING), choose(&turned, NOTHING));
        }
    }
}
