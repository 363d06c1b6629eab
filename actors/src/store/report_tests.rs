//! Reports against a computation that takes nothing from the database: random tickets with everything
//! that can happen to them, counted by hand.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io::Write,
    time::{Duration, Instant},
};

use time::{Date, macros::date};

use super::{sql::Sql, tests::seeded, *};
use crate::{
    both_databases,
    clock::Clock,
    domain::{
        AgentId, DecisionKind, DepartmentId, Direction, List, NewAgent, NewDepartment, Reasons,
        Role, RoutingRules, TicketStatus, Timestamp,
        report::{Days, Durations, Figures, ReportGrouping, ReportKey},
        time::SAO_PAULO,
    },
    testing::TestDatabase,
};

both_databases!(reports_are_what_counting_by_hand_gives);

const FIRST: Date = date!(2026 - 01 - 01);
/// Rows of one statement.
const ROWS_MAX: usize = 200;
const TARGETS: [u64; 3] = [1, 10, 60];

/// The same numbers in every run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        let place = self.below(u64::try_from(values.len()).unwrap());
        values[usize::try_from(place).unwrap()]
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// Up to so many seconds.
    fn seconds(&mut self, max: u64) -> Duration {
        Duration::from_micros(self.below(max * 1_000_000) + 1)
    }
}

struct Stretch {
    department: DepartmentId,
    agent: Option<AgentId>,
    start: Timestamp,
    end: Option<Timestamp>,
}

struct Said {
    at: Timestamp,
    direction: Direction,
    is_automatic: bool,
    agent: Option<AgentId>,
}

/// One ticket with all that happened to it.
struct Story {
    created: Timestamp,
    /// Until when the first answer was promised.
    due: Timestamp,
    stretches: Vec<Stretch>,
    status: TicketStatus,
    closed: Option<Timestamp>,
    is_auto_closed: bool,
    first_answer: Option<Timestamp>,
    rating: Option<i64>,
    said: Vec<Said>,
    /// At, from, to.
    transfers: Vec<(Timestamp, usize, usize)>,
    /// At, department, agent, what became of it.
    offers: Vec<(Timestamp, DepartmentId, AgentId, DecisionKind)>,
}

struct Staff {
    departments: Vec<DepartmentId>,
    agents: Vec<AgentId>,
}

impl Story {
    fn new(random: &mut Random, staff: &Staff, days: u64) -> Self {
        let start = Days { first: FIRST, last: FIRST }.from();
        let mut now = start.plus(random.seconds(days * 86_400));
        let department = random.one_of(&staff.departments);
        let mut story = Self {
            created: now,
            due: now.plus(Duration::from_mins(random.one_of(&TARGETS))),
            stretches: vec![Stretch { department, agent: None, start: now, end: None }],
            status: TicketStatus::Waiting,
            closed: None,
            is_auto_closed: false,
            first_answer: None,
            rating: None,
            said: vec![],
            transfers: vec![],
            offers: vec![],
        };
        story.say(now, Direction::Inbound, false, None);
        for _ in 0..random.below(7) {
            now = now.plus(random.seconds(900));
            story.go_on(random, staff, now);
        }
        if random.percent(85) {
            let end = now.plus(random.seconds(5000));
            story.end(random, end);
        }
        story
    }

    fn go_on(&mut self, random: &mut Random, staff: &Staff, now: Timestamp) {
        let last = self.stretches.last().unwrap();
        let (department, owner) = (last.department, last.agent);
        let agent = random.one_of(&staff.agents);
        match (random.below(6), owner) {
            (0, _) => self.say(now, Direction::Inbound, false, None),
            (1, _) => self.say(now, Direction::Outbound, true, None),
            (2, None) => {
                self.offers.push((now, department, agent, DecisionKind::Offered));
                let kind = match random.below(3) {
                    0 => DecisionKind::OfferDeclined,
                    1 => DecisionKind::OfferExpired,
                    _ => return self.follow(department, Some(agent), now),
                };
                self.offers.push((now.plus(Duration::from_secs(20)), department, agent, kind));
            }
            (_, None) => self.follow(department, Some(agent), now),
            (2, Some(_)) => {
                let to = random.one_of(&staff.departments);
                let from = self.stretches.len() - 1;
                self.follow(to, random.percent(60).then_some(agent), now);
                self.transfers.push((now, from, self.stretches.len() - 1));
            }
            (3, Some(_)) if random.percent(40) => self.follow(department, None, now),
            (_, Some(owner)) => {
                self.first_answer.get_or_insert(now);
                self.say(now, Direction::Outbound, false, Some(owner));
            }
        }
    }

