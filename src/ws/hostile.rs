//! What must hold whatever a peer sends, in whatever pieces it comes. One function: the fuzzer of `tests/fuzz`
//! runs it over bytes that it invents, the tests below over hostile frames and over whatever that has found.

use std::sync::Arc;

use bytes::Bytes;
use dx_actors::presence::outbox::{OutFrame, Outbox};

use super::{
    AgentCommands, AgentSocket, Commands, Farewell, InjectIn,
    frames::{self, MESSAGE_BYTES_MAX},
    reader::{Item, Reader},
};

/// Lengths of pieces that an input may ask for; the rest of its stream is cut by them in turn.
const LENGTHS_MAX: u8 = 16;
/// Payload of a control frame, and the head of any frame (RFC 6455 §5.2, §5.5).
const CONTROL_BYTES_MAX: usize = 125;
const HEAD_BYTES_MAX: usize = 14;
/// A message that is nearly whole, and a control frame that is nearly whole in between.
const HELD_BYTES_MAX: usize = MESSAGE_BYTES_MAX + CONTROL_BYTES_MAX + HEAD_BYTES_MAX;

/// Plays a peer. The first byte of `input` says (modulo 17) how many of the next bytes are lengths of pieces,
/// less one each; what follows is what the peer sends. In one piece or in those: it is understood and
/// answered the same, and never is more held than one message.
///
/// # Panics
/// When that is not so.
pub fn play(input: &[u8]) {
    let (lengths, stream) = cut(input);
    let whole = heard(std::iter::once(stream));
    if lengths.is_empty() {
        return;
    }
    let mut rest = stream;
    let pieces = lengths.iter().cycle().map_while(|length| {
        let piece = rest.split_off(..(usize::from(*length) + 1).min(rest.len()))?;
        (!piece.is_empty()).then_some(piece)
    });
    assert_eq!(heard(pieces), whole, "a cut changes what is understood");
}

fn cut(input: &[u8]) -> (&[u8], &[u8]) {
    let Some((count, rest)) = input.split_first() else { return (&[], &[]) };
    let count = usize::from(count % (LENGTHS_MAX + 1));
    rest.split_at_checked(count).unwrap_or((&[], rest))
}

/// What became of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    /// One byte for each item, to tell the order.
    items: Vec<u8>,
    texts: Vec<String>,
    /// What is written back, the close included.
    answers: Vec<u8>,
    end: Option<Farewell>,
}

fn heard<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Heard {
    let (mut reader, outbox) = (Reader::default(), Arc::new(Outbox::default()));
    let mut commands = AgentCommands(Nobody);
    let mut heard = Heard::default();
    for piece in pieces {
        let outcome = reader.feed(&mut piece.to_vec(), &mut |item| {
            heard.take(item, &mut commands, &outbox);
            Ok(())
        });
        let held = reader.held_bytes();
        assert!(held <= HELD_BYTES_MAX, "{held} bytes are held");
        if let Err(farewell) = outcome {
            heard.end = Some(farewell);
            break;
        }
    }
    for frame in outbox.take().frames {
        frames::append(&mut heard.answers, &frame, "00ff");
    }
    if let Some(farewell) = heard.end {
        let before = heard.answers.len();
        frames::append_close(&mut heard.answers, farewell);
        let bytes = heard.answers.len() - before;
        assert!(bytes <= 2 + CONTROL_BYTES_MAX, "a close of {bytes} bytes");
    }
    heard
}

impl Heard {
    fn take(&mut self, item: Item<'_>, commands: &mut impl Commands, outbox: &Arc<Outbox>) {
        self.items.push(match item {
            Item::Text(_) => b't',
            Item::Binary => b'b',
            Item::Fragment => b'f',
            Item::Ping(_) => b'p',
            Item::Pong => b'q',
        });
        match item {
            Item::Text(text) => {
                assert!(text.len() <= MESSAGE_BYTES_MAX, "a message of {} bytes", text.len());
                self.texts.push(text.to_owned());
                commands.on_text(text, outbox);
            }
            Item::Binary => commands.on_binary(outbox),
            Item::Ping(payload) => {
                assert!(payload.len() <= CONTROL_BYTES_MAX, "a ping of {} bytes", payload.len());
                outbox.push(OutFrame::Pong(Bytes::copy_from_slice(payload)));
            }
            Item::Fragment | Item::Pong => {}
        }
    }
}

