//! The `main` of a multi-party program: one binary that is every party.
//!
//! Started without `--party`, the binary runs all parties on this machine: it makes a roster of free loopback ports,
//! starts the dealer and every party as a process of its own and shows their output with the party's name before each
//! line. With `--party NAME --roster FILE` it is one party, to be run by the organisation of that name; with `--rank-from
//! SCHEDULER` it is the one that its rank in a job of `mpirun`, `srun` or the like stands for. `--explain` counts
//! what the program costs, `--shadow` compares it step by step with the same in the clear. `--help` of such a binary
//! explains all its flags.
//!
//! ```no_run
//! use mpc::launch::{self, clap};
//! use std::process::ExitCode;
//!
//! struct Parties;
//! impl mpc::PartySet for Parties {
//!     const COMPUTE: &'static [&'static str] = &["Hospital", "Lab"];
//! }
//!
//! #[derive(clap::Args)]
//! struct Flags {
//!     /// Passes over the data
//!     #[arg(long, default_value_t = 10)]
//!     epochs: u64,
//! }
//!
//! fn main() -> ExitCode {
//!     launch::main::<Parties, Flags, _, _>(Some("Trains a model on the data of both"), |session, flags| async move {
//!         let epochs = launch::Progress::new("epochs", flags.epochs);
//!         for _ in 0..flags.epochs {
//!             // ... train on `session` ...
//!             epochs.advance(1);
//!         }
//!         # drop(session);
//!         Ok(())
//!     })
//! }
//! ```

mod args;
mod bar;
mod crew;
mod error;
mod identity;
mod lines;
mod local;
mod logging;
mod offline;
mod party;
mod prefix;
mod progress;
mod progress_line;
mod rank;
mod rehearse;
mod roster;
mod screen;
mod status;
mod supervise;
mod tail;
mod watch;

use std::{io::Write, process::ExitCode};

use mpc_core::{PartySet, Session};
use mpc_telemetry::Telemetry;

use self::args::{Cli, Invocation, Rehearsal};
use self::error::LaunchError;
pub use self::progress::Progress;
pub use clap::{self, Args};

/// Who takes part in a program, as `parties!` says.
#[derive(Clone, Copy, Debug)]
struct Cast<'a> {
    compute: &'a [&'a str],
    clients: &'a [&'a str],
}

impl Cast<'_> {
    /// How many processes decide about success: all but the dealer.
    fn len(self) -> usize {
        self.compute.len() + self.clients.len()
    }
}

/// For a program without flags of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct NoArgs {}

/// Runs the program as the command line says: all parties on this machine, or one of them.
///
/// `about` is the first line of `--help`, `A` are the program's own flags. The exit code is 0 if all went well, 1 after
/// an error (which has been printed), 2 for a wrong command line, and 143 or 130 if SIGTERM or Ctrl-C came before it was
/// done: the other parties are then told, and learn that it was the operator. A second signal ends it at once.
pub fn main<P, A, F, Fut>(about: Option<&'static str>, program: F) -> ExitCode
where
    P: PartySet,
    A: Args,
    F: Fn(Session, A) -> Fut + Sync,
    Fut: Future<Output = mpc_core::Result<()>>,
{
    let cast = Cast { compute: P::COMPUTE, clients: P::CLIENTS };
    let invocation = match args::parse::<A>(about, cast, std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(error) => {
            // Nothing can be done about a closed terminal.
            let _ = error.print();
            return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    let (telemetry, result) = match invocation {
        Invocation::PrintRoster => (Telemetry::default(), print_example(cast)),
        Invocation::Run(cli) => (logging::start(cast, &cli), run(cast, *cli, program)),
    };
    let code = match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error::print(&error);
            error.exit_code()
        }
    };
    drop(telemetry);
    code
}

fn run<A, F, Fut>(cast: Cast<'_>, cli: Cli<A>, program: F) -> Result<(), LaunchError>
where
    A: Args,
    F: Fn(Session, A) -> Fut + Sync,
    Fut: Future<Output = mpc_core::Result<()>>,
{
    mpc_core::keep_freed_memory();
    if cli.parties.party.is_some() || cli.parties.rank_from.is_some() {
        return party::run(cast, cli, program);
    }
    let env = |name: &str| std::env::var(name).ok();
    if let Some((scheduler, size)) = rank::unasked(&env) {
        let name = scheduler.name();
        tracing::warn!(
            "one of {size} processes, and each runs all parties: --rank-from {name} makes each of them one party"
        );
    }
    match (&cli.rehearsal, &cli.logging.audit) {
        (Rehearsal { explain: true, .. }, _) => rehearse::explain(cast, cli, program),
        (Rehearsal { shadow: true, .. }, _) => rehearse::shadow(cast, cli, program),
        (_, Some(file)) if !identity::has_party(file) => Err(LaunchError::OneAudit { file: file.clone() }),
        _ => local::run(cast, cli.parties.protocol, &cli.offline, cli.network.tls.tls),
    }
}

fn print_example(cast: Cast<'_>) -> Result<(), LaunchError> {
    let text = roster::example(cast).to_toml();
    anstream::stdout().write_all(text.as_bytes()).map_err(LaunchError::Print)
}
