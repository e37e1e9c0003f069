//! `mpc dealer`: hands out correlated randomness to many sessions at once.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, thread, time::Duration};

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use mpc_comm::{DealerListener, Mesh, Monitor, Options, Roster, Stop};
use mpc_core::{Device, Settings, protocol::dealer::Limits, rand::Prg};

use crate::{
    dealer_figures::{Allowance, Counts},
    error::CliError,
    identity,
    metrics::{self, Figures},
};

/// How long to wait after a session that did not come about.
const PAUSE: Duration = Duration::from_millis(100);
/// After so many errors of the operating system in a row nothing will get better.
const PATIENCE: u32 = 50;

/// Serve correlated randomness to the parties of a roster
///
/// The dealer holds no data and sees none; but whoever controls it AND one of the parties can learn the data of all.
/// Let somebody run it who works with none of them. It serves until it is stopped, any number of sessions at the same
/// time. At SIGTERM or Ctrl-C it begins no more sessions and waits for those under way (--drain): its exit code is 0 if all
/// of them have ended, and 143 or 130 if it had to end some. A second signal ends it at once.
#[derive(Debug, Args)]
pub(crate) struct Dealer {
    /// The file that says where the parties are; the same as theirs
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,

    /// End after the first session, with its result
    #[arg(long)]
    once: bool,

    /// How many sessions are served at the same time; the parties of further ones are told to come later
    ///
    /// Each takes a thread for each party, and the memory that --queue and --largest-request allow, once for each party.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    sessions: u16,

    /// How long sessions that are under way may go on after SIGTERM; their parties are then told why they end
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    drain: u32,

    /// The most that a session may ask for with --grace: how long an interrupted link may take to come back
    ///
    /// A session whose parties give no --grace has none, whatever this says.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    grace: u32,

    #[command(flatten)]
    memory: Memory,

    #[command(flatten)]
    allowance: Allowance,

    /// Listen here instead of at the dealer's address in the roster: in a container, or behind address translation
    #[arg(long, value_name = "IP:PORT")]
    bind: Option<SocketAddr>,

    #[command(flatten)]
    metrics: metrics::Endpoint,

    #[command(flatten)]
    identity: identity::Flags,

    /// Bits after the binary point of the fixed-point numbers (10 to 24); the same as the parties'
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(10..=24))]
    fraction_bits: u32,

    /// The generator of random numbers; the same as the parties'
    ///
    /// Both are safe. AES is faster on processors with instructions for it and without AVX-512, and slow on those without.
    #[arg(long, value_name = "NAME", default_value_t = Prg::default(),
          value_parser = PossibleValuesParser::new(Prg::ALL.map(Prg::name)).try_map(|name| name.parse::<Prg>()))]
    prg: Prg,

    /// Where to compute: cpu, cuda, cuda:N (the GPU of that number), or auto (a GPU if there is one)
    ///
    /// What is dealt is the same to the last bit. Needs a build with the feature `cuda`.
    #[arg(long, value_name = "DEVICE", value_parser = |text: &str| text.parse::<Device>().map_err(|error| error.to_string()))]
    device: Option<Device>,

    /// The most MB of a GPU's memory that a session takes for each party
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..))]
    device_memory: Option<u64>,
}

/// How much memory a session may take.
#[derive(Debug, Clone, Copy, Args)]
struct Memory {
    /// MB of answers that may wait for a party that reads slowly; further ones are made when it has read
    #[arg(long, value_name = "MB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    queue: u64,

    /// MB that one request may take to answer; a larger one ends its session, and the parties hear why
    ///
    /// A request is what one step of a program needs at once: some 8 to 80 bytes an element. For each party one is answered
    /// at a time.
    #[arg(long, value_name = "MB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    largest_request: u64,
}

impl Memory {
    fn limits(self) -> Limits {
        let (queued_bytes, request_elements) = (self.queue << 20, (self.largest_request << 20) / 8);
        Limits { queued_bytes, request_elements, ..Limits::default() }
    }
}

