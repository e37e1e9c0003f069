//! Makes `generated.rs` of `onnx.proto`, without protoc.

use std::{error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no folder")?;
    let files = protox::compile(["onnx.proto"], [folder])?;
    let mut config = prost_build::Config::new();
    config.out_dir(folder).disable_comments(["."]);
    config.compile_fds(files)?;
    fs::rename(folder.join("onnx.rs"), folder.join("generated.rs"))?;
    Ok(())
}
