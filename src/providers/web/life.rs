//! The life of one connection: the keys are opened, the number is paired or comes back, the watchdog
//! looks, and at the end everything is written before the next connection may begin.

use std::{sync::Arc, time::Duration};

use dx_actors::{
    domain::{WhatsAppSession, session::DisconnectReason},
    session::{Connect, ProviderEvent},
    store::StoreError,
};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use whatsapp_rust::{
    Client,
    bot::Bot,
    pair_code::PairCodeOptions,
    types::events::Event,
    wacore::{iq::keepalive::KeepaliveSpec, store::DevicePropsOverride},
};

use super::{
    backend::Backend,
    connection::Connection,
    events::{self, Handler},
    hook::Intake,
    http::Web,
    inbound::Reader,
    reasons::{self, End},
    redelivery::Redelivery,
    transport::Sockets,
    unkept,
    watchdog::{LOOK_EVERY, Look, PING_DEADLINE, Step, Watchdog},
};

/// How long a client may take to write what it still holds; its own limits add up to less.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);
/// A number that is paired is taken in within this time, or the attempt has failed. The first time the
/// library waits up to 10 s for keys of the phone.
const COMING_UP: Duration = Duration::from_secs(75);
/// New sockets in a row, without the network having taken the number in.
const SOCKETS_IN_A_ROW_MAX: u32 = 3;
/// A test's server does not care; WhatsApp's own version is looked up.
const TEST_VERSION: (u32, u32, u32) = (2, 3000, 1);
/// How the number is named on the phone's list of linked devices when the row says nothing.
const DEVICE_NAME: &str = "DX Connect";

/// Lives until the hub hangs up or the connection ends, and tells why.
pub(super) async fn live(
    connection: Connection,
    session: WhatsAppSession,
    how: Connect,
    sockets: Sockets,
    web: Web,
) {
    let network = connection.0.network.clone();
    // The keys are one connection's at a time, whoever is faster.
    let turn = network.turn(session.id);
    let alive = connection.0.alive.clone();
    let _turn = tokio::select! {
        () = alive.cancelled() => return,
        turn = turn.lock_owned() => turn,
    };
    // After what came in could not be stored.
    let pause = network.pause(session.id);
    let opened = tokio::select! {
        () = alive.cancelled() => return,
        opened = async {
            tokio::time::sleep_until(pause).await;
            Keys::open(&connection).await
        } => opened,
    };
    let Some(keys) = opened else {
        connection.tell(ProviderEvent::Disconnected(DisconnectReason::ConnectionLost)).await;
        return;
    };
    let end = tokio::select! {
        () = alive.cancelled() => None,
        end = run(&connection, &session, how, sockets, web, &keys) => Some(end),
    };
    if let Some(client) = connection.any_client() {
        let closing = tokio::time::timeout(SHUTDOWN_TIMEOUT, client.disconnect());
        if closing.await.is_err() {
            tracing::warn!(session.id = %session.id, "a number did not hang up in time");
        }
    }
    connection.set_client(None);
    if let Some(end) = end {
        let reason = settle(&connection, &keys.backend, end).await;
        connection.tell(ProviderEvent::Disconnected(reason)).await;
    }
}

/// What a connection begins with.
struct Keys {
    backend: Arc<Backend>,
    is_paired: bool,
}

impl Keys {
    /// From now on they are this connection's; `None`, and why is in the log, when they cannot be read.
    async fn open(connection: &Connection) -> Option<Self> {
        let (keys, id) = (&connection.0.network.0.keys, connection.0.session_id);
        let opened = async {
            let backend = keys.backend(id).await?;
            Ok::<_, StoreError>(Self { is_paired: keys.is_paired(id).await?, backend })
        };
        match opened.await {
            Ok(keys) => Some(keys),
            Err(error) => {
                tracing::error!(%error, session.id = %id, "the keys of a number cannot be opened");
                None
            }
        }
    }
}

