//! Groups, the rights they give, and who is in them.

use std::collections::HashMap;

use super::{Store, StoreError, agents, audit, db::Tx, sql::sql, unit};
use crate::domain::{
    Agent, AgentId, Group, GroupChanges, GroupId, NewGroup, PermissionId, Role, Timestamp,
    audit::{AuditAction, AuditSubject, Differences, FieldChange, NewAuditEntry},
};

impl Store {
    /// All groups with their rights and members, by id.
    pub async fn list_groups(&self) -> Result<Vec<Group>, StoreError> {
        let mut groups: Vec<Group> =
            self.reader.all(sql("SELECT * FROM groups ORDER BY id")).await?;
        let permissions: Vec<(GroupId, PermissionId)> = self
            .reader
            .all(sql(
                "SELECT group_id, permission_id FROM group_permissions ORDER BY permission_id",
            ))
            .await?;
        let members: Vec<(GroupId, AgentId)> = self
            .reader
            .all(sql("SELECT group_id, agent_id FROM agent_groups ORDER BY agent_id"))
            .await?;
        let (mut permissions, mut members) = (by_group(permissions), by_group(members));
        for group in &mut groups {
            group.permissions = permissions.remove(&group.id).unwrap_or_default();
            group.members = members.remove(&group.id).unwrap_or_default();
        }
        Ok(groups)
    }

