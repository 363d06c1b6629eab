//! An agent's screen: connects, shows, comes back where it was, and checks all that it is told.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::{HeaderValue, header::AUTHORIZATION};
use futures_util::{SinkExt, StreamExt};
use rand::RngExt;
use thiserror::Error;
use tokio::{
    net::TcpStream,
    sync::broadcast::{self, error::RecvError},
    time::{MissedTickBehavior, interval_at, sleep, timeout},
};
use tokio_websockets::{ClientBuilder, Limits, Message, WebSocketStream};

use super::{
    frame::Frame,
    http::{CONNECT_TIMEOUT, CallError, connect},
    ledger::AgentIndex,
    meter::{Count, Hop},
    order::{Order, Position, Showing, Step},
    run::Run,
    sources::Source,
};

/// As the hub's documentation asks of clients.
const PING_EVERY: Duration = Duration::from_secs(30);
/// Waits before connecting again when that has failed: doubled each time, up to the last.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// One that broke sooner is not tried again at once.
const STEADY_AFTER: Duration = Duration::from_secs(5);
/// The longest event holds a message of 64 KiB, escaped.
const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// RFC 6455: what closing politely may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
const PING: &str = r#"{"type":"ping"}"#;

type Stream = WebSocketStream<TcpStream>;

#[derive(Debug, Error)]
pub(super) enum SocketError {
    #[error(transparent)]
    Connect(#[from] CallError),
    #[error("handshake failed")]
    Handshake(#[source] tokio_websockets::Error),
    #[error("handshake: no answer in time")]
    HandshakeTimeout,
}

/// One socket of one agent.
#[derive(Debug)]
pub(super) struct Socket {
    run: Arc<Run>,
    agent: AgentIndex,
    /// The first socket of its agent: it tells which chats the agent has.
    is_first: bool,
    /// Among all sockets of the run.
    index: u64,
    source: Source,
    position: Option<Position>,
    inbound: Order,
    outbound: Order,
    /// What comes now was told while the socket was away.
    is_catching_up: bool,
    broke_at: Instant,
    pinged_at: Option<Instant>,
}

/// Why a connection is over.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Storm,
    Broken(String),
    /// It was never there.
    Failed(String),
    RunEnded,
}

impl Socket {
    pub(super) fn new(run: &Arc<Run>, agent: AgentIndex, tab: u32, index: u64) -> Self {
        Self {
            run: Arc::clone(run),
            agent,
            is_first: tab == 0,
            index,
            source: Source::nth(&run.target, index),
            position: None,
            inbound: Order::default(),
            outbound: Order::default(),
            is_catching_up: false,
            broke_at: Instant::now(),
            pinged_at: None,
        }
    }

    /// Connects, and again after every break, until the run ends.
    pub(super) async fn live(mut self) {
        let mut storms = self.run.storms.subscribe();
        let sockets_end = self.run.sockets_end.clone();
        let mut wait = RETRY_FIRST;
        while !sockets_end.is_cancelled() {
            let opened_at = Instant::now();
            let end = match self.open().await {
                Ok(stream) => self.serve(stream, &mut storms).await,
                Err(error) => End::Failed(error.to_string()),
            };
            let (is_steady, kind) = match end {
                End::Storm | End::RunEnded => (true, None),
                End::Broken(kind) => (opened_at.elapsed() >= STEADY_AFTER, Some(kind)),
                End::Failed(kind) => (false, Some(kind)),
            };
            if let Some(kind) = kind {
                self.run.meter.error("socket", &kind);
            }
            if is_steady {
                wait = RETRY_FIRST;
                continue;
            }
            let spread = rand::rng().random_range(0.5..1.0);
            tokio::select! {
                () = sleep(wait.mul_f64(spread)) => wait = (wait * 2).min(RETRY_MAX),
                () = sockets_end.cancelled() => {}
            }
        }
    }

    async fn open(&self) -> Result<Stream, SocketError> {
        let resume = self.position.as_ref().map(|at| format!("?resume={}:{}", at.epoch, at.seq));
        let bearer = self.run.agent(self.agent).map(|agent| agent.bearer.clone());
        open(&self.source, bearer, &resume.unwrap_or_default()).await
    }

    async fn serve(&mut self, mut stream: Stream, storms: &mut broadcast::Receiver<u64>) -> End {
        self.is_catching_up = self.position.is_some();
        self.pinged_at = None;
        self.run.meter.count(Count::Sockets);
        let end = self.read(&mut stream, storms).await;
        self.broke_at = Instant::now();
        self.run.meter.subtract(Count::Sockets, 1);
        if end == End::RunEnded {
            let _polite = timeout(CLOSE_TIMEOUT, stream.close()).await;
        }
        end
    }

