//! Bytes as a request of a guest, as a server's answer to it, and as their greetings.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mpc_comm::fuzzing::gateway(bytes));
