//! The table of operators, for documentation: made of the same list as the importer.

use super::ops::{self, FAMILIES, ML, OPSETS, OWN};
use std::fmt::Write;

/// The operators that are read, by family, as a table in Markdown: names, versions, and what is not supported.
pub fn operators() -> String {
    let mut text = String::from("| operator | versions | on secrets |\n|---|---|---|\n");
    for (family, entries) in FAMILIES {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| **{family}** | | |");
        for entry in entries.iter().filter(|entry| entry.domain != OWN) {
            let (domain, newest) = match entry.domain {
                ML => ("ai.onnx.ml ", ops::ML_OPSETS[1]),
                _ => ("", OPSETS[1]),
            };
            let until = entry.until.unwrap_or(newest);
            let note = if entry.note.is_empty() { "yes" } else { entry.note };
            let _ = writeln!(text, "| {} | {domain}{} to {until} | {note} |", entry.name, entry.since);
        }
    }
    text
}
