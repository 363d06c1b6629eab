//! The people, departments and groups as everybody reads them: a snapshot in memory.
//!
//! Written only by the roster's actor after its commit; read without waiting by HTTP handlers,
//! sockets and whoever publishes an event.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    domain::{
        Agent, AgentId, Department, DepartmentId, Group, GroupId, PermissionId, Role,
        group::ACT_ON_OTHERS_CHATS, ticket::Viewer,
    },
    store::{Store, StoreError},
};

/// All people, departments and groups at one instant.
#[derive(Debug, Default, Clone)]
pub struct Roster {
    agents: BTreeMap<AgentId, Arc<Agent>>,
    departments: BTreeMap<DepartmentId, Arc<Department>>,
    groups: BTreeMap<GroupId, Arc<Group>>,
    memberships: HashMap<AgentId, Vec<DepartmentId>>,
    group_memberships: HashMap<AgentId, Vec<GroupId>>,
    /// Whoever sees chats without being a member: managers, and people in no department.
    overseers: Vec<AgentId>,
    /// Whoever may act on the chats of colleagues.
    act_on_others: HashSet<AgentId>,
}

impl Roster {
    /// Everybody, as the rows say.
    pub(crate) async fn read(store: &Store) -> Result<Self, StoreError> {
        let (agents, departments) = (store.list_agents().await?, store.list_departments().await?);
        Ok(Self::new(agents, departments, store.list_groups().await?))
    }

    pub fn new(agents: Vec<Agent>, departments: Vec<Department>, groups: Vec<Group>) -> Self {
        let mut roster = Self {
            agents: agents.into_iter().map(|agent| (agent.id, Arc::new(agent))).collect(),
            departments: departments.into_iter().map(|d| (d.id, Arc::new(d))).collect(),
            groups: groups.into_iter().map(|group| (group.id, Arc::new(group))).collect(),
            memberships: HashMap::new(),
            group_memberships: HashMap::new(),
            overseers: Vec::new(),
            act_on_others: HashSet::new(),
        };
        roster.index();
        roster
    }

    fn index(&mut self) {
        self.memberships.clear();
        for department in self.departments.values() {
            for member in &department.members {
                self.memberships.entry(*member).or_default().push(department.id);
            }
        }
        self.group_memberships.clear();
        for group in self.groups.values() {
            for member in &group.members {
                self.group_memberships.entry(*member).or_default().push(group.id);
            }
        }
        let oversees = |agent: &&Arc<Agent>| {
            agent.role >= Role::Manager || !self.memberships.contains_key(&agent.id)
        };
        self.overseers = self.agents.values().filter(oversees).map(|agent| agent.id).collect();
        let acts = |id: &AgentId| self.has_right(*id, ACT_ON_OTHERS_CHATS);
        self.act_on_others = self.agents.keys().copied().filter(acts).collect();
    }

    /// Whoever may be allowed to see a chat of this department without owning it.
    pub(crate) fn possible_viewers(
        &self,
        department_id: Option<DepartmentId>,
    ) -> impl Iterator<Item = AgentId> {
        let department = department_id.and_then(|id| self.department(id));
        let members = department.map_or(&[][..], |department| &department.members);
        members.iter().chain(&self.overseers).copied()
    }

    pub fn agent(&self, id: AgentId) -> Option<&Arc<Agent>> {
        self.agents.get(&id)
    }

    pub fn agents(&self) -> impl Iterator<Item = &Arc<Agent>> {
        self.agents.values()
    }

    pub fn department(&self, id: DepartmentId) -> Option<&Arc<Department>> {
        self.departments.get(&id)
    }

    pub fn departments(&self) -> impl Iterator<Item = &Arc<Department>> {
        self.departments.values()
    }

    /// Where an agent is a member, in the order of their ids.
    pub fn departments_of(&self, agent_id: AgentId) -> &[DepartmentId] {
        self.memberships.get(&agent_id).map_or(&[], Vec::as_slice)
    }

    pub fn is_member(&self, agent_id: AgentId, department_id: DepartmentId) -> bool {
        self.departments_of(agent_id).contains(&department_id)
    }

