//! Presence: what survives a restart, and what was shown when.

use super::{
    Page, Scope, Slice, Store, StoreError, audit,
    db::{Db, Tx},
    sql::{Sql, sql},
    unit,
};
use crate::domain::{
    AgentId, NewPresencePeriod, PresencePeriod, PresenceStatus, Timestamp, audit::NewAuditEntry,
};

/// The part of presence that survives a restart.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredPresence {
    pub agent_id: AgentId,
    /// What the agent asked to be; `None` when nothing was ever reported.
    pub wish: Option<PresenceStatus>,
    pub message: String,
    pub last_seen: Option<Timestamp>,
    pub status_changed_at: Timestamp,
    pub updated_at: Timestamp,
    /// Offers in a row that were not answered.
    pub missed_offers: i64,
}

/// Which stretches are wanted: those that lie at least partly within `from` and `to`.
#[derive(Debug, Clone)]
pub struct PresenceFilter {
    /// One's own, those of the members of departments, or all.
    pub scope: Scope,
    pub agent_id: Option<AgentId>,
    pub from: Timestamp,
    /// Exclusive, and not later than now: what lasts is counted up to here.
    pub to: Timestamp,
}

/// How long a status was shown, within the bounds that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct PresenceTotal {
    pub status: PresenceStatus,
    pub micros: i64,
}

impl Store {
    pub async fn list_presence(&self) -> Result<Vec<StoredPresence>, StoreError> {
        self.reader.all(sql("SELECT * FROM agent_presence")).await
    }

    /// The stretches that last, one per agent at most.
    pub async fn list_open_presence(&self) -> Result<Vec<PresencePeriod>, StoreError> {
        self.reader.all(sql("SELECT * FROM presence_history WHERE ended_at IS NULL")).await
    }

    /// Writes how agents are now and the stretches that have begun, in one transaction. The stretches
    /// of one agent come in their order.
    pub async fn save_presence(
        &self,
        presence: Vec<StoredPresence>,
        begun: Vec<NewPresencePeriod>,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => save(tx, presence, begun).await)).await
    }

    /// The same with an entry of the audit trail: somebody has decided it about somebody else.
    pub async fn save_forced_presence(
        &self,
        presence: Vec<StoredPresence>,
        begun: Vec<NewPresencePeriod>,
        entry: NewAuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.unit(unit!(tx => {
            save(tx, presence, begun).await?;
            audit::insert(tx, entry, now).await
        }))
        .await
    }

    /// A page of what was shown, latest first.
    pub async fn list_presence_history(
        &self,
        filter: &PresenceFilter,
        page: Page,
    ) -> Result<Slice<PresencePeriod>, StoreError> {
        let count = filter.push(sql("SELECT COUNT(*) FROM presence_history AS h"));
        let (total,): (i64,) = self.reader.one(count).await?;
        let select = filter
            .push(sql("SELECT h.* FROM presence_history AS h"))
            .push(" ORDER BY h.started_at DESC, h.id DESC")
            .push_bind(" LIMIT ", page.limit)
            .push_bind(" OFFSET ", page.offset);
        Ok(Slice { total, rows: self.reader.all(select).await? })
    }

    /// How long each status was shown; a stretch counts with what lies within the bounds.
    pub async fn total_presence(
        &self,
        filter: &PresenceFilter,
    ) -> Result<Vec<PresenceTotal>, StoreError> {
        let (open, close) = micros(&self.reader);
        let select = sql("SELECT h.status, CAST(SUM(")
            .push(open)
            .push_bind("CASE WHEN h.ended_at < ", filter.to)
            .push_bind(" THEN h.ended_at ELSE ", filter.to)
            .push_bind(" END - CASE WHEN h.started_at > ", filter.from)
            .push_bind(" THEN h.started_at ELSE ", filter.from)
            .push(" END")
            .push(close)
            .push(") AS BIGINT) AS micros FROM presence_history AS h");
        self.reader.all(filter.push(select).push(" GROUP BY h.status")).await
    }
}

impl PresenceFilter {
    fn push(&self, sql: Sql) -> Sql {
        let sql = sql
            .push_bind(" WHERE h.started_at < ", self.to)
            .push_bind(" AND (h.ended_at IS NULL OR h.ended_at > ", self.from)
            .push_bind(") AND ", self.from)
            .push_bind(" < ", self.to)
            .push_bind_if(" AND h.agent_id = ", self.agent_id);
        match &self.scope {
            Scope::All => sql,
            Scope::Departments(me, departments) => sql
                .push_bind(" AND (h.agent_id = ", *me)
                .push(" OR h.agent_id IN (SELECT agent_id FROM department_members")
                .push_in(" WHERE department_id IN", departments.iter().copied())
                .push("))"),
            Scope::Own(me) | Scope::OwnAndWaiting(me, _) => {
                sql.push_bind(" AND h.agent_id = ", *me)
            }
        }
    }
}

/// What goes around the difference of two instants to make it microseconds.
pub(super) fn micros(db: &Db) -> (&'static str, &'static str) {
    match db {
        Db::Sqlite(_) => ("(", ")"),
        Db::Postgres(_) => ("CAST(EXTRACT(EPOCH FROM (", ")) * 1000000 AS BIGINT)"),
    }
}

async fn save(
    tx: &mut Tx,
    presence: Vec<StoredPresence>,
    begun: Vec<NewPresencePeriod>,
) -> Result<(), StoreError> {
    for row in presence {
        let upsert = sql("INSERT INTO agent_presence (agent_id, wish, message, last_seen, \
             status_changed_at, updated_at, missed_offers) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (agent_id) DO UPDATE SET wish = excluded.wish, \
             message = excluded.message, last_seen = excluded.last_seen, \
             status_changed_at = excluded.status_changed_at, \
             updated_at = excluded.updated_at, missed_offers = excluded.missed_offers")
        .bind(row.agent_id)
        .bind(row.wish)
        .bind(row.message)
        .bind(row.last_seen)
        .bind(row.status_changed_at)
        .bind(row.updated_at)
        .bind(row.missed_offers);
        tx.run(upsert).await?;
    }
    for period in begun {
        begin(tx, period).await?;
    }
    Ok(())
}

/// Ends what lasts and begins the next. A clock that was set back never makes stretches overlap.
async fn begin(tx: &mut Tx, period: NewPresencePeriod) -> Result<(), StoreError> {
    let end = sql("UPDATE presence_history \
         SET ended_at = CASE WHEN started_at > $1 THEN started_at ELSE $1 END \
         WHERE agent_id = $2 AND ended_at IS NULL RETURNING ended_at");
    let ended: Option<(Timestamp,)> = tx.opt(end.bind(period.at).bind(period.agent_id)).await?;
    let insert = sql("INSERT INTO presence_history (agent_id, previous, status, message, reason, \
         cause, changed_by, started_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(period.agent_id)
    .bind(period.previous)
    .bind(period.status)
    .bind(period.message)
    .bind(period.reason)
    .bind(period.cause)
    .bind(period.changed_by)
    .bind(ended.map_or(period.at, |(at,)| at));
    tx.run(insert).await?;
    Ok(())
}
