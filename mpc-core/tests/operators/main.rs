//! The table of operators in docs/operators.md: its costs are checked on every run, its errors are measured on a million
//! points by
//!
//! ```text
//! cargo test --release -p mpc-core --test operators -- --ignored --nocapture
//! ```
//!
//! which writes it anew; `OPERATORS='exp;powi(3)'` does so for these rows alone.

#[path = "../common/mod.rs"]
mod common;

mod catalogue;
mod points;
mod structured;
mod table;

use catalogue::Entry;
use common::{agreed, alice, bob};
use mpc_core::{ProtocolKind, Secret, Session, Tensor, sim::Sim};
use table::Row;

/// How many values errors are measured on.
const COUNT: usize = 1_024_000;

/// Rounds; bytes from each party to each other; bytes from the dealer to all.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    rounds: u64,
    sent: u64,
    dealt: u64,
}

fn entries() -> Vec<Entry> {
    [catalogue::single(), structured::along_rows(), structured::maps()].into_iter().flatten().collect()
}

async fn measure(s: &Session, entry: &Entry, x: &[f64], y: &[f64]) -> (Tensor<Secret>, Cost) {
    let (x, y) = (alice(s, x.len(), |i| x[i]), bob(s, y.len(), |i| y[i]));
    s.flush();
    let (before, dealt) = (s.traffic().total, s.dealer_sent());
    let z = (entry.program)(&x, &y);
    s.flush();
    let spent = s.traffic().total - before;
    (z, Cost { rounds: spent.rounds, sent: spent.sent, dealt: s.dealer_sent() - dealt })
}

/// Runs an operator on about so many values and returns the row of the table, without comparing it.
///
/// # Panics
/// If an error is beyond the claim, or the cost report gives another cost.
fn run(entry: &Entry, protocol: ProtocolKind, parties: usize, count: usize) -> Row {
    let (x, y) = (entry.inputs)(count);
    let sim = Sim::new(parties).protocol(protocol).seed(7);
    let (found, cost) = agreed(sim.run(async |s: Session| {
        let (z, cost) = measure(&s, entry, &x, &y).await;
        Ok((z.reveal().await?.into_raw_vec_and_offset().0, cost))
    }));
    let counted = std::cell::Cell::new(cost);
    let explained = sim.explain(async |s: Session| {
        counted.set(measure(&s, entry, &x, &y).await.1);
        Ok(())
    });
    assert!(explained.is_ok() && counted.get() == cost, "the cost report of {}: {:?}", entry.name, counted.get());
    let expected = (entry.clear)(&x, &y);
    assert_eq!(found.len(), expected.len(), "{}", entry.name);
    let single = found.len() == x.len() && y.len() == x.len();
    let mut error = 0f64;
    for (at, (z, clear)) in found.into_iter().zip(expected).enumerate() {
        let inputs = if single { (x[at], y[at]) } else { (0.0, 0.0) };
        let (far, claim) = ((z - clear).abs(), (entry.claim)(inputs.0, inputs.1, clear));
        assert!(
            far <= claim,
            "{} with {protocol:?} at {parties} parties, element {at} of {inputs:?}: {z}, not {clear} within {claim:e}",
            entry.name
        );
        error = error.max(far / clear.abs().max(1.0));
    }
    row(entry, cost, x.len(), parties, error)
}

fn row(entry: &Entry, cost: Cost, elements: usize, parties: usize, error: f64) -> Row {
    let each = |bytes: u64| bytes as f64 / elements as f64;
    let (sent, dealt) = (each(cost.sent) / (parties - 1) as f64, each(cost.dealt));
    Row { name: entry.name.into(), rounds: cost.rounds, sent, dealt, error, crypten: entry.crypten.into() }
}

#[test]
fn the_table_has_the_costs_of_every_operator() {
    let table = table::read();
    let names = |of: &dyn Fn(usize) -> String, count: usize| (0..count).map(of).collect::<Vec<_>>();
    let entries = entries();
    assert_eq!(
        names(&|at| table[at].name.clone(), table.len()),
        names(&|at| entries[at].name.to_owned(), entries.len())
    );
    for (written, entry) in table.iter().zip(&entries) {
        // The cost of a run is that of the cost report: `run` compares them.
        run(entry, ProtocolKind::Dealer, 2, 3_000);
        let (x, y) = (entry.inputs)(COUNT);
        let (x, y) = (x.len(), y.len());
        let cost = std::cell::Cell::new(None);
        let explained = Sim::new(2).explain(async |s: Session| {
            cost.set(Some(measure(&s, entry, &vec![0.0; x], &vec![0.0; y]).await.1));
            Ok(())
        });
        explained.unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        let found = row(entry, cost.take().expect("a cost"), x, 2, written.error);
        assert_eq!(written.line(), found.line(), "docs/operators.md is out of date");
    }
}

#[test]
fn three_and_five_parties_and_the_clear_protocol_are_within_the_claims() {
    for entry in entries() {
        run(&entry, ProtocolKind::Dealer, 3, 700);
        run(&entry, ProtocolKind::Dealer, 5, 500);
        run(&entry, ProtocolKind::Plain, 2, 700);
    }
}

#[test]
#[ignore = "a million points for each operator: minutes; writes docs/operators.md"]
fn a_million_points() {
    let only = std::env::var("OPERATORS").ok();
    let mut written = table::read();
    let mut kept = |entry: &Entry| {
        let asked = only.as_ref().is_none_or(|names| names.split(';').any(|name| name == entry.name));
        let at = written.iter().position(|row| !asked && row.name == entry.name)?;
        Some(written.swap_remove(at))
    };
    let rows: Vec<Row> = entries()
        .iter()
        .map(|entry| kept(entry).unwrap_or_else(|| run(entry, ProtocolKind::Dealer, 2, COUNT)))
        .inspect(|row| eprint!("{}", row.line()))
        .collect();
    table::write(&rows);
}
