//! Reports: two statements, whatever is asked for.
//!
//! Everything that is counted becomes a *fact*: when, with which department and agent, and for durations
//! since when. Facts are then filtered, grouped and summed the same way.

use std::collections::BTreeMap;

use time::Date;

use super::{
    Scope, Store, StoreError,
    db::Db,
    presence::micros,
    sql::{Sql, sql},
};
use crate::domain::{
    AgentId, DepartmentId,
    report::{Days, Figures, ReportGrouping, ReportKey, ReportLine},
};

/// What a report is about.
#[derive(Debug, Clone)]
pub struct ReportFilter {
    /// One's own facts, those of departments, or all.
    pub scope: Scope,
    pub days: Days,
    pub department_id: Option<DepartmentId>,
    pub agent_id: Option<AgentId>,
    pub grouping: ReportGrouping,
}

/// Counts of one kind of fact in one line.
#[derive(sqlx::FromRow)]
struct CountRow {
    line: i64,
    figure: String,
    count: i64,
    micros: i64,
    /// Those that were not later than promised.
    within: i64,
    tickets: i64,
}

#[derive(sqlx::FromRow)]
struct PercentileRow {
    line: i64,
    figure: String,
    p50: f64,
    p90: f64,
}

/// The facts behind percentiles. `$1` and `$2` are the bounds. Ids of stretches grow with their time.
macro_rules! duration_facts {
    () => {
        "SELECT s.started_at AS at, s.department_id, s.agent_id, 'wait' AS figure, \
             t.created_at AS since, t.answer_due_at AS due, CAST(NULL AS BIGINT) AS ticket_id \
         FROM ticket_segments s JOIN tickets t ON t.id = s.ticket_id \
         WHERE s.agent_id IS NOT NULL AND s.started_at >= $1 AND s.started_at < $2 \
         AND NOT EXISTS (SELECT 1 FROM ticket_segments x WHERE x.ticket_id = s.ticket_id \
             AND x.id < s.id AND x.agent_id IS NOT NULL) \
         UNION ALL \
         SELECT t.first_response_at, s.department_id, s.agent_id, 'answer', \
             t.created_at, t.answer_due_at, NULL \
         FROM tickets t JOIN ticket_segments s ON s.id = COALESCE( \
             (SELECT x.id FROM ticket_segments x WHERE x.ticket_id = t.id \
                 AND x.started_at <= t.first_response_at ORDER BY x.id DESC LIMIT 1), \
             (SELECT MIN(x.id) FROM ticket_segments x WHERE x.ticket_id = t.id)) \
         WHERE t.first_response_at >= $1 AND t.first_response_at < $2"
    };
}

const DURATIONS: &str = concat!("WITH facts AS (", duration_facts!(), ")");

