//! The actor of one WhatsApp number: the state of its connection and what waits to be sent.

mod states;

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    intake,
    outbound::{self, Lanes},
    pace::Pace,
    provider::{Connect, EVENTS_MAX, Provider, ProviderEvent},
    signals::{self, Signal, Signals},
};
use crate::{
    ask::{Reply, settle, settle_cast, watched},
    domain::{
        AgentId, Message, MessageRowId, MessageStatus, Receipt, SessionChanges, SessionId,
        SessionStatus, Timestamp, WhatsAppSession,
    },
    error::HubError,
    hub::Context,
    session::Pairing,
    supervisor::{Child, Restart},
};

/// Unsent rows that are read at once when a number becomes ready.
const UNSENT_MAX: i64 = 10_000;
/// Before the next attempt to come back when the last one could not be stored.
const UNSTORED_WAIT: Duration = Duration::from_secs(30);
/// How often typing indicators are looked at while there are any.
const SIGNAL_TICK: Duration = Duration::from_millis(500);

/// What a number is told.
pub(crate) enum ToSession {
    /// A person starts it; answered with the status, which is `connecting` on a fresh start.
    Start {
        /// Pair by a code that is typed on the phone of this number.
        pairing_phone: Option<String>,
        reply: Reply<WhatsAppSession>,
    },
    /// A person stops it.
    Stop {
        reply: Reply<WhatsAppSession>,
    },
    /// A person, or the hub's own start, wants the paired number back.
    Reconnect {
        reply: Reply<WhatsAppSession>,
    },
    /// A person takes the number out of use.
    Deactivate {
        by: AgentId,
        reply: Reply<WhatsAppSession>,
    },
    Update {
        changes: SessionChanges,
        by: AgentId,
        reply: Reply<WhatsAppSession>,
    },
    /// The row is a backup's now: the connection that there was is not this number's any more.
    Restored {
        reply: Reply<()>,
    },
    /// From the intake of the connection of this generation.
    Provider {
        generation: u64,
        event: ProviderEvent,
        reply: Reply<()>,
    },
    /// From a chat, after its commit: this row is to be sent.
    Outbound(Box<Message>),
    /// From the task that handed a message over.
    HandedOver {
        generation: u64,
        chat_id: String,
        id: MessageRowId,
        /// The network takes no messages to people who never wrote until then.
        cold_blocked_until: Option<Timestamp>,
    },
    /// From the actor's own timer: the next message may leave.
    Pace,
    /// Whoever wants to use the connection; answered when it is ready.
    Connected {
        reply: Reply<Arc<dyn Provider>>,
    },
    /// An agent types, or has stopped.
    Typing {
        chat_id: String,
        agent_id: AgentId,
        is_typing: bool,
    },
    /// From a chat: messages of the customer were read.
    Read(Receipt),
    /// From the task that told the network something.
    Signalled {
        generation: u64,
        signal: Signal,
        is_taken: bool,
    },
    /// From the actor's own timer: indicators may have ended.
    SignalTick,
    /// The wait before an automatic attempt is over; void when the connection was made meanwhile.
    TryAgain {
        generation: u64,
    },
    /// The hub stops: hang up, but remember that the number was connected.
    HangUp {
        reply: Reply<()>,
    },
    /// For tests: fail as a defect would.
    #[cfg(feature = "testing")]
    Panic,
}

pub(crate) struct SessionChild(pub(super) Arc<Context>);

impl Child for SessionChild {
    type Key = SessionId;
    type Msg = ToSession;
    const NAME: &'static str = "session";
    const RESTART: Restart = Restart::Always;

    async fn start(
        &self,
        key: SessionId,
        parent: ActorCell,
    ) -> Result<ActorRef<ToSession>, SpawnErr> {
        let arguments = (Arc::clone(&self.0), key);
        let (actor, _) = SessionActor::spawn_linked(None, SessionActor, arguments, parent).await?;
        Ok(actor)
    }
}

struct SessionActor;

/// One connection: its provider and the token that ends everything that hangs on it.
struct Connection {
    provider: Arc<dyn Provider>,
    alive: CancellationToken,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.alive.cancel();
        self.provider.disconnect();
    }
}

