//! The door to the WhatsApp numbers.

use std::sync::Arc;

use dashmap::DashMap;
use ractor::ActorCell;
use tokio::{sync::Notify, time::Instant};

use super::{
    actor::{SessionChild, ToSession},
    hops::Hops,
    outbound::EarlyReports,
    provider::{Provider, ProviderEvent},
};
use crate::{
    chat::{Chats, Delivered},
    clock::Clock,
    domain::{
        AgentId, DepartmentId, Inbound, MediaStatus, Message, ProviderKind, Receipt,
        SessionChanges, SessionId, SessionStatus, Timestamp, WhatsAppSession,
        ids::ChatKey,
        latency::{Histogram, Hop},
        notification::Topic,
        phone,
        session::GroupRule,
    },
    error::HubError,
    hub::Context,
    metrics::{Actors, Messages, Passed},
    store::{ChatAlias, Learnt, Record, Restored, SessionCopy, Store, StoreError},
    supervisor::Doors,
};

/// What is known of a number without asking its actor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts side by side, not the states of a machine"
)]
pub struct LiveSession {
    pub provider: ProviderKind,
    pub status: SessionStatus,
    pub is_ready: bool,
    /// In use; the history of those that are not stays.
    pub is_active: bool,
    pub is_default: bool,
    pub phone_number: String,
    pub department_id: Option<DepartmentId>,
    pub pairing: Pairing,
    pub cold: ColdLimits,
    pub keeps_groups: bool,
}

/// What waits for a person who pairs a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairing {
    /// To be scanned.
    pub qr_code: Option<String>,
    /// To be typed on the phone.
    pub pairing_code: Option<String>,
}

/// What limits messages to people who never wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColdLimits {
    /// `None`: any number.
    pub per_day: Option<i64>,
    pub blocked_until: Option<Timestamp>,
}

/// Asks and tells the actor of a number.
pub struct Sessions {
    doors: Doors<SessionChild>,
    live: DashMap<SessionId, LiveSession>,
    early_reports: EarlyReports,
    hops: Hops,
    meters: Messages,
    /// Since when hops are measured.
    started_at: Timestamp,
    media_pending: Notify,
    /// Other addresses of chats; as many as people who have one.
    aliases: DashMap<(SessionId, String), String>,
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Sessions {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self {
            doors: Doors::default(),
            live: DashMap::new(),
            early_reports: EarlyReports::default(),
            hops: Hops::default(),
            meters: Messages::default(),
            started_at: clock.now(),
            media_pending: Notify::new(),
            aliases: DashMap::new(),
            store,
            clock,
        }
    }

    pub(crate) async fn supervise(
        &self,
        context: &Arc<Context>,
        parent: ActorCell,
    ) -> Result<ActorCell, HubError> {
        let supervisor = self.doors.open(SessionChild(Arc::clone(context)), parent).await;
        Ok(supervisor.map_err(|_| HubError::Unavailable)?.get_cell())
    }

    /// Brings up the actor of every number in use; those that were connected come back.
    pub(crate) async fn resume_all(&self) -> Result<(), HubError> {
        for ChatAlias { session_id, alias, chat_id } in self.store.list_aliases().await? {
            self.aliases.insert((session_id, alias), chat_id);
        }
        for session in self.store.list_active_sessions().await? {
            self.doors.ensure(&session.id).await?;
        }
        Ok(())
    }

    /// Hangs up all numbers without forgetting that they were connected.
    pub(crate) async fn disconnect_all(&self) {
        for id in self.doors.keys() {
            if let Err(error) = self.doors.ask(&id, |reply| ToSession::HangUp { reply }).await {
                tracing::warn!(%error, session.id = %id, "number did not hang up");
            }
        }
    }

