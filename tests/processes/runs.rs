//! Sessions that go well: all parties below the launcher, and each of them started by hand.

use super::crew::Crew;
use super::process::{Process, free_roster};

/// The sum of everybody's inputs, that of the product, and what was opened: all that the program lets out.
fn assert_seen_by_all(name: &str, output: &str, prefix: &str) {
    for line in ["sum 2223.343 -0.750", "step 1: 0.4"] {
        assert!(output.contains(&format!("{prefix}{line}")), "{name}: {output}");
    }
    let opened = output.lines().filter(|line| line.starts_with(&format!("{prefix}opened ")));
    assert_eq!(opened.count(), 5, "one for all together, two steps, the sum twice: {output}");
}

#[test]
fn the_launcher_runs_everybody() {
    let ended = Process::launcher(&["--steps", "2"]).end();
    ended.assert_code(0);
    for prefix in ["Hospital | ", "Lab      | ", "Registry | "] {
        assert_seen_by_all(prefix, &ended.output, prefix);
    }
    assert_eq!(ended.output.matches("only here -0.750").count(), 1, "{}", ended.output);
    assert!(ended.output.contains("Hospital | only here"), "{}", ended.output);
}

#[test]
fn everybody_is_started_by_hand() {
    let roster = free_roster();
    let ended = Crew::start(&roster, &["--steps", "2"]).end();
    for process in &ended {
        process.assert_code(0);
        assert_eq!(process.output.contains("only here"), process.name == "Hospital", "{}", process.output);
    }
    for process in &ended[..3] {
        assert_seen_by_all(&process.name, &process.output, "");
    }
    assert!(ended[3].output.is_empty(), "the dealer runs no program: {}", ended[3].output);
    assert!(ended[3].error.contains("answered "), "{}", ended[3].error);
}

#[test]
fn the_clear_text_protocol_does_without_a_dealer() {
    let roster = free_roster();
    let flags = ["--protocol", "plain-insecure", "--steps", "2"];
    let start = |name| Process::party(name, roster.path(), &flags);
    for process in ["Hospital", "Lab", "Registry"].map(start) {
        // Everybody sees everything here, and still nobody says it.
        let ended = process.end();
        ended.assert_code(0);
        assert_seen_by_all(&ended.name, &ended.output, "");
    }
}
