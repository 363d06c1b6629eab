//! The wire format of RFC 6455 §5: heads of client frames in, whole server frames out.
//!
//! Pure: knows neither sockets nor what was read before. Checks everything that one frame can do
//! wrong by itself; [`super::reader`] checks what frames do wrong together.

use std::io::Write;

use dx_actors::{domain::Notify, presence::outbox::OutFrame};
use fastwebsockets::OpCode;

use super::close::{Farewell, NO_STATUS};

/// Bytes that a client's message may have, all fragments together. Commands are short; this is what
/// one socket may make us hold.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

const FINAL_BIT: u8 = 0x80;
const RESERVED_BITS: u8 = 0x70;
const OPCODE_BITS: u8 = 0x0f;
const MASK_BIT: u8 = 0x80;
const LEN_BITS: u8 = 0x7f;
/// The 7-bit length that says "the next 2 bytes are the length" (§5.2).
const LEN_IN_2_BYTES: u8 = 126;
/// The 7-bit length that says "the next 8 bytes are the length" (§5.2).
const LEN_IN_8_BYTES: u8 = 127;
/// Payload of a control frame (§5.5).
const CONTROL_BYTES_MAX: u8 = 125;

/// The head of a client's frame, every rule about a single head checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientHead {
    pub opcode: OpCode,
    /// Whether the message ends with this frame.
    pub is_final: bool,
    pub mask: [u8; 4],
    pub head_len: usize,
    pub payload_len: usize,
}

impl ClientHead {
    /// Reads the head at the start of `bytes`; `None` when it has not come completely. What is wrong
    /// is refused as soon as it can be seen, long before the payload is there.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Farewell> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let is_final = first & FINAL_BIT != 0;
        let is_masked = second & MASK_BIT != 0;
        let short_len = second & LEN_BITS;
        let opcode = OpCode::try_from(first & OPCODE_BITS).map_err(|_| Farewell::PROTOCOL)?;
        if first & RESERVED_BITS != 0 || !is_masked {
            return Err(Farewell::PROTOCOL);
        }
        if is_control(opcode) && (!is_final || short_len > CONTROL_BYTES_MAX) {
            return Err(Farewell::PROTOCOL);
        }
        let Some((payload_len, rest)) = payload_len(short_len, rest)? else { return Ok(None) };
        let Some((mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let head_len = bytes.len() - rest.len();
        Ok(Some(Self { opcode, is_final, mask: *mask, head_len, payload_len }))
    }

    /// Bytes of the whole frame.
    pub fn frame_len(&self) -> usize {
        self.head_len + self.payload_len
    }
}

/// The code in a close frame's payload, [`NO_STATUS`] when it is empty.
pub fn close_code(payload: &[u8]) -> Result<u16, Farewell> {
    match payload {
        [] => Ok(NO_STATUS),
        [_] => Err(Farewell::PROTOCOL),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            // §7.4: defined or registered by IANA, used by libraries, used by applications.
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(Farewell::PROTOCOL);
            }
            std::str::from_utf8(reason).map_err(|_| Farewell::NOT_UTF8)?;
            Ok(code)
        }
    }
}

/// Adds one frame to what is going to be written.
pub fn append(out: &mut Vec<u8>, frame: &OutFrame, epoch: &str) {
    match frame {
        OutFrame::Event { body, seq, notify } => append_event(out, body, *notify, *seq, epoch),
        OutFrame::Text(text) => append_whole(out, OpCode::Text, text),
        OutFrame::Pong(payload) => append_whole(out, OpCode::Pong, payload),
        OutFrame::Ping => append_whole(out, OpCode::Ping, &[]),
    }
}

/// Adds the close frame that ends the connection.
pub fn append_close(out: &mut Vec<u8>, farewell: Farewell) {
    if farewell.code() == NO_STATUS {
        return append_whole(out, OpCode::Close, &[]);
    }
    append_head(out, OpCode::Close, size_of::<u16>() + farewell.reason().len());
    out.extend_from_slice(&farewell.code().to_be_bytes());
    out.extend_from_slice(farewell.reason().as_bytes());
}

