//! A simulated network: the port's executable specification, and what a demo and tests run on.
//!
//! A number is paired by a code that "somebody scans" after a moment; messages get their ticks;
//! customers write when they are told to; and everything that goes wrong with a real network can be
//! made to go wrong here.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use bytes::Bytes;

use super::provider::{
    ChangeDelivery, Connect, Provider, ProviderError, ProviderEvent, ProviderFactory,
    ProviderFuture, Taken,
};
use crate::{
    clock::Clock,
    domain::{
        Inbound, Message, MessageChange, MessageStatus, ProviderKind, SessionId, WhatsAppSession,
        session::DisconnectReason,
    },
};

/// Between two states of the connection, and between two ticks' steps (contract §9 and §10).
const STATE_STEP: Duration = Duration::from_millis(100);
const TICK_STEP: Duration = Duration::from_millis(50);
/// A code is valid this long: the first one, the following ones, and how many there are.
const FIRST_CODE: Duration = Duration::from_mins(1);
const NEXT_CODE: Duration = Duration::from_secs(20);
const CODES_MAX: usize = 6;
/// A code to type: how long it is valid, how long it is, and its letters, of which none looks like
/// another (WhatsApp's own).
const PAIRING_CODE: Duration = Duration::from_mins(3);
const PAIRING_CODE_CHARS: usize = 8;
const PAIRING_LETTERS: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";
/// How long a suspension lasts.
const BAN: Duration = Duration::from_hours(1);
/// What a slow network takes for one message.
const SLOW_SEND: Duration = Duration::from_secs(6);
/// Ids of sent messages that the network remembers.
const SENT_IDS_MAX: usize = 100_000;
/// Sent messages that a simulated customer may lag behind.
const SENT_LAG_MAX: usize = 1024;

/// Something that goes wrong, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SandboxFault {
    /// At the next pairing nobody scans any of the codes.
    QrExpires,
    /// The connection drops now.
    Drop,
    /// The device is removed on the phone now.
    LoggedOut,
    /// The number is suspended for an hour from now on.
    TemporaryBan,
    /// The next message takes longer than the acceptable latency.
    Slow,
    /// The next message is refused for good.
    SendRefused,
    /// The next message fails once and may be tried again.
    SendFails,
    /// The next customer's message is delivered twice.
    DuplicateDelivery,
    /// The ticks of the next message come in the wrong order.
    OutOfOrderStatus,
    /// The next typing indicator or read receipt is not taken.
    SignalFails,
}

/// A message that reached a simulated customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxSent {
    pub session_id: SessionId,
    pub chat_id: String,
    pub message_id: String,
    pub text: String,
}

/// What a simulated customer is shown beside messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxSignal {
    /// Somebody of the company types, or has stopped.
    Typing { session_id: SessionId, chat_id: String, is_typing: bool },
    /// These of his messages were read.
    Read { session_id: SessionId, chat_id: String, message_ids: Vec<String> },
    /// A reaction, an edit, or a message that was taken back.
    Changed { session_id: SessionId, change: MessageChange },
}

/// The network that all sandbox numbers are connected to.
#[derive(Debug, Clone)]
pub struct SandboxNetwork {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    /// Artificial delays are on.
    has_delays: bool,
    numbers: Mutex<HashMap<SessionId, Number>>,
    sent: broadcast::Sender<SandboxSent>,
    signals: broadcast::Sender<SandboxSignal>,
}

/// What the network knows of one number.
#[derive(Debug, Default)]
struct Number {
    faults: Vec<SandboxFault>,
    events: Option<mpsc::Sender<ProviderEvent>>,
    alive: CancellationToken,
    sent_ids: HashSet<String>,
    sent_order: VecDeque<String>,
    /// What customers sent with their messages, by message.
    files: HashMap<String, Bytes>,
    /// Chats in which the customer is shown that somebody types.
    typing: HashSet<String>,
}

impl Number {
    fn take_fault(&mut self, fault: SandboxFault) -> bool {
        let found = self.faults.iter().position(|waiting| *waiting == fault);
        found.map(|at| self.faults.swap_remove(at)).is_some()
    }

    /// Whether a message of this id is new to the network.
    fn remember(&mut self, message_id: &str) -> bool {
        if !self.sent_ids.insert(message_id.to_owned()) {
            return false;
        }
        self.sent_order.push_back(message_id.to_owned());
        if self.sent_order.len() > SENT_IDS_MAX
            && let Some(oldest) = self.sent_order.pop_front()
        {
            self.sent_ids.remove(&oldest);
        }
        true
    }
}

