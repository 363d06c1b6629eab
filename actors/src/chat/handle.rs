//! The door to the chats.

use std::sync::Arc;

use ractor::{ActorCell, ActorId};

use super::{
    actor::{ChatChild, ToChat},
    closing::Closing,
    decisions::Acceptance,
    handover::{TransferAnswer, TransferRequest},
    intake::Delivered,
    rating::ManualRating,
    send::Outgoing,
};
use crate::{
    ask::Reply,
    domain::{
        AgentId, CustomerId, DepartmentId, Inbound, Message, Priority, QueueEntry, Ticket,
        TicketId, Timestamp, Transfer, TransferId, ids::ChatKey,
    },
    error::HubError,
    hub::Context,
    metrics::Actors,
    store::{EntryEdit, Store},
    supervisor::Doors,
};

/// A customer whom a person puts into a queue.
#[derive(Debug, Clone)]
pub struct ManualEntry {
    pub key: ChatKey,
    pub phone: String,
    pub customer_id: CustomerId,
    pub department_id: DepartmentId,
    pub priority: Priority,
    pub first_message: String,
}

/// Asks and tells the actor of a chat.
pub struct Chats {
    doors: Doors<ChatChild>,
    store: Store,
}

impl Chats {
    pub(crate) fn new(store: Store) -> Self {
        Self { doors: Doors::default(), store }
    }

    pub(crate) async fn start(
        &self,
        context: &Arc<Context>,
        parent: ActorCell,
    ) -> Result<ActorCell, HubError> {
        let supervisor = self.doors.open(ChatChild(Arc::clone(context)), parent).await;
        Ok(supervisor.map_err(|_| HubError::Unavailable)?.get_cell())
    }

    /// Chat actors that are up.
    pub fn len(&self) -> usize {
        self.doors.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Asks the actor of a chat.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        key: &ChatKey,
        message: impl FnOnce(Reply<T>) -> ToChat,
    ) -> Result<T, HubError> {
        self.doors.ask(key, message).await
    }

    /// A customer's message: stored and routed when this answers.
    pub(crate) async fn deliver(
        &self,
        key: &ChatKey,
        inbound: Inbound,
    ) -> Result<Delivered, HubError> {
        let inbound = Box::new(inbound);
        self.doors.ask(key, |reply| ToChat::Deliver { inbound, reply }).await
    }

    /// Queues a message to the customer; durable when this answers.
    pub async fn send(&self, key: &ChatKey, outgoing: Outgoing) -> Result<Message, HubError> {
        let outgoing = Box::new(outgoing);
        self.doors.ask(key, |reply| ToChat::Send { outgoing, reply }).await
    }

    /// Creates a waiting ticket, or returns the entry that waits already (`false`: not created).
    pub async fn open(&self, entry: ManualEntry) -> Result<(QueueEntry, bool), HubError> {
        let key = entry.key.clone();
        let entry = Box::new(entry);
        self.doors.ask(&key, |reply| ToChat::Open { entry, reply }).await
    }

    /// Gives a waiting chat to an agent, by a person's decision.
    pub async fn accept(
        &self,
        ticket: &Ticket,
        acceptance: Acceptance,
    ) -> Result<Ticket, HubError> {
        let (key, ticket_id) = (ticket.chat_key(), ticket.id);
        self.doors.ask(&key, |reply| ToChat::Accept { ticket_id, acceptance, reply }).await
    }

    /// Refuses an offer; the chat goes on waiting.
    pub async fn decline(&self, ticket: &Ticket, agent_id: AgentId) -> Result<Ticket, HubError> {
        let (key, ticket_id) = (ticket.chat_key(), ticket.id);
        self.doors.ask(&key, |reply| ToChat::Decline { ticket_id, agent_id, reply }).await
    }

    /// Takes a chat that was handed over, or sends it back.
    pub async fn answer_transfer(
        &self,
        ticket: &Ticket,
        answer: TransferAnswer,
    ) -> Result<Ticket, HubError> {
        let (key, ticket_id) = (ticket.chat_key(), ticket.id);
        self.doors.ask(&key, |reply| ToChat::AnswerTransfer { ticket_id, answer, reply }).await
    }

    pub async fn transfer(
        &self,
        ticket: &Ticket,
        request: TransferRequest,
    ) -> Result<(Ticket, Transfer), HubError> {
        ticket.check_transfer(None)?;
        let (key, ticket_id) = (ticket.chat_key(), ticket.id);
        self.doors.ask(&key, |reply| ToChat::Transfer { ticket_id, request, reply }).await
    }

    pub async fn close(&self, ticket: &Ticket, closing: Closing) -> Result<Ticket, HubError> {
        let (key, ticket_id) = (ticket.chat_key(), ticket.id);
        self.doors.ask(&key, |reply| ToChat::Close { ticket_id, closing, reply }).await
    }

