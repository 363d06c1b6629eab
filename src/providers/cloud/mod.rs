//! Meta's Cloud API as a provider: what is sent goes over HTTP to the Graph, what comes in is delivered
//! to the webhook. There is nothing to pair: a number is ready when its token and its id are right.
//!
//! Sending is not idempotent. When nobody knows whether a message was taken it is not sent again: Meta's
//! own report, which carries our id, decides.

mod body;
pub mod client;
pub mod errors;
mod media;
pub mod numbers;
mod pace;
pub mod template;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use dx_actors::{
    Clock,
    domain::{
        Message, MessageChange, SessionId, WhatsAppSession, phone, session::DisconnectReason,
    },
    session::{
        Connect, Provider, ProviderError, ProviderEvent, ProviderFactory, ProviderFuture, Taken,
    },
    store::{Store, StoreError},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use self::{
    body::MediaPlace,
    client::{Graph, GraphError, Refusal},
    errors::Class,
    numbers::{Account, AccountError, CloudNumbers},
    pace::Pace,
};
use crate::{files::Files, providers::uploads::Uploads};

/// How often a connected number's token is looked at. Messages that come in do not need it, so that
/// nothing else would tell of one that was revoked at night.
const VERIFY_EVERY: Duration = Duration::from_mins(5);
/// Every so many looks the templates are synchronised, too: once an hour.
const SYNC_EVERY: u32 = 12;
/// Meta shows an indicator for up to 25 s; it is renewed before that.
const TYPING_EVERY: Duration = Duration::from_secs(20);
/// Chats whose indicator is remembered; beyond it all are forgotten, and shown once more.
const TYPING_CHATS_MAX: usize = 10_000;

const NOT_PAIRED: &str = "Números da Cloud API não são pareados.";
const NOT_CONNECTED: &str = "o número ainda não está conectado à Meta";
const NOT_REACHED: &str = "a Meta não pôde ser alcançada";
const UNKNOWN: &str = "a Meta não confirmou o envio";
const TOO_FAST: &str = "mensagens demais em pouco tempo: espera a vez";

/// The network that all numbers of the Cloud API are connected to. Cheap to clone.
#[derive(Clone)]
pub struct CloudNetwork {
    graph: Graph,
    numbers: CloudNumbers,
    store: Store,
    files: Files,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for CloudNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CloudNetwork(..)")
    }
}

/// Why templates were not synchronised, for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("Falta configurar: {}.", .0.join(", "))]
    Incomplete(Vec<&'static str>),
    #[error("Os segredos guardados não se abrem com a chave atual: grave-os de novo.")]
    Sealed,
    #[error("{0}")]
    Refused(Refusal),
    #[error("A Meta não respondeu como devia. Tente de novo.")]
    NoAnswer,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AccountError> for SyncError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Incomplete(missing) => Self::Incomplete(missing),
            AccountError::Store(error) => Self::Store(error),
            AccountError::Sealed(_) => Self::Sealed,
        }
    }
}

impl From<GraphError> for SyncError {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::Refused(refusal) => Self::Refused(refusal),
            GraphError::NotReached(_) | GraphError::Unknown(_) => {
                tracing::warn!(error = crate::error::chain(&error), "templates were not read");
                Self::NoAnswer
            }
        }
    }
}

impl CloudNetwork {
    pub fn new(
        graph: Graph,
        numbers: CloudNumbers,
        store: Store,
        files: Files,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { graph, numbers, store, files, clock }
    }

    pub fn numbers(&self) -> &CloudNumbers {
        &self.numbers
    }

    /// Takes over the templates that Meta shows: how many there are, and how many are gone.
    pub async fn sync_templates(
        &self,
        session: &WhatsAppSession,
    ) -> Result<(usize, u64), SyncError> {
        let account = self.numbers.account(session).await?;
        let templates = template::fetch(&self.graph, &account).await?;
        let (total, now) = (templates.len(), self.clock.now());
        let removed = self.store.replace_message_templates(session.id, templates, now).await?;
        Ok((total, removed))
    }
}