    /// `by` is who did it; `None` is the hub itself or the command line.
    pub async fn insert_group(
        &self,
        new: NewGroup,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<Group, StoreError> {
        self.unit(unit!(tx => {
            let insert = sql("INSERT INTO groups (name, created_at, updated_at) \
                 VALUES ($1, $2, $2) RETURNING *");
            let mut group: Group = tx.one(insert.bind(new.name).bind(now)).await?;
            group.permissions = set_permissions(tx, group.id, &new.permissions).await?;
            let changes = differences(None, Some(&group));
            audit::insert(tx, entry(&group, AuditAction::Created, changes, by), now).await?;
            Ok(group)
        }))
        .await
    }

    /// Changes a group; `None` when there is none of this id.
    pub async fn update_group(
        &self,
        id: GroupId,
        changes: GroupChanges,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<Option<Group>, StoreError> {
        self.unit(unit!(tx => {
            let Some(before) = find(tx, id).await? else { return Ok(None) };
            let update = sql("UPDATE groups SET updated_at = $1")
                .bind(now)
                .push_bind_if(", name = ", changes.name)
                .push_bind(" WHERE id = ", id)
                .push(" RETURNING *");
            let mut group: Group = tx.one(update).await?;
            group.permissions = match changes.permissions {
                Some(permissions) => set_permissions(tx, id, &permissions).await?,
                None => before.permissions.clone(),
            };
            group.members.clone_from(&before.members);
            let changes = differences(Some(&before), Some(&group));
            let entry = entry(&group, AuditAction::Updated, changes, by);
            audit::insert_change(tx, entry, now).await?;
            Ok(Some(group))
        }))
        .await
    }

    /// Deletes a group; its members lose what it gave. `false` when there is none of this id.
    pub async fn delete_group(
        &self,
        id: GroupId,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.unit(unit!(tx => {
            let Some(before) = find(tx, id).await? else { return Ok(false) };
            tx.run(sql("DELETE FROM groups WHERE id = $1").bind(id)).await?;
            let changes = differences(Some(&before), None);
            audit::insert(tx, entry(&before, AuditAction::Deleted, changes, by), now).await?;
            Ok(true)
        }))
        .await
    }

    /// Puts a person into exactly these groups and gives him this role. `None` when he is not there.
    pub async fn set_agent_groups(
        &self,
        id: AgentId,
        groups: Vec<GroupId>,
        role: Role,
        by: Option<AgentId>,
        now: Timestamp,
    ) -> Result<Option<Agent>, StoreError> {
        self.unit(unit!(tx => {
            let Some(before) = agents::find(tx, id).await? else { return Ok(None) };
            let old_groups = names_of(tx, id).await?;
            let agent = if before.role == role {
                before.clone()
            } else {
                let update =
                    sql("UPDATE agents SET role = $1, updated_at = $2 WHERE id = $3 RETURNING *");
                tx.one(update.bind(role).bind(now).bind(id)).await?
            };
            tx.run(sql("DELETE FROM agent_groups WHERE agent_id = $1").bind(id)).await?;
            for group in groups {
                add_member(tx, id, group).await?;
            }
            let changes = Differences::default()
                .field("role", Some(before.role.name()), Some(agent.role.name()))
                .field("groups", Some(old_groups), Some(names_of(tx, id).await?))
                .into_changes();
            let entry = agents::entry(&agent, AuditAction::Updated, changes, by);
            audit::insert_change(tx, entry, now).await?;
            Ok(Some(agent))
        }))
        .await
    }
}

/// Puts a person into the built-in group of his role and out of the other built-in ones.
pub(super) async fn follow_role(tx: &mut Tx, id: AgentId, role: Role) -> Result<(), StoreError> {
    let leave = sql("DELETE FROM agent_groups WHERE agent_id = $1 AND group_id IN \
         (SELECT id FROM groups WHERE role IS NOT NULL AND role <> $2)");
    tx.run(leave.bind(id).bind(role)).await?;
    let join = sql("INSERT INTO agent_groups (agent_id, group_id) \
         SELECT CAST($1 AS BIGINT), id FROM groups WHERE role = $2 ON CONFLICT DO NOTHING");
    tx.run(join.bind(id).bind(role)).await?;
    Ok(())
}

/// The names of a person's groups, for the audit trail.
pub(super) async fn names_of(tx: &mut Tx, id: AgentId) -> Result<String, StoreError> {
    let select = sql("SELECT g.name FROM agent_groups AS m JOIN groups AS g ON g.id = m.group_id \
         WHERE m.agent_id = $1 ORDER BY g.name");
    let names: Vec<(String,)> = tx.all(select.bind(id)).await?;
    Ok(audit::list_of(names.into_iter().map(|(name,)| name)))
}

async fn add_member(tx: &mut Tx, id: AgentId, group: GroupId) -> Result<(), StoreError> {
    let insert = sql("INSERT INTO agent_groups (agent_id, group_id) VALUES ($1, $2) \
         ON CONFLICT DO NOTHING");
    tx.run(insert.bind(id).bind(group)).await?;
    Ok(())
}

async fn find(tx: &mut Tx, id: GroupId) -> Result<Option<Group>, StoreError> {
    let group: Option<Group> = tx.opt(sql("SELECT * FROM groups WHERE id = $1").bind(id)).await?;
    let Some(mut group) = group else { return Ok(None) };
    group.permissions = permissions_of(tx, id).await?;
    let select = sql("SELECT agent_id FROM agent_groups WHERE group_id = $1 ORDER BY agent_id");
    let members: Vec<(AgentId,)> = tx.all(select.bind(id)).await?;
    group.members = members.into_iter().map(|(agent,)| agent).collect();
    Ok(Some(group))
}

async fn permissions_of(tx: &mut Tx, id: GroupId) -> Result<Vec<PermissionId>, StoreError> {
    let select = sql("SELECT permission_id FROM group_permissions WHERE group_id = $1 \
         ORDER BY permission_id");
    let rows: Vec<(PermissionId,)> = tx.all(select.bind(id)).await?;
    Ok(rows.into_iter().map(|(permission,)| permission).collect())
}

async fn set_permissions(
    tx: &mut Tx,
    id: GroupId,
    permissions: &[PermissionId],
) -> Result<Vec<PermissionId>, StoreError> {
    tx.run(sql("DELETE FROM group_permissions WHERE group_id = $1").bind(id)).await?;
    for permission in permissions {
        let insert = sql("INSERT INTO group_permissions (group_id, permission_id) \
             VALUES ($1, $2) ON CONFLICT DO NOTHING");
        tx.run(insert.bind(id).bind(*permission)).await?;
    }
    permissions_of(tx, id).await
}

fn differences(old: Option<&Group>, new: Option<&Group>) -> Vec<FieldChange> {
    let permissions = |group: &Group| audit::list_of(group.permissions.iter());
    Differences::default()
        .field("name", old.map(|group| &group.name), new.map(|group| &group.name))
        .field("permissions", old.map(permissions), new.map(permissions))
        .into_changes()
}

fn entry(
    group: &Group,
    action: AuditAction,
    changes: Vec<FieldChange>,
    by: Option<AgentId>,
) -> NewAuditEntry {
    NewAuditEntry {
        agent_id: by,
        action,
        subject: AuditSubject::Group,
        subject_id: Some(group.id.0),
        subject_name: group.name.clone(),
        note: String::new(),
        changes,
    }
}

fn by_group<T>(rows: Vec<(GroupId, T)>) -> HashMap<GroupId, Vec<T>> {
    let mut by_group: HashMap<GroupId, Vec<T>> = HashMap::new();
    for (group, value) in rows {
        by_group.entry(group).or_default().push(value);
    }
    by_group
}
