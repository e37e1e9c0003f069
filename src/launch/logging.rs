//! Messages about what happens, on the standard error, and spans for who collects them.

use clap::Args;
use mpc_telemetry::{Process, Telemetry};

use super::{
    Cast,
    args::{self, Cli, Logging, Protocol},
    rank, watch,
};

/// Starts logging. A program that has set up its own logging before keeps that.
pub(super) fn start<A: Args>(cast: Cast<'_>, cli: &Cli<A>) -> Telemetry {
    let service = args::binary_name();
    let process = Process {
        service: service.as_deref().unwrap_or("mpc"),
        party: party(cast, cli),
        format: cli.logging.format.log_format,
        level: level(&cli.logging),
        otherwise: "warn",
        time: !watch::launched(),
    };
    process.start()
}

/// The party that this process is, as far as the command line and a scheduler say; the launcher is none.
fn party<'a, A: Args>(cast: Cast<'a>, cli: &'a Cli<A>) -> Option<&'a str> {
    let flags = &cli.parties;
    let Some(scheduler) = flags.rank_from else { return flags.party.as_deref() };
    let with_dealer = flags.protocol == Protocol::Dealer && cli.offline.with_dealer() && !flags.dealer_elsewhere;
    // What is wrong with a rank is told where it is needed.
    let rank = scheduler.rank(&|name| std::env::var(name).ok()).ok()?;
    rank.party(&rank::roles(cast, with_dealer)).ok()
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