    async fn read(&mut self, stream: &mut Stream, storms: &mut broadcast::Receiver<u64>) -> End {
        let sockets_end = self.run.sockets_end.clone();
        // Not all at the same moment.
        let first = rand::rng().random_range(Duration::from_secs(1)..PING_EVERY);
        let mut ping = interval_at((Instant::now() + first).into(), PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(Ok(message)) => {
                        if let Some((code, _)) = message.as_close() {
                            return End::Broken(format!("closed with {}", u16::from(code)));
                        }
                        if let Some(text) = message.as_text() {
                            self.show(text);
                        }
                    }
                    Some(Err(_)) => return End::Broken("connection broken".to_owned()),
                    None => return End::Broken("connection ended".to_owned()),
                },
                storm = storms.recv() => match storm {
                    Ok(storm) if self.is_hit(storm) => return End::Storm,
                    // One that was missed is over.
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return End::RunEnded,
                },
                _ = ping.tick() => {
                    self.pinged_at = Some(Instant::now());
                    if stream.send(Message::text(PING)).await.is_err() {
                        return End::Broken("connection broken".to_owned());
                    }
                }
                () = sockets_end.cancelled() => return End::RunEnded,
            }
        }
    }

    fn is_hit(&self, storm: u64) -> bool {
        let args = &self.run.args;
        let sockets = u64::from(args.agents) * u64::from(args.tabs);
        is_hit(self.index, storm, sockets, args.storm_percent)
    }

    fn show(&mut self, text: &str) {
        let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else {
            return self.run.meter.error("socket", "frame not readable");
        };
        match frame.event.as_deref() {
            Some("connected") => self.greeted(&frame),
            Some("resumed") => self.resumed(&frame),
            Some(event) => {
                if self.is_new(&frame) {
                    self.told(event, &frame);
                }
            }
            None if frame.kind.as_deref() == Some("pong") => {
                if let Some(at) = self.pinged_at.take() {
                    self.record(Hop::Ping, at.elapsed());
                }
            }
            None => self.run.meter.error("socket", "error frame"),
        }
    }

    fn record(&self, hop: Hop, took: Duration) {
        if self.run.is_measured(self.run.elapsed()) {
            self.run.meter.record(hop, took);
        }
    }

    fn greeted(&mut self, frame: &Frame<'_>) {
        self.set_position(frame);
        self.run.meter.record(Hop::Connect, self.broke_at.elapsed());
    }

    fn resumed(&mut self, frame: &Frame<'_>) {
        self.is_catching_up = false;
        let meter = &self.run.meter;
        if frame.data.recovered == Some(true) {
            meter.record(Hop::Resume, self.broke_at.elapsed());
            let known = self.position.as_ref().map(|at| (at.epoch.as_str(), at.seq));
            let said = frame.data.epoch.as_deref().zip(frame.data.seq);
            // The position in the greeting is that of the last event, which has come by now.
            if known != said {
                meter.error("socket", "resumed at another position");
            }
            return;
        }
        let is_other_run =
            self.position.as_ref().map(|at| at.epoch.as_str()) != frame.data.epoch.as_deref();
        meter.count(if is_other_run { Count::Restarts } else { Count::NotRecovered });
        self.set_position(frame);
    }

    fn set_position(&mut self, frame: &Frame<'_>) {
        match (&frame.data.epoch, frame.data.seq) {
            (Some(epoch), Some(seq)) => {
                self.position = Some(Position { epoch: epoch.to_string(), seq });
            }
            _ => self.run.meter.error("socket", "greeting without a position"),
        }
    }

    /// Whether an event is to be handled; notes every fault of its number.
    fn is_new(&mut self, frame: &Frame<'_>) -> bool {
        let meter = &self.run.meter;
        meter.count(Count::Events);
        if self.is_catching_up {
            meter.count(Count::Replayed);
        }
        let (Some(epoch), Some(seq)) = (&frame.epoch, frame.seq) else {
            meter.error("socket", "event without a number");
            return true;
        };
        let Some(position) = &mut self.position else {
            meter.error("socket", "event before the greeting");
            return true;
        };
        match position.take(epoch, seq) {
            Step::Next => true,
            Step::Gap(missing) => {
                meter.count(Count::SeqGaps);
                meter.add(Count::SeqMissing, missing);
                true
            }
            Step::Repeated => {
                meter.count(Count::SeqRepeated);
                false
            }
            Step::OtherEpoch => {
                meter.error("socket", "event of another epoch");
                false
            }
        }
    }

    fn told(&mut self, event: &str, frame: &Frame<'_>) {
        match event {
            "message_received" => {
                let id = frame.data.message_id.as_deref();
                if let Some((chat, ordinal)) = id.and_then(|id| self.run.id.parse(id)) {
                    let shown = self.inbound.show(chat, ordinal);
                    self.judge(shown);
                    let due = self.run.inbound.seen(chat, ordinal, self.agent);
                    self.timed(Hop::MessageShown, due);
                }
            }
            "message_sent" => self.told_of_answer(frame),
            _ if self.is_first => self.told_of_chat(event, frame),
            _ => {}
        }
    }

    fn told_of_answer(&mut self, frame: &Frame<'_>) {
        let id = frame.data.client_message_id.as_deref();
        let Some((chat, ordinal)) = id.and_then(|id| self.run.id.parse(id)) else { return };
        if frame.data.status.as_deref() == Some("failed") {
            self.run.meter.error("message_sent", "failed");
        }
        let shown = self.outbound.show(chat, ordinal);
        self.judge(shown);
        let due = self.run.outbound.seen(chat, ordinal, self.agent);
        self.timed(Hop::AnswerShown, due);
    }

    fn judge(&self, shown: Showing) {
        match shown {
            Showing::First => {}
            Showing::Again => self.run.meter.count(Count::Duplicated),
            Showing::Late => self.run.meter.count(Count::Reordered),
        }
    }

    /// What was replayed came late because the socket was away, by the test's own will.
    fn timed(&self, hop: Hop, due: Option<Duration>) {
        match due {
            Some(due) if !self.is_catching_up => self.run.record_since(hop, due),
            Some(_) => {}
            None => self.run.meter.error("socket", "a message that nobody wrote"),
        }
    }

    fn told_of_chat(&self, event: &str, frame: &Frame<'_>) {
        let Some(chat) = frame.data.chat_id.as_deref().and_then(|id| self.run.chat(id)) else {
            return;
        };
        let mine = self.run.agent(self.agent).map(|agent| agent.id);
        match event {
            "chat_assigned" if frame.data.agent_id == mine => {
                self.run.holders.gained(chat, self.agent);
            }
            "chat_transferred" if frame.data.to_agent_id == mine => {
                self.run.holders.gained(chat, self.agent);
            }
            "chat_transferred" | "chat_closed" => self.run.holders.lost(chat, self.agent),
            "chat_requeued" | "chat_auto_closed" => {
                self.run.meter.count(Count::Requeued);
                self.run.inbound.relax(chat);
                self.run.holders.lost(chat, self.agent);
            }
            _ => {}
        }
    }
}

