//! What the tests that start processes share.

use std::{
    collections::BTreeSet,
    env,
    process::{Command, Stdio},
    sync::Mutex,
};

/// An example of this package, ready to be started. It is built first: `cargo test` does not build the program of an
/// example that has tests of its own, and `cargo test --test NAME` builds none.
pub(crate) fn example(name: &str) -> Command {
    static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let test = env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let mut built = BUILT.lock().unwrap();
    if built.insert(name.to_owned()) {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
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
