//! What parties answer to `mpc top`: for whom they wait, and where they are.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use mpc::comm::Status;

use super::canary::canaries;
use super::crew::{Crew, NAMES};
use super::process::free_roster;

const PATIENCE: Duration = Duration::from_secs(60);

fn ask(address: &str) -> Vec<Status> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /status HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(canaries(&answer), Vec::<String>::new(), "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn all_wait_for_the_one_that_was_stopped() {
    let roster = free_roster();
    let flags = ["--steps", "1000000000", "--status", "127.0.0.1:0", "--silence", "120"];
    let mut crew = Crew::start(&roster, &flags);
    NAMES[..3].iter().for_each(|name| crew.get(name).wait_for("step 2"));
    let at = |name: &str, crew: &mut Crew| {
        let rest = crew.get(name).told("is answered at http://");
        rest.split_once("/status").unwrap().0.to_owned()
    };
    let [hospital, registry, dealer] = ["Hospital", "Registry", "dealer"].map(|name| at(name, &mut crew));
    let lab = crew.get("Lab").id().to_string();
    assert!(Command::new("kill").args(["-STOP", &lab]).status().unwrap().success());
    let start = Instant::now();
    let stuck = loop {
        let status = ask(&hospital).remove(0);
        if status.waits_for.as_deref() == Some("Lab") && status.since > 0.3 {
            break status;
        }
        assert!(start.elapsed() < PATIENCE, "{status:?}");
        thread::sleep(Duration::from_millis(20));
    };
    assert!(stuck.connected && stuck.round > 2 && stuck.sent > 0 && stuck.received > 0, "{stuck:?}");
    assert!(!stuck.scope.is_empty(), "{stuck:?}");
    assert_eq!((stuck.party.as_str(), stuck.session.as_str()), ("Hospital", "default"));
    let other = ask(&registry).remove(0);
    assert!(matches!(other.waits_for.as_deref(), Some("Lab" | "Hospital")), "{other:?}");
    let dealer = ask(&dealer).remove(0);
    assert!(dealer.waits_for.is_some() && dealer.connected, "{dealer:?}");
}
