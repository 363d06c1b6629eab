//! Changes of people, departments and groups: committed, then visible in the directory.

use std::sync::Arc;

use ractor::ActorProcessingErr;

use super::actor::State;
use crate::{
    ask::{Reply, settle},
    directory::Roster,
    domain::{
        Agent, AgentChanges, AgentId, Department, DepartmentChanges, DepartmentId, Group,
        GroupChanges, GroupId, NewAgent, NewDepartment, NewGroup, NotificationChanges,
        NotificationPreferences, Rejected, Role, department::overflow_cycle, group,
    },
    error::HubError,
    store::StoreError,
};

/// What the roster is told from HTTP about people, departments and groups; `by` is who asked, for the
/// audit trail.
pub(crate) enum ToPeople {
    CreateAgent {
        by: Option<AgentId>,
        new: NewAgent,
        reply: Reply<Agent>,
    },
    UpdateAgent {
        by: Option<AgentId>,
        agent_id: AgentId,
        changes: AgentChanges,
        reply: Reply<Agent>,
    },
    CreateDepartment {
        by: Option<AgentId>,
        new: NewDepartment,
        reply: Reply<Department>,
    },
    UpdateDepartment {
        by: Option<AgentId>,
        department_id: DepartmentId,
        changes: DepartmentChanges,
        reply: Reply<Department>,
    },
    DeleteDepartment {
        by: Option<AgentId>,
        department_id: DepartmentId,
        reply: Reply<()>,
    },
    CreateGroup {
        by: Option<AgentId>,
        new: NewGroup,
        reply: Reply<Group>,
    },
    UpdateGroup {
        by: Option<AgentId>,
        group_id: GroupId,
        changes: GroupChanges,
        reply: Reply<Group>,
    },
    DeleteGroup {
        by: Option<AgentId>,
        group_id: GroupId,
        reply: Reply<()>,
    },
    /// Answered with the groups that the agent is in from now on.
    SetAgentGroups {
        by: Option<AgentId>,
        agent_id: AgentId,
        group_ids: Vec<GroupId>,
        reply: Reply<Vec<Group>>,
    },
    /// How a person wants to be told.
    SavePreferences {
        agent_id: AgentId,
        changes: NotificationChanges,
        reply: Reply<NotificationPreferences>,
    },
    /// People or departments were changed by another process (the command line).
    ReloadPeople {
        reply: Reply<()>,
    },
}

