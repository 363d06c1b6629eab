//! From an event to the sockets of its audience: one gap-free sequence per user, a bounded history to
//! resume from, and one bounded outbox per socket. A publisher never waits for a socket.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use dashmap::DashMap;
use tokio::{sync, time::Instant};

use crate::{
    clock::Clock,
    directory::Directory,
    domain::{
        AgentId, Device, Timestamp,
        notification::{NotificationPreferences, Notify, Topic},
    },
    events::{Audience, EncodeEvent, HubEvent},
    metrics::{Events, Resumed},
};

/// Events kept per user for clients that come back.
pub const HISTORY_EVENTS_MAX: usize = 1024;
/// Age up to which events are kept: a laptop that slept ten minutes still resumes.
pub const HISTORY_AGE_MAX: Duration = Duration::from_mins(15);
/// Bytes of events that are kept per user, some kilobytes an event: long texts push older events out sooner.
pub const HISTORY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes that may wait for one socket before it is closed with 4008.
pub const OUTBOX_BYTES_MAX: usize = 256 * 1024;
/// Frames that may wait for one socket before it is closed with 4008.
pub const OUTBOX_FRAMES_MAX: usize = 2048;
/// Users up to which each is asked whether an event is for him; beyond, a list is made of those who may be meant,
/// which costs as much as the department is large.
const ASKED_ALL_MAX: usize = 64;
/// About what `notify`, `seq`, `epoch` and the head of the frame add to an event.
const EVENT_TAIL_BYTES: usize = 128;
/// Events that a test tap holds.
#[cfg(feature = "testing")]
const TAP_EVENTS_MAX: usize = 4096;

/// One frame on its way to one socket.
#[derive(Debug, Clone)]
pub enum OutFrame {
    /// An encoded event without its tail: the user's sequence number for it, and whether it calls him.
    Event { body: Bytes, seq: u64, notify: Notify },
    /// A complete text (answers to commands, `connected`, `resumed`).
    Text(Bytes),
    /// The answer to a ping of the WebSocket protocol (RFC 6455 §5.5.3).
    Pong(Bytes),
    /// A ping of the WebSocket protocol.
    Ping,
}

impl OutFrame {
    fn len(&self) -> usize {
        match self {
            Self::Event { body, .. } => body.len() + EVENT_TAIL_BYTES,
            Self::Text(body) | Self::Pong(body) => body.len(),
            Self::Ping => 2,
        }
    }
}

/// Why the hub wants a socket closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The hub stops (1001).
    GoingAway,
    /// The token or the person is no longer valid (4001).
    Unauthorized,
    /// The peer reads too slowly (4008).
    TooSlow,
}

#[derive(Debug, Default)]
struct Pending {
    frames: Vec<OutFrame>,
    bytes: usize,
    close: Option<CloseReason>,
    /// When the oldest of them was published whose way is timed.
    timed: Option<Instant>,
}

/// What waits for one socket. About 190 bytes while idle.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Where its client runs.
    device: Device,
    pending: Mutex<Pending>,
    wake: sync::Notify,
}

/// What the socket's task takes out at once.
#[derive(Debug)]
pub struct Taken {
    pub frames: Vec<OutFrame>,
    pub close: Option<CloseReason>,
    /// When one of them was published, if its way is timed.
    pub timed: Option<Instant>,
}

/// What waits for all sockets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    pub bytes: usize,
    /// For the one for which most waits.
    pub bytes_max: usize,
}

impl Outbox {
    /// Of a client that says where it runs.
    pub fn of(device: Device) -> Self {
        Self { device, ..Self::default() }
    }

    /// Where its client runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame. Over the limit what was queued is dropped and the socket is told to close with
    /// [`CloseReason::TooSlow`]; the client resumes what it missed. Returns whether it was queued.
    pub fn push(&self, frame: OutFrame) -> bool {
        let mut pending = self.lock();
        if pending.close.is_some() {
            return false;
        }
        let bytes = pending.bytes + frame.len();
        // One long event alone is no sign of a slow reader.
        let is_over = !pending.frames.is_empty() && bytes > OUTBOX_BYTES_MAX;
        if is_over || pending.frames.len() >= OUTBOX_FRAMES_MAX {
            *pending = Pending { close: Some(CloseReason::TooSlow), ..Pending::default() };
            drop(pending);
            self.wake.notify_one();
            return false;
        }
        pending.bytes = bytes;
        pending.frames.push(frame);
        let is_first = pending.frames.len() == 1;
        drop(pending);
        if is_first {
            self.wake.notify_one();
        }
        true
    }