/// What the hub is told of an end; keys that are of no use any more are deleted.
async fn settle(connection: &Connection, backend: &Backend, end: End) -> DisconnectReason {
    let (network, id) = (&connection.0.network, connection.0.session_id);
    let reason = match end {
        End::Known(reason) => reason,
        End::KeysRefused if network.doubt_keys(id, true) => DisconnectReason::BadSession,
        End::KeysRefused => DisconnectReason::ConnectionLost,
    };
    let are_useless = matches!(reason, DisconnectReason::LoggedOut | DisconnectReason::BadSession);
    if are_useless {
        network.doubt_keys(id, false);
        if let Err(error) = backend.forget().await {
            tracing::error!(%error, session.id = %id, "keys of no use are still there");
        }
    }
    reason
}

async fn run(
    connection: &Connection,
    session: &WhatsAppSession,
    how: Connect,
    sockets: Sockets,
    web: Web,
    keys: &Keys,
) -> End {
    let Keys { backend, is_paired } = keys;
    let is_paired = *is_paired;
    if how == Connect::Resume && !is_paired {
        return End::Known(DisconnectReason::LoggedOut);
    }
    let reader = Arc::new(Reader::new(connection.clone()));
    let (handler, events) = Handler::new();
    let code = pairing_options(&how).filter(|_| !is_paired);
    let has_code = code.is_some();
    let built = build(connection, session, backend, &reader, handler, code, &sockets, web).await;
    let (client, running) = match built {
        Ok(built) => built,
        Err(error) => {
            tracing::error!(%error, session.id = %session.id, "the client of a number was not made");
            return End::Known(DisconnectReason::ConnectionLost);
        }
    };
    // As long as nothing is paired the library follows the network's 515 itself.
    client.enable_auto_reconnect.store(!is_paired, std::sync::atomic::Ordering::Relaxed);
    connection.set_client(Some(Arc::clone(&client)));
    let asking = {
        let client = Arc::clone(&client);
        async move {
            unkept::ask_for_them(connection, &client, backend).await;
            // Those who name them are gone, with the backend.
            std::future::pending().await
        }
    };
    let life = Life {
        reader,
        client,
        sockets,
        is_paired,
        is_taken_in: false,
        is_told: false,
        sockets_in_a_row: 0,
        due: Instant::now() + COMING_UP,
        code: has_code.then_some(how),
        watchdog: Watchdog::default(),
        redelivery: Redelivery::default(),
    };
    tokio::select! {
        end = life.live(running, events) => end,
        () = backend.lost() => End::Known(DisconnectReason::Replaced),
        () = backend.broken() => {
            connection.0.network.could_not_store(session.id);
            End::Known(DisconnectReason::ConnectionLost)
        }
        end = asking => end,
    }
}

