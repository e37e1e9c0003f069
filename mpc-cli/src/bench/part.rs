//! One process of a measurement: a party or the dealer. The command starts itself for each.

use std::{
    error::Error as _,
    io::{self, Write},
    path::PathBuf,
    process::{self, ExitCode},
    thread,
    time::Duration,
};

use clap::Args;
use mpc_comm::{DealerListener, Identity, Options, PartyId, Roster};
use mpc_core::{Device, Error, Settings, rand::Prg};
use serde::{Deserialize, Serialize};

use super::measure::{self, Cost, Plan};
use super::options::{Net, Protocol, device};
use super::usage::{self, Cpu};
use super::workloads::{self, Workload};

/// The exit code of a process whose starter is gone. Nobody is left to see it.
const ORPHANED: i32 = 4;

/// One process of a measurement
#[derive(Debug, Args)]
pub(crate) struct Part {
    #[arg(long)]
    roster: PathBuf,
    /// The name in the roster.
    #[arg(long)]
    party: String,
    #[arg(long)]
    workload: String,
    #[arg(long)]
    repeat: usize,
    #[arg(long)]
    tiny: bool,
    #[arg(long)]
    served: bool,
    #[arg(long)]
    protocol: Protocol,
    #[arg(long, value_parser = device)]
    device: Device,
    #[arg(long)]
    prg: Prg,
    #[arg(long)]
    net: Net,
    /// Seconds.
    #[arg(long)]
    grace: u16,
    /// The folder of its certificate and key.
    #[arg(long)]
    identity: Option<PathBuf>,
}

/// What a process tells the one that started it: a line of JSON each, on its standard output.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// One more repetition is done.
    Done,
    /// A party's measurement; only party 0 knows the error.
    Party { costs: Vec<Cost>, peak_rss: Option<u64>, error: Option<f64> },
    /// The dealer's own, over all repetitions and the start.
    Dealer { peak_rss: Option<u64>, cpu: Option<Cpu> },
    /// The end: what went wrong, and whether another process is the cause.
    Failed { causes: Vec<String>, followed: bool },
}

impl Part {
    /// Which of the processes this is.
    pub(crate) fn party(&self) -> &str {
        &self.party
    }

    /// Runs it; what it measures or why it failed goes to the standard output.
    pub(crate) fn run(self) -> ExitCode {
        let failed = |causes, followed| {
            tell(&Message::Failed { causes, followed });
            ExitCode::FAILURE
        };
        let watch = || {
            // The starter keeps our input open and writes nothing: however it ends, we see the end of it.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            process::exit(ORPHANED);
        };
        if let Err(error) = thread::Builder::new().name("watch".to_owned()).spawn(watch) {
            return failed(vec![format!("cannot start a thread: {error}")], false);
        }
        let Some(workload) = workloads::find(&self.workload, self.tiny) else {
            return failed(vec![format!("there is no workload `{}`", self.workload)], false);
        };
        match self.serve(&workload) {
            Ok(message) => {
                tell(&message);
                ExitCode::SUCCESS
            }
            Err(error) => {
                let followed = matches!(error, Error::Aborted { .. } | Error::Peer { .. });
                let mut causes = vec![error.to_string()];
                let mut next = error.source();
                while let Some(cause) = next {
                    causes.push(cause.to_string());
                    next = cause.source();
                }
                failed(causes, followed)
            }
        }
    }

    fn serve(&self, workload: &Workload) -> mpc_core::Result<Message> {
        let roster = Roster::load(&self.roster).map_err(mpc_comm::Error::from)?;
        let (protocol, device) = (self.protocol.kind(), Some(self.device));
        let settings = Settings { protocol, device, prg: self.prg, ..Settings::default() };
        let identity = self.identity.as_ref().map(Identity::load).transpose().map_err(mpc_comm::Error::from)?;
        let options = Options {
            slow: self.net.speed(),
            identity,
            grace: Duration::from_secs(self.grace.into()),
            ..Options::default()
        };
        let Some(me) = roster.id_of(&self.party).filter(|party| !party.is_dealer()) else {
            let mut listener = DealerListener::bind(&roster, &settings.agreement(), options)?;
            mpc_core::run_dealer(listener.accept_session()?, &settings)?;
            return Ok(Message::Dealer { peak_rss: usage::peak_rss(), cpu: usage::cpu() });
        };
        let mesh = mpc_comm::connect(&roster, me, &settings.agreement(), options)?;
        let (first, plan) = (me == PartyId(0), Plan::new(self.repeat, self.served));
        let done = || {
            if first {
                tell(&Message::Done)
            }
        };
        let program = |s| async move { measure::measure(&s, workload, plan, done).await };
        let measured = mpc_core::run_party(mesh, &settings, program)?;
        let error = first.then(|| measure::error(workload, &measured.results));
        Ok(Message::Party { costs: measured.costs, peak_rss: measured.peak_rss, error })
    }
}

fn tell(message: &Message) {
    // Whoever does not listen any more will not miss it; numbers that JSON does not have become null.
    if let Ok(line) = serde_json::to_string(message) {
        let _ = writeln!(io::stdout().lock(), "{line}");
    }
}
