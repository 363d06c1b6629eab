//! Departments and their members.

use std::collections::HashMap;

use super::{Store, StoreError, audit, db::Tx, sql::sql, unit};
use crate::domain::{
    AgentId, Department, DepartmentChanges, DepartmentId, NewDepartment, Timestamp,
    audit::{AuditAction, AuditSubject, Differences, NewAuditEntry},
};

/// What a department has on its hands now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct DepartmentLoad {
    pub waiting: i64,
    pub active: i64,
}

impl Store {
    /// All departments with their members, by id.
    pub async fn list_departments(&self) -> Result<Vec<Department>, StoreError> {
        let mut departments: Vec<Department> =
            self.reader.all(sql("SELECT * FROM departments ORDER BY id")).await?;
        let members: Vec<(DepartmentId, AgentId)> = self
            .reader
            .all(sql("SELECT department_id, agent_id FROM department_members ORDER BY agent_id"))
            .await?;
        let mut by_department: HashMap<DepartmentId, Vec<AgentId>> = HashMap::new();
        for (department, agent) in members {
            by_department.entry(department).or_default().push(agent);
        }
        for department in &mut departments {
            department.members = by_department.remove(&department.id).unwrap_or_default();
        }
        Ok(departments)
    }

    /// Waiting and active chats of every department that has any.
    pub async fn department_loads(
        &self,
    ) -> Result<HashMap<DepartmentId, DepartmentLoad>, StoreError> {
        let waiting: Vec<(DepartmentId, i64)> = self
            .reader
            .all(sql("SELECT department_id, COUNT(*) FROM queue_entries \
                 WHERE assigned_at IS NULL AND removed_at IS NULL GROUP BY department_id"))
            .await?;
        let active: Vec<(DepartmentId, i64)> = self
            .reader
            .all(sql("SELECT department_id, COUNT(*) FROM tickets WHERE status = 'active' \
                 GROUP BY department_id"))
            .await?;
        let mut loads: HashMap<DepartmentId, DepartmentLoad> = HashMap::new();
        for (id, count) in waiting {
            loads.entry(id).or_default().waiting = count;
        }
        for (id, count) in active {
            loads.entry(id).or_default().active = count;
        }
        Ok(loads)
    }

    /// `by` is who did it; `None` is the hub itself.
    pub async fn insert_department(
        &self,
        new: NewDepartment,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<Department, StoreError> {
        self.unit(unit!(tx => {
            let insert = sql("INSERT INTO departments (name, description, color, capacity, \
                 response_target_minutes, is_active, created_at, updated_at, assignment_mode, \
                 offer_seconds, offer_timeouts_max, skill_waits, overflow_department_id, \
                 overflow_wait_seconds, transfer_return_seconds, opening_hours) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
                 RETURNING *")
                .bind(new.name)
                .bind(new.description)
                .bind(new.color)
                .bind(new.capacity)
                .bind(new.response_target_minutes)
                .bind(new.is_active)
                .bind(now)
                .bind(new.routing.mode)
                .bind(new.routing.offer_seconds)
                .bind(new.routing.offer_timeouts_max)
                .bind(new.routing.skill_waits.to_string())
                .bind(new.routing.overflow_department_id)
                .bind(new.routing.overflow_wait_seconds)
                .bind(new.routing.transfer_return_seconds)
                .bind(new.opening_hours);
            let mut department: Department = tx.one(insert).await?;
            department.members = set_members(tx, department.id, &new.members).await?;
            let members = names_of_members(tx, department.id).await?;
            let changes = differences(None, Some(&department))
                .field("members", Some(String::new()), Some(members));
            let entry = entry(&department, AuditAction::Created, changes, by);
            audit::insert(tx, entry, now).await?;
            Ok(department)
        }))
        .await
    }

    /// Changes a department; `None` when there is none of this id.
    pub async fn update_department(
        &self,
        id: DepartmentId,
        changes: DepartmentChanges,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<Option<Department>, StoreError> {
        self.unit(unit!(tx => {
            let Some(before) = find(tx, id).await? else { return Ok(None) };
            let old_members = names_of_members(tx, id).await?;
            let routing = changes.routing;
            let update = sql("UPDATE departments SET updated_at = $1")
                .bind(now)
                .push_bind_if(", assignment_mode = ", routing.mode)
                .push_bind_if(", offer_seconds = ", routing.offer_seconds)
                .push_bind_if(", offer_timeouts_max = ", routing.offer_timeouts_max)
                .push_bind_if(", skill_waits = ", routing.skill_waits.map(|w| w.to_string()))
                .push_bind_if(", overflow_department_id = ", routing.overflow_department_id)
                .push_bind_if(", overflow_wait_seconds = ", routing.overflow_wait_seconds)
                .push_bind_if(", transfer_return_seconds = ", routing.transfer_return_seconds)
                .push_bind_if(", name = ", changes.name)
                .push_bind_if(", description = ", changes.description)
                .push_bind_if(", color = ", changes.color)
                .push_bind_if(", capacity = ", changes.capacity)
                .push_bind_if(", response_target_minutes = ", changes.response_target_minutes)
                .push_bind_if(", is_active = ", changes.is_active)
                .push_bind_if(", opening_hours = ", changes.opening_hours)
                .push_bind(" WHERE id = ", id)
                .push(" RETURNING *");
            let mut department: Department = tx.one(update).await?;
            department.members = match changes.members {
                Some(members) => set_members(tx, id, &members).await?,
                None => members_of(tx, id).await?,
            };
            let changes = differences(Some(&before), Some(&department)).field(
                "members",
                Some(old_members),
                Some(names_of_members(tx, id).await?),
            );
            let entry = entry(&department, AuditAction::Updated, changes, by);
            audit::insert_change(tx, entry, now).await?;
            Ok(Some(department))
        }))
        .await
    }

    /// Deletes a department that nothing refers to; `false` when there is none of this id.
    pub async fn delete_department(
        &self,
        id: DepartmentId,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            let Some(before) = find(tx, id).await? else { return Ok(false) };
            let members = names_of_members(tx, id).await?;
            tx.run(sql("DELETE FROM departments WHERE id = $1").bind(id)).await?;
            let changes = differences(Some(&before), None)
                .field("members", Some(members), Some(String::new()));
            let entry = entry(&before, AuditAction::Deleted, changes, by);
            audit::insert(tx, entry, now).await?;
            Ok(true)
        }))
        .await
    }
}

