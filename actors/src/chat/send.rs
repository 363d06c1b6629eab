//! What goes out of a chat: a row first, then the number that carries it.

use super::actor::State;
use crate::{
    domain::{
        AgentId, Direction, MediaStatus, Message, MessageKind, NewMessage, Rejected, Timestamp,
        file::FileKey,
    },
    error::HubError,
    store::ColdContact,
};

/// What an agent wants to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub agent_id: Option<AgentId>,
    pub phone: String,
    pub kind: MessageKind,
    pub text: String,
    pub media_url: Option<String>,
    /// A file of ours to send along.
    pub media: Option<OutgoingMedia>,
    /// What the kind carries beside its text, as JSON text.
    pub details: Option<String>,
    /// The message that this one answers.
    pub quoted_message_id: Option<String>,
    pub client_message_id: Option<String>,
    /// Sent by the hub itself.
    pub is_automatic: bool,
}

impl Outgoing {
    /// The network has approved its text: it may be sent at any time.
    fn is_template(&self) -> bool {
        self.kind == MessageKind::Template
    }

    /// A text by nobody in particular.
    pub fn text(phone: String, text: String) -> Self {
        Self {
            agent_id: None,
            phone,
            kind: MessageKind::Text,
            text,
            media_url: None,
            media: None,
            details: None,
            quoted_message_id: None,
            client_message_id: None,
            is_automatic: false,
        }
    }
}

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMedia {
    pub key: FileKey,
    pub media_type: String,
    pub bytes: i64,
}

impl State {
    pub(super) async fn send(&mut self, outgoing: Outgoing) -> Result<Message, HubError> {
        let now = self.context.clock.now();
        if self.is_read_only() {
            return Err(Rejected::GroupIsReadOnly.into());
        }
        if !Box::pin(self.may_write(&outgoing, now)).await? {
            return Box::pin(self.refuse_outside_window(&outgoing)).await;
        }
        let new = self.new_outbound(&outgoing, now);
        self.check_cold(now).await?;
        let Some(message) = self.append(&new).await? else {
            return self.repeated_send(&outgoing).await;
        };
        let was_awaited = self.open.as_ref().is_some_and(|o| o.ticket.awaiting_since.is_some());
        self.remember_answer(&message, now);
        if let Some(agent_id) = outgoing.agent_id {
            self.context.presence.typing_sent(agent_id, self.key.chat_id.clone());
        }
        if was_awaited && !outgoing.is_automatic {
            self.tell_answered(&message);
        }
        self.context.sessions.outbound(message.clone());
        if let Some(agent_id) = outgoing.agent_id
            && let Err(error) = self.take_transfer(agent_id).await
        {
            // The message is on its way; the hand-over is taken by the next one.
            tracing::warn!(%error, "a hand-over was not noted as taken");
        }
        Ok(message)
    }

    /// Whether the network takes this now: some numbers answer a customer freely only for a while.
    async fn may_write(&self, outgoing: &Outgoing, now: Timestamp) -> Result<bool, HubError> {
        Ok(outgoing.is_template() || self.may_write_freely(now).await?)
    }

    pub(super) async fn may_write_freely(&self, now: Timestamp) -> Result<bool, HubError> {
        if !self.context.sessions.has_reply_window(self.key.session_id) {
            return Ok(true);
        }
        let window = self.context.store.find_reply_window(&self.key).await?;
        Ok(window.is_none_or(|window| window.is_open(now)))
    }

    /// A request that was carried out in time is answered as before.
    async fn refuse_outside_window(&self, outgoing: &Outgoing) -> Result<Message, HubError> {
        match self.repeated_send(outgoing).await {
            Err(HubError::Conflict) => Err(Rejected::WindowClosed.into()),
            outcome => outcome,
        }
    }

    /// What the store has noted of an answer.
    pub(super) fn remember_answer(&mut self, message: &Message, now: Timestamp) {
        let Some(open) = self.open.as_mut().filter(|_| !message.is_automatic) else { return };
        open.ticket.agent_messages += 1;
        open.ticket.first_response_at.get_or_insert(now);
        open.ticket.awaiting_since = None;
        open.ticket.last_message_at = Some(now);
    }

    /// Networks block numbers that write to many people who never wrote: those have a daily budget.
    /// Whoever has written, or was written to before, costs nothing.
    async fn check_cold(&self, now: Timestamp) -> Result<(), HubError> {
        if self.open.as_ref().is_some_and(|open| open.ticket.customer_messages > 0) {
            return Ok(());
        }
        let limits = self.context.sessions.cold_limits(self.key.session_id);
        let is_blocked = limits.blocked_until.is_some_and(|until| until > now);
        if limits.per_day.is_none() && !is_blocked {
            return Ok(());
        }
        let budget = if is_blocked { 0 } else { limits.per_day.unwrap_or(i64::MAX) };
        match self.context.store.spend_cold_contact(&self.key, budget, now).await? {
            ColdContact::Known | ColdContact::Spent => Ok(()),
            ColdContact::Exhausted => Err(match limits.blocked_until.filter(|_| is_blocked) {
                Some(until) => Rejected::ColdBlocked { until },
                None => Rejected::ColdBudget { per_day: budget },
            }
            .into()),
        }
    }

    pub(super) fn new_outbound(&self, outgoing: &Outgoing, now: Timestamp) -> NewMessage {
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
            media_mime_type: outgoing.media.as_ref().map(|media| media.media_type.clone()),
            media_size: outgoing.media.as_ref().map(|media| media.bytes),
            media_status: outgoing.media.as_ref().map(|_| MediaStatus::Ready),
            media_key: outgoing.media.as_ref().map(|media| media.key.clone()),
            details: outgoing.details.clone(),
            quoted_message_id: outgoing.quoted_message_id.clone(),
            raw_payload: None,
            protocol_version: "v1".to_owned(),
            is_automatic: outgoing.is_automatic,
            is_sent: false,
            provider_at: None,
            at: now,
        }
    }

    /// The same `client_message_id` again: the earlier row, if it was the same request.
    pub(super) async fn repeated_send(&self, outgoing: &Outgoing) -> Result<Message, HubError> {
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
            && earlier.media_url == outgoing.media_url
            && earlier.media_key.as_ref() == outgoing.media.as_ref().map(|media| &media.key)
            && earlier.details == outgoing.details
            && earlier.quoted_message_id == outgoing.quoted_message_id;
        if is_same { Ok(earlier) } else { Err(Rejected::ClientMessageIdReused.into()) }
    }
}
