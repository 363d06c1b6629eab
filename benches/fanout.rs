//! What it costs to tell one event to many sockets: the whole path of the hub (audience, sequence numbers,
//! history, outboxes, frames, sockets over loopback) against a bare loop that writes the same bytes to as
//! many sockets.
//!
//! `cargo bench --bench fanout`. CPU time of this process; those who read are another process.

#[expect(dead_code, reason = "each bench needs a part of it")]
mod support;

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use bytes::Bytes;
use dx_actors::{
    Audience, Clock, EncodeEvent, Hub, HubConfig, HubEvent, SystemClock,
    domain::{AgentId, Device, MessageRowId, notification::Notify},
    events::ChatAudience,
    presence::outbox::{OutFrame, Outbox},
    testing::TestDatabase,
};
use dx_connect::{
    wire::events::WireEvents,
    ws::{Commands, Terms, connection, frames, transport},
};
use support::{
    figures::{Samples, figure, heading},
    in_process::{SESSION, SUPPORT, agents, cpu_time, message, runtime, start},
    sockets::head_of,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 3;
/// Deliveries of one round; a second of CPU time or so.
const DELIVERIES: usize = 1_000_000;
/// With one event at a time the readers' process is waited for after each.
const DELIVERIES_ONE_BY_ONE: usize = 200_000;
const EVENTS_MAX: usize = 50_000;
const SOCKETS: [usize; 3] = [1, 100, 1000];
const IN_FLIGHT: [usize; 2] = [16, 1];
/// Tells a process that it is the one that reads: where, and over how many sockets.
const READER: &str = "DX_BENCH_READER";
const READ_BYTES: usize = 64 * 1024;

fn main() {
    if let Ok(order) = std::env::var(READER) {
        return read_all(&order);
    }
    let runtime = runtime();
    runtime.block_on(async {
        let database = TestDatabase::sqlite();
        let hub = start(&database, HubConfig::default()).await;
        let ids = agents(&hub, SOCKETS[SOCKETS.len() - 1]).await;
        for in_flight in IN_FLIGHT {
            for count in SOCKETS {
                heading(&format!("fanout: {count} sockets, {in_flight} events in flight"));
                let (mut whole, mut bare) = (Samples::default(), Samples::default());
                for _ in 0..ROUNDS {
                    whole.extend([through_hub(&hub, &ids[..count], in_flight).await]);
                    bare.extend([bare_loop(count, in_flight).await]);
                }
                figure("CPU per delivery", "µs", &whole, &[("bare loop", &bare)]);
            }
        }
        hub.stop().await;
    });
}

/// Events of one round.
fn events(sockets: usize, in_flight: usize) -> usize {
    let deliveries = if in_flight == 1 { DELIVERIES_ONE_BY_ONE } else { DELIVERIES };
    (deliveries / sockets).min(EVENTS_MAX)
}

/// A message of a customer who waits, for everybody of the department.
fn event() -> (Audience, HubEvent) {
    let now = SystemClock.now();
    let message = message(7, 500).to_new_message(SESSION, now).into_stored(MessageRowId(7));
    let audience = ChatAudience {
        department_id: Some(SUPPORT),
        is_unassigned: true,
        ..ChatAudience::default()
    };
    (Audience::Chat(audience), HubEvent::MessageReceived { message, topic: None, at: now })
}

/// Microseconds of CPU time per delivery.
async fn through_hub(hub: &Hub, ids: &[AgentId], in_flight: usize) -> f64 {
    let (readers, sockets) = Readers::start(ids.len(), in_flight).await;
    let stop = CancellationToken::new();
    let mut connections = JoinSet::new();
    for (tcp, id) in sockets.into_iter().zip(ids) {
        let terms = Terms {
            epoch: hub.outboxes().epoch().into(),
            device: Device::default(),
            expires_at: None,
            stop: stop.clone(),
            events: Arc::clone(hub.outboxes().meters()),
        };
        let listener = Listener { hub: hub.clone(), id: *id, outbox: None };
        connections.spawn(connection::run(tcp, Bytes::new(), terms, listener));
    }
    readers.are_even().await;
    let (audience, event) = event();
    let count = events(ids.len(), in_flight);
    let before = cpu_time();
    for _ in 0..count {
        readers.has_room().await;
        hub.outboxes().publish(&audience, event.clone());
    }
    readers.are_even().await;
    let spent = cpu_time().saturating_sub(before);
    stop.cancel();
    readers.end();
    while connections.join_next().await.is_some() {}
    micros_per(spent, count * ids.len())
}

async fn bare_loop(sockets: usize, in_flight: usize) -> f64 {
    let (readers, sockets) = Readers::start(sockets, in_flight).await;
    for tcp in &sockets {
        transport::tune(tcp).expect("a socket is tuned");
    }
    let (_, event) = event();
    let body = WireEvents.encode(&event);
    let frame = OutFrame::Event { body, seq: 1_000, notify: Notify::SILENT };
    let mut bytes = Vec::new();
    frames::append(&mut bytes, &frame, "0123456789abcdef");
    let count = events(sockets.len(), in_flight);
    write_to_all(&sockets, &bytes).await;
    readers.are_even().await;
    let before = cpu_time();
    for _ in 0..count {
        readers.has_room().await;
        write_to_all(&sockets, &bytes).await;
    }
    readers.are_even().await;
    let spent = cpu_time().saturating_sub(before);
    readers.end();
    micros_per(spent, count * sockets.len())
}

async fn write_to_all(sockets: &[TcpStream], bytes: &[u8]) {
    for tcp in sockets {
        assert!(transport::write(tcp, bytes).await.is_ok(), "the reader reads");
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench are far below 2^52")]
fn micros_per(spent: std::time::Duration, deliveries: usize) -> f64 {
    spent.as_secs_f64() * 1e6 / deliveries as f64
}

/// One agent's socket, which only listens.
struct Listener {
    hub: Hub,
    id: AgentId,
    outbox: Option<Arc<Outbox>>,
}

impl Commands for Listener {
    fn opened(&mut self, outbox: &Arc<Outbox>) {
        self.hub.outboxes().attach(self.id, outbox, None, |_| Bytes::from_static(b"{}"));
        self.outbox = Some(Arc::clone(outbox));
    }

    fn alive(&mut self) {}

    fn on_text(&mut self, _text: &str, _outbox: &Arc<Outbox>) {}

    fn on_binary(&mut self, _outbox: &Arc<Outbox>) {}
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(outbox) = &self.outbox {
            self.hub.outboxes().detach(self.id, outbox);
        }
    }
}

/// The process that reads, and how many events it has read.
struct Readers {
    child: Child,
    /// Events that may be on their way, less those that are.
    read: Arc<Semaphore>,
    in_flight: u32,
}

impl Readers {
    /// Starts it; the accepted sockets.
    async fn start(count: usize, in_flight: usize) -> (Self, Vec<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("a bound port");
        let itself = std::env::current_exe().expect("this program");
        let child = Command::new(itself)
            .env(READER, format!("{address} {count}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the reader starts");
        let (mut reports, _) = listener.accept().await.expect("the reader reports");
        let mut sockets = Vec::with_capacity(count);
        while sockets.len() < count {
            sockets.push(listener.accept().await.expect("the reader connects").0);
        }
        // One less at first: the greeting is on its way.
        let read = Arc::new(Semaphore::new(in_flight - 1));
        let counted = Arc::clone(&read);
        tokio::spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = reports.read(&mut buffer).await {
                counted.add_permits(count);
            }
        });
        let in_flight = u32::try_from(in_flight).expect("a few");
        (Self { child, read, in_flight }, sockets)
    }

    /// Waits until one more event may be on its way.
    async fn has_room(&self) {
        self.read.acquire().await.expect("it is never closed").forget();
    }

    /// Waits until everything that was written has been read.
    async fn are_even(&self) {
        let permits = self.read.acquire_many(self.in_flight).await;
        drop(permits.expect("it is never closed"));
    }

    fn end(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until it is ended: one byte is reported for each event that all sockets together have got.
fn read_all(order: &str) {
    let (address, count) = order.split_once(' ').expect("an address and a number");
    let address: SocketAddr = address.parse().expect("an address");
    let count: usize = count.parse().expect("a number");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut reports = TcpStream::connect(address).await.expect("the bench listens");
        reports.set_nodelay(true).expect("an option");
        let (sender, mut read) = tokio::sync::mpsc::unbounded_channel::<usize>();
        for _ in 0..count {
            let mut tcp = TcpStream::connect(address).await.expect("the bench listens");
            let sender = sender.clone();
            tokio::spawn(async move {
                let (mut buffer, mut frames) = (vec![0; READ_BYTES], FrameCounter::default());
                while let Ok(bytes @ 1..) = tcp.read(&mut buffer).await {
                    let _ = sender.send(frames.feed(&buffer[..bytes]));
                }
            });
        }
        let (mut frames, mut reported) = (0, 0);
        while let Some(more) = read.recv().await {
            frames += more;
            let events = frames / count;
            if events > reported {
                let report = vec![0; events - reported];
                reports.write_all(&report).await.expect("the bench listens");
                reported = events;
            }
        }
    });
}

/// Counts whole frames of a server (RFC 6455 §5.2: unmasked), however they are cut.
#[derive(Default)]
struct FrameCounter {
    /// Bytes of a head that has not come whole.
    head: Vec<u8>,
    /// Bytes of the present frame that have not come.
    missing: usize,
}

impl FrameCounter {
    fn feed(&mut self, mut bytes: &[u8]) -> usize {
        let mut whole = 0;
        while !bytes.is_empty() {
            if self.missing > 0 {
                let taken = self.missing.min(bytes.len());
                self.missing -= taken;
                bytes = &bytes[taken..];
                whole += usize::from(self.missing == 0);
                continue;
            }
            self.head.push(bytes[0]);
            bytes = &bytes[1..];
            if let Some((_, length)) = head_of(&self.head) {
                self.head.clear();
                self.missing = length;
                whole += usize::from(length == 0);
            }
        }
        whole
    }
}