impl SandboxNetwork {
    /// `has_delays: false` is what `WHATSAPP_SANDBOX_FAST=1` asks for.
    pub fn new(clock: Arc<dyn Clock>, has_delays: bool) -> Self {
        let (sent, _) = broadcast::channel(SENT_LAG_MAX);
        let (signals, _) = broadcast::channel(SENT_LAG_MAX);
        let numbers = Mutex::new(HashMap::new());
        Self { shared: Arc::new(Shared { clock, has_delays, numbers, sent, signals }) }
    }

    /// Makes something go wrong. Faults of the connection happen now; the others wait for their next
    /// occasion. Whether the number is known.
    pub async fn fault(&self, id: SessionId, fault: SandboxFault) -> bool {
        let reason = match fault {
            SandboxFault::Drop => Some(DisconnectReason::ConnectionLost),
            SandboxFault::LoggedOut => Some(DisconnectReason::LoggedOut),
            SandboxFault::TemporaryBan => {
                Some(DisconnectReason::BannedUntil(Some(self.shared.clock.now().plus(BAN))))
            }
            _ => None,
        };
        let events = {
            let mut numbers = self.shared.lock();
            let number = numbers.entry(id).or_default();
            if reason.is_none() {
                number.faults.push(fault);
                return true;
            }
            number.alive.cancel();
            number.events.take()
        };
        match (events, reason) {
            (Some(events), Some(reason)) => {
                events.send(ProviderEvent::Disconnected(reason)).await.is_ok()
            }
            _ => false,
        }
    }

    /// A customer writes to a number. Whether it is connected, so that the message could come in.
    pub async fn customer_writes(&self, id: SessionId, message: Inbound) -> bool {
        let (events, times) = {
            let mut numbers = self.shared.lock();
            let Some(number) = numbers.get_mut(&id) else { return false };
            let Some(events) = number.events.clone() else { return false };
            let is_twice = number.take_fault(SandboxFault::DuplicateDelivery);
            (events, if is_twice { 2 } else { 1 })
        };
        for _ in 0..times {
            let event = ProviderEvent::Inbound(Box::new(message.clone().into()));
            if events.send(event).await.is_err() {
                return false;
            }
        }
        true
    }

    /// A customer sends a message whose file is fetched afterwards.
    pub async fn customer_sends_file(&self, id: SessionId, message: Inbound, file: Bytes) -> bool {
        self.put_file(id, &message.message_id, file);
        self.customer_writes(id, message).await
    }

    /// From now on the network has the file of a message.
    pub fn put_file(&self, id: SessionId, message_id: &str, file: Bytes) {
        let mut numbers = self.shared.lock();
        numbers.entry(id).or_default().files.insert(message_id.to_owned(), file);
    }

    /// Something became of a message at the customer's. Whether the hub says that it has stored it.
    pub async fn customer_changes(&self, id: SessionId, change: MessageChange) -> bool {
        let events = self.shared.lock().get(&id).and_then(|number| number.events.clone());
        let Some(events) = events else { return false };
        let (sender, stored) = oneshot::channel();
        let delivery = ChangeDelivery { change, stored: Some(sender) };
        let is_sent = events.send(ProviderEvent::Change(Box::new(delivery))).await.is_ok();
        is_sent && stored.await.unwrap_or_default()
    }

    /// A customer types, or has stopped.
    pub async fn customer_types(&self, id: SessionId, chat_id: String, is_typing: bool) -> bool {
        let events = self.shared.lock().get(&id).and_then(|number| number.events.clone());
        match events {
            Some(events) => events.send(ProviderEvent::Typing { chat_id, is_typing }).await.is_ok(),
            None => false,
        }
    }

    /// What the customers are shown from now on.
    pub fn signals(&self) -> broadcast::Receiver<SandboxSignal> {
        self.shared.signals.subscribe()
    }

    /// Whether a customer is shown at present that somebody types.
    pub fn shows_typing(&self, id: SessionId, chat_id: &str) -> bool {
        self.shared.lock().get(&id).is_some_and(|number| number.typing.contains(chat_id))
    }

