//! `mpc dealer`: hands out correlated randomness to many sessions at once.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, thread, time::Duration};

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use mpc_comm::{DealerListener, Mesh, Options, Roster};
use mpc_core::{Settings, rand::Prg};

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
/// time.
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
    /// Each takes a thread, and memory for the requests that are being answered.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    sessions: u16,

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
}

impl Dealer {
    /// Serves until stopped, or with `--once` until the first session has ended.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let roster = Roster::load(&self.roster).map_err(CliError::Roster)?;
        let Some(address) = roster.dealer.as_ref().map(|dealer| dealer.address.clone()) else {
            return Err(CliError::NoDealer { file: self.roster });
        };
        let (identity, allow_plaintext) = (self.identity.load()?, self.identity.insecure_no_tls);
        let settings = Settings { fraction_bits: self.fraction_bits, prg: self.prg, ..Settings::default() };
        let (counts, mut figures) = (Counts::default(), Figures::new("dealer"));
        counts.show(&mut figures);
        figures.add_certificate(identity.as_ref());
        let options = Options { identity, allow_plaintext, bind: self.bind, ..Options::default() };
        let mut listener = DealerListener::bind(&roster, &settings.agreement(), options)?;
        // Who listens is alive.
        if let Some(bound) = self.metrics.bind()? {
            bound.serve(figures);
        }
        tracing::info!("dealer for {} at {address}", names(&roster));
        if self.once {
            let mesh = listener.accept_session()?;
            mpc_core::run_dealer_watched(mesh, &settings, &mut counts.watch(self.allowance))?;
            return Ok(());
        }
        serve_all(&mut listener, &settings, self.sessions.into(), &counts, self.allowance)
    }
}

/// Gives every session a thread of its own, and goes on when one of them fails.
fn serve_all(
    listener: &mut DealerListener,
    settings: &Settings,
    limit: usize,
    counts: &Counts,
    allowance: Allowance,
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
                start(number, mesh, *settings, Arc::clone(&places), counts.clone(), allowance)?;
            }
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
    Ok(())
}

fn start(
    number: u64,
    mesh: Mesh,
    settings: Settings,
    place: Arc<()>,
    counts: Counts,
    allowance: Allowance,
) -> Result<(), CliError> {
    let serve = move || {
        tracing::info!("session {number} has begun");
        counts.active.inc();
        match mpc_core::run_dealer_watched(mesh, &settings, &mut counts.watch(allowance)) {
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
