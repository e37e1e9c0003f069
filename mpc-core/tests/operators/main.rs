//! The table of operators in docs/operators.md: its costs are checked on every run, its errors are measured on a million
//! points by
//!
//! ```text
//! cargo test --release -p mpc-core --test operators -- --ignored --nocapture
//! ```
//!
//! which writes it anew.

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

/// A size at which bits fill whole words, so that costs of an element are exact.
const COUNT: usize = 12_800;

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
    let each = |bytes: u64| bytes as f64 / x.len() as f64;
    let (sent, dealt) = (each(cost.sent) / (parties - 1) as f64, each(cost.dealt));
    Row { name: entry.name.into(), rounds: cost.rounds, sent, dealt, error, crypten: entry.crypten.into() }
}

#[test]
fn the_table_has_the_costs_of_every_operator() {
    let table = table::read();
    let found: Vec<Row> = entries().iter().map(|entry| run(entry, ProtocolKind::Dealer, 2, COUNT)).collect();
    assert_eq!(
        table.iter().map(|row| &row.name).collect::<Vec<_>>(),
        found.iter().map(|row| &row.name).collect::<Vec<_>>()
    );
    for (written, found) in table.iter().zip(&found) {
        // Operands that do not grow with the batch weigh less in a larger one.
        let shared = ["matmul", "conv2d", "embedding", "batch_norm"].iter().any(|of| found.name.starts_with(of));
        let near = |a: f64, b: f64| (a - b).abs() <= if shared { 0.5 * b } else { 0.0005 + 0.002 * b };
        let fits = written.rounds == found.rounds && near(written.sent, found.sent) && near(written.dealt, found.dealt);
        assert!(fits, "docs/operators.md says {written:?}, and it is {found:?}");
        assert_eq!(written.crypten, found.crypten);
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
    let rows: Vec<Row> = entries()
        .iter()
        .map(|entry| {
            let row = run(entry, ProtocolKind::Dealer, 2, 1_024_000);
            eprintln!("{}", row.line());
            row
        })
        .collect();
    table::write(&rows);
}
