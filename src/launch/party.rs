//! One party alone: reads the roster, connects to the others and runs the program, or the dealer.

use std::time::Duration;

use clap::Args;
use mpc_comm::{DealerListener, Options, Roster, Stop};
use mpc_core::{ProtocolKind, Session, Settings};

use super::args::{Cli, Network, Parties, Protocol};
use super::{Cast, error::LaunchError, offline::Place, roster, watch};

/// Runs the party that `--party` names.
pub(super) fn run<A, F, Fut>(cast: Cast<'_>, cli: Cli<A>, program: F) -> Result<(), LaunchError>
where
    A: Args,
    F: Fn(Session, A) -> Fut,
    Fut: Future<Output = mpc_core::Result<()>>,
{
    let stop = Stop::new();
    stop.obey_signals(Duration::ZERO, |_| ())?;
    if watch::launched() {
        let source = |source| LaunchError::Start { party: "the watcher".to_owned(), source };
        watch::end_with_launcher(stop.clone()).map_err(source)?;
    }
    let settings = settings(&cli.parties);
    let (name, file) = (cli.parties.party.unwrap_or_default(), cli.parties.roster.unwrap_or_default());
    let roster = roster::load(&file, cast, cli.parties.protocol, cli.offline.with_dealer())?;
    let role = roster::role_of(&roster, &name, &file, cli.parties.protocol)?;
    cli.offline.check(&settings, role)?;
    let options = Options { stop: Some(stop), ..options(&cli.network)? };
    if options.allow_plaintext {
        tracing::warn!("--insecure-no-tls: whoever sees the traffic of all parties learns all data");
    }
    if role.is_dealer() {
        return deal(&roster, &settings, options);
    }
    if cli.parties.protocol == Protocol::PlainInsecure {
        tracing::warn!("--protocol plain-insecure: nothing is secret, every party sees all data");
    }
    let flags = cli.program;
    Place { roster: &roster, role, settings: &settings, options }.run(&cli.offline, |session| program(session, flags))
}

/// Serves one session.
fn deal(roster: &Roster, settings: &Settings, options: Options) -> Result<(), LaunchError> {
    let mut listener = DealerListener::bind(roster, &settings.agreement(), options)?;
    let mesh = listener.accept_session()?;
    let served = mpc_core::run_dealer(mesh, settings)?;
    tracing::info!("answered {} requests with {} bytes", served.requests, served.bytes);
    Ok(())
}

/// How the sessions of this command line compute.
pub(super) fn settings(flags: &Parties) -> Settings {
    let protocol = match flags.protocol {
        Protocol::Dealer => ProtocolKind::Dealer,
        Protocol::PlainInsecure => ProtocolKind::Plain,
    };
    Settings {
        protocol,
        fraction_bits: flags.fraction_bits,
        check_range: flags.check_range,
        prg: flags.prg,
        device: flags.device,
        device_memory: flags.device_memory.map(|megabytes| megabytes.saturating_mul(1_000_000)),
    }
}

fn options(flags: &Network) -> Result<Options, LaunchError> {
    let default = Options::default();
    let silence = flags.silence.unwrap_or(default.silence);
    Ok(Options {
        heartbeat: default.heartbeat.min(silence / 4),
        silence,
        bind: flags.bind,
        connect_timeout: flags.connect_timeout.unwrap_or(default.connect_timeout),
        round_timeout: flags.round_timeout.unwrap_or(default.round_timeout),
        session: flags.session.clone().unwrap_or(default.session.clone()),
        identity: flags.tls.identity()?,
        allow_plaintext: flags.insecure_no_tls,
        ..default
    })
}
