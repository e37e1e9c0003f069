//! The PTX in the tree against the kernels' sources, as far as that can be said without nvcc: `scripts/cuda-ptx.sh --check` says
//! the rest.

use sha2::{Digest, Sha256};
use std::{fmt::Write, fs, path::Path};

#[test]
fn the_ptx_is_made_of_these_kernels() {
    let cuda = Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda");
    let mut names: Vec<_> =
        fs::read_dir(cuda.join("kernels")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut sums = String::new();
    for name in names {
        for byte in Sha256::digest(fs::read(cuda.join("kernels").join(&name)).unwrap()) {
            write!(sums, "{byte:02x}").unwrap();
        }
        writeln!(sums, "  {}", name.to_string_lossy()).unwrap();
    }
    let of_ptx = fs::read_to_string(cuda.join("ptx/sources.sha256")).unwrap();
    assert_eq!(sums, of_ptx, "the kernels have changed: run scripts/cuda-ptx.sh");
}
