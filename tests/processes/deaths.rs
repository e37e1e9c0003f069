//! A process that dies in the middle of a session, or never comes: all others end soon, and say who it was.

use std::time::{Duration, Instant};

use super::crew::{Crew, NAMES};
use super::process::{Ended, Process, free_roster};

/// So long the others may take to end.
const SOON: Duration = Duration::from_secs(10);

/// Kills one in the middle of a session that would not end by itself; the ends of the others.
fn ends_without(victim: &str) -> Vec<Ended> {
    let roster = free_roster();
    let mut crew = Crew::start(&roster, &["--steps", "1000000000"]);
    NAMES[..3].iter().for_each(|name| crew.get(name).wait_for("step 2"));
    crew.take(victim).kill();
    let start = Instant::now();
    let ended = crew.end();
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    ended
}

fn assert_named(victim: &str) {
    let ended = ends_without(victim);
    assert_eq!(ended.len(), 3);
    for process in ended {
        process.assert_failed(&[victim, "closed its connection in the middle of the session"]);
    }
}

#[test]
fn of_the_party_that_speaks_to_the_dealer() {
    assert_named("Hospital");
}

#[test]
fn of_another_party() {
    assert_named("Registry");
}

#[test]
fn of_the_dealer() {
    assert_named("dealer");
}

#[test]
fn of_a_party_that_never_comes() {
    let roster = free_roster();
    let start = |name: &&str| Process::party(name, roster.path(), &["--connect-timeout", "0.5"]);
    let there: Vec<Process> = ["Hospital", "Lab", "dealer"].iter().map(start).collect();
    for process in there {
        process.end().assert_failed(&["Registry", "cannot be reached at 127.", "within 0.5 s"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn below_the_launcher() {
    let mut launcher = Process::launcher(&["--steps", "1000000000"]);
    launcher.wait_for("Lab      | step 2");
    let lab = child_of(launcher.id(), "Lab");
    assert!(std::process::Command::new("kill").args(["-KILL", &lab]).status().unwrap().success());
    launcher.end().assert_failed(&["Lab failed (signal: 9 (SIGKILL))"]);
}

/// The process that runs this party for a launcher.
#[cfg(target_os = "linux")]
fn child_of(launcher: u32, party: &str) -> String {
    let parent = format!("PPid:\t{launcher}\n");
    let is_it = |folder: &std::path::Path| {
        let read = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        read("status").contains(&parent) && read("cmdline").contains(&format!("--party\0{party}\0"))
    };
    let mut folders = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let found = folders.find(|folder| is_it(folder)).unwrap();
    found.file_name().unwrap().to_string_lossy().into_owned()
}
