//! The actor of one open chat. Each change: decide, commit, remember, tell, answer.

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::handle::ManualEntry;
use crate::{
    ask::{Reply, settle, settle_cast, watched},
    domain::{
        Agent, AgentId, CustomerCard, DepartmentId, Direction, Inbound, Message, MessageKind,
        NewMessage, Priority, QueueEntry, Rejected, Ticket, TicketId, TicketStatus, TicketView,
        Timestamp, Transfer, ids::ChatKey,
    },
    error::HubError,
    hub::Context,
    store::{
        EntryChange, NewTicket, NewTransfer, OpenedTicket, OpeningCustomer, StoreError, TicketPlan,
    },
    supervisor::{Child, Restart},
};

/// Characters of the first message that the queue shows (contract §12).
const FIRST_MESSAGE_CHARS_MAX: usize = 500;
/// How often an idle chat looks at itself.
const IDLE_CHECK: Duration = Duration::from_mins(1);

/// What became of a message that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub message: Message,
    /// It had been stored before; nothing was done again.
    pub is_repeat: bool,
}

/// What an agent wants to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub agent_id: Option<AgentId>,
    pub phone: String,
    pub kind: MessageKind,
    pub text: String,
    pub media_url: Option<String>,
    pub client_message_id: Option<String>,
    /// Sent by the hub itself.
    pub is_automatic: bool,
}

/// A hand-over as it was asked for.
#[derive(Debug, Clone)]
pub struct TransferRequest {
    pub by: AgentId,
    pub to_agent_id: AgentId,
    pub to_department_id: Option<DepartmentId>,
    pub reason: String,
}

/// How a chat is closed by a person.
#[derive(Debug, Clone, Default)]
pub struct Closing {
    pub notes: Option<String>,
}

/// What a chat is told. All of these come from outside of actors unless said otherwise.
pub(crate) enum ToChat {
    /// A customer's message; answered after the commit, so that a webhook's 200 means *stored*.
    Deliver {
        inbound: Box<Inbound>,
        reply: Reply<Delivered>,
    },
    /// A message to the customer; answered with the queued row (or the earlier one of a repeat).
    Send {
        outgoing: Box<Outgoing>,
        reply: Reply<Message>,
    },
    /// A person puts the customer into a queue.
    Open {
        entry: Box<ManualEntry>,
        reply: Reply<(QueueEntry, bool)>,
    },
    /// A person takes the chat, or gives it to somebody.
    Accept {
        ticket_id: TicketId,
        agent_id: AgentId,
        notes: Option<String>,
        reply: Reply<Ticket>,
    },
    Transfer {
        ticket_id: TicketId,
        request: TransferRequest,
        reply: Reply<(Ticket, Transfer)>,
    },
    Close {
        ticket_id: TicketId,
        closing: Closing,
        reply: Reply<Ticket>,
    },
    /// A person takes a customer who still waits out of the queue.
    Cancel {
        ticket_id: TicketId,
        reply: Reply<Ticket>,
    },
    /// From the sweep: close if the customer really owed an answer for that long.
    CloseIfIdle {
        ticket_id: TicketId,
        idle_since: Timestamp,
        minutes: i64,
    },
    /// From the roster: the owner is gone since then; back into the queue if he still owns it.
    Requeue {
        ticket_id: TicketId,
        gone_since: Timestamp,
    },
    /// From a queue, after its commit: this is the ticket now.
    Refresh(Box<Ticket>),
    /// From outside: the row was edited; read it again.
    Reload {
        reply: Reply<()>,
    },
    /// From the actor's own ticker.
    CheckIdle,
    /// For tests: fail as a defect would.
    #[cfg(feature = "testing")]
    Panic,
}

pub(crate) struct ChatChild(pub(super) Arc<Context>);

impl Child for ChatChild {
    type Key = ChatKey;
    type Msg = ToChat;
    const NAME: &'static str = "chat";
    const RESTART: Restart = Restart::OnDemand;

    async fn start(&self, key: ChatKey, parent: ActorCell) -> Result<ActorRef<ToChat>, SpawnErr> {
        let arguments = (Arc::clone(&self.0), key);
        let (actor, _) = ChatActor::spawn_linked(None, ChatActor, arguments, parent).await?;
        Ok(actor)
    }
}

struct ChatActor;

