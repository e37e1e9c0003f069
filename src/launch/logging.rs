//! Messages about what happens, on the standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt};

use super::{args::Logging, watch};

/// Starts logging. A program that has set up its own logging before keeps that.
pub(super) fn start(flags: &Logging) {
    let filter = match level(flags) {
        Some(level) => EnvFilter::new(level),
        None => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
    };
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let log = fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colours).compact();
    // It would complain on the standard error too, and panic if nobody reads that: no reason to end a thread.
    let log = log.log_internal_errors(false);
    // The only error is that somebody else logs already.
    let _ = if watch::launched() { log.without_time().try_init() } else { log.try_init() };
}

/// The level that the flags ask for, if they ask for any.
fn level(flags: &Logging) -> Option<&'static str> {
    match (flags.quiet, flags.verbose) {
        (true, _) => Some("error"),
        (false, 0) => None,
        (false, 1) => Some("info"),
        (false, 2) => Some("debug"),
        (false, _) => Some("trace"),
    }
}