async fn find(tx: &mut Tx, id: DepartmentId) -> Result<Option<Department>, StoreError> {
    tx.opt(sql("SELECT * FROM departments WHERE id = $1").bind(id)).await
}

fn differences(old: Option<&Department>, new: Option<&Department>) -> Differences {
    macro_rules! note {
        ($differences:expr, $($name:literal => $value:expr),* $(,)?) => {
            $differences$(.field($name, old.map($value), new.map($value)))*
        };
    }
    note!(
        Differences::default(),
        "name" => |d| &d.name,
        "description" => |d| &d.description,
        "color" => |d| &d.color,
        "capacity" => |d| d.capacity,
        "response_target_minutes" => |d| d.response_target_minutes,
        "is_active" => |d| d.is_active,
        "assignment_mode" => |d| d.routing.mode.name(),
        "offer_seconds" => |d| d.routing.offer_seconds,
        "offer_timeouts_max" => |d| d.routing.offer_timeouts_max,
        "skill_waits" => |d| &d.routing.skill_waits,
        "overflow_wait_seconds" => |d| d.routing.overflow_wait_seconds,
        "transfer_return_seconds" => |d| d.routing.transfer_return_seconds,
    )
    .field(
        "overflow_department_id",
        old.and_then(|d| d.routing.overflow_department_id),
        new.and_then(|d| d.routing.overflow_department_id),
    )
    .field(
        "opening_hours",
        old.and_then(|d| d.opening_hours.as_ref()),
        new.and_then(|d| d.opening_hours.as_ref()),
    )
}

fn entry(
    department: &Department,
    action: AuditAction,
    changes: Differences,
    by: Option<AgentId>,
) -> NewAuditEntry {
    NewAuditEntry {
        agent_id: by,
        action,
        subject: AuditSubject::Department,
        subject_id: Some(department.id.0),
        subject_name: department.name.clone(),
        note: String::new(),
        changes: changes.into_changes(),
    }
}

/// The members as people read them, for the audit trail.
async fn names_of_members(tx: &mut Tx, id: DepartmentId) -> Result<String, StoreError> {
    let select = sql("SELECT a.username FROM department_members AS m \
         JOIN agents AS a ON a.id = m.agent_id WHERE m.department_id = $1 ORDER BY a.username");
    let names: Vec<(String,)> = tx.all(select.bind(id)).await?;
    Ok(audit::list_of(names.into_iter().map(|(name,)| name)))
}

async fn members_of(tx: &mut Tx, id: DepartmentId) -> Result<Vec<AgentId>, StoreError> {
    let select =
        sql("SELECT agent_id FROM department_members WHERE department_id = $1 ORDER BY agent_id");
    let rows: Vec<(AgentId,)> = tx.all(select.bind(id)).await?;
    Ok(rows.into_iter().map(|(agent,)| agent).collect())
}

async fn set_members(
    tx: &mut Tx,
    id: DepartmentId,
    members: &[AgentId],
) -> Result<Vec<AgentId>, StoreError> {
    tx.run(sql("DELETE FROM department_members WHERE department_id = $1").bind(id)).await?;
    for agent in members {
        let insert =
            sql("INSERT INTO department_members (department_id, agent_id) VALUES ($1, $2) \
             ON CONFLICT DO NOTHING");
        tx.run(insert.bind(id).bind(*agent)).await?;
    }
    members_of(tx, id).await
}