/// The open ticket and whose it is.
pub(super) struct Open {
    pub(super) ticket: Ticket,
    pub(super) customer: CustomerCard,
}

pub(super) struct State {
    pub(super) context: Arc<Context>,
    pub(super) key: ChatKey,
    pub(super) open: Option<Open>,
    last_used: tokio::time::Instant,
}

impl Actor for ChatActor {
    type Msg = ToChat;
    type State = State;
    type Arguments = (Arc<Context>, ChatKey);

    async fn pre_start(
        &self,
        me: ActorRef<ToChat>,
        (context, key): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        me.send_interval(IDLE_CHECK, || ToChat::CheckIdle);
        Ok(State { context, key, open: None, last_used: tokio::time::Instant::now() })
    }

    /// Loads here and not in `pre_start`, which runs in the supervisor: chats must come up side by
    /// side, not one after the other.
    async fn post_start(
        &self,
        _me: ActorRef<ToChat>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        Ok(state.reload_and_queue().await?)
    }

    async fn handle(
        &self,
        me: ActorRef<ToChat>,
        message: ToChat,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if matches!(message, ToChat::CheckIdle) {
            state.check_idle(&me);
            return Ok(());
        }
        state.last_used = tokio::time::Instant::now();
        watched("chat", state.handle(message)).await
    }

