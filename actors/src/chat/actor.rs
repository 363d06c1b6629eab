//! The actor of one open chat. Each change: decide, commit, remember, tell, answer.

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::{
    closing::Closing,
    decisions::Acceptance,
    handle::ManualEntry,
    handover::{TransferAnswer, TransferRequest},
    intake::Delivered,
    rating::ManualRating,
    remarks::ToRemark,
    send::Outgoing,
};
use crate::{
    ask::{Reply, settle, settle_cast, watched},
    domain::{
        AgentId, CustomerCard, DepartmentId, Inbound, Message, MessageChange, NewDecision,
        QueueEntry, Rejected, Ticket, TicketId, TicketStatus, TicketView, Timestamp, Transfer,
        TransferId, ids::ChatKey,
    },
    error::HubError,
    hub::Context,
    store::{Changed, EntryChange, NewNotice, NewTransfer, StoreError, TicketPlan},
    supervisor::{Child, Restart},
};

/// How often an idle chat looks at itself.
const IDLE_CHECK: Duration = Duration::from_mins(1);

/// What a chat is told. All of these come from outside of actors unless said otherwise.
pub(crate) enum ToChat {
    /// A customer's message; answered after the commit, so that a webhook's 200 means *stored*.
    Deliver {
        inbound: Box<Inbound>,
        reply: Reply<Delivered>,
    },
    /// Something became of a message.
    Change {
        change: Box<MessageChange>,
        reply: Reply<Option<Message>>,
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
        acceptance: Acceptance,
        reply: Reply<Ticket>,
    },
    /// An agent refuses what was offered to him.
    Decline {
        ticket_id: TicketId,
        agent_id: AgentId,
        reply: Reply<Ticket>,
    },
    /// An agent takes what was handed over to him, or sends it back.
    AnswerTransfer {
        ticket_id: TicketId,
        answer: TransferAnswer,
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
    /// A person enters a rating of a ticket of this chat, open or not.
    Rate {
        ticket_id: TicketId,
        rating: ManualRating,
        reply: Reply<Ticket>,
    },
    /// From the sweep: remind the customer or close, if he really owed an answer for that long.
    CheckSilence {
        ticket_id: TicketId,
    },
    /// From the roster: the owner is gone since then; back into the queue if he still owns it.
    Requeue {
        ticket_id: TicketId,
        gone_since: Timestamp,
    },
    /// From a queue: nobody has answered this offer in time.
    OfferExpired {
        ticket_id: TicketId,
        agent_id: AgentId,
        until: Timestamp,
    },
    /// From a queue: it waited there for too long; to another department.
    Overflow {
        ticket_id: TicketId,
        from: DepartmentId,
        to: DepartmentId,
    },
    /// From the sweep: nobody has taken this hand-over in time.
    ReturnTransfer {
        ticket_id: TicketId,
        transfer_id: TransferId,
    },
    /// From a queue, after its commit: this is the ticket now.
    Refresh(Box<Ticket>),
    /// What people note about the chat.
    Remark(ToRemark),
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
    /// A hand-over to the present owner that he has not taken yet.
    pub(super) transfer: Option<Transfer>,
}

/// What a plan changes besides the ticket.
pub(super) struct Step {
    pub(super) entry: EntryChange,
    pub(super) transfer: Option<NewTransfer>,
    pub(super) returned: Option<TransferId>,
    pub(super) decision: Option<NewDecision>,
    /// What the customer is told about it.
    pub(super) notices: Vec<NewNotice>,
}

impl From<EntryChange> for Step {
    fn from(entry: EntryChange) -> Self {
        Self { entry, transfer: None, returned: None, decision: None, notices: Vec::new() }
    }
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
        // On the heap: it is as large as the largest of all steps.
        watched("chat", Box::pin(state.handle(message))).await
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
            ToChat::Deliver { inbound, reply } => {
                let outcome = self.deliver(*inbound).await;
                let is_stored = outcome.is_ok();
                settle(reply, outcome)?;
                // A repeat makes up for what died after the first delivery.
                let told = if is_stored { self.tell_what_is_due().await } else { Ok(()) };
                settle_cast("automatic messages", told)
            }
            ToChat::Change { change, reply } => settle(reply, self.change_message(*change).await),
            ToChat::Send { outgoing, reply } => settle(reply, self.send(*outgoing).await),
            ToChat::Open { entry, reply } => settle(reply, self.open_by_hand(*entry).await),
            ToChat::Accept { ticket_id, acceptance, reply } => {
                settle(reply, self.accept(ticket_id, acceptance).await)
            }
            ToChat::Decline { ticket_id, agent_id, reply } => {
                settle(reply, self.decline(ticket_id, agent_id).await)
            }
            ToChat::AnswerTransfer { ticket_id, answer, reply } => {
                settle(reply, self.answer_transfer(ticket_id, answer).await)
            }
            ToChat::OfferExpired { ticket_id, agent_id, until } => {
                settle_cast("end offer", self.offer_expired(ticket_id, agent_id, until).await)
            }
            ToChat::Overflow { ticket_id, from, to } => {
                settle_cast("overflow", self.overflow(ticket_id, from, to).await)
            }
            ToChat::ReturnTransfer { ticket_id, transfer_id } => {
                settle_cast("return transfer", self.return_due(ticket_id, transfer_id).await)
            }
            ToChat::Transfer { ticket_id, request, reply } => {
                settle(reply, self.transfer(ticket_id, request).await)
            }
            ToChat::Close { ticket_id, closing, reply } => {
                settle(reply, self.close(ticket_id, closing).await)
            }
            ToChat::Cancel { ticket_id, reply } => settle(reply, self.cancel(ticket_id).await),
            ToChat::Rate { ticket_id, rating, reply } => {
                settle(reply, self.rate_by_hand(ticket_id, rating).await)
            }
            ToChat::CheckSilence { ticket_id } => {
                settle_cast("check silence", self.check_silence(ticket_id).await)
            }
            ToChat::Requeue { ticket_id, gone_since } => {
                settle_cast("requeue", self.requeue(ticket_id, gone_since).await)
            }
            ToChat::Refresh(ticket) => settle_cast("refresh", self.refresh(*ticket).await),
            ToChat::Remark(message) => self.handle_remark(message).await,
            ToChat::Reload { reply } => settle(reply, self.reload_and_queue().await),
            ToChat::CheckIdle => Ok(()),
            #[cfg(feature = "testing")]
            ToChat::Panic => panic!("asked to by a test"),
        }
    }

    /// Reads the open ticket of this chat.
    pub(super) async fn reload(&mut self) -> Result<(), HubError> {
        let store = &self.context.store;
        self.open = match store.find_open_ticket(&self.key).await? {
            Some(TicketView { ticket, customer }) => {
                let transfer = match ticket.agent_id {
                    Some(_) => store.find_open_transfer(ticket.id).await?,
                    None => None,
                };
                Some(Open { ticket, customer, transfer })
            }
            None => None,
        };
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
        if open.ticket.status == TicketStatus::Waiting {
            self.enqueue().await;
        }
        Ok(())
    }

    fn check_idle(&self, me: &ActorRef<ToChat>) {
        if self.last_used.elapsed() >= self.context.config.chat_idle {
            self.context.chats.retire(self.key.clone(), me.get_id());
        }
    }

    /// Tells the queue of an entry that is committed. A queue that cannot answer now reads the row when
    /// it is up again, so nothing is lost and nobody has to ask twice.
    pub(super) async fn enqueue(&self) {
        let Some(open) = &self.open else { return };
        let (department_id, ticket_id) = (open.ticket.department_id, open.ticket.id);
        if let Err(error) = self.context.queues.enqueue(department_id, ticket_id).await {
            tracing::warn!(%error, ticket.id = %ticket_id, "the queue will read the entry later");
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
    pub(super) async fn change(
        &mut self,
        at: Timestamp,
        plan: impl Fn(&mut Ticket) -> Result<Step, HubError>,
    ) -> Result<(Ticket, Option<Transfer>), HubError> {
        for _attempt in 0..3 {
            let Some(open) = &self.open else { return Err(Rejected::NotOpen.into()) };
            let mut ticket = open.ticket.clone();
            let Step { entry, transfer, returned, decision, notices } = plan(&mut ticket)?;
            let promise = (ticket.department_id != open.ticket.department_id)
                .then(|| self.context.promise(ticket.department_id, ticket.created_at));
            let planned =
                TicketPlan { ticket, entry, transfer, returned, decision, notices, promise, at };
            match self.context.store.change_ticket(planned).await {
                Ok(Changed { ticket, transfer, messages }) => {
                    if let Some(open) = &mut self.open {
                        if open.ticket.agent_id != ticket.agent_id {
                            open.transfer.clone_from(&transfer);
                        }
                        open.ticket = ticket.clone();
                    }
                    for message in messages {
                        self.context.sessions.outbound(message);
                    }
                    return Ok((ticket, transfer));
                }
                Err(StoreError::Stale) => self.reload().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(HubError::Conflict)
    }
}
