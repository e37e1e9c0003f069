//! `mpc audit` as an auditor uses it; `tests/cluster.rs` of the library has programs that write what it reads.

use std::{fs, path::Path, process::Command};

/// Runs it on these ledgers, expects this exit code and returns what was printed, output first.
fn audit(code: i32, folder: &Path, files: &[&str], flags: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpc"));
    let done = command.current_dir(folder).arg("audit").args(files).args(flags).output().unwrap();
    let (output, error) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert_eq!(done.status.code(), Some(code), "{output}{error}");
    (output, error)
}

fn head(party: &str, client: bool) -> String {
    format!(
        r#"{{"line":"ledger","version":1,"party":"{party}","client":{client},"parties":["Hospital","Lab"],"session":"monday"}}"#
    )
}

fn opened(scope: &str, to: &str, row: u32) -> String {
    format!(
        r#"{{"line":"opened","scope":"{scope}","shape":[4,1],"to":{to},"file":"src/main.rs","row":{row},"column":9,"times":1}}"#
    )
}

fn end(ending: &str, openings: usize) -> String {
    format!(r#"{{"line":"end","ending":"{ending}","openings":{openings}}}"#)
}

fn write(folder: &Path, name: &str, lines: &[String]) {
    fs::write(folder.join(name), lines.join("\n") + "\n").unwrap();
}

const ALL: &str = "\"everybody\"";
const LAB: &str = r#"{"party":"Lab"}"#;

/// A folder with the ledgers of two parties that say the same.
fn session() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for party in ["Hospital", "Lab"] {
        let openings = [opened("accuracy", ALL, 7), opened("accuracy", ALL, 7), opened("weights", LAB, 8)];
        write(folder.path(), party, &[&[head(party, false)][..], &openings, &[end("finished", 3)]].concat());
    }
    folder
}

#[test]
fn one_ledger_is_shown() {
    let folder = session();
    let (table, error) = audit(0, folder.path(), &["Lab"], &[]);
    for part in ["accuracy", "[4, 1]", "everybody", "src/main.rs:7:9", "Lab: 3 openings, finished", "session monday"] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
    assert_eq!(table.matches("accuracy").count(), 1, "equal openings are one row: {table}");
    assert!(error.is_empty() && !table.contains("agree"), "{error}");
}

#[test]
fn several_agree() {
    let folder = session();
    let (table, _) = audit(0, folder.path(), &["Hospital", "Lab"], &[]);
    assert!(table.contains("the ledgers of 2 parties agree"), "{table}");
    let (text, _) = audit(0, folder.path(), &["Hospital", "Lab"], &["--json"]);
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["agree"], true);
    assert_eq!(object["ledgers"][1]["openings"][2]["to"]["party"], "Lab");
    assert_eq!(object["ledgers"][1]["ending"], "finished");
}

#[test]
fn a_difference_is_shown_where_it_is() {
    let folder = session();
    let openings = [opened("accuracy", ALL, 7), opened("accuracy", ALL, 7), opened("weights", ALL, 8)];
    write(folder.path(), "Lab", &[&[head("Lab", false)][..], &openings, &[end("finished", 3)]].concat());
    let (table, error) = audit(1, folder.path(), &["Hospital", "Lab"], &[]);
    assert!(table.contains("opened by Hospital") && table.contains("opened by Lab"), "{table}");
    assert!(error.contains("at opening 3, Hospital has weights [4, 1] to Lab, at src/main.rs:8:9"), "{error}");
    assert!(error.contains("Lab has weights [4, 1] to everybody"), "{error}");
    let (text, _) = audit(1, folder.path(), &["Hospital", "Lab"], &["--json"]);
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&object["agree"], &object["differences"][0]["at"]), (&false.into(), &2.into()));
}

#[test]
fn a_party_that_did_not_come_to_the_end_may_have_less_and_not_more() {
    let folder = session();
    for ended in [Some("failed"), None] {
        let ended = ended.map(|ending| end(ending, 1));
        let lines = [head("Lab", false), opened("accuracy", ALL, 7)].into_iter().chain(ended);
        write(folder.path(), "Lab", &lines.collect::<Vec<_>>());
        audit(0, folder.path(), &["Hospital", "Lab"], &[]);
    }
    let (table, _) = audit(0, folder.path(), &["Hospital", "Lab"], &[]);
    assert!(table.contains("Lab: 1 openings, was killed, or still runs"), "{table}");
    write(folder.path(), "Lab", &[head("Lab", false), opened("accuracy", ALL, 7), end("finished", 1)]);
    let (_, error) = audit(1, folder.path(), &["Hospital", "Lab"], &[]);
    assert!(error.contains("Lab has ended"), "{error}");
}

#[test]
fn a_client_is_not_compared() {
    let folder = session();
    write(folder.path(), "Patient", &[head("Patient", true), opened("risk", LAB, 3), end("finished", 1)]);
    let (table, _) = audit(0, folder.path(), &["Patient", "Hospital", "Lab"], &[]);
    assert!(
        table.contains("Patient (client, not compared): 1 openings") && table.contains("2 parties agree"),
        "{table}"
    );
}

#[test]
fn ledgers_that_do_not_belong_together_are_refused() {
    let folder = session();
    write(folder.path(), "Other", &[head("Bank", false).replace("monday", "tuesday"), end("finished", 0)]);
    let (_, error) = audit(1, folder.path(), &["Hospital", "Other"], &[]);
    assert!(error.contains("`monday` and `tuesday`"), "{error}");
    assert!(audit(1, folder.path(), &["Lab", "Lab"], &[]).1.contains("both are of Lab"));
    write(folder.path(), "Cut", &[head("Lab", false), "{\"line\":\"ope".to_owned()]);
    let (_, error) = audit(1, folder.path(), &["Cut"], &[]);
    assert!(error.contains("Cut is no ledger") && error.contains("line 2"), "{error}");
    assert!(audit(1, folder.path(), &["nothing"], &[]).1.contains("cannot be read"));
    audit(2, folder.path(), &[], &[]);
}
