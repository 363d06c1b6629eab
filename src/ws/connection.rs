//! One open socket: a plain task that reads commands, writes what its outbox holds and keeps time.
//!
//! Everything it waits for is cancel-safe and sits in one flat `select!`; a write runs inside an
//! arm's body, where nothing cancels it half-way. It holds no buffer while idle. It neither knows
//! what commands mean ([`Commands`]) nor who the peer is.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use dx_actors::{
    domain::Device,
    metrics::Events,
    presence::outbox::{OutFrame, Outbox},
};
use tokio::{
    net::TcpStream,
    select,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    budget::Budget,
    close::Farewell,
    reader::{Item, Reader},
    transport::{self, End},
    writer::Writer,
};

/// Between two pings: home routers forget a silent connection after a minute or more.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Silence after which a peer is taken for gone: three pings without an answer.
const SILENCE_MAX: Duration = Duration::from_secs(90);

/// What a connection does with what the peer says. Nothing here waits: work that takes time is
/// spawned, and its answer goes through the outbox. Dropped when the socket is gone, however it went.
pub trait Commands: Send {
    /// The socket is open; whatever is pushed from now on is written.
    fn opened(&mut self, outbox: &Arc<Outbox>);
    /// The peer has shown a sign of life.
    fn alive(&mut self);
    /// A whole text message.
    fn on_text(&mut self, text: &str, outbox: &Arc<Outbox>);
    /// A whole binary message.
    fn on_binary(&mut self, outbox: &Arc<Outbox>);
}

/// What a connection has to know from the outside.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The run of the hub in which its sequence numbers count.
    pub epoch: Arc<str>,
    /// Where the peer says it runs.
    pub device: Device,
    /// When the peer's token expires (4001).
    pub expires_at: Option<Instant>,
    /// Cancelled when the hub stops (1001).
    pub stop: CancellationToken,
    /// Where it is counted what was written.
    pub events: Arc<Events>,
}

struct Connection<C> {
    writer: Writer,
    reader: Reader,
    budget: Budget,
    heard_at: Instant,
    expires_at: Option<Instant>,
    commands: C,
}

/// Serves one socket until it ends. `early` is what the peer sent right behind its handshake.
///
/// Not an `async fn`: that would hold each argument twice, in every idle connection.
pub fn run<C: Commands>(
    tcp: TcpStream,
    early: Bytes,
    terms: Terms,
    commands: C,
) -> impl Future<Output = End> + Send {
    let now = Instant::now();
    let Terms { epoch, device, expires_at, stop, events } = terms;
    let outbox = Arc::new(Outbox::of(device));
    let mut connection = Connection {
        writer: Writer { outbox, epoch, events, written_up_to: 0 },
        reader: Reader::holding(early),
        budget: Budget::full_at(now),
        heard_at: now,
        expires_at,
        commands,
    };
    async move {
        let Err(end) = connection.live(&tcp, &stop).await;
        connection.writer.finish(&tcp, end).await
    }
}

impl<C: Commands> Connection<C> {
    async fn live(&mut self, tcp: &TcpStream, stop: &CancellationToken) -> Result<Infallible, End> {
        transport::tune(tcp)?;
        self.commands.opened(&self.writer.outbox);
        self.hear(&mut [])?;
        // Registered once and not in each turn: all sockets share the token.
        let mut stopped = pin!(stop.cancelled());
        let mut alarm = pin!(sleep_until(self.next_alarm()));
        loop {
            select! {
                () = self.writer.outbox.ready() => {
                    if let Some(reason) = self.writer.flush(tcp).await? {
                        return Err(Farewell::from(reason).into());
                    }
                }
                ready = tcp.readable() => {
                    ready?;
                    transport::read(tcp, |bytes| self.hear(bytes))?;
                }
                () = &mut alarm => {
                    self.keep_time()?;
                    alarm.as_mut().reset(self.next_alarm());
                }
                () = &mut stopped => return Err(Farewell::GOING_AWAY.into()),
            }
        }
    }

