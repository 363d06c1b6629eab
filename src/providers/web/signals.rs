//! What customers are shown beside messages, and what is asked of them: typing, read marks, presence.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use dx_actors::session::ProviderError;
use whatsapp_rust::Jid;

use super::connection::Connection;

/// Customers whose typing is asked for over one connection; beyond it nobody's more.
const SUBSCRIPTIONS_MAX: usize = 1000;
const NOT_SHOWN: &str = "o WhatsApp não recebeu o sinal";

/// Customers whose typing the network was asked to tell.
#[derive(Default)]
pub(super) struct Subscriptions(Mutex<HashSet<String>>);

impl Subscriptions {
    fn is_new(&self, jid: &Jid) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.len() < SUBSCRIPTIONS_MAX && known.insert(jid.to_non_ad_string())
    }
}

impl Connection {
    /// Whoever is served is asked whether he types. Best effort, and beside what it belongs to.
    pub(super) fn subscribe(&self, jid: &Jid) {
        let Ok(client) = self.client() else { return };
        if !self.0.subscriptions.is_new(jid) {
            return;
        }
        let jid = jid.clone();
        tokio::spawn(async move {
            if let Err(error) = client.presence().subscribe(jid).await {
                tracing::debug!(%error, "a customer's presence was not asked for");
            }
        });
    }

    /// Nobody is shown to type who is not there: the number is available as long as somebody types. The
    /// end leaves no device in use, or the owner's phone would not ring (domain facts §2).
    pub(super) async fn show_typing(
        &self,
        chat_id: &str,
        is_typing: bool,
    ) -> Result<(), ProviderError> {
        let client = &self.client()?;
        let to = self.0.recipients.find(client, chat_id).await?.jid;
        self.subscribe(&to);
        // Without the account's name, which the phone tells some time after pairing, there is no presence.
        let has_presence = !client.push_name().is_empty();
        let is_shown = if is_typing {
            (!has_presence || client.presence().set_available().await.is_ok())
                && client.chatstate().send_composing(&to).await.is_ok()
        } else {
            let is_paused = client.chatstate().send_paused(&to).await.is_ok();
            // Also when the first has failed: the phone matters more.
            (!has_presence || client.presence().set_unavailable().await.is_ok()) && is_paused
        };
        if is_shown { Ok(()) } else { Err(ProviderError::temporary(NOT_SHOWN)) }
    }

    pub(super) async fn show_read(
        &self,
        chat_id: &str,
        message_ids: &[String],
    ) -> Result<(), ProviderError> {
        let client = &self.client()?;
        let to = self.0.recipients.find(client, chat_id).await?.jid;
        self.subscribe(&to);
        let ids: Vec<&str> = message_ids.iter().map(String::as_str).collect();
        let marked = client.mark_as_read(&to, None, &ids).await;
        marked.map_err(|_| ProviderError::temporary(NOT_SHOWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::web::address;

    #[test]
    fn nobody_is_asked_for_twice_and_not_for_everybody() {
        let subscriptions = Subscriptions::default();
        let jid = |number: usize| address::number(&format!("55119{number:08}"));
        assert!(subscriptions.is_new(&jid(0)));
        assert!(!subscriptions.is_new(&jid(0)));
        assert!((1..SUBSCRIPTIONS_MAX).all(|number| subscriptions.is_new(&jid(number))));
        assert!(!subscriptions.is_new(&jid(SUBSCRIPTIONS_MAX)));
    }
}