impl State {
    pub(super) async fn handle_people(
        &mut self,
        message: ToPeople,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToPeople::CreateAgent { by, new, reply } => {
                settle(reply, self.create_agent(by, new).await)?;
            }
            ToPeople::UpdateAgent { by, agent_id, changes, reply } => {
                settle(reply, self.update_agent(by, agent_id, changes).await)?;
            }
            ToPeople::CreateDepartment { by, new, reply } => {
                settle(reply, self.create_department(by, new).await)?;
            }
            ToPeople::UpdateDepartment { by, department_id, changes, reply } => {
                settle(reply, self.update_department(by, department_id, changes).await)?;
            }
            ToPeople::DeleteDepartment { by, department_id, reply } => {
                settle(reply, self.delete_department(by, department_id).await)?;
            }
            ToPeople::CreateGroup { by, new, reply } => {
                settle(reply, self.create_group(by, new).await)?;
            }
            ToPeople::UpdateGroup { by, group_id, changes, reply } => {
                settle(reply, self.update_group(by, group_id, changes).await)?;
            }
            ToPeople::DeleteGroup { by, group_id, reply } => {
                settle(reply, self.delete_group(by, group_id).await)?;
            }
            ToPeople::SetAgentGroups { by, agent_id, group_ids, reply } => {
                settle(reply, self.set_agent_groups(by, agent_id, group_ids).await)?;
            }
            ToPeople::SavePreferences { agent_id, changes, reply } => {
                settle(reply, self.save_preferences(agent_id, &changes).await)?;
            }
            ToPeople::ReloadPeople { reply } => settle(reply, self.reload_people().await)?,
        }
        Ok(())
    }

    async fn create_agent(&self, by: Option<AgentId>, new: NewAgent) -> Result<Agent, HubError> {
        let roster = self.context.roster();
        check_departments(&roster, &new.departments)?;
        let departments = new.departments.clone();
        let now = self.context.clock.now();
        let created = self.context.store.insert_agent(new, by, now).await;
        let agent = created.map_err(taken_username)?;
        self.context.directory.change(|roster| {
            roster.put_agent(agent.clone());
            set_departments(roster, agent.id, &departments);
            follow_role(roster, agent.id, agent.role);
        });
        Ok(agent)
    }

    async fn update_agent(
        &mut self,
        by: Option<AgentId>,
        id: AgentId,
        changes: AgentChanges,
    ) -> Result<Agent, HubError> {
        let roster = self.context.roster();
        let before = roster.agent(id).ok_or_else(|| HubError::not_found("Atendente", &id))?;
        check_last_admin(&roster, before, &changes)?;
        let departments = changes.departments.clone();
        check_departments(&roster, departments.as_deref().unwrap_or_default())?;
        let has_new_password = changes.password_hash.is_some();
        let now = self.context.clock.now();
        let old_role = before.role;
        let updated = self.context.store.update_agent(id, changes, by, now).await?;
        let agent = updated.ok_or_else(|| HubError::not_found("Atendente", &id))?;
        self.context.directory.change(|roster| {
            roster.put_agent(agent.clone());
            if let Some(departments) = &departments {
                set_departments(roster, id, departments);
            }
            if agent.role != old_role {
                follow_role(roster, id, agent.role);
            }
        });
        if !agent.is_active || has_new_password {
            self.expel(id);
        }
        self.offer_to(id);
        Ok(agent)
    }

    async fn create_department(
        &self,
        by: Option<AgentId>,
        new: NewDepartment,
    ) -> Result<Department, HubError> {
        let roster = self.context.roster();
        check_members(&roster, &new.members)?;
        check_overflow(&roster, None, new.routing.overflow_department_id)?;
        let now = self.context.clock.now();
        let created = self.context.store.insert_department(new, by, now).await;
        let department = created.map_err(taken_name)?;
        self.context.directory.change(|roster| roster.put_department(department.clone()));
        Ok(department)
    }

    async fn update_department(
        &self,
        by: Option<AgentId>,
        id: DepartmentId,
        changes: DepartmentChanges,
    ) -> Result<Department, HubError> {
        let roster = self.context.roster();
        check_members(&roster, changes.members.as_deref().unwrap_or_default())?;
        check_overflow(&roster, Some(id), changes.routing.overflow_department_id.flatten())?;
        let now = self.context.clock.now();
        let updated = self.context.store.update_department(id, changes, by, now).await;
        let department =
            updated.map_err(taken_name)?.ok_or_else(|| HubError::not_found("Departamento", &id))?;
        self.context.directory.change(|roster| roster.put_department(department.clone()));
        self.context.queues.wake(id);
        Ok(department)
    }

    async fn delete_department(
        &self,
        by: Option<AgentId>,
        id: DepartmentId,
    ) -> Result<(), HubError> {
        let now = self.context.clock.now();
        match self.context.store.delete_department(id, by, now).await {
            Ok(true) => {
                self.context.directory.change(|roster| roster.remove_department(id));
                self.context.queues.close(id);
                Ok(())
            }
            Ok(false) => Err(HubError::not_found("Departamento", &id)),
            Err(StoreError::ForeignKey { .. }) => Err(Rejected::DepartmentInUse.into()),
            Err(error) => Err(error.into()),
        }
    }

    async fn save_preferences(
        &self,
        id: AgentId,
        changes: &NotificationChanges,
    ) -> Result<NotificationPreferences, HubError> {
        let wanted = self.context.outboxes.preferences(id).changed(changes);
        let now = self.context.clock.now();
        let saved = self.context.store.save_notification_preferences(wanted, now).await?;
        self.context.outboxes.set_preferences(saved.clone());
        Ok(saved)
    }

    async fn create_group(&self, by: Option<AgentId>, new: NewGroup) -> Result<Group, HubError> {
        let now = self.context.clock.now();
        let created = self.context.store.insert_group(new, by, now).await;
        let group = created.map_err(taken_name)?;
        self.context.directory.change(|roster| roster.put_group(group.clone()));
        Ok(group)
    }

    async fn update_group(
        &self,
        by: Option<AgentId>,
        id: GroupId,
        changes: GroupChanges,
    ) -> Result<Group, HubError> {
        let before = self.existing_group(id)?;
        if before.is_built_in() && changes.name.as_ref().is_some_and(|name| *name != before.name) {
            return Err(Rejected::BuiltInGroup.into());
        }
        let now = self.context.clock.now();
        let updated = self.context.store.update_group(id, changes, by, now).await;
        let group =
            updated.map_err(taken_name)?.ok_or_else(|| HubError::not_found("Grupo", &id))?;
        self.context.directory.change(|roster| roster.put_group(group.clone()));
        Ok(group)
    }

    async fn delete_group(&self, by: Option<AgentId>, id: GroupId) -> Result<(), HubError> {
        if self.existing_group(id)?.is_built_in() {
            return Err(Rejected::BuiltInGroup.into());
        }
        let now = self.context.clock.now();
        if !self.context.store.delete_group(id, by, now).await? {
            return Err(HubError::not_found("Grupo", &id));
        }
        self.context.directory.change(|roster| roster.remove_group(id));
        Ok(())
    }

    /// Puts a person into exactly those of `ids` that are groups; his role follows.
    async fn set_agent_groups(
        &self,
        by: Option<AgentId>,
        id: AgentId,
        ids: Vec<GroupId>,
    ) -> Result<Vec<Group>, HubError> {
        let roster = self.context.roster();
        let before = roster.agent(id).ok_or_else(|| HubError::not_found("Atendente", &id))?;
        let wanted: Vec<_> = roster.groups().filter(|group| ids.contains(&group.id)).collect();
        let role = group::role_in(before, wanted.iter().map(|group| &***group));
        let ids: Vec<GroupId> = wanted.iter().map(|group| group.id).collect();
        let now = self.context.clock.now();
        let updated = self.context.store.set_agent_groups(id, ids.clone(), role, by, now).await?;
        let agent = updated.ok_or_else(|| HubError::not_found("Atendente", &id))?;
        self.context.directory.change(|roster| {
            roster.put_agent(agent);
            roster.set_groups(id, |group| ids.contains(&group.id));
        });
        let roster = self.context.roster();
        Ok(roster.groups_of(id).map(|group| Group::clone(group)).collect())
    }

    fn existing_group(&self, id: GroupId) -> Result<Arc<Group>, HubError> {
        let roster = self.context.roster();
        roster.group(id).cloned().ok_or_else(|| HubError::not_found("Grupo", &id))
    }

    /// Reads everybody anew: the command line may have created a person or set a password. Who has
    /// been deactivated there loses his sockets here.
    pub(super) async fn reload_people(&mut self) -> Result<(), HubError> {
        let fresh = Roster::read(&self.context.store).await?;
        let before = self.context.roster();
        let expelled: Vec<AgentId> = before
            .agents()
            .filter(|old| {
                fresh.agent(old.id).is_none_or(|new| {
                    (old.is_active && !new.is_active)
                        || new.tokens_valid_from > old.tokens_valid_from
                })
            })
            .map(|agent| agent.id)
            .collect();
        self.context.directory.replace(fresh);
        for id in expelled {
            self.expel(id);
        }
        Ok(())
    }
}

