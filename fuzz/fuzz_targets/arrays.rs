//! Bytes as a .npz file, and as a .npy file.
#![no_main]

use mpc_nn::data::npy;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("arrays");
    std::fs::write(&file, bytes).expect("a file");
    let _ = npy::read_npz(&file);
    let _ = npy::read(&file);
});