    fn hear(&mut self, bytes: &mut [u8]) -> Result<(), Farewell> {
        let Self { writer: Writer { outbox, .. }, reader, budget, commands, heard_at, .. } = self;
        *heard_at = Instant::now();
        commands.alive();
        reader.feed(bytes, &mut |item| {
            budget.spend(*heard_at)?;
            match item {
                Item::Text(text) => commands.on_text(text, outbox),
                Item::Binary => commands.on_binary(outbox),
                Item::Ping(payload) => {
                    outbox.push(OutFrame::Pong(Bytes::copy_from_slice(payload)));
                }
                Item::Fragment | Item::Pong => {}
            }
            Ok(())
        })
    }

    /// Pings, unless it is time to close.
    fn keep_time(&self) -> Result<(), Farewell> {
        let now = Instant::now();
        if self.expires_at.is_some_and(|at| at <= now) {
            return Err(Farewell::UNAUTHORIZED);
        }
        if now.duration_since(self.heard_at) >= SILENCE_MAX {
            return Err(Farewell::SILENT);
        }
        self.writer.outbox.push(OutFrame::Ping);
        Ok(())
    }

    fn next_alarm(&self) -> Instant {
        let ping_at = Instant::now() + HEARTBEAT;
        self.expires_at.map_or(ping_at, |at| at.min(ping_at))
    }
}

#[cfg(test)]
mod tests {
    use dx_actors::{domain::Notify, presence::outbox::CloseReason};
    use tokio::{
        sync::oneshot,
        task::{JoinHandle, yield_now},
    };

    use super::{
        super::{
            frames::MESSAGE_BYTES_MAX,
            testing::{
                BINARY, CLOSE, LAST_PART, PART, PING, PONG, Peer, Probe, Seen, TEXT, TEXT_PART,
                client_frame, terms,
            },
        },
        *,
    };

    /// A served connection, seen from outside.
    struct Served {
        peer: Peer,
        outbox: Arc<Outbox>,
        end: JoinHandle<End>,
    }

    async fn serve(terms: Terms) -> Served {
        serve_with(terms, Bytes::new(), vec![]).await
    }

    async fn serve_with(terms: Terms, early: Bytes, queued: Vec<OutFrame>) -> Served {
        let (peer, tcp) = Peer::pair().await;
        let (on_opened, opened) = oneshot::channel();
        let probe = Probe { queued, on_opened: Some(on_opened) };
        let end = tokio::spawn(run(tcp, early, terms, probe));
        Served { peer, outbox: opened.await.unwrap(), end }
    }

    impl Served {
        /// The peer sees this close and an orderly end, and the task ends with the same.
        async fn closes_with(mut self, farewell: Farewell) {
            assert_eq!(self.peer.see().await, Seen::Close(farewell.code()));
            assert_eq!(self.peer.see().await, Seen::Eof);
            drop(self.peer);
            assert_eq!(self.end.await.unwrap(), End::Closed(farewell));
        }
    }

