//! Bytes as they come over a link from a peer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mpc_comm::fuzzing::frames(bytes));
