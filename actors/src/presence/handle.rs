//! The door to the roster.

use std::sync::Arc;

use ractor::ActorCell;

use super::{
    actor::{Gone, IndicatorIn, PresenceChild, ToPresence},
    claims::{Claims, Wanted},
    force::Force,
    people::ToPeople,
};
use crate::{
    ask::Reply,
    directory::Directory,
    domain::{
        Agent, AgentChanges, AgentId, Considered, Department, DepartmentChanges, DepartmentId,
        Device, Group, GroupChanges, GroupId, NewAgent, NewDepartment, NewGroup,
        NotificationChanges, NotificationPreferences, PresenceStatus, PresenceView, TicketId,
        Timestamp,
    },
    error::HubError,
    events::Audience,
    hub::Context,
    metrics::Actors,
    supervisor::Doors,
};

/// Asks and tells the roster's actor.
pub struct Presence {
    doors: Doors<PresenceChild>,
    directory: Arc<Directory>,
    gone: Arc<Gone>,
}

impl Presence {
    pub(crate) fn new(directory: Arc<Directory>) -> Self {
        Self { doors: Doors::default(), directory, gone: Arc::default() }
    }

    pub(crate) async fn start(
        &self,
        context: &Arc<Context>,
        parent: ActorCell,
    ) -> Result<ActorCell, HubError> {
        let child = PresenceChild { context: Arc::clone(context), gone: Arc::clone(&self.gone) };
        let supervisor = self.doors.open(child, parent).await;
        Ok(supervisor.map_err(|_| HubError::Unavailable)?.get_cell())
    }

    pub(crate) async fn ready(&self) -> Result<(), HubError> {
        self.doors.ensure(&()).await.map(drop)
    }

    /// Whether the roster's actor is up, and what is counted of it.
    pub(crate) fn actors(&self) -> (usize, &Actors) {
        (self.doors.len(), self.doors.meters())
    }

    /// A socket of this agent has been attached.
    pub fn socket_opened(&self, agent_id: AgentId, device: Device) {
        self.doors.tell(&(), ToPresence::SocketOpened { agent_id, device });
    }

    /// A socket of this agent has ended.
    pub fn socket_closed(&self, agent_id: AgentId, device: Device) {
        self.doors.tell(&(), ToPresence::SocketClosed { agent_id, device });
    }

    /// A socket of this agent has heard its client.
    pub fn socket_alive(&self, id: AgentId) {
        self.doors.tell(&(), ToPresence::SocketAlive(id));
    }

    /// A client of this agent lives.
    pub async fn heartbeat(&self, agent_id: AgentId, device: Device) -> Result<(), HubError> {
        self.doors.ask(&(), |reply| ToPresence::Heartbeat { agent_id, device, reply }).await
    }

    /// What the agent wants to be and why; the shown status before and after.
    pub async fn set_status(
        &self,
        agent_id: AgentId,
        status: PresenceStatus,
        message: Option<String>,
        reason: Option<String>,
    ) -> Result<(PresenceStatus, PresenceStatus), HubError> {
        let ask = |reply| ToPresence::SetStatus { agent_id, status, message, reason, reply };
        self.doors.ask(&(), ask).await
    }

    /// Sets an agent offline and tells him why; the shown status before.
    pub async fn force_offline(&self, force: Force) -> Result<PresenceStatus, HubError> {
        self.doors.ask(&(), |reply| ToPresence::ForceOffline { force, reply }).await
    }

    /// Writes what has not been written yet, so that the history in the store is complete.
    pub async fn flush(&self) -> Result<(), HubError> {
        self.doors.ask(&(), ToPresence::Flush).await
    }

    pub async fn view(&self, id: AgentId) -> Result<PresenceView, HubError> {
        let agent_id = Some(id);
        let views = self.doors.ask(&(), |reply| ToPresence::View { agent_id, reply }).await?;
        views.into_iter().next().ok_or_else(|| HubError::not_found("Atendente", &id))
    }

