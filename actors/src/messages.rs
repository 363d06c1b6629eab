//! What people and the edge decide about stored messages, outside of the course of a chat.

use crate::{
    chat::audience_of_message,
    domain::{Message, MessageRowId, Rejected, file::StoredFile},
    error::HubError,
    events::HubEvent,
    hub::Hub,
    store::Moved,
};

/// What is shown of a message that a person took out of the queue.
const CANCELLED: &str = "Cancelada antes do envio.";

impl Hub {
    /// Sends a message that failed again, under the id that it has.
    pub async fn resend(&self, failed: &Message) -> Result<Message, HubError> {
        let context = self.context();
        if !context.sessions.is_ready(failed.session_id) {
            return Err(HubError::SessionNotReady);
        }
        let requeued = context.store.requeue_failed(failed.id, context.clock.now()).await?;
        let message = requeued.ok_or(Rejected::NotFailed)?;
        let moved = Moved { message: message.clone(), is_first_proof: false };
        crate::session::tell_moved(context, moved).await;
        context.sessions.outbound(message.clone());
        Ok(message)
    }

    /// Takes a message out of the queue before it has left.
    pub async fn cancel_message(&self, id: MessageRowId) -> Result<Message, HubError> {
        let context = self.context();
        let cancelled = context.store.cancel_queued(id, CANCELLED, context.clock.now()).await?;
        let message = cancelled.ok_or(Rejected::NotQueued)?;
        let moved = Moved { message: message.clone(), is_first_proof: false };
        crate::session::tell_moved(context, moved).await;
        Ok(message)
    }

    /// The file of a message is in the storage: shown from now on.
    pub async fn media_is_ready(
        &self,
        id: MessageRowId,
        file: StoredFile,
        details: Option<String>,
    ) -> Result<Message, HubError> {
        let context = self.context();
        let message = context.store.keep_media(id, file, details, context.clock.now()).await?;
        self.tell_media(&message).await;
        Ok(message)
    }

    /// The file of a message will not come.
    pub async fn media_has_failed(&self, id: MessageRowId) -> Result<(), HubError> {
        if let Some(message) =
            self.context().store.fail_media(id, self.context().clock.now()).await?
        {
            self.tell_media(&message).await;
        }
        Ok(())
    }

    /// A file that did not come is fetched again.
    pub async fn fetch_media_again(&self, id: MessageRowId) -> Result<Option<Message>, HubError> {
        let renewed = self.context().store.renew_media(id, self.context().clock.now()).await?;
        if let Some(message) = &renewed {
            self.tell_media(message).await;
            self.sessions().media_pending().notify_one();
        }
        Ok(renewed)
    }

    async fn tell_media(&self, message: &Message) {
        let context = self.context();
        let audience = audience_of_message(context, message).await;
        let (message, at) = (message.clone(), context.clock.now());
        context.publish(&audience, HubEvent::MediaChanged { message, at });
    }
}