    fn say(
        &mut self,
        at: Timestamp,
        direction: Direction,
        is_automatic: bool,
        agent: Option<AgentId>,
    ) {
        self.said.push(Said { at, direction, is_automatic, agent });
    }

    fn follow(&mut self, department: DepartmentId, agent: Option<AgentId>, now: Timestamp) {
        let last = self.stretches.last_mut().unwrap();
        if (last.department, last.agent) == (department, agent) {
            return;
        }
        last.end = Some(now);
        self.stretches.push(Stretch { department, agent, start: now, end: None });
        if agent.is_some() {
            self.status = TicketStatus::Active;
        }
    }

    fn end(&mut self, random: &mut Random, now: Timestamp) {
        let last = self.stretches.last_mut().unwrap();
        last.end = Some(now);
        self.closed = Some(now);
        let is_cancelled = last.agent.is_none() && random.percent(40);
        self.status = if is_cancelled { TicketStatus::Cancelled } else { TicketStatus::Closed };
        self.is_auto_closed = !is_cancelled && random.percent(20);
        self.rating = random.percent(30).then(|| i64::try_from(random.below(5)).unwrap() + 1);
    }

    /// With whom it was then.
    fn at(&self, at: Timestamp) -> &Stretch {
        self.stretches.iter().rfind(|s| s.start <= at).unwrap_or(&self.stretches[0])
    }

    fn owned(&self) -> impl DoubleEndedIterator<Item = &Stretch> {
        self.stretches.iter().filter(|stretch| stretch.agent.is_some())
    }
}

/// Counts by hand.
struct Counter<'f> {
    filter: &'f ReportFilter,
    lines: BTreeMap<ReportKey, Figures>,
    waits: BTreeMap<ReportKey, Vec<i64>>,
    answers: BTreeMap<ReportKey, Vec<i64>>,
    handled: HashSet<(ReportKey, usize)>,
}

