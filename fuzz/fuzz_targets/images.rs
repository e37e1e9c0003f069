//! Bytes as a picture, whose kind its name says.
#![no_main]

use mpc_nn::data::images::{self, Channels};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, channels) in [("picture.png", Channels::Rgb), ("picture.jpg", Channels::Grey)] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).expect("a file");
        let _ = images::read(&file, channels);
    }
});
