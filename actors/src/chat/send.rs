//! What goes out of a chat: a row first, then the number that carries it.

use super::actor::State;
use crate::{
    domain::{AgentId, Direction, Message, MessageKind, NewMessage, Rejected, Timestamp},
    error::HubError,
};

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

impl Outgoing {
    /// The network has approved its text: it may be sent at any time.
    fn is_template(&self) -> bool {
        false
    }
}

impl State {
    pub(super) async fn send(&mut self, outgoing: Outgoing) -> Result<Message, HubError> {
        let now = self.context.clock.now();
        if !self.may_write(&outgoing, now).await? {
            return match &outgoing.client_message_id {
                Some(_) => match self.repeated_send(&outgoing).await {
                    Err(HubError::Conflict) => Err(Rejected::WindowClosed.into()),
                    outcome => outcome,
                },
                None => Err(Rejected::WindowClosed.into()),
            };
        }
        let new = self.new_outbound(&outgoing, now);
        let Some(id) = self.context.store.append_message(new.clone()).await? else {
            return self.repeated_send(&outgoing).await;
        };
        let message = new.into_stored(id);
        let was_awaited = self.open.as_ref().is_some_and(|o| o.ticket.awaiting_since.is_some());
        if let (Some(open), false) = (&mut self.open, outgoing.is_automatic) {
            open.ticket.agent_messages += 1;
            open.ticket.first_response_at.get_or_insert(now);
            open.ticket.awaiting_since = None;
            open.ticket.last_message_at = Some(now);
        }
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
        if !self.context.sessions.has_reply_window(self.key.session_id) || outgoing.is_template() {
            return Ok(true);
        }
        let window = self.context.store.find_reply_window(&self.key).await?;
        Ok(window.is_none_or(|window| window.is_open(now)))
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
            && earlier.media_url == outgoing.media_url;
        if is_same { Ok(earlier) } else { Err(Rejected::ClientMessageIdReused.into()) }
    }
}