    /// What reaches the customers from now on.
    pub fn sent(&self) -> broadcast::Receiver<SandboxSent> {
        self.shared.sent.subscribe()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Number>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pause(&self, duration: Duration) {
        if self.has_delays {
            tokio::time::sleep(duration).await;
        }
    }

    fn take_fault(&self, id: SessionId, fault: SandboxFault) -> bool {
        self.lock().get_mut(&id).is_some_and(|number| number.take_fault(fault))
    }
}

impl ProviderFactory for SandboxNetwork {
    fn connect(
        &self,
        session: &WhatsAppSession,
        how: Connect,
        events: mpsc::Sender<ProviderEvent>,
    ) -> Result<Arc<dyn Provider>, ProviderError> {
        if session.provider != ProviderKind::Sandbox {
            let text = "Este tipo de número não está disponível neste servidor".to_owned();
            return Err(ProviderError::Unsupported(text));
        }
        let alive = CancellationToken::new();
        {
            let mut numbers = self.shared.lock();
            let number = numbers.entry(session.id).or_default();
            number.alive.cancel();
            number.alive = alive.clone();
            number.events = Some(events.clone());
        }
        let connection = Connection {
            shared: Arc::clone(&self.shared),
            session_id: session.id,
            events,
            alive: alive.clone(),
        };
        tokio::spawn(connection.clone().come_up(how));
        Ok(Arc::new(connection))
    }
}

/// One number's connection.
#[derive(Debug, Clone)]
struct Connection {
    shared: Arc<Shared>,
    session_id: SessionId,
    events: mpsc::Sender<ProviderEvent>,
    alive: CancellationToken,
}

impl Connection {
    async fn come_up(self, how: Connect) {
        let alive = self.alive.clone();
        tokio::select! {
            () = alive.cancelled() => {}
            () = self.pair(how) => {}
        }
    }

    async fn pair(&self, how: Connect) {
        self.shared.pause(STATE_STEP).await;
        let is_paired = match how {
            Connect::Fresh => self.show_codes().await,
            Connect::Pair { .. } => self.show_pairing_code().await,
            Connect::Resume => true,
        };
        if !is_paired {
            return;
        }
        self.tell(ProviderEvent::Authenticated).await;
        self.shared.pause(STATE_STEP).await;
        self.tell(ProviderEvent::Ready { phone_number: self.phone_number() }).await;
    }

    /// Shows codes until one is scanned. Whether one was.
    async fn show_codes(&self) -> bool {
        let expires = self.shared.take_fault(self.session_id, SandboxFault::QrExpires);
        for number in 0..CODES_MAX {
            let validity = if number == 0 { FIRST_CODE } else { NEXT_CODE };
            // The form of a real code: reference, then keys, separated by commas.
            let code = format!("2@{:032x},{:032x}", rand::random::<u128>(), rand::random::<u128>());
            let expires_at = self.shared.clock.now().plus(validity);
            self.tell(ProviderEvent::QrCode { code, expires_at }).await;
            // An expiring code is not waited for: the point is what happens afterwards.
            self.shared.pause(STATE_STEP).await;
            if !expires {
                return true;
            }
        }
        self.tell(ProviderEvent::Disconnected(DisconnectReason::QrExpired)).await;
        false
    }

    /// Shows the code that is typed on the phone. Whether it was.
    async fn show_pairing_code(&self) -> bool {
        let expires = self.shared.take_fault(self.session_id, SandboxFault::QrExpires);
        let letter = |_| char::from(PAIRING_LETTERS[rand::random_range(0..PAIRING_LETTERS.len())]);
        let code = (0..PAIRING_CODE_CHARS).map(letter).collect();
        let expires_at = self.shared.clock.now().plus(PAIRING_CODE);
        self.tell(ProviderEvent::PairingCode { code, expires_at }).await;
        self.shared.pause(STATE_STEP).await;
        if expires {
            self.tell(ProviderEvent::Disconnected(DisconnectReason::QrExpired)).await;
        }
        !expires
    }

    fn phone_number(&self) -> String {
        format!("55119{:08}", self.session_id.0.rem_euclid(100_000_000))
    }

    async fn tell(&self, event: ProviderEvent) {
        // The hub has hung up: nobody wants to know.
        let _ = self.events.send(event).await;
    }

