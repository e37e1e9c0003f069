//! What the tests that start processes share.

use std::{
    collections::BTreeSet,
    env,
    process::{Command, Stdio},
    sync::Mutex,
};

/// Cargo, as if nobody ran it under `cargo test`: what that says of this package would make build scripts run again (that of
/// `ring` looks at it), and with them half of the build.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let told = env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    });
    for name in told {
        cargo.env_remove(name);
    }
    cargo
}

/// An example of this package, ready to be started. It is built first: `cargo test` does not build the program of an
/// example that has tests of its own, and `cargo test --test NAME` builds none.
pub(crate) fn example(name: &str) -> Command {
    static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let test = env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let mut built = BUILT.lock().unwrap();
    if built.insert(name.to_owned()) {
        let mut cargo = cargo();
        cargo.args(["build", "--quiet", "--workspace", "--example", name]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the example {name} is not built");
    }
    drop(built);
    let program = folder.join("examples").join(name).with_extension(env::consts::EXE_EXTENSION);
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).env_remove("RUST_LOG").env_remove("MPC_LAUNCHED");
    command
}