    async fn handle_supervisor_evt(
        &self,
        _me: ActorRef<ToChat>,
        _event: SupervisionEvent,
        _state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl State {
    async fn handle(&mut self, message: ToChat) -> Result<(), ActorProcessingErr> {
        match message {
            ToChat::Deliver { inbound, reply } => settle(reply, self.deliver(*inbound).await),
            ToChat::Send { outgoing, reply } => settle(reply, self.send(*outgoing).await),
            ToChat::Open { entry, reply } => settle(reply, self.open_by_hand(*entry).await),
            ToChat::Accept { ticket_id, agent_id, notes, reply } => {
                settle(reply, self.accept(ticket_id, agent_id, notes).await)
            }
            ToChat::Transfer { ticket_id, request, reply } => {
                settle(reply, self.transfer(ticket_id, request).await)
            }
            ToChat::Close { ticket_id, closing, reply } => {
                settle(reply, self.close(ticket_id, closing).await)
            }
            ToChat::Cancel { ticket_id, reply } => settle(reply, self.cancel(ticket_id).await),
            ToChat::CloseIfIdle { ticket_id, idle_since, minutes } => settle_cast(
                "close idle chat",
                self.close_if_idle(ticket_id, idle_since, minutes).await,
            ),
            ToChat::Requeue { ticket_id, gone_since } => {
                settle_cast("requeue", self.requeue(ticket_id, gone_since).await)
            }
            ToChat::Refresh(ticket) => settle_cast("refresh", self.refresh(*ticket).await),
            ToChat::Reload { reply } => settle(reply, self.reload_and_queue().await),
            ToChat::CheckIdle => Ok(()),
            #[cfg(feature = "testing")]
            ToChat::Panic => panic!("asked to by a test"),
        }
    }

    /// Reads the open ticket of this chat.
    async fn reload(&mut self) -> Result<(), HubError> {
        let found = self.context.store.find_open_ticket(&self.key).await?;
        self.open = found.map(|TicketView { ticket, customer }| Open { ticket, customer });
        Ok(())
    }

    /// Reads the open ticket and makes sure that its queue knows of it: whoever committed it may have
    /// died before telling, or the entry was edited.
    async fn reload_and_queue(&mut self) -> Result<(), HubError> {
        self.reload().await?;
        let Some(open) = &self.open else { return Ok(()) };
        if let (Some(owner), true) = (open.ticket.agent_id, open.ticket.status.is_load()) {
            self.context.presence.charged(owner, open.ticket.id);
        }
        if !open.ticket.is_unassigned() {
            return Ok(());
        }
        self.enqueue().await;
        Ok(())
    }

    fn check_idle(&self, me: &ActorRef<ToChat>) {
        if self.last_used.elapsed() >= self.context.config.chat_idle {
            self.context.chats.retire(self.key.clone(), me.get_id());
        }
    }

    async fn deliver(&mut self, inbound: Inbound) -> Result<Delivered, HubError> {
        let now = self.context.clock.now();
        for _attempt in 0..2 {
            let mut new = inbound.to_new_message(self.key.session_id, now);
            if let Some(open) = &self.open {
                new.ticket_id = Some(open.ticket.id);
                return self.append_inbound(new, now).await;
            }
            match self.open_ticket(&inbound, new, now).await {
                // Somebody opened it behind our back: read it and append.
                Err(HubError::Store(StoreError::Unique { .. })) => self.reload().await?,
                outcome => return outcome,
            }
        }
        Err(HubError::Conflict)
    }

    async fn append_inbound(
        &mut self,
        new: NewMessage,
        now: Timestamp,
    ) -> Result<Delivered, HubError> {
        let Some(id) = self.context.store.append_message(new.clone()).await? else {
            return self.repeat(&new.message_id).await;
        };
        let message = new.into_stored(id);
        if let Some(open) = &mut self.open {
            open.ticket.customer_messages += 1;
            open.ticket.awaiting_since.get_or_insert(now);
            open.ticket.last_message_at = Some(now);
        }
        self.tell_inbound(&message, now);
        self.requeue_if_owner_is_gone().await?;
        Ok(Delivered { message, is_repeat: false })
    }

    /// The stored row of a message that was delivered before.
    async fn repeat(&self, message_id: &str) -> Result<Delivered, HubError> {
        let session = self.key.session_id;
        let stored = self.context.store.find_message_by_provider_id(session, message_id).await?;
        let message = stored.ok_or_else(|| HubError::not_found("Mensagem", message_id))?;
        Ok(Delivered { message, is_repeat: true })
    }

    /// A customer who has no open chat wrote: a ticket, a queue entry and the message, in one commit.
    async fn open_ticket(
        &mut self,
        inbound: &Inbound,
        message: NewMessage,
        now: Timestamp,
    ) -> Result<Delivered, HubError> {
        let new = NewTicket {
            key: self.key.clone(),
            phone: inbound.phone.clone(),
            customer: OpeningCustomer::ByPhone { name: inbound.contact_name.clone() },
            department_id: self.department_for_new()?,
            priority: Priority::Normal,
            first_message: inbound.text.chars().take(FIRST_MESSAGE_CHARS_MAX).collect(),
            message: Some(message),
            at: now,
        };
        let Some(opened) = self.context.store.open_ticket(new).await? else {
            return self.repeat(&inbound.message_id).await;
        };
        let OpenedTicket { ticket, customer, entry, message } = opened;
        self.remember_opened(ticket, customer);
        self.tell_opened(&entry.first_message, now);
        let message = message.ok_or(HubError::Conflict)?;
        self.tell_received(&message, now);
        self.enqueue().await;
        Ok(Delivered { message, is_repeat: false })
    }

    /// Tells the queue of an entry that is committed. A queue that cannot answer now reads the row when
    /// it is up again, so nothing is lost and nobody has to ask twice.
    async fn enqueue(&self) {
        let Some(open) = &self.open else { return };
        let (department_id, ticket_id) = (open.ticket.department_id, open.ticket.id);
        if let Err(error) = self.context.queues.enqueue(department_id, ticket_id).await {
            tracing::warn!(%error, ticket.id = %ticket_id, "the queue will read the entry later");
        }
    }

    fn remember_opened(&mut self, ticket: Ticket, customer: crate::domain::Customer) {
        let customer = CustomerCard {
            customer_name: customer.name,
            customer_email: customer.email,
            customer_phone: customer.phone,
        };
        self.open = Some(Open { ticket, customer });
    }

    /// The number's department, else the first active one by name.
    fn department_for_new(&self) -> Result<DepartmentId, HubError> {
        let of_session = self.context.sessions.department_of(self.key.session_id);
        let roster = self.context.roster();
        let is_active = |id: &DepartmentId| roster.department(*id).is_some_and(|d| d.is_active);
        if let Some(id) = of_session.filter(is_active) {
            return Ok(id);
        }
        if let Some(department) = roster.default_department() {
            return Ok(department.id);
        }
        // A message is never refused for want of a department.
        let any = roster.departments().next().map(|department| department.id);
        any.ok_or_else(|| HubError::not_found("Departamento", "padrão"))
    }

    async fn send(&mut self, outgoing: Outgoing) -> Result<Message, HubError> {
        let now = self.context.clock.now();
        let new = self.new_outbound(&outgoing, now);
        let Some(id) = self.context.store.append_message(new.clone()).await? else {
            return self.repeated_send(&outgoing).await;
        };
        let message = new.into_stored(id);
        if let (Some(open), false) = (&mut self.open, outgoing.is_automatic) {
            open.ticket.agent_messages += 1;
            open.ticket.first_response_at.get_or_insert(now);
            open.ticket.awaiting_since = None;
            open.ticket.last_message_at = Some(now);
        }
        if let Some(agent_id) = outgoing.agent_id {
            self.context.presence.typing_sent(agent_id, self.key.chat_id.clone());
        }
        self.context.sessions.outbound(message.clone());
        Ok(message)
    }

    fn new_outbound(&self, outgoing: &Outgoing, now: Timestamp) -> NewMessage {
        NewMessage {
            session_id: self.key.session_id,
            ticket_id: self.open.as_ref().map(|open| open.ticket.id),
            agent_id: outgoing.agent_id,
            chat_id: self.key.chat_id.clone(),
            // Reserved and stored before the first byte leaves.
            message_id: uuid::Uuid::new_v4().simple().to_string(),
            client_message_id: outgoing.client_message_id.clone(),
            task_id: Some(uuid::Uuid::new_v4().to_string()),
            direction: Direction::Outbound,
            kind: outgoing.kind,
            phone: outgoing.phone.clone(),
            contact_name: self
                .open
                .as_ref()
                .map(|open| open.customer.customer_name.clone())
                .unwrap_or_default(),
            text: outgoing.text.clone(),
            media_url: outgoing.media_url.clone(),
            media_mime_type: None,
            media_size: None,
            raw_payload: None,
            protocol_version: "v1".to_owned(),
            is_automatic: outgoing.is_automatic,
            provider_at: None,
            at: now,
        }
    }

    /// The same `client_message_id` again: the earlier row, if it was the same request.
    async fn repeated_send(&self, outgoing: &Outgoing) -> Result<Message, HubError> {
        let (Some(agent_id), Some(client_id)) = (outgoing.agent_id, &outgoing.client_message_id)
        else {
            return Err(HubError::Conflict);
        };
        let earlier = self.context.store.find_message_by_client_id(agent_id, client_id).await?;
        let earlier = earlier.ok_or(HubError::Conflict)?;
        let is_same = earlier.chat_id == self.key.chat_id
            && earlier.session_id == self.key.session_id
            && earlier.kind == outgoing.kind
            && earlier.text == outgoing.text
            && earlier.media_url == outgoing.media_url;
        if is_same { Ok(earlier) } else { Err(Rejected::ClientMessageIdReused.into()) }
    }

    /// Creates the waiting pair, or returns the one that waits already (`false`: not created).
    async fn open_by_hand(&mut self, new: ManualEntry) -> Result<(QueueEntry, bool), HubError> {
        if let Some(open) = &self.open {
            if !open.ticket.is_unassigned() {
                return Err(Rejected::ChatAlreadyOpen(open.ticket.status).into());
            }
            let id = open.ticket.id;
            let entry = self.context.store.find_queue_entry_of(id).await?;
            return Ok((entry.ok_or(HubError::Conflict)?, false));
        }
        let now = self.context.clock.now();
        let new = NewTicket {
            key: self.key.clone(),
            phone: new.phone,
            customer: OpeningCustomer::Known(new.customer_id),
            department_id: new.department_id,
            priority: new.priority,
            first_message: new.first_message.chars().take(FIRST_MESSAGE_CHARS_MAX).collect(),
            message: None,
            at: now,
        };
        let opened = self.context.store.open_ticket(new).await?.ok_or(HubError::Conflict)?;
        self.remember_opened(opened.ticket, opened.customer);
        self.tell_opened(&opened.entry.first_message, now);
        self.enqueue().await;
        Ok((opened.entry, true))
    }

    /// Whether the ticket that a person decided about is still the open one.
    fn is_open_now(&self, ticket_id: TicketId) -> bool {
        self.open.as_ref().is_some_and(|open| open.ticket.id == ticket_id)
    }

    async fn accept(
        &mut self,
        ticket_id: TicketId,
        agent_id: AgentId,
        notes: Option<String>,
    ) -> Result<Ticket, HubError> {
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::NotWaiting(TicketStatus::Closed).into());
        }
        let changed = self
            .change(now, |ticket| {
                ticket.check_accept()?;
                ticket.agent_id = Some(agent_id);
                ticket.status = TicketStatus::Active;
                ticket.owned_since = Some(now);
                ticket.started_at.get_or_insert(now);
                if let Some(notes) = &notes {
                    ticket.notes.clone_from(notes);
                }
                Ok((EntryChange::Assigned(now), None))
            })
            .await?
            .0;
        self.context.queues.withdraw(changed.department_id, changed.id);
        self.context.presence.charged(agent_id, changed.id);
        self.tell_accepted(now).await;
        Ok(changed)
    }