    pub fn group(&self, id: GroupId) -> Option<&Arc<Group>> {
        self.groups.get(&id)
    }

    pub fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.groups.values()
    }

    /// The groups that an agent was put into, in the order of their ids.
    pub fn groups_of(&self, agent_id: AgentId) -> impl Iterator<Item = &Arc<Group>> {
        let ids = self.group_memberships.get(&agent_id).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.group(*id))
    }

    /// Whether somebody has a right: an administrator has all, others what the groups they are in
    /// give, and what the group of their role gives even to those who are not listed in it.
    pub fn has_right(&self, agent_id: AgentId, permission: PermissionId) -> bool {
        let Some(agent) = self.agent(agent_id) else { return false };
        let of_role = self.groups.values().filter(|group| group.role == Some(agent.role));
        agent.role == Role::Admin
            || of_role
                .chain(self.groups_of(agent_id))
                .any(|group| group.permissions.contains(&permission))
    }

    /// [`ACT_ON_OTHERS_CHATS`].
    pub(crate) fn acts_on_others(&self, agent_id: AgentId) -> bool {
        self.act_on_others.contains(&agent_id)
    }

    /// As much of a person as the right to see depends on.
    pub fn viewer(&self, agent_id: AgentId) -> Option<Viewer> {
        self.agent(agent_id).map(|agent| self.viewer_of(agent))
    }

    /// The same, of somebody who is at hand.
    pub fn viewer_of(&self, agent: &Agent) -> Viewer {
        Viewer {
            agent_id: agent.id,
            role: agent.role,
            departments: self.departments_of(agent.id).to_vec(),
            acts_on_others: self.acts_on_others(agent.id),
        }
    }

    /// What colleagues see of an agent; empty when nobody is named.
    pub fn agent_name(&self, id: Option<AgentId>) -> String {
        id.and_then(|id| self.agent(id)).map(|agent| agent.name().to_owned()).unwrap_or_default()
    }

    pub fn department_name(&self, id: DepartmentId) -> String {
        self.department(id).map(|department| department.name.clone()).unwrap_or_default()
    }

    /// Where a chat goes whose number has no department: the first active one by name.
    pub fn default_department(&self) -> Option<&Arc<Department>> {
        self.departments.values().filter(|d| d.is_active).min_by(|a, b| a.name.cmp(&b.name))
    }

    /// Active people of a role or above.
    pub fn active_at_least(&self, role: Role) -> impl Iterator<Item = &Arc<Agent>> {
        self.agents.values().filter(move |agent| agent.is_active && agent.role >= role)
    }

    pub(crate) fn put_agent(&mut self, agent: Agent) {
        self.agents.insert(agent.id, Arc::new(agent));
        self.index();
    }

    pub(crate) fn put_department(&mut self, department: Department) {
        self.departments.insert(department.id, Arc::new(department));
        self.index();
    }

    pub(crate) fn put_group(&mut self, group: Group) {
        self.groups.insert(group.id, Arc::new(group));
        self.index();
    }

    pub(crate) fn remove_group(&mut self, id: GroupId) {
        self.groups.remove(&id);
        self.index();
    }

    /// Makes an agent a member of exactly the groups that `belongs` names.
    pub(crate) fn set_groups(&mut self, id: AgentId, belongs: impl Fn(&Group) -> bool) {
        for group in self.groups.values_mut() {
            let is_wanted = belongs(group);
            if is_wanted == group.members.contains(&id) {
                continue;
            }
            let group = Arc::make_mut(group);
            group.members.retain(|member| *member != id);
            if is_wanted {
                group.members.push(id);
                group.members.sort_unstable();
            }
        }
        self.index();
    }

    pub(crate) fn remove_department(&mut self, id: DepartmentId) {
        self.departments.remove(&id);
        self.index();
    }
}

/// The present [`Roster`], shared by all.
#[derive(Debug, Default)]
pub struct Directory(RwLock<Arc<Roster>>);

impl Directory {
    /// The present snapshot. Cheap; hold it for the length of one request, not longer.
    pub fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, roster: Roster) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(roster);
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Roster)) {
        let mut guard = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut guard));
    }
}
