//! SIGTERM at the long-lived processes: a dealer that serves.
#![cfg(unix)]

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mpc_comm::{Error, Mesh, Options, PartyId, PeerError, Roster, connect};
use mpc_core::Settings;

const PATIENCE: Duration = Duration::from_secs(20);

struct Dealer(Child);

impl Dealer {
    fn start(roster: &Path, drain: &str) -> Dealer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mpc"));
        command.args(["dealer", "--drain", drain, "--roster"]).arg(roster).env_remove("RUST_LOG").stdin(Stdio::null());
        Dealer(command.spawn().unwrap())
    }

    fn signal(&self) {
        let status = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    fn code(mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end");
    }
}

impl Drop for Dealer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A roster on free ports, its file, and what keeps the folder.
fn roster() -> (Roster, std::path::PathBuf, tempfile::TempDir) {
    let held: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let address = |at: usize| held[at].local_addr().unwrap();
    let text = format!(
        "[[compute]]\nname = \"A\"\naddress = \"{}\"\n[[compute]]\nname = \"B\"\naddress = \"{}\"\n[dealer]\naddress = \"{}\"\n",
        address(0),
        address(1),
        address(2)
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roster.toml");
    fs::write(&file, &text).unwrap();
    (Roster::from_toml(&text, "test").unwrap(), file, folder)
}

/// Both parties in a session.
fn session(roster: &Roster) -> Vec<Mesh> {
    let options = Options { round_timeout: PATIENCE, connect_timeout: PATIENCE, ..Options::default() };
    let agreement = Settings::default().agreement();
    thread::scope(|scope| {
        let connect = |me| connect(roster, PartyId(me), &agreement, options.clone()).unwrap();
        let first = scope.spawn(move || connect(0));
        let second = connect(1);
        vec![first.join().unwrap(), second]
    })
}

/// Waits until nobody listens at the dealer's address any more: it has heard the signal.
fn until_it_drains(roster: &Roster) {
    let address = &roster.dealer.as_ref().unwrap().address;
    let start = Instant::now();
    while std::net::TcpStream::connect(address).is_ok() {
        assert!(start.elapsed() < PATIENCE, "it still listens");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_dealer_waits_for_the_sessions_under_way_and_begins_no_other() {
    let (roster, file, _folder) = roster();
    let dealer = Dealer::start(&file, "15");
    let meshes = session(&roster);
    dealer.signal();
    until_it_drains(&roster);
    // The session is whole, and ends well.
    thread::scope(|scope| meshes.into_iter().for_each(|mesh| drop(scope.spawn(|| mesh.finish()))));
    assert_eq!(dealer.code(), Some(0));
}

#[test]
fn a_session_that_takes_too_long_is_ended_and_its_parties_are_told() {
    let (roster, file, _folder) = roster();
    let dealer = Dealer::start(&file, "1");
    let mut meshes = session(&roster);
    dealer.signal();
    for mesh in &mut meshes {
        match mesh.recv(PartyId::DEALER) {
            Err(Error::Aborted { by: PartyId::DEALER, cause, .. }) => assert!(cause.contains("SIGTERM"), "{cause}"),
            other => panic!("{other:?}"),
        }
    }
    drop(meshes);
    assert_eq!(dealer.code(), Some(143));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (roster, file, _folder) = roster();
    let dealer = Dealer::start(&file, "600");
    let mut meshes = session(&roster);
    dealer.signal();
    until_it_drains(&roster);
    dealer.signal();
    assert_eq!(dealer.code(), Some(143));
    let lost = meshes[0].recv(PartyId::DEALER);
    assert!(matches!(lost, Err(Error::Peer { kind: PeerError::Closed, .. })), "{lost:?}");
}
