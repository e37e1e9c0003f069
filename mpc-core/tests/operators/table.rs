//! docs/operators.md: read, and written anew.

use std::{fs, path::PathBuf};

/// A row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) rounds: u64,
    pub(crate) sent: f64,
    pub(crate) dealt: f64,
    pub(crate) error: f64,
    pub(crate) crypten: String,
}

const HEAD: &str =
    "| operator | rounds | sent B | dealt B | largest error | CrypTen 0.4.1 |\n|---|---|---|---|---|---|\n";

impl Row {
    pub(crate) fn line(&self) -> String {
        let Self { name, rounds, sent, dealt, error, crypten } = self;
        let error = if *error == 0.0 { "0".to_owned() } else { format!("{error:.1e}") };
        format!("| {name} | {rounds} | {sent:.3} | {dealt:.3} | {error} | {crypten} |\n")
    }

    fn parse(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").map(str::trim).collect();
        let &[name, rounds, sent, dealt, error, ref rest @ ..] = &cells[..] else { return None };
        Some(Self {
            name: name.to_owned(),
            rounds: rounds.parse().ok()?,
            sent: sent.parse().ok()?,
            dealt: dealt.parse().ok()?,
            error: error.parse().ok()?,
            crypten: rest.first().copied().unwrap_or_default().to_owned(),
        })
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/operators.md")
}

/// The rows of the file.
pub(crate) fn read() -> Vec<Row> {
    let text = fs::read_to_string(path()).expect("docs/operators.md");
    text.lines().filter_map(Row::parse).collect()
}

/// Replaces the table, and leaves the text around it.
pub(crate) fn write(rows: &[Row]) {
    let text = fs::read_to_string(path()).expect("docs/operators.md");
    let (before, rest) = text.split_once(HEAD).expect("the head of the table");
    let after = rest.split_once("\n\n").map_or(String::new(), |(_, after)| format!("\n{after}"));
    let lines: String = rows.iter().map(Row::line).collect();
    fs::write(path(), format!("{before}{HEAD}{lines}{after}")).expect("docs/operators.md");
}