    /// Queues what a returning client missed. It is bounded by the history and shared with it, so it
    /// does not count against the limit of bytes.
    fn replay(&self, frames: impl Iterator<Item = OutFrame>) {
        self.lock().frames.extend(frames);
        self.wake.notify_one();
    }

    /// Tells the socket to flush what is queued and close.
    pub fn close(&self, reason: CloseReason) {
        let mut pending = self.lock();
        pending.close.get_or_insert(reason);
        drop(pending);
        self.wake.notify_one();
    }

    /// Waits until [`Outbox::take`] has something to give. Cancel-safe.
    pub async fn ready(&self) {
        self.wake.notified().await;
    }

    /// Everything that waits.
    pub fn take(&self) -> Taken {
        let mut pending = self.lock();
        pending.bytes = 0;
        let (frames, timed) = (std::mem::take(&mut pending.frames), pending.timed.take());
        Taken { frames, close: pending.close, timed }
    }

    /// Times the way of what was queued just now, until it is taken; `false` when it is gone already.
    fn time(&self, published_at: Instant) -> bool {
        let mut pending = self.lock();
        if pending.frames.is_empty() {
            return false;
        }
        pending.timed.get_or_insert(published_at);
        true
    }
}

/// An event as it was told to one user.
#[derive(Debug)]
struct Told {
    at: Timestamp,
    body: Bytes,
    notify: Notify,
}

#[derive(Debug)]
struct Stream {
    /// Number of the latest event; the first one is 1.
    seq: u64,
    preferences: NotificationPreferences,
    history: VecDeque<Told>,
    /// Of the bodies in it.
    history_bytes: usize,
    sockets: Vec<Arc<Outbox>>,
}

impl Stream {
    fn new(preferences: NotificationPreferences) -> Self {
        let (history, sockets) = (VecDeque::new(), Vec::new());
        Self { seq: 0, preferences, history, history_bytes: 0, sockets }
    }

    /// `topic` is `None` for what calls nobody.
    fn append(&mut self, body: &Bytes, topic: Option<Topic>, now: Timestamp) {
        let notify = topic.map_or(Notify::SILENT, |topic| self.preferences.decide(topic, now));
        self.seq += 1;
        self.forget_before(now.minus(HISTORY_AGE_MAX));
        self.history_bytes += body.len();
        self.history.push_back(Told { at: now, body: body.clone(), notify });
        while self.history.len() > HISTORY_EVENTS_MAX || self.history_bytes > HISTORY_BYTES_MAX {
            self.forget_oldest();
        }
        let seq = self.seq;
        self.sockets
            .retain(|socket| socket.push(OutFrame::Event { body: body.clone(), seq, notify }));
    }

    fn forget_before(&mut self, oldest: Timestamp) {
        while self.history.front().is_some_and(|told| told.at < oldest) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(told) = self.history.pop_front() {
            self.history_bytes -= told.body.len();
        }
    }
}

/// What a socket learns when it is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attached {
    /// A fresh start: the user's sequence stands at `seq`.
    Connected { seq: u64 },
    /// A return: `missed` events were queued again, or (not `recovered`) the history does not reach
    /// back and the client reloads over HTTP.
    Resumed { recovered: bool, missed: u64, seq: u64 },
}

/// The position that a client says it has reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResumeFrom {
    Position {
        epoch: String,
        seq: u64,
    },
    /// Something was given that cannot be understood.
    Unreadable,
}

