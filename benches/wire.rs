//! What it costs to encode an event, to write its frame and to read the frames of a client.
//!
//! `cargo bench --bench wire`; by criterion.

#[expect(dead_code, reason = "each bench needs a part of it")]
mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dx_actors::{
    Clock, EncodeEvent, HubEvent, SystemClock,
    domain::{MessageRowId, notification::Notify},
    presence::outbox::OutFrame,
};
use dx_connect::{
    wire::events::WireEvents,
    ws::{frames, reader::Reader},
};
use support::in_process::{SESSION, message};

/// A client's ping as browsers send it (RFC 6455 §5.2: masked).
const COMMAND: &str = r#"{"type":"ping","timestamp":1760000000000}"#;
/// Commands that come in one read.
const COMMANDS: usize = 64;

fn event() -> HubEvent {
    let now = SystemClock.now();
    let message = message(7, 500).to_new_message(SESSION, now).into_stored(MessageRowId(7));
    HubEvent::MessageReceived { message, topic: None, at: now }
}

fn masked(text: &str) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let length = u8::try_from(text.len()).expect("a short text");
    let mut frame = vec![0x81, 0x80 | length];
    frame.extend(mask);
    frame.extend(text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn wire(criterion: &mut Criterion) {
    let event = event();
    let mut group = criterion.benchmark_group("wire");
    let body = WireEvents.encode(&event);
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("encode an event, once for all", |bench| {
        bench.iter(|| WireEvents.encode(black_box(&event)));
    });
    let frame = OutFrame::Event { body, seq: 123_456, notify: Notify::SILENT };
    let mut out = Vec::with_capacity(4096);
    group.bench_function("append its frame, for each socket", |bench| {
        bench.iter(|| {
            out.clear();
            frames::append(&mut out, black_box(&frame), "0123456789abcdef");
            out.len()
        });
    });
    let commands = masked(COMMAND).repeat(COMMANDS);
    group.throughput(Throughput::Bytes(commands.len() as u64));
    group.bench_function("read 64 commands", |bench| {
        let mut bytes = commands.clone();
        bench.iter(|| {
            // Unmasking changes what was read.
            bytes.copy_from_slice(&commands);
            let (mut reader, mut seen) = (Reader::holding(bytes::Bytes::new()), 0);
            let read = reader.feed(&mut bytes, &mut |item| {
                black_box(&item);
                seen += 1;
                Ok(())
            });
            assert!(read.is_ok() && seen == COMMANDS);
        });
    });
    group.bench_function("parse a command", |bench| {
        bench.iter(|| serde_json::from_str::<serde_json::Value>(black_box(COMMAND)));
    });
    group.finish();
}

criterion_group!(benches, wire);
criterion_main!(benches);