    /// The presence of everybody, in the order of their ids.
    pub async fn view_all(&self) -> Result<Vec<PresenceView>, HubError> {
        self.doors.ask(&(), |reply| ToPresence::View { agent_id: None, reply }).await
    }

    /// Shows that an agent types in a chat, until it stops, is sent or expires.
    pub async fn start_typing(
        &self,
        agent_id: AgentId,
        chat_id: String,
        audience: Audience,
    ) -> Result<(), HubError> {
        let roster = self.directory.roster();
        let username = roster.agent(agent_id).map(|agent| agent.username.clone());
        let username = username.unwrap_or_default();
        let indicator = IndicatorIn { chat_id, agent_id, username, audience };
        self.doors.ask(&(), |reply| ToPresence::TypingStarted { indicator, reply }).await
    }

    /// Whether an indicator was shown.
    pub async fn stop_typing(&self, agent_id: AgentId, chat_id: String) -> Result<bool, HubError> {
        self.doors.ask(&(), |reply| ToPresence::TypingStopped { chat_id, agent_id, reply }).await
    }

    /// `by` is who asked for this and for the changes below, for the audit trail; `None` is the hub
    /// itself.
    pub async fn create_agent(
        &self,
        by: Option<AgentId>,
        new: NewAgent,
    ) -> Result<Agent, HubError> {
        self.ask_people(|reply| ToPeople::CreateAgent { by, new, reply }).await
    }

    pub async fn update_agent(
        &self,
        by: Option<AgentId>,
        agent_id: AgentId,
        changes: AgentChanges,
    ) -> Result<Agent, HubError> {
        self.ask_people(|reply| ToPeople::UpdateAgent { by, agent_id, changes, reply }).await
    }

    pub async fn create_department(
        &self,
        by: Option<AgentId>,
        new: NewDepartment,
    ) -> Result<Department, HubError> {
        self.ask_people(|reply| ToPeople::CreateDepartment { by, new, reply }).await
    }

    pub async fn update_department(
        &self,
        by: Option<AgentId>,
        department_id: DepartmentId,
        changes: DepartmentChanges,
    ) -> Result<Department, HubError> {
        self.ask_people(|reply| ToPeople::UpdateDepartment { by, department_id, changes, reply })
            .await
    }

    pub async fn delete_department(
        &self,
        by: Option<AgentId>,
        department_id: DepartmentId,
    ) -> Result<(), HubError> {
        self.ask_people(|reply| ToPeople::DeleteDepartment { by, department_id, reply }).await
    }

    /// Changes how a person wants to be told; it decides from the next event on.
    pub async fn save_preferences(
        &self,
        agent_id: AgentId,
        changes: NotificationChanges,
    ) -> Result<NotificationPreferences, HubError> {
        self.ask_people(|reply| ToPeople::SavePreferences { agent_id, changes, reply }).await
    }

    pub async fn create_group(
        &self,
        by: Option<AgentId>,
        new: NewGroup,
    ) -> Result<Group, HubError> {
        self.ask_people(|reply| ToPeople::CreateGroup { by, new, reply }).await
    }

    /// Everybody in the group has its new rights at once. A built-in group keeps its name.
    pub async fn update_group(
        &self,
        by: Option<AgentId>,
        group_id: GroupId,
        changes: GroupChanges,
    ) -> Result<Group, HubError> {
        self.ask_people(|reply| ToPeople::UpdateGroup { by, group_id, changes, reply }).await
    }

    /// A built-in group stays.
    pub async fn delete_group(
        &self,
        by: Option<AgentId>,
        group_id: GroupId,
    ) -> Result<(), HubError> {
        self.ask_people(|reply| ToPeople::DeleteGroup { by, group_id, reply }).await
    }

    /// Puts an agent into exactly those of `group_ids` that are groups, and makes the highest built-in
    /// one his role (an administrator stays one); the groups that he is in now.
    pub async fn set_agent_groups(
        &self,
        by: Option<AgentId>,
        agent_id: AgentId,
        group_ids: Vec<GroupId>,
    ) -> Result<Vec<Group>, HubError> {
        self.ask_people(|reply| ToPeople::SetAgentGroups { by, agent_id, group_ids, reply }).await
    }