/// All users' streams.
pub struct Outboxes {
    epoch: String,
    streams: DashMap<AgentId, Stream>,
    /// The wishes of whoever has any, connected or not.
    preferences: DashMap<AgentId, NotificationPreferences>,
    directory: Arc<Directory>,
    encoder: Arc<dyn EncodeEvent>,
    clock: Arc<dyn Clock>,
    #[cfg(feature = "testing")]
    tap: std::sync::OnceLock<sync::broadcast::Sender<HubEvent>>,
    sockets: AtomicU64,
    meters: Arc<Events>,
}

impl std::fmt::Debug for Outboxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outboxes").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Outboxes {
    pub fn new(
        directory: Arc<Directory>,
        encoder: Arc<dyn EncodeEvent>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            epoch: format!("{:016x}", rand::random::<u64>()),
            streams: DashMap::new(),
            preferences: DashMap::new(),
            directory,
            encoder,
            clock,
            #[cfg(feature = "testing")]
            tap: std::sync::OnceLock::new(),
            sockets: AtomicU64::new(0),
            meters: Arc::default(),
        }
    }

    /// What is counted of events, also by the sockets that write them.
    pub fn meters(&self) -> &Arc<Events> {
        &self.meters
    }

    /// What waits for all sockets at this moment.
    pub fn waiting(&self) -> Waiting {
        let mut waiting = Waiting::default();
        for stream in &self.streams {
            for socket in &stream.sockets {
                let bytes = socket.lock().bytes;
                waiting.bytes += bytes;
                waiting.bytes_max = waiting.bytes_max.max(bytes);
            }
        }
        waiting
    }

    /// Names this run of the hub; sequence numbers of another epoch mean nothing here.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Open sockets of all users.
    pub fn sockets(&self) -> u64 {
        self.sockets.load(Ordering::Relaxed)
    }

    /// Every event as it is published, for tests. A slow listener loses the oldest.
    #[cfg(feature = "testing")]
    pub fn tap(&self) -> sync::broadcast::Receiver<HubEvent> {
        self.tap.get_or_init(|| sync::broadcast::channel(TAP_EVENTS_MAX).0).subscribe()
    }

    /// Says an event to its audience: encoded once, numbered per user, never waiting.
    pub fn publish(&self, audience: &Audience, event: HubEvent) {
        let published_at = Instant::now();
        let roster = self.directory.roster();
        let now = self.clock.now();
        let topic = event.topic();
        let mut body = None;
        let mut told_last = None;
        let mut tell = |id: AgentId, stream: &mut Stream| {
            if audience.includes(&roster, id) {
                let body = body.get_or_insert_with(|| self.encoder.encode(&event));
                stream.append(body, topic.filter(|_| audience.calls(id)), now);
                if !stream.sockets.is_empty() {
                    told_last = Some(id);
                }
            }
        };
        let is_small = self.streams.len() <= ASKED_ALL_MAX;
        let candidates = if is_small { None } else { audience.candidates(&roster) };
        match candidates {
            None => self.streams.iter_mut().for_each(|mut entry| {
                let id = *entry.key();
                tell(id, entry.value_mut());
            }),
            Some(candidates) => {
                for id in candidates {
                    if let Some(mut stream) = self.streams.get_mut(&id) {
                        tell(id, &mut stream);
                    }
                }
            }
        }
        self.meters.published.inc();
        if let Some(id) = told_last {
            self.time(id, published_at);
        }
        #[cfg(feature = "testing")]
        if let Some(tap) = self.tap.get() {
            // Nobody may be listening any more, which is no failure.
            let _ = tap.send(event);
        }
    }

    /// Of all sockets that were told, one is timed: the last one, which has waited longest.
    fn time(&self, id: AgentId, published_at: Instant) {
        let stream = self.streams.get(&id);
        let socket = stream.as_ref().and_then(|stream| stream.sockets.last());
        if socket.is_some_and(|socket| !socket.time(published_at)) {
            self.meters.written(published_at);
        }
    }

    /// Puts a socket's outbox into the user's stream; what it missed is queued before anything new.
    pub fn attach(
        &self,
        agent_id: AgentId,
        outbox: &Arc<Outbox>,
        resume: Option<&ResumeFrom>,
        greet: impl FnOnce(Attached) -> Bytes,
    ) {
        let mut stream =
            self.streams.entry(agent_id).or_insert_with(|| Stream::new(self.preferences(agent_id)));
        stream.forget_before(self.clock.now().minus(HISTORY_AGE_MAX));
        let seq = stream.seq;
        match resume {
            None => {
                outbox.push(OutFrame::Text(greet(Attached::Connected { seq })));
            }
            Some(from) => {
                let missed = self.missed(&stream, from);
                let is_ours = matches!(from, ResumeFrom::Position { epoch, seq: reached }
                    if *epoch == self.epoch && *reached <= seq);
                self.meters.resumed(match missed {
                    Some(_) => Resumed::Recovered,
                    None if is_ours => Resumed::TooOld,
                    None => Resumed::Unknown,
                });
                let attached = match missed {
                    Some(missed) => Attached::Resumed { recovered: true, missed, seq },
                    None => Attached::Resumed { recovered: false, missed: 0, seq },
                };
                let skip = stream.history.len() - usize::try_from(missed.unwrap_or(0)).unwrap_or(0);
                let first = seq - missed.unwrap_or(0) + 1;
                let replay = (first..).zip(stream.history.iter().skip(skip));
                outbox.replay(replay.map(|(seq, told)| OutFrame::Event {
                    body: told.body.clone(),
                    seq,
                    notify: told.notify,
                }));
                outbox.push(OutFrame::Text(greet(attached)));
            }
        }
        stream.sockets.push(Arc::clone(outbox));
        self.sockets.fetch_add(1, Ordering::Relaxed);
    }

    /// How this person wants to be told.
    pub fn preferences(&self, agent_id: AgentId) -> NotificationPreferences {
        let known = self.preferences.get(&agent_id);
        known.map_or_else(|| NotificationPreferences::new(agent_id), |known| known.clone())
    }

    /// Takes effect with the next event.
    pub(crate) fn set_preferences(&self, preferences: NotificationPreferences) {
        let agent_id = preferences.agent_id;
        // In this order: whoever connects in between starts with the new ones already.
        self.preferences.insert(agent_id, preferences.clone());
        if let Some(mut stream) = self.streams.get_mut(&agent_id) {
            stream.preferences = preferences;
        }
    }

    /// How many events lie after the position; `None` when it is not one of ours or too far back.
    fn missed(&self, stream: &Stream, from: &ResumeFrom) -> Option<u64> {
        match from {
            ResumeFrom::Position { epoch, seq } if *epoch == self.epoch => {
                let missed = stream.seq.checked_sub(*seq)?;
                (missed <= stream.history.len() as u64).then_some(missed)
            }
            _ => None,
        }
    }

    /// Takes a socket's outbox out again.
    pub fn detach(&self, agent_id: AgentId, outbox: &Arc<Outbox>) {
        if let Some(mut stream) = self.streams.get_mut(&agent_id) {
            stream.sockets.retain(|other| !Arc::ptr_eq(other, outbox));
        }
        self.sockets.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many sockets each user has open, by device.
    pub(crate) fn open_sockets(&self) -> HashMap<AgentId, HashMap<Device, u32>> {
        let mut open: HashMap<AgentId, HashMap<Device, u32>> = HashMap::new();
        for stream in &self.streams {
            for socket in &stream.sockets {
                let devices = open.entry(*stream.key()).or_default();
                *devices.entry(socket.device.clone()).or_default() += 1;
            }
        }
        open
    }

    /// Closes all sockets of one user.
    pub fn close_all_of(&self, agent_id: AgentId, reason: CloseReason) {
        if let Some(stream) = self.streams.get(&agent_id) {
            stream.sockets.iter().for_each(|socket| socket.close(reason));
        }
    }

    /// Closes every socket, when the hub stops.
    pub fn close_all(&self, reason: CloseReason) {
        for stream in &self.streams {
            stream.sockets.iter().for_each(|socket| socket.close(reason));
        }
    }

    /// Drops what is older than the history reaches. The sequence numbers stay: a position that was
    /// given out once must never mean something else.
    pub fn forget_old(&self) {
        let oldest = self.clock.now().minus(HISTORY_AGE_MAX);
        self.streams.alter_all(|_, mut stream| {
            stream.forget_before(oldest);
            stream
        });
    }
}