/// Closes the object that the encoded event opens: only this tail differs from socket to socket.
fn append_event(out: &mut Vec<u8>, body: &[u8], notify: Notify, seq: u64, epoch: &str) {
    let digits = seq.checked_ilog10().unwrap_or(0) as usize + 1;
    let notify = notify_text(notify);
    let tail_len = notify.len() + r#","seq":,"epoch":""}"#.len() + digits + epoch.len();
    append_head(out, OpCode::Text, body.len() + tail_len);
    out.extend_from_slice(body);
    out.extend_from_slice(notify.as_bytes());
    write!(out, r#","seq":{seq},"epoch":"{epoch}"}}"#).expect("a Vec takes every write");
}

/// One of eight texts, so that a socket costs a copy and no formatting.
const fn notify_text(Notify { sound, desktop, badge }: Notify) -> &'static str {
    macro_rules! text {
        ($sound:literal, $desktop:literal, $badge:literal) => {
            concat!(
                r#","notify":{"sound":"#,
                $sound,
                r#","desktop":"#,
                $desktop,
                r#","badge":"#,
                $badge,
                "}"
            )
        };
    }
    match (sound, desktop, badge) {
        (false, false, false) => text!("false", "false", "false"),
        (false, false, true) => text!("false", "false", "true"),
        (false, true, false) => text!("false", "true", "false"),
        (false, true, true) => text!("false", "true", "true"),
        (true, false, false) => text!("true", "false", "false"),
        (true, false, true) => text!("true", "false", "true"),
        (true, true, false) => text!("true", "true", "false"),
        (true, true, true) => text!("true", "true", "true"),
    }
}

