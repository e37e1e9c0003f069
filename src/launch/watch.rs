//! The string between the launcher and the processes it starts: no party outlives its launcher.
//!
//! The launcher keeps the standard input of each party open and writes nothing to it. However the launcher ends, even
//! killed, the system closes that pipe, and the party sees the end of its input.

use std::{env, io, process, thread};

/// Set to [`VERSION`] in the environment of a party that the launcher started.
pub(super) const VARIABLE: &str = "MPC_LAUNCHED";
/// Which conventions launcher and party follow.
pub(super) const VERSION: &str = "1";
/// The exit code of a party whose launcher is gone. Nobody is left to see it.
const ORPHANED: i32 = 4;

/// Whether the launcher started this process.
pub(super) fn launched() -> bool {
    env::var_os(VARIABLE).is_some_and(|value| value == VERSION)
}

/// Ends this process as soon as its launcher is gone.
pub(super) fn end_with_launcher() -> io::Result<()> {
    let watch = || {
        // An error is as good as the end of the input: either way nobody is there any more.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        process::exit(ORPHANED);
    };
    thread::Builder::new().name("launcher-watch".to_owned()).spawn(watch).map(drop)
}
