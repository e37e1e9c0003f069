//! Mistakes in data and programs: whoever made one is told where, and the others who it was and what.

use super::crew::Crew;
use super::process::{Ended, Process, free_roster};

/// One party feeds in what the flag says.
fn bad_input(flag: &'static str) -> Vec<Ended> {
    let at_lab = |name: &str| if name == "Lab" { vec![flag] } else { Vec::new() };
    Crew::start_each(&free_roster(), at_lab).end()
}

fn assert_input_blamed(ended: &[Ended], problem: &str) {
    let line = source_line("s.input::<Lab>");
    for process in ended {
        process.assert_failed(&[problem, "the input of Lab at ", &line]);
        let follows = process.report().contains("stopped the session: ");
        assert_eq!(follows, process.name != "Lab", "{}: {}", process.name, process.report());
    }
}

#[test]
fn a_number_that_is_none() {
    assert_input_blamed(&bad_input("--nan"), "element 1 is not finite");
}

#[test]
fn a_number_that_is_too_large() {
    // The number itself is a multiple of a secret; that it is not told is checked where the process ends.
    assert_input_blamed(&bad_input("--huge"), "element 1 is too large");
}

#[test]
fn matrices_that_do_not_fit() {
    let ended = Crew::start(&free_roster(), &["--misfit"]).end();
    let line = source_line("row.matmul(");
    for process in &ended {
        process.assert_failed(&["matmul: the shapes do not fit", "shapes [1, 2], [1, 2]", &line]);
    }
    // Nobody needs the others to notice it, but may hear of it first; the dealer only hears of it.
    let notices = |process: &&Ended| process.report().starts_with("error: matmul: ");
    assert!(ended.iter().any(|process| notices(&process)) && !notices(&&ended[3]), "{ended:?}");
}

#[test]
fn a_mistake_before_everybody_is_there() {
    // Whoever is done first ends the session, perhaps while the others are still on the way to the dealer.
    for _ in 0..5 {
        let ended = Crew::start(&free_roster(), &["--misfit", "--at-once"]).end();
        ended.iter().for_each(|process| process.assert_failed(&["matmul: the shapes do not fit"]));
    }
}

#[test]
fn an_address_beyond_this_machine_without_encryption() {
    let roster = free_roster();
    for bind in ["0.0.0.0:7700", "[::]:7700"] {
        let party = Process::party("Lab", roster.path(), &["--bind", bind]).end();
        party.assert_failed(&[bind, "is not on this machine", "in the clear", "--insecure-no-tls"]);
    }
    // The roster itself says so too.
    let text = std::fs::read_to_string(roster.path()).unwrap();
    let line = text.lines().find(|line| line.starts_with("address")).unwrap();
    let elsewhere = super::process::roster(&text.replacen(line, "address = \"192.0.2.7:7700\"", 1));
    Process::party("Lab", elsewhere.path(), &[]).end().assert_failed(&["192.0.2.7:7700", "is not on this machine"]);
}

/// Where the program has this, as messages say it.
fn source_line(code: &str) -> String {
    let at = include_str!("../../examples/process_probe.rs").lines().position(|line| line.contains(code)).unwrap();
    format!("examples/process_probe.rs:{}:", at + 1)
}
