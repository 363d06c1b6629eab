//! People and their logins.

use super::{Store, StoreError, audit, db::Tx, groups, sql::sql, unit};
use crate::domain::{
    Agent, AgentChanges, AgentId, DepartmentId, NewAgent, Timestamp,
    audit::{AuditAction, AuditSubject, Differences, FieldChange, NewAuditEntry},
};

/// What the audit trail shows instead of a password.
const HIDDEN: &str = "***";

/// What it takes to check a password.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Login {
    #[sqlx(flatten)]
    pub agent: Agent,
    pub password_hash: String,
}

impl Store {
    pub async fn list_agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.reader.all(sql("SELECT * FROM agents ORDER BY id")).await
    }

    pub async fn find_login(&self, username: &str) -> Result<Option<Login>, StoreError> {
        self.reader.opt(sql("SELECT * FROM agents WHERE username = $1").bind(username)).await
    }

    /// Creates a person, in the group of his role. `by` is who did it; `None` is the command line.
    pub async fn insert_agent(
        &self,
        new: NewAgent,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<Agent, StoreError> {
        self.unit(unit!(tx => {
            let insert = sql("INSERT INTO agents (username, email, display_name, phone_number, role, \
                 is_active, skills, password_hash, tokens_valid_from, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9) RETURNING *")
                .bind(new.username)
                .bind(new.email)
                .bind(new.display_name)
                .bind(new.phone_number)
                .bind(new.role)
                .bind(new.is_active)
                .bind(new.skills.to_string())
                .bind(new.password_hash)
                .bind(now);
            let agent: Agent = tx.one(insert).await?;
            set_departments(tx, agent.id, &new.departments).await?;
            groups::follow_role(tx, agent.id, agent.role).await?;
            let departments = departments_of(tx, agent.id).await?;
            let changes = differences(None, &agent)
                .field("departments", Some(String::new()), Some(departments))
                .field("password", None::<&str>, Some(HIDDEN));
            let entry = entry(&agent, AuditAction::Created, changes.into_changes(), by);
            audit::insert(tx, entry, now).await?;
            Ok(agent)
        }))
        .await
    }

    /// Changes a person; a new password and a deactivation make the tokens issued before invalid, a new role moves
    /// him to its group. `by` is who did it; `None` is the command line. `None` when absent.
    pub async fn update_agent(
        &self,
        id: AgentId,
        changes: AgentChanges,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<Option<Agent>, StoreError> {
        self.unit(unit!(tx => {
            let Some(before) = find(tx, id).await? else { return Ok(None) };
            let old_departments = departments_of(tx, id).await?;
            let has_new_password = changes.password_hash.is_some();
            let is_expelled = changes.is_active == Some(false);
            let valid_from = (has_new_password || is_expelled).then_some(now);
            let update = sql("UPDATE agents SET updated_at = $1")
                .bind(now)
                .push_bind_if(", email = ", changes.email)
                .push_bind_if(", display_name = ", changes.display_name)
                .push_bind_if(", phone_number = ", changes.phone_number)
                .push_bind_if(", role = ", changes.role)
                .push_bind_if(", is_active = ", changes.is_active)
                .push_bind_if(", skills = ", changes.skills.map(|skills| skills.to_string()))
                .push_bind_if(", password_hash = ", changes.password_hash)
                .push_bind_if(", tokens_valid_from = ", valid_from)
                .push_bind(" WHERE id = ", id)
                .push(" RETURNING *");
            let agent: Agent = tx.one(update).await?;
            if let Some(departments) = changes.departments {
                set_departments(tx, id, &departments).await?;
            }
            if agent.role != before.role {
                groups::follow_role(tx, id, agent.role).await?;
            }
            let changes = differences(Some(&before), &agent)
                .field("departments", Some(old_departments), Some(departments_of(tx, id).await?))
                .field("password", None::<&str>, has_new_password.then_some(HIDDEN));
            let entry = entry(&agent, AuditAction::Updated, changes.into_changes(), by);
            audit::insert_change(tx, entry, now).await?;
            Ok(Some(agent))
        }))
        .await
    }
}

pub(super) async fn find(tx: &mut Tx, id: AgentId) -> Result<Option<Agent>, StoreError> {
    tx.opt(sql("SELECT * FROM agents WHERE id = $1").bind(id)).await
}

/// What the audit trail says of a person.
pub(super) fn entry(
    agent: &Agent,
    action: AuditAction,
    changes: Vec<FieldChange>,
    by: Option<AgentId>,
) -> NewAuditEntry {
    NewAuditEntry {
        agent_id: by,
        action,
        subject: AuditSubject::Agent,
        subject_id: Some(agent.id.0),
        subject_name: agent.name().to_owned(),
        note: String::new(),
        changes,
    }
}

fn differences(old: Option<&Agent>, new: &Agent) -> Differences {
    Differences::default()
        .field("username", old.map(|a| &a.username), Some(&new.username))
        .field("email", old.map(|a| &a.email), Some(&new.email))
        .field("display_name", old.map(|a| &a.display_name), Some(&new.display_name))
        .field("phone_number", old.map(|a| &a.phone_number), Some(&new.phone_number))
        .field("role", old.map(|a| a.role.name()), Some(new.role.name()))
        .field("is_active", old.map(|a| a.is_active), Some(new.is_active))
        .field("skills", old.map(|a| &a.skills), Some(&new.skills))
}

/// The names of an agent's departments, for the audit trail.
async fn departments_of(tx: &mut Tx, id: AgentId) -> Result<String, StoreError> {
    let select = sql("SELECT d.name FROM department_members AS m \
         JOIN departments AS d ON d.id = m.department_id WHERE m.agent_id = $1 ORDER BY d.name");
    let names: Vec<(String,)> = tx.all(select.bind(id)).await?;
    Ok(audit::list_of(names.into_iter().map(|(name,)| name)))
}

/// Makes an agent a member of exactly these departments.
async fn set_departments(
    tx: &mut Tx,
    agent_id: AgentId,
    departments: &[DepartmentId],
) -> Result<(), StoreError> {
    tx.run(sql("DELETE FROM department_members WHERE agent_id = $1").bind(agent_id)).await?;
    for department_id in departments {
        let insert =
            sql("INSERT INTO department_members (department_id, agent_id) VALUES ($1, $2) \
             ON CONFLICT DO NOTHING");
        tx.run(insert.bind(*department_id).bind(agent_id)).await?;
    }
    Ok(())
}
