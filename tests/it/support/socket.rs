//! WebSocket clients: one that behaves, and one that writes whatever bytes a test likes.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{Client, Server};

const FRAME_DEADLINE: Duration = Duration::from_secs(5);
/// RFC 6455 §5.5.1: how a browser says good-bye.
const NORMAL_CLOSURE: u16 = 1000;
/// RFC 6455 §7.4.1: what is reported when the connection ended without a Close frame.
pub(crate) const ABNORMAL_CLOSURE: u16 = 1006;

/// A well-behaved client that remembers all it was told and checks that no event is missing.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Every JSON frame so far.
    pub(crate) frames: Vec<Value>,
    /// Frames before this one have been asked for.
    read_up_to: usize,
    pub(crate) epoch: String,
    /// Number of the latest event.
    pub(crate) seq: u64,
}

impl Socket {
    /// Connects as this person and waits for the greeting.
    pub(crate) async fn connect(server: &Server, client: &Client) -> Self {
        let mut socket = Self::open(server, &format!("?token={}", client.access), &[]).await;
        let greeting = socket.next_event("connected").await;
        assert_eq!(greeting["user_id"], client.id, "the greeting says who is connected");
        socket
    }

    /// Comes back after the position that another socket had reached; the answer is up to the test.
    pub(crate) async fn resume(server: &Server, client: &Client, epoch: &str, seq: u64) -> Self {
        let query = format!("?token={}&resume={epoch}:{seq}", client.access);
        let mut socket = Self::open(server, &query, &[]).await;
        socket.epoch = epoch.to_owned();
        socket.seq = seq;
        socket
    }

    /// Only the handshake.
    pub(crate) async fn open(
        server: &Server,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Self {
        let url = format!("ws://{}/ws/whatsapp/{query}", server.address());
        let mut request = url.into_client_request().expect("a valid URL");
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a valid header");
            request.headers_mut().insert(*name, value);
        }
        let connected = timeout(FRAME_DEADLINE, connect_async(request)).await;
        let (stream, _) = connected.expect("the handshake ends").expect("the handshake succeeds");
        Self { stream, frames: Vec::new(), read_up_to: 0, epoch: String::new(), seq: 0 }
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.stream.send(message).await.expect("the socket is open");
    }

    pub(crate) async fn send_json(&mut self, frame: Value) {
        self.send(Message::text(frame.to_string())).await;
    }

    /// The next JSON frame that no one has asked for yet.
    pub(crate) async fn next_frame(&mut self) -> Value {
        while self.read_up_to == self.frames.len() {
            match self.read().await {
                Some(Message::Text(text)) => {
                    let frame = serde_json::from_str(&text);
                    self.remember(frame.unwrap_or_else(|_| panic!("{text} is no JSON")));
                }
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("expected a text frame, not {other:?}; so far {:#?}", self.frames),
            }
        }
        self.read_up_to += 1;
        self.frames[self.read_up_to - 1].clone()
    }

    /// The whole next frame of this event; others are passed over.
    pub(crate) async fn next_event_frame(&mut self, event: &str) -> Value {
        let wanted = async {
            loop {
                let frame = self.next_frame().await;
                if frame["event"] == event {
                    return frame;
                }
            }
        };
        let found = timeout(FRAME_DEADLINE, wanted).await;
        found.unwrap_or_else(|_| panic!("no `{event}` came; so far {:#?}", self.frames))
    }

    /// The `data` of the next event of this name.
    pub(crate) async fn next_event(&mut self, event: &str) -> Value {
        self.next_event_frame(event).await["data"].take()
    }

    /// The next statuses of messages that it is told of are these, and no more.
    pub(crate) async fn expect_statuses(&mut self, expected: &[&str]) {
        for status in expected {
            assert_eq!(self.next_event("message_status").await["status"], *status);
        }
        self.expect_no("message_status").await;
    }

    /// What was published before this call has arrived when it returns; gives the events since the
    /// last one that was asked for. Answers and events leave the hub in one line, so a pong is a fence.
    pub(crate) async fn events_until_now(&mut self) -> Vec<Value> {
        self.send_json(json!({ "type": "ping" })).await;
        let mut events = Vec::new();
        loop {
            let frame = self.next_frame().await;
            if frame["type"] == "pong" {
                return events;
            }
            events.push(frame);
        }
    }

    /// Nothing of this name has come since the last event that was asked for.
    pub(crate) async fn expect_no(&mut self, event: &str) {
        let events = self.events_until_now().await;
        let found = events.iter().find(|frame| frame["event"] == event);
        assert!(found.is_none(), "unexpected {found:#?}");
    }

