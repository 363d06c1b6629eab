//! A blocking WebSocket client that does little: it reads frames of a server (RFC 6455 §5.2: unmasked).

use std::{
    io::{self, Read, Write},
    net::TcpStream,
};

/// An agent's socket.
pub(crate) struct Socket {
    stream: TcpStream,
    /// Read and not yet given out.
    buffer: Vec<u8>,
}

/// How far a client has come.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    pub(crate) epoch: String,
    pub(crate) seq: u64,
}

impl Socket {
    /// Opens a socket with the token of an agent, or comes back to this position.
    pub(crate) fn open(address: &str, token: &str, from: Option<&Position>) -> Self {
        let mut stream = TcpStream::connect(address).expect("the hub accepts");
        stream.set_nodelay(true).expect("a TCP option");
        let resume = from.map(|Position { epoch, seq }| format!("?resume={epoch}:{seq}"));
        let request = format!(
            "GET /ws/whatsapp/{} HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n",
            resume.unwrap_or_default(),
        );
        stream.write_all(request.as_bytes()).expect("the handshake is sent");
        let mut socket = Self { stream, buffer: Vec::new() };
        let end = loop {
            if let Some(end) = socket.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            socket.read_more().expect("the handshake is answered");
        };
        assert!(socket.buffer.starts_with(b"HTTP/1.1 101"), "the hub switches protocols");
        socket.buffer.drain(..end);
        socket
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// The next text of the hub.
    pub(crate) fn next_text(&mut self) -> String {
        self.try_next_text().expect("the hub says something")
    }

    /// The same; an error when the hub hung up.
    pub(crate) fn try_next_text(&mut self) -> io::Result<String> {
        loop {
            let Some((head, length)) = head_of(&self.buffer) else {
                self.read_more()?;
                continue;
            };
            while self.buffer.len() < head + length {
                self.read_more()?;
            }
            let opcode = self.buffer[0] & 0x0f;
            let frame: Vec<u8> = self.buffer.drain(..head + length).skip(head).collect();
            match opcode {
                1 => return Ok(String::from_utf8(frame).expect("texts are UTF-8")),
                8 => return Err(io::ErrorKind::ConnectionAborted.into()),
                _ => {}
            }
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.buffer.extend_from_slice(&bytes[..read]);
                Ok(())
            }
        }
    }
}

/// Bytes of the head of a frame and of what it announces.
pub(crate) fn head_of(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes {
        [_, length @ 0..=125, ..] => Some((2, length.into())),
        [_, 126, high, low, ..] => Some((4, u16::from_be_bytes([high, low]).into())),
        [_, 127, ref rest @ ..] => {
            let (length, _) = rest.split_first_chunk::<8>()?;
            Some((10, usize::try_from(u64::from_be_bytes(*length)).ok()?))
        }
        _ => None,
    }
}
