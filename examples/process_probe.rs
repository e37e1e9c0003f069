//! A program that computes on secrets and fails when asked to: `tests/processes` starts its parties as processes, to see
//! what each of them says and how it ends.

use std::io::Write;

use launch::clap;
use mpc::prelude::*;

parties! { compute Hospital, Lab, Registry; }

/// What the parties feed in. The first of each is a number that `tests/processes` looks for in everything they say.
const HOSPITAL: [f64; 2] = [1234.56789, 0.25];
const LAB: [f64; 2] = [-2468.01357, 0.5];
const REGISTRY: [f64; 2] = [3456.78912, -1.5];

#[derive(clap::Args)]
struct Flags {
    /// Secret products, each of them revealed
    #[arg(long, default_value_t = 1)]
    steps: u64,
    /// A public constant of the program
    #[arg(long, default_value_t = 0.5)]
    factor: f64,
    /// Feed in something that is not a number; given at one party
    #[arg(long)]
    nan: bool,
    /// Feed in something too large; given at one party
    #[arg(long)]
    huge: bool,
    /// Fail before anything has been computed together
    #[arg(long)]
    at_once: bool,
    /// Multiply matrices that do not fit
    #[arg(long)]
    misfit: bool,
    /// Feed in other numbers
    #[arg(long)]
    other: bool,
    /// Reveal the inputs
    #[arg(long)]
    tell: bool,
}

/// Probes what parties say.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    if !flags.at_once {
        // It takes everybody and the dealer, so from here on nobody is still on the way.
        let one = s.public([1], &[1.0]).share();
        say(format_args!("together {}", (&one * &one).reveal().item().await?))?;
    }

    let load = |[first, second]: [f64; 2]| {
        let second = if flags.nan { f64::NAN } else { second };
        let first = if flags.other { 0.75 * first - second } else { first };
        vec![first, if flags.huge { 1e9 * first } else { second }]
    };
    let own = s.input::<Hospital>([2], || load(HOSPITAL));
    let hospital = own.share();
    let lab = s.input::<Lab>([2], || load(LAB)).share();
    let registry = s.input::<Registry>([2], || load(REGISTRY)).share();
    let sum = &hospital + &lab + &registry;
    say(format_args!("seen {s:?} {own:?} {hospital:?} {sum:?}"))?;
    if flags.misfit {
        let row = hospital.reshape([1, 2]);
        row.matmul(&lab.reshape([1, 2])).reveal().await?;
    }
    if flags.tell {
        say(format_args!("told {} {} {}", hospital.reveal().await?, lab.reveal().await?, registry.reveal().await?))?;
    }

    let factor = s.public([2], &[flags.factor; 2]);
    for step in 0..flags.steps {
        let small = hospital.slice(0, 1..2) * registry.slice(0, 1..2) * &factor;
        let product = small.sigmoid().mean().reveal().item().await?;
        say(format_args!("step {step}: {product:.3}"))?;
    }
    let own = sum.reveal_to::<Hospital>();
    let total = sum.reveal().await?;
    say(format_args!("sum {:.3} {:.3}", total[[0]], total[[1]]))?;
    if let Some(own) = own.await? {
        say(format_args!("only here {:.3}", own[[1]]))?;
    }
    s.ledger().iter().try_for_each(|opened| say(format_args!("opened {opened}")))
}

/// Prints a line at once, also into a pipe.
fn say(line: std::fmt::Arguments<'_>) -> mpc::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").map_err(mpc::Error::program)
}
