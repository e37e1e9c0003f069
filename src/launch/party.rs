//! One party alone: reads the roster, connects to the others and runs the program, or the dealer.

use std::{path::Path, time::Duration};

use clap::Args;
use mpc_comm::{DealerListener, Options, PartyId, Roster, Stop};
use mpc_core::{
    ProtocolKind, Session, Settings,
    audit::{self, Head, Keeper},
};

use super::args::{Cli, Network, Parties, Protocol};
use super::{Cast, error::LaunchError, identity, offline::Place, rank, roster, watch};

/// Who we are, among whom.
struct Seat {
    roster: Roster,
    role: PartyId,
    /// A name for this run that comes with the job.
    session: Option<String>,
}

/// Runs the party that `--party` or our rank names.
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
    let Seat { roster, role, session } = seat(cast, &cli)?;
    cli.offline.check(&settings, role)?;
    let monitor = cli.logging.status.serve(&roster, role)?;
    let options = Options { stop: Some(stop), monitor, ..options(&cli.network, roster.name(role), session)? };
    if options.allow_plaintext {
        tracing::warn!("--insecure-no-tls: whoever sees the traffic of all parties learns all data");
    }
    if role.is_dealer() {
        return deal(&roster, &settings, options);
    }
    if cli.parties.protocol == Protocol::PlainInsecure {
        tracing::warn!("--protocol plain-insecure: nothing is secret, every party sees all data");
    }
    let keeper = match &cli.logging.audit {
        Some(file) => Some(keep(file, &roster, role, &options.session)?),
        None => None,
    };
    let flags = cli.program;
    Place { roster: &roster, role, settings: &settings, options }.run(&cli.offline, |session| {
        keeper.iter().for_each(|keeper| keeper.watch(&session));
        program(session, flags)
    })?;
    let Some(keeper) = keeper else { return Ok(()) };
    let file = keeper.file().to_owned();
    keeper.finish().map_err(|source| LaunchError::Audit { file, source })
}

/// Begins the file of what is opened, before anybody is called: a run that cannot be audited does not begin.
fn keep(file: &Path, roster: &Roster, role: PartyId, session: &str) -> Result<Keeper, LaunchError> {
    let name = roster.name(role);
    let head = Head {
        version: audit::VERSION,
        party: name.to_owned(),
        client: role.index() >= roster.parties(),
        parties: roster.compute.iter().map(|member| member.name.clone()).collect(),
        session: session.to_owned(),
    };
    let file = identity::named(file, name);
    Keeper::create(&file, &head).map_err(|source| LaunchError::Audit { file, source })
}

/// Finds our place in the roster.
fn seat<A: Args>(cast: Cast<'_>, cli: &Cli<A>) -> Result<Seat, LaunchError> {
    let (flags, protocol, online) = (&cli.parties, cli.parties.protocol, cli.offline.with_dealer());
    let file = flags.roster.as_deref();
    let Some(scheduler) = flags.rank_from else {
        let (name, file) = (flags.party.as_deref().unwrap_or_default(), file.unwrap_or(Path::new("")));
        let roster = roster::load(file, cast, protocol, online)?;
        return Ok(Seat { role: roster::role_of(&roster, name, file, protocol)?, roster, session: None });
    };
    let env = |name: &str| std::env::var(name).ok();
    let rank = scheduler.rank(&env)?;
    let with_dealer = protocol == Protocol::Dealer && online;
    let name = rank.party(&rank::roles(cast, with_dealer && !flags.dealer_elsewhere))?;
    let roster = match file {
        Some(file) => roster::load(file, cast, protocol, online)?,
        None => {
            let mut roster = roster::of_job(cast, with_dealer, rank.port(&env)?)?;
            cli.network.tls.pin(&mut roster)?;
            roster
        }
    };
    let role = roster::role_of(&roster, name, file.unwrap_or(Path::new("of this job")), protocol)?;
    tracing::info!("this process of {} is {name}", scheduler.name());
    Ok(Seat { roster, role, session: rank.job })
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

fn options(flags: &Network, party: &str, job: Option<String>) -> Result<Options, LaunchError> {
    let default = Options::default();
    let silence = flags.silence.unwrap_or(default.silence);
    Ok(Options {
        heartbeat: default.heartbeat.min(silence / 4),
        silence,
        grace: flags.grace.unwrap_or(default.grace),
        connect_timeout: flags.connect_timeout.unwrap_or(default.connect_timeout),
        round_timeout: flags.round_timeout.unwrap_or(default.round_timeout),
        session: flags.session.clone().or(job).unwrap_or(default.session.clone()),
        identity: flags.tls.identity(party)?,
        allow_plaintext: flags.insecure_no_tls,
        bind: flags.bind,
        ..default
    })
}
