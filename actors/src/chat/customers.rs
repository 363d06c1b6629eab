//! Merging customers and parting them, as far as their chats are concerned: who is open keeps his thread and
//! belongs to another customer from now on.

use super::{actor::ToChat, handle::Chats};
use crate::{
    domain::{
        AgentId, CustomerId, MergeId, Rejected, Timestamp, customer_merge::NewMerge, ids::ChatKey,
    },
    error::HubError,
    store::Rearranged,
};

impl Chats {
    /// Makes two customers one: everything of the merged one belongs to the survivor from now on.
    pub async fn merge_customers(
        &self,
        new: NewMerge,
        now: Timestamp,
    ) -> Result<MergeId, HubError> {
        let outcome = self.store().merge_customers(new, now).await?;
        let Rearranged { id, open_chats } = outcome.map_err(Rejected::from)?;
        self.reload_all(open_chats).await;
        Ok(id)
    }

    /// Parts two customers who were made one: what went over goes back, what came later stays.
    pub async fn separate_customers(
        &self,
        survivor: CustomerId,
        id: MergeId,
        by: AgentId,
        now: Timestamp,
    ) -> Result<(), HubError> {
        let outcome = self.store().separate_customers(survivor, id, by, now).await?;
        let outcome = outcome.ok_or_else(|| HubError::not_found("União", &id))?;
        let Rearranged { open_chats, .. } = outcome.map_err(Rejected::from)?;
        self.reload_all(open_chats).await;
        Ok(())
    }

    /// The rows are committed: a chat that cannot answer now reads them when it is up again.
    async fn reload_all(&self, chats: Vec<ChatKey>) {
        for key in chats {
            if let Err(error) = self.ask(&key, |reply| ToChat::Reload { reply }).await {
                tracing::warn!(%error, session.id = %key.session_id, "a chat reads its customer later");
            }
        }
    }
}
