//! SIGTERM and Ctrl-C: who gets one ends, the others are told who wanted it, and nobody is left behind.
#![cfg(unix)]

use super::crew::{Crew, NAMES};
use super::process::{Ended, Process, free_roster};

fn signal(process: u32, signal: &str) {
    let status = std::process::Command::new("kill").args([&format!("-{signal}"), &process.to_string()]).status();
    assert!(status.unwrap().success());
}

/// Sends one of them a signal in the middle of a session that would not end by itself; how all end, that one first.
fn ends_after(name: &str, sent: &str) -> (Ended, Vec<Ended>) {
    let roster = free_roster();
    let mut crew = Crew::start(&roster, &["--steps", "1000000000"]);
    NAMES[..3].iter().for_each(|name| crew.get(name).wait_for("step 2"));
    let told = crew.take(name);
    signal(told.id(), sent);
    (told.end(), crew.end())
}

fn assert_told(name: &str, sent: &str, code: i32, by: &str) {
    let (told, others) = ends_after(name, sent);
    told.assert_code(code);
    assert_eq!(told.report(), format!("error: told to stop by {by}"));
    for process in others {
        process.assert_failed(&[name, "stopped the session", "told to stop by", by]);
    }
}

#[test]
fn at_a_party() {
    assert_told("Lab", "TERM", 143, "its operator (SIGTERM)");
}

#[test]
fn from_the_keyboard_at_the_dealer() {
    assert_told("dealer", "INT", 130, "its operator (Ctrl-C)");
}

#[test]
fn at_a_party_that_waits_for_the_others() {
    let roster = free_roster();
    let first = Process::party("Hospital", roster.path(), &["--connect-timeout", "10", "-v"]);
    std::thread::sleep(std::time::Duration::from_millis(500));
    signal(first.id(), "TERM");
    first.end().assert_code(143);
}

#[test]
fn at_the_launcher() {
    for (sent, code, by) in [("TERM", 143, "SIGTERM"), ("INT", 130, "Ctrl-C")] {
        let mut launcher = Process::launcher(&["--steps", "1000000000"]);
        launcher.wait_for("Lab      | step 2");
        signal(launcher.id(), sent);
        let ended = launcher.end();
        ended.assert_code(code);
        assert!(ended.report().contains(&format!("all parties were told to stop by its operator ({by})")), "{ended:?}");
        // They have ended by themselves, and say why.
        assert!(ended.error.contains("Lab      | error: ") && !ended.error.contains("is killed"), "{}", ended.error);
    }
}