struct State {
    context: Arc<Context>,
    me: ActorRef<ToSession>,
    session: WhatsAppSession,
    connection: Option<Connection>,
    /// Grows with every connection and every decision not to have one.
    generation: u64,
    lanes: Lanes,
    signals: Signals,
    pace: Pace,
    /// A tick is on its way.
    is_ticking: bool,
    /// How a person has started it, until it is ready.
    pairing: Option<Connect>,
}

impl Actor for SessionActor {
    type Msg = ToSession;
    type State = State;
    type Arguments = (Arc<Context>, SessionId);

    async fn pre_start(
        &self,
        me: ActorRef<ToSession>,
        (context, id): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let found = context.store.find_session(id).await?;
        let session = found.ok_or_else(|| HubError::not_found("Sessão", &id))?;
        let signals = Signals::new(context.config.typing_ttl);
        let mut state = State {
            context,
            me,
            session,
            connection: None,
            generation: 0,
            lanes: Lanes::default(),
            signals,
            pace: Pace::default(),
            is_ticking: false,
            pairing: None,
        };
        state.mirror(Pairing::default());
        // Connected before the restart: come back by itself, unless that is not wanted.
        if state.session.is_active && state.session.status.is_active() {
            if state.session.auto_reconnect {
                state.connect(state.how_to_come_back()).await?;
            } else {
                state.stop().await?;
            }
        }
        Ok(state)
    }

    async fn handle(
        &self,
        _me: ActorRef<ToSession>,
        message: ToSession,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        watched("session", state.handle(message)).await
    }