impl ProviderFactory for CloudNetwork {
    fn connect(
        &self,
        session: &WhatsAppSession,
        how: Connect,
        events: mpsc::Sender<ProviderEvent>,
    ) -> Result<Arc<dyn Provider>, ProviderError> {
        if matches!(how, Connect::Pair { .. }) {
            return Err(ProviderError::Unsupported(NOT_PAIRED.to_owned()));
        }
        let connection = Connection(Arc::new(Inner {
            network: self.clone(),
            session_id: session.id,
            account: OnceLock::new(),
            pace: Pace::new(Instant::now()),
            typing: Mutex::default(),
            uploads: media::uploads(),
            events,
            alive: CancellationToken::new(),
        }));
        tokio::spawn(connection.clone().live(session.clone()));
        Ok(Arc::new(connection))
    }
}

/// One number's connection.
#[derive(Debug, Clone)]
struct Connection(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    network: CloudNetwork,
    session_id: SessionId,
    /// Set as soon as it has been found right.
    account: OnceLock<Account>,
    pace: Pace,
    /// When somebody's typing was last shown in a chat, and by which message.
    typing: Mutex<HashMap<String, (Instant, String)>>,
    uploads: Uploads<String>,
    events: mpsc::Sender<ProviderEvent>,
    alive: CancellationToken,
}

impl Connection {
    /// Comes up, and then looks from time to time whether the token is still good.
    async fn live(self, session: WhatsAppSession) {
        let alive = self.0.alive.clone();
        let living = async {
            let account = match self.0.network.numbers.account(&session).await {
                Ok(account) => account,
                Err(error) => return self.tell(disconnected(&error)).await,
            };
            match self.verify(&account).await {
                Ok(phone_number) => {
                    // Nobody else sets it.
                    let _ = self.0.account.set(account.clone());
                    self.tell(ProviderEvent::Authenticated).await;
                    self.tell(ProviderEvent::Ready { phone_number }).await;
                }
                Err(reason) => return self.tell(ProviderEvent::Disconnected(reason)).await,
            }
            for look in 0_u32.. {
                if look.is_multiple_of(SYNC_EVERY)
                    && let Err(error) = self.0.network.sync_templates(&session).await
                {
                    tracing::warn!(%error, session.id = %session.id, "templates are not up to date");
                }
                tokio::time::sleep(VERIFY_EVERY).await;
                match self.verify(&account).await {
                    // Sending goes on to be tried: what is only slow is not gone.
                    Ok(_) | Err(DisconnectReason::ConnectionLost) => {}
                    Err(reason) => return self.tell(ProviderEvent::Disconnected(reason)).await,
                }
            }
        };
        tokio::select! {
            () = alive.cancelled() => {}
            () = living => {}
        }
    }

    /// The number behind the id, if the token may use it.
    async fn verify(&self, account: &Account) -> Result<String, DisconnectReason> {
        let path = format!("{}?fields=display_phone_number,verified_name", account.phone_number_id);
        let session_id = self.0.session_id;
        match self.0.network.graph.get(&account.access_token, &path).await {
            Ok(number) => {
                let written = number["display_phone_number"].as_str().unwrap_or_default();
                phone::canonical(written).ok_or_else(|| {
                    tracing::warn!(session.id = %session_id, "the network named no phone number");
                    DisconnectReason::CredentialsRefused
                })
            }
            Err(error) => {
                tracing::warn!(%error, session.id = %session_id, "number was not verified");
                Err(match &error {
                    GraphError::Refused(refusal) => match refusal.class() {
                        Class::Retry | Class::Throttled | Class::PairThrottled => {
                            DisconnectReason::ConnectionLost
                        }
                        Class::Locked => DisconnectReason::Banned,
                        Class::Credentials | Class::Refused => DisconnectReason::CredentialsRefused,
                    },
                    GraphError::NotReached(_) | GraphError::Unknown(_) => {
                        DisconnectReason::ConnectionLost
                    }
                })
            }
        }
    }

