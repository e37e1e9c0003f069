//! Bytes as an ONNX file; what is read is written, or refused.
#![no_main]

use mpc_nn::onnx;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok((graph, weights)) = onnx::read_bytes(bytes) {
        let sent = postcard::to_stdvec(&graph).expect("a graph can be sent");
        postcard::from_bytes::<onnx::Graph>(&sent).expect("what was read is accepted elsewhere");
        let _ = graph.to_onnx(&weights);
    }
});