fn append_whole(out: &mut Vec<u8>, opcode: OpCode, payload: &[u8]) {
    append_head(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

/// A server's head: always final, never masked. `Frame::fmt_head` wants the payload in one piece.
fn append_head(out: &mut Vec<u8>, opcode: OpCode, payload_len: usize) {
    out.push(FINAL_BIT | opcode as u8);
    match (u8::try_from(payload_len), u16::try_from(payload_len)) {
        (Ok(len), _) if len < LEN_IN_2_BYTES => out.push(len),
        (_, Ok(len)) => {
            out.push(LEN_IN_2_BYTES);
            out.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            out.push(LEN_IN_8_BYTES);
            out.extend_from_slice(&(payload_len as u64).to_be_bytes());
        }
    }
}

/// The payload's length and what follows it; `None` when it has not come completely.
fn payload_len(short_len: u8, rest: &[u8]) -> Result<Option<(usize, &[u8])>, Farewell> {
    let (len, len_min, rest) = match short_len {
        LEN_IN_2_BYTES => {
            let Some((bytes, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u64::from(u16::from_be_bytes(*bytes)), u64::from(LEN_IN_2_BYTES), rest)
        }
        LEN_IN_8_BYTES => {
            let Some((bytes, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u64::from_be_bytes(*bytes), u64::from(u16::MAX) + 1, rest)
        }
        len => (u64::from(len), 0, rest),
    };
    // §5.2: the shortest form is a must, and the highest bit is not for use.
    if len < len_min || len > u64::MAX >> 1 {
        return Err(Farewell::PROTOCOL);
    }
    match usize::try_from(len) {
        Ok(len) if len <= MESSAGE_BYTES_MAX => Ok(Some((len, rest))),
        _ => Err(Farewell::TOO_BIG),
    }
}

fn is_control(opcode: OpCode) -> bool {
    matches!(opcode, OpCode::Close | OpCode::Ping | OpCode::Pong)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn appended(frame: &OutFrame) -> Vec<u8> {
        let mut out = Vec::new();
        append(&mut out, frame, "00ff");
        out
    }

    #[test]
    fn every_fault_of_a_head_is_refused_with_its_code() {
        let long = |len: u64| [&[0x81, 0xff][..], &len.to_be_bytes()].concat();
        let table: [(&str, Vec<u8>, Farewell); 14] = [
            ("unmasked text", vec![0x81, 0x02], Farewell::PROTOCOL),
            ("first reserved bit", vec![0xc1, 0x80], Farewell::PROTOCOL),
            ("second reserved bit", vec![0xa1, 0x80], Farewell::PROTOCOL),
            ("third reserved bit", vec![0x91, 0x80], Farewell::PROTOCOL),
            ("data opcode of the future", vec![0x83, 0x80], Farewell::PROTOCOL),
            ("control opcode of the future", vec![0x8b, 0x80], Farewell::PROTOCOL),
            ("fragmented ping", vec![0x09, 0x80], Farewell::PROTOCOL),
            ("fragmented close", vec![0x08, 0x80], Farewell::PROTOCOL),
            ("ping of 126 bytes", vec![0x89, 0xfe], Farewell::PROTOCOL),
            ("close of 64 KiB", vec![0x88, 0xff], Farewell::PROTOCOL),
            ("125 bytes in the 2-byte form", vec![0x81, 0xfe, 0, 125], Farewell::PROTOCOL),
            ("65,535 bytes in the 8-byte form", long(0xffff), Farewell::PROTOCOL),
            ("highest bit of the length", long(1 << 63), Farewell::PROTOCOL),
            ("64 KiB and a byte", long(0x1_0001), Farewell::TOO_BIG),
        ];
        for (what, bytes, farewell) in table {
            assert_eq!(ClientHead::parse(&bytes), Err(farewell), "{what}");
        }
    }

    #[test]
    fn heads_of_all_three_lengths_are_read() {
        let mask = [1, 2, 3, 4];
        let table: [(&[u8], usize, usize); 4] = [
            (&[0x81, 0x80], 6, 0),
            (&[0x81, 0xfd], 6, 125),
            (&[0x81, 0xfe, 0, 126], 8, 126),
            (&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0], 14, 0x1_0000),
        ];
        for (start, head_len, payload_len) in table {
            let bytes = [start, &mask].concat();
            let head =
                ClientHead { opcode: OpCode::Text, is_final: true, mask, head_len, payload_len };
            assert_eq!(ClientHead::parse(&bytes), Ok(Some(head)));
            for cut in 0..bytes.len() {
                assert_eq!(ClientHead::parse(&bytes[..cut]), Ok(None), "cut at {cut}");
            }
        }
    }

    #[test]
    fn close_payloads_are_checked() {
        let coded = |code: u16| code.to_be_bytes();
        assert_eq!(close_code(&[]), Ok(NO_STATUS));
        assert_eq!(close_code(&[3]), Err(Farewell::PROTOCOL));
        for code in [1000, 1001, 1003, 1007, 1014, 3000, 4999] {
            assert_eq!(close_code(&coded(code)), Ok(code));
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
            assert_eq!(close_code(&coded(code)), Err(Farewell::PROTOCOL), "{code}");
        }
        assert_eq!(close_code(&[3, 232, b'o', b'k']), Ok(1000));
        assert_eq!(close_code(&[3, 232, 0xc3]), Err(Farewell::NOT_UTF8));
    }

    #[test]
    fn an_event_gets_its_tail_and_the_right_length() {
        let body = Bytes::from_static(br#"{"event":"new_chat","version":"v1""#);
        for seq in [0, 1, 9, 10, 99, 100, u64::MAX] {
            for bits in 0..8 {
                let notify =
                    Notify { sound: bits & 4 != 0, desktop: bits & 2 != 0, badge: bits & 1 != 0 };
                let frame = appended(&OutFrame::Event { body: body.clone(), seq, notify });
                let Notify { sound, desktop, badge } = notify;
                let json = [
                    r#"{"event":"new_chat","version":"v1","notify":"#,
                    &format!(r#"{{"sound":{sound},"desktop":{desktop},"badge":{badge}}}"#),
                    &format!(r#","seq":{seq},"epoch":"00ff"}}"#),
                ]
                .concat();
                let whole = appended(&OutFrame::Text(json.into()));
                assert_eq!(frame, whole);
            }
        }
    }

    #[test]
    fn server_frames_use_the_shortest_length() {
        let table: [(usize, &[u8]); 5] = [
            (0, &[0x81, 0]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xff, 0xff]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ];
        for (len, head) in table {
            let frame = appended(&OutFrame::Text(vec![b'x'; len].into()));
            assert_eq!(frame[..head.len()], *head);
            assert_eq!(frame.len(), head.len() + len);
        }
    }

    #[test]
    fn control_frames_are_exact() {
        assert_eq!(appended(&OutFrame::Ping), [0x89, 0]);
        assert_eq!(appended(&OutFrame::Pong(Bytes::from_static(b"hi"))), [0x8a, 2, b'h', b'i']);
        let mut out = Vec::new();
        append_close(&mut out, Farewell::new(4001, "x"));
        append_close(&mut out, Farewell::echo(1000));
        append_close(&mut out, Farewell::echo(NO_STATUS));
        assert_eq!(out, [0x88, 3, 0x0f, 0xa1, b'x', 0x88, 2, 0x03, 0xe8, 0x88, 0]);
    }
}