    async fn handle_supervisor_evt(
        &self,
        _me: ActorRef<ToSession>,
        _event: SupervisionEvent,
        _state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl State {
    async fn handle(&mut self, message: ToSession) -> Result<(), ActorProcessingErr> {
        match message {
            ToSession::Start { pairing_phone, reply } => {
                settle(reply, self.start(pairing_phone).await)
            }
            ToSession::Stop { reply } => settle(reply, self.stop().await),
            ToSession::Reconnect { reply } => settle(reply, self.reconnect().await),
            ToSession::Deactivate { by, reply } => settle(reply, self.deactivate(by).await),
            ToSession::Update { changes, by, reply } => {
                settle(reply, self.update(changes, by).await)
            }
            ToSession::Restored { reply } => settle(reply, self.restored().await),
            ToSession::Provider { generation, event, reply } => {
                let outcome =
                    if generation == self.generation { self.on_event(event).await } else { Ok(()) };
                settle(reply, outcome)
            }
            ToSession::Outbound(message) => {
                self.queue(*message);
                Ok(())
            }
            ToSession::HandedOver { generation, chat_id, id, cold_blocked_until } => {
                // A lane of an older connection is gone; its message may be under way again.
                if generation == self.generation {
                    self.lanes.done(&chat_id, id);
                    self.send_next();
                }
                match cold_blocked_until {
                    Some(until) => settle_cast("cold block", self.block_cold(until).await),
                    None => Ok(()),
                }
            }
            ToSession::Pace => {
                self.pace.is_waiting = false;
                self.send_next();
                Ok(())
            }
            ToSession::Connected { reply } => settle(reply, self.connected()),
            ToSession::Typing { chat_id, agent_id, is_typing } => {
                self.type_in(&chat_id, agent_id, is_typing);
                Ok(())
            }
            ToSession::Read(receipt) => {
                self.signals.read(receipt);
                self.signal_next();
                Ok(())
            }
            ToSession::Signalled { generation, signal, is_taken } => {
                if generation == self.generation {
                    self.signals.done(&signal, is_taken);
                    self.signal_next();
                }
                Ok(())
            }
            ToSession::SignalTick => {
                self.is_ticking = false;
                self.signal_next();
                Ok(())
            }
            ToSession::TryAgain { generation } => {
                settle_cast("reconnect", self.try_again(generation).await)
            }
            ToSession::HangUp { reply } => {
                self.hang_up();
                settle(reply, Ok(()))
            }
            #[cfg(feature = "testing")]
            ToSession::Panic => panic!("asked to by a test"),
        }
    }

    /// The connection, for what is asked of the network directly.
    fn connected(&self) -> Result<Arc<dyn Provider>, HubError> {
        let connection = self.connection.as_ref().filter(|_| self.session.is_connected());
        let provider = connection.map(|connection| Arc::clone(&connection.provider));
        provider.ok_or(HubError::SessionNotReady)
    }

    fn type_in(&mut self, chat_id: &str, agent_id: AgentId, is_typing: bool) {
        if is_typing {
            self.signals.typing(chat_id, agent_id, self.context.clock.now());
        } else {
            self.signals.stopped(chat_id, agent_id);
        }
        self.signal_next();
    }

    async fn start(&mut self, phone: Option<String>) -> Result<WhatsAppSession, HubError> {
        if !self.session.is_active {
            return Err(HubError::not_found("Sessão", &self.session.id));
        }
        // Whoever asks for the other way of pairing gets it as long as nothing is paired.
        let is_pairing = self.session.status == SessionStatus::QrCode && phone.is_some();
        if self.session.status.is_active() && !is_pairing {
            return Ok(self.session.clone());
        }
        self.session.reconnect_attempts = 0;
        let how = phone.map_or(Connect::Fresh, |phone| Connect::Pair { phone });
        self.pairing = Some(how.clone());
        self.connect(how).await?;
        Ok(self.session.clone())
    }

    async fn stop(&mut self) -> Result<WhatsAppSession, HubError> {
        self.hang_up();
        if self.session.status != SessionStatus::Disconnected {
            let now = self.context.clock.now();
            self.enter(SessionStatus::Disconnected, |session| {
                session.disconnected_at = Some(now);
                session.connected_at = None;
            })
            .await?;
        }
        Ok(self.session.clone())
    }

    async fn reconnect(&mut self) -> Result<WhatsAppSession, HubError> {
        if !self.session.is_active {
            return Err(HubError::not_found("Sessão", &self.session.id));
        }
        self.hang_up();
        self.session.reconnect_attempts = 0;
        self.pairing = None;
        self.connect(self.how_to_come_back()).await?;
        Ok(self.session.clone())
    }

    async fn try_again(&mut self, generation: u64) -> Result<(), HubError> {
        if generation != self.generation {
            return Ok(());
        }
        let outcome = self.connect(self.how_to_come_back()).await;
        if outcome.is_err() {
            self.try_again_after(UNSTORED_WAIT);
        }
        outcome
    }

    /// One that is being paired goes on with that; one that was never paired has nothing to come back
    /// with.
    fn how_to_come_back(&self) -> Connect {
        let is_paired = !self.session.phone_number.is_empty();
        let usual = if is_paired { Connect::Resume } else { Connect::Fresh };
        self.pairing.clone().unwrap_or(usual)
    }

    async fn deactivate(&mut self, by: AgentId) -> Result<WhatsAppSession, HubError> {
        if self.session.is_default {
            return Err(crate::domain::Rejected::DefaultSession.into());
        }
        self.stop().await?;
        let (id, now) = (self.session.id, self.context.clock.now());
        self.context.store.deactivate_session(id, by, now).await?;
        let status = self.session.status;
        self.enter(status, |session| session.is_active = false).await?;
        Ok(self.session.clone())
    }

    async fn update(
        &mut self,
        changes: SessionChanges,
        by: AgentId,
    ) -> Result<WhatsAppSession, HubError> {
        let (id, now) = (self.session.id, self.context.clock.now());
        let updated = self.context.store.update_session(id, changes, Some(by), now).await?;
        let updated = updated.ok_or_else(|| HubError::not_found("Sessão", &id))?;
        self.session = updated;
        // A code that waits to be scanned goes on waiting.
        let pairing = self.context.sessions.live(id).map(|live| live.pairing);
        self.mirror(pairing.unwrap_or_default());
        Ok(self.session.clone())
    }

    async fn restored(&mut self) -> Result<(), HubError> {
        self.hang_up();
        self.pairing = None;
        let id = self.session.id;
        let restored = self.context.store.find_session(id).await?;
        let restored = restored.ok_or_else(|| HubError::not_found("Sessão", &id))?;
        let before = std::mem::replace(&mut self.session, restored).status;
        self.show(before);
        Ok(())
    }

    /// Begins a connection. The state is committed and told before the provider can say anything.
    async fn connect(&mut self, how: Connect) -> Result<(), HubError> {
        self.hang_up();
        let now = self.context.clock.now();
        let is_resumed = how == Connect::Resume;
        self.enter(SessionStatus::Connecting, |session| {
            session.connected_at = None;
            if is_resumed {
                session.last_reconnect_at = Some(now);
            }
        })
        .await?;
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        match self.context.providers.connect(&self.session, how, sender) {
            Ok(provider) => {
                let alive = self.context.stop.child_token();
                self.connection = Some(Connection { provider, alive });
                let context = Arc::clone(&self.context);
                let (id, generation) = (self.session.id, self.generation);
                self.context.tasks.spawn(intake::run(context, id, generation, events));
                Ok(())
            }
            Err(error) => self.fail(&error.to_string()).await,
        }
    }

    /// Ends the connection; what it still tells is of an older generation and ignored.
    fn hang_up(&mut self) {
        self.generation += 1;
        self.connection = None;
        self.lanes.clear();
        self.signals.clear();
    }

    /// A row that an earlier connection did not finish.
    fn take_unsent(&mut self, message: Message) {
        let Some(connection) = &self.connection else { return };
        if message.status == MessageStatus::Sending && !connection.provider.is_idempotent() {
            outbound::await_report(&self.context, message, connection.alive.clone());
            return;
        }
        self.lanes.push(message);
    }

    /// A row to be sent. Whoever sends it has typed it.
    fn queue(&mut self, message: Message) {
        if let Some(agent_id) = message.agent_id {
            self.signals.stopped(&message.chat_id, agent_id);
        }
        self.lanes.push(message);
        self.signal_next();
        self.send_next();
    }

    /// Tells the network what is due, each in a task, and looks again as long as something may end.
    fn signal_next(&mut self) {
        let Some(connection) = self.connection.as_ref().filter(|_| self.session.is_connected())
        else {
            self.signals.clear();
            return;
        };
        for signal in self.signals.due(self.context.clock.now()) {
            let context = Arc::clone(&self.context);
            let provider = Arc::clone(&connection.provider);
            let alive = connection.alive.clone();
            let (me, generation) = (self.me.clone(), self.generation);
            self.context.tasks.spawn(async move {
                let is_taken = tokio::select! {
                    () = alive.cancelled() => return,
                    is_taken = signals::tell(&context, &provider, &signal) => is_taken,
                };
                // The actor is gone, and with it what it had to tell.
                let _ = me.send_message(ToSession::Signalled { generation, signal, is_taken });
            });
        }
        if !self.is_ticking && !self.signals.is_idle() {
            self.is_ticking = true;
            self.me.send_after(SIGNAL_TICK, || ToSession::SignalTick);
        }
    }

    /// Hands over as many messages as may be under way at once.
    fn send_next(&mut self) {
        let Some(connection) = self.connection.as_ref().filter(|_| self.session.is_connected())
        else {
            // The rows are read when the number is ready.
            self.lanes.clear();
            return;
        };
        while self.pace.is_due(&self.session) {
            let Some(message) = self.lanes.next() else { return };
            self.pace.has_sent(&self.session);
            let context = Arc::clone(&self.context);
            let provider = Arc::clone(&connection.provider);
            let alive = connection.alive.clone();
            let (me, generation) = (self.me.clone(), self.generation);
            self.context.tasks.spawn(async move {
                let cold_blocked_until =
                    outbound::hand_over(&context, &provider, &message, &alive).await;
                let (chat_id, id) = (message.chat_id, message.id);
                let done = ToSession::HandedOver { generation, chat_id, id, cold_blocked_until };
                // The actor is gone: its successor reads the rows.
                let _ = me.send_message(done);
            });
        }
        if !self.pace.is_waiting && self.lanes.has_next() {
            self.pace.is_waiting = true;
            self.me.send_after(self.pace.wait(), || ToSession::Pace);
        }
    }
}
