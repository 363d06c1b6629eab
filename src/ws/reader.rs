//! From the bytes of a socket, in whatever pieces they come, to whole messages.
//!
//! Owns what has to be kept between two reads: the start of a frame and the fragments of a message.
//! Both are bounded, and neither takes memory while nothing is half-done.

use std::mem;

use bytes::Bytes;
use fastwebsockets::{OpCode, unmask};

use super::{
    close::Farewell,
    frames::{ClientHead, MESSAGE_BYTES_MAX, close_code},
};

/// Fragments of one message. Browsers do not fragment at all, and libraries cut at 4 KiB or more.
const FRAGMENTS_MAX: u32 = 128;

/// What a client sent. A close is not among them: it ends the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    Text(&'a str),
    Binary,
    /// A part of a message that goes on.
    Fragment,
    Ping(&'a [u8]),
    Pong,
}

#[derive(Debug, Clone, Copy)]
struct Started {
    opcode: OpCode,
    fragments: u32,
}

/// Puts frames and messages together.
#[derive(Debug, Default)]
pub struct Reader {
    /// The start of a frame whose rest has not come yet.
    partial: Vec<u8>,
    /// The fragments so far of the message in `started`.
    message: Vec<u8>,
    started: Option<Started>,
}

impl Reader {
    /// A reader of what was read before there was one; the next [`Reader::feed`] hands it over.
    pub fn holding(early: Bytes) -> Self {
        Self { partial: early.into(), ..Self::default() }
    }