/// All facts. `ended` has each ticket that ended with its last stretch. A rating is one of each agent who is
/// credited with it, in each department where he had the ticket; a line counts it once.
const FACTS: &str = concat!(
    "WITH ended AS ( \
         SELECT t.id, t.closed_at AS at, s.department_id, s.agent_id, t.status, t.is_auto_closed, \
             t.created_at, t.first_response_at, t.rating, t.answer_due_at AS due, \
             EXISTS (SELECT 1 FROM ticket_segments x WHERE x.ticket_id = t.id \
                 AND x.agent_id IS NOT NULL) AS was_owned \
         FROM tickets t JOIN ticket_segments s ON s.id = \
             (SELECT MAX(x.id) FROM ticket_segments x WHERE x.ticket_id = t.id) \
         WHERE t.closed_at >= $1 AND t.closed_at < $2 \
     ), facts AS (",
    duration_facts!(),
    " UNION ALL \
         SELECT t.created_at, f.department_id, o.agent_id, 'opened', NULL, NULL, NULL \
         FROM tickets t JOIN ticket_segments f ON f.id = \
             (SELECT MIN(x.id) FROM ticket_segments x WHERE x.ticket_id = t.id) \
         LEFT JOIN ticket_segments o ON o.id = (SELECT MIN(x.id) FROM ticket_segments x \
             WHERE x.ticket_id = t.id AND x.agent_id IS NOT NULL) \
         WHERE t.created_at >= $1 AND t.created_at < $2 \
     UNION ALL \
         SELECT at, department_id, agent_id, 'closed', NULL, NULL, NULL FROM ended \
         WHERE status = 'closed' \
     UNION ALL \
         SELECT at, department_id, agent_id, 'auto_closed', NULL, NULL, NULL FROM ended \
         WHERE status = 'closed' AND is_auto_closed \
     UNION ALL \
         SELECT at, department_id, NULL, 'abandoned', NULL, NULL, NULL FROM ended \
         WHERE NOT was_owned \
     UNION ALL \
         SELECT at, department_id, agent_id, 'unanswered', created_at, due, NULL FROM ended \
         WHERE first_response_at IS NULL \
     UNION ALL \
         SELECT e.at, s.department_id, s.agent_id, 'rated_' || CAST(c.rating AS TEXT), \
             NULL, NULL, e.id \
         FROM ended e JOIN rating_credits c ON c.ticket_id = e.id \
         JOIN ticket_segments s ON s.ticket_id = e.id AND s.agent_id = c.agent_id \
     UNION ALL \
         SELECT at, department_id, NULL, 'rated_' || CAST(rating AS TEXT), NULL, NULL, id \
         FROM ended WHERE rating IS NOT NULL AND NOT was_owned \
     UNION ALL \
         SELECT ended_at, department_id, agent_id, 'handled', started_at, NULL, ticket_id \
         FROM ticket_segments \
         WHERE agent_id IS NOT NULL AND ended_at >= $1 AND ended_at < $2 \
     UNION ALL \
         SELECT created_at, to_department_id, to_agent_id, 'transfer_in', NULL, NULL, NULL \
         FROM transfers WHERE created_at >= $1 AND created_at < $2 \
     UNION ALL \
         SELECT created_at, from_department_id, from_agent_id, 'transfer_out', NULL, NULL, NULL \
         FROM transfers WHERE created_at >= $1 AND created_at < $2 \
     UNION ALL \
         SELECT m.created_at, s.department_id, \
             CASE WHEN m.direction = 'inbound' THEN s.agent_id ELSE m.agent_id END, \
             CASE WHEN m.direction = 'inbound' THEN 'message_in' \
                 WHEN m.is_automatic THEN 'message_automatic' ELSE 'message_out' END, \
             NULL, NULL, NULL \
         FROM messages m LEFT JOIN ticket_segments s ON s.id = COALESCE( \
             (SELECT x.id FROM ticket_segments x WHERE x.ticket_id = m.ticket_id \
                 AND x.started_at <= m.created_at ORDER BY x.id DESC LIMIT 1), \
             (SELECT MIN(x.id) FROM ticket_segments x WHERE x.ticket_id = m.ticket_id)) \
         WHERE m.created_at >= $1 AND m.created_at < $2 \
     UNION ALL \
         SELECT created_at, department_id, agent_id, kind, NULL, NULL, NULL \
         FROM routing_decisions \
         WHERE kind = 'offered' AND created_at >= $1 AND created_at < $2 \
     UNION ALL \
         SELECT created_at, department_id, CAST(document ->> 'from_agent_id' AS BIGINT), kind, \
             NULL, NULL, NULL \
         FROM routing_decisions WHERE kind IN ('offer_declined', 'offer_expired') \
         AND created_at >= $1 AND created_at < $2)"
);

const COUNTS: &str = " SELECT line, figure, COUNT(*) AS count, \
     CAST(COALESCE(SUM(micros), 0) AS BIGINT) AS micros, \
     COUNT(CASE WHEN at <= due THEN 1 END) AS within, \
     COUNT(DISTINCT ticket_id) AS tickets \
     FROM valued WHERE line IS NOT NULL GROUP BY line, figure";

const PERCENTILES_POSTGRES: &str = " SELECT line, figure, \
     percentile_cont(0.5) WITHIN GROUP (ORDER BY micros) AS p50, \
     percentile_cont(0.9) WITHIN GROUP (ORDER BY micros) AS p90 \
     FROM valued WHERE line IS NOT NULL GROUP BY line, figure";

/// The same: the two values next to the wanted place, each the more the nearer it is.
const PERCENTILES_SQLITE: &str = ", ranked AS (SELECT line, figure, micros, \
         ROW_NUMBER() OVER (PARTITION BY line, figure ORDER BY micros) AS place, \
         COUNT(*) OVER (PARTITION BY line, figure) AS places FROM valued WHERE line IS NOT NULL) \
     SELECT line, figure, \
     SUM(micros * MAX(0.0, 1.0 - ABS(place - 1 - 0.5 * (places - 1)))) AS p50, \
     SUM(micros * MAX(0.0, 1.0 - ABS(place - 1 - 0.9 * (places - 1)))) AS p90 \
     FROM ranked GROUP BY line, figure";

impl Store {
    /// The lines of a report in the order of their keys. There is a line for each day and for a total, even
    /// without a fact; departments and agents without one have none.
    pub async fn report(&self, filter: &ReportFilter) -> Result<Vec<ReportLine>, StoreError> {
        let counts: Vec<CountRow> =
            self.reader.all(self.valued(filter, FACTS).push(COUNTS)).await?;
        let percentiles = match self.reader {
            Db::Sqlite(_) => PERCENTILES_SQLITE,
            Db::Postgres(_) => PERCENTILES_POSTGRES,
        };
        let percentiles: Vec<PercentileRow> =
            self.reader.all(self.valued(filter, DURATIONS).push(percentiles)).await?;
        let mut lines = empty_lines(filter);
        for row in counts {
            if let Some(key) = key(filter.grouping, row.line) {
                count(lines.entry(key).or_default(), &row);
            }
        }
        for row in percentiles {
            let Some(key) = key(filter.grouping, row.line) else { continue };
            let figures = lines.entry(key).or_default();
            let durations =
                if row.figure == "wait" { &mut figures.wait } else { &mut figures.first_answer };
            durations.p50_micros = Some(row.p50);
            durations.p90_micros = Some(row.p90);
        }
        Ok(lines.into_iter().map(|(key, figures)| ReportLine { key, figures }).collect())
    }

