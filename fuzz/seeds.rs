//! Writes something sound for each target into its corpus: `cargo run --bin seeds`, in this folder.

use std::{fs, path::Path};

fn main() -> std::io::Result<()> {
    let requests = mpc_core::fuzzing::seeds().into_iter().map(|seed| ("dealer_request", seed));
    let seeds = mpc_comm::fuzzing::seeds().into_iter().chain(requests);
    for (number, (target, bytes)) in seeds.enumerate() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{number}")), bytes)?;
    }
    Ok(())
}
