//! The programs that are harmed, small.

/// An example, who takes part in it, and flags that make it short.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cast {
    pub(crate) example: &'static str,
    pub(crate) compute: &'static [&'static str],
    pub(crate) clients: &'static [&'static str],
    pub(crate) flags: &'static [&'static str],
    /// Whether the short version has it too.
    pub(crate) short: bool,
}

impl Cast {
    /// All but the dealer.
    pub(crate) fn parties(&self) -> impl Iterator<Item = &'static str> {
        self.compute.iter().chain(self.clients).copied()
    }
}

const fn cast(example: &'static str, compute: &'static [&'static str], flags: &'static [&'static str]) -> Cast {
    Cast { example, compute, clients: &[], flags, short: false }
}

/// Every example that computes with its own parties alone. `serving` and `speakers` are not here: the first has guests
/// (`tests/serving.rs`), the second runs for minutes.
pub(crate) const ALL: [Cast; 9] = [
    Cast { short: true, ..cast("auction", &["Ada", "Ben", "Cleo", "Dora"], &[]) },
    Cast { clients: &["Patient"], short: true, ..cast("second_opinion", &["University", "Countryside"], &[]) },
    cast("credit_scoring", &["Lender", "HouseBank"], &[]),
    cast("trees", &["Lab", "Clinic"], &["--trees", "4"]),
    cast("kmeans", &["Kyoto", "Kew", "Berlin"], &["--turns", "2"]),
    cast("breast_cancer", &["Northside", "Riverside"], &["--epochs", "1"]),
    cast("classics", &["Clinic", "Lab"], &["--method", "regression"]),
    cast("text", &["Bookshop", "Outfitter"], &["--epochs", "1"]),
    cast(
        "mnist",
        &["Post", "Bank"],
        &["--train", "64", "--test", "32", "--batch", "32", "--epochs", "1", "--no-clear"],
    ),
];