impl Dealer {
    /// Serves until stopped, or with `--once` until the first session has ended.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let roster = Roster::load(&self.roster).map_err(CliError::Roster)?;
        let Some(address) = roster.dealer.as_ref().map(|dealer| dealer.address.clone()) else {
            return Err(CliError::NoDealer { file: self.roster });
        };
        let (identity, allow_plaintext) = (self.identity.load()?, self.identity.insecure_no_tls);
        let settings = Settings {
            fraction_bits: self.fraction_bits,
            prg: self.prg,
            device: self.device,
            device_memory: self.device_memory.map(|megabytes| megabytes.saturating_mul(1_000_000)),
            ..Settings::default()
        };
        mpc_core::check_device(&settings)?;
        let stop = Stop::new();
        stop.obey_signals(Duration::from_secs(self.drain.into()), |_| ())?;
        let monitor = Monitor::new();
        let (counts, mut figures) = (Counts::default(), Figures::new("dealer", &monitor));
        counts.show(&mut figures);
        figures.add_certificate(identity.as_ref());
        let options = Options {
            identity,
            allow_plaintext,
            bind: self.bind,
            stop: Some(stop.clone()),
            grace: Duration::from_secs(self.grace.into()),
            monitor: Some(monitor),
            ..Options::default()
        };
        let mut listener = DealerListener::bind(&roster, &settings.agreement(), options)?;
        // Who listens is alive.
        if let Some(bound) = self.metrics.bind()? {
            bound.serve(figures);
        }
        tracing::info!("dealer for {} at {address}", names(&roster));
        if self.once {
            let mesh = listener.accept_session()?;
            mpc_core::run_dealer_watched(mesh, &settings, &self.memory.limits(), &mut counts.watch(self.allowance))?;
            return Ok(());
        }
        let terms = Terms { settings, limits: self.memory.limits(), allowance: self.allowance };
        serve_all(listener, terms, self.sessions.into(), &counts, &stop)
    }
}

/// Gives every session a thread of its own, and goes on when one of them fails.
fn serve_all(
    mut listener: DealerListener,
    terms: Terms,
    limit: usize,
    counts: &Counts,
    stop: &Stop,
) -> Result<(), CliError> {
    let mut refused = 0;
    // Each session holds one; the count is one more than there are.
    let places = Arc::new(());
    for number in 1_u64.. {
        match listener.accept_session() {
            Ok(mesh) => {
                refused = 0;
                if Arc::strong_count(&places) > limit {
                    counts.refused.inc();
                    tracing::warn!("session {number} was turned away: {limit} are being served (--sessions)");
                    mesh.abort(&format!("the dealer serves {limit} sessions already; start again when one has ended"));
                    continue;
                }
                start(number, mesh, terms, counts.clone(), Arc::clone(&places))?;
            }
            Err(mpc_comm::Error::Stopped { .. }) => break,
            Err(error) => {
                counts.failed.inc();
                tracing::error!("session {number} did not come about: {error}");
                refused = if matches!(error, mpc_comm::Error::Io { .. }) { refused + 1 } else { 0 };
                if refused == PATIENCE {
                    return Err(error.into());
                }
                thread::sleep(PAUSE);
            }
        }
    }
    // Whoever comes now is told.
    drop(listener);
    while Arc::strong_count(&places) > 1 {
        thread::sleep(PAUSE);
    }
    stop.stopped().map_or(Ok(()), |by| Err(mpc_comm::Error::Stopped { by }.into()))
}

/// What every session of this dealer gets.
#[derive(Clone, Copy)]
struct Terms {
    settings: Settings,
    limits: Limits,
    allowance: Allowance,
}

fn start(number: u64, mesh: Mesh, terms: Terms, counts: Counts, place: Arc<()>) -> Result<(), CliError> {
    let serve = move || {
        let Terms { settings, limits, allowance } = terms;
        tracing::info!("session {number} has begun");
        counts.active.inc();
        match mpc_core::run_dealer_watched(mesh, &settings, &limits, &mut counts.watch(allowance)) {
            Ok(served) => {
                counts.finished.inc();
                tracing::info!("session {number} has ended after {} requests", served.requests);
            }
            Err(error) => {
                counts.failed.inc();
                tracing::error!("session {number} has failed: {error}");
            }
        }
        counts.active.dec();
        drop(place);
    };
    thread::Builder::new().name(format!("session-{number}")).spawn(serve).map(drop).map_err(CliError::Thread)
}

fn names(roster: &Roster) -> String {
    roster.compute.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ")
}
