//! Helpers of the TCP tests.
#![allow(dead_code, unreachable_pub)]

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mpc_comm::{
    Agreement, DealerListener, Frame, Identity, Kind, Member, Mesh, Options, PartyId, Result, Roster, connect,
};

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port nobody listens on, below the range the system takes for outgoing connections.
pub fn free_port() -> u16 {
    loop {
        let base = 12_000 + (std::process::id() % 1_000) as u16 * 19;
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A roster on this machine.
pub fn roster(parties: usize, dealer: bool) -> Roster {
    let member = |name: String| Member { name, address: format!("127.0.0.1:{}", free_port()), fingerprint: None };
    Roster {
        compute: (0..parties).map(|n| member(format!("P{n}"))).collect(),
        clients: Vec::new(),
        dealer: dealer.then(|| member("dealer".to_owned())),
    }
}

/// A roster on this machine that pins the certificates of these identities, the dealer's last.
pub fn pinned_roster(parties: usize, dealer: bool) -> (Roster, Vec<Identity>) {
    let mut roster = roster(parties, dealer);
    let identities = roster.compute.iter_mut().chain(&mut roster.dealer).map(|member| {
        let identity = identity(&member.name);
        member.fingerprint = Some(identity.certificate().fingerprint);
        identity
    });
    let identities = identities.collect();
    (roster, identities)
}

/// A new identity.
pub fn identity(name: &str) -> Identity {
    let folder = tempfile::tempdir().unwrap();
    Identity::create(name, 2, folder.path()).unwrap()
}

/// The usual options, with an identity.
pub fn as_(identity: &Identity) -> Options {
    Options { identity: Some(identity.clone()), ..options() }
}

pub fn agreement() -> Agreement {
    Agreement::default().with("protocol", "test").with("precision", 16)
}

/// Options that do not let a broken test hang.
pub fn options() -> Options {
    Options { connect_timeout: Duration::from_secs(20), round_timeout: Duration::from_secs(20), ..Options::default() }
}

/// Connects a party on a thread of its own.
pub fn start(roster: &Roster, me: u16, agreement: Agreement, options: Options) -> JoinHandle<Result<Mesh>> {
    let roster = roster.clone();
    std::thread::spawn(move || connect(&roster, PartyId(me), &agreement, options))
}

/// Connects all parties with the same options.
pub fn all(roster: &Roster, options: &Options) -> Vec<Mesh> {
    let starting: Vec<_> =
        (0..roster.parties()).map(|me| start(roster, me as u16, agreement(), options.clone())).collect();
    starting.into_iter().map(|party| party.join().unwrap().unwrap()).collect()
}

/// Connects all parties and their dealer.
pub fn all_with_dealer(roster: &Roster, dealer: &mut DealerListener, options: &Options) -> (Vec<Mesh>, Mesh) {
    std::thread::scope(|scope| {
        let accepted = scope.spawn(|| dealer.accept_session().unwrap());
        (all(roster, options), accepted.join().unwrap())
    })
}

/// A frame of one repeated word.
pub fn frame(round: u64, word: u64, words: usize) -> Frame {
    Frame::new(Kind::Round, round, 0, vec![vec![word; words].into()])
}

/// Runs each party's program on a thread of its own.
pub fn run<T: Send>(meshes: Vec<Mesh>, program: impl Fn(Mesh) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let program = &program;
        let threads: Vec<_> = meshes.into_iter().map(|mesh| scope.spawn(move || program(mesh))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
