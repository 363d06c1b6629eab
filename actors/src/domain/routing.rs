//! Who gets the next chat, and why.

use std::{cmp::Ordering, ops::Not};

use serde::{Deserialize, Serialize, Serializer};

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

/// The members of a department in the order in which they are asked: lowest load relative to capacity, then
/// longest idle, then smallest id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates(Vec<Candidate>);

impl Candidates {
    pub fn new(mut members: Vec<Candidate>) -> Self {
        members.sort_unstable_by(Candidate::compare);
        Self(members)
    }

    /// Somebody could be given one more chat, if it asked for nothing.
    pub fn have_room(&self) -> bool {
        self.0.iter().any(|one| one.absence.is_none() && one.has_room())
    }

    /// The sticky agent when within one chat of the best one, else the best one: the first of those who may
    /// have it.
    pub fn choose(&self, demand: Demand<'_>) -> Option<AgentId> {
        let spares = self.spare_decliners(demand);
        let is_eligible = |one: &&Candidate| one.judge(demand, spares) == Verdict::Eligible;
        let best = self.0.iter().find(is_eligible)?;
        let sticky = demand.sticky.and_then(|id| self.0.iter().find(|one| one.agent_id == id));
        match sticky.filter(is_eligible) {
            Some(sticky) if sticky.load <= best.load + 1 => Some(sticky.agent_id),
            _ => Some(best.agent_id),
        }
    }

    /// What was thought of each: whoever could have it first, and not more than [`CONSIDERED_MAX`]; how many
    /// are left out.
    pub fn consider(
        &self,
        demand: Demand<'_>,
        chosen: Option<AgentId>,
        now: Timestamp,
    ) -> (Vec<Considered>, usize) {
        let spares = self.spare_decliners(demand);
        let judge = |one: &Candidate| {
            let is_chosen = chosen == Some(one.agent_id);
            if is_chosen { Verdict::Chosen } else { one.judge(demand, spares) }
        };
        let judged = || self.0.iter().map(|one| (judge(one), one));
        // Of many only as many are judged as are named.
        let first = judged().filter(|(verdict, _)| *verdict == Verdict::Chosen).take(1);
        let others = [Place::Eligible, Place::Present, Place::Absent].into_iter();
        let others =
            others.flat_map(|at| judged().filter(move |(verdict, _)| verdict.place() == at));
        let considered =
            first.chain(others).take(CONSIDERED_MAX).map(|(verdict, one)| Considered {
                agent_id: one.agent_id.0,
                verdict,
                load: one.load,
                capacity: one.capacity,
                idle_seconds: match one.idle_since {
                    Timestamp::EPOCH => None,
                    since => Some(now.since(since).as_secs()),
                },
                is_sticky: demand.sticky == Some(one.agent_id),
            });
        (considered.collect(), self.0.len().saturating_sub(CONSIDERED_MAX))
    }

    /// One of them has been given a chat: he is asked later.
    pub fn charge(&mut self, id: AgentId, now: Timestamp) {
        let Some(place) = self.0.iter().position(|one| one.agent_id == id) else { return };
        self.0[place].load += 1;
        self.0[place].idle_since = now;
        let (charged, behind) = (&self.0[place], &self.0[place + 1..]);
        let passed = behind.partition_point(|other| other.compare(charged).is_lt());
        self.0[place..=place + passed].rotate_left(1);
    }

    /// Decliners are spared until everybody who is there and able has declined.
    fn spare_decliners(&self, demand: Demand<'_>) -> bool {
        let is_asked_first =
            |id: AgentId| !demand.declined_by.contains(&id) && demand.spared != Some(id);
        self.0.iter().any(|one| one.is_able(demand.skills) && is_asked_first(one.agent_id))
    }
}

/// In which part of a record somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Chosen,
    Eligible,
    /// There, but not for this chat.
    Present,
    Absent,
}

