//! `examples/template` is a program outside of this workspace: its copy elsewhere, with the path changed, builds and runs.

#[allow(dead_code, reason = "no example is run here")]
mod common;

use std::{env, fs, path::Path};

/// A user's first steps, without the network. Builds the library as a user's program does, in the target directory of this
/// build, so that what others wrote is not built again.
#[test]
fn a_copy_of_the_template_builds_and_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let test = env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap();
    let copy = tempfile::tempdir().unwrap();
    let template = root.join("examples/template");
    fs::create_dir(copy.path().join("src")).unwrap();
    fs::copy(template.join("src/main.rs"), copy.path().join("src/main.rs")).unwrap();
    // The versions that are here already.
    fs::copy(root.join("Cargo.lock"), copy.path().join("Cargo.lock")).unwrap();
    let manifest = fs::read_to_string(template.join("Cargo.toml")).unwrap();
    let path = format!("path = '{}'", root.display());
    assert!(manifest.contains("path = \"../..\""));
    fs::write(copy.path().join("Cargo.toml"), manifest.replace("path = \"../..\"", &path)).unwrap();

    let mut command = common::cargo();
    command.args(["run", "--offline", "--quiet", "--color", "never"]).current_dir(copy.path());
    command.env("CARGO_TARGET_DIR", target).env_remove("RUST_LOG").env_remove("MPC_LAUNCHED");
    let output = command.output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    // (52 + 61.5 + 70.25) / 3 = 61.25, and (58 + 66) / 2 = 62.
    for party in ["North  | ", "South  | "] {
        assert!(said.contains(&format!("{party}South pays more on average")), "{said}{complained}");
    }
    assert!(!complained.contains("warning"), "{complained}");
}
