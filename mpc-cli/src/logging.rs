//! Messages about what happens, on the standard error, and spans for who collects them.

use clap::{ArgAction, Args};
use mpc_telemetry::{FormatFlag, Process, Telemetry};

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

    #[command(flatten)]
    format: FormatFlag,
}

/// Starts logging, as this service and, if it is one, this party; at the level `otherwise` if nobody says one.
pub(crate) fn start(flags: &Logging, service: &str, party: Option<&str>, otherwise: &str) -> Telemetry {
    let level = match (flags.quiet, flags.verbose) {
        (true, _) => Some("error"),
        (false, 0) => None,
        (false, 1) => Some("debug"),
        (false, _) => Some("trace"),
    };
    Process { service, party, format: flags.format.log_format, level, otherwise, time: true }.start()
}
