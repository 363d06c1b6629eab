//! From the library's events to the connection's life: a bounded queue that never makes the library wait.

use std::sync::Arc;

use dx_actors::{domain::MessageStatus, session::ProviderEvent};
use tokio::sync::mpsc;
use whatsapp_rust::{
    Client,
    types::{
        events::{
            ChatPresenceUpdate, Event, EventHandler, EventInterest, EventKind, Receipt, ServerAck,
            UndecryptableMessage,
        },
        presence::{ChatPresence, ReceiptType},
    },
};

use super::{
    connection::Connection,
    inbound::{self, Reader},
};

/// Events that may wait: receipts of a whole night come within a second. Messages are not among them,
/// they come through the hook.
const EVENTS_MAX: usize = 8192;

const WANTED: [EventKind; 21] = [
    EventKind::Connected,
    EventKind::Disconnected,
    EventKind::PairSuccess,
    EventKind::PairError,
    EventKind::LoggedOut,
    EventKind::PairingQrCode,
    EventKind::PairingQrCodesExhausted,
    EventKind::PairingCode,
    EventKind::PairingCodeRefresh,
    EventKind::PairingCodeError,
    EventKind::QrScannedWithoutMultidevice,
    EventKind::ClientOutdated,
    EventKind::Messages,
    EventKind::Receipt,
    EventKind::ServerAck,
    EventKind::UndecryptableMessage,
    EventKind::ChatPresence,
    EventKind::StreamReplaced,
    EventKind::StreamError,
    EventKind::TemporaryBan,
    EventKind::ConnectFailure,
];

/// The library's side of the queue.
pub(super) struct Handler(mpsc::Sender<Arc<Event>>);

impl Handler {
    pub(super) fn new() -> (Self, mpsc::Receiver<Arc<Event>>) {
        let (sender, receiver) = mpsc::channel(EVENTS_MAX);
        (Self(sender), receiver)
    }
}

impl EventHandler for Handler {
    fn handle_event(&self, event: Arc<Event>) {
        if matches!(&*event, Event::Messages(batch) if batch.hook_committed) {
            return;
        }
        if let Err(mpsc::error::TrySendError::Full(event)) = self.0.try_send(event) {
            tracing::error!(kind = ?event.kind(), "an event of the network is lost: too many wait");
        }
    }

    fn interest(&self) -> EventInterest {
        EventInterest::of(&WANTED)
    }
}

/// Tells the hub of everything that is no state of the connection.
pub(super) async fn pass_on(reader: &Reader, client: &Arc<Client>, event: &Event) {
    let connection = &reader.connection;
    match event {
        // What the hook has not seen: recovered from the phone after it could not be opened.
        Event::Messages(batch) => {
            for message in batch {
                for told in reader.read(client, message).await {
                    connection.tell(told.event).await;
                }
            }
        }
        Event::Receipt(receipt) => receipts(connection, receipt).await,
        Event::ServerAck(ack) => acknowledged(connection, ack),
        Event::ChatPresence(presence) => typing(reader, client, presence).await,
        Event::UndecryptableMessage(message) => not_opened(connection, message),
        Event::QrScannedWithoutMultidevice(_) => {
            tracing::warn!(session.id = %connection.0.session_id, "the phone's WhatsApp is too old");
        }
        Event::StreamError(error) => {
            tracing::info!(error.code, session.id = %connection.0.session_id, "stream error");
        }
        _ => {}
    }
}

async fn receipts(connection: &Connection, receipt: &Receipt) {
    let Some(status) = status_of(&receipt.r#type) else { return };
    if receipt.source.is_group || receipt.source.is_from_me {
        return;
    }
    let at = inbound::instant(receipt.timestamp);
    for id in &receipt.message_ids {
        let (message_id, error) = (id.clone(), String::new());
        connection.tell(ProviderEvent::Status { message_id, status, at, error }).await;
    }
}

const fn status_of(kind: &ReceiptType) -> Option<MessageStatus> {
    match kind {
        ReceiptType::Delivered | ReceiptType::Inactive => Some(MessageStatus::Delivered),
        ReceiptType::Read | ReceiptType::Played => Some(MessageStatus::Read),
        _ => None,
    }
}

fn acknowledged(connection: &Connection, ack: &ServerAck) {
    if ack.class.as_deref().is_none_or(|class| class == "message") {
        connection.0.acks.came(&ack.id, ack.error.clone());
    }
}

async fn typing(reader: &Reader, client: &Client, presence: &ChatPresenceUpdate) {
    let source = &presence.source;
    if source.is_group || source.is_from_me {
        return;
    }
    let chat = reader.chat_of(client, &source.chat, source.sender_alt.as_ref()).await;
    if let Some(chat_id) = chat {
        let is_typing = presence.state == ChatPresence::Composing;
        reader.connection.tell(ProviderEvent::Typing { chat_id, is_typing }).await;
    }
}

/// The library asks the sender, then the phone, for another copy. It would be no help to store something
/// in its place: under the same id the copy would be taken for a repeat.
fn not_opened(connection: &Connection, message: &UndecryptableMessage) {
    tracing::warn!(
        session.id = %connection.0.session_id,
        message.id = %message.info.id,
        is_unavailable = message.is_unavailable,
        kind = ?message.unavailable_type,
        "a message could not be opened; another copy was asked for"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_proofs_of_delivery_and_of_reading_are_states() {
        use MessageStatus::{Delivered, Read};
        let rows = [
            (ReceiptType::Delivered, Some(Delivered)),
            (ReceiptType::Inactive, Some(Delivered)),
            (ReceiptType::Read, Some(Read)),
            (ReceiptType::Played, Some(Read)),
            (ReceiptType::ReadSelf, None),
            (ReceiptType::Sender, None),
            (ReceiptType::Retry, None),
            (ReceiptType::ServerError, None),
            (ReceiptType::Sent, None),
        ];
        for (kind, status) in rows {
            assert_eq!(status_of(&kind), status, "{kind:?}");
        }
    }

    #[test]
    fn a_full_queue_does_not_make_the_library_wait() {
        let (handler, mut receiver) = Handler::new();
        let event =
            Arc::new(Event::Connected(whatsapp_rust::types::events::Connected::builder().build()));
        for _ in 0..=EVENTS_MAX {
            handler.handle_event(Arc::clone(&event));
        }
        let mut waiting = 0;
        while receiver.try_recv().is_ok() {
            waiting += 1;
        }
        assert_eq!(waiting, EVENTS_MAX);
    }
}
