//! The table that an example ends with: its results, what they cost, and what was opened.

use mpc::prelude::*;

/// Prints rows of a name and a value, the rounds and the bytes so far, and the ledger.
pub(crate) fn print(s: &Session, rows: &[(&str, String)]) {
    let cost = s.traffic().total;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(["", s.name()]);
    for (name, value) in rows {
        table.add_row([(*name).to_owned(), value.clone()]);
    }
    table.add_row(["rounds".to_owned(), cost.rounds.to_string()]);
    table.add_row(["sent to the other parties".to_owned(), kilobytes(cost.sent)]);
    table.add_row(["sent by the dealer to all".to_owned(), kilobytes(s.dealer_sent())]);
    anstream::println!("{table}");
    for opened in s.ledger() {
        anstream::println!("opened: {opened}");
    }
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1e3)
}