impl Verdict {
    const fn place(self) -> Place {
        match self {
            Self::Chosen => Place::Chosen,
            Self::Eligible => Place::Eligible,
            Self::NoRoom | Self::Declined | Self::GaveAway | Self::MissingSkill => Place::Present,
            Self::Offline | Self::Busy | Self::Away | Self::Reconnecting | Self::Inactive => {
                Place::Absent
            }
        }
    }
}

/// One agent in a record. Stored as a list without names, for each record has up to [`CONSIDERED_MAX`]; older
/// records have objects, and both can be read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Considered {
    pub agent_id: i64,
    pub verdict: Verdict,
    pub load: usize,
    pub capacity: usize,
    /// Since the last chat was given to him; `None` when there never was one.
    pub idle_seconds: Option<u64>,
    pub is_sticky: bool,
}

impl Serialize for Considered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { agent_id, verdict, load, capacity, idle_seconds, is_sticky } = self;
        (agent_id, verdict, load, capacity, idle_seconds, is_sticky).serialize(serializer)
    }
}

/// Why it was decided so. What is not so is not stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts side by side, not the states of a machine"
)]
pub struct Reasons {
    /// Place in the order of service, from 1; `None` where there was no queue to stand in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    pub waited_seconds: u64,
    pub rank: i64,
    #[serde(skip_serializing_if = "Not::not")]
    pub window_is_closing: bool,
    #[serde(skip_serializing_if = "Not::not")]
    pub promise_is_closing: bool,
    /// A supervisor had put it first.
    #[serde(skip_serializing_if = "Not::not")]
    pub is_pinned: bool,
    /// What was asked of the agent, after relaxing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    pub considered: Vec<Considered>,
    /// Members that are not named.
    pub omitted: usize,
    /// Whom it was taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_agent_id: Option<i64>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_department_id: Option<i64>,
    /// The agent had no room, and a person decided all the same.
    #[serde(skip_serializing_if = "Not::not")]
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

