//! The string between the launcher and the processes it starts: no party outlives its launcher.
//!
//! The launcher keeps the standard input of each party open and writes nothing to it. However the launcher ends, even
//! killed, the system closes that pipe, and the party sees the end of its input. It then ends as after a signal.

use std::{env, io, thread, time::Duration};

use mpc_comm::{Stop, StoppedBy};

/// Set to [`VERSION`] in the environment of a party that the launcher started.
pub(super) const VARIABLE: &str = "MPC_LAUNCHED";
/// Which conventions launcher and party follow.
pub(super) const VERSION: &str = "1";

/// Whether the launcher started this process.
pub(super) fn launched() -> bool {
    env::var_os(VARIABLE).is_some_and(|value| value == VERSION)
}

/// Ends this process when its launcher is gone.
pub(super) fn end_with_launcher(stop: Stop) -> io::Result<()> {
    let watch = move || {
        // An error is as good as the end of the input: either way nobody is there any more.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        stop.end_after(Duration::ZERO, StoppedBy::Launcher);
    };
    thread::Builder::new().name("launcher-watch".to_owned()).spawn(watch).map(drop)
}
