//! Whatever bytes a peer sends over its socket, in whatever pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dx_connect::ws::hostile::play(input));