fn pairing_options(how: &Connect) -> Option<PairCodeOptions> {
    match how {
        Connect::Pair { phone } => {
            Some(PairCodeOptions { phone_number: phone.clone(), ..Default::default() })
        }
        Connect::Fresh | Connect::Resume => None,
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts that a client is made of, once")]
async fn build(
    connection: &Connection,
    session: &WhatsAppSession,
    backend: &Arc<Backend>,
    reader: &Arc<Reader>,
    handler: Handler,
    code: Option<PairCodeOptions>,
    sockets: &Sockets,
    web: Web,
) -> Result<(Arc<Client>, JoinHandle<()>), whatsapp_rust::bot::BotBuilderError> {
    let name = if session.device_name.is_empty() { DEVICE_NAME } else { &session.device_name };
    let mut builder = Bot::builder()
        .with_backend_arc(Arc::clone(backend) as _)
        .with_transport_factory(sockets.clone())
        .with_http_client(web)
        .with_device_props(DevicePropsOverride::new().with_os(name))
        .skip_history_sync()
        .with_inbound_durability_hook(Intake(Arc::clone(reader)))
        .with_event_handler(handler);
    if !connection.0.network.is_real() {
        builder = builder.with_version(TEST_VERSION);
    }
    if let Some(code) = code {
        builder = builder.with_pair_code(code);
    }
    let bot = builder.build().await?;
    let client = bot.client();
    // Dropping the handle would end the client: whoever holds the task holds it.
    let running = bot.spawn();
    Ok((client, tokio::spawn(running)))
}

struct Life {
    reader: Arc<Reader>,
    client: Arc<Client>,
    sockets: Sockets,
    is_paired: bool,
    /// The network has the number at present.
    is_taken_in: bool,
    /// The hub knows that it has had it.
    is_told: bool,
    sockets_in_a_row: u32,
    /// Until then something has to have come: a code, or the number being taken in.
    due: Instant,
    /// The number is paired by a code to type; codes to scan are not shown.
    code: Option<Connect>,
    watchdog: Watchdog,
    redelivery: Redelivery,
}

impl Life {
    async fn live(
        mut self,
        mut running: JoinHandle<()>,
        mut events: mpsc::Receiver<Arc<Event>>,
    ) -> End {
        let (pings, mut asked) = mpsc::channel(1);
        let mut look = tokio::time::interval(LOOK_EVERY);
        let reader = Arc::clone(&self.reader);
        loop {
            let end = tokio::select! {
                Some(event) = events.recv() => self.on_event(&event).await,
                _ = &mut running => match self.on_socket_gone(&mut events).await {
                    Ok(next) => { running = next; None }
                    Err(end) => Some(end),
                },
                () = tokio::time::sleep_until(self.due), if !self.is_taken_in => {
                    Some(self.too_late())
                }
                _ = look.tick(), if self.is_taken_in => self.look(&pings),
                Some(is_answered) = asked.recv() => { self.watchdog.asked(is_answered); None }
                () = reader.connection.0.redeliver.notified() => {
                    self.redelivery.wanted(Instant::now());
                    None
                }
                () = self.redelivery.due() => {
                    self.redelivery.asked(Instant::now());
                    self.reconnect();
                    None
                }
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    async fn on_event(&mut self, event: &Event) -> Option<End> {
        let now = self.reader.connection.0.network.0.clock.now();
        match event {
            Event::PairingQrCode(code) if self.code.is_none() => {
                self.due = Instant::now() + code.timeout + COMING_UP;
                let expires_at = now.plus(code.timeout);
                self.tell(ProviderEvent::QrCode { code: code.code.clone(), expires_at }).await;
            }
            Event::PairingCode(code) => {
                self.due = Instant::now() + code.timeout;
                let expires_at = now.plus(code.timeout);
                self.tell(ProviderEvent::PairingCode { code: code.code.clone(), expires_at }).await;
            }
            Event::PairingCodeRefresh(_) => self.ask_for_code(),
            Event::PairingCodeError(error) => {
                tracing::warn!(rejection = ?error.rejection, "no code to type");
                return Some(End::Known(DisconnectReason::PairingRefused));
            }
            Event::PairingQrCodesExhausted(codes) if codes.disconnected => {
                return Some(End::Known(DisconnectReason::QrExpired));
            }
            Event::PairSuccess(_) => {
                self.is_paired = true;
                self.due = Instant::now() + COMING_UP;
                self.tell(ProviderEvent::Authenticated).await;
            }
            Event::Connected(_) => self.on_taken_in().await,
            event => {
                // A socket that a new one follows is no end.
                let is_dropped = matches!(event, Event::Disconnected(_));
                if let Some(end) = reasons::of_event(event, now) {
                    let is_over = !(is_dropped && self.is_being_replaced());
                    return is_over.then_some(end);
                }
                events::pass_on(&self.reader, &self.client, event).await;
            }
        }
        None
    }

    fn is_being_replaced(&self) -> bool {
        self.sockets_in_a_row > 0 && !self.is_taken_in
    }

    async fn on_taken_in(&mut self) {
        self.client.enable_auto_reconnect.store(false, std::sync::atomic::Ordering::Relaxed);
        (self.is_paired, self.is_taken_in, self.sockets_in_a_row) = (true, true, 0);
        self.watchdog.is_back();
        let connection = &self.reader.connection.0;
        connection.unanswered.store(0, std::sync::atomic::Ordering::Relaxed);
        connection.network.doubt_keys(connection.session_id, false);
        if self.is_told {
            return;
        }
        self.is_told = true;
        self.tell(ProviderEvent::Authenticated).await;
        let phone_number = self.client.pn().map(|jid| jid.user.to_string()).unwrap_or_default();
        self.tell(ProviderEvent::Ready { phone_number }).await;
    }

    /// The library has stopped: for a reason that it has told, or because the network wants a new socket.
    async fn on_socket_gone(
        &mut self,
        events: &mut mpsc::Receiver<Arc<Event>>,
    ) -> Result<JoinHandle<()>, End> {
        while let Ok(event) = events.try_recv() {
            if let Some(end) = self.on_event(&event).await {
                return Err(end);
            }
        }
        let had_network = self.is_taken_in || self.is_paired && !self.is_told;
        self.is_taken_in = false;
        if self.sockets.has_failed() && self.sockets.has_proxy() {
            return Err(End::Known(DisconnectReason::ProxyFailed));
        }
        let is_given_up =
            self.sockets.has_failed() || self.sockets_in_a_row >= SOCKETS_IN_A_ROW_MAX;
        if !had_network || is_given_up {
            return Err(End::Known(DisconnectReason::ConnectionLost));
        }
        self.sockets_in_a_row += 1;
        self.due = Instant::now() + COMING_UP;
        let client = Arc::clone(&self.client);
        Ok(tokio::spawn(async move { client.run().await }))
    }

    fn too_late(&self) -> End {
        let is_proxy = self.sockets.has_failed() && self.sockets.has_proxy();
        End::Known(if is_proxy {
            DisconnectReason::ProxyFailed
        } else if self.code.is_some() && !self.is_paired {
            DisconnectReason::QrExpired
        } else {
            DisconnectReason::ConnectionLost
        })
    }

    fn look(&mut self, pings: &mpsc::Sender<bool>) -> Option<End> {
        let connection = &self.reader.connection;
        let look = Look {
            is_connected: self.client.is_connected(),
            silence: connection.silence(),
            unanswered: connection.unanswered(),
        };
        let session_id = connection.0.session_id;
        match self.watchdog.look(Instant::now(), look) {
            Step::Nothing => {}
            Step::Ping => {
                let (client, pings) = (Arc::clone(&self.client), pings.clone());
                tokio::spawn(async move {
                    let ping = client.execute(KeepaliveSpec::with_timeout(PING_DEADLINE));
                    let answer = tokio::time::timeout(PING_DEADLINE, ping).await;
                    // The connection is over.
                    let _ = pings.send(answer.is_ok_and(|answer| answer.is_ok())).await;
                });
            }
            Step::Reconnect => {
                tracing::warn!(session.id = %session_id, "a connection hears nothing: a new socket");
                self.reconnect();
            }
            Step::Restart => {
                tracing::warn!(session.id = %session_id, "a connection hears nothing: a new client");
                return Some(End::Known(DisconnectReason::ConnectionLost));
            }
        }
        None
    }

    fn reconnect(&self) {
        let client = Arc::clone(&self.client);
        tokio::spawn(async move { client.reconnect_immediately().await });
    }

    fn ask_for_code(&self) {
        let Some(options) = self.code.as_ref().and_then(pairing_options) else { return };
        let client = Arc::clone(&self.client);
        tokio::spawn(async move {
            // What becomes of it is told by an event.
            let _ = client.pair_with_code(options).await;
        });
    }

    async fn tell(&self, event: ProviderEvent) {
        self.reader.connection.tell(event).await;
    }
}