impl Counter<'_> {
    /// The line in which something is counted, if it is.
    fn key(
        &self,
        at: Timestamp,
        department: DepartmentId,
        agent: Option<AgentId>,
    ) -> Option<ReportKey> {
        let filter = self.filter;
        let day = at.to_offset_date_time().to_offset(SAO_PAULO).date();
        let is_in_scope = match &filter.scope {
            Scope::All => true,
            Scope::Departments(me, ids) => agent == Some(*me) || ids.contains(&department),
            Scope::Own(me) | Scope::OwnAndWaiting(me, _) => agent == Some(*me),
        };
        let is_wanted = is_in_scope
            && (filter.days.first..=filter.days.last).contains(&day)
            && filter.department_id.is_none_or(|id| id == department)
            && filter.agent_id.is_none_or(|id| Some(id) == agent);
        is_wanted.then_some(())?;
        Some(match filter.grouping {
            ReportGrouping::Total => ReportKey::Total,
            ReportGrouping::Day => ReportKey::Day(day),
            ReportGrouping::Department => ReportKey::Department(department),
            ReportGrouping::Agent => ReportKey::Agent(agent?),
        })
    }

    fn add(
        &mut self,
        at: Timestamp,
        department: DepartmentId,
        agent: Option<AgentId>,
        count: impl FnOnce(&mut Figures),
    ) -> Option<ReportKey> {
        let key = self.key(at, department, agent)?;
        count(self.lines.entry(key).or_default());
        Some(key)
    }

    fn story(&mut self, number: usize, story: &Story) {
        let (first, last) = (&story.stretches[0], story.stretches.last().unwrap());
        let took = |to: Timestamp| to.micros() - story.created.micros();
        let first_owner = story.owned().next();
        let owner = first_owner.and_then(|stretch| stretch.agent);
        self.add(story.created, first.department, owner, |f| f.opened += 1);
        if let Some(stretch) = first_owner {
            let key = self.add(stretch.start, stretch.department, owner, |_| {});
            if let Some(key) = key {
                self.waits.entry(key).or_default().push(took(stretch.start));
            }
        }
        if let Some(at) = story.first_answer {
            let stretch = story.at(at);
            let is_met = at <= story.due;
            let key = self.add(at, stretch.department, stretch.agent, |f| {
                f.sla_total += 1;
                f.sla_met += i64::from(is_met);
            });
            if let Some(key) = key {
                self.answers.entry(key).or_default().push(took(at));
            }
        }
        for stretch in story.owned() {
            let Some(end) = stretch.end else { continue };
            let key = self.add(end, stretch.department, stretch.agent, |f| {
                f.handled_micros += end.micros() - stretch.start.micros();
            });
            if let Some(key) = key
                && self.handled.insert((key, number))
            {
                self.lines.get_mut(&key).unwrap().handled += 1;
            }
        }
        let Some(closed) = story.closed else { return };
        if story.status == TicketStatus::Closed {
            self.add(closed, last.department, last.agent, |f| {
                f.closed += 1;
                f.auto_closed += i64::from(story.is_auto_closed);
            });
        }
        if owner.is_none() {
            self.add(closed, last.department, None, |f| f.abandoned += 1);
        }
        if story.first_answer.is_none() && closed > story.due {
            self.add(closed, last.department, last.agent, |f| f.sla_total += 1);
        }
        if let Some(rating) = story.rating {
            let place = usize::try_from(rating).unwrap() - 1;
            let nobody = owner.is_none().then_some((last.department, None));
            let had_it = story.owned().map(|stretch| (stretch.department, stretch.agent));
            let keys: BTreeSet<_> = had_it
                .chain(nobody)
                .filter_map(|(department, agent)| self.key(closed, department, agent))
                .collect();
            for key in keys {
                self.lines.entry(key).or_default().ratings[place] += 1;
            }
        }
    }

    fn traffic(&mut self, story: &Story) {
        for said in &story.said {
            let stretch = story.at(said.at);
            let is_inbound = said.direction == Direction::Inbound;
            let agent = if is_inbound { stretch.agent } else { said.agent };
            self.add(said.at, stretch.department, agent, |f| {
                match (is_inbound, said.is_automatic) {
                    (true, _) => f.messages_in += 1,
                    (false, true) => f.messages_automatic += 1,
                    (false, false) => f.messages_out += 1,
                }
            });
        }
        for (at, from, to) in &story.transfers {
            let (from, to) = (&story.stretches[*from], &story.stretches[*to]);
            self.add(*at, from.department, from.agent, |f| f.transfers_out += 1);
            self.add(*at, to.department, to.agent, |f| f.transfers_in += 1);
        }
        for (at, department, agent, kind) in &story.offers {
            self.add(*at, *department, Some(*agent), |f| match kind {
                DecisionKind::OfferDeclined => f.offers_declined += 1,
                DecisionKind::OfferExpired => f.offers_expired += 1,
                _ => f.offers_made += 1,
            });
        }
    }

    fn finish(mut self) -> BTreeMap<ReportKey, Figures> {
        for (key, values) in std::mem::take(&mut self.waits) {
            self.lines.get_mut(&key).unwrap().wait = durations(values);
        }
        for (key, values) in std::mem::take(&mut self.answers) {
            self.lines.get_mut(&key).unwrap().first_answer = durations(values);
        }
        self.lines
    }
}

#[expect(clippy::cast_precision_loss, reason = "weeks in tenths of microseconds are exact")]
fn durations(mut values: Vec<i64>) -> Durations {
    values.sort_unstable();
    let place = |tenths: usize| {
        let steps = tenths * (values.len() - 1);
        let (low, high) = (values[steps / 10], values[steps.div_ceil(10)]);
        let tenths = low * 10 + (high - low) * i64::try_from(steps % 10).unwrap();
        Some(tenths as f64 / 10.0)
    };
    Durations {
        count: i64::try_from(values.len()).unwrap(),
        total_micros: values.iter().sum(),
        p50_micros: place(5),
        p90_micros: place(9),
    }
}

