//! Bytes as a graph from another party.
#![no_main]

use mpc_nn::onnx::Graph;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = postcard::from_bytes::<Graph>(bytes);
});