    /// Facts that are asked for, each with its line.
    fn valued(&self, filter: &ReportFilter, facts: &'static str) -> Sql {
        let (open, close) = micros(&self.reader);
        let sql = sql(facts)
            .bind(filter.days.from())
            .bind(filter.days.to())
            .push(", valued AS (SELECT ")
            .push(line(filter.grouping, &self.reader))
            .push(" AS line, f.figure, ")
            .push(open)
            .push("f.at - f.since")
            .push(close)
            .push(" AS micros, f.at, f.due, f.ticket_id FROM facts f WHERE TRUE")
            .push_bind_if(" AND f.department_id = ", filter.department_id)
            .push_bind_if(" AND f.agent_id = ", filter.agent_id);
        push_scope(&filter.scope, sql).push(")")
    }
}

fn push_scope(scope: &Scope, sql: Sql) -> Sql {
    match scope {
        Scope::All => sql,
        Scope::Departments(me, departments) => sql
            .push_bind(" AND (f.agent_id = ", *me)
            .push_in(" OR f.department_id IN", departments.iter().copied())
            .push(")"),
        Scope::Own(me) | Scope::OwnAndWaiting(me, _) => sql.push_bind(" AND f.agent_id = ", *me),
    }
}

/// What tells lines apart. Days are counted from 1970 in São Paulo, which is three hours behind.
fn line(grouping: ReportGrouping, db: &Db) -> &'static str {
    match (grouping, db) {
        (ReportGrouping::Total, _) => "CAST(0 AS BIGINT)",
        (ReportGrouping::Department, _) => "f.department_id",
        (ReportGrouping::Agent, _) => "f.agent_id",
        (ReportGrouping::Day, Db::Sqlite(_)) => "(f.at - 10800000000) / 86400000000",
        (ReportGrouping::Day, Db::Postgres(_)) => {
            "CAST(FLOOR((EXTRACT(EPOCH FROM f.at) - 10800) / 86400) AS BIGINT)"
        }
    }
}

fn key(grouping: ReportGrouping, line: i64) -> Option<ReportKey> {
    Some(match grouping {
        ReportGrouping::Total => ReportKey::Total,
        ReportGrouping::Day => {
            let epoch = i64::from(time::OffsetDateTime::UNIX_EPOCH.date().to_julian_day());
            let day = i32::try_from(line.saturating_add(epoch)).ok()?;
            ReportKey::Day(Date::from_julian_day(day).ok()?)
        }
        ReportGrouping::Department => ReportKey::Department(DepartmentId(line)),
        ReportGrouping::Agent => ReportKey::Agent(AgentId(line)),
    })
}

pub(super) fn empty_lines(filter: &ReportFilter) -> BTreeMap<ReportKey, Figures> {
    let keys: Vec<ReportKey> = match filter.grouping {
        ReportGrouping::Total => vec![ReportKey::Total],
        ReportGrouping::Day => filter.days.iter().map(ReportKey::Day).collect(),
        ReportGrouping::Department | ReportGrouping::Agent => Vec::new(),
    };
    keys.into_iter().map(|key| (key, Figures::default())).collect()
}

fn count(figures: &mut Figures, row: &CountRow) {
    match row.figure.as_str() {
        "opened" => figures.opened = row.count,
        "closed" => figures.closed = row.count,
        "auto_closed" => figures.auto_closed = row.count,
        "abandoned" => figures.abandoned = row.count,
        "wait" => {
            figures.wait.count = row.count;
            figures.wait.total_micros = row.micros;
        }
        "answer" => {
            figures.first_answer.count = row.count;
            figures.first_answer.total_micros = row.micros;
            figures.sla_met = row.within;
            figures.sla_total += row.count;
        }
        // Who left before an answer was due was not kept waiting too long.
        "unanswered" => figures.sla_total += row.count - row.within,
        "handled" => {
            figures.handled = row.tickets;
            figures.handled_micros = row.micros;
        }
        "transfer_in" => figures.transfers_in = row.count,
        "transfer_out" => figures.transfers_out = row.count,
        "message_in" => figures.messages_in = row.count,
        "message_out" => figures.messages_out = row.count,
        "message_automatic" => figures.messages_automatic = row.count,
        "offered" => figures.offers_made = row.count,
        "offer_declined" => figures.offers_declined = row.count,
        "offer_expired" => figures.offers_expired = row.count,
        rated => {
            let stars = rated.strip_prefix("rated_").and_then(|text| text.parse::<usize>().ok());
            let place = stars.and_then(|stars| figures.ratings.get_mut(stars.checked_sub(1)?));
            if let Some(place) = place {
                *place = row.tickets;
            }
        }
    }
}
