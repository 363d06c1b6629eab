//! What becomes of a chat's messages after they were sent. It passes through the chat's actor, so that it
//! is stored and told in line with the messages.

use super::{
    actor::{State, ToChat},
    handle::Chats,
    tell::audience_of_message,
};
use crate::{
    domain::{Message, MessageChange, SessionId, ids::ChatKey, message_change::StoredChange},
    error::HubError,
    events::HubEvent,
    store::ChangeOutcome,
};

impl Chats {
    /// Stores a change of a message and tells of it; the message as it is now. `None` when the change was
    /// known, or its message has not come yet.
    pub async fn change(
        &self,
        session_id: SessionId,
        change: MessageChange,
    ) -> Result<Option<Message>, HubError> {
        let key = ChatKey { session_id, chat_id: change.chat_id.clone() };
        let change = Box::new(change);
        self.ask(&key, |reply| ToChat::Change { change, reply }).await
    }
}

impl State {
    pub(super) async fn change_message(
        &self,
        change: MessageChange,
    ) -> Result<Option<Message>, HubError> {
        let session_id = self.key.session_id;
        match self.context.store.change_message(session_id, change).await? {
            ChangeOutcome::Stored { change, message: Some(message) } => {
                self.tell_changed(&message, change).await;
                Ok(Some(*message))
            }
            ChangeOutcome::Stored { message: None, .. } | ChangeOutcome::Repeat => Ok(None),
        }
    }

    async fn tell_changed(&self, message: &Message, change: StoredChange) {
        let audience = audience_of_message(&self.context, message).await;
        let event = HubEvent::MessageChanged { message: message.clone(), change };
        self.context.publish(&audience, event);
    }
}
