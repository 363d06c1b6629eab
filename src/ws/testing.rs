//! The client's side of a socket, as strict and as hostile as a test needs it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use dx_actors::domain::Device;
use dx_actors::presence::outbox::{OutFrame, Outbox};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::connection::{Commands, Terms};

/// Longer than a connection is ever quiet, because a paused clock jumps to the next deadline.
const PATIENCE: Duration = Duration::from_mins(1);
/// Receive buffer of a peer: small, so that a slow one is noticed soon.
const RECEIVE_BUFFER_BYTES: u32 = 16 * 1024;

/// First bytes of frames: a whole message has the final bit, a part that goes on has not.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const TEXT_PART: u8 = 0x01;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const BINARY_PART: u8 = 0x02;
pub(crate) const PART: u8 = 0x00;
pub(crate) const LAST_PART: u8 = 0x80;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

const MASK: [u8; 4] = [0x11, 0x80, 0x33, 0xf4];

/// A masked frame; `first` is its first byte (final bit, reserved bits, opcode).
pub(crate) fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ ..126 => frame.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..0x1_0000 => {
            frame.push(0xfe);
            frame.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            frame.push(0xff);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Terms without an end.
pub(crate) fn terms() -> Terms {
    let (device, stop) = (Device::default(), CancellationToken::new());
    Terms { epoch: "00ff".into(), device, expires_at: None, stop, events: Arc::default() }
}

/// Commands that send every text back.
#[derive(Default)]
pub(crate) struct Probe {
    /// Queued before anything is written.
    pub queued: Vec<OutFrame>,
    /// Told the outbox.
    pub on_opened: Option<oneshot::Sender<Arc<Outbox>>>,
}

impl Commands for Probe {
    fn opened(&mut self, outbox: &Arc<Outbox>) {
        for frame in self.queued.drain(..) {
            assert!(outbox.push(frame));
        }
        if let Some(on_opened) = self.on_opened.take() {
            on_opened.send(Arc::clone(outbox)).unwrap();
        }
    }

    fn alive(&mut self) {}

    fn on_text(&mut self, text: &str, outbox: &Arc<Outbox>) {
        outbox.push(OutFrame::Text(Bytes::copy_from_slice(text.as_bytes())));
    }

    fn on_binary(&mut self, outbox: &Arc<Outbox>) {
        outbox.push(OutFrame::Text(Bytes::from_static(b"binary")));
    }
}

/// What a peer sees.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Text(String),
    Ping,
    Pong(Vec<u8>),
    /// A close frame, with 1005 when it has no code.
    Close(u16),
    /// The connection ended in order.
    Eof,
    /// The connection ended with a reset.
    Reset,
}

/// The far end of a connection.
pub(crate) struct Peer {
    pub tcp: TcpStream,
}

impl Peer {
    /// Connects both ends over the loopback.
    pub(crate) async fn pair() -> (Self, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
        let connecting = socket.connect(listener.local_addr().unwrap());
        let (tcp, accepted) = tokio::join!(connecting, listener.accept());
        (Self { tcp: tcp.unwrap() }, accepted.unwrap().0)
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.tcp.write_all(bytes).await.unwrap();
    }

    /// The head of the server's answer over HTTP.
    pub(crate) async fn http_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.tcp.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// Everything up to the end.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.tcp.read_to_string(&mut rest).await.unwrap();
        rest
    }

    /// The next frame, checked for what every frame of a server must be.
    pub(crate) async fn see(&mut self) -> Seen {
        let frame = timeout(PATIENCE, self.frame()).await.expect("a frame in time");
        let (first, payload) = match frame {
            Ok(frame) => frame,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Seen::Eof,
            Err(_) => return Seen::Reset,
        };
        match first {
            TEXT => Seen::Text(String::from_utf8(payload).unwrap()),
            CLOSE => Seen::Close(payload.first_chunk().map_or(1005, |it| u16::from_be_bytes(*it))),
            PING => Seen::Ping,
            PONG => Seen::Pong(payload),
            other => panic!("a server frame starts with {other:#x}"),
        }
    }

    async fn frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let [first, short_len] = self.bytes().await?;
        let len = match short_len {
            126 => u64::from(u16::from_be_bytes(self.bytes().await?)),
            127 => u64::from_be_bytes(self.bytes().await?),
            len => u64::from(len),
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.tcp.read_exact(&mut payload).await?;
        Ok((first, payload))
    }

    async fn bytes<const N: usize>(&mut self) -> std::io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.tcp.read_exact(&mut bytes).await?;
        Ok(bytes)
    }
}