    async fn tell(&self, event: ProviderEvent) {
        // The hub has hung up: nobody wants to know.
        let _ = self.0.events.send(event).await;
    }

    fn account(&self) -> Result<&Account, ProviderError> {
        let account = self.0.account.get().filter(|_| !self.0.alive.is_cancelled());
        account.ok_or_else(|| ProviderError::temporary(NOT_CONNECTED))
    }

    async fn hand_over(&self, message: &Message) -> Result<Taken, ProviderError> {
        let account = self.account()?;
        let Inner { network, session_id, pace, uploads, .. } = &*self.0;
        let file_access = (&network.graph, &network.files);
        let place = media::place(file_access, uploads, account, message).await?;
        let quoted = match &message.quoted_message_id {
            Some(id) => Some(network_id(&network.store, *session_id, id).await?),
            None => None,
        };
        if let Err(wait) = pace.take(&message.chat_id, Instant::now()) {
            if let MediaPlace::Uploaded(id) = place {
                uploads.keep(message.id, id).await;
            }
            return Err(ProviderError::NotNow { text: TOO_FAST.to_owned(), wait });
        }
        let body = body::of(message, place, quoted.as_deref())?;
        match self.post(account, &body).await {
            Ok(answer) => {
                pace.accepted(&message.chat_id);
                match answer.pointer("/messages/0/id").and_then(Value::as_str) {
                    Some(id) => Ok(Taken { network_id: Some(id.to_owned()), ..Taken::default() }),
                    None => Err(ProviderError::Unknown(UNKNOWN.to_owned())),
                }
            }
            Err(GraphError::NotReached(error)) => {
                tracing::warn!(error = crate::error::chain(&error), "the network was not reached");
                Err(ProviderError::temporary(NOT_REACHED))
            }
            Err(GraphError::Unknown(why)) => {
                tracing::warn!(why, message.id = %message.id, "nobody knows whether it was taken");
                Err(ProviderError::Unknown(UNKNOWN.to_owned()))
            }
            Err(GraphError::Refused(refusal)) => Err(self.refused(&message.chat_id, &refusal)),
        }
    }

    async fn post(&self, account: &Account, body: &Value) -> Result<Value, GraphError> {
        let path = format!("{}/messages", account.phone_number_id);
        self.0.network.graph.post(&account.access_token, &path, body).await
    }

    fn refused(&self, chat_id: &str, refusal: &Refusal) -> ProviderError {
        let text = refusal.to_string();
        let now = Instant::now();
        match refusal.class() {
            Class::Retry => ProviderError::temporary(text),
            Class::Throttled => ProviderError::NotNow { text, wait: self.0.pace.throttled(now) },
            Class::PairThrottled => {
                ProviderError::NotNow { text, wait: self.0.pace.pair_refused(chat_id, now) }
            }
            Class::Refused => ProviderError::Refused(text),
            Class::Credentials => self.out_of_order(DisconnectReason::CredentialsRefused, text),
            Class::Locked => self.out_of_order(DisconnectReason::Banned, text),
        }
    }

    /// The message has failed for good, and so has the number: what waits behind it goes on waiting.
    fn out_of_order(&self, reason: DisconnectReason, text: String) -> ProviderError {
        let connection = self.clone();
        tokio::spawn(async move { connection.tell(ProviderEvent::Disconnected(reason)).await });
        ProviderError::Refused(text)
    }

    async fn react(&self, change: &MessageChange, target: &Message) -> Result<(), ProviderError> {
        let id = target.network_id.as_ref().unwrap_or(&target.message_id);
        let body = body::reaction(change, id)?;
        let account = self.account()?;
        match self.post(account, &body).await {
            Ok(_) => Ok(()),
            Err(GraphError::Refused(refusal)) => Err(self.refused(&change.chat_id, &refusal)),
            // A reaction that comes twice is one reaction.
            Err(GraphError::NotReached(_) | GraphError::Unknown(_)) => {
                Err(ProviderError::temporary(NOT_REACHED))
            }
        }
    }

