//! Handing messages over. The library's `send` returns before the server has the message; its
//! acknowledgement decides.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use dx_actors::{
    domain::{ChangeKind, Direction, Message, MessageChange},
    session::{ProviderError, Taken},
};
use tokio::sync::oneshot;
use whatsapp_rust::{
    Client, Jid, SendError, SendOptions, prelude::wa, send::RevokeType, upload::UploadResponse,
};

use super::{
    connection::Connection,
    content::outgoing,
    media,
    reasons::{self, Nack},
};

/// How long the server may take to confirm a message; with the rest of a hand-over less than the hub's
/// 30 s.
const ACK_TIMEOUT: Duration = Duration::from_secs(20);
/// How long nobody who never wrote is written to after the network has refused one such message
/// (domain facts §3.5: "for 24 h").
const COLD_REST: Duration = Duration::from_hours(24);

const UNKNOWN: &str = "o WhatsApp não confirmou o envio";
const NOT_SENT: &str = "o WhatsApp não recebeu a mensagem";
const COLD: &str =
    "O WhatsApp não aceita, por ora, mensagens a quem nunca escreveu para este número.";

/// Messages that wait for the server's word, and what it was: an error's code, or none.
#[derive(Default)]
pub(super) struct Acks(Mutex<HashMap<String, oneshot::Sender<Option<String>>>>);

impl Acks {
    fn expect(&self, id: &str) -> oneshot::Receiver<Option<String>> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), sender);
        receiver
    }

    /// The server's word on a message.
    pub(super) fn came(&self, id: &str, error: Option<String>) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(waiting) = waiting {
            // Nobody waits any more: the next attempt is told the same.
            let _ = waiting.send(error);
        }
    }

    fn forget(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl Connection {
    pub(super) async fn hand_over(&self, message: &Message) -> Result<Taken, ProviderError> {
        let client = &self.client()?;
        let recipient = self.0.recipients.find(client, &message.chat_id).await?;
        let file = if message.kind.is_media() {
            Some(media::uploaded(self, client, message).await?)
        } else {
            None
        };
        let delivered = self.compose_and_deliver(client, message, &recipient.jid, file.clone());
        if let Err(error) = delivered.await {
            // A refusal is the end of the message; after anything else it comes once more.
            if let Some(file) = file.filter(|_| !matches!(error, ProviderError::Refused(_))) {
                self.0.uploads.keep(message.id, file).await;
            }
            return Err(error);
        }
        Ok(Taken { address: recipient.alias, network_id: None })
    }

    async fn compose_and_deliver(
        &self,
        client: &std::sync::Arc<Client>,
        message: &Message,
        to: &Jid,
        file: Option<UploadResponse>,
    ) -> Result<(), ProviderError> {
        let quote = self.quote(client, message, to).await?;
        let body = outgoing::of(message, file, quote)?;
        self.subscribe(to);
        self.deliver(client, to, &message.message_id, body).await
    }

    /// Sends under this id and waits for the server's word.
    async fn deliver(
        &self,
        client: &std::sync::Arc<Client>,
        to: &Jid,
        id: &str,
        body: wa::Message,
    ) -> Result<(), ProviderError> {
        let ack = self.0.acks.expect(id);
        let options = SendOptions::default().with_message_id(id);
        let (sender, to) = (std::sync::Arc::clone(client), to.clone());
        // On its own: an attempt that is given up must not break off in the middle of a ratchet's step.
        let sending = tokio::spawn(async move {
            sender.send_message_with_options(to, body, options).await.map(drop)
        });
        let outcome = async {
            match sending.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(failure(&error)),
                Err(_) => return Err(ProviderError::Unknown(UNKNOWN.to_owned())),
            }
            if let Ok(Ok(word)) = tokio::time::timeout(ACK_TIMEOUT, ack).await {
                self.0.unanswered.store(0, Ordering::Relaxed);
                word.map_or(Ok(()), |code| Err(self.refused(&code)))
            } else {
                self.0.unanswered.fetch_add(1, Ordering::Relaxed);
                Err(ProviderError::Unknown(UNKNOWN.to_owned()))
            }
        };
        let outcome = outcome.await;
        self.0.acks.forget(id);
        outcome
    }

    fn refused(&self, code: &str) -> ProviderError {
        tracing::warn!(code, session.id = %self.0.session_id, "the network refused a message");
        match reasons::of_nack(code) {
            Nack::Cold => {
                let until = self.0.network.0.clock.now().plus(COLD_REST);
                ProviderError::ColdBlocked { text: COLD.to_owned(), until }
            }
            Nack::Retry => ProviderError::temporary(format!("{NOT_SENT} ({code})")),
            Nack::Refused => {
                ProviderError::Refused(format!("O WhatsApp recusou a mensagem (código {code})."))
            }
        }
    }

    /// The message that this one answers; without it when it is not known.
    async fn quote(
        &self,
        client: &Client,
        message: &Message,
        to: &Jid,
    ) -> Result<Option<wa::ContextInfo>, ProviderError> {
        let Some(id) = &message.quoted_message_id else { return Ok(None) };
        let store = &self.0.network.0.store;
        let found = store.find_message_by_provider_id(self.0.session_id, id).await;
        let found = found.map_err(|error| ProviderError::temporary(error.to_string()))?;
        Ok(found.map(|quoted| {
            let author = match quoted.direction {
                Direction::Inbound => Some(to.clone()),
                Direction::Outbound => client.pn(),
            };
            let author = author.unwrap_or_else(|| to.clone()).to_non_ad_string();
            outgoing::quote(&quoted, &author)
        }))
    }

    pub(super) async fn hand_change_over(
        &self,
        change: &MessageChange,
        target: &Message,
    ) -> Result<(), ProviderError> {
        let client = &self.client()?;
        let to = self.0.recipients.find(client, &change.chat_id).await?.jid;
        let id = target.message_id.as_str();
        match change.kind {
            ChangeKind::Reaction => {
                let millis = change.at.millis();
                let remote = to.to_non_ad_string();
                let body = outgoing::reaction(change, target, &remote, millis);
                self.deliver(client, &to, &change.change_id, body).await
            }
            ChangeKind::Edit => {
                let body = outgoing::edited(change, target)?;
                let edited = client.edit_message(to, id, body).await;
                edited.map(drop).map_err(|error| failure(&error))
            }
            ChangeKind::Deletion => {
                let revoked = client.revoke_message(to, id, RevokeType::Sender).await;
                revoked.map_err(|error| failure(&error))
            }
            ChangeKind::Vote => Err(ProviderError::Unsupported(
                "O WhatsApp Web não envia votos por aqui.".to_owned(),
            )),
        }
    }
}

/// Nothing has left, or the same id is asked for again: either way trying again is safe.
fn failure(error: &SendError) -> ProviderError {
    match error {
        SendError::InvalidRequest(why) => {
            tracing::warn!(why, "the library does not send a message");
            ProviderError::Refused("O WhatsApp não envia esta mensagem.".to_owned())
        }
        error => {
            tracing::info!(%error, "a message has not left");
            ProviderError::temporary(NOT_SENT)
        }
    }
}