    /// Takes a customer who still waits out of the queue, by a person's decision.
    pub async fn cancel(&self, ticket: &Ticket) -> Result<Ticket, HubError> {
        let (key, ticket_id) = (ticket.chat_key(), ticket.id);
        self.doors.ask(&key, |reply| ToChat::Cancel { ticket_id, reply }).await
    }

    /// Records what the customer thought, as a person enters it; repeatable, the last one counts.
    pub async fn rate(
        &self,
        ticket: &Ticket,
        rating: i64,
        comment: String,
        by: Option<AgentId>,
    ) -> Result<Ticket, HubError> {
        if !(1..=5).contains(&rating) {
            return Err(crate::domain::Rejected::BadRating.into());
        }
        let (key, ticket_id) = (ticket.chat_key(), ticket.id);
        let rating = ManualRating { rating, comment, by };
        self.doors.ask(&key, |reply| ToChat::Rate { ticket_id, rating, reply }).await
    }

    /// Changes notes and priority by hand.
    pub async fn edit(
        &self,
        ticket_id: TicketId,
        notes: Option<String>,
        priority: Option<Priority>,
        at: Timestamp,
    ) -> Result<Ticket, HubError> {
        let edited = self.store.edit_ticket(ticket_id, notes, priority, at).await?;
        let ticket = edited.ok_or_else(|| HubError::not_found("Atendimento", &ticket_id))?;
        self.doors.ask(&ticket.chat_key(), |reply| ToChat::Reload { reply }).await?;
        Ok(ticket)
    }

    pub(crate) async fn check_silence(&self, key: &ChatKey, ticket_id: TicketId) {
        self.tell(key, ticket_id, ToChat::CheckSilence { ticket_id }).await;
    }

    pub(crate) async fn requeue(&self, key: &ChatKey, ticket_id: TicketId, gone_since: Timestamp) {
        self.tell(key, ticket_id, ToChat::Requeue { ticket_id, gone_since }).await;
    }

    /// Nobody has answered an offer in time.
    pub(crate) async fn offer_expired(
        &self,
        key: &ChatKey,
        ticket_id: TicketId,
        agent_id: AgentId,
        until: Timestamp,
    ) {
        self.tell(key, ticket_id, ToChat::OfferExpired { ticket_id, agent_id, until }).await;
    }

    /// It waited too long in one department.
    pub(crate) async fn overflow(
        &self,
        key: &ChatKey,
        ticket_id: TicketId,
        from: DepartmentId,
        to: DepartmentId,
    ) {
        self.tell(key, ticket_id, ToChat::Overflow { ticket_id, from, to }).await;
    }

    /// Nobody has taken a hand-over in time.
    pub(crate) async fn return_transfer(
        &self,
        key: &ChatKey,
        ticket_id: TicketId,
        transfer_id: TransferId,
    ) {
        self.tell(key, ticket_id, ToChat::ReturnTransfer { ticket_id, transfer_id }).await;
    }

    /// Tells a chat's actor, which is started for it. Whoever tells looks again later.
    async fn tell(&self, key: &ChatKey, ticket_id: TicketId, message: ToChat) {
        if let Err(error) = self.doors.tell_started(key, message).await {
            tracing::warn!(%error, ticket.id = %ticket_id, "chat could not be told");
        }
    }

    /// The ticket has been changed by its queue.
    pub(crate) fn refresh(&self, key: &ChatKey, ticket: Ticket) {
        self.doors.tell(key, ToChat::Refresh(Box::new(ticket)));
    }

    /// Changes what a waiting chat asks of an agent, or whether it goes first.
    pub async fn edit_place(&self, ticket: &Ticket, changes: EntryEdit) -> Result<(), HubError> {
        if !self.store.edit_queue_entry(ticket.id, changes).await? {
            return Err(crate::domain::Rejected::NotInQueue.into());
        }
        self.doors.ask(&ticket.chat_key(), |reply| ToChat::Reload { reply }).await
    }

    pub(crate) fn retire(&self, key: ChatKey, id: ActorId) {
        self.doors.retire(key, id);
    }

    /// Lets a chat's actor go as if it had been idle for long.
    #[cfg(test)]
    pub(crate) fn retire_now(&self, key: &ChatKey) {
        if let Some(id) = self.doors.actor_id(key) {
            self.retire(key.clone(), id);
        }
    }

    /// How many actors are up, and what is counted of them.
    pub(crate) fn actors(&self) -> (usize, &Actors) {
        (self.doors.len(), self.doors.meters())
    }

    /// Makes a chat's actor fail.
    #[cfg(feature = "testing")]
    pub fn crash(&self, key: &ChatKey) {
        self.doors.tell(key, ToChat::Panic);
    }
}
