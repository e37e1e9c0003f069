//! Messages about what happens, on the standard error.

use std::io::{self, IsTerminal};

use clap::{ArgAction, Args};
use tracing_subscriber::{EnvFilter, fmt};

/// How much is said.
#[derive(Debug, Args)]
pub(crate) struct Logging {
    /// Say more; -vv also the finest details
    ///
    /// Without this flag (and without --quiet) the environment variable RUST_LOG decides, in the syntax of the crate
    /// tracing-subscriber.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,

    /// Say nothing but errors
    #[arg(short, long, global = true)]
    quiet: bool,
}

/// Starts logging.
pub(crate) fn start(flags: &Logging) {
    let filter = match (flags.quiet, flags.verbose) {
        (true, _) => EnvFilter::new("error"),
        (false, 0) => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        (false, 1) => EnvFilter::new("debug"),
        (false, _) => EnvFilter::new("trace"),
    };
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let log = fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colours).compact();
    // It would complain on the standard error too, and panic if nobody reads that. Nobody else in this process logs, so the
    // start cannot fail.
    let _ = log.log_internal_errors(false).try_init();
}