async fn hire(store: &Store, now: Timestamp) -> Staff {
    let mut staff = Staff { departments: vec![], agents: vec![] };
    for n in 0..3 {
        let new = NewDepartment {
            name: format!("Setor {n}"),
            description: String::new(),
            color: "#10B981".to_owned(),
            capacity: 5,
            response_target_minutes: 15,
            is_active: true,
            opening_hours: None,
            routing: RoutingRules::default(),
            members: vec![],
        };
        staff.departments.push(store.insert_department(new, None, now).await.unwrap().id);
    }
    for n in 0..5 {
        let new = NewAgent {
            username: format!("pessoa{n}"),
            email: String::new(),
            display_name: String::new(),
            phone_number: String::new(),
            role: Role::Agent,
            is_active: true,
            skills: List::default(),
            password_hash: String::new(),
            departments: vec![],
        };
        staff.agents.push(store.insert_agent(new, None, now).await.unwrap().id);
    }
    staff
}

/// Rows that are inserted many at once.
async fn insert_all<T: Send + Sync + 'static>(
    store: &Store,
    head: &'static str,
    rows: Vec<T>,
    push: impl Fn(Sql, &T) -> Sql + Send + Sync + 'static,
) {
    store
        .unit(unit!(tx => {
            for chunk in rows.chunks(ROWS_MAX) {
                let mut insert = sql(head);
                let mut separator = " VALUES (";
                for row in chunk {
                    insert = push(insert.push(separator), row).push(")");
                    separator = ", (";
                }
                tx.run(insert).await?;
            }
            Ok(())
        }))
        .await
        .unwrap();
}

/// Writes the stories as the hub would have; the n-th one is ticket n + 1.
async fn tell(store: &Store, stories: &[Story]) {
    let now = stories[0].created;
    store.insert_customer("Ana".to_owned(), None, None, now).await.unwrap();
    let id = |n: usize| i64::try_from(n).unwrap() + 1;
    let tickets = stories.iter().enumerate().map(|(n, story)| {
        let last = story.stretches.last().unwrap();
        let dates = (story.created, story.first_answer, story.closed, story.due);
        (
            id(n),
            last.department,
            last.agent,
            story.status,
            dates,
            story.rating,
            story.is_auto_closed,
        )
    });
    let head = "INSERT INTO tickets (id, session_id, customer_id, phone, rating_comment, notes, \
         priority, version, customer_messages, agent_messages, chat_id, department_id, agent_id, \
         status, created_at, updated_at, first_response_at, closed_at, answer_due_at, rating, \
         is_auto_closed)";
    insert_all(store, head, tickets.collect(), |sql, row| {
        let (id, department, agent, status, (created, answer, closed, due), rating, is_auto) = row;
        sql.push_bind("", *id)
            .push(", 1, 1, '', '', '', 'normal', 1, 0, 0")
            .push_bind(", ", format!("chat{id}"))
            .push_bind(", ", *department)
            .push_bind(", ", *agent)
            .push_bind(", ", *status)
            .push_bind(", ", *created)
            .push_bind(", ", *created)
            .push_bind(", ", *answer)
            .push_bind(", ", *closed)
            .push_bind(", ", *due)
            .push_bind(", ", *rating)
            .push_bind(", ", *is_auto)
    })
    .await;
    let stretches = stories.iter().enumerate().flat_map(|(n, story)| {
        story.stretches.iter().map(move |s| (id(n), s.department, s.agent, s.start, s.end))
    });
    let head = "INSERT INTO ticket_segments \
         (ticket_id, department_id, agent_id, started_at, ended_at)";
    insert_all(store, head, stretches.collect(), |sql, row| {
        sql.push_bind("", row.0)
            .push_bind(", ", row.1)
            .push_bind(", ", row.2)
            .push_bind(", ", row.3)
            .push_bind(", ", row.4)
    })
    .await;
    let credits = stories.iter().enumerate().flat_map(|(n, story)| {
        let agents: BTreeSet<_> = story.owned().filter_map(|stretch| stretch.agent).collect();
        let rated = story.rating.zip(story.closed);
        agents.into_iter().filter_map(move |agent| Some((id(n), agent, rated?)))
    });
    let head = "INSERT INTO rating_credits (ticket_id, agent_id, rating, at)";
    insert_all(store, head, credits.collect(), |sql, (ticket, agent, (rating, at))| {
        sql.push_bind("", *ticket)
            .push_bind(", ", *agent)
            .push_bind(", ", *rating)
            .push_bind(", ", *at)
    })
    .await;
    tell_traffic(store, stories).await;
}

