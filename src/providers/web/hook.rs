//! What comes in is stored before WhatsApp is told that it has arrived; what was not stored comes again.

use std::sync::Arc;

use whatsapp_rust::{
    Client, InboundDurabilityHook, anyhow, async_trait, types::events::InboundMessage,
};

use super::inbound::Reader;

/// Hands messages to the hub and waits for its commit.
pub(super) struct Intake(pub(super) Arc<Reader>);

#[async_trait]
impl InboundDurabilityHook for Intake {
    async fn on_messages(
        &self,
        client: Arc<Client>,
        batch: &[InboundMessage],
    ) -> anyhow::Result<()> {
        let connection = &self.0.connection.0;
        let mut answers = Vec::with_capacity(batch.len());
        for inbound in batch {
            for told in self.0.read(&client, inbound).await {
                if connection.events.send(told.event).await.is_err() {
                    anyhow::bail!("the hub has hung up");
                }
                answers.extend(told.stored);
            }
        }
        let mut are_stored = true;
        for answer in answers {
            are_stored &= answer.await.unwrap_or_default();
        }
        if !are_stored {
            connection.redeliver.notify_one();
            anyhow::bail!("not stored: it has to come again");
        }
        Ok(())
    }
}
