//! Bytes as a request to the dealer, which answers it where it is small; and as what a dealer sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mpc_core::fuzzing::dealer_request(bytes);
    mpc_core::fuzzing::corrections(bytes);
});