    /// Reads until the server closes, and says with which code.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.read().await {
                Some(Message::Close(frame)) => {
                    return frame.map_or(NORMAL_CLOSURE, |frame| frame.code.into());
                }
                Some(Message::Text(text)) => {
                    self.remember(serde_json::from_str(&text).expect("JSON"));
                }
                Some(_) => {}
                None => return ABNORMAL_CLOSURE,
            }
        }
    }

    /// Leaves as a browser does.
    pub(crate) async fn close(mut self) {
        self.stream.close(None).await.expect("the socket is open");
    }

    /// `None` when the connection is gone.
    async fn read(&mut self) -> Option<Message> {
        let read = timeout(FRAME_DEADLINE, self.stream.next()).await;
        read.unwrap_or_else(|_| {
            panic!("nothing came for {FRAME_DEADLINE:?}; so far {:#?}", self.frames)
        })?
        .ok()
    }

    fn remember(&mut self, frame: Value) {
        match frame["event"].as_str() {
            Some("connected") => {
                self.epoch = frame["data"]["epoch"].as_str().expect("an epoch").to_owned();
                self.seq = frame["data"]["seq"].as_u64().expect("a position");
            }
            // A fresh start: the next event says where the sequence stands.
            Some("resumed") if frame["data"]["recovered"] == false => self.epoch.clear(),
            Some("resumed") | None => {}
            Some(_) => {
                let seq = frame["seq"].as_u64().unwrap_or_else(|| panic!("no seq in {frame}"));
                if self.epoch.is_empty() {
                    frame["epoch"].as_str().expect("an epoch").clone_into(&mut self.epoch);
                    self.seq = seq - 1;
                }
                assert_eq!(seq, self.seq + 1, "no event is missing before {frame}");
                assert_eq!(frame["epoch"], self.epoch.as_str(), "one epoch per run: {frame}");
                self.seq = seq;
            }
        }
        self.frames.push(frame);
    }
}

/// Kinds of frames (RFC 6455 §5.2).
pub(crate) mod opcode {
    pub(crate) const CONTINUATION: u8 = 0x0;
    pub(crate) const TEXT: u8 = 0x1;
    pub(crate) const CLOSE: u8 = 0x8;
    pub(crate) const PING: u8 = 0x9;
    pub(crate) const PONG: u8 = 0xA;
}

/// The least that Linux gives is about this much.
const SMALL_BUFFER_BYTES: u32 = 4096;
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
/// RFC 6455 §5.2: the length follows in this many bytes.
const LENGTH_IN_2_BYTES: u8 = 0x7E;
const LENGTH_IN_8_BYTES: u8 = 0x7F;
const MASK: [u8; 4] = [1, 2, 3, 4];

/// A frame as a client must write it: masked.
pub(crate) fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    encode(FIN | opcode, MASKED, payload)
}

/// A frame that says that more of the same message follows.
pub(crate) fn client_fragment(opcode: u8, payload: &[u8]) -> Vec<u8> {
    encode(opcode, MASKED, payload)
}

/// A frame that only servers may write.
pub(crate) fn unmasked_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    encode(FIN | opcode, 0, payload)
}

fn encode(first: u8, masked: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..=125), _) => frame.push(masked | short),
        (_, Ok(medium)) => {
            frame.push(masked | LENGTH_IN_2_BYTES);
            frame.extend(medium.to_be_bytes());
        }
        _ => {
            frame.push(masked | LENGTH_IN_8_BYTES);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    if masked == 0 {
        frame.extend(payload);
    } else {
        frame.extend(MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }
    frame
}

/// A bare TCP connection after the handshake.
#[derive(Debug)]
pub(crate) struct RawSocket {
    stream: TcpStream,
}

impl RawSocket {
    pub(crate) async fn connect(server: &Server, client: &Client) -> Self {
        let stream = TcpStream::connect(server.address()).await.expect("the server listens");
        Self::shake_hands(stream, server, client).await
    }

    /// What is not read piles up at the server soon.
    pub(crate) async fn connect_with_small_buffer(server: &Server, client: &Client) -> Self {
        let socket = TcpSocket::new_v4().expect("a TCP socket");
        socket.set_recv_buffer_size(SMALL_BUFFER_BYTES).expect("a TCP socket");
        let address = server.address().parse().expect("an IP address and a port");
        let stream = socket.connect(address).await.expect("the server listens");
        Self::shake_hands(stream, server, client).await
    }

    async fn shake_hands(mut stream: TcpStream, server: &Server, client: &Client) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        let handshake = format!(
            "GET /ws/whatsapp/?token={} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            client.access,
            server.address(),
        );
        stream.write_all(handshake.as_bytes()).await.expect("the server reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("the server answers the handshake"));
        }
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        Self { stream }
    }

    /// Fails when the server has closed the connection already.
    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).await.expect("the server reads");
    }

    /// Kind and payload of the next frame; `None` when the connection is gone.
    pub(crate) async fn read_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let frame = timeout(FRAME_DEADLINE, async {
            let head = [self.stream.read_u8().await?, self.stream.read_u8().await?];
            let length = match head[1] {
                LENGTH_IN_2_BYTES => self.stream.read_u16().await?.into(),
                LENGTH_IN_8_BYTES => self.stream.read_u64().await?,
                short => short.into(),
            };
            let mut payload = vec![0; usize::try_from(length).expect("a sane length")];
            self.stream.read_exact(&mut payload).await?;
            std::io::Result::Ok((head[0] & !FIN, payload))
        });
        frame.await.expect("the server answers").ok()
    }

    /// Reads until a JSON frame with this value of `type`.
    pub(crate) async fn read_until_type(&mut self, wanted: &str) -> Value {
        loop {
            let (kind, payload) = self.read_frame().await.expect("the connection is open");
            assert_ne!(kind, opcode::CLOSE, "closed instead of sending `{wanted}`: {payload:?}");
            let frame: Value = serde_json::from_slice(&payload).unwrap_or_default();
            if frame["type"] == wanted {
                return frame;
            }
        }
    }

    /// Reads until the server closes, and says with which code.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.read_frame().await {
                Some((opcode::CLOSE, payload)) => {
                    return payload
                        .first_chunk()
                        .map_or(NORMAL_CLOSURE, |code| u16::from_be_bytes(*code));
                }
                Some(_) => {}
                None => return ABNORMAL_CLOSURE,
            }
        }
    }
}