    /// The row of the number that is meant: the one named, else the default one.
    pub async fn resolve(&self, id: Option<SessionId>) -> Result<WhatsAppSession, HubError> {
        let found = match id {
            Some(id) => self.store.find_session(id).await?,
            None => self.store.find_default_session().await?,
        };
        match (found, id) {
            (Some(session), _) => Ok(session),
            (None, Some(id)) => Err(HubError::not_found("Sessão", &id)),
            (None, None) => Err(HubError::NoSession),
        }
    }

    pub async fn start(&self, id: SessionId) -> Result<WhatsAppSession, HubError> {
        self.doors.ask(&id, |reply| ToSession::Start { pairing_phone: None, reply }).await
    }

    /// The same; if it has to be paired, by a code to type on the phone of this number.
    pub async fn start_by_phone(
        &self,
        id: SessionId,
        phone: String,
    ) -> Result<WhatsAppSession, HubError> {
        let pairing_phone = Some(phone);
        self.doors.ask(&id, |reply| ToSession::Start { pairing_phone, reply }).await
    }

    pub async fn stop(&self, id: SessionId) -> Result<WhatsAppSession, HubError> {
        self.doors.ask(&id, |reply| ToSession::Stop { reply }).await
    }

    pub async fn reconnect(&self, id: SessionId) -> Result<WhatsAppSession, HubError> {
        self.doors.ask(&id, |reply| ToSession::Reconnect { reply }).await
    }

    /// Takes a number out of use; its history stays. The default number cannot go.
    pub async fn deactivate(
        &self,
        id: SessionId,
        by: AgentId,
    ) -> Result<WhatsAppSession, HubError> {
        self.doors.ask(&id, |reply| ToSession::Deactivate { by, reply }).await
    }

    pub async fn update(
        &self,
        id: SessionId,
        changes: SessionChanges,
        by: AgentId,
    ) -> Result<WhatsAppSession, HubError> {
        self.doors.ask(&id, |reply| ToSession::Update { changes, by, reply }).await
    }

    /// Adds a number, not connected.
    pub async fn create(
        &self,
        provider: ProviderKind,
        device_name: String,
        department_id: Option<DepartmentId>,
        created_by: AgentId,
    ) -> Result<WhatsAppSession, HubError> {
        let now = self.clock.now();
        let by = Some(created_by);
        let session =
            self.store.insert_session(provider, device_name, department_id, by, now).await?;
        self.mirror(&session, Pairing::default());
        self.doors.ensure(&session.id).await?;
        Ok(session)
    }

    /// Makes a backup the state of its number here, not connected. Who was connected is hung up, and
    /// cannot write the number's records any more; see [`Store::restore_session`].
    pub async fn restore<F>(
        &self,
        copy: SessionCopy,
        by: AgentId,
        seal: F,
    ) -> Result<Restored, HubError>
    where
        F: FnOnce(SessionId) -> Result<Vec<Record>, StoreError> + Send + 'static,
    {
        let restored = self.store.restore_session(copy, by, self.clock.now(), seal).await?;
        if let Restored::Done { session, .. } = &restored {
            // What comes for it from now on finds it.
            self.mirror(session, Pairing::default());
            self.doors.ask(&session.id, |reply| ToSession::Restored { reply }).await?;
        }
        Ok(restored)
    }

    /// The connection of a number, for what is asked of a network directly.
    /// [`HubError::SessionNotReady`] while it is not ready.
    pub async fn connected(&self, id: SessionId) -> Result<Arc<dyn Provider>, HubError> {
        self.doors.ask(&id, |reply| ToSession::Connected { reply }).await
    }

    /// Whether the network has shown within two minutes that it hears this number.
    pub async fn is_alive(&self, id: SessionId) -> bool {
        self.connected(id).await.is_ok_and(|provider| provider.is_alive())
    }

    /// What is known of a number at present.
    pub fn live(&self, id: SessionId) -> Option<LiveSession> {
        self.live.get(&id).map(|live| live.clone())
    }

