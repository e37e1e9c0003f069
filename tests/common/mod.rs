//! What the tests that start processes share.

use std::{
    env,
    process::{Command, Stdio},
};

/// An example of this package, ready to be started. `cargo test` builds all examples first; `cargo test --test NAME`
/// does not.
pub(crate) fn example(name: &str) -> Command {
    let test = env::current_exe().unwrap();
    let program =
        test.ancestors().nth(2).unwrap().join("examples").join(name).with_extension(env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is not there: build it with `cargo build --examples`", program.display());
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).env_remove("RUST_LOG").env_remove("MPC_LAUNCHED");
    command
}