    fn choose(members: Vec<Candidate>, demand: Demand<'_>) -> Option<AgentId> {
        Candidates::new(members).choose(demand)
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
            assert_eq!(choose(candidates, demand), expected.map(AgentId), "{name}");
        }
    }

    #[test]
    fn whoever_lacks_a_skill_is_passed_over() {
        let agents = [skilled(1, 0, "vendas"), skilled(2, 2, "vendas ingles")];
        let wanted: Vec<Skill> = ["vendas", "ingles"].map(|s| s.parse().unwrap()).into();
        let demand = |skills| Demand { skills, ..NOTHING };
        assert_eq!(choose(agents.to_vec(), demand(&wanted)), Some(AgentId(2)));
        assert_eq!(choose(agents.to_vec(), demand(&wanted[..1])), Some(AgentId(1)));
        assert_eq!(choose(agents[..1].to_vec(), demand(&wanted)), None);
    }

    #[test]
    fn a_decliner_is_asked_again_only_when_everybody_declined() {
        let agents = [candidate(1, 0, 0), candidate(2, 3, 0)];
        let demand = |declined_by| Demand { declined_by, ..NOTHING };
        let (one, both) = ([AgentId(1)], [AgentId(1), AgentId(2)]);
        assert_eq!(choose(agents.to_vec(), demand(&one)), None, "the other is there, if busy");
        assert_eq!(choose(agents.to_vec(), demand(&both)), Some(AgentId(1)));
        assert_eq!(choose(agents[..1].to_vec(), demand(&one)), Some(AgentId(1)));
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
        let agents = Candidates::new(agents.to_vec());
        let (considered, omitted) = agents.consider(NOTHING, Some(AgentId(1)), now);
        let shown: Vec<_> = considered.iter().map(|c| (c.agent_id, c.verdict)).collect();
        let expected = [
            (1, Verdict::Chosen),
            (2, Verdict::Eligible),
            (3, Verdict::NoRoom),
            (4, Verdict::Offline),
        ];
        assert_eq!((shown.as_slice(), omitted), (&expected[..], 0));
        assert_eq!((considered[0].idle_seconds, considered[2].idle_seconds), (None, Some(10)));
        let crowd = Candidates::new((0..50).map(|id| candidate(id, 3, 0)).collect());
        let (named, omitted) = crowd.consider(NOTHING, None, now);
        assert_eq!((named.len(), omitted), (CONSIDERED_MAX, 30));
    }

    #[test]
    fn records_of_older_versions_can_be_read() {
        let old = r#"{"position":3,"waited_seconds":9,"considered":[{"agent_id":7,"verdict":"no_room",
            "load":5,"capacity":5,"idle_seconds":null,"is_sticky":true}],"omitted":2}"#;
        let reasons: Reasons = serde_json::from_str(old).unwrap();
        let considered = Considered {
            agent_id: 7,
            verdict: Verdict::NoRoom,
            load: 5,
            capacity: 5,
            idle_seconds: None,
            is_sticky: true,
        };
        assert_eq!(reasons.considered, [considered]);
        let new = serde_json::to_string(&reasons).unwrap();
        assert!(new.contains(r#"[[7,"no_room",5,5,null,true]]"#), "{new}");
        assert_eq!(serde_json::from_str::<Reasons>(&new).unwrap(), reasons);
        let nothing = serde_json::to_string(&Reasons::default()).unwrap();
        assert_eq!(nothing, r#"{"waited_seconds":0,"rank":0,"considered":[],"omitted":0}"#);
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
            let sorted = Candidates::new(candidates.clone());
            if let Some(id) = sorted.choose(demand) {
                let chosen = candidates.iter().find(|c| c.agent_id == id).unwrap();
                prop_assert!(chosen.load < chosen.capacity && chosen.absence.is_none());
                prop_assert!(!wants_skill || chosen.skills.contains(&skill));
            } else {
                let spares = sorted.spare_decliners(demand);
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
            prop_assert_eq!(Candidates::new(candidates), Candidates::new(turned));
        }

        #[test]
        fn whoever_is_charged_takes_the_place_that_he_has_by_then(
            loads in prop::collection::vec((0_usize..4, 0_i64..3), 1..12),
            charged in prop::collection::vec(0_i64..13, 1..20),
        ) {
            let candidates: Vec<_> = (0..).zip(&loads)
                .map(|(id, (load, idle))| candidate(id, *load, *idle)).collect();
            let mut candidates = Candidates::new(candidates);
            for (at, id) in (3..).zip(charged) {
                candidates.charge(AgentId(id), Timestamp::from_micros(at));
                prop_assert_eq!(Candidates::new(candidates.0.clone()), candidates.clone());
            }
        }

        #[test]
        fn a_record_names_the_first_by_what_was_thought_of_them(
            rows in prop::collection::vec((0_usize..5, 0_i64..3, any::<bool>(), any::<bool>()), 0..60),
            chosen in 0_i64..80,
        ) {
            let candidates: Vec<_> = (0..).zip(&rows).map(|(id, row)| Candidate {
                absence: row.2.then_some(Verdict::Busy), ..candidate(id, row.0, row.1)
            }).collect();
            let declined: Vec<_> =
                (0..).zip(&rows).filter(|(_, row)| row.3).map(|(id, _)| AgentId(id)).collect();
            let demand = Demand { declined_by: &declined, ..NOTHING };
            let candidates = Candidates::new(candidates);
            let chosen = Some(AgentId(chosen));
            let (named, omitted) = candidates.consider(demand, chosen, Timestamp::EPOCH);
            let spares = candidates.spare_decliners(demand);
            let place = |one: &Candidate| match one.judge(demand, spares) {
                _ if chosen == Some(one.agent_id) => 0,
                Verdict::Eligible => 1,
                Verdict::NoRoom | Verdict::Declined => 2,
                _ => 3,
            };
            let mut expected: Vec<_> = candidates.0.iter().collect();
            expected.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.compare(b)));
            let expected: Vec<_> =
                expected.iter().take(CONSIDERED_MAX).map(|one| one.agent_id.0).collect();
            prop_assert_eq!(omitted, rows.len() - expected.len());
            let named: Vec<_> = named.iter().map(|one| one.agent_id).collect();
            prop_assert_eq!(named, expected);
        }
    }
}
