//! Bytes as a file of PyTorch.
#![no_main]

use mpc_nn::StateDict;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.pt");
    std::fs::write(&file, bytes).expect("a file");
    let _ = StateDict::read(&file);
});