    async fn ask_people<T: Send + 'static>(
        &self,
        message: impl FnOnce(Reply<T>) -> ToPeople,
    ) -> Result<T, HubError> {
        self.doors.ask(&(), |reply| ToPresence::People(Box::new(message(reply)))).await
    }

    /// Reads people, departments and groups anew, when another process has changed them.
    pub async fn reload_people(&self) -> Result<(), HubError> {
        self.ask_people(|reply| ToPeople::ReloadPeople { reply }).await
    }

    /// Since when an agent is gone (offline for longer than the grace time); `None` while there.
    pub(crate) fn gone_since(&self, id: AgentId) -> Option<Timestamp> {
        self.gone.get(&id).map(|since| *since)
    }

    pub(crate) async fn claim(
        &self,
        department_id: DepartmentId,
        wanted: Vec<Wanted>,
    ) -> Result<Claims, HubError> {
        self.doors.ask(&(), |reply| ToPresence::Claim { department_id, wanted, reply }).await
    }

    /// Whether a waiting ticket has been given to somebody, or could be now.
    pub(crate) async fn can_be_taken(
        &self,
        department_id: DepartmentId,
        ticket_id: TicketId,
    ) -> Result<bool, HubError> {
        self.doors
            .ask(&(), |reply| ToPresence::CanBeTaken { department_id, ticket_id, reply })
            .await
    }

    /// Whether an agent types in this chat.
    pub(crate) async fn is_typing(&self, chat_id: String) -> Result<bool, HubError> {
        self.doors.ask(&(), |reply| ToPresence::IsTyping { chat_id, reply }).await
    }

    /// What would be thought of each member for this ticket, and how many are left out.
    pub(crate) async fn explain(
        &self,
        department_id: DepartmentId,
        wanted: Wanted,
    ) -> Result<(Vec<Considered>, usize), HubError> {
        let wanted = Box::new(wanted);
        self.doors.ask(&(), |reply| ToPresence::Explain { department_id, wanted, reply }).await
    }

    pub(crate) fn offer_answered(&self, id: AgentId) {
        self.doors.tell(&(), ToPresence::OfferAnswered(id));
    }

    pub(crate) fn offer_missed(&self, agent_id: AgentId, max: i64) {
        self.doors.tell(&(), ToPresence::OfferMissed { agent_id, max });
    }

    pub(crate) fn assigned(&self, claims: Vec<(TicketId, AgentId)>) {
        self.doors.tell(&(), ToPresence::Assigned(claims));
    }

    pub(crate) fn doubtful(&self, tickets: Vec<TicketId>) {
        self.doors.tell(&(), ToPresence::Doubtful(tickets));
    }

    pub(crate) fn released(&self, tickets: Vec<TicketId>) {
        self.doors.tell(&(), ToPresence::Released(tickets));
    }

    pub(crate) fn charged(&self, agent_id: AgentId, ticket_id: TicketId) {
        self.doors.tell(&(), ToPresence::Charged { agent_id, ticket_id });
    }

    pub(crate) fn freed(&self, ticket_id: TicketId) {
        self.doors.tell(&(), ToPresence::Freed(ticket_id));
    }

    pub(crate) fn typing_sent(&self, agent_id: AgentId, chat_id: String) {
        self.doors.tell(&(), ToPresence::TypingSent { chat_id, agent_id });
    }

    /// Who owns which open ticket, as the actor believes.
    #[cfg(feature = "testing")]
    pub async fn owners(&self) -> Result<std::collections::HashMap<TicketId, AgentId>, HubError> {
        self.doors.ask(&(), ToPresence::Dump).await
    }

    /// Makes the actor fail.
    #[cfg(feature = "testing")]
    pub fn crash(&self) {
        self.doors.tell(&(), ToPresence::Panic);
    }
}
