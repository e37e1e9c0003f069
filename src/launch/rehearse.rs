//! Trying a program out alone, before anybody connects: `--explain` counts what it costs, `--shadow` says how exact it is.

use std::io::Write;

use clap::Args;
use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use indicatif::{DecimalBytes, HumanCount};
use mpc_comm::LinkSpeed;
use mpc_core::{
    Session,
    op::Rewrite,
    sim::{Explained, Sim},
};

use super::args::{self, Cli, Invocation};
use super::{Cast, error::LaunchError, party};

/// Counts rounds and bytes by scope.
pub(super) fn explain<A, F, Fut>(cast: Cast<'_>, cli: Cli<A>, program: F) -> Result<(), LaunchError>
where
    A: Args,
    F: Fn(Session, A) -> Fut,
    Fut: Future<Output = mpc_core::Result<()>>,
{
    tracing::warn!("--explain: nothing is computed; what the program prints of its results are zeros");
    let sim = sim(cast, &cli);
    let flags = cli.program;
    let explained = sim.explain(|session| program(session, flags))?;
    print(&costs(&explained, cast.compute.len()))
}

/// Runs all parties as threads of this process, on shares and in the clear, and compares them step by step.
pub(super) fn shadow<A, F, Fut>(cast: Cast<'_>, cli: Cli<A>, program: F) -> Result<(), LaunchError>
where
    A: Args,
    F: Fn(Session, A) -> Fut + Sync,
    Fut: Future<Output = mpc_core::Result<()>>,
{
    tracing::warn!("--shadow: one process sees everything, NOTHING IS SECRET; use made-up data");
    let program = &program;
    // Every thread reads the command line for itself: the program's flags need be neither `Clone` nor `Send`.
    let shadow = sim(cast, &cli).shadow(|session| async move {
        match args::parse::<A>(None, cast, std::env::args_os()) {
            Ok(Invocation::Run(cli)) => program(session, cli.program).await,
            // It has been read before, and was right.
            _ => Ok(()),
        }
    })?;
    let mut table = table(["step", "values", "largest value", "largest error"]);
    for row in &shadow.rows {
        let numbers = [format!("{:.4}", row.largest), format!("{:.1e}", row.error)];
        table.add_row([row.scope.clone(), HumanCount(row.values as u64).to_string()].into_iter().chain(numbers));
    }
    print(&format!("{table}\n"))
}

fn sim<A: Args>(cast: Cast<'_>, cli: &Cli<A>) -> Sim {
    Sim::new(cast.compute.len()).clients(cast.clients.len()).settings(party::settings(&cli.parties))
}

/// The table of `--explain`, with its lines on networks, memory and rewrites.
fn costs(explained: &Explained, parties: usize) -> String {
    let traffic = &explained.traffic;
    let mut table = table(["step", "rounds", "sent by each party", "received from the dealer", "LAN", "WAN"]);
    let total = [("total".into(), traffic.total)];
    for (step, count) in traffic.scopes.iter().map(|(step, count)| (step.clone(), *count)).chain(total) {
        let [sent, dealt] = [count.sent, count.dealt].map(|bytes| DecimalBytes(bytes).to_string());
        let [lan, wan] = [LinkSpeed::LAN, LinkSpeed::WAN].map(|speed| format!("{:.1?}", speed.least(&count, parties)));
        table.add_row([step.to_string(), HumanCount(count.rounds).to_string(), sent, dealt, lan, wan]);
    }
    format!(
        "{table}\nLAN and WAN: what the network alone takes at 3 Gbit/s and 0.8 ms, and at 100 Mbit/s and 80 ms; what is computed \
         comes on top. A round counts in every step that takes part in it.\nAt most {} of shares, masks and opened values at \
         the same time, at each party.\n{}",
        DecimalBytes(explained.memory),
        rewrites(&explained.rewrites)
    )
}

/// What is computed in another way than it is written.
fn rewrites(rewrites: &[Rewrite]) -> String {
    let line = |Rewrite { name, scope, times }: &Rewrite| format!("Rewritten in {scope}: {name}, {times} times\n");
    rewrites.iter().map(line).collect()
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn print(text: &str) -> Result<(), LaunchError> {
    anstream::stdout().write_all(text.as_bytes()).map_err(LaunchError::Print)
}
