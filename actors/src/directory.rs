//! The people and departments as everybody reads them: a snapshot in memory.
//!
//! Written only by the roster's actor after its commit; read without waiting by HTTP handlers,
//! sockets and whoever publishes an event.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use crate::domain::{Agent, AgentId, Department, DepartmentId, Role, ticket::Viewer};

/// All people and departments at one instant.
#[derive(Debug, Default, Clone)]
pub struct Roster {
    agents: BTreeMap<AgentId, Arc<Agent>>,
    departments: BTreeMap<DepartmentId, Arc<Department>>,
    memberships: HashMap<AgentId, Vec<DepartmentId>>,
    /// Whoever sees chats without being a member: managers, and people in no department.
    overseers: Vec<AgentId>,
}

impl Roster {
    pub fn new(agents: Vec<Agent>, departments: Vec<Department>) -> Self {
        let mut roster = Self {
            agents: agents.into_iter().map(|agent| (agent.id, Arc::new(agent))).collect(),
            departments: departments.into_iter().map(|d| (d.id, Arc::new(d))).collect(),
            memberships: HashMap::new(),
            overseers: Vec::new(),
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
        let oversees = |agent: &&Arc<Agent>| {
            agent.role >= Role::Manager || !self.memberships.contains_key(&agent.id)
        };
        self.overseers = self.agents.values().filter(oversees).map(|agent| agent.id).collect();
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

    /// As much of a person as the right to see depends on.
    pub fn viewer(&self, agent_id: AgentId) -> Option<Viewer> {
        let agent = self.agent(agent_id)?;
        let departments = self.departments_of(agent_id).to_vec();
        Some(Viewer { agent_id, role: agent.role, departments })
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