    fn event(seq: u64) -> OutFrame {
        OutFrame::Event {
            body: Bytes::from_static(br#"{"event":"x""#),
            seq,
            notify: Notify::SILENT,
        }
    }

    fn event_text(seq: u64) -> String {
        format!(
            r#"{{"event":"x","notify":{{"sound":false,"desktop":false,"badge":false}},"seq":{seq},"epoch":"00ff"}}"#
        )
    }

    /// Events of 4 KiB until the outbox takes no more; how many it took.
    async fn overfill(outbox: &Outbox) -> u64 {
        let body = Bytes::from(format!(r#"{{"pad":"{}""#, "x".repeat(4096)));
        let mut seq = 1;
        while outbox.push(OutFrame::Event { body: body.clone(), seq, notify: Notify::SILENT }) {
            seq += 1;
            yield_now().await;
        }
        seq - 1
    }

    #[tokio::test]
    async fn a_command_drips_in_while_events_go_out() {
        let Served { mut peer, outbox, .. } = serve(terms()).await;
        for (seq, byte) in (1..).zip(client_frame(TEXT, br#"{"type":"ping"}"#)) {
            outbox.push(event(seq));
            peer.send(&[byte]).await;
            assert_eq!(peer.see().await, Seen::Text(event_text(seq)));
        }
        assert_eq!(peer.see().await, Seen::Text(r#"{"type":"ping"}"#.into()));
    }

    #[tokio::test]
    async fn events_are_counted_and_a_missing_one_is_noticed() {
        let terms = terms();
        let events = Arc::clone(&terms.events);
        let Served { mut peer, outbox, end } = serve(terms).await;
        for (seq, gaps) in [(7, 0), (8, 0), (10, 1), (11, 1)] {
            outbox.push(event(seq));
            assert_eq!(peer.see().await, Seen::Text(event_text(seq)));
            // What was written is counted before the next one is taken.
            peer.send(&client_frame(PING, b"")).await;
            assert_eq!(peer.see().await, Seen::Pong(vec![]));
            assert_eq!(events.gaps(), gaps, "after {seq}");
        }
        drop(peer);
        end.await.unwrap();
        assert_eq!(events.delivered(), 4);
    }

    #[tokio::test]
    async fn many_frames_go_out_in_one_write() {
        let served = serve_with(terms(), Bytes::new(), (1..=150).map(event).collect()).await;
        let expected: Vec<u8> = (1..=150)
            .map(event_text)
            .flat_map(|text| [&[TEXT, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat())
            .collect();
        let mut buffer = vec![0; 2 * expected.len()];
        served.peer.tcp.readable().await.unwrap();
        let count = served.peer.tcp.try_read(&mut buffer).unwrap();
        assert_eq!(buffer[..count], expected);
    }

    #[tokio::test]
    async fn what_came_with_the_handshake_is_heard() {
        let early = Bytes::from(client_frame(TEXT, b"early"));
        let mut served = serve_with(terms(), early, vec![]).await;
        assert_eq!(served.peer.see().await, Seen::Text("early".into()));
    }

    #[tokio::test]
    async fn fragments_and_a_ping_between_them_are_answered() {
        let Served { mut peer, .. } = serve(terms()).await;
        peer.send(&client_frame(TEXT_PART, b"he")).await;
        peer.send(&client_frame(PING, b"now")).await;
        assert_eq!(peer.see().await, Seen::Pong(b"now".to_vec()));
        peer.send(&client_frame(LAST_PART, b"llo")).await;
        assert_eq!(peer.see().await, Seen::Text("hello".into()));
        peer.send(&client_frame(BINARY, &[0])).await;
        assert_eq!(peer.see().await, Seen::Text("binary".into()));
    }

    #[tokio::test]
    async fn every_violation_is_told_its_code() {
        let part = client_frame(TEXT_PART, "x".repeat(60_000).as_bytes());
        let flood = client_frame(PART, "x".repeat(60_000).as_bytes()).repeat(40);
        let table = [
            (b"\x81\x0f{\"type\":\"ping\"}".to_vec(), Farewell::PROTOCOL),
            (client_frame(PONG, &[b'y'; 200]), Farewell::PROTOCOL),
            ([&part[..], &client_frame(TEXT, b"x")].concat(), Farewell::PROTOCOL),
            ([&part[..], &flood].concat(), Farewell::TOO_BIG),
            (client_frame(TEXT, "x".repeat(MESSAGE_BYTES_MAX + 1).as_bytes()), Farewell::TOO_BIG),
            (client_frame(TEXT, &[0xff]), Farewell::NOT_UTF8),
            (client_frame(CLOSE, b"x"), Farewell::PROTOCOL),
        ];
        for (bytes, farewell) in table {
            let mut served = serve(terms()).await;
            served.peer.send(&bytes).await;
            served.closes_with(farewell).await;
        }
    }

    #[tokio::test]
    async fn a_peer_that_talks_on_after_our_close_gets_no_reset() {
        let Served { mut peer, end, .. } = serve(terms()).await;
        peer.send(&client_frame(LAST_PART, b"")).await;
        assert_eq!(peer.see().await, Seen::Close(1002));
        peer.send("x".repeat(1_000_000).as_bytes()).await;
        assert_eq!(peer.see().await, Seen::Eof);
        drop(peer);
        assert_eq!(end.await.unwrap(), End::Closed(Farewell::PROTOCOL));
    }

    #[tokio::test]
    async fn a_flood_of_frames_is_closed() {
        let mut served = serve(terms()).await;
        served.peer.send(&client_frame(PING, b"").repeat(1000)).await;
        for _ in 0..200 {
            assert_eq!(served.peer.see().await, Seen::Pong(vec![]));
        }
        let mut seen = served.peer.see().await;
        while seen == Seen::Pong(vec![]) {
            seen = served.peer.see().await;
        }
        assert_eq!(seen, Seen::Close(1008));
    }

    #[tokio::test]
    async fn a_close_of_the_peer_is_echoed() {
        for (payload, code) in [(&[][..], 1005), (&[0x03, 0xe8], 1000), (b"\x0b\xb8bye", 3000)] {
            let mut served = serve(terms()).await;
            served.peer.send(&client_frame(CLOSE, payload)).await;
            served.closes_with(Farewell::echo(code)).await;
        }
    }

    #[tokio::test]
    async fn the_hub_closes_after_what_is_queued() {
        let table = [
            (CloseReason::GoingAway, 1001),
            (CloseReason::Unauthorized, 4001),
            (CloseReason::TooSlow, 4008),
        ];
        for (reason, code) in table {
            let mut served = serve(terms()).await;
            served.outbox.push(event(1));
            served.outbox.close(reason);
            assert_eq!(served.peer.see().await, Seen::Text(event_text(1)));
            assert_eq!(Farewell::from(reason).code(), code);
            served.closes_with(reason.into()).await;
        }
    }

    #[tokio::test]
    async fn a_stopping_hub_says_going_away() {
        let terms = terms();
        let served = serve(terms.clone()).await;
        terms.stop.cancel();
        served.closes_with(Farewell::GOING_AWAY).await;
    }

    #[tokio::test]
    async fn a_slow_reader_gets_what_was_written_and_4008() {
        let mut served = serve(terms()).await;
        let pushed = overfill(&served.outbox).await;
        let mut seq = 0;
        let seen = loop {
            match served.peer.see().await {
                Seen::Text(text) => {
                    seq += 1;
                    assert!(text.ends_with(&format!(r#","seq":{seq},"epoch":"00ff"}}"#)));
                }
                other => break other,
            }
        };
        assert_eq!(seen, Seen::Close(4008));
        assert!(0 < seq && seq < pushed, "{seq} of {pushed} events came");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_reads_is_dropped() {
        let mut served = serve(terms()).await;
        overfill(&served.outbox).await;
        assert_eq!(served.end.await.unwrap(), End::Stalled);
        let mut seen = served.peer.see().await;
        while matches!(seen, Seen::Text(_)) {
            seen = served.peer.see().await;
        }
        assert_eq!(seen, Seen::Reset);
    }

    #[tokio::test]
    async fn a_peer_that_leaves_is_lost() {
        let served = serve(terms()).await;
        drop(served.peer);
        assert_eq!(served.end.await.unwrap(), End::Lost);
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_token_closes_with_4001() {
        let expires_at = Some(Instant::now() + HEARTBEAT * 3 / 2);
        let mut served = serve(Terms { expires_at, ..terms() }).await;
        assert_eq!(served.peer.see().await, Seen::Ping);
        served.closes_with(Farewell::UNAUTHORIZED).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_pinged_and_then_closed() {
        let mut served = serve(terms()).await;
        assert_eq!(served.peer.see().await, Seen::Ping);
        assert_eq!(served.peer.see().await, Seen::Ping);
        served.closes_with(Farewell::SILENT).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_answers_pings_stays() {
        let mut served = serve(terms()).await;
        for _ in 0..10 {
            assert_eq!(served.peer.see().await, Seen::Ping);
            served.peer.send(&client_frame(PONG, b"")).await;
        }
    }

    #[tokio::test]
    async fn an_idle_connection_is_small() {
        let (_peer, tcp) = Peer::pair().await;
        let future = run(tcp, Bytes::new(), terms(), Probe::default());
        let bytes = size_of_val(&future) - size_of::<Probe>();
        println!("a connection's future has {bytes} bytes without its commands");
        assert!(bytes < 1024, "{bytes} bytes");
    }
}
