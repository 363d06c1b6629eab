//! What of the company's messages a person may see (contract §3), in the terms of the store.

use dx_actors::{
    domain::{Role, ticket::Viewer},
    store::Scope,
};

use super::CurrentAgent;

impl CurrentAgent {
    /// Managers: everything. Supervisors: their departments. Agents: their own chats and what waits
    /// for them. What somebody sent is added by the store.
    pub fn message_scope(&self) -> Scope {
        let Viewer { agent_id, role, departments } = self.viewer();
        match role {
            Role::Admin | Role::Manager => Scope::All,
            Role::Supervisor => Scope::Departments(agent_id, departments),
            Role::Agent => Scope::OwnAndWaiting(agent_id, departments),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::authenticate, test_support::TestApp};

    #[tokio::test]
    async fn managers_see_all_and_agents_what_concerns_them() {
        let app = TestApp::new().await;
        let scope = |id| authenticate(&app.state, &app.token_of(id)).unwrap().message_scope();
        assert_eq!(scope(TestApp::ADMIN), Scope::All);
        assert_eq!(scope(TestApp::AGENT), Scope::OwnAndWaiting(TestApp::AGENT, Vec::new()));
    }
}
