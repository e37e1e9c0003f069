//! Bytes as the greeting of a caller, and as the answer to ours.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mpc_comm::fuzzing::greeting(bytes));
