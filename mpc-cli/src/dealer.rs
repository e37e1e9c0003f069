//! `mpc dealer`: hands out correlated randomness to many sessions at once.

use std::{path::PathBuf, thread, time::Duration};

use clap::Args;
use mpc_comm::{DealerListener, Mesh, Options, Roster};
use mpc_core::Settings;

use crate::error::CliError;

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

    /// Talk to other machines without encryption
    ///
    /// INSECURE: whoever sees the traffic of all parties learns all data. Only for a network that nobody else can see.
    #[arg(long)]
    insecure_no_tls: bool,

    /// Bits after the binary point of the fixed-point numbers (10 to 24); the same as the parties'
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(10..=24))]
    fraction_bits: u32,
}

impl Dealer {
    /// Serves until stopped, or with `--once` until the first session has ended.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let roster = Roster::load(&self.roster).map_err(CliError::Roster)?;
        let Some(address) = roster.dealer.as_ref().map(|dealer| dealer.address.clone()) else {
            return Err(CliError::NoDealer { file: self.roster });
        };
        if self.insecure_no_tls {
            tracing::warn!("--insecure-no-tls: whoever sees the traffic of all parties learns all data");
        }
        let settings = Settings { fraction_bits: self.fraction_bits, ..Settings::default() };
        let options = Options { allow_plaintext: self.insecure_no_tls, ..Options::default() };
        let mut listener = DealerListener::bind(&roster, &settings.agreement(), options)?;
        tracing::info!("dealer for {} at {address}", names(&roster));
        if self.once {
            let mesh = listener.accept_session()?;
            mpc_core::run_dealer(mesh, &settings)?;
            return Ok(());
        }
        serve_all(&mut listener, &settings)
    }
}

/// Gives every session a thread of its own, and goes on when one of them fails.
fn serve_all(listener: &mut DealerListener, settings: &Settings) -> Result<(), CliError> {
    let mut refused = 0;
    for number in 1_u64.. {
        match listener.accept_session() {
            Ok(mesh) => {
                refused = 0;
                start(number, mesh, *settings)?;
            }
            Err(error) => {
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

fn start(number: u64, mesh: Mesh, settings: Settings) -> Result<(), CliError> {
    let serve = move || {
        tracing::info!("session {number} has begun");
        match mpc_core::run_dealer(mesh, &settings) {
            Ok(served) => tracing::info!("session {number} has ended after {} requests", served.requests),
            Err(error) => tracing::error!("session {number} has failed: {error}"),
        }
    };
    thread::Builder::new().name(format!("session-{number}")).spawn(serve).map(drop).map_err(CliError::Thread)
}

fn names(roster: &Roster) -> String {
    roster.compute.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ")
}