    /// Meta shows typing only together with the mark that the customer's last message was read.
    async fn show_typing(&self, chat_id: &str) -> Result<(), ProviderError> {
        let store = &self.0.network.store;
        let last = store.find_last_inbound_id(self.0.session_id, chat_id).await;
        let last = last.map_err(|error| ProviderError::temporary(error.to_string()))?;
        let Some(message_id) = last else { return Ok(()) };
        if !self.is_typing_due(chat_id, &message_id) {
            return Ok(());
        }
        let typing = json!({
            "messaging_product": "whatsapp", "status": "read", "message_id": message_id,
            "typing_indicator": {"type": "text"},
        });
        self.signal(&typing).await
    }

    fn is_typing_due(&self, chat_id: &str, message_id: &str) -> bool {
        let now = Instant::now();
        let mut shown = self.0.typing.lock().unwrap_or_else(PoisonError::into_inner);
        let is_shown = shown.get(chat_id).is_some_and(|(at, last)| {
            last == message_id && now.saturating_duration_since(*at) < TYPING_EVERY
        });
        if !is_shown {
            if shown.len() >= TYPING_CHATS_MAX {
                shown.clear();
            }
            shown.insert(chat_id.to_owned(), (now, message_id.to_owned()));
        }
        !is_shown
    }

    async fn show_read(&self, message_ids: &[String]) -> Result<(), ProviderError> {
        // The mark on one message holds for all before it.
        let Some(message_id) = message_ids.last() else { return Ok(()) };
        let read = json!({
            "messaging_product": "whatsapp", "status": "read", "message_id": message_id,
        });
        self.signal(&read).await
    }

    async fn signal(&self, body: &Value) -> Result<(), ProviderError> {
        let account = self.account()?;
        match self.post(account, body).await {
            Ok(_) => Ok(()),
            Err(error) => Err(ProviderError::temporary(error.to_string())),
        }
    }
}

/// How Meta knows a message of ours or of the customer.
async fn network_id(
    store: &Store,
    session_id: SessionId,
    message_id: &str,
) -> Result<String, ProviderError> {
    let found = store.find_message_by_provider_id(session_id, message_id).await;
    let found = found.map_err(|error| ProviderError::temporary(error.to_string()))?;
    let known = found.and_then(|message| message.network_id);
    Ok(known.unwrap_or_else(|| message_id.to_owned()))
}

fn disconnected(error: &AccountError) -> ProviderEvent {
    tracing::warn!(%error, "number cannot be connected to the Cloud API");
    ProviderEvent::Disconnected(match error {
        AccountError::Incomplete(_) | AccountError::Sealed(_) => DisconnectReason::NotConfigured,
        AccountError::Store(_) => DisconnectReason::ConnectionLost,
    })
}

impl Provider for Connection {
    fn send<'a>(
        &'a self,
        message: &'a Message,
    ) -> ProviderFuture<'a, Result<Taken, ProviderError>> {
        Box::pin(self.hand_over(message))
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    fn change<'a>(
        &'a self,
        change: &'a MessageChange,
        target: &'a Message,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.react(change, target))
    }

    fn download<'a>(
        &'a self,
        message: &'a Message,
        chunks: mpsc::Sender<Bytes>,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            let account = self.account()?;
            media::download(&self.0.network.graph, account, message, chunks).await
        })
    }

    fn set_typing<'a>(
        &'a self,
        chat_id: &'a str,
        is_typing: bool,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            // It ends by itself: Meta knows no other end.
            if is_typing { self.show_typing(chat_id).await } else { Ok(()) }
        })
    }

    fn mark_read<'a>(
        &'a self,
        _chat_id: &'a str,
        message_ids: &'a [String],
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(self.show_read(message_ids))
    }

    fn disconnect(&self) {
        self.0.alive.cancel();
    }
}