    /// What a message that has come calls people for. Real networks keep messages while a number is away; those
    /// of the sandbox are never late, whatever time they name.
    pub(crate) fn topic_of(&self, message: &Message, now: Timestamp) -> Topic {
        let live = self.live.get(&message.session_id);
        if live.is_some_and(|live| live.provider != ProviderKind::Sandbox) {
            Topic::of_message(message.provider_at, now)
        } else {
            Topic::Message
        }
    }

    /// The number in use that is meant: the one that is named, else the one with this phone, else the default
    /// one.
    pub fn meant(&self, named: Option<SessionId>, phone: Option<&str>) -> Option<SessionId> {
        let in_use = || self.live.iter().filter(|live| live.is_active);
        let is_in_use = |id: &SessionId| self.live.get(id).is_some_and(|live| live.is_active);
        let with_phone = |phone: &str| {
            in_use().filter(|live| live.phone_number == phone).map(|live| *live.key()).min()
        };
        let default = || in_use().map(|live| (!live.is_default, *live.key())).min();
        let found = named.filter(is_in_use).or_else(|| phone.and_then(with_phone));
        found.or_else(|| default().map(|(_, id)| id))
    }

    /// The numbers that are connected.
    pub fn ready(&self) -> Vec<SessionId> {
        self.live.iter().filter(|live| live.is_ready).map(|live| *live.key()).collect()
    }

    pub fn is_ready(&self, id: SessionId) -> bool {
        self.live.get(&id).is_some_and(|live| live.is_ready)
    }

    /// A customer is answered freely within a window only (Cloud API).
    pub fn has_reply_window(&self, id: SessionId) -> bool {
        self.live.get(&id).is_some_and(|live| live.provider == ProviderKind::Cloud)
    }

    /// A customer's message over this number, whatever the state of its connection: stored and routed
    /// when this answers.
    pub async fn receive(
        &self,
        chats: &Chats,
        id: SessionId,
        inbound: Inbound,
    ) -> Result<Delivered, HubError> {
        let come_at = Instant::now();
        let under_way = inbound.provider_at.map(|at| self.clock.now().since(at));
        let key = self.chat_of(id, inbound.chat_id);
        let inbound = Inbound { chat_id: key.chat_id.clone(), ..inbound };
        let delivered = chats.deliver(&key, inbound).await;
        let provider = self.provider_of(id);
        match &delivered {
            Ok(Delivered { is_repeat: false, stored_at, .. }) => {
                let passed = Passed { come_at, stored_at: *stored_at };
                self.meters.received(provider, passed, under_way);
            }
            Ok(_) => self.meters.not_received(provider, true),
            Err(_) => self.meters.not_received(provider, false),
        }
        let delivered = delivered?;
        if delivered.message.media_status == Some(MediaStatus::Pending) {
            self.media_pending.notify_one();
        }
        Ok(delivered)
    }

    /// The chat that an address means over this number: its own, unless the network said otherwise.
    pub fn chat_of(&self, session_id: SessionId, address: String) -> ChatKey {
        let known = (session_id, address);
        let chat_id = self.aliases.get(&known).map(|chat_id| chat_id.clone());
        ChatKey { session_id, chat_id: chat_id.unwrap_or(known.1) }
    }

    /// What becomes of what is said in a group over this number; `None` for every other chat, and for the
    /// groups of the sandbox, which are chats.
    pub fn group_rule(&self, id: SessionId, chat_id: &str) -> Option<GroupRule> {
        if !phone::is_group(chat_id) {
            return None;
        }
        let live = self.live.get(&id)?;
        let is_real = live.provider != ProviderKind::Sandbox;
        is_real.then_some(if live.keeps_groups { GroupRule::ReadOnly } else { GroupRule::Dropped })
    }