async fn tell_traffic(store: &Store, stories: &[Story]) {
    let id = |n: usize| i64::try_from(n).unwrap() + 1;
    let said = stories.iter().enumerate().flat_map(|(n, story)| {
        story.said.iter().enumerate().map(move |(m, said)| {
            (id(n), m, said.at, said.direction, said.is_automatic, said.agent)
        })
    });
    let head = "INSERT INTO messages (session_id, kind, status, status_rank, phone, contact_name, text, \
         protocol_version, error, ticket_id, chat_id, message_id, created_at, direction, \
         is_automatic, agent_id)";
    insert_all(
        store,
        head,
        said.collect(),
        |sql, (ticket, number, at, direction, is_auto, agent)| {
            sql.push("1, 'text', 'delivered', 1, '', ''")
                .push_bind(", ", "Bom dia, tudo bem?")
                .push(", 'v1', ''")
                .push_bind(", ", *ticket)
                .push_bind(", ", format!("chat{ticket}"))
                .push_bind(", ", format!("m{ticket}-{number}"))
                .push_bind(", ", *at)
                .push_bind(", ", *direction)
                .push_bind(", ", *is_auto)
                .push_bind(", ", *agent)
        },
    )
    .await;
    let transfers = stories.iter().enumerate().flat_map(|(n, story)| {
        let side = |m: usize| (story.stretches[m].department, story.stretches[m].agent);
        story.transfers.iter().map(move |(at, from, to)| (id(n), *at, side(*from), side(*to)))
    });
    let head = "INSERT INTO transfers (ticket_id, reason, created_at, from_department_id, \
         from_agent_id, to_department_id, to_agent_id)";
    insert_all(store, head, transfers.collect(), |sql, (ticket, at, from, to)| {
        sql.push_bind("", *ticket)
            .push(", ''")
            .push_bind(", ", *at)
            .push_bind(", ", from.0)
            .push_bind(", ", from.1)
            .push_bind(", ", to.0)
            .push_bind(", ", to.1)
    })
    .await;
    let offers: Vec<_> = stories
        .iter()
        .enumerate()
        .flat_map(|(n, story)| story.offers.iter().map(move |offer| (id(n), *offer)))
        .collect();
    store
        .unit(unit!(tx => {
            for (ticket, (at, department, agent, kind)) in offers {
                let is_made = kind == DecisionKind::Offered;
                let from_agent_id = (!is_made).then_some(agent.0);
                let decision = crate::domain::NewDecision {
                    kind,
                    agent_id: is_made.then_some(agent),
                    decided_by: None,
                    reasons: Reasons { from_agent_id, ..Reasons::default() },
                };
                let ticket = crate::domain::TicketId(ticket);
                decisions::insert(tx, ticket, department, decision, at).await?;
            }
            Ok(())
        }))
        .await
        .unwrap();
}

fn filters(staff: &Staff) -> Vec<ReportFilter> {
    let (department, agent) = (staff.departments[1], staff.agents[2]);
    let days = |first, last| Days { first, last };
    let mut filters = Vec::new();
    for grouping in [
        ReportGrouping::Total,
        ReportGrouping::Day,
        ReportGrouping::Department,
        ReportGrouping::Agent,
    ] {
        for scope in [
            Scope::All,
            Scope::Departments(staff.agents[0], staff.departments[..2].to_vec()),
            Scope::Departments(staff.agents[0], vec![]),
            Scope::Own(agent),
        ] {
            for (department_id, agent_id) in
                [(None, None), (Some(department), None), (None, Some(agent))]
            {
                for days in [
                    days(FIRST, date!(2026 - 01 - 20)),
                    days(date!(2026 - 01 - 03), date!(2026 - 01 - 04)),
                    days(date!(2025 - 01 - 03), date!(2025 - 01 - 04)),
                ] {
                    let scope = scope.clone();
                    filters.push(ReportFilter { scope, days, department_id, agent_id, grouping });
                }
            }
        }
    }
    filters
}

