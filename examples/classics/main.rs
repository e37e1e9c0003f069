//! Four classics on tables that two parties share and do not show each other: linear regression, a support vector machine,
//! the nearest neighbours, and principal components. One file each, and the same in the clear beside it.
//!
//! `cargo run --release --example classics` runs both parties on this machine; `-- --method svm` runs one method.

mod components;
mod data;
mod neighbours;
mod regression;
#[path = "../common/report.rs"]
mod report;
mod svm;

use data::Outcome;
use launch::clap;
use mpc::prelude::*;

parties! { compute Clinic, Lab; }

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Method {
    /// Linear regression
    Regression,
    /// A linear support vector machine
    Svm,
    /// The nearest neighbours
    Neighbours,
    /// Principal components
    Components,
}

#[derive(clap::Args)]
struct Flags {
    /// One of the methods; all of them, if none is named
    #[arg(long)]
    method: Option<Method>,
}

const ALL: [Method; 4] = [Method::Regression, Method::Svm, Method::Neighbours, Method::Components];

impl Method {
    async fn on_shares(self, s: &Session) -> mpc::Result<Outcome> {
        match self {
            Self::Regression => regression::on_shares(s).await,
            Self::Svm => svm::on_shares(s).await,
            Self::Neighbours => neighbours::on_shares(s).await,
            Self::Components => components::on_shares(s).await,
        }
    }

    fn in_the_clear(self) -> Outcome {
        match self {
            Self::Regression => regression::in_the_clear(),
            Self::Svm => svm::in_the_clear(),
            Self::Neighbours => neighbours::in_the_clear(),
            Self::Components => components::in_the_clear(),
        }
    }

    fn score(self) -> &'static str {
        match self {
            Self::Regression => "regression: variance explained",
            Self::Svm => "support vectors: right on test rows",
            Self::Neighbours => "neighbours: right names",
            Self::Components => "two components: variance explained",
        }
    }
}

/// Four classics on a table that two parties have together.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    let mut rows = Vec::new();
    for method in ALL.into_iter().filter(|method| flags.method.is_none_or(|only| only == *method)) {
        let before = s.traffic().total.rounds;
        let (found, clear) = (method.on_shares(&s).await?, method.in_the_clear());
        rows.push((method.score(), format!("{:.2} %", 100.0 * found.score)));
        rows.push(("  in the clear", format!("{:.2} %", 100.0 * clear.score)));
        if !found.values.is_empty() {
            rows.push(("  largest difference", format!("{:.4}", apart(&found, &clear))));
        }
        rows.push(("  rounds of this", (s.traffic().total.rounds - before).to_string()));
    }
    report::print(&s, &rows);
    Ok(())
}

/// The largest difference of what is revealed beside the score.
fn apart(found: &Outcome, clear: &Outcome) -> f64 {
    found.values.iter().zip(&clear.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees(method: Method, tolerance: f64) {
        let clear = method.in_the_clear();
        for parties in [2, 3] {
            let seen = mpc::sim::Sim::new(parties).seed(1).run(async |s: Session| method.on_shares(&s).await);
            for found in seen.into_iter().map(|party| party.unwrap()) {
                assert!((found.score - clear.score).abs() < 0.005, "{} and {}", found.score, clear.score);
                assert!(apart(&found, &clear) < tolerance, "{found:?} {clear:?}");
            }
        }
        assert!(clear.score > 0.4, "{}", clear.score);
    }

    #[test]
    fn the_regression_is_that_in_the_clear() {
        agrees(Method::Regression, 5e-3);
    }

    #[test]
    fn the_support_vector_machine_is_that_in_the_clear() {
        agrees(Method::Svm, 5e-3);
    }

    #[test]
    fn the_neighbours_are_those_in_the_clear() {
        agrees(Method::Neighbours, 0.5);
    }

    #[test]
    fn the_components_are_those_in_the_clear() {
        agrees(Method::Components, 5e-3);
    }
}
