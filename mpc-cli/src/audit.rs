//! `mpc audit`: shows what a session opened, and whether all parties say the same.

use std::{collections::HashMap, io::Write, path::PathBuf};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use mpc_core::audit::{Difference, Ending, Ledger, NoLedger, Opening};

use crate::error::CliError;

/// Show what was opened, to whom, and where the program says so
///
/// The files are those that programs write with --audit. Several are compared: parties of a session must have opened the same.
/// The command then fails if they differ, and says where. A client's is shown and not compared, since a client does not
/// know which steps the parties dropped because nobody read them.
///
/// A ledger is what its party's program asked for. It is no proof towards others.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Ledgers of one session
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Why there is nothing good to show.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum AuditError {
    #[error("{} is no ledger", file.display())]
    #[diagnostic(help("a program writes one with --audit FILE"))]
    NoLedger { file: PathBuf, source: NoLedger },

    #[error("{} and {} are no ledgers of one session: {problem}", first.display(), second.display())]
    #[diagnostic(help("compare the files that the parties of one run have written"))]
    OtherSession { first: PathBuf, second: PathBuf, problem: String },

    #[error("the ledgers differ: {problem}")]
    #[diagnostic(help("the parties did not run the same program; see the source lines that are named"))]
    Differ { problem: String },
}

/// A difference, and whose ledgers it is between.
struct Dispute {
    first: String,
    second: String,
    difference: Difference,
}

impl Audit {
    /// Prints the ledgers, and fails if they differ.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let read = |file: PathBuf| match Ledger::read(&file) {
            Ok(ledger) => Ok((file, ledger)),
            Err(source) => Err(AuditError::NoLedger { file, source }),
        };
        let ledgers = self.files.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        one_session(&ledgers)?;
        let ledgers: Vec<Ledger> = ledgers.into_iter().map(|(_, ledger)| ledger).collect();
        let disputes = disputes(&ledgers);
        let text = if self.json { json(&ledgers, &disputes) } else { table(&ledgers, &disputes) };
        anstream::stdout().write_all(text.as_bytes()).map_err(CliError::Print)?;
        match disputes.first() {
            Some(dispute) => Err(AuditError::Differ { problem: in_words(dispute) }.into()),
            None => Ok(()),
        }
    }
}

/// Checks that all ledgers can be of one session.
fn one_session(ledgers: &[(PathBuf, Ledger)]) -> Result<(), AuditError> {
    for (at, (second, theirs)) in ledgers.iter().enumerate() {
        let (theirs, earlier) = (&theirs.head, &ledgers[..at]);
        let problem = |ours: &mpc_core::audit::Head| match () {
            () if ours.parties != theirs.parties => {
                Some(format!("their parties are {} and {}", ours.parties.join(", "), theirs.parties.join(", ")))
            }
            () if ours.session != theirs.session => {
                Some(format!("their labels are `{}` and `{}`", ours.session, theirs.session))
            }
            () if ours.party == theirs.party => Some(format!("both are of {}", ours.party)),
            () => None,
        };
        for (first, ours) in earlier {
            if let Some(problem) = problem(&ours.head) {
                let (first, second) = (first.clone(), second.clone());
                return Err(AuditError::OtherSession { first, second, problem });
            }
        }
    }
    Ok(())
}

/// Where the parties' ledgers part from that of the first of them.
fn disputes(ledgers: &[Ledger]) -> Vec<Dispute> {
    let mut compute = ledgers.iter().filter(|ledger| !ledger.head.client);
    let Some(first) = compute.next() else { return Vec::new() };
    let dispute = |second: &Ledger| {
        let (names, difference) = ([first, second].map(|ledger| ledger.head.party.clone()), first.difference(second)?);
        let [first, second] = names;
        Some(Dispute { first, second, difference })
    };
    compute.filter_map(dispute).collect()
}

fn in_words(Dispute { first, second, difference }: &Dispute) -> String {
    let has = |opening: &Option<Opening>| match opening {
        Some(opening) => format!("has {opening}"),
        None => "has ended".to_owned(),
    };
    let (at, ours, theirs) = (difference.at + 1, has(&difference.first), has(&difference.second));
    format!("at opening {at}, {first} {ours}; {second} {theirs}")
}

fn ending(ledger: &Ledger) -> &'static str {
    match ledger.end.map(|end| end.ending) {
        Some(Ending::Finished) => "finished",
        Some(Ending::Failed) => "failed",
        None => "was killed, or still runs",
    }
}

/// Equal openings as one row, in the order in which they were first made.
fn rows(ledger: &Ledger) -> Vec<Opening> {
    let (mut rows, mut places) = (Vec::<Opening>::new(), HashMap::new());
    for opening in &ledger.openings {
        let key = Opening { times: 0, ..opening.clone() };
        match places.get(&key) {
            Some(&at) => {
                let row: &mut Opening = &mut rows[at];
                row.times = row.times.saturating_add(opening.times);
            }
            None => {
                places.insert(key, rows.len());
                rows.push(opening.clone());
            }
        }
    }
    rows
}

fn table(ledgers: &[Ledger], disputes: &[Dispute]) -> String {
    // One is enough where all say the same: that of a party which has most to say.
    let longest = ledgers.iter().max_by_key(|ledger| (!ledger.head.client, ledger.openings.len()));
    let shown: Vec<&Ledger> = match disputes.is_empty() {
        true => longest.into_iter().collect(),
        false => ledgers.iter().collect(),
    };
    let mut text = String::new();
    for ledger in shown {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(["step", "shape", "to", "at", "times"]);
        table.column_iter_mut().skip(4).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        for Opening { scope, shape, to, file, row, column, times } in rows(ledger) {
            let at = format!("{file}:{row}:{column}");
            table.add_row([scope, format!("{shape:?}"), to.to_string(), at, times.to_string()]);
        }
        text += &format!("opened by {} in session {}\n{table}\n", ledger.head.party, ledger.head.session);
    }
    for ledger in ledgers {
        let kind = if ledger.head.client { " (client, not compared)" } else { "" };
        text += &format!("{}{kind}: {} openings, {}\n", ledger.head.party, ledger.openings.len(), ending(ledger));
    }
    let compared = ledgers.iter().filter(|ledger| !ledger.head.client).count();
    if compared > 1 && disputes.is_empty() {
        text += &format!("the ledgers of {compared} parties agree\n");
    }
    text
}

fn json(ledgers: &[Ledger], disputes: &[Dispute]) -> String {
    let ledger = |ledger: &Ledger| serde_json::json!({ "head": ledger.head, "openings": ledger.openings, "ending": ledger.end.map(|end| end.ending) });
    let dispute = |Dispute { first, second, difference }: &Dispute| {
        let Difference { at, first: ours, second: theirs } = difference;
        serde_json::json!({ "parties": [first, second], "at": at, "openings": [ours, theirs] })
    };
    let object = serde_json::json!({
        "agree": disputes.is_empty(),
        "differences": disputes.iter().map(dispute).collect::<Vec<_>>(),
        "ledgers": ledgers.iter().map(ledger).collect::<Vec<_>>(),
    });
    format!("{object}\n")
}