    async fn transfer(
        &mut self,
        ticket_id: TicketId,
        request: TransferRequest,
    ) -> Result<(Ticket, Transfer), HubError> {
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::NotTransferable.into());
        }
        let from_department = self.open.as_ref().map(|open| open.ticket.department_id);
        let context = Arc::clone(&self.context);
        let (changed, transfer) = self
            .change(now, |ticket| {
                ticket.check_transfer(Some(request.to_agent_id))?;
                let target = check_target(&context, &request)?;
                let transfer = NewTransfer {
                    from_agent_id: ticket.agent_id,
                    to_agent_id: Some(target.id),
                    from_department_id: ticket.department_id,
                    to_department_id: request.to_department_id.unwrap_or(ticket.department_id),
                    reason: request.reason.clone(),
                    created_by: Some(request.by),
                };
                ticket.agent_id = Some(target.id);
                ticket.department_id = transfer.to_department_id;
                ticket.owned_since = Some(now);
                Ok((EntryChange::Assigned(now), Some(transfer)))
            })
            .await?;
        if let Some(department) = from_department {
            self.context.queues.withdraw(department, changed.id);
        }
        self.context.presence.charged(request.to_agent_id, changed.id);
        let transfer = transfer.ok_or(HubError::Conflict)?;
        self.tell_transferred(transfer.clone(), now);
        Ok((changed, transfer))
    }

    async fn close(&mut self, ticket_id: TicketId, closing: Closing) -> Result<Ticket, HubError> {
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::TicketAlreadyClosed.into());
        }
        let changed = self.end_with(now, TicketStatus::Closed, |ticket| {
            ticket.check_close()?;
            if let Some(notes) = &closing.notes {
                ticket.notes.clone_from(notes);
            }
            Ok(())
        });
        let (changed, _customer) = changed.await?;
        self.tell_closed(&changed, now);
        Ok(changed)
    }

    async fn cancel(&mut self, ticket_id: TicketId) -> Result<Ticket, HubError> {
        let now = self.context.clock.now();
        if !self.is_open_now(ticket_id) {
            return Err(Rejected::NotInQueue.into());
        }
        let changed = self.end_with(now, TicketStatus::Cancelled, |ticket| {
            let waits = ticket.id == ticket_id && ticket.is_unassigned();
            if waits { Ok(()) } else { Err(Rejected::NotInQueue.into()) }
        });
        let (changed, _customer) = changed.await?;
        self.tell_closed(&changed, now);
        Ok(changed)
    }

    async fn close_if_idle(
        &mut self,
        ticket_id: TicketId,
        idle_since: Timestamp,
        minutes: i64,
    ) -> Result<(), HubError> {
        // The sweep saw a row; what has been said since then counts.
        let is_due = self.open.as_ref().is_some_and(|open| {
            open.ticket.id == ticket_id && open.ticket.is_idle_since(idle_since)
        });
        if !is_due {
            return Ok(());
        }
        let now = self.context.clock.now();
        let closing = self.end_with(now, TicketStatus::Closed, |ticket| {
            ticket.check_close()?;
            ticket.notes = format!(
                "Encerrado automaticamente por inatividade ({minutes} minutos sem resposta)"
            );
            Ok(())
        });
        let (changed, customer) = closing.await?;
        self.tell_auto_closed(&changed, &customer, minutes, now);
        Ok(())
    }

    /// Ends the open ticket and forgets it; the next message opens a new one.
    async fn end_with(
        &mut self,
        now: Timestamp,
        status: TicketStatus,
        check: impl Fn(&mut Ticket) -> Result<(), HubError>,
    ) -> Result<(Ticket, CustomerCard), HubError> {
        let (changed, _) = self
            .change(now, |ticket| {
                check(ticket)?;
                ticket.status = status;
                ticket.closed_at = Some(now);
                Ok((EntryChange::Removed(now), None))
            })
            .await?;
        let customer = self.open.take().map(|open| open.customer);
        self.context.queues.withdraw(changed.department_id, changed.id);
        self.context.presence.freed(changed.id);
        Ok((changed, customer.ok_or(HubError::Conflict)?))
    }

    /// The owner of a chat whose customer waits has gone: back to the queue, with its age.
    async fn requeue(
        &mut self,
        ticket_id: TicketId,
        gone_since: Timestamp,
    ) -> Result<(), HubError> {
        let Some(open) = &self.open else { return Ok(()) };
        let owner = open.ticket.agent_id;
        let is_still_so = open.ticket.id == ticket_id
            && open.ticket.status == TicketStatus::Active
            && open.ticket.awaiting_since.is_some()
            && open.ticket.owned_since.is_none_or(|owned| owned <= gone_since)
            && owner.is_some_and(|id| self.context.presence.gone_since(id).is_some());
        if !is_still_so {
            return Ok(());
        }
        let now = self.context.clock.now();
        let (changed, _) = self
            .change(now, |ticket| {
                if ticket.agent_id != owner || ticket.status != TicketStatus::Active {
                    return Err(HubError::Conflict);
                }
                ticket.agent_id = None;
                ticket.status = TicketStatus::Waiting;
                ticket.owned_since = None;
                Ok((EntryChange::Waiting, None))
            })
            .await?;
        self.context.presence.freed(changed.id);
        self.tell_requeued(&changed, owner, now);
        self.enqueue().await;
        Ok(())
    }

    /// A chat whose owner left while the customer owed the answer stays with him until the customer
    /// writes, which is now.
    async fn requeue_if_owner_is_gone(&mut self) -> Result<(), HubError> {
        let Some(open) = &self.open else { return Ok(()) };
        let gone = open.ticket.agent_id.and_then(|id| self.context.presence.gone_since(id));
        match gone {
            Some(since) => self.requeue(open.ticket.id, since).await,
            None => Ok(()),
        }
    }

    async fn refresh(&mut self, ticket: Ticket) -> Result<(), HubError> {
        match &mut self.open {
            Some(open) if open.ticket.id == ticket.id => {
                if open.ticket.version < ticket.version {
                    open.ticket = ticket;
                }
                Ok(())
            }
            _ => self.reload().await,
        }
    }

    /// Plans a change on the ticket as it is known, commits it, and remembers the result. When the row
    /// has changed meanwhile it is read again and the rules decide once more.
    async fn change(
        &mut self,
        at: Timestamp,
        plan: impl Fn(&mut Ticket) -> Result<(EntryChange, Option<NewTransfer>), HubError>,
    ) -> Result<(Ticket, Option<Transfer>), HubError> {
        for _attempt in 0..3 {
            let Some(open) = &self.open else { return Err(Rejected::NotOpen.into()) };
            let mut ticket = open.ticket.clone();
            let (entry, transfer) = plan(&mut ticket)?;
            let planned = TicketPlan { ticket, entry, transfer, at };
            match self.context.store.change_ticket(planned).await {
                Ok((changed, transfer)) => {
                    if let Some(open) = &mut self.open {
                        open.ticket = changed.clone();
                    }
                    return Ok((changed, transfer));
                }
                Err(StoreError::Stale) => self.reload().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(HubError::Conflict)
    }
}

/// The person who is to have the chat: there, active, and in the department that was named.
fn check_target(context: &Context, request: &TransferRequest) -> Result<Arc<Agent>, HubError> {
    let roster = context.roster();
    let target = roster.agent(request.to_agent_id).filter(|agent| agent.is_active);
    let target = target.ok_or_else(|| HubError::not_found("Atendente", &request.to_agent_id))?;
    if let Some(id) = request.to_department_id {
        let department = roster.department(id).filter(|department| department.is_active);
        department.ok_or_else(|| HubError::not_found("Departamento", &id))?;
        if !roster.is_member(target.id, id) {
            return Err(Rejected::TargetNotInDepartment.into());
        }
    }
    Ok(Arc::clone(target))
}
