//! Ways a newcomer might try to learn a secret, or to branch on one. None is silent: those in `compile` do not compile, and
//! the message says what to write instead; those in `run` end with a typed error, or show nothing.
//!
//! One file is one attack, and its first line says which.

#[path = "../common/announced.rs"]
mod announced;
mod run;

#[test]
fn what_the_compiler_refuses() {
    announced::check_all("tests/attacks/compile");
}