    /// The network says that a chat's person has another address as well.
    pub(crate) async fn learn_alias(&self, session_id: SessionId, chat_id: String, alias: String) {
        let key = self.chat_of(session_id, chat_id);
        if alias == key.chat_id || self.chat_of(session_id, alias.clone()) == key {
            return;
        }
        match self.store.learn_alias(&key, alias.clone(), self.clock.now()).await {
            Ok(Learnt::New) => drop(self.aliases.insert((session_id, alias), key.chat_id)),
            Ok(Learnt::Known) => {}
            Ok(Learnt::InUse) => {
                tracing::info!(session.id = %session_id, "two addresses of one person have a chat each");
            }
            Err(error) => {
                tracing::warn!(%error, session.id = %session_id, "an address was not learnt");
            }
        }
    }

    /// Woken when a message has come whose file is still with the network.
    pub fn media_pending(&self) -> &Notify {
        &self.media_pending
    }

    /// Shows the customer that an agent types, or has stopped. Best effort; the indicator ends by itself.
    pub fn set_typing(&self, id: SessionId, chat_id: String, agent_id: AgentId, is_typing: bool) {
        self.doors.tell(&id, ToSession::Typing { chat_id, agent_id, is_typing });
    }

    /// Shows the customer what was read. Best effort: what cannot be told now is told with the next
    /// receipt.
    pub(crate) fn read(&self, id: SessionId, receipt: Receipt) {
        self.doors.tell(&id, ToSession::Read(receipt));
    }

    /// This row is to be sent. Nothing is lost when the actor is away: it reads the rows.
    pub(crate) fn outbound(&self, message: Message) {
        let id = message.session_id;
        self.doors.tell(&id, ToSession::Outbound(Box::new(message)));
    }

    pub(crate) fn department_of(&self, id: SessionId) -> Option<DepartmentId> {
        self.live.get(&id).and_then(|live| live.department_id)
    }

    pub(crate) fn cold_limits(&self, id: SessionId) -> ColdLimits {
        self.live.get(&id).map(|live| live.cold).unwrap_or_default()
    }

    pub(crate) async fn provider_event(
        &self,
        id: SessionId,
        generation: u64,
        event: ProviderEvent,
    ) {
        let told =
            self.doors.ask(&id, |reply| ToSession::Provider { generation, event, reply }).await;
        if let Err(error) = told {
            tracing::warn!(%error, session.id = %id, "an event of the network was not handled");
        }
    }

    pub(crate) fn hops(&self) -> &Hops {
        &self.hops
    }

    /// How long a number's messages waited for their turn and for the network, and since when that was
    /// measured.
    pub fn latencies(&self, id: SessionId) -> (Timestamp, Vec<(Hop, Histogram)>) {
        (self.started_at, self.hops.of(id))
    }

    pub(super) fn early_reports(&self) -> &EarlyReports {
        &self.early_reports
    }

    pub(crate) fn mirror(&self, session: &WhatsAppSession, pairing: Pairing) {
        let live = LiveSession {
            provider: session.provider,
            status: session.status,
            is_ready: session.is_connected(),
            is_active: session.is_active,
            is_default: session.is_default,
            phone_number: session.phone_number.clone(),
            department_id: session.department_id,
            pairing,
            cold: ColdLimits {
                per_day: session.cold_budget(),
                blocked_until: session.cold_blocked_until,
            },
            keeps_groups: session.keeps_groups,
        };
        self.live.insert(session.id, live);
    }

    pub(crate) fn meters(&self) -> &Messages {
        &self.meters
    }

    /// How many actors of numbers are up, and what is counted of them.
    pub(crate) fn actors(&self) -> (usize, &Actors) {
        (self.doors.len(), self.doors.meters())
    }

    /// Network and state of each number.
    pub(crate) fn states(&self) -> Vec<(ProviderKind, SessionStatus)> {
        self.live.iter().map(|live| (live.provider, live.status)).collect()
    }

    pub(super) fn provider_of(&self, id: SessionId) -> Option<ProviderKind> {
        self.live.get(&id).map(|live| live.provider)
    }

    /// Makes the actor of a number fail.
    #[cfg(feature = "testing")]
    pub fn crash(&self, id: SessionId) {
        self.doors.tell(&id, ToSession::Panic);
    }
}