/// An agent for whom nothing is done.
struct Nobody;

impl AgentSocket for Nobody {
    fn opened(&mut self, _: &Arc<Outbox>) {}
    fn alive(&mut self) {}
    fn inject(&mut self, _: InjectIn, _: &Arc<Outbox>) {}
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use proptest::prelude::*;

    use super::{
        super::testing::{LAST_PART, PART, PING, TEXT, TEXT_PART, client_frame},
        *,
    };

    /// What the fuzzer starts from, and what it has found.
    const SEEDS: &str = "tests/fuzz/seeds/frames";

    #[test]
    fn all_that_the_fuzzer_knows_holds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(SEEDS);
        let mut played = 0;
        for file in fs::read_dir(folder).unwrap() {
            play(&fs::read(file.unwrap().path()).unwrap());
            played += 1;
        }
        assert!(played >= 20, "{played} seeds");
    }

    #[test]
    fn what_is_played_is_read_and_answered() {
        let stream = [
            client_frame(TEXT, br#"{"type":"ping"}"#),
            client_frame(TEXT_PART, b"nao "),
            client_frame(PING, b"agora"),
            client_frame(LAST_PART, b"JSON"),
            client_frame(PART, b"de nada"),
        ]
        .concat();
        let input = [&[2, 0, 6], &stream[..]].concat();
        assert_eq!(cut(&input), (&[0, 6][..], &stream[..]));
        play(&input);
        let heard = heard(std::iter::once(&stream[..]));
        assert_eq!((&heard.items[..], heard.end), (&b"tfpt"[..], Some(Farewell::PROTOCOL)));
        assert_eq!(heard.texts, [r#"{"type":"ping"}"#, "nao JSON"]);
        let answers = String::from_utf8_lossy(&heard.answers);
        for part in [r#"{"type":"pong"}"#, "agora", r#""type":"error""#, "Quadro WebSocket"] {
            assert!(answers.contains(part), "{part} in {answers}");
        }
    }

    /// Frames of which much is right and one thing may be wrong.
    fn frame() -> impl Strategy<Value = Vec<u8>> {
        let first = prop_oneof![
            prop::sample::select(vec![0x81, 0x01, 0x82, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a]),
            any::<u8>(),
        ];
        let payload = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "\\PC{0,60}".prop_map(String::into_bytes),
            Just(br#"{"type":"inject_incoming","from":"1","payload":{"text":"x"}}"#.to_vec()),
            (65_530..65_540_usize).prop_map(|length| vec![b'x'; length]),
            Just(vec![0x03, 0xe8]),
        ];
        let fault = prop_oneof![9 => Just(None), 1 => (0..16_usize, any::<u8>()).prop_map(Some)];
        (first, payload, fault).prop_map(|(first, payload, fault)| {
            let mut frame = client_frame(first, &payload);
            if let Some((place, byte)) = fault
                && let Some(target) = frame.get_mut(place)
            {
                *target ^= byte;
            }
            frame
        })
    }

    proptest! {
        // As many as `PROPTEST_CASES` says, 256 by default.
        #![proptest_config(ProptestConfig::default())]
        #[test]
        fn no_peer_breaks_it(
            lengths in prop::collection::vec(any::<u8>(), 0..=16),
            frames in prop::collection::vec(frame(), 0..12),
            garbage in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let count = u8::try_from(lengths.len()).unwrap();
            play(&[&[count], &lengths[..], &frames.concat(), &garbage].concat());
        }
    }
}