/// Into the built-in group of the role, out of the other built-in ones; the others stay.
fn follow_role(roster: &mut Roster, id: AgentId, role: Role) {
    roster.set_groups(id, |group| match group.role {
        Some(of_group) => of_group == role,
        None => group.members.contains(&id),
    });
}

/// Membership is kept with the departments.
fn set_departments(roster: &mut Roster, id: AgentId, departments: &[DepartmentId]) {
    let all: Vec<Department> = roster.departments().map(|d| Department::clone(d)).collect();
    for mut department in all {
        let is_wanted = departments.contains(&department.id);
        if is_wanted == department.members.contains(&id) {
            continue;
        }
        department.members.retain(|member| *member != id);
        if is_wanted {
            department.members.push(id);
            department.members.sort_unstable();
        }
        roster.put_department(department);
    }
}

fn check_departments(roster: &Roster, ids: &[DepartmentId]) -> Result<(), HubError> {
    match ids.iter().find(|id| roster.department(**id).is_none()) {
        Some(id) => Err(HubError::BadReference { field: "departments", id: id.0 }),
        None => Ok(()),
    }
}

fn check_members(roster: &Roster, ids: &[AgentId]) -> Result<(), HubError> {
    match ids.iter().find(|id| roster.agent(**id).is_none()) {
        Some(id) => Err(HubError::BadReference { field: "members", id: id.0 }),
        None => Ok(()),
    }
}

/// Where a department's chats go on: somewhere that exists, and never round in a circle.
fn check_overflow(
    roster: &Roster,
    id: Option<DepartmentId>,
    to: Option<DepartmentId>,
) -> Result<(), HubError> {
    let Some(to) = to else { return Ok(()) };
    if roster.department(to).is_none() {
        return Err(HubError::BadReference { field: "overflow_department_id", id: to.0 });
    }
    let Some(id) = id else { return Ok(()) };
    let next = |at: DepartmentId| {
        if at == id {
            return Some(to);
        }
        roster.department(at)?.routing.overflow_department_id
    };
    match overflow_cycle(id, next) {
        Some(again) => Err(Rejected::OverflowCycle(roster.department_name(again)).into()),
        None => Ok(()),
    }
}

/// The company must never lock itself out.
fn check_last_admin(
    roster: &Roster,
    before: &Agent,
    changes: &AgentChanges,
) -> Result<(), HubError> {
    let is_admin = before.role == Role::Admin && before.is_active;
    let stays = changes.is_active.unwrap_or(before.is_active)
        && changes.role.unwrap_or(before.role) == Role::Admin;
    if is_admin && !stays && roster.active_at_least(Role::Admin).count() == 1 {
        return Err(Rejected::LastAdmin.into());
    }
    Ok(())
}

fn taken_username(error: StoreError) -> HubError {
    match error {
        StoreError::Unique { .. } => HubError::Taken { field: "username" },
        error => error.into(),
    }
}

fn taken_name(error: StoreError) -> HubError {
    match error {
        StoreError::Unique { .. } => HubError::Taken { field: "name" },
        error => error.into(),
    }
}