    /// Takes what was read, unmasking it in place, and hands over each item that is complete. An
    /// error ends the connection: the peer broke a rule, `on_item` had enough, or the peer's own
    /// close is to be answered.
    pub fn feed(
        &mut self,
        fresh: &mut [u8],
        on_item: &mut impl FnMut(Item<'_>) -> Result<(), Farewell>,
    ) -> Result<(), Farewell> {
        if self.partial.is_empty() {
            let used = self.frames(fresh, on_item)?;
            self.partial = fresh[used..].to_vec();
            return Ok(());
        }
        let mut bytes = mem::take(&mut self.partial);
        bytes.extend_from_slice(fresh);
        let used = self.frames(&mut bytes, on_item)?;
        // A copy of the rest gives the large buffer back.
        self.partial = if used == 0 { bytes } else { bytes[used..].to_vec() };
        Ok(())
    }

    /// Bytes that are kept until more comes.
    pub(super) fn held_bytes(&self) -> usize {
        self.partial.len() + self.message.len()
    }

    /// Handles every frame that is complete and says how many bytes they took.
    fn frames(
        &mut self,
        bytes: &mut [u8],
        on_item: &mut impl FnMut(Item<'_>) -> Result<(), Farewell>,
    ) -> Result<usize, Farewell> {
        let mut used = 0;
        while let Some(head) = ClientHead::parse(&bytes[used..])? {
            self.admit(&head)?;
            let Some(frame) = bytes[used..].get_mut(..head.frame_len()) else { break };
            let payload = &mut frame[head.head_len..];
            unmask(payload, head.mask);
            self.frame(&head, payload, on_item)?;
            used += head.frame_len();
        }
        Ok(used)
    }

    /// Whether this head may follow what came before; asked before its payload is waited for.
    fn admit(&self, head: &ClientHead) -> Result<(), Farewell> {
        match (head.opcode, self.started) {
            (OpCode::Continuation, None) | (OpCode::Text | OpCode::Binary, Some(_)) => {
                Err(Farewell::PROTOCOL)
            }
            (OpCode::Continuation, Some(started)) if started.fragments == FRAGMENTS_MAX => {
                Err(Farewell::TOO_MANY_PARTS)
            }
            (OpCode::Continuation, Some(_))
                if self.message.len() + head.payload_len > MESSAGE_BYTES_MAX =>
            {
                Err(Farewell::TOO_BIG)
            }
            _ => Ok(()),
        }
    }

    fn frame(
        &mut self,
        head: &ClientHead,
        payload: &[u8],
        on_item: &mut impl FnMut(Item<'_>) -> Result<(), Farewell>,
    ) -> Result<(), Farewell> {
        match head.opcode {
            OpCode::Ping => on_item(Item::Ping(payload)),
            OpCode::Pong => on_item(Item::Pong),
            OpCode::Close => Err(Farewell::echo(close_code(payload)?)),
            opcode @ (OpCode::Text | OpCode::Binary) if head.is_final => {
                on_item(whole(opcode, payload)?)
            }
            OpCode::Text | OpCode::Binary | OpCode::Continuation => {
                self.message.extend_from_slice(payload);
                let started = Started {
                    opcode: self.started.map_or(head.opcode, |started| started.opcode),
                    fragments: self.started.map_or(1, |started| started.fragments + 1),
                };
                if head.is_final {
                    self.started = None;
                    let message = mem::take(&mut self.message);
                    on_item(whole(started.opcode, &message)?)
                } else {
                    self.started = Some(started);
                    on_item(Item::Fragment)
                }
            }
        }
    }
}

fn whole(opcode: OpCode, message: &[u8]) -> Result<Item<'_>, Farewell> {
    if opcode == OpCode::Binary {
        return Ok(Item::Binary);
    }
    std::str::from_utf8(message).map(Item::Text).map_err(|_| Farewell::NOT_UTF8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::testing::{
            BINARY, BINARY_PART, CLOSE, LAST_PART, PART, PING, PONG, TEXT, TEXT_PART, client_frame,
        },
        *,
    };

    /// The longest head of a client's frame (RFC 6455 §5.2).
    const HEAD_BYTES_MAX: usize = 14;

    /// What a reader hands over, in a form that outlives the read, and how it ended.
    fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<String>, Result<(), Farewell>) {
        let mut reader = Reader::default();
        let mut items = Vec::new();
        for piece in pieces {
            let outcome = reader.feed(&mut piece.to_vec(), &mut |item| {
                items.push(format!("{item:?}"));
                Ok(())
            });
            let held = reader.held_bytes();
            assert!(held <= MESSAGE_BYTES_MAX + HEAD_BYTES_MAX, "{held} bytes held");
            if outcome.is_err() {
                return (items, outcome);
            }
        }
        assert_eq!(reader.partial.capacity() + reader.message.capacity(), 0, "idle and holding");
        (items, Ok(()))
    }

    /// One valid frame of each kind and size, and messages in fragments around a ping.
    fn corpus() -> Vec<u8> {
        [
            client_frame(TEXT, br#"{"type":"ping"}"#),
            client_frame(TEXT, b""),
            client_frame(PING, b"hi"),
            client_frame(PONG, &[b'p'; 125]),
            client_frame(TEXT, "ação".repeat(30).as_bytes()),
            client_frame(TEXT_PART, &[0xc3]),
            client_frame(PING, b""),
            client_frame(PART, &[]),
            client_frame(LAST_PART, &[0xa7, b'!']),
            client_frame(BINARY_PART, &[1, 2]),
            client_frame(LAST_PART, &[0xff]),
            client_frame(BINARY, &[0; 700]),
            client_frame(TEXT, "x".repeat(MESSAGE_BYTES_MAX).as_bytes()),
        ]
        .concat()
    }

    fn corpus_items() -> Vec<String> {
        let long = "x".repeat(MESSAGE_BYTES_MAX);
        let accents = "ação".repeat(30);
        [
            Item::Text(r#"{"type":"ping"}"#),
            Item::Text(""),
            Item::Ping(b"hi"),
            Item::Pong,
            Item::Text(&accents),
            Item::Fragment,
            Item::Ping(b""),
            Item::Fragment,
            Item::Text("ç!"),
            Item::Fragment,
            Item::Binary,
            Item::Binary,
            Item::Text(&long),
        ]
        .map(|item| format!("{item:?}"))
        .to_vec()
    }

    #[test]
    fn frames_are_understood_in_one_piece_and_byte_by_byte() {
        let bytes = corpus();
        assert_eq!(read(std::iter::once(&bytes[..])), (corpus_items(), Ok(())));
        assert_eq!(read(bytes.chunks(1)), (corpus_items(), Ok(())));
    }

    #[test]
    fn a_short_frame_may_be_cut_anywhere() {
        let bytes = &corpus()[..1024];
        let whole = ClientHead::parse(bytes).unwrap().unwrap().frame_len();
        for cut in 0..=whole {
            let (items, outcome) = read([&bytes[..cut], &bytes[cut..whole]].into_iter());
            assert_eq!((&items[..], outcome), (&corpus_items()[..1], Ok(())), "cut at {cut}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_cut_changes_what_is_understood(cuts in prop::collection::vec(1..9000_usize, 1..40)) {
            let bytes = corpus();
            let mut rest = &bytes[..];
            let pieces = cuts.iter().cycle().map_while(|cut| {
                let piece = rest.split_off(..(*cut).min(rest.len()))?;
                (!piece.is_empty()).then_some(piece)
            });
            prop_assert_eq!(read(pieces), (corpus_items(), Ok(())));
        }

        #[test]
        fn no_garbage_panics_or_makes_us_hold_more(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
            let mut reader = Reader::default();
            for piece in bytes.chunks(61) {
                if reader.feed(&mut piece.to_vec(), &mut |_| Ok(())).is_err() {
                    break;
                }
            }
            prop_assert!(reader.held_bytes() <= bytes.len());
        }
    }

    #[test]
    fn every_fault_between_frames_is_refused_with_its_code() {
        let half = client_frame(TEXT_PART, "x".repeat(MESSAGE_BYTES_MAX / 2).as_bytes());
        let more = client_frame(PART, "x".repeat(MESSAGE_BYTES_MAX / 2).as_bytes());
        let many = client_frame(PART, b"x").repeat(FRAGMENTS_MAX as usize);
        let table = [
            ("continuation of nothing", client_frame(LAST_PART, b"x"), Farewell::PROTOCOL),
            ("text inside a message", [&half[..], &half].concat(), Farewell::PROTOCOL),
            (
                "binary inside a message",
                [&half[..], &client_frame(BINARY, b"")].concat(),
                Farewell::PROTOCOL,
            ),
            ("fragments over the limit", [&half[..], &more, &more].concat(), Farewell::TOO_BIG),
            (
                "too many fragments",
                [client_frame(TEXT_PART, b""), many].concat(),
                Farewell::TOO_MANY_PARTS,
            ),
            ("text that is not UTF-8", client_frame(TEXT, &[0xc3]), Farewell::NOT_UTF8),
            ("close without a code", client_frame(CLOSE, b""), Farewell::echo(1005)),
            ("close of one byte", client_frame(CLOSE, b"x"), Farewell::PROTOCOL),
            ("close with a code", client_frame(CLOSE, &[0x0b, 0xb8]), Farewell::echo(3000)),
        ];
        for (what, bytes, farewell) in table {
            assert_eq!(read(std::iter::once(&bytes[..])).1, Err(farewell), "{what}, whole");
            assert_eq!(read(bytes.chunks(7)).1, Err(farewell), "{what}, in pieces");
        }
    }

    #[test]
    fn a_fragment_over_the_limit_is_refused_before_it_is_read() {
        let start = client_frame(TEXT_PART, "x".repeat(MESSAGE_BYTES_MAX).as_bytes());
        let next = &client_frame(PART, &[b'x'; 300])[..8];
        assert_eq!(read([&start[..], next].into_iter()).1, Err(Farewell::TOO_BIG));
    }

    #[test]
    fn nothing_is_read_after_a_close() {
        let bytes = [client_frame(CLOSE, b""), client_frame(PING, b"late")].concat();
        assert_eq!(read(std::iter::once(&bytes[..])), (vec![], Err(Farewell::echo(1005))));
    }
}
