//! One number's connection, as the hub holds it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use dx_actors::{
    domain::{Message, MessageChange, SessionId, WhatsAppSession},
    session::{Provider, ProviderError, ProviderEvent, ProviderFuture, Taken},
};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use whatsapp_rust::{Client, Jid, upload::UploadResponse};

use super::{WebNetwork, media, recipients::Recipients, send::Acks, signals::Subscriptions};
use crate::providers::uploads::Uploads;

/// Longer without a sign of life is not alive; the watchdog has found it by then.
const ALIVE_MAX: Duration = Duration::from_mins(2);
const NOT_CONNECTED: &str = "o número ainda não está conectado ao WhatsApp";

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Connection(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) network: WebNetwork,
    pub(super) session_id: SessionId,
    pub(super) events: mpsc::Sender<ProviderEvent>,
    /// Cancelled when the hub hangs up.
    pub(super) alive: CancellationToken,
    /// From when the keys are open until the end of the connection: the client holds this, too, through
    /// what it tells, and neither would ever end.
    pub(super) client: Mutex<Option<Arc<Client>>>,
    pub(super) acks: Acks,
    /// Messages in a row that the network did not confirm.
    pub(super) unanswered: AtomicU32,
    pub(super) uploads: Uploads<UploadResponse>,
    pub(super) recipients: Recipients,
    pub(super) subscriptions: Subscriptions,
    /// Something that came in was not stored: it has to be delivered again.
    pub(super) redeliver: Notify,
}

impl Connection {
    pub(super) fn new(
        network: WebNetwork,
        session: &WhatsAppSession,
        events: mpsc::Sender<ProviderEvent>,
    ) -> Self {
        Self(Arc::new(Inner {
            network,
            session_id: session.id,
            events,
            alive: CancellationToken::new(),
            client: Mutex::default(),
            acks: Acks::default(),
            unanswered: AtomicU32::new(0),
            uploads: media::uploads(),
            recipients: Recipients::default(),
            subscriptions: Subscriptions::default(),
            redeliver: Notify::new(),
        }))
    }

    pub(super) async fn tell(&self, event: ProviderEvent) {
        // The hub has hung up: nobody wants to know.
        let _ = self.0.events.send(event).await;
    }

    /// The client, while the network has the number.
    pub(super) fn client(&self) -> Result<Arc<Client>, ProviderError> {
        let client = self.any_client().filter(|client| {
            !self.0.alive.is_cancelled() && client.is_connected() && client.is_logged_in()
        });
        client.ok_or_else(|| ProviderError::temporary(NOT_CONNECTED))
    }

    /// The client, whatever its state.
    pub(super) fn any_client(&self) -> Option<Arc<Client>> {
        self.0.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_client(&self, client: Option<Arc<Client>>) {
        *self.0.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
    }

    /// How long the network has said nothing.
    pub(super) fn silence(&self) -> Duration {
        let Some(client) = self.any_client() else { return Duration::MAX };
        let now = whatsapp_rust::wacore::time::now_millis();
        let heard = i64::try_from(client.stats().last_data_received_ms).unwrap_or_default();
        Duration::from_millis(u64::try_from(now - heard).unwrap_or_default())
    }

    pub(super) fn unanswered(&self) -> u32 {
        self.0.unanswered.load(Ordering::Relaxed)
    }
}

/// The company's own addresses.
pub(super) fn own_addresses(client: &Client) -> Vec<Jid> {
    [client.pn(), client.lid()].into_iter().flatten().collect()
}

impl Provider for Connection {
    fn send<'a>(
        &'a self,
        message: &'a Message,
    ) -> ProviderFuture<'a, Result<Taken, ProviderError>> {
        Box::pin(self.hand_over(message))
    }

    /// WhatsApp knows a message by chat, author and id. Devices ask for a message again under the id that
    /// they may have shown already, and the library answers such requests by sending it once more: a
    /// second one of the same id is the same message to server and phones.
    fn is_idempotent(&self) -> bool {
        true
    }

    fn change<'a>(
        &'a self,
        change: &'a MessageChange,
        target: &'a Message,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.hand_change_over(change, target))
    }

    fn download<'a>(
        &'a self,
        message: &'a Message,
        chunks: mpsc::Sender<Bytes>,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move { media::download(&*self.client()?, message, chunks).await })
    }

    fn set_typing<'a>(
        &'a self,
        chat_id: &'a str,
        is_typing: bool,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.show_typing(chat_id, is_typing))
    }

    fn mark_read<'a>(
        &'a self,
        chat_id: &'a str,
        message_ids: &'a [String],
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.show_read(chat_id, message_ids))
    }

    fn is_alive(&self) -> bool {
        self.client().is_ok() && self.silence() < ALIVE_MAX
    }

    fn disconnect(&self) {
        self.0.alive.cancel();
    }
}
