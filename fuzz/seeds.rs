//! Writes something sound for each target into its corpus: `cargo run --bin seeds`, in this folder.

use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder, codecs::png::PngEncoder};
use mpc_nn::{StateDict, onnx};
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

type Seeds = Vec<(&'static str, Vec<u8>)>;

/// Models, arrays and states of the tests.
fn models(seeds: &mut Seeds) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mpc-nn/tests/onnx_models");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    files.sort();
    let scratch = tempfile::tempdir()?;
    for file in files {
        let bytes = fs::read(&file)?;
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("onnx") => {
                if let Ok((graph, weights)) = onnx::read_bytes(&bytes) {
                    seeds.push(("onnx_graph", postcard::to_stdvec(&graph)?));
                    let state: StateDict = weights.iter().map(|(name, x)| (name.to_owned(), x.clone())).collect();
                    let path = scratch.path().join("state.safetensors");
                    state.write(&path)?;
                    seeds.push(("state_safetensors", fs::read(path)?));
                }
                seeds.push(("onnx_file", bytes));
            }
            Some("npz") => seeds.push(("arrays", bytes)),
            Some("pt" | "pth") => seeds.push(("state_pytorch", bytes)),
            _ => {}
        }
    }
    Ok(())
}

/// Small pictures of each kind.
fn pictures(seeds: &mut Seeds) -> Result<(), Box<dyn Error>> {
    let pixels: Vec<u8> = (0..12 * 10 * 4).map(|at| (at * 37 % 251) as u8).collect();
    for kind in [ExtendedColorType::L8, ExtendedColorType::La8, ExtendedColorType::Rgb8, ExtendedColorType::Rgba8] {
        let count = 12 * 10 * usize::from(kind.channel_count());
        let mut png = Vec::new();
        PngEncoder::new(&mut png).write_image(&pixels[..count], 12, 10, kind)?;
        seeds.push(("images", png));
        if matches!(kind, ExtendedColorType::L8 | ExtendedColorType::Rgb8) {
            let mut jpeg = Vec::new();
            JpegEncoder::new(&mut jpeg).write_image(&pixels[..count], 12, 10, kind)?;
            seeds.push(("images", jpeg));
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut seeds: Seeds = mpc_core::fuzzing::seeds().into_iter().map(|seed| ("dealer_request", seed)).collect();
    seeds.extend(mpc_comm::fuzzing::seeds());
    models(&mut seeds)?;
    pictures(&mut seeds)?;
    for (number, (target, bytes)) in seeds.into_iter().enumerate() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{number}")), bytes)?;
    }
    Ok(())
}
