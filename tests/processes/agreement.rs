//! Parties that were not started alike: both sides are told what differs, and nobody waits on.

use tempfile::NamedTempFile;

use super::crew::{Crew, NAMES};
use super::process::{Ended, free_roster, roster};

/// Everybody has failed, and those of these names say why in all these words.
#[track_caller]
fn assert_failed(ended: &[Ended], names: &[&str], words: &[&str]) {
    for process in ended {
        process.assert_failed(if names.contains(&process.name.as_str()) { words } else { &[] });
    }
}

/// Starts everybody, the lab with a dealer of another name in its roster.
fn with_another_dealer_at_the_lab() -> Vec<Ended> {
    let ours = free_roster();
    let text = std::fs::read_to_string(ours.path()).unwrap();
    let theirs = roster(&text.replace("\"dealer\"", "\"randomness\""));
    Crew::start_apart(&ours, "Lab", &theirs).end()
}

#[test]
fn on_who_the_dealer_is() {
    let ended = with_another_dealer_at_the_lab();
    assert_eq!(ended.len(), 4);
    assert_failed(&ended, &["Lab", "dealer"], &["disagrees on `roster`"]);
}

#[test]
fn everybody_hears_what_differs() {
    // Whether somebody has reached the dealer before the lab does is up to chance.
    for _ in 0..20 {
        assert_failed(&with_another_dealer_at_the_lab(), &NAMES, &["disagrees on `roster`"]);
    }
}

#[test]
fn on_where_the_dealer_is() {
    let (ours, theirs) = with_two_dealers();
    assert_failed(&Crew::start_apart(&ours, "Registry", &theirs).end(), &NAMES, &["roster"]);
}

/// Two rosters that differ in the address of the dealer.
fn with_two_dealers() -> (NamedTempFile, NamedTempFile) {
    let (ours, elsewhere) = (free_roster(), free_roster());
    let read = |file: &NamedTempFile| std::fs::read_to_string(file.path()).unwrap();
    let dealer = |file| read(file).lines().last().unwrap().to_owned();
    let theirs = roster(&read(&ours).replace(&dealer(&ours), &dealer(&elsewhere)));
    (ours, theirs)
}

/// Starts everybody, one of them with a flag of its own.
fn with(flag: [&'static str; 2], at: &str) -> Vec<Ended> {
    Crew::start_each(&free_roster(), |name| if name == at { flag.to_vec() } else { Vec::new() }).end()
}

#[test]
fn on_the_precision() {
    let words = ["disagrees on `fraction-bits`", "`16`", "`20`"];
    assert_failed(&with(["--fraction-bits", "20"], "Lab"), &["Lab", "dealer"], &words);
    // Here the dealer refuses everybody.
    assert_failed(&with(["--fraction-bits", "20"], "dealer"), &NAMES, &words);
}

#[test]
fn on_the_generator() {
    let words = ["disagrees on `prg`", "`chacha20`", "`aes256-ctr`"];
    assert_failed(&with(["--prg", "aes256-ctr"], "Lab"), &["Lab", "dealer"], &words);
}

#[test]
fn on_a_public_constant() {
    let words = ["runs another program", "same public values (flags, shapes, constants)", "process_probe.rs:"];
    assert_failed(&with(["--factor", "0.25"], "Lab"), &NAMES, &words);
}
