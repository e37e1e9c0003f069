//! Sessions that go well: all parties below the launcher, and each of them started by hand.

use super::crew::{Crew, NAMES};
use super::process::{Process, free_roster, roster as process_roster};

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

#[test]
fn the_launcher_runs_everybody_over_tls() {
    let ended = Process::launcher(&["--steps", "2", "--tls", "-vv"]).end();
    ended.assert_code(0);
    assert_seen_by_all("Lab", &ended.output, "Lab      | ");
    assert!(!ended.error.contains("PRIVATE KEY") && !ended.error.contains("mpc-identities"), "{}", ended.error);
}

#[test]
fn everybody_is_started_by_hand_over_tls_and_a_wrong_identity_is_named() {
    let (roster, folder) = pinned_roster();
    let flags = |name: &str, identity: &str| {
        let path = folder.path().join(identity).display().to_string();
        Process::party(name, roster.path(), &["--steps", "2", "--connect-timeout", "10", "--identity", &path])
    };
    for process in NAMES.map(|name| flags(name, name)) {
        process.end().assert_code(0);
    }
    flags("Lab", "Hospital").end().assert_failed(&["made for `Hospital`", "for Lab"]);
    let without = Process::party("Lab", roster.path(), &[]);
    without.end().assert_failed(&["identity", "the roster pins certificates", "--identity FOLDER"]);
}

/// A roster of addresses that nobody else uses, and an identity for each member in a folder of its name.
fn pinned_roster() -> (tempfile::NamedTempFile, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut roster = mpc_comm::Roster::load(free_roster().path()).unwrap();
    for member in roster.compute.iter_mut().chain(&mut roster.dealer) {
        let identity = mpc_comm::Identity::create(&member.name, 1, folder.path().join(&member.name)).unwrap();
        member.fingerprint = Some(identity.certificate().fingerprint);
    }
    (process_roster(&roster.to_toml()), folder)
}

#[test]
fn costs_are_counted_before_anything_runs() {
    let ended = Process::launcher(&["--steps", "2", "--explain"]).end();
    ended.assert_code(0);
    let row = |step: &str| ended.output.lines().find(|line| line.contains(step)).unwrap_or_else(|| panic!("{ended:?}"));
    // The first product, its result; the sum; two steps, each with its result. Nobody has computed anything.
    assert!(row("│ total").split('┆').nth(1).is_some_and(|rounds| rounds.trim().parse::<u32>().unwrap() > 5));
    assert!(row("│ mul").contains(" B "), "{}", ended.output);
    assert!(ended.output.contains("sum 0.000 0.000") && ended.output.contains("what the network alone takes"));
    assert!(ended.error.contains("nothing is computed"), "{}", ended.error);
}

#[test]
fn every_step_is_compared_with_the_clear() {
    // It shows the size of what is computed, and says before that it does.
    let ended = Process::launcher(&["--steps", "2", "--shadow"]).end_without_search();
    ended.assert_code(0);
    let row = ended.output.lines().find(|line| line.starts_with("│ share ")).unwrap_or_else(|| panic!("{ended:?}"));
    let error: f64 = row.trim_end_matches(" │").rsplit('┆').next().unwrap().trim().parse().unwrap();
    assert!(error > 0.0 && error < 1e-3, "{row}");
    assert!(ended.error.contains("NOTHING IS SECRET"), "{}", ended.error);
}