/// Opens a socket as an agent's browser does.
pub(super) async fn open(
    source: &Source,
    bearer: Option<HeaderValue>,
    query: &str,
) -> Result<Stream, SocketError> {
    let stream = connect(source).await?;
    shake_hands(stream, source, bearer, query).await
}

/// The handshake on a connection that is there.
pub(super) async fn shake_hands(
    stream: TcpStream,
    source: &Source,
    bearer: Option<HeaderValue>,
    query: &str,
) -> Result<Stream, SocketError> {
    let uri = format!("ws://{}/ws/whatsapp/{query}", source.host());
    let limits = Limits::default().max_payload_len(Some(FRAME_BYTES_MAX));
    let mut builder = ClientBuilder::new()
        .uri(&uri)
        .map_err(|_| SocketError::Handshake(tokio_websockets::Error::NoUriConfigured))?
        .limits(limits);
    if let Some(bearer) = bearer {
        builder = builder.add_header(AUTHORIZATION, bearer).map_err(SocketError::Handshake)?;
    }
    match timeout(CONNECT_TIMEOUT, builder.connect_on(stream)).await {
        Ok(Ok((stream, _))) => Ok(stream),
        Ok(Err(error)) => Err(SocketError::Handshake(error)),
        Err(_) => Err(SocketError::HandshakeTimeout),
    }
}

/// The n-th storm hits the next part of the sockets, so that in the end all have been hit alike.
fn is_hit(index: u64, storm: u64, sockets: u64, percent: u32) -> bool {
    let part = (sockets * u64::from(percent)).div_ceil(100).max(1);
    let first = storm.wrapping_mul(part) % sockets.max(1);
    (index + sockets - first) % sockets.max(1) < part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storms_hit_their_share_and_everybody_in_turn() {
        let hit = |storm, percent| {
            (0..10).filter(|index| is_hit(*index, storm, 10, percent)).collect::<Vec<_>>()
        };
        assert_eq!(hit(0, 30), [0, 1, 2]);
        assert_eq!(hit(1, 30), [3, 4, 5]);
        assert_eq!(hit(3, 30), [0, 1, 9]);
        assert_eq!(hit(5, 100).len(), 10);
        assert_eq!(hit(0, 1).len(), 1);
    }
}