/// Percentiles are fractions of microseconds; all the rest is exact.
fn rounded(figures: &Figures) -> Figures {
    let round = |durations: Durations| Durations {
        p50_micros: durations.p50_micros.map(f64::round),
        p90_micros: durations.p90_micros.map(f64::round),
        ..durations
    };
    Figures { wait: round(figures.wait), first_answer: round(figures.first_answer), ..*figures }
}

fn assert_near(found: Durations, counted: Durations, context: &str) {
    for (a, b) in [(found.p50_micros, counted.p50_micros), (found.p90_micros, counted.p90_micros)] {
        let difference = (a.unwrap_or(-9.0) - b.unwrap_or(-9.0)).abs();
        assert!(difference <= 1.0, "{context}: {found:?} {counted:?}");
    }
}

async fn reports_are_what_counting_by_hand_gives(database: TestDatabase) {
    let hub = seeded(&database).await;
    let staff = hire(&hub.store, hub.clock.now()).await;
    let mut random = Random(20_260_105);
    let stories: Vec<Story> = (0..300).map(|_| Story::new(&mut random, &staff, 6)).collect();
    tell(&hub.store, &stories).await;
    for filter in filters(&staff) {
        let mut counter = Counter {
            filter: &filter,
            lines: reports::empty_lines(&filter),
            waits: BTreeMap::new(),
            answers: BTreeMap::new(),
            handled: HashSet::new(),
        };
        for (number, story) in stories.iter().enumerate() {
            counter.story(number, story);
            counter.traffic(story);
        }
        let expected = counter.finish();
        let (found, statements) = count_statements(hub.store.report(&filter)).await;
        assert_eq!(statements, 2);
        let found: BTreeMap<_, _> =
            found.unwrap().into_iter().map(|line| (line.key, line.figures)).collect();
        let context = format!("{filter:?}");
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            expected.keys().collect::<Vec<_>>(),
            "{context}"
        );
        for (key, figures) in &found {
            let (mut a, mut b) = (rounded(figures), rounded(&expected[key]));
            assert_near(a.wait, b.wait, &context);
            assert_near(a.first_answer, b.first_answer, &context);
            for durations in [&mut a.wait, &mut a.first_answer, &mut b.wait, &mut b.first_answer] {
                (durations.p50_micros, durations.p90_micros) = (None, None);
            }
            assert_eq!(a, b, "{key:?} {context}");
        }
        let is_long_ago = filter.days.first < FIRST;
        let is_empty = found.values().all(|figures| *figures == Figures::default());
        assert!(!is_long_ago || is_empty, "{context}");
    }
}

#[tokio::test]
#[ignore = "a measurement: 100,000 tickets on SQLite"]
async fn reports_over_many_tickets() {
    let database = TestDatabase::sqlite();
    let hub = seeded(&database).await;
    let staff = hire(&hub.store, hub.clock.now()).await;
    let mut random = Random(1);
    let stories: Vec<Story> = (0..100_000).map(|_| Story::new(&mut random, &staff, 90)).collect();
    let messages: usize = stories.iter().map(|story| story.said.len()).sum();
    tell(&hub.store, &stories).await;
    for (name, last) in [("7 days", date!(2026 - 01 - 07)), ("90 days", date!(2026 - 03 - 31))] {
        for grouping in [ReportGrouping::Total, ReportGrouping::Day, ReportGrouping::Agent] {
            let days = Days { first: FIRST, last };
            let (scope, department_id, agent_id) = (Scope::All, None, None);
            let filter = ReportFilter { scope, days, department_id, agent_id, grouping };
            let started = Instant::now();
            let lines = hub.store.report(&filter).await.unwrap();
            let took = started.elapsed();
            assert!(!lines.is_empty());
            writeln!(
                std::io::stderr(),
                "{messages} messages, {name}, {grouping:?}: {took:?}, {} lines",
                lines.len()
            )
            .unwrap();
        }
    }
}