    async fn accept(&self, message: &Message) -> Result<Taken, ProviderError> {
        if self.alive.is_cancelled() {
            return Err(ProviderError::temporary("sem conexão"));
        }
        if self.shared.take_fault(self.session_id, SandboxFault::SendRefused) {
            let text = "Mensagem recusada pelo WhatsApp (simulado)".to_owned();
            return Err(ProviderError::Refused(text));
        }
        if self.shared.take_fault(self.session_id, SandboxFault::SendFails) {
            return Err(ProviderError::temporary("falha passageira (simulada)"));
        }
        if self.shared.take_fault(self.session_id, SandboxFault::Slow) {
            tokio::time::sleep(SLOW_SEND).await;
        }
        self.shared.pause(TICK_STEP).await;
        let is_new = {
            let mut numbers = self.shared.lock();
            numbers.entry(self.session_id).or_default().remember(&message.message_id)
        };
        if is_new {
            let sent = SandboxSent {
                session_id: self.session_id,
                chat_id: message.chat_id.clone(),
                message_id: message.message_id.clone(),
                text: message.text.clone(),
            };
            // Nobody needs to simulate customers.
            let _ = self.shared.sent.send(sent);
        }
        tokio::spawn(self.clone().tick(message.message_id.clone()));
        Ok(Taken::default())
    }

    /// Shows the customer something, unless that is to go wrong.
    async fn show(&self, signal: SandboxSignal) -> Result<(), ProviderError> {
        if self.alive.is_cancelled() {
            return Err(ProviderError::temporary("sem conexão"));
        }
        if self.shared.take_fault(self.session_id, SandboxFault::SignalFails) {
            return Err(ProviderError::temporary("falha passageira (simulada)"));
        }
        self.shared.pause(TICK_STEP).await;
        if let SandboxSignal::Typing { chat_id, is_typing, .. } = &signal {
            let mut numbers = self.shared.lock();
            let shown = &mut numbers.entry(self.session_id).or_default().typing;
            if *is_typing {
                shown.insert(chat_id.clone());
            } else {
                shown.remove(chat_id);
            }
        }
        // Nobody needs to watch.
        let _ = self.shared.signals.send(signal);
        Ok(())
    }

    /// The customer's phone reports delivery, then reading.
    async fn tick(self, message_id: String) {
        use MessageStatus::{Delivered, Read};
        let is_wrong = self.shared.take_fault(self.session_id, SandboxFault::OutOfOrderStatus);
        let steps = if is_wrong { [Read, Delivered] } else { [Delivered, Read] };
        for status in steps {
            self.shared.pause(TICK_STEP).await;
            if self.alive.is_cancelled() {
                return;
            }
            let at = self.shared.clock.now();
            let (message_id, error) = (message_id.clone(), String::new());
            self.tell(ProviderEvent::Status { message_id, status, at, error }).await;
        }
    }
}

impl Provider for Connection {
    fn send<'a>(
        &'a self,
        message: &'a Message,
    ) -> ProviderFuture<'a, Result<Taken, ProviderError>> {
        Box::pin(self.accept(message))
    }

    fn is_idempotent(&self) -> bool {
        true
    }

    fn change<'a>(
        &'a self,
        change: &'a MessageChange,
        _target: &'a Message,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        let session_id = self.session_id;
        Box::pin(self.show(SandboxSignal::Changed { session_id, change: change.clone() }))
    }

    fn download<'a>(
        &'a self,
        message: &'a Message,
        chunks: mpsc::Sender<Bytes>,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        Box::pin(async move {
            let file = self
                .shared
                .lock()
                .get(&self.session_id)
                .and_then(|number| number.files.get(&message.message_id).cloned());
            let Some(file) = file else {
                return Err(ProviderError::Refused(
                    "O arquivo não está mais disponível".to_owned(),
                ));
            };
            // Nobody wants the rest when the receiver is gone.
            let _ = chunks.send(file).await;
            Ok(())
        })
    }

    fn set_typing<'a>(
        &'a self,
        chat_id: &'a str,
        is_typing: bool,
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        let (session_id, chat_id) = (self.session_id, chat_id.to_owned());
        Box::pin(self.show(SandboxSignal::Typing { session_id, chat_id, is_typing }))
    }

    fn mark_read<'a>(
        &'a self,
        chat_id: &'a str,
        message_ids: &'a [String],
    ) -> ProviderFuture<'a, Result<(), ProviderError>> {
        let (session_id, chat_id) = (self.session_id, chat_id.to_owned());
        let message_ids = message_ids.to_vec();
        Box::pin(self.show(SandboxSignal::Read { session_id, chat_id, message_ids }))
    }

    fn disconnect(&self) {
        let mut numbers = self.shared.lock();
        let number = numbers.entry(self.session_id).or_default();
        // Unless a newer connection has taken the place already.
        if number.events.as_ref().is_some_and(|events| events.same_channel(&self.events)) {
            number.events = None;
            number.typing.clear();
        }
        self.alive.cancel();
    }
}
