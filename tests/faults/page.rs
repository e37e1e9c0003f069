//! docs/faults.md: the text stands here, the tables are what was seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::PathBuf,
    time::Duration,
};

use super::{
    harm::Harm,
    matrix::{Matrix, Seen},
    trial::{CONNECT, GRACE, ROUND, SILENCE},
};

const BEGIN: &str = "<!-- The tables are written by tests/faults; the text around them is not. -->";
const END: &str = "<!-- End of the tables. -->";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md")
}

/// What the page says, by program and harm.
pub(crate) fn read() -> BTreeMap<(String, String), String> {
    let text = fs::read_to_string(path()).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let mut rows = rows.map(|row| row.split(" | ").map(|cell| cell.trim_matches('`').to_owned()).collect::<Vec<_>>());
    let head = rows.find(|row| row[0] == "what happens").expect("the page has a table");
    let mut cells = BTreeMap::new();
    for row in rows.take_while(|row| row.len() == head.len()) {
        for (program, cell) in head.iter().zip(&row).skip(1) {
            cells.insert((program.clone(), row[0].clone()), cell.clone());
        }
    }
    cells
}

/// Puts the tables into the page.
pub(crate) fn write(matrix: &Matrix) {
    let old = fs::read_to_string(path()).unwrap();
    let (before, rest) = old.split_once(BEGIN).expect("the page says where the tables begin");
    let (_, after) = rest.split_once(END).expect("and where they end");
    fs::write(path(), format!("{before}{BEGIN}\n\n{}\n{END}{after}", tables(matrix))).unwrap();
}

fn tables(matrix: &Matrix) -> String {
    let mut text = String::from("| what happens |");
    matrix.iter().for_each(|(program, _)| write!(text, " `{program}` |").unwrap());
    text += "\n|---|";
    text += &"---|".repeat(matrix.len());
    for (row, harm) in Harm::ALL.into_iter().enumerate() {
        write!(text, "\n| {} |", harm.name()).unwrap();
        for (_, seen) in matrix {
            let cell = seen[row].1.outcomes.iter().map(|(outcome, times)| format!("{outcome} ({times})"));
            write!(text, " {} |", cell.collect::<Vec<_>>().join(", ")).unwrap();
        }
    }
    write!(
        text,
        "\n\nThe errors, in all programs together, and the longest from the fault to the end of the last party, with \
         `--connect-timeout {CONNECT} --round-timeout {ROUND} --silence {SILENCE}`, and `--grace {GRACE}` where there is \
         one:\n\n| what happens | errors | longest |\n\
         |---|---|---|\n"
    )
    .unwrap();
    for (row, harm) in Harm::ALL.into_iter().enumerate() {
        let all = || matrix.iter().map(|(_, seen)| &seen[row].1);
        let sorts: BTreeSet<&str> = all().flat_map(|seen: &Seen| seen.sorts.iter().map(String::as_str)).collect();
        let sorts = if sorts.is_empty() { "none".to_owned() } else { sorts.into_iter().collect::<Vec<_>>().join(", ") };
        let longest = all().map(|seen| seen.longest).max().unwrap_or(Duration::ZERO);
        writeln!(text, "| {} | {sorts} | {:.1} s |", harm.name(), longest.as_secs_f64()).unwrap();
    }
    text
}
